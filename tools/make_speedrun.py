"""Make vae_lib/trained/speedrun.json: what each setting of lesson 14 reaches with 153,000 images.

    python -m tools.make_speedrun                   # 13 runs, three minutes on two cores; goes on where it was stopped
    python -m tools.make_speedrun "small σ first"   # this setting anew, beside what the file says

The settings add up: each changes one thing of the one above it, from the report's to the record. Those after it change
one thing of the record each. The record has three seeds, the others one. Seconds are the processor's, for the training
alone. A person runs this; no lesson, test or CI does.
"""

import argparse
import json
import math
import time
from dataclasses import dataclass, replace

import torch

from vae_lib.data import load_tensors
from vae_lib.fast import BATCH_SIZE, EPOCHS, PEAK, SIGMA_BIAS, SPEEDRUN, begin_with_mean, follow, one_cycle
from vae_lib.files import write
from vae_lib.loss import kld_per_dim
from vae_lib.model import VAE
from vae_lib.train import evaluate, new_run, train_epoch

SEEDS = (0, 1, 2)
SHOWN = 200  # steps between two points of a curve, in batches of 64


@dataclass(frozen=True)
class Setting:
    """What may differ from the report's settings."""

    lr: float = 1e-4
    sigma_head: str = "sigma"
    one_cycle: bool = False
    batch_size: int = 64
    begin_with_mean: bool = False
    sigma_bias: float = 0.0
    average: float = 0.0  # of the weights, how much of the average so far is kept in a step
    beta_warmup: float = 0.0  # the share of the steps in which β rises from 0 to 1


REPORT = Setting()
FASTER = replace(REPORT, lr=1e-3)
LOG_VAR = replace(FASTER, sigma_head="log_var")
CYCLE = replace(LOG_VAR, lr=PEAK, one_cycle=True)
BATCHES = replace(CYCLE, batch_size=BATCH_SIZE)
MEAN = replace(BATCHES, begin_with_mean=True)
RECORD = replace(MEAN, sigma_bias=SIGMA_BIAS)
SETTINGS = {
    "the report's settings": REPORT,
    "learning rate 1e-3": FASTER,
    "log σ² head": LOG_VAR,
    "one cycle to 0.01": CYCLE,
    "batches of 128": BATCHES,
    "mean image first": MEAN,
    "small σ first": RECORD,
    "batches of 256": replace(RECORD, batch_size=256),
    "one cycle to 0.02": replace(RECORD, lr=0.02),
    "weights averaged": replace(RECORD, average=0.99),
    "β from 0": replace(RECORD, beta_warmup=0.3),
}
NEWEST = "small σ first"  # the record


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("setting", nargs="?", choices=SETTINGS, help="run this one anew, and print it beside the file")
    args = parser.parse_args()
    data = [part.x for part in load_tensors()]
    results = json.loads(SPEEDRUN.read_text("utf-8")) if SPEEDRUN.exists() else {}
    if args.setting:
        for seed, before in results[args.setting].items():
            print(seed, "now ", measure(SETTINGS[args.setting], int(seed), *data) | {"curve": "…"}, flush=True)
            print(seed, "file", before | {"curve": "…"})
        return
    for name, seed in [*((NEWEST, seed) for seed in SEEDS), *((name, 0) for name in SETTINGS)]:
        done = results.setdefault(name, {})
        if str(seed) in done:
            continue
        done[str(seed)] = measure(SETTINGS[name], seed, *data)
        print(name, seed, done[str(seed)] | {"curve": "…"}, flush=True)
        in_order = {name: results[name] for name in SETTINGS if name in results}
        write(SPEEDRUN, json.dumps(in_order, ensure_ascii=False) + "\n")


def measure(setting, seed, train_x, val_x, test_x):
    """Train, and say what came of it: a point of the curve is (images seen, validation loss of 2,000)."""
    torch.manual_seed(seed)
    model = VAE(sigma_head=setting.sigma_head)
    if setting.begin_with_mean:
        begin_with_mean(model, train_x)
    with torch.no_grad():
        model.encoder.hid_sigma.bias.add_(setting.sigma_bias)
    decay = 1e-5 if setting.sigma_head == "sigma" else 0
    generator = torch.Generator().manual_seed(seed)
    run = new_run(model, generator, lr=setting.lr, weight_decay=decay, batch_size=setting.batch_size)
    steps = EPOCHS * math.ceil(len(train_x) / run.batch_size)
    if setting.one_cycle:
        follow(run.optimizer, lambda step: one_cycle(step, steps, peak=setting.lr))
    watch = Watch(run, setting, steps, val_x[:2000])
    start = time.process_time()
    for _ in range(EPOCHS):
        train_epoch(run, train_x, val_x[:1])
    seconds = time.process_time() - start - watch.seconds
    if setting.average:
        model.load_state_dict(watch.average)
    loss = evaluate(model, test_x, torch.Generator().manual_seed(0))
    val = evaluate(model, val_x, torch.Generator().manual_seed(0))
    with torch.no_grad():
        active = (kld_per_dim(*model.encode(val_x)).mean(0) > 0.1).sum()
    numbers = {"test": loss.loss, "bce": loss.bce, "kld": loss.kld, "val": val.loss, "seconds": seconds}
    return {name: round(number, 2) for name, number in numbers.items()} | {"active": int(active), "curve": watch.curve}


class Watch:
    """What is done after each step: a point of the curve now and then, the average of the weights, the next β."""

    def __init__(self, run, setting, steps, x):
        self.run, self.setting, self.steps, self.x = run, setting, steps, x
        self.taken, self.seconds, self.curve, self.average = 0, 0.0, [], None
        self.point()
        self.set_beta()
        run.optimizer.register_step_post_hook(self.after_step)

    def after_step(self, *_):
        self.taken += 1
        if self.taken % (SHOWN * 64 // self.run.batch_size) == 0 or self.taken == self.steps:
            self.point()
        self.set_beta()
        if self.setting.average:
            weights = self.run.model.state_dict()
            self.average = self.average or {name: weight.clone() for name, weight in weights.items()}
            for name, weight in weights.items():
                self.average[name].lerp_(weight, 1 - self.setting.average)

    def set_beta(self):
        if self.setting.beta_warmup:
            self.run.beta = min(1.0, self.taken / self.steps / self.setting.beta_warmup)

    def point(self):
        start = time.process_time()
        loss = evaluate(self.run.model, self.x, torch.Generator().manual_seed(0)).loss
        seen = min(self.taken * self.run.batch_size, EPOCHS * 51_000)
        self.curve.append([seen, round(loss, 1)])
        self.seconds += time.process_time() - start


if __name__ == "__main__":
    main()
