"""The properties that a check looks for, and those that most exercises share."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch

from vae_checks.compare import describe, difference, same
from vae_probe.call import leaves
from vae_probe.outcome import Case, Outcome, pack


class Seen(NamedTuple):
    """A case, the outcome that it has with the student's function, and the one expected, empty if there is none."""

    case: Case
    outcome: Outcome
    expected: Outcome = Outcome()


@dataclass(frozen=True)
class Property:
    """A property of an answer.

    Args:
        name: as students read it.
        points: for an answer that has it; a property without points is shown only if it is broken.
        judge: all that was seen → the fault, a sentence, or "".
        required: if it is broken, no other property is judged, and nothing is earned.
    """

    name: str
    points: int
    judge: Callable[[list[Seen]], str]
    required: bool = False


def judge_each(judge: Callable[[Seen], str], *kinds: str) -> Callable[[list[Seen]], str]:
    """A judge of all that was seen: the first fault in one of the cases, or in one of these kinds, if any are named."""
    return lambda seen: next(filter(None, (judge(each) for each in seen if not kinds or each.case.kind in kinds)), "")


def _shape(seen: list[Seen], tolerance: float) -> str:
    for _, outcome, expected in seen:
        if describe(expected.value) != describe(outcome.value):
            return f"expected {describe(expected.value)}, got {describe(outcome.value)}"
    return ""


def _value(kind: str) -> Callable[[list[Seen], float], str]:
    def judge(seen: list[Seen], tolerance: float) -> str:
        for case, outcome, expected in seen:
            if case.kind == kind and not same(expected.value, outcome.value, tolerance):
                return difference(expected.value, outcome.value, tolerance)
        return ""

    return judge


def _gradient(seen: list[Seen], tolerance: float) -> str:
    for _, outcome, expected in seen:
        for name, right in expected.gradients.items():
            actual = outcome.gradients.get(name)
            if actual is None and right is not None:
                return f"no gradient reaches {name}; was it cut off by detach, no_grad, item or torch.tensor?"
            if right is None and actual is not None:
                right = torch.zeros_like(actual)
            if not same(right, actual, tolerance):
                return f"that of {name}: {difference(right, actual, tolerance)}"
    return ""


def _precision(seen: list[Seen], tolerance: float) -> str:
    for case, outcome, expected in seen:
        for right, actual in zip(leaves(expected.value), leaves(outcome.value), strict=False):
            if isinstance(right, torch.Tensor) and isinstance(actual, torch.Tensor) and right.dtype != actual.dtype:
                return f"expected {right.dtype} for inputs of this dtype, got {actual.dtype}"
        if case.kind == "float64" and not same(expected.value, outcome.value, tolerance):
            return "the value is wrong for float64 inputs, too"
        if case.kind == "float64" and not same(expected.value, outcome.value, 1e-9):
            return "right, but less precise than float64; is a step made in float32?"
        if outcome.device == "cpu":
            return "a tensor is made on the CPU whatever the device of the inputs; make it like them (torch.zeros_like)"
    return ""


def _unchanged(seen: list[Seen], tolerance: float) -> str:
    changed = sorted({name for each in seen for name in each.outcome.changed})
    return f"{', '.join(changed)} changed in place; who called you still needs the old values" if changed else ""


def _unseeded(seen: list[Seen], tolerance: float) -> str:
    seeded = any(each.outcome.seeded for each in seen)
    return "your function sets a global seed, so that all random numbers after it repeat" if seeded else ""


def _generator(seen: list[Seen], tolerance: float) -> str:
    values = [pack(each.outcome.value) for each in seen if each.case.kind in ("main", "other generator")]
    if values[0] == values[-1]:
        return "another generator gives the very same result; is it used, and is anything drawn?"
    return ""


PROPERTIES: dict[str, Callable[..., str]] = {
    "shape": _shape,
    "value": _value("main"),
    "gradient": _gradient,
    "batch of one": _value("one"),
    "float64 and device": _precision,
    "draws from the generator": _generator,
    "inputs unchanged": _unchanged,
    "no global seed": _unseeded,
}


def shared(name: str, points: int, tolerance: float = 1e-4) -> Property:
    """The property of this name in `PROPERTIES`; the tolerance is relative, and a tenth of it absolute."""
    return Property(name, points, partial(PROPERTIES[name], tolerance=tolerance))
