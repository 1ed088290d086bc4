"""Right and wrong answers to assignment 03, in other words than the checks' own."""

import math

import numpy as np
import torch
from torch.distributions import Independent, Normal


def z_vectorised(mu, sigma):
    return torch.addcmul(mu, sigma, torch.empty_like(mu).normal_())


def z_loop(mu, sigma):
    return torch.stack([m + s * torch.randn_like(m) for m, s in zip(mu, sigma, strict=True)])


def z_of_distributions(mu, sigma):
    return Independent(Normal(mu, sigma.abs()), 1).rsample()


def z_of_numpy(mu, sigma):
    eps = torch.from_numpy(np.random.standard_normal(mu.shape))
    return mu + sigma * eps.to(mu)


EPS = torch.randn(7, 5, generator=torch.Generator().manual_seed(3))


def z_of_a_stored_eps(mu, sigma):
    return mu + sigma * EPS[: len(mu)].to(mu)


def z_after_a_seed(mu, sigma):
    torch.manual_seed(42)
    return torch.normal(0.0, 1.0, mu.shape) * sigma + mu


def z_seeded_by_numpy(mu, sigma):
    np.random.seed(1)
    return mu + sigma * torch.from_numpy(np.random.randn(*mu.shape)).to(mu)


def z_without_graph(mu, sigma):
    with torch.no_grad():
        return mu + sigma * torch.randn_like(mu)


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


RIGHT = {
    "reparameterize": [z_vectorised, z_loop, z_of_distributions, z_of_numpy],
    "sigma_from_log_var": [
        lambda log_var: torch.exp(log_var).pow(0.5),
        lambda log_var: math.e ** (0.5 * log_var),
        lambda log_var: torch.stack([torch.stack([value.exp().sqrt() for value in row]) for row in log_var]),
    ],
    "draw_many": [many_vectorised, many_loop, many_of_normal],
}

# The name that the check must give the mistake, and an answer that makes it.
WRONG = {
    "reparameterize": [
        ("σ ignored", lambda mu, sigma: torch.distributions.Normal(mu, 1.0).rsample()),
        ("σ taken for log σ²", lambda mu, sigma: torch.randn_like(mu) * torch.exp(0.5 * sigma) + mu),
        ("σ taken for log σ", lambda mu, sigma: Normal(mu, torch.exp(sigma)).rsample()),
        ("σ taken for σ²", lambda mu, sigma: mu + torch.sqrt(sigma) * torch.randn_like(sigma)),
        ("σ taken for σ²", lambda mu, sigma: Normal(mu, sigma.abs().pow(0.5)).rsample()),
        ("the variance used as standard deviation", lambda mu, sigma: Normal(mu, sigma.square()).rsample()),
        ("one ε for the whole batch", lambda mu, sigma: mu + sigma * torch.randn(mu.shape[1], dtype=mu.dtype)),
        (
            "one ε for all dimensions",
            lambda mu, sigma: mu + sigma * torch.randn(len(mu), dtype=mu.dtype).unsqueeze(1),
        ),
        ("a single ε for everything", lambda mu, sigma: mu + sigma * torch.randn(1).item()),
        ("uniform noise", lambda mu, sigma: mu + sigma * torch.rand(mu.shape)),
        ("uniform noise", lambda mu, sigma: mu + sigma * torch.empty_like(mu).uniform_(-1, 1)),
        ("uniform noise", lambda mu, sigma: mu + sigma * (torch.rand(mu.shape) - 0.5)),
        ("uniform noise", lambda mu, sigma: mu + sigma * (torch.rand(mu.shape) - 0.5) * math.sqrt(12)),
        ("a draw that lets no gradient through", lambda mu, sigma: torch.normal(mu, sigma)),
        ("a draw that lets no gradient through", lambda mu, sigma: torch.normal(mu, sigma.abs())),
        ("a draw that lets no gradient through", lambda mu, sigma: Normal(mu, sigma.abs()).sample()),
        ("a draw that lets no gradient through", z_without_graph),
        (
            "a draw that lets no gradient through",
            lambda mu, sigma: mu + (sigma * torch.randn_like(mu)).detach(),
        ),
        ("a negative σ refused", lambda mu, sigma: Normal(loc=mu, scale=sigma).sample()),
        ("the noise drawn once and used again in every call", z_of_a_stored_eps),
        ("a seed set inside the function", z_after_a_seed),
        ("a seed set inside the function", z_seeded_by_numpy),
        ("no noise: z is μ", lambda mu, sigma: mu + 0 * sigma),
        ("μ ignored", lambda mu, sigma: Normal(torch.zeros_like(mu), sigma.abs()).rsample()),
    ],
    "sigma_from_log_var": [
        ("the variance returned", lambda log_var: math.e**log_var),
        ("log σ returned", lambda log_var: 0.5 * log_var),
        ("the root of the logarithm", lambda log_var: log_var**0.5),
        ("the root of the logarithm", lambda log_var: torch.sqrt(abs(log_var))),
        ("softplus", lambda log_var: torch.log(1 + torch.exp(log_var))),
        ("log σ² taken for log σ", lambda log_var: torch.exp(log_var) ** 2),
        ("half of the variance", lambda log_var: 0.5 * torch.exp(log_var)),
        ("the wrong sign", lambda log_var: 1 / log_var.exp().sqrt()),
        ("log σ² used as σ", lambda log_var: log_var),
    ],
    "draw_many": [
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
        ("one draw, repeated n times", many_of_one_z),
        ("images first, draws second", many_by_image),
        (
            "draws and images in one dimension",
            lambda mu, sigma, n, generator: torch.cat(list(many_vectorised(mu, sigma, n, generator))),
        ),
        ("the generator is not used", many_of_global_noise),
        ("uniform noise", lambda mu, sigma, n, generator: torch.rand((n, *mu.shape), generator=generator) * sigma + mu),
        ("σ ignored", lambda mu, sigma, n, generator: torch.normal(mu.expand(n, -1, -1), 1.0, generator=generator)),
        ("μ ignored", lambda mu, sigma, n, generator: many_vectorised(torch.zeros_like(mu), sigma, n, generator)),
    ],
}

# Mutants of the model answer that no check can tell from it, with the reason: {name: {mutant: reason}}.
MIRRORED = "−ε is as likely as ε"
EQUIVALENT = {
    "reparameterize": {
        "4: torch.randn_like(sigma) → -torch.randn_like(sigma)": MIRRORED,
        "5: mu + sigma * eps → mu - sigma * eps": MIRRORED,
    },
    "sigma_from_log_var": {},
    "draw_many": {
        "4: torch.randn(n, *mu.shape, generator=generator) → -torch.randn(n, *mu.shape, generator=generator)": MIRRORED,
        "5: mu + sigma * eps → mu - sigma * eps": MIRRORED,
    },
}
