"""The losses of a VAE, measured here: from PyTorch's own distributions, not from the library's formulas."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence


def measure_bce_and_kld(x: Tensor, x_logits: Tensor, mu: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """BCE and KLD of each image, in nats, (B,) each."""
    bce = F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").sum(1)
    prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return bce, kl_divergence(Normal(mu, sigma.abs(), validate_args=False), prior).sum(1)  # NaN is judged, not raised


def measure_loss(model: nn.Module, x: Tensor, eps: Tensor | None = None) -> Tensor:
    """BCE + KLD of each image, (B,), in nats."""
    bce, kld = measure_bce_and_kld(x, *model(x, eps))
    return bce + kld
