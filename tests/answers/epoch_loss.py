"""Right and wrong answers to `epoch_loss`, in other words than the check's own."""

import torch
from torch.utils.data import DataLoader

from tests.answers.train_step import loss_by_hand, step_zero_last
from vae_lib.loss import vae_loss
from vae_lib.model import VAE


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


def epoch_with_backward(model, x, eps, batch_size, wipe=False, count=len):
    total, optimizer = 0.0, torch.optim.SGD(model.parameters(), lr=0.1)
    for pair in zip(x.split(batch_size), eps.split(batch_size), strict=True):
        loss = loss_by_hand(model, *pair)
        loss.backward()
        if wipe:
            optimizer.zero_grad()
        total += loss.item() * len(pair[0])
    return total / count(x)


@torch.no_grad()
def epoch_stepping_without_gradients(model, x, eps, batch_size):
    return step_zero_last(model, torch.optim.SGD(model.parameters()), x, eps)


@torch.no_grad()
def kld_forgotten(model, x, eps, batch_size):
    sums = [
        vae_loss(b, *model(b, e)).bce.sum() for b, e in zip(x.split(batch_size), eps.split(batch_size), strict=True)
    ]
    return sum(sums).item() / len(sums)


@torch.no_grad()
def epoch_of_chunks(model, x, eps, batch_size):
    pairs = zip(x.chunk(batch_size), eps.chunk(batch_size), strict=True)
    return sum(loss_by_hand(model, *pair).item() * len(pair[0]) for pair in pairs) / len(x)


@torch.no_grad()
def epoch_of_shuffled_images(model, x, eps, batch_size):
    pairs = zip(DataLoader(x, batch_size, shuffle=True), eps.split(batch_size), strict=True)
    return sum(loss_by_hand(model, *pair).item() * len(pair[0]) for pair in pairs) / len(x)


def epoch_with_own_noise(model, x, eps, batch_size):
    with torch.no_grad():
        return sum(loss_by_hand(model, batch, None).item() * len(batch) for batch in x.split(batch_size)) / len(x)


def epoch_with_old_noise(model, x, eps, batch_size):
    with torch.no_grad():
        batches = x.split(batch_size)
        return sum(loss_by_hand(model, b, eps[: len(b)]).item() * len(b) for b in batches) / len(x)


@torch.no_grad()
def epoch_in_float64(model, x, eps, batch_size):
    total = torch.zeros((), dtype=torch.float64)
    model.eval()
    for images, noise in zip(x.split(batch_size), eps.split(batch_size), strict=True):
        mu, sigma = model.encode(images)
        total += vae_loss(images, model.decoder(mu + sigma * noise), mu, sigma).loss.double().sum()
    model.train()
    return total / len(x)


def epoch_switching_off(model, x, eps, batch_size):
    torch.set_grad_enabled(False)
    return epoch_of_images(model, x, eps, batch_size)


def epoch_freezing(model, x, eps, batch_size):
    model.requires_grad_(False)
    return epoch_of_images(model, x, eps, batch_size)


@torch.no_grad()
def mean_of(model, x, eps, reduce):
    return reduce(vae_loss(x, *model(x, eps))).mean().item()


def means(sums, sizes):
    return sum(a / b for a, b in zip(sums, sizes, strict=True))


def epoch_left_in_eval(model, x, eps, size):
    model.eval()
    return epoch_of_images(model, x, eps, size)


@torch.no_grad()
def epoch_of_full_batches(model, x, eps, size):
    count = len(x) // size
    cuts = [slice(i * size, (i + 1) * size) for i in range(count)]
    return sum(loss_by_hand(model, x[cut], eps[cut]).item() for cut in cuts) / count


@torch.no_grad()
def losses_of_images(model, x, eps, size):
    batches = zip(x.split(size), eps.split(size), strict=True)
    return torch.cat([vae_loss(images, *model(images, noise)).loss for images, noise in batches])


@torch.no_grad()
def loss_of(model, x, eps, order):
    arguments = [x, *model(x, eps)]
    return vae_loss(*[arguments[i] for i in order]).loss.mean().item()


@torch.no_grad()
def epoch_after_sigmoid(model, x, eps, size):
    x_logits, mu, sigma = model(x, eps)
    return vae_loss(x, x_logits.sigmoid(), mu, sigma).loss.mean().item()


def epoch_of_784_pixels(model, x, eps, batch_size):
    return epoch_of_slices(model, x.reshape(-1, 784), eps, batch_size)


@torch.no_grad()
def epoch_of_first_slices(model, x, eps, size):
    """The slice ends at batch_size: those after the first are empty."""
    total = 0.0
    for i in range(0, len(x), size):
        total += vae_loss(x[i:size], *model(x[i:size], eps[i:size])).loss.sum().item()
    return total / len(x)


@torch.no_grad()
def epoch_of_first_slices_by_means(model, x, eps, size):
    means = [loss_by_hand(model, x[i:size], eps[i:size]).item() for i in range(0, len(x), size)]
    return sum(means) / len(means)


