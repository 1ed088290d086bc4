"""Checks of assignment 03: z from μ and σ, σ from log σ², and many z for each image.

Noise cannot be compared with an expected value. So we draw often, recover the noise (z − μ) / σ, and ask whether it is
distributed as it should be. A right answer fails here with a probability far below one in a million.
"""

import torch
import torch.nn.functional as F
from torch.distributions import Normal

from vae_checks.check import (
    PROPERTIES,
    Check,
    Finding,
    Mistake,
    check_against,
    describe,
    same,
    tensor_cases,
)
from vae_probe.call import DRAWS, call_function, call_often, unequal_weights, unpack


def _gaussians(generator, batch):
    # Sigma far from 1, where many wrong formulas agree, and of both signs, as the report's head gives it.
    size = torch.exp(torch.randn(batch, 5, generator=generator).clamp(-2, 1.5))
    sign = torch.randint(2, (batch, 5), generator=generator) * 2 - 1
    return {"mu": 2 * torch.randn(batch, 5, generator=generator), "sigma": size * sign}


# What many draws tell


def _faults(z, mu, sigma):
    """What is wrong with z (R, B, D) as R draws of N(mu, sigma²): {property: a sentence, or "" if nothing is}."""
    z, mu, sigma = z.double(), mu.double(), sigma.double()
    noise = (z - mu) / sigma
    dependence = _dependence(noise)
    # The distance times √n exceeds 3 once in 30 million times, for any n (Massart 1990). Numbers that depend on each
    # other count as one.
    n = len(noise) if dependence else noise.numel()
    inside = (noise.abs() < 1).double().mean()
    return {
        "mean and spread": _spread(z, mu, sigma.abs()),
        "normal noise": ""
        if _distance_to_normal(noise) * n**0.5 < 3
        else f"{inside:.0%} of all (z − μ) / σ lie between −1 and 1; for N(0, 1) it is 68%",
        "independent noise": dependence,
    }


def _spread(z, mu, sigma):
    mean, spread = z.mean(0), z.std(0)
    off = torch.maximum((mean - mu).abs() / sigma, (spread / sigma - 1).abs()).nan_to_num(torch.inf)
    if off.max() < 0.25:  # 8 standard errors
        return ""
    i, d = divmod(int(off.argmax()), mu.shape[1])
    return (
        f"{len(z)} draws of z[{i}, {d}] have mean {mean[i, d]:.3g} and standard deviation {spread[i, d]:.3g}, "
        f"expected {mu[i, d]:.3g} and {sigma[i, d]:.3g}"
    )


def _distance_to_normal(noise):
    """The largest distance between the distribution function of the noise and that of N(0, 1)."""
    below = torch.special.ndtr(noise.flatten().sort().values)
    steps = torch.linspace(0, 1, len(below) + 1, dtype=torch.float64)
    return torch.maximum((below - steps[:-1]).abs(), (below - steps[1:]).abs()).max()


def _dependence(noise):
    if (noise == noise[0]).all():
        return "each draw gives the very same z"
    pairs = _correlations(noise).flatten(2).flatten(0, 1).fill_diagonal_(0).abs()
    if not pairs.max() > 0.3:  # 9 standard errors
        return ""
    (i, d), (j, e) = (divmod(int(k), noise.shape[2]) for k in divmod(int(pairs.argmax()), len(pairs)))
    return f"the noise of z[{i}, {d}] goes with that of z[{j}, {e}], their correlation is {pairs.max():.2f}"


def _correlations(noise):
    """Of each two numbers of z, over the draws: (B, D, B, D)."""
    return torch.corrcoef(noise.flatten(1).T).view(2 * noise.shape[1:])


