"""Make the files in vae_lib/trained: the shipped model, and the results of runs with one setting changed.

    vae-report --seed 42                   # about two minutes on two cores, writes runs/report
    python tools/make_trained.py           # about twenty minutes more

A person runs this when the model or its training changes; no lesson, test or CI does.
"""

import gzip
import io
import shutil
from pathlib import Path

import torch
from tqdm.auto import tqdm

from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.model import VAE
from vae_lib.report import fixed_z
from vae_lib.train import TRAINED, checkpoint_path, load_model, new_run, plain_history, train

REPORT = Path("runs/report")
EPOCHS_KEPT = (1, 2, 5, 10, 15, 25, 50)
MODELS = {
    "log_var": {"sigma_head": "log_var"},
    "softplus": {"sigma_head": "softplus"},
    "latent_dim=2": {"latent_dim": 2},
    "latent_dim=10": {"latent_dim": 10},
    "latent_dim=20": {"latent_dim": 20},
    "latent_dim=80": {"latent_dim": 80},
}
BETAS = (0.0, 4.0, 20.0)


def main():
    train_set, val_set, _ = load_tensors()
    kept = {}
    for epoch in EPOCHS_KEPT:
        model, history = load_model(checkpoint_path(REPORT / "checkpoints", epoch))
        kept[f"epoch={epoch}"] = results(model, history, val_set.x, samples=1000)
    runs = {name: seeded_run(**sizes) for name, sizes in MODELS.items()}
    runs |= {f"beta={beta:g}": seeded_run(beta=beta) for beta in BETAS}
    for name, run in tqdm(runs.items(), unit="run"):
        history = train(run, train_set.x, val_set.x)
        kept[name] = results(run.model, history, val_set.x, samples=20)
    TRAINED.mkdir(exist_ok=True)
    shutil.copyfile(REPORT / "model.pt", TRAINED / "vae_mnist.pt")
    buffer = io.BytesIO()
    torch.save(kept, buffer)
    (TRAINED / "experiments.pt.gz").write_bytes(gzip.compress(buffer.getvalue(), mtime=0))


def seeded_run(beta=1.0, **sizes):
    torch.manual_seed(42)
    return new_run(VAE(**sizes), torch.Generator().manual_seed(42), beta=beta)


@torch.no_grad()
def results(model, history, val_x, samples):
    x_hat = model.decode(encode(model, val_x[:10])[0])
    drawn = model.decode(fixed_z(model, samples))
    return {"history": plain_history(history), "x_hat": as_bytes(x_hat), "samples": as_bytes(drawn)}


def as_bytes(x):
    return (x * 255).round().to(torch.uint8)


if __name__ == "__main__":
    main()
