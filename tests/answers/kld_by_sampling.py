"""Right and wrong answers to `kld_by_sampling`, in other words than the check's own."""

import math

import torch
from torch.distributions import Normal


def sampling_vectorised(mu, sigma, n, generator):
    eps = torch.randn((n, *mu.shape), generator=generator)
    z = mu + sigma * eps
    return (0.5 * (z**2 - eps**2) - sigma.log()).sum(2).mean(0)


def sampling_from_prior(mu, sigma, n, generator):
    z = torch.randn((n, *mu.shape), generator=generator)
    return (0.5 * (z**2 - ((z - mu) / sigma) ** 2) - sigma.log()).sum(2).mean(0)


def sampling_of_each_dimension(mu, sigma, n, generator):
    eps = torch.randn((n, *mu.shape), generator=generator)
    return (0.5 * ((mu + sigma * eps) ** 2 - eps**2) - sigma.log()).mean(0)


def sampling_loop(mu, sigma, n, generator):
    total = torch.zeros(len(mu))
    for _ in range(n):
        z = mu + sigma * torch.randn(mu.shape, generator=generator)
        total += (Normal(mu, sigma).log_prob(z) + 0.5 * z**2 + 0.5 * math.log(2 * math.pi)).sum(1)
    return total / n


def sampling_by_sample(mu, sigma, n, generator):
    z = Normal(mu, sigma).sample((n,))
    return (Normal(mu, sigma).log_prob(z) - Normal(0, 1).log_prob(z)).sum(-1).mean(0)


