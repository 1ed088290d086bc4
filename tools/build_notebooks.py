"""Build the notebooks from their sources: NN_topic.py to NN_topic.ipynb, executed, figures and all.

    python tools/build_notebooks.py                  # the notebooks that differ from their source
    python tools/build_notebooks.py SOURCE [SOURCE]  # those of these sources, changed or not; no other source is read
    python tools/build_notebooks.py --check          # build nothing; exit 1 and name the cells that differ

A lesson's source is in sources/lessons/; its notebook is in notebooks/. An assignment's is in sources/assignments/ and
gives two notebooks, the one with the answers in solutions/ and the one without in exercises/. One direction only:
nobody edits an .ipynb. `--check` compares bytes of everything but outputs, so it needs no kernel. Line ends are no
difference: a checkout with CRLF builds and checks alike, and notebooks are written with LF. A source with a fault is
named, and does not stop the others.

Three marks make a cell one of nbgrader's: `# %% answer="kld"` is for the student to fill in, `# %% tests="kld"` calls
`vae_checks.kld` for its points, and `# %% [markdown] written="why" points=4` is answered in words.
"""

import argparse
import copy
import os
import re
import sys
import time
from itertools import zip_longest
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbgrader.preprocessors import CheckCellMetadata, ClearSolutions, ComputeChecksums, LockCells
from tqdm.auto import tqdm

import vae_checks as checks

ROOT = Path(__file__).resolve().parents[1]
LESSONS, ASSIGNMENTS = ROOT / "sources/lessons", ROOT / "sources/assignments"
NOTEBOOKS, SOLUTIONS, EXERCISES = (ROOT / name for name in ("notebooks", "solutions", "exercises"))
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# JupyterLab writes the first line of the first output on a collapsed one. So a pixel, which has none, comes first;
# nbval compares no pictures.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNgYAAAAAMAASsJTYQAAAAASUVORK5CYII="
COVER = nbformat.v4.new_output(
    "display_data", {"image/png": PIXEL}, metadata={"image/png": {"alt": "The output follows.", "width": 1}}
)
# nbgrader's own preprocessors, in the order of its generate_assignment.
# Code that says what its output shows: a figure's description, an assertion, or what is there for the tests.
TELLING = re.compile(r"^\s*(alt = |assert )|^# For the course's own tests", re.M)
RELEASE = [LockCells, ClearSolutions, CheckCellMetadata, ComputeChecksums]


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="*", type=Path, metavar="SOURCE", help="sources to build again, or to check")
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 on any difference")
    args = parser.parse_args(argv)
    sources = [path.resolve() for path in args.sources] or all_sources()
    if unknown := set(sources) - set(all_sources()):
        parser.error(f"no source in {LESSONS} or {ASSIGNMENTS}: {', '.join(map(str, sorted(unknown)))}")
    if args.check:
        faults = [sentence for source in sources for sentence in problems(source)]
        if not args.sources:
            faults += orphans(sources)
    else:
        faults = build_all(sources, only_stale=not args.sources)
    sys.exit("\n".join(faults) if faults else 0)


def all_sources():
    """The paths of all sources, lessons first."""
    return [path for folder in (LESSONS, ASSIGNMENTS) for path in sorted(folder.glob("[0-9][0-9]_*.py"))]


def notebooks_of(source):
    """What a source gives, not yet executed: {path: notebook}, one for a lesson, two for an assignment."""
    notebook, paths = unexecuted(source), paths_of(source)
    notebooks = [notebook] if len(paths) == 1 else [notebook, without_answers(notebook)]
    return dict(zip(paths, notebooks, strict=True))


def paths_of(source):
    """Where the notebooks of a source lie: of a lesson one, of an assignment that with the answers and that without."""
    name = f"{source.stem}.ipynb"
    if source.parent == LESSONS:
        return [NOTEBOOKS / name]
    return [folder / source.stem / name for folder in (SOLUTIONS, EXERCISES)]  # nbgrader wants a folder for each


