"""Check of `traverse`: one dimension of a code takes other values."""

from dataclasses import replace

import torch
from torch import Tensor

from vae_checks.check import check_against
from vae_checks.mistakes import Mistake
from vae_checks.properties import Seen, shared
from vae_checks.slips import forgive_count
from vae_probe.outcome import Case


def _draw_traversals(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)

    def case(kind: str, dims: int, dim: int, count: int, dtype: torch.dtype = torch.float32) -> Case:
        z = torch.randn(dims, generator=generator, dtype=dtype)
        values = 3 * torch.randn(count, generator=generator, dtype=dtype)
        values[count // 2] = 0  # the middle of most walks, and a value like any other
        return Case(kind, {"z": z, "dim": dim, "values": values})

    # The sizes of the notebook, and others; the first dimension, the last one, and some between. After the last there
    # is none: to count from 1 is an error there, so it stands among the sizes, where an error costs no other points.
    return [
        case("main", 40, 2, 11),
        case("main", 40, 0, 11),
        case("main", 40, 27, 11),
        case("one", 40, 3, 1),
        case("sizes", 6, 2, 7),
        case("sizes", 5, 0, 4),
        case("sizes", 7, 6, 9),
        case("other dtype", 40, 4, 11, torch.float64),
    ]


def _traverse(z: Tensor, dim: int, values: Tensor) -> Tensor:
    rows = [[value if i == dim else entry for i, entry in enumerate(z.tolist())] for value in values.tolist()]
    return z.new_tensor(rows)


def _set(z: Tensor, dim: int, values: Tensor) -> Tensor:
    """Right; with another `dim` it is wrong in the way, and with the errors, that PyTorch has for it."""
    rows = z.repeat(len(values), 1)
    rows[:, dim] = values
    return rows


def _each_repeated(z: Tensor, dim: int, values: Tensor) -> Tensor:
    rows = z.repeat_interleave(len(values)).view(len(values), -1)
    rows[:, dim] = values
    return rows


def _row_for_column(z: Tensor, dim: int, values: Tensor) -> Tensor:
    rows = z.repeat(len(values), 1)
    rows[dim] = values
    return rows


def _into_one_number(z: Tensor, dim: int, values: Tensor) -> Tensor:
    row = z.clone()
    row[dim] = values
    return row


def _without_copies(z: Tensor, dim: int, values: Tensor) -> Tensor:
    rows = z.expand(len(values), -1)
    rows[:, dim] = values
    return rows


def _unchanged(seen: list[Seen]) -> str:
    fault = shared("inputs unchanged", 0).judge(seen)
    alone = {each.case.kind for each in seen if each.outcome.changed} == {"one"}
    return f"with a single value {fault}" if alone else fault


Z_CHANGED = Mistake("z itself is changed", "Whoever called you still holds z. What stands in it after your walk?")


def _recognise(seen: list[Seen]) -> Mistake | None:
    changed = any("z" in each.outcome.changed for each in seen)
    return _by_its_ways.recognise(seen) or (Z_CHANGED if changed else None)


_by_its_ways = check_against(
    _traverse,
    [
        Mistake(
            "all rows share one memory",
            "If each row is the same z, and not a copy of it, what do all rows show after the last value?",
            _without_copies,
            lambda z, dim, values: _traverse(z, dim, values)[[-1] * len(values)],
        ),
        Mistake(
            "added, not set",
            "For the value 0, what should stand in this dimension?",
            lambda z, dim, values: _traverse(z, dim, z[dim] + values),
        ),
        Mistake(
            "multiplied, not set",
            "For the value 0, what should stand in this dimension? And for the value 1?",
            lambda z, dim, values: _traverse(z, dim, z[dim] * values),
        ),
        Mistake(
            "all dimensions are set",
            "How many entries of a row should differ from z?",
            lambda z, dim, values: values.unsqueeze(1).repeat(1, len(z)),
        ),
        Mistake(
            "added to all dimensions",
            "How many entries of a row should differ from z?",
            lambda z, dim, values: z + values.unsqueeze(1),
        ),
        Mistake(
            "the other dimensions are 0",
            "Where does the walk begin: in the middle of the latent space, or at your digit?",
            lambda z, dim, values: _traverse(0 * z, dim, values),
        ),
        Mistake(
            "dimensions counted from 1",
            "Which entry is `z[dim]`, and which one did you set?",
            lambda z, dim, values: _set(z, dim - 1, values),
            lambda z, dim, values: _set(z, dim + 1, values),
        ),
        Mistake(
            "always the same dimension",
            "For dim = 2 and for dim = 27, which column of your rows changes?",
            *(lambda z, dim, values, fixed=fixed: _set(z, fixed, values) for fixed in (0, 1, -1)),
        ),
        Mistake(
            "each number of z repeated, not z itself",
            "What does `repeat_interleave` repeat, and in which order? What should stand in the first row?",
            _each_repeated,
        ),
        Mistake(
            "a row set in place of a column",
            "In `rows[i, j]`, which index counts the values, and which the dimensions?",
            _row_for_column,
        ),
        Mistake(
            "a value of 0 is passed over",
            "Python takes 0 for false. Is 0 a value like any other here?",
            lambda z, dim, values: _traverse(z, dim, torch.where(values == 0, z[dim], values)),
        ),
        Mistake(
            "the place of a value, not the value",
            "Which number do you set: the value, or its place in `values`?",
            lambda z, dim, values: _traverse(z, dim, torch.arange(len(values))),
        ),
        Mistake(
            "many values for one number",
            "How many numbers does `z[dim]` hold, and how many values are there? How many copies of z does it take?",
            _into_one_number,
        ),
        Mistake(
            "nothing is set",
            "How do the rows differ from each other?",
            lambda z, dim, values: z.repeat(len(values), 1),
        ),
        Mistake(
            "rows and columns swapped",
            "What stands in a row: a code, or a dimension?",
            lambda z, dim, values: _traverse(z, dim, values).T,
        ),
    ],
    name="traverse",
    points={
        "shape": 1,
        "value": 5,
        "any sizes": 0,
        "batch of one": 1,
        "dtype": 1,
        "inputs unchanged": 2,
        "no global seed": 0,
    },
    caps={"any sizes": 8},
    forbidden=("vae_lib.latent",),
    draw=_draw_traversals,
    hints=(
        "First as many copies of z as there are values, one below the other. Then change one column of them.",
        "`repeat` makes copies; `expand` only shows the same memory many times. `rows[:, dim]` is a column.",
        "`rows = z.repeat(len(values), 1)`, then set `rows[:, dim]` to …, and return the rows.",
    ),
)


traverse = forgive_count(
    replace(
        _by_its_ways,
        recognise=_recognise,
        properties=[
            replace(property_, judge=_unchanged) if property_.name == "inputs unchanged" else property_
            for property_ in _by_its_ways.properties
        ],
    )
)
