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


def encoder_of(sizes, **layers):
    """An encoder made with other sizes: those that `sizes` gives for the three asked for, and `layers` in place."""

    class Other(EncoderOfModules):
        def __init__(self, *asked):
            super().__init__(*sizes(*asked))
            for name, make in layers.items():
                setattr(self, name, make(*asked))

    return Other


EncoderOfFixedSizes = encoder_of(lambda *asked: (784, 400, 40))
FIXED = [
    EncoderOfFixedSizes,
    encoder_of(lambda x, h, d: (x, 400, d)),
    encoder_of(lambda x, h, d: (784, h, d)),
    encoder_of(lambda x, h, d: (x, h, 20)),
    encoder_of(lambda x, h, d: (784, 400, d)),
    encoder_of(lambda *asked: asked, hidden=lambda x, h, d: nn.Linear(x, 400)),
]
REORDERED = [encoder_of(lambda d, h, x: (x, h, d)), encoder_of(lambda h, x, d: (x, h, d))]
WITHOUT_BIASES = [
    encoder_of(lambda *asked: asked, hidden=lambda x, h, d: nn.Linear(x, h, bias=False)),
    encoder_of(
        lambda *asked: asked,
        hidden=lambda x, h, d: nn.Linear(x, h, bias=False),
        hid_mu=lambda x, h, d: nn.Linear(h, d, bias=False),
        hid_sigma=lambda x, h, d: nn.Linear(h, d, bias=False),
    ),
]


class EncoderOfLayersForgotten(nn.Module):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__()
        hidden = nn.Linear(input_dim, hidden_dim)
        hid_mu, hid_sigma = nn.Linear(hidden_dim, latent_dim), nn.Linear(hidden_dim, latent_dim)
        self.made = len([hidden, hid_mu, hid_sigma])

    def forward(self, x):
        return self.hid_mu(F.relu(self.hidden(x))), self.hid_sigma(F.relu(self.hidden(x)))


class EncoderOfOneTensor(EncoderOfModules):
    def forward(self, x):
        return torch.stack(super().forward(x))


class EncoderWithDropout(EncoderOfModules):
    def forward(self, x):
        h = F.dropout(F.relu(self.hidden(x)), 0.5)
        return self.hid_mu(h), self.hid_sigma(h)


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


# A tensor of both is taken apart as a pair is.
RIGHT = [EncoderOfModules, EncoderOfMatrices, EncoderWithDetachedImages, EncoderOfOneTensor]


def _shared_head(pixels, units, d):
    module = EncoderOfModules(pixels, units, d)
    module.hid_sigma = module.hid_mu
    return module


class EncoderWithSamples(EncoderOfModules):
    def forward(self, x):
        mu, sigma = super().forward(x)
        return mu, sigma, mu + sigma * torch.randn_like(sigma)


class CutOffEncoderWithSamples(EncoderWithSamples):
    def forward(self, x):
        mu, sigma, z = super().forward(x)
        return mu.detach(), sigma.detach(), z.detach()


class EncoderOfViews(EncoderOfModules):
    def forward(self, x):
        return super().forward(x.view(-1, 784))


class EncoderWithoutItsBase(nn.Module):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        self.hidden = nn.Linear(input_dim, hidden_dim)


# The name that the check must give the mistake, an answer that makes it, and in some cases the points it must earn.
WRONG = [
    ("super().__init__() is missing", EncoderWithoutItsBase, 0),
    ("sizes in forward that do not follow the arguments", EncoderOfViews, 8),
    ("one head returned twice", _shared_head, 3),
    ("more than what is asked for", EncoderWithSamples, 8),
    ("the gradient is cut off", CutOffEncoderWithSamples, 4),
    ("one head reads h before the ReLU", EncoderWithAnEarlyHead),
    *[("sizes of the layers that do not follow the arguments", answer, 8) for answer in FIXED],
    *[("the sizes in another order", answer, 8) for answer in REORDERED],
    *[("a layer without its biases", answer, 8) for answer in WITHOUT_BIASES],
    ("layers that nobody keeps", EncoderOfLayersForgotten, 0),
    ("a layer's class called with numbers", encoder(both, nn.ReLU), 2),
    ("chance between the layers", EncoderWithDropout, 3),
    ("a last step that spoils large numbers", encoder(lambda h, mu, sigma: (mu(h).clamp(-10, 10), sigma(h))), 8),
    ("a last step that spoils large numbers", encoder(lambda h, mu, sigma: (mu(h), sigma(h).clamp(min=-100))), 8),
    *[(name, encoder(both, activation)) for name, activation in ACTIVATIONS],
    ("mu and sigma swapped", encoder(lambda h, hid_mu, hid_sigma: (hid_sigma(h), hid_mu(h))), 8),
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
    ("nothing is returned", EncoderWithoutReturn, 2),
    (
        "no ReLU on the hidden layer; and mu and sigma swapped",
        encoder(lambda h, hid_mu, hid_sigma: (hid_sigma(h), hid_mu(h)), lambda h: h),
        3,
    ),
    ("a Sequential in place of the linear layer", EncoderOfASequential),
    ("layers of other names", EncoderOfOtherNames),
    ("one layer in place of two heads", EncoderWithOneHead),
    ("inputs and outputs of a layer swapped", EncoderTurned),
    ("a layer without its biases", EncoderWithoutBiases, 8),
    ("a layer that nobody asked for", EncoderWithMore),
    ("a dimension squeezed away", EncoderThatSqueezes),
    ("a borrowed answer", model.Encoder),
    ("a borrowed answer", type("Encoder", (model.Encoder,), {})),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
