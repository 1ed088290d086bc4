"""Calls of functions that draw: thrice, or a thousand times."""

import random
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Subset

from vae_probe.call import LISTED, MORE, SURPLUS, bind_to, call_function, call_with, observe, unequal_weights
from vae_probe.outcome import Case, pack
from vae_probe.watch import without_watching

YIELDED = "something to loop over"  # the note on a value that is an iterator or a data loader
NAMED = "named sets"  # the note on a value that is a dict
SUBSETS = "subsets of a data set"  # the note on a value that has one among its parts


def call_thrice(function: Any, cases: list[Case]) -> list[dict]:
    """Three results: with the generator, with a second one in the same state, with the first, which has moved on.

    What a function yields comes as a list, with the note `YIELDED`, a dict as one of its values with `NAMED`, and
    subsets as lists with `SUBSETS`.
    """
    note = ""

    def thrice(generator: torch.Generator, **inputs: Any) -> list:
        nonlocal note
        second = torch.Generator()
        second.set_state(generator.get_state())
        results = [call_with(function, inputs | {"generator": generator})]
        with without_watching():  # what it calls was seen
            results += [call_with(function, inputs | {"generator": each}) for each in (second, generator)]
        if isinstance(results[0], Iterator | DataLoader):
            note = YIELDED
        elif isinstance(results[0], dict):
            note = NAMED
        elif isinstance(results[0], list | tuple) and any(isinstance(part, Subset) for part in results[0]):
            note = SUBSETS
        return [_with_lists(result, inputs["n"]) for result in results]

    outcomes = call_function(thrice, cases)
    return [outcome | {"note": note} if note else outcome for outcome in outcomes]


def _with_lists(result: Any, n: int) -> Any:
    """Index sets as lists, because a Python set is right, too; of what is yielded n + 1 at most."""
    if isinstance(result, Iterator | DataLoader):
        result = list(islice(result, n + 1))
    if isinstance(result, dict):
        result = list(result.values())
    if not isinstance(result, list | tuple):
        return result
    parts = [sorted(part) if isinstance(part, set | frozenset) else part for part in result]
    return [[part[i] for i in range(len(part))] if isinstance(part, Subset) else part for part in parts]


DRAWS = 1_000


def call_often(function: Any, cases: list[Case]) -> list[dict]:
    """As `call_function`, but the value is what many calls return, stacked, and the gradients are those of the last.

    Tensors that come in a list are one, with the note `LISTED`.
    """
    outcomes = call_function(function, cases)
    for case, outcome in zip(cases, outcomes, strict=True):
        if not outcome["error"]:
            with without_watching():  # what it calls was seen above
                often = observe(partial(_often, function, case))
            outcome |= {key: often[key] for key in ("value", "gradients", "error", "refused")}
            outcome["note"] = often["note"] or outcome["note"]
    return outcomes


def _often(function: Any, case: Case) -> dict:
    torch.manual_seed(case.seed)
    np.random.seed(case.seed)
    random.seed(case.seed)
    call = bind_to(function, case.inputs)
    # Of copies, which the function may change in place.
    shape = next(iter(case.inputs.values())).shape
    draws = [_tensor(call(_copies(case.inputs)), shape)[0] for _ in range(DRAWS - 1)]
    leaves = {name: leaf.requires_grad_() for name, leaf in _copies(case.inputs).items()}
    last, note = _tensor(call(_copies(leaves)), shape)
    if not all(isinstance(z, torch.Tensor) and z.shape == last.shape for z in [*draws, last]):
        return {"value": pack(last)}
    gradients: dict[str, Any] = dict.fromkeys(leaves)
    if last.requires_grad:
        by_leaf = torch.autograd.grad((last * unequal_weights(last)).sum(), list(leaves.values()), allow_unused=True)
        gradients = dict(zip(leaves, map(pack, by_leaf), strict=True))
    return {"value": pack(torch.stack([*draws, last])), "gradients": gradients, "note": note}


def _tensor(value: Any, shape: torch.Size) -> tuple[Any, str]:
    """An array of NumPy as a tensor, or the one that is meant by a list, with a note; anything else as it is, and "".

    Meant is the first of several things, if it has this shape, or the tensor of which the list has the rows.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return torch.from_numpy(value), ""
    if isinstance(value, torch.Tensor) and value.ndim > len(shape) and value.numel() == shape.numel():
        longer = [n for n in value.shape if n > 1] == [n for n in shape if n > 1]
        return (value.reshape(shape), MORE) if longer else (value, "")
    if not isinstance(value, list | tuple):
        return value, ""
    shapes = [part.shape if isinstance(part, torch.Tensor) else None for part in value]
    if len(value) > 1 and shapes[0] == shape:
        return value[0], SURPLUS
    return (torch.stack(list(value)), LISTED) if shapes == [shape[1:]] * shape[0] else (value, LISTED)


def _copies(inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in inputs.items()}
