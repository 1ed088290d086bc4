"""The glossary: one definition for each term, in the lesson that it names."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS = re.findall(
    r"^\| (?!term|---)(.+?) \|(.*?)\| (.+?) \| \[(\d\d)\]\(notebooks/\4_\w+\.ipynb\) \|$",
    (ROOT / "GLOSSARY.md").read_text(),
    re.MULTILINE,
)


def lesson(number):
    (source,) = (ROOT / "sources/lessons").glob(f"{number}_*.py")
    # As one line of words: a term may be broken over two lines of a comment.
    return re.sub(r"[\s#*]+", " ", source.read_text()).lower()


def test_terms_stand_once_and_in_order():
    terms = [term.lower().replace("β", "beta") for term, *_ in ROWS]
    assert len(terms) > 40
    assert terms == sorted(set(terms))


def test_the_lesson_uses_the_term():
    missing = []
    for term, symbol, _, number in ROWS:
        names = [re.sub(r" \(.*", "", term), *re.findall(r"\((.+?)\)", term), *re.findall(r"`(.+?)`", symbol)]
        if not any(name.lower() in lesson(number) for name in names):
            missing.append(f"{term}: lesson {number}")
    assert missing == []
