"""Do the soak's requests of the page still work, and get the same again?"""

from __future__ import annotations

from nightly import soak
from test_soak import check_turns


def test_a_turn_of_it_finds_the_same_again() -> None:
    check_turns(soak.web())
