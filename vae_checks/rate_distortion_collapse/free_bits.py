"""Check of `free_bits`: the KLD of a loss in which each dimension may say a little for nothing, and its gradient."""

import torch
from torch import Tensor

from vae_checks.check import check_against, tensor_cases
from vae_checks.mistakes import Mistake
from vae_probe.outcome import Case

FLOOR = 0.3
# The mean KLD of each dimension: two below the floor, three above. Single images lie on the other side.
MEANS = torch.tensor([0.05, 0.2, 0.5, 1.0, 2.0])


def _draw_klds(seed: int) -> list[Case]:
    def make(generator: torch.Generator, batch: int) -> dict[str, Tensor | float]:
        kld = 0.05 + torch.rand(batch, len(MEANS), generator=generator)
        kld[: batch // 2] *= 4  # so that of 0.2 and 0.5 nats on average some images have far more, others far less
        kld = kld / kld.mean(0) * MEANS
        order = torch.randperm(len(MEANS), generator=generator)
        return {"kld": kld[:, order], "floor": FLOOR}

    cases = tensor_cases(seed, make)
    little = 0.1 * cases[0].inputs["kld"]  # less than the floor in all dimensions together, on average
    return [*cases, Case("main", {"kld": little, "floor": 2 * FLOOR})]


def _free_bits(kld: Tensor, floor: float) -> Tensor:
    # Dimension by dimension: the mean of those above the floor, and the floor of the others.
    total = torch.zeros((), dtype=kld.dtype, device=kld.device)
    for column in kld.unbind(1):
        mean = column.sum() / len(column)
        total = total + torch.where(mean > floor, mean, torch.full_like(mean, floor))
    return total


def _mean(kld: Tensor) -> Tensor:
    return kld.mean(0)


free_bits = check_against(
    _free_bits,
    [
        Mistake(
            "clamped image by image, before the mean",
            "A dimension says 0 of half of the images and 1 nat of the others, on average 0.5. With a floor of 0.3, "
            "what should it count, and what does it count in yours?",
            lambda kld, floor: kld.clamp(min=floor).mean(0).sum(),
        ),
        Mistake(
            "a cap, not a floor",
            "Of a dimension that says 2 nats, how many does yours charge for? Which should be free, the first 0.3 or "
            "all above?",
            lambda kld, floor: _mean(kld).clamp(max=floor).sum(),
            lambda kld, floor: kld.clamp(max=floor).mean(0).sum(),
        ),
        Mistake(
            "a floor for the sum, not for each dimension",
            "One dimension says 5 nats, all others nothing. Does your loss still pull the others to 0?",
            lambda kld, floor: kld.sum(1).mean().clamp(min=floor),
            lambda kld, floor: kld.sum(1).mean().clamp(min=floor * kld.shape[1]),
            lambda kld, floor: kld.sum(1).clamp(min=floor).mean(),
            lambda kld, floor: kld.sum(1).clamp(min=floor * kld.shape[1]).mean(),
        ),
        Mistake(
            "the mean over the dimensions",
            "Forty dimensions with 1 nat each: what is their KLD together?",
            lambda kld, floor: _mean(kld).clamp(min=floor).mean(),
            lambda kld, floor: kld.clamp(min=floor).mean(),
        ),
        Mistake(
            "summed over the images",
            "If the batch were twice as large, should the loss be twice as large, and the floor be reached sooner?",
            lambda kld, floor: kld.sum(0).clamp(min=floor).sum(),
            lambda kld, floor: kld.clamp(min=floor).sum(),
            lambda kld, floor: _mean(kld).clamp(min=floor).sum() * len(kld),
        ),
        Mistake(
            "the floor is added",
            "A dimension of 2 nats is far above the floor. What should it count, and what does it in yours?",
            lambda kld, floor: (_mean(kld) + floor).sum(),
            lambda kld, floor: _mean(kld).sum() + floor,
        ),
        Mistake(
            "only what lies above the floor counts",
            "The gradient is right. But a dimension of 2 nats should count 2. What does it count in yours?",
            lambda kld, floor: (_mean(kld) - floor).clamp(min=0).sum(),
        ),
        Mistake(
            "the floor is taken away",
            "What does your loss do with a dimension far below the floor: leave it alone, or still pull it to 0?",
            lambda kld, floor: (_mean(kld) - floor).sum(),
            lambda kld, floor: _mean(kld).sum() - floor,
            lambda kld, floor: (_mean(kld) - floor).abs().sum(),
        ),
        Mistake(
            "dimensions below the floor count nothing",
            "At which value of its KLD does your loss jump as a dimension grows? max(floor, KLD) does not.",
            lambda kld, floor: (_mean(kld) * (_mean(kld) > floor)).sum(),
        ),
        Mistake(
            "the floor is ignored",
            "A dimension says 0.05 nats. How much should it count with a floor of 0.3?",
            lambda kld, floor: kld.sum(1).mean(),
        ),
        Mistake(
            "the pull to 0 is still there",
            "Below the floor the loss should not change with the KLD. How large is its gradient in yours?",
            lambda kld, floor: (_mean(kld) + (floor - _mean(kld)).clamp(min=0).detach()).sum(),
        ),
        Mistake(
            "the gradient is cut off on its way",
            "The value is right. Which step between your arguments and it stops the gradient: detach, no_grad, item?",
            lambda kld, floor: _free_bits(kld, floor).detach(),
            lambda kld, floor: _free_bits(kld, floor).item(),
            lambda kld, floor: _mean(kld).detach().clamp(min=floor).sum(),
        ),
        Mistake(
            "a number for each dimension",
            "A loss is one number. What is still to be done with the D that you have?",
            lambda kld, floor: _mean(kld).clamp(min=floor),
        ),
        Mistake(
            "a number for each image",
            "The floor is one for the mean over the images. When do you average, and over what?",
            lambda kld, floor: kld.clamp(min=floor).sum(1),
            lambda kld, floor: kld.sum(1).clamp(min=floor),
            lambda kld, floor: kld.mean(1).clamp(min=floor),
        ),
        Mistake(
            "the mean over the wrong axis",
            "After your mean there is a number for each image. For which of the two axes of (B, D) is the floor?",
            lambda kld, floor: kld.mean(1).clamp(min=floor).sum(),
            lambda kld, floor: kld.mean(1).clamp(min=floor).mean(),
        ),
    ],
    name="free_bits",
    points={
        "shape": 1,
        "value": 4,
        "gradient": 3,
        "batch of one": 1,
        "float64 and device": 0,
        "inputs unchanged": 1,
        "no global seed": 0,
    },
    caps={"gradient": 4},
    draw=_draw_klds,
    forbidden=("vae_lib",),
    hints=(
        "First the mean of each dimension over the images, then the floor, then the sum. Why in this order?",
        "A dimension below the floor counts as the floor, whatever it says, so its gradient is 0. One function of "
        "PyTorch does both.",
        "`kld.mean(dim=0)` has a number for each dimension; `.clamp(min=…)` raises those below; then `.sum()`.",
    ),
)
