"""Training against a loop written out by hand, and checkpoints against kills, damage and strangers."""

import copy
import gzip
import os
import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from vae_lib import train as training
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.model import VAE
from vae_lib.report import fixed_z
from vae_lib.train import (
    Epoch,
    check_images,
    checkpoint_path,
    evaluate,
    load_experiments,
    load_model,
    load_run,
    load_trained,
    new_run,
    newest_checkpoint,
    save_model,
    save_run,
    train,
    train_epoch,
)


def small_run(seed=0, *, hidden_dim=16, latent_dim=3, **settings):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = VAE(hidden_dim=hidden_dim, latent_dim=latent_dim)
    return new_run(model, torch.Generator().manual_seed(seed), **settings)


def pictures(n, seed=0):
    """Images (n, 784) of very different brightness, so that a mean of the batches' means is not the mean."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 784, generator=generator) * torch.rand(n, 1, generator=generator)


def state(run):
    """All that a run is, for a comparison bit for bit."""
    optimizer = run.optimizer.state_dict()
    tensors = [*run.model.state_dict().values(), run.generator.get_state()]
    tensors += [tensor for moments in optimizer["state"].values() for tensor in moments.values()]
    return [t.tolist() for t in tensors], optimizer["param_groups"], run.history, run.batch_size, run.beta


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    return load_tensors(root=tmp_path_factory.mktemp("data"))


# The loop.


def losses_by_hand(model, x, eps, beta):
    """Sums over the images, from probabilities instead of logits and from torch.distributions."""
    mu, sigma = model.encode(x)
    bce = F.binary_cross_entropy(torch.sigmoid(model.decoder(mu + sigma * eps)), x, reduction="sum")
    kld = kl_divergence(Normal(mu, sigma.abs()), Normal(0.0, 1.0)).sum()
    return bce + beta * kld, bce, kld


def train_by_hand(model, generator, train_x, val_x, epochs, *, lr, weight_decay, batch_size, beta):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, weight_decay=weight_decay)
    history = []
    for _ in range(epochs):
        order = torch.randperm(len(train_x), generator=generator)
        noise = torch.randn(len(train_x), 3, generator=generator)
        total = [0, 0, 0]
        for start in range(0, len(train_x), batch_size):
            x, eps = train_x[order[start : start + batch_size]], noise[start : start + batch_size]
            losses = losses_by_hand(model, x, eps, beta)
            optimizer.zero_grad()
            (losses[0] / len(x)).backward()
            optimizer.step()
            total = [t + loss.item() for t, loss in zip(total, losses, strict=True)]
        eps = torch.randn(len(val_x), 3, generator=generator)
        val = [loss.item() / len(val_x) for loss in losses_by_hand(model, val_x, eps, beta)]
        history += [[t / len(train_x) for t in total], val]
    return history


@pytest.mark.parametrize(
    "settings",
    [
        {"lr": 1e-4, "weight_decay": 1e-5, "batch_size": 64, "beta": 1.0},
        {"lr": 1e-3, "weight_decay": 1e-1, "batch_size": 50, "beta": 4.0},
    ],
)
def test_training_is_the_loop_written_out_by_hand(settings):
    run = small_run(**settings)
    run.model.double()  # rounding must not hide a difference
    model = copy.deepcopy(run.model)
    train_x, val_x = pictures(140).double(), pictures(30, seed=1).double()
    by_hand = train_by_hand(model, torch.Generator().manual_seed(0), train_x, val_x, 3, **settings)
    found = [list(losses) for epoch in train(run, train_x, val_x, epochs=3) for losses in epoch]
    torch.testing.assert_close(found, by_hand, rtol=1e-6, atol=0)
    for ours, theirs in zip(run.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


def test_the_reports_settings_are_the_defaults():
    run = small_run()
    group = run.optimizer.param_groups[0]
    assert isinstance(run.optimizer, torch.optim.Adam)
    assert (group["lr"], group["weight_decay"], run.batch_size, run.beta) == (1e-4, 1e-5, 64, 1.0)


def test_training_on_real_images_lowers_the_loss(mnist):
    history = train(small_run(hidden_dim=32, lr=1e-3), mnist[0].x[:512], mnist[1].x[:100], epochs=5)
    assert len(history) == 5
    for first, last in zip(history[0], history[-1], strict=True):
        assert last.loss < 0.8 * first.loss
        assert last.loss == pytest.approx(last.bce + last.kld)


def test_the_seed_decides_a_run():
    def weights_and_history(seed):
        run = small_run(seed)
        train(run, pictures(100), pictures(20), epochs=2)
        return state(run)

    assert weights_and_history(0) == weights_and_history(0)
    assert weights_and_history(0) != weights_and_history(1)


def test_training_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    train(small_run(), pictures(100), pictures(20), epochs=2)
    assert torch.equal(torch.get_rng_state(), before)


def test_epochs_is_the_length_of_the_whole_run():
    run = small_run()
    assert len(train(run, pictures(70), pictures(20), epochs=2)) == 2
    assert len(train(run, pictures(70), pictures(20), epochs=3)) == 3


@pytest.mark.parametrize("epochs", [2, 1, 0])
def test_a_run_that_has_its_epochs_is_left_as_it_is(tmp_path, epochs):
    run = small_run()
    train(run, pictures(70), pictures(20), epochs=2)
    before = copy.deepcopy(state(run))
    assert train(run, pictures(70), pictures(20), epochs=epochs, checkpoints=tmp_path) == run.history
    assert state(run) == before
    assert list(tmp_path.iterdir()) == []


def test_an_epoch_is_named_train_and_val_and_appended():
    run = small_run()
    epoch = train_epoch(run, pictures(70), pictures(20))
    assert isinstance(epoch, Epoch)
    assert run.history == [epoch]
    assert (epoch._fields, epoch.train._fields) == (("train", "val"), ("loss", "bce", "kld"))
    assert {type(value) for losses in epoch for value in losses} == {float}


# The evaluation.


@pytest.mark.parametrize("beta", [1.0, 4.0])
def test_evaluate_is_the_mean_over_all_images(beta):
    model = small_run().model.double()
    x = pictures(2345).double()  # more than two of its batches, and a smaller last one
    eps = torch.randn(len(x), 3, generator=torch.Generator().manual_seed(5))
    by_hand = [loss.item() / len(x) for loss in losses_by_hand(model, x, eps, beta)]
    found = evaluate(model, x, torch.Generator().manual_seed(5), beta)
    assert list(found) == pytest.approx(by_hand, rel=1e-12)


def test_evaluate_changes_no_weight_and_needs_no_gradient():
    model = small_run().model
    before, seen = copy.deepcopy(model.state_dict()), []
    model.register_forward_hook(lambda module, args, outputs: seen.append(outputs[0].requires_grad))
    evaluate(model, pictures(50))
    assert seen == [False]
    assert all(torch.equal(after, before[name]) for name, after in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.is_grad_enabled()


def test_evaluate_without_a_generator_follows_the_global_seed():
    def loss(seed):
        torch.manual_seed(seed)
        return evaluate(model, pictures(50)).loss

    model = small_run().model
    assert loss(0) == loss(0) != loss(1)


# What a student gets wrong.


@pytest.mark.parametrize(
    ("x", "got", "remedy"),
    [
        (torch.rand(8, 1, 28, 28), "got (8, 1, 28, 28)", "flatten them with x.flatten(1)"),
        (torch.randint(256, (8, 784)).float(), "expected pixels in [0, 1]", "divide bytes by 255"),
        ((torch.rand(8, 784) - 0.1307) / 0.3081, "expected pixels in [0, 1]", "do not standardize"),
        (torch.full((8, 784), torch.nan), "got nan to nan", "divide bytes by 255"),
    ],
)
def test_images_of_another_shape_or_range_give_value_and_remedy_before_any_step(x, got, remedy):
    good = pictures(8)
    for sets in ((x, good), (good, x)):
        run = small_run()
        before = copy.deepcopy(state(run))
        with pytest.raises(ValueError, match="expect") as caught:
            train(run, *sets, epochs=1)
        assert got in str(caught.value)
        assert remedy in str(caught.value)
        assert state(run) == before
    with pytest.raises(ValueError, match="expect"):
        evaluate(small_run().model, x)


@pytest.mark.parametrize("place", ["train_x", "val_x"])
def test_images_of_another_width_than_the_models_are_refused_before_any_step(place):
    wrong = torch.rand(8, 100)
    run = small_run()
    weights, optimizer = (copy.deepcopy(part.state_dict()) for part in (run.model, run.optimizer))
    sentence = r"expect(s|ed) images of shape \([BN], 784\).*, got \(\d+, 100\)"
    with pytest.raises(ValueError, match=sentence):
        train(run, **({"train_x": pictures(8), "val_x": pictures(8)} | {place: wrong}), epochs=1)
    assert all(torch.equal(after, weights[name]) for name, after in run.model.state_dict().items())
    assert run.optimizer.state_dict() == optimizer
    assert run.history == []
    with pytest.raises(ValueError, match=sentence):
        evaluate(run.model, wrong)


def test_a_model_of_another_width_learns_images_of_that_width():
    model = VAE(input_dim=100, hidden_dim=16, latent_dim=3)
    assert len(train(new_run(model, torch.Generator()), torch.rand(70, 100), torch.rand(20, 100), epochs=1)) == 1


@pytest.mark.parametrize("shape", [(0, 784), (784,)])
def test_no_images_or_a_single_one_get_no_remedy_that_fails(shape):
    with pytest.raises(ValueError, match="expected images of shape") as caught:
        check_images(torch.zeros(shape))
    assert f"got {shape}" in str(caught.value)
    assert "flatten(1)" not in str(caught.value)


@pytest.mark.parametrize("x", [torch.zeros(1, 784), torch.ones(1, 784), pictures(3)])
def test_good_images_pass(x):
    check_images(x)


def test_a_loss_that_is_no_number_stops_the_run_and_leaves_history_and_checkpoints(tmp_path):
    run, remedy = small_run(), "go back to the last checkpoint and train with a smaller learning rate"
    train(run, pictures(70), pictures(20), epochs=2, checkpoints=tmp_path)
    history, kept = list(run.history), (tmp_path / "epoch02.pt").read_bytes()
    with torch.no_grad():
        run.model.decoder.out.bias[0] = torch.nan
    with pytest.raises(FloatingPointError) as caught:
        train(run, pictures(70), pictures(20), epochs=4, checkpoints=tmp_path)
    assert str(caught.value) == f"epoch 3 ends with a training loss of nan and a validation loss of nan: {remedy}"
    assert run.history == history
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch01.pt", "epoch02.pt"]
    assert (tmp_path / "epoch02.pt").read_bytes() == kept
    assert len(load_run(tmp_path / "epoch02.pt").history) == 2


def test_a_loss_that_is_no_number_in_the_validation_alone_stops_the_run():
    run = small_run(lr=1e30)  # the only step of the epoch comes after its training loss
    with pytest.raises(FloatingPointError, match=r"epoch 1 ends with a training loss of \d+\.\d+ and .* of (nan|inf):"):
        train(run, pictures(8), pictures(8), epochs=1)
    assert run.history == []


# Checkpoints.


def test_training_writes_a_checkpoint_after_each_epoch(tmp_path):
    run = small_run()
    train(run, pictures(70), pictures(20), epochs=3, checkpoints=tmp_path / "new" / "folder")
    assert sorted(p.name for p in (tmp_path / "new" / "folder").iterdir()) == [f"epoch0{n}.pt" for n in (1, 2, 3)]
    for n in (1, 2, 3):
        assert load_run(checkpoint_path(tmp_path / "new" / "folder", n)).history == run.history[:n]


def test_a_loaded_run_is_the_saved_one(tmp_path):
    run = small_run(lr=3e-3, weight_decay=0.1, batch_size=17, beta=4.0)
    train(run, pictures(70), pictures(20), epochs=2)
    save_run(run, tmp_path / "run.pt")
    loaded = load_run(tmp_path / "run.pt")
    assert loaded.model.sizes == run.model.sizes
    assert state(loaded) == state(run)


GO_ON = """
import sys, torch
from vae_lib.train import checkpoint_path, load_run, train
torch.set_num_threads(int(sys.argv[2]))  # another number of threads may add up in another order
train_x, val_x = torch.load(sys.argv[1] + "/images.pt")
train(load_run(checkpoint_path(sys.argv[1], 0)), train_x, val_x, epochs=10_000, checkpoints=sys.argv[1])
"""


def test_a_run_killed_and_resumed_is_bit_for_bit_the_uninterrupted_one(tmp_path):
    train_x, val_x = pictures(150), pictures(40, seed=1)
    torch.save([train_x, val_x], tmp_path / "images.pt")
    save_run(small_run(batch_size=32), checkpoint_path(tmp_path, 0))
    child = subprocess.Popen(
        [sys.executable, "-c", GO_ON, tmp_path, str(torch.get_num_threads())], stderr=subprocess.DEVNULL
    )
    while child.poll() is None and not checkpoint_path(tmp_path, 2).exists():
        time.sleep(0.001)
    child.kill()  # kill -9
    assert child.wait() == -9

    resumed = load_run(newest_checkpoint(tmp_path))
    reached = len(resumed.history)
    assert reached >= 2
    train(resumed, train_x, val_x, epochs=reached + 2)

    uninterrupted = small_run(batch_size=32)
    train(uninterrupted, train_x, val_x, epochs=reached + 2)
    assert resumed.history == uninterrupted.history
    assert state(resumed) == state(uninterrupted)


def half_a_file(content, path):
    Path(path).write_bytes(b"half")
    raise KeyboardInterrupt


def killed(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize(("module", "name", "fails"), [(torch, "save", half_a_file), (os, "replace", killed)])
def test_a_save_that_is_interrupted_leaves_the_old_file_whole(tmp_path, monkeypatch, module, name, fails):
    run, path = small_run(), checkpoint_path(tmp_path, 1)
    save_run(run, path)
    before = path.read_bytes()
    train(run, pictures(70), pictures(20), epochs=1)
    monkeypatch.setattr(module, name, fails)
    with pytest.raises(KeyboardInterrupt):
        save_run(run, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_newest_checkpoint_has_the_most_epochs(tmp_path):
    assert newest_checkpoint(tmp_path) is None
    assert newest_checkpoint(tmp_path / "not there") is None
    for epoch in (9, 10, 99, 100, 2):
        checkpoint_path(tmp_path, epoch).touch()
    assert newest_checkpoint(tmp_path) == tmp_path / "epoch100.pt"


@pytest.mark.parametrize("name", ["epoch03 (copy).pt", "epochs.pt", "epoch04.pt.123.tmp", "notes.txt"])
def test_files_that_a_student_put_beside_the_checkpoints_are_no_checkpoints(tmp_path, name):
    checkpoint_path(tmp_path, 2).touch()
    (tmp_path / name).touch()
    assert newest_checkpoint(tmp_path) == tmp_path / "epoch02.pt"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A good checkpoint, as bytes and as a dictionary."""
    run, path = small_run(), tmp_path_factory.mktemp("whole") / "epoch01.pt"
    train(run, pictures(70), pictures(20), epochs=1, checkpoints=path.parent)
    return path.read_bytes(), torch.load(path, weights_only=True)


