"""Check of `fit`: a whole training."""

import torch

from vae_checks.check import Check
from vae_checks.compare import describe, is_number
from vae_checks.mistakes import Finding, Mistake
from vae_checks.training.epoch_loss import measure_epoch
from vae_checks.training.tiny_vae import list_findings, measure_bce_and_kld, measure_loss
from vae_checks.training.train_step import take_step
from vae_probe.training import DOT, VAE, call_fit, fit_images, pixels

TRAIN, VAL, TARGET = 3_000, 2_010, 150


def _draw_fit(seed):
    chosen = torch.randperm(60_000, generator=torch.Generator().manual_seed(seed))[: TRAIN + VAL]
    val = chosen[TRAIN:]
    # Thin digits first: the loss of the last batch is then far from that of all.
    val = val[pixels(val).sum(1).argsort()]
    return [{"kind": "main", "inputs": {"train": chosen[:TRAIN], "val": val, "generator": seed}}]


@torch.no_grad()
def _measure(cases, outcomes):
    """The losses of the student's model, measured here, beside the one that was reported last; or a fault."""
    value = outcomes[0]["value"]
    if not isinstance(value, dict) or "weights" not in value:
        return f"expected a model and a list, got {describe(value)}"
    history = value["history"]
    if not isinstance(history, list) or not history or not all(map(is_number, history)):
        return f"expected a history of one number for each epoch, got {describe(history)}"
    try:
        model = VAE(**value["sizes"])
        model.load_state_dict(value["weights"])
    except Exception:  # whatever a student's model may hold
        return "expected a model of the class VAE of vae_lib.model"
    train_x, val_x = fit_images(cases[0])
    generator = torch.Generator().manual_seed(0)
    noise = (torch.randn(len(x), model.config.latent_dim, generator=generator) for x in (train_x, val_x))
    train, val = (measure_loss(model, x, eps) for x, eps in zip((train_x, val_x), noise, strict=True))
    x_logits, mu, sigma = model(val_x, torch.zeros(1))
    without_noise = sum(part.mean().item() for part in measure_bce_and_kld(val_x, x_logits, mu, sigma))
    return {
        "history": [float(loss) for loss in history],
        "reported": float(history[-1]),
        "val": val.mean().item(),
        "train": train.mean().item(),
        "without noise": without_noise,
        "kld": measure_bce_and_kld(val_x, x_logits, mu, sigma)[1].mean().item(),
        "last batches": [
            val[-n:].mean().item()
            for size in (*range(10, 101, 10), 2, 32, 64, 128, 200, 256, 500, 512, 1000, 1024)
            for n in (size, len(val) % size)
            if n
        ],
        # Beside another corner, because a model that has hardly learnt draws both.
        "dot": (x_logits[:, 0].sigmoid() - x_logits[:, 27].sigmoid()).mean().item(),
    }


def _judge_fit(cases, outcomes):
    seen = _measure(cases, outcomes)
    if isinstance(seen, str):
        return [Finding("model and history", False, seen)]
    faults = dict.fromkeys(fit.points, "")
    if not seen["val"] <= TARGET:
        faults["reaches the loss"] = f"{seen['val']:.1f} nats per validation image, {TARGET} or less are asked for"
    if not seen["history"][-1] < seen["history"][0]:
        faults["history falls"] = f"it begins with {seen['history'][0]:.4g} and ends with {seen['reported']:.4g}"
    if not abs(seen["reported"] - seen["val"]) < 1:
        faults["true validation loss"] = (
            f"your history ends with {seen['reported']:.4g}, but on the validation images your model has a loss of "
            f"{seen['val']:.1f} nats per image"
        )
    if not seen["dot"] < DOT / 5:
        faults["validation images kept apart"] = (
            "in this check the validation images have a grey dot in a corner, no training image has one, and your "
            "model draws it"
        )
    return list_findings(fit.points, faults)


def _near(one, other, tolerance=1.0):
    return abs(one - other) < tolerance


# Wrong trainings would take a minute, so here a mistake's function says whether what was measured looks like it.
FIT_MISTAKES = [
    Mistake(
        "trained on the validation images, too",
        "What is a validation loss worth on images that the model has learnt from?",
        lambda seen: seen["dot"] >= DOT / 5,
    ),
    Mistake(
        "the mean over the pixels",
        "In nats per image an untrained model begins above 500. Why is your number so small?",
        lambda seen: 0 < seen["reported"] < 20,
    ),
    Mistake(
        "the mean over the pixels",
        "The KLD of your model is nearly 0, so z says nothing about the image. If the BCE is a mean over 784 pixels, "
        "what has become of β?",
        lambda seen: seen["kld"] < 2 and seen["val"] > 190,
    ),
    Mistake(
        "a sum in place of a mean",
        "Should the number double if you measure twice as many images?",
        lambda seen: seen["reported"] > 2 * seen["val"],
    ),
    Mistake(
        "the loss of the last batch",
        "Which images does your number speak of? In this check the last ones are the thickest digits.",
        lambda seen: (
            seen["reported"] > seen["val"] + 3 and any(_near(seen["reported"], loss) for loss in seen["last batches"])
        ),
    ),
    Mistake(
        "the loss at z = μ, without noise",
        "The loss is that of a z drawn from N(μ, σ²). Which z did you decode?",
        lambda seen: (
            _near(seen["reported"], seen["without noise"])
            and abs(seen["reported"] - seen["without noise"]) < abs(seen["reported"] - seen["train"])
        ),
    ),
    Mistake(
        "evaluated on the training images",
        "Your number is better than what we measure on the validation images. Which images have you measured?",
        lambda seen: seen["train"] - 1 < seen["reported"] < seen["val"] - 1,
    ),
    Mistake(
        "trained too little",
        "Your history still falls. Which two settings decide how far it comes?",
        lambda seen: _near(seen["reported"], seen["val"]) and seen["history"][0] > seen["reported"],
    ),
]


def _recognise_fit(cases, outcomes):
    seen = None if outcomes[0]["error"] else _measure(cases, outcomes)
    if not isinstance(seen, dict):
        return None
    return next((mistake for mistake in FIT_MISTAKES if mistake.function(seen)), None)


def _fit(train_x, val_x, generator):
    model, history = VAE(), []
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    noise = torch.randn(len(val_x), 40, generator=generator)
    for _ in range(15):
        for batch in torch.randperm(len(train_x), generator=generator).split(64):
            take_step(model, optimizer, train_x[batch], torch.randn(len(batch), 40, generator=generator))
        history.append(measure_epoch(model, val_x, noise, 500))
    return model, history


fit = Check(
    name="fit",
    points={
        "model and history": 1,
        "reaches the loss": 3,
        "history falls": 1,
        "true validation loss": 3,
        "validation images kept apart": 2,
    },
    draw=_draw_fit,
    call=call_fit,
    judge=_judge_fit,
    recognise=_recognise_fit,
    hints=(
        "Two loops, one inside the other: over epochs, over batches. What is made once, before both? What is done once "
        "in each epoch?",
        "Once: the model, the optimizer (Adam), the noise for the validation images, an empty history. Each epoch: a "
        "new order (`torch.randperm`), a `train_step` for each batch, then one `epoch_loss`. The report's learning "
        "rate of 1e-4 is too small for so few steps.",
        "`for batch in torch.randperm(len(train_x), generator=generator).split(64):` gives the indices of each batch; "
        "its images are `train_x[batch]`, its noise is `torch.randn(len(batch), 40, generator=generator)`. Adam with "
        "lr=1e-3 and 15 such epochs are enough.",
    ),
    oracle=_fit,
)
