"""The losses against torch.distributions, slow loops, and values computed by hand."""

import math
import re

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from vae_lib.loss import Losses, bce, bce_floor, kld, kld_per_dim, vae_loss


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def q(mu, sigma):
    return Normal(mu, sigma.abs())


# BCE.


def test_bce_of_black_and_white_images_is_bernoullis_log_probability():
    x = torch.randint(2, (6, 784)).double()
    x_logits = 3 * torch.randn(6, 784, dtype=torch.float64)
    oracle = -Bernoulli(probs=torch.sigmoid(x_logits)).log_prob(x).sum(dim=1)
    torch.testing.assert_close(bce(x, x_logits), oracle)


def test_bce_of_grey_images_is_the_slow_loop():
    x = torch.rand(3, 20, dtype=torch.float64)
    x_logits = 3 * torch.randn(3, 20, dtype=torch.float64)
    slow = []
    for image, logits in zip(x.tolist(), x_logits.tolist(), strict=True):
        p = [1 / (1 + math.exp(-logit)) for logit in logits]
        slow.append(-sum(a * math.log(b) + (1 - a) * math.log(1 - b) for a, b in zip(image, p, strict=True)))
    torch.testing.assert_close(bce(x, x_logits), torch.tensor(slow, dtype=torch.float64))


def test_bce_of_a_decoder_that_knows_nothing_is_784_log_2():
    assert bce(torch.rand(4, 784), torch.zeros(4, 784)).tolist() == pytest.approx([784 * math.log(2)] * 4)


@pytest.mark.parametrize(("x", "logit", "value"), [(0, 100, 100), (1, -100, 100), (1, 100, 0), (0, -100, 0)])
def test_bce_is_right_for_extreme_logits(x, logit, value):
    x, x_logits = torch.full((2, 784), float(x)), torch.full((2, 784), float(logit), requires_grad=True)
    found = bce(x, x_logits)
    found.sum().backward()
    assert found.tolist() == pytest.approx([784.0 * value] * 2)
    # The gradient by hand: sigmoid(logit) - x.
    torch.testing.assert_close(x_logits.grad, torch.full((2, 784), float(logit > 0)) - x)


# KLD.


def test_the_floor_is_the_smallest_bce_of_all_and_that_of_the_image_itself():
    x = torch.tensor([[0.0, 1.0, 0.5], [0.2, 0.9, 0.0]])
    assert bce_floor(x)[0] == pytest.approx(math.log(2))
    itself = bce(x, x.clamp(1e-6, 1 - 1e-6).logit())
    assert torch.allclose(bce_floor(x), itself, atol=1e-4)
    for step in (-0.3, 0.3):
        assert (bce(x, x.clamp(0.01, 0.99).logit() + step) > bce_floor(x)).all()


def test_kld_of_the_prior_is_zero():
    assert kld(torch.zeros(3, 40), torch.ones(3, 40)).tolist() == [0, 0, 0]


def test_kld_by_hand():
    assert kld(torch.ones(1, 40), torch.ones(1, 40)).item() == pytest.approx(40 * 0.5)
    assert kld(torch.zeros(1, 1), torch.full((1, 1), math.e)).item() == pytest.approx((math.e**2 - 1 - 2) / 2)


def test_kld_is_the_divergence_of_torch_distributions():
    mu, sigma = 2 * torch.randn(2, 6, 40, dtype=torch.float64)
    oracle = kl_divergence(q(mu, sigma), Normal(0.0, 1.0))
    torch.testing.assert_close(kld_per_dim(mu, sigma), oracle)
    torch.testing.assert_close(kld(mu, sigma), oracle.sum(dim=1))


