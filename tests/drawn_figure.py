"""What a figure looks like once it is drawn: its texts, where they stand, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SMALLEST = 6.4  # points: what is still read in print
_TOUCHING = 0.5  # of a point


def texts_of(figure: Figure) -> Iterator[tuple[str, Text]]:
    """Yield what is written, ticks that lie in view alone."""
    if figure._suptitle is not None:
        yield "heading", figure._suptitle
    for legend in figure.legends:
        yield from (("legend", text) for text in legend.get_texts())
    for ax in figure.axes:
        for own in (ax, *ax.child_axes):
            yield from (("title", text) for text in (own.title, own._left_title, own._right_title))
            for axis in (own.xaxis, own.yaxis):
                yield from (("label", text) for text in (axis.label, axis.offsetText))
                low, high = sorted(axis.get_view_interval())
                margin = 1e-9 * (high - low)
                for tick in axis.get_major_ticks():
                    if low - margin <= tick.get_loc() <= high + margin:
                        yield from (("tick", text) for text in (tick.label1, tick.label2))
            yield from (("text", text) for text in own.texts)
        if (legend := ax.get_legend()) is not None:
            yield from (("legend", text) for text in legend.get_texts())


def complaints(figure: Figure, *, units: tuple[str, ...] = ()) -> list[str]:
    """Return what is wrong with a figure, in words: nothing where all can be read.

    Parameters
    ----------
    figure : Figure
    units : tuple of str
        Labels that need no unit.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    found: list[str] = []
    boxes: list[tuple[str, Bbox]] = []
    for kind, text in texts_of(figure):
        if not text.get_visible() or not text.get_text().strip():
            continue
        box = text.get_window_extent(renderer)
        words = f"{kind} '{text.get_text()}'"
        whole = figure.bbox
        if box.x0 < whole.x0 - 1 or box.y0 < whole.y0 - 1 or box.x1 > whole.x1 + 1 or box.y1 > whole.y1 + 1:
            found.append(f"{words} is cut off")
        if text.get_fontsize() < SMALLEST:
            found.append(f"{words} has {text.get_fontsize():g} points")
        boxes.append((words, box))
    shrink = _TOUCHING * figure.dpi / 72
    for (a, one), (b, other) in combinations(boxes, 2):
        wide = min(one.x1, other.x1) - max(one.x0, other.x0)
        high = min(one.y1, other.y1) - max(one.y0, other.y0)
        if wide > shrink and high > shrink:
            found.append(f"{a} and {b} overlap")
    for ax in figure.axes:
        found += _of_axes(ax, renderer, units)
    return found


def _of_axes(ax: Axes, renderer: object, units: tuple[str, ...]) -> Iterator[str]:
    words = f"axes '{ax.get_xlabel()}'"
    if not ax.has_data():
        yield f"{words} are empty"
    box = ax.get_window_extent(renderer)  # type: ignore[arg-type]  # hints ask for a class that Agg is none of
    inches = ax.figure.dpi
    if box.width < 0.6 * inches or box.height < 0.25 * inches:
        yield f"{words} are only {box.width / inches:.2f} by {box.height / inches:.2f} inches"
    label = ax.get_xlabel()
    if not label:
        yield "axes have no label"
    elif "[" not in label + ax.get_title() and not label.startswith(units):
        yield f"{words} have no unit"
    if (legend := ax.get_legend()) is not None:
        area = legend.get_window_extent(renderer)  # type: ignore[arg-type]  # hints ask for a class that Agg is none of
        for line in ax.lines:
            xy = ax.transData.transform(np.column_stack(line.get_data())) if line.get_transform() == ax.transData else np.empty((0, 2))
            if len(xy) > 2 and area.padded(-2).count_contains(xy):
                yield f"legend of {words} lies on a curve"
