"""The command `vae-grade`."""

import argparse
import sys
from pathlib import Path

from grading.course import Refused


def main(arguments=None):
    """Run one of the four steps; returns the exit status."""
    parser = argparse.ArgumentParser(prog="vae-grade", description="Grade a class: release, collect, run, report.")
    parser.add_argument("--folder", type=Path, default=Path(), help="your folder of this class (default: this one)")
    steps = parser.add_subparsers(dest="step", required=True)
    steps.add_parser("release", help="the exercises as zip files to hand out")
    collect = steps.add_parser("collect", help="place what students handed in")
    collect.add_argument("inbox", type=Path, help="a folder or zip, as the learning platform gives it")
    options = parser.parse_args(arguments)
    try:
        return globals()[f"_{options.step}"](options)
    except Refused as sentence:
        print(sentence, file=sys.stderr)
        return 2


def _release(options):
    from grading.release import release

    for name in release(options.folder):
        print(options.folder / "handout" / name)


def _collect(options):
    from grading.collect import collect

    done = collect(options.inbox, options.folder)
    print(f"{done.placed} placed, {done.earlier} kept beside an earlier or later one, {done.unchanged} there already.")
    if done.unplaced:
        print(f"{len(done.unplaced)} could not be placed; copies are in {options.folder / 'unplaced'}:")
        print("\n".join(f"  {line}" for line in done.unplaced))


if __name__ == "__main__":
    sys.exit(main())
