"""Runs that write draws as they are made, for tests."""

from __future__ import annotations

import filecmp
from pathlib import Path

from simulator import parse_scenario

RUN = """\
name: streamed
workload: {params: 7e9, tokens: 2T tokens, mfu: 0.30 to 0.45}
hardware: {accelerator: H100 SXM, accelerators: 256}
emissions: {carbon_intensity: 300 to 450 gCO2e/kWh}
compute: {basis: rent, rental_price: 2.0 to 6.2 USD/GPU-hour}
correlations: [[mfu, power_fraction, 0.5]]
reliability: {method: expected_value}
"""
SCENARIO = parse_scenario(RUN)


def differing(one: Path, other: Path) -> list[str]:
    """Return the names of files that two folders do not share, or in which they differ by a byte."""
    names = {path.relative_to(folder).as_posix() for folder in (one, other) for path in folder.rglob("*") if not path.is_dir()}
    _, differ, lacking = filecmp.cmpfiles(one, other, names, shallow=False)
    return sorted([*differ, *lacking])


def everything(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if not path.is_dir()}


def flipped(file: Path, place: int, bit: int = 0) -> None:
    """Flip one bit of a file."""
    with file.open("r+b") as stream:
        stream.seek(place)
        byte = stream.read(1)[0]
        stream.seek(place)
        stream.write(bytes([byte ^ (1 << bit)]))
