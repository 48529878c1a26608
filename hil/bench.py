"""A bench: one board, its link, the simulated units around it, described by one TOML file.

    with Bench("emulated", Path("build/hil/my-run")) as bench:
        session = Session(load(), bench.link)
        bench.units.force("sar.trm_temperature_degc", 70)

The same scenario runs on every bench; only the description differs.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from emei.dictionary import load
from emei.downlink import FrameReader, ReceivedEntry, entries_of
from emei.link import Link
from hil.boards.emulated import EmulatedBoard
from hil.boards.host import HostBoard
from hil.errors import BenchError
from hil.model import Board, Description, Edge, Units

BENCHES = Path(__file__).parent / "benches"
BOARDS: Mapping[str, Callable[[Description, Path], Board]] = {"host": HostBoard, "emulated": EmulatedBoard}


class Bench:
    """A running bench. Everything it started is gone after `stop`, and when this process dies."""

    def __init__(self, bench: str, directory: Path, description: Path | Description | None = None) -> None:
        path = description or BENCHES / f"{bench}.toml"
        self.description = path if isinstance(path, Description) else read_description(path)
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
    def edges(self) -> Sequence[Edge]:
        """Edges of transmit-enable since the start."""
        return self._board.edges

    def alarm(self, on: bool) -> None:
        """Drive the hardware alarm."""
        self._board.alarm(on)

    def memory_error(self, corrected: bool) -> None:
        """The payload computer's memory reports an error: one that it corrected, or one that it cannot.

        The bench's boards have no error-correcting memory; the report comes as an edge of the discretes.
        """
        self._board.memory_error(corrected)

    def save_recorder_file(self, entry_id: int, path: Path | None = None) -> Path:
        """Write the recorder's file of an entry: its raw source packets back to back, and nothing else.

        Returns the path, by default entry-NNNNN.ccsds in the bench's directory. BenchError when the recorder
        holds no octets of such an entry.
        """
        octets = self.units.recorder_file(entry_id)
        if not octets:
            raise BenchError(f"The recorder holds nothing of entry {entry_id}: see RECORDER_REPORT_CATALOGUE.")
        target = path or self.directory / f"entry-{entry_id:05d}.ccsds"
        target.write_bytes(octets)
        return target

    def receive_downlink(self) -> dict[int, ReceivedEntry]:
        """Entries out of what the downlink has sent since last asked, as a ground station puts them together."""
        dictionary = load()
        reader = FrameReader(dictionary, dictionary.spacecraft[self._board.description.spacecraft])
        return entries_of(reader.feed(self.units.downlink()))

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


def read_description(path: Path) -> Description:
    """BenchError when there is no such file."""
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in BENCHES.glob("*.toml")))
        raise BenchError(f"There is no bench description {path}; there are {known}.")
    return Description.read(path)


def start(description: Description, directory: Path) -> Board:
    """Start the board a description names."""
    if description.board not in BOARDS:
        known = " or ".join(BOARDS)
        raise BenchError(f'Bench {description.name}: board kind "{description.board}" is not known; use {known}.')
    return BOARDS[description.board](description, directory)
