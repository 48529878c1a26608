"""How the tests are spread over workers, and the closing line of every run: how many passed and failed."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

REAL_TIME = ("[emulated", "_mps2.py")  # in the ID of a test that runs the emulated board


class ByFile(LoadScopeScheduling):
    """A worker takes a file of tests at a time; one takes all that runs the emulated board, which is real time."""

    def _split_scope(self, nodeid: str) -> str:
        return REAL_TIME[0] if _is_real_time(nodeid) else nodeid.partition("::")[0]


def _is_real_time(nodeid: str) -> bool:
    return any(mark in nodeid for mark in REAL_TIME)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest part first, so that it does not end alone."""
    items.sort(key=lambda item: not _is_real_time(item.nodeid))


def pytest_unconfigure(config: pytest.Config) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    passed, skipped = len(reporter.stats.get("passed", [])), len(reporter.stats.get("skipped", []))
    failed = len(reporter.stats.get("failed", [])) + len(reporter.stats.get("error", []))
    reporter.write_line(f"{passed} passed, {failed} failed, {skipped} skipped")
