"""Right and wrong answers to `split`, in other words than the check's own."""

import random

import numpy as np
import torch
from torch.utils.data import random_split


def split_by_torch(n, generator):
    return tuple(part.indices for part in random_split(range(n), [0.85, 0.15], generator=generator))


def split_by_numpy(n, generator):
    seed = torch.randint(2**31, (1,), generator=generator).item()
    order = np.random.default_rng(seed).permutation(n)
    return order[: round(0.85 * n)], order[round(0.85 * n) :]


def split_into_sets(n, generator):
    positions = torch.randperm(n, generator=generator).tolist()
    validation = set(positions[: int(0.15 * n)])
    return set(range(n)) - validation, validation


def split_by_mask(n, generator):
    for_validation = torch.zeros(n, dtype=torch.bool)
    for_validation[torch.randperm(n, generator=generator)[: int(0.15 * n)]] = True
    return torch.nonzero(~for_validation)[:, 0], torch.nonzero(for_validation)[:, 0]


def split_by_sorting(n, generator):
    order = torch.rand(n, generator=generator).argsort()
    return list(order[: int(n * 0.85)]), list(order[int(n * 0.85) :])


def drawn_twice(n, generator):
    training = torch.randperm(n, generator=generator)[: round(0.85 * n)]
    return training, torch.randperm(n, generator=generator)[: round(0.15 * n)]


def other_seed_for_validation(n, generator):
    training = torch.randperm(n, generator=generator)[: round(0.85 * n)]
    return training, np.random.default_rng(43).permutation(n)[round(0.85 * n) :]


def shuffled_anew_for_validation(n, generator):
    training, _ = split_by_torch(n, generator)
    positions = list(range(n))
    random.shuffle(positions)
    return training, positions[len(training) :]


def seeded_for_validation(n, generator):
    order = torch.randperm(n, generator=generator)
    torch.manual_seed(0)
    return order[: round(0.85 * n)], torch.randperm(n)[round(0.85 * n) :]


def chosen_with_replacement(n, generator):
    seed = torch.randint(2**31, (1,), generator=generator).item()
    rng = np.random.RandomState(seed)
    return rng.choice(n, round(0.85 * n)), rng.choice(n, round(0.15 * n))


def rest_after_replacement(n, generator):
    training = torch.randint(0, n, (round(0.85 * n),), generator=generator).tolist()
    return training, sorted(set(range(n)) - set(training))


def global_numpy_seed(n, generator):
    np.random.seed(42)
    order = np.random.permutation(n)
    return order[: round(0.85 * n)], order[round(0.85 * n) :]


def global_seed_from_generator(n, generator):
    torch.manual_seed(generator.initial_seed())
    return split_by_torch(n, None)


def global_shuffle(n, generator):
    positions = list(range(n))
    random.shuffle(positions)
    return positions[: round(0.85 * n)], positions[round(0.85 * n) :]


def shuffled_within(n, generator):
    train, val = torch.arange(n).split([round(0.85 * n), round(0.15 * n)])
    return train[torch.randperm(len(train), generator=generator)], val[torch.randperm(len(val), generator=generator)]


def cut_twice(n, generator):
    order = torch.randperm(n, generator=generator)
    return order[: int(0.85 * n)], order[int(0.85 * n) : int(0.85 * n) + int(0.15 * n)]


def cut_from_the_end(n, generator):
    order = torch.randperm(n, generator=generator)
    return order[: int(0.85 * n)], order[-int(0.15 * n) :]


def cut_twice_from_the_end(n, generator):
    order = torch.randperm(n, generator=generator)
    k = int(n * 15 / 100)
    return order[:-k], order[-k:]


def cut_at_51000(n, generator):
    order = torch.randperm(n, generator=generator)
    return order[:51000], order[51000:]


def cut_of(order, share=0.85):
    return order[: round(share * len(order))], order[round(share * len(order)) :]


def cut_with_a_gap(n, generator):
    order, k = torch.randperm(n, generator=generator), int(0.85 * n)
    return order[:k], order[k + 1 :]


def cut_overlapping(n, generator):
    order, k = torch.randperm(n, generator=generator).tolist(), int(0.85 * n)
    return order[: k + 1], order[k:]


def positions_from_1(n, generator):
    return cut_of(1 + torch.randperm(n, generator=generator))


def split_as_floats(n, generator):
    return cut_of(torch.randperm(n, generator=generator).float())


def split_as_masks(n, generator):
    place = torch.randperm(n, generator=generator)
    return place < round(0.85 * n), place >= round(0.85 * n)


def split_yielded(n, generator):
    yield from cut_of(torch.randperm(n, generator=generator))


def turned(n, generator):
    shift = torch.randint(n, (1,), generator=generator)
    return cut_of((torch.arange(n) + shift) % n)


