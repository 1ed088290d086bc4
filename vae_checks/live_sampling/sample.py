"""Check of `sample`: pictures decoded from draws of the prior."""

import re

import torch
from torch.distributions import Normal

from vae_checks.check import Check, recognise_by
from vae_checks.compare import describe, difference, same
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, judge_each, shared
from vae_probe.outcome import Case
from vae_probe.samples import call_samples

POINTS = {"shape": 1, "value": 6, "float64 and device": 1, "inputs unchanged": 1, "no global seed": 1}


def _draw_samples(seed):
    generator = torch.Generator().manual_seed(seed)

    def inputs(n):
        latent_dim = torch.randint(3, 7, (), generator=generator).item()
        weights = torch.randn(latent_dim, 16, generator=generator)
        return {"weights": weights, "bias": torch.randn(16, generator=generator), "n": n, "generator": seed}

    many, few, single = map(inputs, (4_000, 7, 1))
    return [
        Case("many", many),
        Case("many", many | {"generator": seed + 1}),
        Case("few", few),
        Case("one", single),
    ]


def _same_z(seen):
    same_z = same(seen[0].outcome.value["z"], seen[1].outcome.value["z"])
    return "another generator gives the very same z; is it used?" if same_z else ""


def _wrong_shape(x_hat, z, weights, bias, n, generator):
    expected, actual = describe(torch.empty(n, len(bias))), describe(x_hat)
    return "" if expected == actual else f"for n = {n} expected {expected}, got {actual}"


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


PROPERTIES = [
    Property("shape", 1, judge_each(lambda each: _wrong_shape(**each.outcome.value, **each.case.inputs))),
    Property("z from N(0, I)", 5, judge_each(lambda each: _wrong_z(each.outcome.value["z"], each.case.inputs["n"]))),
    Property("x_hat is decode(z)", 2, judge_each(lambda each: _wrong_x_hat(**each.outcome.value, **each.case.inputs))),
    Property("draws from the generator", 1, _same_z),
    shared("no global seed", 1),
]


def _symptoms(seen):
    """The faults, numbers aside, because another way to draw gives other numbers; or the messages of errors."""
    if any(each.outcome.error for each in seen):
        return [each.outcome.error and each.outcome.error.message for each in seen]
    return [re.sub(r"-?\d[\d.e+-]*", "", property_.judge(seen)) for property_ in PROPERTIES]


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
    PROPERTIES,
    _draw_samples,
    call_samples,
    recognise_by(_symptoms, SAMPLE_MISTAKES, call_samples),
    (
        "In training, the codes of all images together were pushed towards N(0, I). What must be drawn, and who makes "
        "pictures of it?",
        "`torch.randn` draws numbers from N(0, 1), of any shape, and takes a `generator=`. Which shape has z for n "
        "pictures?",
        "`z = torch.randn(…, …, generator=generator)`, a row for each picture; then return what `decode` makes of it.",
    ),
    _sample,
)
