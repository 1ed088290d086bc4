"""The linear VAE against distributions of PyTorch, and against what is known of its best solution."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from vae_lib.linear import Linear, linear_losses, train_linear

EIGENVALUES = torch.tensor([6.0, 3.0, 1.5, 0.8, 0.3])


def images(eigenvalues, n=40):
    """Centred images (n, P) whose covariance has exactly these eigenvalues, in directions of chance."""
    generator = torch.Generator().manual_seed(1)
    dims = len(eigenvalues)
    x = torch.randn(n, dims, generator=generator, dtype=torch.float64)
    white = torch.linalg.qr(x - x.mean(0)).Q * n**0.5
    turn = torch.linalg.qr(torch.randn(dims, dims, generator=generator, dtype=torch.float64)).Q
    return white * eigenvalues.double().sqrt() @ turn.T


def test_the_losses_are_those_of_distributions_image_by_image():
    x, generator = images(EIGENVALUES), torch.Generator().manual_seed(2)
    shapes = (3, 5), (3,), (5, 3)
    model = Linear(*(torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes))
    mu, sigma = x @ model.encoder.T, model.log_sigma.exp()
    # The distortion is a square in z, and these six places have the mean and the covariance of q.
    steps = 3**0.5 * torch.cat([sigma.diag(), -sigma.diag()])
    surprises = [-Normal((mu + step) @ model.decoder.T, 0.7**0.5).log_prob(x).sum(1) for step in steps]
    kld = kl_divergence(Normal(mu, sigma), Normal(0.0, 1.0)).mean(0)
    distortion, each = linear_losses(model, x.T.cov(correction=0), 0.7)
    torch.testing.assert_close(distortion, torch.stack(surprises).mean())
    torch.testing.assert_close(each, kld)


@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_training_finds_the_principal_axes_above_beta_times_the_variance(beta):
    x = images(EIGENVALUES)
    covariance = x.T.cov(correction=0)
    model = train_linear(covariance, 0.6, torch.Generator().manual_seed(0), beta, latent_dim=4)
    distortion, kld = linear_losses(model, covariance, 0.6)
    expected = [0.5 * math.log(max(1, value / (beta * 0.6))) for value in EIGENVALUES[:4].tolist()]
    torch.testing.assert_close(kld.sort(descending=True).values.tolist(), expected, atol=0.01, rtol=0)
    log_p = MultivariateNormal(torch.zeros(5).double(), model.decoder @ model.decoder.T + 0.6 * torch.eye(5)).log_prob(
        x
    )
    gap = (distortion + kld.sum() + log_p.mean()).item()
    assert gap == pytest.approx(0, abs=5e-3) if beta == 1 else gap > 0.1


def test_training_draws_its_first_weights_from_the_generator_alone():
    covariance = images(EIGENVALUES).T.cov().float()
    a, b, c = (train_linear(covariance, 0.6, torch.Generator().manual_seed(s), steps=3) for s in (0, 0, 1))
    assert all(torch.equal(*pair) for pair in zip(a, b, strict=True))
    assert not torch.equal(a.encoder, c.encoder)
    assert not any(part.requires_grad for part in a)


@pytest.mark.parametrize(
    ("settings", "error"), [({"generator": 0}, TypeError), ({"latent_dim": 0}, ValueError), ({"steps": 0}, ValueError)]
)
def test_what_cannot_be_trained_is_refused(settings, error):
    with pytest.raises(error):
        train_linear(torch.eye(5), 1.0, **({"generator": torch.Generator()} | settings))
