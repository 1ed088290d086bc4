"""Check of `one_cycle`: the learning rate as a function of the step."""

import math
from collections.abc import Callable

import numpy as np
import torch

from vae_checks.check import Check, recognise_by
from vae_checks.compare import describe, difference, is_number, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen, judge_each
from vae_probe.call import call_function
from vae_probe.outcome import Case


def _draw_one_cycle(seed: int) -> list[Case]:
    """Steps of two trainings, from the first to the last, and the only step of a third."""
    generator = torch.Generator().manual_seed(seed)
    cases = []
    for low in (20, 40):
        # Rises of 3/20 to 1/4 of the training, which never end at the edge of a step.
        steps = low + int(torch.randint(10, (), generator=generator))
        peak, warmup = 0.5 + torch.rand((), generator=generator).item(), 0.25
        while abs(steps * warmup - round(steps * warmup)) < 0.2:
            warmup = 0.15 + 0.1 * torch.rand((), generator=generator).item()
        end = int(steps * warmup)  # the step in which the peak is reached
        for kind, step in (
            *(("rise", step) for step in (end // 2, end - 1)),
            *(("fall", step) for step in (end + 1, (end + steps) // 2)),
            *(("edge", step) for step in (0, end, steps - 1)),
        ):
            cases.append(_case(kind, step, steps, peak, warmup))
    return [*cases, _case("edge", 0, 1, peak, warmup)]


def _case(kind: str, step: int, steps: int, peak: float, warmup: float) -> Case:
    return Case(kind, {"step": step, "steps": steps, "peak": peak, "warmup": warmup})


def _one_cycle(step: int, steps: int, peak: float, warmup: float) -> float:
    return float(np.interp((step + 0.5) / steps, [0, warmup, 1], [0, peak, 0]))


def _shape(each: Seen) -> str:
    value = each.outcome.value
    return "" if is_number(value) else f"expected one number, got {describe(value)}"


def _wrong_rate(each: Seen) -> str:
    expected, actual = each.expected.value, each.outcome.value
    if same(expected, actual):
        return ""
    step, steps, peak, warmup = each.case.inputs.values()
    where = f"step {step} of {steps} with a peak of {peak:.4g} and a warmup of {warmup:.4g}"
    return f"at {where} {difference(expected, float(actual))}"


def _lines(
    share: Callable[[int, int], float] = lambda step, steps: (step + 0.5) / steps,
    up: Callable[[float, float], float] = lambda done, warmup: done / warmup,
    down: Callable[[float, float], float] = lambda done, warmup: (1 - done) / (1 - warmup),
) -> Callable[..., float]:
    """An answer of two parts, one up to the end of the warmup and one after it."""

    def answer(step: int, steps: int, peak: float, warmup: float) -> float:
        done = share(step, steps)
        return peak * (up if done < warmup else down)(done, warmup)

    return answer


def _by_whole_steps(round_: Callable[[float], int]) -> Callable[..., float]:
    def answer(step: int, steps: int, peak: float, warmup: float) -> float:
        end = round_(warmup * steps)
        return peak * ((step + 0.5) / end if step < end else (steps - step - 0.5) / (steps - end))

    return answer


MISTAKES = [
    Mistake(
        "another point of the step than its middle",
        "Of ten steps, which share of the training is over in the middle of the first one, and which in the middle of "
        "the last?",
        _lines(lambda step, steps: step / steps),
        _lines(lambda step, steps: (step + 1) / steps),
        _lines(lambda step, steps: step / max(steps - 1, 1)),
        _lines(lambda step, steps: (step - 0.5) / steps),
    ),
    Mistake(
        "a fall that does not begin at the peak",
        "Which rate does your second line give at the very end of the warmup? How long is the fall, as a share?",
        _lines(down=lambda done, warmup: 1 - done),
        _lines(down=lambda done, warmup: (1 - done) / warmup),
        _lines(down=lambda done, warmup: (1 - done) * (1 - warmup)),
        _lines(down=lambda done, warmup: 1 - (done - warmup)),
    ),
    Mistake(
        "a fall that does not end at 0",
        "Which rate does your second line give where the training is over?",
        _lines(down=lambda done, warmup: 1 - (done - warmup) / warmup),
        _lines(down=lambda done, warmup: 1 - done / (1 - warmup)),
    ),
    Mistake(
        "a rise that does not end at the peak",
        "Which rate does your first line give at the very end of the warmup?",
        _lines(up=lambda done, warmup: done),
        _lines(up=lambda done, warmup: done * warmup),
        _lines(up=lambda done, warmup: done / (1 - warmup)),
    ),
    Mistake(
        "no fall",
        "What should the rate be where the training is over?",
        _lines(down=lambda done, warmup: 1),
        _lines(down=lambda done, warmup: done / warmup),
    ),
    Mistake(
        "no rise",
        "What should the rate be where the training begins?",
        _lines(up=lambda done, warmup: 1),
        _lines(up=lambda done, warmup: (1 - done) / (1 - warmup)),
        lambda step, steps, peak, warmup: peak * (1 - (step + 0.5) / steps),
    ),
    Mistake(
        "the two lines exchanged",
        "Both lines go on beyond the peak. Which of the two is the lower one before it, and which after it?",
        _lines(up=lambda done, warmup: (1 - done) / (1 - warmup), down=lambda done, warmup: done / warmup),
    ),
    Mistake(
        "the peak left out",
        "How large is your rate where the warmup ends? Which of the four arguments do you not use?",
        lambda step, steps, peak, warmup: _one_cycle(step, steps, 1, warmup),
    ),
    Mistake(
        "the warmup taken for a number of steps",
        "With 50 steps and a warmup of 0.3, how many steps does the rise take?",
        lambda step, steps, peak, warmup: peak * min((step + 0.5) / warmup, (steps - step - 0.5) / (steps - warmup)),
        lambda step, steps, peak, warmup: peak * min(step / warmup, (steps - step) / (steps - warmup)),
    ),
    Mistake(
        "the warmup rounded to whole steps",
        "The rise may end within a step. Where does your line reach the peak, and where does the warmup end?",
        _by_whole_steps(int),
        _by_whole_steps(round),
        _by_whole_steps(math.ceil),
    ),
    Mistake(
        "a cosine in place of a straight line",
        "In the middle of the rise, half of the peak is right. And after a quarter of it?",
        _lines(
            up=lambda done, warmup: (1 - math.cos(math.pi * done / warmup)) / 2,
            down=lambda done, warmup: (1 + math.cos(math.pi * (done - warmup) / (1 - warmup))) / 2,
        ),
        _lines(down=lambda done, warmup: (1 + math.cos(math.pi * (done - warmup) / (1 - warmup))) / 2),
    ),
]


def _rates(seen: list[Seen]) -> list:
    return [each.outcome.error.type if each.outcome.error else each.outcome.value for each in seen]


one_cycle = Check(
    name="one_cycle",
    properties=[
        Property("one number", 1, judge_each(_shape, "rise", "fall"), required=True),
        Property("rises to the peak", 4, judge_each(_wrong_rate, "rise")),
        Property("falls to 0", 4, judge_each(_wrong_rate, "fall")),
        Property(
            "first, highest and last step",
            1,
            judge_each(_wrong_rate, "edge"),
            follows=("rises to the peak", "falls to 0"),
        ),
    ],
    draw=_draw_one_cycle,
    call=call_function,
    recognise=recognise_by(_rates, MISTAKES, call_function, agree=same, kinds=("rise", "fall")),
    may_stop=("edge",),
    forbidden=("vae_lib", "torch.optim"),
    hints=(
        "Which share of the training is over in the middle of step 0, and in the middle of the last step? The rate is "
        "a straight line of that share, and then another one.",
        "With `done = (step + 0.5) / steps`: the first line is 0 at done = 0 and `peak` at done = warmup, the second "
        "is `peak` at done = warmup and 0 at done = 1.",
        "The first line is `peak * done / warmup`. In the second, `1 - done` is what is left of the training; divide "
        "it by what was left when the warmup ended. Before the peak the first line is the lower one, then the second.",
    ),
    oracle=_one_cycle,
    compared=True,
)
