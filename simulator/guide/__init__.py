"""What a user reads on: each module is a chapter, which is its docstring, in Markdown; ``simulator guide`` prints it.

Commands and configs of a chapter are run by ``tests/test_documents.py`` (``bench`` and ``gallery`` by tests of their own), and what it
shows is what is printed.

>>> from simulator.guide import chapter, chapters
>>> chapters()["trust"]
'How far to trust it: what the bands rest on, how they were tested, what they leave out.'
>>> chapter("scenario").startswith("How to write a scenario.")
True
"""

from __future__ import annotations

import ast
from difflib import get_close_matches
from importlib.resources import files

from simulator.errors import InputError

#: in the order in which they are read
_CHAPTERS = ("scenario", "components", "histories", "risk", "pictures", "importing", "draws", "clusters", "trust")


def chapters() -> dict[str, str]:
    """Return what each chapter is about, by name, in the order in which they are read."""
    return {name: chapter(name).partition("\n")[0] for name in _CHAPTERS}


def chapter(name: str) -> str:
    """Return a chapter's text, Markdown.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in _CHAPTERS:
        near = "".join(f"; did you mean {match}?" for match in get_close_matches(name, _CHAPTERS, 1, cutoff=0.5)) or "."
        raise InputError(f"{name!r} is no chapter of the guide{near} There are {', '.join(_CHAPTERS)}")
    source = files("simulator.guide").joinpath(f"{name}.py").read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(source)) or ""
