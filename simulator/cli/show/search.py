"""What a search found, as a table and in words."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.table import Table

from simulator.analysis.notes import percentage
from simulator.analysis.search.search import Budget
from simulator.analysis.words import rounded, scale
from simulator.cli.show.page import page

_ROWS = 12  # candidates of the table
_SURE = 0.99  # probability of keeping a limit from which on no noise is told


def budget_in_words(budget: Budget) -> str:
    """Return what a search simulates at most."""
    return (
        f"budget: at most {budget.candidates} candidates, {budget.first} of them at first, on {budget.search_draws} draws each; "
        f"those not clearly worse on {budget.draws} others; {_many(budget.most_draws)} draws at most"
    )


def show_search(found: xr.Dataset) -> None:
    """Print the candidates that are as good, those next to them, and what they tell."""
    with page() as console:
        console.say(f"{found.attrs['scenario']}: least {found.attrs['objective']}, seed {found.attrs['seed']}", style="italic")
        console.print(_table(found))
        if len(_rows(found)) < found.sizes["candidate"]:
            console.say(f"{len(_rows(found))} of {found.sizes['candidate']} candidates; --json and -o hold all.")
        for line in findings(found):
            console.say(line)


def findings(found: xr.Dataset) -> list[str]:
    """Return in sentences what a search found: ranges, limits, the value on fresh draws."""
    best, a = int(found.best), found.attrs
    factor, unit = _scale_of(found)
    told = []
    number, joint = int(found.as_good.sum()), f"{percentage(a['confidence'])} joint confidence, or within {percentage(a['tolerance'])}"
    if bool(found.feasible):
        head = "Nothing else tried is as good" if number == 1 else f"{number} candidates are as good, the best among them"
        unsure = int((found.standing == "limit unsure").sum())
        noise = f"; of {unsure} it is not sure that they keep each limit" if unsure else ""
        told.append(f"{head} ({joint} of the objective){noise}.")
    told += [_range(found, i) for i in range(found.sizes["axis"]) if number]
    if number and found.sizes["axis"] > 1:
        told.append("Not every combination inside these ranges is as good.")
    told += _edges(found)
    value, error = float(found.anew[best]) / factor, float(found.anew_mcse[best]) / factor
    seen = float(found.objective[best]) / factor
    told.append(
        f"{a['objective']} at the {'best' if bool(found.feasible) else 'nearest miss'}, on draws that chose nothing: "
        f"{rounded(value, error)} {unit} (± {error:.1g}); on those that chose it: {rounded(seen, error)}."
    )
    told += [_limit(found, best, k) for k in range(found.sizes["constraint"])]
    safest = int(found.safest)
    if found.sizes["constraint"] and bool(found.feasible) and safest != best:
        told.append(_safest(found, safest))
    if stopped := float(found.stopped[best]):
        told.append(f"{percentage(stopped)} of its runs were stopped at max_wall_clock, and count as infinite.")
    return told


def miss_in_words(found: xr.Dataset) -> str:
    """Return which limits no candidate keeps, and the nearest miss."""
    best = int(found.best)
    missed = [k for k in range(found.sizes["constraint"]) if not float(found.limited[best, k]) < float(found.limit[k])]
    alone = [str(found.constraint.values[k]) for k in missed if not bool((found.limited[:, k] < found.limit[k]).any())]
    which = f"no candidate keeps {' nor '.join(alone)}" if alone else "no candidate keeps all limits together"
    near = "; ".join(f"{_statistic(found, k)} is {_value(found, best, k)}" for k in missed)
    noise = int(found.as_good.sum())
    within = f"; {noise} candidates are within noise of the limits" if noise else ""
    return f"{which}. The nearest miss is {_settings(found, best)}: {near}{within}"


def _table(found: xr.Dataset) -> Table:
    """Return the candidates as a table whose heads may be broken, and whose cells are not; of limits the least sure one is shown."""
    factor, unit = _scale_of(found)
    units = [
        str(axis_unit) if _is_number(str(setting)) else ""
        for axis_unit, setting in zip(found.axis_unit.values, found.setting.values[0], strict=True)
    ]
    names = [str(axis).rpartition(".")[2].replace("_", " ") for axis in found.axis.values]
    heads = [f"{name} [{axis_unit}]" if axis_unit not in ("", "1") else name for name, axis_unit in zip(names, units, strict=True)]
    heads += [unit, "above best", *(["limits kept"] if found.sizes["constraint"] else []), ""]
    best, shown = int(found.best), _rows(found)
    rows = [_cells(found, at, factor) for at in shown]
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for place, head in enumerate(heads):
        table.add_column(
            head,
            justify="right" if head else "left",
            overflow="fold",
            no_wrap=head in ("above best", ""),
            min_width=max(len(row[place]) for row in rows),
        )
    for at, row in zip(shown, rows, strict=True):
        table.add_row(*row, style="bold" if at == best else None)
    return table


def _cells(found: xr.Dataset, at: int, factor: float) -> list[str]:
    """Return one row of the table."""
    value, error = float(found.objective[at]) / factor, float(found.objective_mcse[at]) / factor
    more, noise = float(found.difference[at]) / factor, float(found.difference_mcse[at]) / factor
    return [
        *(_short(str(setting)) for setting in found.setting.values[at]),
        rounded(value, error) if bool(found.judged[at]) else "",  # other draws: not to be compared
        "" if at == int(found.best) else f"{rounded(more, noise)} ± {noise:.1g}",
        *(
            [_chance(float(found.holds[at].min(skipna=False))).replace("more than", ">").replace("less than", "<")]
            if found.sizes["constraint"]
            else []
        ),
        str(found.standing.values[at]),
    ]


def _rows(found: xr.Dataset) -> list[int]:
    """Return the candidates to show, in the order of their settings: the best, the safest, those as good and the next ones by objective."""
    standing = found.standing.values
    first = [int(found.best), *([int(found.safest)] if int(found.safest) >= 0 else [])]
    kept = np.flatnonzero([not text.startswith("not compared") for text in standing])
    rank = {"as good": 0, "limit unsure": 0, "worse": 1, "over a limit": 1}
    order = sorted(kept.tolist(), key=lambda at: (rank.get(standing[at], 2), abs(float(found.difference[at]))))
    return sorted(dict.fromkeys([*first, *order][: _ROWS + 2]))[: _ROWS + 2]


def _range(found: xr.Dataset, i: int) -> str:
    """Return the settings that are as good along an axis."""
    name = str(found.axis.values[i])
    if not bool(found.ordered.values[i]):
        rows = zip(found.setting.values[:, i], found.as_good.values, strict=True)
        return f"As good: {name} {', '.join(dict.fromkeys(str(setting) for setting, good in rows if good))}."
    low, high = (_amount(found, i, str(found[end].values[i])) for end in ("lowest", "highest"))
    outside = [_amount(found, i, str(found[end].values[i])) for end in ("below", "above") if str(found[end].values[i])]
    are = "was tried next to it and is not" if len(outside) == 1 else "were tried next to it and are not"
    where = f"{low} to {high}" if low != high else f"{low} alone"
    if holes := _holes(found, i):
        where += f" without {', '.join(holes)}"
    return f"As good: {name} {where}" + (f"; {' and '.join(outside)} {are}." if outside else ".")


def _holes(found: xr.Dataset, i: int) -> list[str]:
    """Return settings between those that are as good along an axis of which no candidate is."""
    numbers, good = found.number.values[:, i], found.as_good.values
    inside = (numbers > numbers[good].min()) & (numbers < numbers[good].max()) & ~np.isin(numbers, numbers[good])
    return [_amount(found, i, str(setting)) for setting in dict.fromkeys(found.setting.values[inside, i])]


def _edges(found: xr.Dataset) -> list[str]:
    """Tell where the best lies at an end of what was searched, and what changes nothing."""
    told = []
    for i, axis in enumerate(found.axis.values):
        if not bool(found.matters.values[i]):
            told.append(f"{axis} changes nothing: every setting gives the same draws.")
            continue
        if not bool(found.ordered.values[i]):
            continue
        numbers, own = found.number.values[:, i], float(found.number[int(found.best), i])
        ends = [word for word, end in (("lower", numbers.min()), ("upper", numbers.max())) if own == end]
        if ends:
            told.append(f"The best lies at the {ends[0]} end of {axis}: a wider range may hold a better one.")
        beyond = [word for word, end in (("lower", "below"), ("upper", "above")) if not str(found[end].values[i]) and word not in ends]
        if beyond and bool(found.as_good.any()):
            told.append(f"What is as good reaches the {' and the '.join(beyond)} end of {axis}: it may go on beyond.")
    return told


def _limit(found: xr.Dataset, at: int, k: int) -> str:
    """Return how surely a candidate keeps a limit."""
    chance = float(found.holds[at, k])
    noise = "" if chance > _SURE or chance < 1.0 - _SURE else ": within noise of the limit"
    return f"{_statistic(found, k)} there is {_value(found, at, k)}; it keeps the limit with a probability of {_chance(chance)}{noise}."


def _safest(found: xr.Dataset, safest: int) -> str:
    """Return the best candidate that surely keeps all limits, and what it costs more."""
    if safest < 0:
        return "No candidate keeps all limits beyond noise."
    factor, unit = _scale_of(found)
    more, error = float(found.difference[safest]) / factor, float(found.difference_mcse[safest]) / factor
    return f"The best that surely keeps all limits is {_settings(found, safest)}: {rounded(more, error)} {unit} (± {error:.1g}) more."


def _scale_of(found: xr.Dataset) -> tuple[float, str]:
    return scale(str(found.objective.attrs["units"]), found.attrs["output"], float(found.objective[int(found.best)]))


def _statistic(found: xr.Dataset, k: int) -> str:
    return str(found.constraint.values[k]).partition("<")[0].strip()


def _value(found: xr.Dataset, at: int, k: int) -> str:
    """Return a limited statistic with its error and its limit."""
    factor, unit = scale(str(found.limit_unit.values[k]), _statistic(found, k).split()[0], float(found.limit[k]))
    value, error, limit = (float(x) / factor for x in (found.limited[at, k], found.limited_mcse[at, k], found.limit[k]))
    return f"{rounded(value, error)} ± {error:.1g} of {limit:g} {unit}".rstrip()


def _settings(found: xr.Dataset, at: int) -> str:
    return ", ".join(f"{axis} {_amount(found, i, str(found.setting.values[at, i]))}" for i, axis in enumerate(found.axis.values))


def _amount(found: xr.Dataset, i: int, setting: str) -> str:
    """Return a setting with its unit where it is a bare number."""
    unit = str(found.axis_unit.values[i])
    return f"{_short(setting)} {unit}" if unit not in ("", "1") and _is_number(setting) else _short(setting)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _short(setting: str) -> str:
    """Return a setting with four digits where it is a number with more."""
    return f"{float(setting):.4g}" if _is_number(setting) and "." in setting else setting


def _chance(chance: float) -> str:
    return "-" if math.isnan(chance) else percentage(chance)


def _many(draws: int) -> str:
    return f"{draws:,}".replace(",", " ")
