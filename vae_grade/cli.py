"""The command `vae-grade`."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vae_grade.assignments import Refused
from vae_grade.folder import TeacherFolder
from vae_grade.notebook import replace_unprintable


def main(arguments: Sequence[str] | None = None) -> int | None:
    """Run one of the four steps; returns the exit status."""
    parser = argparse.ArgumentParser(prog="vae-grade", description="Grade a class: release, collect, run, report.")
    parser.add_argument("--folder", type=Path, default=Path(), help="your folder of this class (default: this one)")
    steps = parser.add_subparsers(dest="step", required=True)
    release = steps.add_parser("release", help="the exercises as zip files to hand out")
    release.set_defaults(function=_release)
    collect = steps.add_parser("collect", help="place what students handed in")
    collect.set_defaults(function=_collect)
    collect.add_argument("inbox", type=Path, help="a folder or zip, as the learning platform gives it")
    run = steps.add_parser("run", help="grade what is new or changed")
    run.set_defaults(function=_run)
    run.add_argument("--workers", type=int, metavar="N", help="processes (default: one for each core)")
    run.add_argument(
        "--seconds", type=int, metavar="N", help="of processor time for an answer (docs/teaching.md: limits)"
    )
    run.add_argument("--scheduler", metavar="ADDRESS", help="grade on a dask.distributed cluster")
    run.add_argument("--unsafe", action="store_true", help="run students' code with no protection at all")
    run.add_argument("--db", metavar="URL", help="nbgrader's gradebook (default: gradebook.db in your folder)")
    report = steps.add_parser("report", help="a table, a page, and feedback for each student")
    report.set_defaults(function=_report)
    report.add_argument("--db", metavar="URL", help="as for run")
    options = parser.parse_args(arguments)
    try:
        return options.function(TeacherFolder(options.folder), options)
    except Refused as sentence:
        print(sentence, file=sys.stderr)
        return 2


def _release(folder: TeacherFolder, options: argparse.Namespace) -> None:
    from vae_grade.release import release

    for name in release(folder):
        print(folder.handout / name)


def _collect(folder: TeacherFolder, options: argparse.Namespace) -> None:
    from vae_grade.collect import collect

    result = collect(options.inbox, folder)
    print(
        f"{result.placed} placed, {result.earlier} kept beside another of the same student (the newer counts), "
        f"{result.unchanged} there already."
    )
    students = len(list(folder.collected.glob("*")))
    print(f"The class has {students} student{'s' if students != 1 else ''} now.")
    if result.namesakes:
        print("Look whose work is whose, for Moodle numbers students of one name anew in each assignment:")
        print("\n".join(f"  {line}" for line in result.namesakes))
    if result.unplaced:
        print(f"{len(result.unplaced)} could not be placed; copies are in {folder.unplaced}:")
        print("\n".join(f"  {replace_unprintable(line)}" for line in result.unplaced))


def _run(folder: TeacherFolder, options: argparse.Namespace) -> int | None:
    if sys.platform != "linux":
        raise Refused(
            f"`vae-grade run` needs Linux, this is {sys.platform}: use a Linux machine, or on Windows its WSL."
        )
    from vae_grade.records import describe_failures
    from vae_grade.run import run
    from vae_grade.sandbox import LIMITS

    limits = replace(LIMITS, seconds=options.seconds or LIMITS.seconds, sandboxed=not options.unsafe)
    try:
        counts = run(folder, db=options.db, workers=options.workers, scheduler=options.scheduler, limits=limits)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on where it was.", file=sys.stderr)
        return 130
    words = ", ".join(f"{count} {state.value}" for state, count in counts.items())
    print(f"{sum(counts.values())} graded now: {words or 'no change'}.")
    print("".join(describe_failures(folder)), end="")
    return None


def _report(folder: TeacherFolder, options: argparse.Namespace) -> None:
    from vae_grade.records import describe_failures
    from vae_grade.report import report

    result = report(folder, db=options.db)
    for path in (folder.report_table, folder.report_page, folder.feedback):
        print(path)
    if result.waiting:
        print(
            f"Answers in words that wait for your marks: {result.waiting}. "
            "Run report again before you give feedback out."
        )
    print("".join(describe_failures(folder)), end="")
    print("".join(f"{replace_unprintable(line)}\n" for line in result.failures), end="")


if __name__ == "__main__":
    sys.exit(main())
