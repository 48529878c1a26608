"""How the tests are spread over workers, and the closing line of every run: how many passed and failed."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

REAL_TIME = ("[emulated", "_mps2.py")  # in the ID of a test that runs the emulated board
LONG_RUNS = ("test_pass_meishan.py", "test_every_mode.py")  # half of the emulated board's time


class ByFile(LoadScopeScheduling):
    """A worker takes a file of tests at a time; two share what runs the emulated board and waits most of its time."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if not _is_real_time(nodeid):
            return file
        return "long runs in real time" if file.endswith(LONG_RUNS) else "the rest in real time"


def _is_real_time(nodeid: str) -> bool:
    return any(mark in nodeid for mark in REAL_TIME)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest parts first, so that they do not end alone."""
    items.sort(key=lambda item: not _is_real_time(item.nodeid))


def pytest_unconfigure(config: pytest.Config) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    passed, skipped = len(reporter.stats.get("passed", [])), len(reporter.stats.get("skipped", []))
    failed = len(reporter.stats.get("failed", [])) + len(reporter.stats.get("error", []))
    reporter.write_line(f"{passed} passed, {failed} failed, {skipped} skipped")
