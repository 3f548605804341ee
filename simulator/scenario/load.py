"""From a file (and ``--set`` options) to a Scenario, or to one error that tells every problem."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simulator.errors import ConfigError, Problem, short
from simulator.scenario.consistency import check_consistency
from simulator.scenario.fields import Closed
from simulator.scenario.fragments import expanded
from simulator.scenario.in_vain import check_reads
from simulator.scenario.levers import apply_levers
from simulator.scenario.programme import Event, Limits, PersonClass
from simulator.scenario.schema import HOMES, SECTIONS, Scenario
from simulator.scenario.sections import Phase
from simulator.scenario.text import Document, dotted, parse_yaml, undotted
from simulator.text_file import UnreadableError, read_text


def load_scenario(path: str | Path, *, overrides: Sequence[str] = (), levers: Sequence[str] = ()) -> Scenario:
    """Read a scenario from a YAML file.

    Parameters
    ----------
    path : str or Path
    overrides : sequence of str
        ``path=value`` with the value in YAML: ``workload.mfu=0.3 to 0.4``; the name of a quantity
        alone is enough: ``mfu=0.38``. ``@FILE`` stands for all values of a fragment, such as ``simulator import`` writes.
    levers : sequence of str
        Pulled after those of the file: ``fp8``, ``region=CA-QC``.

    Returns
    -------
    Scenario

    Raises
    ------
    ConfigError
        With every problem: place, path, value, admissible set, way out.

    Examples
    --------
    >>> load_scenario("configs/quickstart.yaml", overrides=["mfu=0.4"]).workload.mfu.constant
    0.4
    """
    file = Path(path)
    try:
        text = read_text(file)
    except UnreadableError as error:
        problem = Problem(f"cannot be read ({error.reason})", where=str(file))
        if file.suffix in (".nc", ".zarr") and os.path.exists(file):
            problem = Problem(
                "holds results, and a scenario is asked for", way_out="Name the CONFIG that they were made of", where=str(file)
            )
        raise ConfigError([problem]) from None
    document = parse_yaml(text, where=str(file))
    if isinstance(document.data, Mapping):
        document.data = {"name": file.stem, **document.data}
    return _build(document, where=str(file), base=file.parent, overrides=overrides, levers=levers)


def parse_scenario(data: Mapping[str, Any] | str, *, base: Path | None = None) -> Scenario:
    """Build a scenario from plain data or YAML text, called ``unnamed`` unless it says so; see :func:`load_scenario`."""
    document = parse_yaml(data, where="text") if isinstance(data, str) else Document(deepcopy(dict(data)))
    if isinstance(document.data, Mapping):
        document.data = {"name": "unnamed", **document.data}
    return _build(document, where="text" if isinstance(data, str) else "", base=base)


def changed(scenario: Scenario, *, overrides: Sequence[str] = (), levers: Sequence[str] = (), base: Path | None = None) -> Scenario:
    """Return a scenario with values replaced and levers pulled, as :func:`load_scenario` does to a file.

    A lever that the scenario pulls already is replaced by one of the same name; what it cleared stays cleared.

    Parameters
    ----------
    scenario : Scenario
    overrides, levers
        See :func:`load_scenario`.
    base : Path, optional
        Folder that file names of the scenario are relative to.

    Raises
    ------
    ConfigError
        With every problem.

    Examples
    --------
    >>> changed(load_scenario("configs/quickstart.yaml"), overrides=["mfu=0.4"]).workload.mfu.constant
    0.4
    """
    data = scenario.to_data()
    names = {lever.partition("=")[0] for lever in levers}
    if "levers" in data:
        data["levers"] = [lever for lever in data["levers"] if lever.partition("=")[0] not in names]
    return _build(Document(data), where="", base=base, overrides=overrides, levers=levers)


def stated_with(data: dict[str, Any], overrides: Sequence[str]) -> list[Problem]:
    """Put overrides into the plain data of a scenario, as :func:`load_scenario` does, and return what is wrong with them."""
    problems: list[Problem] = []
    for override in expanded(overrides, problems):
        _apply(data, override, {}, problems)
    return problems


def _build(document: Document, *, where: str, base: Path | None, overrides: Sequence[str] = (), levers: Sequence[str] = ()) -> Scenario:
    data = document.data
    if not isinstance(data, dict):
        raise ConfigError([Problem("is not a mapping of sections", where=where, way_out=f"Sections: {', '.join(SECTIONS)}")])
    origin: dict[tuple[str | int, ...], str] = {}
    problems: list[Problem] = []
    for override in expanded(overrides, problems):
        _apply(data, override, origin, problems)
    stated = data.get("levers") or ()
    if levers and isinstance(stated, (list, tuple)):
        data["levers"] = [*stated, *levers]
        origin |= {("levers", len(stated) + index): f"--lever {lever}" for index, lever in enumerate(levers)}
    pulled, changed = apply_levers(data)
    for path, lever in changed.items():
        place = document.place(("levers",))
        origin[path] = f"--lever {lever}" if lever in levers or place is None else f"{where}:{place[0]}:{place[1]}: lever {lever}"

    def located(problem: Problem, path: tuple[str | int, ...]) -> Problem:
        for length in range(len(path), 0, -1):
            if path[:length] in origin:
                return problem.at(where=origin[path[:length]])
        for stated, option in origin.items():  # an unknown section that an option made
            if stated[: len(path)] == path and document.place(path) is None:
                return problem.at(where=option)
        place = document.place(path)
        return problem.at(where=f"{where}:{place[0]}:{place[1]}" if place else where)

    problems += [located(problem, undotted(problem.path)) for problem in pulled]
    scenario = None
    wrong: list[tuple[str | int, ...]] = []
    try:
        scenario = Scenario.model_validate(data, context={"base": base})
    except ValidationError as error:
        for item in error.errors():
            problem, path = _translate(item)
            wrong.append(path)
            problems.append(located(problem, path))
    for problem in check_consistency(data):
        problems.append(located(problem, undotted(problem.path)))
    if scenario is not None and not problems:
        for problem in check_reads(scenario):
            problems.append(located(problem, undotted(problem.path)))
    elif scenario is None:
        # what is wrong with one field is told beside a correlation in vain
        for problem in check_reads(whole) if (whole := _without(data, wrong, base)) else ():
            if problem.path == "correlations":
                problems.append(located(problem, ("correlations",)))
    if problems or scenario is None:
        problems.sort(key=lambda p: document.place(undotted(p.path)) or (0, 0))
        raise ConfigError(dict.fromkeys(problems))
    return scenario


def _without(data: Mapping[str, Any], wrong: Sequence[tuple[str | int, ...]], base: Path | None) -> Scenario | None:
    """Return the scenario without the fields that are wrong, where that leaves one."""
    if any(len(path) < 2 for path in wrong):
        return None
    left = {key: dict(value) if isinstance(value, Mapping) else value for key, value in data.items()}
    for section, field, *_ in wrong:
        if isinstance(left.get(str(section)), dict):
            left[str(section)].pop(field, None)
    try:
        return Scenario.model_validate(left, context={"base": base})
    except ValidationError:
        return None


def _apply(data: Any, override: str, origin: dict[tuple[str | int, ...], str], problems: list[Problem]) -> None:
    where = f"--set {override}"
    path_text, equals, value_text = override.partition("=")
    path = undotted(path_text.strip())
    if not equals or not path or isinstance(path[0], int):
        problems.append(Problem("is not PATH=VALUE", where=where, way_out="For example --set workload.mfu=0.4"))
        return
    if len(path) == 1 and path[0] not in Scenario.model_fields:
        path = (_HOMES[str(path[0])], path[0]) if path[0] in _HOMES else path
    try:
        value = parse_yaml(value_text, where=where).data
    except ConfigError as error:
        problems.extend(error.problems)
        return
    node = data
    for place in range(1, len(path)):
        node = _below(node, path[place - 1])
        if not isinstance(node, dict if isinstance(path[place], str) else list):
            what = "is a list; state which of it, for example [0]" if isinstance(node, list) else "is not there, or not a section"
            problems.append(Problem(f"{dotted(path[:place])} {what}", where=where, path=path_text))
            return
    if isinstance(node, list):
        problems.append(Problem("an item of a list is not replaced as a whole", where=where, path=path_text, way_out="Set a key of it"))
        return
    if value is None and path[-1] in node:
        del node[path[-1]]  # `--set reliability.downtime=` goes back to the default
    elif value is not None:
        node[path[-1]] = value
    origin[path] = where


def _below(node: Any, key: str | int) -> Any:
    """Return what stands below a key; a section that is not there is made."""
    if isinstance(key, int):
        return node[key] if key < len(node) else None
    if node.get(key) is None:
        node[key] = {}
    return node[key]


def _translate(item: Any) -> tuple[Problem, tuple[str | int, ...]]:
    """Turn one of pydantic's errors into a problem and the path of its place."""
    path = tuple(part for part in item["loc"] if not (isinstance(part, str) and part.startswith(("is-instance", "literal", "function"))))
    told = dotted(path)
    if item["type"] == "law":
        what, way_out = item["ctx"]["what"], item["ctx"]["way_out"]
        return Problem(what if "=" in what or _names(item["input"], what) else f"{_shown(item['input'])}: {what}", told, way_out), path
    if item["type"] == "extra_forbidden":
        return Problem("is not a known key", told, _nearest_key(path)), path
    if item["type"] == "missing":
        return Problem("is not stated and has no default", told, "State it"), path
    if item["type"] == "literal_error":
        return Problem(f"{_shown(item['input'])} is not one of {item['ctx']['expected']}", told), path
    if item["type"] in ("model_type", "model_attributes_type"):
        kind = "a phase" if _is_phase(path) else _KINDS.get(str(path[0]), "a section")
        return Problem(f"{_shown(item['input'])} is not {kind}", told, f"It holds {', '.join(_keys(path))}"), path
    if path == ("workload", "phases") and item["type"] == "tuple_type":
        return Problem(f"{_shown(item['input'])} is not a list of phases", told, f"Each holds {', '.join(Phase.model_fields)}"), path
    if item["type"] in ("tuple_type", "dict_type"):
        kind = "list" if item["type"] == "tuple_type" else "mapping"
        return Problem(f"{_shown(item['input'])} is not a {kind}", told, _EXAMPLES.get(str(path[-1]), "")), path
    if item["type"] in ("bool_parsing", "bool_type"):
        return Problem(f"{_shown(item['input'])} is neither true nor false", told), path
    if item["type"] == "string_type":
        return Problem(f"{_shown(item['input'])} is not a text", told, f"Put it in quotes if it is meant: '{item['input']}'"), path
    return Problem(f"{_shown(item['input'])}: {item['msg'][0].lower()}{item['msg'][1:]}", told), path


