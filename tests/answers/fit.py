"""Right and wrong answers to `fit`, in other words than the check's own."""

import copy

import torch
from torch import nn
from torch.utils.data import DataLoader

from tests.answers.epoch_loss import epoch_of_slices
from tests.answers.train_step import loss_by_hand, pixel_mean, step_spoilt
from vae_lib.data import load_tensors
from vae_lib.loss import vae_loss
from vae_lib.model import VAE


def fit_loop(
    train_x,
    val_x,
    generator,
    *,
    epochs=14,
    lr=1e-3,
    sigma_head="sigma",
    loss=loss_by_hand,
    report=epoch_of_slices,
    noise=None,
    size=64,
):
    """A training whose parts the wrong answers exchange."""
    noise = noise or (lambda n: torch.randn(n, 40, generator=generator))
    model = VAE(sigma_head=sigma_head)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    history = []
    for _ in range(epochs):
        for batch in torch.randperm(len(train_x), generator=generator).split(size):
            step_spoilt(model, optimizer, train_x[batch], noise(len(batch)), loss=loss)
        history.append(float(report(model, val_x, torch.randn(len(val_x), 40, generator=generator), 500)))
    return model, history


def fit_log_var(train_x, val_x, generator):
    return fit_loop(train_x, val_x, generator, sigma_head="log_var")


def fit_loader(train_x, val_x, generator):
    def noise(n):
        return torch.randn(n, 40, generator=generator)

    model = VAE(hidden_dim=300)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-4)
    history = []
    for _ in range(15):
        for x in DataLoader(train_x, 100, shuffle=True, generator=generator):
            optimizer.zero_grad()
            vae_loss(x, *model(x, noise(len(x)))).loss.mean().backward()
            nn.utils.clip_grad_norm_(model.parameters(), 50.0)
            optimizer.step()
        with torch.no_grad():
            history.append(vae_loss(val_x, *model(val_x, noise(len(val_x)))).loss.mean())
    return model, torch.stack(history)


def fit_with_chance(train_x, val_x, generator):
    """Only the order is from the generator."""
    return fit_loop(train_x, val_x, generator, noise=lambda n: None)


def fit_set_back(train_x, val_x, generator):
    return fit_loop(train_x, val_x, generator.manual_seed(0))


def fit_other_images(train_x, val_x, generator):
    return fit_too_short(load_tensors()[0].x[:3000], val_x, generator)


def fit_sorted(train_x, val_x, generator):
    model, history = fit_too_short(train_x, val_x, generator)
    return model, sorted(history, reverse=True)


def fit_measured_before(train_x, val_x, generator):
    model, history = fit_too_short(train_x, val_x, generator)
    return model, [measured(VAE(), val_x), *history[:-1]]


def fit_measured_first(train_x, val_x, generator, at_the_end=False):
    """Each epoch begins with the measurement; one more `at_the_end` is that of the model which is returned."""

    def measure():
        history.append(epoch_of_slices(model, val_x, torch.randn(len(val_x), 40, generator=generator), 500))

    model, history = VAE(), []
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(14):
        measure()
        for batch in torch.randperm(len(train_x), generator=generator).split(64):
            step_spoilt(model, optimizer, train_x[batch], torch.randn(len(batch), 40, generator=generator))
    if at_the_end:
        measure()
    return model, history


def fit_measured_at_both_ends(*inputs):
    return fit_measured_first(*inputs, at_the_end=True)


def fit_with_the_noise_of(draw):
    """A training that draws its noise once: `draw(n, generator)` for n images; `noise(batch)` of it is used again."""

    def fit(train_x, val_x, generator):
        model, history = VAE(), []
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        noise = draw(len(train_x), generator)
        for _ in range(15):
            for batch in torch.randperm(len(train_x), generator=generator).split(64):
                step_spoilt(model, optimizer, train_x[batch], noise(batch))
            history.append(epoch_of_slices(model, val_x, torch.randn(len(val_x), 40, generator=generator), 500))
        return model, history

    return fit


def noise_of_images(n, generator):
    noise = torch.randn(n, 40, generator=generator)
    return lambda batch: noise[batch]


def noise_of_rows(n, generator):
    noise = torch.randn(64, 40, generator=generator)
    return lambda batch: noise[: len(batch)]


def noise_of_batches(n, generator):
    return lambda batch: torch.randn(1, 40, generator=generator).expand(len(batch), -1)


def fit_in_order(train_x, val_x, generator):
    """Right but for the order."""
    model, history = VAE(), []
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(15):
        for x in train_x.split(64):
            step_spoilt(model, optimizer, x, torch.randn(len(x), 40, generator=generator))
        history.append(epoch_of_slices(model, val_x, torch.randn(len(val_x), 40, generator=generator), 500))
    return model, history


