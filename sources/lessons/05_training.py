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
# # 05 · Training: fifty epochs, live
#
# In this lesson you will
#
# - take one step by hand, then an epoch, then the report's fifty;
# - read the curves of the total, the BCE and the KLD;
# - watch reconstructions and samples improve, and look for overfitting;
# - stop a training, go on, and compare;
# - find out where the time goes, and why this training is fast.
#
# **Before you begin:** lesson 04. **Time:** 45 minutes, of which the computer needs 2 to 3 on two cores.

# %%
import tempfile
from pathlib import Path

import torch
from sklearn.neighbors import KNeighborsClassifier

from vae_lib import plots
from vae_lib.checkpoints import checkpoint_path, load_model, load_trained, save_each_epoch
from vae_lib.data import load_tensors
from vae_lib.latent import encode
from vae_lib.loss import vae_loss
from vae_lib.model import VAE
from vae_lib.train import evaluate, new_run, train

torch.manual_seed(42)
train_set, val_set, test_set = load_tensors()
plots.images(train_set.x[:20], "Twenty training images.", ncols=20)

# %% [markdown]
# ## One step
#
# A step looks at one batch and moves each weight a little, downhill. We take it with the report's settings: batches of
# 64, Adam, learning rate 1e-4, weight decay 1e-5. Adam keeps two running averages for each weight, of its gradient and of
# the gradient's square, to choose the length of the step; weight decay pulls each weight a little towards 0. (Kingma &
# Welling 2014, algorithm 1.)
#
# **Predict.** An untrained decoder draws mid-grey, p = ½ everywhere. Each of the 784 pixels then costs log 2 = 0.69
# nats. How large is the BCE before the first step?

# %%
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, weight_decay=1e-5)
x = train_set.x[:64]
losses = vae_loss(x, *model(x))
print(f"784 · log 2 = {784 * torch.tensor(2.0).log():.0f}")
print(f"before the first step: BCE {losses.bce.mean():.0f}, KLD {losses.kld.mean():.0f}")

# %%
optimizer.zero_grad()  # forget the gradients of the step before
losses.loss.mean().backward()  # one gradient for each weight
optimizer.step()  # one small move for each weight
after = vae_loss(x, *model(x))
print(f"the loss of this batch fell: {bool(after.loss.mean() < losses.loss.mean())}")

# %% [markdown]
# Without `zero_grad` the gradients of all steps add up, and each step would repeat all those before it.
#
# ## One epoch
#
# An epoch takes every training image once, in a new order. This is the loop; `vae_lib.train.train_epoch` is the same,
# and then measures the validation set.

# %%
order = torch.randperm(len(train_set.x))
total = 0.0
for batch in order.split(64)[:100]:  # a hundred of the 797 batches
    x = train_set.x[batch]
    loss = vae_loss(x, *model(x)).loss
    optimizer.zero_grad()
    loss.mean().backward()
    optimizer.step()
    total += loss.detach().sum()

# %%
print(f"below the loss before the first step: {bool(total / 6400 < losses.loss.mean())}")

# %% [markdown]
# We add up `loss.detach().sum()` over all images and divide at the end. The loss of the *last batch* would be a
# noisy guess, and one that comes from the end of the epoch.
#
# ## Fifty epochs
#
# Now the report's training, on all 51,000 images. After each epoch a checkpoint goes into a temporary folder.
#
# **Predict.** Draw three curves on paper, for 50 epochs: the total, the BCE, the KLD. Which of them does *not* fall all
# the way? You have two minutes.

# %% tags=["nbval-ignore-output"]
folder = tempfile.TemporaryDirectory()
torch.manual_seed(42)
run = new_run(VAE(), torch.Generator().manual_seed(42))
history = train(run, train_set.x, val_set.x, epochs=50, after_epoch=save_each_epoch(folder.name))

# %% tags=["nbval-ignore-output"]
plots.loss_curves(history)

# %% [markdown]
# **What we saw.** The total and the BCE fall, fast at first and then slower and slower. The KLD does something else. In
# training it drops once, from epoch 1 to 2; then both KLD curves *rise*.
#
# Both have a reason. Before the first step the KLD is large, because every σ is near 0 (lesson 03); a few hundred steps
# repair that. Then the model finds that it pays to tell images apart: each nat of KLD it spends on describing the image
# saves more than a nat of BCE, as the table shows. A rising KLD is a good sign here.

