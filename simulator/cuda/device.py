"""Whether there is a GPU, told in one sentence where there is none."""

from __future__ import annotations

import os
from importlib.util import find_spec

from simulator.errors import InputError

_INSTALL = "install the extra: pip install 'training-risk-simulator[cuda]'"


def why_not() -> str | None:
    """Return why no GPU can be used; None where one can."""
    if not _simulated() and find_spec("numba_cuda") is None:
        return "numba-cuda is not installed"
    try:
        from numba import cuda  # noqa: PLC0415 - asks the driver, and nobody has asked for it before
    except ImportError as error:  # numba-cuda without the bindings to the driver
        return _first_sentence(str(error))
    if cuda.is_available():
        return None
    return _first_sentence(str(cuda.cuda_error() or ""))


def require_gpu() -> None:
    """Raise InputError where no GPU can be used."""
    reason = why_not()
    if reason is not None:
        raise InputError(f"no GPU that numba-cuda can use was found ({reason}); leave out --device cuda, or {_INSTALL}")


def gpu_name() -> str:
    """Return the name of the GPU that is used; see :func:`require_gpu`."""
    require_gpu()
    from numba import cuda  # noqa: PLC0415 - asks the driver

    name = cuda.get_current_device().name
    return name.decode() if isinstance(name, bytes) else str(name)


def _first_sentence(text: str) -> str:
    """Return the first sentence of an error, or that no device was found where it says nothing."""
    lines = text.strip().splitlines()
    return lines[0].partition(". ")[0].rstrip(".:") if lines else "the driver tells of no device"


def _simulated() -> bool:
    """Return whether numba's simulator of a GPU stands in for one."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")
