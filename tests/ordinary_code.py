"""What honest answers may do beside the exercise, by the ordinary libraries; each function fails if something does not.

`tools/measure_system_calls.py` sees which system calls it makes; a test runs it in the sandbox.
"""

import asyncio
import multiprocessing
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zipfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset


def use_files():
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
    assert os.listdir("/proc/self/fd")
    assert os.access("/usr", os.R_OK)
    assert os.statvfs("/tmp").f_bsize
    with zipfile.ZipFile(folder / "z.zip", "w") as archive:
        archive.writestr("x", "y")
    np.save(folder / "n.npy", np.ones(9))
    assert np.load(folder / "n.npy", mmap_mode="r").sum() == 9
    torch.save({"a": torch.ones(3)}, folder / "t.pt")
    assert torch.load(folder / "t.pt", mmap=True)["a"].sum() == 3
    base = sqlite3.connect(folder / "s.db")
    base.execute("create table t (x)")
    base.execute("insert into t values (1)")
    base.commit()
    base.close()
    with open(folder / "f", "w+") as file:
        file.write("x")
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        file.truncate()
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
    shutil.rmtree(folder)


def run_programs():
    def run(*command, **options):
        return subprocess.run(command, check=True, capture_output=True, **options).stdout

    run("ls", "-la", "/tmp")
    run("sh", "-c", "cd /tmp; echo a | cat > x; cp x y; mv y z; test $(cat z) = a && rm z")
    run("bash", "-c", "for i in 1 2; do (sleep 0.01) & done; wait; echo b a | tr ' ' '\\n' | sort")
    assert run(sys.executable, "-c", "import torch; print(torch.ones(9).sum())").startswith(b"tensor(9")
    program = subprocess.Popen(["sleep", "99"])
    program.terminate()
    program.wait()


def run_at_once():
    threads = [threading.Thread(target=time.sleep, args=[0.01]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(abs, range(9))) == list(range(9))
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(2, fork) as pool:
        assert list(pool.map(abs, range(9))) == list(range(9))
    with fork.Pool(2) as pool:
        assert pool.map(abs, range(9)) == list(range(9))
    queue, shared = fork.Queue(), fork.Value("i", 0)
    process = fork.Process(target=lambda: queue.put(shared.value))
    process.start()
    assert queue.get() == 0
    process.join()
    with fork.Manager() as manager:
        manager.dict()["a"] = 1
    if (child := os.fork()) == 0:
        os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


def run_a_loop():
    async def main():
        process = await asyncio.create_subprocess_exec("true")
        assert await process.wait() == 0
        await asyncio.gather(asyncio.sleep(0.01), asyncio.to_thread(time.sleep, 0.01))

    thread = threading.Thread(target=lambda: asyncio.run(main()))  # the shell has a loop of its own
    thread.start()
    thread.join()


def look_at_clocks():
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    time.sleep(0.02)
    assert time.process_time()
    assert time.thread_time()
    assert os.times()
    assert os.cpu_count()
    assert os.sched_getaffinity(0)
    assert os.uname()
    assert len(os.urandom(9)) == 9


def draw():
    figure, axes = plt.subplots()
    axes.imshow(np.zeros((9, 9)))
    axes.set_title("a $x^2$")
    figure.savefig("/tmp/a.png")
    figure.savefig("/tmp/a.pdf")
    plt.close(figure)


def train():
    torch.set_num_threads(2)
    net = torch.nn.Sequential(torch.nn.Linear(784, 400), torch.nn.ReLU(), torch.nn.Linear(400, 784))
    optimiser = torch.optim.Adam(net.parameters())
    net(torch.rand(64, 784)).square().mean().backward()
    optimiser.step()
    assert len(list(DataLoader(TensorDataset(torch.rand(64, 9)), 16, shuffle=True))) == 4
    torch.linalg.svd(torch.rand(30, 30))
    torch.fft.fft(torch.rand(64))
    torch.nn.Conv2d(1, 2, 3)(torch.rand(1, 1, 9, 9))


def miss_the_network():
    """It is not there, and the libraries say so as they do on any machine without one."""
    for miss in (
        lambda: urllib.request.urlopen("http://192.0.2.1", timeout=0.1),
        lambda: socket.gethostbyname("example.org"),
    ):
        try:
            miss()
        except OSError:
            continue
        raise AssertionError("there is a network")


for part in (use_files, run_programs, run_at_once, run_a_loop, look_at_clocks, draw, train, miss_the_network):
    try:
        part()
    except Exception as error:
        raise RuntimeError(f"{part.__name__}: {error!r}") from error
