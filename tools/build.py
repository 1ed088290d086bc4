"""Build the notebooks from their sources: NN_topic.py → NN_topic.ipynb, executed, figures and all.

    python tools/build.py                 # the notebooks whose source changed
    python tools/build.py 05_training     # these, changed or not
    python tools/build.py --check         # build nothing; fail if a notebook is not what its source says

One direction only: nobody edits an .ipynb. `--check` compares bytes of everything but outputs, so it needs no kernel.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from tqdm.auto import tqdm

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = [ROOT / "notebooks"]
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="notebooks to rebuild, such as 05_training")
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 on any difference")
    args = parser.parse_args()
    sources = sorted(source for folder in FOLDERS for source in folder.rglob("[0-9][0-9]_*.py"))
    if args.check:
        found = problems(sources)
        sys.exit("\n".join(found) if found else 0)
    unknown = set(args.names) - {source.stem for source in sources}
    if unknown:
        parser.error(f"there is no source of {', '.join(sorted(unknown))}")
    chosen = [s for s in sources if s.stem in args.names] if args.names else [s for s in sources if stale(s)]
    for source in tqdm(chosen, unit="notebook"):
        seconds = build(source)
        tqdm.write(f"{source.stem}: {seconds:.0f} s")


def problems(sources):
    """What differs between the sources and the stored notebooks, a sentence each."""
    found = [f"{s.with_suffix('.ipynb')}: not what {s.name} says, run tools/build.py" for s in sources if stale(s)]
    for folder in FOLDERS:
        for stored in folder.rglob("*.ipynb"):
            if ".ipynb_checkpoints" in stored.parts:
                continue
            if not stored.with_suffix(".py").exists():
                found.append(f"{stored}: an orphan, it has no source; delete it")
            elif not executed(nbformat.read(stored, as_version=4)):
                found.append(f"{stored}: a cell was not executed, or failed; run tools/build.py {stored.stem}")
    return found


def stale(source):
    """Whether the stored notebook differs from its source in anything but outputs and execution counts."""
    stored = source.with_suffix(".ipynb")
    if not stored.exists():
        return True
    text = stored.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    return as_text(notebook) != text or as_text(without_outputs(notebook)) != as_text(unexecuted(source))


def executed(notebook):
    """Whether every code cell ran and none failed: nbval compares nothing in a cell that never ran."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    return all(cell.execution_count for cell in code) and not any(o.output_type == "error" for o in outputs)


def build(source):
    """Execute a source from its own folder, write the notebook whole or not at all; returns the seconds it took."""
    notebook = unexecuted(source)
    client = NotebookClient(
        notebook,
        timeout=1800,
        kernel_name="python3",
        resources={"metadata": {"path": str(source.parent)}},
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
            cell.outputs = [output for output in map(without_widget, cell.outputs) if output]
    temporary = source.with_suffix(".ipynb.tmp")
    temporary.write_text(as_text(notebook), encoding="utf-8")
    os.replace(temporary, source.with_suffix(".ipynb"))
    return seconds


def unexecuted(source):
    """The notebook that a source describes, the same bytes each time."""
    notebook = jupytext.read(source)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"{source.stem}-{number:02d}"  # jupytext invents a random one
    return without_outputs(notebook)


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
