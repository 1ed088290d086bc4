"""Hostile and broken hand-ins, honest ones among them, graded by the command itself.

The cases are in zoo.py. A case costs its neighbours nothing, changes nothing on disk, learns nothing, leaves
nothing running, and earns what its honest answers earn: one is run before the culprit, one after it.
"""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

import vae_checks as checks
from tests import handed_in, zoo
from vae_grade.assignments import ROOT

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.slow]
if not shutil.which("bwrap"):
    if os.environ.get("VAE_SANDBOX_REQUIRED"):
        pytest.fail("no bubblewrap: `apt install bubblewrap`", pytrace=False)
    pytest.skip("no bubblewrap", allow_module_level=True)

HONEST = {
    "perfect": (handed_in.perfect, {"bce": 10.0, "kld": 10.0, "kld_by_sampling": 10.0}),
    "half": (handed_in.half, {"bce": 10.0, "kld": 2.0, "kld_by_sampling": 0.0}),
    "empty": (handed_in.empty, {"bce": 0.0, "kld": 0.0, "kld_by_sampling": 0.0}),
    "other words": (handed_in.perfect_in_other_words, {"bce": 10.0, "kld": 10.0, "kld_by_sampling": 10.0}),
}
# The answers of honest hand-ins, and of the cases beside the culprit.
ANSWERS = [
    cell["source"]
    for kind in ("perfect", "other words")
    for cell in HONEST[kind][0]()["cells"]
    if cell["id"] in handed_in.RIGHT
]
EVERY = 4  # cases between two honest hand-ins; the honest answers of the cases are neighbours, too
CANARY = "CANARY-5bd1e995"


def student_of(number, name):
    """The student who hands a case in: a name as `collect` keeps it, up to 50 letters."""
    words = re.sub(r"\W+", "_", name)
    return f"{number:03}_i_{words}"[:50].strip("_")


def with_own_answers(data, number):
    """A hand-in whose honest answers are nobody else's: equal ones are run once, and would not see what was left."""
    for source in ANSWERS:
        data = data.replace(json.dumps(source).encode(), json.dumps(f"{source}\nNUMBER = {number}").encode())
    return data


def tree(*folders):
    """The sum of each file, but for what Python and the tests themselves write."""
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    kept = [path for path in paths if not {"__pycache__", ".pytest_cache", ".ruff_cache", ".git"} & set(path.parts)]
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def from_another_test(pid):
    """Whether a process comes from another worker of pytest, which is busy beside this one."""
    line = []
    while pid not in line and Path(f"/proc/{pid}/stat").exists():
        line.append(pid)
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return os.getppid() in line and os.getpid() not in line


def running():
    """Living processes in a user namespace of their own, and warm ones of this course."""
    found, ours = set(), os.readlink("/proc/self/ns/user")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path("/proc", pid, "cmdline").read_bytes()
            shut_in = os.readlink(f"/proc/{pid}/ns/user") != ours
            ours_too = str(ROOT / "vae_grade" / "answer_server.py").encode() in command
            dead = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] in "XZ"
            if (shut_in or ours_too) and not dead and not from_another_test(int(pid)):
                found.add((pid, command))
        except OSError:
            pass
    return found


class Ears:
    """Sockets that nobody may reach."""

    def __init__(self):
        self.heard = []
        self.sockets = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)]
        self.port = self.sockets[0].getsockname()[1]
        self.sockets[1].bind(f"\0vae-grade-canary-{self.port}")  # of this class alone: names are the machine's
        self.sockets[1].listen()
        for one in self.sockets:
            threading.Thread(target=self.listen, args=[one], daemon=True).start()

    def listen(self, one):
        while True:
            try:
                connection, _ = one.accept()
            except OSError:
                return
            self.heard.append(one)
            connection.close()


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """All cases and their neighbours, graded: what was before, what came of it."""
    folder = tmp_path_factory.mktemp("class")
    inbox, ears, honest = folder / "inbox", Ears(), {}
    secrets = [folder / "marks.txt", folder / "gradebook.db", ROOT / "vae_checks" / "bce_vs_kld" / "kld.py"]
    secrets += [ROOT / "solutions" / zoo.ASSIGNMENT.name / f"{zoo.ASSIGNMENT.name}.ipynb"]
    last = f"{len(zoo.CASES):03}_honest"
    secrets += [folder / "collected" / last / zoo.ASSIGNMENT.name / f"{zoo.ASSIGNMENT.name}.ipynb"]
    secrets[0].write_text(CANARY)

    def hand_in(student, data):
        data = with_own_answers(data, len(list(inbox.glob("*"))))
        path = inbox / student / f"{zoo.ASSIGNMENT.name}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)

    command = [sys.executable, "-m", "vae_grade.cli", "--folder", str(folder)]
    watched = [folder / "inbox", folder / "collected", ROOT / "solutions", ROOT / "exercises", ROOT / "vae_lib"]
    environment = os.environ | {"TEACHER_TOKEN": CANARY}
    alive, numbered = running(), list(enumerate(zoo.CASES.items()))
    # Only what a limit of the processor's seconds ends gets few; all else has the usual 30, so that no load matters.
    for few in (False, True):
        for number, (name, case) in numbered:
            if ("timed out" in case.words) is not few:
                continue
            if number % EVERY == 0:
                kind = list(HONEST)[number // EVERY % len(HONEST)]
                honest[f"{number:03}_honest"] = kind
                hand_in(f"{number:03}_honest", handed_in.as_bytes(HONEST[kind][0]()))
            data = case.data.replace(b"__SECRETS__", repr(list(map(str, secrets))).encode())
            hand_in(student_of(number, name), data.replace(b"__PORT__", str(ears.port).encode()))
        if not few:
            honest[last] = "perfect"
            hand_in(last, handed_in.as_bytes(handed_in.perfect()))
        subprocess.run([*command, "collect", str(inbox)], check=True, cwd=ROOT)
        before = tree(*watched)
        run = [*command, "run", *(["--seconds", "2"] if few else [])]
        result = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=5000)
        assert result.returncode == 0, result.stderr
        after = tree(*watched)
        assert after == before
        assert all(path.is_file() for path in secrets)
    records = {path.parent.name: json.loads(path.read_text()) for path in (folder / "records").glob("*/*.json")}
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        marks = {
            (sub.student.id, grade.name.removeprefix("test-")): grade.auto_score
            for sub in book.assignment_submissions(zoo.ASSIGNMENT.name)
            for grade in sub.notebooks[0].grades
        }
    yield dict(
        folder=folder,
        records=records,
        marks=marks,
        honest=honest,
        before=before,
        after=after,
        left=running() - alive,
        heard=ears.heard,
        printed=result.stdout,
        secrets=secrets,
    )
    for one in ears.sockets:
        one.close()


