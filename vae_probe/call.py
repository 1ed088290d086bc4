"""How a check calls a student's function and observes the call from outside."""

import ast
import contextlib
import copy
import inspect
import io
import linecache
import random
import textwrap
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from types import CodeType
from typing import Any

import numpy as np
import torch

from vae_probe.outcome import LONGEST_PRINT, NOTHING, Case, pack
from vae_probe.unread import unread
from vae_probe.watch import is_library, watch_calls, without_watching

NUMPY = "a NumPy array"  # the note on a value that is one, or has one among its parts
LISTED = "listed numbers"  # the note on a tensor that was made of a list
EXCHANGED = "exchanged parts"  # the note on a value whose parts came in the other order
MORE = "one dimension more"  # the note on a tensor that had dimensions of size 1 beside those asked for
SURPLUS = "surplus parts"  # the note on a value that was the first of several
NAMED = "named"  # the note on parts that came in a dict
ALONE = "alone"  # the note on one part, where several are asked for
LEFT_OVER = "delete this line"  # the message of a NotImplementedError that stands beside an answer

# How PyTorch says that it takes no standard deviation below 0: torch.distributions and torch.normal.
REFUSALS = ("Expected parameter scale", "normal expects")

_unread: ContextVar[list[str] | None] = ContextVar("_unread", default=None)  # what `bind_to` has found
_refusals: ContextVar[list[str] | None] = ContextVar("_refusals", default=None)  # of a σ below 0, where |σ| was given


def call_function(function: Any, cases: list[Case]) -> list[dict]:
    """Call the student's function on each case and write down what can be seen from outside, as plain data.

    A number under "generator" in the inputs becomes a fresh `torch.Generator` with that seed. A case with
    `gradients` is called once more, to differentiate a weighted sum of what comes back by each floating-point input.
    One with `device` is called on PyTorch's meta device, which stands in for a GPU.

    Returns:
        list of dict: "value"; "gradients", for each input a tensor, None or what PyTorch says; "changed", the inputs
        changed in place; "seeded", whether a global random state was set; "varies", whether another global random state
        gives another value; "moved", whether the generator was drawn from, if one was given; "device", where the result
        of the call on "meta" is; "error", None or its type, message and line; "printed", what the first call printed,
        up to `LONGEST_PRINT`; "called", names of functions that are not the student's own; "note", `NUMPY` where an
        array comes back, or what another way to call has to say; "unread", a sentence on arguments that are never read;
        "refused", whether PyTorch took no σ below 0, so that the function was called with |σ| in its place.
    """
    return [observe(partial(_call, function, case)) for case in cases]


def observe(run: Callable[[], dict]) -> dict:
    """The outcome that `run()` returns, or its error, with what was printed and called; random states are kept."""
    printed = _Head()
    said: list[str] = []
    refusals: list[str] = []
    token, other = _unread.set(said), _refusals.set(refusals)
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
        torch.enable_grad(),
        preserve_random_states(),
        watch_calls() as called,
    ):
        warnings.simplefilter("ignore")
        try:
            outcome = run()
        except (Exception, SystemExit) as error:  # the student's code can raise anything
            outcome = {"error": describe_error(error)}
    _unread.reset(token)
    _refusals.reset(other)
    found = {"printed": printed.getvalue(), "called": sorted(called), "unread": next(filter(None, said), "")}
    return NOTHING | found | {"refused": bool(refusals)} | outcome


class _Head(io.StringIO):
    """Keeps the first `LONGEST_PRINT` characters that are written."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, LONGEST_PRINT - self.tell())])
        return len(text)


def describe_error(error: BaseException) -> dict[str, str]:
    """Type and message of an error, and the last line of the student's own code on the way to it."""
    frames = list(traceback.walk_tb(error.__traceback__))
    own = [(frame.f_code, number) for frame, number in frames if not is_library(frame.f_code.co_filename)]
    message, line = " ".join(str(error).split())[:300], "its call"
    if own:
        code, number = own[-1]
        # In a notebook each cell counts its own lines.
        of = f" of {code.co_name}" if code.co_name not in (own[0][0].co_name, "<module>") else ""
        line = f"line {number}{of}, {linecache.getline(code.co_filename, number).strip()}"
        if isinstance(error, NotImplementedError) and not message and not _is_stub(code):
            message = LEFT_OVER
    return {"type": type(error).__name__, "message": message, "line": line}


def _is_stub(code: CodeType) -> bool:
    """Whether a function does nothing yet but raise; also if its source cannot be read."""
    try:
        # `inspect.getsource` would look through all modules first: a fifth of a second in each new process.
        lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
        (function,) = ast.parse(textwrap.dedent("".join(inspect.getblock(lines)))).body
    except (OSError, SyntaxError, ValueError):
        return True
    statements = function.body if isinstance(function, ast.FunctionDef) else []
    given = ("super().__init__()",)  # stands in a class before anything is written
    return all(
        isinstance(each, ast.Raise)
        or (isinstance(each, ast.Expr) and (isinstance(each.value, ast.Constant) or ast.unparse(each) in given))
        for each in statements
    )


def call_with(function: Any, inputs: dict[str, Any]) -> Any:
    """Call with the inputs by place, as the cells of the assignments do.

    A function that takes them as `**inputs` gets them by name: our own do.

    Raises:
        TypeError: it takes another number of arguments, or the same in another order.
    """
    return bind_to(function, inputs)(inputs)


