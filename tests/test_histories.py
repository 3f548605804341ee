"""Does a run's history add up: hours, pauses, replays, explanations, fans?"""

from __future__ import annotations

import copy
import csv
import json
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from click.testing import CliRunner

from simulator import SamplingPlan, explain, fan_bands, over_time, parse_scenario, simulate, simulate_bands, summarize
from simulator.analysis.counted import counted
from simulator.analysis.notes import classes_interrupted, notes, time_shares
from simulator.cli import cli
from simulator.errors import ConfigError, InputError
from simulator.kernels.tally import LEAF
from simulator.scenario import resolve
from simulator.scenario.dates import date_of
from simulator.scenario.replayed import wall_clock
from simulator.scenario.zones import ZoneFile, zone_yaml
from simulator.stochastic.zone import SEASONAL_TERMS, HourlyLaw, Zone

DRAWS = 300
START = datetime(2023, 3, 1, tzinfo=UTC)


FIRST = int((START - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 3600)


def law(unit, low, high):
    scores = np.linspace(-4, 4, 9)
    seasonal = np.zeros(len(SEASONAL_TERMS))
    seasonal[SEASONAL_TERMS.index("cos day/1")] = 0.6
    return HourlyLaw(unit, tuple(seasonal), 0.8, 0.4, tuple(scores), tuple(np.linspace(low, high, 9)))


ZONE = Zone("z", "Europe/Berlin", 4.0, 50.0, 0.5, 0.9, law("EUR/MWh", -60.0, 260.0), law("gCO2e/kWh", 50.0, 650.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("grid")
    (path / "zone.yaml").write_text(zone_yaml(ZoneFile(ZONE)), encoding="utf-8")
    rng = np.random.default_rng(0)
    with (path / "history.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "price_usd_per_mwh", "ci_gco2e_per_kwh"])
        for hour, (price, carbon) in enumerate(zip(rng.normal(60, 30, 2000), rng.uniform(100, 500, 2000), strict=True)):
            writer.writerow([(START + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%MZ"), f"{price:.2f}", f"{carbon:.2f}"])
    return path


def scenario(folder, **changes):
    """Return a run of about twelve days that fails often; ``section__key=value`` changes it, None takes away."""
    data = {
        "workload": {"params": 7e9, "tokens": "0.7T tokens", "mfu": "0.35 to 0.45"},
        "hardware": {"accelerator": "H100 SXM", "accelerators": 128},
        "reliability": {"failure_rate": "60 to 200 per 1000 node-days", "downtime": "0.3 to 3 h", "checkpoint_interval": "2 h"},
        "grid": {"zone": "zone.yaml", "start_time": "2027-01-04T05:00Z"},
        "energy": {"price_year_shift": "0.7 to 1.4"},
        "emissions": {},
        "compute": {"basis": "own", "accelerator_price": "22k to 45k USD"},
    }
    data = copy.deepcopy(data)
    for path, value in changes.items():
        section, _, key = path.partition("__")
        if not key:
            data[section] = copy.deepcopy(value)
        elif value is None:
            data[section].pop(key, None)
        else:
            data[section][key] = value
    return parse_scenario(data, base=folder)


def play(folder, *, draws=DRAWS, **changes):
    return simulate(scenario(folder, **changes), SamplingPlan(draws=draws))


def same(a, b, *, but=()):
    for name in (set(a.variables) & set(b.variables)) - set(but):
        if a[name].dtype != object:
            assert a[name].values.tobytes() == b[name].values.tobytes(), name


def history(folder, column):
    with (folder / "history.csv").open(encoding="utf-8") as file:
        return np.array([float(row[column]) / 1000 for row in csv.DictReader(file)])


REPLAY = {"grid": {"price_history": "history.csv", "carbon_history": "history.csv"}}


class TestReplay:
    def test_agrees_with_a_plain_loop(self, folder):
        sc = scenario(folder, **REPLAY, reliability={"failure_rate": 0, "checkpoint_interval": "2 h"})
        plan = SamplingPlan(draws=20)
        ds = simulate(sc, plan)
        price, carbon = (history(folder, name) for name in ("price_usd_per_mwh", "ci_gco2e_per_kwh"))
        power = ds.accelerators * ds.tdp * ds.power_fraction * ds.server_power_ratio / 1000
        for i in range(20):
            one = ds.isel(draw=i)
            at, left, cost, mass = int(one.history_place * 2000), float(one.wall_clock), 0.0, 0.0
            while left > 0:
                hours = min(left, 1.0)
                cost += hours * price[at % 2000]
                mass += hours * carbon[at % 2000]
                left, at = left - hours, at + 1
            p = float(power.isel(draw=i) * one.pue)
            assert float(one.cost.sel(cost_component="electricity")) == pytest.approx(cost * p * float(one.price_year_shift), rel=1e-10)
            mass *= p * float(one.carbon_year_shift)
            assert float(one.emissions.sel(emission_component="operational")) == pytest.approx(mass, rel=1e-10)

    def test_failures_are_integrated_over_the_very_hours(self, folder):
        # the explained hours hold the load of each: an independent sum of load, price and intensity gives the bill
        sc, plan = scenario(folder, **REPLAY), SamplingPlan(draws=50)
        for draw in (0, 7, 49):
            one = explain(sc, plan, draw=draw)
            kwh = one.hour_load * float(one.tdp * one.power_fraction * one.server_power_ratio) / 1000 * float(one.pue)
            assert float((kwh * one.hour_price).sum()) == pytest.approx(float(one.cost.sel(cost_component="electricity")), rel=1e-10)
            operational = float(one.emissions.sel(emission_component="operational"))
            assert float((kwh * one.hour_carbon).sum()) == pytest.approx(operational, rel=1e-10)
            assert float(kwh.sum()) == pytest.approx(float(one.energy), rel=1e-12)

    def test_a_start_date_keeps_season_and_weekday(self, folder):
        sc = scenario(folder, grid={"price_history": "history.csv", "start_time": "2026-03-10"}, emissions={"carbon_intensity": 0.4})
        one = explain(sc, SamplingPlan(draws=2), draw=0)
        first = int(np.argmin(abs(history(folder, "price_usd_per_mwh") - float(one.hour_price[0] / one.price_year_shift))))
        start = START + timedelta(hours=first)
        asked = datetime(2026, 3, 10, tzinfo=UTC)
        assert start.weekday() == asked.weekday()
        assert abs((start.replace(year=2026) - asked).days) <= 4

    def test_a_run_starts_where_it_fits(self, folder):
        ds = play(folder, **REPLAY, draws=2000)
        begin, end = np.floor(ds.history_place * 2000), np.floor(ds.history_place * 2000) + np.ceil(ds.wall_clock)
        wrapped = int((end > 2000).sum())
        assert wrapped < 0.02 * 2000  # 15 % from anywhere
        middle, slow = wall_clock(resolve(scenario(folder, **REPLAY)))
        assert middle == pytest.approx(float(ds.wall_clock.median()), rel=0.1)
        assert slow == pytest.approx(float(ds.wall_clock.quantile(0.95)), rel=0.15)
        share = 1 - math.ceil(slow) / 2000
        assert 0.99 * share < float(ds.history_place.max()) < share
        assert float(ds.history_place.mean()) == pytest.approx(share / 2, rel=0.05)
        replay = json.loads(ds.attrs["grid"])["replay"]
        assert replay["wrapped"] == wrapped
        assert replay["replayed"] == [date_of(FIRST + int(begin.min())), date_of(FIRST + (2000 if wrapped else int(end.max())))]
        assert any(note.startswith(f"Replayed hours: {replay['replayed'][0]} to ") for note in notes(ds))

    @pytest.mark.parametrize("pausing", [{"carbon_quantile": 0.6}, {"carbon_threshold": "300 gCO2e/kWh", "price_quantile": 0.9}])
    def test_pauses_lengthen_what_has_to_fit(self, folder, pausing):
        pausing = pausing | {"pause_time": 0}
        ds = play(folder, **REPLAY, pausing=pausing)
        assert wall_clock(resolve(scenario(folder, **REPLAY, pausing=pausing)))[0] == pytest.approx(float(ds.wall_clock.median()), rel=0.1)

    def test_runs_that_outlast_the_history_are_told(self, folder):
        ds = play(folder, **REPLAY, workload__tokens="2.5T to 6T tokens")
        end = np.floor(ds.history_place * 2000) + np.ceil(ds.wall_clock)
        wrapped = int((end > 2000).sum())
        assert 10 < wrapped < DRAWS / 2
        share = f"{100 * wrapped / DRAWS:.3g} %"
        assert f"{wrapped} of {DRAWS} runs ({share}) outlasted the history and went on with its first hours." in notes(ds)

    def test_draws_that_are_not_kept_tell_the_same(self, folder, monkeypatch):
        """Replayed hours, raised intervals, stopped runs, shares of time and classes of interruptions, whatever the chunks."""
        reliability = {
            "failure_rate_accelerator": "60 to 200 per 1000 node-days", "failure_rate_software": 0, "downtime": "0.3 to 3 h",
            "checkpoint_interval": "0.2 to 2 h", "checkpoint_write_time": "0.1 to 1 h", "max_wall_clock": "70 days",
        }  # fmt: skip
        pausing = {"carbon_quantile": 0.9}
        sc = scenario(folder, **REPLAY, reliability=reliability, pausing=pausing, workload__tokens="2T to 5T tokens")
        plan = SamplingPlan(draws=2 * LEAF + 100)
        kept, bands = simulate(sc, plan), simulate_bands(sc, plan)
        told = notes(kept)
        assert notes(bands) == told
        for begin in (" of 8292 runs", "Replayed hours: 2023-03-01", "checkpoint_interval is shorter"):
            assert any(begin in note for note in told), begin
        assert any("outlasted the history" in note for note in told)
        assert bands.attrs["grid"] == kept.attrs["grid"]
        assert time_shares(bands) == pytest.approx(time_shares(kept), rel=1e-12)
        assert all(share > 0 for name, share in time_shares(bands).items() if name != "waiting")
        assert classes_interrupted(bands) == classes_interrupted(kept) == ["accelerator"]
        monkeypatch.setattr(counted, "_CHUNK", 1)  # one leaf at a time
        assert simulate_bands(sc, plan).identical(bands)

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"workload__tokens": "9T tokens"}, r"price_history: a run of about \d+ h \(P50\) outlasts its history: the history holds"),
            ({"grid__history_place": 0.95}, r"history_place: a run of about \d+ h \(P50\) outlasts its history from hour 1900"),
            ({"grid__start_time": "2029-12-25"}, "start_time: 2029-12-25 has no counterpart in the history: the history holds 2023-03-01"),
            ({"grid__start_time": "2019-02-01"}, "grid.start_time: 2019-02-01 has no counterpart"),
            ({"grid__start_time": "2023-05-22"}, r"grid.start_time: a run of about \d+ h \(P50\) outlasts its history from hour 1968"),
            ({"grid__start_time": "2026-03-10 to 2026-06-30"}, "2026-03-10 to 2026-06-30 has no counterpart"),
        ],
    )
    def test_what_a_history_does_not_hold_is_refused(self, folder, changes, told):
        with pytest.raises(ConfigError, match=told):
            scenario(folder, **REPLAY, **changes)

    @pytest.mark.parametrize(
        ("date", "weeks"), [("2023-03-10T07:00Z", 0), ("2026-03-10", 157), ("2021-03-10", -104), ("2026-03-10 to 2026-03-20", 157)]
    )
    def test_a_date_is_replayed_from_its_own_hour_or_that_of_its_season(self, folder, date, weeks):
        sc, plan = scenario(folder, **REPLAY, grid__start_time=date), SamplingPlan(draws=8)
        one, price = explain(sc, plan, draw=3), history(folder, "price_usd_per_mwh")
        at = int(one.hour[0]) - weeks * 168 - FIRST
        np.testing.assert_array_equal(one.hour_replayed, FIRST + at + np.arange(one.sizes["hour"]))
        np.testing.assert_allclose(one.hour_price / one.price_year_shift, price[at : at + one.sizes["hour"]], rtol=1e-12)
        told = [note for note in notes(simulate(sc, plan)) if "weeks" in note]
        way = f"{abs(weeks)} weeks {'later' if weeks > 0 else 'earlier'}"
        assert told == ([f"They stand for dates {way}: the same season and weekday."] if weeks else [])

    def test_the_explained_days_are_those_of_the_history(self, folder, tmp_path):
        (tmp_path / "history.csv").write_text((folder / "history.csv").read_text(encoding="utf-8"), encoding="utf-8")
        (tmp_path / "run.yaml").write_text(scenario(folder, **REPLAY).to_yaml(), encoding="utf-8")
        out = CliRunner().invoke(cli, ["explain", str(tmp_path / "run.yaml"), "--draw", "3", "--draws", "8"])
        assert "1970-01" not in out.stdout
        assert "2023-0" in out.stdout

    def test_history_with_a_hole_is_refused(self, folder, tmp_path):
        lines = (folder / "history.csv").read_text(encoding="utf-8").splitlines()
        (tmp_path / "holes.csv").write_text("\n".join(lines[:500] + lines[530:]), encoding="utf-8")
        with pytest.raises(ConfigError, match="gaps of up to 30 h"):
            scenario(tmp_path, grid={"price_history": "holes.csv"}, emissions={"carbon_intensity": 0.4})

    def test_two_sources_are_refused(self, folder):
        with pytest.raises(ConfigError, match="price and price_history are both stated"):
            scenario(folder, grid={"price_history": "history.csv", "price": "annual"}, emissions={"carbon_intensity": 0.4})


class TestHourly:
    def test_constant_zone_is_the_annual_model(self, folder, tmp_path):
        flat = Zone(
            "f",
            "UTC",
            4.0,
            50.0,
            0.5,
            0.9,
            *(HourlyLaw(u, law(u, 0, 1).seasonal, 0.8, 0.4, (-2.0, 2.0), (v, v)) for u, v in (("USD/MWh", 80.0), ("gCO2e/kWh", 400.0))),
        )
        (tmp_path / "zone.yaml").write_text(zone_yaml(ZoneFile(flat)), encoding="utf-8")
        hourly = play(tmp_path)
        annual = play(folder, grid={}, energy__electricity_price="80 USD/MWh", emissions__carbon_intensity="400 gCO2e/kWh")
        for name in ("cost_total", "emissions_total", "energy", "wall_clock"):
            np.testing.assert_allclose(hourly[name], annual[name], rtol=1e-6)  # hourly values are float32 sums

    def test_weather_does_not_depend_on_the_run(self, folder):
        plan = SamplingPlan(draws=20)
        whole = explain(scenario(folder), plan, draw=11)
        for changes in ({"reliability__failure_rate": 0}, {"grid__start_time": "2027-01-06T02:00Z"}, {"workload__tokens": "1T tokens"}):
            other = explain(scenario(folder, **changes), plan, draw=11)
            common = np.intersect1d(whole.hour, other.hour)
            assert common.size > 120
            for name in ("hour_price", "hour_carbon"):
                np.testing.assert_array_equal(whole[name].sel(hour=common), other[name].sel(hour=common))

    def test_another_seed_is_another_weather(self, folder):
        a, b = (explain(scenario(folder), SamplingPlan(draws=5, seed=s), draw=2) for s in (0, 1))
        assert not np.any(a.hour_price.values[:100] == b.hour_price.values[:100])

    def test_exchange_rate_multiplies_the_bill_of_electricity(self, folder):
        a, b = (play(folder, energy__exchange_rate=rate) for rate in (1.0, 1.25))
        part = {"cost_component": "electricity"}
        np.testing.assert_allclose(b.cost.sel(part), 1.25 * a.cost.sel(part), rtol=1e-12)
        assert float(play(folder, draws=2).exchange_rate) == float(resolve(scenario(folder)).inputs["exchange_rate"].value.constant)

    def test_annual_price_in_euro(self, folder):
        grid = {"zone": "zone.yaml", "price": "annual", "start_time": "2027-01-04"}
        euro = play(folder, grid=grid, energy={"currency": "EUR", "electricity_price": "80 EUR/MWh", "exchange_rate": 1.1})
        usd = play(folder, grid=grid, energy={"electricity_price": "88 USD/MWh"})
        np.testing.assert_allclose(euro.cost_total, usd.cost_total, rtol=1e-12)

    def test_uncertain_start(self, folder):
        ds = play(folder, grid__start_time="2027-01-01 to 2027-12-31")
        assert float(ds.start_time.max() - ds.start_time.min()) > 24 * 300
        one = explain(scenario(folder, grid__start_time="2027-01-01 to 2027-12-31"), SamplingPlan(draws=DRAWS), draw=5)
        assert int(one.hour[0]) == int(ds.start_time[5])


class TestPausing:
    @pytest.mark.parametrize("limit", ["1 year", "150 h to 350 h"])  # runs that end in the very hour in which they would be stopped
    def test_a_threshold_that_is_never_met_changes_nothing(self, folder, limit):
        given = {"draws": 1500, "reliability__max_wall_clock": limit}
        plain = play(folder, **given)
        never = play(folder, **given, pausing={"price_threshold": "9 USD/kWh", "carbon_threshold": "9 kgCO2e/kWh"})
        same(plain, never)
        hour = np.floor(plain.wall_clock)
        assert limit == "1 year" or int(((plain.completed == 1) & (hour == np.floor(plain.max_wall_clock))).sum()) > 0
        assert float(abs(never.paused_delay).max()) == 0.0
        assert float(abs(never.paused_saving_cost).max()) == 0.0
        assert float(never.pauses.max()) == 0.0

    def test_dirty_hours_are_paused(self, folder):
        changes = {"pausing": {"carbon_quantile": 0.7, "pause_time": 0}, "hardware__idle_power_fraction": 0}
        sc, plan = scenario(folder, **changes), SamplingPlan(draws=60)
        ds = simulate(sc, plan)
        assert float((ds.pauses > 0).mean()) > 0.9
        one = explain(sc, plan, draw=3)
        limit = one.hour_carbon / one.carbon_year_shift
        paused = one.hour_paused.values[:-1] == 1.0
        assert limit.values[:-1][paused].min() > limit.values[:-1][~paused].max()
        np.testing.assert_allclose(ds.time_spent.sum("activity"), ds.wall_clock, rtol=1e-12)
        np.testing.assert_allclose(ds.time_spent.sel(activity="paused"), ds.paused_delay, rtol=1e-9)
        assert float(ds.paused_saving_emissions.mean()) > 0

    def test_failures_are_those_of_the_run_without_pauses(self, folder):
        plain, paused = play(folder), play(folder, pausing={"carbon_quantile": 0.6})
        np.testing.assert_array_equal(plain.interruptions, paused.interruptions)
        spent = ["productive", "saving", "lost", "down", "waiting"]
        np.testing.assert_array_equal(plain.time_spent.sel(activity=spent), paused.time_spent.sel(activity=spent))

    def test_a_saving_is_that_of_draws_completed_both_ways(self, folder):
        changes = {"reliability__max_wall_clock": "12 days", "pausing": {"carbon_quantile": 0.8, "pause_time": 0}}
        ds, plain = play(folder, **changes), play(folder, reliability__max_wall_clock="12 days")
        pair = (ds.completed * plain.completed).values
        assert 0.05 < pair.mean() < plain.completed.mean() - 0.1
        np.testing.assert_array_equal(ds.paused_pair, pair)
        for name, other in (("paused_delay", ds.wall_clock - plain.wall_clock), ("paused_saving_cost", plain.cost_total - ds.cost_total)):
            np.testing.assert_array_equal(np.isnan(ds[name]), pair == 0)
            np.testing.assert_allclose(ds[name].values[pair == 1], other.values[pair == 1], rtol=1e-6)
        row = summarize(ds).sel(output="paused_delay")
        assert row.value.sel(quantile=0.5).item() == np.quantile(ds.paused_delay.values[pair == 1], 0.5)
        assert row.note.item().startswith(f"over the {int(pair.sum())} of {DRAWS} draws that were completed with and without pauses")

    def test_minimum_run_and_pause(self, folder):
        rules = {"carbon_quantile": 0.6, "minimum_run_time": 5, "minimum_pause_time": 4, "pause_time": 0}
        one = explain(scenario(folder, pausing=rules), SamplingPlan(draws=9), draw=8)
        held = one.hour_paused.values > 0
        edges = np.flatnonzero(np.diff(held.astype(int)))
        lengths, states = np.diff(edges), held[edges[:-1] + 1]
        assert lengths[states].min() >= 4
        assert lengths[~states].min() >= 5

    def test_time_lost_to_each_pause(self, folder):
        free, costly = (play(folder, pausing={"carbon_quantile": 0.7, "pause_time": t}) for t in (0, 0.25))
        assert float((costly.wall_clock > free.wall_clock).mean()) > 0.95
        np.testing.assert_allclose(costly.time_spent.sum("activity"), costly.wall_clock, rtol=1e-12)

    def test_a_deadline_is_kept_where_nothing_fails(self, folder):
        rules = {"carbon_quantile": 0.3, "deadline": "20 days", "pause_time": "10 min"}
        ds = play(folder, reliability={"failure_rate": 0, "checkpoint_interval": "2 h"}, pausing=rules)
        assert float(ds.wall_clock.max()) <= 20 * 24 + 1e-9
        free = play(folder, reliability={"failure_rate": 0, "checkpoint_interval": "2 h"}, pausing={"carbon_quantile": 0.3})
        assert float((free.wall_clock > 20 * 24).mean()) > 0.5

    def test_price_above_a_threshold_in_usd(self, folder):
        sc = scenario(folder, pausing={"price_threshold": "0.12 USD/kWh", "pause_time": 0})
        one = explain(sc, SamplingPlan(draws=4), draw=1)
        paused = one.hour_paused.values[:-1] == 1.0
        assert one.hour_price.values[:-1][paused].min() > 0.12 >= one.hour_price.values[:-1][~paused].max()

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"pausing": {}}, "states no threshold"),
            (
                {"pausing": {"carbon_quantile": 0.8}, "workload": {"device_hours": "50k to 80k"}},
                "a run of stated device_hours cannot be paused",
            ),
            ({"pausing": {"price_quantile": 0.5, "price_threshold": 1}}, "both stated"),
            ({"pausing": {"price_quantile": 1.5}}, "1.5 is not a share of hours between 0 and 1. Did you mean 1.5%?"),
            ({"pausing": {"price_quantile": 0.5}, "grid__price": "annual"}, "is never crossed: the price is annual"),
            ({"pausing": {"carbon_quantile": 0.5}, "grid": {}}, "is never crossed: the carbon is annual"),
            ({"grid__zone": "nowhere.yaml"}, "cannot be read"),
            ({"grid__start_time": None}, "start_time is not stated"),
            ({"grid__start_time": "soon"}, "'soon' is not a date"),
            ({"grid__start_time": "2027-05-01 to 2027-01-01"}, "lies before"),
            ({"reliability__method": "expected_value"}, "not read by method: expected_value"),
            ({"reliability__failure_rate_host": 2}, "beside the rates of its classes"),
            ({"reliability__repair_time": "3 days"}, "not read without spare_nodes"),
            ({"workload__layers": 32}, "needs layers, hidden_size and sequence_length"),
            ({"grid__region": "Atlantis"}, "not a known region"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_told(self, folder, changes, told):
        with pytest.raises(ConfigError) as error:
            scenario(folder, **changes)
        assert told in str(error.value)


class TestExplain:
    @pytest.mark.parametrize(
        "plan", [SamplingPlan(draws=DRAWS, seed=5), SamplingPlan(draws=256, plan="sobol", replicates=4)], ids=["random", "sobol"]
    )
    def test_is_the_row_of_the_full_run(self, folder, plan):
        changes = {"grid__start_time": "2027-01-01 to 2027-03-01", "pausing": {"carbon_quantile": 0.8}}
        whole = simulate(scenario(folder, **changes), plan)
        for draw in (0, 63, 64, plan.draws - 1):
            one = explain(scenario(folder, **changes), plan, draw=draw)
            row = whole.isel(draw=draw)
            assert set(row.data_vars) <= set(one.data_vars)
            for name in row.data_vars:
                assert row[name].values.tobytes() == one[name].values.tobytes(), name

    def test_events_add_up(self, folder):
        one = explain(scenario(folder), SamplingPlan(draws=DRAWS), draw=17)
        assert one.sizes["event"] == int(one.interruptions) > 3
        assert float(one.event_work_lost.sum()) == pytest.approx(float(one.time_spent.sel(activity="lost")), rel=1e-12)
        assert np.all(np.diff(one.event_time) > 0)
        assert float(one.event_time[-1]) < float(one.wall_clock)
        assert set(one.event_cause.values) == {"unclassified"}

    def test_events_of_a_paused_run_happen_while_it_runs(self, folder):
        one = explain(scenario(folder, pausing={"carbon_quantile": 0.6, "pause_time": 0}), SamplingPlan(draws=DRAWS), draw=17)
        interrupted = one.event_cause.values == "unclassified"
        assert interrupted.sum() == int(one.interruptions)
        hours = np.floor(one.event_time.values[interrupted] - 1e-9).astype(int)
        assert np.all(one.hour_paused.values[hours] == 0.0)

    @pytest.mark.parametrize("pause_time", [0, 0.25])
    def test_pauses_stand_among_the_events(self, folder, pause_time):
        rules = {"carbon_threshold": "300 gCO2e/kWh", "price_quantile": 0.9, "pause_time": pause_time}
        one = explain(scenario(folder, pausing=rules), SamplingPlan(draws=DRAWS), draw=17)
        pauses = one.isel(event=np.flatnonzero(one.event_paused > 0))
        assert pauses.sizes["event"] == int(one.pauses) > 5
        assert one.sizes["event"] == int(one.pauses + one.interruptions)
        assert np.all(np.diff(one.event_time) >= 0)
        assert float(pauses.event_paused.sum()) == pytest.approx(float(one.time_spent.sel(activity="paused")), rel=1e-12)
        assert set(pauses.event_cause.values) == {"paused: price", "paused: carbon", "paused: price and carbon"}
        at = pauses.event_time.values.astype(int)
        dirty = one.hour_carbon.values[at] > 0.3
        np.testing.assert_array_equal(dirty, ["carbon" in cause for cause in pauses.event_cause.values])
        dear = np.array(["price" in cause for cause in pauses.event_cause.values])
        assert one.hour_price.values[at][dear].min() > one.hour_price.values[at][~dear].max()
        for start, hours in zip(at, pauses.event_paused.values, strict=True):
            assert one.hour_paused.values[start : start + int(hours)].tolist() == [1.0] * int(hours)

    @pytest.mark.parametrize("pausing", [None, {"carbon_quantile": 0.6}])
    def test_a_rented_run_has_hours_without_a_price(self, folder, pausing, tmp_path):
        rent = {"compute": {"basis": "rent", "rental_price": 2.5}, "energy": {}} | ({"pausing": pausing} if pausing else {})
        rented, plan = explain(scenario(folder, **rent), SamplingPlan(draws=DRAWS), draw=17), SamplingPlan(draws=DRAWS)
        owned = explain(scenario(folder, **({"pausing": pausing} if pausing else {})), plan, draw=17)
        assert rented.sizes["hour"] == math.ceil(float(rented.wall_clock)) > 200
        assert np.isnan(rented.hour_price).all()
        for name in ("hour_carbon", "hour_load", "hour_paused", "event_time", "event_cause", "event_paused"):
            np.testing.assert_array_equal(rented[name], owned[name])
        text = CliRunner().invoke(cli, ["explain", self.written(folder, tmp_path, rent), "--draw", "17", "--draws", str(DRAWS)])
        assert text.exit_code == 0, text.output
        assert "mean intensity" in text.stdout
        assert "mean price" not in text.stdout
        assert "nan" not in text.stdout
        assert ("paused: carbon" in text.stdout) == (pausing is not None)

    def written(self, folder, tmp_path, changes):
        (tmp_path / "zone.yaml").write_text((folder / "zone.yaml").read_text(encoding="utf-8"), encoding="utf-8")
        (tmp_path / "run.yaml").write_text(scenario(folder, **changes).to_yaml(), encoding="utf-8")
        return str(tmp_path / "run.yaml")

    @pytest.mark.parametrize("draw", [-1, DRAWS])
    def test_a_draw_outside_the_plan_is_refused(self, folder, draw):
        with pytest.raises(InputError, match="does not lie in the plan"):
            explain(scenario(folder), SamplingPlan(draws=DRAWS), draw=draw)

    def test_on_the_command_line(self, folder, tmp_path, capsys):
        config = folder / "run.yaml"
        config.write_text(scenario(folder).to_yaml(), encoding="utf-8")
        text = CliRunner().invoke(cli, ["explain", str(config), "--draw", "17", "--draws", str(DRAWS)])
        assert text.exit_code == 0, text.output
        assert "unclassified" in text.stdout
        cli(
            ["explain", str(config), "--draw", "17", "--draws", str(DRAWS), "--json", "-o", str(tmp_path / "one.nc")], standalone_mode=False
        )
        data = json.loads(capsys.readouterr().out)
        row = play(folder).isel(draw=17)
        assert data["cost_total"] == float(row.cost_total)
        assert len(data["event_time"]) == int(row.interruptions)
        assert (tmp_path / "one.nc").exists()


class TestFans:
    def test_ends_at_the_totals(self, folder):
        plan = SamplingPlan(draws=128)
        fans, whole = over_time(scenario(folder), plan, times=40), simulate(scenario(folder), plan)
        ended = (whole.wall_clock <= fans.time[-1]).values
        assert ended.mean() >= 0.99
        for name in ("cost_total", "emissions_total", "energy"):
            np.testing.assert_allclose(fans[name].values[ended, -1], whole[name].values[ended], rtol=1e-12)
            assert np.all(np.diff(fans[name].values, axis=1) >= 0) or name == "cost_total"
            assert np.all(fans[name].isel(time=0) == 0)
        np.testing.assert_allclose(fans.progress.values[ended, -1], 1.0, rtol=1e-12)
        assert np.all(np.diff(fans.progress.values, axis=1) >= 0)

    @pytest.mark.parametrize("pausing", [None, {"carbon_quantile": 0.8}])
    def test_a_late_run_does_not_press_the_others(self, folder, pausing):
        # few wait for a spare, and very long
        late = {"reliability__spare_nodes": 40, "reliability__repair_time": "1 to 3000 days"} | ({"pausing": pausing} if pausing else {})
        plan = SamplingPlan(draws=400)
        fans, whole = over_time(scenario(folder, **late), plan, times=48), simulate(scenario(folder, **late), plan)
        wall, end = whole.wall_clock.values, float(fans.time[-1])
        assert wall.max() > 2 * end
        assert 1 <= fans.attrs["longer"] == (wall > end).sum() <= 4
        assert np.quantile(wall, 0.99, method="higher") <= end < np.quantile(wall, 0.99, method="higher") + 48
        for draw in np.flatnonzero(wall > end)[:2]:  # under way when the grid ends, and at every step before
            one = explain(scenario(folder, **late), plan, draw=int(draw))
            kwh = one.hour_load.values * float(one.tdp * one.power_fraction * one.server_power_ratio) / 1000 * float(one.pue)
            known = fans.energy.values[draw]
            np.testing.assert_allclose(known[1:], np.cumsum(kwh)[fans.time.values[1:].astype(int) - 1], rtol=1e-9)
            assert 0 < fans.progress.values[draw, -1] < 1

    def test_memory_is_bounded(self, folder):
        fans = over_time(scenario(folder), SamplingPlan(draws=10**9), draws=64, times=10)
        assert dict(fans.sizes) == {"draw": 64, "time": 11}

    def test_bands_are_ordered_and_carry_errors(self, folder):
        bands = fan_bands(over_time(scenario(folder), SamplingPlan(draws=500), times=10))
        assert np.all(np.diff(bands.cost_total.values, axis=0) >= 0)
        assert float(bands.cost_total_mcse.sel(quantile=0.5).isel(time=5)) > 0

    def test_picture_and_json(self, folder, tmp_path, capsys):
        config = folder / "run.yaml"
        config.write_text(scenario(folder).to_yaml(), encoding="utf-8")
        cli(["fan", str(config), "--draws", "200", "-o", str(tmp_path / "fan.png"), "--json"], standalone_mode=False)
        assert (tmp_path / "fan.png").stat().st_size > 10_000
        assert set(json.loads(capsys.readouterr().out)) >= {"time", "cost_total", "cost_total_mcse", "progress"}


class TestPhases:
    def test_each_phase_has_its_own_stream_and_device_hours(self, folder):
        phases = [
            {"name": "first", "tokens": "0.3T tokens", "accelerators": 64},
            {"name": "second", "tokens": "0.4T tokens", "mfu": "0.30 to 0.35"},
        ]
        ds = play(folder, workload__tokens=None, workload__phases=phases)
        assert ds.mfu.dims == ("draw", "phase")
        assert ds.accelerators.values.tolist() == [64.0, 128.0]
        held = ds.device_hours / ds.wall_clock
        assert float(held.min()) > 64
        assert float(held.max()) < 128
        assert abs(np.corrcoef(ds.mfu.values.T)[0, 1]) < 0.25
        one = explain(scenario(folder, workload__tokens=None, workload__phases=phases), SamplingPlan(draws=DRAWS), draw=4)
        assert set(one.event_phase.values) == {"first", "second"}
        assert float(one.hour_load[2]) <= 64 < float(one.hour_load[-3:].max())

    def test_attention_over_long_sequences(self, folder):
        short = play(
            folder,
            workload__layers=32,
            workload__hidden_size=4096,
            workload__sequence_length=4096,
            reliability={"failure_rate": 0, "checkpoint_interval": "2 h", "checkpoint_time": 0},
        )
        plain = play(folder, reliability={"failure_rate": 0, "checkpoint_interval": "2 h", "checkpoint_time": 0})
        np.testing.assert_allclose(short.wall_clock / plain.wall_clock, 1 + 12 * 32 * 4096 * 4096 / (6 * 7e9), rtol=1e-12)
