"""Right and wrong answers to `free_bits`, in other words than the check's own."""

import torch


def by_maximum(kld, floor):
    mean = torch.mean(kld, dim=0)
    return torch.maximum(mean, torch.full_like(mean, floor)).sum()


def by_relu(kld, floor):
    return (torch.relu(kld.sum(0) / len(kld) - floor) + floor).sum()


def by_loop(kld, floor):
    total = 0.0
    for d in range(kld.shape[1]):
        mean = kld[:, d].mean()
        total = total + (mean if mean > floor else floor)
    return total


def by_where(kld, floor):
    mean = kld.mean(0)
    return torch.where(mean < floor, floor, mean).sum()


def softened(kld, floor):
    return torch.nn.functional.softplus(kld.mean(0) - floor).sum() + floor * kld.shape[1]


RIGHT = [by_maximum, by_relu, by_loop, by_where]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("clamped image by image, before the mean", lambda kld, floor: kld.clamp(min=floor).sum(1).mean()),
    ("a cap, not a floor", lambda kld, floor: kld.mean(0).minimum(torch.tensor(floor)).sum()),
    ("a cap, not a floor", lambda kld, floor: kld.clamp(max=floor).sum(1).mean()),
    ("a floor for the sum, not for each dimension", lambda kld, floor: kld.mean(0).sum().clamp(min=floor)),
    (
        "a floor for the sum, not for each dimension",
        lambda kld, floor: kld.sum(dim=1).mean().clamp(min=floor * kld.shape[1]),
    ),
    ("a floor for the sum, not for each dimension", lambda kld, floor: kld.sum(dim=1).clamp(min=floor).mean()),
    ("the mean over the dimensions", lambda kld, floor: by_where(kld, floor) / kld.shape[1]),
    ("summed over the images", lambda kld, floor: kld.sum(dim=0).clamp(min=floor).sum()),
    ("summed over the images", lambda kld, floor: kld.clamp(min=floor).sum(dim=(0, 1))),
    ("the floor is added", lambda kld, floor: kld.mean(0).add(floor).sum()),
    ("only what lies above the floor counts", lambda kld, floor: torch.relu(kld.mean(0) - floor).sum()),
    ("the floor is taken away", lambda kld, floor: kld.mean(0).sub(floor).sum()),
    ("the floor is taken away", lambda kld, floor: kld.sum(1).mean() - floor),
    (
        "dimensions below the floor count nothing",
        lambda kld, floor: torch.where(kld.mean(0) > floor, kld.mean(0), 0.0).sum(),
    ),
    ("the floor is ignored", lambda kld, floor: kld.mean(0).sum()),
    (
        "the pull to 0 is still there",
        lambda kld, floor: kld.mean(0).sum() + (by_where(kld, floor) - kld.mean(0).sum()).detach(),
    ),
    ("the gradient is cut off on its way", lambda kld, floor: by_where(kld, floor).detach()),
    ("the gradient is cut off on its way", lambda kld, floor: by_where(kld, floor).item()),
    ("a number for each dimension", lambda kld, floor: kld.mean(0).clamp_min(floor)),
    ("a number for each image", lambda kld, floor: kld.clamp_min(floor).sum(1)),
    ("the mean over the wrong axis", lambda kld, floor: kld.mean(1).clamp(min=floor).sum()),
    (None, softened),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
