"""Who was taken out of a class: only sums of their names are kept, by which collect knows whom to leave out."""

import hashlib
import json

from vae_grade.folder import TeacherFolder
from vae_lib.files import write


def keep_out(folder: TeacherFolder, student: str) -> None:
    """Leave a student out from now on."""
    write(folder.forgotten, json.dumps(sorted({*_read(folder), _sum(student)}), indent=1) + "\n")


def is_forgotten(folder: TeacherFolder, student: str) -> bool:
    """Whether a student was taken out of the class."""
    return _sum(student) in _read(folder)


def _sum(student: str) -> str:
    return hashlib.sha256(student.encode("utf-8", "replace")).hexdigest()


def _read(folder: TeacherFolder) -> list[str]:
    path = folder.forgotten
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
