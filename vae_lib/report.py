"""The whole report, end to end, also as the command `vae-report`.

It trains the report's VAE with the report's settings and writes into one folder:

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
from pathlib import Path

import torch
from tqdm.auto import tqdm

from vae_lib import plots
from vae_lib.data import load_tensors
from vae_lib.latent import encode, project
from vae_lib.model import VAE
from vae_lib.train import (
    checkpoint_path,
    evaluate,
    load_run,
    new_run,
    newest_checkpoint,
    save_model,
    save_run,
    train_epoch,
)

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
        (val, test): final mean losses, each `loss.Losses`.
    """
    train, val, test = data
    out = Path(out)
    z = fixed_z(run.model).to(val.x.device)
    tqdm.write("epoch   train  total    BCE    KLD   validation  total    BCE    KLD   (nats per image)")
    for number in tqdm(range(len(run.history) + 1, epochs + 1), desc="training", unit="epoch"):
        epoch = train_epoch(run, train.x, val.x)
        save_run(run, checkpoint_path(out / "checkpoints", number))
        tqdm.write(f"{number:5}        {_columns(epoch.train)}              {_columns(epoch.val)}")
        save_pictures(run.model, val.x[:10], z, out, number)
    mu, _ = encode(run.model, val.x)
    points, explained = project(mu)
    plots.save(plots.latent_scatter(points, val.y.cpu(), explained), out / "plots" / "latent_pca.png")
    plots.save(plots.loss_curves(run.history), out / "plots" / "loss_curves.png")
    save_model(run.model, run.history, out / "model.pt", command)
    final = evaluate(run.model, val.x, run.generator), evaluate(run.model, test.x, run.generator)
    for name, losses in zip(("validation", "test"), final, strict=True):
        tqdm.write(f"average loss per sample, {name}: {losses.loss:.2f} = {losses.bce:.2f} BCE + {losses.kld:.2f} KLD")
    return final


def fixed_z(model, n=64):
    """The latent points (n, D) that every epoch's samples are decoded from, so that progress shows."""
    return torch.randn(n, model.sizes["latent_dim"], generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def save_pictures(model, x, z, out, number):
    """Write this epoch's reconstructions of x (n, 784) and the samples decoded from z (m, D)."""
    both = torch.cat([x, model.decode(model.encode(x)[0])])
    plots.save_images(both, out / "reconstructions" / f"recon_epoch{number:02d}.png", ncols=len(x))
    plots.save_images(model.decode(z), out / "samples" / f"samples_epoch{number:02d}.png", ncols=16)


def main(argv=None):
    """The command line; every bad value is a sentence before any work starts."""
    argv = sys.argv[1:] if argv is None else argv
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        run = _prepare(args)
        data = [type(part)(*(tensor.to(args.device) for tensor in part)) for part in load_tensors()]
        repeat_report(run, data, args.epochs, args.out, shlex.join(["vae-report", *argv]))
    except KeyboardInterrupt:
        again = [
            "vae-report",
            "--resume",
            "--out",
            str(args.out),
            "--epochs",
            str(args.epochs),
            "--device",
            args.device,
        ]
        parser.exit(130, f"\nstopped; go on with: {shlex.join(again)}\n")
    except (OSError, ValueError, FloatingPointError) as error:
        parser.error(str(error))


def _parser():
    parser = argparse.ArgumentParser(
        prog="vae-report",
        description="Repeat the report: train the VAE on MNIST and write checkpoints, pictures and final losses.",
    )
    parser.add_argument("--epochs", type=_epochs, default=50, metavar="N", help="epochs of the whole run (default: 50)")
    parser.add_argument("--seed", type=_seed, metavar="S", help="seed of weights, shuffles and noise (default: 42)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/report"),
        metavar="FOLDER",
        help=f"where to write; each epoch takes {CHECKPOINT_MB:.0f} MB (default: runs/report)",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in FOLDER")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps (default: cpu)")
    return parser


def _epochs(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text}")
    return int(text)


def _seed(text):
    if not (text.isdecimal() and int(text) < 2**63):
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to 2**63 - 1, got {text}")
    return int(text)


def _prepare(args):
    _check_device(args.device)
    _check_out(args.out, args.epochs)
    newest = newest_checkpoint(args.out / "checkpoints")
    if args.resume:
        return _resumed_run(args, newest)
    if newest is not None:
        raise ValueError(f"{args.out} holds a run already ({newest.name}): go on with --resume, or name another --out")
    seed = 42 if args.seed is None else args.seed
    torch.manual_seed(seed)
    return new_run(VAE().to(args.device), torch.Generator(args.device).manual_seed(seed))


def _resumed_run(args, newest):
    if args.seed is not None:
        raise ValueError("--resume goes on with the random state of the checkpoint: leave --seed away")
    if newest is None:
        raise ValueError(f"there is no checkpoint in {args.out / 'checkpoints'}: leave --resume away to start a run")
    run = load_run(newest, args.device)
    if len(run.history) > args.epochs:
        raise ValueError(f"{newest} has {len(run.history)} epochs already, --epochs asks for {args.epochs}")
    return run


def _check_device(device):
    try:
        torch.zeros(1, device=device)
        torch.Generator(device)
    except (RuntimeError, AssertionError) as error:
        there = ["cpu", *(name for name in ("cuda", "mps") if getattr(torch, name).is_available())]
        raise ValueError(f"--device {device} is not there, this computer has: {', '.join(there)}") from error


def _check_out(out, epochs):
    # The nearest part of the path that exists decides whether the folder can be made.
    there = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not there.is_dir():
        raise ValueError(f"--out {out}: {there} is a file, name a folder")
    out.mkdir(parents=True, exist_ok=True)
    needed, free = epochs * CHECKPOINT_MB, shutil.disk_usage(out).free / 1e6
    if free < needed:
        raise ValueError(f"{epochs} epochs need {needed:.0f} MB in {out}, {free:.0f} MB are free: name another --out")


def _columns(losses):
    return f"{losses.loss:6.2f} {losses.bce:6.2f} {losses.kld:6.2f}"


if __name__ == "__main__":
    main()
