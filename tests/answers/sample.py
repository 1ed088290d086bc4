"""Right and wrong answers to assignment 07, in other words than the checks' own."""

import numpy as np
import torch
import torch.nn.functional as F


def sample_vectorised(decode, n, latent_dim, generator):
    return decode(torch.empty(n, latent_dim).normal_(generator=generator))


def sample_loop(decode, n, latent_dim, generator):
    return torch.cat([decode(torch.normal(0.0, 1.0, (1, latent_dim), generator=generator)) for _ in range(n)])


def sample_by_inverse(decode, n, latent_dim, generator):
    uniform = torch.rand(n, latent_dim, generator=generator, dtype=torch.float64)
    return decode(torch.special.ndtri(uniform.clamp_min(1e-12)).float())


def sample_scaled(scale):
    def function(decode, n, latent_dim, generator):
        return decode(torch.normal(0.0, scale, (n, latent_dim), generator=generator))

    return function


def sample_uniform(low, high):
    def function(decode, n, latent_dim, generator):
        return decode(torch.empty(n, latent_dim).uniform_(low, high, generator=generator))

    return function


def sample_seeded(decode, n, latent_dim, generator):
    torch.manual_seed(42)
    return decode(torch.normal(0.0, 1.0, (n, latent_dim)))


def sample_reseeded(decode, n, latent_dim, generator):
    return sample_vectorised(decode, n, latent_dim, generator.manual_seed(0))


def sample_repeated(decode, n, latent_dim, generator):
    z = torch.randn(latent_dim, generator=generator)
    return torch.stack([decode(z) for _ in range(n)])


def sample_one_picture_repeated(decode, n, latent_dim, generator):
    x_hat = decode(torch.randn(1, latent_dim, generator=generator))
    return torch.cat([x_hat] * n)


def sample_shared(decode, n, latent_dim, generator):
    return decode(torch.randn(n, 1, generator=generator) * torch.ones(latent_dim))


def sample_noisy_picture(strength, zero):
    def function(decode, n, latent_dim, generator):
        z = torch.randn(n, latent_dim, generator=generator)
        x_hat = decode(0 * z if zero else z)
        return x_hat + strength * torch.empty_like(x_hat).normal_(generator=generator)

    return function


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


def set_column(z, dim, values):
    rows = z.unsqueeze(0).expand(len(values), -1).clone()
    rows[:, dim] = values
    return rows


def set_by_where(z, dim, values):
    return torch.where(torch.arange(len(z), device=z.device) == dim, values[:, None], z)


def set_in_a_loop(z, dim, values):
    rows = []
    for value in values:
        row = z.clone()
        row[dim] = value
        rows.append(row)
    return torch.stack(rows)


def set_without_clone(z, dim, values):
    rows = []
    for value in values:
        z[dim] = value
        rows.append(z)
    return torch.stack(rows)


def set_expanded(z, dim, values):
    rows = z.unsqueeze(0).expand(len(values), len(z))
    rows[:, dim] = values
    return rows


def set_expanded_in_a_loop(z, dim, values):
    rows = z.expand(len(values), -1)
    for i, value in enumerate(values):
        rows[i, dim] = value
    return rows


def added(z, dim, values):
    rows = z.repeat(len(values), 1)
    rows[:, dim] += values
    return rows


def multiplied(z, dim, values):
    rows = z.repeat(len(values), 1)
    rows[:, dim] *= values
    return rows


RIGHT = {
    "sample": [sample_vectorised, sample_loop, sample_by_inverse],
    "interpolate": [walk_by_weights, walk_loop, walk_by_lerp, walk_by_numpy],
    "traverse": [set_column, set_by_where, set_in_a_loop],
}

# The name that the check must give the mistake, and an answer that makes it.
WRONG = {
    "sample": [
        ("the noise is scaled", sample_scaled(3.0)),
        ("the noise is scaled", sample_scaled(0.5)),
        ("the noise is scaled", sample_scaled(1.2)),
        ("uniform noise", sample_uniform(0, 1)),
        ("uniform noise", sample_uniform(-1, 1)),
        ("uniform noise", sample_uniform(-(3**0.5), 3**0.5)),
        ("the generator is not used", lambda decode, n, latent_dim, generator: decode(torch.randn((n, latent_dim)))),
        ("the generator is not used", sample_reseeded),
        ("a seed inside the function", sample_seeded),
        ("one z for all", sample_repeated),
        ("one z for all", sample_one_picture_repeated),
        ("one z in all", lambda decode, n, latent_dim, generator: sample_vectorised(decode, 1, latent_dim, generator)),
        ("one number shared by all dimensions", sample_shared),
        ("z = 0, always", lambda decode, n, latent_dim, generator: decode(torch.randn(n, latent_dim) * 0)),
        ("noise on the picture", sample_noisy_picture(0.1, zero=True)),
        ("noise on the picture", sample_noisy_picture(0.1, zero=False)),
        ("a second sigmoid", lambda *inputs: torch.sigmoid(sample_loop(*inputs))),
        (
            "z in place of pictures",
            lambda decode, n, latent_dim, generator: torch.empty(n, latent_dim).normal_(generator=generator),
        ),
        (
            "a dimension too few",
            lambda decode, n, latent_dim, generator: sample_vectorised(decode, n, latent_dim - 1, generator),
        ),
        (
            "n and latent_dim swapped",
            lambda decode, n, latent_dim, generator: sample_vectorised(decode, latent_dim, n, generator),
        ),
    ],
    "interpolate": [
        ("the last point is missing", walk(lambda steps: [i / steps for i in range(steps)])),
        ("the first point is missing", walk(lambda steps: [(i + 1) / steps for i in range(steps)])),
        ("both ends are missing", walk(lambda steps: np.linspace(0, 1, steps + 2)[1:-1])),
        ("one point too many", walk(lambda steps: [i / steps for i in range(steps + 1)])),
        ("one point too few", walk(lambda steps: [i / (steps - 1) for i in range(steps - 1)])),
        ("start and end swapped", lambda z_start, z_end, steps: walk_by_weights(z_end, z_start, steps)),
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
    ],
    "traverse": [
        ("all rows share one memory", set_without_clone),
        ("all rows share one memory", set_expanded),
        ("all rows share one memory", set_expanded_in_a_loop),
        ("added, not set", added),
        ("multiplied, not set", multiplied),
        ("all dimensions are set", lambda z, dim, values: values[:, None] * torch.ones_like(z)),
        ("added to all dimensions", lambda z, dim, values: torch.stack([z + value for value in values])),
        ("the other dimensions are 0", lambda z, dim, values: values[:, None] * F.one_hot(torch.tensor(dim), len(z))),
        ("dimensions counted from 1", lambda z, dim, values: set_column(z, dim - 1, values)),
        ("dimensions counted from 1", lambda z, dim, values: set_column(z, dim + 1, values)),
        ("nothing is set", lambda z, dim, values: torch.stack([z] * len(values))),
        ("rows and columns swapped", lambda z, dim, values: torch.stack(list(set_column(z, dim, values)), dim=1)),
    ],
}

# Mutants of the model answer that no check can tell from it, with the reason: {name: {mutant: reason}}.
EQUIVALENT = {
    "sample": {
        "4: torch.randn(n, latent_dim, generator=generator) → -torch.randn(n, latent_dim, generator=generator)": (
            "N(0, I) is symmetric, -z is as good a draw as z"
        ),
    },
    "interpolate": {},
    "traverse": {},
}
