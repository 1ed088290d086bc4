"""What a check is made of: draw inputs, call the student's function on them, judge what came back.

Only the middle step, in `calls`, needs the student's code, and it returns plain data, which JSON can carry; so grading
calls in one process and judges in another.
"""

import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from vae_probe.call import call_function, is_float, kept_random_states, leaves, pack, unpack


class Mistake(NamedTuple):
    """A known wrong answer: its name, the question that leads out of it, and a function that makes it."""

    name: str
    question: str
    function: Callable


class Finding(NamedTuple):
    """Whether a property holds, and if not, what was expected and what came."""

    property: str
    right: bool
    sentence: str = ""


@dataclass(frozen=True)
class Check:
    """The check of an exercise; call it with the student's function.

    Args:
        name: of the function that the student writes, and of this check in `vae_checks`.
        points: for each property, in the order in which they are shown.
        draw: seed → cases, a list of dicts with "kind" and "inputs".
        call: function, cases → outcomes; the only step that runs the student's code, and it is in `calls`.
        judge: cases, outcomes without errors → a `Finding` for each property.
        recognise: cases, outcomes that are not right → a `Mistake` or None.
        hints: three, the last nearly the answer.
        oracle: a right answer that shares no code with vae_lib.
    """

    name: str
    points: dict[str, int]
    draw: Callable
    call: Callable
    judge: Callable
    recognise: Callable
    hints: tuple[str, str, str]
    oracle: Callable

    @property
    def max_points(self):
        """All points that can be earned."""
        return sum(self.points.values())

    def __call__(self, function, seed=None):
        """Draw inputs (new ones each time, if no seed is given), call the function, judge: a `Result`."""
        with kept_random_states():
            cases = self.draw(secrets.randbelow(2**31) if seed is None else seed)
            return self.result(cases, self.call(function, cases), function)

    def result(self, cases, outcomes, function=None):
        """Judge the outcomes of `call`, in this process or another; `function` is for `Result.or_library` alone."""
        outcomes = unpack(outcomes)
        errors = [outcome["error"] for outcome in outcomes if outcome["error"]]
        # Without a message, as nbgrader's stub raises it; PyTorch's own say what is not implemented.
        if any((error["type"], error["message"]) == ("NotImplementedError", "") for error in errors):
            return Result(self, "not attempted", [], None, function)
        if errors:
            stop = "your code stops at {line}, {type}: {message}".format(**errors[0])
            findings = [Finding("runs to its end", False, stop)]
        else:
            findings = self.judge(cases, outcomes)
        if all(finding.right for finding in findings):
            return Result(self, "right", findings, None, function)
        return Result(self, "not yet", findings, self.recognise(cases, outcomes), function)

    def hint(self, level):
        """The hint of level 1, 2 or 3; each says more than the one before.

        Raises:
            ValueError: another level.
        """
        if level not in (1, 2, 3):
            raise ValueError(f"{self.name} has hints 1, 2 and 3, got {level!r}: begin with hint(1)")
        return Hint(f"Hint {level} of 3 for {self.name}", self.hints[level - 1])


class Hint(NamedTuple):
    """A hint; displays as Markdown or as text."""

    title: str
    text: str

    def __repr__(self):
        return f"{self.title}: {self.text}"

    def _repr_markdown_(self):
        return f"**{self.title}.** {self.text}"


@dataclass(frozen=True)
class Result:
    """What a check found; displays as Markdown or as text. `state` is "not attempted", "right" or "not yet"."""

    check: Check
    state: str
    findings: list[Finding]
    mistake: Mistake | None
    function: Callable | None

    @property
    def points(self):
        """The points earned: those of each property that holds. A wrong shape earns nothing."""
        wrong = {finding.property for finding in self.findings if not finding.right}
        if "shape" in wrong:
            return 0.0
        return float(sum(self.check.points.get(f.property, 0) for f in self.findings if f.right))

    def or_library(self):
        """The student's function if it is right, else the library's; and a sentence that says which."""
        if self.state == "right":
            return self.function, f"Drawn with your own {self.check.name}."
        return self.check.oracle, f"Drawn with the library's {self.check.name}, until yours is right."

    def __repr__(self):
        return "\n".join([self._headline(), *("  " + line for line in self._body(_plainly))])

    def _repr_markdown_(self):
        return "\n\n".join([f"**{self._headline()}**", *self._body(_as_markdown)])

    def _headline(self):
        mark = {"right": "✓", "not yet": "✗", "not attempted": "○"}[self.state]
        return f"{mark} {self.check.name}: {self.state}, {self.points:g} of {self.check.max_points} points"

    def _body(self, quote):
        if self.state == "right":
            return
        for property_, right, sentence in self.findings:
            yield f"✓ {property_}" if right else f"✗ {property_}: {quote(sentence)}"
        if self.mistake:
            yield f"It looks like this: {self.mistake.name}. {self.mistake.question}"
        yield f"For a hint: checks.{self.check.name}.hint(1)"


def _plainly(sentence):
    return sentence


