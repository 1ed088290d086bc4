"""The rules that keep the library readable: who imports whom, what no module does, and how long it may be."""

import ast
import importlib
import io
import re
import tokenize
from pathlib import Path

import pytest

import vae_lib

ROOT = Path(vae_lib.__file__).parents[1]
# Who may import whom. A package may always import itself: vae_lib and vae_grade only what stands above in the reading
# order of their docstrings, and the judges of one assignment nothing of another's.
MAY_IMPORT = {
    "vae_lib": set(),
    "vae_probe": {"vae_lib.data"},
    "vae_checks": {"vae_probe"},
    "vae_grade": {"vae_checks", "vae_probe", "vae_lib"},
}
# Every module, "vae_lib.data" say, and the packages themselves; what stands in for a package is none of them.
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in MAY_IMPORT
    for path in (ROOT / package).rglob("*.py")
    if path.parent.name != "stand_in"
}
MODULES = sorted(set(FILES) - set(MAY_IMPORT))
LIBRARY = [name for name in MODULES if name.startswith("vae_lib.")]
ORDERED = [name for name in MODULES if name.startswith(("vae_lib.", "vae_grade."))]
MAIN = ast.unparse(ast.parse("if __name__ == '__main__': pass").body[0].test)

each_module = pytest.mark.parametrize("name", MODULES)


def package(name):
    return name.split(".")[0]


def room(name):
    """A module, or the folder of modules in a package that it is in: `vae_lib.widgets` for `vae_lib.widgets.live`."""
    return ".".join(name.split(".")[:2])


def reading_order(name):
    """The modules and folders of a package, as its docstring lists them."""
    listed = re.findall(r"^\d+\. +`(\w+)`", importlib.import_module(name).__doc__, re.MULTILINE)
    return [f"{name}.{module}" for module in listed]


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


def imported_of_ours(name):
    """Our modules that a module imports, as far as they are modules: `vae_lib.data`, not `vae_lib.data.mnist`."""
    for full in imported(name):
        if package(full) in MAY_IMPORT:
            yield full if full in FILES else full.rpartition(".")[0]


@pytest.mark.parametrize("name", ["vae_lib", "vae_grade"])
def test_the_docstring_lists_every_module_in_reading_order(name):
    assert sorted(reading_order(name)) == sorted({room(module) for module in MODULES if package(module) == name})


@each_module
def test_a_package_imports_only_packages_that_it_may(name):
    others = {full for full in imported_of_ours(name) if package(full) != package(name)}
    may = MAY_IMPORT[package(name)]
    assert {full for full in others if full not in may and package(full) not in may} == set()


@pytest.mark.parametrize("name", ORDERED)
def test_a_module_imports_only_modules_above_it(name):
    order = reading_order(package(name))
    own = {room(full) for full in imported_of_ours(name) if package(full) == package(name)} - {name}
    assert own - {room(name) if name != room(name) else ""} <= set(order[: order.index(room(name))])


@pytest.mark.parametrize("name", sorted(name for name in MODULES if name.count(".") == 2 and "vae_checks." in name))
def test_the_judges_of_an_assignment_import_nothing_of_another(name):
    own = {full for full in imported_of_ours(name) if package(full) == "vae_checks"}
    assignment = name.rpartition(".")[0]
    assert {full for full in own if full.count(".") == 2 and not full.startswith(f"{assignment}.")} == set()


def test_no_module_is_a_drawer_for_anything():
    names = {part for name in FILES for part in name.split(".")}
    assert not {"utils", "util", "helpers", "helper", "common", "misc"} & names


@each_module
def test_no_module_imports_pyplot(name):
    assert not any(full.startswith("matplotlib.pyplot") for full in imported(name))


# Two are commands, which print, and the report seeds; so does the block at the end of the environment check.
@pytest.mark.parametrize("name", sorted(set(LIBRARY) - {"vae_lib.progress", "vae_lib.report"}))
def test_no_module_prints_seeds_shows_or_picks_a_device(name):
    forbidden = r"print|plt\..*|.*\.(show|is_available)|(torch|np|numpy|random)(\.random)?\.(manual_)?seed"
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


@pytest.mark.parametrize("name", LIBRARY)
def test_a_module_of_the_library_has_at_most_200_lines_of_code(name):
    assert len(code_lines(name)) <= 200
