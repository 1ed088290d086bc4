"""A tensor in another shape, in a list or of another dtype than asked for: its numbers are judged all the same."""

from dataclasses import replace
from typing import Any

import torch

from vae_checks.compare import describe, is_number, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, is_cut_off, judge_each, not_a_tensor
from vae_probe.call import ALONE, EXCHANGED, LISTED, MORE, NAMED, SURPLUS

# Notes on a value, as LISTED is one.
FLAT, TURNED, WRAPPED = "all in one row", "transposed", "wrapped"
PICTURES = "pictures"
KEYED, REVERSED, STRUNG, FRONTS, LAST = "keyed", "reversed", "strung", "fronts", "last"
PER_CENT, COUNTED = "per cent", "counted"  # notes on a share
GOT = {
    MORE: "a dimension of size 1 more than asked for: keepdim and unsqueeze make one",
    LISTED: "a list, where one tensor is asked for: torch.stack makes one of many",
    KEYED: "a dict, where one tensor is asked for: torch.stack makes one of a list of its values",
    FLAT: "all numbers in one row, where several rows are asked for: torch.cat and flatten() make one",
    TURNED: "rows where columns are asked for, and columns where rows are",
    STRUNG: "two dimensions in one: torch.cat puts draw after draw in one row of them, torch.stack keeps them apart",
    FRONTS: "the first two dimensions are asked for in the other order",
    PICTURES: "pictures of 28 × 28, where each is asked for as one row",
    LAST: "the dimension that is asked for as the first came as the last",
    PER_CENT: "a hundred times as large as a share",
    COUNTED: "a number of images, where their share is asked for",
    REVERSED: "the first row is the last one that is asked for, and the last the first",
    WRAPPED: "a number with something around it: [3.0] cannot be compared with 150, and 3.0 can",
    NAMED: "a dict, where the parts are taken by their place",
    EXCHANGED: "the parts are asked for in the other order",
    SURPLUS: "more parts than asked for",
    ALONE: "one part, where several are asked for",
}
MISTAKES = {
    MORE: Mistake("a dimension too many", "Which shape is asked for, and which has yours? Which step adds to it?"),
    LISTED: Mistake("a list in place of a tensor", "What can one do with a tensor of numbers, but not with a list?"),
    KEYED: Mistake("a dict in place of a tensor", "What can one do with a tensor of numbers, but not with a dict?"),
    FLAT: Mistake(
        "all numbers in one row", "How many rows should come back? In yours, where does the second one begin?"
    ),
    TURNED: Mistake("rows and columns swapped", "What should stand in a row, and what in a column?"),
    STRUNG: Mistake(
        "draws and images in one dimension",
        "How does the next one find the third draw of the fifth image? Which three sizes has z?",
    ),
    FRONTS: Mistake("images first, draws second", "What should z[0] be: all images once, or one image many times?"),
    LAST: Mistake("the draws last, not first", "What should z[0] be: all images once, or one image many times?"),
    PICTURES: Mistake(
        "pictures in place of rows",
        "Which shape is asked for? A row of how many numbers does your reshape expect, and how many are in it here?",
    ),
    PER_CENT: Mistake("per cent, not a share", "Between which two numbers lies a share?"),
    COUNTED: Mistake("a count, not a share", "What would your number be for twice as many images of the same kind?"),
    REVERSED: Mistake("start and end swapped", "Which point is in the first row?"),
    WRAPPED: Mistake("a number with something around it", "What is `[3.0]` in Python, and what is `3.0`?"),
    NAMED: Mistake("a dict, where parts are taken by their place", "What is a in `a, b = {'x': 1, 'y': 2}`?"),
    EXCHANGED: Mistake(
        "returned in the other order", "Whoever calls your function takes what it returns by its place."
    ),
    SURPLUS: Mistake("more than what is asked for", "How many things should come back, and which of yours are they?"),
    ALONE: Mistake(
        "one thing where several are asked for", "How many things should come back, and which of them is yours?"
    ),
}
IN_PICTURES = MISTAKES[PICTURES]
NUMPY_ARRAY = Mistake(
    "an array of NumPy", "The cells below count on what torch can do. Which function takes you there?"
)
OTHER_DTYPE = Mistake(
    "numbers of another dtype than those of the input",
    "A number in μ has 32 bits. How many has one in your z, and what do the cells below make of that?",
)


