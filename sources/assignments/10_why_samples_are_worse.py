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
# # Assignment 10 · Why samples are worse
#
# You work out where all codes together lie, draw from a mixture of bells in place of N(0, I), and write the instrument that
# says what this is worth.
#
# | exercise | difficulty | minutes | points |
# |---|---|---|---|
# | 1 · the aggregate posterior's moments | ●●○ | 20 | 10 |
# | 2 · draws from a mixture | ●●○ | 15 | 10 |
# | 3 · the energy distance | ●○○ | 10 | 10 |
# | 4 · one question in words | ●●○ | 10 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the
# one after it: the check says what holds and what not yet. `checks.energy_distance.hint(1)`, then 2 and 3, help you on.
# You may check as often as you like. Do without `vae_lib` in your answers: it has such functions.

# %%
from vae_lib import measure, plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode, sample
from vae_lib.priors import load_priors

import torch

import vae_checks as checks

torch.manual_seed(42)
train_set, val_set, _ = load_tensors()
model, _ = load_trained()
mu, sigma = encode(model, val_set.x)  # (9000, 40), of a trained encoder
mixture = load_priors().mixture  # 50 bells, fitted to the codes of training images

# %% [markdown]
# ## 1 · The aggregate posterior's moments
#
# ●●○, 20 minutes. Pick an image by chance, then a z from its N(μ, σ²): that z is a draw from the *aggregate posterior*, an
# average of N bells. Work out, without drawing,
#
# - its mean (D,), and its covariance (D, D): what the μ scatter, plus what each σ adds. The N bells are all there is, so
#   divide by N;
# - how far the one bell with this mean m and this covariance C is from N(0, I), in nats: ½ (trace C + |m|² − D − log det C).
#   The determinant of 40 small variances may be too small for float32; its logarithm is not.
#
# A σ may be negative, as in lesson 03.


# %% answer="aggregate_posterior"
def aggregate_posterior(mu, sigma):
    """mu, sigma (N, D) → mean (D,), covariance (D, D), KLD of the bell with these from N(0, I), in nats."""
    ### BEGIN SOLUTION
    mean = mu.mean(dim=0)
    covariance = mu.T.cov(correction=0) + sigma.square().mean(dim=0).diag()
    kld = 0.5 * (covariance.trace() + mean.square().sum() - len(mean) - covariance.logdet())
    return mean, covariance, kld
    ### END SOLUTION


# %% tests="aggregate_posterior"
result = checks.aggregate_posterior(aggregate_posterior)
display(result)
result.points

# %% [markdown]
# Your function at work: the variances of all z along the 40 principal axes of their covariance. N(0, I) has 1 along each. How
# far from N(0, I) does your bell lie, and how far a single image's answer, on average?

# %%
your_moments, whose = result.or_library()
mean, covariance, from_normal = your_moments(mu, sigma)
variances = torch.linalg.eigvalsh(covariance).flip(0)
print(whose)
print(f"the bell of all codes is {float(from_normal):.1f} nats from N(0, I)")
alt = f"Variances of z along 40 axes, from {variances[0]:.1f} down to {variances[-1]:.1f}."
plots.ranks(
    variances, alt, xlabel="principal axis of the aggregate posterior", ylabel="variance of z"
)

# %% [markdown]
# ## 2 · Draws from a mixture
#
# ●●○, 15 minutes. Draw n points z from a mixture of K bells: for each point choose a bell, bell k with the probability
# `weights[k]`; then z = mean + L ε, with ε from N(0, I) and the bell's own factor L (its covariance is L Lᵀ). All chance comes
# from the `generator`. The order of the draws must be left to chance, too.


# %% answer="sample_mixture"
def sample_mixture(weights, means, factors, n, generator):
    """weights (K,), means (K, D), factors (K, D, D), lower triangular → n draws (n, D)."""
    ### BEGIN SOLUTION
    which = torch.multinomial(weights, n, replacement=True, generator=generator)  # (n,)
    eps = torch.randn(n, means.shape[1], generator=generator)  # (n, D)
    return means[which] + (factors[which] @ eps.unsqueeze(2)).squeeze(2)
    ### END SOLUTION


