"""Fit the shipped zones anew: ``python -m simulator.fitting.ship DATA_FOLDER [ZONE ...]``.

The folder holds the raw hourly files, which are not part of the project; which files, columns and rows make which
zone stands below. Each file of ``simulator/reference/zones`` that is made says by which version and command.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path

import numpy as np

from simulator.fitting.about import about_fit
from simulator.fitting.check import check_fit
from simulator.fitting.fit import fit_zone
from simulator.fitting.held_out import caveats, out_of_sample
from simulator.scenario.zones import ZoneFile, rounded_zone, zone_yaml
from simulator.series.read import HourlySeries, read_hourly
from simulator.series.units import Quantity
from simulator.text_file import write_text

_EU = "prices_hourly_dayahead_eu_2023_2024.csv.gz"
_JOINT = "joint_price_carbon_hourly.csv.gz"
_CARBON = "carbon_hourly_2022_2023.csv.gz"
_ENTSOE = "ENTSO-E transparency platform, day-ahead"
_FACTS, _ODBL = "primary facts, no licence stated", "ODbL 1.0"


@dataclass(frozen=True)
class Part:
    """Rows and column of a raw file.

    Attributes
    ----------
    file : str
    where : mapping
        Column -> value.
    column : str or None
        None where the header tells it.
    """

    file: str
    where: dict[str, str] = field(default_factory=dict)
    column: str | None = None


@dataclass(frozen=True)
class Recipe:
    """What a shipped zone is fitted to.

    Attributes
    ----------
    clock, source, licence : str
    price, carbon : tuple of Part
        One after the other in time; empty where the zone has none.
    """

    clock: str
    source: str
    licence: str
    price: tuple[Part, ...] = ()
    carbon: tuple[Part, ...] = ()


def _joint(pair: str, clock: str, source: str, licence: str, *, full_days: tuple[Part, ...] = ()) -> Recipe:
    part = Part(_JOINT, {"pair": pair})
    return Recipe(clock, source, licence, (part,), (*full_days, part))


def _price(zone: str, clock: str) -> Recipe:
    return Recipe(clock, f"{_ENTSOE} {zone}", _FACTS, (Part(_EU, column=f"{zone}_eur_per_mwh"),))


def _intensity(zone: str, clock: str) -> Recipe:
    return Recipe(clock, f"Electricity Maps, {zone}, life cycle", _ODBL, carbon=(Part(_CARBON, {"zone_id": zone}),))


ZONES = {
    "DE": _joint(
        "DE_2023",
        "Europe/Berlin",
        f"price: {_ENTSOE} DE-LU; carbon intensity, life cycle: Electricity Maps, DE",
        f"price: {_FACTS}; carbon: {_ODBL}",
    ),
    "DE-2020": _joint(
        "DE_2020",
        "Europe/Berlin",
        "price: German transmission system operators (netztransparenz.de), day-ahead DE-LU; carbon intensity, life cycle, production mix: "
        "Wiesner et al. 2021, doi:10.1145/3464298.3493399, from ENTSO-E generation",
        "price: primary facts, from a copy under BSD-3; carbon: MIT",
    ),
    "FR": _joint(
        "FR_2023",
        "Europe/Paris",
        f"price: {_ENTSOE} FR; carbon intensity, life cycle: Electricity Maps, FR",
        f"price: {_FACTS}; carbon: {_ODBL}",
    ),
    "CAISO": _joint(
        "CAISO_2024",
        "America/Los_Angeles",
        "price: CAISO OASIS, day-ahead, mean of four load aggregation points, hours ending 10 to 24 only; carbon intensity, life cycle: "
        "Electricity Maps, US-CAL-CISO, whole days of 2022 and 2023, hours ending 10 to 24 of 2024",
        f"price: primary facts, from a copy under MIT; carbon: {_ODBL}",
        full_days=(Part(_CARBON, {"zone_id": "US-CAL-CISO"}),),
    ),
    "ES": _price("ES", "Europe/Madrid"),
    "PL": _price("PL", "Europe/Warsaw"),
    "NO2": _price("NO2", "Europe/Oslo"),
    "SE3": _price("SE3", "Europe/Stockholm"),
    "NL": _price("NL", "Europe/Amsterdam"),
    "IT-North": _price("IT-North", "Europe/Rome"),
    "FI": _price("FI", "Europe/Helsinki"),
    "ERCOT": _intensity("US-TEX-ERCO", "America/Chicago"),
    "PJM": _intensity("US-MIDA-PJM", "America/New_York"),
}


def read_parts(folder: Path, parts: Sequence[Part], quantity: Quantity) -> HourlySeries | None:
    """Return one series of all parts; None where there are none."""
    read = [read_hourly(folder / p.file, quantity=quantity, value_column=p.column, where=p.where) for p in parts]
    if not read:
        return None
    hours, first = np.unique(np.concatenate([s.hours for s in read]), return_index=True)
    return replace(read[-1], hours=hours, values=np.concatenate([s.values for s in read])[first])


def shipped(name: str, folder: Path) -> ZoneFile:
    """Return a zone fitted to the raw files, as it is shipped."""
    recipe = ZONES[name]
    price, carbon = read_parts(folder, recipe.price, "price"), read_parts(folder, recipe.carbon, "carbon")
    zone = rounded_zone(fit_zone(price, carbon, name=name, timezone=recipe.clock))
    check = check_fit(zone, price, carbon)
    unseen = out_of_sample(price, carbon, name=name, timezone=recipe.clock)
    told = caveats(price, carbon, recipe.clock, unseen)
    series = [s for s in (price, carbon) if s is not None]
    command = f"python -m simulator.fitting.ship DATA_FOLDER {name}"
    return ZoneFile(zone, about_fit(series, check, unseen, told, source=recipe.source, licence=recipe.licence, command=command))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files of the zones that are named, or of all."""
    parser = argparse.ArgumentParser(prog="python -m simulator.fitting.ship", description="Fit the shipped zones anew.")
    parser.add_argument("folder", type=Path, help="folder of the raw hourly files")
    parser.add_argument("zones", nargs="*", choices=[*ZONES, []], help="all where none is named")
    given = parser.parse_args(arguments)
    target = Path(str(files("simulator.reference").joinpath("zones")))
    for name in given.zones or ZONES:
        file = shipped(name, given.folder)
        write_text(target / f"{name}.yaml", zone_yaml(file))
        failed = ", ".join(file.about["failed"])
        print(f"{name}: {file.about['check']}{' ' * bool(failed)}{failed}; {file.about['held_out_verdict']}")


if __name__ == "__main__":
    main()
