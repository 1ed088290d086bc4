"""Check of `kld`: the KLD of each image in closed form."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from vae_checks.check import tensor_cases
from vae_checks.compare import difference
from vae_checks.extremes import check_with_extremes
from vae_checks.mistakes import Mistake, both
from vae_checks.properties import Property, Seen, judge_each
from vae_checks.slips import forgive_count, of_each_image
from vae_probe.outcome import Case


def _draw_gaussians(seed: int) -> list[Case]:
    def make(generator: torch.Generator, batch: int) -> dict[str, Tensor]:
        def signs() -> Tensor:
            return torch.randint(2, (batch, 5), generator=generator) * 2 - 1

        # Sigma far from 1, where many wrong formulas agree, and of both signs, as the report's head gives it. What is
        # added to σ² shows from 0.001 on at 0.3, the smallest, whatever is drawn: the KLD lies between 8 and 30.
        sigma = 0.6 * 5 ** torch.rand(batch, 5, generator=generator) * signs()
        sigma[:, :3] = torch.tensor([3.0, -3.0, 0.3])
        return {"mu": (1 + 1.5 * torch.rand(batch, 5, generator=generator)) * signs(), "sigma": sigma}

    # A little more than σ² inside the logarithm shows here from 1e-6 on, which is off by 1.2e-3; the 1e-7 of many
    # tutorials, off by 1.2e-4, does not matter. The product of these 40 σ² is below all numbers of float32.
    signs = (-1.0) ** torch.arange(280).view(7, 40)
    small = {"mu": torch.zeros(7, 40), "sigma": 0.01 * signs}
    near = {"mu": torch.linspace(0, 0.3, 7)[:, None].expand(7, 5).clone(), "sigma": signs[:, :5].clone()}
    return [*tensor_cases(seed, make), Case("extreme", small), Case("prior", near)]


def _kld(mu: Tensor, sigma: Tensor) -> Tensor:
    q = Normal(mu, sigma.abs())
    return kl_divergence(q, Normal(torch.zeros_like(mu), torch.ones_like(mu))).sum(1)


KEPT_AWAY = Mistake(
    "a small σ is kept away from 0",
    "What is log σ² at σ = 0.01, and of which number do you take the logarithm there?",
)


PRODUCT = Mistake(
    "the logarithm of a product",
    "How large is the product of forty numbers of 0.0001, and how large can a float32 be that is not 0? Which sum of "
    "logarithms is the logarithm of that product?",
)


def _recognise_small(actual: Tensor, expected: Tensor) -> Mistake | None:
    if (actual == torch.inf).all():
        return PRODUCT
    return KEPT_AWAY if (actual < expected).all() else None


def _with_added(added: float) -> Callable[..., Tensor]:
    return lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2 + added).log()).sum(1)


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
        lambda mu, sigma: 0.5 * (mu**2 + sigma.log().exp() - 1 - sigma.log()).sum(1),
    ),
    Mistake(
        "+ log σ², the wrong sign",
        "What should the KLD do as σ falls towards 0: grow or shrink? What does yours?",
        lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 + (sigma**2).log()).sum(1),
    ),
    Mistake(
        "the logarithm of a σ cut to 0",
        "The report's σ may come out below 0. Which σ² belongs to −3, and of which number do you take the logarithm?",
        lambda mu, sigma: (0.5 * (mu**2 + sigma**2 - 1) - sigma.clamp(min=1e-6).log()).sum(1),
        lambda mu, sigma: (0.5 * (mu**2 + sigma**2 - 1) - sigma.clamp(min=1e-8).log()).sum(1),
    ),
    Mistake(
        "the mean is forgotten",
        "Move q away from the origin, with σ = 1. What should the KLD do, and what does yours?",
        lambda mu, sigma: _kld(torch.zeros_like(mu), sigma),
    ),
    Mistake(
        "+ 1 in place of − 1",
        "For μ = 0 and σ = 1 the two distributions are the same. What does your formula give there?",
        lambda mu, sigma: _kld(mu, sigma) + mu.shape[1],
    ),
    Mistake(
        "the −1 is missing",
        "For μ = 0 and σ = 1 the two distributions are the same. What does your formula give there?",
        lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - (sigma**2).log()).sum(1),
    ),
    Mistake(
        "the −1 once for an image, not for each dimension",
        "For D = 5, μ = 0 and σ = 1: what does your sum give, and how often does it take 1 away?",
        lambda mu, sigma: 0.5 * ((mu**2 + sigma**2 - (sigma**2).log()).sum(1) - 1),
    ),
    Mistake(
        "− σ², the wrong sign",
        "What should the KLD do as σ grows far beyond 1: grow or fall? What does yours?",
        lambda mu, sigma: 0.5 * (mu**2 - sigma**2 - 1 - (sigma**2).log()).sum(1),
    ),
    Mistake(
        "the KLD turned round: of the prior from q",
        "KL(q ‖ p) averages over draws of q. Over which of the two does yours? Try σ = 3, then σ = ⅓.",
        lambda mu, sigma: kl_divergence(Normal(torch.zeros_like(mu), 1.0), Normal(mu, sigma.abs())).sum(1),
    ),
    Mistake(
        "bits in place of nats",
        "To which base is the logarithm in a KLD in nats?",
        lambda mu, sigma: _kld(mu, sigma) / math.log(2),
        lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log2()).sum(1),
    ),
    Mistake(
        "the logarithm to base 10",
        "To which base is the logarithm in a KLD in nats?",
        lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log10()).sum(1),
    ),
    Mistake(
        "the logarithm of μ², not of σ²",
        "What should your formula do at μ = 0, where many codes lie?",
        lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - (mu**2).log()).sum(1),
    ),
    Mistake(
        "the ½ on the first term only",
        "For μ = 0 and σ = 2, by hand: which of the four terms does the ½ stand in front of?",
        lambda mu, sigma: (0.5 * mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(1),
    ),
    Mistake(
        "σ in place of σ² in one term",
        "σ² stands in the formula twice. Where do you square, and where not?",
        lambda mu, sigma: 0.5 * (mu**2 + sigma - 1 - (sigma**2).log()).sum(1),
        lambda mu, sigma: 0.5 * (mu**2 + sigma.abs() - 1 - (sigma**2).log()).sum(1),
        lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - sigma.log()).sum(1),
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
        lambda mu, sigma: 0.5 * (mu**2 + sigma - 1 - sigma.abs().log()).sum(1),
    ),
    Mistake(
        "σ squared twice",
        "`Normal` wants a standard deviation, and your formula a variance. Which have you got, and how often do you "
        "square it?",
        lambda mu, sigma: _kld(mu, sigma**2),
        lambda mu, sigma: 0.5 * (mu**2 + sigma**4 - 1 - (sigma**2).log()).sum(1),
    ),
    Mistake(
        "40 dimensions, whatever D is",
        "For D = 5, μ = 0 and σ = 1: how often does your formula take 1 away?",
        lambda mu, sigma: 0.5 * ((mu**2 + sigma**2 - (sigma**2).log()).sum(1) - 40),
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
        "summed over the images, not over the dimensions",
        "Your result has a number for each dimension. For which of the two dimensions of (B, D) should it have one?",
        lambda mu, sigma: (0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log())).sum(0),
        lambda mu, sigma: (0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log())).mean(0),
    ),
    Mistake(
        "summed over the batch",
        "How many numbers should come back for seven images?",
        lambda mu, sigma: _kld(mu, sigma).sum(),
        lambda mu, sigma: 0.5 * (mu**2 + sigma.exp() - 1 - sigma).sum(),
    ),
    Mistake(
        "averaged over the batch",
        "How many numbers should come back for seven images?",
        lambda mu, sigma: _kld(mu, sigma).mean(),
    ),
    Mistake(
        "a negative σ cut to 0: −σ and σ are the same spread",
        "The report's σ may come out below 0. Which σ² belongs to −3, and which is left of it after your cut?",
        lambda mu, sigma: _kld(mu, sigma.clamp(min=1e-6)),
        lambda mu, sigma: _kld(mu, sigma.clamp(min=1e-8)),
    ),
    Mistake(
        "μ not squared",
        "Should it matter for the KLD whether μ is 2 or −2?",
        lambda mu, sigma: 0.5 * (mu + sigma**2 - 1 - (sigma**2).log()).sum(1),
    ),
    Mistake(
        KEPT_AWAY.name,
        KEPT_AWAY.question,
        *map(_with_added, (1e-3, 1e-2)),  # a smaller one shows near 0 alone
    ),
]
_named = {mistake.name: mistake for mistake in KLD_MISTAKES}
MEAN = _named["the mean over the dimensions"]
PAIRS = [
    both(
        _named["the ½ is missing"],
        _named["log σ in place of log σ²"],
        lambda mu, sigma: (mu**2 + sigma**2 - 1 - sigma.abs().log()).sum(1),
    ),
    both(_named["the wrong sign"], _named["the ½ is missing"], lambda mu, sigma: -2 * _kld(mu, sigma)),
    *(
        both(first, MEAN, *((lambda mu, sigma, way=way: way(mu, sigma) / mu.shape[1]) for way in first.ways))
        for first in KLD_MISTAKES
        if first is not MEAN
    ),
]


FLOOR = Mistake(
    "a floor under the KLD",
    "For μ = 0 and σ = 1 the two distributions are the same. What does your function give there?",
)


def _near_prior(each: Seen) -> str:
    expected, actual = each.expected.value, each.outcome.value
    if (expected - actual).abs().max() < 1e-3:
        return ""
    return f"for σ = ±1 and μ from 0 (the first image) to 0.3 (the last): {difference(expected, actual, 0.003)}"


NEAR_PRIOR = Property("near the prior", 0, judge_each(_near_prior, "prior"), follows=("value",), cap=4)


def _recognise(seen: list[Seen]) -> Mistake | None:
    found = _by_its_ways.recognise(seen)
    values = [each for each in _by_its_ways.properties if each.name in ("shape", "value") and each.judge(seen)]
    return FLOOR if not (found or values) and NEAR_PRIOR.judge(seen) else found


_by_its_ways = check_with_extremes(
    _kld,
    [*KLD_MISTAKES, *PAIRS],
    name="kld",
    draw=_draw_gaussians,
    extreme="σ near 0",
    inputs="for μ = 0 and σ = ±0.01 in 40 dimensions",
    recognise=_recognise_small,
    tolerance=4e-4,
    hints=(
        "The KLD is 0 where μ = 0 and σ = 1 in every dimension, and above 0 elsewhere. Try your formula there first.",
        "For one dimension it is ½ (μ² + σ² − 1 − log σ²). Which of these terms is the price of a mean away from 0?",
        "`0.5 * (mu**2 + … - 1 - (sigma**2).log())` has the shape (B, D); the KLD of an image is its sum over D.",
    ),
)
kld = forgive_count(
    replace(_by_its_ways, properties=[*_by_its_ways.properties, NEAR_PRIOR], recognise=_recognise), of_each_image
)
