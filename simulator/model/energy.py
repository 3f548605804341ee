"""Energy of the IT equipment and of the facility."""

from __future__ import annotations

from simulator.jit import jittable


@jittable
def it_power(accelerators: float, tdp: float, power_fraction: float, server_power_ratio: float) -> float:
    """Return the IT power of the job while it trains [kW].

    Parameters
    ----------
    accelerators : float
        n [1], >= 1.
    tdp : float
        Rated power of one device [W], > 0.
    power_fraction : float
        Draw under training load / tdp [1], in (0, 1.2].
    server_power_ratio : float
        Whole server and its network / its devices [1], >= 1.

    References
    ----------
    Cottier et al. (2024), arXiv:2405.21015, appendix on energy: the same chain.

    Examples
    --------
    >>> round(it_power(8, 700, 0.75, 1.82), 3)
    7.644
    """
    return accelerators * tdp * power_fraction * server_power_ratio * 0.001


@jittable
def it_energy(power: float, hours_up: float, hours_down: float, idle_power_fraction: float) -> float:
    """Return the IT energy of the run [kWh]: full power while up, a fraction while down.

    Parameters
    ----------
    power : float
        IT power while training [kW].
    hours_up, hours_down : float
        [h], >= 0.
    idle_power_fraction : float
        Power while down / power while training [1], in [0, 1].

    Examples
    --------
    >>> it_energy(10.0, 90.0, 10.0, 0.4)
    940.0
    """
    return power * (hours_up + idle_power_fraction * hours_down)


@jittable
def facility_energy(energy_it: float, pue: float) -> float:
    """Return the energy that the facility draws for the IT energy [kWh]; pue >= 1.

    Examples
    --------
    >>> facility_energy(1000.0, 1.1)
    1100.0
    """
    return pue * energy_it
