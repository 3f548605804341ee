"""Draws that other processes compute: the same bits, each once, whoever computes them and whoever dies."""

import multiprocessing
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

import pytest
from distributed import Client
from test_cli import run

from simulator import SamplingPlan, load_scenario, open_results, save_results, simulate, simulate_bands, stream_draws
from simulator.errors import ConfigError, InputError, LawError, Problem, SimulatorError
from simulator.executors import GrowingParts, ListedParts, Work, in_parts
from simulator.executors.work import Done
from simulator.kernels.tally import LEAF
from simulator.scenario import resolve

QUICKSTART = "configs/quickstart.yaml"
DRAWS = 300_000


@pytest.fixture(scope="module")
def scenario():
    return load_scenario(QUICKSTART, overrides=["limits.budget=300k", "limits.deadline=12 days"])


@contextmanager
def process(*words):
    with subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def dask_worker(address):
    return process("-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")


@contextmanager
def dask_scheduler():
    with dask_scheduler_process() as (_, address):
        yield address


@contextmanager
def dask_scheduler_process():
    words = ("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0")
    with process(*words) as started:
        for line in started.stderr:
            if found := re.search(r"tcp://127\.0\.0\.1:\d+", line):
                break
        yield started, found.group()


@pytest.fixture(scope="module")
def cluster():
    """Address of a scheduler with two workers, and a client of it."""
    with dask_scheduler() as address, dask_worker(address), dask_worker(address), Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        yield address, client


@pytest.mark.parametrize("plan", ["random", "sobol"])
def test_draws_of_other_processes_are_the_same(scenario, plan, cluster):
    draws = 40_000
    alone = simulate(scenario, SamplingPlan(draws, plan=plan))
    with ThreadPoolExecutor(3) as pool:
        assert simulate(scenario, SamplingPlan(draws, plan=plan, executor=pool)).identical(alone)
    done = []
    there = simulate(scenario, SamplingPlan(draws, plan=plan, executor=cluster[1]), progress=done.append)
    assert there.identical(alone)
    assert done == sorted(set(done))
    assert done[-1] == draws


