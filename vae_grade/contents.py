"""What work a file is, by its cells: an exercise, filled in or not, a model answer, a lesson, or not of this course."""

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

from vae_grade.answers import LONGEST, defined, find_meaning
from vae_grade.assignments import ROOT, Assignment, load_assignments
from vae_grade.formats import decode, describe_stranger, find_archive
from vae_grade.notebook import Cell, Unreadable, read_cells

LESSONS = ROOT / "notebooks"
SOLUTION_MARK = re.compile(r"^\s*### (BEGIN|END) SOLUTION\s*$")
MOST_PARTS = 2_000_000  # of a notebook's JSON: each takes some hundred bytes when it is read
SIMILAR = 3  # cells that a notebook without our ids shares with one of ours at least


class Fill(IntEnum):
    """How much of an exercise was filled in. A smaller one never takes the place of a larger."""

    UNREADABLE = 0
    BLANK = 1
    TOUCHED = 2  # there is more in it than in the release, but no answer that we see
    ANSWERED = 3


@dataclass(frozen=True)
class Work:
    """What a file is: an exercise and how much of it was filled in; or for all else, what it is in a sentence.

    Attributes:
        assignment: its name, "" if it is no exercise of ours.
        fill: how much of it was filled in.
        answers: how many answers there are in it.
        sentence: what it is instead, and the next step.
        is_ours: whether it is a file of the course that nobody wrote: a lesson or a model answer.
        guessed: whether its bytes were read as Windows-1252.
    """

    assignment: str = ""
    fill: Fill = Fill.UNREADABLE
    answers: int = 0
    sentence: str = ""
    is_ours: bool = False
    guessed: bool = False


def is_notebook(data: bytes, name: str) -> bool:
    """Whether a file is a notebook, or was meant as one: by its first bytes, or by its name."""
    if (
        ".ipynb" in name.lower()
        and not name.lower().endswith((".html", ".pdf", ".py"))
        and not find_archive(data, name)
    ):
        return True
    return data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b'"cells"' in data


def recognise(data: bytes, path: str) -> Work:
    """What a notebook, or what was meant as one, is; the path decides only where its cells do not."""
    known = load_assignments()
    text, guessed = decode(data)
    named = next((name for name in known if name in path), "")
    try:
        if sum(data.count(sign) for sign in (b"[", b"{")) > MOST_PARTS:
            raise Unreadable("it has too many parts for a notebook")
        cells = read_cells(text.encode(errors="replace"))
    except Unreadable as fault:
        stranger = describe_stranger(data, path)
        sentence = stranger if not stranger.startswith("it is no notebook") else f"{fault}; ask for the notebook again"
        # One that is called as an assignment may be all that there is, and is then said to be unreadable.
        return Work(named if path.lower().rpartition("/")[2].count(".ipynb") else "", sentence=sentence)
    sources = {_normal(cell.source) for cell in cells} - {""}
    assignment, lesson = _find_assignment(cells, sources, known), _find_lesson(sources)
    if not assignment and lesson:
        return Work(sentence=f"it is the lesson {lesson}, which is not handed in; ask for the exercise", is_ours=True)
    assignment = assignment or named
    if not assignment:
        return Work(
            sentence="it is a notebook, but of no assignment of this course: neither its cells nor its name are"
        )
    if _is_model_answer(cells, known[assignment]):
        return Work(sentence=f"it is the model answer of {assignment}, as the course has it", is_ours=True)
    return Work(assignment, *_find_fill(cells, known[assignment]), guessed=guessed)


def _normal(source: str) -> str:
    """A cell's text as it is compared: without marks of a solution and blanks at the ends of lines."""
    lines = (line.rstrip() for line in source[:LONGEST].strip().splitlines() if not SOLUTION_MARK.match(line))
    return "\n".join(line for line in lines if line)


