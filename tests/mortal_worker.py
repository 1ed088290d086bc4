"""What a worker runs in the test of workers that die; it imports next to nothing, because each of them begins anew."""

import os


def begin():
    """In the place of what begins a worker."""


def grade_or_die(path):
    """The text of a submission, for a record; "poison" ends the process."""
    text = path.read_text()
    if text == "poison":
        os._exit(1)
    return text
