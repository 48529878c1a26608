"""What benches, boards and units look like to each other."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from emei.link import Link

ROOT = Path(__file__).parent.parent


class Units(Protocol):
    """The simulated units. Names are "unit.quantity" (hal/sim/faults.c)."""

    def force(self, name: str, value: float) -> None:
        """Hold a quantity at a value, or switch a fault on."""

    def release(self, name: str) -> None:
        """Let the model have its way again."""

    def observe(self, name: str) -> float:
        """The value a quantity has now."""

    def recorder_file(self, entry_id: int) -> bytes:
        """Science data of one entry as the recorder holds it; empty when there is none."""

    def downlink(self) -> bytes:
        """Octets that the downlink transmitter has sent since last asked (emei.downlink reads them)."""


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

    description: Description

    @property
    def link(self) -> Link: ...

    @property
    def units(self) -> Units: ...

    @property
    def edges(self) -> Sequence[Edge]: ...

    def alarm(self, on: bool) -> None: ...

    def memory_error(self, corrected: bool) -> None: ...

    def link_fault(self, direction: str, fault: str, **settings: float) -> None: ...

    def elapsed_s(self) -> float: ...

    def power_cycle(self, off_s: float) -> None: ...

    def stop(self) -> None: ...
