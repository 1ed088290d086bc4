"""Check of `update_average`: a running average of a model's weights."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_avg_fn

from vae_checks.check import Check, recognise_by
from vae_checks.compare import difference, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each
from vae_probe.averages import call_update_average
from vae_probe.outcome import Case
from vae_probe.training import small_model, weights_of


def _draw_update_average(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    keeps = (0.6 + 0.3 * torch.rand(2, generator=generator)).tolist()
    return [Case("main", {"keep": keep}, seed=10 * seed + 5 * i) for i, keep in enumerate(keeps)]


def _updates(
    change: Callable[[Tensor, Tensor, float], Tensor],
    part: Callable[[nn.Module], nn.Module] = lambda model: model,
    ends: str = "",
) -> Callable:
    """An answer that gives each weight of the average, or of a part of it, what `change(old, weight, keep)` returns."""

    @torch.no_grad()
    def answer(average: nn.Module, model: nn.Module, keep: float) -> None:
        pairs = zip(part(average).named_parameters(), part(model).parameters(), strict=True)
        for (name, old), weight in pairs:
            if name.endswith(ends):
                old.copy_(change(old, weight, keep))

    return answer


def _mean(old: Tensor, weight: Tensor, keep: float) -> Tensor:
    return get_ema_avg_fn(keep)(old, weight, 0)


def _moves(each: Seen) -> str:
    start = weights_of(small_model(each.case.seed))
    if all(torch.equal(start, average) for average in each.outcome.value["averages"]):
        return "after three updates the average has the weights that it began with"
    return ""


def _wrong_average(each: Seen) -> str:
    expected, actual = each.expected.value["averages"], each.outcome.value["averages"]
    for number, (right, average) in enumerate(zip(expected, actual, strict=True), 1):
        if not same(right, average):
            keep = each.case.inputs["keep"]
            return f"after update {number} with keep = {keep:.3f}, {difference(right, average)}, all weights in a row"
    return ""


def _touched(each: Seen) -> str:
    return (
        "the weights of `model` have changed; the training goes on with them" if each.outcome.value["touched"] else ""
    )


def _follows(each: Seen) -> str:
    moves = each.outcome.value["follows"]
    return "when `model` moves, `average` moves with it, without an update: they share weights" if moves else ""


def _graph(each: Seen) -> str:
    return "the average holds the graph of every step so far in memory" if each.outcome.value["graph"] else ""


def _sign(seen: list[Seen]) -> list:
    errors = [each.outcome.error and [each.outcome.error.type, each.outcome.error.message[:40]] for each in seen]
    return [error or each.outcome.value for error, each in zip(errors, seen, strict=True)]


def _into_the_model(average: nn.Module, model: nn.Module, keep: float) -> None:
    _updates(lambda weight, old, keep: _mean(old, weight, keep))(model, average, keep)


def _into_both(average: nn.Module, model: nn.Module, keep: float) -> None:
    _updates(_mean)(average, model, keep)
    model.load_state_dict(average.state_dict())


def _shared(average: nn.Module, model: nn.Module, keep: float) -> None:
    for name, part in model.named_children():
        setattr(average, name, part)


def _with_gradients(average: nn.Module, model: nn.Module, keep: float) -> None:
    for old, weight in zip(average.parameters(), model.parameters(), strict=True):
        old.mul_(keep).add_(weight, alpha=1 - keep)


def _copied_with_gradients(average: nn.Module, model: nn.Module, keep: float) -> None:
    for old, weight in zip(average.parameters(), model.parameters(), strict=True):
        old.copy_(keep * old + (1 - keep) * weight)


MISTAKES = [
    Mistake(
        "keep and 1 − keep exchanged",
        "With keep = 0.99, how much of the old average should be left after one update?",
        _updates(lambda old, weight, keep: _mean(old, weight, 1 - keep)),
    ),
    Mistake(
        "the newest weights in place of an average",
        "After your update, what is left of the old average? What does `keep` decide?",
        _updates(lambda old, weight, keep: weight),
    ),
    Mistake(
        "a mean of halves",
        "How much of the old average does `keep` ask for?",
        _updates(lambda old, weight, keep: (old + weight) / 2),
    ),
    Mistake(
        "shares that do not add up to 1",
        "If the model stood still, the average should stand still, too. Does yours?",
        _updates(lambda old, weight, keep: keep * old + weight),
        _updates(lambda old, weight, keep: old + (1 - keep) * weight),
        _updates(lambda old, weight, keep: old + keep * weight),
        _updates(lambda old, weight, keep: old + weight),
        _updates(lambda old, weight, keep: keep * (old + weight)),
        _updates(lambda old, weight, keep: keep * old),
        _updates(lambda old, weight, keep: (1 - keep) * weight),
        _updates(lambda old, weight, keep: keep * weight),
    ),
    Mistake(
        "a part of the weights left out",
        "Encoder and decoder, weights and biases: which of them does your loop reach?",
        _updates(_mean, lambda model: model.get_submodule("encoder")),
        _updates(_mean, lambda model: model.get_submodule("decoder")),
        _updates(_mean, ends="weight"),
        _updates(_mean, ends="bias"),
    ),
    Mistake(
        "the model moved in place of the average",
        "Two models come in. Which of them do you write to?",
        _into_the_model,
    ),
    Mistake(
        "the model moved, too",
        "The training goes on with `model`. Whose weights does it find after your update?",
        _into_both,
    ),
    Mistake(
        "the average shares the model's weights",
        "`b = a` makes a second name, not a second tensor. What happens to your average when the model takes a step?",
        _shared,
    ),
    Mistake(
        "gradients switched on",
        "PyTorch does not let a weight be changed in place while it notes what is computed. Does anybody need a "
        "gradient of your average?",
        _with_gradients,
        _copied_with_gradients,
    ),
]


def _recognise(seen: list[Seen]) -> Mistake | None:
    if mistake := recognise_by(_sign, MISTAKES, call_update_average, agree=same)(seen):
        return mistake
    return NOT_KEPT if any(not each.outcome.error and _moves(each) for each in seen) else None


NOT_KEPT = Mistake(
    "a new value that nobody keeps",
    "`old = …` gives a name to a new tensor. What has become of the tensor in the model that had this name before?",
)


update_average = Check(
    name="update_average",
    properties=[
        Property("the average moves", 1, judge_each(_moves), required=True),
        Property("value", 5, judge_each(_wrong_average, "main")),
        Property("model unchanged", 2, judge_each(_touched), cap=5),
        Property("weights of its own", 1, judge_each(_follows)),
        Property("no graph kept", 1, judge_each(_graph)),
    ],
    draw=_draw_update_average,
    call=call_update_average,
    recognise=_recognise,
    forbidden=("vae_lib.fast", "torch.optim.swa_utils"),
    hints=(
        "`average` and `model` have the same weights in the same order: `average.parameters()`, `model.parameters()`. "
        "What becomes of each pair?",
        "Each weight of the average becomes keep · (its old value) + (1 − keep) · (the model's), in place: a tensor's "
        "`copy_`, `mul_`, `add_`, `lerp_` change it. Nobody wants a gradient of this: `torch.no_grad()`.",
        "`for old, new in zip(average.parameters(), model.parameters()):` and in it "
        "`old.copy_(keep * old + (1 - keep) * new)`; all of it in `with torch.no_grad():`.",
    ),
    oracle=_updates(_mean),
    compared=True,
)
