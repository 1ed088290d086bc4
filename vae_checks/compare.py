"""Plain values side by side: are they the same, and if not, where do they differ?"""

import math
from functools import partial
from typing import Any

import numpy as np
import torch

from vae_probe.outcome import Outcome


def alike(outcomes: list[Outcome], others: list[Outcome], tolerance: float = 1e-4) -> bool:
    """Whether two lists of outcomes agree: in values and gradients, or in the errors."""

    def essence(outcome: Outcome) -> list:
        error = outcome.error
        return [outcome.value, outcome.gradients, *((error.type, error.message[:40]) if error else (None, ""))]

    return all(same(essence(a), essence(b), tolerance) for a, b in zip(outcomes, others, strict=True))


def same(a: Any, b: Any, tolerance: float = 1e-4) -> bool:
    """Whether two plain values have the same structure, and their numbers agree within the tolerance."""
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        close = partial(torch.allclose, rtol=tolerance, atol=tolerance / 10, equal_nan=True)
        return describe(a) == describe(b) and close(a.double(), b.double())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key], tolerance) for key in a)
    if is_number(a) and is_number(b):
        return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance / 10) or (math.isnan(a) and math.isnan(b))
    return type(a) is type(b) and a == b


def is_number(value: Any) -> bool:
    """Whether a plain value is an int or a float, or a tensor that holds just one."""
    is_scalar = isinstance(value, torch.Tensor) and value.ndim == 0 and not value.is_complex()
    return is_scalar or type(value) in (int, float)


def describe(value: Any) -> str:
    """The structure of a plain value in a few words."""
    if isinstance(value, torch.Tensor):
        kind = "complex " if value.is_complex() else ""
        return f"a {kind}tensor {tuple(value.shape)}" if value.ndim else f"a {kind}number"
    if isinstance(value, list):
        kinds = [describe(item) for item in value]
        return f"{len(kinds)} × {kinds[0]}" if len(kinds) > 2 and len(set(kinds)) == 1 else f"({', '.join(kinds)})"
    if isinstance(value, dict):
        keys = ", ".join(sorted(value))
        return f"an object of type {value['unknown']}" if "unknown" in value else f"a dict of {keys}"
    if is_number(value):
        return "a number"
    return "nothing (is there a return?)" if value is None else f"a {type(value).__name__}"


def difference(expected: Any, actual: Any, tolerance: float = 1e-4) -> str:
    """In words, the first part of two plain values that differs, and there the largest difference."""
    if describe(expected) != describe(actual):
        return f"expected {describe(expected)}, got {describe(actual)}"
    if isinstance(expected, list | dict):
        keys = expected if isinstance(expected, dict) else range(len(expected))
        key = next(key for key in keys if not same(expected[key], actual[key], tolerance))
        return f"in part {key} {difference(expected[key], actual[key], tolerance)}"
    if isinstance(expected, torch.Tensor) and expected.ndim:
        off = (expected.double() - actual.double()).abs().nan_to_num(math.inf)
        index = tuple(int(i) for i in np.unravel_index(off.argmax().item(), off.shape))
        return f"at {list(index)} expected {_number(expected[index])}, got {_number(actual[index])}"
    return f"expected {_number(expected)}, got {_number(actual)}"


def _number(value: Any) -> str:
    value = value.item() if isinstance(value, torch.Tensor) else value
    return f"{value:.5g}" if isinstance(value, float) else repr(value)
