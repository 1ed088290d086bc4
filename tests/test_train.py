"""Training against a loop written out by hand."""

import copy

import pytest
import torch

from tests.small_runs import losses_by_hand, pictures, small_run, state
from vae_lib.checkpoints import (
    save_each_epoch,
)
from vae_lib.train import Epoch, train, train_epoch

# The loop.


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


@pytest.mark.parametrize(("n", "n_val"), [(140, 30), (65, 1), (1, 1)])  # of 65, the last batch is one image
@pytest.mark.parametrize(
    "settings",
    [
        {"lr": 1e-4, "weight_decay": 1e-5, "batch_size": 64, "beta": 1.0},
        {"lr": 1e-3, "weight_decay": 1e-1, "batch_size": 50, "beta": 4.0},
    ],
)
def test_training_is_the_loop_written_out_by_hand(settings, n, n_val):
    run = small_run(**settings)
    run.model.double()  # rounding must not hide a difference
    model = copy.deepcopy(run.model)
    train_x, val_x = pictures(n).double(), pictures(n_val, seed=1).double()
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
    assert train(run, pictures(70), pictures(20), epochs=epochs, after_epoch=save_each_epoch(tmp_path)) == run.history
    assert state(run) == before
    assert list(tmp_path.iterdir()) == []


def test_an_epoch_is_named_train_and_val_and_appended():
    run = small_run()
    epoch = train_epoch(run, pictures(70), pictures(20))
    assert isinstance(epoch, Epoch)
    assert run.history == [epoch]
    assert (epoch._fields, epoch.train._fields) == (("train", "val"), ("loss", "bce", "kld"))
    assert {type(value) for losses in epoch for value in losses} == {float}
