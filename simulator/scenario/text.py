"""YAML 1.2 in and out, with the place of every key.

YAML 1.2, unlike 1.1, reads ``NO`` as Norway and ``1e4`` as a number.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean
from ruamel.yaml.scalarfloat import ScalarFloat
from ruamel.yaml.scalarint import ScalarInt

from simulator.errors import ConfigError, Problem

Path = tuple[str | int, ...]


@dataclass
class Document:
    """Plain data and the (line, column) of every path, both from 1."""

    data: Any
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def place(self, path: Path) -> tuple[int, int] | None:
        """Return the place of a path or of its nearest ancestor."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return None


def dotted(path: Path) -> str:
    """Return a path as it is told: ``workload.phases[1].mfu``.

    Examples
    --------
    >>> dotted(("workload", "phases", 1, "mfu"))
    'workload.phases[1].mfu'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def undotted(text: str) -> Path:
    """Return the path that :func:`dotted` told.

    Examples
    --------
    >>> undotted("workload.phases[1].mfu")
    ('workload', 'phases', 1, 'mfu')
    """
    return tuple(int(index) if index else key for index, key in re.findall(r"\[(\d+)\]|([^.\[\]]+)", text))


class _Constructor(RoundTripConstructor):
    """Leaves dates as they are written: YAML 1.2 has none, and ours are read where their place can be told."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_scalar)


def parse_yaml(text: str, *, where: str = "") -> Document:
    """Read YAML 1.2.

    Raises
    ------
    ConfigError
        For text that is not YAML, with line and column; duplicate keys are one such case.
    """
    try:
        parser = YAML(typ="rt")
        parser.Constructor = _Constructor
        tree = parser.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        what = str(error.problem or error.context).splitlines()[0]
        raise ConfigError([Problem(f"not valid YAML: {what}", where=place)]) from None
    except YAMLError as error:
        raise ConfigError([Problem(f"not valid YAML: {str(error).splitlines()[0]}", where=where)]) from None
    document = Document(None)
    document.data = _plain(tree, (), document.places)
    return document


def _plain(node: Any, path: Path, places: dict[Path, tuple[int, int]]) -> Any:
    if isinstance(node, CommentedMap):
        out: dict[str, Any] = {}
        for key, value in node.items():
            line, column = node.lc.key(key)
            here = (*path, str(key))
            places[here] = (line + 1, column + 1)
            out[str(key)] = _plain(value, here, places)
        return out
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            line, column = node.lc.item(index)
            places[(*path, index)] = (line + 1, column + 1)
        return [_plain(value, (*path, index), places) for index, value in enumerate(node)]
    if isinstance(node, ScalarBoolean):
        return bool(node)
    if isinstance(node, ScalarFloat):
        return float(node)
    if isinstance(node, ScalarInt):
        return int(node)
    return str(node) if isinstance(node, str) else node


def dump_yaml(data: Mapping[str, Any]) -> str:
    """Write plain data as YAML 1.2 in its own order."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # hinted as None only
    yaml.allow_unicode = True
    yaml.width = 4096
    stream = io.StringIO()
    yaml.dump(dict(data), stream)
    return stream.getvalue()


def dump_flow(value: Any) -> str:
    """Write plain data as YAML 1.2 on one line.

    Examples
    --------
    >>> dump_flow({"family": "pert", "low": 0.5, "mode": 0.7, "high": 1.0}), dump_flow("2 to 3 h")
    ('{family: pert, low: 0.5, mode: 0.7, high: 1.0}', '2 to 3 h')
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = True
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # hinted as None only
    yaml.allow_unicode = True
    yaml.width = 4096
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue().removesuffix("\n").removesuffix("\n...").strip()
