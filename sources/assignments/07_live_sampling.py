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
# # Assignment 07 · New digits, and the ways between them
#
# You write the three moves of every sampler: draw, walk from one point to another, turn one knob. Then you build them into
# a small one.
#
# | exercise | difficulty | minutes | points |
# |---|---|---|---|
# | 1 · draw from the prior | ●○○ | 10 | 10 |
# | 2 · a walk between two digits | ●○○ | 10 | 10 |
# | 3 · turn one knob | ●●○ | 10 | 10 |
# | 4 · one question in words | ●●○ | 10 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the
# one after it: the check says what holds and what not yet. `checks.sample.hint(1)`, then 2 and 3, help you on. You may
# check as often as you like. Do without `vae_lib.latent` in your answers: it has such functions.

# %%
import base64

from vae_lib import plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.loss import kld_per_dim

import ipywidgets
import torch

import vae_checks as checks

torch.manual_seed(42)
_, val_set, _ = load_tensors()
model, _ = load_trained()
mu, sigma = encode(model, val_set.x)  # (9000, 40) each

# %% [markdown]
# ## 1 · Draw from the prior
#
# ●○○, 10 minutes. Make `n` new pictures: draw each z from the prior N(0, I), and decode it. `decode` takes z
# (n, `latent_dim`) and gives x̂, with pixels in [0, 1]. Draw all noise from the `generator`, for whatever `n` and
# `latent_dim`.


# %% answer="sample"
def sample(decode, n, latent_dim, generator):
    """decode: z (n, latent_dim) → x_hat (n, pixels). Returns x_hat of n draws from the prior."""
    ### BEGIN SOLUTION
    z = torch.randn(n, latent_dim, generator=generator)
    return decode(z)
    ### END SOLUTION


# %% tests="sample"
result = checks.sample(sample)
display(result)
result.points

# %% [markdown]
# Your function at work: 40 digits that nobody ever wrote. Below, 40 reconstructions of real ones. Count in both: which of
# them would you call a digit? You need the two numbers in question 4.

# %%
your_sample, whose = result.or_library()
samples = your_sample(model.decode, 40, 40, torch.Generator().manual_seed(7)).detach()
print(whose)
alt = "Forty samples, in two rows of twenty."
plots.images(samples, alt, ncols=20)

# %%
alt = "Forty reconstructions of validation images, in two rows of twenty."
plots.images(model.decode(mu[:40]).detach(), alt, ncols=20)

# %% [markdown]
# ## 2 · A walk between two digits
#
# ●○○, 10 minutes. `steps` points at equal distances on the straight line from `z_start` to `z_end`, in one tensor, a row for
# each. The first is `z_start`, the last is `z_end`. Keep the dtype of `z_start`. `steps` is 2 or more.


# %% answer="interpolate"
def interpolate(z_start, z_end, steps):
    """z_start, z_end (D,) → (steps, D)."""
    ### BEGIN SOLUTION
    share = torch.linspace(0, 1, steps).unsqueeze(1)
    return z_start + share * (z_end - z_start)
    ### END SOLUTION


# %% tests="interpolate"
result = checks.interpolate(interpolate)
display(result)
result.points

# %% [markdown]
# Your function at work: from a real 4 to a real 9, from a 2 to a 6, from a 1 to a 7. Where does one digit become the
# other? Is every picture on the way a digit?

# %%
your_interpolate, whose = result.or_library()
first = {digit: mu[val_set.y == digit][0] for digit in range(10)}
pairs = [(4, 9), (2, 6), (1, 7)]
walks = torch.cat([your_interpolate(first[a], first[b], 11) for a, b in pairs])
print(whose)
alt = (
    "Three walks in eleven steps: 4 to 9, 2 to 6, 1 to 7. Strokes bend from one digit to the next."
)
plots.images(model.decode(walks).detach(), alt, ncols=11, rows=[f"{a} to {b}" for a, b in pairs])

# %% [markdown]
# ## 3 · Turn one knob
#
# ●●○, 10 minutes. One tensor, with a row for each of the `values`: a copy of z in which the dimension `dim`, counted from
# 0, has that value, and all others stay as they are. Keep the dtype of z. z itself must not change: who called you still
# needs it.


