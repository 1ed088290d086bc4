"""vae-progress reads what a student has saved."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from vae_lib import progress

ROOT = Path(__file__).parents[1]
NAME = "04_bce_vs_kld"


def folder_with(tmp_path, source, name=NAME):
    (tmp_path / name).mkdir(parents=True)
    shutil.copy(ROOT / source / name / f"{name}.ipynb", tmp_path / name)
    return tmp_path / name / f"{name}.ipynb"


def set_output(path, exercise, output):
    notebook = nbformat.read(path, as_version=4)
    (cell,) = (c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == f"test-{exercise}")
    cell.outputs = [output]
    nbformat.write(notebook, path)


def printed_for(folder, capsys):
    progress.main([str(folder)])
    return capsys.readouterr().out


def test_a_fresh_assignment_has_no_points_and_begins_with_its_first_exercise(tmp_path, capsys):
    folder_with(tmp_path, "exercises")
    said = printed_for(tmp_path, capsys)
    assert "0 of  30   0 of 1 in words answered" in said
    assert "exercise bce: 0 of 10 points." in said
    assert "checks.bce.hint(1)" in said


def test_the_model_answer_is_done(tmp_path, capsys):
    folder_with(tmp_path, "solutions")
    said = printed_for(tmp_path, capsys)
    assert "30 of  30   1 of 1 in words answered" in said
    assert "All is done" in said


def test_all_released_assignments_are_read(capsys):
    said = printed_for(ROOT / "exercises", capsys)
    for path in (ROOT / "exercises").iterdir():
        assert path.name in said


@pytest.mark.parametrize(
    ("text", "points"), [("7.0", 7), ("10.0", 10), ("1e9", 10), ("-3", 0), ("nan", 0), ("None", 0), ("", 0)]
)
def test_points_are_the_number_shown_within_those_of_the_exercise(tmp_path, text, points):
    path = folder_with(tmp_path, "solutions")
    set_output(path, "kld", nbformat.v4.new_output("execute_result", {"text/plain": text}, execution_count=1))
    by_name = {exercise.name: exercise for exercise in progress.saved_exercises(path)}
    assert by_name["kld"].points == points
    assert by_name["bce"].points == 10
    assert by_name["kld"].done == (points == 10)


def test_a_check_that_failed_is_named(tmp_path, capsys):
    path = folder_with(tmp_path, "solutions")
    set_output(path, "kld", nbformat.v4.new_output("error", ename="NameError", evalue="name 'x'", traceback=[]))
    said = printed_for(tmp_path, capsys)
    assert "exercise kld: its check ended with a NameError; choose Run → Run All Cells" in said
    assert "20 of  30" in said


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", json.dumps({"cells": [{"cell_type": "code"}]}), "\xff\x00"])
def test_a_broken_file_is_a_sentence_and_hides_no_other(tmp_path, capsys, text):
    folder_with(tmp_path, "solutions")
    (tmp_path / "03_broken.ipynb").write_text(text, encoding="latin-1")
    said = printed_for(tmp_path, capsys)
    assert "03_broken" in said
    assert "cannot be read" in said
    assert "30 of  30" in said


@pytest.mark.parametrize(
    "text", [100_000 * "[", '{"cells": ' + 100_000 * "[", '{"cells": "text"}', '{"cells": [7]}', "[NaN]"]
)
def test_no_file_is_a_traceback(tmp_path, capsys, text):
    (tmp_path / "03_broken.ipynb").write_text(text)
    assert "cannot be read" in printed_for(tmp_path, capsys)


def test_a_byte_order_mark_is_no_obstacle(tmp_path, capsys):
    path = folder_with(tmp_path, "solutions")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert "30 of  30" in printed_for(tmp_path, capsys)


def test_a_single_notebook_may_be_named(tmp_path, capsys):
    assert "30 of  30" in printed_for(folder_with(tmp_path, "solutions"), capsys)


def test_a_tilde_is_the_home_folder(tmp_path, capsys, monkeypatch):
    folder_with(tmp_path / "own", "solutions")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "30 of  30" in printed_for("~/own", capsys)


def test_a_sign_that_the_terminal_lacks_is_no_traceback(tmp_path, monkeypatch):
    path = folder_with(tmp_path, "solutions")
    set_output(path, "kld", nbformat.v4.new_output("error", ename="NameError", evalue="name 'x'", traceback=[]))
    printed = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr("sys.stdout", printed)
    progress.main([str(tmp_path)])
    printed.seek(0)
    assert "choose Run ? Run All Cells, then save." in printed.read()


def test_a_pipe_that_closes_is_no_traceback(tmp_path):
    folder_with(tmp_path, "solutions")
    line = [sys.executable, "-m", "vae_lib.progress", str(tmp_path)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    assert (process.wait(), said) == (141, "")


def test_a_folder_that_cannot_be_searched_is_a_sentence(tmp_path, capsys, monkeypatch):
    def fail(*_):
        raise OSError(22, "Invalid argument", "/proc/1/net")

    monkeypatch.setattr(Path, "rglob", fail)
    with pytest.raises(SystemExit):
        progress.main([str(tmp_path)])
    assert "cannot be searched ([Errno 22] Invalid argument: '/proc/1/net'): name the" in capsys.readouterr().err


def test_a_folder_without_notebooks_is_a_sentence(tmp_path, capsys):
    with pytest.raises(SystemExit):
        progress.main([str(tmp_path)])
    assert "name the folder of your assignments" in capsys.readouterr().err


def test_nothing_is_written(tmp_path):
    path = folder_with(tmp_path, "exercises")
    before = path.read_bytes()
    progress.main([str(tmp_path)])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [path.name]
