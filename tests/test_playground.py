"""The playground: its mathematics against PyTorch, and a student's moves in the page."""

import re
from itertools import pairwise

import pytest
import torch
from playwright.sync_api import expect

from tests.jupyter_in_browser import serious, watched
from vae_lib.loss import vae_loss
from vae_lib.model import VAE
from vae_lib.train import new_run
from vae_lib.widgets import playground as source

# pixels, hidden, latent, batch: the page's sizes, then odd ones that leave a rest in each loop over four.
SIZES = [(196, 128, 2, 64), (7, 5, 3, 1), (33, 18, 1, 6), (50, 31, 4, 13), (16, 8, 8, 9)]
HEADS = ["sigma", "log_var", "softplus"]
OBJECTIVE = {"beta": 1.7, "pixelWeight": 1, "logVarAsSigma": False}
# What math.js computes for one batch, and after some steps; weights are transposed on both ways.
COMPUTE = """([shape, state, x, eps, n, objective, steps, lr]) => {
    const model = math.newModel(shape, math.uniformFrom(0));
    for (const name in state) model.weights[name].set(state[name]);
    const codes = math.encode(model, Float32Array.from(x[0]), n);
    const { logits } = math.decode(model, math.sample(codes, Float32Array.from(eps[0]), objective.logVarAsSigma), n);
    const losses = math.backward(model, Float32Array.from(x[0]), Float32Array.from(eps[0]), n, objective);
    const plain = (all) => Object.fromEntries(Object.entries(all).map(([name, part]) => [name, [...part]]));
    const parts = { mu: [...codes.mu], sigma: [...codes.sigma], logits: [...logits], grads: plain(model.grads) };
    const history = [];
    for (let i = 0; i < steps; i++)
        history.push(math.step(model, Float32Array.from(x[i]), Float32Array.from(eps[i]), n, objective, lr).loss);
    return { ...losses, ...parts, history, weights: plain(model.weights) };
}"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("playground") / "playground.html"
    path.write_text(source.page(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def math_page(browser, built):
    """A page with the worker's mathematics, as it ships, as the global `math`."""
    with browser.new_context(offline=True) as context:
        for page in watched(context.new_page()):
            page.goto("about:blank")
            import_scripts(page, "math", built, "product.js", "math.js")
            yield page


def import_scripts(page, name, built, *files):
    """Bind a page's global `name` to what the files export, which the playground has in this order."""
    assert source.joined(files) in built.read_text(encoding="utf-8")
    text = "".join((source.FOLDER / file).read_text(encoding="utf-8") for file in files)
    text = re.sub(r"^import .*;\n", "", text, flags=re.MULTILINE)
    page.evaluate(
        "async ([name, source]) => window[name] = await import(URL.createObjectURL(new Blob([source], "
        "{ type: 'text/javascript' })))",
        [name, text],
    )


@pytest.fixture
def playground(page, built):
    """The playground, open from disk, its network listened to."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(built.as_uri())
    expect(page.locator(".progress")).to_have_text("epoch 1, step 0")
    yield page
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def computed(page, sizes, head, seed, steps=0, lr=1e-2, **objective):
    """What math.js computes, and vae_lib in double precision, from the same weights, images and noise."""
    pixels, hidden, latent, n = sizes
    generator = torch.Generator().manual_seed(seed)
    model = VAE(pixels, hidden, latent, head).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) / weight.shape[-1] ** 0.5)
        if steps and head == "sigma":  # far from σ = 0, where a difference in the last digit grows tenfold in few steps
            model.encoder.hid_sigma.weight.mul_(0.1)
            model.encoder.hid_sigma.bias.fill_(1)
    x = torch.rand(max(1, steps), n, pixels, generator=generator, dtype=torch.float64)
    x[x < 0.4] = 0  # as in MNIST, many pixels are 0 exactly, and math.js passes over them
    eps = torch.randn(max(1, steps), n, latent, generator=generator, dtype=torch.float64)
    shape = {"pixels": pixels, "hidden": hidden, "latent": latent, "head": head}
    batches = [part.flatten(1).tolist() for part in (x, eps)]
    found = page.evaluate(COMPUTE, [shape, numbers(model.state_dict()), *batches, n, OBJECTIVE | objective, steps, lr])
    return found, model, x, eps


def numbers(state):
    """Tensors as flat lists, a weight in math.js' order (inputs, outputs)."""
    return {name: (one.mT if one.ndim == 2 else one).flatten().tolist() for name, one in state.items()}


