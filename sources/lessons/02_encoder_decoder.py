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
# # 02 · Encoder and decoder: from 784 numbers to 40, and back
#
# In this lesson you will
#
# - follow an image through the encoder and the decoder, shape by shape;
# - see what ReLU and the sigmoid are for;
# - look at what an untrained model draws;
# - see, in a plane, why a code has a spread;
# - train a plain autoencoder and find out what it lacks for generating.
#
# **Before you begin:** [lesson 01](01_data_split.ipynb). **Time:** 55 minutes, of which the computer needs a minute.
# Each new word stands in the [glossary](../GLOSSARY.md).

# %%
from vae_lib import drawings, plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.loss import bce
from vae_lib.model import VAE, reparameterize
from vae_lib.train import evaluate, new_run, train_epoch

import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

torch.manual_seed(42)
train_set, val_set, test_set = load_tensors()
plots.images(val_set.x[:10], "Ten validation images.")

# %% [markdown]
# ## The whole path
#
# The **encoder** reads an image and answers with a mean μ and a standard deviation σ for each of 40 numbers, the latent
# dimensions (`latent_dim` in the code). We draw one point z near μ, and the **decoder** turns it into 784 pixels.
# ([Kingma & Welling 2014](https://arxiv.org/abs/1312.6114), section 3 and appendix C.)

# %%
drawings.network()

# %% [markdown]
# Why does the encoder not simply answer with 40 numbers, why with a spread? That is the main question of this lesson, and
# a picture answers it. We train two small models whose code has only *two* numbers, so that it can be drawn. One, an
# *autoencoder*, answers with a point. The other, a VAE, answers with a cloud: in training the decoder never sees the same z
# twice, but draws from N(μ, σ²). (The loop is explained in [lesson 05](05_training.ipynb).)
#
# **Predict.** In which of the two will the codes leave holes, places where no image lies?


# %% tags=["nbval-ignore-output"]
def codes_in_a_plane(spread):
    torch.manual_seed(42)
    model = VAE(latent_dim=2, sigma_head="log_var")
    if spread:
        run = new_run(model, torch.Generator().manual_seed(42), lr=1e-3, batch_size=128)
        for _ in tqdm(range(6), desc="with a spread", unit="epoch"):
            train_epoch(run, train_set.x[:20_000], val_set.x[:1000])
        return model
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in tqdm(range(6), desc="points", unit="epoch"):
        for x in train_set.x[torch.randperm(20_000)].split(128):
            loss = bce(x, model.decoder(model.encode(x)[0])).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


point_model, cloud_model = codes_in_a_plane(spread=False), codes_in_a_plane(spread=True)

# %% tags=["nbval-ignore-output"]
x, y = val_set.x[:300], val_set.y[:300]
(points, _), (clouds, sigma) = encode(point_model, x), encode(cloud_model, x)
titles = ("an autoencoder: points", "a VAE: clouds of one standard deviation")
alt = "Left, 300 codes as points, spread wide, with empty places between. Right, as clouds around 0; most overlap."
drawings.points_and_clouds((points, clouds), sigma, y, titles, alt)

# %% tags=["nbval-ignore-output"]
print(
    f"the points lie up to {points.abs().max():.0f} from 0, the clouds up to {clouds.abs().max():.0f}"
)

# %% [markdown]
# **What we saw.** Points may lie anywhere and leave holes; what the decoder draws in a hole, nobody ever asked it. Clouds lie
# close together around 0, and most of them overlap: the decoder has been nearly everywhere between the codes. (Not quite
# everywhere: the ones keep apart.)

# %% [markdown]
# So with clouds we can decode *any* place of the plane. Here is a grid of 15 × 15 places from −2 to 2: the picture that
# most texts on VAEs have.

# %% tags=["nbval-ignore-output"]
axis = torch.linspace(-2, 2, 15)
grid = torch.cartesian_prod(-axis, axis).flip(1)  # row by row, z[1] from 2 down to -2
alt = (
    "A map of 225 decoded places: kinds of digits in regions, each changing smoothly into the next."
)
plots.images(cloud_model.decode(grid).detach(), alt, ncols=15)

# %% [markdown]
# Two numbers are too few for sharp digits. From here on it is 40, as in the report, which one cannot draw so well. First the
# steps, one by one.

# %%
model = VAE()
model

# %% [markdown]
# Parts of a network are classes: each inherits from `nn.Module`, makes its layers in `__init__`, and says in `forward` what
# they do to an input. Called like a function, the object runs `forward`. The smallest example:


# %%
class OneLayer(nn.Module):
    def __init__(self, input_dim, output_dim):
        super().__init__()  # always first
        self.linear = nn.Linear(
            input_dim, output_dim
        )  # found by the optimizer, because it is an attribute

    def forward(self, x):
        return torch.tanh(self.linear(x))


print(tuple(OneLayer(784, 40)(val_set.x[:4]).shape))

# %% [markdown]
# **Predict.** Four images go in. Write down the shape after each step before you run the cell.

