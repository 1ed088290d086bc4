"""Check of `count_parameters`: how many weights the encoder and the decoder have."""

import operator
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, permutations

import torch
from torch import nn

from vae_checks.check import check_against
from vae_checks.mistakes import Mistake, both
from vae_checks.properties import Property, Seen
from vae_probe.outcome import Case

# What is added to the sizes: each size grows alone, by one and by two, and with each other one.
STEPS = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0), (0, 2, 0), (0, 0, 2), (1, 1, 0), (0, 1, 1), (1, 0, 1)]


def _draw_sizes(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    names, lows = ("input_dim", "hidden_dim", "latent_dim"), (30, 12, 3)
    sizes = [torch.randint(low, 2 * low, (), generator=generator).item() for low in lows]
    return [Case("main", dict(zip(names, map(operator.add, sizes, step), strict=True))) for step in STEPS]


Layer = tuple[int, int]  # what it takes, what it gives


def _count(*layers: Layer, bias: bool = True) -> int:
    with torch.device("meta"):  # no memory, no random numbers
        modules = nn.ModuleList(nn.Linear(inputs, outputs, bias=bias) for inputs, outputs in layers)
    return sum(weights.numel() for weights in modules.parameters())


def _layers(input_dim: int, hidden_dim: int, latent_dim: int) -> tuple[Layer, ...]:
    encoder = [(input_dim, hidden_dim), (hidden_dim, latent_dim), (hidden_dim, latent_dim)]
    return *encoder, (latent_dim, hidden_dim), (hidden_dim, input_dim)


def _count_parameters(input_dim: int, hidden_dim: int, latent_dim: int) -> int:
    return _count(*_layers(input_dim, hidden_dim, latent_dim))


def _one_head_only(input_dim: int, hidden_dim: int, latent_dim: int) -> int:
    first, _, *others = _layers(input_dim, hidden_dim, latent_dim)
    return _count(first, *others)


def _in_order(*order: int) -> Callable[..., int]:
    """A count that takes the sizes in another order."""
    return lambda **sizes: _count_parameters(*(list(sizes.values())[i] for i in order))


def _without_biases_of(*numbers: int) -> Callable[..., int]:
    """A count without the biases of some of the five layers."""

    def count(**sizes: int) -> int:
        return _count_parameters(**sizes) - sum(_layers(**sizes)[number][1] for number in numbers)

    return count


def _weights_of(of: str, *steps: tuple[int, int, int]) -> Property:
    """Is all that is wrong a matter of single sizes, as biases are, not of the products in which these steps show?"""

    def judge(seen: list[Seen]) -> str:
        return _weights(seen, steps)

    return Property(f"weights {of}", 2, judge, follows=("value",))


def _weights(seen: list[Seen], steps: tuple[tuple[int, int, int], ...]) -> str:
    counts = [float("nan") if each.outcome.error else each.outcome.value for each in seen]
    if not all(abs(count) < 2**53 for count in counts):  # above, whole numbers are not told apart
        return "not every number that you return is one that counts weights"
    off = {step: float(count) - each.expected.value for step, count, each in zip(STEPS, counts, seen, strict=True)}
    for step in steps:
        first, second = (i for i in range(3) for _ in range(step[i]))
        # A fraction, of a count divided by a size, is rounded.
        if abs(off[step] - off[STEPS[1 + first]] - off[STEPS[1 + second]] + off[STEPS[0]]) > 1e-6:
            return "where two of the sizes grow, your number does not grow as the number of weights does"
    return ""


WITHOUT_BIASES = Mistake(
    "the biases forgotten",
    "A linear layer from 3 to 2 numbers: how many does it add, besides those it multiplies with?",
    lambda **sizes: _count(*_layers(**sizes), bias=False),
)
ONE_HEAD = Mistake("one head only", "How many layers of the encoder read the hidden units?", _one_head_only)

_values = check_against(
    _count_parameters,
    [
        WITHOUT_BIASES,
        ONE_HEAD,
        both(
            WITHOUT_BIASES,
            ONE_HEAD,
            lambda **sizes: _count(*_layers(**sizes), bias=False) - sizes["hidden_dim"] * sizes["latent_dim"],
        ),
        Mistake(
            "some of the biases forgotten",
            "Each of the five layers has a bias for each number that it gives. Which of the five are in your sum?",
            *(_without_biases_of(*some) for few in range(1, 5) for some in combinations(range(5), few)),
        ),
        Mistake(
            "one bias for each layer",
            "A linear layer from 3 to 2 numbers adds a bias to each number that it gives. How many biases are that?",
            lambda **sizes: _count(*_layers(**sizes), bias=False) + 5,
        ),
        Mistake(
            "the number for one set of sizes",
            "That is right for one VAE. How many has a smaller one? Three sizes come in: which of them do you use?",
            lambda **sizes: _count_parameters(784, 400, 40),
        ),
        Mistake(
            "the biases of the wrong side",
            "A linear layer from 3 to 2 numbers: how many sums does it form, and how many biases does it add?",
            lambda **sizes: _count(*(layer[::-1] for layer in _layers(**sizes))),
        ),
        Mistake(
            "the sizes in another order",
            "Which size comes first in the function of the exercise, and which in yours?",
            *(_in_order(*order) for order in list(permutations(range(3)))[1:]),  # the first is the right one
        ),
        Mistake(
            "the decoder forgotten",
            "The VAE is there and back. Which part did you count?",
            lambda **sizes: _count(*_layers(**sizes)[:3]),
        ),
        Mistake(
            "the encoder forgotten",
            "The VAE is there and back. Which part did you count?",
            lambda **sizes: _count(*_layers(**sizes)[3:]),
        ),
        Mistake(
            "the encoder counted twice",
            "Is the decoder as large as the encoder? How many heads has it?",
            lambda **sizes: 2 * _count(*_layers(**sizes)[:3]),
        ),
        Mistake(
            "the decoder counted twice",
            "Is the encoder as large as the decoder? How many heads has it?",
            lambda **sizes: 2 * _count(*_layers(**sizes)[3:]),
        ),
        Mistake(
            "a decoder that reads mu and sigma",
            "What goes into the decoder: what the encoder gives, or what is drawn from it?",
            lambda **sizes: _count_parameters(**sizes) + sizes["latent_dim"] * sizes["hidden_dim"],
        ),
    ],
    name="count_parameters",
    points={"shape": 1, "value": 5},
    draw=_draw_sizes,
    tolerance=1e-9,
    forbidden=("torch.nn", "vae_lib"),
    hints=(
        "A linear layer from n to m has n · m weights and a bias for each number that it gives. How many layers has "
        "the VAE?",
        "There are five layers: three in the encoder, two of which have the same sizes, and two in the decoder.",
        "The encoder has (input_dim + 1) · hidden_dim parameters in `hidden` and 2 · (hidden_dim + 1) · latent_dim in "
        "its heads. The decoder's two layers are counted in the same way, with what they take and what they give.",
    ),
)

count_parameters = replace(
    _values,
    properties=[
        *_values.properties,
        # The product of the other two sizes is in no layer, and its step belongs to both.
        _weights_of("between pixels and hidden units", (2, 0, 0), (0, 2, 0), (1, 1, 0), (1, 0, 1)),
        _weights_of("between hidden units and codes", (0, 2, 0), (0, 0, 2), (0, 1, 1), (1, 0, 1)),
    ],
)
