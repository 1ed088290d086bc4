"""The assignments as they are released."""

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
EXERCISES = ROOT / "exercises"
SOLUTIONS = ROOT / "solutions"


class Refused(Exception):
    """What the command cannot do, in a sentence with the next step."""


@dataclass(frozen=True)
class Assignment:
    """An assignment: its name, and the bytes of the notebook that students get."""

    name: str
    released: bytes

    @property
    def hash(self) -> str:
        """The SHA-256 of the release."""
        return hashlib.sha256(self.released).hexdigest()

    @cached_property
    def notebook(self) -> nbformat.NotebookNode:
        """The release; copy it before you change it."""
        return nbformat.reads(self.released.decode(), as_version=4)

    @property
    def cells(self) -> list[nbformat.NotebookNode]:
        """The cells of the release."""
        return self.notebook.cells

    @property
    def title(self) -> str:
        """The first line of the release: "Assignment 04 · BCE against KLD"."""
        return self.cells[0]["source"].partition("\n")[0].lstrip("# ")

    @cached_property
    def ids(self) -> set[str]:
        """The ids of its cells; nbgrader's grade ids are among them."""
        return {cell["id"] for cell in self.cells}

    @cached_property
    def points(self) -> dict[str, float]:
        """The most points of each graded cell, by grade id; the check of `kld` is in the cell `test-kld`."""
        marks = [cell["metadata"].get("nbgrader", {}) for cell in self.cells]
        return {mark["grade_id"]: mark["points"] for mark in marks if mark.get("grade")}

    @property
    def full(self) -> float:
        """The points that one can earn."""
        return sum(self.points.values())

    @cached_property
    def checked(self) -> list[str]:
        """The names of the exercises that a check judges."""
        return [name.removeprefix("test-") for name in self.points if name.startswith("test-")]

    @cached_property
    def written(self) -> list[str]:
        """The names of the questions that are answered in words."""
        return [name for name in self.points if not name.startswith("test-")]

    @cached_property
    def sources(self) -> dict[str, str]:
        """The source of each cell by its id."""
        return {cell["id"]: cell["source"] for cell in self.cells}

    @cached_property
    def _names(self) -> dict[tuple[str, str], str]:
        return {(cell["cell_type"], cell["source"].strip()): cell["id"] for cell in self.cells}

    def name_of(self, kind: str, source: str) -> str:
        """The id of the released cell of this kind, "code" or "markdown", with this source, or ""."""
        return self._names.get((kind, source.strip()), "")

    @cached_property
    def setup(self) -> list[str]:
        """The sources of the code cells before the first that is a student's."""
        cells = []
        for cell in self.cells:
            if cell["metadata"].get("nbgrader"):
                break
            if cell["cell_type"] == "code":
                cells.append(cell["source"])
        return cells

    @cached_property
    def model_answers(self) -> dict[str, str]:
        """The source of each model answer by the name of its exercise; none where there are no solutions."""
        path = SOLUTIONS / self.name / f"{self.name}.ipynb"
        cells = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4).cells if path.exists() else []
        return {cell["id"]: cell["source"] for cell in cells if cell["id"] in {*self.checked, *self.written}}


@cache
def load_assignments(folder: Path = EXERCISES) -> dict[str, Assignment]:
    """All assignments of the course by name, read once.

    Raises:
        Refused: there is none.
    """
    loaded = {path.parent.name: Assignment(path.parent.name, path.read_bytes()) for path in folder.glob("*/*.ipynb")}
    if not loaded:
        raise Refused(
            f"No assignment is in {folder}: run vae-grade from a copy of the whole course, installed with -e."
        )
    return dict(sorted(loaded.items()))
