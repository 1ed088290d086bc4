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
# **Before you begin:** [lesson 02](02_encoder_decoder.ipynb). **Time:** 65 minutes (50 without the optional section), of
# which the computer needs 20 seconds.
#
# Three words from later lessons, in short (more in the [glossary](../GLOSSARY.md)): the *loss* is what training makes small.
# It is a sum of two terms, measured in *nats*: the **BCE** says how badly the pixels are drawn, the **KLD** how far the
# encoder's answer, N(μ, σ²), is from N(0, 1) in each dimension. [Lesson 04](04_bce_vs_kld.ipynb) explains all four.

# %%
from vae_lib import plots
from vae_lib.checkpoints import load_experiments, load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.loss import bce, vae_loss
from vae_lib.model import SIGMA, VAE, reparameterize
from vae_lib.train import new_run
from vae_lib.widgets import Live

import torch

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
alt = "Two histograms of 20,000 samples in the same bins, nearly the same bell around 1.5."
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
# the decoder to draw the average of all digits: the symptom is a loss that stops near [206 nats](04_bce_vs_kld.ipynb), what that one picture costs. `torch.distributions` has the
# same wall in its method `sample` (what it returns does not even ask for a gradient):

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
# ([Kingma & Welling 2014](https://arxiv.org/abs/1312.6114), section 2.4.) z has the same distribution as before: the two outlines of the first picture agree. But
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

# %% [markdown]
# **Predict.** Below, on the left, ε; on the right z, with its density. How does z move when ε moves, with a small σ and
# with a large one? And what will a *negative* σ change, z or the density?

# %% tags=["nbval-ignore-output"]
sizes = [i / 10 for i in range(3, 11)]
choices = {"σ": [-s for s in sizes[::-1]] + sizes, "ε": [i / 10 for i in range(-25, 26)]}
Live(lambda sigma, eps: plots.density(1.5, sigma, eps), choices, start=(0.5, 0.8))

# %% [markdown]
# **What we saw.** z moves σ times as far as ε, and sits at the same height on the flank of its bell. A negative σ mirrors z
# about μ and leaves the density as it is. We come back to that at the end.

# %% [markdown]
# One draw gives a noisy gradient. Its average must be right: the mean of z² is μ² + σ², so the gradients should come
# out at 2μ = 3 and 2σ = 1.

# %%
z = reparameterize(mu.expand(1_000_000), sigma.expand(1_000_000))
g_mu, g_sigma = torch.autograd.grad((z**2).mean(), (mu, sigma))
print(f"average of a million draws: {g_mu:.1f} (should be 3) and {g_sigma:.1f} (should be 1)")

# %% [markdown]
# ## Each image its own noise
#
# Above, each of a million draws had its own ε. A training step has 64 images. We take the trained model and the first 64
# validation images, and repeat the step's loss 300 times with new noise.
#
# **Predict.** If all 64 images shared one ε, the average loss would still be right. What would be worse, and by what factor?

# %%
model, history = load_trained()
train_set, val_set, _ = load_tensors()


@torch.no_grad()
def repeated_loss(draws):
    x = val_set.x[:64]
    epsilons = [torch.randn(draws, 40).expand(64, 40) for _ in range(300)]
    return torch.stack([vae_loss(x, *model(x, eps)).loss.mean() for eps in epsilons])


own, shared = repeated_loss(64), repeated_loss(1)
print(f"mean loss:  own eps {own.mean():.0f},  shared eps {shared.mean():.0f}")
print(f"shared eps scatters {shared.std() / own.std():.0f} times as much")

# %% [markdown]
# **What we saw.** The same average, but several times the *scatter*, by which we mean the standard deviation over many tries.
# Were the 64 images all alike, it would be eight times, √64. Sharing the noise throws away what a batch is for.

# %% [markdown]
# ## Optional: the other way, the score function
#
# Nothing later needs this section; go on at *Three ways to get σ* if you like.
#
# There is an older way to differentiate an average over samples, which never looks into the function f. We write q(z) for
# the density of z, the bell curve N(μ, σ²); 𝔼 for the average over all z drawn from it; and ∇ with a small μ for the
# derivative with respect to μ. Then
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
# For the course's own tests; there is nothing to do here.
print(f"the plain score function scatters over 30 times as much: {factor['score function'] > 30}")
print(f"with the baseline, still over 3 times as much: {factor['score with baseline'] > 3}")

# %% [markdown]
# **What we saw.** All three estimate the same gradient: their means over 4,000 draws differ by less than two *standard
# errors*, the scatter of such a mean (the number after ±). But the plain score function can hardly tell its sign. Scatter
# shrinks with the square root of the number of draws: k times the scatter needs k² times as many draws, thousands here, and
# with the baseline still about 25. The score function knows only *how
# good* a draw was; the trick also knows *in which direction* it would have been better. That is what training a VAE with
# one single draw for each image stands on.

