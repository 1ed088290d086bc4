"""From what the learning platform gives to one notebook for each student and assignment, in nbgrader's folders.

The inbox is only read. What comes from it lies in `collected/STUDENT/ASSIGNMENT/`; others of the same student in
`earlier/`; what could not be placed in `unplaced/`. So nothing is lost, and collecting twice changes nothing.
"""

import re
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from vae_grade.archives import CHECKPOINTS, is_noise
from vae_grade.assignments import Refused, load_assignments
from vae_grade.contents import Fill, Work, is_notebook, recognise
from vae_grade.folder import TeacherFolder, check_collected, check_inbox
from vae_grade.forgotten import is_forgotten
from vae_grade.formats import describe_stranger
from vae_grade.hand_in import HandIn
from vae_grade.inbox import Names, read_inbox
from vae_grade.placing import Candidate, digest, find_crowd, place
from vae_grade.platforms import MIXED, OWN_FILES
from vae_grade.received import File, Sent, is_of_platform, read_files, read_people
from vae_grade.students import Students, make_safe
from vae_lib.files import write

NOBODY = HandIn("folder", "", "", "")
MANY_MORE = 3  # times as many of a download handed in another assignment: then it is of that one
MOST_COPIES = 1_000  # in unplaced/, of one collect; the inbox has them all


@dataclass
class Collected:
    """The result for an inbox.

    Attributes:
        placed: notebooks that count now, where none was.
        earlier: notebooks that were kept beside another of the same student.
        unchanged: notebooks that were there already.
        beside: how many files were kept beside notebooks.
        unplaced: a sentence for each file that could not be placed.
        namesakes: a sentence for each student whose name, or folder, another one has.
        chosen: a sentence for each student with two different notebooks for an assignment: which one counts, and why.
        notes: a sentence on each that was placed and is odd.
        late: each student, with the assignment, that the platform calls late.
        left_out: the paths of files that systems and platforms add of themselves.
        assignments: those that were in the inbox, without what a few handed in where all others have another.
        in_vain: those of whom something could not be placed.
    """

    placed: int = 0
    earlier: int = 0
    unchanged: int = 0
    beside: int = 0
    unplaced: list[str] = field(default_factory=list)
    namesakes: list[str] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    assignments: set[str] = field(default_factory=set)
    in_vain: list[HandIn] = field(default_factory=list)


def collect(inbox: Path, folder: TeacherFolder, pattern: str | None = None) -> Collected:
    """Place all notebooks of an inbox, a folder or an archive, into the teacher's folder: `Collected`.

    Args:
        inbox: as the learning platform gave it.
        folder: of the class.
        pattern: a regular expression with a group `student`, searched in each file's path, where no platform is known.

    Raises:
        Refused: there is no such inbox, it and the class do not lie apart, the pattern is none, all of it would be one
            student's though it looks like many, or `collected/` holds what no collect put there.
    """
    if not inbox.exists():
        raise Refused(f"There is no {inbox}: give the folder or the zip that the learning platform gave you.")
    check_inbox(folder, inbox)
    check_collected(folder)
    names = Names(load_assignments(), _compile(pattern) if pattern else None)
    collector = _Collector(folder, names)
    with ExitStack() as kept_open:
        for sent in collector.group(inbox, kept_open):
            collector.take(sent)
    return collector.finish()


