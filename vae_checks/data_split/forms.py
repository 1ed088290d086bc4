"""Index sets in another form than asked for: what is in them is judged all the same."""

from dataclasses import replace
from typing import Any

import torch

from vae_checks.mistakes import Mistake
from vae_checks.properties import Seen
from vae_probe.draws import NAMED, SUBSETS, YIELDED

FLOATS, MASKS, COLUMN = "floats", "masks", "column"  # notes, as YIELDED is one
GOT = {
    FLOATS: "floating-point numbers: a position is an int, or of dtype torch.long",
    MASKS: "masks of True and False: torch.nonzero(mask)[:, 0] are the positions where one is True",
    COLUMN: "tensors of two dimensions, with one position in each row: [:, 0] are the positions in one",
    SUBSETS: "a Subset, which holds the images too: its positions are in .indices",
    YIELDED: "something to loop over, as yield, iter and DataLoader make it: list(…) makes a list of it",
    NAMED: "a dict, where the sets are taken by their place",
}
MISTAKES = {
    FLOATS: Mistake("positions as floating-point numbers", "Has a list an element with the number 3.0?"),
    MASKS: Mistake("masks in place of positions", "Which numbers should stand in your sets, and which do?"),
    COLUMN: Mistake("a column in place of a row", "Which shape has what `torch.nonzero` gives, and which a list?"),
    SUBSETS: Mistake(
        "subsets in place of positions",
        "What does `random_split` put into a Subset, and which part of it is asked for?",
    ),
    YIELDED: Mistake("an iterator in place of a list", "What is the `len` of what a yield makes, and its third part?"),
    NAMED: Mistake("a dict in place of two sets", "What is a in `a, b = {'x': 1, 'y': 2}`?"),
}


def in_positions(each: Seen) -> Seen:
    """What was seen, with positions in place of masks and floats; the note says what was there."""
    note, value = each.outcome.note, each.outcome.value
    if isinstance(value, list):  # a table has its rows one after the other, as a list has
        value = [list(result) if isinstance(result, torch.Tensor) and result.ndim == 2 else result for result in value]
    if isinstance(value, list) and all(isinstance(result, list) for result in value):
        read = [[_read(part, each.case.inputs["n"]) for part in result] for result in value]
        value = [[positions for positions, _ in result] for result in read]
        note = next((kind for result in read for _, kind in result if kind), note)
    return each._replace(outcome=replace(each.outcome, value=value, note=note if note in GOT else ""))


def _read(part: Any, n: int) -> tuple[Any, str]:
    """The positions in an index set of n images, and a note; of anything else itself, and ""."""
    if isinstance(part, torch.Tensor) and part.ndim == 2 and part.shape[1] == 1 and not part.is_floating_point():
        return part[:, 0], COLUMN
    items = part.tolist() if isinstance(part, torch.Tensor) and part.ndim == 1 else part
    if isinstance(items, list) and items:
        if all(type(item) is bool for item in items) and len(items) == n:
            return [i for i in range(n) if items[i]], MASKS
        if all(type(item) is float and item.is_integer() for item in items):
            return [int(item) for item in items], FLOATS
    return part, ""


def judge_form(seen: list[Seen], form: str) -> str:
    """The fault of the form, if it is not the one asked for."""
    return next((f"expected {form}, got {GOT[each.outcome.note]}" for each in seen if each.outcome.note), "")


def mistake_of_form(seen: list[Seen]) -> Mistake | None:
    """The mistake that an answer makes by its form alone."""
    return next((MISTAKES[each.outcome.note] for each in seen if each.outcome.note), None)
