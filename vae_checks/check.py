"""What a check is made of: draw inputs, call the student's function on them, judge what came back.

Only the middle step, in `vae_probe`, needs the student's code, and it returns plain data, which JSON can carry; so
grading calls in one process and judges in another.
"""

import operator
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from vae_checks.compare import alike
from vae_checks.mistakes import Finding, Mistake
from vae_checks.properties import Property, Seen, shared
from vae_probe.call import call_function, is_float, preserve_random_states
from vae_probe.outcome import Case, Outcome


@dataclass(frozen=True)
class Check:
    """The check of an exercise; call it with the student's function.

    Args:
        name: of the function that the student writes, and of this check in `vae_checks`.
        properties: in the order in which they are judged and shown.
        draw: seed → cases.
        call: function, cases → outcomes, as JSON can carry them; the only step that runs the student's code, and it is
            in `vae_probe`.
        recognise: what was seen of an answer that is not right → a `Mistake` or None.
        hints: three, the last nearly the answer.
        oracle: a right answer that shares no code with vae_lib.
        compared: whether properties compare with the outcomes of the oracle.
        prepare: changes what was seen, once, before it is judged and recognised.
    """

    name: str
    properties: list[Property]
    draw: Callable[[int], list[Case]]
    call: Callable[[Any, list[Case]], list[dict]]
    recognise: Callable[[list[Seen]], Mistake | None]
    hints: tuple[str, str, str]
    oracle: Callable
    compared: bool = False
    prepare: Callable[[Seen], Seen] = lambda seen: seen

    @property
    def max_points(self) -> int:
        """All points that can be earned."""
        return sum(property_.points for property_ in self.properties)

    def __call__(self, function: Any, seed: int | None = None) -> "Result":
        """Draw inputs (new ones each time, if no seed is given), call the function, judge: a `Result`."""
        with preserve_random_states():
            cases = self.draw(secrets.randbelow(2**31) if seed is None else seed)
            return self.result(cases, self.call(function, cases), function)

    def result(self, cases: list[Case], outcomes: list[dict], function: Any = None) -> "Result":
        """Judge the outcomes of `call`, in this process or another; `function` is for `Result.or_library` alone."""
        actual = [Outcome.from_json(outcome) for outcome in outcomes]
        errors = [outcome.error for outcome in actual if outcome.error]
        # Without a message, as nbgrader's stub raises it; PyTorch's own say what is not implemented.
        if any((error.type, error.message) == ("NotImplementedError", "") for error in errors):
            return Result(self, "not attempted", [], None, function)
        expected = outcomes_of(self.call, self.oracle, cases) if self.compared else [Outcome()] * len(cases)
        seen = [self.prepare(Seen(*each)) for each in zip(cases, actual, expected, strict=True)]
        if errors:
            stop = f"your code stops at {errors[0].line}, {errors[0].type}: {errors[0].message}"
            findings = [Finding("runs to its end", stop)]
        else:
            findings = self._judge(seen)
        if all(finding.right for finding in findings):
            return Result(self, "right", findings, None, function)
        return Result(self, "not yet", findings, self.recognise(seen), function)

    def _judge(self, seen: list[Seen]) -> list[Finding]:
        findings = []
        for property_ in self.properties:
            finding = Finding(property_.name, property_.judge(seen))
            if property_.required and not finding.right:
                return [finding]
            if property_.points or not finding.right:
                findings.append(finding)
        return findings

    def hint(self, level: int) -> "Hint":
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

    def __repr__(self) -> str:
        return f"{self.title}: {self.text}"

    def _repr_markdown_(self) -> str:
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
    def points(self) -> float:
        """The points earned: those of each property that holds. A wrong shape earns nothing."""
        right = {finding.name: finding.right for finding in self.findings}
        if not right.get("shape", True):
            return 0.0
        return float(sum(property_.points for property_ in self.check.properties if right.get(property_.name)))

    def or_library(self) -> tuple[Any, str]:
        """The student's function if it is right, else the library's; and a sentence that says which."""
        if self.state == "right":
            return self.function, f"Drawn with your own {self.check.name}."
        return self.check.oracle, f"Drawn with the library's {self.check.name}, until yours is right."

    def __repr__(self) -> str:
        return "\n".join([self._headline(), *("  " + line for line in self._body(_plainly))])

    def _repr_markdown_(self) -> str:
        return "\n\n".join([f"**{self._headline()}**", *self._body(_as_markdown)])

    def _headline(self) -> str:
        mark = {"right": "✓", "not yet": "✗", "not attempted": "○"}[self.state]
        return f"{mark} {self.check.name}: {self.state}, {self.points:g} of {self.check.max_points} points"

    def _body(self, quote: Callable[[str], str]) -> Iterator[str]:
        if self.state == "right":
            return
        for finding in self.findings:
            yield f"✓ {finding.name}" if finding.right else f"✗ {finding.name}: {quote(finding.fault)}"
        if self.mistake:
            yield f"It looks like this: {self.mistake.name}. {self.mistake.question}"
        yield f"For a hint: checks.{self.check.name}.hint(1)"


