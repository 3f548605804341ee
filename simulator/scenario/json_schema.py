"""A JSON schema of the config, by which editors complete keys and underline what is wrong.

It is generated from the models. It knows the shape of values, not all that the simulator checks: units, laws and what belongs
together are told by ``simulator validate``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from scipy import stats

from simulator.quantities import Quantity
from simulator.reference import accelerators
from simulator.reference.regions import regions
from simulator.scenario.keys import Key, config_keys, meaning_of_model, model_below
from simulator.scenario.levers import LEVERS
from simulator.scenario.parts import CORE, PARTS
from simulator.scenario.schema import Scenario
from simulator.scenario.zones import zone_names
from simulator.stochastic.families import FAMILIES

Schema = dict[str, Any]

_NUMBER: Schema = {"type": "number"}
_AMOUNT: Schema = {"type": ["number", "string"]}
_TEXT: Schema = {"type": "string"}
_NUMBERS: Schema = {"type": "array", "items": _AMOUNT, "minItems": 1}
#: numbers, `LOW to HIGH`, and dates start with a digit, a sign or a point
_WRITTEN: Schema = {"type": "string", "pattern": r"^\s*[-+]?\.?\d"}
_PERCENTILES: Schema = {r"^p\d+(\.\d+)?$": _AMOUNT}
_OF_ALL: Schema = {
    "unit": {"type": "string", "description": "of bare numbers"},
    "truncate": {"type": "array", "items": {"type": ["number", "string", "null"]}, "minItems": 2, "maxItems": 2},
}


def config_schema() -> Schema:
    """Return the JSON schema of a config, of draft 7, which editors know best.

    Examples
    --------
    >>> config_schema()["definitions"]["Energy"]["properties"]["pue"]["anyOf"][0]
    {'type': 'number', 'minimum': 1.0}
    """
    definitions: Schema = {"uncertain": _uncertain()}
    keys = {key.path: key for key in config_keys()}
    root = _model(Scenario, "", keys, definitions)
    root["required"] = [name for name in root["required"] if name != "name"]  # that of the file stands in
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Scenario of the training cost and carbon risk simulator",
        **root,
        "definitions": definitions,
    }


def _model(model: type[BaseModel], prefix: str, keys: dict[str, Key], definitions: Schema) -> Schema:
    """Return the schema of a closed model; those of the models below it are added to the definitions."""
    properties: Schema = {}
    for name, field in model.model_fields.items():
        below, listed = model_below(field.annotation)
        if below is not None:
            path = f"{prefix}{name}{'[]' if listed else ''}."
            definitions[below.__name__] = _model(below, path, keys, definitions)
            reference: Schema = {"$ref": f"#/definitions/{below.__name__}"}
            properties[name] = {"type": "array", "items": reference} if listed else reference
        else:
            properties[name] = _field(keys[f"{prefix}{name}"], name, field)
    return {
        "type": "object",
        "description": meaning_of_model(model),
        "properties": properties,
        "required": [name for name, field in model.model_fields.items() if field.is_required()],
        "additionalProperties": False,
    }


def _field(key: Key, name: str, field: FieldInfo) -> Schema:
    told = {"description": _description(key)}
    optional: list[Schema] = [{"type": "null"}] if type(None) in get_args(field.annotation) else []
    if key.quantity is not None and key.uncertain:
        value = [_bounded(key.quantity), _written(key), {"$ref": "#/definitions/uncertain"}]
        if get_origin(field.annotation) is dict:
            return {**told, "type": "object", "additionalProperties": {"anyOf": value}}
        rules = [{"enum": list(key.admissible)}] if key.admissible else []
        return {**told, "anyOf": [*value, *rules, *optional], **_examples(key)}
    if key.quantity is not None:
        return {**told, "anyOf": [{"type": "number", "exclusiveMinimum": 0}, _WRITTEN, *optional]}
    choices = _choices(field.annotation)
    kind = _OWN[name]() if name in _OWN else {"enum": choices} if choices else _of_kind(key)
    kinds = kind["anyOf"] if kind.keys() == {"anyOf"} else [kind]
    return {**told, "anyOf": [*kinds, *optional]} if len(kinds) + len(optional) > 1 else {**told, **kind}


def _choices(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [choice for part in get_args(annotation) for choice in _choices(part)]


def _of_kind(key: Key) -> Schema:
    kinds: dict[str, Schema] = {"text": _TEXT, "true or false": {"type": "boolean"}, "a number": {"anyOf": [_NUMBER, _WRITTEN]}}
    return kinds[key.admissible[0]] if key.admissible else {}


def _description(key: Key) -> str:
    unit = f" [{key.unit}]" if key.unit else ""
    parts = [f"{key.meaning}{unit}"]
    if key.quantity is not None:
        parts.append(f"is {key.domain}")
    if key.default:
        parts.append(f"default: {key.default}")
    return "; ".join(parts)


def _bounded(quantity: Quantity) -> Schema:
    """Return the schema of a bare number, which is in the canonical unit."""
    domain = quantity.domain
    schema: Schema = {"type": "integer" if quantity.integer else "number"}
    for bound, is_open, closed, opened in (
        (domain.lower, domain.lower_open, "minimum", "exclusiveMinimum"),
        (domain.upper, domain.upper_open, "maximum", "exclusiveMaximum"),
    ):
        if math.isfinite(bound):
            schema[opened if is_open else closed] = bound
    return schema


def _written(key: Key) -> Schema:
    unit = key.unit or "no unit"
    return {**_WRITTEN, "description": f"a number with its unit, or LOW to HIGH (a central 90 % interval); {unit}"}


def _examples(key: Key) -> Schema:
    """Return the default as an example, where it is a value; some are told in words."""
    return {"examples": [key.default]} if " to " in key.default and re.match(_WRITTEN["pattern"], key.default) else {}


def _uncertain() -> Schema:
    """Return the schema of an uncertain value in braces: percentiles, a family with its parameters, data, or a mixture."""
    families = [
        _object({"family": {"const": name}, **dict.fromkeys(sorted(family.names()), _AMOUNT)}, f"{name}: {family.describe()}", _PERCENTILES)
        for name, family in FAMILIES.items()
    ]
    laws = (stats.rv_continuous, stats.rv_discrete)
    others = {"enum": [name for name in dir(stats) if isinstance(getattr(stats, name), laws) and name not in FAMILIES]}
    return {
        "description": "an uncertain value in braces",
        "anyOf": [
            {**_object({}, "percentiles; three and more are a metalog", _PERCENTILES, ()), "minProperties": 2},
            *families,
            _object({"family": {"const": "choice"}, "values": _NUMBERS, "probabilities": _numbers()}, "choice: values, probabilities"),
            _object(
                {"family": {"const": "empirical"}, "values": _NUMBERS, "weights": _numbers(), "file": _TEXT, "column": _TEXT},
                "empirical: values, or file and column",
            ),
            _object({"family": {"const": "mixture"}, "components": _components()}, "mixture: components, each with its weight"),
            {**_object({"family": others}, "a law of scipy.stats with its parameters"), "additionalProperties": _AMOUNT},
        ],
    }


def _object(properties: Schema, description: str, patterns: Schema | None = None, required: Iterable[str] = ("family",)) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": {**properties, **_OF_ALL},
        **({"patternProperties": patterns} if patterns else {}),
        "required": list(required),
        "additionalProperties": False,
    }


def _numbers() -> Schema:
    return {"type": "array", "items": _NUMBER}


def _components() -> Schema:
    part = {"type": "object", "properties": {"weight": _NUMBER}, "required": ["weight"]}
    return {"type": "array", "items": part, "minItems": 1}


def _or_text(names: Iterable[str]) -> Schema:
    """Return a schema that completes names and takes other texts too."""
    return {"anyOf": [{"enum": list(names)}, _TEXT]}


def _levers() -> Schema:
    names = [name if not lever.argument else f"{name}=" for name, lever in LEVERS.items()]
    written = {"type": "string", "pattern": f"^({'|'.join(names)})"}
    mapping = {
        "type": "object",
        "properties": {name: {} for name in LEVERS},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    completed = {"enum": [name for name, lever in LEVERS.items() if not lever.argument]}
    return {"type": "array", "items": {"anyOf": [completed, written, mapping]}}


def _components_switched() -> Schema:
    return {"type": "object", "properties": {name: {"type": "boolean"} for name in [*CORE, *PARTS]}, "additionalProperties": False}


def _history() -> Schema:
    options = ("file", "time_column", "value_column", "timezone", "unit")
    mapping = _object(
        {**dict.fromkeys(options, _TEXT), "where": {"type": "object"}}, "a file and the options of its reader", None, ["file"]
    )
    del mapping["properties"]["truncate"]
    return {"anyOf": [_TEXT, mapping]}


def _correlations() -> Schema:
    triple = {"type": "array", "items": [_TEXT, _TEXT, {"type": "number", "minimum": -1, "maximum": 1}], "minItems": 3, "maxItems": 3}
    return {"type": "array", "items": triple}


#: keys whose values are read by code of their own
_OWN = {
    "accelerator": lambda: _or_text(accelerators()),
    "region": lambda: _or_text(regions()),
    "zone": lambda: _or_text(zone_names()),
    "price_history": _history,
    "carbon_history": _history,
    "levers": _levers,
    "components": _components_switched,
    "correlations": _correlations,
}