def _likeness(cases, outcomes):
    """What two runs of one mistake have in common: plain data, and numbers that agree up to 0.3."""
    inputs, outcome = cases[0]["inputs"], outcomes[0]
    if outcome["error"]:
        return [outcome["error"]["type"], outcome["error"]["message"][:40]], torch.zeros(0)
    z, mu = outcome["value"], inputs["mu"].double()
    if not _are_draws(z, cases[0]):
        return describe(z), torch.zeros(0)
    reached = [g is not None and bool(g.any()) for g in outcome["gradients"].values()]
    ignored = len(cases) > 1 and same(z, outcomes[1]["value"])
    if (z == z[0]).all():
        return ["repeated", outcome["seeded"], same(z[0].double(), mu)], torch.zeros(0)
    z, spread = z.double(), z.double().std(0)
    noise = (z - z.mean(0)) / spread
    together = _correlations(noise).abs()  # a negative sigma turns the sign
    images = together.diagonal(dim1=1, dim2=3).mean(2).fill_diagonal_(0).mean()
    dimensions = together.diagonal(dim1=0, dim2=2).mean(2).fill_diagonal_(0).mean()
    numbers = (z.mean(0) - mu) / spread, (spread / inputs["sigma"].double().abs()).log()
    tails = noise.pow(4).mean() / 2
    return [reached, ignored], torch.cat([*map(torch.flatten, numbers), torch.stack([images, dimensions, tails])])


def _are_draws(z, case):
    return isinstance(z, torch.Tensor) and z.ndim == 3 and z.shape[1:] == case["inputs"]["mu"].shape


def _recognise(mistakes, call):
    def recognise(cases, outcomes):
        telling = [i for i, case in enumerate(cases) if case["kind"] in ("main", "other generator")]
        cases, outcomes = [cases[i] for i in telling], [outcomes[i] for i in telling]
        plain, numbers = _likeness(cases, outcomes)
        for mistake in mistakes:
            its_plain, its_numbers = _likeness(cases, unpack(call(mistake.function, cases)))
            if plain == its_plain and torch.allclose(numbers, its_numbers, rtol=0, atol=0.3, equal_nan=True):
                return mistake
        return None

    return recognise


# reparameterize


def _draw_reparameterize(seed):
    generator = torch.Generator().manual_seed(seed)
    kinds = {"main": 7, "one": 1, "float64": 7}
    cases = [{"kind": kind, "inputs": _gaussians(generator, batch), "seed": seed} for kind, batch in kinds.items()]
    cases[0]["device"] = True
    cases[2]["inputs"] = {name: value.double() for name, value in cases[2]["inputs"].items()}
    return cases


def _judge_reparameterize(cases, outcomes):
    for case, outcome in zip(cases, outcomes, strict=True):
        if not _are_draws(outcome["value"], case):
            wanted, z = describe(case["inputs"]["mu"]), outcome["value"]
            came = describe(z[0]) if isinstance(z, torch.Tensor) and len(z) == DRAWS else describe(z)
            return [Finding("shape", False, f"expected {wanted}, got {came}")]
    seen = {case["kind"]: (case["inputs"], outcome) for case, outcome in zip(cases, outcomes, strict=True)}
    inputs, main = seen["main"]
    faults = {"shape": "", **_faults(main["value"], **inputs), "gradient": _gradient(*seen["main"])}
    faults["batch of one"], in_float64 = (
        next(filter(None, [*_faults(outcome["value"], **inputs).values(), _gradient(inputs, outcome)]), "")
        for inputs, outcome in (seen["one"], seen["float64"])
    )
    dtype = seen["float64"][1]["value"].dtype
    if dtype != torch.float64:
        in_float64 = f"expected torch.float64 for inputs of this dtype, got {dtype}"
    elif main["device"] == "cpu":
        in_float64 = "the noise is made on the CPU whatever the device of the inputs; make it like them"
    faults["float64 and device"] = in_float64
    pairs = [(case, None, outcome) for case, outcome in zip(cases, outcomes, strict=True)]
    faults["inputs unchanged"] = PROPERTIES["inputs unchanged"](pairs, None)
    faults["independent noise"] = PROPERTIES["no global seed"](pairs, None) or faults["independent noise"]
    return [Finding(property_, not faults[property_], faults[property_]) for property_ in POINTS]


def _gradient(inputs, outcome):
    z, weights = outcome["value"][-1], unequal_weights(outcome["value"][-1])
    noise = (z - inputs["mu"]) / inputs["sigma"]
    for name, expected, meaning in (("mu", weights, "1"), ("sigma", weights * noise, "the ε of this draw")):
        came = outcome["gradients"][name]
        if came is None or not came.any():
            return f"no gradient reaches {name}: seen from z, it is a constant"
        if not same(expected, came, 1e-3):
            return f"dz/d{name} should be {meaning}, it is not"
    return ""


POINTS = {
    "shape": 1,
    "mean and spread": 1,
    "normal noise": 1,
    "independent noise": 2,
    "gradient": 2,
    "batch of one": 1,
    "float64 and device": 1,
    "inputs unchanged": 1,
}


