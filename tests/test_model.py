"""The model against its formulas in numpy, hand-counted sizes and autograd."""

from dataclasses import asdict

import numpy as np
import pytest
import torch
from torch import nn

from vae_lib.model import VAE, Decoder, Encoder, reparameterize

HEADS = {
    "sigma": lambda h: h,
    "log_var": lambda h: np.sqrt(np.exp(h)),
    "softplus": lambda h: np.log(1 + np.exp(h)),
}


def linear(layer, x):
    return x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()


def relu(h):
    return np.where(h > 0, h, 0)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return VAE()


@pytest.fixture
def x():
    return torch.rand(5, 784, generator=torch.Generator().manual_seed(0))


# The network of the report.


def test_the_layers_are_784_400_twice_40_400_784(model):
    layers = {n: (m.in_features, m.out_features) for n, m in model.named_modules() if isinstance(m, nn.Linear)}
    assert layers == {
        "encoder.hidden": (784, 400),
        "encoder.hid_mu": (400, 40),
        "encoder.hid_sigma": (400, 40),
        "decoder.hidden": (40, 400),
        "decoder.out": (400, 784),
    }


def test_the_model_has_676_864_parameters(model):
    by_hand = (784 * 400 + 400) + 2 * (400 * 40 + 40) + (40 * 400 + 400) + (400 * 784 + 784)
    assert by_hand == 676_864
    assert sum(parameter.numel() for parameter in model.parameters()) == by_hand


def test_its_configuration_is_all_that_is_needed_to_build_the_model_again():
    model = VAE(input_dim=9, hidden_dim=7, latent_dim=3, sigma_head="softplus")
    assert asdict(model.config) == {"input_dim": 9, "hidden_dim": 7, "latent_dim": 3, "sigma_head": "softplus"}
    VAE(**asdict(model.config)).load_state_dict(model.state_dict())