def _as_markdown(sentence):
    """A student's own text must not act as Markdown or HTML."""
    return "".join("\\" + letter if letter in "\\`*_{}[]<>#|~$" else letter for letter in sentence)


# Judging


def check_against(oracle, mistakes, *, name, points, draw, hints, call=call_function, tolerance=1e-4):
    """A `Check` that compares with an oracle: a slow or borrowed right answer, called on the same cases.

    Args:
        oracle: a right answer that shares no code with vae_lib.
        mistakes: `Mistake`s; one whose outcomes are the student's is recognised.
        points: for each property, of those in `PROPERTIES`.
        tolerance: relative, and a tenth of it absolute; larger where the answer is an estimate by sampling.
    """

    def judge(cases, outcomes):
        seen = list(zip(cases, unpack(call(oracle, cases)), outcomes, strict=True))
        return [
            Finding(property_, not (fault := PROPERTIES[property_](seen, tolerance)), fault) for property_ in points
        ]

    def recognise(cases, outcomes):
        expected = unpack(call(oracle, cases))
        for mistake in mistakes:
            wrong = unpack(call(mistake.function, cases))
            if alike(wrong, outcomes, tolerance) and not alike(wrong, expected, tolerance):
                return mistake
        return None

    return Check(name, points, draw, call, judge, recognise, hints, oracle)


def alike(ones, others, tolerance=1e-4):
    """Whether two lists of outcomes agree: in values and gradients, or in the errors."""

    def essence(outcome):
        error = outcome["error"] or {"type": None, "message": ""}
        return [outcome["value"], outcome["gradients"], error["type"], error["message"][:40]]

    return all(same(essence(one), essence(other), tolerance) for one, other in zip(ones, others, strict=True))


def same(a, b, tolerance=1e-4):
    """Whether two plain values have the same structure, and their numbers agree within the tolerance."""
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        close = partial(torch.allclose, rtol=tolerance, atol=tolerance / 10, equal_nan=True)
        return describe(a) == describe(b) and close(a.double(), b.double())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key], tolerance) for key in a)
    if is_number(a) and is_number(b):
        return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance / 10) or (math.isnan(a) and math.isnan(b))
    return type(a) is type(b) and a == b


def is_number(value):
    """Whether a plain value is an int or a float, or a tensor that holds just one."""
    is_scalar = isinstance(value, torch.Tensor) and value.ndim == 0 and not value.is_complex()
    return is_scalar or type(value) in (int, float)


def describe(value):
    """The structure of a plain value in a few words."""
    if isinstance(value, torch.Tensor):
        kind = "complex " if value.is_complex() else ""
        return f"a {kind}tensor {tuple(value.shape)}" if value.ndim else f"a {kind}number"
    if isinstance(value, list):
        kinds = [describe(item) for item in value]
        return f"{len(kinds)} × {kinds[0]}" if len(kinds) > 2 and len(set(kinds)) == 1 else f"({', '.join(kinds)})"
    if isinstance(value, dict):
        keys = ", ".join(sorted(value))
        return f"an object of type {value['unknown']}" if "unknown" in value else f"a dict of {keys}"
    if is_number(value):
        return "a number"
    return "nothing (is there a return?)" if value is None else f"a {type(value).__name__}"


def difference(expected, came, tolerance=1e-4):
    """In words, the first part of two plain values that differs, and there the largest difference."""
    if describe(expected) != describe(came):
        return f"expected {describe(expected)}, got {describe(came)}"
    if isinstance(expected, list | dict):
        keys = expected if isinstance(expected, dict) else range(len(expected))
        key = next(key for key in keys if not same(expected[key], came[key], tolerance))
        return f"in part {key} {difference(expected[key], came[key], tolerance)}"
    if isinstance(expected, torch.Tensor) and expected.ndim:
        off = (expected.double() - came.double()).abs().nan_to_num(math.inf)
        index = tuple(int(i) for i in np.unravel_index(off.argmax().item(), off.shape))
        return f"at {list(index)} expected {_number(expected[index])}, got {_number(came[index])}"
    return f"expected {_number(expected)}, got {_number(came)}"


def _number(value):
    value = value.item() if isinstance(value, torch.Tensor) else value
    return f"{value:.5g}" if isinstance(value, float) else repr(value)


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


def tensor_cases(seed, make):
    """Cases for a function of tensors: three batches of 7, one of them in float64, and a batch of one.

    Args:
        seed: of the draw.
        make: (generator, batch size) → inputs, a dict of float32 tensors and plain values.

    Returns:
        list of dict: the cases, of the kinds "main" (twice), "one" and "float64".
    """
    generator = torch.Generator().manual_seed(seed)
    main, second, one, double = (make(generator, batch) for batch in (7, 7, 1, 7))
    double = {name: value.double() if is_float(value) else value for name, value in double.items()}
    return [
        {"kind": "main", "inputs": main, "gradients": True, "device": True},
        {"kind": "main", "inputs": second},
        {"kind": "one", "inputs": one, "gradients": True},
        {"kind": "float64", "inputs": double},
    ]