def test_kld_is_the_mean_log_ratio_of_many_samples():
    mu, sigma = torch.randn(2, 1, 5, dtype=torch.float64)
    z = q(mu, sigma).sample((200_000,))
    ratio = (q(mu, sigma).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(dim=(1, 2))
    error = ratio.std().item() / len(z) ** 0.5
    assert kld(mu, sigma).item() == pytest.approx(ratio.mean().item(), abs=4 * error)


def test_kld_does_not_see_the_sign_of_sigma():
    mu, sigma = torch.randn(2, 6, 40)
    assert torch.equal(kld(mu, sigma), kld(mu, -sigma))


@pytest.mark.parametrize("sigma", [1e-6, -1e-6])
def test_kld_is_right_for_a_tiny_sigma_in_float32(sigma):
    mu, tiny = torch.zeros(2, 40), torch.full((2, 40), sigma, requires_grad=True)
    found = kld(mu, tiny)
    found.sum().backward()
    assert found.dtype == torch.float32
    assert found.tolist() == pytest.approx([40 * (math.log(1e6) - 0.5)] * 2)
    # The gradient by hand: sigma - 1 / sigma.
    torch.testing.assert_close(tiny.grad, torch.full((2, 40), -1 / sigma))


def test_a_sigma_of_exactly_zero_costs_much_and_nothing_becomes_nan():
    x, x_logits, mu, _ = batch()
    sigma = torch.zeros(6, 40, requires_grad=True)
    losses = vae_loss(x, x_logits, mu, sigma, beta=0)
    losses.loss.sum().backward()
    assert torch.equal(losses.loss, losses.bce)
    assert (losses.kld > 40 * 10).all()
    assert losses.kld.isfinite().all()
    assert sigma.grad.isfinite().all()


def test_the_gradient_of_kld_is_mu_and_sigma_minus_its_inverse():
    mu, sigma = torch.randn(2, 6, 40, dtype=torch.float64)
    mu.requires_grad_()
    sigma.requires_grad_()
    for_mu, for_sigma = torch.autograd.grad(kld(mu, sigma).sum(), [mu, sigma])
    torch.testing.assert_close(for_mu, mu)
    torch.testing.assert_close(for_sigma, sigma - 1 / sigma)


# Their sum.


def batch():
    return torch.rand(6, 784), torch.randn(6, 784), *torch.randn(2, 6, 40)


@pytest.mark.parametrize("beta", [0, 1, 4])
def test_the_loss_is_bce_plus_beta_times_kld(beta):
    x, x_logits, mu, sigma = batch()
    losses = vae_loss(x, x_logits, mu, sigma, beta=beta)
    assert isinstance(losses, Losses)
    assert torch.equal(losses.bce, bce(x, x_logits))
    assert torch.equal(losses.kld, kld(mu, sigma))
    torch.testing.assert_close(losses.loss, losses.bce + beta * losses.kld)


def test_beta_is_1_unless_said():
    losses = vae_loss(*batch())
    torch.testing.assert_close(losses.loss, losses.bce + losses.kld)


def test_every_loss_is_one_number_per_image_and_sees_only_that_image():
    whole = vae_loss(*(inputs := batch()))
    assert [part.shape for part in whole] == [(6,)] * 3
    alone = vae_loss(*(tensor[2:3] for tensor in inputs))
    torch.testing.assert_close(torch.stack(alone), torch.stack(whole)[:, 2:3])


def test_losses_are_sums_over_pixels_and_dimensions_not_means():
    once = vae_loss(*(inputs := batch()))
    twice = vae_loss(*(tensor.repeat(1, 2) for tensor in inputs))
    torch.testing.assert_close(torch.stack(twice), 2 * torch.stack(once))


def test_kld_per_dim_keeps_the_dimensions():
    mu, sigma = torch.zeros(2, 3), torch.ones(2, 3)
    mu[0, 1], mu[1, 2] = 2, 4
    assert kld_per_dim(mu, sigma).tolist() == [[0, 2, 0], [0, 0, 8]]


# What they refuse: PyTorch would stretch the smaller tensor, and give a number that is wrong.

ONE_OF_EACH = {
    "one image for all": lambda x, a, mu, sigma: bce(x[:1], a),
    "a mean image": lambda x, a, mu, sigma: bce(x.mean(0), a),
    "a column": lambda x, a, mu, sigma: bce(x[:, :1], a),
    "one sigma for all": lambda x, a, mu, sigma: kld(mu, sigma[:1]),
    "one sigma for each image": lambda x, a, mu, sigma: kld(mu, sigma[:, :1]),
    "one sigma for each image, per dimension": lambda x, a, mu, sigma: kld_per_dim(mu, sigma[:, :1]),
    "codes of one image": lambda x, a, mu, sigma: vae_loss(x, a, mu[:1], sigma[:1]),
    "images as squares": lambda x, a, mu, sigma: bce(x.view(6, 28, 28), a.view(6, 28, 28)),
    "a single code": lambda x, a, mu, sigma: kld(mu[0], sigma[0]),
    "standardized pixels": lambda x, a, mu, sigma: bce((x - 0.13) / 0.31, a),
    "bytes": lambda x, a, mu, sigma: bce(255 * x, a),
    "half precision": lambda x, a, mu, sigma: kld(mu.half(), sigma.half()),
    "logits in bfloat16": lambda x, a, mu, sigma: bce(x, a.bfloat16()),
}


@pytest.mark.parametrize("call", ONE_OF_EACH.values(), ids=ONE_OF_EACH)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(ValueError, match=r"got |pass "):
        call(*batch())


def test_exchanged_arguments_are_named_and_the_remedy_works():
    x, x_logits, *_ = batch()
    with pytest.raises(ValueError, match="exchange the two"):
        bce(5 * x_logits, x)
    assert bce(x, 5 * x_logits).isfinite().all()


def test_a_refusal_names_both_shapes():
    sentence = "x and x_logits should be of one shape (B, n), got (1, 784) and (64, 784)"
    with pytest.raises(ValueError, match=re.escape(sentence)):
        bce(torch.rand(1, 784), torch.rand(64, 784))


def test_an_array_is_told_how_to_become_a_tensor():
    with pytest.raises(TypeError, match=r"mu should be a tensor, got ndarray: make it one with torch.as_tensor\(mu\)"):
        kld(torch.zeros(2, 3).numpy(), torch.ones(2, 3))
