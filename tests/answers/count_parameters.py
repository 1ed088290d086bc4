"""Right and wrong answers to `count_parameters`, in other words than the check's own."""

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

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("a borrowed answer", by_building),
    ("a borrowed answer", by_building_layers),
    ("the number for one set of sizes", lambda input_dim, hidden_dim, latent_dim: 676_864),
    ("some of the biases forgotten", lambda *sizes: by_formula(*sizes) - sizes[0]),
    ("some of the biases forgotten", lambda *sizes: by_formula(*sizes) - sizes[1]),
    ("some of the biases forgotten", lambda *sizes: by_formula(*sizes) - 2 * sizes[2]),
    ("some of the biases forgotten", lambda *sizes: by_formula(*sizes) - sizes[0] - sizes[1]),
    (
        "the biases forgotten",
        lambda input_dim, hidden_dim, latent_dim: hidden_dim * (2 * input_dim + 3 * latent_dim),
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
    ),
    (
        "the decoder forgotten",
        lambda input_dim, hidden_dim, latent_dim: (input_dim + 1) * hidden_dim + 2 * (hidden_dim + 1) * latent_dim,
    ),
    (
        "the encoder forgotten",
        lambda input_dim, hidden_dim, latent_dim: (latent_dim + 1) * hidden_dim + (hidden_dim + 1) * input_dim,
    ),
    (
        "the encoder counted twice",
        lambda input_dim, hidden_dim, latent_dim: (
            2 * (input_dim * hidden_dim + hidden_dim + 2 * (hidden_dim * latent_dim + latent_dim))
        ),
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
    ),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
