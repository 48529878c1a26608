"""Fixtures of the HAL's tests."""

import pytest
from hypothesis import settings

from tests.hal import hal_board

# No test depends on how fast the machine is. The sanitized run repeats what already ran.
settings.register_profile("hal", deadline=None)
settings.register_profile("hal-sanitized", deadline=None, max_examples=20)
# What is found of a weakened guard is the same each time, and is not kept.
settings.register_profile("hal-weakened", deadline=None, derandomize=True, database=None)
settings.load_profile("hal-sanitized" if hal_board.SANITIZED else "hal-weakened" if hal_board.WEAKENED else "hal")


@pytest.fixture(autouse=True)
def fresh_board() -> None:
    hal_board.power_on()
