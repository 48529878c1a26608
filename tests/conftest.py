"""The closing line of every test run: how many passed and failed."""

import pytest


def pytest_unconfigure(config: pytest.Config) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    passed, skipped = len(reporter.stats.get("passed", [])), len(reporter.stats.get("skipped", []))
    failed = len(reporter.stats.get("failed", [])) + len(reporter.stats.get("error", []))
    reporter.write_line(f"{passed} passed, {failed} failed, {skipped} skipped")
