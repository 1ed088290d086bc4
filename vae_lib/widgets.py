"""The live sampler: sliders that move through the latent space, and the digit that is there."""

import base64
import io

import ipywidgets
import torch
from torchvision.transforms.functional import to_pil_image

from vae_lib.loss import kld_per_dim


class Sampler(ipywidgets.HBox):
    """Sliders for the latent dimensions that a model uses most, beside the picture they decode to.

    Args:
        model: a `VAE` on the CPU.
        mu, sigma: an encoded data set, each (N, D); tells which dimensions are used.
        z: the latent point (D,) to start from, best an encoded image: z = 0 decodes to a grey blob.
        n_sliders: how many dimensions get a slider; the others stay as in z.
    """

    def __init__(self, model, mu, sigma, z, n_sliders=8):
        self.model, self.start = model, z
        self.dims = kld_per_dim(mu, sigma).mean(dim=0).argsort(descending=True)[:n_sliders].tolist()
        self.sliders = [self._slider(dim) for dim in self.dims]
        self.picture = ipywidgets.HTML()
        back = ipywidgets.Button(description="Back to the start")
        back.on_click(self._back)
        for slider in self.sliders:
            slider.observe(self._draw, names="value")
        super().__init__([ipywidgets.VBox([*self.sliders, back]), self.picture])
        self._draw()

    @property
    def z(self):
        """The latent point (D,) that the sliders stand for."""
        z = self.start.clone()
        z[self.dims] = torch.tensor([slider.value for slider in self.sliders])
        return z

    def _slider(self, dim):
        # Three standard deviations of the prior hold 99.7 % of its samples; an encoded image may lie farther out.
        reach = max(3.0, self.start[dim].abs().item())
        value = self.start[dim].item()
        return ipywidgets.FloatSlider(value, min=-reach, max=reach, step=0.05, description=f"z[{dim}]")

    def _back(self, _button):
        for dim, slider in zip(self.dims, self.sliders, strict=True):
            slider.value = self.start[dim].item()

    @torch.no_grad()
    def _draw(self, _change=None):
        x_hat = self.model.decode(self.z.unsqueeze(0))[0]
        where = ", ".join(f"z[{dim}] = {slider.value:.2f}" for dim, slider in zip(self.dims, self.sliders, strict=True))
        self.picture.value = image_html(x_hat, f"the digit decoded at {where}")


def image_html(x, alt, size=224):
    """An image x (784,) in [0, 1] as an HTML element with a description."""
    buffer = io.BytesIO()
    to_pil_image(x.view(1, 28, 28)).save(buffer, format="png")
    source = base64.b64encode(buffer.getvalue()).decode()
    style = "image-rendering: pixelated"
    return f'<img alt="{alt}" width="{size}" height="{size}" style="{style}" src="data:image/png;base64,{source}">'
