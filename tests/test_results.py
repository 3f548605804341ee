"""Do results say what they are, and come back from a file as they went in?"""

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5netcdf
import numpy as np
import pytest
import xarray as xr

from simulator import SamplingPlan, engine, load_scenario, open_results, save_results, simulate
from simulator.cli import _run
from simulator.errors import InputError
from simulator.kernels.hourly import WIDTH
from simulator.kernels.ledger.book import COSTS, EMISSIONS
from simulator.plan import LARGEST_SEED, available_threads
from simulator.quantities import QUANTITIES
from simulator.results import check_target
from simulator.scenario import parse_scenario, resolve

CONFIGS = Path(__file__).parents[1] / "configs"
QUICKSTART = str(CONFIGS / "quickstart.yaml")
ENDINGS = (".nc", ".zarr")


# a run in phases: a quantity that each draws, one that is certain in each, one that one of them states and one that none does
PHASES = """\
name: phases
workload:
  params: 7e9
  mfu: 0.30 to 0.45
  phases:
    - {name: short sequences, tokens: 1T to 2T tokens, accelerators: 512}
    - {name: lange Folgen, tokens: 0.1T to 0.2T tokens, accelerators: 256, mfu: 0.25}
hardware: {accelerator: H100 SXM}
reliability: {failure_rate_host: 2 to 6, failure_rate_software: 3, failure_rate_planned: 1, downtime_planned: 1 h}
emissions: {carbon_intensity: 400 gCO2e/kWh}
compute: {basis: own, accelerator_price: 30000}
correlations: [[mfu, power_fraction, 0.5]]
"""
EXPECTED = ["reliability.method=expected_value"]


def scenario_of(name):
    if name == "phases":
        return parse_scenario(PHASES)
    config, _, variant = name.partition(" ")
    return load_scenario(CONFIGS / f"{config}.yaml", overrides=EXPECTED if variant else [])


def computed(name="llama3.1-405b", *, draws=300, seed=0, **plan):
    return simulate(scenario_of(name), SamplingPlan(draws=draws, seed=seed, **plan))


@pytest.fixture(scope="module", params=["bloom-176b", "llama3.1-405b", "quickstart", "quickstart expected", "phases"])
def name(request):
    return request.param


@pytest.fixture(scope="module")
def results(name):
    return computed(name)


# Schema


def test_every_variable_is_labelled(results):
    for name, v in results.data_vars.items():
        q = QUANTITIES[name]
        assert v.attrs["units"] == q.unit
        assert v.attrs["long_name"] == q.meaning
        assert v.attrs["symbol"] == q.symbol
        assert v.dtype == np.float64
        assert v.attrs["role"] in ("input", "output")
        if v.attrs["role"] == "input":
            assert v.dims in ((), ("draw",), ("phase",), ("draw", "phase"))
            assert v.attrs["source"]
            assert v.attrs["stated"]
        values = v.values.ravel()
        assert all(value in q.domain for value in values), name
    for name, c in results.coords.items():
        assert c.attrs["long_name"], name


SCALARS = (
    "device_hours", "wall_clock", "goodput", "interruptions", "energy_it", "energy", "cost_total", "emissions_total",
    "emissions_location", "emissions_market",
    "water", "water_on_site", "water_off_site", "programme_time", "abandoned_runs", "device_hours_total", "energy_total",
)  # fmt: skip


def test_dimensions_and_outputs(name, results):
    played_out = "expected" not in name
    sizes = {"draw": 300, "cost_component": len(COSTS), "emission_component": len(EMISSIONS)}
    dims = dict.fromkeys(SCALARS, ("draw",)) | {"cost": ("draw", "cost_component"), "emissions": ("draw", "emission_component")}
    if played_out:
        sizes |= {"activity": 6, "interruption_class": 7}
        dims |= dict.fromkeys(("interruptions_planned", "completed", "pauses"), ("draw",))
        dims |= {"time_spent": ("draw", "activity"), "interruptions_by_class": ("draw", "interruption_class")}
        assert list(results.activity.values) == ["productive", "saving", "lost", "down", "waiting", "paused"]
        classes = ["unclassified", "accelerator", "host", "network", "software", "spot", "planned"]
        assert list(results.interruption_class.values) == classes
    assert {dimension: size for dimension, size in results.sizes.items() if dimension != "phase"} == sizes
    np.testing.assert_array_equal(results.draw, np.arange(300))
    assert tuple(results.cost_component.values) == COSTS
    assert tuple(results.emission_component.values) == EMISSIONS
    alive = [str(name) for name in COSTS if (results.cost.sel(cost_component=name) != 0).any()]
    assert set(alive) <= {"accelerators", "interconnect", "electricity", "idle_infrastructure"}  # what these scenarios switch on
    assert {name: v.dims for name, v in results.data_vars.items() if v.attrs["role"] == "output"} == dims


