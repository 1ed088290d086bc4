"""Calls of functions that read a folder."""

import tempfile
from pathlib import Path
from typing import Any

from torch import Tensor

from vae_probe.call import call_function, call_with
from vae_probe.outcome import Case


def call_folder(function: Any, cases: list[Case]) -> list[dict]:
    """As `call_function`, with a folder, made for each call and deleted after it.

    What is in it stands under "files", in the order in which it is written: relative path → a text, or the pixels of an
    image, bytes (height, width) or, in colour, (height, width, 3). The function gets the folder's path first, then the
    other inputs.
    """

    def in_folder(files: dict[str, Any], **inputs: Any) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                _write(Path(folder, name), content)
            return call_with(function, {"folder": Path(folder)} | inputs)

    return call_function(in_folder, cases)


def _write(path: Path, content: str | Tensor) -> None:
    from PIL import Image  # here, for no other way to call needs it

    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        Image.fromarray(content.numpy()).save(path)
