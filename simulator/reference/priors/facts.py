"""What a published run or system was, and from which month on its figures were known."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
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
    """

    name: str
    family: str
    published: str
    accelerator: str
    architecture: str
    organisation: str
    hours: str
    source: str


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
