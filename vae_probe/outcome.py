"""What goes into a sandbox, cases, and what comes back, outcomes: as plain data, which JSON can carry."""

import base64
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch

LONGEST_PRINT = 1_000  # characters of what a call printed


@dataclass(frozen=True)
class Case:
    """The inputs of a call, and what is to be observed of it besides its value.

    Args:
        kind: by which judges find the case, "main" say.
        inputs: by the names of the function's arguments; a number under "generator" is a seed.
        gradients: whether to differentiate by the inputs.
        device: whether to call on the meta device, too.
        seed: of the global random states or of a small model, where the call needs one.
        optimizer: "SGD" or "Adam", where the call needs one.
    """

    kind: str
    inputs: dict[str, Any]
    gradients: bool = False
    device: bool = False
    seed: int = 0
    optimizer: str = "SGD"


class CallError(NamedTuple):
    """An error of the student's code: type and message, and the student's own line, with its number."""

    type: str
    message: str
    line: str


@dataclass(frozen=True)
class Outcome:
    """What was seen of a call; `vae_probe.call.call_function` says what each entry means."""

    value: Any = None
    gradients: dict[str, Any] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    seeded: bool = False
    varies: bool = False
    moved: bool = True
    device: str | None = None
    error: CallError | None = None
    printed: str = ""
    called: list[str] = field(default_factory=list)
    note: str = ""
    unread: str = ""
    refused: bool = False

    @classmethod
    def from_json(cls, data: Any) -> "Outcome":
        """Read what a way to call has written, all that differs from `NOTHING`; a student's code can have sent it.

        Raises:
            ValueError: it has another shape; other errors where `unpack` cannot read a value.
        """
        if type(data) is not dict:
            raise ValueError("an outcome of another shape")
        data = NOTHING | data
        error = data["error"]
        if not (
            data.keys() == NOTHING.keys()
            and type(data["gradients"]) is dict
            and all(type(data[names]) is list for names in ("changed", "called"))
            and all(type(name) is str for name in (*data["changed"], *data["called"]))
            and all(type(data[fact]) is bool for fact in ("seeded", "varies", "moved", "refused"))
            and all(
                type(data[text]) is str and len(data[text]) <= LONGEST_PRINT for text in ("printed", "note", "unread")
            )
            and data["device"] in (None, "cpu", "meta")
            and (error is None or (type(error) is dict and error.keys() == set(CallError._fields)))
            and all(type(text) is str for text in (error or {}).values())
        ):
            raise ValueError("an outcome of another shape")
        unpacked = {"value": unpack(data["value"]), "gradients": unpack({"dict": data["gradients"]})}
        return cls(**data | unpacked | {"error": error and CallError(**error)})


# An outcome before anything was seen, as JSON can carry it.
NOTHING: dict[str, Any] = asdict(Outcome())


def pack(value: Any) -> Any:
    """Numbers, text, None, lists, dicts, tensors and cases as JSON can carry them; of anything else only its type."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, torch.Tensor) and value.device.type == "cpu":
        try:
            array = value.detach().as_subclass(torch.Tensor).contiguous().numpy()
        except (TypeError, RuntimeError):  # bfloat16 and sparse ones, say
            return {"unknown": f"Tensor of {value.dtype}, {value.layout}"}
        data = base64.b64encode(array.tobytes()).decode()
        return {"tensor": data, "dtype": str(array.dtype), "shape": list(array.shape)}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fiub":
        return pack(torch.from_numpy(np.array(value)))
    if isinstance(value, list | tuple | range):
        return [pack(item) for item in value]
    if isinstance(value, dict):
        return {"dict": {str(key): pack(item) for key, item in value.items()}}
    if isinstance(value, Case):
        return {"case": pack(vars(value))}
    return {"unknown": type(value).__name__}


def unpack(value: Any) -> Any:
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
    if "case" in value:
        return Case(**unpack(value["case"]))
    return {key: unpack(item) for key, item in value.items()}
