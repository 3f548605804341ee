"""Is the weather of a zone the process that it says it is, hour by hour and draw by draw?"""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from scipy.special import ndtr
from statistics_helpers import assert_within_mcse

from simulator.errors import LawError
from simulator.kernels.factors import HOURS, TOP
from simulator.kernels.hourly import sample_hours
from simulator.kernels.lanes import WIDTH
from simulator.kernels.zone_tables import hourly_tables
from simulator.scenario.zones import ZoneFile, load_zone, parse_zone, rounded_zone, zone_names, zone_yaml
from simulator.stochastic.path_noise import box_muller, log32, sin_cos_eighth
from simulator.stochastic.zone import (
    HOURS_PER_YEAR,
    SEASONAL_TERMS,
    HourlyLaw,
    Zone,
    autocorrelation,
    local_clock,
    seasonal_design,
    stationary_quantile,
    window_mean_sd,
)

NONE = (0.0,) * len(SEASONAL_TERMS)
IDENTITY = HourlyLaw("USD/MWh", NONE, 1.0, 0.4, (-9.0, 9.0), (-9.0, 9.0))
CARBON = replace(IDENTITY, unit="gCO2e/kWh", fast_weight=0.15)
ZONE = Zone("test", "UTC", 4.0, 60.0, 0.5, 0.9, IDENTITY, CARBON)
FIRST = 29 * TOP - 300  # the hours of a sample cross a top-level anchor and several blocks
DRAWS = 20_000
ON_FILE = replace(ZONE, carbon=replace(CARBON, scores=(-4.0, 4.0), values=(50.0, 600.0)))


def assert_mean(samples, truth):
    """Assert that the mean of independent draws is what it should be."""
    samples = np.asarray(samples, dtype=np.float64)
    assert_within_mcse(samples.mean(), truth, samples.std() / np.sqrt(samples.size))


@pytest.fixture(scope="module")
def scores():
    price, carbon = sample_hours(ZONE, FIRST, 800, draws=DRAWS, seed=3)
    return price, carbon


def test_every_hour_is_standard_normal(scores):
    for values in scores:
        for hour in (0, 299, 300, 428):
            assert_mean(values[:, hour], 0.0)
            assert_mean(values[:, hour] ** 2, 1.0)
            for z in (-2.5, -1.0, 0.3, 2.0):
                assert_mean(values[:, hour] < z, float(ndtr(z)))


@pytest.mark.parametrize("hour", [0, 299, 345])
@pytest.mark.parametrize("lag", [1, 5, 24, 128, 400])
def test_autocorrelation_and_cross_correlation(scores, hour, lag):
    price, carbon = scores
    for a, b, laws in ((price, price, (IDENTITY, IDENTITY)), (carbon, carbon, (CARBON, CARBON)), (price, carbon, (IDENTITY, CARBON))):
        expected = float(autocorrelation(ZONE, *laws, np.array([lag]))[0])
        assert_mean(a[:, hour] * b[:, hour + lag], expected)
        assert_mean(a[:, hour + lag] * b[:, hour], expected)


def test_correlation_in_the_same_hour(scores):
    price, carbon = scores
    assert_mean(price[:, 77] * carbon[:, 77], float(autocorrelation(ZONE, IDENTITY, CARBON, np.zeros(1))[0]))


@pytest.mark.parametrize("window", [24, 168, 720])
def test_sd_of_window_means(scores, window):
    for values, law in zip(scores, (IDENTITY, CARBON), strict=True):
        assert_mean(values[:, :window].mean(axis=1) ** 2, window_mean_sd(ZONE, law, window) ** 2)


def test_window_mean_of_one_factor_in_closed_form():
    # sum of the autocovariance by hand: a 36 h half-life leaves 0.366 of the sd in a 30-day mean, 0.217 in one of 90 days
    zone = replace(ZONE, slow_half_life=36.0, price=replace(IDENTITY, fast_weight=0.0))
    assert window_mean_sd(zone, zone.price, 720) == pytest.approx(0.366, abs=5e-4)
    assert window_mean_sd(zone, zone.price, 2160) == pytest.approx(0.217, abs=5e-4)


