"""What a check finds out: whether a property holds, and which known mistake was made."""

from collections.abc import Callable
from typing import NamedTuple


class Mistake:
    """A known wrong answer: its name, the question that leads out of it, and the ways, functions, to make it.

    The same name with another question is another `Mistake`.
    """

    def __init__(self, name: str, question: str, *ways: Callable) -> None:
        self.name, self.question, self.ways = name, question, ways


class Finding(NamedTuple):
    """Whether a property holds: its name, and its fault, what was expected and what came back, or ""."""

    name: str
    fault: str = ""

    @property
    def right(self) -> bool:
        """Whether the property holds."""
        return not self.fault
