"""The process that runs answers: started once, PyTorch imported and the assignment set up, then forked for each answer.

It stays outside the sandboxes and never reads a byte that a student wrote. For each answer it gets four file
descriptors: the pidfd of a fresh bubblewrap sandbox, the job, a pipe for outcomes and a pipe for the verdict. A fork of
it, the guard, enters the sandbox, forks once more, and watches: its child reads the job and runs it, with no rights, no
way out and no way back.
"""

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
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

# <linux/sched.h>: the namespaces of a sandbox, which the guard enters.
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
# <sys/mount.h>; the flags below MS_RDONLY that a remount must repeat, else the kernel refuses it.
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
LOCKED_FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC
DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")  # not zero: mapped, it is memory that nobody counts
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 22, 2, 24, 38  # <linux/prctl.h>
LINUX_CAPABILITY_VERSION_3 = 0x20080522  # <linux/capability.h>
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # <linux/audit.h>: what a filter sees of a processor
# System calls that the filter knows, <asm/unistd.h>: name: {processor: number}.
SYSTEM_CALLS = {
    "mmap": {"x86_64": 9, "aarch64": 222},
    # memory that is no process's
    "memfd_create": {"x86_64": 319, "aarch64": 279},
    "memfd_secret": {"x86_64": 447, "aarch64": 447},
    "shmget": {"x86_64": 29, "aarch64": 194},
    # keys outlive the sandbox
    "add_key": {"x86_64": 248, "aarch64": 217},
    "request_key": {"x86_64": 249, "aarch64": 218},
    "keyctl": {"x86_64": 250, "aarch64": 219},
    "io_uring_setup": {"x86_64": 425, "aarch64": 425},
}
REFUSED_CALLS = [name for name in SYSTEM_CALLS if name != "mmap"]
PATIENCE = 2  # by the clock an answer may take this many times its seconds of the processor
libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Limits:
    """What one answer may use; JSON from the process that grades to the answer server.

    Attributes:
        seconds: of the processor, of all processes together; by the clock it is `PATIENCE` times as many.
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
        call: the function of `vae_probe.call` that calls it.
        answer: the code of the student's answer.
        answers: the code of the student's answers to other exercises.
        others: the code of the notebook's other cells.
        cases: what to call the function on, as `vae_probe.call.pack` gives it.
    """

    name: str
    call: str
    answer: str
    answers: list
    others: list
    cases: object


class End(StrEnum):
    """How an answer ended; `REFUSED` is the machine's fault, not the answer's."""

    ENDED = "ended"
    TIMED_OUT = "timed out"
    KILLED = "killed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Verdict:
    """How an answer ended, and, if not of itself, why; JSON from the guard to the process that grades."""

    end: End
    reason: str = ""

    def __str__(self):
        return f"{self.end}: {self.reason}" if self.reason else str(self.end)

    def to_json(self):
        """As bytes, which `from_json` reads."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data):
        """The verdict in what a guard wrote.

        Raises:
            ValueError, KeyError, TypeError: it is no verdict.
        """
        fields = json.loads(data)
        return cls(End(fields["end"]), str(fields["reason"]))


def main():
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
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
        link.sendall(b"ready\n")
        while True:
            data, descriptors, _, _ = socket.recv_fds(link, 1, 4)
            if not data:
                return
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                guard(shell, calls, limits, *descriptors)
            for descriptor in descriptors:
                os.close(descriptor)


def load_calls():
    """The module `vae_probe.call`; from now on `import vae_checks` finds the stand-in, and no oracle."""
    from vae_probe import call

    sys.path.insert(0, str(Path(call.__file__).with_name("stand_in")))
    return call


def set_up(cells):
    """An IPython shell, without its history and a terminal, in which the cells of the release have run.

    No cell may run a backward pass: PyTorch's autograd does not work in a fork of a process that did.
    """
    from IPython.core.history import HistoryManager
    from IPython.core.interactiveshell import InteractiveShell

    HistoryManager.enabled = False
    shell = InteractiveShell.instance()
    shell.enable_gui = lambda gui=None: None  # for %matplotlib inline
    shell.system = shell.system_raw  # for !command, without a terminal
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        for cell in cells:
            result = shell.run_cell(cell, silent=True)
            result.raise_error()
    return shell


def guard(shell, calls, limits, sandbox, job, outcomes, verdict):
    """Enter the sandbox, run the job in a child, watch it, write a verdict, end all in the sandbox. Never returns.

    Args:
        shell, calls: as `set_up` and `load_calls` return them.
        limits: `Limits`.
        sandbox: pidfd of the sandbox's first process; of nothing where there is no sandbox.
        job: file of a `Job` as JSON.
        outcomes: pipe for what comes back.
        verdict: pipe for a `Verdict` as JSON.
    """
    result, child = Verdict(End.REFUSED, "the sandbox could not be entered"), None
    try:
        own, outside = Usage.of(Path("/proc/self")), os.open("/proc", os.O_RDONLY)
        if limits.sandboxed:
            enter(sandbox)
        result = Verdict(End.KILLED, "its guard stopped")
        child = os.fork()
        if child == 0:
            run(shell, calls, limits, job, outcomes)
        keep_only(sandbox, verdict, outside)
        result = watch(child, limits, own, outside)
    finally:
        try:
            os.write(verdict, result.to_json())
            with contextlib.suppress(ProcessLookupError):
                if limits.sandboxed:
                    signal.pidfd_send_signal(sandbox, signal.SIGKILL)
                elif child:
                    os.killpg(child, signal.SIGKILL)
        finally:
            os._exit(0)


def enter(sandbox):
    """Enter the namespaces of a sandbox, and close what bubblewrap leaves open.

    That is a namespace of its own, in which a student's code would have all rights; a disk without a limit, the root;
    and, where the teacher is root, the kernel's settings and the devices, for they are root's, and so is the student.
    """
    if libc.setns(sandbox, NAMESPACES):
        raise OSError(ctypes.get_errno(), "setns")
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    for path in ("/", "/proc", *DEVICES):
        flags = os.statvfs(path).f_flag & LOCKED_FLAGS | MS_REMOUNT | MS_BIND | MS_RDONLY
        if libc.mount(None, path.encode(), None, ctypes.c_ulong(flags), None):
            raise OSError(ctypes.get_errno(), f"mount {path}")


def run(shell, calls, limits, job, outcomes):
    """Give up all rights, then run the student's code and write the outcomes. Never returns."""
    try:
        keep_only(job, outcomes)
        give_up_rights(limits)
        with open(job, "rb") as file:
            packed = outcomes_of(shell, calls, Job(**json.load(file)))
        with open(outcomes, "wb") as pipe:
            pipe.write(packed)
    finally:
        os._exit(0)


