"""log p(x) and its bounds: against torch.distributions, sums over all images, and cases worked out by hand."""

import itertools
import math

import pytest
import torch
from torch.distributions import Bernoulli, MultivariateNormal, Normal, kl_divergence

from vae_lib import likelihood
from vae_lib.checkpoints import load_planar
from vae_lib.loss import vae_loss
from vae_lib.model import VAE


@pytest.fixture
def tiny():
    """A VAE of 3 × 3 pixels with weights large enough that z matters."""
    torch.manual_seed(0)
    model = VAE(input_dim=9, hidden_dim=8, latent_dim=2, sigma_head="log_var")
    for weight in model.parameters():
        weight.data *= 3
    return model


@pytest.fixture
def blind():
    """A VAE whose decoder passes over z: p(x) is then a product of Bernoullis, and the posterior is the prior."""
    model = VAE(input_dim=9, hidden_dim=8, latent_dim=2)
    model.decoder.out.weight.data.zero_()
    model.decoder.out.bias.data = torch.linspace(-2, 2, 9)
    return model


EVERY_IMAGE = torch.tensor(list(itertools.product([0.0, 1.0], repeat=9)))


def test_the_plane_has_a_point_in_the_middle_of_each_cell():
    z = likelihood.plane(1, 0.5)
    assert z.shape == (25, 2)
    assert z[:6].tolist() == [[-1, -1], [-1, -0.5], [-1, 0], [-1, 0.5], [-1, 1], [-0.5, -1]]
    assert len(likelihood.plane()) == 201**2


@torch.no_grad()
def test_log_joint_is_that_of_torch_distributions(tiny):
    x, z = EVERY_IMAGE[[0, 100, 511]], torch.randn(5, 2)
    expected = Bernoulli(logits=tiny.decoder(z)).log_prob(x.unsqueeze(1)).sum(2).T
    expected += MultivariateNormal(torch.zeros(2), torch.eye(2)).log_prob(z).unsqueeze(1)
    torch.testing.assert_close(likelihood.log_joint(tiny, x, z), expected)
    assert likelihood.log_joint(tiny, x, torch.randn(5000, 2)).shape == (5000, 3)


def test_grey_pixels_are_refused(tiny):
    with pytest.raises(ValueError, match=r"there is grey in these: toss a coin for each pixel"):
        likelihood.log_joint(tiny, torch.full((2, 9), 0.5), torch.zeros(1, 2))


def test_the_probabilities_of_all_images_add_up_to_one(tiny):
    table = likelihood.log_joint(tiny, EVERY_IMAGE, likelihood.plane(6, 0.1))
    assert likelihood.log_evidence(table, 0.01).exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_where_the_decoder_passes_over_z_all_is_known(blind):
    log_p = Bernoulli(logits=blind.decoder.out.bias).log_prob(EVERY_IMAGE).sum(1)
    table = likelihood.log_joint(blind, EVERY_IMAGE, likelihood.plane(6, 0.1))
    torch.testing.assert_close(likelihood.log_evidence(table, 0.01), log_p, atol=1e-4, rtol=0)
    mu, factor = torch.tensor([[0.5, -1.0]] * 512), torch.tensor([[[0.5, 0.0], [0.3, 0.8]]] * 512)
    away = kl_divergence(
        MultivariateNormal(mu, scale_tril=factor), MultivariateNormal(torch.zeros(2), scale_tril=torch.eye(2))
    )
    actual = likelihood.gaussian_elbo(blind, EVERY_IMAGE, mu, factor, n=6)
    torch.testing.assert_close(actual, log_p - away, atol=1e-4, rtol=0)


def test_the_importance_weighted_bound_of_two_draws_by_hand():
    # Weights 1/2 and 1/8 of one image, their mean 5/16; 3 and 1 of the other, 2.
    weights = torch.tensor([[0.5, 3.0], [0.125, 1.0]])
    log_q = torch.tensor([[0.3, -1.0], [0.1, 2.0]])
    actual = likelihood.iwae(weights.log() + log_q, log_q)
    assert actual.tolist() == pytest.approx([math.log(5 / 16), math.log(2)])


