"""The mixture and the aggregate posterior: against scikit-learn, `torch.distributions` and the shipped file."""

import pytest
import torch
from sklearn.mixture import GaussianMixture
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal

from vae_lib import measure
from vae_lib.checkpoints import TRAINED
from vae_lib.priors import Mixture, draw, fit_mixture, load_priors, log_density


@pytest.fixture
def mixture():
    """Three bells in two dimensions, far apart."""
    factors = torch.tensor([[[1.0, 0.0], [2.0, 0.5]], [[0.5, 0.0], [0.0, 1.0]], [[2.0, 0.0], [-1.0, 1.0]]])
    return Mixture(torch.tensor([0.5, 0.2, 0.3]), torch.tensor([[0.0, 0.0], [50.0, 0.0], [0.0, 50.0]]), factors)


def of_torch(mixture):
    bells = MultivariateNormal(mixture.means, scale_tril=mixture.factors)
    return MixtureSameFamily(Categorical(mixture.weights), bells)


def test_the_density_is_that_of_torch(mixture):
    z = 20 * torch.randn(30, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(log_density(mixture, z), of_torch(mixture).log_prob(z), rtol=1e-4, atol=1e-4)


def test_the_density_of_a_single_bell_by_hand():
    one = Mixture(torch.ones(1), torch.zeros(1, 2), 2 * torch.eye(2).unsqueeze(0))
    # -½ |z|²/4 - 2 log 2 - log 2π at z = (2, 0).
    assert log_density(one, torch.tensor([[2.0, 0.0]])).item() == pytest.approx(-0.5 - 1.38629 - 1.83788, abs=1e-4)


def test_draws_have_the_shares_means_and_covariances(mixture):
    z = draw(mixture, 20_000, torch.Generator().manual_seed(0))
    bell = torch.cdist(z, mixture.means).argmin(1)
    shares = bell.bincount(minlength=3) / len(z)
    torch.testing.assert_close(shares, mixture.weights, atol=0.02, rtol=0)
    for k, factor in enumerate(mixture.factors):
        own = z[bell == k]
        torch.testing.assert_close(own.mean(0), mixture.means[k], atol=0.15, rtol=0)
        torch.testing.assert_close(own.T.cov(), factor @ factor.T, atol=0.4, rtol=0)


def test_the_generator_alone_decides_what_is_drawn(mixture):
    state = torch.random.get_rng_state()
    first, again, other = (draw(mixture, 5, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_fit_is_that_of_scikit_learn_and_in_the_dtype_of_the_points(mixture):
    z = draw(mixture, 600, torch.Generator().manual_seed(0))
    fitted = fit_mixture(z, 3)
    assert {part.dtype for part in fitted} == {torch.float32}
    theirs = GaussianMixture(3, random_state=0, max_iter=40).fit(z.double().numpy())
    torch.testing.assert_close(
        log_density(fitted, z), torch.from_numpy(theirs.score_samples(z.double().numpy())).float(), rtol=1e-4, atol=1e-3
    )
    assert fitted.weights.sort().values.tolist() == pytest.approx([0.2, 0.3, 0.5], abs=0.06)


def test_what_a_mixture_cannot_take_is_refused(mixture):
    with pytest.raises(
        ValueError, match=r"expected points of shape \(N, 2\), as many numbers as the mixture has, got \(4, 3\)"
    ):
        log_density(mixture, torch.zeros(4, 3))
    with pytest.raises(TypeError, match="generator should be a torch"):
        draw(mixture, 3, 7)


def answers(n=6, d=3):
    generator = torch.Generator().manual_seed(3)
    mu = 2 * torch.randn(n, d, generator=generator)
    return mu, (0.3 + torch.rand(n, d, generator=generator)) * torch.tensor([1.0, -1.0, 1.0])


def test_the_aggregate_posterior_is_a_mixture_of_all_answers():
    mu, sigma = answers()
    z = 2 * torch.randn(250, 3, generator=torch.Generator().manual_seed(1))
    theirs = MixtureSameFamily(Categorical(torch.ones(len(mu))), Independent(Normal(mu, sigma.abs()), 1))
    torch.testing.assert_close(measure.log_aggregate(z, mu, sigma), theirs.log_prob(z), rtol=1e-4, atol=1e-4)


def test_of_one_image_the_aggregate_posterior_is_its_answer():
    mu, sigma = answers(n=1)
    z = mu + 0.1
    expected = Normal(mu, sigma.abs()).log_prob(z).sum(1)
    torch.testing.assert_close(measure.log_aggregate(z, mu, sigma), expected)


def test_two_sets_of_one_source_cannot_be_told_apart_and_two_far_apart_can():
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 2000, 2, generator=generator)
    torch.manual_seed(0)
    assert abs(measure.tell_apart(a, b, generator, hidden=0, epochs=2) - 0.5) < 0.15
    assert measure.tell_apart(a, b + 9, generator, hidden=8, epochs=3) > 0.98


def test_only_a_classifier_with_a_hidden_layer_tells_a_ring_from_its_middle():
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 3000, 2, generator=generator)
    ring = 4 * torch.nn.functional.normalize(a)
    torch.manual_seed(0)
    assert measure.tell_apart(ring, b, generator, hidden=0, epochs=2) < 0.7
    assert measure.tell_apart(ring, b, generator, hidden=16, epochs=6) > 0.9


def test_the_shipped_priors_are_whole():
    shipped = load_priors()
    weights, means, factors = shipped.mixture
    assert weights.sum().item() == pytest.approx(1)
    assert means.shape == (50, 40)
    assert torch.equal(factors, factors.tril())
    assert (factors.diagonal(dim1=1, dim2=2) > 0).all()
    for trained in shipped.trained.values():
        assert trained.samples.shape == (500, 784)
        assert trained.samples.min() >= 0
        assert trained.samples.max() <= 1
    assert shipped.two_stage.isfinite().all()
    assert set(shipped.trained) == {"N(0, I)", "VampPrior"}


def test_the_shipped_mixture_gains_what_was_measured(mnist, encoded):
    shipped = load_priors()
    _, mu, sigma, _ = encoded
    z = mu + sigma * torch.randn(mu.shape, generator=torch.Generator().manual_seed(5))
    gained = (log_density(shipped.mixture, z) - Normal(0.0, 1.0).log_prob(z).sum(1)).mean().item()
    assert gained == pytest.approx(shipped.gains[50][1], abs=0.2)


def test_the_file_of_the_priors_is_small():
    assert (TRAINED / "priors.pt.gz").stat().st_size < 700_000
