"""Checks of assignment 01: images from bytes, the split, and the batches of an epoch.

A split or the batches of an epoch are drawn, and many draws are right. So their checks compare no numbers with an
oracle's; they look for facts (is an image there twice? does another generator change anything?), and recognise a
mistake by its facts, too.
"""

from collections import Counter
from dataclasses import replace

import numpy as np
import torch

from vae_checks.check import Check, Finding, Mistake, check_against, describe
from vae_probe.call import call_thrice, unpack


def _draw_bytes(seed):
    generator = torch.Generator().manual_seed(seed)

    def inputs(batch, brightest):
        return {"pixels": torch.randint(brightest + 1, (batch, 28, 28), generator=generator).byte()}

    # In a dark image no pixel is white: there, the brightest pixel is no measure.
    return [
        {"kind": "main", "inputs": inputs(7, 255)},
        {"kind": "main", "inputs": inputs(7, 200)},
        {"kind": "one", "inputs": inputs(1, 200)},
    ]


def _to_images(pixels):
    bytes_ = pixels.numpy()
    return torch.from_numpy(bytes_.reshape(len(bytes_), -1) / np.float32(255))


def _as_floats(pixels):
    return pixels.flatten(1).double()


_values_of_images = check_against(
    _to_images,
    [
        Mistake(
            "divided by 256",
            "Which pixel is white, and what does yours make of it?",
            lambda pixels: _as_floats(pixels) / 256,
        ),
        Mistake(
            "not divided",
            "Which range do your numbers have, and which can a sigmoid reach?",
            _as_floats,
        ),
        Mistake(
            "divided twice",
            "How bright is your brightest pixel, and how bright should it be?",
            lambda pixels: _as_floats(pixels) / 255**2,
        ),
        Mistake(
            "integer division",
            "How many grey pixels are left in your images?",
            lambda pixels: _as_floats(pixels) // 255,
        ),
        Mistake(
            "grey made black or white",
            "How many grey pixels are left in your images?",
            lambda pixels: (_as_floats(pixels) / 255).round(),
        ),
        Mistake(
            "divided by the brightest pixel",
            "Should the same byte become another grey because the image beside it is brighter?",
            lambda pixels: _as_floats(pixels) / _as_floats(pixels).amax(1, keepdim=True),
        ),
        Mistake(
            "divided by the brightest pixel",
            "Should the same byte become another grey because the image beside it is brighter?",
            lambda pixels: _as_floats(pixels) / pixels.max(),
        ),
        Mistake(
            "standardized",
            "Which range do your numbers have, and which can a sigmoid reach?",
            lambda pixels: (_as_floats(pixels) - _as_floats(pixels).mean()) / _as_floats(pixels).std(),
        ),
        Mistake(
            "standardized",
            "Which range do your numbers have, and which can a sigmoid reach?",
            lambda pixels: (_as_floats(pixels) - _as_floats(pixels).mean()) / _as_floats(pixels).std(correction=0),
        ),
        Mistake(
            "standardized",
            "Which range do your numbers have, and which can a sigmoid reach?",
            lambda pixels: (_as_floats(pixels) / 255 - 0.1307) / 0.3081,  # of MNIST, as many recipes have them
        ),
        Mistake(
            "scaled to [−1, 1]",
            "Which range do your numbers have, and which can a sigmoid reach?",
            lambda pixels: 2 * _as_floats(pixels) / 255 - 1,
        ),
        Mistake(
            "not flattened",
            "How many dimensions has your result, and how many has the input of an nn.Linear that reads a batch?",
            lambda pixels: pixels / 255,
        ),
        Mistake(
            "all images in one row",
            "Where does the second image begin, in a tensor of this shape?",
            lambda pixels: pixels.flatten() / 255,
        ),
        Mistake(
            "columns first",
            "Which pixel follows the first one in your row: its neighbour to the right, or the one below?",
            lambda pixels: _as_floats(pixels.transpose(1, 2)) / 255,
        ),
    ],
    name="to_images",
    points={"shape": 1, "value": 5, "batch of one": 2, "inputs unchanged": 1},
    draw=_draw_bytes,
    hints=(
        "Two steps: from (N, 28, 28) to (N, 784), and from 0 … 255 to 0 … 1. They can be made in either order.",
        "Tensors have a method that joins all dimensions from a given one on. As for the range: which byte should "
        "become 1.0?",
        "`pixels.flatten(…)` keeps the dimensions before the one you name. Dividing bytes with a single `/` gives "
        "float32 by itself.",
    ),
)


