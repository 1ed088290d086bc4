"""Check of `aggregate_posterior`: mean and covariance of all codes together, and the KLD of that bell from N(0, I)."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, kl_divergence

from vae_checks.check import check_against, recognise_by
from vae_checks.compare import difference, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each
from vae_probe.call import call_function
from vae_probe.outcome import Case

Moments = tuple[Tensor, Tensor, Tensor]  # (D,), (D, D), ()
PARTS = ("the mean", "the covariance", "the KLD")
TOLERANCE = 1e-3  # ten times what float32 loses here by the longest way, E[z zᵀ] − m mᵀ


def _draw_answers(seed: int) -> list[Case]:
    # The same for every seed: whether a wrong covariance still has a logarithm of its determinant must not be luck.
    generator = torch.Generator().manual_seed(77)
    # Images, dimensions, size of the numbers. Forty small variances have a product below all numbers of float32.
    sizes = [
        ("main", 7, 3, 1.0, torch.float32),
        ("main", 30, 5, 1.0, torch.float32),
        ("main", 12, 2, 1.0, torch.float32),
        ("many", 60, 40, 0.1, torch.float32),
        ("other dtype", 20, 4, 1.0, torch.float64),
    ]
    return [Case(kind, _answers(generator, n, d, size, dtype)) for kind, n, d, size, dtype in sizes]


def _answers(generator: torch.Generator, n: int, d: int, size: float, dtype: torch.dtype) -> dict[str, Tensor]:
    """An encoder's answers: means that go together in all dimensions, not around 0, and σ of both signs."""
    together = torch.randn(n, 1, generator=generator) * (-1.0) ** torch.arange(d)
    mu = 1 + (-0.5) ** torch.arange(d) + together + 0.7 * torch.randn(n, d, generator=generator)
    sigma = 0.4 + torch.rand(n, d, generator=generator)
    sigma = sigma * (torch.randint(2, (n, d), generator=generator) * 2 - 1)
    return {"mu": (size * mu).to(dtype), "sigma": (size * sigma).to(dtype)}


def _kld(mean: Tensor, covariance: Tensor) -> Tensor:
    normal = MultivariateNormal(torch.zeros_like(mean), torch.eye(len(mean)).to(mean))
    return kl_divergence(MultivariateNormal(mean, covariance), normal)


def _aggregate_posterior(mu: Tensor, sigma: Tensor) -> Moments:
    # Image by image: a bell's E[z zᵀ] is its covariance and the product of its means.
    wide, scale = mu.double(), sigma.double()
    mean = torch.stack(list(wide)).mean(0)
    second = torch.stack([m.outer(m) + torch.diag(s * s) for m, s in zip(wide, scale, strict=True)]).mean(0)
    covariance = second - torch.outer(mean, mean)
    return mean.to(mu), covariance.to(mu), _kld(mean, covariance).to(mu)


def _of_means(mu: Tensor, correction: int = 0) -> Tensor:
    centred = mu - mu.mean(0)
    return centred.T @ centred / (len(mu) - correction)


def _with_covariance(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Moments]:
    """The right mean, another covariance, and a KLD that is right for that one."""

    def moments(mu: Tensor, sigma: Tensor) -> Moments:
        covariance = function(mu, sigma)
        return mu.mean(0), covariance, _by_formula(mu.mean(0), covariance)

    return moments


def _with_kld(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Moments]:
    """The right mean and covariance, and another KLD of them."""

    def moments(mu: Tensor, sigma: Tensor) -> Moments:
        mean, covariance, _ = _aggregate_posterior(mu, sigma)
        return mean, covariance, function(mean, covariance)

    return moments


def _by_formula(mean: Tensor, covariance: Tensor) -> Tensor:
    return (covariance.trace() + mean.square().sum() - len(mean) - covariance.logdet()) / 2


