"""Check of `bce`: the binary cross-entropy of each image."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Bernoulli

from vae_checks.check import tensor_cases
from vae_checks.extremes import check_with_extremes
from vae_checks.mistakes import Mistake, alone_and_in_pairs
from vae_checks.slips import forgive_count, of_each_image
from vae_probe.outcome import Case

LOGITS = (30.0, -30.0, 50.0, -50.0, 200.0, -200.0)
# In the extreme case of an image each: the value of all its pixels, and their logit.
EXTREMES = [(pixel, logit) for pixel in (0.0, 1.0) for logit in LOGITS]


def _draw_bce(seed: int) -> list[Case]:
    def make(generator: torch.Generator, batch: int) -> dict[str, Tensor]:
        # No pixel is black or white: what is done to those alone shows in the extreme case, and there always.
        x = 0.1 + 0.8 * torch.rand(batch, 784, generator=generator)
        # The model leans to what is there: else an image and its negative may cost the same by chance.
        x_logits = 2 * x - 1 + 2 * torch.randn(batch, 784, generator=generator)
        return {"x": x, "x_logits": x_logits.clamp(-4, 4)}

    x, x_logits = torch.tensor(EXTREMES).T[:, :, None].expand(2, -1, 784)
    return [*tensor_cases(seed, make), Case("extreme", {"x": x.clone(), "x_logits": x_logits.clone()})]


def _bce(x: Tensor, x_logits: Tensor) -> Tensor:
    # Written out, because Bernoulli wants x to be 0 or 1 and pixels may be grey.
    black = Bernoulli(logits=x_logits)
    cost = -x * black.log_prob(torch.ones_like(x)) - (1 - x) * black.log_prob(torch.zeros_like(x))
    return torch.stack([image.sum() for image in cost])


THROUGH_THE_SIGMOID = Mistake(
    "through the sigmoid",
    "As a computer rounds it, what is the sigmoid of a logit of 50, and what is the logarithm of 1 minus that?",
)
OUT_OF_RANGE = Mistake(
    "an exponential that 32 bits cannot hold",
    "In 32 bits, what is exp(200), and what is exp(−200)? Which steps of yours need either?",
)
CAPPED = Mistake(
    "the cost of a pixel is capped",
    "What should a pixel with x = 0 cost at a logit of 200, and what does it cost with yours?",
)
KEPT_GREY = Mistake(
    "black and white made grey",
    "What does a black pixel cost at a logit of −200? And with the x that you put in its place?",
)


def _recognise_extremes(actual: Tensor, expected: Tensor) -> Mistake | None:
    """The mistake of an answer that is right but for the images of `EXTREMES`."""
    cost = dict(zip(EXTREMES, actual.tolist(), strict=True))
    finite = {abs(logit): True for logit in LOGITS}
    for (_, logit), number in cost.items():
        finite[abs(logit)] &= math.isfinite(number)
    if not finite[50.0]:
        return THROUGH_THE_SIGMOID
    if not finite[200.0]:
        return OUT_OF_RANGE
    # Where log 0 is made finite, it costs more than it should.
    if ((actual > 1.01 * expected) & (expected > 1)).any():
        return THROUGH_THE_SIGMOID
    # An x that is a little off costs in proportion to the logit, also where the model is sure, and right.
    small, large = cost[0.0, -50.0], cost[0.0, -200.0]
    return KEPT_GREY if small > 1e-5 and 3 < large / small < 5 else CAPPED


def _cost(x: Tensor, x_logits: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(x_logits, x, reduction="none")


def _summed(cost: Callable = _cost, total: Callable = lambda cost: cost.sum(1), sign: int = 1) -> Callable:
    """An answer from the cost of each pixel, what it makes of these costs, and a sign."""
    return lambda x, x_logits: sign * total(cost(x, x_logits))


SWAPPED = Mistake("x and x_logits swapped", "Which of the two is inside the logarithm?")
ONE_FOR_ALL = "How many numbers should come back for seven images?"
OTHER_SUM = Mistake(
    "summed over the images, not over the pixels",
    "Your result has a number for each pixel. For which of the two dimensions of (B, 784) should it have one?",
)
NOT_THE_BCE = Mistake("the squared error, not the BCE", "Where does the logarithm of a probability stand in your cost?")
ROUNDED = Mistake("grey made black or white", "What does a pixel of 0.5 cost at a logit of 4, and what at −4?")
LOG_FOR_SIGMOID = Mistake(
    "log σ taken for σ",
    "`F.logsigmoid` is log σ(a) already. What do you make of it where a pixel is black?",
)
ONE_MINUS = Mistake(
    "a minus for one of the two terms only", "What does a pixel cost, whichever of the two it is: more than 0 or less?"
)
ONE_SIGN = Mistake(
    "a sign wrong in softplus(a) − x·a",
    "What does a white pixel cost with yours at a logit of −4, and what at 4? And a black one?",
)
ONE_SIGMOID = Mistake(
    "the sigmoid in one of the two logarithms only",
    "You take two logarithms. Which of them is of a probability, and which of a logit?",
)

# Of each mistake what it changes of `_summed`.
PARTS: list[tuple[Mistake, dict[str, Any]]] = [
    (
        Mistake(
            "logits taken for probabilities",
            "Which range do the x_logits have, and of which numbers can one take the logarithm?",
        ),
        dict(cost=lambda x, a: -(x * a.log() + (1 - x) * (1 - a).log())),
    ),
    (
        Mistake("a second sigmoid", "How many sigmoids stand between x_logits and your loss, and how many should?"),
        dict(cost=lambda x, a: _cost(x, a.sigmoid())),
    ),
    (
        Mistake(
            "x and x_logits swapped",
            "Which of the two says what the pixel is, and which how probable the model holds it?",
        ),
        dict(cost=lambda x, a: _cost(a.sigmoid(), x)),
    ),
    (SWAPPED, dict(cost=lambda x, a: F.binary_cross_entropy(x, a.sigmoid(), reduction="none"))),
    (SWAPPED, dict(cost=lambda x, a: _cost(a, x))),
    (
        Mistake(
            "only the white pixels are counted", "What does a pixel with x = 0 cost, if the model holds it for white?"
        ),
        dict(cost=lambda x, a: -x * F.logsigmoid(a)),
    ),
    (
        Mistake(
            "only the black pixels are counted", "What does a pixel with x = 1 cost, if the model holds it for black?"
        ),
        dict(cost=lambda x, a: -(1 - x) * F.logsigmoid(-a)),
    ),
    (
        Mistake("log σ for the black pixels, too", "What should a black pixel cost, if the model holds it for white?"),
        dict(cost=lambda x, a: -(x * F.logsigmoid(a) + (1 - x) * F.logsigmoid(a))),
    ),
    (LOG_FOR_SIGMOID, dict(cost=lambda x, a: -(x * F.logsigmoid(a) + (1 - x) * (1 - F.logsigmoid(a)).log()))),
    (LOG_FOR_SIGMOID, dict(cost=lambda x, a: -(x * F.logsigmoid(a) + (1 - x) * (1 - F.logsigmoid(a))))),
    (LOG_FOR_SIGMOID, dict(cost=lambda x, a: _cost(x, F.logsigmoid(a)))),
    (ONE_MINUS, dict(cost=lambda x, a: -x * F.logsigmoid(a) + (1 - x) * F.logsigmoid(-a))),
    (ONE_MINUS, dict(cost=lambda x, a: x * F.logsigmoid(a) - (1 - x) * F.logsigmoid(-a))),
    (ONE_SIGN, dict(cost=lambda x, a: F.softplus(a) + x * a)),
    (ONE_SIGN, dict(cost=lambda x, a: F.softplus(-a) - x * a)),
    (ONE_SIGMOID, dict(cost=lambda x, a: -(x * F.logsigmoid(a) + (1 - x) * (1 - a).log()))),
    (ONE_SIGMOID, dict(cost=lambda x, a: -(x * a.log() + (1 - x) * F.logsigmoid(-a)))),
    (Mistake("the wrong sign", "A cost falls as the model gets better. What does yours do?"), dict(sign=-1)),
    (
        Mistake(
            "black and white exchanged",
            "What does a white pixel cost at a logit of 4, if the model holds it for white?",
        ),
        dict(cost=lambda x, a: _cost(1 - x, a)),
    ),
    (NOT_THE_BCE, dict(cost=lambda x, a: (a.sigmoid() - x).square())),
    (NOT_THE_BCE, dict(cost=lambda x, a: (a - x).square())),
    (
        Mistake("bits in place of nats", "To which base is the logarithm in a BCE in nats?"),
        dict(cost=lambda x, a: _cost(x, a) / math.log(2)),
    ),
    (ROUNDED, dict(cost=lambda x, a: _cost(x.round(), a))),
    (ROUNDED, dict(cost=lambda x, a: _cost((x > 0.5).to(x.dtype), a))),
    (
        Mistake(
            "the mean over the pixels",
            "The KLD is a sum over dimensions. If the BCE is a mean over 784 pixels, what has become of β?",
        ),
        dict(total=lambda cost: cost.mean(1)),
    ),
    (OTHER_SUM, dict(total=lambda cost: cost.sum(0))),
    (OTHER_SUM, dict(total=lambda cost: cost.mean(0))),
    (Mistake("summed over the batch", ONE_FOR_ALL), dict(total=torch.sum)),
    (Mistake("averaged over the batch", ONE_FOR_ALL), dict(total=lambda cost: cost.sum() / len(cost))),
    (
        Mistake(
            "the mean over pixels and batch",
            "What does `reduction` say where you do not set it, and by how much is the loss then too small?",
        ),
        dict(total=torch.mean),
    ),
    (Mistake("not summed over the pixels", ONE_FOR_ALL), dict(total=lambda cost: cost)),
]
_alone, _pairs = alone_and_in_pairs(PARTS, _summed)

_by_its_ways = check_with_extremes(
    _bce,
    [
        Mistake(
            "a Bernoulli that refuses grey pixels",
            "Bernoulli knows 0 and 1 only. What does the formula of the exercise give for a pixel of 0.5?",
            lambda x, x_logits: -Bernoulli(logits=x_logits).log_prob(x).sum(1),
            lambda x, x_logits: -Bernoulli(torch.sigmoid(x_logits)).log_prob(x).sum(1),
        ),
        Mistake(
            "logits taken for probabilities",
            "Which range do the x_logits have, and which does the function expect that you call?",
            lambda x, x_logits: F.binary_cross_entropy(x_logits, x, reduction="none").sum(1),
        ),
        Mistake(
            "the cross-entropy of one choice among 784",
            "Is one of the 784 pixels white and all others black, or does each decide for itself?",
            lambda x, x_logits: F.cross_entropy(x_logits, x, reduction="none"),
        ),
        *_alone,
        *_pairs,
    ],
    name="bce",
    draw=_draw_bce,
    extreme="large logits",
    inputs=[
        f"for an image of {'white' if pixel else 'black'} pixels, with a logit of {logit:.0f} each,"
        for pixel, logit in EXTREMES
    ],
    recognise=_recognise_extremes,
    data=("x",),
    hints=(
        "The model holds pixel i for white with probability σ(a), where a is its logit. What does it pay for the pixel "
        "it sees?",
        "Per pixel the cost is −x log σ(a) − (1 − x) log(1 − σ(a)). PyTorch has a function that takes a itself and so "
        "keeps its precision.",
        '`F.binary_cross_entropy_with_logits(…, …, reduction="none")` gives the cost of each pixel, first what the '
        "model says, then what is true. What is left is a sum over the right dimension.",
    ),
)

bce = forgive_count(_by_its_ways, of_each_image)
