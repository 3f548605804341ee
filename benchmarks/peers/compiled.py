"""C sources compiled for this machine at first use, into a folder that goes with the process."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from benchmarks.harness import NotMeasured

#: fast, and NaN stays NaN
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast")
_HERE = Path(__file__).parent
_FOLDER = tempfile.TemporaryDirectory(prefix="benchmarks-")


@cache
def compiler() -> str:
    """Return gcc's path; NotMeasured where there is none."""
    found = shutil.which("gcc")
    if found is None:
        raise NotMeasured("no C compiler: gcc is not on the path")
    return found


def compiler_version() -> str:
    """Return the first line of what gcc says about itself."""
    try:
        return subprocess.run([compiler(), "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except NotMeasured as reason:
        return str(reason)


@cache
def _macros() -> str:
    return subprocess.run(
        [compiler(), "-march=native", "-dM", "-E", "-x", "c", "-"], input="", capture_output=True, text=True, check=True
    ).stdout


def load(source: str, *, width: int, rounds: int) -> ctypes.CDLL:
    """Compile and load a source of this package.

    Parameters
    ----------
    source : str
        Path from this folder.
    width : int
        Of vectors, 256 or 512 [bit].
    rounds : int
        Of Philox.
    """
    if width == 512 and "__AVX512F__" not in _macros():
        raise NotMeasured("this processor has no vectors of 512 bits (AVX-512)")
    library = Path(_FOLDER.name) / f"{Path(source).stem}-{width}-{rounds}.so"
    command = [
        *(compiler(), *FLAGS, f"-mprefer-vector-width={width}", f"-DWIDTH={width}", f"-DROUNDS={rounds}"),
        *("-shared", "-fPIC", f"-I{_HERE}", str(_HERE / source), "-o", str(library), "-lm"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        problems = [line for line in done.stderr.splitlines() if "error" in line] or ["unknown"]
        raise NotMeasured(f"gcc cannot compile {source}: {problems[0].rpartition('error:')[2].strip()}")
    return ctypes.CDLL(str(library))
