"""The files around the library: dependencies, notebooks as built, style."""

import importlib
import io
import re
import shutil
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from conftest import FIRST, SLOW
from tools import build_notebooks as build
from tools import set_address
from vae_lib import widgets

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CONDA_NAMES = {"torch": "pytorch"}


def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_conda_and_pip_name_the_same_dependencies():
    project = pyproject()
    wanted = {Requirement(line) for line in project["dependencies"] + project["optional-dependencies"]["lab"]}
    wanted = {CONDA_NAMES.get(r.name, r.name) + str(r.specifier) for r in wanted}
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert wanted | {"python" + project["requires-python"], "pip"} == {line for line in conda if isinstance(line, str)}
    assert {"pip": ["-e ."]} in conda


def test_readme_and_metadata_name_the_range_of_pythons_that_pip_checks():
    project = pyproject()
    lowest, end = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups()
    minors = range(int(lowest), int(end))
    readme = (ROOT / "README.md").read_text()
    assert f"You need Python 3.{minors[0]} to 3.{minors[-1]}," in readme
    assert f"    py -3.{minors[-1]} -m venv" in readme
    assert f"has wheels for 3.{minors[0]} to 3.{minors[-1]}:" in (ROOT / "constraints.txt").read_text().splitlines()[0]
    versions = [line for line in project["classifiers"] if line.startswith("Programming Language :: Python")]
    assert versions == [f"Programming Language :: Python :: 3.{minor}" for minor in minors]


def test_ci_runs_the_test_line_of_the_readme():
    pattern = re.search(r"grep -E '(.+)' README.md", (ROOT / ".ci/run").read_text())[1]
    lines = re.findall(pattern, (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(lines) == 1
    assert lines[0].endswith(" --everything")


def test_what_is_left_out_of_the_quick_loop_or_comes_first_exists():
    files = list((ROOT / "tests").glob("*.py"))
    functions = {name for path in files for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)}
    assert {path.name for path in files} | functions >= SLOW
    assert {path.name for path in files + NOTEBOOKS} >= {*FIRST}


def test_the_licence_files_are_whole_texts_that_a_forge_recognises():
    licences = set(re.findall(r"[\w.-]+", pyproject()["license"])) - {"AND"}
    assert {path.stem for path in (ROOT / "LICENSES").iterdir()} == licences
    mit = (ROOT / "LICENSE").read_text()
    assert mit.startswith("MIT License\n")
    assert mit.rstrip().endswith("SOFTWARE.")
    assert (ROOT / "LICENSES/MIT.txt").read_text() == mit


def test_constraints_pin_every_direct_dependency_within_its_range_and_name_no_address():
    lines = (ROOT / "constraints.txt").read_text().splitlines()[1:]
    pins = {canonicalize_name(name): pin for name, pin in (line.split("==") for line in lines)}  # fails on an address
    project = pyproject()
    extras = project["optional-dependencies"]
    for line in project["dependencies"] + extras["lab"] + extras["test"]:
        requirement = Requirement(line)
        if requirement.name == project["name"]:
            assert requirement.extras == {"lab"}
            continue
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])


def test_every_notebook_is_what_its_source_says():
    with pytest.raises(SystemExit) as end:
        build.main(["--check"])
    assert end.value.code == 0


def test_ruff_finds_nothing():
    for command in (["check"], ["format", "--check"]):
        result = subprocess.run([sys.executable, "-m", "ruff", *command, ROOT], capture_output=True, text=True)
        assert result.returncode == 0, result.stdout


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """The source of a small lesson, built."""
    for name in ("LESSONS", "ASSIGNMENTS", "NOTEBOOKS", "SOLUTIONS", "EXERCISES"):
        monkeypatch.setattr(build, name, tmp_path / name.lower())
        getattr(build, name).mkdir()
    source = build.LESSONS / "01_small.py"
    source.write_text("# %% [markdown]\n# # Small\n\n# %%\nprint(1 + 1)\n")
    build_from(source)
    return source


