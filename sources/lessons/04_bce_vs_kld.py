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
# - see where the loss comes from, with a number for each step, for one image;
# - find out which loss is good, and which no model can reach;
# - break the loss in six ways, and learn what each program prints;
# - watch the two terms pull against each other, and turn β to 0, 1, 4 and 20.
#
# **Before you begin:** [lesson 03](03_reparameterization_trick.ipynb). **Time:** 110 minutes, of which the computer
# needs a minute. Each new word stands in the [glossary](../GLOSSARY.md).

# %%
import math

from vae_lib import plots
from vae_lib.checkpoints import load_experiments, load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.loss import bce, kld, kld_per_dim, vae_loss
from vae_lib.measure import energy_distance, features, readable, train_classifier
from vae_lib.model import VAE, reparameterize
from vae_lib.train import evaluate
from vae_lib.widgets import Live

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Normal, kl_divergence

torch.manual_seed(42)
train_set, val_set, _ = load_tensors()
model, history = load_trained()
plots.reconstructions(val_set.x[:10], model.decode(encode(model, val_set.x[:10])[0]).detach())

# %% [markdown]
# ## Two terms
#
# The loss of an image is the sum of two numbers:
#
# - **BCE**, the *binary cross-entropy*: how surprised is the decoder by the true pixels?
# - **KLD**, the *Kullback-Leibler divergence*: how far is what the encoder says of this one image, N(μ, σ²), from the prior
#   N(0, I)?
#
# Both are measured in **nats**, the unit of surprise with the natural logarithm; 1 nat = 1.44 bits. First we take each
# apart, in an example small enough to work out by hand. Then comes why it is these two, and why their sum.
#
# ## BCE, pixel by pixel
#
# The decoder gives a logit *a* (`x_logits`); p = sigmoid(a) (`x_hat`) is its belief that the pixel is white. For a pixel
# x ([Kingma & Welling 2014](https://arxiv.org/abs/1312.6114), appendix C.1):
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

# %% [markdown]
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
# **Predict.** For which μ and σ is it 0? Is it worse to be too narrow (σ = 0.1) or too wide (σ = 1.9)? And
# σ = 0.1 against σ = 10?

# %%
mu, sigma = torch.zeros(4, 1), torch.tensor([[0.1], [1.0], [1.9], [10.0]])
print("KLD at sigma 0.1, 1, 1.9, 10:", kld(mu, sigma).numpy().round(2))

# %% [markdown]
# **What we saw.** 0 only for μ = 0, σ = 1. At the same *distance* from 1, too narrow costs more than too
# wide; at the same *factor*, ten times too wide costs by far more than ten times too narrow. It is a divergence, not a
# distance: the way there is not as long as the way back.

# %% [markdown]
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

# %% [markdown]
# ## Where the loss comes from
#
# Our model tells a story of how an image comes about: draw z from the *prior* p(z) = N(0, I), decode it, and let each pixel
# be white with the probability that the decoder says, p(x|z). How likely is a certain digit x, if one does not know z? One
# must try every z:
#
# $$p(x) = \text{average of } p(x|z) \text{ over all } z \sim \mathcal N(0, I)$$
#
# A good model finds real digits likely, so log p(x) is what we would like to be large. The trouble: nearly every z decodes to
# something else, and almost all of the average comes from the few z that fit. Which are they? Bayes' rule names them, the
# *posterior* p(z|x) = p(x|z) p(z) / p(x), but it contains the p(x) that we look for. So the **encoder** learns a guess at
# it, q(z|x) = N(μ, σ²): it is a search for the z that matter. That is why there is an encoder at all.
#
# In four steps (E means the average over z drawn from q):
#
# 1. By Bayes' rule log p(x) = log p(x|z) + log p(z) − log p(z|x), for every z.
# 2. It holds on average, too: log p(x) = E[log p(x|z) + log p(z) − log p(z|x)].
# 3. Add and subtract E[log q(z|x)], and sort:
#    log p(x) = E[log p(x|z)] − E[log q(z|x) − log p(z)] + E[log q(z|x) − log p(z|x)].
# 4. E[log q − log p] is a Kullback-Leibler divergence, KL(q‖p), which is never below 0. So the last term can be left out:
#
# $$\log p(x) \;\ge\; \mathbb E\big[\log p(x|z)\big] \;-\; \mathrm{KL}\big(q(z|x)\,\|\,p(z)\big)$$
#
# The right side is the *evidence lower bound*, ELBO ([the paper](https://arxiv.org/abs/1312.6114), equation 3). What was
# left out, KL(q(z|x)‖p(z|x)), is the *gap*: how far the encoder's guess is from the true posterior;
# [lesson 09](09_exact_likelihood.ipynb) measures it exactly. Turned around, the ELBO is something to make small:
# **loss = BCE + KLD**.
#
# - −log p(x|z) is the BCE. (Exactly so where each pixel is black or white. A grey pixel x counts as white with probability
#   x, and the BCE is the average surprise at such black-and-white images.)
# - KL(q(z|x)‖p(z)) is the KLD of this one image.
#
# Nobody wants the KLD of each image to be 0: then the encoder would say the same of all. What should look like the prior is
# all images *together*, the average of all q(z|x).
#
# The average over z is estimated by a single draw for each image; the paper found one enough with batches of 100 (section
# 2.3).
#
# Now with numbers, for one digit, made black and white so that p(x|z) is a probability. We draw 20,000 z from the encoder.
# Weighted by p(z) / q(z|x), they also estimate p(x) itself (*importance sampling*).
#
# **Predict.** By how many nats is the bound below log p(x): 0.04, 4 or 40? And if we draw the 20,000 z from the
# prior instead, do they find log p(x)? Five times the same?

