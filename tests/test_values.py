"""Does what a user writes become the number, or the law, that it says?"""

import math

import numpy as np
import pytest
from scipy.special import expit, logit, ndtr, ndtri

from simulator.errors import LawError
from simulator.quantities import QUANTITIES
from simulator.scenario.values import parse_value
from simulator.stochastic.laws import SCORE_LIMIT, AffineLaw, DiscreteLaw, Link, MetalogLaw, RoundedLaw

P5, P95 = ndtri(0.05), ndtri(0.95)


def refusal(raw, quantity, **options) -> LawError:
    with pytest.raises(LawError) as caught:
        parse_value(raw, quantity, **options)
    return caught.value


class TestConstants:
    @pytest.mark.parametrize(
        ("raw", "quantity", "value"),
        [
            (0.4, "mfu", 0.4),
            (1, "mfu", 1.0),
            ("38%", "mfu", 0.38),
            (0, "failure_rate", 0.0),
            (np.float64(0.4), "mfu", 0.4),
            ("15.6T tokens", "tokens", 15.6e12),
            (405e9, "params", 405e9),
            ("16384 GPUs", "accelerators", 16384.0),
            (-0.01, "electricity_price", -0.01),
            ("0", "electricity_price", 0.0),
            ({"family": "choice", "values": [0.4]}, "mfu", 0.4),
            ({"family": "choice", "values": [0.4, 0.5], "probabilities": [1, 0]}, "mfu", 0.4),
        ],
    )
    def test_a_certain_value(self, raw, quantity, value):
        parsed = parse_value(raw, quantity)
        assert parsed.constant == value
        assert parsed.law is None
        assert parsed.table is None

    @pytest.mark.parametrize(
        ("raw", "quantity", "parts"),
        [
            (4.2, "mfu", ["4.2 is outside", "mfu", "(0, 1]", "Did you mean 0.42?"]),
            (42, "mfu", ["42 is outside", "Did you mean 0.42?"]),
            (0, "mfu", ["0 is outside", "(0, 1]"]),
            (0.9, "pue", ["0.9 is outside", ">= 1"]),
            (-1, "tokens", ["-1 is outside", "> 0"]),
            (math.nan, "tokens", ["nan is not a finite number"]),
            (math.inf, "tokens", ["inf is not a finite number"]),
            (10**400, "tokens", ["too large"]),
            (True, "mfu", ["True is not a number"]),
            (None, "mfu", ["None is not a number"]),
            ([0.3, 0.4], "mfu", ["a list is not a value", "family: choice"]),
            (3.5, "accelerators", ["3.5 is not a whole number", "accelerators counts whole things"]),
            ("16 nodes", "accelerators", ["'nodes'", "devices"]),
            ("0.4 h", "mfu", ["'h'", "plain numbers"]),
        ],
    )
    def test_what_is_no_value(self, raw, quantity, parts):
        for part in parts:
            assert part in str(refusal(raw, quantity))


