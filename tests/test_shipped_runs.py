"""The model and the experiments that ship with the library."""

import gzip
import shutil
from pathlib import Path

import pytest
import torch

from vae_lib import checkpoints
from vae_lib.checkpoints import (
    load_experiments,
    load_model,
    load_planar,
    load_trained,
)
from vae_lib.clinic import load_clinic
from vae_lib.latent import encode
from vae_lib.model import Config
from vae_lib.priors import load_priors
from vae_lib.rates import load_rates
from vae_lib.remedies import restore
from vae_lib.report import fixed_z
from vae_lib.train import Epoch, check_images, evaluate


def test_the_shipped_model_is_the_reports_after_50_epochs(mnist):
    model, history = load_trained()
    assert model.config == Config(input_dim=784, hidden_dim=400, latent_dim=40, sigma_head="sigma")
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    assert len(history) == 50
    val, test = (evaluate(model, part.x, torch.Generator().manual_seed(0)) for part in mnist[1:])
    assert test.loss == pytest.approx(test.bce + test.kld)
    assert test.loss <= 106.5
    assert val.loss == pytest.approx(history[-1].val.loss, abs=0.2)  # the weights are those of the history's end


@pytest.fixture
def own_trained(tmp_path, monkeypatch):
    """A copy of what ships with the library that a test may damage."""
    copied = Path(shutil.copytree(checkpoints.TRAINED, tmp_path / "trained"))
    monkeypatch.setattr(checkpoints, "TRAINED", copied)
    return copied


shipped = pytest.mark.parametrize(
    ("name", "load"),
    [
        ("vae_mnist.pt", load_trained),
        ("vae_planar.pt", load_planar),
        ("experiments.pt.gz", load_experiments),
        ("priors.pt.gz", load_priors),
        ("rates.pt.gz", load_rates),
        ("clinic.pt.gz", load_clinic),
    ],
)


@shipped
@pytest.mark.parametrize(
    "damage",
    [lambda content: b"", lambda content: content[: len(content) // 2], lambda content: gzip.compress(b"damaged")],
    ids=["empty", "half", "another file"],
)
def test_a_shipped_file_that_is_damaged_is_named_with_the_remedy(own_trained, name, load, damage):
    file = own_trained / name
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match="is not a whole checkpoint") as caught:
        load()
    assert str(caught.value).startswith(str(file))
    assert str(caught.value).endswith(f": {restore('vae_lib/trained')}")


@shipped
def test_a_shipped_file_that_is_missing_is_named_with_the_remedy(own_trained, name, load):
    (own_trained / name).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        load()
    assert str(caught.value) == f"there is no checkpoint {own_trained / name}: {restore('vae_lib/trained')}"


@pytest.mark.parametrize("kind", [str, Path])
def test_the_shipped_model_may_be_named_by_its_path(kind):
    assert load_model(kind(checkpoints.TRAINED / "vae_mnist.pt"))[1] == load_trained()[1]


def test_the_shipped_models_are_small():
    assert (checkpoints.TRAINED / "vae_mnist.pt").stat().st_size < 2.8e6
    assert (checkpoints.TRAINED / "vae_planar.pt").stat().st_size < 0.7e6


def test_the_model_of_the_plane_is_that_of_its_history(mnist):
    model, history = load_planar()
    assert model.config == Config(input_dim=784, hidden_dim=200, latent_dim=2, sigma_head="log_var")
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    assert len(history) == 15
    x = torch.bernoulli(mnist[1].x, generator=torch.Generator().manual_seed(0))
    assert evaluate(model, x, torch.Generator().manual_seed(0)).loss == pytest.approx(history[-1].val.loss, abs=0.7)


@pytest.fixture(scope="module")
def experiments():
    return load_experiments()


def test_every_shipped_experiment_is_whole(experiments):
    settings = {"log_var", "softplus", "beta=0", "beta=4", "beta=20", "latent_dim=2", "epoch=1", "epoch=50"}
    assert settings <= set(experiments)
    for name, (history, x_hat, samples) in experiments.items():
        assert len(history) == (int(name.removeprefix("epoch=")) if name.startswith("epoch=") else 50)
        assert all(isinstance(epoch, Epoch) and epoch.val.bce > 0 for epoch in history)
        assert x_hat.shape == (10, 784)
        assert samples.shape[1] == 784
        for images in (x_hat, samples):
            assert images.dtype == torch.float32
            check_images(images)


def test_the_experiment_after_50_epochs_is_the_shipped_model(experiments, mnist):
    model, history = load_trained()
    kept = experiments["epoch=50"]
    assert kept.history == history
    byte = 0.5 / 255 + 1e-6  # pictures are kept as bytes
    with torch.no_grad():
        x_hat = model.decode(encode(model, mnist[1].x[:10])[0])
        samples = model.decode(fixed_z(model, len(kept.samples)))
    torch.testing.assert_close(kept.x_hat, x_hat, rtol=0, atol=byte)
    torch.testing.assert_close(kept.samples, samples, rtol=0, atol=byte)


def test_a_larger_beta_gives_a_smaller_kld_and_a_larger_bce(experiments, mnist):
    last = [experiments[name].history[-1].val for name in ("beta=0", "epoch=50", "beta=4", "beta=20")]
    assert [losses.kld for losses in last] == sorted((losses.kld for losses in last), reverse=True)
    assert [losses.bce for losses in last] == sorted(losses.bce for losses in last)
