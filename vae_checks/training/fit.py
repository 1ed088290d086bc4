"""Check of `fit`: a whole training."""

import torch
from torch import Tensor

from vae_checks.check import Check
from vae_checks.compare import same
from vae_checks.properties import Property, Seen, judge_each, stop_of
from vae_checks.training.epoch_loss import measure_epoch
from vae_checks.training.fit_symptoms import recognise
from vae_checks.training.fitted import Measured, measure_outcome
from vae_checks.training.train_step import take_step
from vae_probe.fitting import TRAIN_DOT, VAL_DOT, call_fit, pixels
from vae_probe.model import VAE
from vae_probe.outcome import Case

TRAIN, VAL, TARGET = 3_000, 2_010, 150
FEW, FEW_VAL = 150, 60  # images of the short trainings


def _draw_fit(seed: int) -> list[Case]:
    """One training, and three short ones. The same for every seed: a training that just reaches the target with one
    draw would miss it with another.
    """
    chosen = torch.randperm(60_000, generator=torch.Generator().manual_seed(1))[: TRAIN + VAL]
    train, val = chosen[:TRAIN], chosen[TRAIN:]
    # Thin digits first: the loss of the last batch is then far from that of all.
    val = val[pixels(val).sum(1).argsort()]
    few = {"train": train[:FEW], "val": val[:: VAL // FEW_VAL][:FEW_VAL], "generator": 1}
    return [
        Case("main", {"train": train, "val": val, "generator": 1}, seed=1),
        Case("few", few, seed=1),
        Case("other chance", few, seed=2),
        Case("other generator", few | {"generator": 2}, seed=1),
    ]


def _fault_of_form(seen: list[Seen]) -> str:
    return next((each.outcome.value for each in seen if isinstance(each.outcome.value, str)), "")


def _main(seen: list[Seen]) -> Measured:
    return seen[0].outcome.value


def _learns(seen: list[Seen]) -> str:
    if _main(seen).train_dot > TRAIN_DOT / 5:
        return ""
    return "in this check all images of train_x have a grey dot in a corner, and your model does not draw it"


def _reaches_the_loss(seen: list[Seen]) -> str:
    val = _main(seen).val
    return "" if val <= TARGET else f"{val:.1f} nats per validation image, {TARGET} or less are asked for"


def _kept_apart(seen: list[Seen]) -> str:
    if _main(seen).val_dot < VAL_DOT / 5:
        return ""
    return (
        "in this check all images of val_x have a grey dot in a corner, no training image has it, and your model draws "
        "it"
    )


def _true_history(each: Seen) -> str:
    measured = each.outcome.value
    if measured.is_true:
        return ""
    images = "the validation images"
    if each.case.kind != "main":
        images = f"{FEW_VAL} images with black and white exchanged, whose loss rises while the model learns,"
    return (
        f"your history ends with {measured.reported:.4g}, but on {images} your model has a loss of {measured.val:.1f} "
        "nats per image"
    )


def _from_the_generator(seen: list[Seen]) -> str:
    _, first, other_chance, other_generator = (each.outcome for each in seen)
    if error := first.error or other_chance.error or other_generator.error:
        return f"with {FEW} training images {stop_of(error)}"
    if same(first.value.history, other_generator.value.history):
        return "nothing in your training depends on the generator that it is given"
    if not same(first.value.history, other_chance.value.history):
        return "from the same weights and with the same generator, a second training goes another way"
    return ""


def _fit(train_x: Tensor, val_x: Tensor, generator: torch.Generator) -> tuple[VAE, list[float]]:
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
        Property("learns from train_x", 2, _learns, cap=2),
        Property("reaches the loss", 2, _reaches_the_loss, follows=("learns from train_x",), cap=6),
        Property("true validation loss", 3, judge_each(_true_history)),
        Property("validation images kept apart", 1, _kept_apart, cap=5),
        Property("draws from the generator", 1, _from_the_generator, follows=("learns from train_x",)),
    ],
    draw=_draw_fit,
    call=call_fit,
    recognise=recognise,
    prepare=measure_outcome,
    may_stop=("few", "other chance", "other generator"),
    forbidden=("vae_lib.train", "vae_lib.checkpoints"),
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
