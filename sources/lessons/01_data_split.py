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
# # 01 · Data: what we learn from, and what we keep back
#
# In this lesson you will
#
# - meet MNIST and turn its bytes into tensors in [0, 1];
# - split it into training, validation and test sets, and say what each is for;
# - see what a seed fixes;
# - cut the training set into shuffled batches.
#
# **Before you begin:** [lesson 00](00_start_here.ipynb). **Time:** 25 minutes, of which the computer needs 20 seconds.
# Each new word stands in the [glossary](../GLOSSARY.md).

# %%
from vae_lib import plots
from vae_lib.data import load_loaders, load_tensors, mnist, split_indices

import torch

torch.manual_seed(42)
dataset = mnist(train=True)
image, label = dataset[0]
print(f"{len(dataset):,} items: an image {tuple(image.shape)} and its label, here {label}")

# %% [markdown]
# ## What MNIST is
#
# 70,000 handwritten digits, 28 × 28 pixels, each with its label 0 to 9: 60,000 to learn from and 10,000 for the final test.
# They were scanned in black and white; the grey came when they were shrunk to 20 × 20 pixels and centred ([LeCun et al. 1998](http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf)).

# %%
first = [dataset[i] for i in range(20)]
x = torch.stack([image for image, _ in first]).flatten(1)
alt = "The first twenty training images with their labels."
plots.images(x, alt, titles=[label for _, label in first])

# %% [markdown]
# ## From bytes to [0, 1]
#
# The files hold bytes, 0 to 255. The transform `ToTensor` makes them floats.
#
# **Predict.** What does `ToTensor` do to a pixel of 255? And to the shape (28, 28)?

# %%
raw, image = dataset.data[0], dataset[0][0]
print(f"in the file: {tuple(raw.shape)} {raw.dtype}, {raw.min()} to {raw.max()}")
print(f"after ToTensor: {tuple(image.shape)} {image.dtype}, {image.min():.1f} to {image.max():.1f}")
print("the same as bytes / 255:", torch.equal(image[0], raw / 255))

# %% [markdown]
# **What we saw.** It divides by 255 and adds a dimension for the (single) colour channel. Nothing else.

# %% [markdown]
# A `DataLoader` would turn images into tensors one by one, each time anew. MNIST is small, 220 MB as floats, so
# `load_tensors` puts each of three sets into one tensor (N, 784).
#
# **Predict.** Are the pixels black and white, or grey? How many of a hundred are neither?

# %%
train_set, val_set, test_set = load_tensors()
black, white = (train_set.x == 0).float().mean(), (train_set.x > 0.99).float().mean()
print(f"black: {black:.1%}   white: {white:.1%}   grey: {1 - black - white:.1%}")

# %% [markdown]
# **What we saw.** Four pixels of five are black, and more than one in ten is some grey. Keep the grey in mind: in [lesson
# 04](04_bce_vs_kld.ipynb) it decides which loss is the best one possible.

# %% [markdown]
# ### Why [0, 1], and not "standardized"?
#
# Many recipes for classifiers subtract the mean of MNIST and divide by its standard deviation. This VAE ends in a *sigmoid*,
# which squeezes any number into (0, 1), and its loss reads each pixel as the probability of white.
#
# **Predict.** After standardizing, which range do the pixels have? Can a sigmoid reach it?

# %%
mean, std = train_set.x.mean(), train_set.x.std()
standardized = (train_set.x - mean) / std
print(f"mean {mean:.3f}, standard deviation {std:.3f}")
print(f"standardized pixels run from {standardized.min():.2f} to {standardized.max():.2f}")

# %% [markdown]
# **What we saw.** Values below 0 and above 1: no sigmoid can draw them, and a probability of 2.8 has no meaning. The loss then
# has no lowest value at all, and a training runs away ([lesson 04](04_bce_vs_kld.ipynb) shows it). The range of the
# pixels, the last layer and the loss must fit together. For other pixels take a linear last layer and a squared error; its
# numbers cannot be compared with ours. `vae_lib` refuses other values with a sentence:

# %%
from vae_lib.train import check_images

try:
    check_images(standardized)
except ValueError as error:
    print(error)

# %% [markdown]
# ## Why three sets
#
# | set | what it is for | who may look |
# |---|---|---|
# | **training** | the weights are fitted to it | the optimizer |
# | **validation** | choices are made with it: when to stop, how many dimensions | you, often; not for ever, for a hundred choices fit it, too |
# | **test** | the number you publish | you, once, at the end |
#
# If you choose with the test set, the number you publish is too good: you picked what happened to suit those images.
#
# The report takes 15 % of the 60,000 images for validation. The split is random but repeatable:
# `train_test_split(..., random_state=42)`.
#
# **Predict.** If you split with seed 42 and I split with seed 43, how many of the 9,000 validation images do we share?

