"""Figures from tensors. Every figure carries its description, `alt`, for those who cannot see it.

Nothing here shows a figure: a notebook shows the one that a cell ends with.
"""

import base64
import io
from html import escape
from itertools import cycle

from vae_lib.files import write
from vae_lib.guards import check_labels, check_rows, check_same_shape, check_whole, squares
from vae_lib.images import tile
from vae_lib.loss import Losses
from vae_lib.pytorch import torch

import numpy as np
from IPython.display import HTML, display
from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by colour-blind readers; every plot adds labels, markers or line styles.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"
# One for each digit; those that lie close in the latent space (4 and 9, 3 and 8, 0 and 5, 2 and 6) differ most.
DIGIT_COLOURS = [
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8C6D00"),
    *("#000000", "#7B2D8E", "#3892CE", "#777777", "#A50026"),
]
# How the two terms of the loss look, wherever they are bars.
TERMS = {"BCE": dict(color=BLUE), "KLD": dict(color="white", edgecolor=ORANGE, hatch="//")}
HATCHES = ["", "//", "..", "xx", "--", "\\\\"]
ONLY_READ_ALOUD = "position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%)"
# In JupyterLab's dark theme a plot is turned over, its hues stay; in all other places the rule chooses nothing.
DARK_PLOT = (
    '<style>@media screen { [data-jp-theme-light="false"] .jp-OutputArea-child:has(+ * .vae-plot) img '
    "{ filter: invert(0.93) hue-rotate(180deg); } }</style>"
)
LINES = [("o", "-", BLUE), ("s", "--", ORANGE), ("^", "-.", GREEN), ("D", ":", "#CC79A7"), ("v", "-", GREY)]


