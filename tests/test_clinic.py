"""The programs of lesson 12, and what ships of them."""

import ast
import difflib
import math

import pytest
import torch

from vae_lib import clinic, drawings
from vae_lib.checkpoints import TRAINED
from vae_lib.clinic import load_clinic
from vae_lib.loss import vae_loss
from vae_lib.model import VAE

IMAGES = torch.randint(0, 256, (64, 784), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", [name for name in clinic.FAULTS if name != "healthy"])
def test_a_program_differs_from_the_healthy_one_in_the_lines_that_are_named(name):
    for line in clinic.FAULTS[name]:
        assert clinic.HEALTHY.count(line) == 1
    before, after = clinic.HEALTHY.splitlines(), clinic.program(name).splitlines()
    changed = [line for line in difflib.ndiff(before, after) if line.startswith(("-", "+"))]
    assert [line[2:] for line in changed if line[0] == "-"] == [line.rstrip("\n") for line in clinic.FAULTS[name]]
    ast.parse(clinic.program(name))


def test_the_healthy_program_has_the_losses_of_the_library():
    torch.manual_seed(0)
    model, healthy = VAE(sigma_head="log_var"), clinic.functions("healthy")
    torch.manual_seed(1)
    actual = healthy.measure(model, healthy.pixels(IMAGES))
    torch.manual_seed(1)
    expected = [part.mean() for part in vae_loss(IMAGES / 255, *model(IMAGES / 255))]
    torch.testing.assert_close(list(actual), expected)


def test_the_healthy_program_learns_and_prints_a_loss_for_each_batch():
    torch.manual_seed(0)
    model = VAE(sigma_head="log_var")
    printed = clinic.functions("healthy").train(model, IMAGES.repeat(2, 1), 3)
    assert len(printed) == 6
    assert printed[-1][0] < printed[0][0]
    for loss, bce, kld in printed:
        assert loss == pytest.approx(bce + kld, rel=1e-5)


def test_the_evidence_that_ships_is_of_these_programs():
    cases = load_clinic()
    assert list(cases) == list(clinic.FAULTS)
    assert (TRAINED / "clinic.pt.gz").stat().st_size < 1_000_000
    for case in cases.values():
        assert case.printed.shape == (len(case.honest), 5, 3)
        assert case.x_hat.shape == case.samples.shape == (10, 784)
        assert case.kld_per_dim.shape == case.sigma.shape == (40,)
        assert case.sigma.sum() == pytest.approx(1, abs=1e-3)
    # What no program of such a fault can print in another way.
    last = {name: case.printed[0, -1] for name, case in cases.items()}
    assert last["KLD forgotten"][0] == last["KLD forgotten"][1]
    assert last["a second sigmoid"][1] > 784 * math.log(2)
    assert last["healthy"][0] == pytest.approx(last["healthy"][1:].sum().item())
    assert cases["no noise, z = μ"].apart == [0.0]


def test_a_case_file_says_in_words_what_its_numbers_are():
    case = load_clinic()["healthy"]
    alt = drawings.case_file(case, torch.rand(10, 784), "Healthy", "The pictures are digits.").alt
    losses = ", ".join(f"{loss:.4g}" for loss in case.printed[0, :, 0].tolist())
    assert alt.startswith(f"Healthy. It prints a loss of {losses} after")
    assert f"in {case.used[0]} of 40 dimensions" in alt
    assert alt.endswith("The pictures are digits.")


def test_a_kld_of_nothing_looks_like_nothing():
    picture = drawings.case_file(load_clinic()["z detached"], torch.rand(10, 784), "Patient", "The pictures are blobs.")
    assert "above 0.1 nats in 0 of 40 dimensions" in picture.alt
    bars = next(ax for ax in picture.axes if ax.get_ylabel() == "nats")
    assert bars.get_ylim() == (0, 0.3)


def test_a_kld_without_end_looks_large():
    picture = drawings.case_file(load_clinic()["pixels standardized"], torch.rand(10, 784), "Patient", "White shapes.")
    assert "off the scale" in picture.alt
    bars = next(ax for ax in picture.axes if ax.get_ylabel() == "nats")
    assert max(bar.get_height() for bar in bars.patches) > 1000
