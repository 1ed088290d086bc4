"""Right and wrong answers to `batches`, in other words than the check's own."""

import math
import random

import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler


def batches_by_sampler(n, batch_size, generator):
    return list(BatchSampler(RandomSampler(range(n), generator=generator), batch_size, drop_last=False))


def batches_yielded(n, batch_size, generator):
    yield from torch.randperm(n, generator=generator).split(batch_size)


def batches_loop(n, batch_size, generator):
    positions = torch.randperm(n, generator=generator).tolist()
    result = []
    while positions:
        result.append(torch.tensor(positions[:batch_size]))
        positions = positions[batch_size:]
    return result


def filled_from_the_front(n, batch_size, generator):
    order = torch.randperm(n, generator=generator)
    lacking = -n % batch_size
    return list(torch.cat([order, order[:lacking]]).split(batch_size))


def filled_with_the_last(n, batch_size, generator):
    order = torch.randperm(n, generator=generator)
    steps = range(0, n, batch_size)
    return [order[[min(i + j, n - 1) for j in range(batch_size)]] for i in steps]


def chosen_for_each_batch(n, batch_size, generator):
    return [torch.randint(0, n, (batch_size,), generator=generator) for _ in range(0, n, batch_size)]


def chosen_for_full_batches(n, batch_size, generator):
    return [torch.randint(0, n, (batch_size,), generator=generator) for _ in range(n // batch_size)]


def chosen_at_once(n, batch_size, generator):
    picks = torch.randint(0, n, (n,), generator=generator)
    return [picks[i : i + batch_size] for i in range(0, n, batch_size)]


def batches_in_another_order(n, batch_size, generator):
    parts = torch.arange(n).split(batch_size)
    return [parts[i] for i in torch.randperm(len(parts), generator=generator)]


def shuffled_inside(n, batch_size, generator):
    parts = []
    for i in range(0, n, batch_size):
        part = torch.arange(i, min(i + batch_size, n))
        parts.append(part[torch.randperm(len(part), generator=generator)])
    return parts


def loop_over_batch_size(n, batch_size, generator):
    order, length = torch.randperm(n, generator=generator), n // batch_size
    return [order[i * length : (i + 1) * length] for i in range(batch_size)]


def reseeded(n, batch_size, generator):
    fresh = torch.Generator().manual_seed(generator.initial_seed())
    return torch.randperm(n, generator=fresh).split(batch_size)


def seeded_globally(n, batch_size, generator):
    torch.manual_seed(1)
    return torch.randperm(n).split(batch_size)


def seeded_globally_from_generator(n, batch_size, generator):
    random.seed(generator.initial_seed())
    positions = random.sample(range(n), n)
    return [positions[i : i + batch_size] for i in range(0, n, batch_size)]


def batches_sorted_inside(n, batch_size, generator):
    return [sorted(part.tolist()) for part in torch.randperm(n, generator=generator).split(batch_size)]


def windows(n, batch_size, generator):
    parts = [part[torch.randperm(len(part), generator=generator)] for part in torch.arange(n).split(1000)]
    return list(torch.cat(parts).split(batch_size))


def turned(n, batch_size, generator):
    order = (torch.arange(n) + torch.randint(n, (1,), generator=generator)) % n
    return list(order.split(batch_size))


def rolled(n, batch_size, generator):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(5))
    return list(order.roll(torch.randint(n, (1,), generator=generator).item()).split(batch_size))


def batches_in_steps(n, batch_size, generator, steps):
    order = torch.randperm(n, generator=generator)
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(steps)]


