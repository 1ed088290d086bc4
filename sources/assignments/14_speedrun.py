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
# # Assignment 14 · A speedrun
#
# You write a learning rate that changes with the step, and a running average of weights. Then you train against a budget:
# each image may be seen five times.
#
# | exercise | difficulty | minutes | points |
# |---|---|---|---|
# | 1 · one cycle | ●○○ | 10 | 10 |
# | 2 · an average of weights | ●●○ | 15 | 10 |
# | 3 · a training with a budget | ●●● | 35 | 10 |
# | 4 · one question in words | ●●○ | 10 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the
# one after it: the check says what holds and what not yet. `checks.one_cycle.hint(1)`, then 2 and 3, help you on. You may
# check as often as you like. Do without `vae_lib.fast` in your answers: it has such functions.

# %%
import copy
import math

from vae_lib import plots
from vae_lib.data import load_tensors
from vae_lib.loss import vae_loss
from vae_lib.model import VAE
from vae_lib.train import evaluate, new_run, train_epoch

import torch

import vae_checks as checks

torch.manual_seed(42)
train_set, val_set, _ = load_tensors()
train_x, val_x = train_set.x[:6000], val_set.x[:2000]

# %% [markdown]
# ## 1 · One cycle
#
# ●○○, 10 minutes. A training has `steps` steps, with the numbers 0 to `steps` − 1. In the **middle** of step `step` the share
# (step + ½) / steps of it is over. While this share grows from 0 to `warmup`, the learning rate rises in a straight line from
# 0 to `peak`; then it falls in a straight line, to reach 0 when all is over. Return the rate in the middle of the step.


# %% answer="one_cycle"
def one_cycle(step, steps, peak, warmup):
    """step 0 … steps − 1, peak > 0, warmup between 0 and 1 → the learning rate, a number."""
    ### BEGIN SOLUTION
    done = (step + 0.5) / steps
    return peak * min(done / warmup, (1 - done) / (1 - warmup))
    ### END SOLUTION


# %% tests="one_cycle"
result = checks.one_cycle(one_cycle)
display(result)
result.points

# %% [markdown]
# Your function at work: one cycle of 500 steps to 0.01. Why is the first rate not 0, and the last one not, either?

# %%
your_cycle, whose = result.or_library()
rates = [your_cycle(step, 500, 0.01, 0.2) for step in range(500)]
print(whose, f"first {rates[0]:.6f}, highest {max(rates):.6f}, last {rates[-1]:.6f}", sep="\n")
alt = (
    "The learning rate over 500 steps: a straight line up to 0.01 at step 100, then one down to 0."
)
plots.lines(range(500), {"one cycle": rates}, alt, xlabel="step", ylabel="learning rate")

# %% [markdown]
# ## 2 · An average of weights
#
# ●●○, 15 minutes. Beside the model that is trained there is a second one, `average`, with the same layers. After each step
# each of its weights becomes `keep` times what it was, plus 1 − `keep` times that of `model`. Change `average` **in place**;
# the model goes on as if nothing had happened. Both have `parameters()`, in the same order.