# %%
n, image = 20_000, (val_set.x[7:8] > 0.5).float()
with torch.no_grad():
    mu, sigma = model.encode(image)
    z = reparameterize(mu, sigma, torch.randn(n, 40))
    log_p_x_z = -bce(image.expand(n, -1), model.decoder(z))
    from_prior = [-bce(image.expand(n, -1), model.decoder(torch.randn(n, 40))) for _ in range(5)]
log_weights = Normal(0, 1).log_prob(z).sum(1) - Normal(mu, sigma.abs()).log_prob(z).sum(1)
elbo = log_p_x_z.mean() - kld(mu, sigma).item()
log_p_x = (log_p_x_z + log_weights).logsumexp(0) - math.log(n)

# %%
print(f"E[log p(x|z)]               {log_p_x_z.mean():6.1f}   (the BCE, with a minus)")
print(f"KL(q(z|x) || p(z))          {kld(mu, sigma).item():6.1f}   (the KLD)")
print(f"the ELBO                    {elbo:6.1f}")
print(f"log p(x), z from encoder    {log_p_x:6.1f}   so the gap is {log_p_x - elbo:.1f} nats")
five = [round(weights.logsumexp(0).item() - math.log(n), 1) for weights in from_prior]
print("log p(x), z from the prior, five times:", *five)

# %% [markdown]
# **What we saw.** The bound is about four nats below: the encoder's guess is good, not perfect. (Such an estimate is, on
# average, a little too low itself.) And the encoder is worth its price: as many draws from the prior miss the z that
# matter. They find −75.4 at best and −98.2 at worst instead of −66.2, each time another number.

# %% [markdown]
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

# %% [markdown]
# Elsewhere you will read of VAEs on MNIST near 87. Ask first: grey, or black and white? The papers make the pixels black
# or white. The same weights, on pixels above one half:

# %%
sharp = (val_set.x > 0.5).float()
print(f"black and white: {evaluate(model, sharp, torch.Generator().manual_seed(0)).loss:.1f} nats")

# %% [markdown]
# So what should *you* see in your training? This is the run that made the shipped model:

# %%
print("epoch   validation loss    BCE    KLD")
for epoch in (1, 2, 5, 10, 15, 25, 50):
    val = history[epoch - 1].val
    print(f"{epoch:5}{val.loss:18.1f}{val.bce:7.1f}{val.kld:7.1f}")

# %% [markdown]
# **What we saw.** After one epoch the total is near that of the mean image. More than half of the whole fall is done by
# epoch 5. The KLD *rises*, and should: the encoder says more about each image. Another run is up to three nats off this
# table in its first epochs and about one at its end ([lesson 05](05_training.ipynb)).