class TestIntervals:
    """LOW to HIGH is a central 90 % interval of the family that the domain implies."""

    @pytest.mark.parametrize(
        ("text", "quantity", "link", "bounds"),
        [
            ("1e9 to 2e9", "tokens", Link.EXP, (0, math.inf)),
            ("1.1 to 1.4", "pue", Link.EXP, (1, math.inf)),
            ("0.30 to 0.45", "mfu", Link.LOGISTIC, (0, 1)),
            ("0.8 to 1.1", "power_fraction", Link.LOGISTIC, (0, 1.2)),
            ("-0.02 to 0.12", "electricity_price", Link.IDENTITY, (-math.inf, math.inf)),
            ("0.5 to 10", "failure_rate", Link.EXP, (0, math.inf)),
        ],
    )
    def test_family_by_domain(self, text, quantity, link, bounds):
        value = parse_value(text, quantity)
        low, high = (float(end) for end in text.split(" to "))
        assert isinstance(value.law, AffineLaw)
        assert value.law.link is link
        assert value.law.support == bounds
        for read in (value.law.quantile, value.table):
            np.testing.assert_allclose(read(np.array([P5, P95])), [low, high], rtol=1e-12)
        np.testing.assert_allclose([value.law.cdf(low), value.law.sf(high)], 0.05, rtol=1e-9)

    # the median of each is a mean of its ends on the scale of the family
    def test_medians(self):
        def median(text, quantity):
            return float(parse_value(text, quantity).law.quantile(0.0))

        assert median("1e9 to 4e9", "tokens") == pytest.approx(2e9, rel=1e-12)
        assert median("1.1 to 1.4", "pue") == pytest.approx(1.2, rel=1e-12)
        assert median("0.30 to 0.45", "mfu") == pytest.approx(float(expit((logit(0.3) + logit(0.45)) / 2)), rel=1e-12)
        assert median("0.8 to 1.1", "power_fraction") == pytest.approx(1.2 * float(expit((logit(2 / 3) + logit(11 / 12)) / 2)), rel=1e-12)
        assert median("-0.02 to 0.12", "electricity_price") == pytest.approx(0.05, rel=1e-12)

    def test_counts_are_rounded_and_reach_their_bound(self):
        value = parse_value("2 to 9", "accelerators")
        assert isinstance(value.law, RoundedLaw)
        assert value.law.support[0] == 1
        z = np.linspace(-6, 6, 20_001)
        x = value.table(z)
        assert np.all(x % 1 == 0)
        assert x.min() == 1
        np.testing.assert_allclose(value.law.law.quantile([P5, P95]), [2, 9], rtol=1e-12)
        assert list(value.law.quantile([P5, P95])) == [2, 9]

    @pytest.mark.parametrize(
        ("text", "quantity", "low", "high"),
        [
            ("2.1 to 3.4 USD/h", "rental_price", 2.1, 3.4),
            ("2.1 USD/h to 3.4", "rental_price", 2.1, 3.4),
            ("210 ct/GPU-h to 3.4 USD/GPU-h", "rental_price", 2.1, 3.4),
            ("10 s to 5 min", "checkpoint_time", 10 / 3600, 1 / 12),
            ("300B to 400B tokens", "tokens", 3e11, 4e11),
            ("30% to 45%", "mfu", 0.3, 0.45),
            ("30 to 45 %", "mfu", 0.3, 0.45),
            ({"p5": "2.1 USD/h", "p95": 3.4}, "rental_price", 2.1, 3.4),
            ({"p5": 210, "p95": "3.4 USD/h", "unit": "ct/h"}, "rental_price", 2.1, 3.4),
            ({"p5": 210, "p95": 340, "unit": "ct/h"}, "rental_price", 2.1, 3.4),
            ({"family": "uniform", "p5": 50, "p95": 100, "unit": "USD/MWh"}, "electricity_price", 0.05, 0.1),
            ({"p5": 1.1, "p95": 1.4}, "pue", 1.1, 1.4),
            ({"p5": 0.3, "p95": 0.45}, "mfu", 0.3, 0.45),
        ],
    )
    def test_units(self, text, quantity, low, high):
        np.testing.assert_allclose(parse_value(text, quantity).law.quantile([P5, P95]), [low, high], rtol=1e-9)

    def test_units_of_natural_parameters(self):
        plain = parse_value({"family": "lognormal", "mean": 2, "sd": 0.5}, "downtime").law
        for spec in ({"mean": "120 min", "sd": "0.5 h"}, {"mean": 120, "sd": 30, "unit": "min"}):
            law = parse_value({"family": "lognormal", **spec}, "downtime").law
            assert (law.mu, law.sigma) == pytest.approx((plain.mu, plain.sigma), rel=1e-14)
        # a shape is a plain number, whatever the unit
        hours = parse_value({"family": "weibull", "shape": 2, "scale": 120, "unit": "min"}, "downtime").law
        assert float(hours.sf(2.0)) == pytest.approx(math.exp(-1), rel=1e-12)
        assert "'2'" in str(refusal({"family": "weibull", "shape": "2", "scale": 1}, "downtime"))

    def test_percentiles_in_braces_are_what_the_interval_is(self):
        for quantity, low, high in (("tokens", 1e9, 2e9), ("pue", 1.1, 1.4), ("mfu", 0.3, 0.45), ("electricity_price", -1, 2)):
            assert parse_value({"p5": low, "p95": high}, quantity).law == parse_value(f"{low} to {high}", quantity).law
        counts = parse_value({"p5": 2, "p95": 9}, "accelerators").law, parse_value("2 to 9", "accelerators").law
        assert counts[0].law == counts[1].law

    def test_three_percentiles_are_a_metalog_on_the_domain(self):
        law = parse_value({"p90": 0.5, "p10": 0.3, "p50": "42%"}, "mfu").law
        assert isinstance(law, MetalogLaw)
        assert law.support == (0, 1)
        np.testing.assert_allclose(law.quantile(ndtri([0.1, 0.5, 0.9])), [0.3, 0.42, 0.5], rtol=1e-12)

    @pytest.mark.parametrize(
        ("raw", "quantity", "parts"),
        [
            ("5 to 3", "tokens", ["5 to 3 is not an interval", "LOW below HIGH"]),
            ("5 to 5", "tokens", ["not an interval"]),
            ("0 to 0.5", "mfu", ["0 cannot end", "(0, 1]", "uniform or pert"]),
            ("0.5 to 1", "mfu", ["1 cannot end"]),
            ("1.0 to 1.2", "pue", ["1 cannot end", ">= 1"]),
            ("-1 to 1", "tokens", ["-1 cannot end"]),
            ("0.4 to 3", "accelerators", ["0.4 cannot end"]),
            ("1 to 2 to 3", "tokens", ["more than one 'to'"]),
            ("1 h to 2 USD", "downtime", ["'USD'", "measured in h"]),
            ("300 to 400B tokens", "tokens", ["low end", "300 B to 400B tokens"]),
        ],
    )
    def test_what_is_no_interval(self, raw, quantity, parts):
        for part in parts:
            assert part in str(refusal(raw, quantity))


