"""Right and wrong answers to `sample`, in other words than the check's own."""

import functools

import torch

from vae_lib.checkpoints import load_trained


def sample_vectorised(decode, n, latent_dim, generator):
    return decode(torch.empty(n, latent_dim).normal_(generator=generator))


def sample_loop(decode, n, latent_dim, generator):
    return torch.cat([decode(torch.normal(0.0, 1.0, (1, latent_dim), generator=generator)) for _ in range(n)])


def sample_by_inverse(decode, n, latent_dim, generator):
    uniform = torch.rand(n, latent_dim, generator=generator, dtype=torch.float64)
    return decode(torch.special.ndtri(uniform.clamp_min(1e-12)).float())


def sample_scaled(scale):
    def function(decode, n, latent_dim, generator):
        return decode(torch.normal(0.0, scale, (n, latent_dim), generator=generator))

    return function


def sample_uniform(low, high):
    def function(decode, n, latent_dim, generator):
        return decode(torch.empty(n, latent_dim).uniform_(low, high, generator=generator))

    return function


def sample_seeded(decode, n, latent_dim, generator):
    torch.manual_seed(42)
    return decode(torch.normal(0.0, 1.0, (n, latent_dim)))


def sample_reseeded(decode, n, latent_dim, generator):
    return sample_vectorised(decode, n, latent_dim, generator.manual_seed(0))


def sample_repeated(decode, n, latent_dim, generator):
    z = torch.randn(1, latent_dim, generator=generator)
    return torch.cat([decode(z) for _ in range(n)])


def sample_one_picture_repeated(decode, n, latent_dim, generator):
    x_hat = decode(torch.randn(1, latent_dim, generator=generator))
    return torch.cat([x_hat] * n)


def sample_shared(decode, n, latent_dim, generator):
    return decode(torch.randn(n, 1, generator=generator) * torch.ones(latent_dim))


def sample_noisy_picture(strength, zero):
    def function(decode, n, latent_dim, generator):
        z = torch.randn(n, latent_dim, generator=generator)
        x_hat = decode(0 * z if zero else z)
        return x_hat + strength * torch.empty_like(x_hat).normal_(generator=generator)

    return function


def changed(change, decode, n, latent_dim, generator):
    """As a right answer, with z changed before it is decoded."""
    return decode(change(torch.empty(n, latent_dim).normal_(generator=generator)))


@functools.cache
def trained():
    return load_trained()[0]


def sample_looked_at(decode, n, latent_dim, generator):
    z = torch.randn(n, latent_dim, generator=generator)
    assert decode(z[:1]).min() >= 0
    assert decode(z).max() <= 1
    return decode(z)


RIGHT = [sample_vectorised, sample_loop, sample_by_inverse, sample_looked_at]


# The name that the check must give the mistake, and an answer that makes it.
def sample_of_codes(decode, n, latent_dim, generator):
    """Dimensions of one spread, of which two neighbours depend on each other."""
    z = torch.randn(n, latent_dim + 1, generator=generator)
    return decode((z[:, 1:] + z[:, :-1]) / 2**0.5)


def with_its_z(decode, n, latent_dim, generator):
    z = torch.randn(n, latent_dim, generator=generator)
    return decode(z), z