@pytest.mark.parametrize("sigma_head", HEADS)
def test_the_model_computes_what_the_formulas_say(x, sigma_head):
    torch.manual_seed(0)
    model = VAE(sigma_head=sigma_head).double()
    eps = torch.randn(5, 40, dtype=torch.float64)
    x_logits, mu, sigma = model(x.double(), eps)

    encoder, decoder = model.encoder, model.decoder
    h = relu(linear(encoder.hidden, x.double().numpy()))
    mu_by_hand = linear(encoder.hid_mu, h)
    sigma_by_hand = HEADS[sigma_head](linear(encoder.hid_sigma, h))
    z = mu_by_hand + sigma_by_hand * eps.numpy()
    logits_by_hand = linear(decoder.out, relu(linear(decoder.hidden, z)))

    np.testing.assert_allclose(mu.detach(), mu_by_hand, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(sigma.detach(), sigma_by_hand, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(x_logits.detach(), logits_by_hand, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        model.decode(torch.tensor(z)).detach(), 1 / (1 + np.exp(-logits_by_hand)), rtol=1e-12, atol=1e-12
    )


def test_the_sigma_of_the_report_is_negative_for_some_and_of_the_other_heads_for_none(x):
    torch.manual_seed(0)
    negative = {head: (VAE(sigma_head=head).encode(x)[1] < 0).any().item() for head in HEADS}
    assert negative == {"sigma": True, "log_var": False, "softplus": False}


def test_encode_gives_the_mu_and_sigma_of_forward(model, x):
    _, mu, sigma = model(x)
    for ours, theirs in zip(model.encode(x), (mu, sigma), strict=True):
        assert torch.equal(ours, theirs)


def test_an_image_is_computed_alone_as_in_a_batch(model, x):
    eps = torch.randn(5, 40)
    for whole, single in zip(model(x, eps), model(x[2:3], eps[2:3]), strict=True):
        assert len(single) == 1
        torch.testing.assert_close(single[0], whole[2])


def test_float64_in_gives_float64_out(x):
    assert {part.dtype for part in VAE().double()(x.double())} == {torch.float64}


# The reparameterization trick.


def test_reparameterize_is_mu_plus_sigma_times_eps():
    mu, sigma, eps = torch.tensor([[[1.0, 2.0]], [[-2.0, 0.5]], [[0.5, 4.0]]])
    assert reparameterize(mu, sigma, eps).tolist() == [[0.0, 4.0]]


def test_the_gradient_of_z_is_1_for_mu_and_eps_for_sigma():
    mu, sigma, eps = torch.randn(3, 6, 4)
    mu.requires_grad_()
    sigma.requires_grad_()
    for_mu, for_sigma = torch.autograd.grad(reparameterize(mu, sigma, eps).sum(), [mu, sigma])
    assert torch.equal(for_mu, torch.ones(6, 4))
    assert torch.equal(for_sigma, eps)


def test_a_sample_has_the_mean_and_the_spread_of_q():
    torch.manual_seed(0)
    z = reparameterize(torch.full((2000, 40), 3.0), torch.full((2000, 40), -2.0))
    # Five standard errors of 80,000 draws, and of 2,000 in each dimension.
    assert z.mean().item() == pytest.approx(3, abs=5 * 2 / 80_000**0.5)
    assert z.std().item() == pytest.approx(2, abs=5 * 2 / 160_000**0.5)
    torch.testing.assert_close(z.mean(dim=0), torch.full((40,), 3.0), rtol=0, atol=5 * 2 / 2000**0.5)
    torch.testing.assert_close(z.std(dim=0), torch.full((40,), 2.0), rtol=0, atol=5 * 2 / 4000**0.5)


def test_the_noise_is_normal():
    torch.manual_seed(0)
    z = reparameterize(torch.zeros(2000, 40), torch.ones(2000, 40)).flatten().numpy()
    within = [np.mean(np.abs(z) < k) for k in (1, 2, 3)]
    assert within == pytest.approx([0.6827, 0.9545, 0.9973], abs=0.01)


def test_the_noise_is_fresh_for_each_call_image_and_dimension():
    torch.manual_seed(0)
    zeros, ones = torch.zeros(20, 40), torch.ones(20, 40)
    first, second = reparameterize(zeros, ones), reparameterize(zeros, ones)
    assert torch.cat([first, second]).unique().numel() == 2 * 20 * 40


def test_forward_draws_fresh_noise_and_a_seed_repeats_it(model, x):
    def logits(seed):
        torch.manual_seed(seed)
        return model(x)[0]

    assert torch.equal(logits(1), logits(1))
    assert not torch.equal(logits(1), logits(2))
    torch.manual_seed(1)
    assert not torch.equal(model(x)[0], model(x)[0])


def test_the_seed_decides_the_weights():
    def weights(seed):
        torch.manual_seed(seed)
        return nn.utils.parameters_to_vector(VAE().parameters())

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@pytest.mark.parametrize("sigma_head", HEADS)
def test_the_gradient_of_the_picture_reaches_every_parameter(x, sigma_head):
    # Through the sample z: a detached one would leave the encoder without a gradient.
    torch.manual_seed(0)
    model = VAE(sigma_head=sigma_head)
    model(x)[0].square().sum().backward()
    assert [name for name, parameter in model.named_parameters() if not parameter.grad.any()] == []


# What a student gets wrong.


@pytest.mark.parametrize(
    ("shape", "remedy", "repaired"),
    [
        ((64, 1, 28, 28), "flatten them with x.flatten(1)", lambda x: x.flatten(1)),
        ((64, 28, 28), "flatten them with x.flatten(1)", lambda x: x.flatten(1)),
        ((0, 1, 28, 28), "flatten them with x.flatten(1)", lambda x: x.flatten(1)),
        ((784,), "make it a batch of one with x.unsqueeze(0)", lambda x: x.unsqueeze(0)),
    ],
)
def test_images_of_another_shape_give_shape_and_remedy_and_the_remedy_works(model, shape, remedy, repaired):
    with pytest.raises(ValueError, match="VAE expects images of shape") as caught:
        model(torch.zeros(shape))
    sentence = f"VAE expects images of shape (B, 784) with values in [0, 1], got {shape}: {remedy}"
    assert str(caught.value) == sentence
    model(repaired(torch.zeros(shape)))


@pytest.mark.parametrize("shape", [(64, 100), (28, 28), (64, 3, 32, 32), (), (785,)])
def test_images_of_another_size_give_the_shape_expected_and_the_shape_got(model, shape):
    with pytest.raises(ValueError, match=r"\(B, 784\)") as caught:
        model.encode(torch.zeros(shape))
    assert str(caught.value).endswith(f"got {shape}")


def test_latent_points_of_another_width_give_both_widths(model):
    with pytest.raises(ValueError, match="the decoder expects latent points") as caught:
        model.decode(torch.zeros(5, 39))
    assert "shape (B, 40), got (5, 39)" in str(caught.value)


def test_a_single_latent_point_gives_a_remedy_that_speaks_of_z(model):
    with pytest.raises(ValueError, match=r"\(B, 40\), got \(40,\)") as caught:
        model.decode(torch.zeros(40))
    assert "z.unsqueeze(0)" in str(caught.value)


@pytest.mark.parametrize("module", [VAE, Encoder])
def test_an_unknown_sigma_head_is_told_the_three(module):
    with pytest.raises(ValueError, match="sigma_head") as caught:
        module(sigma_head="logvar")
    assert str(caught.value) == "sigma_head is one of 'sigma', 'log_var', 'softplus', got 'logvar'"


def test_the_default_sizes_of_the_parts_fit_together(x):
    mu, _ = Encoder()(x)
    assert Decoder()(mu).shape == (5, 784)
