"""What the exercises call: `checks.kld(kld)` says whether a student's function is right, and if not, why.

Each check is named like the function it checks; `checks.kld.hint(1)` gives a hint.
"""

from vae_checks.data import batches, split, to_images
from vae_checks.latent import class_means, neighbours_right, pca
from vae_checks.loss import bce, kld, kld_by_sampling
from vae_checks.model import Decoder, Encoder, count_parameters
from vae_checks.reparameterization import draw_many, reparameterize, sigma_from_log_var
from vae_checks.sampling import interpolate, sample, traverse
from vae_checks.training import epoch_loss, fit, train_step

__all__ = [
    "Decoder",
    "Encoder",
    "batches",
    "bce",
    "class_means",
    "count_parameters",
    "draw_many",
    "epoch_loss",
    "fit",
    "interpolate",
    "kld",
    "kld_by_sampling",
    "neighbours_right",
    "pca",
    "reparameterize",
    "sample",
    "sigma_from_log_var",
    "split",
    "to_images",
    "train_step",
    "traverse",
]
