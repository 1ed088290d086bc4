"""Check of `iwae`: the importance-weighted bound of each image."""

import math

import torch
from torch import Tensor

from vae_checks.check import tensor_cases
from vae_checks.extremes import check_with_extremes
from vae_checks.mistakes import Mistake
from vae_probe.outcome import Case

DRAWS = 12
SEED = 2_017  # of all inputs: what a mistake looks like is no matter of luck
FAR = (-150.0, -543.0)  # log p(x, z) as in life


def _draw(seed: int) -> list[Case]:
    def make(generator: torch.Generator, batch: int) -> dict[str, Tensor]:
        log_joint = 1.5 * torch.randn(DRAWS, batch, generator=generator) - 3
        return {"log_joint": log_joint, "log_q": torch.randn(DRAWS, batch, generator=generator) - 1.5}

    small = make(torch.Generator().manual_seed(SEED), 4)
    small["log_joint"] = small["log_joint"] + torch.tensor([*FAR, *FAR])
    return [*tensor_cases(SEED, make), Case("extreme", small)]


def _iwae(log_joint: Tensor, log_q: Tensor) -> Tensor:
    # Added up by pairs: log(exp a + exp b), and so on.
    total = log_joint[0] - log_q[0]
    for joint, q in zip(log_joint[1:], log_q[1:], strict=True):
        total = torch.logaddexp(total, joint - q)
    return total - math.log(len(log_joint))


def _normalized(log_joint: Tensor, log_q: Tensor) -> Tensor:
    weights = (log_joint - log_q).log_softmax(0)
    return weights.logsumexp(0)


UNDERFLOW = Mistake(
    "exp of −150 underflows",
    "In 32 bits, what is exp(−150), and what is the logarithm of a mean of such weights?",
)
KEPT_AWAY = Mistake(
    "the logarithm is kept away from 0",
    "A bound near −150 is nothing odd here. What does the number that you add make of it?",
)


def _recognise_extremes(actual: Tensor, expected: Tensor) -> Mistake | None:
    return KEPT_AWAY if actual.isfinite().all() and (actual > expected).all() else UNDERFLOW


iwae = check_with_extremes(
    _iwae,
    [
        Mistake(
            "the mean of the logarithms: this is the ELBO",
            "Which comes first, the mean over the draws or the logarithm? What would more draws change in yours?",
            lambda log_joint, log_q: (log_joint - log_q).mean(0),
        ),
        Mistake(
            "the sum of the logarithms",
            "The bound averages weights, p(x, z) / q(z). What do you add up?",
            lambda log_joint, log_q: (log_joint - log_q).sum(0),
        ),
        Mistake(
            "the sum of the weights, not their mean",
            "Let all k draws be the same z. Should the bound depend on k?",
            lambda log_joint, log_q: (log_joint - log_q).logsumexp(0),
        ),
        Mistake(
            "log k added",
            "A mean is a sum divided by k. What becomes of the division in the logarithm?",
            lambda log_joint, log_q: (log_joint - log_q).logsumexp(0) + math.log(len(log_q)),
        ),
        Mistake(
            "divided by k outside the logarithm",
            "The mean is taken of the weights. Is the logarithm of a mean a k-th of the logarithm of the sum?",
            lambda log_joint, log_q: (log_joint - log_q).logsumexp(0) / len(log_q),
        ),
        Mistake(
            "log q is forgotten",
            "The draws come from q, not evenly from everywhere. What corrects for the z that q draws too often?",
            lambda log_joint, log_q: log_joint.logsumexp(0) - math.log(len(log_q)),
        ),
        Mistake(
            "log q is added",
            "A z that q draws too often should count for less. Does it, with yours?",
            lambda log_joint, log_q: (log_joint + log_q).logsumexp(0) - math.log(len(log_q)),
        ),
        Mistake(
            "q over p, the weight upside down",
            "Which z should weigh more: one that q draws too often, or too seldom?",
            lambda log_joint, log_q: (log_q - log_joint).logsumexp(0) - math.log(len(log_q)),
        ),
        Mistake(
            "the ratio of two means, not the mean of the ratios",
            "Each draw has a weight of its own, p(x, z) / q(z). When do you divide?",
            lambda log_joint, log_q: log_joint.logsumexp(0) - log_q.logsumexp(0),
        ),
        Mistake(
            "weighted by q once more",
            "The draws come from q already. How often does a likely z come among them, without any weight?",
            lambda log_joint, log_q: (log_q.softmax(0) * (log_joint - log_q)).sum(0),
            lambda log_joint, log_q: (log_q.exp() * (log_joint - log_q)).sum(0),
        ),
        Mistake(
            "the weights are normalised",
            "Weights that add up to 1 have the same mean for every image. What is left of p(x)?",
            _normalized,
            lambda log_joint, log_q: _normalized(log_joint, log_q) - math.log(len(log_q)),
        ),
        Mistake(
            "only the best draw counts",
            "Is the mean of k weights the largest of them?",
            lambda log_joint, log_q: (log_joint - log_q).amax(0),
            lambda log_joint, log_q: (log_joint - log_q).amax(0) - math.log(len(log_q)),
        ),
        Mistake(
            "the mean weight, without its logarithm",
            "What comes back should be a bound of log p(x). Which function is still missing?",
            lambda log_joint, log_q: (log_joint - log_q).exp().mean(0),
        ),
        Mistake(
            "the wrong sign",
            "The bound grows as the image becomes likelier. What does yours do?",
            lambda log_joint, log_q: -_iwae(log_joint, log_q),
        ),
        Mistake(
            "averaged over the images, not over the draws",
            "Your result has a number for each draw. For which of the two dimensions of (k, B) should it have one?",
            lambda log_joint, log_q: (log_joint - log_q).logsumexp(1) - math.log(log_q.shape[1]),
            lambda log_joint, log_q: (log_joint - log_q).logsumexp(1) - math.log(len(log_q)),
        ),
        Mistake(
            "one number for the whole batch",
            "How many numbers should come back for seven images?",
            lambda log_joint, log_q: _iwae(log_joint, log_q).mean(),
            lambda log_joint, log_q: _iwae(log_joint, log_q).sum(),
            lambda log_joint, log_q: (log_joint - log_q).flatten().logsumexp(0) - math.log(log_q.numel()),
        ),
    ],
    name="iwae",
    draw=_draw,
    extreme="log p as small as in life",
    inputs=f"for log p(x, z) near {FAR[0]:.0f} and {FAR[1]:.0f}, two images each",
    recognise=_recognise_extremes,
    hints=(
        "Each draw has a weight, p(x, z) / q(z). The bound is the logarithm of the mean of the k weights.",
        "The logarithm of a weight is log p(x, z) − log q(z). From there to the log of the mean without ever writing a "
        "weight down: log Σ exp, and a division by k that has become a subtraction.",
        "`(log_joint - log_q).logsumexp(dim=…)`, over the draws; then subtract the logarithm of their number, "
        "`math.log(len(…))`.",
    ),
)
