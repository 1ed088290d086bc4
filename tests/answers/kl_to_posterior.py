"""Right and wrong answers to `kl_to_posterior`, in other words than the check's own."""

import torch
import torch.nn.functional as F
from torch.distributions import Categorical, Independent, Normal, kl_divergence


def kl_of_categoricals(mu, sigma, log_joint, z):
    log_q = Independent(Normal(mu, sigma), 1).log_prob(z.unsqueeze(1))
    return kl_divergence(Categorical(logits=log_q.T), Categorical(logits=log_joint.T))


def kl_by_hand(mu, sigma, log_joint, z):
    log_q = -(((z[:, None, :] - mu) / sigma) ** 2).sum(-1) / 2
    q = torch.softmax(log_q, dim=0)
    log_ratio = torch.log_softmax(log_q, dim=0) - torch.log_softmax(log_joint, dim=0)
    return torch.einsum("gb,gb->b", q, log_ratio)


def kl_with_the_area(mu, sigma, log_joint, z):
    # The step of the grid, from its second point; densities times the area of a cell.
    log_area = 2 * (z[1, 1] - z[0, 1]).log()
    log_q = Normal(mu, sigma).log_prob(z[:, None]).sum(-1)
    log_p = log_joint - log_joint.logsumexp(0) - log_area
    return ((log_q + log_area).exp() * (log_q - log_p)).sum(0)


def kl_of_pytorch(mu, sigma, log_joint, z):
    log_q = Normal(mu, sigma).log_prob(z[:, None]).sum(-1).log_softmax(0)
    return F.kl_div(log_joint.log_softmax(0), log_q, reduction="none", log_target=True).sum(0)


def shares(mu, sigma, z):
    return Normal(mu, sigma).log_prob(z.unsqueeze(1)).sum(-1)


def plain(mu, sigma, log_joint, z):
    q, p = shares(mu, sigma, z).exp(), log_joint.exp()
    q, p = q / q.sum(0), p / p.sum(0)
    return (q * (q.log() - p.log())).sum(0)


def kl_with_a_number_added(mu, sigma, log_joint, z):
    q, p = shares(mu, sigma, z).exp(), log_joint.exp()
    q, p = q / q.sum(0), p / (p.sum(0) + 1e-30)
    return (q * (q + 1e-20).log() - q * (p + 1e-20).log()).sum(0)


def of_softmax(mu, sigma, log_joint, z):
    # Right where no share is 0; on the plane of the lesson most are, and 0 · log 0 is no number.
    q, p = shares(mu, sigma, z).softmax(0), log_joint.softmax(0)
    return (q * (q / p).log()).sum(0)


RIGHT = [kl_of_categoricals, kl_by_hand, kl_with_the_area, kl_of_pytorch]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    (
        "the posterior is not normalised",
        lambda mu, sigma, log_joint, z: (
            shares(mu, sigma, z).softmax(0) * (shares(mu, sigma, z).log_softmax(0) - log_joint)
        ).sum(0),
    ),
    (
        "the posterior is not normalised",
        lambda mu, sigma, log_joint, z: (shares(mu, sigma, z).softmax(0) * (shares(mu, sigma, z) - log_joint)).sum(0),
    ),
    (
        "densities, not shares of cells",
        lambda mu, sigma, log_joint, z: (
            shares(mu, sigma, z).exp() * (shares(mu, sigma, z) - torch.log_softmax(log_joint, 0))
        ).sum(0),
    ),
    (
        "densities, not shares of cells",
        lambda mu, sigma, log_joint, z: (
            torch.softmax(shares(mu, sigma, z), 0) * (shares(mu, sigma, z) - torch.log_softmax(log_joint, 0))
        ).sum(0),
    ),
    (
        "KL(p‖q), the other direction",
        lambda mu, sigma, log_joint, z: kl_divergence(
            Categorical(logits=log_joint.T), Categorical(logits=shares(mu, sigma, z).T)
        ),
    ),
    (
        "KL(p‖q), the other direction",
        lambda mu, sigma, log_joint, z: F.kl_div(
            shares(mu, sigma, z).log_softmax(0), log_joint.log_softmax(0), reduction="none", log_target=True
        ).sum(0),
    ),
    (
        "the KL to the prior",
        lambda mu, sigma, log_joint, z: kl_divergence(Normal(mu, sigma), Normal(0.0, 1.0)).sum(1),
    ),
    ("the wrong sign", lambda mu, sigma, log_joint, z: -kl_by_hand(mu, sigma, log_joint, z)),
    (
        "the variance where a standard deviation belongs",
        lambda mu, sigma, log_joint, z: kl_by_hand(mu, sigma**2, log_joint, z),
    ),
    ("σ where σ² belongs", lambda mu, sigma, log_joint, z: kl_by_hand(mu, sigma**0.5, log_joint, z)),
    (
        "the ½ of the Gaussian is missing",
        lambda mu, sigma, log_joint, z: kl_by_hand(mu, sigma / 2**0.5, log_joint, z),
    ),
    (
        "the mean over the two numbers of z",
        lambda mu, sigma, log_joint, z: kl_by_hand(mu, sigma * 2**0.5, log_joint, z),
    ),
    ("the mean over the cells", lambda mu, sigma, log_joint, z: kl_by_hand(mu, sigma, log_joint, z) / z.shape[0]),
    ("one number for the whole batch", lambda mu, sigma, log_joint, z: kl_by_hand(mu, sigma, log_joint, z).sum()),
    ("one number for the whole batch", lambda mu, sigma, log_joint, z: kl_by_hand(mu, sigma, log_joint, z).mean()),
    ("exp of −150 underflows", plain),
    ("exp of −150 underflows", of_softmax),
    (
        "shares over the images, not over the cells",
        lambda mu, sigma, log_joint, z: (
            F.kl_div(log_joint.log_softmax(1), shares(mu, sigma, z).log_softmax(1), reduction="none", log_target=True)
        ).sum(0),
    ),
    ("a logarithm is kept away from 0", kl_with_a_number_added),
    (
        "the gradient is cut off on its way",
        lambda mu, sigma, log_joint, z: kl_by_hand(mu, sigma, log_joint.detach(), z),
    ),
    (
        "the gradient is cut off on its way",
        lambda mu, sigma, log_joint, z: kl_by_hand(mu, sigma, log_joint, z).detach(),
    ),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
