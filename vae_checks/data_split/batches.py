"""Check of `batches`: the index sets of an epoch."""

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


def _draw_batches(seed: int) -> list[Case]:
    # More images than a thousand, at which some windows end. More batches than images in one, and a last one of 3, so
    # that no two mistakes look alike.
    inputs = {"n": 2_503, "batch_size": 20}
    cases = [Case("main", inputs | {"generator": 1}), Case("other generator", inputs | {"generator": 2})]
    return [*cases, *(Case("small", {"n": n, "batch_size": 20, "generator": 3}) for n in (81, 100, 19, 2, 1))]


def _look_at_batches(sets: list, inputs: dict) -> tuple[str, str]:
    n, batch_size = inputs["n"], inputs["batch_size"]
    full, rest = divmod(n, batch_size)
    expected, sizes = [batch_size] * full + [rest] * (rest > 0), [len(part) for part in sets]
    if sizes == expected:
        return "", ""
    if len(sizes) != len(expected):
        kinds = {full: "last dropped", batch_size: "batch_size batches"}
        kind = "last empty" if sizes == [*expected, 0] else kinds.get(len(sizes), _kind_of_sizes(sizes))
        return kind, f"of {n} images expected {len(expected)} batches of up to {batch_size}, got {len(sizes)}"
    odd = next(i for i in range(len(expected)) if sizes[i] != expected[i])
    kind = "last filled" if odd == full and sizes[odd] == batch_size else _kind_of_sizes(sizes)
    if sizes == expected[::-1]:
        kind = "short first"
    return kind, f"batch {odd + 1} of {len(expected)} should hold {expected[odd]} images, got {sizes[odd]}"


def _kind_of_sizes(sizes: list[int]) -> str:
    if sizes and max(sizes) - min(sizes) <= 1:
        return "equal"
    return "another size" if len(set(sizes[:-1])) == 1 and sizes[-1] <= sizes[0] else "other"


def _batches(n: int, batch_size: int, generator: torch.Generator) -> list[Tensor]:
    order = shuffle(n, generator)
    return [order[i : i + batch_size] for i in range(0, n, batch_size)]


def _with_replacement(n: int, batch_size: int, generator: torch.Generator, count: int) -> list[Tensor]:
    return [torch.randint(n, (batch_size,), generator=generator) for _ in range(count)]


def _seeded_batches(n: int, batch_size: int, seed: int) -> tuple[Tensor, ...]:
    return shuffle_after_global_seed(n, seed).split(batch_size)


def _each_shuffled(n: int, batch_size: int, generator: torch.Generator) -> list[Tensor]:
    return [part[shuffle(len(part), generator)] for part in torch.arange(n).split(batch_size)]


