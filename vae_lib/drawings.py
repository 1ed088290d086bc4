"""Drawings that explain: the network, spreads of codes, which codes fit and at what cost, what a program shows."""

from vae_lib.clinic import HIGH, LOW
from vae_lib.guards import squares
from vae_lib.plots import BLUE, DIGIT_COLOURS, GREY, ORANGE, Picture, show_grid
from vae_lib.pytorch import torch

from matplotlib.patches import Ellipse, Rectangle

# Where a Gaussian has 3, 2 and 1 standard deviations, below the logarithm of its peak.
LEVELS = [-4.5, -2.0, -0.5, 0.0]


def network(input_dim=784, hidden_dim=400, latent_dim=40):
    """The VAE as a drawing: a box for each layer's numbers, an arrow for each step between them."""
    alt = (
        f"From left to right: x with {input_dim} pixels, a hidden layer of {hidden_dim}, two heads mu and sigma of "
        f"{latent_dim} each, z of {latent_dim}, into which the noise eps comes from below, a hidden layer of "
        f"{hidden_dim}, the logits and, after a sigmoid, x_hat with {input_dim} pixels."
    )
    picture = Picture(9, 3.2, alt)
    ax = picture.add_subplot()
    boxes = {  # name: (x and y of its centre, height, numbers in it)
        "x": (0, 0, 5.2, input_dim),
        "h": (2.2, 0, 3.4, hidden_dim),
        "μ": (4.4, 1.2, 1.4, latent_dim),
        "σ": (4.4, -1.2, 1.4, latent_dim),
        "z": (6.6, 0, 1.4, latent_dim),
        "ε": (6.6, -2.6, 1.4, latent_dim),
        "h ": (8.8, 0, 3.4, hidden_dim),
        "logits": (11, 0, 5.2, input_dim),
        "x̂": (13.2, 0, 5.2, input_dim),
    }
    for name, (x, y, height, size) in boxes.items():
        look = dict(fc="white", ec=ORANGE, ls="--") if name == "ε" else dict(fc="#DCEAF4", ec=BLUE)
        ax.add_patch(Rectangle((x - 0.45, y - height / 2), 0.9, height, lw=1.5, **look))
        ax.text(x, y, f"{name.strip()}\n{size}", ha="center", va="center", size=9)
    steps = {
        "linear\nReLU": [("x", "h")],
        "linear": [("h", "μ"), ("h", "σ")],
        "": [("μ", "z"), ("σ", "z"), ("ε", "z")],
        "linear\nReLU ": [("z", "h ")],
        "linear ": [("h ", "logits")],
        "sigmoid": [("logits", "x̂")],
    }
    for name, arrows in steps.items():
        for start, end in arrows:
            (x, y, *_), (x_end, y_end, height, _) = boxes[start], boxes[end]
            tail, tip = (
                ((x, y + 0.7), (x_end, y_end - height / 2)) if start == "ε" else ((x + 0.45, y), (x_end - 0.45, y_end))
            )
            ax.annotate("", tip, tail, arrowprops=dict(arrowstyle="->", color=GREY))
        (x, *_), (x_end, *_) = boxes[arrows[0][0]], boxes[arrows[0][1]]
        ax.text((x + x_end) / 2, 0.9 if name == "linear" else 0.2, name.strip(), ha="center", size=8)
    ax.text(6.0, -2.6, "z = μ + σ · ε", ha="right", va="center", size=9)
    for x, name in {2.2: "encoder", 11: "decoder"}.items():
        ax.text(x, 3.0, name, ha="center", size=10, weight="bold")
    ax.set(xlim=(-0.7, 13.9), ylim=(-3.5, 3.6))
    ax.axis("off")
    return picture


def points_and_clouds(mu, sigma, y, titles, alt):
    """Codes in a plane, on the left as points, on the right as clouds.

    Args:
        mu: two sets of codes, each (N, 2).
        sigma: the spread of the second set, (N, 2): each of its codes is drawn as an ellipse of one standard
            deviation.
        y: labels (N,), which are drawn at the points and in the middle of the clouds.
        titles: of the two pictures.
        alt: what the figure shows, in a sentence.
    """
    picture = Picture(9, 4.4, alt)
    for i, points in enumerate(mu):
        ax = picture.panel(1, 2, i + 1, title=titles[i], xlabel="z[0]", ylabel="z[1]")
        for digit, colour in enumerate(DIGIT_COLOURS):
            ax.scatter(*points[y == digit].T, marker=f"${digit}$", s=16, lw=0.2, color=colour)
            for middle, spread in zip(points[y == digit], sigma[y == digit], strict=True) if i else ():
                size = 2 * spread.abs()
                ax.add_patch(Ellipse(middle, *size, fc=colour, ec="none", alpha=0.25))
    return picture


