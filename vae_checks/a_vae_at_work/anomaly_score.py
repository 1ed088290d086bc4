"""Check of `anomaly_score`: the loss of each image, less what its grey pixels cost at best."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence

from vae_checks.check import check_against, tensor_cases
from vae_checks.compare import difference, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each
from vae_probe.outcome import Case

SEED = 2_019  # of all inputs: what a mistake looks like is no matter of luck
SURE = 60.0  # the size of the logits of a model that is sure


def _draw(seed: int) -> list[Case]:
    def make(generator: torch.Generator, batch: int) -> dict[str, Tensor]:
        # All pixels grey; each image brighter than the one before it, so that their floors differ.
        bright = torch.linspace(0.5, 1.0, batch).unsqueeze(1)
        x = (0.05 + 0.9 * torch.rand(batch, 784, generator=generator)) * bright
        x_logits = 2 * x - 1 + 2 * torch.randn(batch, 784, generator=generator)
        mu, sigma = torch.randn(2, batch, 5, generator=generator)
        # As of a linear layer: of either sign, and never near 0, where the KLD has no end.
        return {"x": x, "x_logits": x_logits.clamp(-4, 4), "mu": mu, "sigma": sigma + sigma.sign() / 2}

    generator = torch.Generator().manual_seed(SEED)
    plain, sure = make(generator, 3), make(generator, 3)
    plain["x"][:, ::2] = (plain["x"][:, ::2] > 0.4).float()
    sure["x_logits"][:, ::2] = SURE * sure["x_logits"][:, ::2].sign()
    cases = [replace(case, gradients=False) for case in tensor_cases(SEED, make)]
    return [*cases, Case("black and white", plain), Case("sure", sure)]


def _bce(x: Tensor, x_logits: Tensor) -> Tensor:
    white = Bernoulli(logits=x_logits)
    cost = -x * white.log_prob(torch.ones_like(x)) - (1 - x) * white.log_prob(torch.zeros_like(x))
    return cost.sum(1)


def _kld(mu: Tensor, sigma: Tensor) -> Tensor:
    prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return kl_divergence(Normal(mu, sigma.abs()), prior).sum(1)


def _floor(x: Tensor) -> Tensor:
    return Bernoulli(x).entropy().sum(1)


def _anomaly_score(x: Tensor, x_logits: Tensor, mu: Tensor, sigma: Tensor) -> Tensor:
    # The entropy of a Bernoulli keeps its probability away from 0; that of 0 and 1 is 0.
    floor = Bernoulli(x.double()).entropy().masked_fill((x == 0) | (x == 1), 0).sum(1)
    return (_bce(x.double(), x_logits.double()) + _kld(mu.double(), sigma.double()) - floor).to(x)


Answer = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def _of(combine: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Answer:
    """Another combination of BCE, KLD and floor, each (B,)."""
    return lambda x, x_logits, mu, sigma: combine(_bce(x, x_logits), _kld(mu, sigma), _floor(x))


def _with_floor(floor: Callable[[Tensor], Tensor]) -> Answer:
    return lambda x, x_logits, mu, sigma: _bce(x, x_logits) + _kld(mu, sigma) - floor(x)


def _with_bce(bce: Callable[[Tensor, Tensor], Tensor]) -> Answer:
    return lambda x, x_logits, mu, sigma: bce(x, x_logits) + _kld(mu, sigma) - _floor(x)


def _with_kld(kld: Callable[[Tensor, Tensor], Tensor]) -> Answer:
    return lambda x, x_logits, mu, sigma: _bce(x, x_logits) + kld(mu, sigma) - _floor(x)


def _per_pixel(x: Tensor, x_logits: Tensor) -> Tensor:
    """What each pixel costs beyond its floor."""
    return F.binary_cross_entropy_with_logits(x_logits, x, reduction="none") - Bernoulli(x).entropy()


def _by_logs(x: Tensor) -> Tensor:
    return -(x * x.log() + (1 - x) * (1 - x).log()).sum(1)


MISTAKES = [
    Mistake(
        "the floor is left out",
        "An image of grey fog and one of black and white: which costs more even if the model draws both exactly?",
        _of(lambda bce, kld, floor: bce + kld),
    ),
    Mistake(
        "the floor is added",
        "Should an image look odder because its own greys cost more?",
        _of(lambda bce, kld, floor: bce + kld + floor),
    ),
    Mistake(
        "the KLD is left out",
        "Two images are drawn equally well, one from a code far from all others. Which of the two is odder?",
        _of(lambda bce, kld, floor: bce - floor),
    ),
    Mistake(
        "the KLD is taken away",
        "Should a code that is farther from N(0, I) make its image look less odd?",
        _of(lambda bce, kld, floor: bce - kld - floor),
    ),
    Mistake(
        "the ELBO, not the score",
        "The odder an image, the higher its score. What does yours do as the loss grows?",
        _of(lambda bce, kld, floor: floor - bce - kld),
        _of(lambda bce, kld, floor: -bce - kld),
        _of(lambda bce, kld, floor: -bce - kld - floor),
    ),
    Mistake(
        "the loss divided by the floor",
        "The loss is the floor and something on top of it, in nats. How do you get at what is on top?",
        _of(lambda bce, kld, floor: (bce + kld) / floor),
        _of(lambda bce, kld, floor: bce / floor + kld),
    ),
    Mistake(
        "the floor of what the model drew",
        "The floor is the BCE of a model that draws x itself. Which image's greys does it depend on?",
        lambda x, x_logits, mu, sigma: _bce(x, x_logits) + _kld(mu, sigma) - _floor(x_logits.sigmoid()),
    ),
    Mistake(
        "one floor for all images",
        "Has an image with two grey pixels the same floor as one with two hundred?",
        _of(lambda bce, kld, floor: bce + kld - floor.mean()),
    ),
    Mistake(
        "all floors together taken off each image",
        "Your loss has one number for each image. How many has your floor?",
        _of(lambda bce, kld, floor: bce + kld - floor.sum()),
    ),
    Mistake(
        "half of the floor",
        "A pixel of 0.9 counts as white with probability 0.9, and else? How many terms has its cost?",
        _with_floor(lambda x: -torch.xlogy(x, x).sum(1)),
        _with_floor(lambda x: -torch.xlogy(1 - x, 1 - x).sum(1)),
        _with_floor(lambda x: _floor(x) / 2),
    ),
    Mistake(
        "the floor in bits",
        "To which base is the logarithm in a BCE in nats?",
        _with_floor(lambda x: _floor(x) / math.log(2)),
    ),
    Mistake(
        "a floor through the sigmoid",
        "Which function takes logits, and are the pixels x logits?",
        _with_floor(lambda x: _bce(x, x)),
        _with_floor(lambda x: _floor(x.sigmoid())),
    ),
    Mistake(
        "the floor is a mean over the pixels",
        "Your BCE is a sum over 784 pixels. What is your floor?",
        _with_floor(lambda x: _floor(x) / x.shape[1]),
    ),
    Mistake(
        "the mean over the pixels",
        "The KLD is a sum over dimensions. If the pixels are averaged, which of the two parts still counts?",
        _of(lambda bce, kld, floor: (bce - floor) / 784 + kld),
        _of(lambda bce, kld, floor: bce / 784 + kld - floor),
        _of(lambda bce, kld, floor: (bce - floor + kld) / 784),
        lambda x, x_logits, mu, sigma: _per_pixel(x, x_logits).mean(1) + _kld(mu, sigma) / mu.shape[1],
    ),
    Mistake(
        "the mean over the dimensions",
        "The BCE is a sum over the pixels. What is your KLD?",
        _with_kld(lambda mu, sigma: _kld(mu, sigma) / mu.shape[1]),
    ),
    Mistake(
        "the ½ of the KLD is missing",
        "For μ = 1 and σ = 1 the KLD is ½. What is yours?",
        _with_kld(lambda mu, sigma: 2 * _kld(mu, sigma)),
    ),
    Mistake(
        "σ in place of σ²",
        "The KLD knows σ² alone: ½ (μ² + σ² − 1 − log σ²). What does yours give for σ = −1?",
        _with_kld(lambda mu, sigma: 0.5 * (mu**2 + sigma - 1 - sigma.log()).sum(1)),
        _with_kld(lambda mu, sigma: 0.5 * (mu**2 + sigma.abs() - 1 - sigma.abs().log()).sum(1)),
        _with_kld(lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - sigma.abs().log()).sum(1)),
        _with_kld(lambda mu, sigma: 0.5 * (mu**2 + sigma - 1 - (sigma**2).log()).sum(1)),
    ),
    Mistake(
        "the logarithm of a negative σ",
        "A linear head may give σ = −1. Of which number, σ or σ², does the logarithm always exist?",
        _with_kld(lambda mu, sigma: (0.5 * (mu**2 + sigma**2 - 1) - sigma.log()).sum(1)),
        _with_kld(lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - sigma.log()).sum(1)),
    ),
    Mistake(
        "σ taken for log σ²",
        "What does the encoder of this course give: σ, or its log-variance?",
        _with_kld(lambda mu, sigma: 0.5 * (mu**2 + sigma.exp() - 1 - sigma).sum(1)),
    ),
    Mistake(
        "logits taken for probabilities",
        "Which range do the x_logits have, and which does your function expect?",
        lambda x, x_logits, mu, sigma: F.binary_cross_entropy(x_logits, x, reduction="none").sum(1),
        _with_bce(lambda x, x_logits: -(x * x_logits.log() + (1 - x) * (1 - x_logits).log()).sum(1)),
    ),
    Mistake(
        "a second sigmoid",
        "How many sigmoids stand between x_logits and your score, and how many should?",
        _with_bce(lambda x, x_logits: _bce(x, x_logits.sigmoid())),
    ),
    Mistake(
        "x and x̂ swapped",
        "Which of the two says what the pixel is, and which how probable the model holds it?",
        _with_bce(lambda x, x_logits: _bce(x_logits.sigmoid(), x)),
        _with_bce(lambda x, x_logits: _bce(x_logits, x)),
        _with_bce(lambda x, x_logits: F.binary_cross_entropy(x, x_logits.sigmoid(), reduction="none").sum(1)),
    ),
    Mistake(
        "the squared error, not the BCE",
        "The floor is one of the BCE. What is that of a squared error?",
        _with_bce(lambda x, x_logits: (x - x_logits.sigmoid()).square().sum(1)),
        lambda x, x_logits, mu, sigma: (x - x_logits.sigmoid()).square().sum(1),
        lambda x, x_logits, mu, sigma: (x - x_logits.sigmoid()).square().sum(1) + _kld(mu, sigma),
    ),
    Mistake(
        "one number for the whole batch",
        "Which of seven images is the odd one, if they have one score together?",
        _of(lambda bce, kld, floor: (bce + kld - floor).mean()),
        _of(lambda bce, kld, floor: (bce + kld - floor).sum()),
        lambda x, x_logits, mu, sigma: _per_pixel(x, x_logits).mean() + _kld(mu, sigma).mean(),
    ),
    Mistake(
        "a KLD of all images together",
        "Your BCE has one number for each image. How many has your KLD?",
        _of(lambda bce, kld, floor: bce + kld.mean() - floor),
        _of(lambda bce, kld, floor: bce + kld.sum() - floor),
    ),
    Mistake(
        "a BCE of all images together",
        "Your KLD has one number for each image. How many has your BCE?",
        _of(lambda bce, kld, floor: bce.sum() + kld - floor),
        _of(lambda bce, kld, floor: bce.mean() + kld - floor),
        _of(lambda bce, kld, floor: bce.mean() / 784 + kld - floor),
    ),
]
# Known by the cases with black and white pixels, or with sure logits, of answers that are right in the others.
LOG_OF_ZERO = Mistake(
    "0 · log 0",
    "Of a black pixel the floor is 0. What is 0 times log 0 on a computer, and which function of PyTorch knows better?",
)
THROUGH_THE_SIGMOID = Mistake(
    "through the sigmoid",
    "As a computer rounds it, what is the sigmoid of a logit of 60, and what is the logarithm of 1 minus that?",
)


def _differs(each: Seen) -> str:
    expected, actual = each.expected.value, each.outcome.value
    return "" if same(expected, actual) else difference(expected, actual)


_by_its_ways = check_against(
    _anomaly_score,
    MISTAKES,
    name="anomaly_score",
    points={
        "shape": 1,
        "value": 4,
        "batch of one": 1,
        "float64 and device": 0,
        "inputs unchanged": 1,
        "no global seed": 0,
    },
    draw=_draw,
    forbidden=("vae_lib",),
    hints=(
        "Three numbers for each image: what its pixels cost, what its code costs, and what its pixels would cost a "
        "model that draws them exactly. Which of them count for, which against?",
        "The floor is the BCE with x itself as the probability: −x log x − (1 − x) log(1 − x), summed over the pixels. "
        "For black and white ones it is 0, where a product says nan; `torch.special.entr(x)` is −x log x, at 0, too.",
        '`F.binary_cross_entropy_with_logits(x_logits, x, reduction="none")` summed over the pixels, plus '
        "`0.5 * (mu.square() + sigma.square() - 1 - sigma.square().log())` summed over the dimensions, minus "
        "`(torch.special.entr(x) + torch.special.entr(…))` summed over the pixels.",
    ),
)


def _recognise(seen: list[Seen]) -> Mistake | None:
    usual = [each for each in seen if each.case.kind not in ("black and white", "sure")]
    if any(each.outcome.error or _differs(each) for each in usual):
        return _by_its_ways.recognise(usual)
    wrong = {each.case.kind for each in seen if each.outcome.error or _differs(each)}
    kinds = {"black and white": LOG_OF_ZERO, "sure": THROUGH_THE_SIGMOID}
    return next((mistake for kind, mistake in kinds.items() if kind in wrong), None)


anomaly_score = replace(
    _by_its_ways,
    properties=[
        *_by_its_ways.properties[:2],
        Property("black and white pixels", 2, judge_each(_differs, "black and white"), follows=("value",)),
        Property(f"logits of {SURE:.0f}", 1, judge_each(_differs, "sure"), follows=("value",)),
        *_by_its_ways.properties[2:],
    ],
    recognise=_recognise,
    may_stop=(*_by_its_ways.may_stop, "black and white", "sure"),
)
