"""Any scenario, made by the schema itself, so that a new key is tried too: a shipped config with some of its keys changed or added."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
from hypothesis import strategies as st

from simulator import SamplingPlan, parse_scenario, simulate
from simulator.errors import InputError
from simulator.quantities import QUANTITIES, Quantity
from simulator.scenario import resolve
from simulator.scenario.examples import examples
from simulator.scenario.keys import Key, config_keys
from simulator.scenario.levers import LEVERS
from simulator.scenario.parts import PARTS
from simulator.scenario.text import parse_yaml

DRAWS = 64
LONGEST = 20_000  # characters of a message: twenty problems
CONFIGS = {name: parse_yaml(path.read_text(encoding="utf-8")).data for name, path in examples().items()}
KEYS = {key.path: key for key in config_keys() if "[]" not in key.path}


def _read(name: str) -> list[str]:
    """Return the keys that a config reads: those that change what is computed, and are not refused as stated in vain."""
    inputs = resolve(parse_scenario({"name": name, **CONFIGS[name]})).inputs
    return sorted(key for key in KEYS if key.rpartition(".")[2] in inputs)


READ = {name: _read(name) for name in CONFIGS}
#: outputs that may be NaN where a run was stopped, as their meaning says
PAIRED = {"paused_delay", "paused_saving_cost", "paused_saving_emissions"}

_ODD = st.sampled_from(
    [math.nan, math.inf, -math.inf, 1e300, 1e-300, 5e-324, 1.7976931348623157e308, -1, 0, True, "", "nan", "1e999999", "0x10", [], {}]
)


def numbers(quantity: Quantity) -> st.SearchStrategy[float]:
    """Return numbers of a quantity: about as large as one thinks of, at the ends of its domain, and far beyond."""
    low, high = quantity.domain.lower, quantity.domain.upper
    if math.isfinite(low) and math.isfinite(high):
        usual = st.floats(low, high)
    else:
        start = low if math.isfinite(low) else 0.0
        usual = st.floats(-9.0, 15.0).map(lambda power: start + 10.0**power)
    ends = st.sampled_from([end for end in (low, high) if math.isfinite(end)] or [0.0])
    number = st.one_of(usual, usual, usual, ends, st.floats(allow_nan=False, allow_infinity=False))
    return number.map(round) if quantity.integer else number


def values(quantity: Quantity) -> st.SearchStrategy[Any]:
    """Return what a user may write for a quantity: numbers, texts with units, intervals, laws, and what is none of these."""
    number = numbers(quantity)
    unit = st.sampled_from(["", f" {quantity.unit}" if quantity.unit != "1" else "", " h", " %", "k", " USD/h"])
    pair = st.tuples(number, number).map(sorted)
    three = st.tuples(number, number, number).map(sorted)
    shape = st.floats(0.01, 20.0)
    return st.one_of(
        number,
        st.builds(lambda x, u: f"{x}{u}", number, unit),
        st.builds(lambda p, u: f"{p[0]} to {p[1]}{u}", pair, unit),
        st.builds(lambda p: {"p10": p[0], "p90": p[1]}, pair),
        st.builds(lambda p: {"p10": p[0], "p50": p[1], "p90": p[2]}, three),
        st.builds(lambda p: {"family": "uniform", "low": p[0], "high": p[1]}, pair),
        st.builds(lambda p: {"family": "pert", "low": p[0], "mode": p[1], "high": p[2]}, three),
        st.builds(lambda p, a, b: {"family": "beta", "a": a, "b": b, "low": p[0], "high": p[1]}, pair, shape, shape),
        st.builds(lambda x, s: {"family": "lognormal", "median": x, "sigma": s}, number, st.floats(0.001, 5.0)),
        st.builds(lambda x, s, p: {"family": "normal", "mean": x, "sd": s, "truncate": p}, number, number, pair),
        st.builds(lambda xs: {"family": "choice", "values": xs}, st.lists(number, min_size=1, max_size=4)),
        st.builds(
            lambda x, p: {"family": "mixture", "components": [{"weight": 0.3, "value": x}, {"weight": 0.7, "value": f"{p[0]} to {p[1]}"}]},
            number,
            pair,
        ),
        _ODD,
    )


def of_key(key: Key) -> st.SearchStrategy[Any]:
    """Return what may be stated for a key."""
    admissible = st.sampled_from([*key.admissible, "nothing known"])
    if key.quantity is None:
        return st.one_of(admissible, st.booleans(), st.text(max_size=5), _ODD)
    return st.one_of(values(key.quantity), admissible) if key.admissible else values(key.quantity)


@st.composite
def configs(draw: Callable[..., Any]) -> dict[str, Any]:
    """Return the plain data of a scenario."""
    name = draw(st.sampled_from(sorted(CONFIGS)))
    data: dict[str, Any] = {"name": name, **deepcopy(CONFIGS[name])}
    keys = st.one_of(st.sampled_from(READ[name]), st.sampled_from(READ[name]), st.sampled_from(sorted(KEYS)))
    for path in draw(st.lists(keys, min_size=1, max_size=4, unique=True)):
        section, _, field = path.partition(".")
        value = draw(of_key(KEYS[path]))
        if not field:
            data[section] = value
        elif isinstance(data.get(section) or {}, dict):
            data[section] = {**(data.get(section) or {}), field: value}
    if draw(st.integers(0, 3)) == 0:
        data.setdefault("reliability", {})["method"] = "expected_value"
    if draw(st.integers(0, 5)) == 0:
        data["levers"] = draw(st.lists(st.sampled_from(sorted(LEVERS)), max_size=2))
    if draw(st.integers(0, 5)) == 0:
        data["components"] = draw(st.dictionaries(st.sampled_from(sorted(PARTS)), st.booleans(), max_size=3))
    return data


def check(data: dict[str, Any]) -> bool:
    """Hold that a scenario is refused in words, or simulates to finite values within declared domains; return whether it was accepted.

    Any other exception, and any warning, is a fault. What is accepted reads back from its own YAML as the same.
    """
    try:
        scenario = parse_scenario(data)
        results = simulate(scenario, SamplingPlan(draws=DRAWS))
    except InputError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert len(refusal) < LONGEST
        return False
    for name, array in results.data_vars.items():
        domain, held = QUANTITIES[str(name)].domain, np.asarray(array.values, dtype=np.float64).ravel()
        held = held[~np.isnan(held)] if name in PAIRED or array.attrs["role"] == "input" else held  # inputs: what a member does not have
        inside = [float(x) in domain for x in (held.min(), held.max())] if held.size else [True]
        assert all(inside), f"{name} lies in {held.min()} to {held.max()}, outside {domain}"
    again = parse_scenario(scenario.to_yaml())
    assert resolve(again).hash() == resolve(scenario).hash()
    return True
