"""The linear VAE with Gaussian pixels, whose best code can be computed: probabilistic PCA (lesson 11).

Sources: Tipping and Bishop, "Probabilistic Principal Component Analysis", 1999; Lucas et al., "Don't Blame the ELBO!",
2019, arXiv 1911.02469.
"""

import math
from typing import NamedTuple

from vae_lib.guards import check_generator, check_whole
from vae_lib.pytorch import torch


class Linear(NamedTuple):
    """A linear VAE: μ = encoder (x - mean), one σ for all images, and x_hat = mean + decoder z.

    `encoder` (D, P), `log_sigma` (D,), `decoder` (P, D), for P pixels.
    """

    encoder: torch.Tensor
    log_sigma: torch.Tensor
    decoder: torch.Tensor


def linear_losses(model, covariance, pixel_variance):
    """The two terms of the loss, exactly, on average over all images that have this covariance.

    Args:
        model: a `Linear`.
        covariance: of the pixels (P, P), with a division by the number of images.
        pixel_variance: σ² of the Gaussian that the decoder puts around each pixel.

    Returns:
        (distortion, kld): E[-log p(x|z)], a number, and the KLD of each dimension (D,), in nats per image.

    Raises:
        ValueError: the covariance is no square.
    """
    if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1]:
        remedy = "pass x.T.cov(correction=0), not the images x"
        raise ValueError(f"a covariance has the shape (P, P), got {tuple(covariance.shape)}: {remedy}")
    encoder, log_sigma, decoder = model
    var, through = (2 * log_sigma).exp(), encoder @ covariance  # (D,), (D, P)
    # E|x - x_hat|², where x_hat is decoded from z = μ + σ ε
    error = covariance.trace() - 2 * (through * decoder.T).sum()
    error = error + ((through @ encoder.T + var.diag()) * (decoder.T @ decoder)).sum()
    distortion = 0.5 * (error / pixel_variance + len(covariance) * math.log(2 * math.pi * pixel_variance))
    return distortion, 0.5 * ((through * encoder).sum(dim=1) + var - 1 - 2 * log_sigma)


def train_linear(covariance, pixel_variance, generator, beta=1.0, latent_dim=40, steps=1500):
    """Train a linear VAE by Adam, whose learning rate falls from 0.01 to 0, on the exact loss.

    Args:
        covariance, pixel_variance: as for `linear_losses`.
        generator: `torch.Generator` on the device of the covariance; draws the first weights.
        beta: weight of the KLD.

    Returns:
        Linear

    Raises:
        TypeError, ValueError: no generator, or one of another device; a number of dimensions or steps below 1.
    """
    check_generator(generator, covariance.device)
    check_whole(latent_dim, "latent_dim", 1)
    check_whole(steps, "steps", 1)
    sizes = (latent_dim, len(covariance)), (len(covariance), latent_dim)
    first, last = (0.01 * torch.randn(size, generator=generator, device=covariance.device) for size in sizes)
    model = Linear(first, torch.zeros(latent_dim), last)
    model = Linear(*(part.to(covariance).requires_grad_() for part in model))
    optimizer = torch.optim.Adam(model, lr=0.01)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    for _ in range(steps):
        distortion, kld = linear_losses(model, covariance, pixel_variance)
        optimizer.zero_grad()
        (distortion + beta * kld.sum()).backward()
        optimizer.step()
        falling.step()
    return Linear(*(part.detach() for part in model))
