"""What a lesson says that we saw, a cell has shown: the numbers in its prose against the outputs before it."""

import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
NUMBER = re.compile(r"(?<![\w.,])[-−]?\d+(?:,\d{3})*(?:\.\d+)?")
# What a cell need not show: a number from elsewhere is a link to it; names in code; formulas.
LINK = re.compile(r"\[[^]]*\]\([^)]*\)|`[^`]*`|\$[^$]*\$")


def numbers(text):
    """The numbers in a text, as written: "107", "51,000", "0.26", and of "34 %" its "34"."""
    return NUMBER.findall(text)


def shown(cell):
    """What a reader of a code cell sees: the code, and all text of its outputs."""
    texts = [cell.source]
    for output in cell.outputs:
        texts.append(output.get("text", ""))
        texts += [value for kind, value in output.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join(texts)


def value(number):
    return abs(float(number.replace(",", "").replace("−", "-")))


def unfounded(cells):
    """The numbers in "What we saw" that no code cell before it shows; whole numbers below 10 are let through."""
    seen, found = [], []
    for cell in cells:
        if cell.cell_type == "code":
            seen += [value(number) for number in numbers(shown(cell))]
        elif cell.source.startswith("**What we saw."):
            for number in numbers(LINK.sub(" ", cell.source)):
                decimals = len(number.partition(".")[2])
                if (decimals or value(number) >= 10) and value(number) not in {round(x, decimals) for x in seen}:
                    found.append(number)
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_we_saw_was_shown(path):
    assert unfounded(nbformat.read(path, as_version=4).cells) == []


def notebook(printed, prose):
    output = nbformat.v4.new_output("stream", text=printed)
    return [nbformat.v4.new_code_cell("x = 64", outputs=[output]), nbformat.v4.new_markdown_cell(prose)]


@pytest.mark.parametrize(
    ("prose", "expected"),
    [
        ("**What we saw.** 106.7 nats, or about 107; 34 % of 51,000, in batches of 64, at −0.5.", []),
        ("**What we saw.** 106.8 nats, or about 108; 35 % of 51,001.", ["106.8", "108", "35", "51,001"]),
        ("**What we saw.** Two or 3 things, by [Burda 2016](a/1509.00519), and `12` and $77$.", []),
        ("Elsewhere 99 is nobody's business.", []),
    ],
)
def test_a_number_is_founded_if_it_is_an_output_rounded(prose, expected):
    assert unfounded(notebook("loss 106.72, 34% of 51,000, -0.5", prose)) == expected


def test_a_cell_below_founds_nothing():
    code, prose = notebook("12", "**What we saw.** 12")
    assert unfounded([prose, code]) == ["12"]
