"""Conditioned draws: effect sizes against closed forms, errors against their spread, what is refused."""

from __future__ import annotations

import json
import math
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, Scenario, load_scenario, simulate, simulate_bands
from simulator.analysis.stress.conditions import where, worst
from simulator.analysis.stress.stress import placements, stress, stress_json
from simulator.cli import _run
from simulator.errors import InputError

CONFIG = "configs/quickstart.yaml"


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent)


def bivariate(draws: int, rho: float, seed: int, plan: str = "random", replicates: int = 1) -> xr.Dataset:
    """Return a normal input and an output of correlation rho with it, and an input that has nothing to do with either."""
    rng = np.random.default_rng(seed)
    x, noise, other = rng.normal(size=(3, draws))
    return xr.Dataset(
        {
            "cost_total": ("draw", rho * x + math.sqrt(1 - rho**2) * noise, {"role": "output", "units": "USD"}),
            "mfu": ("draw", x, {"role": "input", "units": "1"}),
            "pue": ("draw", other, {"role": "input", "units": "1"}),
        },
        {"draw": np.arange(draws)},
        {"plan": plan, "replicates": replicates},
    )


def test_the_shift_is_that_of_the_normal_tail() -> None:
    """E[x | y > q] - E[x | y <= q] = ρ φ(q) / (p (1 - p)) for the worst share p of a standard bivariate normal."""
    rho, share = 0.6, 0.05
    ds = bivariate(100_000, rho, 1)
    found = stress(ds, worst(ds, share))
    exact = rho * stats.norm.pdf(stats.norm.ppf(1 - share)) / (share * (1 - share))
    assert list(found.input.values) == ["mfu", "pue"]
    assert_within_mcse(found["shift"].sel(input="mfu"), exact, found.shift_mcse.sel(input="mfu"))
    assert_within_mcse(found["shift"].sel(input="pue"), 0.0, found.shift_mcse.sel(input="pue"))
    assert_within_mcse(found.larger.sel(input="pue"), 0.5, found.larger_mcse.sel(input="pue"))


def test_the_chance_to_be_larger_is_that_of_the_integral() -> None:
    rho, share = 0.6, 0.05
    ds = bivariate(100_000, rho, 2)
    found = stress(ds, worst(ds, share)).sel(input="mfu")
    grid = np.linspace(-7, 7, 4001)
    density = stats.norm.pdf(grid)
    above = stats.norm.sf((stats.norm.ppf(1 - share) - rho * grid) / math.sqrt(1 - rho**2))
    inside, outside = density * above / share, density * (1 - above) / (1 - share)
    step = grid[1] - grid[0]
    exact = float(np.sum(inside * (np.cumsum(outside) - outside / 2)) * step**2)
    assert_within_mcse(found.larger, exact, found.larger_mcse)


def test_placements_are_counted_pairs() -> None:
    rng = np.random.default_rng(3)
    values, inside = rng.integers(0, 6, 60).astype(float), rng.random(60) < 0.4
    pairs = (values[inside][:, None] > values[~inside]) + 0.5 * (values[inside][:, None] == values[~inside])
    x, y = placements(values, inside)
    np.testing.assert_allclose(x, pairs.mean(axis=1), atol=1e-14)
    np.testing.assert_allclose(y, pairs.mean(axis=0), atol=1e-14)
    assert x.mean() == pytest.approx(stats.mannwhitneyu(values[inside], values[~inside]).statistic / pairs.size)


@pytest.mark.parametrize("plan", ["random", "sobol"])
def test_errors_are_the_spread_of_repetitions(plan: str) -> None:
    found = []
    for seed in range(120):
        ds = bivariate(1600, 0.5, 1000 + seed, plan, 8)
        own = stress(ds, where(ds, "cost_total > 1 USD")).sel(input="mfu")
        percentile = own.sel(part="inside", output="cost_total", quantile=0.5)
        found.append([(own["shift"].item(), own.shift_mcse.item()), (own.larger.item(), own.larger_mcse.item())])
        found[-1].append((percentile.value.item(), percentile.mcse.item()))
    for rows in zip(*found, strict=True):
        values, errors = np.array(rows).T
        claimed = np.sqrt(np.nanmean(errors**2))
        assert abs(values.std(ddof=1) / claimed - 1) < 4.5 / math.sqrt(240) + 0.05
        assert np.isfinite(errors).all() or plan == "sobol"


