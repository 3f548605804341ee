"""The reference tables: every figure is dated, sourced, readable and possible, and the check itself sees what is not."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.resources import files

import pytest

from simulator.errors import InputError, LawError
from simulator.quantities import QUANTITIES, Quantity
from simulator.reference import Reference, Row, accelerator, accelerators, defaults, table, tables, wholesale_defaults
from simulator.scenario import parse_value
from simulator.units import ONE, parse_unit

COLUMNS = ["name", "quantity", "low", "central", "high", "unit", "year", "basis", "source", "retrieved"]
REGIONAL = ["kind", "label"]
NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
FIRST = date(2026, 11, 21)  # when the oldest rows were looked up


def cells_of(name: str) -> list[dict[str, str]]:
    text = files("simulator.reference").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def defects_of_row(cells: Mapping[str | None, str | None]) -> list[str]:
    """Return what is wrong with one row."""
    if None in cells or None in cells.values():
        return ["more or fewer cells than columns"]
    found = [f"{column} is empty" for column in cells if not cells[column]]
    found += [f"{column} has blanks around it" for column in cells if cells[column] != cells[column].strip()]
    found += [f"{column} is not in ASCII" for column in cells if not cells[column].isascii()]
    numbers = {end: cells[end] for end in ("low", "central", "high")}
    wrong = [f"{end} is not a number" for end, text in numbers.items() if not NUMBER.fullmatch(text)]
    if not wrong:
        low, central, high = map(float, numbers.values())
        if not low <= central <= high:
            wrong.append("not low <= central <= high")
        if low == high and len(set(numbers.values())) > 1:
            wrong.append("one number is written in several ways")
    if not re.fullmatch(r"\d{4}", cells["year"]) or not 1970 < int(cells["year"]) <= date.today().year:
        wrong.append("year is none")
    try:
        if not FIRST <= date.fromisoformat(cells["retrieved"]) <= date.today():
            wrong.append("retrieved in another age")
    except ValueError:
        wrong.append("retrieved is no date")
    if len(cells["source"]) <= 10:
        wrong.append("source is no citation")
    return found + wrong + (defects_of_value(cells) if not found + wrong else [])


def defects_of_value(cells: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the value of a row as one of its quantity."""
    try:
        unit = parse_unit(cells["unit"])
        if cells["quantity"] not in QUANTITIES:
            return []
        quantity = QUANTITIES[cells["quantity"]]
        low, central, high = (parse(quantity, cells[end], cells["unit"]) for end in ("low", "central", "high"))
        if cells["unit"] == "1" and parse_unit(quantity.unit).without(quantity.counts).powers != unit.powers:
            return ["unit is 1, of a quantity that has one"]
        value = parse_value(text(cells), quantity.name)
    except LawError as error:
        return [str(error)]
    if value.law is None:
        return [] if value.constant == low == high else ["it is read as another number"]
    found = [] if central in quantity.domain else ["central is outside the domain"]
    if not quantity.integer and [value.law.cdf(end) for end in (low, high)] != pytest.approx([0.05, 0.95], abs=1e-9):
        found.append("its ends are not P5 and P95")
    return found


def parse(quantity: Quantity, number: str, unit: str) -> float:
    return quantity.parse(number if unit == "1" else f"{number} {unit}")


def text(cells: Mapping[str, str]) -> str:
    value = cells["low"] if cells["low"] == cells["high"] else f"{cells['low']} to {cells['high']}"
    return value if cells["unit"] == "1" else f"{value} {cells['unit']}"


def key(cells: Mapping[str, str]) -> tuple[str, str, str]:
    return cells["name"], cells["quantity"], cells["year"]


def repeated(rows: Iterable[Mapping[str, str]]) -> list[tuple[str, str, str]]:
    return [k for k, count in Counter(map(key, rows)).items() if count > 1]


ROWS = [(name, cells) for name in tables() for cells in cells_of(name)]


@pytest.mark.parametrize(("name", "cells"), ROWS, ids=[" ".join([name, *key(cells)]) for name, cells in ROWS])
def test_row_is_sourced_and_can_be_read(name: str, cells: dict[str, str]) -> None:
    assert defects_of_row(cells) == []


@pytest.mark.parametrize("name", tables())
def test_table_has_the_one_schema_and_no_key_twice(name: str) -> None:
    rows = cells_of(name)
    columns = list(rows[0])
    assert [column for column in columns if column not in REGIONAL] == COLUMNS
    assert set(columns) - set(COLUMNS) in (set(), set(REGIONAL))
    assert repeated(rows) == []


def test_every_file_is_a_table() -> None:
    found = {path.name.removesuffix(".csv") for path in files("simulator.reference").iterdir() if path.name.endswith(".csv")}
    assert found == set(tables())