def _judge_images(cases, outcomes):
    types = {str(getattr(outcome["value"], "dtype", "no tensor")) for outcome in outcomes}
    fault = "" if types == {"torch.float32"} else f"expected torch.float32, got {' and '.join(sorted(types))}"
    return [*_values_of_images.judge(cases, outcomes), Finding("float32", not fault, fault)]


to_images = replace(_values_of_images, points=_values_of_images.points | {"float32": 1}, judge=_judge_images)


# Split and batches: index sets, drawn from a generator


def _check_index_sets(oracle, mistakes, *, name, points, draw, hints, expected, look_at_sizes):
    """A `Check` of a function that returns index sets; the second case is the first with another generator.

    Args:
        expected: what should come back, in words.
        look_at_sizes: index sets, inputs → what is wrong with their sizes, in short and in a sentence, or two times "".
    """

    def judge(cases, outcomes):
        results = _index_sets(outcomes)
        if results is None:
            odd = next(value for outcome in outcomes for value in outcome["value"] if _integers(value, 2) is None)
            return [Finding("shape", False, f"expected {expected}, got {describe(odd)}")]
        faults = dict.fromkeys(points, "")
        if _shared(results):
            faults["drawn from the generator"] = "another generator does not change all of it"
        if "new in each epoch" in points and _same_later(results):
            faults["new in each epoch"] = "with the generator as the first epoch left it, the same batches come again"
        for case, outcome, (first, again, _) in zip(cases, outcomes, results, strict=True):
            faults["sizes"] = faults["sizes"] or look_at_sizes(first, case["inputs"])[1]
            faults["each image once"] = faults["each image once"] or _not_once(first, case["inputs"]["n"])
            if outcome["seeded"]:
                faults["drawn from the generator"] = "a global seed is set, so that all random numbers after it repeat"
            elif first != again:
                faults["drawn from the generator"] = "generators in the same state give different results"
        return [Finding(property_, not fault, fault) for property_, fault in faults.items()]

    def recognise(cases, outcomes):
        seen = traits(cases, outcomes)
        for mistake in mistakes:
            if seen and seen == traits(cases, unpack(call_thrice(mistake.function, cases[:2]))):
                return mistake
        return None

    def traits(cases, outcomes):
        """What tells one mistake from another, whatever was drawn, in the first case; None if this is no index set."""
        if (results := _index_sets(outcomes)) is None:
            return None
        inputs, (first, again, _) = cases[0]["inputs"], results[0]
        times = Counter(i for part in first for i in part)
        in_order = all(max(part) - min(part) < len(part) for part in first if part)
        return {
            "in order": in_order,
            "sizes": not in_order and look_at_sizes(first, inputs)[0],
            "twice": len(times) < times.total(),
            "missing": len(times) < inputs["n"],
            "repeatable": first == again,
            "the same later": _same_later(results),
            "shared with another generator": min(_shared(results), 2),
            "seeded": outcomes[0]["seeded"],
        }

    return Check(name, points, draw, call_thrice, judge, recognise, hints, oracle)


def _index_sets(outcomes):
    """The three results of each outcome as lists of lists of int; None if one is something else."""
    results = [_integers(outcome["value"], 3) for outcome in outcomes]
    return None if None in results else results


def _integers(value, depth):
    """A plain value as lists of int, nested so deep; None if it is something else."""
    if isinstance(value, torch.Tensor) and value.ndim == depth < 2:
        value = value.tolist()
    if depth == 0:
        return value if type(value) is int else None
    items = [_integers(item, depth - 1) for item in value] if isinstance(value, list) else [None]
    return None if None in items else items


