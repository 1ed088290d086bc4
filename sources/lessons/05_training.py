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
# - turn the learning rate, and see when a training jumps;
# - find out why your numbers differ from ours;
# - for the curious: stop a training and go on, and see where the time goes.
#
# **Before you begin:** [lesson 04](04_bce_vs_kld.ipynb). **Time:** 85 minutes (65 without what is for the curious),
# of which the computer needs 4 to 5 on two cores. Each new word stands in the [glossary](../GLOSSARY.md).

# %% tags=["control"]
import tempfile
from pathlib import Path

from vae_lib import plots
from vae_lib.checkpoints import checkpoint_path, load_model, load_trained, save_each_epoch
from vae_lib.data import load_tensors
from vae_lib.latent import encode, neighbours_right
from vae_lib.loss import bce, vae_loss
from vae_lib.model import VAE
from vae_lib.train import evaluate, new_run, train

import torch
import torch.nn.functional as F

torch.manual_seed(42)
train_set, val_set, test_set = load_tensors()
plots.images(train_set.x[:20], "Twenty training images.", ncols=20)

# %% [markdown]
# ## One step
#
# A step looks at one batch and moves each weight a little, downhill. We take it with the report's settings: batches of
# 64, Adam, learning rate 1e-4, weight decay 1e-5. The *learning rate* is the length of a step. Adam keeps two running averages
# for each weight, of its gradient and of the gradient's square, and divides one by the root of the other: so each weight
# moves by about the learning rate, whether its gradients are large or small. *Weight decay* adds a small multiple of the weight
# itself to its gradient, a pull towards 0. ([Kingma & Welling 2014](https://arxiv.org/abs/1312.6114), algorithm 1.)
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
after_step = vae_loss(x, *model(x))
print(f"the loss of this batch fell: {bool(after_step.loss.mean() < losses.loss.mean())}")

# %% [markdown]
# **What we saw.** 784 · log 2, as predicted. The large KLD is that of a σ near 0
# ([lesson 03](03_reparameterization_trick.ipynb)).

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
# **What we saw.** The total and the BCE fall, fast at first and then slower and slower. The KLD does something else: after
# the first epochs both KLD curves *rise*, most of the way within fifteen epochs, then hardly any more.
#
# The training KLD of epoch 1 is high because every σ starts near 0; a few hundred steps repair that
# ([lesson 03](03_reparameterization_trick.ipynb)). Then the model finds that it pays to tell images apart: it says more
# about each, as long as a nat of KLD saves more than a nat of BCE. Where the sum falls, a rising KLD is a good sign.

# %% tags=["nbval-ignore-output"]
print("epoch    train: total    BCE    KLD    validation: total    BCE    KLD")
for epoch in (1, 2, 5, 10, 15, 25, 50):
    t, v = history[epoch - 1]
    print(f"{epoch:5}{t.loss:16.1f}{t.bce:7.1f}{t.kld:7.1f}{v.loss:21.1f}{v.bce:7.1f}{v.kld:7.1f}")

# %% [markdown]
# Why is the validation loss of the first epochs *lower* than the training loss? Because the training loss is the mean
# over the epoch, while the model was still learning. The validation loss is measured at its end.
#
# The validation KLD jitters from epoch to epoch, though no noise is in its formula: it is that of one moment's weights, and the
# weights never stand still. The training KLD is a mean over the epoch.
#
# Now the one look at the test set:

# %% tags=["nbval-ignore-output"]
test = evaluate(run.model, test_set.x, run.generator)
print(f"test: {test.loss:.2f} = {test.bce:.2f} BCE + {test.kld:.2f} KLD, nats per image")

# %%
# For the course's own tests; there is nothing to do here.
assert test.loss <= 109
print("the test loss is at most 109 nats per image")

# %% [markdown]
# It is about a nat *below* the validation loss, on images that nobody chose. Is that luck? We come to it when we look for
# overfitting.

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


# %% tags=["control", "nbval-ignore-output"]
from vae_lib.checkpoints import load_experiments
from vae_lib.widgets import Live

kept = load_experiments()


def shown_after(epoch):
    shipped = kept[f"epoch={epoch}"]
    val = shipped.history[-1].val
    return plots.snapshot(
        val_set.x[:10], shipped.x_hat, shipped.samples[:10], val, f"epoch {epoch}"
    )


