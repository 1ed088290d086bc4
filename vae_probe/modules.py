"""Calls of modules with given weights."""

import itertools
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from vae_probe.call import call_function, describe_error
from vae_probe.outcome import LONGEST_PRINT, Case

# By what is in its name a layer is taken for one of the two heads, where it has not the name that was asked for.
SIGNS = {"hid_mu": ("mu", "mean"), "hid_sigma": ("sig", "std", "var")}

# Notes on a module that is run all the same, as if it were as asked for.
FIXED = "the layers have sizes of their own, whatever is asked for"
REORDERED = "__init__ takes the sizes in another order than asked for"
OF_THE_NOTEBOOK = "forward counts on the sizes of the notebook, whatever is asked for"
PICTURES = "forward gives pictures of 28 × 28, where rows are asked for"
WITHOUT_BIAS = "bias=False leaves out what a linear layer adds"
MADE = "the layers are made"  # whatever `forward` then does


def call_module(module_class: Any, cases: list[Case]) -> list[dict]:
    """Call a module of the class; the inputs are its weights, the last layer's first, then a batch.

    The value is what comes back, or {"layers": what is wrong with its layers}, or {"forward": that it is not written}.
    Where the layers are right, the "note" has `MADE`; and where they have other names, no bias, or sizes that are not
    those asked for, it says so; where these are larger, zeros fill the weights up. So they do where `forward` stops but
    with the sizes of the notebook.
    """
    return [_call_once(module_class, case) for case in cases]


def _call_once(module_class: Any, case: Case) -> dict:
    notes: set[str] = set()
    (outcome,) = call_function(lambda **inputs: _run(module_class, inputs.popitem()[1], inputs, notes), [case])
    return outcome | {"note": "; ".join(sorted(notes))[:LONGEST_PRINT]}


def _run(module_class: Any, batch: Tensor, weights: dict[str, Tensor], notes: set[str]) -> Any:
    last, *_ = weights.values()
    sizes = batch.shape[1], len(weights["hidden.weight"]), len(last)
    if isinstance(module_class, nn.Module):
        return {"layers": "expected the class itself, not a module that was made from it"}
    module = module_class(*sizes)
    if not isinstance(module, nn.Module):
        return {"layers": "expected a class of modules, which begins with class …(nn.Module)"}
    expected = {name: tuple(value.shape) for name, value in reversed(weights.items())}
    other_sizes, note = _other_sizes(module_class, sizes, expected, _shapes(module))
    if note:
        module = module_class(*other_sizes)
        notes.add(note)
    if _add_biases(module):
        notes.add(WITHOUT_BIAS)
    actual = _shapes(module)
    if FIXED in notes:
        weights = {name: _padded(value, actual[name]) for name, value in weights.items()}
        batch = _padded(batch, (len(batch), actual["hidden.weight"][1]))
        expected = actual
    names = _match(expected, actual)
    if names is None:
        return {"layers": _mismatch(expected, actual, sizes)}
    more = [layer for layer in _layers(actual) if layer not in _layers(expected)]
    # Buffers stand in the state dict, too, from which the cells below load trained weights.
    if more := [*more, *(name for name in module.state_dict() if name not in actual)]:
        asked, yours = (", ".join(_layers(weights)) for weights in (expected, actual))
        notes.add(
            f"beside those asked for, you have {', '.join(more)}"
            if actual.items() >= expected.items()
            else f"expected {asked}, yours are {yours}"
        )
    notes.add(MADE)
    module.to(batch.device)
    try:
        returned = _forward(module, names, weights, batch)
    except NotImplementedError as error:
        if describe_error(error)["message"]:
            raise
        return {"forward": "the layers are all there; forward is not written yet"}
    except RuntimeError:
        returned, note = _of_the_notebook(module_class, names, weights, batch)
        if not note:
            raise
        notes.add(note)
    return _cut(returned, sizes[2]) if notes & {FIXED, PICTURES, OF_THE_NOTEBOOK} else returned


def _forward(module: nn.Module, names: dict[str, str], weights: dict[str, Tensor], batch: Tensor) -> Any:
    # Not tied: of two names of one layer, the weights of the second count.
    given = {names[name]: value for name, value in weights.items()}
    return functional_call(module, given, batch, tie_weights=False)