def _compile(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise Refused(f"--pattern {pattern!r} is no regular expression ({error}).") from None
    if "student" not in compiled.groupindex:
        raise Refused(f"--pattern {pattern!r} has no group (?P<student>…), which says where the student's name is.")
    return compiled


class _Collector:
    """One collect: the teacher's folder, who is who, and the result so far."""

    def __init__(self, folder: TeacherFolder, names: Names) -> None:
        self.folder, self.names = folder, names
        self.students, self.result = Students(folder), Collected()
        self.downloads: dict[str, dict[str, list[str]]] = {}  # who handed in each assignment, by download
        self.copies = 0
        self.crowd = ""  # the last sentence on a folder that looks like many students'

    def group(self, inbox: Path, kept_open: ExitStack) -> list[list[Sent]]:
        """The files of each student, not read yet; what names none is listed."""
        sent: list[Sent] = []
        entries = read_inbox(inbox, self.names, kept_open)
        people = read_people(entries)
        for entry in entries:
            sender = None if is_noise(entry.path) else self.names.find_sender(entry)
            if sender:
                for person in people.get(sender.hand_in.original, [{}]):
                    sent.append(Sent(entry, replace(sender.hand_in, **person), sender.inside))
            elif is_noise(entry.path) or OWN_FILES.fullmatch(entry.path.name):
                self.result.left_out.append(str(entry.path))
            else:
                self._list_nameless(Sent(entry, NOBODY, entry.path))
        self.students.learn_blind([("/".join(one.entry.path.parts[: one.entry.start]), one.hand_in) for one in sent])
        groups: dict[tuple[str, str, str], list[Sent]] = {}
        for one in sent:
            hand_in = self.students.mark_blind(one.hand_in)
            key = hand_in.platform, hand_in.name, hand_in.account
            groups.setdefault(key, []).append(one._replace(hand_in=hand_in))
        return [*groups.values()]

    def take(self, sent: list[Sent]) -> None:
        """Read all that a student handed in, and place it."""
        before = len(self.result.unplaced)
        files, faults = read_files(sent)
        for fault in faults:
            if fault.sentence:
                self._list(str(fault.path), fault.sentence, fault.data)
            else:
                self.result.left_out.append(str(fault.path))
        copies = [file for file in files if CHECKPOINTS in file.inside.parts]
        notebooks = [f for f in files if f not in copies and is_notebook(f.data, f.inside.name)]
        others = [f for f in files if f not in copies and f not in notebooks]
        candidates = self._recognise(notebooks)
        if sent[0].hand_in.platform == "folder" and (sentence := find_crowd(candidates, self.names)):
            self.crowd = f"{sent[0].hand_in.original}: {sentence}"
            for candidate in candidates:
                self._list(candidate.hand_in.path, sentence, candidate.file.data)
            candidates = []
        self._list_others(others, self._place(candidates, others))
        for file in copies:
            self._take_copy(file, candidates)
        if len(self.result.unplaced) > before:
            self.result.in_vain.append(sent[0].hand_in)

    def finish(self) -> Collected:
        """The result; the sentences on what could not be placed are kept in a file, too."""
        result = self.result
        for download in self.downloads.values():
            self._find_strays(download)
        if self.crowd and not result.placed + result.earlier + result.unchanged:
            raise Refused(f"{self.crowd}. Nothing was collected.")
        text = "".join(f"{line}\n" for line in result.unplaced)
        path = self.folder.unplaced_list
        if text and not (path.exists() and path.read_text(encoding="utf-8") == text):
            write(path, text)
        return result

    def _find_strays(self, download: dict[str, list[str]]) -> None:
        """Name each who handed in another assignment than nearly all of a download, which is no list of that one."""
        main = max(download, key=lambda name: len(download[name]))
        for assignment, students in download.items():
            if MANY_MORE * len(students) > len(download[main]):
                self.result.assignments.add(assignment)
            else:
                others = f"where {len(download[main])} of the same download handed in {main}; ask what was meant"
                self.result.notes += [f"{student}: handed in {assignment}, {others}" for student in students]

    def _recognise(self, notebooks: list[File]) -> list[Candidate]:
        """The notebooks that may count; lessons, model answers and what is not of this course are listed."""
        works = [recognise(file.data, file.hand_in.path) for file in notebooks]
        course = any(work.is_ours for work in works)
        filled = {work.assignment for work in works if work.fill >= Fill.TOUCHED}
        packed = {(f.batch, f.unpacked) for f, work in zip(notebooks, works, strict=True) if work.assignment in filled}
        candidates = []
        for file, work in zip(notebooks, works, strict=True):
            copied = (course and filled) or (file.unpacked and (file.batch, True) in packed)
            if copied and work.fill is Fill.BLANK and work.assignment not in filled:
                work = Work(sentence=f"it is the exercise {work.assignment}, untouched, beside others of the course")
            if work.assignment:
                candidates.append(Candidate(file, work))
            else:
                self._list(file.hand_in.path, work.sentence, file.data)
        return candidates

    def _place(self, candidates: list[Candidate], others: list[File]) -> dict[str, str]:
        """Place the notebooks of a student; returns for each other file by its path why it lies beside none, or ""."""
        said: dict[str, str] = {}
        for assignment in sorted({candidate.work.assignment for candidate in candidates}):
            own = [candidate for candidate in candidates if candidate.work.assignment == assignment]
            student = self._find_student(own[0], assignment)
            if is_forgotten(self.folder, student):
                self.result.notes.append(f"{student}, {assignment}: was taken out of the class, and is left out")
                said |= {file.hand_in.path: "" for file in others}
                continue
            outcome = place(self.folder, student, assignment, own, others)
            for name, count in outcome.counts.items():
                setattr(self.result, name, getattr(self.result, name) + count)
            best = outcome.best
            self.result.chosen += [f"{student}, {assignment}: {sentence}" for sentence in outcome.sentences]
            self.result.late += [f"{student} ({assignment})"] if best.hand_in.late else []
            one = best.hand_in
            download = assignment if one.platform in MIXED else one.path.partition(one.original)[0]
            self.downloads.setdefault(download, {}).setdefault(assignment, []).append(student)
            self._note(student, best)
            said |= {path: fault for path, fault in outcome.others.items() if said.get(path) != ""}
        return said

    def _find_student(self, candidate: Candidate, assignment: str) -> str:
        base, student = self.students.find_folder(candidate.hand_in, assignment)
        if student != base:
            sentence = f"{base}, {assignment}: another student has this name, and is {student} here"
            self.result.namesakes += [sentence] if sentence not in self.result.namesakes else []
        return student

    def _note(self, student: str, best: Candidate) -> None:
        if best.work.sentence:
            self.result.notes.append(f"{student}, {best.work.assignment}: {best.hand_in.path}: {best.work.sentence}")
        if best.work.guessed:
            self.result.notes.append(
                f"{student}, {best.work.assignment}: its letters are not UTF-8 and are read as Windows-1252"
            )

    def _list_others(self, others: list[File], said: dict[str, str]) -> None:
        for file in others:
            if said.get(file.hand_in.path) == "":
                continue
            if is_of_platform(file):
                self.result.left_out.append(file.hand_in.path)
            else:
                sentence = said.get(file.hand_in.path) or describe_stranger(file.data, file.inside.name)
                self._list(file.hand_in.path, sentence, file.data)

    def _take_copy(self, file: File, candidates: list[Candidate]) -> None:
        """Leave a copy that Jupyter made out where the notebook is there, and not less filled in; else list it."""
        work = recognise(file.data, file.hand_in.path) if is_notebook(file.data, file.inside.name) else Work()
        fills = [candidate.work.fill for candidate in candidates if candidate.work.assignment == work.assignment]
        student = self.students.find_known(file.hand_in, work.assignment)
        before = student and work.assignment and self.folder.collected_notebook(student, work.assignment).exists()
        if work.is_ours or (max(fills) >= work.fill if fills else before):
            self.result.left_out.append(file.hand_in.path)
        else:
            rest = "all there is" if not fills else "more is filled in than in the notebook"
            self._list(
                file.hand_in.path, f"it is a copy that Jupyter made, and {rest}; ask for the notebook", file.data
            )

    def _list_nameless(self, sent: Sent) -> None:
        """List what names no student, with all that is in it if it is an archive."""
        where = "the pattern does not match it" if self.names.pattern else "it names no student"
        files, faults = read_files([sent])
        for file in files:
            work = recognise(file.data, file.hand_in.path) if is_notebook(file.data, file.inside.name) else Work()
            if work.assignment:
                sentence = f"{where}; put it into a folder with that name, or say with --pattern where it is"
            else:
                sentence = f"{where}, and {work.sentence or describe_stranger(file.data, file.inside.name)}"
            self._list(file.hand_in.path, sentence, file.data)
        for fault in faults:
            self._list(str(fault.path), fault.sentence or where, fault.data)

    def _list(self, path: str, sentence: str, data: bytes | None) -> None:
        """List a file with its sentence, and keep a copy."""
        self.result.unplaced.append(f"{path}: {sentence}")
        if (
            data is not None and self.copies < MOST_COPIES
        ):  # flat: a student's folders may be deep, and a file be called as a folder
            self.copies += 1
            copy = self.folder.unplaced / f"{digest(data)}_{make_safe(PurePosixPath(path).name)}"
            if not copy.exists():
                write(copy, data)