# %%
x = val_set.x[:4]
h = F.relu(model.encoder.hidden(x))
mu, sigma = model.encoder.hid_mu(h), model.encoder.hid_sigma(h)
z = mu + sigma * torch.randn_like(sigma)
x_logits = model.decoder(z)
x_hat = torch.sigmoid(x_logits)

# %%
steps = {"x": x, "h": h, "mu": mu, "sigma": sigma, "z": z, "x_logits": x_logits, "x_hat": x_hat}
for name, tensor in steps.items():
    print(f"{name:9}{tuple(tensor.shape)}")

# %% [markdown]
# **What we saw.** 784 → 400 → 40 and 40 → 400 → 784. The two heads, `hid_mu` and `hid_sigma`, read the same 400 numbers.

# %% [markdown]
# How many weights is that? A linear layer from *n* to *m* has *n·m* weights and *m* biases.

# %% [markdown]
# **Predict.** Which layers hold most of them?

# %%
by_hand = (784 * 400 + 400) + 2 * (400 * 40 + 40) + (40 * 400 + 400) + (400 * 784 + 784)
counted = sum(weights.numel() for weights in model.parameters())
print(f"by hand {by_hand:,}, counted {counted:,}")
for name, weights in model.named_parameters():
    if name.endswith("weight"):
        print(f"{name:24} {weights.numel() / counted:3.0%}")

# %% [markdown]
# **What we saw.** The two layers next to the pixels hold nearly all of them, 46 % each.

# %% [markdown]
# ## A shape that does not fit
#
# Images often come as (B, 1, 28, 28). The encoder wants one row of 784 pixels for each image, and says so:

# %%
try:
    model(torch.rand(64, 1, 28, 28))
except ValueError as error:
    print(error)

# %% [markdown]
# ## What ReLU is for
#
# The encoder has two linear layers, with a ReLU between them that sets negative numbers to 0. Do we need it?
#
# **Predict.** Without ReLU, can one 784 → 40 layer do what the encoder does? And with ReLU?

# %%
first, second = model.encoder.hidden, model.encoder.hid_mu
one_layer = nn.Linear(784, 40)
with torch.no_grad():
    one_layer.weight.copy_(second.weight @ first.weight)
    one_layer.bias.copy_(second.weight @ first.bias + second.bias)
print("without ReLU, the same:", torch.allclose(second(first(x)), one_layer(x), atol=1e-5))
print("with ReLU, the same:   ", torch.allclose(second(F.relu(first(x))), one_layer(x), atol=1e-5))

# %% [markdown]
# **What we saw.** Without ReLU one layer does the same: $W_2(W_1 x) = (W_2 W_1)\,x$, and the 400 hidden units add
# nothing. With ReLU it does not.

# %% [markdown]
# ## What the sigmoid is for
#
# The decoder's last layer gives any number: a *logit*. The sigmoid $1 / (1 + e^{-a})$ brings it into (0, 1), the range
# of the pixels.

# %%
some = torch.tensor([-100.0, -5.0, 0.0, 5.0, 100.0])
print("logit  ", *[f"{a:8.0f}" for a in some])
print("sigmoid", *[f"{p:8.4f}" for p in torch.sigmoid(some)])

# %% [markdown]
# A logit of 0 is mid-grey. Black is a very negative logit, never quite reached. We keep logits and pixels apart by
# name, `x_logits` and `x_hat`: the loss of lesson 04 takes logits, our eyes take pixels.
#
# ## What an untrained model draws
#
# **Predict.** The weights are small random numbers. What will the reconstructions look like?

# %%
torch.manual_seed(42)
x_logits, mu, sigma = VAE()(val_set.x[:10])
x_hat = torch.sigmoid(x_logits).detach()
alt = "Top row: ten digits. Bottom row: ten plain grey squares."
plots.images(torch.cat([val_set.x[:10], x_hat]), alt, rows=["original", "reconstruction"])

# %%
print(f"pixels of x_hat: from {x_hat.min():.2f} to {x_hat.max():.2f}, mean {x_hat.mean():.2f}")

# %% [markdown]
# **What we saw.** Mid-grey everywhere, whatever the digit: small weights give logits near 0, and a logit of 0 is
# mid-grey. All the rest comes from training.

# %% [markdown]
# ## A plain autoencoder
#
# Leave out σ and the noise: encode to μ, decode μ, compare with the image. That is an *autoencoder*. It is simpler.
# Why is it not enough? Let us train one, on all 51,000 images, for five passes.

# %% tags=["nbval-ignore-output"]
torch.manual_seed(42)
plain = VAE()  # we use its mu only, so sigma's head never learns
optimizer = torch.optim.Adam(plain.parameters(), lr=1e-3)  # what it does: lesson 05
for _ in tqdm(range(5), desc="training", unit="epoch"):
    for x in train_set.x[torch.randperm(len(train_set.x))].split(256):
        mu, _ = plain.encode(x)
        loss = bce(x, plain.decoder(mu)).mean()  # how badly the pixels are drawn: lesson 04
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

# %%
codes, _ = encode(plain, val_set.x)
plots.reconstructions(val_set.x[:10], plain.decode(codes[:10]).detach())