def _of_the_notebook(
    module_class: Any, names: dict[str, str], weights: dict[str, Tensor], batch: Tensor
) -> tuple[Any, str]:
    """What a module with the notebook's sizes returns, a row for each image, and a note; "" if it stops, too."""
    try:
        module = module_class(784, 400, 784).to(batch.device)  # as large as the encoder, and as the decoder
        shapes = _shapes(module)
        larger = {name: _padded(value, shapes[names[name]]) for name, value in weights.items()}
        returned = _forward(module, names, larger, _padded(batch, (len(batch), 784)))
    except Exception:  # the first one is told
        return None, ""
    pictures = isinstance(returned, Tensor) and returned.shape[-2:] == (28, 28)
    return (returned.flatten(1), PICTURES) if pictures else (returned, OF_THE_NOTEBOOK)


def _shapes(module: nn.Module) -> dict[str, tuple]:
    return {name: tuple(parameter.shape) for name, parameter in module.named_parameters(remove_duplicate=False)}


def _add_biases(module: nn.Module) -> bool:
    """Give a bias to each linear layer that has none; whether there was one."""
    without = False
    for layer in module.modules():
        if isinstance(layer, nn.Linear) and layer.bias is None:
            layer.bias, without = nn.Parameter(torch.zeros(layer.out_features)), True
    return without


def _other_sizes(
    module_class: Any, sizes: tuple, expected: dict[str, tuple], actual: dict[str, tuple]
) -> tuple[tuple, str]:
    """Sizes with which the class has the layers that it should have, and why it takes others, a note; else (), ""."""
    asked = {name: shape for name, shape in expected.items() if name in actual}
    if "hidden.weight" not in asked or actual.items() >= asked.items():
        return (), ""
    own = {n: m for name, shape in asked.items() for n, m in zip(shape, actual[name], strict=False) if n != m}
    larger = tuple(own.get(n, n) for n in sizes)
    fixed = {name: tuple(own.get(n, n) for n in shape) for name, shape in asked.items()}
    if all(m > n for n, m in own.items()) and _shapes(module_class(*larger)).items() >= fixed.items():
        return larger, FIXED
    orders = (
        order for order in itertools.permutations(sizes) if _shapes(module_class(*order)).items() >= asked.items()
    )
    order = next(orders, ())
    return order, REORDERED if order else ""


def _padded(values: Tensor, shape: tuple) -> Tensor:
    """The values with zeros after them, up to a larger shape: in a ReLU network they change nothing."""
    pairs = [(0, more - n) for n, more in zip(values.shape, shape, strict=True)]
    return F.pad(values, [n for pair in reversed(pairs) for n in pair])


def _cut(returned: Any, size: int) -> Any:
    """The first numbers of each row of what a padded module returns."""
    if isinstance(returned, list | tuple):
        return [_cut(part, size) for part in returned]
    return returned[..., :size] if isinstance(returned, Tensor) and returned.ndim else returned


def _match(expected: dict[str, tuple], actual: dict[str, tuple]) -> dict[str, str] | None:
    """For each weight that was asked for, the name of the one that stands for it; None if the layers are others."""
    if actual.items() >= expected.items():
        return {name: name for name in expected}
    free, names = _layers(actual), dict[str, str]()
    for layer, shapes in _layers(expected).items():
        alike = [name for name in free if free[name] == shapes]
        if not alike:
            return None
        chosen = max(alike, key=lambda name: _likeness(layer, name))  # the first of those that are equally alike
        del free[chosen]
        names |= {f"{layer}.{kind}": f"{chosen}.{kind}".removeprefix(".") for kind in shapes}
    return names


def _layers(weights: dict[str, tuple]) -> dict[str, dict[str, tuple]]:
    """The shapes of weight and bias by the names of their layers."""
    layers: dict[str, dict[str, tuple]] = {}
    for name, shape in weights.items():
        layer, _, kind = name.rpartition(".")
        layers.setdefault(layer, {})[kind] = shape
    return layers


def _likeness(layer: str, name: str) -> int:
    """How much the name of a layer speaks for one that was asked for: 2, 1, 0, or −1 if it speaks for another."""
    if name == layer:
        return 2
    of = {head for head, signs in SIGNS.items() if any(sign in name.lower() for sign in signs)}
    return 1 if layer in of else -1 if of else 0


def _mismatch(expected: dict[str, tuple], actual: dict[str, tuple], sizes: tuple) -> str:
    """The first weight that is not there, or has another size."""
    for name, shape in expected.items():
        if name not in actual:
            return f"there is no {name}; your module has {', '.join(actual) or 'no layers'}"
        if actual[name] != shape:
            return f"with the sizes {sizes} expected {name} {shape}, yours is {actual[name]}"
    raise AssertionError("they match")
