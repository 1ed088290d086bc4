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
# # 06 · The latent space: what the 40 numbers mean
#
# In this lesson you will
#
# - encode 9,000 images and look at them in two dimensions, with PCA;
# - find out how much of the 40 dimensions that picture shows, and which digits are neighbours in 2 and in 40;
# - walk through the space: traversals and interpolations;
# - count the dimensions that the model really uses.
#
# **Before you begin:** [lesson 02](02_encoder_decoder.ipynb); [lesson 04](04_bce_vs_kld.ipynb) for the KLD. **Time:**
# 50 minutes, of which the computer needs 30 seconds. Each new word stands in the [glossary](../GLOSSARY.md).

# %%
from vae_lib import plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import (
    class_means,
    closest_pairs,
    encode,
    interpolate,
    neighbours_right,
    project,
    traverse,
)
from vae_lib.loss import kld_per_dim
from vae_lib.measure import readable, train_classifier
from vae_lib.widgets import LatentMap

import torch
from sklearn.decomposition import PCA

# %%
torch.manual_seed(42)
train_set, val_set, _ = load_tensors()
model, _ = load_trained()
plots.images(val_set.x[:20], "Twenty validation images.", ncols=20)

# %% [markdown]
# ## Encode
#
# For each image the encoder gives a whole distribution, N(μ, σ²). To draw a map we need one point for each image, and
# take its mean μ.

# %%
mu, sigma = encode(model, val_set.x)
print(f"mu {tuple(mu.shape)}, sigma {tuple(sigma.shape)}")

# %% [markdown]
# ## From 40 to 2
#
# *Principal component analysis* (PCA) turns the cloud of points until its widest direction lies along the first axis, the
# next widest along the second, and so on. The first two make the best flat picture, in the sense of variance.
#
# **Predict.** Ten digits, ten separate groups? How much of the variance will two of 40 directions hold: 5 %, 15 %, 50 %?

# %%
points, explained = project(mu)
plots.latent_scatter(points, val_set.y, explained)

# %%
shares = f"{explained[0]:.1%} + {explained[1]:.1%} = {explained.sum():.1%}"
print(f"the two components hold {shares} of the variance")

# %% [markdown]
# **What we saw.** Zeros on one side, ones on the other, sevens and nines below, although the model never saw a label. But
# the groups overlap, and the picture holds only a seventh of the variance.

# %% [markdown]
# Only the fours and nines, which share a corner:

# %%
some = (val_set.y == 4) | (val_set.y == 9)
plots.latent_scatter(points[some], val_set.y[some], explained)

# %% [markdown]
# Who are these points? Move the pointer over the map, or click it and walk with the arrow keys.

# %% [markdown]
# **Predict.** Do all sevens in one corner look alike? And a four that lies among the nines?

# %% tags=["nbval-ignore-output"]
n = 1500
LatentMap(points[:n], val_set.y[:n], val_set.x[:n], model.decode(mu[:n]).detach())

# %% [markdown]
# **What we saw.** Neighbours in the plane may look quite different: what tells them apart lies in the other directions.
# Each reconstruction is made from all 40 numbers, so it shows its own digit wherever the point lies.

# %% [markdown]
# Why do two components hold so little? Look at all 40.

# %%
shares = torch.from_numpy(PCA().fit(mu.numpy()).explained_variance_ratio_)
alt = (
    "Variance held by the first k components: a rise that flattens slowly, and is near 1 at k = 26."
)
plots.ranks(shares.cumsum(0), alt, xlabel="the first k components", ylabel="share of variance")

# %%
print("components needed for 50 %:", int((shares.cumsum(0) < 0.5).sum()) + 1)
print("components needed for 90 %:", int((shares.cumsum(0) < 0.9).sum()) + 1)
print(f"26 components hold {shares[:26].sum():.0%}")

# %% [markdown]
# **What we saw.** No few components hold nearly all: the rise flattens slowly, and only 26 of the 40 hold 99 %.
# Remember that number. The KLD pushes the codes together towards N(0, I), a round ball, and a round ball has no widest
# direction. Ours is not quite round, and thinner in some directions than in others; but a flat picture of it must hide
# most.

