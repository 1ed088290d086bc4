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
# # 12 · The clinic: which program made these numbers?
#
# Somebody's VAE does not work, and you see what its user sees: printed losses, some pictures, no code. In this lesson you will
#
# - learn the order in which to look: the unit of the loss, its parts, the dimensions, the pictures, and last the code;
# - meet 28 programs that differ from a healthy one in one place, and what each of them shows;
# - find out why the lowest losses all belong to broken programs;
# - tell three causes of one symptom apart by an experiment of a second;
# - end with a decision table that a cell has tried on all of them, and with thirteen patients of your own.
#
# **Before you begin:** lessons [04](04_bce_vs_kld.ipynb), [05](05_training.ipynb) and [06](06_latent_space_pca.ipynb).
# **Time:** 60 minutes, of which the computer needs half a minute. Each new word stands in the [glossary](../GLOSSARY.md).

# %% tags=["control"]
import math
import statistics

from vae_lib import clinic, drawings, plots
from vae_lib.clinic import load_clinic
from vae_lib.data import load_tensors
from vae_lib.model import VAE
from vae_lib.widgets import Clinic

import torch

cases = load_clinic()
train_set, val_set, _ = load_tensors()
x = val_set.x[:10]

# %% [markdown]
# ## A healthy program
#
# All programs of this lesson are this one, with a line or two exchanged. Each was run for five epochs of 10,000 images, the
# healthy one with two seeds; the results ship with the course. Read it once; you wrote most of it in the assignments.

# %%
print(clinic.HEALTHY)

# %% [markdown]
# It uses `log_var` and a learning rate of 1e-3, so that five epochs are enough. This is what its user sees. On the right,
# above, the KLD of each dimension, the largest first, worked out by the formula from what the encoder says, whatever the
# program prints; below, all the σ that the program multiplies its noise with. (A printed number is a mean over its epoch, in
# which the weights still moved. Pictures, KLD by the formula and σ are those of new images, after the last epoch: so two KLD
# differ a little.)

# %%
drawings.case_file(cases["healthy"], x, "Healthy", clinic.PATIENTS["healthy"].looks)

# %% [markdown]
# How much of that is luck? A doctor knows what is usual. One number more, which the user does not see: the **true loss**,
# the BCE and KLD of 2,000 new images by code other than the program's own, with z drawn from N(μ, σ²), pixels in [0, 1], and
# all summed.

# %%
healthy = cases["healthy"]
for name, values in {
    "printed loss": healthy.printed[:, -1, 0].tolist(),
    "dimensions above 0.1 nats": healthy.used,
    "true loss on new images": [losses.loss for losses in healthy.honest],
}.items():
    print(f"{name:27}" + "".join(f"{value:8.4g}" for value in values))

# %% [markdown]
# The two seeds are 0.3 nats and two dimensions apart, and the true loss is near the printed one. Two runs are few: so only
# five nats or more shall count as a symptom.
#
# ## First: can this number be a loss at all?
#
# Before anything else look at the *unit*. A loss in nats per image cannot lie just anywhere: below [the floor of 46
# nats](04_bce_vs_kld.ipynb) no BCE gets, the mean image pays 206, and a decoder that says ½ for each pixel pays 784 log 2. So
# first the programs that are below the floor or above mid-grey.
#
# **Predict.** Which mistakes print a loss below 1? Which one below 0? And what does a program print whose decoder cannot say
# less than ½ for any pixel?


# %%
def print_losses(names):
    for name in names:
        _, bce, kld = cases[name].printed[0, -1].tolist()
        losses = "".join(f"{loss:10.3g}" for loss in cases[name].printed[0, :, 0].tolist())
        print(f"{name:28}{losses}   = {bce:.4g}, {kld:.4g}")


# %%
ends = {name: case.printed[:, -1, 0] for name, case in cases.items()}
mid_grey = 784 * math.log(2)
strange = [name for name, loss in ends.items() if not ((loss > 46) & (loss < mid_grey)).all()]

