"""The backtest: can what is scored reach a forecast, are scores those of the books, are priors what was known?"""

from __future__ import annotations

import csv
import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from statistics_helpers import assert_within_mcse

from simulator.analysis.backtest.backtest import PROTOCOLS, backtest, backtest_json
from simulator.analysis.backtest.baselines import NAMES, baseline_scores, utilizations
from simulator.analysis.backtest.forecasts import forecast, later_evidence, place_of, planned_accelerators, scenario_before
from simulator.analysis.backtest.llmcarbon import llmcarbon_utilization
from simulator.analysis.backtest.named import accelerator_named
from simulator.analysis.backtest.published import BEFORE, TARGETS, own_runs, read_runs
from simulator.analysis.backtest.scores import coverage, gain, log_gain, point, score
from simulator.cli import _run
from simulator.errors import InputError, LawError
from simulator.reference.priors import losses, power, utilization
from simulator.reference.priors.known import FITTED, known_prior
from simulator.scenario.fitted import kind_of
from simulator.scenario.resolve import resolve

AFTER = (
    "accelerator_hours", "wall_clock_days", "mfu_pct", "hfu_pct", "energy_mwh", "emissions_tco2e", "interruptions_unplanned",
    "interruptions_total", "effective_training_time_pct",
)  # fmt: skip
#: other columns of such files that a run tells only afterwards
TOLD_AFTER = (
    "training_end_date",
    "achieved_tflops_per_accelerator",
    "power_per_accelerator_w",
    "pue",
    "grid_ci_kg_per_kwh",
    "cost_self_reported_usd",
    "notes",
)
#: made up, with every target
ROWS = [
    {"run_id": f"run-{k}", "family": f"family-{k // 2}", "publication_date": f"202{2 + k % 3}-0{k + 1}-01", "params_total": size,
     "params_active": active, "training_tokens": "2e12", "accelerator": device, "accelerator_count": count, "location": place,
     "interruption_window_days": "30", "backtest_tier": "A", "energy_basis": "measured_system",
     "noncircular_targets": "hours;days;mfu;energy;emissions;interruptions;goodput", "accelerator_hours": hours, "wall_clock_days": days,
     "mfu_pct": "35", "energy_mwh": "300", "emissions_tco2e": "90", "interruptions_unplanned": "9", "effective_training_time_pct": "91"}
    for k, (size, active, device, count, place, hours, days) in enumerate([
        ("7e9", "", "A100-80GB", "512", "Jean Zay, France", "190000", "16"), ("70e9", "", "A100-80GB SXM", "2048", "", "1.7e6", "36"),
        ("100e9", "10e9", "H100-80GB SXM", "1024", "Texas, US", "2e5", "9"), ("30e9", "", "TPU v4", "1024", "Google Oklahoma", "9e5", "37"),
    ])
]  # fmt: skip


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*BEFORE, *AFTER, *TOLD_AFTER], restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


# what is scored never reaches a forecast


@pytest.mark.parametrize("how", ["blank", "shuffled", "doubled"])
def test_what_was_reported_changes_no_forecast(how: str, tmp_path: Path) -> None:
    rows = [dict(row) for row in ROWS]
    for k, row in enumerate(rows):
        for name in AFTER:
            told = ROWS[(k + 1) % len(ROWS)].get(name, "")
            row[name] = {"blank": "", "shuffled": told, "doubled": repr(2 * float(told)) if told else ""}[how]
        row.update(dict.fromkeys(TOLD_AFTER, "7"))
    one, other = (read_runs(write(tmp_path / f"{k}.csv", part))[0] for k, part in enumerate((ROWS, rows)))
    assert [run.actual for run in one] != [run.actual for run in other]
    for before, after in zip(one, other, strict=True):
        assert before.before == after.before
        for protocol in PROTOCOLS:
            month = before.before.month if protocol == "knowledge_date" else None
            draws = [forecast(run.before, before=month, without=run.before.family) for run in (before, after)]
            for target in draws[0]:
                np.testing.assert_array_equal(draws[0][target], draws[1][target], err_msg=target)