SQUEEZED = Mistake(
    "a dimension squeezed away",
    "What shape should come back where one of the sizes is 1, and what shape does?",
)


def makes_pictures(seen: list[Seen]) -> bool:
    """Whether an answer stops where it makes pictures of 28 × 28, for the rows have another number of pixels."""
    return any("28, 28]" in each.outcome.error.message for each in seen if each.outcome.error)


def find_squeezed(z: Any, expected: tuple[int, ...]) -> Mistake | None:
    """`SQUEEZED`, if z is of this shape but for its sizes of 1."""
    squeezed = tuple(size for size in expected if size != 1)
    return SQUEEZED if isinstance(z, torch.Tensor) and z.shape == squeezed != tuple(expected) else None


def in_shape(expected: Any, actual: Any) -> tuple[Any, str]:
    """A value in the shape of the expected one, if it differs from that as a note says; else itself, and ""."""
    if isinstance(expected, list):
        found, note = _in_parts(expected, actual)
        if not (isinstance(found, list) and len(found) == len(expected)):
            return actual, ""
        parts = [in_shape(*pair) for pair in zip(expected, found, strict=True)]
        return [value for value, _ in parts], next((each for _, each in parts if each), note)
    if not (isinstance(expected, torch.Tensor) or is_number(expected)):
        return actual, ""
    if isinstance(actual, list) and len(actual) > 1 and describe(actual[0]) == describe(expected) != "a number":
        return actual[0], SURPLUS
    note, value = stacked(actual, expected.dtype if isinstance(expected, torch.Tensor) else None)
    if isinstance(value, torch.Tensor):
        shape = expected.shape if isinstance(expected, torch.Tensor) else torch.Size()
        longer = value.ndim > len(shape) and [n for n in value.shape if n > 1] == [n for n in shape if n > 1]
        if longer and value.numel() == shape.numel():
            note, value = note or MORE, value.reshape(shape)
        elif value.ndim == 2 and value.shape == shape[::-1] != shape:
            note, value = TURNED, value.T
        elif value.ndim == len(shape) == 3 and value.shape == (shape[1], shape[0], shape[2]) != shape:
            note, value = FRONTS, value.transpose(0, 1)
        elif value.ndim == len(shape) == 3 and value.shape == (*shape[1:], shape[0]) != shape:
            note, value = LAST, value.permute(2, 0, 1)
        elif len(shape) == 3 and min(shape[:2]) > 1 and value.shape == (shape[0] * shape[1], shape[2]):
            note, value = STRUNG, value.reshape(shape)
        elif value.ndim == 1 < len(shape) and value.numel() == shape.numel() > max(shape):
            note, value = FLAT, value.reshape(shape)
    if note in (LISTED, KEYED) and is_number(expected):
        note = WRAPPED
    return (value, note) if describe(value) == describe(expected) else (actual, "")


def _in_parts(expected: list, actual: Any) -> tuple[Any, str]:
    """A value in the parts of the expected one, as `in_shape`."""
    if isinstance(actual, torch.Tensor) and actual.ndim and describe(list(actual)) == describe(expected):
        return list(actual), ""  # a, b = … takes a tensor of two rows apart as well
    if isinstance(actual, dict) and len(actual) == len(expected) > 1:
        return list(actual.values()), NAMED
    if len(expected) > 1 and describe(actual) == describe(expected[0]):
        return [actual, *[None] * (len(expected) - 1)], ALONE
    if not isinstance(actual, list) or describe(actual) == describe(expected):
        return actual, ""
    if describe(actual[::-1]) == describe(expected):
        return actual[::-1], EXCHANGED
    first = actual[: len(expected)]
    return (first, SURPLUS) if len(first) < len(actual) and describe(first) == describe(expected) else (actual, "")