def test_a_quantity_has_one_dimension_everywhere() -> None:
    powers: dict[str, set[tuple[int, ...]]] = {}
    for _, cells in ROWS:
        if cells["quantity"] not in QUANTITIES:
            powers.setdefault(cells["quantity"], set()).add(parse_unit(cells["unit"]).powers)
    assert {quantity for quantity, found in powers.items() if len(found) > 1} == set()


GOOD = {
    "name": "X1", "quantity": "tdp", "low": "600", "central": "700", "high": "800", "unit": "W", "year": "2024",
    "basis": "datasheet: rated power", "source": "Maker, X1 datasheet, 2024", "retrieved": "2026-11-25",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        *(({column: ""}, f"{column} is empty") for column in COLUMNS),
        ({"unit": " W"}, "unit has blanks around it"),
        ({"source": "Maker\u2019s datasheet, 2024"}, "source is not in ASCII"),
        ({"source": None}, "more or fewer cells than columns"),
        ({None: ["W"]}, "more or fewer cells than columns"),
        ({"low": "900"}, "not low <= central <= high"),
        ({"central": "900"}, "not low <= central <= high"),
        ({"central": "500"}, "not low <= central <= high"),
        ({"low": "nan"}, "low is not a number"),
        ({"central": "about 700"}, "central is not a number"),
        ({"high": "1,000"}, "high is not a number"),
        ({"low": "700.0", "high": "700"}, "one number is written in several ways"),
        ({"year": "24"}, "year is none"),
        ({"year": "2999"}, "year is none"),
        ({"retrieved": "2026-13-01"}, "retrieved is no date"),
        ({"retrieved": "2999-12-01"}, "retrieved in another age"),
        ({"source": "datasheet"}, "source is no citation"),
        ({"unit": "Wat"}, "unknown unit 'Wat'"),
        ({"unit": "kWh"}, "'kWh' is not a unit of this quantity, which is measured in W"),
        ({"unit": "1"}, "unit is 1, of a quantity that has one"),
        ({"low": "-600"}, "-600 cannot end a 90 % interval"),
        ({"quantity": "mfu", "unit": "1"}, "600 cannot end a 90 % interval"),
        (dict.fromkeys(("low", "central", "high"), "-700"), "-700 is outside its domain"),
    ],
)
def test_the_check_refuses(changes: dict, told: str) -> None:
    assert defects_of_row(GOOD) == []
    assert any(told in defect for defect in defects_of_row({**GOOD, **changes}))


def test_the_check_refuses_a_key_twice() -> None:
    assert repeated([GOOD, GOOD | {"year": "2025"}, GOOD | {"quantity": "peak_flops"}]) == []
    assert repeated([GOOD, GOOD | {"low": "650"}]) == [("X1", "tdp", "2024")]


# The typed access


def test_defaults_are_all_reached() -> None:
    rows = sorted(table("defaults").rows, key=lambda row: row.year)
    assert {row.quantity: row.value for row in rows} | {"checkpoint_interval": "daly2006"} == {
        quantity: figure.value for quantity, figure in defaults().items()
    }
    dated = {figure.value for before in (None, "2020-01") for figure in defaults(before).values()}
    assert {row.value for row in rows} == dated - {"daly2006"}
    assert defaults()["idle_power_fraction"].value == "0.25 to 0.65"
    assert len(table("defaults_wholesale").rows) == len(wholesale_defaults())
    assert set(wholesale_defaults()) < set(defaults())


def test_accelerators_are_all_reached() -> None:
    assert {(name, quantity) for name, figures in accelerators().items() for quantity in figures} == {
        (row.name, row.quantity) for row in table("accelerators").rows
    }
    assert accelerator("H100 SXM")["peak_flops"].value == "989 TFLOP/s"


def test_a_price_is_of_the_latest_year_that_is_known_by_then(monkeypatch: pytest.MonkeyPatch) -> None:
    def row(year: int, price: float) -> Row:
        return Row("X1", "accelerator_price", price, price, price, "USD", year, "list price: x", "Maker", "2026-11-25", f"{price:g} USD")

    rows = (row(2024, 30.0), row(2022, 50.0), row(2025, 20.0))
    monkeypatch.setattr("simulator.reference.table", lambda _: type(table("accelerators"))("accelerators", "", rows))
    accelerators.cache_clear()
    try:
        for year, known in ((None, 2025), (2030, 2025), (2025, 2025), (2024, 2024), (2023, 2022), (2022, 2022), (2000, 2022)):
            found = accelerator("X1", year)["accelerator_price"]
            assert (found.year, found.value) == (known, {2022: "50 USD", 2024: "30 USD", 2025: "20 USD"}[known])
    finally:
        accelerators.cache_clear()


def test_a_row_is_what_stands_in_the_file() -> None:
    for name in tables():
        for row, cells in zip(table(name).rows, cells_of(name), strict=True):
            assert (row.name, row.quantity, str(row.year)) == key(cells)
            assert (row.low, row.central, row.high) == tuple(float(cells[end]) for end in ("low", "central", "high"))
            assert (row.value, row.unit, row.basis, row.source) == (text(cells), cells["unit"], cells["basis"], cells["source"])
    assert all(found.meaning and found.name == name for name, found in tables().items())
    first = table("accelerators").rows[0]
    assert Reference.of(first) == Reference(first.value, first.year, first.source, first.basis)
    assert parse_unit("1") == ONE


