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
# | 4 · one question in words | ●●○ | 10 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the
# one after it: the check says what holds and what not yet. `checks.reparameterize.hint(1)`, then 2 and 3, help you on. You
# may check as often as you like.

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
# gradient of z must reach μ and σ. As in the report, σ comes straight from a linear layer and may be negative. PyTorch's
# own random numbers, please, and no seed.


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
picture = plots.latent_scatter(points, torch.arange(10).repeat(200), explained)
picture.alt = "Ten clouds of 200 draws in a plane, one for each digit. Neighbours overlap."
picture

# %% [markdown]
# In this plane some do. Now in all 40 dimensions: how many draws lie nearer to the μ of their own image than to the other
# nine?

# %%
nearest = torch.cdist(z, mu).argmin(dim=1)
own = (nearest == torch.arange(10).repeat(200)).float().mean()
print(f"nearest to their own μ: {own:.0%} of the draws")

# %% [markdown]
# ## 2 · σ from log σ²
#
# ●○○, 5 minutes. Most code that you will find lets the encoder's layer give log σ², which may be any number, and computes σ
# from it. Write that step.


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
alt = "σ against h: both curves rise and stay above 0. One is 1 at h = 0, and steeper and steeper."
plots.lines(
    h, {"σ from log σ²": your_sigma(h), "softplus": F.softplus(h)}, alt, xlabel="h", ylabel="σ"
)

# %% [markdown]
# ## 3 · Many draws for each image
#
# ●●○, 10 minutes. Sometimes one z for each image is too few. Draw `n` of them for **each** image, all independent. All
# noise comes from the `generator`, so that a colleague with the same seed gets the same z. (No gradient is asked for here,
# but it should cost you nothing.)


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
alt = "Ten digits, and five decoded draws below each: the same digit, with slightly other strokes."
rows = ["original", *[f"draw {k}" for k in range(1, 6)]]
plots.images(torch.cat([x, x_hat]), alt, rows=rows)

# %% [markdown]
# ## 4 · One question in words
#
# ●●○, 10 minutes, 4 points. A friend writes `z = torch.normal(mu, sigma.abs())`. A histogram of her z looks exactly like
# one of yours. The model trains without an error, but the loss stops falling near 206, and every reconstruction is the same
# grey blob. Explain to her, in three to six sentences, why equal samples are not enough, and what becomes of her encoder.

# %% [markdown] written="why-not-normal" points=4
# Both ways draw from N(μ, σ²), so the histograms agree. But training needs more of z than its value: it needs dz/dμ and
# dz/dσ, to know which way to move the encoder. `torch.normal` draws inside a function that has no derivative, so the
# gradient through it is zero, without an error. In μ + σ·ε the chance is in ε, which depends on nothing, and z is a plain
# formula with dz/dμ = 1 and dz/dσ = ε. Without it the BCE never reaches the encoder; only the KLD does, and that is
# smallest for μ = 0 and |σ| = 1, whatever the image. Then z is noise that tells nothing, and the best the decoder can do
# is to draw the mean of all images.
#
# **Rubric.** 1 point: the samples are the same, the gradients are not. 1 point: through `torch.normal` the gradient to μ and σ
# is zero (or cut), and dz/dμ = 1, dz/dσ = ε with the trick. 1 point: the encoder then learns from the KLD only and goes to
# N(0, I) for every image. 1 point: z carries no information, so the decoder draws the mean image. No point for "torch.normal is
# not random enough" or "the noise is too large".
