"""Grids of scenarios: is each what it is alone, whoever computes it, and are grids that are none refused?"""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from test_cli import run

from simulator import SamplingPlan, load_scenario, open_results, simulate_bands, sweep
from simulator.analysis.sweep.grid import Grid
from simulator.errors import ConfigError, InputError

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
    assert run("sweep", QUICKSTART, "--grid", *GRID, "--draws", "2000", "-o", str(target)) == 0
    table = capsys.readouterr().out
    assert "region=FR, accelerators=128" in table
    assert "4 scenarios on the same 2 000 random draws each" in table
    saved = open_results(target)
    assert saved.identical(sweep(load_scenario(QUICKSTART), GRID, SamplingPlan(draws=2000)))


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
        (["mfu=0.1..0.5 step 0.0001", "rental_price=1,2,3"], "the grid has 12003 scenarios; 10000 is the most"),
    ],
)
def test_what_is_no_grid_is_refused(grid, told):
    with pytest.raises(InputError, match=told):
        Grid(grid)


def test_a_setting_that_cannot_be_is_told_with_its_scenario(scenario):
    with pytest.raises(ConfigError, match=r"'XX' is not a known region.*\(of the scenario region=XX\)"):
        sweep(scenario, ["region=FR,XX"], PLAN)
