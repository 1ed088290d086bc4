"""The ways to open the course elsewhere, as far as this machine can try them: docs/open_anywhere.md, file by file."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import pytest
import yaml
from packaging.specifiers import SpecifierSet

from tools import build_site, set_address

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/open_anywhere.md").read_text()
ADDRESS = "https://github.com/OWNER/NAME"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ASSIGNMENT = "04_bce_vs_kld"


def block(begins):
    """The indented block of the page that begins with this line."""
    lines = PAGE[PAGE.index(f"    {begins}") :].splitlines()
    end = next(i for i, line in enumerate(lines) if line and not line.startswith("    "))
    return "\n".join(line[4:] for line in lines[:end]).strip()


def extras(line):
    """The extras that an install of the course names."""
    return set(re.search(r"-e '?\.\[([\w,]+)\]", line)[1].split(","))


def test_the_first_cell_of_a_copy_for_colab_is_the_one_of_the_page():
    copy_of = build_site.download_copy(nbformat.v4.new_notebook(), ADDRESS)
    comment, _, cell = copy_of.cells[0].source.partition("\n")
    assert comment.startswith("# ")
    assert cell == block("import importlib.util")


def test_a_workflow_tests_the_site_publishes_it_and_puts_the_copies_where_colab_looks():
    job = yaml.safe_load((ROOT / ".github/workflows/site.yml").read_text())["jobs"]["site"]
    uses = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
    assert uses[-3:] == [f"actions/{name}" for name in ("configure-pages", "upload-pages-artifact", "deploy-pages")]
    lines = "\n".join(step.get("run", "") for step in job["steps"])
    assert extras(lines.replace('"', "'")) == {"site", "test"}
    assert lines.index("pytest -n 0 tests/test_site.py") < lines.index("python tools/build_site.py --repository")
    assert f"git init -q -b {set_address.COPIES}" in lines


def test_the_links_of_the_page_open_the_first_lesson():
    binder = re.search(r"https://mybinder\.org/\S+(?=`)", PAGE)[0]
    assert binder == unquote(set_address.door_links(ADDRESS, set_address.FIRST)["Binder"])
    pull = parse_qs(urlsplit(block("https://HUB/")).query)
    assert pull == {
        "repo": [ADDRESS],
        "branch": [set_address.BRANCH],
        "urlpath": [f"lab/tree/NAME/{set_address.FIRST}"],
    }
    assert (ROOT / set_address.FIRST).is_file()


def test_binder_gets_a_python_and_an_extra_that_the_course_has():
    version = re.fullmatch(r"python-(\d\.\d+)\n", (ROOT / ".binder/runtime.txt").read_text())[1]
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)
    requirements = (ROOT / ".binder/requirements.txt").read_text()
    assert extras(requirements) == {"lab"} <= PROJECT["optional-dependencies"].keys()
    assert (ROOT / ".binder" / re.search(r"^-c (\S+)$", requirements, re.MULTILINE)[1]).resolve().is_file()


def test_binder_would_build_this_folder():
    """What repo2docker prints without Docker: the Dockerfile of what it found. The network brings the tool."""
    uvx = shutil.which("uvx", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if not uvx:
        pytest.skip("no uv: pip install uv")
    command = [uvx, "-q", "--from", "jupyter-repo2docker==2026.4.0", "--with", "setuptools<81", "jupyter-repo2docker"]
    done = subprocess.run([*command, "--no-build", "--debug", "."], cwd=ROOT, capture_output=True, text=True)
    plan = done.stdout + done.stderr
    if "Failed to fetch" in plan or "client error" in plan:
        pytest.skip(f"no index of packages can be reached: {plan}")
    assert done.returncode == 0, plan
    assert "python=3.12" in plan
    assert '-r ".binder/requirements.txt"' in plan


def test_a_container_gets_memory_and_extras_that_the_course_has():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    version = re.search(r"python:(\d\.\d+)$", container["image"])[1]
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)
    line = container["postCreateCommand"]
    assert extras(line) == {"grade", "test"} <= PROJECT["optional-dependencies"].keys()
    assert (ROOT / re.search(r"-c (\S+)", line)[1]).is_file()
    memory = container["hostRequirements"]["memory"]
    assert f"at least {int(memory.removesuffix('gb'))} GB of memory" in PAGE
    recommended = json.loads((ROOT / ".vscode/extensions.json").read_text())["recommendations"]
    assert container["customizations"]["vscode"]["extensions"] == recommended


def test_nbgraders_exchange_hands_out_and_brings_back(tmp_path):
    """With the lines of the page, by one user: released, fetched, submitted, collected, and taken over for grading."""
    course, student, exchange = (tmp_path / name for name in ("course", "student", "exchange"))
    for folder in ("solutions", "exercises"):
        shutil.copytree(ROOT / folder / ASSIGNMENT, course / folder / ASSIGNMENT)
    student.mkdir()
    exchange.mkdir()
    exchange.chmod(0o777)
    (course / "nbgrader_config.py").write_text(block("c = get_config()"))
    commands = Path(sys.executable).parent
    # nbgrader starts commands that are beside this Python, activated or not.
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"HOME": str(tmp_path), "PATH": path}
    where = [f"--Exchange.root={exchange}", f"--Exchange.cache={tmp_path / 'cache'}"]

    def run(folder, *command):
        line = [commands / command[0], *command[1:]]
        done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(course, "nbgrader", "release_assignment", ASSIGNMENT, *where)
    run(student, "nbgrader", "fetch_assignment", ASSIGNMENT, "--course", "vae", *where)
    run(student, "nbgrader", "submit", ASSIGNMENT, "--course", "vae", *where)
    run(course, "nbgrader", "collect", ASSIGNMENT, *where)
    (notebook,) = (course / "submitted").rglob("*.ipynb")
    assert notebook.read_bytes() == (ROOT / "exercises" / ASSIGNMENT / notebook.name).read_bytes()
    assert run(course, "vae-grade", "--folder", "graded", "collect", "submitted").startswith("1 placed, ")