def bind_to(function: Any, inputs: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    """As `call_with`, for many calls with inputs of these names."""
    call = _bind_to(function, inputs)

    def called(inputs: dict[str, Any]) -> Any:
        try:
            return call(inputs)
        except (ValueError, RuntimeError) as error:
            refusals = _refusals.get()
            if refusals is None or "sigma" not in inputs or not str(error).startswith(REFUSALS):
                raise
            refusals.append(str(error))
        return call(inputs | {"sigma": inputs["sigma"].abs()})

    return called


def _bind_to(function: Any, inputs: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    if (said := _unread.get()) is not None and not any(said):
        said.append(unread(function)[:LONGEST_PRINT])
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # it cannot be called, or does not say how
        return lambda inputs: function(*inputs.values())
    with contextlib.suppress(TypeError):
        names = list(signature.bind(*inputs.values()).arguments)
        if names == list(inputs) or sorted(names) != sorted(inputs):
            return lambda inputs: function(*inputs.values())
    if any(each.kind is each.VAR_KEYWORD for each in signature.parameters.values()):
        return lambda inputs: function(**inputs)
    takes = str(signature.replace(return_annotation=signature.empty))[1:-1] or "nothing"
    raise TypeError(f"it is called with {', '.join(inputs)}, by place, and yours takes {takes}")


@contextlib.contextmanager
def preserve_random_states() -> Iterator[None]:
    """After the block the global random states are what they were before it."""
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        set_random_states(*states)


def set_random_states(torch_state: torch.Tensor, numpy_state: Any, python_state: Any) -> None:
    """Set the global random states of PyTorch, NumPy and Python."""
    torch.set_rng_state(torch_state)
    np.random.set_state(numpy_state)
    random.setstate(python_state)


def _begin(seed: int) -> None:
    states = torch.Generator().manual_seed(seed).get_state(), np.random.RandomState(seed).get_state()
    set_random_states(*states, random.Random(seed).getstate())


def _call(function: Any, case: Case) -> dict:
    _begin(1)
    inputs = fresh(case.inputs)
    result = call_with(function, inputs)
    value = pack(result)
    changed = [k for k, old in case.inputs.items() if k != "generator" and pack(inputs[k]) != pack(old)]
    moved = "generator" not in inputs or not torch.equal(
        inputs["generator"].get_state(), fresh(case.inputs)["generator"].get_state()
    )
    first = _random_states()
    with contextlib.redirect_stdout(io.StringIO()), without_watching():  # what the first call printed, called is enough
        _begin(2)
        again = pack(call_with(function, fresh(case.inputs)))
        # From two beginnings a random state can only come to the same end if the function set it.
        seeded = any(a == b for a, b in zip(first, _random_states(), strict=True))
        outcome = {
            "value": value,
            "changed": changed,
            "seeded": seeded,
            "varies": repr(again) != repr(value),
            "moved": moved,
            "note": NUMPY if any(isinstance(leaf, np.ndarray) for leaf in leaves(result)) else "",
        }
        if case.gradients:
            outcome["gradients"] = _gradients(function, fresh(case.inputs))
        if case.device:
            outcome["device"] = _device(function, fresh(case.inputs))
    return outcome


def fresh(inputs: dict[str, Any]) -> dict[str, Any]:
    """A copy of the inputs that the student's code may spoil."""
    inputs = copy.deepcopy(inputs)
    if "generator" in inputs:
        inputs["generator"] = torch.Generator().manual_seed(inputs["generator"])
    return inputs


def _random_states() -> tuple:
    numpy_state: Any = np.random.get_state()
    return torch.get_rng_state().tolist(), numpy_state[1].tolist(), random.getstate()


def _gradients(function: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    floats = {name: value.requires_grad_() for name, value in inputs.items() if is_float(value)}
    # Clones, because PyTorch forbids to change these leaves in place, which costs points elsewhere.
    given = inputs | {name: value.clone() for name, value in floats.items()}
    try:
        returned = [out for out in leaves(call_with(function, given)) if is_float(out) and out.requires_grad]
        if not returned:
            return dict.fromkeys(floats)
        out = torch.cat([out.flatten() for out in returned])  # numbers in a list weigh as they do in a tensor
        by_input = torch.autograd.grad((out * unequal_weights(out)).sum(), list(floats.values()), allow_unused=True)
    except Exception as error:  # only the gradient is missing: the value is there
        said = describe_error(error)
        return dict.fromkeys(floats, f"{said['type']}: {said['message']}")
    return dict(zip(floats, map(pack, by_input), strict=True))


def _device(function: Any, inputs: dict[str, Any]) -> str:
    moved = {name: value.to("meta") if isinstance(value, torch.Tensor) else value for name, value in inputs.items()}
    try:
        devices = {out.device.type for out in leaves(call_with(function, moved)) if isinstance(out, torch.Tensor)}
    except Exception as error:
        # Meta tensors have no values, so right code that looks at one stops; only mixed devices are a fault.
        return "cpu" if "cpu" in str(error) else "meta"
    return "cpu" if "cpu" in devices else "meta"


def is_float(value: Any) -> bool:
    """Whether a value is a tensor of floating-point numbers."""
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def leaves(value: Any) -> list:
    """What is in nested lists, tuples and dicts, one after the other."""
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list | tuple) else [value]


def unequal_weights(z: torch.Tensor) -> torch.Tensor:
    """Weights for a sum of z; they differ, so that errors in different places do not cancel."""
    return torch.linspace(1, 2, z.numel(), dtype=z.dtype).view_as(z)