def sampling_once(mu, sigma, n, generator):
    z = (mu + sigma * torch.randn(mu.shape, generator=generator)).expand(n, -1, -1)
    return (Normal(mu, sigma).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(2).mean(0)


def sampling_of_variance(mu, sigma, n, generator):
    z = mu + sigma * torch.randn((n, *mu.shape), generator=generator)
    return (Normal(mu, sigma * sigma).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(2).mean(0)


def sampling_of_shared_noise(mu, sigma, n, generator):
    eps = torch.randn((n, mu.shape[1]), generator=generator).unsqueeze(1)
    return (0.5 * ((mu + sigma * eps) ** 2 - eps**2) - sigma.log()).sum(2).mean(0)


def sampling_without_log_sigma(mu, sigma, n, generator):
    eps = torch.randn((n, *mu.shape), generator=generator)
    return (0.5 * ((mu + sigma * eps) ** 2 - eps**2)).sum(2).mean(0)


def sampling_in_pairs(mu, sigma, n, generator):
    eps = torch.randn((n + 1) // 2, *mu.shape, generator=generator)
    eps = torch.cat([eps, -eps])[:n]
    return (0.5 * ((mu + sigma * eps) ** 2 - eps**2) - sigma.log()).sum(2).mean(0)


def sampling_of_sizes(mu, sigma, n, generator):
    z = mu + sigma * torch.randn((n, *mu.shape), generator=generator)
    return (Normal(mu, sigma).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(2).abs().mean(0)


BELOW_0 = "no estimate may be below 0"


# A draw and its mirror image: an honest estimate, whose mean is the KLD; more exact than n draws have to be.
def sampling_with_one_number_for_all_dimensions(mu, sigma, n, generator):
    z = mu + sigma * torch.randn(n, mu.shape[0], 1, generator=generator)
    return (Normal(mu, sigma).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(-1).mean(0)


def sampling_of_two_clouds(mu, sigma, n, generator):
    z, other = (mu + sigma * torch.randn(n, *mu.shape, generator=generator) for _ in range(2))
    return (Normal(mu, sigma).log_prob(z) - Normal(0.0, 1.0).log_prob(other)).sum(-1).mean(0)


RIGHT = [sampling_vectorised, sampling_loop, sampling_in_pairs]


def of_a_thousand(mu, sigma, n, generator):
    return sampling_vectorised(mu, sigma, 1000, generator)


def of_fifty_or_more(mu, sigma, n, generator):
    return sampling_vectorised(mu, sigma, max(n, 50), generator)


def of_the_entropy(mu, sigma, n, generator):
    z = mu + sigma * torch.randn(n, *mu.shape, generator=generator)
    return (-Normal(mu, sigma).entropy() - Normal(0.0, 1.0).log_prob(z)).sum(2).mean(0)


def sampling_of(q, p, z=lambda mu, sigma, eps: mu + sigma * eps, mean=lambda ratio: ratio.sum(2).mean(0)):
    """A wrong estimate: which q and p have the densities, what is drawn, and what is made of log q − log p."""

    def estimate(mu, sigma, n, generator):
        drawn = z(mu, sigma, torch.randn(n, *mu.shape, generator=generator))
        return mean(q(mu, sigma).log_prob(drawn) - p(mu, sigma).log_prob(drawn))

    return estimate


def sampling_without_2_pi(of_q, of_p):
    def estimate(mu, sigma, n, generator):
        eps = torch.randn(n, *mu.shape, generator=generator)
        log_q = -(eps**2) / 2 - sigma.log() - of_q * math.log(2 * math.pi) / 2
        return (log_q + (mu + sigma * eps) ** 2 / 2 + of_p * math.log(2 * math.pi) / 2).sum(2).mean(0)

    return estimate


def log_of_the_mean(ratio):
    return ratio.sum(2).logsumexp(0) - math.log(len(ratio))


def posterior(mu, sigma):
    return Normal(mu, sigma)


def prior(mu, sigma):
    return Normal(torch.zeros_like(mu), torch.ones_like(sigma))


def sampling_after_a_seed(mu, sigma, n, generator):
    torch.manual_seed(42)
    return sampling_by_sample(mu, sigma, n, generator)


GLOBAL_SEED = "a global seed in place of the generator"
P_AT_MU = "p around μ, not around 0"
Q_AT_0 = "q around 0, not around μ"
P_OF_SIGMA = "p with the σ of q"
TWO_PI = "the 2π of one density forgotten"
OWN_SEED = "noise from a seed of its own"


# The name that the check must give the mistake, an answer that makes it, and in some cases the points it must earn.
WRONG = [
    ("nothing is returned", lambda *inputs: print(sampling_vectorised(*inputs))),
    ("the variance used as standard deviation", lambda mu, sigma, *others: sampling_vectorised(mu, sigma**2, *others)),
    (
        "sizes that do not follow the arguments",
        lambda mu, sigma, n, generator: sampling_from_prior(mu + torch.randn(n, 500, 40), sigma, n, generator),
        0,
    ),
    (OWN_SEED, lambda mu, sigma, n, generator: sampling_vectorised(mu, sigma, n, generator.manual_seed(7)), 8),
    (OWN_SEED, lambda mu, sigma, n, generator: sampling_loop(mu, sigma, n, torch.Generator().manual_seed(7)), 8),
    (
        "a copy of the generator is drawn from",
        lambda mu, sigma, n, generator: sampling_vectorised(mu, sigma, n, generator.clone_state()),
        8,
    ),
    (GLOBAL_SEED, sampling_after_a_seed, 8),
    ("q with a σ of 1", sampling_of(lambda mu, sigma: Normal(mu, 1.0), prior)),
    (
        f"{BELOW_0}; and the generator is not used",
        lambda *inputs: sampling_by_sample(*inputs).clamp(min=0),
        8,
    ),
    ("log p − log q, the wrong sign; and the generator is not used", lambda *inputs: -sampling_by_sample(*inputs)),
    (None, lambda mu, sigma, n, generator: mu.square().sum(1) / 2),
    (P_AT_MU, sampling_of(posterior, lambda mu, sigma: Normal(mu, 1.0))),
    (P_OF_SIGMA, sampling_of(posterior, lambda mu, sigma: Normal(0.0, sigma))),
    (Q_AT_0, sampling_of(lambda mu, sigma: Normal(0.0, sigma), prior)),
    ("z without μ", sampling_of(posterior, prior, z=lambda mu, sigma, eps: sigma * eps)),
    ("z without σ", sampling_of(posterior, prior, z=lambda mu, sigma, eps: mu + eps)),
    (TWO_PI, sampling_without_2_pi(0, 1)),
    (TWO_PI, sampling_without_2_pi(1, 0)),
    ("the logarithm of the mean, not the mean of the logarithms", sampling_of(posterior, prior, mean=log_of_the_mean)),
    ("draws that do not follow n", of_a_thousand, 4),
    ("draws that do not follow n", of_fifty_or_more, 4),
    ("log q and log p not at the same z", of_the_entropy, 8),
    (BELOW_0, lambda *inputs: sampling_vectorised(*inputs).abs(), 8),
    (BELOW_0, lambda *inputs: sampling_vectorised(*inputs).clamp(min=0), 8),
    (BELOW_0, lambda *inputs: sampling_vectorised(*inputs).relu(), 8),
    (BELOW_0, sampling_of_sizes, 8),
    ("a dimension too many", lambda *inputs: sampling_vectorised(*inputs).unsqueeze(1), 8),
    ("a list in place of a tensor", lambda *inputs: sampling_vectorised(*inputs).tolist(), 8),
    ("an array of NumPy", lambda *inputs: sampling_vectorised(*inputs).numpy(), 9),
    (None, lambda mu, sigma, generator, n: sampling_vectorised(mu, sigma, n, generator), 0),
    ("log p − log q, the wrong sign", lambda **inputs: -sampling_vectorised(**inputs)),
    ("averaged over the batch", lambda **inputs: sampling_vectorised(**inputs).mean()),
    ("sampled from the prior", sampling_from_prior),
    ("the generator is not used", sampling_by_sample),
    ("one draw for all n", sampling_once),
    (
        "the closed form, not an estimate",
        lambda mu, sigma, n, generator: 0.5 * (mu**2 + sigma**2 - 1 - 2 * sigma.log()).sum(1),
    ),
    ("the variance where `Normal` wants a standard deviation", sampling_of_variance),
    ("log σ forgotten", sampling_without_log_sigma),
    ("the same noise for all images", sampling_of_shared_noise),
    ("one noise for all dimensions", sampling_with_one_number_for_all_dimensions, 4),
    (
        "fewer draws than n",
        lambda mu, sigma, n, generator: sampling_vectorised(mu, sigma, min(n, 100), generator),
        4,
    ),
    ("log q and log p not at the same z", sampling_of_two_clouds, 8),
    ("divided by n − 1", lambda n, **inputs: sampling_vectorised(n=n, **inputs) * n / (n - 1)),
    ("the mean of everything", lambda **inputs: sampling_of_each_dimension(**inputs).mean()),
    ("not summed over the dimensions", sampling_of_each_dimension),
    ("the mean over the dimensions", lambda **inputs: sampling_of_each_dimension(**inputs).mean(1)),
    ("the sum over the draws, not their mean", lambda n, **inputs: n * sampling_vectorised(n=n, **inputs)),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "4: torch.randn(n, *mu.shape, generator=generator) → -torch.randn(n, *mu.shape, generator=generator)": (
        "−ε is drawn from N(0, I), too"
    ),
    "5: mu + sigma * eps → mu - sigma * eps": "−ε is drawn from N(0, I), too",
}
