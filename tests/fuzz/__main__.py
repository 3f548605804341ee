"""Fuzz one target, guided by coverage: ``python -m fuzz TARGET [SECONDS]`` in tests/, with the extra ``fuzz``.

What covers more than before is added to ``fuzz/corpus/TARGET``. An input that raises anything but InputError ends it, and is written to
out/, which is not kept.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import atheris

FOLDER = Path(__file__).parent
OUT = FOLDER.parent.parent / "out"
# what is compiled is not instrumented: numba knows nothing of what would be called
for kernels in ("history", "static", "ledger.settle", "tally"):
    import_module(f"simulator.kernels.{kernels}")
with atheris.instrument_imports(include=["simulator"]):
    from fuzz.targets import run


def main(target: str, duration: str = "600") -> None:
    """Fuzz a target for so many seconds."""
    OUT.mkdir(exist_ok=True)
    limits = ["-max_len=2048", "-timeout=20", "-rss_limit_mb=3000", f"-dict={FOLDER / 'words.dict'}", f"-artifact_prefix={OUT}/"]
    arguments = [f"-max_total_time={duration}", str(FOLDER / "corpus" / target)]
    atheris.Setup([sys.argv[0], *limits, *arguments], lambda content: run(target, content))
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
