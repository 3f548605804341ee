"""Market-based accounting: contracted clean energy against the energy that is used."""

from __future__ import annotations

import math

from simulator.jit import jittable
from simulator.stochastic.elementary import log

_SQRT1_2 = 0.7071067811865476


@jittable
def matched_annually(matched_share: float) -> float:
    """Return the share of the energy that clean energy of the same year covers [1]: no more than all.

    Examples
    --------
    >>> matched_annually(0.7), matched_annually(1.2)
    (0.7, 1.0)
    """
    return 1.0 if matched_share > 1.0 else matched_share


@jittable
def matched_hourly(matched_share: float, supply_variability: float) -> float:
    """Return the share of the energy that clean energy of the same hour covers [1].

    Supply in an hour is the volume times a lognormal factor of mean 1 and log sd σ, the load is constant:
    E min(1, m s) = m Φ((−ln m − σ²/2)/σ) + Φ((ln m − σ²/2)/σ), which never exceeds min(1, m). That supply is lognormal is
    a judgement; σ = 0.9 covers 65 % at full volume.

    Parameters
    ----------
    matched_share : float
        m, contracted energy / energy used [1], >= 0.
    supply_variability : float
        σ [1], >= 0; 0 is supply that follows the load.

    Examples
    --------
    >>> round(matched_hourly(1.0, 0.9), 3), matched_hourly(0.5, 0.0)
    (0.653, 0.5)
    """
    if not matched_share > 0.0 or not supply_variability > 0.0:
        return matched_annually(matched_share) + 0.0 * supply_variability
    mean, half = log(matched_share), 0.5 * supply_variability * supply_variability
    below = 0.5 * math.erfc((mean + half) / supply_variability * _SQRT1_2)
    return matched_share * below + 0.5 * math.erfc((half - mean) / supply_variability * _SQRT1_2)


@jittable
def market_based(grid_emissions: float, energy: float, matched: float, residual_intensity: float) -> float:
    """Return market-based operational emissions [kgCO2e]: what is not matched, at the residual mix.

    Parameters
    ----------
    grid_emissions : float
        Location-based [kgCO2e].
    energy : float
        Taken from the grid [kWh].
    matched : float
        Share that is matched [1], at no emissions.
    residual_intensity : float
        [kgCO2e/kWh]; negative where no residual mix is known, and the location's average stands in.

    References
    ----------
    GHG Protocol, Scope 2 Guidance (2015), sections 6.5 and 6.11 (the hierarchy of emission factors).

    Examples
    --------
    >>> market_based(400.0, 1000.0, 0.75, 0.5), market_based(400.0, 1000.0, 0.75, -1.0)
    (125.0, 100.0)
    """
    at_residual_mix = energy * residual_intensity + 0.0 * grid_emissions  # what is not known stays so
    return (1.0 - matched) * (grid_emissions if residual_intensity < 0.0 else at_residual_mix)
