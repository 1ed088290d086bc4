"""The page to watch while a class is graded."""

import pytest

from tests import handed_in
from vae_grade import watch
from vae_grade.records import State, Submission


@pytest.fixture
def page(tmp_path):
    return tmp_path / "watch.html"


def grade(*states):
    for number, state in enumerate(states):
        yield Submission(f"<s{number}>", handed_in.NAME, None), handed_in.make_record(state, "no end")


def test_it_says_how_far_and_what_failed_and_at_the_end_it_stands_still(page, monkeypatch):
    monkeypatch.setattr(watch, "EVERY", 0)
    seen = []
    for _ in watch.watch(grade(State.GRADED, State.TIMED_OUT, State.GRADED), 3, page):
        seen.append(page.read_text())
    assert [text.partition("<h1>")[2].partition(" graded")[0] for text in seen] == ["0 of 3", "1 of 3", "2 of 3"]
    assert all('http-equiv="refresh"' in text for text in seen)
    last = page.read_text()
    assert "3 of 3 graded" in last
    assert "Done after" in last
    assert "<li>2 graded</li>" in last
    assert f"<li>&lt;s1&gt;, {handed_in.NAME}: an answer came to no end: no end</li>" in last
    assert "refresh" not in last


def test_a_run_that_is_stopped_says_so(page):
    records = watch.watch(grade(State.GRADED, State.GRADED), 2, page)
    next(records)
    records.close()
    assert "Stopped after" in page.read_text()
    assert "refresh" not in page.read_text()


def test_a_browser_shows_it_and_asks_nobody(browser, page, monkeypatch):
    list(watch.watch(grade(State.KILLED), 1, page))
    asked, tab = [], browser.new_page(viewport={"width": 390, "height": 800})
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.as_uri())
    assert tab.get_by_role("progressbar").evaluate("bar => bar.position") == 1
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert asked == [page.as_uri()]
    tab.close()
