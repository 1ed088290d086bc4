"""What a check is made of: draw inputs, call the student's function on them, judge what came back.

Only the middle step, in `vae_probe`, needs the student's code, and it returns plain data, which JSON can carry; so
grading calls in one process and judges in another.
"""

import operator
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from vae_checks.compare import alike
from vae_checks.mistakes import NOTHING, Finding, Mistake, both
from vae_checks.properties import ANY_SIZES, NEGATIVE_SIGMA, Property, Seen, Terms, shared, stop_of
from vae_checks.result import Hint, Result
from vae_checks.shapes import FORM, judge_form, mistake_of_form, reshaped
from vae_checks.waiting import say_if_slow
from vae_probe.call import call_function, is_float, leaves, preserve_random_states
from vae_probe.outcome import Case, Outcome
from vae_probe.watch import matches, stop_at, without_watching

BORROWED = Mistake("a borrowed answer", "How would you work it out, if nobody had written this function before you?")
REFUSED = Mistake(
    "a negative σ refused",
    "The report's σ comes from a linear layer and may be below 0. Where σ is −3: in what would your draws, or your "
    "number, differ from those for 3?",
)
_hints_given: Counter[str] = Counter()  # by exercise, the number of the last hint


class Sealed:
    """A right answer, not for calling by students; `open()` gives it."""

    def __init__(self, answer: Callable) -> None:
        self._answer = answer

    def __repr__(self) -> str:
        return "the course's own answer"

    def open(self) -> Callable:
        """The answer."""
        return self._answer


