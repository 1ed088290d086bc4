"""Learning platforms: how each names what a student handed in. To add one, add a line to the table and a test.

A pattern is matched with a path below the download's outer folders, in which an archive of a student is one file. Its
groups are `student`, the name; `number`, the platform's for the student; `time`, `late`, `attempt`; and `file`, what
the student called it. What platforms add of their own is below it.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import NamedTuple

from vae_grade.hand_in import HandIn

PARTICIPANT = (
    "Participant|Participante|Teilnehmer[^_/]*|Partecipante|Deelnemer|Deltagare|Deltaker|Deltager|Uczestnik|Участник"
)
MOODLE = r"_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)_?/?(?P<file>.+)"
# In this order; `ASSIGNMENT` is any name of an assignment of ours, however its words are joined.
TABLE = {
    "moodle blind": rf"(?P<student>(?:[^_/]+-)?(?:{PARTICIPANT})){MOODLE}",
    "moodle": rf"(?P<student>[^/]+?){MOODLE}",
    "canvas anonymous": r"(?P<late_first>LATE_)?anon(?P<late>_LATE)?_(?P<number>[A-Za-z0-9]{5})(?P<later>_LATE)?"
    r"_\d+_(?P<file>[^/]+)",
    # The name of a group may end with a number that is not the student's: group_2_5012_90001_x.ipynb
    "canvas": r"(?P<student>[^_/]+|\w+?)(?P<late>_LATE)?_(?P<number>\d+)(?P<later>_LATE)?_\d+_"
    r"(?P<file>(?!\d+_(?:ASSIGNMENT))[^/]+)",
    "blackboard": r"(?:[^/]*_)?(?P<student>[^_/]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>[^/]+)|\.txt)",
    "brightspace": r"(?P<number>\d+)-\d+ - (?P<student>[^/]+) - "
    r"(?P<time>\w[\w ,]*?\d{1,2}[_.]?\d\d(?: [AP]M)?)(?: - |/)(?P<file>.+)",
    "sakai": r"(?P<student>[^/]+, [^/]+)\((?P<number>[^()/]+)\)/(?:Submission attachment\(s\)/)?(?P<file>.+)",
    "gradescope": r"submission_(?P<number>\d+)/(?P<file>.+)",
    "teams": r"(?P<student>[^/]+)/[^/]+/Version (?P<attempt>\d+)/(?P<file>.+)",
    "ilias": r"(?P<student>[^_/]+_[^_/]+)_(?P<number>[^/]+)/(?:[^/]+/)?(?P<time>\d{14})_(?P<file>[^/]+)",
    "nbgrader": r"(?P<student>[^+/]+)\+[^+/]+\+(?P<time>[^+/]+)(?:\+[^/]*)?/(?P<file>.+)",
    "github classroom": r"(?:ASSIGNMENT)-(?!submissions\b)(?P<student>[^/]+?)(?:-main|-master)?(?:/(?P<file>.+)|\.zip)",
    "google classroom": r"(?P<student>[^/]+?) - (?P<file>[^/]*(?:ASSIGNMENT)[^/]*)",
}
# Platforms whose number is the student's for good; a Moodle number is another in each assignment.
LASTING = {"canvas", "brightspace", "sakai", "ilias"}
NAMELESS = {"moodle blind", "canvas anonymous"}  # two hand-ins for two assignments are never known to be one person's
MIXED = {
    "folder",
    "pattern",
    "teams",
    "nbgrader",
}  # here a download may be of several assignments, of all others of one
# The platforms' own files beside a student's, and beside all students'.
OWN_BESIDE = re.compile(
    r"submission_secret\.txt|comments\.txt|feedbackText\.html|[^/]*_submissionText\.html|[^/]*_attempt_[\d-]{19}\.txt"
)
OWN_FILES = re.compile(rf"{OWN_BESIDE.pattern}|timestamp\.txt|submission_metadata\.yml|grades\.(csv|xls)|index\.html")
TIMES = (
    "%Y-%m-%d-%H-%M-%S",
    "%b %d, %Y %I%M %p",
    "%B %d, %Y %I%M %p",
    "%d %B, %Y %I%M %p",
    "%d %b, %Y %I%M %p",
    "%b %d, %Y %H%M",
    "%B %d, %Y %H%M",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M%S%f",
    "%Y-%m-%d %H:%M:%S.%f UTC",
    "%Y-%m-%d %H:%M:%S UTC",
)


class Sender(NamedTuple):
    """Who handed a file in, as the platform's names say, and where the file lay for the student."""

    hand_in: HandIn
    inside: PurePosixPath


def compile_table(assignments: Iterable[str]) -> dict[str, re.Pattern[str]]:
    """The patterns, with the names of our assignments in them."""
    words = join_names(assignments)
    return {name: re.compile(pattern.replace("ASSIGNMENT", words)) for name, pattern in TABLE.items()}


def join_names(assignments: Iterable[str]) -> str:
    """A pattern that matches any of these names, however their words are joined."""
    return "|".join(re.escape(name).replace("_", "[_ -]") for name in assignments)


def find_sender(path: PurePosixPath, table: dict[str, re.Pattern[str]], start: int = 0) -> Sender | None:
    """Who handed in the file of a path, of whose parts the first `start` are the download's; None if none is said."""
    text = PurePosixPath(*path.parts[start:]).as_posix()
    for platform, pattern in table.items():
        if match := pattern.fullmatch(text):
            return _describe(platform, match, path, start)
    return None


def _describe(platform: str, match: re.Match[str], path: PurePosixPath, start: int) -> Sender:
    groups = {name: value for name, value in match.groupdict().items() if value}
    folders = len(path.parts) - start > 1
    original = path.parts[start] if folders else path.name
    if platform.startswith("moodle") and not folders:  # before Moodle 4.1 files had the folder's name before their own
        original = path.name.removesuffix(groups["file"])
    hand_in = HandIn(
        platform,
        original,
        path.as_posix(),
        groups.get("student", "anon" if platform == "canvas anonymous" else original).strip(),
        groups.get("number", ""),
        _is_late(platform, groups),
        read_time(groups.get("time", "")),
        int(groups.get("attempt", "0")[:9]),
    )
    return Sender(hand_in, PurePosixPath(groups.get("file", path.name)))


def _is_late(platform: str, groups: dict[str, str]) -> bool | None:
    said = any(name.startswith("late") for name in groups)
    return said if said or platform.startswith("canvas") else None


def read_time(text: str) -> datetime | None:
    """The time that a platform wrote, with a zone only where it names UTC; None if it is none that we know."""
    text = re.sub(r"(?<=\d)[_.](?=\d\d(?: [AP]M)?$)", "", text.strip())  # of 12_00, which some systems write for 1200
    for form in TIMES:
        try:
            time = datetime.strptime(text, form)
        except ValueError:
            continue
        return time.replace(tzinfo=UTC) if form.endswith("UTC") else time
    return None
