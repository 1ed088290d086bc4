"""Runs with other losses that ship with the library: how much their codes say, and how well they draw (lesson 11)."""

from typing import NamedTuple

from vae_lib.checkpoints import shipped
from vae_lib.pytorch import torch


class Result(NamedTuple):
    """What is kept of a run, measured on the 9,000 validation images.

    `history` has (BCE, KLD) in nats per image after each epoch, and `bce`, `kld` are the last; whatever the run was
    trained by, they are what `loss.vae_loss` gives. `kld_per_dim` (D,) is the mean KLD of each dimension, `spread`
    (D,) the variance of its μ over the images. `right` is the share of the reconstructions that a classifier reads as
    the digit they were, `readable` that of 1,000 samples. `x_hat` (10, 784) are reconstructions of the first ten
    images from their means, `samples` (10, 784) decoded from the same z in each run.
    """

    history: list[tuple[float, float]]
    bce: float
    kld: float
    kld_per_dim: torch.Tensor
    spread: torch.Tensor
    right: float
    readable: float
    x_hat: torch.Tensor
    samples: torch.Tensor


def load_rates():
    """The runs of `tools/make_rates.py`, all alike but for the loss; five epochs with log σ² from the head.

    Returns:
        dict[str, Result]: "beta=0.05", 0.25, 0.5, 1, 2, 4, 8, 20 and 40; "mean BCE, sum KLD", "mean BCE, mean KLD" and
        "sum BCE, mean KLD", where PyTorch's mean stands for a sum; and with three seeds each, "beta=1, seed 0",
        "annealed, seed 0" and "free bits, seed 0" up to seed 2; "beta=20, annealed".
    """
    with shipped("rates.pt.gz") as saved:
        runs = {name: _result(kept) for name, kept in saved.items()}
        return runs | {"beta=1, seed 0": runs["beta=1"]}


def _result(kept):
    history = [tuple(pair) for pair in kept["history"]]
    pictures = {name: kept[name] / 255 for name in ("x_hat", "samples")}
    numbers = {name: kept[name] for name in ("spread", "right", "readable")}
    return Result(history, *history[-1], kld_per_dim=kept["kld"], **numbers, **pictures)
