"""A real JupyterLab on this machine, and a student's moves in it: what the browser tests and the benchmark share."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Run as root, in a container, and let the browser itself ask nobody for anything.
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
GLIDE = 400  # milliseconds; the explorer takes 250 to go to a new place
NOTIFICATIONS = "@jupyterlab/apputils-extension/notification.jupyterlab-settings"


@contextmanager
def jupyter_lab(folder):
    """JupyterLab on loopback with settings, data and notebooks of its own in `folder`; gives its address with token.

    A second start in the same folder is JupyterLab on the next day: it knows which notebooks it trusts.
    """
    names = ("config", "data", "runtime", "lab_settings", "lab_workspaces")
    places = {name: folder / name for name in names}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    settings = places["lab_settings"] / NOTIFICATIONS
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    own = {f"JUPYTER_{name.upper()}_DIR": str(place) for name, place in places.items() if "lab" not in name}
    own |= {f"JUPYTERLAB_{name[4:].upper()}_DIR": str(place) for name, place in places.items() if "lab" in name}
    token, port = secrets.token_hex(16), free_port()
    options = {
        **{"ServerApp.ip": "127.0.0.1", "ServerApp.port": port, "ServerApp.port_retries": 0},
        **{"ServerApp.root_dir": folder / "work", "IdentityProvider.token": token},
        **{"LabApp.news_url": "", "LabApp.expose_app_in_browser": True},
    }
    (folder / "work").mkdir(exist_ok=True)
    arguments = [f"--{name}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *arguments]
    with (folder / "jupyter.log").open("w") as log:
        server = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_for(f"http://127.0.0.1:{port}/api?token={token}", server, folder / "jupyter.log")
        yield lambda notebook: f"http://127.0.0.1:{port}/lab/tree/{notebook}?reset&token={token}"
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:  # Jupyter's server may hang where a page is just connecting to a kernel
            server.kill()
            server.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, server, log, seconds=180):
    for _ in range(5 * seconds):
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except OSError:
            time.sleep(0.2)
        if server.poll() is not None:
            break
    raise RuntimeError(f"JupyterLab did not start:\n{Path(log).read_text()}")


def wait_for_kernel(page):
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel")


def run_all(page, seconds=300):
    """Click *Run → Run All Cells* and wait until each code cell has its number; cells that failed are returned."""
    wait_for_kernel(page)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    cells = "jupyterapp.shell.currentWidget.content.widgets.filter(w => w.model.type == 'code').map(w => w.model)"
    # An empty selection of cells would count as done: the kernel must have run something, too.
    done = f"() => {{ const cells = {cells}; return cells.length && cells.every(c => c.executionCount); }}"
    page.wait_for_function(done, timeout=1000 * seconds)
    return page.evaluate(f"{cells}.flatMap(c => c.outputs.toJSON()).filter(o => o.output_type == 'error')")


def run_cell(page, cell_id):
    """Run the code cell with this id, and wait for its number."""
    wait_for_kernel(page)
    page.evaluate(
        """async (id) => {
            const { content } = jupyterapp.shell.currentWidget;
            content.activeCellIndex = content.widgets.findIndex(({ model }) => model.id == id);
            await jupyterapp.commands.execute("notebook:run-cell");
        }""",
        cell_id,
    )


def cell_ids(notebook, tag):
    """The ids of the cells with this tag, in order."""
    return [cell.id for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def python(page, code):
    """What `code` prints in the notebook's kernel."""
    return page.evaluate(
        """async (code) => {
            const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
            const future = kernel.requestExecute({ code });
            let printed = "";
            future.onIOPub = ({ header, content }) => { printed += content.text ?? content.ename ?? ""; };
            await future.done;
            return printed;
        }""",
        code,
    )


def pixels(canvas):
    """The 784 grey levels, 0 to 255, of a canvas on the screen."""
    return canvas.evaluate("c => [...c.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 == 0)")


def watched(page):
    """The page, with no JavaScript error, no error in the browser's console and no dialog until its end."""
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: said.type == "error" and errors.append(f"{said.text} {said.location}"))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    yield page
    assert errors == [], errors


def scrolled(page, selector):
    """The widget, on the screen: JupyterLab takes cells that are far away out of the page, and draws them anew."""
    page.evaluate(
        """async (selector) => {
            const { content } = jupyterapp.shell.currentWidget;
            const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
            const find = () => document.querySelector(selector);
            const isOnScreen = ({ top, bottom }) => top < innerHeight && bottom > 0;
            // What it puts back or measures anew on the way moves or replaces the rest: until the widget stays.
            for (let box, tries = 0; tries < 60; tries++) {
                if (box && box === find() && isOnScreen(box.getBoundingClientRect())) break;
                for (let i = 0; i < content.widgets.length && !find(); i++) {
                    await content.scrollToItem(i, "start");
                    await pause(50);
                }
                box = find();
                box?.scrollIntoView({ block: "center" });
                await pause(300);
            }
        }""",
        selector,
    )
    box = page.locator(selector)
    expect(box).to_be_in_viewport()
    return box


def serious(page, selector):
    """What axe-core finds in the widget, serious or critical, but for one fault of ipywidgets' sliders.

    Their handles have no name. noUiSlider gives one if asked to (its issue 1223), but ipywidgets does not ask, and has
    no such argument in Python.
    """
    violations = Axe().run(page, context=selector).response["violations"]
    grave = [v for v in violations if v["impact"] in ("serious", "critical")]
    found = [(v["id"], node["html"]) for v in grave for node in v["nodes"]]
    return [(rule, html) for rule, html in found if not (rule == "aria-input-field-name" and "noUi-handle" in html)]


def assert_shows(box, model, z):
    """The digit in the explorer is what the model decodes from z (D,)."""
    with torch.no_grad():
        expected = 255 * model.decode(z.view(1, -1))[0]
    shown = torch.tensor(pixels(box.locator(".digit")))
    assert (shown - expected).abs().max() <= 1.5  # 1 for the decoder, half for the rounding to a grey level
