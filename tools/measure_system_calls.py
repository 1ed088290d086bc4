"""Which system calls honest answers make, beside those that the sandbox's filter lets through.

Every model answer is graded, and `ORDINARY`, code of a kind that students write, is run, without a sandbox under strace;
what is counted is what each answer's process and all that it starts call after it has given up its rights.

    python tools/measure_system_calls.py            all
    python tools/measure_system_calls.py ORDINARY   only the ordinary code: seconds, where all takes minutes

Needs Linux, the course with its [grade] part, and strace (`apt install strace`).
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

ORDINARY = """
import asyncio, json, multiprocessing, os, pathlib, pickle, random, shutil, socket, sqlite3, subprocess, sys, tempfile
import threading, time, urllib.request, zipfile
import numpy as np
import matplotlib.pyplot as plt
import torch
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

def attempt(run):
    try: run()
    except Exception as error: print(type(error).__name__, error, file=sys.__stderr__)

def files():
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "a.txt").write_text("a")
    (folder / "sub").mkdir()
    shutil.copy2(folder / "a.txt", folder / "sub" / "b.txt")
    shutil.copytree(folder / "sub", folder / "other")
    os.replace(folder / "a.txt", folder / "c.txt")
    os.symlink(folder / "c.txt", folder / "link")
    os.link(folder / "c.txt", folder / "hard")
    os.chmod(folder / "c.txt", 0o600)
    os.utime(folder / "c.txt")
    os.truncate(folder / "c.txt", 0)
    os.listdir("/dev/fd"), list(os.scandir("/usr")), os.statvfs("/tmp"), os.access("/usr", os.R_OK), os.getcwd()
    with zipfile.ZipFile(folder / "z.zip", "w") as archive: archive.writestr("x", "y")
    np.save(folder / "n.npy", np.zeros(9)), np.load(folder / "n.npy", mmap_mode="r").sum()
    torch.save({"a": torch.zeros(3)}, folder / "t.pt"), torch.load(folder / "t.pt"), torch.load(folder / "t.pt", mmap=True)
    with sqlite3.connect(folder / "s.db") as base: base.execute("create table t (x)"), base.execute("insert into t values (1)")
    with open(folder / "f", "w+") as file: file.write("x"), file.flush(), os.fsync(file.fileno()), file.seek(0), file.truncate()
    with tempfile.TemporaryFile() as file: file.write(b"x")
    shutil.rmtree(folder)

def programs():
    subprocess.run(["ls", "-la", "/tmp"], capture_output=True, check=True)
    subprocess.run("echo a | cat > /tmp/x; sleep 0.01 & wait; cp /tmp/x /tmp/y; mv /tmp/y /tmp/z; rm /tmp/z", shell=True, check=True)
    subprocess.run(["bash", "-c", "for i in 1 2; do (sleep 0.01) & done; wait; echo $(date) | grep : | sort"], check=True, capture_output=True)
    subprocess.run([sys.executable, "-c", "import json, threading; print(1)"], capture_output=True, check=True)
    subprocess.run([sys.executable, "-c", "import torch; torch.ones(9).sum()"], capture_output=True, check=True)
    subprocess.run(["sleep", "9"], timeout=0.05)

def at_once():
    threads = [threading.Thread(target=time.sleep, args=[0.01]) for _ in range(3)]
    for thread in threads: thread.start()
    for thread in threads: thread.join(1)
    with ThreadPoolExecutor(3) as pool: list(pool.map(abs, range(9)))
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool: assert list(pool.map(abs, range(9))) == list(range(9))
    with multiprocessing.get_context("fork").Pool(2) as pool: assert pool.map(abs, range(9)) == list(range(9))
    queue, shared = multiprocessing.Queue(), multiprocessing.Value("i", 0)
    process = multiprocessing.Process(target=queue.put, args=[1]); process.start(); queue.get(timeout=9); process.join()
    with multiprocessing.Manager() as manager: manager.dict()["a"] = 1
    if (child := os.fork()) == 0: os._exit(3)
    os.waitpid(child, 0)

def loops():
    async def main():
        process = await asyncio.create_subprocess_exec("true")
        await process.wait()
        await asyncio.gather(asyncio.sleep(0.01), asyncio.to_thread(time.sleep, 0.01))
    thread = threading.Thread(target=lambda: asyncio.run(main())); thread.start(); thread.join()

def clocks():
    import signal
    signal.signal(signal.SIGALRM, lambda *_: None), signal.setitimer(signal.ITIMER_REAL, 0.01), time.sleep(0.02)
    time.time(), time.process_time(), time.thread_time(), os.times(), os.getloadavg, os.cpu_count(), os.urandom(9)
    os.sched_getaffinity(0), os.uname(), os.getpid(), os.getuid(), os.getlogin

