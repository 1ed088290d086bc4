"""MNIST: unpacked from the files that travel with the library, split 85/15, in batches or as one tensor.

Source: LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998.
"""

import gzip
import hashlib
import sys
import warnings
import zlib
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_cache_path

from vae_lib.files import write


def import_remedy(error):
    """One sentence for a student for whom PyTorch cannot be imported because of `error`."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed in {sys.prefix}: run the set-up line of README.md again."
    found = ", ".join(f"{name} {version(name)}" for name in ("torch", "torchvision"))
    return (
        f"{found} do not work together ({' '.join(str(error).split())}), they were built apart: take both from one "
        "place with `python -m pip install --force-reinstall torch torchvision`, then restart the kernel."
    )


try:
    import torch
    from torch.utils.data import DataLoader, Subset
    from torchvision import datasets, transforms
except Exception as error:  # a mismatch comes as RuntimeError, ImportError, OSError or AttributeError
    raise ImportError(import_remedy(error)) from error

BUNDLE = Path(__file__).with_name("mnist")
CACHE = user_cache_path("vae_course", appauthor=False)


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
    train_val, test = (_in_memory(mnist(train=train, root=root)) for train in (True, False))
    train_idx, val_idx = map(torch.tensor, split_indices(len(train_val.x)))
    return (
        Images(train_val.x[train_idx], train_val.y[train_idx]),
        Images(train_val.x[val_idx], train_val.y[val_idx]),
        test,
    )


def split_indices(n=60_000):
    """Positions of the training (85 %) and validation (15 %) images among the first `n`: two lists of int.

    The report's split: `train_test_split` with `random_state=42`, not stratified.
    """
    from sklearn.model_selection import train_test_split  # here, for it takes 0.7 s that not everybody needs

    return train_test_split(list(range(n)), test_size=0.15, random_state=42)


def mnist(*, train, root=CACHE):
    """`torchvision.datasets.MNIST` with `ToTensor`: items are an image (1, 28, 28) in [0, 1] and an int label.

    The bundled files are unpacked first; torchvision downloads only what the bundle lacks.

    Raises:
        OSError: a file is damaged or missing and cannot be repaired; the sentence says what to do.
    """
    unpack(root)
    try:
        return datasets.MNIST(root, train=train, transform=transforms.ToTensor(), download=True)
    except (OSError, RuntimeError) as error:
        raise OSError(
            f"MNIST is neither in {BUNDLE} nor in {root}, and the download failed ({' '.join(str(error).split())}): "
            "restore the bundled files with `git checkout -- vae_lib/mnist`, or connect to the internet and try again."
        ) from error


def unpack(root=CACHE):
    """Unpack the bundled files to `root/MNIST/raw`, where torchvision looks for them, and check their SHA-256.

    A damaged file there is replaced, with a warning that names it. A file that the bundle lacks is left to
    torchvision.

    Returns:
        Path: the folder `root/MNIST/raw`.

    Raises:
        OSError: a bundled file is damaged.
    """
    raw = Path(root) / "MNIST" / "raw"
    try:
        raw.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"{raw} cannot be made ({error}): set the environment variable XDG_CACHE_HOME to a folder of your own."
        ) from error
    for line in (BUNDLE / "SHA256SUMS").read_text().splitlines():
        expected, name = line.split()
        target, packed = raw / name, BUNDLE / f"{name}.gz"
        if target.exists():
            if _sha256(target.read_bytes()) == expected:
                continue
            sentence = f"{target} was damaged or half written; it is replaced by a good copy, you need do nothing."
            warnings.warn(sentence, stacklevel=2)
        if packed.exists():
            write(target, _gunzip(packed, expected))
        else:
            target.unlink(missing_ok=True)
    return raw


def _gunzip(packed, expected):
    try:
        content = gzip.decompress(packed.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error):
        content = b""
    if _sha256(content) != expected:
        raise OSError(
            f"{packed} is damaged (its SHA-256 is not the one in SHA256SUMS): restore it with "
            "`git checkout -- vae_lib/mnist`, or install the course again."
        )
    return content


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


def _in_memory(dataset):
    return Images(dataset.data.flatten(1).float() / 255, dataset.targets)
