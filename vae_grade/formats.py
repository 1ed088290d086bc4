"""What a file is, by its bytes and not by what it is called; what is no notebook is called what it is."""

import json
import re

ARCHIVES = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",  # an empty one
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"Rar!\x1a\x07": "rar",
    b"7z\xbc\xaf\x27\x1c": "7z",
}
# Files of other programs that are zips inside.
DOCUMENTS = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".npz", ".pt", ".pth", ".whl", ".jar", ".epub")
PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
TAR_MAGIC = slice(257, 262)  # where a tar says "ustar"
WEB_PAGE = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
MERGE_MARKS = re.compile(rb"^(<{7} .*|>{7} .*)$", re.MULTILINE)
ASK = "ask for the .ipynb file"


def find_archive(data: bytes, name: str) -> str:
    """The kind of archive that a file is, "zip" say; "" if it is none to open, such as a document or a table."""
    if name.lower().endswith(DOCUMENTS):
        return ""
    if data[TAR_MAGIC] == b"ustar":
        return "tar"
    return next((kind for magic, kind in ARCHIVES.items() if data.startswith(magic)), "")


def decode(data: bytes) -> tuple[str, bool]:
    """The text of a file, and whether it had to be read as Windows-1252, which is a guess."""
    try:
        return data.decode(json.detect_encoding(data)), False
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), True


def describe_stranger(data: bytes, name: str) -> str:
    """What a file is that is no notebook and no archive that can be opened, in a sentence with the next step."""
    archive = find_archive(data, name)
    if not data.strip():
        return f"it is empty; {ASK}"
    if archive:
        return f"it is an archive ({archive}) that cannot be opened here; ask for a zip, or for the .ipynb file itself"
    if name == "onlinetext.html":
        return "it is text that was typed into Moodle and no notebook; read it there"
    if WEB_PAGE.match(data[:4096]):
        return f"it is a web page and no notebook; {ASK} itself, as Jupyter saves it"
    if MERGE_MARKS.search(data):
        return "it holds merge marks of git (<<<<<<<), so it is no notebook as it is; ask for one that opens in Jupyter"
    if data.startswith(b"%PDF"):
        return f"it is a PDF and no notebook; {ASK}"
    if data.startswith(PICTURES):
        return f"it is a picture and no notebook; {ASK}"
    if data.startswith(b"version https://git-lfs"):
        return "it is where Git LFS says that the file lies, and not the file; ask for the .ipynb file itself"
    if data.startswith(b"[InternetShortcut]"):
        return "it is a link and no file; ask for the .ipynb file itself"
    return "it is no notebook; if it was meant as one, " + ASK
