"""The whole report, end to end, also as the command `vae-report`.

It trains the report's VAE with the report's settings, or with those of `fast`, and writes into one folder:

    checkpoints/epochNN.pt                after each epoch, all that is needed to go on
    reconstructions/recon_epochNN.png     validation images (top row) and their reconstructions
    samples/samples_epochNN.png           what the same 64 draws z ~ N(0, I) decode to
    plots/latent_pca.png                  the validation set in the PCA plane, by digit
    plots/loss_curves.png                 total, BCE and KLD of each epoch
    model.pt                              weights and history, small enough to share
"""

import argparse
import shlex
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

from vae_lib.files import FULL, check_writable, printing, stopping
from vae_lib.remedies import command, line

with stopping():
    from vae_lib import checkpoints, images, plots, train
    from vae_lib.data import Images, load_tensors
    from vae_lib.fast import IMAGES, fast_epochs, new_fast_run
    from vae_lib.folder import load_folder
    from vae_lib.guards import check_device
    from vae_lib.latent import encode, project
    from vae_lib.model import VAE
    from vae_lib.pytorch import torch

    from filelock import FileLock, Timeout
    from tqdm.auto import tqdm

EPOCHS = 50
CHECKPOINT_MB = 8.2  # three numbers for each weight: itself and Adam's two averages


def repeat_report(run, data, epochs, out, command=""):
    """Train a run to its end, write all files of the report, print each epoch and the final losses.

    Args:
        run: a `train.Run`, new or loaded.
        data: (train, val, test), each `data.Images`, on the run's device.
        epochs: the length of the whole run.
        out: the folder to write to.
        command: kept in `model.pt`, to tell where it comes from.

    Returns:
        [val, test]: final mean losses, each `loss.Losses`.
    """
    train_set, val, test = data
    out, z = Path(out), fixed_z(run.model).to(val.x.device)
    tqdm.write("epoch   train  total    BCE    KLD   validation  total    BCE    KLD   (nats per image)")
    save_checkpoint = checkpoints.save_each_epoch(out / "checkpoints")

    def write_epoch(run):
        number, epoch = len(run.history), run.history[-1]
        # Pictures first: an epoch counts as done, for --resume, once its checkpoint is there.
        save_pictures(run.model, val.x[:10], z, out, number)
        save_checkpoint(run)
        tqdm.write(f"{number:5}        {_columns(epoch.train)}              {_columns(epoch.val)}")

    train.train(run, train_set.x, val.x, epochs, after_epoch=write_epoch)
    checkpoints.save_model(run.model, run.history, out / "model.pt", command)  # before figures, which may fail
    if val.y.max() < len(plots.DIGIT_COLOURS):
        points, explained = project(encode(run.model, val.x)[0])
        plots.save(plots.latent_scatter(points, val.y.cpu(), explained), out / "plots" / "latent_pca.png")
    else:
        tqdm.write(f"plots/latent_pca.png is left out: it has signs for {len(plots.DIGIT_COLOURS)} kinds of images")
    plots.save(plots.loss_curves(run.history), out / "plots" / "loss_curves.png")
    final = [train.evaluate(run.model, part.x, run.generator) for part in (val, test)]
    for name, losses in zip(("validation", "test"), final, strict=True):
        tqdm.write(f"average loss per sample, {name}: {losses.loss:.2f} = {losses.bce:.2f} BCE + {losses.kld:.2f} KLD")
    return final


def fixed_z(model, n=64):
    """The latent points (n, D) that every epoch's samples are decoded from, so that progress shows."""
    return torch.randn(n, model.config.latent_dim, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def save_pictures(model, x, z, out, number):
    """Write this epoch's reconstructions of x (n, 784) and the samples decoded from z (m, D)."""
    both = torch.cat([x, model.decode(model.encode(x)[0])])
    images.save_images(both, out / "reconstructions" / f"recon_epoch{number:02d}.png", ncols=len(x))
    images.save_images(model.decode(z), out / "samples" / f"samples_epoch{number:02d}.png", ncols=16)


def main(argv=None):
    """The command line; every bad value is a sentence before any work starts."""
    argv = sys.argv[1:] if argv is None else argv
    parser = _parser()
    args = parser.parse_args(argv)
    args.fast = args.fast or args.data is not None
    args.epochs = args.epochs or (None if args.fast else EPOCHS)  # of a fast run, the images say how many
    try:
        with printing():
            _check_device(args.device)
            if args.data and args.out.resolve().is_relative_to(args.data.resolve()):
                raise ValueError(f"--out {args.out} is in the folder of the images, as if a kind of them: name another")
            with _alone(args):
                run = None if args.fast else _prepare(args)  # which may refuse, before the images are read
                data = _load(args)
                run = run or _prepare_fast(args, data[0].x)
                repeat_report(run, data, args.epochs, args.out, shlex.join(["vae-report", *argv]))
    except KeyboardInterrupt:
        parser.exit(130, f"\nstopped; {_go_on(args)}\n")
    except FloatingPointError as error:
        parser.error(f"{str(error).partition(': ')[0]}: start again with another --seed and another --out")
    except OSError as error:
        parser.error(f"{error}; {_go_on(args)}" if error.errno in FULL else str(error))
    except (MemoryError, ValueError) as error:
        parser.error(str(error))


def _called():
    """How this command was called, so that it can be called again."""
    script = Path(sys.argv[0])
    if script.stem == "vae-report":
        return line(script)
    return command("vae_lib.report") if script == Path(__file__) else "vae-report"


def _go_on(args):
    if args.fast:
        return "a fast run cannot go on: start again with another --out"
    same = ["--resume", "--out", str(args.out), "--epochs", str(args.epochs), "--device", args.device]
    return f"if an epoch was finished, go on with: {_called()} {line(*same)}"


@contextmanager
def _alone(args):
    """Keep another vae-report out of the folder, as long as this one writes there; a kill ends that, too."""
    _newest(args)  # which may refuse, before anything is made
    _check_out(args.out)
    lock = FileLock(args.out / ".lock", timeout=0)
    try:
        with lock:
            try:
                yield
            finally:
                Path(lock.lock_file).unlink(missing_ok=True)
    except Timeout:
        raise ValueError(f"another vae-report writes to {args.out}: wait for its end, or name another --out") from None


def _parser():
    parser = argparse.ArgumentParser(prog="vae-report", description="Repeat the report on MNIST, from data to losses.")
    add, number = parser.add_argument, _whole_number
    add("--fast", action="store_true", help="the same quality in seconds, see lesson 14; cannot be resumed")
    add("--data", type=_folder, metavar="IMAGES", help="a --fast run on your own images, a subfolder for each kind")
    epochs = f"epochs of the whole run (default: {EPOCHS}; with --fast as many as show {IMAGES:,} images)"
    add("--epochs", type=number(1), metavar="N", help=epochs)
    add("--seed", type=number(0), metavar="S", help="seed of weights, shuffles and noise (default: 42)")
    where = f"where to write, {CHECKPOINT_MB:.0f} MB for each epoch (default: runs/report)"
    add("--out", type=_folder, default=Path("runs/report"), metavar="FOLDER", help=where)
    add("--resume", action="store_true", help="go on from the newest checkpoint in FOLDER")
    add("--device", default="cpu", help="cpu, cuda or mps (default: cpu)")
    return parser


def _folder(text):
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}; name the folder without ~") from error


