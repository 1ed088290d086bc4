"""The result of a run: a table, a page for the teacher, and feedback for each student by nbgrader."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbgrader.api import Gradebook
from nbgrader.apps import NbGrader
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from tqdm import tqdm
from traitlets.config import Config

from vae_grade.assignments import Refused, load_assignments
from vae_grade.folder import TeacherFolder
from vae_grade.gradebook import open_gradebook
from vae_grade.records import ExerciseRecord, Record, State, Submission, read_records
from vae_lib.files import write

PAGE = "report.html.jinja"
MOST = 10  # misunderstandings at the top of the page
Marks = dict[str, float | None]  # the points of each graded cell by grade id, None where words wait to be marked


@dataclass(frozen=True)
class Bar:
    """A bar of the page: a word, how often, of how many."""

    word: str
    count: int
    total: int


@dataclass(frozen=True)
class Exercise:
    """What the page says of an exercise: a line in numbers, how many have which points, what was wrong how often."""

    name: str
    summary: str
    marks: list[Bar]
    faults: list[Bar]


def report(folder: TeacherFolder, *, db: str | None = None) -> int:
    """Write the table, the page and the feedback; returns how many answers wait.

    They are those in words, which are marked by hand.

    Raises:
        Refused: nothing was graded.
    """
    graded = read_records(folder)
    if not graded:
        raise Refused(f"Nothing was graded in {folder.root}: run `vae-grade run` first.")
    url = db or folder.gradebook_url
    with open_gradebook(url) as gradebook:
        marks = {submission: read_marks(gradebook, submission) for submission, _ in graded}
    write(folder.report_table, "\ufeff" + format_table(graded, marks))  # with this mark, Excel reads names as they are
    write(folder.report_page, render_page(graded, marks))
    write_feedback(folder, url, sorted({submission.assignment for submission, _ in graded}))
    return sum(mark is None for points in marks.values() for mark in points.values())


def read_marks(gradebook: Gradebook, submission: Submission) -> Marks:
    """The points of each graded cell; they include what was marked by hand."""
    [notebook] = gradebook.find_submission(submission.assignment, submission.student).notebooks
    return {grade.name: None if grade.needs_manual_grade else grade.score for grade in notebook.grades}


def format_table(graded: list[tuple[Submission, Record]], marks: dict[Submission, Marks]) -> str:
    """All submissions as CSV, those that failed last."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["assignment", "student", "state", "score", "to mark", "points", "what was seen", "next step"])
    order = sorted(graded, key=lambda pair: (bool(pair[1].state.next_step), pair[0].assignment, pair[0].student))
    for submission, record in order:
        points = {cell: mark for cell, mark in marks[submission].items() if mark is not None}
        waiting = ", ".join(cell for cell in marks[submission] if cell not in points)
        each = ", ".join(_with_mistake(cell, mark, record) for cell, mark in points.items())
        row = [submission.assignment, submission.student, record.state.value, f"{sum(points.values()):g}"]
        row += [waiting, each, record.sentence, record.state.next_step]
        writer.writerow([_no_formula(text) for text in row])
    return out.getvalue()


def _with_mistake(cell: str, mark: float, record: Record) -> str:
    name = cell.removeprefix("test-")
    exercise = record.exercises.get(name)
    return f"{name} {mark:g}" + (f" ({exercise.mistake})" if exercise and exercise.mistake else "")


def _no_formula(text: str) -> str:
    """A spreadsheet runs what begins like a formula; a student chooses names and texts."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def render_page(graded: list[tuple[Submission, Record]], marks: dict[Submission, Marks]) -> str:
    """The page: what to teach again, states, the distribution of each exercise, what to look at."""
    sizes = Counter(submission.assignment for submission, _ in graded)
    states = Counter(record.state.value for _, record in graded)
    mistakes = Counter(
        (exercise.mistake, name, submission.assignment)
        for submission, record in graded
        for name, exercise in record.exercises.items()
        if exercise.mistake
    )
    students = len({submission.student for submission, _ in graded})
    odd = [pair for pair in graded if pair[1].state is not State.GRADED]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(PAGE).render(
        size=f"{_many(len(graded), 'submission')} of {_many(students, 'student')}.",
        states=[Bar(state, count, len(graded)) for state, count in states.most_common()],
        mistakes=[
            Bar(f"{mistake} ({name}, {assignment})", count, sizes[assignment])
            for (mistake, name, assignment), count in mistakes.most_common(MOST)
        ],
        assignments={assignment: _summarise_assignment(assignment, graded, marks) for assignment in sorted(sizes)},
        odd=[
            (submission.student, submission.assignment, _describe_state(record))
            for submission, record in sorted(odd, key=lambda pair: pair[1].state, reverse=True)
        ],
    )


def _summarise_assignment(
    assignment: str, graded: list[tuple[Submission, Record]], marks: dict[Submission, Marks]
) -> list[Exercise]:
    pairs = [(submission, record) for submission, record in graded if submission.assignment == assignment]
    exercises = []
    for cell, most in load_assignments()[assignment].points.items():
        name = cell.removeprefix("test-")
        every = [marks[submission].get(cell) for submission, _ in pairs]
        points = [mark for mark in every if mark is not None]
        waiting = len(every) - len(points)
        summary = f"mean {sum(points) / len(points):.1f} of {most:g}" if points else f"{most:g} points"
        faults = Counter(_fault(record.exercises[name]) for _, record in pairs if name in record.exercises)
        del faults[""]
        sorted_points = sorted(Counter(points).items(), reverse=True)
        exercises.append(
            Exercise(
                name,
                summary + (f", {waiting} to mark" if waiting else ""),
                [Bar(f"{mark:g} points", count, len(points)) for mark, count in sorted_points],
                [Bar(word, count, len(pairs)) for word, count in faults.most_common()],
            )
        )
    return exercises


def _fault(exercise: ExerciseRecord) -> str:
    """What was wrong with an answer, in a word; "" where nothing was."""
    if exercise.state == "not yet":
        return exercise.mistake or (exercise.how_it_ended if exercise.end != "ended" else "wrong in another way")
    return exercise.state if exercise.state == "not attempted" else ""


def _describe_state(record: Record) -> str:
    reason = f": {record.reason}" if record.reason else ""
    step = f". Next: {record.state.next_step}." if record.state.next_step else ""
    return record.state.value + reason + step


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def write_feedback(folder: TeacherFolder, url: str, assignments: Iterable[str]) -> None:
    """Each student's feedback, by nbgrader's own converter; a student's HTML is shown as text."""
    for name in tqdm(assignments, unit="assignment"):
        config = Config()
        config.CourseDirectory.root = str(folder.root.resolve())
        config.CourseDirectory.db_url = url
        config.CourseDirectory.assignment_id = name
        config.HTMLExporter.sanitize_html = True
        config.GenerateFeedback.force = True
        app = NbGrader(config=config)
        app.log.setLevel("ERROR")
        GenerateFeedback(coursedir=CourseDirectory(parent=app), parent=app).start()
