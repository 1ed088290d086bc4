"""What a check is made of: draw inputs, call the student's function on them, judge what came back.

Only the middle step needs the student's code, and it returns plain data, which JSON can carry; so grading calls in one
process and judges in another.
"""

import base64
import contextlib
import copy
import io
import math
import random
import secrets
import sysconfig
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

LIBRARIES = (str(Path(__file__).parents[1]), *sysconfig.get_paths().values())
# An outcome before anything was seen; `call_function` says what each entry means.
NOTHING = {"value": None, "gradients": {}, "changed": [], "seeded": False, "device": None, "error": None}


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
        name: of the function that the student writes, and of this check in `vae_lib.checks`.
        points: for each property, in the order in which they are shown.
        draw: seed → cases, a list of dicts with "kind" and "inputs".
        call: function, cases → outcomes, as `call_function` gives them; the only step that runs the student's code.
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


# Calling


def call_function(function, cases):
    """Call the student's function on each case and write down what can be seen from outside, as plain data.

    A number under "generator" in the inputs becomes a fresh `torch.Generator` with that seed. A case with
    `"gradients": True` is called once more, to differentiate a weighted sum of what comes back by each floating-point
    input. One with `"device": True` is called on PyTorch's meta device, which stands in for a GPU.

    Returns:
        list of dict: "value"; "gradients", for each input a tensor or None; "changed", the inputs changed in place;
        "seeded", whether a global random state was set; "device", where the result of the call on "meta" is;
        "error", None or its type, message and line.
    """
    return [observe(lambda case=case: _call(function, case)) for case in cases]


def observe(run):
    """The outcome that `run()` returns, or its error; what it prints is dropped, global random states are kept."""
    silent = io.StringIO()
    with (
        contextlib.redirect_stdout(silent),
        contextlib.redirect_stderr(silent),
        warnings.catch_warnings(),
        torch.enable_grad(),
        kept_random_states(),
    ):
        warnings.simplefilter("ignore")
        try:
            return NOTHING | run()
        except (Exception, SystemExit) as error:  # the student's code can raise anything
            return NOTHING | {"error": describe_error(error)}


def describe_error(error):
    """Type and message of an error, and the last line of the student's own code on the way to it."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(LIBRARIES)]
    line = f"line {own[-1].lineno}, {own[-1].line}" if own else "its first line: its arguments do not fit"
    return {"type": type(error).__name__, "message": " ".join(str(error).split())[:300], "line": line}


@contextlib.contextmanager
def kept_random_states():
    """After the block the global random states are what they were before it."""
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        set_random_states(*states)


def set_random_states(torch_state, numpy_state, python_state):
    """Set the global random states of PyTorch, NumPy and Python."""
    torch.set_rng_state(torch_state)
    np.random.set_state(numpy_state)
    random.setstate(python_state)


def _begin(seed):
    states = torch.Generator().manual_seed(seed).get_state(), np.random.RandomState(seed).get_state()
    set_random_states(*states, random.Random(seed).getstate())


def _call(function, case):
    _begin(1)
    inputs = fresh(case["inputs"])
    value = pack(function(**inputs))
    changed = [k for k, old in case["inputs"].items() if k != "generator" and pack(inputs[k]) != pack(old)]
    first = _random_states()
    _begin(2)
    function(**fresh(case["inputs"]))
    # From two beginnings a random state can only come to the same end if the function set it.
    seeded = any(a == b for a, b in zip(first, _random_states(), strict=True))
    outcome = {"value": value, "changed": changed, "seeded": seeded}
    if case.get("gradients"):
        outcome["gradients"] = _gradients(function, fresh(case["inputs"]))
    if case.get("device"):
        outcome["device"] = _device(function, fresh(case["inputs"]))
    return outcome


def fresh(inputs):
    """A copy of the inputs that the student's code may spoil."""
    inputs = copy.deepcopy(inputs)
    if "generator" in inputs:
        inputs["generator"] = torch.Generator().manual_seed(inputs["generator"])
    return inputs


def _random_states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()


def _gradients(function, inputs):
    floats = {name: value.requires_grad_() for name, value in inputs.items() if _is_float(value)}
    # Clones, because PyTorch forbids to change these leaves in place, which costs points elsewhere.
    given = inputs | {name: value.clone() for name, value in floats.items()}
    returned = [out for out in leaves(function(**given)) if _is_float(out) and out.requires_grad]
    if not returned:
        return dict.fromkeys(floats)
    # Weights that differ, so that errors in different places do not cancel.
    total = sum((out * torch.linspace(1, 2, out.numel(), dtype=out.dtype).view_as(out)).sum() for out in returned)
    return dict(
        zip(floats, map(pack, torch.autograd.grad(total, list(floats.values()), allow_unused=True)), strict=True)
    )


def _device(function, inputs):
    moved = {name: value.to("meta") if isinstance(value, torch.Tensor) else value for name, value in inputs.items()}
    try:
        found = {out.device.type for out in leaves(function(**moved)) if isinstance(out, torch.Tensor)}
    except Exception as error:
        # Meta tensors have no values, so right code that looks at one stops; only mixed devices are a fault.
        return "cpu" if "cpu" in str(error) else "meta"
    return "cpu" if "cpu" in found else "meta"


def _is_float(value):
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def leaves(value):
    """What is in nested lists, tuples and dicts, one after the other."""
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list | tuple) else [value]


# Plain data


def pack(value):
    """Numbers, text, None, lists, dicts and tensors as JSON can carry them; of anything else only its type."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, torch.Tensor) and value.device.type == "cpu":
        array = value.detach().as_subclass(torch.Tensor).contiguous().numpy()
        kept = base64.b64encode(array.tobytes()).decode()
        return {"tensor": kept, "dtype": str(array.dtype), "shape": list(array.shape)}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fiub":
        return pack(torch.from_numpy(np.array(value)))
    if isinstance(value, list | tuple | range):
        return [pack(item) for item in value]
    if isinstance(value, dict):
        return {"dict": {str(key): pack(item) for key, item in value.items()}}
    return {"unknown": type(value).__name__}


def unpack(value):
    """The inverse of `pack`; lists for tuples, and for what is unknown its type's name in a dict."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        array = np.frombuffer(base64.b64decode(value["tensor"]), dtype=value["dtype"])
        return torch.from_numpy(array.reshape(value["shape"]).copy())
    if "dict" in value:
        return {key: unpack(item) for key, item in value["dict"].items()}
    return {key: unpack(item) for key, item in value.items()}


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
    double = {name: value.double() if _is_float(value) else value for name, value in double.items()}
    return [
        {"kind": "main", "inputs": main, "gradients": True, "device": True},
        {"kind": "main", "inputs": second},
        {"kind": "one", "inputs": one, "gradients": True},
        {"kind": "float64", "inputs": double},
    ]
