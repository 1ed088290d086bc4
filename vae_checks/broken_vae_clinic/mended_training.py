"""Check of `mended_training`: a program with two faults, the second hidden behind the first."""

from dataclasses import replace

import torch
from torch import Tensor

from vae_checks.broken_vae_clinic.mended_units import oracle as measure
from vae_checks.broken_vae_clinic.trained import (
    CUT_OFF,
    Trained,
    fault_of_form,
    measured,
    prints_the_truth,
    trained,
    training_case,
    trains_to_the_target,
)
from vae_checks.check import Check
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen
from vae_probe.model import VAE
from vae_probe.outcome import Case
from vae_probe.programs import BATCH, RATE, call_program

NOT_MOVED = Mistake(
    "no weight moves",
    "Three calls make a step: zero_grad, backward, step. Which gradients are there when the optimizer looks, and are "
    "its weights those of the model that you were given?",
)
ENCODER_STILL = Mistake(
    "the encoder never learns",
    "Whose weights does your optimizer have, and does the encoder run with gradients?",
)
ADDED_UP = Mistake(
    "gradients that add up",
    "`backward` adds to the gradients that are there. How many batches are in yours when the optimizer steps?",
)
BATCHES_SUMMED = Mistake(
    "the sum over the batches printed",
    "An epoch has twenty batches. Of how many images is the number that you print?",
)


def _draw(seed: int) -> list[Case]:
    return [training_case()]


def _prepare(seen: Seen) -> Seen:
    if seen.outcome.error:
        return seen
    return seen._replace(outcome=replace(seen.outcome, value=measured(seen.case, seen.outcome.value)))


def _recognise(seen: list[Seen]) -> Mistake | None:
    result = trained(seen)
    if not isinstance(result, Trained):
        return None
    if not result.moved:
        return NOT_MOVED
    if not result.encoder_moved:
        return ENCODER_STILL
    if result.kld < 0.2:
        return CUT_OFF
    if not result.loss < 46:
        return ADDED_UP
    if result.printed > 5 * result.loss:
        return BATCHES_SUMMED
    return None


def _program(model: VAE, x: Tensor, epochs: int) -> list[float]:
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    printed = []
    for _ in range(epochs):
        losses = []
        for batch in x[torch.randperm(len(x))].split(BATCH):
            loss = measure(model, batch)[0]
            for weight, gradient in zip(
                model.parameters(), torch.autograd.grad(loss, list(model.parameters())), strict=True
            ):
                weight.grad = gradient
            optimizer.step()
            losses.append(loss.item() * len(batch))
        printed.append(sum(losses) / len(x))
    return printed


mended_training = Check(
    name="mended_training",
    properties=[
        Property("a loss for each epoch", 1, fault_of_form, required=True),
        Property("trains to the target", 7, trains_to_the_target, cap=2),
        Property("prints the truth", 2, prints_the_truth, follows=("trains to the target",)),
    ],
    draw=_draw,
    call=call_program,
    recognise=_recognise,
    prepare=_prepare,
    forbidden=("vae_lib.train", "vae_lib.clinic"),
    hints=(
        "Follow the gradient of the BCE backwards, from the logits to the encoder. Where does it end? Mend that, run "
        "the program again, and look at the loss once more: there is a second fault.",
        "After `loss.backward()` look at `model.encoder.hid_mu.weight.grad`, with the KLD left out of the loss. And "
        "count how often `zero_grad` is called, and how often `step`.",
        "`z = mu + sigma * torch.randn_like(sigma)` in place of `torch.normal`, and `optimizer.zero_grad()` in the "
        "inner loop, before `loss.backward()`.",
    ),
    oracle=_program,
)
