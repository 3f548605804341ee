"""The rules of a history as processes of SimPy: an independent implementation, which knows nothing of the package.

Candidates of a Poisson process at the highest hazard are thinned out on the wall clock, spares are a store, and saves and
repairs go on by themselves. A job takes about a millisecond, so what many jobs come to is kept beside this file; tests play
the first of them again, the nightly battery plays all. To write the file:

    python tests/interruptions_in_simpy.py
"""

import csv
import math
from collections import Counter
from dataclasses import astuple, dataclass, field
from pathlib import Path

import numpy as np
import simpy

KEPT = Path(__file__).with_suffix(".csv")
SEED, FIRST, ALL = 20060216, 200, 20_000  # jobs of each setting; the first are the first of all
ACTIVITIES = ("productive", "saving", "lost", "down", "waiting")
CLASSES = ("unclassified", "accelerator", "host", "network", "software", "spot", "planned")
BREAKS_NODE = {"unclassified", "accelerator", "host", "network"}


@dataclass(frozen=True)
class Rules:
    phases: tuple[tuple[float, float, float], ...]  # work [h], nodes, interval [h]
    classes: dict[str, tuple[float, float]]  # rate [1/h] per node, downtime [h]
    save: float
    write: float = 0.0
    immune: bool = False
    spares: int | None = None
    repair: float = 0.0
    early_ratio: float = 1.0
    early_time: float = 1.0


@dataclass
class Job:
    """One run; ``hours`` and ``counts`` say what became of it."""

    rules: Rules
    rng: np.random.Generator
    hours: Counter = field(default_factory=Counter)
    counts: Counter = field(default_factory=Counter)
    activity: str = "working"
    since: float = 0.0
    exposure: float = 0.0
    attempt: int = 0  # times that the job went up

    def __post_init__(self):
        self.env = simpy.Environment()
        self.store = simpy.Container(self.env, init=self.rules.spares or 0)
        self.process = self.env.process(self.run())
        for name in self.rules.classes:
            self.env.process(self.nature(name))
        self.env.run(until=self.process)

    @property
    def at_risk(self):
        return self.activity in ("working", "saving") or (self.activity == "down" and not self.rules.immune)

    def enter(self, activity):
        """Book the hours of the last activity and begin another."""
        hours = self.env.now - self.since
        self.hours[self.activity] += hours
        self.exposure += hours * self.at_risk
        self.done += hours * (self.activity == "working")
        self.activity, self.since = activity, self.env.now

    def nature(self, name):
        """Interrupt the job at the hazard of one class while it is at risk."""
        rate, early = self.rules.classes[name][0], self.rules.early_ratio - 1 if name in BREAKS_NODE else 0.0
        highest = rate * max(nodes for _, nodes, _ in self.rules.phases) * (1 + early)
        while True:
            yield self.env.timeout(self.rng.exponential(1 / highest))
            if self.at_risk and not (name == "planned" and self.activity == "down"):
                age = self.exposure + self.env.now - self.since
                hazard = rate * self.nodes * (1 + early * math.exp(-age / self.rules.early_time))
                if self.rng.random() * highest < hazard:
                    self.process.interrupt(name)

    def run(self):
        for work, nodes, interval in self.rules.phases:
            self.nodes, self.done, self.safe = nodes, 0.0, 0.0
            while (cause := (yield from self.up(work, max(interval, self.rules.write)))) is not None:
                while cause is not None:
                    cause = yield from self.restart(cause)
        self.hours["productive"] = self.hours["working"] - self.hours["lost"]
        self.hours["saving"] += self.hours["stopping"]

    def up(self, work, interval):
        """Work and save; returns what interrupted it, None at the end of the phase."""
        self.attempt += 1
        if self.safe > work - 1e-9:  # a planned stop has saved all
            self.enter("finished")
            return None
        try:
            while True:
                self.enter("working")
                yield self.env.timeout(max(min(interval, work - self.done), 0.0))  # rounding may leave less than none
                self.enter("saving")
                held = self.done
                yield self.env.timeout(self.rules.save)
                written = self.env.process(self.written(held, self.attempt))
                if self.done > work - 1e-9:
                    yield written
                    self.enter("finished")
                    return None
        except simpy.Interrupt as interrupt:
            self.enter("stopping")
            self.attempt += 1
            if interrupt.cause == "planned":
                yield self.env.timeout(self.rules.save + self.rules.write)
                self.safe = self.done
            self.hours["lost"] += self.done - self.safe
            self.done = self.safe
            return interrupt.cause

    def written(self, work, attempt):
        """Write a save behind the job's back; it is lost with the job."""
        yield self.env.timeout(self.rules.write)
        if attempt == self.attempt:
            self.safe = work

    def repaired(self):
        yield self.env.timeout(self.rules.repair)
        yield self.store.put(1)

    def restart(self, cause):
        """Wait for a spare and come back; returns what interrupted that, None where nothing did."""
        self.counts[cause] += 1
        if cause in BREAKS_NODE and self.rules.spares is not None:
            self.enter("waiting")
            self.env.process(self.repaired())
            yield self.store.get(1)
        self.enter("down")
        try:
            yield self.env.timeout(self.rules.classes[cause][1])
        except simpy.Interrupt as interrupt:
            return interrupt.cause
        finally:
            self.enter("restarted")
        return None