def test_phases_are_labelled():
    ds = computed("phases")
    assert list(ds.phase.values) == ["short sequences", "lange Folgen"]
    assert {name: v.dims for name, v in ds.data_vars.items() if "phase" in v.dims} == {
        "tokens": ("draw", "phase"), "mfu": ("draw", "phase"), "accelerators": ("phase",),
    }  # fmt: skip
    assert ds.accelerators.values.tolist() == [512, 256]
    assert (ds.mfu.sel(phase="lange Folgen") == 0.25).all()
    assert ds.mfu.sel(phase="short sequences").std() > 0.01
    ratio = ds.tokens.sel(phase="short sequences") / ds.tokens.sel(phase="lange Folgen")
    assert 3 < ratio.min() < ratio.max() < 30
    assert len(np.unique(ratio)) == 300  # streams of their own
    stated = json.loads(ds.mfu.attrs["stated"])
    assert stated == {"short sequences": "0.30 to 0.45", "lange Folgen": "0.25"}
    # more devices for the first, on average over the hours
    held = (ds.device_hours / ds.wall_clock).values
    assert ((held > 256) & (held < 512)).all()
    report = {tuple(pair["inputs"]): pair["achieved"] for pair in json.loads(ds.attrs["correlations"])}
    assert report["mfu", "power_fraction"] == pytest.approx(0.5, abs=0.2)


CHOICES = {
    "work", "interval", "basis", "depreciation", "restart", "price", "carbon", "method", "pausing", "foreign", "dated", "matching",
    "parts", "excluded",
}  # fmt: skip


def test_attributes_say_what_was_computed_from_what(name, results):
    attrs = results.attrs
    assert set(attrs) == {
        "schema", "scenario", "description", "scenario_hash", "config", "choices", "grid", "defaults", "levers", "limits", "correlations",
        "draws", "seed", "plan", "replicates", "version", "versions",
    }  # fmt: skip
    scenario = scenario_of(name)
    assert attrs["scenario"] == scenario.name
    assert parse_scenario(attrs["config"]) == scenario
    assert attrs["scenario_hash"] == resolve(scenario).hash()
    assert (attrs["draws"], attrs["seed"], attrs["plan"], attrs["replicates"]) == (300, 0, "random", 1)
    choices = json.loads(attrs["choices"])
    assert choices.keys() == CHOICES
    assert choices["method"] == ("expected_value" if "expected" in name else "event_driven")
    assert json.loads(attrs["grid"]) == {}
    assert json.loads(attrs["versions"]).keys() == {"python", "numpy", "scipy", "numba", "xarray"}
    # nothing falls back silently: whatever was not stated is listed with its source
    listed = json.loads(attrs["defaults"])
    unstated = {n for n, v in results.data_vars.items() if v.attrs["role"] == "input" and v.attrs["source"] != "stated"}
    assert unstated - {"params_active"} <= set(listed) | {"params"}
    assert all(item["source"] and item["value"] for item in listed.values())
    pairs = json.loads(attrs["correlations"])
    assert pairs
    assert all(set(pair) == {"inputs", "requested", "achieved"} for pair in pairs)


def test_attributes_name_the_zone(tmp_path):
    (tmp_path / "zone.yaml").write_text(
        "{name: Nowhere, timezone: UTC, fast_half_life: 8, slow_half_life: 99, about: {kind: assembled, source: a test}, "
        "carbon: {unit: gCO2e/kWh, residual_sd: 1, fast_weight: 0.5, quantiles: {-2: 100, 2: 300}}}\n"
    )
    text = PHASES.replace("emissions: {carbon_intensity: 400 gCO2e/kWh}", "grid: {zone: zone.yaml, start_time: 2026-03-01}")
    ds = simulate(parse_scenario(text, base=tmp_path), SamplingPlan(draws=3))
    assert json.loads(ds.attrs["grid"]) == {"zone": {"name": "Nowhere", "source": "assembled; a test"}}
    assert json.loads(ds.attrs["choices"])["carbon"] == "hourly"
    assert "carbon_intensity" not in ds


