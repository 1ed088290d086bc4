"""Check of `split`: one index set for training, one for validation."""

from typing import Any

import torch
from torch import Tensor

from vae_checks.data_split.index_sets import check_index_sets, pairs_of
from vae_checks.data_split.orders import (
    WRONG_ORDERS,
    copy_of,
    roll_a_fixed_order,
    shuffle,
    shuffle_after_global_seed,
    shuffle_in_windows,
    turn,
)
from vae_checks.mistakes import Mistake
from vae_probe.outcome import Case


def _draw_split(seed: int) -> list[Case]:
    # More than a thousand images, at which some windows end, and few.
    cases = [Case("main", {"n": 2_500, "generator": 1}), Case("other generator", {"n": 2_500, "generator": 2})]
    return [*cases, *(Case("small", {"n": n, "generator": 3}) for n in (1, 2, 7, 140))]


def _look_at_split(sets: list, inputs: dict) -> tuple[str, str]:
    if len(sets) != 2:
        return "count", f"expected two sets, got {len(sets)}"
    # One more or less is right, too: int(0.85 * n) may fall just below the whole number.
    expected = 17 * inputs["n"] // 20, 3 * inputs["n"] // 20
    training, validation = (len(set(part)) for part in sets)
    if max(abs(training - expected[0]), abs(validation - expected[1])) <= 1:
        return "", ""
    if not validation:
        return "uncut", f"for n = {inputs['n']:,}: expected {expected[1]} positions for validation, got none"
    kind = "swapped" if max(abs(training - expected[1]), abs(validation - expected[0])) <= 1 else "other"
    n = inputs["n"]
    sentence = (
        f"for n = {n:,} the shares are {0.85 * n:,.10g} for training and {0.15 * n:,.10g} for validation, got "
        f"{training:,} and {validation:,} different positions"
    )
    return kind, sentence


