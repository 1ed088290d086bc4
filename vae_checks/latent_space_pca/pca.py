"""Checks of assignment 06: PCA by hand, the mean code of each digit, and whether neighbours agree."""

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from vae_checks.check import Mistake, alike, check_against
from vae_probe.call import call_function, unpack

POINTS = {"shape": 1, "value": 6, "float64 and device": 1, "inputs unchanged": 1, "no global seed": 1}


def _draw_pca(seed):
    generator = torch.Generator().manual_seed(seed)
    # Images, dimensions and components; the third has fewer images than dimensions.
    sizes = [("main", 7, 5, 3), ("main", 40, 8, 1), ("main", 6, 8, 3), ("float64", 7, 4, 2)]
    return [
        {
            "kind": kind,
            "inputs": {"codes": _cloud(generator, n, d).to(torch.float64 if kind == "float64" else None), "k": k},
            "device": True,
        }
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
    ),
    Mistake(
        "images and dimensions mixed up",
        "What stands in a row of your matrix: an image or a dimension?",
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
    ),
    Mistake(
        "columns of Vh taken for components",
        "`torch.linalg.svd` gives V or its transpose. Do the components stand in the rows or in the columns of it?",
        _points(lambda codes, k: _centred(codes) @ torch.linalg.svd(_centred(codes)).Vh[:, :k]),
    ),
    Mistake(
        "smallest first",
        "In which order come the eigenvalues, and which direction is the widest?",
        _by_eigh(lambda k: slice(k)),
    ),
    Mistake(
        "smallest first",
        "In which order come the eigenvalues, and which direction is the widest?",
        _by_eigh(lambda k: slice(-k, None)),
    ),
    Mistake(
        "k is not used",
        "How many columns should come back for k = 2?",
        lambda codes, k: _by_svd(_centred(codes), None),
    ),
]


def _turned(outcomes, like):
    """The outcomes with each column of points turned to the sign that it has in others: in a PCA it is free."""

    def turn(value, other):
        match value, other:
            case [[torch.Tensor() as points, *rest], [torch.Tensor() as others, *_]] if points.shape == others.shape:
                return [points * torch.where((points.double() * others.double()).sum(0) < 0, -1, 1), *rest]
        return value

    return [one | {"value": turn(one["value"], two["value"])} for one, two in zip(outcomes, like, strict=True)]


def _judge_pca(cases, outcomes):
    return _pca_by_sign.judge(cases, _turned(outcomes, unpack(call_function(_pca, cases))))


def _recognise_pca(cases, outcomes):
    for mistake in PCA_MISTAKES:
        wrong = unpack(call_function(mistake.function, cases))
        if alike(_turned(wrong, outcomes), outcomes, 1e-3):
            return mistake
    return None


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
pca = replace(_pca_by_sign, judge=_judge_pca, recognise=_recognise_pca)


def _draw_classes(seed):
    generator = torch.Generator().manual_seed(seed)
    # Images and dimensions; in the second each digit has a single image.
    sizes = [("main", 45, 4), ("main", 10, 6), ("main", 60, 3), ("float64", 30, 5)]
    return [
        {
            "kind": kind,
            "inputs": {
                "codes": 3 * torch.randn(n, d, generator=generator, dtype=torch.float64 if kind == "float64" else None),
                "labels": _unbalanced(generator, n),
            },
            "device": True,
        }
        for kind, n, d in sizes
    ]


def _unbalanced(generator, n):
    """Labels (n,) in any order: each of the ten digits at least once, small ones far more often."""
    more = (10 * torch.rand(n - 10, generator=generator) ** 2).long()
    return torch.cat([torch.arange(10), more])[torch.randperm(n, generator=generator)]


def _class_means(codes, labels):
    groups = [[] for _ in range(10)]
    for code, label in zip(codes, labels.tolist(), strict=True):
        groups[label].append(code)
    return torch.stack([sum(group) / len(group) for group in groups])


def _for_each_digit(function):
    return lambda codes, labels: torch.stack([function(codes[labels == digit]) for digit in range(10)])


def _by_appearance(codes, labels):
    return _class_means(codes, labels)[list(dict.fromkeys(labels.tolist()))]


def _running(group):
    mean = group[0]
    for code in group[1:]:
        mean = (mean + code) / 2
    return mean


class_means = check_against(
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
        ),
        Mistake(
            "one image of each digit",
            "How many images of a class does your answer look at?",
            _for_each_digit(lambda group: group[-1]),
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
        ),
        Mistake(
            "a digit is missing",
            "Which digits are there, and which do you go through?",
            lambda codes, labels: _class_means(codes, labels)[1:],
        ),
        Mistake(
            "a digit is missing",
            "Which digits are there, and which do you go through?",
            lambda codes, labels: _class_means(codes, labels)[:9],
        ),
    ],
    name="class_means",
    points=POINTS,
    draw=_draw_classes,
    hints=(
        "Take one digit first: which rows of `codes` belong to it? What is their mean, and how many numbers has it?",
        "`labels == digit` is true for the images of a digit, and can stand in square brackets behind `codes`. "
        "`torch.stack` makes one tensor of ten.",
        "`codes[labels == digit]` has the shape (images of this digit, D). Stack the means over its images for digit "
        "0, 1, …, 9.",
    ),
)


def _draw_neighbours(seed):
    generator = torch.Generator().manual_seed(seed)
    return [{"kind": "main", "inputs": _groups(generator, n, d)} for n, d in [(7, 3), (100, 4), (100, 5), (100, 6)]]


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
            lambda codes, labels: _share(
                torch.cdist(*2 * [torch.cat([codes, labels.to(codes).unsqueeze(1)], 1)]), labels
            ),
        ),
        Mistake(
            "the labels leak into the distance",
            "For an image whose digit you do not know yet, could you compute this distance?",
            lambda codes, labels: _share(
                torch.cdist(*2 * [torch.cat([codes, F.one_hot(labels).to(codes)], 1)]), labels
            ),
        ),
        Mistake(
            "the labels leak into the distance",
            "For an image whose digit you do not know yet, could you compute this distance?",
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
