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
# # Assignment 09 · The exact likelihood
#
# You compute log p(x) itself, a bound that comes closer with every draw, and the gap between the two.
#
# | exercise | difficulty | minutes | points |
# |---|---|---|---|
# | 1 · log p(x) by quadrature | ●○○ | 10 | 10 |
# | 2 · the importance-weighted bound | ●●○ | 15 | 10 |
# | 3 · the gap, as a divergence | ●●● | 20 | 10 |
# | 4 · one question in words | ●●○ | 10 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the
# one after it: the check says what holds and what not yet. `checks.iwae.hint(1)`, then 2 and 3, help you on. You may check
# as often as you like. Do without `vae_lib` in your answers: it has such functions.

# %%
import math

from vae_lib import likelihood, plots
from vae_lib.checkpoints import load_planar
from vae_lib.data import load_tensors

import torch
from torch.distributions import Normal

import vae_checks as checks

torch.manual_seed(42)
_, val_set, _ = load_tensors()
model, _ = load_planar()  # two latent dimensions, as in lesson 09
x = torch.bernoulli(val_set.x[:100])  # black or white
with torch.no_grad():
    mu, sigma = model.encode(x)  # (100, 2)
z = likelihood.plane(reach=5, step=0.05)  # (40401, 2), the cells of the plane
table = likelihood.log_joint(model, x, z)  # (40401, 100): log p(x, z) of each cell with each image

# %% [markdown]
# ## 1 · log p(x) by quadrature
#
# ●○○, 10 minutes. The plane is cut into G cells of the same area, and log p(x, z) = log p(x|z) + log p(z) is known in the
# middle of each. p(x) is the integral of p(x, z): the sum over the cells, times the area of one. Return its
# **logarithm**, for each image. Take care: log p(x, z) is −150 and less, and exp(−150) is 0 in 32 bits.


# %% answer="log_evidence"
def log_evidence(log_joint, cell_area):
    """log_joint (G, B), cell_area a number → log p(x), (B,) nats."""
    ### BEGIN SOLUTION
    return log_joint.logsumexp(dim=0) + math.log(cell_area)
    ### END SOLUTION


# %% tests="log_evidence"
result = checks.log_evidence(log_evidence)
display(result)
result.points

# %% [markdown]
# Your function at work: of 100 validation images the five that the model finds likeliest, and the five that it finds
# least likely. What makes an image likely?

# %%
your_evidence, whose = result.or_library()
log_p = your_evidence(table, 0.05**2)
order = log_p.argsort(descending=True)
print(
    whose,
    f"log p(x) from {log_p.min():.0f} to {log_p.max():.0f} nats, mean {log_p.mean():.1f}.",
    sep="\n",
)
chosen = torch.cat([order[:5], order[-5:]])
digits, ink = val_set.y[chosen].tolist(), x[chosen].view(2, -1).mean(dim=1)
alt = f"Likeliest: digits {digits[:5]}, {ink[0]:.0%} ink; least likely: {digits[5:]}, {ink[1]:.0%}."
plots.images(x[chosen], alt, ncols=5, rows=["likeliest", "least likely"])

# %% [markdown]
# ## 2 · The importance-weighted bound
#
# ●●○, 15 minutes. For each image k points z were drawn from q. Each has a weight, p(x, z) / q(z), and the bound is the
# logarithm of the **mean** weight ([Burda et al. 2016](https://arxiv.org/abs/1509.00519), equation 8). With k = 1 it is an
# estimate of the ELBO.


# %% answer="iwae"
def iwae(log_joint, log_q):
    """log p(x, z) and log q(z) of the draws, each (k, B) → the bound, (B,) nats."""
    ### BEGIN SOLUTION
    log_weights = log_joint - log_q
    return log_weights.logsumexp(dim=0) - math.log(len(log_weights))
    ### END SOLUTION


# %% tests="iwae"
result = checks.iwae(iwae)
display(result)
result.points

# %% [markdown]
# Your function at work, on ten images and up to 500 draws of each: how far is the bound below log p(x), on average?
# (With one set of draws the curve may rise a little from one k to the next; the average over many sets never does.)

