"""Single streams drawn anew: nothing else moves."""

import numpy as np
import pytest

from simulator import SamplingPlan, load_scenario, simulate
from simulator.errors import InputError

PLAN = SamplingPlan(draws=512, seed=3)


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("configs/quickstart.yaml")


def test_an_input_drawn_anew_moves_no_other(scenario):
    before, after = simulate(scenario, PLAN), simulate(scenario, PLAN, seeds={"rental_price": 4})
    inputs = [name for name in before.data_vars if before[name].attrs["role"] == "input" and before[name].dims == ("draw",)]
    assert len(inputs) > 5
    for name in inputs:
        assert np.array_equal(before[name], after[name]) == (name != "rental_price"), name
    other = simulate(scenario, SamplingPlan(draws=512, seed=4))
    np.testing.assert_array_equal(after["rental_price"], other["rental_price"])
    assert after.attrs["seeds"] == '{"rental_price": 4}'
    assert "seeds" not in before.attrs


def test_luck_drawn_anew_leaves_every_input(scenario):
    before, after = simulate(scenario, PLAN), simulate(scenario, PLAN, seeds={"interruptions": 4})
    for name in before.data_vars:
        if before[name].attrs["role"] == "input":
            np.testing.assert_array_equal(before[name], after[name])
    assert not np.array_equal(before.interruptions, after.interruptions)


@pytest.mark.parametrize("plan", ["random", "sobol"])
def test_every_stream_drawn_anew_is_the_other_seed(scenario, plan):
    names = list(simulate(scenario, PLAN).data_vars)
    own, other = (SamplingPlan(draws=512, seed=seed, plan=plan) for seed in (3, 4))
    streams = dict.fromkeys(("interruptions", "weather", "accelerator_prices"), 4)
    drawn = simulate(scenario, own)
    streams |= {n: 4 for n in names if drawn[n].attrs["role"] == "input" and drawn[n].dims == ("draw",)}
    mixed, whole = simulate(scenario, own, seeds=streams), simulate(scenario, other)
    for name in names:
        np.testing.assert_array_equal(mixed[name], whole[name], err_msg=name)


def test_a_stream_that_is_not_there_is_refused(scenario):
    with pytest.raises(InputError, match=r"seeds: mfuu is no stream of this scenario, which draws from .*mfu"):
        simulate(scenario, PLAN, seeds={"mfuu": 1})
