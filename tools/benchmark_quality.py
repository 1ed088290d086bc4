"""Measure how long it takes to train to the target of RECORDS.md: a test loss of at most 106.5 nats.

    python -m tools.benchmark_quality             # three minutes on two cores, with nothing else running
    python -m tools.benchmark_quality --quality   # eleven: trains to the target with seeds 0, 1 and 2 as well

Time to quality is the seconds of an epoch times the epochs that it takes to the target. The seconds are measured here,
in rounds in which all loops take turns. The epochs depend on the settings, not on the loop: those of `EPOCHS` were
found with `--quality`, which finds them anew. The loops other than ours are at their own examples' settings, with our
D = 40 and our loss, in nats per image. A person runs this and records it in docs/performance.md; no test does.

JAX, Keras and pythae have a row where they are installed; in an environment of its own, outside of this folder:

    python -m venv /tmp/peers
    /tmp/peers/bin/pip install -c constraints.txt -e . jax keras
    /tmp/peers/bin/pip install pythae
"""

import argparse
import os
import platform
from importlib.util import find_spec
from statistics import median
from typing import NamedTuple

os.environ.setdefault("KERAS_BACKEND", "jax" if find_spec("jax") else "torch")

import torch
from tqdm.auto import tqdm

from tools.benchmark_training import DEVICE, available, jax_loop, time_loops, usual_epoch, usual_loop
from vae_lib.data import load_loaders, load_tensors
from vae_lib.fast import EPOCHS as RECORD_EPOCHS
from vae_lib.fast import new_fast_run
from vae_lib.model import VAE
from vae_lib.train import evaluate, new_run, train_epoch

TARGET, MOST = 106.5, 60  # nats per test image; epochs after which nobody waits for it
ROUNDS = 5
SEEDS = (0, 1, 2)
REPORT, EXAMPLE, RECORD = "the report's", "PyTorch's example's", "the record's"
KERAS, PYTHAE = "Keras's example's", "pythae's"


class Loop(NamedTuple):
    """A training: whose settings it has, and a function of the images that returns one that trains an epoch."""

    settings: str
    make: callable


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quality", action="store_true", help="find the epochs to the target anew, with three seeds")
    args = parser.parse_args()
    torch.manual_seed(0)
    train_set, _, test_set = load_tensors()
    train_x, test_x = train_set.x.to(DEVICE), test_set.x.to(DEVICE)
    print(f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}, {DEVICE}")
    epochs = EPOCHS
    if args.quality:
        epochs = {name: count_epochs(name, train_x, test_x) for name in COUNTED if can_run(name)}
    loops = {name: loop for name, loop in LOOPS.items() if can_run(name) and loop.settings in epochs}
    seconds = time_loops({name: loop.make(train_x) for name, loop in loops.items()}, ROUNDS)
    print_table(seconds, {name: epochs[loop.settings] for name, loop in loops.items()})


def processor():
    """The name of this computer's processor."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(": ")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def can_run(name):
    """Whether what a loop, or the one that counts the epochs of settings, needs is installed."""
    needs = {"Keras": "keras", KERAS: "keras", "pythae": "pythae", PYTHAE: "pythae"}
    return available(name) and (name not in needs or find_spec(needs[name]) is not None)


# The loops: each is made by a function of the images that returns one that trains an epoch, and waits for its end.


def report_loop(x):
    run = new_report_run(0)
    return lambda: train_epoch(run, x, x[:1])


def example_loop(x):
    """PyTorch's VAE example as it is, but for D: batches of 128, learning rate 1e-3, log σ² from the head."""
    run, loader = new_example_run(0), load_loaders(128)[0]
    return lambda: usual_epoch(run.model, run.optimizer, loader, torch.randn(51_000, 40, device=DEVICE))


def record_loop(x):
    torch.manual_seed(0)
    run = new_fast_run(x, torch.Generator(DEVICE).manual_seed(0), 2 * (ROUNDS + 1))  # longer than it is timed
    return lambda: train_epoch(run, x, x[:1])


def keras_loop(x):
    model, pixels = keras_model(0), x.cpu().numpy()
    return lambda: model.fit(pixels, pixels, batch_size=128, verbose=0)


def keras_model(seed):
    """Our layers in Keras, compiled as its VAE example is: Adam with a learning rate of 1e-3."""
    import keras
    from keras import layers, ops

    class Draw(layers.Layer):
        def __init__(self):
            super().__init__()
            self.seed = keras.random.SeedGenerator(seed)

        def call(self, mu, log_var):
            self.add_loss(ops.mean(0.5 * ops.sum(mu**2 + ops.exp(log_var) - 1 - log_var, axis=1)))
            return mu + ops.exp(log_var / 2) * keras.random.normal(ops.shape(mu), seed=self.seed)

    keras.utils.set_random_seed(seed)
    images = keras.Input((784,))
    h = layers.Dense(400, "relu")(images)
    z = Draw()(layers.Dense(40)(h), layers.Dense(40)(h))
    model = keras.Model(images, layers.Dense(784)(layers.Dense(400, "relu")(z)))
    model.compile("adam", loss=lambda x, logits: ops.sum(ops.softplus(logits) - logits * x, axis=1))
    return model


