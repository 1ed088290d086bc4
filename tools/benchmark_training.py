"""Measure how fast the training is: beside the usual loop, JAX, and the matrix products alone.

    python tools/benchmark_training.py          # about ten minutes on two cores, with nothing else running

Prints tables and writes `docs/performance.png`. A person runs this and records it in docs/performance.md; no test
does. JAX and torch.compile have a row where JAX, or a C++ compiler, is installed. `tools/benchmark_quality.py` measures
time to quality.
"""

import multiprocessing
import os
import platform
import resource
import shutil
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import matplotlib

matplotlib.use("Agg")
import torch
import torch.nn.functional as F
from matplotlib import pyplot as plt
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from vae_lib.data import load_loaders, load_tensors
from vae_lib.loss import vae_loss
from vae_lib.model import VAE
from vae_lib.train import evaluate, new_run, train_epoch

PLOT = Path(__file__).resolve().parents[1] / "docs" / "performance.png"
ROUNDS = 7
DEVICE = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def main():
    print(f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, device {DEVICE}")
    train_set, val_set, _ = load_tensors()
    x, val_x = train_set.x.to(DEVICE), val_set.x.to(DEVICE)
    seconds = time_loops({name: make(x) for name, make in LOOPS.items() if available(name)})
    print_seconds(seconds)
    print_parts(x)
    print_memory([name for name in seconds if name != PRODUCTS])
    batch_sizes = {size: images_per_second(x, size) for size in tqdm([2**n for n in range(4, 13)], desc="batch sizes")}
    threads = {n: images_per_second(x, 64, threads=n) for n in range(1, os.cpu_count() + 1)}
    print("\nimages a second by batch size:", batch_sizes)
    print("images a second by threads:", threads)
    plot(seconds, batch_sizes, threads)
    print_losses(x, val_x)


def time_loops(loops, rounds=ROUNDS):
    """Seconds of so many epochs of each loop; the rounds interleave, so that noise meets all alike."""
    seconds = {name: [] for name in loops}
    for round_ in tqdm(range(rounds + 1), desc="seconds of an epoch", unit="round"):
        for name, epoch in loops.items():
            start = time.perf_counter()
            epoch()
            if round_:  # the first compiles and fills caches
                seconds[name].append(time.perf_counter() - start)
    return seconds


# The loops: each function returns one that trains an epoch, 51,000 images in batches of 64, and waits for its end.


def usual_loop(x):
    """PyTorch's own VAE example: DataLoader, ToTensor for each image, Adam as it comes, .item() in each step."""
    model = seeded_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, weight_decay=1e-5)
    loader = load_loaders()[0]
    return lambda: usual_epoch(model, optimizer, loader, torch.randn(51_000, 40, device=DEVICE))


def usual_epoch(model, optimizer, loader, noise):
    total = 0.0
    for (images, _), eps in zip(loader, noise.split(loader.batch_size), strict=True):
        images = images.flatten(1).to(DEVICE)
        x_logits, mu, sigma = model(images, eps)
        bce = F.binary_cross_entropy(x_logits.sigmoid(), images, reduction="sum")
        kld = 0.5 * (mu.square() + sigma.square() - 1 - sigma.square().log()).sum()
        optimizer.zero_grad()
        ((bce + kld) / len(images)).backward()
        optimizer.step()
        total += (bce + kld).item()
    return total


def our_loop(x):
    run = new_run(seeded_model(), torch.Generator(DEVICE).manual_seed(0))
    return lambda: train_epoch(run, x, x[:1])


def compiled_loop(x):
    """Our loop, with model and loss through torch.compile."""
    run = new_run(seeded_model(), torch.Generator(DEVICE).manual_seed(0))
    run.model.compile()
    return lambda: train_epoch(run, x[:50_944], x[:1])  # 796 whole batches: one shape, one compilation


def onednn_loop(x):
    """Our loop, with the two large layers in oneDNN's format: a CPU's quicker kernels, at the price of portability."""
    run = new_run(seeded_model(), torch.Generator().manual_seed(0))
    for layer in (run.model.encoder.hidden, run.model.decoder.out):
        layer.register_forward_pre_hook(lambda _, inputs: (inputs[0].to_mkldnn(),))
        layer.register_forward_hook(lambda _, inputs, output: output.to_dense())
    return lambda: train_epoch(run, x, x[:1])


