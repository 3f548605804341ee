"""What a published run or system was, and from which month on its figures were known."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from simulator.errors import LawError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Facts:
    """What a published run or system was, and when its figures became known.

    Attributes
    ----------
    name : str
        As in the table ``runs`` or ``failures``.
    family : str
        Models of one team and recipe, or systems of one operator, whose figures are no independent evidence.
    published : str
        Month in which its figures were published, ``2022-04``.
    accelerator : str
        As in the table ``accelerators``; empty where it is not known.
    architecture : {"dense", "mixture_of_experts", "encoder_decoder", ""}
    organisation : {"laboratory", "public", "company"}
        Who trained it: a laboratory that trains models as its work, a public or open project, another company.
    hours : {"run", "productive", "estimate", "none"}
        What its published accelerator-hours contain: all of the run, productive hours only (tokens over throughput); ``estimate`` are
        other people's, ``none`` are published.
    source : str
    later : str
        What became known after that, and when, ``mfu 2022-04``; empty where nothing did.
    """

    name: str
    family: str
    published: str
    accelerator: str
    architecture: str
    organisation: str
    hours: str
    source: str
    later: str = ""

    def known_by(self, quantity: str) -> Facts:
        """Return these facts with the month in which a figure of them was published.

        Examples
        --------
        >>> facts()["Gopher 280B"].published, facts()["Gopher 280B"].known_by("mfu").published
        ('2021-12', '2022-04')
        """
        named, _, month = self.later.partition(" ")
        return replace(self, published=month) if named == quantity else self


@cache
def facts() -> Mapping[str, Facts]:
    """Return the facts of the runs in the table ``runs`` and of systems in the table ``failures``, by name."""
    text = files("simulator.reference.priors").joinpath("facts.csv").read_text(encoding="utf-8")
    rows = (Facts(**{name: row[name] for name in Facts.__dataclass_fields__}) for row in csv.DictReader(text.splitlines()))
    return MappingProxyType({row.name: row for row in rows})


def month_of(text: str) -> str:
    """Return a month before which figures must have been published, as it is.

    Raises
    ------
    LawError
        Where the text is no month.

    Examples
    --------
    >>> month_of("2024-03")
    '2024-03'
    """
    if not re.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])", text):
        raise LawError(f"{text!r} is not a month", "Write 2024-03: figures published before March 2024 are taken")
    return text


def family_of(text: str) -> str:
    """Return a family of published runs, as it is.

    Raises
    ------
    LawError
        Where there is none of that name.
    """
    known = sorted({own.family for own in facts().values()})
    if text not in known:
        near = get_close_matches(text, known, n=3) or known
        raise LawError(f"{text!r} is no family of published runs", f"Known are {', '.join(near)}")
    return text


def relatives(family: str, model: str) -> tuple[str, ...]:
    """Return the families of published runs that a run of another table may be of, however that spells them; the longest names that fit.

    Examples
    --------
    >>> relatives("StarCoder-Base", "StarCoderBase"), relatives("llama", "Llama 3.1 8B"), relatives("mine", "Mine 7B")
    (('starcoder',), ('llama1', 'llama2', 'llama3.1'), ())
    """
    known = {own.family: _letters(own.family) for own in facts().values()}
    if _letters(family) in known.values():
        return tuple(name for name, letters in known.items() if letters == _letters(family))
    found = {name for name, letters in known.items() if _letters(family) and letters.startswith(_letters(family))}
    for text in (_letters(family), _letters(model)):
        begun = [name for name, letters in known.items() if text.startswith(letters)]
        found |= {max(begun, key=len)} if begun else set()
        found |= {own.family for own in facts().values() if text and _letters(own.name) == text}
    return tuple(sorted(found))


def _letters(text: str) -> str:
    """Return letters and digits alone, in small letters, and no minor version: Llama 3.3 is Llama 3.1 trained on."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"(\d)\.\d+", r"\1", text.lower()))