# %%
print(
    f"784 log 2 = {mid_grey:.1f}\n\nloss after epoch            1         2  …              = BCE, KLD"
)
print_losses(strange)

# %% [markdown]
# **What we saw.** Each of these numbers is a diagnosis by itself. Below 1 is a mean over pixels; 0.265 times 784 is what the
# mean image costs. A BCE below 0 cannot come from pixels between 0 and 1: outside of them the loss has no floor, and the
# training digs. A KLD that is rewarded goes to infinity. 38 is lower than [the floor of 46 nats](04_bce_vs_kld.ipynb), so it
# is no BCE of grey pixels, but a squared error. 543.5 is mid-grey: what has been through one sigmoid is above 0, and the
# second makes more than ½ of it. And 8.28e+03, 64 times 129, is no illness at all, only a sum over 64 images: Adam divides
# the factor out. But it cannot be compared with anything.

# %% [markdown]
# ## Second: too good to be true
#
# Now the programs whose loss is in range.
#
# **Predict.** Eight programs print a loss that is more than five nats lower. How many of these models are better?

# %%
usual = ends["healthy"].mean()
good = [name for name in cases if name not in strange and (ends[name] < usual - 5).all()]

# %%
print("                            printed   = BCE    + KLD      true loss")
for name in sorted([*good, "healthy"], key=lambda name: ends[name].mean()):
    loss, bce, kld = cases[name].printed.mean(0)[-1].tolist()
    true = statistics.mean(losses.loss for losses in cases[name].honest)
    print(f"{name:28}{loss:7.0f}{bce:8.0f}{kld:9.1f}{true:15.0f}")

# %% [markdown]
# **What we saw.** None. Measured by the same honest code every one of them is worse than the healthy one; the best of them
# has 132 nats, where that has 128. Two ways lead here. Either the KLD is not in the loss as it should be, so that codes may
# say more than is paid for; or the noise that the decoder sees is not the noise that the KLD pays for, so that σ = 1 is
# cheap and harmless. A loss is a bound only if both of its parts speak of the same q(z|x).

# %% [markdown]
# How can one see it, without an instrument that knows better? By asking what the program *draws with*: which σ it multiplies
# its noise with, and by how much two reconstructions of an image differ, on average over the pixels, if each is drawn anew.
#
# **Predict.** Four programs: the healthy one, z = μ, log σ² used as σ, and the same ε for ever. Which of them draw the same
# picture twice?

# %%
for name in ["healthy", "no noise, z = μ", "log σ² used as σ", "the same ε for ever"]:
    case = cases[name]
    edge = clinic.LOW + 0.1 * case.sigma.argmax()
    near = f"most σ near {edge:.1f} to {edge + 0.1:.1f}, {case.sigma[:10].sum():.0%} below 0"
    print(f"{name:20}{near}; decoded twice, an image differs by {case.apart[0]:.3f}")

# %% [markdown]
# **What we saw.** Without noise, and with the same noise for ever, the second picture is the first. Then σ may be near 1, as
# cheap as it can be: no noise ever comes of it. With log σ² used as σ some noise is left, about a quarter of the healthy
# one's, and 55 % of its σ are below 0, which no exp(log σ² / 2) can be.

# %% [markdown]
# ## Third: the number of the mean image
#
# Four programs stop at the BCE of the mean image, 206, with a KLD near 0, and draw the same grey blob for every image. No
# information passes. In one the encoder is *not in the optimizer*; in one z is *detached* before it is decoded; one feeds
# the decoder *fresh noise* in place of z; and one *shuffles the targets*, so that a reconstruction is compared with another
# image of the batch.
#
# **Predict.** In which of the four will the KLD, epoch by epoch, show that the encoder tried to say something?

# %%
blob = [
    name
    for name, case in cases.items()
    if 200 < case.printed[0, -1, 1] < 212 and case.printed[0, -1, 2] < 1
]

# %%
for name in blob:
    print(f"{name:30}" + "".join(f"{kld:10.4f}" for kld in cases[name].printed[0, :, 2].tolist()))