MISTAKES = [
    Mistake(
        "the incomplete last batch dropped",
        "How many images does your epoch see, and how many are there?",
        lambda n, batch_size, generator: _batches(n, batch_size, generator)[: n // batch_size],
    ),
    Mistake(
        "the last batch filled up",
        "Which images does your epoch see twice?",
        lambda n, batch_size, generator: [
            (part.tolist() * batch_size)[:batch_size] for part in _batches(n, batch_size, generator)
        ],
    ),
    Mistake(
        "drawn with replacement",
        "After an epoch, are there images that the model has never seen?",
        lambda n, batch_size, generator: torch.randint(n, (n,), generator=generator).split(batch_size),
        lambda n, batch_size, generator: _with_replacement(n, batch_size, generator, n // batch_size),
        lambda n, batch_size, generator: _with_replacement(n, batch_size, generator, n // batch_size + 1),
    ),
    Mistake(
        "not shuffled",
        "If the images lay sorted by digit, what would your first batch hold?",
        lambda n, batch_size, generator: torch.arange(n).split(batch_size),
    ),
    Mistake(
        "neighbours stay in one batch",
        "If the images lay sorted by digit, how many different digits would each of your batches hold?",
        lambda n, batch_size, generator: _each_shuffled(n, batch_size, generator),
    ),
    Mistake(
        "a pattern in place of a shuffle",
        "If the images lay sorted by digit, what would your batches hold?",
        lambda n, batch_size, generator: turn(n, generator).split(batch_size),
        lambda n, batch_size, generator: shuffle_in_windows(n, generator).split(batch_size),
    ),
    Mistake(
        "one fixed order, begun at a drawn place",
        "Take two images of one batch. How often do they meet again in the next epoch?",
        lambda n, batch_size, generator: roll_a_fixed_order(n, generator).split(batch_size),
    ),
    Mistake(
        "the same order in each epoch",
        "Has the generator that your caller holds moved on after an epoch?",
        lambda n, batch_size, generator: _batches(n, batch_size, copy_of(generator)),
    ),
    Mistake(
        "the same order in each epoch",
        "Does a generator that you seed anew know that an epoch has passed?",
        lambda n, batch_size, generator: _batches(n, batch_size, generator.manual_seed(generator.initial_seed())),
    ),
    Mistake(
        "one fixed order, whatever the generator",
        "Your caller has passed you a generator. What does it change in your batches?",
        lambda n, batch_size, generator: _batches(n, batch_size, torch.Generator().manual_seed(42)),
        lambda n, batch_size, generator: _batches(n, batch_size, generator.manual_seed(42)),
    ),
    Mistake(
        "a global random state in place of the generator",
        "Your caller has passed you a generator. What does it change in your batches?",
        lambda n, batch_size, generator: torch.randperm(n).split(batch_size),
    ),
    Mistake(
        "a global seed in place of the generator",
        "What happens to the random numbers of whoever called your function?",
        lambda n, batch_size, generator: _seeded_batches(n, batch_size, 42),
        lambda n, batch_size, generator: _seeded_batches(n, batch_size, generator.initial_seed()),
    ),
    Mistake(
        "batch_size batches, not batches of batch_size",
        "With n = 1,000 and batch_size = 10, how many images should the first batch hold?",
        lambda n, batch_size, generator: shuffle(n, generator).tensor_split(batch_size),
        lambda n, batch_size, generator: _batches(n, n // batch_size, generator)[:batch_size],
    ),
    Mistake(
        "batches of another size than batch_size",
        "Your caller says how many images a batch should hold. Which of your lines reads batch_size, and for what?",
        lambda n, batch_size, generator: _batches(n, 64, generator),
    ),
    Mistake(
        "batches as equal as possible",
        "How many images should each batch hold but the last?",
        lambda n, batch_size, generator: shuffle(n, generator).tensor_split(-(-n // batch_size)),
    ),
    Mistake(
        "the short batch first",
        "Which of the batches may be smaller than the others?",
        lambda n, batch_size, generator: _batches(n, batch_size, generator)[::-1],
    ),
    Mistake(
        "positions from 1 to n",
        "Which position has the first of the images in Python, and which the last?",
        lambda n, batch_size, generator: [part + 1 for part in _batches(n, batch_size, generator)],
    ),
]
ORDERS = WRONG_ORDERS | {
    "not shuffled": lambda n, generator: torch.arange(n),
    "one fixed order, whatever the generator": lambda n, generator: shuffle(n, torch.Generator().manual_seed(42)),
    "the same order in each epoch": lambda n, generator: shuffle(n, copy_of(generator)),
}
CUTS = {
    "the incomplete last batch dropped": lambda order, batch_size: order.split(batch_size)[: len(order) // batch_size],
    "the last batch filled up": lambda order, batch_size: torch.cat([order, order[: -len(order) % batch_size]]).split(
        batch_size
    ),
    "positions from 1 to n": lambda order, batch_size: (order + 1).split(batch_size),
    "batches of another size than batch_size": lambda order, batch_size: order.split(64),
    "batch_size batches, not batches of batch_size": lambda order, batch_size: order.tensor_split(batch_size),
}
batches = check_index_sets(
    _batches,
    [*MISTAKES, *pairs_of(MISTAKES, ORDERS, CUTS)],
    [
        Mistake(
            "an empty batch at the end",
            "If n is 100 and batch_size 20, how many batches are there, and how many are in yours?",
            lambda n, batch_size, generator: [*_batches(n, batch_size, generator), *[[]] * (n % batch_size == 0)],
        ),
        Mistake(
            "a last batch of one image lost",
            "If n is 81 and batch_size 20, in which of your batches is the last image?",
            lambda n, batch_size, generator: _batches(n, batch_size, generator)[: -(-(n - 1) // batch_size)],
        ),
        Mistake(
            "batches as equal as possible",
            "How many images should each batch hold but the last?",
            lambda n, batch_size, generator: shuffle(n, generator).chunk(-(-n // batch_size)),
        ),
    ],
    name="batches",
    points={
        "sizes": 2,
        "each image once": 1,
        "nearly every image used": 1,
        "shuffled": 2,
        "drawn from the generator": 2,
        "new in each epoch": 2,
    },
    draw=_draw_batches,
    form="a list of batches, each a tensor or a list of whole numbers",
    look_at_sizes=_look_at_batches,
    hints=(
        "An epoch is one shuffled order of all images, cut into pieces. Which piece may be smaller than the others?",
        "Draw a permutation of the n positions from the generator. Then step through it, `batch_size` positions at a "
        "time; a slice that reaches beyond the end is simply shorter.",
        "`order = torch.randperm(n, generator=generator)`; then `order[i : i + batch_size]` for each i of "
        "`range(0, n, …)`. Tensors also have a method `split` that does this.",
    ),
)
