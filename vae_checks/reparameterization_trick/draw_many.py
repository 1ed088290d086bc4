"""Check of `draw_many`: many z for each image."""

import torch
from torch import Tensor

from vae_checks.check import Check
from vae_checks.compare import describe
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each, shared
from vae_checks.reparameterization_trick.gaussian_draws import (
    NOISE,
    are_draws,
    find_fault,
    first_of,
    gaussians,
    judge_groups,
    judge_independence,
    judge_normality,
    judge_spread,
    noise_of,
    recognise_draws,
)
from vae_checks.shapes import DTYPE, FORM, MISTAKES, STRUNG, find_squeezed, mistake_of_dtype, mistake_of_form, reshaped
from vae_checks.slips import SIZES, stops_at_40
from vae_probe.draws import call_thrice
from vae_probe.outcome import Case

N = 1_100  # draws: more than a thousand, at which some stop


def _draw_draw_many(seed: int) -> list[Case]:
    # Not the notebook's 10 × 40: three results of as many draws, in float64, are more than grading takes back.
    main, single = gaussians(14, 5), gaussians(1, 5)
    return [
        Case("main", main | {"n": N, "generator": NOISE}),
        Case("other generator", main | {"n": N, "generator": NOISE + 1}),
        Case("one", single | {"n": N, "generator": NOISE}),
        Case("few", main | {"n": 1, "generator": NOISE}),
        Case("few", main | {"n": 2, "generator": NOISE}),
    ]


def _shape(each: Seen) -> str:
    n, expected = each.case.inputs["n"], (each.case.inputs["n"], *each.case.inputs["mu"].shape)
    odd = [z for z in each.outcome.value if not isinstance(z, Tensor) or z.shape != expected]
    return f"for n = {n:,} expected a tensor {expected}, got {describe(odd[0])}" if odd else ""


def _prepared(each: Seen) -> Seen:
    """What was seen, each z one tensor of the shape that was asked for; the note says how they came."""
    n, mu = each.case.inputs["n"], each.case.inputs["mu"]
    return reshaped(each, [mu.expand(n, *mu.shape)] * 3)


def _independent(seen: list[Seen]) -> str:
    whole = [each for each in seen if not each.outcome.error and not _shape(each)]
    groups = [noise for each in whole for noise in noise_of(each).split(each.case.inputs["n"])]
    return judge_each(judge_independence, "main")(seen) or judge_groups(groups)


def _from_the_generator(seen: list[Seen]) -> str:
    return shared("no global seed", 0).judge(seen) or shared("draws from the generator", 0).judge(seen)


def _few(each: Seen) -> str:
    if fault := _shape(each):
        return fault
    noise, n = noise_of(each), each.case.inputs["n"]
    if (noise.abs() < 1e-3).all():
        return f"for n = {n} z is μ itself: it has no noise"
    if not 0.4 < noise.std() < 1.6:  # 70 numbers or more, 7 standard errors
        return f"for n = {n} the numbers (z − μ) / σ have a standard deviation of {noise.std():.2g}, expected 1"
    pairs = noise.flatten(1)
    for k in range(1, len(pairs)):
        together = float(torch.corrcoef(pairs[[k - 1, k]])[0, 1])
        if abs(together) > 0.97:  # of 35 pairs, 12 standard errors
            return f"for n = {n} the noise of one draw goes with that of the next, their correlation is {together:.2f}"
    return ""


def _batch_of_one(each: Seen) -> str:
    return _shape(each) or find_fault(each)


def _draw_many(mu: Tensor, sigma: Tensor, n: int, generator: torch.Generator) -> Tensor:
    return torch.stack([mu + sigma * torch.randn(mu.shape, generator=generator) for _ in range(n)])


def _mixed_up(mu: Tensor, sigma: Tensor, n: int, generator: torch.Generator) -> Tensor:
    mus, sigmas = (each.repeat_interleave(n, 0).view(n, *mu.shape) for each in (mu, sigma))
    return mus + sigmas * torch.randn(n, *mu.shape, generator=generator)


