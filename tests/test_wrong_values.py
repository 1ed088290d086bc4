"""Every public function of the library that takes tensors: what PyTorch would stretch, wrap or pass on is a sentence.

Each case is a slip, with words of its refusal; without the refusal most would give a number or a picture that is wrong.
"""

import re

import numpy as np
import pytest
import torch

from vae_lib import clinic, fast, latent, likelihood, linear, loss, measure, plots, priors
from vae_lib.model import VAE, reparameterize
from vae_lib.train import train
from vae_lib.widgets import Explorer, Live, image_html

X = torch.rand(12, 784, generator=torch.Generator().manual_seed(0))
NAN = torch.full((12, 784), torch.nan)
Y = torch.arange(12) % 10
MU, SIGMA = torch.randn(2, 12, 4, generator=torch.Generator().manual_seed(1))
PLANE = torch.randn(12, 2, generator=torch.Generator().manual_seed(2))
FACTOR = torch.eye(2).repeat(12, 1, 1)
MIXTURE = priors.Mixture(torch.ones(1), torch.zeros(1, 4), torch.eye(4).unsqueeze(0))


def generator():
    return torch.Generator().manual_seed(0)


def model(**sizes):
    return VAE(hidden_dim=8, **{"latent_dim": 4, "sigma_head": "log_var"} | sizes)


def reader():
    return measure.train_classifier(X, Y, generator(), epochs=1)


def trained_too_long():
    run = fast.new_fast_run(X, generator(), 2, model())
    train(run, X, X, 3)


