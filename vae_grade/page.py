"""The page for the teacher: what to teach again and to whom, states, how each exercise went, what to look at."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from vae_grade.assignments import load_assignments
from vae_grade.class_list import Attendance
from vae_grade.copies import Pair
from vae_grade.records import ExerciseRecord, State
from vae_grade.results import Result, name_waiting

PAGE = "report.html.jinja"
MOST = 10  # misunderstandings at the top of the page


@dataclass(frozen=True)
class Bar:
    """A bar of the page: a word, how many, of how many, and who."""

    word: str
    count: int
    total: int
    who: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Exercise:
    """What the page says of an exercise: a line in numbers, how many have which points, who was wrong in which way."""

    name: str
    summary: str
    marks: list[Bar]
    faults: list[Bar]


def render_page(
    results: list[Result], pairs: Iterable[Pair] = (), attendance: Attendance | None = None, counts: str = "latest"
) -> str:
    """The page, as HTML; what it says of who is missing needs a class list; `counts` is the hand-in that does."""
    names = _name_students(results, attendance.names if attendance else {})
    by_assignment: dict[str, list[Result]] = defaultdict(list)
    for result in sorted(results, key=lambda one: (one.assignment, names[one.student])):
        by_assignment[result.assignment].append(result)
    states = Counter(result.record.state.value for result in results)
    mistakes: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for result in results:
        for name, exercise in result.record.exercises.items():
            if exercise.mistake:
                mistakes[exercise.mistake, name, result.assignment].append(names[result.student])
    often = sorted(mistakes.items(), key=lambda pair: -len(pair[1]))[:MOST]
    odd = [result for result in results if result.record.state is not State.GRADED]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(PAGE).render(
        size=f"{_many(len(results), 'submission')} of {_many(len(names), 'student')}. "
        f"Of several hand-ins, the {counts} counts.",
        states=[Bar(state, count, len(results)) for state, count in states.most_common()],
        waiting=[
            Bar(f"{cell}, {assignment}", len(who), len(by_assignment[assignment]), sorted(names[one] for one in who))
            for (assignment, cell), who in name_waiting(results).items()
        ],
        mistakes=[
            Bar(f"{mistake} ({name}, {assignment})", len(who), len(by_assignment[assignment]), sorted(who))
            for (mistake, name, assignment), who in often
        ],
        assignments={
            assignment: (_summarise_totals(own), _summarise_exercises(assignment, own, names))
            for assignment, own in by_assignment.items()
        },
        handed_in={name: _list_fewer(attendance, name) for name in attendance.missing} if attendance else {},
        strangers=attendance.strangers if attendance else [],
        pairs=[
            (names[pair.student], names[pair.other], f"{pair.assignment}: {', '.join(pair.equal)}") for pair in pairs
        ],
        late=[(names[one.student], one.assignment, one.lateness) for one in results if one.lateness],
        odd=[
            (names[one.student], one.assignment, _describe_state(one))
            for one in sorted(odd, key=lambda one: one.record.state, reverse=True)
        ],
    )


def _list_fewer(attendance: Attendance, assignment: str) -> str:
    title, names = attendance.name_fewer(assignment)
    return f"{title}: {', '.join(names)}" if names else ""


def _name_students(results: Iterable[Result], listed: Mapping[str, str]) -> dict[str, str]:
    """How the page calls each student: by the list's name or the platform's, with the folder's where two share it.

    Args:
        results: of the students.
        listed: names by folder, as the class list has them.
    """
    names = {result.student: listed.get(result.student, result.name) for result in results}
    often = Counter(names.values())
    return {student: name if often[name] == 1 else f"{name} ({student})" for student, name in names.items()}


def _summarise_totals(results: list[Result]) -> str:
    totals = [result.total for result in results if result.total is not None]
    most = load_assignments()[results[0].assignment].full
    without = len(results) - len(totals)
    words = f"{len(results)} handed in; total: {_spread(totals, most)}"
    words += f"; {without} without a mark, which {'counts' if without == 1 else 'count'} nowhere" if without else ""
    waiting = sum(bool(result.marks.waiting) for result in results if result.total is not None)
    words += f"; {waiting} of them without points for words, which you have not yet read" if waiting else ""
    limits = {exercise.limit for one in results for exercise in one.record.exercises.values() if exercise.limit}
    times = " to ".join(f"{limit}" for limit in sorted({min(limits, default=0), max(limits, default=0)}))
    return words + (f"; an answer had {times} seconds of the processor" if limits else "")


def _spread(points: list[float], most: float) -> str:
    """The median, and between what the middle half lies, which a few zeros do not move."""
    if not points:
        return f"{most:g} points"
    low, middle, high = statistics.quantiles(points, n=4, method="inclusive") if len(points) > 1 else points * 3
    return f"median {middle:g} of {most:g}" + (f", half have {low:g} to {high:g}" if low < high else "")


def _summarise_exercises(assignment: str, results: list[Result], names: dict[str, str]) -> list[Exercise]:
    exercises = []
    for cell, most in load_assignments()[assignment].points.items():
        name = cell.removeprefix("test-")
        points = [mark for result in results if (mark := result.points.get(cell)) is not None]
        waiting = sum(cell in result.marks.waiting for result in results)
        faults: dict[str, list[str]] = defaultdict(list)
        for result in results:
            if name in result.record.exercises and (fault := _fault(result.record.exercises[name])):
                faults[fault].append(names[result.student])
        exercises.append(
            Exercise(
                name,
                f"{most:g} points, {waiting} to mark" if waiting else _spread(points, most),
                [Bar(f"{mark:g} points", n, len(points)) for mark, n in sorted(Counter(points).items(), reverse=True)],
                [
                    Bar(word, len(who), len(results), who)
                    for word, who in sorted(faults.items(), key=lambda pair: -len(pair[1]))
                ],
            )
        )
    return exercises


def _fault(exercise: ExerciseRecord) -> str:
    """What was wrong with an answer, in a word; "" where nothing was."""
    if exercise.lacks:
        return State.COULD_NOT_RUN.value
    if exercise.state == "not yet":
        return exercise.mistake or (exercise.how_it_ended if exercise.end != "ended" else "wrong in another way")
    return exercise.state if exercise.state == "not attempted" else ""


def _describe_state(result: Result) -> str:
    record = result.record
    reason = f": {record.reason}" if record.reason else ""
    step = f". Next: {result.next_step}." if result.next_step else ""
    return record.state.value + reason + step


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
