"""Fixtures of the firmware's tests."""

from collections.abc import Iterator

import pytest

from tests.firmware.host_micropython import CodecServer

# These run on MicroPython: test_on_micropython.py starts them.
collect_ignore_glob = ["on_micropython/*"]


@pytest.fixture(scope="session")
def codec() -> Iterator[CodecServer]:
    server = CodecServer()
    yield server
    server.close()
