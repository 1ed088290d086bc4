"""Notebooks as students hand them in: the release of assignment 04 with answers in it."""

import ast
import copy
import inspect
import io
import json
import tempfile
import textwrap
import zipfile
from functools import cache
from pathlib import Path

from nbgrader.api import Gradebook

from tests.answers import bce, kld, kld_by_sampling
from vae_grade.assignments import ROOT, load_assignments
from vae_grade.folder import TeacherFolder, timestamp_beside
from vae_grade.gradebook import enter_record, open_gradebook, register_assignment
from vae_grade.hand_in import write_hand_in
from vae_grade.records import ExerciseRecord, Record, State, find_submissions, write_record
from vae_lib.files import write

NAME = "04_bce_vs_kld"
ASSIGNMENT = load_assignments()[NAME]
SOLUTION = json.loads((ROOT / "solutions" / NAME / f"{NAME}.ipynb").read_text())
RIGHT = {cell["id"]: "".join(cell["source"]) for cell in SOLUTION["cells"] if cell["id"] in ASSIGNMENT.checked}
# Other right answers than the solution's, with other names inside.
OTHER = {
    "bce": (bce.bce_vectorised, "import math\nimport torch\n"),
    "kld": (kld.kld_of_log_var, "import torch\n"),
    "kld_by_sampling": (kld_by_sampling.sampling_vectorised, "import torch\n"),
}
WRONG_KLD = "def kld(mu, sigma):\n    return (mu.square() + sigma.square() - 1 - sigma.square().log()).sum(dim=1)"
WORDS = "The mean divides the BCE by 784, so the KLD weighs too much."


def empty():
    return copy.deepcopy(ASSIGNMENT.notebook)


def filled(written=WORDS, **answers):
    """The release with these answers, and the text for the question in words."""
    notebook = empty()
    for cell in notebook["cells"]:
        if cell["id"] in answers:
            cell["source"] = answers[cell["id"]]
        elif cell["id"] in ASSIGNMENT.written and written:
            cell["source"] = written
    return notebook


def perfect():
    return filled(**RIGHT)


def half():
    """One right, one with a known mistake, one not attempted."""
    return filled(bce=RIGHT["bce"], kld=WRONG_KLD)


def source(function, name):
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    tree.body[0].name = name
    return ast.unparse(tree)


def perfect_in_other_words():
    return filled(**{name: imports + source(other, name) for name, (other, imports) in OTHER.items()})


def as_bytes(notebook):
    return json.dumps(notebook).encode()


def make_inbox(folder, files):
    """Write files, {path: bytes}, into a folder; returns it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def zipped(files):
    """A zip of these files, {path: bytes}, all stamped with the time of the download, as platforms do."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 1, 12, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def hand_in(folder, **notebooks):
    """Put notebooks, by student, where `vae-grade collect` does."""
    for student, notebook in notebooks.items():
        path = TeacherFolder(folder).collected_notebook(student, NAME)
        write(path, as_bytes(notebook))
        write(timestamp_beside(path), "2026-03-01 12:00:00 UTC")


@cache
def _new_gradebook():
    """The bytes of a gradebook with the assignment: to make one takes seconds."""
    with tempfile.TemporaryDirectory() as folder:
        register_assignment(ASSIGNMENT, TeacherFolder(Path(folder)).gradebook_url)
        return Path(folder, "gradebook.db").read_bytes()


def enter(folder, record):
    """Write the record into the gradebook for each student who handed in."""
    if not (folder.root / "gradebook.db").exists():
        write(folder.root / "gradebook.db", _new_gradebook())
    with open_gradebook(folder.gradebook_url) as gradebook:
        for submission in find_submissions(folder):
            enter_record(gradebook, folder, submission, ASSIGNMENT, record)


def grade(folder, record, **hand_ins):
    """A class that was graded, each with this record: {student: how the platform knows them, or None}."""
    hand_in(folder.root, **dict.fromkeys(hand_ins, perfect()))
    enter(folder, record)
    for submission in find_submissions(folder):
        write_record(folder, submission, record)
        if hand_ins[submission.student]:
            write_hand_in(submission.path, hand_ins[submission.student])


def read_marks(url):
    """The points in the gradebook before marks by hand: {student: {grade id: points}}."""
    with Gradebook(url) as gradebook:
        return {
            sub.student.id: {grade.name: grade.auto_score for grade in sub.notebooks[0].grades}
            for sub in gradebook.assignment_submissions(NAME)
        }


def make_record(state=State.GRADED, reason="", mistake=None, written="<script>alert(1)</script>"):
    exercise = ExerciseRecord(max_points=10, text="✗", points=3.0, state="not yet", mistake=mistake)
    exercises = dict.fromkeys(ASSIGNMENT.checked, exercise)
    return Record("", state, reason, [], exercises, RIGHT, {"why-the-blob": written})
