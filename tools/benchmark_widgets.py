"""Measure in a real JupyterLab how long a student waits: from the key to changed pixels and to the frame with them.

    python -m tools.benchmark_widgets         # about four minutes; needs Chromium, and little else running

Prints a table. A person runs this; no test does. `tests/jupyter_in_browser.py` starts JupyterLab.
"""

import os
import random
import statistics
import tempfile
import time
from pathlib import Path

# One thread for the kernel's PyTorch, as for the tests.
os.environ["OMP_NUM_THREADS"] = "1"

import jupytext
import nbformat
from playwright.sync_api import sync_playwright

from tests.jupyter_in_browser import CHROMIUM, FLAGS, cell_ids, jupyter_lab, run_cell, wait_for_kernel

ROOT = Path(__file__).resolve().parents[1]

MOVES, ROUNDS, DRAG = 40, 3, 60
# Milliseconds between a picture and the next key. The pace matters to what goes through the kernel, because Jupyter's
# server leaves Nagle's algorithm on: after the kernel's "busy", the picture waits until the browser's computer has
# acknowledged that message. On Linux it does so at once after a pause of more than 0.2 s, else often 40 ms later. So at
# the quick pace chance decides, design by design, who waits; with `set_nodelay(True)` in the server nobody does.
PAUSES = {"looks at each picture": 250, "goes on at once": 60}
OUTPUT = """
from IPython.display import display
import matplotlib.pyplot as plt
from ipywidgets import Output
one = FloatSlider(mu[0, dims[0]].item(), min=-3, max=3, description="z")
out = Output()
def draw_figure(change=None):
    z = mu[0].clone()
    z[dims[0]] = one.value
    with out:
        out.clear_output(wait=True)
        figure, ax = plt.subplots(figsize=(3, 3))
        ax.imshow(model.decode(z.unsqueeze(0)).detach().view(28, 28), cmap="gray")
        ax.axis("off")
        plt.close(figure)
        display(figure)
one.observe(draw_figure, names="value")
draw_figure()
HBox([one, out])
"""
# The name, the tag of its cell, what has the focus, where the picture is. Each cell has one output.
DESIGNS = [
    ("Output + new matplotlib figure", "output", ".noUi-handle", ".jupyter-widgets img"),
    ("the student's sampler: HTML + Pillow", "sampler", ".noUi-handle", "img[alt^='the digit']"),
    ("the explorer: anywidget", "explorer", ".pad", ".digit"),
]

# Two moments after each key, the same for all designs. *Pixels*: what one can read out of the picture has changed; a
# canvas has just been drawn on, or a new image has loaded. *Frame*: the first frame begins that shows it. Frames come
# every 16.7 ms, so even a picture that is drawn at once waits for its frame up to 16.7 ms, 8.3 on average.
WATCH = """(selector) => {
    const scratch = new OffscreenCanvas(28, 28).getContext("2d", { willReadFrequently: true });
    const look = () => {
        const element = document.querySelector(selector);
        if (!element || (element.complete !== undefined && !(element.complete && element.naturalWidth))) return null;
        scratch.drawImage(element, 0, 0, 28, 28);
        return String(scratch.getImageData(0, 0, 28, 28).data);
    };
    const bench = { last: look(), asked: null, changed: null, pixels: [], frame: [], frames: [], on: true };
    window.bench = bench;
    bench.look = () => {
        if (!bench.on || bench.asked === null || bench.changed !== null) return;
        const seen = look();
        if (seen && seen !== bench.last) bench.changed = performance.now();
    };
    const frame = () => {
        const begin = performance.now(), seen = look();
        if (seen && seen !== bench.last) {
            bench.last = seen;
            bench.frames.push(begin);
            if (bench.asked !== null) {
                bench.pixels.push((bench.changed ?? begin) - bench.asked); // a frame may come before its "load"
                bench.frame.push(begin - bench.asked);
            }
            bench.asked = bench.changed = null;
        }
        if (bench.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    if (window.benchListens) return;
    window.benchListens = true;
    addEventListener("keydown", (event) => (window.bench.asked = event.timeStamp), true);
    document.addEventListener("load", () => window.bench.look(), true);
    const { putImageData } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.putImageData = function (...image) {
        putImageData.apply(this, image);
        window.bench.look();
    };
}"""

FIRST_PAINT = """async () => {
    const begin = performance.now();
    const painted = new Promise((done) => {
        const frame = () => {
            const context = document.querySelector(".vae-explorer .digit:not(.old)")?.getContext("2d");
            const data = context?.getImageData(0, 0, 28, 28).data ?? [];
            if (data.some((value, i) => value && i % 4 < 3)) done(performance.now() - begin);
            else requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
    });
    document.querySelectorAll(".vae-explorer .digit").forEach((canvas) => canvas.classList.add("old"));
    jupyterapp.commands.execute("notebook:run-cell");
    return painted;
}"""


