"""Fuzz one target, guided by coverage: ``python -m fuzz TARGET [SECONDS]`` in tests/, with the extra ``fuzz``.

What covers more than before is added to ``fuzz/corpus/TARGET``; ``python -m fuzz TARGET merge`` keeps of it what is needed. An input that
raises anything but InputError ends it, and is written to out/, which is not kept.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
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


def main(target: str, duration: str = "600", *into: str) -> None:
    """Fuzz a target for so many seconds, or merge its corpus."""
    corpus = FOLDER / "corpus" / target
    if duration == "merge" and not into:
        _merge(target, corpus)
        return
    OUT.mkdir(exist_ok=True)
    limits = ["-max_len=2048", "-timeout=20", "-rss_limit_mb=3000", f"-dict={FOLDER / 'words.dict'}", f"-artifact_prefix={OUT}/"]
    arguments = ["-merge=1", *into, str(corpus)] if into else [f"-max_total_time={duration}", str(corpus)]
    atheris.Setup([sys.argv[0], *limits, *arguments], lambda content: run(target, content))
    atheris.Fuzz()


def _merge(target: str, corpus: Path) -> None:
    """Keep of a corpus what is needed to cover what it covers; in a process of its own, which the library ends when it is done."""
    with tempfile.TemporaryDirectory() as fresh:
        subprocess.run([sys.executable, "-m", "fuzz", target, "merge", fresh], check=True)
        kept = {path.name: path.read_bytes() for path in Path(fresh).iterdir()}
    for path in corpus.iterdir():
        if path.name not in kept:
            path.unlink()
    for name, content in kept.items():
        (corpus / name).write_bytes(content)


if __name__ == "__main__":
    main(*sys.argv[1:])
