"""What a program trained to: its losses, measured by other code than its own."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from vae_checks.compare import is_number
from vae_checks.losses import measure_bce_and_kld
from vae_checks.mistakes import Mistake
from vae_checks.properties import Seen
from vae_probe.model import VAE
from vae_probe.outcome import Case
from vae_probe.programs import EPOCHS, new_model, small_digits

CUT_OFF = Mistake(
    "what the decoder wants does not reach the encoder",
    "`torch.normal` draws from the right distribution, and so does a detached z. Which gradient does μ get? Print one.",
)
IMAGES = 600
# Right programs end between 43.0 and 43.1 nats; the nearest that should not reach it, with √σ for σ, at 44.4.
REACHED, SLACK = 43.8, 1.5


class Trained(NamedTuple):
    """What a training printed last, and what it is worth: the true BCE and KLD, in nats per image.

    `encoder_moved` and `moved` say whether weights of the encoder, or any, are other than at the start.
    """

    printed: float
    bce: float
    kld: float
    encoder_moved: bool
    moved: bool

    @property
    def loss(self) -> float:
        """BCE + KLD."""
        return self.bce + self.kld


def images(seed: int) -> Tensor:
    """The positions of the images that programs train on."""
    return torch.randperm(60_000, generator=torch.Generator().manual_seed(seed))[:IMAGES]


def training_case() -> Case:
    """The same for every seed of a check: no program should reach the target with one draw and miss it with another."""
    return Case("training", {"images": images(1), "epochs": EPOCHS}, seed=1)


def measured(case: Case, value: Any) -> Trained | str:
    """What a program trained to, or a sentence on what is no result of a training."""
    printed, weights = value["printed"], value["weights"]
    if isinstance(printed, Tensor) and printed.ndim == 1:
        printed = list(printed)
    if not (isinstance(printed, list) and len(printed) == EPOCHS and all(map(is_number, printed))):
        return f"expected a list of {EPOCHS} losses, one for each epoch"
    model = new_model(case.seed)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    try:
        model.load_state_dict(weights)
    except (RuntimeError, TypeError, AttributeError):
        return "the model's weights have other names or shapes after the training"
    moved = [name for name, weight in model.state_dict().items() if not torch.equal(weight, before[name])]
    with torch.no_grad():
        bce, kld = true_losses(model, small_digits(case.inputs["images"]))
    encoder_moved = any(name.startswith("encoder") for name in moved)
    return Trained(float(printed[-1]), bce, kld, encoder_moved, bool(moved))


def true_losses(model: VAE, x: Tensor) -> tuple[float, float]:
    """BCE and KLD in nats per image, with five draws of z for each."""
    mu, sigma = model.encode(x)
    noise = torch.randn(5, *mu.shape, generator=torch.Generator().manual_seed(0))
    x_logits = model.decoder((mu + sigma * noise).flatten(0, 1))
    bce, kld = measure_bce_and_kld(x.repeat(5, 1), x_logits, mu.repeat(5, 1), sigma.repeat(5, 1))
    return bce.mean().item(), kld.mean().item()


def trained(seen: list[Seen]) -> Trained | str | None:
    """What the training came to; None where the student's code stopped in it."""
    each = next(each for each in seen if each.case.kind == "training")
    return None if each.outcome.error else each.outcome.value


def fault_of_form(seen: list[Seen]) -> str:
    """Sentences on what came back, where it is no result at all."""
    return next((each.outcome.value for each in seen if isinstance(each.outcome.value, str)), "")


def trains_to_the_target(seen: list[Seen]) -> str:
    """A sentence, unless the trained model is as good as a healthy one."""
    result = trained(seen)
    if not isinstance(result, Trained) or result.loss <= REACHED:
        return ""
    parts = f"BCE {result.bce:.1f} + KLD {result.kld:.1f}"
    if not math.isfinite(result.loss):
        return "the training ends with weights that are no numbers"
    return f"your program trains to {result.loss:.1f} nats per image ({parts}); a healthy one to {REACHED} or less"


def prints_the_truth(seen: list[Seen]) -> str:
    """A sentence, unless the last printed loss is that of the model."""
    result = trained(seen)
    if not isinstance(result, Trained) or abs(result.printed - result.loss) <= SLACK:
        return ""
    return f"your program prints {result.printed:.4g} at the end, and the model that it trained has {result.loss:.1f}"
