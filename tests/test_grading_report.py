"""The report, the gradebook and feedback, from records: whose text acts nowhere, and what is imported."""

import re
import subprocess
import sys
from pathlib import Path

from nbconvert import HTMLExporter

from tests import handed_in
from vae_grade.assignments import ROOT
from vae_grade.folder import TeacherFolder
from vae_grade.gradebook import explain_record
from vae_grade.marks import Marks
from vae_grade.page import render_page
from vae_grade.records import State, Submission, find_submissions, read_record, write_record
from vae_grade.results import Result
from vae_grade.tables import format_report

NAME = handed_in.NAME
CELLS = ("test-bce", "test-kld", "test-kld_by_sampling")


def test_no_name_or_text_acts_in_the_table_or_the_page():
    hostile = "=cmd()<script>"
    records = {hostile: handed_in.make_record(State.KILLED, hostile), "ann": handed_in.make_record(mistake=hostile)}
    marks = Marks({"test-kld": 3.0, "why-the-blob": 0.0}, ["why-the-blob"])
    results = [Result(Submission(student, NAME, Path()), record, marks) for student, record in records.items()]
    rows = format_report(results).splitlines()
    assert "ann" in rows[1]
    assert f"'{hostile}" in rows[2]
    assert not re.search(r"(^|,)=", rows[2])
    page = render_page(results)
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") >= 3


def test_no_link_of_a_student_acts_in_formgrader():
    text = "[a](javascript:alert(1)) ![b](x:y) [c][d] [e]\n\n[d]: javascript:alert(2)\n[e]: java&#115;cript:alert(3)"
    notebook = explain_record(handed_in.ASSIGNMENT, handed_in.make_record(written=text))
    page, _ = HTMLExporter().from_notebook_node(notebook)  # as formgrader does, not sanitized
    assert "alert(1)" in page
    assert not re.search(r"(href|src)=.?(javascript|x:)", page)


def test_entering_twice_is_as_once(tmp_path):
    folder = TeacherFolder(tmp_path)
    handed_in.hand_in(tmp_path, eve=handed_in.perfect())
    for _ in range(2):
        handed_in.enter(folder, handed_in.make_record())
    assert handed_in.read_marks(folder.gradebook_url) == {"eve": dict.fromkeys(CELLS, 3.0) | {"why-the-blob": None}}
    assert read_record(folder, Submission("eve", NAME, Path())) is None  # that is the coordinator's


def test_the_report_reads_records_without_pytorch(tmp_path):
    folder = TeacherFolder(tmp_path)
    handed_in.hand_in(tmp_path, eve=handed_in.perfect())
    handed_in.enter(folder, handed_in.make_record())
    write_record(folder, find_submissions(folder)[0], handed_in.make_record())
    code = """
import sys
from vae_grade.cli import main

status = main(["--folder", sys.argv[1], "report"])
assert "torch" not in sys.modules
sys.exit(status)
"""
    result = subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "eve,graded,9," in folder.report_table.read_text()
