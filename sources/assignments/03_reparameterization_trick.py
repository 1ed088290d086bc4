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
# # Assignment 03 · The reparameterization trick
#
# You write the line that a VAE stands on, the way from log σ² to σ, and many draws for each image at once.
#
# | exercise | difficulty | minutes | points |
# |---|---|---|---|
# | 1 · a draw that lets the gradient through | ●○○ | 10 | 10 |
# | 2 · σ from log σ² | ●○○ | 5 | 10 |
# | 3 · many draws for each image | ●●○ | 10 | 10 |
# | 4 · one question in words | ●●○ | 15 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the
# one after it: the check says what holds and what not yet. `checks.reparameterize.hint(1)`, then 2 and 3, help you on.
# You may check as often as you like. Do without `vae_lib` in your answers: it has such functions. Leave the arguments of
# a function in their order: the cells below call it with them.

# %%
from vae_lib import plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode, project

import torch
import torch.nn.functional as F

import vae_checks as checks

torch.manual_seed(42)
_, val_set, _ = load_tensors()
model, _ = load_trained()
x = torch.stack([val_set.x[val_set.y == digit][0] for digit in range(10)])  # one of each digit
mu, sigma = encode(model, x)  # (10, 40), of a trained encoder

# %% [markdown]
# ## 1 · A draw that lets the gradient through
#
# ●○○, 10 minutes. From the encoder's μ and σ, one point z ~ N(μ, σ²) for **each** image, with new noise in each call. The
# gradient of z must reach μ and σ. As in the report, σ comes straight from a linear layer and may be negative. z has the
# dtype of μ and σ. Set no seed.


# %% answer="reparameterize"
def reparameterize(mu, sigma):
    """mu, sigma (B, D) → z (B, D)."""
    ### BEGIN SOLUTION
    eps = torch.randn_like(sigma)
    return mu + sigma * eps
    ### END SOLUTION


# %% tests="reparameterize"
result = checks.reparameterize(reparameterize)
display(result)
result.points

# %% [markdown]
# Your function at work: ten images, one of each digit, and 200 draws for each. To the decoder an image is such a cloud, not
# a point. Do the clouds overlap?

# %%
your_reparameterize, whose = result.or_library()
z = your_reparameterize(mu.repeat(200, 1), sigma.repeat(200, 1))  # (2000, 40)
points, explained = project(z)
print(whose)
digits, middles = torch.arange(10).repeat(200), points.view(200, 10, 2).mean(0)
strays = (torch.cdist(points, middles).argmin(1) != digits).float().mean()
picture = plots.latent_scatter(points, digits, explained)
picture.alt = f"Ten clouds of 200 draws; {strays:.0%} lie nearest to another cloud's middle."
picture

# %% [markdown]
# In this plane some do. Now in all 40 dimensions: how many draws lie nearer to the μ of their own image than to the other
# nine?

# %%
nearest = torch.cdist(z, mu).argmin(dim=1)
own = (nearest == digits).float().mean()
print(f"nearest to their own μ: {own:.0%} of the draws")

# %% [markdown]
# ## 2 · σ from log σ²
#
# ●○○, 5 minutes. Most code that you will find lets the encoder's layer give log σ², which may be any number, and computes σ
# from it. Write that step, so that a gradient can pass it.


# %% answer="sigma_from_log_var"
def sigma_from_log_var(log_var):
    """log_var, the logarithm of σ², (B, D) → sigma (B, D), above 0."""
    ### BEGIN SOLUTION
    return torch.exp(log_var / 2)
    ### END SOLUTION


# %% tests="sigma_from_log_var"
result = checks.sigma_from_log_var(sigma_from_log_var)
display(result)
result.points

# %% [markdown]
# Your function at work, beside softplus, the other custom. Where is σ = 1? What does a step of 1 in the layer's output h
# do to a small σ, and what to a large one?

# %%
your_sigma, whose = result.or_library()
h = torch.linspace(-4, 4, 81)
print(whose)
curves = {"σ from log σ²": your_sigma(h[None])[0], "softplus": F.softplus(h)}
at = [f"{name} " + ", ".join(f"{y:.2f}" for y in curve[::20]) for name, curve in curves.items()]
alt = f"Two curves over h, with these values at −4, −2, 0, 2 and 4: {'; '.join(at)}."
plots.lines(h, curves, alt, xlabel="h", ylabel="σ")

# %% [markdown]
# ## 3 · Many draws for each image
#
# ●●○, 10 minutes. Sometimes one z for each image is too few. Draw `n` of them for **each** image, all independent: each of
# the n · B · D numbers has noise of its own, and `n` may be 1. All noise comes from the `generator` (a `torch.Generator`,
# a source of random numbers of its own), so that a colleague with the same seed gets the same z; it moves on as it draws,
# so the next call gives another one. z has the dtype of μ and σ. (No gradient is asked for here, but it should cost you
# nothing.)


# %% answer="draw_many"
def draw_many(mu, sigma, n, generator):
    """mu, sigma (B, D) → z (n, B, D): z[k] is the k-th draw for all images."""
    ### BEGIN SOLUTION
    eps = torch.randn(n, *mu.shape, generator=generator)
    return mu + sigma * eps
    ### END SOLUTION


# %% tests="draw_many"
result = checks.draw_many(draw_many)
display(result)
result.points

# %% [markdown]
# Your function at work: five draws for each image, decoded. Each column says what the encoder means by *somewhere around
# here*. What changes from draw to draw, and what stays?

# %%
your_draws, whose = result.or_library()
z = your_draws(mu, sigma, 5, torch.Generator().manual_seed(0))  # (5, 10, 40)
x_hat = model.decode(z.flatten(0, 1)).detach()  # (50, 784)
print(whose)
alt = "Ten digits, one of each, and below each five decoded draws."
rows = ["original", *[f"draw {k}" for k in range(1, 6)]]
plots.images(torch.cat([x, x_hat]), alt, rows=rows)

# %% [markdown]
# ## 4 · One question in words
#
# ●●○, 15 minutes, 4 points. A friend writes `z = mu + sigma.detach() * eps`, and all else as you do. A histogram of her z
# looks exactly like one of yours, and her model trains without an error. Her loss stops well below the 206 nats of the mean
# image, but above yours. Explain to her, in three to six sentences: who still tells σ what to be, and which values does
# σ take? Can z say which digit was read, and what does that cost now? How would one look at two numbers and find this?

# %% [markdown] written="why-not-normal" points=4
# `detach` cuts the way from the BCE to σ, not that to μ: dz/dμ is still 1. So σ hears from the KLD alone, and that is
# smallest for |σ| = 1, in every dimension and for every image. The noise then has the full width of the prior, whether an
# image needs exact numbers or not. μ still hears from both, so z can tell the digits apart; but μ must go far out to be
# heard through noise of 1, and pays ½ μ² for it. That is why the loss lies between 206 and a good one. One sees it in the
# mean of |σ|, which is 1 everywhere, where a healthy encoder has small σ in the dimensions that it uses.
#
# **Rubric.** 1 point: only the KLD reaches σ, the BCE does not. 1 point: so |σ| goes to 1 everywhere. 1 point: μ still learns
# from the BCE, z carries information, at the price of a large ½ μ². 1 point: a look that would show it: |σ| by dimension, or
# the gradient of σ without the KLD, which is zero. No point for "the samples are wrong" or "the learning rate".