# %% tests="sample_mixture"
result = checks.sample_mixture(sample_mixture)
display(result)
result.points

# %% [markdown]
# Your function at work: ten samples from N(0, I), and thirty from the mixture, by the same decoder.

# %%
your_sampling, whose = result.or_library()
generator = torch.Generator().manual_seed(1)
from_mixture = model.decode(your_sampling(*mixture, 1000, generator)).detach()
from_prior = sample(model, 1000, generator)
print(whose)
alt = "First row, samples from N(0, I): one in three is a digit. Below, three rows from the mixture: most are."
rows = ["N(0, I)", *["mixture"] * 3]
plots.images(torch.cat([from_prior[:10], from_mixture[:30]]), alt, rows=rows)

# %% [markdown]
# ## 3 · The energy distance
#
# ●○○, 10 minutes. The distance between the sources of two sets of points: 2 times the mean distance from a to b, minus the
# mean distance within a, minus that within b. No point is paired with itself. So the value is right on average, and comes
# out a little below 0 as often as above it where both sets have the same source.


# %% answer="energy_distance"
def energy_distance(a, b):
    """a (n, d), b (m, d), n and m at least 2 → a number; it may be negative."""
    ### BEGIN SOLUTION
    within = [
        torch.cdist(points, points).sum() / (len(points) * (len(points) - 1)) for points in (a, b)
    ]
    return (2 * torch.cdist(a, b).mean() - sum(within)).item()
    ### END SOLUTION


# %% tests="energy_distance"
result = checks.energy_distance(energy_distance)
display(result)
result.points

# %% [markdown]
# Your function at work, on what a small classifier sees in 1,000 images: how far are the two kinds of samples, and other
# real digits, from real digits?

# %% tags=["nbval-ignore-output"]
your_distance, whose = result.or_library()
reader = measure.train_classifier(
    train_set.x[:10_000], train_set.y[:10_000], torch.Generator().manual_seed(0), epochs=3
)
seen = measure.features(reader, val_set.x[:1000])
sets = {"real digits": val_set.x[1000:2000], "N(0, I)": from_prior, "mixture": from_mixture}
far = {name: float(your_distance(measure.features(reader, x), seen)) for name, x in sets.items()}
print(whose)
alt = "Distance in features: " + ", ".join(f"{name} {d:.2f}" for name, d in far.items()) + "."
plots.bars(far, alt, ylabel="energy distance in features", decimals=2)

# %% [markdown]
# ## 4 · One question in words
#
# ●●○, 10 minutes, 4 points. A friend writes: “I fitted a mixture of 200 bells to the codes of my training images. By the
# energy distance my samples cannot be told from real digits any more. And the mixture gives the codes of the training images
# 8 nats more than N(0, I) does, so the bound is 8 nats better, too. Generation is solved.” Name what the 8 nats do not
# show, and which number would; two things that the distance cannot see; and what the friend has given up.

# %% [markdown] written="what-the-mend-is-worth" points=4
# The mixture has seen those codes: with 200 bells of 860 numbers each it can learn them by heart. The gain must be measured
# on the codes of images that neither the model nor the mixture was fitted to, and it is often smaller there, and falls again
# as bells are added. The distance compares 1,000 images in the features of one classifier: it sees only what helps to tell
# digits apart, not whether a picture is a copy of a training image, nor whether two samples are too much alike, nor a rare
# style of writing that is missing, nor what lies within the ± of its chance. Given up: the simple prior. N(0, I) needed no
# fitting and no storage and each z drawn from it was independent of the data; the new one is fitted after training to this
# encoder, must be kept with the model and fitted anew whenever the encoder changes.
#
# **Rubric.** 1 point: codes the mixture was fitted to, and a mixture that large overfits. 1 point: the gain on codes of held-out
# images. 1 point: two things a distance in features cannot see (copies, too little variety, what the classifier does not
# look at, differences smaller than chance). 1 point: the prior is now fitted, no longer N(0, I), with what that costs. No
# point for "more data" or "a better decoder".
