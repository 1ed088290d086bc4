"""Check of `linear_optimum`: what the best linear VAE says of each principal axis, and what it leaves out."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from vae_checks.check import check_against
from vae_checks.compare import describe, difference, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each, not_a_tensor
from vae_checks.rate_distortion_collapse.two_parts import recognise_in_parts
from vae_probe.outcome import Case

Optimum = tuple[Tensor, Tensor]
PARTS = ("the KLD", "the error")
# Ratios of the eigenvalues to β σ²: six axes are worth their price, five are not; none lies near it.
RATIOS = torch.tensor([9.0, 5.0, 3.5, 2.6, 1.9, 1.4, 0.8, 0.6, 0.4, 0.2, 0.1])


def _draw_worlds(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    cases = [
        # The variance of a pixel, β, D: two dimensions more than are worth it, and fewer.
        Case("main", _world(generator, 0.5, 3.0, 8)),
        Case("main", _world(generator, 2.5, 0.3, 8)),
        Case("few", _world(generator, 1.7, 0.5, 4)),
    ]
    # The variance that a mean over 784 pixels claims, and MNIST's largest eigenvalues.
    none = {
        "eigenvalues": torch.tensor([5.12, 3.74, 3.27, 2.85]),
        "pixel_variance": 392.0,
        "beta": 1.0,
        "latent_dim": 3,
    }
    return [*cases, Case("none", none)]


def _world(generator: torch.Generator, pixel_variance: float, beta: float, latent_dim: int) -> dict:
    ratios = RATIOS * (0.95 + 0.1 * torch.rand(len(RATIOS), generator=generator))
    return {
        "eigenvalues": beta * pixel_variance * ratios,
        "pixel_variance": pixel_variance,
        "beta": beta,
        "latent_dim": latent_dim,
    }


def _linear_optimum(eigenvalues: Tensor, pixel_variance: float, beta: float, latent_dim: int) -> Optimum:
    # Axis by axis: the answer μ = v x with variance s, and the drawing w z, of which none can be improved.
    costs, error = [], 0.0
    for i, value in enumerate(eigenvalues.double().tolist()):
        price = beta * pixel_variance
        w = math.sqrt(max(value - price, 0.0)) if i < latent_dim else 0.0
        s = price / (w * w + price)
        v = w / (w * w + price)
        error += value * (1 - w * v) ** 2 + w * w * s
        if i < latent_dim:
            costs.append(0.5 * (v * v * value + s - 1 - math.log(s)))
    return torch.tensor(costs).to(eigenvalues), torch.tensor(error).to(eigenvalues)


def _error(eigenvalues: Tensor, level: float, latent_dim: int) -> Tensor:
    """The error where each of the first axes above a level is left with that level."""
    return torch.cat([eigenvalues[:latent_dim].clamp(max=level), eigenvalues[latent_dim:]]).sum()


def _with_kld(function: Callable[[Tensor, float, float], Tensor]) -> Callable[..., Optimum]:
    """Another KLD, of the first `latent_dim` eigenvalues, σ² and β; the right error."""

    def optimum(eigenvalues: Tensor, pixel_variance: float, beta: float, latent_dim: int) -> Optimum:
        error = _linear_optimum(eigenvalues, pixel_variance, beta, latent_dim)[1]
        return function(eigenvalues[:latent_dim], pixel_variance, beta), error

    return optimum


def _with_error(function: Callable[[Tensor, float, float, int], Tensor]) -> Callable[..., Optimum]:
    """The right KLD, another error."""

    def optimum(eigenvalues: Tensor, pixel_variance: float, beta: float, latent_dim: int) -> Optimum:
        kld = _linear_optimum(eigenvalues, pixel_variance, beta, latent_dim)[0]
        return kld, function(eigenvalues, pixel_variance, beta, latent_dim)

    return optimum


def _half_log(ratio: Tensor) -> Tensor:
    return 0.5 * ratio.clamp(min=1).log()


def _all_axes(eigenvalues: Tensor, pixel_variance: float, beta: float, latent_dim: int) -> Optimum:
    error = _linear_optimum(eigenvalues, pixel_variance, beta, latent_dim)[1]
    return _half_log(eigenvalues / (beta * pixel_variance)), error


def _used_alone(eigenvalues: Tensor, pixel_variance: float, beta: float, latent_dim: int) -> Optimum:
    kld, error = _linear_optimum(eigenvalues, pixel_variance, beta, latent_dim)
    return kld[kld > 0], error


def _wrong_part(part: int) -> Callable[[Seen], str]:
    def judge(each: Seen) -> str:
        if fault := not_a_tensor(each):
            return fault
        expected, actual = each.expected.value[part], each.outcome.value[part]
        return "" if same(expected, actual) else f"of {PARTS[part]} {difference(expected, actual)}"

    return judge


def _no_dimension(each: Seen) -> str:
    if describe(each.outcome.value) != describe(each.expected.value):
        return f"expected {describe(each.expected.value)}, got {describe(each.outcome.value)}"
    return _wrong_part(0)(each) or _wrong_part(1)(each)


MISTAKES = [
    Mistake(
        "β is ignored",
        "With β = 3 a nat costs three times as much. Which axes are still worth it, and what does your formula say?",
        lambda e, s, beta, d: _linear_optimum(e, s, 1.0, d),
        _with_kld(lambda e, s, beta: _half_log(e / s)),
    ),
    Mistake(
        "β the wrong way",
        "The dearer a nat, the fewer axes are coded. What does your formula do as β grows?",
        lambda e, s, beta, d: _linear_optimum(e, s, 1 / beta, d),
        _with_kld(lambda e, s, beta: _half_log(beta * e / s)),
    ),
    Mistake(
        "the KLD is multiplied by β",
        "What should come back are nats, not what the loss charges for them. Where does β decide, then?",
        _with_kld(lambda e, s, beta: beta * _half_log(e / (beta * s))),
        _with_kld(lambda e, s, beta: beta * _half_log(e / s)),
        _with_kld(lambda e, s, beta: _half_log(e / (beta * s)) / beta),
        _with_kld(lambda e, s, beta: _half_log(e / s) / beta),
    ),
    Mistake(
        "σ in place of σ²",
        "`pixel_variance` is σ² already. Which power of it does an eigenvalue, a variance too, compare with?",
        lambda e, s, beta, d: _linear_optimum(e, s**0.5, beta, d),
        lambda e, s, beta, d: _linear_optimum(e, s**2, beta, d),
        _with_kld(lambda e, s, beta: _half_log(e / (beta * s**0.5))),
        _with_kld(lambda e, s, beta: _half_log(e / (beta * s**2))),
    ),
    Mistake(
        "eigenvalues taken for standard deviations, or the other way round",
        "An eigenvalue of the covariance is a variance already. What do you square, or take the root of?",
        _with_kld(lambda e, s, beta: _half_log(e**2 / (beta * s))),
        _with_kld(lambda e, s, beta: _half_log(e.sqrt() / (beta * s))),
    ),
    Mistake(
        "½ forgotten",
        "σ² = 1, λ = e²: the KLD is 1 nat. What does your formula give?",
        _with_kld(lambda e, s, beta: 2 * _half_log(e / (beta * s))),
    ),
    Mistake(
        "log λ without σ²",
        "Measure the images in other units, so that all variances grow a hundredfold: does a code say more?",
        _with_kld(lambda e, s, beta: 0.5 * e.log() * (e > beta * s)),
        _with_kld(lambda e, s, beta: 0.5 * e.log()),
        _with_kld(lambda e, s, beta: _half_log(e)),
        _with_kld(lambda e, s, beta: 0.5 * e.log().clamp(min=0) * (e > beta * s)),
    ),
    Mistake(
        "negative nats for axes that are not coded",
        "Can a KLD be below 0? What does a VAE do with an axis that is not worth its price?",
        _with_kld(lambda e, s, beta: 0.5 * (e / (beta * s)).log()),
        lambda e, s, beta, d: (0.5 * (e[:d] / (beta * s)).log(), torch.tensor(d * beta * s) + e[d:].sum()),
    ),
    Mistake(
        "the size of it",
        "An axis with λ far below β σ² says nothing. What does your formula give for it?",
        _with_kld(lambda e, s, beta: 0.5 * (e / (beta * s)).log().abs()),
    ),
    Mistake(
        "1 + λ / σ²",
        "λ is the variance of the images along the axis, the pixels' noise included. At λ = σ², what is left to say?",
        _with_kld(lambda e, s, beta: 0.5 * (1 + e / (beta * s)).log()),
        _with_kld(lambda e, s, beta: 0.5 * (1 + e / (beta * s)).log() * (e > beta * s)),
        _with_kld(lambda e, s, beta: 0.5 * (1 + e / s).log()),
        _with_kld(lambda e, s, beta: 0.5 * (1 + (e / (beta * s) - 1).clamp(min=0) + 1).log()),
    ),
    Mistake(
        "bits in place of nats",
        "To which base is the logarithm of a KLD in nats?",
        _with_kld(lambda e, s, beta: _half_log(e / (beta * s)) / math.log(2)),
        _with_kld(lambda e, s, beta: _half_log(e / (beta * s)) / math.log(10)),
    ),
    Mistake(
        "the price of λ in place of its logarithm",
        "Twice the variance does not say twice as much. Which function turns ratios into nats?",
        _with_kld(lambda e, s, beta: 0.5 * (e / (beta * s) - 1).clamp(min=0)),
        _with_kld(lambda e, s, beta: 0.5 * (e - beta * s).clamp(min=0)),
    ),
    Mistake(
        "more axes than dimensions",
        "A VAE with `latent_dim` dimensions can code as many axes. How many numbers come back?",
        _all_axes,
    ),
    Mistake(
        "the unused are left out",
        "A switched-off dimension is still there, at 0 nats. How many numbers should come back?",
        _used_alone,
    ),
    Mistake(
        "their sum, not each",
        "What should come back for D dimensions: a number for each, or one for all?",
        lambda e, s, beta, d: (_linear_optimum(e, s, beta, d)[0].sum(), _linear_optimum(e, s, beta, d)[1]),
    ),
    Mistake(
        "what is coded is drawn without an error",
        "A code of ½ log(λ / β σ²) nats cannot hold an axis exactly. What is left of it?",
        _with_error(lambda e, s, beta, d: _error(e, beta * s, d) - beta * s * (e[:d] > beta * s).sum()),
    ),
    Mistake(
        "β is missing in the error",
        "The dearer a nat, the more is left out. What does your error do as β grows?",
        _with_error(lambda e, s, beta, d: s * (e[:d] > beta * s).sum() + e[:d][e[:d] <= beta * s].sum() + e[d:].sum()),
        _with_error(lambda e, s, beta, d: _error(e, s, d)),
    ),
    Mistake(
        "axes beyond the dimensions count as coded",
        "There are more axes worth their price than dimensions. What becomes of those for which there is none?",
        _with_error(lambda e, s, beta, d: _error(e, beta * s, len(e))),
    ),
    Mistake(
        "axes beyond the dimensions are forgotten",
        "The images vary along all axes. Where in your error are those after the first `latent_dim`?",
        _with_error(lambda e, s, beta, d: _error(e, beta * s, d) - e[d:].sum()),
    ),
    Mistake(
        "the axes that are not coded are forgotten",
        "The decoder draws nothing along an axis without a code. How far off is it there?",
        _with_error(lambda e, s, beta, d: beta * s * (e[:d] > beta * s).sum()),
    ),
    Mistake(
        "all dimensions are left with β σ²",
        "Along an axis with λ below β σ² one draws nothing. Can one be off by more than λ there?",
        _with_error(lambda e, s, beta, d: beta * s * d + e[d:].sum()),
    ),
    Mistake(
        "the distortion, not the squared error",
        "What is asked for is the mean of |x − x̂|². What did you divide it by?",
        _with_error(lambda e, s, beta, d: _error(e, beta * s, d) / (2 * s)),
        _with_error(lambda e, s, beta, d: _error(e, beta * s, d) / s),
        _with_error(lambda e, s, beta, d: _error(e, beta * s, d) / 2),
    ),
    Mistake(
        "the mean over the axes, not their sum",
        "|x − x̂|² is a sum over the pixels, and over the axes as well. What is yours?",
        _with_error(lambda e, s, beta, d: _error(e, beta * s, d) / len(e)),
    ),
    Mistake(
        "what is drawn, not what is left out",
        "The larger β, the larger the error. What does yours do?",
        _with_error(lambda e, s, beta, d: e.sum() - _error(e, beta * s, d)),
        _with_error(lambda e, s, beta, d: e[:d][e[:d] > beta * s].sum()),
    ),
]


_by_its_ways = check_against(
    _linear_optimum,
    MISTAKES,
    name="linear_optimum",
    points={"shape": 1, "inputs unchanged": 1, "no global seed": 0},
    draw=_draw_worlds,
    parts=PARTS,
    forbidden=("vae_lib",),
    hints=(
        "An axis with λ > β σ² is coded, at ½ log(λ / β σ²) nats, if there is a dimension for it. How much of its "
        "variance is left after that, and how much of an axis that is not coded?",
        "`.clamp(min=1)` before the logarithm gives 0 for axes that are not worth it. Of an axis that is coded β σ² is "
        "left, of another all of its λ: the smaller of the two, among the first `latent_dim`.",
        "`price = beta * pixel_variance`; the KLD is half of `(eigenvalues[:latent_dim] / price).clamp(min=1).log()`; "
        "the error adds `eigenvalues[:latent_dim].clamp(max=…)` and the eigenvalues after them.",
    ),
)

linear_optimum = replace(
    _by_its_ways,
    properties=[
        _by_its_ways.properties[0],
        Property("KLD", 4, judge_each(_wrong_part(0), "main", "few")),
        Property("error", 3, judge_each(_wrong_part(1), "main", "few")),
        Property("no axis is worth it", 1, judge_each(_no_dimension, "none"), follows=("KLD", "error")),
        *_by_its_ways.properties[1:],
    ],
    recognise=recognise_in_parts(MISTAKES, "main", "few"),
    may_stop=("none",),
)
