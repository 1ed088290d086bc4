"""What a run comes to: a table, a page for the teacher, and feedback for each student by nbgrader."""

import csv
import html
import io
from collections import Counter

from nbgrader.apps import NbGrader
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from tqdm import tqdm
from traitlets.config import Config

from grading import book
from grading.course import Refused, assignments, write
from grading.judge import NEXT_STEPS, STATES
from grading.run import read_record, submissions

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Report</title><style>
body {{ font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse }} td, th {{ padding: .2rem .8rem; text-align: left; vertical-align: top }}
tr:nth-child(even) {{ background: #f2f2f2 }} .bar {{ background: #36699c; height: 1rem; display: inline-block }}
</style></head><body><h1>Report</h1>{body}</body></html>
"""


def report(folder, *, db=None):
    """Write `report.csv`, `report.html` and `feedback/STUDENT/ASSIGNMENT/*.html`.

    Raises:
        Refused: nothing was graded.
    """
    graded = [(student, name, read_record(folder, student, name)) for student, name, _ in submissions(folder)]
    graded = [one for one in graded if one[2]]
    if not graded:
        raise Refused(f"Nothing was graded in {folder}: run `vae-grade run` first.")
    url = book.address(folder, db)
    with book.gradebook(url) as gradebook:
        marks = {(student, name): _marks(gradebook, student, name) for student, name, _ in graded}
    write(folder / "report.csv", table(graded, marks))
    write(folder / "report.html", page(graded, marks))
    feedback(folder, url, sorted({name for _, name, _ in graded}))


def _marks(gradebook, student, name):
    """The points of each graded cell, None where words wait to be marked; they include what was marked by hand."""
    [notebook] = gradebook.find_submission(name, student).notebooks
    return {grade.name: None if grade.needs_manual_grade else grade.score for grade in notebook.grades}


def table(graded, marks):
    """All submissions as CSV, those that failed last."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["assignment", "student", "state", "score", "to mark", "points", "what was seen", "next step"])
    order = sorted(graded, key=lambda one: (one[2]["state"] in NEXT_STEPS, one[1], one[0]))
    for student, name, record in order:
        points = marks[student, name]
        score = sum(mark for mark in points.values() if mark is not None)
        waiting = ", ".join(cell for cell, mark in points.items() if mark is None)
        each = ", ".join(f"{cell.removeprefix('test-')} {mark:g}" for cell, mark in points.items() if mark is not None)
        step = NEXT_STEPS.get(record["state"], "")
        row = [name, student, record["state"], f"{score:g}", waiting, each, record["sentence"], step]
        writer.writerow([_no_formula(text) for text in row])
    return out.getvalue()


def _no_formula(text):
    """A spreadsheet runs what begins like a formula; a student chooses names and texts."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def page(graded, marks):
    """The page: states, the distribution of each exercise, and what was misunderstood how often."""
    parts = ["<h2>Submissions</h2>", _bars(_counted(record["state"] for *_, record in graded))]
    for name in sorted({name for _, name, _ in graded}):
        parts.append(f"<h2>{html.escape(name)}</h2>")
        mine = [(student, record) for student, its, record in graded if its == name]
        for cell, most in assignments()[name].points.items():
            exercise = cell.removeprefix("test-")
            earned = [marks[student, name].get(cell) for student, _ in mine]
            waiting = sum(mark is None for mark in earned)
            earned = [mark for mark in earned if mark is not None]
            mean = f", mean {sum(earned) / len(earned):.1f}" if earned else ""
            parts.append(f"<h3>{html.escape(exercise)}: {len(earned)} marked{mean} of {most:g}, {waiting} to mark</h3>")
            parts.append(_bars({f"{mark:g} points": n for mark, n in sorted(Counter(earned).items())}))
            seen = [record["exercises"].get(exercise, {}) for _, record in mine]
            mistakes = _counted(one["mistake"] for one in seen if one.get("mistake"))
            if mistakes:
                parts += ["<p>What was misunderstood:</p>", _bars(mistakes)]
            other = sum(one.get("state") == "not yet" and not one["mistake"] for one in seen)
            missing = sum(one.get("state") == "not attempted" for one in seen)
            parts.append(f"<p>{other} wrong in another way, {missing} not attempted.</p>" if any(seen) else "")
    parts += ["<h2>Look at these</h2><table><tr><th>student</th><th>assignment</th><th>what was seen</th></tr>"]
    odd = [one for one in graded if one[2]["state"] != "graded"]
    for student, name, record in sorted(odd, key=lambda one: list(STATES)[::-1].index(one[2]["state"])):
        step = NEXT_STEPS.get(record["state"])
        said = record["sentence"] + (f". Next: {step}." if step else "")
        parts.append("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in (student, name, said)) + "</tr>")
    return PAGE.format(body="\n".join([*parts, "</table>"]))


def _counted(words):
    return dict(Counter(words).most_common())


def _bars(counts):
    """A bar for each count; the number stands beside it."""
    most = max(counts.values(), default=1)
    rows = []
    for word, count in counts.items():
        bar = f'<span class="bar" style="width: {20 * count / most:.1f}rem"></span> {count}'
        rows.append(f"<tr><td>{html.escape(word)}</td><td>{bar}</td></tr>")
    return f"<table>{''.join(rows)}</table>"


def feedback(folder, url, names):
    """Each student's feedback, by nbgrader's own converter; a student's HTML is shown as text."""
    for name in tqdm(names, unit="assignment"):
        config = Config()
        config.CourseDirectory.root = str(folder.resolve())
        config.CourseDirectory.db_url = url
        config.CourseDirectory.assignment_id = name
        config.HTMLExporter.sanitize_html = True
        config.GenerateFeedback.force = True
        app = NbGrader(config=config)
        app.log.setLevel("ERROR")
        GenerateFeedback(coursedir=CourseDirectory(parent=app), parent=app).start()
