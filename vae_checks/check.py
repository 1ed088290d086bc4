"""What a check is made of: draw inputs, call the student's function on them, judge what came back.

Only the middle step, in `vae_probe`, needs the student's code, and it returns plain data, which JSON can carry; so
grading calls in one process and judges in another.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch

from vae_checks.compare import alike
from vae_checks.mistakes import Finding, Mistake
from vae_checks.properties import PROPERTIES
from vae_probe.call import call_function, is_float, kept_random_states
from vae_probe.outcome import unpack


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
