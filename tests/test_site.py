"""The website, built once, used in a real browser from disk and with no network."""

import base64
import gzip
import io
import itertools
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from PIL import Image
from playwright.sync_api import expect

from tests.jupyter_in_browser import pixels
from tools import build_site, live_widgets, try_elsewhere
from tools.dark_figures import darkened
from vae_lib import plots

for name in ("furo", "myst_nb", "sphinx_copybutton"):
    pytest.importorskip(name, reason="the extra [site] is not installed")

ROOT = Path(__file__).parents[1]
LESSONS, ASSIGNMENTS = build_site.notebook_paths("notebooks"), build_site.notebook_paths("exercises")
NOTEBOOK_PAGES = [path.replace(".ipynb", ".html") for path in LESSONS + ASSIGNMENTS]
PAGES = ["index.html", *NOTEBOOK_PAGES, *[path.replace(".md", ".html") for path in build_site.page_paths()]]
PAGES.append("playground.html")
PAGE_BYTES, SITE_BYTES = 3_000_000, 25_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site. The build itself fails on any warning of Sphinx, such as a page in no list."""
    out = tmp_path_factory.mktemp("built") / "site"
    assert build_site.build(out) == 0
    return out


@pytest.fixture
def open_page(site, browser):
    """Opens a page of the site from disk; at the end there was no error and no request but for files."""
    wrong = []

    def watch(page):
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        page.on("request", lambda asked: urlsplit(asked.url).scheme in ("http", "https") and wrong.append(asked.url))

    with browser.new_context(offline=True, viewport={"width": 1280, "height": 800}, has_touch=True) as context:
        context.on("page", watch)

        def open_it(name):
            page = context.new_page()
            page.goto((site / name).as_uri())
            page.wait_for_function(
                "() => !window.MathJax?.startup?.promise || MathJax.startup.promise.then(() => true)"
            )
            return page

        yield open_it
    assert wrong == []


def alive(page, number=0):
    """A widget of the page, unfolded if it lies behind a prediction, once it lives."""
    page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    place = page.locator("[data-widget]").nth(number)
    place.scroll_into_view_if_needed()
    expect(place).to_have_attribute("data-alive", "true", timeout=60_000)
    return place


def loaded(page):
    """The files that a page has loaded so far, itself among them."""
    names = page.evaluate("[location.href, ...performance.getEntriesByType('resource').map((entry) => entry.name)]")
    return {Path(unquote(urlsplit(name).path)) for name in names if name.startswith("file:")}


def sent(path):
    """How many bytes a web server sends for a file: texts are compressed on the way."""
    content = path.read_bytes()
    return len(gzip.compress(content) if path.suffix in (".html", ".js", ".css", ".svg") else content)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_error_no_serious_finding_fits_a_phone_and_is_small(open_page, name):
    page = open_page(name)
    assert sum(path.stat().st_size for path in loaded(page)) <= PAGE_BYTES
    still = "* { transition: none !important; animation: none !important; }"
    page.add_style_tag(content=still)  # or a colour is judged on its way to another
    page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    for number in range(page.locator("[data-widget]").count()):
        alive(page, number)
    found = []
    for theme in ("light", "dark"):
        page.evaluate("theme => (document.body.dataset.theme = theme)", theme)
        violations = Axe().run(page, options={"preload": False}).response["violations"]
        found += [
            (theme, violation["id"], node["html"][:200])
            for violation in violations
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
    assert found == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate(
        """async () => {
            const shown = [...document.images].filter((image) => image.offsetParent);
            for (const image of shown) image.loading = "eager";
            await Promise.all(shown.map((image) => image.decode()));
        }"""
    )
    assert sum(map(sent, loaded(page))) <= PAGE_BYTES


def test_the_whole_site_is_small(site):
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) <= SITE_BYTES


def test_a_figure_for_the_dark_theme_keeps_images_and_turns_the_rest():
    figure = np.full((200, 300, 3), 255, dtype=np.uint8)
    figure[20:80, 20:80] = 0  # an image of a digit
    figure[40:60, 45:50] = 255  # its stroke
    figure[100:180, 100:280] = (0, 114, 178)  # a bar
    figure[90, 10:290] = 0  # an axis
    figure[10:90, 120], figure[10, 120:200] = 0, 0  # another, about nothing
    dark = np.asarray(darkened(Image.fromarray(figure)))
    assert (dark[20:80, 20:80] == figure[20:80, 20:80]).all()
    assert dark[5, 5].max() < 40
    assert dark[50, 200].max() < 40
    assert dark[90, 60].min() > 240
    red, green, blue = map(int, dark[140, 200])
    assert red < green < blue  # a blue, as it was
    assert red + green + blue > 114 + 178


def test_each_colour_of_a_curve_can_be_told_from_dark_paper():
    """A contrast of 3 to 1 at least, by WCAG's formula for graphics."""

    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.asarray(colour) / 255]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    for *_, colour in plots.LINES:
        figure = Image.new("RGB", (9, 9), "white")
        figure.paste(colour, (3, 3, 6, 6))
        dark = np.asarray(darkened(figure))
        assert (luminance(dark[4, 4]) + 0.05) / (luminance(dark[0, 0]) + 0.05) >= 3, colour


