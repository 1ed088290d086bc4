"""Equal answers: who is named together, who is not, and what other tools get."""

import csv
import io
from pathlib import Path

import pytest

from tests import handed_in
from vae_grade.assignments import Refused
from vae_grade.copies import find_pairs, format_pairs, write_answers
from vae_grade.folder import TeacherFolder
from vae_grade.records import Submission

NAME = handed_in.NAME
KLD = """
def kld(mu, sigma):
    \"\"\"Closed form.\"\"\"
    variance = sigma ** 2  # of each dimension
    return 0.5 * (mu ** 2 + variance - 1 - variance.log()).sum(dim=1)
"""
RENAMED = """
def kld( m, s ):

    # my own work
    v = s**2
    return 0.5*(m**2 + v - 1 - v.log()).sum( dim = 1 )
"""
OTHER = "def kld(mu, sigma):\n    return (mu.square() + sigma.square() - 1).sum(dim=1) / 2 - sigma.log().sum(dim=1)\n"
BROKEN = "def kld(mu, sigma):\n    return 0.5 * (mu ** 2 + sigma ** 2 - 1 - \n"
WORDS = "The mean divides the BCE by 784, and so the KLD weighs too much."


def graded(**answers):
    """Submissions with this answer to kld, and these words if a pair is given."""
    pairs = []
    for student, answer in answers.items():
        code, words = answer if isinstance(answer, tuple) else (answer, "")
        record = handed_in.make_record(written=words)
        record.answers = {"kld": code}
        pairs.append((Submission(student, NAME, Path()), record))
    return pairs


def who(found):
    return [(pair.student, pair.other, pair.equal) for pair in found]


def test_a_copy_with_other_names_comments_and_blanks_is_found():
    assert who(find_pairs(graded(ann=KLD, bob=OTHER, eve=RENAMED))) == [("ann", "eve", ["kld"])]


@pytest.mark.parametrize("answer", [BROKEN, "\u0000" + KLD, "(" * 500 + KLD])
def test_code_that_does_not_parse_is_compared_as_text(answer):
    assert who(find_pairs(graded(ann=answer, bob="  " + answer, eve=KLD))) == [("ann", "bob", ["kld"])]


def test_equal_words_are_found_and_short_ones_say_nothing():
    found = find_pairs(graded(ann=(KLD, WORDS), bob=(OTHER, WORDS.upper() + "\n"), cyd=("", "Yes."), dan=("", "Yes.")))
    assert who(found) == [("ann", "bob", ["why-the-blob"])]


def test_what_was_released_or_what_many_share_is_no_sign():
    released = next(cell["source"] for cell in handed_in.ASSIGNMENT.cells if cell["id"] == "kld")
    assert find_pairs(graded(ann=released, bob=released)) == []
    assert find_pairs(graded(**{f"s{number}": KLD for number in range(6)})) == []


def test_who_shares_most_comes_first():
    found = find_pairs(graded(ann=KLD, bob=RENAMED, cyd=(OTHER, WORDS), dan=(OTHER, WORDS)))
    assert who(found) == [("cyd", "dan", ["kld", "why-the-blob"]), ("ann", "bob", ["kld"])]


def test_no_name_is_a_formula_in_the_table():
    table = csv.reader(io.StringIO(format_pairs(find_pairs(graded(**{"=a": KLD, "@b": KLD}))).removeprefix("\ufeff")))
    assert list(table)[1] == [NAME, "'=a", "'@b", "1", "kld"]


def test_other_tools_get_a_file_for_each_student_and_the_stub(tmp_path):
    folder = TeacherFolder(tmp_path)
    [place] = write_answers(graded(ann=KLD, bob=OTHER), folder)
    assert {path.name: path.read_text().strip() for path in place.iterdir()} == {
        "ann.py": KLD.strip(),
        "bob.py": OTHER.strip(),
    }
    [stub] = (folder.answers / "stub" / NAME).iterdir()
    assert "YOUR CODE HERE" in stub.read_text()
    with pytest.raises(Refused, match="Nothing was graded"):
        write_answers([], folder)
