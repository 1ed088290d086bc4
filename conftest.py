"""What holds for all tests: no network, one thread each, and kernels that are told the same."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

# Two workers on two cores: with more threads each they would only wait for one another.
os.environ["OMP_NUM_THREADS"] = "1"

from tests import only_loopback

# Grading is for Linux; what it stands on, other systems do not have.
collect_ignore_glob = [] if sys.platform == "linux" else ["tests/test_grading_*.py", "tests/test_teaching.py"]

# A kernel runs the files in its profile's startup folder before the first cell.
_ipython = tempfile.TemporaryDirectory(prefix="ipython-")
_startup = Path(_ipython.name, "profile_default", "startup")
_startup.mkdir(parents=True)
shutil.copy(only_loopback.__file__, _startup)
os.environ["IPYTHONDIR"] = _ipython.name


def pytest_unconfigure():
    """Remove the kernels' profile again."""
    _ipython.cleanup()
