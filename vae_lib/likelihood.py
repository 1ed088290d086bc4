"""How likely an image is: log p(x) by a sum over the plane of z, bounds of it, and the Gaussians that fit a posterior.

The sum needs a model with few latent dimensions, in practice D = 2, and black-and-white images: p(x|z) is a probability
of those alone. All numbers are in nats.
"""

import math
from typing import NamedTuple

from vae_lib.guards import check_fits, check_rows, check_same_shape
from vae_lib.pytorch import torch

import numpy as np
import torch.nn.functional as F

STEP = 0.05  # the side of a cell, fine enough for each image (lesson 09)


def plane(reach=5.0, step=STEP):
    """The middles of the square cells that cover the plane from -reach to reach: z (G, 2), the first number slowest."""
    line = torch.arange(-reach, reach + step / 2, step)
    return torch.cartesian_prod(line, line)


@torch.no_grad()
def log_joint(model, x, z):
    """log p(x, z) = log p(x|z) + log p(z), of each latent point with each image.

    Args:
        model: a `VAE`.
        x: black-and-white images (B, 784).
        z: latent points (G, D).

    Returns:
        (G, B) nats.

    Raises:
        ValueError: a grey pixel.
    """
    check_rows(x, model.config.input_dim, "expected images of shape (B, {})")
    check_fits(x, model)
    if not ((x == 0) | (x == 1)).all():
        remedy = "toss a coin for each pixel, torch.bernoulli(x)"
        raise ValueError(f"p(x|z) is a probability of black-and-white images, and there is grey in these: {remedy}")
    parts = []
    for some in z.split(4096):  # the logits of the whole plane would fill the memory of a small computer
        x_logits = model.decoder(some)  # (g, 784)
        parts.append(x_logits @ x.T - F.softplus(x_logits).sum(dim=1, keepdim=True))
    return torch.cat(parts) + log_prior(z).unsqueeze(1)


def log_prior(z):
    """log N(z; 0, I) of latent points (..., D) → (...)."""
    return -0.5 * z.square().sum(dim=-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi)


def log_evidence(log_joint, cell_area):
    """log p(x) by quadrature: the logarithm of the sum of p(x, z) over all cells, times their area.

    Args:
        log_joint: log p(x, z) in the middle of each cell (G, B).
        cell_area: of one cell.

    Returns:
        (B,)
    """
    return log_joint.logsumexp(dim=0) + math.log(cell_area)


def iwae(log_joint, log_q):
    """The importance-weighted bound of k draws of z (Burda et al., 2016, arXiv 1509.00519, equation 8).

    Args:
        log_joint: log p(x, z) of the draws (k, B).
        log_q: the log density of the distribution that they were drawn from (k, B).

    Returns:
        (B,): its average over many such draws is at most log p(x), and grows with k.
    """
    check_same_shape(log_joint=log_joint, log_q=log_q)
    return (log_joint - log_q).logsumexp(dim=0) - math.log(len(log_joint))


def gauss_hermite(n):
    """Points eps (n², 2) and weights (n²,) that average smooth functions over N(0, I) in the plane nearly exactly."""
    places, weights = np.polynomial.hermite_e.hermegauss(n)
    places, weights = torch.from_numpy(places).float(), torch.from_numpy(weights / weights.sum()).float()
    return torch.cartesian_prod(places, places), torch.outer(weights, weights).flatten()


@torch.no_grad()
def gaussian_elbo(model, x, mu, factor, n=20):
    """The ELBO of each image for a Gaussian of its own in place of the encoder's.

    Args:
        x: black-and-white images (B, 784).
        mu: means (B, 2).
        factor: L (B, 2, 2) of the covariance L Lᵀ, lower triangular; diagonal for independent numbers. The sign of a
            number on its diagonal does not matter.
        n: points in each direction of `gauss_hermite`.

    Returns:
        (B,) nats.
    """
    if mu.shape != (len(x), 2) or factor.shape != (len(x), 2, 2):
        raise ValueError(
            f"expected mu ({len(x)}, 2) and factor ({len(x)}, 2, 2) for these images, got {tuple(mu.shape)} and "
            f"{tuple(factor.shape)}: encode the same images, by a model with two latent dimensions"
        )
    eps, weights = gauss_hermite(n)
    z = mu.unsqueeze(1) + eps @ factor.mT  # (B, n², 2)
    average = torch.stack([weights @ log_joint(model, x[i : i + 1], z[i]).squeeze(1) for i in range(len(x))])
    return average + _entropy(factor)


