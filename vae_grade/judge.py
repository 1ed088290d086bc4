"""One submission: its answers go into the sandbox, outcomes come back, and points are given here.

A student's code can send back what it likes. It is read as JSON of one shape, and judged on cases drawn from a seed
that nobody knew: to send back the values that earn points, it has to compute them.
"""

import hashlib
import json
import math
import re
import resource
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import vae_checks as checks
from vae_grade.answer_server import End, Job, Limits, Verdict
from vae_grade.answers import Answers, find_answers, find_meaning, needed_by, possibly_meant
from vae_grade.assignments import ROOT, Assignment, Refused
from vae_grade.lacking import find_lack
from vae_grade.notebook import Unreadable, read_notebook, replace_unprintable
from vae_grade.records import ExerciseRecord, Material, Record, State, compute_fingerprint
from vae_grade.sandbox import AnswerServer, AnswerServerDied
from vae_lib.data import CACHE
from vae_probe.outcome import CallError, Case, Outcome, pack

LONGEST_TEXT = 2_000
TIMES = 20  # what a model answer takes, an answer may take at least
MOST_ATTEMPTS = 10_000  # that a worker keeps: 20 MB of texts
MEMORY = 4 * 2**30  # bytes, of the process that judges
PLACES = sorted({str(path) for path in (ROOT, Path.home(), CACHE, sys.prefix, sys.base_prefix)}, key=len, reverse=True)
_lock = threading.Lock()  # a cluster's worker may have threads; checks set random states, of which there is one
_seconds: dict[tuple, int] = {}  # that answers may take here, by assignment, limits and exercise
_attempts: dict[str, "Attempt"] = {}  # what ended of itself, by a hash of setting, exercise, files and cells
_servers: dict[tuple, AnswerServer] = {}  # the one answer server of this worker, by assignment and limits


class Setting(NamedTuple):
    """How submissions are graded: the assignment, the limits of an answer, the seed of the checks' cases."""

    assignment: Assignment
    limits: Limits
    seed: int


class Attempt(NamedTuple):
    """A run of an answer: what it earned, the error it ended with, if any, and what is odd."""

    exercise: ExerciseRecord
    error: CallError | None
    flags: list[str]

    @property
    def worth(self) -> tuple[float, bool]:
        """By which two attempts are compared: points, then whether there was anything to judge."""
        return self.exercise.points, self.exercise.state != "not attempted"


def grade(material: Material, setting: Setting) -> Record:
    """Grade a notebook."""
    with _lock, _memory_up_to(MEMORY):
        return _grade(material, setting)


def grade_best(materials: Sequence[Material], setting: Setting) -> Record:
    """Grade the notebooks of one submission, the latest first; the record of the best, of equal ones the latest."""
    best = max((grade(material, setting) for material in materials), key=lambda record: record.points)
    best.hand_ins = len(materials)
    best.fingerprint = compute_fingerprint(materials, setting.assignment)
    return best


@contextmanager
def _memory_up_to(most: int) -> Iterator[None]:
    """A hand-in that would fill the machine's memory meets a MemoryError, which is caught, not the kernel's killer."""
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))


def _grade(material: Material, setting: Setting) -> Record:
    start = time.monotonic()
    record = Record(compute_fingerprint([material], setting.assignment))
    try:
        notebook = read_notebook(material.notebook)
        answers = find_answers(notebook, setting.assignment)
    except Unreadable as reason:
        record.state, record.reason = State.UNREADABLE, str(reason)
    else:
        record.flags, record.answers, record.written = answers.flags, answers.code, answers.written
        record.pictures, record.added = answers.pictures, answers.added
        for name in setting.assignment.checked:
            record.exercises[name] = _grade_exercise(name, answers, material.files, notebook.python, setting)
            record.flags += _describe_exercise(name, record.exercises[name], answers)
        record.state, record.reason = _state_of(record)
    record.seconds = round(time.monotonic() - start, 2)
    return record


def record_death(materials: Sequence[Material], assignment: Assignment, error: Exception) -> Record:
    """The record of a submission of which the process that grades died, again and again."""
    reason = f"what graded it died ({type(error).__name__})"
    return Record(compute_fingerprint(materials, assignment), State.UNREADABLE, reason)


