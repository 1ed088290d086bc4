"""Checks of formulas that must also hold for extreme numbers, a case of its own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from vae_checks.check import Check, check_against
from vae_checks.compare import describe, difference, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, is_cut_off, judge_each
from vae_probe.outcome import Case

POINTS = {
    "shape": 1,
    "value": 4,
    "gradient": 1,
    "batch of one": 1,
    "float64 and device": 0,
    "inputs unchanged": 1,
    "no global seed": 0,
}
CUT_OFF = Mistake(
    "the gradient is cut off on its way",
    "The value is right. Which step between your arguments and it stops the gradient: detach, no_grad, item?",
)
OTHER_GRADIENT = Mistake(
    "the value is right, its gradient is not",
    "The gradient takes every way from your arguments to the value. Does one of your terms stop it, and others not?",
)


def _difference(expected: Any, actual: Any, measure: Callable[[Tensor], Tensor], inputs: str | list[str]) -> str:
    """As `difference`, where the measured values differ most, in the values themselves."""
    if describe(expected) != describe(actual):
        return difference(expected, actual)
    off = (measure(expected.double()) - measure(actual.double())).abs().nan_to_num(torch.inf)
    # Two infinities of one sign agree.
    worst = int(off.masked_fill(expected == actual, -1).argmax())
    index = divmod(worst, expected.shape[-1])[-expected.ndim :]
    place = f"{inputs}, at {list(index)}" if isinstance(inputs, str) else inputs[worst]
    return f"{place} {difference(expected[index], actual[index], 0)}"


def _recognise_gradient(seen: list[Seen], data: tuple[str, ...]) -> Mistake:
    """The mistake of an answer with a right value and a wrong gradient; the inputs named are data."""
    gradients = [
        (right, each.outcome.gradients.get(name))
        for each in seen
        for name, right in each.expected.gradients.items()
        if name not in data
    ]
    return CUT_OFF if any(is_cut_off(*pair) for pair in gradients) else OTHER_GRADIENT


def check_with_extremes(
    oracle: Callable,
    mistakes: list[Mistake],
    *,
    name: str,
    draw: Callable[[int], list[Case]],
    hints: tuple[str, str, str],
    extreme: str,
    inputs: str | list[str],
    recognise: Callable[[Tensor, Tensor], Mistake | None],
    data: tuple[str, ...] = (),
    measure: Callable[[Tensor], Tensor] = torch.clone,
    tolerance: float = 1e-4,
) -> Check:
    """As `check_against`, with one more property: the value in the case of the kind "extreme".

    Args:
        draw: seed → cases, that one among them.
        extreme: the name of the property.
        inputs: those of the case, in words; a list of those of each number of its value, where they differ.
        measure: what is compared in that case: `torch.log` for values of many sizes.
        recognise: (value, expected value) of the extreme case → the mistake of an answer that is wrong only there.
        tolerance: in that case, relative, and a tenth of it absolute.
    """

    def right(each: Seen) -> bool:
        expected, actual = each.expected.value, each.outcome.value
        return describe(expected) == describe(actual) and same(measure(expected), measure(actual), tolerance)

    def judge(each: Seen) -> str:
        return "" if right(each) else _difference(each.expected.value, each.outcome.value, measure, inputs)

    def recognise_all(seen: list[Seen]) -> Mistake | None:
        usual = [each for each in seen if each.case.kind in ("main", "one")]
        if any(fault.judge(seen) for fault in check.properties if fault.name in ("shape", "value")):
            return check.recognise(usual)
        (last,) = (each for each in seen if each.case.kind == "extreme")
        if not right(last) and describe(last.expected.value) == describe(last.outcome.value):
            return recognise(last.outcome.value, last.expected.value)
        return check.recognise(usual) or (_recognise_gradient(usual, data) if gradient.judge(seen) else None)

    check = check_against(
        oracle,
        mistakes,
        name=name,
        points=POINTS,
        draw=draw,
        hints=hints,
        data=data,
        caps={"gradient": 4},
        forbidden=("vae_lib",),
    )
    (gradient,) = (each for each in check.properties if each.name == "gradient")
    more = Property(extreme, 2, judge_each(judge, "extreme"), follows=("value",))
    # What is wrong near the extreme only can reach the gradient first.
    others = [
        replace(each, follows=(*each.follows, extreme)) if each is gradient else each for each in check.properties
    ]
    place = 1 + [each.name for each in others].index("value")
    properties = [*others[:place], more, *others[place:]]
    return replace(check, properties=properties, recognise=recognise_all)
