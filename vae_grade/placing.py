"""Which of a student's notebooks counts, and writing it where it belongs. Nothing that was collected is ever lost.

A filled-in notebook is never displaced by a blank one. Of two that are filled in, what the platform says decides: its
time, its attempt; then what a file's name says, `work (1).ipynb`; then the file's own time, which in an archive is only
that of the download; then which has more answers; and of two collects the later one. What the teacher chose stays.
"""

import hashlib
import os
import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path, PurePosixPath

from vae_grade.contents import Fill, Work, recognise
from vae_grade.folder import TIME_FORMAT, TeacherFolder, files_beside, timestamp_beside
from vae_grade.hand_in import HandIn, read_hand_in, write_hand_in
from vae_grade.inbox import ARCHIVE_ENDING, VERSION, Names
from vae_grade.platforms import find_sender
from vae_grade.received import File, is_of_platform
from vae_lib.files import write

MOST_BESIDE, LARGEST_BESIDE = 100, 32 * 2**20  # files beside a notebook, and their bytes together
LONGEST_PATH, LONGEST_PART = 1_000, 200  # letters and bytes that every file system takes
COLLECT_ALONE = "collect this folder or archive by itself, or say with --pattern where the student's name is"
COLLECTED_LATER = "it was collected later"
OF_ANOTHER = "it was handed in with a notebook that does not count"
AGAIN = re.compile(r"( ?\((?P<browser>\d{1,6})\)|-(?P<canvas>\d{1,6}))(?=\.ipynb)")


@dataclass(frozen=True)
class Candidate:
    """A notebook of an assignment that may count, and what it is."""

    file: File
    work: Work

    @property
    def hand_in(self) -> HandIn:
        """How it was handed in."""
        return self.file.hand_in


@dataclass
class Outcome:
    """What became of the notebooks of one student for one assignment.

    Attributes:
        best: the one of the inbox that counts, unless an earlier one does.
        counts: how many were "placed", kept as "earlier", or "unchanged", and how many files lie "beside".
        sentences: for each that does not count, why.
        others: what became of each other file that was handed in with them, by its path: "" where it lies beside one.
    """

    best: Candidate
    counts: Counter[str] = field(default_factory=Counter)
    sentences: list[str] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)


def compare(one: Candidate, other: Candidate, *, before: bool = False) -> tuple[bool, str]:
    """Whether `other` counts and not `one`, and why; `before` says that `one` was there from an earlier collect."""
    if before and one.hand_in.chosen:
        return False, "you chose it"
    if one.work.fill != other.work.fill and (reason := _compare_fill(one.work.fill, other.work.fill)):
        return other.work.fill > one.work.fill, reason
    for name, reason in (("time", "it was handed in later"), ("attempt", "it is the later attempt")):
        mine, yours = getattr(one.hand_in, name), getattr(other.hand_in, name)
        comparable = mine and yours and (name == "attempt" or (mine.tzinfo is None) == (yours.tzinfo is None))
        if comparable and mine != yours:
            return yours > mine, reason
    here, there = one.file.inside, other.file.inside
    if not before and _stem(here) == _stem(there) and _number(here) != _number(there):
        return _number(there) > _number(here), "its name says that it is a later copy"
    mine, yours = one.hand_in.written, other.hand_in.written
    if mine and yours and mine != yours:
        return yours > mine, "its file is newer"
    if not before and one.work.answers != other.work.answers:
        return other.work.answers > one.work.answers, "there are more answers in it"
    return True, COLLECTED_LATER if before else "nothing says which is newer, so the last by name"


def _compare_fill(one: Fill, other: Fill) -> str:
    return {
        Fill.UNREADABLE: "the other cannot be read",
        Fill.BLANK: "the other is blank",
        Fill.TOUCHED: "there is no answer in the other",
    }.get(min(one, other), "")


def _stem(path: PurePosixPath) -> str:
    return AGAIN.sub("", str(path))


def _number(path: PurePosixPath) -> int:
    match = AGAIN.search(path.name)
    return int(match["browser"] or match["canvas"]) if match else 0