def _mean_of_klds(mu: Tensor, sigma: Tensor) -> Moments:
    mean, covariance, _ = _aggregate_posterior(mu, sigma)
    return mean, covariance, (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(1).mean() / 2


def _wrong_moments(each: Seen) -> str:
    expected, actual = each.expected.value[:2], each.outcome.value[:2]
    return "" if same(expected, actual, TOLERANCE) else difference(expected, actual, TOLERANCE, PARTS)


def _wrong_kld(each: Seen) -> str:
    """The KLD must be that of the right moments, or of the student's own: then it is not its fault."""
    mean, covariance, actual = each.outcome.value
    expected = each.expected.value[2]
    own = _by_formula(mean.double(), covariance.double())
    if same(float(expected), float(actual), TOLERANCE) or same(float(own), float(actual), TOLERANCE):
        return ""
    return f"of mean and covariance {difference(float(expected), float(actual), TOLERANCE)}"


AGGREGATE_MISTAKES = [
    Mistake(
        "the spread of each answer is left out",
        "An image's z is μ + σ · ε. What does the ε add to the spread of all z, which the μ alone do not show?",
        _with_covariance(lambda mu, sigma: _of_means(mu)),
        _with_covariance(lambda mu, sigma: _of_means(mu, 1)),
    ),
    Mistake(
        "the spread of the means is left out",
        "If every σ were 0, would all z lie at one point?",
        _with_covariance(lambda mu, sigma: (sigma**2).mean(0).diag()),
    ),
    Mistake(
        "σ in place of σ²",
        "Which of the two can be added up: standard deviations, or variances?",
        _with_covariance(lambda mu, sigma: _of_means(mu) + sigma.mean(0).diag()),
        _with_covariance(lambda mu, sigma: _of_means(mu) + sigma.abs().mean(0).diag()),
    ),
    Mistake(
        "the mean is squared, not the σ",
        "What comes first: squaring each σ, or averaging them? Try σ = 1 and σ = −1.",
        _with_covariance(lambda mu, sigma: _of_means(mu) + sigma.mean(0).square().diag()),
        _with_covariance(lambda mu, sigma: _of_means(mu) + sigma.abs().mean(0).square().diag()),
    ),
    Mistake(
        "summed over the images, not averaged",
        "Should the spread of all codes grow if every image came twice?",
        _with_covariance(lambda mu, sigma: _of_means(mu) + (sigma**2).sum(0).diag()),
        _with_covariance(lambda mu, sigma: len(mu) * _of_means(mu) + (sigma**2).sum(0).diag()),
    ),
    Mistake(
        "divided by N − 1",
        "N − 1 is for N points drawn from something larger. Here the N bells are all there is. What does N = 1 give?",
        _with_covariance(lambda mu, sigma: _of_means(mu, 1) + (sigma**2).mean(0).diag()),
    ),
    Mistake(
        "the mean is not taken away",
        "Move all μ by the same vector: should the covariance change?",
        _with_covariance(lambda mu, sigma: mu.T @ mu / len(mu) + (sigma**2).mean(0).diag()),
    ),
    Mistake(
        "the dimensions do not know of each other",
        "In a cloud that lies along a diagonal, which entries of the covariance say so?",
        _with_covariance(lambda mu, sigma: (_of_means(mu) + (sigma**2).mean(0).diag()).diag().diag()),
    ),
    Mistake(
        "the variances alone, not the covariance",
        "How many numbers has a covariance in D dimensions?",
        lambda mu, sigma: (mu.mean(0), mu.var(0, correction=0) + (sigma**2).mean(0), _mean_of_klds(mu, sigma)[2]),
        lambda mu, sigma: (
            mu.mean(0),
            mu.var(0, correction=0) + (sigma**2).mean(0),
            _aggregate_posterior(mu, sigma)[2],
        ),
    ),
    Mistake(
        "the σ² are added everywhere",
        "The noise of one dimension knows nothing of another's. Which entries of the covariance does it change?",
        _with_covariance(lambda mu, sigma: _of_means(mu) + (sigma**2).mean(0)),
        _with_covariance(lambda mu, sigma: _of_means(mu) + (sigma**2).mean()),
    ),
    Mistake(
        "images and dimensions mixed up",
        "What stands in a row of `mu`, and what does `torch.cov` expect there?",
        lambda mu, sigma: (mu.mean(1), mu.cov(correction=0), mu.mean()),
        _with_covariance(lambda mu, sigma: mu.cov(correction=0)),
    ),
    Mistake(
        "the mean KLD of the images, not the KLD of the mean",
        "Is it how far each answer is from N(0, I), or how far all of them together are? Which of the two is larger?",
        _mean_of_klds,
    ),
    Mistake(
        "the KLD the other way round",
        "Under which of the two distributions does the KLD average, and which one is log 1 of at its own mean?",
        _with_kld(lambda m, c: (c.inverse().trace() + m @ torch.linalg.solve(c, m) - len(m) + c.logdet()) / 2),
    ),
    Mistake(
        "the wrong sign of log det",
        "Let the bell become ever narrower. Should the KLD grow or shrink?",
        _with_kld(lambda m, c: (c.trace() + m @ m - len(m) + c.logdet()) / 2),
    ),
    Mistake(
        "log det forgotten",
        "For C = 4 I and a mean of 0, in one dimension: what does the KLD of lesson 04 give, and what yours?",
        _with_kld(lambda m, c: (c.trace() + m @ m - len(m)) / 2),
    ),
    Mistake(
        "log det of the variances alone",
        "Two bells with the same variances, one round, one along a diagonal: which fills less space?",
        _with_kld(lambda m, c: (c.trace() + m @ m - len(m) - c.diag().log().sum()) / 2),
    ),
    Mistake(
        "the mean does not count",
        "Move the bell far away from 0. Should its KLD from N(0, I) stay the same?",
        _with_kld(lambda m, c: (c.trace() - len(m) - c.logdet()) / 2),
    ),
    Mistake(
        "the mean is not squared",
        "Should it matter for the KLD whether a mean is 2 or −2?",
        _with_kld(lambda m, c: (c.trace() + m.sum() - len(m) - c.logdet()) / 2),
    ),
    Mistake(
        "the −D is missing",
        "For a mean of 0 and C = I the two are the same. What does your formula give there?",
        _with_kld(lambda m, c: (c.trace() + m @ m - c.logdet()) / 2),
        _with_kld(lambda m, c: (c.trace() + m @ m - 1 - c.logdet()) / 2),
    ),
    Mistake(
        "the ½ is missing",
        "For one dimension, a mean of 1 and a variance of 1 the KLD is ½. What does your formula give?",
        _with_kld(lambda m, c: c.trace() + m @ m - len(m) - c.logdet()),
    ),
    Mistake(
        "all entries of C are added up, not its trace",
        "Which entries of C are variances?",
        _with_kld(lambda m, c: (c.sum() + m @ m - len(m) - c.logdet()) / 2),
    ),
    Mistake(
        "the mean over the dimensions",
        "Each of the D dimensions costs its own nats. Does a mean say what they cost together?",
        _with_kld(lambda m, c: _by_formula(m, c) / len(m)),
    ),
    Mistake(
        "a determinant too small for its numbers",
        "The product of forty variances of 0.01 is 10⁻⁸⁰. What is that in 32 bits, and what its logarithm?",
        _with_kld(lambda m, c: (c.trace() + m @ m - len(m) - c.det().log()) / 2),
        _with_kld(lambda m, c: (c.trace() + m @ m - len(m) - c.det().clamp(min=1e-30).log()) / 2),
    ),
]


def _agree(wrong: list[Seen], seen: list[Seen]) -> bool:
    """Whether two answers make one mistake: of mean and covariance, whatever their KLD, or else of the KLD."""

    def parts(each: Seen, end: int) -> list:
        return each.outcome.value[:end] if isinstance(each.outcome.value, list) else [each.outcome.error]

    end = 3 if all(same(parts(each, 2), each.expected.value[:2], TOLERANCE) for each in seen) else 2
    pairs = [(parts(a, end), parts(b, end), b.expected.value[:end]) for a, b in zip(wrong, seen, strict=True)]
    return all(same(a, b, TOLERANCE) for a, b, _ in pairs) and not all(
        same(a, right, TOLERANCE) for a, _, right in pairs
    )


_by_its_ways = check_against(
    _aggregate_posterior,
    AGGREGATE_MISTAKES,
    name="aggregate_posterior",
    points={"shape": 1, "dtype": 1, "inputs unchanged": 1, "no global seed": 0},
    draw=_draw_answers,
    tolerance=TOLERANCE,
    parts=PARTS,
    forbidden=("vae_lib",),
    hints=(
        "Draw an image, then its z: the mean of all such z is the mean of the μ. Their spread has two sources. Which?",
        "The covariance of the μ (`torch.cov` wants a row for each dimension, and divides by N only with "
        "`correction=0`), plus the mean σ² of each dimension, on the diagonal.",
        "`covariance = mu.T.cov(correction=0) + sigma.square().mean(dim=0).diag()`. For the KLD, "
        "`covariance.trace()`, `mean.square().sum()` and `covariance.logdet()`, each in its place of the formula.",
    ),
)

aggregate_posterior = replace(
    _by_its_ways,
    properties=[
        _by_its_ways.properties[0],
        Property("mean and covariance", 4, judge_each(_wrong_moments, "main")),
        Property("KLD", 2, judge_each(_wrong_kld, "main"), follows=("mean and covariance",)),
        Property("forty dimensions", 1, judge_each(_wrong_kld, "many"), follows=("KLD",)),
        *_by_its_ways.properties[1:],
    ],
    recognise=recognise_by(lambda seen: seen, AGGREGATE_MISTAKES, call_function, agree=_agree, kinds=("main", "many")),
    may_stop=("many", "other dtype"),
)
