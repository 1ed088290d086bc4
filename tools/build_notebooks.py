"""Build the notebooks from their sources: NN_topic.py → NN_topic.ipynb, executed, figures and all.

    python tools/build_notebooks.py                  # the notebooks whose source changed
    python tools/build_notebooks.py SOURCE [SOURCE]  # those of these sources, changed or not
    python tools/build_notebooks.py --check          # build nothing; fail if a notebook is not what its source says

A lesson's source is in sources/lessons/; its notebook is in notebooks/. An assignment's is in sources/assignments/ and
gives two notebooks, the one with the answers in solutions/ and the one without in exercises/. One direction only:
nobody edits an .ipynb. `--check` compares bytes of everything but outputs, so it needs no kernel.

Three marks make a cell one of nbgrader's: `# %% answer="kld"` is for the student to fill in, `# %% tests="kld"` calls
`vae_checks.kld` for its points, and `# %% [markdown] written="why" points=4` is answered in words.
"""

import argparse
import copy
import os
import re
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
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
RELEASE = [LockCells, ClearSolutions, CheckCellMetadata, ComputeChecksums]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="*", type=Path, metavar="SOURCE", help="sources to build again")
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 on any difference")
    args = parser.parse_args()
    wanted = {}
    for source in [*LESSONS.glob("[0-9][0-9]_*.py"), *ASSIGNMENTS.glob("[0-9][0-9]_*.py")]:
        wanted[source] = notebooks_of(source)
    if args.check:
        found = problems(wanted)
        sys.exit("\n".join(found) if found else 0)
    chosen = {path.resolve() for path in args.sources}
    if chosen - set(wanted):
        parser.error(f"no source: {', '.join(map(str, chosen - set(wanted)))}")
    todo = [
        (path, notebook)
        for source in sorted(wanted)
        for path, notebook in wanted[source].items()
        if (source in chosen if chosen else stale(path, notebook))
    ]
    for path, notebook in tqdm(todo, unit="notebook"):
        seconds = build(path, notebook)
        tqdm.write(f"{path.relative_to(ROOT)}: {seconds:.0f} s")


def notebooks_of(source):
    """What a source gives, not yet executed: {path: notebook}, one for a lesson, two for an assignment."""
    notebook = unexecuted(source)
    name = f"{source.stem}.ipynb"
    if source.parent == LESSONS:
        return {NOTEBOOKS / name: notebook}
    folder = source.stem  # nbgrader wants a folder for each assignment
    return {SOLUTIONS / folder / name: notebook, EXERCISES / folder / name: without_answers(notebook)}


def problems(wanted):
    """What differs between {source: {path: notebook}} and the stored notebooks, a sentence each."""
    found, paths = [], set()
    for source, notebooks in wanted.items():
        for path, notebook in notebooks.items():
            paths.add(path)
            if stale(path, notebook):
                found.append(f"{path}: not what {source.name} says, run tools/build_notebooks.py")
            elif not executed(nbformat.read(path, as_version=4)):
                found.append(f"{path}: a cell was not executed, or failed; run tools/build_notebooks.py {source}")
    for folder in (NOTEBOOKS, SOLUTIONS, EXERCISES):
        stored = {path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts}
        found += [f"{path}: an orphan, it has no source; delete it" for path in sorted(stored - paths)]
    return found


def stale(path, notebook):
    """Whether the stored notebook differs from this one in anything but outputs and execution counts."""
    if not path.exists():
        return True
    text = path.read_text(encoding="utf-8")
    stored = nbformat.reads(text, as_version=4)
    return as_text(stored) != text or as_text(without_outputs(stored)) != as_text(notebook)


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
    client.execute()
    seconds = time.perf_counter() - start
    notebook.metadata = nbformat.from_dict(METADATA)  # the kernel wrote its own version there
    for cell in notebook.cells:
        if cell.cell_type == "code":
            outputs = [output for output in map(without_widget, cell.outputs) if output]
            cell.outputs = [COVER, *outputs] if outputs and "jupyter" in cell.metadata else outputs
    temporary = path.with_suffix(".ipynb.tmp")
    temporary.write_text(as_text(notebook), encoding="utf-8")
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
            raise ValueError(f"{source}, cell {number}: a BEGIN SOLUTION or END SOLUTION without the other")
        mark_for_nbgrader(cell)
        # jupytext invents a random id; one that nbgrader knows stays the same when cells come before it.
        cell.id = cell.metadata.get("nbgrader", {}).get("grade_id", f"{source.stem}-{number:02d}")
    return without_outputs(notebook)


def collapse_answers(cells):
    """Collapse in JupyterLab what answers a prediction: the outputs after it, and the "What we saw" below them.

    JupyterLab opens a collapsed cell when it runs; GitHub, nbconvert and nbval do not know these marks. Ends with what
    we saw, or at the next heading.
    """
    predicting = False
    for cell in cells:
        if cell.cell_type == "code":
            if predicting:
                cell.metadata["jupyter"] = {"outputs_hidden": True}
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
        points = getattr(checks, name).max_points
        kind = {"grade_id": f"test-{name}", "grade": True, "solution": False, "locked": True, "points": points}
    elif name := mark.pop("written", None):
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