class Picture(Figure):
    """A matplotlib figure with a description, which notebooks keep beside the picture."""

    def __init__(self, width, height, alt):
        super().__init__(figsize=(width, height), layout="constrained")
        self.alt = alt

    def panel(self, *position, title="", xlabel="", ylabel=""):
        """A subplot with a light frame, at matplotlib's (rows, columns, index)."""
        ax = self.add_subplot(*position)
        ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
        ax.spines[["top", "right"]].set_visible(False)
        return ax

    def is_plot(self):
        """Whether the figure holds no grey image: a digit would be spoiled by an inversion."""
        return not any(image.get_cmap().name == "gray" for ax in self.axes for image in ax.images)

    def png(self, dpi):
        """The figure as bytes of a PNG file."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=dpi, metadata={"Description": self.alt})
        return buffer.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None):
        # Twice the pixels for sharp screens; the width says how large to show it.
        data = {"image/png": base64.b64encode(self.png(144)).decode(), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt, "width": round(72 * self.get_figwidth() * 1.25)}}

    def _ipython_display_(self):
        data, metadata = self._repr_mimebundle_()
        display(data, raw=True, metadata=metadata)
        # JupyterLab 4.6 and nbconvert 7.17 pass over the alt text of a PNG output (Jupyter enhancement proposal 120).
        # Until they do not, the description follows as text that only screen readers meet.
        name, rule = (' class="vae-plot"', DARK_PLOT) if self.is_plot() else ("", "")
        display(HTML(f'<p{name} style="{ONLY_READ_ALOUD}">{escape(self.alt)}</p>{rule}'))


def save(picture, path):
    """Write a figure as a PNG file, whole or not at all."""
    write(path, picture.png(144))


def images(x, alt, *, ncols=10, titles=None, rows=None):
    """Images in a grid.

    Args:
        x: (n, 784) in [0, 1].
        alt: what the figure shows, in a sentence.
        ncols: images in a row.
        titles: a short text above each image, or None.
        rows: a label left of each row, or None.
    """
    check_whole(ncols, "ncols", 1)
    ncols = min(ncols, len(squares(x)))
    nrows, gap = -(-len(x) // ncols), 14 if titles else 2
    step, label_width = 28 + gap, 0.11 * max(map(len, rows or [""]))
    picture = Picture(0.02 * (step * ncols + gap) + label_width, 0.02 * (step * nrows + gap), alt)
    show_grid(picture.add_subplot(), x, ncols, gap, titles, rows)
    return picture


def show_grid(ax, x, ncols, gap, titles=None, rows=None):
    """Images x (n, 784) on a panel, `ncols` in a row with `gap` pixels between; titles and rows as for `images`."""
    nrows, step = -(-len(x) // ncols), 28 + gap
    ax.imshow(tile(x, ncols, gap).numpy(), cmap="gray", vmin=0, vmax=1)
    for i, title in enumerate(titles or []):
        ax.text(gap + 14 + step * (i % ncols), step * (i // ncols) + gap - 3, title, ha="center", size=8)
    ax.set(xticks=[], yticks=[step * i + gap + 14 for i in range(nrows)] if rows else [], yticklabels=rows or [])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def density(mu, sigma, eps):
    """z = mu + sigma · eps over the density that it is drawn from, beside eps over its own; three numbers."""
    z = mu + sigma * eps
    titles = [f"ε = {eps} under N(0, 1)", f"z = {mu} + ({sigma}) · ({eps}) = {z:.2f} under N({mu}, σ²)"]
    picture = Picture(9, 2.5, f"Left, {titles[0]}. Right, {titles[1]}.")
    for i, (value, mean, step) in enumerate([(eps, 0.0, 1.0), (z, mu, sigma)]):
        ax = picture.panel(1, 2, i + 1, title=titles[i], xlabel="εz"[i], ylabel=["density", ""][i])
        bell = torch.distributions.Normal(mean, abs(step))
        axis, height = torch.linspace(-3.5, 3.5, 200) + mean, bell.log_prob(torch.tensor(value)).exp().item()
        ax.fill_between(axis, bell.log_prob(axis).exp(), color=BLUE, alpha=0.2)
        for place, name in {mean: "0μ"[i], mean + step: ["1", "μ + σ"][i]}.items():
            ax.axvline(place, ymax=0.86, color=GREY, ls=":")
            ax.text(place, 1.3, name, ha="center", va="bottom")
        ax.plot([value, value], [0, height], color=ORANGE, marker="o", lw=2, clip_on=False)
        ax.set(ylim=(0, 1.5), xlim=(mean - 3.5, mean + 3.5))
    return picture


def snapshot(x, x_hat, samples, losses, title):
    """What a model draws, and its two losses: originals and reconstructions, each (n, 784), samples (n, 784) below."""
    check_same_shape(x=x, x_hat=x_hat, samples=samples)
    what = f"{title}: {len(x)} originals, their reconstructions, {len(samples)} samples"
    picture = Picture(9, 2.3, f"{what}; BCE {losses.bce:.1f} and KLD {losses.kld:.1f} nats per image.")
    left, right = picture.subplots(1, 2, width_ratios=[3, 1])
    show_grid(left, torch.cat([x, x_hat, samples]), len(x), 2, rows=["original", "reconstruction", "sample"])
    left.set_title(title)
    for name, value in {"BCE": losses.bce, "KLD": losses.kld}.items():
        right.bar_label(right.bar(name, value, **TERMS[name]), fmt="%.1f")
    right.set(ylim=(0, max(240, 1.2 * losses.bce, 1.2 * losses.kld)), ylabel="nats per image")
    right.spines[["top", "right"]].set_visible(False)
    return picture


def reconstructions(x, x_hat):
    """Originals x (n, 784) in the top row, their reconstructions x_hat (n, 784) below."""
    check_same_shape(x=x, x_hat=x_hat)
    alt = f"Top row: {len(x)} originals. Bottom row: their reconstructions, each below its original."
    return images(torch.cat([x, x_hat]), alt, ncols=len(x), rows=["original", "reconstruction"])


def loss_curves(history):
    """Total, BCE and KLD of each epoch, training against validation, from a list of `train.Epoch`."""
    if not history:
        raise ValueError("the history is empty: train one epoch or more")
    (first, _), (last, val) = history[0], history[-1]
    alt = (
        f"Total, BCE and KLD over {len(history)} epochs. Training loss {first.loss:.0f} to {last.loss:.0f}; at the end "
        f"validation loss {val.loss:.0f} = {val.bce:.0f} BCE + {val.kld:.0f} KLD, in nats per image."
    )
    picture = Picture(9, 3, alt)
    epochs = range(1, len(history) + 1)
    for i, (name, title) in enumerate(zip(Losses._fields, ["total = BCE + KLD", "BCE", "KLD"], strict=True), 1):
        ax = picture.panel(1, 3, i, title=title, xlabel="epoch", ylabel="nats per image" if i == 1 else "")
        ax.plot(epochs, [getattr(e.train, name) for e in history], color=BLUE, marker=".", label="training")
        ax.plot(epochs, [getattr(e.val, name) for e in history], color=ORANGE, ls="--", marker=".", label="validation")
        ax.legend(frameon=False)
    return picture


def latent_scatter(points, y, explained):
    """Each image as a small digit at its place in the PCA plane.

    Args:
        points: (N, 2).
        y: labels (N,).
        explained: share of the variance that each of the two components holds, (2,).

    Raises:
        TypeError, ValueError: no points (N, 2), or not a label from 0 to 9 for each.
    """
    check_rows(points, 2, "expected points of shape (N, {})", "points")
    check_labels(y, len(points))
    alt = (
        f"{len(points)} images in the plane of the first two principal components ({explained[0]:.1%} and "
        f"{explained[1]:.1%} of the variance). Each point is its digit, a large one is the mean of its class."
    )
    picture = Picture(7.5, 6.5, alt)
    labels = [f"component {i + 1} ({share:.1%} of the variance)" for i, share in enumerate(explained.tolist())]
    ax = picture.panel(xlabel=labels[0], ylabel=labels[1])
    size = 14 if len(points) > 3000 else 36  # so that many do not hide one another
    for digit, colour in enumerate(DIGIT_COLOURS):
        own = points[y == digit]
        ax.scatter(*own.T, marker=f"${digit}$", s=size, lw=0.2, alpha=0.55, color=colour)
        box = dict(boxstyle="circle,pad=0.25", fc="white", ec=colour, lw=1.5)
        if len(own):
            ax.text(*own.mean(dim=0), digit, size=14, weight="bold", ha="center", va="center", bbox=box, zorder=3)
    return picture


def bars(values, alt, *, xlabel="", ylabel="", decimals=1):
    """A bar for each entry of a dictionary label → number, with the number above it."""
    picture = Picture(min(9, 1.6 + 0.95 * len(values)), 3.2, alt)
    ax = picture.panel(xlabel=xlabel, ylabel=ylabel)
    drawn = ax.bar(list(map(str, values)), list(map(float, values.values())), color=BLUE, width=0.65)
    ax.bar_label(drawn, fmt=f"%.{decimals}f", fontsize=9)
    return picture


def ranks(values, alt, *, xlabel="", ylabel=""):
    """A bar for each of the values (n,), in their order, at the places 1 to n."""
    picture = Picture(6.5, 3.2, alt)
    ax = picture.panel(xlabel=xlabel, ylabel=ylabel)
    ax.bar(range(1, len(values) + 1), list(map(float, values)), color=BLUE, width=0.7)
    return picture


def stacked_bars(bars, alt, *, ylabel=""):
    """Bars made of parts, from a dictionary label → {part: number}; a part looks the same in each bar."""
    picture = Picture(min(9, 4 + 1.1 * len(bars)), 3.4, alt)
    ax = picture.panel(ylabel=ylabel)
    parts = list(dict.fromkeys(part for bar in bars.values() for part in bar))
    bottom = dict.fromkeys(bars, 0.0)
    for part, (_, _, colour), hatch in zip(parts, cycle(LINES), cycle(HATCHES), strict=False):
        heights = {label: bar[part] for label, bar in bars.items() if part in bar}
        starts = [bottom[label] for label in heights]
        look = dict(color="white", edgecolor=colour, hatch=hatch) if hatch else dict(color=colour)
        drawn = ax.bar(list(heights), list(heights.values()), bottom=starts, width=0.6, label=part, **look)
        box = dict(fc="white", ec="none", pad=1)
        ax.bar_label(drawn, fmt="%.2f", label_type="center", fontsize=8, bbox=box)
        bottom |= {label: bottom[label] + height for label, height in heights.items()}
    ax.legend(*[entries[::-1] for entries in ax.get_legend_handles_labels()], loc="upper left", bbox_to_anchor=(1, 1))
    return picture


def loss_bars(losses, alt):
    """BCE and KLD of several models as stacked bars, from a dictionary label → `loss.Losses` of floats."""
    picture = Picture(min(9, 2.2 + 1.1 * len(losses)), 3.4, alt)
    ax = picture.panel(ylabel="nats per image")
    labels, bce = list(losses), [entry.bce for entry in losses.values()]
    kld = [entry.kld for entry in losses.values()]
    lower = ax.bar(labels, bce, width=0.6, label="BCE", **TERMS["BCE"])
    upper = ax.bar(labels, kld, bottom=bce, width=0.6, label="KLD", **TERMS["KLD"])
    ax.bar_label(lower, fmt="BCE %.0f", label_type="center", color="white", fontsize=9)
    ax.bar_label(upper, labels=[f"KLD {value:.1f}" for value in kld], fontsize=9, padding=2)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return picture


def lines(x, curves, alt, *, xlabel="", ylabel="", logy=False):
    """Curves over a common x, from a dictionary label → values; each has its own marker and line style."""
    beside = len(curves) > 3  # where the legend would lie on the curves
    picture = Picture(8.5 if beside else 6.5, 3.4, alt)
    ax = picture.panel(xlabel=xlabel, ylabel=ylabel)
    for (label, values), (marker, style, colour) in zip(curves.items(), cycle(LINES), strict=False):
        every = max(1, len(values) // 10)
        ax.plot(x, values, marker=marker, markevery=every, ms=5, ls=style, color=colour, label=label)
    if logy:
        ax.set_yscale("log")
    ax.legend(frameon=False, **(dict(loc="upper left", bbox_to_anchor=(1, 1)) if beside else {}))
    return picture


def histogram(groups, alt, *, xlabel="", ylabel=""):
    """Outlined histograms of one or more sets of numbers in common bins, from a dictionary label → values."""
    picture = Picture(6.5, 3.2, alt)
    ax = picture.panel(xlabel=xlabel, ylabel=ylabel)
    edges = np.histogram_bin_edges(np.concatenate([np.asarray(values) for values in groups.values()]), 40)
    for (label, values), (_, style, colour) in zip(groups.items(), cycle(LINES), strict=False):
        ax.hist(values, bins=edges, histtype="step", lw=1.8, ls=style, color=colour, label=label)
    ax.legend(frameon=False)
    return picture


def table(matrix, alt, *, labels, title=""):
    """A square matrix as a grid of numbers, darker where larger; `labels` name rows and columns."""
    from sklearn.metrics import ConfusionMatrixDisplay

    picture = Picture(6.2, 5.2, alt)
    ax = picture.add_subplot()
    grid = ConfusionMatrixDisplay(torch.as_tensor(matrix).numpy(), display_labels=labels)
    grid.plot(ax=ax, cmap="Blues", values_format=".1f", colorbar=False)
    ax.set(title=title, xlabel="", ylabel="")
    return picture
