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
# # Assignment 12 · The broken-VAE clinic
#
# Three programs of friends do not work. You find out why, mend them, and train them once more. Then you answer a letter.
#
# | exercise | difficulty | minutes | points |
# |---|---|---|---|
# | 1 · a loss of 0.27 | ●○○ | 10 | 10 |
# | 2 · too good to be true | ●●○ | 15 | 10 |
# | 3 · a loss that stays where it is | ●●● | 25 | 10 |
# | 4 · one diagnosis in words | ●●○ | 15 | 4 |
#
# **How this works.** Each exercise begins with a program that is wrong. Write the mended one where it says `YOUR CODE HERE`
# (delete the line below it; copy what is right), run the cell, then the one after it: the check trains with your program, on
# images that it chooses, and measures what came of it. That takes some seconds. `checks.mended_units.hint(1)`, then 2 and 3,
# help you on. You may check as often as you like. Do without `vae_lib.train` and `vae_lib.clinic` in your answers: they
# have such functions.
#
# The images are digits at half their side, 196 pixels, and the model is small, so that 40 epochs take seconds.

# %%
from vae_lib import plots
from vae_lib.data import load_tensors
from vae_lib.loss import vae_loss
from vae_lib.model import VAE
from vae_lib.train import evaluate

import torch
import torch.nn.functional as F

import vae_checks as checks

train_set, _, _ = load_tensors()
x = F.avg_pool2d(train_set.x[:600].view(-1, 1, 28, 28), 2).flatten(1)  # (600, 196)


# %%
def small_vae():
    """A VAE for 196 pixels, with 8 latent dimensions and the same first weights each time."""
    torch.manual_seed(42)
    return VAE(input_dim=196, hidden_dim=64, latent_dim=8, sigma_head="log_var")


# %%
def train(model, losses_of, epochs=40):
    """Train along the first number of `losses_of(model, batch)`; returns its mean in each epoch, which is printed."""
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    printed = []
    for _ in range(epochs):
        losses = []
        for batch in x[torch.randperm(len(x))].split(30):
            loss, *_ = losses_of(model, batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        printed.append(sum(losses) / len(losses))
    return printed


# %%
def report(model, printed):
    """What the program printed, and what an instrument says that knows nothing of the program."""
    true = evaluate(model, x, torch.Generator().manual_seed(0))
    print(f"printed after epochs 1 and {len(printed)}: {printed[0]:.2f} and {printed[-1]:.2f}")
    print(f"true: {true.loss:.0f} nats = {true.bce:.0f} + {true.kld:.1f}")
    return true


# %% [markdown]
# A healthy program of this size comes down to 43 nats per image; the mean image costs 52.

# %% [markdown]
# ## 1 · A loss of 0.27
#
# ●○○, 10 minutes. “My loss is 0.27 after a few epochs and does not fall any more. Is that not splendid?”


# %%
def units_of_a_friend(model, x):
    """x (B, 196) → loss, BCE and KLD."""
    x_logits, mu, sigma = model(x)
    bce = F.binary_cross_entropy_with_logits(x_logits, x)
    kld = 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).mean()
    return bce + kld, bce, kld


# %% tags=["nbval-ignore-output"]
friends = small_vae()
true = report(friends, train(friends, units_of_a_friend))

# %% [markdown]
# Mend it. All three numbers should be in nats per image: a mean over the batch, and over nothing else.


# %% answer="mended_units"
def mended_units(model, x):
    """x (B, 196) → loss, BCE and KLD, in nats per image."""
    ### BEGIN SOLUTION
    x_logits, mu, sigma = model(x)
    bce = F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").sum(1).mean()
    kld = 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(1).mean()
    return bce + kld, bce, kld
    ### END SOLUTION


# %% tests="mended_units"
result = checks.mended_units(mended_units)
display(result)
result.points

# %% [markdown]
# Your program at work, beside that of your friend.

# %% tags=["nbval-ignore-output"]
your_units, whose = result.or_library()
mended = small_vae()
print(whose)
true = report(mended, train(mended, your_units))

# %% tags=["nbval-ignore-output"]
rows = [m.decode(m.encode(x[:10])[0]).detach() for m in (friends, mended)]
large = F.interpolate(torch.cat([x[:10], *rows]).view(-1, 1, 14, 14), 28).flatten(1)
alt = "Ten digits, then their reconstructions by the friend's program, all the same blob, and by the mended one."
plots.images(large, alt, rows=["original", "friend's", "mended"])

# %% [markdown]
# ## 2 · Too good to be true
#
# ●●○, 15 minutes. “I am at 37 nats, six better than the best in our class! Only my samples look strange, too bright.”


# %%
def noise_of_a_friend(model, x):
    """x (B, 196) → loss, BCE and KLD, in nats per image."""
    mu, sigma = model.encode(x)
    eps = torch.rand_like(sigma)
    losses = vae_loss(x, model.decoder(mu + sigma * eps), mu, sigma)
    return losses.loss.mean(), losses.bce.mean(), losses.kld.mean()


# %% tags=["nbval-ignore-output"]
friends = small_vae()
of_the_friend = report(friends, train(friends, noise_of_a_friend))

# %% [markdown]
# Which of the two parts is not what it claims to be? Mend the program.


