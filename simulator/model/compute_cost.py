"""What the accelerators cost, rented or owned."""

from __future__ import annotations

from simulator.jit import jittable
from simulator.stochastic.elementary import exp

_LN10 = 2.302585092994046
_HOURS_PER_YEAR = 8766.0  # as in Cottier et al. (2024)


@jittable
def rent(device_hours: float, rental_price: float) -> float:
    """Return the rent [USD]; electricity is inside.

    Parameters
    ----------
    device_hours : float
        Accelerator-hours held [h].
    rental_price : float
        One device for one hour [USD/h], > 0.
    """
    return device_hours * rental_price


@jittable
def depreciation_cottier2024(wall_clock: float, depreciation_rate: float) -> float:
    """Return the share of its value at the start that hardware loses over the run [1].

    Hardware loses value as the price of performance falls, r orders of magnitude a year:
    1 − 10^{−r t/8766}. Per hour at the start that is r ln 10/8766.

    Parameters
    ----------
    wall_clock : float
        t [h], >= 0.
    depreciation_rate : float
        r [1/yr], > 0; 0.14 (90 % interval 0.10 to 0.18).

    References
    ----------
    Cottier et al. (2024), arXiv:2405.21015, section 2.2.2 and appendix A.

    Examples
    --------
    >>> round(33_750 * depreciation_cottier2024(1.0, 0.14), 3)
    1.241
    >>> round(33_750 * depreciation_cottier2024(8766.0, 0.14) / 8766, 3)
    1.061
    """
    return 1.0 - exp(-depreciation_rate * (_LN10 / _HOURS_PER_YEAR) * wall_clock)


@jittable
def depreciation_straight_line(wall_clock: float, service_life: float, residual_value: float) -> float:
    """Return the share of its price that hardware loses over the run, written off evenly [1].

    Parameters
    ----------
    wall_clock, service_life : float
        [h], > 0. A run longer than the service life replaces hardware at the same price.
    residual_value : float
        Value at the end of the service life / price [1], in [0, 1).

    Examples
    --------
    >>> depreciation_straight_line(100.0, 1000.0, 0.2)
    0.08
    """
    return (1.0 - residual_value) * wall_clock / service_life


@jittable
def owned_hardware(
    accelerators: float, accelerator_price: float, server_price_ratio: float, depreciation: float, fleet_utilization: float
) -> float:
    """Return the cost of the servers for the run [USD].

    Parameters
    ----------
    accelerators : float
        n [1], >= 1.
    accelerator_price : float
        One device at the start of the run [USD], > 0.
    server_price_ratio : float
        Whole server / its devices [1], >= 1; 1 where the device price is a server price divided.
    depreciation : float
        Share of the value lost over the run [1].
    fleet_utilization : float
        Share of its life for which hardware is held by some job [1], in (0, 1]: idle time is paid
        for by the jobs.
    """
    return accelerators * accelerator_price * server_price_ratio * depreciation / fleet_utilization


@jittable
def interconnect(hardware: float, interconnect_share: float) -> float:
    """Return the cost of the interconnect [USD], a share of the cluster's cost.

    Parameters
    ----------
    hardware : float
        Cost of the servers [USD].
    interconnect_share : float
        Interconnect / (servers + interconnect) [1], in [0, 1); 0.19.

    References
    ----------
    Cottier et al. (2024), arXiv:2405.21015, section 2.2.1.

    Examples
    --------
    >>> round(1.241 + interconnect(1.241, 0.19), 3)
    1.532
    """
    return hardware * interconnect_share / (1.0 - interconnect_share)


@jittable
def electricity(energy: float, electricity_price: float) -> float:
    """Return the cost of electricity [USD] for the facility's energy [kWh] at a price [USD/kWh]."""
    return energy * electricity_price
