"""Right and wrong answers to `draw_many`, in other words than the check's own."""

import numpy as np
import torch

from tests.answers.reparameterize import DTYPE, LISTED, MIRRORED, SIZES, z_of_distributions


def many_vectorised(mu, sigma, n, generator):
    return torch.randn(n, *mu.shape, generator=generator) * sigma + mu


def many_loop(mu, sigma, n, generator):
    z = torch.empty(n, *mu.shape)
    for i in range(mu.shape[0]):
        for d in range(mu.shape[1]):
            z[:, i, d] = mu[i, d] + sigma[i, d] * torch.randn(n, generator=generator)
    return z


def many_of_normal(mu, sigma, n, generator):
    return torch.normal(mu.expand(n, -1, -1), sigma.abs().expand(n, -1, -1), generator=generator)


def many_of_one_z(mu, sigma, n, generator):
    z = torch.normal(mu, sigma.abs(), generator=generator)
    return z.expand(n, -1, -1)


def many_by_image(mu, sigma, n, generator):
    return torch.stack([m + s * torch.randn(n, len(m), generator=generator) for m, s in zip(mu, sigma, strict=True)])


def many_of_global_noise(mu, sigma, n, generator):
    return torch.stack([z_of_distributions(mu, sigma) for _ in range(n)])


def many_of_a_copy(mu, sigma, n, generator):
    return many_vectorised(mu, sigma, n, generator.clone_state())


def many_mixed_up(mu, sigma, n, generator):
    mus, sigmas = mu.repeat_interleave(n, dim=0), sigma.repeat_interleave(n, dim=0)
    return (mus + sigmas * torch.randn(mus.shape, generator=generator)).reshape(n, *mu.shape)


def many_numbers(n, generator):
    return torch.tensor([torch.randn((), generator=generator).item() for _ in range(n)]).view(n, 1, 1)


def many_in_a_walk(mu, sigma, n, generator):
    draws, eps = [], torch.randn(mu.shape, generator=generator)
    for _ in range(n):
        draws.append(mu + sigma * eps)
        eps = 0.9 * eps + 0.19**0.5 * torch.randn(mu.shape, generator=generator)
    return torch.stack(draws)


def many_of_numpy(mu, sigma, n, generator):
    rng = np.random.default_rng(torch.randint(2**31, (), generator=generator).item())
    return mu + sigma * torch.from_numpy(rng.standard_normal((n, *mu.shape)))


def many_of_64_bits(mu, sigma, n, generator):
    return mu + sigma * torch.randn(n, *mu.shape, generator=generator, dtype=torch.float64)


# The exercise asks for no gradient.
def many_after_a_seed(mu, sigma, n, generator):
    torch.manual_seed(generator.initial_seed())
    return torch.randn(n, *mu.shape) * sigma + mu


RIGHT = [many_vectorised, many_loop, many_of_normal, lambda mu, *inputs: many_vectorised(mu.detach(), *inputs)]

# The name that the check must give the mistake, an answer that makes it, and in some cases the points it must earn.
WRONG = [
    (SIZES, lambda mu, sigma, n, generator: mu + sigma * torch.randn(n, 10, 40, generator=generator), 0),
    (SIZES, lambda mu, sigma, n, generator: mu + sigma * torch.randn(n, len(mu), 40, generator=generator), 0),
    (
        "the generator is not used; and a negative σ refused",
        lambda mu, sigma, n, generator: torch.distributions.Normal(mu, sigma).sample((n,)),
        6,
    ),
    ("σ taken for log σ²", lambda mu, sigma, *others: many_vectorised(mu, sigma.exp().sqrt(), *others), 5),
    ("σ taken for log σ", lambda mu, sigma, *others: many_vectorised(mu, sigma.exp(), *others), 5),
    ("μ and σ swapped", lambda mu, sigma, *others: many_vectorised(sigma, mu, *others), 5),
    ("the draws last, not first", lambda *inputs: many_vectorised(*inputs).permute(1, 2, 0), 8),
    ("a global seed in place of the generator", many_after_a_seed, 8),
    (
        "the same noise for all images",
        lambda mu, sigma, n, generator: (
            mu + sigma * many_vectorised(torch.zeros_like(mu[:1]), torch.ones_like(mu[:1]), n, generator)
        ),
    ),
    (
        "one noise for all dimensions",
        lambda mu, sigma, n, generator: mu + sigma * torch.randn(n, len(mu), generator=generator).unsqueeze(2),
    ),
    ("one number for a whole draw", lambda mu, sigma, n, generator: mu + sigma * many_numbers(n, generator)),
    ("each draw goes on from the one before", many_in_a_walk),
    ("a dimension squeezed away", lambda mu, sigma, n, generator: many_vectorised(mu, sigma, n, generator).squeeze()),
    ("one draw, repeated n times", many_of_one_z),
    ("images first, draws second", many_by_image, 8),
    (
        "draws and images in one dimension",
        lambda mu, sigma, n, generator: torch.cat(list(many_vectorised(mu, sigma, n, generator))),
        8,
    ),
    ("the generator is not used", many_of_global_noise),
    ("a copy of the generator is drawn from", many_of_a_copy),
    (
        "a copy of the generator is drawn from",
        lambda mu, sigma, n, generator: many_vectorised(
            mu, sigma, n, torch.Generator().manual_seed(generator.initial_seed())
        ),
    ),
    ("noise from a seed of its own", lambda mu, sigma, n, generator: many_loop(mu, sigma, n, generator.manual_seed(7))),
    (DTYPE, many_of_numpy, 9),
    (DTYPE, many_of_64_bits, 9),
    ("an array of NumPy", lambda *inputs: many_vectorised(*inputs).numpy(), 9),
    (LISTED, lambda *inputs: list(many_vectorised(*inputs)), 8),
    ("a dimension too many", lambda *inputs: many_vectorised(*inputs).unsqueeze(0), 8),
    (None, lambda mu, sigma, generator, n: many_vectorised(mu, sigma, n, generator), 0),
    (None, lambda mu, sigma, *, n, generator: many_vectorised(mu, sigma, n, generator), 0),
    ("no noise at all", lambda mu, sigma, n, generator: torch.stack([mu + sigma] * n)),
    ("no noise at all", lambda mu, sigma, n, generator: mu.repeat(n, 1, 1)),
    ("draws and images mixed up", many_mixed_up),
    (
        "the variance used as standard deviation",
        lambda mu, sigma, n, generator: many_of_normal(mu, sigma.square(), n, generator),
    ),
    (
        "a negative σ refused",
        lambda mu, sigma, n, generator: torch.normal(
            mu.expand(n, *mu.shape), sigma.expand(n, *mu.shape), generator=generator
        ),
        6,
    ),
    ("uniform noise", lambda mu, sigma, n, generator: torch.rand((n, *mu.shape), generator=generator) * sigma + mu),
    ("σ ignored", lambda mu, sigma, n, generator: torch.normal(mu.expand(n, -1, -1), 1.0, generator=generator)),
    ("μ ignored", lambda mu, sigma, n, generator: many_vectorised(torch.zeros_like(mu), sigma, n, generator)),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "4: torch.randn(n, *mu.shape, generator=generator) → -torch.randn(n, *mu.shape, generator=generator)": MIRRORED,
    "5: mu + sigma * eps → mu - sigma * eps": MIRRORED,
}
