"""Check of `energy_distance`: unbiased, from the distances between single points."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vae_checks.check import check_against
from vae_checks.compare import difference, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each
from vae_checks.slips import forgive_count
from vae_probe.outcome import Case

TOLERANCE = 1e-3  # ten times what float32 loses where squares are expanded


def _draw_sets(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)

    def points(n: int, d: int) -> Tensor:
        return torch.randn(n, d, generator=generator)

    return [
        Case("main", {"a": points(7, 3), "b": 2 * points(5, 3) + 2}),
        Case("main", {"a": 3 * points(9, 4) - 1, "b": points(12, 4)}),
        Case("main", {"a": points(4, 2), "b": points(4, 2) + 3}),
        Case("main", {"a": points(2, 3), "b": points(2, 3) - 4}),
        Case("one source", _of_one_source(generator)),
        Case("twins", _with_twins(generator)),
    ]


def _of_one_source(generator: torch.Generator) -> dict[str, Tensor]:
    """Two sets of one source whose distance is below 0, by a quarter of a standard deviation of the source."""
    while True:
        a, b = torch.randn(2, 8, 3, generator=generator)
        if _energy_distance(a, b) < -0.25:
            return {"a": a, "b": b}


def _with_twins(generator: torch.Generator) -> dict[str, Tensor]:
    """Whole numbers; each set has its first point twice, one point is in both, and their distance is above 0."""
    while True:
        a, b = torch.randint(-9, 10, (2, 6, 3), generator=generator).float()
        a[1], b[1], b[2] = a[0], b[0], a[3]
        if _energy_distance(a, b) > 0.25:
            return {"a": a, "b": b}


def _energy_distance(a: Tensor, b: Tensor) -> float:
    p, q = a.double().numpy(), b.double().numpy()
    between = np.mean([np.sqrt(((s - t) ** 2).sum()) for s in p for t in q])
    within = [
        np.mean([np.sqrt(((s - t) ** 2).sum()) for i, s in enumerate(x) for j, t in enumerate(x) if i != j])
        for x in (p, q)
    ]
    return float(2 * between - sum(within))


def _distances(a: Tensor, b: Tensor) -> Tensor:
    return (a.unsqueeze(1) - b).square().sum(2).sqrt()


def _within(a: Tensor) -> Tensor:
    return _distances(a, a).sum() / (len(a) * (len(a) - 1))


def _by(distances: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], float]:
    """The right formula, of other distances."""

    def distance(a: Tensor, b: Tensor) -> float:
        within = [distances(x, x).sum() / (len(x) * (len(x) - 1)) for x in (a, b)]
        return float(2 * distances(a, b).mean() - sum(within))

    return distance


def _of(combine: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], float]:
    """Another combination of the three means, between, within a, within b."""
    return lambda a, b: float(combine(_distances(a, b).mean(), _within(a), _within(b)))


def _without_zeros(a: Tensor) -> Tensor:
    return _distances(a, a)[_distances(a, a) > 0].mean()


def _differs(each: Seen) -> str:
    expected, actual = each.expected.value, each.outcome.value
    return "" if same(expected, actual, TOLERANCE) else difference(expected, actual, TOLERANCE)


_by_its_ways = check_against(
    _energy_distance,
    [
        Mistake(
            "each point is paired with itself",
            "How far is a point from itself? How many such pairs stand in your two inner means, and by how much do "
            "they lower each?",
            lambda a, b: float(2 * _distances(a, b).mean() - _distances(a, a).mean() - _distances(b, b).mean()),
        ),
        Mistake(
            "squared distances",
            "Of squared distances only the difference of the two means is left: what does such a number see of two "
            "sets with the same mean?",
            _by(lambda a, b: (a.unsqueeze(1) - b).square().sum(2)),
        ),
        Mistake(
            "distances added up along the axes",
            "How long is the straight way from (0, 0) to (3, 4)?",
            _by(lambda a, b: (a.unsqueeze(1) - b).abs().sum(2)),
        ),
        Mistake(
            "the mean over the dimensions",
            "How long is the straight way from (0, 0) to (3, 4)?",
            _by(lambda a, b: (a.unsqueeze(1) - b).square().mean(2).sqrt()),
        ),
        Mistake(
            "the 2 is missing",
            "If both sets have the same source, all three means are alike. What is left in yours?",
            _of(lambda between, a, b: between - a - b),
        ),
        Mistake(
            "the wrong sign",
            "A distance grows as the sets move apart. What does yours do?",
            _of(lambda between, a, b: a + b - 2 * between),
        ),
        Mistake(
            "only the distances between the sets",
            "If both sets have the same source, what should come out, and what does?",
            _of(lambda between, a, b: between),
            _of(lambda between, a, b: 2 * between),
        ),
        Mistake(
            "only one of the two sets is looked into",
            "Exchange a and b: should the distance change?",
            _of(lambda between, a, b: 2 * between - a),
            _of(lambda between, a, b: 2 * between - b),
            _of(lambda between, a, b: between - a),
            _of(lambda between, a, b: 2 * between - 2 * a),
        ),
        Mistake(
            "half of it",
            "The formula has one mean between the sets, and it counts twice. What does yours give for a = (0, 2) and "
            "b = (1, 4), where −1 is right?",
            _of(lambda between, a, b: between - (a + b) / 2),
        ),
        Mistake(
            "the root of it",
            "What would a root make of sets of one source, where chance lies on both sides of 0?",
            _of(lambda between, a, b: (2 * between - a - b).sqrt()),
            _of(lambda between, a, b: (2 * between - a - b).clamp(min=0).sqrt()),
        ),
        Mistake(
            "cut off at 0",
            "For sets of one source the truth is 0. If every value below it becomes 0, what is the mean of many?",
            _of(lambda between, a, b: (2 * between - a - b).clamp(min=0)),
            _of(lambda between, a, b: (2 * between - a - b).abs()),
        ),
        Mistake(
            "divided by n, not by n (n − 1)",
            "How many pairs of two different points do n points have, counting both orders?",
            lambda a, b: float(
                2 * _distances(a, b).mean() - _distances(a, a).sum() / len(a) - _distances(b, b).sum() / len(b)
            ),
            lambda a, b: float(
                2 * _distances(a, b).mean()
                - _distances(a, a).sum() / (len(a) - 1)
                - _distances(b, b).sum() / (len(b) - 1)
            ),
        ),
        Mistake(
            "each pair is counted once, and divided by twice as many",
            "Does `triu` or a double loop with i < j see each pair once or twice? And n (n − 1)?",
            _of(lambda between, a, b: 2 * between - a / 2 - b / 2),
        ),
        Mistake(
            "the distance between the two means",
            "Two sets with the same mean, one wide, one narrow: are they alike?",
            lambda a, b: float((a.mean(0) - b.mean(0)).norm()),
        ),
        Mistake(
            "row by row, not each with each",
            "The third point of a and the third of b have nothing in common. With how many points of b is a point of a "
            "compared?",
            lambda a, b: float(2 * (a - b).norm(dim=1).mean() - _within(a) - _within(b)),
        ),
        Mistake(
            "each distance of 0 is left out, not each point itself",
            "May two different points of a set lie at the very same place? How far apart are they? Does that count?",
            lambda a, b: float(2 * _distances(a, b).mean() - _without_zeros(a) - _without_zeros(b)),
        ),
    ],
    name="energy_distance",
    points={"shape": 1, "value": 6, "inputs unchanged": 1, "no global seed": 0},
    draw=_draw_sets,
    tolerance=TOLERANCE,
    forbidden=("vae_lib",),
    hints=(
        "Three means of distances: from a to b, within a, within b. Which pairs may not stand in the last two?",
        "`torch.cdist(a, a)` has all n² distances within a, n of them from a point to itself, which are 0. So their "
        "sum is right; by how many pairs do you divide it?",
        "`2 * torch.cdist(a, b).mean()` minus, for each of the two sets, `torch.cdist(s, s).sum() / (len(s) * …)`. "
        "`.item()` makes a number of it.",
    ),
)

energy_distance = forgive_count(
    replace(
        _by_its_ways,
        properties=[
            *_by_its_ways.properties,
            Property("sets of one source", 1, judge_each(_differs, "one source"), follows=("value",)),
            Property("two points at one place", 1, judge_each(_differs, "twins"), follows=("value",)),
        ],
    )
)
