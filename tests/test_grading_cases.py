"""What accidents do to honest notebooks: each earns what its own checks showed its student, or a flag says why not.

The answers are right, so alone they would earn 10 points each; how they are handed in is what real classes do.
"""

import base64
import contextlib
import io
import json
import re
import shutil

import pytest
from nbconvert import HTMLExporter

import vae_checks as checks
from tests import handed_in
from tests.handed_in import ASSIGNMENT, RIGHT, SOLUTION, as_bytes, empty, filled
from vae_grade import judge, sandbox
from vae_grade.answer_server import End, Verdict
from vae_grade.answers import Added, find_answers, needed_by
from vae_grade.assignments import ROOT
from vae_grade.gradebook import explain_record
from vae_grade.notebook import Unreadable, read_notebook
from vae_grade.records import ExerciseRecord, Material, State
from vae_probe.outcome import CallError

SEED = 7
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
FULL = {"bce": 10.0, "kld": 10.0, "kld_by_sampling": 10.0}
PLACEHOLDER = {cell["id"]: cell["source"] for cell in ASSIGNMENT.cells}
WRONG = handed_in.WRONG_KLD
HELPER = "def squared(a):\n    return a * a"
SQUARED = RIGHT["kld"].replace("sigma.square()", "squared(sigma)")


def make(source, kind="code", **fields):
    extra = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source} | extra | fields


def position(notebook, name):
    return [cell.get("id") for cell in notebook["cells"]].index(name)


def put(notebook, below, *cells):
    """Put cells below a released one; text is code."""
    cells = [make(cell) if isinstance(cell, str) else cell for cell in cells]
    at = position(notebook, below) + 1
    notebook["cells"][at:at] = cells
    return notebook


def change(notebook, name, source):
    notebook["cells"][position(notebook, name)]["source"] = source
    return notebook


def parts(notebook, name, *sources):
    """Split a cell, as JupyterLab does: each part has its grade id, and an id of its own."""
    at = position(notebook, name)
    cell = notebook["cells"][at]
    new = [json.loads(json.dumps(cell)) | {"source": source, "id": f"{name}-{n}"} for n, source in enumerate(sources)]
    notebook["cells"][at : at + 1] = new
    return notebook


def without(notebook, *names):
    notebook["cells"] = [cell for cell in notebook["cells"] if cell.get("id") not in names]
    return notebook


def bare(notebook):
    """As pasted into a new notebook: no ids, no metadata."""
    notebook["cells"] = [make(cell["source"], cell["cell_type"]) for cell in notebook["cells"]]
    return notebook


def in_new_cells():
    notebook = filled()
    for name in FULL:
        put(notebook, name, RIGHT[name])
    return notebook


def helper_of_one_name():
    notebook = filled(**RIGHT | {"kld": SQUARED})
    change(notebook, "bce", RIGHT["bce"].replace(".sum(dim=1)", " .sum(dim=squared(1))"))
    put(notebook, "04_bce_vs_kld-03", "def squared(a):\n    return a * a")
    return put(notebook, "04_bce_vs_kld-08", "def squared(a):\n    return a.square()")


def of_a_demo_cell():
    """The demo cell above the exercise defines `order`."""
    return filled(**RIGHT | {"kld": RIGHT["kld"].replace("0.5 *", "0.5 * order.ne(-1).float().mean() *")})


def own_error():
    answer = "def kld(mu, sigma):\n    try:\n        return half_sum(mu, sigma)\n    except NameError:\n"
    answer += "        raise ValueError('run my helper first')"
    helper = "def half_sum(mu, sigma):\n    return 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(1)"
    return put(filled(**RIGHT | {"kld": answer}), "04_bce_vs_kld-08", helper)


def written_file():
    notebook = filled(**RIGHT | {"kld": "from tools_of_mine import squared\n\n" + SQUARED})
    return put(notebook, "04_bce_vs_kld-08", "%%writefile tools_of_mine.py\ndef squared(a):\n    return a * a")


def math_and_a_long_experiment():
    answer = RIGHT["kld"].replace("0.5 *", "math.sqrt(0.25) *")
    notebook = put(filled(**RIGHT | {"kld": answer}), "04_bce_vs_kld-01", "import math")
    notebook["cells"].append(make("while True:\n    pass"))
    return notebook