def close(actual, expected, tolerance):
    actual = torch.tensor(actual, dtype=torch.float64)
    torch.testing.assert_close(actual, expected.detach().flatten(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("rows", "inner", "columns"), [(5, 9, 16), (3, 1, 2), (8, 30, 196), (1, 70, 33), (7, 12, 15)])
def test_the_product_is_pytorchs_with_and_without_webassembly(page, built, rows, inner, columns):
    a, b, c = (torch.randn(shape).relu() for shape in ((rows, inner), (inner, columns), (rows, columns)))
    a[0] = 0  # a row with nothing to add
    expected = (c.double() + a.double() @ b.double()).flatten()
    page.goto("about:blank")
    import_scripts(page, "simd", built, "product.js")
    page.evaluate("WebAssembly.validate = () => false")  # as in a browser of 2020
    import_scripts(page, "plain", built, "product.js")
    for name in ("simd", "plain"):
        # A matrix and its strides, read as it is and as its transpose's transpose.
        for first, ways in ((a, (inner, 1)), (a.mT, (1, rows))):
            for second, strides in ((b, (columns, 1)), (b.mT, (1, inner))):
                actual = page.evaluate(
                    "([name, c, a, b, ways, strides, sizes]) => { c = Float32Array.from(c); window[name].addProduct(c, "
                    "Float32Array.from(a), ...ways, Float32Array.from(b), ...strides, ...sizes); return [...c] }",
                    [
                        name,
                        *(one.flatten().tolist() for one in (c, first, second)),
                        ways,
                        strides,
                        (rows, inner, columns),
                    ],
                )
                close(actual, expected, 1e-5)


def test_a_product_that_the_memory_cannot_hold_is_refused(math_page, built):
    import_scripts(math_page, "product", built, "product.js")
    refused = "(sizes) => { try { product.addProduct([], [], 1, 1, [], 1, 1, ...sizes) } catch (e) { return e.name } }"
    for sizes in ((1, 9000, 1), (1, 1, 5000), (1, 4000, 196)):
        assert math_page.evaluate(refused, sizes) == "RangeError"


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("sizes", SIZES)
def test_forward_loss_and_gradients_are_pytorchs(math_page, sizes, head):
    found, model, x, eps = computed(math_page, sizes, head, seed=sum(sizes))
    x_logits, mu, sigma = model(x[0], eps[0])
    losses = vae_loss(x[0], x_logits, mu, sigma, beta=OBJECTIVE["beta"])
    losses.loss.mean().backward()
    close(found["logits"], x_logits, 1e-4)
    close(found["mu"], mu, 1e-4)
    close(found["sigma"], sigma, 1e-4)
    for term in ("loss", "bce", "kld"):
        assert found[term] == pytest.approx(getattr(losses, term).mean().item(), rel=1e-5)
    expected = numbers({name: weight.grad for name, weight in model.named_parameters()})
    assert expected.keys() == found["grads"].keys()
    for name, grad in expected.items():
        close(found["grads"][name], torch.tensor(grad, dtype=torch.float64), 1e-4)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("sizes", SIZES)
def test_ten_steps_of_adam_stay_together(math_page, sizes, head):
    found, model, x, eps = computed(math_page, sizes, head, seed=sum(sizes), steps=10, lr=3e-3, beta=1)
    start = VAE(*sizes[:3], head).double()
    start.load_state_dict(model.state_dict())
    run = new_run(start, torch.Generator(), lr=3e-3)
    history = []
    for images, noise in zip(x, eps, strict=True):
        loss = vae_loss(images, *start(images, noise)).loss.mean()
        run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        history.append(loss.item())
    assert found["history"] == pytest.approx(history, rel=1e-3)
    for name, weight in numbers(start.state_dict()).items():
        close(found["weights"][name], torch.tensor(weight, dtype=torch.float64), 1e-3)


@pytest.mark.parametrize("bug", ["log_var_as_sigma", "mean", "no_kld"])
def test_each_bug_trains_on_what_its_name_says(math_page, bug):
    objective = {"log_var_as_sigma": {"logVarAsSigma": True}, "mean": {"pixelWeight": 1 / 33}, "no_kld": {"beta": 0}}[
        bug
    ]
    found, model, x, eps = computed(math_page, (33, 18, 2, 6), "log_var", seed=1, **objective)
    mu, sigma = model.encode(x[0])
    z = mu + (2 * sigma.log() if bug == "log_var_as_sigma" else sigma) * eps[0]
    losses = vae_loss(x[0], model.decoder(z), mu, sigma)
    bce = losses.bce / 33 if bug == "mean" else losses.bce
    (bce + (0 if bug == "no_kld" else OBJECTIVE["beta"]) * losses.kld).mean().backward()
    expected = numbers({name: weight.grad for name, weight in model.named_parameters()})
    for name, grad in expected.items():
        close(found["grads"][name], torch.tensor(grad, dtype=torch.float64), 1e-4)
    assert found["bce"] == pytest.approx(losses.bce.mean().item())  # told in nats per image, whatever is trained on


def test_the_noise_is_standard_normal_and_repeats_with_the_seed(math_page):
    first, again, other = (
        torch.tensor(math_page.evaluate(f"[...math.normals(20000, math.uniformFrom({seed}))]")) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert abs(first.mean()) < 0.03  # four standard errors
    assert abs(first.std() - 1) < 0.02
    shares = [(first.abs() < bound).float().mean().item() for bound in (1, 2, 3)]
    assert shares == pytest.approx([0.6827, 0.9545, 0.9973], abs=0.014)


def test_images_are_mnist_halved(mnist):
    content, labels = source.small_images()
    assert len(content) == 4400 * 196
    assert list(labels) == mnist[1].y[:400].tolist()
    image = mnist[0].x[3].view(28, 28)
    pixel = 255 * (image[10, 12] + image[10, 13] + image[11, 12] + image[11, 13]) / 4
    assert abs(content[3 * 196 + 5 * 14 + 6] - pixel) <= 0.5


def test_the_page_is_small_and_its_javascript_short(built):
    assert built.stat().st_size <= 2_000_000
    files = [path.read_text(encoding="utf-8") for path in source.FOLDER.glob("*.js")]
    code = [line for file in files for line in file.splitlines() if not re.match(r"\s*(//|/\*\*|\*|$)", line)]
    assert len(code) <= 600  # comments, most of which are types, are not counted
    assert source.page() == built.read_text(encoding="utf-8")  # built again, byte for byte the same


def train_until(page, pattern, run=0):
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".sentence").nth(run)).to_have_text(re.compile(pattern), timeout=120_000)


