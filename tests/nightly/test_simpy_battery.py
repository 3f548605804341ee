"""All jobs of the independent simulation, played again: three minutes."""

import pytest
from interruptions_in_simpy import ALL, RULES, assert_kept


@pytest.mark.parametrize("name", RULES)
def test_the_file_holds_what_the_simulation_gives(name):
    assert_kept(name, ALL)
