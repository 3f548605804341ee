"""Water used on site and to make the electricity."""

from __future__ import annotations

from simulator.jit import jittable


@jittable
def on_site(energy_it: float, wue_on: float) -> float:
    """Return water used on site [L]; the effectiveness is per kWh of IT energy, not of facility energy.

    References
    ----------
    Li et al. (2023), arXiv:2304.03271, section 3; The Green Grid, white paper 35 (2011): WUE.

    Examples
    --------
    >>> on_site(1000.0, 0.5)
    500.0
    """
    return energy_it * wue_on


@jittable
def off_site(energy: float, wue_off: float) -> float:
    """Return water used to make the facility's electricity [L].

    Examples
    --------
    >>> off_site(1100.0, 2.0)
    2200.0
    """
    return energy * wue_off
