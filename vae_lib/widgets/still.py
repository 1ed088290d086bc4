"""Still pictures, for widgets and for where no kernel runs; and the scripts that the browser gets."""

import base64
import io
import re
from pathlib import Path

from vae_lib.guards import check_tensor, squares

HERE = Path(__file__).parent


def image_html(x, alt, size=224):
    """An image x (784,) in [0, 1] as an HTML element with a description."""
    check_tensor(x)
    source = base64.b64encode(encode_png(squares(x.reshape(1, -1))[0])).decode()
    style = "image-rendering: pixelated"
    return f'<img alt="{alt}" width="{size}" height="{size}" style="{style}" src="data:image/png;base64,{source}">'


def add_still(widget, still):
    """A widget's mime bundle and that of a still picture as one: where no kernel runs, the picture shows."""
    return widget[0] | still[0], widget[1] | still[1]


def encode_png(x):
    """An image (1, height, width) in [0, 1] as the bytes of a PNG file."""
    from torchvision.transforms.functional import to_pil_image

    buffer = io.BytesIO()
    to_pil_image(x).save(buffer, format="png")
    return buffer.getvalue()


def read_scripts(*names):
    """The text of JavaScript modules as one module, for anywidget takes a single file.

    Args:
        names: of files in this folder, each after those that it imports.
    """
    text = "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)
    return re.sub(r'^import .* from "\./\w+\.js";\n', "", text, flags=re.MULTILINE)