def test_one_scrambling_has_no_error() -> None:
    ds = bivariate(4096, 0.5, 4, "sobol", 1)
    found = stress(ds, worst(ds, 0.1))
    assert np.isnan(found.shift_mcse).all()
    assert np.isnan(found.larger_mcse).all()
    assert np.isnan(found.mcse).all()
    assert np.isfinite(found["shift"]).all()


def test_the_worst_are_the_largest_or_the_smallest() -> None:
    ds = simulate(load_scenario(CONFIG), SamplingPlan(draws=4000))
    for of, bad in (
        ("cost_total", ds.cost_total),
        ("goodput", -ds.goodput),
        ("cost[accelerators]", ds.cost.sel(cost_component="accelerators")),
    ):
        inside = worst(ds, 0.05, of=of)
        assert inside.sum() == 200
        assert bad.values[inside].min() >= bad.values[~inside].max()
    np.testing.assert_array_equal(where(ds, "mfu < 32 %"), ds.mfu < 0.32)
    np.testing.assert_array_equal(where(ds, "cost_total > 400k USD"), ds.cost_total > 400e3)


def test_dear_runs_are_told_by_price_and_utilization() -> None:
    ds = simulate(load_scenario(CONFIG), SamplingPlan(draws=20_000))
    inside = worst(ds, 0.05)
    found = stress(ds, inside)
    assert list(found.input.values[:2]) == ["rental_price", "mfu"]
    assert found.larger.sel(input="rental_price") > 0.9
    assert found.larger.sel(input="mfu") < 0.4
    assert found.value.sel(part="inside", output="cost_total", quantile=0.05) >= np.sort(ds.cost_total)[-1000]
    numbers = found.history_draw.values
    assert inside[numbers].all()
    costs = ds.cost_total.values[numbers]
    assert costs[0] < costs[2]
    tail = np.sort(ds.cost_total.values[inside])
    assert costs[0] == pytest.approx(tail[100], rel=0.01)
    assert costs[2] == pytest.approx(tail[900], rel=0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ds: worst(ds, 0.01), "are fewer than 100, too few to tell; use at least --draws 10000"),
        (lambda ds: worst(ds, 1.0), "share = 1.0 is not admissible"),
        (lambda ds: worst(ds, 0.1, of="cost_totl"), "cost_totl is not told by these draws; did you mean cost_total"),
        (lambda ds: worst(ds.assign(cost_total=ds.cost_total.where(ds.draw > 2)), 0.1), "cost_total is NaN in 3 of 4000 draws"),
        (lambda ds: where(ds, "mfu = 3"), "is not NAME < LIMIT or NAME > LIMIT"),
        (lambda ds: where(ds, "mfu < 3 kWh"), "'kWh' is not a unit of this quantity"),
        (lambda ds: where(ds, "pue[x] < 3"), r"pue\[x\] is not told by these draws"),
        (lambda ds: stress(ds, where(ds, "mfu > 0.99")), "0 of 4000 draws lie inside the condition, and at least 100"),
        (lambda ds: stress(ds, where(ds, "mfu < 0.3")), r"\d+ of 4000 draws lie inside .* about --draws \d"),
        (lambda ds: stress(ds, where(ds, "mfu > 0.01")), "0 of 4000 draws lie outside"),
    ],
)
def test_what_cannot_be_told_is_refused(change, message: str) -> None:
    ds = bivariate(4000, 0.5, 5)
    ds["mfu"] = ("draw", 0.4 + 0.04 * ds.mfu.values, {"role": "input", "units": "1"})
    with pytest.raises(InputError, match=message):
        change(ds)


def test_bands_in_place_of_draws_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bands = simulate_bands(load_scenario(CONFIG), SamplingPlan(draws=1000))
    with pytest.raises(InputError, match="these are bands, and conditions are put to draws; run without --summary"):
        worst(bands, 0.05)


