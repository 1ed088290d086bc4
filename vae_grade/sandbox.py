"""Bubblewrap around a student's code, and what comes back from it. Everything here runs outside, and trusts nothing.

bubblewrap makes a sandbox in some ten milliseconds; importing PyTorch takes a hundred times that. So the import is paid
once, in `answer_server.py`, whose forks enter a fresh sandbox for each answer. Back comes JSON, never pickle.
"""

import contextlib
import json
import os
import selectors
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from dataclasses import asdict
from pathlib import Path
from typing import Self

import vae_checks
import vae_lib
import vae_probe
from vae_grade import answer_server, system_calls
from vae_grade.answer_server import End, Job, Limits, Verdict
from vae_grade.assignments import Refused
from vae_lib.data import CACHE

LIMITS = Limits()
LARGEST_OUTCOME = 16 * 2**20  # bytes
LONGEST_WAIT = 10**6  # seconds; the kernel's own wait takes no more than twice as many
INSTALL = "install it with `apt install bubblewrap`, or say --unsafe to run students' code with no protection at all"


class AnswerServerDied(Exception):
    """The answer server is gone."""


def require_sandbox() -> None:
    """Make a sandbox and end it.

    Raises:
        Refused: bubblewrap is missing or does not work here, or there is no filter for this processor.
    """
    if not shutil.which("bwrap"):
        raise Refused(f"bubblewrap is missing, and students' code is not run without it: {INSTALL}.")
    if (machine := os.uname().machine) not in system_calls.AUDIT_ARCH:
        raise Refused(
            f"There is no filter for the system calls of this processor ({machine}), and students' code is not run "
            "without one: grade on x86-64 or 64-bit ARM, or say --unsafe to run it with no protection at all."
        )
    with Sandbox(LIMITS):
        pass


class Sandbox:
    """A fresh bubblewrap sandbox, in which `cat` keeps the namespaces until a guard has entered; `pidfd` is the way in.

    It has no pid namespace: the guard makes that, so that `cat` is out of a student's sight and reach.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def __enter__(self) -> Self:
        """Start it, and wait until its file system stands."""
        # What is mounted later hides what was there: Python may be installed below /tmp.
        options = _private(self.limits.disk) + _read_only()
        info, write_info = os.pipe()
        arguments = _in_memory("\0".join([*options, "--info-fd", str(write_info)]).encode())
        self._process = subprocess.Popen(
            # By --args, so that the student's /proc does not show them.
            [shutil.which("bwrap") or "bwrap", "--args", str(arguments), "cat"],
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[write_info, arguments],
        )
        os.close(write_info)
        os.close(arguments)
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin is not None  # they are pipes
        assert stdout is not None
        assert stderr is not None
        try:
            stdin.write(b"!")
            stdin.flush()
            if stdout.read(1) != b"!":
                raise BrokenPipeError
            with open(info, "rb", closefd=False) as file:
                self.pidfd = os.pidfd_open(json.load(file)["child-pid"])
        except BrokenPipeError:
            reason = stderr.read().decode(errors="replace").strip()
            self._end()
            raise Refused(f"bubblewrap does not work here ({reason}): {INSTALL}.") from None
        finally:
            os.close(info)
        return self

    def __exit__(self, *_: object) -> None:
        """End what keeps it."""
        os.close(self.pidfd)
        self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in filter(None, (self._process.stdin, self._process.stdout, self._process.stderr)):
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def _read_only() -> list[str]:
    """What a sandbox shows of this machine: the system's programs, Python, vae_lib, vae_probe, and the images."""
    shown = {"/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", sys.base_prefix, sys.prefix, str(CACHE)}
    shown |= {path for package in (vae_lib, vae_probe) for path in package.__path__}
    options = [word for path in sorted(shown, key=len) for word in ("--ro-bind-try", path, path)]
    # Where one of these is below a folder that is shown, as in site-packages, the oracles still are not.
    for oracles in {Path(vae_checks.__file__).parent, Path(sysconfig.get_path("purelib"), "vae_checks")}:
        if oracles.exists() and any(oracles.is_relative_to(path) for path in shown):
            options += ["--tmpfs", str(oracles), "--remount-ro", str(oracles)]
    return options


