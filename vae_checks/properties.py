"""The properties that a check looks for, and those that most exercises share."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch

from vae_checks.compare import describe, difference, same
from vae_probe.call import LEFT_OVER, NUMPY, is_float, leaves
from vae_probe.outcome import CallError, Case, Outcome, pack


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
        required: if it is broken, no property after it is judged.
        follows: names of properties; if one of them is broken, this one is shown as its consequence, not as a fault.
        cap: the most points of an answer that breaks it by a fault of its own: for what the exercise is about.
        remark: its fault is said, and the answer is right all the same: for what the exercise does not ask for.
    """

    name: str
    points: int
    judge: Callable[[list[Seen]], str]
    required: bool = False
    follows: tuple[str, ...] = ()
    cap: int | None = None
    remark: bool = False


class Terms(NamedTuple):
    """How values are compared and spoken of.

    Args:
        tolerance: relative, and a tenth of it absolute.
        parts: names of the parts of what comes back, if it has several.
        data: names of inputs that are data: nobody asks for a gradient by them.
    """

    tolerance: float = 1e-4
    parts: tuple[str, ...] = ()
    data: tuple[str, ...] = ()


TERMS = Terms()


def judge_each(judge: Callable[[Seen], str], *kinds: str) -> Callable[[list[Seen]], str]:
    """A judge of all that was seen: the first fault in one of the cases, or in one of these kinds, if any are named.

    A case that ended with an error is a fault where its kind is named, and is passed over where none is.
    """

    def fault(each: Seen) -> str:
        if each.outcome.error:
            return stop_of(each.outcome.error) if kinds else ""
        return judge(each)

    return lambda seen: next(filter(None, (fault(each) for each in seen if not kinds or each.case.kind in kinds)), "")


def stop_of(error: CallError) -> str:
    """Where the student's code stops, a sentence."""
    if (error.type, error.message) == ("NotImplementedError", LEFT_OVER):
        return f"your code reaches {error.line}: {LEFT_OVER}, now that your answer stands there"
    return f"your code stops at {error.line}, {error.type}: {error.message}"


def _shape(seen: list[Seen], terms: Terms) -> str:
    for case, outcome, expected in seen:
        # A slip for one image alone is judged under "batch of one", one for other sizes under `ANY_SIZES`.
        others = case.kind in ("one", "sizes") or outcome.error
        if not others and describe(expected.value) != describe(outcome.value):
            return f"expected {describe(expected.value)}, got {describe(outcome.value)}"
    return ""


def _value(kind: str) -> Callable[[list[Seen], Terms], str]:
    def judge(seen: list[Seen], terms: Terms) -> str:
        judge_one = partial(_difference, terms=terms)
        # One of another dtype that ends with an error is judged under "dtype" alone.
        others = [each for each in seen if kind == "main" and each.case.kind == "other dtype"]
        return judge_each(judge_one, kind)(seen) or judge_each(judge_one)(others)

    return judge


def _difference(each: Seen, terms: Terms) -> str:
    actual, expected = each.outcome.value, each.expected.value
    if same(expected, actual, terms.tolerance):
        return ""
    inputs = each.case.inputs
    sizes = ", ".join(f"{name} = {value}" for name, value in inputs.items())
    place = f"for {sizes} " if all(type(value) is int for value in inputs.values()) else ""
    return place + difference(expected, actual, terms.tolerance, terms.parts)


def _gradient(seen: list[Seen], terms: Terms) -> str:
    for case, outcome, expected in seen:
        for name, right in expected.gradients.items():
            actual = outcome.gradients.get(name)
            if case.kind == "one" or outcome.error or name in terms.data:
                continue
            if isinstance(actual, str):
                return f"the value comes, but where a gradient is asked for, {actual}"
            if is_cut_off(right, actual):
                return f"no gradient reaches {name}; was it cut off by detach, no_grad, item or torch.tensor?"
            if right is None and isinstance(actual, torch.Tensor):
                right = torch.zeros_like(actual)
            # Coarse: what is rounded, or a little off, is judged by the value.
            alike = describe(right) == describe(actual)
            if right is not None and not (alike and (right - actual).abs().max() <= 0.01 * right.abs().max()):
                return f"that of {name}: {difference(right, actual, 0)}"
    return ""


def is_cut_off(right: torch.Tensor | None, actual: torch.Tensor | str | None) -> bool:
    """Whether there should be a gradient, and there is none, or nothing but zeros."""
    reached = isinstance(actual, torch.Tensor) and bool(actual.any())
    return right is not None and bool(right.any()) and not reached


