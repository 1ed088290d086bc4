"""Right and wrong answers to `iwae`, in other words than the check's own."""

import math

import torch


def iwae_of_logsumexp(log_joint, log_q):
    return torch.logsumexp(log_joint - log_q - math.log(log_q.shape[0]), dim=0)


def iwae_from_the_peak(log_joint, log_q):
    log_weights = log_joint - log_q
    peak = log_weights.amax(dim=0, keepdim=True)
    return ((log_weights - peak).exp().mean(dim=0)).log() + peak.squeeze(0)


def iwae_loop(log_joint, log_q):
    k = torch.tensor(float(len(log_q)), dtype=log_q.dtype)
    return torch.stack([(log_joint[:, i] - log_q[:, i]).logsumexp(0) - k.log() for i in range(log_q.shape[1])])


def plain(log_joint, log_q):
    return (log_joint - log_q).exp().mean(0).log()


RIGHT = [iwae_of_logsumexp, iwae_from_the_peak, iwae_loop]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("the mean of the logarithms: this is the ELBO", lambda log_joint, log_q: log_joint.mean(0) - log_q.mean(0)),
    ("the sum of the logarithms", lambda log_joint, log_q: log_joint.sum(0) - log_q.sum(0)),
    ("the sum of the weights, not their mean", lambda log_joint, log_q: torch.logsumexp(log_joint - log_q, 0)),
    (
        "log k added",
        lambda log_joint, log_q: torch.logsumexp(log_joint - log_q + math.log(log_q.shape[0]), 0),
    ),
    (
        "divided by k outside the logarithm",
        lambda log_joint, log_q: torch.logsumexp(log_joint - log_q, 0) / log_q.shape[0],
    ),
    ("log q is forgotten", lambda log_joint, log_q: log_joint.exp().mean(0).log()),
    ("log q is added", lambda log_joint, log_q: (log_joint + log_q).exp().mean(0).log()),
    ("q over p, the weight upside down", lambda log_joint, log_q: (log_q - log_joint).exp().mean(0).log()),
    (
        "the ratio of two means, not the mean of the ratios",
        lambda log_joint, log_q: (log_joint.exp().mean(0) / log_q.exp().mean(0)).log(),
    ),
    ("weighted by q once more", lambda log_joint, log_q: (log_q.exp() * (log_joint - log_q)).sum(0)),
    (
        "weighted by q once more",
        lambda log_joint, log_q: (torch.softmax(log_q, 0) * (log_joint - log_q)).sum(0),
    ),
    (
        "the weights are normalised",
        lambda log_joint, log_q: torch.softmax(log_joint - log_q, 0).mean(0).log(),
    ),
    ("the weights are normalised", lambda log_joint, log_q: torch.softmax(log_joint - log_q, 0).sum(0).log()),
    ("only the best draw counts", lambda log_joint, log_q: (log_joint - log_q).max(0).values),
    (
        "only the best draw counts",
        lambda log_joint, log_q: (log_joint - log_q).max(0).values - math.log(log_q.shape[0]),
    ),
    ("the mean weight, without its logarithm", lambda log_joint, log_q: (log_joint.exp() / log_q.exp()).mean(0)),
    ("the wrong sign", lambda log_joint, log_q: -iwae_loop(log_joint, log_q)),
    (
        "averaged over the images, not over the draws",
        lambda log_joint, log_q: torch.logsumexp(log_joint - log_q, 1) - math.log(log_q.size(1)),
    ),
    (
        "averaged over the images, not over the draws",
        lambda log_joint, log_q: torch.logsumexp(log_joint - log_q, -1) - math.log(log_q.size(0)),
    ),
    ("one number for the whole batch", lambda log_joint, log_q: iwae_loop(log_joint, log_q).mean()),
    ("one number for the whole batch", lambda log_joint, log_q: iwae_loop(log_joint, log_q).sum()),
    ("one number for the whole batch", lambda log_joint, log_q: (log_joint - log_q).exp().mean().log()),
    ("exp of −150 underflows", plain),
    ("exp of −150 underflows", lambda log_joint, log_q: (log_joint.exp() / log_q.exp()).mean(0).log()),
    ("the logarithm is kept away from 0", lambda log_joint, log_q: ((log_joint - log_q).exp().mean(0) + 1e-30).log()),
    ("the gradient is cut off on its way", lambda log_joint, log_q: iwae_loop(log_joint, log_q.detach())),
    ("the gradient is cut off on its way", lambda log_joint, log_q: iwae_loop(log_joint, log_q).detach()),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
