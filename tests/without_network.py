"""Run verbs, told as JSON on standard input, where no socket of the internet can be made; print exit codes and attempts."""

import contextlib
import io
import json
import socket
import sys

REFUSED = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendto", "urllib.Request"}
attempts = []


def refuse(event, arguments):
    """Refuse what reaches for a network; local sockets, which event loops and pools use, are let through."""
    if event in REFUSED or (event == "socket.__new__" and arguments[1] in (socket.AF_INET, socket.AF_INET6)):
        attempts.append(f"{event} {arguments[1:]}")
        raise PermissionError(f"{event}: there is no network")


def main():
    from simulator.cli import main as simulator  # noqa: PLC0415 - imports are watched too

    told = []
    for words in json.load(sys.stdin):
        if words[0] == "fetch":  # no verb: shows that an attempt is seen
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", 9))
            continue
        sys.argv = ["simulator", *words]
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            try:
                code = simulator() or 0
            except SystemExit as left:
                code = left.code or 0
        told.append({"words": words, "code": code, "said": said.getvalue()})
    print(json.dumps({"told": told, "attempts": attempts}))


if __name__ == "__main__":
    sys.addaudithook(refuse)
    main()