_KINDS = {"people": "a class of people", "events": "an event"}
_EXAMPLES = {
    "people": "Write for example - {name: researchers, headcount: 10 to 30}",
    "events": "Write for example - {name: outage, frequency: 0.5, cost: 10k to 100k}",
    "multiplies": "Write for example {accelerator_price: 1.1 to 1.6}",
    "components": "Write for example {people: true, storage: false}",
}


#: section of each quantity and each limit
_HOMES = {**dict.fromkeys(Limits.model_fields, "limits"), **HOMES}
_OTHERS: Mapping[str, type[Closed]] = {"people": PersonClass, "events": Event, "limits": Limits}


def _is_phase(path: tuple[str | int, ...]) -> bool:
    return path[:2] == ("workload", "phases") and len(path) == 3


def _keys(path: tuple[str | int, ...]) -> list[str]:
    """Return the keys of what stands at a path."""
    if _is_phase(path):
        return list(Phase.model_fields)
    if path and str(path[0]) in _OTHERS:
        return list(_OTHERS[str(path[0])].model_fields)
    return list(SECTIONS[str(path[0])].model_fields if path and str(path[0]) in SECTIONS else Scenario.model_fields)


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return short(text)


def _names(value: Any, what: str) -> bool:
    return isinstance(value, (list, tuple)) or str(value) in what


def _nearest_key(path: tuple[str | int, ...]) -> str:
    key, known = str(path[-1]), _keys(path[:-1])
    near = get_close_matches(key, known, n=2)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    if str(path[0]) in _OTHERS:
        return f"Known are {', '.join(known)}"
    if key in _HOMES:
        return f"It belongs to section {_HOMES[key]}"
    if key in PersonClass.model_fields:
        return f"It belongs to a class of people. {_EXAMPLES['people']}"
    elsewhere = get_close_matches(key, _HOMES, n=1)
    if elsewhere:
        return f"Did you mean {elsewhere[0]} in section {_HOMES[elsewhere[0]]}?"
    return f"Known are {', '.join(known)}"