# %% answer="update_average"
def update_average(average, model, keep):
    """average, model: alike; keep in [0, 1]. Returns nothing: the weights of `average` change."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        for old, new in zip(average.parameters(), model.parameters()):
            old.copy_(keep * old + (1 - keep) * new)
    ### END SOLUTION


# %% tests="update_average"
result = checks.update_average(update_average)
display(result)
result.points

# %% [markdown]
# Your function at work, in a training whose steps stay long, with a learning rate of 0.006 to its end. The average keeps
# 0.95 of itself, so it looks back on some 20 steps. Which of the two is the better model after the first epoch, and which
# after the last?

# %% tags=["nbval-ignore-output"]
your_average, whose = result.or_library()
model = VAE(sigma_head="log_var")
average = copy.deepcopy(model)
run = new_run(model, torch.Generator().manual_seed(42), lr=0.006)
run.optimizer.register_step_post_hook(lambda *_: your_average(average, model, 0.95))
losses = {"the model": [], "the average": []}
for _ in range(1, 6):
    losses["the model"].append(train_epoch(run, train_x, val_x).val.loss)
    losses["the average"].append(evaluate(average, val_x, torch.Generator().manual_seed(0)).loss)
print(whose)
alt = "Validation loss of five epochs: model {:.0f}, average {:.0f} at the end."
ends = [curve[-1] for curve in losses.values()]
plots.lines(range(1, 6), losses, alt.format(*ends), xlabel="epoch", ylabel="nats per image")

# %% [markdown]
# ## 3 · A training with a budget
#
# ●●●, 35 minutes. Train a `VAE`, with the sizes of the report, so that its validation loss is as low as you can get it. Your
# budget is counted in **images seen**: five times the number of images in `train_x`. An image counts each time a gradient is
# taken of its loss; to evaluate is free. As in assignment 05, return the model and a list with the validation loss after
# each epoch. Learning rate, schedule, σ head, batch size, first weights and averages are yours to choose. The first weights
# may be PyTorch's; draw all the rest, each order and all noise, from the `generator`, whatever the number of images.
#
# The check trains with your function on 6,000 images, of which it may see 30,000, and then on a few, to see what hangs on the
# generator. At most **180** nats on 2,010 other images earn a point, **155**, **145**, **135** and **128** one more each. The
# report's settings come to about 227, lesson 14's changes to about 123. You may use `vae_lib.train`, but not `vae_lib.fast`.


# %% answer="train_fast"
def train_fast(train_x, val_x, generator):
    """Returns (model, history): a trained VAE, and a list with the validation loss after each epoch."""
    ### BEGIN SOLUTION
    model, history, step = VAE(sigma_head="log_var"), [], 0
    with torch.no_grad():
        model.decoder.out.bias.copy_(train_x.mean(dim=0).clamp(0.001, 0.999).logit())
        model.encoder.hid_sigma.bias.sub_(4)  # σ begins near 0.14
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    steps = 5 * math.ceil(len(train_x) / 64)
    for _ in range(5):
        for batch in torch.randperm(len(train_x), generator=generator).split(64):
            optimizer.param_groups[0]["lr"] = one_cycle(step, steps, 0.008, 0.2)
            eps = torch.randn(len(batch), 40, generator=generator)
            optimizer.zero_grad()
            vae_loss(train_x[batch], *model(train_x[batch], eps)).loss.mean().backward()
            optimizer.step()
            step += 1
        history.append(evaluate(model, val_x, generator).loss)
    return model, history
    ### END SOLUTION


# %% tests="train_fast"
result = checks.train_fast(train_fast)
display(result)
result.points

# %% [markdown]
# Your training at work, on the images of the lessons (so it runs once more), beside the report's settings with the same
# budget.

# %% tags=["nbval-ignore-output"]
your_training, whose = result.or_library()
torch.manual_seed(42)
model, history = your_training(train_x, val_x, torch.Generator().manual_seed(42))
run = new_run(VAE(), torch.Generator().manual_seed(42))
report = [train_epoch(run, train_x, val_x).val.loss for _ in range(5)]
print(whose, f"yours {history[-1]:.0f}, the report's settings {report[-1]:.0f} nats", sep="\n")
alt = f"Validation loss after each epoch: yours ends at {history[-1]:.0f}, the report's settings at {report[-1]:.0f}."
curves = {"the report's settings": report}
if len(history) == 5:
    curves["yours"] = history
plots.lines(range(1, 6), curves, alt, xlabel="epoch", ylabel="nats per image")

# %% [markdown]
# ## 4 · One question in words
#
# ●●○, 10 minutes, 4 points. Two friends have each tried an average of the weights. Ada trains with the same learning rate to
# the end: her average is several nats better than her model. Ben's one cycle ends at 0: his average is no better than his
# model, and with `keep` = 0.999 it is worse. Why does it help Ada? Why not Ben, and why is a longer memory worse? When would you
# take the average all the same? Answer in three to six sentences.

# %% [markdown] written="average-or-schedule" points=4
# Ada's steps stay long, so her weights tremble around the place where they should be, each batch pulling another way; in a
# mean over many steps these pulls cancel, and what is left is the place in the middle. Ben's steps become short at the end,
# so his weights hardly tremble any more: the schedule has done already what an average would do. With `keep` = 0.999 the
# average looks back on some thousand steps, to weights of a time when the model was still worse, so it lags behind. A
# schedule must know its end before it begins; an average can be taken at any step. So I would take it where the training
# may be stopped at any time, or where nobody knows how long it will take, and compare both on the validation images.
#
# **Rubric.** 1 point: long steps make the weights tremble from batch to batch, and a mean cancels that. 1 point: a schedule
# that ends at 0 has taken the trembling away already. 1 point: a long memory holds old, worse weights, so the average lags
# behind. 1 point: the average where the end is not known or the training may stop at any time, or another use with its
# reason.
