"""Calls of functions that decode what they draw."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from vae_probe.call import call_function, call_with
from vae_probe.outcome import Case


def call_samples(function: Callable, cases: list[Case]) -> list[dict]:
    """As `call_function`, with a decoder made here, which reads what that of the course reads: z (B, D).

    The value is "x_hat", which came back, and "z", all that the decoder got; "pictures", whether pictures of 28 × 28
    were made of the rows, whose pixels are then 784, those that are asked for and copies; and "again", the z of a
    second call with the same generator, which has moved on.
    """

    def twice(weights: Tensor, bias: Tensor, n: int, generator: torch.Generator) -> dict[str, Any]:
        first, second = (_sample(function, weights, bias, n, generator) for _ in range(2))
        return first | {"again": second["z"]}

    return call_function(twice, cases)


def _sample(function: Callable, weights: Tensor, bias: Tensor, n: int, generator: torch.Generator) -> dict[str, Any]:
    state = generator.get_state()
    try:
        return _sample_rows(function, weights, bias, n, generator) | {"pictures": False}
    except RuntimeError as error:
        if "28, 28]" not in str(error):
            raise
    generator.set_state(state)
    copies = 28 * 28 // len(bias)
    value = _sample_rows(function, weights.repeat(1, copies), bias.repeat(copies), n, generator)
    x_hat = value["x_hat"]
    pictures = isinstance(x_hat, Tensor) and x_hat.shape[-2:] == (28, 28)
    return value | {"x_hat": x_hat.reshape(-1, 28 * 28)[:, : len(bias)] if pictures else x_hat, "pictures": pictures}


def _sample_rows(
    function: Callable, weights: Tensor, bias: Tensor, n: int, generator: torch.Generator
) -> dict[str, Any]:
    got: list[Tensor] = []
    latent_dim = len(weights)

    def decode(z: Tensor) -> Tensor:
        if z.ndim != 2 or z.shape[1] != latent_dim:
            raise ValueError(f"got {tuple(z.shape)}, but the decoder expects latent points of shape (B, {latent_dim})")
        got.append(z.detach().clone())
        return torch.sigmoid(z @ weights + bias)

    inputs = {"decode": decode, "n": n, "latent_dim": latent_dim, "generator": generator}
    return {"x_hat": call_with(function, inputs), "z": torch.cat(got) if got else None}
