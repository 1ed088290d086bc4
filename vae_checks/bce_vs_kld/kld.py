"""Checks of assignment 04: BCE, KLD in closed form and by sampling, and their sum."""

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Normal, kl_divergence

from vae_checks.check import Mistake, check_against, tensor_cases

POINTS = {
    "shape": 1,
    "value": 4,
    "gradient": 1,
    "batch of one": 1,
    "float64 and device": 1,
    "inputs unchanged": 1,
    "no global seed": 1,
}


def _draw_bce(seed):
    def make(generator, batch):
        x = torch.rand(batch, 20, generator=generator)
        return {"x": x, "x_logits": 4 * torch.randn(batch, 20, generator=generator)}

    return tensor_cases(seed, make)


def _bce(x, x_logits):
    # Written out, because Bernoulli wants x to be 0 or 1 and pixels may be grey.
    black = Bernoulli(logits=x_logits)
    cost = -x * black.log_prob(torch.ones_like(x)) - (1 - x) * black.log_prob(torch.zeros_like(x))
    return torch.stack([image.sum() for image in cost])


bce = check_against(
    _bce,
    [
        Mistake(
            "logits taken for probabilities",
            "Which range do the x_logits have, and of which numbers can one take the logarithm?",
            lambda x, x_logits: -(x * x_logits.log() + (1 - x) * (1 - x_logits).log()).sum(1),
        ),
        Mistake(
            "logits taken for probabilities",
            "Which range do the x_logits have, and which does the function expect that you call?",
            lambda x, x_logits: F.binary_cross_entropy(x_logits, x, reduction="none").sum(1),
        ),
        Mistake(
            "a second sigmoid",
            "How many sigmoids stand between x_logits and your loss, and how many should?",
            lambda x, x_logits: _bce(x, x_logits.sigmoid()),
        ),
        Mistake(
            "x and x̂ swapped",
            "Which of the two says what the pixel is, and which how probable the model holds it?",
            lambda x, x_logits: F.binary_cross_entropy_with_logits(x, x_logits.sigmoid(), reduction="none").sum(1),
        ),
        Mistake(
            "x and x̂ swapped",
            "Which of the two is inside the logarithm?",
            lambda x, x_logits: F.binary_cross_entropy(x, x_logits.sigmoid(), reduction="none").sum(1),
        ),
        Mistake(
            "x and x̂ swapped",
            "Which of the two is inside the logarithm?",
            lambda x, x_logits: F.binary_cross_entropy_with_logits(x, x_logits, reduction="none").sum(1),
        ),
        Mistake(
            "only the white pixels are counted",
            "What does a pixel with x = 0 cost, if the model holds it for white?",
            lambda x, x_logits: -(x * x_logits.sigmoid().log()).sum(1),
        ),
        Mistake(
            "the wrong sign",
            "A cost falls as the model gets better. What does yours do?",
            lambda x, x_logits: -_bce(x, x_logits),
        ),
        Mistake(
            "the mean over the pixels",
            "The KLD is a sum over dimensions. If the BCE is a mean over 784 pixels, what has become of β?",
            lambda x, x_logits: _bce(x, x_logits) / x.shape[1],
        ),
        Mistake(
            "summed over the batch",
            "How many numbers should come back for seven images?",
            lambda x, x_logits: _bce(x, x_logits).sum(),
        ),
        Mistake(
            "averaged over the batch",
            "How many numbers should come back for seven images?",
            lambda x, x_logits: _bce(x, x_logits).mean(),
        ),
        Mistake(
            "the mean over pixels and batch",
            "What does `reduction` say where you do not set it, and by how much is the loss then too small?",
            lambda x, x_logits: _bce(x, x_logits).mean() / x.shape[1],
        ),
        Mistake(
            "not summed over the pixels",
            "How many numbers should come back for seven images?",
            lambda x, x_logits: F.binary_cross_entropy_with_logits(x_logits, x, reduction="none"),
        ),
    ],
    name="bce",
    points=POINTS,
    draw=_draw_bce,
    hints=(
        "The model holds pixel i for white with probability σ(a), where a is its logit. What does it pay for the pixel "
        "it sees?",
        "Per pixel the cost is −x log σ(a) − (1 − x) log(1 − σ(a)). PyTorch has a function that takes a itself and so "
        "keeps its precision.",
        '`F.binary_cross_entropy_with_logits(…, …, reduction="none")` gives the cost of each pixel, first what the '
        "model says, then what is true. What is left is a sum over the right dimension.",
    ),
)


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
    ),
    Mistake(
        "σ taken for σ²",
        "A variance and a standard deviation are both positive, but only one is squared already. Which have you got?",
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


def _draw_sampling(seed):
    # Milder than above, so that 2,000 draws give the KLD to a few per cent; the same Gaussians with two generators.
    generator = torch.Generator().manual_seed(seed)
    kinds = {"main": 7, "one": 1}
    cases = [
        {
            "kind": kind,
            "inputs": {
                "mu": 2 * torch.randn(batch, 5, generator=generator),
                "sigma": torch.exp(0.6 * torch.randn(batch, 5, generator=generator)),
                "n": 2_000,
                "generator": seed,
            },
        }
        for kind, batch in kinds.items()
    ]
    return [*cases, {"kind": "other generator", "inputs": cases[0]["inputs"] | {"generator": seed + 1}}]


def _log_ratios(mu, sigma, n, generator):
    """log q(z) - log p(z) for n draws of z from q, (n, B, D)."""
    z = mu + sigma * torch.randn(n, *mu.shape, generator=generator)
    return Normal(mu, sigma).log_prob(z) - Normal(0.0, 1.0).log_prob(z)


def _from_prior(mu, sigma, n, generator):
    z = torch.randn(n, *mu.shape, generator=generator)
    return (Normal(mu, sigma).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(2).mean(0)


def _kld_by_sampling(mu, sigma, n, generator):
    return _log_ratios(mu, sigma, n, generator).sum(2).mean(0)


kld_by_sampling = check_against(
    _kld_by_sampling,
    [
        Mistake(
            "log p − log q, the wrong sign",
            "z is drawn from q. Which of the two densities is the larger there, on average?",
            lambda **inputs: -_kld_by_sampling(**inputs),
        ),
        Mistake(
            "sampled from the prior",
            "Over which of the two distributions does the KLD average?",
            _from_prior,
        ),
        Mistake(
            "the sum over the draws, not their mean",
            "Should the estimate double if you draw twice as often?",
            lambda **inputs: _log_ratios(**inputs).sum((0, 2)),
        ),
        Mistake(
            "the mean over the dimensions",
            "Each of the D dimensions costs its own nats. Does a mean say what they cost together?",
            lambda **inputs: _log_ratios(**inputs).mean((0, 2)),
        ),
        Mistake(
            "not summed over the dimensions",
            "How many numbers should come back for seven images?",
            lambda **inputs: _log_ratios(**inputs).mean(0),
        ),
        Mistake(
            "averaged over the batch",
            "How many numbers should come back for seven images?",
            lambda **inputs: _log_ratios(**inputs).sum(2).mean(),
        ),
    ],
    name="kld_by_sampling",
    points={
        "shape": 1,
        "value": 5,
        "draws from the generator": 1,
        "batch of one": 1,
        "inputs unchanged": 1,
        "no global seed": 1,
    },
    draw=_draw_sampling,
    tolerance=0.1,
    hints=(
        "The KLD is the mean of log q(z) − log p(z) over many z drawn from q. Which q, and how does one draw from it?",
        "Draw n × B × D numbers of noise from the generator, and make z as in lesson 03. `torch.distributions.Normal` "
        "has a method for the logarithm of its density.",
        "`eps = torch.randn(n, *mu.shape, generator=generator)`, then z, then "
        "`Normal(mu, sigma).log_prob(z) - Normal(0.0, 1.0).log_prob(z)`, of shape (n, B, D). Sum over one dimension of "
        "it, average over another.",
    ),
)
