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
# # Assignment 13 · A VAE at work
#
# You write a score for what does not belong, the number that says what a score is worth, and the function that turns a folder
# of images into tensors.
#
# | exercise | difficulty | minutes | points |
# |---|---|---|---|
# | 1 · a score for the odd one out | ●●○ | 15 | 10 |
# | 2 · the AUROC, by hand | ●○○ | 10 | 10 |
# | 3 · a folder of images | ●●○ | 25 | 10 |
# | 4 · one question in words | ●●○ | 10 | 4 |
#
# **How this works.** Write your answer where it says `YOUR CODE HERE` (delete the line below it), run the cell, then the one
# after it: the check says what holds and what not yet. `checks.auroc.hint(1)`, then 2 and 3, help you on. You may check as
# often as you like. Do without `vae_lib` in your answers: it has such functions.

# %%
import tempfile
from pathlib import Path

from vae_lib import plots
from vae_lib.checkpoints import load_trained
from vae_lib.data import load_tensors

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.datasets import load_digits

import vae_checks as checks

torch.manual_seed(42)
_, val_set, _ = load_tensors()
model, _ = load_trained()
normal, others = val_set.x[:2000], val_set.x[2000:4000]
glued = torch.cat([others[:, :392], others.roll(1, 0)[:, 392:]], dim=1)  # halves of two digits

# %% [markdown]
# ## 1 · A score for the odd one out
#
# ●●○, 15 minutes. The score of an image is its loss, BCE + KLD, **less its floor**: what the BCE would be if the model drew
# the image exactly, x̂ = x. One number for each image, in nats, summed over pixels and dimensions; the higher, the odder.
# Pixels may be black, white or grey; σ may be negative, as in lesson 03.


# %% answer="anomaly_score"
def anomaly_score(x, x_logits, mu, sigma):
    """x, x_logits (B, 784), mu, sigma (B, D) → the score of each image, (B,) nats."""
    ### BEGIN SOLUTION
    bce = F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").sum(dim=1)
    floor = (torch.special.entr(x) + torch.special.entr(1 - x)).sum(dim=1)
    var = sigma.square()
    kld = 0.5 * (mu.square() + var - 1 - var.log()).sum(dim=1)
    return bce - floor + kld
    ### END SOLUTION


# %% tests="anomaly_score"
result = checks.anomaly_score(anomaly_score)
display(result)
result.points

# %% [markdown]
# Your function at work: of 2,000 validation images the ten that it finds oddest. Would you have picked the same?

# %%
your_score, whose = result.or_library()
with torch.no_grad():
    score_normal, score_glued = (
        your_score(x, *model(x, torch.zeros(len(x), 40))) for x in (normal, glued)
    )
print(whose)
oddest = score_normal.argsort(descending=True)[:10]
alt = f"The ten oddest of 2,000: the digits {val_set.y[oddest].tolist()}, each below its score."
plots.images(normal[oddest], alt, titles=[f"{score:.0f}" for score in score_normal[oddest]])

# %% [markdown]
# ## 2 · The AUROC, by hand
#
# ●○○, 10 minutes. Of all pairs of one normal and one odd image: the share in which the odd one's score is the higher. A tie
# is half a pair won. The value may be below ½: then the score takes the odd for the more normal. No function of a library
# that computes it, please.


# %% answer="auroc"
def auroc(normal, odd):
    """Scores normal (n,) and odd (m,) → a number from 0 to 1."""
    ### BEGIN SOLUTION
    higher = odd.unsqueeze(1) > normal  # (m, n)
    tied = odd.unsqueeze(1) == normal
    return (higher.double() + tied.double() / 2).mean().item()
    ### END SOLUTION


# %% tests="auroc"
result = checks.auroc(auroc)
display(result)
result.points

# %% [markdown]
# Your function at work: how well do three scores tell glued halves from digits?

# %%
your_auroc, whose = result.or_library()
ink_normal, ink_glued = normal.sum(dim=1), glued.sum(dim=1)
pairs = {
    "your score": (score_normal, score_glued),
    "score / ink": (score_normal / ink_normal, score_glued / ink_glued),
    "ink alone": (ink_normal, ink_glued),
}
values = {name: float(your_auroc(*pair)) for name, pair in pairs.items()}
print(whose)
alt = "AUROC: " + ", ".join(f"{name} {value:.2f}" for name, value in values.items()) + "."
plots.bars(values, alt, ylabel="AUROC", decimals=2)

