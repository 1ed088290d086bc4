"""What `import vae_checks` finds where answers are graded: it judges nothing and knows no answer.

For students who call a check inside an answer. The real `vae_checks` judges later, outside of the sandbox.
"""

from collections.abc import Callable


class Result:
    """What a check would return; the student's own function counts as right."""

    state = "right"
    points = 10.0

    def __init__(self, function: Callable) -> None:
        self.function = function

    def or_library(self) -> tuple[Callable, str]:
        """The student's function, and a sentence that says so."""
        return self.function, "Drawn with your own function."


class Check:
    """The check of any exercise."""

    def __call__(self, function: Callable, seed: int | None = None) -> Result:
        """Judge nothing: a `Result`."""
        return Result(function)

    def hint(self, level: int | None = None) -> str:
        """No hint."""
        return ""


def __getattr__(name: str) -> Check:
    if name.startswith("__"):  # what Python itself asks a module for
        raise AttributeError(name)
    return Check()
