"""What the housekeeping says of the control cycle, against the emulated board's counter around each cycle."""

import pytest

from hil.benchmark import run_script

SHIFT = 3  # one instruction is 8 ns of the board's time
# What lies outside the executive's own two readings of the clock: the call, and the account itself.
# In the late run the event of an overrun too.
OUTSIDE_US = {"ordinary": 60, "late": 500}
LATE_US = 150_000


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    lines = (line.split() for line in run_script("telemetry", tmp_path_factory.mktemp("telemetry"), SHIFT))
    return {name: int(rest[0]) for name, *rest in lines if len(rest) == 1 and rest[0].isdigit()}


@pytest.mark.parametrize("run", ["ordinary", "late"])
def test_worst_cycle_is_the_longest_that_was_measured(told: dict[str, int], run: str) -> None:
    measured_us = told[f"{run}_measured_worst_us"]
    assert measured_us - OUTSIDE_US[run] <= told[f"{run}_told_worst_us"] <= measured_us


def test_a_late_cycle_shows(told: dict[str, int]) -> None:
    assert told["ordinary_measured_worst_us"] < LATE_US <= told["late_told_worst_us"]


@pytest.mark.parametrize("run, overruns", [("ordinary", 0), ("late", 1)])
def test_overruns_are_counted_one_by_one(told: dict[str, int], run: str, overruns: int) -> None:
    assert told[f"{run}_told_overruns"] == told[f"{run}_measured_overruns"] == overruns


def test_every_cycle_is_counted(told: dict[str, int]) -> None:
    assert (told["ordinary_cycles"], told["late_cycles"]) == (40, 80)