SHOWN = """() => Promise.all([...document.images].filter((image) => image.offsetParent).map(async (image) => {
    image.loading = "eager";
    await image.decode();
    return image.currentSrc;
}))"""


def test_figures_follow_the_theme(open_page):
    page = open_page(next(name for name in NOTEBOOK_PAGES if "03_" in name))
    image = alive(page).locator("img")
    for theme in ("light", "dark"):
        page.evaluate("theme => (document.body.dataset.theme = theme)", theme)
        expect(image).to_have_attribute("src", re.compile(r"-dark\.webp$" if theme == "dark" else r"\d\.webp$"))
        shown = page.evaluate(SHOWN)
        assert len(shown) >= 4
        assert all(src.endswith("-dark.webp") == (theme == "dark") for src in shown)
        module = page.locator(".highlight .nn").first  # which a style of code underlines as if it were a link
        assert module.evaluate("name => getComputedStyle(name).textDecorationLine") == "none"


@pytest.mark.parametrize("name", ["README.html", "docs/performance.html"])
def test_a_picture_of_a_page_follows_the_theme(open_page, name):
    page = open_page(name)
    for theme in ("light", "dark"):
        page.evaluate("theme => (document.body.dataset.theme = theme)", theme)
        (shown,) = page.evaluate(SHOWN)
        assert shown.endswith("-dark.webp") == (theme == "dark")


def test_code_that_tells_an_answer_opens_by_keyboard(open_page):
    page = open_page(next(name for name in NOTEBOOK_PAGES if "06_" in name))
    code = page.locator("details.hide .cell_input").first
    expect(code).to_be_hidden()
    page.locator("details.hide:has(.cell_input) > summary").first.focus()
    page.keyboard.press("Enter")
    expect(code).to_be_visible()


def test_the_playground_leads_back_to_the_course(open_page):
    page = open_page("playground.html")
    page.get_by_role("link", name="VAE course").click()
    expect(page).to_have_url(re.compile("/index.html$"))


def test_every_link_and_picture_leads_somewhere(site):
    soups = {path: BeautifulSoup(path.read_text(), "html.parser") for path in site.rglob("*.html")}
    ids = {path: {tag["id"] for tag in soup.find_all(id=True)} for path, soup in soups.items()}
    broken, n_links = [], 0
    for path, soup in soups.items():
        links = [(tag, tag.get("href") or tag.get("src")) for tag in soup.find_all(["a", "img", "link", "script"])]
        for _, link in links:
            parts = urlsplit(link or "")
            if not link or parts.scheme:
                continue
            n_links += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.is_file() or (target in ids and anchor and anchor not in ids[target]):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert n_links > 500
    assert broken == []


