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
# - train a plain autoencoder and find out what it lacks for generating.
#
# **Before you begin:** lesson 01. **Time:** 40 minutes, of which the computer needs 30 seconds.

# %%
import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from vae_lib import plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.model import VAE

torch.manual_seed(42)
train_set, val_set, test_set = load_tensors()
plots.images(val_set.x[:10], "Ten validation images.")

# %% [markdown]
# ## The whole path
#
# $$x \;\xrightarrow{\text{encoder}}\; (\mu, \sigma) \;\longrightarrow\; z = \mu + \sigma\,\varepsilon
# \;\xrightarrow{\text{decoder}}\; \text{logits} \;\xrightarrow{\text{sigmoid}}\; \hat x$$
#
# The **encoder** reads an image and answers with a mean μ and a standard deviation σ for each of 40
# numbers, the latent dimensions (`latent_dim` in the code). The **decoder** reads 40 numbers and answers with 784 pixels. (Kingma & Welling 2014, section 3 and appendix C.)

# %%
model = VAE()
model

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
#
# How many weights is that? A linear layer from *n* to *m* has *n·m* weights and *m* biases.
#
# **Predict.** Which layers hold most of them?

# %%
by_hand = (784 * 400 + 400) + 2 * (400 * 40 + 40) + (40 * 400 + 400) + (400 * 784 + 784)
counted = sum(weights.numel() for weights in model.parameters())
print(f"by hand {by_hand:,}, counted {counted:,}")
print(f"in the two layers next to the pixels {2 * 784 * 400 / counted:.0%}")

# %% [markdown]
# **What we saw.** The two layers next to the pixels hold nearly all of them.
#
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
#
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
#
# ## A plain autoencoder
#
# Leave out σ and the noise: encode to μ, decode μ, compare with the image. That is an *autoencoder*. It is simpler.
# Why is it not enough? Let us train one, on all 51,000 images, for five passes.

# %% tags=["nbval-ignore-output"]
torch.manual_seed(42)
plain = VAE()  # we use its mu only, so sigma's head never learns
optimizer = torch.optim.Adam(plain.parameters(), lr=1e-3)
for _ in tqdm(range(5), desc="training", unit="epoch"):
    for x in train_set.x[torch.randperm(len(train_set.x))].split(256):
        mu, _ = plain.encode(x)
        loss = F.binary_cross_entropy_with_logits(plain.decoder(mu), x, reduction="sum") / len(x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

# %%
codes, _ = encode(plain, val_set.x)
plots.reconstructions(val_set.x[:10], plain.decode(codes[:10]).detach())

# %% [markdown]
# Very good reconstructions, after seconds. Now let it *generate*: take 40 random numbers, decode.
#
# **Predict.** Digits, or not? Think of where the decoder has ever been.

# %%
torch.manual_seed(0)
trained, _ = load_trained()
noise = torch.randn(10, 40)
same_spread = codes.mean(0) + codes.std(0) * noise
drawn = torch.cat([plain.decode(noise), plain.decode(same_spread), trained.decode(noise)]).detach()
rows = ["autoencoder, N(0, I)", "autoencoder, its own spread", "VAE, N(0, I)"]
alt = "Autoencoder, N(0, I): grey smudges; own spread: fragments. VAE: smooth strokes, some digits."
plots.images(drawn, alt, rows=rows)

# %% [markdown]
# **What we saw.** From N(0, I) the autoencoder draws smudges: its codes lie elsewhere. With the mean and the spread of
# its own codes it comes closer, but those had to be measured first, and 40 separate spreads do not describe their
# shape. The VAE needs no measuring: it was trained to expect N(0, I). Not every sample of it is a digit either; lesson 08
# counts them. (It is not a race: the VAE had 50 epochs, the autoencoder five.)
#
# Where do the codes lie? Draws from N(0, I) are the yardstick.

# %% tags=["nbval-ignore-output"]
vae_codes, _ = encode(trained, val_set.x)
spread = {"autoencoder": codes, "VAE": vae_codes, "draws from N(0, I)": torch.randn(9000, 40)}
groups = {name: mu.norm(dim=1) for name, mu in spread.items()}
for name, radius in groups.items():
    print(f"{name:20} median distance from 0: {radius.median():5.1f}")
alt = "Distances from zero: about 5 for the VAE, 6 for N(0, I), over 20 for the autoencoder."
plots.histogram(groups, alt, xlabel="distance of the code from 0", ylabel="validation images")

# %%
assert groups["autoencoder"].median() > 2 * groups["VAE"].median()

# %% [markdown]
# The VAE's means lie a little inside N(0, I), and the noise σ·ε that training adds brings them there. The autoencoder's
# codes lie far out. To generate with it you must first model where. A VAE has that built in: the noise makes the decoder
# cope with a neighbourhood of each code (lesson 03), and the KLD pulls the codes to one known place, N(0, I) (lesson 04).
#
# ## Three questions
#
# Answer in your head first, then unfold.
#
# **1.** You remove the ReLU in the encoder but keep the one in the decoder. How many linear maps is the way from the
# pixels to μ now worth?
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
# Nothing told its codes where to lie. N(0, I) misses them, and even their own spread in each dimension does not
# describe their shape; the decoder was never trained where you draw from.
#
# </details>

# %% [markdown]
# ## What to take along
#
# - 784 → 400 → (40, 40) → 40 → 400 → 784; almost all weights are next to the pixels.
# - ReLU keeps the layers from collapsing into one; the sigmoid brings logits into the range of pixels.
# - An untrained model draws mid-grey noise.
# - A plain autoencoder reconstructs well, but nothing tells you where to draw its codes from.
#
# **Where this is limited.** These layers do not know that pixels have neighbours. Convolutions do, and draw sharper
# digits; they would also hide the idea behind more code.
#
# Next: `03_reparameterization_trick`.
