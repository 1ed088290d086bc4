"""What sentences about problems end with: commands that work where they are pasted, and paths as people write them."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

COURSE = Path(__file__).parents[1]
SET_UP_AGAIN = "run the set-up line of README.md again"


def line(*words):
    """A command line, quoted where it must be; on Windows, for PowerShell."""
    words = [str(word) for word in words]
    if sys.platform != "win32":
        return shlex.join(words)
    quoted = subprocess.list2cmdline(words)
    return f"& {quoted}" if quoted.startswith('"') else quoted


def command(module, *arguments):
    """The command line that runs a module with this Python, in any folder."""
    return line(sys.executable, "-m", module, *arguments)


def restore(folder):
    """How to get a folder of the course, such as "vae_lib/mnist", back as it was."""
    if not ((COURSE / ".git").exists() and shutil.which("git")):
        return "download the course again"
    return f"restore it with `{line('git', '-C', COURSE, 'checkout', '--', folder)}`, or download the course again"


def shown(path):
    """A path as text, with ~ for the home folder that it is in."""
    try:
        home = Path.home()
    except RuntimeError:  # there is none: a number without a name, as in containers
        return str(path)
    below_home = home != Path(home.anchor) and Path(path).is_relative_to(home)
    return str(Path("~", Path(path).relative_to(home))) if below_home else str(path)
