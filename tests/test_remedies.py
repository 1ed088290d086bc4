"""Commands that work where they are pasted, and paths as people write them."""

import subprocess
import sys
from pathlib import Path

import pytest

from vae_lib import remedies

ROOT = Path(__file__).parents[1]


def test_a_command_runs_in_any_folder(tmp_path):
    line = remedies.command("vae_lib.report", "--help")
    assert "usage: vae-report" in subprocess.check_output(line, shell=True, text=True, cwd=tmp_path)


@pytest.mark.parametrize("folder", ["course", "my course"])
def test_what_git_restores_it_restores_from_another_folder(tmp_path, monkeypatch, folder):
    course = tmp_path / folder
    (course / "vae_lib" / "mnist").mkdir(parents=True)
    file = course / "vae_lib" / "mnist" / "images"
    file.write_text("whole")
    git = ["git", "-C", course, "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *arguments], check=True)
    file.unlink()
    monkeypatch.setattr(remedies, "COURSE", course)
    sentence = remedies.restore("vae_lib/mnist")
    assert sentence.endswith(", or download the course again")
    subprocess.run(sentence.split("`")[1], shell=True, check=True, cwd=tmp_path)
    assert file.read_text() == "whole"


@pytest.mark.parametrize("lacks", ["a repository", "git"])
def test_without_git_no_git_is_recommended(tmp_path, monkeypatch, lacks):
    monkeypatch.setattr(remedies, "COURSE", tmp_path)
    if lacks == "git":
        (tmp_path / ".git").mkdir()
        monkeypatch.setattr(remedies.shutil, "which", lambda name: None)
    assert remedies.restore("vae_lib/trained") == "download the course again"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["vae-report", "--out", "my run"], 'vae-report --out "my run"'),
        ([r"C:\Users\Ada Lovelace\python.exe", "-m", "pip"], r'& "C:\Users\Ada Lovelace\python.exe" -m pip'),
    ],
)
def test_on_windows_a_line_is_for_powershell(monkeypatch, words, expected):
    monkeypatch.setattr(sys, "platform", "win32")
    assert remedies.line(*words) == expected


@pytest.mark.parametrize(
    ("home", "path", "expected"),
    [
        ("/home/ada", "/home/ada/.cache/x", "~/.cache/x"),
        ("/home/ada", "/home/adam/x", "/home/adam/x"),
        ("/", "/tmp/x", "/tmp/x"),
    ],
)
def test_a_path_below_the_home_folder_is_shown_with_a_tilde(monkeypatch, home, path, expected):
    monkeypatch.setenv("HOME", home)
    assert remedies.shown(Path(path)) == expected
