"""Zone files: the hourly process of a grid as YAML, shipped or made by ``simulator fit``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from simulator.errors import ConfigError, LawError, printable
from simulator.scenario.named_files import named_file
from simulator.scenario.text import Document, dump_yaml, parse_yaml, undotted
from simulator.stochastic.zone import SEASONAL_TERMS, HourlyLaw, Zone
from simulator.text_file import UnreadableError, read_text

PRICE_UNITS = ("USD/MWh", "EUR/MWh", "GBP/MWh")
CARBON_UNIT = "gCO2e/kWh"
#: what a fit tells of itself, in the order of its file
_FITTED = ("source", "period", "check", "history_and_simulation", "held_out_history_and_simulation")
_CUT = "Is the file complete? simulator fit writes it whole"
_CLOSEST = 1e-4  # scores: steeper steps would be lost in the kernel's float32
_REACH = 2.0  # scores that a quantile function holds at least, either way: 2.3 % and 97.7 %; fitted ones reach 3 and more
_LONGEST_HALF_LIFE = 1000.0  # beyond it, hours a block of the kernel apart would have to remember each other


@dataclass(frozen=True)
class ZoneFile:
    """A zone with what is known of where it comes from.

    Attributes
    ----------
    zone : Zone
    spec : str
        Name or file that it was asked for by.
    about : mapping
        ``kind`` (fitted or assembled), ``source``, ``licence``, ``period``, ``caveats``, ``check`` and figures of the fit's quality.
    """

    zone: Zone
    about: Mapping[str, Any] = field(default_factory=dict)
    spec: str = ""

    @property
    def source(self) -> str:
        """One line on where the parameters come from."""
        parts = [str(self.about.get(key, "")) for key in ("kind", "source", "period")]
        failed = "its fit failed its own check" if self.about.get("check") == "failed" else ""
        caveats = self.about.get("caveats") or ()
        told = [str(text) for text in caveats] if isinstance(caveats, (list, tuple)) else [str(caveats)]
        return "; ".join(part for part in (*parts, failed, *told) if part) or f"zone {self.zone.name}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of results has to know of the zone: ``note`` or ``notes`` of its file, and which checks its fit failed."""
        raw = [self.about.get("note"), self.about.get("notes")]
        told = [str(item) for part in raw if part for item in (part if isinstance(part, list) else [part])]
        failed = self.about.get("failed") if self.about.get("check") == "failed" else None
        if isinstance(failed, list) and failed:
            told.append(f"its fit failed its own check of {', '.join(map(str, failed))}")
        return tuple(text.rstrip(".") for text in told)


def zone_names() -> tuple[str, ...]:
    """Return the names of the zones that are shipped."""
    folder = files("simulator.reference").joinpath("zones")
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_zone(name: str, *, base: Path | None = None) -> ZoneFile:
    """Return a shipped zone by name, or the zone of a YAML file.

    Raises
    ------
    LawError
        What is wrong with the name, or with the file and where.
    """
    if name in zone_names():
        return replace(_shipped(name), spec=name)
    path = named_file(name, base)
    if not name.endswith((".yaml", ".yml")) and not path.is_file():
        known = zone_names()
        near = [zone for zone in known if zone.casefold() == name.casefold()] or get_close_matches(name.upper(), known, n=2)
        meant = f"Did you mean {' or '.join(near)}? " if near else ""
        raise LawError(f"'{name}' is neither a zone nor a file", f"{meant}Zones are {', '.join(known)}; files come from simulator fit")
    try:
        text = read_text(path)
    except UnreadableError as error:
        raise LawError(f"zone file {name} cannot be read ({error.reason})", f"It is looked for at {path}") from None
    return replace(parse_zone(text, where=name), spec=name)


@cache
def _shipped(name: str) -> ZoneFile:
    text = files("simulator.reference").joinpath("zones", f"{name}.yaml").read_text(encoding="utf-8")
    return parse_zone(text, where=f"zones/{name}.yaml")


