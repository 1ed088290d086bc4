"""Right and wrong answers to `bce`, in other words than the check's own."""

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli


def bce_vectorised(x, x_logits):
    return (torch.logaddexp(x_logits, torch.zeros(())) - x * x_logits).sum(-1)


def bce_loop(x, x_logits):
    return torch.stack([F.softplus(a).sum() - (a * image).sum() for image, a in zip(x, x_logits, strict=True)])


def bce_of_signs(x, x_logits):
    return -(x * F.logsigmoid(x_logits) + (1 - x) * F.logsigmoid(-x_logits)).reshape(-1, 784).sum(1)


def bce_in_float64(x, x_logits):
    return F.binary_cross_entropy_with_logits(x_logits.double(), x.double(), reduction="none").sum(1)


def bce_of_bernoulli(x, x_logits):
    return -Bernoulli(logits=x_logits, validate_args=False).log_prob(x).sum(1)


def bce_of_probabilities(x, p):
    return (-x * p.log() - (1 - x) * (1 - p).log()).sum(dim=1)


def bce_in_xlogy(x, x_logits):
    p = torch.sigmoid(x_logits.double())
    return -(torch.xlogy(x, p) + torch.xlogy(1 - x, 1 - p)).sum(-1).to(x_logits.dtype)


def bce_clamped(limit):
    return lambda x, x_logits: bce_loop(x, x_logits.clamp(-limit, limit))


RANGE = "an exponential that 32 bits cannot hold"
GREY = "black and white made grey"
CAPPED = "the cost of a pixel is capped"
LISTED = "a list in place of a tensor"
OTHER = "the value is right, its gradient is not"


def bce_of_logs(x, log_p, log_not_p):
    return -(x * log_p + (1 - x) * log_not_p)


ONE_SIGN = "a sign wrong in softplus(a) − x·a"
ONE_SIGMOID = "the sigmoid in one of the two logarithms only"
MEAN = "the mean over the pixels"
TWICE = "a second sigmoid"
PROBABILITIES = "logits taken for probabilities"
LOG_FOR_SIGMOID = "log σ taken for σ"
ONE_MINUS = "a minus for one of the two terms only"

RIGHT = [bce_vectorised, bce_loop, bce_of_signs, bce_in_float64, bce_of_bernoulli]

