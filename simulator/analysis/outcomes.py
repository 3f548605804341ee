"""What limits are compared with and how likely they are exceeded, of draws that are kept or counted."""

from __future__ import annotations

import xarray as xr

from simulator.analysis.chances import LIMITS, limits_exceeded, outcome
from simulator.analysis.columns import column
from simulator.analysis.counted.sketch_rows import SketchRows, is_counted
from simulator.analysis.estimates import Estimate
from simulator.analysis.samples import Sample, sample_of
from simulator.analysis.statistic import likely
from simulator.errors import InputError


def outcome_samples(results: xr.Dataset) -> dict[str, Sample]:
    """Return by limit the draws that it is compared with; see :func:`simulator.analysis.chances.outcome`.

    Parameters
    ----------
    results : xarray.Dataset
        What :func:`simulator.simulate` returns, or :func:`simulator.simulate_bands`.
    """
    if is_counted(results):
        rows, places = SketchRows.of_bands(results), results.outcome_row
        return {name: rows.sample(int(places.sel(outcome=name))) for name in LIMITS}
    return {name: sample_of(results, outcome(results, name)) for name in LIMITS}


def output_sample(results: xr.Dataset, output: str) -> Sample:
    """Return the draws of an output; where a limit may bound it, those that the limit is compared with.

    Parameters
    ----------
    results : xarray.Dataset
        Draws or bands.
    output : str
        As the bands name it.

    Raises
    ------
    InputError
        An output that is not there.
    """
    limit = next((name for name, bounded in LIMITS.items() if bounded == output), None)
    if not is_counted(results):
        values = column(results, output).values
        return sample_of(results, values if limit is None else outcome(results, limit))
    names = [str(name) for name in results.output.values]
    if output not in names:
        raise InputError(f"{output or 'an empty name'} is not an output of these results; {likely(output, names)}")
    place = results.sketch_row.values[names.index(output)] if limit is None else results.outcome_row.sel(outcome=limit)
    return SketchRows.of_bands(results).sample(int(place))


def exceeded(results: xr.Dataset, sample: Sample, name: str, limit: float) -> tuple[Estimate, float]:
    """Return how likely a limit is exceeded, and by how much bins may make that wrong: the scenario's own limits are counted themselves.

    Parameters
    ----------
    results : xarray.Dataset
        Draws or bands.
    sample : Sample
        Of what the limit is compared with.
    name : {"budget", "deadline", "carbon_cap"}
    limit : float
        In the canonical unit of its output; NaN where none is stated, of which the chance is NaN.
    """
    if sample.counted:
        own, chance_of = limits_exceeded(results).get(name, (None, None))
        if chance_of is not None and limit == own:
            return chance_of, 0.0
    return sample.chance_above(limit)
