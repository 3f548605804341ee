"""Runs that stop where statistics are known as exactly as wanted: coverage under the rule, what never converges, the command."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, Target, load_scenario, open_results, room, simulate, simulate_until, summarize
from simulator.analysis.order_statistics import interval_ranks
from simulator.analysis.stopping.precision import precision
from simulator.analysis.stopping.stopping import Look, looks_until
from simulator.analysis.stopping.until import most_draws
from simulator.cli import _run, progress
from simulator.cli.until import parse
from simulator.errors import InputError
from simulator.quantities import QUANTITIES

QUICKSTART = str(Path(__file__).parent.parent / "configs" / "quickstart.yaml")
EXPECTED = ["reliability.method=expected_value"]
Law = Callable[[np.random.Generator, int], NDArray[np.float64]]


def playing(law: Law, seed: int) -> Callable[[int, int], dict[str, NDArray[np.float64]]]:
    rng = np.random.default_rng(seed)
    return lambda start, stop: {"x": law(rng, stop - start)}


def looks(law: Law, target: Target, most: int = 1_000_000, *, seed: int = 0, confidence: float = 0.95) -> list[Look]:
    return list(looks_until(playing(law, seed), [target], most, confidence=confidence))


def uniform(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.random(n)


def exponential(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.standard_exponential(n)


def falling(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """The density falls to a hundred-and-ninetieth at P95, as where an event of 5 % makes a run dear."""
    u = rng.random(n)
    return np.where(u < 0.95, 0.9 + 0.1 * u / 0.95, 1 + (u - 0.95) / 0.05)


LAWS = {
    "median of a uniform": (uniform, Target("x", 0.5, 0.015), 0.5, 1000),
    "P95 of an exponential, relative": (exponential, Target("x", 0.95, 0.03, relative=True), math.log(20), 1000),
    "P95 where the density falls": (falling, Target("x", 0.95, 0.06), 1.0, 1000),
    "mean of an exponential": (exponential, Target("x", None, 0.025), 1.0, 200),
}


@pytest.mark.parametrize(("law", "target", "truth", "times"), LAWS.values(), ids=LAWS.keys())
def test_intervals_cover_as_often_as_stated_although_they_decide_when_to_stop(law: Law, target: Target, truth: float, times: int) -> None:
    rng = np.random.default_rng(1)
    covered, first, stated = np.empty(times), np.empty(times), np.empty(times)
    for i in range(times):
        seen = list(looks_until(lambda start, stop: {"x": law(rng, stop - start)}, [target], 100_000))
        after = next(look for look in seen if look.pilot)
        last, own = seen[-1].achieved[0], after.achieved[0]
        covered[i] = last.lower <= truth <= last.upper
        first[i] = own.lower <= truth <= own.upper
        n = after.draws - after.pilot
        ranks = interval_ranks(n, target.probability, confidence=own.level) if target.probability else None
        stated[i] = ranks.level if ranks else own.level
    assert covered.mean() > 0.95 - 4.5 * math.sqrt(0.05 * 0.95 / times)
    # the first interval after the pilot knows nothing of it: not at least, but exactly at its level
    assert_within_mcse(first.mean(), stated.mean(), math.sqrt(0.0375 * 0.9625 / times))


def test_errors_of_all_looks_add_up_to_the_one_that_is_allowed() -> None:
    rng = np.random.default_rng(6)

    def play(start: int, stop: int) -> dict[str, NDArray[np.float64]]:  # no pilot foresees it
        return {"x": (1.0 if start == 0 else 100.0) * rng.standard_normal(stop - start)}

    pilot, *after = looks_until(play, [Target("x", None, 0.05)], 400_000, confidence=0.9)
    assert (pilot.draws, pilot.pilot, pilot.expected) == (10_000, 0, 20_000)
    assert [look.draws - look.pilot for look in after] == [10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 390_000]
    assert [look.expected for look in after[:-1]] == [look.draws for look in after[1:]]
    assert not any(look.reached for look in after)
    np.testing.assert_allclose([1 - look.achieved[0].level for look in after], [0.1 * 0.75 / 4**j for j in range(7)], rtol=1e-9)


def test_a_pilot_grows_to_an_eighth_of_what_it_predicts_or_of_what_is_allowed() -> None:
    *pilots, last = looks(uniform, Target("x", 0.5, 0.002), 10_000_000)
    assert [look.draws for look in pilots] == [1000 * 2**i for i in range(len(pilots))]
    assert pilots[-1].draws > (last.draws - last.pilot) / 8 > pilots[-2].draws / 1.5
    *pilots, last = looks(uniform, Target("x", 0.5, 1e-9), 100_000)
    assert [look.draws for look in pilots] == [1000, 2000, 4000, 8000]
    assert (last.draws, last.expected, last.reached) == (100_000, 100_000, False)


def test_the_interval_leaves_the_pilot_out_and_the_value_does_not() -> None:
    draws = np.random.default_rng(3).random(100_000)
    *_, last = looks_until(lambda start, stop: {"x": draws[start:stop]}, [Target("x", 0.5, 0.01)], draws.size)
    ranks = interval_ranks(last.draws - last.pilot, 0.5, confidence=last.achieved[0].level)
    assert ranks is not None
    own = np.sort(draws[last.pilot : last.draws])
    assert (last.achieved[0].lower, last.achieved[0].upper) == (own[ranks.lower - 1], own[ranks.upper - 1])
    assert last.achieved[0].value == np.quantile(draws[: last.draws], 0.5)


def test_it_takes_about_as_many_draws_as_a_clairvoyant_would_plus_pilot_and_margin() -> None:
    taken = [looks(uniform, Target("x", 0.5, 0.004), seed=seed)[-1].draws for seed in range(30)]
    clairvoyant = (1.959964 * 0.5 / 0.004) ** 2
    assert 1.2 * clairvoyant < np.mean(taken) < 2.2 * clairvoyant


def test_all_targets_hold_at_the_same_look() -> None:
    draws = np.random.default_rng(4).standard_exponential((2, 200_000))
    targets = [Target("a", 0.5, 0.2), Target("b", 0.95, 0.03, relative=True), Target("b", None, 0.02)]
    *_, last = looks_until(lambda start, stop: {"a": draws[0, start:stop], "b": draws[1, start:stop]}, targets, 200_000)
    assert last.reached
    assert [p.target for p in last.achieved] == targets
    assert all(p.half_width <= p.wanted for p in last.achieved)
    assert last.pilot >= 10_000  # a mean asks for it


def test_an_atom_is_known_exactly() -> None:
    last = looks(lambda _, n: np.full(n, 7.0), Target("x", 0.95, 1e-9, relative=True))[-1]
    assert last.reached
    assert (last.draws, last.achieved[0].half_width, last.achieved[0].value) == (2000, 0.0, 7.0)
    nought = looks(lambda _, n: np.zeros(n), Target("x", 0.5, 0.01, relative=True))[-1]
    assert nought.reached


def test_one_missing_draw_ends_the_search_and_says_so() -> None:
    def missing(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        return np.where(np.arange(n) == 17, np.nan, rng.random(n))

    for probability in (0.5, None):
        (only,) = looks(missing, Target("x", probability, 0.5))
        assert not only.reached
        assert math.isnan(only.achieved[0].value)
        assert only.achieved[0].missing == f"1 of {only.draws} draws are NaN"


def test_draws_missing_after_the_pilot_end_it_too() -> None:
    def play(start: int, stop: int) -> dict[str, NDArray[np.float64]]:
        return {"x": np.where(np.arange(start, stop) == 5000, np.nan, np.random.default_rng(start).random(stop - start))}

    last = list(looks_until(play, [Target("x", 0.5, 0.01)], 1_000_000))[-1]
    assert last.pilot
    assert not last.reached
    assert "NaN" in last.achieved[0].missing


def test_statistics_without_an_interval_are_given_up() -> None:
    def often_infinite(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        return np.where(rng.random(n) < 0.1, np.inf, 1.0)

    def heavy(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        return 1 / rng.random(n)

    def coin(_: np.random.Generator, n: int) -> NDArray[np.float64]:
        return np.where(np.arange(n) % 1000 < 2, 0.0, np.where(np.arange(n) % 2, -1.0, 1.0))

    for law, target, why in (
        (often_infinite, Target("x", 0.95, 0.01, relative=True), "infinite"),
        (often_infinite, Target("x", None, 0.01), "infinite"),
        (heavy, Target("x", None, 0.01, relative=True), "tail index"),
    ):
        last = looks(law, target, 10_000_000)[-1]
        assert not last.reached
        assert 100_000 <= last.draws < 200_000 + 1
        assert why in last.achieved[0].missing
        assert not last.achieved[0].reached
    assert looks(often_infinite, Target("x", 0.5, 0.01))[-1].reached  # the infinite draws are not in its way
    share_of_nought = looks(coin, Target("x", 0.5, 0.01, relative=True), 10_000_000)[-1]
    assert (share_of_nought.draws, share_of_nought.reached) == (128_000, False)
    few = looks(heavy, Target("x", None, 0.01, relative=True), 50_000)[-1]
    assert (few.draws, few.reached) == (50_000, False)


def test_what_cannot_be_is_refused_before_anything_is_drawn() -> None:
    def never(start: int, stop: int) -> Any:
        raise AssertionError("drawn")

    for targets, most, confidence, why in (
        ([], 10**6, 0.95, "there is no target"),
        ([Target("x", 0.5, 1.0)], 10**6, 1.0, r"confidence = 1.0 is not admissible; it must lie between 0.5 and 0.999"),
        ([Target("x", 0.999, 1.0)], 99_999, 0.95, "'x p99.9 ± 1' takes at least 100000 draws, .* 99999 are allowed"),
        ([Target("x", 0.05, 1.0), Target("x", None, 1.0)], 10_000, 0.95, "'x mean ± 1' takes at least 20000 draws"),
    ):
        with pytest.raises(InputError, match=why):
            list(looks_until(never, targets, most, confidence=confidence))
    for width in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(InputError, match="positive and finite"):
            Target("x", 0.5, width)
    with pytest.raises(InputError, match="probability"):
        Target("x", 1.0, 1.0)


def test_an_interval_needs_draws() -> None:
    none = precision(Target("paused_delay", 0.5, 1.0), np.empty(0), level=0.95)
    assert not none.reached
    assert math.isnan(none.value)
    assert none.missing == "0 draws are too few for an interval, 6 are needed"


def test_pauses_are_compared_over_draws_that_ended_both_ways() -> None:
    rng = np.random.default_rng(5)

    def play(start: int, stop: int) -> dict[str, NDArray[np.float64]]:
        return {"paused_delay": np.where(rng.random(stop - start) < 0.5, np.nan, rng.random(stop - start))}

    last = list(looks_until(play, [Target("paused_delay", 0.5, 0.02)], 1_000_000))[-1]
    assert last.reached
    assert abs(last.achieved[0].value - 0.5) < 0.04


@pytest.fixture(scope="module")
def found() -> xr.Dataset:
    scenario = load_scenario(QUICKSTART, overrides=EXPECTED)
    targets = [Target("cost_total", 0.8, 0.02, relative=True), Target("emissions[operational]", 0.5, 500.0)]
    return simulate_until(scenario, SamplingPlan(draws=100_000, seed=3), targets)


def test_draws_are_those_of_a_run_of_fixed_size(found: xr.Dataset, tmp_path: Path) -> None:
    scenario = load_scenario(QUICKSTART, overrides=EXPECTED)
    draws = found.sizes["draw"]
    assert 2000 <= draws < 100_000
    fixed = simulate(scenario, SamplingPlan(draws=draws, seed=3))
    told = json.loads(found.attrs.pop("until"))
    xr.testing.assert_identical(found, fixed)
    assert told["reached"]
    assert (told["confidence"], told["most"], told["looks"][-1]) == (0.95, 100_000, draws)
    value = summarize(fixed).value
    assert told["targets"][0]["value"] == value.sel(output="cost_total", quantile=0.8).item()
    own = np.sort(fixed.cost_total.values[told["pilot"] :])
    ranks = interval_ranks(own.size, 0.8, confidence=told["targets"][0]["level"])
    assert ranks is not None
    assert [told["targets"][0][end] for end in ("lower", "upper")] == [own[ranks.lower - 1], own[ranks.upper - 1]]
    assert told["targets"][0]["half_width"] <= told["targets"][0]["wanted"] == 0.02 * told["targets"][0]["value"]
    assert (told["targets"][1]["unit"], told["targets"][1]["wanted"]) == ("kgCO2e", 500.0)


def test_python_refuses_what_the_command_does() -> None:
    scenario = load_scenario(QUICKSTART, overrides=EXPECTED)
    with pytest.raises(InputError, match="sobol points are not"):
        simulate_until(scenario, SamplingPlan(draws=4096, plan="sobol"), [Target("cost_total", 0.5, 1.0)])
    with pytest.raises(InputError, match="cost_totl is not an output; did you mean cost_total"):
        simulate_until(scenario, SamplingPlan(), [Target("cost_totl", 0.5, 1.0)])


def test_as_many_draws_as_the_memory_holds(found: xr.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = load_scenario(QUICKSTART, overrides=EXPECTED)
    assert 0 < most_draws(scenario) <= 10_000_000
    monkeypatch.setattr(room, "free_memory", lambda: 2**32)
    assert 2**28 < most_draws(scenario) * found.nbytes / found.sizes["draw"] < 2**31
    monkeypatch.setattr(room, "free_memory", lambda: 2**60)
    assert most_draws(scenario) == 10_000_000


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("cost_total p95 ± 0.5%", Target("cost_total", 0.95, 0.005, relative=True)),
        ("cost_total P99.9 +-1 percent", Target("cost_total", 0.999, 0.01, relative=True)),
        (" emissions_total mean +/- 5 t ", Target("emissions_total", None, 5000.0)),
        ("cost[electricity] p50 ± 20k USD", Target("cost[electricity]", 0.5, 20_000.0)),
        ("pay[data engineers] p50 ± 20k", Target("pay[data engineers]", 0.5, 20_000.0)),
        ("wall_clock p80 ± 3 days", Target("wall_clock", 0.8, 72.0)),
        ("goodput p5 ± 0.002", Target("goodput", 0.05, 0.002)),
    ],
)
def test_widths_are_read(text: str, target: Target) -> None:
    assert parse(text, [*QUANTITIES, "cost[electricity]", "pay[data engineers]"]) == target


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("cost_total p95", "is not NAME STATISTIC ± WIDTH; for example"),
        ("cost_totl p95 ± 1%", "cost_totl is not an output; did you mean cost_total"),
        ("cost_total p100 ± 1%", "a percentile lies strictly between p0 and p100"),
        ("cost_total p95 ± 5 kg", "'kg' is not a unit of this quantity, which is measured in USD"),
        ("cost_total p95 ± nan", "is not a number"),
        ("cost_total p95 ± 0%", "width = 0.0 of cost_total p95 is not admissible; it must be positive and finite"),
        ("cost_total p95 ± 1e999%", "too large"),
        ("cost_total p99.99 ± 1%", "takes at least 1000000 draws, half of which tell how many it takes, and 1000 are allowed"),
    ],
)
def test_what_is_wrong_with_a_width_is_told(text: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["run", QUICKSTART, "--draws", "1000", "--until", text], debug=False) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert why in err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--plan", "sobol", "--until", "cost_total p95 ± 1%"], "sobol points are not"),
        (["--summary", "--until", "cost_total p95 ± 1%"], "--until reads draws, and --summary keeps none"),
        (["--confidence", "0.9"], "--confidence is the level of --until's intervals"),
        (["--confidence", "95", "--until", "cost_total p95 ± 1%"], "confidence = 95.0 is not admissible"),
    ],
)
def test_what_does_not_go_together_is_told(words: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["run", QUICKSTART, *words], debug=False) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert why in err


WORDS = ["run", QUICKSTART, "--set", EXPECTED[0]]


def test_the_command_tells_what_was_reached(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "run.nc"
    words = [
        *WORDS,
        "--until",
        "cost_total p80 ± 3%",
        "--until",
        "wall_clock p50 ± 1 day",
        "--confidence",
        "0.9",
        "--json",
        "-o",
        str(target),
    ]
    assert _run(words, debug=False) == 0
    out, err = capsys.readouterr()
    data = json.loads(out)
    assert data["until"]["reached"]
    assert data["until"]["confidence"] == 0.9
    assert data["draws"] == data["until"]["looks"][-1] == open_results(target).sizes["draw"]
    draws = f"{data['draws']:,}".replace(",", " ")
    first, second, saved = err.splitlines()
    assert re.fullmatch(rf"reached after {draws} draws: cost_total p80 ± 3 %: it is \d+ USD ± [0-3](\.\d+)? %", first)
    assert re.fullmatch(rf"reached after {draws} draws: wall_clock p50 ± 24 h: it is [\d.]+ h ± [\d.]+ h", second)
    assert saved == f"saved {data['draws']} draws to {target}"
    assert _run(["summarize", str(target), "--json"], debug=False) == 0
    assert json.loads(capsys.readouterr().out)["until"] == data["until"]


def test_the_command_says_where_the_draws_do_not_suffice(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([*WORDS, "--until", "cost_total p80 ± 0.01%", "--draws", "4000", "--json"], debug=False) == 0
    out, err = capsys.readouterr()
    data = json.loads(out)
    assert (data["draws"], data["until"]["reached"], data["until"]["targets"][0]["reached"]) == (4000, False, False)
    told, note = err.splitlines()
    assert told.startswith("NOT reached after 4 000 draws: cost_total p80 ± 0.01 %: it is ")
    assert note == "note: these are the most draws allowed (4000); more --draws narrow what is not reached"


def test_a_share_of_nought_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([*WORDS, "--until", "cost[people] p80 ± 1%", "--draws", "4000"], debug=False) == 0
    assert "reached after 2 000 draws: cost[people] p80 ± 1 %: it is 0 USD ± 0 USD\n" in capsys.readouterr().err


@contextlib.contextmanager
def terminal() -> Iterator[list[tuple[int, int, str, str]]]:
    """Record what a terminal would be shown."""
    shown: list[tuple[int, int, str, str]] = []

    @contextlib.contextmanager
    def bar(_draws: int) -> Iterator[Callable[[int, int, str, str], None]]:
        yield lambda *told: shown.append(told)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "_bar", bar)
        yield shown


def test_a_terminal_shows_how_far_the_target_is(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal() as shown:
        assert _run([*WORDS, "--until", "cost_total p80 ± 2%", "--draws", "50000", "--json"], debug=False) == 0
    draws = json.loads(capsys.readouterr().out)["draws"]
    assert shown[0][1:] == (50_000, "simulating", "left, Ctrl-C stops")
    assert shown[-1][:2] == (draws, draws)
    assert re.fullmatch(r"cost_total p80 ± [\d.]+ of 2 %", shown[-1][2])
    assert shown[-1][3] == f"left of {draws:,} draws".replace(",", " ")
    assert [told[0] for told in shown] == sorted(told[0] for told in shown)
