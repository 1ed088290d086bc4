"""PyTorch, or one sentence that says why it cannot be loaded and what to do.

Every module that needs PyTorch takes it from here before all else, so that the sentence comes first. For the other
packages of the course it is one, too, where they are missing, or hidden by a file of a student's.
"""

import os
import re
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from vae_lib.remedies import SET_UP_AGAIN, command

NEW_VENV = f"delete .venv, and {SET_UP_AGAIN}"
# What is known by its message, each with what to do. Where the cause is not known, none is claimed.
CAUSES = {
    r"WinError (126|127|1114)\b|DLL load failed": "a DLL is lacking, most often of the Microsoft Visual C++ runtime: "
    "install that from https://aka.ms/vc14/vc_redist.x64.exe, then restart the kernel",
    r"static TLS": "other libraries took the room it needs: restart the kernel, and run this cell before all others",
    r"WinError 1455|MemoryError|(?i:cannot allocate memory)": "there is too little memory: shut down other kernels and "
    "programs, then restart this kernel",
    r"GLIBCXX|CXXABI": "the C++ library of this system is too old: set up with conda, which brings its own (README.md)",
    r"lib(c10|cu|nccl|nv|torch)[^/\s]*: cannot open shared object": f"a library that came with it is gone: {NEW_VENV}",
    r"cannot open shared object|Library not loaded": "this library is missing on this system: install it with the "
    "system's package manager, or set up with conda, which brings its own (README.md)",
    r"undefined symbol|Symbol not found": "a library of another version was found in place of its own: unset "
    f"LD_LIBRARY_PATH where it is set, else {NEW_VENV}",
    r"incompatible architecture|wrong ELF class": "this Python is for another kind of processor: take one for the "
    f"processor of this computer, and with it {NEW_VENV}",
    r"file too short|invalid ELF header|null bytes|bad marshal data|WinError 193\b": f"a file is damaged: {NEW_VENV}",
    r"already has a docstring": "an earlier try failed in this kernel: restart the kernel, then its first error counts",
    r"(?i)numpy.*(failed|compiled|binary incompat|source directory)|multiarray": "NumPy, which it needs, is broken or "
    f"does not fit: run `{command('pip', 'install', '--force-reinstall', 'numpy')}`, then restart the kernel",
}
MISMATCH = r"torchvision::|torchvision.*(undefined symbol|Symbol not found)"
# Modules that PyTorch loads; a student's own file of such a name would be loaded in their place.
OFTEN_HIDDEN = {*sys.stdlib_module_names, "PIL", "filelock", "fsspec", "jinja2", "networkx", "numpy", "sympy", "torch"}
OFTEN_HIDDEN |= {"torchvision", "typing_extensions"}
# What else the course imports, later than PyTorch.
OTHERS = (
    *("IPython", "PIL", "anywidget", "filelock", "ipywidgets", "matplotlib", "numpy", "platformdirs", "sklearn"),
    *("torchvision", "tqdm"),
)


def explain(error):
    """One sentence for a student for whom PyTorch cannot be imported because of `error`."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    cannot = f"PyTorch cannot be loaded ({said[:400]})"
    if re.search(MISMATCH, said):
        return _mismatch(said)
    for pattern, cause in CAUSES.items():
        if re.search(pattern, said):
            return f"{cannot}: {cause}."
    if isinstance(error, ModuleNotFoundError) and error.name in sys.stdlib_module_names:
        built = f"this Python, {sys.base_prefix}, was built without {error.name}"
        return f"{built}: take another, from python.org or conda, say, {NEW_VENV.replace('again', 'with it')}."
    if file := _hiding_file(error):
        return f"{cannot}: {file} is loaded in place of the module of that name: rename it, then restart the kernel."
    if isinstance(error, ModuleNotFoundError) and error.name:
        package, _, part = error.name.partition(".")
        lacking = f"{error.name} is missing" if part else f"{package} is not installed"
        return f"{lacking} in {sys.prefix}: {NEW_VENV if part else SET_UP_AGAIN}."
    if isinstance(error, PermissionError) and error.filename:
        return f"{cannot}: you may not read {error.filename}: {SET_UP_AGAIN} in a folder of your own."
    return _mismatch(said) if _wants_another_torch() else f"{cannot}."


def check_others():
    """Raise ImportError unless each of `OTHERS` is there, and not a file of a student's in its place."""
    for name in OTHERS:
        spec = find_spec(name)
        if spec is None:
            raise ImportError(explain(ModuleNotFoundError(f"No module named {name!r}", name=name)))
        if spec.origin and (own := _hiding(Path(spec.origin))):
            raise ImportError(f"{own} is loaded in place of {name}: rename it, then restart the kernel.")


def _mismatch(said):
    pair = f"torch {_version('torch')}, torchvision {_version('torchvision')}"
    again = command("pip", "install", "--force-reinstall", "torch", "torchvision")
    return (
        f"{pair} do not work together ({said[:400]}), they were built apart: take both from one place with `{again}`, "
        "then restart the kernel."
    )


def _version(name):
    from importlib.metadata import PackageNotFoundError, version  # here, for it loads much that may be hidden

    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed by pip)"


def _wants_another_torch():
    """Whether the torchvision that is installed was made for another version of torch than the one that is."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        wanted = re.search(r"\btorch ?\(?== ?([\w.]+)", " ".join(requires("torchvision") or []))
    except PackageNotFoundError:
        return False
    return bool(wanted) and not _version("torch").startswith(("(", wanted[1]))


def _hiding_file(error):
    """A file outside Python's own folders that was loaded in place of a module of its name, or None."""
    loaded = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    files = [getattr(error, "path", None), *_files_of(error), *(loaded[name] for name in OFTEN_HIDDEN & set(loaded))]
    for file in map(Path, filter(None, files)):
        name = file.parent.name if file.name == "__init__.py" else file.stem
        if name in OFTEN_HIDDEN and (place := _hiding(file)):
            return place
    return None


def _hiding(file):
    """The file of a module, or its folder, if it is a student's own; else None."""
    place = file.parent if file.name == "__init__.py" else file
    here = place.parent in (Path.cwd(), Path(sys.path[0]))  # elsewhere a folder may be somebody's build of PyTorch
    return place if file.suffix == ".py" and (here or place == file) and not _installed(file) else None


def _files_of(error):
    """The files in the error's traceback, and in those of the errors that it came from, the innermost first."""
    files, step = [], error.__traceback__
    while step:
        files.insert(0, step.tb_frame.f_code.co_filename)
        step = step.tb_next
    before = error.__cause__ or error.__context__
    return _files_of(before) + files if before else files


def _installed(file):
    own = [os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")]
    below = any(Path(os.path.realpath(file)).is_relative_to(folder) for folder in own)
    place = file.parent if file.name == "__init__.py" else file
    by_pip = any(place.parent.glob("*.dist-info"))  # in a folder of its own: `pip install --target`, and PYTHONPATH
    return below or by_pip or bool({"site-packages", "dist-packages"} & set(file.parts))


try:
    import torch  # noqa: F401
    from torch import nn  # noqa: F401, which an own, empty torch.py has not
except Exception as error:
    raise ImportError(explain(error)) from error
check_others()
