"""What a student sees of the widgets the next day, where a draw fails, and where the kernel is gone."""

import nbformat
import pytest
from playwright.sync_api import expect

from tests.jupyter_in_browser import jupyter_lab, python, run_all, scrolled, wait_for_kernel, watched
from tools.build_notebooks import METADATA
from vae_lib import plots

LIVE = """
from vae_lib import plots
from vae_lib.widgets import Live

def draw(n):
    if n == 3:
        raise ValueError("no picture for three")
    return plots.bars({"n": n}, f"bar of height {n}")

Live(draw, {"n": [1, 2, 3, 4]})
"""
MAP = """
import torch
from vae_lib.widgets import LatentMap

print("before the map")
LatentMap(torch.randn(12, 2), torch.arange(12) % 10, torch.rand(12, 784), torch.rand(12, 784))
"""
STILL = "A still picture, as it was when the cell was run. For the live one, run the cell again."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A notebook with two widgets, in a folder for JupyterLab."""
    folder = tmp_path_factory.mktemp("next_day")
    (folder / "work").mkdir()
    cells = [nbformat.v4.new_code_cell(source) for source in (LIVE, MAP)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=METADATA), folder / "work" / "widgets.ipynb")
    return folder


def move(page, key):
    page.locator(".vae-live input").press(key)


def test_a_picture_never_stands_beside_the_values_of_another(browser, folder):
    with jupyter_lab(folder) as address, browser.new_context(viewport={"width": 1400, "height": 1400}) as context:
        page = next(watched(context.new_page()))
        page.goto(address("widgets.ipynb"))
        assert run_all(page) == []
        box = scrolled(page, ".vae-live")
        image, notice = box.locator("img"), box.locator(".notice")
        expect(page.get_by_text(STILL)).to_have_count(2)
        for caption in page.get_by_text(STILL).all():
            expect(caption).to_be_hidden()
        expect(page.locator(".jp-RenderedImage img:visible")).to_have_count(0)

        move(page, "ArrowRight")
        expect(image).to_have_attribute("alt", "bar of height 2")
        move(page, "ArrowRight")
        expect(notice).to_have_text("There is no picture for n 3. ValueError: no picture for three")
        expect(image).to_be_hidden()
        move(page, "ArrowRight")
        expect(image).to_have_attribute("alt", "bar of height 4")
        expect(image).to_be_visible()
        expect(notice).to_have_text("")

        # Dragged to and fro, 240 moves, it ends on the picture of where it was let go.
        slider = box.locator("input")
        for i in range(240):
            slider.evaluate("(el, to) => { el.value = to; el.dispatchEvent(new Event('input')); }", [0, 1, 3][i % 3])
        move(page, "Home")
        expect(image).to_have_attribute("alt", "bar of height 1", timeout=60_000)
        expect(notice).to_have_text("")
        expect(box.locator("output")).to_have_text("1")
        move(page, "End")
        expect(image).to_have_attribute("alt", "bar of height 4")

        page.evaluate("jupyterapp.commands.execute('docmanager:save')")
        # A kernel that is gone: the slider moves, and the page says of what the picture is.
        page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        page.wait_for_timeout(1000)
        move(page, "ArrowLeft")
        expect(notice).to_have_text("The picture is still of n 4. If it stays so, run this cell again.")


def test_the_next_day_the_stills_show_and_nothing_says_that_a_widget_is_gone(browser, folder):
    saved = nbformat.read(folder / "work" / "widgets.ipynb", as_version=4)
    assert all(cell.outputs for cell in saved.cells), "the test above saves it"
    with jupyter_lab(folder) as address, browser.new_context() as context:
        page = context.new_page()  # not watched: ipywidgets writes to the console that the model is not found
        page.goto(address("widgets.ipynb"))
        wait_for_kernel(page)
        page.wait_for_timeout(2000)
        assert python(page, "print('live' if 'Live' in globals() else 'nothing was run')") == "nothing was run\n"
        for caption in page.get_by_text(STILL).all():
            expect(caption).to_be_visible()
        expect(page.get_by_text(STILL)).to_have_count(2)
        stills = page.locator(".jp-RenderedImage img:visible")
        expect(stills).to_have_count(2)
        assert all(still.evaluate("image => image.naturalWidth") > 100 for still in stills.all())
        expect(page.get_by_text("before the map", exact=True)).to_be_visible()
        expect(page.locator(":text('Error displaying widget'):visible")).to_have_count(0)


def test_in_a_notebook_from_elsewhere_a_description_stays_hidden(browser, folder):
    """JupyterLab cleans the HTML of outputs that it did not see made; what hides the description must survive that."""
    html = f'<p style="{plots.ONLY_READ_ALOUD}">a bar of height 2</p><p style="color: red">cleaned</p>'
    output = nbformat.v4.new_output("display_data", {"text/html": html + "<script>window.ran = true</script>"})
    cell = nbformat.v4.new_code_cell("", outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=METADATA)
    nbformat.write(notebook, folder / "work" / "elsewhere.ipynb")  # nobody has signed it
    with jupyter_lab(folder) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(address("elsewhere.ipynb"))
        wait_for_kernel(page)
        expect(page.get_by_text("cleaned")).to_be_visible(timeout=60_000)
        assert page.evaluate("window.ran") is None  # so it was not trusted
        box = page.get_by_text("a bar of height 2").bounding_box()
        assert max(box["width"], box["height"]) <= 1