# %% [markdown]
# **What we saw.** With shuffled targets the encoder tried: nearly five nats in the first epoch. Then it gave up, because
# nothing it said was of use. In the first program the KLD never moves: nobody trains the encoder. The other two are alike to
# the last digit shown.

# %% [markdown]
# Two of the four are still alike, and nobody would see the third in its last epoch. Causes with one symptom are told apart
# by an *experiment*. All three take a fresh model, one batch, and the program's own functions; together they take a second.
#
# 1. Take the gradient of the **BCE alone**. Does any of it arrive at the encoder?
# 2. Move every μ by 1, with the same noise. Does the BCE notice?
# 3. Train on 64 images only, for 200 epochs. A program in order learns them by heart.
#
# **Predict.** Fill in the table before you run it: yes or no, three programs and the healthy one.


# %%
def bce_of(run, model, x):
    torch.manual_seed(0)
    return run.measure(model, x)[1]


def examine(name, x):
    torch.manual_seed(42)
    run, model = clinic.functions(name), VAE(sigma_head="log_var")
    bce = bce_of(run, model, x)
    bce.backward()
    pull = model.encoder.hidden.weight.grad
    pull = 0.0 if pull is None else pull.norm().item()
    with torch.no_grad():
        model.encoder.hid_mu.bias += 1
        moved = (bce_of(run, model, x) - bce).abs().item()
    return pull, moved


# %% tags=["nbval-ignore-output"]
images = (train_set.x[:10_000] * 255).round().byte()
print("                            1. gradient   2. change   3. BCE of 64 images")
found = {}
for name in ["healthy", "z detached", "decoder fed fresh noise", "targets shuffled"]:
    pull, moved = examine(name, images[:64] / 255)
    torch.manual_seed(42)
    by_heart = clinic.functions(name).train(VAE(sigma_head="log_var"), images[:64], 200)[-1][1]
    found[name] = pull > 0, moved > 0, by_heart < 150
    print(f"{name:28}{pull:11.3f}{moved:12.3f}{by_heart:12.0f}")

# %%
# For the course's own tests; there is nothing to do here.
assert list(found.values()) == [
    (True, True, True),
    (False, True, False),
    (False, False, False),
    (True, True, False),
]

# %% [markdown]
# **What we saw.** The gradient finds the cut: with a detached z, and with fresh noise for z, the BCE does not pull at the
# encoder at all. The change finds where: what is detached still reaches the decoder, fresh noise never saw the image. And
# shuffled targets pass both, for their path is whole; only learning by heart shows that there is nothing to learn. Three
# experiments, three causes, and not one look at the code.

# %% [markdown]
# ## Fourth: too high, or healthy at first sight
#
# What is left prints a loss between the healthy one and 300, or one that looks healthy: a learning rate of 0.1, 0.03, 0.01
# or 1e-5 in place of 1e-3; a forgotten `zero_grad`; a forgotten ½ in the KLD; one ε for the whole batch. Here one looks
# *inside*: at the KLD by the formula beside the printed one; at the dimensions in use, those with a KLD above 0.1 nats (the
# others are *dead*); and at how many reconstructions a classifier of real digits reads as the digit that they should be.
#
# **Predict.** Which of these have most of their 40 dimensions dead? And in which is the printed KLD not the KLD?

# %%
rest = [name for name in cases if name not in [*strange, *good, *blob]]

# %%
print("loss after epoch             4 →   5    KLD  by formula  in use  read right")
for name in sorted(rest, key=lambda name: ends[name].mean()):
    case = cases[name]
    (before, *_), (loss, _, kld) = case.printed.mean(0)[-2:].tolist()
    true = statistics.mean(losses.kld for losses in case.honest)
    used, right = statistics.mean(case.used), statistics.mean(case.right)
    print(f"{name:26}{before:4.0f} → {loss:3.0f}{kld:7.1f}{true:12.1f}{used:8.0f}{right:12.0%}")

