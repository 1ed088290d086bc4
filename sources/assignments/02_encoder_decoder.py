# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Assignment 02 · Encoder and decoder
#
# You write both networks as modules of PyTorch, give them the weights of a trained model, and count what they cost.
#
# | exercise | difficulty | minutes | points |
# |---|---|---|---|
# | 1 · the encoder | ●●○ | 20 | 10 |
# | 2 · the decoder | ●○○ | 5 | 10 |
# | 3 · how many weights | ●○○ | 10 | 10 |
# | 4 · one question in words | ●●● | 15 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the
# one after it: the check says what holds and what not yet. `checks.Encoder.hint(1)`, then 2 and 3, help you on. You may
# check as often as you like. Do without `vae_lib` in your answers: it has these classes. Leave the arguments in their
# order: the cells below call by it.
#
# A module of PyTorch is a class with two methods: `__init__` makes the layers, once, and keeps each as `self.name`;
# `forward` says what they do to a batch.

# %%
from vae_lib import plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors

import torch
import torch.nn.functional as F
from torch import nn

import vae_checks as checks

torch.manual_seed(42)
_, val_set, _ = load_tensors()
trained, _ = load_trained()
x, y = val_set.x[:2000], val_set.y[:2000]

# %% [markdown]
# ## 1 · The encoder
#
# ●●○, 20 minutes. One layer reads the pixels, and two heads read what it found:
#
# - `hidden`, a linear layer from `input_dim` to `hidden_dim`; after it, in `forward`, a ReLU;
# - `hid_mu` and `hid_sigma`, two linear layers from `hidden_dim` to `latent_dim`, which both read what the ReLU gives.
#
# `forward` returns what the two heads give, mu first, as it is: like the report's, this encoder's sigma may be negative.
# All sizes come from the arguments. Keep the three names, and the biases that a linear layer has if nothing else is
# said, because the cell below the check gives your layers trained weights by name.


# %% answer="Encoder"
class Encoder(nn.Module):
    """Images x (B, input_dim) → mu, sigma, each (B, latent_dim)."""

    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__()
        ### BEGIN SOLUTION
        self.hidden = nn.Linear(input_dim, hidden_dim)
        self.hid_mu = nn.Linear(hidden_dim, latent_dim)
        self.hid_sigma = nn.Linear(hidden_dim, latent_dim)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        h = F.relu(self.hidden(x))  # (B, hidden_dim)
        return self.hid_mu(h), self.hid_sigma(h)
        ### END SOLUTION


# %% tests="Encoder"
result = checks.Encoder(Encoder)
display(result)
result.points

# %% [markdown]
# Your class at work, with the weights of a trained encoder. For ten validation images we look for the image among 2,000
# whose mu is nearest. The encoder never saw a label; do the pairs show the same digit?

# %%
your_encoder, whose = result.or_library()
encoder = your_encoder(784, 400, 40)
encoder.load_state_dict(trained.encoder.state_dict())
with torch.no_grad():
    mu, sigma = encoder(x)  # each (2000, 40)

# %%
distance = torch.cdist(mu[:10], mu[10:])
nearest = 10 + distance.argmin(dim=1)
print(whose, f"The same digit in {(y[:10] == y[nearest]).sum()} of 10 pairs.")
alt = f"The digits {y[:10].tolist()}; below, those with the nearest mu: {y[nearest].tolist()}."
plots.images(torch.cat([x[:10], x[nearest]]), alt, rows=["image", "nearest mu"])

# %% [markdown]
# ## 2 · The decoder
#
# ●○○, 5 minutes. The way back: `hidden`, a linear layer from `latent_dim` to `hidden_dim`; after it, in `forward`, a ReLU;
# and `out`, a linear layer from `hidden_dim` to `output_dim`. `forward` returns logits, which may be any number, as `out`
# gives them: no sigmoid in here.