def build_all(sources, only_stale):
    """Build the notebooks of these sources, all or only those that differ; what failed, a sentence each."""
    todo, faults = [], []
    for source in sources:
        try:
            notebooks = notebooks_of(source)
        except Exception as error:
            faults.append(f"{source}: {error}")
        else:
            todo += [item for item in notebooks.items() if not only_stale or difference(*item)]
    for path, notebook in tqdm(todo, unit="notebook"):
        try:
            seconds = build(path, notebook)
        except CellExecutionError as error:
            faults.append(f"{path}: a cell fails, the file stays as it was.\n{error}")
        else:
            tqdm.write(f"{path.relative_to(ROOT)}: {seconds:.0f} s")
    return faults


def problems(source):
    """What is wrong with the stored notebooks of a source, a sentence each."""
    try:
        notebooks = notebooks_of(source)
    except Exception as error:
        return [f"{source}: {error}"]
    found = []
    for path, notebook in notebooks.items():
        if what := difference(path, notebook):
            found.append(f"{path}: not what {source.name} says: {what}; run tools/build_notebooks.py")
        elif not executed(nbformat.read(path, as_version=4)):
            found.append(f"{path}: a cell was not executed, or failed; run tools/build_notebooks.py {source}")
    return found


def orphans(sources):
    """The stored notebooks that none of these sources gives, a sentence each."""
    expected = {path for source in sources for path in paths_of(source)}
    stored = [path for folder in (NOTEBOOKS, SOLUTIONS, EXERCISES) for path in sorted(folder.rglob("*.ipynb"))]
    found = [path for path in stored if path not in expected and ".ipynb_checkpoints" not in path.parts]
    return [f"{path}: an orphan, it has no source; delete it" for path in found]


def difference(path, notebook):
    """The first thing but outputs and execution counts in which the stored notebook differs from this one, or None."""
    if not path.exists():
        return "there is no such file"
    text = path.read_text(encoding="utf-8")
    try:
        stored = without_outputs(nbformat.reads(text, as_version=4))
    except Exception as error:
        return f"it is no notebook ({error})"
    if as_text(stored) != as_text(notebook):
        return difference_of_cells(stored.cells, notebook.cells) or "the metadata of the notebook differ"
    return None if as_text(nbformat.reads(text, as_version=4)) == text else "its JSON is written in another way"


def difference_of_cells(stored, expected):
    """The first cell that differs, by its id, and its first line that does; None if no cell does."""
    for actual, cell in zip(stored, expected, strict=False):
        if actual == cell:
            continue
        if actual.source == cell.source:
            keys = [key for key in sorted({*actual, *cell}) if actual.get(key) != cell.get(key)]
            return f"cell {cell.id}: {' and '.join(keys)} {'differ' if len(keys) > 1 else 'differs'}"
        lines = zip_longest(actual.source.split("\n"), cell.source.split("\n"))
        number, (is_now, should_be) = next((n, pair) for n, pair in enumerate(lines, 1) if pair[0] != pair[1])
        return f"cell {cell.id}, line {number}: {is_now!r} in place of {should_be!r}"
    if len(stored) < len(expected):
        return f"cell {expected[len(stored)].id} is missing"
    if len(stored) > len(expected):
        return f"cell {stored[len(expected)].id} is not in the source"
    return None


