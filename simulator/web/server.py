"""Serves the page until it is stopped."""

from __future__ import annotations

import errno
import logging
import socket
import webbrowser
from collections.abc import Callable
from urllib.parse import urlencode

from waitress import create_server

from simulator.errors import InputError
from simulator.warmup import warm_up
from simulator.web.answer import draws_within_a_second
from simulator.web.app import MADE, WAITING, make_app
from simulator.web.guard import LARGEST_REQUEST, is_loopback, new_token
from simulator.web.served import serve_config
from simulator.web.state import LONGEST, State

_THREADS = WAITING + MADE + 5  # those that wait for a simulation keep no others from what is at hand
_CONNECTIONS = 200


def serve(path: str, *, host: str, port: int, opened: bool, tell: Callable[[str], None]) -> None:
    """Serve the page of a config.

    Parameters
    ----------
    path : str
    host : str
        One that others can reach gets a token.
    port : int
        0 takes a free one.
    opened : bool
        Whether to open it in a browser.
    tell : callable
        Takes each line for the user.

    Raises
    ------
    InputError
        Where the config is not valid, or the port is taken.
    """
    served = serve_config(path)
    with _listening(host, port) as listening:
        tell("compiling what is not compiled yet; the first time takes two to three minutes")
        for _ in warm_up():
            pass
        token = None if is_loopback(host) else new_token()
        app = make_app(served, draws_within_a_second(served.scenario(State())), token=token)
        url = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/"
        if token:
            url = f"{url}?{urlencode({'token': token})}"
            tell("whoever can reach this machine and has this address can use the page; it is not encrypted")
        server = create_server(
            app.server, sockets=[listening], threads=_THREADS, connection_limit=_CONNECTIONS, ident=None,
            max_request_body_size=LARGEST_REQUEST, max_request_header_size=4 * LONGEST,
        )  # fmt: skip
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that some wait is told to them
        tell(f"serving {served.name} at {url}  (Ctrl-C stops it)")
        if opened:
            webbrowser.open(url)
        server.run()


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens, so that a port that is taken is told at once."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        of_port = error.errno in (errno.EADDRINUSE, errno.EACCES)
        way_out = "Use --port 0 for a free port" if of_port else "Use --host 127.0.0.1, or 0.0.0.0 for all addresses of this machine"
        raise InputError(f"{host}:{port} cannot be served ({error.strerror or error}). {way_out}") from None