def main():
    with (
        tempfile.TemporaryDirectory() as folder,
        jupyter_lab(Path(folder)) as address,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser,
    ):
        bench = notebook()
        nbformat.write(bench, Path(folder) / "work" / "bench.ipynb")
        page = browser.new_page(viewport={"width": 1400, "height": 1400})
        page.goto(address("bench.ipynb"))
        wait_for_kernel(page)
        for cell_id in cell_ids(bench, "setup"):
            run_cell(page, cell_id)
        waits, rates = {(name, pace): ([], []) for pace in PAUSES for name, *_ in DESIGNS}, []
        for _ in range(ROUNDS):
            for name, tag, focus, picture in DESIGNS:
                run_cell(page, *cell_ids(bench, tag))
                page.wait_for_selector(picture)
                for pace, pause in PAUSES.items():
                    for known, found in zip(waits[name, pace], key_waits(page, focus, picture, pause), strict=True):
                        known += found
                if focus == ".pad":
                    rates.append(drag_rate(page, picture))
                page.evaluate("jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        paints = [first_paint(page) for _ in range(8)]
    print(f"{ROUNDS} rounds of {MOVES} moves; ms from the key to changed pixels, and to the first frame with them")
    for pace in PAUSES:
        print(f"a student who {pace}:")
        for name, *_ in DESIGNS:
            both = "   ".join(f"median {statistics.median(ms):5.1f}  p95 {p95(ms):5.1f}" for ms in waits[name, pace])
            print(f"  {name:40} {both}")
        slow, student = ([statistics.median(ms) for ms in waits[DESIGNS[i][0], pace]] for i in (0, 1))
        gains = " and ".join(f"{a / b:.2f}" for a, b in zip(slow, student, strict=True))
        print(f"  the student's sampler is {gains} times as quick as Output + matplotlib")
    print(f"pictures a second in a drag of {DRAG} mouse moves: {', '.join(f'{rate:.0f}' for rate in rates)}")
    print(f"first paint of the explorer after its cell starts: {', '.join(f'{ms:.0f}' for ms in paints)} ms")


def notebook():
    """Lesson 07, without its other figures, and the slow design."""
    lesson = jupytext.read(ROOT / "sources" / "lessons" / "07_live_sampling.py")
    cells = [cell for cell in lesson.cells if {"setup", "sampler", "explorer"} & set(cell.metadata.get("tags", []))]
    cells.append(nbformat.v4.new_code_cell(OUTPUT.strip(), metadata={"tags": ["output"]}))
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return made


def key_waits(page, focus, picture, pause):
    """Milliseconds of each move: to changed pixels, and to the first frame with them."""
    page.evaluate(WATCH, picture)
    page.wait_for_function("bench.last")
    page.locator(focus).first.focus()
    for move in range(MOVES):
        page.keyboard.press(("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown")[move // 5 % 4])
        page.wait_for_function("bench.asked === null", polling=20, timeout=20000)
        page.wait_for_timeout(pause + random.random() * 20)  # not in step with the frames
    return page.evaluate("(bench.on = false, [bench.pixels, bench.frame])")


def drag_rate(page, picture):
    """Pictures a second while the mouse goes round the pad, sixty moves in about a second."""
    box = page.locator(".pad").bounding_box()
    x, y, reach = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"] / 3
    page.mouse.move(x, y - reach)
    page.mouse.down()
    page.evaluate(WATCH, picture)
    begin = time.perf_counter()
    for move in range(1, DRAG + 1):
        turn = complex(0, -1) * complex(0, 1) ** (4 * move / DRAG)
        page.mouse.move(x + reach * turn.real, y + reach * turn.imag)
        time.sleep(max(0, begin + move / DRAG - time.perf_counter()))
    seconds = time.perf_counter() - begin
    page.mouse.up()
    return len(page.evaluate("(bench.on = false, bench.frames)")) / seconds


def first_paint(page):
    """Milliseconds from the start of the explorer's cell to the first frame with its picture."""
    page.evaluate(
        """() => {
            const { content } = jupyterapp.shell.currentWidget;
            const wanted = ({ model }) => model.sharedModel.source.includes("explorer = Explorer");
            content.activeCellIndex = content.widgets.findIndex(wanted);
        }"""
    )
    page.wait_for_timeout(500)
    return page.evaluate(FIRST_PAINT)


def p95(values):
    return statistics.quantiles(values, n=20)[-1]


if __name__ == "__main__":
    main()