class TestMixtures:
    def test_components_are_written_like_values(self):
        spec = {
            "family": "mixture",
            "components": [{"weight": 3, "value": "1 to 2 h"}, {"weight": 1, "family": "uniform", "low": 5, "high": 6}],
        }
        law = parse_value(spec, "downtime").law
        assert float(law.cdf(4.0)) == pytest.approx(0.75, rel=1e-6)
        assert float(law.sf(5.5)) == pytest.approx(0.125, rel=1e-6)

    def test_a_mixture_of_numbers_is_a_choice(self):
        spec = {
            "family": "mixture",
            "components": [{"weight": 3, "value": "1 h"}, {"weight": 1, "value": "2 h"}, {"weight": 4, "value": 1}],
        }
        law = parse_value(spec, "downtime").law
        assert isinstance(law, DiscreteLaw)
        np.testing.assert_allclose(law.probabilities, [7 / 8, 1 / 8], rtol=1e-15)

    @pytest.mark.parametrize(("quantity", "digits"), [("electricity_price", 0), ("downtime", 4)])  # below: exp(log(0.1))
    def test_an_atom_survives_the_table_to_the_last_digits(self, quantity, digits):
        spec = {"family": "mixture", "components": [{"weight": 1, "value": 0.1}, {"weight": 1, "value": "0.2 to 0.4"}]}
        value = parse_value(spec, quantity)
        z = np.linspace(-0.3, -0.001, 1001)
        assert np.all(value.law.quantile(z) == 0.1)
        assert np.all(np.abs(value.table(z) - 0.1) <= digits * np.spacing(0.1))


