"""Programs that train a VAE, each wrong in one place, and what each shows to its user (lesson 12).

The text of a program is what `tools/make_clinic.py` ran: the healthy one with a line exchanged.
"""

import re
from types import SimpleNamespace
from typing import NamedTuple

from vae_lib.checkpoints import shipped
from vae_lib.loss import Losses
from vae_lib.pytorch import torch

import torch.nn.functional as F

HEALTHY = """\
def pixels(images):  # bytes, 0 to 255
    return images / 255


def encode(model, x):
    h = F.relu(model.encoder.hidden(x))
    return model.encoder.hid_mu(h), model.encoder.hid_sigma(h)


def draw(mu, log_var):
    sigma = (log_var / 2).exp()
    eps = torch.randn_like(sigma)
    return mu + sigma * eps, sigma


def decode(model, z):
    return model.decoder(z)


def losses(x, x_logits, mu, log_var):
    bce = F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").sum(1).mean()
    kld = 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum(1).mean()
    return bce + kld, bce, kld


def measure(model, x):
    mu, log_var = encode(model, x)
    z, sigma = draw(mu, log_var)
    return losses(x, decode(model, z), mu, log_var)


def train(model, images, epochs=5):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    printed = []
    for epoch in range(epochs):
        for batch in torch.randperm(len(images)).split(64):
            loss, bce, kld = measure(model, pixels(images[batch]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            printed.append((loss.item(), bce.item(), kld.item()))
    return printed
"""

BCE_LINE = '    bce = F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").sum(1).mean()'
KLD_LINE = "    kld = 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum(1).mean()"
LOSS_LINE = "    return bce + kld, bce, kld"
EPS_LINE = "    eps = torch.randn_like(sigma)"
SIGMA_LINE = "    sigma = (log_var / 2).exp()"
CALL_LINE = "    return losses(x, decode(model, z), mu, log_var)"
ADAM_LINE = "    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)"
PIXELS_LINE = "    return images / 255"
LOW, HIGH, BINS = -1.0, 3.0, 40  # of the histogram of σ

# The name of a case, and the lines that it has in place of the healthy ones.
FAULTS = {
    "healthy": {},
    "one ε for the batch": {EPS_LINE: "    eps = torch.randn(40)"},
    "the same ε for ever": {EPS_LINE: "    eps = torch.randn(40, generator=torch.Generator().manual_seed(0))"},
    "ε from torch.rand": {EPS_LINE: "    eps = torch.rand_like(sigma)"},
    "no noise, z = μ": {"    return mu + sigma * eps, sigma": "    return mu, sigma"},
    "log σ² used as σ": {SIGMA_LINE: "    sigma = log_var"},
    "σ² used as σ": {SIGMA_LINE: "    sigma = log_var.exp()"},
    "BCE a mean over pixels": {BCE_LINE: "    bce = F.binary_cross_entropy_with_logits(x_logits, x)"},
    "both a mean": {
        BCE_LINE: "    bce = F.binary_cross_entropy_with_logits(x_logits, x)",
        KLD_LINE: "    kld = 0.5 * (mu**2 + log_var.exp() - 1 - log_var).mean()",
    },
    "KLD a mean over dimensions": {KLD_LINE: "    kld = 0.5 * (mu**2 + log_var.exp() - 1 - log_var).mean()"},
    "KLD forgotten": {LOSS_LINE: "    return bce, bce, kld"},
    "KLD with the wrong sign": {LOSS_LINE: "    return bce - kld, bce, kld"},
    "½ forgotten in the KLD": {KLD_LINE: "    kld = (mu**2 + log_var.exp() - 1 - log_var).sum(1).mean()"},
    "log σ² forgotten in the KLD": {KLD_LINE: "    kld = 0.5 * (mu**2 + log_var.exp() - 1).sum(1).mean()"},
    "squared error for the BCE": {BCE_LINE: "    bce = (x_logits.sigmoid() - x).square().sum(1).mean()"},
    "summed over the batch": {LOSS_LINE: "    return 64 * (bce + kld), 64 * bce, 64 * kld"},
    "a second sigmoid": {"    return model.decoder(z)": "    return model.decoder(z).sigmoid()"},
    "pixels 0 to 255": {PIXELS_LINE: "    return images.float()"},
    "pixels −1 to 1": {PIXELS_LINE: "    return images / 255 * 2 - 1"},
    "pixels standardized": {PIXELS_LINE: "    return (images / 255 - 0.1307) / 0.3081"},
    "learning rate 0.1": {ADAM_LINE: "    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)"},
    "learning rate 0.03": {ADAM_LINE: "    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)"},
    "learning rate 0.01": {ADAM_LINE: "    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)"},
    "learning rate 1e-5": {ADAM_LINE: "    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5)"},
    "zero_grad forgotten": {"            optimizer.zero_grad()\n": ""},
    "encoder not in the optimizer": {
        ADAM_LINE: "    optimizer = torch.optim.Adam(model.decoder.parameters(), lr=1e-3)"
    },
    "z detached": {CALL_LINE: "    return losses(x, decode(model, z.detach()), mu, log_var)"},
    "decoder fed fresh noise": {CALL_LINE: "    return losses(x, decode(model, torch.randn_like(z)), mu, log_var)"},
    "targets shuffled": {CALL_LINE: "    return losses(x[torch.randperm(len(x))], decode(model, z), mu, log_var)"},
}


class Patient(NamedTuple):
    """What a case's pictures look like, and how its evidence gives it away: a sentence each."""

    looks: str
    clue: str


