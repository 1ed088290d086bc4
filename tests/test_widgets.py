"""The live sampler without a browser: its sliders, its picture and its description."""

import base64
import io
import re

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image
from torch.distributions import Normal, kl_divergence

from vae_lib.model import VAE
from vae_lib.widgets import Sampler, image_html


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return VAE(hidden_dim=16, latent_dim=6)


@pytest.fixture
def encoded():
    """mu and sigma whose dimensions 4, 1 and 3 are used most, in this order."""
    mu = 0.1 * torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
    mu[:, 4] += 5
    mu[:, 1] += 3
    sigma = torch.ones(20, 6)
    sigma[:, 3] = -0.1
    return mu, sigma


@pytest.fixture
def sampler(model, encoded):
    return Sampler(model, *encoded, torch.tensor([0.1, -0.2, 0.3, -0.4, 0.5, -0.6]), n_sliders=3)


def shown(sampler):
    """The pixels and the description of the picture on the screen."""
    alt, png = re.search(r'alt="([^"]*)".*base64,([^"]*)"', sampler.picture.value).groups()
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png)))), alt


def assert_shows(sampler, model, z):
    expected = torch.sigmoid(model.decoder(torch.tensor([z])))[0].detach().view(28, 28).numpy()
    np.testing.assert_allclose(shown(sampler)[0] / 255, expected, atol=1 / 255)


def test_the_sliders_are_the_dimensions_with_the_largest_kld(sampler, encoded):
    mu, sigma = encoded
    kld = kl_divergence(Normal(mu, sigma.abs()), Normal(0.0, 1.0)).mean(dim=0)
    assert kld.argsort(descending=True)[:3].tolist() == [4, 1, 3]
    assert sampler.dims == [4, 1, 3]
    assert [slider.description for slider in sampler.sliders] == ["z[4]", "z[1]", "z[3]"]


def test_the_sampler_shows_sliders_a_button_and_a_picture(sampler):
    controls, picture = sampler.children
    assert picture is sampler.picture
    assert [type(child) for child in controls.children] == [ipywidgets.FloatSlider] * 3 + [ipywidgets.Button]


def test_it_begins_at_the_point_it_was_given(sampler, model):
    assert sampler.z.tolist() == pytest.approx([0.1, -0.2, 0.3, -0.4, 0.5, -0.6])
    assert_shows(sampler, model, [0.1, -0.2, 0.3, -0.4, 0.5, -0.6])


def test_moving_a_slider_shows_the_decoded_new_point(sampler, model):
    before = shown(sampler)[0]
    sampler.sliders[0].value = 2.5
    sampler.sliders[2].value = -3
    assert_shows(sampler, model, [0.1, -0.2, 0.3, -3, 2.5, -0.6])
    assert (shown(sampler)[0] != before).any()


def test_the_description_names_the_positions(sampler):
    assert shown(sampler)[1] == "the digit decoded at z[4] = 0.50, z[1] = -0.20, z[3] = -0.40"
    sampler.sliders[1].value = 1.25
    assert shown(sampler)[1] == "the digit decoded at z[4] = 0.50, z[1] = 1.25, z[3] = -0.40"


def test_the_button_goes_back_to_the_start(sampler):
    start = sampler.picture.value
    for slider in sampler.sliders:
        slider.value = 2
    assert sampler.picture.value != start
    sampler.children[0].children[-1].click()
    assert sampler.picture.value == start


def test_moving_leaves_the_callers_point_alone(model, encoded):
    z = torch.zeros(6)
    Sampler(model, *encoded, z).sliders[0].value = 1
    assert z.tolist() == [0] * 6


def test_sliders_reach_three_standard_deviations_and_an_image_that_lies_farther_out(model, encoded):
    z = torch.zeros(6)
    z[4] = -4.7
    far, near, _ = Sampler(model, *encoded, z, n_sliders=3).sliders
    assert (far.min, far.value, far.max) == pytest.approx((-4.7, -4.7, 4.7))
    assert (near.min, near.max) == (-3, 3)


def test_there_are_no_more_sliders_than_dimensions(model, encoded):
    assert len(Sampler(model, *encoded, torch.zeros(6), n_sliders=8).sliders) == 6


def test_an_image_as_html_has_description_size_and_exact_pixels():
    x = torch.linspace(0, 1, 784)
    html = image_html(x, "a ramp", size=100)
    assert 'alt="a ramp" width="100" height="100"' in html
    png = base64.b64decode(re.search(r'base64,([^"]*)"', html)[1])
    np.testing.assert_allclose(np.asarray(Image.open(io.BytesIO(png))).flatten() / 255, x, atol=1 / 255)