def _plainly(sentence: str) -> str:
    return sentence


def _as_markdown(sentence: str) -> str:
    """A student's own text must not act as Markdown or HTML."""
    return "".join("\\" + letter if letter in "\\`*_{}[]<>#|~$" else letter for letter in sentence)


def outcomes_of(call: Callable, function: Any, cases: list[Case]) -> list[Outcome]:
    """The outcomes that a function of ours has, called in this way."""
    return [Outcome.from_json(outcome) for outcome in call(function, cases)]


def recognise_by(
    sign: Callable[[list[Seen]], Any],
    mistakes: list[Mistake],
    call: Callable,
    *,
    agree: Callable[[Any, Any], bool] = operator.eq,
    kinds: tuple[str, ...] = (),
) -> Callable[[list[Seen]], Mistake | None]:
    """A function for `Check.recognise`: the first mistake of which a way has the sign of what was seen.

    Args:
        sign: what was seen → what tells one mistake from another.
        mistakes: in the order in which they are tried; their ways are called on the same cases.
        call: that of the check.
        agree: (the sign of a way, the student's) → whether they are of the same mistake.
        kinds: of the cases that are looked at; all, if none is named.
    """

    def recognise(seen: list[Seen]) -> Mistake | None:
        seen = [each for each in seen if not kinds or each.case.kind in kinds]
        cases, students = [each.case for each in seen], sign(seen)
        for mistake in mistakes:
            for way in mistake.ways:
                outcomes = outcomes_of(call, way, cases)
                wrong = [each._replace(outcome=outcome) for each, outcome in zip(seen, outcomes, strict=True)]
                if agree(sign(wrong), students):
                    return mistake
        return None

    return recognise


def check_against(
    oracle: Callable,
    mistakes: list[Mistake],
    *,
    name: str,
    points: dict[str, int],
    draw: Callable[[int], list[Case]],
    hints: tuple[str, str, str],
    call: Callable[[Any, list[Case]], list[dict]] = call_function,
    tolerance: float = 1e-4,
) -> Check:
    """A `Check` that compares with an oracle: a slow or borrowed right answer, called on the same cases.

    Args:
        oracle: a right answer that shares no code with vae_lib.
        mistakes: `Mistake`s; one whose outcomes are the student's is recognised.
        points: for each property, of those in `PROPERTIES`.
        tolerance: relative, and a tenth of it absolute; larger where the answer is an estimate by sampling.
    """

    def agree(wrong: list[Seen], seen: list[Seen]) -> bool:
        outcomes, expected = [each.outcome for each in wrong], [each.expected for each in seen]
        return alike(outcomes, [each.outcome for each in seen], tolerance) and not alike(outcomes, expected, tolerance)

    properties = [shared(property_, worth, tolerance) for property_, worth in points.items()]
    recognise = recognise_by(lambda seen: seen, mistakes, call, agree=agree)
    return Check(name, properties, draw, call, recognise, hints, oracle, compared=True)


def tensor_cases(seed: int, make: Callable[[torch.Generator, int], dict[str, Any]]) -> list[Case]:
    """Cases for a function of tensors: three batches of 7, one of them in float64, and a batch of one.

    Args:
        seed: of the draw.
        make: (generator, batch size) → inputs, a dict of float32 tensors and plain values.

    Returns:
        the cases, of the kinds "main" (twice), "one" and "float64".
    """
    generator = torch.Generator().manual_seed(seed)
    main, second, single, double = (make(generator, batch) for batch in (7, 7, 1, 7))
    double = {name: value.double() if is_float(value) else value for name, value in double.items()}
    return [
        Case("main", main, gradients=True, device=True),
        Case("main", second),
        Case("one", single, gradients=True),
        Case("float64", double),
    ]