# %% [markdown]
# ## Sum or mean: the β that nobody wrote
#
# The loss is a **sum** over pixels and over latent dimensions, and a mean over the batch. Many programs take PyTorch's
# default, the mean over *everything*, for the BCE. (Its losses have an argument `reduction`: `"mean"` unless you say `"sum"`, or
# `"none"` for no reduction at all.)
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
# smaller steps, Adam ([lesson 05](05_training.ipynb)) divides it out. The β of 784 stays; we shall see below
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
# ## What a broken program prints
#
# Seven programs, each trained for three epochs on 10,000 images; they differ in one line. What does each *print* as its
# loss? (They use `log_var` and a learning rate of 1e-3, so that three epochs are enough to see.)
#
# **Predict.** Which print a loss below 1? Which stop near the mean image's loss? Which one looks *better* than the healthy
# one?


# %%
def fit(loss_of, x=train_set.x[:10_000], cut=False):
    torch.manual_seed(42)
    model, losses = VAE(sigma_head="log_var"), []
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for batch in torch.cat([torch.randperm(10_000) for _ in range(3)]).split(64):
        mu, sigma = model.encode(x[batch])
        z = reparameterize(mu, sigma)
        x_logits = model.decoder(z.detach() if cut else z)
        loss = loss_of(x[batch], x_logits, mu, sigma)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [sum(losses[i : i + 156]) / 156 for i in (0, 156, 312)]  # 156 batches are an epoch


def ours(x, x_logits, mu, sigma):
    return vae_loss(x, x_logits, mu, sigma).loss.mean()


# %% tags=["nbval-ignore-output"]
mean_bce = F.binary_cross_entropy_with_logits
mean, std = train_set.x.mean(), train_set.x.std()
programs = {
    "healthy": (ours,),
    "BCE a mean": (lambda x, a, mu, sigma: mean_bce(a, x) + kld(mu, sigma).mean(),),
    "both a mean": (lambda x, a, mu, sigma: mean_bce(a, x) + kld_per_dim(mu, sigma).mean(),),
    "KLD forgotten": (lambda x, a, mu, sigma: bce(x, a).mean(),),
    "z detached": (ours, train_set.x[:10_000], True),
    "sigmoid twice": (lambda x, a, mu, sigma: ours(x, a.sigmoid(), mu, sigma),),
    # Our bce refuses such pixels, so here PyTorch's takes its place.
    "standardized pixels": (
        lambda x, a, mu, sigma: (mean_bce(a, x, reduction="none").sum(1) + kld(mu, sigma)).mean(),
        (train_set.x[:10_000] - mean) / std,
    ),
}
printed = {name: fit(*program) for name, program in programs.items()}
for name, losses in printed.items():
    print(f"{name:20}" + "".join(f"{loss:12.4g}" for loss in losses))

# %%
# For the course's own tests; there is nothing to do here.
assert max(printed["BCE a mean"] + printed["both a mean"]) < 1
assert 200 < printed["z detached"][-1] < 215
assert 540 < printed["sigmoid twice"][-1] < 550
assert printed["KLD forgotten"][-1] < printed["healthy"][-1] - 20
assert min(map(abs, printed["standardized pixels"])) > 1e6

# %% [markdown]
# **What we saw.**
#
# | the printed loss | look for |
# |---|---|
# | below 1 | a mean where a sum should be |
# | near 206 and no lower | no information passes: z detached, a gradient that does not reach the encoder, a β far too large |
# | near $784 \log 2 = 543$ | a sigmoid too many: no pixel can be darker than mid-grey |
# | millions, or negative | pixels outside [0, 1] |
# | much *lower* than the table above | a part of the loss forgotten: too good to be true |
#
# The last is the dangerous one: nothing looks wrong. A loss can only be compared with another that bounds the same thing.
# [Lesson 12](12_broken_vae_clinic.ipynb) has many more such programs, and a table that was tried on all of them.

# %% [markdown]
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
curves = {"BCE": b, "KLD": k, "BCE + KLD": b + k}
plots.lines(factors, curves, alt, xlabel="factor on σ", ylabel="nats per image")

# %%
print(f"lowest sum at a factor of about {factors[(b + k).argmin()]:.1f}")

# %% [markdown]
# **What we saw.** The BCE wants no noise, σ → 0: noise blurs the picture. The KLD wants σ = 1, the prior's: most σ are
# below 1, so a larger factor helps it at first; from about 1.4 on it hurts, because the σ that were near 1 are pushed past
# it. At the factor 1 the two forces are equal: the last bit of σ costs
# the BCE as much as it saves the KLD. Of course the balance is at 1: the model was trained to find it. With another β it
# would be elsewhere.