# %%
your_iwae, whose = result.or_library()
ten = range(10)
draws = mu[:10] + sigma[:10] * torch.randn(500, 10, 2)
log_q = Normal(mu[:10], sigma[:10]).log_prob(draws).sum(2)
joint = torch.cat([likelihood.log_joint(model, x[i : i + 1], draws[:, i]) for i in ten], dim=1)
ks = [1, 2, 5, 10, 20, 50, 100, 250, 500]
short = [(log_p[:10] - your_iwae(joint[:k], log_q[:k])).mean().item() for k in ks]
print(whose)
alt = f"How far the bound is below log p(x): {short[0]:.1f} nats for k = 1, {short[-1]:.1f} for k = 500."
plots.lines(
    torch.tensor(ks).log10(),
    {"log p(x) − bound": short},
    alt,
    xlabel="log10 k",
    ylabel="nats per image",
)

# %% [markdown]
# ## 3 · The gap, as a divergence
#
# ●●●, 20 minutes. What the ELBO misses is KL(q‖p(z|x)). On the grid both are shares of cells: turn log q(z) and
# log p(x, z) into shares that add up to 1 over the cells (Bayes' rule divides by p(x), and so does this), and sum
# q · (log q − log p). q is N(μ, σ²) in each of the two numbers of z; here all σ are positive.


# %% answer="kl_to_posterior"
def kl_to_posterior(mu, sigma, log_joint, z):
    """mu, sigma (B, 2), log p(x, z) (G, B) at the cells z (G, 2) → KL(q‖p(z|x)), (B,) nats."""
    ### BEGIN SOLUTION
    log_q = Normal(mu, sigma).log_prob(z.unsqueeze(1)).sum(dim=2).log_softmax(dim=0)  # (G, B)
    log_p = log_joint.log_softmax(dim=0)
    return (log_q.exp() * (log_q - log_p)).sum(dim=0)
    ### END SOLUTION


# %% tests="kl_to_posterior"
result = checks.kl_to_posterior(kl_to_posterior)
display(result)
result.points

# %% [markdown]
# Your function at work: six images whose encoder is not sharper than the grid. The gap as the difference of log p(x) and
# the ELBO, and as your divergence. (The ELBO is no sum over cells, so the last digit may differ.)

# %% tags=["nbval-ignore-output"]
your_kl, whose = result.or_library()
wide = (sigma.amin(dim=1) > 0.07).nonzero().flatten()[:6]
elbo = likelihood.gaussian_elbo(model, x[wide], mu[wide], torch.diag_embed(sigma[wide]))
gap = your_kl(mu[wide], sigma[wide], table[:, wide], z)
print(whose)
for i, one, other in zip(wide.tolist(), log_p[wide] - elbo, gap, strict=True):
    print(f"image {i:2}: log p(x) − ELBO {one:6.1f}, KL(q‖p(z|x)) {other:6.1f}")
alt = "The gap of six images as bars, from less than one nat to several."
plots.bars(
    {str(i): g for i, g in zip(wide.tolist(), gap.tolist(), strict=True)},
    alt,
    xlabel="image",
    ylabel="nats",
)

# %% [markdown]
# ## 4 · One question in words
#
# ●●○, 10 minutes, 4 points. Two papers train a VAE on MNIST. Model A has an ELBO of −105 nats, model B one of −103. "So B is
# the better model of digits," says a friend. Name four things that could make the numbers come out so although A's log p(x)
# is higher or the two cannot be compared at all, and say for each what you would measure or ask.

# %% [markdown] written="is-b-better" points=4
# (1) The pixels: grey, tossed by a coin or cut at one half are different data, tens of nats apart. Ask which; evaluate both
# on the same images. (2) The gap: an ELBO is log p(x) minus KL(q‖p(z|x)), and the gap is several nats, so B may only have
# the better encoder. Compute log p(x) by importance weights with many draws, the same number for both, or improve
# the encoders and keep the decoders. (3) The form of q: a richer q, or a bound with k > 1 draws, is higher with the same
# decoder. Ask for k and q; compare at the same ones. (4) The images and the luck: training or test images, how many, one
# seed? Two nats may be a difference of sets or of runs. Ask for the set and the spread over seeds. (And: per image in nats, or
# in bits; β = 1?)
#
# **Rubric.** 1 point each for up to four of: the pixels (grey or how binarised); the encoder's gap, with a way to estimate
# log p(x); the form of q or the number of draws in the bound; the set of images or the spread of runs; another β, unit or
# constant. Half a point where nothing is said that one would measure or ask.
