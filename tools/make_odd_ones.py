"""Make vae_lib/trained/odd_ones.json: what lesson 13 tells of trainings that take minutes.

    python -m tools.make_odd_ones   # 20 runs, six minutes on two cores; goes on where it was stopped

*left out*: trained by `train_fast` without one digit, with seed 0; how well each score finds that digit among the
validation images. *encoder*: the test loss of the record with the lesson's convolutional encoder, and with the report's
for as many images and for about as much time, each with three seeds; seconds are the processor's. *stranger*:
the report's settings on scikit-learn's digits, up to as many steps as MNIST gives in 50 epochs, with seed 0. A person
runs this; no lesson or test does.
"""

import json
import time
from functools import partial
from pathlib import Path

import jupytext
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from vae_lib.data import load_tensors, split_indices
from vae_lib.fast import train_fast
from vae_lib.files import write
from vae_lib.loss import bce_floor, vae_loss
from vae_lib.measure import ODD_ONES, auroc
from vae_lib.model import VAE
from vae_lib.train import evaluate, new_run, train

LESSON = Path(__file__).parents[1] / "sources" / "lessons" / "13_a_vae_at_work.py"
ENCODERS = {"report": 3, "convolutions": 3, "report, longer": 7}  # epochs; the last two take about as long
SEEDS = ("0", "1", "2")
STRANGER = (50, 500, 1660)  # epochs; the last are 39,840 steps


def main():
    sets = load_tensors()
    new = {"left out": {}, "encoder": {name: {} for name in ENCODERS}}
    results = json.loads(ODD_ONES.read_text("utf-8")) if ODD_ONES.exists() else new
    runs = [(results["encoder"][name], seed, partial(encoder_run, name)) for name in ENCODERS for seed in SEEDS]
    runs += [(results["left out"], str(digit), left_out_run) for digit in range(10)]
    for part, key, measure in runs:
        if key not in part:
            part[key] = measure(key, *sets)
            print(key, part[key], flush=True)
            write(ODD_ONES, json.dumps(results) + "\n")
    if "stranger" not in results:
        results["stranger"] = stranger_run()
        write(ODD_ONES, json.dumps(results) + "\n")


def left_out_run(digit, train_set, val_set, _):
    """The AUROC of each score for a digit, a text, that was left out of the training."""
    train_x, is_odd = train_set.x[train_set.y != int(digit)], val_set.y == int(digit)
    torch.manual_seed(0)
    model = train_fast(train_x, val_set.x[~is_odd], torch.Generator().manual_seed(0)).model
    x, ink = val_set.x, val_set.x.sum(1)
    with torch.no_grad():
        losses = vae_loss(x, *model(x, torch.randn(len(x), 40, generator=torch.Generator().manual_seed(0))))
        error = (x - model.decode(model.encode(x)[0])).square().sum(1)
    pca = PCA(40, svd_solver="randomized", random_state=0).fit(train_x[:20_000].numpy())
    by_pca = (x - torch.from_numpy(pca.inverse_transform(pca.transform(x.numpy())))).square().sum(1)
    scores = {
        "loss": losses.loss,
        "loss - floor": losses.loss - bce_floor(x),
        "error": error,
        "error / ink": error / ink,
        "PCA error": by_pca,
        "PCA error / ink": by_pca / ink,
        "ink": ink,
    }
    return {name: round(auroc(score[~is_odd], score[is_odd]), 3) for name, score in scores.items()}


def encoder_run(name, seed, train_set, val_set, test_set):
    """Test loss, processor's seconds and weights of the encoder, with a seed, a text."""
    torch.manual_seed(int(seed))
    model = VAE(sigma_head="log_var")
    if name == "convolutions":
        model.encoder = lesson_encoder()()
    epochs = ENCODERS[name]
    start = time.process_time()
    train_fast(train_set.x, val_set.x[:1], torch.Generator().manual_seed(int(seed)), epochs, model)
    seconds = time.process_time() - start
    losses = evaluate(model, test_set.x, torch.Generator().manual_seed(0))
    weights = sum(weight.numel() for weight in model.encoder.parameters())
    numbers = {"test": losses.loss, "bce": losses.bce, "kld": losses.kld, "seconds": seconds}
    return {name: round(number, 2) for name, number in numbers.items()} | {"weights": weights, "epochs": epochs}


def stranger_run():
    """Validation losses after some epochs, with the images and the seed of the lesson."""
    x = torch.from_numpy(load_digits().data).float() / 16
    train_idx, val_idx = map(torch.tensor, split_indices(len(x)))
    torch.manual_seed(0)
    run = new_run(VAE(input_dim=64), torch.Generator().manual_seed(0))
    history = train(run, x[train_idx], x[val_idx], epochs=max(STRANGER))
    return {str(n): {"val": round(history[n - 1].val.loss, 2)} for n in STRANGER}


def lesson_encoder():
    """The class `ConvEncoder`, as the lesson writes it."""
    cells = jupytext.read(LESSON).cells
    names = {"torch": torch, "nn": torch.nn}
    exec(next(cell.source for cell in cells if cell.source.startswith("class ConvEncoder")), names)
    return names["ConvEncoder"]


if __name__ == "__main__":
    main()
