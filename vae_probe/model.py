"""A VAE of any size, called as that of the course is. Its weights have the same names, but the two share no code."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Encoder(nn.Module):
    """x (B, input_dim) → mu and sigma (B, latent_dim)."""

    def __init__(self, input_dim: int, hidden_dim: int, latent_dim: int, sigma_head: str) -> None:
        super().__init__()
        self.hidden = nn.Linear(input_dim, hidden_dim)
        self.hid_mu = nn.Linear(hidden_dim, latent_dim)
        self.hid_sigma = nn.Linear(hidden_dim, latent_dim)
        self.sigma_head = sigma_head

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images → the mean and the standard deviation of their latent distributions."""
        seen = self.hidden(x).clamp(min=0)
        raw = self.hid_sigma(seen)
        meant = {"sigma": raw, "log_var": raw.exp().sqrt(), "softplus": F.softplus(raw)}
        return self.hid_mu(seen), meant[self.sigma_head]


class Decoder(nn.Module):
    """z (B, latent_dim) → x_logits (B, output_dim)."""

    def __init__(self, latent_dim: int, hidden_dim: int, output_dim: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(latent_dim, hidden_dim)
        self.out = nn.Linear(hidden_dim, output_dim)

    def forward(self, z: Tensor) -> Tensor:
        """Latent points → the logit of each pixel."""
        return self.out(self.hidden(z).clamp(min=0))


class VAE(nn.Module):
    """Encoder and decoder, and between them a draw."""

    def __init__(
        self, input_dim: int = 784, hidden_dim: int = 400, latent_dim: int = 40, sigma_head: str = "sigma"
    ) -> None:
        super().__init__()
        sizes = dict(input_dim=input_dim, hidden_dim=hidden_dim, latent_dim=latent_dim, sigma_head=sigma_head)
        self.config = SimpleNamespace(**sizes)
        self.encoder = Encoder(input_dim, hidden_dim, latent_dim, sigma_head)
        self.decoder = Decoder(latent_dim, hidden_dim, input_dim)

    def forward(self, x: Tensor, eps: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, input_dim) → x_logits (B, input_dim), mu and sigma (B, latent_dim)."""
        mu, sigma = self.encoder(x)
        eps = torch.randn_like(mu) if eps is None else eps
        return self.decoder(mu + sigma * eps), mu, sigma

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, input_dim) → mu and sigma (B, latent_dim)."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """z (B, latent_dim) → x_hat (B, input_dim)."""
        return self.decoder(z).sigmoid()
