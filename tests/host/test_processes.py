"""Processes of the bench: what runs in real time shares a processor and comes before everything else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hil import process

CAP_SYS_NICE = 23


def nicenesses(pid: int) -> set[int]:
    """Of the process, and of its session where the scheduler shares out by session."""
    group = Path(f"/proc/{pid}/autogroup")
    of_session = {int(group.read_text().split()[-1])} if group.exists() else set()
    return {os.getpriority(os.PRIO_PROCESS, pid)} | of_session


def test_the_urgent_processes_of_a_bench_share_one_processor(tmp_path: Path) -> None:
    started = [process.start(["sleep", "60"], tmp_path / "log", urgent=urgent) for urgent in (True, True, False)]
    try:
        one, other, not_urgent = (os.sched_getaffinity(each.pid) for each in started)
        assert one == other and len(one) == 1
        assert not_urgent == os.sched_getaffinity(0)
    finally:
        for each in started:
            process.stop(each)


def may_come_first() -> bool:
    """CAP_SYS_NICE, which root of a container need not have."""
    (capabilities,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff"))
    return bool(int(capabilities.split()[1], 16) >> CAP_SYS_NICE & 1)


@pytest.mark.parametrize("urgent", [True, False])
def test_only_an_urgent_process_comes_before_others(tmp_path: Path, urgent: bool) -> None:
    started = process.start(["sleep", "60"], tmp_path / "log", urgent=urgent)
    try:
        comes_first = nicenesses(started.pid) == {process.URGENT_NICENESS}
        assert comes_first == (urgent and may_come_first())
    finally:
        process.stop(started)
