"""Right and wrong answers to `reparameterize`, in other words than the check's own."""

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


EPS = torch.randn(40, 40, generator=torch.Generator().manual_seed(3))


def z_of_a_stored_eps(mu, sigma):
    return mu + sigma * EPS[: len(mu), : mu.shape[1]].to(mu)


def z_after_a_seed(mu, sigma):
    torch.manual_seed(42)
    return torch.normal(0.0, 1.0, mu.shape) * sigma + mu


def z_after_torchs_seed(mu, sigma):
    torch.manual_seed(0)
    eps = torch.randn_like(sigma)
    return mu + sigma * eps


def eps_of_numpy(shape):
    return torch.from_numpy(np.random.randn(*shape))


def eps_of_64_bits(shape):
    return torch.randn(shape, dtype=torch.float64)


def z_seeded_by_numpy(mu, sigma):
    np.random.seed(1)
    return mu + sigma * torch.from_numpy(np.random.randn(*mu.shape)).to(mu)


def z_without_graph(mu, sigma):
    with torch.no_grad():
        return mu + sigma * torch.randn_like(mu)


def z_of_a_matrix(mu, sigma):
    return mu + (torch.diag_embed(sigma) @ torch.randn(*mu.shape, 1)).squeeze(-1)


def z_of_two_uniforms(mu, sigma):
    u, v = torch.rand(2, *mu.shape)
    return mu + sigma * torch.sqrt(-2 * torch.log(u)) * torch.cos(2 * math.pi * v)


def z_of_the_inverse(mu, sigma):
    return mu + sigma * Normal(0.0, 1.0).icdf(torch.rand(mu.shape))


def z_filled_in(mu, sigma):
    z = torch.zeros(mu.shape)
    for i in range(len(mu)):
        z[i] = mu[i] + sigma[i] * torch.randn(mu.shape[1])
    return z


CUT = "a negative σ cut to 0: −σ and σ are the same spread"
MIRRORED = "−ε is as likely as ε"


DTYPE = "numbers of another dtype than those of the input"
SMALL = "a small number added to σ"
LISTED = "a list in place of a tensor"

RIGHT = [
    *[z_vectorised, z_loop, z_of_distributions, z_of_numpy, z_of_a_matrix, z_of_two_uniforms, z_of_the_inverse],
    *[z_filled_in, lambda mu, sigma: mu + sigma * torch.randn(mu.shape)],
    *[lambda mu, sigma: mu + sigma * torch.normal(0.0, 1.0, size=mu.shape)],
    *[lambda mu, sigma: mu + sigma * Normal(0, 1).sample(mu.shape)],
    lambda mu, sigma: mu + (sigma**2 + 1e-8).sqrt() * torch.randn_like(mu),
    lambda mu, sigma: mu + (sigma.abs() + 1e-6) * torch.randn_like(mu),
]


def with_its_noise(mu, sigma):
    eps = torch.randn(mu.shape)
    return mu + eps * sigma, eps


SIZES = "sizes that do not follow the arguments"
VARIANCE = "the variance used as standard deviation"
NO_GRADIENT = "a draw that lets no gradient through"

