"""Check of `to_images`: images in [0, 1] from bytes."""

from dataclasses import replace

import numpy as np
import torch

from vae_checks.check import check_against
from vae_checks.compare import describe, same
from vae_checks.mistakes import Mistake, both
from vae_checks.properties import Property, Seen, judge_each, not_a_tensor
from vae_checks.shapes import FLAT, NUMPY_ARRAY, TURNED
from vae_probe.outcome import Case


def _draw_bytes(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)

    def inputs(batch: int, brightest: int) -> dict[str, torch.Tensor]:
        return {"pixels": torch.randint(brightest + 1, (batch, 28, 28), generator=generator).byte()}

    # In a dark image no pixel is white: there, the brightest pixel is no measure.
    return [
        Case("main", inputs(7, 255)),
        Case("main", inputs(7, 200)),
        Case("one", inputs(1, 200)),
    ]


def _to_images(pixels: torch.Tensor) -> torch.Tensor:
    bytes_ = pixels.numpy()
    return torch.from_numpy(bytes_.reshape(len(bytes_), -1) / np.float32(255))


def _as_floats(pixels: torch.Tensor) -> torch.Tensor:
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
            lambda pixels: _as_floats(pixels) / pixels.max(),
        ),
        Mistake(
            "standardized",
            "Which range do your numbers have, and which can a sigmoid reach?",
            lambda pixels: (_as_floats(pixels) - _as_floats(pixels).mean()) / _as_floats(pixels).std(),
            lambda pixels: (_as_floats(pixels) - _as_floats(pixels).mean()) / _as_floats(pixels).std(correction=0),
            lambda pixels: (_as_floats(pixels) / 255 - 0.1307) / 0.3081,  # of MNIST, as many recipes have them
        ),
        Mistake(
            "scaled to [−1, 1]",
            "Which range do your numbers have, and which can a sigmoid reach?",
            lambda pixels: 2 * _as_floats(pixels) / 255 - 1,
        ),
        Mistake(
            "black and white exchanged",
            "Byte 0 is black. Which number does yours make of it?",
            lambda pixels: 1 - _as_floats(pixels) / 255,
        ),
        Mistake(
            "columns first",
            "Which pixel follows the first one in your row: its neighbour to the right, or the one below?",
            lambda pixels: _as_floats(pixels.transpose(1, 2)) / 255,
        ),
    ],
    name="to_images",
    points={"shape": 0, "value": 3, "batch of one": 2, "inputs unchanged": 1},
    draw=_draw_bytes,
    hints=(
        "Two steps: from (N, 28, 28) to (N, 784), and from 0 … 255 to 0 … 1. They can be made in either order.",
        "Tensors have a method that joins all dimensions from a given one on. As for the range: which byte should "
        "become 1.0?",
        "`pixels.flatten(…)` keeps the dimensions before the one you name. Dividing bytes with a single `/` gives "
        "float32 by itself.",
    ),
)


NOT_FLATTENED = Mistake(
    "not flattened",
    "How many dimensions has your result, and how many has the input of an nn.Linear that reads a batch?",
)
WRONG_ONES_JOINED = Mistake(
    "the wrong dimensions joined",
    "Of (N, 28, 28), which two dimensions should become one? Which two did you join?",
)
OTHER_SHAPES = {
    TURNED: Mistake("a column for each image", "How many rows should there be: one for each image, or for each pixel?"),
    FLAT: Mistake("all images in one row", "Where does the second image begin, in a tensor of this shape?"),
}


def _in_another_shape(each: Seen) -> bool:
    """Whether all numbers are there, but not in a row for each image."""
    value, expected = each.outcome.value, each.expected.value
    if each.case.kind == "one" or not isinstance(value, torch.Tensor):
        return False
    reshaped_one = value.shape != expected.shape and value.numel() == expected.numel()
    return reshaped_one or each.outcome.note in OTHER_SHAPES


