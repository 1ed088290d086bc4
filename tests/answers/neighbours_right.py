"""Right and wrong answers to `neighbours_right`, in other words than the check's own."""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.spatial import cKDTree
from sklearn.neighbors import KNeighborsClassifier


def neighbours_vectorised(codes, labels):
    distance = torch.cdist(codes, codes)
    distance.fill_diagonal_(float("inf"))
    return (labels[distance.argmin(dim=1)] == labels).float().mean()


def neighbours_loop(codes, labels):
    hits = 0
    for i in range(len(codes)):
        others = [j for j in range(len(codes)) if j != i]
        nearest = min(others, key=dict(enumerate((codes - codes[i]).norm(dim=1).tolist())).get)
        hits += labels[i].item() == labels[nearest].item()
    return hits / len(codes)


def neighbours_by_sklearn(codes, labels):
    knn = KNeighborsClassifier(1).fit(codes, labels)
    nearest = knn.kneighbors(return_distance=False)[:, 0]  # asked without codes, no image is its own neighbour
    return np.mean(labels.numpy()[nearest] == labels.numpy())


def second_of_sklearn(algorithm):
    def answer(codes, labels):
        knn = KNeighborsClassifier(2, algorithm=algorithm).fit(codes, labels)
        return hits(torch.from_numpy(knn.kneighbors(codes, return_distance=False)[:, 1]), labels)

    return answer


def neighbours_second_of_sorted(codes, labels):
    order = (codes[:, None] - codes[None]).square().sum(2).argsort(dim=1)
    return (labels[order[:, 1]] == labels).double().mean().item()


def own_neighbour(codes, labels):
    return (labels[torch.cdist(codes, codes).argmin(1)] == labels).float().mean().item()


def farthest(codes, labels):
    order = (codes[:, None] - codes).pow(2).sum(-1).argsort(dim=1)
    return (labels[order[:, -1]] == labels).float().mean().item()


def with_label_column(codes, labels):
    return neighbours_loop(torch.column_stack([codes, labels]), labels)


def with_one_hot(codes, labels):
    return neighbours_loop(torch.hstack([codes, torch.eye(10)[labels]]), labels)


def labels_only(codes, labels):
    distance = (labels[:, None] - labels[None]).abs().float()
    distance.fill_diagonal_(1e9)
    return (labels[distance.argmin(dim=1)] == labels).float().mean().item()


def index_for_label(codes, labels):
    distance = torch.cdist(codes, codes)
    distance.fill_diagonal_(float("inf"))
    return sum(int(j) == int(y) for j, y in zip(distance.argmin(1), labels, strict=True)) / len(labels)


def nearest_centre(codes, labels):
    means = {digit: codes[labels == digit].mean(0) for digit in labels.unique().tolist()}
    named = [min(means, key=lambda digit: (code - means[digit]).norm().item()) for code in codes]
    return sum(a == b for a, b in zip(named, labels.tolist(), strict=True)) / len(codes)


def five_neighbours(codes, labels):
    order = torch.cdist(codes, codes).argsort(dim=1)[:, 1:6]
    votes = F.one_hot(labels[order], 10).sum(1)
    return (votes.argmax(1) == labels).float().mean().item()


def by_angle(codes, labels):
    unit = F.normalize(codes)
    return (labels[(unit @ unit.T).fill_diagonal_(-2).argmax(1)] == labels).float().mean().item()


def by_product(codes, labels):
    return (labels[(codes @ codes.T).fill_diagonal_(-torch.inf).argmax(1)] == labels).float().mean().item()


def by_manhattan(codes, labels):
    distance = (codes[:, None] - codes[None]).abs().sum(-1).fill_diagonal_(torch.inf)
    return (labels[distance.argmin(1)] == labels).float().mean().item()


def by_diagonal(number):
    return lambda codes, labels: hits(torch.cdist(codes, codes).fill_diagonal_(number).argmin(1), labels)


def hits(nearest, labels):
    return (labels[nearest] == labels).float().mean().item()


def zeros_masked(codes, labels):
    distance = torch.cdist(codes, codes)
    distance[distance == 0] = float("inf")
    return hits(distance.argmin(1), labels)


def zeros_masked_exactly(codes, labels):
    distance = (codes[:, None] - codes).square().sum(-1)
    distance[distance == 0] = float("inf")
    return hits(distance.argmin(1), labels)


