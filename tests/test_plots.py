"""The figures: their descriptions, their files, and the numbers that they draw."""

import base64
import html
import inspect
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision.utils
from IPython.core.formatters import DisplayFormatter
from matplotlib.colors import to_rgb
from PIL import Image

from vae_lib import drawings, images, plots
from vae_lib.clinic import load_clinic
from vae_lib.likelihood import CloseUp
from vae_lib.loss import Losses
from vae_lib.rates import Result
from vae_lib.train import Epoch

ALT = "A figure – for tests – of σ and β."
X = torch.rand(6, 784, generator=torch.Generator().manual_seed(0))
X_HAT = torch.rand(6, 784, generator=torch.Generator().manual_seed(1))
HISTORY = [Epoch(Losses(200.0 - n, 170.0 - n, 30.0), Losses(205.0 - n, 174.0 - n, 31.0)) for n in range(4)]
POINTS = torch.randn(50, 2, generator=torch.Generator().manual_seed(2))
Y = torch.arange(50) % 9  # no image of digit 9
EXPLAINED = torch.tensor([0.075, 0.068])
CURVES = {"short": [1, 4, 9], "long": [2, 3, 5]}
MATRIX = torch.arange(9.0).view(3, 3)
# On the square from (1, 2) to (3, 4) the posterior N((2.5, 3), 0.2²), and the encoder's answer N((2, 3.5), 0.1², 0.3²).
Z = torch.cartesian_prod(torch.linspace(1, 3, 41), torch.linspace(2, 4, 41))
BELL = (-0.5 * ((Z - torch.tensor([2.5, 3.0])) / 0.2).square().sum(1)).view(41, 41)
NEAR = CloseUp(BELL, torch.tensor([1.0, 2.0]), 2.0, torch.tensor([2.0, 3.5]), torch.tensor([0.1, 0.3]), -152.0, -150.5)
CURVE = {1: (25.0, 81.0), 4: (8.0, 116.0)}
RESULT = Result([], 116.0, 8.0, torch.ones(3), torch.ones(3), 0.9, 0.5, X_HAT, X_HAT)

FIGURES = {
    "images": lambda: plots.images(X, ALT, ncols=4),
    "images, rows": lambda: plots.images(X, ALT, ncols=3, rows=["upper", "lower"]),
    "images, titles": lambda: plots.images(X, ALT, ncols=4, titles=list("abcdef")),
    "reconstructions": lambda: plots.reconstructions(X, X_HAT),
    "loss_curves": lambda: plots.loss_curves(HISTORY),
    "latent_scatter": lambda: plots.latent_scatter(POINTS, Y, EXPLAINED),
    "bars": lambda: plots.bars({"a": 1.25, "b": 2}, ALT),
    "loss_bars": lambda: plots.loss_bars({"a": Losses(105.5, 78.8, 26.7), "b": Losses(90.0, 60.0, 30.0)}, ALT),
    "lines": lambda: plots.lines([1, 2, 3], CURVES, ALT),
    "lines, log": lambda: plots.lines([1, 2, 3], CURVES, ALT, logy=True),
    "histogram": lambda: plots.histogram(CURVES, ALT),
    "density": lambda: plots.density(1.5, -0.5, 0.8),
    "snapshot": lambda: plots.snapshot(X[:3], X_HAT[:3], X_HAT[3:], Losses(105.5, 78.8, 26.7), "epoch 7"),
    "ranks": lambda: plots.ranks([3, 2, 0.5], ALT),
    "stacked_bars": lambda: plots.stacked_bars({"usual": {"fetch": 1.5, "Adam": 2}, "ours": {"Adam": 0.5}}, ALT),
    "network": drawings.network,
    "points_and_clouds": lambda: drawings.points_and_clouds((POINTS, POINTS), POINTS, Y, ("points", "clouds"), ALT),
    "posteriors": lambda: drawings.posteriors([NEAR, NEAR], X[:2], ALT),
    "rate_and_distortion": lambda: drawings.rate_and_distortion(CURVE, ALT, others={"a mean": (0.1, 206.0)}),
    "case_file": lambda: drawings.case_file(load_clinic()["healthy"], torch.rand(10, 784), "Healthy", "Digits."),
    "one_beta": lambda: drawings.one_beta(CURVE, 4, X[:3], RESULT),
    "table": lambda: plots.table(MATRIX, ALT, labels=list("abc")),
}
figures = pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)