# %% answer="mended_noise"
def mended_noise(model, x):
    """x (B, 196) → loss, BCE and KLD, in nats per image."""
    ### BEGIN SOLUTION
    mu, sigma = model.encode(x)
    z = mu + sigma * torch.randn_like(sigma)
    losses = vae_loss(x, model.decoder(z), mu, sigma)
    return losses.loss.mean(), losses.bce.mean(), losses.kld.mean()
    ### END SOLUTION


# %% tests="mended_noise"
result = checks.mended_noise(mended_noise)
display(result)
result.points

# %% [markdown]
# Your program at work: what it is worth, beside that of your friend.

# %% tags=["nbval-ignore-output"]
your_noise, whose = result.or_library()
mended = small_vae()
print(whose)
losses = {"friend's": of_the_friend, "mended": report(mended, train(mended, your_noise))}
sums = [f"{name} {true.loss:.0f} nats" for name, true in losses.items()]
alt = f"BCE and KLD by an honest instrument, as stacked bars: {', '.join(sums)}."
plots.loss_bars(losses, alt)

# %% [markdown]
# ## 3 · A loss that stays where it is
#
# ●●●, 25 minutes. “53 nats, from the tenth epoch on, and a KLD of 0. I have tried every learning rate.” This time you get the
# whole program. It has **two** faults, and the first hides the second.


# %%
def training_of_a_friend(model, x, epochs):
    """x (N, 196) → the mean loss of each epoch, nats per image; the model learns."""
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    printed = []
    for _ in range(epochs):
        optimizer.zero_grad()
        losses = []
        for batch in x[torch.randperm(len(x))].split(30):
            mu, sigma = model.encode(batch)
            z = torch.normal(mu, sigma)
            loss = vae_loss(batch, model.decoder(z), mu, sigma).loss.mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        printed.append(sum(losses) / len(losses))
    return printed


# %% tags=["nbval-ignore-output"]
friends = small_vae()
friends_losses = training_of_a_friend(friends, x, 40)
true = report(friends, friends_losses)

# %% [markdown]
# Mend it, and run it again after each mend.


# %% answer="mended_training"
def mended_training(model, x, epochs):
    """x (N, 196) → the mean loss of each epoch, nats per image; the model learns."""
    ### BEGIN SOLUTION
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    printed = []
    for _ in range(epochs):
        losses = []
        for batch in x[torch.randperm(len(x))].split(30):
            mean, spread = model.encode(batch)
            x_logits = model.decoder(mean + spread * torch.randn_like(spread))
            loss = vae_loss(batch, x_logits, mean, spread).loss.mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        printed.append(sum(losses) / len(losses))
    return printed
    ### END SOLUTION


# %% tests="mended_training"
result = checks.mended_training(mended_training)
display(result)
result.points

# %% [markdown]
# Your program at work: the printed losses of both, from the second epoch on.

# %% tags=["nbval-ignore-output"]
your_training, whose = result.or_library()
mended = small_vae()
your_losses = [float(loss) for loss in your_training(mended, x, 40)]
print(whose)
true = report(mended, your_losses)

# %% tags=["nbval-ignore-output"]
curves = {"friend's": friends_losses[1:], "mended": your_losses[1:]}
ends = [f"{name} {losses[-1]:.0f}" for name, losses in curves.items()]
alt = f"Printed losses over 40 epochs, in nats; the last ones: {', '.join(ends)}."
plots.lines(range(2, 41), curves, alt, xlabel="epoch", ylabel="nats per image")

# %% [markdown]
# ## 4 · One diagnosis in words
#
# ●●○, 15 minutes, 4 points. A letter: “My VAE on MNIST prints, after five epochs of 10,000 images with the course's settings
# for the clinic, a loss of 88, where my neighbour has 130: a BCE of 83 and a KLD of 5. All my reconstructions are sharp. My
# samples are full of hard black and white strokes. Reviewers will love the 88. Shall I publish?” Name the kind of fault, and
# at least two lines of code that would show exactly this. Say which one measurement you would order first and what number
# you expect of it, how you would then tell your two suspects apart, and why the two losses cannot be compared.

# %% [markdown] written="a-letter-to-the-clinic" points=4
# The loss is too good to be true: the noise that the decoder sees is not the noise that the KLD pays for. With a KLD of 5
# nats in all, the encoder claims σ near 1 nearly everywhere; a decoder that really got such z could not draw sharp digits. Suspects:
# z = μ (noise forgotten, or ε times 0), log σ² used for σ (near 0, as σ is near 1), the same ε at every step. First measurement: BCE and
# KLD of new images with z drawn from N(μ, σ²) by code that is not the program's, such as `evaluate`. I expect a BCE of several hundred nats,
# far above the mean image's 206, with the KLD still about 5. To tell the suspects apart: decode the same image twice. With z = μ or a fixed
# ε the two pictures are equal to the last digit, with log σ² as σ nearly so; and print what ε is multiplied with: for log σ² many are
# negative. The two losses cannot be compared because 130 is an upper bound of −log p(x), and 88 bounds nothing: its BCE and its KLD belong
# to different distributions q(z|x). So: do not publish.
#
# **Rubric.** 1 point: noise seen by the decoder and noise paid for by the KLD differ (or: the loss is no bound), with the small KLD
# beside sharp pictures as the sign. 1 point: two lines that fit (z = μ, log σ² as σ, fixed ε). 1 point: an honest
# measurement of the BCE with z ~ N(μ, σ²), and a number clearly above 206 expected. 1 point: an experiment that tells the named
# suspects apart. No point for "overfitting", "too few epochs" or "a larger β".
