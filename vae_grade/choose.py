"""Another of a student's notebooks than the one that collect's rules take; collecting again does not undo that."""

from dataclasses import replace

from vae_grade.assignments import Refused
from vae_grade.folder import TeacherFolder, check_there
from vae_grade.hand_in import HandIn, read_hand_in, write_hand_in
from vae_grade.placing import digest, write_counting
from vae_lib.files import write


def choose(folder: TeacherFolder, student: str, assignment: str, wanted: str = "") -> tuple[HandIn, HandIn]:
    """Let one of a student's other notebooks count; the one that did is kept beside them.

    Args:
        folder: of the class.
        student, assignment: as their folders in `collected/` are called.
        wanted: where there are several others, part of the path that it had in the inbox, or of its name in `earlier/`.

    Returns:
        (HandIn, HandIn): the one that counts now, and the one that did.

    Raises:
        Refused: there is no other, or several are meant.
    """
    path = folder.collected_notebook(student, assignment)
    check_there("student", student, folder.students)
    check_there("assignment", assignment, [one.stem for one in folder.collected.glob(f"{student}/*/*.ipynb")])
    data = path.read_bytes()
    before = read_hand_in(path) or HandIn("", "", path.name, student)
    others = {
        other: read_hand_in(other) or replace(before, path=other.name, time=None, attempt=0, written=None)
        for other in sorted(folder.earlier(student, assignment).glob("*.ipynb"))
        if other.stem != digest(data)
    }
    if not others:
        raise Refused(f"Of {student} there is one notebook for {assignment} and no other: {before.path}.")
    meant = [other for other, hand_in in others.items() if wanted in hand_in.path or wanted in other.name]
    if len(meant) != 1:
        names = "\n".join(f"  {other.stem}  {hand_in.path}" for other, hand_in in others.items())
        raise Refused(
            f"{before.path} counts. Which of the others shall? Say it after the assignment, by its name in "
            f"{folder.earlier(student, assignment)} or by the path that it had, or part of either:\n{names}"
        )
    chosen = replace(others[meant[0]], chosen=True)
    kept = folder.earlier_notebook(student, assignment, digest(data))
    write_hand_in(kept, before)
    write(kept, data)
    write_counting(path, chosen, meant[0].read_bytes())
    return chosen, before
