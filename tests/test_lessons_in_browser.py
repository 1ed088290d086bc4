"""The lessons' live controls in a real JupyterLab and a real browser."""

import io
import re

import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from tests.jupyter_in_browser import GLIDE, pixels, python, scrolled, serious


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


def test_on_a_narrow_screen_the_samplers_picture_is_not_on_its_sliders(lesson):
    page = lesson("07_live_sampling")
    size = page.viewport_size
    page.evaluate("jupyterapp.shell.collapseLeft()")
    page.set_viewport_size({"width": 420, "height": 800})
    picture = scrolled(page, "img[alt^='the digit decoded at']").bounding_box()
    sliders = [slider.bounding_box() for slider in page.locator(".widget-slider:visible").all()]
    assert len(sliders) == 9
    assert picture["x"] + picture["width"] <= 420
    for slider in sliders:
        apart = picture["y"] >= slider["y"] + slider["height"] or picture["x"] >= slider["x"] + slider["width"]
        assert apart
    page.evaluate("jupyterapp.shell.expandLeft()")
    page.set_viewport_size(size)


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
    box = scrolled(lesson("05_training", tag="control"), ".vae-live")
    box.get_by_role("slider", name="epoch").focus()
    assert "epoch 2: 10 originals" in picture_after(box.page, "ArrowRight").get_attribute("alt")
    assert "epoch 50: 10 originals" in picture_after(box.page, "End").get_attribute("alt")
    assert serious(box.page, ".vae-live") == []


@pytest.mark.parametrize("name", ["05_training", "11_rate_distortion_collapse"])
def test_the_playground_trains_in_the_page_while_the_kernel_rests(lesson, name):
    page = lesson(name, tag="control")
    frame = scrolled(page, "iframe[title^='Playground']")
    inside = frame.content_frame
    inside.get_by_role("button", name="Train", exact=True).click()
    expect(inside.locator(".sentence")).to_have_text(re.compile(r"^Epoch \d+: loss"), timeout=120_000)
    inside.get_by_role("button", name="Pause", exact=True).click()
    assert python(page, "print(6 * 7)") == "42\n"
    assert serious(page, ".vae-playground") == []


def ring(box):
    """Where the ring is on the map, from the left and from the top."""
    return [float(box.locator(".ring").get_attribute(side)) for side in ("cx", "cy")]


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


def test_the_map_of_lesson_06_shows_single_digits_and_comes_closer(lesson):
    box = scrolled(lesson("06_latent_space_pca"), ".vae-map")
    plane, glyphs = box.get_by_role("slider", name="Map of encoded images"), box.locator(".plane text")
    for digit in (4, 9):
        box.get_by_role("button", name=f"Only the {digit}").click()
    shown = glyphs.evaluate_all(
        "glyphs => glyphs.filter((g) => g.getBoundingClientRect().width).map((g) => g.textContent)"
    )
    assert set(shown) == {"4", "9"}
    plane.focus()
    for key in ("ArrowUp", "ArrowRight", "ArrowDown", "ArrowLeft"):
        box.page.keyboard.press(key)
        assert re.search(r"a (4|9), at", plane.get_attribute("aria-valuetext"))
    whole = box.locator("svg").get_attribute("viewBox").split()
    box.page.keyboard.press("+")
    box.get_by_role("button", name="Closer").click()
    left, top, width, height = map(float, box.locator("svg").get_attribute("viewBox").split())
    assert (width, height) == (float(whole[2]) / 4, float(whole[3]) / 4)
    x, y = ring(box)
    assert left <= x <= left + width
    assert top <= y <= top + height
    place = plane.bounding_box()
    box.page.mouse.move(place["x"] + 0.5 * place["width"], place["y"] + 0.5 * place["height"])
    x, y = ring(box)
    assert abs(x - left - width / 2) < width / 2
    assert serious(box.page, ".vae-map") == []
    box.get_by_role("button", name="whole map").click()
    assert box.locator("svg").get_attribute("viewBox").split() == whole
    for digit in (4, 9):
        box.get_by_role("button", name=f"Only the {digit}").click()


def corner(image):
    """The grey level, 0 to 255, of a picture's paper on the screen."""
    return Image.open(io.BytesIO(image.screenshot())).convert("L").getpixel((2, 2))


def test_in_the_dark_theme_plots_are_dark_and_digits_as_they_are(lesson):
    figure = ".jp-OutputArea-child:has(+ .jp-OutputArea-child {}) img"
    plot, digits = figure.format(".vae-plot"), figure.format("> .jp-RenderedHTML > p:only-child:not(.vae-plot)")
    for name, chosen in (("06_latent_space_pca", (plot, digits)), ("03_reparameterization_trick", (".vae-live img",))):
        page, seen = lesson(name), {}
        for theme in ("Dark", "Light"):
            page.evaluate(
                "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", f"JupyterLab {theme}"
            )
            expect(page.locator("body")).to_have_attribute("data-jp-theme-name", f"JupyterLab {theme}")
            seen[theme] = [corner(page.locator(selector).first) for selector in chosen]
        assert seen["Light"] == [255] * len(chosen)
        assert seen["Dark"][0] < 60, name
        assert seen["Dark"][1:] == seen["Light"][1:]


