"""The report, whole, on a small part of MNIST; and the command, which says each bad value in a sentence."""

import errno
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from vae_lib import report
from vae_lib.checkpoints import checkpoint_path, load_model, load_run, save_run
from vae_lib.data import Images, load_tensors
from vae_lib.model import VAE
from vae_lib.report import fixed_z, main, repeat_report
from vae_lib.train import evaluate, new_run, train_epoch

FILES = {
    "checkpoints/epoch01.pt",
    "checkpoints/epoch02.pt",
    "reconstructions/recon_epoch01.png",
    "reconstructions/recon_epoch02.png",
    "samples/samples_epoch01.png",
    "samples/samples_epoch02.png",
    "plots/latent_pca.png",
    "plots/loss_curves.png",
    "model.pt",
}
PLOTS = {"latent_pca.png": "120 images in the plane", "loss_curves.png": "Total, BCE and KLD over 2 epochs"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The first images of each part."""
    parts = load_tensors(root=tmp_path_factory.mktemp("data"))
    return [Images(part.x[:n], part.y[:n]) for part, n in zip(parts, (400, 120, 130), strict=True)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder of the test, because the command writes to runs/report unless told."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small_mnist(data, monkeypatch):
    monkeypatch.setattr(report, "load_tensors", lambda: data)


def files(folder):
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}


def tiles(path, n, ncols):
    """The first n images of a saved grid, (n, 784) in [0, 1]."""
    grid = np.asarray(Image.open(path).convert("L"))[3:, 3:] / 255
    corners = [(87 * (i // ncols), 87 * (i % ncols)) for i in range(n)]
    return torch.tensor(np.stack([grid[top : top + 84 : 3, left : left + 84 : 3].flatten() for top, left in corners]))


def assert_pictures(found, expected):
    torch.testing.assert_close(found, expected.double(), rtol=0, atol=0.51 / 255)


def final_losses(text):
    """The six numbers of the last two lines."""
    return re.findall(r"average loss per sample, (\w+): ([\d.]+) = ([\d.]+) BCE \+ ([\d.]+) KLD", text)


# The report.


def test_the_whole_report(data, tmp_path, capsys):
    torch.manual_seed(0)
    run = new_run(VAE(), torch.Generator().manual_seed(0))
    final = repeat_report(run, data, 2, tmp_path / "out", "vae-report --epochs 2")
    assert files(tmp_path / "out") == FILES

    header, *epochs, _, _ = printed = capsys.readouterr().out.splitlines()
    assert " ".join(header.split()) == "epoch train total BCE KLD validation total BCE KLD (nats per image)"
    rows = [[float(number) for number in line.split()] for line in epochs]
    assert rows == [
        [number, *(round(value, 2) for losses in epoch for value in losses)]
        for number, epoch in enumerate(run.history, 1)
    ]
    assert final_losses("\n".join(printed)) == [
        (name, *(f"{value:.2f}" for value in losses))
        for name, losses in zip(("validation", "test"), final, strict=True)
    ]

    model, history = load_model(tmp_path / "out" / "model.pt")
    assert history == run.history
    assert torch.load(tmp_path / "out" / "model.pt", weights_only=True)["command"] == "vae-report --epochs 2"
    for part, losses in zip(data[1:], final, strict=True):  # another noise, so about the same
        assert list(losses) == pytest.approx(list(evaluate(model, part.x)), rel=0.02)

    z, x = fixed_z(model), data[1].x[:10]
    for number in (1, 2):
        then, _ = load_model(checkpoint_path(tmp_path / "out" / "checkpoints", number))
        with torch.no_grad():
            # Every epoch decodes the same z, and reconstructs the same images from their means.
            assert_pictures(tiles(tmp_path / f"out/samples/samples_epoch0{number}.png", 64, 16), then.decode(z))
            both = torch.cat([x, then.decode(then.encode(x)[0])])
        assert_pictures(tiles(tmp_path / f"out/reconstructions/recon_epoch0{number}.png", 20, 10), both)

    descriptions = {name: Image.open(tmp_path / "out" / "plots" / name).text["Description"] for name in PLOTS}
    assert {name: text[: len(PLOTS[name])] for name, text in descriptions.items()} == PLOTS


def test_the_samples_come_from_the_same_draws_each_time():
    before = torch.get_rng_state()
    z = fixed_z(VAE(hidden_dim=4, latent_dim=5))
    torch.manual_seed(99)
    assert torch.equal(z, fixed_z(VAE(hidden_dim=8, latent_dim=5)))
    assert z.shape == (64, 5)
    torch.set_rng_state(before)
    fixed_z(SimpleNamespace(config=SimpleNamespace(latent_dim=5)))
    assert torch.equal(torch.get_rng_state(), before)


# The command.


def test_a_resumed_report_ends_as_the_uninterrupted_one(small_mnist, capsys):
    main(["--epochs", "2", "--out", "once"])
    once = capsys.readouterr().out
    main(["--epochs", "1", "--out", "twice"])
    capsys.readouterr()
    main(["--epochs", "2", "--out", "twice", "--resume"])
    twice = capsys.readouterr().out

    assert files("once") == files("twice") == FILES
    assert len(final_losses(once)) == 2
    assert final_losses(twice) == final_losses(once)
    assert twice.splitlines()[1] == once.splitlines()[2]  # the row of epoch 2
    for name in FILES:
        if name.endswith(".png"):
            assert Path("once", name).read_bytes() == Path("twice", name).read_bytes()
    weights = [load_model(f"{name}/model.pt")[0].state_dict() for name in ("once", "twice")]
    assert all(torch.equal(value, weights[1][key]) for key, value in weights[0].items())
    command = torch.load("twice/model.pt", weights_only=True)["command"]
    assert command == "vae-report --epochs 2 --out twice --resume"


def test_a_finished_report_may_be_resumed_to_write_its_files_again(small_mnist, capsys):
    main(["--epochs", "1", "--out", "run"])
    first = final_losses(capsys.readouterr().out)
    shutil.rmtree("run/plots")
    main(["--epochs", "1", "--out", "run", "--resume"])
    assert final_losses(capsys.readouterr().out) == first
    assert Path("run/plots/latent_pca.png").exists()


def test_the_seed_decides_the_report_and_is_42_unless_said(small_mnist, monkeypatch):
    def history(*seed):
        shutil.rmtree("run", ignore_errors=True)
        main(["--epochs", "1", "--out", "run", *seed])
        return load_run("run/checkpoints/epoch01.pt").history

    monkeypatch.setattr(report.plots, "save", lambda *_: None)  # the slow part, of no matter here
    assert history() == history("--seed", "42") != history("--seed", "43")


@pytest.fixture
def no_work(monkeypatch):
    monkeypatch.setattr(report, "load_tensors", lambda: pytest.fail("work began before the values were checked"))


def refused(argv, capsys):
    """What the command says when it refuses, on one line."""
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "", "1e2"])
def test_epochs_is_a_whole_number_from_1(no_work, capsys, value):
    assert refused([f"--epochs={value}"], capsys).endswith(f"expected a whole number from 1, got {value}")
    assert files(".") == set()


@pytest.mark.parametrize("value", ["x", "1.5", "-1", str(2**63), str(10**20)])
def test_a_seed_that_is_no_seed_is_refused(no_work, capsys, value):
    assert refused([f"--seed={value}"], capsys).endswith(f"expected a whole number from 0, got {value}")
    assert files(".") == set()


@pytest.mark.parametrize("value", [0, 2**63 - 1])
def test_the_smallest_and_the_largest_seed_are_seeds(value):
    args = report._parser().parse_args(["--seed", str(value)])
    assert torch.Generator().manual_seed(args.seed).initial_seed() == value


@pytest.mark.parametrize(
    ("out", "reason"), [("file", errno.EEXIST), ("file/below", errno.ENOTDIR), ("file/below/it", errno.ENOTDIR)]
)
def test_an_out_that_cannot_be_a_folder_is_told_why(no_work, capsys, out, reason):
    Path("file").write_text("kept")
    sentence = refused(["--out", out], capsys)
    assert sentence.endswith(f"--out {out} cannot be a folder ({os.strerror(reason)}): name another one")
    assert Path("file").read_text() == "kept"
    assert files(".") == {"file"}


def test_a_folder_that_may_not_be_made_is_told_so(no_work, capsys, monkeypatch):
    def not_allowed(path, **_):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", not_allowed)
    sentence = refused(["--out", "run"], capsys)
    assert sentence.endswith("--out run cannot be a folder (Permission denied): name another one")


@pytest.mark.parametrize("device", ["nonsense", "gpu", "cuda:x", "", "meta", "hpu", "privateuseone"])
def test_a_device_that_is_not_there_is_told_those_that_are(no_work, capsys, device):
    sentence = refused(["--device", device], capsys)
    assert f"--device {device} is not there, this computer has: cpu" in sentence


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told_what_is(no_work, capsys):
    assert "--device cuda is not there, this computer has: cpu" in refused(["--device", "cuda"], capsys)


def test_a_disk_without_room_is_told_both_numbers(no_work, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100e6))
    sentence = refused(["--epochs", "50", "--out", "run"], capsys)
    assert "50 epochs need 410 MB in run, 100 MB are free: name another --out" in sentence


def test_a_resumed_run_needs_room_for_the_epochs_to_come_only(small_mnist, one_epoch, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10e6))
    sentence = refused(["--epochs", "3", "--out", "run", "--resume"], capsys)
    assert "2 epochs need 16 MB in run, 10 MB are free: name another --out" in sentence
    main(["--epochs", "2", "--out", "run", "--resume"])
    assert Path("run/checkpoints/epoch02.pt").exists()


def test_a_checkpoint_takes_the_megabytes_that_the_help_says(one_epoch):
    assert Path(one_epoch).stat().st_size / 1e6 == pytest.approx(report.CHECKPOINT_MB, abs=0.1)


@pytest.fixture
def one_epoch(data):
    """A run of one epoch in the folder `run`, without its pictures; its checkpoint."""
    run = new_run(VAE(), torch.Generator().manual_seed(0))
    train_epoch(run, data[0].x, data[1].x)
    save_run(run, "run/checkpoints/epoch01.pt")
    return "run/checkpoints/epoch01.pt"


def test_a_folder_that_holds_a_run_is_not_overwritten(no_work, capsys, one_epoch):
    before = Path(one_epoch).read_bytes()
    sentence = refused(["--out", "run"], capsys)
    assert "run holds a run already (epoch01.pt): go on with --resume, or name another --out" in sentence
    assert Path(one_epoch).read_bytes() == before


def test_resume_needs_something_to_go_on_with(no_work, capsys):
    sentence = refused(["--out", "run", "--resume"], capsys)
    assert "there is no checkpoint in run/checkpoints: leave --resume away to start a run" in sentence
    assert not Path("run").exists()


@pytest.mark.parametrize("seed", ["42", "0"])
def test_resume_takes_no_new_seed(no_work, capsys, one_epoch, seed):
    assert "leave --seed away" in refused(["--out", "run", "--resume", "--seed", seed], capsys)


def test_resume_does_not_shorten_a_run(no_work, capsys, one_epoch):
    Path(one_epoch).rename("run/checkpoints/epoch07.pt")
    longer = load_run("run/checkpoints/epoch07.pt")
    longer.history *= 7
    save_run(longer, "run/checkpoints/epoch07.pt")
    sentence = refused(["--out", "run", "--resume", "--epochs", "3"], capsys)
    assert "epoch07.pt has 7 epochs already, --epochs asks for 3" in sentence


def test_resume_from_a_damaged_checkpoint_names_it(no_work, capsys, one_epoch):
    content = Path(one_epoch).read_bytes()
    Path(one_epoch).write_bytes(content[: len(content) // 2])
    assert f"{one_epoch} is not a whole checkpoint" in refused(["--out", "run", "--resume"], capsys)


def test_resume_with_a_strangers_file_beside_the_checkpoints_goes_on(small_mnist, one_epoch):
    Path("run/checkpoints/epoch01 (copy).pt").write_text("a student's")
    main(["--out", "run", "--resume", "--epochs", "2"])
    assert Path("run/checkpoints/epoch02.pt").exists()


def test_a_loss_that_is_no_number_ends_in_a_sentence_with_what_this_command_can_do(small_mnist, capsys, monkeypatch):
    def explode(*_):
        raise FloatingPointError("train loss is nan in epoch 1: train with a smaller learning rate")

    monkeypatch.setattr(report.train, "train_epoch", explode)
    sentence = refused(["--out", "run"], capsys)
    assert sentence.endswith("train loss is nan in epoch 1: start again with another --seed and another --out")


@pytest.mark.parametrize("name", ["checkpoints", "reconstructions", "samples", "plots"])
def test_a_folder_that_cannot_be_written_is_found_before_any_work(no_work, capsys, name):
    Path("run").mkdir()
    Path("run", name).write_text("a file")
    sentence = refused(["--out", "run"], capsys)
    assert f"run/{name} cannot be written to (File exists): make it a folder that you may write to, or" in sentence


def test_a_folder_without_the_right_to_write_is_found_before_any_work(no_work, capsys, monkeypatch):
    Path("run").mkdir()

    def not_allowed(path, _):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "write_bytes", not_allowed)
    assert "run cannot be written to (Permission denied): make it a folder" in refused(["--out", "run"], capsys)


def test_a_disk_that_fills_in_the_run_is_a_sentence_with_the_command_that_goes_on(small_mnist, capsys, monkeypatch):
    def full(run, path):
        raise OSError(errno.ENOSPC, f"there is no room for {path}")

    monkeypatch.setattr(report.checkpoints, "save_run", full)
    sentence = refused(["--out", "my run", "--epochs", "1"], capsys)
    assert "there is no room for my run/checkpoints/epoch01.pt; if an epoch was finished, go on with: vae-" in sentence
    assert sentence.endswith("vae-report --resume --out 'my run' --epochs 1 --device cpu")


def test_two_reports_in_one_folder_do_not_mix(small_mnist, capsys, monkeypatch):
    seconds = []

    def meanwhile(*_):
        seconds.append(refused(["--out", "run", "--epochs", "1"], capsys))

    monkeypatch.setattr(report, "save_pictures", meanwhile)
    main(["--out", "run", "--epochs", "1"])
    assert seconds[0].endswith("another vae-report writes to run: wait for its end, or name another --out")
    assert "run/model.pt" in {f"run/{name}" for name in files("run")}
    assert not Path("run/.lock").exists()


def test_a_tilde_is_the_home_folder(small_mnist, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    main(["--out", "~/run", "--epochs", "1"])
    assert files(tmp_path) == {f"home/run/{name}" for name in FILES if "02" not in name}


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        ("/home/ada/my course/.venv/bin/vae-report", "'/home/ada/my course/.venv/bin/vae-report'"),
        (".venv/bin/vae-report", ".venv/bin/vae-report"),
        (report.__file__, f"{shlex.quote(sys.executable)} -m vae_lib.report"),
    ],
)
def test_the_command_that_goes_on_is_called_as_this_one_was(monkeypatch, called, expected):
    monkeypatch.setattr(sys, "argv", [called])
    assert report._called() == expected


def test_a_pipe_that_closes_is_no_traceback(data, tmp_path):
    code = "import torch, sys; from vae_lib import report; from vae_lib.data import Images; x = torch.rand(100, 784);"
    code += "report.load_tensors = lambda: [Images(x, torch.arange(100) % 10)] * 3; report.main(sys.argv[1:])"
    line = [sys.executable, "-c", code, "--epochs", "3", "--out", str(tmp_path / "run")]
    environment = os.environ | {"PYTHONPATH": str(Path(report.__file__).parents[1]), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait() == 141
    assert "Traceback" not in said
    assert "BrokenPipe" not in said
    assert checkpoint_path(tmp_path / "run/checkpoints", 1).exists()


def stopped(argv, capsys, monkeypatch, *, module, name, call, done):
    """Stop the command, before or after this call of a function; the arguments of the command that goes on."""
    function, calls = getattr(module, name), []

    def stop(*args):
        calls.append(args)
        if len(calls) < call or done:
            function(*args)
        if len(calls) == call:
            raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(module, name, stop)
        with pytest.raises(SystemExit) as caught:
            main(argv)
    assert caught.value.code == 130
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("stopped; if an epoch was finished, go on with: vae-report --resume ")
    return shlex.split(last.partition("go on with: vae-report ")[2])


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize(("module", "name"), [(report, "save_pictures"), (report.checkpoints, "save_run")])
@pytest.mark.parametrize("out", ["run", "öut mit leer"])
def test_a_stopped_run_prints_the_command_that_goes_on(small_mnist, capsys, monkeypatch, out, module, name, done):
    argv = ["--out", out, "--epochs", "2"]
    argv = stopped(argv, capsys, monkeypatch, module=module, name=name, call=2, done=done)
    main(argv)
    assert files(out) == FILES  # no epoch that --resume leaves out lacks its pictures
    assert len(load_model(Path(out, "model.pt"))[1]) == 2


def test_a_run_stopped_in_its_first_epoch_starts_anew(small_mnist, capsys, monkeypatch):
    argv = ["--out", "run", "--epochs", "1"]
    resume = stopped(argv, capsys, monkeypatch, module=report, name="save_pictures", call=1, done=True)
    assert "leave --resume away to start a run" in refused(resume, capsys)
    main(argv)
    assert len(load_model("run/model.pt")[1]) == 1


def test_the_command_is_installed_and_explains_itself():
    done = subprocess.run([Path(sys.executable).with_name("vae-report"), "--help"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    for option in ("--epochs N", "--seed S", "--out FOLDER", "--resume", "--device DEVICE"):
        assert option in done.stdout
