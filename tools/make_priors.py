"""Make vae_lib/trained/priors.pt.gz: a mixture of 50 bells, how well others fit, and samples of trained mends.

    python -m tools.make_priors            # four minutes on one core; goes on where it was stopped

A person runs this when the shipped model changes; `tools.make_trained` says when that is.
"""

import gzip
import io
import math
from pathlib import Path

import torch
from torch import nn
from torch.distributions import Normal
from tqdm.auto import tqdm

from vae_lib.checkpoints import TRAINED, load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode, sample
from vae_lib.loss import bce, kld
from vae_lib.model import VAE, reparameterize
from vae_lib.priors import fit_mixture, log_density

KEPT = Path("runs/priors")
FITTED_TO = 25_000  # codes of training images; the rest of the 51,000 and all of validation are not seen
COMPONENTS = (1, 2, 5, 10, 20, 50, 100)
PSEUDO_INPUTS = 50
EPOCHS = 5
SECOND_EPOCHS = 8
SAMPLES = 500


def main():
    KEPT.mkdir(parents=True, exist_ok=True)
    train_set, val_set, _ = load_tensors()
    model = load_trained()[0]
    z, val_z = codes(model, train_set.x), codes(model, val_set.x)
    gains = {}
    for components in tqdm(COMPONENTS, unit="mixture"):
        mixture = once(f"mixture-{components}", fit_mixture, z[:FITTED_TO], components)
        gains[components] = [gain(mixture, each) for each in (z[:FITTED_TO], val_z)]
        if components == 50:
            kept = mixture
    trained = {
        name: once(f"trained-{pseudo_inputs}", train_prior, train_set.x, val_set.x, pseudo_inputs)
        for name, pseudo_inputs in {"N(0, I)": 0, "VampPrior": PSEUDO_INPUTS}.items()
    }
    second = once("two-stage", two_stage, *encode(model, train_set.x))
    buffer = io.BytesIO()
    content = {
        "mixture": [part.half() for part in kept],
        "gains": gains,
        "trained": trained,
        "two_stage": second.half(),
    }
    torch.save(content, buffer)
    (TRAINED / "priors.pt.gz").write_bytes(gzip.compress(buffer.getvalue(), mtime=0))


def once(name, make, *inputs):
    """What `make` returns for the inputs, from runs/priors if it was made before."""
    path = KEPT / f"{name}.pt"
    if not path.exists():
        torch.save(make(*inputs), path)
    return torch.load(path, weights_only=False)


def codes(model, x):
    """A draw z for each image, with noise from a fixed seed."""
    mu, sigma = encode(model, x)
    return reparameterize(mu, sigma, torch.randn(mu.shape, generator=torch.Generator().manual_seed(0)))


def gain(mixture, z):
    """What the mixture says more of z than N(0, I), nats for each image."""
    normal = Normal(0.0, 1.0).log_prob(z).sum(dim=1)
    return (log_density(mixture, z) - normal).mean().item()


def train_prior(x, val_x, pseudo_inputs):
    """Train a VAE with N(0, I), or with the encoder's answers to learned images as prior (Tomczak and Welling, 2018).

    Returns:
        [validation BCE, validation KLD, samples as bytes]; the KLD estimated from a draw for each image.
    """
    torch.manual_seed(42)
    model = VAE(sigma_head="log_var")
    images = nn.Parameter(x[torch.randperm(len(x))[: max(pseudo_inputs, 1)]].clamp(0.02, 0.98).logit())
    optimizer = torch.optim.Adam([*model.parameters(), images], lr=1e-3)

    def losses(batch):
        x_logits, mu, sigma = model(batch, eps := torch.randn(len(batch), 40))
        if not pseudo_inputs:
            return bce(batch, x_logits), kld(mu, sigma)
        z = mu + sigma * eps
        q = Normal(mu, sigma).log_prob(z).sum(dim=1)
        bells = Normal(*model.encode(images.sigmoid())).log_prob(z.unsqueeze(1)).sum(dim=2)  # (B, 50)
        return bce(batch, x_logits), q - bells.logsumexp(dim=1) + math.log(len(images))

    for _ in tqdm(range(EPOCHS), unit="epoch"):
        for batch in x[torch.randperm(len(x))].split(250):
            loss = sum(losses(batch)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        val_bce, val_kld = (part.mean().item() for part in losses(val_x))
        drawn = sample(model, SAMPLES, torch.Generator().manual_seed(0))
        if pseudo_inputs:
            which = torch.randint(pseudo_inputs, (SAMPLES,), generator=torch.Generator().manual_seed(0))
            drawn = model.decode(reparameterize(*model.encode(images.sigmoid()[which])))
    return [val_bce, val_kld, (drawn * 255).round().to(torch.uint8)]


def two_stage(mu, sigma):
    """Train a second VAE on the codes of the first (Dai and Wipf, 2019); draws from it, (SAMPLES, 40)."""
    torch.manual_seed(42)
    encoder, decoder = (nn.Sequential(*_layers(40, n)) for n in (80, 40))
    log_scale = nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters(), log_scale], lr=1e-3)
    for _ in tqdm(range(SECOND_EPOCHS), unit="epoch"):
        for batch in torch.randperm(len(mu)).split(250):
            z = reparameterize(mu[batch], sigma[batch])
            mean, log_sigma = encoder(z).chunk(2, dim=1)
            u = reparameterize(mean, log_sigma.exp())
            likelihood = Normal(decoder(u), log_scale.exp()).log_prob(z).sum(dim=1)
            loss = (kld(mean, log_sigma.exp()) - likelihood).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        generator = torch.Generator().manual_seed(0)
        u, eps = torch.randn(2, SAMPLES, 40, generator=generator)
        return decoder(u) + log_scale.exp() * eps


def _layers(inputs, outputs):
    return nn.Linear(inputs, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, outputs)


if __name__ == "__main__":
    main()