def losses(page, run=0):
    return [float(one) for one in page.locator(".run").nth(run).locator("[data-term]").all_inner_texts()]


def test_training_lowers_the_loss_and_pauses(playground):
    playground.get_by_role("button", name="One step").click()
    expect(playground.locator(".progress")).to_have_text("epoch 1, step 1")
    before, _, _ = losses(playground)
    assert 120 < before < 160  # 196 · log 2 = 136 nats, for grey clouds
    train_until(playground, r"^Epoch ([2-9]|\d\d+): loss [\d.]+ nats per image on new images")
    expect(playground.locator("[role=status]")).to_contain_text("Run A. Epoch")
    playground.get_by_role("button", name="Pause").click()
    loss, bce, kld = losses(playground)
    assert loss < 70
    assert loss == pytest.approx(bce + kld, abs=0.11)
    playground.locator(".plane").focus()

    def progress():
        playground.keyboard.press("ArrowRight")  # asks the worker where it is
        playground.wait_for_timeout(500)
        return playground.locator(".progress").inner_text()

    assert any(progress() == progress() for _ in range(20))  # what was on its way may still arrive
    playground.get_by_role("button", name="Reset").click()
    expect(playground.locator(".progress")).to_have_text("epoch 1, step 0")


def test_the_same_seed_gives_the_same_run_and_another_seed_another(playground):
    playground.get_by_label("two runs side by side").check()
    for seed, same in ((1, True), (2, False)):
        playground.locator('[name="seed"]').nth(1).fill(str(seed))
        playground.get_by_role("button", name="Reset").click()
        for i in range(1, 6):
            playground.get_by_role("button", name="One step").click()
            for run in (0, 1):
                expect(playground.locator(".progress").nth(run)).to_have_text(f"epoch 1, step {i}")
        assert (losses(playground, 0) == losses(playground, 1)) == same


