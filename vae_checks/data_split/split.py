"""Check of `split`: one index set for training, one for validation."""

import torch

from vae_checks.data_split.index_sets import check_index_sets, shuffle, shuffle_after_global_seed
from vae_checks.mistakes import Mistake
from vae_probe.outcome import Case


def _draw_split(seed):
    generator = torch.Generator().manual_seed(seed)
    n, other_n = (20 * torch.randint(10, 40, (2,), generator=generator)).tolist()
    first_seed, other_seed = torch.randint(2**31, (2,), generator=generator).tolist()
    return [
        Case("main", {"n": n, "generator": first_seed}),
        Case("other generator", {"n": n, "generator": other_seed}),
        Case("other n", {"n": other_n, "generator": first_seed}),
    ]


def _look_at_split(sets, inputs):
    if len(sets) != 2:
        return "count", f"expected two sets, got {len(sets)}"
    # One more or less is right, too: int(0.85 * n) may fall just below the whole number.
    expected = 17 * inputs["n"] // 20, 3 * inputs["n"] // 20
    training, validation = (len(set(part)) for part in sets)
    if max(abs(training - expected[0]), abs(validation - expected[1])) <= 1:
        return "", ""
    kind = "swapped" if max(abs(training - expected[1]), abs(validation - expected[0])) <= 1 else "other"
    sentence = f"expected {expected[0]} different positions and {expected[1]}, got {training} and {validation}"
    return kind, sentence


def _split(n, generator):
    order = shuffle(n, generator)
    return order[: 17 * n // 20], order[17 * n // 20 :]


def _cut(first, second=None):
    """The first 85 % of one order, and the last 15 % of it, or of a second one."""
    k = 17 * len(first) // 20
    return first[:k], (first if second is None else second)[k:]


def _split_with_replacement(n, generator):
    training = torch.randint(n, (17 * n // 20,), generator=generator)
    return training, [i for i in range(n) if i not in training]


split = check_index_sets(
    _split,
    [
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
    ],
    name="split",
    points={"sizes": 2, "each image once": 4, "drawn from the generator": 4},
    draw=_draw_split,
    form="two index sets, each a tensor or a list of whole numbers",
    look_at_sizes=_look_at_split,
    hints=(
        "Think of a pack of cards: shuffle it once, then cut it once. What does the cut guarantee?",
        "A shuffled order of the positions 0 to n − 1 is called a permutation; PyTorch has a function that draws one, "
        "and it takes a generator.",
        "`order = torch.randperm(n, generator=generator)`, then two slices of this one `order`, which meet at 85 % of "
        "n, a whole number.",
    ),
)