def test_results_can_be_run_again_from_their_own_attributes(results):
    plan = SamplingPlan(draws=results.attrs["draws"], seed=results.attrs["seed"], plan=results.attrs["plan"])
    xr.testing.assert_identical(simulate(parse_scenario(results.attrs["config"]), plan), results)


def test_sobol_results_state_their_replicates():
    ds = computed(draws=320, plan="sobol")
    assert (ds.attrs["plan"], ds.attrs["replicates"], ds.attrs["draws"]) == ("sobol", 16, 320)


def test_part_of_a_plan_says_so():
    ds = simulate(load_scenario(CONFIGS / "quickstart.yaml"), SamplingPlan(draws=300), start=100, stop=150)
    assert ds.attrs["draws"] == ds.sizes["draw"] == 50
    np.testing.assert_array_equal(ds.draw, np.arange(100, 150))


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 5), (6, 5), (0, 301), (300, None)])
def test_draws_outside_the_plan_are_refused(start, stop):
    with pytest.raises(InputError, match="plan's 0 to 300"):
        simulate(load_scenario(CONFIGS / "quickstart.yaml"), SamplingPlan(draws=300), start=start, stop=stop)


def test_progress_counts_draws():
    seen = []
    simulate(load_scenario(CONFIGS / "quickstart.yaml"), SamplingPlan(draws=300), start=100, progress=seen.append)
    assert seen == sorted(set(seen))
    assert seen[-1] == 200


@pytest.mark.parametrize("per_draw", [1e-7, 1e-4, 1e-2, 3.0])
@pytest.mark.parametrize(("start", "stop", "threads"), [(0, 100_000, 2), (37, 1000, 1), (5, 6, 8)])
def test_chunks_cover_the_draws_and_take_half_a_second(monkeypatch, per_draw, start, stop, threads):
    clock = [60.0]
    monkeypatch.setattr(engine, "perf_counter", lambda: clock[0])
    cuts, calls = [start], 0
    for low, high in engine.chunks(start, stop, threads):
        assert low == cuts[-1]
        cuts.append(high)
        assert high == stop or high % WIDTH == 0
        least = threads * WIDTH
        assert high - low <= max(least, 8 ** len(cuts[2:]) * least)
        took = (high - low) * per_draw
        assert took <= max(0.5, least * per_draw) * (1 + 1e-9)
        clock[0] += took
        calls += 1
    assert cuts[-1] == stop
    assert calls <= 8 + (stop - start) / max(0.45 / per_draw, least) * 1.2


def test_two_parts_count_half_each():
    seen = []
    for part in (0, 1):
        told = engine.in_part(seen.append, part, 2, 100)
        for done in (50, 100):
            told(done)
    assert seen == [25, 50, 75, 100]
    assert engine.in_part(None, 0, 2, 100) is None


# Files


def assert_same(back, results):
    xr.testing.assert_identical(back, results)
    for name in results.variables:
        assert back[name].dtype == results[name].dtype, name
        if results[name].dtype == np.float64:
            assert back[name].values.tobytes() == results[name].values.tobytes(), name
    assert {k: type(v) for k, v in back.attrs.items()} == {k: type(v) for k, v in results.attrs.items()}
    assert not any(v.encoding for v in back.variables.values())  # what one format needed does not reach the next file


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_keeps_everything(results, tmp_path, ending):
    save_results(results, tmp_path / f"a{ending}")
    back = open_results(tmp_path / f"a{ending}")
    assert_same(back, results)
    # in memory, so that the file may go
    (shutil.rmtree if ending == ".zarr" else os.remove)(tmp_path / f"a{ending}")
    assert np.isfinite(back.cost_total).all()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("second", ENDINGS)
