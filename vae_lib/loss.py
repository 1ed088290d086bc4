"""BCE, KLD and their sum, in nats per image: the negative of the ELBO (paper, equation 3).

Each function returns one number per image, (B,): summed over the pixels or the latent dimensions, never averaged
over them. An average over 784 pixels would multiply the weight of the KLD by 784 without saying so.
"""

from typing import NamedTuple

from vae_lib.guards import check_alike, check_range
from vae_lib.pytorch import torch


class Losses(NamedTuple):
    """loss = bce + beta · kld and its two terms, in nats per image: tensors (B,), or floats where averaged."""

    loss: torch.Tensor | float
    bce: torch.Tensor | float
    kld: torch.Tensor | float


def vae_loss(x, x_logits, mu, sigma, beta=1.0):
    """The loss of the VAE for each image.

    Args:
        x: images (B, 784) in [0, 1].
        x_logits, mu, sigma: what the model returns for x, so that `vae_loss(x, *model(x))` reads well;
            (B, 784), (B, D), (B, D).
        beta: weight of the KLD; 1 is the VAE of the paper, others are the β-VAE of Higgins et al., 2017.

    Returns:
        Losses of (B,) tensors.

    Raises:
        ValueError: shapes that do not fit, numbers of 16 bits, or, on a CPU, pixels outside [0, 1].
    """
    b, k = bce(x, x_logits), kld(mu, sigma)
    if len(b) != len(k):
        raise ValueError(f"{len(b)} images and {len(k)} codes: pass mu and sigma of the same images")
    return Losses(b + beta * k, b, k)


def bce(x, x_logits):
    """Binary cross-entropy of each image, -log p(x|z) for Bernoulli pixels, in nats (paper, appendix C.1).

    Takes logits: log(sigmoid(x_logits)) computed in one step loses no precision at ±100, in two it is -inf.

    Args:
        x: images (B, 784) in [0, 1]. For grey pixels, 0 < x < 1, the smallest possible value is above 0.
        x_logits: decoder output before the sigmoid (B, 784).

    Returns:
        (B,) nats. Errors as for `vae_loss`.
    """
    check_alike(x=x, x_logits=x_logits)
    if x.device.type == "cpu" and not torch.compiler.is_compiling():  # a GPU would have to wait for the answer
        try:
            check_range(x)
        except ValueError:
            if x_logits.amin() >= 0 and x_logits.amax() <= 1:
                raise ValueError("x is not all in [0, 1], and x_logits is: exchange the two, x comes first") from None
            raise
    # With a for the logit, -x log σ(a) - (1 - x) log(1 - σ(a)) = log(1 + exp(a)) - x a, here without overflow.
    # F.binary_cross_entropy_with_logits is the same number; its log1p takes longer on CPUs (docs/performance.md).
    size = x_logits.abs()
    return (size / 2 + x_logits * (0.5 - x) + (1 + (-size).exp()).log()).sum(dim=1)


def bce_floor(x):
    """The smallest possible BCE of each image, that of x_hat = x: what grey pixels cost whatever the model.

    Args:
        x: images (B, 784) in [0, 1].

    Returns:
        (B,) nats, 0 for images that are black or white. Errors as for `vae_loss`.
    """
    check_alike(x=x)
    check_range(x)
    x = x.clamp(0, 1)
    return (torch.special.entr(x) + torch.special.entr(1 - x)).sum(dim=1)


def kld(mu, sigma):
    """KL divergence from N(mu, sigma²) to N(0, I) of each image, in nats (paper, appendix B).

    Args:
        mu, sigma: (B, D); the sign of sigma does not matter.

    Returns:
        (B,) nats. Errors as for `vae_loss`.
    """
    return kld_per_dim(mu, sigma).sum(dim=1)


def kld_per_dim(mu, sigma):
    """The KLD before the sum over the latent dimensions: ½ (μ² + σ² - 1 - log σ²), shape (B, D), in nats."""
    check_alike(mu=mu, sigma=sigma)
    var = sigma.square()
    # The tiny number only matters at sigma = 0 exactly, which a linear head can give: log 0 times a beta of 0 is NaN.
    return 0.5 * (mu.square() + var - 1 - (var + 1e-30).log())