Live(shown_after, {"epoch": [1, 2, 5, 10, 15, 25, 50]})

# %% [markdown]
# **What we saw.** After epoch 1 each digit is a blur, but not the same one: the validation BCE is already a little below
# the [206 nats of the mean image](04_bce_vs_kld.ipynb), paid for with a few nats of KLD. By epoch 15 the reconstructions look done. The samples
# improve, too, but keep scribbles among them to the end; [lesson
# 08](08_the_report_revisited.ipynb) measures how many.

# %% [markdown]
# The report adds that this *shows* a latent space that becomes more structured. Let us ask that directly: do images with
# the same label become neighbours? Each of 3,000 validation images gets the label most common among its 15 nearest of the
# other 6,000, in all 40 dimensions.

# %% [markdown]
# **Predict.** Guessing is right 1 time in 10. How often are the neighbours of an untrained encoder right?


# %% tags=["nbval-ignore-output"]
torch.manual_seed(42)
right = {
    name: neighbours_right(encode(trained, val_set.x)[0], val_set.y)
    for name, trained in zip(["untrained", *rows[1:]], [VAE(), *models], strict=True)
}
alt = "Right neighbours, per cent: over 80 untrained, a little less early on, 95 at the end."
plots.bars({name: 100 * share for name, share in right.items()}, alt, ylabel="right, per cent")

# %%
# For the course's own tests; there is nothing to do here.
assert right["epoch 50"] > right["epoch 5"] > right["epoch 1"]
print("the neighbours are right more often after 50 epochs than after 5, and after 5 than after 1")

# %% [markdown]
# **What we saw.** The report is right, but look where it starts: even random weights (one set of them) keep alike images
# together, because the pixels already are. The first epochs, which give information up, are worse than no training at all.

# %% [markdown]
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
gap = {
    f"epoch {n}": evaluate(then, val_set.x, generator).loss
    - evaluate(then, train_set.x, generator).loss
    for n, then in zip(epochs, models, strict=True)
}
alt = "Validation minus training loss, same weights: near 0, even below, at first; then it grows."
plots.bars(gap, alt, ylabel="gap, nats per image", decimals=2)

# %% [markdown]
# **What we saw.** A gap of under one per cent of the loss, and it grows with the epochs.

# %% [markdown]
# How much of it is overfitting? Images differ: a thin 1 costs far less than a thick 8. How far the mean over a set is off by
# the luck of which images are in it, the *standard error* says: the standard deviation over the root of their number. And the
# test images are a third sample.

# %% tags=["nbval-ignore-output"]
print("              loss             floor of the BCE")
for name, part in {"training": train_set, "validation": val_set, "test": test_set}.items():
    with torch.no_grad():
        cost = vae_loss(part.x, *run.model(part.x)).loss
    floor = F.binary_cross_entropy(part.x, part.x, reduction="sum") / len(part.x)
    print(f"{name:11}{cost.mean():8.2f} ± {cost.std() / len(cost) ** 0.5:.2f}{floor:13.2f}")

# %% [markdown]
# The gap to the validation set is about three standard errors, so chance alone hardly explains it. But the test set,
# which the training has not seen either, lies about as far from the validation set, on the *other* side of the training
# set: its images are even a little cheaper at best, as their floor says ([lesson 04](04_bce_vs_kld.ipynb)). So two sets
# of new images can differ as much, and the *level* of the gap does not tell overfitting from an unlucky draw. That it
# *grows* with the epochs does, for those are the same images each time. The validation loss still falls at the end: no
# harm yet.
#
# ## The learning rate
#
# The report takes 1e-4. [Assignment 05](../exercises/05_training/05_training.ipynb) lets you choose. Four learning rates, 12
# epochs each on 5,000 images:
#
# **Predict.** Which learns fastest? Does a larger one only go faster?


# %% tags=["nbval-ignore-output"]
def curve(lr, head="sigma"):
    torch.manual_seed(1)
    trial = new_run(VAE(sigma_head=head), torch.Generator().manual_seed(1), lr=lr)
    train(trial, train_set.x[:5000], val_set.x[:2000], epochs=12)
    return [epoch.val.loss for epoch in trial.history]


