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
# # 04 · BCE against KLD: the two halves of the loss
#
# In this lesson you will
#
# - compute both terms by hand, and check them by Monte Carlo and with `torch.distributions`;
# - find out which loss is good, and which no model can reach;
# - see how an innocent mean changes β;
# - watch the two terms pull against each other, and turn β to 0, 1, 4 and 20.
#
# **Before you begin:** lesson 03. **Time:** 50 minutes, of which the computer needs 15 seconds.

# %%
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Normal, kl_divergence

from vae_lib import plots
from vae_lib.checkpoints import load_experiments, load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.loss import bce, kld, vae_loss
from vae_lib.model import reparameterize
from vae_lib.train import evaluate
from vae_lib.widgets import Live

torch.manual_seed(42)
train_set, val_set, _ = load_tensors()
model, history = load_trained()
plots.reconstructions(val_set.x[:10], model.decode(encode(model, val_set.x[:10])[0]).detach())

# %% [markdown]
# ## Where the loss comes from
#
# p(z) = N(0, I) is the *prior*: where codes should lie before we see an image. q(z|x) = N(μ, σ²) is the encoder's answer
# to an image, p(x|z) the decoder's to a code. E means the average over z drawn from q.
#
# We would like the model to find real digits likely: a large log p(x). That is out of reach, because it averages over
# *every* z. Something below it is not, the *evidence lower bound*, or
# ELBO (Kingma & Welling 2014, equation 3):
#
# $$\log p(x) \;\ge\; \mathbb E_{z \sim q(z|x)}\big[\log p(x|z)\big] \;-\; \mathrm{KL}\big(q(z|x)\,\|\,p(z)\big)$$
#
# Turned around, something to make small: **loss = BCE + KLD**.
#
# - **BCE** = −log p(x|z): how surprised is the decoder by the true pixels?
# - **KLD**: how far is what the encoder says, N(μ, σ²), from the prior N(0, I)?
#
# We estimate the average over z by a single draw for each image; the paper found one enough with batches of 100 (section
# 2.3). Both terms are measured in **nats**, the unit of surprise with the natural logarithm; 1 nat = 1.44 bits.
#
# ## BCE, pixel by pixel
#
# The decoder gives a logit *a* (`x_logits`); p = sigmoid(a) (`x_hat`) is its belief that the pixel is white. For a pixel
# x (paper, appendix C.1):
#
# $$\mathrm{BCE} = -\,x \log p - (1 - x) \log (1 - p)$$
#
# **Predict.** The pixel is white (x = 1) and the logit is 2, so p = 0.88. How large is the BCE? And if the pixel is
# black?

# %%
x, a = torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 2.0]])
p = torch.sigmoid(a)
by_hand = -x * p.log() - (1 - x) * (1 - p).log()
by_torch = -Bernoulli(logits=a).log_prob(x)
print("white, black: by hand            ", by_hand.numpy().round(3))
print("              torch.distributions", by_torch.numpy().round(3))
print(f"the image of these two pixels: {bce(x, a).item():.3f} nats")

# %% [markdown]
# **What we saw.** A good guess costs 0.127 nats, a bad one 2.127. An image costs the **sum** over its pixels.
#
# Why does the function take logits and not p? Try p for a decoder that is very sure and wrong:

# %%
sure = torch.tensor([[100.0]])
black = torch.zeros(1, 1)
print("through the sigmoid:", -(1 - torch.sigmoid(sure)).log().item())
print("from the logit:     ", bce(black, sure).item())

# %% [markdown]
# In 32 bits sigmoid(100) *is* 1, and log 0 is minus infinity. Computed in one step from the logit nothing is lost.
#
# ## KLD, dimension by dimension
#
# For two Gaussians the integral has a closed form (paper, appendix B):
#
# $$\mathrm{KLD} = \tfrac12 \left(\mu^2 + \sigma^2 - 1 - \log \sigma^2\right)$$
#
# **Predict.** For which μ and σ is it 0? Is it worse to be too narrow (σ = 0.1) or too wide (σ = 1.9)?

# %%
mu, sigma = torch.zeros(3, 1), torch.tensor([[0.1], [1.0], [1.9]])
print("KLD at sigma 0.1, 1, 1.9:", kld(mu, sigma).numpy().round(3))

# %% [markdown]
# **What we saw.** 0 only for μ = 0, σ = 1. Too narrow costs more than too wide: −log σ² grows without end as σ → 0.
#
# In most code you will read −½ Σ (1 + log_var − μ² − exp(log_var)): the same, with log σ² = log_var.
#
# Now one case in four ways: μ = 1, σ = ½. *Monte Carlo* draws z from q and averages log q(z) − log p(z), which is
# what the KLD means.

# %%
mu, sigma = torch.tensor([[1.0]]), torch.tensor([[0.5]])
q, prior = Normal(mu, sigma), Normal(0, 1)
z = q.sample((1_000_000,))
print(f"by hand              {0.5 * (1 + 0.25 - 1 - torch.log(torch.tensor(0.25))):.3f}")
print(f"Monte Carlo          {(q.log_prob(z) - prior.log_prob(z)).mean():.2f}")
print(f"torch.distributions  {kl_divergence(q, prior).item():.3f}")
print(f"vae_lib              {kld(mu, sigma).item():.3f}")

