"""``COLUMN=VALUE``, as options state it."""

from __future__ import annotations


def pair(text: str) -> tuple[str, str]:
    """Return column and value.

    Raises
    ------
    InputError
        Where it is no pair.
    """
    from simulator.errors import InputError

    column, equals, value = text.partition("=")
    if not equals or not column.strip():
        raise InputError(f"--where {text} is not COLUMN=VALUE. For example --where zone_id=DE")
    return column.strip(), value.strip()
