"""Is noise independent? Signs of dependence in many draws of it, one after the other.

Each bound is at least 8 standard errors away from what independent noise gives, so that it holds for every right
answer, and dependence that matters is always found.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

FAR = 8  # standard errors


def find_dependence(noise: Tensor) -> str:
    """What is not independent in R draws of the noise of B images with D numbers each.

    Args:
        noise: (R, B, D), float64, R the draws in their order.

    Returns:
        a sentence, or "".
    """
    return next(_signs(noise), "")


def _signs(noise: Tensor) -> Iterator[str]:
    if (noise == noise[0]).all(0).any():
        i, d = (noise == noise[0]).all(0).nonzero()[0].tolist()
        yield f"z[{i}, {d}] is the same in each draw"
    scores = _ranks(noise)
    yield from _pairs(scores, "the noise of {} goes with that of {}, their correlation is {:.2f}")
    yield from _delayed(scores, "the noise")
    yield from _pairs(_ranks(noise.abs()), "|ε| of {} goes with |ε| of {}, their correlation is {:.2f}")
    yield from _delayed(_ranks(noise.abs()), "|ε|")
    yield from _without_noise(noise)
    yield from _too_even(noise)
    yield from _twice(noise)


def _without_noise(noise: Tensor) -> Iterator[str]:
    still = (noise.abs() < 1e-3).all(2).nonzero().tolist()
    if still and noise.shape[2] > 3:
        yield f"draw {still[0][0]} of image {still[0][1]} is μ itself: it has no noise"


def _ranks(noise: Tensor) -> Tensor:
    """Of each number of z the ranks of its draws, scaled to mean 0 and variance 1: whatever the shape of the noise."""
    # Equal numbers, as dice give them, must not get their ranks in the order of the draws.
    shaken = noise + 1e-9 * torch.rand(noise.shape, generator=torch.Generator().manual_seed(0), dtype=noise.dtype)
    ranks = shaken.argsort(0).argsort(0).double()
    return (ranks - ranks.mean(0)) / ranks.std(0, correction=0)


def _pairs(scores: Tensor, sentence: str) -> Iterator[str]:
    """Two numbers of the same draw that go together."""
    flat = scores.flatten(1)
    together = (flat.T @ flat / len(flat)).fill_diagonal_(0)
    if together.abs().max() * len(flat) ** 0.5 > FAR:
        first, second = (divmod(int(k), scores.shape[2]) for k in divmod(int(together.abs().argmax()), len(together)))
        yield sentence.format(
            f"z{list(first)}", f"z{list(second)}", together[together.abs() == together.abs().max()][0]
        )


def _delayed(scores: Tensor, what: str) -> Iterator[str]:
    """Noise that comes again in a later draw: for the same image or another one, the same dimension or another one."""
    draws, images, dimensions = scores.shape
    waves = torch.fft.rfft(scores, dim=0)
    by_image = torch.fft.irfft(torch.einsum("fid,fjd->fij", waves, waves.conj()), draws, dim=0)
    by_dimension = torch.fft.irfft(torch.einsum("fid,fie->fde", waves, waves.conj()), draws, dim=0)
    by_delay = by_image.diagonal(dim1=1, dim2=2).sum(1)[:, None, None]
    for sums, number in ((by_image, dimensions), (by_dimension, images), (by_delay, images * dimensions)):
        sums[0].fill_diagonal_(0)
        if sums.abs().max() > FAR * (draws * number) ** 0.5:
            strongest = int(sums.abs().argmax())
            strength = float(sums.flatten()[strongest]) / (draws * number)
            delay = min(strongest // sums[0].numel(), draws - strongest // sums[0].numel())
            between = f"between draws {delay} apart" if delay else "within a draw"
            yield f"{what} is not independent {between}: the correlation is {strength:.2f}"


def _too_even(noise: Tensor) -> Iterator[str]:
    """Sums of the noise, or of its squares, that vary less than sums of independent numbers must."""
    scaled = noise / noise.std()
    groups = {
        "of a draw": (1, 2),
        "of an image in one draw": (2,),
        "of a dimension in one draw": (1,),
        "over the draws": (0,),
    }
    for power, what in ((1, "sums of ε"), (2, "sums of ε²")):
        numbers = scaled**power - (scaled**power).mean()
        for group, axes in groups.items():
            sums = numbers.sum(axes)
            count = numbers.numel() / sums.numel()
            if sums.numel() >= 30 and sums.square().mean() < 0.3 * count * numbers.square().mean():
                yield f"the {what} {group} are nearly all alike; of independent noise they vary"


def _twice(noise: Tensor) -> Iterator[str]:
    """The same numbers in two places, whatever their order and sign."""
    rows = noise.abs().flatten(0, 1)
    if rows.shape[1] > 3:
        rows = rows[(rows @ torch.arange(1.0, rows.shape[1] + 1, dtype=rows.dtype)).argsort()]
        if ((rows[1:] - rows[:-1]).abs() < 1e-3).all(1).any():
            yield "the noise of one image comes a second time, in another image or another draw"
