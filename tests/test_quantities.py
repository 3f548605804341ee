"""Is the nomenclature complete, consistent and permanent?"""

import csv
import math
from importlib.resources import files

import pytest

from simulator.engine import INTERNAL
from simulator.kernels import history, static
from simulator.kernels.ledger import book
from simulator.kernels.slots import INPUTS
from simulator.quantities import QUANTITIES, Domain
from simulator.scenario.parts import OFF
from simulator.units import parse_unit

ROWS = list(csv.DictReader(files("simulator").joinpath("quantities.csv").read_text(encoding="utf-8").splitlines()))


def test_names_are_unique():
    assert [row["name"] for row in ROWS] == list(QUANTITIES)


def test_sobol_dimensions_are_unique_and_without_gaps():
    dimensions = [q.dimension for q in QUANTITIES.values() if q.dimension is not None]
    assert sorted(dimensions) == list(range(len(dimensions)))


def test_published_dimensions_have_not_moved():
    # append-only: a number drawn with version 0.1 is drawn again with every later one
    first = ["mfu", "run_overhead", "failure_rate", "downtime", "checkpoint_time", "checkpoint_interval", "power_fraction"]
    assert [QUANTITIES[name].dimension for name in first] == list(range(7))
    assert {name: QUANTITIES[name].dimension for name in ("tokens", "accelerators", "embodied_server")} == {
        "tokens": 16,
        "accelerators": 19,
        "embodied_server": 32,
    }


def test_the_kernels_read_inputs_and_return_outputs():
    inputs = {q.name for q in QUANTITIES.values() if q.dimension is not None}
    # a phase's own, as tokens[0], is the same quantity; params are those that are active in a dense model
    assert {name.partition("[")[0] for name in INPUTS} == inputs - {"params"}
    assert len(set(INPUTS)) == len(INPUTS)
    for kernel in (static, history, book):
        names = [name.partition("[")[0] for name in kernel.OUTPUTS]
        assert len(set(kernel.OUTPUTS)) == len(names)
        assert set(names) - {"device_hours"} - set(INTERNAL) <= set(QUANTITIES) - inputs
    assert history.OUTPUTS[: len(static.OUTPUTS)] == static.OUTPUTS
    assert set(book.OUTCOMES) < set(static.OUTPUTS)


def test_what_takes_a_part_out_is_off_for_its_inputs():
    assert set(OFF) < set(INPUTS)
    assert all(name in QUANTITIES and QUANTITIES[name].dimension is not None for name in OFF)


@pytest.mark.parametrize("q", QUANTITIES.values(), ids=lambda q: q.name)
class TestEveryQuantity:
    def test_unit_parses_and_is_its_own_canonical_unit(self, q):
        assert parse_unit(q.unit).factor > 0
        assert q.parse(f"1.5 {q.unit}" if q.unit != "1" else "1.5") == 1.5

    def test_it_may_be_written_per_thing_it_counts(self, q):
        if q.counts:
            text = f"1.5 {q.counts}" if q.unit == "1" else f"1.5 {q.unit}/{q.counts}"
            assert q.parse(text) == 1.5

    def test_the_domain_is_an_interval_that_reads_back(self, q):
        assert q.domain.lower < q.domain.upper
        row = next(row for row in ROWS if row["name"] == q.name)
        low, high = row["domain"][1:-1].split(",")
        assert (q.domain.lower, q.domain.upper) == (float(low), float(high))
        if math.isfinite(q.domain.lower):
            assert (q.domain.lower in q.domain) == row["domain"].startswith("[")
        if math.isfinite(q.domain.upper):
            assert (q.domain.upper in q.domain) == row["domain"].endswith("]")

    def test_it_has_a_meaning(self, q):
        assert q.meaning
        assert q.meaning == q.meaning.strip(" .")
        assert q.name.isidentifier()
        assert q.dimension is None or q.symbol


@pytest.mark.parametrize(
    ("text", "words", "inside", "outside"),
    [
        ("(0, 1]", "(0, 1]", [1e-300, 0.5, 1.0], [0.0, math.nextafter(1.0, 2.0), -1.0]),
        ("[0, 1)", "[0, 1)", [0.0, 0.5], [1.0, -1e-300]),
        ("(0, 1.2]", "(0, 1.2]", [1.2], [1.21]),
        ("[1, inf)", ">= 1", [1.0, 1e300], [math.nextafter(1.0, 0.0), -math.inf]),
        ("(0, inf)", "> 0", [5e-324], [0.0]),
        ("(-inf, inf)", "any real number", [-1e300, 0.0], [math.inf, -math.inf]),
    ],
)
def test_domains(text, words, inside, outside):
    domain = Domain.parse(text)
    assert str(domain) == words
    assert all(x in domain for x in inside)
    assert not any(x in domain for x in [*outside, math.nan])


def test_the_nomenclature_cannot_be_changed():
    with pytest.raises(TypeError):
        QUANTITIES["mfu"] = None
    with pytest.raises(AttributeError):
        QUANTITIES["mfu"].unit = "%"
