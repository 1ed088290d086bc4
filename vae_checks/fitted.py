"""A whole training of a student's: its cases, what the model is worth, measured here, and what is judged of it."""

import math
from dataclasses import dataclass, replace
from typing import Any

import torch

from vae_checks.compare import describe, is_number, same
from vae_checks.losses import measure_bce_and_kld, measure_loss
from vae_checks.properties import Seen, stop_of
from vae_checks.shapes import NAMED
from vae_probe.fitting import (
    BLACK_CORNER,
    TRAIN_CORNER,
    TRAIN_DOT,
    VAL_CORNER,
    VAL_DOT,
    first_weights_apart,
    fit_images,
    pixels,
)
from vae_probe.model import VAE
from vae_probe.outcome import Case

VAL, FEW_VAL = 2_010, 60  # validation images, of the training and of the short ones
DRAWS, FEW_DRAWS = 3, 30  # of noise for the validation images
SHORT = ("few", "other chance", "other generator")  # the kinds of the short trainings


def draw_trainings(train: int, few: int) -> list[Case]:
    """One training with so many images, and three short ones with a few.

    The same for every seed: a training that just reaches a target with one draw would miss it with another.
    """
    chosen = torch.randperm(60_000, generator=torch.Generator().manual_seed(1))[: train + VAL]
    train_images, val = chosen[:train], chosen[train:]
    # Thin digits first: the loss of the last batch is then far from that of all.
    val = val[pixels(val).sum(1).argsort()]
    inputs = {"train": train_images[:few], "val": val[:: VAL // FEW_VAL][:FEW_VAL], "generator": 1}
    return [
        Case("main", {"train": train_images, "val": val, "generator": 1}, seed=1),
        Case("few", inputs, seed=1),
        Case("other chance", inputs, seed=2),
        Case("other generator", inputs | {"generator": 2}, seed=1),
    ]


@dataclass(frozen=True)
class Measured:
    """What a student's model is worth, beside what was reported.

    Args:
        history: the reported losses; the last should be `val`. Empty, if there are none.
        sizes: of an image, of the hidden layers, of z.
        seen: how many images the training saw, each as often as it saw it.
        epochs: how often it saw each, on average.
        in_order: whether they came in the order in which they lie in train_x.
        one_order: whether they came in another order, and in the second epoch in that of the first.
        same_noise: shares of the training's noise that is 0, "none", or had come before: "image", for the same image,
            "row", in the same row of the batch before, "batch", in the same batch; empty, where it could not be seen.
        shared_noise: share of the batches that were decoded without gradients and with one noise for all their images.
        models: how many were trained.
        old_gradients: share of the gradients that were added to those of the step before, and moved weights.
        left_out: share of the gradients of weights that no optimizer moves, where there is an optimizer.
        val_steps: how many steps went along the gradient of validation images.
        val_x_unread: whether the function never reads the validation images that it is given.
        untrained: loss of the validation images before the training, with the first weights of a new model.
        val: loss of the validation images, nats per image, the mean of some draws of noise.
        scatter: standard deviation of that loss from draw to draw.
        train: loss of the training images.
        without_noise: loss of the validation images at z = μ.
        bce, kld: the two terms of that.
        first_batches, last_batches: losses of the first and the last validation images, for each batch size that is
            likely.
        train_dot, val_dot: how much brighter the model draws the corner with a dot than one without.
    """

    history: list[float]
    sizes: tuple[int, int, int]
    seen: int
    epochs: float
    in_order: bool
    one_order: bool
    same_noise: dict[str, float]
    shared_noise: float
    models: int
    old_gradients: float
    left_out: float
    val_steps: int
    val_x_unread: bool
    untrained: float
    val: float
    scatter: float
    train: float
    without_noise: float
    bce: float
    kld: float
    first_batches: list[float]
    last_batches: list[float]
    train_dot: float
    val_dot: float

    @property
    def repeated_noise(self) -> str:
        """Of `same_noise` the first way in which most of the noise is none, or had come before; else ""."""
        return next((name for name, share in self.same_noise.items() if share > 0.5), "")

    @property
    def adds_gradients(self) -> bool:
        """Whether most gradients were added to those of the step before."""
        return self.old_gradients >= 0.5

    @property
    def moves_others(self) -> bool:
        """Whether the optimizer holds other weights than most gradients come to."""
        return self.left_out > 0.5

    @property
    def shares_noise(self) -> bool:
        """Whether most batches that are measured have one noise for all their images."""
        return self.shared_noise > 0.5

    @property
    def begins_anew(self) -> bool:
        """Whether each epoch trained a model of its own."""
        return self.models == round(self.epochs) > 1

    @property
    def epochs_of_each(self) -> float:
        """Epochs of each of the models."""
        return self.epochs / max(self.models, 1)

    @property
    def is_rarely_measured(self) -> bool:
        """Whether the history has fewer numbers than half of the epochs of each model."""
        return len(self.history) < self.epochs_of_each / 2

    @property
    def reported(self) -> float:
        """The loss that was reported last, no number, if none was."""
        return self.history[-1] if self.history else math.nan

    @property
    def lowest(self) -> float:
        """The lowest loss that was reported, no number, if none was."""
        return min(self.history, default=math.nan)

    @property
    def result(self) -> list[float]:
        """What chance changes: the losses that were reported, and that of the model."""
        return [*self.history, self.val]

    @property
    def slack(self) -> float:
        """How far two honest draws of the same loss may lie apart, nats: ten times what was seen."""
        return 2 + 8 * self.scatter

    @property
    def is_true(self) -> bool:
        """Whether the reported loss is that of the validation images."""
        return abs(self.reported - self.val) < self.slack

    @property
    def is_late(self) -> bool:
        """Whether the history has a number for each epoch at most, and begins before the first one.

        Draws of an untrained model's loss differ by 0.1 nats. An epoch that changes it by less than 1 is no epoch
        before one that changes it by 20.
        """
        first, *others = self.history or [math.nan]
        untrained = abs(first - self.untrained) < 1 and bool(others) and first - others[0] > 20
        return untrained and len(self.history) < self.epochs + 0.5


def rises_again(main: Measured) -> bool:
    """Whether the loss has fallen, and is at the end clearly above its lowest."""
    return main.is_true and main.reported > main.lowest + 3


def measure_outcome(seen: Seen) -> Seen:
    """The outcome with what was measured as its value; or a fault, a sentence."""
    if seen.outcome.error:
        return seen
    loaded = _load(seen.outcome.value)
    measured = loaded if isinstance(loaded, str) else _measure(seen.case, *loaded, seen.outcome.value)
    named = isinstance(seen.outcome.value, dict) and isinstance(seen.outcome.value.get("history"), dict)
    note = seen.outcome.note or (NAMED if named else "")
    return seen._replace(outcome=replace(seen.outcome, value=measured, note=note))


def _load(value: Any) -> str | tuple[VAE, list[float]]:
    """The student's model and history; or a fault, a sentence."""
    if not isinstance(value, dict) or "weights" not in value:
        return f"expected a model and a list, got {describe(value)}"
    history = value["history"]
    if isinstance(history, dict):
        history = _history_of(history)
    if isinstance(history, torch.Tensor) and history.ndim == 1:
        history = list(history)
    if is_number(history):
        history = [history]
    if not isinstance(history, list) or not all(map(is_number, history)):
        return f"expected a history of one number for each epoch, got {describe(history)}"
    try:
        model = VAE(**value["sizes"])
        model.load_state_dict(value["weights"])
    except Exception:  # whatever a student's model may hold
        return "expected a model of the class VAE of vae_lib.model"
    return model, [float(loss) for loss in history]


def _history_of(named: dict[str, Any]) -> Any:
    """The history in a dict: the numbers in it, or what it holds under a name with "val", or first."""
    values = list(named.values())
    if all(map(is_number, values)):
        return values
    return next((value for name, value in named.items() if "val" in name), values[0])


@torch.no_grad()
def _measure(case: Case, model: VAE, history: list[float], noted: dict[str, Any]) -> Measured:
    train_x, val_x = fit_images(case)
    generator = torch.Generator().manual_seed(0)

    def loss_of(x: torch.Tensor, model: VAE = model) -> torch.Tensor:
        return measure_loss(model, x, torch.randn(len(x), model.config.latent_dim, generator=generator))

    draws = torch.stack([loss_of(val_x) for _ in range(DRAWS if case.kind == "main" else FEW_DRAWS)])
    train, val = loss_of(train_x[:1_000]), draws.mean(0)
    with first_weights_apart():
        untrained = loss_of(val_x, VAE(**vars(model.config)))
    x_logits, mu, sigma = model(val_x, torch.zeros(1))
    bce, kld = (part.mean().item() for part in measure_bce_and_kld(val_x, x_logits, mu, sigma))
    corners = x_logits.sigmoid().mean(0)
    black = corners[BLACK_CORNER]
    likely = (*range(10, 101, 10), 2, 32, 64, 128, 200, 256, 500, 512, 1000, 1024)
    return Measured(
        history=history,
        sizes=(model.config.input_dim, model.config.hidden_dim, model.config.latent_dim),
        seen=noted["seen"],
        epochs=noted["seen"] / len(train_x),
        in_order=noted["in_order"],
        one_order=noted["one_order"],
        same_noise=noted["same_noise"],
        shared_noise=noted["shared_noise"],
        models=noted["models"],
        old_gradients=noted["old_gradients"],
        left_out=noted["left_out"],
        val_steps=noted["val_steps"],
        val_x_unread=noted["val_x_unread"],
        untrained=untrained.mean().item(),
        val=val.mean().item(),
        scatter=draws.mean(1).std().item(),
        train=train.mean().item(),
        without_noise=bce + kld,
        bce=bce,
        kld=kld,
        first_batches=[val[:n].mean().item() for n in likely],
        last_batches=[val[-n:].mean().item() for size in likely for n in (size, len(val) % size) if n],
        # Beside a black corner, because a model that has hardly learnt draws every corner, one brighter than the other.
        train_dot=(corners[TRAIN_CORNER] - black).item(),
        val_dot=(corners[VAL_CORNER] - black).item() if black < VAL_DOT / 2 else 0.0,
    )


def fault_of_form(seen: list[Seen]) -> str:
    """Why there is nothing to measure, a sentence, or ""."""
    return next((each.outcome.value for each in seen if isinstance(each.outcome.value, str)), "")


def main_of(seen: list[Seen]) -> Measured:
    """What came of the training, the short ones aside."""
    return seen[0].outcome.value


def learns(seen: list[Seen]) -> str:
    """Whether the model has learnt from the training images: what it does not, a sentence, or ""."""
    if main_of(seen).train_dot > TRAIN_DOT / 5:
        return ""
    return "in this check all images of train_x have a grey dot in a corner, and your model does not draw it"


def kept_apart(seen: list[Seen]) -> str:
    """Whether the model has learnt from the validation images: a sentence, or ""."""
    main = main_of(seen)
    if main.val_dot >= VAL_DOT / 5:
        return (
            "in this check all images of val_x have a grey dot in a corner, no training image has it, and your model "
            "draws it"
        )
    steps = main.val_steps
    return (
        f"your optimizer steps along the gradient of images of val_x, {steps} time{'s' * (steps > 1)}" if steps else ""
    )


def new_noise(seen: list[Seen]) -> str:
    """Whether noise is drawn anew for each image, each time that it comes: where not, a sentence."""
    said = {
        "none": "z is μ, without any noise",
        "image": "each image gets the noise that it had in the epoch before",
        "row": "each batch gets the noise of the batch before",
        "batch": "all images of a batch get the same noise",
    }
    again = main_of(seen).repeated_noise
    return f"in your training {said[again]}; each image takes a new draw each time that it comes" if again else ""


def new_gradients(seen: list[Seen]) -> str:
    """Whether each step goes along the gradient of its batch alone: where not, a sentence."""
    if not main_of(seen).adds_gradients:
        return ""
    return "each gradient is added to those of the steps before, and your optimizer goes along their sum"


def moves_the_model(seen: list[Seen]) -> str:
    """Whether the optimizer moves the weights that the gradients come to: where not, a sentence."""
    if not main_of(seen).moves_others:
        return ""
    return (
        "the gradients come to weights that your optimizer does not hold: the layer that takes the images never moves"
    )


def one_model(seen: list[Seen]) -> str:
    """Whether one model is trained in all epochs: where not, a sentence."""
    main = main_of(seen)
    sentence = f"{main.models} models were trained for one epoch each, all from first weights"
    return sentence if main.begins_anew else ""


def number_for_each_epoch(seen: list[Seen]) -> str:
    """Whether the history is as long as the training: where it is far too short, a sentence."""
    main = main_of(seen)
    if not main.is_rarely_measured:
        return ""
    epochs, numbers = main.epochs_of_each, len(main.history)
    return (
        f"your history has {numbers} number{'s' * (numbers > 1)} for {epochs:.0f} epochs, and the loss after each of "
        "them is asked for"
    )


def any_number(seen: list[Seen]) -> str:
    """Whether the short trainings run to their end: where not, a sentence."""
    error = next((each.outcome.error for each in seen[1:] if each.outcome.error), None)
    images = seen[1].case.inputs
    return (
        f"with {len(images['train'])} training and {len(images['val'])} validation images {stop_of(error)}"
        if error
        else ""
    )


def new_order(seen: list[Seen]) -> str:
    """Whether a new order is drawn for each epoch: where not, a sentence."""
    return "in each epoch the images come in the order of the first one" if main_of(seen).one_order else ""


def true_history(each: Seen) -> str:
    """Whether the last loss that is reported is that of the model: where not, a sentence."""
    measured = each.outcome.value
    if measured.is_late:
        return (
            f"your history begins with {measured.history[0]:.1f}, the loss of the untrained model, and has "
            f"{len(measured.history)} numbers for {measured.epochs:.0f} epochs: the last is from before the last "
            "epoch"
        )
    if not measured.history:
        return "no validation loss comes back with your model"
    if measured.shares_noise:
        return "all validation images of a batch get the same noise; each image takes a draw of its own"
    if measured.is_true:
        return ""
    images = "the validation images"
    if each.case.kind != "main":
        images = f"{FEW_VAL} images with black and white exchanged, whose loss rises while the model learns,"
    return (
        f"your history ends with {measured.reported:.4g}, but on {images} your model has a loss of {measured.val:.1f} "
        "nats per image"
    )


def from_the_generator(seen: list[Seen]) -> str:
    """Whether all chance is from the generator: where not, a sentence."""
    _, first, other_chance, other_generator = (each.outcome for each in seen)
    if fault := any_number(seen):
        return fault
    if same(first.value.result, other_generator.value.result):
        return "nothing in your training depends on the generator that it is given"
    if main_of(seen).in_order:
        return "in each epoch the images come in the order in which they lie in train_x"
    if not same(first.value.result, other_chance.value.result):
        return "from the same weights and with the same generator, a second training goes another way"
    return ""
