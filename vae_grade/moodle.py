"""Back into Moodle: a zip for *upload multiple feedback files*, and its own grading worksheet filled in.

Moodle passes over what it does not know without a word, so its rules are kept to the letter. It splits the name of a
folder at `_` and wants the participant's number second, then `assignsubmission` and `file`; the number is another in
each assignment. A worksheet's row is known by the number at the end of its identifier; its headings are translated.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from vae_grade.assignments import Refused, load_assignments
from vae_grade.folder import TeacherFolder
from vae_grade.results import Exported, Recipient, Result, warn_of_waiting
from vae_grade.sheets import Sheet
from vae_lib.files import write

NUMBER = re.compile(r"(\d+)\s*$")
# How a worksheet says by how long a hand-in is late, in the languages below.
LATE = re.compile(
    r"\b(late|verspät\w*|verspaetet|en retard|tarde|de retraso|atras\w+|in ritardo|te laat|försen\w*|spóźni\w*)\b",
    re.IGNORECASE,
)
AMOUNT = re.compile(r"\d+([.,]\d+)?")
# The heading of the grade, where its place does not say it.
GRADE = (
    "grade",
    "bewertung",
    "note",
    "calificación",
    "nota",
    "avaliação",
    "valutazione",
    "cijfer",
    "beoordeling",
    "ocena",
)


def export_to_moodle(folder: TeacherFolder, recipients: list[Recipient], worksheets: Iterable[Path]) -> Exported:
    """Fill in the worksheets, and write a zip of feedback for each assignment that came from Moodle.

    Raises:
        Refused: a worksheet is none, or of another class.
    """
    exported, found = Exported(), dict[Recipient, str]()
    for path in worksheets:
        found |= _fill(path, recipients, folder, exported)
    zips: dict[str, dict[str, bytes]] = {}
    for one in recipients:
        page = folder.feedback_page(one.result.student, one.result.assignment)
        number = found.get(one) or (one.number if one.result.came_by("moodle") else "")
        if number and page.exists():
            zips.setdefault(one.result.assignment, {})[f"{_home(one, number)}/{page.name}"] = page.read_bytes()
        elif one.result.came_by("moodle"):
            exported.notes.append(
                f"{one.student}, {one.result.assignment}: not in the zip, as their number is not known."
            )
    exported.write_zips(folder.moodle, zips)
    if not zips:
        exported.notes.append("No hand-in has a number of Moodle's: collect the zip as Moodle gives it.")
    return exported


def _home(one: Recipient, number: str) -> str:
    """The folder of a page in the zip: the platform's own where it is theirs; before Moodle 4.1 it ended with `_`."""
    original = one.result.hand_in.original if one.result.hand_in else ""
    if re.fullmatch(f"[^_]*_{number}_assignsubmission_file_?", original):
        return original
    return f"{re.sub('[_/]', ' ', one.name)}_{number}_assignsubmission_file_"


def find_late(recipients: list[Recipient], worksheets: Iterable[Path]) -> list[Result]:
    """What came late, as the worksheets say in a cell before the grade: "Submitted - 2 hours late".

    Raises:
        Refused: a worksheet is none, or of another class.
    """
    late = []
    for path in worksheets:
        sheet = _read(path, recipients)
        for row, one in sheet.owners.items():
            cells = sheet.table.rows[row][: sheet.grade]
            if any(LATE.search(cell) and "@" not in cell and re.search(r"\d", cell) for cell in cells):
                late.append(one.result)
    return late


class _Worksheet(NamedTuple):
    """A worksheet: its table and assignment, the column of the grade, and by row each number, and each recipient."""

    table: Sheet
    assignment: str
    grade: int
    numbers: dict[int, str]
    owners: dict[int, Recipient]


