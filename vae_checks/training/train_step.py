"""Check of `train_step`: one step of an optimizer."""

from collections.abc import Callable
from itertools import groupby, pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from vae_checks.check import Check, recognise_by
from vae_checks.compare import describe, is_number, same
from vae_checks.losses import measure_bce_and_kld, measure_loss
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each, shared
from vae_checks.shapes import FORM, mistake_of_form, reshape_part
from vae_checks.training.tiny_vae import Losses, draw_images
from vae_probe.outcome import Case
from vae_probe.training import PIXELS, call_train_step, small_model, weights_of


def _draw_train_step(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    kinds = [("main", 7, "SGD"), ("main", 7, "Adam"), ("one", 1, "SGD")]
    cases = []
    for i, (kind, batch, optimizer) in enumerate(kinds):
        x, eps = draw_images(generator, 3, batch)  # three batches, so three steps
        cases.append(Case(kind, {"x": x, "eps": eps}, optimizer=optimizer, seed=3 * seed + i))
    return cases


def take_step(model: nn.Module, optimizer: Optimizer, x: Tensor, eps: Tensor) -> float:
    """The oracle of `train_step`: one step with autograd; returns the loss before it."""
    loss = measure_loss(model, x, eps).mean()
    weights = list(model.parameters())
    for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
        weight.grad = gradient
    optimizer.step()
    return loss.item()


def _shape(each: Seen) -> str:
    losses = each.outcome.value["losses"]
    return "" if all(map(is_number, losses)) else f"expected one number for the batch, got {describe(losses[0])}"


def _wrong_loss(each: Seen) -> str:
    """A sentence on the first loss that is wrong, as long as the weights that it was taken with are right."""
    expected, actual = each.expected.value, each.outcome.value
    if fault := _shape(each):
        return fault
    for step in range(3):
        right, loss = expected["losses"][step], actual["losses"][step]
        if not same(right, loss):
            return f"that of step {step + 1} should be {right:.5g}, got {loss:.5g}"
        if not same(expected["weights"][step], actual["weights"][step]):
            break
    return ""


def _wrong_step(each: Seen) -> str:
    """A sentence on the first step that went wrong."""
    actual = [weights_of(small_model(each.case.seed)), *each.outcome.value["weights"]]
    for step, ((before, after), right) in enumerate(
        zip(pairwise(actual), each.expected.value["weights"], strict=True), 1
    ):
        if torch.equal(before, after):
            return f"no weight moves in step {step}"
        if not same(after, right):
            return f"step {step} moves them elsewhere" + (", though those before were right" if step > 1 else "")
    return ""


def _graph(each: Seen) -> str:
    return "what you return still holds the graph of the whole step in memory" if each.outcome.value["graph"] else ""


def _sign(seen: list[Seen]) -> list:
    """What was seen of each case, with parts of a step that follow on themselves, such as image by image, as one."""
    values = [each.outcome.value for each in seen]
    if any(each.outcome.error for each in seen):
        return [each.outcome.error and [each.outcome.error.type, each.outcome.error.message[:40]] for each in seen]
    return [value | {"order": [part for part, _ in groupby(value["order"])]} for value in values]


def _recognise(seen: list[Seen]) -> Mistake | None:
    if mistake := recognise_by(_sign, STEP_MISTAKES, call_train_step, agree=same)(seen):
        return mistake
    values = [each.outcome.value for each in seen if not each.outcome.error]
    if mistake := mistake_of_stop(seen):
        return mistake
    if any(each.outcome.varies for each in seen):
        return OTHER_NOISE
    if any(value["order"].count("step") > 1 for value in values):
        return TWO_STEPS
    if any("step" not in value["order"] and len(value["weights"][0].unique()) for value in values):
        moves = any(not torch.equal(*value["weights"][:2]) for value in values)
        return OWN_OPTIMIZER if moves else None
    return mistake_of_form(seen)


OTHER_NOISE = Mistake(
    "eps ignored",
    "Call your function twice with the same model, x and eps. Where does the other loss come from?",
)
TWO_STEPS = Mistake("more than one step", "How often should the weights move in one call?")
OWN_OPTIMIZER = Mistake(
    "an optimizer of your own",
    "An optimizer remembers former steps. What does one that you make anew in each call remember?",
)


EXCHANGED = Mistake(
    "arguments of vae_loss in another order",
    "In which order does `vae_loss` take x and the three results of the model?",
)
ONE_ARGUMENT = Mistake(
    "the three results of the model as one argument",
    "What does the star do in `vae_loss(x, *model(x, eps))`?",
)
THREE_LOSSES = Mistake(
    "three losses taken for one",
    "`vae_loss` gives `.loss`, `.bce` and `.kld`. Which of the three is the one to step along?",
)
OTHER_MODEL = Mistake(
    "another model than the one that is given",
    "Which model does your function use: its argument, or one that the notebook has made?",
)


def mistake_of_stop(seen: list[Seen]) -> Mistake | None:
    """The mistake that the error of `vae_loss` or of a model of the course gives away."""
    messages = " ".join(each.outcome.error.message for each in seen if each.outcome.error)
    signs = {
        "VAE expects images of shape": OTHER_MODEL,
        "x is not all in [0, 1], and x_logits is": EXCHANGED,
        "expected pixels in [0, 1]": EXCHANGED,
        "x and x_logits should be of one shape": EXCHANGED,
        "mu and sigma should be of one shape": EXCHANGED,
        "vae_loss() missing": ONE_ARGUMENT,
        "'Losses' object has no attribute": THREE_LOSSES,
    }
    return next((mistake for sign, mistake in signs.items() if sign in messages), None)


def _mean_loss(model: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    return measure_loss(model, x, eps).mean()


def _item(loss: Tensor, x: Tensor) -> float:
    return loss.item()


def _steps(parts: str, loss: Callable = _mean_loss, returned: Callable = _item) -> Callable:
    """A training step that takes the loss, does the named parts in their order, and returns."""

    def step(model: nn.Module, optimizer: Optimizer, x: Tensor, eps: Tensor) -> Any:
        value = loss(model, x, eps)
        does = {"zero_grad": optimizer.zero_grad, "backward": value.backward, "step": optimizer.step}
        for part in parts.split():
            does[part]()
        return returned(value, x)

    return step


RIGHT_ORDER = "zero_grad backward step"


def _measured_after(model: nn.Module, optimizer: Optimizer, x: Tensor, eps: Tensor) -> float:
    _steps(RIGHT_ORDER)(model, optimizer, x, eps)
    return measure_loss(model, x, eps).mean().item()


def _losses(model: nn.Module, x: Tensor, eps: Tensor) -> Any:  # of it a student asks what it does not have
    bce, kld = measure_bce_and_kld(x, *model(x, eps))
    return Losses(bce + kld, bce, kld)


def _sigma_for_log_var(model: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    x_logits, mu, sigma = model(x, eps)
    bce, _ = measure_bce_and_kld(x, x_logits, mu, sigma)
    return (bce + 0.5 * (mu**2 + sigma.exp() - 1 - sigma).sum(1)).mean()


def loss_exchanged(model: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    """The loss of each image, with mu in the place of sigma."""
    x_logits, mu, sigma = model(x, eps)
    bce, kld = measure_bce_and_kld(x, x_logits, sigma, mu)
    return bce + kld


def loss_after_sigmoid(model: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    """The loss of each image, with pixels taken for logits."""
    x_logits, mu, sigma = model(x, eps)
    bce, kld = measure_bce_and_kld(x, x_logits.sigmoid(), mu, sigma)
    return bce + kld


def _mean_over_pixels(model: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    bce, kld = measure_bce_and_kld(x, *model(x, eps))
    return bce.mean() / PIXELS + kld.mean()


STEP_MISTAKES = [
    Mistake(
        "zero_grad forgotten",
        "`backward` adds to the gradients that are there. Which ones are there in the second step?",
        _steps("backward step"),
    ),
    Mistake(
        "step forgotten",
        "You have a gradient for each weight. Who moves the weights?",
        _steps("zero_grad backward"),
    ),
    Mistake(
        "backward forgotten",
        "The optimizer moves each weight along its gradient. Who computes the gradients?",
        _steps("zero_grad step"),
    ),
    Mistake(
        "step before backward",
        "With which gradients does your step go, those of this batch or older ones?",
        _steps("zero_grad step backward"),
        _steps("step zero_grad backward"),
    ),
    Mistake(
        "zero_grad between backward and step",
        "What is left of the gradients when the optimizer looks at them?",
        _steps("backward zero_grad step"),
    ),
    Mistake(
        "the sum over the batch in place of the mean",
        "With batches of 128 in place of 64, should the loss double, and the step with it?",
        _steps(RIGHT_ORDER, lambda model, x, eps: measure_loss(model, x, eps).sum()),
    ),
    Mistake(
        "the sum over the batch in place of the mean",
        "You return the mean. Of which number do you take the gradient?",
        _steps(
            RIGHT_ORDER, lambda model, x, eps: measure_loss(model, x, eps).sum(), lambda loss, x: loss.item() / len(x)
        ),
    ),
    Mistake(
        "the sum over the batch in place of the mean",
        "You step along the gradient of the mean. Which number do you return?",
        _steps(RIGHT_ORDER, returned=lambda loss, x: loss.item() * len(x)),
    ),
    Mistake(
        "the loss measured after the step",
        "Which weights had the model when the gradient was taken, and which when you measured the loss?",
        _measured_after,
    ),
    Mistake(
        "the loss returned with its graph",
        "Who adds up 800 of your losses keeps 800 graphs in memory. How does a tensor become a plain number?",
        _steps(RIGHT_ORDER, returned=lambda loss, x: loss),
    ),
    Mistake(
        "eps ignored",
        "Which noise does your model see, that of `eps` or another?",
        _steps(RIGHT_ORDER, lambda model, x, eps: measure_loss(model, x, 0 * eps).mean()),
    ),
    Mistake(
        THREE_LOSSES.name,
        THREE_LOSSES.question,
        _steps(RIGHT_ORDER, lambda *inputs: _losses(*inputs).mean()),
        _steps(RIGHT_ORDER, lambda *inputs: _losses(*inputs).sum()),
        _steps(RIGHT_ORDER, lambda *inputs: torch.mean(_losses(*inputs))),
        _steps(RIGHT_ORDER, lambda *inputs: torch.stack(_losses(*inputs)).mean()),
        _steps(RIGHT_ORDER, lambda *inputs: sum(_losses(*inputs)).mean()),
    ),
    Mistake(
        "the gradient of many numbers",
        "You have a loss for each image, and a gradient is that of one number. Which number?",
        _steps(RIGHT_ORDER, lambda *inputs: _losses(*inputs).loss),
    ),
    Mistake(
        "a plain number before backward",
        "`.item()` lets go of the graph. Who still needs it?",
        _steps(RIGHT_ORDER, lambda *inputs: _mean_loss(*inputs).item(), lambda loss, x: loss),
    ),
    Mistake(
        "gradients switched off",
        "`no_grad` and `detach` keep PyTorch from noting what it computes. Who needs these notes here?",
        _steps(RIGHT_ORDER, lambda *inputs: _mean_loss(*inputs).detach()),
    ),
    Mistake(
        "divided by a batch size of 64",
        "How many images has a batch that is not full?",
        _steps(RIGHT_ORDER, lambda *inputs: measure_loss(*inputs).sum() / 64),
    ),
    Mistake(
        "the KLD left out",
        "A loss of only one term makes an autoencoder. Which term makes it a variational one?",
        _steps(RIGHT_ORDER, lambda model, x, eps: measure_bce_and_kld(x, *model(x, eps))[0].mean()),
    ),
    Mistake(
        "mu and sigma exchanged",
        "In which order does the model give its three results, and in which does `vae_loss` take them?",
        _steps(RIGHT_ORDER, lambda *inputs: loss_exchanged(*inputs).mean()),
    ),
    Mistake(
        "a second sigmoid",
        "Does `vae_loss` take logits, or pixels in [0, 1]?",
        _steps(RIGHT_ORDER, lambda *inputs: loss_after_sigmoid(*inputs).mean()),
    ),
    Mistake(
        "x and eps exchanged",
        "In which order does the model take the images and the noise?",
        _steps(RIGHT_ORDER, lambda model, x, eps: measure_loss(model, eps, x).mean()),
    ),
    Mistake(
        "sigma taken for log σ²",
        "The model gives σ. What does your formula call `logvar`, and is σ that?",
        _steps(RIGHT_ORDER, _sigma_for_log_var),
    ),
    Mistake(
        "the mean over the pixels",
        "The KLD is a sum over dimensions. If the BCE is a mean over pixels, what has become of β?",
        _steps(RIGHT_ORDER, _mean_over_pixels),
    ),
]


train_step = Check(
    name="train_step",
    properties=[
        Property("shape", 1, judge_each(_shape, "main")),
        FORM,
        Property("loss", 2, judge_each(_wrong_loss, "main"), follows=("shape",)),
        Property("weights after the step", 4, judge_each(_wrong_step, "main"), follows=("loss",)),
        Property("no graph kept", 1, judge_each(_graph)),
        Property(
            "batch of one",
            1,
            judge_each(lambda each: _wrong_loss(each) or _wrong_step(each), "main", "one"),
            follows=("shape", "loss", "weights after the step"),
        ),
        shared("inputs unchanged", 1),
    ],
    draw=_draw_train_step,
    call=call_train_step,
    recognise=_recognise,
    forbidden=("vae_lib.train",),
    hints=(
        "Five things happen: the model looks at the batch, the loss becomes one number, old gradients go, new ones "
        "come, the weights move. Which line does which?",
        "`vae_loss(x, *model(x, eps))` gives the loss of each image. The gradient is that of their mean: "
        "`optimizer.zero_grad()`, `.backward()`, `optimizer.step()`.",
        "`loss = vae_loss(x, *model(x, eps)).loss.mean()`, then the three calls of hint 2 in their order. A tensor's "
        "`.item()` is a plain number, without a graph.",
    ),
    oracle=take_step,
    compared=True,
    prepare=lambda each: reshape_part(each, "losses"),
    may_stop=("one",),
)
