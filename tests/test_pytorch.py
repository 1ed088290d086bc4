"""PyTorch that cannot be loaded is one sentence, whichever module or notebook comes first, with the cause if known."""

import json
import os
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement

from tests.test_layering import LIBRARY
from vae_lib.pytorch import OTHERS, check_others, explain

ROOT = Path(__file__).parents[1]
NOTEBOOKS = [path for folder in ("notebooks", "exercises") for path in sorted((ROOT / folder).rglob("*.ipynb"))]
NEED_NO_TORCH = {f"vae_lib.{name}" for name in ("environment", "files", "progress", "remedies", "pytorch")}
SITE = "/home/ada/vae-course/.venv/lib/python3.11/site-packages"
VENV = "delete .venv, and run the set-up line of README.md again."


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (RuntimeError("operator torchvision::nms does not exist"), "do not work together"),
        (
            ImportError(f"{SITE}/torchvision/_C.so: undefined symbol: _ZN3c1017RegisterOperatorsD1Ev"),
            "do not work toge",
        ),
        (
            OSError('[WinError 126] Error loading "fbgemm.dll" or one of its dependencies.'),
            "Visual C++ runtime: install",
        ),
        (OSError('[WinError 1114] Fehler. Error loading "c10.dll".'), "Visual C++ runtime: install"),
        (ImportError("DLL load failed while importing _C: Das Modul wurde nicht gefunden."), "Visual C++ runtime"),
        (OSError("[WinError 1455] The paging file is too small for this operation to complete."), "too little memory"),
        (MemoryError(), "too little memory"),
        (OSError("libgomp.so.1: cannot allocate memory in static TLS block"), "run this cell before all others"),
        (ImportError("libstdc++.so.6: version `GLIBCXX_3.4.29' not found"), "C++ library of this system is too old"),
        (OSError("libcudnn.so.9: cannot open shared object file: No such file or directory"), VENV),
        (OSError("libnvJitLink.so.13: cannot open shared object file: No such file or directory"), VENV),
        (OSError("libgomp.so.1: cannot open shared object file: No such file"), "the system's package manager"),
        (ImportError("Library not loaded: /opt/homebrew/opt/libomp/lib/libomp.dylib"), "the system's package manager"),
        (OSError(f"{SITE}/torch/lib/libtorch_cpu.so: undefined symbol: iJIT_NotifyEvent"), "unset LD_LIBRARY_PATH"),
        (
            ImportError("(mach-o file, but is an incompatible architecture (have 'x86_64'))"),
            "another kind of processor",
        ),
        (ImportError(f"{SITE}/torch/lib/libtorch_cpu.so: file too short"), f"a file is damaged: {VENV}"),
        (RuntimeError("function '_has_torch_function' already has a docstring"), "restart the kernel, then its first"),
        (ImportError("numpy._core.multiarray failed to import"), "--force-reinstall numpy`"),
        (ValueError("numpy.dtype size changed, may indicate binary incompatibility."), "--force-reinstall numpy`"),
        (ModuleNotFoundError("No module named '_lzma'", name="_lzma"), "was built without _lzma: take another"),
        (ModuleNotFoundError("No module named '_ctypes'", name="_ctypes"), "was built without _ctypes: take another"),
        (
            ModuleNotFoundError("No module named 'PIL'", name="PIL"),
            f"PIL is not installed in {sys.prefix}: run the set-up",
        ),
        (
            ModuleNotFoundError("No module named 'torch._C'", name="torch._C"),
            f"torch._C is missing in {sys.prefix}: delete",
        ),
        (PermissionError(13, "Permission denied", f"{SITE}/torch/__init__.py"), "in a folder of your own"),
    ],
    ids=str,
)
def test_a_known_cause_has_its_own_remedy(error, remedy):
    sentence = explain(error)
    assert remedy in sentence
    assert ("do not work together" in sentence) == (remedy.startswith("do not work"))
    assert "\n" not in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("something new"),
        AttributeError(
            "partially initialized module 'torch' has no attribute 'nn' (most likely due to a circular import)"
        ),
        OSError("one line\nand another"),
        ImportError("cannot import name 'datasets' from 'torchvision' (unknown location)"),
    ],
)
def test_where_the_cause_is_not_known_none_is_claimed(error):
    assert explain(error) == f"PyTorch cannot be loaded ({type(error).__name__}: {' '.join(str(error).split())})."


def test_the_remedy_for_a_mismatch_names_both_versions_and_a_command_of_this_python():
    sentence = explain(RuntimeError("operator torchvision::nms does not exist"))
    assert f"torch {version('torch')}, torchvision {version('torchvision')} do not work together" in sentence
    pip = f"{shlex.quote(sys.executable)} -m pip"
    assert f"`{pip} install --force-reinstall torch torchvision`, then restart" in sentence


def test_a_torchvision_made_for_another_torch_is_a_mismatch_whatever_the_error_says(monkeypatch):
    monkeypatch.setattr("importlib.metadata.requires", lambda name: ["numpy", "torch==1.13.0"])
    assert "do not work together" in explain(AttributeError("module 'torch.library' has no attribute 'register_fake'"))


def test_a_package_without_metadata_is_no_error_of_its_own(monkeypatch):
    def lacks(name):
        raise importlib.metadata.PackageNotFoundError(name)

    import importlib.metadata

    monkeypatch.setattr(importlib.metadata, "version", lacks)
    monkeypatch.setattr(importlib.metadata, "requires", lacks)
    assert "torchvision (not installed by pip)" in explain(RuntimeError("operator torchvision::nms does not exist"))
    assert explain(RuntimeError("something new")).endswith("(RuntimeError: something new).")


