"""What is measured: scenarios over sizes, and the static workload against its peers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy.repeated import Gain, Interval, Repeated, disagreements, gain, repeat, slopes
from benchmarks.accuracy.ways import Way, kernel, path_share, peer
from benchmarks.peers.static import inputs, numpy_chunks, scipy_sobol
from simulator import Scenario, load_scenario

RANDOM, SOBOL = "random", "Sobol'"
_CONFIGS = Path(__file__).resolve().parents[2] / "configs"
FEWEST = 2**10  # from here on 16 replicates of Sobol' points tell an error of P50 and P80


@dataclass(frozen=True)
class Case:
    """A scenario, the part of ``--draws`` that its greatest size is, and how many sizes there are, each twice the one before."""

    name: str
    title: str
    config: str
    overrides: tuple[str, ...] = ()
    part: int = 1
    sizes: int = 8

    def scenario(self) -> Scenario:
        return load_scenario(_CONFIGS / self.config, overrides=self.overrides)


CASES = (
    Case("quickstart", "quickstart.yaml: annual prices, interruptions drawn one by one", "quickstart.yaml"),
    Case("expectations", "quickstart.yaml in expectations: no random path", "quickstart.yaml", ("reliability.method=expected_value",)),
    Case("hourly", "quickstart-de.yaml: hourly prices and carbon intensities, interruptions", "quickstart-de.yaml", part=8, sizes=3),
)
PEERS_PART = 4


@dataclass(frozen=True)
class Convergence:
    """One scenario over sizes; numbers by output and statistic."""

    name: str
    title: str
    repeats: int
    sizes: list[int]
    ways: dict[str, list[Repeated]]
    gains: list[Gain]
    slopes: dict[str, list[list[Interval]]]
    path_share: list[float]


def converge(case: Case, sizes: list[int], repeats: int, rng: np.random.Generator) -> Convergence:
    """Compare both plans over sizes; SystemExit where they do not agree."""
    scenario = case.scenario()
    ways: dict[str, Way] = {RANDOM: kernel(scenario, "random"), SOBOL: kernel(scenario, "sobol")}
    found = [repeat(ways, size, repeats, tell=size == sizes[-1]) for size in sizes]
    refuse(disagreements(found[-1]))
    by_way = {name: [one[name] for one in found] for name in ways}
    return Convergence(
        case.name,
        case.title,
        repeats,
        sizes,
        by_way,
        [gain(one[SOBOL], one[RANDOM], rng) for one in found],
        {name: slopes(sizes, rows, rng) for name, rows in by_way.items()},
        path_share(scenario, sizes[-1]).tolist(),
    )


@dataclass(frozen=True)
class Comparison:
    """Ways to the same static workload at one size, and what Sobol' draws of the kernel gain on each; quantiles alone.

    Its means do not exist: work that is done again takes exp(failure rate times downtime) times as long, of a lognormal rate.
    """

    repeats: int
    draws: int
    ways: dict[str, Repeated]
    gains: dict[str, Gain]


def compare(draws: int, repeats: int, rng: np.random.Generator) -> Comparison:
    """Compare the kernel with peers; SystemExit where they do not agree."""
    scenario = inputs.scenario(correlated=True)
    ours = f"kernel, {SOBOL}"
    ways = {
        ours: kernel(scenario, "sobol"),
        "kernel, random": kernel(scenario, "random"),
        "numpy, random": peer(numpy_chunks.prepare(tuned=True)),
        **{f"scipy, {points}": peer(scipy_sobol.prepare(points=points)) for points in scipy_sobol.POINTS},
    }
    found = {name: one.without_mean() for name, one in repeat(ways, draws, repeats, tell=False).items()}
    refuse(disagreements(found))
    return Comparison(repeats, draws, found, {name: gain(found[ours], one, rng) for name, one in found.items() if name != ours})


def refuse(wrong: list[str]) -> None:
    if wrong:
        raise SystemExit("No time is told: two ways disagree.\n" + "\n".join(wrong))
