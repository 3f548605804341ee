"""How much memory and disk a request takes, and how much there is: what would not fit is refused before any work."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from simulator.errors import InputError

_NUMBER = 8  # bytes of a double
_COPIES_OF_FILE = 2.3  # of every number, in memory while draws are written as netCDF
_SMALL = 2**26  # bytes that are taken without asking
_GROUP = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")
_PLENTY = 2**62  # where nobody says how much memory there is
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


def told(size: float) -> str:
    """Return a number of bytes in words.

    Examples
    --------
    >>> told(1_500_000_000), told(12)
    ('1.5 GB', '12 bytes')
    """
    power = 0
    while size >= 1000 and power < len(_UNITS) - 1:
        size, power = size / 1000, power + 1
    return f"{size:.3g} {_UNITS[power]}"


def free_memory() -> int:
    """Return how many bytes of memory this process can still take, without swapping.

    The least of what the system has available, what the control groups of the process leave (as containers and job schedulers set them)
    and what its limit of address space leaves. As much as anyone asks for where a system tells none of these.
    """
    return max(min([_PLENTY, *_bounds()]), 0)


def _bounds() -> Iterator[int]:
    status = _lines(Path("/proc/meminfo"))
    if "MemAvailable" in status:
        yield status["MemAvailable"]
    elif hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:  # macOS
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    yield from _groups()
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        yield limit - _lines(Path("/proc/self/status")).get("VmSize", 0)


def _groups() -> Iterator[int]:
    """Return what the control groups of this process leave: its own, which job schedulers make, and all above it."""
    for folder, most, used in _folders_of_groups():
        try:
            limit, taken = ((folder / name).read_text(encoding="ascii").strip() for name in (most, used))
        except (OSError, UnicodeDecodeError):
            continue
        if limit.isdecimal() and taken.isdecimal():
            yield int(limit) - int(taken) + _cached(folder)


def _folders_of_groups() -> Iterator[tuple[Path, str, str]]:
    """Yield the folder of each control group, of both versions of Linux's, with the names of its files of limit and use.

    Inside a container its own group is mounted as the root, and need not be at the path that the process is told.
    """
    versions = {"": (_GROUP, "memory.max", "memory.current")}
    versions["memory"] = _GROUP / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
    for root, most, used in versions.values():
        yield root, most, used
    try:
        lines = _OWN_GROUPS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for kind in versions.keys() & set(controllers.split(",")):
            root, most, used = versions[kind]
            own = PurePosixPath(path.lstrip("/"))
            if ".." not in own.parts:
                yield from ((root / place, most, used) for place in (own, *own.parents) if place.parts)


def _cached(folder: Path) -> int:
    """Return what a group holds of files, which makes way: the kernel counts it as taken."""
    try:
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    return sum(int(value) for key, value in map(str.split, lines) if key in ("inactive_file", "active_file"))


def _lines(path: Path) -> dict[str, int]:
    """Return the sizes that a file of the kernel lists in kB [bytes]."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines if line.endswith(" kB"))
    return {key: 1024 * int(value.split()[0]) for key, _, value in pairs}


def draws_that_fit(numbers: int, copies: float) -> int:
    """Return how many draws of so many numbers fit the memory, each number kept so many times over.

    Parameters
    ----------
    numbers : int
        Of one draw, inputs and outputs.
    copies : float
        Times that they stand in memory at once.
    """
    return int(free_memory() // (_NUMBER * max(numbers, 1) * copies))


def require_memory(draws: int, numbers: int, copies: float, *, way_out: str = "") -> None:
    """Refuse draws that would not fit the memory.

    Parameters
    ----------
    draws, numbers, copies
        See :func:`draws_that_fit`.
    way_out : str
        Another than fewer draws.

    Raises
    ------
    InputError
        With the number of draws that would fit.
    """
    if _NUMBER * draws * numbers * copies < _SMALL:
        return
    fit = draws_that_fit(numbers, copies)
    if draws > fit:
        wanted, free = _NUMBER * draws * numbers * copies, free_memory()
        raise InputError(
            f"{_grouped(draws)} draws of {numbers} numbers each take {told(wanted)} of memory, and {told(free)} are free here. "
            f"State --draws {_rounded(fit)} or fewer{way_out and f', or {way_out}'}"
        )


def require_disk(target: Path, draws: int, numbers: int, *, there: int = 0) -> None:
    """Refuse a file of draws for which the disk has no room, or the memory where it is made in memory first.

    Parameters
    ----------
    target : Path
        That will be written; an older one stays until the new one is whole.
    draws, numbers
        See :func:`draws_that_fit`.
    there : int
        Bytes that are written already.

    Raises
    ------
    InputError
        With the number of draws that there is room for.
    """
    if target.suffix == ".nc":
        require_memory(draws, numbers, _COPIES_OF_FILE, way_out="write DIR.zarr, or save the bands alone with --summary")
    wanted, free = _NUMBER * draws * numbers, shutil.disk_usage(target.resolve().parent).free + there
    if wanted > free:
        raise InputError(
            f"{target}: {_grouped(draws)} draws of {numbers} numbers each take {told(wanted)}, and {told(free)} are free on its disk. "
            f"State --draws {_rounded(free // (_NUMBER * numbers))} or fewer, or save the bands alone with --summary"
        )


def _grouped(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def _rounded(count: int) -> int:
    """Return a whole number cut to two figures.

    Examples
    --------
    >>> _rounded(12_345_678), _rounded(7)
    (12000000, 7)
    """
    power = int(10 ** max(len(str(count)) - 2, 0))
    return max(count // power * power, 1)
