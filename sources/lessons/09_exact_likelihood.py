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
# # 09 · How likely is an image? The exact log p(x)
#
# The loss is a bound. Of what, and how far off? In this lesson you will
#
# - turn the bound into an equation, and see it hold to eleven decimals;
# - compute log p(x) itself, the evidence, by adding up over every z;
# - measure by how much the ELBO misses it, look at the posteriors that the encoder guesses at, and find out whose
#   fault the gap is;
# - come closer with more draws, and see how slowly;
# - learn which likelihoods in papers may stand beside yours.
#
# **Before you begin:** lessons [04](04_bce_vs_kld.ipynb) and [06](06_latent_space_pca.ipynb). **Time:** 75 minutes, of which
# the computer needs one. Each new word stands in the [glossary](../GLOSSARY.md).

# %% tags=["control"]
import math

from vae_lib import drawings, likelihood, plots
from vae_lib.checkpoints import load_planar, load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.likelihood import gaussian_elbo, iwae, log_evidence, log_joint, plane
from vae_lib.model import VAE
from vae_lib.train import evaluate, new_run, train_epoch
from vae_lib.widgets import PosteriorMap

import torch
import torch.nn.functional as F
from torch.distributions import Normal

# %% [markdown]
# ## A latent space that one can add up
#
# p(x) is the average of p(x|z) over all z from the prior. In 40 dimensions nobody can add that up: a grid with ten steps a side
# has 10⁴⁰ points. In **two** dimensions a grid is a picture. So this lesson has a model of its own, with D = 2 and 200 hidden
# units, trained for 15 epochs.
#
# It saw no grey. For each pixel of each image a coin was tossed once that shows white with the probability that the grey
# value says. So each pixel is black or white, and the BCE is −log p(x|z), no more and no less.

# %% tags=["control"]
torch.manual_seed(42)
train_set, val_set, _ = load_tensors()
model, _ = load_planar()
coin = torch.Generator().manual_seed(42)
train_x, val_x = (torch.bernoulli(x, generator=coin) for x in (train_set.x, val_set.x))
alt = "Ten grey digits, and below the same ones in black and white, with ragged edges."
plots.images(torch.cat([val_set.x[:10], val_x[:10]]), alt, rows=["grey", "by a coin"])

# %% [markdown]
# And this is its whole latent space, decoded at 15 × 15 places from −3 to 3 (z[0] to the right, z[1] upwards), the picture
# with which most tutorials begin. Walk around in it: which digits share a border, and which have hardly a place of their own?

# %%
line = torch.linspace(-3, 3, 15)
places = torch.cartesian_prod(line.flip(0), line).flip(1)  # row by row, from the upper left
alt = "Decoded digits at 15 by 15 places: ones upper left, sevens lower left, zeros on the right, others between."
plots.images(model.decode(places).detach(), alt, ncols=15)

# %% [markdown]
# ## From a bound to an equation
#
# [Lesson 04](04_bce_vs_kld.ipynb) left a term out. We keep it. For an image x and any q(z):
#
# 1. Bayes' rule: p(z|x) = p(x, z) / p(x), where p(x, z) = p(x|z) p(z).
# 2. So log p(x) = log p(x, z) − log p(z|x), for **every** z.
# 3. Average over z from q, and add and subtract log q(z):
#    log p(x) = E[log p(x, z) − log q(z)] + E[log q(z) − log p(z|x)].
# 4. The first average is the ELBO, −(BCE + KLD) in other words; the second is a divergence:
#
# $$\log p(x) = \mathrm{ELBO} + \mathrm{KL}\big(q(z|x)\,\|\,p(z|x)\big)$$
#
# No ≥ is left. The *gap* between bound and truth is how far q is from the posterior, in nats.
#
# A world small enough to see all of it: 3 × 3 pixels, black or white. There are 2⁹ = 512 images, and no more. We shrink the
# digits to it, toss coins, and train a VAE for three epochs.


# %%
def shrink(x):
    return F.avg_pool2d(x.view(-1, 1, 28, 28)[:, :, 3:24, 3:24], 7).flatten(1)  # (B, 9)


