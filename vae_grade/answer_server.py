"""The process that runs answers: started once, PyTorch imported and the assignment set up, then forked for each answer.

It stays outside the sandboxes and never reads a byte that a student wrote. For each answer it gets four file
descriptors: the pidfd of a fresh bubblewrap sandbox, the job, a pipe for outcomes and a pipe for the verdict. Three
forks follow, each of the one before:

1. the guard enters the sandbox's namespaces, stays outside its processes, and watches;
2. the first process begins a pid namespace: number 1 there. It gives up all rights, puts the filter for system calls on
   itself and all that follow, cannot be read or traced, starts the third, and waits for whatever ends;
3. the student's process, number 2, reads the job and runs it.

Nothing else is in the sandbox: bubblewrap's own processes are in the pid namespace outside.
"""

import base64
import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import struct
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from vae_grade import system_calls

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

# <linux/sched.h>: the namespaces of a sandbox, which the guard enters; that of pids it makes.
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWNET
# <sys/mount.h>; the flags below MS_RDONLY that a remount must repeat, else the kernel refuses it.
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
LOCKED_FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC
FOLDERS = ("/tmp", "/dev/shm")  # that an answer can write to
DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")  # not zero: mapped, it is memory that nobody counts
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38  # <linux/prctl.h>
LINUX_CAPABILITY_VERSION_3 = 0x20080522  # <linux/capability.h>
FIRST, STUDENT = 1, 2  # pids in the sandbox
SECONDS = struct.Struct("=I")  # what comes with the descriptors of an answer: its limit
PATIENCE = 2  # by the clock an answer may take this many times its seconds of the processor
MOST_CROWDED = 4  # times that, at most, where more want to run than there are processors
LONGEST_LOOK = 0.1  # seconds that count between two looks, however late the second is
libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Limits:
    """What one answer may use; JSON from the process that grades to the answer server.

    Attributes:
        seconds: of the processor, of all processes together; by the clock it is `PATIENCE` times as many, and more on a
            busy machine. An answer may have more, see `judge`.
        memory: bytes, of all processes together, beyond what the answer server has.
        disk: bytes, of the largest file, and of each of the two folders that can be written.
        processes: how many at a time.
        sandboxed: False runs the answer with limits only, as the user who grades.
    """

    seconds: int = 30
    memory: int = 2 * 2**30
    disk: int = 64 * 2**20
    processes: int = 32
    sandboxed: bool = True


@dataclass(frozen=True)
class Job:
    """An answer to run; JSON from the process that grades to the student's process.

    Attributes:
        name: the function that the exercise asks for.
        call: the function of `vae_probe` that calls it.
        cells: the code to run before; the function is called whatever else failed.
        files: what is put into the working folder, in base64 by relative path.
        cases: what to call the function on, as `vae_probe.pack` gives it.
        without: what to say where the code defines no such function.
    """

    name: str
    call: str
    cells: list[str]
    files: dict[str, str]
    cases: Any
    without: str


