"""Right and wrong answers to `count_parameters`, in other words than the check's own."""

from vae_lib import model


def by_formula(input_dim, hidden_dim, latent_dim):
    return 2 * input_dim * hidden_dim + 3 * hidden_dim * latent_dim + 2 * hidden_dim + 2 * latent_dim + input_dim


def by_building(input_dim, hidden_dim, latent_dim):
    vae = model.VAE(input_dim, hidden_dim, latent_dim)
    return sum(weights.numel() for weights in vae.parameters())


RIGHT = [by_formula, by_building]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
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
