"""Write the playground as one page that trains a VAE with no kernel and no network.

    python -m tools.build_playground                  # writes playground.html
    python -m tools.build_playground --out page.html

Open the page from disk.
"""

import argparse
from pathlib import Path

from vae_lib.files import write
from vae_lib.widgets import playground


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", default="playground.html", help="where to write the page")
    out = Path(parser.parse_args().out)
    write(out, playground.page())
    print(f"wrote {out}, {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
