"""Calls of functions that train a real model."""

import contextlib
import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from vae_lib.data import mnist
from vae_probe.call import call_with, observe
from vae_probe.outcome import Case, pack

# Corners in which no digit has ink: of the training images, of the validation images, of none.
TRAIN_CORNER, VAL_CORNER, BLACK_CORNER = 27, 0, 756
TRAIN_DOT, VAL_DOT = 0.5, 0.1


def pixels(indices: Tensor) -> Tensor:
    """Some of the 60,000 images, (n, 784) in [0, 1]."""
    return mnist(train=True).data[indices].flatten(1).float() / 255


def fit_images(case: Case) -> tuple[Tensor, Tensor]:
    """The training and the validation images of a case, (n, 784) in [0, 1].

    In each of the two sets all images have a grey dot in a corner, of their own: a model that draws it has learnt from
    that set. Where a case is not "main", black and white are exchanged in the validation images, so that their loss
    rises while the model learns.
    """
    train_x, val_x = pixels(case.inputs["train"]), pixels(case.inputs["val"])
    train_x[:, TRAIN_CORNER], val_x[:, VAL_CORNER] = TRAIN_DOT, VAL_DOT
    return train_x, val_x if case.kind == "main" else 1 - val_x


def call_fit(function: Any, cases: list[Case]) -> list[dict]:
    """Train: the model's weights and sizes, and the history that was returned with it.

    Each model begins with the same weights. When it is first called, the global random states become those of
    `Case.seed`: whatever hangs on it was not drawn from the generator.
    """
    return [observe(partial(_whole_training, function, case)) for case in cases]


def _whole_training(function: Any, case: Case) -> dict:
    _seed(0)
    train_x, val_x = fit_images(case)
    generator = torch.Generator().manual_seed(case.inputs["generator"])
    with _seeded_at_the_first_call(case.seed):
        returned = call_with(function, {"train_x": train_x, "val_x": val_x, "generator": generator})
    if not (isinstance(returned, tuple | list) and len(returned) == 2 and isinstance(returned[0], nn.Module)):
        return {"value": pack(returned)}
    model, history = returned
    weights = {name: weight.cpu() for name, weight in model.state_dict().items()}
    sizes = getattr(getattr(model, "config", None), "__dict__", None)
    return {"value": pack({"weights": weights, "sizes": sizes, "history": history})}


@contextlib.contextmanager
def _seeded_at_the_first_call(seed: int) -> Iterator[None]:
    """In the block, the first call of any module sets the global random states to this seed."""
    waiting = [seed]
    handle = register_module_forward_pre_hook(lambda *_: _seed(waiting.pop()) if waiting else None)
    try:
        yield
    finally:
        handle.remove()


def _seed(seed: int) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