# %% tags=["nbval-ignore-output"]
print("epoch    train: total    BCE    KLD    validation: total    BCE    KLD")
for epoch in (1, 2, 5, 10, 15, 25, 50):
    t, v = history[epoch - 1]
    print(f"{epoch:5}{t.loss:16.1f}{t.bce:7.1f}{t.kld:7.1f}{v.loss:21.1f}{v.bce:7.1f}{v.kld:7.1f}")

# %% [markdown]
# Why is the validation loss of the first epochs *lower* than the training loss? Because the training loss is the mean
# over the epoch, while the model was still learning. The validation loss is measured at its end.
#
# Now the one look at the test set:

# %% tags=["nbval-ignore-output"]
test = evaluate(run.model, test_set.x, run.generator)
print(f"test: {test.loss:.2f} = {test.bce:.2f} BCE + {test.kld:.2f} KLD, nats per image")

# %%
assert test.loss <= 106.5
print("the test loss is at most 106.5 nats per image")

# %% [markdown]
# ## Pictures after 1, 2, 5, 15 and 50 epochs
#
# The checkpoints let us go back in time. First, reconstructions of the same ten validation images:

# %%
epochs = (1, 2, 5, 15, 50)
models = [load_model(checkpoint_path(folder.name, epoch))[0] for epoch in epochs]
x_hat = [model.decode(encode(model, val_set.x[:10])[0]).detach() for model in models]
alt = "Ten digits, reconstructed after 1, 2, 5, 15, 50 epochs: differing blurs, then ever sharper."
rows = ["original", *[f"epoch {epoch}" for epoch in epochs]]
plots.images(torch.cat([val_set.x[:10], *x_hat]), alt, rows=rows)

# %% [markdown]
# **Predict.** And the generated digits, from the same ten z each time?

# %%
z = torch.randn(10, 40, generator=torch.Generator().manual_seed(7))
drawn = [model.decode(z).detach() for model in models]
alt = "Ten generated images after 1, 2, 5, 15, 50 epochs: first a blur, then digits and scribbles."
plots.images(torch.cat(drawn), alt, rows=[f"epoch {epoch}" for epoch in epochs])

# %% [markdown]
# The same for the run that made the shipped model, whose results are kept after seven of its epochs:


# %% tags=["nbval-ignore-output"]
from vae_lib.checkpoints import load_experiments
from vae_lib.widgets import Live

kept = load_experiments()


def after(epoch):
    run = kept[f"epoch={epoch}"]
    val = run.history[-1].val
    return plots.snapshot(val_set.x[:10], run.x_hat, run.samples[:10], val, f"epoch {epoch}")


Live(after, {"epoch": [1, 2, 5, 10, 15, 25, 50]})

# %% [markdown]
# **What we saw.** After epoch 1 each digit is a blur, but not the same one: the validation BCE is already a little below
# the mean image's 206 (lesson 04), paid for with a few nats of KLD. By epoch 15 the reconstructions look done. The samples
# improve, too, but keep scribbles among them to the end; lesson 08 measures how many.
#
# The report adds that this *shows* a latent space that becomes more structured. Let us ask that directly: do images with
# the same label become neighbours? Each of 3,000 validation images gets the label most common among its 15 nearest of the
# other 6,000, in all 40 dimensions.
#
# **Predict.** Guessing is right 1 time in 10. How often are the neighbours of an untrained encoder right?


# %%
def neighbours_right(model):
    mu, _ = encode(model, val_set.x)
    knn = KNeighborsClassifier(15).fit(mu[:6000], val_set.y[:6000])
    return knn.score(mu[6000:], val_set.y[6000:])


# %% tags=["nbval-ignore-output"]
torch.manual_seed(42)
right = {"untrained": neighbours_right(VAE())}
right |= {f"epoch {n}": neighbours_right(model) for n, model in zip(epochs, models, strict=True)}
alt = "Right neighbours, per cent: over 80 untrained, a little less early on, 95 at the end."
plots.bars({name: 100 * share for name, share in right.items()}, alt, ylabel="right, per cent")

# %%
assert right["epoch 50"] > right["epoch 5"] > right["epoch 1"]
print("the neighbours are right more often after 50 epochs than after 5, and after 5 than after 1")

