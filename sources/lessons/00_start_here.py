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
# # Start here
#
# This course has one goal: that you understand a **Variational Autoencoder** (VAE) well enough to train one,
# measure it, and tell what it can and cannot do.
#
# In this lesson you will
#
# - see what you are going to build;
# - find your way through the lessons;
# - check that this computer is ready.
#
# **Before you begin:** you can read Python and have seen a neural network once.
# **Time:** 15 minutes, of which the computer needs 10 seconds.

# %% [markdown]
# ## What you will build
#
# Click into the next cell and press **Shift+Enter** to run it. It loads the model that you will train yourself in
# lesson 05, and asks it for thirty digits that nobody ever wrote.

# %%
from vae_lib import plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode, interpolate, sample

import torch

torch.manual_seed(42)
model, history = load_trained()
alt = "Thirty generated digits. Some are clear, some are no digit at all."
plots.images(sample(model, 30), alt, ncols=15)

# %% [markdown]
# You may read nearly half of them; a *classifier*, a network that names digits, is 90 % sure of one in three. Why that is so, how to
# measure it, and how the *same* model draws more than twice as many, is a question that the course answers, in its last
# lessons.
#
# A VAE squeezes each image of 784 pixels into a handful of numbers and draws the image again from them.
# Here are ten handwritten digits that it never saw in training, and what it made of them:

# %%
_, _, test_set = load_tensors()
mu, sigma = encode(model, test_set.x[:10])
plots.reconstructions(test_set.x[:10], model.decode(mu).detach())

# %% [markdown]
# And because the numbers form a space, you can walk through it: from the first digit above to the second, in ten steps.

# %%
walk = interpolate(model, mu[0], mu[1], steps=10)
plots.images(walk, "Ten images on the way from a 7 to a 2; those in the middle are faint.")

# %% [markdown]
# ## The map
#
# The course repeats [a real report](../docs/the_report.md), a student's VAE on MNIST, and questions each of its
# statements. Every lesson opens on its own, in any order, but they build on each other. The minutes are those
# that fresh readers needed, thinking included.
#
# | lesson | the question it answers | minutes |
# |---|---|---|
# | `00_start_here` | Is everything ready? | 15 |
# | [`01_data_split`](01_data_split.ipynb) | What do we learn from, and what do we keep back? | 25 |
# | [`02_encoder_decoder`](02_encoder_decoder.ipynb) | How do 784 numbers become 40, and 784 again? | 55 |
# | [`03_reparameterization_trick`](03_reparameterization_trick.ipynb) | How does a gradient pass through a random draw? | 65 |
# | [`04_bce_vs_kld`](04_bce_vs_kld.ipynb) | What are the two halves of the loss, and which loss is good? | 110 |
# | [`05_training`](05_training.ipynb) | What does training look like, epoch by epoch? | 85 |
# | [`06_latent_space_pca`](06_latent_space_pca.ipynb) | What do the 40 numbers mean? | 50 |
# | [`07_live_sampling`](07_live_sampling.ipynb) | What does it feel like to move through them? | 50 |
# | [`08_the_report_revisited`](08_the_report_revisited.ipynb) | Which statements of the report hold, and why are samples worse? | 80 |
# | [`09_exact_likelihood`](09_exact_likelihood.ipynb) | What does the loss bound, and whose fault is the gap? | 75 |
# | [`10_why_samples_are_worse`](10_why_samples_are_worse.ipynb) | Where do all codes lie, and which samples are mended by that? | 50 |
# | [`11_rate_distortion_collapse`](11_rate_distortion_collapse.ipynb) | How much should a code say, and when is a dimension rightly unused? | 65 |
# | [`12_broken_vae_clinic`](12_broken_vae_clinic.ipynb) | Which mistake prints these numbers and draws these pictures? | 60 |
# | [`13_a_vae_at_work`](13_a_vae_at_work.ipynb) | What does not belong, and how do I begin with my own images? | 60 |
# | [`14_speedrun`](14_speedrun.ipynb) | How few images does the report's quality take? | 45 |
#
# Up to 08 the lessons follow the report; the later ones go on where it ends.
#
# ## How to work
#
# - Where you read **Predict**, stop and answer in your head or on paper *before* you run the cell. What answers it is
#   collapsed in JupyterLab: press Shift+Enter from cell to cell, and each opens as you come to it. (Code that tells the
#   answer, as a figure's description does, stays collapsed: a click on its three dots shows it.) A wrong guess that you
#   noticed teaches more than a right answer that you read.
# - After a lesson, its assignment lets you write the thing yourself; a check names your mistake. Each lesson ends with a link.
# - Change the cells and run them again. You cannot break anything: *Kernel → Restart Kernel and Run All Cells* brings
#   everything back.
# - What the shipped model prints may differ from our print in the last digit; a model that you train yourself comes out a
#   little different, and draws other scribbles. [Lesson 05](05_training.ipynb) explains why.
# - The code behind the lessons is the folder `vae_lib`: short files, to be read in the order of its `__init__.py`.
# - A word that you do not know stands in the [glossary](../GLOSSARY.md), with the lesson that explains it.
#
# Nothing here needs the internet: MNIST and the trained model are already on this disk.
#
# ## The words
#
# One word for one thing, in the text, in the code and in the figures. Do not learn them yet. The *encoder* turns an
# image into numbers, the *decoder* turns numbers into an image; *latent* means hidden, and is the space of those numbers.
# N(0, I) is bell-shaped noise: in each dimension a number of its own, with mean 0 and standard deviation 1. (I is the identity
# matrix: no dimension knows of another.) The *sigmoid* squeezes any
# number into (0, 1). `bce` says how badly the pixels are drawn, `kld` how far the encoder's answer is from N(0, I), and a
# *nat* is the unit of both ([lesson 04](04_bce_vs_kld.ipynb)). A *sample* is, for a statistician, one draw of z; here it is
# the image decoded from such a draw.
#
# | word | meaning | shape |
# |---|---|---|
# | `x` | images, pixels in [0, 1] | (B, 784) |
# | `mu`, `sigma` | mean and standard deviation that the encoder gives for each image | (B, D) |
# | `eps` | random noise from N(0, I) | (B, D) |
# | `z` | a latent point, `mu + sigma * eps` | (B, D) |
# | `x_logits` | what the decoder gives, before the sigmoid | (B, 784) |
# | `x_hat` | after the sigmoid: the reconstruction, in [0, 1] | (B, 784) |
# | `bce`, `kld`, `loss` | the two terms of the loss and their sum, in **nats per image** | (B,) or one number |
# | `beta` | the weight of `kld`; 1 unless we say otherwise | one number |
#
# B is the number of images in a batch, D = `latent_dim` = 40.

# %% [markdown]
# ## Is this computer ready?
#
# Each line of the table should say *ok*. A line that says *problem* ends with the remedy.

# %% tags=["nbval-ignore-output"]
from vae_lib.environment import check_environment

checks = check_environment()
checks

# %% [markdown]
# One thing only you can check: the next cell should show a slider that you can drag.
# If you see a line of text instead, reload the page and run the cell again.

# %% tags=["nbval-ignore-output"]
from ipywidgets import IntSlider

assert checks.ok, checks
IntSlider(7, 0, 9, description="drag me")

# %% [markdown]
# ## What to take along
#
# - You saw what you are going to build: generated digits, reconstructions, and a walk between two digits.
# - You know the lessons and how to work through them.
# - This computer is ready. Next: [lesson 01](01_data_split.ipynb).