@pytest.mark.parametrize("plan", ["random", "sobol"])
def test_counts_of_other_processes_are_the_same(scenario, plan, cluster):
    alone = simulate_bands(scenario, SamplingPlan(DRAWS // 16 * 16, plan=plan))
    assert simulate_bands(scenario, SamplingPlan(DRAWS // 16 * 16, plan=plan, executor=cluster[1])).identical(alone)


def test_a_range_and_own_seeds_reach_the_workers(scenario):
    plan, own = SamplingPlan(50_000), {"start": 10_007, "stop": 31_013, "seeds": {"mfu": 5}}
    alone = simulate(scenario, plan, **own)
    with ThreadPoolExecutor(2) as pool:
        assert simulate(scenario, SamplingPlan(50_000, executor=pool), **own).identical(alone)


def test_a_worker_that_is_killed_is_survived(scenario):
    """Its parts are computed by another, none is lost and none counted twice."""
    alone = simulate_bands(scenario, SamplingPlan(4 * DRAWS))
    with dask_scheduler() as address, dask_worker(address) as one, dask_worker(address), Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        killed = []

        def kill(done):
            if done >= DRAWS and not killed:
                one.kill()
                killed.append(done)

        there = simulate_bands(scenario, SamplingPlan(4 * DRAWS, executor=client), progress=kill)
    assert killed
    assert killed[0] < 3 * DRAWS
    assert there.identical(alone)


def test_on_the_command_line(cluster, tmp_path, capsys):
    here, there = tmp_path / "here.nc", tmp_path / "there.nc"
    words = ["run", QUICKSTART, "--draws", "20000"]
    assert run(*words, "-o", str(here)) == 0
    assert run(*words, "-o", str(there), "--cluster", cluster[0]) == 0
    told = f"cluster {cluster[0]}: workers: 2, their threads: 2, dashboard: http://127.0.0.1:"
    assert told in capsys.readouterr().err
    assert there.read_bytes() == here.read_bytes()


@pytest.mark.parametrize(("address", "told"), [("nowhere", "no scheduler answers"), ("tcp://127.0.0.1:1", "no scheduler answers")])
def test_a_scheduler_that_is_none(address, told, monkeypatch, capsys):
    monkeypatch.setattr("simulator.cli.cluster._ANSWER", 0.5)
    assert run("run", QUICKSTART, "--cluster", address) == 2
    stdout, stderr = capsys.readouterr()
    assert not stdout
    assert stderr.startswith(f"error: --cluster {address}: {told}")
    assert "tcp://127.0.0.1:8786" in stderr


@pytest.mark.parametrize("kind", ["mute", "worker"])
def test_what_answers_and_is_no_scheduler(kind, cluster, monkeypatch, capsys):
    monkeypatch.setattr("simulator.cli.cluster._ANSWER", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes what it is sent, and says nothing, as a web server does meanwhile
        mute = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        address = {"mute": mute, "worker": next(iter(cluster[1].nthreads()))}[kind]
        began = time.monotonic()
        assert run("run", QUICKSTART, "--cluster", address) == 2
    assert time.monotonic() - began < 10
    told = {"mute": "no scheduler answers within 2 s", "worker": "what answers is no scheduler, but of kind Worker"}[kind]
    assert capsys.readouterr().err.startswith(f"error: --cluster {address}: {told}. State the address")


def test_a_scheduler_that_is_lost_is_told_without_a_traceback_and_how_to_go_on(tmp_path):
    target = tmp_path / "run.zarr"
    words = ["run", QUICKSTART, "--draws", "20000000", "-o", str(target)]
    with dask_scheduler_process() as (scheduler, address), dask_worker(address):
        started = subprocess.Popen([sys.executable, "-m", "simulator", *words, "--cluster", address], stderr=subprocess.PIPE, text=True)
        with started:
            manifest = target.with_name("run.zarr.partial") / "manifest.jsonl"
            while started.poll() is None and not (manifest.exists() and manifest.read_bytes().count(b"\n") > 2):
                time.sleep(0.05)
            scheduler.kill()
            told = [line for line in started.stderr.read().splitlines() if "Deprecat" not in line and not line.startswith("  ")]
    assert started.returncode == 1
    assert told[0].startswith("cluster tcp://")
    assert re.fullmatch(rf"error: .*{re.escape(str(target))}\.partial holds \d+ of \d+ blocks .*\. Continue it with --resume", told[1])
    assert len(told) == 2


class Lost:
    """A client of Dask whose scheduler goes between two questions."""

    scheduler_info = None

    def __init__(self, where, error, status="running"):
        self.where, self.error, self.status, self.then = where, error, "running", status

    def nthreads(self):
        return self.answer("nthreads", {"tcp://worker": 1})

    def submit(self, function, *_, **__):
        return self.answer("hand over" if function.__name__ == "_given" else "submit", Future())

    def answer(self, question, told):
        if question != self.where:
            return told
        self.status = self.then
        raise self.error


@pytest.mark.parametrize("where", ["nthreads", "hand over", "submit"])
@pytest.mark.parametrize(
    "error",
    [
        (OSError("connection reset"), "running"),
        (AttributeError("None has no nthreads"), "closed"),
        (RuntimeError("client closed"), "closed"),
    ],
)
def test_a_scheduler_that_is_lost_between_two_questions_is_told(where, error):
    with pytest.raises(SimulatorError, match="the scheduler is lost"):
        simulate(load_scenario(QUICKSTART), SamplingPlan(draws=100_000, executor=Lost(where, *error)))


def test_a_client_that_is_closed_is_told():
    closed = Lost("", None)
    closed.status = "closed"
    with pytest.raises(SimulatorError, match="the scheduler is lost: the client of Dask is closed"):
        simulate(load_scenario(QUICKSTART), SamplingPlan(draws=100_000, executor=closed))


def test_what_is_wrong_otherwise_is_not_a_lost_scheduler():
    with pytest.raises(ZeroDivisionError):
        simulate(load_scenario(QUICKSTART), SamplingPlan(draws=100_000, executor=Lost("nthreads", ZeroDivisionError())))


def test_an_address_that_is_none_ends_the_process_in_one_message():
    done = subprocess.run(
        [sys.executable, "-m", "simulator", "run", QUICKSTART, "--cluster", "nowhere"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def end(_work, _low, _high):
    os.kill(os.getpid(), signal.SIGKILL)


def fail(_work, low, _high):
    raise LawError(f"draw {low} cannot be", "Take another")


def test_what_workers_raise_is_raised(scenario):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        work = Work(resolve(scenario), SamplingPlan(executor=pool))
        with pytest.raises(LawError, match=r"draw 0 cannot be\. Take another"):
            list(in_parts(fail, [work], ListedParts([(0, 0, 50)])))
        with pytest.raises(SimulatorError, match=r"the executor was lost while draws 0 to 50 were computed \(A process"):
            list(in_parts(end, [work], ListedParts([(0, 0, 50)])))


@pytest.mark.parametrize("error", [LawError("what", "way"), ConfigError([Problem("what", "a.b"), Problem("other")]), InputError("text")])
def test_errors_reach_another_process_whole(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


class Stranger(Executor):
    """A worker with other sources, or another processor each time."""

    def __init__(self, **differs):
        self.differs, self.parts = differs, 0

    def submit(self, fn, /, *words, **_):
        self.parts += 1
        done, future = fn(*words), Future()
        told = {name: value(self.parts) for name, value in self.differs.items()}
        future.set_result(Done(**{**vars(done), **told}))
        return future


@pytest.mark.parametrize(
    ("differs", "told"),
    [
        ({"sources": lambda _: "other"}, "a worker has other sources of the kernels"),
        ({"cpu": lambda part: f"cpu{part % 2}"}, "workers have processors of two kinds, cpu1 and cpu0.*NUMBA_CPU_NAME=generic"),
    ],
)
def test_workers_that_would_draw_other_bits_are_refused(scenario, differs, told):
    with pytest.raises(InputError, match=told):
        simulate(scenario, SamplingPlan(40_000, executor=Stranger(**differs)))


def test_what_is_no_executor_is_refused():
    with pytest.raises(InputError, match="executor = 3 is none; it has a method submit"):
        SamplingPlan(executor=3)


@pytest.mark.parametrize("works", [1, 50])
@pytest.mark.parametrize("draws", [1, LEAF, 1_000_003, 40_000_000])
@pytest.mark.parametrize("workers", [1, 3, 64])
def test_parts_cover_all_draws_once_and_are_not_many(works, draws, workers):
    parts, rate, found = GrowingParts(works, 7, 7 + draws, multiple=LEAF, most=2**27), 1e6, []
    while part := parts.next(workers):
        found.append(part)
        parts.learn(rate)
    assert found[0][:2] == (0, 7)
    assert found[-1][::2] == (works - 1, 7 + draws)
    for (work, _, high), (other, low, _) in pairwise(found):
        assert (other, low) == ((work + 1, 7) if high == 7 + draws else (work, high))
    assert all((low - 7) % LEAF == 0 and high - low <= 4 * rate for _, low, high in found)
    assert len(found) <= 16 + works * (1 + draws / rate) + 40 * workers


def test_workers_do_not_oversubscribe(scenario, cluster):
    """Each part is computed on one core: a worker's processor time is no more than the time that passes."""
    plan = SamplingPlan(4 * DRAWS, executor=cluster[1])
    before, began = cluster[1].run(time.process_time), time.perf_counter()
    simulate_bands(scenario, plan)
    passed, after = time.perf_counter() - began, cluster[1].run(time.process_time)
    assert all(after[worker] - before[worker] <= 1.25 * passed for worker in before)


def test_workers_finish_blocks_in_any_order_and_the_folder_is_the_same(scenario, cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("simulator.results.store._BLOCK", 2**21)
    for name, executor in (("here", None), ("there", cluster[1])):
        stream_draws(scenario, SamplingPlan(60_000, executor=executor), tmp_path / f"{name}.zarr")
    here, there = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in sorted(tmp_path.iterdir()))
    assert len([name for name in here if name.parts[0] == "cost_total"]) > 4
    assert here == there


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_results_are_saved_where_a_cluster_is_the_default_of_dask(scenario, cluster, tmp_path, ending):
    with Client(cluster[0]) as client:
        results = simulate(scenario, SamplingPlan(2000, executor=client))
        save_results(results, tmp_path / f"run{ending}")
        assert open_results(tmp_path / f"run{ending}").identical(results)
