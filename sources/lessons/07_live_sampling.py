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
# - build a sampler yourself: sliders, the decoder, a picture;
# - drag through the whole space, with the decoder inside your browser;
# - feel where the prior ends and what lies beyond.
#
# **Before you begin:** lesson 06. **Time:** 25 minutes, of which the computer needs 10 seconds.
#
# Where no kernel runs you find still pictures of what the sliders show.

# %%
import torch
from ipywidgets import HTML, FloatSlider, HBox, VBox

from vae_lib import plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import class_means, encode, sample, traverse
from vae_lib.loss import kld_per_dim
from vae_lib.widgets import Explorer, image_html

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
# ## A sampler in ten lines
#
# A slider holds a number. When it moves, a function puts the numbers of all sliders into z, decodes, and shows the
# picture. The eight dimensions that carry most get a slider (lesson 06), and so does the one that carries least.
#
# **Predict.** What will the last slider change?

# %%
order = kld_per_dim(mu, sigma).mean(0).argsort(descending=True)
dims = [*order[:8].tolist(), order[-1].item()]

# %% tags=["nbval-ignore-output"]
sliders = [FloatSlider(mu[0, d].item(), min=-3, max=3, description=f"z[{d}]") for d in dims]
picture = HTML()


def draw(change=None):
    z = mu[0].clone()
    z[dims] = torch.tensor([slider.value for slider in sliders])
    alt = ", ".join(f"{slider.description} = {slider.value:.1f}" for slider in sliders)
    picture.value = image_html(model.decode(z.unsqueeze(0))[0], f"the digit decoded at {alt}")


for slider in sliders:
    slider.observe(draw, names="value")
draw()
HBox([VBox(sliders), picture])

# %% [markdown]
# **Try it.** Drag, or click a handle and use the arrow keys.
#
# 1. Change the slant of the digit without changing which digit it is.
# 2. Turn it into another digit with as few sliders as you can.
# 3. Push the first eight sliders to their right ends. Is that still a digit?
#
# The same as a still picture, each slider from −3 to 3:

# %%
values = torch.linspace(-3, 3, 11)
rows = torch.cat([traverse(model, mu[0], dim, values) for dim in dims])
alt = "Nine rows, a slider each, from -3 to 3: strokes, slant, loops change; nothing in the last."
plots.images(rows, alt, ncols=11, rows=[f"z[{dim}]" for dim in dims])

# %% [markdown]
# **What we saw.** Each of the first eight changes several things at once. The last one changes nothing: its KLD is near 0,
# so in training it was pure noise, and the decoder learned to ignore it. How many of the 40 are like that?

# %%
z_moved = mu[0].repeat(40, 1)
z_moved.fill_diagonal_(3.0)
moved = (model.decode(z_moved) - model.decode(mu[:1])).detach().abs().amax(1)
print(f"set to 3, {(moved < 0.1).sum()} of 40 dimensions change no pixel by as much as 0.1")

# %% [markdown]
# ## The explorer
#
# Each move of your slider went to Python and came back as a picture. The explorer sends the decoder's weights to the
# browser, once, as float16 (0.7 MB), and decodes there: the 40 × 400 + 400 × 784 multiplications take well under a
# millisecond.
#
# - **The pad** has the means of the ten classes on a ring. Where you are, z is their weighted mean; the nearest weighs most.
#   Drag, or use the arrow keys, Page Up and Page Down, Home, and 0 to 9.
# - **A line** leads from one encoded image to another, **one dimension** moves alone, **the prior** draws fresh z.
# - **The bars** are the 40 numbers of z, most used first, with bands at ±1 and ±2. Drag one up or down.

# %% tags=["nbval-ignore-output"]
explorer = Explorer(model, mu, sigma, val_set.y)
explorer

# %% [markdown]
# **Try it.**
#
# 1. Visit all ten digits on the pad, then look at the bars: how far from the prior is a class mean?
# 2. Walk from the 7 to the 3 on a line. Where does the 7 end? Is there a picture in between that is no digit?
# 3. Draw 16. How many can you read? Take an unreadable one, and repair it with the bars.
#
# The explorer's place is also in Python: read it with `explorer.z`, set it with `explorer.z = mu[5]`. Here are the length of
# a class mean and of a code, to check your answer to 1.

# %%
means = class_means(mu, val_set.y)
low, high = means.norm(dim=1).aminmax()
print(f"class means have lengths from {low:.1f} to {high:.1f}")
print(f"codes have a median length of {mu.norm(dim=1).median():.1f}")

# %% [markdown]
# **What we saw.** All bars of a class mean are short: in the mean, what makes one hand differ from another cancels out. So
# the means decode to clean, average digits, far from where single images are encoded.
#
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
z_corner[dims[:8]] = 3.0
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
# - A live sampler is a few sliders, `model.decode`, and a picture.
# - A decoder is small: two layers of weights, and any browser can draw with it.
# - z = 0 is a blur: start from an encoded image.
# - In 40 dimensions the prior lives on a shell around length 6; far outside the decoder exaggerates, and does not say so.
#
# **Where this is limited.** Eight sliders are eight of 40 dimensions, and the most used ones need not be the most
# telling ones.
#
# Next: `08_the_report_revisited`.