def full_batches_of(order, batch_size):
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(len(order) // batch_size)]


def in_order_and_filled(n, batch_size, generator):
    return list(torch.cat([torch.arange(n), torch.arange(-n % batch_size)]).split(batch_size))


RIGHT = [batches_by_sampler, batches_loop, batches_sorted_inside]

# The name that the check must give the mistake, an answer that makes it, and in some cases the points it must earn.
WRONG = [
    (
        "a view whose rows must all be full",
        lambda n, batch_size, generator: list(torch.randperm(n, generator=generator).view(-1, batch_size)),
    ),
    (
        "an iterator in place of a list",
        lambda n, batch_size, generator: iter(torch.randperm(n, generator=generator).split(batch_size)),
        8,
    ),
    (
        "an iterator in place of a list",
        lambda n, batch_size, generator: DataLoader(range(n), batch_size, shuffle=True, generator=generator),
        8,
    ),
    ("an iterator in place of a list", batches_yielded),
    (
        "an iterator in place of a list",
        lambda n, batch_size, generator: (part for part in torch.randperm(n, generator=generator).split(batch_size)),
    ),
    (
        "positions as floating-point numbers",
        lambda n, batch_size, generator: torch.randperm(n, generator=generator).float().split(batch_size),
    ),
    (
        "batches of another size than batch_size",
        lambda n, batch_size, generator: torch.randperm(n, generator=generator).split(64),
    ),
    (
        "batches of another size than batch_size",
        lambda n, batch_size, generator: torch.randperm(n, generator=generator).split(n // batch_size),
    ),
    (
        "batches as equal as possible",
        lambda n, batch_size, generator: np.array_split(
            torch.randperm(n, generator=generator), math.ceil(n / batch_size)
        ),
    ),
    (
        "batches as equal as possible",
        lambda n, batch_size, generator: torch.randperm(n, generator=generator).chunk(math.ceil(n / batch_size)),
    ),
    (
        "the short batch first",
        lambda n, batch_size, generator: batches_loop(n, batch_size, generator)[::-1],
    ),
    (
        "positions from 1 to n",
        lambda n, batch_size, generator: (1 + torch.randperm(n, generator=generator)).split(batch_size),
    ),
    (
        "an empty batch at the end",
        lambda n, batch_size, generator: batches_in_steps(n, batch_size, generator, n // batch_size + 1),
    ),
    (
        "a last batch of one image lost",
        lambda n, batch_size, generator: batches_in_steps(n, batch_size, generator, math.ceil((n - 1) / batch_size)),
    ),
    (
        "the incomplete last batch dropped",
        lambda n, batch_size, generator: list(
            BatchSampler(RandomSampler(range(n), generator=generator), batch_size, drop_last=True)
        ),
    ),
    (
        "the incomplete last batch dropped",
        lambda n, batch_size, generator: torch.randperm(n, generator=generator)[: n - n % batch_size].view(
            -1, batch_size
        ),
    ),
    ("the last batch filled up", filled_from_the_front),
    ("the last batch filled up", filled_with_the_last),
    ("drawn with replacement", chosen_for_each_batch),
    ("drawn with replacement", chosen_for_full_batches),
    ("drawn with replacement", chosen_at_once),
    (
        "not shuffled",
        lambda n, batch_size, generator: [list(range(n))[i : i + batch_size] for i in range(0, n, batch_size)],
    ),
    ("not shuffled", lambda n, batch_size, generator: full_batches_of(torch.arange(n), batch_size), 1),
    ("not shuffled; and the last batch filled up", in_order_and_filled, 1),
    (
        "a global random state in place of the generator; and the incomplete last batch dropped",
        lambda n, batch_size, generator: full_batches_of(torch.randperm(n), batch_size),
        5,
    ),
    ("one set in place of several", lambda n, batch_size, generator: torch.randperm(n, generator=generator), 0),
    ("neighbours stay in one batch", batches_in_another_order, 2),
    ("neighbours stay in one batch", shuffled_inside, 4),
    (None, lambda n, generator, batch_size: batches_loop(n, batch_size, generator), 0),
    ("a pattern in place of a shuffle", windows),
    ("a pattern in place of a shuffle", turned),
    ("one fixed order, begun at a drawn place", rolled),
    ("the same order in each epoch", reseeded),
    (
        "one fixed order, whatever the generator",
        lambda n, batch_size, generator: batches_loop(n, batch_size, generator.manual_seed(0)),
    ),
    (
        "a global random state in place of the generator",
        lambda n, batch_size, generator: list(BatchSampler(np.random.permutation(n).tolist(), batch_size, False)),
    ),
    ("a global seed in place of the generator", seeded_globally),
    ("a global seed in place of the generator", seeded_globally_from_generator),
    (
        "batch_size batches, not batches of batch_size",
        lambda n, batch_size, generator: np.array_split(batches_loop(n, n, generator)[0].numpy(), batch_size),
    ),
    (
        "batch_size batches, not batches of batch_size",
        lambda n, batch_size, generator: torch.randperm(n, generator=generator).chunk(batch_size),
    ),
    ("batch_size batches, not batches of batch_size", loop_over_batch_size),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
