"""The explorer in a real browser, used as a student uses it."""

import base64
import itertools
import re
from pathlib import Path

import pytest
import torch
from playwright.sync_api import expect

from tests.jupyter_in_browser import GLIDE, assert_shows, pixels, python, serious, watched
from vae_lib import priors
from vae_lib.latent import class_means
from vae_lib.widgets import Explorer

ROOT = Path(__file__).parents[1]
SOURCE = Explorer._esm
STYLE = (ROOT / "vae_lib" / "widgets" / "widgets.css").read_text()


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
    names = ("weights", "classifier", "codes", "mixture", "sizes", "classifier_sizes", "labels", "kld", "z")
    state = {name: getattr(explorer, name) for name in names}
    return {n: {"bytes": base64.b64encode(v).decode()} if isinstance(v, bytes) else v for n, v in state.items()}


def floats(text):
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32)


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
    mouse.move(box["x"] + 0.065 * box["width"], box["y"] + 0.4 * box["height"])
    before = pixels(explorer.locator(".digit"))
    mouse.down()
    mouse.move(box["x"] + 0.065 * box["width"], box["y"] + 0.15 * box["height"])
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


def taken(explorer):
    """The names of the draws that are marked."""
    return [button.get_attribute("aria-label") for button in explorer.locator("[aria-pressed='true']").all()]


def test_the_browser_draws_from_the_mixture_that_python_sent(page, encoded):
    mixture = priors.load_priors().mixture
    render(page, sent(Explorer(*encoded, mixture=mixture)))
    drawn = page.evaluate(
        """() => {
            const draw = explorer.mixture(state.mixture, 40);
            const all = new Float32Array(40 * 20000);
            for (let i = 0; i < 20000; i++) all.set(draw(), 40 * i);
            const reader = new FileReader();
            reader.readAsDataURL(new Blob([all]));
            return new Promise((done) => (reader.onload = () => done(reader.result.split(",")[1])));
        }"""
    )
    z = floats(drawn).view(-1, 40)
    ours = priors.draw(mixture, 20_000, torch.Generator().manual_seed(0))
    # For 20,000 draws of a spread near 1 a mean is off by 0.01, and so is an entry of the covariance.
    torch.testing.assert_close(z.mean(0), ours.mean(0), atol=0.07, rtol=0)
    torch.testing.assert_close(z.T.cov(), ours.T.cov(), atol=0.12, rtol=0)
    # Moments are not all: what each mixture says of its own draws.
    said = [priors.log_density(mixture, part).mean().item() for part in (z, ours)]
    assert said[0] == pytest.approx(said[1], abs=0.4)


def test_the_keyboard_draws_from_the_mixture_beside_the_prior(page, encoded):
    box = render(page, sent(Explorer(*encoded, mixture=priors.load_priors().mixture)))
    box.get_by_role("button", name="Draw one from the mixture").press("Enter")
    expect(box.locator(".where")).to_have_text("drawn from the mixture")
    box.get_by_role("button", name="Draw 16 from the mixture").press("Enter")
    grid = box.get_by_role("group", name="Sixteen draws from the mixture")
    expect(grid.get_by_role("button")).to_have_count(16)
    grid.get_by_role("button", name="Take draw 3", exact=True).press("Enter")
    expect(box.locator(".where")).to_have_text("draw 3 of 16 from the mixture")
    box.get_by_role("button", name="Draw 16", exact=True).press("Enter")
    expect(box.get_by_role("group", name="Sixteen draws from the prior").get_by_role("button")).to_have_count(16)
    assert serious(page, ".vae-explorer") == []


def test_without_a_mixture_there_is_no_button_for_it(page, encoded):
    box = render(page, sent(Explorer(*encoded)))
    expect(box.get_by_role("button", name=re.compile("mixture"))).to_have_count(0)


def test_the_draw_taken_is_marked_while_it_is_repaired(explorer):
    explorer.get_by_role("button", name="Draw 16", exact=True).click()
    assert taken(explorer) == []
    for draw in ("Take draw 3", "Take draw 12"):
        explorer.get_by_role("button", name=draw, exact=True).click()
        explorer.page.wait_for_timeout(GLIDE)
        assert taken(explorer) == [draw]
    explorer.locator(".dimension input").focus()
    explorer.page.keyboard.press("End")
    assert taken(explorer) == ["Take draw 12"]
    explorer.locator(".pad").focus()
    explorer.page.keyboard.press("4")
    assert taken(explorer) == []


def test_back_to_the_start_takes_every_control_back(explorer):
    fields = explorer.locator("select, input")
    before = fields.evaluate_all("fields => fields.map((field) => field.value)")
    explorer.get_by_label("From image", exact=True).select_option("2")
    explorer.get_by_label("Dimension, most used first").select_option("9")
    explorer.get_by_role("slider", name="Way along the line, per cent").focus()
    explorer.page.keyboard.press("End")
    explorer.page.wait_for_timeout(GLIDE)
    assert fields.evaluate_all("fields => fields.map((field) => field.value)") != before
    explorer.get_by_role("button", name="Back to the start").click()
    explorer.page.wait_for_timeout(GLIDE)
    assert fields.evaluate_all("fields => fields.map((field) => field.value)") == before


def test_only_shares_that_are_some_are_named(explorer):
    explorer.locator(".pad").focus()
    explorer.page.keyboard.press("3")
    expect(explorer.locator(".where")).to_have_text("on the pad: 100 % of the 3")
    for _ in range(5):
        explorer.page.keyboard.press("ArrowLeft")
    says = explorer.locator(".where").inner_text()
    shares = [int(share) for share in re.findall(r"(\d+) %", says)]
    assert len(shares) == 2
    assert 0 < shares[1] <= shares[0] < 100


