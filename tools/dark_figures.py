"""A figure for the site's dark theme: light lines and letters on dark paper, and images of digits as they are."""

import numpy as np
from PIL import Image
from scipy import ndimage

PAPER = 24  # the grey level, 0 to 255, that white becomes
LIGHTER = 0.8  # the power of a colour, 0 to 1: a line as light as it is dark, such as the purple one, would be dim
GREY = 16  # how far the channels of a grey pixel may lie apart
SMALLEST = 40  # the shortest side of an image in a figure, in pixels; letters are smaller


def darkened(figure):
    """A figure with white paper → the same with dark paper: lightness is turned over, hues stay.

    Images within it, which are grey rectangles full of pixels that are not white, stay as they are.
    """
    pixels = np.asarray(figure.convert("RGB"), dtype=np.int16)
    most, least = pixels.max(2), pixels.min(2)
    turned = PAPER + (255 - PAPER) * ((pixels + (255 - most - least)[..., None]) / 255) ** LIGHTER
    kept = image_mask((most - least <= GREY) & (least < 250))
    return Image.fromarray(np.where(kept[..., None], pixels, turned).round().astype(np.uint8))


def image_mask(grey):
    """Where the images are, given where a figure is grey and not white; both (height, width)."""
    mask = np.zeros_like(grey)
    parts, _ = ndimage.label(grey, structure=np.ones((3, 3)))
    for number, box in enumerate(ndimage.find_objects(parts), start=1):
        if min(side.stop - side.start for side in box) < SMALLEST:
            continue
        part = parts[box] == number
        if part.mean() > 0.4 and ndimage.binary_fill_holes(part).mean() > 0.9:  # not hollow, as a plot's frame is
            mask[box] = True
    return mask
