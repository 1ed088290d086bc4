"""Check of `neighbours_right`: how often the nearest code has the same label."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vae_checks.check import check_against
from vae_checks.compare import difference, is_number, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each
from vae_checks.shapes import COUNTED, reshaped, share_of
from vae_checks.slips import forgive_count
from vae_probe.outcome import Case


def _draw_neighbours(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    groups = [_groups(generator, n, d) for n, d in [(20, 3), (100, 4), (100, 5), (100, 6)]]
    return [
        *(Case("main", group) for group in groups),
        Case("far", _far_pairs(generator)),
        Case("twins", _with_twins(**_groups(generator, 20, 4, whole=True))),
    ]


def _groups(generator: torch.Generator, n: int, d: int, whole: bool = False) -> dict[str, Tensor]:
    """Codes in three groups that overlap, and one image, the first, whose digit no other has; with their labels.

    No image has two neighbours at nearly the same distance, so that rounding decides nothing, and none is 3 or more
    from its nearest. `whole` codes are a hundred times as large, and whole numbers.
    """
    while True:
        labels = torch.randint(3, (n,), generator=generator)
        labels[0] = 3
        codes = torch.randn(4, d, generator=generator)[labels] + torch.randn(n, d, generator=generator)
        scale = 100 if whole else 1
        codes = (scale * codes).round() if whole else codes
        nearest = _nearest(codes)
        if nearest[:, 1].max() < 2.95 * scale and (nearest[:, 2] > 1.0001 * nearest[:, 1]).all():
            return {"codes": codes, "labels": labels}


def _nearest(codes: Tensor) -> Tensor:
    """The three least distances of each image (N, 3), of which the first is that to itself."""
    return torch.cdist(codes.double(), codes.double()).topk(3, largest=False).values


def _far_pairs(generator: torch.Generator) -> dict[str, Tensor]:
    """Thirty pairs far from each other, two images of a pair between 20 000 and 80 000 apart.

    So of the powers of ten, which one may put on the diagonal in place of infinity, none is large enough for some.
    """
    while True:
        places = 1e6 * torch.randn(30, 4, generator=generator)
        if _nearest(places)[:, 1].min() > 200_000:
            break
    way = F.normalize(torch.randn(30, 4, generator=generator))
    apart = 20_000 + 60_000 * torch.rand(30, 1, generator=generator)
    codes = torch.cat([places, places + apart * way])
    # Of the first ten pairs both have the same digit, of the last ten they differ.
    first, last = torch.randint(3, (2, 30), generator=generator)
    last[:10], last[20:] = first[:10], (first[20:] + 1) % 3
    return {"codes": codes, "labels": torch.cat([first, last])}


def _with_twins(codes: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """With an image at the very place of the first, of another digit, and one at that of the second, of the same.

    No other image has these digits. The codes are whole numbers, so that two at one place have the same distances to
    all, without rounding: whichever a sorting puts second, for one of the two it is the image itself.
    """
    labels = labels.clone()
    labels[1] = 5
    return {"codes": torch.cat([codes, codes[:2]]), "labels": torch.cat([labels, torch.tensor([4, 5])])}


def _neighbours_right(codes: Tensor, labels: Tensor) -> float:
    points, digits = codes.double().numpy(), labels.numpy()
    right = 0
    for i, code in enumerate(points):
        distance = ((points - code) ** 2).sum(1)
        distance[i] = np.inf
        right += int(digits[distance.argmin()] == digits[i])
    return right / len(points)


def _right(predicted: Tensor, labels: Tensor) -> float:
    return (predicted == labels).double().mean().item()


def _distances(points: Tensor) -> Tensor:
    return torch.cdist(points, points)


def _to_others(distance: Tensor) -> Tensor:
    """The distances (N, N) with infinity on the diagonal."""
    return distance + torch.diag(torch.full((len(distance),), torch.inf))


def _share(distance: Tensor, labels: Tensor) -> float:
    """The share right by another distance (N, N) than Euclid's between the codes."""
    return _right(labels[_to_others(distance).argmin(1)], labels)


