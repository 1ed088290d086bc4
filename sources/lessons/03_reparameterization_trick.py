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
# # 03 · The reparameterization trick: a gradient through a random draw
#
# In this lesson you will
#
# - see why sampling stops the gradient, and that PyTorch does not warn you;
# - write the trick, z = μ + σ·ε, and check its two derivatives;
# - measure it against the other way to differentiate a sample, the score function;
# - compare three ways to get σ from a layer.
#
# **Before you begin:** lesson 02. **Time:** 45 minutes, of which the computer needs 15 seconds.

# %%
import torch

from vae_lib import plots
from vae_lib.checkpoints import load_experiments, load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.loss import bce
from vae_lib.model import SIGMA, reparameterize
from vae_lib.widgets import Live

# %% [markdown]
# Two ways to draw from a bell curve with mean 1.5 and standard deviation 0.5: ask PyTorch for it, or draw ε from N(0, 1)
# and compute 1.5 + 0.5 · ε.

# %%
torch.manual_seed(42)
eps = torch.randn(20_000)
samples = {
    "torch.normal(1.5, 0.5)": torch.normal(1.5, 0.5, (20_000,)),
    "1.5 + 0.5 · ε": 1.5 + 0.5 * eps,
}
alt = "Two histograms of 20,000 samples, nearly the same bell around 1.5."
plots.histogram(samples, alt, xlabel="z", ylabel="samples")

# %% [markdown]
# ## The problem
#
# The encoder says: *this image is somewhere around μ, give or take σ.* So we draw z from N(μ, σ²) and decode it. To
# train the encoder, the gradient of the loss must come back from z to μ and σ. But how do you differentiate a dice roll?
#
# PyTorch has a function that draws from N(μ, σ²).
#
# **Predict.** We want z², on average, to be small. In which direction must μ = 1.5 move, and which sign must its gradient have?

# %%
mu = torch.tensor(1.5, requires_grad=True)
sigma = torch.tensor(0.5, requires_grad=True)
z = torch.normal(mu, sigma)
(z**2).backward()
print(f"gradient of mu: {mu.grad:.1f}   gradient of sigma: {sigma.grad:.1f}")

# %% [markdown]
# **What we saw.** Zero. No error, no warning: `torch.normal` hands out a sample, and the way back from it is a wall. In a
# VAE the encoder would then hear only from the KLD, never from the BCE. It would learn to say N(0, I) for every image, and
# the decoder to draw the mean digit: a loss that stops near 206 (lesson 04) is the symptom. `torch.distributions` has the
# same wall in its method `sample`:

# %%
q = torch.distributions.Normal(mu, sigma)
print("sample  requires grad:", q.sample().requires_grad)
print("rsample requires grad:", q.rsample().requires_grad)

# %% [markdown]
# ## The trick
#
# Move the dice outside. Draw ε from N(0, 1), which depends on nothing, and *compute* z from it:
#
# $$z = \mu + \sigma \cdot \varepsilon, \qquad \varepsilon \sim \mathcal N(0, 1)$$
#
# (Kingma & Welling 2014, section 2.4.) z has the same distribution as before: the two outlines of the first picture agree. But
# now z is a plain formula of μ and σ, and plain formulas have derivatives:
#
# $$\frac{\partial z}{\partial \mu} = 1, \qquad \frac{\partial z}{\partial \sigma} = \varepsilon$$
#
# **Predict.** With ε = −0.7, what are the two gradients of z itself? And those of z²? (z = 1.5 − 0.35.)

# %%
eps = torch.tensor(-0.7)
z = reparameterize(mu, sigma, eps)
print("dz/dmu, dz/dsigma:    ", *[f"{g:.2f}" for g in torch.autograd.grad(z, (mu, sigma))])
z = reparameterize(mu, sigma, eps)
print("dz²/dmu, dz²/dsigma:  ", *[f"{g:.2f}" for g in torch.autograd.grad(z**2, (mu, sigma))])

# %% [markdown]
# **What we saw.** 1 and ε, as the formula says; and 2z·1 and 2z·ε for z², by the chain rule. In `vae_lib` the whole trick
# is one line, `mu + sigma * eps`.
#
# **Predict.** Below, on the left, ε; on the right z, with its density. How does z move when ε moves, with a small σ and
# with a large one? And what will a *negative* σ change, z or the density?

# %% tags=["nbval-ignore-output"]
sizes = [i / 10 for i in range(3, 11)]
choices = {"σ": [-s for s in sizes[::-1]] + sizes, "ε": [i / 10 for i in range(-25, 26)]}
Live(lambda sigma, eps: plots.density(1.5, sigma, eps), choices, start=(0.5, 0.8))

