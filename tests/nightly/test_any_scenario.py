"""Thousands of scenarios made by the schema, other ones each night: half an hour."""

from __future__ import annotations

from typing import Any

from any_scenario import check, configs
from hypothesis import HealthCheck, given, settings


@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=configs())
def test_any_scenario_is_refused_in_words_or_simulates_within_its_domains(data: dict[str, Any]) -> None:
    check(data)