def _from_a_copy(mu: Tensor, sigma: Tensor, n: int, generator: torch.Generator) -> Tensor:
    copy = torch.Generator()
    copy.set_state(generator.get_state())
    return _draw_many(mu, sigma, n, copy)


DRAWN = ("independent noise", "mean and spread", "normal noise")

DRAW_MANY_MISTAKES = [
    Mistake(
        "the same noise for all images",
        "How many dice do seven images throw, each a thousand times?",
        lambda mu, sigma, n, generator: mu + sigma * torch.randn(n, 1, mu.shape[1], generator=generator),
    ),
    Mistake(
        "one noise for all dimensions",
        "The D dimensions of z are independent of each other. How many random numbers does that take for one z?",
        lambda mu, sigma, n, generator: mu + sigma * torch.randn(n, mu.shape[0], 1, generator=generator),
    ),
    Mistake(
        "one number for a whole draw",
        "How many random numbers does a z of shape (n, B, D) need, if all are independent?",
        lambda mu, sigma, n, generator: mu + sigma * torch.randn(n, 1, 1, generator=generator),
    ),
    Mistake(
        "one draw, repeated n times",
        "Look at z[0] and z[1]. Which comes first, the noise or the n copies?",
        lambda mu, sigma, n, generator: _draw_many(mu, sigma, 1, generator).repeat(n, 1, 1),
    ),
    Mistake(
        "the generator is not used",
        "Who gave you the generator wants the same z again for the same seed. From where does your noise come?",
        lambda mu, sigma, n, generator: mu + sigma * torch.randn(n, *mu.shape),
    ),
    Mistake(
        "a copy of the generator is drawn from",
        "Call your function twice with one generator. Has it moved on after the first call?",
        _from_a_copy,
        lambda mu, sigma, n, generator: _draw_many(
            mu, sigma, n, torch.Generator().manual_seed(generator.initial_seed())
        ),
    ),
    Mistake(
        "noise from a seed of its own",
        "Your caller has passed you a generator, in a state of its own. What is left of that state in your noise?",
        lambda mu, sigma, n, generator: _draw_many(mu, sigma, n, generator.manual_seed(0)),
        lambda mu, sigma, n, generator: _draw_many(mu, sigma, n, torch.Generator().manual_seed(0)),
    ),
    Mistake(
        "no noise at all",
        "Where is the chance in z? Look at z[0] and z[1].",
        lambda mu, sigma, n, generator: (mu + sigma).expand(n, *mu.shape),
        lambda mu, sigma, n, generator: mu.expand(n, *mu.shape),
    ),
    Mistake(
        "draws and images mixed up",
        "`repeat_interleave` gives all copies of the first image before the second. Which image is z[0, 1] of, then?",
        _mixed_up,
    ),
    Mistake(
        "the variance used as standard deviation",
        "If ε has the standard deviation 1, which has 3 · ε? And what do you multiply by where σ is 3?",
        lambda mu, sigma, n, generator: mu + sigma**2 * torch.randn(n, *mu.shape, generator=generator),
    ),
    Mistake(
        "σ taken for log σ²",
        "Many tutorials have an encoder that gives log σ². What does your argument hold?",
        lambda mu, sigma, n, generator: mu + (sigma / 2).exp() * torch.randn(n, *mu.shape, generator=generator),
    ),
    Mistake(
        "σ taken for log σ",
        "What does your argument hold: σ, or its logarithm?",
        lambda mu, sigma, n, generator: mu + sigma.exp() * torch.randn(n, *mu.shape, generator=generator),
    ),
    Mistake(
        "μ and σ swapped",
        "Which of the two says where the draws lie, and which how far from there?",
        lambda mu, sigma, n, generator: sigma + mu * torch.randn(n, *mu.shape, generator=generator),
    ),
    Mistake(
        "uniform noise",
        "Which mean, which spread and which shape has N(0, 1)?",
        lambda mu, sigma, n, generator: mu + sigma * torch.rand(n, *mu.shape, generator=generator),
    ),
    Mistake(
        "σ ignored",
        "How far from μ should z lie where σ is 3, and how far where it is 0.1?",
        lambda mu, sigma, n, generator: mu + torch.randn(n, *mu.shape, generator=generator),
    ),
    Mistake(
        "μ ignored",
        "Around which point should the draws of an image lie?",
        lambda mu, sigma, n, generator: sigma * torch.randn(n, *mu.shape, generator=generator),
    ),
]