# %%
from sklearn.model_selection import train_test_split

train_idx, val_idx = split_indices()
print(f"training {len(train_idx):,}, validation {len(val_idx):,}, test {len(test_set.x):,}")
for seed in (42, 43):
    _, again = train_test_split(range(60_000), test_size=0.15, random_state=seed)
    print(f"seed {seed}, images shared: {len(set(val_idx) & set(again))}")

# %% [markdown]
# **What we saw.** With the same seed all 9,000; with another one about a seventh of them, as chance would have it. So if you train
# with split 42 and later validate with split 43, most of your "validation" images were trained on. That leak makes the number
# too good, without an error message; here by less than a *nat*, the unit of the loss ([lesson 05](05_training.ipynb)), elsewhere by much. So the
# split is made in **one** place, `vae_lib.data.split_indices`, and everybody calls it. (It is a plain split. A *stratified* one
# would keep the share of each digit the same in both parts; where a class is rare, take that.)

# %% [markdown]
# ## Batches and shuffling
#
# A step of training uses a *batch*: 64 images. The training loader is the report's own: `DataLoader(batch_size=64,
# shuffle=True)`.
#
# **Predict.** How many batches make one pass over 51,000 images (an *epoch*)? How many images has the last one?

# %% tags=["nbval-ignore-output"]
from tqdm.auto import tqdm

train_loader, val_loader, test_loader = load_loaders()
sizes = [len(y) for _, y in tqdm(train_loader, desc="one epoch")]

# %%
print(f"{len(sizes)} batches, the first of {sizes[0]} images, the last of {sizes[-1]}")

# %% [markdown]
# **What we saw.** The last batch is smaller. If you average the batch averages, its images weigh more than others. `vae_lib`
# adds up sums and divides once, at the end.

# %% [markdown]
# Now imagine the images sorted by label, as they often lie in folders.
#
# **Predict.** What would the first batch hold, sorted and shuffled?

# %%
sorted_labels = train_set.y.sort().values
shuffled_labels = next(iter(train_loader))[1]
for name, labels in {"sorted": sorted_labels[:64], "shuffled": shuffled_labels}.items():
    print(f"first batch, {name:8}:", torch.bincount(labels, minlength=10).tolist())
print("batches of nothing but zeros, sorted:", int((sorted_labels == 0).sum()) // 64)

# %% [markdown]
# **What we saw.** Sorted, the first 78 batches hold nothing but zeros: 78 steps that learn to draw zeros. Shuffled, each batch
# is a small picture of the whole set. The order comes from a random generator: PyTorch's global one, which
# `torch.manual_seed` sets, or one of your own, `torch.Generator().manual_seed(42)`, which nobody else draws from.

# %%
for seed in (1, 1, 2):
    generator = torch.Generator().manual_seed(seed)
    print(f"seed {seed}:", torch.randperm(51_000, generator=generator)[:8].tolist())

# %% [markdown]
# ## Two questions
#
# Answer in your head first, then unfold.
#
# **1.** You divide the bytes by 127.5 and then subtract 1. Which two later parts of the course would stop making sense?
#
# <details><summary>Answer</summary>
#
# The sigmoid and the loss. Pixels now run from −1 to 1: a sigmoid cannot draw the negative half, and a probability is never
# below 0.
#
# </details>
#
# **2.** Two people train with the same code, and each chooses the best of 200 settings on the validation set. Whose
# validation loss is a fair number to publish?
#
# <details><summary>Answer</summary>
#
# Nobody's. The best of 200 is partly good and partly lucky on these 9,000 images. The test set, looked at once, is fair.
#
# </details>

# %% [markdown]
# ## What to take along
#
# - MNIST holds 28 × 28 bytes; `ToTensor` divides by 255. Pixels in [0, 1], a sigmoid and this loss belong together.
# - Training fits weights, validation makes choices, test is looked at once: 51,000 / 9,000 / 10,000.
# - A seed makes the split repeatable; two different splits leak.
# - Batches of 64, shuffled anew in each epoch; the last batch is smaller.
#
# **Where this is limited.** MNIST is small, clean and centred. What works here may fail on photographs. And a random split
# has the same writers on both sides; MNIST's test set has others.
#
# Now write the split and the batches yourself: [assignment 01](../exercises/01_data_split/01_data_split.ipynb).
# Next: [lesson 02](02_encoder_decoder.ipynb).