def test_the_legend_explains_each_mark_and_key(explorer):
    legend = explorer.locator(".legend")
    legend.locator("summary").click()
    for words in (
        "not on the pad",
        "beyond ±2",
        "“One dimension” moves",
        "draw that you took",
        "Page Up, Page Down",
        "Home",
    ):
        expect(legend).to_contain_text(words)
    assert legend.locator("li svg").count() == 5
    bar = explorer.locator(".strip .column title").first
    assert re.fullmatch(r"z\[2\] = −?\d\.\d\d", bar.text_content())
    legend.locator("summary").click()


NOTEBOOK = 679  # pixels of a notebook that one sees at once in JupyterLab, in a window 800 high
PARTS = (".view", ".pad", ".strip", ".dimension", ".prior", ".line", ".distance", ".legend")


def overlap(a, b):
    """Whether two boxes have a pixel in common."""
    across = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
    down = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
    return across > 0.5 and down > 0.5


def spread(boxes):
    """How far boxes reach from the top of the highest to the bottom of the lowest."""
    return max(box["y"] + box["height"] for box in boxes) - min(box["y"] for box in boxes)


@pytest.mark.parametrize("width", [320, 390, 420, 600, 768, 1024, 1280, 1600])
def test_what_one_moves_and_the_digit_are_seen_together(page, encoded, width):
    page.set_viewport_size({"width": width, "height": 900})
    box = render(page, sent(Explorer(*encoded)))
    box.get_by_role("button", name="Draw 16", exact=True).click()
    box.get_by_role("button", name="Take draw 7").click()
    page.wait_for_timeout(GLIDE)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = {part: box.locator(part).bounding_box() for part in PARTS}
    assert [(a, b) for a, b in itertools.combinations(PARTS, 2) if overlap(boxes[a], boxes[b])] == []
    for control in box.locator("select, input, button, canvas").all():
        place = control.bounding_box()
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= width
    digit = box.locator(".digit").bounding_box()
    assert digit["width"] >= 110
    for part in PARTS[1:6]:
        assert spread([digit, boxes[part]]) <= NOTEBOOK, part
    if width >= 768:
        assert spread([boxes[part] for part in PARTS]) <= NOTEBOOK


@pytest.mark.parametrize(
    "width", [390, 848]
)  # a phone, and the site's column, the narrowest with draws beside the bars
def test_a_choice_is_read_whole(page, encoded, width):
    page.set_viewport_size({"width": width, "height": 900})
    box = render(page, sent(Explorer(*encoded)))
    for choice in box.locator("select").all():
        choice.select_option(index=15)
        needed = choice.evaluate(
            """select => {
                const copy = select.cloneNode(true);  // which alone is as wide as its longest option
                copy.replaceChildren(select.selectedOptions[0].cloneNode(true));
                select.after(copy);
                copy.style.flex = "none", copy.style.maxWidth = "none";
                const { width } = copy.getBoundingClientRect();
                copy.remove();
                return width;
            }"""
        )
        assert choice.bounding_box()["width"] >= needed - 0.5


@pytest.mark.parametrize("width", [420, 1280])
def test_digit_pad_bars_and_draws_fit_into_jupyterlab(explorer, width):
    page = explorer.page
    size = page.viewport_size
    page.set_viewport_size({"width": width, "height": 800})
    collapsed = page.evaluate("jupyterapp.shell.leftCollapsed")
    page.evaluate("jupyterapp.shell.collapseLeft()")
    explorer.get_by_role("button", name="Draw 16", exact=True).click()
    page.wait_for_timeout(GLIDE)
    boxes = [explorer.locator(part).bounding_box() for part in (".digit", ".pad", ".strip", ".grid")]
    notebook = page.locator(".jp-WindowedPanel-outer:visible").bounding_box()
    assert spread(boxes) <= notebook["height"]
    assert all(place["x"] + place["width"] <= width for place in boxes)
    page.set_viewport_size(size)
    if not collapsed:
        page.evaluate("jupyterapp.shell.expandLeft()")


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
    says = "on the pad: 100 % of the 3"
    expect(explorer.get_by_role("status")).to_contain_text(says)
    expect(explorer.get_by_role("img", name=f"Decoded digit, {says}.")).to_have_count(1)
    expect(explorer.get_by_role("img", name="The 40 numbers of z as bars. Length of z")).to_have_count(1)


def test_tab_reaches_each_control_by_its_name_and_shows_where_it_is(explorer):
    explorer.locator(".pad").focus()
    names, rings = [], []
    while "What the marks mean, and the keys" not in names and len(names) < 30:
        focused = explorer.locator(":focus")
        names.append(focused.evaluate("e => e.getAttribute('aria-label') ?? e.textContent"))
        rings.append(focused.evaluate("e => getComputedStyle(e).outlineStyle + getComputedStyle(e).outlineWidth"))
        explorer.page.keyboard.press("Tab")
    assert set(rings) == {"solid3px"}
    names = [name for name in names if not name.startswith("Take draw")]
    assert names[0] == "Pad, ten class means on a ring"
    assert names[1] == "Dimension, most used first"
    assert names[3:6] == ["Draw one", "Draw 16", "Back to the start"]
    assert names[6:9] == ["From image", "To image", "Way along the line, per cent"]
    assert names[9] == "What the marks mean, and the keys"


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_serious_in_the_explorer(explorer, theme):
    explorer.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    expect(explorer.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    explorer.get_by_role("button", name="Draw 16", exact=True).click()
    assert serious(explorer.page, ".vae-explorer") == []


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