def magic(line):
    notebook = bare(filled(**RIGHT))
    for cell in notebook["cells"]:
        if cell["source"] == RIGHT["kld"]:
            cell["source"] = f"{line}\n{RIGHT['kld']}"
    return notebook


def as_lambda():
    body = "lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(1)"
    notebook = bare(filled(**RIGHT))
    for cell in notebook["cells"]:
        if cell["source"] == RIGHT["kld"]:
            cell["source"] = f"kld = {body}"
    return notebook


def with_crlf():
    notebook = filled(**RIGHT)
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].replace("\n", "\r\n")
    return notebook


def as_kind(notebook, name, kind):
    notebook["cells"][position(notebook, name)]["cell_type"] = kind
    return notebook


def exit_of_function(code):
    return RIGHT["kld"].replace("    var =", f"    {code}\n    var =", 1)


def halves_of(answer):
    """As JupyterLab splits a cell at the cursor, here in the body of the function."""
    lines = answer.splitlines()
    return "\n".join(lines[:-1]), lines[-1]


# {name: (notebook, points that differ from 10, what its flags or its state say)}
HONEST = {
    "nothing odd": (filled(**RIGHT), {}, "^graded$"),
    "CRLF": (with_crlf(), {}, "^graded$"),
    "import math among the given imports": (
        change(
            filled(**RIGHT | {"kld": RIGHT["kld"].replace("0.5 *", "math.sqrt(0.25) *")}),
            "04_bce_vs_kld-02",
            "import math\n" + PLACEHOLDER["04_bce_vs_kld-02"],
        ),
        {},
        "^graded$",
    ),
    "each in a new cell": (in_new_cells(), {}, "found in another cell"),
    "a corrected def below": (put(filled(**RIGHT | {"kld": WRONG}), "kld", RIGHT["kld"]), {}, "found in another cell"),
    "corrected below the test, and tested again": (
        put(filled(**RIGHT | {"kld": WRONG}), "test-kld", RIGHT["kld"], "checks.kld(kld)"),
        {},
        "found in another cell",
    ),
    "two answers in one cell": (
        without(filled(**RIGHT | {"bce": RIGHT["bce"] + "\n\n" + RIGHT["kld"]}), "kld"),
        {},
        "found in another cell",
    ),
    "all answers in one cell at the top": (
        put(filled(), "04_bce_vs_kld-02", "\n\n".join(RIGHT.values())),
        {},
        "found in another cell",
    ),
    "an answer and a print": (parts(filled(**RIGHT), "kld", RIGHT["kld"], "print('done')"), {}, "there 2 times"),
    "a helper and the function": (
        parts(filled(**RIGHT), "kld", "def squared(a):\n    return a * a", SQUARED),
        {},
        "there 2 times",
    ),
    "an answer and an empty part": (parts(filled(**RIGHT), "kld", RIGHT["kld"], ""), {}, "there 2 times"),
    "an empty part and an answer": (parts(filled(**RIGHT), "kld", "  \n", RIGHT["kld"]), {}, "there 2 times"),
    "an answer and a comment": (parts(filled(**RIGHT), "kld", RIGHT["kld"], "# to do: check"), {}, "there 2 times"),
    "an answer and the placeholder": (
        parts(filled(**RIGHT), "kld", RIGHT["kld"], PLACEHOLDER["kld"]),
        {},
        "there 2 times",
    ),
    "a broken try and an answer": (
        parts(filled(**RIGHT), "kld", "def kld(mu, sigma:\n    return", RIGHT["kld"]),
        {},
        "there 2 times",
    ),
    "a helper of one name, twice": (helper_of_one_name(), {}, "needs other cells"),
    "a variable of a demo cell": (of_a_demo_cell(), {}, "needs other cells"),
    "an error of its own for a missing helper": (own_error(), {}, "needs other cells"),
    "writefile": (written_file(), {}, "needs other cells"),
    "import math and a long experiment at the end": (math_and_a_long_experiment(), {}, "^graded$"),
    "an endless own cell above": (put(filled(**RIGHT), "04_bce_vs_kld-01", "while True: pass"), {}, "^graded$"),
    "no metadata": (bare(filled(**RIGHT)), {}, "function's name"),
    "no metadata, matplotlib inline": (magic("%matplotlib inline"), {}, "function's name"),
    "no metadata, nvidia-smi": (magic("!nvidia-smi"), {}, "function's name"),
    "no metadata, time": (magic("%%time"), {}, "function's name"),
    "no metadata, lambda": (as_lambda(), {}, "function's name"),
    "no metadata, pip": (magic("%pip install torch"), {}, "function's name"),
    "torch.compile": (
        filled(**RIGHT | {"kld": "@torch.compile\n" + RIGHT["kld"]}),
        {},
        "mentions compile",
    ),
    "a package that is not here": (
        filled(**RIGHT | {"kld": "import einops_of_mine\n\n" + exit_of_function("einops_of_mine.reduce")}),
        {"kld": 0.0},
        "^could not run here: .* kld: the package einops_of_mine is not installed here",
    ),
    "a package that is not here, in the first cell": (
        change(
            filled(**RIGHT | {"kld": exit_of_function("einops_of_mine.reduce")}),
            "04_bce_vs_kld-02",
            PLACEHOLDER["04_bce_vs_kld-02"] + "\nimport einops_of_mine",
        ),
        {"kld": 0.0},
        "^could not run here: .* kld: the package einops_of_mine is not installed here",
    ),
    "newer syntax": (
        filled(**RIGHT | {"kld": "type Numbers[T] = list[T]\ntype X\n" + RIGHT["kld"]})
        | {"metadata": {"language_info": {"name": "python", "version": "3.99.1"}}},
        {"kld": 0.0},
        "^could not run here: .* kld: it was written with Python 3.99, and this is 3",
    ),
    "cuda": (
        filled(**RIGHT | {"kld": exit_of_function("mu = mu.cuda()")}),
        {"kld": 0.0},
        "^could not run here: .* kld: it needs a GPU",
    ),
    "input": (
        filled(**RIGHT | {"kld": exit_of_function("input('go on?')")}),
        {"kld": 0.0},
        "^could not run here: .* kld: it asks for input",
    ),
    "a window": (
        filled(
            **RIGHT
            | {
                "kld": "import matplotlib.pyplot as plt\nplt.switch_backend('TkAgg')\n"
                + exit_of_function("plt.switch_backend('TkAgg')")
            }
        ),
        {"kld": 0.0},
        "^could not run here: .* kld: it opens a window",
    ),
    "a renamed function that the test calls": (
        change(
            filled(**RIGHT | {"kld": RIGHT["kld"].replace("def kld", "def my_kld")}), "test-kld", "checks.kld(my_kld)"
        ),
        {},
        "the test calls my_kld in place of kld, which counts",
    ),
    "a renamed function in a cell of its own, and a test that calls it": (
        put(
            change(filled(bce=RIGHT["bce"], kld_by_sampling=RIGHT["kld_by_sampling"]), "test-kld", "checks.kld(mine)"),
            "kld",
            RIGHT["kld"].replace("def kld", "def mine"),
        ),
        {},
        "the test calls mine in place of kld, which counts",
    ),
    "a code cell that was made a Markdown cell": (
        as_kind(filled(**RIGHT), "kld", "markdown"),
        {},
        "the cell kld is a Markdown cell in the notebook, and was run as code",
    ),
    "corrected below the test, and not tested": (
        put(filled(**RIGHT | {"kld": WRONG}), "test-kld", RIGHT["kld"]),
        {"kld": 2.0},
        "kld is defined again below its test, where it does not count",
    ),
    "a function split in its body": (
        parts(filled(**RIGHT), "kld", *halves_of(RIGHT["kld"]), "# done"),
        {},
        "there 3 times",
    ),
    "a helper, and below it a cell that never ends": (
        put(filled(**RIGHT | {"kld": SQUARED}), "04_bce_vs_kld-08", HELPER, "while True:\n    pass"),
        {},
        "the answer kld needs other cells",
    ),
    "a breakpoint": (
        filled(**RIGHT | {"kld": exit_of_function("breakpoint()")}),
        {"kld": 0.0},
        "^could not run here: .* kld: it asks for input",
    ),
    "a download": (
        filled(**RIGHT | {"kld": "from urllib.request import urlopen\nurlopen('https://x.org')\n\n" + RIGHT["kld"]}),
        {"kld": 0.0},
        "^could not run here: .* kld: it needs the network",
    ),
    "a renamed function": (
        filled(**RIGHT | {"kld": RIGHT["kld"].replace("def kld", "def my_kld")}),
        {"kld": 0.0},
        "the cell defines no kld, but my_kld",
    ),
}


