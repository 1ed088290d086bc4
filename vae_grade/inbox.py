"""The files of an inbox, a folder or an archive, before any is read: where the students' own begin, and whose each is.

Outer folders, and archives, that a whole class shares are the download's and are looked through. From a student's own
folder or archive on, names say nothing: whatever lies in it is that student's.
"""

import io
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from vae_grade.archives import LARGEST_UNPACKED, LINK, Closed, Member, is_noise, open_archive
from vae_grade.formats import find_archive
from vae_grade.hand_in import HandIn
from vae_grade.platforms import OWN_FILES, Sender, compile_table, find_sender, join_names

ARCHIVE_ENDING = re.compile(r"(\.(zip|tar|tgz|gz|bz2|xz|rar|7z))+$", re.IGNORECASE)
# Folders that are nobody's name: what platforms call the hand-ins of all, and the folders of this course.
NOBODY = re.compile(
    r"(student ?work|(submitted|working) files|submi(ssions?|tted)|downloads?|hand-?ins?|inbox|collected|abgaben"
    r"|exercises|solutions|notebooks|sources|playground|docs|tests|tools|vae[_-]\w+)( ?\(\d+\))?",
    re.IGNORECASE,
)

# Folders in which a student keeps versions of their own; others with the same work in them may be other students'.
VERSION = re.compile(
    r"v?\d+|.*(old|new|final|backup|copy|draft|version|attempt|try|again|resub|src|work|home|task|exercise).*", re.I
)


@dataclass(frozen=True)
class Entry:
    """A file of the inbox.

    Attributes:
        path: in the inbox; an archive is a folder in it.
        open: opens it for reading; raises `Closed` or OSError.
        fault: why it is not to be read, "" if it is.
        written: when it was written; None in an archive, whose times are those of the download.
        start: how many parts of its path are the download's.
    """

    path: PurePosixPath
    open: Callable[[], IO[bytes]]
    fault: str = ""
    written: datetime | None = None
    start: int = 0

    @property
    def part(self) -> str:
        """The first part of its path that is not the download's."""
        return self.path.parts[self.start]

    @property
    def is_folded(self) -> bool:
        """Whether that part is a folder."""
        return len(self.path.parts) > self.start + 1

    @property
    def is_archive(self) -> bool:
        """Whether it is an archive, by its name or by its first bytes."""
        if ARCHIVE_ENDING.search(self.path.name) or self.fault:
            return bool(ARCHIVE_ENDING.search(self.path.name))
        try:
            with self.open() as file:
                return bool(find_archive(file.read(512), self.path.name))
        except (Closed, OSError):
            return False

    @property
    def may_hold_a_notebook(self) -> bool:
        """Whether it may be, or hold, a notebook, by its name alone."""
        named = ".ipynb" in self.path.name.lower() or ARCHIVE_ENDING.search(self.path.name)
        return bool(named) and not is_noise(self.path) and not OWN_FILES.fullmatch(self.path.name)


class Names:
    """How the names in an inbox are read: by the platforms' table, or by a pattern that the teacher gave."""

    def __init__(self, assignments: Iterable[str], pattern: re.Pattern[str] | None = None) -> None:
        """Read names with these assignments' in mind."""
        assignments = [*assignments]
        self.table, self.pattern = compile_table(assignments), pattern
        self.assignment = re.compile(join_names(assignments), re.IGNORECASE)

    def find_sender(self, entry: Entry) -> Sender | None:
        """Who handed a file in, None where its path does not say."""
        if self.pattern:
            return self._by_pattern(entry)
        for start in range(entry.start, len(entry.path.parts)):
            if sender := find_sender(entry.path, self.table, start):
                return sender
            if not self.is_nobody(entry.path.parts[start]):
                return self._by_folder(entry, start)
        return None

    def is_nobody(self, part: str) -> bool:
        """Whether a folder is no student's: it is called as an assignment is, or as platforms call all hand-ins."""
        return bool(self.assignment.search(part) or NOBODY.fullmatch(ARCHIVE_ENDING.sub("", part)))

    def by_platform(self, entry: Entry) -> Sender | None:
        """Who handed a file in, if its name is a platform's."""
        return find_sender(entry.path, self.table, entry.start)

    def _by_folder(self, entry: Entry, start: int) -> Sender | None:
        part, folded = entry.path.parts[start], len(entry.path.parts) > start + 1
        if not folded and not entry.is_archive:
            return None
        name = part if folded else ARCHIVE_ENDING.sub("", part)
        inside = PurePosixPath(*entry.path.parts[start + folded :])
        return Sender(HandIn("folder", part, entry.path.as_posix(), name), inside)

    def _by_pattern(self, entry: Entry) -> Sender | None:
        path = entry.path.as_posix()
        match = self.pattern.search(path) if self.pattern else None
        if not match or not match["student"]:
            return None
        hand_in = HandIn("pattern", entry.part, path, match["student"], match.groupdict().get("number") or "")
        inside = path[path.find("/", match.end("student")) + 1 :] if "/" in path[match.end("student") :] else path
        return Sender(hand_in, PurePosixPath(PurePosixPath(inside).as_posix()))