#: of "all of it", unplanned, per node: half of the hazard starts three times as high, settles in 20 h, and the work takes 51.975 h
_MEAN_RATE = 0.04 + 0.04 * (1 + 2 * (1 - math.exp(-51.975 / 20)) * 20 / 51.975)

# by hand from the scenarios of the same names in test_interruptions.py
RULES = {
    "classes with downtimes of their own": Rules(
        ((30, 1, 2),), {"host": (0.04, 4), "software": (0.1, 0.5), "spot": (0.05, 2)}, save=0.1,
    ),
    "one spare, restarts immune": Rules(
        ((40, 1, 2),), {"accelerator": (0.06, 1), "software": (0.1, 1)}, save=0.1, immune=True, spares=1, repair=15,
    ),
    "no spare, early failures": Rules(
        ((40, 1, 2),), {"network": (0.05, 0.8), "software": (0.05, 0.8)}, save=0.1, spares=0, repair=1.5,
        early_ratio=4, early_time=12,
    ),
    "planned stops, written behind": Rules(
        ((30, 1, 1),), {"software": (0.15, 1), "planned": (0.05, 2)}, save=0.2, write=0.7, immune=True,
    ),
    # 1.05 for the overhead, 1.2 for stragglers
    "phases": Rules(tuple((1.26 * w, n, 2) for w, n in ((15, 2), (12.5, 4), (8, 1))), {"unclassified": (0.03, 0.6)}, save=0.1),
    # nodes that are begun count whole; planned stops are no reason to save more often
    "all of it": Rules(
        tuple((1.155 * w, n, math.sqrt(0.2 / (_MEAN_RATE * n))) for w, n in ((20, 3), (15, 5), (10, 1))),
        {
            "accelerator": (0.02, 1.2), "host": (0.01, 0.6), "network": (0.01, 0.6), "software": (0.03, 0.6), "spot": (0.01, 2),
            "planned": (0.02, 0.6),
        },
        save=0.1, write=0.4, spares=2, repair=10, early_ratio=3, early_time=20,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Moments:
    """What jobs come to in one outcome: hours of the wall clock or of an activity, or interruptions of a class."""

    jobs: int
    mean: float
    sd: float
    fourth: float  # central moment
    p95: float


def play_jobs(setting: str, jobs: int) -> dict[str, Moments]:
    """Play the first jobs of a setting."""
    rng = np.random.default_rng(SEED)
    rows = []
    for _ in range(jobs):
        job = Job(RULES[setting], rng)
        rows.append([job.env.now, *(job.hours[a] for a in ACTIVITIES), *(job.counts[c] for c in CLASSES)])
    outcomes = zip(("wall_clock", *ACTIVITIES, *CLASSES), np.array(rows, dtype=float).T, strict=True)
    return {name: _moments(values) for name, values in outcomes}


def _moments(x: np.ndarray) -> Moments:
    return Moments(x.size, *map(float, (x.mean(), x.std(ddof=1), np.mean((x - x.mean()) ** 4), np.quantile(x, 0.95))))


def kept(setting: str, jobs: int) -> dict[str, Moments]:
    """Read what the file says of the first jobs of a setting."""
    with KEPT.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if (r["setting"], r["jobs"]) == (setting, str(jobs))]
    return {r["outcome"]: Moments(jobs, *(float(r[column]) for column in ("mean", "sd", "fourth", "p95"))) for r in rows}


def assert_kept(setting: str, jobs: int) -> None:
    """Play jobs again and compare with the file, which holds twelve digits."""
    played, written = play_jobs(setting, jobs), kept(setting, jobs)
    assert played.keys() == written.keys()
    told = f"{KEPT.name} is not of these rules; python {Path(__file__).name} writes it"
    for outcome in written:
        np.testing.assert_allclose(astuple(played[outcome]), astuple(written[outcome]), rtol=1e-9, atol=1e-9, err_msg=f"{outcome}: {told}")


def write() -> None:
    """Play all jobs of all settings and write the file, which takes minutes."""
    with KEPT.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["setting", "jobs", "outcome", "mean", "sd", "fourth", "p95"])
        for setting in RULES:
            for jobs in (FIRST, ALL):
                for outcome, m in play_jobs(setting, jobs).items():
                    out.writerow([setting, jobs, outcome, *(f"{x:.12g}" for x in (m.mean, m.sd, m.fourth, m.p95))])


if __name__ == "__main__":
    write()
