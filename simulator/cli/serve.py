"""``simulator serve``."""

from __future__ import annotations

from importlib.util import find_spec

import click


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator serve\n"
    "  simulator serve configs/llama3.1-405b.yaml --port 8000 --open\n"
    "  simulator serve configs/quickstart.yaml --port 0 --host 0.0.0.0\n",
)
@click.argument("config", type=click.Path(), required=False)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to serve; a host that others reach asks them for a token.")
@click.option("--open", "opened", is_flag=True, help="Open the page in a browser.")
def command(config: str | None, port: int, host: str, opened: bool) -> None:
    """Serve a page on which the ranges of CONFIG can be moved and its bands follow; without CONFIG, of the quickstart that is shipped.

    The page keeps all it is told in its address, so that a link restores it. Needs the extra web.
    """
    from simulator.errors import InputError

    if find_spec("dash") is None or find_spec("waitress") is None:
        raise InputError("the page needs dash and waitress, which are not installed. pip install 'training-risk-simulator[web]'")
    from simulator.scenario.examples import examples
    from simulator.web.server import serve

    serve(config or str(examples()["quickstart"]), host=host, port=port, opened=opened, tell=click.echo)
