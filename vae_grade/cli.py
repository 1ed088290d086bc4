"""The command `vae-grade`."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from vae_grade.assignments import COLLECTED, UNFIT, Refused


def main(arguments=None):
    """Run one of the four steps; returns the exit status."""
    parser = argparse.ArgumentParser(prog="vae-grade", description="Grade a class: release, collect, run, report.")
    parser.add_argument("--folder", type=Path, default=Path(), help="your folder of this class (default: this one)")
    steps = parser.add_subparsers(dest="step", required=True)
    steps.add_parser("release", help="the exercises as zip files to hand out")
    collect = steps.add_parser("collect", help="place what students handed in")
    collect.add_argument("inbox", type=Path, help="a folder or zip, as the learning platform gives it")
    run = steps.add_parser("run", help="grade what is new or changed")
    run.add_argument("--workers", type=int, metavar="N", help="processes (default: one for each core)")
    run.add_argument(
        "--seconds", type=int, metavar="N", help="of processor time for an answer (docs/teaching.md: limits)"
    )
    run.add_argument("--scheduler", metavar="ADDRESS", help="grade on a dask.distributed cluster")
    run.add_argument("--unsafe", action="store_true", help="run students' code with no protection at all")
    run.add_argument("--db", metavar="URL", help="nbgrader's gradebook (default: gradebook.db in your folder)")
    report = steps.add_parser("report", help="a table, a page, and feedback for each student")
    report.add_argument("--db", metavar="URL", help="as for run")
    options = parser.parse_args(arguments)
    try:
        return globals()[f"_{options.step}"](options)
    except Refused as sentence:
        print(sentence, file=sys.stderr)
        return 2


def _release(options):
    from vae_grade.release import release

    for name in release(options.folder):
        print(options.folder / "handout" / name)


def _collect(options):
    from vae_grade.collect import collect

    done = collect(options.inbox, options.folder)
    print(
        f"{done.placed} placed, {done.earlier} kept beside another of the same student (the newer counts), "
        f"{done.unchanged} there already."
    )
    students = len(list((options.folder / COLLECTED).glob("*")))
    print(f"The class has {students} student{'s' if students != 1 else ''} now.")
    if done.namesakes:
        print("Look whose work is whose, for Moodle numbers students of one name anew in each assignment:")
        print("\n".join(f"  {line}" for line in done.namesakes))
    if done.unplaced:
        print(f"{len(done.unplaced)} could not be placed; copies are in {options.folder / 'unplaced'}:")
        print("\n".join(f"  {UNFIT.sub('�', line)}" for line in done.unplaced))


def _run(options):
    if sys.platform != "linux":
        raise Refused(
            f"`vae-grade run` needs Linux, this is {sys.platform}: use a Linux machine, or on Windows its WSL."
        )
    from vae_grade.run import failed, run
    from vae_grade.sandbox import LIMITS

    limits = replace(LIMITS, seconds=options.seconds or LIMITS.seconds, sandboxed=not options.unsafe)
    try:
        states = run(options.folder, db=options.db, workers=options.workers, scheduler=options.scheduler, limits=limits)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on where it was.", file=sys.stderr)
        return 130
    print(
        f"{sum(states.values())} graded now: {', '.join(f'{n} {state}' for state, n in states.items()) or 'no change'}."
    )
    print("".join(failed(options.folder)), end="")


def _report(options):
    from vae_grade.report import report
    from vae_grade.run import failed

    waiting = report(options.folder, db=options.db)
    for name in ("report.csv", "report.html", "feedback"):
        print(options.folder / name)
    if waiting:
        print(f"Answers in words that wait for your marks: {waiting}. Run report again before you give feedback out.")
    print("".join(failed(options.folder)), end="")


if __name__ == "__main__":
    sys.exit(main())
