"""Run the registered benchmarks: ``python -m benchmarks --smoke``, or ``python -m benchmarks NAME [options]`` in full.

Each runs in a process of its own, so that its peak memory and its imports are its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

#: name of the script: options of a run that only shows that it works
BENCHMARKS = {
    "static_vs_numpy": ["--draws", "4096", "--repeats", "1"],
    "hourly_path": ["--draws", "1024", "--repeats", "1"],
    "startup": ["--repeats", "1"],
}


def run(name: str, options: list[str]) -> int:
    print(f"-- {name} {' '.join(options)}".rstrip(), flush=True)
    return subprocess.run([sys.executable, Path(__file__).with_name(f"{name}.py"), *options], check=False).returncode


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=BENCHMARKS, help="run this one in full; further options are its own")
    parser.add_argument("--smoke", action="store_true", help="run every benchmark once with tiny sizes; fail if one fails")
    chosen, options = parser.parse_known_args()
    if chosen.smoke == bool(chosen.name) or (chosen.smoke and options):
        parser.error(f"give --smoke alone, or one of {', '.join(BENCHMARKS)}")
    if chosen.name:
        raise SystemExit(run(chosen.name, options))
    failed = [name for name, tiny in BENCHMARKS.items() if run(name, tiny)]
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
