"""A scenario whose draws can be shifted: its independent normal scores, and its inputs' laws read at shifted scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from simulator.analysis.rare.importance import Mixture
from simulator.engine import Draws
from simulator.errors import InputError
from simulator.plan import SamplingPlan
from simulator.scenario import Resolved
from simulator.scenario.values import UncertainValue
from simulator.stochastic.laws import Law
from simulator.stochastic.philox import philox_words
from simulator.stochastic.streams import stream_key
from simulator.stochastic.tabulate import Kind, QuantileTable

_APART = 64  # draws d and d + 64 of each 128 share a generator call: see ``kernels.scores``
_CHUNK = 2**26  # bytes of draws that are kept at a time

Floats = NDArray[np.float64]


class Part(NamedTuple):
    """Draws that come from one law of a mixture.

    Attributes
    ----------
    law : int
        Its number, 0 for the plain one.
    scores : ndarray, shape (n, d)
        Independent ones, with their shift.
    inputs, outputs : dict of str to ndarray, shape (n,)
        As :meth:`simulator.engine.Draws.play` returns them.
    """

    law: int
    scores: Floats
    inputs: dict[str, Floats]
    outputs: dict[str, Floats]


class ScoreSpace:
    r"""The independent normal scores that a scenario's inputs are drawn from.

    An input whose score is shifted by :math:`\mu` has the quantile function :math:`z \mapsto Q(z + \mu)`. Correlated inputs read
    :math:`L z`, so that independent scores shifted by :math:`\mu` shift theirs by :math:`L \mu`. Failures, weather and the later
    price of accelerators are no inputs and stay as they are.

    Parameters
    ----------
    resolved : Resolved
    plan : SamplingPlan
        Random draws; how many does not matter.

    Attributes
    ----------
    names : tuple of str
        Streams of the scores, length d.
    drawn : tuple of str
        Those of them that are read by an uncertain input.
    """

    def __init__(self, resolved: Resolved, plan: SamplingPlan) -> None:
        if plan.plan != "random":
            raise InputError(f"plan = {plan.plan!r} has no independent draws to weigh; importance sampling takes plan = 'random'")
        self._resolved, self._plan = resolved, plan
        streams = {place: item.stream for place, item in resolved.inputs.items()}
        self.drawn = tuple(streams[place] for place, item in resolved.inputs.items() if item.value.table is not None)
        correlated = [streams.get(name, name) for name in resolved.correlations.names]
        self.names = tuple(dict.fromkeys([*self.drawn, *correlated]))
        self._mixing = np.eye(len(self.names))
        places = [self.names.index(name) for name in correlated]
        if places:
            self._mixing[np.ix_(places, places)] = resolved.correlations.factor
        keys = [stream_key(seed=plan.seed, purpose="draw", name=name) for name in self.names]
        self._keys = np.array(keys, dtype=np.uint64)

    def scores(self, low: int, high: int) -> Floats:
        """Return the scores of draws ``low`` to ``high`` - 1 without any shift, shape (high - low, d)."""
        x = uniforms(self._keys, low, high)
        return np.asarray(np.copysign(ndtri(0.5 * (1.0 - np.abs(x))), x))

    def of_inputs(self, scores: Floats) -> Floats:
        """Return the scores of the inputs as each reads its own, correlations included: same shape."""
        return scores @ self._mixing.T

    def shifted(self, shift: Floats) -> Draws:
        """Return the draws whose independent scores are shifted, shape (d,)."""
        by_stream = dict(zip(self.names, self._mixing @ shift, strict=True))
        inputs = {
            place: item if item.value.table is None else replace(item, value=shifted_value(item.value, float(by_stream[item.stream])))
            for place, item in self._resolved.inputs.items()
        }
        return Draws(replace(self._resolved, inputs=inputs), self._plan)

    def play(self, mixture: Mixture, first: int, size: int | None = None, progress: Callable[[int], None] | None = None) -> Iterator[Part]:
        """Play the draws of a mixture from number ``first`` on, law by law, at most ``size`` at a time, or what fits into 64 MiB."""
        low = first
        for law, count in enumerate(mixture.counts.tolist()):
            shift = mixture.shifts[law - 1] if law else np.zeros(len(self.names))
            if not count:
                continue
            draws, end = self.shifted(shift), low + count
            chunk = size or max(_CHUNK // (8 * (draws.numbers + len(self.names))), 1)
            while low < end:
                high = min(low + chunk, end)
                inputs, outputs = draws.play(low, high)
                yield Part(law, self.scores(low, high) + shift, inputs, outputs)
                low = high
                if progress is not None:
                    progress(low - first)


def uniforms(keys: NDArray[np.uint64], low: int, high: int) -> Floats:
    """Return the uniforms on (-1, 1) of draws ``low`` to ``high`` - 1, as kernels draw them, shape (high - low, keys.size)."""
    draw = np.arange(low, high, dtype=np.uint64)[:, None]
    place = draw % np.uint64(2 * _APART)
    counter = (draw - place) // np.uint64(2) + place % np.uint64(_APART)
    mask, shift, zero = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(0)
    of_arrays: Any = cast(Any, philox_words).py_func
    w0, w1, w2, w3 = of_arrays(counter & mask, counter >> shift, zero, zero, keys & mask, keys >> shift)
    words = np.where(place < _APART, w0 | (w1 << shift), w2 | (w3 << shift)) >> np.uint64(12)
    return np.asarray(words * 2.0**-51 - (1.0 - 2.0**-52))


def shifted_value(value: UncertainValue, shift: float) -> UncertainValue:
    """Return an uncertain value whose score is read ``shift`` standard deviations higher."""
    if value.table is None or value.law is None or shift == 0.0:
        return value
    table = shifted_table(value.table, shift)
    return replace(value, table=table, law=ShiftedLaw(value.law, table, shift))


def shifted_table(table: QuantileTable, shift: float) -> QuantileTable:
    """Return the table of ``z -> Q(z + shift)``: no cell changes, only where it lies.

    Examples
    --------
    >>> from simulator.stochastic.tabulate import tabulate
    >>> from simulator.scenario import parse_value
    >>> table = parse_value("2 to 3 USD/h", "rental_price").table
    >>> bool(np.isclose(shifted_table(table, 0.5)(1.0), table(1.5), rtol=1e-14))
    True
    """
    if table.kind is Kind.AFFINE:
        coefficients = table.coefficients.copy()
        coefficients[0, 0] += shift * coefficients[0, 1]
        return replace(table, coefficients=coefficients)
    return replace(table, breaks=table.breaks - shift)


@dataclass(frozen=True)
class ShiftedLaw(Law):
    """A law whose score is read ``shift`` standard deviations higher.

    Attributes
    ----------
    law : Law
        As stated.
    table : QuantileTable
        Of the shifted law.
    shift : float
        [sd]
    """

    law: Law
    table: QuantileTable
    shift: float

    @property
    def support(self) -> tuple[float, float]:
        """That of the law as stated."""
        return self.law.support

    def quantile(self, z: ArrayLike) -> Floats:
        """Return what kernels read of the table."""
        return self.table(z)

    def cdf(self, x: ArrayLike) -> Floats:
        """Return P(X <= x)."""
        return np.asarray(ndtr(ndtri(self.law.cdf(x)) - self.shift))

    def sf(self, x: ArrayLike) -> Floats:
        """Return P(X > x)."""
        return np.asarray(ndtr(self.shift + ndtri(self.law.sf(x))))
