"""Which functions a student's code calls: those of the course, and those of other packages that it calls itself."""

import contextlib
import functools
import sys
import sysconfig
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any

COURSE = Path(__file__).parents[1]
LIBRARIES = (*(f"{COURSE / name}/" for name in ("vae_checks", "vae_lib", "vae_probe")), *sysconfig.get_paths().values())
ANSWERS = ("vae_checks", "vae_lib")  # packages with a right answer in them: a call from anywhere is noted

_watching = ContextVar("_watching", default=True)
_forbidden: ContextVar[tuple[str, ...]] = ContextVar("_forbidden", default=())


class ForbiddenCallError(Exception):
    """A function was called that an answer must not call."""


def matches(name: str, forbidden: str) -> bool:
    """Whether a function's name is the forbidden one, or in the forbidden module or package."""
    return name == forbidden or name.startswith(f"{forbidden}.")


@contextlib.contextmanager
def stop_at(*forbidden: str) -> Iterator[None]:
    """In the block a watched call of one of these raises `ForbiddenCallError`, for the verdict is known then."""
    token = _forbidden.set(forbidden)
    try:
        yield
    finally:
        _forbidden.reset(token)


@functools.cache
def is_library(filename: str) -> bool:
    """Whether code in this file is the course's, Python's or an installed package's, not the student's own."""
    return filename.startswith(LIBRARIES)


@contextlib.contextmanager
def watch_calls() -> Iterator[set[str]]:
    """The names, "vae_lib.loss.bce" say, of functions in Python that the block calls, where they are of note."""
    called: set[str] = set()
    if not _watching.get():
        yield called
        return

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event != "call":
            return
        module = str(frame.f_globals.get("__name__"))
        caller = frame.f_back.f_code.co_filename if frame.f_back else ""
        if module.partition(".")[0] in ANSWERS or (
            is_library(frame.f_code.co_filename) and not is_library(caller) and caller
        ):
            name = f"{module}.{frame.f_code.co_qualname}"
            called.add(name)
            if any(matches(name, each) for each in _forbidden.get()):
                raise ForbiddenCallError(name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(before)


@contextlib.contextmanager
def without_watching() -> Iterator[None]:
    """In the block no calls are watched, for that doubles their time: for code of ours, and for repetitions."""
    token, before = _watching.set(False), sys.getprofile()
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.setprofile(before)
        _watching.reset(token)
