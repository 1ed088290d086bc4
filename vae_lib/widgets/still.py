"""Still pictures, for widgets and for where no kernel runs; and the scripts that the browser gets."""

import base64
import re
from html import escape
from pathlib import Path

from vae_lib.guards import check_tensor, squares
from vae_lib.images import encode_png
from vae_lib.plots import ONLY_READ_ALOUD

from IPython.display import HTML, display
from ipywidgets import DOMWidget

HERE = Path(__file__).parent
VIEW = "application/vnd.jupyter.widget-view+json"
CAPTION = "A still picture, as it was when the cell was run. For the live one, run the cell again."


def image_html(x, alt, size=224):
    """An image x (784,) in [0, 1] as an HTML element with a description."""
    check_tensor(x)
    source = base64.b64encode(encode_png(squares(x.reshape(1, -1))[0, 0])).decode()
    style = "image-rendering: pixelated"
    return (
        f'<img alt="{escape(alt)}" width="{size}" height="{size}" style="{style}" src="data:image/png;base64,{source}">'
    )


def add_still(widget, still):
    """A widget's mime bundle and that of a still picture as one: where no control shows, the picture does."""
    data, metadata = widget[0] | still[0], widget[1] | still[1]
    if displays_itself():
        attributes = {"src": f"data:image/png;base64,{data['image/png']}"} | still[1]["image/png"]
        written = " ".join(f'{name}="{escape(str(value))}"' for name, value in attributes.items())
        data["text/html"] = f"<img {written}><p>{CAPTION}</p>"
    return data, metadata


def displays_itself():
    """Whether ipywidgets is version 7, as on Colab, whose page has one bundle for a widget and no outputs beside it."""
    return hasattr(DOMWidget, "_ipython_display_")


def display_with_still(bundle, metadata):
    """Display a bundle of `add_still` as two outputs: of one, JupyterLab shows the widget, or that it is gone.

    The still follows, and a style that hides it beside a live widget, or what says that the widget is gone.
    """
    if displays_itself():
        raise NotImplementedError  # so IPython takes the one bundle
    still = {name: bundle[name] for name in bundle if name != VIEW}
    display({name: bundle[name] for name in (VIEW, "text/plain") if name in bundle}, raw=True)
    display(still, metadata=metadata, raw=True)
    style = (HERE / "still.css").read_text(encoding="utf-8")
    description = f'<p style="{ONLY_READ_ALOUD}">{escape(still["text/plain"])}</p>'
    display(HTML(f'<style>{style}</style><p class="vae-still">{CAPTION}</p>{description}'))


def read_scripts(*names):
    """The text of JavaScript modules as one module, for anywidget takes a single file.

    Args:
        names: of files in this folder, each after those that it imports.
    """
    text = "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)
    return re.sub(r'^import .* from "\./\w+\.js";\n', "", text, flags=re.MULTILINE)
