"""Would a price, a rate or a magnitude that is off by one per cent, or by a thousand, pass?"""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import LawError
from simulator.quantities import QUANTITIES
from simulator.units import SYMBOLS, Amount, convert, parse_amount, parse_interval, parse_unit


def refusal(function, *arguments, **options) -> LawError:
    with pytest.raises(LawError) as caught:
        function(*arguments, **options)
    return caught.value


# the definitions of the units, worked out by hand
@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("6.5 per 1000 node-days", "failure_rate", 6.5),
        ("6.5/(1000 node-day)", "failure_rate", 6.5),
        ("6.5 1/(1000 node-day)", "failure_rate", 6.5),
        ("0.0065 per node-day", "failure_rate", 6.5),
        ("6.5 per 1000 server days", "failure_rate", 6.5),
        ("1 per node-year", "failure_rate", 1000 / 365.25),
        ("15.6T tokens", "tokens", 15.6e12),
        ("15.6 trillion tokens", "tokens", 15.6e12),
        ("300B", "tokens", 300e9),
        ("405e9 params", "params", 405e9),
        ("405 B parameters", "params", 405e9),
        ("3 M tokens", "tokens", 3e6),
        ("12 thousand tokens", "tokens", 12e3),
        ("2k tokens", "tokens", 2e3),
        ("1_000_000", "tokens", 1e6),
        ("0.4 kW", "tdp", 400.0),
        ("700", "tdp", 700.0),
        ("30 MW", "tdp", 30e6),
        ("1 J/s", "tdp", 1.0),
        ("400 gCO2e/kWh", "carbon_intensity", 0.4),
        ("400 g/kWh", "carbon_intensity", 0.4),
        ("0.4 tCO₂eq/MWh", "carbon_intensity", 0.4),
        ("0.4 ktCO2 per GWh", "carbon_intensity", 0.4),
        ("1 kg/MJ", "carbon_intensity", 3.6),
        ("2.5 USD/GPU-hour", "rental_price", 2.5),
        ("2.5 USD per GPU per hour", "rental_price", 2.5),
        ("2.5 $/h", "rental_price", 2.5),
        ("250 cents/h", "rental_price", 2.5),
        ("60 USD/day", "rental_price", 2.5),
        ("50 USD/MWh", "electricity_price", 0.05),
        ("5 ct/kWh", "electricity_price", 0.05),
        ("-5 ct/kWh", "electricity_price", -0.05),
        ("30 k$", "accelerator_price", 30e3),
        ("30k USD/GPU", "accelerator_price", 30e3),
        ("38%", "mfu", 0.38),
        ("38 percent", "mfu", 0.38),
        (".38", "mfu", 0.38),
        ("32 %/yr", "depreciation_rate", 0.32),
        ("989.5 TFLOPS", "peak_flops", 989.5e12),
        ("989.5 TFLOP/s", "peak_flops", 989.5e12),
        ("3.56 EFLOP/h", "peak_flops", 3.56e18 / 3600),
        ("3.8e25 FLOP", "flop", 3.8e25),
        ("38000 ZFLOP", "flop", 3.8e25),
        ("30.84M GPU-hours", "device_hours", 30.84e6),
        ("1 GPU-week", "device_hours", 168.0),
        ("90 min", "downtime", 1.5),
        ("90 s", "downtime", 0.025),
        ("4 years", "service_life", 4 * 8766.0),
        ("48 months", "service_life", 4 * 8766.0),
        ("16384 GPUs", "accelerators", 16384.0),
        ("150 kgCO2e/GPU", "embodied_accelerator", 150.0),
        ("0.15 t", "embodied_accelerator", 150.0),
    ],
)
def test_what_people_write(text, name, value):
    assert QUANTITIES[name].parse(text) == value


def test_a_conversion_is_rounded_once():
    # float arithmetic gives 0.30000000000000004 and 0.21000000000000002: each factor would be rounded by itself
    assert QUANTITIES["carbon_intensity"].parse("300 gCO2e/kWh") == 0.3
    assert QUANTITIES["mfu"].parse("21%") == 0.21
    assert QUANTITIES["downtime"].parse("1e-400 h") == 0.0
    assert parse_amount("0.1").number == Fraction(1, 10)
    day = parse_unit("node-day").factor
    assert day * parse_unit("per 1000 node-days").factor == Fraction(1, 1000)


@settings(derandomize=True)
@given(st.decimals(min_value=1, max_value=10**6, places=6), st.sampled_from(["kWh", "MWh", "J", "GJ", "Wh"]))
def test_any_number_is_the_nearest_double_of_the_exact_product(number, unit):
    exact = Fraction(number) * parse_unit(unit).factor
    assert QUANTITIES["energy"].parse(f"{number} {unit}") == float(exact)


@pytest.mark.parametrize("symbol", sorted(SYMBOLS))
def test_every_symbol_divides_itself_away(symbol):
    unit = parse_unit(f"{symbol}/{symbol}")
    assert unit.factor == 1
    assert not any(unit.powers)
    assert parse_unit(symbol).factor > 0


