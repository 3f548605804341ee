"""A report as Markdown that GitHub renders, its pictures as files in a folder beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from simulator.report.parts import FOOT, Block, Code, Content, Number, Paragraph, Picture, Row, Table, Text

_PREFIX = {"warning": "> **Note:** ", "quote": "> "}


def to_markdown(content: Content, folder: str) -> tuple[str, dict[str, bytes]]:
    r"""Return a report as Markdown, and the files that it shows, by name.

    Pictures are files since GitHub shows none that stand in the text itself.

    Parameters
    ----------
    content : Content
    folder : str
        Name of the folder of the pictures, beside the file.

    Examples
    --------
    >>> from simulator.report.parts import Section
    >>> said = Section("a", "A", (Paragraph(("x ", Number(1.0, "1"))),))
    >>> text, pictures = to_markdown(Content("<b>*", "", "3 draws", (said,)), "files")
    >>> text.splitlines()[:5], pictures
    (['# &lt;b&gt;\\*', '', '3 draws', '', '## A'], {})
    """
    files: dict[str, bytes] = {}
    parts = [f"# {_words(content.title)}", *([f"_{_words(content.subtitle)}_"] if content.subtitle else []), _words(content.about)]
    for section in content.sections:
        parts.append(f"## {_words(section.title)}")
        for block in section.blocks:
            if isinstance(block, Picture):
                files[f"{block.name}.svg"] = block.wide
            parts.append(_block(block, folder))
    return "\n\n".join([*parts, _words(FOOT)]) + "\n", files


def _block(block: Block, folder: str) -> str:
    match block:
        case Paragraph():
            return f"{_PREFIX.get(block.kind, '')}{_text(block.text)}"
        case Table():
            return "\n".join(_table(block))
        case Picture():
            return f"![{_words(block.alt)}]({folder}/{block.name}.svg)\n\n{_words(block.caption)}."
        case Code():
            longest = max(map(len, re.findall("`+", block.text)), default=0)
            fence = "`" * max(3, longest + 1)
            return f"{_words(block.label)}:\n\n{fence}{block.language}\n{block.text}\n{fence}"


def _table(table: Table) -> Iterator[str]:
    yield f"**{_words(table.caption)}**\n"
    yield f"| {' | '.join(map(_words, table.columns))} |"
    yield f"|{'|'.join([':---', *(':---' if place in table.words else '---:' for place in range(len(table.columns) - 1))])}|"
    for row in table.rows:
        yield f"| {' | '.join([_head(row), *map(_text, row.cells)])} |"


def _head(row: Row) -> str:
    detail = f"<br>{_words(row.detail)}" if row.detail else ""
    head = _words(row.head)
    return {"total": f"**{head}**", "part": f"&emsp;{head}"}.get(row.kind, head) + detail


def _text(text: Text) -> str:
    return "".join(_words(part.text if isinstance(part, Number) else part) for part in text)


def _words(text: str) -> str:
    """Return a text in which nothing is a mark of Markdown or HTML; blanks at its ends stay, lines are joined."""
    plain = re.sub(r"\s*[\r\n]\s*", " ", text)
    return re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", escape(plain, quote=False))