small_x, small_val = (
    torch.bernoulli(shrink(part.x), generator=coin) for part in (train_set, val_set)
)
tiny = VAE(input_dim=9, hidden_dim=32, latent_dim=2, sigma_head="log_var")
run = new_run(tiny, torch.Generator().manual_seed(42), lr=1e-3, batch_size=128)
for _ in range(3):
    train_epoch(run, small_x, small_val)
large = F.interpolate(small_val[:10].view(-1, 1, 3, 3), 28).flatten(1)
alt = "Ten digits, and each as nine black or white squares, in which nobody would read it."
plots.images(torch.cat([val_set.x[:10], large]), alt, rows=["before", "3 × 3"])

# %% [markdown]
# **Predict.** Add up p(x) over all 512 images: what comes out? And the sum of exp(ELBO), the probability that the bound
# grants them? (`log_evidence` adds up over the plane; the next section says how. `gaussian_elbo` averages over q.)

# %% tags=["nbval-ignore-output"]
every = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 9)  # all 512 images
tiny_log_p = log_evidence(log_joint(tiny, every, plane(6, 0.1)), 0.1**2)
mu, sigma = encode(tiny, every)
tiny_elbo = gaussian_elbo(tiny, every, mu, torch.diag_embed(sigma))
total, bound = tiny_log_p.exp().sum().item(), tiny_elbo.exp().sum().item()
print(f"sum of p(x)        {total:.6f}\nsum of exp(ELBO)   {bound:.3f}")

# %% tags=["nbval-ignore-output"]
number = (small_val @ 2.0 ** torch.arange(8, -1, -1)).long()  # which of the 512 each one is
share = torch.bincount(number, minlength=512) / len(number)
floor = torch.special.entr(share).sum().item()
print(f"−ELBO on validation images      {-(share @ tiny_elbo):.3f} nats")
print(f"−log p(x)                       {-(share @ tiny_log_p):.3f}")
print(f"entropy of the images, a floor  {floor:.3f}")

# %%
# For the course's own tests; there is nothing to do here.
assert abs(total - 1) < 1e-4
assert 0.9 < bound < 0.9999
assert floor < -(share @ tiny_log_p) < -(share @ tiny_elbo)

# %% [markdown]
# **What we saw.** Σ p(x) is 1, as it must be: adding up over the plane misses nothing. The bound grants the same images a
# little less, 0.994 in all: each image loses its gap, which here is small, for two numbers say nearly all there is to say of
# nine pixels. The *entropy* is the surprise, on average, of somebody who knows how often each of the 512 occurs. No model can
# be less surprised, whatever bound it is measured by.

# %% [markdown]
# ## Adding up for real digits
#
# For 28 × 28 pixels the images cannot be listed, but the plane still can. Cut it into cells, take log p(x, z) in the middle
# of each, and sum (*quadrature*):
#
# $$\log p(x) \approx \log \sum_{\text{cells}} \exp\big(\log p(x|z) + \log p(z)\big) + \log(\text{area of a cell})$$
#
# exp(−150) is 0 in 32 bits; `logsumexp` takes the largest term out first, so nothing is lost.
#
# **Predict.** The plane from −5 to 5. How fine must the cells be so that log p(x) is right to 0.01 nats on average: a side
# of 1, 0.3, 0.1 or 0.01? And would −3 to 3 do, where nearly all of the prior is?

# %%
x = val_x[:100]
tried = [(5, 0.4), (5, 0.2), (5, 0.1), (5, 0.05), (5, 0.025), (3, 0.05)]
grids = {
    (reach, step): log_evidence(log_joint(model, x, plane(reach, step)), step**2)
    for reach, step in tried
}
print("from .. to   side   points   −log p(x)   one image off by at most")
for (reach, step), log_p in grids.items():
    off = (log_p - grids[5, 0.025]).abs().max()
    print(
        f"−{reach} .. {reach}{step:11.3f}{len(plane(reach, step)):9,}{-log_p.mean():12.2f}{off:16.2f}"
    )

