"""Check of `load_images`: a folder of image files, as the tensors that a model reads."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vae_checks.check import Check, recognise_by
from vae_checks.compare import describe
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each, not_a_tensor, shared
from vae_probe.folders import call_folder
from vae_probe.outcome import Case

TOLERANCE = 0.001  # of a pixel
LARGER = {"sizes": 0.05, "colours": 0.01}  # as far as two ways to make a smooth image smaller, or grey, differ
LIST = "a list of labels"  # the note on what came back
SEED = 2_021  # of all images: what a mistake looks like is no matter of luck
# The folders and the names of their files in the order in which they are written. It is not the order of the names, nor
# that turned round; and a system that lists names sorted, without regard to case, has _ after the letters.
MAIN = {"sevenb": "d_2 da d_1", "four": "b_1 bb", "seven_a": "cc c_2 c_1", "sevenc": "aa a_1", "five": "ee e_1"}
SIZES = {"twoc": "pa p_1", "two_a": "qb q_1 qa", "one": "rr r_1", "twob": "s_3 sa", "eight": "ta t_1"}
DARK = {"ink_b": "b_1 ba", "inka": "cc c_1 c_2", "blot": "d_1 da", "inkb": "ee e_1", "ash": "ff f_1"}
MORE = {"birds": "ba b_1", "ants_b": "aa a_1", "antsa": "cc c_1", "dogs": "dd d_1", "cats": "ea e_1"}


def _draw(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(SEED)

    def files(names: dict[str, str], sides: tuple[int, ...] = (28,), colour: bool = False) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for kind, each in names.items():
            for name in each.split():
                pixels = _smooth(generator, sides[len(made) % len(sides)])
                if colour and len(made) % 3:
                    tint = 0.4 + 0.6 * torch.rand(3, generator=generator)
                    pixels = (pixels.unsqueeze(2) * tint).byte()
                made[f"{kind}/{name}.png"] = pixels
        return made

    more = files(MORE)
    more["birds/notes.txt"] = "seen in May"
    more["about.txt"] = "my own images"
    return [
        Case("main", {"files": files(MAIN), "dark_on_light": False}),
        Case("sizes", {"files": files(SIZES, (56, 28, 84)), "dark_on_light": False}),
        Case("colours", {"files": files(SIZES, (28,), colour=True), "dark_on_light": False}),
        Case("dark", {"files": files(DARK), "dark_on_light": True}),
        Case("others", {"files": more, "dark_on_light": False}),
    ]


def _smooth(generator: torch.Generator, side: int) -> Tensor:
    """A dark image with a bright spot that is not in its middle, bytes (side, side)."""
    middle, width = 0.25 + 0.5 * torch.rand(2, generator=generator), 0.2 + 0.1 * torch.rand(2, generator=generator)
    place = (torch.arange(side) + 0.5) / side
    down, across = ((-(((place - m) / w) ** 2) / 2).exp() for m, w in zip(middle, width, strict=True))
    return (20 + 220 * torch.outer(down, across)).byte()


def _load_images(folder: Path, dark_on_light: bool) -> tuple[Tensor, Tensor]:
    return _load(folder, dark_on_light)


def _load(
    folder: Path,
    dark_on_light: bool,
    *,
    mode: str = "L",
    shape: Callable[[Image.Image], Image.Image] = lambda image: image.resize((28, 28), Image.Resampling.BOX),
    values: Callable[[np.ndarray], np.ndarray] = lambda pixels: pixels / 255,
    turn: Callable[[np.ndarray], np.ndarray] = lambda pixels: 1 - pixels,
    pattern: str = "*.png",
) -> tuple[Tensor, Tensor]:
    x, y = [], []
    for label, kind in enumerate(sorted(path for path in folder.iterdir() if path.is_dir())):
        for path in sorted(kind.glob(pattern)):
            with Image.open(path) as image:
                pixels = values(np.asarray(shape(image.convert(mode)), dtype=np.float64))
            x.append(torch.from_numpy(turn(pixels) if dark_on_light else pixels).flatten().float())
            y.append(label)
    return torch.stack(x), torch.tensor(y)


def _with(**changes: Any) -> Callable[[Path, bool], tuple[Tensor, Tensor]]:
    return lambda folder, dark_on_light: _load(folder, dark_on_light, **changes)


def _after(change: Callable[[Tensor, Tensor], Any]) -> Callable[[Path, bool], Any]:
    """The right answer, with a change to what comes back."""
    return lambda folder, dark_on_light: change(*_load(folder, dark_on_light))


def _of_channels(combine: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path, bool], tuple[Tensor, Tensor]]:
    """Grey by another formula, from (28, 28, 3)."""
    return _with(mode="RGB", values=lambda pixels: combine(pixels) / 255)


def _cut(image: Image.Image, corner: Callable[[int], int]) -> Image.Image:
    left = corner(image.width)
    return image.crop((left, left, left + 28, left + 28))


def _keep_sizes(folder: Path, dark_on_light: bool) -> tuple[Tensor, Tensor]:
    return _load(folder, dark_on_light, shape=lambda image: image)


def _every_folder_entry(folder: Path, dark_on_light: bool) -> tuple[Tensor, Tensor]:
    for kind in sorted(folder.iterdir()):
        list(kind.iterdir())
    return _load(folder, dark_on_light, pattern="*")


def _takes_files_for_kinds(folder: Path, dark_on_light: bool) -> tuple[Tensor, Tensor]:
    x, y = _load(folder, dark_on_light)
    names = sorted(path.name for path in folder.iterdir())
    number = torch.tensor([names.index(path.name) for path in sorted(folder.iterdir()) if path.is_dir()])
    return x, number[y]


def _count(label: int) -> Callable[[Tensor, Tensor], Any]:
    return lambda x, y: (x, y + label)


MISTAKES = [
    Mistake(
        "pixels from 0 to 255",
        "Between which two numbers must a pixel lie for the BCE, and how large are yours?",
        _with(values=lambda pixels: pixels, turn=lambda pixels: 255 - pixels),
        _with(values=lambda pixels: pixels, turn=lambda pixels: 1 - pixels),
        _with(values=lambda pixels: pixels, turn=lambda pixels: pixels),
    ),
    Mistake(
        "pixels standardized",
        "What does a BCE make of a pixel below 0?",
        _with(values=lambda pixels: (pixels / 255 - 0.5) / 0.5, turn=lambda pixels: -pixels),
        _with(values=lambda pixels: (pixels / 255 - 0.5) / 0.5),
        _with(values=lambda pixels: (pixels / 255 - 0.1307) / 0.3081),
        _after(lambda x, y: ((x - x.mean()) / x.std(), y)),
        _after(lambda x, y: ((x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True), y)),
    ),
    Mistake(
        "each image stretched to 0 and 1",
        "A faint image and a strong one of the same thing: can one still tell them apart after your scaling?",
        _after(lambda x, y: (x / x.amax(1, keepdim=True), y)),
        _after(lambda x, y: (x / x.amax(), y)),
        _after(lambda x, y: ((x - x.amin(1, keepdim=True)) / (x.amax(1, keepdim=True) - x.amin(1, keepdim=True)), y)),
    ),
    Mistake(
        "divided by 256",
        "Which is the largest number that a byte can be? What should white become?",
        _with(values=lambda pixels: pixels / 256),
    ),
    Mistake(
        "dark on light is left as it is",
        "In MNIST ink is 1 and paper 0. What is paper in your tensor of dark strokes on light paper?",
        _with(turn=lambda pixels: pixels),
    ),
    Mistake(
        "turned round the wrong way",
        "Of a pixel p in [0, 1], which number is as bright as p is dark, and still in [0, 1]?",
        _with(turn=lambda pixels: -pixels),
        _with(turn=lambda pixels: 255 - pixels),
    ),
    Mistake(
        "always turned round",
        "When does your caller want black and white exchanged?",
        _with(values=lambda pixels: 1 - pixels / 255, turn=lambda pixels: pixels),
    ),
    Mistake(
        "turned round where it should not be",
        "What does `dark_on_light` say: what the images are, or what they should become?",
        lambda folder, dark_on_light: _load(folder, not dark_on_light),
    ),
    Mistake(
        "colours are not made grey",
        "How many numbers has a pixel of a file in colour, and how many may it have here?",
        _with(mode="RGB"),
        _with(mode="RGB", values=lambda pixels: pixels.transpose(2, 0, 1) / 255),
    ),
    Mistake(
        "another grey",
        "The eye sees green as brighter than blue. Which of Pillow's modes knows that?",
        _of_channels(lambda pixels: pixels.mean(2)),
        _of_channels(lambda pixels: pixels[:, :, 0]),
        _of_channels(lambda pixels: pixels.max(2)),
    ),
    Mistake(
        "a piece of the image, not all of it",
        "A digit of 84 × 84 pixels: what of it stands in the 28 × 28 that you keep?",
        _with(shape=lambda image: _cut(image, lambda side: 0)),
        _with(shape=lambda image: _cut(image, lambda side: (side - 28) // 2)),
    ),
    Mistake(
        "all sizes are left as they are",
        "How many numbers has an image of 56 × 56 pixels, and how many must each row have?",
        _keep_sizes,
    ),
    Mistake(
        "not flattened",
        "Which shape does the model of this course expect of an image?",
        _after(lambda x, y: (x.view(-1, 28, 28), y)),
        _after(lambda x, y: (x.view(-1, 1, 28, 28), y)),
    ),
    Mistake(
        "rows and columns exchanged",
        "Is the first row of your tensor the top of the image? Look at one with `plots.images`.",
        _after(lambda x, y: (x.view(-1, 28, 28).mT.flatten(1), y)),
    ),
    Mistake(
        "a file that is no image is read",
        "What else than images may lie in a folder on your disk, and what does your loop do there?",
        _with(pattern="*"),
        _every_folder_entry,
    ),
    Mistake(
        "a file is taken for a kind",
        "Beside the subfolders a file may lie. Which number does it get, and which do the kinds after it?",
        _takes_files_for_kinds,
    ),
    Mistake(
        "labels from 1",
        "What is the first label of MNIST?",
        _after(_count(1)),
    ),
    Mistake(
        "images alone, without labels",
        "How many things should come back?",
        _after(lambda x, y: x),
    ),
    Mistake(
        "a list of images",
        "Which function of PyTorch makes one tensor of many that have the same shape?",
        _after(lambda x, y: (list(x), y)),
        _after(lambda x, y: (list(x), y.tolist())),
    ),
]
BLACK_OR_WHITE = Mistake("made black or white", "Which greys do your images still have?")
IN_ANY_ORDER = Mistake(
    "in the order of the disk",
    "In which order does your system list files, and in which does the computer of whoever repeats your work?",
)
KINDS_IN_ANY_ORDER = Mistake(
    "kinds numbered in the order of the disk",
    "Which kind is 0 on the next computer, where the folder is listed in another order?",
)


def _pair(each: Seen) -> tuple[Tensor, Tensor] | None:
    """Images (N, 784) and labels (N,), where that is what came back."""
    value = each.outcome.value
    if isinstance(value, list) and len(value) == 2 and all(isinstance(part, Tensor) for part in value):
        x, y = value
        if describe(value) == describe(each.expected.value) and not x.is_complex():
            return x.double(), y.double()
    return None


def _tolerance(each: Seen) -> float:
    return LARGER.get(each.case.kind, TOLERANCE)


def _places(each: Seen) -> Tensor | None:
    """For each image that is expected, where it stands in what came back; None where one is not there, or twice."""
    if (pair := _pair(each)) is None:
        return None
    off = (each.expected.value[0].double().unsqueeze(1) - pair[0]).abs().amax(2).nan_to_num(torch.inf)
    smallest, places = off.min(1)
    return places if (smallest <= _tolerance(each)).all() and len(places.unique()) == len(places) else None


def _shape(seen: list[Seen]) -> str:
    for each in seen:
        if each.outcome.error or each.case.kind != "main" or _pair(each):
            continue
        return f"expected {describe(each.expected.value)}, got {describe(each.outcome.value)}"
    return ""


def _pixels(each: Seen) -> str:
    if _places(each) is not None:
        return ""
    if (pair := _pair(each)) is None:
        return f"expected {describe(each.expected.value)}, got {describe(each.outcome.value)}"
    expected, actual = each.expected.value[0], pair[0]
    name, place = next(iter(sorted(each.case.inputs["files"].items())))[0], (expected - actual).abs()[0].argmax()
    return f"of {name} at [{place}] expected {expected[0, place]:.2f}, got {actual[0, place]:.2f}"


def _order(each: Seen) -> str:
    places = _places(each)
    if places is None or places.equal(torch.arange(len(places))):
        return ""
    names = sorted(name for name in each.case.inputs["files"] if name.endswith(".png"))
    wrong = next(i for i, place in enumerate(places.tolist()) if i != place)
    return f"{names[wrong]} is number {places[wrong]}, where number {wrong} is its place by name"


def _labels(each: Seen) -> str:
    places, pair = _places(each), _pair(each)
    expected = each.expected.value[1].double()
    if pair is None or (actual := pair[1] if places is None else pair[1][places]).equal(expected):
        return ""
    names = sorted(name for name in each.case.inputs["files"] if name.endswith(".png"))
    wrong = int((actual != expected).nonzero()[0])
    return f"the label of {names[wrong]} should be {expected[wrong]:.0f}, got {actual[wrong]:g}"


def _dtype(seen: list[Seen]) -> str:
    for each in seen:
        if fault := not_a_tensor(each):
            return fault
        if each.outcome.note == LIST:
            return "expected y as a tensor, got a list: torch.tensor makes the one of the other"
        if not each.outcome.error and _pair(each):
            for name, right, part in zip("xy", each.expected.value, each.outcome.value, strict=True):
                # The exercise asks for whole numbers, of whatever size.
                whole = not (part.is_floating_point() or part.is_complex() or part.dtype == torch.bool)
                if part.dtype != right.dtype and not (name == "y" and whole):
                    return f"expected {name} of {right.dtype}, got {part.dtype}"
    return ""


def _pixels_and_labels(each: Seen) -> str:
    return _pixels(each) or _labels(each)


def _labels_in_a_tensor(each: Seen) -> Seen:
    """What was seen, with a list of whole numbers as a tensor; the note says that it was one."""
    match each.outcome.value:
        case [Tensor() as x, [int(), *_] as y] if all(type(label) is int for label in y):
            return each._replace(outcome=replace(each.outcome, value=[x, torch.tensor(y)], note=LIST))
    return each


def _sign(seen: list[Seen]) -> list[tuple]:
    """What tells one mistake from another: of each case the error's type, or shapes and numbers."""
    signs: list[tuple] = []
    for each in seen:
        value = each.outcome.value
        parts = value if isinstance(value, list) else [value]
        error = each.outcome.error
        tensors = [part for part in parts if isinstance(part, Tensor)]
        signs.append((error.type,) if error else (describe(value), _tolerance(each), *tensors))
    return signs


