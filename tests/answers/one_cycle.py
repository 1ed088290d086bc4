"""Right and wrong answers to `one_cycle`, in other words than the check's own."""

import math

import torch

from vae_lib import fast


def by_parts(step, steps, peak, warmup):
    middle = step + 0.5
    rise = warmup * steps
    if middle <= rise:
        return peak / rise * middle
    return peak / (steps - rise) * (steps - middle)


def as_a_tensor(step, steps, peak, warmup):
    done = torch.tensor((2 * step + 1) / (2 * steps))
    return peak * torch.minimum(done / warmup, (1 - done) / (1 - warmup))


def clipped(step, steps, peak, warmup):
    done = (step + 0.5) / steps
    up = min(1.0, done / warmup)
    down = max(0.0, (done - warmup) / (1 - warmup))
    return peak * (up - down)


def two_lines(step, steps, peak, warmup, shift=0.5, fall=None, combine=min):
    done = (step + shift) / steps
    return peak * combine(done / warmup, (1 - done) / (fall or 1 - warmup))


def rise_of_whole_steps(step, steps, peak, warmup):
    rise = int(warmup * steps)
    if step < rise:
        return peak * (step + 0.5) / rise
    return peak * (1 - (step + 0.5 - rise) / (steps - rise))


def by_cosines(step, steps, peak, warmup):
    done = (step + 0.5) / steps
    if done < warmup:
        return peak * math.sin(math.pi / 2 * done / warmup) ** 2
    return peak * math.cos(math.pi / 2 * (done - warmup) / (1 - warmup)) ** 2


def steep_fall(step, steps, peak, warmup):
    done = (step + 0.5) / steps
    return peak * (done / warmup if done < warmup else 2 - done / warmup)


def flat_rise(step, steps, peak, warmup):
    done = (step + 0.5) / steps
    return peak * (done if done < warmup else (1 - done) / (1 - warmup))


def fall_with_a_jump(step, steps, peak, warmup):
    done = (step + 0.5) / steps
    return peak * (done / warmup if done < warmup else 1 - done)


RIGHT = [by_parts, as_a_tensor, clipped]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("a borrowed answer", fast.one_cycle),
    ("another point of the step than its middle", lambda *inputs: two_lines(*inputs, shift=0)),
    ("another point of the step than its middle", lambda *inputs: two_lines(*inputs, shift=1)),
    ("a fall that does not begin at the peak", fall_with_a_jump),
    ("a fall that does not end at 0", steep_fall),
    ("a rise that does not end at the peak", flat_rise),
    ("no fall", lambda step, steps, peak, warmup: peak * min(1, (step + 0.5) / (steps * warmup))),
    ("no rise", lambda step, steps, peak, warmup: peak * (steps - step - 0.5) / steps),
    ("the two lines exchanged", lambda *inputs: two_lines(*inputs, combine=max)),
    ("the peak left out", lambda step, steps, peak, warmup: by_parts(step, steps, 1.0, warmup)),
    (
        "the warmup taken for a number of steps",
        lambda step, steps, peak, warmup: by_parts(step, steps, peak, warmup / steps),
    ),
    ("the warmup rounded to whole steps", rise_of_whole_steps),
    ("a cosine in place of a straight line", by_cosines),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "5: min(done / warmup, (1 - done) / (1 - warmup)) → min((1 - done) / (1 - warmup), done / warmup)": (
        "the smaller of two numbers, in any order"
    ),
}
