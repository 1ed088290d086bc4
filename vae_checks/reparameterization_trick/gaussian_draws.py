"""What the checks of `reparameterize` and `draw_many` share: are these draws of N(μ, σ²)?

Noise cannot be compared with an expected value. So we draw often, recover the noise (z − μ) / σ, and ask whether it is
distributed as it should be. The bounds are at least 7 standard errors away from what a right answer gives; inputs and
random states are the same in each run, so that an answer near a bound does not fall now here, now there.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from vae_checks.check import recognise_by
from vae_checks.compare import describe, facts_agree, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Seen
from vae_checks.reparameterization_trick.independence import find_dependence
from vae_probe.outcome import Case

NOISE = 20_240_229  # the seed of all noise
TAILS = (3.01, 3.51)  # a clamp at 3 or 3.5 leaves nothing beyond


def gaussians(batch: int, dimensions: int) -> dict[str, Tensor]:
    """Means and standard deviations, a dict of mu and sigma, each (batch, dimensions): always the same."""
    generator = torch.Generator().manual_seed(77)
    # Sigma far from 1, where many wrong formulas agree, and of both signs, as the report's head gives it.
    size = torch.exp(torch.randn(batch, dimensions, generator=generator).clamp(-2, 1.5))
    sigma = size * (torch.randint(2, (batch, dimensions), generator=generator) * 2 - 1)
    sigma[0, :4] = torch.tensor([3.0, -3.0, 0.01, -0.01])
    mu = 2 * torch.randn(batch, dimensions, generator=generator)
    mu[0, 2:4] = 0.5  # small enough for z − μ to be exact, where σ is small
    return {"mu": mu, "sigma": sigma}


def draws_of(value: Any) -> Any:
    """All draws z (R, B, D): a value that is a tensor, or the first and the last result of `call_thrice` in a row."""
    if not isinstance(value, list):
        return value
    first, last = value[0], value[-1]
    alike = all(isinstance(z, Tensor) and z.ndim == 3 and z.shape == first.shape for z in (first, last))
    # The same ones again are a fault of the generator's, not of the noise within a call.
    return torch.cat([first, last]) if alike and not same(first, last) else first


def first_of(value: Any) -> Any:
    """The draws z (R, B, D) of one call: the value, or its first part if it is what `call_thrice` gave."""
    return value[0] if isinstance(value, list) else value


def are_draws(z: Any, case: Case) -> bool:
    """Whether z is a tensor (R, B, D) for the mu (B, D) of the case."""
    return isinstance(z, Tensor) and z.ndim == 3 and z.shape[1:] == case.inputs["mu"].shape


def noise_of(each: Seen) -> Tensor:
    """The noise (R, B, D) in the draws, in float64."""
    z, mu, sigma = _doubles(each)
    # One number in 16 million that `torch.rand` gives is 0, and its logarithm infinite: no fault that matters.
    return ((z - mu) / sigma).clamp(-6, 6)


def _doubles(each: Seen) -> tuple[Tensor, Tensor, Tensor]:
    inputs = each.case.inputs
    return draws_of(each.outcome.value).double(), inputs["mu"].double(), inputs["sigma"].double()


def without_noise(each: Seen) -> Tensor:
    """Which numbers of z are μ in each draw, (B, D) of bool."""
    z, mu, sigma = _doubles(each)
    return ((z - mu).abs() < 1e-3 * sigma.abs()).all(0)


def _own_noise(each: Seen) -> Tensor:
    """The noise (R, B, D) in the draws whatever their mean and spread: a wrong σ makes no noise dependent.

    Numbers of z with a wrong mean or spread get those of noise of ours, and numbers without noise all of it.
    """
    z, mu, sigma = _doubles(each)
    ours = torch.randn(z.shape, generator=torch.Generator().manual_seed(NOISE), dtype=z.dtype)
    mean, spread, sure = z.mean(0), z.std(0).clamp(min=1e-12), 8 / len(z) ** 0.5
    right = ((mean - mu).abs() < sure * spread) & ((spread / sigma.abs() - 1).abs() < sure)
    noise = torch.where(right, (z - mu) / sigma, (z - mean) / spread * ours.std(0) + ours.mean(0))
    return torch.where(without_noise(each), ours, noise.clamp(-6, 6))


def of_one_draw(each: Seen) -> Seen:
    """What was seen, with one draw where all are the same: by itself that may be right."""
    z = each.outcome.value
    return each._replace(outcome=replace(each.outcome, value=z[:1])) if (z == z[0]).all() else each


def find_fault(each: Seen) -> str:
    """What is wrong with z (R, B, D) as R draws of N(mu, sigma²), a sentence, or "" if nothing is."""
    return judge_independence(each) or judge_spread(each) or judge_normality(each)


def judge_independence(each: Seen) -> str:
    """Does each number of z have noise of its own?"""
    noise, z = _own_noise(each), first_of(each.outcome.value)
    if (z == z[0]).all():
        return "each draw gives the very same z"
    return "" if noise.isnan().any() else find_dependence(noise)


def judge_spread(each: Seen) -> str:
    """Do the draws have the mean and the standard deviation that they should?"""
    z, mu, sigma = _doubles(each)
    noise = noise_of(each)
    mean, spread = noise.mean(0), noise.std(0, correction=0)
    off = torch.maximum(mean.abs(), (spread - 1).abs()).nan_to_num(torch.inf)
    if len(noise) > 1 and off.max() > 8 / len(noise) ** 0.5:  # a single draw has no spread
        i, d = divmod(int(off.argmax()), mu.shape[1])
        return (
            f"{len(z)} draws of z[{i}, {d}] have mean {z[:, i, d].mean():.3g} and standard deviation "
            f"{z[:, i, d].std():.3g}, expected {mu[i, d]:.3g} and {sigma[i, d].abs():.3g}"
        )
    count, mean, spread = noise.numel(), noise.mean(), noise.std()
    if max(mean.abs(), abs(spread - 1) * 2**0.5) > 7 / count**0.5:
        return (
            f"{count:,} numbers (z − μ) / σ have mean {mean:.3f} and standard deviation {spread:.3f}, expected 0 and 1 "
            f"to within {7 / count**0.5:.3f}"
        )
    return ""


def judge_normality(each: Seen) -> str:
    """Is the noise distributed as N(0, 1)?"""
    noise = noise_of(each).flatten().sort().values
    count = len(noise)
    right = torch.special.ndtr(noise)
    apart = (right - (torch.arange(count) + 0.5) / count).abs()
    # The distance times √n exceeds 3.2 once in 400 million times, for any n (Massart 1990).
    if not apart.max() * count**0.5 < 3.2:
        k = int(apart.nan_to_num(torch.inf).argmax())
        return (
            f"of {count:,} numbers (z − μ) / σ, {k / count:.1%} lie below {noise[k]:.2f}; "
            f"of numbers from N(0, 1) it is {right[k]:.1%}"
        )
    for bound in TAILS:
        beyond = int((noise.abs() > bound).sum())
        expected = 2 * float(torch.special.ndtr(torch.tensor(-bound, dtype=torch.float64))) * count
        if expected > 40 and (abs(beyond - expected) > 8 * expected**0.5 or not beyond):
            return (
                f"of {count:,} numbers (z − μ) / σ, {beyond} lie beyond ±{bound}; "
                f"of numbers from N(0, 1) it is about {expected:.0f}"
            )
    return ""


def judge_groups(noises: list[Tensor]) -> str:
    """Is the noise of a call as it was drawn, or was it made to have mean 0 or standard deviation 1?"""
    means = sum(float(noise.mean().square() * noise.numel()) for noise in noises)
    spreads = sum(float((noise.std() - 1).square() * 2 * noise.numel()) for noise in noises)
    # Each sum is that of len(noises) squared numbers from N(0, 1): with 8, below 0.02 once in a thousand million times.
    if means < 0.02:
        return "in each call the noise has a mean of exactly 0, and independent noise has not"
    if spreads < 0.02:
        return "in each call the noise has a standard deviation of exactly 1, and independent noise has not"
    return ""


def _likeness(seen: list[Seen]) -> tuple[list, Tensor]:
    """What two runs of one mistake have in common: plain data, and numbers that agree up to 0.3."""
    case, outcome, _ = seen[0]
    if outcome.error:
        return [outcome.error.type, outcome.error.message[:40]], torch.zeros(0)
    z, mu = first_of(outcome.value), case.inputs["mu"].double()
    if not are_draws(z, case):
        return [describe(z)], torch.zeros(0)
    reached = [isinstance(g, Tensor) and bool(g.any()) for g in outcome.gradients.values()]
    ignored = len(seen) > 1 and same(outcome.value, seen[1].outcome.value)
    if (z == z[0]).all():
        eps = (z[0].double() - mu) / case.inputs["sigma"].double()
        return ["repeated", outcome.seeded, bool(eps.std() < 1e-3), ignored], torch.zeros(0)
    z, sigma = z.double(), case.inputs["sigma"].double().abs()
    spread = torch.maximum(z.std(0), sigma / 1000)  # less is none at all
    noise = (z - z.mean(0)) / spread
    together = (
        torch.corrcoef(noise.flatten(1).T).view(2 * noise.shape[1:]).abs().nan_to_num()
    )  # a negative sigma turns the sign
    images = together.diagonal(dim1=1, dim2=3).mean(2).fill_diagonal_(0).mean()
    dimensions = together.diagonal(dim1=0, dim2=2).mean(2).fill_diagonal_(0).mean()
    numbers = (z.mean(0) - mu) / spread, 2 * (spread / sigma).log()
    tails = noise.pow(4).mean() / 2
    plain = [reached, ignored, outcome.moved, outcome.varies and not outcome.moved]
    return plain, torch.cat([*map(torch.flatten, numbers), torch.stack([images, dimensions, tails])])


def recognise_draws(mistakes: list[Mistake], call: Callable) -> Callable[[list[Seen]], Mistake | None]:
    """A function for `Check.recognise` that compares many draws, made with `call`, with those of each mistake."""
    return recognise_by(
        _likeness,
        mistakes,
        call,
        agree=partial(facts_agree, relative=0, absolute=0.3),
        kinds=("main", "other generator"),
    )