# %% tags=["nbval-ignore-output"]
trained, _ = load_trained()
with torch.no_grad():
    cost = bce(val_set.x, plain.decoder(codes)).mean()
print(
    f"cost of the pixels: autoencoder {cost:.0f} nats, VAE {evaluate(trained, val_set.x).bce:.0f}"
)

# %%
# For the course's own tests; there is nothing to do here.
assert cost < 75

# %% [markdown]
# Very good reconstructions, after seconds: the pixels cost it less than they cost the VAE. (The unit is explained in
# [lesson 04](04_bce_vs_kld.ipynb).) Now let it *generate*: take 40 random numbers, decode.
#
# **Predict.** Digits, or not? Think of where the decoder has ever been.

# %%
torch.manual_seed(0)
noise = torch.randn(10, 40)
same_spread = codes.mean(0) + codes.std(0) * noise
drawn = torch.cat([plain.decode(noise), plain.decode(same_spread), trained.decode(noise)]).detach()
rows = ["autoencoder, N(0, I)", "autoencoder, its own spread", "VAE, N(0, I)"]
alt = "Autoencoder, N(0, I): grey smudges; own spread: fragments. VAE: smooth strokes, some digits."
plots.images(drawn, alt, rows=rows)

# %% [markdown]
# **What we saw.** From N(0, I) the autoencoder draws smudges: its codes lie elsewhere. With the mean and the spread of
# its own codes it comes closer, but those had to be measured first. The VAE needs no measuring: it was trained to expect
# N(0, I). By far not every sample of it is a digit either; [lesson 08](08_the_report_revisited.ipynb) counts them, and mends
# it. (It is not a race: the VAE had 50 epochs, the autoencoder five.)

# %% [markdown]
# Where do the codes lie? Draws from N(0, I) are the yardstick. For the VAE we take both: the means μ, and the points z = μ +
# σ·ε that its decoder was trained with.

# %% tags=["nbval-ignore-output"]
mu, sigma = encode(trained, val_set.x)
spread = {
    "autoencoder": codes,
    "VAE, μ": mu,
    "VAE, z": reparameterize(mu, sigma),
    "draws from N(0, I)": torch.randn(9000, 40),
}
lengths = {name: points.norm(dim=1) for name, points in spread.items()}
alt = "Distances from zero: below 6 for the VAE's means, around 6 for its z and for N(0, I), over 20 for the autoencoder."
plots.histogram(lengths, alt, xlabel="distance from 0", ylabel="of 9,000")

# %% tags=["nbval-ignore-output"]
for name, length in lengths.items():
    print(f"{name:20} median distance from 0: {length.median():5.1f}")

# %%
# For the course's own tests; there is nothing to do here.
assert lengths["autoencoder"].median() > 2 * lengths["VAE, μ"].median()
print(f"VAE: mu {lengths['VAE, μ'].median():.1f}, z {lengths['VAE, z'].median():.1f}")

# %% [markdown]
# The VAE's means lie nearer to 0 than what N(0, I) draws, and the noise σ·ε brings the z exactly there: 4.7 and 6.4, against
# 6.3. The autoencoder's codes lie far out. So a VAE has two things that an autoencoder lacks. The noise makes the decoder
# cope with a neighbourhood of each code ([lesson 03](03_reparameterization_trick.ipynb)), and a second term of the loss, the
# KLD, pulls all codes together to one known place, N(0, I) ([lesson 04](04_bce_vs_kld.ipynb)).

# %% [markdown]
# ## Three questions
#
# Answer in your head first, then unfold.
#
# **1.** You remove the ReLU in the encoder but keep the one in the decoder. With how many linear layers could you replace the
# two that lead from the pixels to μ?
#
# <details><summary>Answer</summary>
#
# One. Two linear layers without anything between them are a single linear layer from 784 to 40; the 400 hidden units
# add nothing.
#
# </details>
#
# **2.** `x_hat` is printed and has values of −3 and 5. What was forgotten, and which name would have been right?
#
# <details><summary>Answer</summary>
#
# The sigmoid. These are logits, `x_logits`.
#
# </details>
#
# **3.** The plain autoencoder reconstructs very well. Why can it not generate, although it has the same decoder?
#
# <details><summary>Answer</summary>
#
# Nothing told its codes where to lie, and nothing made the decoder cope with what lies between them. N(0, I) misses them;
# the decoder was never trained where you draw from.
#
# </details>

# %% [markdown]
# ## What to take along
#
# - 784 → 400 → (40, 40) → 40 → 400 → 784; almost all weights are next to the pixels.
# - ReLU keeps the layers from collapsing into one; the sigmoid brings logits into the range of pixels.
# - An untrained model draws mid-grey everywhere.
# - Codes as points leave holes; codes as clouds, near 0, do not.
# - A plain autoencoder reconstructs well, but nothing tells you where to draw its codes from.
#
# **Where this is limited.** These layers do not know that pixels have neighbours. Convolutions do; they would also hide the
# idea behind more code.
#
# Now write encoder and decoder yourself: [assignment 02](../exercises/02_encoder_decoder/02_encoder_decoder.ipynb).
# Next: [lesson 03](03_reparameterization_trick.ipynb).
