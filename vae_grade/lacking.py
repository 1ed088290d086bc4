"""What an answer needs and this machine lacks: that is not the student's fault, and the teacher is told what to do."""

import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator

from vae_grade.answers import imported_modules
from vae_probe.outcome import CallError

# {what the error of an answer says: what this machine lacks}
SIGNS = {
    r"ModuleNotFoundError: No module named '(?P<name>[\w.]+)'": "the package {name} is not installed here",
    r".*(CUDA|cuda|NVIDIA|\bmps\b)": "it needs a GPU, and the sandbox has none",
    r"(EOFError|StdinNotImplementedError|BdbQuit)": "it asks for input, and nobody is there to type",
    r".*(urlopen error|name resolution|Failed to resolve|Network is unreachable)": (
        "it needs the network, and the sandbox has none"
    ),
    r".*(Cannot load backend|interactive framework|display name|\bDISPLAY\b|connect to display)": (
        "it opens a window, and there is no screen"
    ),
    r"(InvalidCxxCompiler|BackendCompilerFailed|InductorError)": "it needs a compiler, and the sandbox has none",
}
OF_ANOTHER_PYTHON = {"SyntaxError", "ImportError", "AttributeError"}
COMPILES = re.compile(r"\btorch\s*\.\s*compile\b|\btorch\.jit\b")


def find_lack(cells: list[str], files: Iterable[str], error: CallError | None, python: tuple[int, ...]) -> str:
    """What an answer would have needed, or "" where the machine is not to blame.

    Args:
        cells: of the answer, and those that it may need.
        files: the names of those handed in beside the notebook.
        error: that the answer ended with, None where it was stopped.
        python: the notebook's, (3, 12) say, or () where it does not say.
    """
    if error is None:
        return "torch.compile takes long here" if any(COMPILES.search(cell) for cell in cells) else ""
    own = {name.partition("/")[0].removesuffix(".py") for name in files}
    for module in _imported(cells):
        if module not in own and not _is_here(module):
            return f"the package {module} is not installed here"
    said = f"{error.type}: {error.message}"
    for sign, lack in SIGNS.items():
        if match := re.match(sign, said):
            return lack.format(**match.groupdict())
    if error.type in OF_ANOTHER_PYTHON and python and python[:2] != sys.version_info[:2]:
        here = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return f"it was written with Python {'.'.join(map(str, python[:2]))}, and this is {here}"
    return ""


def _imported(cells: list[str]) -> Iterator[str]:
    """The packages that cells import, but for modules that a cell writes."""
    written = {
        name for cell in cells for name in re.findall(r"^%%writefile\s+(?:-a\s+)?(?:\./)?(\w+)", cell, re.MULTILINE)
    }
    for cell in cells:
        yield from (module for module in imported_modules(cell) if module not in written)


def _is_here(module: str) -> bool:
    """Whether a package is installed; it is not imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError, AttributeError):
        return True
