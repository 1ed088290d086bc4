"""Checkpoints, from which a killed run goes on as if nothing had happened, and the runs that ship with the library."""

import gzip
import io
import pickle
import re
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from vae_lib.files import check_writable, write_atomically
from vae_lib.guards import check_device
from vae_lib.loss import Losses
from vae_lib.model import VAE
from vae_lib.pytorch import torch
from vae_lib.remedies import restore
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
    return Path(folder).expanduser() / f"epoch{epoch:02d}.pt"


def newest_checkpoint(folder):
    """The checkpoint with the most epochs in the folder, or None."""
    found = [
        path for path in Path(folder).expanduser().glob("epoch*.pt") if path.stem.removeprefix("epoch").isdecimal()
    ]
    return max(found, key=lambda path: int(path.stem.removeprefix("epoch")), default=None)


def save_each_epoch(folder):
    """A hook for `train.train`: after each epoch it writes `epochNN.pt` into the folder.

    Raises:
        OSError: the folder cannot be written to, which is found at once.
        FileExistsError: the folder holds checkpoints of another run, or of later epochs; none is overwritten.
    """
    check_writable(folder)
    written = None

    def save(run):
        nonlocal written
        newest, number = newest_checkpoint(folder), len(run.history)
        if newest is not None and newest != written:
            known = load_model(newest)[1]
            if len(known) >= number or known != run.history[: len(known)]:
                remedy = "name another folder; save_run writes this epoch there"
                raise FileExistsError(f"{folder} holds another run, or later epochs ({newest.name}): {remedy}")
        written = checkpoint_path(folder, number)
        save_run(run, written)

    return save


def save_run(run, path):
    """Write a run (8 MB for the report's model) so that a kill at any moment leaves a whole file or none."""
    state = {"optimizer": run.optimizer.state_dict(), "generator": run.generator.get_state()}
    settings = {"batch_size": run.batch_size, "beta": run.beta, "device": run.generator.device.type}
    _save(path, _model_dict(run.model, run.history) | state | settings)


def load_run(path, device="cpu", lr=None):
    """Read a run that goes on, on the kind of device it was saved on, bit for bit as if never interrupted.

    Args:
        lr: another learning rate to go on with; that of the run if None.

    Raises:
        FileNotFoundError: no such file.
        OSError, MemoryError: the file cannot be read.
        ValueError: the device is not there, or not the run's; the file is damaged, or of another kind.
    """
    saved = _read(path, device)
    if "optimizer" not in saved:
        remedy = "take checkpoints/epochNN.pt, or the model alone with load_model"
        raise ValueError(f"{path} holds a model, and nothing that a run could go on with: {remedy}")
    with _blaming(path):
        # Files of before this was kept: the state of a generator has 5056 bytes on a CPU, 16 on a GPU of NVIDIA.
        was_on = saved.get("device") or ("cpu" if saved["generator"].numel() != 16 else "cuda")
    if was_on != torch.device(device).type:
        remedy = f"go on with device='{was_on}' (vae-report --device {was_on}), or take its model alone with load_model"
        raise ValueError(f"{path} is of a run on {was_on}, whose random numbers go on only there: {remedy}")
    with _blaming(path):
        model, history = _model_from(saved, device)
        generator = torch.Generator(device)
        generator.set_state(saved["generator"])
        run = new_run(model, generator, batch_size=saved["batch_size"], beta=saved["beta"])
        run.optimizer.load_state_dict(saved["optimizer"])  # brings lr and weight decay, too
        run.history = history
    if lr is not None:
        run.optimizer.param_groups[0]["lr"] = lr
    return run


def save_model(model, history, path, command):
    """Write weights, history and the command that made them, without what only going on needs (2.7 MB)."""
    _save(path, _model_dict(model, history) | {"command": command})


def load_model(path, device="cpu"):
    """Read model and history from a file of `save_model` or `save_run`; errors as for `load_run`.

    Returns:
        (VAE, list[Epoch])
    """
    saved = _read(path, device)
    with _blaming(path):
        return _model_from(saved, device)


