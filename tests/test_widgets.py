"""The widgets without a browser: what they send to it, what they refuse, and the picture that stands in for them."""

import base64
import io
import re
from html import escape

import ipywidgets
import numpy as np
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from PIL import Image
from torch import nn
from torch.distributions import Normal, kl_divergence

from vae_lib import clinic, plots, widgets
from vae_lib.clinic import load_clinic
from vae_lib.model import VAE
from vae_lib.widgets import Clinic, Explorer, LatentMap, Live, Playground, PosteriorMap, image_html, still

KINDS = [kind for name in widgets.__all__ if isinstance(kind := getattr(widgets, name), type)]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return VAE(hidden_dim=16, latent_dim=6)


@pytest.fixture
def encoded():
    """mu, sigma and y of 20 images, two of each digit."""
    generator = torch.Generator().manual_seed(0)
    mu = torch.randn(20, 6, generator=generator)
    return mu, torch.randn(20, 6, generator=generator), torch.arange(20) % 10


@pytest.fixture
def explorer(model, encoded):
    return Explorer(model, *encoded)


def floats(sent, dtype):
    return torch.from_numpy(np.frombuffer(sent, dtype).astype(np.float32))


def test_an_image_as_html_has_description_size_and_exact_pixels():
    x = torch.linspace(0, 1, 784, requires_grad=True)
    html = image_html(x, "a ramp", size=100)
    assert 'alt="a ramp" width="100" height="100"' in html
    png = base64.b64decode(re.search(r'base64,([^"]*)"', html)[1])
    np.testing.assert_allclose(np.asarray(Image.open(io.BytesIO(png))).flatten() / 255, x.detach(), atol=1 / 255)


def test_pixels_outside_0_to_1_are_black_or_white():
    x = torch.tensor([-0.01, 1.01, -3.0, 7.0]).repeat(196)
    png = base64.b64decode(re.search(r'base64,([^"]*)"', image_html(x, "outside"))[1])
    assert np.asarray(Image.open(io.BytesIO(png))).flatten()[:4].tolist() == [0, 255, 0, 255]
    sent = LatentMap(torch.zeros(1, 2), torch.zeros(1, dtype=torch.int64), x.view(1, 784), x.view(1, 784))
    assert list(sent.images[:4]) == list(sent.reconstructions[:4]) == [0, 255, 0, 255]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"points": torch.zeros(3, 3)}, r"expected points of shape \(N, 2\), got \(3, 3\)"),
        ({"y": torch.zeros(2, dtype=torch.int64)}, "a label, 0 to 9, for each of the 3 images"),
        ({"x_hat": torch.rand(2, 784)}, "3 points, 3 images, 2 reconstructions: pass as many of each"),
        ({"x": torch.rand(3, 28, 28)}, r"expected images of shape \(n, 784\), got \(3, 28, 28\): flatten them"),
    ],
)
def test_a_map_of_parts_that_do_not_fit_is_refused(change, sentence):
    good = {"points": torch.zeros(3, 2), "y": torch.arange(3), "x": torch.rand(3, 784), "x_hat": torch.rand(3, 784)}
    LatentMap(**good)
    with pytest.raises(ValueError, match=sentence):
        LatentMap(**good | change)


def test_codes_of_64_bits_are_sent_as_those_of_32(model, encoded):
    mu, sigma, y = encoded
    assert Explorer(model, mu.double(), sigma.double(), y).codes == Explorer(model, mu, sigma, y).codes


def test_the_explorer_sends_the_decoder_as_float16(explorer, model):
    assert explorer.sizes == [6, 16, 784]
    first, first_bias, second, second_bias = floats(explorer.weights, np.float16).split([96, 16, 16 * 784, 784])
    z = torch.randn(5, 6)
    h = torch.relu(z @ first.view(6, 16) + first_bias)
    torch.testing.assert_close(h @ second.view(16, 784) + second_bias, model.decoder(z), atol=2e-3, rtol=0)


