"""Check of `interpolate`: points on the line between two codes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vae_checks.check import check_against
from vae_checks.compare import describe, same
from vae_checks.mistakes import Mistake, both
from vae_checks.properties import Seen
from vae_checks.shapes import MISTAKES, REVERSED, reshaped
from vae_checks.slips import forgive_count, mean_or_rows
from vae_probe.outcome import Case


def _draw_walks(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)

    def case(kind: str, dims: int, steps: int, dtype: torch.dtype = torch.float32) -> Case:
        start = 2 * torch.randn(dims, generator=generator, dtype=dtype)
        # Neither in the same direction nor of the same length, so that the line is none of the other ways.
        across = torch.linalg.qr(torch.stack([start, torch.randn(dims, generator=generator, dtype=dtype)], 1)).Q[:, 1]
        end = 0.5 * start + 3 * across
        return Case(kind, {"z_start": start, "z_end": end, "steps": steps})

    # The sizes of the notebook, and others: as few steps as there can be, and so many that 1 / (steps - 1), added up,
    # misses 1.
    sizes = [("main", 40, 11), ("main", 40, 11), ("sizes", 6, 7), ("sizes", 4, 2), ("sizes", 3, 50)]
    return [*(case(*each) for each in sizes), case("other dtype", 40, 11, torch.float64)]


def _interpolate(z_start: Tensor, z_end: Tensor, steps: int) -> Tensor:
    last = steps - 1
    return torch.stack([((last - i) * z_start + i * z_end) / last for i in range(steps)])


def _at(share: Callable[[int], Tensor]) -> Callable:
    """A walk over these shares of the way, which a function makes of `steps`."""
    return lambda z_start, z_end, steps: torch.stack([z_start + t * (z_end - z_start) for t in share(steps).tolist()])


def _in_one_dimension(z_start: Tensor, z_end: Tensor, steps: int) -> Tensor:
    return z_start + torch.linspace(0, 1, steps) * (z_end - z_start)


def _in_one_dimension_from_the_way(z_start: Tensor, z_end: Tensor, steps: int) -> Tensor:
    return z_start + (z_end - z_start) * torch.linspace(0, 1, steps)


def _on_a_sphere(z_start: Tensor, z_end: Tensor, steps: int) -> Tensor:
    angle = torch.arccos(torch.cosine_similarity(z_start, z_end, dim=0))
    share = torch.linspace(0, 1, steps).unsqueeze(1)
    return (torch.sin((1 - share) * angle) * z_start + torch.sin(share * angle) * z_end) / torch.sin(angle)


def _at_length(z_start: Tensor, z_end: Tensor, steps: int) -> Tensor:
    line, length = _interpolate(z_start, z_end, steps), torch.stack([z_start.norm(), z_end.norm()])
    return line / line.norm(dim=1, keepdim=True) * _interpolate(length[:1], length[1:], steps)


def _from_the_start(each: Seen) -> Seen:
    """What was seen, in the form that was asked for; a right walk from the end to the start is turned round."""
    each = reshaped(each)
    expected, actual = each.expected.value, each.outcome.value
    if not (isinstance(actual, Tensor) and actual.ndim == 2 and same(expected.flip(0), actual)):
        return each
    return each._replace(outcome=replace(each.outcome, value=actual.flip(0), note=REVERSED))


UNEQUAL = Mistake(
    "steps that are not equally long",
    "How far is it from your first point to the second, and how far from the third to the fourth?",
)


def _is_unequal(each: Seen) -> bool:
    """Whether the points run along the line from end to end, and not at equal distances."""
    expected, actual = each.expected.value, each.outcome.value
    if not (isinstance(actual, Tensor) and describe(actual) == describe(expected)) or len(actual) < 3:
        return False
    start, way = expected[0], expected[-1] - expected[0]
    actual, start, way = actual.double(), start.double(), way.double()
    share = ((actual - start) @ way / way.dot(way)).unsqueeze(1)
    ends = same(actual[[0, -1]], expected[[0, -1]])
    return (
        ends
        and same(start + share * way, actual)
        and not same(actual, expected)
        and bool((share.diff(dim=0) > 0).all())
    )


def _recognise(seen: list[Seen]) -> Mistake | None:
    main = [each for each in seen if each.case.kind == "main"]
    return _by_its_ways.recognise(seen) or (UNEQUAL if all(map(_is_unequal, main)) else None)


def _right_but_for_count(each: Seen) -> Tensor | None:
    """The right walk, if what came back is right for another number of steps, or but for a row."""
    actual, inputs = each.outcome.value, each.case.inputs
    if not (isinstance(actual, Tensor) and actual.ndim == 2 and 1 < len(actual) != inputs["steps"]):
        return None
    if same(_interpolate(inputs["z_start"], inputs["z_end"], len(actual)), actual):
        return each.expected.value.to(actual.dtype)
    return mean_or_rows(each)


# A student's line asks for what PyTorch or Python does not do.
STOPS = [
    Mistake(
        "a linspace from code to code",
        "`torch.linspace` goes from one number to another, not from one code to another. Which two numbers are the "
        "shares of the way at its start and at its end?",
        lambda z_start, z_end, steps: torch.linspace(z_start, z_end, steps),
    ),
    Mistake(
        "arguments that linspace does not take",
        "`torch.linspace(start, end, steps)` takes two numbers, and how many it should make. What are yours?",
        lambda z_start, z_end, steps: torch.linspace(z_start, z_end),  # type: ignore[call-overload]
    ),
    Mistake(
        "an array of NumPy times a tensor",
        "Which function of torch makes shares at equal distances, as `np.linspace` does?",
        lambda z_start, z_end, steps: z_start + np.linspace(0, 1, steps) * (z_end - z_start),
    ),
    Mistake(
        "a matrix product of shares and way",
        "Each share meets each number of the way. Is that `@` or `*`?",
        lambda z_start, z_end, steps: z_start + torch.linspace(0, 1, steps) @ (z_end - z_start),
    ),
    Mistake(
        "torch.tensor of a list of tensors",
        "`torch.tensor` makes a tensor of plain numbers. Which function makes one of tensors of the same shape?",
        lambda z_start, z_end, steps: torch.tensor([z_start, z_end]),
    ),
    Mistake(
        "a range of fractions",
        "`range` counts in whole numbers. How do you get from the number of a point to its share of the way?",
        lambda z_start, z_end, steps: range(0, 1, 1 / steps),  # type: ignore[call-overload]
    ),
]

WALK_MISTAKES = [
    Mistake(
        "the last point is missing",
        "Where does your walk end, and where should it?",
        _at(lambda steps: torch.arange(steps) / steps),
    ),
    Mistake(
        "the first point is missing",
        "Where does your walk begin, and where should it?",
        _at(lambda steps: torch.arange(1, steps + 1) / steps),
    ),
    Mistake(
        "both ends are missing",
        "Where does your walk begin, and where should it?",
        _at(lambda steps: torch.arange(1, steps + 1) / (steps + 1)),
    ),
    Mistake(
        "one point too many",
        "Between five fence posts there are four gaps. Is `steps` the number of posts or of gaps?",
        _at(lambda steps: torch.linspace(0, 1, steps + 1)),
    ),
    Mistake(
        "one point too few",
        "Between five fence posts there are four gaps. Is `steps` the number of posts or of gaps?",
        _at(lambda steps: torch.linspace(0, 1, steps)[:-1]),
    ),
    Mistake(
        "it stays at the start",
        "How do the rows differ from each other?",
        _at(torch.zeros),
    ),
    Mistake(
        "half of the way only",
        "Where does your walk end, and where should it?",
        _at(lambda steps: torch.linspace(0, 0.5, steps)),
    ),
    Mistake(
        "the way goes away from the end",
        "Put the share 1 into your formula: which point do you get?",
        _at(lambda steps: -torch.linspace(0, 1, steps)),
    ),
    Mistake(
        "both codes weighted alike",
        "Put the share 0 into your formula: how much of z_start is in it, and how much of z_end?",
        lambda z_start, z_end, steps: torch.linspace(0, 1, steps).unsqueeze(1) * (z_start + z_end),
        lambda z_start, z_end, steps: torch.linspace(1, 0, steps).unsqueeze(1) * (z_start + z_end),
    ),
    Mistake(
        "the share in the wrong bracket",
        "Put the share 0 into your formula: which point do you get? What should the share be multiplied by?",
        lambda z_start, z_end, steps: (z_start + torch.linspace(0, 1, steps).unsqueeze(1)) * (z_end - z_start),
    ),
    Mistake(
        "it begins at 0",
        "Put the share 0 into your formula: which point do you get?",
        lambda z_start, z_end, steps: _interpolate(0 * z_start, z_end - z_start, steps),
    ),
    Mistake(
        "it ends at z_start + z_end",
        "Put the share 1 into your formula: which point do you get?",
        lambda z_start, z_end, steps: _interpolate(z_start, z_start + z_end, steps),
    ),
    Mistake(
        "on a sphere, not on the line",
        "Halfway between (2, 0) and (0, 2), on the straight line: at which point is one there?",
        _on_a_sphere,
        _at_length,
    ),
    Mistake(
        "rows and columns swapped",
        "What stands in a row: a point, or a dimension?",
        lambda z_start, z_end, steps: _interpolate(z_start, z_end, steps).T,
        lambda z_start, z_end, steps: _interpolate(z_start, z_end, steps).T.reshape(steps, -1),
    ),
    Mistake(
        "the shares have one dimension only",
        "Each of the `steps` shares meets each of the D numbers of the way. Which shape has a column of shares?",
        _in_one_dimension,
        _in_one_dimension_from_the_way,
    ),
    *STOPS,
    Mistake(
        "a share for each dimension, not for each point",
        "How many points has your walk, and how many dimensions has a code? How many shares does it take?",
        lambda z_start, z_end, steps: z_start + torch.linspace(0, 1, len(z_start)) * (z_end - z_start),
        lambda z_start, z_end, steps: _interpolate(z_start, z_end, len(z_start)),
    ),
]


def _from_end_to_start(mistake: Mistake) -> Mistake:
    """A mistake, made on the way from z_end to z_start."""

    def turned(way: Callable) -> Callable:
        return lambda z_start, z_end, steps: way(z_end, z_start, steps)

    return both(MISTAKES[REVERSED], mistake, *map(turned, mistake.ways))


_by_its_ways = check_against(
    _interpolate,
    [*WALK_MISTAKES, *map(_from_end_to_start, WALK_MISTAKES)],
    name="interpolate",
    points={"shape": 1, "value": 7, "any sizes": 0, "dtype": 1, "inputs unchanged": 1, "no global seed": 0},
    caps={"any sizes": 8},
    forbidden=("vae_lib.latent",),
    draw=_draw_walks,
    hints=(
        "A point on the line is the start plus a share of the way to the end. Which shares are those of five points?",
        "`torch.linspace` makes shares at equal distances, both ends included. With a second dimension, the shares "
        "(steps, 1) and the way (D,) give (steps, D).",
        "`share = torch.linspace(0, 1, steps).unsqueeze(1)`, and then `z_start + share * (…)`.",
    ),
)


interpolate = forgive_count(replace(_by_its_ways, recognise=_recognise, prepare=_from_the_start), _right_but_for_count)
