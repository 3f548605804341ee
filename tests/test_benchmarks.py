"""Benchmarks tell no time of what disagrees, and the C ceilings compute what the package does."""

import json
import shutil
import sys
from itertools import chain
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.accuracy.repeated import Repeated, gain, repeat, slopes
from benchmarks.accuracy.repeated import disagreements as estimates_that_disagree
from benchmarks.accuracy.ways import Estimate, kernel, path_share
from benchmarks.agreement import disagreements
from benchmarks.harness import Peer, Worker, Workload, agreeing, serve
from benchmarks.peers import __main__ as peers
from benchmarks.peers.path import PATH
from benchmarks.peers.static import STATIC
from benchmarks.peers.static.c_lanes import prepare as static_in_c
from benchmarks.peers.static.model import OUTPUTS, play_out
from benchmarks.peers.static.numpy_arrays import prepare as static_in_numpy
from benchmarks.peers.static.scipy_sobol import POINTS
from simulator import SamplingPlan, load_scenario, simulate, summarize

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler")


def columns(shift=0.0, scale=1.0, correlation=0.5, seed=0):
    a, b = np.random.default_rng(seed).standard_normal((2, 20_000))
    return {"a": shift + scale * a, "b": correlation * a + np.sqrt(1 - correlation**2) * b}


def test_equal_laws_agree():
    assert disagreements(columns(), columns(seed=1)) == []


@pytest.mark.parametrize(("change", "what"), [({"shift": 0.1}, "mean of a"), ({"scale": 1.1}, "P5 of a"), ({"correlation": 0.4}, "rank")])
def test_a_difference_is_named(change, what):
    assert any(line.startswith(what) for line in disagreements(columns(), columns(seed=1, **change)))


def test_nan_does_not_agree():
    assert disagreements(columns(), columns(seed=1, shift=np.nan))


def test_a_peer_that_disagrees_ends_the_run():
    ours = Peer("ours", "", "static.numpy_arrays", {"correlated": True}, 1, reference="ours")
    theirs = Peer("theirs", "", "static.numpy_arrays", {"correlated": False}, 1, reference="ours")
    with pytest.raises(SystemExit, match="theirs does not compute what ours does"):
        agreeing(Workload("w", "", "draw", 1, (ours, theirs)), {"ours": 20_000, "theirs": 20_000})


def test_a_library_that_is_not_installed_is_not_an_error(monkeypatch):
    sent = []
    monkeypatch.setitem(sys.modules, "openturns", None)
    monkeypatch.delitem(sys.modules, "benchmarks.peers.static.openturns_joint", raising=False)
    serve(SimpleNamespace(send=sent.append), next(peer for peer in STATIC.peers if peer.library == "openturns"))
    assert sent == ["openturns is not installed"]


@needs_gcc
def test_the_static_ceiling_is_the_model_of_its_inputs():
    drawn = static_in_c(width=256, rounds=10)(8192)
    expected = play_out(drawn)
    for name in OUTPUTS:
        np.testing.assert_allclose(drawn[name], expected[name], rtol=1e-9)


@needs_gcc
def test_the_static_ceiling_agrees_with_numpy():
    assert disagreements(static_in_c(width=256, rounds=10)(65_536), static_in_numpy(correlated=True)(65_536)) == []


@needs_gcc
def test_the_path_ceiling_is_the_kernel_draw_by_draw():
    kernel, c = (Worker(peer) for peer in PATH.peers if peer.name in ("kernel", "C, midpoints, 256 bit"))
    ours, theirs = kernel.columns(300)[0], c.columns(300)[0]
    kernel.close()
    c.close()
    for name, values in ours.items():
        np.testing.assert_allclose(theirs[name], values, rtol=3e-6)  # float32 sums


@needs_gcc
def test_results_are_written(tmp_path, monkeypatch, capsys):
    found, shown = tmp_path / "peers.json", tmp_path / "peers.md"
    monkeypatch.setattr("sys.argv", ["peers", "--only", "one-factor", "--smoke", "--json", str(found), "--markdown", str(shown)])
    peers.main()
    (workload,) = json.loads(found.read_text())["workloads"]
    assert [peer["name"] for peer in workload["measured"]][:2] == ["numpy", "C, 256 bit"]
    assert workload["measured"][0]["ratio"] == [1.0, 1.0, 1.0]
    assert "| numpy |" in shown.read_text()
    assert "| numpy |" in capsys.readouterr().out