# %% [markdown]
# ## 3 · A folder of images
#
# ●●○, 25 minutes. `folder` is a `pathlib.Path`. In it lies a subfolder for each kind; in the order of their names the kinds
# are 0, 1 and so on. A subfolder holds PNG files, square, of any size, grey or in colour. Return all of them as `x`, float32,
# and their kinds as `y`, whole numbers:
#
# - first the images of kind 0 in the order of the names of their files, then those of kind 1, and so on;
# - each grey (`convert("L")`), 28 × 28 (`resize`), flattened, 0 for black and 1 for white;
# - light on dark, as the model wants it: where `dark_on_light` is True the files are dark strokes on light paper, and black
#   and white must be exchanged;
# - other files may lie about, in the folder and in its subfolders. Pass them over.


# %% answer="load_images"
def load_images(folder, dark_on_light):
    """A folder of subfolders of PNG files → x (N, 784) in [0, 1], y (N,)."""
    ### BEGIN SOLUTION
    x, y = [], []
    kinds = sorted(path for path in folder.iterdir() if path.is_dir())
    for label, kind in enumerate(kinds):
        for path in sorted(kind.glob("*.png")):
            image = Image.open(path).convert("L").resize((28, 28))
            pixels = torch.from_numpy(np.array(image)).flatten().float() / 255
            x.append(1 - pixels if dark_on_light else pixels)
            y.append(label)
    return torch.stack(x), torch.tensor(y)
    ### END SOLUTION


# %% tests="load_images"
result = checks.load_images(load_images)
display(result)
result.points

# %% [markdown]
# Your function at work: scikit-learn's 8 × 8 digits, written to a folder as dark strokes on light paper.

# %%
your_images, whose = result.or_library()
with tempfile.TemporaryDirectory() as folder:
    digits = load_digits()
    for number, (image, digit) in enumerate(zip(digits.images[:100], digits.target, strict=False)):
        Path(folder, str(digit)).mkdir(exist_ok=True)
        file = Path(folder, str(digit), f"{number:02}.png")
        Image.fromarray((255 - 255 * image / 16).astype(np.uint8)).save(file)
    x, y = your_images(Path(folder), True)
print(whose)
print(f"{len(x)} images, labels {y.min()} to {y.max()}, pixels {x.min():.0f} to {x.max():.0f}")
some = torch.arange(0, len(x), 9)[:10]
alt = "Ten coarse digits of scikit-learn, enlarged, white on black, with their labels above them."
plots.images(x[some], alt, titles=y[some].tolist())

# %% [markdown]
# ## 4 · One question in words
#
# ●●○, 10 minutes, 4 points. A hospital's VAE was trained on pictures of nine diseases; its loss is to find the tenth. On 500
# pictures of the tenth, kept for the purpose, the AUROC is 0.09. “Wonderful,” says a friend, “just turn the sign round, then
# it is 0.91.” Say why the AUROC can be so low; what goes wrong with the turned sign on the day of the eleventh disease; and
# two things you would do or measure before any score is used.

# %% [markdown] written="turn-the-sign-round" points=4
# The loss says how cheap a picture is to describe, not how usual it is. Pictures that are simple (little ink, few greys, as
# the 1 among digits) cost few nats even if nothing like them was in the training, and so score below the normal ones. The
# turned sign makes of “odd is expensive” “odd is cheap”: it was chosen by looking at the tenth disease, so 0.91 is its value
# on the very pictures that chose it, and of an eleventh that costs more than usual it says “normal”; so it does of a damaged
# picture, which the loss did find. Before use: scores that do not hang on how simple a picture is (loss less the floor, error
# per ink, distance of the loss from the usual on either side, a comparison with a second, simpler model), each beside a
# control that knows no model, ink alone say; several kinds of odd pictures, some to choose the score and others to report it;
# a threshold from normal pictures that were not used for training, and what it catches at the share of false alarms that the
# hospital can bear, for the share of sick pictures that it really has.
#
# **Rubric.** 1 point: simple pictures are cheap, whether or not they are known (likelihood is not typicality). 1 point: the
# sign was chosen on the pictures it is judged by, and fails for odd ones that are expensive. 1 point each, at most two, for
# measures: another score or a control without a model; other kinds of odd pictures to judge than to choose by; a threshold
# with its false alarms and the base rate. No point for "train longer" or "a larger model".