# A dozen and a healthy one, for the control of the lesson, in no order that helps.
PATIENTS = {
    "z detached": Patient(
        "Reconstructions and samples are one grey blob, the mean digit.",
        "The BCE is that of the mean image and the KLD nearly 0: what the decoder wants does not reach the encoder. "
        "Fresh noise for z and shuffled targets look the same; an experiment tells them apart.",
    ),
    "KLD a mean over dimensions": Patient(
        "Reconstructions are sharp, samples are smudges.",
        "The loss is too good, and the printed KLD is a fortieth of what the formula gives: a hidden β of 1/40.",
    ),
    "one ε for the batch": Patient(
        "Reconstructions are soft, samples are faint.",
        "The loss is too high, and both its parts are what they claim to be. All images of a batch get the same noise, "
        "so their gradients err together. Ten losses of the same batch show it: they scatter several times as much.",
    ),
    "a second sigmoid": Patient(
        "Reconstructions and samples are mid-grey, with a few lighter pixels.",
        "The loss is that of mid-grey, 784 log 2: what has been through one sigmoid cannot be below ½ after a second.",
    ),
    "log σ² used as σ": Patient(
        "Reconstructions are sharp, samples have hard strokes.",
        "The loss is too good, and of the σ that it draws with many are near 0 and many are negative. The KLD believes "
        "in a σ near 1, so the noise that the decoder sees is not the noise that is paid for.",
    ),
    "healthy": Patient(
        "Reconstructions are soft digits, samples are scribbles and some digits.",
        "The loss falls, the KLD rises because the encoder says more, some dimensions are left unused, and the formula "
        "gives the KLD that is printed. Scribbles among the samples are no fault either, but lesson 10's subject.",
    ),
    "learning rate 0.03": Patient(
        "Reconstructions are a few shapes that return; so are the samples.",
        "The loss is too high, and only a handful of dimensions are in use. A learning rate too small looks different: "
        "nearly all dimensions are in use, and the loss still falls.",
    ),
    "BCE a mean over pixels": Patient(
        "Reconstructions and samples are one grey blob, the mean digit.",
        "A loss below 1 is one of a pixel. The KLD is a sum, so it weighs 784 times as much, and has won.",
    ),
    "½ forgotten in the KLD": Patient(
        "Reconstructions are a little soft, samples are scribbles and some digits.",
        "The loss is too high, and the printed KLD is twice what the formula gives: β = 2.",
    ),
    "zero_grad forgotten": Patient(
        "Each reconstruction is the same speckle, samples are hard white speckles.",
        "The loss is worse than the mean image's, though all dimensions are in use: the steps go along the sum of all "
        "gradients there ever were.",
    ),
    "pixels standardized": Patient(
        "Each reconstruction is the same white shape, samples are such shapes or grey ones.",
        "A BCE below 0: for a pixel outside of 0 and 1 the loss has no floor, and training digs.",
    ),
    "no noise, z = μ": Patient(
        "Reconstructions are sharp, samples have hard strokes.",
        "The loss is too good, and σ is 1 for every image: nobody asks the decoder to bear it. It is an autoencoder "
        "with a price on |μ|².",
    ),
    "KLD forgotten": Patient(
        "Reconstructions are sharp, samples are smudges.",
        "The printed loss is the BCE alone, and the KLD beside it grows without end.",
    ),
}


class Case(NamedTuple):
    """What a program shows after five epochs of 10,000 images, measured on 2,000 of validation.

    Numbers are lists, of each seed with which it was run; pictures and distributions are of the first.

    - `printed` (seeds, 5, 3): for each seed and epoch the loss, BCE and KLD that the program prints.
    - `honest`: the loss that it should have, z drawn from N(μ, σ²), pixels in [0, 1], all summed.
    - `used`: dimensions with a KLD above 0.1 nats by the formula; `kld_per_dim` (40,), the largest first.
    - `right`, `readable`: shares of the reconstructions that a classifier reads as their digit, and of a thousand
      samples that it takes for one digit.
    - `apart`: by how much two reconstructions of an image differ, the mean over pixels.
    - `sigma` (40,): what the program multiplies its noise with, shares in bins of a tenth from −1 to 3; those beyond
      are counted in the first and the last.
    - `x_hat`, `samples` (10, 784): the first ten validation images decoded from μ, and draws.
    """

    printed: torch.Tensor
    honest: list[Losses]
    used: list[int]
    right: list[float]
    readable: list[float]
    apart: list[float]
    kld_per_dim: torch.Tensor
    sigma: torch.Tensor
    x_hat: torch.Tensor
    samples: torch.Tensor


def load_clinic():
    """The evidence that ships with the library: dictionary name of a case → `Case`, as in `FAULTS`."""
    with shipped("clinic.pt.gz") as saved:
        return {name: _case(**kept) for name, kept in saved.items()}


def _case(printed, honest, kld_per_dim, x_hat, samples, **rest):
    losses = [Losses(sum(pair), *pair) for pair in honest]
    pictures = {"x_hat": x_hat / 255, "samples": samples / 255}
    return Case(torch.tensor(printed), losses, kld_per_dim=kld_per_dim.float(), **pictures, **rest)


def program(name):
    """The whole text of a case's program."""
    text = HEALTHY
    for healthy, wrong in FAULTS[name].items():
        text = text.replace(healthy, wrong)
    return text


def functions(name):
    """The functions of a case's program, by their names."""
    made = {"torch": torch, "F": F}
    exec(program(name), made)
    return SimpleNamespace(**{part: made[part] for part in re.findall(r"^def (\w+)", HEALTHY, re.MULTILINE)})
