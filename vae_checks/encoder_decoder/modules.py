"""Checks of assignment 02: the encoder, the decoder, and how many weights a VAE has.

A student's class is built with small sizes and run with drawn weights, so that its numbers can be compared.
"""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import nn

from vae_checks.check import Finding, Mistake, check_against, tensor_cases
from vae_probe.call import call_module


def _check_module(oracle, mistakes, *, name, input_name, draw_input, hints):
    """A `Check` of a class of modules with the parameters of the oracle, a class as well.

    Args:
        input_name: of the argument of `forward`.
        draw_input: gives a batch of it, `torch.rand` or `torch.randn`.
    """

    def draw(seed):
        def make(generator, batch):
            # From ranges that do not meet, so that no two dimensions can be mistaken for each other.
            sizes = [torch.randint(low, low + 4, (), generator=generator).item() for low in (12, 7, 2)]
            with torch.device("meta"):  # only the shapes are wanted
                shapes = {name: weights.shape for name, weights in oracle(*sizes).named_parameters()}
            weights = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
            # The last layer first: a gradient that is cut off is then named where it is cut.
            return dict(reversed(weights.items())) | {input_name: draw_input(batch, sizes[0], generator=generator)}

        return tensor_cases(seed, make)

    def judge(cases, outcomes):
        for outcome in outcomes:
            if isinstance(outcome["value"], dict) and "layers" in outcome["value"]:
                return [Finding("layers", False, outcome["value"]["layers"])]
        return [Finding("layers", True), *check.judge(cases, outcomes)]

    points = {"shape": 1, "value": 4, "gradient": 1, "batch of one": 1, "float64 and device": 1, "no global seed": 1}
    check = check_against(oracle, mistakes, name=name, points=points, draw=draw, hints=hints, call=call_module)
    return replace(check, points={"layers": 1, **points}, judge=judge)


class _Encoder(nn.Module):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__()
        self.hidden = nn.Linear(input_dim, hidden_dim)
        self.hid_mu = nn.Linear(hidden_dim, latent_dim)
        self.hid_sigma = nn.Linear(hidden_dim, latent_dim)

    def forward(self, x):
        return self.heads(self.hidden(x).clamp(min=0))

    def heads(self, h):
        return self.hid_mu(h), self.hid_sigma(h)


class _Decoder(nn.Module):
    def __init__(self, latent_dim, hidden_dim, output_dim):
        super().__init__()
        self.hidden = nn.Linear(latent_dim, hidden_dim)
        self.out = nn.Linear(hidden_dim, output_dim)

    def forward(self, z):
        return self.out(self.hidden(z).clamp(min=0))


def _with_activation(oracle, activation):
    """The class with another function in the place of the ReLU."""

    class Wrong(oracle):
        def forward(self, batch):
            h = activation(self.hidden(batch))
            return self.out(h) if hasattr(self, "out") else self.heads(h)

    return Wrong


def _with_end(oracle, end):
    """The class with a function of what it should return."""

    class Wrong(oracle):
        def forward(self, batch):
            returned = super().forward(batch)
            return end(*returned) if isinstance(returned, tuple) else end(returned)

    return Wrong


def _inside(oracle):
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


Encoder = _check_module(
    _Encoder,
    [
        *_inside(_Encoder),
        Mistake(
            "mu and sigma swapped",
            "Which of your two heads should come back first?",
            _with_end(_Encoder, lambda mu, sigma: (sigma, mu)),
        ),
        Mistake(
            "one head returned twice",
            "Does changing the weights of either head change what comes back?",
            _with_end(_Encoder, lambda mu, sigma: (mu, mu)),
        ),
        Mistake(
            "one head returned twice",
            "Does changing the weights of either head change what comes back?",
            _with_end(_Encoder, lambda mu, sigma: (sigma, sigma)),
        ),
        Mistake(
            "ReLU on mu",
            "The codes should come to lie around 0. On which sides of it can your mu be?",
            _with_end(_Encoder, lambda mu, sigma: (F.relu(mu), sigma)),
        ),
        Mistake(
            "ReLU on sigma",
            "What becomes of the noise, and of the gradient, where your ReLU gives 0?",
            _with_end(_Encoder, lambda mu, sigma: (mu, F.relu(sigma))),
        ),
        Mistake(
            "ReLU on both heads",
            "The codes should come to lie around 0. On which sides of it can your mu be?",
            _with_end(_Encoder, lambda mu, sigma: (F.relu(mu), F.relu(sigma))),
        ),
        Mistake(
            "the head taken for log σ",
            "Which number do this course's encoder and the report's read from hid_sigma: σ, or its logarithm?",
            _with_end(_Encoder, lambda mu, sigma: (mu, sigma.exp())),
        ),
        Mistake(
            "the head taken for log σ²",
            "Which number do this course's encoder and the report's read from hid_sigma: σ, or the log of its square?",
            _with_end(_Encoder, lambda mu, sigma: (mu, (sigma / 2).exp())),
        ),
        Mistake(
            "sigma made positive",
            "That is a good thought, and a common choice. But what does the task say about the sign of sigma?",
            _with_end(_Encoder, lambda mu, sigma: (mu, sigma.abs())),
        ),
        Mistake(
            "sigma made positive",
            "That is a good thought, and a common choice. But what does the task say about the sign of sigma?",
            _with_end(_Encoder, lambda mu, sigma: (mu, F.softplus(sigma))),
        ),
    ],
    name="Encoder",
    input_name="x",
    draw_input=torch.rand,
    hints=(
        "One layer reads the pixels, two layers read what it found. What stands between them, and how many numbers "
        "does each layer take and give?",
        "In `__init__`, three `nn.Linear(inputs, outputs)`: hidden takes input_dim numbers, and both heads take what "
        "hidden gives. In `forward`, compute h once, with a ReLU, and give it to both heads.",
        "`h = F.relu(self.hidden(x))`. Then return a pair: the head `hid_mu` of h, and the head `hid_sigma` of the "
        "same h, just as the two linear layers give them.",
    ),
)


