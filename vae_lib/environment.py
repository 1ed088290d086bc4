"""Is this computer ready for the course?  `python -m vae_lib.environment` tells.

The imports that may fail are inside the checks, so that this module can still speak when PyTorch cannot.
"""

import contextlib
import shutil
import sys
from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path
from typing import NamedTuple

from vae_lib.files import printing, stopping
from vae_lib.remedies import SET_UP_AGAIN, command, shown

OLDEST, NEWEST = (3, 11), (3, 14)  # Pythons that the course can be installed with
FREE_DISK_GB = 1.0  # a report run writes 0.4 GB of checkpoints, the rest is room to work
# Where JupyterLab finds each one's part for the browser, and the package that brings it.
BROWSER_PARTS = {
    "ipywidgets": ("@jupyter-widgets/jupyterlab-manager", "jupyterlab_widgets"),
    "anywidget": ("anywidget", "anywidget"),
}


class Line(NamedTuple):
    """One line of the environment check: what was looked at, whether it is fine, and a sentence."""

    name: str
    ok: bool
    sentence: str


class Lines(list):
    """The lines of the environment check: a notebook shows a table, `print` gives text."""

    @property
    def ok(self):
        """Whether every line is fine."""
        return all(line.ok for line in self)

    def __repr__(self):
        return "\n".join(f"{'ok     ' if line.ok else 'PROBLEM'}  {line.name}: {line.sentence}" for line in self)

    def _repr_markdown_(self):
        rows = [f"| {'✓ ok' if line.ok else '✗ **problem**'} | {line.name} | {line.sentence} |" for line in self]
        return "\n".join(["| | what | found |", "|---|---|---|", *rows])


def check_environment(folder="."):
    """Look at all that the course needs on this computer; takes about two seconds.

    Args:
        folder: where the student works; its disk must have room.

    Returns:
        Lines: Python, PyTorch with torchvision and the data, scikit-learn, widgets, disk; of a wrong Python only the
        first. Each line that is not ok is one sentence that ends with the remedy.
    """
    python = check_python()
    if not python.ok:  # what is missing beside a wrong Python, its right one will bring
        return Lines([python])
    return Lines([python, check_torch_and_data(), check_scikit_learn(), check_widgets(), check_disk(folder)])


def check_python():
    """Python is none too old and none too new."""
    running = ".".join(map(str, sys.version_info[:3]))
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        needed = f"{'.'.join(map(str, OLDEST))} to {'.'.join(map(str, NEWEST))}"
        remedy = "install one of those, delete .venv, and run the set-up line of README.md with it"
        return Line("Python", False, f"this is Python {running}, the course needs {needed}: {remedy}.")
    return Line("Python", True, f"version {running}")


def check_torch_and_data():
    """torch and torchvision fit together, and MNIST can be read."""
    name = "PyTorch and MNIST"
    try:
        from vae_lib import data, vision  # noqa: F401

        folder = data.unpack()
    except (ImportError, OSError) as error:  # both carry the remedy already
        return Line(name, False, str(error))
    versions = f"torch {version('torch')} and torchvision {version('torchvision')} fit together"
    return Line(name, True, f"{versions}; the data are whole, in {shown(folder)}")


def check_scikit_learn():
    """scikit-learn is installed; importing it would take a quarter of the time of all checks."""
    try:
        return Line("scikit-learn", True, f"version {version('scikit-learn')}")
    except PackageNotFoundError:
        return Line("scikit-learn", False, f"scikit-learn is not installed in {sys.prefix}: {SET_UP_AGAIN}.")


def check_widgets():
    """ipywidgets and anywidget are beside this kernel, with the parts that JupyterLab loads in the browser."""
    installed = []
    for name, (part, package) in BROWSER_PARTS.items():
        try:
            installed.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            return Line("Widgets", False, f"{name} is not installed in {sys.prefix}: {SET_UP_AGAIN}.")
        places = _places(part, package)
        if not any(place.exists() for place in places):
            remedy = (
                f"run `{command('pip', 'install', '--no-deps', '--force-reinstall', package)}`, then reload the page"
            )
            return Line("Widgets", False, f"the browser's part of {name}, {places[0]}, is missing: {remedy}.")
    return Line("Widgets", True, f"{' and '.join(installed)}; the slider below proves it")


def _places(part, package):
    """Where a browser's part may be: where pip put it, or where JupyterLab looks."""
    from jupyter_core.paths import jupyter_path

    file = Path("labextensions", part, "package.json")
    places = []
    with contextlib.suppress(PackageNotFoundError):
        places += [Path(path.locate()) for path in files(package) or [] if path.as_posix().endswith(file.as_posix())]
    with contextlib.suppress(RuntimeError):  # no home folder
        places += [Path(folder, file) for folder in jupyter_path()]
    return places or [Path(sys.prefix, "share", "jupyter", file)]


def check_disk(folder):
    """There is room for checkpoints."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < FREE_DISK_GB:
        return Line("Disk", False, f"{free:.1f} GB are free, the course needs {FREE_DISK_GB:.0f} GB: make room.")
    return Line("Disk", True, f"{free:.0f} GB free")


if __name__ == "__main__":
    with stopping(), printing():
        lines = check_environment()
        print(lines)
    sys.exit(0 if lines.ok else 1)