# The name that the check must give the mistake, an answer that makes it, and in some cases the points it must earn.
WRONG = [
    (SIZES, lambda mu, sigma: mu + sigma * torch.randn(10, 40), 8),
    ("one ε for the whole batch", lambda mu, sigma: mu + sigma * torch.randn(40)),
    ("a dimension too many", lambda mu, sigma: z_vectorised(mu, sigma).unsqueeze(0), 8),
    (f"{VARIANCE}; and uniform noise", lambda mu, sigma: mu + sigma.square() * torch.rand(mu.shape)),
    (f"{VARIANCE}; and {NO_GRADIENT}", lambda mu, sigma: Normal(mu, sigma.square()).sample()),
    (f"{VARIANCE}; and half of the noise", lambda mu, sigma: Normal(mu, sigma.square() / 2).rsample()),
    (f"{VARIANCE}; and μ ignored", lambda mu, sigma: torch.randn(mu.shape) * sigma.square()),
    (VARIANCE, lambda mu, sigma: mu - sigma.square() * torch.randn(mu.shape)),
    (f"σ taken for log σ; and {NO_GRADIENT}", lambda mu, sigma: torch.normal(mu, sigma.exp())),
    ("σ taken for log σ²; and one ε for the whole batch", lambda mu, s: mu + s.exp().sqrt() * torch.randn(mu.shape[1])),
    ("σ taken for log σ²; and uniform noise", lambda mu, sigma: mu + sigma.exp().sqrt() * torch.rand(mu.shape)),
    ("σ taken for log σ; and one ε for all dimensions", lambda mu, s: mu + s.exp() * torch.randn(len(mu), 1)),
    ("more than what is asked for", with_its_noise, 8),
    ("σ ignored", lambda mu, sigma: torch.distributions.Normal(mu, 1.0).rsample()),
    ("σ taken for log σ²", lambda mu, sigma: torch.randn_like(mu) * torch.exp(0.5 * sigma) + mu),
    ("σ taken for log σ", lambda mu, sigma: Normal(mu, torch.exp(sigma)).rsample()),
    ("σ taken for log σ", lambda mu, sigma: mu + torch.exp(sigma) * torch.randn(mu.shape)),
    ("softplus", lambda mu, sigma: mu + torch.log(1 + torch.exp(sigma)) * torch.randn(mu.shape)),
    ("μ and σ swapped", lambda mu, sigma: torch.addcmul(sigma, mu, torch.randn(mu.shape))),
    (CUT, lambda mu, sigma: mu + sigma.clamp(min=1e-6) * torch.randn_like(sigma)),
    (CUT, lambda mu, sigma: mu + sigma.clamp(min=1e-8) * torch.randn_like(sigma)),
    (CUT, lambda mu, sigma: mu + torch.relu(sigma) * torch.randn_like(sigma)),
    (CUT, lambda mu, sigma: mu + torch.clamp(sigma, min=1e-4) * torch.randn_like(sigma)),
    ("σ taken for σ²", lambda mu, sigma: mu + torch.sqrt(sigma) * torch.randn_like(sigma)),
    ("σ taken for σ²", lambda mu, sigma: Normal(mu, sigma.abs().pow(0.5)).rsample()),
    ("the variance used as standard deviation", lambda mu, sigma: Normal(mu, sigma.square()).rsample()),
    ("one ε for the whole batch", lambda mu, sigma: mu + sigma * torch.randn(mu.shape[1], dtype=mu.dtype)),
    (
        "one ε for all dimensions",
        lambda mu, sigma: mu + sigma * torch.randn(len(mu), dtype=mu.dtype).unsqueeze(1),
    ),
    ("a single ε for everything", lambda mu, sigma: mu + sigma * torch.randn(1).item()),
    ("uniform noise", lambda mu, sigma: mu + sigma * torch.rand(mu.shape), 5),
    ("uniform noise", lambda mu, sigma: mu + sigma * torch.empty_like(mu).uniform_(-1, 1)),
    ("uniform noise", lambda mu, sigma: mu + sigma * (torch.rand(mu.shape) - 0.5)),
    ("uniform noise", lambda mu, sigma: mu + sigma * (torch.rand(mu.shape) - 0.5) * math.sqrt(12)),
    (
        "a draw that lets no gradient through; and a negative σ refused",
        lambda mu, sigma: torch.normal(mu, sigma),
        4,
    ),
    ("a draw that lets no gradient through", lambda mu, sigma: torch.normal(mu, sigma.abs())),
    ("a draw that lets no gradient through", lambda mu, sigma: Normal(mu, sigma.abs()).sample()),
    ("a draw that lets no gradient through", z_without_graph),
    (
        "a draw that lets no gradient through",
        lambda mu, sigma: mu + (sigma * torch.randn_like(mu)).detach(),
    ),
    (
        "a draw that lets no gradient through; and a negative σ refused",
        lambda mu, sigma: Normal(loc=mu, scale=sigma).sample(),
        4,
    ),
    ("a negative σ refused", lambda mu, sigma: Normal(mu, sigma).rsample(), 6),
    ("the noise drawn once and used again in every call", z_of_a_stored_eps),
    ("a seed set inside the function", z_after_a_seed),
    ("a seed set inside the function", z_seeded_by_numpy),
    ("no noise", lambda mu, sigma: mu + 0 * sigma),
    ("no noise", lambda mu, sigma: torch.add(mu, sigma)),
    ("noise of one sign", lambda mu, sigma: mu + sigma * torch.randn(mu.shape).square().sqrt()),
    ("half of the noise", lambda mu, sigma: Normal(mu, sigma.abs() / 2).rsample()),
    ("a dimension squeezed away", lambda mu, sigma: (mu + sigma * torch.randn(mu.shape)).squeeze()),
    (None, lambda mu, sigma: mu + sigma * torch.randint(-1, 2, mu.shape)),
    (None, lambda mu, sigma: (mu + sigma * torch.randn(mu.shape)).mean(0)),
    *[(DTYPE, lambda mu, sigma, e=e: mu + sigma * e(mu.shape), 9) for e in (eps_of_numpy, eps_of_64_bits)],
    ("no noise", lambda mu, sigma: mu + sigma, 2),
    ("no noise", lambda mu, sigma: mu, 2),
    ("a seed set inside the function", z_after_torchs_seed, 6),
    *[(SMALL, lambda mu, sigma, e=e: mu + (sigma**2 + e).sqrt() * torch.randn_like(mu), 8) for e in (1e-5, 1e-6)],
    (SMALL, lambda mu, sigma: mu + (sigma.abs() + 1e-3) * torch.randn_like(mu), 8),
    ("a draw that lets no gradient through", lambda mu, sigma: mu.data + sigma * torch.randn_like(mu), 4),
    ("more than what is asked for", lambda mu, sigma: (mu + sigma * torch.randn_like(mu), sigma), 8),
    (LISTED, lambda mu, sigma: [m + s * torch.randn_like(m) for m, s in zip(mu, sigma, strict=True)], 8),
    (None, lambda sigma, mu: mu + sigma * torch.randn_like(mu), 0),
    ("μ ignored", lambda mu, sigma: Normal(torch.zeros_like(mu), sigma.abs()).rsample()),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "4: torch.randn_like(sigma) → -torch.randn_like(sigma)": MIRRORED,
    "5: mu + sigma * eps → mu - sigma * eps": MIRRORED,
}
