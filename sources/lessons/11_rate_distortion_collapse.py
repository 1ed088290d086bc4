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
# # 11 · Rate, distortion and collapse: how much should a code say?
#
# At β = 20 a code says nothing ([lesson 04](04_bce_vs_kld.ipynb)), and even at β = 1 a third of the dimensions is switched
# off ([lesson 06](06_latent_space_pca.ipynb)). A fault of the training, or a fair price? In this lesson you will
#
# - draw each β as a point of one plane, and read β off the curve as its slope;
# - find the careless means of lesson 04 on that curve;
# - count the dimensions in use by two definitions, and see when they disagree;
# - compute which dimensions will collapse *before* training, in a VAE that is simple enough;
# - measure what annealing and free bits change, and what they cost;
# - learn what β was made for, and why no likelihood can give it.
#
# **Before you begin:** lessons [04](04_bce_vs_kld.ipynb) and [06](06_latent_space_pca.ipynb). **Time:** 65 minutes, of which the
# computer needs half of one. Each new word stands in the [glossary](../GLOSSARY.md).

# %% tags=["control"]
import math
from itertools import pairwise

from vae_lib import drawings, plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.linear import linear_losses, train_linear
from vae_lib.loss import bce, kld_per_dim
from vae_lib.measure import mean_and_spread
from vae_lib.rates import load_rates
from vae_lib.widgets import Live

import torch

# %% tags=["control"]
train_set, val_set, _ = load_tensors()
runs = load_rates()
betas = [0.05, 0.25, 0.5, 1, 2, 4, 8, 20, 40]
by_beta = {beta: runs[f"beta={beta:g}"] for beta in betas}
curve = {beta: (run.kld, run.bce) for beta, run in by_beta.items()}

# %% [markdown]
# ## One model, two numbers
#
# Read the two halves of the loss as two questions.
#
# - **Rate** = KLD: how many nats does the code say of its image, beyond what the prior says of every image?
# - **Distortion** = BCE: how badly is the image drawn from its code?
#
# The words are those of data compression, and meant so: two people who share the model can send an image's code for
# KLD nats ([Townsend et al. 2019](https://arxiv.org/abs/1901.04866)). Nobody can have both small. Which mixture you get, β
# decides: loss = distortion + β · rate.
#
# Nine VAEs that differ in β alone, trained for five epochs on all training images, with log σ² and a learning rate that
# first rises and then falls ([lesson 14](14_speedrun.ipynb) says why). What they reached on the validation images ships with
# the course (`tools/make_rates.py`).
#
# **Predict.** At β = 1 the code says 25 nats. How many at β = 0.05, and how many at β = 40? At which β is rate + distortion
# least? And what does the decoder draw when the rate is 0?

# %%
mean_image = train_set.x.mean(0).clamp(1e-4, 1 - 1e-4).logit().expand_as(val_set.x)
print("   β     rate   distortion     sum")
for beta, (rate, distortion) in curve.items():
    print(f"{beta:5}{rate:8.1f}{distortion:11.1f}{rate + distortion:11.1f}")
print(f"the mean image{bce(val_set.x, mean_image).mean():10.1f}")

# %% [markdown]
# **What we saw.** From 96 nats to none. The sum is least at β = 1, 105.8: only there is it what was trained. At β = 40 the rate
# is 0.0, and the distortion is that of the mean image, 206: without a code the decoder draws the same
# for everyone, and the best such picture is the mean. At β = 0.05 the code says nearly four times as much as at 1, and
# brings the distortion from 80.9 to 60.0 for it.

# %% [markdown]
# ## β is a slope
#
# **Predict.** From β = 4 to β = 2 the rate grows by 7 nats. How much distortion does each of these nats take away? Think
# of what a training at β = 3 would do with an offer of 2, or of 4, nats of distortion for one of rate.

# %%
for low, high in pairwise(betas):
    (more, less_bad), (less, bad) = curve[low], curve[high]
    price = (bad - less_bad) / (more - less)
    print(f"between β = {low:4} and {high:4}: {price:6.2f} nats of distortion for a nat of rate")
    assert low < price < high

