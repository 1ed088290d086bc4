"""Check of `mended_units`: a program that takes means where sums should be."""

from torch import Tensor

from vae_checks.broken_vae_clinic.batch import batch, draw, parts_are_right, prepare, ratios
from vae_checks.broken_vae_clinic.trained import fault_of_form, prints_the_truth, trains_to_the_target
from vae_checks.check import Check
from vae_checks.losses import measure_bce_and_kld
from vae_checks.mistakes import Mistake
from vae_checks.properties import Property, Seen
from vae_probe.model import VAE
from vae_probe.programs import LATENT, PIXELS, call_measure

PIXEL_MEAN = Mistake(
    "the BCE still a mean over the pixels",
    '`reduction` is "mean" unless you say otherwise, and that mean is over images and pixels. Over which of the two '
    "should you add up?",
)
DIMENSION_MEAN = Mistake(
    "the KLD still a mean over the dimensions",
    "Your BCE is one of an image. Of what is your KLD, if `.mean()` averages over everything?",
)
ONE_FACTOR = Mistake(
    "one factor for both means",
    "The BCE was divided by the pixels, the KLD by the dimensions. Does one factor undo both?",
)
BATCH_SUM = Mistake(
    "a sum over the batch",
    "With batches of 60 in place of 30, should the loss of an image double?",
)
WRONG_AXIS = Mistake(
    "the sum over the images, the mean over the rest",
    "Of a tensor (B, 196), what does `.sum(0)` add up, and which of the two axes should be averaged?",
)
OTHER_LOSS = Mistake(
    "the loss is not BCE + KLD",
    "Your two parts are right. What do you add up to the number that is trained?",
)
PARTS = Mistake(
    "the parts are not those of the loss",
    "The loss that you train is right. Who reads your log sees three numbers: is the first the sum of the others?",
)


def _near(a: float, b: float) -> bool:
    return abs(a - b) < 0.02 * abs(b)


def recognise_units(seen: list[Seen]) -> Mistake | None:
    """The mistake that gives losses so many times too large or too small."""
    one = batch(seen)
    if one is None:
        return None
    loss, bce, kld = ratios(one)
    images = len(seen[0].case.inputs["images"])
    sum_of_parts = _near(sum(one.losses[1:]), one.losses[0])
    if _near(bce, images) or _near(loss, images):
        return BATCH_SUM
    if _near(bce, images / PIXELS):
        return WRONG_AXIS
    if _near(bce, 1) and _near(kld, 1):
        return None if _near(loss, 1) else OTHER_LOSS
    if _near(loss, 1):
        return PARTS
    if _near(bce, 1) and _near(kld, PIXELS / LATENT):
        return ONE_FACTOR
    if _near(bce, 1 / PIXELS):
        return PIXEL_MEAN
    if _near(bce, 1) and _near(kld, 1 / LATENT) and sum_of_parts:
        return DIMENSION_MEAN
    return None


def oracle(model: VAE, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A right answer to both exercises on one batch: loss, BCE and KLD in nats per image."""
    bce, kld = (each.mean() for each in measure_bce_and_kld(x, *model(x)))
    return bce + kld, bce, kld


mended_units = Check(
    name="mended_units",
    properties=[
        Property("three numbers", 1, fault_of_form, required=True),
        Property("nats per image", 3, parts_are_right),
        Property("trains to the target", 4, trains_to_the_target, cap=5),
        Property("prints the truth", 2, prints_the_truth, follows=("nats per image",)),
    ],
    draw=draw,
    call=call_measure,
    recognise=recognise_units,
    prepare=prepare,
    forbidden=("vae_lib.train", "vae_lib.clinic"),
    hints=(
        "What is the unit of the number that this program prints: nats of an image, of a pixel, of a batch?",
        "Two lines average over too much. A mean over the batch is right; a mean over the pixels, or over the "
        "dimensions, is not.",
        'With `reduction="none"` the BCE is (B, 196): `.sum(1).mean()` adds up over the pixels and averages over the '
        "images. The KLD before its mean is (B, 8): the same.",
    ),
    oracle=oracle,
)
