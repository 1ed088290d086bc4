"""The answers in a notebook that was handed in, whatever else is in it. Nothing here runs a student's code.

The notebook is read leniently: any format since 3, cells renamed, doubled, moved or without metadata. Its answers are
what counts; what was odd becomes a flag for the teacher.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from nbformat import NotebookNode

from vae_grade.assignments import Assignment

LARGEST = 256 * 2**20  # bytes of a notebook, outputs and all
LONGEST = 200_000  # characters of an answer
# Names that an honest answer hardly needs. They stop nobody; they show a teacher where to look.
WORTH_A_LOOK = re.compile(
    r"\b(_?_import_?_|builtins|checks|compile|ctypes|eval|exec|gc|get_ipython|globals|importlib|inspect|multiprocessing"
    r"|nbgrader|open|os|pathlib|pickle|resource|settrace|shutil|signal|socket|subprocess|sys|tempfile|threading|urllib"
    r"|vae_lib|loss\.(bce|kld)|__\w*(eq|globals|subclasses|torch_function|closure|code|class)__|atexit)\b"
)
# Blanks, not \s: from each of many empty lines, that would look through all that follow.
PATCHED = re.compile(r"^[ \t]*(torch|F|np|math|json|loss|plots|Normal)(\.\w+)+[ \t]*=[^=]|\bsetattr\(", re.MULTILINE)
# What a terminal acts on, half letters, which cannot be written to a file, and what turns the direction of a line.
UNPRINTABLE = re.compile(r"[^\n\t -~\u00a0-\ud7ff\ue000-\ufffd]|[\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Unreadable(Exception):
    """Why a file is no notebook that can be graded, in a sentence."""


class Cell(NamedTuple):
    """A cell as handed in: its id, its grade id, "code" or "markdown", its source."""

    id: str
    grade_id: str
    kind: str
    source: str


@dataclass
class Answers:
    """What a student has answered: {exercise: source}; the other code cells, in order; and flags for what is odd."""

    code: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)


def replace_unprintable(text: str) -> str:
    """The text with a sign in place of each that a terminal would act on."""
    return UNPRINTABLE.sub("�", text)


def read_cells(data: bytes) -> list[Cell]:
    """The cells of a notebook in any format since 3, without outputs.

    Raises:
        Unreadable: it is none.
    """
    if len(data) > LARGEST:
        raise Unreadable(f"it has {len(data) / 2**20:.0f} MB, more than {LARGEST / 2**20:.0f}")
    if not data.strip():
        raise Unreadable("it is empty")
    try:
        notebook = json.loads(data)
        cells = notebook["cells"] if "cells" in notebook else [c for w in notebook["worksheets"] for c in w["cells"]]
        return [_cell(cell) for cell in cells]
    except (KeyError, TypeError, AttributeError):
        raise Unreadable("it is JSON, but has no cells as notebooks have them") from None
    except MemoryError:
        raise Unreadable("it has too many parts for a notebook") from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is not JSON as notebooks are ({str(error)[:80]})") from None


def _cell(cell: dict) -> Cell:
    source = cell.get("source", cell.get("input", ""))  # format 3 had input
    source = source if isinstance(source, str) else "".join(source)
    meta = cell.get("metadata")
    mark = meta.get("nbgrader") if isinstance(meta, dict) else None
    grade_id = mark.get("grade_id") if isinstance(mark, dict) else None
    kind = "code" if cell.get("cell_type") == "code" else "markdown"
    # Half of a surrogate pair is legal in JSON, but cannot be written anywhere.
    return Cell(str(cell.get("id")), str(grade_id), kind, source.encode("utf-8", "replace").decode())


def find_answers(cells: list[Cell], assignment: Assignment) -> Answers:
    """Match the cells that were handed in with the release: by grade id, then cell id, then by what they define.

    Raises:
        Unreadable: no cell of the assignment is there.
    """
    released = {cell["id"]: cell for cell in assignment.cells}
    answers, by_name = Answers(), dict[str | None, list[Cell]]()
    for cell in cells:
        name = next((name for name in (cell.grade_id, cell.id) if name in released), None)
        by_name.setdefault(name, []).append(cell)
    strangers = [cell for cell in by_name.get(None, []) if cell.kind == "code" and len(cell.source) <= LONGEST]
    for name in assignment.checked:
        source = _choose(name, by_name.get(name, []), released[name]["source"], answers.flags)
        if source is None:  # its metadata is gone; what it defines is not
            source = next((c.source for c in reversed(strangers) if name in _defined(c.source)), None)
            how = "was found by the function's name" if source else "is missing"
            answers.flags.append(f"the answer cell {name} {how}")
        if source is not None and len(source) > LONGEST:
            answers.flags.append(f"the answer {name} has {len(source):,} characters and was not run")
            source = None
        if source is not None:
            answers.code[name] = source
            answers.flags += _worth_a_look(name, source)
    for name in assignment.written:
        source = _choose(name, by_name.get(name, []), released[name]["source"], answers.flags)
        if source is None:
            source = _after_its_question(name, cells, assignment)
            answers.flags.append(f"the answer cell {name} {'was found below its question' if source else 'is missing'}")
        if source is not None:
            answers.written[name] = source[:LONGEST]
    if not answers.code and not answers.written:
        raise Unreadable(f"no cell of {assignment.name} is in it")
    answers.others = _others(cells, released, answers)
    answers.flags = list(dict.fromkeys(answers.flags))
    return answers


def _choose(name: str, cells: list[Cell], placeholder: str, flags: list[str]) -> str | None:
    """The source that counts: of several cells with one id the last that was filled in, as in nbgrader."""
    if len(cells) > 1:
        flags.append(f"the cell {name} is there {len(cells)} times; the last one that was filled in counts")
    filled = [cell.source for cell in cells if cell.source != placeholder]
    return filled[-1] if filled else cells[-1].source if cells else None


def _defined(source: str) -> list[str | None]:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [getattr(node, "name", None) for node in body]


def _after_its_question(name: str, cells: list[Cell], assignment: Assignment) -> str | None:
    order = [cell["id"] for cell in assignment.cells]
    question = assignment.cells[order.index(name) - 1]["source"].strip()
    texts = [cell.source for cell in cells]
    positions = [i for i, text in enumerate(texts[:-1]) if text.strip() == question]
    return texts[positions[-1] + 1] if positions else None


def _others(cells: list[Cell], released: dict[str, NotebookNode], answers: Answers) -> list[str]:
    """The code cells that are neither answers nor as released: an answer may need what they define."""
    others, sources = [], set(answers.code.values())
    for cell in cells:
        known = released.get(cell.grade_id) or released.get(cell.id)
        if cell.kind != "code" or cell.source in sources or (known and known["source"] == cell.source):
            continue
        if known and known["metadata"].get("nbgrader", {}).get("grade"):
            answers.flags.append(f"the cell {known['id']} was changed; the release's counts")
        elif not (known and known["metadata"].get("nbgrader")):
            others.append(cell.source[:LONGEST])
    return others


def _worth_a_look(name: str, source: str) -> Iterator[str]:
    words = sorted({match.group() for match in WORTH_A_LOOK.finditer(source)})
    if words:
        yield f"worth a look: the answer {name} mentions {', '.join(words[:8])}"
    if PATCHED.search(source):
        yield f"worth a look: the answer {name} replaces something in a library"
