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
# # Assignment 04 · BCE against KLD
#
# You write both halves of the loss, test one of them by chance, and see what each of them says about real digits.
#
# | exercise | difficulty | minutes | points |
# |---|---|---|---|
# | 1 · the BCE of an image | ●○○ | 10 | 10 |
# | 2 · the KLD of an image | ●○○ | 10 | 10 |
# | 3 · the KLD by sampling | ●●○ | 15 | 10 |
# | 4 · one question in words | ●●○ | 10 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the
# one after it: the check says what holds and what not yet. `checks.bce.hint(1)`, then 2 and 3, help you on. You may check
# as often as you like.

# %%
from vae_lib import loss, plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode

import torch
import torch.nn.functional as F
from torch.distributions import Normal

import vae_checks as checks

torch.manual_seed(42)
_, val_set, _ = load_tensors()
model, _ = load_trained()
x = val_set.x[:500]
mu, sigma = encode(model, x)  # (500, 40), of a trained encoder
x_logits = model.decoder(mu).detach()  # (500, 784)

# %% [markdown]
# ## 1 · The BCE of an image
#
# ●○○, 10 minutes. From the images and the decoder's logits, the binary cross-entropy of **each** image: in nats, summed
# over its pixels. For a logit *a* and a pixel x it is −x log σ(a) − (1 − x) log(1 − σ(a)), with the sigmoid σ.


# %% answer="bce"
def bce(x, x_logits):
    """x (B, 784) in [0, 1], x_logits (B, 784) → (B,) nats."""
    ### BEGIN SOLUTION
    return F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").sum(dim=1)
    ### END SOLUTION


# %% tests="bce"
result = checks.bce(bce)
display(result)
result.points

# %% [markdown]
# Your function at work: of 500 validation images, the five that the model draws best, and the five it draws worst. What
# have the hard ones in common?

# %%
your_bce, whose = result.or_library()
cost = your_bce(x, x_logits)
order = cost.argsort()
chosen = torch.cat([order[:5], order[-5:]])
print(whose)
alt = (
    "Five digits with the lowest BCE, thin and simple, and five with the highest, thick or unusual."
)
plots.images(x[chosen], alt, ncols=5, rows=["lowest BCE", "highest BCE"])

# %% [markdown]
# ## 2 · The KLD of an image
#
# ●○○, 10 minutes. From the encoder's μ and σ, the divergence of N(μ, σ²) from N(0, I) for **each** image: in nats, summed
# over its D dimensions. Take care: as in the report, σ comes straight from a linear layer and may be negative; σ² may not.


# %% answer="kld"
def kld(mu, sigma):
    """mu, sigma (B, D) → (B,) nats."""
    ### BEGIN SOLUTION
    var = sigma.square()
    return 0.5 * (mu.square() + var - 1 - var.log()).sum(dim=1)
    ### END SOLUTION


# %% tests="kld"
result = checks.kld(kld)
display(result)
result.points

# %% [markdown]
# Your function at work: the mean KLD of the images of each digit. Which digit needs the most description, and which the
# least?

# %%
your_kld, whose = result.or_library()
labels = val_set.y[:500]
per_digit = {str(d): your_kld(mu[labels == d], sigma[labels == d]).mean().item() for d in range(10)}
print(whose)
alt = "Mean KLD of each digit, in nats."
plots.bars(per_digit, alt, ylabel="KLD, nats per image")

# %% [markdown]
# ## 3 · The KLD by sampling
#
# ●●○, 15 minutes. A formula from a paper may be copied wrongly. This test does not need it: draw `n` points z from
# N(μ, σ²) for each image, and average log q(z) − log p(z) over them. Draw all noise from the `generator`.
# `torch.distributions.Normal(mean, scale)` has a method `log_prob`. Here all σ are positive.


# %% answer="kld_by_sampling"
def kld_by_sampling(mu, sigma, n, generator):
    """mu, sigma (B, D) → an estimate of the KLD from n draws for each image, (B,) nats."""
    ### BEGIN SOLUTION
    eps = torch.randn(n, *mu.shape, generator=generator)  # (n, B, D)
    z = mu + sigma * eps
    log_ratio = Normal(mu, sigma).log_prob(z) - Normal(0.0, 1.0).log_prob(z)
    return log_ratio.sum(dim=2).mean(dim=0)
    ### END SOLUTION


# %% tests="kld_by_sampling"
result = checks.kld_by_sampling(kld_by_sampling)
display(result)
result.points


# %% [markdown]
# Your function at work, on the first image: how far the estimate is off, for more and more draws. The error falls only
# with 1/√n, so one more digit costs a hundred times as many draws. The closed form has no error: we train with it.

# %%
your_sampling, whose = result.or_library()
one = mu[:1], sigma[:1].abs()
off = {}
for n in (10, 100, 1_000, 10_000):
    estimate = your_sampling(*one, n, torch.Generator().manual_seed(0))
    off[f"{n:,} draws"] = (estimate - loss.kld(*one)).abs().item()
print(whose)
plots.bars(off, "Error of the estimate for 10 to 10,000 draws.", ylabel="error, nats", decimals=2)

# %% [markdown]
# ## 4 · One question in words
#
# ●●○, 10 minutes, 4 points. A friend writes `F.binary_cross_entropy_with_logits(x_logits, x)` for the BCE, with the mean
# that PyTorch takes if not told otherwise, and adds your KLD. The model trains without an error, but all its samples and
# all its reconstructions look like the same grey blob. Explain to your friend, in three to six sentences, what went wrong
# and why the pictures look like that.

# %% [markdown] written="why-the-blob" points=4
# The mean divides the BCE by the number of pixels, 784. The KLD is still a sum over the latent dimensions. Beside each
# other, this is a β-VAE with β = 784: a nat of KLD must save 784 nats of BCE to pay. It never does, so the encoder tells
# nothing, μ = 0 and σ = 1 for every image. The decoder cannot know which digit is meant, and the best single answer for
# all images is their mean: the grey blob.
#
# **Rubric.** 1 point: names the mean over pixels (not the sum). 1 point: says that it is β = 784, or that the KLD weighs
# 784 times too much. 1 point: the encoder's answer becomes the prior, z carries no information (posterior collapse).
# 1 point: the decoder then draws the mean image. No point for "the learning rate" or "too few epochs".
