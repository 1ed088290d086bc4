"""Check of `auroc`: how often the odd one of two has the higher score."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from vae_checks.check import check_against
from vae_checks.compare import difference, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each
from vae_probe.outcome import Case

SEED = 2_020  # of all inputs: what a mistake looks like is no matter of luck


def _draw(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(SEED)

    def scores(n: int, m: int, shift: float) -> dict[str, Tensor]:
        return {
            "normal": 100 + 20 * torch.randn(n, generator=generator),
            "odd": 100 + 20 * shift + 30 * torch.randn(m, generator=generator),
        }

    tied = {
        "normal": torch.tensor([1.0, 2.0, 2.0, 3.0, 5.0]),
        "odd": torch.tensor([2.0, 3.0, 3.0, 4.0, 5.0, 5.0, 7.0]),
    }
    return [
        Case("main", scores(9, 7, 0.7)),
        Case("main", scores(12, 12, 0.4)),
        Case("main", scores(40, 5, 1.0)),
        Case("main", {"normal": torch.tensor([-3.0]), "odd": torch.tensor([-1.0, -5.0, -2.0])}),
        Case("below", scores(10, 8, -1.0)),
        Case("ties", tied),
    ]


def _pairs(normal: Tensor, odd: Tensor) -> tuple[list[float], list[float]]:
    return normal.double().tolist(), odd.double().tolist()


def _auroc(normal: Tensor, odd: Tensor) -> float:
    # The area itself: from threshold to threshold, downwards, trapezia of hits over false alarms.
    a, b = _pairs(normal, odd)
    area, before = 0.0, (0.0, 0.0)
    for threshold in sorted({*a, *b}, reverse=True):
        point = sum(s >= threshold for s in a) / len(a), sum(s >= threshold for s in b) / len(b)
        area += (point[0] - before[0]) * (point[1] + before[1]) / 2
        before = point
    return area


def _with_ties(worth: float) -> Callable[[Tensor, Tensor], float]:
    return lambda normal, odd: _share(normal, odd, worth)


def _share(normal: Tensor, odd: Tensor, worth: float = 0.5) -> float:
    a, b = _pairs(normal, odd)
    return sum((t > s) + worth * (t == s) for s in a for t in b) / (len(a) * len(b))


def _of(combine: Callable[[float], float]) -> Callable[[Tensor, Tensor], float]:
    return lambda normal, odd: combine(_auroc(normal, odd))


def _right_at(threshold: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], float]:
    """The share that is on the right side of a threshold."""

    def right(normal: Tensor, odd: Tensor) -> float:
        cut = threshold(normal, odd)
        return float(((normal <= cut).sum() + (odd > cut).sum()) / (len(normal) + len(odd)))

    return right


def _hits_at(threshold: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], float]:
    """The share of the odd ones above a threshold."""
    return lambda normal, odd: float((odd > threshold(normal, odd)).double().mean())


def _best_accuracy(normal: Tensor, odd: Tensor) -> float:
    return max(_right_at(lambda a, b, cut=cut: cut)(normal, odd) for cut in torch.cat([normal, odd]))  # type: ignore[misc]


def _average_precision(normal: Tensor, odd: Tensor) -> float:
    a, b = _pairs(normal, odd)
    precision = [sum(u >= t for u in b) / sum(u >= t for u in a + b) for t in b]
    return sum(precision) / len(b)


def _among_all(normal: Tensor, odd: Tensor) -> float:
    both = torch.cat([normal, odd])
    return _share(both, odd)


def _row_by_row(normal: Tensor, odd: Tensor) -> float:
    return float((odd > normal).double().mean())


def _row_by_row_cut(normal: Tensor, odd: Tensor) -> float:
    return sum(t > s for s, t in zip(*_pairs(normal, odd), strict=False)) / min(len(normal), len(odd))


def _steps(normal: Tensor, odd: Tensor) -> float:
    """The area, with steps in place of trapezia, sorted by score alone: a tie counts for those that come first."""
    labelled = sorted([*((s, 0) for s in normal.tolist()), *((s, 1) for s in odd.tolist())], reverse=True)
    hits = area = 0
    for _, is_odd in labelled:
        hits += is_odd
        area += hits * (1 - is_odd)
    return area / (len(normal) * len(odd))


def _differs(each: Seen) -> str:
    expected, actual = each.expected.value, each.outcome.value
    return "" if same(expected, actual) else difference(expected, actual)


_by_its_ways = check_against(
    _auroc,
    [
        Mistake(
            "the wrong way round: 1 − AUROC",
            "If every odd score is higher than every normal one, what should come out, and what does?",
            _of(lambda a: 1 - a),
        ),
        Mistake(
            "turned round where it is below ½",
            "A score that takes the odd for the most normal of all: is it good? What does yours say of it?",
            _of(lambda a: max(a, 1 - a)),
            _of(lambda a: 0.5 + abs(a - 0.5)),
        ),
        Mistake(
            "cut off at ½",
            "A score that takes the odd for the most normal of all, and one that guesses: are they the same?",
            _of(lambda a: max(a, 0.5)),
        ),
        Mistake(
            "from −1 to 1",
            "A score that guesses wins half of the pairs. What does yours say of it?",
            _of(lambda a: 2 * a - 1),
            _of(lambda a: abs(2 * a - 1)),
        ),
        Mistake("per cent, not a share", "What is the share of all pairs in all pairs?", _of(lambda a: 100 * a)),
        Mistake(
            "a tie counts as a win",
            "A score that gives the same number to all images: what does yours say of it, and what should it?",
            _with_ties(1.0),
        ),
        Mistake(
            "a tie counts as a loss",
            "A score that gives the same number to all images: what does yours say of it, and what should it?",
            _with_ties(0.0),
            _steps,
        ),
        Mistake(
            "ties are left out",
            "If all but one pair are ties, on how many pairs does your share rest?",
            lambda normal, odd: _share(normal, odd, 0) / (_share(normal, odd, 0) + _share(odd, normal, 0)),
        ),
        Mistake(
            "how many pairs, not their share",
            "Twice as many normal images: should the number double?",
            lambda normal, odd: _auroc(normal, odd) * len(normal) * len(odd),
            lambda normal, odd: _share(normal, odd, 0) * len(normal) * len(odd),
            lambda normal, odd: _share(normal, odd, 1) * len(normal) * len(odd),
            lambda normal, odd: _auroc(normal, odd) * len(normal),
            lambda normal, odd: _auroc(normal, odd) * len(odd),
            lambda normal, odd: _auroc(normal, odd) * len(normal) * len(odd) / (len(normal) + len(odd)),
        ),
        Mistake(
            "divided by another number of pairs",
            "How many pairs of one normal and one odd image are there?",
            lambda normal, odd: _auroc(normal, odd) * len(odd) / len(normal),
            lambda normal, odd: _auroc(normal, odd) * len(normal) / len(odd),
            lambda normal, odd: _auroc(normal, odd) * len(normal) * len(odd) / (len(normal) + len(odd)) ** 2,
        ),
        Mistake(
            "pairs within one set",
            "Your pairs are to hold one normal and one odd image. Which do yours hold?",
            _among_all,
            lambda normal, odd: _share(normal, torch.cat([normal, odd])),
            lambda normal, odd: _share(torch.cat([normal, odd]), torch.cat([normal, odd])),
            lambda normal, odd: _share(odd, odd),
            lambda normal, odd: _share(normal, normal),
        ),
        Mistake(
            "row by row, not each with each",
            "The third normal image and the third odd one have nothing in common. With how many is one compared?",
            _row_by_row,
            _row_by_row_cut,
            lambda normal, odd: float((odd >= normal).double().mean()),
        ),
        Mistake(
            "how many are right at one threshold",
            "Which threshold did you take, and who chose it? The AUROC asks of pairs, and knows none.",
            _right_at(lambda normal, odd: normal.mean()),
            _right_at(lambda normal, odd: normal.median()),
            _right_at(lambda normal, odd: torch.cat([normal, odd]).mean()),
            _right_at(lambda normal, odd: torch.cat([normal, odd]).median()),
            _right_at(lambda normal, odd: (normal.mean() + odd.mean()) / 2),
            _best_accuracy,
        ),
        Mistake(
            "the hits at one threshold",
            "Which threshold did you take, and who chose it? The AUROC asks of pairs, and knows none.",
            _hits_at(lambda normal, odd: normal.mean()),
            _hits_at(lambda normal, odd: normal.median()),
            _hits_at(lambda normal, odd: normal.quantile(0.99)),
            _hits_at(lambda normal, odd: normal.quantile(0.95)),
            _hits_at(lambda normal, odd: normal.amax()),
        ),
        Mistake(
            "the difference of the means",
            "Let one odd image have a score of a million. Does your number still say how often the odd one is higher?",
            lambda normal, odd: float(odd.mean() - normal.mean()),
            lambda normal, odd: float((odd.mean() - normal.mean()) / normal.std()),
            lambda normal, odd: float(odd.mean() > normal.mean()),
        ),
        Mistake(
            "the area under precision and recall",
            "Your area falls if there are more normal images, though the score is the same. Over what should the hits "
            "be drawn?",
            _average_precision,
        ),
    ],
    name="auroc",
    points={"shape": 1, "value": 5, "inputs unchanged": 1, "no global seed": 0},
    draw=_draw,
    forbidden=("vae_lib", "sklearn", "torchmetrics", "torcheval"),
    hints=(
        "Take each normal image with each odd one. In how many of these pairs is the odd one's score higher? What is "
        "half a pair?",
        "`odd.unsqueeze(1) > normal` compares each with each: (m, n), True and False. `==` finds the ties as well.",
        "The mean of `(odd.unsqueeze(1) > normal).float()`, plus half the mean of `(odd.unsqueeze(1) == …).float()`.",
    ),
)

auroc = replace(
    _by_its_ways,
    properties=[
        *_by_its_ways.properties[:2],
        Property("a score that is below ½", 1, judge_each(_differs, "below"), follows=("value",)),
        Property("ties", 2, judge_each(_differs, "ties"), follows=("value",)),
        *_by_its_ways.properties[2:],
    ],
)