def test_nothing_that_a_page_loads_comes_from_elsewhere(site):
    for path in site.rglob("*.html"):
        soup = BeautifulSoup(path.read_text(), "html.parser")
        loaded = [tag.get("src") for tag in soup.find_all(["img", "script", "iframe"])]
        loaded += [tag.get("href") for tag in soup.find_all("link") if "canonical" not in tag.get("rel", [])]
        assert [link for link in loaded if link and urlsplit(link).scheme in ("http", "https")] == []


def test_no_answer_of_an_assignment_is_on_its_page_or_in_its_copy(site):
    n_lines = 0
    for path in (ROOT / "solutions").rglob("*.ipynb"):
        name = Path("exercises", path.relative_to(ROOT / "solutions"))
        page = BeautifulSoup((site / name.with_suffix(".html")).read_text(), "html.parser").get_text()
        copy_of = nbformat.read(site / "downloads" / name, as_version=4)
        text = " ".join([page, *(cell.source for cell in copy_of.cells)])
        given = "\n".join(cell.source for cell in nbformat.read(ROOT / name, as_version=4).cells)  # programs to mend
        for cell in nbformat.read(path, as_version=4).cells:
            for answer in re.findall(r"### BEGIN SOLUTION\n(.*?)\s*### END SOLUTION", cell.source, re.DOTALL):
                lines = [line.strip() for line in answer.splitlines() if len(line.strip()) > 40]
                lines = [line for line in lines if line not in given]
                assert [line for line in lines if line in text] == []
                n_lines += len(lines)
    assert n_lines > 50


def test_every_figure_keeps_its_description(site):
    for name in LESSONS:
        stored = nbformat.read(ROOT / name, as_version=4)
        outputs = [output for cell in stored.cells if cell.cell_type == "code" for output in cell.outputs]
        pictures = [o.metadata["image/png"] for o in outputs if "image/png" in o.get("data", {})]
        expected = [picture["alt"] for picture in pictures if picture.get("width") != 1]
        soup = BeautifulSoup((site / name.replace(".ipynb", ".html")).read_text(), "html.parser")
        shown = [image["alt"] for image in soup.select(".cell_output img:not(.only-dark)")]
        assert all(shown)
        assert not soup.select(".cell_output p[style]")  # or a screen reader would meet each description twice
        assert [alt for alt in shown if alt in expected] == expected  # a control may show a picture that is no figure


def test_each_widget_has_its_still_in_its_place_alone(site):
    n_widgets = 0
    for name in LESSONS:
        soup = BeautifulSoup((site / name.replace(".ipynb", ".html")).read_text(), "html.parser")
        assert not soup.select(".vae-still")
        for place in soup.select("[data-widget]"):
            alts = [image["alt"] for image in place.find_parent(class_="cell_output").select("img.only-light")]
            assert alts == [image["alt"] for image in place.select("img.only-light")]
            assert len(alts) == 1
            n_widgets += 1
    assert n_widgets >= 10


def test_what_answers_a_prediction_is_folded(site):
    for name in LESSONS + ASSIGNMENTS:
        cells = [cell for cell in nbformat.read(ROOT / name, as_version=4).cells if cell.cell_type == "code"]
        code = [cell.source for cell in cells]
        soup = BeautifulSoup((site / name.replace(".ipynb", ".html")).read_text(), "html.parser")
        for number, (cell, shown) in enumerate(zip(cells, soup.select("div.cell"), strict=True)):
            marks = cell.metadata.get("jupyter", {})
            gives = cell.outputs or live_widgets.uses_widgets(code, number)
            expected = ["cell_input"] * bool(marks.get("source_hidden"))
            expected += ["cell_output"] * bool(marks.get("outputs_hidden") and gives)
            folded = shown.select("details.hide:not([open])")
            assert len(folded) == bool(expected), (name, cell.source)
            actual = [part["class"][0] for part in shown.select("details.hide :is(.cell_input, .cell_output)")]
            assert actual == expected, (name, cell.source)


