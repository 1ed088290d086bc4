"""Right and wrong answers to `mended_training`, in other words than the check's own."""

import torch
from torch.utils.data import DataLoader

from vae_lib.loss import vae_loss


def plain(model, x):
    return vae_loss(x, *model(x)).loss.mean()


def detached(model, x):
    mu, sigma = model.encode(x)
    z = mu + sigma * torch.randn_like(mu)
    return vae_loss(x, model.decoder(z.detach()), mu, sigma).loss.mean()


def by_normal(model, x):
    mu, sigma = model.encode(x)
    return vae_loss(x, model.decoder(torch.normal(mu, sigma)), mu, sigma).loss.mean()


def encoded_without_gradients(model, x):
    with torch.no_grad():
        mu, sigma = model.encode(x)
    return vae_loss(x, model.decoder(mu + sigma * torch.randn_like(mu)), mu, sigma).loss.mean()


def program(loss_of=plain, once="", inner="zero backward step", lr=4e-3, weights=lambda model: model.parameters()):
    """A training whose parts the wrong answers exchange."""

    def train(model, x, epochs):
        optimizer = torch.optim.Adam(weights(model), lr=lr)
        printed = []
        for _ in range(epochs):
            losses = []
            if once:
                optimizer.zero_grad()
            for batch in x[torch.randperm(len(x))].split(30):
                loss = loss_of(model, batch)
                does = {"zero": optimizer.zero_grad, "backward": loss.backward, "step": optimizer.step}
                for part in inner.split():
                    does[part]()
                losses.append(loss.item())
            printed.append(sum(losses) / len(losses))
        return printed

    return train


def with_a_loader(model, x, epochs):
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    printed = torch.zeros(epochs)
    for epoch in range(epochs):
        for batch in DataLoader(x, 25, shuffle=True):
            model.zero_grad()
            mu, sigma = model.encode(batch)
            z = torch.distributions.Normal(mu, sigma).rsample()
            loss = vae_loss(batch, model.decoder(z), mu, sigma).loss.sum()
            (loss / len(batch)).backward()
            optimizer.step()
            printed[epoch] += loss.item() / len(x)
    return printed


def printed_as_sums(model, x, epochs):
    return [20 * loss for loss in program()(model, x, epochs)]


def printed_last_batch_alone(model, x, epochs):
    return program()(model, x, epochs)[:-1]


RIGHT = [
    program(),
    program(inner="backward step zero"),
    with_a_loader,
]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("what the decoder wants does not reach the encoder", program(detached)),
    ("what the decoder wants does not reach the encoder", program(by_normal)),
    ("what the decoder wants does not reach the encoder", program(by_normal, once="zero", inner="backward step")),
    ("the encoder never learns", program(encoded_without_gradients)),
    ("the encoder never learns", program(weights=lambda model: model.decoder.parameters())),
    ("gradients that add up", program(once="zero", inner="backward step")),
    ("gradients that add up", program(inner="backward step")),
    ("no weight moves", program(inner="backward zero step")),
    ("no weight moves", program(inner="zero backward")),
    ("the sum over the batches printed", printed_as_sums),
    (None, printed_last_batch_alone),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "10: mean + spread * torch.randn_like(spread) → "
    "mean - spread * torch.randn_like(spread)": "N(0, I) is its own mirror",
}
