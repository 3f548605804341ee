"""A sign of life on stderr while draws are played out, and a clear word where the user stops them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer

import click

_SILENT = 3.0  # s, after which a run is long
_REMEMBERED = 600.0  # s, over which the speed is averaged: chunks of slow draws may take many seconds


@contextmanager
def showing_progress(draws: int) -> Iterator[Callable[..., None]]:
    """Show on a terminal's stderr how far a long run has come and how long it still takes; nothing in a pipe.

    Yields
    ------
    callable
        To be called with the number of draws done; and, where the draws are not those that were thought of, with how many there will
        be, and in words what they are for and what is left.

    Raises
    ------
    click.Abort
        Where the user interrupts; its message tells after how many draws.
    """
    done = 0
    with _bar(draws) as show:

        def tell(count: int, expected: int = draws, what: str = "simulating", left: str = "left, Ctrl-C stops") -> None:
            nonlocal done
            done = count
            show(count, expected, what, left)

        try:
            yield tell
        except KeyboardInterrupt:
            raise click.Abort(f"after {done} of {draws} draws; nothing was written") from None


@contextmanager
def _bar(draws: int) -> Iterator[Callable[[int, int, str, str], None]]:
    if not sys.stderr.isatty():
        yield lambda _done, _expected, _what, _left: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[left]}"),
    )
    bar = Progress(*columns, console=Console(stderr=True), transient=True, speed_estimate_period=_REMEMBERED)
    task = bar.add_task("simulating (the first run compiles for about a minute)", total=draws, left="", speed="")

    def show(done: int, expected: int, what: str, left: str) -> None:
        speed = bar.tasks[task].speed
        told = f"{_rounded(speed)} draws/s" if speed else ""
        bar.update(task, completed=done, total=expected, description=what, left=left, speed=told)

    # from another thread, so that it comes while the kernel is being compiled too
    timer = Timer(_SILENT, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield show
    finally:
        timer.cancel()
        timer.join()
        if bar.live.is_started:
            bar.stop()


def _rounded(speed: float) -> str:
    """Return a speed with three digits at most.

    Examples
    --------
    >>> _rounded(1234567.0), _rounded(83.4), _rounded(1.27)
    ('1 230 000', '83', '1.3')
    """
    return f"{float(f'{speed:.3g}'):,.0f}".replace(",", " ") if speed >= 10.0 else f"{speed:.2g}"
