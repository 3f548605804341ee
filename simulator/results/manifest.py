"""The manifest of a Zarr folder: what it holds of what, and the checksum of every file.

``manifest.jsonl`` has a line of JSON for what is computed, one for each block of draws that is on the disk, and a last one for a folder
that is complete. Each line carries ``chain``, the SHA-256 of the line before and of its own text, so that no bit of the manifest can flip
unseen. A line that was cut while it was written is none.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.errors import InputError

MANIFEST = "manifest.jsonl"


@dataclass
class Manifest:
    """What a folder holds.

    Attributes
    ----------
    identity : dict
        What is computed; see :func:`simulator.results.identity.identity_of`.
    block : int
        Draws in a block; the last may have fewer.
    expected : int
        Blocks that there will be; 0 where nothing has a dimension ``draw``.
    blocks : dict of int to dict
        Finished blocks by number: ``files``, the SHA-256 of each by name, and what is told of the draws together.
    rest : dict of str to str
        SHA-256 of all other files by name, once the folder is complete.
    complete : bool
    damage : str
        What is wrong with the manifest itself: lines from there on count for nothing.
    """

    identity: dict[str, Any]
    block: int = 0
    expected: int = 0
    blocks: dict[int, dict[str, Any]] = field(default_factory=dict)
    rest: dict[str, str] = field(default_factory=dict)
    complete: bool = False
    damage: str = ""

    @property
    def wrong(self) -> str:
        """What is wrong with the manifest of a folder that stands in its place; nothing where it is whole."""
        return self.damage or ("" if self.complete else f"{MANIFEST} holds {len(self.blocks)} of {self.expected} blocks, and no end")

    def files(self) -> dict[str, str]:
        """Return the SHA-256 of every file by name."""
        return dict(self.rest) | {name: digest for block in self.blocks.values() for name, digest in block["files"].items()}

    def records(self) -> Iterable[dict[str, Any]]:
        """Return what the lines say, blocks in their order."""
        yield {"identity": self.identity, "draws_in_a_block": self.block, "blocks": self.expected}
        for number in sorted(self.blocks):
            yield {"block": number, **self.blocks[number]}
        if self.complete:
            yield {"complete": True, "files": self.rest}

    def text(self) -> str:
        """Return the whole manifest."""
        lines, chain = [], ""
        for record in self.records():
            line, chain = chained(record, chain)
            lines.append(line)
        return "".join(lines)


def chained(record: Mapping[str, Any], before: str) -> tuple[str, str]:
    """Return the line of a record, and its chain, which begins with that of the line before."""
    chain = hashlib.sha256((before + json.dumps(record, ensure_ascii=False)).encode()).hexdigest()
    return json.dumps({**record, "chain": chain}, ensure_ascii=False) + "\n", chain


def append(folder: Path, record: Mapping[str, Any], before: str) -> str:
    """Add a line, on the disk when this returns; returns its chain."""
    line, chain = chained(record, before)
    with (folder / MANIFEST).open("ab") as file:
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())
    return chain


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a folder up to its first line that is damaged; None where there is none.

    Raises
    ------
    InputError
        Where the first line, which says what the folder is, is damaged.
    """
    try:
        lines = (folder / MANIFEST).read_bytes().splitlines(keepends=True)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        raise InputError(f"{folder / MANIFEST} is a folder, and not the manifest that this simulator writes") from None
    first, chain = _record(lines[0], "") if lines else (None, "")
    if first is None or "identity" not in first:
        raise InputError(f"{folder / MANIFEST}, line 1: is damaged, and says no more what the folder holds. Delete the folder")
    manifest = Manifest(first["identity"], first["draws_in_a_block"], first["blocks"])
    for number, line in enumerate(lines[1:], start=2):
        record, chain = _record(line, chain)
        if record is None:
            torn = number == len(lines) and not line.endswith(b"\n")
            manifest.damage = f"{MANIFEST}, line {number} {'was cut while it was written' if torn else 'is damaged'}"
            break
        if "complete" in record:
            manifest.complete, manifest.rest = True, record["files"]
        else:
            manifest.blocks[record.pop("block")] = record
    return manifest


def _record(line: bytes, before: str) -> tuple[dict[str, Any] | None, str]:
    """Return what a line says and its chain; None where it is not as it was written."""
    try:
        record = json.loads(line.decode())
        del record["chain"]
        text, chain = chained(record, before)
    except (ValueError, KeyError, TypeError):
        return None, ""
    return (record, chain) if text.encode() == line else (None, "")


def digest_of(file: Path, *, flush: bool = False) -> str:
    """Return the SHA-256 of a file, which is on the disk when this returns where ``flush`` asks for that."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if flush:
            os.fsync(stream.fileno())
    return digest


def changed_files(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Return what is wrong with files, one line each: missing, or not as they were written."""
    told = []
    for name, digest in files.items():
        try:
            if digest_of(folder / name) != digest:
                told.append(f"{name} has changed")
        except FileNotFoundError:
            told.append(f"{name} is missing")
    return told