def test_a_forecast_rests_on_no_figure_of_its_family_nor_after_its_month() -> None:
    for run in own_runs():
        b = run.before
        blind = scenario_before(b, before=b.month, without=b.family)
        for name in FITTED:
            prior = known_prior(name, kind_of(blind), before=blind.priors.before, without=blind.priors.without)
            assert all(figure.facts.family != b.family and figure.facts.published < b.month for figure in prior.figures)
            used = resolve(blind).inputs.get(name)
            if used is not None:
                assert used.source == prior.source
                assert used.value.spec == prior.value


@pytest.mark.parametrize(
    ("family", "model", "left_out"),
    [
        ("starcoderbase", "StarCoderBase 15.5B", {"starcoder"}),
        ("mt", "MT-NLG 530B", {"mt_nlg"}),
        ("Llama-3.3", "Llama 3.3 70B", {"llama3.1"}),
        ("llama", "Llama 2 7B", {"llama1", "llama2", "llama3.1"}),
        ("meta-65b", "LLaMA-65B", {"llama1"}),
        ("bloomberggpt", "BloombergGPT 50B", {"bloomberggpt"}),
        ("llama2", "Llama 2 7B", {"llama2"}),
        ("falcon", "Falcon 40B", set()),
    ],
)
def test_a_family_is_left_out_however_a_file_spells_it(family: str, model: str, left_out: set[str], tmp_path: Path) -> None:
    (run,) = read_runs(write(tmp_path / "r.csv", [ROWS[1] | {"family": family, "model": model}]))[0]
    blind = scenario_before(run.before, before=None, without=run.before.family)
    assert set(blind.priors.without) == left_out
    figures = known_prior("mfu", kind_of(blind), without=blind.priors.without).figures
    assert not left_out & {figure.facts.family for figure in figures}


def test_a_figure_that_others_published_later_is_known_from_then() -> None:
    published = {figure.told: figure.facts.published for figure in utilization.figures() if figure.facts.family == "gopher"}
    assert published["0.325, steady, published"] == "2022-04"  # in the paper of PaLM
    assert min(published.values()) == "2021-12"
    assert {figure.facts.published for figure in power.figures() if figure.facts.family == "olmoe"} == {"2025-03"}
    assert {figure.facts.published for figure in losses.overheads() if figure.facts.family == "gopher"} == {"2022-04"}


def test_without_a_start_what_came_in_the_half_year_before_publication_is_not_known(tmp_path: Path) -> None:
    dates = [{"publication_date": "2022-04-04"}, {"publication_date": "2022-04-04", "training_start_date": "2022-02"}]
    rows = [ROWS[1] | {"run_id": f"r{k}"} | date for k, date in enumerate(dates)]
    by_publication, by_start = (run.before for run in read_runs(write(tmp_path / "r.csv", rows))[0])
    assert (by_publication.month, by_publication.known_before) == ("2022-04", "2021-10")
    assert (by_start.month, by_start.known_before) == ("2022-02", "2022-02")


def test_what_is_known_only_later_is_told(tmp_path: Path) -> None:
    runs = read_runs(write(tmp_path / "r.csv", [ROWS[1] | {"run_id": m, "training_start_date": m} for m in ("2019-05", "2026-05")]))[0]
    early, late = (later_evidence(run.before) for run in runs)
    assert set(early) >= {"server_power_ratio", "carbon_year_shift", "idle_power_fraction"}
    assert "pue" not in early  # an older figure stands in
    assert late == []


# scores


def test_scores_of_a_normal_are_the_closed_forms() -> None:
    rng = np.random.default_rng(2)
    for away in (0.0, 0.7, -2.0):
        s = score("a", "a", "energy", np.exp(rng.normal(size=200_000)), math.exp(away))
        crps = away * (2 * stats.norm.cdf(away) - 1) + 2 * stats.norm.pdf(away) - 1 / math.sqrt(math.pi)
        assert s.crps == pytest.approx(crps, abs=0.01)
        assert s.pit == pytest.approx(stats.norm.cdf(away), abs=0.006)
        assert s.log_score == pytest.approx(stats.norm.logpdf(away), abs=0.06)
    assert point("a", "a", "energy", 2.0, 1.0).crps == pytest.approx(math.log(2))


