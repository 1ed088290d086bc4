"""Right and wrong answers to `to_images`, in other words than the check's own."""

import numpy as np
import torch
from torchvision.transforms.functional import to_tensor


def images_by_torchvision(pixels):
    return torch.stack([to_tensor(image.numpy()).flatten() for image in pixels])


def images_in_numpy(pixels):
    return torch.from_numpy(pixels.numpy().reshape(len(pixels), 784).astype(np.float32) / np.float32(255))


def images_viewed(pixels):
    x = pixels.to(torch.float32) * (1 / 255)
    return x.view(-1, 28 * 28)


def standardized_in_numpy(pixels):
    x = pixels.numpy().reshape(-1, 784) / 255
    return torch.from_numpy((x - x.mean()) / x.std())


RIGHT = [images_by_torchvision, images_in_numpy, images_viewed]


def divided_in_place(pixels):
    pixels /= 255
    return pixels.flatten(1)


# The name that the check must give the mistake, an answer that makes it, and in some cases the points it must earn.
WRONG = [
    ("divided in place, where bytes stay bytes", divided_in_place, 0),
    ("the wrong dimensions joined", lambda pixels: (pixels / 255).flatten(0, 1), 7),
    ("not float32", lambda pixels: pixels.flatten(1).half() / 255, 9),
    ("divided by 256", lambda pixels: pixels.flatten(1).half() / 256, 4),
    ("an array of NumPy", lambda pixels: pixels.numpy().reshape(len(pixels), -1).astype(np.float32) / 255),
    ("not float32", lambda pixels: pixels.flatten(1).double() / 255, 9),
    ("the number of images is fixed", lambda pixels: pixels.reshape(60_000, 784) / 255, 0),
    ("a list in place of a tensor", lambda pixels: [image.flatten() / 255 for image in pixels], 8),
    ("a list in place of a tensor", lambda pixels: images_viewed(pixels).tolist(), 8),
    ("a dimension too many", lambda pixels: pixels.reshape(-1, 1, 784) / 255, 8),
    ("a dimension squeezed away", lambda pixels: images_viewed(pixels).squeeze(), 8),
    ("black and white exchanged", lambda pixels: 1 - images_viewed(pixels)),
    ("a column for each image", lambda pixels: images_viewed(pixels).T, 7),
    ("divided by 256", lambda pixels: pixels.reshape(-1, 784) / 256),
    ("not divided", lambda pixels: pixels.float().flatten(1), 5),
    ("not divided", lambda pixels: pixels.flatten(1), 4),
    ("not flattened; and not divided", lambda pixels: pixels.float(), 2),
    ("not flattened; and divided by 256", lambda pixels: pixels.unsqueeze(1) / 256, 2),
    ("divided twice", lambda pixels: images_by_torchvision(pixels) / 255),
    ("integer division", lambda pixels: (pixels // 255).flatten(1), 4),
    ("grey made black or white", lambda pixels: (pixels.flatten(1) > 127).float()),
    ("divided by the brightest pixel", lambda pixels: torch.stack([i.flatten() / i.max() for i in pixels])),
    ("divided by the brightest pixel", lambda pixels: pixels.flatten(1).float() / pixels.max()),
    ("standardized", standardized_in_numpy),
    ("standardized", lambda pixels: (pixels.float() - pixels.float().mean()).flatten(1) / pixels.float().std()),
    ("standardized", lambda pixels: (images_viewed(pixels) - 0.1307) / 0.3081),
    ("scaled to [−1, 1]", lambda pixels: (pixels.flatten(1).float() - 127.5) / 127.5),
    ("not flattened", lambda pixels: pixels.float() / 255, 7),
    ("not flattened", lambda pixels: pixels.unsqueeze(1).double() / 255, 6),
    ("all images in one row", lambda pixels: images_viewed(pixels).reshape(-1), 7),
    ("all images in one row", lambda pixels: pixels.flatten() / 255, 7),
    ("columns first", lambda pixels: pixels.mT.reshape(-1, 784) / 255),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
