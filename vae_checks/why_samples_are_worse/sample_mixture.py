"""Check of `sample_mixture`: draws from a mixture of bells.

The bells lie so far apart that each draw says which bell it is of, and what noise it was made with.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from vae_checks.check import Check, recognise_by
from vae_checks.compare import describe, facts_agree
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each, shared
from vae_probe.draws import call_thrice
from vae_probe.outcome import Case

NOISE = 20_261_126  # the seed of all noise: a verdict is no matter of luck
N = 2_000
WEIGHTS = (0.1, 0.4, 0.2, 0.3)
MEANS = ((0.0, 0.0, 0.0), (900.0, -300.0, 600.0), (-600.0, 900.0, 300.0), (300.0, 600.0, -900.0))
FACTORS = (
    ((1.0, 0.0, 0.0), (2.0, 0.5, 0.0), (-1.0, 1.5, 2.0)),
    ((2.0, 0.0, 0.0), (-3.0, 1.0, 0.0), (1.0, 2.0, 0.5)),
    ((0.5, 0.0, 0.0), (1.0, 2.0, 0.0), (2.0, -1.0, 1.0)),
    ((1.5, 0.0, 0.0), (1.5, 0.5, 0.0), (-2.0, -1.0, 2.0)),
)


def _draw_mixtures(seed: int) -> list[Case]:
    mixture = dict(zip(("weights", "means", "factors"), map(torch.tensor, (WEIGHTS, MEANS, FACTORS)), strict=True))
    # A weight of 0.9 among two, which are fewer bells than dimensions.
    two = {"weights": torch.tensor([0.9, 0.1])} | {name: mixture[name][:2] for name in ("means", "factors")}
    return [
        Case("main", mixture | {"n": N, "generator": NOISE}),
        Case("other generator", mixture | {"n": N, "generator": NOISE + 1}),
        Case("two", two | {"n": N, "generator": NOISE}),
        Case("one", mixture | {"n": 1, "generator": NOISE}),
    ]


def _shape(each: Seen) -> str:
    expected = (each.case.inputs["n"], each.case.inputs["means"].shape[1])
    odd = [z for z in each.outcome.value if not isinstance(z, Tensor) or z.shape != expected]
    return f"for n = {expected[0]:,} expected a tensor {expected}, got {describe(odd[0])}" if odd else ""


def _bells(each: Seen) -> list[Tensor]:
    """Of two calls, which bell each draw is of, (n,)."""
    return [torch.cdist(z.double(), each.case.inputs["means"].double()).argmin(1) for z in each.outcome.value[::2]]


def _counts(each: Seen) -> Tensor:
    """How many draws each bell has, in two calls, (2, K)."""
    bells = len(each.case.inputs["weights"])
    return torch.stack([bell.bincount(minlength=bells) for bell in _bells(each)])


def _noise(each: Seen) -> list[Tensor]:
    """For each bell, the noise of its draws in the first call, (draws, D): N(0, I) if all is right."""
    z, bell = each.outcome.value[0].double(), _bells(each)[0]
    return [
        torch.linalg.solve_triangular(factor, (z[bell == k] - mean).T, upper=False).T
        for k, (mean, factor) in enumerate(
            zip(each.case.inputs["means"].double(), each.case.inputs["factors"].double(), strict=True)
        )
    ]


def _wrong_shares(each: Seen) -> str:
    weights, n = each.case.inputs["weights"].double(), each.case.inputs["n"]
    shares = _counts(each).double() / n
    off = (shares - weights).abs() / (weights * (1 - weights) / n).sqrt()
    if (off < 8).all():
        return ""
    k = int(off.amax(0).argmax())
    actual = float(shares[off[:, k].argmax(), k])
    return f"bell {k} has the weight {weights[k]:.2f}, and {actual:.1%} of your {n:,} draws are of it"


def _moments(noise: Tensor) -> tuple[Tensor, Tensor]:
    return noise.mean(0), noise.T.cov(correction=0)


def _wrong_bells(each: Seen) -> str:
    for k, noise in enumerate(_noise(each)):
        if len(noise) < 100:
            continue  # its share is wrong, which is said elsewhere
        mean, covariance = _moments(noise)
        if not (mean.abs() < 8 / len(noise) ** 0.5).all():
            return f"the draws of bell {k} do not lie around its mean"
        off = (covariance - torch.eye(len(mean)).double()).abs()
        if not (off < 8 * (2 / len(noise)) ** 0.5).all():  # 8 standard errors of a variance
            wide = each.outcome.value[0].double()[_bells(each)[0] == k].T.cov()
            expected = each.case.inputs["factors"][k].double()
            return (
                f"bell {k} should have the covariance L Lᵀ, whose last row is {_row(expected @ expected.T)}; that of "
                f"your draws has {_row(wide)}"
            )
    return ""


def _row(matrix: Tensor) -> str:
    return f"({', '.join(f'{number:.1f}' for number in matrix[-1].tolist())})"


def _not_normal(each: Seen) -> str:
    noise = torch.cat([noise.flatten() for noise in _noise(each)])
    kurtosis = float((noise**4).mean() / (noise**2).mean() ** 2)
    # 6,000 numbers: 3 for a bell, with a standard error of 0.06; 1.8 for uniform noise.
    return "" if abs(kurtosis - 3) < 0.45 else "the noise is not bell-shaped"


def _not_drawn(each: Seen) -> str:
    """Whether which bell a draw is of is left to chance, draw by draw."""
    weights, n = each.case.inputs["weights"].double(), each.case.inputs["n"]
    counts = _counts(each)
    if (counts[0] == counts[1]).all():
        return "two calls have the very same number of draws of each bell: it is not left to chance"
    changes = float((_bells(each)[0].diff() != 0).double().mean())
    expected = float(1 - (weights**2).sum())
    if abs(changes - expected) > 8 * (expected * (1 - expected) / n) ** 0.5:
        return (
            f"from one draw to the next the bell changes in {changes:.0%} of the cases, expected {expected:.0%}: are "
            "they sorted?"
        )
    pairs = torch.cat([noise.unfold(0, 2, 1).flatten(0, 1) for noise in _noise(each) if len(noise) > 1])
    together = float(torch.corrcoef(pairs.T)[0, 1].nan_to_num(1))
    return f"one draw goes with the next, their noise has the correlation {together:.2f}" if abs(together) > 0.1 else ""


def _sample_mixture(
    weights: Tensor, means: Tensor, factors: Tensor, n: int, generator: torch.Generator | None
) -> Tensor:
    # By the sum of the weights, one draw after the other.
    ends, chance = weights.cumsum(0), torch.rand(n, generator=generator)
    which = [min(int((ends < u).sum()), len(weights) - 1) for u in chance]
    eps = torch.randn(n, means.shape[1], generator=generator)
    return torch.stack([means[k] + factors[k].mv(e) for k, e in zip(which, eps, strict=True)])


def _which(weights: Tensor, n: int, generator: torch.Generator | None) -> Tensor:
    return torch.multinomial(weights, n, replacement=True, generator=generator)


def _with_which(which: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A mixture whose bells are chosen by (weights, n, generator) → (n,)."""

    def function(weights: Tensor, means: Tensor, factors: Tensor, n: int, generator: torch.Generator) -> Tensor:
        chosen = which(weights, n, generator)
        eps = torch.randn(n, means.shape[1], generator=generator)
        return means[chosen] + (factors[chosen] @ eps.unsqueeze(2)).squeeze(2)

    return function


