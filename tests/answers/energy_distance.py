"""Right and wrong answers to `energy_distance`, in other words than the check's own."""

import math

import torch


def by_cdist(a, b):
    inner = sum(torch.cdist(s, s).sum() / (len(s) ** 2 - len(s)) for s in (a, b))
    return (2 * torch.cdist(a, b).mean() - inner).item()


def by_pairs(a, b):
    inner = torch.nn.functional.pdist(a).mean() + torch.nn.functional.pdist(b).mean()
    return 2 * torch.cdist(a, b).mean() - inner


def by_loops(a, b):
    p, q = a.tolist(), b.tolist()
    between = sum(math.dist(s, t) for s in p for t in q) / (len(p) * len(q))
    inner = 0
    for x in (p, q):
        pairs = [math.dist(x[i], x[j]) for i in range(len(x)) for j in range(i)]
        inner += sum(pairs) / len(pairs)
    return 2 * between - inner


def by_a_mask(a, b):
    def inner(s):
        off = ~torch.eye(len(s), dtype=torch.bool)
        return torch.cdist(s, s)[off].mean()

    return 2 * torch.cdist(a, b).mean() - inner(a) - inner(b)


def by_expanded_squares(a, b):
    def distances(p, q):
        square = p.square().sum(1)[:, None] + q.square().sum(1) - 2 * p @ q.T
        return square.clamp(min=0).sqrt()

    def inner(s):
        return distances(s, s).fill_diagonal_(0).sum() / (len(s) * (len(s) - 1))

    return (2 * distances(a, b).mean() - inner(a) - inner(b)).item()


def inner_mean(s):
    return torch.cdist(s, s).sum() / (len(s) * (len(s) - 1))


def without_zeros(s):
    d = torch.cdist(s, s)
    return d.sum() / (d > 0).sum()


def by_rows(a, b):
    return 2 * torch.linalg.vector_norm(a - b, dim=1).mean() - inner_mean(a) - inner_mean(b)


def squared(a, b):
    def inner(s):
        return torch.cdist(s, s).pow(2).sum() / (len(s) * (len(s) - 1))

    return 2 * torch.cdist(a, b).pow(2).mean() - inner(a) - inner(b)


def along_axes(a, b):
    def inner(s):
        return torch.cdist(s, s, p=1).sum() / (len(s) * (len(s) - 1))

    return 2 * torch.cdist(a, b, p=1).mean() - inner(a) - inner(b)


RIGHT = [by_cdist, by_pairs, by_loops, by_a_mask, by_expanded_squares]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    (
        "each point is paired with itself",
        lambda a, b: (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item(),
    ),
    ("squared distances", squared),
    ("distances added up along the axes", along_axes),
    ("the mean over the dimensions", lambda a, b: by_cdist(a, b) / a.shape[1] ** 0.5),
    ("the 2 is missing", lambda a, b: torch.cdist(a, b).mean() - inner_mean(a) - inner_mean(b)),
    ("the wrong sign", lambda a, b: inner_mean(a) + inner_mean(b) - 2 * torch.cdist(a, b).mean()),
    ("only the distances between the sets", lambda a, b: torch.cdist(a, b).mean().item()),
    ("only the distances between the sets", lambda a, b: 2 * torch.cdist(a, b).mean()),
    ("only one of the two sets is looked into", lambda a, b: 2 * torch.cdist(a, b).mean() - inner_mean(a)),
    ("only one of the two sets is looked into", lambda a, b: 2 * torch.cdist(a, b).mean() - inner_mean(b)),
    ("half of it", lambda a, b: by_loops(a, b) / 2),
    ("the root of it", lambda a, b: max(by_loops(a, b), 0) ** 0.5),
    ("the root of it", lambda a, b: by_pairs(a, b).sqrt()),
    ("cut off at 0", lambda a, b: max(by_loops(a, b), 0.0)),
    ("cut off at 0", lambda a, b: abs(by_loops(a, b))),
    (
        "divided by n, not by n (n − 1)",
        lambda a, b: 2 * torch.cdist(a, b).mean() - torch.cdist(a, a).sum(1).mean() - torch.cdist(b, b).sum(1).mean(),
    ),
    (
        "divided by n, not by n (n − 1)",
        lambda a, b: 2 * torch.cdist(a, b).mean() - len(a) * inner_mean(a) - len(b) * inner_mean(b),
    ),
    (
        "each pair is counted once, and divided by twice as many",
        lambda a, b: (
            2 * torch.cdist(a, b).mean() - sum(torch.cdist(s, s).triu().sum() / len(s) / (len(s) - 1) for s in (a, b))
        ),
    ),
    ("the distance between the two means", lambda a, b: torch.linalg.vector_norm(b.mean(0) - a.mean(0)).item()),
    ("row by row, not each with each", by_rows),
    (
        "each distance of 0 is left out, not each point itself",
        lambda a, b: 2 * torch.cdist(a, b).mean() - without_zeros(a) - without_zeros(b),
    ),
    ("a dimension too many", lambda a, b: torch.tensor([RIGHT[0](a, b)]), 8),
    ("the mean is missing", lambda a, b: RIGHT[0](a, b) + torch.cdist(a, b) - torch.cdist(a, b).mean(), 6),
    ("a number with something around it", lambda a, b: (RIGHT[0](a, b),), 8),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "7: (2 * torch.cdist(a, b).mean() - sum(within)).item() → 2 * torch.cdist(a, b).mean() - sum(within)": (
        "a tensor that holds one number is a number, too"
    ),
    "7: torch.cdist(a, b) → torch.cdist(b, a)": "the mean over all pairs does not know their order",
}
