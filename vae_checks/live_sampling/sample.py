"""Check of `sample`: pictures decoded from draws of the prior."""

import re

import torch
from torch.distributions import Normal

from vae_checks.check import Check
from vae_checks.compare import describe, difference, same
from vae_checks.mistakes import Finding, Mistake
from vae_probe.outcome import unpack
from vae_probe.samples import call_samples

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