# %% answer="Decoder"
class Decoder(nn.Module):
    """Latent points z (B, latent_dim) → x_logits (B, output_dim)."""

    def __init__(self, latent_dim, hidden_dim, output_dim):
        super().__init__()
        ### BEGIN SOLUTION
        self.hidden = nn.Linear(latent_dim, hidden_dim)
        self.out = nn.Linear(hidden_dim, output_dim)
        ### END SOLUTION

    def forward(self, z):
        ### BEGIN SOLUTION
        h = F.relu(self.hidden(z))  # (B, hidden_dim)
        return self.out(h)
        ### END SOLUTION


# %% tests="Decoder"
result = checks.Decoder(Decoder)
display(result)
result.points

# %% [markdown]
# Your class at work, with the weights of a trained decoder. It draws what the encoder says of ten digits; and it draws ten
# points of pure noise, which no image ever led to.

# %%
your_decoder, whose = result.or_library()
decoder = your_decoder(40, 400, 784)
decoder.load_state_dict(trained.decoder.state_dict())
noise = torch.randn(10, 40, generator=torch.Generator().manual_seed(42))
x_hat = torch.sigmoid(decoder(torch.cat([mu[:10], noise]))).detach()

# %%
print(whose)
alt = "Ten digits; below them the same digits, drawn from mu; below these ten strokes from noise, some of them digits."
rows = ["image", "drawn from its mu", "drawn from noise"]
plots.images(torch.cat([x[:10], x_hat]), alt, rows=rows)

# %% [markdown]
# ## 3 · How many weights
#
# ●○○, 10 minutes. The whole VAE, encoder and decoder, from `input_dim` to `latent_dim` and back: how many numbers are
# learned, weights and biases together? Work it out from the three sizes, without building a module.


# %% answer="count_parameters"
def count_parameters(input_dim, hidden_dim, latent_dim):
    """The number of weights and biases of a VAE of these sizes, an int."""
    ### BEGIN SOLUTION
    encoder = (input_dim + 1) * hidden_dim + 2 * (hidden_dim + 1) * latent_dim
    decoder = (latent_dim + 1) * hidden_dim + (hidden_dim + 1) * input_dim
    return encoder + decoder
    ### END SOLUTION


# %% tests="count_parameters"
result = checks.count_parameters(count_parameters)
display(result)
result.points

# %% [markdown]
# Your function at work. From D = 2 to D = 80 the description of an image grows to forty times its size. And the model?

# %%
your_count, whose = result.or_library()
counted = sum(weights.numel() for weights in trained.parameters())
print(whose, f"For our model {your_count(784, 400, 40):,}; PyTorch counts {counted:,}.")
thousands = {f"D = {d}": your_count(784, 400, d) / 1000 for d in (2, 10, 20, 40, 80)}
alt = "Thousands of weights: " + ", ".join(f"{n:.0f} for {d}" for d, n in thousands.items()) + "."
plots.bars(thousands, alt, ylabel="thousands of weights", decimals=0)

# %% [markdown]
# ## 4 · One question in words
#
# ●●●, 15 minutes, 4 points. A friend saves a layer: one head h, and `return h, h`, so that mu and sigma are the same
# numbers. The shapes fit, and it trains without an error. Remember that z = mu + sigma · eps. Explain to your friend, in
# three to six sentences, what this encoder can no longer say, what happens to z where h is large and where it is close to
# 0, and why the decoder's pictures suffer.

# %% [markdown] written="one-head" points=4
# Two heads let the encoder say two things of each latent number: where it is, and how sure that is. With one head the two
# are tied, z = h + h · eps = h · (1 + eps). Where h is large, the noise is just as large: the encoder cannot say "far out,
# and exactly there". Where h is close to 0, there is hardly any noise: it cannot say "I do not know" without moving away
# from 0. The noise is always as large as the number it is added to, so even the sign of z differs from that of h in about
# one draw of six. The decoder gets codes of different images that overlap, and draws a blurred mean of those it may be.
#
# **Rubric.** 1 point: the encoder can no longer choose place and spread (uncertainty) apart from each other. 1 point: where
# h is large, the noise is as large. 1 point: where h is near 0, there is hardly any noise. 1 point: codes of different
# images overlap, or the decoder cannot tell them apart, so its pictures blur. No point for "too few weights".