def _meaning(source: str) -> str:
    """A cell's code without its comments and layout; where it is no Python, its text as it is compared."""
    meaning = find_meaning(source) if len(source) <= LONGEST else source
    return _normal(source) if meaning == source else meaning


def _find_assignment(cells: list[Cell], sources: set[str], known: dict[str, Assignment]) -> str:
    """The assignment of a notebook: by ids of graded cells, else by texts that it shares, else by functions; or ""."""
    ids = {name for cell in cells for name in (cell.id, cell.grade_id)}
    marked = {name: len(ids & {*one.points, *one.checked, *one.written}) for name, one in known.items()}
    shared = {name: len(sources & _texts_of(name)) for name in known}
    best = max(known, key=lambda name: (marked[name], shared[name]))
    lesson = _find_lesson(sources)
    if marked[best] or shared[best] > (len(sources & _lessons()[lesson]) if lesson else 0):
        return best
    found = {name for cell in cells if cell.kind == "code" for name in _defined(cell)}
    functions = {name: len(found & set(one.checked)) for name, one in known.items()}
    best = max(known, key=lambda name: functions[name])
    return best if not lesson and functions[best] >= min(2, len(known[best].checked)) > 0 else ""


@cache
def _texts_of(assignment: str) -> set[str]:
    """The cells of a release that no lesson and no other assignment has."""
    own = {_normal(cell["source"]) for cell in load_assignments()[assignment].cells} - {"", "YOUR ANSWER HERE"}
    others = [
        {_normal(c["source"]) for c in one.cells} for name, one in load_assignments().items() if name != assignment
    ]
    return own.difference(*others, *_lessons().values())


@cache
def _lessons(folder: Path = LESSONS) -> dict[str, set[str]]:
    """The cells of each lesson by its name, as they are compared."""
    return {path.stem: _read_sources(path) - {""} for path in sorted(folder.glob("*.ipynb"))}


def _read_sources(path: Path) -> set[str]:
    return {_normal(cell.source) for cell in read_cells(path.read_bytes())}


def _find_lesson(sources: set[str]) -> str:
    """The lesson that a notebook is, by what it shares with it; "" if it is none."""
    shared = {name: len(sources & lesson) for name, lesson in _lessons().items()}
    best = max(shared, key=lambda name: shared[name], default="")
    return best if best and shared[best] >= min(SIMILAR, len(_lessons()[best])) else ""


def _is_model_answer(cells: list[Cell], assignment: Assignment) -> bool:
    """Whether each answer is the solution's, letter for letter."""
    model = assignment.model_answers
    sources = {_normal(cell.source) for cell in cells}
    return bool(model) and all(_normal(answer) in sources for answer in model.values())


def _find_fill(cells: list[Cell], assignment: Assignment) -> tuple[Fill, int]:
    """How much of a notebook was filled in, and how many answers are in it."""
    known = {_meaning(cell["source"]) for cell in assignment.cells}
    answers, fill, answered = {*assignment.checked, *assignment.written}, Fill.BLANK, set[str]()
    for cell in cells:
        if _is_empty(cell) or _meaning(cell.source) in known:
            continue
        fill = Fill.TOUCHED
        answered |= {cell.id, cell.grade_id} & answers | set(_defined(cell)) & set(assignment.checked)
        if cell.kind == "markdown" and assignment.written:
            answered.add(cell.grade_id if cell.grade_id in answers else cell.id)
    return (Fill.ANSWERED, len(answered)) if answered else (fill, 0)


def _is_empty(cell: Cell) -> bool:
    """Whether a cell says nothing: blank, or of comments alone."""
    lines = [line.strip() for line in cell.source[:LONGEST].splitlines()]
    return all(not line or (cell.kind == "code" and line.startswith("#")) for line in lines)


def _defined(cell: Cell) -> tuple[str, ...]:
    """The names that a cell defines, if it is not so long that nobody looks at it."""
    return defined(cell.source) if len(cell.source) <= LONGEST else ()