class End(StrEnum):
    """How an answer ended; `REFUSED` is the machine's fault, not the answer's."""

    ENDED = "ended"
    TIMED_OUT = "timed out"
    KILLED = "killed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Verdict:
    """How an answer ended, and, if not of itself, why; JSON from the guard to the process that grades.

    Attributes:
        end: how it ended.
        reason: why, if not of itself.
        seconds: of the processor that it took, where it ended of itself.
    """

    end: End
    reason: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.end}: {self.reason}" if self.reason else str(self.end)

    def to_json(self) -> bytes:
        """As bytes, which `from_json` reads."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """The verdict in what a guard wrote.

        Raises:
            ValueError, KeyError, TypeError: it is no verdict.
        """
        fields = json.loads(data)
        return cls(End(fields["end"]), str(fields["reason"]), float(fields["seconds"]))


def main() -> None:
    """Set up what the first message says, then fork for each that follows, until the other side is gone."""
    with (
        socket.socket(fileno=int(sys.argv[1])) as link,
        link.makefile("rb") as lines,
        tempfile.TemporaryDirectory(prefix="vae-grade-") as home,
    ):
        os.environ["HOME"] = home  # for what libraries write when they are imported
        start = json.loads(lines.readline())
        limits = Limits(**start["limits"])
        calls = load_calls()
        shell = set_up(start["setup"])
        os.environ["HOME"] = "/tmp"
        link.sendall(b"ready\n")
        while True:
            seconds, descriptors, _, _ = socket.recv_fds(link, SECONDS.size, 4)
            if not seconds:
                return
            with contextlib.suppress(ChildProcessError):  # waited for, their seconds count as this process's
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if os.fork() == 0:
                guard(shell, calls, replace(limits, seconds=SECONDS.unpack(seconds)[0]), *descriptors)
            for descriptor in descriptors:
                os.close(descriptor)


def load_calls() -> ModuleType:
    """The package `vae_probe`; from now on `import vae_checks` finds the stand-in, and no oracle."""
    import vae_probe as call

    sys.path.insert(0, str(Path(call.__file__).with_name("stand_in")))
    return call


def set_up(cells: list[str]) -> "InteractiveShell":
    """An IPython shell, without its history and a terminal, in which the cells of the release have run.

    No cell may run a backward pass: PyTorch's autograd does not work in a fork of a process that did.
    """
    from IPython.core.history import HistoryManager
    from IPython.core.interactiveshell import InteractiveShell

    HistoryManager.enabled = False  # type: ignore[assignment]  # it is a traitlet
    shell: Any = InteractiveShell.instance()
    shell.enable_gui = lambda gui=None: None  # for %matplotlib inline
    shell.system = shell.system_raw  # for !command, without a terminal
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        for cell in cells:
            result = shell.run_cell(cell, silent=True)
            result.raise_error()
    return shell


def guard(
    shell: "InteractiveShell",
    calls: ModuleType,
    limits: Limits,
    sandbox: int,
    job: int,
    outcomes: int,
    verdict: int,
) -> None:
    """Enter the sandbox, run the job in a child, watch it, write a verdict, end all in the sandbox. Never returns.

    Args:
        shell, calls: as `set_up` and `load_calls` return them.
        limits: `Limits`.
        sandbox: pidfd of the process that keeps the sandbox's namespaces; any descriptor where there is no sandbox.
        job: file of a `Job` as JSON.
        outcomes: pipe for what comes back.
        verdict: pipe for a `Verdict` as JSON.
    """
    result, first = Verdict(End.REFUSED, "the sandbox could not be entered"), None
    try:
        own = Usage.of(Path("/proc/self"))
        if limits.sandboxed:
            enter(sandbox, limits.disk)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # after `enter`, which would undo it
        ready, write_ready = os.pipe()
        first = os.fork()
        if first == 0 and limits.sandboxed:
            be_first(shell, calls, limits, job, outcomes, write_ready)
        if first == 0:
            run(shell, calls, limits, job, outcomes)
        keep_only(verdict, ready)
        if limits.sandboxed and not os.read(ready, 1):  # before this byte /proc is not the sandbox's
            return  # with the verdict that it was refused: `finally`
        result = Verdict(End.KILLED, "its guard stopped")
        result = watch(first, limits, own)
    finally:
        try:
            os.write(verdict, result.to_json())
            if first:
                with contextlib.suppress(ProcessLookupError):
                    # With the first process of a pid namespace, the kernel ends all in it.
                    os.kill(first, signal.SIGKILL) if limits.sandboxed else os.killpg(first, signal.SIGKILL)
        finally:
            os._exit(0)


def enter(sandbox: int, disk: int) -> None:
    """Enter the namespaces of a sandbox, begin a pid namespace, and close what bubblewrap leaves open.

    That is a namespace of its own, in which a student's code would have all rights; a disk without a limit, the root;
    where the teacher is root, the devices, for they are root's, and so is the student; and files without a byte, which
    no limit of `disk` bytes counts, and of which each takes a kilobyte of the kernel's.
    """
    if libc.setns(sandbox, NAMESPACES):
        raise OSError(ctypes.get_errno(), "setns")
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    for path in ("/", *DEVICES):
        flags = os.statvfs(path).f_flag & LOCKED_FLAGS | MS_REMOUNT | MS_BIND | MS_RDONLY
        if libc.mount(None, path.encode(), None, ctypes.c_ulong(flags), None):
            raise OSError(ctypes.get_errno(), f"mount {path}")
    for path in FOLDERS:
        flags = os.statvfs(path).f_flag & LOCKED_FLAGS | MS_REMOUNT
        most = f"nr_inodes={disk // resource.getpagesize()}".encode()  # as many as files of a byte there is room for
        if libc.mount(None, path.encode(), None, ctypes.c_ulong(flags), most):
            raise OSError(ctypes.get_errno(), f"mount {path}")
    if libc.unshare(CLONE_NEWPID):  # for the next fork
        raise OSError(ctypes.get_errno(), "unshare")


def be_first(
    shell: "InteractiveShell", calls: ModuleType, limits: Limits, job: int, outcomes: int, ready: int
) -> NoReturn:
    """Start the student's process and wait for whatever ends in the sandbox. Never returns.

    A byte goes to the pipe `ready` when all rights are given up; without it, the sandbox was not entered. The exit
    status is the number of the signal that the student's process died of, or 0.
    Waiting for all, it is charged for the seconds of those whose parents ended before them.
    """
    status = int(signal.SIGKILL)
    try:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        show_own_processes()
        give_up_rights()
        os.write(ready, b"!")
        if os.fork() == 0:
            run(shell, calls, limits, job, outcomes)
        keep_only()
        # Without a handler the kernel brings none from inside; that of SIGCHLD is the default, which the filter keeps.
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
            signal.signal(number, signal.SIG_DFL)
        while True:
            pid, ended = os.wait()
            if pid == STUDENT:
                status = os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else 0
                break
    finally:
        os._exit(status)


def show_own_processes() -> None:
    """A /proc of this pid namespace, of processes only: no settings or counters of the machine, no keys."""
    flags = ctypes.c_ulong(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    if libc.mount(b"proc", b"/proc", b"proc", flags, b"subset=pid"):
        raise OSError(ctypes.get_errno(), "mount /proc")


def give_up_rights() -> None:
    """No capabilities, now or later, the filter for system calls, and nobody may read or trace this process."""
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    capability = 0
    while libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1
    header, none = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if libc.capset(header, none):
        raise OSError(ctypes.get_errno(), "capset")
    if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    system_calls.install()


def run(shell: "InteractiveShell", calls: ModuleType, limits: Limits, job: int, outcomes: int) -> NoReturn:
    """Take the limits, then run the student's code and write the outcomes. Never returns."""
    try:
        libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # its own /proc/self is the student's
        keep_only(job, outcomes)
        take_limits(limits)
        with open(job, "rb") as file:
            packed = outcomes_of(shell, calls, Job(**json.load(file)))
        with open(outcomes, "wb") as pipe:
            pipe.write(packed)
    finally:
        os._exit(0)


