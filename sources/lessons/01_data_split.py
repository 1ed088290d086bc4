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
# - see what a seed fixes, and what stratification changes;
# - cut the training set into shuffled batches.
#
# **Before you begin:** lesson 00. **Time:** 35 minutes, of which the computer needs 20 seconds.

# %%
import torch

from vae_lib import plots
from vae_lib.data import load_loaders, load_tensors, mnist, split_indices

torch.manual_seed(42)
dataset = mnist(train=True)
image, label = dataset[0]
print(f"{len(dataset):,} items: an image {tuple(image.shape)} and its label, here {label}")

# %% [markdown]
# ## What MNIST is
#
# 70,000 handwritten digits, 28 × 28 pixels, grey on black, each with its label 0 to 9: 60,000 to learn from and 10,000
# for the final test. They were scanned in the 1990s from forms filled in by census workers and pupils.

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
#
# Are the pixels black and white, or grey? Let us count.

# %%
train_set, val_set, test_set = load_tensors()
black, white = (train_set.x == 0).float().mean(), (train_set.x > 0.99).float().mean()
print(f"black: {black:.1%}   white: {white:.1%}   grey: {1 - black - white:.1%}")
x = train_set.x[:2000]
alt = "Histogram of the pixels that are not black: all greys, with a peak at white."
plots.histogram({"pixels that are not black": x[x > 0]}, alt, xlabel="value", ylabel="pixels")

# %% [markdown]
# Four pixels of five are black, and more than one in ten is some grey. Keep the grey in mind: in lesson 04 it decides which loss
# is the best one possible.
#
# ### Why [0, 1], and not "standardized"?
#
# Many recipes for classifiers subtract the mean of MNIST and divide by its standard deviation. For this VAE that would
# be a mistake.
#
# **Predict.** After standardizing, which range do the pixels have? Can a sigmoid, which ends a decoder, reach it?

# %%
mean, std = train_set.x.mean(), train_set.x.std()
standardized = (train_set.x - mean) / std
print(f"mean {mean:.3f}, standard deviation {std:.3f}")
print(f"standardized pixels run from {standardized.min():.2f} to {standardized.max():.2f}")

# %% [markdown]
# **What we saw.** Values below 0 and above 1: no sigmoid can draw them, and binary cross-entropy, which reads a pixel as
# a probability, has no meaning there (it even becomes negative). The range of the pixels, the last layer of the decoder
# and the loss must fit together: [0, 1], sigmoid and BCE do. With pixels in [−1, 1] you would need a tanh and another
# loss, such as the squared error, and its numbers could not be compared with ours. `vae_lib` refuses other values with a
# sentence:

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
# | **validation** | choices are made with it: when to stop, which β, how many dimensions | you, as often as you like |
# | **test** | the number you publish | you, once, at the end |
#
# If you choose with the test set, the number you publish is too good: you picked what happened to suit those images.
#
# The report takes 15 % of the 60,000 images for validation.

# %%
train_idx, val_idx = split_indices()
print(f"training {len(train_idx):,}, validation {len(val_idx):,}, test {len(test_set.x):,}")
print("images in both training and validation:", len(set(train_idx) & set(val_idx)))

# %% [markdown]
# ## What the seed fixes
#
# The split is random but repeatable: `train_test_split(..., random_state=42)`.
#
# **Predict.** If you split with seed 42 and I split with seed 43, how many of the 9,000 validation images do we share?

# %%
from sklearn.model_selection import train_test_split

_, again = train_test_split(range(60_000), test_size=0.15, random_state=42)
_, other = train_test_split(range(60_000), test_size=0.15, random_state=43)
print("same seed, images shared: ", len(set(val_idx) & set(again)))
print("other seed, images shared:", len(set(val_idx) & set(other)))

# %% [markdown]
# **What we saw.** With the same seed all 9,000; with another one about 15 % of them, as chance would have it. Now think:
# if you train with split 42 and later validate with split 43, most of your "validation" images were trained on. That
# leak makes every number too good, and no error message tells you. So the split is made in **one** place,
# `vae_lib.data.split_indices`, and everybody calls it.

# %% [markdown]
# ## To stratify or not?
#
# A *stratified* split keeps the share of each digit the same in both parts. The report's split is plain.
#
# **Predict.** By how many images would the plain split miss the right share of a digit: 1, 10, 100?

# %%
labels = dataset.targets
_, stratified = train_test_split(range(60_000), test_size=0.15, random_state=42, stratify=labels)
expected = torch.bincount(labels) * 0.15
print("digit      " + "".join(f"{digit:7}" for digit in range(10)))
for name, part in {"plain": val_idx, "stratified": stratified}.items():
    off = torch.bincount(labels[part]) - expected
    print(f"{name:11}" + "".join(f"{d:+7.1f}" for d in off.tolist()))

