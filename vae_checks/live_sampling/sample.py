"""Check of `sample`: pictures decoded from draws of the prior."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal

from vae_checks.check import Check, recognise_by
from vae_checks.compare import describe, difference, same
from vae_checks.mistakes import NOTHING, Mistake
from vae_checks.properties import ANY_SIZES, Property, Seen, judge_each, not_a_tensor, shared
from vae_checks.shapes import FORM, IN_PICTURES, PICTURES, makes_pictures, mistake_of_form, reshape_part
from vae_checks.slips import COUNT, OTHER_COUNT, mistake_of_sizes
from vae_probe.outcome import Case
from vae_probe.samples import call_samples

MANY, DIMS = 1_000, 40  # draws of z in a case, and numbers in each of them, as in the notebook
ENOUGH = 40  # draws of z, of which one can say how they are distributed
USUAL = ("many", "few", "one")  # the kinds of cases with DIMS numbers in a z


def _draw_samples(seed: int) -> list[Case]:
    """Another decoder for each seed. The seeds of the generators do not change, or a rare draw would cost points."""
    generator = torch.Generator().manual_seed(seed)

    def case(kind: str, n: int, latent_dim: int, drawn_with: int) -> Case:
        weights = torch.randn(latent_dim, 16, generator=generator)
        bias = torch.randn(16, generator=generator)
        return Case(kind, {"weights": weights, "bias": bias, "n": n, "generator": drawn_with})

    many = [case("many", MANY, DIMS, drawn_with) for drawn_with in (1, 2)]
    return [*many, case("few", 7, DIMS, 3), case("one", 1, DIMS, 4), case("sizes", 7, 6, 5)]


def _prepared(each: Seen) -> Seen:
    """What was seen, with the pictures in the shape that was asked for; the note says how they came."""
    each = reshape_part(each, "x_hat", _pictures(each, each.case.inputs["n"]))
    if not each.outcome.error and each.outcome.value["pictures"]:
        each = each._replace(outcome=replace(each.outcome, note=PICTURES))
    return _without_others(each)


def _without_others(each: Seen) -> Seen:
    """What was seen, without the z that were decoded before or after those of the n pictures, to look at them, say."""
    value, n = each.outcome.value, each.case.inputs["n"]
    if each.outcome.error or value["z"] is None or len(value["z"]) <= n:
        return each
    for part in (slice(-n, None), slice(n)):
        if same(_decode(each, value["z"][part]), value["x_hat"]):
            again = value["again"] if value["again"] is None else value["again"][part]
            return each._replace(outcome=replace(each.outcome, value=value | {"z": value["z"][part], "again": again}))
    return each


def _decode(each: Seen, z: Tensor) -> Tensor:
    return torch.sigmoid(z @ each.case.inputs["weights"] + each.case.inputs["bias"])


def _pictures(each: Seen, n: int) -> Tensor:
    """Pictures of the shape that n of them have."""
    return torch.empty(n, len(each.case.inputs["bias"]))


def _count(each: Seen) -> int:
    """How many pictures are judged: as many as were decoded, if several were and all came back, else n."""
    z, x_hat = each.outcome.value["z"], each.outcome.value["x_hat"]
    several = z is not None and len(z) > 1 and describe(x_hat) == describe(_pictures(each, len(z)))
    return len(z) if several else each.case.inputs["n"]


def _wrong_count(each: Seen) -> str:
    n, count = each.case.inputs["n"], _count(each)
    return "" if count == n else f"for n = {n} expected {n} pictures, got {count}"


def _wrong_shape(each: Seen) -> str:
    n = each.case.inputs["n"]
    expected, actual = describe(_pictures(each, _count(each))), describe(each.outcome.value["x_hat"])
    return "" if expected == actual else f"for n = {n} expected {expected}, got {actual}"


def _wrong_z(each: Seen) -> str:
    """What is wrong with the draws of z, a sentence."""
    z, n = each.outcome.value["z"], _count(each)
    if z is None:
        return "decode was never called"
    if len(z) != n:
        return f"expected {n} z for n = {n}, decode got {len(z)}"
    if not z.isfinite().all():
        return f"for n = {n} the z are not finite numbers"
    if n < ENOUGH:
        return "" if z.any() else f"for n = {n} every z is 0"
    z = z.double()
    return _dependence(z) or _distribution(z.flatten())


def _dependence(z: Tensor) -> str:
    """How numbers that should be independent hang together, a sentence; (n, D)."""
    n, lengths = len(z), z.norm(dim=1)
    values, counts = z.flatten().unique(return_counts=True)
    if not z.any():
        return "every z is 0"
    if len(z.unique(dim=0)) == 1:
        return "every z is the same"
    if len(values) < n / 10:
        return f"only {len(values)} different numbers occur in {n} z"
    if len(z.unique(dim=0)) < 0.99 * n:
        return "the same z occurs more than once"
    if len(z.abs().unique(dim=0)) < 0.99 * n:
        return "the same z occurs more than once, but for its sign"
    if lengths.std() < 1e-3 * lengths.mean():
        return f"every z has the length {lengths.mean():.2f}"
    if (z == z[:, :1]).all():
        return "all numbers within a z are the same"
    spread = z.std(0)
    if (spread - spread.mean()).abs().max() > 6 * spread.mean() / (2 * n) ** 0.5:
        return f"the numbers of one dimension scatter by {spread.min():.2f}, those of another by {spread.max():.2f}"
    if not (torch.corrcoef(z.T).tril(-1).abs() < 6 / n**0.5).all():
        return "the numbers within a z depend on each other"
    if not (torch.corrcoef(torch.stack([z[:-1].flatten(), z[1:].flatten()]))[0, 1].abs() < 6 / n**0.5):
        return "each z depends on the one before it"
    # In float32 a few numbers of so many are equal by chance, never six of them.
    if len(values) < 0.98 * z.numel() or counts.max() > 5:
        most = counts.argmax()
        return f"the number {values[most]:.4g} comes {counts[most]:,} times, and by chance it would come once"
    return ""


def _distribution(entries: Tensor) -> str:
    """How the entries of all z are not N(0, 1), a sentence; of right ones it blames fewer than one in a million."""
    count, mean, std = len(entries), entries.mean(), entries.std()
    low, high = entries.aminmax()
    entries = entries.sort().values
    even = low + (high - low) * torch.linspace(0, 1, count)
    if (entries - even).abs().max() < 0.02 * (high - low):
        return f"the entries of z lie evenly between {low:.2f} and {high:.2f}"
    if low >= 0 or high <= 0:
        return f"the entries of z all have one sign, from {low:.2f} to {high:.2f}"
    # Kolmogorov and Smirnov: how far apart the distribution functions are, for N(0, 1) less than 3.5/√count.
    apart = Normal(0.0, 1.0).cdf((entries - mean) / std) - torch.linspace(0, 1, count)
    if not apart.abs().max() < 3.5 / count**0.5:
        return f"the entries of z, from {low:.2f} to {high:.2f}, are not normally distributed"
    if abs(mean) < 1e-6:
        return "the mean of all entries is exactly 0, which chance does not give"
    if abs(mean) > 6 * std / count**0.5:
        return f"expected entries with the mean 0, got {mean:.2f}"
    if abs(std - 1) > 6 / (2 * count) ** 0.5:
        return f"expected entries with the standard deviation 1, got {std:.2f}"
    return ""


def _wrong_x_hat(each: Seen) -> str:
    x_hat, z = each.outcome.value["x_hat"], each.outcome.value["z"]
    if z is None:
        return "decode was never called"
    decoded = _decode(each, z)
    if describe(decoded) != describe(x_hat):
        return f"decode gave {describe(decoded)}, you return {describe(x_hat)}"
    if same(decoded, x_hat):
        return ""
    if same(torch.sigmoid(decoded), x_hat):
        return "you return what decode gave, after another sigmoid"
    if isinstance(x_hat, Tensor) and set(x_hat.unique().tolist()) <= {0, 1}:
        return "you return pixels that are 0 or 1, decode gave grey ones"
    if same(1 - decoded, x_hat):
        return "black and white of what decode gave are exchanged"
    if isinstance(x_hat, Tensor) and same(_sorted_rows(decoded), _sorted_rows(x_hat)):
        return "you return the pictures that decode gave, in another order"
    changed = "a function of what decode gave" if _is_function_of(decoded, x_hat) else "not what decode gave"
    return f"{changed}: {difference(decoded, x_hat)}"


def _sorted_rows(x_hat: Tensor) -> Tensor:
    return x_hat[x_hat.double().mean(1).argsort()]


def _is_function_of(decoded: Tensor, x_hat: Any) -> bool:
    """Whether a brighter pixel of one is never a darker one of the other, nor the reverse."""
    steps = x_hat.flatten()[decoded.flatten().argsort()].diff()
    return bool((steps >= 0).all() or (steps <= 0).all())


def _wrong_in_other_sizes(each: Seen) -> str:
    return _wrong_count(each) or _wrong_shape(each) or _wrong_z(each) or _wrong_x_hat(each)


def _not_from_the_generator(seen: list[Seen]) -> str:
    seen = [each for each in seen if each.case.kind in USUAL]
    first, second = (each.outcome.value["z"] for each in seen[:2])
    if same(first, second):
        return "nothing in z depends on the generator that you are given"
    if any(each.outcome.varies for each in seen):
        return "generators in the same state give different pictures: some chance is not from the generator"
    if any(same(each.outcome.value["z"], each.outcome.value["again"]) for each in seen):
        return "a second call with the same generator gives the same z once more"
    return ""


IN_Z, IN_X_HAT = "z from N(0, I)", "x_hat is decode(z)"
PROPERTIES = [
    Property("shape", 1, judge_each(_wrong_shape, *USUAL), required=True),
    FORM,
    Property(COUNT, 0, judge_each(_wrong_count, *USUAL), cap=6),
    Property(IN_Z, 4, judge_each(_wrong_z, *USUAL), cap=4),
    Property(IN_X_HAT, 2, judge_each(_wrong_x_hat, *USUAL), cap=5),
    Property(ANY_SIZES, 0, judge_each(_wrong_in_other_sizes, "sizes"), follows=(COUNT, IN_Z, IN_X_HAT), cap=8),
    Property("draws from the generator", 2, _not_from_the_generator),
    shared("no global seed", 0),
]


def _symptoms(seen: list[Seen]) -> list:
    """The faults, numbers aside, because another way to draw gives other numbers; or the messages of errors.

    Of what hangs on the generator only what the two large cases show.
    """
    if any(each.outcome.error for each in seen):
        return [each.outcome.error and each.outcome.error.message for each in seen]
    set_back = any(same(each.outcome.value["z"], each.outcome.value["again"]) for each in seen)
    seeded, moved = (any(getattr(each.outcome, name) for each in seen) for name in ("seeded", "moved"))
    faults = [re.sub(r"-?\d[\d.,e+-]*", "", property_.judge(seen)) for property_ in PROPERTIES]
    return [*faults, set_back, seeded, moved]


def _sample(decode: Callable, n: int, latent_dim: int, generator: torch.Generator) -> Tensor:
    return decode(torch.randn(n, latent_dim, generator=generator))


def _decoding(noise: Callable) -> Callable:
    """An answer that decodes this noise: (n, latent_dim, generator) → z."""
    return lambda decode, n, latent_dim, generator: decode(noise(n, latent_dim, generator))


def _one_for_all(decode: Callable, n: int, latent_dim: int, generator: torch.Generator) -> Tensor:
    return _sample(decode, 1, latent_dim, generator).repeat(n, 1)


def _seeded(n: int, latent_dim: int, generator: torch.Generator) -> Tensor:
    torch.manual_seed(0)
    return torch.randn(n, latent_dim)


def _set_back(n: int, latent_dim: int, generator: torch.Generator) -> Tensor:
    return torch.randn(n, latent_dim, generator=generator.manual_seed(0))


def _copied(n: int, latent_dim: int, generator: torch.Generator) -> Tensor:
    copy = torch.Generator()
    copy.set_state(generator.get_state())
    return torch.randn(n, latent_dim, generator=copy)


def _black_or_white(decode: Callable, n: int, latent_dim: int, generator: torch.Generator) -> Tensor:
    return _sample(decode, n, latent_dim, generator).round()


def _one_by_one(decode: Callable, n: int, latent_dim: int, generator: torch.Generator) -> Tensor:
    return torch.stack([decode(torch.randn(latent_dim, generator=generator)) for _ in range(n)])


def _noise_added(function: Callable) -> Callable:
    def noisy(decode: Callable, n: int, latent_dim: int, generator: torch.Generator) -> Tensor:
        x_hat = function(decode, n, latent_dim, generator)
        return x_hat + torch.randn(x_hat.shape, generator=generator)

    return noisy


def _twice_by_sign(z: Tensor) -> Tensor:
    half = z[: (len(z) + 1) // 2]
    return torch.cat([half, -half])[: len(z)]


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
        "no number is negative",
        "How many of the numbers from N(0, 1) are below 0, and how many of yours?",
        _decoding(lambda n, latent_dim, generator: torch.randn(n, latent_dim, generator=generator).abs()),
    ),
    Mistake(
        "numbers cut off, or rounded",
        "How often does N(0, 1) draw the very same number twice, and how often is it in your z?",
        _decoding(lambda n, latent_dim, generator: torch.randn(n, latent_dim, generator=generator).clamp(-2.5, 2.5)),
        _decoding(lambda n, latent_dim, generator: torch.randn(n, latent_dim, generator=generator).round()),
    ),
    Mistake(
        "every z has the same length",
        "Are all draws from N(0, I) at the same distance from 0?",
        _decoding(
            lambda n, latent_dim, generator: torch.nn.functional.normalize(
                torch.randn(n, latent_dim, generator=generator)
            )
        ),
    ),
    Mistake(
        "each z comes twice, once with the other sign",
        "Knowing one of your z, is there another that you know, too?",
        _decoding(lambda n, latent_dim, generator: _twice_by_sign(torch.randn(n, latent_dim, generator=generator))),
    ),
    Mistake(
        "the generator is not used",
        "Which argument of your function decides what is drawn? What should another one change?",
        _decoding(lambda n, latent_dim, generator: torch.randn(n, latent_dim)),
    ),
    Mistake(
        "the generator is set back to a seed",
        "If one calls your function twice with one generator, will the second pictures be new ones?",
        _decoding(_set_back),
    ),
    Mistake(
        "a copy of the generator draws",
        "If one calls your function twice with one generator, will the second pictures be new ones?",
        _decoding(_copied),
    ),
    Mistake(
        "noise from a seed of its own",
        "Your caller has passed you a generator, in a state of its own. What is left of that state in your z?",
        _decoding(
            lambda n, latent_dim, generator: torch.randn(n, latent_dim, generator=torch.Generator().manual_seed(7))
        ),
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
        "pixels of 0 and 1 only",
        "Which pixels does `decode` give, and who asked for black and white?",
        _black_or_white,
    ),
    Mistake(
        "a z without its row",
        "`decode` reads (n, latent_dim). Of which shape is a batch of one z?",
        _one_by_one,
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


OTHER_DECODER = Mistake(
    "the notebook's model in place of decode",
    "Which decoder does your function use: its argument, or one that the notebook has made?",
)


OF_CODES = "scatter by|depend on each other"  # said of draws whose dimensions are not independent and alike
NOT_THE_PRIOR = Mistake(
    "another distribution than the prior",
    "In the prior all dimensions are alike, and none knows of another. Is that true of what you draw from? Codes of "
    "images, say, have a spread of their own in each dimension.",
)


def _uses_another_decoder(each: Seen) -> bool:
    """Whether the decoder of the course stops, or pictures of 784 pixels come back that were not decoded."""
    if each.outcome.error:
        return each.outcome.error.message.startswith("the decoder expects latent points")
    x_hat = each.outcome.value["x_hat"]
    return each.outcome.value["z"] is None and isinstance(x_hat, Tensor) and x_hat.shape[1:] == (784,)


def _recognise(seen: list[Seen]) -> Mistake | None:
    if any(map(_uses_another_decoder, seen)):
        return OTHER_DECODER
    done = [each.outcome.value for each in seen if not each.outcome.error]
    if done and all(value["x_hat"] is None for value in done):
        return NOTHING
    if makes_pictures(seen):
        return IN_PICTURES
    if mistake := _by_symptoms(seen) or mistake_of_form(seen):
        return mistake
    if any(not each.outcome.error and _wrong_count(each) for each in seen):
        return OTHER_COUNT
    if any(re.search(OF_CODES, _wrong_z(each)) for each in seen[:1] if not each.outcome.error):
        return NOT_THE_PRIOR
    return mistake_of_sizes(PROPERTIES, seen)


_by_symptoms = recognise_by(_symptoms, SAMPLE_MISTAKES, call_samples, kinds=USUAL)
sample = Check(
    "sample",
    [*PROPERTIES, Property("a tensor", 1, judge_each(not_a_tensor))],
    _draw_samples,
    call_samples,
    _recognise,
    (
        "Two steps: numbers from N(0, 1), `latent_dim` of them for each picture; then pictures of them. Who does the "
        "second?",
        "`torch.randn` draws numbers from N(0, 1), of any shape, and takes a `generator=`. Which shape has z for n "
        "pictures?",
        "`z = torch.randn(…, …, generator=generator)`, a row for each picture; then return what `decode` makes of it.",
    ),
    _sample,
    prepare=_prepared,
    may_stop=("sizes",),
    forbidden=("vae_lib.latent",),
)
