"""``--cluster tcp://scheduler:8786``: the workers of a Dask cluster."""

from __future__ import annotations

import logging
from typing import Any

import click

from simulator.errors import printable

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

    if wrong := _wrong_with(address):
        raise InputError(f"{where}: {wrong}. State the address that `dask scheduler` prints, for example tcp://127.0.0.1:8786")
    for name in ("distributed", "distributed.client"):  # a scheduler that is lost is told in a sentence
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # not the default one: what else uses Dask here, as xarray does for files, is not meant
    client = Client(address, timeout=_ANSWER, set_as_default=False)
    click.get_current_context().call_on_close(client.close)
    try:
        client.wait_for_workers(1, timeout=_WORKERS)
    except TimeoutError:
        raise InputError(f"{where}: the scheduler has no workers after {_WORKERS:g} s. Start some: `dask worker {address}`") from None
    threads = client.nthreads()
    told = f"workers: {len(threads)}, their threads: {sum(threads.values())}, dashboard: {client.dashboard_link}"
    click.echo(f"cluster {address}: {told}", err=True)
    return client


def _wrong_with(address: str) -> str:
    """Return why there is no scheduler at an address, or nothing where there is one.

    Asked before a client is made: that would wait for ever for another server's answer, and complain at the end of the process.
    """
    import asyncio

    try:
        kind = asyncio.run(asyncio.wait_for(_kind_of(address), _ANSWER))
    except TimeoutError:
        return f"no scheduler answers within {_ANSWER:g} s"
    except Exception as error:  # noqa: BLE001 - whatever answers there is read as if a scheduler had said it
        return f"no scheduler answers ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
    return "" if kind == "Scheduler" else f"what answers is no scheduler, but of kind {printable(str(kind)[:40])}"


async def _kind_of(address: str) -> object:
    """Return what a server of Dask says it is."""
    from distributed import Security
    from distributed.core import connect, send_recv

    comm = await connect(address, timeout=_ANSWER, **Security().get_connection_args("client"))
    try:
        return (await send_recv(comm, op="identity"))["type"]
    finally:
        comm.abort()
