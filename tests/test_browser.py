"""The widgets in a real JupyterLab and a real browser, used as a student uses them."""

import base64
import os
import re
import shutil
from pathlib import Path

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from tests.jupyter_in_browser import CHROMIUM, FLAGS, jupyter_lab, pixels, python, run_all, run_cell
from tools import export_html
from vae_lib.data import load_tensors
from vae_lib.latent import class_means, encode
from vae_lib.train import load_trained
from vae_lib.widgets import Explorer

ROOT = Path(__file__).parents[1]
SOURCE = (ROOT / "vae_lib" / "explorer.js").read_text()
GLIDE = 400  # milliseconds; the explorer takes 250 to go to a new place
STYLE = (ROOT / "vae_lib" / "widgets.css").read_text()


@pytest.fixture(scope="module")
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


def watched(page):
    """The page, with no JavaScript error, no error in the browser's console and no dialog until its end."""
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: said.type == "error" and errors.append(f"{said.text} {said.location}"))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    yield page
    assert errors == []


@pytest.fixture(scope="module")
def encoded():
    model, _ = load_trained()
    _, val_set, _ = load_tensors()
    return model, *encode(model, val_set.x), val_set.y


@pytest.fixture(scope="module")
def lesson(browser, tmp_path_factory):
    """Opens a lesson in JupyterLab and runs all its cells, or some, once; the page stays open for all tests."""
    folder, opened = tmp_path_factory.mktemp("jupyter"), {}
    shutil.copytree(ROOT / "notebooks", folder / "work", ignore=shutil.ignore_patterns("runs", "*.py", ".*"))
    with jupyter_lab(folder) as address, browser.new_context(viewport={"width": 1400, "height": 1000}) as context:

        def run(name, cells=()):
            if name not in opened:
                watching = watched(context.new_page())
                page = next(watching)
                opened[name] = page, watching
                page.goto(address(f"{name}.ipynb"))
                for text in cells:
                    run_cell(page, text)
                if not cells:
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


def scrolled(page, selector):
    """The widget, on the screen: JupyterLab takes cells that are far away out of the page."""
    page.evaluate(
        """async (selector) => {
            const { content } = jupyterapp.shell.currentWidget;
            for (let i = 0; i < content.widgets.length && !document.querySelector(selector); i++) {
                await content.scrollToItem(i, "start");
                await new Promise((done) => setTimeout(done, 50));
            }
        }""",
        selector,
    )
    box = page.locator(selector)
    box.scroll_into_view_if_needed()
    return box


def render(page, state):
    """The explorer in a bare page, with a state as from Python; its model counts what is saved."""
    page.goto("about:blank")
    page.add_style_tag(content=STYLE)
    page.evaluate(
        """async ([source, state]) => {
            for (const [name, value] of Object.entries(state))
                if (value?.bytes !== undefined)
                    state[name] = new DataView(Uint8Array.from(atob(value.bytes), (c) => c.charCodeAt(0)).buffer);
            window.explorer = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
            window.state = state;
            const el = document.body.appendChild(document.createElement("div"));
            const model = { get: (name) => state[name], set: (name, value) => (state[name] = value),
                save_changes() {}, on() {}, off() {} };
            explorer.default.render({ model, el });
        }""",
        [SOURCE, state],
    )
    return page.locator(".vae-explorer")


def sent(explorer):
    """What Python sends for an explorer, as JSON."""
    names = ("weights", "classifier", "codes", "sizes", "classifier_sizes", "labels", "kld", "z")
    state = {name: getattr(explorer, name) for name in names}
    return {n: {"bytes": base64.b64encode(v).decode()} if isinstance(v, bytes) else v for n, v in state.items()}


def floats(text):
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32)


def assert_shows(box, model, z):
    with torch.no_grad():
        expected = 255 * model.decode(z.view(1, -1))[0]
    shown = torch.tensor(pixels(box.locator(".digit")))
    assert (shown - expected).abs().max() <= 1.5  # 1 for the decoder, half for the rounding to a grey level


