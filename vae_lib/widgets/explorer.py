"""The explorer, which decodes in the browser."""

import base64

from vae_lib.images import encode_png, enlarge, tile
from vae_lib.latent import class_means
from vae_lib.loss import kld_per_dim
from vae_lib.pytorch import torch
from vae_lib.widgets.still import HERE, add_still, display_with_still, read_scripts

import anywidget
import traitlets

N_IMAGES = 20  # the first encoded images, which the explorer offers as ends of a line


class Explorer(anywidget.AnyWidget):
    """A pad, sliders and draws that move z; the browser has the decoder's weights and draws by itself.

    `z` can be read, a list of D floats, and set, to anything of D numbers. Without a kernel the output is a picture.

    Args:
        model: a `VAE` for 28 × 28 pixels, on the CPU.
        mu, sigma: an encoded data set, each (N, D); gives the start, the ends of lines and the use of each dimension.
        y: its labels (N,), for the means of the ten classes.
        classifier: a `Sequential` of two linear layers with a ReLU between, which reads the picture; or None.
        mixture: a `priors.Mixture` of the same D numbers, from which one can draw, too; or None.

    Raises:
        ValueError: weights that are no finite numbers in float16, sizes that do not fit, a z of another length.
    """

    _esm = read_scripts("page.js", "network.js", "state.js", "view.js", "explorer.js")
    _css = HERE / "widgets.css"
    weights, classifier, codes, mixture = (traitlets.Bytes().tag(sync=True) for _ in range(4))
    sizes, classifier_sizes, labels, kld = (traitlets.List().tag(sync=True) for _ in range(4))
    z = traitlets.Any().tag(sync=True)

    def __init__(self, model, mu, sigma, y, classifier=None, mixture=None):
        weights, sizes = _pack(model.decoder.hidden, model.decoder.out)
        if sizes[2] != 784 or mu.shape[1:] != sigma.shape[1:] or mu.shape[1:] != (sizes[0],):
            expected = f"mu and sigma (N, {sizes[0]}) and 784 pixels, got {tuple(mu.shape)}, {tuple(sigma.shape)}"
            raise ValueError(
                f"this model's explorer needs {expected} and {sizes[2]}: encode images with the same model"
            )
        means = class_means(mu, y)
        read, read_sizes = _pack(classifier[0], classifier[2]) if classifier else (b"", [])
        super().__init__(
            weights=weights,
            sizes=sizes,
            classifier=read,
            classifier_sizes=read_sizes,
            codes=torch.cat([means, mu[:N_IMAGES]]).detach().float().numpy().tobytes(),
            labels=y[:N_IMAGES].tolist(),
            kld=kld_per_dim(mu, sigma).mean(dim=0).tolist(),
            mixture=_pack_mixture(mixture, sizes[0]) if mixture else b"",
            z=mu[0],
        )
        self._decode, self._means = model.decode, means
        if mixture:
            self._means = torch.cat([means, mixture.means[mixture.weights.argsort(descending=True)[:11]]])

    @traitlets.validate("z")
    def _check_z(self, proposal):
        z = torch.as_tensor(proposal["value"], dtype=torch.float32)
        if z.shape != (self.sizes[0],) or not z.isfinite().all():
            actual = f"shape {tuple(z.shape)}" if z.isfinite().all() else "numbers that are not finite"
            raise ValueError(f"z should be {self.sizes[0]} finite numbers, got {actual}: take a code such as mu[0]")
        return z.tolist()

    def _ipython_display_(self):
        display_with_still(*self._repr_mimebundle_())

    @torch.no_grad()
    def _repr_mimebundle_(self, **options):
        x = self._decode(torch.cat([torch.tensor([self.z]), self._means]))
        grid = enlarge(tile(x, ncols=11, gap=2), 2)
        alt = "Left, the digit that the explorer shows. Right, the means of the ten classes, 0 to 9, decoded."
        if self.mixture:
            alt += " Below, the middles of the heaviest bells of the mixture, decoded."
        still = (
            {"image/png": base64.b64encode(encode_png(grid)).decode(), "text/plain": alt},
            {"image/png": {"alt": alt}},
        )
        return add_still(super()._repr_mimebundle_(**options), still)


def _pack(first, second):
    """Two linear layers as float16, input by input, which is how the browser reads them; and the three sizes."""
    layers = (first.weight.T, first.bias, second.weight.T, second.bias)
    weights = torch.cat([part.detach().flatten() for part in layers]).half()
    if not weights.isfinite().all():
        raise ValueError(
            f"{(~weights.isfinite()).sum()} of {len(weights)} weights are not finite numbers in float16: "
            "take a model whose training did not fail, such as that of load_trained()"
        )
    return weights.numpy().tobytes(), [first.in_features, first.out_features, second.out_features]


def _pack_mixture(mixture, dims):
    """A mixture as float16: all weights, all means, and of each factor the lower triangle, row by row."""
    if mixture.means.shape[1] != dims:
        raise ValueError(
            f"this model's codes have {dims} numbers, the mixture {mixture.means.shape[1]}: fit it to them"
        )
    rows, columns = torch.tril_indices(dims, dims)
    parts = (mixture.weights, mixture.means, mixture.factors[:, rows, columns])
    return torch.cat([part.flatten() for part in parts]).half().numpy().tobytes()