# %%
variances = torch.from_numpy(PCA().fit(mu.numpy()).explained_variance_)
print(
    f"variance along components 1, 26, 27, 40: {[round(variances[i].item(), 2) for i in (0, 25, 26, 39)]}"
)
print(f"two of 26 equal components would hold {2 / 26:.1%}")

# %% [markdown]
# So be careful with what a map of two dimensions seems to say. Is what looks mixed really mixed? We ask a classifier that
# only looks at neighbours: each of 3,000 images gets the label most common among its 15 nearest of the other 6,000.

# %% [markdown]
# **Predict.** Guessing is right 1 time in 10. How often are neighbours right in 2 dimensions? In all 40? In the 784 pixels
# themselves? And in a plain PCA of the pixels, its first 40 components?

# %%
of_pixels = torch.from_numpy(PCA(40, svd_solver="full").fit_transform(val_set.x.numpy()))
spaces = {
    "codes, 40 dimensions": mu,
    "codes, their PCA plane": points,
    "pixels, all 784": val_set.x,
    "pixels, 40 components": of_pixels,
    "pixels, their PCA plane": of_pixels[:, :2],
}
for name, space in spaces.items():
    print(f"{name:24} right {neighbours_right(space, val_set.y):.1%}")

# %% [markdown]
# **What we saw.** In 40 dimensions the digits *are* apart, nearly all of them; the plane cannot show it. The fair rival of a
# code of 40 numbers is a PCA of the pixels with 40 numbers, and that is good already: to be 20 times smaller takes no
# VAE. But the VAE adds something: its neighbours are right in 95.3 %, those of the 40 components in
# 93.7 %, those of all pixels in 91.6 %. Only in the
# *plane* the pixels win: a VAE has no widest direction, a PCA is made of nothing else.

# %% [markdown]
# ## Which digits are neighbours?
#
# The mean of each class is its *centroid*. Ten centroids have 45 distances.
#
# **Predict.** Which two digits are closest? The report says: 4 and 9 are close, 0 and 6 are close.

# %%
pairs_40 = closest_pairs(class_means(mu, val_set.y))
pairs_2 = closest_pairs(class_means(points, val_set.y))
print("closest in 40 dimensions:", ", ".join(f"{a}–{b}" for a, b, _ in pairs_40[:6]))
print("closest in the PCA plane:", ", ".join(f"{a}–{b}" for a, b, _ in pairs_2[:6]))

# %%
for a, b in [(4, 9), (0, 6)]:
    ranks = [[(i, j) for i, j, _ in pairs].index((a, b)) + 1 for pairs in (pairs_40, pairs_2)]
    print(f"{a} and {b}: {ranks[0]} of 45 in 40 dimensions, {ranks[1]} of 45 in the plane")

# %% [markdown]
# **What we saw.** 4 and 9 are the closest pair of all, in 40 dimensions. 0 and 6 are *not* close in either space; 0 is
# nearest to 5. And the plane invents neighbours: 2 and 6 lie on top of each other there.

# %% [markdown]
# All 45 distances, in 40 dimensions:

# %%
means = class_means(mu, val_set.y)
alt = "Ten by ten distances between digit centroids. 4 and 9 are closest, 0 and 1 farthest apart."
plots.table(torch.cdist(means, means), alt, labels=range(10), title="distance between centroids")

# %% [markdown]
# ## Which dimensions are used?
#
# For an image, dimension *i* costs ([paper](https://arxiv.org/abs/1312.6114), appendix B) $\tfrac12(\mu_i^2 + \sigma_i^2 - 1 - \log\sigma_i^2)$ nats. Near 0 it says μ = 0,
# σ = 1 for every image: the prior, no information.
#
# **Predict.** Of the 40 dimensions, how many carry next to nothing?

# %%
cost = kld_per_dim(mu, sigma).mean(0)
order = cost.argsort(descending=True)
alt = "KLD of the 40 dimensions in falling order: from about 2 nats to 0 for the last dozen."
plots.ranks(cost[order], alt, xlabel="dimension, by rank", ylabel="mean KLD, nats")