# %%
# The figure, and what it shows for those who cannot see it.
alt = "Nine points on a curve that falls steeply, then ever more flatly; at each a piece of a line that touches it."
drawings.rate_and_distortion(curve, alt)

# %% [markdown]
# **What we saw.** Each price lies between the two β. That is how β works: a training at β buys a nat of rate whenever it takes
# away more than β nats of distortion, and stops when it does not. So at its end the curve falls by β for each nat:
# **the slope is −β** ([Alemi et al. 2018](https://arxiv.org/abs/1711.00464)). All models with one value of distortion + β · rate lie on
# a straight line; training moves the line down until it touches the curve. The dotted lines are some of those of β = 1. The
# lowest such line that still reaches the curve touches it at β = 1: that is the best ELBO.

# %% [markdown]
# So the ELBO alone does not say what a model is like. A rate of 25 and a distortion of 81 make 106 nats; so would a rate of 1
# and a distortion of 105, and that model, should somebody build it, hardly needs its code.

# %% [markdown]
# ## The careless mean, on the curve
#
# [Lesson 04](04_bce_vs_kld.ipynb) had programs that take PyTorch's mean where a sum should be. We trained three of them,
# literally as they would be written, in the same five epochs.
#
# **Predict.** Where on the plane is each? Which would you not notice by its reconstructions?

# %%
careless = {"mean BCE, sum KLD": 784, "mean BCE, mean KLD": 784 / 40, "sum BCE, mean KLD": 1 / 40}
print("program            hides β    rate  distortion   reconstructions right   samples readable")
for name, beta in careless.items():
    run = runs[name]
    print(f"{name:18}{beta:8g}{run.kld:8.1f}{run.bce:12.1f}", end="")
    print(f"{run.right:18.0%}{run.readable:20.0%}")

# %%
places = {name: (runs[name].kld, runs[name].bce) for name in careless}
alt = "Two of the programs lie at the top left, on β = 40 and 20; the third far right, beyond β = 0.05."
drawings.rate_and_distortion(curve, alt, others=places)

# %% [markdown]
# **What we saw.** Each lies on the curve, where its hidden β belongs. Two of them have lost the images, and everybody
# would see it. The third draws them at least as well as β = 0.05 does; only its rate of 114 nats, or samples, betray it.

# %% [markdown]
# ## A walk along the curve
#
# **Predict.** At which β do the samples get best? Is it where the reconstructions are best?

# %%
print("   β   reconstructions right   samples readable")
for beta, run in by_beta.items():
    print(f"{beta:5}{run.right:16.0%}{run.readable:21.0%}")

# %% [markdown]
# **What we saw.** Not there. Reconstructions get better as the rate grows. Samples are best at β = 4, where half can be
# read, at 8 nats; then the code has too little to say, and they blur. With a small rate few places are left where the
# prior draws and no code was ([lesson 10](10_why_samples_are_worse.ipynb)).

# %% [markdown]
# Walk along the curve yourself, with the mouse or the arrow keys. Watch what each step to the right adds to the
# reconstructions, and how the line tilts.

# %% tags=["control", "nbval-ignore-output"]
Live(
    lambda beta: drawings.one_beta(curve, beta, val_set.x[:6], by_beta[beta]),
    {"β": betas},
    start=[1],
)

# %% [markdown]
# ## Which dimensions are in use?
#
# Where is the rate? In each of the 40 dimensions there is some or none. Two definitions are common, and both need a
# threshold:
#
# - the **KLD** of the dimension, on average over images, is above 0.1 nats;
# - its **μ moves**: the variance of μ over the images is above 0.01, an *active unit* ([Burda et al.
#   2016](https://arxiv.org/abs/1509.00519)).
#
# **Predict.** The shipped model of the other lessons, 50 epochs at β = 1, and the nine from above: how many of 40, by each?

