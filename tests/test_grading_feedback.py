"""Feedback: what a page shows, that it asks no host, and that only what changed is made anew."""

import io
import re
import shutil
import subprocess
import sys
from base64 import b64encode

import nbformat
import pytest
from nbgrader.api import Gradebook
from PIL import Image

from tests import handed_in
from vae_grade.assignments import ROOT
from vae_grade.feedback import render, write_feedback
from vae_grade.folder import TeacherFolder
from vae_grade.formulas import draw_formula
from vae_grade.gradebook import explain_record
from vae_grade.marks import Marks, read_marks
from vae_grade.records import Submission, find_submissions

NAME = handed_in.NAME
HOSTS = re.compile(r"""(?:src|<link[^>]* href)=["']?(?:https?:)?//|url\(["']?(?:https?:)?//|@import|<script""")


def page_of(written):
    """The feedback page of a submission with this answer in words."""
    notebook = explain_record(handed_in.ASSIGNMENT, handed_in.make_record(written=written))
    return render(notebook, Submission("eve", NAME, None), Marks())


def report_feedback(folder):
    """Make feedback from the gradebook; returns the pages, by student."""
    with Gradebook(folder.gradebook_url) as gradebook:
        entered = read_marks(gradebook)
    assert write_feedback(folder, {one: entered[one.student, one.assignment] for one in find_submissions(folder)}) == []
    return {path.parts[-3]: path for path in folder.feedback.glob(f"*/*/{NAME}.html")}


@pytest.fixture
def folder(tmp_path):
    """A class of two, graded."""
    folder = TeacherFolder(tmp_path)
    handed_in.hand_in(tmp_path, ann=handed_in.perfect(), eve=handed_in.perfect())
    handed_in.enter(folder, handed_in.make_record())
    return folder


def mark_by_hand(folder, student, score, comment=None):
    with Gradebook(folder.gradebook_url) as gradebook:
        grade = gradebook.find_grade("why-the-blob", NAME, NAME, student)
        grade.manual_score, grade.needs_manual_grade = score, False
        gradebook.find_comment("why-the-blob", NAME, NAME, student).manual_comment = comment
        gradebook.db.commit()


def test_a_students_html_is_shown_as_text(folder):
    text = report_feedback(folder)["eve"].read_text()
    assert "alert(1)" in text
    assert not re.search("<script", text)
    assert "<script>" not in folder.autograded_notebook("eve", NAME).read_text()


def test_a_page_is_made_anew_only_where_something_changed_and_the_old_one_stays(folder):
    before = {name: (path, path.stat().st_mtime_ns, path.read_text()) for name, path in report_feedback(folder).items()}
    mark_by_hand(folder, "eve", 4, "Well seen.")
    after = report_feedback(folder)
    path, time, _ = before["ann"]
    assert (path.stat().st_mtime_ns, len(list(path.parent.glob("*.html")))) == (time, 1)
    assert "Well seen." in after["eve"].read_text()
    [old] = [path for path in after["eve"].parent.glob("*.html") if path != after["eve"]]
    assert old.read_text() == before["eve"][2]


def test_a_page_that_is_gone_is_made_again(folder):
    shutil.rmtree(report_feedback(folder)["ann"].parent)
    assert report_feedback(folder)["ann"].exists()


def test_one_page_that_cannot_be_made_stops_no_other(folder):
    folder.autograded_notebook("ann", NAME).write_text("{")
    with Gradebook(folder.gradebook_url) as gradebook:
        entered = read_marks(gradebook)
    [sentence] = write_feedback(folder, {one: entered[one.student, NAME] for one in find_submissions(folder)})
    assert sentence.startswith(f"ann/{NAME}: ")
    assert folder.feedback_page("eve", NAME).exists()


def test_many_pages_are_made_in_processes_as_one_makes_them(tmp_path):
    folder, students = TeacherFolder(tmp_path), [f"s{number}" for number in range(10)]
    handed_in.hand_in(tmp_path, **dict.fromkeys(students, handed_in.perfect()))
    handed_in.enter(folder, handed_in.make_record())
    pages = report_feedback(folder)
    assert sorted(pages) == students
    notebook = nbformat.read(folder.autograded_notebook("s3", NAME), as_version=4)
    with Gradebook(folder.gradebook_url) as gradebook:
        marks = read_marks(gradebook)["s3", NAME]
    assert pages["s3"].read_text() == render(notebook, Submission("s3", NAME, None), marks)


def test_the_score_is_nbgraders(folder):
    mark_by_hand(folder, "eve", 4.5)
    page = report_feedback(folder)["eve"].read_text()
    with Gradebook(folder.gradebook_url) as gradebook:
        submission = gradebook.find_submission(NAME, "eve")
        assert f"(Score: {submission.score} / {submission.max_score})" in page


def test_words_that_nobody_has_read_have_no_zero(folder):
    page = report_feedback(folder)["eve"].read_text()
    assert "(Score: 9.0 / 34.0; not yet read: 4)" in page
    assert "Written response</a> (Score: not yet read / 4.0)" in page
    assert len(re.findall("Score: not yet read / 4.0", page)) == 2  # in the list of contents and above the answer
    assert "Score: 0" not in page
    mark_by_hand(folder, "eve", 0)
    page = report_feedback(folder)["eve"].read_text()
    assert "not yet read" not in page
    assert len(re.findall("Score: 0.0 / 4.0", page)) == 2


