"""The exercises as zip files to hand out: one for each assignment, one with all, and their sums."""

import hashlib
import io
import zipfile
from collections.abc import Mapping

from vae_grade.assignments import load_assignments
from vae_grade.folder import TeacherFolder
from vae_lib.files import write

ALL = "all_assignments"


def release(folder: TeacherFolder) -> list[str]:
    """Write a zip for each assignment, one with all, and SHA256SUMS, the same bytes each time; returns the zips' names.

    Only the notebook of an assignment is handed out, whatever else lies beside it.
    """
    bundles = {name: {name: assignment} for name, assignment in load_assignments().items()}
    bundles[ALL] = load_assignments()
    sums = []
    for bundle, contents in bundles.items():
        packed = pack({f"{name}/{name}.ipynb": assignment.released for name, assignment in contents.items()})
        write(folder.handout / f"{bundle}.zip", packed)
        sums.append(f"{hashlib.sha256(packed).hexdigest()}  {bundle}.zip\n")
    write(folder.handout / "SHA256SUMS", "".join(sums))
    return [f"{bundle}.zip" for bundle in bundles]


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files, by name; the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            # A date of its own would make each zip another one.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
