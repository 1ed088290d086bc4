"""Check of `pca`: points on the first principal components, and their shares of the variance."""

from dataclasses import replace

import torch
from sklearn.decomposition import PCA

from vae_checks.check import check_against, recognise_by
from vae_checks.compare import alike
from vae_checks.mistakes import Mistake
from vae_probe.call import call_function
from vae_probe.outcome import Case

POINTS = {"shape": 1, "value": 6, "float64 and device": 1, "inputs unchanged": 1, "no global seed": 1}


def _draw_pca(seed):
    generator = torch.Generator().manual_seed(seed)
    # Images, dimensions and components; the third has fewer images than dimensions.
    sizes = [("main", 7, 5, 3), ("main", 40, 8, 1), ("main", 6, 8, 3), ("float64", 7, 4, 2)]
    return [
        Case(
            kind,
            {"codes": _cloud(generator, n, d).to(torch.float64 if kind == "float64" else None), "k": k},
            device=True,
        )
        for kind, n, d, k in sizes
    ]


def _cloud(generator, n, d):
    """N points (n, d) with their mean far from 0, and singular values so far apart that PCA has one answer."""
    rank = min(n - 1, d)
    scatter = torch.randn(n, rank, generator=generator)
    u = torch.linalg.qr(scatter - scatter.mean(0)).Q
    v = torch.linalg.qr(torch.randn(d, rank, generator=generator)).Q
    sizes = 4 * n**0.5 * (0.5 + 0.3 * torch.rand(rank, generator=generator)).cumprod(0)
    return (u * sizes) @ v.T + 5 * torch.randn(d, generator=generator)


def _pca(codes, k):
    fitted = PCA(n_components=k, svd_solver="full").fit(codes.cpu().numpy())
    points, share = fitted.transform(codes.cpu().numpy()), fitted.explained_variance_ratio_
    return torch.from_numpy(points).to(codes), torch.from_numpy(share).to(codes)


def _by_svd(matrix, k):
    """PCA of a matrix whose columns have the mean 0; of any other it is a mistake."""
    u, s, _ = torch.linalg.svd(matrix, full_matrices=False)
    return (u * s)[:, :k], (s**2 / (s**2).sum())[:k]


def _centred(codes):
    return codes - codes.mean(0)


def _axes(codes):
    return torch.linalg.svd(_centred(codes), full_matrices=False).Vh


def _points(function):
    """Right shares beside the points that a function makes of codes and k."""
    return lambda codes, k: (function(codes, k), _by_svd(_centred(codes), k)[1])


def _shares(function):
    """Right points beside the shares that a function makes of singular values and k."""
    return lambda codes, k: (_by_svd(_centred(codes), k)[0], function(torch.linalg.svdvals(_centred(codes)), k))


def _by_eigh(chosen):
    def function(codes, k):
        values, vectors = torch.linalg.eigh(_centred(codes).T @ _centred(codes))
        return (_centred(codes) @ vectors)[:, chosen(k)], (values / values.sum())[chosen(k)]

    return function


