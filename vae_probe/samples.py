"""Calls of functions that decode what they draw."""

from collections.abc import Callable
from typing import Any

import torch

from vae_probe.call import call_function
from vae_probe.outcome import Case


def call_samples(function: Callable, cases: list[Case]) -> list[dict]:
    """As `call_function`, with a decoder made here; the value is what came back and each z that the decoder got."""

    def recorded(weights: torch.Tensor, bias: torch.Tensor, n: int, generator: torch.Generator) -> dict[str, Any]:
        got: list[torch.Tensor] = []

        def decode(z: torch.Tensor) -> torch.Tensor:
            got.append(z.detach().reshape(-1, z.shape[-1]).clone())
            return torch.sigmoid(z @ weights + bias)

        x_hat = function(decode, n, len(weights), generator)
        return {"x_hat": x_hat, "z": torch.cat(got) if got else None}

    return call_function(recorded, cases)