# %%
model, _ = load_trained()
mu, sigma = encode(model, val_set.x)
shipped = kld_per_dim(mu, sigma).mean(0), mu.var(0)
measured = {beta: (run.kld_per_dim, run.spread) for beta, run in by_beta.items()}
print("model     KLD > 0.1   variance of μ > 0.01")
for name, (cost, spread) in {"shipped": shipped, **measured}.items():
    print(f"{name:<10}{(cost > 0.1).sum():6}{(spread > 0.01).sum():16}")

# %%
ranks = [1, 20, 21, 22, 24, 26, 27, 30, 40]
print("variance of μ, rank", "".join(f"{rank:7}" for rank in ranks))
for name, spread in {"shipped": shipped[1], "quick, β = 1": by_beta[1].spread}.items():
    spread = spread.sort(descending=True).values
    print(f"{name:19}", "".join(f"{spread[rank - 1]:7.3f}" for rank in ranks))

# %%
groups = {"shipped": shipped[1].log10(), "quick, β = 1": by_beta[1].spread.log10()}
alt = "Two humps each: in use near 0; the rest near −1.8 for the shipped model, below −1.9 for the quick one."
plots.histogram(groups, alt, xlabel="log10 of the variance of μ", ylabel="dimensions")

# %% [markdown]
# **What we saw.** For the shipped model the two disagree widely, 26 against 40, and neither is wrong: its idle dimensions still
# wriggle a little, with a variance just above 0.01, so that the threshold, at −2 in the histogram, lies below its whole left
# hump. The quick training has a wide gap, from 0.175 to 0.011, but not where the threshold is. At β = 2 its idle
# dimensions are quieter, and both definitions say 14. So **say which definition, and look where the gap is**. And the
# larger β, the fewer dimensions: rate is saved by whole ones.

# %% [markdown]
# ## A world in which collapse can be computed
#
# Is a switched-off dimension a failure? Let us go where one can know. Take everything that bends out of the VAE: the encoder is
# linear, the decoder is linear, pixels are Gaussian with one fixed variance σ² around what the decoder draws, so that
# the distortion is |x − x̂|² / 2σ² plus a constant. This is *probabilistic PCA* ([Tipping & Bishop
# 1999](https://doi.org/10.1111/1467-9868.00196)), and its best solution has been known for long ([Lucas et al.
# 2019](https://arxiv.org/abs/1911.02469) for the VAE):
#
# - Turn the images to their principal axes; each has a variance λ, an eigenvalue of the covariance.
# - If **λ > σ²**, a latent dimension codes that axis, at a rate of **½ log(λ / σ²)**.
# - If λ ≤ σ², coding it costs more than it saves. It is left out, and the dimension collapses.
# - With β, read β σ² for σ².
#
# Here are the largest eigenvalues of MNIST:

# %%
covariance = train_set.x.double().T.cov(correction=0)
eigenvalues = torch.linalg.eigvalsh(covariance).flip(0)
print(*(f"{value:.2f}" for value in eigenvalues[:13]))
print(*(f"{value:.2f}" for value in eigenvalues[13:26]), "…")

# %% [markdown]
# **Predict.** How many of 40 dimensions will be used for σ² = 2, 1 and 0.5? Count.


# %%
def predicted_kld(eigenvalues, pixel_variance, beta=1.0):
    """The KLD of each axis, in nats."""
    return 0.5 * (eigenvalues / (beta * pixel_variance)).clamp(min=1).log()


for pixel_variance in (2, 1, 0.5):
    used = eigenvalues > pixel_variance
    rate = predicted_kld(eigenvalues[:40], pixel_variance).sum()
    print(f"σ² = {pixel_variance:3}: {used.sum():2} dimensions, rate {rate:.2f} nats")

# %% [markdown]
# **What we saw.** 6, 12 and 23 dimensions, and rates of 1.39, 4.34 and 10.18 nats, and no VAE has been trained yet.

