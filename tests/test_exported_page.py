"""Lesson 07 as a page that needs no kernel."""

import pytest

from tests.jupyter_in_browser import GLIDE, assert_shows, serious
from tools import export_html
from vae_lib.latent import class_means


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
