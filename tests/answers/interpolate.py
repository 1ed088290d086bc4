"""Right and wrong answers to `interpolate`, in other words than the check's own."""

import numpy as np
import torch
import torch.nn.functional as F


def walk_by_weights(z_start, z_end, steps):
    share = torch.arange(steps, dtype=z_start.dtype, device=z_start.device)[:, None] / (steps - 1)
    return (1 - share) * z_start + share * z_end


def walk_loop(z_start, z_end, steps):
    points = [z_start]
    for i in range(1, steps):
        points.append(z_start + (z_end - z_start) * (i / (steps - 1)))
    return torch.stack(points)


def walk_by_lerp(z_start, z_end, steps):
    share = torch.linspace(0, 1, steps, device=z_start.device, dtype=torch.float64).unsqueeze(1)
    return torch.lerp(z_start.double(), z_end.double(), share).to(z_start.dtype)


def walk_by_numpy(z_start, z_end, steps):
    return torch.from_numpy(np.linspace(z_start.cpu().numpy(), z_end.cpu().numpy(), steps))


def walk(shares):
    """A walk over these shares of the way, made of `steps`."""
    return lambda z_start, z_end, steps: torch.stack([(1 - t) * z_start + t * z_end for t in shares(steps)])


def slerp(z_start, z_end, steps):
    omega = torch.acos(torch.dot(z_start / z_start.norm(), z_end / z_end.norm()))
    weights = [(torch.sin((1 - t) * omega), torch.sin(t * omega)) for t in np.linspace(0, 1, steps)]
    return torch.stack([a / omega.sin() * z_start + b / omega.sin() * z_end for a, b in weights])


def normalised_lerp(z_start, z_end, steps):
    share = torch.linspace(0, 1, steps).unsqueeze(1)
    direction = F.normalize((1 - share) * z_start + share * z_end)
    return direction * ((1 - share) * z_start.norm() + share * z_end.norm())


RIGHT = [walk_by_weights, walk_loop, walk_by_lerp, walk_by_numpy]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    (
        "the way goes away from the end",
        lambda z_start, z_end, steps: z_start - torch.linspace(0, 1, steps)[:, None] * (z_end - z_start),
    ),
    (
        "both codes weighted alike",
        lambda z_start, z_end, steps: torch.stack([t * z_start + t * z_end for t in torch.linspace(0, 1, steps)]),
    ),
    (
        "the share in the wrong bracket",
        lambda z_start, z_end, steps: torch.stack(
            [(z_start + i / (steps - 1)) * (z_end - z_start) for i in range(steps)]
        ),
    ),
    ("a linspace from code to code", lambda z_start, z_end, steps: torch.linspace(z_start, z_end, steps=steps)),
    (
        "arguments that linspace does not take",
        lambda z_start, z_end, steps: z_start + torch.linspace(0, 1, 1 / steps)[:, None] * (z_end - z_start),
    ),
    (
        "an array of NumPy times a tensor",
        lambda z_start, z_end, steps: z_start + np.linspace(0, 1, num=steps) * (z_end - z_start),
    ),
    (
        "a matrix product of shares and way",
        lambda z_start, z_end, steps: (z_end - z_start).T + torch.linspace(0, 1, steps) @ (z_end - z_start),
    ),
    ("torch.tensor of a list of tensors", lambda *inputs: torch.tensor(list(walk_by_weights(*inputs)))),
    ("a range of fractions", walk(lambda steps: range(0, 1, 1 / (steps - 1)))),
    (
        "a share for each dimension, not for each point",
        lambda z_start, z_end, steps: (z_end - z_start) * torch.linspace(0, 1, z_end.numel()) + z_start,
    ),
    (
        "a share for each dimension, not for each point",
        lambda z_start, z_end, steps: walk_by_weights(z_start, z_end, len(z_start)),
    ),
    ("steps that are not equally long", walk(lambda steps: [i**2 / (steps - 1) ** 2 for i in range(steps)])),
    ("steps that are not equally long", walk(lambda steps: (1 - np.cos(np.linspace(0, np.pi, steps))) / 2)),
    ("the last point is missing", walk(lambda steps: [i / steps for i in range(steps)])),
    ("the first point is missing", walk(lambda steps: [(i + 1) / steps for i in range(steps)])),
    ("both ends are missing", walk(lambda steps: np.linspace(0, 1, steps + 2)[1:-1])),
    ("one point too many", walk(lambda steps: [i / steps for i in range(steps + 1)]), 6),
    ("one point too few", walk(lambda steps: [i / (steps - 1) for i in range(steps - 1)]), 6),
    (
        "start and end swapped; and the last point is missing",
        lambda z_start, z_end, steps: torch.stack([z_end + i / steps * (z_start - z_end) for i in range(steps)]),
        3,
    ),
    ("start and end swapped", lambda z_start, z_end, steps: walk_by_weights(z_end, z_start, steps), 8),
    ("it stays at the start", lambda z_start, z_end, steps: z_start.repeat(steps, 1)),
    ("half of the way only", walk(lambda steps: np.linspace(0, 1, steps) / 2)),
    ("it begins at 0", lambda z_start, z_end, steps: walk_by_weights(z_end, z_start, steps).flip(0) - z_start),
    (
        "it ends at z_start + z_end",
        lambda z_start, z_end, steps: z_start + torch.linspace(0, 1, steps)[:, None] * z_end,
    ),
    ("on a sphere, not on the line", slerp),
    ("on a sphere, not on the line", normalised_lerp),
    (
        "rows and columns swapped",
        lambda z_start, z_end, steps: z_start[:, None] + torch.linspace(0, 1, steps) * (z_end - z_start)[:, None],
    ),
    (
        "rows and columns swapped",
        lambda z_start, z_end, steps: walk_by_weights(z_start, z_end, steps).T.reshape(steps, -1),
    ),
    (
        "the shares have one dimension only",
        lambda z_start, z_end, steps: z_start + torch.linspace(0, 1, steps) * (z_end - z_start),
    ),
    (
        "the shares have one dimension only",
        lambda z_start, z_end, steps: (1 - torch.linspace(0, 1, steps)) * z_start + torch.linspace(0, 1, steps) * z_end,
    ),
    (
        "the shares have one dimension only",
        lambda z_start, z_end, steps: z_start + (z_end - z_start) * torch.linspace(0, 1, steps),
    ),
    ("another number of rows", walk(lambda steps: np.linspace(0, 1, 10)), 6),
    ("another number of rows", lambda z_start, z_end, steps: torch.stack([z_start, z_end]), 6),
    ("another number of rows", lambda *inputs: list(walk_by_weights(*inputs[:2], inputs[2] + 1)), 6),
    ("another number of rows", walk(lambda steps: np.linspace(0, 1, steps + 2)), 6),
    ("sizes that do not follow the arguments", walk(lambda steps: np.linspace(0, 1, 11)), 8),
    ("sizes that do not follow the arguments", walk(lambda steps: [i / 10 for i in range(steps)]), 8),
    ("a list in place of a tensor", lambda *inputs: list(walk_loop(*inputs)), 8),
    ("a list in place of a tensor", lambda *inputs: walk_loop(*inputs).tolist(), 8),
    ("a dimension too many", lambda *inputs: walk_loop(*inputs).unsqueeze(1), 8),
    ("all numbers in one row", lambda *inputs: torch.cat(list(walk_loop(*inputs))), 8),
    ("steps that are not equally long", lambda *inputs: walk(lambda n: np.linspace(0, 1, n) ** 2)(*inputs).double()),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
