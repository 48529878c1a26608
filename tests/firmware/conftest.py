"""Fixtures of the firmware's tests."""

from collections.abc import Iterator

import pytest

from tests.firmware.host_micropython import CodecServer


@pytest.fixture(scope="session")
def codec() -> Iterator[CodecServer]:
    server = CodecServer()
    yield server
    server.close()