def test_each_notebook_says_time_and_partner_and_can_be_downloaded(site):
    for name in LESSONS + ASSIGNMENTS:
        page = (site / name.replace(".ipynb", ".html")).read_text()
        soup = BeautifulSoup(page, "html.parser")
        assert re.match(r"Time: \d+ minutes", soup.article.p.get_text()), name  # first of all below the title
        copy_of = nbformat.read(site / "downloads" / name, as_version=4)
        nbformat.validate(copy_of)
        assert not any(cell.get("outputs") for cell in copy_of.cells)
        if name in ASSIGNMENTS:
            assert soup.article.find("a", href=re.compile(r"notebooks/\d\d_.*\.html"))


def test_the_explorer_lives_on_the_start_page(open_page):
    page = open_page("index.html")
    place = alive(page)
    assert place.bounding_box()["y"] < 500
    digit, pad = place.locator(".digit"), place.locator(".pad")
    seen = [pixels(digit)]
    pad.focus()
    page.keyboard.press("8")
    page.wait_for_timeout(400)
    seen.append(pixels(digit))
    box = pad.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.mouse.up()
    seen.append(pixels(digit))
    page.touchscreen.tap(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
    page.wait_for_timeout(400)
    seen.append(pixels(digit))
    assert all(a != b for a, b in itertools.pairwise(seen))


@pytest.mark.parametrize("name", [page for page in NOTEBOOK_PAGES if page.startswith("notebooks/")])
def test_sliders_over_pictures_live(open_page, name):
    page = open_page(name)
    for number in range(page.locator("[data-widget]").count()):
        place = alive(page, number)
        if place.locator(".vae-live").count():
            image, slider = place.locator("img"), place.locator("input").first
            before = image.get_attribute("alt"), image.get_attribute("src")
            slider.focus()
            for key in ("Home", "ArrowRight", "ArrowRight"):
                page.keyboard.press(key)
            assert (image.get_attribute("alt"), image.get_attribute("src")) != before
            assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100


def test_the_map_answers_pointer_and_keys(open_page):
    (name,) = (page for page in NOTEBOOK_PAGES if page.startswith("notebooks/06"))
    page = open_page(name)
    alive(page)
    plane = page.locator(".vae-map .plane")
    says = [plane.get_attribute("aria-valuetext")]
    plane.hover(position={"x": 100, "y": 100})
    says.append(plane.get_attribute("aria-valuetext"))
    plane.focus()
    page.keyboard.press("ArrowRight")
    says.append(plane.get_attribute("aria-valuetext"))
    assert len(set(says)) == 3


def test_a_term_explains_itself_to_pointer_keyboard_and_touch(open_page):
    page = open_page(NOTEBOOK_PAGES[4])
    term, meaning = page.locator("a.term").first, page.get_by_role("tooltip")
    for act in (term.hover, term.focus):
        act()
        expect(meaning).to_have_text(term.get_attribute("data-meaning"))
        page.keyboard.press("Escape")
        expect(meaning).to_be_hidden()
        page.mouse.move(0, 0)
        term.blur()
        page.wait_for_timeout(300)
    address = page.url
    term.tap()
    expect(meaning).to_be_visible()
    assert page.url == address
    term.tap()
    page.wait_for_url("**/GLOSSARY.html#term-*")


def test_a_widget_is_what_the_whole_lesson_made(site):
    """The still of a widget made from some cells is the picture that the executed notebook holds."""
    n_compared = 0
    for name in LESSONS:
        notebook = nbformat.read(ROOT / name, as_version=4)
        for index, widget in live_widgets.lesson_widgets(notebook, ROOT / "notebooks").items():
            stored = [o.data["image/png"] for o in notebook.cells[index].outputs if "image/png" in o.get("data", {})]
            if not isinstance(widget, live_widgets.anywidget.AnyWidget):
                continue
            made = widget._repr_mimebundle_()[0]["image/png"]
            actual, expected = (
                np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("L"), dtype=float)
                for png in (made, stored[-1])
            )
            assert actual.shape == expected.shape
            assert (abs(actual - expected) > 32).mean() < 0.01, name
            n_compared += 1
    assert n_compared >= 5


