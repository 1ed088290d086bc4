"""Calls of functions that train a real model."""

import contextlib
import random
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import init
from torch.nn.modules.module import register_module_forward_hook
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook

from vae_lib.data import mnist
from vae_probe.call import ALONE, EXCHANGED, NAMED, SURPLUS, call_with, observe
from vae_probe.outcome import Case, pack
from vae_probe.unread import places_unread

# Corners in which no digit has ink: of the training images, of the validation images, of none.
TRAIN_CORNER, VAL_CORNER, BLACK_CORNER = 27, 0, 756
TRAIN_DOT, VAL_DOT = 0.5, 0.1
PIXELS = 784
# What draws in `torch.nn.init`.
DRAWN_BY = (
    *("uniform_", "normal_", "trunc_normal_", "orthogonal_", "sparse_"),
    *("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"),
)


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
    """Train: the model's weights and sizes, the history that was returned with it, how many images were seen, whether
    they came in the order in which they lie in train_x, or always in one other, and where noise came again, or was
    shared by images that are not trained on; how many models were trained, what `Steps` notes, and whether the argument
    val_x is never read.

    Each model begins with the same weights. The global random states are those of `Case.seed`: whatever hangs on it
    was not drawn from the generator.
    """
    return [observe(partial(_whole_training, function, case)) for case in cases]


def _whole_training(function: Any, case: Case) -> dict:
    _seed(case.seed)
    train_x, val_x = fit_images(case)
    generator = torch.Generator().manual_seed(case.inputs["generator"])
    with (
        first_weights_apart(),
        _note_images(train_x) as seen,
        _note_noise() as (noises, shared),
        _note_steps(val_x) as steps,
    ):
        returned = call_with(function, {"train_x": train_x, "val_x": val_x, "generator": generator})
    model, history, note = _model_and_history(returned)
    if model is None:
        return {"value": pack(returned)}
    weights = {name: weight.cpu() for name, weight in model.state_dict().items()}
    sizes = getattr(getattr(model, "config", None), "__dict__", None)
    value = {"weights": weights, "sizes": sizes, "history": history}
    value |= {"seen": sum(map(len, seen)), "in_order": _as_they_lie(seen, len(train_x))}
    value["one_order"] = not value["in_order"] and _comes_again(seen, len(train_x))
    value["same_noise"] = _same_noise(seen, noises)
    value["shared_noise"] = sum(shared) / max(len(shared), 1)
    value |= steps.summary()
    value["val_x_unread"] = 1 in places_unread(function)
    return {"value": pack(value), "note": note}


def _model_and_history(returned: Any) -> tuple[nn.Module | None, Any, str]:
    """What came back, in whichever form, and the note on the form; no model, where none is among it."""
    named = isinstance(returned, dict)
    parts = list(returned.values()) if named else list(returned) if isinstance(returned, tuple | list) else [returned]
    model = next((part for part in parts if isinstance(part, nn.Module)), None)
    others = [part for part in parts if part is not model]
    if not others:
        return model, [], ALONE
    note = NAMED if named else SURPLUS if len(others) > 1 else EXCHANGED if parts[0] is not model else ""
    return model, others[0], note


@contextlib.contextmanager
def first_weights_apart() -> Iterator[None]:
    """In the block, what `torch.nn.init` draws, as layers do for their first weights, has a random state of its own."""
    state = torch.Generator().manual_seed(0).get_state()

    def apart(draw: Callable) -> Callable:
        def wrapper(*args: Any, **options: Any) -> Tensor:
            nonlocal state
            with torch.random.fork_rng(devices=[]):
                torch.set_rng_state(state)
                weights = draw(*args, **options)
                state = torch.get_rng_state()
            return weights

        return wrapper

    with contextlib.ExitStack() as stack:
        for name in DRAWN_BY:
            stack.enter_context(patch.object(init, name, apart(getattr(init, name))))
        yield


@contextlib.contextmanager
def _note_images(train_x: Tensor) -> Iterator[list[list[int | None]]]:
    """In the block, a list grows by a batch whenever a gradient comes back through what its images went into.

    Of each image the batch has the place in train_x, or None where it is no such image as it is there.
    """
    places = {image.tobytes(): i for i, image in enumerate(train_x.numpy())}
    seen: list[list[int | None]] = []

    def note(layer: nn.Module, inputs: tuple[Tensor], out: Any) -> None:
        if isinstance(layer, nn.Linear) and layer.in_features == PIXELS and out.requires_grad:
            images = inputs[0].detach().cpu().reshape(-1, PIXELS).numpy()
            batch = [places.get(image.tobytes()) for image in images]
            out.register_hook(lambda _: seen.append(batch))

    with register_module_forward_hook(note):
        yield seen


