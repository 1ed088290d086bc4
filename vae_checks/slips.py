"""Slips of number and size: a row too many, the mean left out, the notebook's sizes; they do not cost all points."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from vae_checks.check import Check
from vae_checks.compare import describe, is_number, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import ANY_SIZES, Property, Seen, judge_each
from vae_checks.shapes import stacked

OTHER_COUNT = Mistake("another number of rows", "How many rows are asked for, and how many are yours?")
FOR_THE_BATCH = Mistake("one number for the batch", "How many numbers should come back for seven images?")
NO_MEAN = Mistake("the mean is missing", "How many numbers are asked for, and how many are yours?")
SIZES = Mistake(
    "sizes that do not follow the arguments",
    "Which number in your function says what an argument, or its shape, already knows?",
)
COUNT = "as many as asked for"


def mean_or_rows(each: Seen) -> Any:
    """What a value is but for the number of its parts: the mean of its numbers, or rows without the one too many.

    None, if it is nothing of the kind.
    """
    expected, actual = each.expected.value, each.outcome.value
    if is_number(expected):
        return mean_of(expected, actual)
    return expected.to(actual.dtype) if _differ_by_a_row(expected, actual) else None


def mean_of(expected: float | Tensor, actual: Any) -> float | None:
    """The mean of several numbers, if it is the expected number."""
    if not (isinstance(actual, Tensor) and actual.numel() > 1) or actual.is_complex():
        return None
    mean = actual.double().mean().item()
    return mean if same(float(expected), mean) else None


def of_each_image(each: Seen) -> Tensor | None:
    """The sum over the dimensions, where the numbers of each of them came back.

    Of one number for the batch, the expected ones where it is their sum or mean; else, beside the main cases, as many
    of its own: that there is one alone is said of those.
    """
    expected, actual = each.expected.value, each.outcome.value
    if is_number(actual):
        right = any(same(of_batch.item(), actual) for of_batch in (expected.sum(), expected.mean()))
        others = None if each.case.kind == "main" else torch.full_like(expected, float(actual))
        return expected if right else others
    more = isinstance(actual, Tensor) and actual.ndim == 2 and actual.shape[1] > 1
    return actual.sum(1) if more and describe(actual[:, 0]) == describe(expected) else None


def _differ_by_a_row(expected: Any, actual: Any) -> bool:
    """Whether one has the rows of the other, and one more at either end."""
    if not (isinstance(expected, Tensor) and isinstance(actual, Tensor) and expected.ndim == actual.ndim == 2):
        return False
    less, more = sorted((expected, actual), key=len)
    return len(more) == len(less) + 1 and (same(more[1:], less) or same(more[:-1], less))


def forgive_count(check: Check, read: Callable[[Seen], Any] = mean_or_rows) -> Check:
    """The check, where another number of parts costs 4 points: "as many as asked for".

    The other properties judge what is right but for that, and known mistakes are looked for in what came back.

    Args:
        read: what was seen → what is right but for the number of its parts; None, if it is nothing of the kind.
    """

    def counted(each: Seen) -> Seen:
        # What is wrong in these has a property of its own.
        if each.outcome.error or each.case.kind in ("one", "sizes"):
            return each
        note, rows = stacked(each.outcome.value, getattr(each.expected.value, "dtype", None))
        value = read(each._replace(outcome=replace(each.outcome, value=rows)))
        note = note or each.outcome.note
        return each if value is None else each._replace(outcome=replace(each.outcome, value=value, note=note))

    def judge(each: Seen) -> str:
        if each.case.kind != "main" or counted(each) is each:
            return ""
        return f"expected {describe(each.expected.value)}, got {describe(each.outcome.value)}"

    def judge_counted(property_: Property) -> Property:
        follows = (*property_.follows, COUNT) if property_.follows else ()
        return replace(property_, judge=lambda seen: property_.judge(list(map(counted, seen))), follows=follows)

    count = Property(COUNT, 0, judge_each(judge), cap=6)

    def recognise(seen: list[Seen]) -> Mistake | None:
        if mistake := check.recognise(seen):
            return mistake
        if is_number(seen[0].outcome.value) and not is_number(seen[0].expected.value):
            return FOR_THE_BATCH
        if count.judge(seen):
            return NO_MEAN if is_number(seen[0].expected.value) else OTHER_COUNT
        return mistake_of_sizes(check.properties, seen)

    return replace(check, properties=[count, *map(judge_counted, check.properties)], recognise=recognise)


def stops_at_40(each: Seen) -> bool:
    """Whether it stops at the notebook's number of dimensions, in a case where no argument has this size."""
    return each.outcome.error is not None and "(40)" in each.outcome.error.message


def mistake_of_sizes(properties: list[Property], seen: list[Seen]) -> Mistake | None:
    """`SIZES`, if an answer is right for the sizes of the notebook, and for no other."""
    others = [each for each in seen if each.case.kind == "sizes"]
    first = next((property_ for property_ in properties if property_.judge(seen)), None)
    fixed = first and first.name == ANY_SIZES and all(first.judge([each]) for each in others)
    return SIZES if fixed else None
