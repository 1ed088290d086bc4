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
# # Assignment 11 · Rate, distortion and collapse
#
# You count the dimensions in use by two definitions, work out what the best linear VAE will say before anybody trains it, and
# write a loss in which each dimension may say a little for nothing.
#
# | exercise | difficulty | minutes | points |
# |---|---|---|---|
# | 1 · active units | ●○○ | 10 | 10 |
# | 2 · the best linear VAE | ●●○ | 20 | 10 |
# | 3 · free bits | ●●○ | 10 | 10 |
# | 4 · one question in words | ●●○ | 10 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the
# one after it: the check says what holds and what not yet. `checks.free_bits.hint(1)`, then 2 and 3, help you on.
# You may check as often as you like. Do without `vae_lib` in your answers: it has such functions.

# %%
from vae_lib import plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.loss import bce, kld_per_dim
from vae_lib.model import VAE

import torch

import vae_checks as checks

torch.manual_seed(42)
train_set, val_set, _ = load_tensors()
model, _ = load_trained()
mu, sigma = encode(model, val_set.x)  # (9000, 40), of a trained encoder

# %% [markdown]
# ## 1 · Active units
#
# ●○○, 10 minutes. Which dimensions are in use? Two masks come back, each with a True or False for each of the D dimensions:
#
# - by the KLD: its mean over the images is above 0.1 nats;
# - by the variance: that of μ over the images is above 0.01.
#
# The KLD of one image in one dimension is ½ (μ² + σ² − 1 − log σ²), and a σ may be negative, as in lesson 03. Whether you
# divide the variance by N or by N − 1 does not matter here.


# %% answer="active_units"
def active_units(mu, sigma):
    """mu, sigma (N, D) → two masks (D,): in use by the KLD, in use by the variance of μ."""
    ### BEGIN SOLUTION
    kld = 0.5 * (mu.square() + sigma.square() - 1 - sigma.square().log())
    return kld.mean(dim=0) > 0.1, mu.var(dim=0) > 0.01
    ### END SOLUTION


# %% tests="active_units"
result = checks.active_units(active_units)
display(result)
result.points

# %% [markdown]
# Your function at work, on the shipped model: how many does each definition count, and where do they disagree?

# %%
your_count, whose = result.or_library()
by_kld, by_variance = your_count(mu, sigma)
print(whose)
print(f"in use by the KLD {int(by_kld.sum())}, by the variance of μ {int(by_variance.sum())} of 40")
apart, cost, spread = by_kld != by_variance, kld_per_dim(mu, sigma).mean(0), mu.var(0)
print(
    f"they disagree in {int(apart.sum())}: there the KLD is at most {cost[apart].max():.3f} nats,"
)
print(f"and the variance of μ {spread[apart].min():.3f} to {spread[apart].max():.3f}")
alt = f"Mean KLD of 40 dimensions by rank, from {cost.max():.1f} nats to {cost.min():.3f}."
plots.ranks(
    cost.sort(descending=True).values, alt, xlabel="dimension, by rank", ylabel="mean KLD, nats"
)

# %% [markdown]
# ## 2 · The best linear VAE
#
# ●●○, 20 minutes. A linear VAE with Gaussian pixels of variance σ² is trained with distortion + β · KLD. Before anybody
# trains it, say where it will end. The images have variance λ along their principal axes, the eigenvalues of their
# covariance, in falling order. There are D dimensions, fewer than axes, and the best ones are coded first.
#
# - An axis is worth its price if λ > β σ². Its dimension then says ½ log(λ / β σ²) nats, and of the images' variance along
#   it β σ² is left as an error.
# - Any other axis is not coded: a dimension that is left over says 0 nats, and all of λ is left as an error. So it is
#   with axes for which there is no dimension.
#
# What comes back: the KLD of each of the D dimensions, and the sum of what is left along *all* axes, the mean of |x − x̂|².


# %% answer="linear_optimum"
def linear_optimum(eigenvalues, pixel_variance, beta, latent_dim):
    """eigenvalues (P,), falling; P > latent_dim = D → KLD of each dimension (D,) in nats, mean |x − x̂|²."""
    ### BEGIN SOLUTION
    price = beta * pixel_variance
    coded, others = eigenvalues[:latent_dim], eigenvalues[latent_dim:]
    kld = 0.5 * (coded / price).clamp(min=1).log()
    return kld, coded.clamp(max=price).sum() + others.sum()
    ### END SOLUTION


# %% tests="linear_optimum"
result = checks.linear_optimum(linear_optimum)
display(result)
result.points

# %% [markdown]
# Your function at work: MNIST's eigenvalues, σ² = 0.5, 40 dimensions, and β from 0.1 to 20. This is the curve of lesson 11 without
# a training, for the best of all linear VAEs. How many nats do 40 dimensions say at β = 0.1, and is that the most they can say?

