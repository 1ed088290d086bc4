"""Right and wrong answers to assignment 05, in other words than the checks' own."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

from vae_lib.loss import vae_loss
from vae_lib.model import VAE


def loss_by_hand(model, x, eps):
    x_logits, mu, sigma = model(x, eps)
    bce = F.binary_cross_entropy_with_logits(x_logits, x, reduction="sum")
    kld = 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum()
    return (bce + kld) / len(x)


def step_zero_last(model, optimizer, x, eps):
    loss = loss_by_hand(model, x, eps)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return float(loss)


def step_with_closure(model, optimizer, x, eps):
    def closure():
        model.zero_grad()
        loss = vae_loss(x, *model(x, eps)).loss.mean()
        loss.backward()
        return loss

    return optimizer.step(closure).detach()


def step_image_by_image(model, optimizer, x, eps):
    optimizer.zero_grad(set_to_none=False)
    total = 0.0
    for image, noise in zip(x.split(1), eps.split(1), strict=True):
        loss = loss_by_hand(model, image, noise) / len(x)
        loss.backward()
        total += loss.item()
    optimizer.step()
    return total


def step_spoilt(model, optimizer, x, eps, todo="zero backward step", loss=loss_by_hand):
    value = loss(model, x, eps)
    for part in todo.split():
        {"zero": optimizer.zero_grad, "backward": value.backward, "step": optimizer.step}[part]()
    return value.item()


def spoilt(**how):
    return lambda *inputs: step_spoilt(*inputs, **how)


def step_then_loss(model, optimizer, x, eps):
    step_zero_last(model, optimizer, x, eps)
    with torch.no_grad():
        return vae_loss(x, *model(x, eps)).loss.mean().item()


def step_keeps_graph(model, optimizer, x, eps):
    optimizer.zero_grad()
    loss = loss_by_hand(model, x, eps)
    loss.backward()
    optimizer.step()
    return loss


@torch.no_grad()
def epoch_of_images(model, x, eps, batch_size):
    one = [loss_by_hand(model, x[i : i + 1], eps[i : i + 1]).item() for i in range(len(x))]
    return sum(one) / len(one)


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


def fit_loop(
    train_x, val_x, generator, *, epochs=14, lr=1e-3, sigma_head="sigma", loss=loss_by_hand, report=epoch_of_slices
):
    """A training whose parts the wrong answers exchange."""
    model = VAE(sigma_head=sigma_head)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    history = []
    for _ in range(epochs):
        for batch in torch.randperm(len(train_x), generator=generator).split(64):
            eps = torch.randn(len(batch), 40, generator=generator)
            step_spoilt(model, optimizer, train_x[batch], eps, loss=loss)
        history.append(float(report(model, val_x, torch.randn(len(val_x), 40, generator=generator), 500)))
    return model, history


def fit_log_var(train_x, val_x, generator):
    return fit_loop(train_x, val_x, generator, sigma_head="log_var")


def fit_loader(train_x, val_x, generator):
    model = VAE(hidden_dim=300)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-4)
    history = []
    for _ in range(15):
        for x in DataLoader(train_x, 100, shuffle=True, generator=generator):
            optimizer.zero_grad()
            vae_loss(x, *model(x)).loss.mean().backward()
            nn.utils.clip_grad_norm_(model.parameters(), 50.0)
            optimizer.step()
        with torch.no_grad():
            history.append(vae_loss(val_x, *model(val_x)).loss.mean())
    return model, history


def fit_too_short(train_x, val_x, generator, epochs=4, **how):
    return fit_loop(train_x, val_x, generator, epochs=epochs, **how)


def pixel_mean(model, x, eps):
    x_logits, mu, sigma = model(x, eps)
    return F.binary_cross_entropy_with_logits(x_logits, x) + vae_loss(x, x_logits, mu, sigma).kld.mean()


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


RIGHT = {
    "train_step": [step_zero_last, step_with_closure, step_image_by_image],
    "epoch_loss": [epoch_of_images, epoch_of_slices, epoch_of_a_loader],
    "fit": [fit_log_var, fit_loader],
}

# The name that the check must give the mistake, and an answer that makes it.
WRONG = {
    "train_step": [
        ("zero_grad forgotten", spoilt(todo="backward step")),
        ("step forgotten", spoilt(todo="zero backward")),
        ("backward forgotten", spoilt(todo="zero step")),
        ("step before backward", spoilt(todo="zero step backward")),
        ("step before backward", spoilt(todo="step zero backward")),
        ("zero_grad between backward and step", spoilt(todo="backward zero step")),
        (
            "the sum over the batch in place of the mean",
            spoilt(loss=lambda model, x, eps: vae_loss(x, *model(x, eps)).loss.sum()),
        ),
        (
            "the sum over the batch in place of the mean",
            lambda model, optimizer, x, eps: (
                spoilt(loss=lambda model, x, eps: len(x) * loss_by_hand(model, x, eps))(model, optimizer, x, eps)
                / len(x)
            ),
        ),
        (
            "the sum over the batch in place of the mean",
            lambda model, optimizer, x, eps: len(x) * step_zero_last(model, optimizer, x, eps),
        ),
        ("the loss measured after the step", step_then_loss),
        ("the loss returned with its graph", step_keeps_graph),
        ("eps ignored", spoilt(loss=lambda model, x, eps: loss_by_hand(model, x, torch.randn_like(eps)))),
        ("eps ignored", spoilt(loss=lambda model, x, eps: loss_by_hand(model, x, 0.0))),
        ("the KLD left out", spoilt(loss=lambda model, x, eps: vae_loss(x, *model(x, eps)).bce.mean())),
        ("the mean over the pixels", spoilt(loss=pixel_mean)),
    ],
    "epoch_loss": [
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
    ],
    "fit": [
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
        ("evaluated on the training images", fit_reporting(lambda model, train_x, val_x: measured(model, train_x), 8)),
        ("trained too little", fit_too_short),
    ],
}

# Mutants of the model answer that no check can tell from it, with the reason: {name: {mutant: reason}}.
OTHER_NOISE = "other random numbers of the same kind"
OTHER_CHOICE = "another choice, as good"
EQUIVALENT = {
    "train_step": {},
    "epoch_loss": {
        "4: 0.0 → -0.0": "the same number",
        "7: vae_loss(batch, *model(batch, noise)).loss.sum().item()"
        " → vae_loss(batch, *model(batch, noise)).loss.sum()": "a tensor that holds one number, without a graph",
    },
    "fit": {
        "6: torch.randn(len(val_x), 40, generator=generator) → torch.randn(len(val_x), 40)": OTHER_NOISE,
        "6: torch.randn(len(val_x), 40, generator=generator)"
        " → -torch.randn(len(val_x), 40, generator=generator)": OTHER_NOISE,
        "7: 15 → 16": OTHER_CHOICE,
        "8: torch.randperm(len(train_x), generator=generator) → torch.randperm(len(train_x))": OTHER_NOISE,
        "8: 64 → 65": OTHER_CHOICE,
        "9: torch.randn(len(batch), 40, generator=generator) → torch.randn(len(batch), 40)": OTHER_NOISE,
        "9: torch.randn(len(batch), 40, generator=generator)"
        " → -torch.randn(len(batch), 40, generator=generator)": OTHER_NOISE,
        "11: 500 → 501": OTHER_CHOICE,
    },
}