# %% [markdown]
# **What we saw.** Four times the same. The closed form needs no samples, so it brings no noise into the gradient: that is
# why we use it.
#
# ## Which loss is good?
#
# A loss of 107, is that good? A number means something only beside others. We take the validation set; the test set
# waits for lesson 05.
#
# - **The mean image.** A decoder that ignores z and always draws the average digit. KLD 0. Everybody should beat it.
# - **The floor.** A decoder that reproduces every pixel exactly. For grey pixels the BCE is not 0 even then: a pixel of
#   0.5 costs log 2 = 0.69 nats at best.
#
# **Predict.** How high is the floor for a whole image: 0, 5, 50 nats?

# %%
x = val_set.x
mean_image = train_set.x.mean(0).clamp(1e-6, 1 - 1e-6).expand_as(x)
to_beat = F.binary_cross_entropy(mean_image, x, reduction="sum") / len(x)
floor = F.binary_cross_entropy(x, x, reduction="sum") / len(x)
reached = evaluate(model, x, torch.Generator().manual_seed(0))
print(f"the mean image, always: {to_beat:.1f} nats")
print(f"the trained VAE:        {reached.loss:.1f} nats = {reached.bce:.1f} + {reached.kld:.1f}")
print(f"the floor of the BCE:   {floor:.1f} nats")

# %% [markdown]
# **What we saw.** More than half of the VAE's BCE is the floor of grey pixels, which no model can go below. And a
# training that stays near the first number has learned to draw the mean digit and nothing else.
#
# So what should *you* see in your training? This is the run that made the shipped model:

# %%
print("epoch   validation loss    BCE    KLD")
for epoch in (1, 2, 5, 10, 15, 25, 50):
    val = history[epoch - 1].val
    print(f"{epoch:5}{val.loss:18.1f}{val.bce:7.1f}{val.kld:7.1f}")

# %% [markdown]
# **What we saw.** After one epoch the total is near that of the mean image. More than half of the whole fall is done by
# epoch 5. The KLD *rises*, and should: the encoder says more about each image, and the BCE saves more than that costs
# (lesson 05). Within a nat or two of this table you are fine. Above 150 after ten epochs, look for a mean where a sum
# should be, or for standardized pixels.
#
# ## Sum or mean: the β that nobody wrote
#
# The loss is a **sum** over pixels and over latent dimensions, and a mean over the batch. Many programs take PyTorch's
# default, the mean over *everything*, for the BCE.
#
# **Predict.** If the BCE is averaged over 784 pixels and the KLD stays a sum, which term wins?

# %%
x_logits, mu, sigma = model(x)
wrong = F.binary_cross_entropy_with_logits(x_logits, x) + kld(mu, sigma).mean()
beta_784 = vae_loss(x, x_logits, mu, sigma, beta=784.0).loss.mean()
print(f"mean over pixels + sum over dimensions = {wrong:.3f}")
print(f"our loss with beta = 784, over 784     = {beta_784 / 784:.3f}")

# %% [markdown]
# **What we saw.** They are the same number. The factor 1/784 itself does little: plain gradient descent would take
# smaller steps, Adam divides it out (only the weight decay then counts for more). The β of 784 stays; we shall see below
# what β = 20 already does. Other mixtures:

# %%
print("BCE summed over         KLD summed over        beta that it hides")
print("pixels                  dimensions             1")
print("nothing (mean of 784)   dimensions             784")
print(f"nothing (mean of 784)   nothing (mean of 40)   784 / 40 = {784 / 40:.1f}")
print(f"pixels                  nothing (mean of 40)   1 / 40 = {1 / 40:.3f}")
print("pixels and batch        dimensions and batch   1 (but 64 times our number)")
print(f"nothing (mean of all)   dimensions and batch   784 · 64 = {784 * 64:,}")

# %% [markdown]
# To compare with a number you read elsewhere, first ask: per image, per batch or per pixel?
#
# Keep the third row in mind: an average over everything *looks* even-handed, and is β ≈ 20. We are about to see what
# β = 20 does.
#
# ## The tug of war
#
# Take the trained model, and multiply every σ by a factor before drawing z.
#
# **Predict.** Which term wants σ to be small? Which wants it larger? Where is the sum lowest?

# %%
factors = torch.linspace(0.2, 2.0, 19)
mu, sigma = encode(model, val_set.x[:1000])
eps = torch.randn_like(mu)
with torch.no_grad():
    x, z = val_set.x[:1000], [reparameterize(mu, f * sigma, eps) for f in factors]
    b = torch.stack([bce(x, model.decoder(zf)).mean() for zf in z])
    k = torch.stack([kld(mu, f * sigma).mean() for f in factors])
alt = "BCE rises with the factor. KLD falls until about 1.4, then rises. The sum is lowest near 1."
curves = {"BCE + KLD": b + k, "BCE": b, "KLD": k}
plots.lines(factors, curves, alt, xlabel="factor on σ", ylabel="nats per image")

