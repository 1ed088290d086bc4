"""Images for models of a few neurons, and what `vae_loss` returns."""

from typing import NamedTuple

import torch
from torch import Tensor

from vae_probe.training import LATENT, PIXELS


class Losses(NamedTuple):
    """What `vae_loss` returns, by its names: its errors speak of them."""

    loss: Tensor
    bce: Tensor
    kld: Tensor


def draw_images(generator: torch.Generator, *shape: int) -> tuple[Tensor, Tensor]:
    """Images (*shape, PIXELS) in [0, 1], and noise (*shape, LATENT)."""
    return torch.rand(*shape, PIXELS, generator=generator), torch.randn(*shape, LATENT, generator=generator)
