"""Run the registered benchmarks: ``python -m benchmarks --smoke``, or ``python -m benchmarks NAME [options]`` in full.

Each runs in a process of its own, so that its imports and its number of threads are its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

#: name of the module: options of a run that only shows that it works
BENCHMARKS = {
    "peers": ["--smoke"],
    "accuracy": ["--smoke"],
    "startup": ["--repeats", "1"],
    "cuda": ["--draws", "4096", "--repeats", "1"],
}
#: one thread for every library, told before it is imported
_ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENTURNS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
    **dict.fromkeys(("NPROC", "PJRT_NPROC"), "1"),  # JAX's thread pool
    "JAX_PLATFORMS": "cpu",
}
#: the import times of ``startup`` are those of the user's environment
ENVIRONMENT = {"peers": _ONE_THREAD, "accuracy": _ONE_THREAD}


def run(name: str, options: list[str]) -> int:
    print(f"-- {name} {' '.join(options)}".rstrip(), flush=True)
    command = [sys.executable, "-m", f"benchmarks.{name}", *options]
    return subprocess.run(command, env={**os.environ, **ENVIRONMENT.get(name, {})}, check=False).returncode


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=BENCHMARKS, help="run this one in full; further options are its own")
    parser.add_argument("--smoke", action="store_true", help="run every benchmark once with tiny sizes; fail if one fails")
    chosen, options = parser.parse_known_args()
    if chosen.name:
        raise SystemExit(run(chosen.name, [*options, *(["--smoke"] if chosen.smoke else [])]))
    if options or not chosen.smoke:
        parser.error(f"give --smoke alone, or one of {', '.join(BENCHMARKS)}")
    failed = [name for name, tiny in BENCHMARKS.items() if run(name, tiny)]
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