def _with_noise(noise: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A mixture whose step from the mean is (factors (n, D, D), generator) → (n, D)."""

    def function(weights: Tensor, means: Tensor, factors: Tensor, n: int, generator: torch.Generator) -> Tensor:
        which = _which(weights, n, generator)
        return means[which] + noise(factors[which], generator)

    return function


def _eps(factors: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(factors.shape[:2], generator=generator)


def _times(factors: Tensor, eps: Tensor) -> Tensor:
    return (factors @ eps.unsqueeze(2)).squeeze(2)


def _quotas(weights: Tensor, n: int, generator: torch.Generator) -> Tensor:
    counts = (weights * n).round().long()
    counts[0] += n - counts.sum()
    return torch.arange(len(weights)).repeat_interleave(counts)


def _likeness(seen: list[Seen]) -> tuple[list, Tensor]:
    """What two runs of one mistake have in common: plain data, and numbers that agree up to 0.2."""
    if error := next((each.outcome.error for each in seen if each.outcome.error), None):
        return [error.type, error.message[:40]], torch.zeros(0)
    if any(map(_shape, seen)):
        return [describe(value) for each in seen for value in each.outcome.value[:1]], torch.zeros(0)
    each = seen[0]
    counts = _counts(each)
    once, again = each.outcome.value[::2]
    facts = [each.outcome.varies, each.outcome.moved, each.outcome.seeded, torch.equal(once, again)]
    scatters = any(noise.std(0).sum() > 0.1 for noise in _noise(each) if len(noise) > 99)
    facts += [torch.equal(*counts), bool(_not_drawn(each)), scatters and bool(_not_normal(each))]
    noise = [_traits(noise) for noise in _noise(each) if len(noise) > 99]
    return facts, torch.cat([3 * counts[0].double() / each.case.inputs["n"], *noise])


def _traits(noise: Tensor) -> Tensor:
    """Mean and covariance; where nothing scatters, of the mean only whether it is 0."""
    mean, covariance = _moments(noise)
    if covariance.trace() < 0.01:
        mean = (mean.abs() > 0.01).double()
    return torch.cat([mean, covariance.flatten()])


MISTAKES = [
    Mistake(
        "all bells have the same weight",
        "Of 1,000 draws, how many should be of a bell with the weight 0.4? Where do the weights come in?",
        _with_which(lambda weights, n, generator: torch.randint(len(weights), (n,), generator=generator)),
    ),
    Mistake(
        "one bell for all draws",
        "Draw a thousand: of how many different bells should they be? How often do you choose?",
        _with_which(lambda weights, n, generator: _which(weights, 1, generator).expand(n)),
    ),
    Mistake(
        "always the heaviest bell",
        "What is a weight of 0.3 worth, if only the largest counts?",
        _with_which(lambda weights, n, generator: weights.argmax().expand(n)),
    ),
    Mistake(
        "drawn without putting back",
        "With four bells and n = 1,000, `multinomial` must choose the same bell again and again. May it?",
        _with_which(lambda weights, n, generator: torch.multinomial(weights, n, generator=generator)),
    ),
    Mistake(
        "fixed numbers of each bell, not drawn",
        "For n = 1, how many draws has a bell with the weight 0.3? Should that number be the same each time?",
        _with_which(_quotas),
        _with_which(
            lambda weights, n, generator: _quotas(weights, n, generator)[torch.randperm(n, generator=generator)]
        ),
    ),
    Mistake(
        "sorted by bell",
        "Someone shows the first ten of your draws. Of which bells are they?",
        _with_which(lambda weights, n, generator: _which(weights, n, generator).sort().values),
    ),
    Mistake(
        "the bells are averaged",
        "Is a point half way between two bells a draw from either? How many bells is one draw of?",
        lambda weights, means, factors, n, generator: (
            weights @ means
            + torch.randn(n, means.shape[1], generator=generator) @ torch.einsum("k,kij->ij", weights, factors).T
        ),
        lambda weights, means, factors, n, generator: sum(
            w * (m + torch.randn(n, len(m), generator=generator) @ f.T)
            for w, m, f in zip(weights, means, factors, strict=True)
        ),
    ),
    Mistake(
        "Lᵀ in place of L",
        "With z = L ε the covariance is L Lᵀ. If each ε is a row, on which side of it does L stand, and turned how?",
        _with_noise(lambda factors, generator: _times(factors.mT, _eps(factors, generator))),
    ),
    Mistake(
        "only the diagonal of L",
        "Do the numbers below the diagonal of L change where the draws lie?",
        _with_noise(lambda factors, generator: factors.diagonal(dim1=1, dim2=2) * _eps(factors, generator)),
    ),
    Mistake(
        "the covariance used as factor",
        "If ε has the covariance I, which has L ε? And which L Lᵀ ε?",
        _with_noise(lambda factors, generator: _times(factors @ factors.mT, _eps(factors, generator))),
    ),
    Mistake(
        "the shape of the bells is left out",
        "Are all bells round, and all as wide as N(0, I)?",
        _with_noise(_eps),
    ),
    Mistake(
        "no noise at all",
        "Draw twice from a mixture of one bell. Should both be the same point?",
        _with_noise(lambda factors, generator: torch.zeros(factors.shape[:2])),
    ),
    Mistake(
        "one noise for all draws",
        "How many random numbers are in n draws of D numbers each?",
        _with_noise(lambda factors, generator: _times(factors, _eps(factors[:1], generator).expand(len(factors), -1))),
    ),
    Mistake(
        "one noise for all dimensions",
        "How many random numbers are in n draws of D numbers each?",
        _with_noise(
            lambda factors, generator: _times(factors, _eps(factors, generator)[:, :1].expand(-1, factors.shape[1]))
        ),
    ),
    Mistake(
        "uniform noise",
        "Which mean, which spread and which shape has N(0, 1)?",
        _with_noise(lambda factors, generator: _times(factors, torch.rand(factors.shape[:2], generator=generator))),
        _with_noise(
            lambda factors, generator: _times(
                factors, (torch.rand(factors.shape[:2], generator=generator) - 0.5) * 12**0.5
            )
        ),
    ),
    Mistake(
        "the generator is not used",
        "Who gave you the generator wants the same z again for the same seed. From where does your chance come?",
        lambda weights, means, factors, n, generator: _sample_mixture(weights, means, factors, n, None),
        lambda weights, means, factors, n, generator: _with_which(lambda w, n, g: _which(w, n, None))(
            weights, means, factors, n, generator
        ),
        lambda weights, means, factors, n, generator: _with_noise(lambda f, g: _times(f, torch.randn(f.shape[:2])))(
            weights, means, factors, n, generator
        ),
    ),
    Mistake(
        "a seed of its own",
        "Your caller has passed you a generator, in a state of its own. What is left of that state in your draws?",
        lambda weights, means, factors, n, generator: _sample_mixture(
            weights, means, factors, n, torch.Generator().manual_seed(0)
        ),
        lambda weights, means, factors, n, generator: _sample_mixture(
            weights, means, factors, n, generator.manual_seed(0)
        ),
    ),
]


sample_mixture = Check(
    name="sample_mixture",
    properties=[
        Property("shape", 1, judge_each(_shape, "main"), required=True),
        Property("each bell has its share", 2, judge_each(_wrong_shares, "main", "two")),
        Property("the place and shape of each bell", 2, judge_each(_wrong_bells, "main", "two"), cap=6),
        Property("normal noise", 1, judge_each(_not_normal, "main"), follows=("the place and shape of each bell",)),
        Property("draw by draw", 1, judge_each(_not_drawn, "main"), follows=("each bell has its share",)),
        shared("draws from the generator", 1),
        Property("a single draw", 1, judge_each(_shape, "one")),
        shared("inputs unchanged", 1),
        shared("no global seed", 0),
    ],
    draw=_draw_mixtures,
    call=call_thrice,
    recognise=recognise_by(
        _likeness, MISTAKES, call_thrice, agree=partial(facts_agree, relative=0.3, absolute=0.25), kinds=("main",)
    ),
    oracle=_sample_mixture,
    may_stop=("one", "two"),
    forbidden=("vae_lib",),
    hints=(
        "Two dice for each draw: the first says which bell, by the weights; the second where in that bell.",
        "`torch.multinomial` draws row numbers by weights; one may come up many times, so it needs `replacement=True`. "
        "`means[which]` is then the mean of each draw, (n, D), and `factors[which]` its factor, (n, D, D).",
        "`eps = torch.randn(n, D, generator=generator)`. For each draw the factor times its ε: "
        "`(factors[which] @ eps.unsqueeze(2)).squeeze(2)`, which is then added to …",
    ),
)