def test_weighted_draws_are_refused() -> None:
    ds = bivariate(4000, 0.5, 1).assign_attrs(weights="weight")
    for condition in (lambda: worst(ds, 0.1), lambda: where(ds, "mfu > 1")):
        with pytest.raises(InputError, match="have weights"):
            condition()


def test_a_condition_that_is_too_rare_tells_a_number_of_draws_that_the_command_takes() -> None:
    ds = bivariate(4000, 0.5, 1)
    with pytest.raises(InputError, match=r"about --draws [0-9]{5,} would give 100"):
        stress(ds, np.arange(4000) < 3)


def test_the_replays_can_be_copied_and_p50_has_its_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["stress", CONFIG, "--draws", "3000", "--worst", "5%", "--set", "description=it's one"], debug=False) == 0
    out = capsys.readouterr().out
    assert max(map(len, (line for line in out.splitlines() if "simulator explain" not in line))) <= 80
    assert re.search(r"cost_total +inside +P50 [0-9]+ ± [0-9]+ \([0-9]+ to [0-9]+\) thousand USD", out)
    words = shlex.split(next(line for line in out.splitlines() if "simulator explain" in line))
    assert words[2:5] == [CONFIG, "--set", "description=it's one"]


def test_an_infinite_draw_and_a_nan_output_stay_so() -> None:
    ds = bivariate(4000, 0.5, 6)
    cost = ds.cost_total.values.copy()
    cost[np.argmax(cost)] = math.inf
    ds["cost_total"] = ("draw", cost, {"role": "output", "units": "USD"})
    ds["energy"] = ("draw", np.where(cost > 3, math.nan, cost), {"role": "output", "units": "kWh"})
    found = stress(ds, worst(ds, 0.05))
    assert found.value.sel(part="inside", output="cost_total", quantile=0.5).item() < 5
    assert np.isnan(found.value.sel(output="energy")).all()
    json.dumps(stress_json(found.assign_attrs(scenario="x", draws=4000, seed=0, version="0")), allow_nan=False)


def test_the_command_tells_and_saves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(tmp_path / "run.nc")
    assert _run(["run", CONFIG, "--draws", "4000", "--seed", "2", "-o", run], debug=True) == 0
    capsys.readouterr()
    assert _run(["stress", run, "--worst", "5%", "--json"], debug=True) == 0
    saved = json.loads(capsys.readouterr().out)
    assert (
        _run(["stress", CONFIG, "--draws", "4000", "--seed", "2", "--worst", "0.05", "--json", "-o", str(tmp_path / "s.nc")], debug=True)
        == 0
    )
    assert json.loads(capsys.readouterr().out) == saved
    assert saved["inside"] == 200
    assert (tmp_path / "s.nc").exists()
    assert _run(["stress", CONFIG, "--draws", "4000", "--seed", "2", "--where", "mfu < 0.34"], debug=True) == 0
    told = capsys.readouterr().out
    assert "simulator explain configs/quickstart.yaml --draw" in told
    assert max(len(line) for line in told.splitlines() if "simulator explain" not in line) <= 80
    for words in (["stress", CONFIG], ["stress", CONFIG, "--worst", "5%", "--where", "mfu < 1"], ["stress", run, "--worst", "200%"]):
        assert _run(words, debug=False) == 2
    assert _run(["stress", run, "--worst", "5%", "--seed", "3"], debug=False) == 2
    assert "holds draws that are made already; leave out --seed" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--where", "mfu ~ 3"), ("--where", "nonsense < 3"), ("--worst", "5%", "--of", "nonsense")])
def test_what_is_asked_for_is_looked_for_in_few_draws(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played = []

    def counting(scenario: Scenario, plan: SamplingPlan, **options: Any) -> xr.Dataset:
        played.append(plan.draws)
        return simulate(scenario, plan, **options)

    monkeypatch.setattr("simulator.engine.simulate", counting)
    assert _run(["stress", CONFIG, "--draws", "50000", *words], debug=False) == 2
    assert played == ([] if "~" in words[-1] else [1000])  # of a condition that is none, none
    assert words[-1].split()[0] in capsys.readouterr().err