# Their draws look like those after a global seed.
OF_GENERATORS = ("a copy of the generator is drawn from", "noise from a seed of its own", "the generator is not used")
GLOBAL_SEED = Mistake(
    "a global seed in place of the generator",
    "What happens to the random numbers of whoever called your function?",
)
IN_A_WALK = Mistake(
    "each draw goes on from the one before",
    "Can you guess from one draw where the next will lie? Independent draws know nothing of each other.",
)
_recognise_draws = recognise_draws(DRAW_MANY_MISTAKES, call_thrice)


def _recognise(seen: list[Seen]) -> Mistake | None:
    if stops_at_40(seen[0]):
        return SIZES
    if seen[0].outcome.note == STRUNG:  # for a single image, or draw, it looks squeezed
        return _recognise_draws(seen) or MISTAKES[STRUNG]
    wrong = [each for each in seen if each.outcome.value and _shape(each)]
    if wrong and all(each.case.kind in ("one", "few") for each in wrong):
        n, mu = wrong[0].case.inputs["n"], wrong[0].case.inputs["mu"]
        return find_squeezed(wrong[0].outcome.value[0], (n, *mu.shape))
    found = _recognise_draws(seen) or (IN_A_WALK if _walks(seen[0]) else None)
    if found and found.name in OF_GENERATORS and seen[0].outcome.seeded:
        return GLOBAL_SEED
    return found or mistake_of_form(seen) or mistake_of_dtype(seen[:1])


def _walks(each: Seen) -> bool:
    """Whether a draw lies near the one before it, in the first call."""
    if each.outcome.error or not are_draws(first_of(each.outcome.value), each.case):
        return False
    z = first_of(each.outcome.value).double()
    noise = (z - z.mean(0)) / z.std(0)
    return 0.3 < float((noise[1:] * noise[:-1]).mean()) < 0.999


draw_many = Check(
    name="draw_many",
    properties=[
        Property("shape", 1, judge_each(_shape, "main"), required=True),
        Property("independent noise", 2, _independent, cap=6),
        Property("mean and spread", 1, judge_each(judge_spread, "main"), follows=DRAWN[:1], cap=5),
        Property("normal noise", 1, judge_each(judge_normality, "main"), follows=DRAWN[:2], cap=6),
        Property("draws from the generator", 2, _from_the_generator, follows=DRAWN[:1]),
        Property("one or two draws", 1, judge_each(_few, "few"), follows=DRAWN),
        Property("batch of one", 1, judge_each(_batch_of_one, "one"), follows=DRAWN),
        shared("inputs unchanged", 1),
        FORM,
        DTYPE,
    ],
    draw=_draw_draw_many,
    prepare=_prepared,
    call=call_thrice,
    recognise=_recognise,
    may_stop=("one", "few"),
    forbidden=("vae_lib",),
    hints=(
        "It is the trick once more, with more noise. How many random numbers are there in z of shape (n, B, D)?",
        "μ of shape (B, D) and noise of shape (n, B, D) can be added as they are: PyTorch lines the shapes up from the "
        "right.",
        "`torch.randn(n, *mu.shape, generator=generator)` is all the noise at once. What you do with it, you wrote in "
        "exercise 1.",
    ),
    oracle=_draw_many,
)
