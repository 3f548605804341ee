"""The sections of the run itself: work, hardware, failures, energy, grid, payment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, ValidationInfo, field_validator, model_validator

from simulator.errors import LawError
from simulator.reference import accelerator
from simulator.reference.priors.facts import family_of, month_of
from simulator.reference.priors.kind import Architecture
from simulator.reference.regions import region
from simulator.scenario.currency import FOREIGN, renamed
from simulator.scenario.fields import AS_WRITTEN, Name, Section, Value, ValueOrRule, instance_of, problem
from simulator.scenario.past import History, join, load_history
from simulator.scenario.values import parse_value
from simulator.scenario.zones import ZoneFile, load_zone
from simulator.units import convert, parse_amount

MOST_PHASES = 8  # a test holds it to the kernel's


class Phase(Section):
    """One stretch of a run; what it does not state is that of the whole."""

    name: Name
    tokens: Value
    accelerators: Value | None = None
    mfu: Value | None = None
    sequence_length: Value | None = None


class Priors(Section):
    """What decides the priors of what is not stated: who trains what kind of model, and what was known."""

    organisation: Literal["laboratory", "other"] = "other"
    architecture: Architecture | None = None
    before: str | None = None
    without: tuple[str, ...] = ()

    @field_validator("before")
    @classmethod
    def _a_month(cls, text: str | None) -> str | None:
        try:
            return None if text is None else month_of(text)
        except LawError as error:
            raise problem(error) from None

    @field_validator("without", mode="before")
    @classmethod
    def _several(cls, families: object) -> object:
        return (families,) if isinstance(families, str) else () if families is None else families

    @field_validator("without")
    @classmethod
    def _known(cls, families: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(family_of(text) for text in families)
        except LawError as error:
            raise problem(error) from None


class Workload(Section):
    """How much work: params and tokens, or flop, or device_hours; and how well the hardware is used."""

    params: Value | None = None
    params_active: Value | None = None
    tokens: Value | None = None
    flop: Value | None = None
    device_hours: Value | None = None
    mfu: Value | None = None
    run_overhead: Value | None = None
    layers: Value | None = None
    hidden_size: Value | None = None
    sequence_length: Value | None = None
    phases: tuple[Phase, ...] = ()

    @field_validator("phases")
    @classmethod
    def _distinct(cls, phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
        names = [phase.name for phase in phases]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise problem(LawError(f"{', '.join(twice)} names more than one phase", "Streams of random numbers follow the name"))
        if len(phases) > MOST_PHASES:
            what = f"{len(phases)} phases are stated; a run has {MOST_PHASES} at most"
            raise problem(LawError(what, "Join those that differ least"))
        return phases

    @model_validator(mode="after")
    def _active_among_all(self) -> Workload:
        active, whole = (None if value is None else value.constant for value in (self.params_active, self.params))
        if active is not None and whole is not None and active > whole:
            what = f"params_active = {active:g} are more than params = {whole:g}"
            raise problem(LawError(what, "Those that are active for a token are among all; in a dense model leave params_active out"))
        return self


class Hardware(Section):
    """What the run is done on."""

    accelerator: str | None = None
    accelerators: Value | None = None
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
                raise problem(error) from None
        return name


class Reliability(Section):
    """Interruptions and checkpoints."""

    method: Literal["event_driven", "expected_value"] = "event_driven"
    restart: Literal["interruptible", "immune"] = "interruptible"
    failure_rate: Value | None = None
    failure_rate_accelerator: Value | None = None
    failure_rate_host: Value | None = None
    failure_rate_network: Value | None = None
    failure_rate_software: Value | None = None
    failure_rate_spot: Value | None = None
    failure_rate_planned: Value | None = None
    downtime: Value | None = None
    downtime_accelerator: Value | None = None
    downtime_host: Value | None = None
    downtime_network: Value | None = None
    downtime_software: Value | None = None
    downtime_spot: Value | None = None
    downtime_planned: Value | None = None
    checkpoint_time: Value | None = None
    checkpoint_write_time: Value | None = None
    checkpoint_interval: ValueOrRule | None = None
    spare_nodes: Value | None = None
    repair_time: Value | None = None
    early_failure_ratio: Value | None = None
    early_failure_time: Value | None = None
    straggler_slowdown: Value | None = None
    max_wall_clock: Value | None = None


class Energy(Section):
    """Cooling and electricity."""

    pue: Value | None = None
    operator: Literal["hyperscale", "colocation", "enterprise"] | None = None
    pue_seasonal_amplitude: Value | None = None
    grid_fee: Value | None = None
    demand_charge: Value | None = None
    backup_share: Value | None = None
    backup_price: Value | None = None
    backup_intensity: Value | None = None
    idle_infrastructure_ratio: Value | None = None
    currency: Literal["USD", "EUR", "GBP"] = "USD"
    electricity_price: Value | None = None
    exchange_rate: Value | None = None
    price_year_shift: Value | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_own_currency(cls, data: Any, info: ValidationInfo) -> Any:
        """Read the electricity price in its currency, stated apart or in it: inside, only the exchange rate knows which it is."""
        raw = data.get("electricity_price") if isinstance(data, Mapping) else None
        if not isinstance(raw, (str, Mapping)):
            return data
        named = [code for code in ("USD", *FOREIGN) if renamed(raw, code, "") != raw]
        currency = data.get("currency") or (named[0] if len(named) == 1 else "USD")
        if len(named) == 1 and currency in ("USD", *FOREIGN) and named != [currency]:
            what = f"electricity_price = {raw} is in {named[0]} but energy.currency is {currency}"
            raise problem(LawError(what, "State both in one currency"))
        if currency not in FOREIGN:
            return data
        try:
            value = parse_value(renamed(raw, str(currency), "USD"), "electricity_price", base=(info.context or {}).get("base"))
        except LawError:
            return data  # the field's own validator says what is wrong
        return {**data, "currency": currency, "electricity_price": replace(value, spec=raw)}


class Emissions(Section):
    """The grid, contracted clean energy, and the making of hardware and building."""

    carbon_intensity: Value | None = None
    carbon_year_shift: Value | None = None
    embodied_accelerator: Value | None = None
    embodied_server: Value | None = None
    embodied_network: Value | None = None
    embodied_building: Value | None = None
    matching: Literal["annual", "hourly"] | None = None
    matched_share: Value | None = None
    supply_variability: Value | None = None
    residual_intensity: Value | None = None
    carbon_price: Value | None = None


def _zone(raw: Any, info: ValidationInfo) -> Any:
    if isinstance(raw, ZoneFile):
        return raw
    try:
        return load_zone(str(raw), base=(info.context or {}).get("base"))
    except LawError as error:
        raise problem(error) from None


def _history(raw: Any, info: ValidationInfo) -> Any:
    if isinstance(raw, History):
        return raw
    quantity: Literal["price", "carbon"] = "price" if info.field_name == "price_history" else "carbon"
    try:
        return load_history(raw, quantity, base=(info.context or {}).get("base"))
    except LawError as error:
        raise problem(error) from None


Replayed: TypeAlias = Annotated[History, instance_of(History), BeforeValidator(_history), AS_WRITTEN]


class Grid(Section):
    """Where and when the run draws its power.

    ``zone`` names a reference zone or a file of ``simulator fit``; ``region`` a row of the annual
    tables; the histories are CSV files to replay.
    """

    zone: Annotated[ZoneFile, instance_of(ZoneFile), BeforeValidator(_zone), AS_WRITTEN] | None = None
    region: str | None = None
    price: Literal["annual", "hourly"] | None = None
    carbon: Literal["annual", "hourly"] | None = None
    price_history: Replayed | None = None
    carbon_history: Replayed | None = None
    start_time: Value | None = None
    history_place: Value | None = None

    @model_validator(mode="after")
    def _one_source_each(self) -> Grid:
        for quantity in ("price", "carbon"):
            if getattr(self, quantity) is not None and getattr(self, f"{quantity}_history") is not None:
                raise problem(LawError(f"{quantity} and {quantity}_history are both stated", "Remove one of the two"))
        try:
            join(self.price_history, self.carbon_history)
        except LawError as error:
            raise problem(error) from None
        return self

    @field_validator("region")
    @classmethod
    def _known_region(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                region(name)
            except LawError as error:
                raise problem(error) from None
        return name


def _share(raw: Any) -> Any:
    """Read a share of hours: 0.8 or 80%."""
    hint = "State the share of the hours that stay below the threshold, for example 0.8 or 80%"
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        raise problem(LawError(f"{raw!r} is not a share of hours", hint))
    try:
        share = convert(parse_amount(raw if isinstance(raw, str) else repr(float(raw))), "1")
    except LawError:
        raise problem(LawError(f"{raw!r} is not a share of hours", hint)) from None
    if not 0.0 < share < 1.0:
        near = f"Did you mean {share:g}%?" if 1.0 < share < 100.0 else hint
        raise problem(LawError(f"{raw} is not a share of hours between 0 and 1", near))
    return share


Share: TypeAlias = Annotated[float, BeforeValidator(_share)]


class Pausing(Section):
    """A policy that pauses the run in hours that are dear or dirty.

    ``price_quantile`` and ``carbon_quantile`` state a threshold as a share of the hours of the zone,
    or of the history, before the year's shift.
    """

    price_threshold: Value | None = None
    carbon_threshold: Value | None = None
    price_quantile: Share | None = None
    carbon_quantile: Share | None = None
    minimum_run_time: Value | None = None
    minimum_pause_time: Value | None = None
    pause_time: Value | None = None
    deadline: Value | None = None


class Compute(Section):
    """How the accelerators are paid for."""

    basis: Literal["rent", "own"]
    rental_price: Value | None = None
    provider_spread: Value | None = None
    reserved_share: Value | None = None
    spot_share: Value | None = None
    reserved_discount: Value | None = None
    spot_discount: Value | None = None
    commitment_time: Value | None = None
    price_drift: Value | None = None
    price_jump_rate: Value | None = None
    price_jump_size: Value | None = None
    accelerator_price: Value | None = None
    server_price_ratio: Value | None = None
    interconnect_share: Value | None = None
    depreciation: Literal["cottier2024", "straight_line"] | None = None
    depreciation_rate: Value | None = None
    residual_value: Value | None = None
    service_life: Value | None = None
    fleet_utilization: Value | None = None
    facility_price: Value | None = None
    facility_life: Value | None = None
    maintenance_rate: Value | None = None
    decommissioning_share: Value | None = None
