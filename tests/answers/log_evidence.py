"""Right and wrong answers to `log_evidence`, in other words than the check's own."""

import math

import torch


def evidence_of_logsumexp(log_joint, cell_area):
    return torch.logsumexp(log_joint + math.log(cell_area), dim=0)


def evidence_from_the_peak(log_joint, cell_area):
    peak = log_joint.max(dim=0).values
    return peak + (cell_area * (log_joint - peak).exp().sum(dim=0)).log()


def evidence_loop(log_joint, cell_area):
    area = torch.tensor(cell_area, dtype=log_joint.dtype)
    return torch.stack([torch.logsumexp(cells, 0) + area.log() for cells in log_joint.T])


def evidence_as_mean(log_joint, cell_area):
    whole = cell_area * len(log_joint)
    return log_joint.logsumexp(0) - math.log(len(log_joint)) + math.log(whole)


def plain(log_joint, cell_area):
    return (log_joint.exp().sum(0) * cell_area).log()


RIGHT = [evidence_of_logsumexp, evidence_from_the_peak, evidence_loop, evidence_as_mean]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("the area of a cell is forgotten", lambda log_joint, cell_area: torch.logsumexp(log_joint, dim=0)),
    ("the logarithm is multiplied by the area", lambda log_joint, cell_area: cell_area * log_joint.logsumexp(dim=0)),
    ("the area is added, not its logarithm", lambda log_joint, cell_area: cell_area + log_joint.logsumexp(dim=0)),
    ("divided by the area", lambda log_joint, cell_area: (log_joint - math.log(cell_area)).logsumexp(dim=0)),
    (
        "the area taken for a step, or the other way round",
        lambda log_joint, cell_area: log_joint.logsumexp(dim=0) + math.log(cell_area**2),
    ),
    (
        "the area taken for a step, or the other way round",
        lambda log_joint, cell_area: log_joint.logsumexp(dim=0) + math.log(math.sqrt(cell_area)),
    ),
    ("the mean over the cells, not their sum", lambda log_joint, cell_area: log_joint.exp().mean(0).log()),
    (
        "the mean over the cells, not their sum",
        lambda log_joint, cell_area: (log_joint.exp().mean(0) * cell_area).log(),
    ),
    ("logarithms are added, not probabilities", lambda log_joint, cell_area: torch.sum(log_joint, dim=0)),
    ("logarithms are added, not probabilities", lambda log_joint, cell_area: cell_area * log_joint.sum(0)),
    ("logarithms are added, not probabilities", lambda log_joint, cell_area: log_joint.sum(0) + math.log(cell_area)),
    ("logarithms are added, not probabilities", lambda log_joint, cell_area: torch.mean(log_joint, 0)),
    ("only the best z counts", lambda log_joint, cell_area: log_joint.max(0).values),
    ("only the best z counts", lambda log_joint, cell_area: log_joint.max(0).values + math.log(cell_area)),
    ("p(x), without its logarithm", lambda log_joint, cell_area: (cell_area * log_joint.exp()).sum(0)),
    ("the wrong sign", lambda log_joint, cell_area: -evidence_of_logsumexp(log_joint, cell_area)),
    (
        "summed over the images, not over the cells",
        lambda log_joint, cell_area: torch.logsumexp(log_joint, -1) + math.log(cell_area),
    ),
    ("one number for the whole batch", lambda log_joint, cell_area: evidence_loop(log_joint, cell_area).mean()),
    ("one number for the whole batch", lambda log_joint, cell_area: (log_joint.exp().sum() * cell_area).log()),
    ("one number for the whole batch", lambda log_joint, cell_area: evidence_loop(log_joint, cell_area).sum()),
    ("exp of −150 underflows", plain),
    (
        "exp of −150 underflows",
        lambda log_joint, cell_area: torch.log(sum(torch.exp(cell) for cell in log_joint)) + math.log(cell_area),
    ),
    (
        "the logarithm is kept away from 0",
        lambda log_joint, cell_area: (log_joint.exp().sum(0) * cell_area + 1e-30).log(),
    ),
    (
        "the logarithm is kept away from 0",
        lambda log_joint, cell_area: (log_joint.exp().sum(0) * cell_area).clamp(min=1e-38).log(),
    ),
    ("the gradient is cut off on its way", lambda log_joint, cell_area: evidence_loop(log_joint.detach(), cell_area)),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
