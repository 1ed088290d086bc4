"""Files that are there whole or not at all: written under a temporary name, then renamed."""

import os
from pathlib import Path


def write_atomically(path, write):
    """Call `write` with a temporary path beside `path`, then rename it to `path`; folders are made as needed.

    The process number in the temporary name keeps two kernels that write the same file apart.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)  # what a failed write left


def write(path, content):
    """Write bytes, or text as UTF-8 without a change of its line ends."""
    content = content if isinstance(content, bytes) else content.encode()
    write_atomically(path, lambda file: file.write_bytes(content))
