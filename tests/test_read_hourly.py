"""Is what a publisher's file says the series that is read, and is everything else refused or reported?"""

import csv
import gzip
import io
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.series.read import HourlySeries, align, read_hourly
from simulator.series.units import stated_unit

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
WINTER = datetime(2023, 1, 1, tzinfo=UTC)
DAYS = 61
BERLIN = ZoneInfo("Europe/Berlin")
READ_AS_BRUSSELS = "stamps without an offset are read as Europe/Brussels"
YEAR_ADVISED = f"prices.csv has {DAYS} days of data: the season is not seen whole, a year is advised"


def instants(start: datetime, count: int, step: timedelta = HOUR) -> list[datetime]:
    return [start + index * step for index in range(count)]


def values(count: int) -> list[float]:
    """Return values that differ from their neighbours, so that a shift by one row or one hour changes every hour."""
    return [round(80 + 60 * (-1) ** index + index % 977 * 0.11, 2) for index in range(count)]


COUNT = 24 * DAYS
TIMES, AMOUNTS = tuple(instants(WINTER, COUNT)), tuple(values(COUNT))


def write(folder: Path, header: Sequence[str], rows: Iterable[Sequence[object]], *, name: str = "prices.csv", mark: str = ",") -> Path:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=mark, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path = folder / name
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def utc(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%MZ}"


def simple(
    folder: Path, header: str = "price_eur_per_mwh", *, change: Callable[[list[list[str]]], object] | None = None, days: int = DAYS
) -> Path:
    """Write hourly prices in UTC from 2023-01-01; line n of the file is hour n - 2."""
    rows = [[utc(time), str(value)] for time, value in zip(instants(WINTER, 24 * days), values(24 * days), strict=True)]
    if change is not None:
        change(rows)
    return write(folder, ["time", header], rows)


def price(path: Path, **options: str) -> HourlySeries:
    return read_hourly(path, quantity="price", **options)


def carbon(path: Path, **options: str) -> HourlySeries:
    return read_hourly(path, quantity="carbon", **options)


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        read()
    return str(caught.value)


def hours_from(start: datetime, count: int) -> np.ndarray:
    return int(start.timestamp()) // 3600 + np.arange(count)


def assert_series(series: HourlySeries, start: datetime, expected: Sequence[float]) -> None:
    np.testing.assert_array_equal(series.hours, hours_from(start, len(expected)))
    np.testing.assert_array_equal(series.values, expected)


def entsoe_range(start: datetime, step: timedelta, form: str, zone: ZoneInfo = BERLIN) -> str:
    return f"{start.astimezone(zone):{form}} - {(start + step).astimezone(zone):{form}}"


class TestEntsoE:
    FORM = "%d.%m.%Y %H:%M"
    YEAR = datetime(2022, 12, 31, 23, tzinfo=UTC)  # 2023 begins in Berlin

    def old_rows(self) -> list[list[str]]:
        times, amounts = instants(self.YEAR, 8760), values(8760)
        return [[entsoe_range(time, HOUR, self.FORM), str(value), "EUR", ""] for time, value in zip(times, amounts, strict=True)]

    HEADER = ("MTU (CET/CEST)", "Day-ahead Price [EUR/MWh]", "Currency", "BZN|DE-LU")

    def test_a_year_of_local_clock_with_both_changes(self, tmp_path):
        rows = self.old_rows()
        shown = [row[0][:16] for row in rows]
        assert shown.count("29.10.2023 02:00") == 2
        assert "26.03.2023 02:00" not in shown
        series = price(write(tmp_path, self.HEADER, rows))
        assert_series(series, self.YEAR, values(8760))
        assert (series.unit, series.column, series.source) == ("EUR/MWh", "Day-ahead Price [EUR/MWh]", "prices.csv")
        assert series.repairs == (READ_AS_BRUSSELS,)

    def test_the_same_year_from_the_latest_to_the_earliest(self, tmp_path):
        series = price(write(tmp_path, self.HEADER, self.old_rows()[::-1]))
        assert_series(series, self.YEAR, values(8760))
        assert series.repairs == (READ_AS_BRUSSELS, "the rows run from the latest to the earliest")

    @pytest.mark.parametrize("text", ["n/e", "-", "", "N/A"])
    def test_missing_values(self, tmp_path, text):
        rows = self.old_rows()
        rows[100][1:3] = text, ""
        rows += [[entsoe_range(time, HOUR, self.FORM), text, "", ""] for time in instants(self.YEAR + 8760 * HOUR, 24)]  # tomorrow
        series = price(write(tmp_path, self.HEADER, rows))
        expected = values(8760)
        expected[100] = (expected[99] + expected[101]) / 2
        np.testing.assert_array_equal(series.hours, hours_from(self.YEAR, 8760))
        np.testing.assert_allclose(series.values, expected, rtol=1e-15)
        assert "25 rows have no value (first: line 102)" in series.repairs

    def test_an_empty_row_at_the_skipped_hour(self, tmp_path):
        rows = self.old_rows()
        at = next(i for i, row in enumerate(rows) if row[0].startswith("26.03.2023 03:00"))
        rows.insert(at, ["26.03.2023 02:00 - 26.03.2023 03:00", "n/e", "", ""])
        series = price(write(tmp_path, self.HEADER, rows))
        assert_series(series, self.YEAR, values(8760))
        assert series.repairs == (READ_AS_BRUSSELS, f"1 empty rows at an hour that the clock skips were left out (first: line {at + 2})")

    def test_the_autumn_hour_stands_once(self, tmp_path):
        rows = self.old_rows()
        second = max(i for i, row in enumerate(rows) if row[0].startswith("29.10.2023 02:00"))
        del rows[second]
        series = price(write(tmp_path, self.HEADER, rows))
        expected = values(8760)
        assert series.values[second - 1] == expected[second - 1]
        assert series.values[second] == pytest.approx((expected[second - 1] + expected[second + 1]) / 2, rel=1e-15)
        assert any("2023-10-29 02:00 stands once, where the clock of Europe/Brussels shows it twice" in note for note in series.repairs)
        assert any("1 hours are missing, the first of them 2023-10-29 01:00Z" in note for note in series.repairs)

    NEW = ("MTU (CET/CEST)", "Area", "Sequence", "Day-ahead Price (EUR/MWh)", "Intraday Period (CET/CEST)", "Intraday Price (EUR/MWh)")
    AUTUMN = datetime(2025, 9, 14, 22, tzinfo=UTC)

    def new_rows(self, first: datetime, count: int, step: timedelta, shift: float = 0.0, sequence: str = "Sequence 1") -> list[list[str]]:
        rows = []
        for time, value in zip(instants(first, count, step), values(count), strict=True):
            start, end = time.astimezone(BERLIN), (time + step).astimezone(BERLIN)
            marks = (f" ({start:%Z})", f" ({end:%Z})") if start.utcoffset() != end.utcoffset() else ("", "")
            period = f"{start:%d/%m/%Y %H:%M:%S}{marks[0]} - {end:%d/%m/%Y %H:%M:%S}{marks[1]}"
            rows.append([period, "BZN|DE-LU", sequence, f"{value + shift:.2f}", period, "9999"])
        return rows

    def test_quarter_hours_in_the_layout_of_2025(self, tmp_path):
        rows = self.new_rows(self.AUTUMN, 96 * DAYS, QUARTER)
        assert sum("(CEST) - " in row[0] for row in rows) == 1  # the autumn hour is doubled, and marked where it ends only
        other = self.new_rows(self.AUTUMN, 96 * DAYS, QUARTER, shift=7.0, sequence="Sequence Sequence 2")
        series = price(write(tmp_path, self.NEW, [row for pair in zip(rows, other, strict=True) for row in pair]))
        expected = np.array(values(96 * DAYS)).reshape(-1, 4).mean(axis=1)
        np.testing.assert_array_equal(series.hours, hours_from(self.AUTUMN, COUNT))
        np.testing.assert_allclose(series.values, expected, rtol=1e-14)
        quarters = 96 * DAYS
        assert series.repairs[:-1] == (
            f"{quarters} of {2 * quarters} rows are of other auctions ('Sequence Sequence 2') and were left out",
            "the time is read from 'MTU (CET/CEST)', not from 'Intraday Period (CET/CEST)'",
            "the day-ahead price 'Day-ahead Price (EUR/MWh)' is read, not 'Intraday Price (EUR/MWh)'",
            READ_AS_BRUSSELS,
            f"{quarters} values at steps of 15 minutes were averaged to {COUNT} hours",
        )

    def test_hourly_until_the_market_turns_to_quarter_hours(self, tmp_path):
        turn = datetime(2025, 9, 30, 22, tzinfo=UTC)
        before = (turn - self.AUTUMN) // HOUR
        rows = self.new_rows(self.AUTUMN, before, HOUR) + self.new_rows(turn, 96 * DAYS, QUARTER)
        series = price(write(tmp_path, self.NEW, rows))
        quarters = np.array(values(96 * DAYS)).reshape(-1, 4).mean(axis=1)
        np.testing.assert_array_equal(series.hours, hours_from(self.AUTUMN, before + COUNT))
        np.testing.assert_allclose(series.values, [*values(before), *quarters], rtol=1e-14)
        assert f"{before} hours have one value, taken for the whole hour (first: 2025-09-14 22:00Z)" in series.repairs

    def test_missing_quarters(self, tmp_path):
        rows = self.new_rows(self.AUTUMN, 96 * DAYS, QUARTER)
        rows[41][3] = "n/e"
        series = price(write(tmp_path, self.NEW, rows))
        quarters = values(96 * DAYS)
        assert series.values[10] == pytest.approx((quarters[40] + quarters[42] + quarters[43]) / 3, rel=1e-14)
        assert "1 hours are the mean of fewer than 4 values (first: 2025-09-15 08:00Z)" in series.repairs

    def test_utc(self, tmp_path):
        times = instants(datetime(2023, 3, 1, tzinfo=UTC), COUNT)
        rows = [
            [entsoe_range(t, HOUR, "%d/%m/%Y %H:%M:%S", UTC), "BZN|FR", "Without Sequence", v] for t, v in zip(times, AMOUNTS, strict=True)
        ]
        series = price(write(tmp_path, ["MTU (UTC)", "Area", "Sequence", "Day-ahead Price (GBP/MWh)"], rows))
        assert_series(series, times[0], AMOUNTS)
        assert series.unit == "GBP/MWh"

    def test_several_areas(self, tmp_path):
        times = TIMES
        both = [("BZN|FR", 0.0), ("BZN|BE", 500.0)]
        rows = [[entsoe_range(t, HOUR, self.FORM, UTC), area, v + add] for t, v in zip(times, AMOUNTS, strict=True) for area, add in both]
        path = write(tmp_path, ["MTU (UTC)", "Area", "Day-ahead Price (EUR/MWh)"], rows)
        message = refusal(lambda: price(path))
        assert "prices.csv holds several series: 'Area' has 'BZN|BE', 'BZN|FR'; say which with --where 'Area=BZN|BE'" in message
        series = price(path, where={"area": "BZN|FR"})
        assert_series(series, WINTER, AMOUNTS)
        assert f"{COUNT} of {48 * DAYS} rows have area=BZN|FR" in series.repairs


