"""A student can predict: what answers a **Predict.** is collapsed in JupyterLab until the cell runs, and only there."""

import os
import re

import jupytext
import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from tests.jupyter_in_browser import jupyter_lab, wait_for_kernel
from tools import build_notebooks as build

OUTPUTS, TEXT = {"outputs_hidden": True}, {"source_hidden": True}
SMALL = """# %% [markdown]
# How much? **Predict.** One or two?

# %%
x = 1

# %%
print("answer", 1 + x)

# %% [markdown]
# Look closer.

# %%
# A figure.
alt = "three, drawn"
print("more", 2 + x)

# %% [markdown]
# **What we saw.** It is explained here.

# %%
print("open", 3 + x)
"""
COLLAPSED = [None, OUTPUTS, OUTPUTS, None, OUTPUTS | TEXT, TEXT, None]
LESSONS = sorted(build.LESSONS.glob("*.py"))


def marks(text):
    cells = jupytext.reads(text, fmt="py:percent").cells
    build.collapse_answers(cells)
    return [cell.metadata.get("jupyter") for cell in cells]


def test_a_prediction_collapses_the_outputs_up_to_what_we_saw():
    assert marks(SMALL) == COLLAPSED


def test_without_a_prediction_nothing_is_collapsed():
    assert marks(SMALL.replace("**Predict.**", "Predict.")) == [None] * 7


def test_a_prediction_ends_at_the_next_heading():
    assert marks(SMALL.replace("# Look", "# ## Look")) == [None, OUTPUTS, OUTPUTS, None, None, None, None]


@pytest.mark.parametrize("source", LESSONS, ids=lambda path: path.stem)
def test_in_the_lessons_each_prediction_has_collapsed_outputs_and_what_we_saw(source):
    cells = nbformat.read(build.NOTEBOOKS / f"{source.stem}.ipynb", as_version=4).cells
    predicted = [i for i, cell in enumerate(cells) if cell.cell_type == "markdown" and "**Predict.**" in cell.source]
    saw = [cell.source for cell in cells if cell.source.startswith("**What we saw.")]
    assert not any(
        "**Predict.**" in text or re.search("^#", text, re.M) for text in saw
    )  # they would be collapsed, too
    for start in predicted:
        end = next(i for i in range(start + 1, len(cells)) if cells[i].source.startswith("**What we saw."))
        assert cells[end].metadata.jupyter == TEXT
        code = [cell for cell in cells[start:end] if cell.cell_type == "code"]
        assert all(cell.metadata.jupyter.outputs_hidden for cell in code)
        assert not any(re.search("alt = |assert ", cell.source) for cell in code if cell.metadata.jupyter == OUTPUTS)
        # The first line stays in sight.
        assert not any(re.match("alt = |assert ", cell.source) for cell in code)
        outputs = [cell.outputs for cell in code if cell.outputs]
        assert outputs
        assert all(covered == build.COVER for covered, *_ in outputs)


@pytest.mark.parametrize("source", sorted(build.ASSIGNMENTS.glob("*.py")), ids=lambda path: path.stem)
def test_in_the_exercises_the_figures_drawn_by_the_library_are_collapsed(source):
    for path, notebook in build.notebooks_of(source).items():
        marked = [cell.source for cell in notebook.cells if "jupyter" in cell.metadata]
        drawing = [cell.source for cell in notebook.cells if "or_library()" in cell.source]
        assert set(drawing) <= set(marked) if path.is_relative_to(build.EXERCISES) else marked == []
        assert drawing


def small(tmp_path):
    """A notebook built from SMALL, its cells executed."""
    (tmp_path / "small.py").write_text(SMALL)
    path = tmp_path / "work" / "small.ipynb"
    build.build(path, build.unexecuted(tmp_path / "small.py"))
    return path


def test_on_a_web_page_the_answers_are_seen(tmp_path):
    page, _ = HTMLExporter().from_filename(small(tmp_path))
    for text in ("answer 2", "more 3", "It is explained here", "open 4"):
        assert text in page


def test_in_jupyterlab_the_answer_appears_when_the_cell_runs(tmp_path, browser):
    name = small(tmp_path).name
    with jupyter_lab(tmp_path) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(address(name))
        notebook = page.locator(".jp-Notebook")
        expect(notebook.get_by_text("open 4")).to_be_visible(timeout=120_000)
        shown = notebook.locator(".jp-OutputArea, .jp-RenderedMarkdown")
        answers = [shown.get_by_text(text) for text in ("answer 2", "more 3", "It is explained here")]
        for answer in answers:
            expect(answer).to_be_hidden()
        telling = notebook.get_by_text("three, drawn")
        expect(telling).to_be_hidden()
        wait_for_kernel(page)
        notebook.locator(".jp-Cell").first.click()
        for _ in range(3):  # the question, x, the answer
            page.keyboard.press("Shift+Enter")
        expect(answers[0]).to_be_visible(timeout=60_000)
        for answer in answers[1:]:
            expect(answer).to_be_hidden()
        for _ in range(3):  # "Look closer", more, what we saw
            page.keyboard.press("Shift+Enter")
        for answer in answers:
            expect(answer).to_be_visible(timeout=60_000)
        if shot := os.environ.get("SHOT"):
            page.screenshot(path=shot)
