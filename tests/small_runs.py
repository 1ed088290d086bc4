"""Runs of small models on made-up images, for the tests of training and of checkpoints."""

import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from vae_lib.model import VAE
from vae_lib.train import new_run


def small_run(seed=0, *, hidden_dim=16, latent_dim=3, **settings):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = VAE(hidden_dim=hidden_dim, latent_dim=latent_dim)
    return new_run(model, torch.Generator().manual_seed(seed), **settings)


def pictures(n, seed=0):
    """Images (n, 784) of very different brightness, so that a mean of the batches' means is not the mean."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 784, generator=generator) * torch.rand(n, 1, generator=generator)


def state(run):
    """All that a run is, for a comparison bit for bit."""
    optimizer = run.optimizer.state_dict()
    tensors = [*run.model.state_dict().values(), run.generator.get_state()]
    tensors += [tensor for moments in optimizer["state"].values() for tensor in moments.values()]
    return [t.tolist() for t in tensors], optimizer["param_groups"], run.history, run.batch_size, run.beta


def losses_by_hand(model, x, eps, beta):
    """Sums over the images, from probabilities instead of logits and from torch.distributions."""
    mu, sigma = model.encode(x)
    bce = F.binary_cross_entropy(torch.sigmoid(model.decoder(mu + sigma * eps)), x, reduction="sum")
    kld = kl_divergence(Normal(mu, sigma.abs()), Normal(0.0, 1.0)).sum()
    return bce + beta * kld, bce, kld
