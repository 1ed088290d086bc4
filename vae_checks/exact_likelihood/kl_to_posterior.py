"""Check of `kl_to_posterior`: how far a Gaussian is from the posterior that a grid holds."""

import math

import torch
from torch import Tensor
from torch.distributions import Normal

from vae_checks.check import tensor_cases
from vae_checks.extremes import check_with_extremes
from vae_checks.mistakes import Mistake
from vae_probe.outcome import Case

SEED = 2_018  # of all inputs: what a mistake looks like is no matter of luck
REACH, STEP = 2.4, 0.2
FAR = -150.0  # log p(x, z) as in life
WIDE = 4.4  # reach of a grid in whose corners q is 0 in 32 bits, as it is on that of the lesson


def _draw(seed: int) -> list[Case]:
    def make(generator: torch.Generator, batch: int, reach: float = REACH, narrowest: float = 0.5) -> dict[str, Tensor]:
        line = torch.arange(-reach, reach + STEP / 2, STEP)
        z = torch.cartesian_prod(line, line)
        # Of each image a posterior of two hills, whose peaks, widths and heights are its own.
        peaks = 2 * torch.rand(2, batch, 2, generator=generator) - 1
        widths = narrowest + 0.4 * torch.rand(2, batch, 2, generator=generator)
        hills = Normal(peaks.unsqueeze(1), widths.unsqueeze(1)).log_prob(z.unsqueeze(1)).sum(3)  # (2, G, batch)
        log_joint = torch.logaddexp(hills[0], hills[1] - 1) - 2 - torch.rand(batch, generator=generator)
        mu = 0.8 * torch.rand(batch, 2, generator=generator) - 0.4
        # From 1.6 steps on the sum over the cells is the integral; 5 σ beside μ the grid still goes on, and in its
        # corners, unless it is wide, q is no 0 in 32 bits.
        sigma = 0.32 + 0.08 * torch.rand(batch, 2, generator=generator)
        return {"mu": mu, "sigma": sigma, "log_joint": log_joint, "z": z}

    small = make(torch.Generator().manual_seed(SEED), 4, WIDE, 0.8)  # so wide that its p is 0 nowhere
    small["log_joint"] = small["log_joint"] + FAR
    return [*tensor_cases(SEED, make), Case("extreme", small)]


def _log_q(mu: Tensor, sigma: Tensor, z: Tensor) -> Tensor:
    """log q(z) of each cell and image, (G, B)."""
    return Normal(mu, sigma).log_prob(z.unsqueeze(1)).sum(2)


def _kl(log_q: Tensor, log_p: Tensor) -> Tensor:
    """Of two logarithms on the grid (G, B), up to a constant each."""
    log_q, log_p = log_q.log_softmax(0), log_p.log_softmax(0)
    return (log_q.exp() * (log_q - log_p)).sum(0)


def _kl_to_posterior(mu: Tensor, sigma: Tensor, log_joint: Tensor, z: Tensor) -> Tensor:
    # Image by image, of probabilities of cells, with the logarithms of their sums.
    made = []
    for i in range(len(mu)):
        log_q = (-0.5 * ((z - mu[i]) / sigma[i]).square()).sum(1)
        log_q = log_q - log_q.logsumexp(0)
        log_p = log_joint[:, i] - log_joint[:, i].logsumexp(0)
        made.append((log_q.exp() * (log_q - log_p)).sum())
    return torch.stack(made)


def _unnormalized(mu: Tensor, sigma: Tensor, log_joint: Tensor, z: Tensor) -> Tensor:
    log_q = _log_q(mu, sigma, z)
    return (log_q.softmax(0) * (log_q - log_joint)).sum(0)


def _of_shares(mu: Tensor, sigma: Tensor, log_joint: Tensor, z: Tensor) -> Tensor:
    log_q = _log_q(mu, sigma, z).log_softmax(0)
    return (log_q.exp() * (log_q - log_joint)).sum(0)


def _density(mu: Tensor, sigma: Tensor, log_joint: Tensor, z: Tensor) -> Tensor:
    log_q = _log_q(mu, sigma, z)
    return (log_q.exp() * (log_q - log_joint.log_softmax(0))).sum(0)


def _density_in_the_logarithm(mu: Tensor, sigma: Tensor, log_joint: Tensor, z: Tensor) -> Tensor:
    log_q = _log_q(mu, sigma, z)
    return (log_q.softmax(0) * (log_q - log_joint.log_softmax(0))).sum(0)


def _reversed(mu: Tensor, sigma: Tensor, log_joint: Tensor, z: Tensor) -> Tensor:
    return _kl(log_joint, _log_q(mu, sigma, z))


def _to_the_prior(mu: Tensor, sigma: Tensor, log_joint: Tensor, z: Tensor) -> Tensor:
    return 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(1)


