"""Calls of programs, or parts of one, that train a small VAE on small digits."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from vae_probe.call import call_with, observe
from vae_probe.fitting import pixels
from vae_probe.model import VAE
from vae_probe.outcome import Case, pack

PIXELS, HIDDEN, LATENT = 196, 64, 8
EPOCHS, BATCH, RATE = 40, 30, 4e-3
STRETCH = 20.0  # of the heads of the model that gets one batch: then the KLD is a tenth of its loss, and σ differ


def small_digits(indices: Tensor) -> Tensor:
    """Some of the 60,000 images at half their side, (n, 196) in [0, 1]."""
    return F.avg_pool2d(pixels(indices).view(-1, 1, 28, 28), 2).flatten(1)


def new_model(seed: int, stretch: float = 1.0) -> VAE:
    """A VAE for small digits, with drawn weights; those of the encoder's heads stretched, so that no σ is near 1."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = VAE(PIXELS, HIDDEN, LATENT, "log_var")
    with torch.no_grad():
        for head in (model.encoder.hid_mu, model.encoder.hid_sigma):
            head.weight.mul_(stretch)
    return model


def call_measure(function: Callable, cases: list[Case]) -> list[dict]:
    """A function (model, x) → (loss, BCE, KLD), called on a batch, and then in a training.

    The value is a dict: "other", what came back, where that is not three numbers, the first with a gradient. Of a
    case "batch": "losses", the three; "z", what the decoder got. Of a case "training": "printed", the mean loss
    of each epoch; "weights", those of the model afterwards.
    """
    return [observe(partial(_one_batch if case.kind == "batch" else _training, function, case)) for case in cases]


def _one_batch(function: Callable, case: Case) -> dict:
    torch.manual_seed(case.seed)
    model, got = new_model(case.seed, stretch=STRETCH), []
    model.decoder.register_forward_pre_hook(lambda _, args: got.append(args[0].detach().clone()))
    losses = call_with(function, {"model": model, "x": small_digits(case.inputs["images"])})
    if not _three_numbers(losses):
        return {"value": pack({"other": losses})}
    return {"value": pack({"losses": [float(part) for part in losses], "z": got[0] if got else None})}


def _training(function: Callable, case: Case) -> dict:
    torch.manual_seed(case.seed)
    model, x = new_model(case.seed), small_digits(case.inputs["images"])
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    printed = []
    for _ in range(EPOCHS):
        total = 0.0
        for batch in x[torch.randperm(len(x))].split(BATCH):
            losses = call_with(function, {"model": model, "x": batch})
            if not _three_numbers(losses):
                return {"value": pack({"other": losses})}
            optimizer.zero_grad()
            losses[0].backward()
            optimizer.step()
            total += losses[0].item() * len(batch) / len(x)
        printed.append(total)
    return {"value": pack({"printed": printed, "weights": model.state_dict()})}


def _three_numbers(losses: Any) -> bool:
    """Whether these are the loss, with a gradient, and two more numbers."""
    if not (isinstance(losses, tuple | list) and len(losses) == 3 and isinstance(losses[0], Tensor)):
        return False
    numbers = [isinstance(part, int | float) or (isinstance(part, Tensor) and part.numel() == 1) for part in losses]
    return all(numbers) and losses[0].requires_grad


def call_program(function: Callable, cases: list[Case]) -> list[dict]:
    """A function (model, x, epochs) that trains: "printed", what it returns, and "weights", the model's afterwards."""
    return [observe(partial(_whole_program, function, case)) for case in cases]


def _whole_program(function: Callable, case: Case) -> dict:
    torch.manual_seed(case.seed)
    model, x = new_model(case.seed), small_digits(case.inputs["images"])
    returned = call_with(function, {"model": model, "x": x, "epochs": case.inputs["epochs"]})
    return {"value": pack({"printed": returned, "weights": model.state_dict()})}
