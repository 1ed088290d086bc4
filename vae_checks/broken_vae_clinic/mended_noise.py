"""Check of `mended_noise`: a program whose noise is not that of N(0, I)."""

import math

from torch import Tensor

from vae_checks.broken_vae_clinic.batch import batch, draw, parts_are_right, prepare
from vae_checks.broken_vae_clinic.mended_units import oracle, recognise_units
from vae_checks.broken_vae_clinic.trained import (
    CUT_OFF,
    Trained,
    fault_of_form,
    prints_the_truth,
    trained,
    trains_to_the_target,
)
from vae_checks.check import Check
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen
from vae_probe.programs import call_measure

NO_MEAN = Mistake(
    "μ left out",
    "Your z has the encoder's spread. Around which place does it lie?",
)
NO_NOISE = Mistake(
    "no noise at all",
    "Without noise nothing asks the decoder to bear a σ. What is the KLD then a price for?",
)
ONE_FOR_ALL = Mistake(
    "one ε for the whole batch",
    "Has each image of a batch its own noise? Which shape has your ε?",
)
ONE_FOR_DIMENSIONS = Mistake(
    "one ε for several dimensions",
    "How many numbers has the ε of one image, and do they depend on each other?",
)
POSITIVE = Mistake(
    "noise that is never negative",
    "`torch.rand` draws from 0 to 1. On which side of μ does z always lie?",
)
NARROW = Mistake(
    "noise of too small a variance",
    "Your ε is centred. What is its variance, and which one does the KLD take for granted?",
)
WIDE = Mistake(
    "noise of too large a variance",
    "What is the variance of (z − μ) / σ, and which one does the KLD take for granted?",
)
UNIFORM = Mistake(
    "noise with the right mean and variance, and no bell",
    "The KLD is that of a Gaussian. How often is an ε of N(0, 1) beyond 2, and yours?",
)
SQUARED = Mistake(
    "the variance in place of σ",
    "`model.encode` gives σ. What is the standard deviation of your z, in units of this σ?",
)
ROOT = Mistake(
    "the root of σ in place of σ",
    "`model.encode` gives σ, not the variance. Which of the two do you take the root of?",
)
NO_SIGMA = Mistake(
    "noise that σ does not scale",
    "Two images with different σ: how does your z tell them apart?",
)


def _recognise(seen: list[Seen]) -> Mistake | None:
    if mistake := _recognise_noise(seen) or recognise_units(seen):
        return mistake
    result = trained(seen)
    return CUT_OFF if isinstance(result, Trained) and result.kld < 0.2 else None


def _steepness(sigma: Tensor, noise: Tensor) -> float:
    """How the noise in units of σ grows with σ: the exponent, 0 where z is drawn as it should be."""
    x, y = sigma.log().flatten(), noise.abs().clamp(min=1e-12).log().flatten()
    return (((x - x.mean()) * y).mean() / x.var(correction=0)).item()


def _kurtosis(noise: Tensor) -> float:
    return (noise.pow(4).mean() / noise.square().mean().square()).item()


def _recognise_noise(seen: list[Seen]) -> Mistake | None:
    one = batch(seen)
    if one is None:
        return None
    noise = one.noise
    if (one.mu * (one.sigma * noise + one.mu)).mean() < 0.2 * one.mu.square().mean():  # z does not follow μ
        return NO_MEAN
    if noise.abs().mean() < 1e-3:
        return NO_NOISE
    if (noise - noise[0]).abs().max() < 1e-3:
        return ONE_FOR_ALL
    if noise.T.corrcoef().triu(1).abs().max() > 0.3:  # of 600 images, by chance, below 0.2
        return ONE_FOR_DIMENSIONS
    for exponent, mistake in {1.0: SQUARED, -0.5: ROOT, -1.0: NO_SIGMA}.items():
        if abs(_steepness(one.sigma, noise) - exponent) < 0.15:
            return mistake
    return _shape_of(noise)


def _shape_of(noise: Tensor) -> Mistake | None:
    """The mistake that noise of a wrong distribution comes from."""
    variance = noise.var().item()
    if noise.min() > -1e-3:
        return POSITIVE
    if variance < 0.8:
        return NARROW
    if variance > 1.25:
        return WIDE
    return UNIFORM if abs(variance - 1) < 0.1 and _kurtosis(noise) < 2.3 else None


def _is_a_bell(seen: list[Seen]) -> str:
    one = batch(seen)
    if one is None:
        return ""
    noise, n = one.noise, one.noise.numel()
    if mistake := _recognise_noise(seen):
        return f"(z − μ) / σ should be noise of N(0, I), a new one for each image, and here is {mistake.name}"
    # Of so many numbers from N(0, 1), five standard errors are a million to one.
    if abs(noise.mean()) > 5 / math.sqrt(n) or abs(noise.var() - 1) > 5 * math.sqrt(2 / n):
        return f"(z − μ) / σ has a mean of {noise.mean():.2f} and a variance of {noise.var():.2f}, not 0 and 1"
    return ""


mended_noise = Check(
    name="mended_noise",
    properties=[
        Property("three numbers", 1, fault_of_form, required=True),
        Property("noise of N(0, I)", 3, _is_a_bell, cap=6),
        Property("trains to the target", 4, trains_to_the_target, follows=("noise of N(0, I)",)),
        Property("prints the truth", 2, prints_the_truth, follows=("noise of N(0, I)",)),
        Property("nats per image", 0, parts_are_right),
    ],
    draw=draw,
    call=call_measure,
    recognise=_recognise,
    prepare=prepare,
    forbidden=("vae_lib.train", "vae_lib.clinic"),
    hints=(
        "The printed loss is lower than a healthy one, and the true loss higher. Which of BCE and KLD depends on the "
        "noise?",
        "Collect (z − μ) / σ of a batch: what are its mean, its variance, its smallest value? Compare with N(0, 1).",
        "`torch.rand_like` is uniform from 0 to 1, `torch.randn_like` is N(0, 1). One letter.",
    ),
    oracle=oracle,
)