def jax_loop(x):
    """A whole epoch in one compiled call: jit around scan."""
    import jax
    import jax.numpy as jnp

    images = jnp.asarray(x.cpu().numpy())

    def loss(p, x, eps):
        h = jax.nn.relu(x @ p[0] + p[1])
        mu, sigma = h @ p[2] + p[3], h @ p[4] + p[5]
        x_logits = jax.nn.relu((mu + sigma * eps) @ p[6] + p[7]) @ p[8] + p[9]
        bce = (jax.nn.softplus(x_logits) - x_logits * x).sum()
        return (bce + 0.5 * (mu**2 + sigma**2 - 1 - jnp.log(sigma**2)).sum()) / len(x)

    def adam(p, g, m, v, t):
        g = g + 1e-5 * p
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        return p - 1e-4 * m / (1 - 0.9**t) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v

    def step(state, batch):
        p, m, v, t = state
        index, eps = batch
        value, g = jax.value_and_grad(loss)(p, images[index], eps)
        p, m, v = zip(*(adam(*each, t) for each in zip(p, g, m, v, strict=True)), strict=True)
        return (p, m, v, t + 1), value

    @jax.jit
    def epoch(state, key):
        shuffle, noise = jax.random.split(key)
        order = jax.random.permutation(shuffle, len(images))[: 796 * 64].reshape(796, 64)
        return jax.lax.scan(step, state, (order, jax.random.normal(noise, (796, 64, 40))))

    p = tuple(jnp.asarray(weight.detach().cpu().numpy().T) for weight in seeded_model().parameters())
    zeros = tuple(jnp.zeros_like(weight) for weight in p)
    state, key = (p, zeros, zeros, 1.0), jax.random.key(0)

    def run():
        nonlocal state, key
        key, now = jax.random.split(key)
        state, values = epoch(state, now)
        return values.mean().item()

    return run


def products_loop(x):
    """Only the matrix products of forward and backward, without bias, loss, autograd or optimizer."""
    w1, w2, w3, w4 = (
        torch.randn(out, in_, device=DEVICE) for in_, out in ((784, 400), (400, 80), (40, 400), (400, 784))
    )

    def epoch():
        for batch in x.split(64):
            h = batch @ w1.T
            heads = h @ w2.T
            z = heads[:, :40]
            d = z @ w3.T
            logits = d @ w4.T
            d_grad, _ = logits @ w4, logits.T @ d  # the gradients of what goes in, and of the weights
            _, _ = d_grad @ w3, d_grad.T @ z
            h_grad, _ = heads @ w2, heads.T @ h
            last = h_grad.T @ batch
        return last.sum().item()

    return epoch


PRODUCTS = "matrix products alone"
LOOPS = {
    "usual loop": usual_loop,
    "vae_lib": our_loop,
    "vae_lib, torch.compile": compiled_loop,
    "vae_lib, oneDNN format": onednn_loop,
    "JAX, jit and scan": jax_loop,
    PRODUCTS: products_loop,
}


def available(name):
    """Whether this machine can run the loop."""
    needs = {
        "vae_lib, torch.compile": shutil.which("g++") is not None,
        "vae_lib, oneDNN format": DEVICE == "cpu" and torch.backends.mkldnn.is_available(),
        "JAX, jit and scan": find_spec("jax") is not None,
    }
    return needs.get(name, True)


def seeded_model():
    torch.manual_seed(0)
    return VAE().to(DEVICE)


# The tables.


def print_seconds(seconds):
    print(f"\n{ROUNDS} interleaved rounds; ratios are medians of the rounds' own ratios, with the lowest and highest\n")
    print("| loop | s / epoch | of the usual loop | of JAX | of the products |\n|---|---|---|---|---|")
    for name, taken in seconds.items():
        cells = [f"{median(taken):.2f} ({min(taken):.2f}–{max(taken):.2f})"]
        for other in ("usual loop", "JAX, jit and scan", PRODUCTS):
            ratios = [a / b for a, b in zip(taken, seconds.get(other, []), strict=False)]
            cells.append(f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})" if ratios else "–")
        print(f"| {name} | {' | '.join(cells)} |")


def print_parts(x):
    """Where the milliseconds of a step go."""
    run = new_run(seeded_model(), torch.Generator(DEVICE).manual_seed(0))
    taken = {}

    def clock(part, call, *arguments):
        start = time.perf_counter()
        result = call(*arguments)
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        taken.setdefault(part, []).append(1000 * (time.perf_counter() - start))
        return result

    for batch in torch.randperm(len(x), device=DEVICE).split(64)[:600]:
        eps = clock("noise", torch.Tensor.normal_, torch.empty(len(batch), 40, device=DEVICE))
        images = clock("pick the images", torch.Tensor.__getitem__, x, batch)
        output = clock("forward", run.model, images, eps)
        losses = clock("loss", vae_loss, images, *output)
        clock("zero_grad", run.optimizer.zero_grad)
        clock("backward", losses.loss.mean().backward)
        clock("Adam", run.optimizer.step)
        clock("add up", lambda each: torch.stack(each).detach().sum(dim=1), losses)
    print("\n| part of a step | ms, median of 600 |\n|---|---|")
    for part, times in taken.items():
        print(f"| {part} | {median(times):.3f} |")


