"""The assignments as they are released, and how a file is written whole or not at all."""

import hashlib
import os
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
EXERCISES = ROOT / "exercises"
# Not nbgrader's "submitted": its own Autograde, a button in formgrader, would run what is there with no sandbox.
COLLECTED = "collected"
# What a terminal acts on, half letters, which cannot be written to a file, and what turns the direction of a line.
UNFIT = re.compile(r"[^\n\t -~\u00a0-\ud7ff\ue000-\ufffd]|[\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Refused(Exception):
    """What the command cannot do, in a sentence with the next step."""


@dataclass(frozen=True)
class Assignment:
    """An assignment: its name, and the bytes of the notebook that students get."""

    name: str
    released: bytes

    @property
    def hash(self):
        """Changes with any byte of the release."""
        return hashlib.sha256(self.released).hexdigest()

    @cached_property
    def notebook(self):
        """The release; copy it before you change it."""
        return nbformat.reads(self.released.decode(), as_version=4)

    @property
    def cells(self):
        """The cells of the release."""
        return self.notebook.cells

    @cached_property
    def ids(self):
        """The ids of its cells; nbgrader's grade ids are among them."""
        return {cell["id"] for cell in self.cells}

    @cached_property
    def points(self):
        """The most points of each graded cell, by grade id; the check of `kld` is in the cell `test-kld`."""
        kinds = [cell["metadata"].get("nbgrader", {}) for cell in self.cells]
        return {kind["grade_id"]: kind["points"] for kind in kinds if kind.get("grade")}

    @cached_property
    def checked(self):
        """The names of the exercises that a check judges."""
        return [name.removeprefix("test-") for name in self.points if name.startswith("test-")]

    @cached_property
    def written(self):
        """The names of the questions that are answered in words."""
        return [name for name in self.points if not name.startswith("test-")]


@cache
def assignments(folder=EXERCISES):
    """All assignments of the course, read once: {name: Assignment}.

    Raises:
        Refused: there is none.
    """
    found = {path.parent.name: Assignment(path.parent.name, path.read_bytes()) for path in folder.glob("*/*.ipynb")}
    if not found:
        raise Refused(
            f"No assignment is in {folder}: run vae-grade from a copy of the whole course, installed with -e."
        )
    return dict(sorted(found.items()))


def write(path, content):
    """Write text or bytes to a temporary name beside the path, then rename it: a reader sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.replace(temporary, path)
