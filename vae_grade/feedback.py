"""Feedback: a page for each submission, in nbgrader's form, that asks no host. Only what changed is made anew."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import datetime
from functools import cache
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import nbformat
from tqdm import tqdm

from vae_grade.folder import TeacherFolder
from vae_grade.marks import Marks
from vae_grade.processes import without_main
from vae_grade.records import Submission
from vae_lib.files import write

if TYPE_CHECKING:
    from nbconvert.exporters import HTMLExporter

FEW = 8  # pages that this process makes itself: others would need longer to start
# On a telephone, too: scores inside their headings, nothing wider than the page, tables with room between columns.
STYLE = """<style>
html div.nbgrader_cell .panel-heading { height: auto; overflow: hidden }
html .rendered_html td, html .rendered_html th { padding: .2em .6em }
html .anchor-link { display: none }
html img { max-width: 100%; height: auto }
html pre, html code { white-space: pre-wrap; overflow-wrap: anywhere }
html .rendered_html { overflow-x: auto }
@media (max-width: 600px) {
html .container, html .panel-body, html #notebook-container { padding: 4px; width: 100% }
html div.prompt { display: none }
html div.cell, html div.inner_cell, html div.output_area, html div.output_subarea { display: block; max-width: 100% }
}
</style>"""
# nbgrader's page would load MathJax from a host; in its place stands the style.
HEAD = {"mathjax.html.j2": f"{{% macro mathjax(url='') %}}{STYLE}{{% endmacro %}}"}
# It would show 0 for what has no mark yet, too: here scores are words, and the total says what is not in it.
SCORES = {
    "cell.metadata.nbgrader.score | float | round(2)": "cell.metadata.nbgrader.score",
    "resources.nbgrader.max_score | float | round(2)": "resources.nbgrader.max_score",
}


class Page(NamedTuple):
    """A page to make: from the notebook at one path, to another path, for a submission with these marks."""

    source: Path
    target: Path
    submission: Submission
    marks: Marks


def write_feedback(folder: TeacherFolder, marks: Mapping[Submission, Marks]) -> list[str]:
    """Make the pages whose notebook or marks changed, on all cores; a sentence for each that could not be made.

    A page that students may have is not overwritten: it stays beside the new one, with the time that it is from.
    """
    known = _read_fingerprints(folder.feedback_fingerprints)
    todo: list[Page] = []
    wanted: list[str] = []
    failures: list[str] = []
    for submission, mark in marks.items():
        whose = submission.student, submission.assignment
        page = Page(folder.autograded_notebook(*whose), folder.feedback_page(*whose), submission, mark)
        if not page.source.exists():
            failures.append(
                f"{_name(page)}: there is no {page.source}, which `vae-grade run` writes; no feedback was made"
            )
            continue
        fingerprint = _fingerprint(page)
        if not page.target.exists() or known.get(_key(page)) != fingerprint:
            todo.append(page)
            wanted.append(fingerprint)
    try:
        made = tqdm(_make_all(todo), total=len(todo), unit="page")
        for page, fingerprint, fault in zip(todo, wanted, made, strict=True):
            if fault:
                failures.append(f"{_name(page)}: its feedback page failed ({fault})")
            else:
                known[_key(page)] = fingerprint
    finally:
        write(folder.feedback_fingerprints, json.dumps(known, ensure_ascii=False, indent=0))
    return failures


def _read_fingerprints(path: Path) -> dict[str, str]:
    """What the pages that are there were made from; where that is lost, all are made anew."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return {}


def _name(page: Page) -> str:
    return f"{page.submission.student}/{page.submission.assignment}"


def _key(page: Page) -> str:
    """What stands for a page in the file of fingerprints: no name, so that a student can be forgotten."""
    return hashlib.sha256(_name(page).encode()).hexdigest()[:16]