def _by_axis(mu: Tensor, sigma: Tensor, log_joint: Tensor, z: Tensor) -> Tensor:
    log_q = Normal(mu, sigma).log_prob(z.unsqueeze(1)).mean(2)
    return _kl(log_q, log_joint)


def _over_images(mu: Tensor, sigma: Tensor, log_joint: Tensor, z: Tensor) -> Tensor:
    log_q, log_p = _log_q(mu, sigma, z).log_softmax(1), log_joint.log_softmax(1)
    return (log_q.exp() * (log_q - log_p)).sum(0)


UNDERFLOW = Mistake(
    "exp of −150 underflows",
    "In 32 bits, what is exp(−150), and what is 0 · log 0? Which function gives logarithms of shares without either?",
)
KEPT_AWAY = Mistake(
    "a logarithm is kept away from 0",
    "log p(x, z) near −150 is nothing odd here. What does the number that you add make of the posterior?",
)


def _recognise_extremes(actual: Tensor, expected: Tensor) -> Mistake | None:
    return KEPT_AWAY if actual.isfinite().all() else UNDERFLOW


kl_to_posterior = check_with_extremes(
    _kl_to_posterior,
    [
        Mistake(
            "the posterior is not normalised",
            "log p(x, z) and log p(z|x) differ by a number for each image. Which number, and is it in yours?",
            _unnormalized,
            _of_shares,
            lambda mu, sigma, log_joint, z: (
                _unnormalized(mu, sigma, log_joint, z) + 2 * math.log(STEP)  # with the area of a cell
            ),
        ),
        Mistake(
            "densities, not shares of cells",
            "Add up q over all cells. Is it 1? A density times the area of its cell would be.",
            _density,
            _density_in_the_logarithm,
        ),
        Mistake(
            "KL(p‖q), the other direction",
            "Over which of the two does the gap average: the encoder's answer, or the posterior?",
            _reversed,
        ),
        Mistake(
            "the KL to the prior",
            "That one is in the loss already. To what is the gap the divergence?",
            _to_the_prior,
        ),
        Mistake(
            "the wrong sign",
            "Can a divergence be below 0?",
            lambda mu, sigma, log_joint, z: -_kl_to_posterior(mu, sigma, log_joint, z),
        ),
        Mistake(
            "the variance where a standard deviation belongs",
            "By what is z − μ divided before it is squared: σ or σ²?",
            lambda mu, sigma, log_joint, z: _kl(_log_q(mu, sigma**2, z), log_joint),
        ),
        Mistake(
            "σ where σ² belongs",
            "By what is (z − μ)² divided: σ or σ²?",
            lambda mu, sigma, log_joint, z: _kl(_log_q(mu, sigma.sqrt(), z), log_joint),
        ),
        Mistake(
            "the ½ of the Gaussian is missing",
            "The density of N(μ, σ²) falls as exp(−(z − μ)² / 2σ²). Where is the 2 in yours?",
            lambda mu, sigma, log_joint, z: _kl(_log_q(mu, sigma / 2**0.5, z), log_joint),
        ),
        Mistake(
            "the mean over the two numbers of z",
            "Two independent numbers: are their densities multiplied, or averaged?",
            _by_axis,
        ),
        Mistake(
            "the mean over the cells",
            "The shares of the cells add up to 1 already. By what would a mean divide once more?",
            lambda mu, sigma, log_joint, z: _kl_to_posterior(mu, sigma, log_joint, z) / len(z),
        ),
        Mistake(
            "shares over the images, not over the cells",
            "Your shares of one cell add up to 1 over the images. Over which of the two axes of (G, B) should they?",
            _over_images,
        ),
        Mistake(
            "one number for the whole batch",
            "How many numbers should come back for seven images?",
            lambda mu, sigma, log_joint, z: _kl_to_posterior(mu, sigma, log_joint, z).mean(),
            lambda mu, sigma, log_joint, z: _kl_to_posterior(mu, sigma, log_joint, z).sum(),
        ),
    ],
    name="kl_to_posterior",
    draw=_draw,
    extreme="log p as small as in life",
    inputs=f"for log p(x, z) near {FAR:.0f}, and cells far from μ",
    recognise=_recognise_extremes,
    data=("z",),
    hints=(
        "On a grid both are lists of shares, one for each cell, which add up to 1. The divergence is the sum of "
        "q · (log q − log p) over the cells.",
        "`Normal(mu, sigma).log_prob(z.unsqueeze(1))` is (G, B, 2), for each cell, image and number of z. What makes "
        "one density of the two? And what makes shares of densities, whatever their size: log_softmax.",
        "`log_q = ….sum(2).log_softmax(0)`, `log_p = log_joint.log_softmax(0)`; then `(log_q.exp() * (… - …)).sum(0)`.",
    ),
)
