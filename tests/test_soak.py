"""Does the soak still run, and find the same again?"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from nightly import soak


def check_turns(kind: soak.Kind) -> None:
    kind.settings = kind.settings[:1]
    kind.turn(random.Random(0), rounds=3)
    assert len(kind.known) == 1
    assert kind.wrong == []


@pytest.mark.parametrize("kind", [soak.draws, soak.sweeps])
def test_a_turn_of_it_finds_the_same_again(kind: Callable[[], soak.Kind]) -> None:
    check_turns(kind())
