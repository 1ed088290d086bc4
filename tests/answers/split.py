"""Right and wrong answers to assignment 01, in other words than the checks' own."""

import random

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch.utils.data import BatchSampler, RandomSampler, random_split
from torchvision.transforms.functional import to_tensor


def images_by_torchvision(pixels):
    return torch.stack([to_tensor(image.numpy()).flatten() for image in pixels])


def images_in_numpy(pixels):
    return torch.from_numpy(pixels.numpy().reshape(len(pixels), 784).astype(np.float32) / np.float32(255))


def images_viewed(pixels):
    x = pixels.to(torch.float32) * (1 / 255)
    return x.view(-1, 28 * 28)


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


def batches_by_sampler(n, batch_size, generator):
    return list(BatchSampler(RandomSampler(range(n), generator=generator), batch_size, drop_last=False))


def batches_loop(n, batch_size, generator):
    positions = torch.randperm(n, generator=generator).tolist()
    result = []
    while positions:
        result.append(torch.tensor(positions[:batch_size]))
        positions = positions[batch_size:]
    return result


RIGHT = {
    "to_images": [images_by_torchvision, images_in_numpy, images_viewed],
    "split": [split_by_torch, split_by_sklearn, split_by_mask, split_by_sorting],
    "batches": [batches_by_sampler, batches_loop],
}


def standardized_in_numpy(pixels):
    x = pixels.numpy().reshape(-1, 784) / 255
    return torch.from_numpy((x - x.mean()) / x.std())


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


# The name that the check must give the mistake, and an answer that makes it.
WRONG = {
    "to_images": [
        ("divided by 256", lambda pixels: pixels.reshape(-1, 784) / 256),
        ("not divided", lambda pixels: pixels.float().flatten(1)),
        ("divided twice", lambda pixels: images_by_torchvision(pixels) / 255),
        ("integer division", lambda pixels: (pixels // 255).flatten(1)),
        ("grey made black or white", lambda pixels: (pixels.flatten(1) > 127).float()),
        ("divided by the brightest pixel", lambda pixels: torch.stack([i.flatten() / i.max() for i in pixels])),
        ("divided by the brightest pixel", lambda pixels: pixels.flatten(1).float() / pixels.max()),
        ("standardized", standardized_in_numpy),
        ("standardized", lambda pixels: (pixels.float() - pixels.float().mean()).flatten(1) / pixels.float().std()),
        ("standardized", lambda pixels: (images_viewed(pixels) - 0.1307) / 0.3081),
        ("scaled to [−1, 1]", lambda pixels: (pixels.flatten(1).float() - 127.5) / 127.5),
        ("not flattened", lambda pixels: pixels.float() / 255),
        ("all images in one row", lambda pixels: images_viewed(pixels).reshape(-1)),
        ("columns first", lambda pixels: pixels.mT.reshape(-1, 784) / 255),
    ],
    "split": [
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
    ],
    "batches": [
        (
            "the incomplete last batch dropped",
            lambda n, batch_size, generator: list(
                BatchSampler(RandomSampler(range(n), generator=generator), batch_size, drop_last=True)
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
        ("not shuffled", batches_in_another_order),
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
    ],
}

# Mutants of the model answer that no check can tell from it, with the reason: {name: {mutant: reason}}.
EQUIVALENT = {"to_images": {}, "split": {}, "batches": {}}
