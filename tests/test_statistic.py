"""Statistics as users write them: the same words wherever one is asked for."""

from __future__ import annotations

import pytest

from simulator.analysis.search.constraints import parse_constraint
from simulator.analysis.statistic import Statistic, parse_statistic
from simulator.errors import InputError

KNOWN = ["cost_total", "cost[electricity]", "pay[data engineers]"]
FORM = "NAME STATISTIC; for example 'cost_total mean'"


@pytest.mark.parametrize(
    ("text", "statistic"),
    [
        ("cost_total mean", Statistic("cost_total", "mean")),
        (" cost_total  P80 ", Statistic("cost_total", "percentile", 0.8)),
        ("cost[electricity] CVaR97.5", Statistic("cost[electricity]", "cvar", 0.975)),
        ("pay[data engineers] p99.9", Statistic("pay[data engineers]", "percentile", 0.999)),
        ("cost_total p99.99999", Statistic("cost_total", "percentile", 0.9999999)),
    ],
)
def test_statistics_are_read_and_written_alike(text: str, statistic: Statistic) -> None:
    read = parse_statistic(text, KNOWN, where="here", form=FORM)
    assert repr(read) == repr(statistic)  # NaN does not equal itself
    assert repr(parse_statistic(str(read), KNOWN, where="here", form=FORM)) == repr(read)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cost_totl mean", "here: cost_totl is not an output; did you mean cost_total"),
        ("cost_total", "here is not NAME STATISTIC; for example"),
        ("cost_total p100", "strictly between p0 and p100"),
        ("cost_total cvar0", "strictly between p0 and p100"),
        ("cost_total p80 < 3M", "is not NAME STATISTIC"),
        ("cost_total p-5", "is not NAME STATISTIC"),
        ("cost_total mean80", "is not NAME STATISTIC"),
        ("", "is not NAME STATISTIC"),
    ],
)
def test_other_words_are_refused(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        parse_statistic(text, KNOWN, where="here", form=FORM)


def test_kinds_that_are_not_admissible_are_refused() -> None:
    with pytest.raises(InputError, match="is not NAME STATISTIC"):
        parse_statistic("cost_total cvar95", KNOWN, where="here", form=FORM, kinds=("mean", "percentile"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cost_total p80 > 3M", "is not NAME STATISTIC < LIMIT"),
        ("cost_total p80 <= 3M", "is not NAME STATISTIC < LIMIT"),
        ("programme_time p90 < 2027-06-01", "is a date"),
        ("programme_time p90 < 5 t", "'t' is not a unit of this quantity"),
        ("programme_time p90 <", "is not a number"),
    ],
)
def test_constraints_are_refused(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        parse_constraint(text, ["cost_total", "programme_time"])


def test_limits_have_units() -> None:
    outputs = ["programme_time", "emissions_total", "cost_total"]
    assert parse_constraint("programme_time p90 < 12 weeks", outputs).limit == 12 * 168
    assert parse_constraint("emissions_total mean < 5000 t", outputs).limit == 5e6
    assert parse_constraint("cost_total cvar95 < 30M", outputs).limit == 3e7
