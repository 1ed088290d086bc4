"""Right and wrong answers to `pca`, in other words than the check's own."""

import torch
import torch.nn.functional as F
from sklearn.decomposition import PCA


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


def pca_rows_of_v(codes, k):
    centred = codes - codes.mean(0)
    _, s, v = torch.svd(centred)
    return centred @ v[:k].T, s[:k] ** 2 / (s**2).sum()


def pca_without_s(codes, k):
    u = torch.linalg.svd(codes - codes.mean(0), full_matrices=False)[0]
    return u[:, :k], pca_by_covariance(codes, k)[1]


def pca_components(codes, k):
    vh = torch.linalg.svd(codes - codes.mean(0), full_matrices=False)[2]
    return vh[:k], pca_by_covariance(codes, k)[1]


def pca_first_rows(codes, k):
    u, s, _ = torch.linalg.svd(codes - codes.mean(0), full_matrices=False)
    return (u * s)[:k], s[:k] ** 2 / (s**2).sum()


def pca_two_mistakes(codes, k):
    vh = torch.linalg.svd(codes, full_matrices=False).Vh
    centred = torch.linalg.svd(codes - codes.mean(0)).S
    return codes @ vh[:k].T, centred[:k] / centred.sum()


def pca_estimated(codes, k):
    torch.manual_seed(0)
    u, s, _ = torch.pca_lowrank(codes, k, niter=0)
    return u * s, s**2 / (codes - codes.mean(0)).square().sum()


def variances_by(of_all):
    def function(codes, k):
        points = pca_by_covariance(codes, k)[0]
        return points, points.var(dim=0) / of_all(codes)

    return function


RIGHT = [pca_by_sklearn, pca_by_covariance, pca_by_projection]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("pca_lowrank, which only estimates", pca_estimated),
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
    ("divided by the variance of all numbers", variances_by(lambda codes: codes.var()), 7),
    ("divided by the variance of all numbers", variances_by(lambda codes: codes.std()), 7),
    ("divided by the variance of all numbers", variances_by(lambda codes: (codes - codes.mean(0)).var()), 7),
    ("shares added up", lambda codes, k: pca_spoilt(codes, k, share=lambda s: torch.cumsum(s, 0))),
    ("U without S", pca_without_s),
    ("U without S", lambda codes, k: pca_spoilt(codes, k, points=lambda points: F.normalize(points, dim=0))),
    ("each dimension scaled to the same spread", pca_standardized),
    ("components in place of points", pca_components),
    (
        "components in place of points",
        lambda codes, k: (pca_components(codes, k)[0].T, pca_by_sklearn(codes, k)[1]),
    ),
    ("V and its transpose mixed up", pca_wrong_side),
    ("V and its transpose mixed up", pca_wrong_side_full),
    ("V and its transpose mixed up", pca_rows_of_v),
    ("per cent, not a share", lambda codes, k: pca_spoilt(codes, k, share=lambda s: 100 * s), 8),
    ("the shares of all components", pca_shares(lambda s, k: s**2 / (s**2).sum())),
    ("each axis scaled to the same spread", lambda codes, k: pca_spoilt(codes, k, points=lambda p: p / p.std(0))),
    ("rows in place of columns", pca_first_rows, 6),
    ("the mean is not taken away, and singular values not squared", pca_two_mistakes),
    ("smallest first", pca_ascending),
    ("smallest first", pca_smallest),
    ("k is not used", lambda codes, k: pca_by_projection_of(codes - codes.mean(0), min(codes.shape))),
    (
        "rows and columns swapped",
        lambda codes, k: (pca_by_covariance(codes, k)[0].T, pca_by_covariance(codes, k)[1]),
        8,
    ),
    ("returned in the other order", lambda codes, k: pca_by_covariance(codes, k)[::-1], 8),
    ("more than what is asked for", lambda codes, k: (*pca_by_covariance(codes, k), codes.mean(0)), 8),
    ("one thing where several are asked for", lambda codes, k: pca_by_covariance(codes, k)[0], 7),
    (
        "a dict, where parts are taken by their place",
        lambda codes, k: dict(zip(("points", "share"), pca_by_covariance(codes, k), strict=True)),
        8,
    ),
    (
        "a list in place of a tensor",
        lambda codes, k: (pca_by_covariance(codes, k)[0], pca_by_covariance(codes, k)[1].tolist()),
        8,
    ),
    ("sizes that do not follow the arguments", lambda codes, k: pca_by_covariance(codes, 2), 8),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "4: codes - codes.mean(dim=0) → codes.mean(dim=0) - codes": "turns every axis; the sign of an axis is free",
    "4: codes - codes.mean(dim=0) → -(codes - codes.mean(dim=0))": "turns every axis; the sign of an axis is free",
    "7: u[:, :k] * s[:k] → -(u[:, :k] * s[:k])": "turns every axis; the sign of an axis is free",
    "5: torch.linalg.svd(centred, full_matrices=False) → torch.linalg.svd(centred)": "the same first columns of U",
    "5: False → True": "the same first columns of U, it only takes more memory",
}