def _drawn_once(mu, sigma):
    return mu + sigma * torch.randn(mu.shape, generator=torch.Generator().manual_seed(0), dtype=mu.dtype)


def _seeded(mu, sigma):
    torch.manual_seed(0)
    return mu + sigma * torch.randn_like(sigma)


REPARAMETERIZE_MISTAKES = [
    Mistake(
        "σ ignored",
        "How far from μ should z lie where σ is 3, and how far where it is 0.1?",
        lambda mu, sigma: mu + torch.randn_like(mu),
    ),
    Mistake(
        "σ taken for log σ²",
        "Some encoders give log σ². What does your argument hold, and does it still need an exponential?",
        lambda mu, sigma: mu + (sigma / 2).exp() * torch.randn_like(mu),
    ),
    Mistake(
        "σ taken for log σ",
        "What does your argument hold: σ or its logarithm?",
        lambda mu, sigma: mu + sigma.exp() * torch.randn_like(mu),
    ),
    Mistake(
        "σ taken for σ²",
        "A root makes a standard deviation out of a variance. Which of them have you got?",
        lambda mu, sigma: mu + sigma.sqrt() * torch.randn_like(mu),
    ),
    Mistake(
        "σ taken for σ²",
        "A root makes a standard deviation out of a variance. Which of them have you got?",
        lambda mu, sigma: mu + sigma.abs().sqrt() * torch.randn_like(mu),
    ),
    Mistake(
        "the variance used as standard deviation",
        "If ε has the standard deviation 1, which has 3 · ε? And what do you multiply by where σ is 3?",
        lambda mu, sigma: mu + sigma**2 * torch.randn_like(mu),
    ),
    Mistake(
        "one ε for the whole batch",
        "How many dice do seven images throw?",
        lambda mu, sigma: mu + sigma * torch.randn_like(mu[:1]),
    ),
    Mistake(
        "one ε for all dimensions",
        "The D dimensions of z are independent of each other. How many random numbers does that take for one image?",
        lambda mu, sigma: mu + sigma * torch.randn_like(mu[:, :1]),
    ),
    Mistake(
        "a single ε for everything",
        "How many random numbers does a z of shape (B, D) need, if all are independent?",
        lambda mu, sigma: mu + sigma * torch.randn((), dtype=mu.dtype, device=mu.device),
    ),
    Mistake(
        "uniform noise",
        "Which mean, which spread and which shape has N(0, 1)? Draw a histogram of your ε.",
        lambda mu, sigma: mu + sigma * torch.rand_like(mu),
    ),
    Mistake(
        "uniform noise",
        "Which spread and which shape has N(0, 1)? Draw a histogram of your ε.",
        lambda mu, sigma: mu + sigma * (torch.rand_like(mu) - 0.5),
    ),
    Mistake(
        "uniform noise",
        "Which spread and which shape has N(0, 1)? Draw a histogram of your ε.",
        lambda mu, sigma: mu + sigma * (2 * torch.rand_like(mu) - 1),
    ),
    Mistake(
        "uniform noise",
        "Mean and spread are those of N(0, 1), but is it a bell? Draw a histogram of your ε.",
        lambda mu, sigma: mu + sigma * 12**0.5 * (torch.rand_like(mu) - 0.5),
    ),
    Mistake(
        "a draw that lets no gradient through",
        "The loss asks z: which way should μ move? Can a ready-made sample answer?",
        lambda mu, sigma: torch.normal(mu.detach(), sigma.detach().abs()),
    ),
    Mistake(
        "a draw that lets no gradient through",
        "The loss asks z: which way should μ move? Can a ready-made sample answer? (It also refuses a σ below 0.)",
        lambda mu, sigma: torch.normal(mu, sigma),
    ),
    Mistake(
        "a draw that lets no gradient through",
        "μ hears from the loss. Where on its way to σ does the gradient end?",
        lambda mu, sigma: mu + sigma.detach() * torch.randn_like(mu),
    ),
    Mistake(
        "a negative σ refused",
        "The report's σ comes from a linear layer and may be below 0. The noise is as often below 0 as above. Must σ "
        "be positive, then?",
        lambda mu, sigma: Normal(mu, sigma).rsample(),
    ),
    Mistake(
        "the noise drawn once and used again in every call",
        "Call your function twice. In which line is the noise born, and how often does that line run?",
        _drawn_once,
    ),
    Mistake(
        "a seed set inside the function",
        "What do random numbers do after the same seed is set again?",
        _seeded,
    ),
    Mistake(
        "no noise: z is μ",
        "Where is the chance in z? Call your function twice.",
        lambda mu, sigma: mu.clone(),
    ),
    Mistake(
        "μ ignored",
        "Around which point should the draws of an image lie?",
        lambda mu, sigma: sigma * torch.randn_like(mu),
    ),
]

