"""nbgrader itself, on one assignment: it releases what we release, and its gradebook has the points of our checks."""

import os
import sys
from pathlib import Path

import nbformat
import pytest
import torch
import torch.nn.functional as F
from nbgrader.apps.api import NbGraderAPI
from nbgrader.validator import Validator
from torch.distributions import Normal
from traitlets.config import Config

import vae_checks as checks
from tools import build_notebooks as build

NAME = "04_bce_vs_kld"
CODED = ("bce", "kld", "kld_by_sampling")
NO_GRADIENT = "def kld(mu, sigma):\n    return 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(1).detach()"

# The tests share one gradebook, in this order. SQLAlchemy 2.1 warns of what nbgrader 0.9.6 does, harmlessly.
pytestmark = pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")


def notebook_in(folder):
    return nbformat.read(Path(folder) / NAME / f"{NAME}.ipynb", as_version=4)


def submission(written=None, **answers):
    """The exercise with some cells filled in by a student, {grade id: source}."""
    notebook = notebook_in(build.EXERCISES)
    for cell in notebook.cells:
        cell.source = ({"why-the-blob": written} | answers).get(cell.id) or cell.source
    return notebook


def perfect():
    answers = {cell.id: cell.source for cell in notebook_in(build.SOLUTIONS).cells}
    return submission("A β-VAE with β = 784.", **{name: answers[name] for name in CODED})


def half_right():
    """One answer right, one without a gradient, one not attempted; and a test cell that claims full points."""
    right = next(cell.source for cell in notebook_in(build.SOLUTIONS).cells if cell.id == "bce")
    return submission("No idea.", bce=right, kld=NO_GRADIENT, **{"test-kld_by_sampling": "10.0"})


SUBMISSIONS = {"perfect": perfect, "empty": submission, "half": half_right}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course folder with solutions/ as its source, and a gradebook of its own."""
    with pytest.MonkeyPatch.context() as patch:
        # nbgrader starts the command `alembic`, which is beside this Python, activated or not.
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        yield made_in(tmp_path_factory.mktemp("course"))


def made_in(folder):
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.source_directory = str(build.SOLUTIONS)
    config.CourseDirectory.ignore = ["*.py", ".ipynb_checkpoints", "__pycache__"]
    config.Execute.timeout = 600
    course = NbGraderAPI(config=config)
    result = course.generate_assignment(NAME)
    assert result["success"], result
    return course


def test_nbgrader_releases_the_cells_that_we_release(course):
    released, ours = notebook_in(Path(course.coursedir.root, "release")), notebook_in(build.EXERCISES)
    for cell in ours.cells:
        cell.metadata.pop("jupyter", None)  # our build collapses what an exercise draws before it is answered
    seen = [[(cell.id, cell.source, cell.metadata) for cell in notebook.cells] for notebook in (released, ours)]
    assert seen[0] == seen[1]
    assert released.metadata == ours.metadata


def test_the_source_with_the_answers_does_not_travel(course):
    folder = Path(course.coursedir.root, "release", NAME)
    assert (build.ASSIGNMENTS / f"{NAME}.py").exists()
    assert [path.name for path in folder.iterdir()] == [f"{NAME}.ipynb"]


def test_the_solution_is_valid_and_the_exercise_says_what_is_missing(course):
    validator = Validator(parent=course)
    assert validator.validate(str(build.SOLUTIONS / NAME / f"{NAME}.ipynb")) == {}
    found = validator.validate(str(build.EXERCISES / NAME / f"{NAME}.ipynb"))
    assert set(found) == {"failed"}
    assert [cell["source"].splitlines()[0] for cell in found["failed"]] == [
        *(f"result = checks.{name}({name})" for name in CODED),
        "YOUR ANSWER HERE",
    ]


def awarded(notebook):
    """The points that the checks award the functions of a submission, called here."""
    names = {"torch": torch, "F": F, "Normal": Normal}
    for cell in notebook.cells:
        if cell.id in CODED:
            exec(cell.source, names)
    return {f"test-{name}": getattr(checks, name)(names[name]).points for name in CODED}


@pytest.mark.parametrize("student", SUBMISSIONS)
def test_the_gradebook_has_the_points_of_the_checks(course, student):
    notebook = SUBMISSIONS[student]()
    path = Path(course.coursedir.root, "submitted", student, NAME, f"{NAME}.ipynb")
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    result = course.autograde(NAME, student)
    assert result["success"], result

    wanted = awarded(notebook)
    assert sum(wanted.values()) == {"perfect": 30, "empty": 0, "half": 14}[student]
    with course.gradebook as gradebook:
        graded = gradebook.find_submission(NAME, student)
        grades = {grade.name: grade for grade in graded.notebooks[0].grades}
        assert {name: grades[name].auto_score for name in wanted} == wanted
        assert (graded.score, graded.max_score) == (sum(wanted.values()), 34)
        # Words are marked by a teacher, unless there are none.
        assert grades["why-the-blob"].needs_manual_grade == (student != "empty")
