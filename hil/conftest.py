"""Scenarios run on the bench of hil/plugin.py."""

from hil.plugin import (
    bench,
    platform,
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_generate_tests,
    session,
)

__all__ = [
    "bench",
    "platform",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_generate_tests",
    "session",
]