@torch.no_grad()
def test_the_browser_decodes_what_pytorch_decodes(page, encoded):
    model = encoded[0]
    render(page, sent(Explorer(*encoded)))
    z = torch.randn(1000, 40, generator=torch.Generator().manual_seed(0))
    # As text, a thousand pictures would take ten seconds from the browser to here.
    decode = """async (z) => {
        const decode = explorer.decoder(state.weights, state.sizes);
        const all = new Blob(z.map(decode));
        const reader = new FileReader();
        reader.readAsDataURL(all);
        return new Promise((done) => (reader.onload = () => done(reader.result.split(",")[1])));
    }"""
    x_hat = floats(page.evaluate(decode, z.tolist())).view(1000, 784)
    assert (x_hat - model.decode(z)).abs().max() <= 1 / 255


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sizes": [40, 300, 784]}, "A network 40–300–784 has 248284 weights, 330784 came: run the cell again."),
        ({"weights": "NaN"}, "Some weights are no finite numbers: load a model"),
        ({"z": [0.0] * 39}, "z should be 40 finite numbers, 39 came: set explorer.z to a code such as mu[0]."),
        ({"z": [None] * 40}, "z should be 40 finite numbers"),
    ],
)
def test_a_broken_state_is_a_sentence_and_not_a_blank_box(page, encoded, change, sentence):
    state = sent(Explorer(*encoded)) | change
    if change.get("weights") == "NaN":
        state["weights"] = {"bytes": base64.b64encode(b"\xff\x7f" * 330784).decode()}
    render(page, state)
    expect(page.get_by_role("alert")).to_contain_text(sentence)


def test_the_explorer_starts_at_an_encoded_digit(explorer, encoded):
    model, mu, *_ = encoded
    assert_shows(explorer, model, mu[0])


def test_the_number_keys_reach_all_ten_class_means(explorer, encoded):
    model, mu, _, y = encoded
    explorer.locator(".pad").focus()
    for digit, mean in enumerate(class_means(mu, y)):
        explorer.page.keyboard.press(str(digit))
        expect(explorer.locator(".where")).to_contain_text(f"on the pad: 100 % of the {digit}")
        explorer.page.wait_for_timeout(GLIDE)
        assert_shows(explorer, model, mean)