class TestElectricityMaps:
    COMMON = ("Datetime (UTC)", "Country", "Zone name", "Zone id")

    @pytest.mark.parametrize(
        ("direct", "life_cycle"),
        [
            ("Carbon Intensity gCO₂eq/kWh (direct)", "Carbon Intensity gCO₂eq/kWh (LCA)"),
            ("Carbon intensity gCO₂eq/kWh (direct)", "Carbon intensity gCO₂eq/kWh (Life cycle)"),
        ],
    )
    def test_the_life_cycle_intensity_is_preferred(self, tmp_path, direct, life_cycle):
        header = (
            *self.COMMON,
            direct,
            life_cycle,
            "Carbon-free energy percentage (CFE%)",
            "Data source",
            "Data estimated",
            "Data estimation method",
        )
        rows = [
            [f"{t:%Y-%m-%d %H:%M:%S}", "France", "France", "FR", v / 2, v, 90, "rte", str(i < 100).lower(), "X" * (i < 100)]
            for i, (t, v) in enumerate(zip(TIMES, AMOUNTS, strict=True))
        ]
        series = carbon(write(tmp_path, header, rows))
        assert_series(series, WINTER, AMOUNTS)
        assert (series.unit, series.column) == ("gCO2e/kWh", life_cycle)
        assert series.repairs[:-1] == (
            f"the life-cycle intensity '{life_cycle}' is read, not '{direct}'",
            "stamps without an offset are read as UTC",
            f"{100 / (COUNT):.2%} of the values are marked as estimated in 'Data estimated'",
        )

    def test_direct_intensity_only_is_said(self, tmp_path):
        rows = [[f"{t:%Y-%m-%d %H:%M:%S}", "FR", v] for t, v in zip(TIMES, AMOUNTS, strict=True)]
        series = carbon(write(tmp_path, ["Datetime (UTC)", "Zone Id", "Carbon Intensity gCO₂eq/kWh (direct)"], rows))
        assert "'Carbon Intensity gCO₂eq/kWh (direct)' is direct: emissions of fuel supply and construction are not in it" in series.repairs

    @pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S+00:00", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.000Z"])
    def test_the_early_export(self, tmp_path, form):
        header = (
            "datetime",
            "timestamp",
            "zone_name",
            "carbon_intensity_avg",
            "carbon_intensity_production_avg",
            "power_production_wind_avg",
        )
        times = TIMES
        rows = [[f"{t:{form}}", int(t.timestamp()), "DE", v, 1, 2] for t, v in zip(times, AMOUNTS, strict=True)]
        series = carbon(write(tmp_path, header, rows))
        assert_series(series, WINTER, AMOUNTS)
        assert "the time is read from 'datetime', not from 'timestamp'" in series.repairs
        assert "'carbon_intensity_avg' is read as the life-cycle intensity of Electricity Maps, in gCO2e/kWh" in series.repairs
        assert_series(carbon(tmp_path / "prices.csv", time_column="timestamp"), WINTER, AMOUNTS)


