"""Right and wrong answers to `update_average`, in other words than the check's own."""

import copy

import torch
from torch.optim.swa_utils import get_ema_multi_avg_fn

from vae_lib import fast


@torch.no_grad()
def by_lerp(average, model, keep):
    for old, new in zip(average.parameters(), model.parameters(), strict=True):
        old.lerp_(new, 1 - keep)


def by_state(average, model, keep):
    new = model.state_dict()
    average.load_state_dict({name: keep * old + (1 - keep) * new[name] for name, old in average.state_dict().items()})


def by_data(average, model, keep):
    for old, new in zip(average.parameters(), model.parameters(), strict=True):
        old.data = old.data + (1 - keep) * (new.data - old.data)


def in_inference(average, model, keep):
    with torch.no_grad():
        torch._foreach_mul_(list(average.parameters()), keep)
        torch._foreach_add_(list(average.parameters()), list(model.parameters()), alpha=1 - keep)
    return average


def borrowed(average, model, keep):
    get_ema_multi_avg_fn(keep)(list(average.parameters()), list(model.parameters()), 1)


def mixed(old_share, new_share, names=lambda name: True):
    """An answer that mixes some of the weights in shares of its own."""

    @torch.no_grad()
    def answer(average, model, keep):
        new = dict(model.named_parameters())
        for name, old in average.named_parameters():
            if names(name):
                old.copy_(old_share(keep) * old + new_share(keep) * new[name])

    return answer


def kept(keep):
    return keep


def rest(keep):
    return 1 - keep


def bound_to_a_name(average, model, keep):
    with torch.no_grad():
        for old, new in zip(average.parameters(), model.parameters(), strict=True):
            old = keep * old + (1 - keep) * new


def returned_alone(average, model, keep):
    fresh = copy.deepcopy(average)
    by_lerp(fresh, model, keep)
    return fresh


def other_way_round(average, model, keep):
    by_lerp(model, average, 1 - keep)


def into_the_model_too(average, model, keep):
    by_lerp(average, model, keep)
    for old, new in zip(average.parameters(), model.parameters(), strict=True):
        new.data.copy_(old.data)


def sharing(average, model, keep):
    average.encoder, average.decoder = model.encoder, model.decoder


def without_no_grad(average, model, keep):
    for old, new in zip(average.parameters(), model.parameters(), strict=True):
        old.lerp_(new, 1 - keep)


def multiplied_without_no_grad(average, model, keep):
    for old, new in zip(average.parameters(), model.parameters(), strict=True):
        old *= keep
        old += (1 - keep) * new


def with_a_function_of_the_speedrun(average, model, keep):
    fast.one_cycle(0, 10)
    by_lerp(average, model, keep)


RIGHT = [by_lerp, by_state, by_data, in_inference]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("a borrowed answer", borrowed),
    ("a borrowed answer", with_a_function_of_the_speedrun),
    ("keep and 1 − keep exchanged", mixed(rest, kept)),
    (
        "the newest weights in place of an average",
        lambda average, model, keep: average.load_state_dict(model.state_dict()),
    ),
    ("a mean of halves", mixed(lambda keep: 0.5, lambda keep: 0.5)),
    ("shares that do not add up to 1", mixed(kept, lambda keep: 1)),
    ("shares that do not add up to 1", mixed(lambda keep: 1, rest)),
    ("shares that do not add up to 1", mixed(lambda keep: 1, lambda keep: 1)),
    ("a part of the weights left out", mixed(kept, rest, lambda name: name.startswith("decoder"))),
    ("a part of the weights left out", mixed(kept, rest, lambda name: not name.endswith("bias"))),
    ("a new value that nobody keeps", bound_to_a_name),
    ("a new value that nobody keeps", returned_alone),
    ("the model moved in place of the average", other_way_round),
    ("the model moved, too", into_the_model_too),
    ("the average shares the model's weights", sharing),
    ("gradients switched on", without_no_grad),
    ("gradients switched on", multiplied_without_no_grad),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
