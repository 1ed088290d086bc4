"""The page for teachers: its commands are run as printed, on the samples that ship."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from vae_grade.answers import find_answers
from vae_grade.assignments import load_assignments
from vae_grade.cli import main
from vae_grade.notebook import read_notebook

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "teaching.md").read_text()
COMMANDS = re.findall(r"^    \.venv/bin/vae-grade (.*)$", PAGE, re.MULTILINE)
NAME = "04_bce_vs_kld"
SAMPLES = sorted((ROOT / "vae_grade" / "samples").glob("*/*.ipynb"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.name)
def test_a_sample_is_of_the_release_as_it_is_now(path):
    assignment = load_assignments()[path.stem]
    notebook = read_notebook(path.read_bytes())
    answered = {*assignment.checked, *assignment.written}
    released = [(cell.id, cell.source) for cell in assignment.cells if cell.id not in answered]
    assert [(cell.id, cell.source) for cell in notebook.cells if cell.id not in answered] == released
    assert find_answers(notebook, assignment).flags == []


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What the page's commands print, and the folder of the class."""
    if not shutil.which("bwrap"):
        (pytest.fail if os.environ.get("VAE_SANDBOX_REQUIRED") else pytest.skip)("no bubblewrap")
    folder, lines = tmp_path_factory.mktemp("teacher") / "my-class", []
    for command in COMMANDS:
        words = command.replace("../my-class", str(folder)).split()
        result = subprocess.run(
            [sys.executable, "-m", "vae_grade.cli", *words], cwd=ROOT, capture_output=True, text=True, check=True
        )
        lines.append(result.stdout)
    return folder, lines


def test_the_page_shows_all_steps():
    assert [command.split()[2] for command in COMMANDS] == ["release", "collect", "run", "report", "answers"]


def test_every_option_that_the_page_names_is_one_of_its_step(capsys):
    named = re.findall(r"`(?:vae-grade )?(collect|run|report)((?: [^`]*)? --[^`]+)`", PAGE)
    assert {step for step, _ in named} == {"collect", "run", "report"}
    for step, words in named:
        with pytest.raises(SystemExit):
            main([step, "--help"])
        known = capsys.readouterr().out
        assert [option for option in re.findall(r"--[a-z]+", words) if option not in known] == []


def test_the_answers_leave_as_files_with_the_line_for_copydetect(printed):
    folder, lines = printed
    assert sorted(path.name for path in (folder / "answers" / NAME).iterdir()) == ["ada.py", "ben.py", "cleo.py"]
    assert lines[4].startswith("copydetect ")
    for path in re.findall(r"-[tb] (\S+)", lines[4]):
        assert Path(path).is_dir()


def test_the_samples_come_out_as_the_page_says(printed):
    folder, (_, collected, run, reported, _) = printed
    assert collected.startswith("3 placed, 0 kept")
    assert "cleo, 04_bce_vs_kld: an answer came to no end" in run
    assert "report.html" in reported
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        scores = {
            sub.student.id: [grade.auto_score for grade in sub.notebooks[0].grades if grade.cell.cell_type == "code"]
            for sub in book.assignment_submissions(NAME)
        }
    assert {name: sorted(points) for name, points in scores.items()} == {
        "ada": [10.0, 10.0, 10.0],
        "ben": [0.0, 2.0, 10.0],
        "cleo": [0.0, 10.0, 10.0],
    }


def test_the_table_has_everybody_and_those_that_failed_last(printed):
    rows = (printed[0] / "report.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == ["ada", "ben", "cleo"]
    assert "read the answer" in rows[-1]


def test_the_page_says_first_what_to_teach_again_by_number(printed):
    page = (printed[0] / "report.html").read_text()
    text = " ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL).split())
    assert (
        "What to teach again the ½ is missing (kld, 04_bce_vs_kld) 1 of 3 ben 04_bce_vs_kld 3 handed in; total: "
        in text
    )
    assert "bce: median 10 of 10" in text
    assert re.search(r"timed out: no end after \d+ seconds 1 of 3 cleo", text)
    assert "not attempted 1 of 3 ben" in text
    assert text.endswith("run --seconds 300` tries it again; the others are graded.")


def test_a_spreadsheet_reads_the_names_and_sees_the_mistakes(printed):
    data = (printed[0] / "report.csv").read_bytes()
    assert data.startswith("\ufeff".encode())  # else Excel takes é for Ã©
    assert "kld 2 (the ½ is missing)" in data.decode()


def test_words_that_wait_for_marks_are_said(printed):
    assert "Answers in words that wait for your marks: 2." in printed[1][3]
    assert "2 to mark" in (printed[0] / "report.html").read_text()


def test_feedback_shows_no_picture_that_the_student_did_not_draw(printed):
    for path in (printed[0] / "feedback").rglob("*.html"):
        assert "until yours is right" not in path.read_text()
        assert "&lt;p style" not in path.read_text()


def test_feedback_names_the_mistake_and_nothing_that_is_not_the_students(printed):
    texts = {path.parts[-3]: path.read_text() for path in (printed[0] / "feedback").rglob("*.html")}
    assert texts.keys() == {"ada", "ben", "cleo"}
    assert "the ½ is missing" in texts["ben"]
    assert "timed out" in texts["cleo"]
    for name, text in texts.items():
        assert not [other for other in texts.keys() - {name} if re.search(rf"\b{other}\b", text)]
        for secret in (str(ROOT), str(printed[0]), str(Path.home()) + "/", "Rubric", "number of pixels, 784"):
            assert secret not in text


def test_formgrader_lists_the_answers_to_mark(printed):
    config = Config()
    config.CourseDirectory.root = str(printed[0])
    api = NbGraderAPI(CourseDirectory(config=config))
    assert [one["name"] for one in api.get_assignments()] == [NAME]
    waiting = api.get_notebook_submissions(NAME, NAME)
    assert {one["student"] for one in waiting if one["needs_manual_grade"]} == {"ada", "ben"}


def test_nbgraders_own_autograde_runs_no_students_code(printed):
    config = Config()
    config.CourseDirectory.root = str(printed[0])
    done = NbGraderAPI(CourseDirectory(config=config)).autograde(NAME, "ada", force=True)
    assert not done["success"]
    assert (printed[0] / "autograded" / "ada" / NAME / f"{NAME}.ipynb").exists()


def test_a_second_run_finds_nothing_to_do(printed):
    words = [sys.executable, "-m", "vae_grade.cli", "--folder", str(printed[0]), "run"]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("0 graded now: no change.")


def test_the_limits_on_the_page_are_those_of_the_code():
    from vae_grade.judge import TIMES
    from vae_grade.sandbox import LARGEST_OUTCOME, LIMITS

    assert TIMES == 20
    words = (
        f"{LIMITS.seconds} seconds of the processor, and on a slow machine twenty times what the "
        "model answer takes there; twice as many by the clock, more where the machine is crowded; "
        f"{LIMITS.memory >> 30} GB of memory, {LIMITS.processes} processes, files of {LIMITS.disk >> 20} MB, "
        f"{LARGEST_OUTCOME >> 20} MB of results"
    )
    assert words in " ".join(PAGE.split())


def test_the_records_are_json(printed):
    for path in (printed[0] / "records").rglob("*.json"):
        assert json.loads(path.read_text())["state"]