def _nearest_mean(codes: Tensor, labels: Tensor) -> float:
    digits = labels.unique()
    means = torch.stack([codes[labels == digit].mean(0) for digit in digits])
    return _right(digits[torch.cdist(codes, means).argmin(1)], labels)


def _vote(count: int, distance: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], float]:
    """The share right if so many of the nearest vote, the smaller digit winning a tie."""
    return lambda codes, labels: _right(
        labels[distance(codes).topk(count, largest=False).indices].mode(1).values, labels
    )


def _others_of(codes: Tensor) -> Tensor:
    return _to_others(_distances(codes))


def _number_for_label(codes: Tensor, labels: Tensor) -> float:
    return _right(_others_of(codes).argmin(1), labels)


def _zeros_masked(distance: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], float]:
    return lambda codes, labels: _right(
        labels[torch.where(distance(codes) == 0, torch.inf, distance(codes)).argmin(1)], labels
    )


def _exact(codes: Tensor) -> Tensor:
    """Distances that are 0 from an image to itself, which those of `cdist` need not be for many images."""
    return (codes.unsqueeze(1) - codes).square().sum(2)


# Recognised by what it does where all codes are far apart, because that number may be any.
TOO_SMALL = Mistake(
    "a number on the diagonal that is not large enough",
    "Codes may lie farther apart than yours do here. Which number is larger than every distance?",
)


def _recognise(seen: list[Seen]) -> Mistake | None:
    return _by_its_ways.recognise(seen) or (TOO_SMALL if _has_a_small_diagonal(seen) else None)


def _has_a_small_diagonal(seen: list[Seen]) -> bool:
    """Whether one number on the diagonal explains the shares, 1 where all codes are far apart among them."""
    cases = [each for each in seen if each.case.kind in ("main", "far")]
    if not any(map(_wrong_share, cases)):
        return False
    distances = [_distances(each.case.inputs["codes"]) for each in cases]
    limits = torch.cat([_to_others(distance).min(1).values for distance in distances])

    def explains(number: float) -> bool:
        shares = (
            _right(each.case.inputs["labels"][distance.fill_diagonal_(number).argmin(1)], each.case.inputs["labels"])
            for each, distance in zip(cases, distances, strict=True)
        )
        return all(same(share, each.outcome.value) for share, each in zip(shares, cases, strict=True))

    # The share changes where the number passes the distance of an image to its nearest.
    return any(explains(1.00001 * limit) for limit in limits.tolist())


def _prepared(each: Seen) -> Seen:
    """What was seen, in the form that was asked for, and as a share where it came in per cent or as a count."""
    each = reshaped(each)
    expected, actual = each.expected.value, each.outcome.value
    value, note = share_of(expected, actual)
    images = len(each.case.inputs["labels"])
    if is_number(actual) and images != 100 and same(images * expected, actual):
        value, note = expected, COUNTED
    return each._replace(outcome=replace(each.outcome, value=value, note=note or each.outcome.note))


def _wrong_share(each: Seen) -> str:
    actual, expected = each.outcome.value, each.expected.value
    return "" if same(expected, actual) else difference(expected, actual)


