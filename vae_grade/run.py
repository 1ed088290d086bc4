"""All submissions, in parallel, resumable. Only the coordinator, here, writes records and the gradebook.

The record of a submission is written last. So a run may be killed anywhere and started again.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import torch
from filelock import FileLock, Timeout
from tqdm import tqdm

from vae_grade import sandbox
from vae_grade.answer_server import End
from vae_grade.assignments import Refused, load_assignments
from vae_grade.folder import TeacherFolder, check_collected, check_there
from vae_grade.gradebook import enter_record, open_gradebook, register_assignment
from vae_grade.judge import Setting, grade_best, record_death
from vae_grade.processes import without_main
from vae_grade.records import (
    Record,
    State,
    Submission,
    add_older,
    compute_fingerprint,
    find_submissions,
    read_materials,
    read_record,
    write_record,
)
from vae_grade.rules import Counts, keep_rules
from vae_grade.watch import watch
from vae_lib.files import write

PR_SET_PDEATHSIG = 1
ATTEMPTS = 3  # of a cluster, to grade a submission whose worker died
Submit = Callable[[Submission, Setting], Future[Record]]


class Selection(NamedTuple):
    """What is graded: of one assignment or of all; and of which students also what was graded before.

    Attributes:
        again: the students, none for all; None for nobody.
        assignment: None for all.
    """

    again: Sequence[str] | None = None
    assignment: str | None = None


def run(
    folder: TeacherFolder,
    *,
    db: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    limits: sandbox.Limits = sandbox.LIMITS,
    selection: Selection = Selection(),  # noqa: B008, it cannot be changed
    counts: str | None = None,
    page: Path | None = None,
) -> Counter[State]:
    """Grade what is new or changed, or chosen; returns how many submissions ended in each state.

    Args:
        folder: of the class.
        db: the URL of the gradebook, else the one in the folder.
        workers: how many processes, else one for each core.
        scheduler: the address of a dask.distributed cluster to grade on.
        limits: of an answer.
        selection: which submissions.
        counts: which hand-in of a student counts from now on, "latest" or "best"; None leaves it.
        page: to watch meanwhile, see `watch`; None for none.

    Raises:
        Refused: there is nothing to grade, or no way to do it.
    """
    check_collected(folder)
    collected = find_submissions(folder)
    if not collected:
        raise Refused(f"Nothing was collected in {folder.collected}: run `vae-grade collect INBOX` first.")
    _check_selection(selection, collected)
    if limits.sandboxed and not scheduler:
        sandbox.require_sandbox()
    url, known = db or folder.gradebook_url, load_assignments()
    rules = keep_rules(folder, sorted({submission.assignment for submission in collected}), counts)
    settings = {name: Setting(known[name], limits, seed) for name, seed in rules.seeds.items() if name in known}
    if selection.again is not None:
        _forget_fingerprints(folder, collected, selection)
    if rules.counts is Counts.BEST:
        collected = [add_older(folder, submission) for submission in collected]
    todo = [one for one in collected if _is_to_grade(folder, one, settings[one.assignment], selection)]
    for name in sorted({submission.assignment for submission in todo}):
        register_assignment(known[name], url)
        write(folder.source_notebook(name), known[name].released)
    states: Counter[State] = Counter()
    with (
        open_gradebook(url) as gradebook,
        tqdm(total=len(todo), unit="submission") as bar,
        closing(grade_all(todo, settings, workers, scheduler)) as records,
        _announce_interrupt() as check_interrupt,
    ):
        for submission, record in watch(records, len(todo), page) if page else records:
            enter_record(gradebook, folder, submission, known[submission.assignment], record)
            write_record(folder, submission, record)
            states[record.state] += 1
            bar.set_postfix_str(", ".join(f"{count} {state.value}" for state, count in states.items()))
            bar.update()
            gradebook.db.expunge_all()  # else the session keeps all that it ever wrote
            check_interrupt()
    return states


@contextmanager
def one_at_a_time(folder: TeacherFolder) -> Iterator[None]:
    """Wait, in words, while another run grades the class: two at once would enter the same students.

    The lock's file stays: removed, it would still be locked by who waited for it, and a new one by whoever comes next.
    """
    lock = FileLock(folder.run_lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tqdm.write("Another `vae-grade run` grades this class: this one waits for its end ...", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _announce_interrupt() -> Iterator[Callable[[], None]]:
    """Ctrl-C is answered at once, wherever it comes, in a worker's turn or while a record is written.

    What it yields raises KeyboardInterrupt if there was one: Python swallows it where it comes in a callback of the
    garbage collector.
    """
    interrupts: list[int] = []

    def interrupt(number: int, _: FrameType | None) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    def check_interrupt() -> None:
        if interrupts:
            raise KeyboardInterrupt

    in_main_thread = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, interrupt) if in_main_thread else None
    try:
        yield check_interrupt
    except KeyboardInterrupt:
        tqdm.write("Stopping ...", file=sys.stderr)
        raise
    finally:
        if in_main_thread:
            signal.signal(signal.SIGINT, before)


def _check_selection(selection: Selection, collected: list[Submission]) -> None:
    for kind, chosen, present in (
        ("student", selection.again or (), {submission.student for submission in collected}),
        ("assignment", filter(None, [selection.assignment]), {submission.assignment for submission in collected}),
    ):
        for name in chosen:
            check_there(kind, name, present)


def _forget_fingerprints(folder: TeacherFolder, collected: list[Submission], selection: Selection) -> None:
    """Take the fingerprint out of the records of what is graded again: so any run goes on where this one is stopped."""
    for submission in collected:
        named = submission.student in (selection.again or [submission.student])
        record = read_record(folder, submission)
        if named and record and selection.assignment in (None, submission.assignment):
            write_record(folder, submission, replace(record, fingerprint=""))


def _is_to_grade(folder: TeacherFolder, submission: Submission, setting: Setting, selection: Selection) -> bool:
    """Whether a submission was chosen, has no record or one of something else, or was stopped by a lower limit."""
    if selection.assignment not in (None, submission.assignment):
        return False
    record = read_record(folder, submission)
    if record is None or record.fingerprint != compute_fingerprint(read_materials(submission), setting.assignment):
        return True
    return selection.again is None and any(
        exercise.end == End.TIMED_OUT.value and (exercise.limit or 0) < setting.limits.seconds
        for exercise in record.exercises.values()
    )


def grade_all(
    todo: Iterable[Submission],
    settings: Mapping[str, Setting],
    workers: int | None = None,
    scheduler: str | None = None,
) -> Generator[tuple[Submission, Record], None, None]:
    """Grade in other processes, here or on a cluster: (submission, record) as they are done.

    A worker that dies costs nothing but time. What was being graded then is graded again, each submission alone; so one
    that its worker dies of is found, and stops no other.
    """
    width = workers or len(os.sched_getaffinity(0))
    waiting, suspects = deque(todo), deque[Submission]()
    while waiting or suspects:
        alone = bool(suspects)
        with _pool(1 if alone else width, scheduler) as (submit, width_now):
            most = (lambda: 1) if alone else (lambda: 2 * width_now())
            lost, error = yield from _grade_until_one_dies(submit, most, suspects or waiting, settings)
        if not alone:
            suspects += lost
        elif error:
            for suspect in lost:  # none, if the pool broke before one was begun
                yield suspect, record_death(read_materials(suspect), settings[suspect.assignment].assignment, error)


def _grade_until_one_dies(
    submit: Submit,
    most: Callable[[], int],
    waiting: deque[Submission],
    settings: Mapping[str, Setting],
) -> Generator[tuple[Submission, Record], None, tuple[list[Submission], Exception | None]]:
    """Grade what waits, so many at a time: (submission, record) as they are done.

    Returns what was being graded at an error, and it.
    """
    running: dict[Future[Record], Submission] = {}
    try:
        while waiting or running:
            while waiting and len(running) < most():
                submission = waiting[0]
                future = submit(submission, settings[submission.assignment])  # which a broken pool refuses
                running[future] = waiting.popleft()
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                record = future.result()
                yield running.pop(future), record
    except Refused:
        raise
    except Exception as error:  # each kind of executor has its own for a worker that died
        return [*running.values()], error
    return [], None


@contextmanager
def _pool(width: int, scheduler: str | None) -> Iterator[tuple[Submit, Callable[[], int]]]:
    """Where submissions are graded, processes of this machine or a dask.distributed cluster: two functions.

    One submits a submission and returns a future; the other says how many are graded at a time.
    """
    if scheduler is None:
        # Not forked: PyTorch's threads do not survive that.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(width, context, _begin) as executor:
            try:
                yield partial(_submit_here, executor), lambda: width
            except BaseException:  # Ctrl-C, or a sandbox that cannot be entered: what is being graded has no record yet
                for process in [*executor._processes.values()]:
                    process.kill()  # with it ends what it runs, as `_begin`, the answer server and bubblewrap say
                raise
            finally:
                executor.shutdown(cancel_futures=True)
        return
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise Refused(
            '--scheduler needs dask.distributed: pip install ".[cluster]", here and on each machine.'
        ) from None
    try:
        client = Client(scheduler, timeout=20)
    except OSError as error:
        raise Refused(f"There is no scheduler at {scheduler} ({error}): start `dask scheduler` there.") from None
    with client, client.get_executor(retries=ATTEMPTS) as executor:
        try:
            # A cluster may grow.
            yield partial(_submit_there, executor), lambda: max(1, sum(client.nthreads().values()))
        except BaseException:
            executor.shutdown(wait=False)
            raise


def _submit_here(executor: Executor, submission: Submission, setting: Setting) -> Future[Record]:
    # Only names go through the queue: before Python 3.11.5 a pool whose worker dies with much in it waits for ever.
    with without_main():
        return executor.submit(_grade_here, submission, setting.limits, setting.seed)


def _submit_there(executor: Executor, submission: Submission, setting: Setting) -> Future[Record]:
    return executor.submit(grade_best, read_materials(submission), setting)


def _grade_here(submission: Submission, limits: sandbox.Limits, seed: int) -> Record:
    return grade_best(read_materials(submission), Setting(load_assignments()[submission.assignment], limits, seed))


def _begin() -> None:
    """Begin a worker: it uses one core, ends with the coordinator, and leaves Ctrl-C to it."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
