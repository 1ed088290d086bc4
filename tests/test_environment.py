"""The environment check: fine here, and one sentence with a remedy for each thing that can be wrong."""

import functools
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError
from pathlib import Path, PurePosixPath
from types import ModuleType, SimpleNamespace

import pytest

import vae_lib
from vae_lib import data, environment
from vae_lib.environment import Line, Lines, check_environment


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Unpack to a folder of the test, not to the home of whoever runs it."""
    monkeypatch.setattr(data, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(data, "unpack", functools.partial(data.unpack, tmp_path / "cache"))


def test_all_is_fine_here(tmp_path):
    checks = check_environment(tmp_path)
    assert checks.ok, checks
    assert [check.name for check in checks] == ["Python", "PyTorch and MNIST", "scikit-learn", "Widgets", "Disk"]
    assert str(tmp_path / "cache") in checks[1].sentence


def python(*running):
    def break_it(monkeypatch, tmp_path):
        info = (*running, 4, "final", 0)
        monkeypatch.setattr(environment, "sys", SimpleNamespace(version_info=info, prefix=sys.prefix))

    return break_it


def not_installed(package):
    def break_it(monkeypatch, tmp_path):
        real = environment.version

        def version(name):
            if name == package:
                raise PackageNotFoundError(name)
            return real(name)

        monkeypatch.setattr(environment, "version", version)

    return break_it


def imports(name, module):
    """What an import of `name` finds: None says that there is no such module."""

    def break_it(monkeypatch, tmp_path):
        monkeypatch.setitem(sys.modules, name, module)
        # Let the check import them again.
        for ours in ("data", "pytorch", "vision"):
            monkeypatch.delitem(sys.modules, f"vae_lib.{ours}", raising=False)
            monkeypatch.delattr(vae_lib, ours, raising=False)

    return break_it


def not_importable(name):
    return imports(name, None)


# ImportError: cannot import name 'datasets'
another = ModuleType("another torchvision")
another.__spec__ = ModuleSpec(another.__name__, None)
torchvision_that_does_not_fit = imports("torchvision", another)


def no_lab_extension(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "files", lambda name: [])
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(tmp_path / "share" / "jupyter")])


def damaged_bundle(monkeypatch, tmp_path):
    copy = shutil.copytree(data.BUNDLE, tmp_path / "bundle")
    (copy / "t10k-images-idx3-ubyte.gz").write_bytes(b"damaged")
    monkeypatch.setattr(data, "BUNDLE", copy)


def cache_that_is_no_folder(monkeypatch, tmp_path):
    (tmp_path / "cache").write_text("a file, where the data should go")


def full_disk(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=0.2e9))


@pytest.mark.parametrize(
    ("break_it", "name", "words", "remedy"),
    [
        (
            python(3, 10),
            "Python",
            "this is Python 3.10.4, the course needs 3.11 to 3.14",
            "install one of those, delete",
        ),
        (
            python(3, 15),
            "Python",
            "this is Python 3.15.4, the course needs 3.11 to 3.14",
            "install one of those, delete",
        ),
        (not_importable("torch"), "PyTorch and MNIST", "torch is not installed in", "set-up line of README.md again"),
        (not_importable("torchvision"), "PyTorch and MNIST", "torchvision is not", "set-up line of README.md again"),
        (not_installed("scikit-learn"), "scikit-learn", "scikit-learn is not", "set-up line of README.md again"),
        (torchvision_that_does_not_fit, "PyTorch and MNIST", "cannot be loaded", "cannot import name 'datasets' from"),
        (damaged_bundle, "PyTorch and MNIST", "is damaged", "checkout -- vae_lib/mnist`, or download the course again"),
        (cache_that_is_no_folder, "PyTorch and MNIST", "cache", "XDG_CACHE_HOME"),
        (not_installed("ipywidgets"), "Widgets", "ipywidgets is not", "run the set-up line of README.md again"),
        (not_installed("anywidget"), "Widgets", "anywidget is not", "run the set-up line of README.md again"),
        (no_lab_extension, "Widgets", "is missing", "--force-reinstall jupyterlab_widgets"),
        (full_disk, "Disk", "0.2 GB are free, the course needs 1 GB", "make room"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_wrong_is_told_in_one_sentence_with_the_remedy(monkeypatch, tmp_path, break_it, name, words, remedy):
    break_it(monkeypatch, tmp_path)
    checks = check_environment(tmp_path)
    assert not checks.ok
    (problem,) = (check for check in checks if not check.ok)
    assert problem.name == name
    assert words in problem.sentence
    assert remedy in problem.sentence
    assert problem.sentence.endswith(".")
    assert "\n" not in problem.sentence


def test_beside_a_wrong_python_nothing_else_is_blamed(monkeypatch, tmp_path):
    python(3, 9)(monkeypatch, tmp_path)
    (line,) = check_environment(tmp_path)
    assert "this is Python 3.9.4" in line.sentence


MIXED = Lines([Line("Python", True, "version 3.12.1"), Line("Disk", False, "0.2 GB are free: make room.")])


def test_a_notebook_shows_a_table():
    assert MIXED._repr_markdown_().splitlines() == [
        "| | what | found |",
        "|---|---|---|",
        "| ✓ ok | Python | version 3.12.1 |",
        "| ✗ **problem** | Disk | 0.2 GB are free: make room. |",
    ]


def test_print_gives_a_line_for_each_check():
    assert repr(MIXED).splitlines() == [
        "ok       Python: version 3.12.1",
        "PROBLEM  Disk: 0.2 GB are free: make room.",
    ]


@pytest.mark.parametrize("found_by", ["pip", "JupyterLab"])
def test_widgets_installed_elsewhere_than_in_the_prefix_are_no_problem(monkeypatch, tmp_path, found_by):
    """As by `pip install --user`, in a .venv with --system-site-packages, or on a hub."""
    monkeypatch.setattr(environment, "sys", SimpleNamespace(prefix=str(tmp_path / "another")))
    for part, _ in environment.BROWSER_PARTS.values():
        file = tmp_path / "share/jupyter/labextensions" / part / "package.json"
        file.parent.mkdir(parents=True)
        file.write_text("{}")

    class Put(PurePosixPath):
        def locate(self):
            return tmp_path / self

    names = [Put("share/jupyter/labextensions", part, "package.json") for part, _ in environment.BROWSER_PARTS.values()]
    monkeypatch.setattr(environment, "files", lambda name: names if found_by == "pip" else None)
    folder = tmp_path / "share/jupyter" if found_by == "JupyterLab" else tmp_path / "nothing"
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(folder)])
    assert environment.check_widgets().ok


def test_the_range_of_pythons_is_that_of_pip():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    (low, _), (high, newest) = environment.OLDEST, environment.NEWEST
    assert project["requires-python"] == f">={low}.{environment.OLDEST[1]},<{high}.{newest + 1}"


def test_all_is_ok_only_if_every_line_is():
    assert Lines(MIXED[:1]).ok
    assert not MIXED.ok


def command(tmp_path, pythonpath=""):
    path = os.pathsep.join(filter(None, [pythonpath, os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-m", "vae_lib.environment"],
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )


def test_the_command_succeeds_where_all_is_fine(tmp_path):
    done = command(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ok"] * 5
    assert (tmp_path / "vae_course" / "MNIST" / "raw" / "train-images-idx3-ubyte").exists()


def test_the_command_still_speaks_and_fails_where_pytorch_does_not_work(tmp_path):
    package = Path(tmp_path, "broken", "torchvision")
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    done = command(tmp_path, str(package.parent))
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ok", "PROBLEM", "ok", "ok", "ok"]
    assert "operator torchvision::nms does not exist" in done.stdout


def run_environment(tmp_path, *prefix, **variables):
    """What the command prints, with these variables (None: without it) and after this command."""
    environment = os.environ | {"PYTHONPATH": str(Path(vae_lib.__file__).parents[1])} | variables
    environment = {name: value for name, value in environment.items() if value is not None}
    line = [*prefix, sys.executable, "-m", "vae_lib.environment"]
    done = subprocess.run(line, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.splitlines()[1]


# A number that has no name, as in containers.
NO_NAME = ["unshare", "--map-user=12345", "--map-group=12345"]
needs_unshare = pytest.mark.skipif(
    not shutil.which("unshare") or subprocess.run([*NO_NAME, "true"], capture_output=True).returncode != 0,
    reason="no user namespaces",
)


@needs_unshare
def test_without_a_home_folder_there_is_a_sentence(tmp_path):
    said = run_environment(tmp_path, *NO_NAME, HOME=None, XDG_CACHE_HOME=None)
    assert said.startswith("PROBLEM  PyTorch and MNIST: there is no home folder for the data of the course (")
    assert said.endswith(
        "set the environment variable XDG_CACHE_HOME to a folder of your own, then start JupyterLab again."
    )


@needs_unshare
def test_without_a_home_folder_the_cache_that_is_named_serves(tmp_path):
    said = run_environment(tmp_path, *NO_NAME, HOME=None, XDG_CACHE_HOME=str(tmp_path))
    assert said.endswith(f"the data are whole, in {tmp_path}/vae_course/MNIST/raw")


@pytest.mark.parametrize(
    ("home", "shown"), [("/", "{}/vae_course"), ("{}", "~/vae_course"), ("{}/no", "{}/vae_course")]
)
def test_the_cache_is_shown_where_it_is(tmp_path, home, shown):
    said = run_environment(tmp_path, HOME=home.format(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    assert said.endswith(f"the data are whole, in {shown.format(tmp_path)}/MNIST/raw")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no XDG_CACHE_HOME")
def test_a_tilde_in_the_name_of_the_cache_is_the_home_folder(tmp_path):
    (tmp_path / "work").mkdir()
    said = run_environment(tmp_path / "work", HOME=str(tmp_path), XDG_CACHE_HOME="~/data")
    assert said.endswith("the data are whole, in ~/data/vae_course/MNIST/raw")
    assert (tmp_path / "data/vae_course/MNIST/raw").is_dir()
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize("variables", [{"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "cp1252"}])
def test_another_encoding_of_the_terminal_is_fine(tmp_path, variables):
    place = tmp_path / "a folder for data"
    assert run_environment(tmp_path, XDG_CACHE_HOME=str(place), **variables).startswith("ok ")


def test_a_folder_with_a_blank_and_an_umlaut_is_fine(tmp_path):
    place = tmp_path / "öut mit leer"
    said = run_environment(tmp_path, XDG_CACHE_HOME=str(place))
    assert said.endswith(f"the data are whole, in {place}/vae_course/MNIST/raw")


def test_a_pipe_that_closes_is_no_traceback(tmp_path):
    line = [sys.executable, "-m", "vae_lib.environment"]
    environment = os.environ | {"PYTHONPATH": str(Path(vae_lib.__file__).parents[1]), "XDG_CACHE_HOME": str(tmp_path)}
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    assert (process.wait(), said) == (141, "")
