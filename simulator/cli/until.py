"""``--until "cost_total p95 ± 0.5%"``."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import click
import xarray as xr
from click.core import ParameterSource

from simulator.analysis.statistic import parse_statistic
from simulator.analysis.stopping import until
from simulator.analysis.stopping.precision import Target
from simulator.analysis.stopping.stopping import Look
from simulator.analysis.stopping.until import require_random
from simulator.errors import InputError, LawError
from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.scenario import Scenario
from simulator.units import convert, parse_amount

_CONFIDENCE = 0.95
_FORM = "NAME STATISTIC ± WIDTH; for example 'cost_total p95 ± 0.5%' or 'energy mean ± 20 MWh'"


def parse(text: str, outputs: Sequence[str]) -> Target:
    """Parse ``NAME STATISTIC ± WIDTH``; a width in per cent is one of the statistic itself.

    Parameters
    ----------
    text : str
    outputs : sequence of str
        Names that the result will have, as the bands have them.

    Raises
    ------
    InputError
        Unknown output, statistic or unit; a width that is not positive.

    Examples
    --------
    >>> parse("cost_total p95 +- 20k USD", ["cost_total"])
    Target(output='cost_total', probability=0.95, width=20000.0, relative=False)
    >>> parse("energy mean ± 0.5%", ["energy"])
    Target(output='energy', probability=None, width=0.005, relative=True)
    """
    stated, *widths = re.split(r"±|\+/?-", text, maxsplit=1)
    where = f"--until '{text}'"
    if not widths:
        raise InputError(f"{where} is not {_FORM}")
    statistic, width = parse_statistic(stated, outputs, where=where, form=_FORM, kinds=("mean", "percentile")), widths[0].strip()
    try:
        amount = parse_amount(width)
        relative = amount.unit in ("%", "percent")
        size = convert(amount, "1") if relative else QUANTITIES[statistic.output.partition("[")[0]].parse(width)
        return Target(statistic.output, None if statistic.kind == "mean" else statistic.probability, size, relative)
    except (LawError, InputError) as error:
        raise InputError(f"{where}: {error}") from None


def parse_all(texts: Sequence[str], plan: str, outputs: Sequence[str]) -> list[Target]:
    """Parse what to draw until, of a plan that allows it; see :func:`parse`."""
    require_random(plan)
    return [parse(text, outputs) for text in texts]


def most_draws(scenario: Scenario, draws: int) -> int:
    """Return how many draws are allowed: those that the user states, else what a machine holds."""
    stated = click.get_current_context().get_parameter_source("draws") is not ParameterSource.DEFAULT
    return draws if stated else until.most_draws(scenario)


def search(
    scenario: Scenario, plan: SamplingPlan, targets: Sequence[Target], confidence: float | None, progress: Callable[..., None]
) -> xr.Dataset:
    """Draw until all targets are reached, and show how far off they are."""

    def tell(done: int, look: Look | None) -> None:
        if look is None:  # nothing is known of the number of draws yet
            progress(done)
        else:
            progress(done, look.expected, _farthest(look), f"left of {look.expected:,} draws".replace(",", " "))

    return until.simulate_until(scenario, plan, targets, confidence=_CONFIDENCE if confidence is None else confidence, progress=tell)


def _farthest(look: Look) -> str:
    """Return the target that is farthest off: ``cost_total p95 ± 0.72 of 0.5 %``."""
    farthest = max(look.achieved, key=lambda p: p.excess)
    if not farthest.target.relative:
        return f"{farthest.target.statistic} ± {farthest.half_width:.3g} of {farthest.target.width:.3g}"
    share = farthest.half_width / abs(farthest.value) if farthest.value else math.inf
    return f"{farthest.target.statistic} ± {100 * share:.2g} of {100 * farthest.target.width:.3g} %"


def tell_verdict(results: xr.Dataset) -> None:
    """Tell on stderr what was reached and what was not."""
    told = json.loads(results.attrs["until"])
    draws = f"{results.attrs['draws']:,}".replace(",", " ")
    for target in told["targets"]:
        click.echo(f"{'reached' if target['reached'] else 'NOT reached'} after {draws} draws: {_achieved(target)}", err=True)
    if not told["reached"] and results.attrs["draws"] == told["most"]:
        click.echo(f"note: these are the most draws allowed ({told['most']}); more --draws narrow what is not reached", err=True)


def _achieved(target: dict[str, Any]) -> str:
    """Return a target and what its statistic is known to be."""
    if target["value"] is None or target["half_width"] is None:
        return f"{target['target']}: {target['missing']}"
    unit = "" if target["unit"] == "1" else f" {target['unit']}"
    reach = f"{target['half_width']:.3g}{unit}"
    if target["relative"] and target["value"]:
        reach = f"{100 * target['half_width'] / abs(target['value']):.2g} %"
    elif target["relative"] and target["half_width"]:
        reach += "; of 0 no share is a width, so state one in its unit"
    return f"{target['target']}{'' if target['relative'] else unit}: it is {target['value']:.6g}{unit} ± {reach}"