def test_only_cells_that_a_widget_needs_are_run():
    code = [
        "import torch\nfrom vae_lib.widgets import Live",
        "n = 3\nslow = torch.zeros(n)",
        "kept = {}",
        "kept['a'] = n",
        "def draw(i):\n    return kept[i]",
        "Live(draw, {'i': [1]})",
    ]
    assert live_widgets.uses_widgets(code, 5)
    assert not live_widgets.uses_widgets(code, 1)
    assert live_widgets.needed_cells(code, 5) == [0, 1, 2, 3, 4, 5]
    assert live_widgets.needed_cells([*code[:3], code[4], code[5]], 4) == [0, 2, 3, 4]


@pytest.mark.parametrize(
    ("lengths", "chosen"), [([16, 51], [10, 33]), ([7], [0]), ([130], [129]), ([5, 5, 5], [0, 4, 2])]
)
def test_thinned_sliders_keep_their_start(lengths, chosen):
    kept = live_widgets.thinned(lengths, chosen)
    assert np.prod([len(part) for part in kept]) <= live_widgets.MAX_FRAMES
    assert all(c in part and part[-1] < n for c, part, n in zip(chosen, kept, lengths, strict=True))


def test_on_a_phone_a_meaning_of_the_glossary_has_room(open_page):
    page = open_page("GLOSSARY.html")
    page.set_viewport_size({"width": 390, "height": 844})
    meanings = page.locator("#glossary tbody tr td:nth-child(3)").evaluate_all(
        "all => all.map((one) => one.offsetWidth)"
    )
    assert len(meanings) > 20
    assert min(meanings) > 250


def test_with_an_address_the_buttons_and_the_first_cell_name_it(tmp_path):
    site = build_site.Site(tmp_path / "stage", tmp_path / "made", "https://github.com/someone/course")
    site.lessons, site.assignments = LESSONS, ASSIGNMENTS
    row = site.buttons(LESSONS[3])
    assert f"https://colab.research.google.com/github/someone/course/blob/colab/{LESSONS[3]}" in row
    assert "https://mybinder.org/v2/gh/someone/course/main?urlpath=lab%2Ftree%2Fnotebooks%2F" in row
    assert f"https://github.com/someone/course/edit/main/sources/lessons/{Path(LESSONS[3]).stem}.py" in row
    notebook = nbformat.read(ROOT / LESSONS[3], as_version=4)
    copy_of = build_site.download_copy(notebook, site.address)
    assert "--no-deps" in copy_of.cells[0].source
    assert copy_of.cells[0].source.count("git+https://github.com/someone/course") == 1
    assert [cell.source for cell in copy_of.cells[1:]] == [cell.source for cell in notebook.cells]


def test_without_an_address_no_button_leaves_the_site(site):
    for name in NOTEBOOK_PAGES:
        soup = BeautifulSoup((site / name).read_text(), "html.parser")
        assert all(not urlsplit(a["href"]).scheme for a in soup.select(".doors a"))


def test_a_line_that_a_cell_takes_back_is_not_printed():
    """A check that takes long says so until it is done: on a slow machine, and not where the notebook was stored."""
    cell = nbformat.v4.new_code_cell("fit(...)")
    texts = ["checking fit …\r              \r", "first\nsecond \rthird\n"]
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in texts]
    assert try_elsewhere.printed(cell) == "first\nthird\n"
