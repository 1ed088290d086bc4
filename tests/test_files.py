"""Files are there whole or not at all."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from vae_lib import files, images

ROOT = Path(__file__).parents[1]


def test_a_file_is_written_with_its_folders_and_nothing_beside_it(tmp_path):
    files.write_atomically(str(tmp_path / "new" / "folder" / "file"), lambda path: path.write_bytes(b"content"))
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["file"]
    assert (tmp_path / "new" / "folder" / "file").read_bytes() == b"content"


def test_a_file_is_not_touched_before_its_content_is_whole(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    temporary = []

    def write(path):
        path.write_bytes(b"new")
        temporary.append(path)
        assert (tmp_path / "file").read_bytes() == b"old"

    files.write_atomically(tmp_path / "file", write)
    assert (tmp_path / "file").read_bytes() == b"new"
    # A rename is one step only within a folder, and the number keeps two processes apart.
    assert temporary[0].parent == tmp_path
    assert str(os.getpid()) in temporary[0].name


@pytest.mark.parametrize("old", [None, b"old"])
@pytest.mark.parametrize("stopped_at", ["write", "rename"])
def test_a_write_that_is_interrupted_leaves_what_was_there(tmp_path, monkeypatch, old, stopped_at):
    def stop(*_):
        raise KeyboardInterrupt

    def write(path):
        path.write_bytes(b"half")
        if stopped_at == "write":
            stop()

    if old:
        (tmp_path / "file").write_bytes(old)
    if stopped_at == "rename":
        monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        files.write_atomically(tmp_path / "file", write)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == ({"file": old} if old else {})


@pytest.mark.parametrize(("content", "expected"), [(b"\r\n", b"\r\n"), ("σ\n", b"\xcf\x83\n")])
def test_text_and_bytes_are_written_as_they_are(tmp_path, content, expected):
    files.write(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == expected


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS])
def test_a_disk_that_fails_is_named_with_the_file_and_leaves_what_was_there(tmp_path, number):
    def write(path):
        path.write_bytes(b"half")
        raise OSError(number, os.strerror(number))

    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(OSError, match=str(tmp_path / "file")) as caught:
        files.write_atomically(tmp_path / "file", write)
    assert caught.value.errno == number
    assert ("there is no room" in str(caught.value)) == (number in files.FULL)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"old"}


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    images.save_images(torch.rand(2, 784), "~/grid.png")
    files.write("~/notes", "a")
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["grid.png", "notes"]
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("command", "imported"),
    [("vae_lib.report", "torch"), ("vae_lib.environment", "torch"), ("vae_grade.cli", "nbformat")],
)
def test_ctrl_c_while_a_command_imports_is_no_traceback(tmp_path, command, imported):
    (tmp_path / f"{imported}.py").write_text("raise KeyboardInterrupt")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    line = [sys.executable, "-m", command]
    done = subprocess.run(line, env=os.environ | {"PYTHONPATH": path}, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
