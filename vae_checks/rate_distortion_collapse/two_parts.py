"""Answers of two parts, the second of which is judged by itself."""

from vae_checks.compare import describe, same
from vae_checks.properties import Seen


def agree_in_parts(wrong: list[Seen], seen: list[Seen]) -> bool:
    """Whether two answers make one mistake: in the first part that is wrong, whatever the other one is."""
    pairs = [(a.outcome, b.outcome, b.expected.value) for a, b in zip(wrong, seen, strict=True)]
    if any(describe(student.value) != describe(expected) for _, student, expected in pairs):
        return all(same(way.value, student.value) and not student.error for way, student, _ in pairs)
    part = 0 if any(not same(student.value[0], expected[0]) for _, student, expected in pairs) else 1
    end = part + 1
    return all(isinstance(way.value, list) and same(way.value[:end], student.value[:end]) for way, student, _ in pairs)
