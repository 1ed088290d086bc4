"""GLOSSARY.md as data: its terms, their meanings, and where a text uses them."""

import re
from dataclasses import dataclass

ROW = re.compile(  # the site puts an anchor in front of a term
    r"^\| (?!term |---)(?:<span[^>]*></span>)?(?P<term>.+?) \|(?P<symbol>.*?)\| (?P<meaning>.+?) \| (?P<lesson>.+?) \|$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Term:
    """A row of the glossary: the `names` that stand for it in a text, its `meaning`, and the `anchor` of its row."""

    names: tuple[str, ...]
    meaning: str
    anchor: str


def read_glossary(path):
    """The terms of GLOSSARY.md, in its order."""
    return [row_term(row) for row in ROW.finditer(path.read_text(encoding="utf-8"))]


def row_term(row):
    """The `Term` of a match of ROW."""
    term = row["term"]
    name = re.sub(r" \(.*", "", term)
    names = (name, *re.findall(r"\((.+?)\)", term))
    meaning = re.sub(r"[`*]", "", row["meaning"])
    return Term(
        names, meaning, "term-" + re.sub(r"\W+", "-", name.lower().replace("β", "beta")).strip("-")
    )


def find_terms(text, terms):
    """Split a text into pairs (piece, its `Term` or None); together the pieces are the text.

    Abbreviations, such as KLD, must match in case; other names also in plural and with a capital.
    """
    by_name = {
        name if name.isupper() else name.lower(): term for term in terms for name in term.names
    }
    patterns = [
        re.escape(name) if name.isupper() else f"(?i:{re.escape(name)}s?)"
        for name in sorted(by_name, key=len, reverse=True)
    ]
    pieces = []
    end = 0
    for match in re.finditer(rf"(?<![\w-])(?:{'|'.join(patterns)})(?![\w-])", text):
        found = match.group()
        term = (
            by_name.get(found)
            or by_name.get(found.lower())
            or by_name.get(found.lower().removesuffix("s"))
        )
        if term is None:
            continue
        pieces += [(text[end : match.start()], None), (found, term)]
        end = match.end()
    pieces.append((text[end:], None))
    return [(piece, term) for piece, term in pieces if piece]
