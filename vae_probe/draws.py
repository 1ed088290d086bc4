"""Calls of functions that draw: thrice, or a thousand times."""

import random

import numpy as np
import torch

from vae_probe.call import call_function, observe, unequal_weights
from vae_probe.outcome import pack


def call_thrice(function, cases):
    """Three results: with the generator, with a second one in the same state, with the first, which has moved on."""

    def thrice(generator, **inputs):
        second = torch.Generator()
        second.set_state(generator.get_state())
        return [function(**inputs, generator=each) for each in (generator, second, generator)]

    return call_function(thrice, cases)


DRAWS = 1_000


def call_often(function, cases):
    """As `call_function`, but the value is what many calls return, stacked, and the gradients are those of the last."""
    outcomes = call_function(function, cases)
    for case, outcome in zip(cases, outcomes, strict=True):
        if not outcome["error"]:
            often = observe(lambda case=case: _often(function, case))
            outcome |= {key: often[key] for key in ("value", "gradients", "error")}
    return outcomes


def _often(function, case):
    torch.manual_seed(case["seed"])
    np.random.seed(case["seed"])
    random.seed(case["seed"])
    # Of copies, which the function may change in place.
    draws = [function(**_copies(case["inputs"])) for _ in range(DRAWS - 1)]
    leaves = {name: leaf.requires_grad_() for name, leaf in _copies(case["inputs"]).items()}
    last = function(**_copies(leaves))
    if not all(isinstance(z, torch.Tensor) and z.shape == last.shape for z in [*draws, last]):
        return {"value": pack(last)}
    gradients = dict.fromkeys(leaves)
    if last.requires_grad:
        found = torch.autograd.grad((last * unequal_weights(last)).sum(), list(leaves.values()), allow_unused=True)
        gradients = dict(zip(leaves, map(pack, found), strict=True))
    return {"value": pack(torch.stack([*draws, last])), "gradients": gradients}


def _copies(inputs):
    return {name: value.clone() for name, value in inputs.items()}
