"""Right and wrong answers to assignment 06, in other words than the checks' own."""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier


def pca_by_sklearn(codes, k):
    fitted = PCA(k, svd_solver="full")
    points = fitted.fit_transform(codes.cpu().numpy())
    return torch.from_numpy(points), torch.from_numpy(fitted.explained_variance_ratio_)


def pca_by_covariance(codes, k):
    centred = codes - codes.mean(dim=0, keepdim=True)
    values, vectors = torch.linalg.eigh(centred.T @ centred / (len(codes) - 1))
    values, vectors = values.flip(0), vectors.flip(1)
    return centred @ vectors[:, :k], values[:k] / values.sum()


def pca_by_projection(codes, k):
    centred = codes - codes.mean(dim=0)
    _, s, vh = torch.linalg.svd(centred)
    total = centred.square().sum()
    points = torch.stack([centred @ component for component in vh[:k]], dim=1)
    return points, torch.stack([value.square() / total for value in s[:k]])


def pca_spoilt(codes, k, points=lambda points: points, share=lambda share: share):
    right_points, right_share = pca_by_covariance(codes, k)
    return points(right_points), share(right_share)


def pca_standardized(codes, k):
    return pca_by_sklearn((codes - codes.mean(0)) / codes.std(0), k)


def pca_uncentred(codes, k):
    u, s, _ = torch.linalg.svd(codes)
    return u[:, :k] * s[:k], s[:k].square() / s.square().sum()


def pca_projected_uncentred(codes, k):
    points, share = pca_by_projection(codes, k)
    vh = torch.linalg.svd(codes - codes.mean(0)).Vh
    return points + codes.mean(0) @ vh[:k].T, share


def pca_of_rows(codes, k):
    return pca_by_projection_of(codes - codes.mean(dim=1)[:, None], k)


def pca_by_projection_of(matrix, k):
    _, s, vh = torch.linalg.svd(matrix, full_matrices=False)
    return matrix @ vh[:k].T, s[:k] ** 2 / torch.sum(s**2)


def pca_shares(share):
    def function(codes, k):
        s = torch.linalg.svd(codes - codes.mean(0)).S
        return pca_by_covariance(codes, k)[0], share(s, k)

    return function


def pca_ascending(codes, k):
    centred = codes - codes.mean(dim=0)
    values, vectors = torch.linalg.eigh(torch.cov(codes.T))
    return centred @ vectors[:, -k:], values[-k:] / values.sum()


def pca_smallest(codes, k):
    centred = codes - codes.mean(dim=0)
    values, vectors = torch.linalg.eigh(torch.cov(codes.T))
    return centred @ vectors[:, :k], values[:k] / values.sum()


def pca_wrong_side(codes, k):
    centred = codes - codes.mean(0)
    _, s, v = torch.linalg.svd(centred, full_matrices=False)
    return centred @ v[:, :k], s[:k] ** 2 / (s**2).sum()


def pca_wrong_side_full(codes, k):
    centred = codes - codes.mean(0)
    _, s, v = torch.linalg.svd(centred)
    return centred @ v[:, :k], s[:k] ** 2 / (s**2).sum()


def pca_without_s(codes, k):
    u = torch.linalg.svd(codes - codes.mean(0), full_matrices=False)[0]
    return u[:, :k], pca_by_covariance(codes, k)[1]


def pca_components(codes, k):
    vh = torch.linalg.svd(codes - codes.mean(0), full_matrices=False)[2]
    return vh[:k], pca_by_covariance(codes, k)[1]


def means_vectorised(codes, labels):
    of_digit = F.one_hot(labels, 10).to(codes.dtype)
    return of_digit.T @ codes / of_digit.sum(dim=0)[:, None]


def means_by_mask(codes, labels):
    means = codes.new_empty(10, codes.shape[1])
    for digit in range(10):
        means[digit] = codes[labels == digit].mean(dim=0)
    return means


def means_by_numpy(codes, labels):
    codes, labels = codes.cpu().numpy(), labels.cpu().numpy()
    return torch.from_numpy(np.array([codes[labels == digit].mean(axis=0) for digit in range(10)]))


def means_in_order_of_appearance(codes, labels):
    seen = []
    for label in labels:
        if label not in seen:
            seen.append(label)
    return torch.stack([codes[labels == label].mean(0) for label in seen])


def means_running(codes, labels):
    means = {}
    for code, label in zip(codes, labels.tolist(), strict=True):
        means[label] = 0.5 * (means[label] + code) if label in means else code
    return torch.stack([means[digit] for digit in range(10)])


def last_of_each(codes, labels):
    rows = torch.empty(10, codes.shape[1], dtype=codes.dtype)
    rows[labels.tolist()] = codes
    for label, code in zip(labels, codes, strict=True):
        rows[label] = code
    return rows


def counts(labels):
    return torch.bincount(labels, minlength=10).unsqueeze(1)


def neighbours_vectorised(codes, labels):
    distance = torch.cdist(codes, codes)
    distance.fill_diagonal_(float("inf"))
    return (labels[distance.argmin(dim=1)] == labels).float().mean()


def neighbours_loop(codes, labels):
    hits = 0
    for i in range(len(codes)):
        others = [j for j in range(len(codes)) if j != i]
        nearest = min(others, key=lambda j: (codes[i] - codes[j]).norm().item())
        hits += labels[i].item() == labels[nearest].item()
    return hits / len(codes)


def neighbours_by_sklearn(codes, labels):
    knn = KNeighborsClassifier(2).fit(codes, labels)
    nearest = knn.kneighbors(codes, return_distance=False)[:, 1]
    return np.mean(labels.numpy()[nearest] == labels.numpy())


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


