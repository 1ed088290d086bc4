"""Outcomes: what was seen of a call, as plain data, which JSON can carry."""

import base64

import numpy as np
import torch

# An outcome before anything was seen; `vae_probe.call.call_function` says what each entry means.
NOTHING: dict = {"value": None, "gradients": {}, "changed": [], "seeded": False, "device": None, "error": None}


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