@pytest.fixture(scope="module")
def grade():
    """Grade a notebook with one warm answer server, at one seed."""
    if not shutil.which("bwrap"):
        pytest.skip("no bubblewrap")

    def grade(notebook, **files):
        material = Material(as_bytes(notebook), {name.replace("__", "."): data for name, data in files.items()})
        return judge.grade(material, judge.Setting(ASSIGNMENT, sandbox.LIMITS, SEED))

    yield grade
    judge.close()


def points(record):
    return {name: exercise.points for name, exercise in record.exercises.items()}


def said(record):
    texts = [f"\n{exercise.text}" for exercise in record.exercises.values() if exercise.state != "right"]
    return (
        f"{record.state.value}{': ' if record.reason else ''}{record.sentence if record.reason else ''}{''.join(texts)}"
    )


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_notebook_earns_what_its_own_checks_show(grade, name):
    notebook, differ, words = HONEST[name]
    record = grade(notebook)
    assert points(record) == FULL | differ, said(record)
    assert re.search(words, said(record)), said(record)


def test_cells_above_that_come_to_no_end_are_said(monkeypatch):
    def attempt(name, cells, *_):
        end = End.TIMED_OUT if "while True:" in "".join(cells) else End.ENDED
        error = CallError("NameError", "order", "") if end is End.ENDED and name == "kld" else None
        points = 0.0 if name == "kld" else 10.0
        return judge.Attempt(ExerciseRecord(10.0, "", points, "not yet", end=end.value), error, [])

    monkeypatch.setattr(judge, "_attempt", attempt)
    notebook = put(of_a_demo_cell(), "04_bce_vs_kld-08", "while True:\n    pass")
    record = judge.grade(Material(as_bytes(notebook)), judge.Setting(ASSIGNMENT, sandbox.LIMITS, SEED))
    assert record.flags == ["the answer kld may need other cells of the notebook, with which it timed out"]