def test_the_explorer_sends_class_means_then_codes_with_labels(explorer, encoded):
    mu, _, y = encoded
    sent = floats(explorer.codes, np.float32).view(-1, 6)
    torch.testing.assert_close(sent[:10], torch.stack([(mu[digit] + mu[digit + 10]) / 2 for digit in range(10)]))
    assert torch.equal(sent[10:], mu)
    assert explorer.labels == y.tolist()


def test_the_explorer_sends_the_kld_of_each_dimension(explorer, encoded):
    mu, sigma, _ = encoded
    expected = kl_divergence(Normal(mu, sigma.abs()), Normal(0.0, 1.0)).mean(dim=0)
    torch.testing.assert_close(torch.tensor(explorer.kld), expected)


def test_the_explorer_sends_a_classifier_if_it_has_one(model, encoded, explorer):
    assert (explorer.classifier, explorer.classifier_sizes) == (b"", [])
    classifier = nn.Sequential(nn.Linear(784, 3), nn.ReLU(), nn.Linear(3, 10))
    sent = Explorer(model, *encoded, classifier)
    assert sent.classifier_sizes == [784, 3, 10]
    weights = floats(sent.classifier, np.float16)
    torch.testing.assert_close(weights[: 784 * 3].view(784, 3), classifier[0].weight.T.detach(), atol=1e-3, rtol=0)


def test_z_is_a_list_that_any_d_numbers_can_set(explorer, encoded):
    assert explorer.z == pytest.approx(encoded[0][0].tolist())
    explorer.z = torch.arange(6)
    assert explorer.z == [0, 1, 2, 3, 4, 5]
    explorer.z = [0.5] * 6
    assert explorer.z == [0.5] * 6


@pytest.mark.parametrize(
    ("z", "sentence"),
    [
        (torch.zeros(7), r"z should be 6 finite numbers, got shape \(7,\): take a code such as mu\[0\]"),
        ([float("nan")] * 6, r"z should be 6 finite numbers, got numbers that are not finite"),
    ],
)
def test_a_wrong_z_is_a_sentence_and_leaves_the_explorer_as_it_was(explorer, z, sentence):
    before = explorer.z
    with pytest.raises(ValueError, match=sentence):
        explorer.z = z
    assert explorer.z == before


def test_a_model_whose_training_failed_is_a_sentence(encoded):
    broken = VAE(hidden_dim=16, latent_dim=6)
    broken.decoder.out.bias.data[:3] = torch.tensor([float("nan"), float("inf"), 1e6])  # the last only in float16
    with pytest.raises(ValueError, match="3 of 13440 weights are not finite numbers in float16: take a model whose"):
        Explorer(broken, *encoded)


@pytest.mark.parametrize("sizes", [{"latent_dim": 5}, {"latent_dim": 6, "input_dim": 100}])
def test_a_model_of_other_sizes_is_a_sentence(encoded, sizes):
    with pytest.raises(ValueError, match=r"got \(20, 6\), \(20, 6\) and \d+: encode images with the same model"):
        Explorer(VAE(hidden_dim=16, **sizes), *encoded)


def test_without_a_browser_the_explorer_is_a_picture_of_z_and_the_class_means(explorer, model):
    explorer.z = [1, -1, 2, 0, 0, 0.5]
    data, metadata = explorer._repr_mimebundle_()
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"])))) / 255
    first = torch.tensor([explorer.z, floats(explorer.codes, np.float32)[:6].tolist()])
    for x_hat, left in zip(model.decode(first).detach(), (4, 64), strict=True):
        np.testing.assert_allclose(pixels[4:60:2, left : left + 56 : 2], x_hat.view(28, 28), atol=1 / 255)
    assert "the digit that the explorer shows" in metadata["image/png"]["alt"]
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id


@pytest.fixture
def drawn():
    """The values that `live` asked figures for."""
    return []


@pytest.fixture
def live(drawn):
    def draw(*values):
        drawn.append(values)
        return plots.bars({"a": 1}, f"A figure of {values}.")

    return Live(draw, {"σ": [0.5, 1.0], "ε": [-1, 0, 1]}, start=(1.0, -1))


