"""The lessons' widgets as files that live in a page without a kernel; tools/build_site.py puts them into its pages.

A lesson is not executed whole: only the cells that define what its widget cells use, and those that define what these
use. So a lesson that trains for minutes gives its widgets in seconds, as long as they show shipped runs.
"""

import ast
import base64
import gzip
import io
import itertools
import json
import math
import os
import re
import symtable
from contextlib import redirect_stdout
from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
from PIL import Image

from tools.dark_figures import darkened

LEVELS = 32  # of each colour in a picture; 256 cannot be told from them, and take half as much room again
MAX_FRAMES = 120  # pictures of a `Live` that are stored; with more combinations, every second, third ... value
NOT_STATE = {"layout", "tabbable", "tooltip", "comm", "keys", "log"}  # ipywidgets' own traits
PNG = re.compile(r"data:image/png;base64,([\w+/=]+)")
WIDGET_MODULES = {"vae_lib.widgets", "ipywidgets"}


def lesson_widgets(notebook, folder):
    """The widgets with which a lesson's cells end: {index of the cell: widget}. `folder` is where the lesson runs."""
    code = [cell.source if cell.cell_type == "code" else "" for cell in notebook.cells]
    places = [index for index in range(len(code)) if uses_widgets(code, index)]
    found, here = {}, Path.cwd()
    os.chdir(folder)
    try:
        for place in places:
            names = {"__name__": "__main__", "display": lambda *shown: None}
            value = None
            with redirect_stdout(io.StringIO()):
                for index in needed_cells(code, place):
                    value = run(code[index], names)
            if isinstance(value, ipywidgets.DOMWidget):
                found[place] = value
    finally:
        os.chdir(here)
    return found


def uses_widgets(code, place):
    """Whether a cell calls, or shows, something imported from a module of widgets."""
    imported = {
        alias.asname or alias.name
        for cell in code[: place + 1]
        for node in ast.walk(ast.parse(cell))
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
        if (node.module if isinstance(node, ast.ImportFrom) else alias.name) in WIDGET_MODULES
    }
    body = ast.parse(code[place]).body
    if not body or not isinstance(body[-1], ast.Expr):
        return False
    used = {node.id for node in ast.walk(ast.Module(body, [])) if isinstance(node, ast.Name)}
    return bool(used & imported)


def needed_cells(code, place):
    """The indices, in order, of the cells that define what the cell `place` needs, and of that cell itself."""
    chosen, (_, needed) = [place], definitions_and_uses(code[place])
    for index in reversed(range(place)):
        defined, used = definitions_and_uses(code[index])
        if defined & needed:
            chosen.append(index)
            needed |= used
    return chosen[::-1]


def definitions_and_uses(cell):
    """The module's names that a cell binds, or changes by `name[...] = ` and `name.x = `; and those that it reads."""
    table = symtable.symtable(cell, "cell", "exec")
    defined = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}
    used, tables = set(), [table]
    while tables:
        table = tables.pop()
        top = table.get_type() == "module"
        used |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())}
        tables += table.get_children()
    for node in ast.walk(ast.parse(cell)):
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            while isinstance(node, ast.Subscript | ast.Attribute):
                node = node.value
            defined |= {node.id} if isinstance(node, ast.Name) else set()
    return defined, used


def run(cell, names):
    """Execute a cell as Jupyter does; returns the value of its last line, if that is an expression."""
    body = ast.parse(cell).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
    return last and eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)


def write_widget(widget, name, folder):
    """Write NAME.js, and for a `Live` its pictures NAME-0-3.webp, into `folder`; False if the widget needs Python."""
    if not isinstance(widget, anywidget.AnyWidget):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: value for key, value in widget.get_state().items() if not key.startswith("_")}
    state = {key: value for key, value in state.items() if key not in NOT_STATE}
    frames = {}
    if widget.has_trait("chosen") and widget.has_trait("picture"):
        frames, state["texts"], state["chosen"] = write_frames(widget, name, folder)
        del state["picture"]
    buffers = {key: packed(value) for key, value in state.items() if isinstance(value, bytes | memoryview)}
    stored = {
        "esm": str(widget._esm),
        "css": str(getattr(widget, "_css", "")),  # the playground has a page of its own
        "state": {key: value for key, value in state.items() if key not in buffers},
        "buffers": buffers,
        "frames": frames,
    }
    text = f"vaeWidgets[{json.dumps(name)}] = {json.dumps(stored, ensure_ascii=False)};\n"
    text = PNG.sub(lambda png: f"data:image/webp;base64,{base64.b64encode(webp(picture(png[1]))).decode()}", text)
    (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return True


def html_shown(widget):
    """What the HTML parts of a widget show: the still of a sampler whose sliders need Python."""
    if isinstance(widget, ipywidgets.HTML):
        return widget.value
    return "".join(html_shown(child) for child in getattr(widget, "children", ()))


def packed(data):
    """Bytes as gzip in base64, the same text each time."""
    return base64.b64encode(gzip.compress(bytes(data), mtime=0)).decode()


def write_frames(widget, name, folder):
    """Draw a `Live` for at most MAX_FRAMES positions of its sliders.

    Returns: {"0,3": {"src": file, "dark": file, "alt": text}}, the texts beside the sliders that are left, and where
        they start.
    """
    positions = thinned([len(texts) for texts in widget.texts], widget.chosen)
    start = [kept.index(chosen) for kept, chosen in zip(positions, widget.chosen, strict=True)]
    texts = [[texts[i] for i in kept] for texts, kept in zip(widget.texts, positions, strict=True)]
    frames = {}
    for place in itertools.product(*[range(len(kept)) for kept in positions]):
        widget.chosen = [kept[i] for kept, i in zip(positions, place, strict=True)]
        picture = {key: part for key, part in widget.picture.items() if key != "chosen"}  # which are no places here
        file = f"{name}-{'-'.join(map(str, place))}.webp"
        write_image(picture.pop("src").partition(",")[2], folder / file)
        frames[",".join(map(str, place))] = picture | {"src": file, "dark": dark_name(file)}
    return frames, texts, start


def thinned(lengths, chosen):
    """Positions to keep of lists of these lengths, the chosen ones among them, in at most MAX_FRAMES combinations."""
    steps = [1] * len(lengths)

    def kept():
        return [list(range(c % s, n, s)) for n, c, s in zip(lengths, chosen, steps, strict=True)]

    while math.prod(map(len, kept())) > MAX_FRAMES:
        counts = [len(part) for part in kept()]
        steps[counts.index(max(counts))] += 1
    return kept()


def write_image(png, path):
    """Write a PNG in base64 as NAME.webp and NAME-dark.webp; returns its width and height."""
    image = picture(png)
    for name, shown in {path.name: image, dark_name(path.name): darkened(image)}.items():
        path.with_name(name).write_bytes(webp(shown))
    return image.size


def picture(png):
    """A PNG in base64 as an image."""
    return Image.open(io.BytesIO(base64.b64decode(png)))


def webp(image):
    """A picture as WebP, a third as large as its PNG: with LEVELS of each colour, and else without loss."""
    levels = np.round(np.asarray(image.convert("RGB")) * ((LEVELS - 1) / 255)) * (255 / (LEVELS - 1))
    buffer = io.BytesIO()
    Image.fromarray(levels.round().astype(np.uint8)).save(buffer, "webp", lossless=True, quality=50, method=4)
    return buffer.getvalue()


def dark_name(name):
    """The name of a picture's version for the dark theme."""
    return name.replace(".webp", "-dark.webp")