rates = {f"learning rate {lr:g}": curve(lr) for lr in (1e-5, 1e-4, 1e-3, 3e-3)}
rates["0.003, log_var"] = curve(3e-3, "log_var")

# %% tags=["nbval-ignore-output"]
# The figure, and what it shows for those who cannot see it.
alt = "Validation loss: at 1e-5 barely falling, at 1e-4 slowly, at 1e-3 fast; at 3e-3 it jumps up again, but not with log_var."
plots.lines(range(1, 13), rates, alt, xlabel="epoch", ylabel="validation loss", logy=True)

# %% tags=["nbval-ignore-output"]
for name, losses in rates.items():
    print(
        f"{name:22} last {losses[-1]:4.0f}, largest step up {torch.tensor(losses).diff().max():4.0f}"
    )

# %%
# For the course's own tests; there is nothing to do here.
assert rates["learning rate 0.001"][-1] < rates["learning rate 0.0001"][-1] - 40
assert rates["0.003, log_var"][-1] < 130

# %% [markdown]
# **What we saw.** Ten times too small costs ten times the epochs. A learning rate of 0.001 is far ahead of 0.0001 after twelve
# epochs. But at 0.003 the loss jumps up again, by 29 nats in one epoch. The cause is the σ head: σ = h must keep away from the wall of −log σ² at 0, and a
# long step now and then throws a σ against it. With `log_var` there is no wall, and the same learning rate is smooth. So: a
# loss that jumps asks for a smaller learning rate, or for another head.

# %% [markdown]
# Now turn it with your own hand. The playground trains a smaller VAE here in your browser, on images of 14 × 14 pixels and
# with two numbers for z, while this notebook's kernel rests. Press *Train*, and change the learning rate while it trains:
# the curves are the same three. *Break it* trains with a bug, so that you see its symptom grow.

# %% tags=["control", "nbval-ignore-output"]
from vae_lib.widgets import Playground

Playground()

# %% [markdown]
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
# A difference in the last digit of one weight grows from step to step, until two trainings are different trainings of the
# same quality. How fast it grows depends on the loss: with σ = h the wall of −log σ² turns small differences into large
# ones. Measured with two programs that differ in nothing but the order of their sums: after five epochs they are up to 1.5
# nats apart with our head, 0.02 nats with `log_var` ([docs/performance.md](../docs/performance.md)). So we compare losses
# with a tolerance, never digit by digit, across machines.

# %% [markdown]
# ## For the curious: what weight decay did
#
# 70 pixels are black in every training image, so their weights in the encoder never matter. Only the weight decay pulls at
# them, with 1e-5 of their size.
#
# **Predict.** They start around 0.018. Where are they after 50 epochs: 0.017, 0.001, or 0?

# %% tags=["nbval-ignore-output"]
dead = (train_set.x == 0).all(0)
size = load_trained()[0].encoder.hidden.weight.detach().abs()
print(f"pixels that are always black: {dead.sum()}")
print(f"their weights: {size[:, dead].mean():.0e}, all others: {size[:, ~dead].mean():.3f}")

# %% [markdown]
# **What we saw.** Nothing is left of them. Adam divides each gradient by its own size, and the decay is part of the gradient:
# where nothing else pulls, it moves the weight by a whole learning rate in each step, however small the decay. AdamW
# ([Loshchilov & Hutter 2019](https://arxiv.org/abs/1711.05101)) adds the decay after the division.

# %% [markdown]
# ## For the curious: stop and go on
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
weights = zip(whole.model.parameters(), resumed.model.parameters(), strict=True)
print("same weights, bit for bit:", all(torch.equal(a, b) for a, b in weights))
print("same history:", whole.history == resumed.history)

# %% [markdown]
# **What we saw.** To the last bit. The checkpoint holds the weights, Adam's averages, the history and the state of the
# random generator; without one of them it would be a different run from there on. The file is written under another name
# first and renamed when it is whole, so a kill in the middle of saving leaves the checkpoint before. Try it with the
# whole report: in a terminal in the folder of the course start `.venv/bin/vae-report`, kill it, and go on with
# `.venv/bin/vae-report --resume` (Windows: `.venv\Scripts\vae-report`).

