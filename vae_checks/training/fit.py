"""Check of `fit`: a whole training."""

import torch
from torch import Tensor

from vae_checks.check import Check
from vae_checks.fit_symptoms import SYMPTOMS, Symptom, recognise_symptom
from vae_checks.fitted import (
    SHORT,
    any_number,
    draw_trainings,
    fault_of_form,
    from_the_generator,
    kept_apart,
    learns,
    main_of,
    measure_outcome,
    moves_the_model,
    new_gradients,
    new_noise,
    new_order,
    number_for_each_epoch,
    one_model,
    rises_again,
    true_history,
)
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each
from vae_checks.shapes import FORM
from vae_checks.training.epoch_loss import measure_epoch
from vae_checks.training.train_step import NO_ZERO_GRAD, take_step
from vae_probe.fitting import call_fit
from vae_probe.model import VAE
from vae_probe.outcome import Case

TRAIN, FEW = 3_000, 150  # images of the training, and of the short ones
TARGET, NEAR = 160, 170  # nats per validation image


def _draw_fit(seed: int) -> list[Case]:
    return draw_trainings(TRAIN, FEW)


def _reaches_the_loss(seen: list[Seen]) -> str:
    main = main_of(seen)
    if main.val <= TARGET:
        return ""
    fault = f"{main.val:.1f} nats per validation image, {TARGET} or less are asked for"
    if not rises_again(main):
        return fault
    best = main.lowest
    epoch = main.history.index(best) + 1
    return f"{fault}; your history falls to {best:.1f} in epoch {epoch} of {len(main.history)}, and rises again"


def _comes_near(seen: list[Seen]) -> str:
    val = main_of(seen).val
    return "" if val <= NEAR else f"{val:.1f} nats per validation image are more than {NEAR}"


def _fit(train_x: Tensor, val_x: Tensor, generator: torch.Generator) -> tuple[VAE, list[float]]:
    model, history = VAE(), []
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    noise = torch.randn(len(val_x), 40, generator=generator)
    for _ in range(15):
        for batch in torch.randperm(len(train_x), generator=generator).split(64):
            take_step(model, optimizer, train_x[batch], torch.randn(len(batch), 40, generator=generator))
        history.append(measure_epoch(model, val_x, noise, 500))
    return model, history


OLD_GRADIENTS = Symptom(NO_ZERO_GRAD, lambda trained: trained.main.adds_gradients)
NEW_MODELS = Symptom(
    Mistake(
        "a new model in each epoch",
        "Where in your function is the model made? What does the second epoch begin with, and what should it?",
    ),
    lambda trained: trained.main.begins_anew,
)
NO_NOISE = Symptom(
    Mistake(
        "trained without noise",
        "Which z does the decoder see in your training? Who then teaches the model how wide σ should be?",
    ),
    lambda trained: trained.main.repeated_noise == "none",
)
ONCE = Symptom(
    Mistake(
        "measured once, not after each epoch",
        "Inside which of your loops does `append` stand? How many points has your curve?",
    ),
    lambda trained: trained.main.is_rarely_measured,
)
ONE_ORDER = Symptom(
    Mistake(
        "one order for all epochs",
        "In which order do the images come in your first epoch, and in which in the second? Where is it drawn?",
    ),
    lambda trained: trained.main.one_order,
)
SAME_NOISE = Symptom(
    Mistake(
        "noise that comes again",
        "Which images share their noise in your training? When an image comes for the second time, what does its z "
        "teach that the first one did not?",
    ),
    lambda trained: bool(trained.main.repeated_noise),
)
TOO_MUCH = Symptom(
    Mistake(
        "trained for too long, or with too large steps",
        "Your history falls and rises again. After how many epochs would you stop, and what would smaller steps do?",
    ),
    lambda trained: trained.main.val > TARGET and rises_again(trained.main),
)
TOO_LITTLE = Symptom(
    Mistake(
        "the loss stays too high",
        "Which settings decide how far it comes? At the end of your history, does the loss still fall, or jump?",
    ),
    lambda trained: trained.main.is_true and trained.main.val > TARGET,
)

fit = Check(
    name="fit",
    properties=[
        Property("model and history", 1, fault_of_form, required=True),
        FORM,
        Property("new gradients in each step", 0, new_gradients, cap=5),
        Property("an optimizer of the model", 0, moves_the_model, cap=5),
        Property("one model in all epochs", 0, one_model, cap=4),
        Property("learns from train_x", 2, learns, cap=2),
        Property("reaches the loss", 2, _reaches_the_loss, follows=("learns from train_x",), cap=8),
        Property("comes near the loss", 0, _comes_near, follows=("learns from train_x",), cap=6),
        Property("a number for each epoch", 0, number_for_each_epoch, cap=8),
        Property("true validation loss", 3, judge_each(true_history)),
        Property("validation images kept apart", 1, kept_apart, cap=5),
        Property("new noise each time", 0, new_noise, follows=("learns from train_x",), cap=7),
        Property("a new order in each epoch", 0, new_order, cap=9),
        Property("any number of images", 0, any_number, follows=("learns from train_x",), cap=9),
        Property(
            "draws from the generator", 1, from_the_generator, follows=("learns from train_x", "any number of images")
        ),
    ],
    draw=_draw_fit,
    call=call_fit,
    recognise=lambda seen: recognise_symptom(
        seen, [OLD_GRADIENTS, NEW_MODELS, NO_NOISE, *SYMPTOMS, ONCE, SAME_NOISE, ONE_ORDER, TOO_MUCH, TOO_LITTLE]
    ),
    prepare=measure_outcome,
    may_stop=SHORT,
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
