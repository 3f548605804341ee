"""The scenario as closed, frozen pydantic models, one section per subject.

A field named like a quantity of the nomenclature takes a constant or an uncertain value of it;
later subjects (phases of a run, levers, events, budgets) become sections of their own.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetPydanticSchema, PlainSerializer, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError, core_schema

from simulator.errors import LawError
from simulator.quantities import QUANTITIES
from simulator.reference import accelerator
from simulator.scenario.values import UncertainValue, parse_value
from simulator.stochastic.dependence import RankCorrelation

IntervalRule: TypeAlias = Literal["young1974", "daly2006"]


def _problem(error: LawError) -> PydanticCustomError:
    return PydanticCustomError("law", "{what}", {"what": error.what, "way_out": error.way_out})


class Closed(BaseModel):
    """Frozen, and closed to keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _parse_quantity(raw: Any, info: ValidationInfo) -> Any:
    """Parse the value of the quantity that the field is named after."""
    name = str(info.field_name)
    if isinstance(raw, UncertainValue) or (name == "checkpoint_interval" and raw in get_args(IntervalRule)):
        return raw
    try:
        return parse_value(raw, name, base=(info.context or {}).get("base"))
    except LawError as error:
        hint = "Or name a rule: young1974, daly2006" if name == "checkpoint_interval" else error.way_out
        raise _problem(LawError(error.what, hint)) from None


def _instance_of(kind: type) -> GetPydanticSchema:
    """Take an instance as it is: our values are built by validators, and their insides are none of pydantic's business."""
    return GetPydanticSchema(lambda _source, _handler: core_schema.is_instance_schema(kind))


_AS_WRITTEN = PlainSerializer(lambda value: value.spec if isinstance(value, UncertainValue) else value)

#: a constant or an uncertain value of the quantity that the field is named after
Value: TypeAlias = Annotated[UncertainValue, _instance_of(UncertainValue), BeforeValidator(_parse_quantity), _AS_WRITTEN]
ValueOrRule: TypeAlias = Annotated[
    Annotated[UncertainValue, _instance_of(UncertainValue)] | IntervalRule, BeforeValidator(_parse_quantity), _AS_WRITTEN
]


class Section(Closed):
    """A part of a scenario."""


class Workload(Section):
    """How much work: params and tokens, or flop, or device_hours; and how well the hardware is used."""

    params: Value | None = None
    params_active: Value | None = None
    tokens: Value | None = None
    flop: Value | None = None
    device_hours: Value | None = None
    mfu: Value | None = None
    run_overhead: Value | None = None


class Hardware(Section):
    """What the run is done on."""

    accelerator: str | None = None
    accelerators: Value
    accelerators_per_node: Value | None = None
    peak_flops: Value | None = None
    tdp: Value | None = None
    power_fraction: Value | None = None
    idle_power_fraction: Value | None = None
    server_power_ratio: Value | None = None

    @field_validator("accelerator")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                accelerator(name)
            except LawError as error:
                raise _problem(error) from None
        return name


class Reliability(Section):
    """Interruptions and checkpoints."""

    failure_rate: Value | None = None
    downtime: Value | None = None
    checkpoint_time: Value | None = None
    checkpoint_interval: ValueOrRule | None = None


class Energy(Section):
    """Cooling and electricity."""

    pue: Value | None = None
    electricity_price: Value | None = None
    price_year_shift: Value | None = None


class Emissions(Section):
    """The grid and the making of the hardware."""

    carbon_intensity: Value
    carbon_year_shift: Value | None = None
    embodied_accelerator: Value | None = None
    embodied_server: Value | None = None


class Compute(Section):
    """How the accelerators are paid for."""

    basis: Literal["rent", "own"]
    rental_price: Value | None = None
    accelerator_price: Value | None = None
    server_price_ratio: Value | None = None
    interconnect_share: Value | None = None
    depreciation: Literal["cottier2024", "straight_line"] | None = None
    depreciation_rate: Value | None = None
    residual_value: Value | None = None
    service_life: Value | None = None
    fleet_utilization: Value | None = None


def _correlations(raw: Any) -> RankCorrelation:
    if isinstance(raw, RankCorrelation):
        return raw
    shape = "correlations is a list of [INPUT, INPUT, SPEARMAN], for example [[mfu, power_fraction, 0.5]]"
    if not isinstance(raw, list) or any(not isinstance(item, list) or len(item) != 3 for item in raw):
        raise _problem(LawError(shape))
    unknown = sorted(
        {
            str(name)
            for item in raw
            for name in item[:2]
            if not isinstance(name, str) or name not in QUANTITIES or QUANTITIES[name].dimension is None
        }
    )
    if unknown:
        raise _problem(LawError(f"{', '.join(unknown)} is not the name of an input", shape))
    try:
        return RankCorrelation.from_pairs([(a, b, rho) for a, b, rho in raw])
    except LawError as error:
        raise _problem(error) from None


def _pairs(correlation: RankCorrelation) -> list[list[str | float]]:
    names, matrix = correlation.names, correlation.spearman
    return [[names[i], names[j], float(matrix[i][j])] for i in range(len(names)) for j in range(i + 1, len(names))]


class Scenario(Closed):
    """One training run whose cost and emissions are asked about.

    Attributes
    ----------
    name, description : str
    workload, hardware, reliability, energy, emissions, compute : Section
    correlations : RankCorrelation
        Spearman correlations between named inputs.
    """

    name: str
    description: str = ""
    workload: Workload
    hardware: Hardware
    reliability: Reliability = Field(default_factory=Reliability)
    energy: Energy = Field(default_factory=Energy)
    emissions: Emissions
    compute: Compute
    correlations: Annotated[RankCorrelation, _instance_of(RankCorrelation), BeforeValidator(_correlations), PlainSerializer(_pairs)] = (
        Field(default_factory=lambda: RankCorrelation.from_pairs([]))
    )

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
        for section in (self.workload, self.hardware, self.reliability, self.energy, self.emissions, self.compute):
            for name in type(section).model_fields:
                value = getattr(section, name)
                if isinstance(value, UncertainValue):
                    found[name] = value
        return found


SECTIONS: dict[str, type[Section]] = {
    "workload": Workload,
    "hardware": Hardware,
    "reliability": Reliability,
    "energy": Energy,
    "emissions": Emissions,
    "compute": Compute,
}
