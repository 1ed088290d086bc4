"""Plain values side by side: are they the same, and if not, where do they differ?"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from vae_probe.outcome import Outcome

LONGEST = 300  # characters of a description


def alike(outcomes: list[Outcome], others: list[Outcome], tolerance: float = 1e-4) -> bool:
    """Whether two lists of outcomes agree: in values and gradients, or in the errors."""

    def essence(outcome: Outcome) -> list:
        error = outcome.error
        return [outcome.value, outcome.gradients, *((error.type, error.message[:40]) if error else (None, ""))]

    return all(same(essence(a), essence(b), tolerance) for a, b in zip(outcomes, others, strict=True))


def same(a: Any, b: Any, tolerance: float = 1e-4) -> bool:
    """Whether two plain values have the same structure, and their numbers agree within the tolerance.

    Infinities of one sign agree, and so do two NaN.
    """
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return describe(a) == describe(b) and bool(_close(a, b, tolerance).all())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key], tolerance) for key in a)
    if is_number(a) and is_number(b):
        a, b = _plain(a), _plain(b)
        try:
            close = math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance / 10)
        except OverflowError:  # an int beyond all floats
            return a == b
        return close or (math.isnan(a) and math.isnan(b))
    return type(a) is type(b) and a == b


def facts_agree(
    a: tuple[list, torch.Tensor], b: tuple[list, torch.Tensor], *, relative: float, absolute: float
) -> bool:
    """Whether two answers that draw agree: in plain facts, and in numbers measured with some noise, as far as said."""
    (facts, numbers), (others, other_numbers) = a, b
    alike = facts == others and numbers.shape == other_numbers.shape
    return alike and torch.allclose(other_numbers, numbers, rtol=relative, atol=absolute, equal_nan=True)


def _close(a: torch.Tensor, b: torch.Tensor, tolerance: float) -> torch.Tensor:
    """Where two tensors of one shape agree, a tensor of bool."""
    wide = torch.complex128 if a.is_complex() else torch.float64
    return torch.isclose(a.to(wide), b.to(wide), rtol=tolerance, atol=tolerance / 10, equal_nan=True)


def is_number(value: Any) -> bool:
    """Whether a plain value is an int or a float, or a tensor that holds just one."""
    is_scalar = isinstance(value, torch.Tensor) and value.ndim == 0 and not value.is_complex()
    return is_scalar or type(value) in (int, float)


def describe(value: Any) -> str:
    """The structure of a plain value in a few words."""
    text = _describe(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def _describe(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        kind = "complex " if value.is_complex() else ""
        return f"a {kind}tensor {tuple(value.shape)}" if value.ndim else f"a {kind}number"
    if isinstance(value, list):
        kinds = [_describe(item) for item in value]
        if len(value) > 1 and value[0] is not None and all(item is None for item in value[1:]):
            return f"{kinds[0]} alone"
        return f"{len(kinds)} × {kinds[0]}" if len(kinds) > 2 and len(set(kinds)) == 1 else f"({', '.join(kinds)})"
    if isinstance(value, dict):
        if value.keys() == {"unknown"} and isinstance(value["unknown"], str):
            if value["unknown"] == "generator":
                return "a generator, as a yield makes it (or a for in round brackets)"
            return f"an object of type {value['unknown']}"
        return f"a dict of {', '.join(sorted(value)) or 'nothing'}"
    if is_number(value):
        return "a number"
    return "nothing (is there a return?)" if value is None else f"a {type(value).__name__}"


def difference(expected: Any, actual: Any, tolerance: float = 1e-4, parts: Sequence[str] = ()) -> str:
    """In words, the first part of two plain values that differs, and there the largest difference.

    Args:
        parts: the names of the parts of a list, as students know them.
    """
    if _describe(expected) != _describe(actual):
        return f"expected {describe(expected)}, got {describe(actual)}"
    if isinstance(expected, list | dict):
        keys = list(expected) if isinstance(expected, dict) else range(len(expected))
        key = next(key for key in keys if not same(expected[key], actual[key], tolerance))
        name = str(key)
        if isinstance(expected, list):
            name = parts[key] if key < len(parts) else f"part {key + 1} of {len(expected)}"
        return f"of {name} {difference(expected[key], actual[key], tolerance)}"
    if isinstance(expected, torch.Tensor) and expected.ndim:
        wide = torch.complex128 if expected.is_complex() else torch.float64
        # Infinities of one sign agree, but their difference is no number.
        off = (expected.to(wide) - actual.to(wide)).abs().nan_to_num(math.inf)
        off = off.masked_fill(_close(expected, actual, tolerance), -1)
        index = tuple(int(i) for i in np.unravel_index(off.argmax().item(), off.shape))
        return f"at {list(index)} {_two_numbers(expected[index], actual[index])}"
    return _two_numbers(expected, actual)


def _two_numbers(expected: Any, actual: Any) -> str:
    """Both, with as many digits as it takes to see that they differ."""
    expected, actual = _plain(expected), _plain(actual)
    pairs = ((_digits(expected, digits), _digits(actual, digits)) for digits in (5, 8, 12, 17))
    pair = next((pair for pair in pairs if pair[0] != pair[1]), (repr(expected), repr(actual)))
    return f"expected {pair[0]}, got {pair[1]}"


def _digits(value: Any, digits: int) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) else repr(value)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, torch.Tensor) else value