# %% answer="traverse"
def traverse(z, dim, values):
    """z (D,), dim from 0 to D - 1, values (n,) → (n, D)."""
    ### BEGIN SOLUTION
    rows = z.repeat(len(values), 1)
    rows[:, dim] = values
    return rows
    ### END SOLUTION


# %% tests="traverse"
result = checks.traverse(traverse)
display(result)
result.points

# %% [markdown]
# Your function at work: from five digits, the dimension with the largest KLD, the one that says most, goes from −3 to 3.
# Does it do the same to each of them?

# %%
your_traverse, whose = result.or_library()
dim = int(kld_per_dim(mu, sigma).mean(0).argmax())
values = torch.linspace(-3, 3, 11)
rows = torch.cat([your_traverse(first[digit], dim, values) for digit in range(5)])
print(whose)
alt = f"Five rows, from the digits 0 to 4; in each z[{dim}] goes from −3 to 3, in eleven steps."
plots.images(model.decode(rows).detach(), alt, ncols=11, rows=[str(digit) for digit in range(5)])

# %% [markdown]
# ## Your own live sampler
#
# Two of your functions behind two sliders: the first walks from a 4 to a 9, and takes the second, the knob, along; turn it
# from there. It needs a running kernel. Change the digits, or the dimension, and run the cell again.

# %% tags=["nbval-ignore-output"]
points = your_interpolate(first[4], first[9], 11)
walk = ipywidgets.IntSlider(0, min=0, max=10, description="4 to 9")
knob = ipywidgets.FloatSlider(min=-3, max=3, step=0.01, description=f"z[{dim}]")
picture = ipywidgets.HTML()


def draw(change=None):
    if change is None or change["owner"] is walk:
        knob.value = points[walk.value, dim].item()  # where the walk itself has this dimension
    z = your_traverse(points[walk.value], dim, torch.tensor([knob.value]))
    alt = f"the digit at step {walk.value}, z[{dim}] = {knob.value:.1f}"
    png = base64.b64encode(plots.images(model.decode(z).detach(), alt, ncols=1).png(200)).decode()
    picture.value = f'<img alt="{alt}" width="200" src="data:image/png;base64,{png}">'


for slider in (walk, knob):
    slider.observe(draw, names="value")
draw()
ipywidgets.HBox([ipywidgets.VBox([walk, knob]), picture], layout={"flex_flow": "row wrap"})

# %% [markdown]
# The same, standing still: the first slider from left to right, the second from top to bottom.

# %%
knobs = torch.tensor([-3.0, -1.5, 0.0, 1.5, 3.0])
walked = your_interpolate(first[4], first[9], 11)
both = torch.stack([your_traverse(z, dim, knobs) for z in walked], dim=1).flatten(0, 1)
alt = f"To the right a 4 becomes a 9. Downwards z[{dim}] grows: bottom right is no digit any more."
rows = [f"{value:.1f}" for value in knobs.tolist()]
plots.images(model.decode(both).detach(), alt, ncols=11, rows=rows)

# %% [markdown]
# ## 4 · One question in words
#
# ●●○, 10 minutes, 4 points. You counted: many of the samples are no digit, yet nearly all reconstructions are. The decoder
# is the same. Explain in four to six sentences where the difference comes from, and name something that you could measure
# to see whether you are right.

# %% [markdown] written="why-no-digit" points=4
# The decoder was trained only at z that the encoder gave it: near the codes of real images. A reconstruction is decoded at
# such a place. A sample is drawn from the prior, and the codes of all images together, the mean of all N(μ, σ²), are not
# the same as N(0, I): the KLD pushes each of them towards the prior, but the BCE pulls those of different images apart. So
# the prior also covers places between the groups, where hardly a z was ever drawn in training, and what the decoder draws
# there nobody has checked. One can measure it: whether a small network can tell z of the prior from z of the encoder (it
# can, two times in three); the distance of a sample's z to the nearest encoded z, against that of an image's z to the
# nearest one of another image; or how often a digit classifier is sure of a sample, against a reconstruction.
#
# **Rubric.** 1 point: z of a reconstruction comes from the encoder, z of a sample from the prior. 1 point: the codes of all
# images together are not N(0, I), there are holes between them, although the KLD is in the loss. 1 point: the decoder was
# never trained in the holes. 1 point: a measurement that compares prior with encoder, or samples with reconstructions.
# No point for "the decoder is too small" or "too few epochs" alone.
