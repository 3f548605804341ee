"""The static kernel: scores, dependence, quantile functions and the whole model, in lanes.

Contract
--------
1. Every output of draw i is a function of (scenario, plan, seed, i) only: bitwise equal for any
   number of threads, block size, range of draws and order, on like machines. Lanes are always
   full: a draw is computed in the same group of ``LANES`` draws, by the same instructions,
   wherever the range starts or ends.
2. Streams are keyed by the input's name, so adding, removing or fixing an input moves no other.
3. NaN in, NaN out: no comparison turns a NaN into a number, and ``fastmath`` allows contraction only.
4. No distribution is known by name, no reduction runs over draws, and no memory is allocated per draw.
5. ``.py_func`` of every law is its uncompiled source.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from simulator.jit import jittable, kernel, stage, wide_vectors
from simulator.model.compute_cost import (
    depreciation_cottier2024,
    depreciation_straight_line,
    electricity,
    interconnect,
    owned_hardware,
    rent,
)
from simulator.model.emissions import embodied, operational
from simulator.model.energy import facility_energy, it_energy, it_power
from simulator.model.reliability import (
    admissible_interval,
    daly2006,
    downtime_ratio_interruptible,
    expected_interruptions,
    interruption_rate,
    uptime_ratio,
    young1974,
)
from simulator.model.workload import productive_device_hours, transformer_flop
from simulator.stochastic.elementary import exp
from simulator.stochastic.normal import TAIL, central_score, signed_uniform, tail_score
from simulator.stochastic.philox import philox4x32
from simulator.stochastic.sobol import sobol_word

LANES = 512
GUIDE = 256  # cells of the index that finds a table's cell
APART = 64  # draws d and d + 64 of each 128 share a generator call, whatever the number of lanes
_FIVE = np.uint64(5)

#: quantities that the model reads, in the order of their slots
INPUTS = (
    "params_active", "tokens", "flop", "device_hours", "mfu", "run_overhead", "accelerators", "accelerators_per_node",
    "peak_flops", "failure_rate", "downtime", "checkpoint_time", "checkpoint_interval", "tdp", "power_fraction",
    "server_power_ratio", "idle_power_fraction", "pue", "electricity_price", "price_year_shift", "carbon_intensity",
    "carbon_year_shift", "embodied_accelerator", "embodied_server", "service_life", "fleet_utilization", "rental_price",
    "accelerator_price", "server_price_ratio", "interconnect_share", "depreciation_rate", "residual_value",
)  # fmt: skip
#: what the model returns, in the order of its rows
OUTPUTS = (
    "device_hours", "wall_clock", "goodput", "interruptions", "energy_it", "energy", "cost_total", "emissions_total",
    "cost[accelerators]", "cost[interconnect]", "cost[electricity]", "emissions[operational]", "emissions[embodied]",
)  # fmt: skip
#: choices of the scenario, in the order of ``modes``
MODES = ("work", "interval", "basis", "depreciation")
WORK_TRANSFORMER, WORK_FLOP, WORK_DEVICE_HOURS = 0, 1, 2
INTERVAL_FIXED, INTERVAL_YOUNG1974, INTERVAL_DALY2006 = 0, 1, 2
BASIS_RENT, BASIS_OWN = 0, 1
DEPRECIATION_COTTIER2024, DEPRECIATION_STRAIGHT_LINE = 0, 1

_AFFINE, _POLYNOMIAL, _EVEN, _CELLS = 0, 1, 2, 3  # stochastic.tabulate.Kind; steps are the rest
_LINK_EXP, _LINK_LOGISTIC = 1, 2  # stochastic.laws.Link; identity is the rest

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]


@stage
def fill_scores(group: int, key: np.uint64, replicates: int, directions: Words, out: Floats, uniforms: Floats, where: Integers) -> None:
    """Write the independent normal scores of one input for one group of lanes.

    Parameters
    ----------
    group : int
        Index of the group: draws group·LANES and following.
    key : uint64
        Stream of the input.
    replicates : int
        0 for random draws; else draw i is point i // replicates of replicate i % replicates.
    directions : ndarray of uint64, shape (replicates, bits + 1)
        Scrambled Sobol' direction numbers; unused for random draws.
    out : ndarray, shape (LANES,)
        Scores.
    uniforms, where : ndarray of float64 and of int64, shape (LANES,)
        Work space.
    """
    wide_vectors()
    if replicates == 0:
        for pairs in range(0, LANES, 2 * APART):
            first = np.uint64(group * LANES + pairs) >> np.uint64(1)
            for i in range(APART):
                a, b = philox4x32(first + np.uint64(i), np.uint64(0), key)
                uniforms[pairs + i] = signed_uniform(a)
                uniforms[pairs + APART + i] = signed_uniform(b)
    else:
        for i in range(LANES):
            draw = group * LANES + i
            uniforms[i] = signed_uniform(sobol_word(np.uint64(draw // replicates), directions[draw % replicates]))
    tails = 0
    for i in range(LANES):
        out[i] = central_score(uniforms[i])
        tails += abs(uniforms[i]) >= TAIL
    if tails > 0:  # two groups in five: found first, or the loop would work out the tail's polynomials for every lane
        found = 0
        for i in range(LANES):
            if abs(uniforms[i]) >= TAIL:
                where[found] = i
                found += 1
        for j in range(found):
            out[where[j]] = tail_score(uniforms[where[j]])


@stage
def correlate(scores: Floats, factor: Floats) -> None:
    """Apply the Gaussian copula in place: row i becomes the sum over j <= i of factor[i, j] times row j."""
    for i in range(scores.shape[0] - 1, -1, -1):
        target, own = scores[i], factor[i, i]
        for lane in range(LANES):
            target[lane] = own * target[lane]
        for j in range(i):
            other, share = scores[j], factor[i, j]
            for lane in range(LANES):
                target[lane] += share * other[lane]


@jittable
def find_cell(z: float, breaks: Floats, guide: Integers, scale: float) -> int:
    """Return the cell k with breaks[k] < z <= breaks[k + 1], the first or last for scores outside."""
    last = breaks.size - 2
    g = int((z - breaks[1]) * scale)
    g = 0 if g < 0 else (GUIDE - 1 if g > GUIDE - 1 else g)
    low: int = guide[g]
    high = guide[g + 1]
    while low < high:
        middle = (low + high + 1) >> 1
        if z > breaks[middle]:
            low = middle
        else:
            high = middle - 1
    while low < last and z > breaks[low + 1]:  # rounding at the edge of a guide cell
        low += 1
    while low > 0 and not z > breaks[low]:
        low -= 1
    return low


@stage
def look_up(
    z: Floats,
    kind: int,
    link: int,
    rounded: int,
    shape: Floats,
    scale: float,
    breaks: Floats,
    coefficients: Floats,
    guide: Integers,
    out: Floats,
    where: Integers,
) -> None:
    """Write the values at the scores z: a table's polynomial, its link, its bounds, its rounding.

    Parameters
    ----------
    z, out : ndarray, shape (LANES,)
    kind, link, rounded : int
        See ``stochastic.tabulate``.
    shape : ndarray, shape (4,)
        origin, width, lower, upper.
    scale : float
        Guide cells per unit of score.
    breaks, coefficients, guide : ndarray
        Of shapes (m + 1,), (m, 6) and (GUIDE + 1,).
    where : ndarray of int64, shape (LANES,)
        Work space.
    """
    wide_vectors()
    low, high = breaks[0], breaks[breaks.size - 1]
    origin, width, lower, upper = shape[0], shape[1], shape[2], shape[3]
    if kind == _AFFINE:
        c0, c1 = coefficients[0, 0], coefficients[0, 1]
        if link == _LINK_EXP:
            for i in range(LANES):
                out[i] = origin + exp(c0 + c1 * z[i])
        elif link == _LINK_LOGISTIC:
            for i in range(LANES):
                out[i] = origin + width / (1.0 + exp(-c0 - c1 * z[i]))
        else:
            for i in range(LANES):
                out[i] = c0 + c1 * z[i]
        if not rounded:
            return  # these links cannot leave the bounds
    elif kind == _POLYNOMIAL:
        to_unit = 2.0 / (high - low)
        for i in range(LANES):
            x = z[i]
            x = low if x < low else (high if x > high else x)
            s = (x - low) * to_unit - 1.0
            t = coefficients[5, 1]  # degree 31
            t = t * s + coefficients[5, 0]
            for row in range(4, -1, -1):
                t = t * s + coefficients[row, 5]
                t = t * s + coefficients[row, 4]
                t = t * s + coefficients[row, 3]
                t = t * s + coefficients[row, 2]
                t = t * s + coefficients[row, 1]
                t = t * s + coefficients[row, 0]
            out[i] = t
    elif kind == _EVEN:
        last = coefficients.shape[0] - 1
        to_cells = coefficients.shape[0] / (high - low)
        flat = coefficients.ravel()
        for i in range(LANES):
            x = z[i]
            x = low if x < low else (high if x > high else x)
            cell = (x - low) * to_cells
            k = int(cell) if x == x else 0
            k = k if k < last else last
            out[i] = cell - k
            where[i] = 6 * k
        for i in range(0, LANES, 4):  # four chains at a time: each waits for its own look-ups only
            k0, k1, k2, k3 = np.uint64(where[i]), np.uint64(where[i + 1]), np.uint64(where[i + 2]), np.uint64(where[i + 3])
            s0, s1, s2, s3 = out[i], out[i + 1], out[i + 2], out[i + 3]
            t0, t1, t2, t3 = flat[k0 + _FIVE], flat[k1 + _FIVE], flat[k2 + _FIVE], flat[k3 + _FIVE]
            for power in range(4, -1, -1):
                j = np.uint64(power)
                t0, t1 = t0 * s0 + flat[k0 + j], t1 * s1 + flat[k1 + j]
                t2, t3 = t2 * s2 + flat[k2 + j], t3 * s3 + flat[k3 + j]
            out[i], out[i + 1], out[i + 2], out[i + 3] = t0, t1, t2, t3
    elif kind == _CELLS:
        for i in range(LANES):
            x = z[i]
            x = low if x < low else (high if x > high else x)
            if x == x:
                k = find_cell(x, breaks, guide, scale)
                s = x - breaks[k]
                t = coefficients[k, 5]
                t = t * s + coefficients[k, 4]
                t = t * s + coefficients[k, 3]
                t = t * s + coefficients[k, 2]
                t = t * s + coefficients[k, 1]
                out[i] = t * s + coefficients[k, 0]
            else:
                out[i] = x
    else:
        for i in range(LANES):
            x = z[i]
            out[i] = coefficients[find_cell(x, breaks, guide, scale), 0] if x == x else x
    if kind != _AFFINE and link == _LINK_EXP:
        for i in range(LANES):
            out[i] = origin + exp(out[i])
    if rounded:
        for i in range(LANES):
            out[i] = np.floor(out[i] + 0.5)  # math.floor makes an integer, and one of NaN
    for i in range(LANES):
        x = out[i]
        x = lower if x < lower else x
        out[i] = upper if x > upper else x


@stage
def play_out(x: Floats, modes: Integers, out: Floats) -> None:
    """Write the outcomes of one group of lanes from its inputs.

    Parameters
    ----------
    x : ndarray, shape (len(INPUTS) * LANES,)
        Inputs, one row of lanes after the other; NaN where the scenario's modes do not read one.
        Flat, so that LLVM knows the distance of any two rows and can vectorize.
    modes : ndarray of int64, shape (len(MODES),)
    out : ndarray, shape (len(OUTPUTS) * LANES,)
    """
    wide_vectors()
    work_mode, interval_mode, basis, depreciation_mode = modes[0], modes[1], modes[2], modes[3]
    for i in range(LANES):
        params_active, tokens, flop, stated_hours = x[0 * LANES + i], x[1 * LANES + i], x[2 * LANES + i], x[3 * LANES + i]
        mfu, run_overhead, accelerators, accelerators_per_node = x[4 * LANES + i], x[5 * LANES + i], x[6 * LANES + i], x[7 * LANES + i]
        peak_flops, failure_rate, downtime, checkpoint_time = x[8 * LANES + i], x[9 * LANES + i], x[10 * LANES + i], x[11 * LANES + i]
        checkpoint_interval, tdp, power_fraction, server_power_ratio = (
            x[12 * LANES + i],
            x[13 * LANES + i],
            x[14 * LANES + i],
            x[15 * LANES + i],
        )
        idle_power_fraction, pue, electricity_price, price_year_shift = (
            x[16 * LANES + i],
            x[17 * LANES + i],
            x[18 * LANES + i],
            x[19 * LANES + i],
        )
        carbon_intensity, carbon_year_shift, embodied_accelerator = x[20 * LANES + i], x[21 * LANES + i], x[22 * LANES + i]
        embodied_server, service_life, fleet_utilization = x[23 * LANES + i], x[24 * LANES + i], x[25 * LANES + i]
        rental_price, accelerator_price, server_price_ratio = x[26 * LANES + i], x[27 * LANES + i], x[28 * LANES + i]
        interconnect_share, depreciation_rate, residual_value = x[29 * LANES + i], x[30 * LANES + i], x[31 * LANES + i]

        nodes = np.ceil(accelerators / accelerators_per_node)  # math.ceil makes an integer, and one of NaN
        rate = interruption_rate(failure_rate, nodes)
        flop = transformer_flop(params_active, tokens) if work_mode == WORK_TRANSFORMER else flop
        work = productive_device_hours(flop, peak_flops, mfu) * (1.0 + run_overhead) / accelerators
        work = stated_hours / accelerators if work_mode == WORK_DEVICE_HOURS else work
        interval = checkpoint_interval
        interval = young1974(rate, checkpoint_time) if interval_mode == INTERVAL_YOUNG1974 else interval
        interval = daly2006(rate, checkpoint_time) if interval_mode == INTERVAL_DALY2006 else interval
        interval = admissible_interval(interval, work)
        up = uptime_ratio(rate, interval, checkpoint_time)
        stretch = up * (1.0 + downtime_ratio_interruptible(rate, downtime))
        # stated device-hours already hold every loss
        wall_clock = work if work_mode == WORK_DEVICE_HOURS else work * stretch
        goodput = 1.0 / stretch
        hours_up = wall_clock * goodput * up
        device_hours = wall_clock * accelerators

        power = it_power(accelerators, tdp, power_fraction, server_power_ratio)
        energy_it = it_energy(power, hours_up, wall_clock - hours_up, idle_power_fraction)
        energy = facility_energy(energy_it, pue)

        by_performance = depreciation_cottier2024(wall_clock, depreciation_rate)
        by_line = depreciation_straight_line(wall_clock, service_life, residual_value)
        depreciation = by_line if depreciation_mode == DEPRECIATION_STRAIGHT_LINE else by_performance
        hardware = owned_hardware(accelerators, accelerator_price, server_price_ratio, depreciation, fleet_utilization)
        network = interconnect(hardware, interconnect_share)
        power_bill = electricity(energy, electricity_price * price_year_shift)
        hardware = rent(device_hours, rental_price) if basis == BASIS_RENT else hardware
        network = 0.0 if basis == BASIS_RENT else network
        power_bill = 0.0 if basis == BASIS_RENT else power_bill

        used = operational(energy, carbon_intensity * carbon_year_shift)
        made = embodied(
            accelerators, embodied_accelerator, embodied_server, accelerators_per_node, wall_clock, service_life, fleet_utilization
        )

        out[0 * LANES + i] = device_hours
        out[1 * LANES + i] = wall_clock
        out[2 * LANES + i] = goodput
        out[3 * LANES + i] = expected_interruptions(rate, wall_clock)
        out[4 * LANES + i] = energy_it
        out[5 * LANES + i] = energy
        out[6 * LANES + i] = hardware + network + power_bill
        out[7 * LANES + i] = used + made
        out[8 * LANES + i] = hardware
        out[9 * LANES + i] = network
        out[10 * LANES + i] = power_bill
        out[11 * LANES + i] = used
        out[12 * LANES + i] = made


@stage
def run_block(
    start: int,
    stop: int,
    first: int,
    constants: Floats,
    modes: Integers,
    slots: Integers,
    keys: Words,
    replicates: Integers,
    directions: Words,
    correlated: Integers,
    factor: Floats,
    kinds: Integers,
    shapes: Floats,
    cell_offsets: Integers,
    breaks: Floats,
    coefficients: Floats,
    guides: Integers,
    scales: Floats,
    inputs: Floats,
    outputs: Floats,
) -> None:
    """Play out draws ``start`` to ``stop`` - 1 and store them from column ``start`` - ``first`` on.

    The shapes are those of ``engine.KernelArguments``.
    """
    rows = slots.size
    x = np.empty(len(INPUTS) * LANES)
    for slot in range(len(INPUTS)):
        x[slot * LANES : (slot + 1) * LANES] = constants[slot]
    y = np.empty(len(OUTPUTS) * LANES)
    uniforms, own, where = np.empty(LANES), np.empty(LANES), np.empty(LANES, dtype=np.int64)
    scores = np.empty((correlated.size, LANES))
    place = np.full(rows, -1)
    for j in range(correlated.size):
        place[correlated[j]] = j
    for group in range(start // LANES, (stop - 1) // LANES + 1):
        for j in range(correlated.size):
            r = correlated[j]
            fill_scores(group, keys[r], replicates[r], directions[r], scores[j], uniforms, where)
        correlate(scores, factor)
        for r in range(rows):
            if slots[r] >= 0:
                z = own
                if place[r] >= 0:
                    z = scores[place[r]]
                else:
                    fill_scores(group, keys[r], replicates[r], directions[r], own, uniforms, where)
                low, high = cell_offsets[r], cell_offsets[r + 1]
                look_up(
                    z,
                    kinds[r, 0],
                    kinds[r, 1],
                    kinds[r, 2],
                    shapes[r],
                    scales[r],
                    breaks[low + r : high + r + 1],
                    coefficients[low:high],
                    guides[r],
                    x[slots[r] * LANES : (slots[r] + 1) * LANES],
                    where,
                )
        play_out(x, modes, y)
        base = group * LANES
        low, high = max(start - base, 0), min(stop - base, LANES)
        column = base + low - first
        stored = 0
        for r in range(rows):
            if slots[r] >= 0:
                for i in range(high - low):
                    inputs[stored, column + i] = x[slots[r] * LANES + low + i]
                stored += 1
        for k in range(len(OUTPUTS)):
            for i in range(high - low):
                outputs[k, column + i] = y[k * LANES + low + i]


@kernel
def run_static(
    low: int,
    high: int,
    block_size: int,
    first: int,
    constants: Floats,
    modes: Integers,
    slots: Integers,
    keys: Words,
    replicates: Integers,
    directions: Words,
    correlated: Integers,
    factor: Floats,
    kinds: Integers,
    shapes: Floats,
    cell_offsets: Integers,
    breaks: Floats,
    coefficients: Floats,
    guides: Integers,
    scales: Floats,
    inputs: Floats,
    outputs: Floats,
) -> None:
    """Play out draws ``low`` to ``high`` - 1 in blocks, over threads.

    Writes ``inputs`` (drawn inputs, draws) and ``outputs`` (len(OUTPUTS), draws) in place, draw
    ``first`` in column 0.
    """
    for block in prange((high - low + block_size - 1) // block_size):
        start = low + block * block_size
        stop = min(start + block_size, high)
        run_block(
            start, stop, first, constants, modes, slots, keys, replicates, directions, correlated, factor,
            kinds, shapes, cell_offsets, breaks, coefficients, guides, scales, inputs, outputs,
        )  # fmt: skip
