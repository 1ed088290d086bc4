"""The results as CSV: `report.csv`, a row for each submission, and `marks.csv`, a row for each student."""

import csv
import io
from collections.abc import Iterable

from vae_grade.assignments import load_assignments
from vae_grade.class_list import Attendance
from vae_grade.records import Record
from vae_grade.results import Recipient, Result
from vae_grade.sheets import BOM, no_formula

HEADINGS = ["assignment", "student", "state", "score", "late", "to mark", "points", "what was seen", "next step"]


def format_report(results: Iterable[Result]) -> str:
    """All submissions, those that failed last."""
    rows = []
    for result in sorted(results, key=lambda one: (bool(one.next_step), one.assignment, one.student)):
        record, marks = result.record, result.marks
        each = ", ".join(
            _with_mistake(cell, points, record) for cell, points in result.points.items() if points is not None
        )
        row = [result.assignment, result.student, record.state.value, f"{marks.total:g}", result.lateness]
        waiting = ", ".join(cell.removeprefix("test-") for cell in result.waiting)
        rows.append([*row, waiting, each, record.sentence, result.next_step])
    return _to_csv([HEADINGS, *rows])


def _with_mistake(cell: str, mark: float, record: Record) -> str:
    name = cell.removeprefix("test-")
    exercise = record.exercises.get(name)
    return f"{name} {mark:g}" + (f" ({exercise.mistake})" if exercise and exercise.mistake else "")


def format_marks(recipients: Iterable[Recipient], attendance: Attendance | None = None) -> str:
    """A row for each person: points of each exercise and answer, totals, lateness, states.

    An empty cell is no mark, which is not 0: nothing was handed in, it could not be read, or it waits to be marked. A
    total is without the points for what waits, which have a column.
    With a class list, people have the names that it gives them, and who handed in nothing has a row, too.
    """
    people: dict[tuple[str, str], dict[str, Result]] = {}
    for one in recipients:
        name = attendance.names.get(one.student, one.name) if attendance else one.name
        people.setdefault((name, one.student), {})[one.result.assignment] = one.result
    names = sorted({name for results in people.values() for name in results})
    cells = {name: list(load_assignments()[name].points) for name in names}
    headings = ["name", "student", "total"]
    for name in names:
        headings += [f"{name}: {cell.removeprefix('test-')}" for cell in cells[name]]
        headings += [f"{name}: {word}" for word in ("total", "of", "to mark", "late", "state")]
    rows = []
    absent = [((name, ""), dict[str, Result]()) for name in attendance.absent] if attendance else []
    for (person, student), results in sorted([*people.items(), *absent], key=lambda one: one[0]):
        totals = [result.total for result in results.values() if result.total is not None]
        row = [person, student, f"{sum(totals):g}" if totals else ""]
        for name in names:
            result = results.get(name)
            row += [_number(result.points.get(cell)) if result else "" for cell in cells[name]]
            row += [_number(result.total) if result else "", _number(load_assignments()[name].full)]
            waiting = [load_assignments()[name].points[cell] for cell in result.waiting] if result else []
            row.append(_number(sum(waiting) or None))
            row += [result.lateness if result else "", result.record.state.value if result else "not handed in"]
        rows.append(row)
    return _to_csv([headings, *rows])


def _number(points: float | None) -> str:
    return "" if points is None else f"{points:g}"


def _to_csv(rows: Iterable[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([no_formula(text) for text in row] for row in rows)
    return BOM + out.getvalue()