WRONG = [
    ("nothing is returned", lambda *inputs: print(sample_vectorised(*inputs)), 0),
    (
        "noise from a seed of its own",
        lambda decode, n, latent_dim, generator: sample_vectorised(
            decode, n, latent_dim, torch.Generator().manual_seed(3)
        ),
        8,
    ),
    (
        "another distribution than the prior",
        lambda decode, n, latent_dim, generator: decode(
            torch.randn(n, latent_dim, generator=generator) * torch.linspace(0.5, 1.5, latent_dim)
        ),
        4,
    ),
    ("another distribution than the prior", sample_of_codes, 4),
    (None, lambda *inputs: 1 - sample_vectorised(*inputs), 5),
    (None, lambda *inputs: sample_vectorised(*inputs).flip(0), 5),
    (None, lambda *inputs: sample_vectorised(*inputs).square(), 5),
    ("more than what is asked for", with_its_z, 8),
    ("pictures in place of rows", lambda *inputs: sample_vectorised(*inputs).reshape(-1, 28, 28), 8),
    ("pictures in place of rows", lambda *inputs: sample_vectorised(*inputs).view(inputs[1], 28, 28), 8),
    ("pictures in place of rows", lambda *inputs: sample_vectorised(*inputs).view(-1, 1, 28, 28), 8),
    (
        "pictures in place of rows",
        lambda decode, n, d, generator: torch.stack(
            [sample_loop(decode, 1, d, generator).view(28, 28) for _ in range(n)]
        ),
        8,
    ),
    ("pictures in place of rows", lambda *inputs: sample_uniform(0, 1)(*inputs).view(-1, 28, 28), 4),
    ("the noise is scaled", sample_scaled(3.0)),
    ("the noise is scaled", sample_scaled(0.5)),
    ("the noise is scaled", sample_scaled(1.2)),
    ("uniform noise", sample_uniform(0, 1)),
    ("uniform noise", sample_uniform(-1, 1)),
    ("uniform noise", sample_uniform(-(3**0.5), 3**0.5)),
    ("the generator is not used", lambda decode, n, latent_dim, generator: decode(torch.randn((n, latent_dim)))),
    ("the generator is set back to a seed", sample_reseeded),
    (
        "a copy of the generator draws",
        lambda decode, n, latent_dim, generator: sample_vectorised(
            decode, n, latent_dim, torch.Generator().manual_seed(generator.initial_seed())
        ),
    ),
    ("no number is negative", lambda *inputs: changed(torch.abs, *inputs)),
    ("numbers cut off, or rounded", lambda *inputs: changed(lambda z: z.clamp(-2, 2), *inputs)),
    ("numbers cut off, or rounded", lambda *inputs: changed(lambda z: z.clamp(-1.5, 1.5), *inputs)),
    ("numbers cut off, or rounded", lambda *inputs: changed(lambda z: z.clamp(-3, 3), *inputs)),
    ("numbers cut off, or rounded", lambda *inputs: changed(torch.round, *inputs)),
    ("every z has the same length", lambda *inputs: changed(lambda z: z / z.norm(dim=1, keepdim=True), *inputs)),
    (
        "each z comes twice, once with the other sign",
        lambda *inputs: changed(lambda z: torch.stack([z, -z], 1).flatten(0, 1)[: len(z)], *inputs),
    ),
    ("pixels of 0 and 1 only", lambda *inputs: (sample_loop(*inputs) > 0.5).float()),
    ("pixels of 0 and 1 only", lambda *inputs: torch.bernoulli(sample_vectorised(*inputs), generator=inputs[-1])),
    (
        "a z without its row",
        lambda decode, n, latent_dim, generator: torch.stack(
            [decode(torch.empty(latent_dim).normal_(generator=generator)) for _ in range(n)]
        ),
    ),
    ("a seed inside the function", sample_seeded),
    ("one z for all", sample_repeated),
    ("one z for all", sample_one_picture_repeated),
    ("one z in all", lambda decode, n, latent_dim, generator: sample_vectorised(decode, 1, latent_dim, generator)),
    ("one number shared by all dimensions", sample_shared),
    ("z = 0, always", lambda decode, n, latent_dim, generator: decode(torch.randn(n, latent_dim) * 0)),
    ("noise on the picture", sample_noisy_picture(0.1, zero=True)),
    ("noise on the picture", sample_noisy_picture(0.1, zero=False)),
    ("a second sigmoid", lambda *inputs: torch.sigmoid(sample_loop(*inputs))),
    (
        "z in place of pictures",
        lambda decode, n, latent_dim, generator: torch.empty(n, latent_dim).normal_(generator=generator),
    ),
    (
        "a dimension too few",
        lambda decode, n, latent_dim, generator: sample_vectorised(decode, n, latent_dim - 1, generator),
    ),
    (
        "n and latent_dim swapped",
        lambda decode, n, latent_dim, generator: sample_vectorised(decode, latent_dim, n, generator),
    ),
    (
        "sizes that do not follow the arguments",
        lambda decode, n, d, generator: sample_vectorised(decode, n, 40, generator),
        8,
    ),
    ("another number of rows", lambda decode, n, d, generator: sample_vectorised(decode, 40, d, generator), 6),
    ("a list in place of a tensor", lambda *inputs: list(sample_vectorised(*inputs)), 8),
    (
        "a dimension too many",
        lambda decode, n, d, generator: torch.stack([sample_loop(decode, 1, d, generator) for _ in range(n)]),
        8,
    ),
    (
        "the notebook's model in place of decode",
        lambda decode, n, d, generator: sample_vectorised(trained().decode, n, 40, generator).detach(),
        0,
    ),
    (
        "the notebook's model in place of decode",
        lambda decode, n, d, generator: sample_vectorised(trained().decode, n, d, generator).detach(),
        0,
    ),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "4: torch.randn(n, latent_dim, generator=generator) → -torch.randn(n, latent_dim, generator=generator)": (
        "N(0, I) is symmetric, -z is as good a draw as z"
    ),
}
