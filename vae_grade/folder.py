"""The teacher's folder of a class: what lies where, in nbgrader's names where nbgrader looks.

Notebooks lie in FOLDER/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb, as nbgrader has them, with timestamp.txt beside.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from vae_grade.assignments import Refused

TIME_FORMAT = "%Y-%m-%d %H:%M:%S %Z"  # as nbgrader writes timestamp.txt


@dataclass(frozen=True)
class TeacherFolder:
    """The paths in a teacher's folder; making one creates nothing."""

    root: Path

    @property
    def handout(self) -> Path:
        """The zip files to hand out."""
        return self.root / "handout"

    @property
    def collected(self) -> Path:
        """The notebooks that count, one for each student and assignment."""
        # Not nbgrader's "submitted": its Autograde, a button in formgrader, would run what is there with no sandbox.
        return self.root / "collected"

    @property
    def unplaced(self) -> Path:
        """Copies of what belongs to no student or assignment."""
        return self.root / "unplaced"

    @property
    def unplaced_list(self) -> Path:
        """Why each of them could not be placed, of the last collect."""
        return self.root / "unplaced.txt"

    @property
    def class_list(self) -> Path:
        """The students of the class, if the teacher gave a list."""
        return self.root / "class.csv"

    @property
    def groups(self) -> Path:
        """Who is in which group, if the teacher said so."""
        return self.root / "groups.csv"

    @property
    def autograded(self) -> Path:
        """What formgrader shows and feedback is made from."""
        return self.root / "autograded"

    @property
    def feedback(self) -> Path:
        """What students get back, where nbgrader has it."""
        return self.root / "feedback"

    @property
    def feedback_fingerprints(self) -> Path:
        """What each page of feedback was made from."""
        return self.root / "feedback.json"

    @property
    def report_table(self) -> Path:
        """The report for a spreadsheet."""
        return self.root / "report.csv"

    @property
    def report_page(self) -> Path:
        """The report to read."""
        return self.root / "report.html"

    @property
    def marks_table(self) -> Path:
        """A row for each student with all marks, for any other system."""
        return self.root / "marks.csv"

    @property
    def run_lock(self) -> Path:
        """Locked while a run grades the class."""
        return self.root / ".run.lock"

    @property
    def watch_page(self) -> Path:
        """How far a run is."""
        return self.root / "watch.html"

    @property
    def copies_table(self) -> Path:
        """Pairs of students with equal answers."""
        return self.root / "copies.csv"

    @property
    def answers(self) -> Path:
        """The answers as files of Python, for tools that look for copies."""
        return self.root / "answers"

    @property
    def moodle(self) -> Path:
        """What goes back into Moodle."""
        return self.root / "moodle"

    @property
    def canvas(self) -> Path:
        """What goes back into Canvas."""
        return self.root / "canvas"

    @property
    def rules(self) -> Path:
        """How the class is graded; its seeds are the teacher's alone."""
        return self.root / "rules.json"

    @property
    def forgotten(self) -> Path:
        """Sums of the names of students who were taken out of the class."""
        return self.root / "forgotten.json"

    @property
    def gradebook_url(self) -> str:
        """The gradebook, SQLite where nbgrader looks for it, if the teacher names no other."""
        return f"sqlite:///{(self.root / 'gradebook.db').resolve()}"

    def collected_notebook(self, student: str, assignment: str) -> Path:
        """The notebook of a student that counts."""
        return self.collected / student / assignment / f"{assignment}.ipynb"

    @property
    def own_folders(self) -> list[Path]:
        """All folders that `vae-grade` and nbgrader make here."""
        for_students = [self.handout, self.autograded, self.feedback, self._source, self.root / "release"]
        return [*for_students, self.collected, self._earlier, self.unplaced, self._records, *self._made_folders]

    @property
    def _earlier(self) -> Path:
        return self.root / "earlier"

    @property
    def _records(self) -> Path:
        return self.root / "records"

    @property
    def _source(self) -> Path:
        return self.root / "source"

    @property
    def _made_folders(self) -> list[Path]:
        return [self.answers, self.moodle, self.canvas]

    def earlier(self, student: str, assignment: str) -> Path:
        """The folder of a student's older notebooks."""
        return self._earlier / student / assignment

    def earlier_notebook(self, student: str, assignment: str, digest: str) -> Path:
        """An older notebook of a student, by its content."""
        return self.earlier(student, assignment) / f"{digest}.ipynb"

    @property
    def students(self) -> list[str]:
        """Of whom something was collected, by the names of their folders."""
        return sorted(path.name for path in self.collected.glob("*") if path.is_dir())

    def homes(self, student: str) -> list[Path]:
        """The folders that are a student's alone."""
        parents = (self.collected, self._earlier, self._records, self.autograded, self.feedback)
        return [parent / student for parent in parents]

    @property
    def made_of_all(self) -> list[Path]:
        """What is made of all students together."""
        tables = [self.report_table, self.report_page, self.marks_table, self.copies_table, self.watch_page]
        return [*tables, *self._made_folders]

    def autograded_notebook(self, student: str, assignment: str) -> Path:
        """The release with a student's answers and what the checks said."""
        return self.autograded / student / assignment / f"{assignment}.ipynb"

    def feedback_page(self, student: str, assignment: str) -> Path:
        """What a student gets back for an assignment."""
        return self.feedback / student / assignment / f"{assignment}.html"

    def source_notebook(self, assignment: str) -> Path:
        """The release: formgrader lists the assignments that are here."""
        return self._source / assignment / f"{assignment}.ipynb"

    def record(self, student: str, assignment: str) -> Path:
        """The record of a submission."""
        return self._records / student / f"{assignment}.json"