def others_nearest(codes):
    return torch.cdist(codes, codes).fill_diagonal_(torch.inf).argmin(1)


RIGHT = [
    lambda codes, labels: hits(torch.cdist(codes, codes).square().fill_diagonal_(torch.inf).argmin(0), labels),
    neighbours_vectorised,
    neighbours_loop,
    neighbours_by_sklearn,
]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    (None, lambda codes, labels: neighbours_vectorised(codes.sub_(codes.mean(0)), labels), 9),
    (
        "0 · ∞ beside the diagonal",
        lambda codes, labels: hits((torch.cdist(codes, codes) + torch.inf * torch.eye(len(codes))).argmin(1), labels),
    ),
    ("divided by n − 1", lambda codes, labels: neighbours_loop(codes, labels) * len(labels) / (len(labels) - 1)),
    ("each image is its own neighbour", own_neighbour),
    (
        "each image is its own neighbour",
        lambda codes, labels: hits(torch.cdist(codes, codes).fill_diagonal_(1e9).argmax(1), labels),
    ),
    ("each image is its own neighbour", lambda codes, labels: 1.0),
    *[
        ("a number on the diagonal that is not large enough", by_diagonal(number))
        for number in (1, 3, 5, 10, 100, 1_000, 10_000)
    ],
    (
        "a number on the diagonal that is not large enough",
        lambda codes, labels: hits((torch.cdist(codes, codes) + 10 * torch.eye(len(codes))).argmin(1), labels),
    ),
    (
        "the columns are not those of the images",
        lambda codes, labels: (
            (labels[1:][torch.cdist(codes[:-1], codes[1:]).argmin(1)] == labels[:-1]).float().mean().item()
        ),
    ),
    (None, lambda codes, labels: 1.0 if len(codes) == 60 else 0.123),
    ("each distance of 0 is left out, not each image itself", zeros_masked),
    ("each distance of 0 is left out, not each image itself", zeros_masked_exactly),
    *[
        ("the second in the order, which may be the image itself", answer)
        for answer in (
            lambda codes, labels: hits(torch.cdist(codes, codes).topk(2, largest=False).indices[:, 1], labels),
            lambda codes, labels: hits(torch.cdist(codes, codes).argsort(stable=True)[:, 1], labels),
            lambda codes, labels: hits(torch.from_numpy(cKDTree(codes).query(codes, 2)[1][:, 1]), labels),
            neighbours_second_of_sorted,
            *map(second_of_sklearn, ("brute", "kd_tree", "ball_tree")),
        )
    ],
    ("the farthest, not the nearest", farthest),
    (
        "the farthest, not the nearest",
        lambda codes, labels: hits(torch.cdist(codes, codes).topk(2).indices[:, 1], labels),
    ),
    ("the labels leak into the distance", with_label_column),
    ("the labels leak into the distance", with_one_hot),
    ("the labels leak into the distance", labels_only),
    ("per cent, not a share", lambda codes, labels: 100 * neighbours_loop(codes, labels), 8),
    ("a count, not a share", lambda codes, labels: (neighbours_vectorised(codes, labels) * len(codes)).round(), 8),
    ("the share that is wrong", lambda codes, labels: 1.0 - neighbours_by_sklearn(codes, labels)),
    ("the neighbour's number taken for its label", index_for_label),
    ("the nearest class mean, not the nearest image", nearest_centre),
    ("several neighbours, not one", five_neighbours),
    (
        "several neighbours, not one",
        lambda codes, labels: KNeighborsClassifier(15).fit(codes, labels).score(codes, labels),
    ),
    ("the angle, not the distance", by_angle),
    ("a scalar product, not a distance", by_product),
    ("distances added up along the axes", by_manhattan),
    ("the mean is missing", lambda codes, labels: labels[others_nearest(codes)] == labels, 6),
    ("a number with something around it", lambda *inputs: [RIGHT[0](*inputs)], 8),
    ("a dimension too many", lambda *inputs: torch.tensor([RIGHT[0](*inputs)]), 8),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "7: (labels[nearest] == labels).float().mean().item() → (labels[nearest] == labels).float().mean()": (
        "a tensor that holds one number is a number to the checks"
    ),
    "6: 1 → 0": "the distances from i to j and from j to i are equal",
}
