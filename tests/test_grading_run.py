"""Grading a class: it can be killed anywhere, does only what is left, on one machine or a cluster, in any gradebook."""

import base64
import contextlib
import errno
import fcntl
import io
import json
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from filelock import FileLock, Timeout
from nbgrader.api import Gradebook

import vae_checks as checks
import vae_probe as calls
from tests import handed_in, mortal_worker
from tests.jupyter_in_browser import free_port
from vae_checks import check
from vae_grade import answer_server, judge, run, sandbox
from vae_grade.answer_server import End, Verdict
from vae_grade.assignments import ROOT, Refused, load_assignments
from vae_grade.cli import main
from vae_grade.folder import TeacherFolder
from vae_grade.processes import without_main
from vae_grade.records import (
    Material,
    State,
    Submission,
    compute_fingerprint,
    find_submissions,
    read_materials,
    write_record,
)
from vae_lib.files import write
from vae_probe.outcome import Outcome

NAME = handed_in.NAME
PERFECT = {"test-bce": 10.0, "test-kld": 10.0, "test-kld_by_sampling": 10.0, "why-the-blob": None}
HALF = PERFECT | {"test-kld": 2.0, "test-kld_by_sampling": 0.0}
EMPTY = dict.fromkeys(PERFECT, 0.0)
CLASS = {"ann": handed_in.perfect(), "bob": handed_in.half(), "cat": handed_in.filled(written=None)}
SETTING = judge.Setting(handed_in.ASSIGNMENT, sandbox.LIMITS, 0)
EXPECTED = {"ann": PERFECT, "bob": HALF, "cat": EMPTY}


def command(folder, *words):
    return [sys.executable, "-m", "vae_grade.cli", "--folder", str(folder), *map(str, words)]


