"""Right and wrong answers to `load_images`, in other words than the check's own."""

import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torchvision.transforms import functional as tf

SIZE = (28, 28)


def kinds_of(folder):
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())


def files_of(folder, order=sorted):
    kinds = kinds_of(folder)
    return [
        (number, os.path.join(folder, kind, name))
        for number, kind in enumerate(kinds)
        for name in order(os.listdir(os.path.join(folder, kind)))
        if name.lower().endswith(".png")
    ]


def grey(path):
    with Image.open(path) as image:
        return image.convert("L").resize(SIZE)


def by_os(folder, dark_on_light):
    files = files_of(folder)
    x = np.stack([np.asarray(grey(path)) for _, path in files]).reshape(len(files), 784)
    x = torch.tensor(x) / 255
    return (1 - x if dark_on_light else x), torch.tensor([number for number, _ in files])


def by_one_glob(folder, dark_on_light):
    paths = sorted(folder.glob("*/*.png"))
    names = sorted({path.parent.name for path in paths})
    y = torch.tensor([names.index(path.parent.name) for path in paths])
    images = [Image.open(path).convert("L").resize(SIZE, Image.Resampling.LANCZOS) for path in paths]
    if dark_on_light:
        images = [ImageOps.invert(image) for image in images]
    return torch.stack([tf.to_tensor(image).flatten() for image in images]), y


def by_walk(folder, dark_on_light):
    x, y = torch.empty(0, 784), []
    subfolders = sorted(next(os.walk(folder))[1])
    for i in range(len(subfolders)):
        for name in sorted(os.listdir(folder / subfolders[i])):
            try:
                image = Image.open(folder / subfolders[i] / name)
            except OSError:
                continue
            small = torch.nn.functional.interpolate(
                torch.from_numpy(np.array(image.convert("L"))).float()[None, None], SIZE, mode="area"
            )
            x = torch.cat([x, small.reshape(1, 784) / 255])
            y += [i]
    return [abs(float(dark_on_light) - x), torch.LongTensor(y)]


def nearest(folder, dark_on_light):
    files = files_of(folder)
    images = [Image.open(path).convert("L").resize(SIZE, Image.Resampling.NEAREST) for _, path in files]
    x = torch.stack([torch.from_numpy(np.array(image, dtype=np.float32)).view(-1) for image in images]).div(255)
    return torch.where(torch.tensor(dark_on_light), 1 - x, x), torch.tensor([number for number, _ in files])


def fitted(folder, dark_on_light):
    files = files_of(folder)
    images = [ImageOps.fit(Image.open(path).convert("L"), SIZE) for _, path in files]
    x = torch.stack([tf.pil_to_tensor(image).flatten() / 255 for image in images])
    return (1 - x if dark_on_light else x), torch.tensor([number for number, _ in files])


def then(change):
    return lambda folder, dark_on_light: change(*by_os(folder, dark_on_light))


def bytes_kept(folder, dark_on_light):
    x, y = by_os(folder, dark_on_light)
    return 255 * x, y


def from_image(shape=lambda image: image.resize(SIZE), mode="L", values=lambda pixels: pixels / 255, turn=None):
    def load(folder, dark_on_light):
        files = files_of(folder)
        x = [values(torch.from_numpy(np.array(shape(Image.open(path).convert(mode)))).float()) for _, path in files]
        if dark_on_light:
            x = [turn(image) if turn else 1 - image for image in x]
        return torch.stack([image.flatten() for image in x]), torch.tensor([number for number, _ in files])

    return load


def unsorted_files(folder, dark_on_light):
    x, y = [], []
    for number, kind in enumerate(kinds_of(folder)):
        for path in Path(folder, kind).glob("*.png"):
            image = tf.to_tensor(grey(path)).flatten()
            x.append(1 - image if dark_on_light else image)
            y.append(number)
    return torch.stack(x), torch.tensor(y)


def unsorted_kinds(folder, dark_on_light):
    x, y = [], []
    kinds = [path for path in folder.iterdir() if path.is_dir()]
    for number, kind in enumerate(kinds):
        for path in sorted(kind.glob("*.png")):
            image = tf.to_tensor(grey(path)).flatten()
            x.append(1 - image if dark_on_light else image)
            y.append(number)
    return torch.stack(x), torch.tensor(y)


