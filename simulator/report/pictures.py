"""Pictures of a report, or in one sentence why there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xarray as xr

from simulator.errors import InputError
from simulator.plots.described import described
from simulator.plots.kinds import KINDS, Wanted, picture
from simulator.plots.save import picture_bytes
from simulator.plots.targets import COLUMN, PAGE
from simulator.report.parts import Block, Paragraph, Picture


def pictured(kind: str, caption: str, found: Any, *, output: str | None = None) -> Block:
    """Return a picture in two widths, with its alternative text.

    Parameters
    ----------
    kind : str
        One of :data:`simulator.plots.kinds.KINDS`.
    caption : str
    found : Dataset or callable
        What is drawn, or a function without arguments that returns it.
    output : str, optional
        What is drawn, where a kind draws one output.
    """
    try:
        data = found() if callable(found) else found
        wide, narrow = (picture(data, kind, Wanted(width, output)) for width in (PAGE, COLUMN))
        alt = described(wide, KINDS[kind].shows)
        name = kind if output is None else f"{kind}-{output.removesuffix('_total').replace('_', '-')}"
        return Picture(name, caption, alt, picture_bytes(wide), picture_bytes(narrow))
    except InputError as error:
        return Paragraph((f"No picture of this ({caption[0].lower()}{caption[1:]}): {error}.",), "note")


def computed(of: Callable[..., xr.Dataset], *arguments: Any, **options: Any) -> Callable[[], xr.Dataset]:
    """Return an analysis that is not done yet, so that what it refuses stands where its picture would."""
    return lambda: of(*arguments, **options)
