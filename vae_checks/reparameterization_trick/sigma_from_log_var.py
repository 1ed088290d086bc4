"""Check of `sigma_from_log_var`: σ from log σ²."""

import torch
import torch.nn.functional as F

from vae_checks.check import check_against, tensor_cases
from vae_checks.mistakes import Mistake


def _sigma_from_log_var(log_var):
    return log_var.exp().sqrt()


sigma_from_log_var = check_against(
    _sigma_from_log_var,
    [
        Mistake(
            "the variance returned",
            "σ² is the variance. What is left to do?",
            lambda log_var: log_var.exp(),
        ),
        Mistake(
            "log σ returned",
            "Half of log σ² is log σ. What is left to do?",
            lambda log_var: log_var / 2,
        ),
        Mistake(
            "the root of the logarithm",
            "A logarithm may be negative. What does a root make of that, and which of the two steps comes first?",
            lambda log_var: log_var.sqrt(),
        ),
        Mistake(
            "the root of the logarithm",
            "For σ = 1 your argument is 0. What does your function make of it?",
            lambda log_var: log_var.abs().sqrt(),
        ),
        Mistake(
            "softplus",
            "Softplus is another custom, for a head that does not give log σ². Which function undoes a logarithm?",
            lambda log_var: F.softplus(log_var),
        ),
        Mistake(
            "log σ² taken for log σ",
            "The logarithm is that of σ², not that of σ. What does the square become in front of a logarithm?",
            lambda log_var: (2 * log_var).exp(),
        ),
        Mistake(
            "half of the variance",
            "Is the root of a number its half? Try σ² = 4, then σ² = 9.",
            lambda log_var: log_var.exp() / 2,
        ),
        Mistake(
            "the wrong sign",
            "If log σ² grows, should σ grow or shrink?",
            lambda log_var: (-log_var / 2).exp(),
        ),
        Mistake(
            "log σ² used as σ",
            "Your argument is a logarithm. Can a standard deviation be −3?",
            lambda log_var: log_var.clone(),
        ),
    ],
    name="sigma_from_log_var",
    points={
        "shape": 1,
        "value": 4,
        "gradient": 1,
        "batch of one": 1,
        "float64 and device": 1,
        "inputs unchanged": 1,
        "no global seed": 1,
    },
    draw=lambda seed: tensor_cases(
        seed, lambda generator, batch: {"log_var": 3 * torch.randn(batch, 5, generator=generator)}
    ),
    hints=(
        "Take a piece of paper: for σ = 1 the layer says 0. What does it say for σ = 10, and how do you get back?",
        "Two steps undo the two that made log σ² from σ. In which order?",
        "log σ² = 2 log σ. So divide by 2 first; the exponential comes last.",
    ),
)
