"""Training: the loop, the evaluation, and checkpoints from which a killed run goes on as if nothing had happened."""

import gzip
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm.auto import tqdm

from vae_lib.data import write_atomically
from vae_lib.loss import Losses, vae_loss
from vae_lib.model import VAE

TRAINED = Path(__file__).with_name("trained")


class Epoch(NamedTuple):
    """Mean losses of one epoch, in nats per image, on the training and on the validation images."""

    train: Losses
    val: Losses


class Experiment(NamedTuple):
    """What is kept of a run that ships with the library, without its weights.

    `history` has one `Epoch` for each epoch; `x_hat` (10, 784) reconstructs the first ten validation images from
    their means; `samples` (n, 784) are decoded from z ~ N(0, I), the same z wherever latent_dim is the same.
    """

    history: list[Epoch]
    x_hat: torch.Tensor
    samples: torch.Tensor


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
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, weight_decay=weight_decay, fused=True)
    return Run(model, optimizer, generator, batch_size, beta)


def train(run, train_x, val_x, epochs=50, checkpoints=None):
    """Train until the run has `epochs` epochs; a run that has them already is left as it is.

    Args:
        run: a `Run`, new or loaded; its model learns.
        train_x, val_x: images (N, 784) in [0, 1], on the model's device.
        epochs: the length of the whole run, not of this call.
        checkpoints: a folder; after each epoch `epochNN.pt` is written there.

    Returns:
        list[Epoch]: the run's history.

    Raises:
        ValueError: images of another shape or range.
        FloatingPointError: the loss is no longer a finite number.
    """
    with tqdm(total=epochs, initial=len(run.history), desc="training", unit="epoch") as bar:
        while len(run.history) < epochs:
            epoch = train_epoch(run, train_x, val_x)
            if checkpoints is not None:
                save_run(run, checkpoint_path(checkpoints, len(run.history)))
            bar.set_postfix(train=f"{epoch.train.loss:.1f}", val=f"{epoch.val.loss:.1f}")
            bar.update()
    return run.history


def train_epoch(run, train_x, val_x):
    """One pass over the training images in a new order, then an evaluation; appends to the run's history.

    Arguments and errors as for `train`.

    Returns:
        Epoch: the training losses are the mean over the epoch, while the model changed.
    """
    for x in (train_x, val_x):
        check_images(x, run.model.sizes["input_dim"])
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
        sentence = f"epoch {len(run.history) + 1} ends with {losses}"
        raise FloatingPointError(f"{sentence}: go back to the last checkpoint and train with a smaller learning rate")
    run.history.append(epoch)
    return epoch


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
    check_images(x, model.sizes["input_dim"])
    total = torch.zeros(3, dtype=torch.float64)
    for batch, eps in zip(x.split(1000), _noise(model, x, generator).split(1000), strict=True):
        losses = vae_loss(batch, *model(batch, eps), beta=beta)
        total += torch.stack(losses).sum(dim=1).cpu()
    return Losses(*(total / len(x)).tolist())


def check_images(x, input_dim=784):
    """Raise ValueError unless x is (N, input_dim) with values in [0, 1] and N at least 1."""
    if x.ndim != 2 or x.shape[1] != input_dim or len(x) == 0:
        remedy = ": flatten them with x.flatten(1)" if x.ndim > 2 else ""
        raise ValueError(f"expected images of shape (N, {input_dim}), got {tuple(x.shape)}{remedy}")
    low, high = x.aminmax()
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"expected pixels in [0, 1], got {low:.3g} to {high:.3g}: divide bytes by 255, do not standardize"
        )


def checkpoint_path(folder, epoch):
    """The file of the checkpoint after `epoch` epochs."""
    return Path(folder) / f"epoch{epoch:02d}.pt"


def newest_checkpoint(folder):
    """The checkpoint with the most epochs in the folder, or None."""
    found = [path for path in Path(folder).glob("epoch*.pt") if path.stem.removeprefix("epoch").isdecimal()]
    return max(found, key=lambda path: int(path.stem.removeprefix("epoch")), default=None)