@dataclass(frozen=True, repr=False)
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
        oracle: a right answer that shares no code with vae_lib; kept as `Sealed`.
        compared: whether properties compare with the outcomes of the oracle.
        prepare: changes what was seen, once, before it is judged and recognised.
        may_stop: kinds of cases in which an error is a fault of the properties that look at them; in any other it is
            the end of the check.
        forbidden: names of functions, modules and packages that an answer must not call, "vae_lib.loss.bce" say; those
            of `vae_checks` always are.
    """

    name: str
    properties: list[Property]
    draw: Callable[[int], list[Case]]
    call: Callable[[Any, list[Case]], list[dict]]
    recognise: Callable[[list[Seen]], Mistake | None]
    hints: tuple[str, str, str]
    oracle: Any
    compared: bool = False
    prepare: Callable[[Seen], Seen] = lambda seen: seen
    may_stop: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.oracle, Sealed):
            object.__setattr__(self, "oracle", Sealed(self.oracle))
        if NEGATIVE_SIGMA.name not in [property_.name for property_ in self.properties]:
            object.__setattr__(self, "properties", [*self.properties, NEGATIVE_SIGMA])

    def __repr__(self) -> str:
        return (
            f"the check of {self.name}: checks.{self.name}({self.name}) judges yours, checks.{self.name}.hint() helps"
        )

    @property
    def max_points(self) -> int:
        """All points that can be earned."""
        return sum(property_.points for property_ in self.properties)

    def __call__(self, function: Any, seed: int | None = None) -> Result:
        """Draw inputs (new ones each time, if no seed is given), call the function, judge: a `Result`."""
        with preserve_random_states(), say_if_slow(self.name):
            cases = self.draw(secrets.randbelow(2**31) if seed is None else seed)
            with stop_at("vae_checks", *self.forbidden):
                outcomes = self.call(function, cases)
            # A print is the student's own; where others judge, it does not stand in the report.
            printed = next(filter(None, (outcome["printed"] for outcome in outcomes)), "")
            return replace(self.result(cases, outcomes, function), printed=printed)

    def result(self, cases: list[Case], outcomes: list[dict], function: Any = None) -> Result:
        """Judge the outcomes of `call`, in this process or another; `function` is for `Result.or_library` alone."""
        actual = [Outcome.from_json(outcome) for outcome in outcomes]
        errors = [outcome.error for outcome in actual if outcome.error]
        # Without a message, as nbgrader's stub raises it; PyTorch's own say what is not implemented.
        if any((error.type, error.message) == ("NotImplementedError", "") for error in errors):
            return Result(self, "not attempted", [], None, function)
        if borrowed := self._borrowed(actual):
            return Result(self, "not yet", [Finding("your own work", borrowed)], BORROWED, function)
        oracle = self.oracle.open()
        expected = outcomes_of(self.call, oracle, cases) if self.compared else [Outcome()] * len(cases)
        seen = [self.prepare(Seen(*each)) for each in zip(cases, actual, expected, strict=True)]
        ends = [outcome.error for case, outcome, _ in seen if outcome.error and case.kind not in self.may_stop]
        findings = [Finding("runs to its end", stop_of(ends[0]))] if ends else self._judge(seen)
        if all(finding.right for finding in findings):
            return Result(self, "right", findings, None, function)
        unread = next(filter(None, (outcome.unread for outcome in actual)), "")
        returned = [leaf for outcome in actual if not outcome.error for leaf in leaves(outcome.value)]
        mistake = NOTHING if returned and all(leaf is None for leaf in returned) else self.recognise(seen)
        if any(outcome.refused for outcome in actual):
            mistake = both(mistake, REFUSED) if mistake else REFUSED
        return Result(self, "not yet", findings, mistake, function, unread=unread)

    def _borrowed(self, actual: list[Outcome]) -> str:
        """What an answer calls that it must not, a sentence; "" if nothing."""
        called = {name for outcome in actual for name in outcome.called}
        for name in ("vae_checks", *self.forbidden):
            if any(matches(each, name) for each in called):
                if name.startswith("vae_"):
                    return f"this calls the course's own {name}; write it yourself, then it is yours to keep"
                return f"this calls {name}, and the exercise asks to do without"
        return ""

    def _judge(self, seen: list[Seen]) -> list[Finding]:
        findings: list[Finding] = []
        for property_ in self.properties:
            broken = [finding.name for finding in findings if not finding.right]
            cause = next((name for name in property_.follows if name in broken), "")
            fault = property_.judge(seen)
            finding = Finding(property_.name, fault, cause if fault else "", property_.remark)
            if property_.required and not finding.right:
                return [*findings, finding]
            if property_.points or fault:
                findings.append(finding)
        return findings

    def hint(self, level: int | None = None) -> Hint:
        """The next hint, or that of level 1, 2 or 3; each says more than the one before."""
        if level is None and _hints_given[self.name] == len(self.hints):
            again = f"The third was the last; checks.{self.name}.hint(1), 2 and 3 show them once more"
            return Hint(f"No more hints for {self.name}", again)
        level = _hints_given[self.name] + 1 if level is None else level
        if level not in (1, 2, 3):
            return Hint(f"No hint {level!r} for {self.name}", f"There are three: begin with checks.{self.name}.hint(1)")
        _hints_given[self.name] = level
        return Hint(f"Hint {level} of 3 for {self.name}", self.hints[level - 1])


def outcomes_of(call: Callable, function: Any, cases: list[Case]) -> list[Outcome]:
    """The outcomes that a function of ours has, called in this way."""
    with without_watching():
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
    parts: tuple[str, ...] = (),
    data: tuple[str, ...] = (),
    caps: dict[str, int] | None = None,
    forbidden: tuple[str, ...] = (),
) -> Check:
    """A `Check` that compares with an oracle: a slow or borrowed right answer, called on the same cases.

    Args:
        oracle: a right answer that shares no code with vae_lib.
        mistakes: `Mistake`s; one whose outcomes are the student's is recognised.
        points: for each property, of those in `PROPERTIES`.
        tolerance: relative, and a tenth of it absolute; larger where the answer is an estimate by sampling.
        parts, data: as in `Terms`.
        caps: for some properties, the most points of an answer without it.
        forbidden: as in `Check`.
    """
    terms = Terms(tolerance, parts, data)

    def recognise(seen: list[Seen]) -> Mistake | None:
        # A slip of the dtype alone says nothing of the mistake.
        seen = [each for each in seen if not (each.outcome.error and each.case.kind == "other dtype")]
        right = alike([each.outcome for each in seen], [each.expected for each in seen], tolerance)
        if right and not any(map(judge_form, seen)):
            return mistake_of_form(seen)

        def makes(way: Callable, each: Seen) -> bool:
            made = reshaped(each._replace(outcome=outcomes_of(call, way, [each.case])[0]))
            return judge_form(made) in ("", judge_form(each)) and alike([made.outcome], [each.outcome], tolerance)

        # Most ways differ in the first case, and are called on no other.
        made = (m for m in mistakes if any(all(makes(way, each) for each in seen) for way in m.ways))
        return next(made, None) or mistake_of_form(seen)

    properties = [shared(property_, worth, terms, (caps or {}).get(property_)) for property_, worth in points.items()]
    properties = [*properties[:1], FORM, *properties[1:]]  # the first is the shape
    check = Check(name, properties, draw, call, recognise, hints, oracle, compared=True, prepare=reshaped)
    looked_at = {"one": "batch of one", "float64": "float64 and device", "other dtype": "dtype", "sizes": ANY_SIZES}
    return replace(
        check, may_stop=tuple(kind for kind, property_ in looked_at.items() if property_ in points), forbidden=forbidden
    )


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
