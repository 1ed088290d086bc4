"""Right and wrong answers to `class_means`, in other words than the check's own."""

import numpy as np
import torch
import torch.nn.functional as F


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


def scalar_into_row(codes, labels):
    means = codes.new_zeros(10, codes.shape[1])
    for digit in range(10):
        means[digit] = codes[labels == digit].mean()
    return means


def added_by_index(codes, labels):
    sums = torch.zeros(10, codes.shape[1], dtype=codes.dtype, device=codes.device)
    sums[labels] += codes
    return sums / counts(labels)


def means_by_scatter(codes, labels):
    index = labels[:, None].expand_as(codes)
    return codes.new_zeros(10, codes.shape[1]).scatter_reduce(0, index, codes, "mean", include_self=False)


def means_of(codes, labels, digits):
    return torch.stack([codes[labels == digit].mean(0) for digit in digits])


def means_of_forty(codes, labels):
    means = torch.zeros(10, 40, dtype=codes.dtype)
    for digit in range(10):
        means[digit] = codes[labels == digit].mean(0)
    return means


def sums_of(codes, labels):
    return F.one_hot(labels, 10).to(codes.dtype).T @ codes


def made_anew_for_each_digit(codes, labels):
    for digit in range(10):
        means = torch.zeros(10, codes.shape[1], dtype=codes.dtype)
        means[digit] = codes[labels == digit].mean(0)
    return means


LAST = torch.tensor([9])

RIGHT = [means_by_scatter, means_vectorised, means_by_mask, means_by_numpy]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
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
    ("the mean over the dimensions, too", scalar_into_row),
    ("of repeated indices only one is added", added_by_index),
    (
        "a digit is missing",
        lambda codes, labels: torch.stack([codes[labels == d].mean(0) for d in range(1, 10)]),
        6,
    ),
    ("a digit is missing", lambda codes, labels: torch.stack([codes[labels == d].mean(0) for d in range(9)]), 6),
    ("digits counted from 1", lambda codes, labels: means_of(codes, labels, range(1, 11))),
    (
        "digits counted from 1",
        lambda codes, labels: means_vectorised(codes, labels).roll(-1, 0).index_fill(0, LAST, torch.nan),
    ),
    (
        "torch.tensor of a list of tensors",
        lambda codes, labels: torch.tensor([codes[labels == d].mean(0) for d in range(10)]),
        0,
    ),
    ("the counts are a row, not a column", lambda codes, labels: sums_of(codes, labels) / torch.bincount(labels), 0),
    ("a new tensor for each digit", made_anew_for_each_digit, 3),
    (
        "a row for each image, not for each digit",
        lambda codes, labels: means_of(codes, labels, sorted(set(labels))),
        6,
    ),
    ("a row for each image, not for each digit", lambda codes, labels: means_of(codes, labels, labels), 0),
    ("the digits in another order", lambda codes, labels: means_of(codes, labels, [*range(1, 10), 0])),
    ("the digits in another order", lambda codes, labels: means_of(codes, labels, range(9, -1, -1))),
    ("the spread, not the mean", lambda codes, labels: torch.stack([codes[labels == d].std(0) for d in range(10)])),
    ("the largest, not the mean", lambda codes, labels: torch.stack([codes[labels == d].max(0)[0] for d in range(10)])),
    ("sizes that do not follow the arguments", means_of_forty, 8),
    ("a list in place of a tensor", lambda *inputs: list(means_by_mask(*inputs)), 8),
    ("a dict in place of a tensor", lambda *inputs: dict(enumerate(means_by_mask(*inputs))), 8),
    ("rows and columns swapped", lambda *inputs: means_by_mask(*inputs).T, 8),
    ("all numbers in one row", lambda *inputs: means_by_mask(*inputs).flatten(), 8),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
