"""How many submissions a minute? `vae-grade run` beside plain `nbgrader autograde`, on the same submissions.

python tools/benchmark_grading.py               # 60 submissions, both, three rounds: about ten minutes
python tools/benchmark_grading.py --many 1000   # vae-grade alone: is time linear, does memory grow?
python tools/benchmark_grading.py --evening 60 --assignments 1   # a teacher's evening: from the download to the upload
"""

import argparse
import contextlib
import csv
import ctypes
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import psutil
from nbgrader.api import Grade, Gradebook

from vae_grade.assignments import load_assignments
from vae_grade.folder import TeacherFolder, timestamp_beside
from vae_grade.gradebook import register_assignment
from vae_lib.files import write

ROOT = Path(__file__).resolve().parents[1]
NAME = "04_bce_vs_kld"
ROUNDS = 3
PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=60)
    parser.add_argument("--many", type=int, help="grade this many, in four steps, with vae-grade alone")
    parser.add_argument("--evening", type=int, help="so many students, in Moodle's and in Canvas's shape, all steps")
    parser.add_argument("--assignments", type=int, default=7, help="of an evening")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.many:
            grow(Path(folder), args.many)
        elif args.evening:
            for platform in ("moodle", "canvas"):
                spend_evening(Path(folder, platform), platform, args.evening, args.assignments)
        else:
            compare(Path(folder), args.submissions)


def compare(folder, count):
    """Both on the same submissions, one after the other, in each round."""
    plain, ours = [], []
    for number in range(ROUNDS):
        home = folder / str(number)
        hand_in(home / "ours", range(count))
        shutil.copytree(TeacherFolder(home / "ours").collected, home / "plain" / "submitted")
        register_assignment(load_assignments()[NAME], TeacherFolder(home / "plain").gradebook_url)
        plain.append(timed([program("nbgrader"), "autograde", NAME], home / "plain")[0])
        ours.append(timed([program("vae-grade"), "run"], home / "ours")[0])
    print(f"{count} submissions, medians of {ROUNDS} rounds\n")
    print("| | seconds | submissions a minute |\n|---|---|---|")
    for name, took in (("nbgrader autograde", plain), ("vae-grade run", ours)):
        print(f"| {name} | {statistics.median(took):.0f} | {60 * count / statistics.median(took):.0f} |")
    ratios = [slow / quick for slow, quick in zip(plain, ours, strict=True)]
    print(f"\n{statistics.median(ratios):.1f} × as many a minute ({', '.join(f'{ratio:.1f}' for ratio in ratios)}).")


