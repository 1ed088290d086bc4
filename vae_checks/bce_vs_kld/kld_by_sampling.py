"""Check of `kld_by_sampling`: the KLD of each image, estimated from draws."""

import torch
from torch.distributions import Normal

from vae_checks.check import check_against
from vae_checks.mistakes import Mistake
from vae_probe.outcome import Case


def _draw_sampling(seed):
    # Milder than above, so that 2,000 draws give the KLD to a few per cent; the same Gaussians with two generators.
    generator = torch.Generator().manual_seed(seed)
    kinds = {"main": 7, "one": 1}
    cases = [
        Case(
            kind,
            {
                "mu": 2 * torch.randn(batch, 5, generator=generator),
                "sigma": torch.exp(0.6 * torch.randn(batch, 5, generator=generator)),
                "n": 2_000,
                "generator": seed,
            },
        )
        for kind, batch in kinds.items()
    ]
    return [*cases, Case("other generator", cases[0].inputs | {"generator": seed + 1})]


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