def estimates(error, seconds=1.0, mean=100.0, seed=0, repeats=64):
    values = mean + error * np.random.default_rng(seed).standard_normal((repeats, 2, 4))
    return Repeated(np.full(repeats, seconds), values, np.full_like(values, error))


def test_a_gain_is_the_ratio_of_variances_times_that_of_times():
    rng = np.random.default_rng(5)
    found = gain(estimates(1.0, seconds=2.0), estimates(3.0, seconds=6.0, seed=1), rng)
    # ratios of variances with 63 degrees of freedom: the standard error of a logarithm is 2 / sqrt(63)
    for draws, time in zip(chain(*found.draws), chain(*found.time), strict=True):
        assert abs(np.log(draws.value / 9.0)) < 4.5 * 2 / np.sqrt(63)
        assert time.value == pytest.approx(3.0 * draws.value)
        assert draws.low < draws.value < draws.high
        assert np.log(draws.high / draws.low) == pytest.approx(2 * 1.96 * 2 / np.sqrt(63), rel=0.5)


def test_the_rate_of_convergence_is_a_slope():
    sizes = [2**k for k in range(10, 17)]
    found = slopes(sizes, [estimates(n**-0.75, seed=n) for n in sizes], np.random.default_rng(6))
    # the base-2 logarithm of an error has a standard error of 0.128; the squares of the centred sizes sum to 28
    assert all(abs(rate.value + 0.75) < 4.5 * 0.128 / np.sqrt(28) for rate in chain(*found))
    assert all(rate.low < rate.value < rate.high for rate in chain(*found))


def test_estimates_that_disagree_are_named():
    assert estimates_that_disagree({"a": estimates(1.0), "b": estimates(1.0, seed=1)}) == []
    wrong = estimates_that_disagree({"a": estimates(1.0), "b": estimates(1.0, seed=1, mean=102.0)})
    assert len(wrong) == 8
    assert wrong[0].startswith("mean of cost_total: b is -")
    quantiles = {name: estimates(1.0, mean=mean).without_mean() for name, mean in (("a", 100.0), ("b", 102.0))}
    assert [line.partition(":")[0] for line in estimates_that_disagree(quantiles)][:2] == ["P50 of cost_total", "P80 of cost_total"]


def test_ways_take_turns_with_seeds_of_their_own():
    asked = []

    def way(name):
        def estimate(draws, seed, tell):
            asked.append((name, draws, seed, tell))
            return Estimate(1.0, np.zeros((2, 4)), np.zeros((2, 4)))

        return estimate

    repeat({"a": way("a"), "b": way("b")}, 1024, 2, tell=True)
    warm, measured = asked[:2], asked[2:]
    assert warm == [("a", 1024, 0, False), ("b", 1024, 0, False)]
    assert measured == [("a", 1024, 1024, True), ("b", 1024, 1024, True), ("b", 1024, 1025, True), ("a", 1024, 1025, True)]


@pytest.mark.parametrize("plan", ["random", "sobol"])
def test_an_estimate_is_that_of_the_public_functions(plan):
    scenario = load_scenario("configs/quickstart.yaml")
    found = kernel(scenario, plan)(4096, 3, True)
    bands = summarize(simulate(scenario, SamplingPlan(draws=4096, seed=3, plan=plan)), quantiles=[0.5, 0.8, 0.95])
    bands = bands.sel(output=["cost_total", "emissions_total"])
    np.testing.assert_allclose(found.values, np.column_stack([bands["mean"], bands.value]), rtol=1e-12)
    np.testing.assert_allclose(found.told, np.column_stack([bands.mcse_mean, bands.mcse]), rtol=1e-9)


def test_a_run_in_expectations_has_no_path():
    scenario = load_scenario("configs/quickstart.yaml", overrides=["reliability.method=expected_value"])
    assert path_share(scenario, 2048).tolist() == [0.0, 0.0]
    assert all(0.0005 < share < 0.01 for share in path_share(load_scenario("configs/quickstart.yaml"), 2048))


def test_points_fill_the_cube():
    for points in POINTS.values():
        u = points(4096, 3, np.random.default_rng(7))
        assert u.shape == (4096, 3)
        assert np.abs(np.histogram(u[:, 2], 8, (0, 1))[0] - 512).max() < 4.5 * np.sqrt(512)
    u = POINTS["antithetic"](4096, 3, np.random.default_rng(7))
    np.testing.assert_allclose(u[:2048] + u[2048:], 1.0)
