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
# **Before you begin:** lesson 02; lesson 04 for the KLD. **Time:** 45 minutes, of which the computer needs 15 seconds.

# %%
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from vae_lib import plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import class_means, closest_pairs, encode, interpolate, project, traverse
from vae_lib.loss import kld_per_dim
from vae_lib.widgets import LatentMap

torch.manual_seed(42)
_, val_set, _ = load_tensors()
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
#
# Who are these points? Move the pointer over the map, or click it and walk with the arrow keys.
#
# **Predict.** Do all sevens in one corner look alike? And a four that lies among the nines?

# %% tags=["nbval-ignore-output"]
n = 1500
LatentMap(points[:n], val_set.y[:n], val_set.x[:n], model.decode(mu[:n]).detach())

# %% [markdown]
# **What we saw.** Neighbours in the plane may look quite different: what tells them apart lies in the other 38 directions.
# Each reconstruction is made from all 40 numbers, so it shows its own digit wherever the point lies.
#
# Why do two components hold so little? Look at all 40.

# %%
shares = torch.from_numpy(PCA().fit(mu.numpy()).explained_variance_ratio_)
alt = "Variance held by the first k components: a steady rise that bends only near k = 26."
curves = {"all components up to k": shares.cumsum(0)}
plots.lines(range(1, 41), curves, alt, xlabel="k", ylabel="share of variance")

# %%
print("components needed for 50 %:", int((shares.cumsum(0) < 0.5).sum()) + 1)
print("components needed for 90 %:", int((shares.cumsum(0) < 0.9).sum()) + 1)

# %% [markdown]
# **What we saw.** A steady rise that bends only near 26 components; remember that number. The KLD pushes the codes towards
# N(0, I), a round ball, and a round ball has no widest direction. A flat picture of it must hide most.
#
# So be careful with what a map of two dimensions seems to say. Is what looks mixed really mixed? We ask a classifier that
# only looks at neighbours: each of 3,000 images gets the label most common among its 15 nearest of the other 6,000.
#
# **Predict.** Guessing is right 1 time in 10. How often are neighbours right in 2 dimensions? In all 40? And in the 784
# pixels themselves, and their PCA plane?


# %%
def neighbours_right(space):
    knn = KNeighborsClassifier(15).fit(space[:6000], val_set.y[:6000])
    return knn.score(space[6000:], val_set.y[6000:])


pixel_points, _ = project(val_set.x)
for name, plane, space in [("codes", points, mu), ("pixels", pixel_points, val_set.x)]:
    flat, full = neighbours_right(plane), neighbours_right(space)
    print(f"{name:6}: in the PCA plane {flat:.0%}, in all {space.shape[1]} dimensions {full:.0%}")

# %% [markdown]
# **What we saw.** In 40 dimensions the digits *are* apart, nearly all of them; the plane cannot show it. But the pixels
# already are almost as good. What the VAE adds is not the sorting: it keeps it in a code 20 times smaller, and gives up a
# widest direction for it: the PCA plane of the pixels sorts better than that of the codes.
#
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
#
# All 45 distances, in 40 dimensions:

# %%
means = class_means(mu, val_set.y)
alt = "Ten by ten distances between digit centroids. 4 and 9 are closest, 0 and 1 farthest apart."
plots.table(torch.cdist(means, means), alt, labels=range(10), title="distance between centroids")

# %% [markdown]
# ## Which dimensions are used?
#
# For an image, dimension *i* costs (paper, appendix B) $\tfrac12(\mu_i^2 + \sigma_i^2 - 1 - \log\sigma_i^2)$ nats. Near 0 it says μ = 0,
# σ = 1 for every image: the prior, no information.
#
# **Predict.** Of the 40 dimensions, how many carry next to nothing?

# %%
cost = kld_per_dim(mu, sigma).mean(0)
order = cost.argsort(descending=True)
alt = "KLD of the 40 dimensions in falling order: from about 2 nats to 0 for the last dozen."
curves = {"mean KLD": cost[order]}
plots.lines(range(1, 41), curves, alt, xlabel="dimension, by rank", ylabel="nats")

# %%
print(f"above 0.1 nats: {(cost > 0.1).sum()} dimensions, below 0.02 nats: {(cost < 0.02).sum()}")

# %% [markdown]
# **What we saw.** About 26 dimensions carry the information, the number at which the curve above bends. Of the rest, 10
# cost less than 0.02 nats and say almost nothing: the KLD switched them off. D = 40 was more than enough.
#
# ## Traversals
#
# We start from the code of a real digit and move **one** dimension from −3 to 3, three standard deviations of the prior
# to each side.
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
# **What we saw.** A used dimension changes several things at once: width *and* slant, or a loop that closes. Nothing in
# the loss asks for one meaning for each dimension. An unused one does next to nothing.
#
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
# **What we saw.** In pixels, both digits show at once. In the latent space the strokes change shape, and most pictures on
# the way look like something a hand could have written; not all, look halfway from 1 to 7.
#
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
# - In 40 dimensions neighbours tell the digit almost always, as pixels do; in the plane they often do not. 4 and 9 are
#   the closest pair; 0 and 6 are not close.
# - A traversal shows what a dimension does; an interpolation changes shapes step by step, mostly through readable digits.
# - About 26 of the 40 dimensions are used.
#
# **Where this is limited.** The axes are this training's own: another seed gives other dimensions with other meanings,
# and PCA only finds straight directions.
#
# Next: `07_live_sampling`.