def posteriors(close_ups, x, alt):
    """The posteriors of images as shades that end where a Gaussian has 1, 2 and 3 standard deviations.

    Above each the image and the gap in nats; the encoder's answer is a dashed ellipse of two standard deviations.

    Args:
        close_ups: a `likelihood.CloseUp` for each image.
        x: the images (n, 784).
        alt: what the figure shows, in a sentence.
    """
    picture = Picture(1.55 * len(x), 3, alt)
    for i, (near, image) in enumerate(zip(close_ups, x, strict=True), 1):
        top = picture.add_subplot(2, len(x), i, title=f"gap {near.log_p - near.elbo:.1f}")
        top.imshow(squares(image.unsqueeze(0))[0, 0].numpy(), cmap="gray")
        top.axis("off")
        ax = picture.panel(2, len(x), len(x) + i)
        line = near.side * torch.linspace(0, 1, len(near.log_posterior))
        below = near.log_posterior.T - near.log_posterior.max()
        ax.contourf(
            *(near.low.unsqueeze(1) + line).numpy(), below.numpy(), levels=LEVELS, colors=["#C9DDEB", "#6FA8D0", BLUE]
        )
        ax.add_patch(Ellipse(near.mu.tolist(), *(4 * near.sigma).tolist(), fc="none", ec=ORANGE, ls="--", lw=1.6))
        ax.plot(*near.mu.tolist(), marker="+", color=ORANGE)
        ax.set_aspect("equal")
        ax.tick_params(labelsize=7)
    return picture


def rate_and_distortion(curve, alt, *, others=None):
    """Trained models in the plane of rate and distortion; dotted are lines on which the sum of both is the same.

    Args:
        curve: dictionary β → (KLD, BCE) in nats per image; each gets a piece of the line that falls by β.
        alt: what the figure shows, in a sentence.
        others: dictionary name → (KLD, BCE), marked without such a line; none if None.
    """
    picture = Picture(8, 4.6, alt)
    ax = _plane(picture, 111)
    for total in (110, 140, 170, 200):
        ax.plot([0, total], [total, 0], color=GREY, ls=":", lw=1)
        box = dict(fc="white", ec="none", pad=1)
        ax.text(total - 52, 52, f"sum {total}", color="#555555", size=8, ha="center", bbox=box, clip_on=True)
    for beta, (rate, distortion) in curve.items():
        length = 0.07 / ((1 / 100) ** 2 + (beta / 150) ** 2) ** 0.5  # as long for each β on the page
        ax.plot(*_falling(rate, distortion, beta, length), color=ORANGE, lw=2, zorder=3)
        ax.plot(rate, distortion, "o", color=BLUE, zorder=4)
        ax.annotate(f"β = {beta:g}", (rate, distortion), (8, 3), textcoords="offset points", size=9)
    for name, (rate, distortion) in (others or {}).items():
        offset = (62, 3) if rate < 60 else (-60, 24)  # beside the name of its neighbour, or above
        line = dict(arrowstyle="-", lw=0.6)
        ax.plot(rate, distortion, "D", color="white", mec=BLUE, ms=9, zorder=3)
        ax.annotate(name, (rate, distortion), offset, textcoords="offset points", size=9, arrowprops=line)
        ax.set_xlim(right=max(ax.get_xlim()[1], rate + 8))
    return picture


