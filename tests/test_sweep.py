"""Grids of scenarios: is each what it is alone, whoever computes it, and are grids that are none refused?"""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from test_cli import run

from simulator import SamplingPlan, compare, load_scenario, open_results, simulate_bands, stream_draws, stream_sweep, sweep
from simulator.analysis.sweep.grid import Grid
from simulator.errors import ConfigError, InputError
from simulator.scenario.load import changed

QUICKSTART = "configs/quickstart.yaml"
GRID = ["region=FR,DE", "accelerators=128..256 step 128"]
PLAN = SamplingPlan(draws=20_000)


@pytest.fixture(scope="module")
def scenario():
    return load_scenario(QUICKSTART, overrides=["limits.budget=300k"])


@pytest.fixture(scope="module")
def swept(scenario):
    return sweep(scenario, GRID, PLAN)


def test_each_scenario_is_what_it_is_alone(swept):
    name = "region=DE, accelerators=256"
    assert swept.scenario.values.tolist()[3] == name
    alone = simulate_bands(load_scenario(QUICKSTART, overrides=["limits.budget=300k", "accelerators=256"], levers=["region=DE"]), PLAN)
    own = swept.sel(scenario=name)
    for variable in ("value", "mcse", "ci", "mean", "sd", "probability_exceeded", "correlation"):
        assert np.array_equal(own[variable].values, alone[variable].values, equal_nan=True), variable
    assert own.output.values.tolist() == alone.output.values.tolist()
    assert own.stopped.item() == alone.attrs["stopped"]
    assert json.loads(swept.attrs["scenarios"])[name]["hash"] == alone.attrs["scenario_hash"]


def test_settings_are_coordinates_that_can_be_dimensions(swept):
    by_axis = swept.set_index(scenario=["region", "accelerators"]).unstack("scenario")
    assert dict(by_axis.sizes) | {"region": 2, "accelerators": 2} == dict(by_axis.sizes)
    time = by_axis.value.sel(output="wall_clock", quantile=0.5)
    assert (time.sel(accelerators=128.0) > 1.9 * time.sel(accelerators=256.0)).all()


def test_workers_compute_the_same(scenario, swept):
    with ThreadPoolExecutor(3) as pool:
        done = []
        assert sweep(scenario, GRID, SamplingPlan(draws=20_000, executor=pool), progress=done.append).identical(swept)
    assert done == sorted(done)
    assert done[-1] == 80_000


def test_an_output_that_one_scenario_lacks_is_not_known_there(scenario):
    swept = sweep(scenario, ["reliability.method=event_driven,expected_value"], SamplingPlan(draws=500))
    saving = swept.value.sel(output="time_spent[productive]", quantile=0.5)
    assert np.isfinite(saving[0])
    assert np.isnan(saving[1])
    assert np.isfinite(swept.value.sel(output="cost_total")).all()
    assert swept.unit.sel(output="time_spent[productive]").item() == "h"
    assert swept.draws_needed.dtype == np.int64


def test_a_file_holds_the_sweep(tmp_path, capsys):
    target = tmp_path / "swept.nc"
    assert run("sweep", QUICKSTART, "--grid", *GRID, "--draws", "2000", "--summary", "-o", str(target)) == 0
    table = capsys.readouterr().out
    assert "region=FR, accelerators=128" in table
    assert "4 scenarios on the same 2 000 random draws each" in table
    saved = open_results(target)
    assert saved.identical(sweep(load_scenario(QUICKSTART), GRID, SamplingPlan(draws=2000)))


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("words", [["-o", "a.zarr"], ["-o", "a.nc", "--summary"], ["-o", "a.zarr", "--summary"]], ids=" ".join)
def test_what_was_saved_is_told_again(words, large, tmp_path, capsys, monkeypatch):
    config = str(Path(QUICKSTART).resolve())
    monkeypatch.chdir(tmp_path)
    assert run("sweep", config, "--grid", *GRID, "--draws", "3000", "--json", *words) == 0
    told = json.loads(capsys.readouterr().out)
    if large:
        monkeypatch.setattr("simulator.results.unread.IN_MEMORY", 0)
    assert run("summarize", words[1], "--json") == 0
    assert json.loads(capsys.readouterr().out) == told
    assert run("summarize", words[1]) == 0
    assert "4 scenarios on the same 3 000 random draws each" in capsys.readouterr().out
    assert run("summarize", words[1], "--fail-above", "cost_total p50 > 1") == 2
    assert "holds several scenarios; --fail-above reads one" in capsys.readouterr().err
    assert run("risk", words[1], "--budget", "1M") == 2
    assert f"{'bands' if '--summary' in words else 'draws'} of several scenarios (region=FR, acc" in capsys.readouterr().err
    if words[1] == "a.zarr":
        changed_file = tmp_path / "a.zarr" / ".zattrs"
        changed_file.write_bytes(changed_file.read_bytes() + b" ")
        assert run("summarize", words[1]) == 2
        assert ".zattrs has changed" in capsys.readouterr().err


def test_json_has_a_row_for_each_scenario(capsys):
    assert run("sweep", QUICKSTART, "--grid", "rental_price=2,3", "--draws", "2000", "--set", "limits.budget=300k", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["rental_price"] for row in told["scenarios"]] == [2.0, 3.0]
    low, high = (row["bands"]["cost_total"]["quantiles"]["0.5"] for row in told["scenarios"])
    assert high == pytest.approx(1.5 * low, rel=1e-3)
    assert told["scenarios"][0]["probability_exceeded"]["budget"]["value"] < told["scenarios"][1]["probability_exceeded"]["budget"]["value"]


