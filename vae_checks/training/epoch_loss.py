"""Check of `epoch_loss`: the loss over a data set, batch by batch."""

import torch
from torch import Tensor, nn

from vae_checks.check import Check, recognise_by
from vae_checks.compare import describe, is_number, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, judge_each, shared
from vae_checks.training.tiny_vae import draw_images, measure_loss
from vae_checks.training.train_step import take_step
from vae_probe.outcome import Case
from vae_probe.training import PIXELS, call_epoch_loss


def _draw_epoch_loss(seed):
    generator = torch.Generator().manual_seed(seed)
    cases = []
    for i, kind in enumerate(("main", "main", "one")):
        batch_size = int(torch.randint(5, 10, (), generator=generator))
        rest = int(torch.randint(1, batch_size - 1, (), generator=generator))
        x, eps = draw_images(generator, 1 if kind == "one" else 3 * batch_size + rest)
        cases.append(Case(kind, {"x": x, "eps": eps, "batch_size": batch_size}, seed=3 * seed + i))
    return cases


def measure_epoch(model: nn.Module, x: Tensor, eps: Tensor, batch_size: int) -> float:
    """The oracle of `epoch_loss`: nats per image, a float."""
    losses = _batch_losses(model, x, eps, batch_size)
    return torch.cat(losses).mean().item()


@torch.no_grad()
def _batch_losses(model, x, eps, batch_size):
    """The loss of each image, a tensor for each batch."""
    batches = zip(x.split(batch_size), eps.split(batch_size), strict=True)
    return [measure_loss(model, *batch) for batch in batches]


def _shape(each):
    loss = each.outcome.value["loss"]
    return "" if is_number(loss) else f"expected one number for all images, got {describe(loss)}"


def _wrong_loss(each):
    expected, actual = each.expected.value["loss"], each.outcome.value["loss"]
    return "" if same(expected, actual) else f"expected {expected:.5g}, got {float(actual):.5g}"


def _batch_by_batch(each):
    size = each.case.inputs["batch_size"]
    largest = max([n for n, _ in each.outcome.value["calls"]], default=0)
    return "" if 0 < largest <= size else f"the model saw {largest} images at once, with a batch_size of {size}"


def _without_gradients(each):
    calls = each.outcome.value["calls"]
    prepared = any(graph for _, graph in calls) or not calls
    return "the model prepared for a backward that never comes, which takes memory" if prepared else ""


def _nothing_changed(seen):
    moved = any(each.outcome.value["moved"] for each in seen)
    return "the model has other weights than before" if moved else shared("inputs unchanged", 0).judge(seen)


def _sign(seen):
    """Whether the model moved, and the losses or errors."""
    moved = any(not each.outcome.error and each.outcome.value["moved"] for each in seen)
    return moved, [each.outcome.error or each.outcome.value["loss"] for each in seen]


def _agree(wrong, students):
    return wrong[0] == students[0] and (wrong[0] or same(wrong[1], students[1]))


def _while_training(model, x, eps, batch_size):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return take_step(model, optimizer, x, eps)


def _noise_of_the_first_batch(model, x, eps, batch_size):
    losses = [measure_loss(model, batch, eps[: len(batch)]).detach() for batch in x.split(batch_size)]
    return torch.cat(losses).mean().item()


EPOCH_MISTAKES = [
    Mistake(
        "it trains while it measures",
        "Measured with which weights? Does the same call give the same number twice?",
        _while_training,
    ),
    Mistake(
        "the loss of the last batch",
        "Which images does your number speak of, and how many are they?",
        lambda *inputs: _batch_losses(*inputs)[-1].mean().item(),
    ),
    Mistake(
        "the mean of the batch means",
        "The last batch is smaller. How much does one of its images count, and how much one of the first batch?",
        lambda *inputs: torch.stack([losses.mean() for losses in _batch_losses(*inputs)]).mean().item(),
    ),
    Mistake(
        "the sum over the images",
        "Should the number double if you measure twice as many images?",
        lambda *inputs: torch.cat(_batch_losses(*inputs)).sum().item(),
    ),
    Mistake(
        "the sum of the batch means",
        "Should the number double if you measure twice as many images?",
        lambda *inputs: sum(losses.mean().item() for losses in _batch_losses(*inputs)),
    ),
    Mistake(
        "divided by the number of batches",
        "Your sum runs over images. How many of them are there?",
        lambda *inputs: sum(losses.sum().item() for losses in _batch_losses(*inputs)) / len(_batch_losses(*inputs)),
    ),
    Mistake(
        "divided by too many images",
        "The last batch is smaller. How many images are there in all?",
        lambda model, x, eps, batch_size: (
            torch.cat(_batch_losses(model, x, eps, batch_size)).sum().item() / (-(-len(x) // batch_size) * batch_size)
        ),
    ),
    Mistake(
        "the last batch left out",
        "What about the images that do not fill a batch?",
        lambda model, x, eps, batch_size: measure_epoch(
            model, x[: len(x) // batch_size * batch_size], eps[: len(x) // batch_size * batch_size], 1
        ),
    ),
    Mistake(
        "the mean over the pixels",
        "In nats per image: do the 784 pixels of an image share its cost, or add to it?",
        lambda *inputs: measure_epoch(*inputs) / PIXELS,
    ),
    Mistake(
        "eps ignored",
        "Where does your model get its noise from? Does the same call give the same number twice?",
        lambda model, x, eps, batch_size: (
            torch.cat([measure_loss(model, batch).detach() for batch in x.split(batch_size)]).mean().item()
        ),
    ),
    Mistake(
        "eps ignored",
        "Which noise does your model see, that of `eps` or another?",
        lambda model, x, eps, batch_size: measure_epoch(model, x, torch.zeros_like(eps), batch_size),
    ),
    Mistake(
        "the noise of the first batch for all batches",
        "Which rows of eps belong to the second batch?",
        _noise_of_the_first_batch,
    ),
]


epoch_loss = Check(
    name="epoch_loss",
    properties=[
        Property("shape", 1, judge_each(_shape), required=True),
        Property("value", 5, judge_each(_wrong_loss, "main")),
        Property("one image", 1, judge_each(_wrong_loss, "one")),
        # The last case first: the sentence is of that one.
        Property("batch by batch", 1, lambda seen: judge_each(_batch_by_batch)(seen[::-1])),
        Property("without gradients", 1, judge_each(_without_gradients)),
        Property("nothing changed", 1, _nothing_changed),
    ],
    draw=_draw_epoch_loss,
    call=call_epoch_loss,
    # Not the single image: without it, no batch is left to some mistakes.
    recognise=recognise_by(_sign, EPOCH_MISTAKES, call_epoch_loss, agree=_agree, kinds=("main",)),
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
)
