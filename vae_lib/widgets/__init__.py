"""The live widgets: a picture for sliders of your own, the explorer, a map of encoded images, and one of posteriors."""

from vae_lib.widgets.explorer import Explorer
from vae_lib.widgets.latent_map import LatentMap
from vae_lib.widgets.live import Live
from vae_lib.widgets.posterior_map import PosteriorMap
from vae_lib.widgets.still import image_html

__all__ = ["Explorer", "LatentMap", "Live", "PosteriorMap", "image_html"]
