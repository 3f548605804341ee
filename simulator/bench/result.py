"""A result of :func:`simulator.bench.measure` in a file of JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulator.errors import InputError
from simulator.text_file import MOST_DATA, UnreadableError, check_place, read_text, write_text

FORMAT, VERSION = "simulator-bench", 1
_WAY_OUT = "simulator bench -o FILE.json writes one"


def check_target(path: str | Path) -> Path:
    """Return where a result will be written, bench.json in a folder, or say early why it cannot be.

    Raises
    ------
    InputError
    """
    target = Path(path)
    if target.is_dir():
        target = target / "bench.json"
    if target.suffix != ".json":
        raise InputError(f"{target} is neither a folder nor FILE.json. Name one of them")
    check_place(target)
    return target


def as_text(result: dict[str, Any]) -> str:
    """Return a result as JSON."""
    return json.dumps(result, indent=1, allow_nan=False)


def write(path: Path, result: dict[str, Any]) -> None:
    """Write a result, whole or not at all."""
    write_text(path, as_text(result) + "\n")


def read(path: str | Path) -> dict[str, Any]:
    """Read a result.

    Raises
    ------
    InputError
        Where the file cannot be read, is none of this format, or of another version of it.
    """
    try:
        data = json.loads(read_text(path, most=MOST_DATA))
    except UnreadableError as error:
        raise InputError(f"{error}. {_WAY_OUT}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path} is not JSON. {_WAY_OUT}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(f"{path} is no result of simulator bench: its format is not '{FORMAT}'. {_WAY_OUT}")
    if data.get("version") != VERSION:
        raise InputError(
            f"{path} has version {data.get('version')!r} of the format; this simulator reads version {VERSION}. "
            "Measure again with the same simulator as the other one"
        )
    missing = {"machine", "clock", "draws", "repeats", "ceilings", "workloads"} - data.keys()
    if missing or not data["workloads"]:
        raise InputError(f"{path} lacks {', '.join(sorted(missing)) or 'workloads'}. Is the file complete? {_WAY_OUT}")
    return data