RANGE = "expected pixels in [0, 1], got 0"
REFUSED = {
    "model: noise for one": (
        lambda: model()(X, torch.zeros(4)),
        "eps (4,) would be the noise of several codes (12, 4): draw",
    ),
    "model: one noise for all": (
        lambda: reparameterize(MU, SIGMA, MU[:1]),
        "eps (1, 4) would be the noise of several codes (12, 4)",
    ),
    "model: a sigma for all": (lambda: reparameterize(MU, SIGMA[:1]), "mu and sigma should be of one shape"),
    "model: arrays": (lambda: reparameterize(MU.numpy(), SIGMA.numpy()), "mu should be a tensor, got ndarray"),
    "model: z from NumPy": (
        lambda: model().decode(torch.from_numpy(np.zeros((3, 4)))),
        "z is of torch.float64, the model of torch.float32: pass z.to(torch.float32)",
    ),
    "model: x from NumPy": (lambda: model()(X.double()), "x is of torch.float64, the model of torch.float32"),
    "model: an array for z": (lambda: model().decode(np.zeros((3, 4))), "z should be a tensor, got ndarray"),
    "encode: bytes": (lambda: latent.encode(model(), 255 * X), RANGE),
    "encode: NaN": (lambda: latent.encode(model(), NAN), "pixels are not numbers (nan)"),
    "encode: none": (lambda: latent.encode(model(), X[:0]), "expected images of shape (N, 784), got (0, 784)"),
    "bce_floor: bytes": (lambda: loss.bce_floor(255 * X), RANGE),
    "bce_floor: NaN": (lambda: loss.bce_floor(NAN), "pixels are not numbers (nan)"),
    "bce_floor: squares": (lambda: loss.bce_floor(X.view(-1, 28, 28)), "should be of one shape (B, n), got (12, 28"),
    "bce_floor: an image": (lambda: loss.bce_floor(X[0]), "should be of one shape (B, n), got (784,)"),
    "fast: another head": (
        lambda: fast.new_fast_run(X, generator(), 1, model(sigma_head="sigma")),
        "the encoder gives 'sigma': make the model with sigma_head='log_var'",
    ),
    "fast: more epochs than planned": (trained_too_long, "planned for 2 steps, this is number 3: make a new run"),
    "fast: a step too many": (lambda: fast.one_cycle(10, 10), "planned for 10 steps, this is number 11"),
    "fast: a mean of bytes": (lambda: fast.begin_with_mean(model(), 255 * X), RANGE),
    "fast: no images": (lambda: fast.fast_epochs(0), "n should be a whole number from 1, got 0"),
    "project: an array": (lambda: latent.project(MU.numpy()), "mu should be a tensor, got ndarray"),
    "project: a single dimension": (lambda: latent.project(MU[:, :1]), "two codes (N, D) of two numbers or more, got"),
    "class_means: an array": (lambda: latent.class_means(MU.numpy(), Y), "points should be a tensor, got ndarray"),
    "class_means: an eleventh digit": (lambda: latent.class_means(MU, Y + 1), "got labels from 1 to 10"),
    "class_means: a negative digit": (lambda: latent.class_means(MU, Y - 1), "got labels from -1 to 8"),
    "class_means: truth values": (lambda: latent.class_means(MU, Y > 3), "got (12,) of torch.bool"),
    "interpolate: batches": (
        lambda: latent.interpolate(model(), MU, SIGMA, 12),
        "got each of shape (12, 4): pass z_a[0]",
    ),
    "interpolate: one step": (
        lambda: latent.interpolate(model(), MU[0], MU[1], 1),
        "steps should be a whole number from 2",
    ),
    "interpolate: an array": (
        lambda: latent.interpolate(model(), MU[0].numpy(), MU[1]),
        "z_a should be a tensor, got nd",
    ),
    "classifier: bytes": (lambda: measure.train_classifier(255 * X, Y, generator()), RANGE),
    "classifier: squares": (lambda: measure.train_classifier(X.view(-1, 28, 28), Y, generator()), "x.flatten(1)"),
    "classifier: an eleventh digit": (
        lambda: measure.train_classifier(X, Y + 1, generator()),
        "got labels from 1 to 10",
    ),
    "classifier: no epoch": (lambda: measure.train_classifier(X, Y, generator(), 0), "epochs should be a whole number"),
    "accuracy: bytes": (lambda: measure.accuracy(reader(), 255 * X, Y), RANGE),
    "readable: bytes": (lambda: measure.readable(reader(), 255 * X), RANGE),
    "readable: none": (lambda: measure.readable(reader(), X[:0]), "got (0, 784)"),
    "readable: NaN": (lambda: measure.readable(reader(), NAN), "pixels are not numbers (nan)"),
    "features: squares": (lambda: measure.features(reader(), X.view(-1, 28, 28)), "x.flatten(1)"),
    "log_aggregate: a sigma for all": (
        lambda: measure.log_aggregate(MU, MU, SIGMA[:1]),
        "mu and sigma should be of one",
    ),
    "log_aggregate: a single code": (
        lambda: measure.log_aggregate(MU, MU[0], SIGMA[0]),
        "of one shape (B, n), got (4,)",
    ),
    "tell_apart: other dimensions": (
        lambda: measure.tell_apart(MU, PLANE, generator()),
        "as many numbers in a as in b",
    ),
    "tell_apart: too few": (lambda: measure.tell_apart(MU[:3], MU[:3], generator()), "and there are 6: pass more"),
    "auroc: NaN": (lambda: measure.auroc(MU[:, 0], NAN[:, 0]), "odd should be scores (n,), got (12,), 12 of them not"),
    "auroc: a table": (lambda: measure.auroc(MU, MU[:, 0]), "normal should be scores (n,), got (12, 4)"),
    "auroc: arrays": (
        lambda: measure.auroc(MU[:, 0].numpy(), MU[:, 0].numpy()),
        "normal should be a tensor, got ndarray",
    ),
    "energy distance: arrays": (lambda: measure.energy_distance(MU.numpy(), MU), "a should be a tensor, got ndarray"),
    "linear: images for a covariance": (
        lambda: linear.train_linear(X[:, :50], 0.1, generator(), latent_dim=2, steps=1),
        "a covariance has the shape (P, P), got (12, 50): pass x.T.cov(correction=0)",
    ),
    "log_density: other dimensions": (lambda: priors.log_density(MIXTURE, PLANE), "as many numbers as the mixture has"),
    "log_joint: x from NumPy": (
        lambda: likelihood.log_joint(model(latent_dim=2), X.round().double(), PLANE),
        "x is of torch.float64",
    ),
    "log_joint: a model of four dimensions": (
        lambda: likelihood.log_joint(model(), X.round(), PLANE),
        "latent points of shape (B, 4), got (12, 2)",
    ),
    "iwae: one density for all": (lambda: likelihood.iwae(MU, MU[0]), "of one shape, got (12, 4) and (4,)"),
    "gaussian_elbo: codes of one image": (
        lambda: likelihood.gaussian_elbo(model(latent_dim=2), X.round(), PLANE[:1], FACTOR),
        "expected mu (12, 2) and factor (12, 2, 2) for these images, got (1, 2) and (12, 2, 2)",
    ),
    "gaussian_elbo: fewer images than codes": (
        lambda: likelihood.gaussian_elbo(model(latent_dim=2), X[:5].round(), PLANE, FACTOR),
        "expected mu (5, 2)",
    ),
    "fit_gaussians: no plane": (
        lambda: likelihood.fit_gaussians(torch.zeros(50, 12), 5, PLANE, FACTOR),
        "log_joint has 50 rows, which is no square",
    ),
    "images: NaN": (lambda: plots.images(NAN, "Noise."), "pixels are not numbers (nan)"),
    "images: no column": (lambda: plots.images(X, "Noise.", ncols=0), "ncols should be a whole number from 1, got 0"),
    "reconstructions: fewer": (lambda: plots.reconstructions(X, X[:5]), "x and x_hat should be of one shape, got (12"),
    "snapshot: fewer samples": (
        lambda: plots.snapshot(X, X, X[:3], loss.Losses(2.0, 1.0, 1.0), "a"),
        "x and x_hat and samples should be of one shape",
    ),
    "scatter: an eleventh digit": (
        lambda: plots.latent_scatter(PLANE, Y + 1, torch.ones(2)),
        "got labels from 1 to 10",
    ),
    "scatter: four dimensions": (lambda: plots.latent_scatter(MU, Y, torch.ones(2)), "expected points of shape (N, 2)"),
    "image_html: NaN": (lambda: image_html(NAN[0], "Noise."), "784 of 784 pixels are not numbers (nan)"),
    "image_html: two images": (lambda: image_html(X[:2], "Noise."), "expected images of shape (n, 784), got (1, 1568)"),
    "explorer: an eleventh digit": (lambda: Explorer(model(), MU, SIGMA, Y + 1), "got labels from 1 to 10"),
    "live: nothing returned": (
        lambda: Live(lambda n: None, {"n": [1, 2]}),
        "draw should return a plots.Picture, got None",
    ),
}