def reads_all(folder, dark_on_light):
    files = [
        (number, path) for number, kind in enumerate(kinds_of(folder)) for path in sorted((folder / kind).iterdir())
    ]
    x = torch.stack([tf.to_tensor(grey(path)).flatten() for _, path in files])
    return (1 - x if dark_on_light else x), torch.tensor([number for number, _ in files])


def takes_all_for_folders(folder, dark_on_light):
    x, y = [], []
    for number, kind in enumerate(sorted(os.listdir(folder))):
        for name in sorted(os.listdir(folder / kind)):
            image = tf.to_tensor(grey(folder / kind / name)).flatten()
            x.append(1 - image if dark_on_light else image)
            y.append(number)
    return torch.stack(x), torch.tensor(y)


def counts_files(folder, dark_on_light):
    x, y = by_os(folder, dark_on_light)
    entries = sorted(os.listdir(folder))
    numbers = [entries.index(kind) for kind in kinds_of(folder)]
    return x, torch.tensor(numbers)[y]


RIGHT = [by_os, by_one_glob, by_walk, nearest, fitted, then(lambda x, y: (x, y.byte()))]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("pixels from 0 to 255", bytes_kept),
    ("pixels from 0 to 255", from_image(values=lambda pixels: pixels)),
    ("pixels standardized", then(lambda x, y: (2 * x - 1, y))),
    ("pixels standardized", then(lambda x, y: ((x - x.mean()) / x.std(), y))),
    ("pixels standardized", from_image(values=lambda pixels: (pixels / 255 - 0.1307) / 0.3081)),
    ("each image stretched to 0 and 1", then(lambda x, y: (x / x.max(dim=1, keepdim=True).values, y))),
    ("divided by 256", from_image(values=lambda pixels: pixels / 256)),
    ("made black or white", then(lambda x, y: (x.round(), y))),
    ("dark on light is left as it is", lambda folder, dark_on_light: by_one_glob(folder, False)),
    ("turned round the wrong way", from_image(turn=lambda pixels: -pixels)),
    ("turned round the wrong way", from_image(turn=lambda pixels: 255 - pixels)),
    ("always turned round", lambda folder, dark_on_light: by_one_glob(folder, True)),
    ("turned round where it should not be", lambda folder, dark_on_light: by_one_glob(folder, not dark_on_light)),
    ("colours are not made grey", from_image(mode="RGB")),
    ("another grey", from_image(mode="RGB", values=lambda pixels: pixels.mean(2) / 255)),
    ("another grey", from_image(mode="RGB", values=lambda pixels: pixels[..., 0] / 255)),
    ("a piece of the image, not all of it", from_image(lambda image: image.crop((0, 0, 28, 28)))),
    ("a piece of the image, not all of it", from_image(lambda image: tf.center_crop(image, [28, 28]))),
    ("all sizes are left as they are", from_image(lambda image: image)),
    ("not flattened", then(lambda x, y: (x.reshape(-1, 28, 28), y))),
    ("not flattened", then(lambda x, y: (x.reshape(-1, 1, 28, 28), y))),
    ("rows and columns exchanged", then(lambda x, y: (x.reshape(-1, 28, 28).transpose(1, 2).flatten(1), y))),
    ("a file that is no image is read", reads_all),
    ("a file that is no image is read", takes_all_for_folders),
    ("a file is taken for a kind", counts_files),
    (None, then(lambda x, y: (x, y.float()))),
    ("labels from 1", then(lambda x, y: (x, y + 1))),
    ("images alone, without labels", then(lambda x, y: x)),
    ("a list of images", then(lambda x, y: (list(x), y.tolist()))),
    ("in the order of the disk", unsorted_files),
    ("kinds numbered in the order of the disk", unsorted_kinds),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {
    "9: torch.from_numpy(np.array(image)).flatten().float() → torch.from_numpy(np.array(image)).flatten()": (
        "bytes divided by 255 are float32"
    ),
}