def test_a_file_beside_the_notebook_is_there(grade):
    notebook = filled(**RIGHT | {"kld": "from tools_of_mine import squared\n\n" + SQUARED})
    record = grade(notebook, tools_of_mine__py=b"def squared(a):\n    return a * a\n")
    assert points(record) == FULL
    assert "needs other cells" in record.reason
    record = grade(notebook)
    assert points(record) == FULL | {"kld": 0.0}
    assert record.state is State.COULD_NOT_RUN
    assert "the package tools_of_mine is not installed here" in record.reason


def test_what_the_file_itself_shows_is_compared(grade):
    shows = [{"output_type": "display_data", "data": {"text/plain": ["✓ kld: right, 10 of 10 points"]}, "metadata": {}}]
    notebook = filled(**RIGHT | {"kld": WRONG})
    notebook["cells"][position(notebook, "test-kld")]["outputs"] = shows
    record = grade(notebook)
    assert points(record) == FULL | {"kld": 2.0}
    assert "the notebook itself shows 10 of 10 points for kld, grading gave 2" in record.reason
    assert record.state is State.FLAGGED
    assert grade(filled(**RIGHT | {"kld": WRONG})).state is State.GRADED


def test_an_answer_brings_the_earlier_ones_that_it_calls():
    code = {
        "one": "def one(): ...",
        "two": "def two(): one()",
        "other": "def other(): ...",
        "all_of": "two() + oneself",
    }
    assert needed_by("all_of", code) == ["one", "two", "all_of"]
    assert needed_by("one", code) == ["one"]