def test_a_calibrated_forecast_is_covered_and_gains_29_per_cent_over_its_median() -> None:
    rng = np.random.default_rng(3)
    draws = np.exp(rng.normal(size=4000))
    scores = [score(f"r{k}", f"f{k}", "energy", draws, float(y)) for k, y in enumerate(np.exp(rng.normal(size=4000)))]
    for level in (0.5, 0.9):
        share, p = coverage(scores, level)
        assert_within_mcse(share, level, math.sqrt(level * (1 - level) / 4000))
        assert p > 1e-5
    medians = [point(s.run_id, s.family, "energy", s.p50, s.actual) for s in scores]
    share, low, high = gain(scores, medians)
    assert low < share < high
    assert share == pytest.approx(1 - 1 / math.sqrt(2), abs=0.02)


def test_families_count_alike() -> None:
    inside, outside = (score("r", name, "energy", np.linspace(1, 2, 99), y) for name, y in (("a", 1.5), ("b", 9.0)))
    assert coverage([inside] * 9 + [outside], 0.9)[0] == 0.5


def test_counts_of_nought_are_scored() -> None:
    s = score("r", "f", "interruptions", np.array([0.0, 0.0, 1.0, 2.0]), 0.0)
    assert math.isfinite(s.crps)
    assert s.pit == 0.25


def test_a_run_without_interruptions_counts_and_the_result_has_no_nan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seldom = {"interruption_window_days": "0.01", "noncircular_targets": "interruptions"}
    rows = [ROWS[1] | seldom | {"run_id": f"r{k}", "interruptions_unplanned": str(k)} for k in (0, 1)]
    out = tmp_path / "out"
    assert _run(["backtest", "--runs", str(write(tmp_path / "r.csv", rows)), "--json", "-o", str(out)], debug=True) == 0
    data = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert json.loads((out / "backtest.json").read_text(), parse_constant=pytest.fail) == data
    found = data["targets"]["interruptions"]
    assert (found["runs"], found["median_band_ratio"], found["bias_log"]) == (2, 1.0, pytest.approx(0.5 * math.log(0.5)))
    assert data["targets"]["device_hours"]["families"] == 0


def test_the_test_of_coverage_does_not_choose_by_outcome() -> None:
    """With several runs of a family the one in the middle is covered more often than a run is."""
    rng, draws, n = np.random.default_rng(5), np.exp(np.random.default_rng(6).normal(size=2000)), 400
    reports = np.exp(rng.normal(size=(n, 3)))
    scores = [score(f"r{k}-{j}", f"f{k}", "energy", draws, float(y)) for k, row in enumerate(reports) for j, y in enumerate(row)]
    assert coverage(scores, 0.5)[1] > 1e-3


# baselines


@pytest.fixture
def without_mlsysim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlsysim", None)


# Narayanan et al. (2021), arXiv:2104.04473, table 1: billion parameters, achieved TFLOP/s of an A100
@pytest.mark.parametrize(
    ("billion", "achieved"),
    [(1.7, 137), (3.6, 138), (7.5, 142), (18.4, 135), (39.1, 138), (76.1, 140), (145.6, 148), (310.1, 155), (529.6, 163), (1008, 163)],
)
def test_llmcarbon_reaches_the_throughput_that_it_was_fitted_to(billion: float, achieved: float) -> None:
    share = llmcarbon_utilization(billion * 1e9, "A100 SXM 80GB")
    assert share is not None
    assert 312.0 * share == pytest.approx(achieved, rel=0.016)


