"""Check of `class_means`: the mean code of each digit."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from vae_checks.check import check_against
from vae_checks.compare import same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Seen
from vae_checks.slips import forgive_count, mean_or_rows
from vae_probe.outcome import Case


def _draw_classes(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    # Images and dimensions; in the second each digit has a single image.
    sizes = [
        ("main", 45, 40, torch.float32),
        ("main", 10, 40, torch.float32),
        ("sizes", 60, 3, torch.float32),
        ("other dtype", 30, 40, torch.float64),
    ]
    return [
        Case(
            kind,
            {"codes": 3 * torch.randn(n, d, generator=generator, dtype=dtype), "labels": _unbalanced(generator, n)},
        )
        for kind, n, d, dtype in sizes
    ]


def _unbalanced(generator: torch.Generator, n: int) -> Tensor:
    """Labels (n,) in any order: each of the ten digits at least once, small ones far more often."""
    more = (10 * torch.rand(n - 10, generator=generator) ** 2).long()
    return torch.cat([torch.arange(10), more])[torch.randperm(n, generator=generator)]


def _class_means(codes: Tensor, labels: Tensor) -> Tensor:
    groups: list[list[Tensor]] = [[] for _ in range(10)]
    for code, label in zip(codes, labels.tolist(), strict=True):
        groups[label].append(code)
    return torch.stack([torch.stack(group).sum(0) / len(group) for group in groups])


def _for_each_digit(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda codes, labels: torch.stack([function(codes[labels == digit]) for digit in range(10)])


def _by_appearance(codes: Tensor, labels: Tensor) -> Tensor:
    return _class_means(codes, labels)[list(dict.fromkeys(labels.tolist()))]


def _added_once(codes: Tensor, labels: Tensor) -> Tensor:
    rows = codes.new_zeros(10, codes.shape[1])
    rows[labels] += codes
    return rows


def _running(group: Tensor) -> Tensor:
    mean = group[0]
    for code in group[1:]:
        mean = (mean + code) / 2
    return mean


_by_its_ways = check_against(
    _class_means,
    [
        Mistake(
            "the sum, not the mean",
            "If every image came twice, should a class mean double?",
            _for_each_digit(lambda group: group.sum(0)),
        ),
        Mistake(
            "divided by a tenth of all images",
            "Are there as many fives as ones?",
            lambda codes, labels: _for_each_digit(lambda group: group.sum(0))(codes, labels) / (len(codes) / 10),
        ),
        Mistake(
            "divided by the number of all images",
            "How many images were added up for one digit, and by how many do you divide?",
            lambda codes, labels: _for_each_digit(lambda group: group.sum(0))(codes, labels) / len(codes),
        ),
        Mistake(
            "the mean of all images",
            "Should the ten rows differ? Where do the labels come in?",
            lambda codes, labels: codes.mean(0).expand(10, -1),
        ),
        Mistake(
            "the median, not the mean",
            "Does each image of a class count in your answer, or only the one in the middle?",
            _for_each_digit(lambda group: group.median(0).values),
        ),
        Mistake(
            "a mean of means",
            "How much does the first image of a class count in your mean, and how much the last?",
            _for_each_digit(_running),
        ),
        Mistake(
            "one image of each digit",
            "How many images of a class does your answer look at?",
            _for_each_digit(lambda group: group[0]),
            _for_each_digit(lambda group: group[-1]),
        ),
        Mistake(
            "of repeated indices only one is added",
            "Where a label stands many times in `labels`: how often does `rows[labels] += codes` add to its row?",
            lambda codes, labels: _added_once(codes, labels) / labels.bincount(minlength=10).unsqueeze(1),
            _added_once,
        ),
        Mistake(
            "in the order of first appearance",
            "In which row should one find the mean of the sevens?",
            _by_appearance,
        ),
        Mistake(
            "the mean over the dimensions, too",
            "How many numbers has the code of an image, and how many the mean of such codes?",
            _for_each_digit(lambda group: group.mean()),
            _for_each_digit(lambda group: group.mean().expand(group.shape[1])),
        ),
        Mistake(
            "torch.tensor of a list of tensors",
            "`torch.tensor` makes a tensor of plain numbers. Which function makes one of tensors of the same shape?",
            lambda codes, labels: torch.tensor(list(_class_means(codes, labels))),
        ),
        Mistake(
            "the counts are a row, not a column",
            "Each of the ten counts divides a whole row of sums. Which shape has a column of counts?",
            lambda codes, labels: _for_each_digit(lambda group: group.sum(0))(codes, labels) / labels.bincount(),
        ),
        Mistake(
            "a new tensor for each digit",
            "How often does your function make its tensor of ten rows? What is in it when the last digit comes?",
            lambda codes, labels: torch.cat([0 * codes[:9], _class_means(codes, labels)[9:]]),
        ),
        Mistake(
            "a row for each image, not for each digit",
            "How many digits are there, and how many labels does your loop go through? A `set` takes two tensors for "
            "two things, even where they hold the same number.",
            lambda codes, labels: _class_means(codes, labels)[labels.sort().values],
            lambda codes, labels: _class_means(codes, labels)[labels],
        ),
        Mistake(
            "digits counted from 1",
            "Of which digit is your first row the mean, and of which images your last?",
            lambda codes, labels: torch.stack([codes[labels == digit].mean(0) for digit in range(1, 11)]),
        ),
        Mistake(
            "the digits in another order",
            "In which row should one find the mean of the zeros?",
            lambda codes, labels: _class_means(codes, labels).roll(-1, 0),
            lambda codes, labels: _class_means(codes, labels).flip(0),
        ),
        Mistake(
            "the spread, not the mean",
            "Does your number say where the codes of a digit lie, or how far apart?",
            _for_each_digit(lambda group: group.std(0)),
        ),
        Mistake(
            "the largest, not the mean",
            "Does each image of a class count in your answer, or only those farthest out?",
            _for_each_digit(lambda group: group.amax(0)),
        ),
        Mistake(
            "a digit is missing",
            "Which digits are there, and which do you go through?",
            lambda codes, labels: _class_means(codes, labels)[1:],
            lambda codes, labels: _class_means(codes, labels)[:9],
        ),
    ],
    name="class_means",
    points={"shape": 1, "value": 7, "any sizes": 0, "dtype": 1, "inputs unchanged": 1, "no global seed": 0},
    caps={"any sizes": 8},
    forbidden=("vae_lib.latent",),
    draw=_draw_classes,
    hints=(
        "Take one digit first: which rows of `codes` belong to it? What is their mean, and how many numbers has it?",
        "`labels == digit` is true for the images of a digit, and can stand in square brackets behind `codes`. "
        "`torch.stack` makes one tensor of ten.",
        "`codes[labels == digit]` has the shape (images of this digit, D). Stack the means over its images for digit "
        "0, 1, …, 9.",
    ),
)


def _each_once(each: Seen) -> Any:
    """The rows without those that only repeat the one before, if they are right; else as `mean_or_rows`."""
    expected, rows = each.expected.value, each.outcome.value
    if isinstance(rows, Tensor) and rows.ndim == 2 and len(rows) > len(expected):
        once = rows.unique_consecutive(dim=0)
        if same(expected, once):
            return once
    return mean_or_rows(each)


class_means = forgive_count(_by_its_ways, _each_once)
