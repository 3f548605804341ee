"""The fit of a zone recovers what made its history; its check tells a wrong fit from a right one."""

import errno
import math
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.signal import lfilter
from statistics_helpers import assert_within_mcse

from simulator.cli import _run
from simulator.errors import InputError
from simulator.fitting import check, fit, memory, season, spikes, windows
from simulator.fitting.check import check_fit
from simulator.fitting.fit import fit_zone
from simulator.fitting.held_out import caveats, out_of_sample
from simulator.fitting.ship import ZONES
from simulator.kernels.hourly import sample_hours
from simulator.plots.save import picture_beside
from simulator.scenario.zones import load_zone, rounded_zone, zone_names
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


@pytest.fixture(scope="module", autouse=True)
def no_search():
    """Most histories here have no spikes, and the search for them takes longer than the fit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "find_spikes", lambda price: [])
        yield


@pytest.fixture(scope="module")
def year():
    return history(TRUTH, YEAR, 100)


@pytest.fixture(scope="module")
def fitted(year):
    return fit_zone(*year, name="test", timezone=CLOCK)


def part(of, chosen):
    return replace(of, hours=of.hours[chosen], values=of.values[chosen])


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


@pytest.mark.parametrize("present", [all_hours, daytime_with_holes])
def test_parameters_are_recovered(present):
    chosen = present(YEAR)
    estimates = []
    for seed in range(4):
        price, carbon = (part(s, chosen) for s in history(TRUTH, YEAR, seed))
        estimates.append(parameters(fit_zone(price, carbon, name="x", timezone=CLOCK), YEAR[chosen]))
    error = np.std(estimates, axis=0, ddof=1) / np.sqrt(len(estimates))
    assert_within_mcse(np.mean(estimates, axis=0), parameters(TRUTH, YEAR[chosen]), error)


def test_expected_products_are_those_of_dense_matrices():
    hours = np.arange(FIRST, FIRST + 600)
    calendars = []
    for keep in (lambda h: (h % 7 != 0) & (np.abs(h - 300) > 40), lambda h: h % 11 != 3):
        calendars.append(season.Calendar(hours[keep(np.arange(600))], CLOCK, FIRST, 600))
    a, b = calendars
    expected, own = season.Expected(a, b, 150), season.Expected(a, a, 150)
    for k in (8, 60):  # of the half-lives that are computed, not interpolated
        rho = 2.0 ** (-np.abs(a.at[:, None] - b.at[None, :]) / season.HALF_LIVES[k])
        residual = rho - a.fitted @ (a.weights.T @ rho)
        residual = residual - (residual @ b.weights) @ b.fitted.T
        lag = np.abs(a.at[:, None] - b.at[None, :])
        for n, (low, high) in enumerate([(0, 1), (1, 2), (2, 3), (3, 5), (5, 9), (9, 17), (17, 33), (33, 65), (65, 129), (129, 151)]):
            inside = (lag >= low) & (lag < high)
            weight = np.where(lag == 0, 1.0, 0.5)[inside]  # of t + k and t - k half each
            assert expected.counts[n] == pytest.approx(max(round(np.sum(weight)), 1), abs=1)
            assert expected.products[k, n] * expected.counts[n] == pytest.approx(np.sum(weight * residual[inside]), abs=1e-7)
        same = 2.0 ** (-np.abs(a.at[:, None] - a.at[None, :]) / season.HALF_LIVES[k])
        assert own.noise[k] == pytest.approx(np.diag(a.weights.T @ same @ a.weights), abs=1e-9)


def test_the_distribution_is_the_historys(year, fitted):
    for s, law in zip(year, (fitted.price, fitted.carbon), strict=True):
        season = seasonal_design(s.hours, CLOCK) @ np.array(law.seasonal)
        sd = np.std(s.values)
        for share in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99):
            assert stationary_quantile(law, season, share) == pytest.approx(np.quantile(s.values, share), abs=0.02 * sd)
        moments = memory.hermite(law, season)
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
        assert check_fit(zone, *given, years=20).ok


def test_each_series_is_used_in_full(year):
    price, carbon = part(year[0], YEAR < FIRST + 6000), part(year[1], YEAR >= FIRST + 2000)
    zone = fit_zone(price, carbon, name="x", timezone=CLOCK)
    assert (zone.price.values[0], zone.carbon.values[-1]) == (np.min(price.values), np.max(carbon.values))
    assert check_fit(zone, price, carbon, years=20).ok


def test_a_month_has_no_annual_terms(year):
    price, carbon = (part(s, YEAR < FIRST + 744) for s in year)
    zone = fit_zone(price, carbon, name="x", timezone=CLOCK)
    coefficients = dict(zip(SEASONAL_TERMS, zone.price.seasonal, strict=True))
    assert all((value == 0) == ("year" in term) for term, value in coefficients.items())
    result = check_fit(zone, price, carbon, years=20)
    assert result.replicates in {math.ceil(more * 20 * HOURS_PER_YEAR / 744) for more in (1, 4, 16)}
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


def test_spikes_are_found_where_they_are(year, monkeypatch):
    monkeypatch.setattr(fit, "find_spikes", spikes.find_spikes)
    assert fit_zone(year[0], None, name="x", timezone=CLOCK).price.spikes_per_year == 0
    zones = []
    for seed in (1, 2):
        price = series(YEAR, numpy_sample(SPIKY, YEAR, 1, np.random.default_rng(seed))[0][0])
        zones.append(fit_zone(price, None, name="x", timezone=CLOCK))
        result = check_fit(zones[-1], price, None, years=20)
        assert result.ok
        # without spikes the distribution is as good, but dear hours last longer: 0.8 against 0.65
        row = next(r for r in result.rows if r.statistic == "autocorrelation at 1 h")
        assert row.simulated == pytest.approx(row.data, abs=0.05)
    # sixty spikes of exponential size tell their number to 13 % and their second moment to 29 % a year
    found = np.mean([(z.price.spikes_per_year, z.price.spike_half_life) for z in zones], axis=0)
    assert found == pytest.approx([60.0, 1.5], rel=0.3)
    variance = np.mean([memory.spike_variance(z.price) for z in zones])
    assert variance == pytest.approx(memory.spike_variance(SPIKY.price), rel=0.5)


def test_the_check_passes_by_another_sampler(year, fitted, monkeypatch):
    ours = check.compare_hours(fitted, *year, seed=0, years=60)
    assert ours.ok, ours.failures

    def another(zone, first, hours, *, draws, seed):
        return numpy_sample(zone, np.arange(first, first + hours), draws, np.random.default_rng(seed))

    monkeypatch.setattr(check, "sample_hours", another)
    theirs = check.compare_hours(fitted, *year, seed=0, years=60)
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
    pieces = [grid[:, at : at + 168] for at in range(0, 3000 - 167, 24)]
    means = [np.nanmean(w, axis=1) for w in pieces if np.sum(~np.isnan(w[0])) >= 0.8 * 156]
    assert windows.window_sd(hours, values, 168) == pytest.approx(np.std(means, axis=0))


def test_held_out_hours_are_not_seen(year):
    price = year[0]
    weeks = (YEAR - FIRST) // 168 % 4 == 3
    spoilt = replace(price, values=np.where(weeks, 1e4 + YEAR % 7, price.values))
    result, other = (out_of_sample(p, None, name="x", timezone=CLOCK, years=20) for p in (price, spoilt))
    assert result.zone == other.zone
    assert result.held_out == "every fourth week"
    assert result.check.rows[0].data == np.mean(price.values[weeks])
    assert not other.check.ok
    assert f"of {len(result.check.rows)} statistics" in result.verdict


def test_the_last_of_two_years_is_held_out():
    hours = np.arange(FIRST, FIRST + 17520)
    _, carbon = history(TRUTH, hours, 3)
    result = out_of_sample(None, carbon, name="x", timezone=CLOCK, years=20)
    assert result.held_out == "the last year"
    assert result.check.rows[0].data == np.mean(carbon.values[8760:])
    assert result.zone == fit_zone(None, part(carbon, hours < FIRST + 8760), name="x", timezone=CLOCK)


def one_law(values, hours=YEAR):
    zone = fit_zone(series(hours, values), None, name="x", timezone=CLOCK)
    return check_fit(zone, series(hours, values), None, years=50)


def test_white_noise_and_a_trend_fail(year):
    rng = np.random.default_rng(1)
    noise = one_law(60 + 20 * rng.standard_normal(8760))
    assert "autocorrelation at 1 h" in {row.statistic for row in noise.failures}
    trend = one_law(50 + 0.01 * np.arange(8760) + rng.standard_normal(8760))
    assert "autocorrelation at 168 h" in {row.statistic for row in trend.failures}


def test_values_remember_as_they_did():
    """Where high values last longer than low ones, scores forget faster than values do."""
    winter = np.cos(2 * np.pi * (YEAR - FIRST) / 8760)
    slow = lfilter([1.0], [1.0, -(2.0 ** (-1 / 60))], np.random.default_rng(9).standard_normal(8760))
    values = np.exp(3.5 + 0.5 * winter + np.where(winter > 0, 0.05, 0.004) * slow + 0.1 * np.random.default_rng(3).standard_normal(8760))
    carbon = series(YEAR, values, "gCO2e/kWh")
    result = check_fit(fit_zone(None, carbon, name="x", timezone=CLOCK), None, carbon, years=50)
    for row in result.rows:
        if row.statistic.startswith("autocorrelation"):
            assert row.simulated == pytest.approx(row.data, abs=0.07)


@pytest.fixture(scope="module")
def daytime(year):
    """A year of hours 9 to 23 of the local day, and the zone fitted to it."""
    seen = local_clock(YEAR, CLOCK)[0] >= 9
    price = part(year[0], seen)
    return price, fit_zone(price, None, name="x", timezone=CLOCK)


def test_unseen_hours_are_held_between_those_around(daytime):
    price, zone = daytime
    assert season.unseen_hours(price.hours, CLOCK) == tuple(range(9))
    scores = seasonal_design(YEAR, CLOCK) @ np.array(zone.price.seasonal)
    hour, weekday, _ = local_clock(YEAR, CLOCK)
    months = np.arange(len(YEAR)) // 730
    for month in range(12):
        for weekend in (False, True):
            days = (months == month) & ((weekday >= 5) == weekend)
            by_hour = np.array([np.mean(scores[days & (hour == h)]) for h in range(24)])
            around = by_hour[[23, 9]]
            # four harmonics follow a straight night to a tenth of the day's own range
            slack = 0.2 * np.ptp(by_hour[9:])
            assert np.all(by_hour[:9] <= np.max(around) + slack)
            assert np.all(by_hour[:9] >= np.min(around) - slack)


def test_what_a_zone_is_to_be_read_with(daytime, year):
    price, _ = daytime
    short = part(year[1], YEAR < FIRST + 4000)
    good = out_of_sample(year[0], year[1], name="x", timezone=CLOCK, years=20)
    told = caveats(price, short, CLOCK, good)
    assert "price never observed at local hours 0 to 8" in told[0]
    assert "carbon intensity of 167 days" in told[1]
    assert "seasons not seen" in told[1]
    assert caveats(*year, CLOCK, good) == ()
    assert "this zone describes other weeks" in good.verdict
    weeks = (YEAR - FIRST) // 168 % 4 == 3
    spoilt = replace(year[0], values=np.where(weeks, 300 + 0.2 * year[0].values, year[0].values))
    bad = out_of_sample(spoilt, None, name="x", timezone=CLOCK, years=20)
    assert "this zone does not describe other weeks" in bad.verdict
    assert bad.verdict in caveats(spoilt, None, CLOCK, bad)[-1]


@pytest.mark.parametrize("name", zone_names())
def test_shipped_files_are_of_this_code(name):
    file = load_zone(name)
    zone, about = file.zone, file.about
    assert about["version"] == version("training-risk-simulator")
    assert about["command"] == f"python -m simulator.fitting.ship DATA_FOLDER {name}"
    assert name in ZONES
    assert about["check"] == "passed"
    assert season.HALF_LIVES[0] <= zone.fast_half_life <= memory.SLOWEST_FAST
    assert memory.APART * zone.fast_half_life <= zone.slow_half_life <= season.SLOWEST * (1 + 1e-5)
    assert zone == rounded_zone(zone)
    span = np.arange(FIRST, FIRST + 8760)
    price, carbon = sample_hours(zone, FIRST, 8760, draws=60, seed=3)
    figures = about["history_and_simulation"]
    for quantity, values, law in (("price", price, zone.price), ("carbon", carbon, zone.carbon)):
        if law is None:
            continue
        assert len(law.scores) <= 48
        data, simulated = figures[f"{quantity} mean"]
        assert simulated == pytest.approx(data, rel=0.03)
        sd = figures[f"{quantity} sd"][1]
        if name != "CAISO":  # whose history is of part of the day
            # another year than that of the history, whose weekdays and holes are not these
            assert np.mean(values) == pytest.approx(simulated, abs=0.1 * sd)
            assert np.std(values) == pytest.approx(sd, rel=0.12)
            memories = np.mean(check.autocorrelations(span, values), axis=0)
            for lag, tolerance in ((1, 0.02), (24, 0.05), (168, 0.1)):
                assert memories[lag] == pytest.approx(figures[f"{quantity} autocorrelation at {lag} h"][1], abs=tolerance)
    if zone.price is not None and zone.carbon is not None and name != "CAISO":
        each = [np.corrcoef(p, c)[0, 1] for p, c in zip(price, carbon, strict=True)]
        assert np.mean(each) == pytest.approx(figures["price and carbon correlation"][1], abs=0.04)


def test_nights_of_caiso_are_nights():
    zone = load_zone("CAISO").zone
    price, carbon = sample_hours(zone, FIRST, 8760, draws=40, seed=3)
    hour = local_clock(YEAR, zone.timezone)[0]
    by_hour = [np.mean(carbon[:, hour == h]) for h in range(24)]
    # US-CAL-CISO 2023, whole days: 309, 301 and 266 g/kWh at 5 to 7 h
    assert np.mean(by_hour[5:8]) == pytest.approx(0.9 * 292, rel=0.12)
    dear = [np.quantile(price[:, hour == h], 0.99) for h in range(24)]
    assert max(dear[1:6]) < max(dear[17:22])
    assert "price never observed at local hours 0 to 8" in load_zone("CAISO").source


def test_scarce_zones_have_spikes():
    assert {name for name in ("CAISO", "FI") if load_zone(name).zone.price.spikes_per_year > 0} == {"CAISO", "FI"}
    zone = load_zone("FI").zone
    price, _ = sample_hours(zone, FIRST, 8760, draws=100, seed=5)
    assert np.max(price) > zone.price.values[-1] + zone.price.spike_mean


def run(words):
    return _run(words, debug=False)


class TestCommand:
    """``simulator fit``, with series that are fitted at once."""

    @pytest.fixture
    def files(self, tmp_path, year):
        hours = [datetime.fromtimestamp(3600 * int(h), tz=UTC) for h in YEAR]
        local, utc = tmp_path / "local.csv", tmp_path / "em.csv"
        rows = [f"{t.astimezone(ZoneInfo(CLOCK)):%Y-%m-%d %H:%M},{v:.2f}" for t, v in zip(hours, year[0].values, strict=True)]
        local.write_text("\n".join(["Zeit,price_eur_per_mwh", *rows]))
        rows = [f"{t:%Y-%m-%d %H:%M},DE,{v:.2f}" for t, v in zip(hours, year[1].values, strict=True)]
        utc.write_text("\n".join(["Datetime (UTC),zone_id,ci_gco2eq_per_kwh", *rows]))
        return local, utc

    def words(self, files, tmp_path, *more):
        local, utc = map(str, files)
        clocks = ["--timezone", CLOCK, "--clock", CLOCK]
        return ["fit", local, "--carbon", utc, *clocks, "--years", "20", *more, "-o", str(tmp_path / "z.yaml")]

    def test_local_prices_beside_utc_carbon(self, files, tmp_path, capsys, year):
        code = run(self.words(files, tmp_path, "--where", "zone_id=DE", "--time-column", "Zeit"))
        assert code in (0, 3)
        file = load_zone(str(tmp_path / "z.yaml"))
        assert file.about["hours"] == {"price_eur_per_mwh": 8760, "ci_gco2eq_per_kwh": 8760}
        seen = np.corrcoef(year[0].values, year[1].values)[0, 1]  # an hour apart it would be less
        assert file.about["history_and_simulation"]["price and carbon correlation"][0] == pytest.approx(seen, abs=2e-3)
        assert file.about["version"] == version("training-risk-simulator")
        assert "--carbon em.csv" in file.about["command"]
        assert str(tmp_path) not in file.about["command"]
        assert (tmp_path / "z.png").is_file()

    def test_a_wrong_clock_is_told_before_anything_is_read(self, files, tmp_path, capsys):
        assert run(["fit", "missing.csv", "--clock", "Berlin", "-o", str(tmp_path / "z.yaml")]) == 2
        assert "--clock Berlin is not a time zone; did you mean Europe/Berlin" in capsys.readouterr().err

    def test_filters_are_asked_of_files_that_have_the_column(self, files, tmp_path, capsys):
        assert run(self.words(files, tmp_path, "--where", "region=DE")) == 2
        assert "--where region" in capsys.readouterr().err


def test_zone_and_picture_are_written_together_or_not_at_all(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="cannot be written"), picture_beside(Figure(), tmp_path / "z.png"):
        raise InputError("z.yaml cannot be written")
    assert list(tmp_path.iterdir()) == []

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    with (
        pytest.raises(InputError, match=r"z.png cannot be written \(No space left on device\)"),
        picture_beside(Figure(), tmp_path / "z.png"),
    ):
        (tmp_path / "z.yaml").touch()
    assert list(tmp_path.iterdir()) == []
