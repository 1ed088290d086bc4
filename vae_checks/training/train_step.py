"""Check of `train_step`: one step of an optimizer."""

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from itertools import groupby, pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from vae_checks.check import Check, outcomes_of, recognise_by
from vae_checks.compare import describe, is_number, same
from vae_checks.losses import measure_bce_and_kld, measure_loss
from vae_checks.mistakes import NOTHING, Mistake, alone_and_in_pairs, both
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
    # The same for every seed: whether a gradient is cut must not hang on its length.
    x, eps = draw_images(torch.Generator().manual_seed(0), 3, 7)
    return [*cases, Case("long", {"x": x, "eps": eps})]


def take_step(model: nn.Module, optimizer: Optimizer, x: Tensor, eps: Tensor) -> float:
    """The oracle of `train_step`: one step with autograd; returns the loss before it."""
    loss = measure_loss(model, x, eps).mean()
    weights = list(model.parameters())
    for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
        weight.grad = gradient
    optimizer.step()
    return loss.item()


def _by_clipping(name: str) -> Callable[[Callable, float], Callable]:
    """Makes of a training step, and a limit, one that calls this function of `nn.utils` before the weights move."""

    def limited(step: Callable, limit: float) -> Callable:
        def clipped(model: nn.Module, optimizer: Optimizer, x: Tensor, eps: Tensor) -> Any:
            def clip(*_: Any) -> None:
                getattr(nn.utils, name)(model.parameters(), limit)

            hook = optimizer.register_step_pre_hook(clip)
            try:
                return step(model, optimizer, x, eps)
            finally:
                hook.remove()

        return clipped

    return limited


# How long gradients are cut: the limit in words, what measures it, and what makes a step that cuts.
CUTS: list[tuple[str, Callable[[Tensor], Tensor], Callable]] = [
    ("a norm of {:.4g}", torch.linalg.vector_norm, _by_clipping("clip_grad_norm_")),
    ("numbers within ±{:.4g}", lambda gradient: gradient.abs().max(), _by_clipping("clip_grad_value_")),
]


def _limits(each: Seen) -> list[float]:
    """Of each of `CUTS` the limit of an answer that cuts in this way: no gradient of its steps is longer.

    None, where all gradients are 0: a gradient that is cut has a length.
    """
    gradients = [] if each.outcome.error else each.outcome.value["gradients"]
    if not any(gradient.any() for gradient in gradients):
        return []
    return [max(float(measure(gradient)) for gradient in gradients) for _, measure, _ in CUTS]


def _same_steps(each: Seen, value: dict) -> bool:
    """Whether an answer's losses, weights and gradients are these.

    Of the same steps, gradients differ by up to 1e-6 of their norm; where old ones are added, by 4e-4 or more.
    """
    actual = each.outcome.value
    gradients = list(zip(value["gradients"], actual["gradients"], strict=False))
    return (
        same(actual["losses"], value["losses"])
        and same(actual["weights"], value["weights"])
        and all((a - b).norm() <= 5e-5 * a.norm() for a, b in gradients)
    )


def _uncut(each: Seen) -> Seen:
    """What was seen; where nothing is wrong but that gradients are cut, as if they were not, and "cut" says how."""
    if each.outcome.error or _same_steps(each, each.expected.value):
        return each
    for (words, _, clip), limit in zip(CUTS, _limits(each), strict=False):
        (outcome,) = outcomes_of(call_train_step, clip(take_step, limit), [each.case])
        if _same_steps(each, outcome.value):
            value = each.outcome.value | {name: each.expected.value[name] for name in ("losses", "weights")}
            value |= {"cut": words.format(limit)}
            return each._replace(outcome=replace(each.outcome, value=value))
    return each


def _cut(each: Seen) -> str:
    cut = each.outcome.value.get("cut")
    return (
        f"your step cuts the gradient to {cut}, and the step asked for goes along the gradient as it is" if cut else ""
    )


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


def _all_weights(each: Seen) -> list[Tensor]:
    """The weights before the first step, and after each."""
    return [weights_of(small_model(each.case.seed)), *each.outcome.value["weights"]]


def _learns_nothing(each: Seen) -> str:
    first, *others = _all_weights(each)
    return "" if any(not torch.equal(first, after) for after in others) else "no weight moves in any of three steps"


