"""Check of `pca`: points on the first principal components, and their shares of the variance."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from sklearn.decomposition import PCA
from torch import Tensor

from vae_checks.check import Check, recognise_by
from vae_checks.compare import alike, describe, difference, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import ANY_SIZES, Property, Seen, judge_each, shared
from vae_checks.shapes import FORM, mistake_of_form, reshaped, share_of
from vae_checks.slips import mistake_of_sizes
from vae_probe.call import call_function
from vae_probe.outcome import Case, Outcome

Points = tuple[Tensor, Tensor]  # (N, k), and the share of each axis (k,)
TOLERANCE = 1e-3  # ten times what float32 loses here by the longest way, the covariance


def _draw_pca(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    # Images, dimensions and components: two, as in the notebook, and others. The third has fewer images than
    # dimensions.
    sizes = [
        ("main", 7, 5, 2, torch.float32),
        ("main", 40, 8, 2, torch.float32),
        ("few images", 6, 8, 2, torch.float32),
        ("sizes", 7, 5, 3, torch.float32),
        ("sizes", 40, 8, 1, torch.float32),
        ("other dtype", 7, 4, 2, torch.float64),
    ]
    return [Case(kind, {"codes": _cloud(generator, n, d).to(dtype), "k": k}) for kind, n, d, k, dtype in sizes]


def _cloud(generator: torch.Generator, n: int, d: int) -> Tensor:
    """N points (n, d) with their mean far from 0, and singular values so far apart that PCA has one answer."""
    rank = min(n - 1, d)
    scatter = torch.randn(n, rank, generator=generator)
    u = torch.linalg.qr(scatter - scatter.mean(0)).Q
    v = torch.linalg.qr(torch.randn(d, rank, generator=generator)).Q
    sizes = 4 * n**0.5 * (0.5 + 0.3 * torch.rand(rank, generator=generator)).cumprod(0)
    return (u * sizes) @ v.T + 5 * torch.randn(d, generator=generator)


def _pca(codes: Tensor, k: int) -> Points:
    fitted = PCA(n_components=k, svd_solver="full").fit(codes.cpu().numpy())
    points, share = fitted.transform(codes.cpu().numpy()), fitted.explained_variance_ratio_
    return torch.from_numpy(points).to(codes), torch.from_numpy(share).to(codes)


def _by_svd(matrix: Tensor, k: int | None) -> Points:
    """PCA of a matrix whose columns have the mean 0; of any other it is a mistake."""
    u, s, _ = torch.linalg.svd(matrix, full_matrices=False)
    return (u * s)[:, :k], (s**2 / (s**2).sum())[:k]


def _centred(codes: Tensor) -> Tensor:
    return codes - codes.mean(0)


def _axes(codes: Tensor) -> Tensor:
    return torch.linalg.svd(_centred(codes), full_matrices=False).Vh


def _points(function: Callable[[Tensor, int], Tensor]) -> Callable[[Tensor, int], Points]:
    """Right shares beside the points that a function makes of codes and k."""
    return lambda codes, k: (function(codes, k), _by_svd(_centred(codes), k)[1])


def _shares(function: Callable[[Tensor, int], Tensor]) -> Callable[[Tensor, int], Points]:
    """Right points beside the shares that a function makes of singular values and k."""
    return lambda codes, k: (_by_svd(_centred(codes), k)[0], function(torch.linalg.svdvals(_centred(codes)), k))


def _divided_by(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor, int], Points]:
    """Right points beside the variances along them, divided by what a function makes of codes."""

    def answer(codes: Tensor, k: int) -> Points:
        points, _ = _by_svd(_centred(codes), k)
        return points, points.var(0) / function(codes)

    return answer


def _by_eigh(chosen: Callable[[int], slice]) -> Callable[[Tensor, int], Points]:
    def function(codes: Tensor, k: int) -> Points:
        values, vectors = torch.linalg.eigh(_centred(codes).T @ _centred(codes))
        return (_centred(codes) @ vectors)[:, chosen(k)], (values / values.sum())[chosen(k)]

    return function


def _whitened(codes: Tensor, k: int) -> Tensor:
    points, _ = _by_svd(_centred(codes), k)
    return points / points.std(0)


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
        "Is it the mean code of the set that you take away, or from each image the mean of its own numbers?",
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
        _shares(lambda s, k: s[:k] ** 2),
        lambda codes, k: (_by_svd(_centred(codes), k)[0], _by_svd(_centred(codes), k)[0].var(0, correction=0)),
    ),
    Mistake(
        "divided by the variance of all numbers",
        "What do the shares of all components add up to? The codes scatter in D dimensions: how much in all of them "
        "together?",
        _divided_by(torch.var),
        _divided_by(torch.std),
        _divided_by(lambda codes: _centred(codes).var()),
        _divided_by(lambda codes: _centred(codes).std()),
    ),
    Mistake(
        "shares added up",
        "Is your second number the share of the second component, or that of the first two?",
        _shares(lambda s, k: (s**2 / (s**2).sum()).cumsum(0)[:k]),
    ),
    Mistake(
        "the shares of all components",
        "How many shares should come back for k = 2?",
        _shares(lambda s, k: s**2 / (s**2).sum()),
    ),
    Mistake(
        "U without S",
        "How long are the columns of U? In the picture, how wide should the first direction be beside the second?",
        _points(lambda codes, k: torch.linalg.svd(_centred(codes)).U[:, :k]),
    ),
    Mistake(
        "each axis scaled to the same spread",
        "In the picture, how wide should the first direction be beside the second?",
        _points(lambda codes, k: _whitened(codes, k)),
    ),
    Mistake(
        "rows in place of columns",
        "Do the first k rows of `u * s` hold k coordinates of every image, or all coordinates of k images?",
        _points(lambda codes, k: _by_svd(_centred(codes), None)[0][:k]),
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
        "V and its transpose mixed up",
        "Does `torch.linalg.svd` give V, or its transpose? And `torch.svd`? In which are the components rows?",
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


ESTIMATED = Mistake(
    "pca_lowrank, which only estimates",
    "It draws random directions to be fast for large matrices. Which function takes a matrix apart exactly?",
)


def _turn(points: Any, like: Any) -> Any:
    """The points with each column turned to the sign that it has in others: in a PCA it is free."""
    if not (isinstance(points, Tensor) and isinstance(like, Tensor) and describe(points) == describe(like)):
        return points  # complex ones, say
    if points.ndim != 2:
        return points
    return points * torch.where((points.double() * like.double()).sum(0) < 0, -1, 1)


def _turn_outcome(outcome: Outcome, like: Outcome) -> Outcome:
    match outcome.value, like.value:
        case [points, share], [others, _]:
            return replace(outcome, value=[_turn(points, others), share])
    return outcome


def _agree(wrong: list[Outcome], students: list[Outcome]) -> bool:
    return alike([_turn_outcome(a, b) for a, b in zip(wrong, students, strict=True)], students, TOLERANCE)


def _part(seen: list[Seen], index: int) -> list[Outcome]:
    """Of each outcome only the points, 0, or only the shares, 1; an outcome without them if they are right."""
    values = [reshaped(each).outcome.value for each in seen]
    if not all(isinstance(value, list) and len(value) == 2 for value in values):
        return []
    return [Outcome(value[index]) for value in values]


def _recognise_part(seen: list[Seen], index: int) -> Mistake | None:
    seen = [each for each in seen if not each.outcome.error]
    expected = [Outcome(each.expected.value[index]) for each in seen]

    def agree(wrong: list[Outcome], students: list[Outcome]) -> bool:
        turned = [replace(a, value=_turn(a.value, b.value)) for a, b in zip(wrong, students, strict=False)]
        is_wrong = len(turned) == len(seen) and not alike(students, expected, TOLERANCE)
        return is_wrong and alike(turned, students, TOLERANCE)

    return recognise_by(partial(_part, index=index), PCA_MISTAKES, call_function, agree=agree)(seen)


def _recognise(seen: list[Seen]) -> Mistake | None:
    return _recognise_parts(seen) or mistake_of_form(seen) or mistake_of_sizes(PROPERTIES, seen)


def _recognise_parts(seen: list[Seen]) -> Mistake | None:
    """The mistake of points and shares together; or else that of each, which may be two."""
    whole = recognise_by(
        lambda seen: [reshaped(each).outcome for each in seen], PCA_MISTAKES, call_function, agree=_agree
    )(seen)
    if not whole and any(name.endswith("pca_lowrank") for each in seen for name in each.outcome.called):
        return ESTIMATED
    if whole or not _part([each for each in seen if not each.outcome.error], 0):
        return whole
    found = [mistake for index in (0, 1) if (mistake := _recognise_part(seen, index))]
    if len(found) < 2:
        return found[0] if found else None
    names, questions = (dict.fromkeys(getattr(mistake, what) for mistake in found) for what in ("name", "question"))
    return Mistake(", and ".join(names), " ".join(questions))


def _wrong_part(index: int) -> Callable[[Seen], str]:
    def judge(each: Seen) -> str:
        if each.case.kind == "sizes":  # both parts are judged under `ANY_SIZES`
            return ""
        expected, actual = each.expected.value[index], each.outcome.value[index]
        return "" if same(expected, actual, TOLERANCE) else difference(expected, actual, TOLERANCE)

    return judge


def _wrong_points(seen: list[Seen]) -> str:
    """Of them it depends on whether there are fewer images than dimensions; an error there is their fault alone."""
    judge = _wrong_part(0)
    return judge_each(judge)(seen) or judge_each(judge, "few images")(seen)


def _wrong_pair(each: Seen) -> str:
    """A sentence, if what came back are not two things; their shapes are judged with what is in them."""
    value = each.outcome.value
    if each.case.kind == "sizes" or (isinstance(value, list) and len(value) == 2):
        return ""
    return f"expected {describe(each.expected.value)}, got {describe(value)}"


def _wrong_in_other_sizes(each: Seen) -> str:
    expected, actual = each.expected.value, each.outcome.value
    return "" if same(expected, actual, TOLERANCE) else difference(expected, actual, TOLERANCE, ("points", "shares"))


def _prepared(each: Seen) -> Seen:
    """What was seen, in the form that was asked for, and with the axes turned as in what is expected."""
    each = reshaped(each)
    outcome = _turn_outcome(each.outcome, each.expected)
    match outcome.value, each.expected.value:
        case [points, share], [_, right]:
            share, note = share_of(right, share)
            outcome = replace(outcome, value=[points, share], note=note or outcome.note)
    return each._replace(outcome=outcome)


PROPERTIES = [
    Property("points and shares", 1, judge_each(_wrong_pair), required=True),
    FORM,
    Property("points", 4, _wrong_points),
    Property("shares", 3, judge_each(_wrong_part(1))),
    Property(ANY_SIZES, 0, judge_each(_wrong_in_other_sizes, "sizes"), follows=("points", "shares"), cap=8),
    shared("dtype", 1),
    shared("inputs unchanged", 1),
    shared("no global seed", 0),
]
pca = Check(
    name="pca",
    properties=PROPERTIES,
    draw=_draw_pca,
    call=call_function,
    recognise=_recognise,
    prepare=_prepared,
    hints=(
        "Three steps: move the cloud so that its mean is 0; take it apart into U, S and Vh; keep k. Which of the three "
        "parts says how wide the cloud is along a component?",
        "A centred cloud is U · diag(S) · Vh. The rows of Vh are the components, largest first, so U · diag(S) holds "
        "the coordinates along them. The variance along a component goes with the *square* of its singular value.",
        "`u, s, vh = torch.linalg.svd(codes - …, full_matrices=False)`. The points are the first k columns of `u * s`; "
        "the shares are the first k of `s**2`, divided by the sum of … of them.",
    ),
    oracle=_pca,
    compared=True,
    may_stop=("few images", "sizes", "other dtype"),
    forbidden=("vae_lib.latent",),
)
