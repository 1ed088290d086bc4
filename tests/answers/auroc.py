"""Right and wrong answers to `auroc`, in other words than the check's own."""

import torch


def by_loops(normal, odd):
    won = 0.0
    for s in normal.tolist():
        for t in odd.tolist():
            won += 1 if t > s else 0.5 if t == s else 0
    return won / len(normal) / len(odd)


def by_ranks(normal, odd):
    both = torch.cat([normal, odd]).double()
    order = both.argsort()
    ranks = torch.empty(len(both), dtype=torch.float64)
    ranks[order] = torch.arange(1, len(both) + 1, dtype=torch.float64)
    for value in both.unique():
        ranks[both == value] = ranks[both == value].mean()
    return (ranks[len(normal) :].sum() - len(odd) * (len(odd) + 1) / 2) / (len(normal) * len(odd))


def by_signs(normal, odd):
    return (torch.sign(odd[:, None] - normal[None]).mean() + 1) / 2


def by_search(normal, odd):
    in_order = normal.sort().values
    left, right = (torch.searchsorted(in_order, odd, side=side) for side in ("left", "right"))
    return ((left + right) / 2 / len(normal)).mean().item()


def by_the_curve(normal, odd):
    thresholds = torch.cat([normal, odd]).unique().flip(0)
    false = torch.cat([torch.zeros(1), (normal >= thresholds[:, None]).float().mean(1)])
    hits = torch.cat([torch.zeros(1), (odd >= thresholds[:, None]).float().mean(1)])
    return torch.trapezoid(hits, false).item()


def at_least(normal, odd):
    return (odd[:, None] >= normal).double().mean().item()


RIGHT = [by_loops, by_ranks, by_signs, by_search, by_the_curve]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("the wrong way round: 1 − AUROC", lambda normal, odd: by_loops(odd, normal)),
    ("turned round where it is below ½", lambda normal, odd: max(by_loops(normal, odd), by_loops(odd, normal))),
    ("cut off at ½", lambda normal, odd: max(by_loops(normal, odd), 0.5)),
    ("from −1 to 1", lambda normal, odd: torch.sign(odd[:, None] - normal).mean()),
    ("per cent, not a share", lambda normal, odd: 100 * by_loops(normal, odd)),
    ("a tie counts as a win", at_least),
    ("a tie counts as a loss", lambda normal, odd: (odd[:, None] > normal).float().mean()),
    (
        "ties are left out",
        lambda normal, odd: ((odd[:, None] > normal).sum() / (odd[:, None] != normal).sum()).item(),
    ),
    ("how many pairs, not their share", lambda normal, odd: (odd[:, None] > normal).sum()),
    ("how many pairs, not their share", lambda normal, odd: int((odd[:, None] >= normal).sum())),
    ("how many pairs, not their share", lambda normal, odd: by_loops(normal, odd) * len(normal) * len(odd)),
    (
        "divided by another number of pairs",
        lambda normal, odd: by_loops(normal, odd) * len(normal) * len(odd) / (len(normal) + len(odd)) ** 2,
    ),
    ("pairs within one set", lambda normal, odd: by_loops(torch.cat([normal, odd]), odd)),
    ("row by row, not each with each", lambda normal, odd: (odd > normal).float().mean().item()),
    ("how many are right at one threshold", lambda normal, odd: right_at(normal, odd, normal.median())),
    ("how many are right at one threshold", lambda normal, odd: right_at(normal, odd, torch.cat([normal, odd]).mean())),
    ("the hits at one threshold", lambda normal, odd: (odd > normal.mean()).float().mean().item()),
    ("the hits at one threshold", lambda normal, odd: (odd > normal.quantile(0.99)).float().mean()),
    ("the area under precision and recall", lambda normal, odd: average_precision(normal, odd)),
    ("the difference of the means", lambda normal, odd: odd.mean().item() - normal.mean().item()),
]


def average_precision(normal, odd):
    total = 0.0
    for threshold in odd:
        hits, false = (odd >= threshold).sum(), (normal >= threshold).sum()
        total += (hits / (hits + false)).item()
    return total / len(odd)


def right_at(normal, odd, threshold):
    right = [s <= threshold for s in normal] + [t > threshold for t in odd]
    return sum(map(float, right)) / len(right)


# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "6: (higher.double() + tied.double() / 2).mean().item() → (higher.double() + tied.double() / 2).mean()": (
        "a tensor that holds one number is a number, too"
    ),
    "6: higher.double() → higher": "the sum with the ties, which are numbers, makes numbers of it",
    "6: tied.double() → tied": "a division makes numbers of True and False",
}