def load_trained():
    """The model that ships with the library: the report's settings, 50 epochs, seed 42.

    Returns:
        (VAE, list[Epoch]): the model on the CPU and the history of its training.
    """
    return load_model(TRAINED / "vae_mnist.pt")


def load_planar():
    """The model of lesson 09: D = 2, hidden_dim = 200, 15 epochs on pixels made black or white by a coin each.

    Returns:
        (VAE, list[Epoch]): the model on the CPU and the history of its training.
    """
    model, history = load_model(TRAINED / "vae_planar.pt")
    return model.float(), history  # the file has numbers of 16 bits


def load_experiments():
    """The runs that ship with the library, made by `tools/make_trained.py`; 50 epochs, one setting changed.

    Returns:
        dict[str, Experiment]: "log_var", "softplus", "beta=0", "beta=4", "beta=20", "latent_dim=2" and so on, and
        "epoch=1", 2, 5, 10, 15, 25 and 50: the run of `load_trained` after so many epochs.
    """
    with shipped("experiments.pt.gz") as saved:
        return {
            name: Experiment(_history(kept["history"]), kept["x_hat"] / 255, kept["samples"] / 255)
            for name, kept in saved.items()
        }


@contextmanager
def shipped(name):
    """The content of a compressed file in vae_lib/trained, to take apart in the block; errors as for `load_run`."""
    path = TRAINED / name
    _check_there(path)
    content = path.read_bytes()
    with _blaming(path):
        yield torch.load(io.BytesIO(gzip.decompress(content)), weights_only=True)


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
    def write(file):
        try:
            torch.save(content, file)
        except RuntimeError:  # its own writer does not say what went wrong; the system does
            whole = io.BytesIO()
            torch.save(content, whole)
            file.write_bytes(whole.getvalue())

    write_atomically(path, write)


def _read(path, device):
    """The dictionary in a checkpoint, on the CPU: the state of a generator must not travel to a GPU."""
    check_device(device)
    path = Path(path).expanduser()
    _check_there(path)
    content = path.read_bytes()
    with _blaming(path, damaged=content[:4] in (b"PK\x03\x04", b"")):
        saved = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    if not isinstance(saved, dict) or not {"sizes", "weights", "history"} <= set(saved):
        raise ValueError(f"{path} is no checkpoint of vae_lib: {_other_kind(saved)}")
    return saved


def _check_there(path):
    if not path.is_file():
        remedy = restore("vae_lib/trained") if path.parent == TRAINED else "look into its folder"
        raise FileNotFoundError(f"there is no checkpoint {path}: {remedy}")


def _other_kind(saved):
    if isinstance(saved, dict) and saved and all(isinstance(part, torch.Tensor) for part in saved.values()):
        return "it holds weights alone; give them to a model with model.load_state_dict(torch.load(path))"
    return f"it holds a {type(saved).__name__} of something else; take a file of save_run or save_model"


@contextmanager
def _blaming(path, damaged=True):
    """Turn what a strange file can raise, which is almost anything, into one sentence about the file."""
    try:
        yield
    except Exception as error:
        if isinstance(error, MemoryError) or re.search(
            "(?i)out of memory|not enough memory|allocate memory", str(error)
        ):
            raise MemoryError(f"there is too little memory for {path}: shut down other kernels") from error
        raise ValueError(_sentence(Path(path), error, damaged)) from error


def _sentence(path, error, damaged):
    if isinstance(error, pickle.UnpicklingError) and (code := re.search(r"GLOBAL ([\w.]+)", str(error))):
        holds = f"{path} holds a {code[1]}, which could run any code, so it is not read"
        return f"{holds}: write checkpoints with save_run or save_model"
    if not damaged and path.parent != TRAINED:
        return f"{path} is no file of PyTorch ({type(error).__name__}): take a file of save_run or save_model"
    sentence = f"{path} is not a whole checkpoint of vae_lib ({type(error).__name__})"
    if path.parent == TRAINED:
        return f"{sentence}: {restore('vae_lib/trained')}"
    number = path.stem.removeprefix("epoch")
    before = checkpoint_path(path.parent, int(number) - 1) if number.isdecimal() else path
    if before != path and before.exists():
        return f"{sentence}: delete it, and take the epoch before, {before}"
    return f"{sentence}: make it anew"
