"""Right and wrong answers to assignment 02, in other words than the checks' own."""

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


class DecoderOfModules(nn.Module):
    def __init__(self, d, units, pixels):
        super().__init__()
        self.hidden = nn.Linear(d, units)
        self.out = nn.Linear(units, pixels)

    def forward(self, z):
        return nn.Sequential(self.hidden, nn.ReLU(inplace=True), self.out)(z)


class DecoderOfMatrices(DecoderOfModules):
    def forward(self, z):
        h = F.linear(z, self.hidden.weight, self.hidden.bias)
        return F.linear((h + h.abs()) / 2, self.out.weight, self.out.bias)


def by_formula(input_dim, hidden_dim, latent_dim):
    return 2 * input_dim * hidden_dim + 3 * hidden_dim * latent_dim + 2 * hidden_dim + 2 * latent_dim + input_dim


def by_building(input_dim, hidden_dim, latent_dim):
    vae = model.VAE(input_dim, hidden_dim, latent_dim)
    return sum(weights.numel() for weights in vae.parameters())


RIGHT = {
    "Encoder": [EncoderOfModules, EncoderOfMatrices, model.Encoder],
    "Decoder": [DecoderOfModules, DecoderOfMatrices, model.Decoder],
    "count_parameters": [by_formula, by_building],
}


def encoder(answer, activation=F.relu):
    """A wrong encoder: what it returns, from the hidden units and both heads."""

    class Wrong(EncoderOfModules):
        def forward(self, x):
            return answer(activation(self.hidden(x)), self.hid_mu, self.hid_sigma)

    return Wrong


def decoder(end, activation=F.relu):
    """A wrong decoder: what it returns of its logits."""

    class Wrong(DecoderOfModules):
        def forward(self, z):
            return end(self.out(activation(self.hidden(z))))

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

# The name that the check must give the mistake, and an answer that makes it.
WRONG = {
    "Encoder": [
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
    ],
    "Decoder": [
        *[(name, decoder(nn.Identity(), activation)) for name, activation in ACTIVATIONS],
        ("the sigmoid is already in", decoder(nn.Sigmoid())),
        ("ReLU at the end", decoder(nn.ReLU())),
        ("tanh at the end", decoder(nn.Tanh())),
        ("softmax at the end", decoder(nn.Softmax(dim=1))),
        ("cut to [0, 1]", decoder(lambda x_logits: x_logits.clip(0, 1))),
    ],
    "count_parameters": [
        (
            "the biases forgotten",
            lambda input_dim, hidden_dim, latent_dim: hidden_dim * (2 * input_dim + 3 * latent_dim),
        ),
        (
            "the biases of the wrong side",
            lambda input_dim, hidden_dim, latent_dim: (
                2 * input_dim * hidden_dim + 3 * hidden_dim * latent_dim + input_dim + 3 * hidden_dim + latent_dim
            ),
        ),
        (
            "one head only",
            lambda input_dim, hidden_dim, latent_dim: (
                by_formula(input_dim, hidden_dim, latent_dim) - (hidden_dim + 1) * latent_dim
            ),
        ),
        (
            "the decoder forgotten",
            lambda input_dim, hidden_dim, latent_dim: (input_dim + 1) * hidden_dim + 2 * (hidden_dim + 1) * latent_dim,
        ),
        (
            "the encoder forgotten",
            lambda input_dim, hidden_dim, latent_dim: (latent_dim + 1) * hidden_dim + (hidden_dim + 1) * input_dim,
        ),
        (
            "the encoder counted twice",
            lambda input_dim, hidden_dim, latent_dim: (
                2 * (input_dim * hidden_dim + hidden_dim + 2 * (hidden_dim * latent_dim + latent_dim))
            ),
        ),
        (
            "the decoder counted twice",
            lambda input_dim, hidden_dim, latent_dim: (
                2 * ((latent_dim + 1) * hidden_dim + (hidden_dim + 1) * input_dim)
            ),
        ),
        (
            "a decoder that reads mu and sigma",
            lambda input_dim, hidden_dim, latent_dim: (
                input_dim * hidden_dim * 2 + hidden_dim * latent_dim * 4 + 2 * hidden_dim + 2 * latent_dim + input_dim
            ),
        ),
    ],
}

# Mutants of the model answer that no check can tell from it, with the reason: {name: {mutant: reason}}.
EQUIVALENT = {"Encoder": {}, "Decoder": {}, "count_parameters": {}}
