"""The rules that keep the library readable: who imports whom, what no module does, and how long it may be."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

import vae_lib

PACKAGE = Path(vae_lib.__file__).parent
# "data", "checks.loss" and so on; the package `checks` has one place in the order.
FILES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
MODULES = sorted(name for name in FILES if not name.endswith("__init__"))
CHECKS = sorted(name for name in MODULES if name.startswith("checks."))
ORDER = re.findall(r"^\d+\. `(\w+)`", vae_lib.__doc__, re.MULTILINE)
MAIN = ast.unparse(ast.parse("if __name__ == '__main__': pass").body[0].test)

each_module = pytest.mark.parametrize("name", MODULES)


def place(name):
    """Where a module stands in the order, 0 for the first."""
    return ORDER.index(name.split(".")[0])


def tree(name):
    return ast.parse(FILES[name].read_text(encoding="utf-8"))


def imported(name):
    """The full names that a module imports, at its top and inside its functions."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import, the course writes vae_lib"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_docstring_lists_every_module_in_reading_order():
    assert ORDER == ["data", "model", "loss", "train", "latent", "plots", "widgets", "checks", "report", "environment"]
    assert set(ORDER) == {name.split(".")[0] for name in MODULES}


@each_module
def test_a_module_imports_only_modules_above_it(name):
    own = {full.split(".")[1] for full in imported(name) if full.startswith("vae_lib.")}
    assert own <= set(ORDER[: place(name) + (name in CHECKS)])
    assert "vae_lib" not in imported(name)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_shares_no_code_with_what_it_checks(name):
    # The images as they are in the files are no answer to anything.
    own = {full for full in imported(name) if full.startswith("vae_lib.")} - {"vae_lib.data.mnist"}
    allowed = {"checks.calls": (), "checks.check": ("calls",)}.get(name, ("calls", "check"))
    assert all(full.startswith("vae_lib.checks.") and full.split(".")[2] in allowed for full in own)


def test_no_module_is_a_drawer_for_anything():
    names = {name.split(".")[-1] for name in FILES}
    assert not {"utils", "util", "helpers", "helper", "common", "misc"} & names


@each_module
def test_no_module_imports_pyplot(name):
    assert not any(full.startswith("matplotlib.pyplot") for full in imported(name))


# The report is a command, which prints and seeds; so does the block at the end of the environment check.
@pytest.mark.parametrize("name", sorted(set(MODULES) - {"report"}))
def test_no_module_prints_seeds_shows_or_picks_a_device(name):
    forbidden = r"print|plt\..*|.*\.(show|is_available)"
    if (
        name not in CHECKS
    ):  # which may seed where `observe` sets the states back; tests/test_checks.py sees that they are
        forbidden += r"|(torch|np|numpy|random)(\.random)?\.(manual_)?seed"
    body = [node for node in tree(name).body if not (isinstance(node, ast.If) and ast.unparse(node.test) == MAIN)]
    calls = [ast.unparse(n.func) for part in body for n in ast.walk(part) if isinstance(n, ast.Call)]
    assert [call for call in calls if re.fullmatch(forbidden, call)] == []


def documented(node):
    return isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)


def reachable(node):
    """A node and all nodes in it, but for what is inside a function or a private class: nobody else calls that."""
    yield node
    private = isinstance(node, ast.ClassDef) and node.name.startswith("_")
    if not private and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for child in ast.iter_child_nodes(node):
            yield from reachable(child)


@pytest.mark.parametrize("name", FILES)
def test_every_public_module_class_and_function_has_a_docstring(name):
    things = [node for node in reachable(tree(name)) if documented(node)]
    public = [thing for thing in things if not getattr(thing, "name", "").startswith("_")]
    assert [getattr(thing, "name", name) for thing in public if not ast.get_docstring(thing)] == []


def code_lines(name):
    """The numbers of the lines that are neither blank nor comment nor docstring."""
    source = FILES[name].read_text(encoding="utf-8")
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type not in layout]
    strings = [node.body[0] for node in ast.walk(tree(name)) if documented(node) and ast.get_docstring(node)]
    lines = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    return lines - {line for string in strings for line in range(string.lineno, string.end_lineno + 1)}


def test_the_library_is_at_most_770_lines_of_code():
    # Of the modules that a lesson reads. The checks are not among them: they hold the answers.
    assert sum(len(code_lines(name)) for name in FILES if not name.startswith("checks.")) <= 770
