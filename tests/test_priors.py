"""Fitted priors: is the regression that of the books, do dates and families keep figures out, do scenarios take them?"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from rented_run import with_changes
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, parse_scenario, simulate
from simulator.cli import _run
from simulator.errors import ConfigError, LawError
from simulator.reference import defaults, table
from simulator.reference.priors import losses, power, utilization
from simulator.reference.priors.facts import Facts, facts
from simulator.reference.priors.kind import Kind, peak_flops
from simulator.reference.priors.known import FITTED, known_prior
from simulator.reference.priors.regression import Coefficient, Figure, Spread, predictive
from simulator.reference.priors.utilization import kind_of, rows_of
from simulator.scenario import Scenario
from simulator.scenario.resolve import resolve

A100 = Kind("A100 SXM 80GB", 312e12, 70e9, 1024, laboratory=True)
LEVEL = (Coefficient("level", math.log(0.38), 0.4),)
SPREAD = Spread(0.25, 0.2)


def scenario(**changes: object) -> Scenario:
    return parse_scenario({"name": "rented", **with_changes(**changes)})


def made_up(name: str, family: str) -> Facts:
    return Facts(name, family, "2022-01", "A100 SXM 80GB", "dense", "laboratory", "run", "made up")


def width(quantity: str, kind: Kind, **kept: str) -> float:
    prior = known_prior(quantity, kind, **kept)
    return math.log(prior.high / prior.low)


# the regression


def test_without_figures_the_weak_prior_is_left() -> None:
    mean, sd = predictive([], LEVEL, SPREAD, [1.0])
    assert mean == pytest.approx(math.log(0.38))
    family, residual, prior = SPREAD.grid()
    weights = np.exp(prior) / np.exp(prior).sum()
    assert sd == pytest.approx(math.sqrt(0.4**2 + weights @ (family**2 + residual**2)), rel=1e-12)


def test_many_families_are_their_mean_and_spread() -> None:
    rng = np.random.default_rng(1)
    logs = rng.normal(math.log(0.3), 0.25, 150)
    mean, sd = predictive([Figure(made_up(f"r{k}", f"f{k}"), float(y), (1.0,)) for k, y in enumerate(logs)], LEVEL, SPREAD, [1.0])
    assert_within_mcse(mean, logs.mean(), 0.25 / math.sqrt(150))
    assert sd == pytest.approx(logs.std(), rel=0.1)


def test_figures_of_one_family_tell_little_more_than_one() -> None:
    def of(families: list[str]) -> float:
        return predictive([Figure(made_up(f"r{k}", name), math.log(0.2), (1.0,)) for k, name in enumerate(families)], LEVEL, SPREAD, [1.0])[
            0
        ]

    one, same, others = of(["a"]), of(["a"] * 8), of(list("abcdefgh"))
    assert math.log(0.2) < others < same < one < math.log(0.38)
    assert others - math.log(0.2) < 0.5 * (same - math.log(0.2))


def test_the_predictive_is_that_of_draws_weighted_by_their_likelihood() -> None:
    """An independent way: parameters drawn from their priors, weighted by what they make of the figures."""
    coefficients, factors = (*LEVEL, Coefficient("other", 0.1, 0.3)), (1.0, 1.0)
    told = [("a", -1.2, (1.0, 0.0), 0.0), ("a", -1.0, (1.0, 1.0), 0.1), ("b", -0.7, (1.0, 1.0), 0.0), ("c", -1.4, (1.0, 0.0), 0.1)]
    figures = [Figure(made_up(f"r{k}", family), log, row, scatter) for k, (family, log, row, scatter) in enumerate(told)]
    n, rng = 1_000_000, np.random.default_rng(4)
    family, residual, prior = SPREAD.grid()
    pick = rng.choice(family.size, n, p=np.exp(prior) / np.exp(prior).sum())
    b = np.array([rng.normal(c.mean, c.sd, n) for c in coefficients])
    effect = {name: rng.normal(size=n) * family[pick] for name in "abc"}
    log_weight = np.zeros(n)
    for name, log, row, scatter in told:
        sd = np.sqrt(residual[pick] ** 2 + scatter**2)
        log_weight += -0.5 * ((log - np.asarray(row) @ b - effect[name]) / sd) ** 2 - np.log(sd)
    w = np.exp(log_weight - log_weight.max())
    new = np.asarray(factors) @ b + rng.normal(size=n) * np.hypot(family[pick], residual[pick])
    mean, effective = np.average(new, weights=w), w.sum() ** 2 / (w**2).sum()
    sd = math.sqrt(np.average((new - mean) ** 2, weights=w))
    assert effective > 5000
    fitted = predictive(figures, coefficients, SPREAD, factors)
    assert_within_mcse(fitted[0], mean, sd / math.sqrt(effective))
    assert fitted[1] == pytest.approx(sd, rel=0.04)


# the figures


def test_every_published_run_has_facts_and_every_figure_a_source() -> None:
    assert set(table("runs").names) <= set(facts())
    for own in facts().values():
        assert own.source
        assert own.family
        assert len(own.published) == 7
        assert own.architecture in ("dense", "mixture_of_experts", "encoder_decoder", "")
        assert own.organisation in ("laboratory", "public", "company")
        assert own.hours in ("run", "productive", "estimate", "none")
        assert not own.accelerator or peak_flops(own.accelerator) > 0
    for own in (utilization.figures(), losses.overheads(), losses.failures(), losses.downtimes(), losses.checkpoints(), power.figures()):
        assert own
        assert all(figure.told and math.isfinite(figure.log) for figure in own)


def test_no_run_draws_more_than_its_rated_power() -> None:
    assert all(math.exp(figure.log) <= power.HIGHEST for figure in power.figures())


def test_figures_of_the_table_failures_have_the_unit_of_their_prior() -> None:
    units = {"failure_rate": "per 1000 node-days", "downtime": "min", "checkpoint_time": "s"}
    for row in table("failures").rows:
        if row.quantity in units and row.name in facts():
            assert row.unit == units[row.quantity], row.name


def test_dates_and_families_keep_figures_out() -> None:
    for quantity in FITTED:
        everything = known_prior(quantity, A100)
        for family in {figure.facts.family for figure in everything.figures}:
            prior = known_prior(quantity, A100, without=(family,))
            assert all(figure.facts.family != family for figure in prior.figures)
            assert prior.text != everything.text
        for month in ("2021-01", "2022-05", "2024-02", "2026-12"):
            prior = known_prior(quantity, A100, before=month)
            assert all(figure.facts.published < month for figure in prior.figures)
            assert all(figure.facts.published >= month for figure, _ in prior.excluded)
            assert len(prior.figures) + len(prior.excluded) == len(everything.figures)
        assert known_prior(quantity, A100, before="2015-01").source.startswith("judgement")


def test_what_is_not_known_makes_a_prior_wide() -> None:
    usual = width("mfu", A100)
    assert width("mfu", A100, before="2019-01") > 1.5 * usual
    assert width("mfu", Kind("B200", 2250e12, 70e9, 1024, laboratory=True)) > 1.1 * usual
    assert width("mfu", Kind("MI300X", 1307e12, 70e9, 1024, laboratory=True)) > 1.1 * usual
    assert width("mfu", Kind("A100 SXM 80GB", 312e12, 70e9, 8, laboratory=True)) > 1.1 * usual
    assert width("mfu", Kind("A100 SXM 80GB", 312e12, 0.1e9, 1024, laboratory=True)) > 1.02 * usual
    assert width("mfu", Kind("A100 SXM 80GB", 312e12, 70e9, 1024, "encoder_decoder", laboratory=True)) > 1.1 * usual


def test_what_whole_runs_lose_in_the_fit_is_what_they_lose_in_the_model() -> None:
    """A forecast draws its losses: the fit must take as much, and as much scatter, out of figures over whole runs."""
    means, spreads = [], []
    for own in facts().values():
        rows = rows_of(own.name)
        if own.hours != "run" or not {"tokens", "accelerators"} <= set(rows) or own.architecture == "encoder_decoder":
            continue
        kind = kind_of(own)
        work = {"params": kind.params_active, "tokens": rows["tokens"].central}
        hardware = {"accelerator": own.accelerator, "accelerators": rows["accelerators"].central}
        ds = simulate(
            parse_scenario(
                {
                    "name": "losses", "workload": work, "hardware": hardware, "reliability": {"method": "expected_value"},
                    "emissions": {"carbon_intensity": 300}, "compute": {"basis": "rent", "rental_price": 1},
                }
            ),
            SamplingPlan(draws=2000, seed=0),
        )  # fmt: skip
        lost = np.log(ds.goodput.values / (1.0 + ds.run_overhead.values))
        means.append(lost.mean())
        spreads.append(lost.std())
    whole = next(c for c in utilization.COEFFICIENTS if c.name == "whole")
    assert len(means) > 8
    assert abs(np.mean(means) - whole.mean) < whole.sd
    assert np.mean(spreads) == pytest.approx(utilization.LOSSES, abs=0.03)


def test_overhead_holds_no_failures() -> None:
    """1 + overhead is the goodput over the published ratio of whole to steady: 0.95 of 0.66 for PaLM, 0.9 of 0.84 for Llama 3.1."""
    told = {figure.facts.name: math.exp(figure.log) for figure in losses.overheads()}
    assert told["PaLM 540B"] == pytest.approx(0.95 / 0.66 - 1, abs=0.02)
    assert told["Llama 3.1 405B"] == pytest.approx(0.90 / 0.84 - 1, abs=0.02)
    assert told["BLOOM 176B"] == pytest.approx(0.92 / 0.88 - 1, abs=0.02)
    assert not any(own.hours == "productive" for own in map(facts().get, told))


def test_a_slow_device_of_a_late_generation_is_no_v100() -> None:
    told = {name: Kind(name, peak_flops(name)) for name in ("V100 SXM2", "P100 SXM2", "T4", "H20", "A10", "L4", "Trainium1", "TPU v2")}
    assert {name for name, kind in told.items() if kind.volta} == {"V100 SXM2", "P100 SXM2", "T4"}
    assert Kind("", 100e12).volta


# what scenarios take


def test_a_scenario_that_states_none_takes_fitted_priors() -> None:
    used = resolve(scenario(workload={"mfu": None})).describe_defaults()
    for name in ("mfu", "run_overhead", "failure_rate", "downtime", "checkpoint_time", "power_fraction"):
        assert "fitted to" in used[name]["source"], name


@pytest.mark.parametrize(
    "section",
    [{"organisation": "laboratory"}, {"architecture": "mixture_of_experts"}, {"before": "2021-06"}, {"without": "llama2"}],
)
def test_what_priors_states_moves_the_utilization(section: dict[str, str]) -> None:
    plain, moved = (resolve(scenario(workload={"mfu": None}, priors=part)).describe_defaults()["mfu"]["value"] for part in ({}, section))
    assert plain != moved


def test_experts_are_told_by_their_share_of_parameters() -> None:
    sizes = {"mfu": None, "params": 200e9, "params_active": 20e9}
    by_size = resolve(scenario(workload=sizes)).describe_defaults()["mfu"]
    experts = {"architecture": "mixture_of_experts"}
    stated = resolve(scenario(workload=sizes, priors=experts)).describe_defaults()["mfu"]
    assert by_size == stated


def test_rollbacks_that_stand_apart_leave_the_overhead() -> None:
    together, apart = (
        resolve(scenario(**changes)).inputs["run_overhead"].value.spec for changes in ({}, {"components": {"rollbacks": True}})
    )
    for end in ("p5", "p95"):
        assert together[end] - apart[end] == pytest.approx(0.0047, abs=2e-4)


def test_no_run_repeats_all_its_work() -> None:
    law = resolve(scenario()).inputs["run_overhead"].value.law
    assert law.cdf(1.0) == 1.0
    assert law.cdf(0.305) == pytest.approx(0.95, abs=0.004)


def test_defaults_are_those_of_the_date() -> None:
    assert defaults("2020-01")["pue"].year == 2018
    assert defaults()["pue"].year == 2024
    used = resolve(scenario(priors={"before": "2020-01"})).describe_defaults()
    assert used["pue"]["source"].endswith("[2018]")


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"before": "2022"}, "'2022' is not a month"),
        ({"before": "2022-13"}, "'2022-13' is not a month"),
        ({"without": "llama22"}, "'llama22' is no family of published runs. Known are llama2"),
        ({"organisation": "me"}, "laboratory"),
        ({"organisation": "laboratory"}, "organisation decides the prior of mfu only"),
        ({"architecture": "dense"}, "architecture decides the prior of mfu only"),
    ],
)
def test_what_decides_nothing_or_is_not_known_is_refused(section: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        scenario(priors=section)


# the command


def test_the_command_prints_priors_and_their_figures(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["priors", "--accelerator", "H100 SXM", "--params", "70e9", "--accelerators", "2048"]
    assert _run(words, debug=True) == 0
    table_ = capsys.readouterr().out
    assert all(name in table_ for name in FITTED)
    assert _run([*words, "--before", "2022-06", "--json"], debug=True) == 0
    data = json.loads(capsys.readouterr().out)
    assert set(data) == set(FITTED)
    assert data["mfu"]["value"] == known_prior("mfu", Kind("H100 SXM", 989e12, 70e9, 2048), before="2022-06").value
    assert {figure["reason"][:9] for figure in data["mfu"]["left_out"]} == {"published"}
    assert all(figure["source"] and figure["figure"] for figure in data["mfu"]["figures"])
    assert _run([*words[:1], "downtime", *words[1:], "--without", "bloom"], debug=True) == 0
    told = capsys.readouterr().out
    assert "left out, of the" in told
    assert max(map(len, told.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--accelerator", "H100 SX"], "Did you mean H100 SXM"),
        (["mfx", "--accelerator", "H100 SXM"], "'mfx' has no fitted prior. Known are mfu"),
        (["--accelerator", "H100 SXM", "--before", "soon"], "'soon' is not a month"),
        (["--accelerator", "H100 SXM", "--before", ""], "'' is not a month"),
        (["--accelerator", "H100 SXM", "--without", "opto"], "Known are opt"),
        (["--accelerator", "H100 SXM", "--params", "-7e9"], "-7"),
        (["--accelerator", "H100 SXM", "--params", "many"], "'many' is not a number"),
        (["--accelerator", "H100 SXM", "--accelerators", "0"], "0"),
        ([], "--accelerator"),
    ],
)
def test_the_command_refuses(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["priors", *words], debug=False) == 2
    assert told in capsys.readouterr().err


def test_an_unknown_accelerator_is_refused() -> None:
    with pytest.raises(LawError, match="is not a known accelerator"):
        peak_flops("abacus")