def test_arrow_home_and_page_keys_move_on_the_pad(explorer):
    pad = explorer.get_by_role("slider", name="Pad, ten class means on a ring")
    pad.focus()
    explorer.page.keyboard.press("Home")
    expect(pad).to_have_attribute("aria-valuetext", "the middle, all ten digits alike")
    explorer.page.wait_for_timeout(GLIDE)
    seen = [pixels(explorer.locator(".digit"))]
    for key in ("ArrowUp", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowLeft"):
        explorer.page.keyboard.press(key)
        seen.append(pixels(explorer.locator(".digit")))
        assert seen[-1] != seen[-2], key
    explorer.page.keyboard.press("8")
    explorer.page.keyboard.press("PageUp")
    expect(pad).to_have_attribute("aria-valuenow", "9")
    explorer.page.keyboard.press("PageUp")
    expect(pad).to_have_attribute("aria-valuenow", "0")
    explorer.page.keyboard.press("PageDown")
    expect(pad).to_have_attribute("aria-valuenow", "9")
    expect(pad).to_be_focused()


def test_a_mouse_drags_on_the_pad(explorer):
    box, mouse = explorer.locator(".pad").bounding_box(), explorer.page.mouse
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse.move(x, y)
    mouse.down()
    seen = set()
    for step in range(16):
        mouse.move(x, y - 5 * step)
        seen.add(tuple(pixels(explorer.locator(".digit"))))
    mouse.up()
    assert len(seen) == 16
    expect(explorer.locator(".where")).to_contain_text("% of the 0")
    mouse.move(x, y + 50)  # no longer held
    assert tuple(pixels(explorer.locator(".digit"))) in seen


def test_the_line_leads_from_one_image_to_the_other(explorer, encoded):
    model, mu, *_ = encoded
    explorer.get_by_label("From image", exact=True).select_option("2")
    explorer.get_by_label("To image", exact=True).select_option("5")
    explorer.page.wait_for_timeout(GLIDE)
    along = explorer.get_by_role("slider", name="Way along the line, per cent")
    along.focus()
    for key, z in {"Home": mu[2], "End": mu[5], "ArrowLeft": 0.98 * mu[5] + 0.02 * mu[2]}.items():
        explorer.page.keyboard.press(key)
        assert_shows(explorer, model, z)
    expect(explorer.locator(".where")).to_have_text("98 % of the way from image 2 (8) to image 5 (9)")
    expect(along).to_be_focused()


def test_one_dimension_moves_alone(explorer, encoded):
    model, mu, *_ = encoded
    explorer.get_by_label("Dimension, most used first").select_option("9")
    explorer.get_by_role("slider", name="z[9]").focus()
    explorer.page.keyboard.press("End")
    z = mu[0].clone()
    z[9] = 3
    assert_shows(explorer, model, z)
    expect(explorer.locator(".where")).to_have_text("one dimension moved: z[9] = 3.0")


def test_a_bar_can_be_dragged(explorer, encoded):
    box, mouse = explorer.locator(".strip").bounding_box(), explorer.page.mouse
    mouse.move(box["x"] + 0.06 * box["width"], box["y"] + 0.4 * box["height"])
    before = pixels(explorer.locator(".digit"))
    mouse.down()
    mouse.move(box["x"] + 0.06 * box["width"], box["y"] + 0.15 * box["height"])
    mouse.up()
    assert pixels(explorer.locator(".digit")) != before
    most_used = 2  # by its KLD, lesson 06
    expect(explorer.get_by_role("slider", name=f"z[{most_used}]")).to_have_count(1)


def test_draws_from_the_prior_are_new_each_time_and_sixteen_can_be_taken(explorer):
    digit = explorer.locator(".digit")
    seen = [pixels(digit)]
    for _ in range(2):
        explorer.get_by_role("button", name="Draw one").click()
        explorer.page.wait_for_timeout(GLIDE)
        seen.append(pixels(digit))
    assert seen[0] != seen[1] != seen[2]
    explorer.get_by_role("button", name="Draw 16", exact=True).click()
    expect(explorer.get_by_role("button", name="Take draw")).to_have_count(16)
    small = explorer.get_by_role("button", name="Take draw 7")
    small.click()
    explorer.page.wait_for_timeout(GLIDE)
    assert pixels(digit) == pixels(small.locator("canvas"))


def test_z_goes_to_python_and_comes_from_it(explorer, encoded):
    model, mu, _, y = encoded
    explorer.locator(".pad").focus()
    explorer.page.keyboard.press("4")
    explorer.page.wait_for_timeout(700)
    z = torch.tensor(eval(python(explorer.page, "print(explorer.z)")))
    torch.testing.assert_close(z, class_means(mu, y)[4], atol=1e-5, rtol=0)
    python(explorer.page, "explorer.z = mu[6]")
    expect(explorer.locator(".where")).to_have_text("set from Python")
    assert_shows(explorer, model, mu[6])


def test_what_a_screen_reader_hears(explorer):
    explorer.locator(".pad").focus()
    explorer.page.keyboard.press("3")
    says = "on the pad: 100 % of the 3, 0 % of the 2"
    expect(explorer.get_by_role("status")).to_contain_text(says)
    expect(explorer.get_by_role("img", name=f"Decoded digit, {says}.")).to_have_count(1)
    expect(explorer.get_by_role("img", name="The 40 numbers of z as bars. Length of z")).to_have_count(1)


def test_tab_reaches_each_control_by_its_name_and_shows_where_it_is(explorer):
    explorer.locator(".pad").focus()
    names, rings = [], []
    for _ in range(9):
        focused = explorer.locator(":focus")
        names.append(focused.evaluate("e => e.getAttribute('aria-label') ?? e.textContent"))
        rings.append(focused.evaluate("e => getComputedStyle(e).outlineStyle + getComputedStyle(e).outlineWidth"))
        explorer.page.keyboard.press("Tab")
    assert names[0] == "Pad, ten class means on a ring"
    assert names[1:4] == ["From image", "To image", "Way along the line, per cent"]
    assert names[4] == "Dimension, most used first"
    assert names[6:] == ["Draw one", "Draw 16", "Back to the start"]
    assert rings == ["solid3px"] * 9


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_serious_in_the_explorer(explorer, theme):
    explorer.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    expect(explorer.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    explorer.get_by_role("button", name="Draw 16", exact=True).click()
    assert serious(explorer.page, ".vae-explorer") == []


def serious(page, selector):
    """What axe-core finds in the widget, serious or critical, but for one fault of ipywidgets' sliders.

    Their handles have no name. noUiSlider gives one if asked to (its issue 1223), but ipywidgets does not ask, and has
    no such argument in Python.
    """
    violations = Axe().run(page, context=selector).response["violations"]
    grave = [v for v in violations if v["impact"] in ("serious", "critical")]
    found = [(v["id"], node["html"]) for v in grave for node in v["nodes"]]
    return [(rule, html) for rule, html in found if not (rule == "aria-input-field-name" and "noUi-handle" in html)]


def test_less_motion_goes_there_at_once(browser, encoded):
    model, mu, _, y = encoded
    with browser.new_context(offline=True, reduced_motion="reduce") as context:
        for page in watched(context.new_page()):
            box = render(page, sent(Explorer(*encoded)))
            box.locator(".pad").focus()
            page.evaluate("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: '4' }))")
            assert_shows(box, model, class_means(mu, y)[4])


def test_a_finger_drags_on_the_pad(browser, encoded):
    with browser.new_context(offline=True, has_touch=True, viewport={"width": 390, "height": 800}) as context:
        for page in watched(context.new_page()):
            box = render(page, sent(Explorer(*encoded)))
            place = box.locator(".pad").bounding_box()
            page.touchscreen.tap(place["x"] + place["width"] / 2, place["y"] + 0.17 * place["height"])
            expect(box.locator(".where")).to_contain_text("of the 0")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # nothing to scroll sideways


def test_the_samplers_sliders_redraw_the_picture_by_keyboard(lesson):
    page = lesson("07_live_sampling")
    picture = scrolled(page, "img[alt^='the digit decoded at']")
    slider = page.get_by_role("slider").first
    before, alt = picture.get_attribute("src"), picture.get_attribute("alt")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(picture).not_to_have_attribute("src", before)
    expect(picture).not_to_have_attribute("alt", alt)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 28
    assert serious(page, ".jp-OutputArea-output:has(img[alt^='the digit decoded at'])") == []


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Lesson 07 as one HTML file."""
    path = tmp_path_factory.mktemp("export") / "live_sampling.html"
    path.write_text(export_html.page(export_html.LESSON), encoding="utf-8")
    return path


def test_the_exported_page_is_alive_from_disk_without_kernel_and_network(page, exported, encoded):
    model, mu, _, y = encoded
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(exported.as_uri())
    box = page.locator(".vae-explorer")
    assert_shows(box, model, mu[0])
    box.locator(".pad").focus()
    page.keyboard.press("6")
    page.wait_for_timeout(GLIDE)
    assert_shows(box, model, class_means(mu, y)[6])
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert serious(page, ".vae-explorer") == []


def picture_after(page, press):
    """The figure of a live control after a key, once Python has drawn it."""
    image = page.locator(".vae-live img")
    before = image.get_attribute("src")
    page.keyboard.press(press)
    expect(image).not_to_have_attribute("src", before)
    return image


def test_lesson_03_moves_the_sample_over_the_density(lesson):
    box = scrolled(lesson("03_reparameterization_trick"), ".vae-live")
    box.get_by_role("slider", name="ε").focus()
    alt = picture_after(box.page, "ArrowRight").get_attribute("alt")
    assert "ε = 0.9 under N(0, 1)" in alt
    assert "z = 1.5 + (0.5) · (0.9) = 1.95" in alt
    box.get_by_role("slider", name="σ").focus()
    assert "z = 1.5 + (-1.0) · (0.9) = 0.60" in picture_after(box.page, "Home").get_attribute("alt")
    assert serious(box.page, ".vae-live") == []


def test_lesson_04_moves_through_beta(lesson):
    box = scrolled(lesson("04_bce_vs_kld"), ".vae-live")
    slider = box.get_by_role("slider", name="run")
    slider.focus()
    expect(slider).to_have_attribute("aria-valuetext", "β = 1")
    assert "β = 20: 10 originals" in picture_after(box.page, "End").get_attribute("alt")
    assert "β = 4: 10 originals" in picture_after(box.page, "ArrowLeft").get_attribute("alt")
    expect(slider).to_have_attribute("aria-valuetext", "β = 4")
    assert serious(box.page, ".vae-live") == []


def test_lesson_05_moves_through_the_epochs(lesson):
    # Without its training, which takes minutes: the control shows the run that ships with the library.
    box = scrolled(lesson("05_training", cells=["load_tensors()", "Live(after"]), ".vae-live")
    box.get_by_role("slider", name="epoch").focus()
    assert "epoch 2: 10 originals" in picture_after(box.page, "ArrowRight").get_attribute("alt")
    assert "epoch 50: 10 originals" in picture_after(box.page, "End").get_attribute("alt")
    assert serious(box.page, ".vae-live") == []


def ring(box):
    """Where the ring is on the map, in per cent from the left and from the top."""
    return [box.locator(".ring").evaluate(f"e => parseFloat(e.style.{side})") for side in ("left", "top")]


def test_lesson_06_shows_the_image_under_the_pointer_or_the_arrow_keys(lesson, encoded):
    model, mu, *_ = encoded
    box = scrolled(lesson("06_latent_space_pca"), ".vae-map")
    plane = box.get_by_role("slider", name="Map of encoded images")
    plane.focus()
    seen = [plane.get_attribute("aria-valuenow")]
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        places = ring(box)
        box.page.keyboard.press(key)
        seen.append(plane.get_attribute("aria-valuenow"))
        x, y = (b - a for a, b in zip(places, ring(box), strict=True))
        assert {"ArrowLeft": -x, "ArrowUp": -y, "ArrowRight": x, "ArrowDown": y}[key] > 0
    assert len(set(seen)) >= 4
    i = int(seen[-1])
    place = plane.bounding_box()
    box.page.mouse.move(place["x"] + 0.9 * place["width"], place["y"] + 0.5 * place["height"])
    expect(plane).not_to_have_attribute("aria-valuenow", str(i))
    i = int(plane.get_attribute("aria-valuenow"))
    shown = torch.tensor(pixels(box.get_by_role("img", name=f"reconstruction of image {i},")))
    assert (shown - 255 * model.decode(mu[i : i + 1]).detach()).abs().max() <= 1
    assert serious(box.page, ".vae-map") == []


CLASSIFIER_SAYS = """
with torch.no_grad():
    says = classifier(model.decode(class_means(mu, val_set.y))).softmax(1).max(1)
print([*zip(says.indices.tolist(), says.values.tolist())])
"""


def test_lesson_08_says_what_the_classifier_says_of_each_picture(lesson):
    # Without the measurements of the lesson, which take minutes.
    cells = ["from IPython", "load_tensors()", "classifier = train_classifier", "Explorer(model"]
    box = scrolled(lesson("08_the_report_revisited", cells=cells), ".vae-explorer")
    verdict = box.locator(".verdict")
    box.locator(".pad").focus()
    for key, (digit, sure) in enumerate(eval(python(box.page, CLASSIFIER_SAYS))):
        box.page.keyboard.press(str(key))
        box.page.wait_for_timeout(GLIDE)
        said, percent = re.fullmatch(r"the classifier says (\d), (\d+) % sure", verdict.inner_text()).groups()
        assert int(said) == digit
        assert abs(int(percent) - 100 * sure) <= 1
    assert serious(box.page, ".vae-explorer") == []