def built(source):
    return build.NOTEBOOKS / f"{source.stem}.ipynb"


def build_from(source):
    for path, notebook in build.notebooks_of(source).items():
        build.build(path, notebook)


def problems(source):
    return build.problems(source) + build.orphans([source])


def test_a_build_executes_and_is_fresh(lesson):
    stored = nbformat.read(built(lesson), as_version=4)
    assert stored.cells[1].outputs[0].text == "2\n"
    assert problems(lesson) == []


def test_two_builds_are_the_same_bytes(lesson):
    first = built(lesson).read_bytes()
    build_from(lesson)
    assert built(lesson).read_bytes() == first


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("print(1 + 1)\n", "print(1 + 1)\n# more\n", "cell 01_small-02, line 2: None in place of '# more'"),
        ("1 + 1", "1 + 2", "cell 01_small-02, line 1: 'print(1 + 1)' in place of 'print(1 + 2)'"),
        ("print(1 + 1)\n", "print(1 + 1)\n\n# %%\nprint(3)\n", "cell 01_small-03 is missing"),
        ("\n# %%\nprint(1 + 1)\n", "", "cell 01_small-02 is not in the source"),
        ("# %%\n", '# %% tags=["raises-exception"]\n', "cell 01_small-02: metadata differs"),
        ("# %% [markdown]\n# # Small", "# %% [raw]\n# # Small", "cell 01_small-01: cell_type differs"),
    ],
)
def test_in_a_changed_source_the_cell_that_differs_is_named(lesson, before, after, what):
    assert before in lesson.read_text()
    lesson.write_text(lesson.read_text().replace(before, after))
    (sentence,) = problems(lesson)
    assert f"01_small.ipynb: not what 01_small.py says: {what}; run" in sentence


def test_in_an_edited_notebook_the_cell_that_differs_is_named(lesson):
    stored = built(lesson)
    stored.write_text(stored.read_text().replace("1 + 1", "1 + 2"))
    (sentence,) = problems(lesson)
    assert "cell 01_small-02, line 1: 'print(1 + 2)' in place of 'print(1 + 1)'" in sentence


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: text.replace('"nbformat_minor": 5', '"nbformat_minor": 4'), "metadata of the notebook differ"),
        (lambda text: text.replace('"Python 3"', '"Python 4"'), "metadata of the notebook differ"),
        (lambda text: text.replace("\n ", "\n  "), "its JSON is written in another way"),
        (lambda text: text[:-100], "it is no notebook"),
    ],
)
def test_a_notebook_that_was_written_by_another_program_is_found(lesson, change, what):
    stored = built(lesson)
    stored.write_text(change(stored.read_text()))
    (sentence,) = problems(lesson)
    assert what in sentence


def test_line_ends_of_another_system_are_no_difference_and_not_built_in(lesson):
    stored = built(lesson)
    before = stored.read_bytes()
    for path in (lesson, stored):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert problems(lesson) == []
    build_from(lesson)
    assert stored.read_bytes() == before


def run_build(*arguments):
    """The exit status of the tool: 0, or what it says."""
    with pytest.raises(SystemExit) as end:
        build.main([str(argument) for argument in arguments])
    return end.value.code


def test_a_source_with_a_fault_is_named_and_stops_no_other(lesson, monkeypatch):
    monkeypatch.setattr(build, "ROOT", lesson.parents[1])
    broken = build.ASSIGNMENTS / "02_broken.py"
    broken.write_text('# %% tests="no_such_check"\nprint(1)\n')
    failing = build.LESSONS / "03_failing.py"
    failing.write_text("# %%\nprint(nothing)\n")
    stored = built(lesson)
    stored.write_text(stored.read_text().replace("1 + 1", "1 + 2"))
    checked = run_build("--check").splitlines()
    assert [sentence.split(": ")[0] for sentence in checked] == [str(stored), str(built(failing)), str(broken)]
    assert "vae_checks has no check of this name" in checked[2]
    said = run_build()
    assert f"{broken}: tests=" in said
    assert f"{built(failing)}: a cell fails" in said
    assert "NameError" in said
    assert run_build("--check", lesson) == 0