def test_live_sliders_are_lists_of_values(live, drawn):
    assert (live.labels, live.texts, live.chosen) == (["σ", "ε"], [["0.5", "1.0"], ["-1", "0", "1"]], [1, 0])
    assert drawn == [(1.0, -1)]


def test_moving_a_live_slider_draws_its_values_once(live, drawn):
    for chosen in ([0, 2], [1, 0], [0, 2]):
        live.chosen = chosen
    assert drawn == [(1.0, -1), (0.5, 1)]
    assert live.picture["alt"] == "A figure of (0.5, 1)."
    assert base64.b64decode(live.picture["src"].removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")


def test_live_tells_plots_from_images():
    for picture, look in (
        (plots.bars({"a": 1}, "A."), "vae-plot"),
        (plots.images(torch.rand(1, 784), "An image."), ""),
    ):
        assert Live(lambda _, picture=picture: picture, {"β": [1]}).picture["className"] == look


def test_live_begins_with_the_first_values_unless_told():
    assert Live(lambda epoch: plots.bars({"a": epoch}, "A."), {"epoch": [1, 2, 5]}).chosen == [0]


def test_without_a_browser_live_is_the_figure_it_shows(live):
    live.chosen = [0, 1]
    data, metadata = live._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == data["text/plain"] == "A figure of (0.5, 0)."
    assert live.picture["src"].endswith(data["image/png"])
    assert "application/vnd.jupyter.widget-view+json" in data


def test_the_map_sends_points_labels_and_bytes_of_images():
    x, x_hat, y = torch.rand(20, 784), torch.rand(20, 784), torch.arange(20) % 10
    points = torch.randn(20, 2, dtype=torch.float64)
    sent = LatentMap(points, y, x, x_hat)
    assert sent.points == points.tolist()
    assert sent.labels == y.tolist()
    assert len(sent.colours) == 10
    for part, images in ((sent.images, x), (sent.reconstructions, x_hat)):
        np.testing.assert_allclose(np.frombuffer(part, np.uint8) / 255, images.flatten(), atol=0.5 / 255 + 1e-6)
    data, metadata = sent._repr_mimebundle_()
    assert "10 originals" in metadata["image/png"]["alt"]
    assert {"image/png", "application/vnd.jupyter.widget-view+json"} <= set(data)


@pytest.fixture(scope="module")
def posteriors():
    """A map of the posteriors of two images, in a world where they are the prior: its decoder passes over z."""
    blind = VAE(hidden_dim=4, latent_dim=2, sigma_head="log_var")
    blind.decoder.out.weight.data.zero_()
    blind.encoder.hid_mu.bias.data = torch.tensor([1.0, -0.5])
    for weight in (blind.encoder.hid_mu.weight, blind.encoder.hid_sigma.weight, blind.encoder.hid_sigma.bias):
        weight.data.zero_()
    return PosteriorMap(blind, torch.eye(784)[:2])


def test_the_map_of_posteriors_sends_how_far_each_place_is_below_the_peak(posteriors):
    levels = torch.from_numpy(np.frombuffer(posteriors.levels, np.uint8).reshape(2, 81, 81).astype(np.float32)) / 32
    for one, below in zip(posteriors.near, levels, strict=True):
        line = torch.linspace(0, one["side"], 81)
        z = torch.tensor(one["low"]) + torch.cartesian_prod(line, line)
        expected = 0.5 * z.square().sum(1).view(81, 81)
        torch.testing.assert_close(below, (expected - expected.min()).clamp(max=255 / 32), atol=1 / 32, rtol=0)
        # It reaches as far as the prior is within 8 nats of its peak, or the encoder's answer, N((1, -0.5), I), 3 σ.
        assert min(one["low"]) < -4
        assert one["low"][0] + one["side"] > 4
        assert one["mu"] == [1.0, -0.5]
        assert one["sigma"] == [1.0, 1.0]
        assert one["log_p"] - one["elbo"] == pytest.approx((1 + 0.25) / 2, abs=1e-3)
    assert list(posteriors.images[:784]) == [255] + 783 * [0]


def test_without_a_browser_the_map_of_posteriors_is_a_figure_of_them(posteriors):
    data, metadata = posteriors._repr_mimebundle_()
    assert metadata["image/png"]["alt"].startswith("The posteriors of 2 images as shades")
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == posteriors.model_id


@pytest.fixture(scope="module")
def patients():
    return Clinic(load_clinic(), torch.rand(10, 784))


def test_the_clinic_sends_evidence_diagnosis_and_lines_of_each_patient(patients):
    assert [patient["diagnosis"] for patient in patients.patients] == list(clinic.PATIENTS)
    assert patients.diagnoses == sorted(clinic.PATIENTS)
    for i, patient in enumerate(patients.patients, 1):
        assert patient["alt"].startswith(f"Patient {i}. It prints a loss of ")
        assert patient["diagnosis"] not in patient["alt"]
        assert patient["src"].startswith("data:image/png;base64,")
        lines = {old.strip(): new.strip() for old, new in clinic.FAULTS[patient["diagnosis"]].items()}
        assert dict(patient["lines"]) == lines
    assert len({patient["src"] for patient in patients.patients}) == 13


def test_without_a_browser_the_clinic_is_the_first_patient(patients):
    data, metadata = patients._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == patients.patients[0]["alt"]
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == patients.model_id


@pytest.mark.parametrize("kind", KINDS)
def test_a_live_widget_bears_the_class_by_which_its_still_is_hidden(kind):
    assert 'el.classList.add("vae-widget", "vae-' in str(kind._esm)


@pytest.mark.parametrize("kind", KINDS)
def test_with_ipywidgets_7_the_still_picture_is_kept(kind, explorer, live, posteriors, patients, monkeypatch):
    """Colab has ipywidgets 7, whose widgets display themselves and so pass over their mime bundle."""
    x, points = torch.rand(10, 784), torch.randn(10, 2)
    latent_map = LatentMap(points, torch.arange(10), x, x)
    each = [Playground(), latent_map, explorer, live, posteriors, patients]
    (widget,) = [one for one in each if isinstance(one, kind)]
    monkeypatch.setattr(ipywidgets.DOMWidget, "_ipython_display_", lambda self, **options: None, raising=False)
    data, metadata = DisplayFormatter().format(widget)
    assert {"image/png", "text/plain", "application/vnd.jupyter.widget-view+json"} <= set(data)
    assert metadata["image/png"]["alt"]
    # Where no control shows, browsers take this before the picture alone.
    assert data["image/png"] in data["text/html"]
    assert f'alt="{escape(metadata["image/png"]["alt"])}"' in data["text/html"]
    assert still.CAPTION in data["text/html"]


def test_the_first_picture_that_fails_is_an_error_of_the_cell():
    with pytest.raises(ZeroDivisionError):
        Live(lambda n: plots.bars({"a": 1 / n}, "One over n."), {"n": [0, 1]})


def test_a_later_picture_that_fails_is_sent_as_a_sentence_and_the_next_is_drawn():
    live = Live(lambda n: plots.bars({"a": 1 / n}, f"One over {n}."), {"n": [1, 0, 2]})
    live.chosen = [1]
    assert live.picture == {"chosen": [1], "error": "ZeroDivisionError: division by zero"}
    live.chosen = [2]
    assert (live.picture["chosen"], live.picture["alt"]) == ([2], "One over 2.")


def test_a_widget_is_displayed_before_a_still_of_its_own(live, monkeypatch):
    shown = []
    monkeypatch.setattr(still, "display", lambda data, raw=False, metadata=None: shown.append((data, metadata)))
    live._ipython_display_()
    (widget, _), (picture, metadata), (caption, _) = shown
    assert set(widget) == {still.VIEW, "text/plain"}
    assert set(picture) == {"image/png", "text/plain"}
    assert metadata["image/png"]["alt"] == picture["text/plain"] == "A figure of (1.0, -1)."
    assert still.CAPTION in caption.data
    assert "A figure of (1.0, -1).</p>" in caption.data