def save_run(run, path):
    """Write a run (8 MB for the report's model) so that a kill at any moment leaves a whole file or none."""
    state = {"optimizer": run.optimizer.state_dict(), "generator": run.generator.get_state()}
    settings = {"batch_size": run.batch_size, "beta": run.beta}
    _save(path, _model_dict(run.model, run.history) | state | settings)


def load_run(path, device="cpu"):
    """Read a run that goes on, on the kind of device it was saved on, bit for bit as if never interrupted.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is truncated, no checkpoint of this library, or does not fit together.
    """

    def build(saved):
        model, history = _model_from(saved, device)
        generator = torch.Generator(device)
        generator.set_state(saved["generator"])
        run = new_run(model, generator, batch_size=saved["batch_size"], beta=saved["beta"])
        run.optimizer.load_state_dict(saved["optimizer"])  # brings lr and weight decay, too
        run.history = history
        return run

    return _load(path, build)


def save_model(model, history, path, command):
    """Write weights, history and the command that made them, without what only going on needs (2.7 MB)."""
    _save(path, _model_dict(model, history) | {"command": command})


def load_model(path, device="cpu"):
    """Read model and history from a file of `save_model` or `save_run`; errors as for `load_run`.

    Returns:
        (VAE, list[Epoch])
    """
    return _load(path, lambda saved: _model_from(saved, device))


def load_trained():
    """The model that ships with the library: the report's settings, 50 epochs, seed 42.

    Returns:
        (VAE, list[Epoch]): the model on the CPU and the history of its training.
    """
    return load_model(TRAINED / "vae_mnist.pt")


def load_experiments():
    """The runs that ship with the library, made by `tools/make_trained.py`; 50 epochs, one setting changed.

    Returns:
        dict[str, Experiment]: "log_var", "softplus", "beta=0", "beta=4", "beta=20", "latent_dim=2" and so on, and
        "epoch=1", 2, 5, 10, 15, 25 and 50: the run of `load_trained` after so many epochs.
    """

    def build(saved):
        return {
            name: Experiment(_history(kept["history"]), kept["x_hat"] / 255, kept["samples"] / 255)
            for name, kept in saved.items()
        }

    return _load(TRAINED / "experiments.pt.gz", build)


def plain_history(history):
    """The history as lists of lists, because torch.load(weights_only=True) reads no classes of ours."""
    return [[list(epoch.train), list(epoch.val)] for epoch in history]


def _history(plain):
    return [Epoch(Losses(*train), Losses(*val)) for train, val in plain]


def _noise(model, x, generator):
    return torch.randn(len(x), model.sizes["latent_dim"], generator=generator, device=x.device)


def _model_dict(model, history):
    return {"sizes": model.sizes, "weights": model.state_dict(), "history": plain_history(history)}


def _model_from(saved, device):
    model = VAE(**saved["sizes"]).to(device)
    model.load_state_dict(saved["weights"])
    return model, _history(saved["history"])


def _save(path, content):
    write_atomically(path, lambda file: torch.save(content, file))


def _load(path, build):
    path = Path(path)
    shipped = path.parent == TRAINED
    remedy = "restore it with `git checkout -- vae_lib/trained`" if shipped else "take the epoch before, it is complete"
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}: {remedy if shipped else 'look into its folder'}")
    try:
        with gzip.open(path) if shipped and path.suffix == ".gz" else open(path, "rb") as file:
            # To the CPU first: the state of a generator must not travel to a GPU.
            return build(torch.load(file, map_location="cpu", weights_only=True))
    except Exception as error:  # a strange file can raise almost anything
        sentence = f"{path} is not a whole checkpoint of vae_lib, or one of another device ({type(error).__name__})"
        raise ValueError(f"{sentence}: {remedy}") from error