@pytest.mark.parametrize("first", ENDINGS)
def test_what_was_opened_can_be_written_again(tmp_path, first, second):
    results = computed(draws=50)
    save_results(results, tmp_path / f"a{first}")
    save_results(open_results(tmp_path / f"a{first}"), tmp_path / f"b{second}")
    assert_same(open_results(tmp_path / f"b{second}"), results)


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_double_survives(tmp_path, ending):
    results = computed(draws=8).copy(deep=True)
    odd = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.7976931348623157e308, 1 / 3, 1e-300])
    results["cost_total"].values[:] = odd
    results["energy"].values[:] = np.nan  # what a missing chunk would be read as
    results["tdp"].values[()] = 0.0
    results.attrs |= {"seed": LARGEST_SEED, "description": 'grüne Wärme, 二酸化炭素, "quoted"\n'}
    save_results(results, tmp_path / f"a{ending}")
    back = open_results(tmp_path / f"a{ending}")
    assert back.cost_total.values.tobytes() == odd.tobytes()
    assert back.attrs == results.attrs


def test_equal_runs_are_equal_files(tmp_path):
    save_results(computed(), tmp_path / "a.nc")
    time.sleep(1.1)  # a time of day would show
    save_results(computed(threads=1, block_size=100), tmp_path / "b.nc")
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    save_results(open_results(tmp_path / "a.nc"), tmp_path / "c.nc")
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "c.nc").read_bytes()
    save_results(computed(seed=1), tmp_path / "d.nc")
    assert (tmp_path / "a.nc").read_bytes() != (tmp_path / "d.nc").read_bytes()


def test_any_netcdf_reader_can_read_them(tmp_path):
    results = computed(draws=20)
    save_results(results, tmp_path / "a.nc")
    with h5netcdf.File(tmp_path / "a.nc", "r") as file:
        np.testing.assert_array_equal(file.variables["cost_total"][...], results.cost_total)
        assert file.variables["cost_total"].attrs["units"] == "USD"
        assert file.attrs["seed"] == 0


# Files that are not results