class TestColumns:
    def test_a_plain_file_without_anything_to_report(self, tmp_path):
        path = simple(tmp_path, days=365)
        assert price(path).repairs == ()
        assert_series(price(path), WINTER, values(24 * 365))

    def test_an_index_column_without_a_name(self, tmp_path):
        path = simple(tmp_path)
        path.write_text(path.read_text().replace("time,", ",", 1))
        assert_series(price(path), WINTER, AMOUNTS)

    @pytest.mark.parametrize("mark", [",", ";", "\t"])
    def test_delimiters(self, tmp_path, mark):
        rows = [[utc(t), v] for t, v in zip(TIMES, AMOUNTS, strict=True)]
        assert_series(price(write(tmp_path, ["time", "price [EUR/MWh]"], rows, mark=mark)), WINTER, AMOUNTS)

    @pytest.mark.parametrize("mark", [";", "\t"])
    def test_decimal_comma(self, tmp_path, mark):
        rows = [[f"{t:%d.%m.%Y %H:%M}", f"{v:.2f}".replace(".", ",")] for t, v in zip(TIMES, AMOUNTS, strict=True)]
        path = write(tmp_path, ["Datum", "Preis, Spot [€/MWh]"], rows, mark=mark)
        assert_series(price(path, timezone="UTC"), WINTER, AMOUNTS)

    def test_byte_order_mark_and_gzip(self, tmp_path):
        path = tmp_path / "prices.csv.gz"
        path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + simple(tmp_path).read_bytes().replace(b"\n", b"\r\n")))
        series = price(path, time_column="time")
        assert_series(series, WINTER, AMOUNTS)
        assert series.source == "prices.csv.gz"

    def test_flags_say_what_the_header_does_not(self, tmp_path):
        times = TIMES
        rows = [[f"{t + HOUR:%Y-%m-%d %H:%M}", f"{t:%Y-%m-%d %H:%M}", 1, v] for t, v in zip(times, AMOUNTS, strict=True)]
        path = write(tmp_path, ["when", "since", "a", "b"], rows)
        assert "several columns hold time stamps: 'when', 'since'; say which with --time-column" in refusal(lambda: price(path))
        message = refusal(lambda: price(path, time_column="since"))
        assert "no column looks like a price. Its columns are 'when', 'since', 'a', 'b'" in message
        for flag in ("--time-column", "--price-column", "--timezone", "--unit", "--where"):
            assert flag in message
        assert "--carbon-column" in refusal(lambda: carbon(path, time_column="since"))
        assert "column 'b' states no unit; admissible are EUR/MWh" in refusal(lambda: price(path, time_column="since", value_column="b"))
        message = refusal(lambda: price(path, time_column="since", value_column="b", unit="EUR/MWh"))
        assert "do not say on which clock they are; state it with --timezone" in message
        series = price(path, time_column="since", value_column="B", unit="EUR/MWh", timezone="UTC")
        assert_series(series, WINTER, AMOUNTS)

    def test_the_end_of_an_interval_is_not_its_time(self, tmp_path):
        times = TIMES
        rows = [[utc(t + HOUR), utc(t), v] for t, v in zip(times, AMOUNTS, strict=True)]
        series = price(write(tmp_path, ["valid_to", "valid_from", "price_eur_mwh"], rows))
        assert_series(series, WINTER, AMOUNTS)
        assert "the time is read from 'valid_from', not from 'valid_to'" in series.repairs

    def test_a_cell_without_a_zone_is_no_other_zone(self, tmp_path):
        rows = [[utc(t), v, "-" if t.hour == 5 else "FR"] for t, v in zip(TIMES, AMOUNTS, strict=True)]
        assert_series(price(write(tmp_path, ["time", "price_eur_mwh", "zone"], rows)), WINTER, AMOUNTS)

    def test_several_zones_side_by_side(self, tmp_path):
        rows = [[utc(t), v, v + 1] for t, v in zip(TIMES, AMOUNTS, strict=True)]
        path = write(tmp_path, ["time_utc", "AT_eur_per_mwh", "BE_eur_per_mwh"], rows)
        assert "several columns may be the price: 'AT_eur_per_mwh', 'BE_eur_per_mwh'; say which with --price-column" in refusal(
            lambda: price(path)
        )
        assert_series(price(path, value_column="AT_eur_per_mwh"), WINTER, AMOUNTS)
        message = refusal(lambda: price(path, value_column="AT_eur_pr_mwh"))
        assert "--price-column AT_eur_pr_mwh: prices.csv has no such column; did you mean 'AT_eur_per_mwh'?" in message

    def test_rows_of_one_series_in_a_long_file(self, tmp_path):
        labels = [("x", 0.0), ("y", 100.0)]
        rows = [[label, utc(t), v + add] for t, v in zip(TIMES, AMOUNTS, strict=True) for label, add in labels]
        path = write(tmp_path, ["scenario", "time", "price_eur_per_mwh"], rows)
        message = refusal(lambda: price(path))
        assert message.startswith(f"{COUNT} problems in prices.csv; the first 5 are:")
        assert "prices.csv, line 2: 2023-01-01 00:00Z stands twice, with 140 here and 240 in line 3" in message
        assert "for example with --where 'scenario=x'" in message
        assert_series(price(path, where={"scenario": "x"}), WINTER, AMOUNTS)
        assert "--where scenario=z: no row of prices.csv has it; 'scenario' has 'x', 'y'" in refusal(
            lambda: price(path, where={"scenario": "z"})
        )
        assert "--where scenaro: prices.csv has no such column; did you mean 'scenario'?" in refusal(
            lambda: price(path, where={"scenaro": "x"})
        )

    def test_two_columns_of_one_name(self, tmp_path):
        rows = [[utc(t), v, v] for t, v in zip(TIMES, AMOUNTS, strict=True)]
        path = write(tmp_path, ["time", "price", "price"], rows)
        assert "has 2 columns of that name; rename one" in refusal(lambda: price(path, value_column="price"))

    def test_no_header(self, tmp_path):
        path = simple(tmp_path)
        path.write_text(path.read_text().partition("\n")[2])
        assert "starts with data ('2023-01-01T00:00Z', '140.0'); its first line has to name the columns" in refusal(lambda: price(path))

    def test_no_time_stamps(self, tmp_path):
        message = refusal(lambda: price(write(tmp_path, ["day", "price_eur_mwh"], [["Monday", 1]])))
        assert "no column holds time stamps. Its columns are 'day', 'price_eur_mwh'" in message


