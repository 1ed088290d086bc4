"""One submission: its answers go into the sandbox, outcomes come back, and points are given here.

A student's code can send back what it likes. It is read as JSON of one shape, and judged on cases drawn from a seed
that nobody knew: to send back the values that earn points, it has to compute them.
"""

import hashlib
import json
import resource
import secrets
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import vae_checks as checks
from vae_grade.assignments import ROOT, UNFIT, Refused
from vae_grade.notebook import Unreadable, find_answers, read_cells
from vae_grade.sandbox import AnswerServer, AnswerServerDied
from vae_lib.data import CACHE
from vae_probe.outcome import NOTHING

# From the worst to the best; a submission has the worst of its exercises.
STATES = {
    "unreadable": "the file could not be read",
    "killed": "an answer was stopped by a limit, or its process died",
    "timed out": "an answer came to no end",
    "flagged": "graded, with something for you to look at",
    "graded": "graded",
}
NEXT_STEPS = {
    "unreadable": "ask the student for the notebook again, as an .ipynb file",
    "killed": "read the answer; the other exercises are graded",
    "timed out": "read the answer; the other exercises are graded",
}
LONGEST_TEXT = 2_000
MEMORY = 4 * 2**30  # bytes, of the process that judges
PLACES = sorted({str(path) for path in (ROOT, Path.home(), CACHE, sys.prefix, sys.base_prefix)}, key=len, reverse=True)
_lock = threading.Lock()  # a cluster's worker may have threads; checks set random states, of which there is one
_servers = {}  # the one answer server of this worker, by assignment and limits


def fingerprint(data, assignment):
    """Changes with the submission and with the release, so that only what is new or changed is graded."""
    return hashlib.sha256(assignment.hash.encode() + data).hexdigest()


def grade(data, assignment, limits):
    """Grade a submission, the bytes of its notebook: a record, a dict that JSON can carry."""
    with _lock, _memory_up_to(MEMORY):
        return _grade(data, assignment, limits)


@contextmanager
def _memory_up_to(most):
    """A hand-in that would fill the machine's memory meets a MemoryError, which is caught, not the kernel's killer."""
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))


def _grade(data, assignment, limits):
    start = time.monotonic()
    record = _empty(data, assignment)
    try:
        answers = find_answers(read_cells(data), assignment)
    except Unreadable as reason:
        record |= _unreadable(reason)
    else:
        record |= {"flags": answers.flags, "answers": answers.code, "written": answers.written}
        for name in assignment.checked:
            record["exercises"][name] = _exercise(name, answers, assignment, limits, record["flags"])
        record["state"], record["sentence"] = _state(record)
    return record | {"seconds": round(time.monotonic() - start, 2)}


def not_graded(data, assignment, error):
    """The record of a submission of which the process that grades died, again and again."""
    return _empty(data, assignment) | _unreadable(f"what graded it died ({type(error).__name__})") | {"seconds": 0}


def _empty(data, assignment):
    return {"hash": fingerprint(data, assignment), "flags": [], "exercises": {}, "answers": {}, "written": {}}


def _unreadable(reason):
    return {"state": "unreadable", "sentence": f"{STATES['unreadable']}: {reason}"}


def _exercise(name, answers, assignment, limits, flags):
    """What one exercise earned, and why."""
    check = getattr(checks, name)
    report = {"points": 0.0, "max": check.max_points, "state": "not attempted", "mistake": None, "end": "ended"}
    if name not in answers.code:
        return report | {"text": f"○ {name}: there is no answer"}
    seed = secrets.randbelow(2**31)
    cases = check.draw(seed)
    came, verdict = _run(assignment, limits, check, answers, cases)
    report["end"] = str(verdict)
    report["seed"] = seed
    if report["end"] == "ended" and not came:
        report["end"] = "killed: its process ended itself"
    if report["end"] != "ended":
        return report | {"state": "not yet", "text": f"✗ {name}: {report['end']}"}
    try:
        outcomes, helped = _parsed(came, len(cases))
        result = check.result(cases, outcomes)
        report |= {"points": result.points, "state": result.state, "text": scrub(repr(result))}
        report["mistake"] = result.mistake.name if result.mistake else None
    except Exception as error:  # what came is a student's, and can break whatever looks at it
        flags.append(f"what came back from {name} is not what a check can read ({type(error).__name__})")
        return report | {"state": "not yet", "text": f"✗ {name}: what came back cannot be read"}
    if helped:
        flags.append(f"the answer {name} needs other cells of the notebook, which were run for it")
    return report


def _run(assignment, limits, *job):
    """Run an answer in the answer server of its assignment, which is started anew if it is gone."""
    key = (assignment.hash, limits)
    for _ in range(2):
        if key not in _servers:
            close()
            _servers[key] = AnswerServer(_setup(assignment), limits)
        try:
            return _servers[key].run(*job)
        except AnswerServerDied:
            close()
    raise Refused("The process that runs answers died twice in a row: is there enough memory on this machine?")


def close():
    """End the answer server of this worker."""
    while _servers:
        _servers.popitem()[1].close()


def _setup(assignment):
    """The code cells before the first that is a student's."""
    cells = []
    for cell in assignment.cells:
        if cell["metadata"].get("nbgrader"):
            break
        if cell["cell_type"] == "code":
            cells.append(cell["source"])
    return cells


def _parsed(came, count):
    """The outcomes, if they have the shape that `call_function` gives them."""
    message = json.loads(came)
    outcomes, helped = message["outcomes"], message["helped"]
    if type(helped) is not bool or type(outcomes) is not list or len(outcomes) != count:
        raise ValueError("other outcomes than cases")
    for outcome in outcomes:
        error = outcome["error"]
        right = (
            outcome.keys() == NOTHING.keys()
            and type(outcome["gradients"]) is dict
            and type(outcome["changed"]) is list
            and all(type(name) is str for name in outcome["changed"])
            and type(outcome["seeded"]) is bool
            and outcome["device"] in (None, "cpu", "meta")
            and (error is None or (type(error) is dict and error.keys() == {"type", "message", "line"}))
            and all(type(text) is str for text in (error or {}).values())
        )
        if not right:
            raise ValueError("an outcome of another shape")
    return outcomes, helped


def scrub(text):
    """No path of this machine, nothing that a terminal or a spreadsheet would act on, and not too long."""
    for place in PLACES:
        text = text.replace(place, "…") if len(place) > 1 else text
    return UNFIT.sub("�", text)[:LONGEST_TEXT]


def _state(record):
    ends = {name: exercise["end"] for name, exercise in record["exercises"].items() if exercise["end"] != "ended"}
    for state in ("killed", "timed out"):
        if found := [f"{name} {end}" for name, end in ends.items() if end.startswith(state)]:
            return state, f"{STATES[state]}: {'; '.join(found)}"
    if record["flags"]:
        return "flagged", f"{STATES['flagged']}: {'; '.join(record['flags'])}"
    return "graded", STATES["graded"]
