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

from vae_grade import gradebook as book
from vae_grade.assignments import Refused, assignments, write
from vae_grade.judge import NEXT_STEPS, STATES
from vae_grade.run import read_record, submissions

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Report</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere }}
h2 {{ margin-top: 2.5rem }} h3 {{ margin-bottom: .3rem }} p {{ margin: .5rem 0 }}
table {{ border-collapse: collapse; width: 100% }} tr {{ border-bottom: 1px solid #8884 }}
td, th {{ padding: .2rem .5rem; text-align: left; vertical-align: top; width: 24% }}
td:last-child, th:last-child {{ width: auto }}
.bars th {{ font-weight: normal; width: 45% }} .bars td {{ width: auto }}
.bars td:last-child {{ width: 6rem; text-align: right }}
.bar {{ background: #4a86bf; height: 1rem; margin-top: .25rem }}
</style></head><body><h1>Report</h1>{body}</body></html>
"""
MOST = 10  # misunderstandings at the top of the page


def report(folder, *, db=None):
    """Write `report.csv`, `report.html` and `feedback/STUDENT/ASSIGNMENT/*.html`; returns how many answers wait.

    They are those in words, which are marked by hand.

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
    write(folder / "report.csv", "\ufeff" + table(graded, marks))  # with this mark, Excel reads names as they are
    write(folder / "report.html", page(graded, marks))
    feedback(folder, url, sorted({name for _, name, _ in graded}))
    return sum(mark is None for points in marks.values() for mark in points.values())


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
        each = ", ".join(_with_mistake(cell, mark, record) for cell, mark in points.items() if mark is not None)
        step = NEXT_STEPS.get(record["state"], "")
        row = [name, student, record["state"], f"{score:g}", waiting, each, record["sentence"], step]
        writer.writerow([_no_formula(text) for text in row])
    return out.getvalue()


def _with_mistake(cell, mark, record):
    exercise = cell.removeprefix("test-")
    mistake = record["exercises"].get(exercise, {}).get("mistake")
    return f"{exercise} {mark:g}" + (f" ({mistake})" if mistake else "")


def _no_formula(text):
    """A spreadsheet runs what begins like a formula; a student chooses names and texts."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def page(graded, marks):
    """The page: what to teach again, states, the distribution of each exercise, what to look at."""
    handed_in = Counter(name for _, name, _ in graded)
    mistakes = Counter(
        (one["mistake"], exercise, name)
        for _, name, record in graded
        for exercise, one in record["exercises"].items()
        if one["mistake"]
    ).most_common(MOST)
    people = len({student for student, *_ in graded})
    parts = [f"<p>{_many(len(graded), 'submission')} of {_many(people, 'student')}.</p>"]
    parts.append(
        _bars((state, n, len(graded)) for state, n in Counter(one["state"] for *_, one in graded).most_common())
    )
    parts.append("<h2>What to teach again</h2>")
    parts.append(
        _bars((f"{mistake} ({exercise}, {name})", n, handed_in[name]) for (mistake, exercise, name), n in mistakes)
    )
    for name in sorted(handed_in):
        parts.append(f"<h2>{html.escape(name)}</h2>")
        mine = [(student, record) for student, its, record in graded if its == name]
        for cell, most in assignments()[name].points.items():
            exercise = cell.removeprefix("test-")
            earned = [marks[student, name].get(cell) for student, _ in mine]
            waiting = sum(mark is None for mark in earned)
            earned = [mark for mark in earned if mark is not None]
            said = [f"mean {sum(earned) / len(earned):.1f} of {most:g}"] if earned else [f"{most:g} points"]
            said += [f"{waiting} to mark"] if waiting else []
            parts.append(f"<h3>{html.escape(exercise)}: {', '.join(said)}</h3>")
            counts = sorted(Counter(earned).items(), reverse=True)
            parts.append(_bars((f"{mark:g} points", n, len(earned)) for mark, n in counts))
            seen = Counter(
                _wrong(record["exercises"][exercise]) for _, record in mine if exercise in record["exercises"]
            )
            del seen[None]
            if seen:
                parts += ["<p>What was wrong:</p>", _bars((word, n, len(mine)) for word, n in seen.most_common())]
    parts.append("<h2>Look at these</h2><table><tr><th>student</th><th>assignment</th><th>what was seen</th></tr>")
    odd = [one for one in graded if one[2]["state"] != "graded"]
    for student, name, record in sorted(odd, key=lambda one: list(STATES)[::-1].index(one[2]["state"])):
        step = NEXT_STEPS.get(record["state"])
        said = record["state"] + record["sentence"].removeprefix(STATES[record["state"]])
        said += f". Next: {step}." if step else ""
        parts.append("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in (student, name, said)) + "</tr>")
    return PAGE.format(body="\n".join([*parts, "</table>"]))


def _wrong(exercise):
    """What was wrong with an answer, in a word; None where nothing was."""
    if exercise["state"] == "not yet":
        return exercise["mistake"] or (exercise["end"] if exercise["end"] != "ended" else "wrong in another way")
    return exercise["state"] if exercise["state"] == "not attempted" else None


def _many(count, word):
    return f"{count} {word}{'' if count == 1 else 's'}"


def _bars(rows):
    """A bar for each (word, count, of how many); the numbers stand beside it."""
    lines = [
        f'<tr><th scope="row">{html.escape(word)}</th>'
        f'<td><div class="bar" style="width: {100 * count / most:.0f}%"></div></td><td>{count} of {most}</td></tr>'
        for word, count, most in rows
    ]
    return f'<table class="bars">{"".join(lines)}</table>' if lines else "<p>Nothing.</p>"


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