# %% [markdown]
# **What we saw.** z moves σ times as far as ε, and sits at the same height on the flank of its bell. A negative σ mirrors z
# about μ and leaves the density as it is. We come back to that at the end.
#
# One draw gives a noisy gradient. Its average must be right: the mean of z² is μ² + σ², so the gradients should come
# out at 2μ = 3 and 2σ = 1.

# %%
z = reparameterize(mu.expand(1_000_000), sigma.expand(1_000_000))
g_mu, g_sigma = torch.autograd.grad((z**2).mean(), (mu, sigma))
print(f"average of a million draws: {g_mu:.1f} (should be 3) and {g_sigma:.1f} (should be 1)")

# %% [markdown]
# ## Each image its own noise
#
# **Predict.** If all 64 images of a batch shared one ε, the average loss would still be right. What would be worse?

# %%
x = torch.full((64,), 1.5)
own = torch.stack([(reparameterize(x, x / 3) ** 2).mean() for _ in range(2000)])
shared = torch.stack([(reparameterize(x, x / 3, torch.randn(1)) ** 2).mean() for _ in range(2000)])
print(f"mean of z² over a batch of 64:  own eps {own.mean():.1f},  shared eps {shared.mean():.1f}")
print(f"shared eps scatters {shared.std() / own.std():.0f} times as much")

# %% [markdown]
# **What we saw.** The same average, but eight times the scatter: √64. Sharing the noise throws away what a batch is for.
#
# ## The other way: the score function
#
# There is an older way to differentiate an average over samples, which never looks into the function f:
#
# $$\nabla_\mu\, \mathbb E_{z}[f(z)] = \mathbb E_{z}\!\left[f(z)\,\nabla_\mu \log q(z)\right]
# = \mathbb E_{z}\!\left[f(z)\,\frac{z - \mu}{\sigma^2}\right]$$
#
# It is right on average, too (the paper calls it the naïve estimator, section 2.2). Reinforcement learning uses it,
# where f cannot be differentiated. So why not here?
#
# We take the real thing: the trained VAE, one image, its BCE as f, and the gradient with respect to one entry of μ, the
# one where it is largest. Since z − μ = σ·ε, the last factor of the formula is ε/σ: that is the line `score` below.
#
# **Predict.** By what factor does the score-function gradient scatter more: about 5, 50 or 500?

# %%
model, history = load_trained()
_, val_set, _ = load_tensors()
image = val_set.x[:1].expand(4000, -1)
mu, sigma = encode(model, image)
eps = torch.randn_like(mu)

# %%
mu.requires_grad_()
f = bce(image, model.decoder(reparameterize(mu, sigma, eps)))
(pathwise,) = torch.autograd.grad(f.sum(), mu)
score = f.detach().unsqueeze(1) * eps / sigma

# %% [markdown]
# Each row is one draw's estimate of the same gradient. A fair comparison also gives the score function its usual help, a
# *baseline*: subtract the average of f.

# %%
helped = (f.detach() - f.detach().mean()).unsqueeze(1) * eps / sigma
dim = pathwise.mean(0).abs().argmax()
estimates = {"reparameterized": pathwise, "score with baseline": helped, "score function": score}
scatter = {name: estimate[:, dim].std().item() for name, estimate in estimates.items()}
factor = {name: s / scatter["reparameterized"] for name, s in scatter.items()}
alt = "Scatter of three gradient estimates: the trick least, the score function by far most."
plots.bars(factor, alt, ylabel="scatter, times that of the trick")

# %% tags=["nbval-ignore-output"]
for name, estimate in estimates.items():
    mean, error = estimate[:, dim].mean(), estimate[:, dim].std() / len(estimate) ** 0.5
    print(
        f"{name:20} {mean:6.1f} ± {error:.1f}, draws needed: {factor[name] ** 2:5.0f} times as many"
    )

# %%
print(f"the plain score function scatters over 30 times as much: {factor['score function'] > 30}")
print(f"with the baseline, still over 3 times as much: {factor['score with baseline'] > 3}")

