"""The process that runs answers: started once, PyTorch imported and the assignment set up, then forked for each answer.

It stays outside and never sees a student's bytes. For each answer it gets file descriptors only: the pid of a fresh
bubblewrap sandbox, the job, a pipe for outcomes and one for the verdict. A fork of it, the guard, enters the sandbox,
forks once more, and watches: its child reads the job and runs it, with no rights, no way out and no way back.
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
from pathlib import Path

NAMESPACES = 0x20000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000  # mnt uts ipc user pid net
MS_RDONLY, MS_REMOUNT, MS_BIND, OTHER_FLAGS = 1, 32, 4096, 2 | 4 | 8  # nosuid nodev noexec
DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")  # not zero: mapped, it is memory that nobody counts
PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, CAPABILITY_VERSION_3 = 22, 24, 38, 0x20080522
# Of a machine: its number, that of mmap, and those of memfd_create, memfd_secret and shmget, which give memory that is
# no process's, of add_key, request_key and keyctl, whose keys outlive the sandbox, and of io_uring_setup.
CALLS = {
    "x86_64": (0xC000003E, 9, (319, 447, 29, 248, 249, 250, 425)),
    "aarch64": (0xC00000B7, 222, (279, 447, 194, 217, 218, 219, 425)),
}
PATIENCE = 2
REFUSED = "refused: the sandbox could not be entered"
libc = ctypes.CDLL(None, use_errno=True)


def main():
    """Set up what the first message says, then fork for each that follows, until the other side is gone."""
    with (
        socket.socket(fileno=int(sys.argv[1])) as link,
        link.makefile("rb") as lines,
        tempfile.TemporaryDirectory(prefix="vae-grade-") as home,
    ):
        os.environ["HOME"] = home  # for what libraries write when they are imported
        start = json.loads(lines.readline())
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
                guard(shell, calls, start["limits"], *descriptors)
            for descriptor in descriptors:
                os.close(descriptor)


def load_calls():
    """The package `vae_probe`; from now on `import vae_checks` finds the stand-in, and no oracle."""
    import vae_probe as call

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
    """Enter the sandbox, run the job in a child, watch it, say how it ended, end all in the sandbox. Never returns."""
    try:
        word, child = REFUSED, None
        own, outside = memory_and_stack(Path("/proc/self")), os.open("/proc", os.O_RDONLY)
        if limits["sandboxed"]:
            enter(sandbox)
        word, child = "killed: its guard stopped", os.fork()
        if child == 0:
            run(shell, calls, limits, job, outcomes)
        keep_only(sandbox, verdict, outside)
        word = watch(child, limits, own, outside)
    finally:
        try:
            os.write(verdict, word.encode())
            with contextlib.suppress(ProcessLookupError):
                if limits["sandboxed"]:
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
        flags = os.statvfs(path).f_flag & OTHER_FLAGS | MS_REMOUNT | MS_BIND | MS_RDONLY
        if libc.mount(None, path.encode(), None, ctypes.c_ulong(flags), None):
            raise OSError(ctypes.get_errno(), f"mount {path}")


def run(shell, calls, limits, job, outcomes):
    """Give up all rights, then run the student's code and write the outcomes. Never returns."""
    try:
        keep_only(job, outcomes)
        give_up_rights(limits)
        with open(job, "rb") as file:
            packed = outcomes_of(shell, calls, json.load(file))
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
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for kind, most in (
        (resource.RLIMIT_AS, size + limits["memory"]),
        (resource.RLIMIT_CPU, limits["seconds"]),
        (resource.RLIMIT_FSIZE, limits["disk"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    if limits["sandboxed"]:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        capability = 0
        while libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
            capability += 1
        refuse_calls()
        header, none = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
        if libc.capset(header, none):
            raise OSError(ctypes.get_errno(), "capset")


def refuse_calls():
    """A filter of the kernel's (seccomp): some system calls fail, those of other machines' numbers, and shared memory.

    Each instruction is a code, how many to jump over if it is true and if not, and a number. The one after each
    comparison refuses.
    """
    if os.uname().machine not in CALLS:
        return
    load, equal, at_least, mask, end = 0x20, 0x15, 0x35, 0x54, 0x06
    refuse, allow = (end, 0, 0, 0x50001), (end, 0, 0, 0x7FFF0000)  # 1: EPERM
    machine, mmap, numbers = CALLS[os.uname().machine]
    program = [(load, 0, 0, 4), (equal, 1, 0, machine), refuse, (load, 0, 0, 0), (at_least, 0, 1, 2**30), refuse]
    program += [one for number in numbers for one in ((equal, 0, 1, number), refuse)]
    shared_and_anonymous = 0x21  # of the flags, the fourth argument
    program += [(equal, 1, 0, mmap), allow, (load, 0, 0, 40), (mask, 0, 0, shared_and_anonymous)]
    program += [(equal, 0, 1, shared_and_anonymous), refuse, allow]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in program))
    if libc.prctl(PR_SET_SECCOMP, 2, struct.pack("HP", len(program), ctypes.addressof(code)), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def watch(child, limits, own, outside):
    """Wait for the child to end, or for all in the sandbox to pass a limit: how it ended, in a word and a sentence.

    Seconds are the processor's, so that a busy machine costs no student a point. Who sleeps has twice as many;
    waiting for a processor does not count, unless other processes in the sandbox have it: theirs count, too.
    `outside` is the /proc in which the child has the number we know.
    """
    late, start, spent = f"timed out: no end after {limits['seconds']} seconds", time.monotonic(), {}
    while True:
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            break
        if limits["sandboxed"] and (much := excess(limits, own, spent)):
            return f"killed: {much}"
        if sum(spent.values()) > limits["seconds"] + 1:  # for one alone, the kernel's limit comes first
            return late
        if time.monotonic() - start - waited(child, outside) > PATIENCE * limits["seconds"]:
            return late
        time.sleep(0.01)
    if not os.WIFSIGNALED(status):
        return "ended"
    if used.ru_utime + used.ru_stime > 0.9 * limits["seconds"]:  # the kernel's limit is not exact
        return late
    return f"killed: its process ended by {signal.Signals(os.WTERMSIG(status)).name}"


def waited(child, outside):
    """The seconds for which a process was ready to run and no processor was free."""
    with contextlib.suppress(OSError), open(os.open(f"{child}/schedstat", os.O_RDONLY, dir_fd=outside)) as file:
        return int(file.read().split()[1]) / 1e9
    return 0.0


def excess(limits, own, spent):
    """What in the sandbox is more than allowed, or "". A fork counts with what it has beyond `own`, this process.

    In `spent` the seconds of each process are kept, when it has long ended, too.
    """
    pids = [Path("/proc", name) for name in os.listdir("/proc") if name.isdigit()]
    if len(pids) > limits["processes"]:
        return f"more than {limits['processes']} processes"
    used = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError):
            memory, stack = memory_and_stack(pid)
            spent |= seconds_of(pid)
            used += max(0, memory - own[0]) if stack == own[1] else memory
    return f"more than {limits['memory'] / 2**30:.1f} GB of memory" if used > limits["memory"] else ""


def memory_and_stack(pid):
    """The bytes of a process that are not files', and where its stack begins: that is alike in all forks of one."""
    resident, shared = map(int, (pid / "statm").read_text().split()[1:3])
    stack = (pid / "stat").read_text().rpartition(")")[2].split()[25]
    return (resident - shared) * resource.getpagesize(), stack


def seconds_of(pid):
    """{a process, told from a later one of its number by its birth: its seconds of the processor}."""
    fields = (pid / "stat").read_text().rpartition(")")[2].split()
    return {(pid.name, fields[19]): (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")}


def outcomes_of(shell, calls, job):
    """Run the answer, call what it defines on the cases: outcomes as JSON.

    What it misses, the student's answers to other exercises may define, or else, which is said, other cells.
    """
    attempts = [[]]
    for more in filter(None, (job["answers"], job["others"])):
        attempts.append([*more, *attempts[-1]])
    for helpers in attempts:
        outcomes = attempt(shell, calls, job, [*helpers, job["answer"]])
        errors = {outcome["error"]["type"] for outcome in outcomes if outcome["error"]}
        if not errors & {"NameError", "ModuleNotFoundError"}:
            break
    helped = helpers is attempts[-1] and bool(job["others"])
    return json.dumps({"outcomes": outcomes, "helped": helped}).encode()


def attempt(shell, calls, job, cells):
    """Run the cells; call the exercise's function if it is there, whatever else failed."""
    name = job["name"]
    for cell in cells:
        result = shell.run_cell(cell, silent=True)
    if name in shell.user_ns:
        return getattr(calls, job["call"])(shell.user_ns[name], calls.unpack(job["cases"]))
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        description = {"type": "NameError", "message": f"the cell defines no {name}", "line": "its last line"}
    else:
        description = calls.describe_error(error)
        if isinstance(error, SyntaxError):
            description["line"] = f"line {error.lineno}, {(error.text or '').strip()[:100]}"
    return [calls.NOTHING | {"error": description} for _ in job["cases"]]


if __name__ == "__main__":
    main()