@pytest.mark.parametrize("half_life", [0.5, 1000.0])
def test_extreme_half_lives(half_life):
    zone = replace(ZONE, fast_half_life=min(half_life, 4.0), slow_half_life=half_life, price=replace(IDENTITY, fast_weight=0.0))
    values, _ = sample_hours(zone, TOP // 2, 700, draws=8000, seed=1)
    for lag in (1, 48, 600):
        assert_mean(values[:, 20] * values[:, 20 + lag], 2.0 ** (-lag / half_life))


def test_an_hour_depends_on_seed_draw_and_hour_only():
    price, carbon = sample_hours(ZONE, FIRST, 700, draws=3 * WIDTH, seed=0)
    for first, hours, draws in ((FIRST + 1, 5, 7), (FIRST + HOURS - 1, 2, WIDTH), (FIRST + 299, 401, WIDTH + 1)):
        p, c = sample_hours(ZONE, first, hours, draws=draws, seed=0)
        at = first - FIRST
        np.testing.assert_array_equal(p, price[:draws, at : at + hours])
        np.testing.assert_array_equal(c, carbon[:draws, at : at + hours])
    other, _ = sample_hours(ZONE, FIRST, 700, draws=2, seed=1)
    assert not np.any(other == price[:2])


def test_one_quantity_alone_is_the_same():
    price, carbon = sample_hours(ZONE, FIRST, 100, draws=5, seed=0)
    alone, none = sample_hours(replace(ZONE, carbon=None), FIRST, 100, draws=5, seed=0)
    np.testing.assert_array_equal(alone, price)
    assert none is None
    none, alone = sample_hours(replace(ZONE, price=None), FIRST, 100, draws=5, seed=0)
    np.testing.assert_array_equal(alone, carbon)
    assert none is None


def test_quantile_function_is_that_of_the_knots():
    rng = np.random.default_rng(0)
    knots = np.cumsum(rng.uniform(0.01, 0.24, size=41)) - 2.5
    values = np.cumsum(rng.exponential(20.0, size=41)) - 200.0
    values[10:14] = values[10]  # a pile-up
    zone = replace(ZONE, price=replace(IDENTITY, scores=tuple(knots), values=tuple(values)))
    scores, _ = sample_hours(ZONE, FIRST, 200, draws=50, seed=0)
    mapped, _ = sample_hours(zone, FIRST, 200, draws=50, seed=0)
    np.testing.assert_allclose(mapped, np.interp(scores, knots, values), atol=1e-2)  # float32 noise on slopes of 1000 per score
    assert np.mean(mapped == 1e3 * float(np.float32(values[10] / 1e3))) == pytest.approx(
        np.mean((scores > knots[10]) & (scores < knots[13])), abs=3e-4
    )  # a level stretch is one value, to the last bit
    assert mapped.min() >= values[0] - 1e-2
    assert mapped.max() <= values[-1] + 1e-2


def test_seasons_follow_the_local_clock():
    seasonal = np.zeros(len(SEASONAL_TERMS))
    seasonal[SEASONAL_TERMS.index("1")], seasonal[SEASONAL_TERMS.index("cos day/1")], seasonal[SEASONAL_TERMS.index("weekend")] = (
        0.5,
        1.0,
        -2.0,
    )
    law = replace(IDENTITY, seasonal=tuple(seasonal), residual_sd=1e-9)
    zone = replace(ZONE, timezone="Europe/Berlin", price=law)
    first = 473352 + 88 * 24  # 2024-03-29, a Friday; summer time begins on the 31st
    values, _ = sample_hours(zone, first, 96, draws=1, seed=0)
    hours = first + np.arange(96)
    hour, weekday, _ = local_clock(hours, "Europe/Berlin")
    assert sorted(set(np.diff(hour)) - {1.0, -23.0}) == [2.0]  # the hour that spring takes
    expected = 0.5 + np.cos(2 * np.pi * hour / 24) - 2.0 * (weekday >= 5)
    np.testing.assert_allclose(values[0], expected, atol=1e-5)


def test_design_has_the_named_columns():
    design = seasonal_design(np.arange(470_000, 470_000 + 8760), "America/Los_Angeles")
    assert design.shape == (8760, len(SEASONAL_TERMS))
    assert np.linalg.matrix_rank(design) == len(SEASONAL_TERMS)


def test_spikes_have_the_stated_mean_and_rate():
    law = replace(IDENTITY, scores=(-1.0, 1.0), values=(0.0, 0.0), spikes_per_year=200.0, spike_mean=300.0, spike_half_life=2.0)
    values, _ = sample_hours(replace(ZONE, price=law), FIRST, 300, draws=DRAWS, seed=0)
    rate, decay = 200.0 / HOURS_PER_YEAR, 0.5**0.5
    mean = rate * 300.0 / (1 - decay)
    variance = rate * 2 * 300.0**2 / (1 - decay**2) - (rate * 300.0) ** 2 / (1 - decay**2)
    for hour in (0, 150, 299):
        assert_mean(values[:, hour], mean)
        assert_mean((values[:, hour] - mean) ** 2, variance)
    assert_mean((values[:, 10] - mean) * (values[:, 12] - mean), variance * decay**2)
    assert values.min() >= 0.0


def test_stationary_quantile_is_that_of_a_year():
    seasonal = np.zeros(len(SEASONAL_TERMS))
    seasonal[SEASONAL_TERMS.index("cos year/1")] = 0.8
    law = replace(IDENTITY, seasonal=tuple(seasonal), residual_sd=0.6)
    hours = np.arange(473352, 473352 + 8784)
    season = seasonal_design(hours, "UTC") @ np.asarray(law.seasonal)
    limit = stationary_quantile(law, season, 0.9)
    values, _ = sample_hours(replace(ZONE, price=law), 473352, 8784, draws=200, seed=0)
    assert_mean((values < limit).mean(axis=1), 0.9)


class TestNoise:
    def test_log_and_sine_are_accurate(self):
        x = np.geomspace(2.0**-32, 1.0, 5001).astype(np.float32)
        got = np.array([log32(v) for v in x])
        np.testing.assert_allclose(got, np.log(x.astype(np.float64)), rtol=3e-7, atol=3e-7)
        x = np.linspace(-np.pi / 4, np.pi / 4, 4001, dtype=np.float32)
        s, c = np.array([sin_cos_eighth(v) for v in x]).T
        np.testing.assert_allclose(s, np.sin(x.astype(np.float64)), atol=2e-7)
        np.testing.assert_allclose(c, np.cos(x.astype(np.float64)), atol=2e-7)

    def test_pairs_are_normal_and_independent(self):
        words = np.random.default_rng(0).integers(0, 2**32, (2, 200_000), dtype=np.uint32)
        a, b = np.array([box_muller(*pair) for pair in words.T], dtype=np.float64).T
        for z in (a, b):
            for limit in (-3.0, -1.2, -0.2, 0.0, 0.5, 1.7, 3.3):
                assert_mean(z < limit, float(ndtr(limit)))
        assert_mean(a * b, 0.0)
        assert_mean(a**2 * b**2, 1.0)
        turn = np.arctan2(a, b) / (2 * np.pi)  # every direction is as likely, and tells nothing of the radius
        for k in (1, 2, 3, 4, 8, 16):
            assert_mean(np.cos(2 * np.pi * k * turn), 0.0)
            assert_mean(np.sin(2 * np.pi * k * turn), 0.0)
            assert_mean(np.cos(2 * np.pi * k * turn) * (a**2 + b**2), 0.0)

    def test_box_muller_at_the_ends_of_its_words(self):
        for a in (0, 1, 2**31, 2**32 - 1):
            for b in (0, 2**31 - 1, 2**31, 2**32 - 1):
                pair = box_muller(np.uint32(a), np.uint32(b))
                assert np.all(np.isfinite(pair))
                assert np.hypot(*pair) == pytest.approx(np.sqrt(-2 * np.log(((a >> 1) + 0.5) * 2.0**-31)), abs=1e-3)


class TestZoneFiles:
    def test_a_zone_survives_its_file(self):
        zone = rounded_zone(replace(ON_FILE, price=replace(IDENTITY, spikes_per_year=3.3, spike_mean=100.0, spike_half_life=2.5)))
        again = parse_zone(zone_yaml(ZoneFile(zone, {"kind": "assembled", "check": "passed"})), where="x.yaml")
        assert again.zone == zone
        assert again.about["check"] == "passed"

    @pytest.mark.parametrize("name", zone_names())
    def test_shipped_zones_are_whole(self, name):
        file = load_zone(name)
        assert file.about["kind"] in ("fitted", "assembled")
        assert all(str(file.about[key]).strip() for key in ("source", "licence", "period"))
        if file.about["kind"] == "fitted":
            assert file.about["check"] == "passed"
            assert file.about["history_and_simulation"]
            assert file.about["held_out_history_and_simulation"]
        tables = hourly_tables(file.zone, first=473352, hours=24, seed=0)
        assert np.isfinite(tables.seasons).all()

    def test_the_zones_that_are_asked_for_are_shipped(self):
        both = {n for n in zone_names() if load_zone(n).zone.price and load_zone(n).zone.carbon}
        price = {n for n in zone_names() if load_zone(n).zone.price and not load_zone(n).zone.carbon}
        carbon = {n for n in zone_names() if load_zone(n).zone.carbon and not load_zone(n).zone.price}
        assert both >= {"DE", "FR", "CAISO"}
        assert price >= {"ES", "PL", "NO2", "SE3", "NL", "IT-North", "FI"}
        assert carbon >= {"ERCOT", "PJM"}

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (("timezone: UTC", "timezone: Mars/Olympus"), "'Mars/Olympus' is not an IANA time zone"),
            (("slow_half_life: 60.0", "slow_half_life: 6000.0"), "slow_half_life: 6000 does not lie in"),
            (("fast_correlation: 0.5", "fast_correlation: 1.5"), "fast_correlation: 1.5 does not lie in [-1, 1]"),
            (("unit: USD/MWh", "unit: USD"), "price.unit: 'USD' is not one of"),
            (("residual_sd: 1.0", "residual_sd: wide"), "residual_sd: 'wide' is not a number"),
            (("    9.0: 9.0", "    9.0: -10.0"), "and values must not fall"),
            (
                ("fast_weight: 0.4", "fast_weight: 0.4\n  spikes_per_year: 9\n  spike_half_life: 48"),
                "spike_half_life: 48 does not lie in [0.1, 6]",
            ),
            (("name: test", "colour: green"), "x.yaml:1:1: colour: is not a known key"),
            (("residual_sd: 1.0", "residual_sd: wide"), "x.yaml:9:3: price.residual_sd"),
            (("fast_weight: ", "spike_per_year: 3\n  fast_weight: "), "x.yaml:10:3: price.spike_per_year: is not a known key"),
            (("fast_weight: ", "spike_mean: 3\n  fast_weight: "), "price.spike_mean: is not read without spikes_per_year"),
        ],
    )
    def test_a_broken_file_is_refused(self, change, told):
        text = zone_yaml(ZoneFile(ON_FILE))
        lines = [line.replace(*change) if line.strip().startswith(change[0].strip()) else line for line in text.splitlines()]
        broken = "\n".join(lines)
        assert broken != text.rstrip("\n")
        with pytest.raises(LawError, match="x") as error:
            parse_zone(broken, where="x.yaml")
        assert told in str(error.value)
        assert "x.yaml" in str(error.value)

    @pytest.mark.parametrize("name", ["DE", "ERCOT"])
    def test_a_file_that_is_cut_short_is_refused(self, name):
        text = files("simulator.reference").joinpath("zones", f"{name}.yaml").read_text(encoding="utf-8")
        assert parse_zone(text, where="x.yaml").zone == load_zone(name).zone
        lines = text.splitlines(keepends=True)
        whole = next(i for i, line in enumerate(lines) if line.startswith("  held_out_history_and_simulation")) + 1
        seams = [i for i in range(1, whole) if not lines[i].startswith("    ") or i % 7 == 0]
        for count in seams:  # after a line, and inside the next
            for cut in ("".join(lines[:count]), "".join(lines[:count]) + lines[count].rstrip("\n")[: len(lines[count]) // 2]):
                with pytest.raises(LawError, match=r"zone file x\.yaml"):
                    parse_zone(cut, where="x.yaml")

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ("quantiles: {-3: 50, 0: 300, 3: 700}", "quantiles: {-3: 50, 0: 300}", "carbon.quantiles: reach from -3 to 0 only; scores go"),
            ("quantiles: {-3: 50, 0: 300, 3: 700}", "quantiles: {0: 50, 3: 300}", "from -2 or less to 2 or more. Is the file complete?"),
            ("about: {kind: assembled}", "", "about: is not there; it tells kind, source and period"),
            ("about: {kind: assembled}", "about:", "about: is not there"),
            ("about: {kind: assembled}", "about: my own", "about: 'my own' is not a mapping"),
            ("kind: assembled", "kind: guessed", "about.kind: 'guessed' is not one of fitted, assembled"),
            ("kind: assembled", "kind: fitted", "about: a fitted zone tells source, period, check, history_and_simulation, held_out"),
            ("kind: assembled", "check: maybe", "about.check: 'maybe' is not one of passed, failed"),
        ],
    )
    def test_what_a_fit_writes_is_asked_for(self, old, new, told):
        text = """\
timezone: UTC
fast_half_life: 8
slow_half_life: 150
carbon: {unit: gCO2e/kWh, residual_sd: 0.9, fast_weight: 0.5, quantiles: {-3: 50, 0: 300, 3: 700}}
about: {kind: assembled}
"""
        assert parse_zone(text, where="x.yaml").zone.carbon
        with pytest.raises(LawError) as error:
            parse_zone(text.replace(old, new), where="x.yaml")
        assert told in str(error.value)

    def test_an_unknown_zone_names_the_known(self):
        with pytest.raises(LawError, match="neither a zone nor a file"):
            load_zone("ATLANTIS")