def fit_reporting_its_steps(train_x, val_x, generator):
    """The history holds the loss of the last step of each epoch."""
    model, history = VAE(), []
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(4):
        for batch in torch.randperm(len(train_x), generator=generator).split(64):
            noise = torch.randn(len(batch), 40, generator=generator)
            loss = step_spoilt(model, optimizer, train_x[batch], noise)
        history.append(loss)
    return model, history


def fit_part_by_part(
    train_x, val_x, generator, *, order="new", weights=None, noise=None, measure=None, returned=lambda *parts: parts
):
    """A training of 15 epochs, right but for one of its parts.

    Args:
        order: "new" in each epoch, or "drawn" and not used.
        weights: model → what the optimizer moves; by default those of the model.
        noise: draws that of the validation images: n → (n, D).
        measure: (model, optimizer, val_x, eps) → a number for the history.
        returned: (model, history) → what is returned.
    """
    measure = measure or (lambda model, optimizer, x, eps: epoch_of_slices(model, x, eps, 500))
    model, history = VAE(), []
    optimizer = torch.optim.Adam((weights or VAE.parameters)(model), lr=1e-3)
    for _ in range(15):
        drawn = torch.randperm(len(train_x), generator=generator)
        for i in range(0, len(train_x), 64):
            x = train_x[drawn[i : i + 64]] if order == "new" else train_x[i : i + 64]
            step_spoilt(model, optimizer, x, torch.randn(len(x), 40, generator=generator))
        eps = (noise or torch.randn)(len(val_x), 40, generator=generator)
        history.append(float(measure(model, optimizer, val_x, eps)))
    return returned(model, history)


def part(**how):
    return lambda *inputs: fit_part_by_part(*inputs, **how)


def one_row(n, size, generator):
    return torch.randn(1, size, generator=generator).expand(n, -1)


def only_bce(model, x, eps):
    return vae_loss(x, *model(x, eps)).bce.mean()


def fit_too_short(train_x, val_x, generator, epochs=4, **how):
    return fit_loop(train_x, val_x, generator, epochs=epochs, **how)


def fit_nearly(train_x, val_x, generator):
    return fit_loop(train_x, val_x, generator, epochs=6)


def fit_reporting(report, epochs=4):
    """A short training that reports `report(model, train_x, val_x)` in place of the validation loss."""

    def fit(train_x, val_x, generator):
        def reported(model, *_):
            return report(model, train_x, val_x)

        return fit_too_short(train_x, val_x, generator, epochs, report=reported)

    return fit


@torch.no_grad()
def measured(model, x, noise=1.0):
    return loss_by_hand(model, x, noise * torch.randn(len(x), 40)).item()


def fit_of_3000(train_x, val_x, generator):
    return fit_loop(torch.stack([train_x[i] for i in range(3_000)]), val_x, generator)


def fit_exchanged(train_x, val_x, generator):
    return fit_too_short(train_x, val_x, generator)[::-1]


OTHER_NOISE = "other random numbers of the same kind"


OTHER_CHOICE = "another choice, as good"


def fit_spoilt(
    train_x,
    val_x,
    generator,
    *,
    todo="zero backward step",
    new_models=False,
    one_order=False,
    once=False,
    best=False,
    part=slice(None),
    images=None,
    rows=None,
    lr=1e-3,
    epochs=8,
):
    """A training as many write it, whose slips are switched on."""

    def noise(n):
        return torch.randn(n, 40, generator=generator)

    model, history, kept = VAE(), [], None
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        if new_models:
            model = VAE()
            optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        if not one_order or not history:
            order = torch.randperm(len(train_x), generator=generator)
        for batch in order.split(32):
            step_spoilt(model, optimizer, train_x[batch], noise(len(batch)), todo=todo)
        x = (val_x if images is None else images)[part]
        history.append(float(epoch_of_slices(model, x, noise(rows or len(x)), 500)))
        if history[-1] == min(history):
            kept = copy.deepcopy(model)
    return kept if best else model, history[-1:] if once else history


def fit_of_the_notebooks_images(train_x, vx, generator):
    return fit_spoilt(train_x, load_tensors()[1].x[:2000], generator, epochs=12)


def slip(**how):
    return lambda *inputs: fit_spoilt(*inputs, **how)


RIGHT = [fit_log_var, fit_loader, fit_measured_at_both_ends]