# In a process of its own: each of these lines is run as if it were the first, beside a part that is broken.
EACH = """
import json, sys
broken, error, codes = sys.argv[1], sys.argv[2], json.load(sys.stdin)
class Broken:
    def find_spec(name, path, target=None):
        if name == broken and error:
            raise eval(error)
sys.meta_path.insert(0, Broken)
for code in codes:
    for name in [name for name in sys.modules if name.split(".")[0] in ("vae_lib", "vae_checks", "vae_probe", broken)]:
        del sys.modules[name]
    if not error:
        sys.modules[broken] = None  # as if it were not installed
    try:
        exec(code, {})
        print("no error")
    except Exception as caught:
        print(f"{type(caught).__name__}: {caught}")
"""


def first_errors(broken, error, codes):
    done = subprocess.run(
        [sys.executable, "-c", EACH, broken, error], input=json.dumps(codes), capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


BREAKS = [
    ("torchvision", "", "torchvision is not installed in"),
    ("torch", "OSError('[WinError 1114] Error loading c10.dll')", "Visual C++ runtime"),
    ("torch", "ModuleNotFoundError(\"No module named 'torch'\", name='torch')", "torch is not installed in"),
    ("anywidget", "", "anywidget is not installed in"),
]
each_break = pytest.mark.parametrize(
    ("broken", "error", "words"), BREAKS, ids=["torchvision is missing", "DLL", "missing", "another is missing"]
)


@each_break
def test_the_first_cell_of_every_lesson_and_assignment_gets_the_sentence(broken, error, words):
    cells = [next(c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code") for path in NOTEBOOKS]
    assert len(cells) >= 16
    found = first_errors(broken, error, cells)
    assert all(line.startswith("ImportError: ") and words in line for line in found), found


@each_break
def test_every_module_of_the_library_gives_the_sentence(broken, error, words):
    modules = sorted(set(LIBRARY) - NEED_NO_TORCH)
    found = first_errors(broken, error, [f"import {name}" for name in modules])
    assert all(line.startswith("ImportError: ") and words in line for line in found), found


def test_a_mismatch_is_said_where_torchvision_is_needed_and_nowhere_else(tmp_path, monkeypatch):
    (tmp_path / "torchvision").mkdir()
    error = "raise RuntimeError('operator torchvision::nms does not exist')"
    (tmp_path / "torchvision" / "__init__.py").write_text(error)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    codes = ["import vae_lib.data as data; data.load_tensors()", "import vae_lib.data as data; data.mnist(train=True)"]
    tensors, dataset = first_errors("nothing", "", codes)
    assert tensors == "no error"
    assert dataset.startswith("ImportError: torch ")
    assert "do not work together" in dataset


def test_what_needs_no_pytorch_loads_without_it():
    codes = [f"import {name}" for name in sorted(NEED_NO_TORCH - {"vae_lib.pytorch"})]
    assert first_errors(*BREAKS[2][:2], codes) == ["no error"] * 4


def import_beside(folder):
    """What becomes of an import in a folder of the student's."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    line = [sys.executable, "-c", "import vae_lib.data"]
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True)


def last_line_beside(folder):
    """The error of that import."""
    done = import_beside(folder)
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("torch.py", "import torch\nx = torch.nn.Linear(1, 1)\n"),
        ("torch.py", ""),
        ("random.py", "print(1)\n"),
        ("copy.py", ""),
        ("numpy.py", ""),
        ("torch/__init__.py", "from torch import nn\n"),
    ],
)
def test_a_students_own_file_in_the_place_of_a_module_is_named(tmp_path, name, content):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    sentence = last_line_beside(tmp_path)
    own = tmp_path / name.removesuffix("/__init__.py")
    assert sentence.startswith("ImportError: PyTorch cannot be loaded (")
    assert sentence.endswith(
        f": {own} is loaded in place of the module of that name: rename it, then restart the kernel."
    )


def test_a_folder_of_such_a_name_hides_nothing(tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "torch.py").write_text("")
    assert import_beside(tmp_path).returncode == 0


@pytest.mark.parametrize(
    "name", ["matplotlib.py", "torchvision.py", "tqdm.py", "anywidget/__init__.py", "sklearn.py", "platformdirs.py"]
)
def test_a_students_own_file_in_the_place_of_another_package_is_named(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    own = tmp_path / name.removesuffix("/__init__.py")
    sentence = f"{own} is loaded in place of {own.stem}: rename it, then restart the kernel."
    assert last_line_beside(tmp_path) == f"ImportError: {sentence}"


def test_packages_that_pip_put_into_a_folder_of_its_own_are_nobodys_files(tmp_path):
    """`pip install --target FOLDER` and PYTHONPATH, as on some clusters; a kernel has FOLDER first in its path."""
    (tmp_path / "tqdm").mkdir()
    (tmp_path / "tqdm" / "__init__.py").write_text("")
    (tmp_path / "tqdm-4.67.1.dist-info").mkdir()
    assert "is loaded in place of" not in import_beside(tmp_path).stderr


@pytest.mark.parametrize("name", OTHERS)
def test_another_package_that_is_missing_is_named(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError) as caught:
        check_others()
    assert str(caught.value) == f"{name} is not installed in {sys.prefix}: run the set-up line of README.md again."


def test_the_other_packages_are_those_that_the_course_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {Requirement(line).name.replace("scikit-learn", "sklearn") for line in project["dependencies"]}
    assert asked - {"torch"} == set(OTHERS) - {"IPython", "PIL", "numpy"}  # which these bring


@pytest.mark.parametrize("name", ["torch", "torchvision", "PIL"])
def test_without_a_package_it_and_the_environment_are_named(name):
    (found,) = first_errors(name, "", ["import vae_lib.data"])
    assert found == f"ImportError: {name} is not installed in {sys.prefix}: run the set-up line of README.md again."
