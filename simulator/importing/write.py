"""Imported values as files: priors as a fragment of a config, totals as actuals of ``simulator update``."""

from __future__ import annotations

import math
import textwrap
from typing import Any

from simulator.errors import InputError
from simulator.importing.imported import Imported
from simulator.quantities import QUANTITIES
from simulator.scenario.schema import HOMES, SECTIONS
from simulator.scenario.text import dump_flow
from simulator.scenario.values import parse_value

_WIDTH = 110


def priors_yaml(found: Imported) -> str:
    """Return the priors as YAML whose keys stand at the paths of a config, each with where it comes from.

    ``simulator run CONFIG --set @priors.yaml`` takes them; so does a config that they are copied into.

    Parameters
    ----------
    found : Imported

    Raises
    ------
    InputError
        Where no prior was found, with the reasons.
    """
    if not found.priors:
        raise InputError(f"{', '.join(found.sources)} gives no prior: {_reasons(found)}")
    lines = _comment(f"Imported from {found.kind}: {', '.join(found.sources)}. Intervals are central 90 %.")
    lines += [line for note in found.notes for line in _comment(note)]
    for name, why in found.left_out.items():
        lines += _comment(f"Not given: {name}: {why}.")
    for section in SECTIONS:
        own = [prior for prior in found.priors if HOMES[prior.quantity] == section]
        if not own:
            continue
        lines += ["", f"{section}:"]
        for prior in own:
            parse_value(_without_currency(prior.value), prior.quantity)  # what is written can be read
            lines += [f"  {line}" for told in prior.told for line in _comment(told)]
            lines.append(f"  {prior.quantity}: {dump_flow(prior.value)}")
    return "\n".join(lines) + "\n"


def actuals_csv(found: Imported) -> str:
    """Return the totals so far as CSV that ``simulator update`` reads.

    Parameters
    ----------
    found : Imported

    Raises
    ------
    InputError
        Where no totals were found, with the reasons.
    """
    totals = found.totals
    if totals is None or not totals.columns or not totals.hours.size:
        raise InputError(f"{', '.join(found.sources)} gives no totals so far: {_reasons(found)}")
    header = ["hours"]
    for name in totals.columns:
        unit = QUANTITIES[_OF_COLUMNS.get(name, name)].unit
        header.append(name if unit == "1" else f"{name} [{unit}]")
        header += [f"{name}_error"] * (name in totals.errors)
    rows = [",".join(header)]
    for row, hours in enumerate(totals.hours):
        cells = [f"{hours:.6f}"]
        for name, values in totals.columns.items():
            cells.append("" if math.isnan(values[row]) else f"{values[row]:.10g}")
            cells += [f"{totals.errors[name]:g}"] if name in totals.errors else []
        rows.append(",".join(cells))
    return "\n".join(rows) + "\n"


#: columns of actuals whose quantity has a longer name
_OF_COLUMNS = {"emissions": "emissions_total", "spend": "cost_total"}


def _reasons(found: Imported) -> str:
    told = "; ".join(f"{name}: {why}" for name, why in found.left_out.items())
    return told or "nothing of it is in them"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="#   ", break_long_words=False, break_on_hyphens=False)


def _without_currency(value: Any) -> Any:
    """Return a price as if it were in USD: which currency it is in, the section knows."""
    return value.replace("EUR", "USD").replace("GBP", "USD") if isinstance(value, str) else value