reparameterize = Check(
    name="reparameterize",
    points=POINTS,
    draw=_draw_reparameterize,
    call=call_often,
    judge=_judge_reparameterize,
    recognise=_recognise(REPARAMETERIZE_MISTAKES, call_often),
    hints=(
        "Draw the chance apart from μ and σ: noise from N(0, 1), which depends on nothing. What must you do to it, so "
        "that it has the mean μ and the standard deviation σ?",
        "Each of the B × D numbers of z needs its own noise ε, new in each call. Then z is a plain formula of μ, σ and "
        "ε, and the gradient finds its way.",
        "`torch.randn_like(sigma)` draws ε in the right shape, precision and place. Stretch it by σ, then shift it by "
        "μ.",
    ),
    oracle=lambda mu, sigma: Normal(mu, sigma.abs()).rsample(),
)


# sigma_from_log_var


def _sigma_from_log_var(log_var):
    return log_var.exp().sqrt()


sigma_from_log_var = check_against(
    _sigma_from_log_var,
    [
        Mistake(
            "the variance returned",
            "σ² is the variance. What is left to do?",
            lambda log_var: log_var.exp(),
        ),
        Mistake(
            "log σ returned",
            "Half of log σ² is log σ. What is left to do?",
            lambda log_var: log_var / 2,
        ),
        Mistake(
            "the root of the logarithm",
            "A logarithm may be negative. What does a root make of that, and which of the two steps comes first?",
            lambda log_var: log_var.sqrt(),
        ),
        Mistake(
            "the root of the logarithm",
            "For σ = 1 your argument is 0. What does your function make of it?",
            lambda log_var: log_var.abs().sqrt(),
        ),
        Mistake(
            "softplus",
            "Softplus is another custom, for a head that does not give log σ². Which function undoes a logarithm?",
            lambda log_var: F.softplus(log_var),
        ),
        Mistake(
            "log σ² taken for log σ",
            "The logarithm is that of σ², not that of σ. What does the square become in front of a logarithm?",
            lambda log_var: (2 * log_var).exp(),
        ),
        Mistake(
            "half of the variance",
            "Is the root of a number its half? Try σ² = 4, then σ² = 9.",
            lambda log_var: log_var.exp() / 2,
        ),
        Mistake(
            "the wrong sign",
            "If log σ² grows, should σ grow or shrink?",
            lambda log_var: (-log_var / 2).exp(),
        ),
        Mistake(
            "log σ² used as σ",
            "Your argument is a logarithm. Can a standard deviation be −3?",
            lambda log_var: log_var.clone(),
        ),
    ],
    name="sigma_from_log_var",
    points={
        "shape": 1,
        "value": 4,
        "gradient": 1,
        "batch of one": 1,
        "float64 and device": 1,
        "inputs unchanged": 1,
        "no global seed": 1,
    },
    draw=lambda seed: tensor_cases(
        seed, lambda generator, batch: {"log_var": 3 * torch.randn(batch, 5, generator=generator)}
    ),
    hints=(
        "Take a piece of paper: for σ = 1 the layer says 0. What does it say for σ = 10, and how do you get back?",
        "Two steps undo the two that made log σ² from σ. In which order?",
        "log σ² = 2 log σ. So divide by 2 first; the exponential comes last.",
    ),
)


# draw_many


def _draw_draw_many(seed):
    generator = torch.Generator().manual_seed(seed)
    n = DRAWS + int(torch.randint(100, (), generator=generator))
    main, one = ({**_gaussians(generator, batch), "n": n, "generator": seed} for batch in (7, 1))
    return [
        {"kind": "main", "inputs": main},
        {"kind": "one", "inputs": one},
        {"kind": "other generator", "inputs": main | {"generator": seed + 1}},
    ]


