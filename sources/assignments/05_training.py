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
# # Assignment 05 · Training
#
# You write one step of a training, the loss over a whole data set, and then the training itself, from random weights to
# digits.
#
# | exercise | difficulty | minutes | points |
# |---|---|---|---|
# | 1 · a training step | ●○○ | 10 | 10 |
# | 2 · the loss over a data set | ●●○ | 20 | 10 |
# | 3 · a whole training | ●●● | 35 | 10 |
# | 4 · one question in words | ●●○ | 15 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the
# one after it: the check says what holds and what not yet. `checks.train_step.hint(1)`, then 2 and 3, help you on. You
# may check as often as you like. Do without `vae_lib.train` in your answers: it has such functions.

# %%
from vae_lib import plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.loss import vae_loss
from vae_lib.model import VAE

import torch

import vae_checks as checks

torch.manual_seed(42)
train_set, val_set, _ = load_tensors()
train_x, val_x = train_set.x[:3000], val_set.x[:2000]

# %% [markdown]
# ## 1 · A training step
#
# ●○○, 10 minutes. One batch, one move of the weights: take the loss of each image with `vae_loss` and the noise `eps` that
# you are given, and let the optimizer make one step along the gradient of their **mean**. Return this mean, as it was before
# the step, as a plain number.


# %% answer="train_step"
def train_step(model, optimizer, x, eps):
    """x (B, 784), eps (B, D); model(x, eps) → (x_logits, mu, sigma). Returns nats per image."""
    ### BEGIN SOLUTION
    loss = vae_loss(x, *model(x, eps)).loss.mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
    ### END SOLUTION


# %% tests="train_step"
result = checks.train_step(train_step)
display(result)
result.points

# %% [markdown]
# Your function at work, in a test that is worth a minute in every project: 200 steps on one and the same batch. A model
# that cannot learn 64 images by heart has a bug, and it shows here, not after a night of training.

# %% tags=["nbval-ignore-output"]
your_step, whose = result.or_library()
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
eps = torch.randn(64, 40)
losses = [your_step(model, optimizer, train_x[:64], eps) for _ in range(200)]
print(whose)
alt = f"The loss of one batch over 200 steps, from {losses[0]:.0f} to {losses[-1]:.0f} nats."
plots.lines(range(200), {"the same 64 images": losses}, alt, xlabel="step", ylabel="nats per image")

# %% [markdown]
# ## 2 · The loss over a data set
#
# ●●○, 20 minutes. The mean loss of **all** images, in nats per image. The model may see at most `batch_size` images at
# once, or the memory of many a GPU is full; the last batch may be smaller, and each image still counts the same. Image `i`
# gets the noise `eps[i]`, so the same call gives the same number. Nothing is trained here: no gradients are needed, and the
# weights stay as they are; the training goes on afterwards.


# %% answer="epoch_loss"
def epoch_loss(model, x, eps, batch_size):
    """x (N, 784), eps (N, D) → the mean loss of all N images, a plain number."""
    ### BEGIN SOLUTION
    total = 0.0
    with torch.no_grad():
        for batch, noise in zip(x.split(batch_size), eps.split(batch_size)):
            total += vae_loss(batch, *model(batch, noise)).loss.sum().item()
    return total / len(x)
    ### END SOLUTION


# %% tests="epoch_loss"
result = checks.epoch_loss(epoch_loss)
display(result)
result.points

# %% [markdown]
# Your function at work, on the trained model: the loss of all 2,000 images, and that of each of 40 batches alone. Had you
# reported the last batch as the epoch's loss, which numbers could have come out?

# %%
your_loss, whose = result.or_library()
trained, _ = load_trained()
noise = torch.randn(len(val_x), 40)
whole = your_loss(trained, val_x, noise, 50)
batches = torch.randperm(2000).view(40, 50)
single = [your_loss(trained, val_x[i], noise[i], 50) for i in batches]
print(whose)
print(f"all {len(val_x):,} images: {whole:.0f} nats per image")
alt = f"Losses of 40 batches, {min(single):.0f} to {max(single):.0f}; of all images {whole:.0f}."
curves = {"one batch": single, "all images": [whole] * len(single)}
plots.lines(range(1, len(single) + 1), curves, alt, xlabel="batch", ylabel="nats per image")

