"""The runs of lesson 11 that ship with the library."""

from itertools import pairwise

import pytest
import torch

from vae_lib.checkpoints import TRAINED
from vae_lib.loss import bce
from vae_lib.rates import load_rates

BETAS = (0.05, 0.25, 0.5, 1, 2, 4, 8, 20, 40)


@pytest.fixture(scope="module")
def runs():
    return load_rates()


def test_the_shipped_runs_are_whole(runs):
    careless = {"mean BCE, sum KLD", "mean BCE, mean KLD", "sum BCE, mean KLD"}
    seeds = {f"{name}, seed {seed}" for name in ("beta=1", "annealed", "free bits") for seed in range(3)}
    assert set(runs) == {f"beta={beta:g}" for beta in BETAS} | careless | seeds | {"beta=20, annealed"}
    for run in runs.values():
        assert len(run.history) == 5
        assert (run.bce, run.kld) == run.history[-1]
        assert run.kld_per_dim.sum().item() == pytest.approx(run.kld, abs=1e-3)
        assert run.kld_per_dim.shape == run.spread.shape == (40,)
        for x in (run.x_hat, run.samples):
            assert x.shape == (10, 784)
            assert 0 <= x.min() <= x.max() <= 1


def test_rate_and_distortion_are_a_convex_curve_with_its_least_sum_at_1(runs):
    places = [(runs[f"beta={beta:g}"].kld, runs[f"beta={beta:g}"].bce) for beta in BETAS]
    prices = [(b[1] - a[1]) / (a[0] - b[0]) for a, b in pairwise(places)]
    assert prices == sorted(prices)
    assert min(places, key=sum) == places[BETAS.index(1)]


def test_the_pictures_are_those_of_the_first_validation_images(runs, mnist):
    x = mnist[1].x[:10]
    run = runs["beta=0.05"]
    assert bce(x, run.x_hat.clamp(0.002, 0.998).logit()).mean().item() == pytest.approx(run.bce, abs=12)
    assert torch.cdist(x, run.x_hat).argmin(1).tolist() == list(range(10))


def test_the_file_of_the_runs_is_small():
    assert (TRAINED / "rates.pt.gz").stat().st_size < 200_000
