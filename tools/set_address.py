"""Tell the project its address on GitHub, or that it has none: what the buttons of README and website lead to.

    python -m tools.set_address https://github.com/OWNER/NAME
    python -m tools.set_address ""

Writes the entry `Repository` of [project.urls] in pyproject.toml, and the buttons at the top of README.md. Build the
website anew afterwards.
"""

import argparse
import re
import tomllib
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
BRANCH, COPIES = "main", "colab"  # where people edit; where .github/workflows/site.yml puts the copies for Colab
FIRST = "notebooks/00_start_here.ipynb"
ADDRESS = re.compile(r"https://github\.com/(?P<owner>[\w-]+)/(?P<name>[\w.-]+)")
URLS = re.compile(r'\[project\.urls\]\nRepository = ".*"\n\n')
BUTTONS = re.compile(r"^\*\*\[Learn\]\(.*$", re.MULTILINE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("address", help="https://github.com/OWNER/NAME, or an empty text for none")
    address = parser.parse_args().address.removesuffix("/").removesuffix(".git")
    if address and not ADDRESS.fullmatch(address):
        parser.error(f"{address!r} is no address of the form https://github.com/OWNER/NAME")
    set_address(ROOT, address or None)


def repository(root=ROOT):
    """The project's address in pyproject.toml, or None."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project.get("urls", {}).get("Repository")


def set_address(root, address):
    """Write the address, or none, into pyproject.toml and README.md of the course in `root`."""
    path = root / "pyproject.toml"
    text = URLS.sub("", path.read_text(encoding="utf-8"))
    if address:
        text = text.replace("[project.scripts]", f'[project.urls]\nRepository = "{address}"\n\n[project.scripts]', 1)
    path.write_text(text, encoding="utf-8")
    readme = root / "README.md"
    buttons = readme_buttons(address)
    readme.write_text(BUTTONS.sub(lambda _: buttons, readme.read_text(encoding="utf-8"), count=1), encoding="utf-8")


def readme_buttons(address):
    """The line of links at the top of README.md: without an address, only those that lead to files beside it."""
    links = {"Learn": "#take-the-course", "Teach": "docs/teaching.md", "Change": "CONTRIBUTING.md"}
    if address:
        owner, name = ADDRESS.fullmatch(address).groups()
        links |= {"Website": f"https://{owner.lower()}.github.io/{name}/", **door_links(address, FIRST)}
    return " · ".join(f"**[{text}]({href})**" for text, href in links.items())


def door_links(address, notebook):
    """What opens a notebook elsewhere: {text: href}."""
    project = address.removeprefix("https://github.com/")
    copy_of = f"{project}/blob/{COPIES}/{notebook}"
    return {
        "Open in Colab": f"https://colab.research.google.com/github/{copy_of}",
        "Kaggle": f"https://kaggle.com/kernels/welcome?src=https://github.com/{copy_of}",
        "Binder": f"https://mybinder.org/v2/gh/{project}/{BRANCH}?urlpath={quote('lab/tree/' + notebook, safe='')}",
        "Codespaces": f"https://codespaces.new/{project}",
    }


if __name__ == "__main__":
    main()
