"""Check of `Encoder`."""

import torch
import torch.nn.functional as F
from torch import nn

from vae_checks.encoder_decoder.modules import change_end, check_module, cut_off
from vae_checks.mistakes import Mistake


class _Encoder(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int, latent_dim: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(input_dim, hidden_dim)
        self.hid_mu = nn.Linear(hidden_dim, latent_dim)
        self.hid_sigma = nn.Linear(hidden_dim, latent_dim)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.last(self.hidden(x).clamp(min=0))

    def last(self, h: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.hid_mu(h), self.hid_sigma(h)


class _HeadBeforeTheReLU(_Encoder):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        h = self.hidden(x)
        return self.hid_mu(h.clamp(min=0)), self.hid_sigma(h)


Encoder = check_module(
    _Encoder,
    [
        Mistake(
            "mu and sigma swapped",
            "Which of your two heads should come back first?",
            change_end(_Encoder, lambda mu, sigma: (sigma, mu)),
        ),
        Mistake(
            "one head returned twice",
            "Does changing the weights of either head change what comes back?",
            change_end(_Encoder, lambda mu, sigma: (mu, mu)),
            change_end(_Encoder, lambda mu, sigma: (sigma, sigma)),
        ),
        Mistake(
            "ReLU on mu",
            "The codes should come to lie around 0. On which sides of it can your mu be?",
            change_end(_Encoder, lambda mu, sigma: (F.relu(mu), sigma)),
        ),
        Mistake(
            "ReLU on sigma",
            "What becomes of the noise, and of the gradient, where your ReLU gives 0?",
            change_end(_Encoder, lambda mu, sigma: (mu, F.relu(sigma))),
        ),
        Mistake(
            "ReLU on both heads",
            "The codes should come to lie around 0. On which sides of it can your mu be?",
            change_end(_Encoder, lambda mu, sigma: (F.relu(mu), F.relu(sigma))),
        ),
        Mistake(
            "one head reads h before the ReLU",
            "Which h goes into hid_mu, and which into hid_sigma? Does either see negative numbers?",
            _HeadBeforeTheReLU,
        ),
        Mistake(
            "the head taken for log σ",
            "Which number do this course's encoder and the report's read from hid_sigma: σ, or its logarithm?",
            change_end(_Encoder, lambda mu, sigma: (mu, sigma.exp())),
        ),
        Mistake(
            "the head taken for log σ²",
            "Which number do this course's encoder and the report's read from hid_sigma: σ, or the log of its square?",
            change_end(_Encoder, lambda mu, sigma: (mu, (sigma / 2).exp())),
        ),
        Mistake(
            "sigma made positive",
            "That is a good thought, and a common choice. But what does the task say about the sign of sigma?",
            change_end(_Encoder, lambda mu, sigma: (mu, sigma.abs())),
            change_end(_Encoder, lambda mu, sigma: (mu, F.softplus(sigma))),
        ),
        cut_off(
            _Encoder,
            change_end(_Encoder, lambda mu, sigma: (mu.detach(), sigma.detach())),
            change_end(_Encoder, lambda mu, sigma: (mu.detach(), sigma)),
            change_end(_Encoder, lambda mu, sigma: (mu, sigma.detach())),
        ),
    ],
    name="Encoder",
    input_name="x",
    draw_input=torch.rand,
    parts=("mu", "sigma"),
    data=("x",),
    ends={
        "mu and sigma swapped": lambda mu, sigma: (sigma, mu),
        "ReLU on sigma": lambda mu, sigma: (mu, F.relu(sigma)),
        "the head taken for log σ": lambda mu, sigma: (mu, sigma.exp()),
        "the head taken for log σ²": lambda mu, sigma: (mu, (sigma / 2).exp()),
    },
    hints=(
        "One layer reads the pixels, two layers read what it found. What stands between them, and how many numbers "
        "does each layer take and give?",
        "In `__init__`, three `nn.Linear(inputs, outputs)`: hidden takes input_dim numbers, and both heads take what "
        "hidden gives. In `forward`, compute h once, with a ReLU, and give it to both heads.",
        "`h = F.relu(self.hidden(x))`. Then return a pair: the head `hid_mu` of h, and the head `hid_sigma` of the "
        "same h, just as the two linear layers give them.",
    ),
)
