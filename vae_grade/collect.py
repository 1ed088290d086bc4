"""From what the learning platform gives to one notebook for each student and assignment, in nbgrader's folders.

The inbox is only read. What comes from it lies in `collected/STUDENT/ASSIGNMENT/`; an older one of the same student in
`earlier/`; what could not be placed in `unplaced/`. So nothing is lost, and collecting twice changes nothing.
"""

import hashlib
import io
import re
import stat
import unicodedata
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vae_grade.assignments import Assignment, Refused, load_assignments
from vae_grade.folder import TIME_FORMAT, TeacherFolder, moodle_number_beside, read_time, timestamp_beside
from vae_grade.notebook import LARGEST, Unreadable, read_cells
from vae_lib.files import write

DEEPEST = 4  # zips within zips
DENSEST, BLOCK = 20, 4096  # times smaller than what is in it, and bytes that even an empty file takes
MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(file|onlinetext)_?")
CANVAS = re.compile(r"(?P<name>[^_/]+)_(LATE_)?(?P<id>\d+)_\d+_.+")
AGAIN = re.compile(r"-(\d+)\.ipynb$")  # Canvas marks a second hand-in so
CHECKPOINTS = ".ipynb_checkpoints"  # Jupyter's own copies


class File(NamedTuple):
    """A file of the inbox: where it was (a zip is a folder), its bytes or why there are none, when it was written."""

    path: PurePosixPath
    data: bytes | None
    fault: str
    time: datetime


class Collected(NamedTuple):
    """The result for an inbox: counts, and a sentence for each file that could not be placed, and for each namesake."""

    placed: int
    earlier: int
    unchanged: int
    unplaced: list[str]
    namesakes: list[str]


def collect(inbox: Path, folder: TeacherFolder) -> Collected:
    """Place all notebooks of an inbox, a folder or a zip, into the teacher's folder: `Collected`.

    Raises:
        Refused: there is no such inbox.
    """
    if not inbox.exists():
        raise Refused(f"There is no {inbox}: give the folder or the zip that the learning platform gave you.")
    known = load_assignments()
    counts = {"placed": 0, "earlier": 0, "unchanged": 0}
    unplaced: list[str] = []
    namesakes: dict[str, None] = {}  # ordered, each once
    for file in files_of(inbox, known):
        try:
            student, number = _student(file.path, known)
            if CHECKPOINTS in file.path.parts and (folder.collected / student).exists():
                continue
            assignment = _assignment(file, known)
            # Two people of one name: Moodle's numbers tell them apart within an assignment.
            number_path = moodle_number_beside(folder.collected_notebook(student, assignment))
            if number and number_path.exists() and number_path.read_text() != number:
                apart = f"{student}_{number}"
                namesakes[f"{student}, {assignment}: another student has this name, and is {apart} here"] = None
                student = apart
            elif number and not number_path.exists():
                write(number_path, number)
            assert file.data is not None  # else it had a fault
            counts[_place(folder, student, assignment, file.data, file.time)] += 1
        except Unreadable as fault:
            unplaced.append(f"{file.path}: {fault}")
            if file.data is not None:  # flat: a student's folders may be deep, and a file be called as a folder
                write(folder.unplaced / f"{_digest(file.data)}_{_safe(file.path.name)}", file.data)
    return Collected(**counts, unplaced=unplaced, namesakes=[*namesakes])


def files_of(inbox: Path, known: dict[str, Assignment]) -> Iterator[File]:
    """Each file of a folder or zip, zips within it opened; hidden ones and a Mac's additions left out."""
    if inbox.is_file():
        yield from _opened(PurePosixPath(), inbox.read_bytes(), _time(inbox.stat().st_mtime), known)
        return
    alone = sum(not _hidden(PurePosixPath(path.name)) for path in inbox.iterdir()) == 1
    for path in sorted(inbox.rglob("*"), key=_in_order):
        name = PurePosixPath(path.relative_to(inbox).as_posix())
        if path.is_symlink():
            yield File(name, None, "it is a link, and links are not followed", _time(path.lstat().st_mtime))
        elif path.is_file() and not _hidden(name):
            time = _time(path.stat().st_mtime)
            if path.stat().st_size > LARGEST and path.suffix != ".zip":
                yield File(name, None, f"it has {path.stat().st_size / 2**20:.0f} MB", time)
            elif path.suffix.lower() == ".zip":
                yield from _opened(name, path.read_bytes(), time, known if alone else None)
            else:
                yield File(name, path.read_bytes(), "", time)


def _opened(
    name: PurePosixPath, data: bytes, time: datetime, known: dict[str, Assignment] | None = None, depth: int = 1
) -> Iterator[File]:
    """The files in a zip, until they are too much: a small zip can hold more than the disk does.

    With `known`, the assignments, it may be a whole class's: several folders in it are then several students.
    """
    left = max(LARGEST, DENSEST * len(data))
    for file in _members(name, data, time, known, depth):
        left -= BLOCK + len(file.data or b"")
        if left < 0:
            yield File(name, data, "there is too much in the zip; the rest was left out", time)
            return
        yield file


