"""Training: the loop and the evaluation."""

import copy
import math
from dataclasses import dataclass, field
from typing import NamedTuple

from vae_lib.guards import check_fits, check_generator, check_images, check_whole
from vae_lib.loss import Losses, vae_loss
from vae_lib.model import VAE
from vae_lib.pytorch import torch

from tqdm.auto import tqdm


class Epoch(NamedTuple):
    """Mean losses of one epoch, in nats per image, on the training and on the validation images."""

    train: Losses
    val: Losses


@dataclass
class Run:
    """A training run: all that is needed to go on with it, and so all that a checkpoint holds.

    `generator` draws the shuffles and the noise; it lives on the device of the model.
    `history` has one `Epoch` for each epoch trained.
    """

    model: VAE
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    batch_size: int = 64
    beta: float = 1.0
    history: list[Epoch] = field(default_factory=list)


def new_run(model, generator, *, lr=1e-4, weight_decay=1e-5, batch_size=64, beta=1.0):
    """A run that has not begun, with the report's optimizer and settings as defaults.

    Args:
        model: a `VAE`.
        generator: `torch.Generator` on the model's device, seeded by the caller.

    Returns:
        Run

    Raises:
        TypeError, ValueError: no generator, or one of another device; a batch size that is no whole number from 1.
    """
    check_generator(generator, next(model.parameters()).device)
    check_whole(batch_size, "batch_size", 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, weight_decay=weight_decay, fused=True)
    return Run(model, optimizer, generator, batch_size, beta)


def train(run, train_x, val_x, epochs=50, after_epoch=None):
    """Train until the run has `epochs` epochs; a run that has them already is left as it is.

    Args:
        run: a `Run`, new or loaded; its model learns.
        train_x, val_x: images (N, 784) in [0, 1], on the model's device.
        epochs: the length of the whole run, not of this call.
        after_epoch: called with the run after each epoch, such as `checkpoints.save_each_epoch(folder)`.

    Returns:
        list[Epoch]: the run's history.

    Raises:
        TypeError, ValueError: images that are no tensor, of another shape or range, or unlike the model's numbers.
        FloatingPointError: the loss is no longer a finite number.
    """
    check_whole(epochs, "epochs", 0)
    with tqdm(total=epochs, initial=len(run.history), desc="training", unit="epoch") as bar:
        while len(run.history) < epochs:
            epoch = train_epoch(run, train_x, val_x)
            if after_epoch is not None:
                after_epoch(run)
            bar.set_postfix(train=f"{epoch.train.loss:.1f}", val=f"{epoch.val.loss:.1f}")
            bar.update()
    return run.history


def train_epoch(run, train_x, val_x):
    """One pass over the training images in a new order, then an evaluation; appends to the run's history.

    Arguments and errors as for `train`. Where it does not come to its end, by an error or an interrupt, the run is as
    it was before.

    Returns:
        Epoch: the training losses are the mean over the epoch, while the model changed.
    """
    for x in (train_x, val_x):
        check_images(x, run.model.config.input_dim)
        check_fits(x, run.model)
    if not all(weight.isfinite().all() for weight in run.model.parameters()):
        remedy = "go back to a checkpoint with load_run(path, lr=1e-5), or make a new run"
        raise FloatingPointError(f"the model's weights are not all finite numbers: {remedy}")
    before = _state(run)
    try:
        epoch = _one_pass(run, train_x, val_x)
    except BaseException:
        _set_state(run, before)
        raise
    run.history.append(epoch)
    return epoch


def _one_pass(run, train_x, val_x):
    order = torch.randperm(len(train_x), generator=run.generator, device=train_x.device)
    noise = _noise(run.model, train_x, run.generator)
    total = torch.zeros(3, device=train_x.device)
    for batch, eps in zip(order.split(run.batch_size), noise.split(run.batch_size), strict=True):
        x = train_x[batch]  # (B, 784)
        losses = vae_loss(x, *run.model(x, eps), beta=run.beta)
        run.optimizer.zero_grad()
        losses.loss.mean().backward()
        run.optimizer.step()
        # Added up as tensors: .item() in each step would make a GPU wait.
        total += torch.stack(losses).detach().sum(dim=1)
    mean = Losses(*(total / len(train_x)).tolist())
    epoch = Epoch(mean, evaluate(run.model, val_x, run.generator, run.beta))
    if not math.isfinite(epoch.train.loss + epoch.val.loss):
        losses = f"a training loss of {epoch.train.loss} and a validation loss of {epoch.val.loss}"
        raise FloatingPointError(
            f"epoch {len(run.history) + 1} ends with {losses}: the run is as it was before this epoch, train it with a "
            f"smaller learning rate, run.optimizer.param_groups[0]['lr'] = {run.optimizer.param_groups[0]['lr'] / 10:g}"
        )
    return epoch


def _state(run):
    """A copy of all that an epoch changes, but for the history."""
    return copy.deepcopy([run.model.state_dict(), run.optimizer.state_dict()]), run.generator.get_state()


def _set_state(run, state):
    (weights, optimizer), generator = state
    run.model.load_state_dict(weights)
    run.optimizer.load_state_dict(optimizer)
    run.generator.set_state(generator)


@torch.no_grad()
def evaluate(model, x, generator=None, beta=1.0):
    """Mean losses over images, with one sample z for each.

    Args:
        model: a `VAE`.
        x: images (N, 784) in [0, 1], on the model's device.
        generator: draws the noise; PyTorch's global one if None.

    Returns:
        Losses of floats, in nats per image.
    """
    check_images(x, model.config.input_dim)
    check_fits(x, model)
    if generator is not None:
        check_generator(generator, x.device)
    total = torch.zeros(3, dtype=torch.float64)
    for batch, eps in zip(x.split(1000), _noise(model, x, generator).split(1000), strict=True):
        losses = vae_loss(batch, *model(batch, eps), beta=beta)
        total += torch.stack(losses).sum(dim=1).cpu()
    return Losses(*(total / len(x)).tolist())


def _noise(model, x, generator):
    return torch.randn(len(x), model.config.latent_dim, generator=generator, device=x.device)
