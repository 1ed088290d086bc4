"""Your own images, from a folder with a subfolder for each kind, as the 784 grey pixels that the model reads."""

from pathlib import Path

from vae_lib.data import Images, split_indices
from vae_lib.pytorch import datasets, torch

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
        ValueError: no such folder, no subfolders, fewer than 100 images; one that cannot be read, or has transparent
            pixels or more than 8 bits for each.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: name the one that holds a subfolder of images for each kind")
    if not any(path.is_dir() for path in folder.iterdir()):
        raise ValueError(f"{folder} has no subfolders: put the images of each kind into one, {folder / 'cats'} say")
    found = datasets.ImageFolder(folder, loader=_read, allow_empty=True)
    if len(found) < LEAST:
        suffixes = "png, jpg, bmp, tif, webp …"
        raise ValueError(
            f"the subfolders of {folder} hold {len(found)} images ({suffixes}), {LEAST} are needed: add more"
        )
    x, y = zip(*found, strict=True)
    x, y = torch.from_numpy(np.stack(x)).flatten(1).float() / 255, torch.tensor(y)
    rest, test = (torch.tensor(part) for part in split_indices(len(x)))
    train, val = (rest[torch.tensor(part)] for part in split_indices(len(rest)))
    return [Images(x[part], y[part]) for part in (train, val, test)], found.classes


def _read(path):
    """An image file as bytes (28, 28)."""
    try:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file)
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for a damaged file
        raise ValueError(f"{path} cannot be read ({error}): delete it, or save it anew") from error
    if image.mode.startswith(("I", "F")):
        raise ValueError(f"{path} has more than 8 bits for a pixel: save it with 8")
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema()[0] < 255:
        raise ValueError(f"{path} has transparent pixels, which may be black or white: save it without transparency")
    return np.asarray(ImageOps.fit(image.convert("L"), (28, 28)))