def _grade_exercise(
    name: str, answers: Answers, files: dict[str, bytes], python: tuple[int, ...], setting: Setting
) -> ExerciseRecord:
    """What one exercise earned: the best of up to three runs.

    First runs the answer, after those to earlier exercises that it calls; then, after the student's own cells that
    define what it names; then, all that is above its test.
    """
    best = alone = _run_alone(name, answers, setting)
    stopped = ""
    for cells in (answers.helped.get(name), answers.above.get(name)):
        if cells and best.exercise.points < best.exercise.max_points and _may_need_more(name, alone, answers):
            again = _attempt(name, cells, files, setting)
            stopped = "" if again.exercise.end == End.ENDED.value else again.exercise.how_it_ended
            if again.worth > best.worth:
                best = again
                best.flags.append(f"the answer {name} needs other cells of the notebook, which were run for it")
    if stopped and best.error:
        best.flags.append(f"the answer {name} may need other cells of the notebook, with which it {stopped}")
    exercise = best.exercise
    exercise.flags = best.flags
    if exercise.points < exercise.max_points and (best.error or exercise.end != End.ENDED.value):
        cells = answers.parts.get(name, []) + answers.own.get(name, [])
        exercise.lacks = scrub(find_lack(cells, files, best.error, python))
    return exercise


def _run_alone(name: str, answers: Answers, setting: Setting) -> Attempt:
    if name in answers.parts:
        needed = needed_by(name, answers.code)
        cells = [cell for each in needed for cell in answers.imports[each] + answers.parts[each]]
        return _attempt(name, cells, {}, setting)
    text = f"○ {name}: there is no answer"
    return Attempt(ExerciseRecord(getattr(checks, name).max_points, text), None, [])


def _may_need_more(name: str, alone: Attempt, answers: Answers) -> bool:
    """Whether the cells above a test can make more of an answer than it earned alone.

    They are the student's own, or the release's, of which an answer that ends in an error may need something.
    """
    exercise, own = alone.exercise, answers.own.get(name, [])
    if exercise.points == exercise.max_points or not answers.above.get(name):
        return False
    if exercise.state == "not attempted":
        return any(re.search(rf"\b{name}\b", cell) for cell in own)
    return bool(own) or alone.error is not None


def _describe_exercise(name: str, exercise: ExerciseRecord, answers: Answers) -> list[str]:
    """Sentences on what is odd about an exercise."""
    flags = list(exercise.flags)
    if answers.shown.get(name, 0.0) > exercise.points:
        shown = f"{answers.shown[name]:g} of {exercise.max_points:g} points for {name}"
        flags.append(f"the notebook itself shows {shown}, grading gave {exercise.points:g}: look which is right")
    return flags


def _attempt(name: str, cells: list[str], files: dict[str, bytes], setting: Setting) -> Attempt:
    """Run cells in a sandbox and judge what the exercise's function returned there; equal cells once in each worker.

    Cells are equal if they differ in comments and layout alone; where an error names a line, if they are the same text.
    What was stopped by a limit is run again: it may be the machine that was slow.
    """
    sums = sorted((path, _hash(data)) for path, data in files.items())
    where = repr((setting.assignment.hash, setting.limits, setting.seed, name, sums))
    same, alike = (_hash((where + repr(code)).encode()) for code in (cells, [find_meaning(cell) for cell in cells]))
    if not (attempt := _attempts.get(same) or _attempts.get(alike)):
        attempt = _run_and_judge(name, cells, files, setting)
        if attempt.exercise.end == End.ENDED.value and len(_attempts) < MOST_ATTEMPTS:
            _attempts[same if attempt.error else alike] = attempt
    return attempt._replace(exercise=replace(attempt.exercise), flags=[*attempt.flags])


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _run_and_judge(name: str, cells: list[str], files: dict[str, bytes], setting: Setting) -> Attempt:
    check, seed = getattr(checks, name), setting.seed
    limit = _seconds_for(name, setting)
    exercise = ExerciseRecord(check.max_points, text="", state="not yet", seed=seed, limit=limit)
    cases = check.draw(seed)
    output, verdict = _run(_job(name, cells, files, cases, setting.assignment.checked), setting, limit)
    if verdict.end is End.ENDED and not output:
        verdict = Verdict(End.KILLED, "its process ended itself")
    exercise.end, exercise.reason = verdict.end.value, verdict.reason
    if verdict.end is not End.ENDED:
        exercise.text = f"✗ {name}: {verdict}"
        return Attempt(exercise, None, [])
    try:
        outcomes, read = _parse(output, len(cases))
        result = check.result(cases, outcomes)
        points, text, mistake = result.points, scrub(repr(result)), result.mistake.name if result.mistake else None
    except Exception as error:  # the output is a student's, and can break whatever looks at it
        exercise.text = f"✗ {name}: what came back cannot be read"
        return Attempt(
            exercise, None, [f"what came back from {name} is not what a check can read ({type(error).__name__})"]
        )
    exercise.points, exercise.state, exercise.text, exercise.mistake = points, result.state, text, mistake
    return Attempt(exercise, next((outcome.error for outcome in read if outcome.error), None), [])


