"""Join the playground's files and its images into one page that trains a VAE with no kernel and no network.

    python -m tools.build_playground                  # writes playground.html
    python -m tools.build_playground --out page.html

Open the page from disk.
"""

import argparse
import base64
import re
from pathlib import Path

from vae_lib.data import load_tensors
from vae_lib.files import write

FOLDER = Path(__file__).resolve().parents[1] / "playground"
TRAIN, VAL, SIDE = (
    4000,
    400,
    14,
)  # images that travel with the page, and their pixels each way; VAL is a multiple of 100
MODULES = {
    "worker": ["product.js", "math.js", "worker.js"],
    "page": ["view.js", "page.js"],
}  # in the order of their imports


def page(home=""):
    """The whole page as text, always the same; `home` is HTML above the title, such as a link back."""
    images, labels = small_images()
    parts = {
        **{name: joined(files) for name, files in MODULES.items()},
        **{"home": home, "images": encoded(images), "labels": encoded(labels), "train": f"{TRAIN:,}", "val": str(VAL)},
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


def encoded(content):
    return base64.b64encode(content).decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", default="playground.html", help="where to write the page")
    out = Path(parser.parse_args().out)
    write(out, page())
    print(f"wrote {out}, {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
