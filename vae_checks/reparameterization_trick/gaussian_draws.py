"""What the checks of `reparameterize` and `draw_many` share: are these draws of N(μ, σ²)?

Noise cannot be compared with an expected value. So we draw often, recover the noise (z − μ) / σ, and ask whether it is
distributed as it should be. A right answer fails here with a probability far below one in a million.
"""

import torch

from vae_checks.compare import describe, same
from vae_probe.outcome import unpack


def draw_gaussians(generator, batch):
    """Means and standard deviations, a dict of mu and sigma, each (batch, 5)."""
    # Sigma far from 1, where many wrong formulas agree, and of both signs, as the report's head gives it.
    size = torch.exp(torch.randn(batch, 5, generator=generator).clamp(-2, 1.5))
    sign = torch.randint(2, (batch, 5), generator=generator) * 2 - 1
    return {"mu": 2 * torch.randn(batch, 5, generator=generator), "sigma": size * sign}


def find_faults(z, mu, sigma):
    """What is wrong with z (R, B, D) as R draws of N(mu, sigma²): {property: a sentence, or "" if nothing is}."""
    z, mu, sigma = z.double(), mu.double(), sigma.double()
    noise = (z - mu) / sigma
    dependence = _dependence(noise)
    # The distance times √n exceeds 3 once in 30 million times, for any n (Massart 1990). Numbers that depend on each
    # other count as one.
    n = len(noise) if dependence else noise.numel()
    inside = (noise.abs() < 1).double().mean()
    return {
        "mean and spread": _spread(z, mu, sigma.abs()),
        "normal noise": ""
        if _distance_to_normal(noise) * n**0.5 < 3
        else f"{inside:.0%} of all (z − μ) / σ lie between −1 and 1; for N(0, 1) it is 68%",
        "independent noise": dependence,
    }


def _spread(z, mu, sigma):
    mean, spread = z.mean(0), z.std(0)
    off = torch.maximum((mean - mu).abs() / sigma, (spread / sigma - 1).abs()).nan_to_num(torch.inf)
    if off.max() < 0.25:  # 8 standard errors
        return ""
    i, d = divmod(int(off.argmax()), mu.shape[1])
    return (
        f"{len(z)} draws of z[{i}, {d}] have mean {mean[i, d]:.3g} and standard deviation {spread[i, d]:.3g}, "
        f"expected {mu[i, d]:.3g} and {sigma[i, d]:.3g}"
    )


def _distance_to_normal(noise):
    """The largest distance between the distribution function of the noise and that of N(0, 1)."""
    below = torch.special.ndtr(noise.flatten().sort().values)
    steps = torch.linspace(0, 1, len(below) + 1, dtype=torch.float64)
    return torch.maximum((below - steps[:-1]).abs(), (below - steps[1:]).abs()).max()


def _dependence(noise):
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


def _likeness(cases, outcomes):
    """What two runs of one mistake have in common: plain data, and numbers that agree up to 0.3."""
    inputs, outcome = cases[0]["inputs"], outcomes[0]
    if outcome["error"]:
        return [outcome["error"]["type"], outcome["error"]["message"][:40]], torch.zeros(0)
    z, mu = outcome["value"], inputs["mu"].double()
    if not are_draws(z, cases[0]):
        return describe(z), torch.zeros(0)
    reached = [g is not None and bool(g.any()) for g in outcome["gradients"].values()]
    ignored = len(cases) > 1 and same(z, outcomes[1]["value"])
    if (z == z[0]).all():
        return ["repeated", outcome["seeded"], same(z[0].double(), mu)], torch.zeros(0)
    z, spread = z.double(), z.double().std(0)
    noise = (z - z.mean(0)) / spread
    together = _correlations(noise).abs()  # a negative sigma turns the sign
    images = together.diagonal(dim1=1, dim2=3).mean(2).fill_diagonal_(0).mean()
    dimensions = together.diagonal(dim1=0, dim2=2).mean(2).fill_diagonal_(0).mean()
    numbers = (z.mean(0) - mu) / spread, (spread / inputs["sigma"].double().abs()).log()
    tails = noise.pow(4).mean() / 2
    return [reached, ignored], torch.cat([*map(torch.flatten, numbers), torch.stack([images, dimensions, tails])])


def are_draws(z, case):
    """Whether z is a tensor (R, B, D) for the mu (B, D) of the case."""
    return isinstance(z, torch.Tensor) and z.ndim == 3 and z.shape[1:] == case["inputs"]["mu"].shape


def recognise_draws(mistakes, call):
    """A function for `Check.recognise` that compares many draws, made with `call`, with those of each mistake."""

    def recognise(cases, outcomes):
        telling = [i for i, case in enumerate(cases) if case["kind"] in ("main", "other generator")]
        cases, outcomes = [cases[i] for i in telling], [outcomes[i] for i in telling]
        plain, numbers = _likeness(cases, outcomes)
        for mistake in mistakes:
            its_plain, its_numbers = _likeness(cases, unpack(call(mistake.function, cases)))
            if plain == its_plain and torch.allclose(numbers, its_numbers, rtol=0, atol=0.3, equal_nan=True):
                return mistake
        return None

    return recognise
