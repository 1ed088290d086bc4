"""Which arguments a student's function never reads, and what of the notebook it reads in their place."""

import dis
import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from vae_probe.watch import is_library

LOADS = ("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF")
BY_NAME = {"locals", "vars", "eval", "exec"}  # functions that read variables unseen


def unread(function: Any) -> str:
    """A sentence on the arguments that a function never reads, or ""; known only of a plain function of a student."""
    if not (places := places_unread(function)):
        return ""
    function = inspect.unwrap(function)
    missing = [function.__code__.co_varnames[place] for place in places]
    outside = _read_outside(_steps(function)) & function.__globals__.keys()
    read = sorted(name for name in outside if _is_data(function.__globals__[name]))
    said = f"Your function does not read {_listed(missing)}"
    if not read:
        return f"{said}."
    what = "a variable" if len(read) == 1 else "variables"
    return f"{said}, but {_listed(read)}, {what} of the notebook."


def places_unread(function: Any) -> list[int]:
    """The places of the arguments that a function never reads; known only of a plain function of a student."""
    function = inspect.unwrap(function) if callable(function) else function
    if not inspect.isfunction(function) or is_library(function.__code__.co_filename):
        return []
    steps = _steps(function)
    if _read_outside(steps) & BY_NAME:
        return []
    # Some versions of Python load two variables in a single step, or store one and load another.
    loaded = {name for step in steps if step.opname.startswith(LOADS) for name in _names(step.argval)}
    loaded |= {step.argval[1] for step in steps if step.opname.startswith("STORE_FAST_LOAD")}
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return [place for place, name in enumerate(names) if name not in loaded]


def _steps(function: FunctionType) -> list[dis.Instruction]:
    return [step for each in _codes(function.__code__) for step in dis.get_instructions(each)]


def _read_outside(steps: list[dis.Instruction]) -> set[str]:
    return {step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of a function, and of those that are defined in it."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _codes(const)


def _names(argval: Any) -> tuple:
    return argval if isinstance(argval, tuple) else (argval,)


def _is_data(value: Any) -> bool:
    return not (inspect.ismodule(value) or inspect.isroutine(value) or inspect.isclass(value))


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(f"`{name}`" for name in names[:-1]), f"`{names[-1]}`"]))