_by_its_ways = check_against(
    _neighbours_right,
    [
        Mistake(
            "each image is its own neighbour",
            "Which image does your function find for the first one: another image, or itself? Which must it not find?",
            lambda codes, labels: 1.0,
            lambda codes, labels: _right(labels[_distances(codes).argmin(1)], labels),
        ),
        Mistake(
            "0 · ∞ beside the diagonal",
            "What is 0 times infinity? Print a few of your distances after that step.",
            lambda codes, labels: _right(
                labels[(_distances(codes) + torch.eye(len(codes)) * torch.inf).argmin(1)], labels
            ),
        ),
        Mistake(
            "divided by n − 1",
            "Of how many images do you ask whether the neighbour is right?",
            lambda codes, labels: _neighbours_right(codes, labels) * len(codes) / (len(codes) - 1),
        ),
        Mistake(
            "the columns are not those of the images",
            "Of which image is the first row of your distances, and of which the first column? In which column of the "
            "second row stands the distance of that image to itself?",
            lambda codes, labels: _right(labels[1:][torch.cdist(codes[:-1], codes[1:]).argmin(1)], labels[:-1]),
            lambda codes, labels: _right(labels[:-1][torch.cdist(codes[1:], codes[:-1]).argmin(1)], labels[1:]),
        ),
        Mistake(
            "the second in the order, which may be the image itself",
            "Of two images at the very same place, which comes first in the order, and which second?",
            lambda codes, labels: _right(labels[_distances(codes).argsort(1)[:, 1]], labels),
        ),
        Mistake(
            "each distance of 0 is left out, not each image itself",
            "Is an image at the very same place not another image? And is the distance of an image to itself always "
            "exactly 0 in `cdist`?",
            _zeros_masked(_exact),
            _zeros_masked(_distances),
        ),
        Mistake(
            "the farthest, not the nearest",
            "Is a near neighbour one with a large distance or a small one?",
            lambda codes, labels: _right(labels[_distances(codes).argmax(1)], labels),
            lambda codes, labels: _right(labels[_distances(codes).topk(2).indices[:, 1]], labels),
        ),
        Mistake(
            "the labels leak into the distance",
            "For an image whose digit you do not know yet, could you compute this distance?",
            lambda codes, labels: _share(_distances(torch.cat([codes, labels.to(codes).unsqueeze(1)], 1)), labels),
            lambda codes, labels: _share(_distances(torch.cat([codes, F.one_hot(labels).to(codes)], 1)), labels),
            lambda codes, labels: _share((labels.unsqueeze(1) != labels).to(codes), labels),
        ),
        Mistake(
            "the share that is wrong",
            "What should your function say of codes that lie in ten groups far apart, and what does it say?",
            lambda codes, labels: 1 - _neighbours_right(codes, labels),
        ),
        Mistake(
            "the neighbour's number taken for its label",
            "What does `argmin` give: the digit that the neighbour shows, or the row it stands in?",
            _number_for_label,
        ),
        Mistake(
            "the nearest class mean, not the nearest image",
            "With what do you compare an image: with other images, or with the centres of the classes?",
            _nearest_mean,
        ),
        Mistake(
            "several neighbours, not one",
            "How many of its neighbours should an image ask?",
            *(_vote(count, _others_of) for count in (3, 5, 15)),
            *(_vote(count, _distances) for count in (3, 5, 15)),
        ),
        Mistake(
            "the angle, not the distance",
            "Two codes in the same direction, one twice as long: are they at the same place?",
            lambda codes, labels: _share(-F.cosine_similarity(codes.unsqueeze(1), codes, dim=2), labels),
        ),
        Mistake(
            "a scalar product, not a distance",
            "Is the scalar product of a code with a very long one large, even if they lie far apart?",
            lambda codes, labels: _share(-codes @ codes.T, labels),
        ),
        Mistake(
            "distances added up along the axes",
            "How long is the straight way from (0, 0) to (3, 4)?",
            lambda codes, labels: _share(torch.cdist(codes, codes, p=1), labels),
        ),
    ],
    name="neighbours_right",
    points={"shape": 1, "value": 6, "inputs unchanged": 1, "no global seed": 0},
    forbidden=("vae_lib.latent",),
    draw=_draw_neighbours,
    hints=(
        "You need all distances between two images, (N, N): `torch.cdist`. In row i, which entry must not win?",
        "Put infinity on the diagonal (`fill_diagonal_`), so that no image is its own neighbour. `argmin` along a row "
        "then gives the *row number* of the nearest other image; `labels` knows its digit.",
        "`distance = torch.cdist(codes, codes).fill_diagonal_(torch.inf)`, then compare "
        "`labels[distance.argmin(dim=1)]` with …, and take the mean of what is true, as a float: "
        "`.float().mean().item()`.",
    ),
)


neighbours_right = forgive_count(
    replace(
        _by_its_ways,
        properties=[
            *_by_its_ways.properties,
            Property("codes far apart", 1, judge_each(_wrong_share, "main", "far"), follows=("value",)),
            Property("two images at one place", 1, judge_each(_wrong_share, "main", "twins"), follows=("value",)),
        ],
        recognise=_recognise,
        prepare=_prepared,
    )
)
