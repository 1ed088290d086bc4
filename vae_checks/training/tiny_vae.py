"""Checks of assignment 05: a training step, the loss over a data set, and a whole training.

The first two see models of a few dozen weights. The third trains a real one, once, and measures what came out.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from vae_checks.check import (
    PROPERTIES,
    Check,
    Finding,
    Mistake,
    alike,
    describe,
    is_number,
    same,
)
from vae_probe.call import (
    DOT,
    LATENT,
    PIXELS,
    VAE,
    call_epoch_loss,
    call_fit,
    call_train_step,
    fit_images,
    pixels,
    small_model,
    unpack,
    weights_of,
)


def _bce_and_kld(x, x_logits, mu, sigma):
    """BCE and KLD of each image, in nats, (B,) each."""
    bce = F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").sum(1)
    prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return bce, kl_divergence(Normal(mu, sigma.abs(), validate_args=False), prior).sum(1)  # NaN is judged, not raised


def _loss(model, x, eps=None):
    bce, kld = _bce_and_kld(x, *model(x, eps))
    return bce + kld


def _images(generator, *shape):
    return torch.rand(*shape, PIXELS, generator=generator), torch.randn(*shape, LATENT, generator=generator)


def _unchanged(cases, outcomes):
    return PROPERTIES["inputs unchanged"]([(c, None, o) for c, o in zip(cases, outcomes, strict=True)], None)


def _findings(points, faults):
    return [Finding(property_, not faults[property_], faults[property_]) for property_ in points]


# train_step


def _draw_train_step(seed):
    generator = torch.Generator().manual_seed(seed)
    kinds = [("main", 7, "SGD"), ("main", 7, "Adam"), ("one", 1, "SGD")]
    cases = []
    for i, (kind, batch, optimizer) in enumerate(kinds):
        x, eps = _images(generator, 3, batch)  # three batches, so three steps
        cases.append({"kind": kind, "inputs": {"x": x, "eps": eps}, "optimizer": optimizer, "seed": 3 * seed + i})
    return cases


def _train_step(model, optimizer, x, eps):
    loss = _loss(model, x, eps).mean()
    weights = list(model.parameters())
    for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
        weight.grad = gradient
    optimizer.step()
    return loss.item()


def _judge_train_step(cases, outcomes):
    faults = dict.fromkeys(train_step.points, "")
    for case, right, outcome in zip(cases, unpack(call_train_step(_train_step, cases)), outcomes, strict=True):
        wanted, came = right["value"], outcome["value"]
        if not all(map(is_number, came["losses"])):
            return [Finding("shape", False, f"expected one number for the batch, got {describe(came['losses'][0])}")]
        loss = next(
            (
                f"that of step {step} should be {a:.5g}, got {b:.5g}"
                for step, (a, b) in enumerate(zip(wanted["losses"], came["losses"], strict=True), 1)
                if not same(a, b)
            ),
            "",
        )
        step = _wrong_step([weights_of(small_model(case["seed"])), *came["weights"]], wanted["weights"])
        if case["kind"] == "one":
            faults["batch of one"] = loss or step
        else:
            faults["loss"] = faults["loss"] or loss
            faults["weights after the step"] = faults["weights after the step"] or step
        if came["graph"]:
            faults["no graph kept"] = "what you return still holds the graph of the whole step in memory"
    faults["inputs unchanged"] = _unchanged(cases, outcomes)
    return _findings(train_step.points, faults)


def _wrong_step(came, wanted):
    """A sentence on the first step that went wrong; `came` begins with the weights before all steps."""
    for step, ((before, after), right) in enumerate(zip(pairwise(came), wanted, strict=True), 1):
        if torch.equal(before, after):
            return f"no weight moves in step {step}"
        if not same(after, right):
            return f"step {step} moves them elsewhere" + (", though those before were right" if step > 1 else "")
    return ""


def _recognise_step(cases, outcomes):
    for mistake in STEP_MISTAKES:
        if alike(unpack(call_train_step(mistake.function, cases)), outcomes):
            return mistake
    return None


def _steps(parts, loss=lambda model, x, eps: _loss(model, x, eps).mean(), returned=lambda loss, x: loss.item()):
    """A training step that takes the loss, does the named parts in their order, and returns."""

    def step(model, optimizer, x, eps):
        value = loss(model, x, eps)
        does = {"zero_grad": optimizer.zero_grad, "backward": value.backward, "step": optimizer.step}
        for part in parts.split():
            does[part]()
        return returned(value, x)

    return step


RIGHT_ORDER = "zero_grad backward step"


def _measured_after(model, optimizer, x, eps):
    _steps(RIGHT_ORDER)(model, optimizer, x, eps)
    return _loss(model, x, eps).mean().item()


def _mean_over_pixels(model, x, eps):
    bce, kld = _bce_and_kld(x, *model(x, eps))
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
    ),
    Mistake(
        "step before backward",
        "With which gradients does your step go, those of this batch or older ones?",
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
        _steps(RIGHT_ORDER, lambda model, x, eps: _loss(model, x, eps).sum()),
    ),
    Mistake(
        "the sum over the batch in place of the mean",
        "You return the mean. Of which number do you take the gradient?",
        _steps(RIGHT_ORDER, lambda model, x, eps: _loss(model, x, eps).sum(), lambda loss, x: loss.item() / len(x)),
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
        "Call your function twice with the same model, x and eps. Where does the other loss come from?",
        _steps(RIGHT_ORDER, lambda model, x, eps: _loss(model, x).mean()),
    ),
    Mistake(
        "eps ignored",
        "Which noise does your model see, that of `eps` or another?",
        _steps(RIGHT_ORDER, lambda model, x, eps: _loss(model, x, 0 * eps).mean()),
    ),
    Mistake(
        "the KLD left out",
        "A loss of only one term makes an autoencoder. Which term makes it a variational one?",
        _steps(RIGHT_ORDER, lambda model, x, eps: _bce_and_kld(x, *model(x, eps))[0].mean()),
    ),
    Mistake(
        "the mean over the pixels",
        "The KLD is a sum over dimensions. If the BCE is a mean over pixels, what has become of β?",
        _steps(RIGHT_ORDER, _mean_over_pixels),
    ),
]

train_step = Check(
    name="train_step",
    points={
        "shape": 1,
        "loss": 2,
        "weights after the step": 3,
        "no graph kept": 2,
        "batch of one": 1,
        "inputs unchanged": 1,
    },
    draw=_draw_train_step,
    call=call_train_step,
    judge=_judge_train_step,
    recognise=_recognise_step,
    hints=(
        "Five things happen: the model looks at the batch, the loss becomes one number, old gradients go, new ones "
        "come, the weights move. Which line does which?",
        "`vae_loss(x, *model(x, eps))` gives the loss of each image. The gradient is that of their mean: "
        "`optimizer.zero_grad()`, `.backward()`, `optimizer.step()`.",
        "`loss = vae_loss(x, *model(x, eps)).loss.mean()`, then the three calls of hint 2 in their order. A tensor's "
        "`.item()` is a plain number, without a graph.",
    ),
    oracle=_train_step,
)


# epoch_loss


def _draw_epoch_loss(seed):
    generator = torch.Generator().manual_seed(seed)
    cases = []
    for i, kind in enumerate(("main", "main", "one")):
        batch_size = int(torch.randint(5, 10, (), generator=generator))
        rest = int(torch.randint(1, batch_size - 1, (), generator=generator))
        x, eps = _images(generator, 1 if kind == "one" else 3 * batch_size + rest)
        cases.append({"kind": kind, "inputs": {"x": x, "eps": eps, "batch_size": batch_size}, "seed": 3 * seed + i})
    return cases


def _epoch_loss(model, x, eps, batch_size):
    losses = _batch_losses(model, x, eps, batch_size)
    return torch.cat(losses).mean().item()


@torch.no_grad()
def _batch_losses(model, x, eps, batch_size):
    """The loss of each image, a tensor for each batch."""
    batches = zip(x.split(batch_size), eps.split(batch_size), strict=True)
    return [_loss(model, *batch) for batch in batches]


def _judge_epoch_loss(cases, outcomes):
    faults = dict.fromkeys(epoch_loss.points, "")
    for case, right, outcome in zip(cases, unpack(call_epoch_loss(_epoch_loss, cases)), outcomes, strict=True):
        wanted, came = right["value"]["loss"], outcome["value"]
        if not is_number(came["loss"]):
            return [Finding("shape", False, f"expected one number for all images, got {describe(came['loss'])}")]
        property_ = {"main": "value", "one": "one image"}[case["kind"]]
        if not same(wanted, came["loss"]):
            faults[property_] = faults[property_] or f"expected {wanted:.5g}, got {float(came['loss']):.5g}"
        largest, size = max([n for n, _ in came["calls"]], default=0), case["inputs"]["batch_size"]
        if not 0 < largest <= size:
            faults["batch by batch"] = f"the model saw {largest} images at once, with a batch_size of {size}"
        if any(graph for _, graph in came["calls"]) or not came["calls"]:
            faults["without gradients"] = "the model prepared for a backward that never comes, which takes memory"
        if came["moved"]:
            faults["nothing changed"] = "the model has other weights than before"
    faults["nothing changed"] = faults["nothing changed"] or _unchanged(cases, outcomes)
    return _findings(epoch_loss.points, faults)


def _recognise_epoch_loss(cases, outcomes):
    def seen(outcomes):
        return [outcome["error"] or outcome["value"]["loss"] for outcome in outcomes]

    # Not the single image: without it, no batch is left to some mistakes.
    cases, outcomes = cases[:2], outcomes[:2]
    if any(not outcome["error"] and outcome["value"]["moved"] for outcome in outcomes):
        return IT_TRAINS
    for mistake in EPOCH_MISTAKES:
        if same(seen(unpack(call_epoch_loss(mistake.function, cases))), seen(outcomes)):
            return mistake
    return None


def _while_training(model, x, eps, batch_size):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return _train_step(model, optimizer, x, eps)


def _noise_of_the_first_batch(model, x, eps, batch_size):
    losses = [_loss(model, batch, eps[: len(batch)]).detach() for batch in x.split(batch_size)]
    return torch.cat(losses).mean().item()


IT_TRAINS = Mistake(
    "it trains while it measures",
    "Measured with which weights? Does the same call give the same number twice?",
    _while_training,
)

EPOCH_MISTAKES = [
    Mistake(
        "the loss of the last batch",
        "Which images does your number speak of, and how many are they?",
        lambda *inputs: _batch_losses(*inputs)[-1].mean().item(),
    ),
    Mistake(
        "the mean of the batch means",
        "The last batch is smaller. How much does one of its images count, and how much one of the first batch?",
        lambda *inputs: torch.stack([losses.mean() for losses in _batch_losses(*inputs)]).mean().item(),
    ),
    Mistake(
        "the sum over the images",
        "Should the number double if you measure twice as many images?",
        lambda *inputs: torch.cat(_batch_losses(*inputs)).sum().item(),
    ),
    Mistake(
        "the sum of the batch means",
        "Should the number double if you measure twice as many images?",
        lambda *inputs: sum(losses.mean().item() for losses in _batch_losses(*inputs)),
    ),
    Mistake(
        "divided by the number of batches",
        "Your sum runs over images. How many of them are there?",
        lambda *inputs: sum(losses.sum().item() for losses in _batch_losses(*inputs)) / len(_batch_losses(*inputs)),
    ),
    Mistake(
        "divided by too many images",
        "The last batch is smaller. How many images are there in all?",
        lambda model, x, eps, batch_size: (
            torch.cat(_batch_losses(model, x, eps, batch_size)).sum().item() / (-(-len(x) // batch_size) * batch_size)
        ),
    ),
    Mistake(
        "the last batch left out",
        "What about the images that do not fill a batch?",
        lambda model, x, eps, batch_size: _epoch_loss(
            model, x[: len(x) // batch_size * batch_size], eps[: len(x) // batch_size * batch_size], 1
        ),
    ),
    Mistake(
        "the mean over the pixels",
        "In nats per image: do the 784 pixels of an image share its cost, or add to it?",
        lambda *inputs: _epoch_loss(*inputs) / PIXELS,
    ),
    Mistake(
        "eps ignored",
        "Where does your model get its noise from? Does the same call give the same number twice?",
        lambda model, x, eps, batch_size: (
            torch.cat([_loss(model, batch).detach() for batch in x.split(batch_size)]).mean().item()
        ),
    ),
    Mistake(
        "eps ignored",
        "Which noise does your model see, that of `eps` or another?",
        lambda model, x, eps, batch_size: _epoch_loss(model, x, torch.zeros_like(eps), batch_size),
    ),
    Mistake(
        "the noise of the first batch for all batches",
        "Which rows of eps belong to the second batch?",
        _noise_of_the_first_batch,
    ),
]

epoch_loss = Check(
    name="epoch_loss",
    points={
        "shape": 1,
        "value": 5,
        "one image": 1,
        "batch by batch": 1,
        "without gradients": 1,
        "nothing changed": 1,
    },
    draw=_draw_epoch_loss,
    call=call_epoch_loss,
    judge=_judge_epoch_loss,
    recognise=_recognise_epoch_loss,
    hints=(
        "Each image counts once and counts the same, in whichever batch it is. What do you add up, and by what do you "
        "divide at the end?",
        "`x.split(batch_size)` cuts x into batches, the last one smaller. Cut eps in the same way and walk through "
        "both with `zip`. `with torch.no_grad():` around it spares the gradients.",
        "Add up `vae_loss(batch, *model(batch, noise)).loss.sum().item()` over the batches, then divide by the number "
        "of all images.",
    ),
    oracle=_epoch_loss,
)


# fit

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
    train, val = (
        _loss(model, x, torch.randn(len(x), model.sizes["latent_dim"], generator=generator)) for x in (train_x, val_x)
    )
    x_logits, mu, sigma = model(val_x, torch.zeros(1))
    without_noise = sum(part.mean().item() for part in _bce_and_kld(val_x, x_logits, mu, sigma))
    return {
        "history": [float(loss) for loss in history],
        "reported": float(history[-1]),
        "val": val.mean().item(),
        "train": train.mean().item(),
        "without noise": without_noise,
        "kld": _bce_and_kld(val_x, x_logits, mu, sigma)[1].mean().item(),
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
    return _findings(fit.points, faults)


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
            _train_step(model, optimizer, train_x[batch], torch.randn(len(batch), 40, generator=generator))
        history.append(_epoch_loss(model, val_x, noise, 500))
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