def assert_refused(path, load):
    """Loading gives one sentence that names the file, and no advice to load it without protection."""
    with pytest.raises(ValueError, match="is not a whole checkpoint of vae_lib") as caught:
        load(path)
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert sentence.endswith("take the epoch before, it is complete")
    assert "\n" not in sentence
    assert "weights_only" not in sentence


loads = pytest.mark.parametrize("load", [load_run, load_model])


@loads
@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.9999])
def test_a_truncated_checkpoint_is_refused(tmp_path, whole, share, load):
    content = whole[0]
    (tmp_path / "epoch01.pt").write_bytes(content[: int(share * len(content))])
    assert_refused(tmp_path / "epoch01.pt", load)


STRANGERS = {
    "a tensor": torch.zeros(3),
    "a list": [1, 2],
    "a number": 3,
    "another dictionary": {"weights": torch.zeros(3)},
    "the weights alone": VAE(hidden_dim=16, latent_dim=3).state_dict(),
}


@loads
@pytest.mark.parametrize("content", STRANGERS.values(), ids=STRANGERS)
def test_a_file_of_torch_that_is_no_checkpoint_is_refused(tmp_path, content, load):
    torch.save(content, tmp_path / "epoch01.pt")
    assert_refused(tmp_path / "epoch01.pt", load)


