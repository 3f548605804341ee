"""Every key of a config with unit, domain, default and meaning, told by the models themselves."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from simulator.quantities import QUANTITIES, Quantity
from simulator.reference import accelerators, defaults
from simulator.reference.priors.known import FITTED
from simulator.reference.regions import regions
from simulator.scenario.fields import LONG_NAMES, Limit
from simulator.scenario.schema import SECTIONS, Scenario
from simulator.scenario.values import UncertainValue


@dataclass(frozen=True)
class Key:
    """One key of a config.

    Attributes
    ----------
    path : str
        ``workload.mfu``; ``people[].salary`` of an item of a list.
    quantity : Quantity or None
        That it is a value of.
    uncertain : bool
        Whether it takes an uncertain value of it, and not one number.
    admissible : tuple of str
        What it takes beside a value of the quantity, or in place of one.
    takes : str
        The same in words, where these tell more.
    default : str
        '' where it has none.
    source : str
        Of the default.
    meaning : str
    """

    path: str
    quantity: Quantity | None
    uncertain: bool
    admissible: tuple[str, ...]
    takes: str
    default: str
    source: str
    meaning: str

    @property
    def unit(self) -> str:
        """Canonical unit, '' where there is none."""
        return "" if self.quantity is None or self.quantity.unit == "1" else self.quantity.unit

    @property
    def domain(self) -> str:
        """What it can be."""
        if self.takes or self.quantity is None:
            return self.takes or " or ".join(self.admissible)
        whole = "whole numbers " if self.quantity.integer else ""
        return " or ".join([f"{whole}{self.quantity.domain}", *self.admissible])


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Return what each key means that is no quantity, and what it takes where its type does not tell, by path."""
    text = files("simulator.scenario").joinpath("keys.csv").read_text(encoding="utf-8")
    return {row["path"]: row for row in csv.DictReader(text.splitlines())}


@cache
def config_keys() -> tuple[Key, ...]:
    """Return every key of a config, in the order of its sections.

    Examples
    --------
    >>> key = next(key for key in config_keys() if key.path == "energy.pue")
    >>> key.domain, key.default
    ('>= 1', '1.12 to 1.40')
    """
    return tuple(_keys(Scenario, ""))


def sections() -> Mapping[str, str]:
    """Return what each section is about."""
    return {name: meaning_of_model(model) for name, model in SECTIONS.items()}


def meaning_of_model(model: type[BaseModel]) -> str:
    """Return the first sentence of a model's docstring."""
    return " ".join((model.__doc__ or "").split("\n\n")[0].split())


def _keys(model: type[BaseModel], prefix: str) -> Iterator[Key]:
    for name, field in model.model_fields.items():
        below, listed = model_below(field.annotation)
        if below is not None:
            if listed:
                yield _key(model, f"{prefix}{name}", name, field)
            yield from _keys(below, f"{prefix}{name}{'[]' if listed else ''}.")
        else:
            yield _key(model, f"{prefix}{name}", name, field)


def model_below(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the model that a field holds, and whether it holds a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    listed = get_origin(annotation) is tuple
    for part in get_args(annotation) if listed or get_origin(annotation) in (Union, UnionType) else ():
        found, _ = model_below(part)
        if found is not None:
            return found, listed
    return None, False


def quantity_of(name: str, field: FieldInfo) -> tuple[Quantity | None, bool]:
    """Return the quantity that a field is named after, and whether it takes uncertain values of it."""
    uncertain = _mentions(field, UncertainValue)
    limit = any(part == get_args(Limit)[1] for part in _parts(field))
    wanted = LONG_NAMES.get(name, name)
    return (QUANTITIES[wanted] if (uncertain or limit) and wanted in QUANTITIES else None), uncertain


def _parts(field: FieldInfo) -> list[Any]:
    """Return everything that the annotation of a field is made of."""
    found, waiting = [], [field.annotation, *field.metadata]
    while waiting:
        part = waiting.pop()
        found.append(part)
        waiting += [*get_args(part)] if get_origin(part) is not Literal else []
        waiting += part.__metadata__ if get_origin(part) is Annotated else ()
    return found


def _mentions(field: FieldInfo, kind: type) -> bool:
    return any(part is kind for part in _parts(field))


def _key(model: type[BaseModel], path: str, name: str, field: FieldInfo) -> Key:
    quantity, uncertain = quantity_of(name, field)
    choices = [str(choice) for part in _parts(field) if get_origin(part) is Literal for choice in get_args(part)]
    kinds = (
        [_KINDS[part] for part in _parts(field) if isinstance(part, type) and part in _KINDS] if not choices and quantity is None else []
    )
    default, source = _default(path, name, field) if uncertain or quantity is None else ("", "")
    own = words().get(path, {})
    meaning = own.get("meaning") or (quantity.meaning if quantity else meaning_of_model(model))
    return Key(path, quantity, uncertain, tuple(dict.fromkeys([*choices, *kinds])), own.get("takes", ""), default, source, meaning)


_KINDS: dict[type, str] = {str: "text", bool: "true or false", float: "a number"}


def _default(path: str, name: str, field: FieldInfo) -> tuple[str, str]:
    """Return what stands in for a key, and where that comes from."""
    if path == "name":
        return "the name of the file", ""
    if field.is_required():
        return "", "it has to be stated"
    if field.default not in (None, PydanticUndefined, "", ()):
        return str(field.default), ""
    if name in FITTED:
        return "fitted to published runs that are like this one", "simulator priors"
    known = [key for key, figures in accelerators().items() if name in figures]
    if known and name not in defaults():
        return f"that of the accelerator, of {len(known)}", "simulator reference accelerators"
    if any(name in place.figures for place in regions().values()):
        return "that of the region", "simulator reference grid_annual"
    if name in defaults():
        return defaults()[name].value, defaults()[name].source
    return "", ""