def _job(name: str, cells: list[str], files: dict[str, bytes], cases: list[Case], exercises: list[str]) -> Job:
    names = possibly_meant(cells, exercises)
    what = f", but {', '.join(names[:5])}" if names else ""
    return Job(
        name=name,
        call=getattr(checks, name).call.__name__,
        cells=cells,
        files={path: b64encode(data).decode() for path, data in files.items()},
        cases=pack(cases),
        without=f"the cell defines no {name}{what}",
    )


def _seconds_for(name: str, setting: Setting) -> int:
    """The seconds of the processor that an answer may take: those of the limits, and more on a slow machine.

    They are at least `TIMES` what the model answer takes here, which is measured once.
    """
    key = (setting.assignment.hash, setting.limits, name)
    if key not in _seconds:
        _seconds[key] = setting.limits.seconds
        if name in (models := setting.assignment.model_answers):
            cells = [models[each] for each in needed_by(name, models)]
            job = _job(name, cells, {}, getattr(checks, name).draw(0), setting.assignment.checked)
            _, verdict = _run(job, setting, TIMES * setting.limits.seconds)
            _seconds[key] = max(setting.limits.seconds, math.ceil(TIMES * verdict.seconds))
    return _seconds[key]


def _run(job: Job, setting: Setting, seconds: int) -> tuple[bytes, Verdict]:
    """Run an answer in the answer server of its assignment, which is started anew if it is gone."""
    key = (setting.assignment.hash, setting.limits)
    for _ in range(2):
        if key not in _servers:
            close()
            _servers[key] = AnswerServer(setting.assignment.setup, setting.limits)
        try:
            return _servers[key].run(job, seconds)
        except AnswerServerDied:
            close()
    raise Refused("The process that runs answers died twice in a row: is there enough memory on this machine?")


def close() -> None:
    """End the answer server of this worker."""
    while _servers:
        _servers.popitem()[1].close()


def _parse(output: bytes, count: int) -> tuple[list[dict], list[Outcome]]:
    """The outcomes as they came back, and as what they are, if they have the shape that `Outcome` has."""
    outcomes = json.loads(output)
    if type(outcomes) is not list or len(outcomes) != count:
        raise ValueError("other outcomes than cases")
    return outcomes, [Outcome.from_json(outcome) for outcome in outcomes]


def scrub(text: str) -> str:
    """No path of this machine, nothing that a terminal or a spreadsheet would act on, and not too long."""
    for place in PLACES:
        text = text.replace(place, "…") if len(place) > 1 else text
    return replace_unprintable(text)[:LONGEST_TEXT]


def _state_of(record: Record) -> tuple[State, str]:
    """The worst state of the exercises, and its reason."""
    lacking = [f"{name}: {exercise.lacks}" for name, exercise in record.exercises.items() if exercise.lacks]
    if lacking:
        return State.COULD_NOT_RUN, "; ".join(lacking)
    for state, end in ((State.KILLED, End.KILLED), (State.TIMED_OUT, End.TIMED_OUT)):
        stopped = {name: exercise for name, exercise in record.exercises.items() if exercise.end == end.value}
        if stopped:
            return state, "; ".join(f"{name} {exercise.how_it_ended}" for name, exercise in stopped.items())
    if record.flags:
        return State.FLAGGED, "; ".join(record.flags)
    return State.GRADED, ""
