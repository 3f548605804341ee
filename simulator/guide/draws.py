"""Where the numbers come from: laws, defaults, streams, threads.

`simulator/model` holds each law as one short function with its equation and source: 6·N·T FLOP (Kaplan 2020), checkpoint intervals and
expected wall-clock under interruptions (Young 1974, Daly 2006), depreciation (Cottier 2024), embodied emissions (Luccioni 2022); the
rules of a history are those of `simulator/kernels/events.py`. `simulator/reference` holds every default with unit, year, basis and source.
A result carries its scenario, plan, versions and the source of every default that was used, and no time of day: equal runs are equal
files.

Draws come from a counter-based generator keyed by the seed and the input's name, inside a compiled kernel: draw *i* is the same, to the
last bit on machines alike, for any number of threads, any block size and any range, and whether or not other inputs exist. `--plan sobol`
replaces independent draws by scrambled Sobol' points, whose error is measured between independent replicates.

## Any number of draws

A run of any length needs no more memory than a short one where its draws are counted instead of kept. Percentiles then stand in bins no
wider than 6.2e-5 of their value; means, standard deviations, correlations of outputs and the chances to exceed limits and to keep them
together are exact. Counts of any parts of the draws merge to those of the whole, to the last bit, in any order.

    simulator run configs/quickstart.yaml --set 'limits.budget=300k USD' --summary --draws 1000000 -o bands.nc
    simulator risk bands.nc --levels 0.8,0.99
    simulator plot bands.nc exceedance -o counted.svg
    simulator summarize bands.nc --fail-above 'cost_total p99.9 > 1M'

The file keeps the counts, a megabyte or two for any number of draws, and other percentiles, chances, CVaR and contingencies are read from
them. Each has two errors in `--json`: `mcse`, which more draws make smaller, and `bin_error`, how far it may lie from what the draws
themselves would tell. Which budgets and dates hold together is not known without draws, nor whether limits do that the scenario did not
state.

The draws themselves go to the disk as they are made where `-o` names a Zarr folder, in blocks of 32 to 64 MiB of numbers. Until the last
block the folder is called `DIR.zarr.partial`, and an older `DIR.zarr` stays. Whatever ends the run, Ctrl-C, `kill -9` or a full disk, the
blocks that are finished stay, and `--resume` goes on from them: the folder is then the same, byte by byte, as that of a run that nothing
ended, on machines alike. Another scenario, seed or version is not resumed, and what differs is said; where nothing was begun `--resume`
starts anew, and where all is done it does nothing, so that a loop may repeat the command until it succeeds.

    simulator run configs/quickstart.yaml --draws 200000 -o run.zarr --resume
    simulator summarize run.zarr

More than 1 GiB of draws are not read into memory to tell their bands: those are counted block by block, as `--summary` counts. Achieved
rank correlations are those of the first 1 048 576 draws. `xarray.open_zarr` opens such a folder without reading it; `stream_draws` is the
command in Python.

## Whole, or not

What `-o` writes tells whether it is whole: a netCDF file by the SHA-256 of its own bytes, in the attribute `sha256`, a Zarr folder by
that of every file, in `manifest.jsonl`, whose lines are chained. Every command that reads a result looks first, and refuses one of which
a bit has flipped; a file of another tool has no checksum and is read as it is.

    simulator verify run.zarr bands.nc

Two processes do not write one output: the second is told of the first, and ends. The lock is a file beside the output, `.NAME.lock`; one
that a killed process left behind claims nothing. There is none on Windows, where the later of two results stays, whole.

What is kept is estimated before anything is computed: draws × numbers of a draw × 8 bytes, in memory and, for `-o`, on the disk. Where it
does not fit into what is free (of the machine, of a container, of a limit of the process), the request is refused with the number of draws
that would. Nothing is counted instead of kept, unless `--summary` asks for it.

## Threads, processes, a GPU

Kernels run on all cores (`--threads`), and share them with the threads of a pool, joblib or Dask that call them. Processes should be
started by `spawn`: OpenMP does not go on in a fork, which is refused in a sentence (`NUMBA_THREADING_LAYER=workqueue` does).
Threads of a command sleep while they wait for each other, so that other programs may use the cores too; in a program of your own,
set `OMP_WAIT_POLICY=passive` and `OPENBLAS_NUM_THREADS=1` before numpy and numba are imported, where it shares the machine.

`SIMULATOR_CACHE_DIR` sets the folder of the compiled kernels, `simulator warmup` compiles all of them ahead, for an image, for CI or for
workers with little memory: a process that compiles takes 1.1 GB, once, and one that finds compiled kernels less than half of it. On
processors with 512-bit vectors the kernels use them; `SIMULATOR_VECTOR_BITS=256` keeps them to narrower ones. Nothing else that numba
compiles in the process is touched.

With `reliability: {method: expected_value}` a GPU of NVIDIA can make the draws (`--device cuda`, extra `cuda`): the same streams, the same
draws to a relative 1e-12. Its first run compiles for half a minute. `pytest tests/gpu` tests it where there is one.

`simulator bench` measures a machine: draws per second, nanoseconds per input and per hour, what the time goes to, threads, memory, and the
share of the measured ceilings that the kernels reach; `--compare` tells what differs by more than the spread.

    simulator bench --only static --draws 20000 --repeats 3 -o before.json
    simulator bench --only static --draws 20000 --repeats 3 --compare before.json
"""
