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
# - feel where the prior ends and what lies beyond;
# - measure where draws and codes lie, and how they differ.
#
# **Before you begin:** [lesson 06](06_latent_space_pca.ipynb). **Time:** 50 minutes, of which the computer needs 20
# seconds. Each new word stands in the [glossary](../GLOSSARY.md).
#
# Where no kernel runs you find still pictures of what the sliders show.

# %% tags=["setup"]
import math

from vae_lib import plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import class_means, encode, sample, traverse
from vae_lib.loss import kld_per_dim
from vae_lib.measure import readable, train_classifier
from vae_lib.model import reparameterize
from vae_lib.widgets import Explorer, image_html

import torch
from ipywidgets import HTML, FloatSlider, HBox, VBox
from torch.distributions import MultivariateNormal, Normal

torch.manual_seed(42)
train_set, val_set, _ = load_tensors()
model, _ = load_trained()
mu, sigma = encode(model, val_set.x)
plots.images(val_set.x[:10], "Ten validation images to start from.")

# %% [markdown]
# ## Where to start?
#
# The middle of the prior, z = 0, seems a natural place.
#
# **Predict.** What does the decoder draw there? A digit, and which?

# %%
middle_and_means = torch.cat([torch.zeros(1, 40), mu[:9]])
alt = "Left, z = 0: a vague grey shape. Right, nine encoded digits, decoded: clear."
titles = ["z = 0", *[f"image {i}" for i in range(9)]]
plots.images(model.decode(middle_and_means).detach(), alt, titles=titles)

# %% [markdown]
# **What we saw.** A vague shape.

# %% [markdown]
# Is that because no image is encoded near the middle?
#
# **Predict.** Take the distance to the nearest of all 51,000 training codes. For which is it smallest: for z = 0, for a
# draw from the prior, or for the z with which a new image is encoded, μ + σ·ε?


# %%
def to_nearest_code(z):
    return torch.cdist(z, train_mu).amin(1).median().item()


train_mu, train_sigma = encode(model, train_set.x)
generator = torch.Generator().manual_seed(0)
prior = torch.randn(2000, 40, generator=generator)
z_val = reparameterize(mu, sigma, torch.randn(mu.shape, generator=generator))
print("median distance to the nearest training code")
for name, z in {"z = 0": torch.zeros(1, 40), "a draw": prior, "a new image": z_val[:2000]}.items():
    print(f"{name:12}{to_nearest_code(z):5.1f}")

# %%
z_train = reparameterize(train_mu, train_sigma, torch.randn(train_mu.shape, generator=generator))
print(f"the shortest of 51,000 z of training has a length of {z_train.norm(dim=1).min():.1f}")

# %% [markdown]
# **What we saw.** z = 0 is the *nearest* of all. In 40 dimensions the middle is about as near to everything, as the hub of a
# wheel to its rim; and it lies between the classes, so the decoder gives something between them. But the decoder was never
# *trained* there: it reads μ + σ·ε, and of 51,000 such points the shortest is as long as the last line says. So we start
# from the code of a real image.

# %% [markdown]
# ## A sampler in ten lines
#
# A slider holds a number. When it moves, a function puts the numbers of all sliders into z, decodes, and shows the
# picture. The eight dimensions that carry most get a slider ([lesson
# 06](06_latent_space_pca.ipynb)), and so does the one that carries least.
#
# **Predict.** What will the last slider change?

# %% tags=["setup"]
order = kld_per_dim(mu, sigma).mean(0).argsort(descending=True)
dims = [*order[:8].tolist(), order[-1].item()]

# %% tags=["sampler", "nbval-ignore-output"]
sliders = [
    FloatSlider(mu[0, d].item(), min=-3, max=3, readout_format=".1f", description=f"z[{d}]")
    for d in dims
]
picture = HTML()


def draw(change=None):
    z = mu[0].clone()
    z[dims] = torch.tensor([slider.value for slider in sliders])
    alt = ", ".join(f"{slider.description} = {slider.value:.1f}" for slider in sliders)
    picture.value = image_html(model.decode(z.unsqueeze(0))[0], f"the digit decoded at {alt}")


for slider in sliders:
    slider.observe(draw, names="value")
draw()
HBox([VBox(sliders), picture], layout={"flex_flow": "row wrap"})

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
# - **The bars** are the 40 numbers of z, most used first, with bands at ±1 and ±2. Drag one up or down; it is dashed beyond ±2.
# - **Length of z** is its distance from 0. What is usual for it comes below.

