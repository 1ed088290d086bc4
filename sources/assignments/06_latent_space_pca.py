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
# # Assignment 06 · A map of the latent space
#
# You write PCA yourself, find the middle of each digit, and then ask how far the flat map can be trusted.
#
# | exercise | difficulty | minutes | points |
# |---|---|---|---|
# | 1 · PCA | ●●○ | 25 | 10 |
# | 2 · the mean code of each digit | ●○○ | 10 | 10 |
# | 3 · are neighbours of one kind? | ●●○ | 15 | 10 |
# | 4 · one question in words | ●●○ | 10 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the
# one after it: the check says what holds and what not yet. `checks.pca.hint(1)`, then 2 and 3, help you on. You may check
# as often as you like. Do without `vae_lib.latent` in your answers: it has such functions.

# %%
from vae_lib import plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode

import torch

import vae_checks as checks

torch.manual_seed(42)
_, val_set, _ = load_tensors()
model, _ = load_trained()
x, labels = val_set.x[:4000], val_set.y[:4000]
codes, _ = encode(model, x)  # the means mu, (4000, 40)

# %% [markdown]
# ## 1 · PCA
#
# ●●○, 25 minutes. Turn the cloud of codes until its widest direction lies along the first axis, the next widest along the
# second, and so on; keep the first `k` coordinates of each image. Beside them, return which **share** of the variance of
# the whole cloud each of the k axes holds. With `torch.linalg.svd` it takes four lines (`full_matrices=False` saves
# memory); another right way counts as much. Whether an axis points up or down is left to you. Keep the dtype of `codes`.


# %% answer="pca"
def pca(codes, k):
    """codes (N, D) → points (N, k), and the share of the variance that each axis holds (k,)."""
    ### BEGIN SOLUTION
    centred = codes - codes.mean(dim=0)
    u, s, _ = torch.linalg.svd(centred, full_matrices=False)
    share = s.square() / s.square().sum()
    return u[:, :k] * s[:k], share[:k]
    ### END SOLUTION


# %% tests="pca"
result = checks.pca(pca)
display(result)
result.points

# %% [markdown]
# Your function at work: 4,000 codes in the plane of their two widest directions. Which digits keep to themselves, which
# lie on top of each other? Keep the picture in mind for question 4.

# %%
your_pca, whose = result.or_library()
points, share = your_pca(codes, 2)
print(whose)
print(f"the plane holds {share[0]:.1%} + {share[1]:.1%} of the variance")
plots.latent_scatter(points, labels, share)

# %% [markdown]
# ## 2 · The mean code of each digit
#
# ●○○, 10 minutes. The mean of the codes of all zeros, of all ones, and so on: one tensor, with a row for each
# digit, in the order 0 to 9. Every digit has at least one image; some have many more than others. Keep the dtype of `codes`.


# %% answer="class_means"
def class_means(codes, labels):
    """codes (N, D), labels (N,) in 0..9 → (10, D)."""
    ### BEGIN SOLUTION
    return torch.stack([codes[labels == digit].mean(dim=0) for digit in range(10)])
    ### END SOLUTION


# %% tests="class_means"
result = checks.class_means(class_means)
display(result)
result.points

# %% [markdown]
# Your function at work: no image was ever encoded at these ten points. What does the decoder draw there? Compare with
# the mean of the *pictures* of each digit, in the row below: there your function averages pixels.

# %%
your_means, whose = result.or_library()
decoded = model.decode(your_means(codes, labels)).detach()
print(whose)
pictures = torch.cat([decoded, your_means(x, labels)])
grey = ((pictures > 0.1) & (pictures < 0.9)).float().view(2, -1).mean(1)
alt = f"Ten decoded mean codes, {grey[0]:.0%} grey; below, ten mean pictures, {grey[1]:.0%} grey."
plots.images(pictures, alt, rows=["mean code", "mean picture"])

# %% [markdown]
# ## 3 · Are neighbours of one kind?
#
# ●●○, 15 minutes. For each image, find the nearest **other** image, by the Euclidean distance of their codes. For which
# share of the images has it the same label? Return a number between 0 and 1. All N × N distances fit into memory.


# %% answer="neighbours_right"
def neighbours_right(codes, labels):
    """codes (N, D), labels (N,) → the share of images whose nearest other image has their label, a float."""
    ### BEGIN SOLUTION
    distance = torch.cdist(codes, codes)
    distance.fill_diagonal_(torch.inf)
    nearest = distance.argmin(dim=1)
    return (labels[nearest] == labels).float().mean().item()
    ### END SOLUTION


# %% tests="neighbours_right"
result = checks.neighbours_right(neighbours_right)
display(result)
result.points

# %% [markdown]
# Your two functions at work: of 1,000 codes, the first *k* coordinates of the PCA, and how often neighbours agree in them.
# Guessing is right one time in ten. How many dimensions does it take to tell the digits apart? (In the plane the lesson
# finds more of them right: there, 15 neighbours among 6,000 vote, here one among 1,000 decides.)

# %%
your_neighbours, whose = result.or_library()
right = {}
for k in (1, 2, 3, 5, 10, 20, 40):
    right[k] = your_neighbours(your_pca(codes[:1000], k)[0], labels[:1000])
print(whose)
shares = ", ".join(f"{share:.2f} for k = {k}" for k, share in right.items())
alt = f"Share of right neighbours in k dimensions: {shares}."
plots.bars(right, alt, xlabel="k", ylabel="share of right neighbours", decimals=2)

# %% [markdown]
# ## 4 · One question in words
#
# ●●○, 10 minutes, 4 points. On the map of exercise 1 the means of 2 and 6 lie close together, those of 0 and 1 far apart.
# The two axes hold 7.2 % + 6.8 % of the variance. What may you conclude from the map about 2 and 6 in the 40 dimensions,
# and what about 0 and 1? How would you check it? Answer in four to six sentences.

# %% [markdown] written="what-the-map-says" points=4
# The map leaves out 38 of the 40 directions, and with them 86 % of the variance. Leaving out coordinates can only shorten
# a distance. So 0 and 1 are at least as far apart in the 40 dimensions as on the map. About 2 and 6 nothing follows: they
# may be close, or far apart along a direction that we do not see. To check it, look in all 40 dimensions. The distance
# between the two mean codes is 3.0 there, against 0.3 on the map: second of the 45 pairs on the map, 19th in 40
# dimensions. And among the twos and sixes of the first 1,000 images, the nearest neighbour is right for every one in 40
# dimensions, but on the map for 53 %, little more than guessing.
#
# **Rubric.** 1 point: the map holds 14 % of the variance only, 86 % is not seen. 1 point: close on the map does not mean
# close in 40 dimensions; nothing follows for 2 and 6. 1 point: far apart on the map does mean far apart in 40 dimensions,
# since a projection can only shorten. 1 point: a check in all 40 dimensions that compares with something, such as the
# distance of the class means against that of other pairs, or the neighbours of these two digits (numbers not required).
# No point for "train for longer" or "use t-SNE", which is another flat map.
