"""Check of `active_units`: which dimensions are in use, by their KLD and by how far their μ moves."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from vae_checks.check import check_against
from vae_checks.compare import difference, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each
from vae_checks.rate_distortion_collapse.two_parts import recognise_in_parts
from vae_probe.outcome import Case

Masks = tuple[Tensor, Tensor]
PARTS = ("the KLD's", "the variance's")
NATS, VARIANCE = 0.1, 0.01
# Mean and variance of μ, and σ, of dimensions that differ in what a slip makes of them; none is near a threshold.
KINDS = [
    (0.0, 1e-5, 1.0),  # idle
    (0.0, 8e-5, 1.0),  # the same for a mean, not for a sum over 200 images
    (0.2, 1.0, 0.4),  # in use
    (0.0, 1.0, 1.0),  # in use, though not by the mean of μ
    (0.6, 0.3, 1.0),  # in use, though not for every image
    (0.0, 0.5, -0.5),  # in use, with a negative σ
    (0.0, 0.03, 0.985),  # wriggles: a variance above 0.01, and hardly a KLD
    (0.0, 0.015, 0.9925),  # still a variance above 0.01
    (0.0, 0.004, 1.0),  # a standard deviation above 0.01, not a variance
    (0.0, 0.15, 0.975),  # a KLD of 0.08, which without its ½ is 0.15
    (0.0, 0.2, 0.84),  # a KLD of 0.13, most of it by μ
    (-0.8, 1e-5, 1.0),  # an offset, which costs and says nothing
    (0.0, 1e-5, 0.5),  # the same σ for every image, which costs and says nothing
    (0.0, 1e-5, -1.8),
]


def _draw_answers(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [Case("main", _answers(generator, n)) for n in (40, 60, 200)]


def _answers(generator: torch.Generator, n: int) -> dict[str, Tensor]:
    """An encoder's answers for n images, each μ of the same numbers; all in an order of chance."""
    eps = torch.special.ndtri((torch.arange(n) + 0.5) / n)  # the normal distribution, in n equal shares
    eps = torch.stack([eps[torch.randperm(n, generator=generator)] for _ in KINDS], 1) / eps.std(correction=0)
    mean, variance, sigma = (torch.tensor(column) for column in zip(*KINDS, strict=True))
    mu, sigma = mean + variance.sqrt() * eps, sigma.expand(n, -1)
    # Where one image alone is far from the others, with a mean KLD of 0.15 and of 0.05; and where σ alone varies.
    single = torch.zeros(n, 3)
    single[0, :2] = torch.tensor([2 * 0.15 * n, 2 * 0.05 * n]).sqrt()
    steps = torch.ones(n, 3)
    steps[:, 2] = torch.where(torch.arange(n) % 2 == 0, 0.8, 1.2)
    order = torch.randperm(len(KINDS) + 3, generator=generator)
    return {"mu": torch.cat([mu, single], 1)[:, order], "sigma": torch.cat([sigma, steps], 1)[:, order]}


def _active_units(mu: Tensor, sigma: Tensor) -> Masks:
    cost = kl_divergence(Normal(mu.double(), sigma.double().abs()), Normal(0.0, 1.0))
    centred = mu.double() - mu.double().sum(0) / len(mu)
    return cost.sum(0) / len(mu) > NATS, (centred * centred).sum(0) / len(mu) > VARIANCE


def _kld(mu: Tensor, sigma: Tensor) -> Tensor:
    return 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log())


def _by_kld(mask: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Masks]:
    """Another first mask, the right second one."""
    return lambda mu, sigma: (mask(mu, sigma), _active_units(mu, sigma)[1])


def _by_spread(mask: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Masks]:
    """The right first mask, another second one."""
    return lambda mu, sigma: (_active_units(mu, sigma)[0], mask(mu, sigma))


def _counts(mu: Tensor, sigma: Tensor) -> tuple[int, int]:
    first, second = _active_units(mu, sigma)
    return int(first.sum()), int(second.sum())


def _wrong_part(part: int) -> Callable[[Seen], str]:
    def judge(each: Seen) -> str:
        expected, actual = each.expected.value[part], each.outcome.value[part]
        return "" if same(expected, actual) else f"of {PARTS[part]} {difference(expected.long(), actual.long())}"

    return judge