# %% tags=["explorer", "nbval-ignore-output"]
explorer = Explorer(model, mu, sigma, val_set.y)
explorer

# %% [markdown]
# **Try it.**
#
# 1. Visit all ten digits on the pad, then look at the bars: how far from the prior is a class mean?
# 2. Walk from the 7 to the 3 on a line. Where does the 7 end? Is there a picture in between that is no digit?
# 3. Draw 16. How many can you read? Take an unreadable one, and repair it with the bars.
#
# The explorer's place is also in Python: read it with `explorer.z`, set it with `explorer.z = mu[5]`. Here are the lengths, the
# distances from 0, to check your answer to 1. Three kinds of z: class means, codes μ, and what the decoder was trained with,
# μ + σ·ε.

# %%
means = class_means(mu, val_set.y)
low, high = means.norm(dim=1).aminmax()
print(f"class means have lengths from {low:.1f} to {high:.1f}")
print(f"codes mu have a median length of {mu.norm(dim=1).median():.1f}")
print(f"z = mu + sigma · eps has a median length of {z_val.norm(dim=1).median():.1f}")

# %% [markdown]
# **What we saw.** All bars of a class mean are short: in the mean, what makes one hand differ from another cancels out. So
# the means decode to clean, average digits, far from where single images are encoded.

# %% [markdown]
# ## How far is too far?
#
# The ten-line sampler drew something odd with its first eight sliders at their right ends, although each stayed within three
# standard deviations. Why?
#
# **Predict.** A draw z ~ N(0, I) in 40 dimensions: how long is it, typically? 1? 3? 6?

# %%
length = torch.randn(100_000, 40).norm(dim=1)
low, high = length.quantile(torch.tensor([0.005, 0.995])).tolist()
corner = torch.full((8,), 3.0).norm()
print(f"99 % of all draws have a length between {low:.1f} and {high:.1f}")
print(f"half of them are longer than {length.median():.1f}")
print(f"eight sliders at 3 alone make {corner:.1f}")

# %% [markdown]
# **What we saw.** In 40 dimensions the prior is a shell: hardly a draw is near the middle, hardly one far out. Half of the draws
# are longer than 6.3, and half of the z of training than 6.4: in length they agree. (Not with the codes μ, at 4.7: the noise
# σ·ε is missing there.) Eight sliders at their ends leave the shell. Is it their length that makes the picture odd? We pull
# the corner back to length 6 and look.

# %%
z_corner = mu[0].clone()
z_corner[dims[:8]] = 3.0
both = torch.stack([z_corner, 6 * z_corner / z_corner.norm()])
alt = "The corner, and the corner pulled back to length 6: the same odd shape, a little softer."
plots.images(model.decode(both).detach(), alt, titles=["corner", "at length 6"])

# %% [markdown]
# **What we saw.** The same odd shape, so length is not the trouble. Nor is it that such a point is unlikely under the prior:
# N(0, I) is the same in every direction, and any point at length 6 is as likely as any other.

# %% [markdown]
# We must ask how likely it is among the *codes*. So we fit a bell to the training z of each digit: a Gaussian with their mean
# and covariance. The ten bells together, each with its digit's share, say how often codes fall at a place (`logsumexp` adds
# what is given as logarithms). We compare it with how often draws from N(0, I) fall there, again as a logarithm: 0 means as
# often, 2.3 ten times as often, −2.3 ten times as seldom.
#
# **Predict.** Above or below 0: the corner at length 6, a draw from the prior, z = 0, and the z of a new image?


# %%
def more_often(z):
    bells = []
    for digit in range(10):
        own = z_train[train_set.y == digit]
        bell = MultivariateNormal(own.mean(0), own.T.cov())
        bells.append(bell.log_prob(z) + math.log(len(own) / len(z_train)))
    return torch.stack(bells).logsumexp(0) - Normal(0, 1).log_prob(z).sum(1)


places = {"corner": both[1:], "a draw": prior, "z = 0": torch.zeros(1, 40), "a new image": z_val}
for name, z in places.items():
    print(f"{name:12}{more_often(z).median():5.1f} nats")