# %% [markdown]
# ## 3 · A whole training
#
# ●●●, 35 minutes. From random weights to a model that draws digits: make a `VAE()`, train it on `train_x`, and after each
# epoch measure the loss of `val_x`, with one draw of noise for each image (the same in every epoch, or a new one). The last
# number is that of the model you return. Use your two functions. Optimizer, learning rate, batch size and number of epochs
# are yours to choose. For each epoch draw a new order, and new noise for the training; draw all of it from the `generator`,
# whatever the number of images.
#
# The check trains with your function on 3,000 images, and asks for at most **160** nats per image on 2,010 others; then it
# trains three times on 150, to see what hangs on the generator, and says that it works while you wait. Choose so that it
# takes well under a minute; the model answer reaches about 140. The report's learning rate, 1e-4, is made for 40,000 steps.
# How many will you make?


# %% answer="fit"
def fit(train_x, val_x, generator):
    """Returns (model, history): a trained VAE, and a list with the validation loss after each epoch."""
    ### BEGIN SOLUTION
    model, history = VAE(), []
    optimizer = torch.optim.Adam(model.parameters())  # its own default is lr=1e-3
    val_eps = torch.randn(len(val_x), 40, generator=generator)
    for _ in range(15):
        for batch in torch.randperm(len(train_x), generator=generator).split(64):
            eps = torch.randn(len(batch), 40, generator=generator)
            train_step(model, optimizer, train_x[batch], eps)
        history.append(epoch_loss(model, val_x, val_eps, 500))
    return model, history
    ### END SOLUTION


# %% tests="fit"
result = checks.fit(fit)
display(result)
result.points

# %% [markdown]
# Your training at work, on the images of the lessons (so it runs once more). The shipped model has seen 17 times as many
# images, 50 times each, and comes to 107. Does your curve look as if it were at its end?

# %% tags=["nbval-ignore-output"]
your_fit, whose = result.or_library()
model, history = your_fit(train_x, val_x, torch.Generator().manual_seed(42))
print(whose)
first, middle, last = history[0], history[len(history) // 2], history[-1]
alt = f"Validation loss after each epoch: {first:.0f}, {middle:.0f} halfway, {last:.0f} at the end."
epochs = range(1, len(history) + 1)
plots.lines(epochs, {"validation": history}, alt, xlabel="epoch", ylabel="nats per image")

# %% [markdown]
# And ten validation images through your model, which has never seen them:

# %%
x_hat = model.decode(encode(model, val_x[:10])[0]).detach()
plots.reconstructions(val_x[:10], x_hat)

# %% [markdown]
# ## 4 · One question in words
#
# ●●○, 15 minutes, 4 points. Ada and Ben train the report's model on the same images, but one of them has changed one
# setting. After 50 epochs Ada's validation images have a BCE of 81 and a KLD of 26 nats, Ben's a BCE of 79 and a KLD of 31.
# "Mine draws them sharper", says Ben, "so mine is the better VAE." Which setting has he most likely changed, and how do you
# know that he did not just train for longer? What will they see when both draw new digits from the prior? Answer in three
# to six sentences.

# %% [markdown] written="rising-kld" points=4
# Ben pays 5 nats of KLD for 2 nats of BCE: his sum is 110, Ada's 107. With β = 1 a training makes the sum small, and
# training for longer would have lowered it, or raised the BCE, too, where the model learns its images by heart. A price of 5
# for 2 is only worth paying where a nat of KLD costs less than 2/5 of a nat: he has made the weight of the KLD smaller, a β
# below 0.4 or a mean where a sum should be. So his codes tell more about each image, and his reconstructions are better; as
# a VAE, by the bound that both report, his model is worse. Its codes lie farther from N(0, I), so a draw from the prior
# more often falls where the decoder has never been trained: fewer of his new digits will be digits.
#
# **Rubric.** 1 point: the sum, which is the loss at β = 1, is worse: 110 against 107. 1 point: the KLD had less weight in
# his training (a smaller β, or a mean over the dimensions). 1 point: why not a longer training: it would lower the sum, or
# the price of 5 for 2 pays only below β = 2/5. 1 point: draws from his prior look worse, because his codes fit it worse
# (that his reconstructions are sharper is true, and no point by itself).