def test_llmcarbon_ends_where_its_fit_does_and_knows_the_v100() -> None:
    assert llmcarbon_utilization(1.1e12, "A100 SXM 80GB") is None
    one_node, several = (llmcarbon_utilization(size, "A100 SXM 80GB") for size in (19.1e9, 19.3e9))  # 19.2e9 fit a node: 8 · 80 · 0.03e9
    assert (one_node, several) == pytest.approx((133.98 / 312, 136.16 / 312), rel=1e-4)
    share = llmcarbon_utilization(175e9, "V100 SXM2")
    assert share is not None
    assert 125.0 * share == pytest.approx(45.42, rel=1e-3)  # TFLOP/s: what the released example, GPT-3 on V100, computes


def test_llmcarbon_counts_active_parameters(tmp_path: Path, without_mlsysim: None) -> None:
    experts = read_runs(write(tmp_path / "r.csv", ROWS))[0][2].before
    assert experts.kind.architecture == "mixture_of_experts"
    assert utilizations(experts, whole=True)["llmcarbon"] == llmcarbon_utilization(10e9, "H100 SXM")


def test_baselines_are_their_formulas(tmp_path: Path, without_mlsysim: None) -> None:
    run = read_runs(write(tmp_path / "r.csv", ROWS))[0][1].before
    hours = 6 * 70e9 * 2e12 / (3600 * 312e12 * 0.40)
    for target, value in (("device_hours", hours), ("wall_clock", hours / 2048), ("mfu", 0.40)):
        own = score("r", "f", target, value * np.linspace(0.9, 1.3, 999), 1.2 * value)
        found = baseline_scores(run, own)
        assert set(found) == set(NAMES) - {"mlsysim"}
        assert found["mfu_0.40"].p50 == pytest.approx(value)
        assert found["mfu_0.40"].crps == pytest.approx(math.log(1.2))
        assert found["own_median"].p50 == own.p50
        assert (found["flat_50"].p05, found["flat_50"].p95) == pytest.approx((0.55 * own.p50, 1.45 * own.p50))
    own = score("r", "f", "energy", np.linspace(1.0, 2.0, 99), 1.2)
    assert set(baseline_scores(run, own)) == {"own_median", "flat_50"}


def test_the_density_of_a_flat_band_integrates_to_one_and_is_0_outside(tmp_path: Path) -> None:
    run, reports = read_runs(write(tmp_path / "r.csv", ROWS))[0][1].before, np.exp(np.linspace(math.log(0.3), math.log(1.7), 20_001))
    draws = np.linspace(0.9, 1.1, 101)
    own = score("r", "f", "energy", draws, 1.0)
    logs = np.array([baseline_scores(run, replace(own, actual=float(y)))["flat_50"].log_score for y in reports[::20]])
    density = np.exp(logs)
    assert np.all((density > 0.0) == ((reports[::20] >= 0.5) & (reports[::20] <= 1.5)))
    assert np.sum(density) * math.log(1.7 / 0.3) / 1000 == pytest.approx(1.0, abs=3e-3)


def test_a_median_of_no_interruptions_is_a_half(tmp_path: Path) -> None:
    run = read_runs(write(tmp_path / "r.csv", ROWS))[0][1].before
    found = baseline_scores(run, score("r", "f", "interruptions", np.array([0.0, 0.0, 0.0, 1.0]), 1.0))
    assert found["own_median"].crps == pytest.approx(math.log(2.0))
    assert math.isfinite(found["flat_50"].crps)


def test_the_gain_in_log_score_over_a_wider_normal_is_their_divergence() -> None:
    rng = np.random.default_rng(4)
    narrow, wide = (np.exp(rng.normal(scale=scale, size=20_000)) for scale in (1.0, 2.0))
    reports = np.exp(rng.normal(size=1000))
    ours, theirs = ([score(f"r{k}", f"f{k}", "energy", draws, float(y)) for k, y in enumerate(reports)] for draws in (narrow, wide))
    more, low, high = log_gain(ours, theirs)
    closed = math.log(2.0) - 0.5 * (1.0 - 0.25)  # Kullback and Leibler's of two normals
    assert low < closed < high
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(9 / 32 / 1000), rel=0.15)
    assert more == pytest.approx(closed, abs=0.06)
    assert log_gain(theirs, ours)[0] == -more