def _private(disk: int) -> list[str]:
    """Its own everything else: no network, a small working folder that nobody keeps, clean environment."""
    options = ["--unshare-user", "--unshare-ipc", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    options += ["--uid", "1000", "--gid", "1000", "--die-with-parent", "--new-session"]
    # This /proc is bubblewrap's; the sandbox's first process mounts its own over it.
    options += ["--clearenv", "--hostname", "sandbox", "--proc", "/proc", "--dir", "/dev"]
    for device in answer_server.DEVICES:
        options += ["--dev-bind", device, device]
    # --dev would need a second user namespace, which could not be entered from outside.
    for folder in answer_server.FOLDERS:
        options += ["--size", str(disk), "--tmpfs", folder]
    return [*options, "--chdir", "/tmp"]


class AnswerServer:
    """The process that runs the answers to an assignment, `answer_server.py`; `run` sends it an answer at a time."""

    def __init__(self, setup: list[str], limits: Limits) -> None:
        """Start it, and wait until the cells of the release have run: seconds, once.

        Args:
            setup: the cells of the release before the first answer.
            limits: `Limits`.

        Raises:
            Refused: they failed.
        """
        self.limits = limits
        self._link, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-I", answer_server.__file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=ENVIRONMENT,
        )
        theirs.close()
        start = {"setup": setup, "limits": asdict(limits)}
        self._link.sendall(json.dumps(start).encode() + b"\n")
        if self._link.recv(6) != b"ready\n":
            reason = self._process.communicate()[1].decode(errors="replace").strip().splitlines()[-1:]
            raise Refused(
                f"The assignment's own first cells fail ({''.join(reason)}): run tools/build_notebooks.py --check."
            )

    def run(self, job: Job, seconds: int) -> tuple[bytes, Verdict]:
        """Run an answer.

        Args:
            job: `Job`.
            seconds: of the processor that it may take, in place of those of `Limits`.

        Returns:
            (bytes, Verdict): the outcomes as JSON, which nobody has looked at, and how the answer ended.

        Raises:
            AnswerServerDied: the answer server is gone.
            Refused: this machine lets nobody enter a sandbox.
        """
        file = _in_memory(json.dumps(asdict(job)).encode())
        if not self.limits.sandboxed:
            return self._send(file, os.open(os.devnull, os.O_RDONLY), seconds)
        with Sandbox(self.limits) as sandbox:
            outcomes, verdict = self._send(file, os.dup(sandbox.pidfd), seconds)
        if verdict.end == End.REFUSED:
            raise Refused(
                "The sandbox cannot be entered here; in some containers it cannot, because /proc/sys is read-only. "
                "Grade on a machine of your own, or say --unsafe to run it with no protection at all."
            )
        return outcomes, verdict

    def _send(self, job: int, pidfd: int, seconds: int) -> tuple[bytes, Verdict]:
        outcomes, write_outcomes = os.pipe()
        verdict, write_verdict = os.pipe()
        sent = [pidfd, job, write_outcomes, write_verdict]
        try:
            socket.send_fds(self._link, [answer_server.SECONDS.pack(seconds)], sent)
        except OSError as error:
            raise AnswerServerDied(f"the process that runs answers is gone ({error})") from None
        finally:
            for descriptor in sent:
                os.close(descriptor)
        try:
            # The guard keeps the time, without what the answer waits for a processor; this is for a guard that hangs.
            return _read(outcomes, verdict, deadline=time.monotonic() + min(100 * seconds, LONGEST_WAIT))
        finally:
            os.close(outcomes)
            os.close(verdict)

    def close(self) -> None:
        """End it."""
        self._link.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()


# What libraries look at, and nothing of the teacher's.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/tmp",
    "XDG_CACHE_HOME": str(CACHE.parent),
    "MPLBACKEND": "agg",
    "OMP_NUM_THREADS": "1",
    "TORCHDYNAMO_DISABLE": "1",  # what torch.compile is given runs as it is: compiling takes more than an answer may
    # Large pages: a fork has fewer of them to copy.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


def _in_memory(data: bytes) -> int:
    """A file descriptor from which the data can be read."""
    descriptor = os.memfd_create("job")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _read(outcomes: int, verdict: int, deadline: float) -> tuple[bytes, Verdict]:
    """All that comes by the two pipes until the guard has closed its own, or too much comes, or the deadline passes.

    Args:
        outcomes: descriptor of the pipe that the student's process writes to.
        verdict: descriptor of the pipe that the guard writes to.
        deadline: by `time.monotonic`.

    Returns:
        (bytes, Verdict).
    """
    received = {outcomes: bytearray(), verdict: bytearray()}
    with selectors.DefaultSelector() as selector:
        for descriptor in received:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            ended = verdict not in selector.get_map()
            ready = selector.select(0 if ended else max(0, deadline - time.monotonic()))
            if ended and not ready:  # without a sandbox, what an answer left running may keep the other pipe open
                break
            if not ready:
                return b"", Verdict(End.TIMED_OUT, "the sandbox did not answer")
            for key, _ in ready:
                part = os.read(key.fd, 2**20)
                received[key.fd] += part
                if not part:
                    selector.unregister(key.fd)
            if len(received[outcomes]) > LARGEST_OUTCOME:
                return b"", Verdict(End.KILLED, f"more than {LARGEST_OUTCOME / 2**20:.0f} MB came back")
    if not received[verdict]:
        return b"", Verdict(End.KILLED, "its guard is gone")
    return bytes(received[outcomes]), Verdict.from_json(bytes(received[verdict]))