# The name that the check must give the mistake, an answer that makes it, and in some cases the points it must earn.
WRONG = [
    ("summed over the batch", lambda x, x_logits: F.binary_cross_entropy(x_logits.sigmoid(), x, reduction="sum"), 6),
    (ONE_SIGN, lambda x, a: (F.softplus(a) + x * a).sum(1)),
    (ONE_SIGN, lambda x, a: (torch.log1p(torch.exp(-a)) - x * a).sum(1)),
    (f"{ONE_SIGN}; and {MEAN}", lambda x, a: (F.softplus(a) + x * a).mean(1)),
    (ONE_SIGMOID, lambda x, a: bce_of_logs(x, F.logsigmoid(a), torch.log(1 - a)).sum(1)),
    (ONE_SIGMOID, lambda x, a: bce_of_logs(x, a.log(), torch.log(1 - a.sigmoid())).sum(1)),
    (f"{PROBABILITIES}; and {MEAN}", lambda x, a: bce_of_logs(x, a.log(), (1 - a).log()).mean(1)),
    (f"{PROBABILITIES}; and the wrong sign", lambda x, a: -bce_of_logs(x, a.log(), (1 - a).log()).sum(1)),
    (f"{TWICE}; and {MEAN}", lambda x, a: bce_vectorised(x, a.sigmoid()) / 784),
    (f"{TWICE}; and the mean over pixels and batch", lambda x, a: bce_vectorised(x, a.sigmoid()).mean() / 784),
    (f"the wrong sign; and {MEAN}", lambda x, a: -bce_vectorised(x, a) / 784),
    (f"only the white pixels are counted; and {MEAN}", lambda x, a: -(x * F.logsigmoid(a)).mean(1)),
    ("only the black pixels are counted", lambda x, a: ((1 - x) * F.softplus(a)).sum(1)),
    ("log σ for the black pixels, too", lambda x, a: bce_of_logs(x, F.logsigmoid(a), F.logsigmoid(a)).sum(1)),
    (LOG_FOR_SIGMOID, lambda x, a: bce_of_logs(x, F.logsigmoid(a), torch.log(1 - F.logsigmoid(a))).sum(1)),
    (LOG_FOR_SIGMOID, lambda x, a: bce_of_logs(x, F.logsigmoid(a), 1 - F.logsigmoid(a)).sum(1)),
    (LOG_FOR_SIGMOID, lambda x, a: bce_vectorised(x, F.logsigmoid(a))),
    (ONE_MINUS, lambda x, a: (-x * F.logsigmoid(a) + (1 - x) * F.logsigmoid(-a)).sum(1)),
    (ONE_MINUS, lambda x, a: (x * F.logsigmoid(a) - (1 - x) * F.logsigmoid(-a)).sum(1)),
    ("black and white exchanged", lambda x, x_logits: bce_vectorised(x, -x_logits)),
    ("the squared error, not the BCE", lambda x, x_logits: F.mse_loss(x_logits.sigmoid(), x, reduction="none").sum(1)),
    ("the squared error, not the BCE", lambda x, x_logits: F.mse_loss(x_logits, x, reduction="none").sum(1)),
    ("the cross-entropy of one choice among 784", lambda x, x_logits: -(x * x_logits.log_softmax(1)).sum(1)),
    ("bits in place of nats", lambda x, x_logits: bce_vectorised(x, x_logits) * torch.tensor(2.0).log().reciprocal()),
    ("grey made black or white", lambda x, x_logits: bce_vectorised(x.round(), x_logits)),
    (
        "logits taken for probabilities",
        lambda x, x_logits: F.binary_cross_entropy(x_logits, x, reduction="none").sum(1),
    ),
    (
        "logits taken for probabilities",
        lambda x, x_logits: (-x * torch.log(x_logits) - (1 - x) * torch.log(1 - x_logits)).sum(1),
    ),
    (
        "a second sigmoid",
        lambda x, x_logits: F.binary_cross_entropy_with_logits(torch.sigmoid(x_logits), x, reduction="none").sum(1),
    ),
    (
        "x and x_logits swapped",
        lambda x, x_logits: F.binary_cross_entropy(x, torch.sigmoid(x_logits), reduction="none").sum(1),
    ),
    ("only the white pixels are counted", lambda x, x_logits: -(x * F.logsigmoid(x_logits)).sum(1)),
    ("the wrong sign", lambda x, x_logits: -bce_loop(x, x_logits)),
    (
        "the mean over the pixels",
        lambda x, x_logits: F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").mean(1),
    ),
    ("summed over the batch", lambda x, x_logits: F.binary_cross_entropy_with_logits(x_logits, x, reduction="sum")),
    (
        "averaged over the batch",
        lambda x, x_logits: F.binary_cross_entropy_with_logits(x_logits, x, reduction="sum") / len(x),
    ),
    ("the mean over pixels and batch", lambda x, x_logits: F.binary_cross_entropy_with_logits(x_logits, x)),
    ("summed over the images, not over the pixels", lambda x, x_logits: (F.softplus(x_logits) - x * x_logits).sum(0)),
    ("a Bernoulli that refuses grey pixels", lambda x, x_logits: -Bernoulli(logits=x_logits).log_prob(x).sum(dim=-1)),
    ("through the sigmoid", lambda x, x_logits: bce_of_probabilities(x, torch.sigmoid(x_logits))),
    ("through the sigmoid", bce_in_xlogy),
    (
        "through the sigmoid",
        lambda x, x_logits: F.binary_cross_entropy(torch.sigmoid(x_logits), x, reduction="none").sum(1),
    ),
    ("through the sigmoid", lambda x, x_logits: bce_of_probabilities(x, x_logits.sigmoid()).nan_to_num(0)),
    (RANGE, lambda x, a: -(x * a.sigmoid().log() + (1 - x) * (-a).sigmoid().log()).sum(1), 8),
    *[(GREY, lambda x, a, c=c: bce_vectorised(x.clamp(c, 1 - c), a), 8) for c in (0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)],
    *[(CAPPED, bce_clamped(limit), 8) for limit in (5, 10, 50, 88, 100)],
    *[(CAPPED, lambda x, a, e=e: bce_of_probabilities(x, a.sigmoid().clamp(e, 1 - e)), 8) for e in (1e-3, 1e-4, 1e-6)],
    ("a dimension too many", lambda x, x_logits: bce_vectorised(x, x_logits).unsqueeze(1), 8),
    (LISTED, lambda x, x_logits: list(bce_loop(x, x_logits)), 8),
    (LISTED, lambda x, x_logits: bce_loop(x, x_logits).tolist(), 4),
    ("a dimension squeezed away", lambda x, x_logits: bce_vectorised(x, x_logits).squeeze(), 9),
    (None, lambda x_logits, x: bce_vectorised(x, x_logits), 0),
    (RANGE, lambda x, x_logits: ((1 + x_logits.exp()).log() - x * x_logits).sum(1)),
    ("the cost of a pixel is capped", bce_clamped(12)),
    ("the cost of a pixel is capped", bce_clamped(15)),
    ("the cost of a pixel is capped", bce_clamped(30)),
    (
        "the cost of a pixel is capped",
        lambda x, x_logits: bce_of_probabilities(x, x_logits.sigmoid().clamp(1e-7, 1 - 1e-7)),
    ),
    (
        "the cost of a pixel is capped",
        lambda x, x_logits: bce_of_probabilities(x, x_logits.sigmoid()).nan_to_num(0, 0, 0),
    ),
    ("the gradient is cut off on its way", lambda x, x_logits: bce_loop(x, x_logits.detach())),
    (OTHER, lambda x, x_logits: (F.softplus(x_logits) - x * x_logits.detach()).sum(1), 4),
    ("not summed over the pixels", lambda x, x_logits: F.softplus(x_logits) - x * x_logits, 6),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