MISTAKES = [
    Mistake(
        "the KLD twice",
        "The second mask does not look at σ at all. What does yours look at?",
        _by_spread(lambda mu, sigma: _kld(mu, sigma).mean(0) > NATS),
    ),
    Mistake(
        "the two are exchanged",
        "Which of the two masks should come first, that of the KLD or that of the variance?",
        lambda mu, sigma: _active_units(mu, sigma)[::-1],
    ),
    Mistake(
        "how many, not which",
        "What should come back for D dimensions: a number, or a True or False for each?",
        _counts,
        lambda mu, sigma: tuple(map(torch.tensor, _counts(mu, sigma))),
    ),
    Mistake(
        "their places, not a mask",
        "What should come back for D dimensions: a True or False for each, or the numbers of those in use?",
        lambda mu, sigma: tuple(mask.nonzero().flatten() for mask in _active_units(mu, sigma)),
    ),
    Mistake(
        "for each image, not for each dimension",
        "Your result has an entry for each image. Over which of the two axes of (N, D) do you average?",
        lambda mu, sigma: (_kld(mu, sigma).mean(1) > NATS, mu.var(1) > VARIANCE),
        lambda mu, sigma: (_kld(mu, sigma).sum(1) > NATS, mu.var(1) > VARIANCE),
        lambda mu, sigma: (_kld(mu, sigma) > NATS, mu.var(0) > VARIANCE),
    ),
    Mistake(
        "those that are idle",
        "True stands for a dimension in use. Is it in use above the threshold, or below?",
        _by_kld(lambda mu, sigma: _kld(mu, sigma).mean(0) < NATS),
        _by_spread(lambda mu, sigma: mu.var(0) < VARIANCE),
    ),
    Mistake(
        "the sum over the images, not their mean",
        "If every image came twice, would more dimensions be in use?",
        _by_kld(lambda mu, sigma: _kld(mu, sigma).sum(0) > NATS),
        _by_spread(lambda mu, sigma: (mu - mu.mean(0)).square().sum(0) > VARIANCE),
    ),
    Mistake(
        "a single image is enough",
        "One image in a hundred has a KLD of 5 nats here, all others 0. What is the mean, and what does yours look at?",
        _by_kld(lambda mu, sigma: (_kld(mu, sigma) > NATS).any(0)),
    ),
    Mistake(
        "most images decide, or all",
        "A dimension may say nothing of most images, and much of a few. What is its mean KLD, and what does yours see?",
        _by_kld(lambda mu, sigma: _kld(mu, sigma).median(0).values > NATS),
        _by_kld(lambda mu, sigma: (_kld(mu, sigma) > NATS).all(0)),
    ),
    Mistake(
        "averaged first, then the KLD",
        "Is the KLD of the average answer the average of the KLDs? Take two images with μ = 2 and μ = −2.",
        _by_kld(lambda mu, sigma: _kld(mu.mean(0), sigma.mean(0)) > NATS),
        _by_kld(lambda mu, sigma: _kld(mu.mean(0), sigma.abs().mean(0)) > NATS),
    ),
    Mistake(
        "the ½ is missing",
        "For μ = 1 and σ = 1 the KLD is ½. What does your formula give?",
        _by_kld(lambda mu, sigma: 2 * _kld(mu, sigma).mean(0) > NATS),
    ),
    Mistake(
        "log σ of a σ that may be negative",
        "σ may come out below 0. What is its logarithm, and what that of σ²?",
        _by_kld(lambda mu, sigma: (0.5 * (mu**2 + sigma**2 - 1) - sigma.log()).mean(0) > NATS),
        _by_kld(lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - sigma.log()).mean(0) > NATS),
    ),
    Mistake(
        "log σ in place of log σ²",
        "At which σ is your KLD smallest, for μ = 0? At which should it be?",
        _by_kld(lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - sigma.abs().log()).mean(0) > NATS),
    ),
    Mistake(
        "μ is left out of the KLD",
        "σ = 1 and μ = 3 for one image, −3 for the next: does the dimension say something?",
        _by_kld(lambda mu, sigma: _kld(0 * mu, sigma).mean(0) > NATS),
    ),
    Mistake(
        "the −1 is missing",
        "For μ = 0 and σ = 1 the KLD is 0. What does your formula give?",
        _by_kld(lambda mu, sigma: (_kld(mu, sigma) + 0.5).mean(0) > NATS),
    ),
    Mistake(
        "another threshold",
        "Two thresholds are asked for, 0.1 nats and a variance of 0.01. Which does each of your masks have?",
        _by_kld(lambda mu, sigma: _kld(mu, sigma).mean(0) > VARIANCE),
        _by_spread(lambda mu, sigma: mu.var(0) > NATS),
    ),
    Mistake(
        "the standard deviation, not the variance",
        "The threshold is for the variance. Which standard deviation belongs to a variance of 0.01?",
        _by_spread(lambda mu, sigma: mu.std(0) > VARIANCE),
    ),
    Mistake(
        "μ is not centred",
        "μ = −0.8 for every image: does μ move? What do you take the mean square of?",
        _by_spread(lambda mu, sigma: mu.square().mean(0) > VARIANCE),
        _by_spread(lambda mu, sigma: mu.abs().mean(0) > VARIANCE),
    ),
    Mistake(
        "the variance of z, not of μ",
        "An idle dimension has σ = 1 for every image. What is the variance of its z, and what that of its μ?",
        _by_spread(lambda mu, sigma: mu.var(0) + sigma.square().mean(0) > VARIANCE),
        _by_spread(lambda mu, sigma: sigma.square().mean(0) > VARIANCE),
    ),
    Mistake(
        "the variance of σ, not of μ",
        "An active unit is one whose mean moves from image to image. Which of the two is the mean?",
        _by_spread(lambda mu, sigma: sigma.var(0) > VARIANCE),
    ),
]


_by_its_ways = check_against(
    _active_units,
    MISTAKES,
    name="active_units",
    points={"shape": 1, "inputs unchanged": 1, "no global seed": 0},
    draw=_draw_answers,
    parts=PARTS,
    forbidden=("vae_lib",),
    hints=(
        "The KLD of each image in each dimension is (N, D): ½ (μ² + σ² − 1 − log σ²). The variance is one of μ alone. "
        "Over which axis do you average?",
        "`.mean(dim=0)` and `.var(dim=0)` look at all images, and leave a number for each dimension.",
        "`kld.mean(dim=0) > 0.1` is a mask (D,), with `kld = 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log())`; the "
        "second mask is made of `mu.var(dim=0)`.",
    ),
)

active_units = replace(
    _by_its_ways,
    properties=[
        _by_its_ways.properties[0],
        Property("by the KLD", 4, judge_each(_wrong_part(0), "main")),
        Property("by the variance of μ", 4, judge_each(_wrong_part(1), "main")),
        *_by_its_ways.properties[1:],
    ],
    recognise=recognise_in_parts(MISTAKES, "main"),
)
