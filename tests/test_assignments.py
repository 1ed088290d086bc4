"""The assignments: the solution is right, the exercise is bare, and nbgrader's marks are as nbgrader wants them."""

import re
import statistics

import jupytext
import nbformat
import pytest
from nbgrader.utils import compute_checksum

import vae_checks as checks
from tools import build_notebooks as build

SOURCES = sorted(build.ASSIGNMENTS.glob("*.py"))
DIFFICULTY = re.compile(r"(●○○|●●○|●●●), (\d+) minutes")
ROW = re.compile(r"\| (\d) · (.+?) \| (●○○|●●○|●●●) \| (\d+) \| (\d+) \|")
REGION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)

each_assignment = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)


def stored(source, folder):
    """The cells of the stored notebook in solutions/ or exercises/."""
    path = folder / source.stem / f"{source.stem}.ipynb"
    return nbformat.read(path, as_version=4).cells


def both(source):
    return [stored(source, build.SOLUTIONS), stored(source, build.EXERCISES)]


def code(cells):
    return [cell for cell in cells if cell.cell_type == "code"]


def marked(cells, **wanted):
    """The cells that nbgrader knows, of those the ones with these entries."""
    known = [cell for cell in cells if "nbgrader" in cell.metadata]
    return [cell for cell in known if wanted.items() <= cell.metadata.nbgrader.items()]


def checked(cells):
    return marked(cells, grade=True, solution=False)


def written_of(cells):
    return marked(cells, grade=True, solution=True)


# What the checks say


@each_assignment
def test_in_the_solution_every_check_is_right_with_full_points(source):
    for cell in checked(stored(source, build.SOLUTIONS)):
        shown, points = cell.outputs
        assert "right, 10 of 10 points" in shown.data["text/plain"]
        assert points.data["text/plain"] == "10.0"


@each_assignment
def test_in_the_exercise_nothing_is_attempted_and_every_cell_after_it_runs(source):
    cells = stored(source, build.EXERCISES)
    for cell in checked(cells):
        shown, points = cell.outputs
        assert "not attempted, 0 of 10 points" in shown.data["text/plain"]
        assert points.data["text/plain"] == "0.0"
    printed = [output.text for cell in code(cells) for output in cell.outputs if output.output_type == "stream"]
    assert sum("the library's" in text for text in printed) == len(checked(cells))


@each_assignment
def test_every_cell_was_executed_without_an_error_or_a_warning(source):
    for cells in both(source):
        assert build.executed(nbformat.v4.new_notebook(cells=cells))
        streams = [out.name for cell in code(cells) for out in cell.outputs if out.output_type == "stream"]
        assert set(streams) <= {"stdout"}


# What the exercise does not say


def strings(thing):
    """Every text anywhere in a notebook: sources, outputs, metadata."""
    if isinstance(thing, str):
        return [thing]
    if isinstance(thing, dict):
        return [text for value in thing.values() for text in strings(value)]
    return [text for value in thing for text in strings(value)] if isinstance(thing, list) else []


def secrets_of(source):
    """The lines of all answers, and each six words in a row of what is answered in words, rubric included.

    A line that the exercise itself gives, in a program to be mended, is none.
    """
    cells = jupytext.read(source).cells
    given = {line for cell in cells for line in REGION.sub("", cell.source).splitlines()}
    for cell in cells:
        if "written" in cell.metadata:
            words = cell.source.split()
            yield from (" ".join(words[i : i + 6]) for i in range(len(words) - 5))
        lines = [line for region in REGION.findall(cell.source) for line in region.splitlines()]
        yield from (line.split("  #")[0] for line in lines if line not in given)


@each_assignment
def test_no_answer_is_in_the_exercise(source):
    told = [" ".join(text.split()) for text in strings(stored(source, build.EXERCISES))]
    secrets = {" ".join(secret.split()) for secret in secrets_of(source)}
    long = {secret for secret in secrets if len(secret) > 8}
    assert len(long) >= 5
    assert {secret for secret in long if any(secret in text for text in told)} == set()


@each_assignment
def test_the_exercise_is_a_notebook_without_a_mark_of_how_it_was_made(source):
    folder = build.EXERCISES / source.stem
    assert [path.name for path in folder.iterdir() if path.name != ".ipynb_checkpoints"] == [f"{source.stem}.ipynb"]
    text = (folder / f"{source.stem}.ipynb").read_text()
    for mark in ("SOLUTION", "Rubric", "jupytext", '"answer"', '"tests"', '"written"'):
        assert mark not in text


# How an assignment is made


@each_assignment
def test_three_to_five_exercises_each_with_its_difficulty_minutes_and_points(source):
    cells = stored(source, build.EXERCISES)
    table = ROW.findall(cells[0].source)
    assert 3 <= len(table) <= 5
    assert [int(number) for number, *_ in table] == list(range(1, len(table) + 1))
    assert 30 <= sum(int(minutes) for *_, minutes, _ in table) <= 80
    headings = [cell.source for cell in cells if re.match(r"## \d · ", cell.source)]
    assert [DIFFICULTY.search(text).groups() for text in headings] == [tuple(row[2:4]) for row in table]
    points = [cell.metadata.nbgrader.points for cell in [*checked(cells), *written_of(cells)]]
    assert [int(row[4]) for row in table] == points
    assert len(written_of(cells)) == 1
    assert written_of(cells)[0].cell_type == "markdown"