# %% [markdown]
# ## For the curious: where the time goes
#
# The usual loop, as in PyTorch's own example of a VAE, takes longer for an epoch. Why? We take the clock to the parts of one
# step, for a batch of 64, in three stacks: the usual loop, ours, and the arithmetic that nobody can leave out.
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
logits = model(x)[0].detach()
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
usual_loss = milliseconds(lambda: F.binary_cross_entropy_with_logits(logits, x, reduction="sum"))
our_loss = milliseconds(lambda: bce(x, logits))
ahead = milliseconds(forward)
back = milliseconds(lambda: forward().backward()) - ahead
stacks = {
    "usual": {
        "fetch": milliseconds(lambda: next(loader)),
        "forward": ahead - our_loss,
        "BCE": usual_loss,
        "backward": back,
        "Adam": milliseconds(usual_adam.step),
    },
    "ours": {
        "fetch": milliseconds(lambda: train_set.x[order]),
        "forward": ahead - our_loss,
        "BCE": our_loss,
        "backward": back,
        "Adam": milliseconds(fused_adam.step),
    },
}

# %% tags=["nbval-ignore-output"]
stacks["products alone"] = {"products": milliseconds(products)}
alt = (
    "Milliseconds a step, stacked: the usual loop most, ours less, the matrix products alone least."
)
plots.stacked_bars(stacks, alt, ylabel="milliseconds a batch")

# %% [markdown]
# **What we saw.** The processor could be busy with matrix products and spends much of the usual loop on other things.

# %% [markdown]
# - **Fetching.** `DataLoader` with `ToTensor` turns each image into a tensor by itself, 64 times a batch, again in every
#   epoch. The training images fit in memory as one tensor, 160 MB, and a batch is one indexing.
# - **Adam.** As it comes, it walks through the weights several times, one small operation after the other. `fused=True`
#   does all of it in one pass.
# - **The loss.** `vae_lib` takes log(1 + exp(a)) apart, for PyTorch's own form was slower on the processor we measured; the
#   bar *BCE* says how it is on yours.
#
# What remains, forward and backward, is mostly products. [docs/performance.md](../docs/performance.md) has the whole story: how fast JAX is, what
# larger batches change, and what uglier code would still gain.

# %% [markdown]

# %%
folder.cleanup()

# %% [markdown]
# ## Three questions
#
# Answer in your head first, then unfold.
#
# **1.** From one epoch to the next the validation loss rises from 120 to 137, and falls back. What do you change?
#
# <details><summary>Answer</summary>
#
# The learning rate: make it smaller. Or, with σ straight from a layer, the head: take `log_var`.
#
# </details>
#
# **2.** You change one setting, train once, and the validation loss ends at 106.2 instead of 106.7. Is the setting better?
#
# <details><summary>Answer</summary>
#
# Not to be said. The images are the same, so their luck cancels; but two trainings with different seeds differ by about as
# much. Train each setting with several seeds, and compare the difference with the scatter.
#
# </details>
#
# **3.** You forget `zero_grad`. Which quantity keeps growing, and would Adam save you?
#
# <details><summary>Answer</summary>
#
# The gradients: each step uses the sum of all so far. Adam does not save you. It divides by their size, so the steps do not
# explode, but they go where the first steps went. After five epochs such a program is still worse than always drawing the mean
# image ([lesson 12](12_broken_vae_clinic.ipynb)).
#
# </details>

# %% [markdown]
# ## What to take along
#
# - A step: loss, `zero_grad`, `backward`, `step`. An epoch: every image once, in a new order.
# - Total and BCE fall; the KLD, once σ is repaired, rises and then levels off.
# - Reconstructions look done by epoch 15; the gap to the training set is small, and grows.
# - Print the standard error before you explain a difference, and where there is a third set, look at it, too.
# - A loss that jumps: a smaller learning rate, or `log_var`.
# - A checkpoint with optimizer and random state goes on bit for bit.
# - Fast means: images in memory, one pass for Adam, nothing that waits. The rest is matrix products.
#
# **Where this is limited.** One seed is one draw. To say that a setting is better, train with several and
# compare the scatter.
#
# Now write the loop yourself: [assignment 05](../exercises/05_training/05_training.ipynb).
# Next: [lesson 06](06_latent_space_pca.ipynb).
