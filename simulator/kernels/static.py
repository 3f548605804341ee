"""The static kernel: scores, dependence, quantile functions and a run in expectations, in lanes.

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

from simulator.jit import allocating, kernel, stage, wide_vectors
from simulator.kernels.inputs import InputTables, certain_inputs, draw_inputs, input_workspace, store_inputs
from simulator.kernels.lanes import LANES, Floats, Integers, copy
from simulator.kernels.ledger.book import OUTCOMES
from simulator.kernels.slots import (
    INPUTS,
    INTERVAL_DALY2006,
    INTERVAL_OPTIMAL,
    INTERVAL_YOUNG1974,
    WORK_DEVICE_HOURS,
    WORK_TRANSFORMER,
)
from simulator.model.energy import it_energy, it_power
from simulator.model.reliability import (
    admissible_interval,
    daly2006,
    downtime_ratio_interruptible,
    expected_interruptions,
    interruption_rate,
    optimal_interval,
    uptime_ratio,
    young1974,
)
from simulator.model.workload import attention_flop, productive_device_hours, repeated_work, transformer_flop

_LAYERS = INPUTS.index("layers")  # hidden size and sequence length follow
_ROLLBACKS, _ROLLBACK_TIME = INPUTS.index("rollback_rate"), INPUTS.index("rollback_time")

#: what the model returns, in the order of its rows; the ledger makes money, carbon and water of the last five
OUTPUTS = ("goodput", "interruptions", *OUTCOMES)


@stage
def prepare(x: Floats, modes: Integers, out: Floats) -> None:
    """Write what the scenario's choices decide: the rate of interruptions, the work without them [h], the checkpoint interval.

    The first two stand in the rows of interruptions and of the wall-clock time until these are known; the interval takes the
    input's place. Choices are made outside of the loops: inside, every alternative would be worked out.
    """
    wide_vectors()
    work_mode, interval_mode = modes[0], modes[1]
    for i in range(LANES):
        nodes = np.ceil(x[6 * LANES + i] / x[7 * LANES + i])  # math.ceil makes an integer, and one of NaN
        out[1 * LANES + i] = interruption_rate(x[9 * LANES + i], nodes)
    if work_mode == WORK_DEVICE_HOURS:
        for i in range(LANES):
            out[3 * LANES + i] = x[3 * LANES + i] / x[6 * LANES + i]
    else:
        for i in range(LANES):
            layers, hidden_size, sequence_length = x[_LAYERS * LANES + i], x[(_LAYERS + 1) * LANES + i], x[(_LAYERS + 2) * LANES + i]
            flop = transformer_flop(x[i], x[LANES + i]) + attention_flop(layers, hidden_size, sequence_length, x[LANES + i])
            flop = flop if work_mode == WORK_TRANSFORMER else x[2 * LANES + i]
            lost = x[5 * LANES + i] + repeated_work(x[_ROLLBACKS * LANES + i], x[_ROLLBACK_TIME * LANES + i])
            out[3 * LANES + i] = productive_device_hours(flop, x[8 * LANES + i], x[4 * LANES + i]) * (1.0 + lost) / x[6 * LANES + i]
    if interval_mode == INTERVAL_YOUNG1974:
        for i in range(LANES):
            x[12 * LANES + i] = young1974(out[1 * LANES + i], x[11 * LANES + i])
    elif interval_mode == INTERVAL_DALY2006:
        for i in range(LANES):
            x[12 * LANES + i] = daly2006(out[1 * LANES + i], x[11 * LANES + i])
    elif interval_mode == INTERVAL_OPTIMAL:
        for i in range(LANES):
            x[12 * LANES + i] = optimal_interval(out[1 * LANES + i], x[11 * LANES + i])


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
    prepare(x, modes, out)
    for i in range(LANES):
        accelerators, downtime, checkpoint_time = x[6 * LANES + i], x[10 * LANES + i], x[11 * LANES + i]
        tdp, power_fraction, server_power_ratio = x[13 * LANES + i], x[14 * LANES + i], x[15 * LANES + i]
        idle, price, intensity = x[16 * LANES + i], x[18 * LANES + i], x[20 * LANES + i]
        rate, work = out[1 * LANES + i], out[3 * LANES + i]

        interval = admissible_interval(x[12 * LANES + i], work)
        up = uptime_ratio(rate, interval, checkpoint_time)
        stretch = up * (1.0 + downtime_ratio_interruptible(rate, downtime))
        # stated device-hours already hold every loss
        wall_clock = work if modes[0] == WORK_DEVICE_HOURS else work * stretch
        goodput = 1.0 / stretch
        hours_up = wall_clock * goodput * up

        energy_it = it_energy(it_power(accelerators, tdp, power_fraction, server_power_ratio), hours_up, wall_clock - hours_up, idle)

        out[0 * LANES + i] = goodput
        out[1 * LANES + i] = expected_interruptions(rate, wall_clock)
        out[2 * LANES + i] = wall_clock * accelerators
        out[3 * LANES + i] = wall_clock
        out[4 * LANES + i] = energy_it
        out[5 * LANES + i] = energy_it * price
        out[6 * LANES + i] = energy_it * intensity


@allocating
def run_block(start: int, stop: int, first: int, modes: Integers, tables: InputTables, inputs: Floats, outputs: Floats) -> None:
    """Play out draws ``start`` to ``stop`` - 1 and store them from column ``start`` - ``first`` on."""
    x, work = certain_inputs(tables), input_workspace(tables)
    y = np.empty(len(OUTPUTS) * LANES)
    for group in range(start // LANES, (stop - 1) // LANES + 1):
        draw_inputs(group, tables, x, work)
        play_out(x, modes, y)
        base = group * LANES
        low, high = max(start - base, 0), min(stop - base, LANES)
        column = base + low - first
        store_inputs(tables, x, low, high - low, inputs, column)
        for k in range(len(OUTPUTS)):
            copy(y, k * LANES + low, outputs[k], column, high - low)


@kernel
def run_static(
    low: int, high: int, block_size: int, first: int, modes: Integers, tables: InputTables, inputs: Floats, outputs: Floats
) -> None:
    """Play out draws ``low`` to ``high`` - 1 in blocks, over threads.

    Writes ``inputs`` (drawn inputs, draws) and ``outputs`` (len(OUTPUTS), draws) in place, draw
    ``first`` in column 0.
    """
    for block in prange((high - low + block_size - 1) // block_size):
        start = low + block * block_size
        run_block(start, min(start + block_size, high), first, modes, tables, inputs, outputs)
