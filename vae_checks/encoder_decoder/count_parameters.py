"""Check of `count_parameters`: how many weights the encoder and the decoder have."""

from collections.abc import Callable

import torch
from torch import nn

from vae_checks.check import check_against
from vae_checks.mistakes import Mistake
from vae_probe.outcome import Case


def _draw_sizes(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    names, lows = ("input_dim", "hidden_dim", "latent_dim"), (30, 12, 3)
    return [
        Case(
            "main",
            {
                name: torch.randint(low, 2 * low, (), generator=generator).item()
                for name, low in zip(names, lows, strict=True)
            },
        )
        for _ in range(3)
    ]


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


def _without_biases_of(*numbers: int) -> Callable[..., int]:
    """A count without the biases of some of the five layers."""

    def count(**sizes: int) -> int:
        return _count_parameters(**sizes) - sum(_layers(**sizes)[number][1] for number in numbers)

    return count


count_parameters = check_against(
    _count_parameters,
    [
        Mistake(
            "the biases forgotten",
            "A linear layer from 3 to 2 numbers: how many does it add, besides those it multiplies with?",
            lambda **sizes: _count(*_layers(**sizes), bias=False),
        ),
        Mistake(
            "some of the biases forgotten",
            "Each of the five layers has biases. How many has the one from hidden_dim to input_dim?",
            *(_without_biases_of(number) for number in (0, 1, 4)),
            _without_biases_of(1, 2),
            _without_biases_of(3, 4),
            _without_biases_of(0, 1, 2),
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
            "one head only",
            "How many layers of the encoder read the hidden units?",
            _one_head_only,
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
    points={"shape": 1, "value": 9},
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
