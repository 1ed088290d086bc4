"""Right and wrong answers to `sample_mixture`, in other words than the check's own."""

import torch
from torch.distributions import Categorical

from tests.answers.reparameterize import MIRRORED


def choose(weights, n, generator):
    return torch.multinomial(weights, n, replacement=True, generator=generator)


def by_einsum(weights, means, factors, n, generator):
    k = choose(weights, n, generator)
    eps = torch.randn(n, means.shape[1], generator=generator)
    return means[k] + torch.einsum("nij,nj->ni", factors[k], eps)


def by_uniform_numbers(weights, means, factors, n, generator):
    k = torch.searchsorted(weights.cumsum(0), torch.rand(n, generator=generator)).clamp(max=len(weights) - 1)
    eps = torch.randn(n, means.shape[1], 1, generator=generator)
    return means[k] + torch.bmm(factors[k], eps).squeeze(2)


def by_loop(weights, means, factors, n, generator):
    z = torch.empty(n, means.shape[1])
    for i in range(n):
        k = int(choose(weights, 1, generator))
        z[i] = means[k] + factors[k] @ torch.randn(means.shape[1], generator=generator)
    return z


def all_and_pick(weights, means, factors, n, generator):
    eps = torch.randn(len(weights), n, means.shape[1], generator=generator)
    each = means.unsqueeze(1) + eps @ factors.mT
    return each[choose(weights, n, generator), torch.arange(n)]


def by_rows(weights, means, factors, n, generator):
    k = choose(weights, n, generator)
    return means[k] + (torch.randn(n, 1, means.shape[1], generator=generator) @ factors[k].transpose(1, 2))[:, 0]


def other(which=choose, step=None):
    """A mixture with another choice of the bells, or another step (factors (n, D, D), eps (n, D)) from their means."""

    def answer(weights, means, factors, n, generator):
        k = which(weights, n, generator)
        eps = torch.randn(n, means.shape[1], generator=generator)
        return means[k] + (step or times)(factors[k], eps)

    return answer


def times(factors, eps):
    return torch.einsum("nij,nj->ni", factors, eps)


def averaged(weights, means, factors, n, generator):
    eps = torch.randn(n, means.shape[1], generator=generator)
    return weights @ means + eps @ (weights[:, None, None] * factors).sum(0).T


def blended(weights, means, factors, n, generator):
    z = torch.zeros(n, means.shape[1])
    for k in range(len(weights)):
        z += weights[k] * (means[k] + torch.randn(n, means.shape[1], generator=generator) @ factors[k].T)
    return z


def sorted_by_bell(weights, means, factors, n, generator):
    counts = choose(weights, n, generator).bincount(minlength=len(weights)).tolist()
    parts = [
        mean + torch.randn(count, len(mean), generator=generator) @ factor.T
        for mean, factor, count in zip(means, factors, counts, strict=True)
    ]
    return torch.cat(parts)


def quotas(weights, means, factors, n, generator):
    counts = (n * weights).round().int().tolist()
    counts[-1] = n - sum(counts[:-1])
    parts = [
        mean + torch.randn(count, len(mean), generator=generator) @ factor.T
        for mean, factor, count in zip(means, factors, counts, strict=True)
    ]
    return torch.cat(parts)


def quotas_shuffled(weights, means, factors, n, generator):
    return quotas(weights, means, factors, n, generator)[torch.randperm(n, generator=generator)]


def of_uniform_noise(weights, means, factors, n, generator):
    k = choose(weights, n, generator)
    return means[k] + times(factors[k], torch.rand(n, means.shape[1], generator=generator))


def of_scaled_uniform_noise(weights, means, factors, n, generator):
    k = choose(weights, n, generator)
    return means[k] + times(factors[k], 12**0.5 * torch.rand(n, means.shape[1], generator=generator) - 3**0.5)


def global_chance(weights, means, factors, n, generator):
    k = Categorical(weights).sample((n,))
    return means[k] + times(factors[k], torch.randn(n, means.shape[1]))


def global_choice(weights, means, factors, n, generator):
    k = Categorical(weights).sample((n,))
    return means[k] + times(factors[k], torch.randn(n, means.shape[1], generator=generator))


def global_noise(weights, means, factors, n, generator):
    k = choose(weights, n, generator)
    return means[k] + times(factors[k], torch.randn_like(means[k]))


def seeded(weights, means, factors, n, generator):
    return by_einsum(weights, means, factors, n, torch.Generator().manual_seed(42))


def seeded_again(weights, means, factors, n, generator):
    generator.manual_seed(42)
    return by_einsum(weights, means, factors, n, generator)


RIGHT = [by_einsum, by_uniform_numbers, by_loop, all_and_pick, by_rows]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("all bells have the same weight", other(lambda w, n, g: torch.randint(0, len(w), (n,), generator=g))),
    ("one bell for all draws", other(lambda w, n, g: choose(w, 1, g).repeat(n))),
    ("always the heaviest bell", other(lambda w, n, g: w.argmax().repeat(n))),
    ("drawn without putting back", other(lambda w, n, g: torch.multinomial(w, n, generator=g))),
    ("fixed numbers of each bell, not drawn", quotas),
    ("fixed numbers of each bell, not drawn", quotas_shuffled),
    ("sorted by bell", sorted_by_bell),
    ("the bells are averaged", averaged),
    ("the bells are averaged", blended),
    ("Lᵀ in place of L", other(step=lambda f, e: (e.unsqueeze(1) @ f).squeeze(1))),
    ("only the diagonal of L", other(step=lambda f, e: f.diagonal(dim1=-2, dim2=-1) * e)),
    ("the covariance used as factor", other(step=lambda f, e: times(f @ f.transpose(1, 2), e))),
    ("the shape of the bells is left out", other(step=lambda f, e: e)),
    ("no noise at all", other(step=lambda f, e: 0 * e)),
    ("one noise for all draws", other(step=lambda f, e: times(f, e[:1].expand(e.shape)))),
    ("one noise for all dimensions", other(step=lambda f, e: times(f, e[:, 1:2].expand(e.shape)))),
    ("uniform noise", of_uniform_noise),
    ("uniform noise", of_scaled_uniform_noise),
    ("the generator is not used", global_chance),
    ("the generator is not used", global_choice),
    ("the generator is not used", global_noise),
    ("a seed of its own", seeded),
    ("a seed of its own", seeded_again),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "5: torch.randn(n, means.shape[1], generator=generator) → -torch.randn(n, means.shape[1], generator=generator)": (
        MIRRORED
    ),
    "6: means[which] + (factors[which] @ eps.unsqueeze(2)).squeeze(2) → means[which] - (factors[which] @ "
    "eps.unsqueeze(2)).squeeze(2)": MIRRORED,
}
