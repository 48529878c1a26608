"""How a subcommand gets a session: the port opened, and on a bench the on-board computer's part played too."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar, cast

import click

from emei.cli.common import assignments
from emei.dictionary import Dictionary, Spacecraft
from emei.dictionary.errors import instead_of
from emei.link import SerialLink
from emei.packets import pack_telecommand
from emei.packets.headers import SEQUENCE_COUNTS
from emei.planning.time_scales import gps_seconds
from emei.platform import Platform, quiet_sky
from emei.session import Session

F = TypeVar("F", bound=Callable[..., Any])

_TIME_KNOWN_S = 10.0
_RELATIVE = re.compile(r"\+\d{1,5}(\.\d+)?")


@dataclass(frozen=True)
class Obc:
    """The part of the on-board computer: ancillary data of a quiet sky, but for what is given here."""

    ancillary: Mapping[str, str]


def obc_option(function: F) -> F:
    """Options --obc and --ancillary; the command gets them as one argument, `obc`, None where nobody is to play it."""

    @wraps(function)
    def command(*arguments: Any, obc: bool, ancillary: dict[str, str], **options: Any) -> Any:
        if ancillary and not obc:
            raise click.UsageError("--ancillary is what --obc sends: give --obc too.")
        return function(*arguments, obc=Obc(ancillary) if obc else None, **options)

    click.option(
        "--ancillary",
        multiple=True,
        metavar="KEY=VALUE",
        callback=assignments,
        help="With --obc: what differs from a quiet sky, for example eclipse=ON.",
    )(command)
    return cast(
        F,
        click.option(
            "--obc",
            is_flag=True,
            help="On a bench: play the on-board computer, which tells the time and sends ancillary data at 1 Hz.",
        )(command),
    )


def spacecraft_of(dictionary: Dictionary, name: str) -> Spacecraft:
    """UsageError, with the nearest name, when there is none of it."""
    known = dictionary.spacecraft.get(name)
    if known is None:
        raise click.UsageError(f"There is no spacecraft {name}{instead_of(name, dictionary.spacecraft)}")
    return known


@contextmanager
def open_session(
    dictionary: Dictionary, port: str, spacecraft: str, first_count: int = 0, obc: Obc | None = None
) -> Iterator[Session]:
    """A session over a serial port, closed at the end. UsageError, PortError; NotSeen where the time is not taken.

    With `obc`, link time is the host's monotonic clock, at whose whole seconds a bench of this project
    gives its PPS edges, and on-board time becomes the host's GPS time to the second.
    """
    known = spacecraft_of(dictionary, spacecraft)
    if obc:
        # Refused here, before the port is touched.
        pack_telecommand(dictionary, "ANCILLARY_DATA", {**quiet_sky(0), **obc.ancillary}, sequence_count=0)
    link = SerialLink(port, dictionary.mission.integer("link", "bit_rate_baud"), known.id, 0.0 if obc else None)
    try:
        session = Session(dictionary, link, spacecraft=spacecraft, first_count=first_count)
        if obc:
            _play(session, obc)
        yield session
    finally:
        link.close()


def _play(session: Session, obc: Obc) -> None:
    epoch_s = round(_gps_now_s() - time.monotonic())
    Platform(session, epoch_s, lambda gps_s: {**quiet_sky(gps_s), **obc.ancillary})
    session.wait_for(
        lambda: session.value("TIME_QUALITY") == "DISCIPLINED", _TIME_KNOWN_S, "A disciplined on-board time"
    )


def clock_count() -> int:
    """A sequence count for a process that remembers none: no two the same within 27 minutes."""
    return time.time_ns() // 100_000_000 % SEQUENCE_COUNTS


def from_now(dictionary: Dictionary, name: str, arguments: Mapping[str, str]) -> dict[str, str]:
    """Arguments of a telecommand in which times like +6 have become GPS seconds, counted from now."""
    times = [item.name for item in dictionary.telecommand(name).arguments if item.type.name == "cuc"]
    return {
        key: f"{_gps_now_s() + float(value):.6f}" if key in times and _RELATIVE.fullmatch(value) else value
        for key, value in arguments.items()
    }


def _gps_now_s() -> float:
    return gps_seconds(datetime.now(UTC))