def test_gauss_hermite_has_the_moments_of_the_normal_distribution():
    eps, weights = likelihood.gauss_hermite(9)
    assert weights.sum().item() == pytest.approx(1)
    moments = {(1, 0): 0, (2, 0): 1, (0, 2): 1, (1, 1): 0, (2, 2): 1, (4, 0): 3, (6, 2): 15}
    for (a, b), moment in moments.items():
        assert (weights * eps[:, 0] ** a * eps[:, 1] ** b).sum().item() == pytest.approx(moment, abs=1e-3)


@pytest.mark.parametrize("full", [True, False])
def test_the_gaussian_that_fits_a_gaussian_posterior_is_that_posterior(full):
    cov = torch.tensor([[0.5, 0.3], [0.3, 0.4]])
    posterior = MultivariateNormal(torch.tensor([1.0, -0.5]), cov)
    table = posterior.log_prob(likelihood.plane()).unsqueeze(1) - 70
    mu, factor = likelihood.fit_gaussians(table, 5, torch.zeros(1, 2), torch.eye(2).unsqueeze(0), full=full)
    # The best diagonal one has the precisions of the posterior, one over its variances.
    expected = cov if full else cov.inverse().diagonal().reciprocal().diag()
    torch.testing.assert_close(mu, torch.tensor([[1.0, -0.5]]), atol=0.03, rtol=0)
    torch.testing.assert_close((factor @ factor.mT)[0], expected, atol=0.05, rtol=0)
    assert factor[0, 0, 1] == 0  # lower triangular


@pytest.fixture(scope="module")
def planar(mnist):
    """The shipped model, its log p(x, z), 20 validation images and their codes."""
    model, _ = load_planar()
    x = torch.bernoulli(mnist[1].x[:20], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        mu, sigma = model.encode(x)
    return model, likelihood.log_joint(model, x, likelihood.plane()), x, mu, sigma


def test_the_bounds_stand_in_their_order(planar):
    model, table, x, mu, sigma = planar
    log_p = likelihood.log_evidence(table, 0.05**2)
    elbo = likelihood.gaussian_elbo(model, x, mu, torch.diag_embed(sigma))
    bounds = [elbo]
    for full in (False, True):
        bounds.append(
            likelihood.gaussian_elbo(
                model, x, *likelihood.fit_gaussians(table, 5, mu, torch.diag_embed(sigma), full=full)
            )
        )
    means = [bound.mean().item() for bound in [*bounds, log_p]]
    assert means == sorted(means)
    assert all((bound <= log_p + 0.02).all() for bound in bounds)


@torch.no_grad()
def test_the_elbo_by_points_is_the_average_of_that_by_draws(planar):
    model, _, x, mu, sigma = planar
    exact = likelihood.gaussian_elbo(model, x, mu, torch.diag_embed(sigma)).mean()
    drawn = torch.stack([-vae_loss(x, *model(x)).loss for _ in range(200)])  # (200, 20)
    assert abs(drawn.mean() - exact) < 5 * drawn.mean(1).std() / 200**0.5 + 0.02


@torch.no_grad()
def test_importance_weights_estimate_what_the_sum_gives(planar):
    model, table, x, *_ = planar
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(20_000, 2, generator=generator)
    estimate = likelihood.iwae(likelihood.log_joint(model, x, z), likelihood.log_prior(z).unsqueeze(1).expand(-1, 20))
    assert abs((estimate - likelihood.log_evidence(table, 0.05**2)).median()) < 0.1
    assert likelihood.log_prior(z[:3]).tolist() == pytest.approx(Normal(0, 1).log_prob(z[:3]).sum(1).tolist())