def keep_only(*descriptors):
    """Close all other file descriptors; nothing reads from or writes to a terminal."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    low = 3
    for descriptor in sorted(descriptors):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def give_up_rights(limits):
    """Limits for this process and all that it starts, a session of its own, no capabilities now or later."""
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
    if limits.sandboxed:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        capability = 0
        while libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
            capability += 1
        refuse_calls()
        header, none = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
        if libc.capset(header, none):
            raise OSError(ctypes.get_errno(), "capset")


def refuse_calls():
    """A filter of the kernel's (seccomp): some system calls fail, those of other machines' numbers, and shared memory.

    Each instruction is a code, how many to jump over if it is true and if not, and a number. The one after each
    comparison refuses.
    """
    machine = os.uname().machine
    if machine not in AUDIT_ARCH:
        return
    numbers = {name: of[machine] for name, of in SYSTEM_CALLS.items()}
    load, equal, at_least, mask, end = 0x20, 0x15, 0x35, 0x54, 0x06
    refuse, allow = (end, 0, 0, 0x50001), (end, 0, 0, 0x7FFF0000)  # 1: EPERM
    program = [
        (load, 0, 0, 4),
        (equal, 1, 0, AUDIT_ARCH[machine]),
        refuse,
        (load, 0, 0, 0),
        (at_least, 0, 1, 2**30),
        refuse,
    ]
    program += [step for name in REFUSED_CALLS for step in ((equal, 0, 1, numbers[name]), refuse)]
    shared_and_anonymous = 0x21  # MAP_SHARED | MAP_ANONYMOUS, of the flags, the fourth argument
    program += [(equal, 1, 0, numbers["mmap"]), allow, (load, 0, 0, 40), (mask, 0, 0, shared_and_anonymous)]
    program += [(equal, 0, 1, shared_and_anonymous), refuse, allow]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, struct.pack("HP", len(program), ctypes.addressof(code)), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def watch(child, limits, own, outside):
    """Wait for the child to end, or for all in the sandbox to pass a limit.

    Seconds are the processor's, so that a busy machine costs no student a point. Who sleeps has `PATIENCE` times as
    many; waiting for a processor does not count, unless other processes in the sandbox have it: theirs count, too.

    Args:
        child: the pid of the student's process in the folder `outside`.
        limits: `Limits`.
        own: `Usage` of this process before the fork.
        outside: descriptor of a /proc in which the child has the number `child`.

    Returns:
        Verdict.
    """
    timed_out = Verdict(End.TIMED_OUT, f"no end after {limits.seconds} seconds")
    start, cpu_seconds = time.monotonic(), {}
    while True:
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            break
        if limits.sandboxed and (excess := find_excess(limits, own, cpu_seconds)):
            return Verdict(End.KILLED, excess)
        if sum(cpu_seconds.values()) > limits.seconds + 1:  # for one alone, the kernel's limit comes first
            return timed_out
        if time.monotonic() - start - seconds_waited(child, outside) > PATIENCE * limits.seconds:
            return timed_out
        time.sleep(0.01)
    if not os.WIFSIGNALED(status):
        return Verdict(End.ENDED)
    if used.ru_utime + used.ru_stime > 0.9 * limits.seconds:  # the kernel's limit is not exact
        return timed_out
    return Verdict(End.KILLED, f"its process ended by {signal.Signals(os.WTERMSIG(status)).name}")


def seconds_waited(child, outside):
    """The seconds for which a process was ready to run and no processor was free; 0 where the kernel counts none.

    /proc/PID/schedstat: nanoseconds on a processor, nanoseconds ready to run, time slices.
    """
    with contextlib.suppress(OSError), open(os.open(f"{child}/schedstat", os.O_RDONLY, dir_fd=outside)) as file:
        _, waited, _ = map(int, file.read().split())
        return waited / 1e9
    return 0.0


def find_excess(limits, own, cpu_seconds):
    """What in the sandbox is more than allowed, or "". A fork counts with what it has beyond `own`.

    Args:
        limits: `Limits`.
        own: `Usage` of the process of which all here are forks.
        cpu_seconds: {(pid, when it started): its seconds of the processor}, updated; the ended stay.
    """
    processes = [Path("/proc", name) for name in os.listdir("/proc") if name.isdigit()]
    if len(processes) > limits.processes:
        return f"more than {limits.processes} processes"
    rss_bytes = 0
    for process in processes:
        with contextlib.suppress(OSError, KeyError):  # it ended
            usage = Usage.of(process)
            cpu_seconds[process.name, usage.started] = usage.cpu_seconds
            a_fork = usage.stack_start == own.stack_start
            rss_bytes += max(0, usage.rss_bytes - own.rss_bytes) if a_fork else usage.rss_bytes
    return f"more than {limits.memory / 2**30:.1f} GB of memory" if rss_bytes > limits.memory else ""


@dataclass(frozen=True)
class Usage:
    """What /proc says of a process.

    Attributes:
        rss_bytes: resident memory that is not files'.
        stack_start: the address where its stack begins, alike in all forks of one process.
        cpu_seconds: of the processor, of all its threads.
        started: when, in clock ticks since the machine's start; tells it from a later process of its number.
    """

    rss_bytes: int
    stack_start: int
    cpu_seconds: float
    started: int

    @classmethod
    def of(cls, process):
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
            cpu_seconds=(stat["utime"] + stat["stime"]) / os.sysconf("SC_CLK_TCK"),
            started=stat["starttime"],
        )


STATM_FIELDS = ("size", "resident", "shared", "text", "lib", "data", "dt")  # pages; proc(5)
# After the command's name, which may hold anything: the third field and on; proc(5).
STAT_FIELDS = (
    *("state", "ppid", "pgrp", "session", "tty_nr", "tpgid", "flags", "minflt", "cminflt", "majflt", "cmajflt"),
    *("utime", "stime", "cutime", "cstime", "priority", "nice", "num_threads", "itrealvalue", "starttime", "vsize"),
    *("rss", "rsslim", "startcode", "endcode", "startstack"),
)


def read_statm(process):
    """The fields of /proc/PID/statm by name, in pages."""
    return dict(zip(STATM_FIELDS, map(int, (process / "statm").read_text().split()), strict=False))


def read_stat(process):
    """The numbers of /proc/PID/stat by name, times in clock ticks; without pid, command and state."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    named = zip(STAT_FIELDS, fields, strict=False)
    return {name: int(value) for name, value in named if name != "state"}


