"""The corpus of the fuzz targets, input by input: none raises anything but InputError. ``python -m fuzz`` in this folder looks for more."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.targets import TARGETS, run

CORPUS = Path(__file__).parent / "fuzz" / "corpus"


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_is_read_or_refused(name: str) -> None:
    inputs = sorted((CORPUS / name).iterdir())
    assert inputs
    for path in inputs:
        run(name, path.read_bytes())
