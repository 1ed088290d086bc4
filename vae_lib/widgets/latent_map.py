"""A map of encoded images."""

from vae_lib.guards import check_labels, check_rows, squares
from vae_lib.plots import DIGIT_COLOURS, reconstructions
from vae_lib.widgets.still import HERE, add_still, display_with_still, read_scripts

import anywidget
import traitlets


class LatentMap(anywidget.AnyWidget):
    """Encoded images as digits in a plane; the one under the pointer or the arrow keys shows, with its reconstruction.

    Args:
        points: (N, 2); a thousand or two are plenty.
        y: labels (N,).
        x, x_hat: images and reconstructions, each (N, 784) in [0, 1].

    Raises:
        TypeError, ValueError: shapes that do not fit.
    """

    _esm, _css = read_scripts("page.js", "latent_map.js"), HERE / "widgets.css"
    points, labels, colours = (traitlets.List().tag(sync=True) for _ in range(3))
    images, reconstructions = (traitlets.Bytes().tag(sync=True) for _ in range(2))

    def __init__(self, points, y, x, x_hat):
        check_rows(points, 2, "expected points of shape (N, {})", "points")
        check_labels(y, len(points))
        if not len(points) == len(x) == len(x_hat):
            raise ValueError(
                f"{len(points)} points, {len(x)} images, {len(x_hat)} reconstructions: pass as many of each"
            )
        images, rebuilt = ((squares(part) * 255).cpu().round().byte().numpy().tobytes() for part in (x, x_hat))
        super().__init__(
            points=points.tolist(), labels=y.tolist(), colours=DIGIT_COLOURS, images=images, reconstructions=rebuilt
        )
        self._still = reconstructions(x[:10], x_hat[:10])

    def _ipython_display_(self):
        display_with_still(*self._repr_mimebundle_())

    def _repr_mimebundle_(self, **options):
        return add_still(super()._repr_mimebundle_(**options), self._still._repr_mimebundle_())