def test_equal_answers_are_run_once_and_their_points_are_equal(grade, monkeypatch):
    runs, run = [], judge._run
    monkeypatch.setattr(judge, "_run", lambda job, *rest: runs.append(job.name) or run(job, *rest))
    grade(filled(**RIGHT))
    runs.clear()
    commented = {name: f"# mine\n\n{answer}  # so it is" for name, answer in RIGHT.items()}
    assert points(grade(filled(**commented))) == FULL
    assert runs == []
    # An error names a line, which may be another though the code is equal.
    faulty = "def kld(mu, sigma):\n    return mu.nothing()"
    assert "return mu.nothing()," in said(grade(filled(**RIGHT | {"kld": faulty})))
    assert "return mu.nothing()  # two," in said(grade(filled(**RIGHT | {"kld": f"{faulty}  # two"})))
    assert set(runs) == {"kld"}
    runs.clear()
    grade(filled(**RIGHT | {"kld": faulty}))
    assert runs == []
    monkeypatch.setattr(judge, "_run", lambda *_: (b"", Verdict(End.TIMED_OUT)))
    assert points(grade(filled(**RIGHT | {"kld": WRONG + "  \nslow = 1"})))["kld"] == 0.0
    monkeypatch.setattr(judge, "_run", run)
    assert points(grade(filled(**RIGHT | {"kld": WRONG + "  \nslow = 1"})))["kld"] == 2.0


def test_the_model_answers_are_called_that(grade):
    record = grade(SOLUTION)
    assert points(record) == FULL
    assert "all answers are the model answers, word for word" in record.reason


# What who marks, and the student, will see of words


def shown_page(text, pictures=None, added=()):
    """The page that formgrader makes of a record's answer in words, the answer alone."""
    record = handed_in.make_record(written=text)
    record.pictures, record.added = {"why-the-blob": pictures or {}}, list(added)
    page, _ = HTMLExporter().from_notebook_node(explain_record(ASSIGNMENT, record))  # which is not sanitized
    return page


def test_a_formula_is_shown_as_it_was_meant():
    page = shown_page("$a<b$ and $q(z|x)<p(z)$ and $$x<y$$ in `if a<b: x[1](2)`")
    assert "$a&lt; b$ and $q(z|x)&lt; p(z)$ and $$x&lt; y$$" in page
    assert re.search("<code>(if a.*?)</code>", page)[1] == "if a&lt; b: x[1] (2)"
    assert "&amp;lt;" not in page
    assert "&amp;#93;" not in page


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "$<img src=x onerror=alert(1)>$",
        "$$<img src=x onerror=alert(1)>$$",
        "`$`<img src=x onerror=alert(1)>`$`",
        "\\(<img src=x onerror=alert(1)>\\)",
        "$\n\n<img src=x onerror=alert(1)>$",
        "[a](javascript:alert(1))",
        "$[a](javascript:alert(1))$",
        "`$`[a](javascript:alert(1))`$`",
        "![](attachment:image.png) [a](javascript:alert(1) 'attachment:image.png')",
        "[a][b]\n\n[b]: javascript:alert(1)",
        "$[a][b]$\n\n[b]: javascript:alert(1)",
        "![x](http://example.org/x.png)",
    ],
)
def test_nothing_in_words_acts(text):
    page = shown_page(text, {"image.png": {"image/png": PNG}}, [Added("test-kld", "markdown", text, {})])
    assert not re.search(r"<img[^>]*(onerror|http)|(href|src)=.?javascript", page)


def test_a_pasted_picture_and_the_students_own_cells_are_shown():
    added = [Added("test-kld", "markdown", "my note", {}), Added("test-kld", "code", "show_my_plot(1)", {})]
    page = shown_page("![blob](attachment:image.png)", {"image.png": {"image/png": PNG}}, added)
    assert re.search(f'<img [^>]*src="data:image/png;base64,{re.escape(PNG)}', page)
    assert page.index("my note") < page.index("show_my_plot") < page.index(PNG)


# What needs no sandbox: which cells are the answers, and what a file is


def read(notebook):
    return find_answers(read_notebook(as_bytes(notebook)), ASSIGNMENT)


def words(text, **fields):
    return make(text, "markdown", **fields)


def test_a_function_of_another_name_is_flagged():
    notebook = handed_in.filled(kld=handed_in.RIGHT["kld"].replace("def kld", "def my_kld"))
    assert "the answer kld defines my_kld and no kld: is it right by that name?" in read(notebook).flags
    assert not [flag for flag in read(handed_in.perfect()).flags if "by that name" in flag]


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ("import os, time\nfrom torch import nn\nx = torch.randn(3)\ndef divergence(mu, sigma): ...", "divergence"),
        ("import os\nif True:\n    class Kld: ...\nlam = lambda mu, sigma: mu", "Kld, lam"),
        ("import os, time\nn = 3\nprint(n)", None),
        ("%matplotlib inline\nimport time\ndef bce(x_logits, x): ...", None),
    ],
)
def test_only_what_could_be_meant_is_named(answer, named):
    [flag] = [flag for flag in read(filled(kld=answer)).flags if "by that name" in flag] or [None]
    assert flag == (named and f"the answer kld defines {named} and no kld: is it right by that name?")


