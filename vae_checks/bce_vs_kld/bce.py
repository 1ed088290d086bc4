"""Check of `bce`: the binary cross-entropy of each image."""

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli

from vae_checks.bce_vs_kld.kld import POINTS
from vae_checks.check import check_against, tensor_cases
from vae_checks.mistakes import Mistake


def _draw_bce(seed):
    def make(generator, batch):
        x = torch.rand(batch, 20, generator=generator)
        return {"x": x, "x_logits": 4 * torch.randn(batch, 20, generator=generator)}

    return tensor_cases(seed, make)


def _bce(x, x_logits):
    # Written out, because Bernoulli wants x to be 0 or 1 and pixels may be grey.
    black = Bernoulli(logits=x_logits)
    cost = -x * black.log_prob(torch.ones_like(x)) - (1 - x) * black.log_prob(torch.zeros_like(x))
    return torch.stack([image.sum() for image in cost])


bce = check_against(
    _bce,
    [
        Mistake(
            "logits taken for probabilities",
            "Which range do the x_logits have, and of which numbers can one take the logarithm?",
            lambda x, x_logits: -(x * x_logits.log() + (1 - x) * (1 - x_logits).log()).sum(1),
        ),
        Mistake(
            "logits taken for probabilities",
            "Which range do the x_logits have, and which does the function expect that you call?",
            lambda x, x_logits: F.binary_cross_entropy(x_logits, x, reduction="none").sum(1),
        ),
        Mistake(
            "a second sigmoid",
            "How many sigmoids stand between x_logits and your loss, and how many should?",
            lambda x, x_logits: _bce(x, x_logits.sigmoid()),
        ),
        Mistake(
            "x and x̂ swapped",
            "Which of the two says what the pixel is, and which how probable the model holds it?",
            lambda x, x_logits: F.binary_cross_entropy_with_logits(x, x_logits.sigmoid(), reduction="none").sum(1),
        ),
        Mistake(
            "x and x̂ swapped",
            "Which of the two is inside the logarithm?",
            lambda x, x_logits: F.binary_cross_entropy(x, x_logits.sigmoid(), reduction="none").sum(1),
            lambda x, x_logits: F.binary_cross_entropy_with_logits(x, x_logits, reduction="none").sum(1),
        ),
        Mistake(
            "only the white pixels are counted",
            "What does a pixel with x = 0 cost, if the model holds it for white?",
            lambda x, x_logits: -(x * x_logits.sigmoid().log()).sum(1),
        ),
        Mistake(
            "the wrong sign",
            "A cost falls as the model gets better. What does yours do?",
            lambda x, x_logits: -_bce(x, x_logits),
        ),
        Mistake(
            "the mean over the pixels",
            "The KLD is a sum over dimensions. If the BCE is a mean over 784 pixels, what has become of β?",
            lambda x, x_logits: _bce(x, x_logits) / x.shape[1],
        ),
        Mistake(
            "summed over the batch",
            "How many numbers should come back for seven images?",
            lambda x, x_logits: _bce(x, x_logits).sum(),
        ),
        Mistake(
            "averaged over the batch",
            "How many numbers should come back for seven images?",
            lambda x, x_logits: _bce(x, x_logits).mean(),
        ),
        Mistake(
            "the mean over pixels and batch",
            "What does `reduction` say where you do not set it, and by how much is the loss then too small?",
            lambda x, x_logits: _bce(x, x_logits).mean() / x.shape[1],
        ),
        Mistake(
            "not summed over the pixels",
            "How many numbers should come back for seven images?",
            lambda x, x_logits: F.binary_cross_entropy_with_logits(x_logits, x, reduction="none"),
        ),
    ],
    name="bce",
    points=POINTS,
    draw=_draw_bce,
    hints=(
        "The model holds pixel i for white with probability σ(a), where a is its logit. What does it pay for the pixel "
        "it sees?",
        "Per pixel the cost is −x log σ(a) − (1 − x) log(1 − σ(a)). PyTorch has a function that takes a itself and so "
        "keeps its precision.",
        '`F.binary_cross_entropy_with_logits(…, …, reduction="none")` gives the cost of each pixel, first what the '
        "model says, then what is true. What is left is a sum over the right dimension.",
    ),
)
