"""Calls of functions that decode what they draw."""

import torch

from vae_probe.call import call_function


def call_samples(function, cases):
    """As `call_function`, with a decoder made here; the value is what came back and each z that the decoder got."""

    def recorded(weights, bias, n, generator):
        got = []

        def decode(z):
            got.append(z.detach().reshape(-1, z.shape[-1]).clone())
            return torch.sigmoid(z @ weights + bias)

        x_hat = function(decode, n, len(weights), generator)
        return {"x_hat": x_hat, "z": torch.cat(got) if got else None}

    return call_function(recorded, cases)
