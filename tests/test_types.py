"""Types where data crosses a wall: mypy as pyproject.toml sets it, and TypeScript on the JSDoc of the scripts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def assert_finds_nothing(*command):
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_mypy_finds_nothing(tmp_path):
    assert_finds_nothing(sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path))


@pytest.mark.parametrize("scripts", ["vae_lib/widgets", "vae_lib/widgets/playground"])
def test_typescript_finds_nothing(scripts):
    if not shutil.which("tsc"):
        (pytest.fail if "VAE_BROWSER_REQUIRED" in os.environ else pytest.skip)(
            "no TypeScript: apt install node-typescript"
        )
    assert_finds_nothing("tsc", "-p", scripts)
