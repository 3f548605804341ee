"""Energy of the IT equipment and of the facility."""

from __future__ import annotations

import math

from simulator.jit import jittable

_PI_PER_YEAR = math.pi / 8766.0
_HOTTEST = 202.5 * 24.0  # hours after New Year: 21 July, a month after the solstice


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


@jittable
def mean_pue(pue: float, amplitude: float, start_time: float, wall_clock: float) -> float:
    """Return the mean PUE over the hours of a run [1], at least 1.

    PUE follows the outdoor temperature: pue + A cos(2π (t − t_hot)/year), with t_hot in late July, when air is warmest on the
    northern continents. A negative amplitude is the southern hemisphere's.

    Parameters
    ----------
    pue : float
        Mean of the year [1], >= 1.
    amplitude : float
        A [1].
    start_time : float
        Start of the run [h since 1970-01-01T00:00Z].
    wall_clock : float
        [h], > 0.

    Examples
    --------
    >>> round(mean_pue(1.2, 0.05, 202 * 24.0, 24.0), 4), round(mean_pue(1.2, 0.05, 0.0, 8766.0), 4)
    (1.25, 1.2)
    """
    half = _PI_PER_YEAR * wall_clock
    phase = 2.0 * _PI_PER_YEAR * (start_time + 0.5 * wall_clock - _HOTTEST)
    shape = math.sin(half) / half if half > 0.0 else 1.0 + 0.0 * half
    mean = pue + amplitude * math.cos(phase) * shape
    return 1.0 if mean < 1.0 else mean