def test_against_what_has_no_density_the_gain_is_infinite() -> None:
    ours = [score(name, name, "energy", np.linspace(1, 2, 99), 1.5) for name in "ab"]
    points = [point(name, name, "energy", 1.5, 1.5) for name in "ab"]
    assert log_gain(ours, points)[0] == math.inf
    assert gain(ours, points)[0] == -math.inf  # points that are exactly right


def test_baselines_are_compared_on_common_runs_and_what_is_left_out_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], without_mlsysim: None
) -> None:
    large = ROWS[1] | {"run_id": "large", "family": "large", "params_total": "2e12", "accelerator_hours": "1e8", "wall_clock_days": "900"}
    path = str(write(tmp_path / "r.csv", [*ROWS, large]))
    assert _run(["backtest", "--runs", path, "--json"], debug=True) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["targets"]["device_hours"]["runs"] == 5
    fixed, llmcarbon = (data["baselines"][name]["device_hours"] for name in ("mfu_0.40", "llmcarbon"))
    assert (fixed["runs"], fixed["families"]) == (5, 3)
    assert (llmcarbon["runs"], llmcarbon["families"]) == (4, 2)
    ours = [run for run in data["runs"] if run["target"] == "device_hours" and run["run_id"] != "large"]
    crps = np.mean([np.mean([run["crps"] for run in ours if run["family"] == name]) for name in ("family-0", "family-1")])
    assert llmcarbon["crps_below"] == pytest.approx(1 - crps / llmcarbon["crps_log"])
    assert llmcarbon["log_score_gain"] is None
    assert llmcarbon["runs_without_density"] == 4
    assert set(data["baselines"]) == set(NAMES) - {"mlsysim"}
    assert list(data["baselines_left_out"]) == ["mlsysim"]
    assert set(data["baselines"]["own_median"]) == set(TARGETS)
    assert set(data["baselines"]["mfu_0.375"]) == {"device_hours", "wall_clock", "mfu"}
    assert data["baselines_by_protocol"]["leave_one_family_out"] == data["baselines"]
    known = data["baselines_by_protocol"]["knowledge_date"]
    assert known["mfu_0.40"]["device_hours"]["crps_log"] == fixed["crps_log"]
    of_median = data["protocols"]["knowledge_date"]["device_hours"]["crps_log_of_median"]
    assert known["own_median"]["device_hours"]["crps_log"] == pytest.approx(of_median)
    assert _run(["backtest", "--runs", path], debug=True) == 0
    told = capsys.readouterr().out
    assert "Left out: baseline mlsysim: it is not installed" in told
    assert max(len(line) for line in told.splitlines() if "─" in line) <= 80


# what a file says


def test_what_hours_hold_decides_which_are_forecast(tmp_path: Path) -> None:
    rows = [ROWS[1] | {"run_id": text, "hours_basis": text} for text in ("reported", "tokens / throughput exactly")]
    with_downtime, without = (forecast(run.before, before=None, without=None) for run in read_runs(write(tmp_path / "r.csv", rows))[0])
    assert np.all(without["device_hours"] < with_downtime["device_hours"])
    np.testing.assert_array_equal(without["mfu"], with_downtime["mfu"])


@pytest.mark.parametrize(
    ("basis", "productive"),
    [
        ("reported (65B = tokens/throughput exactly)", True), ("excl. downtime", True), ("without restarts", True),
        ("productive hours only", True), ("includes downtime; throughput 3000 tokens/s", False), ("count_x_days", False),
    ],
)  # fmt: skip
def test_what_hours_hold_is_read(basis: str, productive: bool, tmp_path: Path) -> None:
    (run,) = read_runs(write(tmp_path / "r.csv", [ROWS[1] | {"hours_basis": basis}]))[0]
    assert run.before.productive is productive


