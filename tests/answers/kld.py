"""Right and wrong answers to `kld`, in other words than the check's own."""

import torch
from torch.distributions import Independent, Normal, kl_divergence


def kld_of_log_var(mu, sigma):
    log_var = (sigma * sigma).log()
    return -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp(), dim=1)


def kld_of_distributions(mu, sigma):
    prior = Independent(Normal(torch.zeros_like(mu), torch.ones_like(sigma)), 1)
    return kl_divergence(Independent(Normal(mu, sigma.abs()), 1), prior)


def kld_loop(mu, sigma):
    return torch.stack(
        [
            sum((m**2 + s**2) / 2 - 0.5 - s.abs().log() for m, s in zip(*pair, strict=True))
            for pair in zip(mu, sigma, strict=True)
        ]
    )


def kld_careful(mu, sigma):
    return 0.5 * (mu**2 + sigma**2 - 1 - torch.log(sigma**2 + 1e-8)).sum(1)


def kld_in_float64(mu, sigma):
    return kld_of_log_var(mu.double(), sigma.double())


def kld_minus_one(mu, sigma):
    return 0.5 * (torch.sum(mu**2 + sigma**2 - torch.log(sigma**2), dim=1) - 1)


def kld_turned(mu, sigma):
    return (0.5 * ((1 + mu**2) / sigma**2 - 1) + 0.5 * torch.log(sigma**2)).sum(1)


def kld_from_the_prior(mu, sigma):
    return kl_divergence(Normal(torch.zeros_like(mu), torch.ones_like(mu)), Normal(mu, sigma.abs())).sum(dim=1)


def kld_of_a_table(mu, sigma):
    images, dimensions = mu.shape
    mu, sigma = mu.view(images, -1), sigma.view(images, -1)
    return 0.5 * ((mu**2 + sigma**2 - (sigma**2).log()).sum(1) - dimensions)


def kld_kept_away(mu, sigma):
    s = sigma.abs().clamp(min=0.05)
    return kld_of_log_var(mu, s)


def kld_with_more(mu, sigma, more):
    return 0.5 * (mu**2 + sigma**2 - 1 - torch.log(sigma**2 + more)).sum(1)


KEPT_AWAY = "a small σ is kept away from 0"

RIGHT = [kld_of_a_table, kld_of_log_var, kld_of_distributions, kld_loop, kld_careful, kld_in_float64]
RIGHT += [lambda mu, sigma: kld_with_more(mu, sigma, 1e-7), lambda mu, sigma: kld_with_more(mu, sigma, 1e-10)]

