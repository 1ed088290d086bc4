"""Check of `log_evidence`: log p(x) of each image, by a sum over the cells of a grid."""

import math

import torch
from torch import Tensor

from vae_checks.check import tensor_cases
from vae_checks.extremes import check_with_extremes
from vae_checks.mistakes import Mistake
from vae_probe.outcome import Case

CELLS, AREA = 60, 0.04
SEED = 2_016  # of all inputs: what a mistake looks like is no matter of luck
LIKELY = (-150.0, -543.0)  # log p(x, z) as in life: of a trained model, and of one that says ½ of every pixel


def _draw(seed: int) -> list[Case]:
    def make(generator: torch.Generator, batch: int) -> dict[str, Tensor | float]:
        return {"log_joint": 2 * torch.randn(CELLS, batch, generator=generator) - 1, "cell_area": AREA}

    small = make(torch.Generator().manual_seed(SEED), 4)
    small["log_joint"] = small["log_joint"] + torch.tensor([*LIKELY, *LIKELY])
    return [*tensor_cases(SEED, make), Case("extreme", small)]


def _log_evidence(log_joint: Tensor, cell_area: float) -> Tensor:
    # Added up by pairs: log(exp a + exp b), and so on.
    total = log_joint[0]
    for cell in log_joint[1:]:
        total = torch.logaddexp(total, cell)
    return total + math.log(cell_area)


UNDERFLOW = Mistake(
    "exp of −150 underflows",
    "In 32 bits, what is exp(−150), and what is the logarithm of a sum of such numbers?",
)
KEPT_AWAY = Mistake(
    "the logarithm is kept away from 0",
    "log p(x) near −150 is nothing odd here. What does the number that you add make of it?",
)


def _recognise_extremes(actual: Tensor, expected: Tensor) -> Mistake | None:
    return KEPT_AWAY if actual.isfinite().all() and (actual > expected).all() else UNDERFLOW


def _mean_evidence(log_joint: Tensor, cell_area: float) -> Tensor:
    return log_joint.logsumexp(0) - math.log(len(log_joint))


log_evidence = check_with_extremes(
    _log_evidence,
    [
        Mistake(
            "the area of a cell is forgotten",
            "Halve the step of the grid: how many times as many cells are there, and what does your sum do?",
            lambda log_joint, cell_area: log_joint.logsumexp(0),
        ),
        Mistake(
            "the logarithm is multiplied by the area",
            "p(x) is a sum times an area. What becomes of a product in the logarithm?",
            lambda log_joint, cell_area: log_joint.logsumexp(0) * cell_area,
            lambda log_joint, cell_area: (log_joint * cell_area).logsumexp(0),
        ),
        Mistake(
            "the area is added, not its logarithm",
            "p(x) is a sum times an area. What becomes of a product in the logarithm?",
            lambda log_joint, cell_area: log_joint.logsumexp(0) + cell_area,
            lambda log_joint, cell_area: (log_joint + cell_area).logsumexp(0),
        ),
        Mistake(
            "divided by the area",
            "Smaller cells, more of them: should each count for more, or for less?",
            lambda log_joint, cell_area: log_joint.logsumexp(0) - math.log(cell_area),
        ),
        Mistake(
            "the area taken for a step, or the other way round",
            "`cell_area` is that of a whole cell, step times step. Which power of it belongs into the sum?",
            lambda log_joint, cell_area: log_joint.logsumexp(0) + 2 * math.log(cell_area),
            lambda log_joint, cell_area: log_joint.logsumexp(0) + 0.5 * math.log(cell_area),
        ),
        Mistake(
            "the mean over the cells, not their sum",
            "A mean over the cells takes every z of the plane for equally likely. Where does the prior stand already?",
            _mean_evidence,
            lambda log_joint, cell_area: _mean_evidence(log_joint, cell_area) + math.log(cell_area),
        ),
        Mistake(
            "logarithms are added, not probabilities",
            "One z that fits makes an image likely, whatever the others say. Is that so in your sum?",
            lambda log_joint, cell_area: log_joint.sum(0),
            lambda log_joint, cell_area: log_joint.sum(0) + math.log(cell_area),
            lambda log_joint, cell_area: log_joint.sum(0) * cell_area,
            lambda log_joint, cell_area: log_joint.mean(0),
            lambda log_joint, cell_area: log_joint.mean(0) + math.log(cell_area),
        ),
        Mistake(
            "only the best z counts",
            "Ten cells that are alike make an image ten times as likely as one. What does a maximum make of them?",
            lambda log_joint, cell_area: log_joint.amax(0),
            lambda log_joint, cell_area: log_joint.amax(0) + math.log(cell_area),
        ),
        Mistake(
            "p(x), without its logarithm",
            "What comes back should be log p(x). Which function is still missing?",
            lambda log_joint, cell_area: log_joint.exp().sum(0) * cell_area,
        ),
        Mistake(
            "the wrong sign",
            "log p(x) grows as the image becomes likelier. What does yours do?",
            lambda log_joint, cell_area: -_log_evidence(log_joint, cell_area),
        ),
        Mistake(
            "summed over the images, not over the cells",
            "Your result has a number for each cell. For which of the two dimensions of (G, B) should it have one?",
            lambda log_joint, cell_area: log_joint.logsumexp(1) + math.log(cell_area),
            lambda log_joint, cell_area: log_joint.logsumexp(1),
        ),
        Mistake(
            "one number for the whole batch",
            "How many numbers should come back for seven images?",
            lambda log_joint, cell_area: _log_evidence(log_joint, cell_area).mean(),
            lambda log_joint, cell_area: _log_evidence(log_joint, cell_area).sum(),
            lambda log_joint, cell_area: log_joint.flatten().logsumexp(0) + math.log(cell_area),
        ),
    ],
    name="log_evidence",
    draw=_draw,
    extreme="log p as small as in life",
    inputs=f"for log p(x, z) near {LIKELY[0]:.0f} and {LIKELY[1]:.0f}, two images each",
    recognise=_recognise_extremes,
    hints=(
        "p(x) is the integral of p(x, z) over the plane: on a grid the sum over its cells, each times its area.",
        "In the logarithm: the log of a sum of exponentials, plus the log of the area. PyTorch has a function for the "
        "first that never computes an exponential too small to be written down.",
        "`log_joint.logsumexp(dim=…)` is log Σ exp; over cells or over images? To it comes `math.log(…)`.",
    ),
)
