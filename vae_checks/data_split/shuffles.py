"""Is this a shuffle? Signs that positions went into sets by a pattern, or went together twice.

Each bound is 7 standard errors or more away from what a shuffle gives.
"""

import math

import torch
from torch import Tensor


def labels_of(sets: list[list[int]], n: int) -> Tensor:
    """Of each position the number of the first set that holds it, (n,); those in none are one more, the last.

    Sets without a position are not counted. What is there twice, or lost, hides no pattern so.
    """
    labels = torch.full((n,), len(sets))
    for number, part in reversed(list(enumerate(sets))):
        labels[[i for i in part if 0 <= i < n]] = number
    return labels.unique(return_inverse=True)[1]


def find_pattern(labels: Tensor) -> str:
    """How the set of one position gives away that of another, a sentence; "" if it does not."""
    n, sets = len(labels), torch.nn.functional.one_hot(labels).double()
    shares = sets.mean(0)
    together = float(shares.square().sum())
    # How often positions a distance apart share a set, for all distances at once; all positions in a circle.
    shared = torch.fft.irfft(torch.fft.rfft(sets, dim=0).abs().square().sum(1), n)[1:]
    expected = n * (n * together - 1) / (n - 1)
    spread = (n * (together + together**2 - 2 * float(shares.pow(3).sum()))) ** 0.5
    distance = int((shared - expected).abs().argmax()) + 1
    if abs(shared[distance - 1] - expected) > 10 * spread + 1e-6:
        return (
            f"of positions {min(distance, n - distance)} apart, {shared[distance - 1] / n:.0%} are in the same set; "
            f"after a shuffle it is about {expected / n:.0%}"
        )
    if len(shares) > 2 and _drift(labels) > 6:
        return "low positions come early and high ones late (or the reverse): not every place is open to every position"
    return ""


def _drift(labels: Tensor) -> float:
    """How far the places follow the positions, both taken as angles, in standard errors."""
    positions = 2 * math.pi * torch.arange(len(labels)) / len(labels)
    places = 2 * math.pi * labels / (labels.max() + 1)
    follow = [torch.polar(torch.ones(len(labels)), positions + sign * places).mean().abs() for sign in (1, -1)]
    return float(max(follow)) * len(labels) ** 0.5


def find_recurrence(labels: Tensor, others: Tensor) -> str:
    """Whether positions that share a set in one shuffle do so again in another, a sentence, or ""."""
    n, sets = len(labels), [torch.nn.functional.one_hot(each).double() for each in (labels, others)]
    first, second = (each.mean(0) for each in sets)
    excess = (sets[0].T @ sets[1] - n * first[:, None] * second).square().sum()
    chance = n * (1 - first.square().sum()) * (1 - second.square().sum())
    freedom = max((len(first) - 1) * (len(second) - 1), 1)
    if excess > chance * (1 + 51 / freedom**0.5):
        return (
            "positions that were together in one draw are together, or apart, in the next one far more than by chance"
        )
    return ""
