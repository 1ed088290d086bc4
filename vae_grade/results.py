"""What became of each submission, in one place: its record, its marks, how the platform knows it, who gets it back."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vae_grade.assignments import Refused
from vae_grade.folder import TeacherFolder
from vae_grade.gradebook import open_gradebook
from vae_grade.hand_in import HandIn, read_hand_in
from vae_grade.late import apply_penalties
from vae_grade.marks import Marks, read_marks
from vae_grade.records import Record, State, Submission, read_records
from vae_grade.release import pack
from vae_grade.students import make_safe
from vae_lib.files import write


@dataclass(frozen=True, eq=False)
class Result:
    """A graded submission; the hand-in is None where nothing is known of it."""

    submission: Submission
    record: Record
    marks: Marks
    hand_in: HandIn | None = None

    @property
    def student(self) -> str:
        """The student's name in the teacher's folder, which no other has."""
        return self.submission.student

    @property
    def assignment(self) -> str:
        """The name of the assignment."""
        return self.submission.assignment

    @property
    def name(self) -> str:
        """The student's name as the platform writes it."""
        return self.hand_in.name if self.hand_in and self.hand_in.name else self.student

    def came_by(self, platform: str) -> bool:
        """Whether it was handed in on a platform, "moodle" say, blind or not."""
        return bool(self.hand_in and self.hand_in.platform.startswith(platform))

    @property
    def total(self) -> float | None:
        """The points that count; None where there is no mark to give, which is not the same as 0."""
        return None if self.record.state is State.UNREADABLE or self.lacking else self.marks.total

    @property
    def lacking(self) -> list[str]:
        """The grade ids of the exercises that could not run here and that nobody has marked by hand."""
        cells = [f"test-{name}" for name, one in self.record.exercises.items() if one.lacks]
        return [cell for cell in cells if cell not in self.marks.by_hand]

    @property
    def waiting(self) -> list[str]:
        """The grade ids of the cells that wait to be marked by hand."""
        return self.marks.waiting + self.lacking

    @property
    def next_step(self) -> str:
        """What the teacher does next, "" if nothing."""
        settled = self.record.state is State.COULD_NOT_RUN and not self.lacking
        return "" if settled else self.record.next_step_of(self.student)

    @property
    def points(self) -> dict[str, float | None]:
        """The points of each graded cell, None where there are none to give: not the same as 0, either."""
        if self.record.state is State.UNREADABLE:
            return dict.fromkeys(self.marks.points)
        return {cell: None if cell in self.lacking else points for cell, points in self.marks.points.items()}

    @property
    def marks_so_far(self) -> Marks:
        """The marks, in which all waits that has no points to give."""
        return replace(self.marks, waiting=[cell for cell, points in self.points.items() if points is None])

    @property
    def lateness(self) -> str:
        """How late it came, "" if in time or unknown: by the due date in the gradebook, else as the platform said."""
        if self.marks.seconds_late:
            minutes = max(1, round(self.marks.seconds_late / 60))
            days, hours = divmod(minutes // 60, 24)
            words = f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
            return f"late by {words}" + (f", {-self.marks.penalty:g} points" if self.marks.penalty else "")
        return "late" if self.hand_in and self.hand_in.late else ""


@dataclass(frozen=True, eq=False)
class Recipient:
    """Who gets a result.

    Attributes:
        student: the name in the teacher's folder, which no other has.
        name: as the platform writes it.
        number: the platform's, "" where it is not known.
        result: of what they handed in, or their group did.
    """

    student: str
    name: str
    number: str
    result: Result


@dataclass
class Exported:
    """The files that were written for a platform, and sentences on what the teacher should know."""

    paths: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def write_zips(self, folder: Path, pages: Mapping[str, dict[str, bytes]]) -> None:
        """Write a zip of feedback into a folder for each assignment, of pages by the name that the platform wants."""
        for assignment, files in pages.items():
            self.paths.append(folder / f"{assignment}_feedback.zip")
            write(self.paths[-1], pack(files))


def read_results(folder: TeacherFolder, url: str) -> list[Result]:
    """All that was graded.

    Raises:
        Refused: nothing was.
    """
    graded = read_records(folder)
    if not graded:
        raise Refused(f"Nothing was graded in {folder.root}: run `vae-grade run` first.")
    with open_gradebook(url) as gradebook:
        apply_penalties(gradebook, folder)
        marks = read_marks(gradebook)
    return [
        Result(one, record, marks.get((one.student, one.assignment), Marks()), read_hand_in(one.path))
        for one, record in graded
    ]


def name_waiting(results: Iterable[Result]) -> dict[tuple[str, str], list[str]]:
    """Whose answers wait to be marked by hand, by assignment and grade id: words that nobody has read yet, mostly."""
    waiting: dict[tuple[str, str], list[str]] = {}
    for result in sorted(results, key=lambda one: (one.assignment, one.student)):
        for cell in result.marks.waiting:
            waiting.setdefault((result.assignment, cell), []).append(result.student)
    return waiting


def warn_of_waiting(name: str, recipients: Iterable[Recipient]) -> list[str]:
    """A sentence on the marks in a file to upload that are not whole yet; or none."""
    people = sorted({one.student for one in recipients if one.result.marks.waiting and one.result.total is not None})
    if not people:
        return []
    return [
        f"{name}: not yet whole are the marks of {shorten(people)}, for you have not yet read all of their words. Mark "
        "these, and run report again before you upload."
    ]


def shorten(names: Sequence[str], most: int = 10) -> str:
    """The first of many names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def read_groups(path: Path) -> dict[str, list[str]]:
    """The members of each group, from a CSV file: a group's name, or whoever handed in for it, then one member or more.

    A group may have several rows. A first row that begins with "group" is a heading.

    Raises:
        Refused: there is no such file, or it is no such table.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"The groups cannot be read from {path} ({error}).") from None
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    groups: dict[str, list[str]] = {}
    for number, row in enumerate(csv.reader(text.splitlines(), delimiter=delimiter)):
        cells = [cell.strip() for cell in row if cell.strip()]
        if not cells or (number == 0 and cells[0].casefold() in ("group", "group name")):
            continue
        if len(cells) == 1:
            raise Refused(f"Line {number + 1} of {path} names nobody beside {cells[0]}: write GROUP,MEMBER in it.")
        groups.setdefault(cells[0], []).extend(cells[1:])
    return groups


def find_recipients(results: Iterable[Result], groups: Mapping[str, list[str]]) -> list[Recipient]:
    """Who gets each result: whoever handed in, and each member of the group; a group's name itself gets none.

    A group is known by its name, or by that of whoever handed in for it, as the platform or the folder writes it.
    """
    recipients = []
    for result in results:
        number = result.hand_in.number if result.hand_in else ""
        members = next((groups[name] for name in (result.name, result.student) if name in groups), [])
        for name in dict.fromkeys(members):
            own = name in (result.name, result.student)
            student = result.student if own else make_safe(name)
            recipients.append(Recipient(student, name, number if own else "", result))
        if not members:
            recipients.append(Recipient(result.student, result.name, number, result))
    return recipients