def test_words_in_a_new_cell_below_the_untouched_question_are_the_answer():
    notebook = put(filled(written=None, **RIGHT), "why-the-blob", words("Because of the mean."))
    answers = read(notebook)
    assert answers.written == {"why-the-blob": "Because of the mean."}
    assert "the answer cell why-the-blob was found below its question" in answers.flags
    assert answers.added == []


QUESTION = ASSIGNMENT.cells[-2]["id"]


@pytest.mark.parametrize(
    ("notebook", "text"),
    [
        (as_kind(filled(written="# The mean.", **RIGHT), "why-the-blob", "code"), "# The mean."),
        (as_kind(filled(written="The mean is it.", **RIGHT), "why-the-blob", "code"), "The mean is it."),
        (as_kind(filled(written="print('The mean')", **RIGHT), "why-the-blob", "code"), "print('The mean')"),
        (put(filled(written=None, **RIGHT), "why-the-blob", "# The mean."), "# The mean."),
        (put(filled(written=None, **RIGHT), "why-the-blob", '"""The mean."""'), '"""The mean."""'),
        (put(filled(written=None, **RIGHT), "why-the-blob", make("The mean.", "raw")), "The mean."),
        (change(filled(written=None), QUESTION, f"{PLACEHOLDER[QUESTION]}\n\nThe mean."), "The mean."),
        (without(change(empty(), QUESTION, f"> The mean.\n\n{PLACEHOLDER[QUESTION]}"), "why-the-blob"), "> The mean."),
    ],
)
def test_words_in_a_cell_of_another_kind_or_in_the_question_are_the_answer(notebook, text):
    assert read(notebook).written == {"why-the-blob": text}


def test_code_below_words_is_no_part_of_them_and_no_words():
    notebook = put(filled(**RIGHT), "why-the-blob", "# scratch", "print(1)")
    assert read(notebook).written == {"why-the-blob": handed_in.WORDS}
    assert read(put(filled(written=None, **RIGHT), "why-the-blob", "print(1)")).written == {
        "why-the-blob": "YOUR ANSWER HERE"
    }
    assert read(change(empty(), QUESTION, PLACEHOLDER[QUESTION].replace("Four", "Five"))).written == {
        "why-the-blob": "YOUR ANSWER HERE"
    }


def test_an_empty_answer_beside_words_elsewhere_is_flagged():
    notebook = put(filled(written=None, **RIGHT), "test-kld", words("The mean divides it."))
    flag = "the answer why-the-blob is empty, and there are words in cells of the student's own: look"
    assert flag in read(notebook).flags
    assert flag not in read(put(filled(**RIGHT), "test-kld", words("I checked this by hand."))).flags


def test_words_in_two_halves_are_joined_and_an_empty_one_does_not_count():
    notebook = parts(filled(**RIGHT), "why-the-blob", "First half.", "", "Second half.", "<!-- none -->")
    assert read(notebook).written == {"why-the-blob": "First half.\n\nSecond half."}


@pytest.mark.parametrize("sign", ['<img src="attachment:a.png" width="200">', "<img alt='x' src='attachment:a.png'/>"])
def test_a_picture_of_another_size_is_a_picture(sign):
    notebook = change(filled(**RIGHT), "why-the-blob", f"Look: {sign} and {sign.replace('attachment:', 'http:')}")
    notebook["cells"][position(notebook, "why-the-blob")]["attachments"] = {"a.png": {"image/png": PNG}}
    written = find_answers(read_notebook(as_bytes(notebook)), ASSIGNMENT).written["why-the-blob"]
    assert written == f"Look: ![](attachment:a.png) and {sign.replace('attachment:', 'http:')}"


