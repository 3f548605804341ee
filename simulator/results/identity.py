"""What decides every bit of a result, so that two runs can be told to be the same or what differs."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from simulator.kernel_sources import source_hash
from simulator.scenario.text import Path, dotted, parse_yaml

#: attributes that are known before anything is computed, and tell results apart
_TOLD = ("schema", "scenario", "scenario_hash", "config", "draws", "seed", "seeds", "plan", "replicates", "device", "version")

_SWEPT = "scenarios"  # hashes by name, of a sweep
_TOLD_OF_SWEEP = 4  # scenarios that are named


def identity_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a result is of: scenario, plan and versions, as its attributes tell."""
    told = {name: attributes[name] for name in _TOLD if name in attributes}
    return told | {"versions": json.loads(attributes.get("versions", "{}"))}


def machinery() -> dict[str, Any]:
    """Return what else decides the bits of draws that are computed on this machine, and of the files that hold them.

    Kernels are compiled for a kind of processor, whose instructions round differently from those of another.
    """
    return {
        "kernels": source_hash(),
        "processor": processor(),
        "system": platform.system(),
        "libraries": {name: version(name) for name in ("llvmlite", "zarr", "numcodecs")},
    }


def processor() -> str:
    """Return the kind of processor that kernels are compiled for: the machine's, or what ``NUMBA_CPU_NAME`` says."""
    import numba  # noqa: PLC0415 - where something is computed, it is imported
    from llvmlite.binding import get_host_cpu_name  # noqa: PLC0415 - as numba

    return f"{platform.machine()} {numba.config.CPU_NAME or get_host_cpu_name()}"


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs, one line each with both values; of scenarios the values that differ.

    Examples
    --------
    >>> differences({"seed": 0, "config": "workload: {mfu: 0.4}"}, {"seed": 1, "config": "workload: {mfu: 0.3}"})
    ['workload.mfu: 0.4 -> 0.3', 'seed: 0 -> 1']
    """
    kinds = [f"a sweep of {len(one[_SWEPT])} scenarios" if _SWEPT in one else "a run" for one in (before, now)]
    if (_SWEPT in before) != (_SWEPT in now):
        return [" -> ".join(kinds)]
    stated = _differing(_leaves(before.get("config")), _leaves(now.get("config")))
    # what a config does not show: files that it names, defaults of another version
    hidden = {"config", "scenario", _SWEPT} | ({"scenario_hash"} if stated else set())
    rest = [dict(_flat((), {name: value for name, value in one.items() if name not in hidden})) for one in (before, now)]
    return stated + _swept(before.get(_SWEPT, {}), now.get(_SWEPT, {}), hashes=not stated) + _differing(*rest)


def _swept(before: Mapping[str, str], now: Mapping[str, str], *, hashes: bool) -> list[str]:
    """Return which scenarios of a sweep differ, by name and, where that tells more than their configs do, by hash."""
    told = [f"scenario {name}: stated -> not stated" for name in before if name not in now]
    told += [f"scenario {name}: not stated -> stated" for name in now if name not in before]
    told += [f"scenario {name}: {hash_} -> {now[name]}" for name, hash_ in before.items() if hashes and now.get(name, hash_) != hash_]
    return [*told[:_TOLD_OF_SWEEP], *([f"{len(told) - _TOLD_OF_SWEEP} more scenarios"] if len(told) > _TOLD_OF_SWEEP else [])]


def _leaves(config: object) -> dict[str, object]:
    return {} if config is None else dict(_flat((), parse_yaml(str(config), where="config").data))


def _flat(path: Path, value: object) -> Iterator[tuple[str, object]]:
    """Yield the values of nested mappings and lists by their place."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat((*path, str(name)), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat((*path, index), inner)
    else:
        yield dotted(path), value


def _differing(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    names = dict.fromkeys([*before, *now])
    return [
        f"{name}: {before.get(name, 'not stated')} -> {now.get(name, 'not stated')}" for name in names if before.get(name) != now.get(name)
    ]
