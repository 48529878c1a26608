"""Processes of the bench: each a group of its own that ends with the bench, however the bench ends."""

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
URGENT_NICENESS = -15
# A process with a session of its own is a group of its own to the scheduler, and only the group's niceness counts
# between sessions (sched(7), "The autogroup feature").
AUTOGROUP = "/proc/self/autogroup"
_LIBC = ctypes.CDLL(None, use_errno=True)


def start(
    arguments: Sequence[str | Path],
    log: Path,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    conversation: bool = False,
    urgent: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a process whose errors (and output, unless it is a `conversation` over pipes) go to `log`.

    `urgent`: it runs in real time. It shares one processor with the other urgent processes of its bench, so that what
    holds one of them up holds up all and no time-out passes meanwhile, and comes before other processes where this
    user may say so.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if urgent:
            _share_processor(parent)
            _come_first()
        if os.getppid() != parent:
            os._exit(1)

    with log.open("ab") as file:
        return subprocess.Popen(
            [str(argument) for argument in arguments],
            cwd=directory,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE if conversation else subprocess.DEVNULL,
            stdout=subprocess.PIPE if conversation else file,
            stderr=file,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - only system calls, which need no lock
            pass_fds=pass_fds,
        )


def _share_processor(bench: int) -> None:
    """Tests in parallel take the processors in turn: by their process IDs all benches might come to one."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    number = int(worker) if worker.isdecimal() else bench
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {allowed[number % len(allowed)]})


def _come_first() -> None:
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, URGENT_NICENESS)
        # A kernel without such groups; and an unprivileged user may ask ten times a second only.
        with contextlib.suppress(FileNotFoundError, BlockingIOError):
            group = os.open(AUTOGROUP, os.O_WRONLY)
            os.write(group, str(URGENT_NICENESS).encode())
            os.close(group)


def stop(process: subprocess.Popen[bytes], grace_s: float = 2.0) -> None:
    """Ask the process to end, then end its whole group."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        _close(pipe)


def _close(pipe: IO[bytes] | None) -> None:
    if pipe:
        with contextlib.suppress(BrokenPipeError):
            pipe.close()
