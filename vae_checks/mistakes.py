"""What a check finds out: whether a property holds, and which known mistake was made."""

from collections.abc import Callable
from typing import NamedTuple


class Mistake(NamedTuple):
    """A known wrong answer: its name, the question that leads out of it, and a function that makes it."""

    name: str
    question: str
    function: Callable


class Finding(NamedTuple):
    """Whether a property holds, and if not, what was expected and what came."""

    property: str
    right: bool
    sentence: str = ""
