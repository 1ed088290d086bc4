"""Right and wrong answers to assignment 04, in other words than the checks' own."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Independent, Normal, kl_divergence


def bce_vectorised(x, x_logits):
    p = torch.sigmoid(x_logits.double())
    return -(torch.xlogy(x, p) + torch.xlogy(1 - x, 1 - p)).sum(-1).to(x_logits.dtype)


def bce_loop(x, x_logits):
    return torch.stack([F.softplus(a).sum() - (a * image).sum() for image, a in zip(x, x_logits, strict=True)])


def kld_of_log_var(mu, sigma):
    log_var = (sigma * sigma).log()
    return -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp(), dim=1)


def kld_of_distributions(mu, sigma):
    prior = Independent(Normal(torch.zeros_like(mu), torch.ones_like(sigma)), 1)
    return kl_divergence(Independent(Normal(mu, sigma.abs()), 1), prior)


def kld_loop(mu, sigma):
    return torch.stack(
        [
            sum((m**2 + s**2) / 2 - 0.5 - s.abs().log() for m, s in zip(*pair, strict=True))
            for pair in zip(mu, sigma, strict=True)
        ]
    )


def sampling_vectorised(mu, sigma, n, generator):
    eps = torch.randn((n, *mu.shape), generator=generator)
    z = mu + sigma * eps
    return (0.5 * (z**2 - eps**2) - sigma.log()).sum(2).mean(0)


def sampling_from_prior(mu, sigma, n, generator):
    z = torch.randn((n, *mu.shape), generator=generator)
    return (0.5 * (z**2 - ((z - mu) / sigma) ** 2) - sigma.log()).sum(2).mean(0)


def sampling_of_each_dimension(mu, sigma, n, generator):
    eps = torch.randn((n, *mu.shape), generator=generator)
    return (0.5 * ((mu + sigma * eps) ** 2 - eps**2) - sigma.log()).mean(0)


def sampling_loop(mu, sigma, n, generator):
    total = torch.zeros(len(mu))
    for _ in range(n):
        z = mu + sigma * torch.randn(mu.shape, generator=generator)
        total += (Normal(mu, sigma).log_prob(z) + 0.5 * z**2 + 0.5 * math.log(2 * math.pi)).sum(1)
    return total / n


RIGHT = {
    "bce": [bce_vectorised, bce_loop],
    "kld": [kld_of_log_var, kld_of_distributions, kld_loop],
    "kld_by_sampling": [sampling_vectorised, sampling_loop],
}

# The name that the check must give the mistake, and an answer that makes it.
WRONG = {
    "bce": [
        (
            "logits taken for probabilities",
            lambda x, x_logits: F.binary_cross_entropy(x_logits, x, reduction="none").sum(1),
        ),
        (
            "logits taken for probabilities",
            lambda x, x_logits: (-x * torch.log(x_logits) - (1 - x) * torch.log(1 - x_logits)).sum(1),
        ),
        (
            "a second sigmoid",
            lambda x, x_logits: F.binary_cross_entropy_with_logits(torch.sigmoid(x_logits), x, reduction="none").sum(1),
        ),
        (
            "x and x̂ swapped",
            lambda x, x_logits: F.binary_cross_entropy(x, torch.sigmoid(x_logits), reduction="none").sum(1),
        ),
        ("only the white pixels are counted", lambda x, x_logits: -(x * F.logsigmoid(x_logits)).sum(1)),
        ("the wrong sign", lambda x, x_logits: -bce_loop(x, x_logits)),
        (
            "the mean over the pixels",
            lambda x, x_logits: F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").mean(1),
        ),
        ("summed over the batch", lambda x, x_logits: F.binary_cross_entropy_with_logits(x_logits, x, reduction="sum")),
        (
            "averaged over the batch",
            lambda x, x_logits: F.binary_cross_entropy_with_logits(x_logits, x, reduction="sum") / len(x),
        ),
        ("the mean over pixels and batch", lambda x, x_logits: F.binary_cross_entropy_with_logits(x_logits, x)),
        ("not summed over the pixels", lambda x, x_logits: F.softplus(x_logits) - x * x_logits),
    ],
    "kld": [
        ("the wrong sign", lambda mu, sigma: 0.5 * (1 + (sigma**2).log() - mu**2 - sigma**2).sum(1)),
        ("log σ in place of log σ²", lambda mu, sigma: -0.5 * (1 + sigma.abs().log() - mu**2 - sigma**2).sum(1)),
        (
            "log σ of a σ that may be negative",
            lambda mu, sigma: (mu**2 / 2 + sigma**2 / 2 - 0.5 - torch.log(sigma)).sum(1),
        ),
        ("σ taken for log σ²", lambda mu, sigma: -0.5 * (1 + sigma - mu**2 - torch.exp(sigma)).sum(1)),
        ("σ taken for log σ", lambda mu, sigma: -0.5 * (1 + 2 * sigma - mu**2 - torch.exp(2 * sigma)).sum(1)),
        ("σ taken for σ²", lambda mu, sigma: -0.5 * (1 + torch.log(sigma) - mu**2 - sigma).sum(1)),
        ("the ½ is missing", lambda mu, sigma: -(1 + (sigma**2).log() - mu**2 - sigma**2).sum(1)),
        ("not summed over the dimensions", lambda mu, sigma: -0.5 * (1 + (sigma**2).log() - mu**2 - sigma**2)),
        ("the mean over the dimensions", lambda mu, sigma: -0.5 * (1 + (sigma**2).log() - mu**2 - sigma**2).mean(1)),
        ("divided by the 784 pixels", lambda mu, sigma: -0.5 / 784 * (1 + (sigma**2).log() - mu**2 - sigma**2).sum(1)),
        ("summed over the batch", lambda mu, sigma: -0.5 * (1 + (sigma**2).log() - mu**2 - sigma**2).sum()),
        ("averaged over the batch", lambda mu, sigma: -0.5 * (1 + (sigma**2).log() - mu**2 - sigma**2).sum(1).mean()),
        ("μ not squared", lambda mu, sigma: -0.5 * (1 + (sigma**2).log() - mu - sigma**2).sum(1)),
    ],
    "kld_by_sampling": [
        ("log p − log q, the wrong sign", lambda **inputs: -sampling_vectorised(**inputs)),
        ("averaged over the batch", lambda **inputs: sampling_vectorised(**inputs).mean()),
        ("sampled from the prior", sampling_from_prior),
        ("not summed over the dimensions", sampling_of_each_dimension),
        ("the mean over the dimensions", lambda **inputs: sampling_of_each_dimension(**inputs).mean(1)),
        ("the sum over the draws, not their mean", lambda n, **inputs: n * sampling_vectorised(n=n, **inputs)),
    ],
}

# Mutants of the model answer that no check can tell from it, with the reason: {name: {mutant: reason}}.
EQUIVALENT = {
    "bce": {},
    "kld": {},
    "kld_by_sampling": {
        "4: torch.randn(n, *mu.shape, generator=generator) → -torch.randn(n, *mu.shape, generator=generator)": (
            "−ε is drawn from N(0, I), too"
        ),
        "5: mu + sigma * eps → mu - sigma * eps": "−ε is drawn from N(0, I), too",
    },
}
