"""torchvision, or one sentence that says why it cannot be loaded and what to do.

Loading it takes as long as loading PyTorch, so functions that need it import this module when they are called.
"""

from vae_lib.pytorch import explain

try:
    from torchvision import datasets, transforms  # noqa: F401
except Exception as error:
    raise ImportError(explain(error)) from error