def _fingerprint(page: Page) -> str:
    """A hash of all that a page shows and of what makes it."""
    parts = [page.source.read_bytes(), json.dumps(asdict(page.marks), sort_keys=True).encode(), _maker()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


@cache
def _maker() -> bytes:
    versions = [version(name) for name in ("nbgrader", "nbconvert", "matplotlib")]
    return json.dumps(versions).encode() + b"".join(
        Path(__file__).with_name(name).read_bytes() for name in ("feedback.py", "formulas.py")
    )


def _make_all(pages: list[Page]) -> Iterator[str]:
    if len(pages) <= FEW:
        yield from map(_make, pages)
        return
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as executor:
        with without_main():
            made = executor.map(_make, pages, chunksize=4)
        yield from made


def _make(page: Page) -> str:
    """Write a page; returns "", or why it could not be made, for a student's text can break what looks at it."""
    try:
        html = render(nbformat.read(page.source, as_version=4), page.submission, page.marks)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    old = page.target.read_bytes() if page.target.exists() else html.encode()
    if old != html.encode():
        made = datetime.fromtimestamp(page.target.stat().st_mtime)
        write(page.target.with_stem(f"{page.target.stem}_{made:%Y-%m-%d_%H%M%S}"), old)
    write(page.target, html)
    return ""


def render(notebook: nbformat.NotebookNode, submission: Submission, marks: Marks) -> str:
    """The page of a submission, as HTML; the notebook is changed."""
    most, without = 0.0, dict[str, float]()
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("solution"):
            mark["comment"] = marks.comments.get(mark["grade_id"])
        if mark.get("grade"):
            most += mark["points"]
            mark["score"] = str(round(marks.scores.get(mark["grade_id"], 0.0), 2))
            if mark["grade_id"] in marks.waiting:
                mark["score"] = "not yet marked" if cell.cell_type == "code" else "not yet read"
                without[mark["score"]] = without.get(mark["score"], 0.0) + mark["points"]
    names = {"notebook": submission.assignment, "assignment": submission.assignment, "student": submission.student}
    full = f"{most}" + "".join(f"; {words}: {points:g}" for words, points in without.items())
    numbers = {"score": marks.total, "max_score": full, "late_penalty": marks.penalty}
    html, _ = _exporter().from_notebook_node(notebook, {"nbgrader": names | numbers})
    return html


@cache
def _exporter() -> "HTMLExporter":
    """nbgrader's page, with formulas drawn here; one for each process, for its templates take long to read."""
    import nbgrader
    from jinja2 import DictLoader, pass_context
    from nbconvert.exporters import HTMLExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
    from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor

    from vae_grade.formulas import draw_formula

    class Renderer(IPythonRenderer):
        def inline_math(self, body: str) -> str:
            return draw_formula(body, block=False)

        def block_math(self, body: str) -> str:
            return draw_formula(body, block=True)

        def latex_environment(self, name: str, body: str) -> str:
            return draw_formula(rf"\begin{{{name}}}{body}\end{{{name}}}", block=True)

    @pass_context
    def to_html(context: Mapping[str, Any], source: str) -> str:
        renderer = Renderer(escape=False, attachments=context.get("cell", {}).get("attachments", {}))
        return MarkdownWithMath(renderer=renderer).render(source)

    formgrader = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader"
    template = (formgrader / "templates" / "feedback" / "index.html.j2").read_text(encoding="utf-8")
    for nbgraders, ours in SCORES.items():
        template = template.replace(nbgraders, ours)
    return HTMLExporter(
        template_name="feedback",
        extra_template_basedirs=[str(formgrader / "templates")],
        extra_template_paths=[str(formgrader / "static" / "node_modules" / "bootstrap" / "dist" / "css")],
        extra_loaders=[DictLoader(HEAD | {"index.html.j2": template})],
        preprocessors=[CSSHTMLHeaderPreprocessor],
        filters={"markdown2html": to_html},
        sanitize_html=True,
    )