CLASSIFIER_SAYS = """
with torch.no_grad():
    says = classifier(model.decode(class_means(mu, val_set.y))).softmax(1).max(1)
print([*zip(says.indices.tolist(), says.values.tolist())])
"""


def test_lesson_08_says_what_the_classifier_says_of_each_picture(lesson):
    # Without the measurements of the lesson, which take minutes.
    box = scrolled(lesson("08_the_report_revisited", tag="control"), ".vae-explorer")
    verdict = box.locator(".verdict")
    box.locator(".pad").focus()
    for key, (digit, sure) in enumerate(eval(python(box.page, CLASSIFIER_SAYS))):
        box.page.keyboard.press(str(key))
        box.page.wait_for_timeout(GLIDE)
        said, percent = re.fullmatch(r"the classifier says (\d), (\d+) % sure", verdict.inner_text()).groups()
        assert int(said) == digit
        assert abs(int(percent) - 100 * sure) <= 1
    assert serious(box.page, ".vae-explorer") == []


def test_lesson_09_shows_the_posterior_of_the_chosen_image(lesson):
    box = scrolled(lesson("09_exact_likelihood", tag="control"), ".vae-posteriors")
    said, plane = box.get_by_role("status"), box.get_by_role("img", name="Posterior of image")
    first = said.inner_text()
    assert re.fullmatch(r"Image 0: log p\(x\) −\d+\.\d, the ELBO −\d+\.\d: a gap of \d+\.\d nats\.", first)
    places, seen = plane.locator("ellipse").get_attribute("cx"), plane.locator("image").get_attribute("href")
    box.get_by_role("radio", name="image 0", exact=True).focus()
    box.page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("Image 1: ")
    expect(box.get_by_role("radio", name="image 1", exact=True)).to_be_checked()
    assert plane.locator("ellipse").get_attribute("cx") != places
    assert plane.locator("image").get_attribute("href") != seen
    box.locator("label").nth(5).click()
    expect(plane).to_have_attribute("aria-label", re.compile("Posterior of image 5, highest at .* The encoder says "))
    assert serious(box.page, ".vae-posteriors") == []


def test_lesson_11_walks_along_the_curve(lesson):
    box = scrolled(lesson("11_rate_distortion_collapse", tag="control"), ".vae-live")
    slider = box.get_by_role("slider", name="β")
    slider.focus()
    expect(slider).to_have_attribute("aria-valuetext", "1")
    assert "β = 2: rate 15.2, distortion 95.2 nats." in picture_after(box.page, "ArrowRight").get_attribute("alt")
    assert "β = 40: rate 0.0, distortion 205.6 nats." in picture_after(box.page, "End").get_attribute("alt")
    expect(slider).to_have_attribute("aria-valuetext", "40")
    assert serious(box.page, ".vae-live") == []


def test_lesson_12_answers_a_diagnosis_only_once_it_is_committed(lesson):
    box = scrolled(lesson("12_broken_vae_clinic", tag="control"), ".vae-clinic")
    answer, commit = box.locator(".answer"), box.get_by_role("button", name="This is my diagnosis")
    choice = box.get_by_role("combobox", name="Diagnosis")
    expect(answer).to_be_empty()
    expect(commit).to_be_disabled()
    choice.focus()
    box.page.keyboard.press("h")  # of the list, the one that begins with it
    expect(choice).to_have_value("healthy")
    box.page.keyboard.press("Tab")
    box.page.keyboard.press("Enter")
    expect(answer).to_contain_text("Not “healthy”. It was: z detached.")
    expect(answer).to_contain_text("wrong: return losses(x, decode(model, z.detach()), mu, log_var)")
    expect(choice).to_be_disabled()
    box.get_by_role("radio", name="patient 1", exact=True).focus()
    box.page.keyboard.press("ArrowRight")
    expect(box.get_by_role("img")).to_have_attribute("alt", re.compile("^Patient 2. It prints a loss of "))
    expect(answer).to_be_empty()
    choice.select_option("KLD a mean over dimensions")
    commit.click()
    expect(answer).to_contain_text("Right: KLD a mean over dimensions.")
    expect(box).to_contain_text("2 of 13 seen, 1 right.")
    assert serious(box.page, ".vae-clinic") == []
    box.get_by_role("radio", name="patient 1", exact=True).click()
    expect(answer).to_contain_text("It was: z detached.")
