"""Check of `draw_many`: many z for each image."""

import torch

from vae_checks.check import Check
from vae_checks.compare import describe
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, judge_each, shared
from vae_checks.reparameterization_trick.gaussian_draws import (
    draw_gaussians,
    find_fault,
    judge_dependence,
    judge_normality,
    judge_spread,
    recognise_draws,
)
from vae_probe.call import call_function
from vae_probe.draws import DRAWS
from vae_probe.outcome import Case


def _draw_draw_many(seed):
    generator = torch.Generator().manual_seed(seed)
    n = DRAWS + int(torch.randint(100, (), generator=generator))
    main, single = ({**draw_gaussians(generator, batch), "n": n, "generator": seed} for batch in (7, 1))
    return [
        Case("main", main),
        Case("one", single),
        Case("other generator", main | {"generator": seed + 1}),
    ]


def _shape(each):
    expected, z = (each.case.inputs["n"], *each.case.inputs["mu"].shape), each.outcome.value
    right = isinstance(z, torch.Tensor) and z.shape == expected
    return "" if right else f"expected a tensor {expected}, got {describe(z)}"


def _from_the_generator(seen):
    return shared("no global seed", 0).judge(seen) or shared("draws from the generator", 0).judge(seen)


def _draw_many(mu, sigma, n, generator):
    return torch.stack([mu + sigma * torch.randn(mu.shape, generator=generator) for _ in range(n)])


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
        "one draw, repeated n times",
        "Look at z[0] and z[1]. Which comes first, the noise or the n copies?",
        lambda mu, sigma, n, generator: _draw_many(mu, sigma, 1, generator).repeat(n, 1, 1),
    ),
    Mistake(
        "images first, draws second",
        "What should z[0] be: all images once, or one image many times?",
        lambda mu, sigma, n, generator: _draw_many(mu, sigma, n, generator).transpose(0, 1).contiguous(),
    ),
    Mistake(
        "draws and images in one dimension",
        "How does the next one find the third draw of the fifth image? Which three sizes has z?",
        lambda mu, sigma, n, generator: _draw_many(mu, sigma, n, generator).flatten(0, 1),
    ),
    Mistake(
        "the generator is not used",
        "Who gave you the generator wants the same z again for the same seed. From where does your noise come?",
        lambda mu, sigma, n, generator: mu + sigma * torch.randn(n, *mu.shape),
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


draw_many = Check(
    name="draw_many",
    properties=[
        Property("shape", 1, judge_each(_shape), required=True),
        Property("mean and spread", 1, judge_each(judge_spread, "main")),
        Property("normal noise", 1, judge_each(judge_normality, "main")),
        Property("independent noise", 3, judge_each(judge_dependence, "main")),
        Property("draws from the generator", 2, _from_the_generator),
        Property("batch of one", 1, judge_each(find_fault, "one")),
        shared("inputs unchanged", 1),
    ],
    draw=_draw_draw_many,
    call=call_function,
    recognise=recognise_draws(DRAW_MANY_MISTAKES, call_function),
    hints=(
        "It is the trick once more, with more noise. How many random numbers are there in z of shape (n, B, D)?",
        "μ of shape (B, D) and noise of shape (n, B, D) can be added as they are: PyTorch lines the shapes up from the "
        "right.",
        "`torch.randn(n, *mu.shape, generator=generator)` is all the noise at once. What you do with it, you wrote in "
        "exercise 1.",
    ),
    oracle=_draw_many,
)
