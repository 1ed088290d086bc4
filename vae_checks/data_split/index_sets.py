"""What the checks of `split` and `batches` share: index sets, drawn from a generator.

Many draws are right. So these checks compare no numbers with an oracle's; they look for facts (is an image there
twice? does another generator change anything?), and recognise a mistake by its facts, too.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from vae_checks.check import Check, recognise_by
from vae_checks.compare import describe
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each
from vae_probe.draws import call_thrice
from vae_probe.outcome import Case


def check_index_sets(
    oracle: Callable,
    mistakes: list[Mistake],
    *,
    name: str,
    points: dict[str, int],
    draw: Callable[[int], list[Case]],
    hints: tuple[str, str, str],
    form: str,
    look_at_sizes: Callable[[list, dict], tuple[str, str]],
) -> Check:
    """A `Check` of a function that returns index sets; the second case is the first with another generator.

    Args:
        points: for each property.
        form: what should come back, in words.
        look_at_sizes: index sets, inputs → what is wrong with their sizes, in short and in a sentence, or two times "".
    """

    def shape(each: Seen) -> str:
        odd = [value for value in each.outcome.value if _integers(value, 2) is None]
        return f"expected {form}, got {describe(odd[0])}" if odd else ""

    def drawn_from_the_generator(seen: list[Seen]) -> str:
        for outcome, (first, again, _) in reversed([(each.outcome, _results(each)) for each in seen]):
            if outcome.seeded:
                return "a global seed is set, so that all random numbers after it repeat"
            if first != again:
                return "generators in the same state give different results"
        return "another generator does not change all of it" if _shared(seen) else ""

    def new_in_each_epoch(seen: list[Seen]) -> str:
        same = _same_later(seen)
        return "with the generator as the first epoch left it, the same batches come again" if same else ""

    def traits(seen: list[Seen]) -> dict | None:
        """What tells one mistake from another, whatever was drawn, in the first case; None if this is no index set."""
        if any(_integers(each.outcome.value, 3) is None for each in seen):
            return None
        inputs, (first, again, _) = seen[0].case.inputs, _results(seen[0])
        times = Counter(i for part in first for i in part)
        in_order = all(max(part) - min(part) < len(part) for part in first if part)
        return {
            "in order": in_order,
            "sizes": not in_order and look_at_sizes(first, inputs)[0],
            "twice": len(times) < times.total(),
            "missing": len(times) < inputs["n"],
            "repeatable": first == again,
            "the same later": _same_later(seen),
            "shared with another generator": min(_shared(seen), 2),
            "seeded": seen[0].outcome.seeded,
        }

    judges = {
        "sizes": judge_each(lambda each: look_at_sizes(_results(each)[0], each.case.inputs)[1]),
        "each image once": judge_each(lambda each: _not_once(_results(each)[0], each.case.inputs["n"])),
        "drawn from the generator": drawn_from_the_generator,
        "new in each epoch": new_in_each_epoch,
    }
    properties = [Property("shape", 0, judge_each(shape), required=True)]
    properties += [Property(property_, worth, judges[property_]) for property_, worth in points.items()]
    recognise = recognise_by(traits, mistakes, call_thrice, kinds=("main", "other generator"))
    return Check(name, properties, draw, call_thrice, recognise, hints, oracle)


def _results(each: Seen) -> list:
    """The three results of an outcome, lists of lists of int."""
    return _integers(each.outcome.value, 3)


def _integers(value: Any, depth: int) -> Any:
    """A plain value as lists of int, nested so deep; None if it is something else."""
    if isinstance(value, torch.Tensor) and value.ndim == depth < 2:
        value = value.tolist()
    if depth == 0:
        return value if type(value) is int else None
    items = [_integers(item, depth - 1) for item in value] if isinstance(value, list) else [None]
    return None if None in items else items


def _shared(seen: list[Seen]) -> int:
    """How many index sets another generator leaves as they are; 1 if there are none at all."""
    sets, others = (_unordered(_results(each)[0]) for each in seen[:2])
    return len(sets & others) if sets else 1


def _same_later(seen: list[Seen]) -> bool:
    first, _, later = _results(seen[0])
    return _unordered(first) == _unordered(later)


def _unordered(sets: list[list[int]]) -> set[frozenset[int]]:
    return {frozenset(part) for part in sets}


def _not_once(sets: list[list[int]], n: int) -> str:
    times = Counter(i for part in sets for i in part)
    for i in sorted({*times, *range(n)}):
        if i not in range(n):
            return f"position {i} is there; those of {n} images go from 0 to {n - 1}"
        if times[i] != 1:
            return f"position {i} is there {times[i]} times"
    return ""


def shuffle(n: int, generator: torch.Generator) -> torch.Tensor:
    """A permutation of 0 … n − 1, drawn from the generator by way of NumPy."""
    seed = int(torch.randint(2**31, (), generator=generator))
    return torch.from_numpy(np.random.default_rng(seed).permutation(n))


def shuffle_after_global_seed(n: int, seed: int) -> torch.Tensor:
    """A permutation of 0 … n − 1, drawn after setting the global seed: a mistake."""
    torch.manual_seed(seed)
    return torch.randperm(n)
