"""Take a student out of a class: all that is kept of them goes, and what they hand in is left out from then on."""

import contextlib
import shutil

from nbgrader.api import MissingEntry

from vae_grade.class_list import take_off_list
from vae_grade.folder import TeacherFolder, check_there
from vae_grade.forgotten import keep_out
from vae_grade.gradebook import open_gradebook
from vae_grade.groups import take_out_of_groups


def forget(folder: TeacherFolder, student: str, *, db: str | None = None) -> None:
    """Remove a student's files and marks, and keep only a sum of the name, by which collect leaves them out.

    What `report` makes of the whole class goes, too: the next one makes it without them.

    Raises:
        Refused: there is no such student.
    """
    homes = [home for home in folder.homes(student) if home.exists()]
    if not homes:
        check_there("student", student, folder.students)
    # First, so that a stop in between keeps nobody who should be out.
    keep_out(folder, student)
    take_off_list(folder, student)
    take_out_of_groups(folder, student)
    if db or (folder.root / "gradebook.db").exists():
        with open_gradebook(db or folder.gradebook_url) as gradebook, contextlib.suppress(MissingEntry):
            gradebook.remove_student(student)
    for home in [*homes, *folder.made_of_all]:
        if home.is_dir():
            shutil.rmtree(home)
        else:
            home.unlink(missing_ok=True)
