"""The emulated board alone in qemu, its lines as sockets, for tests of the board and its port."""

import select
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "build" / "mps2_an500"
PORT = ROOT / "firmware" / "ports" / "mps2_an500"
LINES = ("link", "bus", "discrete", "console")
SEMIHOSTING = ("-semihosting-config", "enable=on,target=native")
# One instruction is 8 ns of the board's time: time does not depend on the host.
COUNTED = ("-icount", "shift=3")
PATIENCE_S = 60.0  # of the host; only a board that hangs needs it

CPU = ("-mthumb", "-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard")
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wno-infinite-recursion", "-Wno-implicit-fallthrough")


class Mps2:
    """A board that runs from entering the context to leaving it."""

    def __init__(self, image: Path, directory: Path, *options: str) -> None:
        self._directory = directory
        serials = [f"unix:{line},server=on,wait=on" for line in LINES]
        self._command = ["qemu-system-arm", "-M", "mps2-an500", "-display", "none", "-monitor", "none", *options]
        for serial in serials:
            self._command += ["-serial", serial]
        self._command += ["-kernel", str(image)]
        self._text = dict.fromkeys(LINES, b"")
        self._lines: dict[str, socket.socket] = {}

    def __enter__(self) -> "Mps2":
        self._process = subprocess.Popen(self._command, cwd=self._directory, stderr=subprocess.PIPE)
        for line in LINES:
            self._lines[line] = self._connect(self._directory / line)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stderr
        self._process.stderr.close()
        for line in self._lines.values():
            line.close()

    def _connect(self, path: Path) -> socket.socket:
        """qemu opens one socket after the other, each when the one before is connected."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            line = socket.socket(socket.AF_UNIX)
            try:
                line.connect(str(path))
                return line
            except (FileNotFoundError, ConnectionRefusedError):
                line.close()
                assert self._process.poll() is None, f"qemu ended: {self._last_words()}"
                assert time.monotonic() < deadline, f"qemu offers no line {path.name}"
                time.sleep(0.01)

    def _last_words(self) -> str:
        assert self._process.stderr
        return self._process.stderr.read().decode(errors="replace").strip()

    def write(self, line: str, octets: bytes) -> None:
        self._lines[line].sendall(octets)

    def read_until(self, line: str, end: bytes) -> bytes:
        """What the line carried since the last call, up to and with `end`."""
        deadline = time.monotonic() + PATIENCE_S
        while end not in self._text[line]:
            ready, _, _ = select.select(self._lines.values(), [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{line}: no {end!r} at the end of {self._text[line][-200:]!r}"
            for name, port in self._lines.items():
                if port in ready:
                    octets = port.recv(65536)
                    assert octets, f"qemu ended: {self._last_words()}"
                    self._text[name] += octets
        taken, _, self._text[line] = self._text[line].partition(end)
        return taken + end

    def heard(self, line: str) -> bytes:
        """What the line carried since the last `read_until`, as far as it is read."""
        return self._text[line]


def build_check(directory: Path, program: str = "board_check", core: tuple[str, ...] = ()) -> Path:
    """Link a check program with the board's own sources, what it wants of the core, and the bench image's loader."""
    hal = ROOT / "hal"
    sources = [Path(__file__).parent / "board_mps2" / f"{program}.c", *sorted((hal / "boards/mps2_an500").glob("*.c"))]
    sources += [hal / "core" / f"{name}.c" for name in core]
    includes = [f"-I{hal}", f"-I{hal / 'include'}", f"-I{ROOT / 'build' / 'gen' / 'c'}"]
    options = [*CPU, "-std=gnu11", "-O2", "-ffunction-sections", "-fdata-sections", *WARNINGS, *includes]
    objects = []
    for source in sources:
        # The linker's script tells objects apart by folder and name.
        objects.append(directory / source.parent.name / f"{source.stem}.o")
        objects[-1].parent.mkdir(exist_ok=True)
        subprocess.run(["arm-none-eabi-gcc", *options, "-c", "-o", objects[-1], source], check=True)
    objects.append(IMAGES / "bench" / "loader.o")
    image = directory / f"{program}.elf"
    link = ["-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", "-Wl,--no-warn-rwx-segments"]
    subprocess.run(
        ["arm-none-eabi-gcc", *CPU, *link, f"-L{PORT}", f"-T{PORT / 'image.ld'}", "-o", image, *objects],
        check=True,
    )
    return image