Decoder = _check_module(
    _Decoder,
    [
        *_inside(_Decoder),
        Mistake(
            "the sigmoid is already in",
            "Should logits lie between 0 and 1? Who takes the sigmoid of what you return?",
            _with_end(_Decoder, torch.sigmoid),
        ),
        Mistake(
            "ReLU at the end",
            "Which logit belongs to a black pixel? Can yours give it?",
            _with_end(_Decoder, F.relu),
        ),
        Mistake(
            "tanh at the end",
            "How black can a pixel get if its logit is never below −1?",
            _with_end(_Decoder, torch.tanh),
        ),
        Mistake(
            "softmax at the end",
            "What do your pixels add up to? May two of them be white at once?",
            _with_end(_Decoder, lambda x_logits: x_logits.softmax(1)),
        ),
        Mistake(
            "cut to [0, 1]",
            "Should logits lie between 0 and 1? Which gradient reaches a pixel that was cut?",
            _with_end(_Decoder, lambda x_logits: x_logits.clamp(0, 1)),
        ),
    ],
    name="Decoder",
    input_name="z",
    draw_input=torch.randn,
    hints=(
        "It is the encoder's way back, with one layer at the end, as there is one answer: a number for each pixel.",
        "Two `nn.Linear`, the first from latent_dim to hidden_dim. Where does the ReLU belong, and which function is "
        "left to whoever wants to see pixels?",
        "`self.hidden` and `self.out` in `__init__`. In `forward` the ReLU of `self.hidden(z)` goes through "
        "`self.out`, and that is all: logits may be any number.",
    ),
)


def _draw_sizes(seed):
    generator = torch.Generator().manual_seed(seed)
    names, lows = ("input_dim", "hidden_dim", "latent_dim"), (30, 12, 3)
    return [
        {
            "kind": "main",
            "inputs": {
                name: torch.randint(low, 2 * low, (), generator=generator).item()
                for name, low in zip(names, lows, strict=True)
            },
        }
        for _ in range(3)
    ]


def _count(*layers, bias=True):
    with torch.device("meta"):  # no memory, no random numbers
        modules = nn.ModuleList(nn.Linear(inputs, outputs, bias=bias) for inputs, outputs in layers)
    return sum(weights.numel() for weights in modules.parameters())


def _layers(input_dim, hidden_dim, latent_dim):
    encoder = [(input_dim, hidden_dim), (hidden_dim, latent_dim), (hidden_dim, latent_dim)]
    return *encoder, (latent_dim, hidden_dim), (hidden_dim, input_dim)


def _count_parameters(input_dim, hidden_dim, latent_dim):
    return _count(*_layers(input_dim, hidden_dim, latent_dim))


def _one_head_only(input_dim, hidden_dim, latent_dim):
    first, _, *others = _layers(input_dim, hidden_dim, latent_dim)
    return _count(first, *others)


count_parameters = check_against(
    _count_parameters,
    [
        Mistake(
            "the biases forgotten",
            "A linear layer from 3 to 2 numbers: how many does it add, besides those it multiplies with?",
            lambda **sizes: _count(*_layers(**sizes), bias=False),
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
    hints=(
        "A linear layer from n to m has n · m weights and a bias for each number that it gives. How many layers has "
        "the VAE?",
        "There are five layers: three in the encoder, two of which have the same sizes, and two in the decoder.",
        "The encoder has (input_dim + 1) · hidden_dim parameters in `hidden` and 2 · (hidden_dim + 1) · latent_dim in "
        "its heads. The decoder's two layers are counted in the same way, with what they take and what they give.",
    ),
)