@pytest.mark.parametrize(
    ("grid", "told"),
    [
        ([], "no axis is stated"),
        (["region"], "--grid 'region' is not PATH=RANGE"),
        (["mfu=0.3,0.4", "workload.mfu=0.3,0.5"], "mfu and workload.mfu change the same value"),
        (["mfu=0.3,0.30,0.4"], "0.3 and 0.30 are the same, as numbers. Write each once"),
        (["rental_price=2,2 USD/h"], "2 and 2 USD/h are the same, as numbers"),
        (["mfu=0.1..0.5 step 0.0001", "rental_price=1,2,3"], "the grid has 12003 scenarios; 10000 is the most"),
    ],
)
def test_what_is_no_grid_is_refused(grid, told):
    with pytest.raises(InputError, match=told):
        Grid(grid)


def test_a_setting_that_cannot_be_is_told_with_its_scenario(scenario):
    with pytest.raises(ConfigError, match=r"'XX' is not a known region.*\(of the scenario region=XX\)"):
        sweep(scenario, ["region=FR,XX"], PLAN)


def test_draws_of_each_scenario_are_what_they_are_alone(tmp_path, capsys, monkeypatch):
    """In blocks of several draws and scenarios, read when they are asked for."""
    monkeypatch.setattr("simulator.results.store._BLOCK", 2**21)
    target = tmp_path / "swept.zarr"
    words = ["sweep", QUICKSTART, "--grid", *GRID, "--draws", "9000", "-o", str(target)]
    assert run(*words) == 0
    table = capsys.readouterr().out
    assert "4 scenarios on the same 9 000 random draws each" in table
    scenarios = {
        f"region={region}, accelerators={count}": load_scenario(
            QUICKSTART, overrides=[f"accelerators={count}"], levers=[f"region={region}"]
        )
        for region in ("FR", "DE")
        for count in (128, 256)
    }
    together = compare(scenarios, SamplingPlan(draws=9000))
    with xr.open_zarr(target, chunks=None) as swept:
        assert swept.sizes["scenario"] == 4
        assert swept.region.values.tolist() == ["FR", "FR", "DE", "DE"]
        for name in together.data_vars:
            if name not in swept.coords:
                assert np.array_equal(swept[name].transpose(*together[name].dims), together[name], equal_nan=True), name
    assert len(list((target / "cost_total").glob("[0-9]*"))) == 12
    assert run("verify", str(target)) == 0
    assert run(*words, "--resume") == 0
    assert "is complete already" in capsys.readouterr().err


def test_parts_that_one_scenario_lacks_cost_nothing_there(tmp_path):
    target = tmp_path / "swept.zarr"
    stream_sweep(load_scenario(QUICKSTART), ["reliability.method=event_driven,expected_value"], SamplingPlan(draws=500), target)
    with xr.open_zarr(target, chunks=None) as swept:
        total = swept.cost.sum("cost_component")
        assert np.allclose(total, swept.cost_total)
        assert np.isnan(swept.interruptions if "interruptions" in swept else np.nan).all() or np.isfinite(swept.interruptions).all()


def test_an_interrupted_sweep_goes_on_to_the_same_bytes(tmp_path, scenario, monkeypatch):
    monkeypatch.setattr("simulator.results.store._BLOCK", 2**21)
    plan, whole, cut = SamplingPlan(draws=9000), tmp_path / "whole.zarr", tmp_path / "cut.zarr"

    class Killed(BaseException):
        pass

    def kill(done):
        if done > 15_000:
            raise Killed

    stream_sweep(scenario, GRID, plan, whole)
    with pytest.raises(Killed):
        stream_sweep(scenario, GRID, plan, cut, progress=kill)
    told = []
    for other, grid, differs in (
        (scenario, ["region=FR,DE", "accelerators=64..128 step 64"], r".*scenario region=FR, accelerators=256: stated -> not stated; .*"),
        (scenario, ["region=FR,DE", "accelerators=1..128 step 1"], r".*accelerators=.: not stated -> stated; \d+ more scenarios"),
        (changed(scenario, overrides=["rental_price=2"]), GRID, r"compute\.rental_price: .* -> 2"),
    ):
        with pytest.raises(InputError, match=rf"is of another run: {differs}\. Resume it as it was begun"):
            stream_sweep(other, grid, plan, cut, resume=True)
    with pytest.raises(InputError, match=rf"is of another run: a sweep of {len(Grid(GRID).names)} scenarios -> a run\. Resume"):
        stream_draws(scenario, plan, cut, resume=True)
    with ThreadPoolExecutor(2) as pool:
        stream_sweep(scenario, GRID, SamplingPlan(draws=9000, executor=pool), cut, resume=True, note=told.append)
    assert "of 12 blocks are finished" in told[0]
    one, other = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in (whole, cut))
    assert one == other


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-o", "draws.nc"], "draws of a sweep are written to DIR.zarr"),
        (["--resume"], "--resume continues a sweep whose draws are written as they are made"),
    ],
)
def test_where_draws_of_a_sweep_cannot_go(words, told, capsys, tmp_path, monkeypatch):
    config = str(Path(QUICKSTART).resolve())
    monkeypatch.chdir(tmp_path)
    assert run("sweep", config, "--grid", "mfu=0.3,0.4", *words) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