# %%
print(f"above 0.1 nats: {(cost > 0.1).sum()} dimensions, below 0.02 nats: {(cost < 0.02).sum()}")
print(f"rank 26 costs {cost[order][25]:.2f} nats, rank 27 {cost[order][26]:.2f}")

# %% [markdown]
# **What we saw.** About 26 dimensions carry the information, the number of components that hold 99 % above. Of the
# rest, 10 cost less than 0.02 nats and say almost nothing: the KLD switched them off. D = 40 was more than enough.

# %% [markdown]
# Where to draw the line is a choice. Ours, 0.1 nats, lies where the cost falls by more than half from one rank to the
# next; no wide gap marks it. Papers often count *active units* ([Burda et al. 2016](https://arxiv.org/abs/1509.00519)):
# dimensions whose μ varies over the images with a variance above 0.01. By that measure:

# %%
moving = mu.var(0)[order]
print(f"variance of mu above 0.01: {(moving > 0.01).sum()} of 40 dimensions")
print(f"but it falls from {moving[25]:.2f} at rank 26 to {moving[26]:.2f} at rank 27")

# %% [markdown]
# All 40: that threshold was made for other models. Say which one you use, and look where the numbers fall.

# %% [markdown]
# ## Traversals
#
# We start from the code of a real digit and move **one** dimension from −3 to 3, three standard deviations of the prior
# to each side: 99.7 % of all draws of it lie between, so the ends are already far out.
#
# **Predict.** Does one dimension mean one thing: slant, width, which digit?

# %%
start = mu[0]
values = torch.linspace(-3, 3, 11)
rows = torch.cat([traverse(model, start, dim, values) for dim in order[:6]])
names = [f"z[{dim}]" for dim in order[:6]]
alt = "Six dimensions moved from -3 to 3: slant, width, loops change, sometimes the digit."
plots.images(rows, alt, ncols=11, rows=names)

# %% [markdown]
# And the same dimension, the most used one, on three other digits. Does it *mean* something?

# %%
others = [mu[val_set.y == digit][0] for digit in (0, 3, 4)]
rows = torch.cat([traverse(model, z, order[0], values) for z in others])
alt = "One dimension moved on a 0, a 3 and a 4: it changes each in another way."
plots.images(rows, alt, ncols=11, rows=[f"on a {digit}" for digit in (0, 3, 4)])

# %% [markdown]
# Now the dimensions that cost nothing:

# %%
rows = torch.cat([traverse(model, start, dim, values) for dim in order[-3:]])
alt = "Three rows of the same digit: moving an unused dimension changes nothing that one can see."
plots.images(rows, alt, ncols=11, rows=[f"z[{dim}]" for dim in order[-3:]])

# %%
moved = [
    (traverse(model, start, dim, values) - traverse(model, start, dim, values[:1])).abs().max()
    for dim in order
]
print(f"largest change of a pixel: most used dimension {moved[0]:.1f}, least used {moved[-1]:.1f}")

# %% [markdown]
# **What we saw.** A used dimension changes several things at once: width *and* slant, or a loop that closes; at the ends some
# fall apart. Nothing in the loss asks for one meaning for each dimension. An unused one does next to nothing.

# %% [markdown]
# ## Interpolations
#
# A straight line from the code of one digit to that of another, ten steps.
#
# **Predict.** Is halfway between a 4 and a 9 a cross-fade of two pictures, or a digit?

# %%
first = {digit: mu[val_set.y == digit][0] for digit in range(10)}
lines = [(4, 9), (3, 8), (1, 7), (0, 6)]
walks = torch.cat([interpolate(model, first[a], first[b], steps=11) for a, b in lines])
alt = "Four walks: 4 to 9, 3 to 8, 1 to 7, 0 to 6. Strokes bend; halfway from 1 to 7 is no digit."
plots.images(walks, alt, ncols=11, rows=[f"{a} to {b}" for a, b in lines])

# %% [markdown]
# And for comparison the cross-fade, the same line in the space of pixels:

