"""Measure the playground in Chromium: seconds to digits, pictures a second, steps a second beside PyTorch's.

    python -m tools.benchmark_playground          # about three minutes; needs Chromium, and little else running

Prints the numbers. A person runs this; no test does. *Digits*: a classifier, trained here on MNIST's training images at
the playground's size, is at least 90 % sure of half of the 144 images of the decoder's map, and of 4 different digits
among them. More than a few minutes of training give 5 or 6: in two dimensions not all ten find a place of their own.
"""

import os
import platform
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ["OMP_NUM_THREADS"] = "1"

import torch
import torch.nn.functional as F
from playwright.sync_api import sync_playwright
from torch import nn

from tests.jupyter_in_browser import CHROMIUM, FLAGS
from vae_lib.data import load_tensors
from vae_lib.loss import vae_loss
from vae_lib.model import VAE
from vae_lib.train import new_run
from vae_lib.widgets import playground

ROUNDS, SECONDS, PIXELS = 5, 10, playground.SIDE**2
CERTAIN, DIGITS, SHARE = 0.9, 4, 0.5
EPOCHS = 30  # of the numbers in the page's answers
COLLECT = """() => {
    window.said = [...document.querySelectorAll(".sentence")].map((sentence) => {
        const all = [];
        new MutationObserver(() => all.push(sentence.textContent)).observe(sentence, { childList: true });
        return all;
    });
}"""
# Every 250 ms: seconds since the click, and the map's pixels.
WATCH = """(seconds) => new Promise((resolve) => {
    const seen = [], start = performance.now(), canvas = document.querySelector(".grid");
    let frames = 0, pictures = 0;
    new MutationObserver(() => pictures++).observe(document.querySelector(".progress"), { childList: true });
    const count = () => { frames++; requestAnimationFrame(count); };
    requestAnimationFrame(count);
    document.querySelector("#train").click();
    const timer = setInterval(() => {
        const now = (performance.now() - start) / 1000, { data } = canvas.getContext("2d").getImageData(0, 0, 168, 168);
        seen.push([now, [...data].filter((_, i) => i % 4 === 0)]);
        if (now < seconds) return;
        clearInterval(timer);
        document.querySelector("#train").click();
        resolve({ seen, frames: frames / now, pictures: pictures / now });
    }, 250);
})"""


def main():
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    train, _, test = load_tensors()
    classifier = trained_classifier(train)
    right = (classifier(bytes_of(test.x)).argmax(1) == test.y).float().mean()
    print(f"the classifier names {right:.1%} of MNIST's test images at this size")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder, "playground.html")
        path.write_text(playground.page(), encoding="utf-8")
        print(f"the page: {path.stat().st_size / 1e6:.2f} MB")
        with playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser:
            rounds = [watch(browser, path, classifier, seed) for seed in range(1, ROUNDS + 1)]
            print(f"steps a second: {median(r['steps'] for r in rounds):.0f} in the page, of 64 images")
            print(f"  PyTorch, one thread, the same model: {pytorch_steps(train.x[:4000]):.0f}")
            for i in range(3):
                experiment(browser, path, classifier, i)


def watch(browser, path, classifier, seed):
    """One run of SECONDS with a seed: when digits are there, pictures a second, steps a second."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    page.locator('[name="seed"]').fill(str(seed))
    page.locator('[name="seed"]').press("Tab")
    page.wait_for_timeout(500)
    result = page.evaluate(WATCH, SECONDS)
    steps = int(page.locator(".progress").inner_text().split()[-1]) / result["seen"][-1][0]
    at = [(now, *judged(classifier, cells(grid))) for now, grid in result["seen"]]
    digits = next((now for now, names, share in at if names >= DIGITS and share >= SHARE), None)
    there = f"{digits:.1f} s" if digits else f"not within {SECONDS} s"
    print(
        f"seed {seed}: digits after {there}; after {SECONDS} s {at[-1][1]} digits, {at[-1][2]:.0%} of the map certain "
        f"(at first {at[0][1]}, {at[0][2]:.0%}); a second: {result['frames']:.0f} frames, {result['pictures']:.0f} new "
        f"pictures, {steps:.0f} steps"
    )
    page.close()
    return {"steps": steps}


def experiment(browser, path, classifier, number):
    """Both runs of a guided experiment: what they say after EPOCHS, and then the digits among their samples."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    page.locator(".experiment button").nth(number).click()
    page.evaluate(COLLECT)
    page.wait_for_function(
        f"said.every((all) => all.some((text) => text.startsWith('Epoch {EPOCHS}:')))", timeout=600_000
    )
    page.locator("#train").click()
    page.wait_for_timeout(500)
    said = page.evaluate(f"said.map((all) => all.find((text) => text.startsWith('Epoch {EPOCHS}:')))")
    for name, run in zip("AB", page.locator(".run").all(), strict=True):
        images = [image_pixels(run.locator(f".{part}")) for part in ("samples", "grid")]
        certain = [judged(classifier, cells(one, columns)) for one, columns in zip(images, (8, 12), strict=True)]
        print(
            f"experiment {number + 1}, {name}: {said['AB'.index(name)]} Certain: "
            f"{certain[0][1]:.0%} of samples, {certain[1][1]:.0%} of the map, with {certain[1][0]} digits; "
            f"{run.locator('.progress').inner_text()}"
        )
    page.close()


def image_pixels(canvas):
    return canvas.evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 0)"
    )


def cells(greys, columns=12):
    """A canvas of images side by side → images (N, 196) in [0, 1]."""
    side = playground.SIDE
    image = torch.tensor(greys).float().view(-1, columns * side) / 255
    return image.view(-1, side, columns, side).transpose(1, 2).reshape(-1, PIXELS)


@torch.no_grad()
def judged(classifier, images):
    """How many digits are named with certainty, and the share of images that are."""
    certain, name = classifier(images).softmax(1).max(1)
    sure = certain >= CERTAIN
    return len(name[sure].unique()), sure.float().mean().item()


def bytes_of(x):
    return torch.frombuffer(bytearray(playground.halved(x)), dtype=torch.uint8).view(-1, PIXELS) / 255


def trained_classifier(train):
    x, y = bytes_of(train.x), train.y
    model = nn.Sequential(nn.Linear(PIXELS, 256), nn.ReLU(), nn.Dropout(0.3), nn.Linear(256, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(8):
        for batch in torch.randperm(len(x)).split(256):
            # Smoothed labels, and clouds of noise that belong to no digit: without them it is certain of anything.
            clouds = torch.rand(64, 1) * torch.rand(64, PIXELS)
            loss = F.cross_entropy(model(x[batch]), y[batch], label_smoothing=0.02)
            loss = loss - 0.2 * model(clouds).log_softmax(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


def pytorch_steps(x, steps=300):
    """Steps a second of vae_lib's model and optimizer, of the playground's sizes, in one thread: the best of ROUNDS."""
    images, best = bytes_of(x), 0.0
    run = new_run(VAE(PIXELS, 128, 2, "log_var"), torch.Generator(), lr=3e-3)
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for i in range(steps):
            batch = images[(64 * i) % 3900 :][:64]
            loss = vae_loss(batch, *run.model(batch)).loss.mean()
            run.optimizer.zero_grad()
            loss.backward()
            run.optimizer.step()
        best = max(best, steps / (time.perf_counter() - start))
    return best


if __name__ == "__main__":
    main()
