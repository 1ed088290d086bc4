"""Answers of two parts, the second of which is judged by itself."""

from collections.abc import Callable

from vae_checks.check import recognise_by
from vae_checks.compare import describe, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Seen
from vae_checks.shapes import mistake_of_form
from vae_probe.call import call_function


def agree_in_parts(wrong: list[Seen], seen: list[Seen]) -> bool:
    """Whether two answers make one mistake: in the first part that is wrong, whatever the other one is."""
    pairs = [(a.outcome, b.outcome, b.expected.value) for a, b in zip(wrong, seen, strict=True)]
    if any(describe(student.value) != describe(expected) for _, student, expected in pairs):
        return all(same(way.value, student.value) and not student.error for way, student, _ in pairs)
    part = 0 if any(not same(student.value[0], expected[0]) for _, student, expected in pairs) else 1
    end = part + 1
    return all(isinstance(way.value, list) and same(way.value[:end], student.value[:end]) for way, student, _ in pairs)


def recognise_in_parts(mistakes: list[Mistake], *kinds: str) -> Callable[[list[Seen]], Mistake | None]:
    """A function for `Check.recognise`: a mistake in the first part that is wrong, or else one of the form."""
    by_ways = recognise_by(lambda seen: seen, mistakes, call_function, agree=agree_in_parts, kinds=kinds)
    return lambda seen: by_ways(seen) or mistake_of_form(seen)