def test_prefixes_are_powers_of_a_thousand():
    watts = [parse_unit(p + "W").factor for p in ("", "k", "M", "G")]
    assert [a / watts[0] for a in watts] == [1, 10**3, 10**6, 10**9]
    assert parse_unit("ZFLOP").factor == 10**21
    assert parse_unit("MtCO2e").factor / parse_unit("gCO2e").factor == 10**12
    assert parse_unit("TFLOPS") == parse_unit("TFLOP/s")
    assert parse_unit("kWh") == parse_unit("kW·h") == parse_unit("kW*h") == parse_unit("kW-h") == parse_unit("kW h")
    assert parse_unit("W").factor * 3600 == parse_unit("J").factor * 3600 * 3600  # W = J/s, with the hour as the base


def test_bytes_are_not_a_billion():
    assert [parse_unit(f"{prefix}B").factor for prefix in "MGTP"] == [Fraction(1, 10**6), Fraction(1, 1000), 1, 1000]
    assert convert(parse_amount("23 USD/TB-month"), "USD/(GB month)") == 0.023
    assert convert(parse_amount("1.6 PB"), "TB") == 1600.0
    assert parse_amount("80 GB") == Amount(Fraction(80), "GB")
    assert parse_amount("80 GB tokens").unit == "GB tokens"
    assert [parse_amount(text).number for text in ("80B", "80 B", "80 B tokens")] == [80 * 10**9] * 3
    assert "unknown unit 'B'" in str(refusal(parse_unit, "B"))
    assert "'GB' is not a unit" in str(refusal(convert, parse_amount("80 GB"), "1", counts="token"))


def test_what_a_quantity_counts_may_be_named_or_not():
    price = parse_amount("2.5 USD/GPU-hour")
    assert convert(price, "USD/h", counts="device") == 2.5
    assert "'USD/GPU-hour'" in str(refusal(convert, price, "USD/h"))
    assert "tokens" in str(refusal(convert, parse_amount("15 params"), "1", counts="token"))
    assert "plain numbers" in str(refusal(convert, parse_amount("15 h"), "1"))


def test_intervals_share_the_unit_of_either_end():
    assert parse_interval("0.4") is None
    for text in ("1 to 5 min", "1 min to 5 min", " 1 min  to  5 "):
        assert parse_interval(text) == (Amount(Fraction(1), "min"), Amount(Fraction(5), "min"))
    assert [a.unit for a in parse_interval("10 s to 5 min")] == ["s", "min"]
    assert [float(a.number) for a in parse_interval("300B to 400B tokens")] == [300e9, 400e9]
    assert [float(a.number) for a in parse_interval("500M to 1.2B tokens")] == [500e6, 1.2e9]


# the symbol at fault, and a way out
@pytest.mark.parametrize(
    ("text", "fault", "way_out"),
    [
        ("5 furlongs", "'furlongs'", "Known are W"),
        ("5 tokenz", "'tokenz'", "token"),
        ("5 gC02e/kWh", "'gC02e'", "gCO2e"),
        ("5 EUR/kWh", "'EUR'", "in USD"),
        ("5 €", "'€'", "in USD"),
        ("8,766 h", "'8,766 h'", "thousands separators"),
        ("16 384", "'16 384'", "thousands separators"),
        ("1 500 tokens", "'1 500 tokens'", "thousands separators"),
        ("10-20 h", "'10-20 h'", "LOW to HIGH"),
        ("0.3 - 0.45", "'0.3 - 0.45'", "LOW to HIGH"),
        ("0.3–0.45", "'0.3–0.45'", "LOW to HIGH"),
        ("about 3", "'about 3'", "15.6T tokens"),
        ("", "''", "15.6T tokens"),
        ("nan", "'nan'", "15.6T tokens"),
        ("inf", "'inf'", "15.6T tokens"),
        ("$5", "'$5'", "0.12 USD/kWh"),
        ("400 gCO2e/kWh (2023)", "2023", "factor comes first"),
        ("1 to 2 to 3", "more than one 'to'", "LOW to HIGH"),
        ("300 to 400B tokens", "low end is in B too", "300 B to 400B tokens"),
    ],
)
def test_a_bad_input_is_told_its_symbol_and_a_way_out(text, fault, way_out):
    def read():
        amounts = parse_interval(text) or [parse_amount(text)]
        for amount in amounts:
            parse_unit(amount.unit)

    error = refusal(read)
    assert fault in error.what
    assert way_out in error.way_out


@pytest.mark.parametrize("text", ["1e309", "1e5000", "1e99999", "1e999999999", "9" * 400])
def test_a_number_too_large_for_a_double_is_refused_at_once(text):
    assert "too large" in refusal(QUANTITIES["tokens"].parse, text).what


def test_a_factor_of_zero_is_refused():
    assert "factor 0" in refusal(parse_unit, "per 0 h").what


@settings(derandomize=True, max_examples=500)
@given(st.text(alphabet="0123456789.,-–eE+_kMBGT%/ ()·perhWUSD€1²٣", max_size=16))
def test_any_text_is_read_or_refused(text):
    try:
        value = convert(parse_amount(text), "h")
    except LawError:
        return
    assert math.isfinite(value)