def _shared(results):
    """How many index sets another generator leaves as they are; 1 if there are none at all."""
    one, other = (_unordered(first) for first, _, _ in results[:2])
    return len(one & other) if one else 1


def _same_later(results):
    first, _, later = results[0]
    return _unordered(first) == _unordered(later)


def _unordered(sets):
    return {frozenset(part) for part in sets}


def _not_once(sets, n):
    times = Counter(i for part in sets for i in part)
    for i in sorted({*times, *range(n)}):
        if i not in range(n):
            return f"position {i} is there; those of {n} images go from 0 to {n - 1}"
        if times[i] != 1:
            return f"position {i} is there {times[i]} times"
    return ""


def _shuffled(n, generator):
    seed = torch.randint(2**31, (), generator=generator).item()
    return torch.from_numpy(np.random.default_rng(seed).permutation(n))


def _draw_split(seed):
    generator = torch.Generator().manual_seed(seed)
    n, other_n = (20 * torch.randint(10, 40, (2,), generator=generator)).tolist()
    one, other = torch.randint(2**31, (2,), generator=generator).tolist()
    return [
        {"kind": "main", "inputs": {"n": n, "generator": one}},
        {"kind": "other generator", "inputs": {"n": n, "generator": other}},
        {"kind": "other n", "inputs": {"n": other_n, "generator": one}},
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
    order = _shuffled(n, generator)
    return order[: 17 * n // 20], order[17 * n // 20 :]


def _cut(first, second=None):
    """The first 85 % of one order, and the last 15 % of it, or of a second one."""
    k = 17 * len(first) // 20
    return first[:k], (first if second is None else second)[k:]


def _split_with_replacement(n, generator):
    training = torch.randint(n, (17 * n // 20,), generator=generator)
    return training, [i for i in range(n) if i not in training]


def _seeded_order(n, seed):
    torch.manual_seed(seed)
    return torch.randperm(n)


split = _check_index_sets(
    _split,
    [
        Mistake(
            "drawn twice, so that images are in both sets",
            "How many orders do you draw? Can the last 15 % of one know what the first 85 % of another hold?",
            lambda n, generator: _cut(_shuffled(n, generator), _shuffled(n, generator)),
        ),
        Mistake(
            "the validation set from a shuffle with another seed",
            "Are the last 15 % of this second order free of the images that you train on?",
            lambda n, generator: _cut(_shuffled(n, generator), _shuffled(n, torch.Generator().manual_seed(43))),
        ),
        Mistake(
            "the validation set from a shuffle with another seed",
            "Are the last 15 % of this second order free of the images that you train on?",
            lambda n, generator: _cut(_shuffled(n, generator), torch.randperm(n)),
        ),
        Mistake(
            "the validation set from a shuffle with another seed",
            "Are the last 15 % of this second order free of the images that you train on?",
            lambda n, generator: _cut(_shuffled(n, generator), _seeded_order(n, 43)),
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
        ),
        Mistake(
            "drawn with replacement",
            "How often can your draw pick the same image?",
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
            lambda n, generator: _cut(_seeded_order(n, 42)),
        ),
        Mistake(
            "a global seed in place of the generator",
            "What happens to the random numbers of whoever called your function?",
            lambda n, generator: _cut(_seeded_order(n, generator.initial_seed())),
        ),
        Mistake(
            "the same split, whatever the generator",
            "Your caller has passed you a generator. What does it change in your split?",
            lambda n, generator: _cut(_shuffled(n, torch.Generator().manual_seed(42))),
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
    expected="two index sets, each a tensor or a list of whole numbers",
    look_at_sizes=_look_at_split,
    hints=(
        "Think of a pack of cards: shuffle it once, then cut it once. What does the cut guarantee?",
        "A shuffled order of the positions 0 to n − 1 is called a permutation; PyTorch has a function that draws one, "
        "and it takes a generator.",
        "`order = torch.randperm(n, generator=generator)`, then two slices of this one `order`, which meet at 85 % of "
        "n, a whole number.",
    ),
)


def _draw_batches(seed):
    generator = torch.Generator().manual_seed(seed)
    size = torch.randint(6, 10, (), generator=generator).item()
    # More batches than images in one, and a last one of 3, so that no two mistakes look alike.
    n = size * torch.randint(size + 1, 2 * size, (), generator=generator).item() + 3
    one, other = torch.randint(2**31, (2,), generator=generator).tolist()
    cases = {
        "some left over": {"n": n, "batch_size": size, "generator": one},
        "other generator": {"n": n, "batch_size": size, "generator": other},
        "one left over": {"n": 4 * size + 1, "batch_size": size, "generator": one},
        "none left over": {"n": 5 * size, "batch_size": size, "generator": one},
        "not enough for one": {"n": size - 1, "batch_size": size, "generator": one},
    }
    return [{"kind": kind, "inputs": inputs} for kind, inputs in cases.items()]


def _look_at_batches(sets, inputs):
    n, batch_size = inputs["n"], inputs["batch_size"]
    full, rest = divmod(n, batch_size)
    expected, sizes = [batch_size] * full + [rest] * (rest > 0), [len(part) for part in sets]
    if sizes == expected:
        return "", ""
    if len(sizes) != len(expected):
        kind = {full: "last dropped", batch_size: "batch_size batches"}.get(len(sizes), "other")
        return kind, f"of {n} images expected {len(expected)} batches of up to {batch_size}, got {len(sizes)}"
    odd = next(i for i in range(len(expected)) if sizes[i] != expected[i])
    kind = "last filled" if odd == full and sizes[odd] == batch_size else "other"
    return kind, f"batch {odd + 1} of {len(expected)} should hold {expected[odd]} images, got {sizes[odd]}"


def _batches(n, batch_size, generator):
    order = _shuffled(n, generator)
    return [order[i : i + batch_size] for i in range(0, n, batch_size)]


def _with_replacement(n, batch_size, generator, count):
    return [torch.randint(n, (batch_size,), generator=generator) for _ in range(count)]


def _seeded_batches(n, batch_size, seed):
    return _seeded_order(n, seed).split(batch_size)


batches = _check_index_sets(
    _batches,
    [
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
        ),
        Mistake(
            "drawn with replacement",
            "After an epoch, are there images that the model has never seen?",
            lambda n, batch_size, generator: _with_replacement(n, batch_size, generator, n // batch_size),
        ),
        Mistake(
            "drawn with replacement",
            "After an epoch, are there images that the model has never seen?",
            lambda n, batch_size, generator: _with_replacement(n, batch_size, generator, n // batch_size + 1),
        ),
        Mistake(
            "not shuffled",
            "If the images lay sorted by digit, what would your first batch hold?",
            lambda n, batch_size, generator: torch.arange(n).split(batch_size),
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
        ),
        Mistake(
            "a global seed in place of the generator",
            "What happens to the random numbers of whoever called your function?",
            lambda n, batch_size, generator: _seeded_batches(n, batch_size, generator.initial_seed()),
        ),
        Mistake(
            "batch_size batches, not batches of batch_size",
            "With n = 1,000 and batch_size = 10, how many images should the first batch hold?",
            lambda n, batch_size, generator: _shuffled(n, generator).tensor_split(batch_size),
        ),
        Mistake(
            "batch_size batches, not batches of batch_size",
            "With n = 1,000 and batch_size = 10, how many images should the first batch hold?",
            lambda n, batch_size, generator: _batches(n, n // batch_size, generator)[:batch_size],
        ),
    ],
    name="batches",
    points={"sizes": 2, "each image once": 3, "drawn from the generator": 3, "new in each epoch": 2},
    draw=_draw_batches,
    expected="a list of index sets, each a tensor or a list of whole numbers",
    look_at_sizes=_look_at_batches,
    hints=(
        "An epoch is one shuffled order of all images, cut into pieces. Which piece may be smaller than the others?",
        "Draw a permutation of the n positions from the generator. Then step through it, `batch_size` positions at a "
        "time; a slice that reaches beyond the end is simply shorter.",
        "`order = torch.randperm(n, generator=generator)`; then `order[i : i + batch_size]` for each i of "
        "`range(0, n, …)`. Tensors also have a method `split` that does this.",
    ),
)