PCA_MISTAKES = [
    Mistake(
        "the mean is not taken away",
        "Move all codes by the same vector: should their PCA change? Does yours?",
        lambda codes, k: _by_svd(codes, k),
    ),
    Mistake(
        "the mean is not taken away",
        "Where should the mean of all points lie in your picture, and where does it lie?",
        _points(lambda codes, k: codes @ _axes(codes)[:k].T),
    ),
    Mistake(
        "the mean over the wrong axis",
        "Is it the mean image of the set that you take away, or from each image the mean of its own numbers?",
        lambda codes, k: _by_svd(codes - codes.mean(1, keepdim=True), k),
    ),
    Mistake(
        "one mean for all dimensions",
        "How many numbers has the mean of N points in D dimensions?",
        lambda codes, k: _by_svd(codes - codes.mean(), k),
    ),
    Mistake(
        "images and dimensions mixed up",
        "What stands in a row of your matrix: an image or a dimension?",
        lambda codes, k: _by_svd(_centred(codes).T, k),
        lambda codes, k: _by_svd(_centred(codes.T), k),
    ),
    Mistake(
        "singular values not squared",
        "Is a singular value measured like a length or like a variance?",
        _shares(lambda s, k: (s / s.sum())[:k]),
    ),
    Mistake(
        "eigenvalues squared again",
        "The singular values of a covariance matrix: are they measured like lengths or like variances?",
        _shares(lambda s, k: (s**4 / (s**4).sum())[:k]),
    ),
    Mistake(
        "share of the k kept, not of all",
        "Add up your shares for k = 1. Did a single component hold everything?",
        _shares(lambda s, k: s[:k] ** 2 / (s[:k] ** 2).sum()),
    ),
    Mistake(
        "variances, not shares",
        "What do the shares of all components add up to?",
        lambda codes, k: (_by_svd(_centred(codes), k)[0], _by_svd(_centred(codes), k)[0].var(0)),
    ),
    Mistake(
        "shares added up",
        "Is your second number the share of the second component, or that of the first two?",
        _shares(lambda s, k: (s**2 / (s**2).sum()).cumsum(0)[:k]),
    ),
    Mistake(
        "U without S",
        "How long are the columns of U? In the picture, how wide should the first direction be beside the second?",
        _points(lambda codes, k: torch.linalg.svd(_centred(codes)).U[:, :k]),
    ),
    Mistake(
        "each dimension scaled to the same spread",
        "If every dimension is stretched to the standard deviation 1, what becomes of one that the model does not use?",
        lambda codes, k: _by_svd(_centred(codes) / codes.std(0), k),
    ),
    Mistake(
        "components in place of points",
        "How many rows should come back: one for each image, or one for each component?",
        _points(lambda codes, k: _axes(codes)[:k]),
    ),
    Mistake(
        "components in place of points",
        "How many rows should come back: one for each image, or one for each dimension?",
        _points(lambda codes, k: _axes(codes)[:k].T),
    ),
    Mistake(
        "columns of Vh taken for components",
        "`torch.linalg.svd` gives V or its transpose. Do the components stand in the rows or in the columns of it?",
        _points(lambda codes, k: _centred(codes) @ _axes(codes)[:, :k]),
        _points(lambda codes, k: _centred(codes) @ torch.linalg.svd(_centred(codes)).Vh[:, :k]),
    ),
    Mistake(
        "smallest first",
        "In which order come the eigenvalues, and which direction is the widest?",
        _by_eigh(lambda k: slice(k)),
        _by_eigh(lambda k: slice(-k, None)),
    ),
    Mistake(
        "k is not used",
        "How many columns should come back for k = 2?",
        lambda codes, k: _by_svd(_centred(codes), None),
    ),
]


def _turn(outcome, like):
    """The outcome with each column of points turned to the sign that it has in another: in a PCA it is free."""
    match outcome.value, like.value:
        case [[torch.Tensor() as points, *rest], [torch.Tensor() as others, *_]] if points.shape == others.shape:
            signs = torch.where((points.double() * others.double()).sum(0) < 0, -1, 1)
            return replace(outcome, value=[points * signs, *rest])
    return outcome


def _agree(wrong, students):
    return alike([_turn(a, b) for a, b in zip(wrong, students, strict=True)], students, 1e-3)


_pca_by_sign = check_against(
    _pca,
    PCA_MISTAKES,
    name="pca",
    points=POINTS,
    draw=_draw_pca,
    tolerance=1e-3,
    hints=(
        "Three steps: move the cloud so that its mean is 0; take it apart into U, S and Vh; keep k. Which of the three "
        "parts says how wide the cloud is along a component?",
        "A centred cloud is U · diag(S) · Vh. The rows of Vh are the components, largest first, so U · diag(S) holds "
        "the coordinates along them. The variance along a component goes with the *square* of its singular value.",
        "`u, s, vh = torch.linalg.svd(codes - …, full_matrices=False)`. The points are the first k columns of `u * s`; "
        "the shares are the first k of `s**2`, divided by the sum of … of them.",
    ),
)


pca = replace(
    _pca_by_sign,
    prepare=lambda seen: seen._replace(outcome=_turn(seen.outcome, seen.expected)),
    recognise=recognise_by(lambda seen: [each.outcome for each in seen], PCA_MISTAKES, call_function, agree=_agree),
)