def _judge_draw_many(cases, outcomes):
    for case, outcome in zip(cases, outcomes, strict=True):
        inputs, z = case["inputs"], outcome["value"]
        wanted = (inputs["n"], *inputs["mu"].shape)
        if not isinstance(z, torch.Tensor) or z.shape != wanted:
            return [Finding("shape", False, f"expected a tensor {wanted}, got {describe(z)}")]
    faults, of_one = (
        _faults(outcome["value"], case["inputs"]["mu"], case["inputs"]["sigma"])
        for case, outcome in zip(cases[:2], outcomes[:2], strict=True)
    )
    pairs = [(case, None, outcome) for case, outcome in zip(cases, outcomes, strict=True)]
    used = PROPERTIES["no global seed"](pairs, None) or PROPERTIES["draws from the generator"](pairs, None)
    faults |= {"shape": "", "batch of one": next(filter(None, of_one.values()), ""), "draws from the generator": used}
    faults["inputs unchanged"] = PROPERTIES["inputs unchanged"](pairs, None)
    return [Finding(property_, not faults[property_], faults[property_]) for property_ in draw_many.points]


def _draw_many(mu, sigma, n, generator):
    return torch.stack([mu + sigma * torch.randn(mu.shape, generator=generator) for _ in range(n)])


DRAW_MANY_MISTAKES = [
    Mistake(
        "the same noise for all images",
        "How many dice do seven images throw, each a thousand times?",
        lambda mu, sigma, n, generator: mu + sigma * torch.randn(n, 1, mu.shape[1], generator=generator),
    ),
    Mistake(
        "one noise for all dimensions",
        "The D dimensions of z are independent of each other. How many random numbers does that take for one z?",
        lambda mu, sigma, n, generator: mu + sigma * torch.randn(n, mu.shape[0], 1, generator=generator),
    ),
    Mistake(
        "one draw, repeated n times",
        "Look at z[0] and z[1]. Which comes first, the noise or the n copies?",
        lambda mu, sigma, n, generator: _draw_many(mu, sigma, 1, generator).repeat(n, 1, 1),
    ),
    Mistake(
        "images first, draws second",
        "What should z[0] be: all images once, or one image many times?",
        lambda mu, sigma, n, generator: _draw_many(mu, sigma, n, generator).transpose(0, 1).contiguous(),
    ),
    Mistake(
        "draws and images in one dimension",
        "How does the next one find the third draw of the fifth image? Which three sizes has z?",
        lambda mu, sigma, n, generator: _draw_many(mu, sigma, n, generator).flatten(0, 1),
    ),
    Mistake(
        "the generator is not used",
        "Who gave you the generator wants the same z again for the same seed. From where does your noise come?",
        lambda mu, sigma, n, generator: mu + sigma * torch.randn(n, *mu.shape),
    ),
    Mistake(
        "uniform noise",
        "Which mean, which spread and which shape has N(0, 1)?",
        lambda mu, sigma, n, generator: mu + sigma * torch.rand(n, *mu.shape, generator=generator),
    ),
    Mistake(
        "σ ignored",
        "How far from μ should z lie where σ is 3, and how far where it is 0.1?",
        lambda mu, sigma, n, generator: mu + torch.randn(n, *mu.shape, generator=generator),
    ),
    Mistake(
        "μ ignored",
        "Around which point should the draws of an image lie?",
        lambda mu, sigma, n, generator: sigma * torch.randn(n, *mu.shape, generator=generator),
    ),
]

draw_many = Check(
    name="draw_many",
    points={
        "shape": 1,
        "mean and spread": 1,
        "normal noise": 1,
        "independent noise": 3,
        "draws from the generator": 2,
        "batch of one": 1,
        "inputs unchanged": 1,
    },
    draw=_draw_draw_many,
    call=call_function,
    judge=_judge_draw_many,
    recognise=_recognise(DRAW_MANY_MISTAKES, call_function),
    hints=(
        "It is the trick once more, with more noise. How many random numbers are there in z of shape (n, B, D)?",
        "μ of shape (B, D) and noise of shape (n, B, D) can be added as they are: PyTorch lines the shapes up from the "
        "right.",
        "`torch.randn(n, *mu.shape, generator=generator)` is all the noise at once. What you do with it, you wrote in "
        "exercise 1.",
    ),
    oracle=_draw_many,
)
