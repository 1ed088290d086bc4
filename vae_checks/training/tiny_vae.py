"""Checks of assignment 05: a training step, the loss over a data set, and a whole training.

The first two see models of a few dozen weights. The third trains a real one, once, and measures what came out.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from vae_probe.training import LATENT, PIXELS


class Losses(NamedTuple):
    """What `vae_loss` returns, by its names: its errors speak of them."""

    loss: Tensor
    bce: Tensor
    kld: Tensor


def measure_bce_and_kld(x: Tensor, x_logits: Tensor, mu: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """BCE and KLD of each image, in nats, (B,) each."""
    bce = F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").sum(1)
    prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return bce, kl_divergence(Normal(mu, sigma.abs(), validate_args=False), prior).sum(1)  # NaN is judged, not raised


def measure_loss(model: nn.Module, x: Tensor, eps: Tensor | None = None) -> Tensor:
    """BCE + KLD of each image, (B,), in nats."""
    bce, kld = measure_bce_and_kld(x, *model(x, eps))
    return bce + kld


def draw_images(generator: torch.Generator, *shape: int) -> tuple[Tensor, Tensor]:
    """Images (*shape, PIXELS) in [0, 1], and noise (*shape, LATENT)."""
    return torch.rand(*shape, PIXELS, generator=generator), torch.randn(*shape, LATENT, generator=generator)
