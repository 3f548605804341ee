"""A thousand million draws in summary mode: memory, the same bytes however they are computed, percentiles beside exact ones.

    python tests/nightly/billion.py --draws 1000000000 --exact 100000000 --workers 1 3

Bands of ``configs/quickstart.yaml`` are saved once for each number of threads, block size and number of Dask workers (extra ``cluster``),
each in a process of its own whose peak memory is told, that of workers too. Files have to be the same, byte by byte. Kernels are compiled
before, since that takes more memory.
Then percentiles of kept draws, the first ``--exact`` of the same, are put beside those of the bands: of as many draws, from which they may
differ by the bins alone, and of all, from which they may differ by both Monte Carlo errors too. Exits with 1 where anything fails.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import xarray as xr

from simulator import SamplingPlan, load_scenario, open_results
from simulator.engine import Draws
from simulator.plan import available_threads
from simulator.scenario import resolve

CONFIG = "configs/quickstart.yaml"
OUTPUTS = ("cost_total", "emissions_total", "wall_clock")
MOST_MEMORY = 700e6  # bytes of a process
_SIGMAS = 5.0  # of a difference of percentiles: 24 of them are looked at
_CHUNK = 2**20
_SIMULATOR = [sys.executable, "-m", "simulator"]


def banded(target: Path, draws: int, *options: str) -> tuple[str, float, float]:
    """Save bands in a process of its own; returns the file's digest, the seconds it took and the bytes of its peak memory."""
    began = time.perf_counter()
    words = [*_SIMULATOR, "run", CONFIG, "--summary", "--draws", str(draws), "-o", str(target), *options]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} failed with {process.returncode}")
    return hashlib.sha256(target.read_bytes()).hexdigest(), time.perf_counter() - began, usage.ru_maxrss * 1024.0


@contextmanager
def cluster(workers: int, threads: int, memory: list[float]) -> Iterator[str]:
    """Yield the address of a scheduler with so many workers of so many threads; their peak memories are added to a list."""
    listening = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    scheduler = subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_scheduler", *listening], stderr=subprocess.PIPE, text=True)
    assert scheduler.stderr is not None
    address = next(found.group() for line in scheduler.stderr if (found := re.search(r"tcp://127\.0\.0\.1:\d+", line)))
    words = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", str(threads), "--no-nanny", "--no-dashboard"]
    started = [subprocess.Popen(words, stderr=subprocess.DEVNULL) for _ in range(workers)]
    try:
        yield address
    finally:
        for process in started:
            process.kill()
            memory.append(os.wait4(process.pid, 0)[2].ru_maxrss * 1024.0)
        scheduler.kill()
        scheduler.wait()


def exact(draws: int) -> dict[str, np.ndarray]:
    """Return the kept draws of the outputs, ascending."""
    kept = {name: np.empty(draws) for name in OUTPUTS}
    played = Draws(resolve(load_scenario(CONFIG)), SamplingPlan(draws))
    for low in range(0, draws, _CHUNK):
        _, outputs = played.play(low, min(low + _CHUNK, draws))
        for name, values in kept.items():
            values[low : low + _CHUNK] = outputs[name]
    for values in kept.values():
        values.sort()
    return kept


def beside(kept: dict[str, np.ndarray], bands: xr.Dataset, *, same: bool) -> Iterator[tuple[str, bool]]:
    """Tell how far percentiles of bands lie from those of kept draws, and whether that is within the stated errors."""
    for name, values in kept.items():
        row = bands.sel(output=name)
        truth = np.quantile(values, row["quantile"].values, method="inverted_cdf")
        allowed = bands.attrs["value_error"] * np.abs(truth)
        if not same:
            share = bands.attrs["draws"] / values.size
            allowed = allowed + _SIGMAS * row.mcse.values * np.sqrt(share - 1.0)  # the kept draws are among the counted
        off = np.abs(row.value.values - truth)
        worst = int(np.argmax(off / allowed))
        told = f"{name:16} worst at P{100 * row['quantile'].values[worst]:g}: off by {off[worst] / truth[worst]:.1e} of {truth[worst]:.6g}"
        yield f"{told}, {off[worst] / allowed[worst]:.2f} of what is allowed", bool((off <= allowed).all())


def main() -> None:
    """Run all, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=10**9)
    parser.add_argument("--exact", type=int, default=10**8)
    parser.add_argument("--threads", type=int, nargs="*", default=[available_threads(), 1])
    parser.add_argument("--blocks", type=int, nargs="*", default=[2**12, 2**16])
    parser.add_argument("--workers", type=int, nargs="*", default=[], help="numbers of Dask workers, for example 1 3")
    parser.add_argument("--worker-threads", type=int, default=1)
    options = parser.parse_args()
    failed, digests, memory = [], {}, []
    variants = {f"{count} threads": ("--threads", str(count)) for count in options.threads}
    variants |= {f"blocks of {size}": ("--block-size", str(size)) for size in options.blocks}
    subprocess.run([*_SIMULATOR, "warmup"], stdout=subprocess.DEVNULL, check=True)
    with tempfile.TemporaryDirectory() as folder:
        bands = Path(folder) / "bands.nc"

        def run(what: str, draws: int, *words: str) -> str:
            digest, took, peak = banded(bands, draws, *words)
            print(f"{draws} draws, {what:16} {took:7.1f} s {peak / 1e6:6.0f} MB {bands.stat().st_size} bytes {digest[:16]}", flush=True)
            memory.append(peak)
            return digest

        for what, words in variants.items():
            digests[what] = run(what, options.draws, *words)
        for workers in options.workers:
            with cluster(workers, options.worker_threads, memory) as address:
                digests[f"{workers} workers"] = run(f"{workers} workers", options.draws, "--cluster", address)
            print(f"    peak memory of a worker: {max(memory[-workers:]) / 1e6:.0f} MB", flush=True)
        if len(set(digests.values())) > 1:
            failed.append(f"files differ: {digests}")
        whole = open_results(bands)
        run("as kept", options.exact)
        part = open_results(bands)
    if max(memory) > MOST_MEMORY:
        failed.append(f"a process took {max(memory) / 1e6:.0f} MB")
    kept = exact(options.exact)
    for what, found, same in ((f"{options.exact} counted", part, True), (f"{options.draws} counted", whole, False)):
        for told, fine in beside(kept, found, same=same):
            print(f"{what}, {options.exact} kept: {told}", flush=True)
            if not fine:
                failed.append(told)
    print(f"peak memory {max(memory) / 1e6:.0f} MB; this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")
    print("FAILED: " + "; ".join(failed) if failed else "all is as it has to be")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
