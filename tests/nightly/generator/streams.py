"""The words of the generator in the orders in which runs meet them: five endless sequences of 64 bits a word.

Keys, counters and words are those of the kernels (``tests/test_generator.py`` compares them word for word). Whatever shares a
generator call, a key or a neighbouring counter stands at a short and constant distance, so that a dependence would be seen.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.jit import stage
from simulator.kernels.scores import APART
from simulator.quantities import QUANTITIES
from simulator.stochastic.philox import philox4x32, philox_words_7
from simulator.stochastic.streams import stream_key

Words = NDArray[np.uint64]
BLOCK = 2**16  # words
NAMES, SEEDS = 2**10, 2**16  # interleaved; both divide a block, or are its multiples
FAR = 2**33  # draws and steps whose counters differ from those at 0 above their 32nd bit only
SEED = 20_260_101  # of all orders but the one across seeds, which begins with 0
_ZERO, _ONE, _SHIFT = np.uint64(0), np.uint64(1), np.uint64(32)
_APART = np.uint64(APART)


class Fills(NamedTuple):
    """Compiled loops over one generator of 128 bits a call.

    Attributes
    ----------
    draws : callable (first, key, out)
        Consecutive draws of one key, 128 to a group as in ``kernels.scores.random_uniforms``; ``first`` begins a group.
    steps : callable (draw, first, key, out)
        Consecutive pairs of steps of one draw and key.
    keys : callable (draw, keys, out)
        One draw of many keys.
    """

    draws: Callable[..., None]
    steps: Callable[..., None]
    keys: Callable[..., None]


def fills_of(generator: Callable[..., tuple[np.uint64, np.uint64]]) -> Fills:
    """Return the loops over a generator ``(counter, step, key) -> (word, word)``."""

    @stage
    def draws(first: np.uint64, key: np.uint64, out: Words) -> None:
        for group in range(np.uint64(0), np.uint64(out.size), _APART + _APART):
            call = (first + group) >> _ONE
            for i in range(np.uint64(0), _APART):
                a, b = generator(call + i, _ZERO, key)
                out[group + i] = a
                out[group + i + _APART] = b

    @stage
    def steps(draw: np.uint64, first: np.uint64, key: np.uint64, out: Words) -> None:
        for i in range(np.uint64(0), np.uint64(out.size) >> _ONE):
            a, b = generator(draw, first + i, key)
            out[i + i] = a
            out[i + i + _ONE] = b

    @stage
    def keys(draw: np.uint64, keys: Words, out: Words) -> None:
        group, place = draw // (_APART + _APART), draw % (_APART + _APART)
        call = group * _APART + place % _APART
        upper = place >= _APART
        for i in range(np.uint64(0), np.uint64(out.size)):
            a, b = generator(call, _ZERO, keys[i])
            out[i] = b if upper else a

    return Fills(draws, steps, keys)


@stage
def fill_hours(draw: np.uint64, first: np.uint64, key: np.uint64, out: Words) -> None:
    """Write what the weather of one draw is made from: four words of 32 bits an hour, seven rounds, as in ``kernels.factors``."""
    low = np.uint64(0xFFFFFFFF)
    for i in range(np.uint64(0), np.uint64(out.size) >> _ONE):
        hour = first + i
        a, b, c, d = philox_words_7(draw & low, draw >> _SHIFT, hour & low, hour >> _SHIFT, key & low, key >> _SHIFT)
        out[i + i] = a | (b << _SHIFT)
        out[i + i + _ONE] = c | (d << _SHIFT)


AS_USED = fills_of(philox4x32)


def key_of(name: str, *, purpose: str = "draw", seed: int = SEED) -> np.uint64:
    """Return a stream's key."""
    return np.uint64(stream_key(seed=seed, purpose=purpose, name=name))


def keys_of_names() -> Words:
    """Return the keys of all quantities of the nomenclature, and of numbered events up to NAMES, at SEED."""
    names = itertools.chain(QUANTITIES, (f"event {i}" for i in itertools.count()))
    return np.array([key_of(name) for name in itertools.islice(names, NAMES)])


def keys_of_seeds() -> Words:
    """Return the keys of ``mfu`` at the seeds from 0 to SEEDS - 1."""
    return np.array([key_of("mfu", seed=seed) for seed in range(SEEDS)])


def one_after_another(fill: Callable[[int, Words], Any], total: int, per_word: int = 1) -> Iterator[Words]:
    """Yield blocks that ``fill(first, out)`` writes: half of ``total`` words from 0 on, the others from FAR on, beyond 32 bits."""
    half = max(total // BLOCK // 2, 1)
    out = np.empty(BLOCK, dtype=np.uint64)
    for block in itertools.count():
        first = block * BLOCK if block < half else FAR * per_word + (block - half) * BLOCK
        fill(first, out)
        yield out


def by_keys(fill: Callable[..., None], keys: Words) -> Iterator[Words]:
    """Yield blocks of the words of all keys at draw 0, then at draw 1, and so on."""
    rows = max(BLOCK // keys.size, 1)
    out = np.empty((rows, keys.size), dtype=np.uint64)
    for first in itertools.count(0, rows):
        for row in range(rows):
            fill(np.uint64(first + row), keys, out[row])
        yield out.reshape(-1)


def draws(total: int, fills: Fills = AS_USED, key: np.uint64 | None = None) -> Iterator[Words]:
    """Yield the words of one name, draw after draw."""
    own = key_of("mfu") if key is None else key
    return one_after_another(lambda first, out: fills.draws(np.uint64(first), own, out), total)


def steps(total: int, fills: Fills = AS_USED) -> Iterator[Words]:
    """Yield the consecutive thresholds of interruptions of class ``host`` in draw 0."""
    key = key_of("host", purpose="interruption")
    return one_after_another(lambda first, out: fills.steps(_ZERO, np.uint64(first // 2), key, out), total, 2)


def hours(total: int) -> Iterator[Words]:
    """Yield what the weather of draw 0 is made from, hour by hour."""
    key = key_of("weather", purpose="path")
    return one_after_another(lambda first, out: fill_hours(_ZERO, np.uint64(first // 2), key, out), total, 2)


def names(total: int, fills: Fills = AS_USED, keys: Words | None = None) -> Iterator[Words]:
    """Yield one draw of NAMES names after another."""
    return by_keys(fills.keys, keys_of_names() if keys is None else keys)


def seeds(total: int, fills: Fills = AS_USED, keys: Words | None = None) -> Iterator[Words]:
    """Yield one draw of SEEDS consecutive seeds after another."""
    return by_keys(fills.keys, keys_of_seeds() if keys is None else keys)


ORDERS: dict[str, Callable[[int], Iterator[Words]]] = {"draws": draws, "steps": steps, "hours": hours, "names": names, "seeds": seeds}
MEANING = {
    "draws": f"consecutive draws of mfu at seed {SEED}, half from draw 0 on, half from {FAR} on",
    "steps": f"consecutive thresholds of interruptions of class host in draw 0 at seed {SEED}, half from step 0 on, half from {2 * FAR} on",
    "hours": f"noise of the weather (7 rounds) hour after hour in draw 0 at seed {SEED}, half from hour 0 on, half from {FAR} on",
    "names": f"draw after draw of {NAMES} names one after another at seed {SEED}: the nomenclature's, then event 0, event 1 and so on",
    "seeds": f"draw after draw of mfu at the seeds 0 to {SEEDS - 1} one after another",
}
