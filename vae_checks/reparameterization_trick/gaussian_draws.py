"""What the checks of `reparameterize` and `draw_many` share: are these draws of N(μ, σ²)?

Noise cannot be compared with an expected value. So we draw often, recover the noise (z − μ) / σ, and ask whether it is
distributed as it should be. A right answer fails here with a probability far below one in a million.
"""

from collections.abc import Callable
from typing import Any

import torch

from vae_checks.check import recognise_by
from vae_checks.compare import describe, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Seen
from vae_probe.outcome import Case


def draw_gaussians(generator: torch.Generator, batch: int) -> dict[str, torch.Tensor]:
    """Means and standard deviations, a dict of mu and sigma, each (batch, 5)."""
    # Sigma far from 1, where many wrong formulas agree, and of both signs, as the report's head gives it.
    size = torch.exp(torch.randn(batch, 5, generator=generator).clamp(-2, 1.5))
    sign = torch.randint(2, (batch, 5), generator=generator) * 2 - 1
    return {"mu": 2 * torch.randn(batch, 5, generator=generator), "sigma": size * sign}


def _doubles(each):
    """The draws z (R, B, D), and mu and sigma (B, D), in float64."""
    return each.outcome.value.double(), each.case.inputs["mu"].double(), each.case.inputs["sigma"].double()


def _noise(each):
    z, mu, sigma = _doubles(each)
    return (z - mu) / sigma


def find_fault(each: Seen) -> str:
    """What is wrong with z (R, B, D) as R draws of N(mu, sigma²), a sentence, or "" if nothing is."""
    return judge_spread(each) or judge_normality(each) or judge_dependence(each)


def judge_spread(each: Seen) -> str:
    """Do the draws have the mean and the standard deviation that they should?"""
    z, mu, sigma = _doubles(each)
    sigma, mean, spread = sigma.abs(), z.mean(0), z.std(0)
    off = torch.maximum((mean - mu).abs() / sigma, (spread / sigma - 1).abs()).nan_to_num(torch.inf)
    if off.max() < 0.25:  # 8 standard errors
        return ""
    i, d = divmod(int(off.argmax()), mu.shape[1])
    return (
        f"{len(z)} draws of z[{i}, {d}] have mean {mean[i, d]:.3g} and standard deviation {spread[i, d]:.3g}, "
        f"expected {mu[i, d]:.3g} and {sigma[i, d]:.3g}"
    )


def judge_normality(each: Seen) -> str:
    """Is the noise distributed as N(0, 1)?"""
    noise = _noise(each)
    # The distance times √n exceeds 3 once in 30 million times, for any n (Massart 1990). Numbers that depend on each
    # other count as one.
    n = len(noise) if judge_dependence(each) else noise.numel()
    if _distance_to_normal(noise) * n**0.5 < 3:
        return ""
    inside = (noise.abs() < 1).double().mean()
    return f"{inside:.0%} of all (z − μ) / σ lie between −1 and 1; for N(0, 1) it is 68%"


def _distance_to_normal(noise):
    """The largest distance between the distribution function of the noise and that of N(0, 1)."""
    below = torch.special.ndtr(noise.flatten().sort().values)
    steps = torch.linspace(0, 1, len(below) + 1, dtype=torch.float64)
    return torch.maximum((below - steps[:-1]).abs(), (below - steps[1:]).abs()).max()


def judge_dependence(each: Seen) -> str:
    """Does each number of z have noise of its own?"""
    noise = _noise(each)
    if (noise == noise[0]).all():
        return "each draw gives the very same z"
    pairs = _correlations(noise).flatten(2).flatten(0, 1).fill_diagonal_(0).abs()
    if not pairs.max() > 0.3:  # 9 standard errors
        return ""
    (i, d), (j, e) = (divmod(int(k), noise.shape[2]) for k in divmod(int(pairs.argmax()), len(pairs)))
    return f"the noise of z[{i}, {d}] goes with that of z[{j}, {e}], their correlation is {pairs.max():.2f}"


def _correlations(noise):
    """Of each two numbers of z, over the draws: (B, D, B, D)."""
    return torch.corrcoef(noise.flatten(1).T).view(2 * noise.shape[1:])


def _likeness(seen):
    """What two runs of one mistake have in common: plain data, and numbers that agree up to 0.3."""
    case, outcome, _ = seen[0]
    if outcome.error:
        return [outcome.error.type, outcome.error.message[:40]], torch.zeros(0)
    z, mu = outcome.value, case.inputs["mu"].double()
    if not are_draws(z, case):
        return describe(z), torch.zeros(0)
    reached = [g is not None and bool(g.any()) for g in outcome.gradients.values()]
    ignored = len(seen) > 1 and same(z, seen[1].outcome.value)
    if (z == z[0]).all():
        return ["repeated", outcome.seeded, same(z[0].double(), mu)], torch.zeros(0)
    z, spread = z.double(), z.double().std(0)
    noise = (z - z.mean(0)) / spread
    together = _correlations(noise).abs()  # a negative sigma turns the sign
    images = together.diagonal(dim1=1, dim2=3).mean(2).fill_diagonal_(0).mean()
    dimensions = together.diagonal(dim1=0, dim2=2).mean(2).fill_diagonal_(0).mean()
    numbers = (z.mean(0) - mu) / spread, (spread / case.inputs["sigma"].double().abs()).log()
    tails = noise.pow(4).mean() / 2
    return [reached, ignored], torch.cat([*map(torch.flatten, numbers), torch.stack([images, dimensions, tails])])


def are_draws(z: Any, case: Case) -> bool:
    """Whether z is a tensor (R, B, D) for the mu (B, D) of the case."""
    return isinstance(z, torch.Tensor) and z.ndim == 3 and z.shape[1:] == case.inputs["mu"].shape


def _agree(wrong, likeness):
    (plain, numbers), (others, other_numbers) = wrong, likeness
    return plain == others and torch.allclose(other_numbers, numbers, rtol=0, atol=0.3, equal_nan=True)


def recognise_draws(mistakes: list[Mistake], call: Callable) -> Callable[[list[Seen]], Mistake | None]:
    """A function for `Check.recognise` that compares many draws, made with `call`, with those of each mistake."""
    return recognise_by(_likeness, mistakes, call, agree=_agree, kinds=("main", "other generator"))
