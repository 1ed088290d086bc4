"""The marks of submissions as nbgrader's gradebook has them now, those given by hand included."""

from collections import defaultdict
from dataclasses import dataclass, field

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    SubmittedAssignment,
    SubmittedNotebook,
)


@dataclass
class Marks:
    """What one submission has earned.

    Attributes:
        scores: the points of each graded cell by grade id, as nbgrader counts them: 0 where nothing was given yet.
        waiting: the grade ids of the answers that wait to be marked by hand.
        by_hand: the grade ids of the cells that were.
        comments: on the answers, by grade id.
        penalty: the points that nbgrader's plugin for late submissions takes away.
        seconds_late: after the due date in the gradebook; 0 where it has none.
    """

    scores: dict[str, float] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)
    penalty: float = 0.0
    seconds_late: float = 0.0

    @property
    def points(self) -> dict[str, float | None]:
        """The points of each graded cell, None where it waits to be marked."""
        return {cell: None if cell in self.waiting else score for cell, score in self.scores.items()}

    @property
    def total(self) -> float:
        """What counts: the points without those that wait, less the penalty."""
        return max(0.0, sum(points for points in self.points.values() if points is not None) - self.penalty)


def read_marks(gradebook: Gradebook) -> dict[tuple[str, str], Marks]:
    """The marks of every submission in the gradebook, by (student, assignment), in four queries."""
    marks: dict[tuple[str, str], Marks] = defaultdict(Marks)
    notebooks = gradebook.db.query(SubmittedAssignment.student_id, Assignment.name).select_from(SubmittedNotebook)
    notebooks = notebooks.join(SubmittedNotebook.assignment).join(SubmittedAssignment.assignment)
    for student, name, penalty in notebooks.add_columns(SubmittedNotebook.late_submission_penalty):
        marks[student, name].penalty = penalty or 0.0
    grades = notebooks.join(SubmittedNotebook.grades).join(Grade.cell)
    columns = BaseCell.name, Grade.score, Grade.needs_manual_grade, Grade.manual_score
    for student, name, cell, score, waits, by_hand in grades.add_columns(*columns):
        marks[student, name].scores[cell] = score
        if by_hand is not None:
            marks[student, name].by_hand.append(cell)
        if waits:
            marks[student, name].waiting.append(cell)
    comments = notebooks.join(SubmittedNotebook.comments).join(Comment.cell)
    for student, name, cell, comment in comments.add_columns(BaseCell.name, Comment.comment):
        if comment:
            marks[student, name].comments[cell] = comment
    due = gradebook.db.query(SubmittedAssignment).join(SubmittedAssignment.assignment)
    for submission in due.filter(Assignment.duedate.is_not(None)):
        marks[submission.student_id, submission.assignment.name].seconds_late = submission.total_seconds_late
    return dict(marks)