def test_a_named_source_is_the_only_one_that_is_read(lesson, monkeypatch):
    monkeypatch.setattr(build, "ROOT", lesson.parents[1])
    (build.ASSIGNMENTS / "02_broken.py").write_text('# %% answer="kld"\n### BEGIN SOLUTION\n')
    assert run_build(lesson) == 0
    assert run_build("--check", lesson) == 0
    assert "BEGIN SOLUTION or END SOLUTION without the other" in run_build("--check")


def test_a_path_that_is_no_source_is_refused(lesson, capsys):
    assert run_build(built(lesson)) == 2
    assert f"no source in {build.LESSONS} or {build.ASSIGNMENTS}: {built(lesson)}" in capsys.readouterr().err


def test_the_tool_runs_as_a_file_and_as_a_module():
    for way in (["tools/build_notebooks.py"], ["-m", "tools.build_notebooks"]):
        result = subprocess.run([sys.executable, *way, "--help"], capture_output=True, text=True, cwd=ROOT)
        assert "--check" in result.stdout, result.stderr


@pytest.mark.parametrize("name", ["tools.build_notebooks", "vae_lib.progress", "vae_grade.cli", "vae_lib.report"])
def test_a_command_explains_itself_in_the_encoding_of_an_old_windows_too(monkeypatch, name):
    printed = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", printed)
    with pytest.raises(SystemExit) as end:
        importlib.import_module(name).main(["--help"])
    assert end.value.code == 0
    printed.seek(0)
    assert printed.read().startswith("usage: ")


def test_an_orphan_is_found(lesson):
    lesson.rename(lesson.with_name("02_other.py"))
    found = problems(lesson.with_name("02_other.py"))
    assert any("01_small.ipynb: an orphan" in sentence for sentence in found)


def test_a_notebook_that_was_not_executed_is_found(lesson):
    stored = built(lesson)
    stored.write_text(build.as_text(build.without_outputs(nbformat.read(stored, as_version=4))))
    assert "was not executed" in problems(lesson)[0]


def test_a_failing_lesson_leaves_the_notebook_before(lesson):
    before = built(lesson).read_bytes()
    lesson.write_text("# %%\nprint(nothing)\n")
    with pytest.raises(Exception, match="NameError"):
        build_from(lesson)
    assert built(lesson).read_bytes() == before


def test_a_widget_is_stored_as_its_picture_or_not_at_all():
    def output(data):
        return nbformat.v4.new_output("display_data", data)

    view = {build.WIDGET_VIEW: {"model_id": "1"}, "text/plain": "Explorer()"}
    assert build.without_widget(output(view)) is None
    assert set(build.without_widget(output(view | {"image/png": "iVBOR"})).data) == {"text/plain", "image/png"}
    assert build.without_widget(output({"text/plain": "7"})).data == {"text/plain": "7"}


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_are_short(path):
    lengths = [len(cell.source.splitlines()) for cell in code_cells(path)]
    assert statistics.median(lengths) <= 6
    assert max(lengths) <= 20


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_figure_is_described(path):
    outputs = [output for cell in code_cells(path) for output in cell.outputs]
    figures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert figures
    for figure in figures:
        assert len(figure.metadata["image/png"]["alt"]) > 15


