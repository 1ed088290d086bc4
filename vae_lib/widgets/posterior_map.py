"""Posteriors beside what the encoder says, an image at a time."""

from vae_lib.drawings import posteriors
from vae_lib.guards import squares
from vae_lib.likelihood import close_ups
from vae_lib.widgets.still import HERE, add_still, display_with_still, read_scripts

import anywidget
import traitlets


class PosteriorMap(anywidget.AnyWidget):
    """Images to choose from; of the chosen one, where the z that could have made it lie, and the encoder's answer.

    Args:
        model: a `VAE` with a plane for its latent space.
        x: black-and-white images (n, 784); a dozen is enough.

    Raises:
        ValueError: as for `likelihood.log_joint`.
    """

    _esm, _css = read_scripts("page.js", "posterior_map.js"), HERE / "widgets.css"
    images, levels = (traitlets.Bytes().tag(sync=True) for _ in range(2))
    near = traitlets.List().tag(sync=True)

    def __init__(self, model, x):
        chosen = close_ups(model, x)
        # How far the logarithm is below its peak, a byte for a 32nd of a nat: what is 8 nats below is nearly nothing.
        levels = [(32 * (one.log_posterior.max() - one.log_posterior)).clamp(max=255).round().byte() for one in chosen]
        super().__init__(
            images=(squares(x) * 255).byte().numpy().tobytes(),
            levels=b"".join(level.numpy().tobytes() for level in levels),
            near=[
                {
                    "low": one.low.tolist(),
                    "side": one.side,
                    "mu": one.mu.tolist(),
                    "sigma": one.sigma.tolist(),
                    "elbo": one.elbo,
                    "log_p": one.log_p,
                }
                for one in chosen
            ],
        )
        alt = f"The posteriors of {len(x[:6])} images as shades, the encoder's answer to each as a dashed ellipse."
        self._still = posteriors(chosen[:6], x[:6], alt)

    def _ipython_display_(self):
        display_with_still(*self._repr_mimebundle_())

    def _repr_mimebundle_(self, **options):
        return add_still(super()._repr_mimebundle_(**options), self._still._repr_mimebundle_())
