"""Right and wrong answers to `traverse`, in other words than the check's own."""

import torch
import torch.nn.functional as F


def set_column(z, dim, values):
    rows = z.unsqueeze(0).expand(len(values), -1).clone()
    rows[:, dim] = values
    return rows


def set_by_where(z, dim, values):
    return torch.where(torch.arange(len(z), device=z.device) == dim, values[:, None], z)


def set_in_a_loop(z, dim, values):
    rows = []
    for value in values:
        row = z.clone()
        row[dim] = value
        rows.append(row)
    return torch.stack(rows)


def set_without_clone(z, dim, values):
    rows = []
    for value in values:
        z[dim] = value
        rows.append(z)
    return torch.stack(rows)


def set_expanded(z, dim, values):
    rows = z.unsqueeze(0).expand(len(values), len(z))
    rows[:, dim] = values
    return rows


def set_expanded_in_a_loop(z, dim, values):
    rows = z.expand(len(values), -1)
    for i, value in enumerate(values):
        rows[i, dim] = value
    return rows


def added(z, dim, values):
    rows = z.repeat(len(values), 1)
    rows[:, dim] += values
    return rows


def multiplied(z, dim, values):
    rows = z.repeat(len(values), 1)
    rows[:, dim] *= values
    return rows


def row_set(z, dim, values):
    rows = torch.stack([z] * len(values))
    rows[dim] = values
    return rows


def zero_passed_over(z, dim, values):
    rows = z.repeat(len(values), 1)
    for i, value in enumerate(values):
        if value:
            rows[i, dim] = value
    return rows


def set_by_cat(z, dim, values):
    return torch.stack([torch.cat([z[:dim], value.reshape(1), z[dim + 1 :]]) for value in values])


def set_and_copied(z, dim, values):
    rows = []
    for value in values:
        z[dim] = value
        rows.append(z.tolist())
    return z.new_tensor(rows)


def set_eleven_times(z, dim, values):
    rows = z.repeat(11, 1)
    rows[:, dim] = values
    return rows


def set_repeated(z, dim, values):
    rows = torch.repeat_interleave(z, len(values)).reshape(len(values), len(z))
    rows[:, dim] = values
    return rows


def place_set(z, dim, values):
    rows = z.repeat(len(values), 1)
    for i, _ in enumerate(values):
        rows[i, dim] = i
    return rows


def into_one_number(z, dim, values):
    row = z.clone()
    row[dim] = values
    return row


RIGHT = [set_by_cat, set_column, set_by_where, set_in_a_loop]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("always the same dimension", lambda z, dim, values: set_column(z, 0, values)),
    ("each number of z repeated, not z itself", set_repeated),
    ("z itself is changed", set_and_copied),
    ("all rows share one memory", set_without_clone),
    ("all rows share one memory", set_expanded),
    ("all rows share one memory", set_expanded_in_a_loop),
    ("added, not set", added),
    ("multiplied, not set", multiplied),
    ("all dimensions are set", lambda z, dim, values: values[:, None] * torch.ones_like(z)),
    ("added to all dimensions", lambda z, dim, values: torch.stack([z + value for value in values])),
    ("the other dimensions are 0", lambda z, dim, values: values[:, None] * F.one_hot(torch.tensor(dim), len(z))),
    ("dimensions counted from 1", lambda z, dim, values: set_column(z, dim - 1, values), 4),
    ("dimensions counted from 1", lambda z, dim, values: set_column(z, dim + 1, values), 4),
    ("a row set in place of a column", row_set),
    ("a value of 0 is passed over", zero_passed_over),
    (
        "a value of 0 is passed over",
        lambda z, dim, values: set_column(z, dim, torch.where(values != 0, values, z[dim])),
    ),
    ("the place of a value, not the value", place_set, 5),
    ("many values for one number", into_one_number, 0),
    ("nothing is set", lambda z, dim, values: torch.stack([z] * len(values))),
    ("rows and columns swapped", lambda z, dim, values: torch.stack(list(set_column(z, dim, values)), dim=1)),
    ("another number of rows", lambda z, dim, values: torch.cat([z[None], set_column(z, dim, values)]), 6),
    ("another number of rows", lambda z, dim, values: set_column(z, dim, values[:-1]), 6),
    ("sizes that do not follow the arguments", set_eleven_times, 8),
    ("a list in place of a tensor", lambda *inputs: list(set_column(*inputs)), 8),
    ("a dimension too many", lambda *inputs: set_column(*inputs)[None], 8),
    ("all numbers in one row", lambda *inputs: set_column(*inputs).flatten(), 8),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
