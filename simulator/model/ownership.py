"""What owned accelerators cost beside their own loss of value: building, maintenance, end of life."""

from __future__ import annotations

from simulator.jit import jittable

HOURS_PER_YEAR = 8766.0


@jittable
def facility(rated_power: float, facility_price: float, wall_clock: float, facility_life: float, fleet_utilization: float) -> float:
    """Return the run's share of the data centre without its servers [USD], written off evenly.

    Parameters
    ----------
    rated_power : float
        Rated IT power of what the run holds [kW].
    facility_price : float
        [USD/kW], >= 0.
    wall_clock, facility_life : float
        [h], > 0.
    fleet_utilization : float
        Share of its life for which hardware is held by some job [1], in (0, 1].

    References
    ----------
    Epoch AI (2026), AI data centre cost breakdown: facility over 14 years, IT over 5.

    Examples
    --------
    >>> facility(1000.0, 14_000.0, 8766.0, 14 * 8766.0, 1.0)
    1000000.0
    """
    return rated_power * facility_price * wall_clock / (facility_life * fleet_utilization)


@jittable
def maintenance(hardware_price: float, maintenance_rate: float, wall_clock: float, fleet_utilization: float) -> float:
    """Return the run's share of maintenance [USD].

    Parameters
    ----------
    hardware_price : float
        Price of the servers that the run holds [USD].
    maintenance_rate : float
        [1/yr], >= 0.
    wall_clock : float
        [h]
    fleet_utilization : float
        [1], in (0, 1].

    Examples
    --------
    >>> maintenance(1e6, 0.05, 8766.0, 1.0)
    50000.0
    """
    return hardware_price * maintenance_rate * wall_clock / (HOURS_PER_YEAR * fleet_utilization)


@jittable
def decommissioning(
    hardware_price: float, decommissioning_share: float, wall_clock: float, service_life: float, fleet_utilization: float
) -> float:
    """Return the run's share of taking its servers out of service [USD].

    Parameters
    ----------
    hardware_price : float
        [USD]
    decommissioning_share : float
        Of the price [1], in [0, 1).
    wall_clock, service_life : float
        [h]
    fleet_utilization : float
        [1], in (0, 1].

    Examples
    --------
    >>> decommissioning(1e6, 0.02, 1000.0, 10_000.0, 1.0)
    2000.0
    """
    return hardware_price * decommissioning_share * wall_clock / (service_life * fleet_utilization)
