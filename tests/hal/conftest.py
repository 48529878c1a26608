"""Fixtures of the HAL's tests."""

import pytest
from hypothesis import settings

from tests.hal import hal_board

# No test depends on how fast the machine is.
settings.register_profile("hal", deadline=None)
settings.load_profile("hal")


@pytest.fixture(autouse=True)
def fresh_board() -> None:
    hal_board.power_on()
