"""What the exercises call: `checks.kld(kld)` says whether a student's function is right, and if not, why.

Each check is named like the function it checks; `checks.kld.hint(1)` gives a hint.
"""

from vae_lib.checks.loss import bce, kld, kld_by_sampling

__all__ = ["bce", "kld", "kld_by_sampling"]