class TestUnits:
    @pytest.mark.parametrize(
        ("header", "canonical", "factor"),
        [
            ("Day-ahead Price [EUR/MWh]", "EUR/MWh", 1.0),
            ("Deutschland/Luxemburg [€/MWh] Berechnete Auflösungen", "EUR/MWh", 1.0),
            ("de_lu_dayahead_eur_per_mwh", "EUR/MWh", 1.0),
            ("price_eur_mwh", "EUR/MWh", 1.0),
            ("LMP ($/MWh)", "USD/MWh", 1.0),
            ("price USD per kWh", "USD/MWh", 1000.0),
            ("£/MWh", "GBP/MWh", 1.0),
            ("p/kWh", "GBP/MWh", 10.0),
            ("EUR/kWh", "EUR/MWh", 1000.0),
            ("ct/kWh", "EUR/MWh", 10.0),
            ("price EUR ct/kWh", "EUR/MWh", 10.0),
            ("cents per kWh", "USD/MWh", 10.0),
            ("Carbon Intensity gCO₂eq/kWh (LCA)", "gCO2e/kWh", 1.0),
            ("ci_lca_gco2eq_per_kwh", "gCO2e/kWh", 1.0),
            ("g CO2-eq / kWh", "gCO2e/kWh", 1.0),
            ("kgCO2/MWh", "gCO2e/kWh", 1.0),
            ("intensity (kg CO2e per kWh)", "gCO2e/kWh", 1000.0),
            ("tCO2e/MWh", "gCO2e/kWh", 1000.0),
            ("tonnes CO2/GWh", "gCO2e/kWh", 1.0),
            ("lb/MWh", "gCO2e/kWh", 0.45359237),
            ("SRCO2RTA lbs/MWh", "gCO2e/kWh", 0.45359237),
        ],
    )
    def test_units_of_headers(self, header, canonical, factor):
        unit = stated_unit(header)
        assert (unit.canonical, unit.factor) == (canonical, factor)
        assert unit.quantity == ("carbon" if canonical == "gCO2e/kWh" else "price")

    @pytest.mark.parametrize("header", ["price", "carbon intensity", "Price (day-ahead)", "load_forecast", "CI (direct)", "2023", ""])
    def test_headers_without_a_unit(self, header):
        assert stated_unit(header) is None

    def test_conversion_is_applied_and_reported(self, tmp_path):
        rows = [[utc(t), round(v / 1000, 5)] for t, v in zip(TIMES, AMOUNTS, strict=True)]
        series = price(write(tmp_path, ["time", "price EUR/kWh"], rows))
        np.testing.assert_allclose(series.values, AMOUNTS, rtol=1e-12)
        assert "values were converted from EUR/kWh to EUR/MWh (times 1000)" in series.repairs

    @pytest.mark.parametrize(
        ("header", "parts"),
        [
            ("price [MW]", ["column 'price [MW]' states 'MW', which is not a unit of a price", "EUR/MWh", "--unit"]),
            ("price_mwh", ["states 'mwh', which is not a unit of a price"]),
            ("price [SEK/MWh]", ["states 'SEK/MWh', which is not a unit of a price", "EUR/MWh, USD/MWh, GBP/MWh"]),
            ("price per MWh", ["states 'price/MWh', which is not a unit of a price"]),
            ("price", ["states no unit", "--unit"]),
            ("gCO2e/kWh", ["'gCO2e/kWh', a unit of a carbon intensity, not of a price", "--price-column"]),
        ],
    )
    def test_wrong_units_of_a_price(self, tmp_path, header, parts):
        message = refusal(lambda: price(simple(tmp_path, header)))
        assert all(part in message for part in parts), message

    def test_a_price_is_no_carbon_intensity(self, tmp_path):
        message = refusal(lambda: carbon(simple(tmp_path, "carbon EUR/MWh")))
        assert "'EUR/MWh', a unit of a price, not of a carbon intensity" in message
        assert "--carbon-column" in message
        assert "not of a carbon intensity" in refusal(lambda: carbon(simple(tmp_path, "carbon"), unit="EUR/MWh"))

    def test_the_option_states_the_unit(self, tmp_path):
        assert price(simple(tmp_path, "price"), unit="GBP/MWh").unit == "GBP/MWh"
        series = price(simple(tmp_path, "price USD/MWh"), unit="EUR/MWh")
        assert series.unit == "EUR/MWh"
        assert "values are read in EUR/MWh, as --unit says, though the header says USD/MWh" in series.repairs
        assert "--unit SEK/MWh is not a unit of a price known here" in refusal(lambda: price(simple(tmp_path), unit="SEK/MWh"))
        assert "--unit euros is not a unit of a price known here" in refusal(lambda: price(simple(tmp_path), unit="euros"))

    def currencies(self, folder: Path, header: str, names: Sequence[str]) -> Path:
        rows = [[utc(t), v, names[i % len(names)]] for i, (t, v) in enumerate(zip(TIMES, AMOUNTS, strict=True))]
        return write(folder, ["time", header, "Currency"], rows)

    def test_the_currency_stands_in_a_column(self, tmp_path):
        assert price(self.currencies(tmp_path, "price_per_mwh", ["USD"])).unit == "USD/MWh"
        assert price(self.currencies(tmp_path, "price_per_mwh", ["EUR", ""])).unit == "EUR/MWh"
        assert "states 'price/mwh', which is not a unit" in refusal(lambda: price(self.currencies(tmp_path, "price_per_mwh", ["SEK"])))
        message = refusal(lambda: price(self.currencies(tmp_path, "price EUR/MWh", ["GBP"])))
        assert "states 'EUR/MWh', while the column of currencies says GBP" in message
        assert "states 'SEK/MWh', which is not a unit" in refusal(lambda: price(self.currencies(tmp_path, "price SEK/MWh", ["EUR"])))
        mixed = self.currencies(tmp_path, "gCO2e/kWh", ["USD", "EUR", "-"])
        assert_series(carbon(mixed), WINTER, AMOUNTS)  # where currencies are beside the point
        assert "several currencies ('EUR', 'USD'); choose" in refusal(
            lambda: price(self.currencies(tmp_path, "price_per_mwh", ["USD", "EUR"]))
        )

    def test_assumptions_are_reported(self, tmp_path):
        rows = [[utc(t), 30] for t in TIMES]
        for header, note in [("price ct/kWh", "'ct' is read as 0.01 EUR"), ("price $/MWh", "'$' is read as USD")]:
            assert note in price(write(tmp_path, ["time", header], rows)).repairs
        series = carbon(write(tmp_path, ["time", "kgCO2/MWh"], rows))
        assert "read as CO2e, though the unit says CO2: other greenhouse gases may not be counted" in series.repairs

    @pytest.mark.parametrize(
        ("quantity", "header", "value", "parts"),
        [
            (
                "price",
                "EUR/MWh",
                0.08,
                ["the median of |price| is 0.08 EUR/MWh", "between 1 and 1000", "--unit 'EUR/kWh' would make it 80"],
            ),
            ("price", "USD/kWh", 45, ["is 4.5e+04 USD/MWh", "--unit 'USD/MWh' would make it 45", "--unit 'USD ct/kWh' would make it 450"]),
            ("carbon", "gCO2e/kWh", 0.35, ["is 0.35 gCO2e/kWh", "--unit 'kgCO2e/kWh' would make it 350"]),
            ("carbon", "kgCO2e/kWh", 350, ["is 3.5e+05 gCO2e/kWh", "--unit 'gCO2e/kWh' would make it 350"]),
            ("carbon", "gCO2e/kWh", 2500, ["is 2.5e+03 gCO2e/kWh", "--unit 'lb/MWh' would make it 1.13e+03"]),
            ("carbon", "gCO2e/kWh", 0, ["is 0 gCO2e/kWh", "state the unit with --unit"]),
        ],
    )
    def test_implausible_medians(self, tmp_path, quantity, header, value, parts):
        path = write(tmp_path, ["time", header], [[utc(t), value] for t in TIMES])
        message = refusal(lambda: read_hourly(path, quantity=quantity))
        assert all(part in message for part in parts), message

    def test_a_low_price_is_believed_when_the_option_says_so(self, tmp_path):
        path = write(tmp_path, ["time", "EUR/MWh"], [[utc(t), 0.5] for t in TIMES])
        series = price(path, unit="EUR/MWh")
        assert set(series.values) == {0.5}
        assert "the median of |price| is 0.5 EUR/MWh, which is believed, as --unit states the unit" in series.repairs
        path = write(tmp_path, ["time", "carbon"], [[utc(t), 0.5] for t in TIMES])
        assert "--unit 'kgCO2e/kWh' would make it 500" in refusal(lambda: carbon(path, unit="gCO2e/kWh"))


