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
    ("ReLU6 in place of ReLU", nn.ReLU6()),
    ("ReLU6 in place of ReLU", nn.Hardtanh(0, 1)),
    ("a relative of the ReLU in its place", nn.LeakyReLU()),
    ("a relative of the ReLU in its place", nn.GELU()),
    ("a relative of the ReLU in its place", nn.SiLU()),
    ("a relative of the ReLU in its place", nn.ELU()),
    ("a relative of the ReLU in its place", nn.Softplus()),
    ("a relative of the ReLU in its place", torch.abs),
    ("the gradient is cut off", lambda h: h.relu().data),
]


class EncoderWithDetachedImages(EncoderOfModules):
    def forward(self, x):
        return super().forward(x.detach())  # images are data: nobody asks for a gradient by them


class EncoderOfASequential(nn.Module):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(input_dim, hidden_dim), nn.ReLU())
        self.hid_mu = nn.Linear(hidden_dim, latent_dim)
        self.hid_sigma = nn.Linear(hidden_dim, latent_dim)

    def forward(self, x):
        h = self.hidden(x)
        return self.hid_mu(h), self.hid_sigma(h)


class EncoderOfOtherNames(nn.Module):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__()
        self.fc1 = nn.Linear(input_dim, hidden_dim)
        self.fc_log_var = nn.Linear(hidden_dim, latent_dim)
        self.fc_mu = nn.Linear(hidden_dim, latent_dim)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        return self.fc_mu(h), self.fc_log_var(h)


class EncoderWithOneHead(nn.Module):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__()
        self.hidden = nn.Linear(input_dim, hidden_dim)
        self.head = nn.Linear(hidden_dim, 2 * latent_dim)

    def forward(self, x):
        return self.head(F.relu(self.hidden(x))).chunk(2, dim=1)


class EncoderTurned(EncoderOfASequential):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__(input_dim, hidden_dim, latent_dim)
        self.hidden = nn.Linear(hidden_dim, input_dim)


class EncoderWithoutBiases(EncoderOfModules):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__(input_dim, hidden_dim, latent_dim)
        self.hid_mu = nn.Linear(hidden_dim, latent_dim, bias=False)


class EncoderOfFixedSizes(EncoderOfModules):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__(784, 400, 40)


class EncoderWithAnEarlyHead(EncoderOfModules):
    def forward(self, x):
        units = self.hidden(x)
        return self.hid_mu(self.activation(units)), self.hid_sigma(units)


class EncoderWithMore(EncoderOfModules):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__(input_dim, hidden_dim, latent_dim)
        self.norm = nn.LayerNorm(latent_dim)


class EncoderThatSqueezes(EncoderOfModules):
    def forward(self, x):
        h = self.hidden(x).relu().squeeze()
        return self.hid_mu(h), self.hid_sigma(h)


class EncoderWithoutReturn(EncoderOfModules):
    def forward(self, x):
        super().forward(x)


class EncoderWithoutGradients(EncoderOfModules):
    @torch.no_grad()
    def forward(self, x):
        return super().forward(x)


RIGHT = [EncoderOfModules, EncoderOfMatrices, EncoderWithDetachedImages]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("one head reads h before the ReLU", EncoderWithAnEarlyHead),
    ("sizes of the layers that do not follow the arguments", EncoderOfFixedSizes),
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
    ("the gradient is cut off", EncoderWithoutGradients),
    ("the gradient is cut off", encoder(lambda h, hid_mu, hid_sigma: (hid_mu(h).detach(), hid_sigma(h)))),
    ("the gradient is cut off", encoder(lambda h, hid_mu, hid_sigma: (hid_mu(h), hid_sigma(h).detach()))),
    ("nothing is returned", EncoderWithoutReturn),
    ("a Sequential in place of the linear layer", EncoderOfASequential),
    ("layers of other names", EncoderOfOtherNames),
    ("one layer in place of two heads", EncoderWithOneHead),
    ("inputs and outputs of a layer swapped", EncoderTurned),
    ("a layer without its biases", EncoderWithoutBiases),
    ("a layer that nobody asked for", EncoderWithMore),
    ("a dimension squeezed away", EncoderThatSqueezes),
    ("a borrowed answer", model.Encoder),
    ("a borrowed answer", type("Encoder", (model.Encoder,), {})),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
