"""Run the notebooks as on Colab: its ipywidgets, the course from a plain install, each notebook alone in a folder.

    python -m tools.try_elsewhere                                        # all; needs the network once, for pip
    python -m tools.try_elsewhere notebooks/07_live_sampling.ipynb

Says for each notebook which cells failed, printed something else than the stored ones, or show a control without its
still picture and a sentence; exits with 1 if there is any. The course is installed from the last commit, as the first
cell of the copies for Colab does it; PyTorch and the rest are this environment's.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tools.build_notebooks import WIDGET_VIEW
from tools.build_site import ROOT, download_copy, notebook_paths
from vae_lib.widgets.still import CAPTION

# Of googlecolab/backend-info, August 2026; each with what it needs beside ipython.
COLAB = ["ipywidgets==7.7.1", "anywidget==0.9.21", "widgetsnbextension==3.6.10", "jupyterlab-widgets==1.1.11"]
COLAB += ["ipython-genutils==0.2.0"]
STARTUP = """
import sys
sys.modules["jupyterlab"] = sys.modules["jupytext"] = None  # Colab has none: to import them fails
import ipywidgets, vae_lib
assert ipywidgets.__version__ == "7.7.1", ipywidgets.__file__
assert vae_lib.__file__.startswith({packages!r}), vae_lib.__file__
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    everything = notebook_paths("notebooks") + notebook_paths("exercises")
    parser.add_argument("notebooks", nargs="*", default=everything, help="paths as notebooks/NAME.ipynb; all if none")
    names = parser.parse_args().notebooks
    with tempfile.TemporaryDirectory() as folder:
        environment = install(Path(folder))
        faults = 0
        for name in names:
            start = time.perf_counter()
            said = problems(name, environment)
            faults += len(said)
            print(f"{name}: {'; '.join(said) or 'as stored'}, {time.perf_counter() - start:.0f} s", flush=True)
    sys.exit(faults > 0)


def install(folder):
    """Install the course and Colab's packages into `folder`; returns the environment in which a kernel finds them."""
    packages = folder / "packages"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", packages]
    subprocess.run([*pip, *COLAB], check=True)
    subprocess.run([*pip, f"git+file://{ROOT}"], check=True)
    startup = folder / "ipython/profile_default/startup"
    startup.mkdir(parents=True)
    (startup / "colab.py").write_text(STARTUP.format(packages=str(packages)), encoding="utf-8")
    return os.environ | {"PYTHONPATH": str(packages), "IPYTHONDIR": str(folder / "ipython")}


def problems(name, environment):
    """What differs when a notebook runs alone in an empty folder: sentences."""
    stored = nbformat.read(ROOT / name, as_version=4)
    copy_of = download_copy(stored, None)
    with tempfile.TemporaryDirectory() as alone:
        client = NotebookClient(copy_of, timeout=1800, resources={"metadata": {"path": alone}})
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            return [str(error).strip().splitlines()[-1]]
    said = []
    for number, (old, new) in enumerate(zip(stored.cells, copy_of.cells, strict=True)):
        if new.cell_type != "code":
            continue
        if "nbval-ignore-output" not in old.metadata.get("tags", []) and printed(old) != printed(new):
            said.append(f"cell {number} prints {printed(new)[:200]!r}, stored is {printed(old)[:200]!r}")
        shown = [output.data for output in new.outputs if WIDGET_VIEW in output.get("data", {})]
        ours = [data for data in shown if is_ours(client.widget_state[data[WIDGET_VIEW]["model_id"]])]
        if any("image/png" not in data or CAPTION not in data.get("text/html", "") for data in ours):
            said.append(f"cell {number} shows a control without its still picture and a sentence")
    return said


def printed(cell):
    """What a cell prints to its standard output, without lines that it takes back: a slow check says that it works."""
    text = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
    return re.sub(r"[^\n]*\r", "", text)


def is_ours(state):
    """Whether a widget is one of vae_lib, which all have a still; tqdm's and those of ipywidgets have none."""
    return state.get("_anywidget_id", "").startswith("vae_lib.widgets.")


if __name__ == "__main__":
    main()