class TestStamps:
    def read(self, folder: Path, stamps: Iterable[str], **options: str) -> HourlySeries:
        stamps = list(stamps)
        return price(write(folder, ["time", "price_eur_mwh"], zip(stamps, values(len(stamps)), strict=True)), **options)

    @pytest.mark.parametrize(
        ("show", "options"),
        [
            (utc, {}),
            (lambda t: f"{t:%Y-%m-%d %H:%M:%S} UTC", {}),
            (lambda t: t.astimezone(BERLIN).isoformat(), {}),
            (lambda t: f"{t.astimezone(BERLIN):%Y-%m-%d %H:%M%z}", {}),
            (lambda t: f"{t:%Y/%m/%d %H:%M}", {"timezone": "UTC"}),
            (lambda t: f"{t:%d.%m.%Y %H:%M}", {"timezone": "UTC"}),
            (lambda t: f"{t:%d/%m/%Y %H:%M}", {"timezone": "UTC"}),
            (lambda t: f"{t:%m/%d/%Y %H:%M}", {"timezone": "UTC"}),
            (lambda t: f"{t:%m/%d/%Y %I:%M:%S %p}", {"timezone": "UTC"}),
            (lambda t: f"{t:%Y-%m-%d}" if t.hour == 0 else f"{t:%Y-%m-%d %H:%M}", {"timezone": "UTC"}),
            (lambda t: f"{int(t.timestamp())}", {}),
            (lambda t: f"{int(t.timestamp())}000", {}),
            (lambda t: f"{t + HOUR:%Y-%m-%d %H:%M}", {"timezone": "Etc/GMT-1"}),
        ],
    )
    def test_ways_of_writing(self, tmp_path, show, options):
        start = datetime(2023, 3, 1, tzinfo=UTC)  # with the change of March 26
        assert_series(self.read(tmp_path, map(show, instants(start, COUNT)), **options), start, AMOUNTS)

    def test_an_offset_outweighs_the_option(self, tmp_path):
        series = self.read(tmp_path, map(utc, TIMES), timezone="Asia/Tokyo")
        assert_series(series, WINTER, AMOUNTS)
        assert "the stamps state their offset from UTC; --timezone Asia/Tokyo was not needed" in series.repairs

    def test_the_option_outweighs_the_header(self, tmp_path):
        rows = [[f"{t + 9 * HOUR:%Y-%m-%d %H:%M}", v] for t, v in zip(TIMES, AMOUNTS, strict=True)]
        path = write(tmp_path, ["time_utc", "price_eur_mwh"], rows)
        assert_series(price(path), WINTER + 9 * HOUR, AMOUNTS)
        series = price(path, timezone="Asia/Tokyo")
        assert_series(series, WINTER, AMOUNTS)
        assert "stamps without an offset are read as Asia/Tokyo, though the file says UTC" in series.repairs

    def test_a_header_of_a_fixed_offset_is_not_utc(self, tmp_path):
        rows = [[f"{t:%Y-%m-%d %H:%M}", v] for t, v in zip(TIMES, AMOUNTS, strict=True)]
        assert "state it with --timezone" in refusal(lambda: price(write(tmp_path, ["time (UTC+1)", "price_eur_mwh"], rows)))

    @pytest.mark.parametrize(
        ("name", "near"),
        [
            ("Berlin", "Europe/Berlin"),
            ("europe/berlin ", "Europe/Berlin"),
            ("Europe/Belin", "Europe/Berlin"),
            ("Europe", ""),
            ("../x", ""),
            ("", ""),
        ],
    )
    def test_unknown_zones(self, tmp_path, name, near):
        stamps = [f"{t:%Y-%m-%d %H:%M}" for t in TIMES]
        message = refusal(lambda: self.read(tmp_path, stamps, timezone=name))
        assert message.startswith(f"--timezone {name} is not a time zone; ")
        assert not near or f"did you mean {near}" in message

    def test_days_and_months_that_cannot_be_told_apart(self, tmp_path):
        stamps = [f"{t:%d/%m/%Y %H:%M}" for t in instants(WINTER, 24 * 12)]
        assert "do not say which number is the day, since neither passes 12" in refusal(lambda: self.read(tmp_path, stamps, timezone="UTC"))
        stamps += [f"{t:%m/%d/%Y %H:%M}" for t in TIMES] + [f"{t:%d/%m/%Y %H:%M}" for t in TIMES]
        assert "since both pass 12" in refusal(lambda: self.read(tmp_path, stamps, timezone="UTC"))

    @pytest.mark.parametrize(
        ("stamp", "what"),
        [
            ("2023-01-02 24:00Z", "is not a time: hour must be in 0..23"),
            ("2023-02-30 00:00Z", "is not a time: day is out of range for month"),
            ("yesterday", "is not a time stamp"),
            ("", "is not a time stamp"),
            ("2023-01-02 00:00 PST", "has the mark PST, which is not an offset from UTC"),
            ("2023-01-02 00:00+23:00", "has the offset +23:00, which no clock has"),
            ("2023-01-02 13:00 PM", "is not an hour from 1 to 12 AM or PM"),
            ("2023-01-02 00:00:07Z", "is not on a full minute"),
            ("1672617607", "is not on a full minute"),
        ],
    )
    def test_what_is_no_stamp(self, tmp_path, stamp, what):
        stamps = [*map(utc, TIMES)]
        stamps[24] = stamp
        message = refusal(lambda: self.read(tmp_path, stamps))
        assert f"1 problem in prices.csv:\n  prices.csv, line 26: '{stamp}' in column 'time' {what}" in message
        assert "Stamps are written like 2023-01-31 13:00" in message


