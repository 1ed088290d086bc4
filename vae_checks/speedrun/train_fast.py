"""Check of `train_fast`: a whole training that may see each image five times."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from vae_checks.check import Check
from vae_checks.fit_symptoms import SYMPTOMS, Symptom, recognise_symptom
from vae_checks.fitted import (
    SHORT,
    draw_trainings,
    fault_of_form,
    from_the_generator,
    kept_apart,
    learns,
    main_of,
    measure_outcome,
    rises_again,
    true_history,
)
from vae_checks.losses import measure_loss
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each
from vae_checks.shapes import FORM
from vae_probe.fitting import call_fit
from vae_probe.model import VAE
from vae_probe.outcome import Case

TRAIN, FEW = 6_000, 600  # images of the training, and of the short ones
SIZES = (784, 400, 40)
TIMES = 5  # an image may be seen, on average
# Nats per validation image, a point each. The settings of the report come to 227, the model answer to 123.
LEVELS = (180, 155, 145, 135, 128)


def _draw_train_fast(seed: int) -> list[Case]:
    return draw_trainings(TRAIN, FEW)


def _within_the_budget(each: Seen) -> str:
    images = len(each.case.inputs["train"])
    seen, allowed = each.outcome.value.seen, TIMES * images
    if not seen:
        return "no gradient came back through a call of your model: what it has seen cannot be counted"
    if seen <= allowed:
        return ""
    return (
        f"with {images:,} training images yours saw {seen:,}, each counted as often as it came; {allowed:,} are allowed"
    )


def _of_the_reports_sizes(seen: list[Seen]) -> str:
    sizes = main_of(seen).sizes
    return "" if sizes == SIZES else f"expected {SIZES} for input, hidden and latent numbers, got {sizes}"


def _reaches(level: float) -> Callable[[list[Seen]], str]:
    def judge(seen: list[Seen]) -> str:
        val = main_of(seen).val
        return "" if val <= level else f"yours reaches {val:.1f}"

    return judge


def _level(level: float) -> str:
    return f"at most {level:g} nats per validation image"


def _train_fast(train_x: Tensor, val_x: Tensor, generator: torch.Generator) -> tuple[VAE, list[float]]:
    model, history = VAE(sigma_head="log_var"), []
    with torch.no_grad():
        model.decoder.out.bias.copy_(train_x.mean(0).clamp(0.001, 0.999).logit())
        model.encoder.hid_sigma.bias.sub_(4)
    optimizer = torch.optim.Adam(model.parameters())
    steps = TIMES * math.ceil(len(train_x) / 64)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.008, steps, pct_start=0.2, cycle_momentum=False)
    for _ in range(TIMES):
        for batch in torch.randperm(len(train_x), generator=generator).split(64):
            eps = torch.randn(len(batch), 40, generator=generator)
            optimizer.zero_grad()
            measure_loss(model, train_x[batch], eps).mean().backward()
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            eps = torch.randn(len(val_x), 40, generator=generator)
            history.append(measure_loss(model, val_x, eps).mean().item())
    return model, history


OVER_BUDGET = Symptom(
    Mistake(
        "more images than allowed",
        "How many images has one of your batches, and how many batches are there in all? Five times the number of "
        "training images is the budget.",
    ),
    lambda trained: any(main.seen > TIMES * n for main, n in ((trained.main, TRAIN), (trained.few, FEW))),
)
TOO_LONG = Symptom(
    Mistake(
        "steps that are too long",
        "Your loss rises again, or is no number any more. How long may a step be when the training begins, and how "
        "long near its end? Which of the σ heads bears long steps?",
    ),
    # Without the KLD the loss rises, too, however short the steps are.
    lambda trained: (
        not math.isfinite(trained.main.val) or (rises_again(trained.main) and trained.main.kld < trained.main.bce)
    ),
)
TOO_SHORT = Symptom(
    Mistake(
        "steps that are too short",
        "At the end of your training the loss is still far up. Which learning rate did the report take, and for how "
        "many steps was it made?",
    ),
    lambda trained: trained.main.val > LEVELS[1],
)
NOT_YET = Symptom(
    Mistake(
        "a change or two away",
        "Learning rate, schedule, σ head, batch size, first weights: which of them did you leave as the report has it? "
        "What did each buy in the lesson?",
    ),
    lambda trained: trained.main.val > LEVELS[-1],
)


def _recognise(seen: list[Seen]) -> Mistake | None:
    return recognise_symptom(seen, [OVER_BUDGET, TOO_LONG, *SYMPTOMS, TOO_SHORT, NOT_YET])


train_fast = Check(
    name="train_fast",
    properties=[
        Property("model and history", 1, fault_of_form, required=True),
        FORM,
        Property("learns from train_x", 1, learns, cap=2),
        Property("sizes of the report", 0, _of_the_reports_sizes, cap=5),
        Property("within the budget", 1, judge_each(_within_the_budget), cap=3),
        *(
            Property(_level(level), 1, _reaches(level), follows=("learns from train_x", *map(_level, LEVELS[:number])))
            for number, level in enumerate(LEVELS)
        ),
        Property("true validation loss", 1, judge_each(true_history)),
        Property("validation images kept apart", 0, kept_apart, cap=5),
        Property("draws from the generator", 1, from_the_generator, follows=("learns from train_x",)),
    ],
    draw=_draw_train_fast,
    call=call_fit,
    recognise=_recognise,
    prepare=measure_outcome,
    may_stop=SHORT,
    forbidden=("vae_lib.fast", "vae_lib.checkpoints"),
    hints=(
        "Begin with a training that works, your `fit` of assignment 05 say, with five epochs. Then make one change of "
        "the lesson after the other, and keep those that help.",
        "`VAE(sigma_head='log_var')` bears long steps. Before each step give Adam its learning rate: "
        "`optimizer.param_groups[0]['lr'] = one_cycle(step, steps, peak, 0.2)`, where `steps` counts those of all five "
        "epochs. Try peaks of 0.002 to 0.01.",
        "Batches of 64, a peak of 0.008, and two lines before the first step, with `torch.no_grad()`: "
        "`model.decoder.out.bias.copy_(train_x.mean(0).clamp(0.001, 0.999).logit())` and "
        "`model.encoder.hid_sigma.bias.sub_(4)`.",
    ),
    oracle=_train_fast,
)
