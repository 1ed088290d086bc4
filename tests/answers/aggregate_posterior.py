"""Right and wrong answers to `aggregate_posterior`, in other words than the check's own."""

import torch
from torch.distributions import MultivariateNormal, kl_divergence


def of_moments(mean, covariance):
    d = len(mean)
    kld = (torch.trace(covariance) + mean.dot(mean) - d - torch.linalg.slogdet(covariance).logabsdet) * 0.5
    return mean, covariance, kld


def by_cov(mu, sigma):
    return of_moments(mu.mean(0), torch.cov(mu.T, correction=0) + torch.diag(sigma.pow(2).mean(0)))


def by_second_moments(mu, sigma):
    mean = mu.mean(0)
    second = mu.T @ mu / len(mu) + torch.diag((sigma**2).mean(0))
    return of_moments(mean, second - torch.outer(mean, mean))


def by_loops(mu, sigma):
    n, d = mu.shape
    mean = torch.stack([mu[:, j].sum() / n for j in range(d)])
    covariance = mu.new_zeros(d, d)
    for m, s in zip(mu, sigma, strict=True):
        covariance = covariance + (torch.outer(m - mean, m - mean) + torch.diag(s * s)) / n
    return of_moments(mean, covariance)


def by_distributions(mu, sigma):
    mean, covariance, _ = by_loops(mu, sigma)
    prior = MultivariateNormal(torch.zeros_like(mean), torch.eye(len(mean), dtype=mu.dtype))
    return mean, covariance, kl_divergence(MultivariateNormal(mean, covariance), prior)


def by_eigenvalues(mu, sigma):
    mean, covariance, _ = by_cov(mu, sigma)
    values = torch.linalg.eigvalsh(covariance)
    kld = 0.5 * ((values - 1 - values.log()).sum() + (mean**2).sum())
    return [mean, covariance, kld.item()]


def of(covariance):
    """Of another covariance, with its own KLD."""
    return lambda mu, sigma: of_moments(mu.mean(0), covariance(mu, sigma))


def spread(mu, correction=0):
    return torch.cov(mu.T, correction=correction)


def kld_of(formula):
    """Of the right moments, another KLD."""

    def answer(mu, sigma):
        mean, covariance, _ = by_cov(mu, sigma)
        return mean, covariance, formula(mean, covariance)

    return answer


def variances(mu, sigma):
    mean, v = mu.mean(0), mu.var(0, unbiased=False) + sigma.pow(2).mean(0)
    return mean, v, 0.5 * (v + mean**2 - 1 - v.log()).sum()


RIGHT = [by_cov, by_second_moments, by_loops, by_distributions, by_eigenvalues]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("the spread of each answer is left out", of(lambda mu, sigma: spread(mu))),
    ("the spread of the means is left out", of(lambda mu, sigma: torch.diag(sigma.square().mean(0)))),
    ("σ in place of σ²", of(lambda mu, sigma: spread(mu) + torch.diag(sigma.mean(0)))),
    ("σ in place of σ²", of(lambda mu, sigma: spread(mu) + torch.diag(sigma.abs().mean(0)))),
    ("the mean is squared, not the σ", of(lambda mu, sigma: spread(mu) + torch.diag(sigma.mean(0) ** 2))),
    ("the mean is squared, not the σ", of(lambda mu, sigma: spread(mu) + torch.diag(sigma.abs().mean(0) ** 2))),
    ("summed over the images, not averaged", of(lambda mu, sigma: spread(mu) + torch.diag((sigma**2).sum(0)))),
    ("summed over the images, not averaged", of(lambda mu, sigma: len(mu) * by_cov(mu, sigma)[1])),
    ("divided by N − 1", of(lambda mu, sigma: mu.T.cov() + (sigma**2).mean(0).diag())),
    (
        "the mean is not taken away",
        of(lambda mu, sigma: torch.einsum("ni,nj->ij", mu, mu) / len(mu) + (sigma**2).mean(0).diag()),
    ),
    (
        "the dimensions do not know of each other",
        of(lambda mu, sigma: torch.diag(mu.var(0, unbiased=False) + (sigma**2).mean(0))),
    ),
    ("the variances alone, not the covariance", variances),
    ("the σ² are added everywhere", of(lambda mu, sigma: spread(mu) + (sigma**2).mean(0))),
    ("images and dimensions mixed up", of(lambda mu, sigma: torch.cov(mu, correction=0))),
    (
        "the mean KLD of the images, not the KLD of the mean",
        lambda mu, sigma: (
            *by_cov(mu, sigma)[:2],
            (0.5 * (mu**2 + sigma**2 - 1 - torch.log(sigma**2))).sum(1).mean(),
        ),
    ),
    (
        "the KLD the other way round",
        kld_of(
            lambda m, c: kl_divergence(
                MultivariateNormal(torch.zeros_like(m), torch.eye(len(m)).to(m)), MultivariateNormal(m, c)
            )
        ),
    ),
    (
        "the wrong sign of log det",
        kld_of(lambda m, c: (c.trace() + (m**2).sum() - len(m) + torch.logdet(c)) * 0.5),
    ),
    ("log det forgotten", kld_of(lambda m, c: (c.trace() + (m**2).sum() - len(m)) * 0.5)),
    (
        "log det of the variances alone",
        kld_of(lambda m, c: (c.diag() + m**2 - 1 - c.diag().log()).sum() * 0.5),
    ),
    ("the mean does not count", kld_of(lambda m, c: (c.trace() - len(m) - torch.logdet(c)) * 0.5)),
    ("the mean is not squared", kld_of(lambda m, c: (c.trace() + m.sum() - len(m) - torch.logdet(c)) * 0.5)),
    ("the −D is missing", kld_of(lambda m, c: (c.trace() + (m**2).sum() - torch.logdet(c)) * 0.5)),
    ("the −D is missing", kld_of(lambda m, c: (c.trace() + (m**2).sum() - 1 - torch.logdet(c)) * 0.5)),
    ("the ½ is missing", kld_of(lambda m, c: c.trace() + (m**2).sum() - len(m) - torch.logdet(c))),
    (
        "all entries of C are added up, not its trace",
        kld_of(lambda m, c: (c.sum() + (m**2).sum() - len(m) - torch.logdet(c)) * 0.5),
    ),
    ("the mean over the dimensions", kld_of(lambda m, c: of_moments(m, c)[2] / m.numel())),
    (
        "a determinant too small for its numbers",
        kld_of(lambda m, c: (c.trace() + (m**2).sum() - len(m) - torch.log(torch.det(c))) * 0.5),
    ),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
