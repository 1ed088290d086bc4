"""What several files of tests use: MNIST, codes of the shipped model, a browser, a lesson in JupyterLab, a database."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect, sync_playwright

from tests.jupyter_in_browser import (
    CHROMIUM,
    FLAGS,
    GLIDE,
    cell_ids,
    free_port,
    jupyter_lab,
    run_all,
    run_cell,
    scrolled,
    watched,
)
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def mnist(tmp_path_factory):
    return load_tensors(root=tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        verdict = pytest.fail if "VAE_BROWSER_REQUIRED" in os.environ else pytest.skip
        verdict("skipped: no browser")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser:
        yield browser


@pytest.fixture
def page(browser):
    """A page with no network."""
    with browser.new_context(offline=True) as context:
        yield from watched(context.new_page())


@pytest.fixture(scope="session")
def encoded():
    model, _ = load_trained()
    _, val_set, _ = load_tensors()
    return model, *encode(model, val_set.x), val_set.y


@pytest.fixture(scope="session")
def lesson(browser, tmp_path_factory):
    """Opens a lesson in JupyterLab and runs its cells, all or those with a tag, once; the page stays open for all."""
    folder, opened = tmp_path_factory.mktemp("jupyter"), {}
    shutil.copytree(ROOT / "notebooks", folder / "work", ignore=shutil.ignore_patterns("runs", "*.py", ".*"))
    with jupyter_lab(folder) as address, browser.new_context(viewport={"width": 1400, "height": 1000}) as context:

        def run(name, tag=None):
            if name not in opened:
                watching = watched(context.new_page())
                page = next(watching)
                opened[name] = page, watching
                page.goto(address(f"{name}.ipynb"))
                if tag:
                    notebook = nbformat.read(folder / "work" / f"{name}.ipynb", as_version=4)
                    for cell_id in cell_ids(notebook, tag):
                        run_cell(page, cell_id)
                else:
                    assert run_all(page) == []
            page, _ = opened[name]
            page.bring_to_front()
            return page

        yield run
        for page, watching in opened.values():
            assert page.locator(".jp-Dialog").count() == 0
            assert next(watching, None) is None


@pytest.fixture
def explorer(lesson):
    """Lesson 07's explorer, at its start."""
    box = scrolled(lesson("07_live_sampling"), ".vae-explorer")
    box.get_by_role("button", name="Back to the start").click()
    expect(box.locator(".where")).to_have_text("back at the start")
    box.page.wait_for_timeout(GLIDE)
    return box


@pytest.fixture
def needs_bubblewrap():
    if not shutil.which("bwrap"):
        (pytest.fail if os.environ.get("VAE_SANDBOX_REQUIRED") else pytest.skip)(
            "no bubblewrap: apt install bubblewrap"
        )


@pytest.fixture
def postgres(monkeypatch):
    """A PostgreSQL server of our own, on loopback."""
    # Debian keeps the server's programs out of PATH.
    folders = [os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    if not shutil.which("initdb"):
        (pytest.fail if os.environ.get("VAE_SANDBOX_REQUIRED") else pytest.skip)(
            "no PostgreSQL: apt install postgresql"
        )
    data, port = Path(f"/tmp/vae-grade-postgres-{os.getpid()}"), free_port()
    user = "postgres" if os.getuid() == 0 else None  # it refuses to run as root
    try:
        data.mkdir()
        if user:
            shutil.chown(data, user)
        quiet = dict(cwd="/tmp", user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(["initdb", "-D", data, "-A", "trust", "-U", "teacher"], check=True, **quiet)
        where = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", str(data)]
        server = subprocess.Popen(["postgres", "-D", data, *where], **quiet)
        until = time.monotonic() + 60
        while subprocess.run(["pg_isready", "-h", "127.0.0.1", "-p", str(port)], **quiet, check=False).returncode:
            assert time.monotonic() < until
            time.sleep(0.1)
        yield f"postgresql+psycopg://teacher@127.0.0.1:{port}/postgres"
        server.send_signal(signal.SIGINT)
        server.wait(30)
    finally:
        shutil.rmtree(data, ignore_errors=True)