# %% [markdown]
# **What we saw.** A side of 0.1 is enough for the average, though one image is still off by 0.25; from 0.05 on nothing
# changes any more: once the cells are narrower than a smooth hill, their sum is its area. −3 to 3 is too small a plane: the z of
# some images lie outside, and one loses 7.65 nats. We take −5 to 5 and 0.05: 40,401 points decide it, for every image the same.

# %% [markdown]
# ## The gap
#
# Now for 500 validation images, log p(x) and the ELBO. (Neither needs a draw: the ELBO is an average over a Gaussian in the
# plane, which 20 × 20 well-chosen points give nearly exactly.)
#
# **Predict.** How large is the gap on average: 0.1, 1 or 10 nats? Is it about the same for most images, or ruled by a few?

# %%
x, z = val_x[:500], plane()  # from −5 to 5, cells of 0.05
table = log_joint(model, x, z)  # (40401, 500)
log_p = log_evidence(table, 0.05**2)
mu, sigma = encode(model, x)
elbo = gaussian_elbo(model, x, mu, torch.diag_embed(sigma))
gap = log_p - elbo

# %%
worst = gap.sort(descending=True).values[:50].sum() / gap.sum()
print(f"−ELBO     {-elbo.mean():6.1f} nats")
print(f"−log p(x) {-log_p.mean():6.1f}")
print(
    f"the gap   {gap.mean():6.1f}   median {gap.median():.1f}, one in ten above {gap.quantile(0.9):.0f}"
)
print(f"the 50 images with the largest gap hold {worst:.0%} of all of it")

# %%
# The figure, and what it shows for those who cannot see it.
alt = "Histogram of the gaps: a hill around one or two nats, and a tail beyond 30."
plots.histogram(
    {"500 images": gap.log10()}, alt, xlabel="log10 of the gap in nats", ylabel="images"
)

# %% [markdown]
# And the equation? On the grid each side is a sum of its own: on the left log p(x) and the ELBO, on the right the divergence of
# q from the posterior, cell by cell, in 64 bits.

# %%
joint, area = table[:, :100].double(), 0.05**2
log_q = Normal(mu[:100], sigma[:100]).log_prob(z.unsqueeze(1)).sum(2).double().log_softmax(0)
q = log_q.exp()  # the share of each cell
left = log_evidence(joint, area) - (q * (joint + math.log(area) - log_q)).sum(0)
right = (q * (log_q - joint.log_softmax(0))).sum(0)
agree = (left - right).abs().max() < 1e-11
print("the two sides agree to", "11 decimals" if agree else "fewer")
print(f"KL(q‖p(z|x)), mean of 100 images: {right.mean():.1f} nats")

# %% [markdown]
# **What we saw.** The gap is 3.9 nats on average, but the median is 1.5: one image in ten holds 55 % of all of it. So say a
# median beside a mean. And the equation holds to 11 decimals; for the first hundred images both sides are 5.7 on average.

# %% [markdown]
# ## The posterior, seen
#
# Six images, from a small gap to a large one. Blue: where the z that could have made this image lie, p(z|x); the shades end
# where a Gaussian has one, two and three standard deviations. Dashed: the encoder's q(z|x) at two, around its mean +; so it
# should lie on the edge of the middle shade. Each picture has its own scale.
#
# **Predict.** Is the blue spot an ellipse? And how does a large gap look: too wide an ellipse, too narrow, or in the wrong
# place?

# %%
chosen = gap.argsort()[[25, 150, 250, 350, 450, 490]]
near = likelihood.close_ups(model, x[chosen])
alt = "Blue spots, roughly round, with dashed ellipses: on them at small gaps, beside them at large ones."
drawings.posteriors(near, x[chosen], alt)

# %% tags=["nbval-ignore-output"]
squares = table.T.reshape(-1, 1, 201, 201)
highest = squares.amax((2, 3), keepdim=True)
is_peak = (squares == F.max_pool2d(squares, 3, 1, 1)) & (squares > highest - 3)
several = (is_peak.sum((1, 2, 3)) > 1).sum()
mode = z[table.argmax(0)]  # where the posterior is highest
away = ((mu - mode).norm(dim=1) > 1).sum()
print(f"of 500 posteriors {several} have more than one peak (above a 20th of the highest)")
print(f"of 500 encoders' means {away} are in another region, more than 1 away from the peak")
assert 20 < several < 60
assert 10 < away < 25