def refusal(path):
    with pytest.raises(InputError) as caught:
        open_results(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_missing_file_is_told(tmp_path, ending):
    assert "does not exist" in refusal(tmp_path / f"none{ending}")


@pytest.mark.parametrize("schema", [None, 0, 2, "CF-1.8", 1], ids=repr)
@pytest.mark.parametrize("ending", ENDINGS)
def test_foreign_datasets_are_refused(tmp_path, ending, schema):
    foreign = xr.Dataset({"x": ("draw", [1.0, 2.0])}, attrs={} if schema is None else {"schema": schema})  # 1 comes without the rest
    if ending == ".nc":
        foreign.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    else:
        foreign.to_zarr(tmp_path / "a.zarr", zarr_format=2, consolidated=True)
    assert "is not a result of this simulator" in refusal(tmp_path / f"a{ending}")


def test_other_files_are_refused(tmp_path):
    for name, content in (("a.nc", b"not a netCDF file"), ("b.nc", b""), ("c.txt", b"text"), ("d.zarr", b"a file")):
        (tmp_path / name).write_bytes(content)
        assert "cannot be read as a result" in refusal(tmp_path / name)
    for name in ("e.nc", "f.zarr"):
        (tmp_path / name).mkdir()
        assert "cannot be read as a result" in refusal(tmp_path / name)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_truncated_netcdf_is_refused(tmp_path, share):
    save_results(computed(draws=50), tmp_path / "a.nc")
    content = (tmp_path / "a.nc").read_bytes()
    (tmp_path / "a.nc").write_bytes(content[: int(share * len(content))])
    assert "cannot be read as a result" in refusal(tmp_path / "a.nc")


@pytest.mark.parametrize("lost", ["cost_total/0", "draw/0", "residual/0", ".zmetadata", "cost_component/0", "tdp/0"])
def test_a_zarr_folder_copied_in_part_is_refused(tmp_path, lost):
    # a missing chunk reads as the fill value: 0 or NaN, without a word
    results = computed("quickstart", draws=50)
    results["residual"] = xr.zeros_like(results.tdp)
    save_results(results, tmp_path / "a.zarr")
    (tmp_path / "a.zarr" / lost).unlink()
    assert "cannot be read as a result" in refusal(tmp_path / "a.zarr")


# Writing


def blocked(*args, **kwargs):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full disk", "interrupted"])
def test_a_failing_write_leaves_the_older_result(monkeypatch, tmp_path, ending, error):
    target, older = tmp_path / f"a{ending}", computed(draws=20)
    save_results(older, target)

    def fail_half_way(self, path, **kwargs):
        Path(path).mkdir()
        raise error

    def fail_at_the_end(handle):
        raise error

    if ending == ".zarr":
        monkeypatch.setattr(xr.Dataset, "to_zarr", fail_half_way)
    else:
        monkeypatch.setattr(os, "fsync", fail_at_the_end)
    with pytest.raises(InputError if isinstance(error, OSError) else KeyboardInterrupt) as caught:
        save_results(computed(draws=20, seed=1), target)
    if isinstance(error, OSError):
        assert str(caught.value) == f"{target} cannot be written (No space left on device). Name another place, or make room"
    assert_same(open_results(target), older)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    ("error", "told"), [(KeyboardInterrupt(), KeyboardInterrupt), (OSError(errno.ENOSPC, "No space left on device"), InputError)]
)
def test_a_replacement_that_fails_leaves_the_older_result(monkeypatch, tmp_path, ending, error, told):
    target, older = tmp_path / f"a{ending}", computed(draws=20)
    save_results(older, target)
    replace = Path.replace

    def fails(self, to):
        if ".a" in (self.name[:2], self.parent.name[:2]) and not self.name.endswith("older"):
            raise error
        return replace(self, to)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(told, match="No space left" if told is InputError else None):
        save_results(computed(draws=20, seed=1), target)
    assert_same(open_results(target), older)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_that_takes_no_files_is_told(monkeypatch, tmp_path, ending):
    monkeypatch.setattr(tempfile, "mkstemp" if ending == ".nc" else "mkdtemp", blocked)
    with pytest.raises(InputError, match=r"a\.(nc|zarr) cannot be written \(No space left on device\)"):
        save_results(computed(draws=20), tmp_path / f"a{ending}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_newer_result_replaces_the_older(tmp_path, ending):
    target, newer = tmp_path / f"a{ending}", computed("quickstart", draws=20)
    save_results(computed(draws=40), target)
    save_results(newer, target)
    assert_same(open_results(target), newer)
    assert list(tmp_path.iterdir()) == [target]


def test_bad_targets_are_told_before_anything_is_computed(tmp_path):
    def told(path):
        with pytest.raises(InputError) as caught:
            check_target(path)
        with pytest.raises(InputError):
            save_results(xr.Dataset(), path)
        return str(caught.value)

    for name in ("a.csv", "a", "a.nc4", "a.hdf5"):
        assert "FILE.nc (netCDF) or DIR.zarr (Zarr)" in told(tmp_path / name)
    assert "does not exist" in told(tmp_path / "none" / "a.nc")
    (tmp_path / "file").write_text("")
    assert "does not exist" in told(tmp_path / "file" / "a.nc")
    (tmp_path / "folder.nc").mkdir()
    assert "is a folder" in told(tmp_path / "folder.nc")
    (tmp_path / "mine.zarr").mkdir()
    (tmp_path / "mine.zarr" / "thesis.tex").write_text("years of work")
    assert "not a Zarr result" in told(tmp_path / "mine.zarr")
    assert (tmp_path / "mine.zarr" / "thesis.tex").read_text() == "years of work"
    (tmp_path / "plain.zarr").write_text("")
    assert "not a Zarr result" in told(tmp_path / "plain.zarr")


def test_unwritable_folder_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode & os.W_OK and Path(path) == tmp_path))
    with pytest.raises(InputError, match="cannot be written to"):
        check_target(tmp_path / "a.nc")


