"""The sandbox's filter for system calls and its accounts; what is hostile is in zoo.py."""

import os
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests import handed_in
from vae_grade import judge, sandbox, system_calls
from vae_grade.answer_server import Usage, read_stat, read_statm
from vae_grade.assignments import Refused
from vae_grade.records import Material
from vae_grade.system_calls import ALLOWED, AUDIT_ARCH, CONDITIONS, NUMBERS

ALLOW = 0x7FFF0000
HEADERS = {"x86_64": "x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "asm-generic/unistd.h"}


def answer(machine, number, *arguments, architecture=None):
    """What the filter says to a call: 0 for yes, or the error. A slow reading of classic BPF."""
    data = {0: number, 4: AUDIT_ARCH[architecture or machine]}
    for at, argument in enumerate(arguments):
        data[16 + 8 * at], data[20 + 8 * at] = argument & 0xFFFFFFFF, argument >> 32 & 0xFFFFFFFF
    program, at, word = system_calls.instructions(machine), 0, 0
    while True:
        operation, if_equal, if_not, operand = program[at]
        at += 1
        if operation == 0x20:
            word = data.get(operand, 0)
        elif operation == 0x54:
            word &= operand
        elif operation == 0x15:
            at += if_equal if word == operand else if_not
        else:
            assert operation == 0x06
            assert operand == ALLOW or operand >> 16 == 5
            return 0 if operand == ALLOW else operand & 0xFFFF


@pytest.mark.parametrize("machine", AUDIT_ARCH)
def test_numbers_are_the_kernels(machine):
    path = Path("/usr/include", HEADERS[machine])
    if not path.exists():
        pytest.skip("no kernel headers: `apt install linux-libc-dev`")
    defined = dict(re.findall(r"#define (__NR\w+)\s+(\w+)", path.read_text()))
    column = list(AUDIT_ARCH).index(machine)
    for name, numbers in NUMBERS.items():
        number = defined.get(f"__NR_{name}")
        while number and not number.isdigit():
            number = defined.get(number)
        assert (int(number) if number else None) == numbers[column], name


@pytest.mark.parametrize("machine", AUDIT_ARCH)
def test_the_filter_lets_through_what_is_in_the_table_and_nothing_else(machine):
    column = list(AUDIT_ARCH).index(machine)
    allowed = {NUMBERS[name][column] for name in ALLOWED}
    conditional = {NUMBERS[name][column] for name in CONDITIONS}
    for number in range(600):
        if number not in conditional:
            assert answer(machine, number) == (0 if number in allowed else 38), number
    other = "aarch64" if machine == "x86_64" else "x86_64"
    assert answer(machine, NUMBERS["read"][column], architecture=other) == 38
    assert answer(machine, NUMBERS["read"][column] + 2**30) == 38  # x32


@pytest.mark.parametrize("machine", AUDIT_ARCH)
@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("clone", (0x11,), 0),  # SIGCHLD: a fork
        ("clone", (0x3D0F00,), 0),  # a thread of glibc's
        ("clone", (0x10000011,), 1),  # a user namespace
        ("clone", (0x40000000,), 1),
        ("fcntl", (3, 1024), 22),  # F_SETLEASE
        ("fcntl", (3, 1030), 0),  # F_DUPFD_CLOEXEC
        ("ioctl", (0, 0x5401), 0),  # TCGETS
        ("ioctl", (0, 0x5412), 25),  # TIOCSTI
        ("mmap", (0, 1, 3, 0x22), 0),  # private, anonymous
        ("mmap", (0, 1, 3, 0x21), 1),  # shared, anonymous
        ("mmap", (0, 1, 3, 0x01), 0),  # shared, of a file
        ("prctl", (4, 0), 0),  # PR_SET_DUMPABLE
        ("prctl", (36, 1), 22),  # PR_SET_CHILD_SUBREAPER
        ("prlimit64", (0, 7), 0),
        ("prlimit64", (1, 7), 1),
        ("rt_sigaction", (17, 0), 1),
        ("rt_sigaction", (18, 0), 0),
        ("rt_sigaction", (64, 0), 0),
        ("setsockopt", (3, 1, 2), 0),  # SO_REUSEADDR
        ("setsockopt", (3, 1, 26), 92),  # SO_ATTACH_FILTER
        ("setsockopt", (3, 6, 2), 92),
        ("socket", (1, 1), 0),  # AF_UNIX
        ("socket", (2, 1), 97),  # AF_INET
        ("socket", (40, 1), 97),  # AF_VSOCK
        ("socketpair", (16, 1), 97),
    ],
)
def test_conditions_look_at_arguments(machine, name, arguments, error):
    assert answer(machine, NUMBERS[name][list(AUDIT_ARCH).index(machine)], *arguments) == error


def test_a_process_is_charged_for_the_children_that_it_has_waited_for():
    before = Usage.of(Path("/proc/self")).cpu_seconds
    if (child := os.fork()) == 0:
        while time.process_time() < 0.5:
            pass
        os._exit(0)
    os.waitpid(child, 0)
    assert Usage.of(Path("/proc/self")).cpu_seconds - before > 0.4


def test_fields_of_proc_have_their_names():
    stat, statm = read_stat(Path("/proc/self")), read_statm(Path("/proc/self"))
    assert stat["ppid"] == os.getppid()
    assert stat["session"] == os.getsid(0)
    assert stat["nice"] == os.nice(0)
    assert stat["num_threads"] == len(os.listdir("/proc/self/task"))
    assert stat["vsize"] // os.sysconf("SC_PAGESIZE") == pytest.approx(statm["size"], rel=0.1)
    maps = Path("/proc/self/maps").read_text()
    stack = next(line for line in maps.splitlines() if line.endswith("[stack]"))
    low, high = (int(address, 16) for address in stack.split()[0].split("-"))
    assert low < stat["startstack"] < high


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("bwrap"), reason="no bubblewrap")
def test_ordinary_code_goes_on_working():
    code = Path(__file__).with_name("ordinary_code.py").read_text()  # where it fails, the answer below is not reached
    notebook = handed_in.filled(**handed_in.RIGHT | {"kld": f"{code}\n{handed_in.RIGHT['kld']}"})
    try:
        limits = replace(sandbox.LIMITS, seconds=300)
        record = judge.grade(Material(handed_in.as_bytes(notebook)), judge.Setting(handed_in.ASSIGNMENT, limits, 0))
    finally:
        judge.close()
    assert record.exercises["kld"].points == 10.0, record.exercises["kld"]


@pytest.mark.skipif(not shutil.which("bwrap"), reason="no bubblewrap")
def test_without_a_filter_nothing_is_run(monkeypatch):
    monkeypatch.setattr(system_calls, "AUDIT_ARCH", {})
    with pytest.raises(Refused, match=r"no filter for the system calls of this processor \(.*x86-64 or 64-bit ARM"):
        sandbox.require_sandbox()
