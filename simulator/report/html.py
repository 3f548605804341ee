"""A report as one HTML file: nothing outside it is asked for, no script runs, and it prints."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from simulator.report.parts import FOOT, Block, Code, Content, Number, Paragraph, Picture, Row, Section, Table, Text

_PLUS_MINUS = " ± "
# the browser is told to load nothing but what the file holds, whatever a scenario is named
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_SHORT = 12  # rows of a table that is not torn apart by a page break
_NARROW = "(max-width: 36rem)"


def to_html(content: Content) -> str:
    r"""Return a report as HTML; every number keeps its exact value: ``<data value="342512.3">342.5</data>``.

    Examples
    --------
    >>> said = Paragraph(("cost ", Number(3123.4, "3.1"), " thousand USD"))
    >>> page = to_html(Content("<b>", "", "", (Section("a", "A", (said,)),)))
    >>> "<h1>&lt;b&gt;</h1>" in page, '<data value="3123.4">3.1</data>\xa0thousand' in page
    (True, True)
    """
    style = files("simulator.report").joinpath("page.css").read_text(encoding="utf-8")
    sections = "\n".join(map(_section, content.sections))
    links = "\n".join(f'<li><a href="#{s.anchor}">{escape(s.title)}</a></li>' for s in content.sections)
    subtitle = f'<p class="subtitle">{_words(content.subtitle)}</p>\n' if content.subtitle else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(content.title)}: cost and carbon of a training run</title>
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<p class="kicker">Cost and carbon of a training run</p>
<h1>{_words(content.title)}</h1>
{subtitle}<p class="about">{_words(content.about)}</p>
</header>
<nav aria-label="Contents">
<ol>
{links}
</ol>
</nav>
<main id="content" tabindex="-1">
{sections}
</main>
<footer>
<p>{FOOT}</p>
</footer>
</body>
</html>
"""


def _section(section: Section) -> str:
    body = "\n".join(map(_block, section.blocks))
    title = f"{section.anchor}-title"
    return f'<section id="{section.anchor}" aria-labelledby="{title}">\n<h2 id="{title}">{escape(section.title)}</h2>\n{body}\n</section>'


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            kind = f' class="{block.kind}"' if block.kind else ""
            return f"<p{kind}>{_text(block.text)}</p>"
        case Table():
            return _table(block)
        case Picture():
            return _picture(block)
        case Code():
            label = escape(block.label)
            pre = f'<pre tabindex="0" role="region" aria-label="{label}"><code>{escape(block.text)}</code></pre>'
            return f'<figure class="code">\n<figcaption>{label}</figcaption>\n{pre}\n</figure>'


def _table(table: Table) -> str:
    kinds = ["", *(_kind(table, place) for place in range(len(table.columns) - 1))]
    heads = "".join(f'<th scope="col"{_class(kind)}>{_words(head)}</th>' for kind, head in zip(kinds, table.columns, strict=True))
    rows = "\n".join(_row(row, kinds[1:]) for row in table.rows)
    short = " short" if len(table.rows) <= _SHORT else ""
    caption = escape(table.caption)
    return (
        f'<div class="scroll{short}" role="region" aria-label="{caption}" tabindex="0">\n<table>\n'
        f"<caption><span>{_words(table.caption)}</span></caption>\n"
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _kind(table: Table, place: int) -> str:
    """Return the class of the cells of a column after the first."""
    return "words" if place in table.words else "unit" if place in table.units else ""


def _row(row: Row, kinds: Sequence[str]) -> str:
    detail = f' <span class="detail">{_words(row.detail)}</span>' if row.detail else ""
    cells = "".join(f"<td{_class(kind)}>{_text(cell)}</td>" for kind, cell in zip(kinds, row.cells, strict=True))
    return f'<tr{_class(row.kind)}><th scope="row">{_words(row.head)}{detail}</th>{cells}</tr>'


def _picture(picture: Picture) -> str:
    wide, narrow = (f"data:image/svg+xml;base64,{b64encode(own).decode()}" for own in (picture.wide, picture.narrow))
    return (
        f'<figure id="picture-{picture.name}">\n<picture><source media="{_NARROW}" srcset="{narrow}">'
        f'<img src="{wide}" alt="{escape(picture.alt)}"></picture>\n<figcaption>{_words(picture.caption)}.</figcaption>\n</figure>'
    )


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _text(text: Text) -> str:
    """Return words and numbers, an error together with its sign."""
    return "".join(_parts(text))


def _parts(text: Text) -> Iterator[str]:
    previous: str | Number = ""
    for part in text:
        if isinstance(part, Number):
            number = f'<data{_class("strong" if part.strong else "")} value="{part.value!r}">{_words(part.text)}</data>'
            yield f'<span class="error">±\u00a0{number}</span>' if previous == _PLUS_MINUS else number
        elif part == _PLUS_MINUS:
            yield " "
        elif previous == _PLUS_MINUS:
            yield f'<span class="error">±\u00a0{_words(part)}</span>'
        elif isinstance(previous, Number) and part.startswith(" "):  # a number and its unit stay together
            yield f"\u00a0{_words(part[1:])}"
        else:
            yield _words(part)
        previous = part


def _words(text: str) -> str:
    """Return a text escaped, whose numbers do not break."""
    return together(escape(text))


def together(text: str) -> str:
    r"""Return a text in which thousands, per cent and errors do not break.

    Examples
    --------
    >>> together("100 000 draws, 5 %")
    '100\xa0000 draws, 5\xa0%'
    """
    text = re.sub(r"\b(kg|t|kt|thousand|million|billion|trillion) (?=(CO2e|USD|h)\b)", "\\1\u00a0", text)
    joined = text.replace(" %", "\u00a0%").replace("± ", "±\u00a0")
    return re.sub(r"(?<=\d) (?=\d{3}(?!\d))", "\u00a0", joined)
