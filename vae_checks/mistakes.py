"""What a check finds out: whether a property holds, and which known mistake was made."""

from collections.abc import Callable
from itertools import combinations
from typing import Any, NamedTuple


class Mistake:
    """A known wrong answer: its name, the question that leads out of it, and the ways, functions, to make it.

    The same name with another question is another `Mistake`.
    """

    def __init__(self, name: str, question: str, *ways: Callable) -> None:
        self.name, self.question, self.ways = name, question, ways


NOTHING = Mistake("nothing is returned", "What does a function give to its caller, if it has no `return`?")


def both(first: Mistake, second: Mistake, *ways: Callable) -> Mistake:
    """The mistake of an answer that makes two."""
    return Mistake(f"{first.name}; and {second.name}", f"{first.question} And then: {second.question}", *ways)


def alone_and_in_pairs(
    parts: list[tuple[Mistake, dict[str, Any]]], make: Callable[..., Callable]
) -> tuple[list[Mistake], list[Mistake]]:
    """The mistakes of answers that make one of these, and of those that make two.

    Args:
        parts: mistakes, each with the arguments of `make` that it changes; two that change the same are made by no
            answer.
        make: arguments → an answer; without any, a right one.
    """
    alone = [Mistake(mistake.name, mistake.question, make(**how)) for mistake, how in parts]
    pairs = [
        both(first, second, make(**how, **also))
        for (first, how), (second, also) in combinations(parts, 2)
        if how.keys().isdisjoint(also) and first.name != second.name
    ]
    return alone, pairs


class Finding(NamedTuple):
    """Whether a property holds.

    Args:
        name: of the property.
        fault: what was expected and what came back, a sentence; "" if it holds.
        cause: the name of another broken property that explains this one; then it is no fault of its own.
        remark: whether the fault costs nothing: it is said, and the answer is right.
    """

    name: str
    fault: str = ""
    cause: str = ""
    remark: bool = False

    @property
    def right(self) -> bool:
        """Whether the property holds, or costs nothing."""
        return self.remark or not self.fault