def _in_float32(each: Seen) -> Seen:
    """What was seen, with the numbers asked for where they are those, as exactly as 16 bits can say."""
    value, expected = each.outcome.value, each.expected.value
    coarse = isinstance(value, torch.Tensor) and value.dtype == torch.float16 and value.numel() == expected.numel()
    if not (coarse and same(expected, value.reshape(expected.shape), 0.001)):
        return each
    return each._replace(outcome=replace(each.outcome, value=expected.reshape(value.shape)))


def _in_rows(seen: list[Seen]) -> list[Seen]:
    """What was seen, with a row for each image where the numbers came in another shape, and in float32."""
    seen = list(map(_in_float32, seen))
    if not any(map(_in_another_shape, seen)):
        return seen

    def row(each: Seen) -> Seen:
        value, expected = each.outcome.value, each.expected.value
        if not isinstance(value, torch.Tensor) or value.numel() != expected.numel():
            return each
        return each._replace(outcome=replace(each.outcome, value=value.reshape(expected.shape), note=""))

    return list(map(row, seen))


def _rows(seen: list[Seen]) -> str:
    """Has each image a row, in which the pixels have their places, whatever became of their greys?"""
    if other := next(filter(_in_another_shape, seen), None):
        named = OTHER_SHAPES.get(other.outcome.note)
        got = named.name if named else describe(other.outcome.value)
        return f"expected {describe(other.expected.value)}, a row of 784 numbers for each image, got {got}"
    values = [(each.expected.value, each.outcome.value) for each in seen if each.case.kind != "one"]
    images = [pair for each in values for pair in zip(*each, strict=True)]
    if all(actual.min() == actual.max() for _, actual in images):
        return "all pixels of an image became the same number"
    return (
        "" if all(_in_place(*pair) for pair in images) else "not every pixel has the place in its row that is its own"
    )


def _in_place(expected: torch.Tensor, actual: torch.Tensor) -> bool:
    """Whether no brighter pixel has a smaller number than a darker one, or none a larger one; (784,) each."""
    steps = actual[expected.argsort()].double().diff()
    return bool((steps >= 0).all() or (steps <= 0).all())


def _float32(seen: list[Seen]) -> str:
    if fault := judge_each(not_a_tensor)(seen):
        return fault
    types = {str(getattr(each.outcome.value, "dtype", "no tensor")) for each in seen}
    return "" if types == {"torch.float32"} else f"expected torch.float32, got {' and '.join(sorted(types))}"


ANOTHER_DTYPE = Mistake("not float32", "Which dtype have the weights of an `nn.Linear`, and which have your images?")
FIXED_NUMBER = Mistake(
    "the number of images is fixed",
    "What should your function do with seven images? Which of your numbers says how many?",
)

IN_PLACE = Mistake(
    "divided in place, where bytes stay bytes",
    "`pixels /= 255` puts what it gives into the bytes. Can a byte be 0.5? Which division makes a new tensor?",
)


def _recognise(seen: list[Seen]) -> Mistake | None:
    if any("is invalid for input of size" in each.outcome.error.message for each in seen if each.outcome.error):
        return FIXED_NUMBER
    if any("desired output type Byte" in each.outcome.error.message for each in seen if each.outcome.error):
        return IN_PLACE
    found = _values_of_images.recognise(_in_rows(seen))
    if other := next(filter(_in_another_shape, seen), None):
        shape = OTHER_SHAPES.get(
            other.outcome.note, NOT_FLATTENED if other.outcome.value.ndim > 2 else WRONG_ONES_JOINED
        )
        return both(shape, found) if found else shape
    if found:
        return found
    if any(map(not_a_tensor, seen)):
        return NUMPY_ARRAY
    values = [prop for prop in _values_of_images.properties if prop.judge(_in_rows(seen))]
    return ANOTHER_DTYPE if _float32(seen) and not values else None


def _judged_in_rows(property_: Property) -> Property:
    return replace(property_, judge=lambda seen: property_.judge(_in_rows(seen)))


to_images = replace(
    _values_of_images,
    properties=[
        *map(_judged_in_rows, _values_of_images.properties[:2]),
        Property("a row for each image", 3, _rows),
        *map(_judged_in_rows, _values_of_images.properties[2:]),
        Property("float32", 1, _float32),
    ],
    recognise=_recognise,
)
