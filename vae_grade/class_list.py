"""The students of a class, from a list of Moodle, Canvas or nbgrader: who has not handed in, who is not on it."""

import csv
import io
import re
import sqlite3
import unicodedata
from collections.abc import Iterable
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from vae_grade.assignments import Refused
from vae_grade.folder import TeacherFolder
from vae_grade.formats import decode
from vae_grade.hand_in import HandIn, read_hand_in
from vae_grade.platforms import NAMELESS
from vae_lib.files import write

# What columns are called, in the languages of the learning platforms' exports that we know; of all others, say so.
COLUMNS = {
    "first": r"first ?name|first_name|vorname|nombre|prénom|nome|voornaam",
    "last": r"last ?name|last_name|surname|family name|nachname|apellido(s|\(s\))?|nom( de famille)?|sobrenome|cognome",
    "name": r"student|full ?name|name|display name|vollständiger name|nombre completo|nom complet|nome completo",
    "number": r"id|id ?number|identifier|number|student ?id|sis user id|matrikelnummer|username|login|sid",
    "login": r"sis login id|user ?name|login ?id|github[ _]username|orgdefinedid",
    "email": r"e-?mail( ?address)?|e-mail-adresse|adresse de courriel|(correo|dirección de correo)( electrónico)?"
    r"|endereço de e-?mail|indirizzo e-?mail",
}
FEW = 10  # times as many who have not handed in: then those who have are named
NO_STUDENT = re.compile(r"\s*(points possible|student, test|test student)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Member:
    """A student of the class: the name as the list has it, and what else it says, "" where it does not."""

    name: str
    number: str = ""
    login: str = ""
    email: str = ""


@dataclass(frozen=True)
class Attendance:
    """Who handed in.

    Attributes:
        missing, present: the names on the list without a hand-in and with one, by assignment.
        absent: those without any.
        names: the list's name of each student, by folder.
        strangers: the folders of who is not on the list.
    """

    missing: dict[str, list[str]]
    present: dict[str, list[str]]
    absent: list[str]
    names: dict[str, str]
    strangers: list[str]

    def name_fewer(self, assignment: str) -> tuple[str, list[str]]:
        """Who of the list has not handed in, or where hardly anybody has, who has: a title, and names."""
        missing, present = self.missing.get(assignment, []), self.present.get(assignment, [])
        total = len(missing) + len(present)
        if FEW * len(present) < len(missing):
            return f"{len(present)} of {total} on the class list have handed in", present or ["nobody"]
        return f"{len(missing)} of {total} on the class list have not handed in", missing


def read_list(path: Path) -> list[Member]:
    """The students in a CSV, as a platform exports it, or in nbgrader's `gradebook.db`.

    Raises:
        Refused: there is none, or it names nobody.
    """
    if not path.is_file():
        raise Refused(f"There is no class list {path}: give the CSV of your platform, or nbgrader's gradebook.db.")
    members = _read_gradebook(path) if path.suffix == ".db" else _parse(decode(path.read_bytes())[0])
    if not members:
        raise Refused(
            f"{path} names nobody: it needs a line of titles, with Name, Student or Email address among them."
        )
    return members


def _read_gradebook(path: Path) -> list[Member]:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT id, first_name, last_name, email FROM student").fetchall()
    except sqlite3.Error as error:
        raise Refused(f"{path} is no gradebook of nbgrader, or is locked ({error}).") from None
    return [Member(" ".join(filter(None, row[1:3])) or row[0], row[0], "", row[3] or "") for row in rows]


def _parse(text: str) -> list[Member]:
    lines = text.lstrip("\ufeff").splitlines()
    signs = {sign: lines[0].count(sign) for sign in ",;\t"} if lines else {",": 0}
    rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=max(signs, key=lambda sign: signs[sign])))
    titles = [title.strip().lower() for title in rows[0]] if rows else []
    columns = {
        name: next((i for i, title in enumerate(titles) if re.fullmatch(pattern, title)), -1)
        for name, pattern in COLUMNS.items()
    }
    members = []
    for row in rows[1:]:
        cell = {name: row[i].strip() if 0 <= i < len(row) else "" for name, i in columns.items()}
        name = cell["name"] or f"{cell['first']} {cell['last']}".strip() or cell["email"] or cell["number"]
        if name and not NO_STUDENT.fullmatch(name):
            number = re.sub(r"^\D+ (?=\d+$)", "", cell["number"])  # Moodle's worksheet has "Participant 4711"
            members.append(Member(name, number, cell["login"], cell["email"]))
    return members