# %% [markdown]
# **What we saw.** ½ forgotten prints 26.5 nats where the formula says 13.6: a hidden β of 2. A learning rate ten or thirty
# times too large leaves 10 or 6 dimensions alive. By its loss the former would pass for healthy. The forgotten `zero_grad`,
# 0.1 and 1e-5 are worse than the mean image, and their reconstructions are read right no more often than by chance. They
# differ in time: at 1e-5 the loss still falls, from 331 to 298 in its last epoch, and the other two hardly move.

# %% [markdown]
# One ε for the whole batch leaves nothing in this table that is its own: the loss is too high, and both parts are what they
# claim to be. An experiment finds it: the same weights, the same 64 images, the loss fifty times. Only the noise differs.
# With noise of its own for each image the errors of 64 images cancel.
#
# **Predict.** By what factor do the losses scatter more, if all images share the noise?

# %% tags=["nbval-ignore-output"]
torch.manual_seed(42)
model = VAE(sigma_head="log_var")
clinic.functions("healthy").train(model, images, 2)
spread = {}
for name in ["healthy", "one ε for the batch"]:
    run = clinic.functions(name)
    losses = [run.measure(model, images[:64] / 255)[0].item() for _ in range(50)]
    spread[name] = statistics.stdev(losses)
    print(f"{name:28}mean {statistics.mean(losses):.0f}, ± {spread[name]:.1f} nats")

# %%
# For the course's own tests; there is nothing to do here.
assert spread["one ε for the batch"] > 3 * spread["healthy"]

# %% [markdown]
# **What we saw.** Several times as much, around the same mean, as in [lesson 03](03_reparameterization_trick.ipynb). Shared
# noise makes an error that 64 images do not average away, in the loss and in its gradient.

# %% [markdown]
# ## A table for the wall
#
# All of that in the order of a doctor, as a function. It sees what the program printed last, and what honest code measured:
# the true losses and the dimensions in use. The thresholds were chosen by looking at these 29 programs: it is a summary of
# what you have seen, and for other settings they are others.


# %%
def triage(loss, bce, kld, true, used):
    if not (0 < bce < 1000 and 0 <= kld < 500 and loss > 0):
        return "impossible numbers: pixels, a sign, a sum over the batch"
    if loss < 1:
        return "the unit: a mean over pixels"
    if abs(bce - mid_grey) < 2:
        return "mid-grey: a sigmoid too many"
    wrong_kld = abs(kld - true.kld) > 0.3 and not 0.6 < kld / true.kld < 1.6
    if abs(loss - bce - kld) > 1 or wrong_kld:
        return "the KLD is not the KLD, or is not in the loss"
    if bce < true.bce - 8:
        return "too good: the noise or the BCE is another than it should be"
    if abs(bce - 207) < 5 and kld < 1:
        return "no information passes: experiment"
    if bce > 195:
        return "worse than the mean image: the optimizer"
    if used < 25:
        return "dead dimensions: the learning rate"
    return "too high: noise shared" if loss > 140 else "healthy"


# %%
verdicts = {}
for name, case in cases.items():
    each = zip(case.printed[:, -1].tolist(), case.honest, case.used)
    found = {triage(*printed, true, used) for printed, true, used in each}
    assert len(found) == 1  # the healthy one's seeds are alike
    verdicts.setdefault(found.pop(), []).append(name)

# %%
for verdict, names in verdicts.items():
    print(f"{verdict}\n    {'; '.join(names)}")

# %% [markdown]
# **What we saw.** No broken program is called healthy, and most verdicts leave a few causes: from there on it takes an
# experiment, or the code. Look twice at one of the impossible numbers: log σ² forgotten was among the too good ones, but its
# KLD was below 0, and no divergence is.

# %% [markdown]
# ## Your patients
#
# A dozen broken programs and a healthy one, in no order. Look at the unit, then at the parts, the dimensions, σ, and the
# pictures last. Then commit yourself; the answer shows the line.

# %% tags=["control", "nbval-ignore-output"]
Clinic(cases, x)