def place(
    folder: TeacherFolder, student: str, assignment: str, candidates: list[Candidate], others: list[File]
) -> Outcome:
    """Write the notebook that counts into `collected/`, with the files beside it, and the others into `earlier/`."""
    different = {candidate.file.data: candidate for candidate in sorted(candidates, key=_in_order)}
    best, *rest = different.values()
    outcome = Outcome(best)
    outcome.counts["unchanged"] += len(candidates) - len(different)
    for candidate in rest:
        wins, why = compare(outcome.best, candidate)
        loser, outcome.best = (outcome.best, candidate) if wins else (candidate, outcome.best)
        outcome.sentences.append(f"{outcome.best.hand_in.path} counts, not {loser.hand_in.path}: {why}")
    beside, outcome.others = choose_beside(outcome.best, others)
    _place_best(folder, student, assignment, beside, outcome)
    for candidate in different.values():
        if candidate is not outcome.best:
            _keep_earlier(folder, student, assignment, candidate, outcome)
    return outcome


def choose_beside(best: Candidate, others: list[File]) -> tuple[dict[PurePosixPath, bytes], dict[str, str]]:
    """The files to keep beside a notebook, by where they lay from it; and for each file of its batch why not, or ""."""
    beside, said, left = dict[PurePosixPath, bytes](), dict[str, str](), LARGEST_BESIDE
    home = best.file.inside.parent
    for file in others:
        alone = len(file.inside.parts) == 1
        path = file.inside.relative_to(home) if file.inside.is_relative_to(home) else file.inside
        if file.batch != best.file.batch or is_of_platform(file):
            continue
        if not file.inside.is_relative_to(home) and not alone:
            said[file.hand_in.path] = "it lay in another folder than the notebook, where the notebook does not look"
        elif not _is_plain(path) or any(path in other.parents or other in path.parents for other in beside):
            said[file.hand_in.path] = "its name cannot be kept beside the notebook"
        elif len(beside) >= MOST_BESIDE or len(file.data) > left:
            size = f"{MOST_BESIDE} files and {LARGEST_BESIDE >> 20} MB"
            said[file.hand_in.path] = f"there is more than {size} beside the notebook"
        elif beside.get(path, file.data) != file.data:
            said[file.hand_in.path] = "another file of this name lies beside the notebook"
        else:
            beside[path], said[file.hand_in.path] = file.data, ""
            left -= len(file.data)
    return beside, said


def _is_plain(path: PurePosixPath) -> bool:
    """Whether every system can write a file of this path."""
    return len(str(path)) < LONGEST_PATH and all(
        len(part.encode("utf-8", "replace")) <= LONGEST_PART and part.isprintable() and part not in ("..", "")
        for part in path.parts
    )


def find_crowd(candidates: list[Candidate], names: Names) -> str:
    """Why what is said to be one student's looks like many students', in a sentence; "" if it does not."""
    folders: dict[str, list[tuple[list[str], bytes]]] = {}
    named = set()
    for candidate in candidates:
        parts = [part for part in candidate.file.inside.parts[:-1] if not ARCHIVE_ENDING.search(part)]
        sender = find_sender(PurePosixPath(*parts, candidate.file.inside.name), names.table)
        named |= {sender.hand_in.original} if sender else set()
        parts = [part for part in parts if not names.is_nobody(part)]
        folders.setdefault(candidate.work.assignment, []).append((parts, candidate.file.data))
    if len(named) > 1:
        return f"it holds {len(named)} hand-ins as a platform names them, beside others: {COLLECT_ALONE}"
    for assignment, places in folders.items():
        levels = [set(level) for level in zip(*(parts for parts, _ in places), strict=False)]
        shared = next((depth for depth, level in enumerate(levels) if len(level) > 1), len(levels))
        found = {parts[shared]: data for parts, data in places if len(parts) > shared}
        found = {name: data for name, data in found.items() if not VERSION.fullmatch(name)}
        if len(set(found.values())) > 1:
            some = ", ".join([*found][:3]) + (", …" if len(found) > 3 else "")
            return (
                f"{assignment} is in {len(found)} folders of it ({some}). If these are students, {COLLECT_ALONE}; "
                "if not, leave one of them"
            )
    return ""


