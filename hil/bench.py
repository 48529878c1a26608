"""A bench: one board, its link, the simulated units around it, described by one TOML file.

    with Bench("emulated", Path("build/hil/my-run")) as bench:
        session = Session(load(), bench.link)
        bench.units.force("sar.trm_temperature_degc", 70)

The same scenario runs on every bench; only the description differs.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from emei.link import Link
from hil.errors import BenchError

BENCHES = Path(__file__).parent / "benches"
ROOT = Path(__file__).parent.parent


class Units(Protocol):
    """The simulated units. Names are "unit.quantity" (hal/sim/sim_faults.c)."""

    def force(self, name: str, value: float) -> None:
        """Hold a quantity at a value, or switch a fault on."""

    def release(self, name: str) -> None:
        """Let the model have its way again."""

    def observe(self, name: str) -> float:
        """The value a quantity has now."""

    def recorder_file(self, entry_id: int) -> bytes:
        """Science data of one entry as the recorder holds it; empty when there is none."""


@dataclass(frozen=True)
class Edge:
    """An edge of a discrete that the board drove: transmit-enable on or off, in seconds of the bench."""

    time_s: float
    name: str
    on: bool


@dataclass(frozen=True)
class Description:
    """One file of hil/benches. Bit rates in baud by line; unit settings as in sim.h; waits in ms by BENCH_WAIT."""

    name: str
    board: str
    image: Path
    spacecraft: str
    bit_rates_baud: Mapping[str, int]
    units: Mapping[str, int]
    shortened_waits: Mapping[str, int]

    @classmethod
    def read(cls, path: Path) -> "Description":
        content = tomllib.loads(path.read_text())
        return cls(
            name=content["name"],
            board=content["board"]["kind"],
            image=ROOT / content["board"]["image"],
            spacecraft=content["board"]["spacecraft"],
            bit_rates_baud=content["bit_rates_baud"],
            units=content["units"],
            shortened_waits=content.get("shortened_waits_ms", {}),
        )


class Board(Protocol):
    """What a board of hil/boards gives to the bench."""

    link: Link
    units: Units
    edges: list[Edge]

    def alarm(self, on: bool) -> None: ...

    def link_fault(self, direction: str, fault: str, **settings: float) -> None: ...

    def elapsed_s(self) -> float: ...

    def power_cycle(self, off_s: float) -> None: ...

    def stop(self) -> None: ...


class Bench:
    """A running bench. Everything it started is gone after `stop`, and when this process dies."""

    def __init__(self, bench: str, directory: Path, description: Path | None = None) -> None:
        self.description = Description.read(description or BENCHES / f"{bench}.toml")
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._board = start(self.description, directory)

    @property
    def name(self) -> str:
        """Name of the bench: "emulated", "host"."""
        return self.description.name

    @property
    def shortened_waits(self) -> Mapping[str, int]:
        """Waits of the flight software to shorten by SET_BENCH_WAIT: BENCH_WAIT member to ms."""
        return self.description.shortened_waits

    @property
    def link(self) -> Link:
        """The telecommand and telemetry link."""
        return self._board.link

    @property
    def units(self) -> Units:
        return self._board.units

    @property
    def edges(self) -> list[Edge]:
        """Edges of transmit-enable since the start."""
        return self._board.edges

    def alarm(self, on: bool) -> None:
        """Drive the hardware alarm."""
        self._board.alarm(on)

    def link_fault(self, direction: str, fault: str, **settings: float) -> None:
        """Put a fault of hil/line.py on the link: direction "to_board" or "from_board"; fault "none" clears all."""
        self._board.link_fault(direction, fault, **settings)

    def elapsed_s(self) -> float:
        """Seconds of the bench: PPS edges lie at whole ones. The same time as `link.now_s()`."""
        return self._board.elapsed_s()

    def power_cycle(self, off_s: float = 1.0) -> None:
        """Cut the payload computer's power and bring it back; its flash and the units live on."""
        self._board.power_cycle(off_s)

    def stop(self) -> None:
        self._board.stop()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(description: Description, directory: Path) -> Board:
    """Start the board a description names."""
    if description.board == "emulated":
        from hil.boards.emulated import EmulatedBoard  # noqa: PLC0415

        return EmulatedBoard(description, directory)
    if description.board == "host":
        from hil.boards.host import HostBoard  # noqa: PLC0415

        return HostBoard(description, directory)
    raise BenchError(f'Bench {description.name}: board kind "{description.board}" is not known; use emulated or host.')