def _members(
    name: PurePosixPath, data: bytes, time: datetime, known: dict[str, Assignment] | None, depth: int
) -> Iterator[File]:
    """The files in a zip; a damaged one gives a fault in place of those that cannot be read."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        yield File(name, data, f"the zip cannot be opened ({error})", time)
        return
    members = [m for m in archive.infolist() if not m.is_dir() and not _hidden(PurePosixPath(m.filename))]
    members.sort(key=lambda member: _in_order(PurePosixPath(member.filename)))
    people = {tuple(_folders(PurePosixPath(member.filename), known)[:1]) for member in members if known}
    own = MOODLE.match(name.name) or CANVAS.fullmatch(name.name)
    inside = name.parent if len(people - {()}) > 1 and not own else name
    for member in members:
        path = inside / member.filename.lstrip("/")
        written = datetime(*member.date_time, tzinfo=UTC) if _is_date(member.date_time) else time
        if stat.S_ISLNK(member.external_attr >> 16):
            yield File(path, None, "it is a link, and links are not followed", written)
            continue
        if member.file_size > LARGEST:
            yield File(path, None, f"it has {member.file_size / 2**20:.0f} MB", written)
            continue
        try:
            content = archive.read(member)  # not more than it says
        except Exception as error:  # a damaged zip can raise nearly anything: zlib's, lzma's and zipfile's own errors
            yield File(path, None, f"it cannot be unpacked ({error})", written)
            continue
        if path.suffix.lower() == ".zip" and depth < DEEPEST:
            yield from _opened(path, content, written, depth=depth + 1)
        else:
            yield File(path, content, "", written)


def _student(path: PurePosixPath, known: dict[str, Assignment]) -> tuple[str, str]:
    """The student, and a number that tells two of one name apart, if the platform gives one."""
    # The outermost is the platform's; within a zip of their own, students may call a file as if it were another's.
    for part in path.parts:
        if match := MOODLE.match(part):
            return _safe(match["name"]), match["id"]
        if (part == path.name or part.lower().endswith(".zip")) and (match := CANVAS.fullmatch(part)):
            return _safe(f"{match['name']}_{match['id']}"), ""
    folders = _folders(path, known)
    if not folders:
        raise Unreadable("it names no student; put it into a folder with the student's name")
    return _safe(folders[0]), ""


def _folders(path: PurePosixPath, known: dict[str, Assignment]) -> list[str]:
    """The folders and zips that a file is in, an assignment's left out."""
    folders = (path if path.suffix == ".zip" else path.parent).parts
    return [
        part.removesuffix(".zip")
        for part in folders
        if part not in ("..", CHECKPOINTS) and not any(name in part for name in known)
    ]


def _assignment(file: File, known: dict[str, Assignment]) -> str:
    """The assignment of a notebook: by its cells, else by its name."""
    if file.fault or file.data is None:
        raise Unreadable(file.fault)
    if CHECKPOINTS in file.path.parts:
        raise Unreadable("it is a copy that Jupyter made, and all there is; ask for the notebook")
    if file.path.suffix.lower() != ".ipynb":
        raise Unreadable("it is no notebook; if it was meant as one, ask for the .ipynb file")
    try:
        cells = read_cells(file.data)
    except Unreadable:
        cells = []  # which is said when it is graded
    ids = {name for cell in cells for name in (cell.id, cell.grade_id)}
    best = max(known, key=lambda name: len(ids & known[name].ids))
    if ids & known[best].ids:
        return best
    named = [name for name in known if name in str(file.path)]
    if not named:
        raise Unreadable("neither its cells nor its name are those of an assignment")
    return named[0]


def _place(folder: TeacherFolder, student: str, assignment: str, data: bytes, time: datetime) -> str:
    """Write a notebook where it belongs; returns the count of `Collected` that it adds to."""
    path = folder.collected_notebook(student, assignment)
    timestamp = timestamp_beside(path)
    earlier = folder.earlier_notebook(student, assignment, _digest(data))
    current = path.read_bytes() if path.exists() else None
    if current == data or earlier.exists():
        return "unchanged"
    if current is not None:
        if read_time(timestamp) > time:
            write(earlier, data)
            return "earlier"
        write(folder.earlier_notebook(student, assignment, _digest(current)), current)
    write(timestamp, time.strftime(TIME_FORMAT))
    write(path, data)
    return "placed" if current is None else "earlier"


def _safe(name: str) -> str:
    """A name that is one folder on every system; 50 letters of any script have 200 bytes, and 255 are the most."""
    name = unicodedata.normalize("NFC", name)
    signs = (sign if sign in "_.@-" or unicodedata.category(sign)[0] in "LMN" else " " for sign in name)
    return re.sub(" +", "_", "".join(signs))[-50:].strip("._") or "unnamed"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _hidden(path: PurePosixPath) -> bool:
    return any(part.startswith((".", "__MACOSX")) and part not in ("..", CHECKPOINTS) for part in path.parts)


def _in_order(path: Path | PurePosixPath) -> tuple[bool, int, str]:
    """Of two files with the same time, the one that is collected later counts; a checkpoint counts for nothing."""
    match = AGAIN.search(path.name)
    return CHECKPOINTS in path.parts, int(match[1][:6]) if match else 0, str(path)


def _is_date(parts: tuple[int, int, int, int, int, int]) -> bool:
    try:
        return bool(datetime(*parts))
    except ValueError:
        return False


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