def one_beta(curve, beta, x, result):
    """One β in the plane of rate and distortion, with the line that falls by β, and what its model draws.

    Args:
        curve: dictionary β → (KLD, BCE) in nats per image.
        beta: one of them.
        x: originals (n, 784), at most ten, the first of validation.
        result: the `rates.Result` of this β.
    """
    rate, distortion = curve[beta]
    words = f"β = {beta:g}: rate {rate:.1f}, distortion {distortion:.1f} nats"
    share = f"{result.readable:.0%} of the samples readable, {result.right:.0%} of the reconstructions right"
    picture = Picture(9.5, 3.8, f"{words}. {share}. The line through its point in the plane falls by β.")
    ax = _plane(picture, 121)
    ax.plot(*zip(*sorted(curve.values()), strict=True), ".-", color=GREY, lw=1)
    ax.plot(*_falling(rate, distortion, beta, 200), color=ORANGE, lw=2)
    ax.plot(rate, distortion, "o", color=BLUE, ms=10, zorder=4)
    ax.set_title(words, size=10)
    right = picture.add_subplot(122)
    drawn = torch.cat([x, result.x_hat[: len(x)], result.samples[: len(x)]])
    show_grid(right, drawn, len(x), 2, rows=["original", "reconstructed", "sample"])
    right.set_title(share.replace(", ", ",\n"), size=10)
    return picture


def _plane(picture, position):
    """A panel of rate and distortion, wide enough for each β from 0.05 on."""
    ax = picture.panel(position, xlabel="rate: KLD, nats", ylabel="distortion: BCE, nats")
    ax.set(xlim=(-3, 110), ylim=(45, 215))
    return ax


def _falling(rate, distortion, beta, length):
    """The ends of a piece of the line distortion + β · rate = constant around a point."""
    return [rate - length, rate + length], [distortion + beta * length, distortion - beta * length]


def case_file(case, x, title, looks):
    """What the user of a program sees of it: pictures, printed losses, KLD of each dimension, the spread of σ.

    Args:
        case: `clinic.Case`; of the printed losses, those of its first seed.
        x: the ten images (10, 784) that it reconstructs.
        title: of the figure.
        looks: the pictures in words, a sentence.
    """
    printed = case.printed[0].tolist()
    last, active = printed[-1], int((case.kld_per_dim > 0.1).sum())
    edges = torch.linspace(LOW, HIGH, len(case.sigma) + 1)
    usual = edges[case.sigma.argmax()]
    in_all = f"{case.kld_per_dim.sum():.4g} in all" if case.kld_per_dim.isfinite().all() else "off the scale"
    alt = (
        f"{title}. It prints a loss of {', '.join(f'{loss:.4g}' for loss, *_ in printed)} after the epochs 1 to 5, the "
        f"last of BCE {last[1]:.4g} and KLD {last[2]:.4g}. By the formula the KLD is above 0.1 nats in {active} of 40 "
        f"dimensions, {in_all}. σ is most often {usual:.1f} to {usual + 0.1:.1f}. {looks}"
    )
    picture = Picture(9, 3.9, alt)
    left, top, text, bottom = picture.subplots(2, 2, width_ratios=[3, 2]).flat
    show_grid(left, torch.cat([x, case.x_hat, case.samples]), 10, 2, rows=["original", "reconstruction", "sample"])
    left.set_title(title)
    lines = [f"it prints {'loss':>10}{'BCE':>12}{'KLD':>12}"]
    lines += [f"epoch {i}   {loss:10.4g}{bce:12.4g}{kld:12.4g}" for i, (loss, bce, kld) in enumerate(printed, 1)]
    text.text(0, 1, "\n".join(lines), family="monospace", size=9, va="top", linespacing=1.6)
    text.axis("off")
    top.bar(range(1, 41), case.kld_per_dim.nan_to_num(0).tolist(), color=BLUE, width=0.8)
    top.axhline(0.1, color=GREY, linestyle="dashed", linewidth=1)
    top.set(ylabel="nats", xlabel="dashed: 0.1 nats", ylim=(0, None))
    top.set_ylim(top=max(0.3, top.get_ylim()[1]))  # a KLD of nothing should look like nothing
    top.set_title(f"KLD by dimension, {in_all}", size=10)
    bottom.stairs((100 * case.sigma).tolist(), edges.tolist(), fill=True, color=ORANGE)
    bottom.set(xlabel=f"σ; at the ends, {LOW:.0f} or less, {HIGH:.0f} or more", ylabel="%")
    bottom.set_title("σ, 40 for each image", size=10)
    for ax in (top, bottom):
        ax.spines[["top", "right"]].set_visible(False)
    return picture
