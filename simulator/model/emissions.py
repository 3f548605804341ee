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
def embodied(
    device_hours: float,
    embodied_accelerator: float,
    embodied_server: float,
    accelerators_per_node: float,
    service_life: float,
    fleet_utilization: float,
) -> float:
    """Return the share of the hardware's embodied emissions that falls to the run [kgCO2e].

    H (E_a + E_s/g) / (L u): hardware is written off over the hours for which it works.

    Parameters
    ----------
    device_hours, service_life : float
        H and L [h], > 0.
    embodied_accelerator, embodied_server : float
        E_a and E_s, one device and one server without its devices [kgCO2e], >= 0.
    accelerators_per_node : float
        g [1], >= 1.
    fleet_utilization : float
        u [1], in (0, 1].

    References
    ----------
    Luccioni et al. (2022), arXiv:2211.02001, section 4.1 (6 years at 85 % use); Green Software
    Foundation, Software Carbon Intensity (ISO/IEC 21031:2024), M = TE·TR/EL.

    Examples
    --------
    >>> embodied(800.0, 150.0, 2500.0, 8.0, 10000.0, 1.0)
    37.0
    """
    return device_hours * (embodied_accelerator + embodied_server / accelerators_per_node) / (service_life * fleet_utilization)