def _wrong_step(each: Seen) -> str:
    """A sentence on the first step that went wrong."""
    actual = _all_weights(each)
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
    return [[value["losses"], value["weights"], [part for part, _ in groupby(value["order"])]] for value in values]


def _recognise(seen: list[Seen]) -> Mistake | None:
    *usual, long = seen
    done = [each.outcome.value for each in seen if not each.outcome.error]
    cut, graph = any("cut" in value for value in done), any(value["graph"] for value in done)
    found = _recognise_step(usual)
    wrong = [each for each in usual if each.outcome.error or _wrong_loss(each) or _wrong_step(each)]
    if wrong and not found:
        found = _made([*_other_weight_of_kld(usual[0]), *PAIRS], usual)
    if wrong and not found:
        found = _made(_cut_as_in(long), wrong)
        cut = cut or found is not None
    named = [mistake for mistake, made in ((found, found), (CUT, cut), (GRAPH, graph)) if mistake and made]
    return reduce(both, named) if named else None


def _made(mistakes: list[Mistake], seen: list[Seen]) -> Mistake | None:
    """The first mistake that shows in each case; most do not in the first, and are tried in no other."""

    def shows(mistake: Mistake, each: Seen) -> bool:
        return recognise_by(_sign, [mistake], call_train_step, agree=same)([each]) is not None

    return next((mistake for mistake in mistakes if all(shows(mistake, each) for each in seen)), None)


def _recognise_step(usual: list[Seen]) -> Mistake | None:
    if mistake := _made(STEP_MISTAKES, usual):
        return mistake
    if mistake := mistake_of_stop(usual):
        return mistake
    values = [each.outcome.value for each in usual if not each.outcome.error]
    if values and all(loss is None for value in values for loss in value["losses"]):
        return NOTHING
    if any(each.outcome.varies for each in usual):
        return OTHER_NOISE
    if any(value["order"].count("step") > 1 for value in values):
        return TWO_STEPS
    if any("step" not in value["order"] and not torch.equal(*value["weights"][:2]) for value in values):
        return OWN_OPTIMIZER
    return mistake_of_form(usual)


def _other_weight_of_kld(each: Seen) -> list[Mistake]:
    """The mistake of steps with that weight of the KLD which explains the first loss; none, if that is no number."""
    if each.outcome.error or not is_number(loss := each.outcome.value["losses"][0]):
        return []
    x, eps = each.case.inputs["x"][0], each.case.inputs["eps"][0]
    with torch.no_grad():
        bce, kld = measure_bce_and_kld(x, *small_model(each.case.seed)(x, eps))
    weight = (float(loss) - bce.mean().item()) / kld.mean().item()
    return [Mistake(OTHER_BETA.name, OTHER_BETA.question, _steps(loss=weighted(1, weight)))]


def _cut_as_in(long: Seen) -> list[Mistake]:
    """`STEP_MISTAKES`, made by steps that cut their gradients as this one does."""
    return [
        Mistake(mistake.name, mistake.question, *(clip(way, limit) for way in mistake.ways))
        for (_, _, clip), limit in zip(CUTS, _limits(long), strict=False)
        for mistake in STEP_MISTAKES
    ]


OTHER_NOISE = Mistake(
    "eps ignored",
    "Call your function twice with the same model, x and eps. Where does the other loss come from?",
)
TWO_STEPS = Mistake("more than one step", "How often should the weights move in one call?")
GRAPH = Mistake(
    "the loss returned with its graph",
    "Who adds up 800 of your losses keeps 800 graphs in memory. How does a tensor become a plain number?",
)
CUT = Mistake(
    "the gradient cut short",
    "Clipping is a custom of some trainings. Along which gradient does your optimizer step where it is long?",
)
OWN_OPTIMIZER = Mistake(
    "the weights moved without the optimizer that is given",
    "An optimizer remembers former steps. What of them is known where another line, or another optimizer, moves the "
    "weights?",
)
OTHER_BETA = Mistake(
    "another weight of the KLD", "How much does a nat of KLD cost in your loss, and how much a nat of BCE?"
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
        "must match the size of tensor b (3)": OTHER_MODEL,  # mu of another model, and eps of that which is given
        "x is not all in [0, 1], and x_logits is": EXCHANGED,
        "expected pixels in [0, 1]": EXCHANGED,
        "x and x_logits should be of one shape": EXCHANGED,
        "mu and sigma should be of one shape": EXCHANGED,
        "vae_loss() missing": ONE_ARGUMENT,
        "'Losses' object has no attribute": THREE_LOSSES,
    }
    return next((mistake for sign, mistake in signs.items() if sign in messages), None)