class TestColumns:
    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "two.csv").write_text("price,note\n2,a\n3,b\n2,c\n", encoding="utf-8")
        (tmp_path / "one.csv").write_bytes("\ufeffprice\r\n200 ct/h\r\n3\r\n".encode())
        (tmp_path / "text.csv").write_text("price\n2\ncheap\n", encoding="utf-8")
        (tmp_path / "hole.csv").write_text("price,note\n2,a\n,b\n", encoding="utf-8")
        (tmp_path / "none.csv").write_text("price,note\n", encoding="utf-8")
        (tmp_path / "empty.csv").write_text("", encoding="utf-8")
        return tmp_path

    def spec(self, file, **others):
        return {"family": "empirical", "file": file, **others}

    def test_a_column_is_its_values(self, folder):
        law = parse_value(self.spec("two.csv", column="price"), "rental_price", base=folder).law
        assert isinstance(law, DiscreteLaw)
        assert law.values.tolist() == [2, 3]
        np.testing.assert_allclose(law.probabilities, [2 / 3, 1 / 3], rtol=1e-15)

    def test_a_lone_column_needs_no_name_and_cells_may_have_units(self, folder):
        assert parse_value(self.spec("one.csv"), "rental_price", base=folder).law.values.tolist() == [2, 3]
        cents = parse_value(self.spec("one.csv", unit="ct/h"), "rental_price", base=folder)
        assert cents.law.values.tolist() == [0.03, 2]

    def test_weights_and_truncation(self, folder):
        law = parse_value(self.spec("two.csv", column="price", weights=[1, 2, 5]), "rental_price", base=folder).law
        np.testing.assert_allclose(law.probabilities, [6 / 8, 2 / 8], rtol=1e-15)
        cut = parse_value(self.spec("two.csv", column="price", truncate=[2.5, None]), "rental_price", base=folder)
        assert cut.constant == 3

    @pytest.mark.parametrize(
        ("spec", "parts"),
        [
            ({"file": "absent.csv"}, ["absent.csv does not exist"]),
            ({"file": "two.csv", "column": "cost"}, ["no column 'cost'", "'price', 'note'"]),
            ({"file": "two.csv"}, ["several columns", "'price', 'note'"]),
            ({"file": "text.csv"}, ["text.csv, line 3, column price", "'cheap' is not a number"]),
            ({"file": "hole.csv", "column": "price"}, ["hole.csv, line 3", "'' is not a number"]),
            ({"file": "none.csv", "column": "price"}, ["none.csv", "no rows below it"]),
            ({"file": "empty.csv", "column": "price"}, ["empty.csv is empty"]),
            ({"file": "two.csv", "column": "price", "values": [1]}, ["needs its values"]),
            ({"column": "price", "values": [1, 2]}, ["column is not read without file"]),
            ({"file": "two.csv", "column": "price", "weights": [1]}, ["not a list of 3 numbers"]),
            ({"file": "two.csv", "colunm": "price"}, ["colunm does not belong", "column"]),
        ],
    )
    def test_what_cannot_be_read(self, folder, spec, parts):
        error = refusal({"family": "empirical", **spec}, "rental_price", base=folder)
        for part in parts:
            assert part in str(error)

    def test_a_value_outside_the_domain_is_refused(self, folder):
        assert "% of its mass lies outside the domain of mfu" in str(refusal(self.spec("two.csv", column="price"), "mfu", base=folder))

    def test_equality_follows_the_numbers_in_the_file(self, folder):
        spec = self.spec("two.csv", column="price")
        before = parse_value(spec, "rental_price", base=folder)
        assert before == parse_value(spec, "rental_price", base=folder)
        assert before.data
        (folder / "two.csv").write_text("price,note\n2,a\n4,b\n", encoding="utf-8")
        assert before != parse_value(spec, "rental_price", base=folder)


class TestCounts:
    def test_listed_values_are_whole(self):
        assert parse_value({"family": "choice", "values": [8, 16]}, "accelerators").law.values.tolist() == [8, 16]
        assert "2.5 is not a whole number" in str(refusal({"family": "choice", "values": [1, 2.5]}, "accelerators"))

    def test_a_continuous_law_may_round_to_the_bound_but_not_beyond(self):
        law = parse_value({"family": "uniform", "low": 0.5, "high": 3.5}, "accelerators").law
        np.testing.assert_allclose(np.diff([0, *law.cdf([1, 2, 3])]), 1 / 3, rtol=1e-12)
        assert "3.8 % of its mass" in str(refusal({"family": "uniform", "low": 0.4, "high": 3}, "accelerators"))