def keep_only(*descriptors: int) -> None:
    """Close all other file descriptors; nothing reads from or writes to a terminal."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    low = 3
    for descriptor in sorted(descriptors):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def take_limits(limits: Limits) -> None:
    """Limits for this process and all that it starts, and a session of its own."""
    os.setsid()
    os.chdir("/tmp")
    os.nice(10)
    size = read_statm(Path("/proc/self"))["size"] * resource.getpagesize()
    for kind, most in (
        (resource.RLIMIT_AS, size + limits.memory),
        (resource.RLIMIT_CPU, limits.seconds),
        (resource.RLIMIT_FSIZE, limits.disk),
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def watch(first: int, limits: Limits, own: "Usage") -> Verdict:
    """Wait for the first process to end, or for all in the sandbox to pass a limit.

    Seconds are the processor's, so that a busy machine costs no student a point. Who sleeps has `PATIENCE` times as
    many, and more where the machine is crowded; waiting for a processor does not count, unless other processes in the
    sandbox have it: theirs count, too. Nor does a time in which this process itself did not run.

    Args:
        first: pid of this process's child: the sandbox's first process, or without a sandbox the student's.
        limits: `Limits`.
        own: `Usage` of this process before the fork.

    Returns:
        Verdict.
    """
    timed_out = Verdict(End.TIMED_OUT, f"no end after {limits.seconds} seconds")
    student = Path("/proc", str(STUDENT if limits.sandboxed else first))
    elapsed, last = 0.0, time.monotonic()
    while True:
        ended, status, used = os.wait4(first, os.WNOHANG)
        if ended:
            break
        if limits.sandboxed:
            processes = {int(name): Path("/proc", name) for name in os.listdir("/proc") if name.isdigit()}
            excess, cpu_seconds = add_up(processes, limits, own)
            if excess:
                return Verdict(End.KILLED, excess)
            if cpu_seconds > limits.seconds + 1:  # for one alone, the kernel's limit comes first
                return timed_out
        now = time.monotonic()
        elapsed, last = elapsed + min(now - last, LONGEST_LOOK), now
        if elapsed - seconds_waited(student) > PATIENCE * limits.seconds * crowd():
            return timed_out
        time.sleep(0.01)
    code, seconds = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime
    if code == 0:
        return Verdict(End.ENDED, seconds=seconds)
    if seconds > 0.9 * limits.seconds:  # the kernel's limit is not exact
        return timed_out
    return Verdict(End.KILLED, f"its process ended by {signal.Signals(abs(code)).name}")


def seconds_waited(process: Path) -> float:
    """The seconds for which a process was ready to run and no processor was free; 0 where the kernel counts none.

    /proc/PID/schedstat: nanoseconds on a processor, nanoseconds ready to run, time slices.
    """
    with contextlib.suppress(OSError, ValueError):  # ValueError: it ended while it was read
        _, waited, _ = map(int, (process / "schedstat").read_text().split())
        return waited / 1e9
    return 0.0


def crowd() -> float:
    """How many want to run, or wait for a disk, on each processor of the machine: from 1 to `MOST_CROWDED`."""
    info = ctypes.create_string_buffer(512)
    libc.sysinfo(info)  # struct sysinfo: the uptime, then the load averages, in units of 1/65536
    load = struct.unpack_from("lL", info)[1] / 2**16
    return min(MOST_CROWDED, max(1.0, load / os.cpu_count()))


def add_up(processes: dict[int, Path], limits: Limits, own: "Usage") -> tuple[str, float]:
    """What all processes of the sandbox use together.

    Each process has the seconds of its children that have ended, too, once it has waited for them; so nobody's are
    lost, for the filter lets nobody ignore the end of children. Read in order of their numbers, parents before
    children, none are counted twice, should one end meanwhile.

    Args:
        processes: {pid: Path("/proc/PID")}.
        limits: `Limits`.
        own: `Usage` of the process of which all here are forks. A fork counts with what it has beyond it.

    Returns:
        (str, float): what is more than allowed, or ""; seconds of the processor.
    """
    if len(processes) > limits.processes:
        return f"more than {limits.processes} processes", 0.0
    rss_bytes, cpu_seconds = 0, 0.0
    for pid, process in sorted(processes.items()):
        with contextlib.suppress(OSError, KeyError):  # it ended
            usage = Usage.of(process)
            cpu_seconds += usage.cpu_seconds
            if pid != FIRST:  # a fork that does nothing
                a_fork = usage.stack_start == own.stack_start
                rss_bytes += max(0, usage.rss_bytes - own.rss_bytes) if a_fork else usage.rss_bytes
    excess = f"more than {limits.memory / 2**30:.1f} GB of memory" if rss_bytes > limits.memory else ""
    return excess, cpu_seconds


@dataclass(frozen=True)
class Usage:
    """What /proc says of a process.

    Attributes:
        rss_bytes: resident memory that is not files'.
        stack_start: the address where its stack begins, alike in all forks of one process.
        cpu_seconds: of the processor, of all its threads, and of those of its children that it has waited for.
    """

    rss_bytes: int
    stack_start: int
    cpu_seconds: float

    @classmethod
    def of(cls, process: Path) -> Self:
        """Read it.

        Args:
            process: Path, /proc/PID.

        Raises:
            OSError, KeyError: there is no such process any more.
        """
        statm, stat = read_statm(process), read_stat(process)
        return cls(
            rss_bytes=(statm["resident"] - statm["shared"]) * resource.getpagesize(),
            stack_start=stat["startstack"],
            cpu_seconds=sum(stat[time] for time in ("utime", "stime", "cutime", "cstime")) / os.sysconf("SC_CLK_TCK"),
        )


STATM_FIELDS = ("size", "resident", "shared", "text", "lib", "data", "dt")  # pages; proc(5)
# After the command's name, which may hold anything: the third field and on; proc(5).
STAT_FIELDS = (
    *("state", "ppid", "pgrp", "session", "tty_nr", "tpgid", "flags", "minflt", "cminflt", "majflt", "cmajflt"),
    *("utime", "stime", "cutime", "cstime", "priority", "nice", "num_threads", "itrealvalue", "starttime", "vsize"),
    *("rss", "rsslim", "startcode", "endcode", "startstack"),
)


def read_statm(process: Path) -> dict[str, int]:
    """The fields of /proc/PID/statm by name, in pages."""
    return dict(zip(STATM_FIELDS, map(int, (process / "statm").read_text().split()), strict=False))


def read_stat(process: Path) -> dict[str, int]:
    """The numbers of /proc/PID/stat by name, times in clock ticks; without pid, command and state."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    named = zip(STAT_FIELDS, fields, strict=False)
    return {name: int(value) for name, value in named if name != "state"}


def outcomes_of(shell: "InteractiveShell", calls: ModuleType, job: Job) -> bytes:
    """Put the files of a job into the working folder, run its cells, call its function: outcomes as JSON."""
    sys.path.insert(0, os.getcwd())  # as a kernel has it: a cell may write a module
    for name, data in job.files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(base64.b64decode(data))
    for cell in job.cells:
        result = shell.run_cell(cell, silent=True)
    if job.name in shell.user_ns:
        outcomes = getattr(calls, job.call)(shell.user_ns[job.name], calls.unpack(job.cases))
        return json.dumps(outcomes).encode()
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        description = {"type": "NameError", "message": job.without, "line": "its last line"}
    else:
        description = calls.describe_error(error)
        if isinstance(error, SyntaxError):
            description["line"] = f"line {error.lineno}, {(error.text or '').strip()[:100]}"
    return json.dumps([calls.NOTHING | {"error": description} for _ in job.cases]).encode()


if __name__ == "__main__":
    main()
