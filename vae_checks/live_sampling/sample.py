"""Checks of assignment 07: samples from the prior, a straight walk between two codes, and a traversal."""

import re

import torch
from torch.distributions import Normal

from vae_checks.check import (
    Check,
    Finding,
    Mistake,
    check_against,
    describe,
    difference,
    same,
)
from vae_probe.call import call_samples, unpack

POINTS = {"shape": 1, "value": 6, "float64 and device": 1, "inputs unchanged": 1, "no global seed": 1}


def _draw_samples(seed):
    generator = torch.Generator().manual_seed(seed)

    def inputs(n):
        latent_dim = torch.randint(3, 7, (), generator=generator).item()
        weights = torch.randn(latent_dim, 16, generator=generator)
        return {"weights": weights, "bias": torch.randn(16, generator=generator), "n": n, "generator": seed}

    many, few, one = map(inputs, (4_000, 7, 1))
    return [
        {"kind": "many", "inputs": many},
        {"kind": "many", "inputs": many | {"generator": seed + 1}},
        {"kind": "few", "inputs": few},
        {"kind": "one", "inputs": one},
    ]


def _judge_samples(cases, outcomes):
    seen = [(case["inputs"], outcome["value"]) for case, outcome in zip(cases, outcomes, strict=True)]
    repeated = same(seen[0][1]["z"], seen[1][1]["z"])
    seeded = any(outcome["seeded"] for outcome in outcomes)
    faults = {
        "shape": [_wrong_shape(**value, **inputs) for inputs, value in seen],
        "z from N(0, I)": [_wrong_z(value["z"], inputs["n"]) for inputs, value in seen],
        "x_hat is decode(z)": [_wrong_x_hat(**value, **inputs) for inputs, value in seen],
        "draws from the generator": ["another generator gives the very same z; is it used?"] * repeated,
        "no global seed": ["your function sets a global seed, so that all random numbers after it repeat"] * seeded,
    }
    return [Finding(property_, not any(found), next(filter(None, found), "")) for property_, found in faults.items()]


def _wrong_shape(x_hat, z, weights, bias, n, generator):
    wanted, came = describe(torch.empty(n, len(bias))), describe(x_hat)
    return "" if wanted == came else f"for n = {n} expected {wanted}, got {came}"


def _wrong_z(z, n):
    """What is wrong with n draws of z (n, D), a sentence; of all right ones it blames fewer than one in a million."""
    if z is None:
        return "decode was never called"
    if len(z) != n:
        return f"expected {n} z for n = {n}, decode got {len(z)}"
    if n < 1000:
        return ""
    z, mean, std = z.double(), z.double().mean(0), z.double().std(0)
    if not z.any():
        return "every z is 0"
    if len(z.unique(dim=0)) < n:
        return "the same z comes more than once"
    if not (torch.corrcoef(z.T).tril(-1).abs() < 6 / n**0.5).all():
        return "the numbers within a z depend on each other"
    # Kolmogorov and Smirnov: how far apart the distribution functions are, for N(0, 1) less than 3.5/√count.
    entries = ((z - mean) / std).flatten().sort().values
    apart = Normal(0.0, 1.0).cdf(entries) - torch.linspace(0, 1, len(entries))
    if not apart.abs().max() < 3.5 / len(entries) ** 0.5:
        return f"the entries of z, from {z.min():.2f} to {z.max():.2f}, are not normally distributed"
    if not (mean.abs() < 6 * std / n**0.5).all():
        return f"expected entries with the mean 0, got {z.mean():.2f}"
    if not ((std - 1).abs() < 6 / (2 * n) ** 0.5).all():
        return f"expected entries with the standard deviation 1, got {z.std():.2f}"
    return ""


def _wrong_x_hat(x_hat, z, weights, bias, n, generator):
    if z is None:
        return "decode was never called"
    decoded = torch.sigmoid(z @ weights + bias)
    if describe(decoded) != describe(x_hat):
        return f"decode gave {describe(decoded)}, you return {describe(x_hat)}"
    if same(torch.sigmoid(decoded), x_hat):
        return "you return what decode gave, after another sigmoid"
    return "" if same(decoded, x_hat) else f"not what decode gave: {difference(decoded, x_hat)}"


