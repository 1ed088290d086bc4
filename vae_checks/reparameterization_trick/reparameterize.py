"""Check of `reparameterize`: z from μ and σ."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Normal

from vae_checks.check import Check
from vae_checks.compare import describe, same
from vae_checks.mistakes import Mistake, alone_and_in_pairs
from vae_checks.properties import ANY_SIZES, Property, Seen, is_cut_off, judge_each, shared, stop_of
from vae_checks.reparameterization_trick.gaussian_draws import (
    NOISE,
    are_draws,
    find_fault,
    gaussians,
    judge_independence,
    judge_normality,
    judge_spread,
    of_one_draw,
    recognise_draws,
    without_noise,
)
from vae_checks.shapes import DTYPE, FORM, find_squeezed, mistake_of_dtype, mistake_of_form
from vae_checks.slips import mistake_of_sizes
from vae_probe.call import unequal_weights
from vae_probe.draws import DRAWS, call_often
from vae_probe.outcome import Case


def _draw_reparameterize(seed: int) -> list[Case]:
    # The sizes of the notebook, and 400,000 numbers: enough to see 2 % in the spread, or noise that is cut at 3.5.
    main, single, other = (gaussians(*sizes) for sizes in ((10, 40), (1, 40), (7, 5)))
    return [
        Case("main", main, device=True, seed=NOISE),
        Case("one", single, seed=NOISE),
        Case("sizes", other, seed=NOISE),
        Case("float64", {name: value.double() for name, value in other.items()}, seed=NOISE),
    ]


def _shape(each: Seen) -> str:
    expected, z = describe(each.case.inputs["mu"]), each.outcome.value
    actual = describe(z[0]) if isinstance(z, Tensor) and len(z) == DRAWS else describe(z)
    return "" if are_draws(z, each.case) else f"expected {expected}, got {actual}"


def _independent(seen: list[Seen]) -> str:
    return shared("no global seed", 0).judge(seen) or judge_each(judge_independence, "main")(seen)


def _of_one_draw(judge: Callable[[Seen], str]) -> Callable[[list[Seen]], str]:
    return judge_each(lambda each: judge(of_one_draw(each)), "main")


def _any_sizes(each: Seen) -> str:
    return _shape(each) or find_fault(each)


def _batch_of_one(each: Seen) -> str:
    return _any_sizes(each) or _gradient(each)


def _precision(seen: list[Seen]) -> str:
    main, *_, double = seen
    if double.outcome.error:
        return f"for float64 inputs {stop_of(double.outcome.error)}"
    if not isinstance(double.outcome.value, Tensor) or double.outcome.value.dtype != torch.float64:
        return f"expected torch.float64 for inputs of this dtype, got {getattr(double.outcome.value, 'dtype', 'none')}"
    if main.outcome.device == "cpu":
        return "the noise is made on the CPU whatever the device of the inputs; torch.randn_like makes it like them"
    return _shape(double) or find_fault(double)


SMALL = 0.1  # σ below this are judged apart: there a number that is added shows


def _gradient(each: Seen) -> str:
    z = each.outcome.value
    for name in ("mu", "sigma"):
        if is_cut_off(torch.ones(1), each.outcome.gradients[name]):
            return f"no gradient reaches {name}: seen from z, it is a constant"
    if (z == z[0]).all() and judge_normality(of_one_draw(each)):
        return "dz/dsigma should be ε, and there is no ε in z"
    return _wrong_gradient(each, each.case.inputs["sigma"].abs() > SMALL, 0.03)


def _small(each: Seen) -> str:
    fault = _wrong_gradient(each, each.case.inputs["sigma"].abs() <= SMALL, 1e-3)
    return f"at σ = 0.01 {fault}, or z − μ is not σ ε" if fault else ""


def _wrong_gradient(each: Seen, where: Tensor, tolerance: float) -> str:
    inputs, z = each.case.inputs, each.outcome.value[-1]
    weights, noise = unequal_weights(z), (z - inputs["mu"]) / inputs["sigma"]
    if not (each.outcome.value == z).all():
        noise = noise.masked_fill(without_noise(each), 0)
    for name, expected, meaning in (("mu", weights, "1"), ("sigma", weights * noise, "the ε of this draw")):
        actual = each.outcome.gradients[name]
        alike = describe(actual) == describe(expected)
        if not alike or not same(expected[where].double(), actual[where].double(), tolerance):
            return f"dz/d{name} should be {meaning}, it is not"
    return ""


def _draw(
    center: Callable = lambda mu, sigma: mu,
    spread: Callable = lambda sigma, mu: sigma,
    noise: Callable = torch.randn_like,
    cut: tuple[str, ...] = (),
) -> Callable:
    """An answer from where z lies, its spread, its noise, and the arguments by which it lets no gradient through."""

    def answer(mu: Tensor, sigma: Tensor) -> Tensor:
        mu, sigma = mu.detach() if "mu" in cut else mu, sigma.detach() if "sigma" in cut else sigma
        return center(mu, sigma) + spread(sigma, mu) * noise(mu)

    return answer


def _drawn_once(mu: Tensor) -> Tensor:
    return torch.randn(mu.shape, generator=torch.Generator().manual_seed(0), dtype=mu.dtype)


def _seeded(mu: Tensor) -> Tensor:
    torch.default_generator.manual_seed(0)  # as torch.manual_seed does, without the accelerators' half
    return torch.randn_like(mu)


DRAWN = ("independent noise", "mean and spread", "normal noise")

CUT_TO_0 = Mistake(
    "a negative σ cut to 0: −σ and σ are the same spread",
    "The noise is as often below 0 as above. What is wrong with −3 times noise?",
)
OF_VARIANCE = Mistake(
    "σ taken for σ²", "A root makes a standard deviation out of a variance. Which of them have you got?"
)
UNIFORM = Mistake("uniform noise", "Which spread and which shape has N(0, 1)? Draw a histogram of your ε.")
NO_GRADIENT = "a draw that lets no gradient through"
NO_NOISE = Mistake("no noise", "Where is the chance in z? Call your function twice.")

# Of each mistake what it changes of `_draw`: of those that are made in pairs, and of others.
PARTS: list[tuple[Mistake, dict[str, Any]]] = [
    (
        Mistake("σ ignored", "How far from μ should z lie where σ is 3, and how far where it is 0.1?"),
        dict(spread=lambda sigma, mu: 1.0),
    ),
    (
        Mistake(
            "σ taken for log σ²",
            "Some encoders give log σ². What does your argument hold, and does it still need an exponential?",
        ),
        dict(spread=lambda sigma, mu: (sigma / 2).exp()),
    ),
    (
        Mistake("σ taken for log σ", "What does your argument hold: σ or its logarithm?"),
        dict(spread=lambda sigma, mu: sigma.exp()),
    ),
    (
        Mistake("softplus", "Softplus is a custom of some heads, before they give σ. What does your argument hold?"),
        dict(spread=lambda sigma, mu: F.softplus(sigma)),
    ),
    (CUT_TO_0, dict(spread=lambda sigma, mu: F.relu(sigma))),
    (OF_VARIANCE, dict(spread=lambda sigma, mu: sigma.abs().sqrt())),
    (
        Mistake(
            "the variance used as standard deviation",
            "If ε has the standard deviation 1, which has 3 · ε? And what do you multiply by where σ is 3?",
        ),
        dict(spread=lambda sigma, mu: sigma**2),
    ),
    (
        Mistake("one ε for the whole batch", "How many dice do seven images throw?"),
        dict(noise=lambda mu: torch.randn_like(mu[:1])),
    ),
    (
        Mistake(
            "one ε for all dimensions",
            "The D dimensions of z are independent of each other. How many random numbers does that take for one "
            "image?",
        ),
        dict(noise=lambda mu: torch.randn_like(mu[:, :1])),
    ),
    (
        Mistake(
            "a single ε for everything",
            "How many random numbers does a z of shape (B, D) need, if all are independent?",
        ),
        dict(noise=lambda mu: torch.randn((), dtype=mu.dtype, device=mu.device)),
    ),
    (
        Mistake("uniform noise", "Which mean, which spread and which shape has N(0, 1)? Draw a histogram of your ε."),
        dict(noise=torch.rand_like),
    ),
    (
        Mistake("noise of one sign", "Is N(0, 1) as often below 0 as above? On which sides of μ do your draws lie?"),
        dict(noise=lambda mu: torch.randn_like(mu).abs()),
    ),
    (
        Mistake("half of the noise", "If ε has the standard deviation 1, which has yours? Measure it."),
        dict(noise=lambda mu: torch.randn_like(mu) / 2),
    ),
    (
        Mistake(NO_GRADIENT, "The loss asks z: which way should μ move? Can a ready-made sample answer?"),
        dict(cut=("mu", "sigma")),
    ),
    (
        Mistake("μ ignored", "Around which point should the draws of an image lie?"),
        dict(center=lambda mu, sigma: 0.0),
    ),
]
OTHERS: list[tuple[Mistake, dict[str, Any]]] = [
    *((CUT_TO_0, dict(spread=lambda sigma, mu, least=least: sigma.clamp(min=least))) for least in (1e-3, 1e-4, 1e-2)),
    (
        Mistake("μ and σ swapped", "Which of the two shifts the noise, and which stretches it?"),
        dict(center=lambda mu, sigma: sigma, spread=lambda sigma, mu: mu),
    ),
    (OF_VARIANCE, dict(spread=lambda sigma, mu: sigma.sqrt())),
    (UNIFORM, dict(noise=lambda mu: torch.rand_like(mu) - 0.5)),
    (UNIFORM, dict(noise=lambda mu: 2 * torch.rand_like(mu) - 1)),
    (
        Mistake("uniform noise", "Mean and spread are those of N(0, 1), but is it a bell? Draw a histogram of your ε."),
        dict(noise=lambda mu: 12**0.5 * (torch.rand_like(mu) - 0.5)),
    ),
    (
        Mistake(NO_GRADIENT, "μ hears from the loss. Where on its way to σ does the gradient end?"),
        dict(cut=("sigma",)),
    ),
    (
        Mistake(NO_GRADIENT, "σ hears from the loss. Where on its way to μ does the gradient end?"),
        dict(cut=("mu",)),
    ),
    (
        Mistake(
            "the noise drawn once and used again in every call",
            "Call your function twice. In which line is the noise born, and how often does that line run?",
        ),
        dict(noise=_drawn_once),
    ),
    (
        Mistake("a seed set inside the function", "What do random numbers do after the same seed is set again?"),
        dict(noise=_seeded),
    ),
    (NO_NOISE, dict(spread=lambda sigma, mu: 0.0)),
    (NO_NOISE, dict(noise=torch.ones_like)),
]
_alone, PAIRS = alone_and_in_pairs(PARTS, _draw)
REPARAMETERIZE_MISTAKES = [
    *_alone,
    *alone_and_in_pairs(OTHERS, _draw)[0],
]


SMALL_ADDED = Mistake(
    "a small number added to σ",
    "What does your small number change where σ is 0.01? And which step of yours would fail without it?",
)
_recognise_draws = recognise_draws([*REPARAMETERIZE_MISTAKES, *PAIRS], call_often)


def _recognise(seen: list[Seen]) -> Mistake | None:
    return _mistake_of_draws(seen) or mistake_of_sizes(reparameterize.properties, seen)


def _mistake_of_draws(seen: list[Seen]) -> Mistake | None:
    main, single = seen[:2]
    if single.outcome.value is not None and _shape(single) and are_draws(main.outcome.value, main.case):
        return find_squeezed(single.outcome.value, (DRAWS, *single.case.inputs["mu"].shape))
    if main.outcome.error:
        return _recognise_draws(seen)
    # No draws of another shape are among the known mistakes.
    if _shape(main):
        return None
    if not judge_independence(main) and not judge_spread(main) and not _gradient(main) and _small(main):
        return SMALL_ADDED
    return _recognise_draws(seen) or mistake_of_form(seen) or mistake_of_dtype(seen[:1])


reparameterize = Check(
    name="reparameterize",
    properties=[
        Property("shape", 1, judge_each(_shape, "main"), required=True),
        FORM,
        Property("independent noise", 2, _independent, cap=6),
        Property("mean and spread", 1, _of_one_draw(judge_spread), follows=DRAWN[:1], cap=5),
        Property("normal noise", 1, _of_one_draw(judge_normality), follows=DRAWN[:2], cap=6),
        Property("gradient", 3, judge_each(_gradient, "main"), follows=DRAWN[:2], cap=4),
        Property("small σ", 0, judge_each(_small, "main"), follows=(*DRAWN[:2], "gradient"), cap=8),
        DTYPE,
        Property(ANY_SIZES, 0, judge_each(_any_sizes, "sizes"), follows=DRAWN, cap=8),
        Property("batch of one", 1, judge_each(_batch_of_one, "one"), follows=(*DRAWN, "gradient", ANY_SIZES)),
        Property("float64 and device", 0, _precision, follows=(*DRAWN, "gradient", ANY_SIZES), remark=True),
        shared("inputs unchanged", 1),
    ],
    draw=_draw_reparameterize,
    call=call_often,
    recognise=_recognise,
    hints=(
        "Draw the chance apart from μ and σ: noise from N(0, 1), which depends on nothing. What must you do to it, so "
        "that it has the mean μ and the standard deviation σ?",
        "Each of the B × D numbers of z needs its own noise ε, new in each call. Then z is a plain formula of μ, σ and "
        "ε, and the gradient finds its way.",
        "`torch.randn_like(sigma)` draws ε in the right shape, precision and place. Stretch it by σ, then shift it by "
        "μ.",
    ),
    may_stop=("one", "sizes", "float64"),
    forbidden=("vae_lib",),
    oracle=lambda mu, sigma: Normal(mu, sigma.abs()).rsample(),
)
