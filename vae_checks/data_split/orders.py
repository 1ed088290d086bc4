"""Orders of the positions 0 … n − 1: a shuffle, and what students take for one."""

import numpy as np
import torch
from torch import Tensor


def shuffle(n: int, generator: torch.Generator) -> torch.Tensor:
    """A permutation of 0 … n − 1, drawn from the generator by way of NumPy."""
    seed = int(torch.randint(2**31, (), generator=generator))
    return torch.from_numpy(np.random.default_rng(seed).permutation(n))


def shuffle_after_global_seed(n: int, seed: int) -> torch.Tensor:
    """A permutation of 0 … n − 1, drawn after setting the global seed: a mistake."""
    torch.manual_seed(seed)
    return torch.randperm(n)


def shuffle_in_windows(n: int, generator: torch.Generator) -> Tensor:
    """A permutation of 0 … n − 1 that mixes no two windows of 1,000: a mistake."""
    return torch.cat([window[shuffle(len(window), generator)] for window in torch.arange(n).split(1000)])


def turn(n: int, generator: torch.Generator) -> Tensor:
    """The positions in order, from a drawn one on: a mistake."""
    return torch.arange(n).roll(int(torch.randint(n, (), generator=generator)))


def roll_a_fixed_order(n: int, generator: torch.Generator) -> Tensor:
    """A permutation that is always the same one, from a drawn place on: a mistake."""
    return shuffle(n, torch.Generator().manual_seed(0))[turn(n, generator)]


def copy_of(generator: torch.Generator) -> torch.Generator:
    """A generator in the same state."""
    copy = torch.Generator()
    copy.set_state(generator.get_state())
    return copy


WRONG_ORDERS = {
    "a global random state in place of the generator": lambda n, generator: torch.randperm(n),
    "a global seed in place of the generator": lambda n, generator: shuffle_after_global_seed(n, 42),
    "a pattern in place of a shuffle": turn,
}
