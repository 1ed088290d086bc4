"""Make vae_lib/trained/rates.pt.gz: what VAEs with other losses say of an image, and how well they draw it (lesson 11).

    python -m tools.make_rates            # eight minutes on one core; goes on where it was stopped

Each run is five epochs on all training images, with log σ² from the head, batches of 128, and a learning rate of one
cycle (lesson 14). Only results are kept. A person runs this when the model or its training changes; no lesson, test
or CI does.
"""

import gzip
import io
import math
from pathlib import Path

import torch
from tqdm.auto import tqdm

from vae_lib.checkpoints import TRAINED
from vae_lib.data import load_tensors
from vae_lib.fast import begin_with_mean, follow, one_cycle
from vae_lib.latent import encode, sample
from vae_lib.loss import bce, kld_per_dim
from vae_lib.measure import accuracy, readable, train_classifier
from vae_lib.model import VAE
from vae_lib.train import evaluate

KEPT = Path("runs/rates")
EPOCHS = 5
BATCH_SIZE = 128
BETAS = (0.05, 0.25, 0.5, 1, 2, 4, 8, 20, 40)
SEEDS = (0, 1, 2)
FLOOR = 0.3  # nats of each dimension that free bits do not charge for


def main():
    KEPT.mkdir(parents=True, exist_ok=True)
    train_set, val_set, _ = load_tensors()
    torch.manual_seed(0)
    classifier = train_classifier(train_set.x, train_set.y, torch.Generator().manual_seed(0))
    kept = {}
    for name, (loss_of, seed) in tqdm(settings().items(), unit="run"):
        path = KEPT / f"{name}.pt"
        if not path.exists():
            model, history = train(loss_of, seed, train_set.x, val_set.x)
            torch.save(results(model, history, classifier, val_set), path)
        kept[name] = torch.load(path, weights_only=True)
        print(name, history_end(kept[name]), flush=True)
    buffer = io.BytesIO()
    torch.save(kept, buffer)
    (TRAINED / "rates.pt.gz").write_bytes(gzip.compress(buffer.getvalue(), mtime=0))


def settings():
    """Name → (loss, seed); a loss takes BCE (B,), KLD (B, D) and the share of the steps that are done."""
    runs = {f"beta={beta:g}": (weighted(beta), 0) for beta in BETAS}
    runs |= {f"beta=1, seed {seed}": (weighted(1), seed) for seed in SEEDS[1:]}
    runs |= {f"annealed, seed {seed}": (annealed(1), seed) for seed in SEEDS}
    runs |= {f"free bits, seed {seed}": (free_bits, seed) for seed in SEEDS}
    return runs | {
        "beta=20, annealed": (annealed(20), 0),
        "mean BCE, sum KLD": (lambda b, k, done: b.mean() / 784 + k.sum(dim=1).mean(), 0),
        "mean BCE, mean KLD": (lambda b, k, done: b.mean() / 784 + k.mean(), 0),
        "sum BCE, mean KLD": (lambda b, k, done: b.mean() + k.mean(), 0),
    }


def weighted(beta):
    return lambda b, k, done: b.mean() + beta * k.sum(dim=1).mean()


def annealed(beta):
    """β rises from 0 in the first half of the steps (Bowman et al., 2016, arXiv 1511.06349)."""
    return lambda b, k, done: b.mean() + beta * min(1, 2 * done) * k.sum(dim=1).mean()


def free_bits(b, k, done):
    """Each dimension may say FLOOR nats for nothing (Kingma et al., 2016, arXiv 1606.04934, appendix C.8)."""
    return b.mean() + k.mean(dim=0).clamp(min=FLOOR).sum()


def train(loss_of, seed, train_x, val_x):
    """Train a new VAE by the loss → the model, and its validation BCE and KLD after each epoch."""
    torch.manual_seed(seed)
    model, history = VAE(sigma_head="log_var"), []
    begin_with_mean(model, train_x)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    steps, step = EPOCHS * math.ceil(len(train_x) / BATCH_SIZE), 0
    follow(optimizer, lambda step: one_cycle(step, steps))
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(train_x)).split(BATCH_SIZE):
            x_logits, mu, sigma = model(train_x[batch])
            loss = loss_of(bce(train_x[batch], x_logits), kld_per_dim(mu, sigma), step / steps)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
        val = evaluate(model, val_x, torch.Generator().manual_seed(0))
        history.append([val.bce, val.kld])
    return model, history


def results(model, history, classifier, val_set):
    mu, sigma = encode(model, val_set.x)
    x_hat = model.decode(mu).detach()
    drawn = sample(model, 1000, torch.Generator().manual_seed(0))
    return {
        "history": history,
        "kld": kld_per_dim(mu, sigma).mean(dim=0),
        "spread": mu.var(dim=0),
        "right": accuracy(classifier, x_hat, val_set.y),
        "readable": readable(classifier, drawn),
        "x_hat": (x_hat[:10] * 255).round().to(torch.uint8),
        "samples": (drawn[:10] * 255).round().to(torch.uint8),
    }


def history_end(run):
    active = int((run["kld"] > 0.1).sum()), int((run["spread"] > 0.01).sum())
    return run["history"][-1], active, round(run["right"], 3), round(run["readable"], 3)


if __name__ == "__main__":
    main()
