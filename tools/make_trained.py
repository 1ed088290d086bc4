"""Make the files in vae_lib/trained: the shipped models, and the results of runs with one setting changed.

    vae-report --seed 42                   # two to three minutes on two cores, writes runs/report
    python tools/make_trained.py           # twenty minutes more; goes on where it was stopped

A person runs this when the model or its training changes; no lesson, test or CI does.
"""

import gzip
import io
from pathlib import Path

import torch
from tqdm.auto import tqdm

from vae_lib.checkpoints import TRAINED, checkpoint_path, load_model, plain_history, save_model
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.model import VAE
from vae_lib.report import fixed_z
from vae_lib.train import new_run, train

COMMAND = "vae-report --seed 42"
REPORT = Path("runs/report")
OTHERS = Path("runs/others")
EPOCHS_KEPT = (1, 2, 5, 10, 15, 25, 50)
SETTINGS = {
    "beta=0": {"beta": 0.0},
    "beta=4": {"beta": 4.0},
    "beta=20": {"beta": 20.0},
    "log_var": {"sigma_head": "log_var"},
    "softplus": {"sigma_head": "softplus"},
    "latent_dim=2": {"latent_dim": 2},
    "latent_dim=10": {"latent_dim": 10},
    "latent_dim=20": {"latent_dim": 20},
    "latent_dim=80": {"latent_dim": 80},
}


def main():
    train_set, val_set, _ = load_tensors()
    train_planar(train_set.x, val_set.x)
    for name in tqdm(SETTINGS, unit="run"):
        if not path_of(name).exists():
            train_other(name, train_set.x, val_set.x)
    kept = {}
    for epoch in EPOCHS_KEPT:
        model, history = load_model(checkpoint_path(REPORT / "checkpoints", epoch))
        kept[f"epoch={epoch}"] = results(model, history, val_set.x, samples=1000)
    save_model(model, history, TRAINED / "vae_mnist.pt", COMMAND)
    for name in SETTINGS:
        # Lesson 04 measures the samples of the runs with another beta.
        samples = 1000 if "beta" in SETTINGS[name] else 20
        kept[name] = results(*load_model(path_of(name)), val_set.x, samples)
    buffer = io.BytesIO()
    torch.save(kept, buffer)
    (TRAINED / "experiments.pt.gz").write_bytes(gzip.compress(buffer.getvalue(), mtime=0))


def train_other(name, train_x, val_x):
    """Train with the report's settings but for one, from the same seed, and keep the model in runs/others."""
    settings = dict(SETTINGS[name])
    beta = settings.pop("beta", 1.0)
    torch.manual_seed(42)
    run = new_run(VAE(**settings), torch.Generator().manual_seed(42), beta=beta)
    train(run, train_x, val_x)
    save_model(run.model, run.history, path_of(name), f"tools/make_trained.py, {name}")


def train_planar(train_x, val_x):
    """The model of lesson 09, whose latent space is a plane, kept in half precision (0.6 MB).

    Each pixel is made black or white by a coin, once, so that the BCE is exactly -log p(x|z).
    """
    coin = torch.Generator().manual_seed(42)
    train_x, val_x = (torch.bernoulli(x, generator=coin) for x in (train_x, val_x))
    torch.manual_seed(42)
    model = VAE(hidden_dim=200, latent_dim=2, sigma_head="log_var")
    run = new_run(model, torch.Generator().manual_seed(42), lr=1e-3, batch_size=128)
    train(run, train_x, val_x, epochs=15)
    save_model(model.half(), run.history, TRAINED / "vae_planar.pt", "tools/make_trained.py")


def path_of(name):
    return OTHERS / f"{name}.pt"


@torch.no_grad()
def results(model, history, val_x, samples):
    x_hat = model.decode(encode(model, val_x[:10])[0])
    drawn = model.decode(fixed_z(model, samples))
    return {"history": plain_history(history), "x_hat": as_bytes(x_hat), "samples": as_bytes(drawn)}


def as_bytes(x):
    return (x * 255).round().to(torch.uint8)


if __name__ == "__main__":
    main()
