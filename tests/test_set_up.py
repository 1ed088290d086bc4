"""The set-up lines of the README, word for word: the right Pythons, and a JupyterLab that reaches the whole course."""

import json
import os
import re
import secrets
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.jupyter_in_browser import free_port, wait_for

ROOT = Path(__file__).parents[1]
COMMANDS = re.findall(r"(?:^    |&& )(\S*jupyter lab .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)


def test_every_system_has_the_same_command():
    programs, arguments = zip(*(command.split(" ", 1) for command in COMMANDS), strict=True)
    assert list(programs) == [".venv/bin/jupyter", r".venv\Scripts\jupyter", "jupyter"]
    assert len(set(arguments)) == 1


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """JupyterLab as the README starts it; gives a function that opens a path of it."""
    folder = tmp_path_factory.mktemp("jupyter")
    program, *arguments = COMMANDS[0].split()
    program = Path(sys.executable).with_name(Path(program).name)  # of the environment that tests
    port, token = free_port(), secrets.token_hex(16)
    options = ["--no-browser", "--allow-root", f"--ServerApp.port={port}", f"--IdentityProvider.token={token}"]
    own = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {f"JUPYTERLAB_{name}_DIR": str(folder / name) for name in ("SETTINGS", "WORKSPACES")}

    def get(path):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"token {token}"})
        return urllib.request.urlopen(request, timeout=60)

    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [program, *arguments, *options], cwd=ROOT, env=os.environ | own, stdout=log, stderr=log
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/api?token={token}", process, folder / "log")
        yield get
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize("path", ["notebooks", "exercises", "solutions", "GLOSSARY.md"])
def test_what_the_lessons_send_students_to_can_be_reached(server, path):
    with server(f"/api/contents/{path}") as answer:
        assert json.load(answer)["path"] == path


def test_the_first_page_is_lesson_00(server):
    with server("/") as answer:
        assert answer.url.endswith("/lab/tree/notebooks/00_start_here.ipynb")
    with server("/api/contents/notebooks/00_start_here.ipynb") as answer:
        assert json.load(answer)["type"] == "notebook"
