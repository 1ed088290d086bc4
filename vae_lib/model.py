"""The Variational Autoencoder of the report: 784 – 400 – (40, 40) – 40 – 400 – 784.

Source: Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, arXiv 1312.6114; the networks are those of
its appendix C, with ReLU for tanh and, unless told otherwise, σ for log σ².
"""

from dataclasses import dataclass

from vae_lib.guards import check_input, check_same_shape
from vae_lib.pytorch import torch

import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Config:
    """All that is needed to build a `VAE` again; a checkpoint keeps it beside the weights."""

    input_dim: int
    hidden_dim: int
    latent_dim: int
    sigma_head: str


class VAE(nn.Module):
    """Encoder, reparameterization and decoder in one.

    Args:
        input_dim: pixels of an image.
        hidden_dim: width of the one hidden layer of encoder and of decoder.
        latent_dim: D, the numbers that describe an image.
        sigma_head: how the encoder's head `hid_sigma` gives sigma, see `Encoder`.
    """

    def __init__(self, input_dim=784, hidden_dim=400, latent_dim=40, sigma_head="sigma"):
        super().__init__()
        self.config = Config(input_dim, hidden_dim, latent_dim, sigma_head)
        self.encoder = Encoder(input_dim, hidden_dim, latent_dim, sigma_head)
        self.decoder = Decoder(latent_dim, hidden_dim, input_dim)

    def forward(self, x, eps=None):
        """Encode, sample once, decode.

        Args:
            x: images (B, 784) in [0, 1].
            eps: the noise (B, D) to use; drawn from N(0, I) by PyTorch's global generator if None.

        Returns:
            (x_logits, mu, sigma): (B, 784), (B, D), (B, D).

        Raises:
            ValueError: x is not (B, 784).
        """
        mu, sigma = self.encoder(x)  # each (B, D)
        z = reparameterize(mu, sigma, eps)  # (B, D)
        return self.decoder(z), mu, sigma

    def encode(self, x):
        """Images x (B, 784) → mu, sigma, each (B, D); `latent.encode` looks at their pixels, too."""
        return self.encoder(x)

    def decode(self, z):
        """Latent points z (B, D) → x_hat (B, 784) in [0, 1].

        Raises:
            ValueError: z is not (B, D).
        """
        return torch.sigmoid(self.decoder(z))


class Encoder(nn.Module):
    """q(z|x): an image → the mean and standard deviation of its latent distribution.

    `hid_sigma` is a plain linear layer; `sigma_head` says what its output h means:

    - "sigma": h is σ itself, as in the report. It may come out negative. That is harmless: ε is symmetric, and
      KLD sees only σ².
    - "log_var": h is log σ², so σ = exp(h / 2), as in the paper's appendix C.2.
    - "softplus": σ = log(1 + exp(h)).

    Raises:
        ValueError: `sigma_head` is none of the three.
    """

    def __init__(self, input_dim=784, hidden_dim=400, latent_dim=40, sigma_head="sigma"):
        super().__init__()
        if sigma_head not in SIGMA:
            raise ValueError(f"sigma_head is one of {', '.join(map(repr, SIGMA))}, got {sigma_head!r}")
        self.hidden = nn.Linear(input_dim, hidden_dim)
        self.hid_mu = nn.Linear(hidden_dim, latent_dim)
        self.hid_sigma = nn.Linear(hidden_dim, latent_dim)
        self.sigma_head = sigma_head

    def forward(self, x):
        """Images x (B, 784) in [0, 1] → mu, sigma, each (B, D)."""
        check_input(x, self.hidden, "VAE expects images of shape (B, {}) with values in [0, 1]")
        h = F.relu(self.hidden(x))  # (B, 400)
        return self.hid_mu(h), SIGMA[self.sigma_head](self.hid_sigma(h))


SIGMA = {"sigma": lambda h: h, "log_var": lambda h: torch.exp(h / 2), "softplus": F.softplus}


def reparameterize(mu, sigma, eps=None):
    """z = mu + sigma · eps with eps ~ N(0, I): a sample that lets the gradient through (paper, section 2.4).

    Args:
        mu, sigma: (B, D).
        eps: the noise (B, D) to use, n rows for n draws of a single code; drawn by PyTorch's global generator if None.

    Returns:
        z (B, D); dz/dmu = 1 and dz/dsigma = eps.

    Raises:
        TypeError, ValueError: mu and sigma are no tensors or of different shapes; several codes would share noise.
    """
    check_same_shape(mu=mu, sigma=sigma)
    if eps is None:
        eps = torch.randn_like(sigma)
    z = mu + sigma * eps
    if z.shape != eps.shape:
        remedy = f"draw as many rows, torch.randn({', '.join(map(str, z.shape))})"
        raise ValueError(f"eps {tuple(eps.shape)} would be the noise of several codes {tuple(mu.shape)}: {remedy}")
    return z


class Decoder(nn.Module):
    """p(x|z): a latent point → the logit of each pixel."""

    def __init__(self, latent_dim=40, hidden_dim=400, output_dim=784):
        super().__init__()
        self.hidden = nn.Linear(latent_dim, hidden_dim)
        self.out = nn.Linear(hidden_dim, output_dim)

    def forward(self, z):
        """Latent points z (B, D) → x_logits (B, 784); their sigmoid is x_hat."""
        check_input(z, self.hidden, "the decoder expects latent points of shape (B, {})", "z")
        h = F.relu(self.hidden(z))  # (B, 400)
        return self.out(h)
