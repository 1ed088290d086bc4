"""A fast training: the quality of the report from a seventeenth of its images (lesson 14, RECORDS.md).

Source of the schedule: Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning
Rates", 2018, arXiv 1708.07120.
"""

import json
import math
from pathlib import Path

from vae_lib.guards import check_images, check_whole
from vae_lib.model import VAE
from vae_lib.pytorch import torch
from vae_lib.train import new_run, train

EPOCHS = 3  # of MNIST's 51,000 training images
IMAGES = EPOCHS * 51_000
BATCH_SIZE = 128
PEAK = 0.01  # the largest learning rate
WARMUP = 0.2  # the share of the steps in which it rises
SIGMA_BIAS = -4.0  # added to the first log σ², so σ is near 0.14: a code says something from the first step on
SPEEDRUN = Path(__file__).with_name("trained") / "speedrun.json"


def train_fast(train_x, val_x, generator, epochs=None, model=None):
    """Train a new model with the settings of the record.

    Args:
        train_x, val_x: images (N, 784) in [0, 1], on one device.
        generator, epochs, model: as for `new_fast_run`.

    Returns:
        Run: its `model` is trained, its `history` has one `Epoch` for each epoch.

    Raises:
        TypeError, ValueError, FloatingPointError: as for `train.train` and `train.new_run`.
    """
    epochs = fast_epochs(len(train_x)) if epochs is None else epochs
    run = new_fast_run(train_x, generator, epochs, model)
    train(run, train_x, val_x, epochs)
    return run


def new_fast_run(train_x, generator, epochs, model=None):
    """A run that has not begun, for `train.train` with the same images and epochs, with the settings of the record.

    They are: log σ² from the head, which begins near -4; `begin_with_mean`; batches of 128; Adam without weight decay,
    whose learning rate follows `one_cycle`. The first weights come from PyTorch's global generator.

    Args:
        train_x: images (N, 784) in [0, 1].
        generator: `torch.Generator` on the device of the images; draws the shuffles and the noise.
        epochs: the length of the whole run, for its learning rate ends at 0.
        model: a `VAE` that nobody has trained, whose encoder gives log σ², for images of another size or with another
            encoder; the report's sizes if None.

    Returns:
        Run

    Raises:
        TypeError, ValueError: as for `train.train`; a model whose encoder does not give log σ².
    """
    model = VAE(sigma_head="log_var") if model is None else model
    if model.config.sigma_head != "log_var":
        raise ValueError(f"the encoder gives {model.config.sigma_head!r}: make the model with sigma_head='log_var'")
    check_images(train_x, model.config.input_dim)
    check_whole(epochs, "epochs", 1)
    model.to(train_x.device, train_x.dtype)
    begin_with_mean(model, train_x)
    with torch.no_grad():
        model.encoder.hid_sigma.bias.add_(SIGMA_BIAS)
    run = new_run(model, generator, lr=PEAK, weight_decay=0, batch_size=BATCH_SIZE)
    steps = epochs * math.ceil(len(train_x) / BATCH_SIZE)
    follow(run.optimizer, lambda step: one_cycle(step, steps))
    return run


def load_speedrun():
    """What the settings of lesson 14 reached, as `tools/make_speedrun.py` measured it on all training images.

    Returns:
        dict: setting → seed, a text → "test", "bce", "kld", "val" in nats per image; "seconds" of a processor's time;
        "active" latent dimensions; "curve", a list of [images seen, loss of 2,000 validation images].
    """
    return json.loads(SPEEDRUN.read_text(encoding="utf-8"))


def fast_epochs(n):
    """How many epochs of n images show as many as the record saw, 153,000; at most the report's 50."""
    check_whole(n, "n", 1)
    return min(50, math.ceil(IMAGES / n))


@torch.no_grad()
def begin_with_mean(model, train_x):
    """Let an untrained model draw the mean of the images (N, 784): no step is spent on finding it."""
    check_images(train_x, model.config.input_dim)
    mean = train_x.mean(dim=0).clamp(0.001, 0.999)  # a pixel that is always black would have a logit of -∞
    model.decoder.out.bias.copy_(mean.logit())


def one_cycle(step, steps, peak=PEAK, warmup=WARMUP):
    """The learning rate of a step, 0 to steps - 1: straight up from near 0 to the peak, then straight down.

    Args:
        warmup: the share of the steps after which the peak is reached, between 0 and 1.

    Raises:
        ValueError: a step after the last, where the rate would be below 0.
    """
    if not 0 <= step < steps:
        remedy = "make a new run, with all the epochs that it shall have"
        raise ValueError(f"the learning rate is planned for {steps} steps, this is number {step + 1}: {remedy}")
    done = (step + 0.5) / steps
    return peak * min(done / warmup, (1 - done) / (1 - warmup))


def follow(optimizer, schedule):
    """Before each of its steps, give the optimizer the learning rate `schedule(step)`; its first step is 0.

    The steps are those that Adam itself has counted, so an epoch that is interrupted and done again has the same ones.
    """
    weight = optimizer.param_groups[0]["params"][0]

    def set_rate(optimizer, args, kwargs):
        step = int(optimizer.state.get(weight, {}).get("step", 0))
        for group in optimizer.param_groups:
            group["lr"] = schedule(step)

    optimizer.register_step_pre_hook(set_rate)
