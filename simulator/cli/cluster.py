"""``--cluster tcp://scheduler:8786``: the workers of a Dask cluster."""

from __future__ import annotations

from typing import Any

import click

_ANSWER = 10.0  # s, in which a scheduler answers
_WORKERS = 60.0  # s, in which a first worker comes


def connected(address: str) -> Any:
    """Return a client of the scheduler at an address, which is closed when the command ends, and tell what works there.

    Raises
    ------
    InputError
        Where Dask is not installed, no scheduler answers, or it has no workers.
    """
    from importlib.util import find_spec

    from simulator.errors import InputError

    where = f"--cluster {address}"
    if find_spec("distributed") is None:
        raise InputError(f"{where}: Dask is not installed; pip install 'training-risk-simulator[cluster]'")

    from distributed import Client

    try:
        # not the default one: what else uses Dask here, as xarray does for files, is not meant
        client = Client(address, timeout=_ANSWER, set_as_default=False)
    except (OSError, ValueError) as error:  # a TimeoutError is an OSError
        raise InputError(
            f"{where}: no scheduler answers ({str(error).splitlines()[0] if str(error) else type(error).__name__}). "
            "State the address that `dask scheduler` prints, for example tcp://127.0.0.1:8786"
        ) from None
    click.get_current_context().call_on_close(client.close)
    try:
        client.wait_for_workers(1, timeout=_WORKERS)
    except TimeoutError:
        raise InputError(f"{where}: the scheduler has no workers after {_WORKERS:g} s. Start some: `dask worker {address}`") from None
    threads = client.nthreads()
    told = f"workers: {len(threads)}, their threads: {sum(threads.values())}, dashboard: {client.dashboard_link}"
    click.echo(f"cluster {address}: {told}", err=True)
    return client