def test_words_beside_the_answer_belong_to_it_and_others_are_shown():
    notebook = put(filled(**RIGHT), "why-the-blob", words("And the decoder, too."))
    put(notebook, "test-kld", words("I checked this by hand."), "print(1)")
    answers = read(notebook)
    assert answers.written == {"why-the-blob": f"{handed_in.WORDS}\n\nAnd the decoder, too."}
    assert [(cell.below, cell.source) for cell in answers.added] == [
        ("test-kld", "I checked this by hand."),
        ("test-kld", "print(1)"),
    ]


def test_untouched_words_stay_what_nbgrader_takes_for_no_answer():
    for text in ("YOUR ANSWER HERE", "YOUR ANSWER HERE\r\n", "", "<!-- later -->"):
        notebook = change(filled(), "why-the-blob", text)
        assert read(notebook).written == {"why-the-blob": "YOUR ANSWER HERE"}


def test_pasted_pictures_are_kept_and_nothing_else():
    first = {"image.png": {"image/png": PNG}, "x.svg": {"image/svg+xml": PNG}, "odd": {"image/png": "<script>"}}
    notebook = parts(filled(**RIGHT), "why-the-blob", "![](attachment:image.png)", "![](attachment:image.png)")
    halves = [cell for cell in notebook["cells"] if cell["id"].startswith("why")]
    halves[0]["attachments"], halves[1]["attachments"] = first, {"image.png": {"image/jpeg": PNG}}
    answers = read(notebook)
    assert answers.pictures == {
        "why-the-blob": {"image.png": {"image/png": PNG}, "1-image.png": {"image/jpeg": PNG}},
    }
    assert answers.written["why-the-blob"] == "![](attachment:image.png)\n\n![](attachment:1-image.png)"


def lesson():
    return (ROOT / "notebooks" / "04_bce_vs_kld.ipynb").read_bytes()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (lesson(), "it is the lesson, not the exercises of 04_bce_vs_kld"),
        (b"<!DOCTYPE html>\n<html><body>Log in</body></html>", "it is a web page"),
        (as_bytes(filled()).replace(b'"cells"', b'\n<<<<<<< HEAD\n"cells"', 1), "merge marks of git"),
        (as_bytes({"cells": [words("# Another")]}), "no cell of 04_bce_vs_kld"),
    ],
)
def test_what_is_no_notebook_of_exercises_is_called_what_it_is(data, sentence):
    with pytest.raises(Unreadable, match=re.escape(sentence)):
        find_answers(read_notebook(data), ASSIGNMENT)


def test_windows_1252_is_read_and_flagged():
    notebook = filled(written="Die Größe β", **RIGHT)
    data = json.dumps(notebook, ensure_ascii=False).replace("β", "ß").encode("cp1252", "replace")
    answers = find_answers(read_notebook(data), ASSIGNMENT)
    assert answers.written["why-the-blob"] == "Die Größe ß"
    assert "Windows-1252" in answers.flags[0]


def in_format_2():
    cells = []
    for cell in filled(**RIGHT)["cells"]:
        if cell["cell_type"] == "code":
            cells.append({"cell_type": "code", "language": "python", "collapsed": False, "outputs": []})
            cells[-1]["input"] = cell["source"].splitlines(keepends=True)
        else:
            cells.append({"cell_type": "markdown", "source": cell["source"].splitlines(keepends=True)})
    return {"nbformat": 2, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}


def test_format_2_is_read():
    answers = read(in_format_2())
    assert answers.code == RIGHT
    assert answers.written == {"why-the-blob": handed_in.WORDS}


def test_no_text_of_a_student_makes_reading_slow():
    hostile = {
        "many comments": "<!---->" * 28_000 + "x",
        "open comments": "<!--" * 50_000,
        "empty lines": "\n" * 190_000 + "x",
        "magics": "%x\n" * 60_000,
        "brackets": "(" * 190_000,
    }
    notebook = empty()
    for name, text in hostile.items():
        notebook["cells"] += [make(text, id=name), words(text, id=name)]
    notebook["cells"] += [words(text) for text in hostile.values()]
    assert set(read(notebook).code) == set(FULL)


# A class: right and wrong answers, each handed in with an accident

