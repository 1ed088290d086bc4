"""Formulas as pictures in the page itself: a feedback page asks no host, runs no script, and shows what was written."""

import html
import re

from matplotlib import rc_context
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath

SIZE = 10.0  # of the letters, in the units of a picture; on the page they are as tall as the text's
LONGEST = 1_000  # signs of a formula that is drawn; each costs some milliseconds
SIGNS = {
    Outline.MOVETO: "M",
    Outline.LINETO: "L",
    Outline.CURVE3: "Q",
    Outline.CURVE4: "C",
    Outline.CLOSEPOLY: "Z",
}
ENVIRONMENT = re.compile(r"\\(?:begin|end)\{(?:align|aligned|equation|gather|gathered|multline|split)\*?\}")
# What students write and Matplotlib's mathtext has under another name, or does without.
SAME = [
    (r"\\(?:le|leqslant)(?![A-Za-z])", r"\\leq"),
    (r"\\(?:ge|geqslant)(?![A-Za-z])", r"\\geq"),
    (r"\\lt(?![A-Za-z])", "<"),
    (r"\\gt(?![A-Za-z])", ">"),
    (r"\\implies(?![A-Za-z])", r"\\Rightarrow"),
    (r"\\iff(?![A-Za-z])", r"\\Leftrightarrow"),
    (r"\\[lr]Vert(?![A-Za-z])", r"\\Vert"),
    (r"\\[lr]vert(?![A-Za-z])", r"\\vert"),
    (r"\\[bB]igg?[lrm]?(?![A-Za-z])", ""),
    (r"\\(?:middle|limits|nolimits|displaystyle|textstyle|nonumber|notag)(?![A-Za-z])", ""),
    (r"\\[tdc]frac(?![A-Za-z])", r"\\frac"),
    (r"\\text(?:rm|bf|it|normal)(?![A-Za-z])", r"\\text"),
    (r"\\frac\s*(\w)\s*(\w)", r"\\frac{\1}{\2}"),
    (r"\\(mathcal|mathbb|mathbf|mathrm|hat|bar|tilde|vec|sqrt)\s+(\w)", r"\\\1{\2}"),
    (r"\s+", " "),
]


def draw_formula(tex: str, *, block: bool) -> str:
    """The HTML of a formula in TeX, without its dollar signs: a picture, or the TeX itself where it cannot be drawn."""
    if len(tex) > LONGEST:
        return f"<code>{html.escape(tex.strip())}</code>"
    rows = [row.replace("&", " ").strip() for row in re.split(r"\\\\(?:\[\w+\])?", ENVIRONMENT.sub("", tex))]
    try:
        drawn = [_draw_row(row) for row in rows if row]
    except Exception:  # mathtext knows less than LaTeX, and says so in many ways
        drawn = [f"<code>{html.escape(tex.strip())}</code>"]
    if block:
        return "".join(f'<div style="margin: .6em 0; text-align: center">{picture}</div>' for picture in drawn)
    return " ".join(drawn)


def _draw_row(tex: str) -> str:
    source = tex
    for pattern, replacement in SAME:
        source = re.sub(pattern, replacement, source)
    with rc_context({"mathtext.fontset": "stix"}):
        outline = TextPath((0, 0), f"${source.strip()}$", size=SIZE, prop=FontProperties(size=SIZE))
    parts = [
        SIGNS[code] + ("" if code == Outline.CLOSEPOLY else " ".join(f"{x:.1f}" for x in points))
        for points, code in outline.iter_segments()
    ]
    box = outline.get_extents().padded(0.3)
    # The page's y goes down. A height and a place in em let the picture grow with the text around it.
    return (
        f'<svg role="img" aria-label="{html.escape(tex)}" viewBox="{box.x0:.1f} {-box.y1:.1f} {box.width:.1f} '
        f'{box.height:.1f}" fill="currentColor" style="height: {box.height / SIZE:.2f}em; max-width: 100%; '
        f'vertical-align: {box.y0 / SIZE:.2f}em"><path transform="scale(1 -1)" d="{"".join(parts)}"></path></svg>'
    )
