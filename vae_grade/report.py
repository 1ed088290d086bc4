"""The result of a run: a table, a page for the teacher, and feedback for each student by nbgrader."""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from vae_grade.assignments import Refused, load_assignments
from vae_grade.feedback import write_feedback
from vae_grade.folder import TeacherFolder
from vae_grade.gradebook import open_gradebook
from vae_grade.marks import Marks, read_marks
from vae_grade.records import ExerciseRecord, Record, State, Submission, read_records
from vae_lib.files import write

PAGE = "report.html.jinja"
MOST = 10  # misunderstandings at the top of the page


@dataclass(frozen=True)
class Reported:
    """The result of a report: how many answers wait to be marked by hand, and why a page of feedback failed, if so."""

    waiting: int
    failures: list[str]


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


def report(folder: TeacherFolder, *, db: str | None = None) -> Reported:
    """Write the table, the page and the feedback.

    Raises:
        Refused: nothing was graded.
    """
    graded = read_records(folder)
    if not graded:
        raise Refused(f"Nothing was graded in {folder.root}: run `vae-grade run` first.")
    url = db or folder.gradebook_url
    with open_gradebook(url) as gradebook:
        entered = read_marks(gradebook)
    marks = {one: entered.get((one.student, one.assignment), Marks()) for one, _ in graded}
    write(folder.report_table, "\ufeff" + format_table(graded, marks))  # with this mark, Excel reads names as they are
    write(folder.report_page, render_page(graded, marks))
    return Reported(sum(len(each.waiting) for each in marks.values()), write_feedback(folder, marks))


def format_table(graded: list[tuple[Submission, Record]], marks: dict[Submission, Marks]) -> str:
    """All submissions as CSV, those that failed last."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["assignment", "student", "state", "score", "to mark", "points", "what was seen", "next step"])
    order = sorted(graded, key=lambda pair: (bool(pair[1].state.next_step), pair[0].assignment, pair[0].student))
    for submission, record in order:
        mark = marks[submission]
        each = ", ".join(
            _with_mistake(cell, points, record) for cell, points in mark.points.items() if points is not None
        )
        row = [submission.assignment, submission.student, record.state.value, f"{mark.total:g}"]
        row += [", ".join(mark.waiting), each, record.sentence, record.state.next_step]
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
        every = [marks[submission].points.get(cell) for submission, _ in pairs]
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
