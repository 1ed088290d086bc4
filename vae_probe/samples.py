"""Calls of functions that decode what they draw."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from vae_probe.call import call_function, call_with
from vae_probe.outcome import Case


def call_samples(function: Callable, cases: list[Case]) -> list[dict]:
    """As `call_function`, with a decoder made here, which reads what that of the course reads: z (B, D).

    The value is "x_hat", which came back, and "z", all that the decoder got; and "again", the z of a second call with
    the same generator, which has moved on.
    """

    def twice(weights: Tensor, bias: Tensor, n: int, generator: torch.Generator) -> dict[str, Any]:
        first, second = (_sample(function, weights, bias, n, generator) for _ in range(2))
        return first | {"again": second["z"]}

    return call_function(twice, cases)


def _sample(function: Callable, weights: Tensor, bias: Tensor, n: int, generator: torch.Generator) -> dict[str, Any]:
    got: list[Tensor] = []
    latent_dim = len(weights)

    def decode(z: Tensor) -> Tensor:
        if z.ndim != 2 or z.shape[1] != latent_dim:
            raise ValueError(f"got {tuple(z.shape)}, but the decoder expects latent points of shape (B, {latent_dim})")
        got.append(z.detach().clone())
        return torch.sigmoid(z @ weights + bias)

    inputs = {"decode": decode, "n": n, "latent_dim": latent_dim, "generator": generator}
    return {"x_hat": call_with(function, inputs), "z": torch.cat(got) if got else None}
