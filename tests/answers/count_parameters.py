"""Right and wrong answers to `count_parameters`, in other words than the check's own."""

import torch
from torch import nn

from vae_lib import model


def by_formula(input_dim, hidden_dim, latent_dim):
    return 2 * input_dim * hidden_dim + 3 * hidden_dim * latent_dim + 2 * hidden_dim + 2 * latent_dim + input_dim


def by_building(input_dim, hidden_dim, latent_dim):
    vae = model.VAE(input_dim, hidden_dim, latent_dim)
    return sum(weights.numel() for weights in vae.parameters())


def by_layers(input_dim, hidden_dim, latent_dim):
    layers = [
        (input_dim, hidden_dim),
        *2 * [(hidden_dim, latent_dim)],
        (latent_dim, hidden_dim),
        (hidden_dim, input_dim),
    ]
    return sum((inputs + 1) * outputs for inputs, outputs in layers)


def by_building_layers(input_dim, hidden_dim, latent_dim):
    layers = [
        (input_dim, hidden_dim),
        *2 * [(hidden_dim, latent_dim)],
        (latent_dim, hidden_dim),
        (hidden_dim, input_dim),
    ]
    return sum(weights.numel() for layer in layers for weights in nn.Linear(*layer).parameters())


RIGHT = [by_formula, by_layers]

# The name that the check must give the mistake, an answer that makes it, and in some cases the points it must earn.
WRONG = [
    ("the sizes in another order", lambda d, h, i: by_formula(i, h, d), 1),
    ("the sizes in another order", lambda h, i, d: by_formula(i, h, d), 1),
    ("the biases forgotten; and one head only", lambda x, h, d: x * h + h * d + d * h + h * x),
    ("a borrowed answer", by_building),
    ("some of the biases forgotten", lambda i, h, d: by_formula(i, h, d) - d, 5),
    ("some of the biases forgotten", lambda i, h, d: by_formula(i, h, d) - h - d, 5),
    ("some of the biases forgotten", lambda i, h, d: by_formula(i, h, d) - i - 2 * d, 5),
    ("one bias for each layer", lambda i, h, d: 2 * i * h + 3 * h * d + 5, 5),
    ("a dimension too many", lambda *sizes: torch.tensor([by_formula(*sizes)]), 8),
    (None, lambda latent_dim, hidden_dim, input_dim: by_formula(input_dim, hidden_dim, latent_dim), 0),
    (None, lambda i, h, d: by_formula(i, h, d) + h * h, 1),
    ("a borrowed answer", by_building_layers),
    ("the number for one set of sizes", lambda input_dim, hidden_dim, latent_dim: 676_864),
    ("some of the biases forgotten", lambda *sizes: by_formula(*sizes) - sizes[0]),
    ("some of the biases forgotten", lambda *sizes: by_formula(*sizes) - sizes[1]),
    ("some of the biases forgotten", lambda *sizes: by_formula(*sizes) - 2 * sizes[2]),
    ("some of the biases forgotten", lambda *sizes: by_formula(*sizes) - sizes[0] - sizes[1]),
    (
        "the biases forgotten",
        lambda input_dim, hidden_dim, latent_dim: hidden_dim * (2 * input_dim + 3 * latent_dim),
        5,
    ),
    (
        "the biases of the wrong side",
        lambda input_dim, hidden_dim, latent_dim: (
            2 * input_dim * hidden_dim + 3 * hidden_dim * latent_dim + input_dim + 3 * hidden_dim + latent_dim
        ),
    ),
    (
        "one head only",
        lambda input_dim, hidden_dim, latent_dim: (
            by_formula(input_dim, hidden_dim, latent_dim) - (hidden_dim + 1) * latent_dim
        ),
        3,
    ),
    (
        "the decoder forgotten",
        lambda input_dim, hidden_dim, latent_dim: (input_dim + 1) * hidden_dim + 2 * (hidden_dim + 1) * latent_dim,
        1,
    ),
    (
        "the encoder forgotten",
        lambda input_dim, hidden_dim, latent_dim: (latent_dim + 1) * hidden_dim + (hidden_dim + 1) * input_dim,
        1,
    ),
    (
        "the encoder counted twice",
        lambda input_dim, hidden_dim, latent_dim: (
            2 * (input_dim * hidden_dim + hidden_dim + 2 * (hidden_dim * latent_dim + latent_dim))
        ),
        3,
    ),
    (
        "the decoder counted twice",
        lambda input_dim, hidden_dim, latent_dim: 2 * ((latent_dim + 1) * hidden_dim + (hidden_dim + 1) * input_dim),
    ),
    (
        "a decoder that reads mu and sigma",
        lambda input_dim, hidden_dim, latent_dim: (
            input_dim * hidden_dim * 2 + hidden_dim * latent_dim * 4 + 2 * hidden_dim + 2 * latent_dim + input_dim
        ),
        3,
    ),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
