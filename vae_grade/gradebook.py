"""nbgrader's gradebook, and the notebooks that its formgrader and its feedback show.

A notebook here is the release with the student's answers in it and, below each test, what the check said. So what
formgrader, manual marks, feedback and export see is what they know, and no cell that a student forged.
"""

import copy
import os
import re
import sys
import warnings
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import SaveCells
from nbgrader.utils import determine_grade
from sqlalchemy.exc import SAWarning

from vae_grade.assignments import COLLECTED, Refused, write
from vae_grade.collect import TIME, read_time

DATABASE = "gradebook.db"


def address(folder, db=None):
    """Where the gradebook is: `--db`, else SQLite in the teacher's folder, where nbgrader looks for it."""
    return db or f"sqlite:///{(folder / DATABASE).resolve()}"


@contextmanager
def gradebook(url):
    """nbgrader's gradebook.

    Raises:
        Refused: it cannot be opened.
    """
    programs = str(Path(sys.executable).parent)  # nbgrader calls alembic by name, in an active environment or not
    os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])
    try:
        book = Gradebook(url)
    except Exception as error:  # each database has errors of its own
        raise Refused(f"The gradebook {url} cannot be opened ({' '.join(str(error).split())[:200]}).") from None
    with book, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader 0.9.6 causes three for each new submission, harmless
        yield book


def register(assignment, url):
    """Write the cells of an assignment into the gradebook, as nbgrader's generate_assignment does.

    Raises:
        Refused: a cell was added or renamed after submissions were graded.
    """
    resources = {"nbgrader": {"notebook": assignment.name, "assignment": assignment.name, "db_url": url}}
    with gradebook(url) as book:
        try:
            cells = book.find_notebook(assignment.name, assignment.name).grade_cells
            known = {cell.name: cell.max_score for cell in cells}
        except MissingEntry:
            book.update_or_create_assignment(assignment.name)
            known = {}
    if known == assignment.points:
        return
    try:
        SaveCells().preprocess(copy.deepcopy(assignment.notebook), resources)
    except Exception as error:
        raise Refused(
            f"The gradebook holds another {assignment.name} ({error}): keep its graded cells as they were released, "
            "or begin a new folder."
        ) from None


def enter(book, folder, student, assignment, record):
    """Write a record's points into the gradebook, and the notebook that explains them; twice is as once."""
    name = assignment.name
    notebook = explained(assignment, record)
    write(folder / "autograded" / student / name / f"{name}.ipynb", nbformat.writes(notebook) + "\n")
    stamp = folder / COLLECTED / student / name / "timestamp.txt"
    handed_in = read_time(stamp) if stamp.exists() else datetime.now(UTC)
    write(folder / "autograded" / student / name / "timestamp.txt", handed_in.strftime(TIME))
    book.update_or_create_student(student)
    submission = book.update_or_create_submission(name, student, timestamp=handed_in.replace(tzinfo=None))
    [handed] = submission.notebooks
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}
    for grade in handed.grades:
        exercise = record["exercises"].get(grade.name.removeprefix("test-"))
        if grade.cell.cell_type == "code":
            grade.auto_score = exercise["points"] if exercise else 0.0
        else:
            grade.auto_score = determine_grade(cells[grade.name])[0]
        grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None
    for comment in handed.comments:
        filled = comment.name in record["answers"] or comment.name in record["written"]
        comment.auto_comment = None if filled else "No response."
    book.db.commit()


def explained(assignment, record):
    """The release with the student's answers, and below each test what the check said."""
    notebook = copy.deepcopy(assignment.notebook)
    # Formgrader and feedback would run a student's HTML, or a link, in the browser of whoever reads it.
    written = {name: re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text) for name, text in record["written"].items()}
    written = {name: re.sub(r"\](?=[(:\[])", "&#93;", text) for name, text in written.items()}
    given = record["answers"] | written
    for cell in notebook.cells:
        kind = cell.metadata.get("nbgrader", {})
        cell.source = given.get(kind.get("grade_id"), cell.source) if kind.get("solution") else cell.source
        exercise = record["exercises"].get(kind.get("grade_id", "").removeprefix("test-"))
        if cell.cell_type == "code":
            cell.outputs = []  # the release's pictures are drawn by the library, not by this student
        if cell.cell_type == "code" and kind.get("grade"):
            text = exercise["text"] if exercise else record["sentence"]
            points = exercise["points"] if exercise else 0.0
            cell.outputs = [
                nbformat.v4.new_output("stream", name="stdout", text=text + "\n"),
                nbformat.v4.new_output("execute_result", {"text/plain": repr(points)}, execution_count=1),
            ]
    return notebook