RIGHT = {
    "pca": [pca_by_sklearn, pca_by_covariance, pca_by_projection],
    "class_means": [means_vectorised, means_by_mask, means_by_numpy],
    "neighbours_right": [
        neighbours_vectorised,
        neighbours_loop,
        neighbours_by_sklearn,
        neighbours_second_of_sorted,
    ],
}

# The name that the check must give the mistake, and an answer that makes it.
WRONG = {
    "pca": [
        ("the mean is not taken away", pca_uncentred),
        ("the mean is not taken away", pca_projected_uncentred),
        ("the mean over the wrong axis", pca_of_rows),
        ("one mean for all dimensions", lambda codes, k: pca_by_projection_of(codes - codes.mean(), k)),
        ("images and dimensions mixed up", lambda codes, k: pca_by_covariance(codes.T, k)),
        (
            "images and dimensions mixed up",
            lambda codes, k: pca_by_projection_of((codes - codes.mean(0)).transpose(0, 1), k),
        ),
        ("singular values not squared", pca_shares(lambda s, k: s[:k] / s.sum())),
        ("eigenvalues squared again", pca_shares(lambda s, k: s[:k] ** 4 / (s**4).sum())),
        ("share of the k kept, not of all", pca_shares(lambda s, k: s[:k] ** 2 / (s[:k] ** 2).sum())),
        ("share of the k kept, not of all", lambda codes, k: pca_spoilt(codes, k, share=lambda s: s / s.sum())),
        ("variances, not shares", lambda codes, k: (pca_by_sklearn(codes, k)[0], pca_by_sklearn(codes, k)[0].var(0))),
        ("shares added up", lambda codes, k: pca_spoilt(codes, k, share=lambda s: torch.cumsum(s, 0))),
        ("U without S", pca_without_s),
        ("U without S", lambda codes, k: pca_spoilt(codes, k, points=lambda points: F.normalize(points, dim=0))),
        ("each dimension scaled to the same spread", pca_standardized),
        ("components in place of points", pca_components),
        (
            "components in place of points",
            lambda codes, k: (pca_components(codes, k)[0].T, pca_by_sklearn(codes, k)[1]),
        ),
        ("columns of Vh taken for components", pca_wrong_side),
        ("columns of Vh taken for components", pca_wrong_side_full),
        ("smallest first", pca_ascending),
        ("smallest first", pca_smallest),
        ("k is not used", lambda codes, k: pca_by_projection_of(codes - codes.mean(0), min(codes.shape))),
    ],
    "class_means": [
        ("the sum, not the mean", lambda codes, labels: means_vectorised(codes, labels) * counts(labels)),
        (
            "divided by a tenth of all images",
            lambda codes, labels: means_vectorised(codes, labels) * counts(labels) * 10 / len(labels),
        ),
        (
            "divided by the number of all images",
            lambda codes, labels: F.one_hot(labels, 10).to(codes).T @ codes / len(labels),
        ),
        ("the mean of all images", lambda codes, labels: torch.stack([codes.mean(0)] * 10)),
        (
            "the median, not the mean",
            lambda codes, labels: torch.stack([codes[labels == d].median(dim=0)[0] for d in range(10)]),
        ),
        ("a mean of means", means_running),
        ("one image of each digit", lambda codes, labels: codes[[labels.tolist().index(d) for d in range(10)]]),
        ("one image of each digit", last_of_each),
        ("in the order of first appearance", means_in_order_of_appearance),
        ("the mean over the dimensions, too", lambda codes, labels: means_vectorised(codes, labels).mean(1)),
        (
            "a digit is missing",
            lambda codes, labels: torch.stack([codes[labels == d].mean(0) for d in range(1, 10)]),
        ),
        ("a digit is missing", lambda codes, labels: torch.stack([codes[labels == d].mean(0) for d in range(9)])),
    ],
    "neighbours_right": [
        ("each image is its own neighbour", own_neighbour),
        ("each image is its own neighbour", lambda codes, labels: 1.0),
        ("the farthest, not the nearest", farthest),
        ("the labels leak into the distance", with_label_column),
        ("the labels leak into the distance", with_one_hot),
        ("the labels leak into the distance", labels_only),
        ("per cent, not a share", lambda codes, labels: 100 * neighbours_loop(codes, labels)),
        ("a count, not a share", lambda codes, labels: (neighbours_vectorised(codes, labels) * len(codes)).round()),
        ("the share that is wrong", lambda codes, labels: 1.0 - neighbours_by_sklearn(codes, labels)),
        ("the neighbour's number taken for its label", index_for_label),
        ("the nearest class mean, not the nearest image", nearest_centre),
        ("five neighbours, not one", five_neighbours),
        ("the angle, not the distance", by_angle),
        ("a scalar product, not a distance", by_product),
        ("distances added up along the axes", by_manhattan),
    ],
}

# Mutants of the model answer that no check can tell from it, with the reason: {name: {mutant: reason}}.
EQUIVALENT = {
    "pca": {
        "4: codes - codes.mean(dim=0) → codes.mean(dim=0) - codes": "turns every axis; the sign of an axis is free",
        "4: codes - codes.mean(dim=0) → -(codes - codes.mean(dim=0))": "turns every axis; the sign of an axis is free",
        "7: u[:, :k] * s[:k] → -(u[:, :k] * s[:k])": "turns every axis; the sign of an axis is free",
        "5: torch.linalg.svd(centred, full_matrices=False) → torch.linalg.svd(centred)": "the same first columns of U",
        "5: False → True": "the same first columns of U, it only takes more memory",
    },
    "class_means": {},
    "neighbours_right": {
        "7: (labels[nearest] == labels).float().mean().item() → (labels[nearest] == labels).float().mean()": (
            "a tensor that holds one number is a number to the checks"
        ),
        "6: 1 → 0": "the distances from i to j and from j to i are equal",
    },
}