# %% [markdown]
# **What we saw.** A new image lies where codes are frequent. A draw from the prior, typically, lies where they are rare, and
# so does the corner: it is no stranger than an ordinary draw! All codes together were pushed towards N(0, I), but they are
# not N(0, I): they keep to ten clouds, and draws fall between these. That, not their length, is why so many samples are
# scribbles. [Lesson 08](08_the_report_revisited.ipynb) mends it. (z = 0 is in the middle between the clouds.)

# %% [markdown]
# And what does length do? We go out along a random direction:

# %%
direction = torch.randn(40, generator=torch.Generator().manual_seed(3))
radii = torch.tensor([0.0, 2, 4, 6, 8, 10, 15, 20, 30, 40])
z_out = radii.unsqueeze(1) * direction / direction.norm()
alt = "From the middle outwards: vague at 0, clear from 6 on, then only harder and thicker."
plots.images(model.decode(z_out).detach(), alt, titles=[f"length {r:.0f}" for r in radii])

# %% [markdown]
# **What we saw.** From the blur in the middle a shape becomes clear as we reach the shell. Beyond it nothing new comes, for a
# reason. Far out each ReLU is either on or off for good, so the logits grow in proportion to the
# length, and the sigmoid turns them black or white. The decoder does not know that it has left the data, and does not warn
# you.

# %% [markdown]
# ## Fresh draws
#
# And this is what the prior itself gives. Run the cell again for other ones.

# %%
torch.manual_seed(1)  # delete this line for new digits each time
alt = "Forty generated images, perhaps a third of them digits, the rest scribbles."
plots.images(sample(model, 40), alt, ncols=20)

# %% [markdown]
# Now draw z = T · ε. A *temperature* T below 1 stays nearer to the middle: a common advice for better pictures. A thousand
# draws each, and a classifier trained on real digits that says which it can read.
#
# **Predict.** Which T gives the most readable pictures: 0.7, 1, or 3?

# %% tags=["nbval-ignore-output"]
torch.manual_seed(42)
classifier = train_classifier(train_set.x, train_set.y, torch.Generator().manual_seed(0))
eps = torch.randn(1000, 40)
read = {
    f"T = {t}": readable(classifier, model.decode(t * eps).detach()) for t in (0.7, 1, 1.3, 2, 3)
}
alt = "Readable in per cent at five temperatures: rising from T = 0.7 to T = 3."
plots.bars(
    {name: 100 * share for name, share in read.items()},
    alt,
    ylabel="readable, per cent",
    decimals=0,
)

# %%
rows = torch.cat([model.decode(t * eps[:12]) for t in (0.7, 1, 3)]).detach()
alt = "Twelve draws at T = 0.7, 1 and 3: the same shapes, soft and grey, then clearer, then hard and thick."
plots.images(rows, alt, ncols=12, rows=["T = 0.7", "T = 1", "T = 3"])

# %% [markdown]
# **What we saw.** The larger, the more readable; the common advice makes it worse here. Look at the pictures, though: they
# are the same shapes with more *contrast*. Is a hard, black-and-white scribble better than a soft one? The classifier
# likes contrast, and an instrument that can be pleased so easily must be doubted. [Lesson
# 08](08_the_report_revisited.ipynb) does so.

# %% [markdown]
# ## Three questions
#
# Answer in your head first, then unfold.
#
# **1.** The classifier reads more of the pictures from z = 3 · ε than of those from ε. Are they better? How would you find
# out?
#
# <details><summary>Answer</summary>
#
# Not to be said from this number. At three times the length the logits are about three times as large, so everything is
# black or white, which the classifier takes for certainty. One needs an instrument that compares with real digits, or one's
# eyes; and a question: better for what?
#
# </details>
#
# **2.** z = 0 is the most likely single point of the prior. Why does it decode to no digit?
#
# <details><summary>Answer</summary>
#
# The most likely point is not a typical one: in 40 dimensions draws lie at a distance of about 6.3 from 0. It is near to
# the codes of all classes at once, nearer than most draws, and the decoder gives something between all of them.
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
# - In 40 dimensions the prior lives on a shell around length 6, and so does the z of training. In length they agree, in
#   shape they do not: all codes together are not N(0, I).
# - Far outside the decoder exaggerates, and does not say so.
#
# **Where this is limited.** Eight sliders are eight of 40 dimensions, and the most used ones need not be the most
# telling ones.
#
# Now write sampler, walk and traversal yourself: [assignment 07](../exercises/07_live_sampling/07_live_sampling.ipynb).
# Next: [lesson 08](08_the_report_revisited.ipynb).