@pytest.mark.parametrize(("call", "words"), REFUSED.values(), ids=REFUSED)
def test_a_slip_is_refused_with_a_sentence(call, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sigma_below_zero_is_the_same_gaussian():
    """The report's encoder gives some; a Gaussian sees σ² alone."""
    planar, x = model(latent_dim=2), X[:3].round()
    mu, factor = PLANE[:3], torch.diag_embed(0.3 + SIGMA[:3, :2].abs())
    for sign in (torch.tensor([1.0, -1.0]), torch.tensor([-1.0, -1.0])):
        mirrored = likelihood.gaussian_elbo(planar, x, mu, sign.diag() @ factor)
        torch.testing.assert_close(mirrored, likelihood.gaussian_elbo(planar, x, mu, factor), rtol=1e-4, atol=1e-2)
    table = likelihood.log_joint(planar, x, likelihood.plane(step=0.5))
    slanted = factor + torch.tensor([[0.0, 0.0], [0.1, 0.0]])
    for fitted, expected in zip(
        likelihood.fit_gaussians(table, 5, mu, slanted @ torch.tensor([-1.0, 1.0]).diag(), steps=3),
        likelihood.fit_gaussians(table, 5, mu, slanted, steps=3),
        strict=True,
    ):
        torch.testing.assert_close(fitted, expected, rtol=1e-3, atol=1e-3)
    reported = model(latent_dim=2, sigma_head="sigma")
    with torch.no_grad():
        reported.encoder.hid_sigma.bias.sub_(0.3)  # whatever the first weights are
    assert (reported.encode(x)[1] < 0).any()
    assert all(np.isfinite(one.elbo) for one in likelihood.close_ups(reported, x, n=5))


def test_what_resizing_adds_to_a_pixel_is_no_slip():
    x = torch.tensor([[1.000001, -0.000001, 0.5]]).repeat(1, 262)[:, :784]
    for accepted in (latent.encode(model(), x)[0], loss.bce(x, torch.zeros(1, 784)), loss.bce_floor(x)):
        assert accepted.isfinite().all()
    assert loss.bce_floor(x).item() == pytest.approx(261 * np.log(2), rel=1e-4)


def test_a_single_code_may_have_many_draws():
    eps = torch.randn(7, 4, generator=generator())
    torch.testing.assert_close(reparameterize(MU[:1], SIGMA[:1], eps), MU[0] + SIGMA[0] * eps)


def test_tensors_with_gradients_are_no_obstacle():
    z = torch.randn(40, 4, generator=generator()).requires_grad_()
    torch.testing.assert_close(latent.project(z), latent.project(z.detach()))
    torch.testing.assert_close(priors.fit_mixture(z, 2).means, priors.fit_mixture(z.detach(), 2).means)
    assert measure.mean_and_spread(torch.tensor([1.0, 3.0])) == (2.0, pytest.approx(2**0.5))


def test_a_description_with_quotation_marks_stays_one():
    assert re.search(r'<img alt="the &quot;best&quot; 5 &lt; 6" width', image_html(X[0], 'the "best" 5 < 6'))


def test_the_pictures_of_the_clinic_have_pixels():
    """A program that diverged may have drawn NaN, and those are drawn nowhere."""
    for case in clinic.load_clinic().values():
        plots.images(torch.cat([case.x_hat, case.samples]), "All.")