def executed(notebook):
    """Whether every code cell ran and none failed: nbval compares nothing in a cell that never ran."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    return all(cell.execution_count for cell in code) and not any(o.output_type == "error" for o in outputs)


def build(path, notebook):
    """Execute a notebook in its own folder, write it whole or not at all; returns the seconds it took."""
    path.parent.mkdir(parents=True, exist_ok=True)
    client = NotebookClient(
        notebook,
        timeout=1800,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        coalesce_streams=True,
        record_timing=False,
        store_widget_state=False,
    )
    start = time.perf_counter()
    client.execute(env=os.environ | {"VAE_CHECKS_QUIET": "1"})
    seconds = time.perf_counter() - start
    notebook.metadata = nbformat.from_dict(METADATA)  # the kernel wrote its own version there
    for cell in notebook.cells:
        if cell.cell_type == "code":
            outputs = [output for output in map(without_widget, cell.outputs) if output]
            cell.outputs = [COVER, *outputs] if outputs and "jupyter" in cell.metadata else outputs
    temporary = path.with_suffix(".ipynb.tmp")
    temporary.write_text(as_text(notebook), encoding="utf-8", newline="\n")
    os.replace(temporary, path)
    return seconds


def unexecuted(source):
    """The notebook that a source describes, the same bytes each time."""
    notebook = jupytext.read(source)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    collapse_answers(notebook.cells)
    for number, cell in enumerate(notebook.cells, 1):
        if cell.source.count("BEGIN SOLUTION") != cell.source.count("END SOLUTION"):
            raise ValueError(f"cell {number}: a BEGIN SOLUTION or END SOLUTION without the other")
        mark_for_nbgrader(cell)
        # jupytext invents a random id; one that nbgrader knows stays the same when cells come before it.
        cell.id = cell.metadata.get("nbgrader", {}).get("grade_id", f"{source.stem}-{number:02d}")
    return without_outputs(notebook)


def collapse_answers(cells):
    """Collapse in JupyterLab what answers a prediction: the outputs after it, and the "What we saw" below them.

    So is the code that says it: what describes a figure, or asserts a number. JupyterLab opens a collapsed output or
    text when its cell runs; GitHub, nbconvert and nbval do not know these marks. Ends with what we saw, or at the next
    heading.
    """
    predicting = False
    for cell in cells:
        if cell.cell_type == "code":
            if predicting:
                telling = {"source_hidden": True} if TELLING.search(cell.source) else {}
                cell.metadata["jupyter"] = {"outputs_hidden": True} | telling
        else:
            if predicting and cell.source.startswith("**What we saw."):
                cell.metadata["jupyter"] = {"source_hidden": True}
                cell.source = re.sub(r"^(\S+ \S+ \S+) ", r"\1\n", cell.source)  # its first line stays in sight
                predicting = False
            predicting = "**Predict.**" in cell.source or (predicting and not re.search("^#", cell.source, re.M))


def collapse_figures(cells):
    """Collapse in JupyterLab what an exercise draws with the library's function, until the cell runs."""
    drawing = False
    for cell in cells:
        drawing = cell.cell_type == "code" and (drawing or "or_library()" in cell.source)
        if drawing:
            cell.metadata["jupyter"] = {"outputs_hidden": True}


def mark_for_nbgrader(cell):
    """Write nbgrader's metadata in place of our short marks."""
    mark = cell.metadata
    if name := mark.pop("answer", None):
        kind = {"grade_id": name, "grade": False, "solution": True, "locked": False}
    elif name := mark.pop("tests", None):
        if not hasattr(checks, name):
            raise ValueError(f'tests="{name}": vae_checks has no check of this name')
        points = getattr(checks, name).max_points
        kind = {"grade_id": f"test-{name}", "grade": True, "solution": False, "locked": True, "points": points}
    elif name := mark.pop("written", None):
        if "points" not in mark:
            raise ValueError(f'written="{name}" has no points: write points=4 after it')
        kind = {"grade_id": name, "grade": True, "solution": True, "locked": False, "points": mark.pop("points")}
    else:
        return
    mark["nbgrader"] = nbformat.from_dict(kind | {"task": False, "schema_version": 3})


def without_answers(notebook):
    """The notebook as students get it, by nbgrader's own steps."""
    bare, resources = copy.deepcopy(notebook), {}  # the steps work in place
    for step in RELEASE:
        bare, resources = step().preprocess(bare, resources)
    collapse_figures(bare.cells)
    return bare


def without_outputs(notebook):
    bare = nbformat.from_dict(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return bare


def without_widget(output):
    """The output as a picture, or None where a widget has none: without a kernel a stored widget is only an error."""
    data = output.get("data", {})
    widget = data.pop(WIDGET_VIEW, None)
    return output if widget is None or "image/png" in data else None


def as_text(notebook):
    return nbformat.writes(notebook) + "\n"


if __name__ == "__main__":
    main()
