"""The page without its framework: addresses, fields, scenarios, turns, pictures."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import SamplingPlan, compare, load_scenario, open_results, simulate, verify_results
from simulator.analysis.comparison.differences import differences
from simulator.cli import _run
from simulator.errors import ConfigError, InputError
from simulator.scenario import parse_scenario, parse_value, resolve
from simulator.scenario.levers import LEVERS
from simulator.web import figures
from simulator.web.answer import FANNED, Answers, answer, difference
from simulator.web.downloads import DOWNLOADS
from simulator.web.fields import LIMIT_UNITS, SHOWN, fields_of, limit_text, range_of, size_of
from simulator.web.gate import BusyError, Gate, SupersededError, TooLongError
from simulator.web.served import Served, place_of, places, serve_config
from simulator.web.state import DRAWS, LONGEST, SWITCHES, State, parse_query

ROOT = Path(__file__).parent.parent
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
QUICKSTART = str(ROOT / "configs" / "quickstart.yaml")


def wanted(_done: int) -> None:
    """As a page that waits."""


@pytest.fixture(scope="module")
def quickstart() -> Served:
    return serve_config(QUICKSTART)


numbers = st.floats(1e-9, 1e12).map(lambda value: f"{value:.6g}")
states = st.builds(
    State,
    ranges=st.lists(st.tuples(st.sampled_from(list(SHOWN)), numbers, numbers), unique_by=lambda item: item[0]).map(
        lambda items: tuple(sorted(items, key=lambda item: list(SHOWN).index(item[0])))
    ),
    accelerator=st.text(max_size=20),
    region=st.text(max_size=20),
    levers=st.none() | st.sets(st.sampled_from(SWITCHES)).map(lambda names: tuple(name for name in SWITCHES if name in names)),
    limits=st.lists(st.sampled_from(list(LIMIT_UNITS)), unique=True).map(lambda names: tuple((n, "3k") for n in LIMIT_UNITS if n in names)),
    draws=st.sampled_from([0, *DRAWS]),
    pinned=st.none() | st.sampled_from(["", "mfu=0.4", "mfu=0.38+to+0.45&lever=fp8+renewables&budget="]),
)


@given(states)
def test_an_address_restores_what_it_was_made_of(state: State) -> None:
    assert parse_query(state.to_query()) == state
    assert parse_query("?" + state.to_query() + "&scenario=quickstart", scenario="quickstart") == state


@given(st.text())
def test_no_address_does_worse_than_a_message(text: str) -> None:
    with suppress(InputError):
        assert parse_query(text, scenario="quickstart").to_query() is not None


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("?mfu=0.3&mfu=0.4", "twice"),
        ("?" + "x" * LONGEST, "longer than"),
        ("?name=<script>alert(1)</script>", "not known"),
        ("?scenario=other", "made for the scenario 'other'"),
        ("?lever=fp9", "not a lever"),
        ("?lever=region%3DFR", "not a lever"),
        ("?draws=100000000", "draws are 1000"),
        ("?draws=-1", "draws are 1000"),
        ("?draws=%C2%B2", "draws are 1000"),
        ("?mfu=" + "9" * 100, "longer than 64"),
        ("?pin=pin%3D", "pinned one itself"),
        ("?mfu=%ff", "cannot be read"),
        ("?" + "&".join(f"a{i}=1" for i in range(80)), "cannot be read"),
    ],
)
def test_what_the_page_never_writes_is_refused(query: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        parse_query(query, scenario="quickstart")


def test_the_pinned_scenario_is_drawn_as_often_as_the_current_one() -> None:
    base = State(draws=5000, pinned="mfu=0.4&draws=1000").base()
    assert base == State(ranges=(("mfu", "0.4", "0.4"),), draws=5000)
    assert State().base() is None


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_fields_say_what_the_scenario_reads(path: Path) -> None:
    served = serve_config(str(path))
    resolved = resolve(served.scenario(State()))
    assert resolved.hash() == resolve(load_scenario(path)).hash()
    fields = fields_of(resolved)
    assert {"mfu", "device_hours"} & {field.name for field in fields} or resolved.phases
    for field in fields:
        low, high = float(field.low), float(field.high)
        value = resolved.inputs["params_active" if field.name == "params" and "params" not in resolved.inputs else field.name].value
        if field.name == "params":
            value = resolved.scenario.workload.params or value
        assert field.start <= low <= high <= field.stop or field.start < field.stop
        if value.law is not None:
            ends = value.law.quantile(np.array([-1.6448536269514722, 1.6448536269514722])) / size_of(field.name)
            assert [low, high] == pytest.approx(ends.tolist(), rel=6e-4)
        else:
            assert low == high == pytest.approx(value.median / size_of(field.name), rel=1e-9)


@pytest.mark.parametrize("name", SHOWN)
def test_a_range_is_read_in_the_unit_that_is_shown(name: str) -> None:
    text = range_of(name, "2", "2") if name not in ("mfu", "matched_share") else range_of(name, "0.5", "0.5")
    assert isinstance(text, str)
    assert parse_value(text, name).constant == pytest.approx((2 if name not in ("mfu", "matched_share") else 0.5) * size_of(name))


def test_accelerators_are_not_rounded() -> None:
    fields = {field.name: field for field in fields_of(resolve(load_scenario(ROOT / "configs" / "llama3.1-405b.yaml")))}
    assert fields["accelerators"].low == "16384"


def test_a_field_that_is_changed_is_the_config_changed(quickstart: Served) -> None:
    state = State(ranges=(("mfu", "0.38", "0.45"), ("tokens", "3", "3"), ("carbon_intensity", "100", "200")), levers=("fp8",))
    overrides = ["mfu=0.38 to 0.45", "tokens=3T tokens", "carbon_intensity=100 to 200 gCO2e/kWh"]
    stated = load_scenario(QUICKSTART, overrides=overrides, levers=["fp8"])
    ours, theirs = (simulate(scenario, SamplingPlan(draws=500)) for scenario in (quickstart.scenario(state), stated))
    assert (ours.cost_total == theirs.cost_total).all()
    assert (ours.emissions_total == theirs.emissions_total).all()


def test_a_currency_stays_that_of_the_config(tmp_path: Path) -> None:
    config = tmp_path / "euro.yaml"
    config.write_text(Path(QUICKSTART).read_text().replace("2.0 to 6.2 USD/GPU-hour", "2.0 to 6.2 EUR/GPU-hour"))
    served = serve_config(str(config))
    (price,) = (field for field in fields_of(resolve(served.scenario(State()))) if field.name == "rental_price")
    assert (price.unit, price.low, price.high) == ("EUR/h each", "2", "6.2")
    assert served.scenario(State(ranges=(("rental_price", "3", "4"),))).compute.rental_price.spec == "3 EUR/h to 4 EUR/h"


def test_what_is_chosen_clears_what_is_no_longer_true_and_fields_hold_after_it(quickstart: Served) -> None:
    region, device = resolve(quickstart.scenario(State(region="FR"))), resolve(quickstart.scenario(State(accelerator="B200")))
    assert region.inputs["carbon_intensity"].value.constant == pytest.approx(0.056)
    assert device.inputs["rental_price"].source != "stated"
    state = State(region="FR", accelerator="B200", ranges=(("carbon_intensity", "20", "30"), ("rental_price", "5", "5")))
    both = resolve(quickstart.scenario(state))
    assert str(both.inputs["carbon_intensity"].value) == "20 gCO2e/kWh to 30 gCO2e/kWh"
    assert both.inputs["rental_price"].value.constant == 5.0


def test_all_that_can_be_chosen_is_possible(quickstart: Served) -> None:
    for name in quickstart.accelerators:
        assert resolve(quickstart.scenario(State(accelerator=name))).inputs
    offered = [place for members in places().values() for place, _ in members]
    assert len(offered) > 200
    for place in offered[::10]:
        assert resolve(quickstart.scenario(State(region=place))).inputs["carbon_intensity"].source != "stated"


def test_levers_with_an_argument_are_part_of_the_config(tmp_path: Path) -> None:
    config = tmp_path / "pulled.yaml"
    config.write_text(Path(QUICKSTART).read_text() + "levers: [fp8, region=FR]\n")
    served = serve_config(str(config))
    assert served.levers == ("fp8",)
    off = resolve(served.scenario(State(levers=(), ranges=(("carbon_intensity", "70", "70"),))))
    assert off.scenario.levers == ()
    assert off.inputs["carbon_intensity"].value.constant == pytest.approx(0.07)
    assert resolve(served.scenario(State())).inputs["carbon_intensity"].value.constant == pytest.approx(0.056)


@pytest.mark.parametrize(
    ("state", "place", "told"),
    [
        (State(ranges=(("mfu", "4.2", "4.2"),)), "mfu", "MFU|mfu"),
        (State(ranges=(("mfu", "0.5", "0.3"),)), "mfu", "0.5"),
        (State(ranges=(("mfu", "many", "0.3"),)), "mfu", "'many' is not a number"),
        (State(ranges=(("mfu", "0.3", "{family: empirical, file: x.csv}"),)), "mfu", "is not a number"),
        (State(ranges=(("tokens", "-1", "-1"),)), "tokens", "outside its domain"),
        (State(levers=("fp8", "fp4")), "lever", "exclude each other"),
        (State(levers=("open_data",)), "lever", "changes nothing"),
        (State(accelerator="H900"), "accelerator", "H900"),
        (State(region="/etc/passwd"), "region", "not a known region"),
        (State(limits=(("budget", "0"),)), "budget", "not above 0"),
        (State(limits=(("budget", "a lot"),)), "budget", "is not an amount"),
    ],
)
def test_a_problem_stands_beside_its_field(quickstart: Served, state: State, place: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        quickstart.scenario(state)
    assert {place_of(problem) for problem in caught.value.problems} == {place}


def test_no_field_reads_a_file(quickstart: Served, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("x\n1\n2\n")
    for text in (str(secret), f"file: {secret}", "!!python/object:os.system"):
        for state in (
            State(ranges=(("mfu", text[:24], text[:24]),)),
            State(accelerator=text),
            State(region=text),
            State(limits=(("budget", text),)),
        ):
            with pytest.raises(ConfigError):
                quickstart.scenario(state)


def test_switches_are_the_levers_without_an_argument() -> None:
    assert set(SWITCHES) == {name for name, lever in LEVERS.items() if not lever.argument}


@pytest.mark.parametrize(("name", "text"), [("budget", "300k"), ("deadline", "120"), ("carbon_cap", "40")])
def test_limits_have_their_units(quickstart: Served, name: str, text: str) -> None:
    assert limit_text(name, text) == f"{text} {LIMIT_UNITS[name]}"
    stated = quickstart.scenario(State(limits=((name, text),))).limits.model_dump(exclude_none=True)
    assert stated == {name: {"budget": 300e3, "deadline": 2880.0, "carbon_cap": 40e3}[name]}
    assert not quickstart.scenario(State(limits=((name, ""),))).limits.model_dump(exclude_none=True)


def test_yaml_of_a_state_is_the_same_scenario(quickstart: Served, tmp_path: Path) -> None:
    state = State(ranges=(("mfu", "0.38", "0.45"),), levers=("fp8", "renewables"), region="FR", limits=(("budget", "300k"),))
    scenario = quickstart.scenario(state)
    target = tmp_path / "downloaded.yaml"
    target.write_text(scenario.to_yaml())
    assert _run(["validate", str(target)], debug=False) == 0
    assert resolve(load_scenario(target)).hash() == resolve(scenario).hash()


# answers


def test_an_answer_is_what_the_library_says(quickstart: Served) -> None:
    answers = Answers(quickstart, 2000)
    state, base = State(ranges=(("mfu", "0.45", "0.45"),)), State()
    found = answers.of(state, wanted)
    again = simulate(load_scenario(QUICKSTART, overrides=["mfu=0.45"]), SamplingPlan(draws=2000))
    assert (found.results.cost_total == again.cost_total).all()
    assert answers.of(replace(state, pinned=""), wanted) is found
    scenarios = {"a": quickstart.scenario(base), "b": quickstart.scenario(state)}
    theirs = differences(compare(scenarios, SamplingPlan(draws=2000))).sel(scenario="b", output="cost_total")
    ours = difference(found, answers.of(base, wanted)).sel(output="cost_total")
    assert (ours.value == theirs.value).all()
    for name in ("mean", "mcse_mean", "probability_lower", "mcse_lower", "correlation", "pairs"):
        assert ours[name] == theirs[name]


def test_only_the_last_answers_are_kept(quickstart: Served) -> None:
    answers = Answers(quickstart, 1000)
    first = answers.of(State(), wanted)
    for i in range(8):
        answers.of(State(ranges=(("mfu", f"0.3{i}", "0.5"),)), wanted)
    assert answers.of(State(), wanted) is not first


def test_runs_in_expectation_have_no_fan_and_certain_ones_no_tornado() -> None:
    plain = answer(load_scenario(QUICKSTART, overrides=["reliability.method=expected_value"]), SamplingPlan(draws=1000))
    assert isinstance(plain.fan, str)
    assert figures.fan_figure(plain, None)["data"] == []
    few = answer(load_scenario(QUICKSTART), SamplingPlan(draws=100))
    assert isinstance(few.ranks, str)
    assert figures.tornado_figure(few)["data"] == []


@pytest.fixture(scope="module")
def drawn(quickstart: Served) -> Iterator[Answers]:
    return Answers(quickstart, 2000)


def test_pictures_show_the_numbers_of_the_bands(drawn: Answers) -> None:
    now, then = drawn.of(State(ranges=(("mfu", "0.45", "0.45"),), limits=(("budget", "300k"),)), wanted), drawn.of(State(), wanted)
    p50 = [float(a.bands.value.sel(output="cost_total", quantile=0.5)) / 1e3 for a in (now, then)]
    strips = figures.bands_figure(now, then, "cost")
    marks = [trace for trace in strips["data"] if trace["mode"] == "markers"]
    assert [trace["x"][0] for trace in marks] == pytest.approx(p50)
    curve = figures.exceedance_figure(now, then)
    assert curve["layout"]["shapes"][0]["x0"] == 300.0
    assert curve["data"][-1]["x"][0] == pytest.approx(p50[0])
    fan = figures.fan_figure(now, then)
    assert len(fan["data"]) == 8
    assert now.fan is not None
    assert now.fan.attrs["draws"] == FANNED
    tornado = figures.tornado_figure(now)
    assert all(-1 <= value <= 1 for value in tornado["data"][0]["x"])
    assert max(abs(value) for value in tornado["data"][0]["x"]) == abs(tornado["data"][0]["x"][0])


def test_downloads_are_of_the_answer(drawn: Answers, tmp_path: Path) -> None:
    found = drawn.of(State(ranges=(("mfu", "0.45", "0.45"),), levers=("fp8",)), wanted)
    made = {kind.ending: kind.make(found, wanted) for kind in DOWNLOADS}
    (tmp_path / "run.nc").write_bytes(made[".nc"])
    assert verify_results(tmp_path / "run.nc")
    assert (open_results(tmp_path / "run.nc").cost_total == found.results.cost_total).all()
    (tmp_path / "run.yaml").write_bytes(made[".yaml"])
    assert resolve(load_scenario(tmp_path / "run.yaml")).hash() == resolve(found.scenario).hash()
    page = made[".html"].decode()
    p80 = found.bands.value.sel(output="cost_total", quantile=0.8).item()
    assert f'value="{p80!r}"' in page
    assert escape("mfu: '0.45'") in page
    assert all(f'id="picture-{name}"' in page for name in ("fan", "ranks", "exceedance-cost"))


def test_a_report_that_takes_too_long_is_given_up(drawn: Answers) -> None:
    def stop(_done: int) -> None:
        raise TooLongError

    (report,) = (kind for kind in DOWNLOADS if kind.ending == ".html")
    with pytest.raises(TooLongError):
        report.make(drawn.of(State(), wanted), stop)


@pytest.mark.parametrize("pinned", [False, True])
def test_pictures_are_plain_numbers(drawn: Answers, pinned: bool) -> None:
    now, then = drawn.of(State(), wanted), drawn.of(State(ranges=(("mfu", "0.3", "0.3"),)), wanted) if pinned else None
    pictures = [figures.bands_figure(now, then, "cost"), figures.bands_figure(now, then, "emissions"), figures.fan_figure(now, then)]
    for figure in (*pictures, figures.exceedance_figure(now, then), figures.tornado_figure(now)):
        assert 60 < figure["layout"]["height"] < 1000
        for number in json.loads(json.dumps(figure), parse_constant=float).values():
            assert "nan" not in str(number).lower()
        assert math.isfinite(len(figure["data"]))


# turns


def test_a_later_request_ends_an_earlier_one_of_its_tab() -> None:
    gate = Gate(places=1, waiting=4, seconds=60.0)
    with gate.turn("a", 1) as still_wanted:
        still_wanted(10)
        later = threading.Thread(target=lambda: gate.turn("a", 2).__enter__())
        later.start()
        while gate._last["a"] == 1:
            pass
        with pytest.raises(SupersededError):
            still_wanted(20)
    later.join(10)
    assert not later.is_alive()
    with pytest.raises(SupersededError), gate.turn("a", 1):
        pass


def test_who_waits_leaves_when_something_later_is_asked() -> None:
    gate, left = Gate(places=1, waiting=4, seconds=60.0), []

    def ask(number: int) -> None:
        try:
            with gate.turn("b", number):
                left.append(f"{number} came in")
        except SupersededError:
            left.append(f"{number} left")

    with gate.turn("a", 1):
        threads = [threading.Thread(target=ask, args=(number,)) for number in (1, 2)]
        threads[0].start()
        while gate._room == 4:
            pass
        threads[1].start()
        threads[0].join(10)
        assert left == ["1 left"]
    threads[1].join(10)
    assert left == ["1 left", "2 came in"]


def test_too_many_are_sent_away_and_none_takes_for_ever() -> None:
    gate = Gate(places=1, waiting=0, seconds=0.0)
    with pytest.raises(BusyError), gate.turn("a", 1):
        pass
    gate = Gate(places=1, waiting=1, seconds=0.0)
    with gate.turn("a", 1) as still_wanted, pytest.raises(TooLongError):
        still_wanted(1)
    with gate.turn("b", 1):
        pass


def test_an_answer_that_nobody_waits_for_ends(quickstart: Served) -> None:
    def stop(_done: int) -> None:
        raise SupersededError

    with pytest.raises(SupersededError):
        Answers(quickstart, 100_000).of(State(), stop)


def test_the_verb_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("simulator.cli.serve.find_spec", lambda name: None)
    assert _run(["serve", QUICKSTART], debug=False) == 2
    assert "pip install 'training-risk-simulator[web]'" in capsys.readouterr().err


def test_a_scenario_with_its_own_limits_may_lose_them() -> None:
    text = Path(QUICKSTART).read_text() + "limits: {budget: 300k USD}\n"
    served = Served("x", "", parse_scenario(text).to_data(), ROOT)
    assert served.scenario(State()).limits.budget == 300e3
    assert served.scenario(State(limits=(("budget", ""),))).limits.budget is None
