"""Operational (location-based) and embodied emissions."""

from __future__ import annotations

from simulator.jit import jittable


@jittable
def operational(energy: float, carbon_intensity: float) -> float:
    """Return the location-based operational emissions [kgCO2e].

    Parameters
    ----------
    energy : float
        Facility energy [kWh], so that cooling emits too.
    carbon_intensity : float
        Of the grid, average [kgCO2e/kWh].

    References
    ----------
    Patterson et al. (2021), arXiv:2104.10350, section 2.4. Accounting base: GHG Protocol, Scope 2
    Guidance (2015), location-based method.

    Examples
    --------
    >>> operational(1000.0, 0.4)
    400.0
    """
    return energy * carbon_intensity


@jittable
def embodied(device_hours: float, embodied_per_device: float, service_life: float, fleet_utilization: float) -> float:
    """Return the share of the hardware's embodied emissions that falls to the run [kgCO2e].

    H E / (L u): hardware is written off over the hours for which it works.

    Parameters
    ----------
    device_hours, service_life : float
        H and L [h], > 0.
    embodied_per_device : float
        E, of one device, or of one device's share of its server or of the network [kgCO2e], >= 0.
    fleet_utilization : float
        u [1], in (0, 1].

    References
    ----------
    Luccioni et al. (2022), arXiv:2211.02001, section 4.1 (6 years at 85 % use); Green Software
    Foundation, Software Carbon Intensity (ISO/IEC 21031:2024), M = TE·TR/EL.

    Examples
    --------
    >>> embodied(800.0, 150.0 + 2500.0 / 8, 10000.0, 1.0)
    37.0
    """
    return device_hours * embodied_per_device / (service_life * fleet_utilization)


@jittable
def embodied_facility(
    rated_power: float, embodied_building: float, wall_clock: float, facility_life: float, fleet_utilization: float
) -> float:
    """Return the share of the building's embodied emissions that falls to the run [kgCO2e].

    Parameters
    ----------
    rated_power : float
        Rated IT power of what the run holds [kW].
    embodied_building : float
        [kgCO2e/kW], >= 0.
    wall_clock, facility_life : float
        [h], > 0.
    fleet_utilization : float
        [1], in (0, 1].

    Examples
    --------
    >>> embodied_facility(1000.0, 600.0, 1000.0, 100_000.0, 1.0)
    6000.0
    """
    return rated_power * embodied_building * wall_clock / (facility_life * fleet_utilization)
