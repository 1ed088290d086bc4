"""Check of `epoch_loss`: the loss over a data set, batch by batch."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from vae_checks.check import Check, recognise_by
from vae_checks.compare import describe, is_number, same
from vae_checks.losses import measure_loss
from vae_checks.mistakes import NOTHING, Mistake, both
from vae_checks.properties import Property, Seen, judge_each, shared
from vae_checks.shapes import FORM, mistake_of_form, reshape_part
from vae_checks.slips import COUNT, NO_MEAN, mean_of
from vae_checks.training.tiny_vae import Losses, draw_images
from vae_checks.training.train_step import (
    loss_after_sigmoid,
    loss_by_pixels,
    loss_exchanged,
    mistake_of_stop,
    weighted,
)
from vae_probe.outcome import Case
from vae_probe.training import PIXELS, call_epoch_loss


def _draw_epoch_loss(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case("main", generator, 7, 3 * 7 + 3, seed),
        _case("main", generator, 5, 4 * 5 + 2, seed + 1),
        _case("full batches", generator, 6, 2 * 6, seed + 2),
        _case("one", generator, 4, 1, seed + 3),
        # More than batch_size² images: batch_size chunks of them are larger than batch_size. And more than 64 or 128,
        # which may stand in an answer in place of batch_size.
        _case("many batches", generator, 12, 12 * 12 + 6, seed + 4),
    ]


def _case(kind: str, generator: torch.Generator, batch_size: int, n: int, seed: int) -> Case:
    """Images whose noise grows from the first to the last, so that each batch has another loss."""
    x, eps = draw_images(generator, n)
    eps = eps * torch.linspace(0.5, 3, n).unsqueeze(1)
    return Case(kind, {"x": x, "eps": eps, "batch_size": batch_size}, seed=seed)


def measure_epoch(model: nn.Module, x: Tensor, eps: Tensor, batch_size: int) -> float:
    """The oracle of `epoch_loss`: nats per image, a float."""
    batches = zip(x.split(batch_size), eps.split(batch_size), strict=True)
    with torch.no_grad():
        return torch.cat([measure_loss(model, *batch) for batch in batches]).mean().item()


def _prepared(each: Seen) -> Seen:
    """What was seen, the loss one number if it came in another form, or for each image; the note says how."""
    each = reshape_part(each, "loss")
    mean = None if each.outcome.error else mean_of(each.expected.value["loss"], each.outcome.value["loss"])
    if mean is None:
        return each
    return each._replace(outcome=replace(each.outcome, value=each.outcome.value | {"loss": mean}, note=NO_MEAN.name))


def _no_mean(each: Seen) -> str:
    return "expected one number for all images, got several" if each.outcome.note == NO_MEAN.name else ""


def _shape(each: Seen) -> str:
    loss = each.outcome.value["loss"]
    return "" if is_number(loss) else f"expected one number for all images, got {describe(loss)}"


def _wrong_loss(each: Seen) -> str:
    expected, actual = each.expected.value["loss"], each.outcome.value["loss"]
    if fault := _shape(each):
        return fault
    return "" if same(expected, actual) else f"expected {expected:.5g}, got {float(actual):.5g}"


def _largest_batch(each: Seen) -> int:
    return max([images for images, _ in each.outcome.value["calls"]], default=0)


def _too_many(each: Seen) -> bool:
    return _largest_batch(each) > each.case.inputs["batch_size"]


def _batch_by_batch(each: Seen) -> str:
    size, n, largest = each.case.inputs["batch_size"], len(each.case.inputs["x"]), _largest_batch(each)
    if not largest:
        return f"of {n} image{'s' * (n > 1)}, with a batch_size of {size}, the model saw none"
    return f"the model saw {largest} images at once, with a batch_size of {size}" if _too_many(each) else ""


def _without_gradients(each: Seen) -> str:
    if each.outcome.value["backward"]:
        return "your function calls backward; to measure a loss takes no gradient"
    prepared = any(graph for _, graph in each.outcome.value["calls"])
    return "the model is called with gradients on, which takes memory; to measure a loss takes none" if prepared else ""


def _nothing_changed(seen: list[Seen]) -> str:
    done = [each.outcome.value for each in seen if not each.outcome.error]
    if any(value["moved"] for value in done):
        return "the model has other weights than before"
    if any(value["left"] for value in done):
        return "the weights have gradients that they did not have before; a training step may add its own to them"
    if off := next(filter(None, (value["off"] for value in done)), ""):
        return f"gradients are still switched off when your function is done: {off}. The next training step stops there"
    if not all(value["training"] for value in done):
        return "the model is still in evaluation mode when your function is done; model.train() takes it back"
    return shared("inputs unchanged", 0).judge(seen)


def _sign(seen: list[Seen]) -> tuple:
    """Whether the model moved, and the losses or errors."""
    moved = any(not each.outcome.error and each.outcome.value["moved"] for each in seen)
    errors = [each.outcome.error and each.outcome.error.message[:40] for each in seen]
    return moved, [error or each.outcome.value["loss"] for error, each in zip(errors, seen, strict=True)]


def _agree(wrong: tuple, students: tuple) -> bool:
    return wrong[0] == students[0] and (wrong[0] or same(wrong[1], students[1]))


def _is_chunked(each: Seen) -> bool:
    x, size = each.case.inputs["x"], each.case.inputs["batch_size"]
    return not each.outcome.error and [n for n, _ in each.outcome.value["calls"]] == list(map(len, x.chunk(size)))


def _is_whole(each: Seen) -> bool:
    """Whether the model saw all images in one call."""
    return not each.outcome.error and [n for n, _ in each.outcome.value["calls"]] == [len(each.case.inputs["x"])]


def _eps_is_whole(each: Seen) -> bool:
    """Whether it stops where a batch meets the noise of all images."""
    batch, all_images = each.case.inputs["batch_size"], len(each.case.inputs["eps"])
    message = each.outcome.error.message if each.outcome.error else ""
    return f"size of tensor a ({batch}) must match the size of tensor b ({all_images})" in message


def _recognise(seen: list[Seen]) -> Mistake | None:
    done = [each.outcome.value for each in seen if not each.outcome.error]
    if any(value["moved"] for value in done):
        return TRAINS
    if any("does not require grad" in each.outcome.error.message for each in seen if each.outcome.error):
        return BACKWARD
    found = _recognise_loss(seen)
    if any(value["backward"] for value in done):
        return both(BACKWARD, found) if found and found is not NO_GRAD_FORGOTTEN else BACKWARD
    return found


def _recognise_loss(seen: list[Seen]) -> Mistake | None:
    if all(map(_is_chunked, seen)):
        return CHUNKED
    right = not any(each.outcome.error or _wrong_loss(each) for each in seen)
    if right and any(map(_too_many, seen)):
        return ALL_AT_ONCE if all(map(_is_whole, seen)) else OTHER_SIZE
    # Not the single image, nor full batches: without a rest, some mistakes look alike.
    mistakes = [*EPOCH_MISTAKES, *(PAIRS if any(map(_wrong_loss, [e for e in seen if not e.outcome.error])) else [])]
    by_ways = recognise_by(_sign, mistakes, call_epoch_loss, agree=_agree, kinds=("main",))
    if mistake := by_ways(seen):
        return mistake
    if any(map(_eps_is_whole, seen)):
        return WHOLE_EPS
    if mistake := mistake_of_stop(seen):
        return mistake
    if any(images == 0 for each in seen if not each.outcome.error for images, _ in each.outcome.value["calls"]):
        return EMPTY
    if any(each.outcome.varies for each in seen):
        # For a single image an order changes nothing, and noise does.
        return OTHER_NOISE if any(each.outcome.varies and each.case.kind == "one" for each in seen) else OTHER_ORDER
    done = [each.outcome.value for each in seen if not each.outcome.error]
    if all(value["loss"] is None for value in done):
        return NOTHING
    if any(value["off"] for value in done):
        return LEFT_OFF
    if not all(value["training"] for value in done):
        return LEFT_IN_EVAL
    if right and any(map(_without_gradients, seen)):
        return NO_GRAD_FORGOTTEN
    return NO_MEAN if any(map(_no_mean, seen)) else mistake_of_form(seen)


TRAINS = Mistake(
    "it trains while it measures",
    "Measured with which weights? Does the same call give the same number twice?",
)
BACKWARD = Mistake(
    "a backward while it measures",
    "A gradient says where the weights should go. Where should they go while you measure?",
)
CHUNKED = Mistake(
    "chunk taken for split",
    "Is 4 in `x.chunk(4)` the number of pieces, or the number of images in a piece? And in `x.split(4)`?",
)
ALL_AT_ONCE = Mistake(
    "all images at once",
    "How many images may the model see at once? Which of your lines reads `batch_size`?",
)
OTHER_SIZE = Mistake(
    "batches of another size than batch_size",
    "How many images does your model see at once? Which of your lines reads `batch_size`, and for what?",
)
WHOLE_EPS = Mistake(
    "eps not cut into batches",
    "How many images has your batch, and how many rows has the eps that the model gets with it?",
)
EMPTY = Mistake("batches without images", "Where does your second batch begin, and where does it end?")
OTHER_ORDER = Mistake(
    "an order that is drawn",
    "In which order come your images, and in which the rows of `eps`? Which row does image i get?",
)
OTHER_NOISE = Mistake(
    "eps ignored",
    "Where does your model get its noise from? Does the same call give the same number twice?",
)
LEFT_IN_EVAL = Mistake(
    "evaluation mode left on",
    "Your function is called after each epoch, and then the training goes on. In which mode is the model?",
)
NO_GRAD_FORGOTTEN = Mistake(
    "no_grad forgotten",
    "PyTorch keeps what a gradient would need. Who asks for one here, and where is it switched off?",
)
LEFT_OFF = Mistake(
    "gradients left switched off",
    "Your function is called after each epoch, and then the training goes on. What does it find?",
)


def _noise_of_the_first_batch(model: nn.Module, x: Tensor, eps: Tensor, batch_size: int) -> float:
    losses = [measure_loss(model, batch, eps[: len(batch)]).detach() for batch in x.split(batch_size)]
    return torch.cat(losses).mean().item()


def _of_batches(
    combine: Callable[[list[float], list[int], int], float], loss: Callable = measure_loss
) -> Callable[..., float]:
    """An answer from the sum of the losses of each batch, the number of images in each, and the batch size.

    Args:
        combine: these three → the answer.
        loss: (model, x, eps) → the loss of each image.
    """

    @torch.no_grad()
    def answer(model: nn.Module, x: Tensor, eps: Tensor, batch_size: int) -> float:
        batches = zip(x.split(batch_size), eps.split(batch_size), strict=True)
        losses = [loss(model, *batch) for batch in batches]
        return combine([batch.sum().item() for batch in losses], [len(batch) for batch in losses], batch_size)

    return answer


def _mean(sums: list[float], sizes: list[int], size: int) -> float:
    return sum(sums) / sum(sizes)


def _sum_of_means(sums: list[float], sizes: list[int]) -> float:
    return sum(total / n for total, n in zip(sums, sizes, strict=True))


THREE_LOSSES: Any = Losses(*torch.zeros(3))  # of them a student asks what they do not have

# Of each mistake how it combines the losses of the batches.
COMBINES: list[tuple[Mistake, list[Callable]]] = [
    (
        Mistake(
            "the loss of the last batch",
            "Which images does your number speak of, and how many are they?",
        ),
        [
            lambda sums, sizes, size: sums[-1] / sizes[-1],
            lambda sums, sizes, size: sums[-1],
            lambda sums, sizes, size: sums[-1] / sum(sizes),
            lambda sums, sizes, size: sums[-1] / sizes[-1] / len(sizes),
            lambda sums, sizes, size: sums[-1] / sizes[-1] / sum(sizes),
        ],
    ),
    (
        Mistake(
            "the loss of the first batch",
            "Which images does your number speak of, and how many are they? What becomes of your second batch?",
        ),
        [
            lambda sums, sizes, size: sums[0] / sizes[0],
            lambda sums, sizes, size: sums[0],
            lambda sums, sizes, size: sums[0] / sum(sizes),
        ],
    ),
    (
        Mistake(
            "the mean of the batch means",
            "The last batch is smaller. How much does one of its images count, and how much one of the first batch?",
        ),
        [
            lambda sums, sizes, size: _sum_of_means(sums, sizes) / len(sums),
            lambda sums, sizes, size: _sum_of_means(sums, sizes) / (sum(sizes) // size),
        ],
    ),
    (
        Mistake(
            "the last batch counted as a full one",
            "The last batch is smaller. How much does one of its images count, and how much one of the first batch?",
        ),
        [
            lambda sums, sizes, size: _sum_of_means(sums, sizes) * size / sum(sizes),
        ],
    ),
    (
        Mistake(
            "the sum over the images",
            "Should the number double if you measure twice as many images?",
        ),
        [
            lambda sums, sizes, size: sum(sums),
        ],
    ),
    (
        Mistake(
            "the sum of the batch means",
            "Should the number double if you measure twice as many images?",
        ),
        [
            lambda sums, sizes, size: _sum_of_means(sums, sizes),
        ],
    ),
    (
        Mistake(
            "batch means, divided by the number of images",
            "A mean is divided already. What must be added up, so that dividing by all images gives a mean?",
        ),
        [
            lambda sums, sizes, size: _sum_of_means(sums, sizes) / sum(sizes),
        ],
    ),
    (
        Mistake(
            "divided by the number of batches",
            "Your sum runs over images. How many of them are there?",
        ),
        [
            lambda sums, sizes, size: sum(sums) / len(sums),
            lambda sums, sizes, size: sum(sums) / (sum(sizes) / size),
            lambda sums, sizes, size: sum(sums) / (sum(sizes) // size),
        ],
    ),
    (
        Mistake(
            "the last batch is in the sum, and not in the number",
            "Your sum runs over all images. Over how many do you divide?",
        ),
        [
            lambda sums, sizes, size: sum(sums) / (sum(sizes) // size * size),
        ],
    ),
    (
        Mistake(
            "divided by too many images",
            "The last batch is smaller. How many images are there in all?",
        ),
        [
            lambda sums, sizes, size: sum(sums) / (len(sums) * size),
        ],
    ),
    (
        Mistake(
            "the last batch left out",
            "What about the images that do not fill a batch?",
        ),
        [
            lambda sums, sizes, size: sum(sums[:-1]) / sum(sizes[:-1]),
            lambda sums, sizes, size: sum(sums[:-1]) / sum(sizes),
            lambda sums, sizes, size: _sum_of_means(sums[:-1], sizes[:-1]) / len(sums),
        ],
    ),
]
# And which loss it takes of an image.
LOSSES: list[tuple[Mistake, Callable]] = [
    (
        Mistake(
            "the mean over the pixels", "In nats per image: do the 784 pixels of an image share its cost, or add to it?"
        ),
        loss_by_pixels,
    ),
    (
        Mistake(
            "mu and sigma exchanged",
            "In which order does the model give its three results, and in which does `vae_loss` take them?",
        ),
        loss_exchanged,
    ),
    (Mistake("a second sigmoid", "Does `vae_loss` take logits, or pixels in [0, 1]?"), loss_after_sigmoid),
    (
        Mistake("the KLD left out", "The loss has two terms. What does it cost that the codes differ from N(0, I)?"),
        weighted(1, 0),
    ),
    (
        Mistake(
            "the KLD with the wrong sign", "What should the loss do as the codes come to differ more from N(0, I)?"
        ),
        weighted(1, -1),
    ),
    (
        Mistake("eps ignored", "Which noise does your model see, that of `eps` or another?"),
        lambda model, x, eps: measure_loss(model, x, 0 * eps),
    ),
]

EPOCH_MISTAKES = [
    *(Mistake(each.name, each.question, *map(_of_batches, ways)) for each, ways in COMBINES),
    *(Mistake(each.name, each.question, _of_batches(_mean, loss)) for each, loss in LOSSES),
    Mistake(
        "the mean over the pixels",
        "In nats per image: do the 784 pixels of an image share its cost, or add to it?",
        lambda *inputs: measure_epoch(*inputs) / PIXELS,
    ),
    Mistake(
        "three losses taken for one",
        "`vae_loss` gives loss, BCE and KLD. Which of the three is asked for?",
        lambda model, x, eps, batch_size: THREE_LOSSES.sum(),
        lambda model, x, eps, batch_size: THREE_LOSSES.mean(),
        lambda model, x, eps, batch_size: THREE_LOSSES.item(),
        lambda *inputs: 2 * measure_epoch(*inputs),
    ),
    Mistake(
        "the noise of the first batch for all batches",
        "Which rows of eps belong to the second batch?",
        _noise_of_the_first_batch,
    ),
]
PAIRS = [
    both(first, second, *(_of_batches(way, loss) for way in ways))
    for first, ways in COMBINES
    for second, loss in LOSSES
]


epoch_loss = Check(
    name="epoch_loss",
    properties=[
        Property("shape", 1, judge_each(_shape, "main", "full batches")),
        Property(COUNT, 0, judge_each(_no_mean), cap=6),
        replace(FORM, follows=(COUNT,)),
        Property("value", 5, judge_each(_wrong_loss, "main", "full batches"), follows=("shape",)),
        Property("one image", 1, judge_each(_wrong_loss, "main", "full batches", "one"), follows=("shape", "value")),
        Property("batch by batch", 1, judge_each(_batch_by_batch), cap=6),
        Property("without gradients", 1, judge_each(_without_gradients)),
        Property("nothing changed", 1, _nothing_changed),
    ],
    draw=_draw_epoch_loss,
    call=call_epoch_loss,
    recognise=_recognise,
    forbidden=("vae_lib.train",),
    hints=(
        "Each image counts once and counts the same, in whichever batch it is. What do you add up, and by what do you "
        "divide at the end?",
        "`x.split(batch_size)` cuts x into batches, the last one smaller. Cut eps in the same way and walk through "
        "both with `zip`. `with torch.no_grad():` around it spares the gradients.",
        "Add up `vae_loss(batch, *model(batch, noise)).loss.sum().item()` over the batches, then divide by the number "
        "of all images.",
    ),
    oracle=measure_epoch,
    compared=True,
    prepare=_prepared,
    may_stop=("one",),
)
