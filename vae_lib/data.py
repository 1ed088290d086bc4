"""MNIST: unpacked from the files that travel with the library, split 85/15, in batches or as one tensor.

Source: LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998.
"""

import gzip
import hashlib
import math
import os
import sys
import warnings
import zlib
from pathlib import Path
from typing import NamedTuple

from vae_lib.files import FULL, write
from vae_lib.guards import check_generator, check_whole
from vae_lib.pytorch import torch
from vae_lib.remedies import restore

import numpy as np
from platformdirs import user_cache_path
from torch.utils.data import DataLoader, Subset

BUNDLE = Path(__file__).with_name("mnist")
try:
    CACHE = user_cache_path("vae_course", appauthor=False)
    if (named := os.environ.get("XDG_CACHE_HOME", "")).startswith("~") and sys.platform != "win32":
        CACHE = Path(named, "vae_course").expanduser()  # which platformdirs would pass over
except RuntimeError:  # there is no home folder; where the cache is used, a sentence says so
    CACHE = Path("~", ".cache", "vae_course")


class Images(NamedTuple):
    """Images and their labels: x (N, 784) float32 in [0, 1], y (N,) int64 in 0..9."""

    x: torch.Tensor
    y: torch.Tensor


def load_loaders(batch_size=64, *, generator=None, root=CACHE):
    """The report's three data loaders; each batch is images (B, 1, 28, 28) in [0, 1] and labels (B,).

    Args:
        batch_size: images in a batch.
        generator: CPU `torch.Generator` that shuffles; PyTorch's global one if None.
        root: folder that holds `MNIST/raw`, as for `torchvision.datasets.MNIST`.

    Returns:
        (train, val, test): `DataLoader`s over 51,000, 9,000 and 10,000 images. Only the training batches are
        shuffled: the order of the other two changes no average, and a fixed order keeps figures comparable.
    """
    check_whole(batch_size, "batch_size", 1)
    if generator is not None:
        check_generator(generator)
    train_val, test = mnist(train=True, root=root), mnist(train=False, root=root)
    train_idx, val_idx = split_indices(len(train_val))
    return (
        DataLoader(Subset(train_val, train_idx), batch_size=batch_size, shuffle=True, generator=generator),
        DataLoader(Subset(train_val, val_idx), batch_size=batch_size),
        DataLoader(test, batch_size=batch_size),
    )


def load_tensors(*, root=CACHE):
    """The same three sets as `load_loaders`, each as one tensor in memory (220 MB in all).

    Returns:
        (train, val, test): `Images` of 51,000, 9,000 and 10,000, in the order of the split, not shuffled.
    """
    raw = unpack(root)
    if _lacking(raw):
        mnist(train=True, root=root)  # downloads what the bundle lacks
    train_val, test = _read(raw, "train"), _read(raw, "t10k")
    train_idx, val_idx = map(torch.tensor, split_indices(len(train_val.x)))
    return (
        Images(train_val.x[train_idx], train_val.y[train_idx]),
        Images(train_val.x[val_idx], train_val.y[val_idx]),
        test,
    )


def split_indices(n=60_000):
    """Positions of the training (85 %) and validation (15 %) images among the first `n`: two lists of int.

    The report's split, scikit-learn's `train_test_split` with `test_size=0.15` and `random_state=42`, not stratified:
    a permutation whose first positions are the validation's. Written out, for scikit-learn takes 0.7 s to load.
    """
    order = np.random.RandomState(42).permutation(n).tolist()
    val = math.ceil(0.15 * n)
    return [order[val:], order[:val]]


