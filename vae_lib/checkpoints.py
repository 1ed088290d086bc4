"""Checkpoints, from which a killed run goes on as if nothing had happened, and the runs that ship with the library."""

import gzip
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from vae_lib.files import write_atomically
from vae_lib.loss import Losses
from vae_lib.model import VAE
from vae_lib.pytorch import torch
from vae_lib.train import Epoch, new_run

TRAINED = Path(__file__).with_name("trained")


class Experiment(NamedTuple):
    """What is kept of a run that ships with the library, without its weights.

    `history` has one `Epoch` for each epoch; `x_hat` (10, 784) reconstructs the first ten validation images from
    their means; `samples` (n, 784) are decoded from z ~ N(0, I), the same z wherever latent_dim is the same.
    """

    history: list[Epoch]
    x_hat: torch.Tensor
    samples: torch.Tensor


def checkpoint_path(folder, epoch):
    """The file of the checkpoint after `epoch` epochs."""
    return Path(folder) / f"epoch{epoch:02d}.pt"


def newest_checkpoint(folder):
    """The checkpoint with the most epochs in the folder, or None."""
    found = [path for path in Path(folder).glob("epoch*.pt") if path.stem.removeprefix("epoch").isdecimal()]
    return max(found, key=lambda path: int(path.stem.removeprefix("epoch")), default=None)


def save_each_epoch(folder):
    """A hook for `train.train`: after each epoch it writes `epochNN.pt` into the folder."""
    return lambda run: save_run(run, checkpoint_path(folder, len(run.history)))


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


def _model_dict(model, history):
    return {"sizes": asdict(model.config), "weights": model.state_dict(), "history": plain_history(history)}


def _model_from(saved, device):
    kind = next(iter(saved["weights"].values())).dtype  # which PyTorch's default need not be
    model = VAE(**saved["sizes"]).to(device, kind)
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
