"""The report, the gradebook and feedback, from records: whose text acts nowhere, and what is imported."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from nbconvert import HTMLExporter

from tests import handed_in
from tests.jupyter_in_browser import serious
from vae_grade.assignments import ROOT
from vae_grade.class_list import Attendance
from vae_grade.copies import Pair
from vae_grade.folder import TeacherFolder
from vae_grade.gradebook import explain_record
from vae_grade.hand_in import HandIn
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
    assert "why-the-blob: 4 points, 2 to mark" in page  # no median of answers that nobody has read


def result(student, points, state=State.GRADED, **exercise):
    """A submission with these points for kld; the rest has none."""
    record = handed_in.make_record(state)
    record.exercises = {"kld": replace(record.exercises["kld"], points=points, state="right", **exercise)}
    return Result(Submission(student, NAME, Path()), record, Marks({"test-kld": points, "test-bce": 0.0}))


def text_of(page):
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL).split())


def test_what_could_not_be_read_or_run_is_no_zero_in_median_and_spread():
    results = [result(f"s{points}", points) for points in (2.0, 4.0, 6.0, 10.0)]
    results += [result("bad", 0.0, State.UNREADABLE), result("gpu", 0.0, State.COULD_NOT_RUN, lacks="einops")]
    text = text_of(render_page(results))
    assert "6 handed in; total: median 5 of 34, half have 3.5 to 7; 2 without a mark, which count nowhere" in text
    assert "kld: median 5 of 10, half have 3.5 to 7" in text
    assert "bce: median 0 of 10 0 points 5 of 5" in text  # what the machine lacks for kld says nothing of bce
    assert "could not run here 1 of 6 gpu" in text
    assert "grade with `vae-grade run --again gpu`" in text


def test_the_page_names_who_was_wrong_in_which_way():
    wrong = {"state": "not yet", "mistake": "the ½ is missing"}
    results = [result("ann", 10.0), *(replaced(result(name, 3.0), **wrong) for name in ("bob", "eve"))]
    text = text_of(render_page(results))
    assert "What to teach again the ½ is missing (kld, 04_bce_vs_kld) 2 of 3 bob, eve" in text
    assert "What was wrong: the ½ is missing 2 of 3 bob, eve" in text


def replaced(one, **changes):
    one.record.exercises["kld"] = replace(one.record.exercises["kld"], **changes)
    return one


def test_whose_words_wait_is_said_at_the_top_and_beside_the_median():
    results = [result("ann", 10.0), result("bob", 4.0)]
    assert "Not yet read" not in text_of(render_page(results))
    results[1].marks.waiting.append("why-the-blob")
    text = text_of(render_page(results))
    assert "Not yet read why-the-blob, 04_bce_vs_kld 1 of 2 bob What to teach again" in text
    assert (
        "median 7 of 34, half have 5.5 to 8.5; 1 of them without points for words, which you have not yet read" in text
    )


def test_namesakes_are_told_apart_on_the_page():
    results = [
        Result(one.submission, replaced(one, mistake="a").record, one.marks, HandIn("moodle", "", "", "Ada"))
        for one in (result("Ada", 1.0), result("Ada_12", 1.0))
    ]
    assert "2 of 2 Ada (Ada), Ada (Ada_12)" in text_of(render_page(results))


def test_the_page_says_the_limits_and_who_is_missing():
    results = [result("ann", 1.0, limit=30), result("bob", 1.0, limit=45)]
    attendance = Attendance({NAME: ["Zoë <b>"]}, {NAME: ["ann"]}, [], {}, ["stranger"])
    page = render_page(results, [Pair(NAME, "ann", "bob", ["kld"])], attendance)
    assert "an answer had 30 to 45 seconds of the processor" in text_of(page)
    assert "1 of 2 on the class list have not handed in: Zoë &lt;b&gt;." in page
    assert "Not on the class list stranger." in text_of(page)
    assert "ann bob 04_bce_vs_kld: kld" in text_of(page)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_its_window_and_can_be_read(browser, tmp_path, width, scheme):
    names = ["a" * 50, "Ada Lovelace", *(f"student number {number}" for number in range(20))]
    results = [replaced(result(name, 3.0, State.KILLED), mistake="the ½ is missing") for name in names]
    path = tmp_path / "report.html"
    path.write_text(render_page(results, [Pair(NAME, names[0], names[1], ["kld"])]))
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(page, "body") == []
    page.close()


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