def _split(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    order = shuffle(n, generator)
    return order[: 17 * n // 20], order[17 * n // 20 :]


def _cut(first: Any, second: Any = None) -> tuple[Any, Any]:
    """The first 85 % of one order, and the last 15 % of it, or of a second one."""
    k = 17 * len(first) // 20
    return first[:k], (first if second is None else second)[k:]


def _cut_at(order: Tensor, end: int, begin: int | None = None) -> tuple[Tensor, Tensor]:
    return order[:end], order[end if begin is None else begin :]


def _split_with_replacement(n: int, generator: torch.Generator) -> tuple[Tensor, list[int]]:
    training = torch.randint(n, (17 * n // 20,), generator=generator)
    return training, [i for i in range(n) if i not in training]


def _split_by_rest(n: int, generator: torch.Generator) -> tuple[list[int], list[int]]:
    shift = int(torch.randint(20, (), generator=generator))
    held_out = [(i + shift) % 20 < 3 for i in range(n)]
    return [i for i in range(n) if not held_out[i]], [i for i in range(n) if held_out[i]]


def _split_by_coin(n: int, generator: torch.Generator) -> tuple[list[int], list[int]]:
    for_training = (torch.rand(n, generator=generator) < 0.85).tolist()
    return [i for i in range(n) if for_training[i]], [i for i in range(n) if not for_training[i]]


MISTAKES = [
    Mistake(
        "drawn twice, so that images are in both sets",
        "How many orders do you draw? Can the last 15 % of one know what the first 85 % of another hold?",
        lambda n, generator: _cut(shuffle(n, generator), shuffle(n, generator)),
    ),
    Mistake(
        "the validation set from a shuffle with another seed",
        "Are the last 15 % of this second order free of the images that you train on?",
        lambda n, generator: _cut(shuffle(n, generator), shuffle(n, torch.Generator().manual_seed(43))),
        lambda n, generator: _cut(shuffle(n, generator), torch.randperm(n)),
        lambda n, generator: _cut(shuffle(n, generator), shuffle_after_global_seed(n, 43)),
    ),
    Mistake(
        "not shuffled before the cut",
        "If the images lay sorted by digit, which digits would your validation set hold?",
        lambda n, generator: _cut(range(n)),
        lambda n, generator: _cut(range(n))[::-1],
    ),
    Mistake(
        "a coin for each image",
        "Toss your coin for 2,500 images, then again. Do both splits have the same number of images for training?",
        _split_by_coin,
    ),
    Mistake(
        "another share than 85 %",
        "Of 100 images, how many should be for training, and how many are in yours?",
        lambda n, generator: _cut_at(shuffle(n, generator), 4 * n // 5),
    ),
    Mistake(
        "positions in neither set",
        "Where does your first slice end, and where does the second begin? Is the position between them in one?",
        lambda n, generator: _cut_at(shuffle(n, generator), 17 * n // 20, 17 * n // 20 + 1),
    ),
    Mistake(
        "the position at the cut in both sets",
        "Where does your first slice end, and where does the second begin? Is `order[k]` in `order[:k]`?",
        lambda n, generator: _cut_at(shuffle(n, generator), 17 * n // 20 + 1, 17 * n // 20),
    ),
    Mistake(
        "positions from 1 to n",
        "Which position has the first of the images in Python, and which the last?",
        lambda n, generator: _cut(shuffle(n, generator) + 1),
    ),
    Mistake(
        "cut at a fixed place",
        "Where do you cut if n is 100? Which of your numbers knows n?",
        lambda n, generator: (shuffle(n, generator)[:51_000], []),
    ),
    Mistake(
        "a pattern in place of a shuffle",
        "If you know where one image went, can you say where its neighbours went?",
        lambda n, generator: _cut(turn(n, generator)),
        lambda n, generator: _cut(shuffle_in_windows(n, generator)),
        _split_by_rest,
    ),
    Mistake(
        "one fixed order, cut at a drawn place",
        "How many different splits can your function give? How many are there?",
        lambda n, generator: _cut(roll_a_fixed_order(n, generator)),
    ),
    Mistake(
        "a copy of the generator is drawn from",
        "Call your function twice with one generator. Has it moved on after the first call?",
        lambda n, generator: _split(n, copy_of(generator)),
    ),
    Mistake(
        "the generator seeded anew",
        "Your caller has passed you a generator, in a state of its own. What is left of that state in your split?",
        lambda n, generator: _split(n, generator.manual_seed(0)),
    ),
    Mistake(
        "drawn with replacement",
        "How often can your draw pick the same image?",
        lambda n, generator: _cut(torch.randint(n, (n,), generator=generator)),
        _split_with_replacement,
    ),
    Mistake(
        "a global random state in place of the generator",
        "Your caller has passed you a generator. What does it change in your split?",
        lambda n, generator: _cut(torch.randperm(n)),
    ),
    Mistake(
        "a global seed in place of the generator",
        "What happens to the random numbers of whoever called your function?",
        lambda n, generator: _cut(shuffle_after_global_seed(n, 42)),
        lambda n, generator: _cut(shuffle_after_global_seed(n, generator.initial_seed())),
    ),
    Mistake(
        "the same split, whatever the generator",
        "Your caller has passed you a generator. What does it change in your split?",
        lambda n, generator: _cut(shuffle(n, torch.Generator().manual_seed(42))),
    ),
    Mistake(
        "training and validation swapped",
        "Which of the two sets should be the larger one, and which do you return first?",
        lambda n, generator: _split(n, generator)[::-1],
    ),
]
ORDERS = WRONG_ORDERS | {
    "the same split, whatever the generator": lambda n, generator: shuffle(n, torch.Generator().manual_seed(42)),
    "a copy of the generator is drawn from": lambda n, generator: shuffle(n, copy_of(generator)),
}
CUTS = {
    "training and validation swapped": lambda order: _cut(order)[::-1],
    "another share than 85 %": lambda order: _cut_at(order, 4 * len(order) // 5),
    "positions in neither set": lambda order: _cut_at(order, 17 * len(order) // 20, 17 * len(order) // 20 + 1),
    "the position at the cut in both sets": lambda order: _cut_at(
        order, 17 * len(order) // 20 + 1, 17 * len(order) // 20
    ),
    "positions from 1 to n": lambda order: _cut(order + 1),
    "cut at a fixed place": lambda order: _cut_at(order, 51_000),
}
NOT_SHUFFLED = {"not shuffled before the cut": lambda n, generator: torch.arange(n)}
split = check_index_sets(
    _split,
    [
        *MISTAKES,
        *pairs_of(MISTAKES, ORDERS, CUTS),
        *pairs_of(MISTAKES, NOT_SHUFFLED, {"cut at a fixed place": CUTS["cut at a fixed place"]}),
    ],
    [
        Mistake(
            "two sizes that do not add up to n",
            "For n = 7, how many positions go into each of your sets? Where are the others?",
            lambda n, generator: _cut_at(shuffle(n, generator)[: 17 * n // 20 + 3 * n // 20], 17 * n // 20),
        ),
        Mistake(
            "for a few images all in the validation set",
            "What is `order[-k:]` if k is 0, and what is `order[:-k]`?",
            lambda n, generator: _cut_at(shuffle(n, generator), -(3 * n // 20)),
        ),
        Mistake(
            "for a few images the whole order in one set",
            "What is `order[-k:]` if k is 0? And with n = 7, how many positions are in neither set?",
            lambda n, generator: _cut_at(shuffle(n, generator), 17 * n // 20, -(3 * n // 20)),
        ),
    ],
    name="split",
    points={
        "sizes": 2,
        "each image once": 2,
        "at most one image in both sets": 2,
        "shuffled": 2,
        "drawn from the generator": 2,
    },
    draw=_draw_split,
    form="two index lists, or tensors, of whole numbers",
    look_at_sizes=_look_at_split,
    hints=(
        "Think of a pack of cards: shuffle it once, then cut it once. What does the cut guarantee?",
        "A shuffled order of the positions 0 to n − 1 is called a permutation; `torch.randperm` draws one. See "
        "its help, `torch.randperm?`: how does one hand it a generator?",
        "`order = torch.randperm(n, generator=generator)`, then two slices of this one `order`, which meet at 85 % of "
        "n, a whole number.",
    ),
)