def pictures():
    figure, axes = plt.subplots()
    axes.imshow(np.zeros((9, 9))), axes.plot([1, 2]), axes.set_title("a $x^2$"), figure.savefig("/tmp/a.png"), figure.savefig("/tmp/a.pdf")
    plt.show()

def networks():
    torch.set_num_threads(2)
    net = torch.nn.Sequential(torch.nn.Linear(784, 400), torch.nn.ReLU(), torch.nn.Conv1d(1, 1, 3) if 0 else torch.nn.Linear(400, 784))
    optimiser = torch.optim.Adam(net.parameters())
    net(torch.rand(64, 784)).square().mean().backward(), optimiser.step()
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.rand(64, 9)), 16, shuffle=True)
    list(data)
    list(torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.rand(64, 9)), 16, num_workers=1, timeout=20))
    torch.linalg.svd(torch.rand(30, 30)), torch.fft.fft(torch.rand(64)), torch.nn.Conv2d(1, 2, 3)(torch.rand(1, 1, 9, 9))

def the_net():
    urllib.request.urlopen("http://192.0.2.1", timeout=0.1)

def names():
    socket.gethostbyname("localhost"), socket.gethostname()

for run in (files, programs, at_once, loops, clocks, pictures, networks, the_net, names): attempt(run)
"""


def measure(notebooks):
    """Grade notebooks, {assignment: bytes}, under strace: a Counter of the system calls of answers."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in notebooks.items():
            Path(folder, f"{name}.ipynb").write_bytes(data)
        traced = [sys.executable, __file__, "--grade", folder]
        trace = ["strace", "--follow-forks", "--output-separately", "--signal=none", "-o", f"{folder}/trace"]
        subprocess.run([*trace, *traced], check=True)
        traces = {int(path.suffix[1:]): path.read_text(errors="replace") for path in Path(folder).glob("trace.*")}
    calls = Counter()
    # The first thing that an answer's process does is a session of its own; the graders' are begun by `execve`.
    waiting = {
        pid: text.index("setsid(") for pid, text in traces.items() if "setsid(" in text and "execve(" not in text
    }
    while waiting:
        pid, start = waiting.popitem()
        text = traces.pop(pid, "")[start:]
        calls.update(re.findall(r"^(\w+)\(", text, re.MULTILINE))
        children = re.findall(r"^(?:clone3?|v?fork)\(.* = (\d+)$", text, re.MULTILINE)
        waiting |= {int(child): 0 for child in children if int(child) in traces}
    return calls


def grade(folder):
    """Grade each notebook of a folder without a sandbox; what does not earn all points is printed."""
    from vae_grade import judge
    from vae_grade.assignments import assignments
    from vae_grade.sandbox import LIMITS

    limits = replace(LIMITS, sandboxed=False, seconds=3000)
    for path in sorted(Path(folder).glob("*.ipynb")):
        record = judge.grade(path.read_bytes(), assignments()[path.stem], limits)
        for name, exercise in record["exercises"].items():
            if exercise["points"] < exercise["max"] and exercise["state"] != "not attempted":
                print(f"{path.stem}: {name} earns {exercise['points']}: {exercise['text']}")
    judge.close()


def model_answers():
    """The solutions of all assignments, as bytes."""
    from vae_grade.assignments import ROOT, assignments

    return {name: (ROOT / "solutions" / name / f"{name}.ipynb").read_bytes() for name in assignments()}


def ordinary():
    """A solution that runs `ORDINARY` in front of an answer."""
    name = "04_bce_vs_kld"
    notebook = json.loads(model_answers()[name])
    for cell in notebook["cells"]:
        if cell["id"] == "kld":
            cell["source"] = ORDINARY + "".join(cell["source"])
        elif cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = ""
    return {name: json.dumps(notebook).encode()}


def main():
    """Measure, and print each call, how often it was made, and whether the filter lets it through."""
    if sys.argv[1:2] == ["--grade"]:
        return grade(sys.argv[2])
    from vae_grade.system_calls import ALLOWED, CONDITIONS

    calls = measure(ordinary())
    if "ORDINARY" not in sys.argv:
        calls += measure(model_answers())
    for name, count in calls.most_common():
        print(
            f"{count:8} {name:20}",
            "allowed" if name in ALLOWED else "on conditions" if name in CONDITIONS else "REFUSED",
        )
    print("allowed, and not seen:", *sorted({*ALLOWED, *CONDITIONS} - set(calls)))


if __name__ == "__main__":
    main()