# %% [markdown]
# ## Turning β
#
# $$\text{loss} = \mathrm{BCE} + \beta \cdot \mathrm{KLD}$$
#
# β = 1 is the VAE of the paper; other values are called β-VAE ([Higgins et al.
# 2017](https://openreview.net/forum?id=Sy2fzU9gl)), who hoped for dimensions with one meaning each. Four runs of 50 epochs
# that differ in nothing else ship with the course.
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
bounded = {name: val for name, val in finals.items() if name != "β = 0"}  # its KLD is off the page
parts = "; ".join(f"{name}: BCE {v.bce:.0f}, KLD {v.kld:.1f}" for name, v in bounded.items())
plots.loss_bars(bounded, f"BCE and KLD of three runs in nats per image. {parts}.")

# %%
print("            BCE     KLD   BCE + KLD")
for name, val in finals.items():
    print(f"{name:7}{val.bce:8.1f}{val.kld:8.1f}{val.bce + val.kld:12.1f}")

# %% [markdown]
# Which generates best? The eye counts ten pictures; the instruments of [lesson 08](08_the_report_revisited.ipynb) count a
# thousand. A classifier that was trained on real digits says how many it can read, and the energy distance compares
# what it sees in samples and in real digits: 0 where they cannot be told apart.

# %% tags=["nbval-ignore-output"]
torch.manual_seed(42)
classifier = train_classifier(train_set.x, train_set.y, torch.Generator().manual_seed(0))
real = features(classifier, val_set.x[:1000])
print("         readable   energy distance to real digits")
for name, run in {**runs, "real": None}.items():
    x = run.samples if run else val_set.x[1000:2000]
    distance = energy_distance(features(classifier, x), real)
    print(f"{name:10}{readable(classifier, x):7.0%}{distance:12.2f}")

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
# - **β = 1** spends 26 nats of KLD and brings the BCE from 195.2 at β = 20 down to 80.5. Its sum is the lowest, as it must
#   be: it is the only one that was trained to make the sum low.
# - **β = 4** gives up detail, and has the best samples of the four: 45 % readable against 32 % at β = 1, and a little nearer
#   to real digits. With more of the KLD paid, fewer places are left that no code uses.
# - **β = 20** makes information so dear that less than one nat gets through: blurs that tell a round digit from a slim one,
#   no more, and a BCE near that of the mean image. Whoever takes a mean over everything gets there without knowing why.
#
# A dimension whose KLD is 0 for every image is *collapsed*: the encoder says the prior there, whatever it sees. Where this
# is so for nearly all of them, as at β = 20, one speaks of *posterior collapse*.

# %% [markdown]
# Which β should one take? For a bound on log p(x) any β ≥ 1 gives one, and 1 the tightest. For reconstructions a small one. For
# samples a larger one, up to a point, and at the price of detail; the mend of [lesson 08](08_the_report_revisited.ipynb)
# does far more. Whatever you choose, you should have chosen it, not got it from a mean.
#
# How many of the 40 dimensions does a model still use? A dimension whose KLD is near 0 says the same of every image.
# [Lesson 06](06_latent_space_pca.ipynb) counts them for β = 1.

# %% [markdown]
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
# detached sample), or the KLD weighs far too much (a large β). A mean over pixels ends at the same picture, but prints 206
# / 784 = 0.26.
#
# </details>

# %% [markdown]
# ## What to take along
#
# - log p(x) ≥ −(BCE + KLD), and the gap is how far the encoder's guess is from the true posterior.
# - BCE is the surprise at the pixels, from logits; KLD says how far the encoder's answer is from the prior, in closed form.
#   Both in nats per image.
# - The mean image and the floor of grey pixels tell what a loss is worth.
# - Sum over pixels and dimensions, mean over the batch. Any other mixture is a hidden β.
# - BCE pulls σ to 0, KLD to 1; β moves the balance.
# - A loss below 1, near 206, near 543, negative, or too good: each names its mistake.
#
# **Where this is limited.** For grey pixels the BCE is the surprise at black-and-white images, not the likelihood of the grey
# values. The continuous Bernoulli ([Loaiza-Ganem & Cunningham 2019](https://arxiv.org/abs/1907.06845)) is one; its extra
# term depends on x_hat, so it trains another model. And the runs with another β are one seed each.
#
# Now write BCE and KLD yourself: [assignment 04](../exercises/04_bce_vs_kld/04_bce_vs_kld.ipynb).
# Next: [lesson 05](05_training.ipynb).
