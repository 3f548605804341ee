"""Who may ask, and what a browser may do with the answer."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, redirect, request

COOKIE = "simulator_token"
LARGEST_REQUEST = 64 * 1024  # bytes
_REFUSED = "Open the address that `simulator serve` printed, with its token."


def is_loopback(host: str) -> bool:
    """Return whether a host can be reached from this machine alone.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(24)


def headers(script_hashes: Sequence[str]) -> dict[str, str]:
    """Return the headers of every answer: nothing from another host, no frame, no guessing of types.

    Parameters
    ----------
    script_hashes : sequence of str
        Of the scripts that stand in the page itself, ``'sha256-...'``. Plotly writes styles into the page, so that these are allowed.
    """
    policy = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", *script_hashes]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }


def protect(server: Flask, *, token: str | None, script_hashes: Sequence[str]) -> None:
    """Put a guard before every request, and headers on every answer.

    Parameters
    ----------
    server : Flask
    token : str or None
        That a request bears, in the address once and in a cookie then. None serves this machine alone: requests under another name
        than its own are refused, which a foreign page that has rebound its name would make.
    script_hashes : sequence of str
        See :func:`headers`.
    """
    server.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    sent = headers(script_hashes)

    def add(response: Any) -> Any:
        response.headers.update(sent)
        if not request.path.startswith(("/assets/", "/_dash-component-suites/")):
            response.headers["Cache-Control"] = "no-store"
        return response

    server.before_request(_by_token(token) if token else _by_name)
    server.after_request(add)


def _by_name() -> Any:
    """Refuse what is asked under a name that is not this machine's, or by a page of another."""
    if not is_loopback(urlsplit(f"//{request.host}").hostname or "") or _is_foreign():
        return Response("This page serves its own machine alone.", 403, mimetype="text/plain")
    return None


def _is_foreign() -> bool:
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def _by_token(token: str) -> Callable[[], Any]:
    """Return a guard that lets through who bears a token."""

    def check() -> Any:
        if _is_foreign():
            return Response(_REFUSED, 403, mimetype="text/plain")
        if _equal(request.cookies.get(COOKIE, ""), token):
            return None
        if request.method == "GET" and _equal(request.args.get("token", ""), token):
            rest = urlencode([(name, value) for name, value in request.args.items(multi=True) if name != "token"])
            answer = redirect(f"{request.path}?{rest}" if rest else request.path)
            answer.set_cookie(COOKIE, token, httponly=True, samesite="Lax")
            return answer
        return Response(_REFUSED, 403, mimetype="text/plain")

    return check


def _equal(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())
