"""The playground: a page that trains a small VAE in the browser, with no kernel and no network."""

import base64
import re

from vae_lib.data import load_tensors
from vae_lib.plots import images as images_figure
from vae_lib.pytorch import torch
from vae_lib.widgets.still import HERE, add_still, display_with_still

import anywidget
import traitlets

FOLDER = HERE / "playground"
TRAIN, VAL, SIDE = 4000, 400, 14  # images that travel with the page, and their pixels each way; VAL in hundreds
MODULES = {  # each in the order of their imports
    "worker": ["product.js", "math.js", "worker.js"],
    "page": ["view.js", "page.js"],
}


class Playground(anywidget.AnyWidget):
    """The playground in a notebook's output: it trains in the browser, and the kernel is free."""

    _esm = FOLDER / "frame.js"
    page = traitlets.Bytes().tag(sync=True)

    def __init__(self):
        super().__init__(page=page().encode())

    def _ipython_display_(self):
        display_with_still(*self._repr_mimebundle_())

    def _repr_mimebundle_(self, **options):
        x = torch.frombuffer(bytearray(small_images()[0]), dtype=torch.uint8).view(-1, SIDE, SIDE)[:40] / 255
        x = x.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2).flatten(1)
        still = images_figure(x, "Forty of the images of 14 × 14 pixels on which the playground trains.", ncols=20)
        return add_still(super()._repr_mimebundle_(**options), still._repr_mimebundle_())


def page(home=""):
    """The whole page as text, always the same; `home` is HTML above the title, such as a link back."""
    images, labels = small_images()
    parts = {
        **{name: joined(files) for name, files in MODULES.items()},
        **{"home": home, "images": _base64(images), "labels": _base64(labels), "train": f"{TRAIN:,}", "val": str(VAL)},
        **{"style": (FOLDER / "style.css").read_text(encoding="utf-8")},
    }
    text = (FOLDER / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{ (\w+) \}\}", lambda mark: parts[mark[1]], text)


def joined(files):
    """Modules as one text: without their imports of one another and their exports."""
    text = "\n".join((FOLDER / file).read_text(encoding="utf-8") for file in files)
    return re.sub(r"^export (?=const|function|async)", "", re.sub(r"^import .*;\n", "", text, flags=re.M), flags=re.M)


def small_images():
    """Images to train on, then images to measure on: bytes (TRAIN + VAL, 196), and the digits of the last VAL.

    A pixel is the mean of four of MNIST's.
    """
    train, val, _ = load_tensors()
    return halved(train.x[:TRAIN]) + halved(val.x[:VAL]), bytes(val.y[:VAL].tolist())


def halved(x):
    """Images x (N, 784) in [0, 1] → N · 196 bytes."""
    small = x.view(-1, SIDE, 2, SIDE, 2).mean(dim=(2, 4))
    return (255 * small).round().byte().numpy().tobytes()


def _base64(content):
    return base64.b64encode(content).decode()
