"""Check of `sigma_from_log_var`: σ from log σ²."""

import torch
import torch.nn.functional as F
from torch import Tensor

from vae_checks.check import tensor_cases
from vae_checks.extremes import check_with_extremes
from vae_checks.mistakes import Mistake
from vae_probe.outcome import Case

EXTREME = torch.tensor([[60.0, -60.0], [40.0, -40.0], [25.0, -25.0], [15.0, -15.0]])


def _draw_log_vars(seed: int) -> list[Case]:
    def make(generator: torch.Generator, batch: int) -> dict[str, Tensor]:
        log_var = (3 * torch.randn(batch, 5, generator=generator)).clamp(-2, 8)
        log_var[:, 0] = -2  # where 1e-4, added to σ², always shows, and 1e-5 never
        return {"log_var": log_var}

    return [*tensor_cases(seed, make), Case("extreme", {"log_var": EXTREME})]


def _sigma_from_log_var(log_var: Tensor) -> Tensor:
    return log_var.exp().sqrt()


KEPT_IN_A_RANGE = Mistake(
    "σ kept in a range",
    "The text says: log σ² may be any number. Which σ belongs to log σ² = 60, and which to −60?",
)

SMALL_ADDED = Mistake(
    "a small number added",
    "Which σ belongs to log σ² = −60, and which part of yours is the number that you add?",
)


def _recognise_extreme(actual: Tensor, expected: Tensor) -> Mistake:
    added = actual.double() - expected
    number = added.flatten()[expected.argmin()]
    # Added to σ², or in the place of a smaller σ, it would not show alike in each; exp and root differ in 1e-6.
    alike = number > 0 and ((added - number).abs() < 0.02 * number + 1e-5 * expected).all()
    return SMALL_ADDED if alike else KEPT_IN_A_RANGE


sigma_from_log_var = check_with_extremes(
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
    draw=_draw_log_vars,
    extreme="any number",
    inputs=[f"for log σ² = {log_var:.0f}" for log_var in EXTREME.flatten()],
    measure=torch.log,
    recognise=_recognise_extreme,
    hints=(
        "Take a piece of paper: for σ = 1 the layer says 0. What does it say for σ = 10, and how do you get back?",
        "Two steps undo the two that made log σ² from σ. In which order?",
        "log σ² = 2 log σ. So divide by 2 first; the exponential comes last.",
    ),
)