# %% [markdown]
# **What we saw.** All three estimate the same gradient; mean ± standard error of 4,000 draws agree, but the plain score
# function cannot even tell its sign. Scatter shrinks with the square root of the number of draws: k times the scatter
# needs k² times as many draws, thousands here, and with the baseline still about 25. The score function knows only *how
# good* a draw was; the trick also knows *in which direction* it would have been better. That is what training a VAE with
# one single draw for each image stands on.
#
# ## Three ways to get σ
#
# σ is a standard deviation, so it should be positive. A linear layer gives any number h. Three customs:
#
# | `sigma_head` | σ from h | who does it |
# |---|---|---|
# | `"sigma"` | σ = h | the report; ours unless said otherwise |
# | `"log_var"` | σ = exp(h / 2), h is log σ² | the paper's appendix C.2, most code you will find |
# | `"softplus"` | σ = log(1 + eʰ) | many newer libraries |
#
# Read other people's code with care. From `log_var`: σ = exp(log_var / 2). From `log_sigma`: σ = exp(log_sigma). From
# `var`: σ = √var. A `log_var` used as σ runs without an error.

# %%
h = torch.linspace(-4, 4, 81)
alt = "Sigma against h: a straight line, negative for h below 0, an exponential, and softplus."
curves = {name: to_sigma(h) for name, to_sigma in SIGMA.items()}
plots.lines(h, curves, alt, xlabel="h, output of hid_sigma", ylabel="σ")

# %% [markdown]
# The report's way lets σ be negative!
#
# **Predict.** Is that a bug? Look at where σ is used: z = μ + σ·ε, and a KLD that contains only σ².

# %%
_, sigma = encode(model, val_set.x)
print(f"negative in the trained model: {(sigma < 0).float().mean():.0%} of all sigma")
eps = torch.randn(20_000)
plus, minus = 1.5 + 0.5 * eps, 1.5 - 0.5 * eps
for name, draws in {"+0.5": plus, "-0.5": minus}.items():
    print(f"sigma {name}: mean {draws.mean():.1f}, standard deviation {draws.std():.1f}")

# %% [markdown]
# **What we saw.** More than half of them are negative, and nothing happens: −ε is as likely as ε, so +σ and −σ
# describe the same distribution. What matters is |σ|. (Remember it when you *print* a σ.)
#
# Does the choice change the result? Three runs of 50 epochs ship with the course; validation loss, nats per image:

# %%
kept = load_experiments()
runs = {"sigma": history, "log_var": kept["log_var"].history, "softplus": kept["softplus"].history}
print("sigma_head   epoch 1   epoch 5   epoch 25   epoch 50")
for name, run in runs.items():
    print(f"{name:12}" + "".join(f"{run[n - 1].val.loss:10.1f}" for n in (1, 5, 25, 50)))

# %% [markdown]
# **What we saw.** The start differs, because h ≈ 0 means σ ≈ 0 in the first, σ ≈ 1 in the second and σ ≈ 0.7 in the
# third. A σ near 0 makes the KLD huge, and the first epochs go into repairing that; the other two are ahead at epoch 5.
# After 50 epochs all three agree to within about a nat. The choice is a matter of taste, as long as the rest of the
# code knows it.
#
# ## Three questions
#
# Answer in your head first, then unfold.
#
# **1.** In `z = mu + sigma * eps` you replace `eps` by `eps.detach()`. What changes?
#
# <details><summary>Answer</summary>
#
# Nothing. ε depends on no weight, so there is no gradient to cut off. To detach z would be another matter: then μ and
# σ learn nothing from the BCE.
#
# </details>
#
# **2.** A program computes `z = mu + log_var * eps`. It runs. What does the decoder see for a certain image, σ = 0.1?
#
# <details><summary>Answer</summary>
#
# log 0.1² is −4.6, so the noise is 46 times too wide. Training drives log σ² to 0: then there is no noise at all, and
# the KLD believes in σ = 1. What is left is a plain autoencoder.
#
# </details>
#
# **3.** Why does the report's σ, of which more than half are negative, do no harm, and when would it?
#
# <details><summary>Answer</summary>
#
# z needs only σ·ε, and −ε is as likely as ε; the KLD holds only σ². It would do harm where σ itself is used: in a
# logarithm, or as the scale of `torch.distributions.Normal`.
#
# </details>

# %% [markdown]
# ## What to take along
#
# - Sampling blocks the gradient without a word: the gradient through `torch.normal` is zero, `sample` is detached.
# - z = μ + σ·ε moves the dice outside; dz/dμ = 1 and dz/dσ = ε.
# - The score function is right on average, too, but scatters many times as much.
# - σ may come from h itself, from log σ² or from softplus. All work; mixing them up does not.
#
# **Where this is limited.** The trick needs a sample that is a smooth formula of its parameters. For a choice among
# classes there is none, and people go back to score functions or to approximations.
#
# Next: `04_bce_vs_kld`.