# %% [markdown]
# **What we saw.** The table shows how many images of each digit the validation set has too many or too few. The plain
# split misses by up to 23 images in about 900, the stratified one by less than one image.
#
# Does it matter here? The VAE never sees a label, and a few per cent more or fewer of a digit move the average loss by
# little. Where a class is rare, or where you report a score for each class, stratify. We keep the report's plain split,
# so that our numbers can be compared with it.

# %% [markdown]
# ## Batches and shuffling
#
# A step of training uses a *batch*: 64 images. The training loader is the report's own: `DataLoader(batch_size=64,
# shuffle=True)`. The other two keep their order: it changes no average, and figures stay comparable.
#
# **Predict.** How many batches make one pass over 51,000 images (an *epoch*)? How many images has the last one?

# %% tags=["nbval-ignore-output"]
from tqdm.auto import tqdm

train_loader, val_loader, test_loader = load_loaders()
sizes = [len(y) for _, y in tqdm(train_loader, desc="one epoch")]

# %%
print(f"{len(sizes)} batches, the first of {sizes[0]} images, the last of {sizes[-1]}")

# %% [markdown]
# The last batch is smaller. If you average the batch averages, its 56 images weigh more than others. `vae_lib` adds up
# sums and divides once, at the end.
#
# ### What if we did not shuffle?
#
# Imagine images sorted by label, as they often lie in folders.
#
# **Predict.** What would the first batch hold? And which way would the first 50 steps push the model?

# %%
sorted_labels = train_set.y.sort().values
shuffled_labels = next(iter(train_loader))[1]
for name, labels in {"sorted": sorted_labels[:64], "shuffled": shuffled_labels}.items():
    print(f"first batch, {name:8}:", torch.bincount(labels, minlength=10).tolist())
print("batches of nothing but zeros, sorted:", int((sorted_labels == 0).sum()) // 64)

# %% [markdown]
# **What we saw.** Sorted, the first 78 batches hold nothing but zeros, and each of those steps pushes the model towards
# drawing zeros. Shuffled, each step points roughly the way of the whole set. And each epoch has its own order:

# %%
twice = [next(iter(train_loader))[1][:10].tolist() for _ in range(2)]
print(*twice, sep="\n")

# %% [markdown]
# ## The same images in memory
#
# A `DataLoader` turns images into tensors one by one, each time anew. For 220 MB of MNIST that is not needed: one tensor
# holds all images, and a batch is a list of positions. From here on the lessons use `load_tensors`, which returns
# the same images in the same split:

# %%
from_loader = torch.cat([images.flatten(1) for images, _ in val_loader])
print("validation images", tuple(val_set.x.shape), "the same:", torch.equal(from_loader, val_set.x))

# %% [markdown]
# ## Three questions
#
# Answer in your head first, then unfold.
#
# **1.** You divide the bytes by 255 and then subtract 0.5. Which two later parts of the course would stop making
# sense, and why?
#
# <details><summary>Answer</summary>
#
# The sigmoid and the BCE. Pixels now run from −0.5 to 0.5: a sigmoid cannot draw the negative half, and the BCE reads
# a pixel as a probability, which is never below 0.
#
# </details>
#
# **2.** A colleague splits with seed 1 to train, closes the notebook, and splits with seed 2 to validate. No line of
# code is wrong. What is wrong with the number?
#
# <details><summary>Answer</summary>
#
# Only about 15 % of the second validation set were kept back by the first split. The other 85 % were trained on, so
# the number is too good.
#
# </details>
#
# **3.** 51,000 images in batches of 64 make 797 batches, the last of 56. Somebody averages the 797 batch averages.
# Which images count too much, and by how much?
#
# <details><summary>Answer</summary>
#
# The 56 of the last batch: each counts 64/56, about 1.14 times, as much as another image. Small here, but wrong for
# no reason; add up sums and divide once.
#
# </details>

# %% [markdown]
# ## What to take along
#
# - MNIST holds 28 × 28 bytes; `ToTensor` divides by 255. Pixels in [0, 1], a sigmoid and BCE belong together.
# - Training fits weights, validation makes choices, test is looked at once: 51,000 / 9,000 / 10,000.
# - A seed makes the split repeatable; two different splits leak. Stratifying evens out the classes, which matters little
#   here.
# - Batches of 64, shuffled anew in each epoch; the last batch is smaller.
#
# **Where this is limited.** MNIST is small, clean and centred. What works here may fail on photographs.
#
# Next: `02_encoder_decoder`.