def read_inbox(inbox: Path, names: Names, kept_open: ExitStack) -> list[Entry]:
    """All files of an inbox, archives opened only where they are a download and no student's."""
    if inbox.is_dir():
        return _locate(list(_walk(inbox)), names, kept_open)
    whole = Entry(PurePosixPath(inbox.name), partial(_open_file, inbox), written=_time(inbox))
    entries = [replace(e, path=PurePosixPath(*e.path.parts[e.start :]), start=0) for e in _open(whole, kept_open)]
    return _locate(entries, names, kept_open) or [whole]


def _locate(entries: list[Entry], names: Names, kept_open: ExitStack) -> list[Entry]:
    """The entries, with `start` where the students' own names begin; downloads are opened, those in downloads, too."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.part, []).append(entry)
    holders = {name: group for name, group in groups.items() if any(entry.may_hold_a_notebook for entry in group)}
    inner = {name: _look_into(group, names, kept_open) for name, group in holders.items()}
    folders = {name for name, group in groups.items() if group[0].is_folded and not is_noise(group[0].path)}
    alone = len(folders | inner.keys()) == 1
    if not inner or not all(_is_download(name, inside, names, kept_open, alone) for name, inside in inner.items()):
        return entries
    rest = [entry for entry in entries if entry.part not in inner]
    return rest + [entry for inside in inner.values() for entry in _locate(inside, names, kept_open)]


def _look_into(group: list[Entry], names: Names, kept_open: ExitStack) -> list[Entry]:
    """What is in a folder or an archive; nothing for another file, and where a platform's name says whose it is."""
    if any(names.by_platform(entry) for entry in group):
        return []
    if group[0].is_folded:
        return [replace(entry, start=entry.start + 1) for entry in group]
    return _open(group[0], kept_open)


def _open(entry: Entry, kept_open: ExitStack) -> list[Entry]:
    """The files in an archive; none if it cannot be opened, which is said when it is a student's turn."""
    if not entry.is_archive or entry.fault:
        return []
    try:
        members = open_archive(kept_open.enter_context(entry.open()), entry.path.name)
        compressed = len(members) == 1 and not members[0].fault and find_archive(members[0].read(), "") == "tar"
    except (Closed, OSError):
        return []
    entries = [
        Entry(entry.path / member.path, partial(_open_member, member), member.fault, start=entry.start + 1)
        for member in members
    ]
    return _open(entries[0], kept_open) if compressed else entries


def _open_file(path: Path) -> IO[bytes]:
    return path.open("rb")


def _open_member(member: Member) -> IO[bytes]:
    return io.BytesIO(member.read())


def _is_download(name: str, inside: list[Entry], names: Names, kept_open: ExitStack, alone: bool) -> bool:
    """Whether a folder or archive is a whole class's: a platform's names are in it, or more than one student's.

    Beside others, one in which students have names of no platform is a student's, if it is not called as an assignment.
    """
    notebooks = [entry for entry in inside if entry.may_hold_a_notebook]
    senders = [names.by_platform(entry) for entry in notebooks]
    if not notebooks or all(senders):
        return bool(notebooks)
    if not alone and not names.is_nobody(name):
        return False
    people = {e.part for e, sender in zip(notebooks, senders, strict=True) if sender or _is_person(e, names)}
    lying_open = any(
        not sender and not e.is_folded and not e.is_archive for e, sender in zip(notebooks, senders, strict=True)
    )
    if people and names.is_nobody(name):
        return True
    if len({entry.part for entry in notebooks}) == 1:
        return _is_download(notebooks[0].part, _look_into(notebooks, names, kept_open), names, kept_open, True)
    return len(people) > 1 and not lying_open


def _is_person(entry: Entry, names: Names) -> bool:
    nobody = names.is_nobody(entry.part) or VERSION.fullmatch(ARCHIVE_ENDING.sub("", entry.part))
    return not nobody and (entry.is_folded or entry.is_archive)


def _walk(inbox: Path) -> Iterator[Entry]:
    """Each file of a folder, in order of its path; what cannot be entered, and links, with their fault."""
    faults: list[OSError] = []
    for folder, folders, files in os.walk(inbox, onerror=faults.append):
        folders.sort()
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted(files + links):
            path = Path(folder, name)
            yield Entry(PurePosixPath(path.relative_to(inbox).as_posix()), partial(_open_file, path), *_look_at(path))
    for error in faults:
        path = Path(error.filename)
        fault = f"the folder cannot be read ({error.strerror})"
        yield Entry(PurePosixPath(path.relative_to(inbox).as_posix(), "?"), io.BytesIO, fault)


def _look_at(path: Path) -> tuple[str, datetime | None]:
    """Why a file is not to be read, "" if it is, and when it was written."""
    if path.is_symlink():
        return LINK, None
    if not path.is_file():
        return "it is a device and no file", None
    size = path.stat().st_size
    if size > LARGEST_UNPACKED and not ARCHIVE_ENDING.search(path.name):
        return f"it has {size / 2**20:.0f} MB, more than {LARGEST_UNPACKED >> 20}; ask for less", None
    return "", _time(path)


def _time(path: Path) -> datetime:
    return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
