"""The bench for pytest: fixtures `bench` and `session`, one bench a module, on each board asked for.

"fast" is the host board with a processor four times as fast, which is through with a cycle while an operation of the
flash that was begun in it still lasts.

pytest hil/scenarios --board emulated
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from emei.archive import Archive
from emei.dictionary import load
from emei.platform import Platform
from emei.session import Session
from hil.bench import BENCHES, Bench, read_description
from hil.model import ROOT, Description
from hil.run_directory import fresh_directory

BOARDS = ("host", "fast", "emulated")
_FLIGHT = BENCHES / "host.toml"  # its units warm up and settle as those of flight, and no wait is shortened
_FAST_VM_EVENT_US = 1  # the host board's own is 4
_FOREIGN = {"emulated": ("virtual_time",), "host": ("power_cut",), "fast": ("power_cut",)}
# A quarter of an hour and more each: begun first, so that none ends alone.
_LONGEST_IN_REAL_TIME = (
    "test_commissioning.py",
    "test_optical_decontamination.py",
    "test_optical_modes.py",
    "test_fault_levels.py",
    "test_take_end.py",
    "test_while_waiting.py",
)
GPS_EPOCH_S = 1_450_000_000  # GPS second of bench time 0; any whole second will do


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--board", choices=BOARDS, action="append", help="benches to run scenarios on (default: all)")
    parser.addoption(
        "--real-time", action="store_true", help="on the emulated board, also the scenarios that take long there"
    )
    parser.addoption("--bench", type=Path, help="one bench by its own description file, instead of --board")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "bench" in metafunc.fixturenames:
        description = metafunc.config.getoption("--bench")
        boards = [description] if description else metafunc.config.getoption("--board") or BOARDS
        metafunc.parametrize("bench", boards, indirect=True, scope="module", ids=str)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "virtual_time: takes too long in real time; on the emulated board with --real-time only"
    )
    config.addinivalue_line("markers", "waits_of_flight: warm-up and stabilisation last as in flight on every board")
    config.addinivalue_line("markers", "power_cut: the units outlive the payload computer; left out on the host board")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out on each board what is for the other only, and what takes too long there."""
    foreign: dict[str, tuple[str, ...]] = dict(_FOREIGN)
    if config.getoption("--real-time"):
        foreign["emulated"] = ()
        items.sort(key=lambda item: item.path.name not in _LONGEST_IN_REAL_TIME)
    left_out = [item for item in items if any(item.get_closest_marker(mark) for mark in foreign.get(_board(item), ()))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _board(item: pytest.Item) -> str:
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get("bench", "")) if callspec else ""


@pytest.fixture(scope="module")
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A running bench, started for this module and gone after it."""
    bench = Path(request.param).stem
    name = f"{request.module.__name__.rpartition('.')[2]}-{bench}"
    if isinstance(request.param, Path):
        description = read_description(request.param)
    else:
        description = _description(bench, request.node.get_closest_marker("waits_of_flight") is not None)
    with Bench(bench, fresh_directory(ROOT / "build" / "hil" / name), description) as running:
        yield running


def _description(board: str, has_waits_of_flight: bool) -> Description:
    """Of one of BOARDS."""
    flight = read_description(_FLIGHT)
    if board == "fast":
        return replace(flight, name=board, units={**flight.units, "vm_event_us": _FAST_VM_EVENT_US})
    description = read_description(BENCHES / f"{board}.toml")
    return replace(description, units=flight.units, shortened_waits={}) if has_waits_of_flight else description


@pytest.fixture(scope="module")
def session(bench: Bench) -> Iterator[Session]:
    """A session with the board of the bench, its packets archived in the run directory."""
    dictionary = load()
    spacecraft = dictionary.spacecraft[bench.description.spacecraft]
    with Archive(bench.directory, spacecraft.id, dictionary.hash) as archive:
        yield Session(dictionary, bench.link, archive, spacecraft.name)


@pytest.fixture(scope="module")
def platform(session: Session) -> Iterator[Platform]:
    """The on-board computer's time and ancillary data, once a second."""
    platform = Platform(session, GPS_EPOCH_S)
    yield platform
    platform.stop()
