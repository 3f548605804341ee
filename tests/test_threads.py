"""Are kernels safe where others have threads and processes of their own: thread pools, joblib, Dask, forks?"""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator import threads
from simulator.jit import stage, wide_vectors

ROOT = Path(__file__).parent.parent
BEGIN = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
import numba
from simulator import SamplingPlan, load_scenario, simulate
scenario = load_scenario("configs/quickstart.yaml", overrides=["reliability.method=expected_value"])
plan = SamplingPlan(draws=20_000)
"""
LAYERS = ["omp", "workqueue"]


def python(code: str, layer: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "NUMBA_THREADING_LAYER": layer, **environment}
    return subprocess.run([sys.executable, "-c", BEGIN + code], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize("layer", LAYERS)
def test_threads_of_others_share_the_kernels(layer: str) -> None:
    """As Dask's threads and joblib's threading backend call."""
    done = python(
        """
alone = simulate(scenario, plan)
with ThreadPoolExecutor(4) as pool:
    for other in pool.map(lambda _: simulate(scenario, plan), range(8)):
        assert other.identical(alone)
print(numba.threading_layer(), numba.get_num_threads())
""",
        layer,
        NUMBA_NUM_THREADS="2",
    )
    assert (done.returncode, done.stdout.split()) == (0, [layer, "2"]), done.stderr


@pytest.mark.parametrize(("own", "told"), [(None, "PASSIVE"), ("active", "ACTIVE")])
def test_threads_of_the_command_line_sleep_while_they_wait(own: str | None, told: str) -> None:
    """Busy ones take several times as long where other programs want the cores; who sets it otherwise is heeded."""
    env = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"} | ({"OMP_WAIT_POLICY": own} if own else {})
    env |= {"NUMBA_THREADING_LAYER": "omp", "OMP_DISPLAY_ENV": "true"}
    words = ["run", "configs/quickstart.yaml", "--draws", "1000", "--summary"]
    done = subprocess.run(
        [sys.executable, "-m", "simulator", *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert re.findall("OMP_WAIT_POLICY = '(.*?)'", done.stderr) == [told]


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> threading.local:
    """Two cores that nobody uses, and the number of them, ``cores``, that a thread's kernels would use."""
    own = threading.local()
    numba = SimpleNamespace(config=SimpleNamespace(NUMBA_NUM_THREADS=2), get_num_threads=lambda: own.cores, threading_layer=lambda: "omp")
    monkeypatch.setattr(threads, "numba", numba)
    monkeypatch.setattr(threads, "_cores", threads._Cores())
    return own


def test_who_asks_first_is_served_first(wanted: threading.local) -> None:
    """One who wants all cores is not overtaken again and again by those who want one."""
    served, gate = [], threading.Event()

    def call(name: str, cores: int) -> None:
        wanted.cores = cores
        with threads.launching():
            served.append(name)
            assert gate.wait(60)

    callers = [threading.Thread(target=call, args=of, daemon=True) for of in (("first", 1), ("all", 2), ("second", 1))]
    for place, caller in enumerate(callers):
        caller.start()
        until = time.monotonic() + 60
        while len(served) + len(threads._cores.waiting) <= place and time.monotonic() < until:
            time.sleep(0.001)
    time.sleep(0.05)  # in which the last might overtake
    assert served == ["first"]
    gate.set()
    for caller in callers:
        caller.join(60)
    assert served == ["first", "all", "second"]
    assert threads._cores.busy == 0


def test_a_launch_inside_of_another_is_part_of_it(wanted: threading.local) -> None:
    busy = []

    def call() -> None:
        wanted.cores = 2
        with threads.launching():
            with threads.launching():
                busy.append(threads._cores.busy)
            busy.append(threads._cores.busy)
        busy.append(threads._cores.busy)

    caller = threading.Thread(target=call, daemon=True)
    caller.start()
    caller.join(60)
    assert busy == [2, 2, 0]


def test_who_gives_up_waiting_keeps_nobody_waiting(wanted: threading.local, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted.cores = 2

    def interrupted(_ready: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as changed:
        changed.setattr(threads._cores.changed, "wait_for", interrupted)
        with pytest.raises(KeyboardInterrupt), threads.launching():
            pass
    with threads.launching():
        assert threads._cores.busy == 2


FORK = """
simulate(scenario, SamplingPlan(draws=100))
sys.stdout.flush()
child = os.fork()
if child == 0:
    try:
        simulate(scenario, SamplingPlan(draws=100))
    except Exception as error:
        print(type(error).__name__, error)
        sys.stdout.flush()
        os._exit(2)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are a matter of Unix")
@pytest.mark.parametrize(("layer", "code"), [("omp", 2), ("workqueue", 0)])
def test_a_fork_goes_on_or_is_told_why_not(layer: str, code: int) -> None:
    done = python(FORK, layer)
    assert done.returncode == 0, done.stderr
    *told, last = done.stdout.splitlines()
    assert int(last) == code
    assert not code or told[0].startswith("SimulatorError this process is a fork of one that has run kernels on OpenMP"), told


def test_threads_that_are_asked_for_are_those_that_run() -> None:
    """The number of threads is given back, and a process that may use one thread never has two."""
    done = python(
        """
before = numba.get_num_threads()
seen = []
simulate(scenario, SamplingPlan(draws=400_000, threads=1), progress=lambda done: seen.append(numba.get_num_threads()))
assert set(seen) == {1} and numba.get_num_threads() == before == 2
""",
        "workqueue",
        NUMBA_NUM_THREADS="2",
    )
    assert done.returncode == 0, done.stderr


def test_the_width_of_vectors_is_asked_for_by_its_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint stands in the code that LLVM is given, and a width that no machine has is refused."""

    def double(x: NDArray[np.float64]) -> None:
        wide_vectors()
        for i in range(x.size):
            x[i] *= 2.0

    for bits in ("128", "256", "512"):
        monkeypatch.setenv("SIMULATOR_VECTOR_BITS", bits)
        compiled: Any = stage(double)
        compiled(np.ones(3))
        (text,) = compiled.inspect_llvm().values()
        assert re.findall('"prefer-vector-width"="(.*?)"', text) == [bits]
    env = {**os.environ, "SIMULATOR_VECTOR_BITS": "333"}
    told = [sys.executable, "-m", "simulator", "run", "configs/quickstart.yaml"]
    done = subprocess.run(told, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 2
    assert done.stderr == "error: SIMULATOR_VECTOR_BITS = '333' is not one of 128, 256, 512; leave it unset for the widest\n"