@loads
@pytest.mark.parametrize("content", [b"epoch,loss\n1,204.5\n", b"\x89PNG\r\n\x1a\n" + bytes(100), bytes(1000)])
def test_a_file_that_is_not_torchs_is_refused(tmp_path, content, load):
    (tmp_path / "epoch01.pt").write_bytes(content)
    assert_refused(tmp_path / "epoch01.pt", load)


@loads
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")  # torch's own, about files that it did not write
def test_a_pickle_of_something_else_is_refused(tmp_path, load):
    (tmp_path / "epoch01.pt").write_bytes(pickle.dumps({"sizes": Path("x")}))
    assert_refused(tmp_path / "epoch01.pt", load)


class Malicious:
    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@loads
@pytest.mark.parametrize("write", [torch.save, lambda thing, path: path.write_bytes(pickle.dumps(thing, protocol=2))])
def test_a_malicious_file_is_refused_and_not_executed(tmp_path, write, load):
    write({"sizes": Malicious(tmp_path / "hacked")}, tmp_path / "epoch01.pt")
    assert_refused(tmp_path / "epoch01.pt", load)
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"sizes": {"hidden_dim": 17, "latent_dim": 3}},
        {"sizes": {"hidden_dim": 16, "latent_dim": 3, "sigma_head": "logvar"}},
        {"sizes": {"width": 16}},
        {"weights": {}},
        {"history": [[1.0, 2.0]]},
        {"optimizer": None},
        {"optimizer": {"state": {}, "param_groups": []}},
        {"generator": torch.zeros(3, dtype=torch.uint8)},
    ],
    ids=str,
)
def test_a_checkpoint_that_does_not_fit_together_is_refused(tmp_path, whole, change):
    torch.save(whole[1] | change, tmp_path / "epoch01.pt")
    assert_refused(tmp_path / "epoch01.pt", load_run)