def grade(folder, *words):
    """What the command prints; in this process, with one worker."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(["--folder", str(folder), "run", "--workers", "1", *words]) is None
    return printed.getvalue()


def records(folder):
    return {path: path.stat().st_mtime_ns for path in (folder / "records").rglob("*.json")}


def test_a_class_gets_what_the_checks_award_and_only_what_changed_is_graded_again(tmp_path, needs_bubblewrap):
    handed_in.hand_in(tmp_path, **CLASS)
    assert grade(tmp_path).startswith("3 graded now: ")
    url = TeacherFolder(tmp_path).gradebook_url
    assert handed_in.read_marks(url) == EXPECTED
    before = records(tmp_path)
    assert grade(tmp_path).startswith("0 graded now: no change")
    assert records(tmp_path) == before
    with Gradebook(url) as gradebook:
        by_hand = gradebook.find_grade("why-the-blob", NAME, NAME, "bob")
        by_hand.manual_score, by_hand.needs_manual_grade = 2.0, False
        gradebook.db.commit()
    handed_in.hand_in(tmp_path, bob=handed_in.perfect())
    assert grade(tmp_path).startswith("1 graded now: ")
    assert {path.parent.name for path, when in records(tmp_path).items() if when != before[path]} == {"bob"}
    assert handed_in.read_marks(url)["bob"] == PERFECT
    with Gradebook(url) as gradebook:
        again = gradebook.find_grade("why-the-blob", NAME, NAME, "bob")
        assert (again.manual_score, again.needs_manual_grade) == (2.0, False)  # the words are the same
    exported = subprocess.run(
        [sys.executable, "-m", "nbgrader", "export"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert exported.returncode == 0, exported.stderr
    assert "ann" in (tmp_path / "grades.csv").read_text()


@pytest.mark.parametrize("name", load_assignments())
def test_the_model_answers_of_an_assignment_earn_all_points(name, needs_bubblewrap):
    try:
        solution = (ROOT / "solutions" / name / f"{name}.ipynb").read_bytes()
        record = judge.grade(Material(solution), judge.Setting(load_assignments()[name], sandbox.LIMITS, 0))
    finally:
        judge.close()
    points = load_assignments()[name].points
    earned = {f"test-{name}": exercise.points for name, exercise in record.exercises.items()}
    assert earned == {cell: most for cell, most in points.items() if cell.startswith("test-")}
    assert not [flag for flag in record.flags if "worth a look" not in flag]


def test_who_is_named_is_graded_again_and_who_was_timed_out_with_more_seconds(tmp_path, monkeypatch):
    folder = TeacherFolder(tmp_path)
    handed_in.hand_in(tmp_path, ann=handed_in.perfect(), eve=handed_in.perfect())
    seeds = []

    def grade_all(todo, settings, *_):
        for submission in todo:
            seeds.append(settings[NAME].seed)
            record = handed_in.make_record()
            record.fingerprint = compute_fingerprint(read_materials(submission), handed_in.ASSIGNMENT)
            if submission.student == "eve":
                stopped = dict(end="timed out", limit=max(7, settings[NAME].limits.seconds))  # a slow machine
                record.exercises = {"bce": replace(record.exercises["bce"], **stopped)}
            yield submission, record

    monkeypatch.setattr(run, "grade_all", grade_all)

    def graded(seconds, *again):
        before = records(tmp_path)
        limits = replace(sandbox.LIMITS, sandboxed=False, seconds=seconds)
        counts = run.run(folder, limits=limits, selection=run.Selection(*again))
        changed = {path.parent.name for path, when in records(tmp_path).items() if when != before.get(path)}
        assert counts.total() == len(changed)
        return changed

    assert graded(2) == {"ann", "eve"}
    assert graded(2) == set()
    assert graded(2, ["ann"]) == {"ann"}
    assert graded(2, [], NAME) == {"ann", "eve"}
    assert graded(7) == set()
    assert graded(8) == {"eve"}
    assert graded(9, ["ann"]) == {"ann"}
    assert len(set(seeds)) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--again", "anne"], "Nothing was collected of the student 'anne'; there is Ann_Noether."),
        (["--again", "noether"], "Nothing was collected of the student 'noether'; there is Ann_Noether."),
        (["--assignment", "04"], f"Nothing was collected of the assignment '04'; there is {NAME}"),
    ],
)
def test_a_name_that_is_not_there_is_a_sentence(tmp_path, capsys, words, sentence):
    handed_in.hand_in(tmp_path, Ann_Noether=handed_in.perfect(), bob=handed_in.perfect())
    assert main(["--folder", str(tmp_path), "run", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_of_two_hand_ins_the_best_counts_where_the_teacher_says_so(tmp_path, monkeypatch):
    folder = TeacherFolder(tmp_path)
    handed_in.hand_in(tmp_path, ann=handed_in.half())
    write(folder.earlier_notebook("ann", NAME, "0123"), handed_in.as_bytes(handed_in.perfect()))
    limits = replace(sandbox.LIMITS, sandboxed=False)

    def grade_one(material, setting):
        record = handed_in.make_record()
        mark = 10.0 if material.notebook == handed_in.as_bytes(handed_in.perfect()) else 3.0
        record.exercises = {"kld": replace(record.exercises["kld"], points=mark)}
        return record

    def grade_all(todo, settings, *_):
        for submission in todo:
            yield submission, judge.grade_best(read_materials(submission), settings[NAME])

    monkeypatch.setattr(judge, "grade", grade_one)
    monkeypatch.setattr(run, "grade_all", grade_all)

    def mark_after(counts):
        run.run(folder, limits=limits, counts=counts)
        return handed_in.read_marks(folder.gradebook_url)["ann"]["test-kld"]

    assert [mark_after(counts) for counts in (None, "best", None, "latest")] == [3.0, 10.0, 10.0, 3.0]
    assert run.run(folder, limits=limits) == {}


def grade_by_hand(todo, settings, *_):
    """In the place of `run.grade_all`: three points for each."""
    for submission in todo:
        record = handed_in.make_record()
        record.fingerprint = compute_fingerprint(read_materials(submission), handed_in.ASSIGNMENT)
        yield submission, record


def test_of_two_runs_at_once_the_second_waits_and_finds_nothing_left(tmp_path, monkeypatch, capsys):
    words = ["--folder", str(tmp_path), "run", "--unsafe"]
    handed_in.hand_in(tmp_path, ann=handed_in.perfect(), bob=handed_in.perfect())
    write(tmp_path / "gradebook.db", handed_in._new_gradebook())

    def grade_all(todo, settings, *_):
        if todo:
            second.append(pool.submit(main, words))
            until = time.monotonic() + 60
            while "this one waits for its end" not in capsys.readouterr().err:
                assert time.monotonic() < until
                time.sleep(0.05)
        yield from grade_by_hand(todo, settings)

    monkeypatch.setattr(run, "grade_all", grade_all)
    second = []
    with ThreadPoolExecutor(1) as pool:
        assert main(words) is None
        assert second[0].result() is None
    assert capsys.readouterr().out.splitlines() == ["2 graded now: 2 graded.", "0 graded now: no change."]
    assert {marks["test-kld"] for marks in handed_in.read_marks(f"sqlite:///{tmp_path}/gradebook.db").values()} == {3.0}


def test_who_waited_for_a_run_and_who_comes_after_it_do_not_both_run(tmp_path):
    folder = TeacherFolder(tmp_path)
    with run.one_at_a_time(folder):
        waits = folder.run_lock.open()  # as a run does that finds it locked
    with waits:
        fcntl.flock(waits, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(Timeout):
            FileLock(folder.run_lock, timeout=0).acquire()


@pytest.mark.parametrize(
    ("step", "at", "number"), [("release", 1, errno.ENOSPC), ("run", 3, errno.ENOSPC), ("report", 1, errno.EROFS)]
)
def test_a_full_or_read_only_disk_stops_a_step_with_a_sentence_and_the_next_is_whole(
    tmp_path, monkeypatch, capsys, step, at, number
):
    written, real = [], Path.write_bytes

    def write_bytes(path, content):
        written.append(path)
        if len(written) == at:
            raise OSError(number, os.strerror(number), str(path))
        return real(path, content)

    command = ["--folder", str(tmp_path), step, *(["--unsafe"] if step == "run" else [])]
    handed_in.hand_in(tmp_path, ann=handed_in.perfect())
    handed_in.enter(TeacherFolder(tmp_path), handed_in.make_record())
    if step == "report":
        write_record(TeacherFolder(tmp_path), find_submissions(TeacherFolder(tmp_path))[0], handed_in.make_record())
    monkeypatch.setattr(run, "grade_all", grade_by_hand)
    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    assert main(command) == 2
    error = capsys.readouterr().err
    assert ("there is no room for" if number == errno.ENOSPC else os.strerror(number)) in error
    assert "What was there is whole" in error
    assert len(written) == at
    assert not written[-1].exists()
    assert main(command) is None
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["the coordinator", "a worker"])
def test_whoever_is_killed_nothing_is_lost_or_done_twice(tmp_path, needs_bubblewrap, victim):
    handed_in.hand_in(
        tmp_path, **{f"s{i}": handed_in.filled(**handed_in.RIGHT, written=f"answer {i}") for i in range(6)}
    )
    process = subprocess.Popen(
        command(tmp_path, "run", "--workers", 2), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    while len(records(tmp_path)) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    workers = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(workers) == 2
    if victim == "a worker":
        os.kill(int(workers[0]), signal.SIGKILL)
        process.communicate(timeout=900)
        assert process.returncode == 0
    else:
        process.kill()
        process.communicate()
        before = records(tmp_path)
        assert 2 <= len(before) < 6
        for pid in workers:  # they end with the coordinator
            until = time.monotonic() + 60
            while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
                assert time.monotonic() < until
                time.sleep(0.05)
        assert grade(tmp_path).startswith(f"{6 - len(before)} graded now")
        assert {path: when for path, when in records(tmp_path).items() if path in before} == before
    assert handed_in.read_marks(TeacherFolder(tmp_path).gradebook_url) == {f"s{i}": PERFECT for i in range(6)}
    with sqlite3.connect(tmp_path / "gradebook.db") as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        assert database.execute("select count(*) from submitted_assignment").fetchone() == (6,)


def submit(executor, submission, setting):
    with without_main():
        return executor.submit(mortal_worker.grade_or_die, submission.path)


def test_a_submission_that_its_worker_dies_of_stops_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "_submit_here", submit)
    monkeypatch.setattr(run, "_begin", mortal_worker.begin)
    todo = []
    for number, content in enumerate(["a", "poison", "b", "c", "d", "poison", "e"]):
        path = tmp_path / str(number)
        path.write_text(content)
        todo.append(Submission(f"s{number}", NAME, path))
    records = {one.student: record for one, record in run.grade_all(todo, {NAME: SETTING}, workers=1)}
    died = [records.pop("s1"), records.pop("s5")]
    assert {record.state for record in died} == {State.UNREADABLE}
    assert "what graded it died (BrokenProcessPool)" in died[0].sentence
    assert records == {"s0": "a", "s2": "b", "s3": "c", "s4": "d", "s6": "e"}


def test_a_sandbox_that_cannot_be_entered_is_a_sentence(monkeypatch, needs_bubblewrap):
    monkeypatch.setattr(sandbox.AnswerServer, "_send", lambda *_: (b"", Verdict(End.REFUSED)))
    monkeypatch.setattr(judge, "_attempts", {})  # another test of this process may have graded the same answers
    with pytest.raises(Refused, match="cannot be entered here"):
        judge.grade(Material(handed_in.as_bytes(handed_in.perfect())), SETTING)
    judge.close()


@pytest.mark.slow
def test_ctrl_c_stops_what_runs_and_says_how_to_go_on(tmp_path, needs_bubblewrap):
    # The second would take the limit of two hours of the processor.
    handed_in.hand_in(tmp_path, s0=handed_in.perfect(), s1=handed_in.filled(kld="while True: pass"))
    process = subprocess.Popen(
        command(tmp_path, "run", "--workers", 1, "--seconds", 7200, "--assignment", NAME),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not records(tmp_path):
        assert process.poll() is None
        time.sleep(0.02)
    started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=900)
    assert process.returncode == 130
    assert "Stopping ..." in said
    go_on = said.strip().splitlines()[-1]
    assert go_on.endswith(f"goes on: vae-grade --folder {tmp_path} run --workers 1 --seconds 7200 --assignment {NAME}")
    assert psutil.wait_procs(started, timeout=60)[1] == []
    [record] = records(tmp_path)
    assert (record.parent.name, json.loads(record.read_text())["state"]) == ("s0", "graded")


def test_a_run_that_grades_all_again_and_is_stopped_goes_on_where_it_was(tmp_path, monkeypatch):
    students = ["ann", "bob", "eve"]
    handed_in.hand_in(tmp_path, **dict.fromkeys(students, handed_in.perfect()))
    most = 9

    def grade_all(todo, *_):
        for place, submission in enumerate(todo):
            if place == most:
                raise KeyboardInterrupt
            record = handed_in.make_record()
            record.fingerprint = compute_fingerprint(read_materials(submission), handed_in.ASSIGNMENT)
            graded.append(submission.student)
            yield submission, record

    monkeypatch.setattr(run, "grade_all", grade_all)
    limits = replace(sandbox.LIMITS, sandboxed=False)
    graded = []
    run.run(TeacherFolder(tmp_path), limits=limits)
    most = 1
    with pytest.raises(KeyboardInterrupt):
        run.run(TeacherFolder(tmp_path), limits=limits, selection=run.Selection([]))
    assert len(records(tmp_path)) == 3  # each has a record meanwhile
    most = 9
    run.run(TeacherFolder(tmp_path), limits=limits)
    assert graded == [*students, "ann", "bob", "eve"]
    assert run.run(TeacherFolder(tmp_path), limits=limits) == {}


def test_a_ctrl_c_that_python_swallowed_still_stops():
    before = signal.getsignal(signal.SIGINT)

    def go_on():
        with run._announce_interrupt() as check_interrupt:
            check_interrupt()
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            check_interrupt()

    with pytest.raises(KeyboardInterrupt):
        go_on()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.slow
def test_a_cluster_loses_nothing_when_a_worker_dies(tmp_path, needs_bubblewrap):
    handed_in.hand_in(
        tmp_path, **{f"s{i}": handed_in.filled(**handed_in.RIGHT, written=f"answer {i}") for i in range(6)}
    )
    address = f"tcp://127.0.0.1:{free_port()}"
    dask = [sys.executable, "-m", "dask"]
    options = dict(cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    nodes = [subprocess.Popen([*dask, "scheduler", "--host", address, "--no-dashboard"], **options)]
    worker = [*dask, "worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny", "--host", "127.0.0.1"]
    try:
        nodes += [subprocess.Popen(worker, **options) for _ in range(2)]
        grading = subprocess.Popen(
            command(tmp_path, "run", "--scheduler", address), cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        while not records(tmp_path):
            assert grading.poll() is None, grading.stderr.read()
            time.sleep(0.02)
        nodes[1].kill()
        _, said = grading.communicate(timeout=900)
        assert grading.returncode == 0, said
    finally:
        for node in nodes:
            node.kill()
            node.wait()
    assert handed_in.read_marks(TeacherFolder(tmp_path).gradebook_url) == {f"s{i}": PERFECT for i in range(6)}


def test_no_scheduler_is_a_sentence(tmp_path, capsys):
    handed_in.hand_in(tmp_path, **CLASS)
    assert main(["--folder", str(tmp_path), "run", "--scheduler", f"tcp://127.0.0.1:{free_port()}"]) == 2
    assert "There is no scheduler at" in capsys.readouterr().err


def test_the_gradebook_may_be_in_postgresql(tmp_path, needs_bubblewrap, postgres):
    handed_in.hand_in(tmp_path, **CLASS)
    grade(tmp_path, "--db", postgres)
    assert handed_in.read_marks(postgres) == EXPECTED
    assert not (tmp_path / "gradebook.db").exists()


# Limits, on slow and busy machines


@pytest.mark.parametrize(("seconds", "limit"), [(0.01, 2), (0.3, 6), (7.04, 141)])
def test_an_answer_may_take_twenty_times_what_the_model_answer_takes_here(monkeypatch, seconds, limit):
    monkeypatch.setattr(judge, "_run", lambda *_: (b"", Verdict(End.ENDED, seconds=seconds)))
    monkeypatch.setattr(judge, "_seconds", {})
    setting = SETTING._replace(limits=replace(sandbox.LIMITS, seconds=2))
    assert judge._seconds_for("kld", setting) == limit


def test_a_time_in_which_the_machine_stands_still_is_no_answers(monkeypatch):
    clock = iter(range(0, 10**9, 1000))
    monkeypatch.setattr(answer_server.time, "monotonic", lambda: next(clock))
    if (child := os.fork()) == 0:
        time.sleep(0.2)
        os._exit(0)
    limits = replace(sandbox.LIMITS, sandboxed=False, seconds=2)
    own = answer_server.Usage.of(Path("/proc/self"))
    assert answer_server.watch(child, limits, own).end is End.ENDED


def test_a_crowded_machine_is_patient_up_to_a_bound(monkeypatch):
    at_rest = answer_server.crowd()
    assert 1 <= at_rest <= answer_server.MOST_CROWDED
    monkeypatch.setattr(os, "cpu_count", lambda: 1e-9)
    assert answer_server.crowd() in (1, answer_server.MOST_CROWDED)  # 1 where the load is 0.00


# What grading refuses, in sentences


def test_without_bubblewrap_nothing_is_run(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(Refused, match=r"bubblewrap is missing.*apt install bubblewrap.*--unsafe"):
        sandbox.require_sandbox()


def test_a_bubblewrap_that_does_not_work_is_a_sentence(tmp_path, monkeypatch):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(Refused, match=r"does not work here .No permissions to create new namespace"):
        sandbox.require_sandbox()


def test_nothing_to_grade_is_a_sentence(tmp_path, capsys):
    assert main(["--folder", str(tmp_path), "run"]) == 2
    assert "vae-grade collect INBOX" in capsys.readouterr().err
    assert main(["--folder", str(tmp_path), "report"]) == 2
    assert "vae-grade run" in capsys.readouterr().err


def test_a_link_among_what_was_collected_is_a_sentence(tmp_path, capsys):
    handed_in.hand_in(tmp_path, ann=handed_in.perfect())
    path = TeacherFolder(tmp_path).collected_notebook("eve", NAME)
    path.parent.mkdir(parents=True)
    path.symlink_to(TeacherFolder(tmp_path).collected_notebook("ann", NAME))
    assert main(["--folder", str(tmp_path), "run"]) == 2
    assert "is a link: take it away" in capsys.readouterr().err


def test_another_system_is_a_sentence(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("sys.platform", "win32")
    assert main(["--folder", str(tmp_path), "run"]) == 2
    assert "needs Linux, this is win32" in capsys.readouterr().err


def test_unsafe_grades_without_a_sandbox(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(sandbox, "Sandbox", None)
    try:
        limits = replace(sandbox.LIMITS, sandboxed=False, seconds=3)
        notebook = handed_in.filled(**handed_in.RIGHT | {"bce": "while True: pass"})
        record = judge.grade(Material(handed_in.as_bytes(notebook)), SETTING._replace(limits=limits))
    finally:
        judge.close()
    assert {name: exercise.points for name, exercise in record.exercises.items()} == {
        "bce": 0.0,
        "kld": 10.0,
        "kld_by_sampling": 10.0,
    }
    assert record.state is State.TIMED_OUT


# What goes into the sandbox


def test_what_calls_a_students_function_is_in_one_module_without_an_oracle():
    for name in checks.__all__:
        call = getattr(checks, name).call
        assert getattr(calls, call.__name__) is call
    assert not [thing for thing in vars(calls).values() if isinstance(thing, check.Check | check.Mistake)]
    # Nor does it bring one in: test_layering says that it imports nothing of vae_lib but the images.


# What comes back


def outcome(**changes):
    nothing = {"value": None, "gradients": {}, "changed": [], "seeded": False, "device": None, "error": None}
    return nothing | changes


GOOD = [outcome()]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"null",
        b"[]",
        b"[" * 100_000,
        b"{}",
        json.dumps([outcome(), outcome()]).encode(),
        json.dumps({"outcomes": GOOD}).encode(),
        json.dumps([outcome(more=1)]).encode(),
        json.dumps([outcome(error={"type": 1, "message": "", "line": ""})]).encode(),
        json.dumps([outcome(error={"type": "", "message": ""})]).encode(),
        json.dumps([outcome(changed=[[]])]).encode(),
        json.dumps([outcome(seeded=0)]).encode(),
        json.dumps([outcome(device="cuda")]).encode(),
    ],
)
def test_outcomes_of_another_shape_are_not_read(message):
    assert judge._parse(json.dumps(GOOD).encode(), 1) == (GOOD, [Outcome()])
    with pytest.raises((ValueError, KeyError, TypeError, RecursionError)):
        judge._parse(message, 1)


def tensor(data, dtype, shape):
    return {"tensor": base64.b64encode(data).decode(), "dtype": dtype, "shape": shape}


FORGED = {
    "another order of bytes": outcome(value=tensor(bytes(16), ">f4", [4])),
    "dates": outcome(value=tensor(bytes(32), "datetime64[s]", [4])),
    "records": outcome(value=tensor(bytes(32), "f4,f4", [4])),
    "objects": outcome(value=tensor(bytes(32), "O", [4])),
    "text": outcome(value=tensor(bytes(32), "U2", [4])),
    "complex": outcome(value=tensor(bytes(32), "complex64", [4])),
    "uint64": outcome(value=tensor(b"\xff" * 32, "uint64", [4])),
    "no size": outcome(value=tensor(b"", "float32", [0, 4])),
    "a size that is too large": outcome(value=tensor(bytes(16), "float32", [10**12])),
    "a negative size": outcome(value=tensor(bytes(16), "float32", [-1])),
    "a case": outcome(value={"case": {"dict": {"kind": "main", "inputs": {"dict": {}}}}}),
    "a gradient of nobody": outcome(gradients={"nobody": tensor(bytes(16), "float32", [4])}),
    "a huge number": outcome(value=10**4000),
    "15 MB": outcome(value=3_000_000 * "1"),
    "what a check shows": outcome(error={"type": "✓ kld", "message": "right, 10 of 10 points", "line": "✓"}),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_outcome_earns_nothing(monkeypatch, name):
    reply = json.dumps([FORGED[name]] * len(checks.kld.draw(0))).encode()
    monkeypatch.setattr(judge, "_run", lambda *_: (reply, Verdict(End.ENDED)))
    monkeypatch.setattr(judge, "_seconds", {})
    exercise = judge._run_and_judge("kld", [], {}, SETTING).exercise
    assert (exercise.points, exercise.text[:5]) == (0, "✗ kld")


def test_what_comes_back_cannot_fill_the_memory():
    sizes = {"input_dim": 60_000, "hidden_dim": 20_000, "latent_dim": 2}  # a model of 10 GB
    value = {"dict": {"weights": {"dict": {}}, "sizes": {"dict": sizes}, "history": [2.0, 1.0]}}
    cases = checks.fit.draw(0)
    with judge._memory_up_to(judge.MEMORY):
        result = checks.fit.result(cases, [outcome(value=value)] * len(cases))
    assert result.points == 0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < judge.MEMORY


def test_numbers_of_one_hash_do_not_keep_the_judge_busy():
    numbers = [k * (2**61 - 1) for k in range(40_000)]  # sets of them take minutes
    cases = checks.split.draw(0)
    result = checks.split.result(cases, [outcome(value=[[numbers, numbers[:100]]] * 3)] * len(cases))
    assert result.points == 0


def test_steps_that_did_not_come_back_earn_nothing():
    value = {"dict": {"losses": [0.0] * 3, "weights": [], "gradients": [], "graph": False, "order": []}}
    cases = checks.train_step.draw(0)
    with pytest.raises(ValueError, match="zip"):  # which judge.grade takes for unreadable
        checks.train_step.result(cases, [outcome(value=value)] * len(cases))


def test_scrubbing_takes_paths_and_control_signs():
    text = f"{ROOT}/x {Path.home()}/y {sys.prefix}/z \x1b[31m\x00 σ ✗ “”"
    clean = judge.scrub(text)
    assert not re.search(r"[\x00-\x08\x1b]", clean)
    assert str(ROOT) not in clean
    assert str(Path.home()) + "/" not in clean
    assert "σ ✗ “”" in clean