def _alike(ours: list[tuple], students: list[tuple]) -> bool:
    for a, b in zip(ours, students, strict=True):
        if len(a) != len(b) or a[0] != b[0]:
            return False
        for p, q in zip(a[2:], b[2:], strict=True):
            if p.shape != q.shape or not ((p.double() - q.double()).abs() <= a[1] * p.double().abs().amax()).all():
                return False
    return True


_by_its_ways = recognise_by(_sign, MISTAKES, call_folder, agree=_alike)


def _recognise(seen: list[Seen]) -> Mistake | None:
    if mistake := _by_its_ways(seen):
        return mistake
    if any((pair := _pair(each)) and ((pair[0] == 0) | (pair[0] == 1)).all() for each in seen):
        return BLACK_OR_WHITE
    found = [each for each in seen if not each.outcome.error and _places(each) is not None]
    if any(_labels(each) for each in found):
        return KINDS_IN_ANY_ORDER if all(_one_label_each(each) for each in found) else None
    return IN_ANY_ORDER if any(_order(each) for each in found) else None


def _one_label_each(each: Seen) -> bool:
    """Whether each kind has one label, from 0 on."""
    pair, places = _pair(each), _places(each)
    if pair is None or places is None:
        return False
    together = set(zip(each.expected.value[1].tolist(), pair[1][places].tolist(), strict=True))
    return sorted(label for _, label in together) == list(range(len(each.expected.value[1].unique())))