def _recognise_samples(cases, outcomes):
    # Another way to draw gives other numbers, so mistakes are alike if the same is wrong with both, numbers aside.
    def symptoms(seen):
        if any(outcome["error"] for outcome in seen):
            return [(outcome["error"] or {}).get("message") for outcome in seen]
        return [re.sub(r"-?\d[\d.e+-]*", "", finding.sentence) for finding in _judge_samples(cases, seen)]

    found = symptoms(outcomes)
    for mistake in SAMPLE_MISTAKES:
        if symptoms(unpack(call_samples(mistake.function, cases))) == found:
            return mistake
    return None


def _sample(decode, n, latent_dim, generator):
    return decode(torch.randn(n, latent_dim, generator=generator))


def _decoding(noise):
    """An answer that decodes this noise: (n, latent_dim, generator) → z."""
    return lambda decode, n, latent_dim, generator: decode(noise(n, latent_dim, generator))


def _one_for_all(decode, n, latent_dim, generator):
    return _sample(decode, 1, latent_dim, generator).repeat(n, 1)


def _seeded(n, latent_dim, generator):
    torch.manual_seed(0)
    return torch.randn(n, latent_dim)


def _noise_added(function):
    def noisy(decode, n, latent_dim, generator):
        x_hat = function(decode, n, latent_dim, generator)
        return x_hat + torch.randn(x_hat.shape, generator=generator)

    return noisy


_zero = _decoding(lambda n, latent_dim, generator: torch.zeros(n, latent_dim))

SAMPLE_MISTAKES = [
    Mistake(
        "the noise is scaled",
        "Which standard deviation has the prior in each dimension? Has the σ of any image a part in it?",
        _decoding(lambda n, latent_dim, generator: 2 * torch.randn(n, latent_dim, generator=generator)),
    ),
    Mistake(
        "uniform noise",
        "How large can a number from N(0, 1) become, and how large can yours?",
        _decoding(lambda n, latent_dim, generator: torch.rand(n, latent_dim, generator=generator)),
    ),
    Mistake(
        "the generator is not used",
        "Which argument of your function decides what is drawn? What should another one change?",
        _decoding(lambda n, latent_dim, generator: torch.randn(n, latent_dim)),
    ),
    Mistake(
        "a seed inside the function",
        "If one calls your function twice, will the second pictures be new ones?",
        _decoding(_seeded),
    ),
    Mistake(
        "one z for all",
        "Are your n pictures n different ones?",
        _decoding(lambda n, latent_dim, generator: torch.randn(1, latent_dim, generator=generator).repeat(n, 1)),
    ),
    Mistake(
        "one z for all",
        "Are your n pictures n different ones?",
        _one_for_all,
    ),
    Mistake(
        "one z in all",
        "How many z does it take for n pictures?",
        _decoding(lambda n, latent_dim, generator: torch.randn(1, latent_dim, generator=generator)),
    ),
    Mistake(
        "one number shared by all dimensions",
        "How many numbers must be drawn for one z?",
        _decoding(lambda n, latent_dim, generator: torch.randn(n, 1, generator=generator).repeat(1, latent_dim)),
    ),
    Mistake(
        "z = 0, always",
        "How many different pictures can the decoder draw from one point?",
        _zero,
    ),
    Mistake(
        "noise on the picture",
        "Where does chance come in: before the decoder, or after it?",
        _noise_added(_zero),
    ),
    Mistake(
        "noise on the picture",
        "Where does chance come in: before the decoder, or after it?",
        _noise_added(_sample),
    ),
    Mistake(
        "a second sigmoid",
        "Does `decode` give logits, or pixels in [0, 1] already?",
        lambda *inputs: _sample(*inputs).sigmoid(),
    ),
    Mistake(
        "z in place of pictures",
        "How many numbers has a picture, and how many a z? Who makes the one of the other?",
        lambda decode, n, latent_dim, generator: torch.randn(n, latent_dim, generator=generator),
    ),
    Mistake(
        "a dimension too few",
        "How many numbers does the decoder read, and how many do you give it?",
        _decoding(lambda n, latent_dim, generator: torch.randn(n, latent_dim - 1, generator=generator)),
    ),
    Mistake(
        "n and latent_dim swapped",
        "What stands in a row of z: the numbers of one z, or one number of each?",
        _decoding(lambda n, latent_dim, generator: torch.randn(latent_dim, n, generator=generator)),
    ),
]

