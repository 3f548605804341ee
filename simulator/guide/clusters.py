"""Many scenarios, many machines: grids of settings, and clusters that compute them.

## Grids of settings

`simulator sweep` simulates every combination of settings: of a value of the config, or of a lever.

    simulator sweep configs/quickstart-de.yaml --grid region=DE,FR,SE 'accelerators=128..256 step 64' --draws 5000 -o draws.zarr

Settings are `A,B,C`, or `LOW..HIGH step STEP`; each further one is one more axis. All scenarios meet the same futures: draw *i* of each
has the same random numbers for all that has the same name, so that differences between scenarios are those of the settings. In the folder
`scenario` is a dimension, and the settings are coordinates along it; `xr.open_zarr("draws.zarr")` reads values when they are asked for, and
`.set_index(scenario=["region", "accelerators"]).unstack()` makes the settings dimensions of their own. Draws are written as they are made:
a sweep that was killed continues with `--resume`. `--summary` counts draws and keeps none; its bands go to `FILE.nc` too. What was saved
is printed again by `simulator summarize`.

## Clusters

Every verb that draws takes `--cluster`, the address of a [Dask](https://docs.dask.org) scheduler whose workers then make the draws (extra
`cluster`). Start a scheduler and, on each machine, workers of one thread:

    dask scheduler
    dask worker tcp://scheduler:8786 --nworkers 16 --nthreads 1

    simulator sweep configs/quickstart-de.yaml --grid region=DE,FR,SE --draws 10000000 --cluster tcp://scheduler:8786
    simulator run configs/quickstart.yaml --summary --draws 1000000000 --cluster tcp://scheduler:8786
    simulator run configs/quickstart.yaml --draws 10000000 -o draws.zarr --cluster tcp://scheduler:8786

The numbers are those of one machine, to the last bit: draw *i* is the same wherever it is made, and counts of its parts merge without
rounding. Parts take some seconds each, so that handing them out costs little and a worker that dies loses little: others compute what it
had, nothing is lost and nothing counted twice. A worker computes each part on one core, or on `--threads`. On one machine with many cores
workers count draws faster than threads do, which share what is counted.

Workers need the same version of this package, of numba and of numpy, and one kind of processor, since numba compiles for the one that it
runs on: others are refused, with a sentence. `NUMBA_CPU_NAME=generic` in the environment of all workers makes different processors
alike, and slower.
Where threads of a worker are wanted, numba has to run them on OpenMP or TBB: on its own workqueue one kernel of a process runs at a time.
A scheduler lets whoever reaches it run code on its workers: keep it inside your network.

In Python the client is given to the plan, as is any executor of `concurrent.futures`; processes are to be started by `spawn`:

    SamplingPlan(draws=10_000_000, executor=distributed.Client("tcp://scheduler:8786"))
"""