@pytest.mark.parametrize(
    ("basis", "devices_only", "without_pue"),
    [
        ("measured_gpu_only (no PUE)", True, True), ("measured GPU only, PUE excluded", True, True),
        ("measured (nvidia-smi) x PUE", True, False),
        ("measured_system", False, False), ("measured at the servers, excl. PUE", False, True),
    ],
)  # fmt: skip
def test_what_energy_holds_is_read(basis: str, devices_only: bool, without_pue: bool, tmp_path: Path) -> None:
    (run,) = read_runs(write(tmp_path / "r.csv", [ROWS[1] | {"energy_basis": basis}]))[0]
    assert (run.before.devices_only, run.before.without_pue) == (devices_only, without_pue)


def test_what_effective_time_holds_decides_which_is_forecast(tmp_path: Path) -> None:
    rows = [ROWS[1] | {"run_id": basis, "ett_basis": basis} for basis in ("self-reported", "derived: steps x time of a step / elapsed")]
    reported, derived = (
        forecast(run.before, before=None, without=None)["goodput"] for run in read_runs(write(tmp_path / "r.csv", rows))[0]
    )
    assert np.all(derived < reported)


def test_what_energy_holds_decides_which_is_forecast(tmp_path: Path) -> None:
    bases = ("measured_system", "measured_gpu_only x PUE", "measured_gpu_only (no PUE)")
    runs = read_runs(write(tmp_path / "r.csv", [ROWS[1] | {"run_id": basis, "energy_basis": basis} for basis in bases]))[0]
    forecasts = [forecast(run.before, before=None, without=None) for run in runs]
    system, devices, bare = (found["energy"] for found in forecasts)
    assert np.all(bare < devices)
    assert np.all(devices < system)
    for found, energy in zip(forecasts, (system, devices, devices), strict=True):  # a report's emissions hold PUE in any case
        np.testing.assert_allclose(found["emissions"] / forecasts[0]["emissions"], energy / system, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "name"),
    [("A100-40GB SXM", "A100 SXM 40GB"), ("H100-80GB PCIe", "H100 PCIe"),
     ("NVIDIA H100-80GB", "H100 SXM"), ("GH200", "H100 SXM"), ("TPU v5e", "TPU v5e"),
     ("MI250X", "MI250X"), ("B200", "B200"), ("GB200", "GB200"), ("H20", "H20"), ("Ascend 910B", "Ascend 910B"),
     ("TPUv4", "TPU v4"), ("TPU v5 lite", "TPU v5e"), ("Gaudi2", "Gaudi 2")],
)  # fmt: skip
def test_accelerators_are_found(text: str, name: str) -> None:
    assert accelerator_named(text) == name


def test_an_accelerator_without_a_rated_power_is_forecast(tmp_path: Path) -> None:
    rows = [ROWS[1] | {"run_id": name, "accelerator": name} for name in ("TPU v4", "TPU v5e", "TPU v5p", "TPU v6e", "Trainium1")]
    known, *others = (forecast(run.before, before=None, without=None)["energy"] for run in read_runs(write(tmp_path / "r.csv", rows))[0])
    for energy in others:
        assert np.log(energy).std() > 1.2 * np.log(known).std()


def test_a_run_that_cannot_be_simulated_is_left_out_and_told(tmp_path: Path) -> None:
    result = backtest(write(tmp_path / "r.csv", [*ROWS, ROWS[0] | {"run_id": "endless", "accelerator_count": "1e9"}]))
    assert [text.partition(":")[0] for text in result.left_out] == ["endless"]
    assert {s.run_id for s in result.scores["knowledge_date"]} == {row["run_id"] for row in ROWS}


@pytest.mark.parametrize(
    ("model", "architecture"),
    [
        ("Flan-T5 XXL", "encoder_decoder"),
        ("ByT5", "encoder_decoder"),
        ("mT0-xxl", "encoder_decoder"),
        ("BERT-Large", "dense"),
        ("GPT-5", "dense"),
    ],
)
def test_an_encoder_alone_is_dense(model: str, architecture: str, tmp_path: Path) -> None:
    (run,) = read_runs(write(tmp_path / "r.csv", [ROWS[1] | {"model": model, "noncircular_targets": "Hours; Days"}]))[0]
    assert run.before.kind.architecture == architecture
    assert run.before.targets == ("device_hours", "wall_clock")


