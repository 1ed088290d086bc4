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
# | 3 · the KLD by sampling | ●●○ | 25 | 10 |
# | 4 · one question in words | ●●○ | 15 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the
# one after it: the check says what holds and what not yet. `checks.bce.hint(1)`, then 2 and 3, help you on. You may check
# as often as you like. Do without `vae_lib` in your answers: it has such functions. Leave the arguments of a function in
# their order: the cells below call it with them.

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
# over its pixels. For a logit *a* and a pixel x it is −x log σ(a) − (1 − x) log(1 − σ(a)), with the sigmoid σ. It must be
# right for any logit, 200 and −200 say, and for pixels of exactly 0 and 1.


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
digits, ink = val_set.y[chosen].tolist(), x[chosen].view(2, -1).mean(dim=1)
alt = f"Lowest BCE: digits {digits[:5]}, {ink[0]:.0%} ink; highest: {digits[5:]}, {ink[1]:.0%}."
plots.images(x[chosen], alt, ncols=5, rows=["lowest BCE", "highest BCE"])

# %% [markdown]
# ## 2 · The KLD of an image
#
# ●○○, 10 minutes. From the encoder's μ and σ, the divergence of N(μ, σ²) from N(0, I) for **each** image: in nats, summed
# over its D dimensions. Take care: as in the report, σ comes straight from a linear layer and may be negative; σ² may not.
# It must be right for a small σ, too, 0.01 say.


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
# ●●○, 25 minutes. A formula from a paper may be copied wrongly. This test does not need it: draw `n` points z from
# N(μ, σ²) for each image, each with noise of its own, and average log q(z) − log p(z) over them. Draw all noise from the
# `generator` (a `torch.Generator`, a source of random numbers of its own). `torch.distributions.Normal(mean, scale)` has a
# method `log_prob`; its method `sample` takes no generator. Here all σ are positive. From few draws an estimate may come
# out below 0, though no KLD is: leave it so, or the mean of many would be too large.


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
# Your function at work, on the first image, 50 times for each number of draws: how far is the estimate off, as a root mean
# square? Both axes are logarithms. The error falls only with 1/√n, so one more digit costs a hundred times as many draws.
# The closed form has no error: we train with it.

# %%
your_sampling, whose = result.or_library()
one, generator = (mu[:1], sigma[:1].abs()), torch.Generator().manual_seed(0)
draws, off = [10, 100, 1_000, 10_000], []
for n in draws:
    repeats = [your_sampling(*one, n, generator) - loss.kld(*one) for _ in range(50)]
    off.append(torch.stack(repeats).square().mean().sqrt().item())
print(
    whose,
    *[f"{n:,} draws: {error:.3f} nats." for n, error in zip(draws, off, strict=True)],
    sep="\n",
)
alt = "The logarithm of the error against that of the number of draws: a line that falls by 1 as n grows by 100."
x_axis, y_axis = torch.tensor([draws, off]).log10()
curves = {"your error": y_axis, "1/√n": y_axis[0] - 0.5 * (x_axis - 1)}
plots.lines(x_axis, curves, alt, xlabel="log10 n", ylabel="log10 error, nats")

# %% [markdown]
# ## 4 · One question in words
#
# ●●○, 15 minutes, 4 points. Four friends train the same model and print the loss of three epochs:
#
# | friend | first epoch | second epoch | third epoch |
# |---|---|---|---|
# | A | 48.3 | 13.3 | 6.3 |
# | B | 462 | 256 | 227, and in the end 206 |
# | C | −310,000 | −16,000,000 | still falling, faster and faster |
# | D | 1.9 | 0.80 | 0.50 |
#
# One feeds standardized pixels (mean 0, standard deviation 1). One calls `F.binary_cross_entropy_with_logits(x_logits, x)`
# with the mean that PyTorch takes if not told otherwise, and adds your KLD. One takes the mean in both, BCE and KLD, over
# everything. One has a z that does not depend on the image. Who is who, and how do you know? Of A, say also what its
# samples look like, and why.

# %% [markdown] written="why-the-blob" points=4
# B has the z without information: 206 nats are what the mean image costs, and that is the best that a decoder can draw
# which knows nothing. C feeds standardized pixels: a BCE of numbers outside [0, 1] has no lowest value, and the loss falls
# below zero without end. A and D are too small for a sum over 784 pixels: means. In D both halves are means, and it is
# soon below 0.69, the mean BCE of grey, on its way to 206/784 = 0.26. In A the KLD is still a sum over the latent
# dimensions: a mean BCE is never above 0.7 for long, so nearly all of 48 is KLD, and it is all that training brings down.
# Beside a BCE that is 784 times too small this is a β-VAE with β = 784: no nat of KLD ever pays, μ = 0 and σ = 1 for every
# image, and all samples are the grey mean image.
#
# **Rubric.** 1 point: B knows nothing of the image, 206 is the mean image; and C is standardized, because a BCE below zero
# needs x outside [0, 1]. 1 point: A and D are means, by their size (206/784 = 0.26). 1 point: A is the one whose KLD is
# a sum, because a mean BCE cannot be 48. 1 point: β = 784, the encoder's answer becomes the prior, and the
# samples are the mean image. No point for "the learning rate" or "too few epochs".
