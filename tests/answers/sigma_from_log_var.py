"""Right and wrong answers to `sigma_from_log_var`, in other words than the check's own."""

import math

import numpy as np
import torch


def sigma_with_a_number_added(log_var):
    return torch.exp(log_var / 2) + 1e-8


def sigma_of_a_table(log_var):
    images, dimensions = log_var.shape  # (B, D), as the docstring says
    return torch.exp(log_var / 2).reshape(images, dimensions)


KEPT = "σ kept in a range"

RIGHT = [
    sigma_of_a_table,
    lambda log_var: torch.exp(log_var).pow(0.5),
    lambda log_var: math.e ** (0.5 * log_var),
    lambda log_var: torch.stack([torch.stack([value.exp().sqrt() for value in row]) for row in log_var]),
]

# The name that the check must give the mistake, an answer that makes it, and in some cases the points it must earn.
WRONG = [
    ("more than what is asked for", lambda log_var: (log_var.exp().sqrt(), log_var), 8),
    (
        "the gradient is cut off on its way",
        lambda log_var: torch.from_numpy(np.exp(log_var.numpy() / 2)),
        4,
    ),
    (None, lambda log_var: torch.exp(log_var // 2), 2),
    ("the variance returned", lambda log_var: math.e**log_var),
    ("log σ returned", lambda log_var: 0.5 * log_var),
    ("the root of the logarithm", lambda log_var: log_var**0.5),
    ("the root of the logarithm", lambda log_var: torch.sqrt(abs(log_var))),
    ("softplus", lambda log_var: torch.log(1 + torch.exp(log_var))),
    ("log σ² taken for log σ", lambda log_var: torch.exp(log_var) ** 2),
    ("half of the variance", lambda log_var: 0.5 * torch.exp(log_var)),
    ("the wrong sign", lambda log_var: 1 / log_var.exp().sqrt()),
    ("σ kept in a range", lambda log_var: torch.exp(0.5 * log_var.clamp(-10, 10))),
    ("σ kept in a range", lambda log_var: torch.exp(0.5 * log_var.clamp(-30, 20))),
    ("a small number added", sigma_with_a_number_added),
    *[("a small number added", lambda log_var, more=more: torch.exp(log_var / 2) + more, 8) for more in (1e-5, 1e-6)],
    *[(None, lambda log_var, more=more: torch.exp(log_var / 2) + more, 3) for more in (1e-3, 1e-4)],
    *[(KEPT, lambda log_var, more=more: (log_var.exp() + more).sqrt(), 8) for more in (1e-5, 1e-6, 1e-8, 1e-12)],
    *[(None, lambda log_var, more=more: (log_var.exp() + more).sqrt(), 3) for more in (1e-3, 1e-4)],
    ("a dimension too many", lambda log_var: torch.exp(log_var / 2).unsqueeze(0), 8),
    ("a list in place of a tensor", lambda log_var: [torch.exp(row / 2) for row in log_var], 8),
    (
        "the gradient is cut off on its way",
        lambda log_var: torch.tensor([[math.exp(value / 2) for value in row] for row in log_var]),
        4,
    ),
    ("σ kept in a range", lambda log_var: (log_var.exp() + 1e-8).sqrt()),
    ("the gradient is cut off on its way", lambda log_var: torch.exp(0.5 * log_var.detach())),
    ("log σ² used as σ", lambda log_var: log_var),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
