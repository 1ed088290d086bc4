"""nbgrader's gradebook, and the notebooks that its formgrader and its feedback show.

A notebook here is the release with the student's answers in it and, below each test, what the check said. So what
formgrader, manual marks, feedback and export see is what they know, and no cell that a student forged.
"""

import copy
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import SaveCells
from nbgrader.utils import determine_grade
from sqlalchemy.exc import OperationalError, SAWarning

from vae_grade.answers import Added
from vae_grade.assignments import Assignment, Refused
from vae_grade.folder import TeacherFolder, read_time, timestamp_beside
from vae_grade.notebook import Pictures
from vae_grade.records import Record, Submission, read_record
from vae_lib.files import write


@contextmanager
def open_gradebook(url: str) -> Iterator[Gradebook]:
    """nbgrader's gradebook at a database's URL, closed after the block.

    Raises:
        Refused: it cannot be opened, or is locked or full in the middle.
    """
    programs = str(Path(sys.executable).parent)  # nbgrader calls alembic by name, in an active environment or not
    os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])
    try:
        gradebook = Gradebook(url)
    except Exception as error:  # each database has errors of its own
        raise Refused(f"The gradebook {url} cannot be opened ({' '.join(str(error).split())[:200]}).") from None
    try:
        with gradebook, warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # nbgrader 0.9.6 causes three for each new submission, harmless
            yield gradebook
    except OperationalError as error:
        raise Refused(
            f"The gradebook {url} cannot be read or written now ({error.orig}). What was graded is kept: close what "
            "else uses it, make room if there is none, and run the same command again."
        ) from None


def register_assignment(assignment: Assignment, url: str) -> None:
    """Write the cells of an assignment into the gradebook, as nbgrader's generate_assignment does.

    Raises:
        Refused: a cell was added or renamed after submissions were graded.
    """
    resources = {"nbgrader": {"notebook": assignment.name, "assignment": assignment.name, "db_url": url}}
    with open_gradebook(url) as gradebook:
        try:
            cells = gradebook.find_notebook(assignment.name, assignment.name).grade_cells
            entered = {cell.name: cell.max_score for cell in cells}
        except MissingEntry:
            gradebook.update_or_create_assignment(assignment.name)
            entered = {}
    if entered == assignment.points:
        return
    try:
        SaveCells().preprocess(copy.deepcopy(assignment.notebook), resources)
    except Exception as error:
        raise Refused(
            f"The gradebook holds another {assignment.name} ({error}): keep its graded cells as they were released, "
            "or begin a new folder."
        ) from None


def enter_record(
    gradebook: Gradebook, folder: TeacherFolder, submission: Submission, assignment: Assignment, record: Record
) -> None:
    """Write a record's points into the gradebook, and the notebook that explains them; twice is as once.

    A mark by hand waits to be confirmed where the answer is not the one of the record before.
    """
    student, name = submission.student, submission.assignment
    before = read_record(folder, submission)
    notebook = explain_record(assignment, record)
    path = folder.autograded_notebook(student, name)
    write(path, nbformat.writes(notebook) + "\n")
    collected_timestamp, time = timestamp_beside(folder.collected_notebook(student, name)), None
    if collected_timestamp.exists():  # else nobody knows, and nbgrader takes nobody for late
        time = read_time(collected_timestamp).replace(tzinfo=None)
        write(timestamp_beside(path), collected_timestamp.read_text())
    else:
        timestamp_beside(path).unlink(missing_ok=True)
    gradebook.update_or_create_student(student)
    entry = gradebook.update_or_create_submission(name, student, timestamp=time)
    [notebook_entry] = entry.notebooks
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}
    for grade in notebook_entry.grades:
        exercise = record.exercises.get(grade.name.removeprefix("test-"))
        if grade.cell.cell_type == "code":
            grade.auto_score = exercise.points if exercise else 0.0
        else:
            grade.auto_score = determine_grade(cells[grade.name])[0]
        if grade.manual_score is None or not before or _answer(before, grade.name) != _answer(record, grade.name):
            grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None
    for comment in notebook_entry.comments:
        answered = comment.name in record.answers or comment.name in record.written
        comment.auto_comment = None if answered else "No response."
    gradebook.db.commit()


def _answer(record: Record, name: str) -> tuple[object, ...]:
    """What somebody marks in a graded cell: words and pictures, or code and the points that it earned."""
    if name in record.written:
        return record.written[name], record.pictures.get(name)
    exercise = name.removeprefix("test-")
    return record.answers.get(exercise), record.exercises[exercise].points if exercise in record.exercises else 0.0


def explain_record(assignment: Assignment, record: Record) -> nbformat.NotebookNode:
    """The release with the student's answers and own cells, and below each test what the check said."""
    notebook = copy.deepcopy(assignment.notebook)
    written = {name: disarm(text, record.pictures.get(name, {})) for name, text in record.written.items()}
    answers = record.answers | written
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        cell.source = answers.get(mark.get("grade_id"), cell.source) if mark.get("solution") else cell.source
        if pictures := record.pictures.get(mark.get("grade_id")):
            cell.attachments = pictures
        exercise = record.exercises.get(mark.get("grade_id", "").removeprefix("test-"))
        if cell.cell_type == "code":
            cell.outputs = []  # the release's pictures are drawn by the library, not by this student
        if cell.cell_type == "code" and mark.get("grade"):
            text = exercise.text if exercise else record.sentence
            points = exercise.points if exercise else 0.0
            cell.outputs = [
                nbformat.v4.new_output("stream", name="stdout", text=text + "\n"),
                nbformat.v4.new_output("execute_result", {"text/plain": repr(points)}, execution_count=1),
            ]
    for number, added in reversed(list(enumerate(record.added))):
        order = [cell["id"] for cell in notebook.cells]
        at = order.index(added.below) + 1 if added.below in order else 0
        notebook.cells.insert(at, _own_cell(added, f"own-{number}"))
    return notebook


def _own_cell(added: Added, name: str) -> nbformat.NotebookNode:
    if added.kind == "code":
        return nbformat.v4.new_code_cell(added.source, id=name)
    cell = nbformat.v4.new_markdown_cell(disarm(added.source, added.pictures), id=name)
    if added.pictures:
        cell.attachments = added.pictures
    return cell


def disarm(text: str, pictures: Pictures) -> str:
    """Markdown in which no HTML and no link acts: formgrader and feedback would run it in its reader's browser.

    A blank after the sign that would begin it does that, and changes no formula, nor a word in code. Only the pictures
    that are in the cell are shown.
    """
    kept = "|".join(re.escape(f"(attachment:{name})") for name in pictures) or "(?!)"
    return re.sub(rf"<(?=[A-Za-z/!?])|\](?=[(:\[])(?!{kept})", r"\g<0> ", text)
