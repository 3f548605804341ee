"""Whatever the schema admits simulates to finite values within declared domains, or is refused in words; nightly/ has more."""

from __future__ import annotations

from typing import Any

import pytest
from any_scenario import CONFIGS, KEYS, READ, check, configs
from hypothesis import HealthCheck, given, settings

from simulator.quantities import QUANTITIES


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(data=configs())
def test_any_scenario_is_refused_in_words_or_simulates_within_its_domains(data: dict[str, Any]) -> None:
    check(data)


@pytest.mark.parametrize("name", ["quickstart", "full-anatomy"])
def test_a_shipped_config_is_accepted(name: str) -> None:
    assert check({"name": name, **CONFIGS[name]})


def test_every_key_is_tried() -> None:
    sections = {path.partition(".")[0] for path in KEYS}
    assert {"workload", "hardware", "reliability", "energy", "emissions", "grid", "compute", "programme", "data", "water"} <= sections
    stated = {path.rpartition(".")[2] for path in KEYS}
    members = {"headcount", "fte_share", "salary", "pay_overhead", "equity", "lever_factor", "event_luck"}
    read = {key.rpartition(".")[2] for keys in READ.values() for key in keys}
    assert read <= stated
    assert (
        not {name for name, q in QUANTITIES.items() if q.dimension is not None}
        - stated
        - members
        - {"abandon_luck", "params"}
        - {name for name in QUANTITIES if name.startswith("event_")}
    )