def outcomes_of(shell, calls, job):
    """Run the answer, call what it defines on the cases: outcomes as JSON.

    What it misses, the student's answers to other exercises may define, or else, which is said, other cells.
    """
    attempts = [[]]
    for more in filter(None, (job.answers, job.others)):
        attempts.append([*more, *attempts[-1]])
    for helpers in attempts:
        outcomes = attempt(shell, calls, job, [*helpers, job.answer])
        errors = {outcome["error"]["type"] for outcome in outcomes if outcome["error"]}
        if not errors & {"NameError", "ModuleNotFoundError"}:
            break
    helped = helpers is attempts[-1] and bool(job.others)
    return json.dumps({"outcomes": outcomes, "helped": helped}).encode()


def attempt(shell, calls, job, cells):
    """Run the cells; call the exercise's function if it is there, whatever else failed."""
    name = job.name
    for cell in cells:
        result = shell.run_cell(cell, silent=True)
    if name in shell.user_ns:
        return getattr(calls, job.call)(shell.user_ns[name], calls.unpack(job.cases))
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        description = {"type": "NameError", "message": f"the cell defines no {name}", "line": "its last line"}
    else:
        description = calls.describe_error(error)
        if isinstance(error, SyntaxError):
            description["line"] = f"line {error.lineno}, {(error.text or '').strip()[:100]}"
    return [calls.NOTHING | {"error": description} for _ in job.cases]


if __name__ == "__main__":
    main()