def opened(png):
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


# Every figure.


def test_every_figure_function_is_tested_here():
    drawing = set()
    for module in (plots, drawings):
        public = {
            name for name, thing in vars(module).items() if inspect.isfunction(thing) and not name.startswith("_")
        }
        drawing |= {name for name in public if getattr(module, name).__module__ == module.__name__}
    assert drawing - {"save", "show_grid"} == {name.split(",")[0] for name in FIGURES}


@figures
def test_a_notebook_gets_a_png_and_its_description(draw, monkeypatch):
    picture, shown = draw(), []
    assert isinstance(picture, plots.Picture)
    monkeypatch.setattr(plots, "display", lambda thing, **how: shown.append((thing, how)))
    assert DisplayFormatter().format(picture) == ({}, {})  # what IPython does with the last line of a cell
    (bundle, how), (caption, _) = shown
    metadata = how["metadata"]
    assert html.unescape(re.sub("<style>.*</style>|<.*?>", "", caption.data)) == picture.alt
    assert "position: absolute; width: 1px" in caption.data  # for screen readers only
    assert bundle["text/plain"] == metadata["image/png"]["alt"] == picture.alt
    assert picture.alt.endswith(".")
    png = opened(base64.b64decode(bundle["image/png"]))
    assert png.format == "PNG"
    assert png.size == pytest.approx((144 * picture.get_size_inches()).tolist(), abs=1)
    assert png.text["Description"] == picture.alt
    assert len(png.convert("L").getcolors()) > 2  # not an empty page


def test_figures_without_digits_are_plots(monkeypatch):
    """JupyterLab's dark theme inverts a plot: the rule stands with the caption of each, and of no other figure."""
    shown = []
    monkeypatch.setattr(plots, "display", lambda thing, **how: shown.append(thing))
    for draw in FIGURES.values():
        DisplayFormatter().format(draw())
    captions = [caption.data for caption in shown[1::2]]
    marked = {name for name, caption in zip(FIGURES, captions, strict=True) if 'class="vae-plot"' in caption}
    digits = {"images", "images, rows", "images, titles", "reconstructions", "snapshot", "posteriors", "case_file"}
    assert marked == set(FIGURES) - digits - {"one_beta"}
    assert marked == {name for name, caption in zip(FIGURES, captions, strict=True) if "filter: invert" in caption}


@figures
def test_a_saved_figure_has_its_description(draw, tmp_path):
    picture = draw()
    plots.save(picture, tmp_path / "new" / "folder" / "figure.png")
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["figure.png"]
    assert Image.open(tmp_path / "new" / "folder" / "figure.png").text["Description"] == picture.alt


def test_the_callers_description_is_kept():
    kept = {name for name, draw in FIGURES.items() if draw().alt == ALT}
    assert kept == set(FIGURES) - {
        "reconstructions",
        "loss_curves",
        "latent_scatter",
        "density",
        "snapshot",
        "network",
        "case_file",
        "one_beta",
    }


def test_neither_import_nor_drawing_touches_pyplot():
    code = "import sys; from vae_lib import plots; plots.bars({'a': 1}, 'A bar.').png(72)\n"
    code += "print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


AFTER_A_TABLE = """
import base64
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from vae_lib import drawings, images, plots
shell = InteractiveShell.instance()
table = plots.table(torch.eye(2), "A table.", labels="ab")
for picture in (table, plots.bars({"a": 1}, "A bar.")):
    with capture_output() as captured:
        shell.display_formatter.format(picture)
    print(captured.outputs[0].data["image/png"] == base64.b64encode(picture.png(144)).decode())
"""


