"""Choices under uncertainty: expected loss, CVaR, regret, and values of information against their closed forms."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, compare, load_scenario
from simulator.analysis.decisions.decisions import Losses, decide, losses_of, perfect_information
from simulator.analysis.decisions.evppi import evppi
from simulator.cli import _run
from simulator.errors import InputError

QUICKSTART = str(Path(__file__).parent.parent / "configs" / "quickstart.yaml")


def losses(*rows, plan="random", inputs=None, **attrs):
    draws = {name: ("draw", values, {"role": "input"}) for name, values in (inputs or {}).items()}
    return Losses(tuple("abcdef"[: len(rows)]), np.stack(rows), xr.Dataset(draws, attrs={"plan": plan, **attrs}))


def two_normals(n, seed, *, distance, known, unknown):
    """Options a: 0 and b: N(distance, known² + unknown²), of which x tells the part of ``known``."""
    x, y, u = np.random.default_rng(seed).normal(size=(3, n))
    return losses(0 * x, distance + known * x + unknown * y, inputs={"x": x, "u": u})


def worth(distance, sd):
    """The expected value of knowing the difference of two losses with this mean and sd: sd·φ(d/sd) − d·Φ(−d/sd), d >= 0."""
    return sd * norm.pdf(distance / sd) - distance * norm.sf(distance / sd)


@pytest.mark.parametrize("distance", [1.0, -2.0, 4.0])
def test_values_of_information_of_two_normal_options(distance):
    given = two_normals(40_000, 1, distance=distance, known=2.0, unknown=3.0)
    all_ = perfect_information(given)
    assert_within_mcse(all_.value.value, worth(abs(distance), math.hypot(2, 3)), all_.value.mcse)
    found = evppi(given).sel(input="x")
    assert_within_mcse(found.value, worth(abs(distance), 2.0), found.mcse)
    nothing = evppi(given).sel(input="u")
    assert nothing.value < 4.5 * nothing.mcse + 1e-3


def test_errors_of_values_of_information_are_what_seeds_differ_by():
    found = [two_normals(1000, seed, distance=1.0, known=2.0, unknown=3.0) for seed in range(200)]
    one = [evppi(given).sel(input="x") for given in found]
    all_ = [perfect_information(given).value for given in found]
    for values, errors in (
        ([f.value.item() for f in one], [f.mcse.item() for f in one]),
        ([f.value for f in all_], [f.mcse for f in all_]),
    ):
        assert np.mean(errors) == pytest.approx(np.std(values, ddof=1), rel=5 / math.sqrt(2 * 200))


def test_a_tie_biases_perfect_information_downward_by_as_much_as_is_said():
    found = [perfect_information(two_normals(500, seed, distance=0.0, known=2.0, unknown=3.0)) for seed in range(400)]
    values = np.array([f.value.value for f in found])
    error = values.std(ddof=1) / math.sqrt(400)
    short = worth(0.0, math.hypot(2, 3)) - values.mean()
    assert short > 4.5 * error  # biased, and not upward
    assert_within_mcse(short, np.mean([f.too_low for f in found]), error)


def test_an_input_that_tells_nothing_is_worth_nothing_but_for_what_is_said():
    given = [two_normals(1000, seed, distance=0.3, known=2.0, unknown=3.0) for seed in range(60)]
    found = [evppi(g).sel(input="u") for g in given]
    values, high = (np.array([f[name].item() for f in found]) for name in ("value", "too_high"))
    assert values.mean() > 0.0
    assert (values - high).mean() < 4.5 * values.std(ddof=1) / math.sqrt(60)


def test_of_an_input_with_few_values_each_has_its_mean():
    rng = np.random.default_rng(3)
    x = rng.integers(0, 3, 3000).astype(float)
    y = np.array([-1.0, 0.5, 2.0])[x.astype(int)]
    found = evppi(losses(0 * y, y, inputs={"x": x})).sel(input="x")
    assert found.pieces == 3
    assert found.value.item() == pytest.approx(np.maximum(-y, 0.0).mean())


def test_knowing_a_hidden_optimum_needs_more_than_a_line():
    x = np.random.default_rng(4).normal(size=20_000)
    hump = np.abs(x) - 0.8  # E|x| = 0.798: as good as the other on average
    found = evppi(losses(0 * x, hump, inputs={"x": x})).sel(input="x")
    truth = np.maximum(-hump, 0).mean() - max(-hump.mean(), 0.0)
    assert found.value.item() == pytest.approx(truth, rel=0.02)
    assert found.pieces > 1


def test_sobol_replicates_carry_the_error():
    given = two_normals(4096, 5, distance=1.0, known=2.0, unknown=3.0)
    values = given.values
    many = losses(*values, plan="sobol", replicates=16, inputs={"x": given.results.x.values})
    single = losses(*values, plan="sobol", replicates=1, inputs={"x": given.results.x.values})
    assert evppi(many).mcse.item() == pytest.approx(evppi(given).sel(input="x").mcse.item(), rel=0.8)
    assert math.isnan(evppi(single).mcse.item())
    assert math.isnan(perfect_information(single).value.mcse)
    assert math.isnan(float(decide(single).expected_mcse[0]))


def test_expectation_and_tail_can_disagree():
    rng = np.random.default_rng(6)
    risky, safe = rng.normal(10.0, 2.0, 20_000), rng.normal(11.0, 0.5, 20_000)
    found = decide(losses(risky, safe))
    assert (found.attrs["best"], found.attrs["best_cvar"]) == ("a", "b")
    assert (found.attrs["noise"], found.attrs["noise_cvar"]) == ([], [])
    tail = norm.pdf(norm.ppf(0.95)) / 0.05
    assert_within_mcse(found.cvar, [10.0 + 2.0 * tail, 11.0 + 0.5 * tail], found.cvar_mcse)
    best = norm.cdf(1.0 / math.hypot(2.0, 0.5))
    assert_within_mcse(found.probability_best, [best, 1.0 - best], found.probability_best_mcse)
    assert found.probability_best.sum().item() == pytest.approx(1.0)
    lost = worth(1.0, math.hypot(2.0, 0.5))
    assert_within_mcse(found.opportunity_loss, [lost, lost + 1.0], found.opportunity_loss_mcse)


def test_cvar_is_the_mean_of_the_worst_draws():
    values = np.random.default_rng(7).permutation(np.arange(1.0, 1002.0))
    found = decide(losses(values, values + 1), level=0.9)
    weight = 0.1 * 1001
    worst = (np.arange(902.0, 1002.0).sum() + (weight - 100) * 901.0) / weight
    assert found.cvar[0].item() == pytest.approx(worst)


def test_differences_within_their_error_are_called_noise():
    a = np.random.default_rng(8).normal(size=2000)
    b = a + np.random.default_rng(9).normal(0.005, 1.0, size=2000)
    found = decide(losses(a, b, a + 1.0))
    assert set(found.attrs["noise"]) | {found.attrs["best"]} == {"a", "b"}
    same = decide(losses(a, a))
    assert (same.attrs["noise"], same.probability_best.values.tolist()) == (["b"], [0.5, 0.5])
    assert perfect_information(losses(a, a)).value.value == 0.0


def test_costs_are_set_against_values():
    given = two_normals(2000, 1, distance=1.0, known=2.0, unknown=3.0)
    found = evppi(given, costs={"x": 0.1})
    assert found.net.sel(input="x").item() == pytest.approx(found.value.sel(input="x").item() - 0.1)
    assert math.isnan(found.net.sel(input="u").item())
    with pytest.raises(InputError, match="mfu cannot be measured: the inputs that are not certain are x, u"):
        evppi(given, costs={"mfu": 1.0})


def made_up(cost, completed=None):
    variables = {"cost_total": (("scenario", "draw"), cost), "emissions_total": (("scenario", "draw"), 0 * cost)}
    if completed is not None:
        variables["completed"] = (("scenario", "draw"), completed)
    return xr.Dataset(variables, {"scenario": ["a", "b"]}, {"plan": "random"})


def test_no_choice_rests_on_what_is_not_known():
    draws = np.random.default_rng(0).normal(size=(2, 1000))
    stopped = np.ones((2, 1000))
    stopped[1, 3] = 0.0
    bad = draws.copy()
    bad[0, 5] = math.nan
    heavy = np.abs(np.random.default_rng(1).standard_cauchy(size=(2, 1000)))
    for given, told in (
        (made_up(draws, stopped), "1 of 1000 runs of b were stopped at max_wall_clock"),
        (made_up(bad), "1 of 1000 draws are NaN"),
        (made_up(heavy), "tail index"),
        (made_up(draws[:, :50]), "too few"),
    ):
        with pytest.raises(InputError, match=told):
            losses_of(given)
    with pytest.raises(InputError, match="carbon_price = -1"):
        losses_of(made_up(draws), carbon_price=-1.0)
    with pytest.raises(InputError, match="1000 draws support it"):
        decide(losses(*draws[:, :900]))
    with pytest.raises(InputError, match="too few for the value of knowing"):
        evppi(losses(*draws[:, :150]))


def test_what_inputs_of_scenarios_tell():
    changed = {"fixed": ["rental_price=3.6"], "wide": ["mfu=0.2 to 0.6"]}
    scenarios = {"base": load_scenario(QUICKSTART)} | {n: load_scenario(QUICKSTART, overrides=o) for n, o in changed.items()}
    given = losses_of(compare(scenarios, SamplingPlan(draws=2000)))
    found = evppi(given)
    assert found.input[0] == "rental_price"
    assert found.value[0] <= perfect_information(given).value.value
    assert "mfu" in found.input
    assert found.note.sel(input="mfu").item() == ""  # another law of the same stream, in the same order
    assert (
        "rental_price"
        not in evppi(
            losses_of(
                compare(
                    {n: scenarios[n] for n in ("fixed",)} | {"other": load_scenario(QUICKSTART, overrides=["rental_price=3"])},
                    SamplingPlan(draws=500),
                )
            )
        ).input
    )


def test_a_lever_is_one_input_and_hides_none_that_it_changes():
    levers = {"fp8": ["fp8"], "far": ["distributed_training"], "sparse": ["sparse_pretraining"]}
    scenarios = {"base": load_scenario(QUICKSTART)} | {n: load_scenario(QUICKSTART, levers=pulled) for n, pulled in levers.items()}
    found = evppi(losses_of(compare(scenarios, SamplingPlan(draws=500))))
    assert {"lever_factor[fp8: peak_flops]", "lever_factor[sparse_pretraining: params_active]"} <= set(found.input.values)
    assert not {"peak_flops", "params"} & set(found.input.values)  # certain times that factor
    assert found.note.sel(input="mfu").item() == ""  # known where no lever changes it
    pulled = {n: load_scenario(QUICKSTART, overrides=o, levers=["fp8"]) for n, o in {"base": [], "other": ["mfu=0.4"]}.items()}
    assert "peak_flops" not in evppi(losses_of(compare(pulled, SamplingPlan(draws=500)))).input


def test_knowing_one_input_is_worth_no_more_than_knowing_all():
    for seed in range(30):
        given = two_normals(1000, seed, distance=1.0, known=2.0, unknown=0.0)
        assert evppi(given).value.max() <= perfect_information(given).value.value


# the command


def run(*words):
    return _run(["decide", *words], debug=False)


RESERVED = ["--option", "reserved: set=rental_price=3.6 USD/h"]


def test_the_command_tells_choice_and_worth(capsys):
    measure = ["--measure", "rental_price=5k USD", "--measure", "mfu=150k USD"]
    assert run(QUICKSTART, *RESERVED, *measure, "--draws", "4000") == 0
    out = capsys.readouterr().out
    assert max(map(len, out.partition("Lowest")[0].splitlines())) <= 80
    assert "Lowest expected loss: reserved." in out
    assert "Measuring rental_price is worth at most" in out
    assert "it can pay" in out
    assert "costs 150.0 thousand USD: it does not pay, however good the study." in out
    assert run(QUICKSTART, *RESERVED, "--plan", "sobol", "--replicates", "1", "--draws", "16384") == 0
    out = capsys.readouterr().out
    assert "Lowest expected loss: reserved; whether by more than noise is not known" in out
    assert "is noise" not in out.partition("\n\n")[0]
    assert run(QUICKSTART, *RESERVED, *measure, "--carbon-price", "100 USD/t", "--draws", "4000", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["best"], set(data["options"])) == ("reserved", {"quickstart", "reserved"})
    assert data["evppi"]["rental_price"]["cost"] == 5000.0
    assert data["options"]["reserved"]["probability_best"]["mcse"] > 0.0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "alone is no choice"),
        (["--option", "fp8"], "is not 'NAME: CHANGE; ...'"),
        (["--option", "quickstart: lever=fp8"], "an option of this name is there already"),
        ([*RESERVED, "--measure", "mfu"], "is not INPUT=COST"),
        ([*RESERVED, "--measure", "mfu=3 weeks"], "is not a unit of this quantity"),
        ([*RESERVED, "--measure", "gpus=3 USD"], "gpus is no input, and cannot be measured"),
        ([*RESERVED, "--measure", "mfu=3 USD", "--measure", "mfu=4 USD"], "mfu has a cost already"),
        ([*RESERVED, "--carbon-price", "100"], "with its unit; for example '100 USD/t'"),
        ([*RESERVED, "--level", "1.5"], "--level = 1.5 is not admissible"),
        ([*RESERVED, "--draws", "300"], "draws support it"),
    ],
)
def test_what_cannot_be_decided_is_refused(words, told, capsys):
    assert run(QUICKSTART, "--draws", "1000", *words) == 2
    assert told in capsys.readouterr().err


def test_what_is_measured_is_looked_for_in_few_draws(monkeypatch, capsys):
    played = []

    def counting(scenarios, plan, **options):
        played.append(plan.draws)
        return compare(scenarios, plan, **options)

    monkeypatch.setattr("simulator.analysis.comparison.comparison.compare", counting)
    words = [QUICKSTART, "--option", "A: set=mfu=0.4", "--draws", "50000"]
    assert run(*words, "--measure", "luck=3 USD") == 2
    assert played == []
    assert "luck is no input, and cannot be measured" in capsys.readouterr().err
    assert run(*words, "--measure", "goodput=3 USD") == 2
    assert played == [1000]
    assert "goodput cannot be measured: the inputs that are not certain are" in capsys.readouterr().err
