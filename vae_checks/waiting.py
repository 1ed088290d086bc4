"""A sign of life while a check takes long."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

PATIENCE = 2.0  # seconds
QUIET = "VAE_CHECKS_QUIET"  # set in the environment, it keeps checks silent: for what compares outputs


@contextlib.contextmanager
def say_if_slow(name: str) -> Iterator[None]:
    """Show that a check works, if the block takes more than `PATIENCE`, and wipe the line out after it.

    Only where somebody looks on: in a notebook or at a terminal.
    """
    screen, said = sys.stdout, threading.Event()
    if os.environ.get(QUIET) or not (_in_a_notebook() or screen.isatty()):
        yield
        return
    text = f"checking {name} …"

    def say() -> None:
        said.set()
        print(text, end="", file=screen, flush=True)

    timer = threading.Timer(PATIENCE, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if said.is_set():
            # A carriage return takes a notebook's output to the line's begin, too.
            print("\r" + " " * len(text) + "\r", end="", file=screen, flush=True)


def _in_a_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return getattr(ipython and ipython.get_ipython(), "kernel", None) is not None