@each_assignment
def test_code_cells_are_short(source):
    lengths = [[len(cell.source.splitlines()) for cell in code(cells)] for cells in both(source)]
    assert statistics.median(lengths[1]) <= 6  # of the exercise, because an answer is as long as it must be
    assert max(lengths[0] + lengths[1]) <= 20


@each_assignment
def test_every_figure_is_described(source):
    for cells in both(source):
        outputs = [output for cell in code(cells) for output in cell.outputs if "data" in output]
        figures = [output for output in outputs if "image/png" in output.data]
        assert figures
        for figure in figures:
            assert len(figure.metadata["image/png"]["alt"]) > 15


# nbgrader's marks


@each_assignment
def test_ids_are_unique_and_the_same_in_both_notebooks(source):
    ids = [[cell.id for cell in cells] for cells in both(source)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(ids[0])
    for cells in both(source):
        assert all(cell.id == cell.metadata.nbgrader.grade_id for cell in marked(cells))


def test_grade_ids_are_unique_in_the_course():
    ids = [cell.id for source in SOURCES for cell in marked(stored(source, build.EXERCISES))]
    assert len(set(ids)) == len(ids)


@each_assignment
def test_exercises_carry_what_nbgrader_writes(source):
    cells = stored(source, build.EXERCISES)
    assert [cell.id for cell in checked(cells)] == [f"test-{c.id}" for c in marked(cells, grade=False, solution=True)]
    for cell in marked(cells):
        mark = cell.metadata.nbgrader
        assert mark.schema_version == 3
        assert not mark.task
        assert mark.checksum == compute_checksum(cell)
        assert cell.metadata.deletable is False
        assert mark.locked == (cell.metadata.get("editable") is False) == (cell in checked(cells))
    for cell in checked(cells):
        name = cell.id.removeprefix("test-")
        assert cell.metadata.nbgrader.points == getattr(checks, name).max_points
        assert cell.source == f"result = checks.{name}({name})\ndisplay(result)\nresult.points"


# The build

SMALL = """# %% [markdown]
# # Small

# %% answer="kld"
class Box:
    def kld(self, mu, sigma):
        ### BEGIN SOLUTION
        secret = mu + sigma
        return secret
        ### END SOLUTION

# %% tests="kld"
print("test")

# %% [markdown] written="why" points=3
# Because.
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    """The source of a small assignment."""
    for name in ("LESSONS", "ASSIGNMENTS", "NOTEBOOKS", "SOLUTIONS", "EXERCISES"):
        monkeypatch.setattr(build, name, tmp_path / name.lower())
    source = build.ASSIGNMENTS / "01_small.py"
    source.parent.mkdir(parents=True)
    source.write_text(SMALL)
    return source


def test_an_indented_answer_is_cut_out_with_its_indentation(small):
    solution, exercise = build.notebooks_of(small).values()
    stub = "        # YOUR CODE HERE\n        raise NotImplementedError()"
    assert exercise.cells[1].source == f"class Box:\n    def kld(self, mu, sigma):\n{stub}"
    assert "secret" in solution.cells[1].source
    assert [cell.metadata.get("editable") for cell in exercise.cells] == [None, None, False, None]
    assert exercise.cells[3].source == "YOUR ANSWER HERE"
    assert exercise.cells[3].metadata.nbgrader.points == 3


@pytest.mark.parametrize("indent", ["", "    ", "        "])
@pytest.mark.parametrize(
    "lines",
    [
        ["### BEGIN SOLUTION"],
        ["### END SOLUTION"],
        ["### END SOLUTION", "### BEGIN SOLUTION"],
        ["### BEGIN SOLUTION", "### BEGIN SOLUTION", "### END SOLUTION", "### END SOLUTION"],
        ["### BEGIN SOLUTION", "### END SOLUTION", "### END SOLUTION"],
    ],
    ids=" ".join,
)
def test_an_unpaired_mark_stops_the_build(small, indent, lines):
    answer = "\n".join(indent + line for line in ["x = 1", *lines])
    start, rest = SMALL.split("class Box", 1)
    small.write_text(start + answer + "\n\n# %% tests" + rest.split("# %% tests", 1)[1])
    with pytest.raises((ValueError, RuntimeError), match=r"(?i)(begin|end) solution"):
        build.notebooks_of(small)


def test_an_answer_in_a_cell_that_is_not_marked_stops_the_build(small):
    small.write_text(SMALL.replace('# %% answer="kld"', "# %%"))
    with pytest.raises(RuntimeError, match="Solution region detected in a non-solution cell"):
        build.notebooks_of(small)


def test_a_cell_put_before_changes_no_grade_id(small):
    before = [marked(notebook.cells) for notebook in build.notebooks_of(small).values()]
    small.write_text("# %%\nnew = 1\n\n" + SMALL)
    assert [marked(notebook.cells) for notebook in build.notebooks_of(small).values()] == before


def test_an_exercise_that_lost_its_solution_is_an_orphan(small):
    for path, notebook in build.notebooks_of(small).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(build.as_text(notebook))
    found = build.orphans([])
    assert [sentence.split(":")[0].rsplit("/")[-3] for sentence in found] == ["solutions", "exercises"]
    assert all("an orphan" in sentence for sentence in found)


def test_an_edited_exercise_is_found(small):
    for path, notebook in build.notebooks_of(small).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(build.as_text(notebook).replace("YOUR CODE HERE", "your code here"))
    found = "exercises/01_small/01_small.ipynb: not what 01_small.py says: cell kld, line 3"
    assert any(found in sentence for sentence in build.problems(small))
