"""The properties that most exercises share, each with a judge that compares outcomes with expected ones."""

import torch

from vae_checks.compare import describe, difference, same
from vae_probe.call import leaves
from vae_probe.outcome import pack

# A property's judge takes (case, expected outcome, outcome) of all cases, and the tolerance. It returns the fault that
# it finds, a sentence, or "".


def _shape(seen, tolerance):
    for _, expected, outcome in seen:
        wanted, came = describe(expected["value"]), describe(outcome["value"])
        if wanted != came:
            return f"expected {wanted}, got {came}"
    return ""


def _value(kind):
    def judge(seen, tolerance):
        for case, expected, outcome in seen:
            if case["kind"] == kind and not same(expected["value"], outcome["value"], tolerance):
                return difference(expected["value"], outcome["value"], tolerance)
        return ""

    return judge


def _gradient(seen, tolerance):
    for _, expected, outcome in seen:
        for name, wanted in expected["gradients"].items():
            came = outcome["gradients"].get(name)
            if came is None and wanted is not None:
                return f"no gradient reaches {name}; was it cut off by detach, no_grad, item or torch.tensor?"
            if wanted is None and came is not None:
                wanted = torch.zeros_like(came)
            if not same(wanted, came, tolerance):
                return f"that of {name}: {difference(wanted, came, tolerance)}"
    return ""


def _precision(seen, tolerance):
    for case, expected, outcome in seen:
        for wanted, came in zip(leaves(expected["value"]), leaves(outcome["value"]), strict=False):
            if isinstance(wanted, torch.Tensor) and isinstance(came, torch.Tensor) and wanted.dtype != came.dtype:
                return f"expected {wanted.dtype} for inputs of this dtype, got {came.dtype}"
        if case["kind"] == "float64" and not same(expected["value"], outcome["value"], tolerance):
            return "the value is wrong for float64 inputs, too"
        if case["kind"] == "float64" and not same(expected["value"], outcome["value"], 1e-9):
            return "right, but less precise than float64; is a step made in float32?"
        if outcome["device"] == "cpu":
            return "a tensor is made on the CPU whatever the device of the inputs; make it like them (torch.zeros_like)"
    return ""


def _unchanged(seen, tolerance):
    changed = sorted({name for _, _, outcome in seen for name in outcome["changed"]})
    return f"{', '.join(changed)} changed in place; who called you still needs the old values" if changed else ""


def _unseeded(seen, tolerance):
    seeded = any(outcome["seeded"] for _, _, outcome in seen)
    return "your function sets a global seed, so that all random numbers after it repeat" if seeded else ""


def _generator(seen, tolerance):
    values = [pack(outcome["value"]) for case, _, outcome in seen if case["kind"] in ("main", "other generator")]
    if values[0] == values[-1]:
        return "another generator gives the very same result; is it used, and is anything drawn?"
    return ""


PROPERTIES = {
    "shape": _shape,
    "value": _value("main"),
    "gradient": _gradient,
    "batch of one": _value("one"),
    "float64 and device": _precision,
    "draws from the generator": _generator,
    "inputs unchanged": _unchanged,
    "no global seed": _unseeded,
}
