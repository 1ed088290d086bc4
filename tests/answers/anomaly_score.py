"""Right and wrong answers to `anomaly_score`, in other words than the check's own."""

import math

import torch
import torch.nn.functional as F


def bce_of(x, x_logits):
    return (F.softplus(x_logits) - x * x_logits).sum(1)


def kld_of(mu, sigma):
    return 0.5 * (mu**2 + sigma**2 - 1 - torch.log(sigma**2)).sum(-1)


def floor_of(x):
    return -(torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x)).sum(1)


def in_three_steps(x, x_logits, mu, sigma):
    return bce_of(x, x_logits) + kld_of(mu, sigma) - floor_of(x)


def floor_by_bce(x, x_logits, mu, sigma):
    floor = F.binary_cross_entropy(x, x, reduction="none").sum(1)
    bce = F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").sum(1)
    return bce - floor + 0.5 * torch.sum(mu**2 + sigma**2 - 1 - 2 * sigma.abs().log(), dim=1)


def by_loop(x, x_logits, mu, sigma):
    return torch.stack(
        [in_three_steps(*(part[None] for part in row))[0] for row in zip(x, x_logits, mu, sigma, strict=True)]
    )


def per_pixel(x, x_logits, mu, sigma):
    grey = x.clamp(1e-12, 1 - 1e-7)
    over = F.binary_cross_entropy_with_logits(x_logits, x, reduction="none")
    over = over + grey * grey.log() + (1 - grey) * (1 - grey).log()
    return over.sum(1) + kld_of(mu, sigma)


def without_gradient(x, x_logits, mu, sigma):
    with torch.no_grad():
        return in_three_steps(x, x_logits, mu, sigma)


def zeros_filled(x, x_logits, mu, sigma):
    floor = -(x * x.log()).nan_to_num(0) - ((1 - x) * (1 - x).log()).nan_to_num(0)
    return bce_of(x, x_logits) - floor.sum(1) + kld_of(mu, sigma)


def by_plain_logs(x, x_logits, mu, sigma):
    floor = -(x * x.log() + (1 - x) * (1 - x).log()).sum(1)
    return bce_of(x, x_logits) - floor + kld_of(mu, sigma)


def through_probabilities(x, x_logits, mu, sigma):
    p = torch.sigmoid(x_logits)
    bce = -(torch.xlogy(x, p) + torch.xlogy(1 - x, 1 - p)).sum(1)
    return bce - floor_of(x) + kld_of(mu, sigma)


def by_bce_of_probabilities(x, x_logits, mu, sigma):
    bce = F.binary_cross_entropy(x_logits.sigmoid(), x, reduction="none").sum(1)
    return bce - floor_of(x) + kld_of(mu, sigma)


RIGHT = [in_three_steps, floor_by_bce, by_loop, per_pixel, without_gradient, zeros_filled]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("the floor is left out", lambda x, a, mu, sigma: bce_of(x, a) + kld_of(mu, sigma)),
    ("the floor is added", lambda x, a, mu, sigma: bce_of(x, a) + kld_of(mu, sigma) + floor_of(x)),
    ("the KLD is left out", lambda x, a, mu, sigma: bce_of(x, a) - floor_of(x)),
    ("the KLD is taken away", lambda x, a, mu, sigma: bce_of(x, a) - kld_of(mu, sigma) - floor_of(x)),
    ("the ELBO, not the score", lambda x, a, mu, sigma: -in_three_steps(x, a, mu, sigma)),
    ("the ELBO, not the score", lambda x, a, mu, sigma: -bce_of(x, a) - kld_of(mu, sigma) - floor_of(x)),
    ("the loss divided by the floor", lambda x, a, mu, sigma: (bce_of(x, a) + kld_of(mu, sigma)) / floor_of(x)),
    (
        "the floor of what the model drew",
        lambda x, a, mu, sigma: bce_of(x, a) + kld_of(mu, sigma) - floor_of(torch.sigmoid(a)),
    ),
    ("one floor for all images", lambda x, a, mu, sigma: bce_of(x, a) + kld_of(mu, sigma) - floor_of(x).mean()),
    (
        "all floors together taken off each image",
        lambda x, a, mu, sigma: bce_of(x, a) + kld_of(mu, sigma) - F.binary_cross_entropy(x, x, reduction="sum"),
    ),
    (
        "half of the floor",
        lambda x, a, mu, sigma: bce_of(x, a) + kld_of(mu, sigma) - torch.special.entr(x).sum(1),
    ),
    (
        "the floor in bits",
        lambda x, a, mu, sigma: bce_of(x, a) + kld_of(mu, sigma) - floor_of(x) / math.log(2),
    ),
    ("a floor through the sigmoid", lambda x, a, mu, sigma: bce_of(x, a) + kld_of(mu, sigma) - bce_of(x, x)),
    (
        "the floor is a mean over the pixels",
        lambda x, a, mu, sigma: bce_of(x, a) + kld_of(mu, sigma) - floor_of(x) / 784,
    ),
    ("the mean over the pixels", lambda x, a, mu, sigma: (bce_of(x, a) - floor_of(x)) / 784 + kld_of(mu, sigma)),
    (
        "the mean over the dimensions",
        lambda x, a, mu, sigma: bce_of(x, a) - floor_of(x) + kld_of(mu, sigma) / mu.shape[1],
    ),
    ("the ½ of the KLD is missing", lambda x, a, mu, sigma: bce_of(x, a) - floor_of(x) + 2 * kld_of(mu, sigma)),
    (
        "σ in place of σ²",
        lambda x, a, mu, sigma: bce_of(x, a) - floor_of(x) + (mu**2 + sigma - 1 - sigma.log()).sum(1) / 2,
    ),
    (
        "the logarithm of a negative σ",
        lambda x, a, mu, sigma: bce_of(x, a) - floor_of(x) + (mu**2 / 2 + sigma**2 / 2 - 0.5 - sigma.log()).sum(1),
    ),
    (
        "σ taken for log σ²",
        lambda x, a, mu, sigma: bce_of(x, a) - floor_of(x) + (mu**2 + sigma.exp() - 1 - sigma).sum(1) / 2,
    ),
    (
        "logits taken for probabilities",
        lambda x, a, mu, sigma: F.binary_cross_entropy(a, x, reduction="none").sum(1) - floor_of(x) + kld_of(mu, sigma),
    ),
    ("a second sigmoid", lambda x, a, mu, sigma: in_three_steps(x, a.sigmoid(), mu, sigma)),
    (
        "x and x̂ swapped",
        lambda x, a, mu, sigma: bce_of(a.sigmoid(), x) + kld_of(mu, sigma) - floor_of(x),
    ),
    (
        "the squared error, not the BCE",
        lambda x, a, mu, sigma: F.mse_loss(a.sigmoid(), x, reduction="none").sum(1) + kld_of(mu, sigma) - floor_of(x),
    ),
    ("one number for the whole batch", lambda x, a, mu, sigma: in_three_steps(x, a, mu, sigma).mean()),
    ("a KLD of all images together", lambda x, a, mu, sigma: bce_of(x, a) - floor_of(x) + kld_of(mu, sigma).sum()),
    ("a BCE of all images together", lambda x, a, mu, sigma: bce_of(x, a).sum() - floor_of(x) + kld_of(mu, sigma)),
    ("0 · log 0", by_plain_logs),
    ("through the sigmoid", through_probabilities),
    ("through the sigmoid", by_bce_of_probabilities),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
