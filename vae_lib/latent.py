"""The trained latent space: encode, project by PCA, compare classes, and walk through it.

The walks return images x_hat (n, 784), decoded without sampling.
"""

from vae_lib.guards import (
    check_fits,
    check_generator,
    check_images,
    check_labels,
    check_same_shape,
    check_tensor,
    check_whole,
)
from vae_lib.pytorch import torch


@torch.no_grad()
def encode(model, x):
    """Images x (N, 784) in [0, 1] → mu, sigma, each (N, D), without gradients.

    Raises:
        TypeError, ValueError: images that are no tensor, of another shape or range, or unlike the model's numbers.
    """
    check_images(x, model.config.input_dim)
    check_fits(x, model)
    return model.encode(x)


def project(mu):
    """Project means on their two first principal components, by scikit-learn's PCA.

    Args:
        mu: (N, D).

    Returns:
        (points, explained): points (N, 2), and the share of the variance that each component holds, (2,).

    Raises:
        TypeError, ValueError: mu is no tensor (N, D), or N or D is below 2.
    """
    from sklearn.decomposition import PCA  # here, for it takes 0.7 s that not everybody needs

    check_tensor(mu, "mu")
    if mu.ndim != 2 or min(mu.shape) < 2:
        raise ValueError(f"a plane needs two codes (N, D) of two numbers or more, got {tuple(mu.shape)}")
    pca = PCA(n_components=2, svd_solver="full")
    points = pca.fit_transform(mu.detach().cpu().numpy())
    return torch.from_numpy(points), torch.from_numpy(pca.explained_variance_ratio_)


def class_means(points, y):
    """The centroid of each digit: points (N, D) and labels y (N,) → (10, D).

    Raises:
        TypeError, ValueError: a digit has no image, or not each point a label from 0 to 9.
    """
    check_tensor(points, "points")
    check_labels(y, len(points))
    counts = torch.bincount(y, minlength=10)
    if (counts == 0).any():
        raise ValueError(f"every digit needs an image, the counts of 0 to 9 are {counts.tolist()}: take more images")
    return torch.stack([points[y == digit].mean(dim=0) for digit in range(10)])


def neighbours_right(points, y, first=6_000):
    """Of the images after the `first`, the share whose digit is that of most of their 15 nearest among the first.

    Args:
        points: (N, D), in any space: codes, their plane, pixels.
        y: labels (N,).

    Returns:
        float: the score of scikit-learn's `KNeighborsClassifier(15)`.
    """
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(15).fit(points[:first], y[:first]).score(points[first:], y[first:])


def closest_pairs(means):
    """All 45 pairs of digits as (a, b, distance), the closest first, by Euclidean distance of means (10, D)."""
    distance = torch.cdist(means, means)
    pairs = [(a, b, distance[a, b].item()) for a, b in torch.combinations(torch.arange(len(means))).tolist()]
    return sorted(pairs, key=lambda pair: pair[2])


@torch.no_grad()
def sample(model, n, generator=None):
    """Decode n draws of z ~ N(0, I) on the model's device; PyTorch's global generator draws if None is given."""
    device = next(model.parameters()).device
    if generator is not None:
        check_generator(generator, device)
    return model.decode(torch.randn(n, model.config.latent_dim, generator=generator, device=device))


@torch.no_grad()
def traverse(model, z, dim, values):
    """Decode z (D,) with its coordinate `dim` set to each of the values (n,) in turn → (n, 784)."""
    line = z.repeat(len(values), 1)
    line[:, dim] = torch.as_tensor(values, dtype=z.dtype)
    return model.decode(line)


@torch.no_grad()
def interpolate(model, z_a, z_b, steps=10):
    """Decode `steps` points, 2 or more, on the line from z_a (D,) to z_b (D,), both ends included → (steps, 784)."""
    check_same_shape(z_a=z_a, z_b=z_b)
    if z_a.ndim != 1:
        raise ValueError(
            f"a line has two ends z (D,), got each of shape {tuple(z_a.shape)}: pass z_a[0] and z_b[0], say"
        )
    check_whole(steps, "steps", 2)
    share = torch.linspace(0, 1, steps, device=z_a.device).unsqueeze(1)  # (steps, 1)
    return model.decode(z_a + share * (z_b - z_a))