@loads
def test_a_missing_checkpoint_is_not_found_and_named(tmp_path, load):
    for path in (tmp_path / "epoch07.pt", tmp_path):
        with pytest.raises(FileNotFoundError) as caught:
            load(path)
        assert str(caught.value) == f"there is no checkpoint {path}: look into its folder"


def test_a_model_file_holds_weights_history_and_command_and_no_more(tmp_path):
    run = small_run()
    train(run, pictures(70), pictures(20), epochs=2)
    save_model(run.model, run.history, tmp_path / "model.pt", "vae-report --seed 42")
    save_run(run, tmp_path / "run.pt")
    for path in (tmp_path / "model.pt", tmp_path / "run.pt"):
        model, history = load_model(path)
        assert history == run.history
        assert all(torch.equal(a, b) for a, b in zip(model.parameters(), run.model.parameters(), strict=True))
    kept = torch.load(tmp_path / "model.pt", weights_only=True)
    assert set(kept) == {"sizes", "weights", "history", "command"}
    assert kept["command"] == "vae-report --seed 42"


def test_a_model_file_is_no_run_to_go_on_with(tmp_path):
    save_model(small_run().model, [], tmp_path / "model.pt", "")
    assert_refused(tmp_path / "model.pt", load_run)


# What ships with the library.


