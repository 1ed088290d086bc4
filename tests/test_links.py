"""The links of lessons, glossary and report lead to files that are there."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*sorted((ROOT / "notebooks").glob("*.ipynb")), ROOT / "GLOSSARY.md", ROOT / "docs/the_report.md"]


def text_of(page):
    if page.suffix == ".md":
        return page.read_text()
    return "\n".join(c.source for c in nbformat.read(page, as_version=4).cells if c.cell_type == "markdown")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_link_to_a_file_leads_somewhere(page):
    targets = [link for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)) if not link.startswith("http")]
    assert targets
    assert [link for link in targets if not (page.parent / link).is_file()] == []


@pytest.mark.parametrize("page", PAGES[1:8], ids=lambda path: path.stem)
def test_each_lesson_ends_with_its_assignment_and_the_next_lesson(page):
    last = nbformat.read(page, as_version=4).cells[-1].source
    assert f"(../exercises/{page.stem}/{page.stem}.ipynb)" in last
    assert f"({PAGES[PAGES.index(page) + 1].name})" in last
