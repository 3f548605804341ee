"""What a report is made of: numbers with their exact values, paragraphs, tables, pictures, code, in sections.

How they look is for the renderers; what they say for the modules that make them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: what stands under every report
FOOT = "± is one Monte Carlo standard error, ± ? where it is not known; – is what the draws do not support."


@dataclass(frozen=True)
class Number:
    """A number as it is printed, and what it was rounded from.

    Attributes
    ----------
    value : float
        In the canonical unit of its quantity.
    text : str
    strong : bool
        Whether it is what a sentence is about.
    """

    value: float
    text: str
    strong: bool = False


#: words and numbers in the order in which they are read
Text = tuple[str | Number, ...]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph.

    Attributes
    ----------
    text : Text
    kind : str
        ``lead`` for the answer, ``note`` for small print, ``warning`` for what must not be missed, else ''.
    """

    text: Text
    kind: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes
    ----------
    head : str
    cells : tuple of Text
    detail : str
        Small print under the head.
    kind : str
        ``total`` or ``part``, else ''.
    """

    head: str
    cells: tuple[Text, ...]
    detail: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows.

    Attributes
    ----------
    caption : str
    columns : tuple of str
        Heads of all columns, that of the row heads first.
    rows : tuple of Row
    words, units : frozenset of int
        Places of the cells that hold words, and of those that hold units; the others hold numbers.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    words: frozenset[int] = frozenset()
    units: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A picture in two widths, as SVG.

    Attributes
    ----------
    name : str
        Unique in a report.
    caption : str
    alt : str
        With the numbers that the picture shows.
    wide, narrow : bytes
        For a page, and for a telephone.
    """

    name: str
    caption: str
    alt: str
    wide: bytes = field(repr=False)
    narrow: bytes = field(repr=False)


@dataclass(frozen=True)
class Code:
    """Text that is to be copied as it stands."""

    label: str
    text: str
    language: str = ""


Block = Paragraph | Table | Picture | Code


@dataclass(frozen=True)
class Section:
    """A section with an anchor of its own."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Content:
    """A whole report.

    Attributes
    ----------
    title, subtitle : str
    about : str
        How it was drawn, in one line.
    sections : tuple of Section
    """

    title: str
    subtitle: str
    about: str
    sections: tuple[Section, ...]