def pythae_loop(x):
    """pythae's trainer and its own layers, 512 wide, as they come: batches of 64, learning rate 1e-4."""
    import tempfile

    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE as Theirs
    from pythae.models import VAEConfig
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    model = Theirs(VAEConfig(input_dim=(1, 28, 28), latent_dim=40, reconstruction_loss="bce"))
    data = BaseDataset(x.cpu().view(-1, 1, 28, 28), torch.zeros(len(x)))
    trainer = BaseTrainer(model, data, training_config=BaseTrainerConfig(output_dir=tempfile.mkdtemp()))
    trainer.prepare_training()
    numbers = iter(range(1, 10**6))
    return lambda: trainer.train_step(next(numbers))


LOOPS = {
    "usual loop, the report's settings": Loop(REPORT, usual_loop),
    "JAX, jit and scan": Loop(REPORT, jax_loop),
    "vae_lib, the report's settings": Loop(REPORT, report_loop),
    "PyTorch's example": Loop(EXAMPLE, example_loop),
    "Keras": Loop(KERAS, keras_loop),
    "pythae": Loop(PYTHAE, pythae_loop),
    "the record": Loop(RECORD, record_loop),
}


# How many epochs each of the settings takes to the target. A loop of other code with the same settings, from the same
# kind of first weights, takes as many, so they are counted in the quickest.


def new_report_run(seed):
    torch.manual_seed(seed)
    return new_run(VAE().to(DEVICE), torch.Generator(DEVICE).manual_seed(seed))


def new_example_run(seed):
    torch.manual_seed(seed)
    model = VAE(sigma_head="log_var").to(DEVICE)
    return new_run(model, torch.Generator(DEVICE).manual_seed(seed), lr=1e-3, weight_decay=0, batch_size=128)


def new_pythae_run(seed):
    torch.manual_seed(seed)
    model = VAE(hidden_dim=512, sigma_head="log_var").to(DEVICE)
    return new_run(model, torch.Generator(DEVICE).manual_seed(seed), weight_decay=0)


def count_of(new):
    """A function that counts the epochs of a run, which `new(seed)` makes."""

    def count(seed, train_x, test_x):
        run, generator = new(seed), torch.Generator(DEVICE)
        return first_epoch(
            lambda: train_epoch(run, train_x, test_x[:1]),
            lambda: evaluate(run.model, test_x, generator.manual_seed(0)).loss,
        )

    return count


def count_keras(seed, train_x, test_x):
    model, pixels, tests = keras_model(seed), train_x.cpu().numpy(), test_x.cpu().numpy()
    return first_epoch(
        lambda: model.fit(pixels, pixels, batch_size=128, verbose=0),
        lambda: model.evaluate(tests, tests, batch_size=1000, verbose=0),
    )


def count_record(seed, train_x, test_x):
    """Its epochs are planned; whether it reaches the target is what is looked at."""
    torch.manual_seed(seed)
    run = new_fast_run(train_x, torch.Generator(DEVICE).manual_seed(seed), RECORD_EPOCHS)
    for _ in range(RECORD_EPOCHS):
        train_epoch(run, train_x, test_x[:1])
    loss = evaluate(run.model, test_x, torch.Generator(DEVICE).manual_seed(0)).loss
    return RECORD_EPOCHS if loss <= TARGET else None


def first_epoch(train, test):
    """The first epoch after which the test loss is at most the target; None if it is none of the first `MOST`."""
    for number in range(1, MOST + 1):
        train()
        if test() <= TARGET:
            return number
    return None


COUNTED = {
    REPORT: (count_of(new_report_run), SEEDS),
    EXAMPLE: (count_of(new_example_run), SEEDS),
    KERAS: (count_keras, SEEDS),
    PYTHAE: (count_of(new_pythae_run), SEEDS[:1]),
    RECORD: (count_record, SEEDS),
}
# What `--quality` counted on 26 November 2026 (docs/performance.md).
EPOCHS = {REPORT: 41, EXAMPLE: 10, KERAS: 11, PYTHAE: 34, RECORD: RECORD_EPOCHS}


def count_epochs(name, train_x, test_x):
    """The median of the epochs to the target over the seeds; a seed that does not reach it counts as more than all."""
    count, seeds = COUNTED[name]
    counts = [count(seed, train_x, test_x) for seed in tqdm(seeds, desc=f"epochs with {name} settings", unit="seed")]
    print(f"{name} settings: epochs to {TARGET} nats with seeds {seeds}: {counts}")
    return median(MOST + 1 if each is None else each for each in counts)


def print_table(seconds, epochs):
    """Time to quality of each loop; ratios are medians of the rounds' own ratios, with the lowest and the highest."""
    times = {name: [epochs[name] * each for each in taken] for name, taken in seconds.items()}
    usual, record = next(iter(times.values())), times["the record"]
    columns = ("loop", "s / epoch", "epochs", "images seen", f"s to {TARGET} nats", "of the usual", "the record's part")
    print(f"\n{ROUNDS} rounds\n\n| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for name, taken in times.items():
        seen = f"{51_000 * epochs[name]:,.0f}"
        cells = [spread(seconds[name], ".2f"), f"{epochs[name]:g}", seen, spread(taken, ".1f")]
        cells += [spread(ratios(taken, usual), ".3f"), f"1/{median(ratios(taken, record)):.1f}"]
        print(f"| {name} | {' | '.join(cells)} |")


def ratios(times, others):
    """The ratio in each round."""
    return [a / b for a, b in zip(times, others, strict=True)]


def spread(values, digits):
    """The median, with the lowest and the highest."""
    return f"{median(values):{digits}} ({min(values):{digits}}–{max(values):{digits}})"


if __name__ == "__main__":
    main()
