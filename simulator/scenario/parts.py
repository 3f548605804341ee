"""The parts of the bill and of the footprint: which inputs each reads, and what stands in for them where it is off.

A part is on where the scenario states one of its own inputs, or ``components: {PART: true}``, and off where it says false
or nothing. What is on and not stated takes its sourced default. An input that is off has the value under which its part
comes to nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Part:
    """One part of the bill or of the footprint.

    Attributes
    ----------
    off : mapping of str to float
        Its inputs, each with the value that takes it out.
    shared : tuple of str
        Those of them that other parts read too, so that stating one does not switch this part on.
    basis : {"", "own", "rent"}
        The only basis under which it is paid; where accelerators are rented, much is inside the rent.
    always : bool
        Whether it is on unless it is switched off.
    reads : tuple of str
        Further inputs of the scenario that it needs.
    """

    off: Mapping[str, float]
    shared: tuple[str, ...] = ()
    basis: str = ""
    always: bool = False
    reads: tuple[str, ...] = ()


def _part(basis: str = "", shared: tuple[str, ...] = (), always: bool = False, reads: tuple[str, ...] = (), **off: float) -> Part:
    return Part(MappingProxyType(off), shared, basis, always, reads)


#: components of every run, which can be switched off only
CORE = ("accelerators", "interconnect", "electricity", "operational", "embodied_accelerators", "embodied_servers", "people", "events")

#: by the name of the component that a part makes, or of what it changes
PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "schedule": _part(preparation_time=0.0, evaluation_time=0.0),
        "rental_mix": _part("rent", reserved_share=0.0, spot_share=0.0, reserved_discount=0.0, spot_discount=0.0),
        "provider_spread": _part("rent", provider_spread=1.0),
        "idle_commitment": _part("rent", commitment_time=0.0, reads=("reserved_share", "reserved_discount")),
        "price_path": _part(price_drift=0.0, price_jump_rate=0.0, price_jump_size=0.0),
        "facility": _part("own", shared=("facility_life",), facility_price=0.0, facility_life=1.0),
        "maintenance": _part("own", maintenance_rate=0.0),
        "decommissioning": _part("own", decommissioning_share=0.0),
        "grid_fees": _part("own", grid_fee=0.0),
        "demand_charge": _part("own", demand_charge=0.0),
        "seasonal_pue": _part(pue_seasonal_amplitude=0.0, reads=("start_time",)),
        "backup_generation": _part(backup_share=0.0, backup_price=0.0, backup_intensity=0.0),
        "idle_infrastructure": _part(idle_infrastructure_ratio=0.0),
        "research_compute": _part(research_ratio=1.0),
        "abandoned_runs": _part(abandon_probability=0.0, abandon_point=0.0, abandon_luck=0.0),
        "rollbacks": _part(rollback_rate=0.0, rollback_time=0.0),
        "teacher": _part(teacher_ratio=0.0),
        "data_acquisition": _part(data_acquisition_cost=0.0),
        "data_licences": _part(data_licence_cost=0.0),
        "data_scraping": _part(shared=("raw_data",), raw_data=0.0, scraping_price=0.0),
        "data_cleaning": _part(shared=("raw_data",), raw_data=0.0, cleaning_price=0.0, cleaning_energy=0.0),
        "annotation": _part(annotation_items=0.0, annotation_price=0.0, annotation_passes=0.0),
        "synthetic_data": _part(synthetic_tokens=0.0, synthetic_price=0.0),
        "storage": _part(stored_data=0.0, storage_replicas=1.0, storage_price=0.0, checkpoint_size=0.0, checkpoints_kept=0.0),
        "data_transfer": _part(retrieved_data=0.0, retrieval_price=0.0, egress_data=0.0, egress_price=0.0),
        "networking": _part(networking_cost=0.0, networking_share=0.0),
        "software": _part(software_cost=0.0, software_share=0.0),
        "support": _part(support_cost=0.0, support_share=0.0),
        "insurance": _part(insurance_cost=0.0, insurance_share=0.0),
        "taxes": _part(tax_rate=0.0),
        "carbon_price": _part(carbon_price=0.0),
        "continuous_improvement": _part(
            shared=("discount_rate",),
            improvement_horizon=0.0,
            refresh_interval=math.inf,
            refresh_ratio=0.0,
            refresh_growth=0.0,
            renewal_interval=math.inf,
            renewal_gain=0.0,
            discount_rate=0.0,
        ),
        "matching": _part(matched_share=0.0, supply_variability=0.0),
        "residual_mix": _part(residual_intensity=-1.0),
        "embodied_network": _part(embodied_network=0.0),
        "embodied_building": _part(shared=("facility_life",), embodied_building=0.0, facility_life=1.0),
        "water": _part(always=True, wue_on=0.0, wue_off=0.0),
        "build_or_buy": _part(
            shared=("discount_rate",),
            demand_in=0.0,
            demand_out=0.0,
            demand_growth=0.0,
            api_price_in=0.0,
            api_price_out=0.0,
            api_price_drift=0.0,
            serving_price=0.0,
            buy_horizon=0.0,
            discount_rate=0.0,
        ),
    }
)

#: every optional input with the value under which its part comes to nothing
OFF: Mapping[str, float] = MappingProxyType({name: value for part in PARTS.values() for name, value in part.off.items()})


def switched_off(excluded: Iterable[str]) -> set[str]:
    """Return the inputs that may be stated and are not read, since their parts are switched off by name."""
    return {name for part in excluded if part in PARTS for name in (*PARTS[part].off, *PARTS[part].reads)}


def parts_on(stated: Iterable[str], switches: Mapping[str, bool], basis: str) -> tuple[str, ...]:
    """Return the parts that are on.

    Parameters
    ----------
    stated : iterable of str
        Quantities that the scenario states.
    switches : mapping of str to bool
        What ``components`` says.
    basis : {"rent", "own"}

    Examples
    --------
    >>> parts_on({"tax_rate"}, {"storage": True, "water": False}, "own")
    ('storage', 'taxes')
    """
    stated = set(stated)
    on = []
    for name, part in PARTS.items():
        own = [quantity for quantity in part.off if quantity not in part.shared]
        wished = switches.get(name, part.always or any(quantity in stated for quantity in own))
        if wished and part.basis in ("", basis):
            on.append(name)
    return tuple(on)
