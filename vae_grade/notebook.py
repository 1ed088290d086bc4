"""The cells of a notebook that was handed in, in whatever format and encoding. Nothing here runs a student's code."""

import binascii
import json
import re
from base64 import b64decode
from typing import Any, NamedTuple

from vae_grade.formats import decode, describe_stranger

LARGEST = 256 * 2**20  # bytes of a notebook, outputs and all
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}  # SVG can run scripts
LARGEST_PICTURE = 10 * 2**20  # bytes in base64
SHOWN = re.compile(
    r"\b(\w{1,40}): (?:right|not yet|not attempted), (\d+(?:\.\d+)?) of \d+ points"
)  # `vae_checks.check.Result`
# What a terminal acts on, half letters, which cannot be written to a file, and what turns the direction of a line.
UNPRINTABLE = re.compile(r"[^\n\t -~\u00a0-\ud7ff\ue000-\ufffd]|[\u200e\u200f\u2028-\u202e\u2066-\u2069]")
Pictures = dict[str, dict[str, str]]  # {name: {type: base64}}, as nbformat has attachments


class Unreadable(Exception):
    """Why a file is no notebook that can be graded, in a sentence."""


class Cell(NamedTuple):
    """A cell as handed in.

    Attributes:
        id, grade_id: "None" where it has none.
        kind: "code" or "markdown".
        source: with line ends as on Linux.
        pictures: that were pasted into it.
        shown: the points that checks say in its saved outputs, by exercise; the most of each.
    """

    id: str
    grade_id: str
    kind: str
    source: str
    pictures: Pictures
    shown: dict[str, float]


class Notebook(NamedTuple):
    """A notebook as handed in: its cells, the Python it says it ran with, (3, 12) say or (), and what is odd."""

    cells: list[Cell]
    python: tuple[int, ...]
    flags: list[str]


def replace_unprintable(text: str) -> str:
    """The text with a sign in place of each that a terminal would act on."""
    return UNPRINTABLE.sub("�", text)


def read_cells(data: bytes) -> list[Cell]:
    """The cells of a notebook in any format since 2; raises `Unreadable`, as `read_notebook` does."""
    return read_notebook(data).cells


def read_notebook(data: bytes) -> Notebook:
    """Read a notebook in any format since 2.

    Raises:
        Unreadable: it is none.
    """
    if len(data) > LARGEST:
        raise Unreadable(f"it has {len(data) / 2**20:.0f} MB, more than {LARGEST / 2**20:.0f}")
    if not data.strip():
        raise Unreadable("it is empty")
    try:
        text, guessed = decode(data)
        notebook = json.loads(text)
        cells = notebook["cells"] if "cells" in notebook else [c for w in notebook["worksheets"] for c in w["cells"]]
        flags = ["its letters were read as Windows-1252, a guess; some may be wrong"] if guessed else []
        return Notebook([_cell(cell) for cell in cells], _python(notebook), flags)
    except (KeyError, TypeError, AttributeError):
        raise Unreadable("it is JSON, but has no cells as notebooks have them") from None
    except MemoryError:
        raise Unreadable("it has too many parts for a notebook") from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(_why_not_json(data, str(error))) from None


def _why_not_json(data: bytes, error: str) -> str:
    stranger = describe_stranger(data, "")
    return f"it is not JSON as notebooks are ({error[:80]})" if stranger.startswith("it is no notebook") else stranger


def _python(notebook: dict) -> tuple[int, ...]:
    try:
        version = re.match(r"(\d+)\.(\d+)", notebook["metadata"]["language_info"]["version"])
    except (KeyError, TypeError):
        return ()
    return tuple(int(part[:3]) for part in version.groups()) if version else ()


def _cell(cell: dict) -> Cell:
    source = cell.get("source", cell.get("input", ""))  # until format 3, the source of code was its input
    meta = cell.get("metadata")
    mark = meta.get("nbgrader") if isinstance(meta, dict) else None
    grade_id = mark.get("grade_id") if isinstance(mark, dict) else None
    kind = "code" if cell.get("cell_type") == "code" else "markdown"
    # Half of a surrogate pair is legal in JSON, but cannot be written anywhere.
    source = _text(source).encode("utf-8", "replace").decode()
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    return Cell(str(cell.get("id")), str(grade_id), kind, source, _pictures(cell), _shown(cell))


def _text(lines: Any) -> str:
    return lines if isinstance(lines, str) else "".join(lines)


def _pictures(cell: dict) -> Pictures:
    """The pictures among a cell's attachments that are what they say: each of one known type, in base64."""
    attachments = cell.get("attachments")
    pictures = {}
    for name, versions in attachments.items() if isinstance(attachments, dict) else ():
        for kind, data in versions.items() if isinstance(versions, dict) else ():
            if kind in PICTURES and re.fullmatch(r"[\w .-]{1,100}", name) and _is_base64(data):
                pictures[name] = {kind: "".join(_text(data).split())}
    return pictures


def _is_base64(data: Any) -> bool:
    try:
        text = "".join(_text(data).split())
        return len(text) <= LARGEST_PICTURE and bool(b64decode(text, validate=True))
    except (TypeError, ValueError, binascii.Error):
        return False


def _shown(cell: dict) -> dict[str, float]:
    shown: dict[str, float] = {}
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        for text in _texts(output):
            for name, points in SHOWN.findall(text[:10_000]):
                shown[name] = max(float(points), shown.get(name, 0.0))
    return shown


def _texts(output: Any) -> list[str]:
    """The texts in an output, of any format; nothing where it is odd."""
    if not isinstance(output, dict):
        return []
    data = output.get("data")
    parts = [
        output.get("text"),
        *(data.get(kind) for kind in ("text/plain", "text/markdown") if isinstance(data, dict)),
    ]
    lists = [part for part in parts if isinstance(part, list)]
    return [part for part in parts if isinstance(part, str)] + [
        "".join(line for line in lines if isinstance(line, str)) for lines in lists
    ]