# %% [markdown]
# **What we saw.** The spots are roundish, some of them tilted, which a q of two independent numbers cannot be. But a large gap is
# not that: it is an ellipse in the wrong place, sure of itself beside the spot. Of 500 posteriors 37 have a second
# peak, and 17 encoders' answers are in another region altogether.

# %% [markdown]
# Look for yourself: click an image, or go through them with the arrow keys. Find one whose encoder is sure and wrong.

# %% tags=["control", "nbval-ignore-output"]
PosteriorMap(model, val_x[[34, 26, 90, 61, 60, 25, 38, 0, 3, 69, 72, 41]])

# %% [markdown]
# ## Whose fault is it?
#
# Two things may be wrong with q. A Gaussian with independent numbers may not have the posterior's shape: the *approximation gap*.
# Or the best such Gaussian would do, and the encoder, one network for all images, does not find it: the *amortization gap*
# ([Cremer et al. 2018](https://arxiv.org/abs/1801.03558)). To tell them apart we search, for each of 100 images by itself,
# the Gaussian with the highest ELBO: 300 steps of Adam, from the encoder's answer and from the posterior's peak. Once among
# the *diagonal* ones, whose two numbers are independent, as the encoder's are; and once among all, the *full* ones, whose
# ellipse may be tilted.
#
# **Predict.** Of the gap, which part is the Gaussian's, which is the encoder's: half and half, or nearly all of one?


# %%
def best(full):
    starts = [
        (mu[:100], torch.diag_embed(sigma[:100])),
        (mode[:100], 0.07 * torch.eye(2).expand(100, 2, 2)),
    ]
    fits = [likelihood.fit_gaussians(table[:, :100], 5, *start, full=full) for start in starts]
    return torch.stack([gaussian_elbo(model, x[:100], *fit) for fit in fits]).amax(0)


rungs = {"the encoder": elbo[:100], "best diagonal": best(False), "best full": best(True)}
short = {name: (log_p[:100] - rung).mean().item() for name, rung in rungs.items()}

# %% tags=["nbval-ignore-output"]
for name, nats in short.items():
    print(f"{name:15}{nats:6.2f} nats below log p(x)")
assert short["the encoder"] > 3
assert 0 < short["best full"] < short["best diagonal"] < 0.4
alt = "How far three bounds are below log p(x): the encoder by several nats, the best Gaussians by a tenth."
plots.bars(short, alt, ylabel="nats per image", decimals=2)

# %% [markdown]
# And on the images that it was trained on? (After ± stands the standard error, of [lesson 05](05_training.ipynb).)

# %%
print("            −ELBO of all   gap of the first 1,000")
for name, images in {"training": train_x, "validation": val_x}.items():
    some, coarse = images[:1000], plane(5, 0.1)  # fine enough for an average
    of_all = evaluate(model, images, torch.Generator().manual_seed(0)).loss
    means, spreads = encode(model, some)
    bounds = gaussian_elbo(model, some, means, torch.diag_embed(spreads))
    gaps = log_evidence(log_joint(model, some, coarse), 0.1**2) - bounds
    print(f"{name:12}{of_all:12.1f}{gaps.mean():17.2f} ± {gaps.std() / 1000**0.5:.2f}")

# %% [markdown]
# **What we saw.** Of 5.65 nats the best diagonal Gaussian leaves 0.09, the best of all 0.04: nearly all of the gap is
# amortization. The Gaussian is innocent, the encoder is not. And it is worse at images that it never saw: a gap of
# 4.08 ± 0.28 nats against 2.59 ± 0.16. The ELBO of all images differs by hardly more, 157.0 against 155.1. So most of what looks
# like overfitting there is the encoder's alone, no matter of p(x) ([Shu et al. 2018](https://arxiv.org/abs/1805.08913)).

