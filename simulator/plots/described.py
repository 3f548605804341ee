"""What a picture shows, in words: for those who do not see it."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def described(figure: Figure, shows: str) -> str:
    """Return an alternative text: what is shown, and what the picture itself says in its heading, its axes, rows and legends.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    shows : str
        The kind of picture in words.

    Examples
    --------
    >>> figure = Figure()
    >>> ax = figure.subplots()
    >>> _ = ax.plot([0, 1], [0, 1], label="P50: 3 ± 0.1"), ax.set(xlabel="cost [USD]", ylabel="chance"), ax.legend()
    >>> described(figure, "A curve")
    'A curve. Across: cost [USD]; up: chance; P50: 3 ± 0.1.'
    """
    parts = [shows, str(figure.get_label())]
    parts += ["; ".join(_of_axes(ax)) for ax in figure.axes]
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    parts.append("Marks: " + "; ".join(map(_plain, legends)) if legends else "")
    return ". ".join(part.rstrip(".") for part in parts if part) + "."


def _of_axes(ax: Axes) -> Iterator[str]:
    if title := ax.get_title():
        yield _plain(title)
    if across := ax.get_xlabel():
        yield f"Across: {_plain(across)}"
    if up := ax.get_ylabel():
        yield f"up: {_plain(up)}"
    rows = [text.get_text() for text in ax.get_yticklabels()]
    numbers = [text.get_text() for child in ax.child_axes for text in child.get_yticklabels()]
    if numbers:
        yield ", ".join(f"{_plain(row)}: {number}" for row, number in zip(rows, numbers, strict=True))
    legend = ax.get_legend()
    if legend is not None:
        yield from (_plain(text.get_text()) for text in legend.get_texts())


def _plain(text: str) -> str:
    return " ".join(text.split())
