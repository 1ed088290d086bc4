"""Check of `reparameterize`: z from μ and σ."""

import torch
from torch.distributions import Normal

from vae_checks.check import Check
from vae_checks.compare import describe, same
from vae_checks.mistakes import Finding, Mistake
from vae_checks.properties import PROPERTIES
from vae_checks.reparameterization_trick.gaussian_draws import are_draws, draw_gaussians, find_faults, recognise_draws
from vae_probe.call import unequal_weights
from vae_probe.draws import DRAWS, call_often


def _draw_reparameterize(seed):
    generator = torch.Generator().manual_seed(seed)
    kinds = {"main": 7, "one": 1, "float64": 7}
    cases = [{"kind": kind, "inputs": draw_gaussians(generator, batch), "seed": seed} for kind, batch in kinds.items()]
    cases[0]["device"] = True
    cases[2]["inputs"] = {name: value.double() for name, value in cases[2]["inputs"].items()}
    return cases


def _judge_reparameterize(cases, outcomes):
    for case, outcome in zip(cases, outcomes, strict=True):
        if not are_draws(outcome["value"], case):
            wanted, z = describe(case["inputs"]["mu"]), outcome["value"]
            came = describe(z[0]) if isinstance(z, torch.Tensor) and len(z) == DRAWS else describe(z)
            return [Finding("shape", False, f"expected {wanted}, got {came}")]
    seen = {case["kind"]: (case["inputs"], outcome) for case, outcome in zip(cases, outcomes, strict=True)}
    inputs, main = seen["main"]
    faults = {"shape": "", **find_faults(main["value"], **inputs), "gradient": _gradient(*seen["main"])}
    faults["batch of one"], in_float64 = (
        next(filter(None, [*find_faults(outcome["value"], **inputs).values(), _gradient(inputs, outcome)]), "")
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
    recognise=recognise_draws(REPARAMETERIZE_MISTAKES, call_often),
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