def mnist(*, train, root=CACHE):
    """`torchvision.datasets.MNIST` with `ToTensor`: items are an image (1, 28, 28) in [0, 1] and an int label.

    The bundled files are unpacked first; torchvision downloads all four only if the bundle lacks one.

    Raises:
        OSError: a file is damaged or missing and cannot be repaired; the sentence says what to do.
    """
    from vae_lib.vision import datasets, transforms

    raw = unpack(root)
    lacking = _lacking(raw)
    try:
        return datasets.MNIST(raw.parents[1], train=train, transform=transforms.ToTensor(), download=True)
    except (OSError, RuntimeError) as error:
        if not lacking:
            raise
        raise OSError(
            f"MNIST's {' and '.join(lacking)} cannot be found in {BUNDLE} or in {raw}, and the download failed "
            f"({' '.join(str(error).split())}): connect to the internet and try again. Or, for the bundled files, "
            f"{restore('vae_lib/mnist')}."
        ) from error


def unpack(root=CACHE):
    """Unpack the bundled files to `root/MNIST/raw`, where torchvision looks for them, and check their SHA-256.

    A damaged file there is replaced, with a warning that names it. A file that the bundle lacks is left to
    torchvision.

    Returns:
        Path: the folder `root/MNIST/raw`, with a ~ at its start expanded.

    Raises:
        OSError: a bundled file is damaged, or the folder cannot be read or written; or it is from a torchvision of
            2020, whose own copies would be read unchecked.
    """
    try:
        raw = Path(root).expanduser() / "MNIST" / "raw"
    except RuntimeError as error:
        raise OSError(f"there is no home folder for the data of the course ({error}): {_elsewhere(root)}.") from error
    try:
        old = raw.with_name("processed")
        if all((old / name).exists() for name in ("training.pt", "test.pt")):
            raise OSError(
                f"{old} is of an old torchvision, and would be read unchecked: rename it, or {_elsewhere(root)}."
            )
        raw.mkdir(parents=True, exist_ok=True)
        for expected, name in _sums():
            _unpack_file(raw / name, BUNDLE / f"{name}.gz", expected)
    except OSError as error:
        if error.errno is None:  # a sentence of ours
            raise
        if error.errno in FULL:
            sentence = f"there is no room for MNIST in {raw}, which takes 55 MB: make room"
        else:
            sentence = f"MNIST cannot be unpacked to {raw} ({error}): make that a folder that you may read and write"
        raise OSError(f"{sentence}, or {_elsewhere(root)}.") from error
    return raw


def _elsewhere(root):
    if root != CACHE or sys.platform == "win32":
        return "name another root, as in load_tensors(root='data')"
    return "set the environment variable XDG_CACHE_HOME to a folder of your own, then start JupyterLab again"


def _sums():
    return [line.split() for line in (BUNDLE / "SHA256SUMS").read_text().splitlines()]


def _lacking(raw):
    return [name for _, name in _sums() if not (raw / name).exists()]


def _unpack_file(target, packed, expected):
    damaged = target.exists()
    if damaged and _sha256(target.read_bytes()) == expected:
        return
    if packed.exists():
        write(target, _gunzip(packed, expected))
        done = "has been replaced by a good copy, you need do nothing"
    else:
        target.unlink(missing_ok=True)
        done = "has been deleted, and torchvision downloads it again"
    if damaged:
        warnings.warn(f"{target} was damaged or half written; it {done}.", stacklevel=3)


def _gunzip(packed, expected):
    try:
        content = gzip.decompress(packed.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error):
        content = b""
    if _sha256(content) != expected:
        raise OSError(f"{packed} is damaged (its SHA-256 is not the one in SHA256SUMS): {restore('vae_lib/mnist')}.")
    return content


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


def _read(raw, name):
    """The files of a set, whose bytes `unpack` or torchvision has checked: numbers after 16 and 8 bytes of header."""
    x = np.fromfile(raw / f"{name}-images-idx3-ubyte", np.uint8, offset=16)
    y = np.fromfile(raw / f"{name}-labels-idx1-ubyte", np.uint8, offset=8)
    return Images(torch.from_numpy(x).view(-1, 784).float() / 255, torch.from_numpy(y).long())
