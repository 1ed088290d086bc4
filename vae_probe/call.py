"""How a check calls a student's function and observes the call from outside."""

import contextlib
import copy
import io
import random
import sysconfig
import traceback
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vae_probe.outcome import NOTHING, Case, pack

COURSE = Path(__file__).parents[1]
LIBRARIES = (*(f"{COURSE / name}/" for name in ("vae_checks", "vae_lib", "vae_probe")), *sysconfig.get_paths().values())


def call_function(function: Any, cases: list[Case]) -> list[dict]:
    """Call the student's function on each case and write down what can be seen from outside, as plain data.

    A number under "generator" in the inputs becomes a fresh `torch.Generator` with that seed. A case with
    `gradients` is called once more, to differentiate a weighted sum of what comes back by each floating-point input.
    One with `device` is called on PyTorch's meta device, which stands in for a GPU.

    Returns:
        list of dict: "value"; "gradients", for each input a tensor or None; "changed", the inputs changed in place;
        "seeded", whether a global random state was set; "device", where the result of the call on "meta" is;
        "error", None or its type, message and line.
    """
    return [observe(partial(_call, function, case)) for case in cases]


def observe(run: Callable[[], dict]) -> dict:
    """The outcome that `run()` returns, or its error; what it prints is dropped, global random states are kept."""
    silent = io.StringIO()
    with (
        contextlib.redirect_stdout(silent),
        contextlib.redirect_stderr(silent),
        warnings.catch_warnings(),
        torch.enable_grad(),
        preserve_random_states(),
    ):
        warnings.simplefilter("ignore")
        try:
            return NOTHING | run()
        except (Exception, SystemExit) as error:  # the student's code can raise anything
            return NOTHING | {"error": describe_error(error)}


def describe_error(error: BaseException) -> dict[str, str]:
    """Type and message of an error, and the last line of the student's own code on the way to it."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(LIBRARIES)]
    line = f"line {own[-1].lineno}, {own[-1].line}" if own else "its first line: its arguments do not fit"
    return {"type": type(error).__name__, "message": " ".join(str(error).split())[:300], "line": line}


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
    value = pack(function(**inputs))
    changed = [k for k, old in case.inputs.items() if k != "generator" and pack(inputs[k]) != pack(old)]
    first = _random_states()
    _begin(2)
    function(**fresh(case.inputs))
    # From two beginnings a random state can only come to the same end if the function set it.
    seeded = any(a == b for a, b in zip(first, _random_states(), strict=True))
    outcome = {"value": value, "changed": changed, "seeded": seeded}
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
    returned = [out for out in leaves(function(**given)) if is_float(out) and out.requires_grad]
    if not returned:
        return dict.fromkeys(floats)
    total = sum((out * unequal_weights(out)).sum() for out in returned)
    return dict(
        zip(floats, map(pack, torch.autograd.grad(total, list(floats.values()), allow_unused=True)), strict=True)
    )


def _device(function: Any, inputs: dict[str, Any]) -> str:
    moved = {name: value.to("meta") if isinstance(value, torch.Tensor) else value for name, value in inputs.items()}
    try:
        devices = {out.device.type for out in leaves(function(**moved)) if isinstance(out, torch.Tensor)}
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
