"""The teacher's own CSV files, filled in: single cells are replaced, and all else stays as it is, byte for byte."""

import codecs
import re
from pathlib import Path

from vae_grade.assignments import Refused

BOM = "\ufeff"  # with this mark, Excel reads names as they are
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Sheet:
    """A table read from a CSV file of any delimiter and encoding that spreadsheets write."""

    def __init__(self, path: Path) -> None:
        """Read it.

        Raises:
            Refused: there is no such file, or it is no table.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Refused(f"{path} cannot be read ({error.strerror}): give the file as you downloaded it.") from None
        self.mark = next((mark for mark in MARKS if data.startswith(mark)), b"")
        self.encoding, text = _decode(data.removeprefix(self.mark), MARKS.get(self.mark))
        self.delimiter = max(",;\t", key=text.partition("\n")[0].count)
        self._cells: list[list[str]] = [[]]  # as they are in the file, quotes and all
        self._ends: list[str] = []
        cell = re.compile(rf'("(?:[^"]|"")*"|[^{self.delimiter}\r\n]*)({self.delimiter}|\r\n|\r|\n|\Z)')
        place = 0
        while match := cell.match(text, place):
            place = match.end()
            self._cells[-1].append(match[1])
            if match[2] != self.delimiter:
                self._ends.append(match[2])
                if place == len(text):
                    break
                self._cells.append([])
        if place < len(text) or len(self._cells[0]) < 2:
            raise Refused(
                f"{path} is no CSV table as a learning platform writes it: give the file as you downloaded it."
            )

    @property
    def rows(self) -> list[list[str]]:
        """The texts of all cells, row by row; rows may be of different length."""
        return [[_text(cell) for cell in row] for row in self._cells]

    def put(self, row: int, column: int, text: str) -> None:
        """Write a text into a cell; a row that is shorter grows."""
        cells = self._cells[row]
        cells += [""] * (column + 1 - len(cells))
        quoted = '"' + text.replace('"', '""') + '"'
        cells[column] = (
            quoted if re.search(rf'[{self.delimiter}"\r\n]', text) or cells[column].startswith('"') else text
        )

    def to_bytes(self) -> bytes:
        """The file."""
        rows = zip(self._cells, self._ends, strict=True)
        return self.mark + "".join(self.delimiter.join(cells) + end for cells, end in rows).encode(self.encoding)


def _decode(data: bytes, encoding: str | None) -> tuple[str, str]:
    """The encoding and the text; what is not UTF-8 is taken as Windows-1252, in which Excel writes."""
    for name in [encoding] if encoding else ["utf-8", "cp1252"]:
        try:
            return name, data.decode(name)
        except UnicodeDecodeError:
            continue
    return "latin-1", data.decode("latin-1")  # in which every byte is a letter


def _text(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def no_formula(text: str) -> str:
    """A cell's text that a spreadsheet does not run: a student chooses names and texts."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")) else text