def of_every_twentieth(n, generator):
    rest = (torch.arange(n) + torch.randint(20, (1,), generator=generator)) % 20
    return torch.nonzero(rest >= 3)[:, 0], torch.nonzero(rest < 3)[:, 0]


def rolled(n, generator):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(5))
    return cut_of(order.roll(torch.randint(n, (1,), generator=generator).item()))


def copied(n, generator):
    return split_by_torch(n, torch.Generator().manual_seed(generator.initial_seed()))


def by_a_coin(n, generator):
    training, validation = [], []
    for i in range(n):
        (training if torch.rand((), generator=generator) < 0.85 else validation).append(i)
    return training, validation


def by_coins_at_once(n, generator):
    mask = torch.rand(n, generator=generator) < 0.85
    return mask.nonzero().flatten(), (~mask).nonzero().flatten()


def as_columns(n, generator):
    mask = torch.zeros(n, dtype=torch.bool)
    mask[torch.randperm(n, generator=generator)[: int(0.85 * n)]] = True
    return mask.nonzero(), (~mask).nonzero()


RIGHT = [split_by_torch, split_by_numpy, split_by_mask, split_by_sorting, split_into_sets]

# The name that the check must give the mistake, an answer that makes it, and in some cases the points it must earn.
WRONG = [
    (
        "a dict in place of two sets",
        lambda n, generator: dict(zip("ab", split_by_torch(n, generator), strict=True)),
        8,
    ),
    ("an iterator in place of a list", lambda n, generator: iter(split_by_torch(n, generator)), 8),
    ("the position at the cut in both sets", cut_overlapping, 8),
    ("drawn twice, so that images are in both sets", drawn_twice),
    ("the validation set from a shuffle with another seed", other_seed_for_validation),
    ("the validation set from a shuffle with another seed", shuffled_anew_for_validation),
    ("the validation set from a shuffle with another seed", seeded_for_validation),
    ("not shuffled before the cut", lambda n, generator: (range(round(0.85 * n)), range(round(0.85 * n), n))),
    ("not shuffled before the cut", lambda n, generator: (range(round(0.15 * n), n), range(round(0.15 * n)))),
    ("not shuffled before the cut", shuffled_within),
    (
        "not shuffled before the cut; and cut at a fixed place",
        lambda n, generator: (torch.arange(n)[:51000], torch.arange(n)[51000:]),
        4,
    ),
    (
        "a global random state in place of the generator; and the position at the cut in both sets",
        lambda n, generator: cut_overlapping(n, None),
        6,
    ),
    ("one set in place of several", lambda n, generator: torch.randperm(n, generator=generator)[: int(0.85 * n)], 0),
    ("a coin for each image", by_a_coin, 8),
    ("a coin for each image", by_coins_at_once, 8),
    ("a column in place of a row", as_columns, 8),
    (
        "subsets in place of positions",
        lambda n, generator: random_split(range(n), [0.85, 0.15], generator=generator),
        8,
    ),
    ("cut at a fixed place", cut_at_51000),
    ("two sizes that do not add up to n", cut_twice),
    ("for a few images the whole order in one set", cut_from_the_end),
    ("for a few images all in the validation set", cut_twice_from_the_end, 8),
    ("another share than 85 %", lambda n, generator: cut_of(torch.randperm(n, generator=generator), 0.8)),
    ("another share than 85 %", lambda n, generator: cut_of(torch.randperm(n, generator=generator), 0.9)),
    ("positions in neither set", cut_with_a_gap),
    ("positions in neither set", lambda n, generator: cut_of(torch.randperm(max(n - 1, 0), generator=generator))),
    ("the position at the cut in both sets", cut_overlapping),
    ("positions from 1 to n", positions_from_1),
    ("positions as floating-point numbers", split_as_floats),
    ("masks in place of positions", split_as_masks),
    ("an iterator in place of a list", split_yielded),
    ("a pattern in place of a shuffle", turned),
    ("a pattern in place of a shuffle", of_every_twentieth),
    ("one fixed order, cut at a drawn place", rolled),
    ("a copy of the generator is drawn from", copied),
    ("drawn with replacement", chosen_with_replacement),
    ("drawn with replacement", rest_after_replacement),
    ("a global random state in place of the generator", global_shuffle),
    ("a global seed in place of the generator", global_numpy_seed),
    ("a global seed in place of the generator", global_seed_from_generator),
    (
        "the same split, whatever the generator",
        lambda n, generator: split_by_torch(n, torch.Generator().manual_seed(42)),
    ),
    (
        "the generator seeded anew",
        lambda n, generator: split_by_torch(n, generator.manual_seed(42)),
    ),
    (None, lambda generator, n: split_by_torch(n, generator), 0),
    ("training and validation swapped", lambda n, generator: split_by_torch(n, generator)[::-1]),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
