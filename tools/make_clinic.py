"""Make vae_lib/trained/clinic.pt.gz: what each program of lesson 12 shows to its user.

    python -m tools.make_clinic                     # three minutes on two cores; goes on where it was stopped
    python -m tools.make_clinic "z detached"        # this case anew, beside what the file says

The healthy program has two seeds, the others one. A person runs this when a program changes; no lesson, test or CI
does.
"""

import argparse
import gzip
import io
from pathlib import Path

import torch
from tqdm.auto import tqdm

from vae_lib.checkpoints import TRAINED
from vae_lib.clinic import BINS, FAULTS, HIGH, LOW, functions
from vae_lib.data import load_tensors
from vae_lib.loss import kld_per_dim
from vae_lib.measure import accuracy, readable, train_classifier
from vae_lib.model import VAE
from vae_lib.train import evaluate

EPOCHS, IMAGES, JUDGED = 5, 10_000, 2_000
SEEDS = dict.fromkeys(FAULTS, 1) | {"healthy": 2}
SCALARS = ("printed", "honest", "used", "right", "readable", "apart")
RUNS = Path("runs/clinic")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", nargs="?", choices=FAULTS, help="run this one anew, and print it beside the file")
    args = parser.parse_args()
    train_set, val_set, _ = load_tensors()
    torch.manual_seed(42)
    judge = train_classifier(train_set.x, train_set.y, torch.Generator().manual_seed(0))
    images, val = (train_set.x[:IMAGES] * 255).round().byte(), (val_set.x[:JUDGED], val_set.y[:JUDGED])
    if args.case:
        print("now ", numbers(measure(args.case, 0, images, *val, judge)))
        print("file", numbers(torch.load(path_of(args.case, 0), weights_only=True)))
        return
    RUNS.mkdir(parents=True, exist_ok=True)
    everything = [(name, seed) for name, seeds in SEEDS.items() for seed in range(seeds)]
    for name, seed in tqdm(everything, unit="run"):
        if not path_of(name, seed).exists():
            kept = measure(name, seed, images, *val, judge)
            print(name, seed, numbers(kept), flush=True)
            torch.save(kept, path_of(name, seed))
    cases = {
        name: [torch.load(path_of(name, seed), weights_only=True) for seed in range(seeds)]
        for name, seeds in SEEDS.items()
    }
    buffer = io.BytesIO()
    torch.save({name: together(runs) for name, runs in cases.items()}, buffer)
    (TRAINED / "clinic.pt.gz").write_bytes(gzip.compress(buffer.getvalue(), mtime=0))


def measure(name, seed, images, x, y, judge):
    """Run the program of that name, and look at it as its user does, and as `vae_lib` does."""
    run = functions(name)
    torch.manual_seed(seed)
    model = VAE(sigma_head="log_var")
    printed = torch.tensor(run.train(model, images, EPOCHS), dtype=torch.float64)
    torch.manual_seed(seed)
    with torch.no_grad():
        seen = run.pixels((x * 255).round().byte())
        mu, log_var = run.encode(model, seen)
        sigma = run.draw(mu, log_var)[1]
        again = [run.decode(model, run.draw(mu[:100], log_var[:100])[0]).sigmoid() for _ in range(2)]
        x_hat = run.decode(model, mu).sigmoid()
        drawn = run.decode(model, torch.randn(1000, 40)).sigmoid()
        per_dim = kld_per_dim(mu, (log_var / 2).exp()).mean(0)
    honest = evaluate(model, x, torch.Generator().manual_seed(0))
    # A mean over the batches of an epoch, the last of which is smaller.
    return {
        "printed": printed.view(EPOCHS, -1, 3).mean(1).tolist(),
        "honest": [honest.bce, honest.kld],
        "used": int((per_dim > 0.1).sum()),
        "kld_per_dim": per_dim.sort(descending=True).values.half(),
        "sigma": torch.histc(sigma.nan_to_num(HIGH).clamp(LOW, HIGH), BINS, LOW, HIGH) / sigma.numel(),
        "right": accuracy(judge, x_hat, y),
        "readable": readable(judge, drawn),
        "apart": (again[0] - again[1]).abs().mean().item(),
        "x_hat": (x_hat[:10].nan_to_num() * 255).round().byte(),
        "samples": (drawn[:10].nan_to_num() * 255).round().byte(),
    }


def numbers(kept):
    (loss, *_), (last, bce, kld) = kept["printed"][0], kept["printed"][-1]
    return (
        f"printed {loss:.4g} -> {last:.4g} = {bce:.4g} + {kld:.4g}; honest {kept['honest'][0]:.1f} + "
        f"{kept['honest'][1]:.2f}; {kept['used']} dims; right {kept['right']:.2f}; readable {kept['readable']:.2f}; "
        f"apart {kept['apart']:.4f}"
    )


def together(runs):
    """The pictures and distributions of the first seed, the numbers of all."""
    return runs[0] | {name: [run[name] for run in runs] for name in SCALARS}


def path_of(name, seed):
    return RUNS / f"{name.replace('/', '-')}, {seed}.pt"


if __name__ == "__main__":
    main()
