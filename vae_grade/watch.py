"""A page to watch while a class is graded: how far, how quick, which states, and what failed. It needs no server."""

import time
from collections import Counter
from collections.abc import Generator, Iterable
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from vae_grade.records import Record, State, Submission
from vae_lib.files import write

EVERY = 2  # seconds after which the page is written anew; the browser looks as often
PAGE = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(
    """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
{% if running %}
<meta http-equiv="refresh" content="{{ every }}">
{% endif %}
<title>{{ done }} of {{ total }}</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere }
progress { width: 100%; height: 1.5rem }
</style></head><body><h1>{{ done }} of {{ total }} graded</h1>
<p><progress value="{{ done }}" max="{{ total or 1 }}" aria-label="graded"></progress></p>
<p>{{ words }}</p>
<ul>
{% for state, count in states %}
<li>{{ count }} {{ state }}</li>
{% endfor %}
</ul>
{% if failed %}
<h2>What failed</h2><ul>
{% for line in failed %}
<li>{{ line }}</li>
{% endfor %}
</ul>
{% endif %}
</body></html>
"""
)
Graded = tuple[Submission, Record]


def watch(graded: Iterable[Graded], total: int, page: Path) -> Generator[Graded, None, None]:
    """Pass on what is graded, as it comes, and write the page every few seconds; at the end it stands still."""
    states: Counter[State] = Counter()
    failed: list[str] = []
    start = written = time.monotonic()
    _write(page, total, states, failed, "The first are being graded.", running=True)
    try:
        for submission, record in graded:
            yield submission, record
            states[record.state] += 1
            if record.state.next_step:
                failed.append(f"{submission.student}, {submission.assignment}: {record.sentence}")
            now = time.monotonic()
            if now - written >= EVERY:
                rate = states.total() / (now - start)
                words = f"{60 * rate:.0f} a minute, {(total - states.total()) / rate / 60:.0f} minutes to go"
                _write(page, total, states, failed, words, running=True)
                written = now
    finally:
        minutes = (time.monotonic() - start) / 60
        words = f"{'Done' if states.total() == total else 'Stopped'} after {minutes:.1f} minutes."
        _write(page, total, states, failed, words, running=False)


def _write(page: Path, total: int, states: Counter[State], failed: list[str], words: str, *, running: bool) -> None:
    values = {"done": states.total(), "total": total, "words": words, "failed": failed}
    values["states"] = [(state.value, count) for state, count in states.most_common()]
    write(page, PAGE.render(values, running=running, every=EVERY))
