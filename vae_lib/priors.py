"""A prior in place of N(0, I): a mixture of bells, fitted to the codes, drawn from, and its density (lesson 10)."""

import math
import warnings
from typing import NamedTuple

from vae_lib.checkpoints import shipped
from vae_lib.guards import check_generator, check_rows
from vae_lib.pytorch import torch


class Mixture(NamedTuple):
    """K bells in D dimensions, each with its share and its own shape.

    `weights` (K,) add up to 1; `means` (K, D); `factors` (K, D, D) are lower triangular, and the covariance of bell k
    is factors[k] @ factors[k].T (Cholesky).
    """

    weights: torch.Tensor
    means: torch.Tensor
    factors: torch.Tensor


class Trained(NamedTuple):
    """A small VAE trained with a prior of its own: validation BCE and KLD in nats, and samples (n, 784)."""

    bce: float
    kld: float
    samples: torch.Tensor


class Priors(NamedTuple):
    """What `tools/make_priors.py` found for the shipped model, and ships.

    `mixture` has 50 bells; `gains` has for each number of bells what a mixture says more of a z than N(0, I), in nats:
    (of the 25,000 codes that it was fitted to, of validation codes); `trained` has two VAEs trained alike, with the
    prior "N(0, I)" and with "VampPrior"; `two_stage` are draws z (n, D) from a second VAE, trained on the codes.
    """

    mixture: Mixture
    gains: dict[int, tuple[float, float]]
    trained: dict[str, Trained]
    two_stage: torch.Tensor


def load_priors():
    """The `Priors` that ship with the library; numbers are stored in half precision, and come as float32."""
    with shipped("priors.pt.gz") as saved:
        weights, means, factors = (part.float() for part in saved["mixture"])
        trained = {name: Trained(bce, kld, x / 255) for name, (bce, kld, x) in saved["trained"].items()}
        gains = {bells: tuple(pair) for bells, pair in saved["gains"].items()}
        return Priors(Mixture(weights / weights.sum(), means, factors), gains, trained, saved["two_stage"].float())


def fit_mixture(z, components, steps=40):
    """Fit a mixture of bells to points by scikit-learn's `GaussianMixture`, from a fixed start.

    Args:
        z: points (N, D); draws z of the encoder, not means μ, which lie too close together.
        components: K, the number of bells.
        steps: of the EM algorithm at most.

    Returns:
        Mixture: in the dtype of z; computed in float64, for in float32 a covariance may come out impossible.
    """
    from sklearn.exceptions import ConvergenceWarning  # here, for it takes 0.7 s that not everybody needs
    from sklearn.mixture import GaussianMixture

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it says that the steps are over
        fitted = GaussianMixture(components, max_iter=steps, random_state=0).fit(z.detach().double().cpu().numpy())
    weights, means, covariances = map(torch.from_numpy, (fitted.weights_, fitted.means_, fitted.covariances_))
    return Mixture(*(part.to(z) for part in (weights, means, torch.linalg.cholesky(covariances))))


def draw(mixture, n, generator):
    """Draw n points from a mixture: first the bell, by its weight, then a point of it → (n, D)."""
    check_generator(generator, mixture.means.device)
    which = torch.multinomial(mixture.weights, n, replacement=True, generator=generator)  # (n,)
    eps = torch.randn(n, mixture.means.shape[1], generator=generator).to(mixture.means)  # (n, D)
    return mixture.means[which] + (mixture.factors[which] @ eps.unsqueeze(2)).squeeze(2)


def log_density(mixture, z):
    """The logarithm of the mixture's density at each point: z (N, D) → (N,), in nats."""
    dims = mixture.means.shape[1]
    check_rows(z, dims, "expected points of shape (N, {}), as many numbers as the mixture has", "z")
    logs = []
    for weight, mean, factor in zip(*mixture, strict=True):
        eps = torch.linalg.solve_triangular(factor, (z - mean).T, upper=False)  # (D, N)
        volume = factor.diagonal().log().sum() + dims / 2 * math.log(2 * math.pi)
        logs.append(weight.log() - 0.5 * eps.square().sum(dim=0) - volume)
    return torch.stack(logs).logsumexp(dim=0)
