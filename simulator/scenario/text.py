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
from ruamel.yaml.comments import CommentedKeyMap, CommentedKeySeq, CommentedMap, CommentedSeq
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import ConstructorError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
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


class _Composer(Composer):
    """Refuses an anchor whose name another has, as a key is refused that stands twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        if not isinstance(event, AliasEvent) and event.anchor in self.anchors:
            line = self.anchors[event.anchor].start_mark.line + 1
            told = f"the anchor {event.anchor} of line {line} is here again; give it another name"
            raise ComposerError(None, None, told, event.start_mark)
        return super().compose_node(parent, index)


class _Constructor(RoundTripConstructor):
    """Reads scalars, lists and mappings: a tag of another kind is an error, and a date stays text, since ours are read where told."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        if node in self.recursive_objects:
            raise ConstructorError(None, None, "its aliases go round in a circle: a value holds itself", node.start_mark)
        return super().construct_object(node, deep)

    def refuse(self, node: Any) -> Any:
        raise ConstructorError(None, None, f"the tag {node.tag} is not read here; write the value without it", node.start_mark)


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_scalar)
for _tag in ("binary", "set", "omap", "pairs"):
    _Constructor.add_constructor(f"tag:yaml.org,2002:{_tag}", _Constructor.refuse)
_Constructor.add_constructor(None, _Constructor.refuse)


def parse_yaml(text: str, *, where: str = "") -> Document:
    """Read YAML 1.2: scalars, lists and mappings with scalars as keys, nested no deeper than ``_DEEPEST``.

    Raises
    ------
    ConfigError
        For text that is not such YAML, with line and column: duplicate keys and anchors are such cases, tags, and aliases that stand for
        more than ``_MOST_NODES`` values, or hold themselves.
    """
    if _OPENERS.search(text):  # the parser looks far ahead at each
        raise ConfigError([Problem(_NESTED, where=where)])
    try:
        parser = YAML(typ="rt")
        parser.Composer, parser.Constructor = _Composer, _Constructor
        return _Plain().document(parser.load(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        what = str(error.problem or error.context).splitlines()[0]
        raise ConfigError([Problem(f"not valid YAML: {what}", where=place)]) from None
    except RecursionError:
        raise ConfigError([Problem(_NESTED, where=where)]) from None
    except (YAMLError, ValueError, TypeError, AttributeError, LookupError) as error:  # its scalars' own errors are none of its family
        raise ConfigError([Problem(f"not valid YAML: {str(error).splitlines()[0] if str(error) else 'odd'}", where=where)]) from None


_DEEPEST = 50  # mixtures of mixtures in an event's effect are ten deep
_OPENERS = re.compile(rf"(?:[\[{{]\s*){{{_DEEPEST + 1}}}")
_MOST_NODES = 100_000  # as many as the largest file can hold without aliases
_NESTED = f"not valid YAML: nested more than {_DEEPEST} deep"


class _Plain:
    """Turns the parser's tree into plain data, and keeps the place of each key."""

    def __init__(self) -> None:
        self.places: dict[Path, tuple[int, int]] = {}
        self._nodes = 0

    def document(self, tree: Any) -> Document:
        return Document(self._plain(tree, ()), self.places)

    def _plain(self, node: Any, path: Path) -> Any:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise YAMLError(f"its aliases stand for more than {_MOST_NODES} values; write them out, or fewer")
        if isinstance(node, CommentedMap | CommentedSeq):
            return self._inside(node, path)
        if isinstance(node, ScalarBoolean):
            return bool(node)
        if isinstance(node, ScalarFloat):
            return float(node)
        if isinstance(node, ScalarInt):
            return int(node)
        return str(node) if isinstance(node, str) else node

    def _inside(self, node: CommentedMap | CommentedSeq, path: Path) -> Any:
        if len(path) >= _DEEPEST:
            raise RecursionError
        return self._mapping(node, path) if isinstance(node, CommentedMap) else self._list(node, path)

    def _mapping(self, node: CommentedMap, path: Path) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, value in node.items():
            if key is None or isinstance(key, CommentedKeyMap | CommentedKeySeq):
                raise YAMLError(f"the key {key} is not a word")
            own = node.lc.data is not None and key in node.lc.data
            line, column = node.lc.key(key) if own else (node.lc.line, node.lc.col)  # what is merged from an alias has no place here
            here = (*path, str(key))
            self.places[here] = (line + 1, column + 1)
            out[str(key)] = self._plain(value, here)
        return out

    def _list(self, node: CommentedSeq, path: Path) -> list[Any]:
        for index in range(len(node)):
            line, column = node.lc.item(index)
            self.places[(*path, index)] = (line + 1, column + 1)
        return [self._plain(value, (*path, index)) for index, value in enumerate(node)]


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
