"""Right and wrong answers to `sigma_from_log_var`, in other words than the check's own."""

import math

import torch


def sigma_with_a_number_added(log_var):
    return torch.exp(log_var / 2) + 1e-8


RIGHT = [
    lambda log_var: torch.exp(log_var).pow(0.5),
    lambda log_var: math.e ** (0.5 * log_var),
    lambda log_var: torch.stack([torch.stack([value.exp().sqrt() for value in row]) for row in log_var]),
]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
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
    ("σ kept in a range", lambda log_var: (log_var.exp() + 1e-8).sqrt()),
    ("the gradient is cut off on its way", lambda log_var: torch.exp(0.5 * log_var.detach())),
    ("log σ² used as σ", lambda log_var: log_var),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
