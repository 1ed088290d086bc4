"""Check of `epoch_loss`: the loss over a data set, batch by batch."""

import torch

from vae_checks.check import Check
from vae_checks.compare import describe, is_number, same
from vae_checks.mistakes import Finding, Mistake
from vae_checks.training.tiny_vae import draw_images, judge_unchanged, list_findings, measure_loss
from vae_checks.training.train_step import take_step
from vae_probe.outcome import unpack
from vae_probe.training import PIXELS, call_epoch_loss


def _draw_epoch_loss(seed):
    generator = torch.Generator().manual_seed(seed)
    cases = []
    for i, kind in enumerate(("main", "main", "one")):
        batch_size = int(torch.randint(5, 10, (), generator=generator))
        rest = int(torch.randint(1, batch_size - 1, (), generator=generator))
        x, eps = draw_images(generator, 1 if kind == "one" else 3 * batch_size + rest)
        cases.append({"kind": kind, "inputs": {"x": x, "eps": eps, "batch_size": batch_size}, "seed": 3 * seed + i})
    return cases


def measure_epoch(model, x, eps, batch_size):
    """The oracle of `epoch_loss`: nats per image, a float."""
    losses = _batch_losses(model, x, eps, batch_size)
    return torch.cat(losses).mean().item()


@torch.no_grad()
def _batch_losses(model, x, eps, batch_size):
    """The loss of each image, a tensor for each batch."""
    batches = zip(x.split(batch_size), eps.split(batch_size), strict=True)
    return [measure_loss(model, *batch) for batch in batches]


def _judge_epoch_loss(cases, outcomes):
    faults = dict.fromkeys(epoch_loss.points, "")
    for case, right, outcome in zip(cases, unpack(call_epoch_loss(measure_epoch, cases)), outcomes, strict=True):
        wanted, came = right["value"]["loss"], outcome["value"]
        if not is_number(came["loss"]):
            return [Finding("shape", False, f"expected one number for all images, got {describe(came['loss'])}")]
        property_ = {"main": "value", "one": "one image"}[case["kind"]]
        if not same(wanted, came["loss"]):
            faults[property_] = faults[property_] or f"expected {wanted:.5g}, got {float(came['loss']):.5g}"
        largest, size = max([n for n, _ in came["calls"]], default=0), case["inputs"]["batch_size"]
        if not 0 < largest <= size:
            faults["batch by batch"] = f"the model saw {largest} images at once, with a batch_size of {size}"
        if any(graph for _, graph in came["calls"]) or not came["calls"]:
            faults["without gradients"] = "the model prepared for a backward that never comes, which takes memory"
        if came["moved"]:
            faults["nothing changed"] = "the model has other weights than before"
    faults["nothing changed"] = faults["nothing changed"] or judge_unchanged(cases, outcomes)
    return list_findings(epoch_loss.points, faults)


def _recognise_epoch_loss(cases, outcomes):
    def seen(outcomes):
        return [outcome["error"] or outcome["value"]["loss"] for outcome in outcomes]

    # Not the single image: without it, no batch is left to some mistakes.
    cases, outcomes = cases[:2], outcomes[:2]
    if any(not outcome["error"] and outcome["value"]["moved"] for outcome in outcomes):
        return IT_TRAINS
    for mistake in EPOCH_MISTAKES:
        if same(seen(unpack(call_epoch_loss(mistake.function, cases))), seen(outcomes)):
            return mistake
    return None


def _while_training(model, x, eps, batch_size):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return take_step(model, optimizer, x, eps)


def _noise_of_the_first_batch(model, x, eps, batch_size):
    losses = [measure_loss(model, batch, eps[: len(batch)]).detach() for batch in x.split(batch_size)]
    return torch.cat(losses).mean().item()


IT_TRAINS = Mistake(
    "it trains while it measures",
    "Measured with which weights? Does the same call give the same number twice?",
    _while_training,
)


EPOCH_MISTAKES = [
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
    points={
        "shape": 1,
        "value": 5,
        "one image": 1,
        "batch by batch": 1,
        "without gradients": 1,
        "nothing changed": 1,
    },
    draw=_draw_epoch_loss,
    call=call_epoch_loss,
    judge=_judge_epoch_loss,
    recognise=_recognise_epoch_loss,
    hints=(
        "Each image counts once and counts the same, in whichever batch it is. What do you add up, and by what do you "
        "divide at the end?",
        "`x.split(batch_size)` cuts x into batches, the last one smaller. Cut eps in the same way and walk through "
        "both with `zip`. `with torch.no_grad():` around it spares the gradients.",
        "Add up `vae_loss(batch, *model(batch, noise)).loss.sum().item()` over the batches, then divide by the number "
        "of all images.",
    ),
    oracle=measure_epoch,
)
