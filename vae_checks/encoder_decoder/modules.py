"""Checks of assignment 02: the encoder, the decoder, and how many weights a VAE has.

A student's class is built with small sizes and run with drawn weights, so that its numbers can be compared.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from vae_checks.check import Check, check_against, tensor_cases
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, judge_each
from vae_probe.modules import call_module


def check_module(
    oracle: type[nn.Module],
    mistakes: list[Mistake],
    *,
    name: str,
    input_name: str,
    draw_input: Callable[..., torch.Tensor],
    hints: tuple[str, str, str],
) -> Check:
    """A `Check` of a class of modules with the parameters of the oracle, a class as well.

    Args:
        input_name: of the argument of `forward`.
        draw_input: gives a batch of it, `torch.rand` or `torch.randn`.
    """

    def draw(seed):
        def make(generator, batch):
            # From ranges that do not meet, so that no two dimensions can be mistaken for each other.
            sizes = [torch.randint(low, low + 4, (), generator=generator).item() for low in (12, 7, 2)]
            with torch.device("meta"):  # only the shapes are needed
                shapes = {name: weights.shape for name, weights in oracle(*sizes).named_parameters()}
            weights = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
            # The last layer first: a gradient that is cut off is then named where it is cut.
            return dict(reversed(weights.items())) | {input_name: draw_input(batch, sizes[0], generator=generator)}

        return tensor_cases(seed, make)

    def layers(each):
        value = each.outcome.value
        return value["layers"] if isinstance(value, dict) and "layers" in value else ""

    points = {"shape": 1, "value": 4, "gradient": 1, "batch of one": 1, "float64 and device": 1, "no global seed": 1}
    check = check_against(oracle, mistakes, name=name, points=points, draw=draw, hints=hints, call=call_module)
    first = Property("layers", 1, judge_each(layers), required=True)
    return replace(check, properties=[first, *check.properties])


def _with_activation(oracle, activation):
    """The class with another function in the place of the ReLU."""

    class Wrong(oracle):
        def forward(self, batch):
            h = activation(self.hidden(batch))
            return self.out(h) if hasattr(self, "out") else self.heads(h)

    return Wrong


def change_end(oracle: Any, end: Callable) -> Any:
    """The class with a function of what it should return."""

    class Wrong(oracle):
        def forward(self, batch):
            returned = super().forward(batch)
            return end(*returned) if isinstance(returned, tuple) else end(returned)

    return Wrong


def change_inside(oracle: Any) -> list[Mistake]:
    """The mistakes between the layers, for either class."""
    return [
        Mistake(
            "no ReLU on the hidden layer",
            "Two linear layers with nothing between them: how many linear layers would do the same?",
            _with_activation(oracle, lambda h: h),
        ),
        Mistake(
            "sigmoid in place of ReLU",
            "Which values can your hidden units take? What did lesson 02 do with those below 0, and those above 1?",
            _with_activation(oracle, torch.sigmoid),
        ),
        Mistake(
            "tanh in place of ReLU",
            "Which values can your hidden units take? What did lesson 02 do with those below 0, and those above 1?",
            _with_activation(oracle, torch.tanh),
        ),
        Mistake(
            "softmax in place of ReLU",
            "What do your hidden units add up to? May two of them be large at once?",
            _with_activation(oracle, lambda h: h.softmax(1)),
        ),
        Mistake(
            "the sign of the ReLU turned",
            "Which numbers does your function set to 0: the negative ones?",
            _with_activation(oracle, lambda h: h.clamp(max=0)),
        ),
    ]