RIGHT = [epoch_of_784_pixels, epoch_in_float64, epoch_of_images, epoch_of_slices, epoch_of_a_loader]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("no_grad forgotten", lambda *inputs: epoch_of_slices.__wrapped__(*inputs).item(), 9),
    ("eps not cut into batches", lambda model, x, eps, size: epoch_of_slices(lambda a, _: model(a, eps), x, eps, size)),
    ("it trains while it measures", epoch_while_training, 2),
    ("a backward while it measures", epoch_with_backward, 8),
    ("a backward while it measures", lambda *inputs: epoch_with_backward(*inputs, wipe=True), 9),
    ("a backward while it measures", epoch_stepping_without_gradients, 0),
    (
        "a backward while it measures; and the sum over the images",
        lambda *inputs: epoch_with_backward(*inputs, count=lambda x: 1),
        2,
    ),
    ("divided by the number of batches; and the KLD left out", kld_forgotten, 4),
    (
        "the KLD with the wrong sign",
        lambda *inputs: mean_of(*inputs[:3], lambda losses: losses.bce - losses.kld),
    ),
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
    (
        "the last batch left out",
        epoch_of_sums(
            lambda sums, sizes, size: sum(sums[:-1]) / sum(sizes) if sizes[-1] < size else sum(sums) / sum(sizes)
        ),
    ),
    ("the loss of the first batch", epoch_of_sums(lambda sums, sizes, size: sums[0] / sizes[0])),
    (
        "the last batch counted as a full one",
        epoch_of_sums(lambda sums, sizes, size: means(sums, sizes) / (sum(sizes) / size)),
    ),
    (
        "batch means, divided by the number of images",
        epoch_of_sums(lambda sums, sizes, size: means(sums, sizes) / sum(sizes)),
    ),
    ("divided by the number of batches", epoch_of_sums(lambda sums, sizes, size: sum(sums) / (sum(sizes) / size))),
    ("the loss of the last batch", epoch_of_sums(lambda sums, sizes, size: sums[-1] / sum(sizes)), 4),
    ("the loss of the last batch", epoch_of_sums(lambda sums, sizes, size: sums[-1] / sizes[-1] / len(sizes)), 4),
    (
        "the last batch counted as a full one",
        epoch_of_sums(lambda sums, sizes, size: means(sums, sizes) * size / sum(sizes)),
        4,
    ),
    ("the loss of the first batch", epoch_of_first_slices, 4),
    ("nothing is returned", lambda *inputs: print(epoch_of_slices(*inputs)), 3),
    ("batches without images", epoch_of_first_slices_by_means, 4),
    ("evaluation mode left on", epoch_left_in_eval),
    ("gradients left switched off", epoch_switching_off),
    ("gradients left switched off", epoch_freezing),
    ("the KLD left out", lambda *inputs: mean_of(*inputs[:3], lambda losses: losses.bce)),
    ("three losses taken for one", lambda *inputs: mean_of(*inputs[:3], sum)),
    ("three losses taken for one", lambda *inputs: mean_of(*inputs[:3], lambda losses: losses.sum())),
    ("the mean over the pixels", lambda *inputs: epoch_of_images(*inputs) / inputs[1].shape[1]),
    ("chunk taken for split", epoch_of_chunks),
    ("an order that is drawn", epoch_of_shuffled_images),
    ("eps ignored", epoch_with_own_noise),
    ("eps ignored", lambda model, x, eps, size: epoch_of_images(model, x, 0 * eps, size)),
    ("the noise of the first batch for all batches", epoch_with_old_noise),
    ("the last batch left out", epoch_of_full_batches, 4),
    ("batches of another size than batch_size", lambda *inputs: epoch_of_slices(*inputs[:3], 64), 6),
    ("batches of another size than batch_size", lambda *inputs: epoch_of_slices(*inputs[:3], 128), 6),
    ("all images at once", lambda *inputs: mean_of(*inputs[:3], lambda losses: losses.loss), 6),
    (
        "the last batch is in the sum, and not in the number",
        epoch_of_sums(lambda sums, sizes, size: sum(sums) / (sum(sizes) // size * size)),
    ),
    ("the mean is missing", lambda *inputs: losses_of_images(*inputs), 6),
    ("a number with something around it", lambda *inputs: [epoch_of_images(*inputs)], 8),
    ("a dimension too many", lambda *inputs: losses_of_images(*inputs).mean(0, keepdim=True), 8),
    ("arguments of vae_loss in another order", lambda model, x, eps, size: loss_of(model, x, eps, [1, 0, 2, 3])),
    ("mu and sigma exchanged", lambda model, x, eps, size: loss_of(model, x, eps, [0, 1, 3, 2])),
    ("a second sigmoid", epoch_after_sigmoid),
    ("another model than the one that is given", lambda model, x, eps, size: epoch_of_images(VAE(), x, eps, size)),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "4: 0.0 → -0.0": "the same number",
    "7: vae_loss(batch, *model(batch, noise)).loss.sum().item()"
    " → vae_loss(batch, *model(batch, noise)).loss.sum()": "a tensor that holds one number, without a graph",
}
