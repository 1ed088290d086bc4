"""What the exercises call: `checks.kld(kld)` says whether a student's function is right, and if not, why.

Each check is named like the function it checks; `checks.kld.hint(1)` gives a hint.
"""

from vae_checks.bce_vs_kld.kld import bce, kld, kld_by_sampling
from vae_checks.data_split.index_sets import batches, split, to_images
from vae_checks.encoder_decoder.modules import Decoder, Encoder, count_parameters
from vae_checks.latent_space_pca.pca import class_means, neighbours_right, pca
from vae_checks.live_sampling.sample import interpolate, sample, traverse
from vae_checks.reparameterization_trick.gaussian_draws import draw_many, reparameterize, sigma_from_log_var
from vae_checks.training.tiny_vae import epoch_loss, fit, train_step

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
