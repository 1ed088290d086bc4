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
# # Assignment 01 · From bytes to batches
#
# You turn the bytes of MNIST into images, split them by hand, and cut the training set into shuffled batches.
#
# | exercise | difficulty | minutes | points |
# |---|---|---|---|
# | 1 · images from bytes | ●○○ | 5 | 10 |
# | 2 · the split | ●●○ | 15 | 10 |
# | 3 · the batches of an epoch | ●●○ | 10 | 10 |
# | 4 · one question in words | ●●○ | 10 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the
# one after it: the check says what holds and what not yet. `checks.split.hint(1)`, then 2 and 3, help you on. You may
# check as often as you like. Do without `vae_lib` in your answers. Leave the arguments of a function in their order: the
# cells below call it with them.

# %%
from vae_lib import plots
from vae_lib.data import mnist

import torch

import vae_checks as checks

torch.manual_seed(42)
dataset = mnist(train=True)
pixels, labels = dataset.data, dataset.targets  # bytes (60000, 28, 28), digits (60000,)

# %% [markdown]
# ## 1 · Images from bytes
#
# ●○○, 5 minutes. The files hold bytes, 0 (black) to 255 (white). Make of them what the encoder reads: one row of 784
# float32 numbers for each image, row after row of its pixels, in [0, 1].


# %% answer="to_images"
def to_images(pixels):
    """uint8 (N, 28, 28) → float32 (N, 784) in [0, 1]."""
    ### BEGIN SOLUTION
    return pixels.flatten(1) / 255
    ### END SOLUTION


# %% tests="to_images"
result = checks.to_images(to_images)
display(result)
result.points

# %% [markdown]
# Your function at work: how bright are the images of each digit, on average? A digit that needs little ink is dark.

# %%
your_images, whose = result.or_library()
x = your_images(pixels)  # (60000, 784)
print(whose)
bright = {str(d): 100 * x[labels == d].mean().item() for d in range(10)}
alt = f"Mean brightness; from dark to bright: {', '.join(sorted(bright, key=bright.get))}."
plots.bars(bright, alt, ylabel="mean pixel, % of white")

# %% [markdown]
# ## 2 · The split
#
# ●●○, 15 minutes. The positions 0 to n − 1 of n images, of one or of 60,000, go into two sets: 85 % for training, 15 %
# for validation, chosen at random, each position in exactly one set. Where 85 % is no whole number, round as you like:
# chance decides who is in which set, not how many. Do it by hand, without scikit-learn.
#
# All randomness comes from the `generator`, a `torch.Generator`: a source of random numbers of its own, which functions
# that draw take as `generator=…`. In the same state it gives the same split; it moves on as it draws, so the next call
# gives another one.


# %% answer="split"
def split(n, generator):
    """Positions of the training and of the validation images: two lists or tensors of whole numbers."""
    ### BEGIN SOLUTION
    order = torch.randperm(n, generator=generator)
    n_train = 85 * n // 100
    return order[:n_train], order[n_train:]
    ### END SOLUTION


# %% tests="split"
result = checks.split(split)
display(result)
result.points

# %% [markdown]
# Your function at work, on all 60,000 images. For eight validation images we look for the training image that is
# nearest in its pixels. An image that leaked into both sets would find itself.

# %%
your_split, whose = result.or_library()
parts = your_split(60_000, torch.Generator().manual_seed(42))
train_x, val_x = (x[torch.as_tensor(list(positions))] for positions in parts)
some = val_x[:8]
nearest = train_x[torch.cdist(some, train_x).argmin(dim=1)]
print(whose, f"{len(train_x):,} images for training, {len(val_x):,} for validation.")
print(f"Found itself: {(some == nearest).all(dim=1).sum()} of {len(some)}.")
alt = "Eight validation images, and below each the training image that is nearest in its pixels."
plots.images(torch.cat([some, nearest]), alt, ncols=8, rows=["validation", "nearest in training"])

# %% [markdown]
# ## 3 · The batches of an epoch
#
# ●●○, 10 minutes. Cut the positions 0 to n − 1 into batches of `batch_size`, in a shuffled order: each position once, and
# the last batch smaller if it must be. The generator moves on as it draws, so the next call gives the next epoch, in
# another order.


# %% answer="batches"
def batches(n, batch_size, generator):
    """The batches of one epoch: a list of index tensors (or lists)."""
    ### BEGIN SOLUTION
    order = torch.randperm(n, generator=generator)
    return order.split(batch_size)
    ### END SOLUTION


# %% tests="batches"
result = checks.batches(batches)
display(result)
result.points

# %% [markdown]
# Your function at work: the first batches of two epochs. Every image comes back in the second epoch, but in other company.

# %%
your_batches, whose = result.or_library()
generator = torch.Generator().manual_seed(42)
epochs = [your_batches(len(train_x), 64, generator) for _ in range(2)]
print(whose, f"{len(epochs[0])} batches; the last one has {len(epochs[0][-1])} images.")
first = torch.cat([train_x[torch.as_tensor(list(epoch[0])[:10])] for epoch in epochs])
alt = "Ten digits of the first batch of epoch 1, and ten others of the first batch of epoch 2."
plots.images(first, alt, rows=["epoch 1", "epoch 2"])

# %% [markdown]
# ## 4 · One question in words
#
# ●●○, 10 minutes, 4 points. A colleague trains the same model with ten learning rates, evaluates each on the test set, and
# publishes the lowest of the ten test losses. "Nothing leaks," she says, "the model was never trained on a test image."
# Explain to her, in three to six sentences, what leaked all the same, on which side of the truth her number lies, and how
# three sets would have served her.

# %% [markdown] written="what-leaked" points=4
# The weights have not seen the test images, but the choice of the learning rate has: it is fitted to them. Each of the ten
# losses is the true one plus some luck with these 10,000 images, and she picked a run that was lucky. So her number is too
# low, too good: on new images the same model will do a little worse on average. She should choose the learning rate by the
# validation loss, as often as she likes, and evaluate only the chosen model on the test set, once. The validation loss of
# the chosen model is too good for the same reason, which is why validation and test are two sets.
#
# **Rubric.** 1 point: the choice (the learning rate, not the weights) was made with the test set. 1 point: the published
# loss is too low (too optimistic). 1 point: says why: the lowest of ten is partly luck with these images. 1 point: choose
# on validation, evaluate the chosen model once on test. No point for "the test images were trained on".