def grow(folder, count):
    """A class that grows by a quarter at a time; only what is new is graded."""
    print("| submissions | seconds | a minute | memory at most, MB |\n|---|---|---|---|")
    for step in range(4):
        new = range(count * step // 4, count * (step + 1) // 4)
        hand_in(folder, new)
        took, memory = timed([program("vae-grade"), "run"], folder)
        print(
            f"| {new.start} to {new.stop} | {took:.0f} | {60 * len(new) / took:.0f} | {memory / 1e6:.0f} |", flush=True
        )


def spend_evening(folder, platform, students, assignments):
    """Each step of a teacher's evening, timed; marking 20 answers in words is done by a program, and not counted."""
    inbox, home, names = folder / "inbox", folder / "class", list(load_assignments())[:assignments]
    sheets = [download(inbox, folder, platform, name, place, students) for place, name in enumerate(names)]
    again = ["report", f"--{platform}", *(str(sheet) for sheet in (sheets if platform == "moodle" else sheets[:1]))]
    print(f"\n{students} students, {assignments} assignments, {platform}\n")
    print("| step | seconds | of the processor |\n|---|---|---|")
    for step, words in (("collect", ["collect", str(inbox)]), ("run", ["run"]), ("report", ["report"])):
        print_step(step, words, home)
    mark_words(home, 20)
    print_step("report, 20 answers marked, files for upload", again, home)
    print_step("the same, nothing changed", again, home)
    check_upload(home, platform, students, assignments)


def print_step(step, words, home):
    """Run a step, and print how long it took, and how many seconds of the processor, of all its processes."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    before = os.times()
    took, _ = timed([program("vae-grade"), *words], home)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()  # what the step left behind ends with it
    after = os.times()
    used = sum(after[2:4]) - sum(before[2:4])  # children's, user's and system's
    print(f"| {step} | {took:.0f} | {used:.0f} |", flush=True)


def check_upload(home, platform, students, assignments):
    """Look whether each student's marks and pages of feedback are in the files for upload."""
    upload = getattr(TeacherFolder(home), platform)
    pages = sum(len(zipfile.ZipFile(path).namelist()) for path in upload.glob("*_feedback.zip"))
    columns = ["Grade"] if platform == "moodle" else list(load_assignments())
    rows = [row for path in upload.glob("*.csv") for row in csv.DictReader(path.open()) if row.get("ID") != ""]
    marks = sum(bool(row[column]) for row in rows for column in columns)
    print(f"\nFor upload: {marks} marks and {pages} pages, of {students * assignments}.")


def download(inbox, folder, platform, name, place, students):
    """What the platform gives for an assignment, in the inbox, and the path of its table of marks."""
    (folder / "class").mkdir(parents=True, exist_ok=True)
    inbox.mkdir(parents=True, exist_ok=True)
    lines = []
    with zipfile.ZipFile(inbox / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for student in range(students):
            number = student + 1000 * (place + 1) if platform == "moodle" else student + 1000
            path = f"studentno{student}_{number}_{100_000 * (place + 1) + student}_{name}.ipynb"
            if platform == "moodle":
                path = f"Student No {student}_{number}_assignsubmission_file/{name}.ipynb"
            archive.writestr(path, json.dumps(answer(name, student)))
            lines.append((number, student))
    sheet = folder / f"Grades-{name}.csv"
    if platform == "moodle":
        rows = [f"Participant {number},Student No {student},,100.00,-\n" for number, student in lines]
        write(sheet, "Identifier,Full name,Grade,Maximum Grade,Last modified (grade)\n" + "".join(rows))
    else:
        titles = ",".join(load_assignments())
        rows = [f'"No {student}, Student",{number},s{student},A\n' for number, student in lines]
        write(sheet, f"Student,ID,SIS Login ID,Section,{titles}\n    Points Possible,,,\n" + "".join(rows))
    return sheet


def answer(name, number):
    """A third right, a third with one answer left out, a third empty; each with words but the empty ones."""
    right = json.loads((ROOT / "solutions" / name / f"{name}.ipynb").read_text())
    answers = {cell["id"]: "".join(cell["source"]) for cell in right["cells"]}
    assignment = load_assignments()[name]
    notebook = json.loads(assignment.released)
    chosen = [*assignment.checked, *assignment.written] if number % 3 else []
    for cell in notebook["cells"]:
        if cell["id"] in chosen[number % 3 - 1 :]:
            cell["source"] = f"{answers[cell['id']]}\nanswer = {number}"  # so none is another student's
    return notebook


def mark_words(home, count):
    """What the teacher does in formgrader: points for some answers in words."""
    with Gradebook(TeacherFolder(home).gradebook_url) as gradebook:
        waiting = gradebook.db.query(Grade).filter(Grade.needs_manual_grade).limit(count).all()
        for grade in waiting:
            grade.manual_score, grade.needs_manual_grade = 1.0, False
        gradebook.db.commit()


def hand_in(folder, numbers):
    """A third right, a third with a known mistake, a third empty."""
    right = json.loads((ROOT / "solutions" / NAME / f"{NAME}.ipynb").read_text())
    answers = {cell["id"]: "".join(cell["source"]) for cell in right["cells"]}
    assignment = load_assignments()[NAME]
    for number in numbers:
        notebook = json.loads(assignment.released)
        for cell in notebook["cells"]:
            if cell["id"] in assignment.checked and number % 3 < 2:
                # The last line makes each a submission of its own.
                cell["source"] = f"{answers[cell['id']]}\nanswer = {number}".replace(
                    "0.5 *", "0.5 *" if number % 3 else ""
                )
        path = TeacherFolder(folder).collected_notebook(f"s{number:04}", NAME)
        write(path, json.dumps(notebook))
        write(timestamp_beside(path), "2026-03-01 12:00:00 UTC")


def program(name):
    return str(Path(sys.executable).with_name(name))


def timed(command, folder):
    """The seconds that a command takes, and the most memory that it and all its children had, counted once."""
    start, most = time.perf_counter(), 0
    process = psutil.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        most = max(most, sum(map(proportional, [process, *process.children(recursive=True)])))
        time.sleep(1)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed with status {process.returncode}")
    return time.perf_counter() - start, most


def proportional(process):
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0


if __name__ == "__main__":
    main()
