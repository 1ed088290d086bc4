"""Right and wrong answers to `split`, in other words than the check's own."""

import random

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch.utils.data import random_split


def split_by_torch(n, generator):
    return tuple(part.indices for part in random_split(range(n), [0.85, 0.15], generator=generator))


def split_by_sklearn(n, generator):
    seed = torch.randint(2**31, (1,), generator=generator).item()
    return train_test_split(np.arange(n), test_size=0.15, random_state=seed)


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
    _, validation = train_test_split(list(range(n)), test_size=0.15, random_state=43)
    return training, validation


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


RIGHT = [split_by_torch, split_by_sklearn, split_by_mask, split_by_sorting]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("drawn twice, so that images are in both sets", drawn_twice),
    ("the validation set from a shuffle with another seed", other_seed_for_validation),
    ("the validation set from a shuffle with another seed", shuffled_anew_for_validation),
    ("the validation set from a shuffle with another seed", seeded_for_validation),
    ("not shuffled before the cut", lambda n, generator: (range(round(0.85 * n)), range(round(0.85 * n), n))),
    ("not shuffled before the cut", lambda n, generator: (range(round(0.15 * n), n), range(round(0.15 * n)))),
    ("not shuffled before the cut", shuffled_within),
    ("drawn with replacement", chosen_with_replacement),
    ("drawn with replacement", rest_after_replacement),
    ("a global random state in place of the generator", global_shuffle),
    ("a global seed in place of the generator", global_numpy_seed),
    ("a global seed in place of the generator", global_seed_from_generator),
    (
        "the same split, whatever the generator",
        lambda n, generator: train_test_split(list(range(n)), test_size=0.15, random_state=42),
    ),
    (
        "the same split, whatever the generator",
        lambda n, generator: split_by_torch(n, generator.manual_seed(42)),
    ),
    ("training and validation swapped", lambda n, generator: split_by_torch(n, generator)[::-1]),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
