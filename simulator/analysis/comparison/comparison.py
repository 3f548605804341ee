"""Scenarios on common random numbers: the same futures of each, as one dataset."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr

from simulator.analysis.comparison.pairing import pair
from simulator.engine import after, numbers_of, simulate
from simulator.errors import InputError
from simulator.plan import SamplingPlan
from simulator.room import require_memory
from simulator.scenario import Resolved, Scenario, resolve

#: parts of a sum, of which one that a scenario does not have is nought
SUMS = ("cost", "emissions")
_COPIES = 2.2  # of the draws of all scenarios: alone, and side by side
#: attributes that all scenarios of a comparison have alike
SHARED = ("schema", "draws", "seed", "plan", "replicates", "device", "version", "versions")


def compare(
    scenarios: Mapping[str, Scenario],
    plan: SamplingPlan | None = None,
    *,
    progress: Callable[[int], None] | None = None,
) -> xr.Dataset:
    """Draw the same futures of several scenarios.

    Draw i of every scenario has the same random numbers for all that has the same name (an input, failures, hourly weather), so that
    only what the scenarios state otherwise makes a draw differ. The attributes tell which streams are shared and which are not.

    Parameters
    ----------
    scenarios : mapping of str to Scenario
        At least two, by the name that each has in the result; the first is the base.
    plan : SamplingPlan, optional
        100 000 random draws from seed 0 where left out.
    progress : callable, optional
        Called with the number of draws done, of all scenarios together.

    Returns
    -------
    xarray.Dataset
        Outputs by (scenario, draw) that all scenarios have, ``cost`` and ``emissions`` by component besides, nought for one that a scenario
        does not have; drawn inputs, NaN where a scenario does not have one. ``results.sel(scenario=NAME)`` is read as one scenario is.
        The attribute ``scenarios`` holds each one's hash and config, ``pairing`` what each shares with the base and what differs, as JSON.

    Raises
    ------
    ConfigError
        Where a scenario lacks an input.
    InputError
        For fewer than two scenarios.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario
    >>> texts = {"as planned": [], "at 4 USD": ["rental_price=4"]}
    >>> scenarios = {name: load_scenario("configs/quickstart.yaml", overrides=text) for name, text in texts.items()}
    >>> both = compare(scenarios, SamplingPlan(draws=500))
    >>> bool((both.emissions_total[0] == both.emissions_total[1]).all()), both.cost_total.dims
    (True, ('scenario', 'draw'))
    """
    if len(scenarios) < 2:
        raise InputError(f"{len(scenarios)} scenario cannot be compared; state two or more")
    plan = plan or SamplingPlan()
    resolved = {name: resolve(scenario) for name, scenario in scenarios.items()}
    numbers = sum(numbers_of(each) for each in resolved.values())
    require_memory(plan.draws, numbers, _COPIES, way_out="compare fewer at a time")
    parts = []
    for place, scenario in enumerate(scenarios.values()):
        tell = after(progress, place * plan.draws)
        parts.append(simulate(scenario, plan, progress=tell))
    return _together(parts, resolved)


def joined(parts: Sequence[xr.Dataset], names: Sequence[str]) -> xr.Dataset:
    """Return the draws of several scenarios, which may be none, as one dataset; its attributes are those that all have."""
    kept = [part[[name for name in part.data_vars if _is_kept(str(name), parts)]] for part in parts]
    return xr.concat(
        kept,
        xr.Variable("scenario", np.array(names, dtype=object), {"long_name": "name of the scenario"}),
        data_vars="all",
        coords="minimal",
        compat="override",
        join="outer",
        fill_value={name: 0.0 if name in SUMS else np.nan for part in kept for name in part.data_vars},
        combine_attrs="drop_conflicts",
    )


def _together(parts: Sequence[xr.Dataset], resolved: Mapping[str, Resolved]) -> xr.Dataset:
    """Return the draws of several scenarios as one dataset, with what they are and share."""
    base, *others = resolved.values()
    pairing = {name: pair(base, other) for name, other in zip(list(resolved)[1:], others, strict=True)}
    return joined(parts, list(resolved)).assign_attrs(
        {name: parts[0].attrs[name] for name in SHARED if name in parts[0].attrs},
        scenario=", ".join(resolved),
        scenarios=scenarios_json(parts, list(resolved)),
        pairing=json.dumps({name: found.as_data() for name, found in pairing.items()}, ensure_ascii=False),
    )


def _is_kept(name: str, parts: Sequence[xr.Dataset]) -> bool:
    """Return whether a variable stands in a comparison: what all put out by draw, sums by component, and inputs."""
    having = [part[name] for part in parts if name in part]
    if having[0].attrs["role"] == "input":
        return all(array.attrs["role"] == "input" for array in having)
    return len(having) == len(parts) and (name in SUMS or all(array.dims == ("draw",) for array in having))


def scenarios_json(parts: Sequence[xr.Dataset], names: Sequence[str]) -> str:
    """Return the provenance of each scenario by its name, as JSON."""
    told = {
        name: {"hash": part.attrs["scenario_hash"]} | {key: part.attrs[key] for key in ("config", "levers", "limits")}
        for name, part in zip(names, parts, strict=True)
    }
    return json.dumps(told, ensure_ascii=False)