sample = Check(
    "sample",
    {"shape": 1, "z from N(0, I)": 5, "x_hat is decode(z)": 2, "draws from the generator": 1, "no global seed": 1},
    _draw_samples,
    call_samples,
    _judge_samples,
    _recognise_samples,
    (
        "In training, the codes of all images together were pushed towards N(0, I). What must be drawn, and who makes "
        "pictures of it?",
        "`torch.randn` draws numbers from N(0, 1), of any shape, and takes a `generator=`. Which shape has z for n "
        "pictures?",
        "`z = torch.randn(…, …, generator=generator)`, a row for each picture; then return what `decode` makes of it.",
    ),
    _sample,
)


def _draw_walks(seed):
    generator = torch.Generator().manual_seed(seed)

    def case(kind, dims, steps):
        start, end = 2 * torch.randn(2, dims, generator=generator, dtype=torch.float64 if kind == "float64" else None)
        return {"kind": kind, "inputs": {"z_start": start, "z_end": end, "steps": steps}, "device": True}

    return [case("main", 6, 7), case("main", 4, 2), case("main", 5, 11), case("float64", 6, 8)]


def _interpolate(z_start, z_end, steps):
    last = steps - 1
    return torch.stack([((last - i) * z_start + i * z_end) / last for i in range(steps)])


def _at(share):
    """A walk over these shares of the way, which a function makes of `steps`."""
    return lambda z_start, z_end, steps: torch.stack([z_start + t * (z_end - z_start) for t in share(steps).tolist()])


def _on_a_sphere(z_start, z_end, steps):
    angle = torch.arccos(torch.cosine_similarity(z_start, z_end, dim=0))
    share = torch.linspace(0, 1, steps).unsqueeze(1)
    return (torch.sin((1 - share) * angle) * z_start + torch.sin(share * angle) * z_end) / torch.sin(angle)


def _at_length(z_start, z_end, steps):
    line, length = _interpolate(z_start, z_end, steps), torch.stack([z_start.norm(), z_end.norm()])
    return line / line.norm(dim=1, keepdim=True) * _interpolate(length[:1], length[1:], steps)


interpolate = check_against(
    _interpolate,
    [
        Mistake(
            "the last point is missing",
            "Where does your walk end, and where should it?",
            _at(lambda steps: torch.arange(steps) / steps),
        ),
        Mistake(
            "the first point is missing",
            "Where does your walk begin, and where should it?",
            _at(lambda steps: torch.arange(1, steps + 1) / steps),
        ),
        Mistake(
            "both ends are missing",
            "Where does your walk begin, and where should it?",
            _at(lambda steps: torch.arange(1, steps + 1) / (steps + 1)),
        ),
        Mistake(
            "one point too many",
            "Between five fence posts there are four gaps. Is `steps` the number of posts or of gaps?",
            _at(lambda steps: torch.linspace(0, 1, steps + 1)),
        ),
        Mistake(
            "one point too few",
            "Between five fence posts there are four gaps. Is `steps` the number of posts or of gaps?",
            _at(lambda steps: torch.linspace(0, 1, steps)[:-1]),
        ),
        Mistake(
            "start and end swapped",
            "Which point is in the first row?",
            _at(lambda steps: torch.linspace(1, 0, steps)),
        ),
        Mistake(
            "it stays at the start",
            "How do the rows differ from each other?",
            _at(torch.zeros),
        ),
        Mistake(
            "half of the way only",
            "Where does your walk end, and where should it?",
            _at(lambda steps: torch.linspace(0, 0.5, steps)),
        ),
        Mistake(
            "it begins at 0",
            "Put the share 0 into your formula: which point do you get?",
            lambda z_start, z_end, steps: _interpolate(0 * z_start, z_end - z_start, steps),
        ),
        Mistake(
            "it ends at z_start + z_end",
            "Put the share 1 into your formula: which point do you get?",
            lambda z_start, z_end, steps: _interpolate(z_start, z_start + z_end, steps),
        ),
        Mistake(
            "on a sphere, not on the line",
            "Halfway between (2, 0) and (0, 2), on the straight line: at which point is one there?",
            _on_a_sphere,
        ),
        Mistake(
            "on a sphere, not on the line",
            "Halfway between (2, 0) and (0, 2), on the straight line: at which point is one there?",
            _at_length,
        ),
        Mistake(
            "rows and columns swapped",
            "What stands in a row: a point, or a dimension?",
            lambda z_start, z_end, steps: _interpolate(z_start, z_end, steps).T,
        ),
    ],
    name="interpolate",
    points=POINTS,
    draw=_draw_walks,
    hints=(
        "A point on the line is the start plus a share of the way to the end. Which shares are those of five points?",
        "`torch.linspace` makes shares at equal distances, both ends included; it takes `dtype=` and `device=`. With a "
        "second dimension, the shares (steps, 1) and the way (D,) give (steps, D).",
        "`share = torch.linspace(0, 1, steps, dtype=z_start.dtype, device=z_start.device).unsqueeze(1)`, and then "
        "`z_start + share * (…)`.",
    ),
)


