"""Calls of functions that keep a running average of a model's weights."""

import copy
from functools import partial
from typing import Any

import torch

from vae_probe.call import call_with, observe
from vae_probe.outcome import Case, pack
from vae_probe.training import small_model, weights_of

UPDATES = 3


def call_update_average(function: Any, cases: list[Case]) -> list[dict]:
    """Three updates of an average of a small model, whose weights move before each.

    The value: "averages", all weights of the average after each update, as one vector; "touched", whether an update
    changed the model; "follows", whether the average moves with the model, without an update; "graph", whether the
    average holds the graph of a computation.
    """
    return [observe(partial(_updates, function, case)) for case in cases]


def _updates(function: Any, case: Case) -> dict:
    model, average = small_model(case.seed), small_model(case.seed)
    averages, touched, follows = [], False, False
    for number in range(1, UPDATES + 1):
        before = weights_of(average).clone()
        with torch.no_grad():
            for weight, moved in zip(model.parameters(), small_model(case.seed + number).parameters(), strict=True):
                weight.copy_(moved)
        follows = follows or not torch.equal(before, weights_of(average))
        expected = copy.deepcopy(weights_of(model))
        call_with(function, {"average": average, "model": model, "keep": case.inputs["keep"]})
        touched = touched or not torch.equal(expected, weights_of(model))
        averages.append(pack(weights_of(average)))
    graph = any(weight.grad_fn is not None for weight in average.parameters())
    value = {"averages": averages, "touched": touched, "follows": follows, "graph": graph}
    return {"value": {"dict": value}}
