"""The fit of a zone recovers what made its history; its check tells a wrong fit from a right one."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.signal import lfilter
from statistics_helpers import assert_within_mcse

from simulator.errors import InputError
from simulator.fitting import check, fit
from simulator.fitting.check import check_fit, out_of_sample
from simulator.fitting.fit import fit_zone
from simulator.series.read import HourlySeries
from simulator.stochastic.zone import HOURS_PER_YEAR, SEASONAL_TERMS, HourlyLaw, Zone, local_clock, seasonal_design, stationary_quantile

FIRST = 464592  # 2023-01-01T00:00Z
YEAR = np.arange(FIRST, FIRST + 8760)
CLOCK = "Europe/Berlin"


def law(unit, season, residual_sd, fast_weight, scores, values):
    """A law whose scores have mean 0 and variance 1 over the year, which is how the fit states its own."""
    coefficients = np.zeros(len(SEASONAL_TERMS))
    for term, value in season.items():
        coefficients[SEASONAL_TERMS.index(term)] = value
    mean = seasonal_design(YEAR, CLOCK) @ coefficients
    scale = np.sqrt(np.var(mean) + residual_sd**2)
    coefficients[0] -= np.mean(mean)
    return HourlyLaw(unit, tuple(coefficients / scale), residual_sd / scale, fast_weight, tuple(scores), tuple(values))


PRICE = law(
    "EUR/MWh", {"cos day/1": -0.3, "sin day/2": -0.4, "cos year/1": 0.4, "weekend": -0.5, "cos day/1 * cos year/1": 0.2}, 0.7, 0.4,
    [-4.0, -2.0, -1.7, -1.5, 0.0, 1.5, 2.5, 4.0], [-200.0, -10.0, 0.0, 0.0, 60.0, 120.0, 220.0, 500.0],
)  # fmt: skip
CARBON = law("gCO2e/kWh", {"sin day/1": 0.3, "cos year/1": 0.5}, 0.8, 0.2, [-3.0, 0.0, 3.0], [80.0, 320.0, 650.0])
TRUTH = Zone("truth", CLOCK, 4.0, 60.0, 0.5, 0.85, PRICE, CARBON)


def numpy_sample(zone, hours, draws, rng):
    """Price and carbon intensity, shape (draws, hours), by recursion: a road of its own to the process."""

    def factor(half_life):
        decay = 2.0 ** (-1.0 / half_life)
        noise = rng.standard_normal((draws, len(hours)))
        noise[:, 1:] *= np.sqrt(1 - decay**2)
        return lfilter([1.0], [1.0, -decay], noise, axis=1)

    fast, slow = [(factor(h), factor(h)) for h in (zone.fast_half_life, zone.slow_half_life)]
    correlations = (zone.fast_correlation, zone.slow_correlation)
    design = seasonal_design(hours, zone.timezone)
    result = []
    for k, law in enumerate((zone.price, zone.carbon)):
        if law is None:
            result.append(None)
            continue
        own = [np.sqrt(1 - r**2) * f[1] + r * f[0] for f, r in zip((fast, slow), correlations, strict=True)]
        parts = (fast[0], slow[0]) if k == 0 else own
        residual = np.sqrt(law.fast_weight) * parts[0] + np.sqrt(1 - law.fast_weight) * parts[1]
        values = np.interp(design @ np.array(law.seasonal) + law.residual_sd * residual, law.scores, law.values)
        if law.spikes_per_year > 0:
            arrivals = rng.poisson(law.spikes_per_year / 8765.82, values.shape)
            sizes = law.spike_mean * rng.gamma(np.maximum(arrivals, 1e-300))
            values += lfilter([1.0], [1.0, -(2.0 ** (-1.0 / law.spike_half_life))], np.where(arrivals > 0, sizes, 0.0), axis=1)
        result.append(values)
    return result


def series(hours, values, unit="EUR/MWh"):
    return HourlySeries(hours, values, unit, "value", "test.csv", ())


def history(zone, hours, seed):
    price, carbon = numpy_sample(zone, hours, 1, np.random.default_rng(seed))
    return series(hours, price[0]), series(hours, carbon[0], "gCO2e/kWh")


@pytest.fixture(scope="module")
def year():
    return history(TRUTH, YEAR, 100)


@pytest.fixture(scope="module")
def fitted(year):
    return fit_zone(*year, name="test", timezone=CLOCK)


def part(of, chosen):
    return replace(of, hours=of.hours[chosen], values=of.values[chosen])


FAST_CORRELATION = 6  # among the parameters


def parameters(zone, hours):
    """Every parameter of the factors, on scores of variance 1 over the hours, which is how the fit states its own."""
    design = seasonal_design(hours, zone.timezone)
    sds = []
    for law in (zone.price, zone.carbon):
        season = design @ np.array(law.seasonal)
        sds.append(law.residual_sd / np.sqrt(np.var(season) + law.residual_sd**2))
    half_lives = [np.log(zone.fast_half_life), np.log(zone.slow_half_life)]
    return np.array([*half_lives, *sds, zone.price.fast_weight, zone.carbon.fast_weight, zone.fast_correlation, zone.slow_correlation])


def all_hours(hours):
    return hours >= 0


def daytime_with_holes(hours):
    return (local_clock(hours, CLOCK)[0] >= 9) & ((hours - FIRST) % 1000 > 60)


@pytest.fixture
def computed_once(monkeypatch):
    """What a fit derives from the hours alone is kept from one history to the next on the same hours."""
    calendar, expected = fit._Calendar, cache(fit._Expected)
    of_hours = cache(lambda hours, *rest: calendar(np.frombuffer(hours, dtype=YEAR.dtype), *rest))
    monkeypatch.setattr(fit, "_Calendar", lambda hours, *rest: of_hours(hours.tobytes(), *rest))
    monkeypatch.setattr(fit, "_Expected", expected)


@pytest.mark.parametrize("present", [all_hours, daytime_with_holes])
def test_parameters_are_recovered(present, computed_once):
    chosen = present(YEAR)
    estimates = []
    for seed in range(20):  # eight know their own spread to a quarter only: too little to count 4.5 standard errors
        price, carbon = (part(s, chosen) for s in history(TRUTH, YEAR, seed))
        estimates.append(parameters(fit_zone(price, carbon, name="x", timezone=CLOCK), YEAR[chosen]))
    bias = np.abs(np.mean(estimates, axis=0) - parameters(TRUTH, YEAR[chosen]))
    bias[FAST_CORRELATION] = max(bias[FAST_CORRELATION] - 0.04, 0.0)  # moments of one year overstate it by as much
    assert_within_mcse(bias, 0.0, np.std(estimates, axis=0, ddof=1) / math.sqrt(len(estimates)))


def test_expected_products_are_those_of_dense_matrices():
    hours = np.arange(FIRST, FIRST + 600)
    calendars = []
    for keep in (lambda h: (h % 7 != 0) & (np.abs(h - 300) > 40), lambda h: h % 11 != 3):
        calendars.append(fit._Calendar(hours[keep(np.arange(600))], CLOCK, FIRST, 600))
    a, b = calendars
    expected, own = fit._Expected(a, b, 150), fit._Expected(a, a, 150)
    for k in (8, 60):  # of the half-lives that are computed, not interpolated
        rho = 2.0 ** (-np.abs(a.at[:, None] - b.at[None, :]) / fit._HALF_LIVES[k])
        residual = rho - a.basis @ (a.basis.T @ rho)
        residual = residual - (residual @ b.basis) @ b.basis.T
        lag = np.abs(a.at[:, None] - b.at[None, :])
        for n, (low, high) in enumerate([(0, 1), (1, 2), (2, 3), (3, 5), (5, 9), (9, 17), (17, 33), (33, 65), (65, 129), (129, 151)]):
            inside = (lag >= low) & (lag < high)
            weight = np.where(lag == 0, 1.0, 0.5)[inside]  # of t + k and t - k half each
            assert expected.counts[n] == pytest.approx(max(round(np.sum(weight)), 1), abs=1)
            assert expected.products[k, n] * expected.counts[n] == pytest.approx(np.sum(weight * residual[inside]), abs=1e-7)
        same = 2.0 ** (-np.abs(a.at[:, None] - a.at[None, :]) / fit._HALF_LIVES[k])
        assert own.noise[k] == pytest.approx(np.diag(a.basis.T @ same @ a.basis), abs=1e-9)


def test_the_distribution_is_the_historys(year, fitted):
    for s, law in zip(year, (fitted.price, fitted.carbon), strict=True):
        season = seasonal_design(s.hours, CLOCK) @ np.array(law.seasonal)
        sd = np.std(s.values)
        for share in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99):
            assert stationary_quantile(law, season, share) == pytest.approx(np.quantile(s.values, share), abs=0.02 * sd)
        moments = fit.hermite(law, season)
        assert np.mean(moments[0]) == pytest.approx(np.mean(s.values), abs=0.003 * sd)
        variance = np.sum(np.mean(moments**2, axis=1)) - np.mean(moments[0]) ** 2
        assert np.sqrt(variance) == pytest.approx(sd, rel=0.01)
        assert len(law.scores) <= 48
        assert np.min(np.diff(law.scores)) > 0.9e-3
        assert np.all(np.diff(law.values) >= 0)
        assert (law.values[0], law.values[-1]) == (np.min(s.values), np.max(s.values))


def test_ties_at_zero_survive(year, fitted):
    values, zone = year[0].values, fitted.price
    season = seasonal_design(YEAR, CLOCK) @ np.array(zone.seasonal)
    share = np.mean(values == 0)
    assert share > 0.015
    below = np.mean(values < 0)
    for inside in (0.02, 0.5, 0.98):
        assert stationary_quantile(zone, season, below + inside * share) == pytest.approx(0.0, abs=0.05)
    assert stationary_quantile(zone, season, below - 0.002) < 0 < stationary_quantile(zone, season, below + share + 0.002)


def test_price_and_carbon_alone(year, fitted):
    price, carbon = fit_zone(year[0], None, name="p", timezone=CLOCK), fit_zone(None, year[1], name="c", timezone=CLOCK)
    assert price.carbon is None
    assert carbon.price is None
    assert (price.price.unit, carbon.carbon.unit, price.name) == ("EUR/MWh", "gCO2e/kWh", "p")
    for alone, both in ((price.price, fitted.price), (carbon.carbon, fitted.carbon)):  # factors are shared: not the same fit
        assert alone.residual_sd == pytest.approx(both.residual_sd, rel=0.1)
    for zone, given in ((price, (year[0], None)), (carbon, (None, year[1]))):
        assert check_fit(zone, *given, years=50).ok


def test_each_series_is_used_in_full(year):
    price, carbon = part(year[0], YEAR < FIRST + 6000), part(year[1], YEAR >= FIRST + 2000)
    zone = fit_zone(price, carbon, name="x", timezone=CLOCK)
    assert (zone.price.values[0], zone.carbon.values[-1]) == (np.min(price.values), np.max(carbon.values))
    assert check_fit(zone, price, carbon, years=50).ok


def test_a_month_has_no_annual_terms(year):
    price, carbon = (part(s, YEAR < FIRST + 744) for s in year)
    zone = fit_zone(price, carbon, name="x", timezone=CLOCK)
    coefficients = dict(zip(SEASONAL_TERMS, zone.price.seasonal, strict=True))
    assert all((value == 0) == ("year" in term) for term, value in coefficients.items())
    result = check_fit(zone, price, carbon, years=20)
    # months in twenty years, or in four times as many
    assert result.replicates in [math.ceil(years * HOURS_PER_YEAR / len(price.hours)) for years in (20, 80)]
    assert result.ok
    assert "sd of 30-day means" not in {row.statistic for row in result.rows}


def test_what_cannot_be_fitted(year):
    price, carbon = year
    with pytest.raises(InputError, match="needs a history"):
        fit_zone(None, None, name="x", timezone=CLOCK)
    with pytest.raises(InputError, match="has 200 hours"):
        fit_zone(part(price, YEAR < FIRST + 200), None, name="x", timezone=CLOCK)
    with pytest.raises(InputError, match="is 5 in every hour"):
        fit_zone(series(YEAR, np.full(8760, 5.0)), None, name="x", timezone=CLOCK)
    with pytest.raises(InputError, match="share 0 hours"):
        fit_zone(part(price, YEAR < FIRST + 4000), part(carbon, YEAR > FIRST + 4000), name="x", timezone=CLOCK)


def test_raw_correlation_by_quadrature_and_by_simulation(year, fitted):
    seen = np.corrcoef(year[0].values, year[1].values)[0, 1]
    price, carbon = numpy_sample(fitted, YEAR, 60, np.random.default_rng(5))
    each = [np.corrcoef(p, c)[0, 1] for p, c in zip(price, carbon, strict=True)]
    together = np.corrcoef(price.ravel(), carbon.ravel())[0, 1]
    assert_within_mcse(together, seen, np.std(each, ddof=1) / np.sqrt(60))


SPIKY = replace(TRUTH, price=replace(PRICE, spikes_per_year=60.0, spike_mean=1500.0, spike_half_life=1.5), carbon=None)


def test_spikes_are_found_where_they_are(fitted):
    assert fitted.price.spikes_per_year == 0
    zones = []
    for seed in (1, 2, 3):
        price = series(YEAR, numpy_sample(SPIKY, YEAR, 1, np.random.default_rng(seed))[0][0])
        zones.append(fit_zone(price, None, name="x", timezone=CLOCK))
        result = check_fit(zones[-1], price, None, years=100)
        assert result.ok
        # without spikes the distribution is as good, but dear hours last longer: 0.8 against 0.65
        row = next(r for r in result.rows if r.statistic == "autocorrelation at 1 h")
        assert row.simulated == pytest.approx(row.data, abs=0.05)
    # sixty spikes of exponential size tell their number to 13 % and their second moment to 29 % a year
    found = np.mean([(z.price.spikes_per_year, z.price.spike_half_life) for z in zones], axis=0)
    assert found == pytest.approx([60.0, 1.5], rel=0.3)
    variance = np.mean([fit.spike_variance(z.price) for z in zones])
    assert variance == pytest.approx(fit.spike_variance(SPIKY.price), rel=0.5)


def test_the_check_passes_by_another_sampler(year, fitted, monkeypatch):
    ours = check_fit(fitted, *year, years=100)
    assert ours.ok, ours.failures

    def another(zone, first, hours, *, draws, seed):
        return numpy_sample(zone, np.arange(first, first + hours), draws, np.random.default_rng(seed))

    monkeypatch.setattr(check, "sample_hours", another)
    theirs = check_fit(fitted, *year, years=100)
    for a, b in zip(ours.rows, theirs.rows, strict=True):
        assert (a.quantity, a.statistic, a.data) == (b.quantity, b.statistic, b.data)
        assert_within_mcse(a.simulated, b.simulated, np.hypot(a.mcse, b.mcse))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda z: replace(z, fast_correlation=-0.5, slow_correlation=-0.5), {"correlation"}),
        (lambda z: replace(z, price=replace(z.price, residual_sd=1.4 * z.price.residual_sd)), {"sd", "P1", "P99", "negative share"}),
        (lambda z: replace(z, carbon=replace(z.carbon, values=tuple(1.05 * v for v in z.carbon.values))), {"mean"}),
        (lambda z: replace(z, carbon=replace(z.carbon, seasonal=(0.0,) * 34, residual_sd=1.0, fast_weight=1.0)), {"sd of 30-day means"}),
    ],
    ids=["correlation", "residual sd", "level", "memory"],
)
def test_a_broken_fit_is_reported(change, told, year, fitted):
    result = check_fit(change(fitted), *year, years=50)
    assert not result.ok
    assert told <= {row.statistic for row in result.failures}


def test_statistics_over_gaps():
    hours = np.flatnonzero(np.arange(3000) % 13 != 5)
    hours = hours[(hours < 1000) | (hours > 1100)] + FIRST
    values = np.random.default_rng(0).normal(size=(2, len(hours))).cumsum(axis=1)
    ours = check.autocorrelations(hours, values)
    grid = np.full((2, 3000), np.nan)
    grid[:, hours - FIRST] = values - values.mean(axis=1, keepdims=True)
    for lag in (1, 24, 336):
        products = np.nanmean(grid[:, lag:] * grid[:, :-lag], axis=1)
        assert ours[:, lag] == pytest.approx(products / np.nanmean(grid**2, axis=1))
    windows = [grid[:, at : at + 168] for at in range(0, 3000 - 167, 24)]
    means = [np.nanmean(w, axis=1) for w in windows if np.sum(~np.isnan(w[0])) >= 0.8 * 156]
    assert check.window_sd(hours, values, 168) == pytest.approx(np.std(means, axis=0))


def test_held_out_hours_are_not_seen(year):
    price = year[0]
    weeks = (YEAR - FIRST) // 168 % 4 == 3
    spoilt = replace(price, values=np.where(weeks, 1e4 + YEAR % 7, price.values))
    result, other = (out_of_sample(p, None, name="x", timezone=CLOCK, years=20) for p in (price, spoilt))
    assert result.zone == other.zone
    assert result.held_out == "every fourth week"
    assert result.check.rows[0].data == pytest.approx(np.mean(price.values[weeks]), rel=1e-12)
    assert not other.check.ok
    assert f"of {len(result.check.rows)} statistics" in result.verdict


def test_the_last_of_two_years_is_held_out():
    hours = np.arange(FIRST, FIRST + 17520)
    _, carbon = history(TRUTH, hours, 3)
    result = out_of_sample(None, carbon, name="x", timezone=CLOCK, years=20)
    assert result.held_out == "the last year"
    assert result.check.rows[0].data == pytest.approx(np.mean(carbon.values[8760:]), rel=1e-12)
    assert result.zone == fit_zone(None, part(carbon, hours < FIRST + 8760), name="x", timezone=CLOCK)
