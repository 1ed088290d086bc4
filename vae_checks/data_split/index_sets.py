"""What the checks of `split` and `batches` share: index sets, drawn from a generator.

Many draws are right. So these checks compare no numbers with an oracle's; they look for facts (is an image there
twice? does another generator change anything?), and recognise a mistake by its facts, too.
"""

import itertools
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor

from vae_checks.check import Check, recognise_by
from vae_checks.compare import describe
from vae_checks.data_split.forms import in_positions, judge_form, mistake_of_form
from vae_checks.data_split.shuffles import find_pattern, find_recurrence, labels_of
from vae_checks.mistakes import Mistake, both
from vae_checks.properties import Property, Seen, judge_each, stop_of
from vae_probe.draws import call_thrice
from vae_probe.outcome import Case

FULL_ROWS = Mistake(
    "a view whose rows must all be full",
    "How many images are left for the last row? Which function cuts a tensor so that the last piece may be shorter?",
)
ONE_SET = Mistake(
    "one set in place of several",
    "How many index sets does your caller ask for, and how many come back?",
)
LARGE = ("main", "other generator")
MOST = 2**31  # of larger numbers, many can have one hash: sets of them would take hours


def check_index_sets(
    oracle: Callable,
    mistakes: list[Mistake],
    mistakes_for_few: list[Mistake],
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
        mistakes: known by what is seen of the first two cases.
        mistakes_for_few: of answers that are right there, known by what is seen for few images.
        points: for each property.
        form: what should come back, in words.
        look_at_sizes: index sets, inputs → what is wrong with their sizes, in short and in a sentence, or two times "".
    """

    def shape(each: Seen) -> str:
        odd = [value for value in each.outcome.value if _integers(value, 2) is None]
        return f"expected {form}, got {describe(odd[0])}" if odd else ""

    def shuffled(seen: list[Seen]) -> str:
        return _pattern(seen) or _recurrence(seen)

    def drawn_from_the_generator(seen: list[Seen]) -> str:
        first, again, later = _results(seen[0])
        if any(each.outcome.seeded for each in seen):
            return "a global seed is set, so that all random numbers after it repeat"
        if first != again:
            return "generators in the same state give different results"
        if _shared(seen):
            if any(len(set(part)) == seen[0].case.inputs["n"] for part in first):
                # One set holds all images; then their order tells.
                other = _results(seen[1])[0]
                return "one set holds all images, in the same order with another generator" if first == other else ""
            return "another generator does not change all of it"
        if "new in each epoch" not in points and first == later:
            return "the generator as the first call left it gives the same result again"
        return ""

    def new_in_each_epoch(seen: list[Seen]) -> str:
        same = _same_later(seen)
        return "with the generator as the first epoch left it, the same batches come again" if same else ""

    def traits(seen: list[Seen]) -> tuple[dict, Callable[[], dict]] | None:
        """What tells one mistake from another, whatever was drawn, in the large cases: what is fast, what is slow.

        None if these are no index sets.
        """
        if not _readable(seen):
            return None
        inputs, (first, again, _) = seen[0].case.inputs, _results(seen[0])
        times = Counter(i for part in first for i in part)
        parts = [part for part in first if part]
        in_order = len(parts) > 1 and all(max(part) - min(part) < len(part) for part in parts)
        sizes = [[len(part) for part in result] for each in seen[:2] for result in _results(each)[::2]]
        size = "drawn" if any(each != sizes[0] for each in sizes) else look_at_sizes(first, inputs)[0]
        fast = {
            "in order": in_order and ("as they lay" if first == sorted(map(sorted, first)) else "neighbours together"),
            # Whatever else is wrong with sets in order, it is the order that is named.
            "sizes": not in_order and size,
            "twice": not in_order and len(times) < times.total(),
            "missing": not in_order and len(times) < inputs["n"],
            "outside": not in_order and any(i not in range(inputs["n"]) for i in times),
            "repeatable": first == again,
            "seeded": seen[0].outcome.seeded,
            "moved": in_order or seen[0].outcome.moved,
        }

        @cache
        def slow() -> dict:
            return {
                "the same later": _same_later(seen),
                "shared with another generator": min(_shared(seen), 2),
                "pattern": in_order or bool(_pattern(seen)),
                "recurrence": in_order or bool(_recurrence(seen)),
            }

        return fast, slow

    def alike(wrong: tuple | None, students: tuple | None) -> bool:
        if wrong is None or students is None:
            return False
        return wrong[0] == students[0] and wrong[1]() == students[1]()

    def traits_for_few(seen: list[Seen]) -> list | None:
        """What tells one mistake from another in the cases of few images."""
        if not _readable(seen):
            return None
        sets = [(_results(each)[0], each.case.inputs) for each in seen]
        return [(look_at_sizes(parts, inputs)[0], bool(_not_once(parts, inputs["n"]))) for parts, inputs in sets]

    by_traits = recognise_by(traits, mistakes, call_thrice, agree=alike, kinds=LARGE)
    by_few = recognise_by(
        traits_for_few, mistakes_for_few, call_thrice, agree=lambda a, b: a is not None and a == b, kinds=("small",)
    )

    def recognise(seen: list[Seen]) -> Mistake | None:
        right = _readable(seen[:2]) and not any(each.judge(seen[:2]) for each in properties if each.points)
        if all(map(_one_set, seen[:2])):
            return ONE_SET
        if any("is invalid for input of size" in each.outcome.error.message for each in seen if each.outcome.error):
            return FULL_ROWS
        return (by_few(seen) if right else by_traits(seen)) or mistake_of_form(seen)

    def judge_all(judge: Callable[[list, dict], str]) -> Callable[[list[Seen]], str]:
        # What stops is judged under "few images".
        return judge_each(lambda each: judge(_results(each)[0], each.case.inputs))

    judges: dict[str, tuple[Callable[[list[Seen]], str], tuple[str, ...], int | None]] = {
        "sizes": (judge_all(lambda sets, inputs: look_at_sizes(sets, inputs)[1]), (), None),
        "each image once": (judge_all(lambda sets, inputs: _not_once(sets, inputs["n"])), (), None),
        "at most one image in both sets": (judge_each(_leak, *LARGE), (), 4),
        "nearly every image used": (judge_each(_left_out, *LARGE), (), 4),
        "shuffled": (shuffled, (), 4),
        "drawn from the generator": (drawn_from_the_generator, ("shuffled",), None),
        "new in each epoch": (new_in_each_epoch, ("shuffled",), None),
    }
    properties = [
        Property("shape", 0, judge_each(shape), required=True),
        Property("form", 0, partial(judge_form, form=form), cap=8),
        Property("few images", 0, _stops_for_few, cap=8),
    ]
    for property_, worth in points.items():
        judge, follows, cap = judges[property_]
        properties.append(Property(property_, worth, judge, follows=follows, cap=cap))
    may_stop, forbidden = ("small",), ("vae_lib", "sklearn")
    return Check(
        name,
        properties,
        draw,
        call_thrice,
        recognise,
        hints,
        oracle,
        prepare=in_positions,
        may_stop=may_stop,
        forbidden=forbidden,
    )


def _stops_for_few(seen: list[Seen]) -> str:
    for each in seen:
        if each.case.kind == "small" and each.outcome.error:
            return f"for n = {each.case.inputs['n']} {stop_of(each.outcome.error)}"
    return ""


def _pattern(seen: list[Seen]) -> str:
    """The first pattern in the results of the first two cases."""
    return next(filter(None, map(find_pattern, _shuffles(seen))), "")


def _recurrence(seen: list[Seen]) -> str:
    """Whether one of the shuffles shows in the next; the very same one again is a matter of the generator."""
    pairs = itertools.pairwise(_shuffles(seen))
    return next(filter(None, (find_recurrence(a, b) for a, b in pairs if not torch.equal(a, b))), "")


def _shuffles(seen: list[Seen]) -> list[Tensor]:
    """The results in the first two cases, as labels."""
    sets = [(_pieces(result, each), each.case.inputs["n"]) for each in seen[:2] for result in _results(each)[::2]]
    return [labels for labels in (labels_of(*each) for each in sets) if labels.max() > 0]


def _pieces(result: list[list[int]], each: Seen) -> list[list[int]]:
    """The index sets, or pieces of the one that holds all positions: then its order tells.

    Not if they are sorted and something was drawn, for then they can have been sorted afterwards.
    """
    full = [part for part in result if len(set(part)) == each.case.inputs["n"]]
    if not full or (each.outcome.moved and full[0] == sorted(full[0])):
        return result
    length = -(-len(full[0]) // 20)
    return [full[0][i : i + length] for i in range(0, len(full[0]), length)]


def _results(each: Seen) -> list:
    """The three results of an outcome, lists of lists of int."""
    return _integers(each.outcome.value, 3)


def _integers(value: Any, depth: int) -> Any:
    """A plain value as lists of int, nested so deep; None if it is something else, or larger than an index can be."""
    if isinstance(value, torch.Tensor) and value.ndim == depth < 2:
        value = value.tolist()
    if depth == 1 and isinstance(value, list) and all(type(item) is int and abs(item) < MOST for item in value):
        return value
    if depth == 0:
        return value if type(value) is int and abs(value) < MOST else None
    items = [_integers(item, depth - 1) for item in value] if isinstance(value, list) else [None]
    return None if None in items else items


def _one_set(each: Seen) -> bool:
    """Whether each of the three results is an index set, not several of them."""
    results = each.outcome.value
    return isinstance(results, list) and all(_integers(result, 1) for result in results)


def pairs_of(
    mistakes: list[Mistake], orders: dict[str, Callable[..., Any]], cuts: dict[str, Callable[..., Any]]
) -> list[Mistake]:
    """Two of the mistakes at once: one of the order, and one of the cut.

    Args:
        orders, cuts: by the names of the mistakes, n and a generator → an order of n positions; and that order and what
            else the exercise gives → index sets.
    """

    def cut_so(order: Callable[..., Any], cut: Callable[..., Any]) -> Callable[..., Any]:
        return lambda n, generator, **sizes: cut(order(n, generator), **sizes)

    by_name = {mistake.name: mistake for mistake in mistakes}
    return [
        both(by_name[first], by_name[second], cut_so(order, cut))
        for (first, order), (second, cut) in itertools.product(orders.items(), cuts.items())
    ]


def _readable(seen: list[Seen]) -> bool:
    """Whether each case came to its end, with index sets."""
    return not any(each.outcome.error or _integers(each.outcome.value, 3) is None for each in seen)


def _shared(seen: list[Seen]) -> int:
    """How many index sets another generator leaves as they are; 1 if there are none at all."""
    sets, others = (_unordered(_results(each)[0]) for each in seen[:2])
    return len(sets & others) if sets else 1


def _same_later(seen: list[Seen]) -> bool:
    first, _, later = _results(seen[0])
    return _unordered(first) == _unordered(later)


def _unordered(sets: list[list[int]]) -> set[frozenset[int]]:
    return {frozenset(part) for part in sets if part}


def _leak(each: Seen) -> str:
    # One position in both is a slip at the cut, which is judged under "each image once".
    sets = [set(part) for part in _results(each)[0]]
    both = len(set.intersection(*sets)) if len(sets) == 2 else 0
    return f"{both:,} images are in both sets, so you would validate on what you train on" if both > 1 else ""


def _left_out(each: Seen) -> str:
    n, batch_size = each.case.inputs["n"], each.case.inputs["batch_size"]
    lost = n - len({i for part in _results(each)[0] for i in part if i in range(n)})
    return f"of {n:,} images {lost:,} come in no batch" if lost > batch_size else ""


def _not_once(sets: list[list[int]], n: int) -> str:
    times = Counter(i for part in sets for i in part)
    for i in sorted(times):
        if i not in range(n):
            return f"for n = {n:,}: position {i} is there; those of {n:,} images go from 0 to {n - 1:,}"
    for i in range(n):
        if times[i] != 1:
            return f"for n = {n:,}: position {i} is there {times[i]} times"
    return ""
