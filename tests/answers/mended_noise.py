"""Right and wrong answers to `mended_noise`, in other words than the check's own."""

import math

import torch

from tests.answers.mended_units import by_factors, by_sums_over_all, by_the_library
from vae_lib.loss import bce, kld
from vae_lib.model import reparameterize


def drawing(draw, reduce=torch.mean):
    def measure(model, x):
        mu, sigma = model.encode(x)
        b, k = bce(x, model.decoder(draw(mu, sigma))), kld(mu, sigma)
        return reduce(b + k), reduce(b), reduce(k)

    return measure


def in_pixel_means(model, x):
    _, b, k = by_the_library(model, x)
    return b / 196 + k, b / 196, k


RIGHT = [
    by_the_library,
    by_sums_over_all,
    by_factors,
    drawing(reparameterize),
    drawing(lambda mu, sigma: torch.distributions.Normal(mu, sigma).rsample()),
    drawing(lambda mu, sigma: mu - sigma * torch.empty_like(mu).normal_()),
    drawing(lambda mu, sigma: mu + (2 * sigma.log() / 2).exp() * torch.normal(torch.zeros_like(mu), 1.0)),
]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("noise that is never negative", drawing(lambda mu, sigma: mu + sigma * torch.rand_like(mu))),
    ("noise that is never negative", drawing(lambda mu, sigma: mu + sigma * torch.randn_like(mu).abs())),
    ("noise of too small a variance", drawing(lambda mu, sigma: mu + sigma * (torch.rand_like(mu) - 0.5))),
    ("noise of too small a variance", drawing(lambda mu, sigma: mu + sigma * (2 * torch.rand_like(mu) - 1))),
    ("noise of too small a variance", drawing(lambda mu, sigma: mu + 0.5 * sigma * torch.randn_like(mu))),
    (
        "noise with the right mean and variance, and no bell",
        drawing(lambda mu, sigma: mu + sigma * math.sqrt(12) * (torch.rand_like(mu) - 0.5)),
    ),
    (
        "noise with the right mean and variance, and no bell",
        drawing(lambda mu, sigma: mu + sigma * torch.randn_like(mu).sign()),
    ),
    ("no noise at all", drawing(lambda mu, sigma: mu)),
    ("no noise at all", drawing(lambda mu, sigma: mu + sigma * torch.zeros_like(mu))),
    ("one ε for the whole batch", drawing(lambda mu, sigma: mu + sigma * torch.randn(8))),
    ("one ε for the whole batch", drawing(lambda mu, sigma: mu + sigma * torch.randn(1, 8))),
    ("one ε for several dimensions", drawing(lambda mu, sigma: mu + sigma * torch.randn(len(mu), 1))),
    ("one ε for several dimensions", drawing(lambda mu, sigma: mu + sigma * torch.randn(len(mu), 4).repeat(1, 2))),
    ("the variance in place of σ", drawing(lambda mu, sigma: mu + sigma**2 * torch.randn_like(mu))),
    ("the root of σ in place of σ", drawing(lambda mu, sigma: mu + sigma.sqrt() * torch.randn_like(mu))),
    ("the root of σ in place of σ", drawing(lambda mu, sigma: mu + (sigma.log() / 2).exp() * torch.randn_like(mu))),
    ("noise that σ does not scale", drawing(lambda mu, sigma: mu + torch.randn_like(mu))),
    ("a sum over the batch", drawing(reparameterize, torch.sum)),
    ("the BCE still a mean over the pixels", in_pixel_means),
    ("what the decoder wants does not reach the encoder", drawing(torch.normal)),
    (
        "what the decoder wants does not reach the encoder",
        drawing(lambda mu, sigma: (mu + sigma * torch.randn_like(mu)).detach()),
    ),
    ("noise of too large a variance", drawing(lambda mu, sigma: mu + 2 * sigma * torch.randn_like(mu))),
    ("μ left out", drawing(lambda mu, sigma: sigma * torch.randn_like(mu))),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "5: mu + sigma * torch.randn_like(sigma) → mu - sigma * torch.randn_like(sigma)": "N(0, I) is its own mirror",
}
