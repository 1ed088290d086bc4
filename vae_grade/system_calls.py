"""The system calls that a sandbox's processes may make, and the kernel's filter (seccomp) that refuses all others.

The list is what honest answers were seen to make, by `tools/measure_system_calls.py`: the model answers of all
assignments, training too, and ordinary code with files, programs, threads, processes, pictures and event loops; and the
same operations under their other names, which another C library or processor uses. A call that is not in the list fails
with ENOSYS, as if the kernel were older than the call: so C libraries fall back, and nothing is killed.

What is left out on purpose, because it reaches beyond the answer: `ptrace`, `process_vm_*`, `pidfd_*`, `kcmp` (other
processes); `add_key`, `request_key`, `keyctl` (keys of the user who grades, which outlive the sandbox); `memfd_*`,
`shmget`, `semget`, `msgget`, `mq_open`, `io_uring_*`, `userfaultfd` (memory that no process is charged for); `bpf`,
`perf_event_open`, `seccomp`; `unshare`, `setns`, `mount`, `clone3` (namespaces; C libraries fall back to `clone`);
`inotify_*`, `fanotify_*`, `flock` (what others do with shared files); `chown`, `setuid`, `capset`, `personality`.
"""

import ctypes
import os
import struct
from errno import EAFNOSUPPORT, EINVAL, ENOPROTOOPT, ENOSYS, ENOTTY, EPERM
from signal import SIGCHLD
from typing import NamedTuple

# What a filter sees of the processor, <linux/audit.h>; in this order are the numbers below.
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# {name: its numbers, from <asm/unistd_64.h> and <asm-generic/unistd.h>}; None where the processor has no such call.
NUMBERS = {
    # files
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "open": (2, None),
    "openat": (257, 56),
    "close": (3, 57),
    "close_range": (436, 436),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "statfs": (137, 43),
    "fstatfs": (138, 44),
    "lseek": (8, 62),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "fchdir": (81, 50),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "utimensat": (280, 88),
    "umask": (95, 166),
    "truncate": (76, 45),
    "ftruncate": (77, 46),
    "fallocate": (285, 47),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "fadvise64": (221, 223),
    "sendfile": (40, 71),
    "copy_file_range": (326, 285),
    "getxattr": (191, 8),
    "lgetxattr": (192, 9),
    "fgetxattr": (193, 10),
    "listxattr": (194, 11),
    "llistxattr": (195, 12),
    "flistxattr": (196, 13),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    # memory
    "brk": (12, 214),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "mbind": (237, 235),
    "msync": (26, 227),
    # processes and threads
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "wait4": (61, 260),
    "waitid": (247, 95),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getgroups": (115, 158),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getpgid": (121, 155),
    "getpgrp": (111, None),
    "setpgid": (109, 154),
    "getsid": (124, 156),
    "setsid": (112, 157),
    "getrlimit": (97, 163),
    "setrlimit": (160, 164),
    "getrusage": (98, 165),
    "times": (100, 153),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "getpriority": (140, 141),
    "setpriority": (141, 140),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "sched_setaffinity": (203, 122),
    "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126),
    "getcpu": (309, 168),
    "arch_prctl": (158, None),
    "set_tid_address": (218, 96),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "futex": (202, 98),
    # signals and clocks
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137),
    "rt_sigsuspend": (130, 133),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "pause": (34, None),
    "alarm": (37, None),
    "getitimer": (36, 102),
    "setitimer": (38, 103),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "getrandom": (318, 278),
    # sockets, of the family that `socket` makes
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "connect": (42, 203),
    "getsockname": (51, 204),
    "getpeername": (52, 205),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "shutdown": (48, 210),
    "getsockopt": (55, 209),
    # on conditions, below
    "clone": (56, 220),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "mmap": (9, 222),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "rt_sigaction": (13, 134),
    "setsockopt": (54, 208),
    "socket": (41, 198),
    "socketpair": (53, 199),
}


class Condition(NamedTuple):
    """A call is refused with `error` unless the low 32 bits of an argument, masked, are one of the values.

    Higher bits the kernel does not look at: these arguments are of the type int, or flags below 2**32.
    """

    argument: int
    values: tuple
    error: int = EPERM
    mask: int = 0xFFFFFFFF


