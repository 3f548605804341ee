"""The scenario as closed, frozen pydantic models, one section per subject.

A field named like a quantity of the nomenclature takes a constant or an uncertain value of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, field_validator

from simulator.errors import LawError
from simulator.quantities import QUANTITIES
from simulator.scenario.fields import Closed, Name, Section, Text, instance_of, problem
from simulator.scenario.parts import CORE, PARTS
from simulator.scenario.programme import Buying, Data, Event, Improvement, Limits, PersonClass, Programme, Water, distinct
from simulator.scenario.sections import Compute, Emissions, Energy, Grid, Hardware, Pausing, Priors, Reliability, Workload
from simulator.scenario.values import UncertainValue
from simulator.stochastic.dependence import RankCorrelation


def _correlations(raw: Any) -> RankCorrelation:
    if isinstance(raw, RankCorrelation):
        return raw
    shape = "correlations is a list of [INPUT, INPUT, SPEARMAN], for example [[mfu, power_fraction, 0.5]]"
    if not isinstance(raw, list) or any(not isinstance(item, list) or len(item) != 3 for item in raw):
        raise problem(LawError(shape))
    unknown = sorted(
        {
            str(name)
            for item in raw
            for name in item[:2]
            if not isinstance(name, str) or name not in QUANTITIES or QUANTITIES[name].dimension is None
        }
    )
    if unknown:
        raise problem(LawError(f"{', '.join(unknown)} is not the name of an input", shape))
    try:
        return RankCorrelation.from_pairs([(a, b, rho) for a, b, rho in raw])
    except LawError as error:
        raise problem(error) from None


def _pairs(correlation: RankCorrelation) -> list[list[str | float]]:
    names, matrix = correlation.names, correlation.spearman
    return [[names[i], names[j], float(matrix[i][j])] for i in range(len(names)) for j in range(i + 1, len(names))]


class Scenario(Closed):
    """One training run whose cost and emissions are asked about.

    Attributes
    ----------
    name, description : str
    priors, workload, hardware, reliability, energy, emissions, grid, pausing, compute : Section
    programme, data, water, improvement, buying : Section
    people : tuple of PersonClass
    events : tuple of Event
    levers : tuple of str
        Names, with their arguments, of the levers that are pulled.
    limits : Limits
    components : mapping of str to bool
        Components that are switched on, with their defaults, or off.
    correlations : RankCorrelation
        Spearman correlations between named inputs.
    """

    name: Name
    description: Text = ""
    priors: Priors = Field(default_factory=Priors)
    workload: Workload
    hardware: Hardware
    reliability: Reliability = Field(default_factory=Reliability)
    energy: Energy = Field(default_factory=Energy)
    emissions: Emissions = Field(default_factory=Emissions)
    grid: Grid = Field(default_factory=Grid)
    pausing: Pausing | None = None
    compute: Compute
    programme: Programme = Field(default_factory=Programme)
    data: Data = Field(default_factory=Data)
    people: tuple[PersonClass, ...] = ()
    water: Water = Field(default_factory=Water)
    improvement: Improvement = Field(default_factory=Improvement)
    buying: Buying = Field(default_factory=Buying)
    events: tuple[Event, ...] = ()
    levers: tuple[str, ...] = ()
    limits: Limits = Field(default_factory=Limits)
    components: dict[str, bool] = Field(default_factory=dict)
    correlations: Annotated[RankCorrelation, instance_of(RankCorrelation), BeforeValidator(_correlations), PlainSerializer(_pairs)] = Field(
        default_factory=lambda: RankCorrelation.from_pairs([])
    )

    @field_validator("people")
    @classmethod
    def _classes(cls, people: tuple[PersonClass, ...]) -> tuple[PersonClass, ...]:
        return distinct(people, "class of people")

    @field_validator("events")
    @classmethod
    def _register(cls, events: tuple[Event, ...]) -> tuple[Event, ...]:
        return distinct(events, "event")

    @field_validator("components")
    @classmethod
    def _known_components(cls, switches: dict[str, bool]) -> dict[str, bool]:
        known = [*CORE, *PARTS]
        for name in switches:
            if name not in known:
                near = get_close_matches(name, known, n=3) or known
                raise problem(LawError(f"{name} is not a component", f"Did you mean {' or '.join(near)}?"))
        return switches

    def to_data(self) -> dict[str, Any]:
        """Return what was stated, as plain data that ``parse_scenario`` reads back to an equal scenario."""
        return self.model_dump(exclude_unset=True)

    def to_yaml(self) -> str:
        """Return what was stated, as YAML 1.2."""
        from simulator.scenario.text import dump_yaml  # noqa: PLC0415 - the parser is needed here only

        return dump_yaml(self.to_data())

    def values(self) -> dict[str, UncertainValue]:
        """Return every stated quantity by name."""
        found: dict[str, UncertainValue] = {}
        for section_name, section in SECTIONS.items():
            for name in section.model_fields:
                value = getattr(getattr(self, section_name), name, None)
                if isinstance(value, UncertainValue):
                    found[name] = value
        return found


SECTIONS: dict[str, type[Section]] = {
    "priors": Priors,
    "workload": Workload,
    "hardware": Hardware,
    "reliability": Reliability,
    "energy": Energy,
    "emissions": Emissions,
    "grid": Grid,
    "pausing": Pausing,
    "compute": Compute,
    "programme": Programme,
    "data": Data,
    "water": Water,
    "improvement": Improvement,
    "buying": Buying,
}

#: section that each quantity belongs to
HOMES: Mapping[str, str] = MappingProxyType({name: section for section, model in SECTIONS.items() for name in model.model_fields})