# %% [markdown]
# **What we saw.** The report is right, but look where it starts: even random weights keep alike images together, because
# the pixels already are. The first epochs, which give information up, are worse than no training at all.
#
# ## Looking for overfitting
#
# A model that learns the training images by heart does better on them than on new ones. To be fair, we measure both
# sets with the *same* final weights.
#
# **Predict.** How large is the gap: 0.1, 1, 10 nats?

# %%
generator = torch.Generator().manual_seed(0)
seen = evaluate(run.model, train_set.x, generator).loss
unseen = evaluate(run.model, val_set.x, generator).loss
assert 0 < unseen - seen < 3, (seen, unseen)
print("the gap between validation and training is above 0 and below 3 nats")

# %% tags=["nbval-ignore-output"]
print(f"training {seen:.2f}, validation {unseen:.2f}, gap {unseen - seen:.2f} nats")
pairs = [[evaluate(model, x, generator).loss for x in (train_set.x, val_set.x)] for model in models]
gap = {f"epoch {n}": val - train for n, (train, val) in zip(epochs, pairs, strict=True)}
alt = "Validation minus training loss, same weights: near 0, even below, at first; then it grows."
plots.bars(gap, alt, ylabel="gap, nats per image", decimals=2)

# %% [markdown]
# **What we saw.** A gap, but a small one, about 1 % of the loss, and the validation loss still falls at the end: no
# harm yet. The gap grows with the epochs, though. Train for 500 epochs and look again.
#
# ## Stop and go on
#
# Training for hours, one day somebody trips over the cable. We test what a checkpoint is worth, on 5,000 images: three
# epochs at a stretch, and two epochs, saved, loaded and gone on with.
#
# **Predict.** Will the weights agree roughly, to six digits, or to the last bit?


# %%
from vae_lib.checkpoints import load_run, save_run


def fresh_run():
    torch.manual_seed(1)
    return new_run(VAE(), torch.Generator().manual_seed(1))


# %% tags=["nbval-ignore-output"]
few, path = train_set.x[:5000], Path(folder.name) / "stopped.pt"
whole, stopped = fresh_run(), fresh_run()
train(whole, few, val_set.x, epochs=3)
train(stopped, few, val_set.x, epochs=2)
save_run(stopped, path)
resumed = load_run(path)
_ = train(resumed, few, val_set.x, epochs=3)

# %%
pairs = zip(whole.model.parameters(), resumed.model.parameters(), strict=True)
print("same weights, bit for bit:", all(torch.equal(a, b) for a, b in pairs))
print("same history:", whole.history == resumed.history)

# %% [markdown]
# **What we saw.** To the last bit. The checkpoint holds the weights, Adam's averages, the history and the state of the
# random generator; without one of them it would be a different run from there on. The file is written under another name
# first and renamed when it is whole, so a kill in the middle of saving leaves the checkpoint before. Try it with the
# whole report: in a terminal in the folder of the course start `.venv/bin/vae-report`, kill it, and go on with
# `.venv/bin/vae-report --resume` (Windows: `.venv\Scripts\vae-report`).

# %% [markdown]
# ## Where the time goes
#
# The usual loop, as in PyTorch's own example of a VAE, takes twice as long for an epoch. Why? We take the clock to the
# parts of one step, for a batch of 64. Two of the parts come in two ways, the usual one and ours.
#
# **Predict.** Which part of a step takes longest: fetching the images, the model forward, backward, or Adam?

# %%
import statistics
import timeit

from vae_lib.data import load_loaders


def milliseconds(work):
    return 1000 * statistics.median(timeit.repeat(work, number=20, repeat=9)) / 20


# %%
model, x, order = VAE(), train_set.x[:64], torch.randperm(51_000)[:64]
loader = iter(load_loaders()[0])
usual_adam = torch.optim.Adam(model.parameters())
fused_adam = torch.optim.Adam(model.parameters(), fused=True)


def forward():
    return vae_loss(x, *model(x)).loss.mean()


# %% [markdown]
# For comparison, the arithmetic that nobody can leave out: the matrix products, one forward and two backward in each
# layer (the gradient of the weights and that of the input, which the first layer does not need).

# %%
weights = [w.detach() for w in model.parameters() if w.ndim == 2]
layers = [(torch.rand(64, w.shape[1]), torch.rand(64, w.shape[0]), w) for w in weights]


