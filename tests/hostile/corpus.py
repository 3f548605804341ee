"""The corpus of hostile and mistaken inputs: what each lays in a folder, the command that reads it, what its message says.

A case of ``cases/*.yaml`` has a name and ``says``, a pattern of the message. ``run`` is the command, ``validate scenario.yaml`` where left
out. ``config`` changes a valid scenario, by path and with the value as YAML text; ``text`` is a whole scenario.yaml, ``files`` are other
files by name, ``make`` names functions of ``makers.py`` for what is too large, or no text.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from hostile import makers

FOLDER = Path(__file__).parent
LONGEST = 4000  # characters of a message
VALID = {
    "workload": {"params": "7e9", "tokens": "2T tokens", "mfu": "0.30 to 0.45"},
    "hardware": {"accelerator": "H100 SXM", "accelerators": "256"},
    "emissions": {"carbon_intensity": "300 to 450 gCO2e/kWh"},
    "compute": {"basis": "rent", "rental_price": "2.0 to 6.2 USD/GPU-hour"},
}


@dataclass(frozen=True)
class Case:
    """One input and what is said about it."""

    name: str
    says: str
    run: str = "validate scenario.yaml"
    config: dict[str, str | None] | None = None
    text: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    make: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The command line."""
        return shlex.split(self.run)

    def lay(self, folder: Path) -> None:
        """Lay out the files of the case."""
        text = scenario_text(self.config or {}) if self.text is None else self.text
        for name, content in ({"scenario.yaml": text} | self.files).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
        for call in self.make:
            name, *arguments = shlex.split(call)
            getattr(makers, name)(folder, *arguments)


def scenario_text(changes: dict[str, str | None]) -> str:
    """Return the text of a valid scenario with values replaced, added, or taken away by None."""
    sections: dict[str, Any] = {name: dict(values) for name, values in VALID.items()}
    for path, value in changes.items():
        section, _, key = path.partition(".")
        if not key:
            sections[section] = value
        elif value is None:
            del sections[section][key]
        else:
            sections.setdefault(section, {})[key] = value
    lines = []
    for name, values in sections.items():
        if isinstance(values, dict):
            lines += [f"{name}:", *(f"  {key}: {value}" for key, value in values.items())]
        elif values is not None:
            lines.append(f"{name}: {values}")
    return "\n".join(lines) + "\n"


def cases() -> Iterator[Case]:
    """Return all cases."""
    parser = YAML(typ="safe")
    for file in sorted((FOLDER / "cases").glob("*.yaml")):
        for entry in parser.load(file.read_text(encoding="utf-8")):
            yield Case(**{**entry, "make": tuple(entry.get("make", ()))})


def names_in(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what lies below a folder, with size and time of the last change."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            about = (Path(root) / name).lstat()
            found[str((Path(root) / name).relative_to(folder))] = (about.st_size, about.st_mtime_ns)
    return found


def faults(case: Case, code: int, out: str, err: str) -> list[str]:
    """Return what is wrong with the answer to a case."""
    found = []
    if code != 2:
        found.append(f"exit code {code}")
    if out and case.words[0] != "serve":
        found.append(f"stdout: {out[:200]!r}")
    if "Traceback" in err or "an error of the simulator" in err or "Warning" in err:
        found.append("a traceback, a warning or an error of the simulator")
    if len(re.findall(r"(?m)^(?:error|Error):|problems? in the configuration:", err)) not in (1, 2) or err.lower().count("error: ") > 1:
        found.append("not one message")
    if unprintable := set(re.findall(r"[^\n\x20-\x7e\u00a0-\u2027\u202f-\u2065\u206a-\ufefe\uff00-\ufff0\U00010000-\U000e0000]", err)):
        found.append(f"raw control characters {sorted(unprintable)}")
    if len(err) > LONGEST:
        found.append(f"a message of {len(err)} characters")
    if not re.search(case.says, err):
        found.append(f"does not say {case.says!r}")
    return found
