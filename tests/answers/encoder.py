"""Right and wrong answers to `Encoder`, in other words than the check's own."""

import torch
import torch.nn.functional as F
from torch import nn

from vae_lib import model


class EncoderOfModules(nn.Module):
    def __init__(self, pixels, units, d):
        super().__init__()
        self.hid_sigma, self.hid_mu = nn.Linear(units, d), nn.Linear(units, d)
        self.hidden = nn.Linear(pixels, units)
        self.activation = nn.ReLU()

    def forward(self, x):
        units = self.activation(self.hidden(x))
        return [self.hid_mu(units), self.hid_sigma(units)]


class EncoderOfMatrices(EncoderOfModules):
    def forward(self, x):
        h = x @ self.hidden.weight.T + self.hidden.bias
        h = torch.where(h > 0, h, torch.zeros_like(h))
        return tuple(h @ head.weight.T + head.bias for head in (self.hid_mu, self.hid_sigma))


def encoder(answer, activation=F.relu):
    """A wrong encoder: what it returns, from the hidden units and both heads."""

    class Wrong(EncoderOfModules):
        def forward(self, x):
            return answer(activation(self.hidden(x)), self.hid_mu, self.hid_sigma)

    return Wrong


def both(h, hid_mu, hid_sigma):
    return hid_mu(h), hid_sigma(h)


ACTIVATIONS = [
    ("no ReLU on the hidden layer", nn.Identity()),
    ("sigmoid in place of ReLU", nn.Sigmoid()),
    ("tanh in place of ReLU", nn.Tanh()),
    ("softmax in place of ReLU", nn.Softmax(dim=-1)),
    ("the sign of the ReLU turned", lambda h: -F.relu(-h)),
]


RIGHT = [EncoderOfModules, EncoderOfMatrices, model.Encoder]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    *[(name, encoder(both, activation)) for name, activation in ACTIVATIONS],
    ("mu and sigma swapped", encoder(lambda h, hid_mu, hid_sigma: (hid_sigma(h), hid_mu(h)))),
    ("one head returned twice", encoder(lambda h, hid_mu, hid_sigma: 2 * (hid_mu(h),))),
    ("one head returned twice", encoder(lambda h, hid_mu, hid_sigma: 2 * (hid_sigma(h),))),
    ("ReLU on mu", encoder(lambda h, hid_mu, hid_sigma: (hid_mu(h).relu(), hid_sigma(h)))),
    ("ReLU on sigma", encoder(lambda h, hid_mu, hid_sigma: (hid_mu(h), hid_sigma(h).relu()))),
    ("ReLU on both heads", encoder(lambda h, hid_mu, hid_sigma: (hid_mu(h).relu(), hid_sigma(h).relu()))),
    ("the head taken for log σ", encoder(lambda h, hid_mu, hid_sigma: (hid_mu(h), torch.exp(hid_sigma(h))))),
    ("the head taken for log σ²", encoder(lambda h, hid_mu, hid_sigma: (hid_mu(h), hid_sigma(h).exp().sqrt()))),
    ("sigma made positive", encoder(lambda h, hid_mu, hid_sigma: (hid_mu(h), hid_sigma(h).exp().log1p()))),
    ("sigma made positive", encoder(lambda h, hid_mu, hid_sigma: (hid_mu(h), hid_sigma(h).abs()))),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
