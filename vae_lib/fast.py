"""A fast training: the quality of the report from a seventeenth of its images (lesson 14, RECORDS.md).

Source of the schedule: Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning
Rates", 2018, arXiv 1708.07120.
"""

import math

from vae_lib.guards import check_images, check_whole
from vae_lib.model import VAE
from vae_lib.pytorch import torch
from vae_lib.train import new_run, train

EPOCHS = 3  # of MNIST's 51,000 training images
IMAGES = EPOCHS * 51_000
BATCH_SIZE = 128
PEAK = 0.01  # the largest learning rate
WARMUP = 0.2  # the share of the steps in which it rises


def train_fast(train_x, val_x, generator, epochs=None):
    """Train a new model with the settings of the record.

    Args:
        train_x, val_x: images (N, 784) in [0, 1], on one device.
        generator, epochs: as for `new_fast_run`.

    Returns:
        Run: its `model` is trained, its `history` has one `Epoch` for each epoch.

    Raises:
        TypeError, ValueError, FloatingPointError: as for `train.train` and `train.new_run`.
    """
    epochs = fast_epochs(len(train_x)) if epochs is None else epochs
    run = new_fast_run(train_x, generator, epochs)
    train(run, train_x, val_x, epochs)
    return run


def new_fast_run(train_x, generator, epochs):
    """A run that has not begun, for `train.train` with the same images and epochs, with the settings of the record.

    They are: log σ² from the head; first weights of `prepare`; batches of 128; Adam, whose learning rate follows
    `one_cycle`, without weight decay. The rest of the first weights comes from PyTorch's global generator.

    Args:
        train_x: images (N, 784) in [0, 1].
        generator: `torch.Generator` on the device of the images; draws the shuffles and the noise.
        epochs: the length of the whole run, for its learning rate ends at 0.

    Returns:
        Run
    """
    check_images(train_x)
    check_whole(epochs, "epochs", 1)
    model = VAE(sigma_head="log_var").to(train_x.device, train_x.dtype)
    prepare(model, train_x)
    run = new_run(model, generator, lr=PEAK, weight_decay=0, batch_size=BATCH_SIZE)
    steps = epochs * math.ceil(len(train_x) / BATCH_SIZE)
    follow(run.optimizer, lambda step: one_cycle(step, steps))
    return run


def fast_epochs(n):
    """How many epochs of n images show as many as the record saw, 153,000; at most the report's 50."""
    return min(50, math.ceil(IMAGES / n))


@torch.no_grad()
def prepare(model, train_x):
    """Let an untrained model begin with the mean image, and with a small σ: no step is spent on finding these.

    Args:
        model: a `VAE` with sigma_head="log_var"; two of its biases change.
        train_x: images (N, 784) in [0, 1].
    """
    mean = train_x.mean(dim=0).clamp(0.001, 0.999)  # a pixel that is always black would have a logit of -∞
    model.decoder.out.bias.copy_(mean.logit())
    model.encoder.hid_sigma.bias.sub_(4)  # log σ² near -4, so σ near 0.14: a code that already says something


def one_cycle(step, steps, peak=PEAK, warmup=WARMUP):
    """The learning rate of a step, 0 to steps - 1: straight up from near 0 to the peak, then straight down.

    Args:
        warmup: the share of the steps after which the peak is reached, between 0 and 1.
    """
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
