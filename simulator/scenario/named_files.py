"""Files that a config names: empirical values, zones, histories."""

from __future__ import annotations

import os
from pathlib import Path

from simulator.errors import LawError

#: environment variable of folders, separated as those of PATH, in which configs may name files too
ELSEWHERE = "SIMULATOR_DATA_FOLDERS"


def named_file(name: str, base: Path | None) -> Path:
    """Return the path of a file that a config names.

    A config may come from somebody else, and what it names is read with the rights of whoever opens it, told in messages and shown on the
    page of ``simulator serve``. So its files lie in its own folder or below, links followed, as kustomize has it; whoever opens the config
    can allow other folders by the environment variable ``SIMULATOR_DATA_FOLDERS``. Files that the command line names are not restricted.

    Parameters
    ----------
    name : str
        Relative to the folder of the config, or absolute.
    base : Path or None
        Folder of the config. None where a program states its own data: nothing is refused, and names are relative to the working folder.

    Raises
    ------
    LawError
        Where it lies elsewhere, or its name is none.

    Examples
    --------
    >>> named_file("prices.csv", Path("configs")).as_posix()
    'configs/prices.csv'
    """
    if base is None:
        return Path(name)
    path = base / name
    try:
        real = Path(os.path.realpath(path))
    except ValueError as error:  # a zero byte
        raise LawError(f"{name!r} names no file ({error})", "Name a file beside the config") from None
    allowed = [base, *(Path(folder) for folder in os.environ.get(ELSEWHERE, "").split(os.pathsep) if folder)]
    if not any(real.is_relative_to(os.path.realpath(folder)) for folder in allowed):
        led = "" if os.path.normpath(path.absolute()) == str(real) else f", to which it is linked: {real}"
        raise LawError(
            f"file {name} lies outside the folder of its config{led}",
            f"Put it there or below, or name its folder in the environment variable {ELSEWHERE}",
        )
    return path
