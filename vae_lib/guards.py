"""What functions expect of what they are given, checked before any work: a sentence with the value, and what to do."""

from vae_lib.pytorch import torch

ROUNDING = 1e-5  # by how much resized images may leave [0, 1]


def check_tensor(x, name="x"):
    """Raise TypeError unless x is a tensor."""
    if isinstance(x, torch.Tensor):
        return
    if hasattr(x, "x"):
        remedy = f"pass its images, {name}.x"
    elif hasattr(x, "dataset") or hasattr(x, "transform"):
        remedy = "take a tensor of images, such as load_tensors()[0].x"
    else:
        remedy = f"make it one with torch.as_tensor({name})"
    raise TypeError(f"{name} should be a tensor, got {type(x).__name__}: {remedy}")


def check_input(x, layer, expectation, name="x"):
    """Raise unless x is what a linear layer takes, as for `check_rows`; of 64 bits only where the layer is."""
    check_rows(x, layer.in_features, expectation, name)
    if x.dtype != layer.weight.dtype and torch.float64 in (x.dtype, layer.weight.dtype):  # as from NumPy
        check_fits(x, layer, name)


def check_rows(x, features, expectation, name="x"):
    """Raise unless x is a tensor (B, features) of floating point; `expectation` has {} where the features stand."""
    check_tensor(x, name)
    if not x.is_floating_point():
        in_bytes = x.dtype == torch.uint8 and x.numel() and x.max() > 1
        raise ValueError(f"{name} is of {x.dtype}: pass {name}.float(){' / 255' if in_bytes else ''}")
    if x.ndim == 2 and x.shape[1] == features:
        return
    sentence = f"{expectation.format(features)}, got {tuple(x.shape)}"
    if x.ndim > 2 and x.shape[1:].numel() == features:
        sentence += f": flatten them with {name}.flatten(1)"
    elif x.ndim == 1 and len(x) == features:
        sentence += f": make it a batch of one with {name}.unsqueeze(0)"
    raise ValueError(sentence)


def check_images(x, input_dim=784):
    """Raise unless x is a tensor (N, input_dim) of floating point with values in [0, 1], and N is at least 1."""
    expectation = "expected images of shape (N, {})"
    check_rows(x, input_dim, expectation)
    if len(x) == 0:
        raise ValueError(f"{expectation.format(input_dim)}, got {tuple(x.shape)}")
    check_range(x)


def check_range(x):
    """Raise ValueError unless all numbers of a tensor are in [0, 1], but for what rounding adds."""
    if not x.numel():
        return
    low, high = x.aminmax()
    if low >= -ROUNDING and high <= 1 + ROUNDING:
        return
    check_numbers(x)
    raise ValueError(f"expected pixels in [0, 1], got {low:.3g} to {high:.3g}: divide bytes by 255, do not standardize")


def check_numbers(x):
    """Raise ValueError if a pixel is NaN."""
    if lost := int(x.isnan().sum()):
        raise ValueError(f"{lost} of {x.numel()} pixels are not numbers (nan): look where they come from")


def squares(x):
    """Images x (n, 784) as (n, 1, 28, 28) in [0, 1]: what lies outside is drawn black or white."""
    check_rows(x, 784, "expected images of shape (n, {})")
    if len(x) == 0:
        raise ValueError("there is no image to draw: pass one or more")
    check_numbers(x)
    return x.detach().clamp(0, 1).view(-1, 1, 28, 28)


def check_fits(x, model, name="x"):
    """Raise ValueError unless x has the model's kind of numbers and is on its device."""
    weight = next(model.parameters())
    if x.dtype != weight.dtype:
        raise ValueError(f"{name} is of {x.dtype}, the model of {weight.dtype}: pass {name}.to({weight.dtype})")
    if x.device != weight.device:
        raise ValueError(f"{name} is on {x.device}, the model on {weight.device}: pass {name}.to('{weight.device}')")


def check_alike(**tensors):
    """Raise unless the tensors, by their names, are of one shape (B, n): PyTorch would stretch the smaller ones.

    Numbers of 16 bits are refused, too: a sum over 784 pixels loses three of its digits in them, or overflows.
    """
    for name, x in tensors.items():
        check_tensor(x, name)
        if x.dtype in (torch.float16, torch.bfloat16):
            raise ValueError(f"{name} is of {x.dtype}, too coarse for a sum of nats: pass {name}.float()")
    shapes = [tuple(x.shape) for x in tensors.values()]
    if len(set(shapes)) > 1 or len(shapes[0]) != 2:
        actual = " and ".join(map(str, shapes))
        raise ValueError(f"{' and '.join(tensors)} should be of one shape (B, n), got {actual}")


def check_same_shape(**tensors):
    """Raise unless all are tensors, by their names, of one shape."""
    for name, x in tensors.items():
        check_tensor(x, name)
    shapes = [tuple(x.shape) for x in tensors.values()]
    if len(set(shapes)) > 1:
        raise ValueError(f"{' and '.join(tensors)} should be of one shape, got {' and '.join(map(str, shapes))}")


def check_labels(y, n):
    """Raise unless y is a tensor of n whole numbers from 0 to 9, (n,)."""
    check_tensor(y, "y")
    expected = f"expected a label, 0 to 9, for each of the {n} images, got"
    if y.shape != (n,) or y.is_floating_point() or y.dtype == torch.bool:
        raise ValueError(f"{expected} {tuple(y.shape)} of {y.dtype}")
    if n and (y.min() < 0 or y.max() > 9):
        raise ValueError(f"{expected} labels from {y.min()} to {y.max()}")


def check_whole(value, name, least):
    """Raise ValueError unless the value is a whole number from `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} should be a whole number from {least}, got {value!r}")


def check_device(device):
    """Raise ValueError unless PyTorch can use this device on this computer."""
    try:
        torch.zeros(1, device=device)
        torch.Generator(device)
    except Exception as error:  # of several kinds: AssertionError, RuntimeError, ModuleNotFoundError …
        reason = str(error).partition("\n")[0]
        raise ValueError(f"device {device!r} cannot be used on this computer ({reason}): pass 'cpu'") from error


def check_generator(generator, device=None):
    """Raise unless this is a `torch.Generator`, on this kind of device if one is given."""
    if not isinstance(generator, torch.Generator):
        seeded = f"torch.Generator().manual_seed({generator if isinstance(generator, int) else 42})"
        raise TypeError(f"generator should be a torch.Generator, got {generator!r}: make one with {seeded}")
    if device is not None and generator.device.type != device.type:
        remedy = f"make it with torch.Generator('{device.type}')"
        raise ValueError(f"the generator is on {generator.device.type}, the model on {device.type}: {remedy}")