class TestIdentity:
    SPECS = (
        0.4,
        "0.4",
        "0.3 to 0.5",
        {"p5": 0.3, "p95": 0.5},
        {"family": "choice", "values": [0.3, 0.5], "probabilities": [0.5, 0.5]},
        {"family": "mixture", "components": [{"weight": 1, "value": 0.3}, {"weight": 2, "value": "0.3 to 0.5"}]},
    )

    @pytest.mark.parametrize("spec", SPECS, ids=str)
    def test_equal_values_have_equal_hashes(self, spec):
        a, b = parse_value(spec, "mfu"), parse_value(spec, "mfu")
        assert a == b
        assert hash(a) == hash(b)

    def test_different_values_differ(self):
        values = [parse_value(spec, "mfu") for spec in self.SPECS] + [parse_value(0.4, "idle_power_fraction")]
        assert len(set(values)) == len(values)

    def test_equality_of_specs_that_are_written_differently(self):
        for a, b in ((1, 1.0), ({"p5": 0.3, "p95": 0.5}, {"p95": 0.5, "p5": 0.3})):
            first, second = parse_value(a, "mfu"), parse_value(b, "mfu")
            assert first == second
            assert hash(first) == hash(second)

    def test_shown_as_written(self):
        assert str(parse_value("0.3 to 0.5", "mfu")) == "0.3 to 0.5"
        assert str(parse_value({"p5": 0.3, "p95": 0.5}, "mfu")) == "{p5: 0.3, p95: 0.5}"

    def test_parsing_leaves_the_specification_alone(self):
        spec = {
            "family": "mixture",
            "components": [{"weight": 1, "family": "uniform", "low": 0.1, "high": 0.4, "truncate": [0.2, 0.3]}],
            "truncate": [0.21, 0.29],
        }
        copy = {**spec, "components": [dict(spec["components"][0])]}
        parse_value(spec, "mfu")
        assert spec == copy


@pytest.mark.parametrize("name", [q.name for q in QUANTITIES.values() if q.dimension is not None])
def test_every_input_takes_an_interval(name):
    q = QUANTITIES[name]
    low, high = max(q.domain.lower, 0), min(q.domain.upper, 10)
    low, high = low + 0.2 * (high - low), low + 0.7 * (high - low)
    value = parse_value(f"{low} to {high}", name)
    x = value.table(np.linspace(-8.2, 8.2, 1001))
    assert all(v in q.domain for v in x[np.abs(np.linspace(-8.2, 8.2, 1001)) < 5])
    # the ends of the interval, to the whole number for counts
    np.testing.assert_allclose(value.law.quantile([P5, P95]), np.floor([low + 0.5, high + 0.5]) if q.integer else [low, high], rtol=1e-12)


@pytest.mark.parametrize(
    ("stated", "plain"),
    [
        (
            {"family": "mixture", "unit": "gCO2e/kWh", "components": [{"weight": 1, "value": "300 to 400"}, {"weight": 1, "value": 500}]},
            {"family": "mixture", "components": [{"weight": 1, "value": "0.3 to 0.4"}, {"weight": 1, "value": 0.5}]},
        ),
        ({"family": "lognormal", "median": 400, "sigma": 0.1, "unit": "gCO2e/kWh"}, {"family": "lognormal", "median": 0.4, "sigma": 0.1}),
        (
            {"family": "beta", "a": 2, "b": 5, "low": 300, "high": 500, "unit": "gCO2e/kWh"},
            {"family": "beta", "a": 2, "b": 5, "low": 0.3, "high": 0.5},
        ),
    ],
)
def test_a_unit_applies_to_every_parameter(stated, plain):
    z = np.array([-2.0, -0.5, 0.5, 2.0])
    np.testing.assert_allclose(
        parse_value(stated, "carbon_intensity").law.quantile(z), parse_value(plain, "carbon_intensity").law.quantile(z), rtol=1e-9
    )


@pytest.mark.parametrize(
    "stated",
    [
        {"family": "lognormal", "mu": 6, "sigma": 0.1},
        {"family": "beta", "a": 2, "b": 5},
        {"family": "student_t", "df": 5, "truncate": [0, None]},
        {"family": "lognorm", "s": 0.1},
    ],
)
def test_a_unit_that_a_parameter_would_escape_is_refused(stated):
    with pytest.raises(LawError, match="unit: gCO2e/kWh"):
        parse_value({**stated, "unit": "gCO2e/kWh"}, "carbon_intensity")