# <linux/sched.h>: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
NAMESPACE_FLAGS = 0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000
MAP_SHARED, MAP_ANONYMOUS = 0x01, 0x20  # <sys/mman.h>
# <fcntl.h>: DUPFD, GETFD, SETFD, GETFL, SETFL, GETLK, SETLK, SETLKW; DUPFD_CLOEXEC, GETPIPE_SZ.
FCNTL = (*range(8), 1030, 1032)
# <sys/ioctl.h>: TCGETS, TIOCGPGRP, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
IOCTL = (0x5401, 0x540F, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# <linux/prctl.h>: SET_PDEATHSIG, GET_DUMPABLE, SET_DUMPABLE, SET_NAME, GET_NAME, CAPBSET_READ
PRCTL = (1, 3, 4, 15, 16, 23)
AF_UNIX, SOL_SOCKET, SO_REUSEADDR = 1, 1, 2  # <sys/socket.h>
CONDITIONS = {
    "clone": [Condition(0, (0,), mask=NAMESPACE_FLAGS)],
    # No leases: who opens a file that is leased waits, other students' answers too.
    "fcntl": [Condition(1, FCNTL, EINVAL)],
    "ioctl": [Condition(1, IOCTL, ENOTTY)],
    # Shared and anonymous, it would be memory that no process is charged for.
    "mmap": [Condition(3, (0, MAP_SHARED, MAP_ANONYMOUS), mask=MAP_SHARED | MAP_ANONYMOUS)],
    "prctl": [Condition(0, PRCTL, EINVAL)],
    "prlimit64": [Condition(0, (0,))],  # its own
    # Who ignores the end of its children, or says that nobody will wait for them, is not charged for their seconds.
    "rt_sigaction": [Condition(0, tuple(number for number in range(1, 65) if number != SIGCHLD))],
    "setsockopt": [Condition(1, (SOL_SOCKET,), ENOPROTOOPT), Condition(2, (SO_REUSEADDR,), ENOPROTOOPT)],
    "socket": [Condition(0, (AF_UNIX,), EAFNOSUPPORT)],
    "socketpair": [Condition(0, (AF_UNIX,), EAFNOSUPPORT)],
}
ALLOWED = NUMBERS.keys() - CONDITIONS.keys()

# <linux/bpf_common.h>: load a word of `struct seccomp_data`, jump if equal, and and with a mask, return.
LOAD, JUMP_IF_EQUAL, AND, RETURN = 0x20, 0x15, 0x54, 0x06
RETURN_ALLOW, RETURN_ERROR = 0x7FFF0000, 0x00050000  # <linux/seccomp.h>
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16  # bytes into `struct seccomp_data`; an argument has 8
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2


def instructions(machine: str) -> list[tuple[int, int, int, int]]:
    """The filter as a list of (operation, how many to jump over if equal, and if not, operand).

    Args:
        machine: "x86_64" or "aarch64", as `os.uname().machine`.

    Raises:
        KeyError: the numbers of another processor's calls are not known.
    """
    allow, no_such_call = (RETURN, 0, 0, RETURN_ALLOW), (RETURN, 0, 0, RETURN_ERROR | ENOSYS)
    program = [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (JUMP_IF_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        no_such_call,
        (LOAD, 0, 0, NUMBER_AT),
    ]
    column = list(AUDIT_ARCH).index(machine)
    for name, numbers in NUMBERS.items():
        number = numbers[column]
        if number is None:
            continue
        block = []
        for condition in CONDITIONS.get(name, []):
            # The lower half of the argument comes first: both processors are little-endian.
            block += [(LOAD, 0, 0, ARGUMENTS_AT + 8 * condition.argument), (AND, 0, 0, condition.mask)]
            count = len(condition.values)
            block += [(JUMP_IF_EQUAL, count - at, 0, value) for at, value in enumerate(condition.values)]
            block += [(RETURN, 0, 0, RETURN_ERROR | condition.error)]
        block += [allow]
        program += [(JUMP_IF_EQUAL, 0, len(block), number), *block]
    return [*program, no_such_call]


def install() -> None:
    """Put the filter on this process and all that it will start; it needs "no new privileges", and stays for good.

    Raises:
        OSError: the kernel does not take it.
        KeyError: there is none for this processor.
    """
    program = instructions(os.uname().machine)
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    libc = ctypes.CDLL(None, use_errno=True)
    # struct sock_fprog: the count, and where the instructions are.
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, struct.pack("HP", len(program), ctypes.addressof(code)), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")
