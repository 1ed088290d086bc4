"""Check of `kld_by_sampling`: the KLD of each image, estimated from draws."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from vae_checks.check import Check, recognise_by
from vae_checks.compare import describe, facts_agree, same
from vae_checks.mistakes import Mistake, both
from vae_checks.properties import Property, Seen, judge_each, not_a_tensor, shared
from vae_checks.shapes import FORM, NUMPY_ARRAY, mistake_of_form, reshaped
from vae_checks.slips import SIZES, stops_at_40
from vae_probe.draws import call_thrice
from vae_probe.outcome import Case

NOISE = 20_240_229  # the seed of all noise: a verdict is no matter of luck
IMAGES = 2_000  # where n is 1 or 2: their estimates scatter as they must, to a few per cent


def _draw_sampling(seed: int) -> list[Case]:
    def gaussians(batch: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(77)
        size = torch.exp(0.6 * torch.randn(batch, 5, generator=generator)).clamp(0.3, 3)
        return {"mu": 2 * torch.randn(batch, 5, generator=generator), "sigma": size}

    # More draws than a thousand, at which some stop; and few, where n - 1 or n / 2 would show.
    main = gaussians(7) | {"n": 1_100}
    few = {name: value.repeat(2, 1) for name, value in gaussians(IMAGES // 2).items()}  # each image twice
    # Of these one draw gives as often an estimate below 0 as one above.
    near = {"mu": 0.05 * few["mu"], "sigma": few["sigma"] ** 0.1}
    # Dimensions that are alike: noise that they share adds up.
    alike = {"mu": torch.full((IMAGES, 5), 2.0), "sigma": torch.ones(IMAGES, 5)}
    return [
        Case("main", main | {"generator": NOISE}),
        Case("other generator", main | {"generator": NOISE + 1}),
        Case("one", gaussians(1) | {"n": 1_100, "generator": NOISE}),
        Case("few", few | {"n": 1, "generator": NOISE}),
        Case("few", few | {"n": 2, "generator": NOISE}),
        Case("few", alike | {"n": 1, "generator": NOISE}),
        Case("near", near | {"n": 1, "generator": NOISE}),
    ]


def _shape(each: Seen) -> str:
    odd = [value for value in each.outcome.value if describe(value) != describe(each.case.inputs["mu"][:, 0])]
    return f"expected {describe(each.case.inputs['mu'][:, 0])}, got {describe(odd[0])}" if odd else ""


def _errors(each: Seen) -> Tensor:
    """How far the estimates of two calls are from the KLD, in the standard errors of n draws, (2, B)."""
    mu, sigma, n = (each.case.inputs[name] for name in ("mu", "sigma", "n"))
    mu, sigma = mu.double(), sigma.double()
    # For z = mu + sigma ε the summand is a polynomial in ε: its variance is that of (σ² − 1) ε² / 2 + μ σ ε.
    variance = ((sigma**2 - 1) ** 2 / 2 + (mu * sigma) ** 2).sum(1)
    estimates = torch.stack([value.double() for value in each.outcome.value[::2]])
    return (estimates - _kld(mu, sigma)) / (variance / n).sqrt()


def _kld(mu: Tensor, sigma: Tensor) -> Tensor:
    return kl_divergence(Normal(mu, sigma), Normal(torch.zeros_like(mu), torch.ones_like(mu))).sum(1)


def _mean(each: Seen) -> str:
    errors = _errors(each)
    if (errors.abs() < 8).all():
        return ""
    call, i = divmod(int(errors.nan_to_num(torch.inf).abs().argmax()), errors.shape[1])
    mu, sigma = each.case.inputs["mu"], each.case.inputs["sigma"]
    return (
        f"image {i} has a KLD of {_kld(mu, sigma)[i]:.4g}, your estimate from {each.case.inputs['n']:,} draws is "
        f"{each.outcome.value[2 * call][i]:.4g}: {errors[call, i].abs():.0f} standard errors away"
    )


def _mean_of_one(each: Seen) -> str:
    return _shape(each) or _mean(each)


def _few(each: Seen) -> str:
    if fault := _shape(each):
        return fault
    errors, n = _errors(each), each.case.inputs["n"]
    if not errors.mean().abs() < 0.3:  # 19 standard errors
        return (
            f"for n = {n} the estimates of {errors.numel():,} KLDs are off by {errors.mean():.2g} standard errors on "
            "average, expected 0"
        )
    if not 0.6 < errors.std() < 1.3:  # 9 standard errors, as far as those count here
        far = errors.std().clamp(min=1e-3)
        times = f"{far:.2g} times as far from" if far > 1 else f"{1 / far:.2g} times as near to"
        return (
            f"for n = {n} your estimates of {errors.numel():,} KLDs are {times} them, on average, as those from {n} "
            f"independent {'draw is' if n == 1 else 'draws are'}"
        )
    if (together := _together(errors)) > 0.3:  # 13 standard errors
        return (
            f"for n = {n} two images with the same μ and σ are off together, the correlation is {together:.2f}: they "
            "share their noise"
        )
    return ""


def _from_more_draws(each: Seen) -> bool:
    """Whether the estimates scatter as those from more draws than are asked for."""
    return not (each.outcome.error or _shape(each)) and bool(_errors(each).std() < 0.6)


def _near(each: Seen) -> str:
    if fault := _shape(each):
        return fault
    estimates, off, spread = each.outcome.value[0], float(_errors(each).mean()), float(_errors(each).std())
    if abs(off) < 0.2:  # 13 standard errors
        if spread < 1.3:  # 13 standard errors, as in `_few`
            return ""
        return (
            f"of {len(estimates):,} images near N(0, I), with one draw each, your estimates are {spread:.2g} times as "
            "far from the KLDs, on average, as log q(z) − log p(z) at one z is"
        )
    expected = float(_kld(each.case.inputs["mu"], each.case.inputs["sigma"]).mean())
    return (
        f"of {len(estimates):,} images near N(0, I), with one draw each, expected estimates around their KLD, "
        f"{expected:.2g} on average, got {estimates.mean():.2g}, the lowest {estimates.min():.2g}"
    )


def _sampled(seen: list[Seen]) -> str:
    few = [each for each in seen if each.case.kind == "few" and not each.outcome.error and not _shape(each)]
    if few and all(_errors(each).abs().max() < 0.01 for each in few):
        return "the estimates are exact, even from a single draw: this is the closed form, nothing was sampled"
    return judge_each(_mean, "main")(seen) or judge_each(_few, "few")(seen) or _too_few(seen)


def _too_few(seen: list[Seen]) -> str:
    """Do the estimates from many draws scatter as those from fewer?"""
    many = [each for each in seen if each.case.kind in ("main", "other generator")]
    n, spread = many[0].case.inputs["n"], float(torch.cat([_errors(each) for each in many]).square().mean().sqrt())
    if spread < 2:  # 7 standard errors
        return ""
    return f"your estimates from {n:,} draws scatter as those from {n / spread**2:.0f} draws do: are all n in the mean?"


def _log_ratios(mu: Tensor, sigma: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """log q(z) - log p(z) for n draws of z from q, (n, B, D)."""
    z = mu + sigma * torch.randn(n, *mu.shape, generator=generator)
    return Normal(mu, sigma).log_prob(z) - Normal(0.0, 1.0).log_prob(z)


def _kld_by_sampling(mu: Tensor, sigma: Tensor, n: int, generator: torch.Generator) -> Tensor:
    return _log_ratios(mu, sigma, n, generator).sum(2).mean(0)


def _estimate(
    z: Callable = lambda mu, sigma, eps: mu + sigma * eps,
    q: Callable = Normal,
    p: Callable = lambda mu, sigma: Normal(0.0, 1.0),
    sizes: Callable = lambda images, dimensions: (images, dimensions),
) -> Callable:
    """An answer from where z lies, both distributions, and the sizes of the noise of a draw."""

    def answer(mu: Tensor, sigma: Tensor, n: int, generator: torch.Generator) -> Tensor:
        drawn = z(mu, sigma, torch.randn(n, *sizes(*mu.shape), generator=generator))
        return (q(mu, sigma).log_prob(drawn) - p(mu, sigma).log_prob(drawn)).sum(2).mean(0)

    return answer


def _with_added(added: Callable[[Tensor], Tensor]) -> Callable:
    """An answer that adds to each dimension a number, of its σ."""
    return lambda mu, sigma, n, generator: _kld_by_sampling(mu, sigma, n, generator) + added(sigma).sum(1)


def _likeness(seen: list[Seen]) -> tuple[list, Tensor]:
    """What two runs of one mistake have in common: plain data, and numbers that agree up to 0.3, or 10 %."""
    if error := next((each.outcome.error for each in seen if each.outcome.error), None):
        return [error.type, error.message[:40]], torch.zeros(0)
    if any(map(_shape, seen)):
        plain = [describe(value) for each in seen for value in each.outcome.value[:1]]
        return plain, torch.cat([_flat(each.outcome.value[0]) for each in seen[:1]])
    few = [_errors(each) for each in seen if each.case.kind == "few"]
    spreads = [torch.tensor([errors.mean(), (errors.std() + 1e-3).log(), _together(errors)]) for errors in few]
    return [], torch.cat([_errors(seen[0])[0] / 50**0.5, *spreads])


def _together(errors: Tensor) -> float:
    """The correlation of the errors of the same image, which comes twice."""
    return float(torch.corrcoef(torch.stack([half.flatten() for half in errors.chunk(2, dim=1)]))[0, 1].nan_to_num())


def _flat(value: object) -> Tensor:
    return value.double().flatten() if isinstance(value, Tensor) else torch.zeros(0)


CLOSED_FORM = Mistake(
    "the closed form, not an estimate",
    "What would this function say about a formula that was copied wrongly, if it is that formula?",
    lambda mu, sigma, n, generator: _kld(mu, sigma),
)
MISTAKES = [
    Mistake(
        "log p − log q, the wrong sign",
        "z is drawn from q. Which of the two densities is the larger there, on average?",
        lambda **inputs: -_kld_by_sampling(**inputs),
    ),
    Mistake(
        "sampled from the prior",
        "Over which of the two distributions does the KLD average?",
        _estimate(z=lambda mu, sigma, eps: eps),
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
    Mistake(
        "the mean of everything",
        "How many numbers should come back for seven images?",
        lambda **inputs: _log_ratios(**inputs).mean(),
    ),
    Mistake(
        "one draw for all n",
        "Should the estimate become better if you draw more often? How many random numbers do you draw?",
        lambda mu, sigma, n, generator: _kld_by_sampling(mu, sigma, 1, generator),
    ),
    CLOSED_FORM,
    Mistake(
        "the variance where `Normal` wants a standard deviation",
        "Which is the second argument of `torch.distributions.Normal`: σ or σ²?",
        _estimate(q=lambda mu, sigma: Normal(mu, sigma**2)),
    ),
    Mistake(
        "the variance used as standard deviation",
        "q is N(μ, σ²). If ε has the standard deviation 1, what do you multiply it by where σ is 3?",
        _estimate(z=lambda mu, sigma, eps: mu + sigma**2 * eps, q=lambda mu, sigma: Normal(mu, sigma**2)),
        _estimate(z=lambda mu, sigma, eps: mu + sigma**2 * eps),
    ),
    Mistake(
        "log σ forgotten",
        "The density of N(μ, σ²) has a factor before its exponential. What becomes of it in the logarithm?",
        _with_added(torch.log),
    ),
    Mistake(
        "the 2π of one density forgotten",
        "Both densities have a factor of 1/√(2π) in each dimension. In which of your two logarithms does it stand?",
        _with_added(lambda sigma: torch.full_like(sigma, math.log(2 * math.pi) / 2)),
        _with_added(lambda sigma: torch.full_like(sigma, -math.log(2 * math.pi) / 2)),
    ),
    Mistake(
        "p around μ, not around 0",
        "p is N(0, I), the same for each image. Around which point does your p lie?",
        _estimate(p=lambda mu, sigma: Normal(mu, 1.0)),
    ),
    Mistake(
        "p with the σ of q",
        "p is N(0, I), the same for each image. Which spread has your p?",
        _estimate(p=lambda mu, sigma: Normal(0.0, sigma)),
    ),
    Mistake(
        "q around 0, not around μ",
        "q is what z is drawn from. Around which point does your q lie, and around which do your z?",
        _estimate(q=lambda mu, sigma: Normal(0.0, sigma)),
    ),
    Mistake(
        "q with a σ of 1",
        "q is what z is drawn from. Which spread has your q, and which have your z?",
        _estimate(q=lambda mu, sigma: Normal(mu, 1.0)),
    ),
    Mistake(
        "z without μ",
        "q is N(μ, σ²). Around which point do your z lie?",
        _estimate(z=lambda mu, sigma, eps: sigma * eps),
    ),
    Mistake(
        "z without σ",
        "q is N(μ, σ²). How far from μ do your z lie where σ is 3, and how far where it is 0.3?",
        _estimate(z=lambda mu, sigma, eps: mu + eps),
    ),
    Mistake(
        "the logarithm of the mean, not the mean of the logarithms",
        "Of which number do you take the mean over the draws: of a ratio of two densities, or of its logarithm?",
        lambda **inputs: _log_ratios(**inputs).sum(2).logsumexp(0) - math.log(inputs["n"]),
        lambda **inputs: math.log(inputs["n"]) - (-_log_ratios(**inputs).sum(2)).logsumexp(0),
    ),
    Mistake(
        "the same noise for all images",
        "How many dice do seven images throw, each n times?",
        _estimate(sizes=lambda images, dimensions: (1, dimensions)),
    ),
    Mistake(
        "one noise for all dimensions",
        "Each z has D dimensions. How many dice do you throw for one z?",
        _estimate(sizes=lambda images, dimensions: (images, 1)),
    ),
    Mistake(
        "fewer draws than n",
        "Your caller asks for 1,100 draws. How many do you make?",
        lambda mu, sigma, n, generator: _kld_by_sampling(mu, sigma, min(n, 100), generator),
    ),
    Mistake(
        "divided by n − 1",
        "An average of n numbers: by what is their sum divided? Try n = 1.",
        lambda mu, sigma, n, generator: _log_ratios(mu, sigma, n, generator).sum((0, 2)) / (n - 1),
    ),
]


NOT_BELOW_0 = Mistake(
    "no estimate may be below 0",
    "The KLD is never below 0. But one draw of log q(z) − log p(z)? What does your last step do to the mean of many?",
)
TWO_CLOUDS = Mistake(
    "log q and log p not at the same z",
    "log q(z) − log p(z) is a difference at one z. Which z goes into your log q, and which into your log p?",
)
NOT_N_DRAWS = Mistake(
    "draws that do not follow n",
    "Your caller asks for n draws, and n may be 1. How many do you make then?",
)
NOT_USED = Mistake(
    "the generator is not used",
    "From where does your noise come? `torch.randn` takes a generator, `sample` of torch.distributions does not.",
)
GLOBAL_SEED = Mistake(
    "a global seed in place of the generator", "What happens to the random numbers of whoever called your function?"
)
OWN_SEED = Mistake(
    "noise from a seed of its own",
    "Your caller has passed you a generator, in a state of its own. What is left of that state in your noise?",
)
COPIED = Mistake(
    "a copy of the generator is drawn from",
    "Call your function twice with one generator. Has it moved on after the first call?",
)
GENERATOR = shared("draws from the generator", 1, cap=8)
SAMPLED = ("right on average", "as exact as n draws are")


def _prepared(each: Seen) -> Seen:
    """What was seen, each estimate one tensor of the shape that was asked for; the note says how they came."""
    return reshaped(each, [each.case.inputs["mu"][:, 0]] * 3)


def _recognise(seen: list[Seen]) -> Mistake | None:
    if stops_at_40(seen[0]):
        return SIZES
    found, of_generator = _recognise_estimates(seen), _mistake_of_generator(seen)
    if found is CLOSED_FORM or not of_generator:
        return found
    return both(found, of_generator) if found else of_generator


def _mistake_of_generator(seen: list[Seen]) -> Mistake | None:
    """The mistake of an answer with noise that is not from the generator."""
    main, other = seen[:2]
    if main.outcome.error or other.outcome.error or not GENERATOR.judge(seen):
        return None
    if main.outcome.seeded:
        return GLOBAL_SEED
    if main.outcome.varies:
        return NOT_USED
    if not same(main.outcome.value, other.outcome.value):
        return COPIED
    # Where nothing is drawn, nothing is right on average but the closed form.
    return OWN_SEED if main.outcome.moved or not (_shape(main) or _mean(main)) else None


def _recognise_estimates(seen: list[Seen]) -> Mistake | None:
    """The mistake in the estimates, or in their form."""
    found = _recognise_draws(seen) or mistake_of_form(seen) or (NUMPY_ARRAY if not_a_tensor(seen[0]) else None)
    whole = not any(each.outcome.error or _shape(each) for each in seen)
    few = [each for each in seen if each.case.kind == "few"]
    if whole and not found and not judge_each(_mean, "main")(seen) and all(map(_from_more_draws, few)):
        return NOT_N_DRAWS
    if not (whole and not _sampled(seen) and any(map(_near, seen[-1:]))):
        return found
    return TWO_CLOUDS if not seen[-1].outcome.error and abs(float(_errors(seen[-1]).mean())) < 0.2 else NOT_BELOW_0


_recognise_draws = recognise_by(
    _likeness,
    MISTAKES,
    call_thrice,
    agree=partial(facts_agree, relative=0.1, absolute=0.3),
    kinds=("main", "few"),
)
kld_by_sampling = Check(
    name="kld_by_sampling",
    properties=[
        Property("shape", 1, judge_each(_shape, "main"), required=True),
        Property("right on average", 3, judge_each(_mean, "main", "other generator")),
        Property("as exact as n draws are", 3, _sampled, follows=("right on average",), cap=4),
        GENERATOR,
        Property("near the prior", 0, judge_each(_near, "near"), follows=SAMPLED, cap=8),
        Property("batch of one", 1, judge_each(_mean_of_one, "one"), follows=("right on average",)),
        shared("inputs unchanged", 1),
        FORM,
        Property("tensor", 0, judge_each(not_a_tensor, "main"), cap=9),
        shared("no global seed", 0),
    ],
    draw=_draw_sampling,
    call=call_thrice,
    recognise=_recognise,
    prepare=_prepared,
    oracle=_kld_by_sampling,
    may_stop=("one", "few", "near"),
    forbidden=("vae_lib",),
    hints=(
        "The KLD is the mean of log q(z) − log p(z) over many z drawn from q. Which q, and how does one draw from it?",
        "Draw n × B × D numbers of noise from the generator, and make z as in lesson 03. `torch.distributions.Normal` "
        "has a method for the logarithm of its density.",
        "`eps = torch.randn(n, *mu.shape, generator=generator)`, then z, then "
        "`Normal(mu, sigma).log_prob(z) - Normal(0.0, 1.0).log_prob(z)`, of shape (n, B, D). Sum over one dimension of "
        "it, average over another.",
    ),
)