def fit_gaussians(log_joint, reach, mu, factor, steps=300, full=True):
    """For each image the Gaussian with the highest ELBO that Adam finds from the one it is given.

    Args:
        log_joint: log p(x, z) on `plane(reach)`, of any step (G, B); read between its points by interpolation.
        mu, factor: where to begin, as for `gaussian_elbo`.
        full: whether the two numbers of z may depend on one another.

    Returns:
        (mu, factor): (B, 2), (B, 2, 2).

    Raises:
        ValueError: log p(x, z) is not on a plane.
    """
    side = math.isqrt(len(log_joint))
    if side**2 != len(log_joint):
        raise ValueError(f"log_joint has {len(log_joint)} rows, which is no square: compute it on plane(reach)")
    table = log_joint.T.reshape(-1, 1, side, side)
    eps, weights = gauss_hermite(9)
    sides = factor.diagonal(0, 1, 2)  # (B, 2)
    slant = factor[:, 1, 0] * sides[:, 0].sign()
    mu, sides, slant = (part.clone().requires_grad_() for part in (mu, sides.abs().log(), slant))
    optimizer = torch.optim.Adam([mu, sides, slant] if full else [mu, sides], lr=0.02)
    for _ in range(steps):
        factor = _lower(sides, slant)
        z = mu.unsqueeze(1) + eps @ factor.mT  # (B, 81, 2)
        # grid_sample wants the last axis of the table first, and places from -1 to 1.
        read = F.grid_sample(table, z.flip(-1).unsqueeze(1) / reach, align_corners=True, padding_mode="border")
        loss = -(read.view(len(mu), -1) @ weights + _entropy(factor)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return mu.detach(), _lower(sides, slant).detach()


def _lower(sides, slant):
    return torch.diag_embed(sides.exp()) + F.pad(slant.view(-1, 1, 1), (0, 1, 1, 0))


def _entropy(factor):
    """That of a Gaussian with the covariance L Lᵀ, (B,)."""
    return factor.diagonal(0, 1, 2).abs().log().sum(dim=1) + math.log(2 * math.pi) + 1


class CloseUp(NamedTuple):
    """The posterior of one image beside the encoder's answer, on the square of the plane that holds both.

    `log_posterior` (n, n) is log p(z|x) over even places, z[0] along the first axis; `low` (2,) is its first corner,
    `side` the length of a side. `mu`, `sigma` (2,) are the encoder's answer, `elbo` is its bound, `log_p` is log p(x).
    """

    log_posterior: torch.Tensor
    low: torch.Tensor
    side: float
    mu: torch.Tensor
    sigma: torch.Tensor
    elbo: float
    log_p: float


@torch.no_grad()
def close_ups(model, x, n=81):
    """A `CloseUp` of n × n places for each of the black-and-white images x (B, 784)."""
    z = plane()
    table = log_joint(model, x, z)  # (G, B)
    log_p = log_evidence(table, STEP**2)
    mu, sigma = model.encode(x)
    elbo = gaussian_elbo(model, x, mu, torch.diag_embed(sigma))
    made = []
    for i in range(len(x)):
        there = z[table[:, i] > table[:, i].max() - 8]  # the rest holds less than a thousandth of a Gaussian
        corners = torch.cat([there, (mu[i] - 3 * sigma[i])[None], (mu[i] + 3 * sigma[i])[None]])
        low, high = corners.amin(0), corners.amax(0)
        side = 1.1 * (high - low).max().item()
        low = (low + high - side) / 2
        line = torch.linspace(0, side, n)
        near = log_joint(model, x[i : i + 1], low + torch.cartesian_prod(line, line)).view(n, n) - log_p[i]
        made.append(CloseUp(near, low, side, mu[i], sigma[i].abs(), elbo[i].item(), log_p[i].item()))
    return made
