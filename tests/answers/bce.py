"""Right and wrong answers to `bce`, in other words than the check's own."""

import torch
import torch.nn.functional as F


def bce_vectorised(x, x_logits):
    p = torch.sigmoid(x_logits.double())
    return -(torch.xlogy(x, p) + torch.xlogy(1 - x, 1 - p)).sum(-1).to(x_logits.dtype)


def bce_loop(x, x_logits):
    return torch.stack([F.softplus(a).sum() - (a * image).sum() for image, a in zip(x, x_logits, strict=True)])


RIGHT = [bce_vectorised, bce_loop]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
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
        "x and x̂ swapped",
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
    ("not summed over the pixels", lambda x, x_logits: F.softplus(x_logits) - x * x_logits),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
