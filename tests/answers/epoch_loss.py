"""Right and wrong answers to `epoch_loss`, in other words than the check's own."""

import torch
from torch.utils.data import DataLoader

from tests.answers.train_step import loss_by_hand, step_zero_last
from vae_lib.loss import vae_loss


@torch.no_grad()
def epoch_of_images(model, x, eps, batch_size):
    losses = [loss_by_hand(model, x[i : i + 1], eps[i : i + 1]).item() for i in range(len(x))]
    return sum(losses) / len(losses)


@torch.inference_mode()
def epoch_of_slices(model, x, eps, batch_size):
    total = 0.0
    for start in range(0, len(x), batch_size):
        rows = slice(start, start + batch_size)
        total += vae_loss(x[rows], *model(x[rows], eps[rows])).loss.mean() * len(x[rows]) / len(x)
    return total


@torch.no_grad()
def epoch_of_a_loader(model, x, eps, batch_size):
    batches = DataLoader(list(zip(x, eps, strict=True)), batch_size)
    return torch.cat([vae_loss(images, *model(images, noise)).loss for images, noise in batches]).mean().item()


def batch_sums(model, x, eps, batch_size):
    with torch.no_grad():
        pairs = list(zip(x.split(batch_size), eps.split(batch_size), strict=True))
        return [(loss_by_hand(model, *pair) * len(pair[0])).item() for pair in pairs], [len(pair[0]) for pair in pairs]


def epoch_of_sums(combine):
    return lambda *inputs: combine(*batch_sums(*inputs), inputs[3])


def epoch_while_training(model, x, eps, batch_size):
    optimizer = torch.optim.Adam(model.parameters())
    losses = [
        step_zero_last(model, optimizer, *pair) for pair in zip(x.split(batch_size), eps.split(batch_size), strict=True)
    ]
    return sum(losses) / len(losses)


def epoch_with_own_noise(model, x, eps, batch_size):
    with torch.no_grad():
        return sum(loss_by_hand(model, batch, None).item() * len(batch) for batch in x.split(batch_size)) / len(x)


def epoch_with_old_noise(model, x, eps, batch_size):
    with torch.no_grad():
        batches = x.split(batch_size)
        return sum(loss_by_hand(model, b, eps[: len(b)]).item() * len(b) for b in batches) / len(x)


RIGHT = [epoch_of_images, epoch_of_slices, epoch_of_a_loader]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("it trains while it measures", epoch_while_training),
    ("the loss of the last batch", epoch_of_sums(lambda sums, sizes, size: sums[-1] / sizes[-1])),
    (
        "the mean of the batch means",
        epoch_of_sums(lambda sums, sizes, size: sum(a / b for a, b in zip(sums, sizes, strict=True)) / len(sums)),
    ),
    ("the sum over the images", epoch_of_sums(lambda sums, sizes, size: sum(sums))),
    (
        "the sum of the batch means",
        epoch_of_sums(lambda sums, sizes, size: sum(a / b for a, b in zip(sums, sizes, strict=True))),
    ),
    ("divided by the number of batches", epoch_of_sums(lambda sums, sizes, size: sum(sums) / len(sizes))),
    ("divided by too many images", epoch_of_sums(lambda sums, sizes, size: sum(sums) / (len(sums) * size))),
    (
        "the last batch left out",
        lambda model, x, eps, size: epoch_of_images(
            model, x[: size * (len(x) // size)], eps[: size * (len(x) // size)], size
        ),
    ),
    ("the mean over the pixels", lambda *inputs: epoch_of_images(*inputs) / inputs[1].shape[1]),
    ("eps ignored", epoch_with_own_noise),
    ("eps ignored", lambda model, x, eps, size: epoch_of_images(model, x, 0 * eps, size)),
    ("the noise of the first batch for all batches", epoch_with_old_noise),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "4: 0.0 → -0.0": "the same number",
    "7: vae_loss(batch, *model(batch, noise)).loss.sum().item()"
    " → vae_loss(batch, *model(batch, noise)).loss.sum()": "a tensor that holds one number, without a graph",
}