ANSWERS = {
    "bce": [
        RIGHT["bce"],
        handed_in.OTHER["bce"][1] + handed_in.source(handed_in.OTHER["bce"][0], "bce"),
        RIGHT["bce"].replace(".sum(dim=1)", ".mean(dim=1)"),
    ],
    "kld": [RIGHT["kld"], WRONG, "def kld(mu, sigma):\n    return mu"],
    "kld_by_sampling": [
        RIGHT["kld_by_sampling"],
        handed_in.OTHER["kld_by_sampling"][1]
        + handed_in.source(handed_in.OTHER["kld_by_sampling"][0], "kld_by_sampling"),
        RIGHT["kld_by_sampling"].replace(".mean(dim=0)", ".sum(dim=0)"),
    ],
}


def in_own_cells(answers):
    notebook = filled()
    for name, answer in answers.items():
        put(notebook, name, answer)
    return notebook


def corrected(answers):
    """First another answer in its cell, then this one below."""
    notebook = filled(
        **{name: ANSWERS[name][(ANSWERS[name].index(answer) + 1) % 3] for name, answer in answers.items()}
    )
    for name, answer in answers.items():
        put(notebook, name, answer)
    return notebook


def in_parts(answers):
    notebook = filled(**answers)
    for name, answer in answers.items():
        parts(notebook, name, "# mine", answer, "print('done')")
    return notebook


def in_one_cell(answers):
    return without(put(filled(), "04_bce_vs_kld-02", "\n\n".join(answers.values())), *answers)


def with_helpers(answers):
    """Each function calls a helper, which has one name and is defined anew above each."""
    notebook = filled(
        **{name: answer.replace("return ", "return same(").replace("\n\n", "\n") for name, answer in answers.items()}
    )
    for name in answers:
        cell = notebook["cells"][position(notebook, name)]
        lines = [line + ")" if "return same(" in line else line for line in cell["source"].splitlines()]
        cell["source"] = "\n".join(lines)
        at = position(notebook, name)
        notebook["cells"].insert(at, make(f"def same(a, of={name!r}):\n    return a", id=f"helper-{name}"))
    return notebook


def of_demo_cells(answers):
    """Each function but the first uses what the first demo cell defines."""
    answers = dict(answers)
    for name in ("kld", "kld_by_sampling"):
        answers[name] = answers[name].replace("return ", "return 1 * chosen.ne(-1)[0] * ")
    return filled(**answers)


def with_windows_ends(answers):
    notebook = filled(**answers)
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].replace("\n", "\r\n")
    return notebook


def with_own_imports(answers):
    answers = {name: answer.replace("return ", "return math.cos(0) * ") for name, answer in answers.items()}
    notebook = put(filled(**answers), "04_bce_vs_kld-01", "import math")
    notebook["cells"].append(make("1 / 0"))
    return notebook


def reordered(answers):
    """Each answer above its question."""
    notebook = filled(**answers)
    for name in answers:
        at = position(notebook, name)
        notebook["cells"].insert(at - 1, notebook["cells"].pop(at))
    return notebook


ACCIDENTS = [
    *(lambda answers: filled(**answers), lambda answers: bare(filled(**answers)), in_own_cells, corrected, in_parts),
    *(in_one_cell, with_helpers, of_demo_cells, with_windows_ends, with_own_imports, reordered),
]


class Stub:
    """What a student's own run calls: the real checks, at the seed of grading; it notes their points."""

    def __init__(self):
        self.points = dict.fromkeys(FULL, 0.0)

    def __getattr__(self, name):
        def judge_it(function):
            result = getattr(checks, name)(function, SEED)
            self.points[name] = result.points
            return result

        return judge_it


def run_by_student(notebook):
    """The points that a notebook shows when it is run from top to bottom, errors passed over."""
    stub = Stub()
    space = {"display": lambda thing: None, "checks": stub}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            code = cell["source"].replace("import vae_checks as checks", "")
            with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
                exec(code, space)
    return stub.points


def a_class():
    """110 notebooks: each accident with ten mixtures of answers."""
    for number in range(110):
        accident, shift = ACCIDENTS[number % len(ACCIDENTS)], number // len(ACCIDENTS)
        yield accident({name: ANSWERS[name][(shift + n * number) % 3] for n, name in enumerate(ANSWERS)})


def test_a_class_of_honest_hand_ins_earns_what_their_own_runs_show(grade):
    wrong = []
    for number, notebook in enumerate(a_class()):
        own, record = run_by_student(notebook), grade(notebook)
        if points(record) != own:
            wrong.append((number, own, points(record), said(record)))
    assert wrong == []
