"""Back into Canvas: its gradebook as CSV, and a zip of feedback files for *upload submissions*.

Canvas finds a student by the column ID, the number in the names of its files, and an assignment by its title; a title
that it does not know it offers as a new assignment. It gives a file back by the first two numbers in its name, between
`_`: the student's, and that of the file which was handed in. So feedback has the name that Canvas gave to the hand-in.
The number of what a group handed in is that of one of its members.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from vae_grade.assignments import Refused, load_assignments
from vae_grade.folder import TeacherFolder
from vae_grade.results import Exported, Recipient, Result, warn_of_waiting
from vae_grade.sheets import Sheet, no_formula
from vae_lib.files import write

POINTS_POSSIBLE = "Points Possible"
ID = re.compile(r" *[(][0-9]+[)]$")  # Canvas's own of an assignment, after its title
FIXED = ["Student", "ID", "SIS Login ID", "Section"]


def export_to_canvas(folder: TeacherFolder, recipients: list[Recipient], gradebooks: Sequence[Path]) -> Exported:
    """Fill in the teacher's export of the gradebook, or make one, and write a zip of feedback for each assignment.

    Raises:
        Refused: an export is none.
    """
    exported = Exported()
    for path in gradebooks:
        exported.paths.append(folder.canvas / path.name)
        write(exported.paths[-1], _fill(path, recipients, exported))
    if not gradebooks:
        exported.paths.append(folder.canvas / "gradebook.csv")
        write(exported.paths[-1], _make(recipients, exported))
    zips: dict[str, dict[str, bytes]] = {}
    for result in dict.fromkeys(one.result for one in recipients if one.result.came_by("canvas")):
        page = folder.feedback_page(result.student, result.assignment)
        assert result.hand_in
        if page.exists():
            name = PurePosixPath(result.hand_in.original).with_suffix(".html").name
            zips.setdefault(result.assignment, {})[name] = page.read_bytes()
    exported.write_zips(folder.canvas, zips)
    if not zips:
        exported.notes.append("No hand-in has a name of Canvas's: collect the zip as Canvas gives it.")
    return exported


def _marks(recipients: list[Recipient]) -> dict[tuple[str, str], str]:
    """The marks to give, by assignment and Canvas's number, or by name where that is not known and nobody shares it."""
    keys = [(one.result, _key(one)) for one in recipients]
    often = Counter(key for _, key in keys)
    keys = [(result, key) for result, key in keys if key[1] == _sender(result) or often[key] == 1]
    keys += [(result, (result.assignment, _sender(result))) for result, _ in keys if _sender(result)]
    return {key: f"{result.total:g}" for result, key in keys if result.total is not None}


def _key(one: Recipient) -> tuple[str, str]:
    return one.result.assignment, _number(one) or one.name


def _number(one: Recipient) -> str:
    return one.number if one.result.came_by("canvas") else ""


def _sender(result: Result) -> str:
    """Canvas's number of who handed it in, for a group one of its members."""
    return result.hand_in.number if result.hand_in and result.came_by("canvas") else ""


def _spellings(name: str) -> set[str]:
    """A name as a row of the gradebook has it, "Lovelace, Ada", and as it is said."""
    last, _, first = name.partition(", ")
    return {name, f"{first} {last}".strip()}


def _make(recipients: list[Recipient], exported: Exported) -> bytes:
    """The least that Canvas reads: a row for each student whose number is known, a column for each assignment."""
    marks = _marks(recipients)
    exported.notes += warn_of_waiting("gradebook.csv", [one for one in recipients if _number(one)])
    people = {_sender(one.result): one.result.name for one in recipients if _sender(one.result)}
    people |= {_number(one): one.name for one in recipients if _number(one)}
    names = sorted({one.result.assignment for one in recipients})
    unknown = sorted({one.name for one in recipients} - set(people.values()))
    if unknown:
        exported.notes.append(f"Canvas's number of {', '.join(unknown)} is not known: give its gradebook, too.")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*FIXED, *names])
    writer.writerow([f"    {POINTS_POSSIBLE}", "", "", "", *(f"{load_assignments()[name].full:g}" for name in names)])
    for number, name in sorted(people.items(), key=lambda person: person[1]):
        writer.writerow([no_formula(name), number, "", "", *(marks.get((one, number), "") for one in names)])
    return out.getvalue().encode()


def _fill(path: Path, recipients: list[Recipient], exported: Exported) -> bytes:
    """The teacher's export with the marks in it; an assignment that has no column there is named."""
    sheet = Sheet(path)
    rows = sheet.rows
    if "ID" not in rows[0] or not any("Section" in cell for cell in rows[0]):
        raise Refused(f"{path} is no gradebook of Canvas's: its first line must have ID and Section. Export it again.")
    marks, identifier = _marks(recipients), rows[0].index("ID")
    often = Counter(name for cells in rows[1:] for name in _spellings(cells[0]))
    comma = sheet.delimiter == ";"
    written = set()
    for name in sorted({one.result.assignment for one in recipients}):
        column = _find_column(rows[0], name)
        if column is None and (column := _find_by_number(rows[0], name)) is not None:
            exported.notes.append(f"{path.name}: {name} went by its number into {rows[0][column]!r}: is that right?")
        if column is None:
            there = ", ".join(cell for cell in rows[0] if ID.search(cell)) or "none"
            exported.notes.append(
                f"{path.name} has no column for {name}, so its marks are not in it. The columns of assignments are: "
                f"{there}. Call the assignment {name} in Canvas, export the gradebook again, and give that."
            )
            marks = {key: mark for key, mark in marks.items() if key[0] != name}
            continue
        for row, cells in enumerate(rows[1:], 1):
            if POINTS_POSSIBLE in cells[0]:
                possible = cells[column] if column < len(cells) else ""
                if not possible.strip():
                    sheet.put(row, column, f"{load_assignments()[name].full:g}")
                continue
            keys = [cells[identifier]] if identifier < len(cells) else []
            keys += [spelling for spelling in _spellings(cells[0]) if often[spelling] == 1]
            found = [(name, key) for key in keys if key and (name, key) in marks]
            if found:
                sheet.put(row, column, marks[found[0]].replace(".", ",") if comma else marks[found[0]])
                written |= {*found}
    absent = sorted({f"{key}, {name}" for name, key in marks.keys() - written})
    if absent:
        exported.notes.append(f"{path.name} has no row, or rows of one name, for: {'; '.join(absent)}.")
    exported.notes += warn_of_waiting(path.name, [one for one in recipients if _key(one) in written])
    return sheet.to_bytes()


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.replace("_", " ").casefold()))


def _find_column(headings: list[str], assignment: str) -> int | None:
    """The column of an assignment: the only one whose title holds its name or its notebook's title, numbers or not."""
    columns = [f" {_words(re.sub(r'[ ]*[(][0-9]+[)]$', '', heading))} " for heading in headings]
    name, title = _words(assignment), _words(load_assignments()[assignment].title)
    for words in (name, title, name.partition(" ")[2], title.split(" ", 2)[2]):
        found = [column for column, heading in enumerate(columns) if f" {words} " in heading]
        if len(found) == 1:
            return found[0]
    return None


def _find_by_number(headings: list[str], assignment: str) -> int | None:
    """The only column that is called assignment 4, homework 04 or the like, whatever else its title says."""
    number = int(assignment.partition("_")[0])
    called = re.compile(rf"\b(assignment|homework|exercise|hw|übung|aufgabe) ?0*{number}\b")
    found = [column for column, heading in enumerate(headings) if called.search(_words(ID.sub("", heading)))]
    return found[0] if len(found) == 1 else None