# %% [markdown]
# Now train three. As all is linear, the mean loss over the 51,000 images can be written down from their covariance, without a
# batch and without a draw of ε; Adam does the rest. And as all is Gaussian, log p(x) is known exactly: the model's images are
# a Gaussian with the covariance W Wᵀ + σ² I.
#
# **Predict.** Will training find as many dimensions as were computed, or fewer? How far will −ELBO be above −log p(x)?


# %%
def minus_log_p(decoder, pixel_variance):
    """The mean of −log p(x) over the training images, exactly."""
    model = decoder @ decoder.T + pixel_variance * torch.eye(784)
    spread = torch.linalg.solve(model, covariance).trace()
    return 0.5 * (784 * math.log(2 * math.pi) + model.logdet() + spread)


linear = {}
for pixel_variance in (2, 1, 0.5):
    generator = torch.Generator().manual_seed(0)
    linear[pixel_variance] = train_linear(covariance.float(), pixel_variance, generator)

# %% tags=["nbval-ignore-output"]
print(" σ²   KLD > 0.01: computed, trained   rate: computed, trained     −ELBO   −log p(x)")
gaps, rates = {}, {}
for variance, trained in linear.items():
    exact = minus_log_p(trained.decoder.double(), variance)
    distortion, cost = linear_losses(trained, covariance.float(), variance)
    expected = predicted_kld(eigenvalues[:40], variance)
    gaps[variance], rates[variance] = distortion + cost.sum() - exact, cost
    counts = f"{(expected > 0.01).sum():14}{(cost > 0.01).sum():9}"
    print(f"{variance:3}{counts}{expected.sum():22.3f}{cost.sum():9.3f}", end="")
    print(f"{distortion + cost.sum():12.3f}{exact:11.3f}")

# %%
# For the course's own tests; there is nothing to do here.
assert all(abs(gap) < 0.002 for gap in gaps.values())
assert [(cost > 0.01).sum().item() for cost in rates.values()] == [6, 12, 22]
x = range(1, 41)
both = {
    "computed": predicted_kld(eigenvalues[:40], 1),
    "trained": rates[1].sort(descending=True).values,
}
alt = "KLD by rank for σ² = 1: trained lies on computed, from 0.8 nats down to 0 from rank 13 on."
plots.lines(x, both, alt, xlabel="dimension, by rank", ylabel="KLD, nats")

# %% [markdown]
# **What we saw.** Training finds what was computed, dimension by dimension: rates of 1.395 and 4.338 nats. (For σ² = 0.5 the
# 23rd eigenvalue is so close to σ² that its dimension would say less than 0.01 nats; so both count 22.) And the bound *is*
# log p(x), to three decimals. So nothing went wrong in training, no bound was loose, no encoder lagged, and still only 12 of 40
# dimensions are used at σ² = 1. **That collapse is the right answer**: the other axes are not worth their price.

# %% [markdown]
# The same arithmetic warns of a common program, which takes `F.mse_loss(x_hat, x)` for the distortion. c |x − x̂|² is the
# loss of a Gaussian with σ² = 1 / 2c.
#
# **Predict.** How many dimensions will such a linear VAE use: with `reduction="sum"` (c = 1), and with the default, the mean
# over 784 pixels?

# %%
for name, c in {"a sum": 1, "half a sum": 1 / 2, "a mean over 784 pixels": 1 / 784}.items():
    pixel_variance = 1 / (2 * c)
    used = (eigenvalues > pixel_variance).sum()
    print(f"{name:24}σ² = {pixel_variance:<6g}{used:4} dimensions")

# %% [markdown]
# **What we saw.** With the default none at all: it claims that each pixel has a variance of 392, and all of MNIST's largest axis
# has 5.12. No training, no architecture and no patience helps against that; the number could be computed before
# the first step. Networks that bend move the numbers, not the reason.

