"""Calls of modules with given weights."""

from typing import Any

from torch import Tensor
from torch.func import functional_call

from vae_probe.call import call_function
from vae_probe.outcome import Case


def call_module(module_class: Any, cases: list[Case]) -> list[dict]:
    """Call a module of the class; the inputs are its weights, then a batch."""
    return call_function(lambda **inputs: _run(module_class, inputs.popitem()[1], inputs), cases)


def _run(module_class: Any, batch: Tensor, weights: dict[str, Tensor]) -> Any:
    """What a module with these weights returns for a batch, or {"layers": what is wrong with its parameters}."""
    last, *_ = weights.values()
    sizes = batch.shape[1], len(weights["hidden.weight"]), len(last)
    module = module_class(*sizes)
    actual = {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}
    for name, parameter in weights.items():
        if name not in actual:
            return {"layers": f"there is no {name}; your module has {', '.join(actual) or 'no layers'}"}
        if actual[name] != parameter.shape:
            expected = tuple(parameter.shape)
            return {"layers": f"with the sizes {sizes} expected {name} {expected}, yours is {actual[name]}"}
    if more := actual.keys() - weights:
        return {"layers": f"your module has more than was asked for: {', '.join(sorted(more))}"}
    try:
        return functional_call(module, weights, batch)
    except NotImplementedError:  # the layers are there, so the exercise has been begun
        return None
