"""What was handed in and how its grading ended: submissions, states, and records as JSON. Nothing here runs an answer.

A record is written last: a submission without one, with one of other bytes, or with one that cannot be read as this
version writes it, is still to be graded.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from functools import cache
from pathlib import Path

from vae_grade.answers import Added
from vae_grade.assignments import ROOT, Assignment, load_assignments
from vae_grade.folder import TeacherFolder, files_beside
from vae_grade.hand_in import read_hand_in
from vae_grade.notebook import Pictures
from vae_lib.files import write


class State(Enum):
    """How the grading of a submission ended, from the worst to the best: its word, its meaning, the next step if any.

    A submission has the worst state of its exercises. The word is the state's value, and stands in records.
    """

    _value_: str
    meaning: str
    next_step: str

    UNREADABLE = (
        "unreadable",
        "the file could not be read",
        "ask the student for the notebook again, as an .ipynb file",
    )
    COULD_NOT_RUN = (
        "could not run here",
        "an answer needs what this machine lacks",
        "mark the answer by hand, in formgrader, or provide that and grade with `vae-grade run --again STUDENT`",
    )
    KILLED = (
        "killed",
        "an answer was stopped by a limit, or its process died",
        "read the answer; the other exercises are graded",
    )
    TIMED_OUT = (
        "timed out",
        "an answer came to no end",
        "read the answer; if it is only slow, `vae-grade run --seconds 300` tries it again; the others are graded",
    )
    FLAGGED = "flagged", "graded, with something for you to look at"
    GRADED = "graded", "graded"

    def __new__(cls, word: str, meaning: str = "", next_step: str = "") -> "State":
        """A state whose value is its word; by its word alone, as `State("killed")`, it is looked up."""
        state = object.__new__(cls)
        state._value_, state.meaning, state.next_step = word, meaning, next_step
        return state

    def __lt__(self, other: "State") -> bool:
        """Whether this state is worse than the other."""
        order = list(State)
        return order.index(self) < order.index(other)


@dataclass(frozen=True)
class Material:
    """What is graded: the bytes of a notebook, and the files that were handed in beside it, by relative path."""

    notebook: bytes
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Submission:
    """A notebook that was collected: whose it is, of which assignment, where it lies, and older ones that may count."""

    student: str
    assignment: str
    path: Path
    older: tuple[Path, ...] = ()


@dataclass
class ExerciseRecord:
    """What an exercise earned, and why.

    Attributes:
        max_points: the most that can be earned.
        text: what the check said, for the student.
        points: earned.
        state: "not attempted", "not yet" or "right", as the check's result has it.
        mistake: the name of a known mistake that was recognised.
        end: "ended", "timed out" or "killed".
        reason: why the answer was stopped, "" where it ended of itself.
        seed: of the inputs, None where nothing was run.
        limit: seconds of the processor that the answer might take, None where nothing was run.
        lacks: what the answer needs and this machine has not, or "".
        flags: sentences on what is worth a look.
    """

    max_points: float
    text: str
    points: float = 0.0
    state: str = "not attempted"
    mistake: str | None = None
    end: str = "ended"
    reason: str = ""
    seed: int | None = None
    limit: int | None = None
    lacks: str = ""
    flags: list[str] = field(default_factory=list)

    @property
    def how_it_ended(self) -> str:
        """The end, and its reason."""
        return f"{self.end}: {self.reason}" if self.reason else self.end


@dataclass
class Record:
    """The result of grading a submission.

    Attributes:
        fingerprint: of the submission and its release, see `compute_fingerprint`.
        state: of the whole submission.
        reason: for the state, "" if there is nothing to say.
        flags: sentences on what is worth a look.
        exercises: by name, of those that a check judges; none if the notebook could not be read.
        answers: the source of each answer in code, by exercise.
        written: the text of each answer in words, by grade id; `pictures` are in it.
        added: the student's own cells.
        seconds: that grading took, by the clock.
        hand_ins: of how many this is the best.
    """

    fingerprint: str
    state: State = State.GRADED
    reason: str = ""
    flags: list[str] = field(default_factory=list)
    exercises: dict[str, ExerciseRecord] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, Pictures] = field(default_factory=dict)
    added: list[Added] = field(default_factory=list)
    seconds: float = 0.0
    hand_ins: int = 1

    @property
    def points(self) -> float:
        """All that its exercises earned."""
        return sum(exercise.points for exercise in self.exercises.values())

    @property
    def sentence(self) -> str:
        """What the state means, and its reason."""
        return f"{self.state.meaning}: {self.reason}" if self.reason else self.state.meaning

    def next_step_of(self, student: str) -> str:
        """What the teacher does next, with the student's name where a command wants it; "" if nothing."""
        return self.state.next_step.replace("STUDENT", student)

    def to_json(self) -> str:
        """The record as JSON, which `from_json` reads."""
        return json.dumps(asdict(self) | {"state": self.state.value}, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Record":
        """The record that `to_json` wrote.

        Raises:
            ValueError: the text is none, or one of another version.
        """
        try:
            entries = json.loads(text)
            exercises = {name: ExerciseRecord(**exercise) for name, exercise in entries["exercises"].items()}
            added = [Added(**cell) for cell in entries["added"]]
            return cls(**entries | {"state": State(entries["state"]), "exercises": exercises, "added": added})
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"it is no record of this version ({error})") from None


