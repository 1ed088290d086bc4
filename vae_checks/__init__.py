"""What the exercises call: `checks.kld(kld)` says whether a student's function is right, and if not, why.

Each check is named like the function it checks; `checks.kld.hint(1)` gives a hint.
"""

from vae_checks.a_vae_at_work.anomaly_score import anomaly_score
from vae_checks.a_vae_at_work.auroc import auroc
from vae_checks.a_vae_at_work.load_images import load_images
from vae_checks.bce_vs_kld.bce import bce
from vae_checks.bce_vs_kld.kld import kld
from vae_checks.bce_vs_kld.kld_by_sampling import kld_by_sampling
from vae_checks.broken_vae_clinic.mended_noise import mended_noise
from vae_checks.broken_vae_clinic.mended_training import mended_training
from vae_checks.broken_vae_clinic.mended_units import mended_units
from vae_checks.data_split.batches import batches
from vae_checks.data_split.split import split
from vae_checks.data_split.to_images import to_images
from vae_checks.encoder_decoder.count_parameters import count_parameters
from vae_checks.encoder_decoder.decoder import Decoder
from vae_checks.encoder_decoder.encoder import Encoder
from vae_checks.exact_likelihood.iwae import iwae
from vae_checks.exact_likelihood.kl_to_posterior import kl_to_posterior
from vae_checks.exact_likelihood.log_evidence import log_evidence
from vae_checks.latent_space_pca.class_means import class_means
from vae_checks.latent_space_pca.neighbours_right import neighbours_right
from vae_checks.latent_space_pca.pca import pca
from vae_checks.live_sampling.interpolate import interpolate
from vae_checks.live_sampling.sample import sample
from vae_checks.live_sampling.traverse import traverse
from vae_checks.rate_distortion_collapse.active_units import active_units
from vae_checks.rate_distortion_collapse.free_bits import free_bits
from vae_checks.rate_distortion_collapse.linear_optimum import linear_optimum
from vae_checks.reparameterization_trick.draw_many import draw_many
from vae_checks.reparameterization_trick.reparameterize import reparameterize
from vae_checks.reparameterization_trick.sigma_from_log_var import sigma_from_log_var
from vae_checks.speedrun.one_cycle import one_cycle
from vae_checks.speedrun.train_fast import train_fast
from vae_checks.speedrun.update_average import update_average
from vae_checks.training.epoch_loss import epoch_loss
from vae_checks.training.fit import fit
from vae_checks.training.train_step import train_step
from vae_checks.why_samples_are_worse.aggregate_posterior import aggregate_posterior
from vae_checks.why_samples_are_worse.energy_distance import energy_distance
from vae_checks.why_samples_are_worse.sample_mixture import sample_mixture

__all__ = [
    "Decoder",
    "Encoder",
    "active_units",
    "aggregate_posterior",
    "anomaly_score",
    "auroc",
    "batches",
    "bce",
    "class_means",
    "count_parameters",
    "draw_many",
    "energy_distance",
    "epoch_loss",
    "fit",
    "free_bits",
    "interpolate",
    "iwae",
    "kl_to_posterior",
    "kld",
    "kld_by_sampling",
    "linear_optimum",
    "load_images",
    "log_evidence",
    "mended_noise",
    "mended_training",
    "mended_units",
    "neighbours_right",
    "one_cycle",
    "pca",
    "reparameterize",
    "sample",
    "sample_mixture",
    "sigma_from_log_var",
    "split",
    "to_images",
    "train_fast",
    "train_step",
    "traverse",
    "update_average",
]
