"""Right and wrong answers to `mended_units`, in other words than the check's own."""

import torch
import torch.nn.functional as F

from vae_lib.loss import vae_loss


def parts(model, x):
    """BCE of each pixel (B, 196) and KLD of each dimension (B, D)."""
    mu, sigma = model.encode(x)
    x_logits = model.decoder(mu + sigma * torch.randn(mu.shape))
    bce = F.binary_cross_entropy_with_logits(x_logits, x, reduction="none")
    return bce, (mu**2 + sigma**2 - 1) / 2 - sigma.log()


def summed(reduce_bce, reduce_kld, total=lambda bce, kld: bce + kld):
    def measure(model, x):
        bce, kld = parts(model, x)
        bce, kld = reduce_bce(bce), reduce_kld(kld)
        return total(bce, kld), bce, kld

    return measure


def each(values):
    return values.sum(1).mean()


def by_the_library(model, x):
    losses = vae_loss(x, *model(x))
    return losses.loss.mean(), losses.bce.mean(), losses.kld.mean()


def by_sums_over_all(model, x):
    mu, sigma = model.encode(x)
    z = torch.distributions.Normal(mu, sigma).rsample()
    bce = F.binary_cross_entropy_with_logits(model.decoder(z), x, reduction="sum") / x.shape[0]
    log_var = sigma.square().log()
    kld = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp()) / x.shape[0]
    return bce + kld, bce.item(), kld.item()


def by_factors(model, x):
    bce, kld = parts(model, x)
    bce, kld = 196 * bce.mean(), kld.shape[1] * kld.mean()
    return [bce + kld, bce, kld]


def from_probabilities(model, x):
    mu, sigma = model.encode(x)
    x_hat = model.decode(mu - sigma * torch.randn_like(mu))
    bce = F.binary_cross_entropy(x_hat, x, reduction="sum") / len(x)
    kld = each(parts_of_kld(mu, sigma))
    return torch.stack([bce, kld]).sum(), bce.detach(), kld.detach()


def parts_of_kld(mu, sigma):
    q, p = torch.distributions.Normal(mu, sigma), torch.distributions.Normal(0.0, 1.0)
    return torch.distributions.kl_divergence(q, p)


def mean_of_all(values):
    return values.mean()


def sum_of_all(values):
    return values.sum()


def over_images(values):
    return values.sum(0).mean()


def only_the_loss(model, x):
    return by_the_library(model, x)[0]


def without_a_gradient(model, x):
    loss, bce, kld = by_the_library(model, x)
    return loss.item(), bce, kld


def one_for_each_image(model, x):
    bce, kld = parts(model, x)
    return bce.sum(1) + kld.sum(1), bce.sum(1), kld.sum(1)


def parts_left_as_means(model, x):
    bce, kld = parts(model, x)
    return each(bce) + each(kld), bce.mean(), kld.mean()


RIGHT = [by_the_library, by_sums_over_all, by_factors, from_probabilities]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("the BCE still a mean over the pixels", summed(mean_of_all, mean_of_all)),
    ("the BCE still a mean over the pixels", summed(mean_of_all, each)),
    ("the KLD still a mean over the dimensions", summed(each, mean_of_all)),
    ("one factor for both means", summed(lambda b: 196 * b.mean(), lambda k: 196 * k.mean())),
    ("a sum over the batch", summed(sum_of_all, sum_of_all)),
    ("a sum over the batch", summed(each, each, lambda bce, kld: 600 * (bce + kld))),
    ("a sum over the batch", summed(sum_of_all, each)),
    ("the sum over the images, the mean over the rest", summed(over_images, over_images)),
    ("the sum over the images, the mean over the rest", summed(over_images, each)),
    ("the loss is not BCE + KLD", summed(each, each, lambda bce, kld: bce)),
    ("the loss is not BCE + KLD", summed(each, each, lambda bce, kld: bce + 0.5 * kld)),
    ("the loss is not BCE + KLD", summed(each, each, lambda bce, kld: bce - kld)),
    ("the parts are not those of the loss", parts_left_as_means),
    (None, only_the_loss),
    (None, without_a_gradient),
    (None, one_for_each_image),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