# %% [markdown]
# ## What a loss is worth
#
# **Predict.** Sort the programs of the second to fourth look by the printed loss, the lowest first. Where is the healthy
# one? And where, if all 29 are sorted by the share of samples that a classifier takes for a digit?

# %%
in_nats = [name for name in cases if name not in strange]
by_loss = sorted(in_nats, key=lambda name: ends[name].mean())
by_samples = sorted(cases, key=lambda name: -statistics.mean(cases[name].readable))

# %%
print(f"by loss the healthy one is number {by_loss.index('healthy') + 1} of {len(in_nats)}")
print(f"by samples number {by_samples.index('healthy') + 1} of {len(cases)}; the first five:")

# %%
for name in by_samples[:5]:
    print(f"    {name:28}{statistics.mean(cases[name].readable):5.0%}")

# %%
shown = [*by_samples[:5], "healthy"]
samples = torch.cat([cases[name].samples for name in shown])
alt = "Ten samples each of six programs: mid-grey, grey noise, blots, grey fog, white patches; scribbles and some digits."
plots.images(samples, alt, rows=shown)

# %% [markdown]
# **What we saw.** The printed loss puts nine broken programs in front, and so would many a table in a README. Readable
# samples are no better a doctor: mid-grey, noise and white patches come first, for the classifier is sure of what it never
# saw, and some of it pleases it more than the healthy program's scribbles. Neither number is a diagnosis; that begins with
# the question whether a number means what it says.

# %% [markdown]
# ## Three questions
#
# Answer in your head first, then unfold.
#
# **1.** A friend's images and logits are (64, 1, 28, 28). The KLD is right, but the BCE of each pixel goes through
# `.sum(-1).mean()`. What does the program print for mid-grey pictures, which β does it hide, and what will the
# reconstructions be?
#
# <details><summary>Answer</summary>
#
# Only the 28 pixels of a row are added up, and the mean is taken over images and rows: 543.4 / 28 = 19.4 nats, a 28th of an
# image's. β is 28. [Lesson 04](04_bce_vs_kld.ipynb) saw what 20 does: hardly anything passes, and all reconstructions are
# blurs. A loss between 1 and the floor is often a mean over *some* of the axes.
#
# </details>
#
# **2.** The third experiment, learning 64 images by heart: would the program pass that has forgotten the KLD? And the one
# without noise, z = μ? What does the experiment not find?
#
# <details><summary>Answer</summary>
#
# Both pass. The experiment finds out whether information gets through, not whether it is paid for. What gets through too
# cheaply is found by the true loss, for which the KLD must be measured by the formula and z be drawn from N(μ, σ²).
#
# </details>
#
# **3.** All images of a batch share one ε. The loss stays a bound, on average. What, then, is wrong?
#
# <details><summary>Answer</summary>
#
# Nothing with its mean, everything with its scatter: the gradient is right on average and so noisy that five epochs bring
# it only where the healthy program is between its second epoch and its third.
#
# </details>

# %% [markdown]
# ## What to take along
#
# - First the unit: nats per image lie between the floor and the mean image; what is below 1, below 0 or at 784 log 2 names its
#   mistake.
# - Then the parts: is the printed KLD that of the formula, does the loss contain it, and is the BCE one of the noise that is
#   paid for?
# - Too good is the most dangerous symptom. Measure again with code that is not the program's.
# - At the number of the mean image no information passes; the gradient of the BCE, a moved μ and 64 images by heart say where.
# - Dead dimensions with a loss that looks healthy: the learning rate.
#
# **Where this is limited.** Five epochs, 10,000 images, one architecture, `log_var`; one seed for each broken program, two
# for the healthy one. Two faults at once can hide each other. The thresholds of the table hold for these settings; the order
# of the questions holds beyond them.
#
# Now mend three programs: [assignment 12](../exercises/12_broken_vae_clinic/12_broken_vae_clinic.ipynb).
# Next: [lesson 13](13_a_vae_at_work.ipynb).