def _draw_traversals(seed):
    generator = torch.Generator().manual_seed(seed)

    def case(kind, dims, count):
        z = torch.randn(dims, generator=generator, dtype=torch.float64 if kind == "float64" else None)
        dim = torch.randint(1, dims - 1, (), generator=generator).item()
        values = 3 * torch.randn(count, generator=generator, dtype=z.dtype)
        return {"kind": kind, "inputs": {"z": z, "dim": dim, "values": values}, "device": True}

    return [case("main", 6, 7), case("main", 4, 3), case("one", 5, 1), case("float64", 6, 7)]


def _traverse(z, dim, values):
    rows = [[value if i == dim else entry for i, entry in enumerate(z.tolist())] for value in values.tolist()]
    return z.new_tensor(rows)


def _without_copies(z, dim, values):
    rows = z.expand(len(values), -1)
    rows[:, dim] = values
    return rows


traverse = check_against(
    _traverse,
    [
        Mistake(
            "all rows share one memory",
            "If each row is the same z, and not a copy of it, what do all rows show after the last value?",
            _without_copies,
        ),
        Mistake(
            "all rows share one memory",
            "If each row is the same z, and not a copy of it, what do all rows show after the last value?",
            lambda z, dim, values: _traverse(z, dim, values)[[-1] * len(values)],
        ),
        Mistake(
            "added, not set",
            "For the value 0, what should stand in this dimension?",
            lambda z, dim, values: _traverse(z, dim, z[dim] + values),
        ),
        Mistake(
            "multiplied, not set",
            "For the value 0, what should stand in this dimension? And for the value 1?",
            lambda z, dim, values: _traverse(z, dim, z[dim] * values),
        ),
        Mistake(
            "all dimensions are set",
            "How many entries of a row should differ from z?",
            lambda z, dim, values: values.unsqueeze(1).repeat(1, len(z)),
        ),
        Mistake(
            "added to all dimensions",
            "How many entries of a row should differ from z?",
            lambda z, dim, values: z + values.unsqueeze(1),
        ),
        Mistake(
            "the other dimensions are 0",
            "Where does the walk begin: in the middle of the latent space, or at your digit?",
            lambda z, dim, values: _traverse(0 * z, dim, values),
        ),
        Mistake(
            "dimensions counted from 1",
            "Which entry is `z[dim]`, and which one did you set?",
            lambda z, dim, values: _traverse(z, dim - 1, values),
        ),
        Mistake(
            "dimensions counted from 1",
            "Which entry is `z[dim]`, and which one did you set?",
            lambda z, dim, values: _traverse(z, dim + 1, values),
        ),
        Mistake(
            "nothing is set",
            "How do the rows differ from each other?",
            lambda z, dim, values: z.repeat(len(values), 1),
        ),
        Mistake(
            "rows and columns swapped",
            "What stands in a row: a code, or a dimension?",
            lambda z, dim, values: _traverse(z, dim, values).T,
        ),
    ],
    name="traverse",
    points={
        "shape": 1,
        "value": 5,
        "batch of one": 1,
        "float64 and device": 1,
        "inputs unchanged": 1,
        "no global seed": 1,
    },
    draw=_draw_traversals,
    hints=(
        "First as many copies of z as there are values, one below the other. Then change one column of them.",
        "`repeat` makes copies; `expand` only shows the same memory many times. `rows[:, dim]` is a column.",
        "`rows = z.repeat(len(values), 1)`, then set `rows[:, dim]` to …, and return the rows.",
    ),
)