class Steps:
    """What is noted of the steps: of the layers that take images, and the gradients that come back to them."""

    def __init__(self) -> None:
        self.gradients: list[tuple[nn.Linear, bool]] = []  # and whether that of the last step is still there
        self.held: dict[int, Tensor] = {}  # by its id, each weight that an optimizer moves
        self.of_val: set[int] = set()  # ids of the weights whose gradient is of validation images, too
        self.stepped = False
        self.val_steps = 0

    def arrive(self, layer: nn.Linear, has_val: bool) -> None:
        """A gradient comes back to a layer."""
        old = layer.weight.grad is not None and bool(layer.weight.grad.any())
        self.gradients.append((layer, self.stepped and old))
        self.stepped = False
        if not old:
            self.of_val.discard(id(layer.weight))
        if has_val:
            self.of_val.add(id(layer.weight))

    def step(self, optimizer: Optimizer) -> None:
        """An optimizer has made a step."""
        self.stepped = True
        moved = {id(weight): weight for group in optimizer.param_groups for weight in group["params"]}
        self.held |= moved
        self.val_steps += bool(self.of_val & moved.keys())

    def summary(self) -> dict[str, Any]:
        """What was noted, as numbers.

        Returns:
            dict: "models", how many were trained; "old_gradients", the share of the gradients that were added to those
            of the step before, of weights that an optimizer moves; "left_out", the share of the gradients of weights
            that none moves, where there is one; "val_steps", how many steps went along the gradient of validation
            images.
        """
        left_out = [id(layer.weight) not in self.held for layer, _ in self.gradients]
        old = [old and not out for (_, old), out in zip(self.gradients, left_out, strict=True)]
        return {
            "models": len({id(layer) for layer, _ in self.gradients}),
            "old_gradients": sum(old) / max(len(old) - 1, 1),  # the first step has none
            "left_out": sum(left_out) / max(len(left_out), 1) if self.held else 0.0,
            "val_steps": self.val_steps,
        }


@contextlib.contextmanager
def _note_steps(val_x: Tensor) -> Iterator[Steps]:
    """In the block, `Steps` are noted."""
    images, steps = {image.tobytes() for image in val_x.numpy()}, Steps()

    def note(layer: nn.Module, inputs: tuple[Tensor], out: Any) -> None:
        if isinstance(layer, nn.Linear) and layer.in_features == PIXELS and out.requires_grad:
            batch = inputs[0].detach().cpu().reshape(-1, PIXELS).numpy()
            has_val = any(image.tobytes() in images for image in batch)
            out.register_hook(lambda _: steps.arrive(layer, has_val))

    with (
        register_module_forward_hook(note),
        register_optimizer_step_post_hook(lambda optimizer, *_: steps.step(optimizer)),
    ):
        yield steps


@contextlib.contextmanager
def _note_noise() -> Iterator[tuple[list[Tensor], list[bool]]]:
    """In the block, a list grows by the noise (z − μ) / σ of a batch whenever a gradient comes back through its z.

    And one whenever a batch is decoded without gradients, by whether all its images have the same noise.
    """
    noises: list[Tensor] = []
    shared: list[bool] = []
    codes: tuple[Tensor, Tensor] | None = None

    def note(layer: nn.Module, inputs: tuple[Tensor], out: Any) -> None:
        nonlocal codes
        if isinstance(out, tuple) and len(out) == 2 and all(isinstance(part, Tensor) for part in out):
            codes = out[0].detach(), out[1].detach()
        elif isinstance(layer, nn.Linear) and codes and inputs[0].shape == codes[0].shape:
            mu, sigma = codes
            noise = (inputs[0].detach() - mu) / sigma
            if out.requires_grad:
                out.register_hook(lambda _: noises.append(noise))
            elif noise.ndim == 2 and len(noise) > 1 and noise.abs().max() > 1e-3:
                shared.append((noise - noise[0]).abs().median().item() < 0.01)

    with register_module_forward_hook(note):
        yield noises, shared


def _same_noise(seen: list[list[int | None]], noises: list[Tensor]) -> dict[str, float]:
    """How often noise is none, or that which came before it, as shares: for the image, in the row of a batch, in the
    batch.

    Nothing, where images and noise do not come in the same batches.
    """
    if not seen or list(map(len, seen)) != list(map(len, noises)):
        return {}
    noise = torch.cat([each.cpu() for each in noises])
    image = torch.tensor([-1 if place is None else place for batch in seen for place in batch])
    row = torch.cat([torch.arange(len(batch)) for batch in seen])
    batch = torch.repeat_interleave(torch.tensor(list(map(len, seen))))
    shares = {name: _repeats(noise, key) for name, key in {"image": image, "row": row, "batch": batch}.items()}
    return {"none": (noise.abs().amax(1) < 1e-3).double().mean().item()} | shares


def _repeats(noise: Tensor, key: Tensor) -> float:
    """The share of noise (n, D) that is the last one of the same key (n,); -1 is none."""
    key, order = key.sort(stable=True)
    again = (key[1:] == key[:-1]) & (key[1:] >= 0)
    apart = (noise[order[1:]] - noise[order[:-1]])[again].abs().flatten(1).median(1).values
    return (apart < 0.01).double().mean().item() if len(apart) else 0.0


def _as_they_lie(seen: list[list[int | None]], images: int) -> bool:
    """Whether each image is the one after the last, or the first; in batches of all of them no order counts."""
    each = [place for batch in seen for place in batch]
    follow = all(b is not None and b in (0, a + 1) for a, b in pairwise(each) if a is not None)
    return len(each) > 1 and None not in each and follow and all(len(batch) < images for batch in seen)


def _comes_again(seen: list[list[int | None]], images: int) -> bool:
    """Whether the images of the second epoch come in the order of the first; an epoch ends where the first comes again.

    In batches of all images no order counts.
    """
    each = [place for batch in seen for place in batch]
    if each.count(each[0] if each else None) < 2 or None in each or all(len(batch) == images for batch in seen):
        return False
    epoch = each.index(each[0], 1)
    return epoch > images / 2 and each[:epoch] == each[epoch : 2 * epoch]


def _seed(seed: int) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