def _read(path: Path, recipients: list[Recipient]) -> _Worksheet:
    sheet = Sheet(path)
    rows = sheet.rows
    assignment, column = _identify(path, rows, recipients)
    numbers = {row: match[1] for row, cells in enumerate(rows) if (match := NUMBER.search(_cell(cells, column)))}
    mine = [one for one in recipients if one.result.assignment == assignment]
    by_number = {one.number: one for one in mine if one.result.came_by("moodle") and one.number}
    names = Counter(one.name for one in mine if one not in by_number.values())
    by_name = {one.name: one for one in mine if names[one.name] == 1 and one not in by_number.values()}
    owners: dict[int, Recipient] = {}
    for row, number in numbers.items():
        one = by_number.get(number) or next((by_name[cell] for cell in rows[row] if cell in by_name), None)
        if one and one not in owners.values():
            owners[row] = one
    return _Worksheet(sheet, assignment, _find_grade(path, rows, list(numbers)), numbers, owners)


def _fill(path: Path, recipients: list[Recipient], folder: TeacherFolder, exported: Exported) -> dict[Recipient, str]:
    """Write the marks of one assignment into its worksheet; returns the number of each recipient that is in it."""
    sheet, assignment, grade, numbers, owners = _read(path, recipients)
    most = _cell(sheet.rows[next(iter(numbers))], grade + 1)
    for row, one in owners.items():
        if one.result.total is not None:
            sheet.put(row, grade, f"{one.result.total:g}".replace(".", "," if "," in most else "."))
    exported.paths.append(folder.moodle / path.name)
    write(exported.paths[-1], sheet.to_bytes())
    found = {one: numbers[row] for row, one in owners.items()}
    mine = [one for one in recipients if one.result.assignment == assignment]
    exported.notes += _notes(path, assignment, mine, found, most) + warn_of_waiting(path.name, found)
    return found


def _cell(cells: Sequence[str], column: int) -> str:
    return cells[column] if column < len(cells) else ""


def _identify(path: Path, rows: list[list[str]], recipients: list[Recipient]) -> tuple[str, int]:
    """The assignment that a worksheet is of, and the column of identifiers: by the numbers of who handed in."""
    known = {one.number: one.result.assignment for one in recipients if one.result.came_by("moodle") and one.number}
    seen = Counter(
        (known[match[1]], column)
        for cells in rows[1:]
        for column, cell in enumerate(cells)
        if (match := NUMBER.search(cell)) and match[1] in known
    )
    if not seen:
        raise Refused(
            f"Nobody in {path} handed in anything that was graded here: give the grading worksheet of one of these "
            "assignments, and collect the zip as Moodle gives it."
        )
    return max(seen, key=lambda place: (seen[place], -place[1]))


def _find_grade(path: Path, rows: list[list[str]], people: list[int]) -> int:
    """The column of grades: it stands before one in which each row has the same number, the most that one can get."""
    width = max(len(rows[row]) for row in people)
    columns = [[_cell(rows[row], column).strip() for row in people] for column in range(width)]
    candidates = [
        column
        for column, (cells, after) in enumerate(pairwise(columns))
        if len(set(after)) == 1 and AMOUNT.fullmatch(after[0])
        # A grade that is not given is empty, or a dash.
        if all(AMOUNT.fullmatch(cell) or cell in ("", "-") for cell in cells)
    ]
    headings = [heading.strip().casefold() for heading in rows[0]]
    named = [column for column, heading in enumerate(headings) if heading in GRADE]
    for choice in ([column for column in candidates if column in named], candidates, named):
        if len(choice) == 1:
            return choice[0]
    raise Refused(
        f"It is not clear which column of {path} holds the grades ({', '.join(rows[0])}): set a maximum grade for the "
        "assignment in Moodle, and download the worksheet again."
    )


def _notes(path: Path, assignment: str, mine: list[Recipient], found: dict[Recipient, str], most: str) -> list[str]:
    notes = []
    absent = sorted(one.student for one in mine if one not in found)
    if absent:
        notes.append(f"{path.name}: no row for {', '.join(absent)}, who handed in {assignment}.")
    full = load_assignments()[assignment].full
    if not AMOUNT.fullmatch(most) or float(most.replace(",", ".")) < full:
        notes.append(
            f"{path.name}: {assignment} has {full:g} points, and Moodle's maximum is {most or 'not a number'}. Moodle "
            "passes over higher marks without a word: set the maximum in Moodle, and download the worksheet again."
        )
    return notes
