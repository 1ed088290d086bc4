"""All submissions, in parallel, resumable. Only the coordinator, here, writes records and the gradebook.

A record, `records/STUDENT/ASSIGNMENT.json`, is written last: a submission without one, or with one of other bytes, is
still to be graded. So a run may be killed anywhere and started again.
"""

import ctypes
import json
import multiprocessing
import os
import signal
import sys
from collections import Counter, deque
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager
from functools import partial

import torch
from tqdm import tqdm

from vae_grade import gradebook as book
from vae_grade import sandbox
from vae_grade.assignments import COLLECTED, Refused, assignments, write
from vae_grade.judge import NEXT_STEPS, fingerprint, grade, not_graded

PR_SET_PDEATHSIG = 1
ATTEMPTS = 3  # of a cluster, to grade a submission whose worker died


def submissions(folder):
    """What was collected: (student, assignment name, path of the notebook), in order of assignment."""
    known = assignments()
    found = (folder / COLLECTED).glob("*/*/*.ipynb")
    placed = [(path.parts[-3], path.parts[-2], path) for path in found if path.stem == path.parts[-2] in known]
    return sorted(placed, key=lambda one: (one[1], one[0]))


def read_record(folder, student, name):
    """The record of a submission, or None."""
    path = folder / "records" / student / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def failed(folder):
    """Each submission that could not be graded as a whole: a line with the reason and the next step."""
    for student, name, _ in submissions(folder):
        record = read_record(folder, student, name)
        if record and record["state"] in NEXT_STEPS:
            yield f"{student}, {name}: {record['sentence']}. Next: {NEXT_STEPS[record['state']]}.\n"


def run(folder, *, db=None, workers=None, scheduler=None, limits=sandbox.LIMITS):
    """Grade what is new or changed: {state: how many}.

    Raises:
        Refused: there is nothing to grade, or no way to do it.
    """
    collected = submissions(folder)
    if not collected:
        raise Refused(f"Nothing was collected in {folder / COLLECTED}: run `vae-grade collect INBOX` first.")
    if limits.sandboxed and not scheduler:
        sandbox.require_sandbox()
    url, known = book.address(folder, db), assignments()
    todo = []
    for student, name, path in collected:
        record = read_record(folder, student, name)
        if record is None or record["hash"] != fingerprint(path.read_bytes(), known[name]):
            todo.append((student, name, path))
    for name in sorted({name for _, name, _ in todo}):
        book.register(known[name], url)
        write(folder / "source" / name / f"{name}.ipynb", known[name].released)  # formgrader lists what is here
    states = Counter()
    with (
        book.gradebook(url) as gradebook,
        tqdm(total=len(todo), unit="submission") as bar,
        closing(graded(todo, known, limits, workers, scheduler)) as records,
        _said_at_ctrl_c(),
    ):
        for (student, name, _), record in records:
            book.enter(gradebook, folder, student, known[name], record)
            write(folder / "records" / student / f"{name}.json", json.dumps(record, ensure_ascii=False, indent=1))
            states[record["state"]] += 1
            bar.set_postfix_str(", ".join(f"{count} {state}" for state, count in states.items()))
            bar.update()
            gradebook.db.expunge_all()  # else the session keeps all that it ever wrote
    return states


@contextmanager
def _said_at_ctrl_c():
    """Ctrl-C is answered at once, wherever it comes, in a worker's turn or while a record is written."""
    try:
        yield
    except KeyboardInterrupt:
        tqdm.write("Stopping, as soon as the answers that run now have ended ...", file=sys.stderr)
        raise


def graded(todo, known, limits, workers=None, scheduler=None):
    """Grade in other processes, here or on a cluster: (submission, record) as they come.

    A worker that dies costs nothing but time. What was being graded then is graded again, each submission alone; so one
    that its worker dies of is found, and stops no other.
    """
    width = workers or len(os.sched_getaffinity(0))
    waiting, suspects = deque(todo), deque()
    while waiting or suspects:
        alone = bool(suspects)
        batch = deque([suspects[0]]) if alone else waiting
        with _pool(width, scheduler) as (submit, width_now):
            lost, error = yield from _until_one_dies(submit, width_now, batch, known, limits)
        if not alone:
            suspects += lost
        elif not batch:  # else the pool was broken before it was begun
            _, name, path = one = suspects.popleft()
            if lost:
                yield one, not_graded(path.read_bytes(), known[name], error)


def _until_one_dies(submit, width_now, waiting, known, limits):
    """Grade what is waiting: (submission, record) as they come. Returns what was being graded at an error, and it."""
    running = {}
    try:
        while waiting or running:
            while waiting and len(running) < 2 * width_now():
                _, name, path = waiting[0]
                future = submit(path, known[name], limits)  # which a broken pool refuses
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
def _pool(width, scheduler):
    """Where submissions are graded, processes of this machine or a dask.distributed cluster: two functions.

    One submits (path, assignment, limits) and returns a future; the other says how many are graded at a time.
    """
    if scheduler is None:
        # Not forked: PyTorch's threads do not survive that.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(width, context, _begin) as executor:
            try:
                yield partial(_submit_here, executor), lambda: width
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
        # A cluster may grow.
        yield partial(_submit_there, executor), lambda: max(1, sum(client.nthreads().values()))


def _submit_here(executor, path, assignment, limits):
    # Only names go through the queue: before Python 3.11.5 a pool whose worker dies with much in it waits for ever.
    return executor.submit(_grade_file, path, assignment.name, limits)


def _submit_there(executor, path, assignment, limits):
    return executor.submit(grade, path.read_bytes(), assignment, limits)


def _grade_file(path, name, limits):
    return grade(path.read_bytes(), assignments()[name], limits)


def _begin():
    """Begin a worker: it uses one core, ends with the coordinator, and leaves Ctrl-C to it."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
