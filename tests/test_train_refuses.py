"""What a student gets wrong before and during training is a sentence."""

import copy

import pytest
import torch
from torch.utils.data import DataLoader
from torchvision import datasets

from tests.small_runs import pictures, small_run, state
from vae_lib.checkpoints import (
    load_run,
    save_each_epoch,
)
from vae_lib.data import Images, load_loaders
from vae_lib.latent import encode, sample
from vae_lib.measure import train_classifier
from vae_lib.model import VAE
from vae_lib.train import check_images, evaluate, new_run, train


@pytest.mark.parametrize(
    ("x", "got", "remedy"),
    [
        (torch.rand(8, 1, 28, 28), "got (8, 1, 28, 28)", "flatten them with x.flatten(1)"),
        (torch.randint(256, (8, 784)).float(), "expected pixels in [0, 1]", "divide bytes by 255"),
        ((torch.rand(8, 784) - 0.1307) / 0.3081, "expected pixels in [0, 1]", "do not standardize"),
        (torch.full((8, 784), torch.nan), "6272 of 6272 pixels", "are not numbers (nan): look where they come from"),
        (torch.randint(256, (8, 784), dtype=torch.uint8), "is of torch.uint8", ".float() / 255"),
        (torch.zeros(8, 784, dtype=torch.uint8), "is of torch.uint8", ".float()"),
        (torch.zeros(8, 784, dtype=torch.bool), "is of torch.bool", ".float()"),
        (torch.rand(8, 784).double(), "is of torch.float64, the model of torch.float32", ".to(torch.float32)"),
        (torch.rand(8, 784).half(), "is of torch.float16, the model of torch.float32", ".to(torch.float32)"),
        (Images(torch.rand(8, 784), torch.zeros(8)), "got Images", "pass its images, "),
        (DataLoader(torch.rand(8, 784)), "got DataLoader", "take a tensor of images, such as load_tensors()[0].x"),
        (datasets.FakeData(), "got FakeData", "take a tensor of images, such as load_tensors()[0].x"),
        (torch.rand(8, 784).numpy(), "got ndarray", "make it one with torch.as_tensor("),
        ([[0.5] * 784], "got list", "make it one with torch.as_tensor("),
    ],
)
def test_images_of_another_shape_or_range_give_value_and_remedy_before_any_step(x, got, remedy):
    good = pictures(8)
    for sets in ((x, good), (good, x)):
        run = small_run()
        before = copy.deepcopy(state(run))
        with pytest.raises((TypeError, ValueError)) as caught:
            train(run, *sets, epochs=1)
        assert got in str(caught.value)
        assert remedy in str(caught.value)
        assert state(run) == before
    for function in (evaluate, encode):
        with pytest.raises((TypeError, ValueError)) as caught:
            function(small_run().model, x)
        assert got in str(caught.value)
        assert remedy in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"batch_size": 0}, "batch_size should be a whole number from 1, got 0"),
        ({"batch_size": 64.0}, r"batch_size should be a whole number from 1, got 64\.0"),
        ({"batch_size": True}, "batch_size should be a whole number from 1, got True"),
    ],
)
def test_a_batch_size_that_is_none_is_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        small_run(**settings)
    with pytest.raises(ValueError, match=sentence):
        load_loaders(**settings)


@pytest.mark.parametrize("epochs", [2.5, -1, "3"])
def test_epochs_that_are_no_whole_number_are_refused(epochs):
    with pytest.raises(ValueError, match=f"epochs should be a whole number from 0, got {epochs!r}"):
        train(small_run(), pictures(8), pictures(8), epochs)


def test_a_seed_in_the_place_of_a_generator_is_told_how_to_make_one():
    model, remedy = VAE(hidden_dim=16, latent_dim=3), r"got 7: make one with torch\.Generator\(\)\.manual_seed\(7\)"
    for call in (
        lambda: new_run(model, 7),
        lambda: evaluate(model, pictures(8), 7),
        lambda: sample(model, 2, 7),
        lambda: load_loaders(generator=7),
        lambda: train_classifier(pictures(8), torch.zeros(8, dtype=torch.int64), 7),
    ):
        with pytest.raises(TypeError, match=remedy):
            call()


def test_a_generator_of_another_device_is_refused():
    with pytest.raises(ValueError, match=r"the generator is on cpu, the model on meta: make it with torch.Generator"):
        new_run(VAE(hidden_dim=16, latent_dim=3).to("meta"), torch.Generator())


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
    run, remedy = small_run(), "go back to a checkpoint with load_run(path, lr=1e-5), or make a new run"
    train(run, pictures(70), pictures(20), epochs=2, after_epoch=save_each_epoch(tmp_path))
    history, kept = list(run.history), (tmp_path / "epoch02.pt").read_bytes()
    with torch.no_grad():
        run.model.decoder.out.bias[0] = torch.nan
    with pytest.raises(FloatingPointError) as caught:
        train(run, pictures(70), pictures(20), epochs=4, after_epoch=save_each_epoch(tmp_path))
    assert str(caught.value) == f"the model's weights are not all finite numbers: {remedy}"
    assert run.history == history
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch01.pt", "epoch02.pt"]
    assert (tmp_path / "epoch02.pt").read_bytes() == kept
    assert len(load_run(tmp_path / "epoch02.pt").history) == 2


def test_a_loss_that_is_no_number_in_the_validation_alone_stops_the_run():
    run = small_run(lr=1e30)  # the only step of the epoch comes after its training loss
    with pytest.raises(FloatingPointError, match=r"epoch 1 ends with a training loss of \d+\.\d+ and .* of (nan|inf):"):
        train(run, pictures(8), pictures(8), epochs=1)
    assert run.history == []


@pytest.mark.parametrize("done", [0, 1])
def test_after_a_loss_that_is_no_number_the_line_that_is_told_helps(done):
    run = small_run()
    train(run, pictures(70), pictures(20), epochs=done)
    before = copy.deepcopy(state(run))
    run.optimizer.param_groups[0]["lr"] = 1e30
    with pytest.raises(FloatingPointError, match="the run is as it was before this epoch") as caught:
        train(run, pictures(70), pictures(20), epochs=3)
    run.optimizer.param_groups[0]["lr"] = 1e-4
    assert state(run) == before
    line = str(caught.value).partition("smaller learning rate, ")[2]
    assert line == "run.optimizer.param_groups[0]['lr'] = 1e+29"
    exec(line.replace("1e+29", "1e-6"))
    assert len(train(run, pictures(70), pictures(20), epochs=3)) == 3


@pytest.mark.parametrize("done", [0, 1])
def test_an_interrupt_in_an_epoch_leaves_the_run_as_it_was_before(monkeypatch, done):
    run, whole = small_run(), small_run()
    train(run, pictures(140), pictures(20), epochs=done)
    before, steps = copy.deepcopy(state(run)), []
    step = run.optimizer.step

    def stop_at_the_second():
        steps.append(step())
        if len(steps) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(run.optimizer, "step", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        train(run, pictures(140), pictures(20), epochs=3)
    monkeypatch.undo()
    assert state(run) == before
    train(run, pictures(140), pictures(20), epochs=3)
    train(whole, pictures(140), pictures(20), epochs=3)
    assert state(run) == state(whole)
