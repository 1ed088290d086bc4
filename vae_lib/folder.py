"""Your own images, from a folder with a subfolder for each kind, as the 784 grey pixels that the model reads."""

from pathlib import Path

from vae_lib.data import Images, split_indices
from vae_lib.pytorch import torch

import numpy as np
from PIL import Image, ImageOps

LEAST = 100  # 73 to learn from, 12 to choose with, 15 to test on


def load_folder(folder):
    """Read, convert and split the images of `folder/KIND/*.png`, as torchvision's `ImageFolder` expects them.

    Each becomes grey; the largest square in its middle is kept and made 28 × 28. 15 % of the images are for the test,
    and 15 % of the rest for validation, by the same draw each time.

    Args:
        folder: path; its subfolders, in the order of their names, are the labels 0, 1 and so on.

    Returns:
        ((train, val, test), kinds): three `Images`, and the names of the subfolders.

    Raises:
        ValueError: no such folder, no subfolders, fewer than 100 images, a kind without one; one that cannot be read,
            or has transparent pixels or more than 8 bits for each.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: name the one that holds a subfolder of images for each kind")
    files = _find(folder)
    if not files:
        raise ValueError(f"{folder} has no subfolders: put the images of each kind into one, {folder / 'cats'} say")
    suffixes = "png, jpg, bmp, tif, webp …"
    if (count := sum(map(len, files.values()))) < LEAST:
        raise ValueError(f"the subfolders of {folder} hold {count} images ({suffixes}), {LEAST} are needed: add more")
    if empty := [kind for kind, paths in files.items() if not paths]:
        raise ValueError(
            f"{folder / empty[0]} holds no image ({suffixes}) that you may read: add some, or move it away"
        )
    x = np.stack([_read(path) for paths in files.values() for path in paths])
    y = torch.tensor([label for label, paths in enumerate(files.values()) for _ in paths])
    x = torch.from_numpy(x).flatten(1).float() / 255
    rest, test = (torch.tensor(part) for part in split_indices(len(x)))
    train, val = (rest[torch.tensor(part)] for part in split_indices(len(rest)))
    return [Images(x[part], y[part]) for part in (train, val, test)], list(files)


def _find(folder):
    """The paths of the images of each kind: those in its subfolder and below, but in no hidden folder or file."""
    try:
        kinds = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise ValueError(f"{folder} cannot be read ({error.strerror}): make it one that you may read") from error
    return {kind.name: sorted(path for path in kind.rglob("*") if _is_image(path.relative_to(kind))) for kind in kinds}


def _is_image(path):
    from vae_lib.vision import datasets

    hidden = any(part.startswith(".") for part in path.parts)
    return path.suffix.lower() in datasets.folder.IMG_EXTENSIONS and not hidden


def _read(path):
    """An image file as bytes (28, 28)."""
    try:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file)
            grey = image.convert("L")
    except MemoryError:
        raise
    except Exception as error:  # of many kinds: damaged files, odd colours, more pixels than Pillow opens
        raise ValueError(f"{path} cannot be read ({error}): delete it, or save it anew") from error
    if image.mode.startswith(("I", "F")):
        raise ValueError(f"{path} has more than 8 bits for a pixel: save it with 8")
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema()[0] < 255:
        raise ValueError(f"{path} has transparent pixels, which may be black or white: save it without transparency")
    return np.asarray(ImageOps.fit(grey, (28, 28)))
