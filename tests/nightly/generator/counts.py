"""What is counted over blocks of words: compiled loops that add to tables, and forget the words.

Used bits are the upper 52 of a word, all that uniforms are made from. What runs from block to block is kept in ``state``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.jit import allocating, stage
from simulator.kernels.lanes import LANES
from simulator.kernels.scores import scores_of_uniforms
from simulator.stochastic.normal import signed_uniform
from simulator.stochastic.path_noise import box_muller

Words = NDArray[np.uint64]
Halves = NDArray[np.uint32]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

GAP_SHARE = 1 / 16  # of words, in either interval
LONGEST_GAP, LONGEST_RUN = 128, 10  # and longer
MAXIMUM_OF, MAXIMUM_CELLS = 8, 1024
BALLS, URNS_LOG2 = 2**14, 20
BIRTHDAYS, KINDS, MOST_EQUAL = 2**12, 4, 32
_TRIPLET = 11  # bits that one pass sorts by
_BYTES = np.uint64(0x0101010101010101)
_ZERO, _ONE, _UNUSED = np.uint64(0), np.uint64(1), np.uint64(12)


@stage
def count_bits(words: Words, others: Words, shift: np.uint64, ones: Integers) -> None:
    """Add the number of ones in each of the 64 places of ``word ^ (other >> shift)``."""
    size, most = np.uint64(words.size), np.uint64(255)  # as many as a byte can count
    for start in range(np.uint64(0), size, most):
        stop = min(start + most, size)
        for k in range(np.uint64(0), np.uint64(8)):
            bytes_ = _ZERO
            for i in range(start, stop):
                bytes_ += ((words[i] ^ (others[i] >> shift)) >> k) & _BYTES
            for j in range(np.uint64(0), np.uint64(8)):
                ones[np.uint64(8) * j + k] += np.int64((bytes_ >> (np.uint64(8) * j)) & most)


@stage
def count_weights(words: Words, pairs: Integers) -> None:
    """Add to a table, shape (65, 65), of the Hamming weights of both words of each pair."""
    for i in range(0, words.size, 2):
        weights = (0, 0)
        for j in range(2):
            x = words[i + j]
            x = x - ((x >> _ONE) & np.uint64(0x5555555555555555))
            x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
            x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
            weights = (weights[1], np.int64((x * _BYTES) >> np.uint64(56)))
        pairs[weights[0], weights[1]] += 1


@stage
def count_pairs(words: Words, upper: Halves, lower: Halves) -> None:
    """Add to tables, shape (2**16,), of the upper and of the lower eight used bits of both words of each pair."""
    eight, byte = np.uint64(8), np.uint64(255)
    for i in range(0, words.size, 2):
        a, b = words[i], words[i + 1]
        upper[((a >> np.uint64(56)) << eight) | (b >> np.uint64(56))] += np.uint32(1)
        lower[(((a >> _UNUSED) & byte) << eight) | ((b >> _UNUSED) & byte)] += np.uint32(1)


@stage
def count_gaps(words: Words, low: np.uint64, state: Integers, lengths: Integers) -> None:
    """Add the lengths of gaps between words whose upper four bits are ``low``, shape (LONGEST_GAP + 1,)."""
    gap = state[0]
    for i in range(words.size):
        if words[i] >> np.uint64(60) == low:
            lengths[min(gap, LONGEST_GAP)] += 1
            gap = 0
        else:
            gap += 1
    state[0] = gap


@stage
def count_runs(words: Words, last: Words, state: Integers, lengths: Integers) -> None:
    """Add the lengths of ascending runs, shape (LONGEST_RUN + 1,); the word after a run is left out, which makes runs independent."""
    previous, length = last[0], state[0]
    for i in range(words.size):
        word = words[i]
        if length == 0 or word > previous:
            length += 1
            previous = word
        else:
            lengths[min(length, LONGEST_RUN)] += 1
            length = 0
    last[0], state[0] = previous, length


@stage
def count_maxima(words: Words, cells: Integers) -> None:
    """Add to a table of the largest of MAXIMUM_OF words, as a uniform."""
    for i in range(0, words.size, MAXIMUM_OF):
        most = words[i]
        for j in range(1, MAXIMUM_OF):
            most = max(most, words[i + j])
        u = float(most >> np.uint64(11)) * 2.0**-53
        u *= u
        u *= u
        u *= u
        cells[min(np.int64(u * MAXIMUM_CELLS), MAXIMUM_CELLS - 1)] += 1


@stage
def count_collisions(words: Words, urns: Words, collisions: Integers) -> None:
    """Add the balls that find their urn taken, of trials by the upper (0) and by the lower (1) used bits in turn."""
    mask = np.uint64(2**URNS_LOG2 - 1)
    for trial in range(words.size // BALLS):
        urns[:] = _ZERO
        kind = trial % 2
        shift = np.uint64(64 - URNS_LOG2) if kind == 0 else _UNUSED
        for i in range(trial * BALLS, (trial + 1) * BALLS):
            urn = (words[i] >> shift) & mask
            place, bit = urn >> np.uint64(6), _ONE << (urn & np.uint64(63))
            collisions[kind] += np.int64(urns[place] & bit != _ZERO)
            urns[place] |= bit


@stage
def _sort(values: Halves, other: Halves, places: Integers) -> None:
    """Sort by three passes over the digits, lowest first; the result stands in ``other``."""
    for step in range(3):
        source, target = (values, other) if step % 2 == 0 else (other, values)
        shift = np.uint32(step * _TRIPLET)
        places[:] = 0
        for i in range(source.size):
            places[((source[i] >> shift) & np.uint32(2**_TRIPLET - 1)) + np.uint32(1)] += 1
        for j in range(1, places.size):
            places[j] += places[j - 1]
        for i in range(source.size):
            digit = (source[i] >> shift) & np.uint32(2**_TRIPLET - 1)
            target[places[digit]] = source[i]
            places[digit] += 1


@stage
def count_birthdays(words: Words, kind: int, days: Halves, sorted_days: Halves, places: Integers, equal: Integers) -> None:
    """Add to a table, shape (KINDS, MOST_EQUAL + 1), of the spacings that are not distinct among BIRTHDAYS in a year of 2**32 days.

    A birthday is made from the upper (kind 0) or the lower (1) 32 used bits of a word, or from the uppermost bits of two (2) or four (3).
    """
    apiece = 4 if kind == 3 else 2 if kind == 2 else 1
    bits = np.uint64(32 // apiece)
    for start in range(0, words.size - apiece * BIRTHDAYS + 1, apiece * BIRTHDAYS):
        for i in range(BIRTHDAYS):
            day = _ZERO
            for j in range(apiece):
                word = words[start + apiece * i + j]
                day = (day << bits) | ((word << np.uint64(20)) >> np.uint64(32) if kind == 1 else word >> (np.uint64(64) - bits))
            days[i] = np.uint32(day)
        _sort(days, sorted_days, places)
        days[0] = sorted_days[0]
        for i in range(1, BIRTHDAYS):
            days[i] = sorted_days[i] - sorted_days[i - 1]
        _sort(days, sorted_days, places)
        same = 0
        for i in range(1, BIRTHDAYS):
            same += sorted_days[i] == sorted_days[i - 1]
        equal[kind, min(same, MOST_EQUAL)] += 1


@stage
def keep_marked(words: Words, zeros: np.uint64, kept: Words, count: int) -> int:
    """Keep the words that begin with ``zeros`` zeros, from place ``count`` on while there is room; return how many there were by now."""
    for i in range(words.size):
        if words[i] <= (~_ZERO >> zeros):
            if count < kept.size:
                kept[count] = words[i]
            count += 1
    return count


@stage
def write_uniforms(words: Words, uniforms: Floats) -> None:
    """Write the uniforms on (-1, 1) of words, as the kernels make them."""
    for i in range(words.size):
        uniforms[i] = signed_uniform(words[i])


@allocating
def write_scores(words: Words, uniforms: Floats, scores: Floats) -> None:
    """Write the uniforms on (-1, 1) and the normal scores of words, as the kernels make them."""
    write_uniforms(words, uniforms)
    where = np.empty(LANES, dtype=np.int64)
    for i in range(0, words.size, LANES):
        scores_of_uniforms(uniforms[i : i + LANES], scores[i : i + LANES], where)


@stage
def write_hourly_scores(words: Words, scores: Floats) -> None:
    """Write the scores of hourly noise, two of each word, as the kernels make them."""
    half = np.uint64(words.size)
    for i in range(np.uint64(0), half):
        a, b = box_muller(np.uint32(words[i] & np.uint64(0xFFFFFFFF)), np.uint32(words[i] >> np.uint64(32)))
        scores[i], scores[half + i] = a, b
