"""Images side by side, and as PNG files: `make_grid` and `save_image` of torchvision, which takes a second to load."""

import io

from vae_lib.files import write
from vae_lib.guards import squares
from vae_lib.pytorch import torch

import torch.nn.functional as F
from PIL import Image


def tile(x, ncols, gap):
    """Images x (n, 784) as one image (height, width) on the CPU, `ncols` in a row, with `gap` white pixels between."""
    images = squares(x)[:, 0]
    nrows, step = -(-len(x) // ncols), 28 + gap
    tiles = torch.ones(nrows * ncols, step, step)
    tiles[: len(x), gap:, gap:] = images  # a gap left of each and above
    rows = tiles.view(nrows, ncols, step, step).transpose(1, 2).reshape(nrows * step, ncols * step)
    return F.pad(rows, [0, gap, 0, gap], value=1.0)


def enlarge(image, times):
    """An image (height, width) with each pixel as a square of `times` × `times`."""
    return image.repeat_interleave(times, 0).repeat_interleave(times, 1)


def encode_png(image):
    """An image (height, width) in [0, 1] as the bytes of a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray((255 * image + 0.5).byte().numpy()).save(buffer, format="png")
    return buffer.getvalue()


def save_images(x, path, ncols=10):
    """Write images x (n, 784) in [0, 1] as one PNG file, `ncols` in a row, three times their size."""
    write(path, encode_png(enlarge(tile(x, min(ncols, len(x)), gap=1), 3)))