@pytest.mark.parametrize(
    ("stated", "probability"),
    [
        ({"family": "gamma", "shape": 0.01, "scale": 1}, "1e-9"),
        ({"family": "lognormal", "median": 2, "sigma": 800}, "5e-17"),
        ({"family": "lognormal", "median": 2, "sigma": 100}, "5e-17"),
        ({"family": "lognormal", "median": 1e-298, "sigma": 3}, "5e-17"),
        (
            {
                "family": "mixture",
                "components": [{"weight": 3, "value": 1}, {"weight": 7, "family": "lognormal", "median": 1, "sigma": 140}],
            },
            "1e-9",
        ),
    ],
)
def test_a_law_that_underflows_to_an_open_bound_is_refused(stated, probability):
    with pytest.raises(LawError, match=f"probability of {probability}"):
        parse_value(stated, "rental_price")


@pytest.mark.parametrize(
    "stated",
    [
        {"family": "beta", "a": 0.0625, "b": 1, "low": 0, "high": 1},
        {"family": "beta", "a": 0.03, "b": 20, "low": 0, "high": 1e9},
        {
            "family": "mixture",
            "components": [{"weight": 1, "family": "beta", "a": 0.05, "b": 1, "low": 0, "high": 1}, {"weight": 1, "value": 3}],
        },
    ],
)
def test_a_table_does_not_round_to_an_open_bound(stated):
    value = parse_value(stated, "rental_price")
    assert value.law.support[0] == 0
    assert value.table(np.linspace(-SCORE_LIMIT, SCORE_LIMIT, 20_001)).min() > 0
    assert value.table(1.0) == pytest.approx(float(value.law.quantile(1.0)), rel=1e-6)


def test_counts_stay_within_a_truncation():
    value = parse_value({"family": "normal", "mean": 100, "sd": 20, "truncate": [60.4, 140.4]}, "accelerators")
    assert value.table([-8.0, 8.0]).tolist() == [61.0, 140.0]


def test_a_law_next_to_no_width_is_refused_without_a_warning():
    with pytest.raises(LawError, match="and no nearer to 0 than 1e-300"):
        parse_value({"family": "normal", "mean": 0, "sd": 1e-299, "truncate": [0, 1e20]}, "rental_price")
    with pytest.raises(LawError, match="leaves no probability"):
        parse_value({"family": "normal", "mean": 1.3e60, "sd": 7e-249, "truncate": [0, 1]}, "fleet_utilization")


@pytest.mark.parametrize(("raw", "said"), [(1e-301, "too small"), ("1e-320 USD/h", "too small"), (1e301, "too large")])
def test_a_number_from_which_nothing_can_be_computed_is_refused(raw, said):
    with pytest.raises(LawError, match=said):
        parse_value(raw, "rental_price")


def test_a_jump_across_all_magnitudes_is_refused():
    parts = [{"weight": 0.3, "value": 1}, {"weight": 0.7, "value": "1 to 1.9e271"}]
    with pytest.raises(LawError, match="lie too far apart to be tabulated"):
        parse_value({"family": "mixture", "components": parts}, "api_price_drift")


def test_a_root_that_scipy_gives_up_far_out_is_no_warning():
    value = parse_value({"family": "beta", "a": 1.03125, "b": 0.25, "low": 0, "high": 1}, "fleet_utilization")
    z = np.linspace(-6, 0, 13)
    np.testing.assert_allclose(value.law.cdf(value.table(z)), ndtr(z), rtol=1e-6)


@pytest.mark.parametrize("shape", [0.035, 0.0295, 0.02, 0.002])
def test_next_to_a_nought_that_is_admissible_any_law_is_read(shape):
    assert parse_value({"family": "gamma", "shape": shape, "scale": 1}, "downtime").table(-6.0) < 1e-200


def test_a_bound_that_rounding_reaches_far_out_is_no_reason_to_refuse():
    assert parse_value("0.01 to 0.99999", "residual_value").table(4.0) < 1
