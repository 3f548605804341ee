"""Annual carbon intensity and electricity price by country, US state and cloud region; exchange rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from simulator.errors import LawError
from simulator.reference import Reference, table


@dataclass(frozen=True)
class Region:
    """A place that electricity is taken from.

    Attributes
    ----------
    id : str
        ``FR`` (ISO 3166-1), ``US-CA`` (ISO 3166-2) or ``gcp:europe-west9``.
    kind : str
        country, us_state, ca_province, au_state or cloud_region.
    name : str
        In ASCII.
    figures : mapping of str to Reference
        By quantity; carbon_intensity and electricity_price where they are known. One is never borrowed from another region.
    """

    id: str
    kind: str
    name: str
    figures: Mapping[str, Reference]


@cache
def regions() -> Mapping[str, Region]:
    """Return the regions by id."""
    places: dict[str, tuple[str, str]] = {}
    figures: dict[str, dict[str, Reference]] = {}
    for row in table("grid_annual").rows:
        places[row.name] = row.kind, row.label
        figures.setdefault(row.name, {})[row.quantity] = Reference.of(row)
    return MappingProxyType({key: Region(key, *places[key], MappingProxyType(known)) for key, known in figures.items()})


@cache
def _by_word() -> Mapping[str, Sequence[Region]]:
    """Return the regions by their ids and names in small letters."""
    found: dict[str, list[Region]] = {}
    for place in regions().values():
        for word in (place.id, place.name):
            found.setdefault(word.casefold(), []).append(place)
    return found


def region(wanted: str) -> Region:
    """Return one region by its id or its name, in any case.

    Raises
    ------
    LawError
        Naming the nearest known regions, or the ids of all that bear the name.

    Examples
    --------
    >>> region("France").figures["carbon_intensity"].value
    '56.0 gCO2e/kWh'
    >>> region("gcp:europe-west9").figures["carbon_intensity"].basis
    'operational, average of the local grid'
    """
    by_word = _by_word()
    word = wanted.strip().casefold()
    found = by_word.get(word, [])
    if len(found) == 1:
        return found[0]
    if found:
        raise LawError(f"'{wanted}' is the name of several regions", f"State its id: {' or '.join(_told(place) for place in found)}")
    near = []
    if len(word) > 3:  # two or three letters are near to anything
        near = [known for known in by_word if word in known][:6] or get_close_matches(word, by_word, n=3)
    told = dict.fromkeys(_told(place) for known in near for place in by_word[known])
    hint = f"Did you mean {' or '.join(told)}?" if told else "Ids are like FR, US-CA or gcp:europe-west9."
    raise LawError(f"'{wanted}' is not a known region", f"{hint} Or state electricity_price and carbon_intensity")


#: tables of figures of places, whose country may stand in for a part of it
_OF_PLACES = {"wue_on": "water", "wue_off": "water", "residual_intensity": "carbon_market"}


def place_figure(wanted: str, quantity: str) -> Reference | None:
    """Return the latest figure of water or of the residual mix for a region, or for its country; None where neither is known.

    Examples
    --------
    >>> place_figure("FR", "residual_intensity").value
    '17.11 gCO2e/kWh'
    >>> place_figure("CA-QC", "residual_intensity") is None
    True
    """
    if quantity not in _OF_PLACES:
        return None
    try:
        here = region(wanted).id
    except LawError:
        return None
    for place in (here, here.partition("-")[0]):
        rows = [row for row in table(_OF_PLACES[quantity]).rows if (row.name, row.quantity) == (place, quantity)]
        if rows:
            return Reference.of(max(rows, key=lambda row: row.year))
    return None


def figures_of(wanted: str) -> tuple[str, ...]:
    """Return the quantities that a region knows."""
    return (*region(wanted).figures, *(name for name in _OF_PLACES if place_figure(wanted, name)))


def _told(place: Region) -> str:
    return f"{place.id} ({place.name})"


@cache
def exchange_rates() -> Mapping[str, Mapping[int, Reference]]:
    """Return currency -> year -> USD for one unit of it, averaged over the year.

    Examples
    --------
    >>> exchange_rates()["EUR"][2024].value
    '1.0824'
    """
    rates: dict[str, dict[int, Reference]] = {}
    for row in table("exchange_rates").rows:
        rates.setdefault(row.name, {})[row.year] = Reference.of(row)
    return MappingProxyType({currency: MappingProxyType(of_year) for currency, of_year in rates.items()})