# %% [markdown]
# ## More draws
#
# Where no grid reaches, one can still come closer than the ELBO. Draw k points from q, weight each by p(x, z) / q(z), and take the
# logarithm of the **mean** weight: the importance-weighted bound, IWAE ([Burda et al.
# 2016](https://arxiv.org/abs/1509.00519), equation 8). With k = 1 it is the ELBO; as k grows it rises to log p(x).
#
# **Predict.** How many draws close half of the gap: 5, 100 or more than 1,000? And the same number of draws from the prior,
# which never looked at the image?

# %%
x = val_x[:100]
draws = mu[:100] + sigma[:100] * torch.randn(2000, 100, 2)
joint = torch.cat([log_joint(model, x[i : i + 1], draws[:, i]) for i in range(100)], dim=1)
log_q = Normal(mu[:100], sigma[:100]).log_prob(draws).sum(2)
from_prior = torch.randn(10_000, 2)
prior_joint = log_joint(model, x, from_prior)
prior_q = likelihood.log_prior(from_prior).unsqueeze(1).expand(-1, 100)


# %%
def bound_of(k, joint, log_q):
    """The mean bound of k draws, over all images and all groups of k among the draws."""
    return iwae(joint.unflatten(0, (k, -1)), log_q.unflatten(0, (k, -1))).mean().item()


# %% tags=["nbval-ignore-output"]
print("draws   z from the encoder   z from the prior")
for k in [1, 10, 100, 1000]:
    print(f"{k:5}{-bound_of(k, joint, log_q):15.1f}{-bound_of(k, prior_joint, prior_q):19.1f}")
print(f"2,000{-bound_of(2000, joint, log_q):15.1f}")
print(f"10,000{-bound_of(10_000, prior_joint, prior_q):33.1f}")
print(f"exact{-log_p[:100].mean():15.1f}{-log_p[:100].mean():19.1f}")

# %%
ks = [50, 100, 200, 500, 1000, 2000]
curves = {
    "z from the encoder": [-bound_of(k, joint, log_q) for k in ks],
    "z from the prior": [-bound_of(k, prior_joint, prior_q) for k in ks],
    "−log p(x)": [-log_p[:100].mean().item()] * len(ks),
}
alt = "The bound from the encoder's draws falls slowly; the prior's starts above it and crosses it."
plots.lines(torch.tensor(ks).log10(), curves, alt, xlabel="log10 of draws", ylabel="nats per image")

# %% [markdown]
# **What we saw.** A hundred draws close half of the gap, but 2,000 still end at 157.8, two nats short. The prior's draws begin
# hopelessly and end *nearer*: 10,000 of them give 155.9. Wherever the encoder is sure of the wrong place, its draws all
# fall there, and the weights can correct only what was drawn.

# %% [markdown]
# In the plane the prior's draws get everywhere. What about 40 dimensions? The shipped model of the other lessons, 50 images by
# the coin, 1,000 draws of each kind.
#
# **Predict.** Who wins now?

# %% tags=["nbval-ignore-output"]
big, _ = load_trained()
big_mu, big_sigma = encode(big, x[:50])
draws = big_mu + big_sigma * torch.randn(1000, 50, 40)
joint = torch.cat([log_joint(big, x[i : i + 1], draws[:, i]) for i in range(50)], dim=1)
log_q = Normal(big_mu, big_sigma.abs()).log_prob(draws).sum(2)
from_prior = torch.randn(1000, 40)
prior_joint = log_joint(big, x[:50], from_prior)
prior_q = likelihood.log_prior(from_prior).unsqueeze(1).expand(-1, 50)

# %% tags=["nbval-ignore-output"]
print("draws   z from the encoder   z from the prior")
for k in [1, 10, 100, 1000]:
    print(f"{k:5}{-bound_of(k, joint, log_q):15.1f}{-bound_of(k, prior_joint, prior_q):19.1f}")

# %% [markdown]
# **What we saw.** The encoder, by far. The prior's thousand draws are lost in 40 dimensions: 174.6 against 102.4, which still
# falls. No grid says where it ends, but the gap of the shipped model is at least 6 nats: 108.4 is the ELBO's.

