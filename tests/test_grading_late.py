"""Late: what nbgrader's plugin takes, from the due date in the gradebook."""

import csv
import io
from datetime import datetime, timedelta

import pytest
from nbgrader.api import Gradebook

from tests import handed_in
from vae_grade.assignments import Refused
from vae_grade.folder import TeacherFolder
from vae_grade.report import report

NAME = handed_in.NAME
# handed_in.hand_in says 12:00 of that day.
PER_HOUR = """
from nbgrader.plugins import LateSubmissionPlugin

class PerHour(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return total_seconds_late / 3600

c.AssignLatePenalties.plugin_class = PerHour
"""


@pytest.fixture
def folder(tmp_path):
    """Two students who have 9 points each; ann may hand in two hours later."""
    folder = TeacherFolder(tmp_path)
    handed_in.grade(folder, handed_in.make_record(written=""), ann=None, eve=None)
    with Gradebook(folder.gradebook_url) as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate="2026-03-01 10:00:00 UTC")
        gradebook.update_or_create_submission(NAME, "ann", extension=timedelta(hours=2))
    return folder


def rows(folder):
    report(folder)
    table = csv.DictReader(io.StringIO(folder.marks_table.read_text("utf-8-sig")))
    return {row["student"]: (row[f"{NAME}: total"], row[f"{NAME}: late"]) for row in table}


def test_late_is_said_and_costs_nothing_without_a_plugin(folder):
    assert rows(folder) == {"ann": ("9", ""), "eve": ("9", "late by 2 h 0 min")}


def test_nbgraders_zero_for_late_submissions_counts_everywhere(folder):
    (folder.root / "nbgrader_config.py").write_text('c.LateSubmissionPlugin.penalty_method = "zero"')
    assert rows(folder) == {"ann": ("9", ""), "eve": ("0", "late by 2 h 0 min, -9 points")}
    assert "Late submission penalty (Score: -9.0)" in folder.feedback_page("eve", NAME).read_text()
    assert "late by 2 h 0 min, -9 points" in folder.report_page.read_text()
    with Gradebook(folder.gradebook_url) as gradebook:
        assert gradebook.find_submission(NAME, "eve").late_submission_penalty == 9
        assert gradebook.find_submission(NAME, "ann").late_submission_penalty == 0


def test_a_plugin_of_the_teachers_own_decides(folder):
    (folder.root / "nbgrader_config.py").write_text(PER_HOUR)
    assert rows(folder)["eve"] == ("7", "late by 2 h 0 min, -2 points")


@pytest.mark.parametrize("due", [datetime(2026, 3, 2), None])
def test_a_due_date_that_is_moved_or_gone_gives_the_points_back(folder, due):
    (folder.root / "nbgrader_config.py").write_text(PER_HOUR)
    rows(folder)
    with Gradebook(folder.gradebook_url) as gradebook:
        gradebook.find_assignment(NAME).duedate = due
        gradebook.db.commit()
    assert rows(folder)["eve"] == ("9", "")


def test_grading_again_keeps_the_due_date(folder):
    handed_in.enter(folder, handed_in.make_record())
    assert rows(folder)["eve"][1] == "late by 2 h 0 min"


def test_a_configuration_that_is_broken_is_a_sentence(folder):
    (folder.root / "nbgrader_config.py").write_text("c.LateSubmissionPlugin.penalty_method = 1 / 0")
    with pytest.raises(Refused, match=r"ZeroDivisionError.*nbgrader_config"):
        report(folder)