@pytest.mark.parametrize("name", zoo.CASES)
def test_a_case_earns_what_its_honest_answers_earn_and_the_report_says_why(graded, name):
    case, number = zoo.CASES[name], list(zoo.CASES).index(name)
    student = student_of(number, name)
    record = graded["records"][student]
    full = 0.0 if case.kld is None else 10.0
    expected = {"bce": full, "kld": case.kld or 0.0, "kld_by_sampling": full}
    assert {exercise: graded["marks"][student, exercise] for exercise in expected} == expected, record
    said = " ".join([record["state"], record["reason"], *record["flags"]])
    said += " ".join(exercise["text"] for exercise in record["exercises"].values())
    assert re.search(case.words, said), said
    if case.kld is None:
        assert record["state"] == "unreadable"
        assert f"{student}, {zoo.ASSIGNMENT.name}: the file could not be read" in graded["printed"]
    assert CANARY not in said
    assert f"{ROOT}/" not in said
    assert "SQLite format" not in said
    assert "Bernoulli" not in said  # in the oracle's file
    assert "number of pixels, 784" not in said  # in the model answer


@pytest.mark.parametrize("kind", HONEST)
def test_the_neighbours_get_exactly_their_marks(graded, kind):
    students = [student for student, its in graded["honest"].items() if its == kind]
    assert len(students) > 10
    for student in students:
        got = {exercise: graded["marks"][student, exercise] for exercise in HONEST[kind][1]}
        assert got == HONEST[kind][1], graded["records"][student]
        assert graded["records"][student]["state"] == "graded"


@pytest.mark.parametrize("kind", HONEST)
def test_the_marks_are_what_the_checks_award(kind):
    space = {}
    notebook = HONEST[kind][0]()
    exec("import torch\nimport torch.nn.functional as F\nfrom torch.distributions import Normal", space)
    for exercise, points in HONEST[kind][1].items():
        exec(zoo.cell(notebook, exercise)["source"], space)
        assert getattr(checks, exercise)(space[exercise]).points == points


def test_honest_answers_are_run_and_not_remembered(graded):
    kept = [record["answers"] for record in graded["records"].values() if record["state"] != "unreadable"]
    answers = [answers["bce"] for answers in kept if "bce" in answers and "NUMBER" in answers["bce"]]
    assert len(set(answers)) == len(answers) > 150


def test_outside_the_sandbox_each_search_finds_the_oracle():
    code = ["import torch, vae_checks, vae_lib", "oracle = 1"]
    for name, search in zoo.SEARCHES.items():
        code += ["found = None", search, f"print({name!r}, found is not None)"]
    result = subprocess.run(
        [sys.executable, "-c", "\n".join(code)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines() == [f"{name} True" for name in zoo.SEARCHES]


def test_there_are_at_least_sixty_cases():
    assert len(zoo.CASES) >= 60


def test_nothing_on_disk_changed(graded):
    assert graded["after"] == graded["before"]
    assert graded["secrets"][0].read_text() == CANARY
    assert not Path("/tmp/CANARY").exists()


def test_nothing_is_left_running(graded):
    """What another test's browser leaves to the system ends by itself; what the zoo leaves would run on."""
    until = time.monotonic() + 60
    while (left := running() & graded["left"]) and time.monotonic() < until:
        time.sleep(0.5)
    assert left == set()


def test_nobody_reached_a_socket(graded):
    assert graded["heard"] == []


def test_the_ears_hear():
    ears = Ears.__new__(Ears)
    ears.heard, server = [], socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=ears.listen, args=[server], daemon=True)
    thread.start()
    socket.create_connection(server.getsockname()).close()
    while not ears.heard:
        pass
    server.close()


def test_what_failed_is_listed_last_with_the_next_step(graded):
    lines = [line for line in graded["printed"].splitlines() if ". Next: " in line]
    states = ("unreadable", "could not run here", "killed", "timed out")
    failed = [record for record in graded["records"].values() if record["state"] in states]
    assert len(lines) == len(failed) > 20
    assert graded["printed"].splitlines()[-len(lines) :] == lines
