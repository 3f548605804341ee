"""What drives an output, as a table with bars of text that fits 80 columns, or as JSON."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import click
import numpy as np
import xarray as xr

from simulator.analysis.sensitivity.replays import UNMOVED
from simulator.analysis.words import rounded, scale
from simulator.cli.show.page import say
from simulator.quantities import QUANTITIES

_NAME, _BAR = 22, 12  # columns of the name and of the bar


def sensitivity_json(found: xr.Dataset) -> dict[str, Any]:
    """Return the numbers of any method as plain data for ``json.dumps``: by input or part, NaN and infinities as None."""
    kinds = {"scenario": str, "output": str, "method": str, "draws": int, "seed": int, "plan": str, "version": str, "note": str}
    data: dict[str, Any] = {name: kind(found.attrs[name]) for name, kind in kinds.items()}
    data["unit"] = QUANTITIES[found.attrs["output"].partition("[")[0]].unit
    if "confidence" in found.attrs:
        data["confidence"] = float(found.attrs["confidence"])
    rows = "part" if "part" in found.dims else "input"
    own = [str(name) for name, array in found.variables.items() if rows in array.dims and name != rows]
    data |= {str(name): _plain(array) for name, array in found.data_vars.items() if str(name) not in own}
    labels = [str(label) for label in found[rows].values]
    data[f"{rows}s"] = {label: {name: _plain(found[name][place]) for name in own} for place, label in enumerate(labels)}
    return data


def _plain(array: xr.DataArray) -> Any:
    """Return numbers as plain data: by label along ``end`` and ``quantile``, else in lists."""
    if array.ndim == 0:
        value = array.values.item()
        return value if isinstance(value, str) else float(value) if math.isfinite(value) else None
    parts = [_plain(array[place]) for place in range(array.sizes[array.dims[0]])]
    if array.dims[0] in ("end", "quantile"):
        return dict(zip(map(str, array[array.dims[0]].values.tolist()), parts, strict=True))
    return parts


def show_sensitivity(found: xr.Dataset) -> None:
    """Print what drives an output on stdout."""
    a = found.attrs
    kind = "Sobol' points" if a["plan"] == "sobol" else "random draws"
    draws = f"{a['draws']:,}".replace(",", " ")
    _say(f"{a['scenario']}: what drives {a['output']}; {draws} {kind}, seed {a['seed']}")
    click.echo("")
    {"tornado": _tornado, "rank": _rank, "sobol": _sobol, "shapley": _shapley, "split": _split}[a["method"]](found)
    if a["note"]:
        _say(f"Note: {a['note']}.")


def _tornado(found: xr.Dataset) -> None:
    base, output = found.base.values, str(found.attrs["output"])
    factor, unit = scale(str(found.base.attrs["units"]), output, float(np.max(np.abs(base))))
    median, high = (_with_error(b / factor, e / factor) for b, e in zip(base, found.mcse_base.values, strict=True))
    _say(f"All sampled: P50 {median}, P90 {' '.join(part for part in (high, unit) if part)}.")
    _say(f"Swing{f' [{unit}]' if unit else ''} from P10 to P90 of an input, or from never to once of an event:")
    click.echo("")
    click.echo(f"{'':{_NAME}} {'P10':>8} {'P90':>8} {'of P50':>9} {'of P90':>9} {'±':>6}")
    swing, error = found.swing.values / factor, found.mcse_swing.values / factor
    widest = float(np.max(np.abs(swing[:, 1]), initial=0.0))
    still = []
    for row, name in enumerate(map(str, found.input.values)):
        if not swing[row].any():
            still.append(name)
            continue
        ends = ("never", "once") if found.kind.values[row] == "event" else tuple(_short(x) for x in found.held.values[row])
        cells = [_number(s, e) for s, e in zip(swing[row], error[row], strict=True)]
        bar = _bar(abs(swing[row, 1]) / widest if widest else 0.0, "▇" if swing[row, 1] > 0 else "▁")
        line = f"{_name(name)} {ends[0]:>8} {ends[1]:>8} {cells[0]:>9} {cells[1]:>9} {_error(error[row, 1]):>6} {bar}"
        click.echo(line.rstrip())
    click.echo("")
    _say("± is the Monte Carlo error of the swing of P90; ▁ falls where the input rises.")
    _say(_held_units(found, still))
    _list("No swing", still)


def _held_units(found: xr.Dataset, still: Collection[str]) -> str:
    """Return in which units the ends of the bars are, of inputs that have one."""
    units: dict[str, list[str]] = {}
    for name, kind, unit in zip(found.input.values, found.kind.values, found.held_unit.values, strict=True):
        if kind == "input" and unit != "1" and name not in still:
            units.setdefault(str(unit), []).append(str(name))
    told = [f"{unit} ({', '.join(names)})" for unit, names in units.items()]
    return f"Ends are in {'; '.join(told)}." if told else ""


def _rank(found: xr.Dataset) -> None:
    click.echo(f"{'':{_NAME}} {'rank':>7} {'±':>6} {'partial':>8} {'±':>6}")
    reason = next((str(note) for note in found.note.values if note), "")
    quiet = []
    for row, name in enumerate(map(str, found.input.values)):
        if found.note.values[row]:
            quiet.append(name)
            continue
        partial = float(found.partial.values[row])
        cells = [found.spearman.values[row], found.mcse_spearman.values[row], partial, found.mcse_partial.values[row]]
        texts = [_number(cells[0], cells[1]), _error(cells[1]), _number(cells[2], cells[3]), _error(cells[3])]
        bar = _bar(abs(partial), "▇" if partial > 0 else "▁")
        click.echo(f"{_name(name)} {texts[0]:>7} {texts[1]:>6} {texts[2]:>8} {texts[3]:>6} {bar}".rstrip())
    click.echo("")
    _say("partial: all other inputs' ranks held; ▁ is negative; ± is the Monte Carlo error.")
    if len(quiet) < found.sizes["input"]:
        _say(f"Of inputs without effect, {100 * (1.0 - float(found.attrs['confidence'])):.3g} % stand in the table by chance.")
    _list(f"Partial rank correlation {reason}", quiet)


def _sobol(found: xr.Dataset) -> None:
    click.echo(f"{'share of the variance':{_NAME}} {'alone':>7} {'±':>7} {'total':>7} {'±':>7}")
    for row, name in enumerate(map(str, found.input.values)):
        if str(found.note.values[row]) == UNMOVED:
            continue
        names = ("first_order", "mcse_first_order", "total", "mcse_total")
        first, error, total, error_total = (float(found[key].values[row]) for key in names)
        bar = _bar(first, "▇", rest=total - first)
        texts = [_number(first, error), _error(error), _number(total, error_total), _error(error_total)]
        click.echo(f"{_name(name)} {texts[0]:>7} {texts[1]:>7} {texts[2]:>7} {texts[3]:>7} {bar}".rstrip())
    click.echo("")
    _say("alone: first-order Sobol' index; total: with its interactions; ±: Monte Carlo error.")
    _list_notes(found)


def _shapley(found: xr.Dataset) -> None:
    click.echo(f"{'share of the variance':{_NAME}} {'effect':>7} {'±':>7}")
    for row, name in enumerate(map(str, found.input.values)):
        if str(found.note.values[row]) == UNMOVED:
            continue
        value, error = float(found.effect.values[row]), float(found.mcse.values[row])
        click.echo(f"{_name(name)} {_number(value, error):>7} {_error(error):>7} {_bar(value, '▇')}".rstrip())
    click.echo("")
    _say("Shapley effects sum to 1; ± is the Monte Carlo error.")
    _list_notes(found)


def _split(found: xr.Dataset) -> None:
    factor, unit = scale(str(found.sd.attrs["units"]), str(found.attrs["output"]), float(found.sd))
    sd = _with_error(float(found.sd) / factor, float(found.mcse_sd) / factor)
    click.echo(f"Standard deviation {' '.join(part for part in (sd, unit) if part)}; of the variance")
    click.echo("")
    words = {"knowable": "could be known before", "luck": "is luck", "interaction": "depends on both at once"}
    for row, part in enumerate(map(str, found.part.values)):
        value, error = float(found.share.values[row]), float(found.mcse.values[row])
        click.echo(f"{words[part]:28} {_number(value, error):>8} ± {_error(error):<7} {_bar(value, '▇')}".rstrip())
    click.echo("")
    luck = str(found.streams.values[1])
    _list("Luck", luck.split(", ") if luck else ["none is played"])


def _list_notes(found: xr.Dataset) -> None:
    """Print what cannot be told, each reason with the inputs that it is about."""
    for reason in dict.fromkeys(str(note) for note in found.note.values if note):
        _list(
            reason[0].upper() + reason[1:], [str(n) for n, own in zip(found.input.values, found.note.values, strict=True) if own == reason]
        )


def _list(head: str, names: list[str]) -> None:
    if names:
        _say(f"{head}: {', '.join(names)}.")


def _say(text: str) -> None:
    """Print a sentence; nothing where there is none."""
    if text:
        say(text)


def _name(name: str) -> str:
    return f"{name if len(name) <= _NAME else name[: _NAME - 1] + '…':{_NAME}}"


def _short(x: float) -> str:
    return f"{x:.3g}"


def _error(error: float) -> str:
    """Return a Monte Carlo error to one digit, a dash where there is none."""
    return "-" if math.isnan(error) else _number(error, error)


def _number(value: float, error: float) -> str:
    """Return a number rounded to its Monte Carlo error; one that vanishes in rounding has no sign."""
    text = rounded(round(value, 12), error)
    return text if text.strip("-0.") else text.lstrip("-")


def _with_error(value: float, error: float) -> str:
    return f"{_number(value, error)} ± {_error(error)}"


def _bar(share: float, mark: str, *, rest: float = 0.0) -> str:
    """Return a bar as long as a share of _BAR columns, and after it a lighter one for a rest."""
    full = round(_BAR * min(max(share, 0.0), 1.0))
    return mark * full + "░" * (round(_BAR * min(max(share + rest, 0.0), 1.0)) - full)
