"""Right and wrong answers to `active_units`, in other words than the check's own."""

import torch
from torch.distributions import Normal, kl_divergence


def by_distributions(mu, sigma):
    kld = kl_divergence(Normal(mu, sigma.abs()), Normal(0.0, 1.0)).mean(0)
    return kld.gt(0.1), mu.var(0, correction=0).gt(0.01)


def by_loop(mu, sigma):
    first, second = [], []
    for m, s in zip(mu.T, sigma.T, strict=True):
        cost = sum(a.item() ** 2 + b.item() ** 2 - 1 - (b**2).log().item() for a, b in zip(m, s, strict=True)) / 2
        first.append(cost / len(m) > 0.1)
        second.append(m.std().item() > 0.1)
    return torch.tensor(first), torch.tensor(second)


def by_log_var(mu, sigma):
    log_var = 2 * sigma.abs().log()
    kld = -0.5 * (1 + log_var - mu.pow(2) - log_var.exp())
    moved = (mu - mu.mean(dim=0)).pow(2).mean(dim=0)
    return torch.mean(kld, 0) > 0.1, moved > 0.01


def kld(mu, sigma):
    return 0.5 * (mu.pow(2) + sigma.pow(2) - 1 - sigma.pow(2).log())


def spread(mu):
    return torch.var(mu, dim=0) > 0.01


def in_one_tensor(mu, sigma):
    # Whoever writes first, second = … gets the two rows.
    return torch.stack(by_log_var(mu, sigma))


RIGHT = [by_distributions, by_loop, by_log_var, in_one_tensor]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("the two are exchanged", lambda mu, sigma: (spread(mu), kld(mu, sigma).mean(0) > 0.1)),
    ("how many, not which", lambda mu, sigma: tuple(mask.sum().item() for mask in by_log_var(mu, sigma))),
    ("how many, not which", lambda mu, sigma: tuple(mask.sum() for mask in by_log_var(mu, sigma))),
    ("a list in place of a tensor", lambda mu, sigma: tuple(mask.tolist() for mask in by_log_var(mu, sigma)), 8),
    ("their places, not a mask", lambda mu, sigma: tuple(torch.where(mask)[0] for mask in by_log_var(mu, sigma))),
    (
        "for each image, not for each dimension",
        lambda mu, sigma: (kld(mu, sigma).mean(dim=1) > 0.1, mu.var(dim=1) > 0.01),
    ),
    ("for each image, not for each dimension", lambda mu, sigma: (kld(mu, sigma) > 0.1, spread(mu))),
    ("those that are idle", lambda mu, sigma: (kld(mu, sigma).mean(0) <= 0.1, spread(mu))),
    ("those that are idle", lambda mu, sigma: (kld(mu, sigma).mean(0) > 0.1, ~spread(mu))),
    ("those that are idle", lambda mu, sigma: tuple(~mask for mask in by_log_var(mu, sigma))),
    ("the sum over the images, not their mean", lambda mu, sigma: (kld(mu, sigma).sum(0) > 0.1, spread(mu))),
    ("a single image is enough", lambda mu, sigma: (kld(mu, sigma).amax(0) > 0.1, spread(mu))),
    ("most images decide, or all", lambda mu, sigma: (kld(mu, sigma).quantile(0.5, dim=0) > 0.1, spread(mu))),
    ("most images decide, or all", lambda mu, sigma: (kld(mu, sigma).amin(0) > 0.1, spread(mu))),
    ("averaged first, then the KLD", lambda mu, sigma: (kld(mu.mean(0), sigma.mean(0)) > 0.1, spread(mu))),
    ("the ½ is missing", lambda mu, sigma: (kld(mu, sigma).mean(0) > 0.05, spread(mu))),
    (
        "log σ of a σ that may be negative",
        lambda mu, sigma: ((mu**2 / 2 + sigma**2 / 2 - 0.5 - torch.log(sigma)).mean(0) > 0.1, spread(mu)),
    ),
    (
        "log σ in place of log σ²",
        lambda mu, sigma: ((mu**2 + sigma**2 - 1 - sigma.abs().log()).mean(0) / 2 > 0.1, spread(mu)),
    ),
    (
        "μ is left out of the KLD",
        lambda mu, sigma: ((sigma**2 - 1 - (sigma**2).log()).mean(0) / 2 > 0.1, spread(mu)),
    ),
    (
        "the −1 is missing",
        lambda mu, sigma: ((mu**2 + sigma**2 - (sigma**2).log()).mean(0) / 2 > 0.1, spread(mu)),
    ),
    ("another threshold", lambda mu, sigma: (kld(mu, sigma).mean(0) > 0.01, spread(mu))),
    ("another threshold", lambda mu, sigma: (kld(mu, sigma).mean(0) > 0.1, mu.var(0) > 0.1)),
    (
        "the standard deviation, not the variance",
        lambda mu, sigma: (kld(mu, sigma).mean(0) > 0.1, mu.std(0, correction=0) > 0.01),
    ),
    ("μ is not centred", lambda mu, sigma: (kld(mu, sigma).mean(0) > 0.1, (mu**2).mean(0) > 0.01)),
    (
        "the variance of z, not of μ",
        lambda mu, sigma: (kld(mu, sigma).mean(0) > 0.1, (mu + sigma * torch.randn_like(mu)).var(0) > 0.01),
    ),
    ("the variance of σ, not of μ", lambda mu, sigma: (kld(mu, sigma).mean(0) > 0.1, sigma.var(0) > 0.01)),
    ("the KLD twice", lambda mu, sigma: (kld(mu, sigma).mean(0) > 0.1, kld(mu, sigma).mean(0) > 0.1)),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "5: kld.mean(dim=0) > 0.1 → kld.mean(dim=0) >= 0.1": "no mean of drawn numbers is 0.1 to the last digit",
    "5: mu.var(dim=0) > 0.01 → mu.var(dim=0) >= 0.01": "no variance of drawn numbers is 0.01 to the last digit",
}
