"""Is risk from 200 000 draws that were counted that of the same draws kept, within the errors that are told? Several configs and plans."""

import pytest
from counts_against_draws import assert_risk_is_that_of_the_draws

from simulator import SamplingPlan, load_scenario, simulate, simulate_bands, summarize

SCENARIOS = {
    "quickstart": ["limits.budget=300k USD", "limits.deadline=14 days", "limits.carbon_cap=40 t"],
    "llama3.1-405b": ["max_wall_clock=90 days"],  # which stops some of the runs
    "full-anatomy": ["reliability.method=expected_value"],
    "gpt3": [],
}
PLANS = [
    SamplingPlan(draws=200_000, seed=5),
    SamplingPlan(draws=2**17, plan="sobol"),
    SamplingPlan(draws=2**17, plan="sobol", replicates=64),
]


@pytest.mark.parametrize("plan", PLANS, ids=["random", "sobol", "64 replicates"])
@pytest.mark.parametrize("config", SCENARIOS)
def test_risk_of_counted_draws_is_that_of_kept_ones(config, plan):
    scenario = load_scenario(f"configs/{config}.yaml", overrides=SCENARIOS[config])
    bands, results = simulate_bands(scenario, plan), simulate(scenario, plan)
    at = summarize(results, quantiles=[0.7])
    limits = {"budget": float(at.value.sel(output="cost_total").item()), "carbon_cap": float(at.value.sel(output="emissions_total").item())}
    assert_risk_is_that_of_the_draws(bands, results, limits, levels=(0.05, 0.5, 0.8, 0.95, 0.999))
    own = scenario.limits.model_dump(exclude_none=True)
    if own:
        told, exact = assert_risk_is_that_of_the_draws(bands, results, own)
        assert told.probability_met.item() == exact.probability_met.item()