def test_good_targets_are_returned(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert check_target("a.nc") == Path("a.nc")
    assert check_target(tmp_path / "a.zarr") == tmp_path / "a.zarr"
    assert list(tmp_path.iterdir()) == []


def test_zarr_is_optional(monkeypatch, tmp_path):
    save_results(computed(draws=10), tmp_path / "a.zarr")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for action in (lambda: check_target(tmp_path / "b.zarr"), lambda: open_results(tmp_path / "a.zarr")):
        with pytest.raises(InputError, match=r"Zarr is not installed; pip install 'training-risk-simulator\[zarr\]'"):
            action()
    assert check_target(tmp_path / "b.nc")


# Plans


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("draws", 0), ("draws", -1), ("draws", 1.0), ("draws", True), ("draws", "100"), ("draws", None), ("draws", 2**40 + 1),
        ("seed", -1), ("seed", 0.0), ("seed", False), ("seed", 2**63), ("seed", None),
        ("block_size", 0), ("block_size", 2**31 + 1), ("threads", 0), ("threads", 10**6), ("threads", 1.0),
    ],
)  # fmt: skip
def test_numbers_of_a_plan_are_checked(field, value):
    with pytest.raises(InputError, match=f"{field} = .* is not a whole number from"):
        SamplingPlan(**{field: value})


@pytest.mark.parametrize("replicates", [0, -4, 4097, 2.0, True])
def test_replicates_are_checked(replicates):
    with pytest.raises(InputError, match=r"replicates = .* is not a whole number from 1 to 4096"):
        SamplingPlan(draws=4096, plan="sobol", replicates=replicates)


def test_plans_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="'latin' is not known; plans are random and sobol"):
        SamplingPlan(plan="latin")
    with pytest.raises(InputError, match="replicates belong to the sobol plan"):
        SamplingPlan(replicates=4)
    with pytest.raises(InputError, match="1000 draws do not divide into 16 replicates; use 1008"):
        SamplingPlan(draws=1000, plan="sobol")
    with pytest.raises(InputError, match="7 draws do not divide into 2 replicates; use 8"):
        SamplingPlan(draws=7, plan="sobol", replicates=2)


def test_plans_that_can_be():
    assert SamplingPlan() == SamplingPlan(draws=100_000, seed=0, plan="random")
    assert SamplingPlan().scramblings == 1
    assert SamplingPlan(draws=1024, plan="sobol").scramblings == 16
    assert SamplingPlan(draws=1024, plan="sobol", replicates=1).scramblings == 1
    assert SamplingPlan(seed=LARGEST_SEED, threads=available_threads(), block_size=1, draws=1).seed == LARGEST_SEED


def test_plans_do_not_change():
    with pytest.raises(AttributeError):
        SamplingPlan().seed = 1


def test_largest_seed_is_played_and_kept(tmp_path):
    results = computed(draws=10, seed=LARGEST_SEED)
    for ending in ENDINGS:
        save_results(results, tmp_path / f"a{ending}")
        assert open_results(tmp_path / f"a{ending}").attrs["seed"] == LARGEST_SEED


def test_a_plan_costs_no_compiler():
    program = "import sys; from simulator import SamplingPlan; SamplingPlan(); print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "words",
    [
        ["stress", QUICKSTART, "--worst", "10%", "--draws", "2000"],
        ["update", QUICKSTART, "--actuals", "ACTUALS", "--draws", "20000"],
        ["compare", QUICKSTART, "--lever", "fp8", "--draws", "200"],
        ["sensitivity", QUICKSTART, "--method", "rank", "--draws", "500"],
        ["risk", QUICKSTART, "--budget", "300k", "--draws", "1000"],
        ["run", QUICKSTART, "--summary", "--draws", "1000", "--set", "reliability.method=expected_value"],
    ],
    ids=lambda words: words[0],
)
def test_what_verbs_save_opens_again_and_is_not_taken_for_draws_of_a_run(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ACTUALS").write_text("hours,progress\n140,0.5\n")
    saved = tmp_path / "found.nc"
    words = [str(tmp_path / word) if word == "ACTUALS" else word for word in words]
    assert _run([*words, "-o", str(saved)], debug=True) == 0
    assert open_results(saved).attrs["scenario"].startswith("quickstart")
    readers = [["risk", "--budget", "1M"], ["stress", "--worst", "10%"], ["sensitivity", "--method", "rank"]]
    for reader in readers[words[0] == "run" :]:  # risk reads bands too
        capsys.readouterr()
        assert _run([reader[0], str(saved), *reader[1:]], debug=False) == 2
        told = capsys.readouterr().err
        assert "holds no draws of a run" in told or "holds draws of several scenarios" in told