def check_there(kind: str, name: str, there: Iterable[str]) -> None:
    """Look whether a student or an assignment was collected.

    Raises:
        Refused: it was not; the sentence has the names that hold this one, or else are spelled much like it.
    """
    names = {one.casefold(): one for one in sorted(there)}
    if name in names.values():
        return
    holding = [one for one in names if name.casefold() in one]
    near = holding or get_close_matches(name.casefold(), names, cutoff=0.3) or list(names)
    there_is = ", ".join(names[one] for one in near[:3]) or "none"
    raise Refused(f"Nothing was collected of the {kind} {name!r}; there is {there_is}.")


def timestamp_beside(notebook: Path) -> Path:
    """The file that says when a notebook was handed in."""
    return notebook.with_name("timestamp.txt")


def files_beside(notebook: Path) -> Path:
    """The folder of the files that were handed in with a notebook, as they lay beside it."""
    return notebook.with_name("beside")


def read_time(timestamp: Path) -> datetime:
    """When a notebook was handed in, from its timestamp.txt."""
    return datetime.strptime(timestamp.read_text().strip(), TIME_FORMAT).replace(tzinfo=UTC)


def check_collected(folder: TeacherFolder) -> None:
    """Look whether `collected/` holds regular files alone, as collect puts them there; hidden ones are nobody's.

    Raises:
        Refused: a link, or a file that collect does not write, is in it.
    """
    for home, folders, files in os.walk(folder.collected):
        parts = Path(home).relative_to(folder.collected).parts
        for name in folders + files:
            path = Path(home, name)
            foreign = name in files and not _is_collected((*parts, name))
            if path.is_symlink() or foreign or not (path.is_file() or path.is_dir()):
                what = "a link" if path.is_symlink() else "no file that collect put there"
                raise Refused(f"{path} is {what}: take it away, then run the same command again. Nothing was changed.")
    if folder.collected.is_symlink():
        raise Refused(f"{folder.collected} is a link: say with --folder where the class really is.")


def check_inbox(folder: TeacherFolder, inbox: Path) -> None:
    """Look whether an inbox holds nothing that the class keeps: else what was collected would be collected once more.

    Raises:
        Refused: the inbox is the folder of the class, holds it, or lies in a folder that `vae-grade` made there.
    """
    own, other = folder.root.resolve(), inbox.resolve()
    kept = next((path.name for path in folder.own_folders if other.is_relative_to(path.resolve())), None)
    if own.is_relative_to(other) or kept:
        how = f"lies in {kept}/ of" if kept else "is" if own == other else "holds"
        raise Refused(
            f"{other} {how} the folder of the class, {own}, where `vae-grade` keeps what was collected. Put what the "
            "platform gave you elsewhere, and collect that. Nothing was changed."
        )


def _is_collected(parts: tuple[str, ...]) -> bool:
    """Whether a file of this path in `collected/` is one that collect writes, or hidden, or left by a stopped one."""
    passing = any(part.startswith(".") or part.endswith(".tmp") for part in parts)
    if len(parts) < 3:
        return passing
    own = {f"{parts[1]}.ipynb", "hand_in.json", "timestamp.txt", "moodle.txt"}  # the last of an earlier version
    return passing or (parts[2] == "beside" if len(parts) > 3 else parts[2] in own)