def _in_order(candidate: Candidate) -> tuple[str, int, str]:
    path = candidate.file.inside
    return _stem(path), _number(path), str(path)


def _place_best(
    folder: TeacherFolder, student: str, assignment: str, beside: dict[PurePosixPath, bytes], outcome: Outcome
) -> None:
    """Write the best of the inbox, unless one that was collected before counts."""
    path, best = folder.collected_notebook(student, assignment), outcome.best
    if not path.exists():
        write_submission(folder, path, best, beside)
        outcome.counts["placed"] += 1
    elif path.read_bytes() == best.file.data:
        outcome.counts["unchanged"] += 1
        _write_beside(folder, path, beside)
        if not read_hand_in(path):
            write_hand_in(path, best.hand_in)
    else:
        current = _read_collected(path, assignment)
        wins, why = compare(current, best, before=True)
        if why == COLLECTED_LATER and folder.earlier_notebook(student, assignment, digest(best.file.data)).exists():
            wins, why = False, "the other had been collected before it"
        winner, loser = (best, current) if wins else (current, best)
        outcome.sentences.append(f"{winner.hand_in.path} counts, not {loser.hand_in.path}: {why}")
        _keep_earlier(folder, student, assignment, loser, outcome)
        if wins:
            write_submission(folder, path, best, beside)
        else:
            outcome.others = {name: fault or OF_ANOTHER for name, fault in outcome.others.items()}
            return
    outcome.counts["beside"] += len(beside)


def _read_collected(path: Path, assignment: str) -> Candidate:
    hand_in = read_hand_in(path) or HandIn("", "", f"the one in {path.parent}", path.parts[-3])
    file = File(hand_in, PurePosixPath(path.name), path.read_bytes(), (), False)
    work = recognise(file.data, path.name)
    return Candidate(file, work if work.assignment else Work(assignment))


def _keep_earlier(folder: TeacherFolder, student: str, assignment: str, other: Candidate, outcome: Outcome) -> None:
    path = folder.earlier_notebook(student, assignment, digest(other.file.data))
    outcome.counts["unchanged" if path.exists() else "earlier"] += 1
    if not path.exists():
        write_hand_in(path, other.hand_in)
        write(path, other.file.data)


def write_submission(folder: TeacherFolder, path: Path, best: Candidate, beside: dict[PurePosixPath, bytes]) -> None:
    """Write a notebook with all that lies beside it; itself last, so that a stop in between is made good."""
    _write_beside(folder, path, beside)
    write_counting(path, best.hand_in, best.file.data)


def write_counting(path: Path, hand_in: HandIn, data: bytes) -> None:
    """Write a notebook that counts, and how it was handed in; itself last."""
    write_hand_in(path, hand_in)
    time = hand_in.time
    if time:
        zoned = time if time.tzinfo else time.replace(tzinfo=UTC)
        write(timestamp_beside(path), zoned.strftime(TIME_FORMAT))
    else:
        timestamp_beside(path).unlink(missing_ok=True)
    write(path, data)


def _write_beside(folder: TeacherFolder, path: Path, beside: dict[PurePosixPath, bytes]) -> None:
    """Put these files beside a notebook, in place of those that were there, which are kept in `earlier/`."""
    home = files_beside(path)
    present = {PurePosixPath(p.relative_to(home).as_posix()): p.read_bytes() for p in home.rglob("*") if p.is_file()}
    if present == beside:
        return
    temporary = home.with_name(f"{home.name}.{os.getpid()}.tmp")
    try:
        for name, data in beside.items():
            write(temporary / name, data)
        if present:
            sums = "".join(f"{name} {digest(data)}\n" for name, data in sorted(present.items()))
            kept = folder.earlier_notebook(path.parts[-3], path.parts[-2], digest(sums.encode())).with_suffix(".beside")
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(home) if kept.exists() else home.rename(kept)
        if beside:
            temporary.rename(home)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def digest(data: bytes) -> str:
    """The first letters of a file's SHA-256, by which it is called in `earlier/` and `unplaced/`."""
    return hashlib.sha256(data).hexdigest()[:16]