def test_unknown_accelerators_are_left_out_and_told(tmp_path: Path) -> None:
    rows = [*ROWS, ROWS[0] | {"run_id": "strange", "accelerator": "abacus"}, ROWS[0] | {"run_id": "sizeless", "params_total": ""}]
    runs, left_out = read_runs(write(tmp_path / "r.csv", rows))
    assert len(runs) == len(ROWS)
    assert [text.partition(":")[0] for text in left_out] == ["strange", "sizeless"]
    with pytest.raises(LawError, match="'abacus', is not in the table"):
        accelerator_named("abacus")


def test_places_are_found() -> None:
    assert [place_of(text) for text in ("Texas, US", "AWS us-west-2", "Google Georgia", "")] == ["US-TX", "aws:us-west-2", "US-GA", None]


def test_a_run_without_a_number_of_accelerators_is_given_one(tmp_path: Path) -> None:
    (run,) = read_runs(write(tmp_path / "r.csv", [ROWS[1] | {"accelerator_count": ""}]))[0]
    count = planned_accelerators(run.before)
    assert count & (count - 1) == 0
    assert 20 < np.median(forecast(run.before, before=None, without=None)["device_hours"]) / count / 24 < 100


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", "has no column run_id"),
        (None, "cannot be read (No such file"),
        ("rows", "column 'params_total': 'many' is not a number of 0 or more"),
        ("twice", "'run-0' names no run, or a second one"),
        ("empty", "holds no run that can be forecast"),
    ],
)
def test_files_that_are_none_are_refused(text: str | None, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "r.csv"
    made = {"rows": [ROWS[0] | {"params_total": "many"}], "twice": [ROWS[0], ROWS[0]], "empty": []}
    if text in made:
        write(path, made[text])
    elif text is not None:
        path.write_text(text)
    assert _run(["backtest", "--runs", str(path)], debug=False) == 2
    assert told in capsys.readouterr().err
    with pytest.raises(InputError):
        read_runs(path)


@pytest.mark.parametrize("seed", ["-1", "9223372036854775808"])
def test_a_seed_that_is_none_is_refused(seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["backtest", "--seed", seed], debug=False) == 2
    assert "seed" in capsys.readouterr().err


# the command


def test_the_command_prints_saves_and_repeats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write(tmp_path / "r.csv", ROWS))
    assert _run(["backtest", "--runs", path, "--json", "-o", str(tmp_path / "out")], debug=True) == 0
    text = capsys.readouterr().out
    data = json.loads(text)
    assert set(data["targets"]) == set(TARGETS)
    hours = data["targets"]["device_hours"]
    assert set(hours) >= {"families", "coverage", "crps_log", "median_band_ratio", "bias_log"}
    assert set(hours["coverage"]) == {"0.5", "0.8", "0.9"}
    assert {run["target"] for run in data["runs"]} == set(TARGETS)
    assert set(data["runs"][0]) >= {"run_id", "target", "p05", "p50", "p95", "actual", "pit"}
    assert data["baselines"]["mfu_0.40"]["device_hours"]["crps_log"] > 0
    assert json.loads((tmp_path / "out" / "backtest.json").read_text()) == data
    assert len((tmp_path / "out" / "runs.csv").read_text().splitlines()) == 1 + 2 * len(data["runs"])
    assert (tmp_path / "out" / "backtest.png").stat().st_size > 10_000
    assert _run(["backtest", "--runs", path, "--json"], debug=True) == 0
    assert capsys.readouterr().out == text
    assert _run(["backtest", "--runs", path], debug=True) == 0
    told = capsys.readouterr().out
    assert "knowledge date" in told
    assert "Cost is not testable" in told
    assert max(len(line) for line in told.splitlines() if "─" in line) <= 80


def test_the_projects_own_runs_are_scored_where_no_file_is_given() -> None:
    data = backtest_json(backtest())
    assert data["file"] == "the table runs"
    assert data["targets"]["device_hours"]["families"] >= 10
    assert not any(run.before.run_id.startswith("T5") and "device_hours" in run.before.targets for run in own_runs())