def test_the_shipped_model_is_the_reports_after_50_epochs(mnist):
    model, history = load_trained()
    assert model.sizes == {"input_dim": 784, "hidden_dim": 400, "latent_dim": 40, "sigma_head": "sigma"}
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    assert len(history) == 50
    val, test = (evaluate(model, part.x, torch.Generator().manual_seed(0)) for part in mnist[1:])
    assert test.loss == pytest.approx(test.bce + test.kld)
    assert test.loss <= 106.5
    assert val.loss == pytest.approx(history[-1].val.loss, abs=0.2)  # the weights are those of the history's end


@pytest.fixture
def own_trained(tmp_path, monkeypatch):
    """A copy of what ships with the library that a test may damage."""
    copied = Path(shutil.copytree(training.TRAINED, tmp_path / "trained"))
    monkeypatch.setattr(training, "TRAINED", copied)
    return copied


shipped = pytest.mark.parametrize(
    ("name", "load"), [("vae_mnist.pt", load_trained), ("experiments.pt.gz", load_experiments)]
)


@shipped
@pytest.mark.parametrize(
    "damage",
    [lambda content: b"", lambda content: content[: len(content) // 2], lambda content: gzip.compress(b"damaged")],
    ids=["empty", "half", "another file"],
)
def test_a_shipped_file_that_is_damaged_is_named_with_the_remedy(own_trained, name, load, damage):
    file = own_trained / name
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match="is not a whole checkpoint") as caught:
        load()
    assert str(caught.value).startswith(str(file))
    assert str(caught.value).endswith(": restore it with `git checkout -- vae_lib/trained`")


@shipped
def test_a_shipped_file_that_is_missing_is_named_with_the_remedy(own_trained, name, load):
    (own_trained / name).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        load()
    sentence = f"there is no checkpoint {own_trained / name}: restore it with `git checkout -- vae_lib/trained`"
    assert str(caught.value) == sentence


@pytest.mark.parametrize("kind", [str, Path])
def test_the_shipped_model_may_be_named_by_its_path(kind):
    assert load_model(kind(training.TRAINED / "vae_mnist.pt"))[1] == load_trained()[1]


def test_the_shipped_model_is_small():
    assert (training.TRAINED / "vae_mnist.pt").stat().st_size < 2.8e6


@pytest.fixture(scope="module")
def experiments():
    return load_experiments()


def test_every_shipped_experiment_is_whole(experiments):
    settings = {"log_var", "softplus", "beta=0", "beta=4", "beta=20", "latent_dim=2", "epoch=1", "epoch=50"}
    assert settings <= set(experiments)
    for name, (history, x_hat, samples) in experiments.items():
        assert len(history) == (int(name.removeprefix("epoch=")) if name.startswith("epoch=") else 50)
        assert all(isinstance(epoch, Epoch) and epoch.val.bce > 0 for epoch in history)
        assert x_hat.shape == (10, 784)
        assert samples.shape[1] == 784
        for images in (x_hat, samples):
            assert images.dtype == torch.float32
            check_images(images)


def test_the_experiment_after_50_epochs_is_the_shipped_model(experiments, mnist):
    model, history = load_trained()
    kept = experiments["epoch=50"]
    assert kept.history == history
    byte = 0.5 / 255 + 1e-6  # pictures are kept as bytes
    with torch.no_grad():
        x_hat = model.decode(encode(model, mnist[1].x[:10])[0])
        samples = model.decode(fixed_z(model, len(kept.samples)))
    torch.testing.assert_close(kept.x_hat, x_hat, rtol=0, atol=byte)
    torch.testing.assert_close(kept.samples, samples, rtol=0, atol=byte)


def test_a_larger_beta_gives_a_smaller_kld_and_a_larger_bce(experiments, mnist):
    last = [experiments[name].history[-1].val for name in ("beta=0", "epoch=50", "beta=4", "beta=20")]
    assert [losses.kld for losses in last] == sorted((losses.kld for losses in last), reverse=True)
    assert [losses.bce for losses in last] == sorted(losses.bce for losses in last)
