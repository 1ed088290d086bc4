"""What a function (model, x) → (loss, BCE, KLD) does with one batch."""

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from vae_checks.broken_vae_clinic.trained import images, measured, training_case
from vae_checks.compare import describe
from vae_checks.losses import measure_bce_and_kld
from vae_checks.properties import Seen
from vae_probe.outcome import Case
from vae_probe.programs import STRETCH, new_model, small_digits


class Batch(NamedTuple):
    """The three numbers that came back, those that belong to the same z, and the noise in it.

    `noise` is (z − μ) / σ; `mu` and `sigma` are the encoder's; each (B, D).
    """

    losses: list[float]
    expected: list[float]
    noise: Tensor
    mu: Tensor
    sigma: Tensor


def draw(seed: int) -> list[Case]:
    """One batch, and the training: the same for every seed, so that no verdict depends on a draw."""
    return [Case("batch", {"images": images(1)}, seed=1), training_case()]


def prepare(seen: Seen) -> Seen:
    """What was seen with a `Batch` or a `Trained` for its value, or a sentence on what is none."""
    case, outcome, _ = seen
    if outcome.error:
        return seen
    value = outcome.value
    if "other" in value:
        expected = "expected three numbers, loss, BCE and KLD, the first with its gradient"
        value = f"{expected}, got {describe(value['other'])}"
    else:
        value = measured(case, value) if case.kind == "training" else _batch(case, value)
    return seen._replace(outcome=replace(outcome, value=value))


@torch.no_grad()
def _batch(case: Case, value: dict) -> Batch | str:
    x, model, z = small_digits(case.inputs["images"]), new_model(case.seed, stretch=STRETCH), value["z"]
    mu, sigma = model.encode(x)
    if not isinstance(z, Tensor) or z.shape != mu.shape:
        return "the decoder should get one z for each image of the batch, (B, D)"
    bce, kld = (each.mean() for each in measure_bce_and_kld(x, model.decoder(z), mu, sigma))
    return Batch(value["losses"], [(bce + kld).item(), bce.item(), kld.item()], (z - mu) / sigma, mu, sigma)


def batch(seen: list[Seen]) -> Batch | None:
    """What was seen of the one batch; None where the student's code stopped in it."""
    value = next(each.outcome.value for each in seen if each.case.kind == "batch")
    return value if isinstance(value, Batch) else None


def ratios(seen: Batch) -> list[float]:
    """How many times what they should be loss, BCE and KLD are."""
    return [actual / expected for actual, expected in zip(seen.losses, seen.expected, strict=True)]


def parts_are_right(seen: list[Seen]) -> str:
    """A sentence, unless loss, BCE and KLD are those of the z that was decoded."""
    one = batch(seen)
    if one is None:
        return ""
    for name, actual, expected in zip(("loss", "BCE", "KLD"), one.losses, one.expected, strict=True):
        if abs(actual - expected) > 1e-3 * max(1.0, abs(expected)):
            return f"for a batch with a {name} of {expected:.5g} nats per image your function says {actual:.5g}"
    return ""