def parse_zone(text: str, *, where: str) -> ZoneFile:
    """Read a zone from YAML text.

    Raises
    ------
    LawError
    """
    try:
        document = parse_yaml(text, where=where)
    except ConfigError as error:
        raise LawError(f"zone file {error.problems[0]}") from None
    data = document.data
    if not isinstance(data, Mapping):
        raise LawError(f"zone file {where} is not a mapping", "simulator fit writes such files")
    reader = _Reader(where, document)
    if any(printable(line) != line for line in _texts(data)):
        raise reader.error("", "it holds a control character in a text; take it out")
    reader.check_keys(data, {f.name for f in fields(Zone)} | {"about"})
    if data.get("price") is None and data.get("carbon") is None:
        raise reader.error("", "it has neither price nor carbon")
    price, carbon = (reader.law(data, key) for key in ("price", "carbon"))
    zone = Zone(
        name=str(data.get("name", Path(where).stem)),
        timezone=reader.timezone(data),
        fast_half_life=reader.number(data, "fast_half_life", 0.0, _LONGEST_HALF_LIFE),
        slow_half_life=reader.number(data, "slow_half_life", 0.0, _LONGEST_HALF_LIFE),
        fast_correlation=reader.number(data, "fast_correlation", -1.0, 1.0, default=0.0),
        slow_correlation=reader.number(data, "slow_correlation", -1.0, 1.0, default=0.0),
        price=price,
        carbon=carbon,
    )
    return ZoneFile(zone, reader.about(data))


