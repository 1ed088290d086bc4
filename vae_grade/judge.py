"""One submission: its answers go into the sandbox, outcomes come back, and points are given here.

A student's code can send back what it likes. It is read as JSON of one shape, and judged on cases drawn from a seed
that nobody knew: to send back the values that earn points, it has to compute them.
"""

import json
import math
import resource
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import vae_checks as checks
from vae_grade.answer_server import End, Job, Limits, Verdict
from vae_grade.assignments import ROOT, Assignment, Refused
from vae_grade.notebook import Answers, Unreadable, find_answers, read_cells, replace_unprintable
from vae_grade.records import ExerciseRecord, Record, State, compute_fingerprint
from vae_grade.sandbox import AnswerServer, AnswerServerDied
from vae_lib.data import CACHE
from vae_probe.outcome import Case, Outcome, pack

LONGEST_TEXT = 2_000
TIMES = 20  # what a model answer takes, an answer may take at least
MEMORY = 4 * 2**30  # bytes, of the process that judges
PLACES = sorted({str(path) for path in (ROOT, Path.home(), CACHE, sys.prefix, sys.base_prefix)}, key=len, reverse=True)
_lock = threading.Lock()  # a cluster's worker may have threads; checks set random states, of which there is one
_seconds: dict[tuple, int] = {}  # that answers may take here, by assignment, limits and exercise
_servers: dict[tuple, AnswerServer] = {}  # the one answer server of this worker, by assignment and limits


def grade(data: bytes, assignment: Assignment, limits: Limits) -> Record:
    """Grade a submission, the bytes of its notebook."""
    with _lock, _memory_up_to(MEMORY):
        return _grade(data, assignment, limits)


@contextmanager
def _memory_up_to(most: int) -> Iterator[None]:
    """A hand-in that would fill the machine's memory meets a MemoryError, which is caught, not the kernel's killer."""
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))


def _grade(data: bytes, assignment: Assignment, limits: Limits) -> Record:
    start = time.monotonic()
    record = Record(compute_fingerprint(data, assignment))
    try:
        answers = find_answers(read_cells(data), assignment)
    except Unreadable as reason:
        record.state, record.reason = State.UNREADABLE, str(reason)
    else:
        record.flags, record.answers, record.written = answers.flags, answers.code, answers.written
        for name in assignment.checked:
            record.exercises[name] = _grade_exercise(name, answers, assignment, limits, record.flags)
        record.state, record.reason = _state_of(record)
    record.seconds = round(time.monotonic() - start, 2)
    return record


def record_death(data: bytes, assignment: Assignment, error: Exception) -> Record:
    """The record of a submission of which the process that grades died, again and again."""
    reason = f"what graded it died ({type(error).__name__})"
    return Record(compute_fingerprint(data, assignment), State.UNREADABLE, reason)


def _grade_exercise(
    name: str, answers: Answers, assignment: Assignment, limits: Limits, flags: list[str]
) -> ExerciseRecord:
    """What one exercise earned, and why; what is odd is added to the flags."""
    check = getattr(checks, name)
    exercise = ExerciseRecord(max_points=check.max_points, text=f"○ {name}: there is no answer")
    if name not in answers.code:
        return exercise
    exercise.state, exercise.seed = "not yet", secrets.randbelow(2**31)
    cases = check.draw(exercise.seed)
    exercise.limit = _seconds_for(name, assignment, limits)
    output, verdict = _run(name, answers, cases, assignment, limits, exercise.limit)
    if verdict.end is End.ENDED and not output:
        verdict = Verdict(End.KILLED, "its process ended itself")
    exercise.end, exercise.reason = verdict.end.value, verdict.reason
    if verdict.end is not End.ENDED:
        exercise.text = f"✗ {name}: {verdict}"
        return exercise
    try:
        outcomes, helped = _parse(output, len(cases))
        result = check.result(cases, outcomes)
        points, text, mistake = result.points, scrub(repr(result)), result.mistake.name if result.mistake else None
    except Exception as error:  # the output is a student's, and can break whatever looks at it
        flags.append(f"what came back from {name} is not what a check can read ({type(error).__name__})")
        exercise.text = f"✗ {name}: what came back cannot be read"
        return exercise
    if helped:
        flags.append(f"the answer {name} needs other cells of the notebook, which were run for it")
    exercise.points, exercise.state, exercise.text, exercise.mistake = points, result.state, text, mistake
    return exercise


def _seconds_for(name: str, assignment: Assignment, limits: Limits) -> int:
    """The seconds of the processor that an answer may take: those of the limits, and more on a slow machine.

    They are at least `TIMES` what the model answer takes here, which is measured once.
    """
    key = (assignment.hash, limits, name)
    if key not in _seconds:
        _seconds[key] = limits.seconds
        if model := assignment.model_answers.get(name):
            answers = Answers(code=assignment.model_answers | {name: model})
            cases = getattr(checks, name).draw(0)
            _, verdict = _run(name, answers, cases, assignment, limits, TIMES * limits.seconds)
            _seconds[key] = max(limits.seconds, math.ceil(TIMES * verdict.seconds))
    return _seconds[key]


def _run(
    name: str, answers: Answers, cases: list[Case], assignment: Assignment, limits: Limits, seconds: int
) -> tuple[bytes, Verdict]:
    """Run an answer in the answer server of its assignment, which is started anew if it is gone."""
    job = Job(
        name=name,
        call=getattr(checks, name).call.__name__,
        answer=answers.code[name],
        answers=[code for other, code in answers.code.items() if other != name],
        others=answers.others,
        cases=pack(cases),
    )
    key = (assignment.hash, limits)
    for _ in range(2):
        if key not in _servers:
            close()
            _servers[key] = AnswerServer(_setup(assignment), limits)
        try:
            return _servers[key].run(job, seconds)
        except AnswerServerDied:
            close()
    raise Refused("The process that runs answers died twice in a row: is there enough memory on this machine?")


def close() -> None:
    """End the answer server of this worker."""
    while _servers:
        _servers.popitem()[1].close()


def _setup(assignment: Assignment) -> list[str]:
    """The code cells before the first that is a student's."""
    cells = []
    for cell in assignment.cells:
        if cell["metadata"].get("nbgrader"):
            break
        if cell["cell_type"] == "code":
            cells.append(cell["source"])
    return cells


def _parse(output: bytes, count: int) -> tuple[list[dict], bool]:
    """The outcomes, if they have the shape that `Outcome` has."""
    message = json.loads(output)
    outcomes, helped = message["outcomes"], message["helped"]
    if type(helped) is not bool or type(outcomes) is not list or len(outcomes) != count:
        raise ValueError("other outcomes than cases")
    for outcome in outcomes:
        Outcome.from_json(outcome)
    return outcomes, helped


def scrub(text: str) -> str:
    """No path of this machine, nothing that a terminal or a spreadsheet would act on, and not too long."""
    for place in PLACES:
        text = text.replace(place, "…") if len(place) > 1 else text
    return replace_unprintable(text)[:LONGEST_TEXT]


def _state_of(record: Record) -> tuple[State, str]:
    """The worst state of the exercises, and its reason."""
    for state, end in ((State.KILLED, End.KILLED), (State.TIMED_OUT, End.TIMED_OUT)):
        stopped = {name: exercise for name, exercise in record.exercises.items() if exercise.end == end.value}
        if stopped:
            return state, "; ".join(f"{name} {exercise.how_it_ended}" for name, exercise in stopped.items())
    if record.flags:
        return State.FLAGGED, "; ".join(record.flags)
    return State.GRADED, ""
