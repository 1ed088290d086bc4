"""What a model that a student trained is worth, measured here."""

from dataclasses import dataclass, replace
from typing import Any

import torch

from vae_checks.compare import describe, is_number
from vae_checks.properties import Seen
from vae_checks.training.tiny_vae import measure_bce_and_kld, measure_loss
from vae_probe.fitting import BLACK_CORNER, TRAIN_CORNER, VAL_CORNER, VAL_DOT, fit_images
from vae_probe.model import VAE
from vae_probe.outcome import Case

DRAWS = 3  # of noise for the validation images


@dataclass(frozen=True)
class Measured:
    """What a student's model is worth, beside what was reported.

    Args:
        history: the reported losses; the last should be `val`.
        val: loss of the validation images, nats per image, the mean of some draws of noise.
        scatter: standard deviation of that loss from draw to draw.
        train: loss of the training images.
        without_noise: loss of the validation images at z = μ.
        bce, kld: the two terms of that.
        last_batches: losses of the last validation images, for each batch size that is likely.
        train_dot, val_dot: how much brighter the model draws the corner with a dot than one without.
    """

    history: list[float]
    val: float
    scatter: float
    train: float
    without_noise: float
    bce: float
    kld: float
    last_batches: list[float]
    train_dot: float
    val_dot: float

    @property
    def reported(self) -> float:
        """The loss that was reported last."""
        return self.history[-1]

    @property
    def slack(self) -> float:
        """How far two honest draws of the same loss may lie apart, nats: ten times what was seen."""
        return 2 + 8 * self.scatter

    @property
    def is_true(self) -> bool:
        """Whether the reported loss is that of the validation images."""
        return abs(self.reported - self.val) < self.slack


def measure_outcome(seen: Seen) -> Seen:
    """The outcome with what was measured as its value; or a fault, a sentence."""
    if seen.outcome.error:
        return seen
    loaded = _load(seen.outcome.value)
    measured = loaded if isinstance(loaded, str) else _measure(seen.case, *loaded)
    return seen._replace(outcome=replace(seen.outcome, value=measured))


def _load(value: Any) -> str | tuple[VAE, list[float]]:
    """The student's model and history; or a fault, a sentence."""
    if not isinstance(value, dict) or "weights" not in value:
        return f"expected a model and a list, got {describe(value)}"
    history = value["history"]
    if isinstance(history, torch.Tensor) and history.ndim == 1:
        history = list(history)
    if not isinstance(history, list) or not history or not all(map(is_number, history)):
        return f"expected a history of one number for each epoch, got {describe(history)}"
    try:
        model = VAE(**value["sizes"])
        model.load_state_dict(value["weights"])
    except Exception:  # whatever a student's model may hold
        return "expected a model of the class VAE of vae_lib.model"
    return model, [float(loss) for loss in history]


@torch.no_grad()
def _measure(case: Case, model: VAE, history: list[float]) -> Measured:
    train_x, val_x = fit_images(case)
    generator = torch.Generator().manual_seed(0)

    def loss_of(x: torch.Tensor) -> torch.Tensor:
        return measure_loss(model, x, torch.randn(len(x), model.config.latent_dim, generator=generator))

    draws = torch.stack([loss_of(val_x) for _ in range(DRAWS)])
    train, val = loss_of(train_x[:1_000]), draws.mean(0)
    x_logits, mu, sigma = model(val_x, torch.zeros(1))
    bce, kld = (part.mean().item() for part in measure_bce_and_kld(val_x, x_logits, mu, sigma))
    corners = x_logits.sigmoid().mean(0)
    black = corners[BLACK_CORNER]
    return Measured(
        history=history,
        val=val.mean().item(),
        scatter=draws.mean(1).std().item(),
        train=train.mean().item(),
        without_noise=bce + kld,
        bce=bce,
        kld=kld,
        last_batches=[
            val[-n:].mean().item()
            for size in (*range(10, 101, 10), 2, 32, 64, 128, 200, 256, 500, 512, 1000, 1024)
            for n in (size, len(val) % size)
            if n
        ],
        # Beside a black corner, because a model that has hardly learnt draws every corner, one brighter than the other.
        train_dot=(corners[TRAIN_CORNER] - black).item(),
        val_dot=(corners[VAL_CORNER] - black).item() if black < VAL_DOT / 2 else 0.0,
    )