class TestSteps:
    def read(self, folder: Path, times: Iterable[datetime], zone: str = "UTC") -> HourlySeries:
        shown = [f"{t.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" for t in times]
        return price(write(folder, ["time", "price_eur_mwh"], zip(shown, values(len(shown)), strict=True)), timezone=zone)

    def test_half_hours(self, tmp_path):
        series = self.read(tmp_path, instants(WINTER, 48 * DAYS, timedelta(minutes=30)))
        np.testing.assert_allclose(series.values, np.array(values(48 * DAYS)).reshape(-1, 2).mean(axis=1), rtol=1e-14)
        assert f"{48 * DAYS} values at steps of 30 minutes were averaged to {COUNT} hours" in series.repairs

    def test_an_irregular_stamp(self, tmp_path):
        times = list(TIMES)
        times[5] += timedelta(minutes=17)
        message = refusal(lambda: self.read(tmp_path, times))
        assert (
            "1 problem in prices.csv:\n  prices.csv, line 7: the stamp is at 17 minutes past the hour\nThe usual step is 60 minutes"
            in message
        )

    def test_one_quarter_hour_in_an_hourly_file(self, tmp_path):
        message = refusal(lambda: self.read(tmp_path, [*TIMES, WINTER + COUNT * HOUR + QUARTER]))
        assert f"line {COUNT + 2}: the stamp is at 15 minutes past the hour" in message

    def test_hours_from_half_past(self, tmp_path):
        message = refusal(lambda: self.read(tmp_path, instants(WINTER + 2 * QUARTER, COUNT)))
        assert message.startswith(f"{COUNT} problems in prices.csv; the first 5 are:")
        assert "line 2: the stamp is at 30 minutes past the hour" in message

    @pytest.mark.parametrize("minutes", [5, 10, 20, 45, 120, 1440])
    def test_other_steps(self, tmp_path, minutes):
        message = refusal(lambda: self.read(tmp_path, instants(WINTER, COUNT, timedelta(minutes=minutes))))
        assert f"prices.csv has a value every {minutes} minutes, usually; hourly, half-hourly or quarter-hourly values are read" in message

    def test_one_time_only(self, tmp_path):
        assert "has values at one time only" in refusal(lambda: self.read(tmp_path, [WINTER, WINTER]))

    def test_a_zone_at_half_an_hour_from_utc(self, tmp_path):
        start = WINTER - 2 * QUARTER  # a full hour in India
        series = self.read(tmp_path, instants(start, COUNT), "Asia/Kolkata")
        assert_series(series, WINTER - HOUR, AMOUNTS)
        assert "the hours start 30 minutes past the hour of UTC, and count as the hour of UTC in which they start" in series.repairs

    @settings(derandomize=True, max_examples=25, deadline=None, database=None)
    @given(
        zone=st.sampled_from(
            ["Europe/London", "America/New_York", "Australia/Adelaide", "Australia/Lord_Howe", "Pacific/Chatham", "Asia/Tokyo"]
        ),
        day=st.integers(0, 700),
        step=st.sampled_from([15, 30]),
        backwards=st.booleans(),
    )
    def test_any_local_clock_gives_back_the_instants(self, tmp_path_factory, zone, day, step, backwards):
        start = WINTER + day * 24 * HOUR
        times = instants(start, DAYS * 24 * 60 // step, timedelta(minutes=step))
        if step == 30 and zone == "Pacific/Chatham":  # half hours of its clock start at a quarter of UTC's
            times = [time + QUARTER for time in times]
        shown = [f"{t.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" for t in times]
        amounts = values(len(times))
        rows = list(zip(shown, amounts, strict=True))
        path = write(tmp_path_factory.mktemp("clock"), ["time", "price_eur_mwh"], rows[::-1] if backwards else rows)
        series = price(path, timezone=zone)
        hours = np.array([int(t.timestamp()) // 3600 for t in times])
        np.testing.assert_array_equal(series.hours, np.unique(hours))
        means = [np.mean(np.array(amounts)[hours == hour]) for hour in series.hours[[0, 1, 700, -2, -1]]]
        np.testing.assert_allclose(series.values[[0, 1, 700, -2, -1]], means, rtol=1e-14)
        np.testing.assert_allclose(np.sum(series.values * np.unique(hours, return_counts=True)[1]), np.sum(amounts), rtol=1e-12)


class TestLocalClock:
    def write(self, folder: Path, stamps: Sequence[str]) -> Path:
        return write(folder, ["time", "price_eur_mwh"], zip(stamps, values(len(stamps)), strict=True))

    def shown(self, start: datetime, count: int = COUNT, zone: ZoneInfo = BERLIN) -> list[str]:
        return [f"{t.astimezone(zone):%Y-%m-%d %H:%M}" for t in instants(start, count)]

    def test_standard_time_all_year(self, tmp_path):
        start = datetime(2023, 2, 28, 23, tzinfo=UTC)
        path = self.write(tmp_path, self.shown(start, zone=ZoneInfo("Etc/GMT-1")))
        message = refusal(lambda: price(path, timezone="Europe/Berlin"))
        line = 25 * 24 + 2 + 2
        assert f"line {line}: '2023-03-26 02:00' does not exist on the clock of Europe/Berlin, which skips this hour in spring" in message
        assert "--timezone Etc/GMT-1" in message
        assert_series(price(path, timezone="Etc/GMT-1"), start, AMOUNTS)

    def test_standard_time_west_of_greenwich(self, tmp_path):
        path = self.write(tmp_path, self.shown(datetime(2023, 2, 1, tzinfo=UTC), zone=ZoneInfo("Etc/GMT+6")))
        assert "--timezone Etc/GMT+6" in refusal(lambda: price(path, timezone="America/Chicago"))

    def test_a_stray_hour_in_spring(self, tmp_path):
        stamps = self.shown(datetime(2023, 2, 28, 23, tzinfo=UTC), 24 * 300)  # with a doubled hour in autumn
        stamps.insert(stamps.index("2023-03-26 03:00"), "2023-03-26 02:00")
        message = refusal(lambda: price(self.write(tmp_path, stamps), timezone="Europe/Berlin"))
        assert "'2023-03-26 02:00' does not exist on the clock of Europe/Berlin" in message
        assert "Correct the row, or state the clock of the file with --timezone" in message
        assert "Etc/GMT" not in message

    def test_quarters_of_the_autumn_hour_in_pairs(self, tmp_path):
        start = datetime(2023, 9, 30, 22, tzinfo=UTC)
        times = instants(start, 96 * DAYS, QUARTER)
        order = sorted(range(len(times)), key=lambda i: (times[i].astimezone(BERLIN).replace(tzinfo=None), i))  # 02:00, 02:00, 02:15, …
        amounts = values(len(times))
        rows = [[f"{times[i].astimezone(BERLIN):%Y-%m-%d %H:%M}", amounts[i]] for i in order]
        assert [row[0][-5:] for row in rows if row[0].startswith("2023-10-29 02")][:4] == ["02:00", "02:00", "02:15", "02:15"]
        series = price(write(tmp_path, ["time", "price_eur_mwh"], rows), timezone="Europe/Berlin")
        np.testing.assert_array_equal(series.hours, hours_from(start, COUNT))
        np.testing.assert_allclose(series.values, np.array(values(96 * DAYS)).reshape(-1, 4).mean(axis=1), rtol=1e-14)

    def test_a_clock_that_jumps_back(self, tmp_path):
        stamps = self.shown(datetime(2023, 1, 31, 23, tzinfo=UTC))
        stamps[100], stamps[101] = stamps[101], stamps[100]
        message = refusal(lambda: price(self.write(tmp_path, stamps), timezone="Europe/Berlin"))
        assert "line 103: the clock jumps back from '2023-02-05 05:00' to '2023-02-05 04:00'" in message
        assert "sort the file, or export it in UTC" in message

    def test_a_clock_that_jumps_back_beyond_the_autumn_hour(self, tmp_path):
        stamps = self.shown(datetime(2023, 9, 30, 22, tzinfo=UTC))
        stamps.insert(stamps.index("2023-10-29 03:00"), "2023-10-29 01:00")
        assert "the clock jumps back from '2023-10-29 02:00' to '2023-10-29 01:00'" in refusal(
            lambda: price(self.write(tmp_path, stamps), timezone="Europe/Berlin")
        )


class TestOrderAndDoubles:
    @settings(derandomize=True, max_examples=10, deadline=None, database=None)
    @given(seed=st.integers(0, 2**32))
    def test_shuffled_rows_of_utc_are_sorted(self, tmp_path_factory, seed):
        folder = tmp_path_factory.mktemp("order")
        series = price(simple(folder, change=Random(seed).shuffle))
        assert_series(series, WINTER, AMOUNTS)
        assert any(re.fullmatch(r"\d+ rows out of order were sorted \(first: line \d+\)", note) for note in series.repairs)

    def test_rows_out_of_order_are_counted(self, tmp_path):
        def swap(rows):
            rows[10], rows[11] = rows[11], rows[10]
            rows.append(rows.pop(500))

        series = price(simple(tmp_path, change=swap))
        assert_series(series, WINTER, AMOUNTS)
        assert series.repairs == ("2 rows out of order were sorted (first: line 13)", YEAR_ADVISED)

    def test_repeated_rows_are_dropped(self, tmp_path):
        def repeat(rows):
            rows.insert(20, list(rows[19]))
            rows.insert(20, list(rows[19]))
            rows.insert(900, list(rows[899]))

        series = price(simple(tmp_path, change=repeat))
        assert_series(series, WINTER, AMOUNTS)
        assert series.repairs == ("3 rows that repeat a time and its value were dropped (first: line 22)", YEAR_ADVISED)

    def test_a_repeated_row_without_value_is_nothing(self, tmp_path):
        series = price(simple(tmp_path, change=lambda rows: rows.insert(20, [rows[20][0], ""])))
        assert_series(series, WINTER, AMOUNTS)
        assert series.repairs == ("1 rows have no value (first: line 22)", YEAR_ADVISED)

    def test_a_rare_contradiction_is_averaged(self, tmp_path):
        series = price(simple(tmp_path, change=lambda rows: rows.insert(20, [rows[20][0], "90.5"])))
        expected = list(AMOUNTS)
        expected[20] = (expected[20] + 90.5) / 2
        assert_series(series, WINTER, expected)
        assert (
            series.repairs[0]
            == "1 times stand twice with different values, of which the mean was taken (first: 2023-01-01 20:00Z, line 22)"
        )

    def test_contradictions_are_refused(self, tmp_path):
        def contradict(rows):
            rows.insert(20, [rows[20][0], "90.5"])
            rows.insert(50, [rows[50][0], "91.25"])

        message = refusal(lambda: price(simple(tmp_path, change=contradict)))  # 2 of 1466, more than one in a thousand
        assert message == (
            "2 problems in prices.csv:\n"
            "  prices.csv, line 22: 2023-01-01 20:00Z stands twice, with 90.5 here and 142.2 in line 23\n"
            "  prices.csv, line 52: 2023-01-03 01:00Z stands twice, with 91.25 here and 25.39 in line 53\n"
            "Keep one row for each time"
        )


class TestGaps:
    def drop(self, *spans: tuple[int, int]) -> Callable[[list[list[str]]], None]:
        def change(rows):
            for first, count in sorted(spans, reverse=True):
                del rows[first : first + count]

        return change

    def test_short_gaps_are_interpolated_and_long_ones_left(self, tmp_path):
        series = price(simple(tmp_path, change=self.drop((100, 1), (200, 3), (300, 4), (400, 30))))
        expected = np.array(AMOUNTS)
        for first, count in [(100, 1), (200, 3)]:
            expected[first : first + count] = np.linspace(expected[first - 1], expected[first + count], count + 2)[1:-1]
        kept = np.setdiff1d(np.arange(COUNT), [*range(300, 304), *range(400, 430)])
        np.testing.assert_array_equal(series.hours, hours_from(WINTER, COUNT)[kept])
        np.testing.assert_allclose(series.values, expected[kept], rtol=1e-14)
        assert series.repairs[1] == (
            "38 hours are missing, the first of them 2023-01-05 04:00Z, in 4 gaps of up to 30 h (the longest from 2023-01-17 16:00Z); "
            "4 in gaps of up to 3 h were interpolated; 34 in longer gaps were left out"
        )

    def test_only_short_gaps_are_not_said_to_be_left(self, tmp_path):
        series = price(simple(tmp_path, change=self.drop((100, 2))))
        assert len(series.hours) == COUNT
        assert "left out" not in series.repairs[1]

    def test_half_of_every_day_may_be_missing(self, tmp_path):
        def without(hours):
            return lambda rows: [rows.pop(i) for i in range(len(rows) - 1, -1, -1) if hours[0] <= i % 24 < hours[1]]

        assert len(price(simple(tmp_path, change=without((6, 18)))).hours) == COUNT // 2
        message = refusal(lambda: price(simple(tmp_path, change=without((6, 19)))))
        lacking = COUNT // 24 * 13
        assert f"lacks {lacking} of the {COUNT} hours of its days, 54%; at most 50% may be missing" in message

    def test_a_hole_of_years_is_told_and_not_counted_against_the_days_that_are_there(self, tmp_path):
        later = [WINTER + timedelta(days=800, hours=i) for i in range(COUNT)]
        rows = [[utc(t), f"{40 + t.hour}"] for t in [*TIMES, *later]]
        series = price(write(tmp_path, ["time", "price_eur_mwh"], rows))
        assert len(series.hours) == 2 * COUNT
        assert any("left out" in repair for repair in series.repairs)

    def test_too_little_for_a_season(self, tmp_path):
        message = refusal(lambda: price(simple(tmp_path, days=3)))
        assert message == "prices.csv has 3 days of data, which cannot show a season; at least 60 days are needed, a year is advised"
        assert refusal(lambda: price(simple(tmp_path, days=60, change=lambda rows: rows.__delitem__(slice(-2, None))))).startswith(
            "prices.csv has 59.92"
        )

    def test_sixty_days_are_enough_also_with_the_hour_that_spring_takes(self, tmp_path):
        assert len(price(simple(tmp_path, days=60, change=lambda rows: rows.pop())).hours) == 60 * 24 - 1

    @pytest.mark.parametrize(("days", "noted"), [(329, True), (330, False)])
    def test_less_than_a_year(self, tmp_path, days, noted):
        note = f"prices.csv has {days} days of data: the season is not seen whole, a year is advised"
        assert price(simple(tmp_path, days=days)).repairs == ((note,) if noted else ())

    def test_an_empty_column(self, tmp_path):
        message = refusal(lambda: price(write(tmp_path, ["time", "price_eur_mwh"], [[utc(t), ""] for t in TIMES])))
        assert "column 'price_eur_mwh' is empty; name another with --price-column" in message


class TestNumbers:
    @pytest.mark.parametrize(
        "text", ["abc", "nan", "NaN", "inf", "-inf", "1 234.5", "1_000", "1,234.5", "12,5", "1e999", "0x10", "--5", "٣", "5 EUR"]
    )
    def test_what_is_no_number(self, tmp_path, text):
        message = refusal(lambda: price(simple(tmp_path, change=lambda rows: rows[5].__setitem__(1, text))))
        head, letter, way_out = message.splitlines()
        assert head == "1 problem in prices.csv:"
        assert letter == f"  prices.csv, line 7: '{text}' in column 'price_eur_per_mwh' is not a number"
        assert way_out.startswith("Numbers are written like -12.5, without thousands separators")

    @pytest.mark.parametrize(("text", "value"), [("-5", -5.0), ("+5.25", 5.25), (".5", 0.5), ("5.", 5.0), ("1.2e3", 1200.0), (" 7 ", 7.0)])
    def test_numbers(self, tmp_path, text, value):
        assert price(simple(tmp_path, change=lambda rows: rows[5].__setitem__(1, text))).values[5] == value

    @pytest.mark.parametrize("text", ["1.234,5", "1 234,5", "1,234,5"])
    def test_thousands_separators_beside_a_decimal_comma(self, tmp_path, text):
        rows = [[utc(t), "12,5"] for t in TIMES]
        rows[5][1] = text
        message = refusal(lambda: price(write(tmp_path, ["time", "price_eur_mwh"], rows, mark=";")))
        assert (
            f"line 7: '{text}' in column 'price_eur_mwh' is not a number\nNumbers are written like -12.5, without thousands separators"
            in message
        )

    def test_all_problems_at_once(self, tmp_path):
        def spoil(rows):
            for row in range(10, 20):
                rows[row][1] = "bad"
            rows[12][0] = "never"

        message = refusal(lambda: price(simple(tmp_path, change=spoil)))
        lines = message.splitlines()
        assert lines[0] == "11 problems in prices.csv; the first 5 are:"
        assert [line.split(":")[0] for line in lines[1:6]] == [f"  prices.csv, line {line}" for line in (12, 13, 14, 14, 15)]
        assert [line.split(" ")[0] for line in lines[6:]] == ["Numbers", "Stamps"]

    def test_negative_prices_are_real_and_negative_intensities_are_not(self, tmp_path):
        def negate(rows):
            rows[7][1] = "-500"

        assert price(simple(tmp_path, change=negate)).values[7] == -500
        message = refusal(lambda: carbon(simple(tmp_path, "gCO2e/kWh", change=negate)))
        assert "line 9: -500 in column 'gCO2e/kWh' is a negative carbon intensity\nA carbon intensity is at least 0" in message


class TestFiles:
    def test_exit_code(self, tmp_path):
        with pytest.raises(InputError) as caught:
            price(tmp_path / "none.csv")
        assert caught.value.exit_code == 2

    @pytest.mark.parametrize(
        ("content", "what"),
        [
            (b"", "is empty"),
            (b"\n \n", "is empty"),
            (b"time,price\n", "has a header ('time', 'price') and no rows below it"),
            (b"PK\x03\x04\x00\x00", "is not text in UTF-8"),
            ("time,price [\N{EURO SIGN}/MWh]\n".encode("cp1252"), "is not text in UTF-8"),
            (b"\xff\xfet\x00x\xd8", "is not text in UTF-8"),  # half of a character in UTF-16
            (b"\x1f\x8b broken", "cannot be read"),
            (gzip.compress(b"time,price\n" * 99, mtime=0)[:-9], "cannot be read"),
            (b'time,price\n"2023-01-01,5\n', "line 2 cannot be read as CSV"),
            (b"time,price\n" + b"x" * 200_000, "line 2 cannot be read as CSV"),
        ],
    )
    def test_files_that_cannot_be_read(self, tmp_path, content, what):
        path = tmp_path / "prices.csv"
        path.write_bytes(content)
        message = refusal(lambda: price(path))
        assert "prices.csv" in message
        assert what in message

    def test_missing_and_directory(self, tmp_path):
        assert refusal(lambda: price(tmp_path / "none.csv")) == f"{tmp_path / 'none.csv'} does not exist"
        assert refusal(lambda: price(tmp_path)) == f"{tmp_path} is a directory; name a CSV file in it"

    @pytest.mark.parametrize(("row", "cells"), [(["2023-01-01T09:00Z"], 1), (["2023-01-01T09:00Z", "12", "5"], 3)])
    def test_rows_of_another_length(self, tmp_path, row, cells):
        message = refusal(lambda: price(simple(tmp_path, change=lambda rows: rows.__setitem__(9, row))))
        assert f"prices.csv, line 11: {cells} cells where the header has 2\nA row has as many cells as the header" in message

    def test_blank_rows_and_trailing_delimiters_are_nothing(self, tmp_path):
        path = simple(tmp_path)
        path.write_text(path.read_text().replace("\n", ",\n").replace("price_eur_per_mwh,", "price_eur_per_mwh") + "\n,,\n")
        assert_series(price(path), WINTER, AMOUNTS)

    @settings(derandomize=True, max_examples=300, deadline=None, database=None)
    @given(
        rows=st.lists(
            st.lists(
                st.sampled_from(
                    [
                        "",
                        "time",
                        "price_eur_mwh",
                        "Area",
                        "2023-01-01 00:00Z",
                        "01.01.2023 01:00",
                        "31/12/2022 00:00",
                        "12,5",
                        "1e9",
                        '"',
                        "\x1c",
                    ]
                )
                | st.text(max_size=8),
                max_size=4,
            ),
            max_size=5,
        ),
        mark=st.sampled_from([",", ";", "\t"]),
        timezone=st.sampled_from([None, "Europe/Berlin"]),
    )
    def test_whatever_stands_in_a_file_the_answer_is_a_letter(self, tmp_path_factory, rows, mark, timezone):
        path = tmp_path_factory.mktemp("any") / "prices.csv"
        path.write_text("\n".join(mark.join(row) for row in rows), encoding="utf-8", errors="surrogatepass")
        assert refusal(lambda: read_hourly(path, quantity="price", timezone=timezone))


class TestAlign:
    def pair(self, folder: Path, shift: int, days: int = DAYS) -> tuple[HourlySeries, HourlySeries]:
        times = instants(WINTER + shift * HOUR, 24 * days)
        path = write(folder, ["time", "gCO2e/kWh"], zip(map(utc, times), values(len(times)), strict=True), name="carbon.csv")
        return price(simple(folder)), carbon(path)

    def test_common_hours(self, tmp_path):
        one, other = self.pair(tmp_path, 10)
        aligned = align(one, other)
        for series in aligned:
            np.testing.assert_array_equal(series.hours, hours_from(WINTER + 10 * HOUR, COUNT - 10))
            assert series.repairs[-2] == f"10 of {COUNT} hours were left out, as only price or carbon has them"
            assert series.repairs[-1].startswith("price and carbon have in common 60.58 days of data: the season is not seen whole")
        np.testing.assert_array_equal(aligned[0].values, AMOUNTS[10:])
        np.testing.assert_array_equal(aligned[1].values, AMOUNTS[:-10])
        assert (aligned[0].unit, aligned[1].unit) == ("EUR/MWh", "gCO2e/kWh")

    def test_equal_hours_lose_nothing(self, tmp_path):
        one, other = align(*self.pair(tmp_path, 0))
        assert not any("left out" in note for note in (*one.repairs, *other.repairs))
        assert len(one.hours) == len(other.hours) == COUNT

    @pytest.mark.parametrize("shift", [48, 24 * 400])
    def test_too_few_common_hours(self, tmp_path, shift):
        message = refusal(lambda: align(*self.pair(tmp_path, shift)))
        assert "price and carbon have in common" in message
        assert (
            "these are prices.csv (price_eur_per_mwh) from 2023-01-01 00:00Z to 2023-03-02 23:00Z and carbon.csv (gCO2e/kWh) from"
            in message
        )


class TestPlausible:
    """Wrong units and cells that no market has, in either direction."""

    def test_a_factor_of_ten_is_told_with_the_way_out(self, tmp_path):
        path = write(tmp_path, ["time", "eur_per_mwh"], [[utc(t), v / 10] for t, v in zip(TIMES, AMOUNTS, strict=True)])
        told = [note for note in read_hourly(path, quantity="price").repairs if note.startswith("the median")]
        assert len(told) == 1
        assert "15 to 350" in told[0]
        assert "--unit 'EUR ct/kWh' would make it" in told[0]
        settled = read_hourly(path, quantity="price", unit="EUR/MWh").repairs
        assert not any(note.startswith("the median") for note in settled)

    @pytest.mark.parametrize("value", [1e9, -1e9, 20000.0])
    def test_a_cell_beyond_all_limits_is_refused_with_its_line(self, tmp_path, value):
        amounts = list(AMOUNTS)
        amounts[700] = value
        path = write(tmp_path, ["time", "price_eur_per_mwh"], [[utc(t), v] for t, v in zip(TIMES, amounts, strict=True)])
        message = refusal(lambda: read_hourly(path, quantity="price"))
        assert "prices.csv, line 702" in message
        assert "-1000 to 10000 EUR/MWh" in message
        assert "--limits LOW:HIGH" in message
        admitted = read_hourly(path, quantity="price", limits=(-2e9, 2e9))
        assert value in admitted.values

    def test_limits_are_those_of_the_unit_not_of_the_file(self, tmp_path):
        amounts = [v / 1000 for v in AMOUNTS]
        amounts[9] = 30.0
        path = write(tmp_path, ["time", "price_eur_per_kwh"], [[utc(t), v] for t, v in zip(TIMES, amounts, strict=True)])
        assert "30000 in column" in refusal(lambda: read_hourly(path, quantity="price"))

    def test_carbon_has_a_limit(self, tmp_path):
        amounts = [300 + v for v in AMOUNTS]
        amounts[5] = 1e6
        path = write(tmp_path, ["time", "gCO2e/kWh"], [[utc(t), v] for t, v in zip(TIMES, amounts, strict=True)])
        message = refusal(lambda: read_hourly(path, quantity="carbon"))
        assert "0 to 3000" in message
        assert "--carbon-limits" in message


def declared_utc(folder: Path, zone: str, start: datetime, days: int, form: str = "%Y-%m-%d %H:%M") -> Path:
    times = [t.astimezone(ZoneInfo(zone)) for t in instants(start, 24 * days)]
    return write(
        folder, ["time (UTC)", "price_eur_per_mwh"], [[t.strftime(form), v] for t, v in zip(times, values(24 * days), strict=True)]
    )


class TestDisguise:
    """A local clock that says that it is UTC."""

    @pytest.mark.parametrize("zone", ["Europe/Berlin", "Europe/Madrid", "Europe/London", "Europe/Athens", "America/Chicago"])
    def test_it_is_refused_with_the_way_out(self, tmp_path, zone):
        path = declared_utc(tmp_path, zone, WINTER, 365)
        message = refusal(lambda: read_hourly(path, quantity="price"))
        assert "stands twice" in message
        assert "is missing" in message
        assert "--timezone" in message
        series = read_hourly(path, quantity="price", timezone=zone)
        assert np.array_equal(series.values, values(24 * 365))

    def test_an_offset_in_the_stamps(self, tmp_path):
        path = declared_utc(tmp_path, "Europe/Berlin", WINTER, 365, "%Y-%m-%dT%H:%MZ")
        assert "remove the offset from the stamps" in refusal(lambda: read_hourly(path, quantity="price"))

    def test_spring_alone_is_told(self, tmp_path):
        path = declared_utc(tmp_path, "Europe/Berlin", WINTER, 120)
        assert any("the only hour missing, is the one that the clock of" in note for note in read_hourly(path, quantity="price").repairs)

    def test_utc_is_utc(self, tmp_path):
        path = declared_utc(tmp_path, "UTC", WINTER, 365)
        assert not [note for note in read_hourly(path, quantity="price").repairs if "clock" in note]


class TestTwoFiles:
    """The clock of one file does not outweigh what the other says of itself."""

    def test_the_other_clock_is_taken_only_where_the_file_states_none(self, tmp_path):
        stated = write(
            tmp_path, ["Datetime (UTC)", "gCO2e/kWh"], [[f"{t:%Y-%m-%d %H:%M}", v + 300] for t, v in zip(TIMES, AMOUNTS, strict=True)]
        )
        series = read_hourly(stated, quantity="carbon", other_timezone="Europe/Berlin")
        assert series.hours[0] == TIMES[0].timestamp() // 3600
        silent = write(tmp_path, ["time", "gCO2e/kWh"], [[f"{t:%Y-%m-%d %H:%M}", v + 300] for t, v in zip(TIMES, AMOUNTS, strict=True)])
        with pytest.raises(InputError, match="state it with --timezone"):
            read_hourly(silent, quantity="carbon")
        series = read_hourly(silent, quantity="carbon", other_timezone="Etc/GMT-1")
        assert series.hours[0] == TIMES[0].timestamp() // 3600 - 1
