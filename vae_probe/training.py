"""Calls of functions that take a step with a small model, or measure it."""

import contextlib
import io
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from vae_probe.call import call_with, observe
from vae_probe.model import VAE
from vae_probe.outcome import Case, pack

PIXELS, HIDDEN, LATENT = 784, 5, 3  # of the small models


def small_model(seed: int) -> VAE:
    """A VAE with few neurons, its weights drawn."""
    generator = torch.Generator().manual_seed(seed)
    model = VAE(PIXELS, HIDDEN, LATENT, "log_var")
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(0.3 * torch.randn(weight.shape, generator=generator))  # so that no logit rounds to 0 or 1
        model.encoder.hidden.weight.div_(8)  # it adds up many pixels
        model.encoder.hidden.bias.add_(1)  # few of its neurons are off
        model.encoder.hid_mu.bias.add_(2)  # and few means near 0, where who takes one for σ divides by it
    return model


def lengthen(model: VAE) -> None:
    """Make a model's means large, which makes its gradients long, and its logits no larger than before."""
    with torch.no_grad():
        model.encoder.hid_mu.weight.mul_(40)
        model.decoder.hidden.weight.div_(40)


def weights_of(model: nn.Module) -> Tensor:
    """All weights of a model as one vector."""
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def gradient_of(model: nn.Module) -> Tensor:
    """The gradients of all weights as one vector, 0 where a weight has none."""
    weights = model.parameters()
    return torch.cat([(torch.zeros_like(w) if w.grad is None else w.grad).detach().flatten() for w in weights])


def call_train_step(function: Any, cases: list[Case]) -> list[dict]:
    """Three steps with a small model: the losses, the weights after each, whether a graph is kept, what came when, and
    the gradients with which the optimizer moved the weights.

    In a case of the kind "long" the gradients have norms above 1,000, and the steps are tiny.
    """
    return [observe(partial(_twice, partial(_three_steps, function, case), "losses")) for case in cases]


def _twice(run: Callable[[int], dict], compared: str) -> dict:
    """The outcome of a run, and whether another global random state gives another value of this name."""
    first = run(1)
    with contextlib.redirect_stdout(io.StringIO()):  # what the first call printed is enough
        second = run(2)
    varies = repr(first["value"]["dict"][compared]) != repr(second["value"]["dict"][compared])
    return first | {"varies": varies}


def _three_steps(function: Any, case: Case, chance: int) -> dict:
    torch.manual_seed(chance)
    model, order, gradients = small_model(case.seed), [], []
    rate = 0.001
    if case.kind == "long":
        lengthen(model)
        rate = 1e-9
    optimizer: torch.optim.Optimizer
    if case.optimizer == "SGD":
        # Small, for the weights after a step that is seven times too long to be no matter of rounding.
        optimizer = torch.optim.SGD(model.parameters(), lr=0.3 * rate)
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=rate, eps=1e-3)
    optimizer.register_step_pre_hook(lambda *_: order.append("step"))
    optimizer.register_step_post_hook(lambda *_: gradients.append(pack(gradient_of(model))))
    model.decoder.out.bias.register_post_accumulate_grad_hook(lambda _: order.append("backward"))
    inputs = {name: value.clone() for name, value in case.inputs.items()}
    losses, weights, graph = [], [], False
    for x, eps in zip(inputs["x"], inputs["eps"], strict=True):
        loss = call_with(function, {"model": model, "optimizer": optimizer, "x": x, "eps": eps})
        graph = graph or (isinstance(loss, Tensor) and loss.requires_grad)
        losses.append(pack(loss))
        weights.append(pack(weights_of(model)))
        order.append("returned")
    changed = [name for name, value in inputs.items() if not torch.equal(value, case.inputs[name])]
    value = {"losses": losses, "weights": weights, "graph": graph, "order": order[: order.index("returned")]}
    return {"value": {"dict": value | {"gradients": gradients}}, "changed": changed}


def call_epoch_loss(function: Any, cases: list[Case]) -> list[dict]:
    """The loss over a small data set, what is left of the model, and how it was called.

    The value: "loss"; "moved", whether weights changed; "off", what of gradients the call left switched off, "" if
    nothing; "training", whether the model is in the mode for training, as before; "calls", for each call of the
    encoder the number of images, and whether a graph was built; "backward", whether gradients went to the weights;
    "left", whether weights have gradients afterwards.
    """
    return [observe(partial(_twice, partial(_one_epoch, function, case), "loss")) for case in cases]


def _one_epoch(function: Any, case: Case, chance: int) -> dict:
    torch.manual_seed(chance)
    model, calls, arrived = small_model(case.seed), [], []
    before = weights_of(model)
    model.encoder.register_forward_hook(lambda _, args, out: calls.append([len(out[0]), out[0].requires_grad]))
    model.decoder.out.bias.register_post_accumulate_grad_hook(lambda _: arrived.append(True))
    inputs = {"x": case.inputs["x"].clone(), "eps": case.inputs["eps"].clone()}
    loss = call_with(function, {"model": model, **inputs, "batch_size": case.inputs["batch_size"]})
    off = "" if all(weight.requires_grad for weight in model.parameters()) else "those of the model's weights"
    off = off if torch.is_grad_enabled() else "those of every later step"
    torch.set_grad_enabled(True)
    changed = [name for name, value in inputs.items() if not torch.equal(value, case.inputs[name])]
    moved = not torch.equal(before, weights_of(model))
    value = {"loss": pack(loss), "moved": moved, "off": off, "calls": calls, "training": model.training}
    value |= {"backward": bool(arrived), "left": bool(gradient_of(model).any())}
    return {"value": {"dict": value}, "changed": changed}
