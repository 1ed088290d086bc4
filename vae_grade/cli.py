"""The command `vae-grade`."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vae_lib.files import printing, stopping

with stopping():
    from vae_grade.assignments import Refused
    from vae_grade.folder import TeacherFolder
    from vae_grade.notebook import replace_unprintable

if TYPE_CHECKING:
    from vae_grade.collect import Collected

MOST_LINES = 40  # of one kind that are printed
LARGEST = 86_400  # of the numbers of workers and of seconds


def main(arguments: Sequence[str] | None = None) -> int | None:
    """Run one of the steps; returns the exit status."""
    parser = argparse.ArgumentParser(prog="vae-grade", description="Grade a class: release, collect, run, report.")
    parser.add_argument("--folder", type=Path, default=Path(), help="your folder of this class (default: this one)")
    steps = parser.add_subparsers(dest="step", required=True)
    release = steps.add_parser("release", help="the exercises as zip files to hand out")
    release.set_defaults(function=_release)
    collect = steps.add_parser("collect", help="place what students handed in")
    collect.set_defaults(function=_collect)
    collect.add_argument("inbox", type=Path, help="a folder or archive, as the learning platform gives it")
    collect.add_argument("--pattern", metavar="REGEX", help="where a path names its student: '(?P<student>[^/]+)/'")
    collect.add_argument(
        "--class", dest="class_list", type=Path, metavar="FILE", help="the students: a CSV, or nbgrader's gradebook.db"
    )
    choose = steps.add_parser("choose", help="let another notebook of a student count")
    choose.set_defaults(function=_choose)
    choose.add_argument("student", help="the name of the student's folder in collected/")
    choose.add_argument("assignment", help="the name of the assignment")
    choose.add_argument("notebook", nargs="?", default="", help="which of several; without it they are listed")
    run = steps.add_parser("run", help="grade what is new or changed")
    run.set_defaults(function=_run)
    run.add_argument("--workers", type=_one_or_more, metavar="N", help="processes (default: one for each core)")
    run.add_argument(
        "--seconds", type=_one_or_more, metavar="N", help="of processor time for an answer (docs/teaching.md: limits)"
    )
    run.add_argument("--scheduler", metavar="ADDRESS", help="grade on a dask.distributed cluster")
    run.add_argument("--unsafe", action="store_true", help="run students' code with no protection at all")
    run.add_argument("--db", metavar="URL", help="nbgrader's gradebook (default: gradebook.db in your folder)")
    run.add_argument(
        "--again", nargs="*", metavar="STUDENT", help="grade again what was graded, of all if none is named"
    )
    run.add_argument("--assignment", metavar="NAME", help="grade this one only")
    run.add_argument("--watch", action="store_true", help="keep a page on how far it is, and what failed")
    run.add_argument("--counts", choices=("latest", "best"), help="which of a student's hand-ins, from now on")
    forget = steps.add_parser("forget", help="remove a student and all that is kept of them, for good")
    forget.set_defaults(function=_forget)
    forget.add_argument("student", help="the name of the student's folder in collected/")
    forget.add_argument("--db", metavar="URL", help="as for run")
    report = steps.add_parser("report", help="a table, a page, and feedback for each student")
    report.set_defaults(function=_report)
    report.add_argument("--db", metavar="URL", help="as for run")
    report.add_argument("--groups", type=Path, metavar="CSV", help="a line for each member: GROUP,MEMBER")
    report.add_argument(
        "--moodle",
        type=Path,
        nargs="*",
        metavar="WORKSHEET",
        help="feedback for Moodle, its grading worksheets filled in",
    )
    report.add_argument(
        "--canvas", type=Path, nargs="*", metavar="GRADEBOOK", help="the same for Canvas, its gradebook"
    )
    answers = steps.add_parser("answers", help="the answers in code as files, for a tool that looks for copies")
    answers.set_defaults(function=_answers)
    options = parser.parse_args(arguments)
    try:
        with printing():
            return options.function(TeacherFolder(options.folder), options)
    except Refused as sentence:
        print(sentence, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. What was written is whole: run the same again.", file=sys.stderr)
        return 130
    except OSError as error:  # each file is written whole or not at all
        where = f"{error.filename}: " if error.filename else ""
        print(
            f"{where}{error.strerror or error}. What was there is whole: put that right, and run the same again.",
            file=sys.stderr,
        )
        return 2


def _one_or_more(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {LARGEST:,}")
    return int(text)


def _release(folder: TeacherFolder, options: argparse.Namespace) -> None:
    from vae_grade.release import release

    for name in release(folder):
        print(folder.handout / name)


def _collect(folder: TeacherFolder, options: argparse.Namespace) -> None:
    from vae_grade.class_list import keep_list, read_list
    from vae_grade.collect import collect

    members = read_list(options.class_list) if options.class_list else []  # first, so that a mistake costs nothing
    result = collect(options.inbox, folder, options.pattern)
    if members:
        keep_list(folder, members)
    print(
        f"{result.placed} placed, {result.earlier} kept beside another of the same student, "
        f"{result.unchanged} there already."
    )
    students = len([path for path in folder.collected.glob("*") if path.is_dir() and not path.name.startswith(".")])
    print(f"The class has {students} student{'s' if students != 1 else ''} now.")
    _print_lines(
        "Look whose work is whose, for Moodle numbers students of one name anew in each assignment:", result.namesakes
    )
    _print_lines(
        "Two different notebooks for one assignment; after `vae-grade run --counts best` a student's best one counts:",
        result.chosen,
    )
    if result.chosen:
        print("To let the other one of a student count: vae-grade choose STUDENT ASSIGNMENT")
    _print_lines("Handed in late, as the platform says:", result.late)
    _print_lines("Look at them:", result.notes)
    if result.beside:
        print(f"Files kept beside notebooks: {result.beside}.")
    if result.left_out:
        print(f"Files that systems and platforms add, left out: {len(result.left_out)}.")
    many = len(result.unplaced)
    _print_lines(f"{many} could not be placed; copies are in {folder.unplaced}:", result.unplaced, folder.unplaced_list)
    _print_attendance(folder, result)


def _print_attendance(folder: TeacherFolder, result: "Collected") -> None:
    """Print who has not handed in what was collected now, and who is not on the class list, if there is one."""
    from vae_grade.class_list import match_members, read_attendance, read_kept_list

    members = read_kept_list(folder)
    if not members:
        return
    attendance = read_attendance(folder, members)
    in_vain = match_members(members, {one.original: one for one in result.in_vain})
    tried = {members[i].name for i in in_vain}
    for assignment in sorted(result.assignments & attendance.missing.keys()):
        title, names = attendance.name_fewer(assignment)
        missing = tried & {*attendance.missing[assignment]}
        lines = [f"{name} (see what could not be placed)" if name in missing else name for name in names]
        _print_lines(f"{assignment}: {title}:", lines)
    _print_lines("Not on the class list:", attendance.strangers)


def _print_lines(title: str, lines: Sequence[str], whole: Path | None = None) -> None:
    """Print a title and its lines, not more than a screen; a file that has all of them is named."""
    if lines:
        print(title)
        print("\n".join(f"  {replace_unprintable(line)}" for line in lines[:MOST_LINES]))
    if len(lines) > MOST_LINES:
        print(f"  … and {len(lines) - MOST_LINES:,} more" + (f": {whole}" if whole else ""))


def _choose(folder: TeacherFolder, options: argparse.Namespace) -> None:
    from vae_grade.choose import choose

    chosen, before = choose(folder, options.student, options.assignment, options.notebook)
    _print_lines(
        "From now on, also when you collect again; `vae-grade run` grades it:",
        [f"{options.student}, {options.assignment}: {chosen.path} counts, not {before.path}"],
    )


def _run(folder: TeacherFolder, options: argparse.Namespace) -> int | None:
    if sys.platform != "linux":
        raise Refused(
            f"`vae-grade run` needs Linux, this is {sys.platform}: use a Linux machine, or on Windows its WSL."
        )
    try:
        _grade(folder, options)
    except KeyboardInterrupt:
        print(f"Stopped. What was graded is kept; this goes on: {_command_to_go_on(options)}", file=sys.stderr)
        return 130
    return None


def _command_to_go_on(options: argparse.Namespace) -> str:
    """The command that grades what a stopped run did not; what it should grade again is known by now."""
    words = [sys.argv[0] if Path(sys.argv[0]).name == "vae-grade" else "vae-grade"]
    words += ["--folder", str(options.folder)] if options.folder != Path() else []
    words.append("run")
    for name in ("workers", "seconds", "scheduler", "unsafe", "db", "assignment", "watch", "counts"):
        value = getattr(options, name)
        words += [] if not value else [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return shlex.join(words)


def _grade(folder: TeacherFolder, options: argparse.Namespace) -> None:
    from vae_grade.records import describe_failures, read_records
    from vae_grade.run import Selection, one_at_a_time, run
    from vae_grade.sandbox import LIMITS

    limits = replace(LIMITS, seconds=options.seconds or LIMITS.seconds, sandboxed=not options.unsafe)
    if options.watch:
        print(f"Open {folder.watch_page.resolve().as_uri()} in a browser.", flush=True)
    with one_at_a_time(folder):
        counts = run(
            folder,
            db=options.db,
            workers=options.workers,
            scheduler=options.scheduler,
            limits=limits,
            selection=Selection(options.again, options.assignment),
            counts=options.counts,
            page=folder.watch_page if options.watch else None,
        )
    words = ", ".join(f"{count} {state.value}" for state, count in counts.items())
    print(f"{sum(counts.values())} graded now: {words or 'no change'}.")
    print("".join(describe_failures(read_records(folder))), end="")


def _forget(folder: TeacherFolder, options: argparse.Namespace) -> None:
    from vae_grade.forget import forget

    forget(folder, options.student, db=options.db)
    print(f"{options.student} is forgotten: nothing of theirs is in {folder.root}, and collect leaves them out.")
    print("Run `vae-grade report` for a report without them. Your inbox is as it was.")


def _report(folder: TeacherFolder, options: argparse.Namespace) -> None:
    from vae_grade.report import report
    from vae_grade.results import shorten

    result = report(folder, db=options.db, groups=options.groups, moodle=options.moodle, canvas=options.canvas)
    for path in result.paths:
        print(path)
    _print_lines(
        f"Answers in words that wait for your marks: {sum(map(len, result.waiting.values()))}. "
        "Run report again before you give marks or feedback out. Whose they are (report.html has all):",
        [f"{assignment}, {cell}: {shorten(students)}" for (assignment, cell), students in result.waiting.items()],
    )
    print("".join(result.failures), end="")
    print("".join(f"{replace_unprintable(line)}\n" for line in result.notes), end="")


def _answers(folder: TeacherFolder, options: argparse.Namespace) -> None:
    from vae_grade.copies import write_answers
    from vae_grade.records import read_records

    for place in write_answers(read_records(folder), folder):
        stub = folder.answers / "stub" / place.name
        print(f"copydetect -a -t {shlex.quote(str(place))} -b {shlex.quote(str(stub))} -O {place.name}_copies.html")


if __name__ == "__main__":
    sys.exit(main())
