"""A module imports only from layers above its own; nobody imports a face."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import simulator

ROOT = Path(simulator.__file__).parent
LAYERS = [
    {"errors", "units", "quantities", "kernel_sources", "kernel_cache", "jit", "threads", "plan", "text_file", "guide"},
    {"stochastic", "model"},
    {"series", "reference", "scenario"},
    {
        *("kernels", "ledger", "arguments", "replayed", "room", "finite", "results", "cuda"),
        *("executors", "engine", "streaming", "replay", "warmup"),
    },
    {"analysis", "fitting", "importing", "bench"},
    {"plots", "report", "web", "cli"},
]
#: inside a layer, the order in which its parts may use each other
ORDER = [
    "errors", "units", "quantities", "kernel_sources", "kernel_cache", "jit", "threads", "plan", "text_file", "guide", "stochastic",
    "model", "series", "reference", "scenario", "kernels", "ledger", "arguments", "replayed", "room", "finite", "results", "cuda",
    "executors", "engine", "streaming", "replay", "warmup", "analysis", "fitting", "importing", "bench", "plots", "report", "web", "cli",
]  # fmt: skip
MODULES = sorted(p for p in ROOT.rglob("*.py") if p.relative_to(ROOT).as_posix() not in ("__init__.py", "__main__.py"))


def part(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def layer(name: str) -> int:
    found = [index for index, names in enumerate(LAYERS) if name in names]
    assert len(found) == 1, f"{name} stands in no layer"
    return found[0]


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    own = part(path)
    for name in imports(path):
        words = name.split(".")
        if words[0] != "simulator" or len(words) == 1 or words[1] == own:
            continue
        assert layer(words[1]) <= layer(own), f"{path} imports {name} from a layer below its own"
        if layer(words[1]) == layer(own):
            assert ORDER.index(words[1]) < ORDER.index(own), f"{path} and {name} would import each other"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_mathematics_knows_no_files_and_no_labels(path: Path) -> None:
    if part(path) in ("model", "kernels"):
        assert not imports(path) & {"xarray", "pathlib", "csv", "json", "pydantic", "os"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_numba_options_live_in_one_place(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    if part(path) != "jit":
        assert "njit" not in source
        assert "fastmath=" not in source


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_clock_that_can_jump_is_read(path: Path) -> None:
    """But for the date of today, from which a deadline may count: durations are those of clocks that only go forward."""
    text = path.read_text(encoding="utf-8")
    if path != ROOT / "cli" / "risk.py":
        assert not re.search(r"\btime\.time\(|from time import .*\btime\b|datetime\.now\(|utcnow\(|date\.today\(", text)