def test_where_no_kernel_runs_each_of_our_widgets_is_a_picture():
    kinds, found = "|".join(name for name in widgets.__all__ if name[0].isupper()), []
    for path in NOTEBOOKS:
        assert "widgets" not in nbformat.read(path, as_version=4).metadata
        for cell in code_cells(path):
            if re.search(rf"^(\w+ = )?({kinds})\(", cell.source, re.MULTILINE):
                found.append(path.stem[:2])
                assert any("image/png" in output.get("data", {}) for output in cell.outputs)
    assert sorted(set(found)) == ["03", "04", "05", "06", "07", "08", "09", "10", "11", "12"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_lesson_has_objectives_a_duration_and_a_recap(path):
    cells = nbformat.read(path, as_version=4).cells
    assert "In this lesson you will" in cells[0].source
    assert "**Time:**" in cells[0].source
    assert "## What to take along" in cells[-1].source


def test_what_installs_jupyterlab_names_its_extra():
    """The lines that end in JupyterLab; a plain install, as on Colab, brings none."""
    readme = (ROOT / "README.md").read_text()
    lines = re.findall(r"pip install -c constraints\.txt -e (\S+)", readme)
    assert lines == ['".[lab]"', '".[lab]"', '".[test]"']
    assert "-e .[lab]" in (ROOT / ".binder/requirements.txt").read_text()
    plain = {Requirement(line).name for line in pyproject()["dependencies"]}
    assert not plain & {"jupyterlab", "jupytext", "notebook", "ipykernel", "ipython"}


def test_the_address_is_set_in_one_place_and_the_buttons_follow(tmp_path):
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    before = [(tmp_path / name).read_text() for name in ("README.md", "pyproject.toml")]
    address = "https://github.com/Someone/a-course"
    set_address.set_address(tmp_path, address)
    set_address.set_address(tmp_path, address)
    readme = (tmp_path / "README.md").read_text()
    assert set_address.repository(tmp_path) == address
    for href in (
        "https://colab.research.google.com/github/Someone/a-course/blob/colab/notebooks/00_start_here.ipynb",
        "https://mybinder.org/v2/gh/Someone/a-course/main?urlpath=lab%2Ftree%2Fnotebooks%2F00_start_here.ipynb",
        "https://codespaces.new/Someone/a-course",
        "https://someone.github.io/a-course/",
    ):
        assert readme.count(f"]({href})") == 1
    set_address.set_address(tmp_path, set_address.repository())
    assert [(tmp_path / name).read_text() for name in ("README.md", "pyproject.toml")] == before


def test_the_readme_opens_with_picture_sentence_and_buttons():
    title, picture, sentence, buttons = (ROOT / "README.md").read_text().split("\n\n")[:4]
    assert title.startswith("# ")
    assert (ROOT / re.fullmatch(r"!\[.{20,}\]\((.*)\)", picture)[1]).is_file()
    assert re.fullmatch(r"[A-Z][^.]*\.", sentence)
    assert buttons == set_address.readme_buttons(set_address.repository())
    for href in re.findall(r"\]\((?!http|#)([^)]*)\)", buttons):
        assert (ROOT / href).is_file()


def test_a_checkout_of_git_for_windows_has_the_same_bytes(tmp_path):
    """Its installer sets `core.autocrlf`, and hashes are of bytes."""
    names = [".gitattributes", ".ci/run", "README.md", "vae_lib/mnist/SHA256SUMS", "vae_lib/widgets/live.js"]
    names += ["sources/lessons/00_start_here.py", "notebooks/00_start_here.ipynb"]
    for name in names:
        (tmp_path / "course" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "course" / name)

    def git(*arguments, cwd):
        author = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-c", "core.autocrlf=true", *author, *arguments], cwd=cwd, check=True)

    git("init", "-q", cwd=tmp_path / "course")
    git("add", ".", cwd=tmp_path / "course")
    git("commit", "-qm", "all", cwd=tmp_path / "course")
    git("clone", "-q", "-c", "core.autocrlf=true", "course", "checkout", cwd=tmp_path)
    for name in names:
        assert (tmp_path / "checkout" / name).read_bytes() == (ROOT / name).read_bytes(), name
