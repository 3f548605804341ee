"""The baseline by mlsysim is what its model of a training run says; wants the extra peers, and is not part of the default run."""

from __future__ import annotations

from dataclasses import replace

import mlsysim
import pytest
from mlsysim.engine.scenarios import Scenarios

from simulator.analysis.backtest.backtest import backtest, backtest_json
from simulator.analysis.backtest.baselines import baselines_left_out
from simulator.analysis.backtest.mlsysim import KNOWN, mlsysim_utilizations
from simulator.analysis.backtest.published import BeforeRun, own_runs
from simulator.quantities import QUANTITIES
from simulator.reference import accelerators

#: peak there over ours: a printed figure for another precision or version
DIFFER = {"Gaudi 3": 1835 / 1678, "Trainium2": 380 / 667}


def a_run(accelerator: str, devices: int, *, peak: float = 312e12) -> BeforeRun:
    run = own_runs()[0].before
    kind = replace(run.kind, accelerator=accelerator, peak_flops=peak, params_active=175e9)
    return replace(run, kind=kind, accelerators=devices, flop=6.0 * 175e9 * 300e9)


@pytest.mark.parametrize(("devices", "scaling"), [(8, 0.9), (32, 0.9), (256, 0.87), (512, 0.85), (1024, 0.83), (8192, 0.56), (99999, 0.56)])
def test_the_baseline_is_the_product_of_the_librarys_figures(devices: int, scaling: float) -> None:
    found = mlsysim_utilizations(a_run("A100 SXM 80GB", devices))
    assert found is not None
    assert found.steady == pytest.approx(0.45 * scaling)
    assert found.whole == pytest.approx(0.45 * scaling / (1.03 * 1.10 * 1.05))


def test_it_takes_as_long_as_the_librarys_own_scenario() -> None:
    theirs = Scenarios.Gpt3PretrainingFrontier8K.model_copy(update={"precision": "fp16"})
    run = a_run("H100 SXM", theirs.fleet.total_accelerators, peak=989e12)
    flop = 6.0 * theirs.workload.parameters.m_as("count") * theirs.workload.training_tokens.m_as("count")
    found = mlsysim_utilizations(replace(run, flop=flop, kind=replace(run.kind, params_active=theirs.workload.parameters.m_as("count"))))
    assert found is not None
    days = flop / (run.kind.peak_flops * found.whole * theirs.fleet.total_accelerators) / 86400.0
    assert days == pytest.approx(theirs.result.total_time.m_as("day"))


def test_accelerators_have_the_names_of_the_library_and_nearly_its_peaks() -> None:
    for ours, theirs in KNOWN.items():
        peak = QUANTITIES["peak_flops"].parse(accelerators()[ours]["peak_flops"].value)
        ratio = getattr(mlsysim.Hardware.Cloud, theirs).compute.peak_flops.m_as("flop/s") / peak
        assert ratio == pytest.approx(DIFFER.get(ours, 1.0), rel=1e-3), ours


def test_a_peak_that_differs_from_ours_is_the_librarys() -> None:
    ours = a_run("A100 SXM 80GB", 1024, peak=2 * 312e12)
    found = mlsysim_utilizations(ours)
    assert found is not None
    assert found.steady == pytest.approx(0.5 * 0.45 * 0.83)


def test_what_it_does_not_know_has_no_score_and_the_rest_is_compared_on_common_runs() -> None:
    assert baselines_left_out() == {}
    assert mlsysim_utilizations(a_run("H800 SXM", 2048)) is None
    data = backtest_json(backtest())
    ours, theirs = data["targets"]["device_hours"], data["baselines"]["mlsysim"]["device_hours"]
    known = {run.before.run_id for run in own_runs() if run.before.kind.accelerator in KNOWN}
    assert theirs["runs"] == sum(s["counted"] and s["target"] == "device_hours" and s["run_id"] in known for s in data["runs"])
    assert theirs["runs"] < ours["runs"]
    assert set(data["baselines"]["mlsysim"]) == {"device_hours", "wall_clock", "mfu"}
