"""Make the README's picture: walks from one digit to another on a straight line of the latent space, as in lesson 06.

python -m tools.make_picture
"""

from pathlib import Path

import torch

from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.images import save_images
from vae_lib.latent import encode, interpolate

PATH = Path(__file__).resolve().parents[1] / "docs/walks.png"
WALKS = [(4, 9), (3, 8), (0, 6)]
STEPS = 12


def main():
    _, val_set, _ = load_tensors()
    model, _ = load_trained()
    mu, _ = encode(model, val_set.x)
    first = {digit: mu[val_set.y == digit][0] for digit in range(10)}
    walks = [interpolate(model, first[a], first[b], steps=STEPS) for a, b in WALKS]
    save_images(torch.cat(walks).detach(), PATH, ncols=STEPS)
    print(f"{PATH}: {PATH.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