# %%
your_optimum, whose = result.or_library()
eigenvalues = torch.linalg.eigvalsh(train_set.x.double().T.cov(correction=0)).flip(0)
ends = [your_optimum(eigenvalues, 0.5, float(beta), 40) for beta in torch.logspace(-1, 1.3, 24)]
rate = [float(kld.sum()) for kld, _ in ends]
error = [float(left) for _, left in ends]
print(whose)
print(f"β = 20: {rate[-1]:.1f} nats, error {error[-1]:.1f}; β = 0.1: {rate[0]:.1f}, {error[0]:.1f}")
alt = "The mean squared error over the rate: a falling curve, ever flatter."
plots.lines(rate, {"the best linear VAE": error}, alt, xlabel="rate, nats", ylabel="mean |x − x̂|²")

# %% [markdown]
# ## 3 · Free bits
#
# ●●○, 10 minutes. The KLD's part of a loss with free bits: for each dimension the mean over the batch, but never less than
# the `floor`; then the sum over the dimensions. So a dimension below the floor is not pulled to 0: there the loss does
# not change with it. The gradient counts here.


# %% answer="free_bits"
def free_bits(kld, floor):
    """kld (B, D), the KLD of each image in each dimension; floor in nats → one number."""
    ### BEGIN SOLUTION
    return kld.mean(dim=0).clamp(min=floor).sum()
    ### END SOLUTION


# %% tests="free_bits"
result = checks.free_bits(free_bits)
display(result)
result.points

# %% [markdown]
# Your function at work: two small trainings at β = 4, four epochs on 10,000 images each, plain and with free bits of 0.1 nats. What do
# the free bits do to the dimensions that say little, to those that say most, and to what both are judged by, BCE + KLD?

# %% tags=["nbval-ignore-output"]
your_free_bits, whose = result.or_library()
print(whose)
by_rank = {}
for name, floor in {"plain": 0.0, "free bits": 0.1}.items():
    torch.manual_seed(0)
    small = VAE(sigma_head="log_var")
    optimizer = torch.optim.Adam(small.parameters(), lr=1e-3)
    for batch in torch.cat([torch.randperm(10_000) for _ in range(4)]).split(100):
        x_logits, m, s = small(train_set.x[batch])
        loss = bce(train_set.x[batch], x_logits).mean()
        loss = loss + 4 * your_free_bits(kld_per_dim(m, s), floor)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        x_logits, m, s = small(val_set.x)
    by_rank[name] = kld_per_dim(m, s).mean(0).sort(descending=True).values
    bce_now, kld_now = bce(val_set.x, x_logits).mean(), by_rank[name].sum()
    print(f"{name:10} BCE {bce_now:.1f} + KLD {kld_now:.1f} = {bce_now + kld_now:.1f} nats")

# %% tags=["nbval-ignore-output"]
ends = [f"{name} from {kld[0]:.2f} nats to {kld[-1]:.2f}" for name, kld in by_rank.items()]
alt = f"KLD of 40 dimensions by rank, two trainings: {', '.join(ends)}."
plots.lines(range(1, 41), by_rank, alt, xlabel="dimension, by rank", ylabel="mean KLD, nats")

# %% [markdown]
# ## 4 · One question in words
#
# ●●○, 10 minutes, 4 points. A friend writes: “Only 21 of my 40 dimensions are active: posterior collapse! I shall train again
# with free bits of 0.3 nats, so that all 40 are used and none is wasted.” Your friend's VAE has β = 1 and a loss of 105.7
# nats. What would you ask first? Is anything wasted, and how could one find out? What will the count say after the new
# training, what the loss, and when would free bits be the right cure?

# %% [markdown] written="is-it-collapse" points=4
# By which definition are 21 active, and is there a gap at that threshold? A KLD above 0.1 nats and a variance of μ above 0.01 may
# count quite differently. Nothing is wasted: a dimension is switched off where a nat in it would save less than a nat
# of BCE, as an axis with λ < σ² is in the linear VAE, where this is the optimum and not an accident. One can find out:
# train with 21 to 25 dimensions, or with another start or an annealed β; if the loss stays the same, the others were not
# worth it. With free bits the count will be 40 whatever happens, for the loss does not charge for the first 0.3 nats of
# each, so the count is a setting; the BCE + KLD will be higher, by about two nats in lesson 11. Free bits (or annealing) are
# right where the collapse is one of the path: where a run that keeps its dimensions reaches a lower loss than one that lost
# them in the first steps, as with decoders that can model the pixels without z.
#
# **Rubric.** 1 point: the definition and its threshold. 1 point: unused is the price's answer and no waste, with a reason (a nat that
# saves less than a nat; λ < σ²). 1 point: with a floor the count is a setting, and the loss rises or at best stays. 1 point:
# a test, or a case, that tells collapse of the path from that of the optimum. No point for "more active units are better".