def products():
    for into, gradient, w in layers:
        into @ w.T, gradient.T @ into
    for _, gradient, w in layers[1:]:
        gradient @ w


# %% tags=["nbval-ignore-output"]
parts = {
    "fetch:\none by one": milliseconds(lambda: next(loader)),
    "fetch:\nfrom memory": milliseconds(lambda: train_set.x[order]),
    "forward\nand loss": (ahead := milliseconds(forward)),
    "backward": milliseconds(lambda: forward().backward()) - ahead,
    "Adam:\nas it comes": milliseconds(usual_adam.step),
    "Adam:\nfused": milliseconds(fused_adam.step),
    "products\nalone": milliseconds(products),
}
alt = "Milliseconds of each part of a step, and of the matrix products alone."
plots.bars(parts, alt, ylabel="milliseconds a batch", decimals=2)

# %% [markdown]
# **What we saw.** The processor could be busy with matrix products and spends much of the usual loop on other things.
#
# - **Fetching.** `DataLoader` with `ToTensor` turns each image into a tensor by itself, 64 times a batch, again in every
#   epoch. All of MNIST is 160 MB: it fits in memory as one tensor, and a batch is one indexing.
# - **Adam.** As it comes, it walks through the weights several times, one small operation after the other. `fused=True`
#   does all of it in one pass.
# - **The loss.** `vae_lib` takes log(1 + exp(a)) apart, because PyTorch's `log1p` was slow on the
#   processor we measured.
# - **`.item()`** in each step costs next to nothing on a processor. On a GPU it waits for all work queued so far; so we
#   add the losses up as tensors and look once an epoch.
#
# What remains, forward and backward, is mostly products. `docs/performance.md` has the whole story: how fast JAX is, what
# larger batches change, and what uglier code would still gain.
#
# ## Why your numbers differ from ours
#
# The shipped model was trained with the same settings and the same seed. Did you get the same history?

# %%
shipped = load_trained()[1]
off = [abs(a.val.loss - b.val.loss) for a, b in zip(history, shipped, strict=True)]
assert off[-1] < 2, off
print("after 50 epochs the validation losses differ by less than 2 nats")

# %% tags=["nbval-ignore-output"]
print(f"largest difference: {max(off):.2f} nats, after epoch {off.index(max(off)) + 1}")

# %% [markdown]
# Perhaps exactly, perhaps not. A processor adds numbers in an order that depends on its cores and its instructions, and
# for floating-point numbers the order matters:

# %%
print((0.1 + 0.2) + 0.3, 0.1 + (0.2 + 0.3), sep="\n")

# %% [markdown]
# A difference in the last digit of one weight grows from step to step, until two trainings are different trainings of
# the same quality. They are farthest apart in the first epochs, while the loss falls fast. So we compare losses with a
# tolerance, never digit by digit, across machines.

# %%
folder.cleanup()

# %% [markdown]
# ## Three questions
#
# Answer in your head first, then unfold.
#
# **1.** The KLD rises for forty epochs. Is the training broken?
#
# <details><summary>Answer</summary>
#
# No. The model spends nats on describing the image and saves more nats of BCE. What must fall is the sum.
#
# </details>
#
# **2.** The validation loss of epoch 1 is below the training loss. Has the model seen the validation images?
#
# <details><summary>Answer</summary>
#
# No. The training loss is the mean over the epoch, while the model was still bad; the validation loss is measured at
# its end.
#
# </details>
#
# **3.** You forget `zero_grad`. Which quantity keeps growing, and would Adam save you?
#
# <details><summary>Answer</summary>
#
# The gradients: each step uses the sum of all so far. Adam divides by their size, so the steps do not explode, but
# they follow all past gradients more than the present one.
#
# </details>

# %% [markdown]
# ## What to take along
#
# - A step: loss, `zero_grad`, `backward`, `step`. An epoch: every image once, in a new order.
# - Total and BCE fall; the KLD, once σ is repaired, rises: information about the image is worth its price.
# - Reconstructions look done by epoch 15; the gap to the training set is small after 50 epochs.
# - A checkpoint with optimizer and random state goes on bit for bit.
# - Fast means: images in memory, one pass for Adam, nothing that waits. The rest is matrix products.
#
# **Where this is limited.** One seed is one draw. To say that a setting is better, train with several and
# compare the scatter.
#
# Next: `06_latent_space_pca`.