# %% [markdown]
# ## Three ways to get σ
#
# σ is a standard deviation, so it should be positive. A linear layer gives any number h. Three customs:
#
# | `sigma_head` | σ from h | who does it |
# |---|---|---|
# | `"sigma"` | σ = h | the report; ours unless said otherwise |
# | `"log_var"` | σ = exp(h / 2), h is log σ² | the paper's appendix C.2, and most VAE tutorials |
# | `"softplus"` | σ = log(1 + eʰ) | some libraries |
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
# **What we saw.** More than half of them are negative, and z does not care: −ε is as likely as ε, so +σ and −σ
# describe the same distribution. What matters is |σ|. (Remember it when you *print* a σ.)

# %%
one_sign = ((sigma < 0).all(0) | (sigma > 0).all(0)).sum()
print(f"dimensions in which all 9,000 images have the same sign: {one_sign} of 40")
print(f"the smallest |sigma| of all: {sigma.abs().min():.2f}")

# %% [markdown]
# Each dimension has *one* sign for all images, and no σ comes near 0. There is a wall: the KLD contains −log σ², which is
# infinite at 0, and no σ gets across. So the sign is a coin flip of the first weights.
#
# The wall has a price at the start. A fresh layer gives h ≈ 0. With σ = h that is right at the wall.
#
# **Predict.** With which head is the KLD large before the first step? How many of the 797 steps of the first epoch does it
# take to repair that?


# %% tags=["nbval-ignore-output"]
def first_klds(head, steps=(0, 50, 150, 300, 600)):
    torch.manual_seed(42)
    run, seen = new_run(VAE(sigma_head=head), torch.Generator().manual_seed(42)), []
    for batch in torch.randperm(len(train_set.x)).split(64)[: steps[-1] + 1]:
        x = train_set.x[batch]
        loss = vae_loss(x, *run.model(x))
        seen.append(loss.kld.mean().item())
        run.optimizer.zero_grad()
        loss.loss.mean().backward()
        run.optimizer.step()
    return [seen[step] for step in steps]


print("KLD, step      0      50     150     300     600")
for head in SIGMA:
    print(f"{head:9}" + "".join(f"{value:8.1f}" for value in first_klds(head)))

# %% [markdown]
# **What we saw.** With σ = h the KLD starts at about a hundred nats, and most of the first epoch goes into repairing
# that. The other two start where the KLD is small; that theirs rises, falls and rises again is the first search for a
# code, and needs no repair. At step 600 all three are level, but three quarters of the epoch have gone by, and the
# decoder of σ = h has the most to catch up.

# %% [markdown]
# Does the choice change the result? Three runs of 50 epochs ship with the course; validation loss, nats per image:

# %%
kept = load_experiments()
runs = {"sigma": history, "log_var": kept["log_var"].history, "softplus": kept["softplus"].history}
print("sigma_head   epoch 1   epoch 5   epoch 25   epoch 50")
for name, run in runs.items():
    print(f"{name:12}" + "".join(f"{run[n - 1].val.loss:10.1f}" for n in (1, 5, 25, 50)))

# %% [markdown]
# The σ head is last at each epoch, by 26 nats after the first and by less than one at the end. One run each: so small a
# difference at the end means nothing. So the report's σ is harmless for *what* is learned, but not for
# *training*: it costs the first epochs, and near the wall small causes have large effects. [Lesson 05](05_training.ipynb)
# shows the jumps that a larger learning rate then makes, and why two trainings differ. For a model of your own take
# `log_var`; this course keeps the report's way, so that its numbers can be compared.

# %% [markdown]
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
# **2.** A program computes `z = mu + log_var * eps`. It runs. What does the decoder see for an image of which the encoder is
# sure, with a true σ of 0.1?
#
# <details><summary>Answer</summary>
#
# log 0.1² is −4.6, so the noise is 46 times too wide. Training drives log σ² to 0: then there is no noise at all, and
# the KLD believes in σ = 1. What is left is an autoencoder that keeps a price on μ², ½ Σ μ². The loss that it prints is
# *lower* than a healthy one, for it bounds nothing any more: too good to be true.
#
# </details>
#
# **3.** Why does a negative σ do no harm to z and to the KLD, and where would it?
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
# - Each image gets its own noise.
# - The score function (optional) is right on average, too, but scatters many times as much.
# - σ may come from h itself, from log σ² or from softplus. All end alike; σ = h starts at the wall of −log σ². Mixing them
#   up does not work.
#
# **Where this is limited.** The trick needs a sample that is a smooth formula of its parameters. For a choice among
# classes there is none, and people go back to score functions or to approximations.
#
# Now write the trick yourself: [assignment 03](../exercises/03_reparameterization_trick/03_reparameterization_trick.ipynb).
# Next: [lesson 04](04_bce_vs_kld.ipynb).