def keep_list(folder: TeacherFolder, members: list[Member]) -> None:
    """Keep the list in the teacher's folder, for the report."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([field.name for field in fields(Member)])
    writer.writerows(astuple(member) for member in members)
    write(folder.class_list, out.getvalue())


def read_kept_list(folder: TeacherFolder) -> list[Member]:
    """The list that was kept; empty if the teacher gave none."""
    if not folder.class_list.exists():
        return []
    rows = list(csv.DictReader(io.StringIO(folder.class_list.read_text(encoding="utf-8"))))
    return [Member(**row) for row in rows]


def read_attendance(
    folder: TeacherFolder, members: list[Member], groups: Iterable[tuple[str, str, HandIn]] = ()
) -> Attendance:
    """Compare the list with what was collected. Hand-ins without names cannot be compared and are left out.

    Args:
        folder: of the class.
        members: the list.
        groups: (assignment, student's folder, hand-in) of each member of a group for whom another handed in.
    """
    by_assignment = _read_hand_ins(folder)
    for assignment, student, hand_in in groups:
        by_assignment.setdefault(assignment, {})[student] = hand_in
    pairs = {assignment: match_members(members, each) for assignment, each in by_assignment.items()}
    names = {student: members[i].name for each in pairs.values() for i, student in each.items()}
    here = {i for each in pairs.values() for i in each}
    return Attendance(
        {name: [one.name for i, one in enumerate(members) if i not in each] for name, each in pairs.items()},
        {name: [members[i].name for i in sorted(each)] for name, each in pairs.items()},
        [one.name for i, one in enumerate(members) if i not in here],
        names,
        sorted({student for each in by_assignment.values() for student in each} - names.keys()),
    )


def _read_hand_ins(folder: TeacherFolder) -> dict[str, dict[str, HandIn]]:
    """The hand-ins that have names, by assignment and student's folder."""
    by_assignment: dict[str, dict[str, HandIn]] = {}
    for path in sorted(folder.collected.glob("*/*/*.ipynb")):
        hand_in = read_hand_in(path) or HandIn("folder", path.parts[-3], "", path.parts[-3])
        if path.stem == path.parts[-2] and hand_in.platform not in NAMELESS:
            by_assignment.setdefault(path.stem, {})[path.parts[-3]] = hand_in
    return by_assignment


def take_off_list(folder: TeacherFolder, student: str) -> None:
    """Take a student off the list that is kept, where a hand-in says which line is theirs."""
    members, theirs = read_kept_list(folder), set[int]()
    for hand_ins in _read_hand_ins(folder).values():
        theirs |= {i for i, one in match_members(members, hand_ins).items() if one == student}
    if theirs:
        keep_list(folder, [member for i, member in enumerate(members) if i not in theirs])


def match_members(members: list[Member], hand_ins: dict[str, HandIn]) -> dict[int, str]:
    """Whose folder is whose: {place in the list: student's folder}. A number or login decides before a name does."""
    left, pairs = dict(hand_ins), dict[int, str]()
    ways = ((_numbers, _hand_in_numbers), (_names, _hand_in_names), (_numbers, _moodle_number))
    for keys_of_member, keys_of_hand_in in ways:
        found: dict[str, list[str]] = {}
        for student, hand_in in left.items():
            for key in keys_of_hand_in(student, hand_in):
                found.setdefault(key, []).append(student)
        for i, member in enumerate(members):
            students = [s for key in keys_of_member(member) for s in found.get(key, []) if s in left]
            if i not in pairs and students:
                pairs[i] = students[0]
                del left[students[0]]
    return pairs


def _numbers(member: Member) -> Iterable[str]:
    mail = [member.email, member.email.partition("@")[0]] if member.email else []
    return {_squash(text) for text in (member.number, member.login, *mail)} - {""}


def _hand_in_numbers(student: str, hand_in: HandIn) -> Iterable[str]:
    number = hand_in.number if hand_in.platform != "moodle" else ""
    return {_squash(text) for text in (number, hand_in.name, student)} - {""}


def _moodle_number(student: str, hand_in: HandIn) -> Iterable[str]:
    # It is in Moodle's grading worksheet, but may be another student's in a list of another kind: so it comes last.
    return {hand_in.number} - {""} if hand_in.platform == "moodle" else set()


def _names(member: Member) -> Iterable[str]:
    last, _, first = member.name.partition(",")
    return {_squash(member.name), _squash(f"{first} {last}")} - {""}


def _hand_in_names(student: str, hand_in: HandIn) -> Iterable[str]:
    last, _, first = hand_in.name.partition(",")
    return {_squash(hand_in.name), _squash(f"{first} {last}"), _squash(student)} - {""}


def _squash(text: str) -> str:
    """Letters and digits alone, without accents and capitals: Canvas writes "lovelaceada" for "Lovelace, Ada"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if unicodedata.category(sign)[0] in "LN")