# %%
print(f"lowest sum at a factor of about {factors[(b + k).argmin()]:.1f}")

# %% [markdown]
# **What we saw.** The BCE wants no noise, σ → 0: noise blurs the picture. The KLD wants σ = 1, the prior's: most σ are
# below 1, so a larger factor helps it at first; from about 1.4 on it hurts, because the σ that were near 1 are pushed past
# it. Training found the balance, a factor of about 1.
#
# ## Turning β
#
# $$\text{loss} = \mathrm{BCE} + \beta \cdot \mathrm{KLD}$$
#
# β = 1 is the VAE of the paper; other values are called β-VAE (Higgins et al. 2017). Four runs of 50 epochs that
# differ in nothing else ship with the course.
#
# **Predict.** Which β reconstructs best? Which one generates best? What does β = 20 draw?

# %%
kept = load_experiments()
runs = {
    "β = 0": kept["beta=0"],
    "β = 1": kept["epoch=50"],
    "β = 4": kept["beta=4"],
    "β = 20": kept["beta=20"],
}
rows = torch.cat([val_set.x[:10], *[run.x_hat for run in runs.values()]])
alt = "Ten digits, reconstructed at four β: sharp at 0, softer at 1, smooth at 4, grey blurs at 20."
plots.images(rows, alt, rows=["original", *runs])

# %%
rows = torch.cat([run.samples[:10] for run in runs.values()])
alt = "Generated at four β: grey texture at 0, digits and scribbles at 1, digits at 4, blurs at 20."
plots.images(rows, alt, rows=list(runs))

# %%
finals = {name: run.history[-1].val for name, run in runs.items()}
parts = "; ".join(f"{name}: BCE {v.bce:.0f}, KLD {v.kld:.1f}" for name, v in finals.items())
plots.loss_bars(finals, f"BCE and KLD of the four runs in nats per image. {parts}.")

# %% [markdown]
# All of it for one β at a time. Move the slider back and forth: what changes first, the reconstructions or the samples?


# %%
def one_beta(name):
    run = runs[name]
    val = run.history[-1].val
    return plots.snapshot(val_set.x[:10], run.x_hat, run.samples[:10], val, name)


# %% tags=["nbval-ignore-output"]
Live(one_beta, {"run": list(runs)}, start=["β = 1"])

# %% [markdown]
# **What we saw.**
#
# - **β = 0** pays nothing for the KLD, so σ shrinks and the codes go far out: an autoencoder. Best reconstructions,
#   useless samples.
# - **β = 1** spends 26 nats of KLD and saves 116 nats of BCE, compared with β = 20.
# - **β = 4** gives up detail. How many of its ten samples can you read, how many of those at β = 1?
# - **β = 20** makes information so dear that less than one nat gets through: blurs that tell a round digit from a slim one,
#   no more, and a BCE near that of the mean image. When nothing at all gets through, one speaks of *posterior collapse*.
#   Whoever takes a mean over everything gets there without knowing why.
#
# There is no right β for every purpose. There is a right β for the *bound* on log p(x): 1. And whatever you choose, you
# should have chosen it, not got it from a mean.
#
# How many of the 40 dimensions does a model still use? A dimension whose KLD is near 0 says the same of every image.
# Lesson 06 counts them for β = 1.
#
# ## Three questions
#
# Answer in your head first, then unfold.
#
# **1.** You read of a VAE on MNIST with a loss of 0.137. Is it better than ours, 107?
#
# <details><summary>Answer</summary>
#
# Not to be said before you know what was averaged. 107 / 784 is 0.136: it may be the same number per pixel. And if
# only the BCE was averaged, it hides a β of 784.
#
# </details>
#
# **2.** μ = 0, σ = 1 for every image in dimension 7. What is its KLD, and what does it tell the decoder?
#
# <details><summary>Answer</summary>
#
# 0 nats, and nothing: z₇ is the same noise for every image. The dimension is switched off.
#
# </details>
#
# **3.** Your BCE stops at 206 nats and the KLD at 0. Name two mistakes that look like this.
#
# <details><summary>Answer</summary>
#
# 206 is the mean image, so no information reaches the decoder. Either the gradient does not reach the encoder (a
# detached sample), or the KLD weighs far too much (a mean over pixels in the BCE, a large β).
#
# </details>

# %% [markdown]
# ## What to take along
#
# - BCE is the surprise at the pixels, from logits; KLD the distance to the prior, in closed form. Both in nats per image.
# - The mean image and the floor of grey pixels tell what a loss is worth.
# - Sum over pixels and dimensions, mean over the batch. Any other mixture is a hidden β.
# - BCE pulls σ to 0, KLD to 1. β moves the balance between sharp reconstructions and good samples.
#
# **Where this is limited.** For grey pixels the BCE is not the likelihood of x. It is the average surprise at
# black-and-white images whose pixels are white with probability x. The continuous Bernoulli (Loaiza-Ganem & Cunningham
# 2019) is a likelihood of the grey values themselves; its extra term depends on x_hat, so it trains another model.
#
# Next: `05_training`.
