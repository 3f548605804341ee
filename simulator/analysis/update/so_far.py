"""What every draw of a run has come to at a time: held, done, used, paid and emitted, exactly as in its whole history."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.engine import Draws
from simulator.errors import InputError
from simulator.kernels.ledger.book import COSTS, EMISSIONS, EMITTED_OF_RUN, OF_RUN
from simulator.kernels.slots import BREAKS_NODE, CLASSES, PLANNED
from simulator.plan import SamplingPlan
from simulator.scenario import Input, Resolved, parse_value

Floats = NDArray[np.float64]
Drawn = Mapping[str, Floats]


class SoFar:
    """The runs of a plan, and what they have come to at any time.

    A run of ``event_driven`` method is played again and stopped at that time: the same draw, the same failures, the same weather.
    One of ``expected_value`` has no history: every hour of it is alike.

    Parameters
    ----------
    resolved : Resolved
    plan : SamplingPlan
    inputs, outputs : mapping of str to ndarray, shape (draws,)
        Of the whole runs: what ``engine.Draws`` plays.

    Raises
    ------
    InputError
        For stated device-hours on an uncertain number of accelerators or in phases, whose length cannot be stated.
    """

    def __init__(self, resolved: Resolved, plan: SamplingPlan, inputs: Drawn, outputs: Drawn) -> None:
        self._resolved, self._plan, self._inputs, self._outputs = resolved, plan, inputs, outputs

    def at(self, hours: float, progress: Callable[[int], None] | None = None) -> dict[str, Floats]:
        """Return the state of every draw at a time; a run that has ended stays at what it came to.

        Parameters
        ----------
        hours : float
            Since the start [h], > 0.
        progress : callable, optional
            Called with the number of draws done.

        Returns
        -------
        dict of ndarray, shape (draws,)
            ``device_hours`` [h], ``progress`` [share of the work that is done and saved; NaN for a run that is stopped before its work
            is done, whose share is not known], ``tokens`` (where each run has a number of them), ``energy`` [kWh], ``spend`` [USD] and
            ``emissions`` [kgCO2e] of the run's own compute, and ``interruptions``: the number expected of a run with this rate that
            was exposed as long.
        """
        if "time_spent[productive]" not in self._outputs:
            return self._in_expectation(hours)
        stopped = Draws(self._stopped_at(hours), self._plan).play(0, self._plan.draws, progress)[1]
        ended = self._outputs["wall_clock"] <= hours

        def of(name: str) -> Floats:
            return np.where(ended, self._outputs[name], stopped[name])

        whole = np.where(self._outputs["completed"] == 0.0, np.nan, self._outputs["time_spent[productive]"])
        done = of("time_spent[productive]") / whole
        if self._resolved.choices.work == "device_hours":  # which hold every loss
            done = of("wall_clock") / self._outputs["wall_clock"]
        exposed = of("wall_clock") - of("time_spent[waiting]") - of("time_spent[paused]")
        if self._resolved.choices.restart == "immune":
            exposed = exposed - of("time_spent[down]")
        nodes = np.ceil(of("device_hours") / of("wall_clock") / self._input("accelerators_per_node") - _WHOLE)
        return self._state(of, done, self._failures(nodes, exposed))

    def _stopped_at(self, hours: float) -> Resolved:
        """Return the scenario whose runs are stopped at a time."""
        inputs = self._resolved.inputs
        if self._resolved.choices.work != "device_hours":
            stop = Input(parse_value(hours, "max_wall_clock"))
            return replace(self._resolved, inputs={**inputs, "max_wall_clock": stop})
        devices = inputs["accelerators"].value.constant
        if devices is None or self._resolved.phases:
            raise InputError(
                "device_hours are stated on an uncertain number of accelerators or in phases, and what a run has come to at a time is not "
                "known. State flop or tokens in their place, or a certain number of accelerators"
            )
        return replace(self._resolved, inputs={**inputs, "device_hours": Input(parse_value(hours * devices, "device_hours"))})

    def _in_expectation(self, hours: float) -> dict[str, Floats]:
        share = np.minimum(hours / self._outputs["wall_clock"], 1.0)
        state = self._state(lambda name: share * self._outputs[name], share, share * self._outputs["interruptions"])
        if self._resolved.choices.basis == "own":  # hardware loses more of its value in its first hours
            del state["spend"]
        return state

    def _state(self, of: Callable[[str], Floats], done: Floats, failures: Floats) -> dict[str, Floats]:
        costs = (*COSTS[:OF_RUN], "rollbacks")
        emitted = (*EMISSIONS[:EMITTED_OF_RUN], "rollbacks")
        state = {
            "device_hours": of("device_hours"),
            "progress": done,
            "energy": of("energy"),
            "spend": np.sum([of(f"cost[{name}]") for name in costs], axis=0),
            "emissions": np.sum([of(f"emissions[{name}]") for name in emitted], axis=0),
            "interruptions": failures,
        }
        if "tokens" in self._resolved.inputs and not self._resolved.phases:
            state["tokens"] = done * self._input("tokens")
        return state

    def _failures(self, nodes: Floats, exposed: Floats) -> Floats:
        """Return the cumulative hazard of all unplanned interruptions, which their number is Poisson about."""
        total = np.zeros_like(exposed)
        for c, name in enumerate(CLASSES):
            rate = "failure_rate" if c == 0 else f"failure_rate_{name}"
            if c == PLANNED or rate not in self._resolved.inputs:
                continue
            hours = exposed
            if BREAKS_NODE[c] and "early_failure_ratio" in self._resolved.inputs:
                ratio, settling = self._input("early_failure_ratio"), self._input("early_failure_time")
                hours = exposed - (ratio - 1.0) * settling * np.expm1(-exposed / settling)
            total = total + self._input(rate) * nodes * hours / _HOURS_OF_1000_DAYS
        return total

    def _input(self, name: str) -> Floats:
        constant = self._resolved.inputs[name].value.constant
        return self._inputs[name] if name in self._inputs else np.asarray(math.nan if constant is None else constant)


_HOURS_OF_1000_DAYS = 24_000.0
_WHOLE = 1e-9  # of a node, by which a quotient of whole numbers may be off