def compute_fingerprint(materials: Sequence[Material], assignment: Assignment) -> str:
    """A hash of a submission, its release and the checks: another one means that it is to be graded again."""
    parts = [assignment.hash.encode(), _hash_checks().encode()]
    for material in materials:
        parts += [material.notebook, str(len(material.files)).encode()]
        parts += [part for path, data in sorted(material.files.items()) for part in (path.encode(), data)]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@cache
def _hash_checks() -> str:
    """The hash of the checks, and of what calls answers for them; neither is imported here."""
    paths = sorted(path for package in ("vae_checks", "vae_probe") for path in (ROOT / package).rglob("*.py"))
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in paths)).hexdigest()


def read_materials(submission: Submission) -> list[Material]:
    """A submission and the files beside it, which the older notebooks that count have, too."""
    home = files_beside(submission.path)
    files = {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    return [Material(path.read_bytes(), files) for path in (submission.path, *submission.older)]


def find_submissions(folder: TeacherFolder) -> list[Submission]:
    """What was collected, in order of assignment, then student."""
    known = load_assignments()
    paths = folder.collected.glob("*/*/*.ipynb")
    submissions = [Submission(path.parts[-3], path.parts[-2], path) for path in paths if path.stem == path.parts[-2]]
    submissions = [submission for submission in submissions if submission.assignment in known]
    return sorted(submissions, key=lambda submission: (submission.assignment, submission.student))


def add_older(folder: TeacherFolder, submission: Submission) -> Submission:
    """The submission with the student's other notebooks, of which the best counts unless the teacher chose one."""
    hand_in = read_hand_in(submission.path)
    if hand_in and hand_in.chosen:
        return submission
    paths = sorted(folder.earlier(submission.student, submission.assignment).glob("*.ipynb"))
    return replace(submission, older=tuple(paths))


def read_record(folder: TeacherFolder, submission: Submission) -> Record | None:
    """The record of a submission; None if there is none, or none that this version can read."""
    try:
        return Record.from_json(folder.record(submission.student, submission.assignment).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def write_record(folder: TeacherFolder, submission: Submission, record: Record) -> None:
    """Write the record of a submission, whole or not at all."""
    write(folder.record(submission.student, submission.assignment), record.to_json())


def read_records(folder: TeacherFolder) -> list[tuple[Submission, Record]]:
    """Each submission that has a record, with its record."""
    pairs = ((submission, read_record(folder, submission)) for submission in find_submissions(folder))
    return [(submission, record) for submission, record in pairs if record]


def describe_failures(graded: Iterable[tuple[Submission, Record]]) -> Iterator[str]:
    """Each submission that could not be graded as a whole: a line with the reason and the next step."""
    for submission, record in graded:
        if step := record.next_step_of(submission.student):
            yield f"{submission.student}, {submission.assignment}: {record.sentence}. Next: {step}.\n"