def _precision(seen: list[Seen], terms: Terms) -> str:
    for each in seen:
        case, outcome, expected = each
        if case.kind == "float64" and outcome.error:
            return f"for float64 inputs {stop_of(outcome.error)}"
        for right, actual in zip(leaves(expected.value), leaves(outcome.value), strict=False):
            if isinstance(right, torch.Tensor) and isinstance(actual, torch.Tensor) and right.dtype != actual.dtype:
                return f"expected {right.dtype} for inputs of this dtype, got {actual.dtype}"
        if case.kind == "float64" and (fault := _difference(each, terms)):
            return f"for float64 inputs alone the value is wrong: {fault}"
        if case.kind == "float64" and not same(expected.value, outcome.value, 1e-9):
            return (
                "for float64 inputs right, but not to all of their 15 digits: a step in float32 or a small term added?"
            )
        if outcome.device == "cpu":
            # Weights, "out.bias" say, are no inputs that a student's code can name.
            name = next(name for name, value in case.inputs.items() if is_float(value) and "." not in name)
            return (
                "a tensor is made on the CPU whatever the device of the inputs, so on a GPU your code would stop; "
                f"device={name}.device makes it where {name} is"
            )
    return ""


def not_a_tensor(each: Seen) -> str:
    """A sentence, where an array of NumPy came back; the numbers in it may be right."""
    if each.outcome.note == NUMPY:
        return "expected a torch.Tensor, got a NumPy array: torch.from_numpy makes the one of the other"
    return ""


def _dtype(seen: list[Seen], terms: Terms) -> str:
    for each in seen:
        case, outcome, expected = each
        if fault := not_a_tensor(each):
            return fault
        if case.kind == "other dtype" and outcome.error:
            return f"for float64 inputs {stop_of(outcome.error)}"
        for right, actual in zip(leaves(expected.value), leaves(outcome.value), strict=False):
            if isinstance(right, torch.Tensor) and isinstance(actual, torch.Tensor) and right.dtype != actual.dtype:
                return f"expected {right.dtype}, which that of the inputs is, got {actual.dtype}"
    return ""


def _unchanged(seen: list[Seen], terms: Terms) -> str:
    changed = sorted({name for each in seen for name in each.outcome.changed})
    return f"{', '.join(changed)} changed in place; who called you still needs the old values" if changed else ""


def _unseeded(seen: list[Seen], terms: Terms) -> str:
    seeded = any(each.outcome.seeded for each in seen)
    return "your function sets a global seed, so that all random numbers after it repeat" if seeded else ""


def _generator(seen: list[Seen], terms: Terms) -> str:
    drawn = [each.outcome for each in seen if each.case.kind in ("main", "other generator") and not each.outcome.error]
    if any(outcome.varies for outcome in drawn):
        return "generators in the same state give different results: some chance is not from the generator"
    if drawn and pack(drawn[0].value) == pack(drawn[-1].value):
        moved = drawn[0].moved
        why = "the state that yours is in has no say in it" if moved else "nothing in it is drawn from the generator"
        return f"another generator gives the very same result: {why}"
    if not all(outcome.moved for outcome in drawn):
        return "the generator that you were given has not moved: the next call would draw the same once more"
    return ""


def _refusal(seen: list[Seen]) -> str:
    if not any(each.outcome.refused for each in seen):
        return ""
    return "where a σ is below 0, your function stops; all else that is said here was seen with |σ| in its place"


# A part of every check.
NEGATIVE_SIGMA = Property("σ below 0", 0, _refusal, cap=6)
ANY_SIZES = "any sizes"  # other ones than those of the notebook, in cases of the kind "sizes"
PROPERTIES: dict[str, Callable[..., str]] = {
    "shape": _shape,
    "value": _value("main"),
    "gradient": _gradient,
    "batch of one": _value("one"),
    ANY_SIZES: _value("sizes"),
    "float64 and device": _precision,
    "draws from the generator": _generator,
    "dtype": _dtype,
    "inputs unchanged": _unchanged,
    "no global seed": _unseeded,
}
FOLLOW_FROM_VALUE = ("gradient", "batch of one", "float64 and device", ANY_SIZES)


def shared(name: str, points: int, terms: Terms = TERMS, cap: int | None = None) -> Property:
    """The property of this name in `PROPERTIES`.

    Without a shape no other is judged. Where "float64 and device" has no points, it is a remark.
    """
    return Property(
        name,
        points,
        partial(PROPERTIES[name], terms=terms),
        required=name == "shape",
        follows=("value",) if name in FOLLOW_FROM_VALUE else (),
        cap=cap,
        remark=name == "float64 and device" and not points,
    )