load_images = Check(
    "load_images",
    [
        Property("shape", 1, _shape, required=True),
        Property("pixels", 2, judge_each(_pixels, "main")),
        Property("in the order of the names", 1, judge_each(_order, "main"), follows=("pixels",)),
        Property("labels", 1, judge_each(_labels, "main"), follows=("pixels",)),
        Property("images of other sizes", 1, judge_each(_pixels, "sizes"), follows=("pixels",)),
        Property("images in colour", 1, judge_each(_pixels, "colours"), follows=("pixels",)),
        Property("dark on light", 1, judge_each(_pixels, "dark"), follows=("pixels",)),
        Property("other files", 1, judge_each(_pixels_and_labels, "others"), follows=("pixels", "labels")),
        Property("dtype", 1, _dtype),
        shared("no global seed", 0),
    ],
    _draw,
    call_folder,
    _recognise,
    (
        "Four questions: which kinds are there, in which order; which files of a kind, in which order; how "
        "does a file become 28 × 28 grey bytes; how do bytes become numbers in [0, 1]?",
        '`sorted(folder.iterdir())`, of which you keep what `is_dir()`; `sorted(kind.glob("*.png"))`; Pillow\'s '
        '`Image.open(path).convert("L").resize((28, 28))`; and division by 255. Lists collect, `torch.stack` joins.',
        "`pixels = torch.from_numpy(np.array(image)).flatten().float() / 255`, and `1 - pixels` where `dark_on_light`; "
        "`for label, kind in enumerate(kinds)` gives the labels.",
    ),
    _load_images,
    compared=True,
    prepare=_labels_in_a_tensor,
    may_stop=("sizes", "colours", "dark", "others"),
    forbidden=("vae_lib",),
)