RIGHT_ORDER = "zero_grad backward step"


def _steps(
    order: str = RIGHT_ORDER,
    loss: Callable = measure_loss,
    of_batch: Callable = torch.mean,
    after: bool = False,
    times: Callable = lambda x: 1,
) -> Callable:
    """A training step that takes the loss, calls the named parts in their order, and returns the loss as a number.

    Args:
        order: names of the parts.
        loss: (model, x, eps) → the loss of each image.
        of_batch: these losses → what the gradient is taken of.
        after: whether what it returns is measured once more, when the parts are done.
        times: x → the factor of what it returns.
    """

    def step(model: nn.Module, optimizer: Optimizer, x: Tensor, eps: Tensor) -> Any:
        value = of_batch(loss(model, x, eps))
        does = {"zero_grad": optimizer.zero_grad, "backward": value.backward, "step": optimizer.step}
        for part in order.split():
            does[part]()
        return times(x) * (of_batch(loss(model, x, eps)) if after else value).item()

    return step


def _losses(model: nn.Module, x: Tensor, eps: Tensor) -> Any:  # of it a student asks what it does not have
    bce, kld = measure_bce_and_kld(x, *model(x, eps))
    return Losses(bce + kld, bce, kld)


def _sigma_for_log_var(model: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    x_logits, mu, sigma = model(x, eps)
    bce, _ = measure_bce_and_kld(x, x_logits, mu, sigma)
    return bce + 0.5 * (mu**2 + sigma.exp() - 1 - sigma).sum(1)


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


def weighted(of_bce: float, of_kld: float) -> Callable[..., Tensor]:
    """A loss with weights of its two terms."""

    def loss(model: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
        bce, kld = measure_bce_and_kld(x, *model(x, eps))
        return of_bce * bce + of_kld * kld

    return loss


loss_by_pixels = weighted(1 / PIXELS, 1)
SUM = "the sum over the batch in place of the mean"

NO_ZERO_GRAD = Mistake(
    "zero_grad forgotten",
    "`backward` adds to the gradients that are there. Which ones are there in the second step?",
)

# Of each mistake what it changes of `_steps`.
PARTS: list[tuple[Mistake, dict[str, Any]]] = [
    (NO_ZERO_GRAD, dict(order="backward step")),
    (
        Mistake("step forgotten", "You have a gradient for each weight. Who moves the weights?"),
        dict(order="zero_grad backward"),
    ),
    (
        Mistake(
            "backward forgotten",
            "The optimizer moves each weight along its gradient. Who computes the gradients?",
        ),
        dict(order="zero_grad step"),
    ),
    *(
        (
            Mistake(
                "step before backward",
                "With which gradients does your step go, those of this batch or older ones?",
            ),
            dict(order=order),
        )
        for order in ("zero_grad step backward", "step zero_grad backward")
    ),
    (
        Mistake(
            "zero_grad between backward and step",
            "What is left of the gradients when the optimizer looks at them?",
        ),
        dict(order="backward zero_grad step"),
    ),
    (
        Mistake(SUM, "With batches of 128 in place of 64, should the loss double, and the step with it?"),
        dict(of_batch=torch.sum),
    ),
    (
        Mistake(SUM, "You return the mean. Of which number do you take the gradient?"),
        dict(of_batch=torch.sum, times=lambda x: 1 / len(x)),
    ),
    (
        Mistake(SUM, "You step along the gradient of the mean. Which number do you return?"),
        dict(times=len),
    ),
    (
        Mistake(
            "the loss measured after the step",
            "Which weights had the model when the gradient was taken, and which when you measured the loss?",
        ),
        dict(after=True),
    ),
    (
        Mistake("eps ignored", "Which noise does your model see, that of `eps` or another?"),
        dict(loss=lambda model, x, eps: measure_loss(model, x, 0 * eps)),
    ),
    (
        Mistake("divided by a batch size of 64", "How many images has a batch that is not full?"),
        dict(of_batch=lambda losses: losses.sum() / 64),
    ),
    (
        Mistake(
            "the KLD left out",
            "A loss of only one term makes an autoencoder. Which term makes it a variational one?",
        ),
        dict(loss=weighted(1, 0)),
    ),
    (
        Mistake(
            "the KLD with the wrong sign", "Should the KLD be large or small? What does your optimizer make of it?"
        ),
        dict(loss=weighted(1, -1)),
    ),
    (
        Mistake("the BCE left out", "Which term of the loss knows what the image looks like?"),
        dict(loss=lambda model, x, eps: measure_bce_and_kld(x, *model(x, eps))[1]),
    ),
    (
        Mistake("up the gradient, not down", "An optimizer makes small what you differentiate. What is that in yours?"),
        dict(of_batch=lambda losses: -losses.mean()),
    ),
    (
        Mistake("up the gradient, not down", "You return the loss. Of which number do you take the gradient?"),
        dict(of_batch=lambda losses: -losses.mean(), times=lambda x: -1),
    ),
    (
        Mistake(
            "mu and sigma exchanged",
            "In which order does the model give its three results, and in which does `vae_loss` take them?",
        ),
        dict(loss=loss_exchanged),
    ),
    (
        Mistake("a second sigmoid", "Does `vae_loss` take logits, or pixels in [0, 1]?"),
        dict(loss=loss_after_sigmoid),
    ),
    (
        Mistake("x and eps exchanged", "In which order does the model take the images and the noise?"),
        dict(loss=lambda model, x, eps: measure_loss(model, eps, x)),
    ),
    (
        Mistake("sigma taken for log σ²", "The model gives σ. What does your formula call `logvar`, and is σ that?"),
        dict(loss=_sigma_for_log_var),
    ),
    (
        Mistake(
            "the mean over the pixels",
            "The KLD is a sum over dimensions. If the BCE is a mean over pixels, what has become of β?",
        ),
        dict(loss=loss_by_pixels),
    ),
    (
        Mistake(
            "the mean over the pixels", "In nats per image: do the 784 pixels of an image share its cost, or add to it?"
        ),
        dict(loss=lambda *inputs: measure_loss(*inputs) / PIXELS),
    ),
]

_alone, PAIRS = alone_and_in_pairs(PARTS, _steps)
STEP_MISTAKES = [
    *_alone,
    Mistake(
        THREE_LOSSES.name,
        THREE_LOSSES.question,
        _steps(loss=_losses, of_batch=lambda losses: losses.mean()),
        _steps(loss=_losses, of_batch=lambda losses: losses.sum()),
        _steps(loss=_losses),
        _steps(loss=_losses, of_batch=lambda losses: torch.stack(losses).mean()),
        _steps(loss=_losses, of_batch=lambda losses: (losses.loss + losses.bce + losses.kld).mean()),
    ),
    Mistake(
        "the gradient of many numbers",
        "You have a loss for each image, and a gradient is that of one number. Which number?",
        _steps(loss=_losses, of_batch=lambda losses: losses.loss),
    ),
    Mistake(
        "a plain number before backward",
        "`.item()` lets go of the graph. Who still needs it?",
        _steps(of_batch=lambda losses: losses.mean().item()),
    ),
    Mistake(
        "gradients switched off",
        "`no_grad` and `detach` keep PyTorch from noting what it computes. Who needs these notes here?",
        _steps(of_batch=lambda losses: losses.mean().detach()),
    ),
]


train_step = Check(
    name="train_step",
    properties=[
        Property("shape", 1, judge_each(_shape, "main")),
        FORM,
        Property("loss", 2, judge_each(_wrong_loss, "main"), follows=("shape",)),
        Property("the model learns", 0, judge_each(_learns_nothing, "main"), cap=4),
        Property("weights after the step", 4, judge_each(_wrong_step, "main"), follows=("loss", "the model learns")),
        Property("gradient uncut", 0, judge_each(_cut), cap=8),
        Property("no graph kept", 1, judge_each(_graph)),
        Property(
            "batch of one",
            1,
            judge_each(lambda each: _wrong_loss(each) or _wrong_step(each), "main", "one"),
            follows=("shape", "loss", "the model learns", "weights after the step"),
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
    prepare=lambda each: _uncut(reshape_part(each, "losses")),
    may_stop=("one",),
)
