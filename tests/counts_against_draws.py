"""What bands tell of risk against the draws that were counted in them: every statistic within the errors that are told."""

from __future__ import annotations

import json

import numpy as np

from simulator import budget_risk
from simulator.analysis.outcomes import outcome_samples
from simulator.kernels.tally import BIN_WIDTH, COARSE

ROUNDING = 1e-12  # relative, of what is worked out in another order


def alike(told, exact, within=0.0):
    """Hold numbers to those of the draws, NaN and infinities in the same places."""
    told, exact, within = np.broadcast_arrays(np.asarray(told, float), np.asarray(exact, float), np.asarray(within, float))
    np.testing.assert_array_equal(np.isnan(told), np.isnan(exact))
    finite = np.isfinite(exact)
    np.testing.assert_array_equal(told[~finite], exact[~finite])
    far = np.abs(told[finite] - exact[finite]) - ROUNDING * np.abs(exact[finite]) - within[finite]
    assert np.all(far <= 0), far.max()


def assert_risk_is_that_of_the_draws(bands, results, limits, levels=(0.2, 0.8, 0.99)):
    told, exact = (budget_risk(one, limits, levels=levels) for one in (bands, results))
    own = json.loads(bands.attrs["limits"])
    for name in ("limit_value", "value_at_risk_ci_level"):
        np.testing.assert_array_equal(told[name], exact[name])
    for name, error in (
        ("probability_exceeded", told.bin_error_exceeded),
        ("p50", told.p50_bin_error),
        ("value_at_risk", told.value_at_risk_bin_error),
        ("cvar", told.cvar_bin_error),
        ("contingency", told.p50_bin_error + told.value_at_risk_bin_error),
    ):
        alike(told[name], exact[name], error)
    for name, limit in limits.items():
        if own.get(name) == limit:
            assert told.bin_error_exceeded.sel(limit=name) == 0.0
    # errors and ends of intervals are those of other places among the draws, of replicates in coarse bins
    width = BIN_WIDTH * (1 if bands.attrs["plan"] == "random" else COARSE)
    for name in ("p50", "value_at_risk", "cvar", "contingency"):
        alike(
            told[f"{name}_mcse"], exact[f"{name}_mcse"], 0.1 * exact[f"{name}_mcse"] + 2 * width * np.abs(exact.value_at_risk.max("level"))
        )
    for name in ("value_at_risk_ci", "cvar_ci"):
        alike(told[name], exact[name], 4 * width * np.abs(exact[name]))
    alike(told.mcse_exceeded, exact.mcse_exceeded, 0.1 * exact.mcse_exceeded + 2 * BIN_WIDTH)
    np.testing.assert_array_equal(told.note, exact.note)
    assert_curves_are_shares_of_the_draws(told, results)
    return told, exact


def assert_curves_are_shares_of_the_draws(told, results):
    for name, sample in outcome_samples(results).items():
        one = told.sel(limit=name)
        if not sample.missing:
            hits, _ = sample.ordered.above(one.curve_value.values)
            alike(one.curve_exceeded, hits / sample.draws, one.curve_bin_error)
            assert np.all(one.curve_bin_error < 0.01)