@pytest.mark.parametrize("bug", ["one_eps", "no_kld", "log_var_as_sigma", "mean"])
def test_each_bug_trains_otherwise(playground, bug):
    playground.get_by_label("two runs side by side").check()
    playground.get_by_label("Break it").nth(1).select_option(bug)
    playground.get_by_role("button", name="Train", exact=True).click()
    for run in (0, 1):
        expect(playground.locator(".sentence").nth(run)).to_have_text(re.compile(r"^Epoch"), timeout=120_000)
    playground.get_by_role("button", name="Pause").click()
    playground.wait_for_timeout(300)
    assert losses(playground, 0) != losses(playground, 1)


def test_a_loss_that_is_no_number_stops_with_a_next_step_that_works(playground):
    worker = playground.evaluate_handle("Worker.prototype")
    playground.evaluate(
        "prototype => { const post = prototype.postMessage; prototype.postMessage = function (m) {"
        "if (m.settings && window.huge) m.settings = { ...m.settings, lr: 1e30 }; post.call(this, m); } }",
        worker,
    )
    playground.evaluate("window.huge = true")
    playground.get_by_label("Learning rate").select_option("0.03")
    train_until(playground, "no longer a number after .* choose a smaller learning rate, then Reset")
    expect(playground.locator("#train")).to_have_text("Train")
    playground.evaluate("window.huge = false")
    playground.get_by_label("Learning rate").select_option("0.001")
    playground.get_by_role("button", name="Reset").click()
    train_until(playground, r"^Epoch \d+: loss")


def test_a_prediction_opens_its_answer_and_an_experiment_sets_both_runs_up(playground):
    experiment = playground.locator(".experiment").nth(1)
    expect(experiment.locator("details")).to_be_hidden()
    experiment.get_by_role("radio").first.check()
    expect(experiment.locator("details")).to_be_visible()
    experiment.get_by_role("button").click()
    expect(playground.locator(".run")).to_have_count(2)
    assert [one.is_checked() for one in playground.get_by_role("checkbox", name="Noise").all()] == [True, False]
    assert [one.input_value() for one in playground.locator('[name="beta"]').all()] == ["1", "0"]
    for run in (0, 1):
        expect(playground.locator(".sentence").nth(run)).to_have_text(re.compile("^Epoch"), timeout=120_000)


def test_keys_choose_a_place_of_the_plane(playground):
    playground.locator(".plane").focus()
    for _ in range(5):
        playground.keyboard.press("ArrowRight")
    playground.keyboard.press("Shift+ArrowUp")
    expect(playground.locator(".where")).to_have_text("z = (0.50, 0.50)")


def test_keys_reach_every_control(playground):
    reached = []
    for _ in range(15):
        playground.keyboard.press("Tab")
        reached.append(
            playground.evaluate(
                "document.activeElement.id || document.activeElement.getAttribute('name') || "
                "document.activeElement.className || document.activeElement.tagName"
            )
        )
    expected = [
        "train",
        "step",
        "reset",
        "compare",
        "SUMMARY",
        "lr",
        "beta",
        "batch",
        "hidden",
        "head",
        "seed",
        "noise",
    ]
    assert reached == [*expected, "bug", "grid", "plane"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1280, 1600])
def test_nothing_is_cut_off_and_axe_finds_nothing_serious(browser, built, width, scheme):
    with browser.new_context(offline=True, viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        for page in watched(context.new_page()):
            page.goto(built.as_uri())
            page.get_by_label("two runs side by side").check()
            page.get_by_role("radio").first.check()
            page.get_by_role("button", name="One step").click()
            expect(page.locator(".progress").nth(1)).to_have_text("epoch 1, step 1")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert serious(page, "body") == []


def test_less_motion_draws_at_most_once_a_second(browser, built):
    with browser.new_context(offline=True, reduced_motion="reduce") as context:
        for page in watched(context.new_page()):
            page.goto(built.as_uri())
            page.evaluate(
                """() => {
                    const post = Worker.prototype.postMessage;
                    window.looks = [];
                    Worker.prototype.postMessage = function (message) {
                        if (message.kind === "look") looks.push(performance.now());
                        post.call(this, message);
                    };
                }"""
            )
            page.get_by_role("button", name="Train", exact=True).click()
            page.wait_for_function("looks.length >= 4", timeout=60_000)
            looks = page.evaluate("looks.slice(1)")  # the first follows the click
            assert all(later - earlier >= 999 for earlier, later in pairwise(looks))
