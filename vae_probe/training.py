"""Calls of functions that train or measure a model, and the small models that they get."""

from functools import partial
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from vae_lib.data import mnist
from vae_probe.call import observe
from vae_probe.outcome import Case, pack

PIXELS, HIDDEN, LATENT = 12, 8, 3  # of the small models


class VAE(nn.Module):
    """A VAE of any size. Its weights have the names of `vae_lib.model.VAE`, but the two share no code."""

    def __init__(
        self, input_dim: int = 784, hidden_dim: int = 400, latent_dim: int = 40, sigma_head: str = "sigma"
    ) -> None:
        super().__init__()
        sizes = dict(input_dim=input_dim, hidden_dim=hidden_dim, latent_dim=latent_dim, sigma_head=sigma_head)
        self.config = SimpleNamespace(**sizes)
        heads = {name: nn.Linear(hidden_dim, latent_dim) for name in ("hid_mu", "hid_sigma")}
        self.encoder = nn.ModuleDict({"hidden": nn.Linear(input_dim, hidden_dim), **heads})
        layers = {"hidden": nn.Linear(latent_dim, hidden_dim), "out": nn.Linear(hidden_dim, input_dim)}
        self.decoder = nn.ModuleDict(layers)

    def forward(self, x: torch.Tensor, eps: torch.Tensor | None = None) -> tuple[torch.Tensor, ...]:
        """x (B, input_dim) → x_logits (B, input_dim), mu and sigma (B, latent_dim)."""
        mu, sigma = self.encode(x)
        eps = torch.randn_like(mu) if eps is None else eps
        return self._logits(mu + sigma * eps), mu, sigma

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x (B, input_dim) → mu and sigma (B, latent_dim)."""
        seen = self.encoder["hidden"](x).clamp(min=0)
        raw = self.encoder["hid_sigma"](seen)
        meant = {"sigma": raw, "log_var": raw.exp().sqrt(), "softplus": F.softplus(raw)}
        return self.encoder["hid_mu"](seen), meant[self.config.sigma_head]

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """z (B, latent_dim) → x_hat (B, input_dim)."""
        return self._logits(z).sigmoid()

    def _logits(self, z: torch.Tensor) -> torch.Tensor:
        return self.decoder["out"](self.decoder["hidden"](z).clamp(min=0))


def small_model(seed: int) -> VAE:
    """A VAE of a few dozen weights, drawn."""
    generator = torch.Generator().manual_seed(seed)
    model = VAE(PIXELS, HIDDEN, LATENT, "log_var")
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(0.5 * torch.randn(weight.shape, generator=generator))
    return model


def weights_of(model: nn.Module) -> torch.Tensor:
    """All weights of a model as one vector."""
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def call_train_step(function: Any, cases: list[Case]) -> list[dict]:
    """Three steps with a small model: the losses, the weights after each, whether a graph is kept, what came when."""
    return [observe(partial(_three_steps, function, case)) for case in cases]


def _three_steps(function: Any, case: Case) -> dict:
    torch.manual_seed(case.seed)
    model, order = small_model(case.seed), []
    optimizer: torch.optim.Optimizer
    if case.optimizer == "SGD":
        optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=0.02, eps=1e-3)
    optimizer.register_step_pre_hook(lambda *_: order.append("step"))
    out: Any = model.decoder["out"]
    out.bias.register_post_accumulate_grad_hook(lambda _: order.append("backward"))
    inputs = {name: value.clone() for name, value in case.inputs.items()}
    losses, weights, graph = [], [], False
    for x, eps in zip(inputs["x"], inputs["eps"], strict=True):
        loss = function(model, optimizer, x, eps)
        graph = graph or (isinstance(loss, torch.Tensor) and loss.requires_grad)
        losses.append(pack(loss))
        weights.append(pack(weights_of(model)))
        order.append("returned")
    changed = [name for name, value in inputs.items() if not torch.equal(value, case.inputs[name])]
    value = {"losses": losses, "weights": weights, "graph": graph, "order": order[: order.index("returned")]}
    return {"value": {"dict": value}, "changed": changed}


def call_epoch_loss(function: Any, cases: list[Case]) -> list[dict]:
    """The loss over a small data set, whether the model moved, and how it was called."""
    return [observe(partial(_one_epoch, function, case)) for case in cases]


def _one_epoch(function: Any, case: Case) -> dict:
    torch.manual_seed(case.seed)
    model, calls = small_model(case.seed), []
    before = weights_of(model)
    model.register_forward_hook(lambda _, args, out: calls.append([len(out[0]), out[0].requires_grad]))
    inputs = {"x": case.inputs["x"].clone(), "eps": case.inputs["eps"].clone()}
    loss = function(model, inputs["x"], inputs["eps"], case.inputs["batch_size"])
    changed = [name for name, value in inputs.items() if not torch.equal(value, case.inputs[name])]
    moved = not torch.equal(before, weights_of(model))
    return {"value": {"dict": {"loss": pack(loss), "moved": moved, "calls": calls}}, "changed": changed}


DOT = 0.1


def pixels(indices: torch.Tensor) -> torch.Tensor:
    """Some of the 60,000 images, (n, 784) in [0, 1]."""
    return mnist(train=True).data[indices].flatten(1).float() / 255


def fit_images(case: Case) -> tuple[torch.Tensor, torch.Tensor]:
    """The training and the validation images of a case, (n, 784) in [0, 1]."""
    train_x, val_x = pixels(case.inputs["train"]), pixels(case.inputs["val"])
    # A grey dot in a corner, where no training image has one: a model that draws it has learnt from these images.
    val_x[:, 0] = DOT
    return train_x, val_x


def call_fit(function: Any, cases: list[Case]) -> list[dict]:
    """Train a real model: its weights and sizes, and the history that came with it."""
    return [observe(partial(_whole_training, function, case)) for case in cases]


def _whole_training(function: Any, case: Case) -> dict:
    seed = case.inputs["generator"]
    torch.manual_seed(seed)
    returned = function(*fit_images(case), torch.Generator().manual_seed(seed))
    if not (isinstance(returned, tuple | list) and len(returned) == 2 and isinstance(returned[0], nn.Module)):
        return {"value": pack(returned)}
    model, history = returned
    weights = {name: weight.cpu() for name, weight in model.state_dict().items()}
    sizes = getattr(getattr(model, "config", None), "__dict__", None)
    return {"value": pack({"weights": weights, "sizes": sizes, "history": history})}