# %%
share = torch.linspace(0, 1, 11).unsqueeze(1)
x_4, x_9 = (val_set.x[val_set.y == digit][0] for digit in (4, 9))
alt = "A cross-fade from a 4 to a 9: in the middle both digits show through each other."
plots.images((1 - share) * x_4 + share * x_9, alt, ncols=11, rows=["pixels"])

# %% [markdown]
# **What we saw.** In pixels, both digits show at once. In the latent space the strokes change shape. Four walks chosen by
# hand prove little, though. So: a thousand pairs of images, only different digits, and the middle of each. A classifier
# trained on real digits ([lesson 08](08_the_report_revisited.ipynb)) says which it can read.

# %%
torch.manual_seed(42)
classifier = train_classifier(train_set.x, train_set.y, torch.Generator().manual_seed(0))


# %% tags=["nbval-ignore-output"]
def lengthened(z):
    """The same directions, with the length that a code has in the middle of all."""
    return z / z.norm(dim=1, keepdim=True) * mu.norm(dim=1).median()


a, b = torch.randperm(9000)[:2000].view(2, 1000)
a, b = (part[val_set.y[a] != val_set.y[b]] for part in (a, b))
middles = {
    "the ends": model.decode(mu[a]),
    "halfway,\ncodes": model.decode((mu[a] + mu[b]) / 2),
    "halfway, as\nlong as codes": model.decode(lengthened((mu[a] + mu[b]) / 2)),
    "halfway,\npixels": (val_set.x[a] + val_set.x[b]) / 2,
}
read = {name: 100 * readable(classifier, x.detach()) for name, x in middles.items()}
alt = "Readable in per cent: over 90 at the ends; halfway between codes under 40, nearly half if lengthened; between pixels about 30."
plots.bars(read, alt, ylabel="readable, per cent", decimals=0)

# %% [markdown]
# So halfway between two digits most pictures are *not* clearly a digit: strokes that bend, but of nothing one could name. It
# is better than the cross-fade, and far from the ends. One reason is that the middle of a straight line lies nearer to 0 than
# codes do. A walk along an arc, which keeps the length, does better, in part only because more length is more contrast
# ([lesson 07](07_live_sampling.ipynb)).

# %% [markdown]
# ## Three questions
#
# Answer in your head first, then unfold.
#
# **1.** The KLD pushes the codes towards N(0, I). Why does the PCA plane of such codes show so little of them?
#
# <details><summary>Answer</summary>
#
# N(0, I) is as wide in every direction. The closer the codes are to it, the more equal are the shares of all components,
# and any two of 40 hold little; here a seventh.
#
# </details>
#
# **2.** You run PCA without subtracting the mean. What does the first component show, if the cloud lies far from 0?
#
# <details><summary>Answer</summary>
#
# Mostly the way from 0 to the middle of the cloud: its place, not its widest direction.
#
# </details>
#
# **3.** Ten dimensions cost less than 0.02 nats. What happens to the pictures if you set their z to 0?
#
# <details><summary>Answer</summary>
#
# Next to nothing: they were noise for every image, and the decoder learned to ignore them.
#
# </details>

# %% [markdown]
# ## What to take along
#
# - PCA of the means shows groups, but two components hold only about a seventh of the variance.
# - In 40 dimensions neighbours tell the digit almost always, better than pixels do; in the plane they often do not. 4 and 9 are
#   the closest pair; 0 and 6 are not close.
# - A traversal shows what a dimension does; an interpolation changes shapes step by step, but its middle is often no
#   digit.
# - About 26 of the 40 dimensions are used.
#
# **Where this is limited.** The axes are this training's own: another seed gives other dimensions with other meanings,
# and PCA only finds straight directions. (Methods such as t-SNE and UMAP draw maps with clearer islands; they keep neighbours
# together, and the distances between the islands mean little.)
#
# Now write PCA and the neighbours yourself: [assignment 06](../exercises/06_latent_space_pca/06_latent_space_pca.ipynb).
# Next: [lesson 07](07_live_sampling.ipynb).