def _texts(data: Any) -> Iterator[str]:
    """Return the lines of all texts of plain data, keys among them."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from (key, *_texts(value))
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)
    elif isinstance(data, str):
        yield from data.split("\n")


def zone_yaml(file: ZoneFile) -> str:
    """Return a zone as YAML that :func:`parse_zone` reads back to an equal one."""
    zone = file.zone
    data: dict[str, Any] = {"name": zone.name, "timezone": zone.timezone}
    for name in ("fast_half_life", "slow_half_life", "fast_correlation", "slow_correlation"):
        data[name] = _short(getattr(zone, name))
    for key, law in (("price", zone.price), ("carbon", zone.carbon)):
        if law is None:
            continue
        part: dict[str, Any] = {"unit": law.unit, "residual_sd": _short(law.residual_sd), "fast_weight": _short(law.fast_weight)}
        if law.spikes_per_year:
            part |= {n: _short(getattr(law, n)) for n in ("spikes_per_year", "spike_mean", "spike_half_life")}
        part["seasonal"] = {term: _short(c) for term, c in zip(SEASONAL_TERMS, law.seasonal, strict=True) if c}
        part["quantiles"] = {_short(u): _short(v) for u, v in zip(law.scores, law.values, strict=True)}
        data[key] = part
    data["about"] = dict(file.about)
    return dump_yaml(data)


def rounded_zone(zone: Zone) -> Zone:
    """Return the zone as its file will hold it, so that what was checked is what is shipped."""
    return parse_zone(zone_yaml(ZoneFile(zone)), where=zone.name).zone


def _short(x: float) -> float:
    return float(f"{x:.6g}")


def _number(key: Any) -> Any:
    """Return a key of YAML, which are texts here, as a number where it is one."""
    try:
        return float(key)
    except ValueError:
        return key


class _Reader:
    """Takes numbers out of a zone file, or says what is wrong with them."""

    def __init__(self, where: str, document: Document) -> None:
        self.where, self.document = where, document

    def error(self, path: str, what: str) -> LawError:
        place = self.document.place(undotted(path))
        where = f"{self.where}:{place[0]}:{place[1]}" if place else self.where
        return LawError(": ".join(part for part in (f"zone file {where}", path, what) if part))

    def check_keys(self, data: Mapping[str, Any], known: set[str], path: str = "") -> None:
        foreign = sorted(set(data) - known)
        if foreign:
            raise self.error(f"{path}{foreign[0]}", f"is not a known key; known are {', '.join(sorted(known))}")

    def number(self, data: Mapping[str, Any], key: str, low: float, high: float, *, default: float | None = None, path: str = "") -> float:
        raw = data.get(key, default)
        where = f"{path}{key}"
        if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not np.isfinite(raw):
            raise self.error(where, f"{raw!r} is not a number")
        if not low <= raw <= high or (key.endswith("life") and raw <= 0):
            raise self.error(where, f"{raw:g} does not lie in [{low:g}, {high:g}]")
        return float(raw)

    def timezone(self, data: Mapping[str, Any]) -> str:
        from zoneinfo import ZoneInfo  # noqa: PLC0415 - read for zones only

        name = str(data.get("timezone"))
        try:
            ZoneInfo(name)
        except (OSError, ValueError, LookupError):
            raise self.error("timezone", f"'{name}' is not an IANA time zone such as Europe/Berlin") from None
        return name

    def about(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return where the zone comes from: the last part of a file, so that one that is cut short lacks it."""
        about = data.get("about")
        if not isinstance(about, Mapping):
            what = "is not there" if about is None else f"{about!r} is not a mapping"
            raise self.error("about", f"{what}; it tells kind, source and period of the zone, and stands last. {_CUT}")
        kind = about.get("kind")
        if "kind" in about and kind not in ("fitted", "assembled"):
            raise self.error("about.kind", f"{kind!r} is not one of fitted, assembled")
        missing = [key for key in _FITTED if about.get(key) is None] if kind == "fitted" else []
        if missing:
            raise self.error("about", f"a fitted zone tells {', '.join(_FITTED)}; {', '.join(missing)} is not there. {_CUT}")
        if about.get("check") not in (None, "passed", "failed"):
            raise self.error("about.check", f"{about['check']!r} is not one of passed, failed")
        return about

    def law(self, data: Mapping[str, Any], key: str) -> HourlyLaw | None:
        part = data.get(key)
        if part is None:
            return None
        if not isinstance(part, Mapping):
            raise self.error(key, "is not a mapping")
        self.check_keys(part, {f.name for f in fields(HourlyLaw)} - {"scores", "values"} | {"quantiles"}, f"{key}.")
        units = PRICE_UNITS if key == "price" else (CARBON_UNIT,)
        if part.get("unit") not in units:
            raise self.error(f"{key}.unit", f"{part.get('unit')!r} is not one of {', '.join(units)}")
        terms = part.get("seasonal") or {}
        foreign = sorted(set(terms) - set(SEASONAL_TERMS)) if isinstance(terms, Mapping) else ["seasonal"]
        if foreign:
            raise self.error(f"{key}.seasonal", f"{foreign[0]!r} is not a seasonal term; the terms are {', '.join(SEASONAL_TERMS)}")
        seasonal = tuple(self.number(terms, term, -99.0, 99.0, default=0.0, path=f"{key}.seasonal.") for term in SEASONAL_TERMS)
        pairs = part.get("quantiles")
        if not isinstance(pairs, Mapping) or len(pairs) < 2:
            raise self.error(f"{key}.quantiles", "is not a mapping of at least two scores to values")
        knots = [self.number({"score": _number(score)}, "score", -10.0, 10.0, path=f"{key}.quantiles.") for score in pairs]
        floor = 0.0 if key == "carbon" else -1e6
        values = [self.number({"value": value}, "value", floor, 1e6, path=f"{key}.quantiles.") for value in pairs.values()]
        if np.any(np.diff(knots) < _CLOSEST) or np.any(np.diff(values) < 0):
            raise self.error(f"{key}.quantiles", f"scores must increase by {_CLOSEST:g} or more and values must not fall")
        if knots[0] > -_REACH or knots[-1] < _REACH:
            told = f"reach from {knots[0]:g} to {knots[-1]:g} only; scores go from {-_REACH:g} or less to {_REACH:g} or more"
            raise self.error(f"{key}.quantiles", f"{told}. {_CUT}")
        # a spike is followed for the 48 h before a block of hours: of one that halves in 6 h, 0.4 % is left by then
        spikes = {
            name: self.number(part, name, low, high, default=default, path=f"{key}.")
            for name, low, high, default in (
                ("spikes_per_year", 0.0, 8766.0, 0.0),
                ("spike_mean", 0.0, 1e6, 0.0),
                ("spike_half_life", 0.1, 6.0, 1.0),
            )
        }
        if spikes["spikes_per_year"] and key == "carbon":
            raise self.error("carbon.spikes_per_year", "only prices have spikes")
        for name in ("spike_mean", "spike_half_life"):
            if name in part and not spikes["spikes_per_year"]:
                raise self.error(f"{key}.{name}", "is not read without spikes_per_year")
        return HourlyLaw(
            unit=str(part["unit"]),
            seasonal=seasonal,
            residual_sd=self.number(part, "residual_sd", 0.0, 99.0, path=f"{key}."),
            fast_weight=self.number(part, "fast_weight", 0.0, 1.0, path=f"{key}."),
            scores=tuple(knots),
            values=tuple(values),
            **spikes,
        )