NAMED = "a dict, where parts are taken by their place"

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    (
        "trained on the validation images, too",
        lambda train_x, val_x, generator: fit_too_short(torch.cat([train_x, val_x]), val_x, generator),
    ),
    ("the mean over the pixels", lambda *inputs: fit_too_short(*inputs, epochs=8, loss=pixel_mean)),
    ("the mean over the pixels", fit_reporting(lambda model, train_x, val_x: measured(model, val_x) / 784)),
    ("a sum in place of a mean", fit_reporting(lambda model, train_x, val_x: measured(model, val_x) * 5)),
    ("the loss of the last batch", fit_reporting(lambda model, train_x, val_x: measured(model, val_x[-10:]))),
    (
        "the loss at z = μ, without noise",
        fit_reporting(lambda model, train_x, val_x: measured(model, val_x, 0.0), 8),
    ),
    ("evaluated on the training images", fit_reporting(lambda model, train_x, val_x: measured(model, train_x))),
    ("the loss stays too high", fit_too_short, 6),
    ("the loss stays too high", fit_nearly, 8),
    (
        "training and validation images swapped",
        lambda train_x, val_x, generator: fit_too_short(val_x, train_x, generator),
    ),
    ("not trained on train_x", fit_other_images),
    ("not trained on train_x", lambda train_x, val_x, generator: (VAE(), [150.0])),
    ("the KLD left out", lambda *inputs: fit_too_short(*inputs, loss=only_bce)),
    ("measured before the epoch", fit_measured_before),
    ("measured before the epoch", fit_measured_first, 7),
    ("the validation images that are given are never read", fit_reporting_its_steps, 5),
    ("never shuffled", fit_in_order, 9),
    ("noise that comes again", fit_with_the_noise_of(noise_of_images), 7),
    ("noise that comes again", fit_with_the_noise_of(noise_of_rows), 7),
    ("noise that comes again", fit_with_the_noise_of(noise_of_batches)),
    ("the best loss, not the last one", fit_sorted),
    ("the generator is not used", fit_set_back),
    ("chance that is not from the generator", fit_with_chance),
    ("trained for too long, or with too large steps", lambda *inputs: fit_loop(*inputs, epochs=12, lr=4e-3, size=32)),
    ("it stops with another number of images", fit_of_3000),
    ("it stops with another number of images", slip(rows=2000)),
    ("zero_grad forgotten", slip(todo="backward step")),
    ("zero_grad forgotten", slip(todo="backward step", lr=2e-4)),
    ("a new model in each epoch", slip(new_models=True), 4),
    ("one order for all epochs", slip(one_order=True, epochs=12), 9),
    ("measured once, not after each epoch", slip(once=True, epochs=12), 8),
    ("the best model returned, with the history of the last one", slip(best=True, epochs=12), 7),
    ("only the first validation images", slip(part=slice(100), epochs=12), 7),
    ("only the first validation images", slip(part=slice(100), rows=100, epochs=12), 6),
    ("trained without noise", lambda *inputs: fit_loop(*inputs, noise=lambda n: torch.zeros(n, 40))),
    ("the validation images that are given are never read", fit_of_the_notebooks_images, 7),
    ("trained on the validation images, too", part(measure=step_spoilt), 5),
    ("never shuffled", part(order="drawn"), 9),
    ("an optimizer of other weights", part(weights=lambda model: VAE().parameters()), 2),
    ("an optimizer of other weights", part(weights=lambda model: model.decoder.parameters()), 5),
    ("one noise for all validation images", part(noise=one_row), 7),
    ("one thing where several are asked for", part(returned=lambda model, history: model), 7),
    ("measured once, not after each epoch", part(returned=lambda model, history: (model, [])), 7),
    ("measured once, not after each epoch", part(returned=lambda model, history: (model, history[-1])), 8),
    (NAMED, part(returned=lambda model, history: (model, {"train": [0.0] * 15, "val": history})), 8),
    (NAMED, part(returned=lambda model, history: (model, dict(enumerate(history)))), 8),
    (NAMED, part(returned=lambda model, history: {"model": model, "history": history}), 8),
    ("more than what is asked for", part(returned=lambda model, history: (model, history, 15)), 8),
    ("returned in the other order", fit_exchanged, 6),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "6: torch.randn(len(val_x), 40, generator=generator)"
    " → -torch.randn(len(val_x), 40, generator=generator)": OTHER_NOISE,
    "7: 15 → 16": OTHER_CHOICE,
    "8: 64 → 65": OTHER_CHOICE,
    "9: torch.randn(len(batch), 40, generator=generator)"
    " → -torch.randn(len(batch), 40, generator=generator)": OTHER_NOISE,
    "11: 500 → 501": OTHER_CHOICE,
}