def test_rows_of_a_name_are_found_in_any_case() -> None:
    grid = table("grid_annual")
    assert grid.of("france") == grid.of("FR") == grid.of(" France ")
    assert {row.name for row in grid.of("FR")} == {"FR"}
    with pytest.raises(InputError, match=r"'H100 SMX' is not in the table accelerators\. Did you mean H100 SXM"):
        table("accelerators").of("H100 SMX")
    with pytest.raises(InputError, match=r"'acelerator' is not a reference table\. Did you mean accelerators\?"):
        table("acelerator")


def test_tables_cannot_be_written_to() -> None:
    for mapping in (tables(), defaults(), accelerators(), accelerator("H100 SXM")):
        with pytest.raises(TypeError):
            mapping["FR"] = None


# Would a figure that is off by ten, or a sparse peak among dense ones, stand out?


def figures(table_name: str) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for row in table(table_name).rows:
        found.setdefault(row.name, {})[row.quantity] = row
    return found


@pytest.mark.parametrize("name", accelerators())
def test_peaks_of_an_accelerator_are_in_order(name: str) -> None:
    found = figures("accelerators")[name]
    order = ["peak_flops_fp32", "peak_flops_tf32", "peak_flops", "peak_flops_fp8", "peak_flops_fp4"]
    peaks = [found[quantity].central for quantity in order if quantity in found]
    assert peaks == sorted(peaks)
    if "peak_flops_tf32" in found:
        assert found["peak_flops"].central == pytest.approx(2 * found["peak_flops_tf32"].central, rel=0.02)
    if "peak_flops_fp8" in found and "Gaudi 3" not in name:
        assert found["peak_flops_fp8"].central == pytest.approx(2 * found["peak_flops"].central, rel=0.06)
    if "tdp" in found:  # TFLOP/s for a watt: 0.07 (P100) to 2.4 (TPU v7)
        assert 0.05 < found["peak_flops"].central / found["tdp"].central < 3.0
    if "accelerator_price" in found and "rental_price" in found:  # a device is never paid for in a month of rent, nor in thirty years
        assert 500 < found["accelerator_price"].central / found["rental_price"].central < 30 * 8766


#: as a run's row of accelerators names them
RAN_ON = {
    "A100": "A100 SXM 80GB", "A100 SXM": "A100 SXM 80GB", "H100 SXM": "H100 SXM", "H800 SXM": "H800 SXM", "V100 SXM": "V100 SXM2",
    "TPU v2": "TPU v2", "TPU v3": "TPU v3", "TPU v4": "TPU v4", "Ascend 910B": "Ascend 910B",
}  # fmt: skip
RUNS = figures("runs")


def value(row: Row) -> float:
    found = parse_value(row.value, row.quantity).constant
    assert found is not None
    return found


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_possible(name: str) -> None:
    run = RUNS[name]
    hours = value(run["device_hours"]) if "device_hours" in run else None
    if hours and "accelerators" in run and "wall_clock" in run:  # holds, resizes and rounding; OPT's hours are those of a clean run
        assert 0.55 < hours / (value(run["accelerators"]) * value(run["wall_clock"])) < 1.1
    if hours and "accelerators" in run and "tokens" in run:
        device = RAN_ON[run["accelerators"].basis.removeprefix("published figure: ")]
        peak = parse_value(accelerator(device)["peak_flops"].value, "peak_flops").constant
        active = value(run.get("params_active", run["params"]))
        # T5 and Meena are encoder and decoder, in which a token meets half of the parameters
        assert 0.03 < 6 * active * value(run["tokens"]) / (hours * 3600 * peak) < 0.75
    if hours and "energy" in run:  # kW for an accelerator
        assert 0.2 < value(run["energy"]) / hours < 1.0
    if "energy" in run and "emissions" in run:  # kg/kWh, PUE in one of them or both
        assert 0.05 < value(run["emissions"]) / value(run["energy"]) < 0.6


def test_a_token_out_costs_no_less_than_one_in() -> None:
    models = {name: prices for name, prices in figures("api_prices").items() if "api_price_in" in prices}
    assert len(models) >= 15
    for prices in models.values():
        assert prices["api_price_in"].central < prices["api_price_out"].central <= 10 * prices["api_price_in"].central


def test_rates_of_the_classes_of_llama_sum_to_all_but_the_watchdog() -> None:
    found = figures("failures")["Llama 3.1 405B"]
    parts = sum(found[f"failure_rate_{name}"].central for name in ("accelerator", "host", "network", "software"))
    assert parts == pytest.approx(found["failure_rate"].central * 412 / 419, rel=0.002)  # 7 time-outs of NCCL have no class
