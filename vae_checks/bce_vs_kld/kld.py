"""Check of `kld`: the KLD of each image in closed form."""

import torch
from torch.distributions import Normal, kl_divergence

from vae_checks.check import check_against, tensor_cases
from vae_checks.mistakes import Mistake

POINTS = {
    "shape": 1,
    "value": 4,
    "gradient": 1,
    "batch of one": 1,
    "float64 and device": 1,
    "inputs unchanged": 1,
    "no global seed": 1,
}


def _draw_gaussians(seed):
    def make(generator, batch):
        # Sigma far from 1, where many wrong formulas agree, and of both signs, as the report's head gives it.
        size = torch.exp(1.2 * torch.randn(batch, 5, generator=generator))
        sign = torch.randint(2, (batch, 5), generator=generator) * 2 - 1
        return {"mu": 2 * torch.randn(batch, 5, generator=generator), "sigma": size * sign}

    return tensor_cases(seed, make)


def _kld(mu, sigma):
    q = Normal(mu, sigma.abs())
    return kl_divergence(q, Normal(torch.zeros_like(mu), torch.ones_like(mu))).sum(1)


KLD_MISTAKES = [
    Mistake(
        "the wrong sign",
        "Can a divergence be below 0? Evaluate yours for μ = 2, σ = 1.",
        lambda mu, sigma: -_kld(mu, sigma),
    ),
    Mistake(
        "log σ in place of log σ²",
        "At which σ is your KLD smallest, for μ = 0? At which should it be?",
        lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - sigma.abs().log()).sum(1),
    ),
    Mistake(
        "log σ of a σ that may be negative",
        "The report's σ may come out below 0. What is its logarithm, and what that of σ²?",
        lambda mu, sigma: (0.5 * (mu**2 + sigma**2 - 1) - sigma.log()).sum(1),
    ),
    Mistake(
        "σ taken for log σ²",
        "The formula of many tutorials is written for log σ². What does your argument hold?",
        lambda mu, sigma: 0.5 * (mu**2 + sigma.exp() - 1 - sigma).sum(1),
    ),
    Mistake(
        "σ taken for log σ",
        "What does your argument hold: σ, log σ or log σ²?",
        lambda mu, sigma: 0.5 * (mu**2 + (2 * sigma).exp() - 1 - 2 * sigma).sum(1),
    ),
    Mistake(
        "σ taken for σ²",
        "A variance and a standard deviation are both positive, but only one is squared already. Which have you got?",
        lambda mu, sigma: 0.5 * (mu**2 + sigma - 1 - sigma.log()).sum(1),
        lambda mu, sigma: 0.5 * (mu**2 + sigma.abs() - 1 - sigma.abs().log()).sum(1),
    ),
    Mistake(
        "the ½ is missing",
        "For μ = 1, σ = 1 the KLD is ½. What does your formula give?",
        lambda mu, sigma: 2 * _kld(mu, sigma),
    ),
    Mistake(
        "not summed over the dimensions",
        "How many numbers should come back for seven images?",
        lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()),
    ),
    Mistake(
        "the mean over the dimensions",
        "Each of the D dimensions costs its own nats. Does a mean say what they cost together?",
        lambda mu, sigma: _kld(mu, sigma) / mu.shape[1],
    ),
    Mistake(
        "divided by the 784 pixels",
        "If the BCE is a sum over pixels, which β does your KLD bring with it?",
        lambda mu, sigma: _kld(mu, sigma) / 784,
    ),
    Mistake(
        "summed over the batch",
        "How many numbers should come back for seven images?",
        lambda mu, sigma: _kld(mu, sigma).sum(),
    ),
    Mistake(
        "averaged over the batch",
        "How many numbers should come back for seven images?",
        lambda mu, sigma: _kld(mu, sigma).mean(),
    ),
    Mistake(
        "μ not squared",
        "Should it matter for the KLD whether μ is 2 or −2?",
        lambda mu, sigma: 0.5 * (mu + sigma**2 - 1 - (sigma**2).log()).sum(1),
    ),
]


kld = check_against(
    _kld,
    KLD_MISTAKES,
    name="kld",
    points=POINTS,
    draw=_draw_gaussians,
    hints=(
        "The KLD is 0 where μ = 0 and σ = 1 in every dimension, and above 0 elsewhere. Try your formula there first.",
        "For one dimension it is ½ (μ² + σ² − 1 − log σ²). Which of these terms is the price of a mean away from 0?",
        "`0.5 * (mu**2 + … - 1 - (sigma**2).log())` has the shape (B, D); the KLD of an image is its sum over D.",
    ),
)
