"""Does the soak still run, and find the same again?"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from nightly import soak


@pytest.mark.parametrize("kind", [soak.draws, soak.sweeps])
def test_a_turn_of_it_finds_the_same_again(kind: Callable[[], soak.Kind], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "_ROUNDS", 2)
    work = kind()
    work.settings = work.settings[:1]
    work.turn(random.Random(0))
    work.turn(random.Random(0))
    assert len(work.known) == 1
    assert work.wrong == []