# The name that the check must give the mistake, an answer that makes it, and in some cases the points it must earn.
WRONG = [
    ("one number for the batch", lambda mu, sigma: (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(1).mean(), 0),
    (
        "log σ of a σ that may be negative",
        lambda mu, sigma: -0.5 * (1 + torch.log(sigma) - mu.pow(2) - torch.log(sigma).exp()).sum(1),
    ),
    (
        "the KLD turned round: of the prior from q; and the mean over the dimensions",
        lambda mu, sigma: kld_turned(mu, sigma) / mu.shape[1],
    ),
    (
        "log σ in place of log σ²; and the mean over the dimensions",
        lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - sigma.abs().log()).mean(1),
    ),
    (
        "the logarithm of a product",
        lambda mu, sigma: 0.5 * ((mu**2 + sigma**2 - 1).sum(1) - sigma.square().prod(1).log()),
        8,
    ),
    ("σ squared twice", lambda mu, sigma: kl_divergence(Normal(mu, sigma * sigma), Normal(0.0, 1.0)).sum(-1)),
    ("40 dimensions, whatever D is", lambda mu, sigma: kld_of_a_table(mu, sigma) + mu.shape[1] / 2 - 20),
    ("the wrong sign", lambda mu, sigma: 0.5 * (1 + (sigma**2).log() - mu**2 - sigma**2).sum(1)),
    ("log σ in place of log σ²", lambda mu, sigma: -0.5 * (1 + sigma.abs().log() - mu**2 - sigma**2).sum(1)),
    (
        "log σ of a σ that may be negative",
        lambda mu, sigma: (mu**2 / 2 + sigma**2 / 2 - 0.5 - torch.log(sigma)).sum(1),
    ),
    ("σ taken for log σ²", lambda mu, sigma: -0.5 * (1 + sigma - mu**2 - torch.exp(sigma)).sum(1)),
    ("σ taken for log σ", lambda mu, sigma: -0.5 * (1 + 2 * sigma - mu**2 - torch.exp(2 * sigma)).sum(1)),
    ("σ taken for σ²", lambda mu, sigma: -0.5 * (1 + torch.log(sigma) - mu**2 - sigma).sum(1)),
    ("the ½ is missing", lambda mu, sigma: -(1 + (sigma**2).log() - mu**2 - sigma**2).sum(1)),
    ("a negative σ refused", lambda mu, sigma: kl_divergence(Normal(mu, sigma), Normal(0.0, 1.0)).sum(dim=1), 6),
    (
        "the mean over the dimensions; and a negative σ refused",
        lambda mu, sigma: kl_divergence(Normal(mu, sigma), Normal(0.0, 1.0)).mean(dim=1),
    ),
    (
        "the KLD turned round: of the prior from q; and a negative σ refused",
        lambda mu, sigma: kl_divergence(Normal(0.0, 1.0), Normal(mu, sigma)).sum(dim=1),
    ),
    ("+ log σ², the wrong sign", lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 + (sigma**2).log()).sum(1)),
    ("the −1 once for an image, not for each dimension", kld_minus_one),
    ("− σ², the wrong sign", lambda mu, sigma: 0.5 * (mu**2 - 1 - sigma**2 - (sigma**2).log()).sum(1)),
    ("the KLD turned round: of the prior from q", kld_turned),
    ("bits in place of nats", lambda mu, sigma: kld_of_log_var(mu, sigma) * torch.tensor(2.0).log().reciprocal()),
    ("bits in place of nats", lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1).sum(1) - sigma.abs().log2().sum(1)),
    ("the logarithm to base 10", lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - torch.log10(sigma**2)).sum(1)),
    ("the logarithm of μ², not of σ²", lambda mu, sigma: (mu**2 + sigma**2 - 1 - torch.log(mu**2)).sum(1) / 2),
    ("the −1 is missing", lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - (sigma**2).log()).sum(1)),
    ("the ½ on the first term only", lambda mu, sigma: (mu**2 / 2 + sigma**2 - 1 - (sigma**2).log()).sum(1)),
    ("σ in place of σ² in one term", lambda mu, sigma: (mu**2 + sigma - 1 - (sigma**2).log()).sum(1) / 2),
    ("σ in place of σ² in one term", lambda mu, sigma: (mu**2 + sigma.abs() - 1 - (sigma**2).log()).sum(1) / 2),
    ("σ in place of σ² in one term", lambda mu, sigma: (mu**2 + sigma**2 - 1 - sigma.log()).sum(1) / 2),
    (
        "summed over the images, not over the dimensions",
        lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(0),
    ),
    ("a small σ is kept away from 0", kld_kept_away),
    *[(KEPT_AWAY, lambda mu, sigma, more=more: kld_with_more(mu, sigma, more), 2) for more in (1e-2, 1e-3)],
    *[(KEPT_AWAY, lambda mu, sigma, more=more: kld_with_more(mu, sigma, more), 8) for more in (1e-4, 1e-5, 1e-6)],
    ("the gradient is cut off on its way", lambda mu, sigma: kld_of_log_var(mu, sigma).detach()),
    (
        "the value is right, its gradient is not",
        lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - torch.log(sigma.detach() ** 2)).sum(1),
        4,
    ),
    ("the gradient is cut off on its way", lambda mu, sigma: kld_of_log_var(mu.detach(), sigma), 4),
    ("the KLD turned round: of the prior from q", kld_from_the_prior, 2),
    ("a dimension too many", lambda mu, sigma: kld_of_log_var(mu, sigma).unsqueeze(1), 8),
    ("a list in place of a tensor", lambda mu, sigma: list(kld_loop(mu, sigma)), 8),
    ("a dimension squeezed away", lambda mu, sigma: kld_of_log_var(mu, sigma).squeeze(), 9),
    (None, lambda sigma, mu: kld_of_log_var(mu, sigma), 0),
    ("not summed over the dimensions", lambda mu, sigma: -0.5 * (1 + (sigma**2).log() - mu**2 - sigma**2), 6),
    ("the mean over the dimensions", lambda mu, sigma: -0.5 * (1 + (sigma**2).log() - mu**2 - sigma**2).mean(1)),
    ("divided by the 784 pixels", lambda mu, sigma: -0.5 / 784 * (1 + (sigma**2).log() - mu**2 - sigma**2).sum(1)),
    ("summed over the batch", lambda mu, sigma: -0.5 * (1 + (sigma**2).log() - mu**2 - sigma**2).sum()),
    (
        "summed over the batch",
        lambda mu, sigma: -0.5 * torch.sum(1 + sigma - mu.pow(2) - sigma.exp()),
    ),
    (
        "a negative σ cut to 0: −σ and σ are the same spread",
        lambda mu, sigma: kld_of_log_var(mu, torch.clamp(sigma, min=1e-6)),
    ),
    ("averaged over the batch", lambda mu, sigma: -0.5 * (1 + (sigma**2).log() - mu**2 - sigma**2).sum(1).mean()),
    (
        "a floor under the KLD",
        lambda mu, sigma: 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).clamp(min=0.1).sum(1),
        4,
    ),
    ("a floor under the KLD", lambda mu, sigma: kld_of_log_var(mu, sigma).clamp(min=0.5), 4),
    ("the mean is forgotten", lambda mu, sigma: -0.5 * (1 + (sigma**2).log() - sigma**2).sum(1)),
    ("+ 1 in place of − 1", lambda mu, sigma: 0.5 * (mu**2 + sigma**2 + 1 - (sigma**2).log()).sum(1)),
    (
        "the logarithm of a σ cut to 0",
        lambda mu, sigma: (0.5 * (mu**2 + sigma**2 - 1) - torch.log(sigma.clamp(min=1e-6))).sum(1),
    ),
    ("σ taken for σ²", lambda mu, sigma: 0.5 * (mu**2 + sigma - 1 - sigma.abs().log()).sum(1)),
    (
        "the ½ is missing; and log σ in place of log σ²",
        lambda mu, sigma: -(1 + sigma.abs().log() - mu**2 - sigma**2).sum(1),
    ),
    (
        "the wrong sign; and the mean over the dimensions",
        lambda mu, sigma: 0.5 * (1 + (sigma**2).log() - mu**2 - sigma**2).mean(1),
    ),
    ("the wrong sign; and the ½ is missing", lambda mu, sigma: (1 + (sigma**2).log() - mu**2 - sigma**2).sum(1)),
    (
        "the ½ is missing; and the mean over the dimensions",
        lambda mu, sigma: -torch.mean(1 + (sigma**2).log() - mu**2 - sigma**2, dim=1),
    ),
    ("μ not squared", lambda mu, sigma: -0.5 * (1 + (sigma**2).log() - mu - sigma**2).sum(1)),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
