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
# # 07 · Live sampling: the decoder under your fingers
#
# In this lesson you will
#
# - build a sampler yourself: a slider, the decoder, a picture;
# - move through the dimensions that the model uses most;
# - feel where the prior ends and what lies beyond.
#
# **Before you begin:** lesson 06. **Time:** 25 minutes, of which the computer needs 10 seconds.
#
# The sliders need a running kernel. Under each you find a still picture of what it shows, for reading without one.

# %%
import ipywidgets
import torch

from vae_lib import plots
from vae_lib.data import load_tensors
from vae_lib.latent import encode, sample, traverse
from vae_lib.loss import kld_per_dim
from vae_lib.train import load_trained
from vae_lib.widgets import Sampler, image_html

torch.manual_seed(42)
_, val_set, _ = load_tensors()
model, _ = load_trained()
mu, sigma = encode(model, val_set.x)
plots.images(val_set.x[:10], "Ten validation images to start from.")

# %% [markdown]
# ## Where to start?
#
# The middle of the prior, z = 0, seems a natural place.
#
# **Predict.** What does the decoder draw there, where it is most at home?

# %%
middle_and_means = torch.cat([torch.zeros(1, 40), mu[:9]])
alt = "Left, z = 0: a vague grey shape. Right, nine encoded digits, decoded: clear."
titles = ["z = 0", *[f"image {i}" for i in range(9)]]
plots.images(model.decode(middle_and_means).detach(), alt, titles=titles)

# %% [markdown]
# **What we saw.** A vague shape. The middle lies between the codes of all classes, but is any image encoded there?

# %%
print(f"the nearest of 9,000 codes is {mu.norm(dim=1).min():.1f} away from the middle")

# %% [markdown]
# None is near. So we start from the code of a real image.
#
# ## A sampler in a dozen lines
#
# A slider holds a number. When it moves, a function puts the number into z, decodes, and shows the picture.

# %% tags=["nbval-ignore-output"]
z = mu[0].clone()
dim = int(kld_per_dim(mu, sigma).mean(0).argmax())
slider = ipywidgets.FloatSlider(z[dim].item(), min=-3, max=3, step=0.05, description=f"z[{dim}]")
picture = ipywidgets.HTML()


def draw(change=None):
    z[dim] = slider.value
    picture.value = image_html(
        model.decode(z.unsqueeze(0)).detach()[0], f"digit at {slider.value:.2f}"
    )


slider.observe(draw, names="value")
draw()
ipywidgets.HBox([slider, picture])

# %% [markdown]
# **Try it.** Drag slowly from end to end, or click the handle and use the arrow keys. Does the digit change into
# another one? The same, standing still:

# %%
values = torch.linspace(-3, 3, 11)
alt = f"The digit as z[{dim}] goes from -3 to 3 in eleven steps."
plots.images(traverse(model, mu[0], dim, values), alt, ncols=11)

# %% [markdown]
# ## Eight sliders
#
# `vae_lib.widgets.Sampler` is the same with eight sliders, for the dimensions that carry most (lesson 06).

# %% tags=["nbval-ignore-output"]
sampler = Sampler(model, mu, sigma, mu[0])
sampler

# %% [markdown]
# **Try it.**
#
# 1. Change the slant of the digit without changing which digit it is.
# 2. Turn it into another digit with as few sliders as you can.
# 3. Push all sliders to their right ends. Is that still a digit?
#
# The slider's dimensions, each from −3 to 3, as a still picture:

# %%
rows = torch.cat([traverse(model, mu[0], d, values) for d in sampler.dims])
alt = "Eight rows, one for each slider, from -3 to 3: slant, width, loops and strokes change."
plots.images(rows, alt, ncols=11, rows=[f"z[{d}]" for d in sampler.dims])

# %% [markdown]
# ## How far is too far?
#
# Task 3 drew something odd, although each slider stayed within three standard deviations. Why?
#
# **Predict.** A draw z ~ N(0, I) in 40 dimensions: how long is it, typically? 1? 3? 6?

# %%
length = torch.randn(100_000, 40).norm(dim=1)
low, high = length.quantile(torch.tensor([0.005, 0.995])).tolist()
corner = torch.full((8,), 3.0).norm()
print(f"99 % of all draws have a length between {low:.1f} and {high:.1f}")
print(f"eight sliders at 3 alone make {corner:.1f}")

# %% [markdown]
# **What we saw.** In 40 dimensions the prior is a shell: hardly a draw is near the middle, hardly one far out. Eight
# sliders at their ends leave the shell. Is it their length that makes the picture odd? We pull the corner back to length 6
# and look.

# %%
z_corner = mu[0].clone()
z_corner[sampler.dims] = 3.0
both = torch.stack([z_corner, 6 * z_corner / z_corner.norm()])
alt = "The corner, and the corner pulled back to length 6: the same odd shape, a little softer."
plots.images(model.decode(both).detach(), alt, titles=["corner", "at length 6"])

# %% [markdown]
# **What we saw.** The same odd shape. So length is not the trouble, the direction is: eight coordinates as large as that at
# once practically never happen in N(0, I), and no image was encoded there. And what does length do? We go out along one
# random direction:

# %%
direction = torch.randn(40, generator=torch.Generator().manual_seed(3))
radii = torch.tensor([0.0, 2, 4, 6, 8, 10, 15, 20, 30, 40])
z_out = radii.unsqueeze(1) * direction / direction.norm()
alt = "From the middle outwards: vague at 0, clear from 6 on, then only harder and thicker."
plots.images(model.decode(z_out).detach(), alt, titles=[f"length {r:.0f}" for r in radii])

# %% [markdown]
# **What we saw.** From the blur in the middle a shape becomes clear as we reach the shell. Beyond it nothing new comes:
# the strokes only get harder and thicker. The decoder does not know that it has left the data, and does not warn you.
#
# ## Fresh draws
#
# And this is what the prior itself gives. Run the cell again for other ones.

# %%
torch.manual_seed(1)  # delete this line for new digits each time
alt = "Forty generated images, about half of them digits, half scribbles."
plots.images(sample(model, 40), alt, ncols=20)

# %% [markdown]
# ## Three questions
#
# Answer in your head first, then unfold.
#
# **1.** You draw z = 3 · ε instead of ε. Why do the pictures get worse, although the model is the same?
#
# <details><summary>Answer</summary>
#
# Nearly all of N(0, I) in 40 dimensions lies at a distance of about √40 ≈ 6.3 from 0. At three times that distance
# the decoder has hardly ever been.
#
# </details>
#
# **2.** z = 0 is the most likely single point of the prior. Why does it decode to no digit?
#
# <details><summary>Answer</summary>
#
# The most likely point is not a typical one: in 40 dimensions draws lie at a distance of about 6.3 from 0, and so few
# images are encoded near 0 that the decoder gives something between all of them.
#
# </details>
#
# **3.** Why start the sliders from the code of a real digit?
#
# <details><summary>Answer</summary>
#
# There the decoder has been: a real image was encoded there. From there you can feel what each dimension changes;
# from 0 you would see blobs change into blobs.
#
# </details>

# %% [markdown]
# ## What to take along
#
# - A live sampler is a slider, `model.decode`, and a picture.
# - z = 0 is a blur: start from an encoded image.
# - In 40 dimensions the prior lives on a shell around length 6; far outside the decoder exaggerates, and does not say so.
#
# **Where this is limited.** Eight sliders are eight of 40 dimensions, and the most used ones need not be the most
# telling ones.
#
# Next: `08_the_report_revisited`.