# %% [markdown]
# ## 107 here, 87 there
#
# A VAE with 50 latent numbers is reported with 86.8 nats on MNIST, and with 84.8 as an IWAE ([Burda et al.
# 2016](https://arxiv.org/abs/1509.00519), table 1). The shipped model has 107. Before one is ashamed: by which bound, and of
# which pixels? Theirs is the bound of 5,000 draws (1,000 took 6 nats off ours, above), for pixels by a coin, tossed
# anew for each step of the training. The same weights, three ways to make the pixels:

# %%
made = {"grey": val_set.x, "by a coin": val_x, "cut at ½": (val_set.x > 0.5).float()}
for name, pixels in made.items():
    loss = evaluate(big, pixels, torch.Generator().manual_seed(0)).loss
    print(f"{name:10}{loss:6.1f} nats")

# %% [markdown]
# And for grey pixels the BCE is not −log of any density of grey values. To be one it lacks, for each pixel, a term log C that
# makes the density's integral 1 (the *continuous Bernoulli*, [Loaiza-Ganem & Cunningham
# 2019](https://arxiv.org/abs/1907.06845)). With a for the logit it is log(a / tanh(a / 2)).
#
# **Predict.** How much is that for an image: 1, 50 or 1,000 nats?

# %%
a = big.decoder(encode(big, val_set.x[:1000])[0]).detach()
log_c = (a / torch.tanh(a / 2)).log().sum(1)
print(f"log C of 1,000 images: {log_c.mean():,.0f} ± {log_c.std():.0f} nats")

# %% [markdown]
# **What we saw.** The same weights give 106.7, 103.2 or 91.3 nats: how the pixels were made matters more than most
# improvements that papers report. And log C is 1,638 nats, many times the whole loss. So 107 nats for grey pixels are a good
# loss to train with, and no likelihood of grey values.

# %% [markdown]
# ## Three questions
#
# Answer in your head first, then unfold.
#
# **1.** A friend trains the encoder for ten more epochs and leaves the decoder as it is. The ELBO rises by three nats. Has
# log p(x) changed?
#
# <details><summary>Answer</summary>
#
# No. p(x) is made of prior and decoder; the encoder does not occur in it. Only the gap has shrunk. (Training encoder and
# decoder together, a smaller gap also gives the decoder better gradients.)
#
# </details>
#
# **2.** Why is the bound of 2,000 draws from the encoder worse here than that of 10,000 from the prior, though the encoder has
# seen the image?
#
# <details><summary>Answer</summary>
#
# The encoder is sure, and sometimes of the wrong place: its narrow q never draws where the posterior has its weight. A
# wide guess misses often and is never blind. In 40 dimensions missing often means missing always.
#
# </details>
#
# **3.** Σ exp(ELBO) over all images is below 1. Where is the rest?
#
# <details><summary>Answer</summary>
#
# In the gaps: Σ p(x) is 1, and of each image the bound grants only p(x) · exp(−gap). It went to no other image, for exp(ELBO)
# is no distribution, only a lower bound of one, image by image.
#
# </details>

# %% [markdown]
# ## What to take along
#
# - log p(x) = ELBO + KL(q‖p(z|x)): an equation, for every q.
# - With two latent dimensions log p(x) can be added up; `logsumexp` keeps it from vanishing.
# - The gap is ruled by a few images, and here nearly all of it is amortization: the encoder's, not the Gaussian's.
# - On new images the encoder is worse than on those of the training: what looks like overfitting may be only a gap.
# - More draws give a better bound, slowly; they cannot find what q is blind to.
# - Compare likelihoods only for the same pixels and the same bound.
#
# **Where this is limited.** One model, one seed, two dimensions, in which decoders must crowd all digits into a plane. In
# 40 dimensions the shares of encoder and Gaussian may differ; nobody can add up there to say.
#
# Now write the three sums yourself: [assignment 09](../exercises/09_exact_likelihood/09_exact_likelihood.ipynb).
# Next: [lesson 10](10_why_samples_are_worse.ipynb).
