"""The little of QMP (QEMU Machine Protocol) that a bench needs."""

import json
import socket
import time
from pathlib import Path
from typing import Any

from hil.errors import BenchError

CONNECT_TIMEOUT_S = 10.0


class Qmp:
    """A session with an emulator over its unix socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(CONNECT_TIMEOUT_S)
        until_s = time.monotonic() + CONNECT_TIMEOUT_S
        while True:
            try:
                self._socket.connect(str(path))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > until_s:
                    raise BenchError(f"qemu did not open its control socket {path}: see qemu.log beside it.") from None
                time.sleep(0.02)
        self._file = self._socket.makefile("rwb")
        self._file.readline()
        self.execute("qmp_capabilities")

    def execute(self, command: str) -> Any:
        """The return value of a command."""
        self._file.write(json.dumps({"execute": command}).encode() + b"\n")
        self._file.flush()
        while line := self._file.readline():
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise BenchError(f"qemu refused {command}: {answer['error']['desc']}.")
        raise BenchError(f"qemu ended at {command}: see qemu.log in the run directory.")

    def close(self) -> None:
        self._file.close()
        self._socket.close()