def _whole_number(least):
    def parse(text):
        if not (text.isdecimal() and least <= int(text) < 2**63):
            raise argparse.ArgumentTypeError(f"expected a whole number from {least}, got {text}")
        return int(text)

    return parse


def _newest(args):
    """The newest checkpoint in the folder, or None, if it is what the command line needs."""
    newest = checkpoints.newest_checkpoint(args.out / "checkpoints")
    if args.resume and args.fast:
        raise ValueError("--resume is not for a --fast run, whose learning rate is planned to its end: start a new one")
    if args.resume and args.seed is not None:
        raise ValueError("--resume goes on with the random state of the checkpoint: leave --seed away")
    if args.resume and newest is None:
        raise ValueError(f"there is no checkpoint in {args.out / 'checkpoints'}: leave --resume away to start a run")
    if newest is not None and not args.resume:
        raise ValueError(f"{args.out} holds a run already ({newest.name}): go on with --resume, or name another --out")
    return newest


def _load(args):
    """The images, on the device."""
    if args.data is None:
        data = load_tensors()
    else:
        data, kinds = load_folder(args.data)
        tqdm.write(f"{sum(len(part.x) for part in data)} images of {len(kinds)} kinds: {_numbered(kinds)}")
    args.epochs = args.epochs or fast_epochs(len(data[0].x))
    return [Images(part.x.to(args.device), part.y.to(args.device)) for part in data]


def _numbered(kinds):
    return ", ".join(f"{label} is {kind}" for label, kind in enumerate(kinds))


def _prepare(args):
    newest = _newest(args)
    if args.resume:
        run = checkpoints.load_run(newest, args.device)
        if run.model.config.sigma_head != VAE().config.sigma_head:
            raise ValueError(f"{args.out} holds a fast run, which cannot go on: start again with another --out")
        if len(run.history) > args.epochs:
            raise ValueError(f"{newest} has {len(run.history)} epochs already, --epochs asks for {args.epochs}")
        _check_room(args.out, args.epochs - len(run.history))
        return run
    _check_room(args.out, args.epochs)
    generator = _seed(args)
    return train.new_run(VAE().to(args.device), generator)


def _prepare_fast(args, train_x):
    _check_room(args.out, args.epochs)
    return new_fast_run(train_x, _seed(args), args.epochs)


def _seed(args):
    """Seed PyTorch's global generator, for the first weights, and return one for shuffles and noise."""
    seed = 42 if args.seed is None else args.seed
    torch.manual_seed(seed)
    return torch.Generator(args.device).manual_seed(seed)


def _check_device(device):
    try:
        check_device(device)
    except ValueError as error:
        there = ["cpu", *(name for name in ("cuda", "mps") if getattr(torch, name).is_available())]
        raise ValueError(f"--device {device} is not there, this computer has: {', '.join(there)}") from error


def _check_out(out):
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--out {out} cannot be a folder ({error.strerror}): name another one") from error
    for name in ("", "checkpoints", "reconstructions", "samples", "plots"):
        check_writable(out / name)


def _check_room(out, epochs):
    needed, free = epochs * CHECKPOINT_MB, shutil.disk_usage(out).free / 1e6
    if free < needed:
        raise ValueError(f"{epochs} epochs need {needed:.0f} MB in {out}, {free:.0f} MB are free: name another --out")


def _columns(losses):
    return f"{losses.loss:6.2f} {losses.bce:6.2f} {losses.kld:6.2f}"


if __name__ == "__main__":
    main()
