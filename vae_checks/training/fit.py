"""Check of `fit`: a whole training."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from vae_checks.check import Check
from vae_checks.compare import describe, is_number
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property
from vae_checks.training.epoch_loss import measure_epoch
from vae_checks.training.tiny_vae import measure_bce_and_kld, measure_loss
from vae_checks.training.train_step import take_step
from vae_probe.outcome import Case
from vae_probe.training import DOT, VAE, call_fit, fit_images, pixels

TRAIN, VAL, TARGET = 3_000, 2_010, 150


def _draw_fit(seed):
    chosen = torch.randperm(60_000, generator=torch.Generator().manual_seed(seed))[: TRAIN + VAL]
    val = chosen[TRAIN:]
    # Thin digits first: the loss of the last batch is then far from that of all.
    val = val[pixels(val).sum(1).argsort()]
    return [Case("main", {"train": chosen[:TRAIN], "val": val, "generator": seed})]


@dataclass(frozen=True)
class Measured:
    """What a student's model is worth, measured here, beside what was reported.

    Args:
        history: the reported losses; the last should be `val`.
        val: loss of the validation images, nats per image; `train` that of the training images.
        without_noise: loss of the validation images at z = μ.
        kld: KLD of the validation images.
        last_batches: losses of the last validation images, for each batch size that is likely.
        dot: how much brighter the model draws the corner with the dot than another.
    """

    history: list[float]
    val: float
    train: float
    without_noise: float
    kld: float
    last_batches: list[float]
    dot: float

    @property
    def reported(self) -> float:
        """The loss that was reported last."""
        return self.history[-1]


def _measure_outcome(seen):
    """The outcome with what was measured as its value; or a fault, a sentence."""
    loaded = _load(seen.outcome.value)
    measured = loaded if isinstance(loaded, str) else _measure(seen.case, *loaded)
    return seen._replace(outcome=replace(seen.outcome, value=measured))


def _load(value):
    """The student's model and history; or a fault, a sentence."""
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
    return model, [float(loss) for loss in history]


@torch.no_grad()
def _measure(case, model, history):
    train_x, val_x = fit_images(case)
    generator = torch.Generator().manual_seed(0)
    noise = (torch.randn(len(x), model.config.latent_dim, generator=generator) for x in (train_x, val_x))
    train, val = (measure_loss(model, x, eps) for x, eps in zip((train_x, val_x), noise, strict=True))
    x_logits, mu, sigma = model(val_x, torch.zeros(1))
    bce, kld = (part.mean().item() for part in measure_bce_and_kld(val_x, x_logits, mu, sigma))
    return Measured(
        history=history,
        val=val.mean().item(),
        train=train.mean().item(),
        without_noise=bce + kld,
        kld=kld,
        last_batches=[
            val[-n:].mean().item()
            for size in (*range(10, 101, 10), 2, 32, 64, 128, 200, 256, 500, 512, 1000, 1024)
            for n in (size, len(val) % size)
            if n
        ],
        # Beside another corner, because a model that has hardly learnt draws both.
        dot=(x_logits[:, 0].sigmoid() - x_logits[:, 27].sigmoid()).mean().item(),
    )


def _fault_of_form(seen):
    value = seen[0].outcome.value
    return value if isinstance(value, str) else ""


def _reaches_the_loss(measured):
    right = measured.val <= TARGET
    return "" if right else f"{measured.val:.1f} nats per validation image, {TARGET} or less are asked for"


def _history_falls(measured):
    first, last = measured.history[0], measured.reported
    return "" if last < first else f"it begins with {first:.4g} and ends with {last:.4g}"


def _true_validation_loss(measured):
    if abs(measured.reported - measured.val) < 1:
        return ""
    return (
        f"your history ends with {measured.reported:.4g}, but on the validation images your model has a loss of "
        f"{measured.val:.1f} nats per image"
    )


def _kept_apart(measured):
    if measured.dot < DOT / 5:
        return ""
    return (
        "in this check the validation images have a grey dot in a corner, no training image has one, and your "
        "model draws it"
    )


def _near(a, b, tolerance=1.0):
    return abs(a - b) < tolerance


def _property(name, points, judge):
    return Property(name, points, lambda seen: judge(seen[0].outcome.value))


def _recognise(seen):
    measured = seen[0].outcome.value
    return next((s.mistake for s in SYMPTOMS if isinstance(measured, Measured) and s.shows(measured)), None)


class Symptom(NamedTuple):
    """A mistake, and whether what was measured looks like it: to train wrongly for each would take a minute."""

    mistake: Mistake
    shows: Callable[[Measured], bool]


SYMPTOMS = [
    Symptom(
        Mistake(
            "trained on the validation images, too",
            "What is a validation loss worth on images that the model has learnt from?",
        ),
        lambda measured: measured.dot >= DOT / 5,
    ),
    Symptom(
        Mistake(
            "the mean over the pixels",
            "In nats per image an untrained model begins above 500. Why is your number so small?",
        ),
        lambda measured: 0 < measured.reported < 20,
    ),
    Symptom(
        Mistake(
            "the mean over the pixels",
            "The KLD of your model is nearly 0, so z says nothing about the image. If the BCE is a mean over 784 "
            "pixels, what has become of β?",
        ),
        lambda measured: measured.kld < 2 and measured.val > 190,
    ),
    Symptom(
        Mistake("a sum in place of a mean", "Should the number double if you measure twice as many images?"),
        lambda measured: measured.reported > 2 * measured.val,
    ),
    Symptom(
        Mistake(
            "the loss of the last batch",
            "Which images does your number speak of? In this check the last ones are the thickest digits.",
        ),
        lambda measured: (
            measured.reported > measured.val + 3
            and any(_near(measured.reported, loss) for loss in measured.last_batches)
        ),
    ),
    Symptom(
        Mistake(
            "the loss at z = μ, without noise",
            "The loss is that of a z drawn from N(μ, σ²). Which z did you decode?",
        ),
        lambda measured: (
            _near(measured.reported, measured.without_noise)
            and abs(measured.reported - measured.without_noise) < abs(measured.reported - measured.train)
        ),
    ),
    Symptom(
        Mistake(
            "evaluated on the training images",
            "Your number is better than what we measure on the validation images. Which images have you measured?",
        ),
        lambda measured: measured.train - 1 < measured.reported < measured.val - 1,
    ),
    Symptom(
        Mistake(
            "trained too little",
            "Your history still falls. Which two settings decide how far it comes?",
        ),
        lambda measured: _near(measured.reported, measured.val) and measured.history[0] > measured.reported,
    ),
]


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
    properties=[
        Property("model and history", 1, _fault_of_form, required=True),
        _property("reaches the loss", 3, _reaches_the_loss),
        _property("history falls", 1, _history_falls),
        _property("true validation loss", 3, _true_validation_loss),
        _property("validation images kept apart", 2, _kept_apart),
    ],
    draw=_draw_fit,
    call=call_fit,
    recognise=_recognise,
    prepare=_measure_outcome,
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