# %% [markdown]
# ## Two cures, and what they cost
#
# That was a collapse of the *optimum*. There is a second kind, of the *path*: in the first steps the code is noise, the decoder
# learns to do without, and the KLD switches dimensions off before they could become useful. Two cures are common:
#
# - **Annealing** ([Bowman et al. 2016](https://arxiv.org/abs/1511.06349)): β rises from 0 to its value, here in the first half of
#   all steps.
# - **Free bits** ([Kingma et al. 2016](https://arxiv.org/abs/1606.04934)): each dimension may say a little for nothing. With a
#   floor of 0.3 nats, the loss counts max(0.3, mean KLD) for each dimension, so below it there is no pull to 0.
#
# **Predict.** At β = 1, three seeds each: will the loss fall? Will more dimensions be used?

# %%
print("              BCE + KLD     than plain        rate        KLD > 0.1   readable")
for name in ("beta=1", "annealed", "free bits"):
    seeds = [runs[f"{name}, seed {seed}"] for seed in range(3)]
    loss, spread = mean_and_spread([run.bce + run.kld for run in seeds])
    rate, rate_spread = mean_and_spread([run.kld for run in seeds])
    share, share_spread = mean_and_spread([run.readable for run in seeds])
    active = [int((run.kld_per_dim > 0.1).sum()) for run in seeds]
    plain = loss if name == "beta=1" else plain
    print(
        f"{name:10}{loss:7.2f} ± {spread:.2f}{loss - plain:+10.1f}{rate:10.1f} ± {rate_spread:.1f}",
        end="",
    )
    print(f"{active!s:>16}{share:7.0%} ± {share_spread:.0%}")

# %% [markdown]
# **What we saw.** There was nothing to cure: plain training has the least loss. Annealing keeps nine dimensions more, and
# ends 1.5 nats *higher*, ten times the scatter of the seeds: half of its steps served another loss. Free bits keep all 40,
# for up to the floor a nat costs nothing, and that is 2.4 nats worse. The samples cannot be told apart.

# %% [markdown]
# And where all is collapsed, at β = 20?
#
# **Predict.** With annealing β is small in the first steps, and the model learns to tell digits apart. Will it keep that?

# %%
print("rate after epoch      1       2       3       4       5     BCE + 20 KLD")
for name in ("beta=20", "beta=20, annealed"):
    bce_end, kld_end = runs[name].history[-1]
    rates_so_far = "".join(f"{rate:8.2f}" for _, rate in runs[name].history)
    print(f"{name:18}{rates_so_far}{bce_end + 20 * kld_end:14.1f}")

# %% [markdown]
# **What we saw.** No. It has 3.88 nats after the first epoch, and half a nat at the end. The annealed code says a little more
# than the plain one and by the loss that both were trained by it is no better: 203.7 against 203.6. The *optimum* at
# β = 20 says almost nothing, and both paths end there. So before you reach for a cure, ask which collapse you have: take
# the price down, and see whether the dimensions come back.

# %% [markdown]
# See it happen. The playground of [lesson 05](05_training.ipynb) trains a small VAE in your browser, with two numbers for z;
# its KLD is the rate, its BCE the distortion. Press *Train* and wait for ten epochs. In *Settings of this run*, set β to 30 for
# ten epochs more: the KLD falls to 0.0, and each oval becomes the prior's circle. Then set β back to 1.
#
# **Predict.** Will the code come back at once, slowly, or never?

# %% tags=["control", "nbval-ignore-output"]
from vae_lib.widgets import Playground

Playground()

# %% [markdown]
# **What we saw.** Slowly. We tried seeds 1 and 2. One code began to speak again in the second epoch, the other was silent for
# five; and twenty epochs later both said less than they had after their first ten. A decoder that passes over z gives the
# encoder no slope to follow. So a collapse can outlive the price that made it.

