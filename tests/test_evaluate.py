"""The evaluation."""

import copy

import pytest
import torch

from tests.small_runs import losses_by_hand, pictures, small_run
from vae_lib.train import evaluate


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