def stacked(value: Any, dtype: torch.dtype | None) -> tuple[str, Any]:
    """A note, and one tensor of a list or a dict, where that can be made; else "" and the value itself.

    Python's own numbers get the dtype, for they have none.
    """
    if isinstance(value, dict):
        return KEYED, _stacked(list(value.values()), dtype)
    return (LISTED, _stacked(value, dtype)) if isinstance(value, list) else ("", value)


def _stacked(items: list, dtype: torch.dtype | None) -> Any:
    """One tensor of a list of numbers or tensors of one shape, or of lists of them; else the list."""
    parts = [_stacked(item, dtype) if isinstance(item, list) else item for item in items]
    parts = [torch.tensor(part, dtype=dtype) if type(part) in (bool, int, float) else part for part in parts]
    alike = parts and all(isinstance(part, torch.Tensor) and part.shape == parts[0].shape for part in parts)
    return torch.stack(parts) if alike else items


def reshaped(each: Seen, expected: Any = None) -> Seen:
    """What was seen, with the value in the expected shape, or in that of another; the note says how it came."""
    value, note = in_shape(each.expected.value if expected is None else expected, each.outcome.value)
    gradients = gradients_of_first(each) if note == SURPLUS else each.outcome.gradients
    outcome = replace(each.outcome, value=value, note=note or each.outcome.note, gradients=gradients)
    return each._replace(outcome=outcome)


def gradients_of_first(each: Seen) -> dict:
    """The gradients where more came back than was asked for: those expected, but where none arrives.

    Those that were seen are of a sum over all that came back.
    """
    expected, actual = each.expected.gradients, each.outcome.gradients
    return {
        name: value if is_cut_off(expected.get(name), value) else expected.get(name) for name, value in actual.items()
    }


def reshape_part(each: Seen, name: str, expected: Any = None) -> Seen:
    """As `reshaped`, of the part of this name of what was seen."""
    if each.outcome.error:
        return each
    expected = each.expected.value[name] if expected is None else expected
    part, note = in_shape(expected, each.outcome.value[name])
    value = each.outcome.value | {name: part}
    return each._replace(outcome=replace(each.outcome, value=value, note=note or each.outcome.note))


def share_of(expected: Any, actual: Any) -> tuple[Any, str]:
    """The share that is expected and a note, where per cent of it came back; else the value itself, and ""."""
    numbers = all(isinstance(value, torch.Tensor) or is_number(value) for value in (expected, actual))
    return (expected, PER_CENT) if numbers and same(100 * expected, actual) else (actual, "")


def judge_form(each: Seen) -> str:
    """The fault of the form, if that is not as asked for."""
    return GOT.get(each.outcome.note, "")


def mistake_of_form(seen: list[Seen]) -> Mistake | None:
    """The mistake that an answer makes by its form alone, in each case or for a single image."""
    main = [each for each in seen if each.case.kind == "main"]
    others_odd = any(describe(each.outcome.value) != describe(each.expected.value) for each in main)
    for each in seen:
        if each.outcome.note in MISTAKES:
            return MISTAKES[each.outcome.note]
        if each.case.kind == "one" and isinstance(each.expected.value, torch.Tensor) and not others_odd:
            return find_squeezed(each.outcome.value, each.expected.value.shape)
    return None


FORM = Property("form", 0, judge_each(judge_form), cap=8)


def judge_dtype(each: Seen) -> str:
    """Has z the dtype of mu, and is it a tensor?"""
    value, mu = each.outcome.value, each.case.inputs["mu"]
    parts = value if isinstance(value, list) else [value]
    odd = [part.dtype for part in parts if isinstance(part, torch.Tensor) and part.dtype != mu.dtype]
    return not_a_tensor(each) or (f"expected {mu.dtype}, which that of the inputs is, got {odd[0]}" if odd else "")


def mistake_of_dtype(seen: list[Seen]) -> Mistake | None:
    """The mistake of which `judge_dtype` says the fault."""
    if any(map(not_a_tensor, seen)):
        return NUMPY_ARRAY
    return OTHER_DTYPE if any(map(judge_dtype, seen)) else None


DTYPE = Property("dtype", 0, judge_each(judge_dtype, "main"), cap=9)