def print_memory(names):
    print("\n| loop | peak memory, MB |\n|---|---|")
    for name in names:
        # A process for each, because a peak never falls again; of a small server, because a child begins at the
        # size of the process it was started from.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
            print(f"| {name} | {pool.submit(peak_memory, name).result():.0f} |")


def peak_memory(name):
    x = torch.empty(0) if name == "usual loop" else load_tensors()[0].x.to(DEVICE)
    LOOPS[name](x)()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def images_per_second(x, batch_size, threads=None):
    """Median of three epochs of our loop, after one to warm up."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    run = new_run(seeded_model(), torch.Generator(DEVICE).manual_seed(0), batch_size=batch_size)
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        train_epoch(run, x, x[:1])
        seconds.append(time.perf_counter() - start)
    torch.set_num_threads(before)
    return round(len(x) / median(seconds[1:]))


def print_losses(x, val_x):
    """Validation losses of both loops after five epochs, on the same batches with the same noise.

    With σ straight from the head, where log σ² has a pole, a difference in the last digit becomes one of a nat within
    an epoch; with log σ² from the head it stays small. So the second head shows whether the loops are the same.
    """
    print("\n| head | seed | usual loop, nats | vae_lib, nats | difference |\n|---|---|---|---|---|")
    for head in ("sigma", "log_var"):
        for seed in range(3):
            usual, ours = five_epochs(x, val_x, head, seed)
            print(f"| {head} | {seed} | {usual:.2f} | {ours:.2f} | {ours - usual:+.2f} |")


def five_epochs(x, val_x, head, seed):
    """Validation loss of the usual loop and of ours, from the same weights."""
    torch.manual_seed(seed)
    usual, ours = VAE(sigma_head=head).to(DEVICE), VAE(sigma_head=head).to(DEVICE)
    ours.load_state_dict(usual.state_dict())
    optimizer = torch.optim.Adam(usual.parameters(), lr=1e-4, weight_decay=1e-5)
    run = new_run(ours, torch.Generator(DEVICE).manual_seed(seed))
    images = load_loaders()[0].dataset
    for _ in tqdm(range(5), desc=f"seed {seed}", unit="epoch"):
        draws = run.generator.clone_state()  # draws what train_epoch is about to draw
        order = torch.randperm(len(x), generator=draws, device=DEVICE)
        noise = torch.randn(len(x), 40, generator=draws, device=DEVICE)
        usual_epoch(usual, optimizer, DataLoader(images, batch_size=64, sampler=order.tolist()), noise)
        train_epoch(run, x, val_x)
    return [evaluate(model, val_x, torch.Generator(DEVICE).manual_seed(0)).loss for model in (usual, ours)]


def plot(seconds, batch_sizes, threads):
    figure, axes = plt.subplots(1, 3, figsize=(13, 3.6), layout="constrained", width_ratios=[2, 1.3, 1])
    middle = {name: median(taken) for name, taken in seconds.items()}
    spread = [[middle[n] - min(t) for n, t in seconds.items()], [max(t) - middle[n] for n, t in seconds.items()]]
    bars = axes[0].barh(list(middle), list(middle.values()), xerr=spread, color="C0")
    axes[0].bar_label(bars, [f" {value:.2f} s" for value in middle.values()], label_type="center", color="white")
    axes[0].invert_yaxis()
    axes[0].set(xlabel="seconds an epoch: median, lowest, highest")
    axes[1].plot(list(batch_sizes), [rate / 1000 for rate in batch_sizes.values()], "o-")
    axes[1].set(xscale="log", xlabel="batch size", ylabel="thousand images a second", ylim=(0, None))
    axes[1].set_xticks(list(batch_sizes), list(batch_sizes), rotation=60)
    axes[1].minorticks_off()
    axes[2].bar([str(n) for n in threads], [rate / 1000 for rate in threads.values()])
    axes[2].set(xlabel="threads, batch 64", ylabel="thousand images a second")
    figure.savefig(PLOT, dpi=110)


if __name__ == "__main__":
    main()
