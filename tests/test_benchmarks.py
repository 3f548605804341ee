"""Benchmarks tell no time of what disagrees, and the C ceilings compute what the package does."""

import json
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.agreement import disagreements
from benchmarks.harness import Peer, Worker, Workload, agreeing, serve
from benchmarks.peers import __main__ as peers
from benchmarks.peers.path import PATH
from benchmarks.peers.static import STATIC
from benchmarks.peers.static.c_lanes import prepare as static_in_c
from benchmarks.peers.static.model import OUTPUTS, play_out
from benchmarks.peers.static.numpy_arrays import prepare as static_in_numpy

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
