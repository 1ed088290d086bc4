"""The pinned versions have wheels for each Python and system that the README names: a resolver's dry run."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest

from vae_lib.environment import NEWEST, OLDEST

ROOT = Path(__file__).parents[1]
PYTHONS = [f"3.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1)]
SYSTEMS = {
    "Linux, x86-64": "x86_64-manylinux_2_28",
    "Linux, ARM": "aarch64-manylinux_2_28",
    "Windows, x86-64": "x86_64-pc-windows-msvc",
    "macOS 14, Apple silicon": "aarch64-apple-darwin",
}
NAMED = list(product(PYTHONS, SYSTEMS.values()))
# The README says that there is no PyTorch for these.
NOT_NAMED = [
    (f"3.{NEWEST[1] + 1}", SYSTEMS["Linux, x86-64"]),
    (PYTHONS[-1], "x86_64-apple-darwin"),
    (PYTHONS[-1], "aarch64-pc-windows-msvc"),
]
NO_SOLUTION = 1  # uv's exit status; where it reaches no index it is 2


@pytest.fixture(scope="module")
def resolved(tmp_path_factory):
    """{(Python, system): exit status and error of the resolver}, with every extra."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if not uv:
        pytest.skip("no uv: pip install uv")
    environment = os.environ | {
        "UV_CACHE_DIR": str(tmp_path_factory.mktemp("uv")),
        "MACOSX_DEPLOYMENT_TARGET": "14.0",
    }

    def resolve(place):
        python, system = place
        words = ["--python-version", python, "--python-platform", system, "--only-binary", ":all:", "--all-extras"]
        line = [uv, "pip", "compile", "-q", "pyproject.toml", "-c", "constraints.txt", *words, "-o", os.devnull]
        done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True)
        return done.returncode, done.stderr

    first, *others = NAMED + NOT_NAMED
    results = {first: resolve(first)}  # fills the cache
    if results[first][0] > NO_SOLUTION:
        pytest.skip(f"no index of packages can be reached: {results[first][1]}")
    with ThreadPoolExecutor(4) as pool:
        return results | dict(zip(others, pool.map(resolve, others), strict=True))


@pytest.mark.parametrize("place", NAMED, ids=" ".join)
def test_every_python_and_system_of_the_readme_has_wheels(resolved, place):
    assert resolved[place] == (0, "")


@pytest.mark.parametrize("place", NOT_NAMED, ids=" ".join)
def test_where_the_readme_names_none_there_is_no_pytorch(resolved, place):
    status, error = resolved[place]
    assert status == NO_SOLUTION
    assert "torch" in error