def test_an_answer_that_could_not_run_and_has_no_mark_has_no_zero():
    notebook = explain_record(handed_in.ASSIGNMENT, handed_in.make_record())
    marks = Marks(dict.fromkeys(handed_in.ASSIGNMENT.points, 1.0), waiting=["test-kld"])
    page = render(notebook, Submission("eve", NAME, None), marks)
    assert "(Score: 3.0 / 34.0; not yet marked: 10)" in page
    assert len(re.findall("Score: not yet marked / 10.0", page)) == 2


@pytest.mark.parametrize(
    "written", ["$a<b$", "so $q(z|x)<p(z)$ holds", "$$\na<b\n$$", r"\begin{align} a<b \end{align}"]
)
def test_a_formula_is_drawn_and_not_escaped_twice(written):
    page = page_of(written)
    assert "<svg" in page
    assert "&amp;lt;" not in page
    assert re.search(r'aria-label="[^"]*(a|x\))&lt; ?(b|p)', page)


def test_words_in_code_are_not_escaped_twice():
    assert "&amp;lt;" not in page_of("`a<b` and `f[x](y)`")


FORMULAS = [
    r"\frac12\sum_i\left(\mu_i^2+\sigma_i^2-1-\log\sigma_i^2\right)",
    r"D_{KL}(q(z|x)\,\|\,p(z)) \ge 0",
    r"\mathbb{E}_{q_\phi(z|x)}[\log p_\theta(x|z)]",
    r"\epsilon \sim \mathcal N(0, I)",
    r"\text{BCE} \le \tfrac{1}{784}\lVert x - \hat x\rVert^2",
    r"\begin{aligned} a &= b \\ &= c \end{aligned}",
]


@pytest.mark.parametrize("tex", FORMULAS)
def test_the_formulas_of_the_subject_can_be_drawn(tex):
    assert "<code>" not in draw_formula(tex, block=True)


@pytest.mark.parametrize("tex", [r"\nosuchthing", "{", "<b>x</b>", r"\phantom{x}", "x" * 5000, "{" * 500, ""])
def test_what_cannot_be_drawn_is_shown_as_it_was_written(tex):
    shown = draw_formula(tex, block=False)
    assert "<b>" not in shown
    assert "<svg" in shown or tex.replace("<b>", "&lt;b&gt;").replace("</b>", "&lt;/b&gt;") in shown


def test_a_page_names_no_host_and_runs_no_script():
    evil = (
        "![a](http://h.invalid/x.png) <img src=http://h.invalid> ![r]\n\n[r]: //h.invalid/y\n\n```mermaid\na-->b\n```\n"
    )
    page = page_of(evil + "$$" + FORMULAS[0] + "$$")
    assert HOSTS.findall(page) == []


def test_a_browser_shows_formulas_and_asks_nobody(page, tmp_path):
    path, asked = tmp_path / "page.html", []
    evil = "![a](http://h.invalid/x.png) ![r]\n\n[r]: http://h.invalid/y\n\n"
    path.write_text(page_of(evil + "\n\n".join(f"Here ${tex}$." for tex in FORMULAS[:5]) + f"\n\n{FORMULAS[5]}\n"))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    boxes = [svg.bounding_box() for svg in page.locator("svg[role=img]").all()]
    assert len(boxes) == 7  # the last formula has two rows
    assert all(box["width"] > 10 and 5 < box["height"] < 60 for box in boxes)
    assert asked == [path.as_uri()]


def test_the_page_fits_a_telephone_and_shows_each_score(page, tmp_path):
    picture = io.BytesIO()
    Image.new("L", (2_000, 10)).save(picture, "PNG")
    record = handed_in.make_record(written="| a | b |\n|---|---|\n| 1 | 2 |\n\n![](attachment:wide.png)")
    record.pictures = {"why-the-blob": {"wide.png": {"image/png": b64encode(picture.getvalue()).decode()}}}
    record.answers = record.answers | {"kld": "x = 0  # " + "a long line " * 20}
    path = tmp_path / "page.html"
    path.write_text(render(explain_record(handed_in.ASSIGNMENT, record), Submission("eve", NAME, None), Marks()))
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    headings = page.locator(".nbgrader_cell .panel-heading").all()
    assert len(headings) == 7
    for heading in headings:
        outer, inner = heading.bounding_box(), heading.locator(".pull-right").bounding_box()
        assert outer["y"] <= inner["y"]
        assert inner["y"] + inner["height"] <= outer["y"] + outer["height"]
    assert (
        page.locator("td", has_text=re.compile("^1$")).evaluate("cell => getComputedStyle(cell).paddingLeft") != "0px"
    )


def test_a_script_without_a_guard_makes_many_pages_in_processes_and_runs_once(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        """
from pathlib import Path

from vae_grade.feedback import FEW, Page, _make_all

print(list(_make_all([Page(Path("none"), Path("none"), None, None)] * (FEW + 1))))
"""
    )
    result = subprocess.run([sys.executable, script], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("FileNotFoundError") == 9
    assert result.stdout.count("\n") == 1
