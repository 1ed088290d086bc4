"""The live widgets: a picture for sliders of your own, and the explorer, which decodes in the browser."""

import base64
import functools
import io
from pathlib import Path

import anywidget
import torch
import traitlets
from torchvision.transforms.functional import to_pil_image
from torchvision.utils import make_grid

from vae_lib.latent import class_means
from vae_lib.loss import kld_per_dim
from vae_lib.plots import DIGIT_COLOURS, reconstructions

HERE = Path(__file__).parent
N_IMAGES = 20  # the first encoded images, which the explorer offers as ends of a line


def image_html(x, alt, size=224):
    """An image x (784,) in [0, 1] as an HTML element with a description."""
    source = base64.b64encode(_png(x.detach().view(1, 28, 28))).decode()
    style = "image-rendering: pixelated"
    return f'<img alt="{alt}" width="{size}" height="{size}" style="{style}" src="data:image/png;base64,{source}">'


class Explorer(anywidget.AnyWidget):
    """A pad, sliders and draws that move z; the browser has the decoder's weights and draws by itself.

    `z` can be read, a list of D floats, and set, to anything of D numbers. Without a kernel the output is a picture.

    Args:
        model: a `VAE` for 28 × 28 pixels, on the CPU.
        mu, sigma: an encoded data set, each (N, D); gives the start, the ends of lines and the use of each dimension.
        y: its labels (N,), for the means of the ten classes.
        classifier: a `Sequential` of two linear layers with a ReLU between, which reads the picture; or None.

    Raises:
        ValueError: weights that are no finite numbers in float16, sizes that do not fit, a z of another length.
    """

    _esm, _css = HERE / "explorer.js", HERE / "widgets.css"
    weights, classifier, codes = (traitlets.Bytes().tag(sync=True) for _ in range(3))
    sizes, classifier_sizes, labels, kld = (traitlets.List().tag(sync=True) for _ in range(4))
    z = traitlets.Any().tag(sync=True)

    def __init__(self, model, mu, sigma, y, classifier=None):
        weights, sizes = _pack(model.decoder.hidden, model.decoder.out)
        if sizes[2] != 784 or mu.shape[1:] != sigma.shape[1:] or mu.shape[1:] != (sizes[0],):
            wanted = f"mu and sigma (N, {sizes[0]}) and 784 pixels, got {tuple(mu.shape)}, {tuple(sigma.shape)}"
            raise ValueError(f"this model's explorer needs {wanted} and {sizes[2]}: encode images with the same model")
        means = class_means(mu, y)
        read, read_sizes = _pack(classifier[0], classifier[2]) if classifier else (b"", [])
        super().__init__(
            weights=weights,
            sizes=sizes,
            classifier=read,
            classifier_sizes=read_sizes,
            codes=torch.cat([means, mu[:N_IMAGES]]).numpy().tobytes(),
            labels=y[:N_IMAGES].tolist(),
            kld=kld_per_dim(mu, sigma).mean(dim=0).tolist(),
            z=mu[0],
        )
        self._decode, self._means = model.decode, means

    @traitlets.validate("z")
    def _check_z(self, proposal):
        z = torch.as_tensor(proposal["value"], dtype=torch.float32)
        if z.shape != (self.sizes[0],) or not z.isfinite().all():
            got = f"shape {tuple(z.shape)}" if z.isfinite().all() else "numbers that are not finite"
            raise ValueError(f"z should be {self.sizes[0]} finite numbers, got {got}: take a code such as mu[0]")
        return z.tolist()

    @torch.no_grad()
    def _repr_mimebundle_(self, **options):
        x = self._decode(torch.cat([torch.tensor([self.z]), self._means])).view(-1, 1, 28, 28)
        grid = make_grid(x, nrow=11, padding=2, pad_value=1)[:1].repeat_interleave(2, 1).repeat_interleave(2, 2)
        alt = "Left, the digit that the explorer shows. Right, the means of the ten classes, 0 to 9, decoded."
        still = {"image/png": base64.b64encode(_png(grid)).decode(), "text/plain": alt}, {"image/png": {"alt": alt}}
        return _with_still(super()._repr_mimebundle_(**options), still)


class Live(anywidget.AnyWidget):
    """Sliders over lists of values, above a figure that is drawn anew when one moves. Without a kernel, the figure.

    Args:
        draw: takes a value of each slider, returns a `plots.Picture`; asked once for each combination.
        choices: dictionary label → list of values, a slider each.
        start: the value of each slider to begin with; the first of each list if None.
    """

    _esm, _css = HERE / "live.js", HERE / "widgets.css"
    labels, texts, chosen = (traitlets.List().tag(sync=True) for _ in range(3))
    picture = traitlets.Dict().tag(sync=True)

    def __init__(self, draw, choices, start=None):
        lists = list(choices.values())

        @functools.cache
        def bundle(*chosen):
            return draw(*[values[i] for values, i in zip(lists, chosen, strict=True)])._repr_mimebundle_()

        self._bundle = bundle
        chosen = [v.index(s) for v, s in zip(lists, start, strict=True)] if start else [0] * len(lists)
        super().__init__(labels=list(choices), texts=[[str(v) for v in values] for values in lists], chosen=chosen)

    @traitlets.observe("chosen")
    def _show(self, _change=None):
        data, metadata = self._bundle(*self.chosen)
        self.picture = {"src": f"data:image/png;base64,{data['image/png']}", **metadata["image/png"]}

    def _repr_mimebundle_(self, **options):
        return _with_still(super()._repr_mimebundle_(**options), self._bundle(*self.chosen))


class LatentMap(anywidget.AnyWidget):
    """Encoded images as digits in a plane; the one under the pointer or the arrow keys shows, with its reconstruction.

    Args:
        points: (N, 2); a thousand or two are plenty.
        y: labels (N,).
        x, x_hat: images and reconstructions, each (N, 784) in [0, 1].
    """

    _esm, _css = HERE / "latent_map.js", HERE / "widgets.css"
    points, labels, colours = (traitlets.List().tag(sync=True) for _ in range(3))
    images, reconstructions = (traitlets.Bytes().tag(sync=True) for _ in range(2))

    def __init__(self, points, y, x, x_hat):
        images, rebuilt = ((part * 255).round().byte().numpy().tobytes() for part in (x, x_hat))
        super().__init__(
            points=points.tolist(), labels=y.tolist(), colours=DIGIT_COLOURS, images=images, reconstructions=rebuilt
        )
        self._still = reconstructions(x[:10], x_hat[:10])

    def _repr_mimebundle_(self, **options):
        return _with_still(super()._repr_mimebundle_(**options), self._still._repr_mimebundle_())


def _with_still(widget, still):
    """A widget's mime bundle with that of a still picture, for where no kernel runs."""
    return widget[0] | still[0], widget[1] | still[1]


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


def _png(x):
    buffer = io.BytesIO()
    to_pil_image(x).save(buffer, format="png")
    return buffer.getvalue()