def test_after_a_table_a_notebook_still_shows_the_sharp_and_described_picture(tmp_path):
    # scikit-learn imports pyplot for it. If it made a figure there, pyplot would draw all others for the notebook, too.
    done = subprocess.run(
        [sys.executable, "-c", AFTER_A_TABLE],
        # No VIRTUAL_ENV: IPython warns where another environment than its own is activated.
        env={k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV"}
        | {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("True\nTrue\n", "")


# Files.


@pytest.mark.parametrize(
    "save",
    [lambda path: plots.save(plots.bars({"a": 1}, ALT), path), lambda path: images.save_images(X, path)],
    ids=["figure", "images"],
)
def test_a_picture_half_written_leaves_the_old_file(tmp_path, monkeypatch, save):
    write_bytes = Path.write_bytes

    def half(path, content):
        write_bytes(path, content[: len(content) // 2])
        raise KeyboardInterrupt

    (tmp_path / "figure.png").write_bytes(b"old")
    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "figure.png")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"figure.png": b"old"}


def test_saved_images_have_every_pixel_three_times_as_large(tmp_path):
    images.save_images(X, tmp_path / "new" / "grid.png", ncols=4)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["grid.png"]
    grid = np.asarray(Image.open(tmp_path / "new" / "grid.png").convert("L"))
    assert grid.shape == (2 * 87 + 3, 4 * 87 + 3)
    assert (grid[:3] == 255).all()  # the white frame
    for i, x in enumerate(X):
        top, left = 3 + 87 * (i // 4), 3 + 87 * (i % 4)
        tile = grid[top : top + 84, left : left + 84]
        expected = np.floor(x.view(28, 28).numpy() * 255 + 0.5).repeat(3, axis=0).repeat(3, axis=1)
        np.testing.assert_array_equal(tile, expected)


# What the figures draw.


def tile(picture, row, column, gap=2):
    """The image at a place of a grid, as drawn."""
    grid = picture.axes[0].images[0].get_array()
    top, left = (gap + (28 + gap) * place for place in (row, column))
    return torch.tensor(grid[top : top + 28, left : left + 28].data).flatten()


@pytest.mark.parametrize(("n", "ncols", "gap"), [(6, 4, 2), (6, 3, 14), (5, 1, 0), (1, 1, 3), (7, 7, 2)])
def test_images_are_tiled_as_by_torchvision(n, ncols, gap):
    x = torch.cat([X, X_HAT])[:n]
    expected = torchvision.utils.make_grid(x.view(-1, 1, 28, 28), nrow=ncols, padding=gap, pad_value=1)[0]
    if n == 1:  # which torchvision leaves without a frame
        expected = torch.nn.functional.pad(expected, [gap] * 4, value=1)
    assert torch.equal(images.tile(x, ncols, gap), expected)


def test_images_are_drawn_row_by_row():
    picture = plots.images(X, ALT, ncols=4)
    for i, x in enumerate(X):
        assert torch.equal(tile(picture, i // 4, i % 4), x)
    assert picture.axes[0].images[0].get_clim() == (0, 1)  # a dark image stays dark


def test_a_row_that_is_not_full_makes_the_figure_no_wider():
    alone, wide = (plots.images(X, ALT, ncols=ncols) for ncols in (6, 10))
    assert wide.get_size_inches().tolist() == alone.get_size_inches().tolist()


def test_images_of_a_model_with_gradients_are_drawn():
    assert torch.equal(tile(plots.images(X.clone().requires_grad_(), ALT), 0, 0), X[0])


@pytest.mark.parametrize("rows", [None, ["upper", "lower"]])
@pytest.mark.parametrize("titles", [range(6), [f"length {i}0" for i in range(6)]], ids=["digits", "words"])
def test_titles_stand_above_their_images(titles, rows):
    picture = plots.images(X, ALT, ncols=4, titles=titles, rows=rows)
    for i, x in enumerate(X):
        assert torch.equal(tile(picture, i // 4, i % 4, gap=14), x)
    assert [text.get_text() for text in picture.axes[0].texts] == [str(title) for title in titles]
    corners = [(14 + 42 * (i // 4), 14 + 42 * (i % 4)) for i in range(6)]
    assert_titles_stand_above(picture, corners)


def test_the_title_of_a_single_image_stands_above_it():
    picture = plots.images(X[:1], ALT, titles=["a"])
    # Wherever the image is in what is drawn: it is the only part that is not white.
    rows, columns = np.nonzero(picture.axes[0].images[0].get_array() < 1)
    assert_titles_stand_above(picture, [(rows.min(), columns.min())])


def assert_titles_stand_above(picture, corners):
    """Each title is in the middle above the image that starts at its corner (top, left), and touches no other."""
    (ax,) = picture.axes
    picture.canvas.draw()
    boxes = [text.get_window_extent().transformed(ax.transData.inverted()) for text in ax.texts]
    for box, (top, left) in zip(boxes, corners, strict=True):
        # A pixel's centre has a whole number, so an image starts half a pixel before its first pixel's.
        assert (box.x0 + box.x1) / 2 == pytest.approx(left + 13.5, abs=0.75)
        lower, upper = sorted([box.y0, box.y1], reverse=True)  # y grows downwards
        assert top - 14 - 0.5 <= upper < lower <= top - 0.5
        assert left - 7 - 0.5 <= box.x0 < box.x1 <= left + 28 + 7 - 0.5


def test_reconstructions_stand_below_their_originals():
    picture = plots.reconstructions(X, X_HAT)
    for i in range(6):
        assert torch.equal(tile(picture, 0, i), X[i])
        assert torch.equal(tile(picture, 1, i), X_HAT[i])
    assert [label.get_text() for label in picture.axes[0].get_yticklabels()] == ["original", "reconstruction"]
    assert picture.axes[0].get_yticks() == pytest.approx([2 + 13.5, 32 + 13.5], abs=0.75)  # the middle of each row
    assert "6 originals" in picture.alt


def test_loss_curves_are_the_history():
    picture = plots.loss_curves(HISTORY)
    for ax, name in zip(picture.axes, ["loss", "bce", "kld"], strict=True):
        drawn = {line.get_label(): line for line in ax.lines}
        for label, part in (("training", "train"), ("validation", "val")):
            assert list(drawn[label].get_xdata()) == [1, 2, 3, 4]
            assert list(drawn[label].get_ydata()) == [getattr(getattr(epoch, part), name) for epoch in HISTORY]
        assert drawn["training"].get_linestyle() != drawn["validation"].get_linestyle()
    for words in ("over 4 epochs", "Training loss 200 to 197;", "validation loss 202 = 171 BCE + 31 KLD, in nats per"):
        assert words in picture.alt


def test_a_history_of_one_epoch_can_be_seen():
    # A line through one point is nothing without a marker.
    for ax in plots.loss_curves(HISTORY[:1]).axes:
        assert all(line.get_marker() not in (None, "", " ", "None", "none") for line in ax.lines)


def test_each_point_of_the_scatter_is_drawn_as_its_digit():
    picture = plots.latent_scatter(POINTS, Y, EXPLAINED)
    (ax,) = picture.axes
    for digit, drawn in enumerate(ax.collections):
        np.testing.assert_array_equal(drawn.get_offsets(), POINTS[digit == Y])
    for text in ax.texts:
        centroid = POINTS[int(text.get_text()) == Y].mean(dim=0).tolist()
        assert list(text.get_position()) == pytest.approx(centroid)
    assert [text.get_text() for text in ax.texts] == list("012345678")
    assert "component 1 (7.5% of the variance)" in ax.get_xlabel()
    assert "component 2 (6.8% of the variance)" in ax.get_ylabel()
    for words in ("50 images", "7.5% and 6.8%"):
        assert words in picture.alt


def test_bars_have_their_heights_and_numbers():
    (ax,) = plots.bars({"a": torch.tensor(1.25), 7: 2}, ALT, decimals=2, xlabel="model", ylabel="nats").axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("model", "nats")
    assert [bar.get_height() for bar in ax.patches] == [1.25, 2]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "7"]
    assert [text.get_text() for text in ax.texts] == ["1.25", "2.00"]


def test_loss_bars_stack_the_kld_on_the_bce():
    (ax,) = FIGURES["loss_bars"]().axes
    drawn = [number for bar in ax.patches for number in (bar.get_y(), bar.get_height())]
    assert drawn == pytest.approx([0, 78.8, 0, 60, 78.8, 26.7, 60, 30])
    assert [text.get_text() for text in ax.texts] == ["BCE 79", "BCE 60", "KLD 26.7", "KLD 30.0"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]


def test_ranks_are_bars_in_the_order_given():
    (ax,) = plots.ranks(torch.tensor([3, 2, 0.5]), ALT, xlabel="rank", ylabel="nats").axes
    assert [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in ax.patches] == [(1, 3), (2, 2), (3, 0.5)]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("rank", "nats")


def test_the_parts_of_a_stacked_bar_stand_on_one_another_and_look_alike_in_each_bar():
    (ax,) = FIGURES["stacked_bars"]().axes
    fetch, usual, ours = ax.patches
    assert [(bar.get_y(), bar.get_height()) for bar in (fetch, usual, ours)] == [(0, 1.5), (1.5, 2), (0, 0.5)]
    assert usual.get_hatch() == ours.get_hatch() != fetch.get_hatch()
    assert usual.get_facecolor() == ours.get_facecolor()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Adam", "fetch"]  # as they lie


def test_the_two_terms_look_alike_in_every_figure():
    def look(bar):
        return bar.get_facecolor(), bar.get_edgecolor(), bar.get_hatch()

    bce, kld = FIGURES["snapshot"]().axes[1].patches
    stacked = FIGURES["loss_bars"]().axes[0].patches
    assert {look(bar) for bar in stacked[:2]} == {look(bce)}
    assert {look(bar) for bar in stacked[2:]} == {look(kld)}


def test_a_posterior_ends_where_a_gaussian_has_three_standard_deviations():
    figure = drawings.posteriors([NEAR], X[:1], ALT)
    image, plane = figure.axes
    assert image.get_title() == "gap 1.5"
    (shades,) = [thing for thing in plane.collections if thing.get_paths()]
    outline = np.concatenate([path.vertices for path in shades.get_paths() if len(path.vertices)])
    np.testing.assert_allclose(outline.min(axis=0), [2.5 - 0.6, 3 - 0.6], atol=0.02)
    np.testing.assert_allclose(outline.max(axis=0), [2.5 + 0.5, 3 + 0.6], atol=0.02)  # the square ends at 3
    (ellipse,) = plane.patches
    assert ellipse.center == pytest.approx((2.0, 3.5))
    assert (ellipse.width, ellipse.height) == pytest.approx((0.4, 1.2))


def test_the_line_at_a_point_falls_by_beta():
    for figure in (drawings.rate_and_distortion(CURVE, ALT), drawings.one_beta(CURVE, 4, X[:3], RESULT)):
        lines = [line.get_xydata() for line in figure.axes[0].lines if line.get_color() == plots.ORANGE]
        for (rate, distortion), beta in zip(list(CURVE.values())[-len(lines) :], [1, 4][-len(lines) :], strict=True):
            (left, high), (right, low) = lines.pop(0)
            assert (high - low) / (right - left) == pytest.approx(beta)
            assert ((left + right) / 2, (high + low) / 2) == pytest.approx((rate, distortion))
        assert lines == []
    assert "β = 4: rate 8.0, distortion 116.0 nats. 50% of the samples" in figure.alt


def test_the_drawing_of_the_network_has_its_sizes_and_an_arrow_for_each_step():
    (ax,) = drawings.network(12, 7, 3).axes
    texts = [text.get_text() for text in ax.texts]
    for box in ("x\n12", "h\n7", "μ\n3", "σ\n3", "z\n3", "ε\n3", "logits\n12", "x̂\n12"):
        assert box in texts
    assert sum(text.arrow_patch is not None for text in ax.texts if hasattr(text, "arrow_patch")) == 9


def test_clouds_are_ellipses_of_one_standard_deviation():
    left, right = FIGURES["points_and_clouds"]().axes
    assert len(left.patches) == 0
    sizes = {(tuple(e.get_center()), e.get_width(), e.get_height()) for e in right.patches}
    expected = {((x, y), 2 * abs(x), 2 * abs(y)) for x, y in POINTS.tolist()}
    np.testing.assert_allclose(sorted([*c, w, h] for c, w, h in sizes), sorted([*c, w, h] for c, w, h in expected))


def test_ten_digits_have_ten_colours():
    assert len(set(plots.DIGIT_COLOURS)) == 10
    for colour in plots.DIGIT_COLOURS:
        assert 1.05 / (luminance(to_rgb(colour)) + 0.05) >= 3  # the contrast that WCAG 2 asks of signs, on white


def test_a_density_is_a_bell_with_the_sample_on_it():
    picture = plots.density(1.5, -0.5, 0.8)
    for ax, mean, sigma, value in zip(picture.axes, [0, 1.5], [1, 0.5], [0.8, 1.1], strict=True):
        height = np.exp(-(((value - mean) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))
        dot = ax.lines[-1].get_xydata()
        np.testing.assert_allclose(dot, [[value, 0], [value, height]], rtol=1e-5)
        bell = ax.collections[0].get_paths()[0].vertices
        assert bell[:, 1].max() == pytest.approx(1 / (sigma * np.sqrt(2 * np.pi)), rel=1e-2)
    assert [text.get_position()[0] for text in picture.axes[1].texts] == [1.5, 1.0]  # μ and μ + σ
    assert "ε = 0.8 under N(0, 1)" in picture.alt
    assert "z = 1.5 + (-0.5) · (0.8) = 1.10 under" in picture.alt


def test_a_snapshot_shows_images_and_losses():
    picture = FIGURES["snapshot"]()
    for i in range(3):
        assert torch.equal(tile(picture, 0, i), X[i])
        assert torch.equal(tile(picture, 1, i), X_HAT[i])
        assert torch.equal(tile(picture, 2, i), X_HAT[3 + i])
    left, right = picture.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["original", "reconstruction", "sample"]
    assert [bar.get_height() for bar in right.patches] == [78.8, 26.7]
    assert right.patches[0].get_hatch() != right.patches[1].get_hatch()
    assert "epoch 7: 3 originals" in picture.alt
    assert "BCE 78.8 and KLD 26.7 nats per image." in picture.alt


def test_a_snapshot_leaves_room_for_a_loss_of_any_size():
    for kld, top in ((26.7, 240), (809.0, 1.2 * 809)):
        right = plots.snapshot(X, X_HAT, X, Losses(100.0, 80.0, kld), "a").axes[1]
        assert right.get_ylim() == pytest.approx((0, top))


def test_lines_are_the_curves_with_their_labels():
    (ax,) = plots.lines([1, 2, 4], CURVES, ALT, xlabel="β", ylabel="nats").axes
    assert {line.get_label(): list(line.get_ydata()) for line in ax.lines} == CURVES
    assert [list(line.get_xdata()) for line in ax.lines] == [[1, 2, 4]] * 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(CURVES)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("β", "nats")
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "linear")


def test_a_logarithmic_axis_is_there_for_those_who_ask():
    (ax,) = FIGURES["lines, log"]().axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "log")


def test_histograms_count_the_values():
    groups = {"a": torch.tensor([0.0, 1, 1, 1, 4]), "b": POINTS[:, 0]}
    (ax,) = plots.histogram(groups, ALT, xlabel="length", ylabel="images").axes
    both = np.concatenate([values.numpy() for values in groups.values()])
    for drawn, (label, values) in zip(ax.patches, groups.items(), strict=True):
        counts, edges = np.histogram(values, 40, range=(both.min(), both.max()))  # heights can only be compared so
        steps = drawn.get_xy()[1:-1]  # each bin's two upper corners, between a foot on either side
        np.testing.assert_array_equal(steps[:, 1], counts.repeat(2))
        np.testing.assert_allclose(steps[::2, 0], edges[:-1], atol=1e-6)
        assert drawn.get_label() == label
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("length", "images")


@pytest.mark.parametrize("draw", [lambda groups: plots.lines([1, 2], groups, ALT), lambda g: plots.histogram(g, ALT)])
def test_no_curve_is_dropped_without_a_word(draw):
    many = {f"curve {i}": [i, i + 1] for i in range(7)}
    (ax,) = draw(many).axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(many)


def test_colour_never_carries_meaning_alone():
    looks = [
        (line.get_marker(), line.get_linestyle())
        for line in plots.lines([1], {i: [i] for i in range(5)}, ALT).axes[0].lines
    ]
    assert len(set(looks)) == 5
    lower, *_, upper = FIGURES["loss_bars"]().axes[0].patches
    assert lower.get_hatch() != upper.get_hatch()


def test_a_table_shows_its_numbers_and_labels():
    (ax,) = plots.table(MATRIX, ALT, labels=list("abc"), title="distances").axes  # no colour bar beside it
    assert [text.get_text() for text in ax.texts] == [f"{number}.0" for number in range(9)]
    assert [text.get_position() for text in ax.texts] == [(j, i) for i in range(3) for j in range(3)]
    np.testing.assert_array_equal(ax.images[0].get_array(), MATRIX)
    for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert [label.get_text() for label in labels] == list("abc")
    # scikit-learn would write "Predicted label" and "True label".
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("distances", "", "")


def test_the_numbers_of_a_table_can_be_read_on_their_colours():
    (ax,) = FIGURES["table"]().axes
    drawn = ax.images[0]
    cells = [luminance(drawn.to_rgba(value)[:3]) for value in (0, 8)]
    assert cells[0] > cells[1]  # darker where larger
    for cell, text in zip(cells, (ax.texts[0], ax.texts[8]), strict=True):
        lower, upper = sorted([cell, luminance(to_rgb(text.get_color()))])
        assert (upper + 0.05) / (lower + 0.05) >= 4.5  # the contrast that WCAG 2 asks of text


def luminance(rgb):
    """WCAG 2's relative luminance of a colour."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


def test_the_legend_of_many_curves_stands_beside_them():
    picture = plots.lines([1, 2], {f"curve {i}": [i, i + 1] for i in range(5)}, ALT)
    (ax,) = picture.axes
    picture.canvas.draw()
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1


@pytest.mark.parametrize("draw", [lambda x: plots.images(x, ALT), lambda x: images.save_images(x, "never.png")])
@pytest.mark.parametrize(
    ("x", "error", "sentence"),
    [
        (
            X[0],
            ValueError,
            r"expected images of shape \(n, 784\), got \(784,\): make it a batch of one with x.unsqueeze",
        ),
        (X.view(-1, 28, 28), ValueError, r"got \(\d+, 28, 28\): flatten them with x.flatten\(1\)"),
        (X[:0], ValueError, "there is no image to draw: pass one or more"),
        ([X[0], X[1]], TypeError, r"x should be a tensor, got list: make it one with torch.as_tensor\(x\)"),
    ],
)
def test_what_are_no_images_is_a_sentence(tmp_path, monkeypatch, draw, x, error, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=sentence):
        draw(x)
    assert list(tmp_path.iterdir()) == []


def test_a_history_without_an_epoch_is_a_sentence():
    with pytest.raises(ValueError, match="the history is empty: train one epoch or more"):
        plots.loss_curves([])
