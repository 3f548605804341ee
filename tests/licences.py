"""Licences of what the simulator needs at run time, from the metadata of the distributions that are installed.

    .venv/bin/python tests/licences.py zarr cluster report web

prints one line for each distribution below the extras that are named, and ends with 1 where a licence is not on the list.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

PROJECT = "training-risk-simulator"
#: permissive, and the weak copyleft of the Mozilla licence, whose terms stop at its own files: all may be used by an Apache-2.0 program
ALLOWED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-1.1", "MPL-2.0",
    "PSF-2.0", "Python-2.0", "Zlib", "Unlicense",
}  # fmt: skip
#: words of older metadata, which has no SPDX expression
WORDS = {
    "apache 2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0", "apache license, version 2.0": "Apache-2.0", "apache-2.0": "Apache-2.0",
    "apache software license": "Apache-2.0", "bsd": "BSD-3-Clause", "bsd license": "BSD-3-Clause", "bsd-3-clause": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause", "mit": "MIT", "mit license": "MIT", "isc license (iscl)": "ISC", "zpl 2.1": "ZPL-2.1",
    "python software foundation license": "PSF-2.0", "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "the unlicense (unlicense)": "Unlicense",
}  # fmt: skip
#: what the metadata do not tell, read in the distribution's own licence file, or an odd licence with the reason why it may be used
ODD = {
    "pyphen": "GPL-2.0-or-later, LGPL-2.1-or-later or MPL-1.1, at the user's choice: MPL-1.1",
    "waitress": "ZPL-2.1, permissive, of the Zope Foundation",
}


def licences_of(found: Distribution) -> set[str]:
    """Return the licences that a distribution states, in SPDX's words where they are known."""
    metadata = found.metadata
    expression = metadata.get("License-Expression")
    if expression:
        return {part for part in re.split(r"[\s()]+|\bAND\b|\bOR\b|\bWITH\b \S+", expression) if part}
    words = [line.split("::")[-1].strip() for line in metadata.get_all("Classifier", []) if line.startswith("License ::")]
    words = [word for word in words if word != "OSI Approved"] or (metadata.get("License") or "none stated").strip().splitlines()[:1]
    return {WORDS.get(word.lower(), word) for word in words}


def needed(extras: Iterable[str]) -> dict[str, Distribution]:
    """Return the distributions below the project, by name; one that this platform or Python does not need is left out."""
    found: dict[str, Distribution] = {}
    waiting = [(PROJECT, frozenset(extras))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        found[name] = distribution(name)
        for text in found[name].requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
                waiting.append((re.sub(r"[-_.]+", "-", requirement.name).lower(), frozenset(requirement.extras)))
    del found[PROJECT]
    return found


def refused(extras: Iterable[str]) -> list[str]:
    """Return the distributions whose licences are not allowed, each with what it states."""
    return [
        f"{name}: {', '.join(sorted(stated))}" for name, stated in stated_by(extras).items() if name not in ODD and not stated <= ALLOWED
    ]


def stated_by(extras: Iterable[str]) -> dict[str, set[str]]:
    """Return what each distribution states."""
    return {name: licences_of(found) for name, found in sorted(needed(extras).items())}


def main() -> int:
    try:
        for name, stated in stated_by(sys.argv[1:]).items():
            print(f"{name:24} {ODD.get(name) or ', '.join(sorted(stated))}")
        wrong = refused(sys.argv[1:])
    except PackageNotFoundError as missing:
        sys.exit(f"{missing.name} is not installed; install the project with the extras that are named")
    for line in wrong:
        print(f"not on the list: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
