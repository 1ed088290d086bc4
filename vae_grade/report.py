"""The result of a run: tables, the teacher's page, the students' feedback, and what goes back to the platform."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vae_grade.canvas import export_to_canvas
from vae_grade.class_list import Attendance, read_attendance, read_kept_list
from vae_grade.copies import find_pairs, format_pairs
from vae_grade.feedback import write_feedback
from vae_grade.folder import TeacherFolder
from vae_grade.groups import take_groups
from vae_grade.hand_in import HandIn, write_hand_in
from vae_grade.moodle import export_to_moodle, find_late
from vae_grade.page import render_page
from vae_grade.records import describe_failures
from vae_grade.results import Recipient, Result, find_recipients, name_waiting, read_results
from vae_grade.rules import read_rules
from vae_grade.tables import format_marks, format_report
from vae_lib.files import write


@dataclass
class Reported:
    """The result of a report.

    Attributes:
        waiting: whose answers wait to be marked by hand, by assignment and grade id.
        paths: what was written.
        notes: sentences on what the teacher should know.
        failures: a line for each submission that still could not be graded as a whole.
    """

    waiting: dict[tuple[str, str], list[str]]
    paths: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def report(
    folder: TeacherFolder,
    *,
    db: str | None = None,
    groups: Path | None = None,
    moodle: Sequence[Path] | None = None,
    canvas: Sequence[Path] | None = None,
) -> Reported:
    """Write the tables, the page and the feedback, and what a platform takes.

    Args:
        folder: of the class.
        db: the URL of the gradebook, else the one in the folder.
        groups: a CSV file of who is in which group, see `read_groups`; it is kept, and counts until another is given.
        moodle: grading worksheets to fill in; with none of them but an empty list, only feedback goes to Moodle.
        canvas: the same with exports of Canvas's gradebook; with an empty list, one is made.

    Raises:
        Refused: nothing was graded, or one of these files is not what it should be.
    """
    results = read_results(folder, db or folder.gradebook_url)
    members, notes = take_groups(folder, groups, results)
    late = find_late(find_recipients(results, members), moodle or [])
    results = [_note_late(one) if one in late else one for one in results]
    recipients = find_recipients(results, members)
    write(folder.report_table, format_report(results))
    pairs = find_pairs((one.submission, one.record) for one in results)
    write(folder.copies_table, format_pairs(pairs))
    attendance = _read_attendance(folder, recipients)
    write(folder.marks_table, format_marks(recipients, attendance))
    write(folder.report_page, render_page(results, pairs, attendance, read_rules(folder).counts.value))
    reported = Reported(name_waiting(results))
    reported.failures += describe_failures((one.submission, one.record) for one in results if one.next_step)
    reported.paths += [folder.report_page, folder.report_table, folder.marks_table, folder.copies_table]
    reported.paths.append(folder.feedback)
    reported.notes += notes
    reported.notes += write_feedback(folder, {one.submission: one.marks_so_far for one in results})
    _give_to_groups(folder, recipients)
    exported = [] if moodle is None else [export_to_moodle(folder, recipients, moodle)]
    exported += [] if canvas is None else [export_to_canvas(folder, recipients, canvas)]
    for platform in exported:
        reported.paths += platform.paths
        reported.notes += platform.notes
    return reported


def _note_late(result: Result) -> Result:
    """The same result, late, as it is kept from now on with what else the platform says."""
    if not result.hand_in:
        return result
    late = replace(result.hand_in, late=True)
    if late != result.hand_in:
        write_hand_in(result.submission.path, late)
    return replace(result, hand_in=late)


def _read_attendance(folder: TeacherFolder, recipients: list[Recipient]) -> Attendance | None:
    """Who handed in, members of groups included; None where the teacher gave no class list."""
    members = read_kept_list(folder)
    others = [one for one in recipients if one.student != one.result.student]
    groups = [(one.result.assignment, one.student, HandIn("group", one.name, "", one.name)) for one in others]
    return read_attendance(folder, members, groups) if members else None


def _give_to_groups(folder: TeacherFolder, recipients: list[Recipient]) -> None:
    """A copy of the page for each member of a group beside the one who handed in."""
    for one in recipients:
        page = folder.feedback_page(one.result.student, one.result.assignment)
        own = folder.feedback_page(one.student, one.result.assignment)
        if own != page and page.exists():
            write(own, page.read_bytes())