# %% [markdown]
# ## What β was made for
#
# [Higgins et al. 2017](https://openreview.net/forum?id=Sy2fzU9gl) raised β for another purpose: **disentanglement**, one
# meaning for one dimension, say one for slant and one for width. [Locatello et al. 2019](https://arxiv.org/abs/1811.12359)
# trained 12,000 models to see, and proved that it cannot work from images alone: for each model there is another, of
# the same p(x), whose dimensions are mixed. In our linear world we can see it. Turn the latent space by a random rotation Q,
# which N(0, I) does not notice: the decoder W becomes W Q.
#
# **Predict.** What becomes of −log p(x)? And of the gap to the ELBO of the best q with independent dimensions? (For this
# world it is ½ (Σ log diag P − log det P), with P = I + WᵀW / σ², the posterior's precision.)

# %% tags=["nbval-ignore-output"]
torch.manual_seed(0)
decoder = linear[1].decoder.double()
rotation = torch.linalg.qr(torch.randn(40, 40, dtype=torch.float64)).Q
for name, turned in {"trained": decoder, "turned": decoder @ rotation}.items():
    precision = torch.eye(40) + turned.T @ turned
    gap = 0.5 * (precision.diagonal().log().sum() - precision.logdet())
    print(f"{name:8} −log p(x) {minus_log_p(turned, 1):.3f}", end="")
    print(f"   gap of the best q {gap.abs():.2f} nats")
assert gap > 1

# %% [markdown]
# **What we saw.** The same likelihood, to the last digit: log p(x) knows nothing of axes, so no search for a higher one can find
# meaningful ones. The ELBO does know them, but only because our q has independent dimensions, and pays 2.19 nats
# for posteriors that lie askew ([Rolínek et al. 2019](https://arxiv.org/abs/1812.06775)). The axes that it prefers are those
# of PCA, by variance and not by meaning. Who wants meaning has to put it in: by labels, by pairs of images, by the form of
# the decoder.

# %% [markdown]
# ## Three questions
#
# Answer in your head first, then unfold.
#
# **1.** Your model has a rate of 25 nats and 106 nats of loss. A friend's, with a more powerful decoder, has a rate of 2 and a loss
# of 95. Whose is better?
#
# <details><summary>Answer</summary>
#
# As a model of images your friend's, by 11 nats. As a code yours: 2 nats cannot even tell ten digits apart, for which log 10
# = 2.3 are needed. A decoder that models its pixels by each other needs no code ([Chen et al.
# 2017](https://arxiv.org/abs/1611.02731)). The ELBO asks for the first, never for the second.
#
# </details>
#
# **2.** In the linear world with σ² = 1 you set β = 2. How many dimensions are used? At which σ² and β = 1 would you have had the same?
#
# <details><summary>Answer</summary>
#
# λ > β σ² = 2: six, as with σ² = 2. β and the variance of the pixels are one and the same knob; who learns σ² along need
# not choose either ([Rybkin et al. 2021](https://arxiv.org/abs/2006.13202)).
#
# </details>
#
# **3.** The table of a paper says “40 of 40 units active, no collapse, thanks to free bits”. What do you ask?
#
# <details><summary>Answer</summary>
#
# By which definition, and at what loss. With a floor each dimension sits at the floor, since that is free, whether it says
# anything useful or not. The count is then a setting, not a result.
#
# </details>

# %% [markdown]
# ## What to take along
#
# - Rate is what the code says, distortion what it leaves out; β is the price of a nat, and minus the slope of the curve.
# - A careless mean is a point on that curve. The best samples and the best reconstructions are at different ends of it.
# - “Active” has two definitions. Say which, and look for the gap.
# - In a linear VAE a dimension is used if its eigenvalue is above β σ², at ½ log(λ / β σ²) nats. That collapse is the
#   optimum, not an accident.
# - Annealing and free bits mend a path. They do not change what the loss asks for.
# - Meaning of single dimensions is not in the likelihood.
#
# **Where this is limited.** One network, five epochs, one seed for each β but 1; the curve of a larger decoder lies lower. A
# decoder that reads its own pixels, where collapse of the path is a real trouble, is not measured here.
#
# Now write it yourself: [assignment 11](../exercises/11_rate_distortion_collapse/11_rate_distortion_collapse.ipynb).
# Next: [lesson 12](12_broken_vae_clinic.ipynb).
