"""Equal answers: a table of pairs to look at, never a verdict. For near copies, the answers as files for other tools.

Answers are compared without comments, blanks and docstrings, and with a student's own names replaced in order, so
that a renamed copy is equal. What many share is no sign of anything, and is left out.
"""

import ast
import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

from vae_grade.assignments import Assignment, Refused, load_assignments
from vae_grade.folder import TeacherFolder
from vae_grade.records import Record, Submission
from vae_grade.sheets import BOM, no_formula
from vae_lib.files import write

MANY = 5  # more students than this with one answer: the exercise asks for it
SHORTEST = 40  # letters of code or words that say anything


@dataclass(frozen=True)
class Pair:
    """Two students with equal answers in an assignment: to which of its exercises and questions."""

    assignment: str
    student: str
    other: str
    equal: list[str]


def find_pairs(graded: Iterable[tuple[Submission, Record]]) -> list[Pair]:
    """Who has equal answers, those with the most of them first."""
    same: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for submission, record in graded:
        assignment = load_assignments()[submission.assignment]
        for name, text in (record.answers | record.written).items():
            normal = _normalize(text, name in record.answers)
            if len(normal) >= SHORTEST and normal != _normalize(_released(assignment, name), name in record.answers):
                same[submission.assignment, name, normal].append(submission.student)
    pairs: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for (assignment_name, name, _), students in same.items():
        if len(students) <= MANY:
            for student, other in combinations(sorted(students), 2):
                pairs[assignment_name, student, other].append(name)
    return [Pair(*who, names) for who, names in sorted(pairs.items(), key=lambda pair: (-len(pair[1]), pair[0]))]


def _released(assignment: Assignment, name: str) -> str:
    return next((cell["source"] for cell in assignment.cells if cell["id"] == name), "")


@cache
def _normalize(text: str, is_code: bool) -> str:
    """What is left of an answer when all is taken away that a copy would change first."""
    if not is_code:
        return " ".join(text.casefold().split())
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return " ".join(text.split())
    _rename(tree)
    return ast.unparse(tree)


def _rename(tree: ast.Module) -> None:
    """Give the names that the code itself binds new ones, in the order in which they come, and drop docstrings."""
    own: dict[str, str] = {}
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.setdefault(node.id, f"v{len(own)}")
        elif isinstance(node, ast.arg):
            own.setdefault(node.arg, f"v{len(own)}")
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            own.setdefault(node.name, f"v{len(own)}")
        elif isinstance(node, ast.alias) and node.asname:
            own.setdefault(node.asname, f"v{len(own)}")
    for node in nodes:
        if isinstance(node, ast.Name):
            node.id = own.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg, node.annotation = own[node.arg], None
        elif isinstance(node, ast.keyword) and node.arg:
            node.arg = own.get(node.arg, node.arg)
        elif isinstance(node, ast.alias) and node.asname:
            node.asname = own[node.asname]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.name = own[node.name]
            if isinstance(node, ast.FunctionDef):
                node.returns = None
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]


def format_pairs(pairs: Iterable[Pair]) -> str:
    """The pairs as CSV."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["assignment", "student", "other student", "equal answers", "which"])
    for pair in pairs:
        names = [no_formula(name) for name in (pair.student, pair.other)]
        writer.writerow([pair.assignment, *names, len(pair.equal), ", ".join(pair.equal)])
    return BOM + out.getvalue()


def write_answers(graded: Iterable[tuple[Submission, Record]], folder: TeacherFolder) -> list[Path]:
    """Write the answers in code of each submission as a file, and what was released as a stub; returns the folders.

    Raises:
        Refused: there is none.
    """
    written: dict[str, Path] = {}
    for submission, record in graded:
        assignment = load_assignments()[submission.assignment]
        place = written.setdefault(assignment.name, folder.answers / assignment.name)
        sources = [record.answers[name] for name in assignment.checked if name in record.answers]
        write(place / f"{submission.student}.py", "\n\n\n".join(sources) + "\n")
        stub = "\n\n\n".join(_released(assignment, name) for name in assignment.checked) + "\n"
        write(folder.answers / "stub" / assignment.name / "stub.py", stub)
    if not written:
        raise Refused(f"Nothing was graded in {folder.root}: run `vae-grade run` first.")
    return list(written.values())
