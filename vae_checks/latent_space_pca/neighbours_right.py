"""Check of `neighbours_right`: how often the nearest code has the same label."""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.neighbors import KNeighborsClassifier

from vae_checks.check import check_against
from vae_checks.mistakes import Mistake
from vae_probe.outcome import Case


def _draw_neighbours(seed):
    generator = torch.Generator().manual_seed(seed)
    return [Case("main", _groups(generator, n, d)) for n, d in [(7, 3), (100, 4), (100, 5), (100, 6)]]


def _groups(generator, n, d):
    """Codes in three groups that overlap, and one image, the first, whose digit no other has; with their labels.

    No image has two neighbours at nearly the same distance, so that rounding decides nothing.
    """
    while True:
        labels = torch.randint(3, (n,), generator=generator)
        labels[0] = 3
        codes = torch.randn(4, d, generator=generator)[labels] + torch.randn(n, d, generator=generator)
        nearest = torch.cdist(codes.double(), codes.double()).topk(3, largest=False).values  # the first is the image
        if (nearest[:, 2] > 1.0001 * nearest[:, 1]).all():
            return {"codes": codes, "labels": labels}


def _neighbours_right(codes, labels):
    codes, labels = codes.double().numpy(), labels.numpy()
    right = 0
    for i, code in enumerate(codes):
        distance = ((codes - code) ** 2).sum(1)
        distance[i] = np.inf
        right += int(labels[distance.argmin()] == labels[i])
    return right / len(codes)


def _distances(points):
    return torch.cdist(points, points)


def _share(distance, labels):
    """The share right by another distance (N, N) than Euclid's between the codes."""
    nearest = (distance + torch.diag(torch.full((len(labels),), torch.inf))).argmin(1)
    return (labels[nearest] == labels).double().mean().item()


def _nearest_mean(codes, labels):
    digits = labels.unique()
    means = torch.stack([codes[labels == digit].mean(0) for digit in digits])
    return (digits[torch.cdist(codes, means).argmin(1)] == labels).double().mean().item()


def _of_five(codes, labels):
    near = torch.cdist(codes, codes).fill_diagonal_(torch.inf).topk(5, largest=False).indices
    return (labels[near].mode(1).values == labels).double().mean().item()


def _number_for_label(codes, labels):
    nearest = torch.cdist(codes, codes).fill_diagonal_(torch.inf).argmin(1)
    return (nearest == labels).double().mean().item()


neighbours_right = check_against(
    _neighbours_right,
    [
        Mistake(
            "each image is its own neighbour",
            "How far is an image from itself, and which is then the nearest?",
            lambda codes, labels: KNeighborsClassifier(1).fit(codes, labels).score(codes, labels),
        ),
        Mistake(
            "the farthest, not the nearest",
            "Is a near neighbour one with a large distance or a small one?",
            lambda codes, labels: (labels[torch.cdist(codes, codes).argmax(1)] == labels).double().mean().item(),
        ),
        Mistake(
            "the labels leak into the distance",
            "For an image whose digit you do not know yet, could you compute this distance?",
            lambda codes, labels: _share(_distances(torch.cat([codes, labels.to(codes).unsqueeze(1)], 1)), labels),
            lambda codes, labels: _share(_distances(torch.cat([codes, F.one_hot(labels).to(codes)], 1)), labels),
            lambda codes, labels: _share((labels.unsqueeze(1) != labels).to(codes), labels),
        ),
        Mistake(
            "per cent, not a share",
            "Between which two numbers lies a share?",
            lambda codes, labels: 100 * _neighbours_right(codes, labels),
        ),
        Mistake(
            "a count, not a share",
            "What would your number be for twice as many images of the same kind?",
            lambda codes, labels: len(codes) * _neighbours_right(codes, labels),
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
            "five neighbours, not one",
            "How many of its neighbours should an image ask?",
            _of_five,
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
    points={"shape": 1, "value": 7, "inputs unchanged": 1, "no global seed": 1},
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
