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


KERNEL = """
import nbformat
from nbclient import NotebookClient
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import sys; print(sys.executable)")])
NotebookClient(notebook, kernel_name="python3").execute()
print(notebook.cells[0].outputs[0].text)
"""


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="not in a virtual environment")
def test_a_kernel_that_another_python_installed_for_the_user_does_not_win(tmp_path):
    """As `python -m ipykernel install --user` leaves it, of the same name."""
    folder = tmp_path / "data" / "kernels" / "python3"
    folder.mkdir(parents=True)
    spec = {"argv": ["/another/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec | {"display_name": "Python 3 (ipykernel)"}))
    own = {"JUPYTER_DATA_DIR": str(tmp_path / "data"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    done = subprocess.run([sys.executable, "-c", KERNEL], env=os.environ | own, capture_output=True, text=True)
    assert done.stdout.strip() == sys.executable, done.stderr


def test_the_first_page_is_lesson_00(server):
    with server("/") as answer:
        assert answer.url.endswith("/lab/tree/notebooks/00_start_here.ipynb")
    with server("/api/contents/notebooks/00_start_here.ipynb") as answer:
        assert json.load(answer)["type"] == "notebook"
