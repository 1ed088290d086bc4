"""What the checks of `split` and `batches` share: index sets, drawn from a generator.

Many draws are right. So these checks compare no numbers with an oracle's; they look for facts (is an image there
twice? does another generator change anything?), and recognise a mistake by its facts, too.
"""

from collections import Counter

import numpy as np
import torch

from vae_checks.check import Check
from vae_checks.compare import describe
from vae_checks.mistakes import Finding
from vae_probe.draws import call_thrice
from vae_probe.outcome import unpack


def check_index_sets(oracle, mistakes, *, name, points, draw, hints, expected, look_at_sizes):
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


def shuffle(n, generator):
    """A permutation of 0 … n − 1, drawn from the generator by way of NumPy."""
    seed = torch.randint(2**31, (), generator=generator).item()
    return torch.from_numpy(np.random.default_rng(seed).permutation(n))


def shuffle_after_global_seed(n, seed):
    """A permutation of 0 … n − 1, drawn after setting the global seed: a mistake."""
    torch.manual_seed(seed)
    return torch.randperm(n)
