"""The live widgets: sliders of your own, the explorer, maps of codes and posteriors, the playground, the clinic."""

from vae_lib.widgets.clinic import Clinic
from vae_lib.widgets.explorer import Explorer
from vae_lib.widgets.latent_map import LatentMap
from vae_lib.widgets.live import Live
from vae_lib.widgets.playground import Playground
from vae_lib.widgets.posterior_map import PosteriorMap
from vae_lib.widgets.still import image_html

__all__ = ["Clinic", "Explorer", "LatentMap", "Live", "Playground", "PosteriorMap", "image_html"]
