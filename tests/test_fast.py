"""The fast training: its learning rate, its first weights, and what the command makes of it."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from tests.small_runs import pictures
from vae_lib import report
from vae_lib.checkpoints import load_model
from vae_lib.data import Images
from vae_lib.fast import begin_with_mean, fast_epochs, follow, load_speedrun, new_fast_run, one_cycle, train_fast
from vae_lib.model import VAE
from vae_lib.train import new_run, train, train_epoch


def test_one_cycle_is_pytorchs_between_two_steps():
    """PyTorch's begins and ends at an edge, ours half a step inside: of twice as many steps, ours are every second."""
    steps, optimizer = 100, torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        0.5,
        2 * steps + 1,
        pct_start=61 / 201,
        div_factor=1e9,
        final_div_factor=1e9,
        cycle_momentum=False,
        anneal_strategy="linear",
    )
    rates = []
    for _ in range(2 * steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        cycle.step()
    ours = [one_cycle(step, steps, peak=0.5, warmup=0.3) for step in range(steps)]
    assert ours == pytest.approx(rates[1::2], abs=1e-6)


def test_the_optimizer_follows_the_schedule_from_its_first_step():
    weight = torch.zeros(1, requires_grad=True)
    optimizer, seen = torch.optim.Adam([weight], lr=1), []
    follow(optimizer, lambda step: [0.5, 0.25, 0.125][step])
    for _ in range(3):
        weight.grad = torch.ones(1)
        before = weight.item()
        optimizer.step()
        seen.append(before - weight.item())
    assert seen == pytest.approx([0.5, 0.25, 0.125])  # with equal gradients Adam moves by the learning rate


def test_an_untrained_model_draws_the_mean_image_and_knows_a_little():
    x = pictures(500)
    model = seeded_run(x).model
    with torch.no_grad():
        drawn, sigma = model.decode(torch.zeros(1, 40)), model.encode(x)[1]
        model.decoder.hidden.bias.zero_()
        assert F.l1_loss(model.decode(torch.zeros(1, 40))[0], x.mean(0)) < 0.01
    assert F.l1_loss(drawn[0], x.mean(0)) < 0.1
    assert 0.12 < sigma.mean() < 0.16


def test_a_pixel_that_is_always_black_has_a_finite_logit():
    x = pictures(50)
    x[:, :100], x[:, 100:200] = 0, 1
    model = VAE(sigma_head="log_var")
    begin_with_mean(model, x)
    assert model.decoder.out.bias.isfinite().all()


def test_few_images_are_shown_more_often():
    assert [fast_epochs(n) for n in (51_000, 51_001, 100_000, 10_000, 100)] == [3, 3, 2, 16, 50]


def seeded_run(x, epochs=3):
    torch.manual_seed(0)
    return new_fast_run(x, torch.Generator().manual_seed(0), epochs)


def test_an_epoch_that_is_interrupted_and_done_again_has_the_same_learning_rates():
    x = pictures(300)
    whole, stopped = seeded_run(x), seeded_run(x)
    train(whole, x, x, 3)
    train_epoch(stopped, x, x)
    steps = iter(range(2))

    def stop(*_):
        if next(steps, None) is None:
            raise KeyboardInterrupt

    handle = stopped.optimizer.register_step_pre_hook(stop)
    with pytest.raises(KeyboardInterrupt):
        train_epoch(stopped, x, x)
    handle.remove()
    train(stopped, x, x, 3)
    assert stopped.history == whole.history
    assert stopped.optimizer.param_groups[0]["lr"] == pytest.approx(one_cycle(8, 9))


def test_it_learns_more_from_as_many_images_than_the_reports_settings(mnist):
    x, val_x = mnist[0].x[:3000], mnist[1].x[:500]
    torch.manual_seed(0)
    usual = new_run(VAE(), torch.Generator().manual_seed(0))
    train(usual, x, val_x, 4)
    torch.manual_seed(0)
    fast = train_fast(x, val_x, torch.Generator().manual_seed(0), epochs=4)
    assert len(fast.history) == 4
    assert fast.history[-1].val.loss < usual.history[-1].val.loss - 20


def test_a_model_of_another_size_is_trained_as_it_is():
    x = pictures(60)[:, :64].contiguous()
    small = VAE(input_dim=64, hidden_dim=8, latent_dim=2, sigma_head="log_var")
    run = train_fast(x, x, torch.Generator().manual_seed(0), epochs=2, model=small)
    assert run.model is small
    assert run.history[1].val.loss < run.history[0].val.loss


def test_the_recorded_runs_reach_the_target_and_say_so_in_the_table():
    runs = load_speedrun()
    record = list(runs["small σ first"].values())
    assert list(runs["small σ first"]) == ["0", "1", "2"]
    assert all(run["test"] <= 106.5 for run in record)
    row = "| 153,000 | 3 | " + ", ".join(f"{run['test']:.2f}" for run in record) + " |"
    assert row in (Path(__file__).parents[1] / "RECORDS.md").read_text(encoding="utf-8")
    for run in (run for seeds in runs.values() for run in seeds.values()):
        assert run["test"] == pytest.approx(run["bce"] + run["kld"], abs=0.02)
        assert [seen for seen, _ in run["curve"]] == [*range(0, 153_000, 12_800), 153_000]


# The command.


@pytest.fixture
def small_mnist(mnist, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = [Images(part.x[:n], part.y[:n]) for part, n in zip(mnist, (400, 120, 130), strict=True)]
    monkeypatch.setattr(report, "load_tensors", lambda: data)


def test_the_command_trains_fast(small_mnist, capsys):
    report.main(["--fast", "--epochs", "2"])
    model, history = load_model("runs/report/model.pt")
    assert (model.config.sigma_head, len(history)) == ("log_var", 2)
    assert "average loss per sample, test:" in capsys.readouterr().out


@pytest.mark.parametrize("again", [["--resume"], ["--resume", "--fast"]])
def test_a_fast_run_is_not_resumed(small_mnist, capsys, again):
    report.main(["--fast", "--epochs", "1"])
    with pytest.raises(SystemExit) as end:
        report.main([*again, "--epochs", "3"])
    assert end.value.code == 2
    assert "start" in capsys.readouterr().err
