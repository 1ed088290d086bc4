"""Files that are there whole or not at all: written under a temporary name, then renamed."""

import errno
import os
import sys
from contextlib import contextmanager
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the disk, the user's share of it, or what one file may take


def write_atomically(path, write):
    """Call `write` with a temporary path beside `path`, then rename it to `path`; folders are made as needed.

    The process number in the temporary name keeps two kernels that write the same file apart.

    Args:
        path: a ~ at its start is the home folder.

    Raises:
        OSError: there is no room, or no right to write; what was there before is as it was.
    """
    path = Path(path).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        temporary.replace(path)
    except OSError as error:
        if error.errno in FULL:
            sentence = f"there is no room for {path}; what was there before is whole: make room"
            raise OSError(error.errno, sentence) from error
        if error.filename is None:  # as where a disk fails while it is written to
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)  # what a failed write left


def write(path, content):
    """Write bytes, or text as UTF-8 without a change of its line ends."""
    content = content if isinstance(content, bytes) else content.encode()
    write_atomically(path, lambda file: file.write_bytes(content))


def check_writable(folder):
    """Raise OSError unless files can be written to the folder, which is made if needed."""
    probe = Path(folder).expanduser() / f"try-{os.getpid()}"
    try:
        write(probe, b"")
        probe.unlink()
    except OSError as error:
        remedy = "make it a folder that you may write to, or name another"
        raise OSError(error.errno, f"{folder} cannot be written to ({error.strerror}): {remedy}") from error


@contextmanager
def stopping():
    """Ctrl-C ends a command, and is no traceback: also while it imports PyTorch, which takes seconds."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)  # as a program that the signal SIGINT ends


@contextmanager
def printing():
    """What a command prints may be cut off, as by `head`, and may have letters that a terminal or a file lacks.

    Neither is a traceback: the command ends, and a question mark stands for the letter.
    """
    if hasattr(sys.stdout, "reconfigure"):  # not where a notebook calls it
        sys.stdout.reconfigure(errors="replace")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python still writes at its end
        sys.exit(141)  # as a program that the signal SIGPIPE ends
