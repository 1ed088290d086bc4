"""Instruments for generated images and for codes.

A digit classifier and the energy distance between two sets know no model; each tells something only beside its value
for real digits (lesson 08). The others ask where codes lie (lesson 10).
"""

import json
import math
import statistics
from pathlib import Path

from vae_lib.guards import (
    check_alike,
    check_generator,
    check_images,
    check_labels,
    check_rows,
    check_tensor,
    check_whole,
)
from vae_lib.pytorch import torch

import torch.nn.functional as F
from torch import nn

ODD_ONES = Path(__file__).with_name("trained") / "odd_ones.json"


def train_classifier(x, y, generator, epochs=5):
    """Train a classifier of digits, 784 – 256 – 10, with Adam at a learning rate of 1e-3 in batches of 128.

    Its first weights come from PyTorch's global generator.

    Args:
        x: images (N, 784) in [0, 1].
        y: labels (N,), 0 to 9.
        generator: `torch.Generator` on the device of x; draws the order of the images.
        epochs: passes over the images.

    Returns:
        nn.Sequential: images (B, 784) → (B, 10), the logit of each digit.

    Raises:
        TypeError, ValueError: images of another shape or range; labels that are not one of ten for each image; no
            generator, or one of another device; a number of epochs below 1.
    """
    check_images(x)
    check_labels(y, len(x))
    check_generator(generator, x.device)
    check_whole(epochs, "epochs", 1)
    classifier = nn.Sequential(nn.Linear(x.shape[1], 256), nn.ReLU(), nn.Linear(256, 10)).to(x.device)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=1e-3)
    for _ in range(epochs):
        for batch in torch.randperm(len(x), generator=generator, device=x.device).split(128):
            loss = F.cross_entropy(classifier(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return classifier


@torch.no_grad()
def accuracy(classifier, x, y):
    """The share of the images x (N, 784) in [0, 1] that the classifier reads as their labels y (N,)."""
    check_images(x, classifier[0].in_features)
    check_labels(y, len(x))
    return (classifier(x).argmax(dim=1) == y).float().mean().item()


@torch.no_grad()
def readable(classifier, x):
    """The share of the images x (N, 784) in [0, 1] that the classifier gives to one digit with more than 0.9."""
    check_images(x, classifier[0].in_features)
    return (classifier(x).softmax(dim=1).amax(dim=1) > 0.9).float().mean().item()


@torch.no_grad()
def features(classifier, x):
    """What the classifier's hidden layer says of the images: x (N, 784) in [0, 1] → (N, 256)."""
    check_images(x, classifier[0].in_features)
    return classifier[:-1](x)


def energy_distance(a, b):
    """How far apart the sources of two sets of points are; 0 on average where both have the same source.

    2 mean |a - b| - mean |a - a'| - mean |b - b'|, where a point is never paired with itself: so it is unbiased, and
    comes out a little below 0 as often as above it for sets of one source (Székely and Rizzo, 2013).

    Args:
        a, b: (n, d) and (m, d), n and m at least 2.

    Raises:
        ValueError: fewer points, or of different dimensions.
    """
    if min(len(a), len(b)) < 2:
        raise ValueError(f"a distance between sets needs two points in each, got {len(a)} and {len(b)}")
    for name, points in {"a": a, "b": b}.items():
        check_rows(points, b.shape[-1], "expected points of shape (n, {}), as many numbers in a as in b", name)
    within = [torch.cdist(p, p).fill_diagonal_(0).sum() / (len(p) * (len(p) - 1)) for p in (a, b)]
    return (2 * torch.cdist(a, b).mean() - sum(within)).item()


@torch.no_grad()
def log_aggregate(z, mu, sigma):
    """The logarithm of the aggregate posterior's density at each z: the mean of the densities of all N answers.

    Args:
        z: points (n, D).
        mu, sigma: the encoder's answers for N images, each (N, D).

    Returns:
        (n,), in nats and in the dtype of z; computed in float64, because squares are expanded.
    """
    check_alike(mu=mu, sigma=sigma)
    check_rows(z, mu.shape[1], "expected points of shape (n, {}), as many numbers as mu has", "z")
    mu, variance = mu.double(), sigma.double().square()
    constant = (mu.square() / variance + (2 * math.pi * variance).log()).sum(dim=1)  # (N,)
    logs = []
    for some in z.double().split(100):
        square = some.square() @ (1 / variance).T - 2 * some @ (mu / variance).T + constant  # (100, N)
        logs.append((-square / 2).logsumexp(dim=1) - math.log(len(mu)))
    return torch.cat(logs).to(z)


def tell_apart(a, b, generator, hidden=256, epochs=4):
    """Train a classifier to tell two sets of points apart; of points it never saw, the share that it gets right.

    A tenth of both is kept for that; 0.5 is chance, where both sets have the same size and come from one source. Its
    first weights come from PyTorch's global generator.

    Args:
        a, b: (n, D) and (m, D).
        generator: `torch.Generator` on the device of a; draws the split and the order.
        hidden: units of each of two hidden layers; 0 for a linear classifier.
        epochs: passes over the points, with Adam at a learning rate of 1e-3 in batches of 128.

    Raises:
        TypeError, ValueError: points of different dimensions, fewer than ten of them; no generator.
    """
    for name, points in {"a": a, "b": b}.items():
        check_rows(points, b.shape[-1], "expected points of shape (n, {}), as many numbers in a as in b", name)
    if len(a) + len(b) < 10:
        raise ValueError(f"a tenth of the points is kept for the test, and there are {len(a) + len(b)}: pass more")
    check_generator(generator, a.device)
    points, source = torch.cat([a, b]), torch.cat([a.new_zeros(len(a)), a.new_ones(len(b))])
    order = torch.randperm(len(points), generator=generator, device=a.device)
    held_out, seen = order[: len(order) // 10], order[len(order) // 10 :]
    layers = [nn.Linear(a.shape[1], hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()] if hidden else []
    net = nn.Sequential(*layers, nn.Linear(hidden or a.shape[1], 1), nn.Flatten(0)).to(a)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(epochs):
        for batch in seen[torch.randperm(len(seen), generator=generator, device=a.device)].split(128):
            loss = F.binary_cross_entropy_with_logits(net(points[batch]), source[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return ((net(points[held_out]) > 0) == (source[held_out] > 0)).float().mean().item()


def auroc(normal, odd):
    """How well a score knows odd things: in which share of all pairs the odd one's is higher; a tie is half a pair.

    It is the area under the curve of hits over false alarms: 1 where every odd score is higher, 0.5 for chance.

    Args:
        normal, odd: scores (n,) and (m,).

    Raises:
        TypeError, ValueError: there are none; not numbers in a row, or NaN among them.
    """
    for name, scores in {"normal": normal, "odd": odd}.items():
        check_tensor(scores, name)
        if scores.ndim != 1 or scores.isnan().any():
            lost = f", {scores.isnan().sum()} of them not numbers (nan)"
            raise ValueError(f"{name} should be scores (n,), got {tuple(scores.shape)}{lost}: pass one for each image")
    if not len(normal) or not len(odd):
        raise ValueError(f"pairs need a score in each set, got {len(normal)} normal and {len(odd)} odd ones")
    in_order = normal.sort().values
    lower, not_higher = (torch.searchsorted(in_order, odd, right=right) for right in (False, True))
    return ((lower + not_higher).double().mean() / 2 / len(normal)).item()


def load_odd_ones():
    """What lesson 13 tells of trainings that take minutes, as `tools/make_odd_ones.py` measured it.

    Returns:
        dict: "left out" → digit, a text → score → AUROC of that digit; "encoder" → name → seed, a text → "test", "bce",
        "kld" in nats, "seconds" of a processor's time, "weights" of the encoder, "epochs"; "stranger" → epochs, a text
        → "val" in nats.
    """
    return json.loads(ODD_ONES.read_text(encoding="utf-8"))


def mean_and_spread(values):
    """The mean of several measurements, and their standard deviation."""
    values = [float(value) for value in values]
    return statistics.mean(values), statistics.stdev(values)
